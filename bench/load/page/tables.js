// The tables. A column is {head, of: row => text or node, n: a number's column, wide: running text}.

/** A table in a box of its own that scrolls; the first column names the row. */
function table(label, columns, rows, {id, bad = () => false, many = false} = {}) {
  const look = column => column.n ? 'n' : column.wide ? 'wide' : undefined;
  const cell = (column, row, first) => {
    const text = column.of(row);
    const classes = [look(column), column.n && text === '0' ? 'zero' : null].filter(Boolean).join(' ') || undefined;
    return first ? element('th', {scope: 'row', class: classes}, text) : element('td', {class: classes}, text);
  };
  return element('div', {class: 'scroll', role: 'region', tabindex: '0', 'aria-label': label}, element('table', {id, class: many ? 'many' : undefined},
    element('thead', {}, element('tr', {}, columns.map(column => element('th', {scope: 'col', class: look(column)}, column.head)))),
    element('tbody', {}, rows.map(row => element('tr', {class: bad(row) ? 'bad' : undefined}, columns.map((column, i) => cell(column, row, i === 0)))))));
}

/** Rows of [name, value] without a head; those whose value is null are left out. */
function facts(label, rows, id) {
  return element('div', {class: 'scroll', role: 'region', tabindex: '0', 'aria-label': label}, element('table', {id, class: 'facts'}, element('tbody', {},
    rows.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => element('tr', {}, element('th', {scope: 'row'}, name), element('td', {}, value))))));
}

const kPercentiles = ['min', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'max'];
const latencyColumns = of => kPercentiles.map(name => ({head: name, n: true, of: row => of(row)?.count ? figure(of(row)[name]) : '–'}));

const kEnds = {duration: 'its duration was over', requests: 'its requests were sent', swaps: 'its swaps were done', interrupt: 'it was interrupted'};

const totals = report => facts('Totals', [
  ['requests', count(report.requests)],
  ['answered, complete and right', `${count(report.answered)} (${share(report.answered, report.requests)})`],
  ['failed', `${count(failedIn(report))} (${share(failedIn(report), report.requests)})`],
  ['answers a second', figure(pace(report))],
  ['due and never sent', report.mode === 'open' ? count(report.unsent) : null],
  ['given up by hand', report.given_up ? count(report.given_up) : null],
  ['longest gap', report.longest_gap_ms > 0 ? time(report.longest_gap_ms) + atSecond(report) : '–'],
  ['keep-alive connections closed by the server', count(report.keepalive_closed)],
  ['connections opened', count(report.connections_opened)],
  ['received, sent', bytes(report.bytes_in) + ', ' + bytes(report.bytes_out)],
], 'totals');

const run = report => facts('The run', [
  ['started', report.started],
  ['duration', `${span(report.duration_s)}, until ${kEnds[report.ended_by] ?? report.ended_by}`],
  ['load', report.mode === 'open' ? `open loop, ${plain(report.rate)} requests a second` : 'closed loop: the next request when the last is answered'],
  ['connections', count(report.connections)],
  ['the generator was late', report.mode === 'open' || report.late.requests ? `for ${counted(report.late.requests, 'request')} (${plain(100 * report.late.share)} %), at worst by ${time(report.late.worst_ms)}` : null],
  [report.targets.length === 1 ? 'target' : 'targets', report.targets.map(target => element('div', {}, element('code', {}, target)))],
  ['berth', report.version],
], 'run');

const failureTable = report => table('Failures by kind', [
  {head: 'kind', of: kind => [sampled(kindSample(kind, report)), kind]}, {head: 'failures', n: true, of: kind => count(report.failures[kind] ?? 0)},
  {head: 'of requests', n: true, of: kind => report.failures[kind] ? share(report.failures[kind], report.requests) : '0'},
  {head: 'what happened', wide: true, of: kind => kFailures[kind] ?? ''},
], kindsOf(report), {id: 'failures-by-kind'});

