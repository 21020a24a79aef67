// Numbers in words, and elements. All text goes in as text: nothing of a report is ever read as markup.

/** element('p', {class: 'x'}, 'text', another): null and undefined children are left out. */
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}
function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}
function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) node.setAttribute(key, value);
  }
  node.append(...children.flat(3).filter(child => child !== null && child !== undefined && child !== ''));
  return node;
}

const grouped = digits => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** 12345 is "12,345". */
const count = value => grouped(String(Math.round(value)));
/** The same for an axis, which is short of room: 20,000 is "20 k". */
const short = value => value >= 1e6 ? plain(value / 1e6) + ' M' : value >= 1e4 ? plain(value / 1e3) + ' k' : count(value);
/** "1 swap", "2 swaps". */
const counted = (value, one, many = one + 's') => count(value) + ' ' + (value === 1 ? one : many);

/** Three significant digits, and no exponent: 0.00123, 1.23, 12,300. */
function figure(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.min(6, Math.max(0, 2 - size));
  const [whole, rest] = value.toFixed(digits).split('.');
  return grouped(whole) + (rest ? '.' + rest : '');
}

/** The same without zeros at its end: for what somebody chose, and for axes. */
const plain = value => figure(value).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');

/** A time given in milliseconds, in the unit that reads well. */
function time(ms, digits = figure) {
  if (ms === null || ms === undefined) return '–';
  if (ms === 0) return '0 ms';
  if (ms < 0.1) return digits(ms * 1000) + ' µs';
  if (ms < 1000) return digits(ms) + ' ms';
  return span(ms / 1000, digits);
}
/** A time given in seconds. */
function span(seconds, digits = figure) {
  if (seconds < 120) return digits(seconds) + ' s';
  const minutes = Math.floor(seconds / 60), left = Math.round(seconds - minutes * 60);
  if (left === 60) return span((minutes + 1) * 60);
  if (minutes < 120) return minutes + ' min' + (left ? ' ' + left + ' s' : '');
  return Math.floor(minutes / 60) + ' h' + (minutes % 60 ? ' ' + minutes % 60 + ' min' : '');
}

function bytes(value) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; ++unit; }
  return (unit ? figure(value) : count(value)) + ' ' + units[unit];
}

const share = (part, whole) => whole ? plain(100 * part / whole) + ' %' : '–';

/** B beside A: "1.20 ×"; "–" where there is nothing to divide by. */
const ratio = (b, a) => a && b !== null && b !== undefined ? (b < 10 * a ? (b / a).toFixed(2) : figure(b / a)) + ' ×' : '–';

/** A command as it would be typed. */
const typed = words => words.map(word => /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'").join(' ');

const sum = numbers => numbers.reduce((all, one) => all + one, 0);

const kFailures = {
  'refused': 'the connection was refused',
  'reset': 'the connection ended before the answer began',
  'timeout': 'no complete answer in time',
  '4xx': 'answered with an unexpected 4xx status',
  '5xx': 'answered with an unexpected 5xx status',
  'truncated': 'the answer ended in its middle',
  'wrong_body': 'complete, and not the body that was expected',
  'duplicate': 'one request was delivered twice',
  'malformed': 'what came is not HTTP',
  'local': 'this machine could not open a connection: says nothing of the server',
  '1xx': 'answered with 101, which ends HTTP on the connection',
  '2xx': 'answered with an unexpected 2xx status',
  '3xx': 'answered with an unexpected 3xx status',
  'other_status': 'answered with a status that HTTP does not know',
};
const failedIn = report => sum(Object.values(report.failures));
/** Every kind: those that are known in their order, then any other that the report has. */
const kindsOf = report => [...new Set([...Object.keys(kFailures), ...Object.keys(report.failures)])];
const failedSwaps = report => report.swaps.filter(swap => !swap.ok);
/** What was done to the server, in a word. */
const restart = report => report.swaps.every(swap => swap.kind === 'command') ? 'command' : 'swap';
/** What latencies are called that were near a restart. */
const around = report => restart(report) === 'command' && report.swaps.length ? 'around runs' : 'around swaps';
/** Answers a second. */
const pace = report => report.duration_s > 0 ? report.answered / report.duration_s : 0;