const latencyTable = report => table('Latencies in milliseconds', [
  {head: 'ms', of: row => row.name}, {head: 'answers', n: true, of: row => count(row.latency?.count ?? 0)}, ...latencyColumns(row => row.latency),
], [{name: 'all', latency: report.latency_ms}, {name: 'steady', latency: report.steady_ms}, {name: around(report), latency: report.around_swaps_ms}]
  .filter(row => row.latency), {id: 'latencies'});

const kindTable = report => table('Kinds of request', [
  {head: 'kind (ms)', of: row => row.kind}, {head: 'requests', n: true, of: row => count(row.requests)},
  {head: 'failed', n: true, of: row => count(row.failed)}, ...latencyColumns(row => row.latency_ms),
], report.kinds, {id: 'kinds', bad: row => row.failed > 0});

function swapTable(report) {
  const phases = [...new Set(report.swaps.flatMap(swap => Object.keys(swap.phases_ms ?? {})))];
  const told = report.swaps.some(swap => swap.message);
  const latency = name => ({head: name, n: true, of: swap => swap.latency_ms?.count ? figure(swap.latency_ms[name]) : '–'});
  return table('Swaps, times in milliseconds', [
    {head: '#', of: swap => count(swap.number)}, {head: 'at s', n: true, of: swap => figure(swap.begin_s)},
    {head: 'took', n: true, of: swap => figure((swap.end_s - swap.begin_s) * 1000)},
    {head: 'outcome', of: swap => (swap.ok ? 'done' : 'failed')},
    ...phases.map(phase => ({head: phase, n: true, of: swap => figure(swap.phases_ms?.[phase])})),
    {head: 'requests', n: true, of: swap => count(swap.requests)}, {head: 'failed', n: true, of: swap => count(swap.failed)},
    {head: 'gap', n: true, of: swap => figure(swap.longest_gap_ms)}, ...['p50', 'p99', 'p99.9', 'max'].map(latency),
    ...(told ? [{head: 'message', wide: true, of: swap => swap.message}] : []),
  ], report.swaps, {id: 'swap-table', bad: swap => !swap.ok || swap.failed > 0, many: true});
}

const probe = report => report.probe && section('Bare connects', facts('Bare connects', [
  ['connected', count(report.probe.connected)], ['refused', count(report.probe.refused)], ['failed', count(report.probe.failed)],
  ['p50, p99, max', report.probe.latency_ms.count ? ['p50', 'p99', 'max'].map(name => time(report.probe.latency_ms[name])).join(', ') : '–'],
], 'probe'));

const events = report => report.events && section('Event streams', facts('Event streams', [
  ['streams', count(report.events.streams)], ['events received', count(report.events.received)], ['gaps in their ids', count(report.events.gaps)],
  ['repeated ids', count(report.events.repeats)], ['reconnects', count(report.events.reconnects)],
], 'events'));

const sockets = report => report.websockets && section('WebSockets', facts('WebSockets', [
  ['connections', count(report.websockets.connections)], ['messages sent', count(report.websockets.sent)], ['echoed', count(report.websockets.echoed)],
  ['echoed wrong', count(report.websockets.wrong)], ['unanswered at an end', count(report.websockets.unanswered)], ['reconnects', count(report.websockets.reconnects)],
  ...Object.entries(report.websockets.closes).map(([code, n]) => ['closed with ' + code, count(n)]),
], 'websockets'));

/** Bounds are in ms, but for those that count. */
const bounded = (bound, value, digits = figure) => value === null ? 'over 1 % not answered' : /failed/.test(bound.name) ? count(value) : time(value, digits);
const boundTable = report => table('Bounds', [
  {head: 'bound', of: bound => bound.name}, {head: 'at most', n: true, of: bound => bounded(bound, bound.limit, plain)},
  {head: 'was', n: true, of: bound => bounded(bound, bound.value)}, {head: '', of: bound => bound.kept ? '✓ kept' : '✗ broken'},
], report.bounds, {id: 'bounds', bad: bound => !bound.kept});
