// The page of one run, from its verdict down to its samples.

const section = (title, ...inside) => element('section', {}, element('h2', {}, title), ...inside);

const drawings = [];
/** A plot that is drawn again when its box has another width. */
function drawing(id, caption, draw) {
  const box = element('div', {class: 'plot', id});
  drawings.push({box, draw, width: 0});
  return element('figure', {}, caption && element('figcaption', {}, caption), box, element('p', {class: 'readout', 'aria-hidden': 'true'}));
}
function redraw(width) {
  for (const each of drawings) {
    const now = Math.max(240, Math.floor(width ?? each.box.clientWidth));
    if (now === each.width) continue;
    each.width = now;
    each.box.replaceChildren(each.draw(now));
  }
}

const atSecond = report => report.longest_gap_ms === 0 ? '' : report.longest_gap_at_s === 0 ? ', from the start' : `, ${span(report.longest_gap_at_s)} after the start`;

function headline(report) {
  const failed = failedIn(report), swaps = report.swaps.length;
  const over = swaps ? ` over ${counted(swaps, restart(report))}` : '';
  if (report.requests === 0) return 'No request was sent';
  return failed === 0 ? `${counted(report.requests, 'request')}, none failed${over}`
                      : `${count(failed)} of ${counted(report.requests, 'request')} failed${over}`;
}

function swapWords(report) {
  const failed = failedSwaps(report).length, all = report.swaps.length;
  if (all === 0) return 'Nothing was swapped.';
  if (failed === 0) return all === 1 ? `The one ${restart(report)} was done.` : `All ${counted(all, restart(report))} were done.`;
  return `${count(failed)} of ${counted(all, restart(report))} failed.`;
}

function summary(report) {
  const verdicts = {kept: ['kept', '✓ All bounds were kept'], broken: ['broken', '✗ Bounds were broken: ' + report.bounds.filter(bound => !bound.kept)
    .map(bound => `${bound.name} ${bounded(bound, bound.limit, plain)}, was ${bounded(bound, bound.value)}`).concat(report.rate_missed ? ['the rate was not reached'] : []).join('; ')], none: ['', 'No bounds were set']};
  const [look, words] = verdicts[report.verdict] ?? verdicts.none;
  const gap = report.longest_gap_ms > 0 ? `The longest time without an answer was ${time(report.longest_gap_ms)}${atSecond(report)}. ` : '';
  const {around_swaps_ms: near, steady_ms: steady} = report;
  const slower = near?.count && steady?.count ? `${around(report).replace('a', 'A')} 99 of 100 answers took at most ${time(near.p99)}, otherwise ${time(steady.p99)}. ` : '';
  return [
    element('p', {class: 'over'}, 'berth load · ' + report.targets.join(', ')),
    element('h1', {}, headline(report)),
    element('p', {class: 'lead', id: 'verdict'}, gap + swapWords(report) + ' ' + slower),
    element('p', {class: 'verdict ' + look}, words),
    report.late.share >= 0.01 ? element('p', {class: 'note', id: 'late'}, `The generator was late for ${plain(100 * report.late.share)} % of requests, at worst by ${time(report.late.worst_ms)}: ` +
      'latencies have that in them, and may say more of this machine than of the server.') : null,
    report.unsent ? element('p', {class: 'note', id: 'unsent'}, (report.rate_missed ? 'The rate was not reached: ' : '') + `${count(report.unsent)} of ${counted(report.requests + report.unsent, 'request')} ` +
      'that were due were never sent, for no connection was free.') : null,
    report.ended_by === 'interrupt' ? element('p', {class: 'note'}, `Interrupted after ${span(report.duration_s)}: this is the report so far.`) : null,
    element('dl', {class: 'tiles'}, tiles(report).map(([name, value, under]) => element('div', {}, element('dt', {}, name), element('dd', value.length > 9 ? {class: 'long'} : {}, value), element('dd', {}, under)))),
  ];
}

const tiles = report => [
  ['requests', count(report.requests), `${plain(pace(report))} answers/s`],
  ['failed', count(failedIn(report)), report.requests ? share(failedIn(report), report.requests) + ' of requests' : 'of none'],
  ['longest gap', report.longest_gap_ms > 0 ? time(report.longest_gap_ms) : '–', 'without an answer'],
  [restart(report) + 's', count(report.swaps.length), report.swaps.length ? (failedSwaps(report).length ? count(failedSwaps(report).length) + ' failed' : 'none failed') : 'none'],
  ['p50', report.latency_ms.count ? time(report.latency_ms.p50) : '–', 'half were quicker'],
  ['p99', report.latency_ms.count ? time(report.latency_ms.p99) : '–', 'max ' + (report.latency_ms.count ? time(report.latency_ms.max) : '–')],
];

function markSample(ok) {
  const box = {id: 'mark-' + ok, svg: drawn('g', {}, drawn('defs'))};
  box.svg.append(drawn('rect', {class: ok ? 'swap-band' : 'swap-band failed', x: 8, width: 10, height: 12}));
  if (!ok) box.svg.append(drawn('rect', {fill: hatching(box, 'failed', 'hatch', 5), x: 8, width: 10, height: 12}));
  box.svg.append(drawn('rect', {class: ok ? 'swap-sample' : 'swap-sample failed', x: 8, width: 10, height: 4}));
  if (!ok) box.svg.append(drawn('path', {class: 'cross', d: 'M10,5.5l6,6m0,-6l-6,6'}));
  return box.svg;
}
const latencyLegend = reports => legend([['c-p50', 'p50'], ['c-p99', 'p99'], ['c-max', 'max'],
  ...(reports.some(report => report.swaps.length) ? [[markSample(true), 'a swap, from begin to end']] : []),
  ...(reports.some(report => failedSwaps(report).length) ? [[markSample(false), 'a failed swap']] : [])]);

function latencies(report) {
  const range = latencyRange(report);
  if (!range) return section('Latency over time', element('p', {class: 'calm nothing'}, 'Nothing was answered, so there are no latencies.'));
  const [low, high] = roomFor(...range);
  const draw = width => latencyPlot(report, {end: endOf(report), low, high}, width);
  return section('Latency over time', latencyLegend([report]),
    drawing('latency', (report.mode === 'open' ? 'From the moment a request was due to the end of its answer, ' : 'From sending a request to the end of its answer, ') +
      'for each second; where seconds are drawn together, the worst of them. The scale is logarithmic.', draw));
}

function distribution(report) {
  if (!report.histogram.length) return null;
  const swaps = report.around_swaps_ms?.count > 0;
  const rows = [{name: 'all', look: 'c-all', points: shareSteps(report.histogram)},
    ...(swaps ? [{name: 'steady', look: 'c-steady', points: sharePoints(report.steady_ms), dots: true},
                 {name: 'at swaps', look: 'c-around', points: sharePoints(report.around_swaps_ms), dots: true}] : [])];
  return section('Distribution of latency', swaps ? legend([['c-all', 'all'], ['c-steady', 'steady'], ['c-around', around(report)]]) : null,
    drawing('distribution', 'How quick the given share of answers was: to the right the ever rarer slow ones. Both scales are logarithmic.',
      width => sharePlot(rows, width, rows.map(row => `${row.name}: ` + (row.dots ? row.points : sharePoints(report.latency_ms)).map(([, ms]) => time(ms)).join(', ')).join('; ') + ' at 50 %, 90 %, 99 %, 99.9 % and the slowest.')),
    latencyTable(report), swaps ? swapCost(report) : null);
}

const swapCost = report => element('p', {class: 'quiet'}, 'Around swaps beside steady: ' + ['p50', 'p99', 'p99.9', 'max']
  .map(name => `${name} ${ratio(report.around_swaps_ms[name], report.steady_ms?.[name])}`).join(', ') + '.');

function failures(report) {
  if (failedIn(report) === 0) {
    return section('Failures', element('p', {class: report.requests ? 'calm' : 'calm nothing', id: 'no-failures'}, report.requests === 0 ? 'No failures: nothing was sent.' :
      'No failures. Every answer was complete and right: none was refused, reset, late beyond the timeout, truncated, wrong, doubled or malformed.'));
  }
  const samples = report.failure_samples;
  return section('Failures', failureLegend(report), drawing('failures', 'Failures of each second by their kind, and the swaps.', width => failurePlot(report, width)), failureTable(report),
    samples.length ? [element('h3', {}, 'The first of them'), element('ol', {class: 'samples'}, samples.map(sample => element('li', {}, element('code', {}, sample))))] : null);
}

function swaps(report) {
  if (!report.swaps.length) return null;
  const failed = failedSwaps(report), all = report.swaps.length;
  const took = report.swaps.map(swap => swap.end_s - swap.begin_s).sort((a, b) => a - b);
  return section('Swaps',
    element('p', {}, swapWords(report) + ` The median took ${time(1000 * took[Math.floor((all - 1) / 2)])}, the longest ${time(1000 * took.at(-1))}.`),
    failed.slice(0, 10).map(swap => element('p', {class: 'bad'}, `✗ ${swapText(swap)}`)),
    failed.length > 10 ? element('p', {class: 'quiet'}, `and ${count(failed.length - 10)} more failed ones in the table`) : null,
    element('details', {...(all <= 12 ? {open: ''} : {}), ...(all <= 200 ? {class: 'printed'} : {})},
      element('summary', {}, `Each swap, its phases and what its users saw (${counted(all, 'row')}, times in ms)`), swapTable(report)));
}

function single(report) {
  document.title = headline(report) + ' · berth load';
  return [
    ...summary(report),
    latencies(report), distribution(report), failures(report), swaps(report),
    report.kinds.length ? section('Kinds of request', kindTable(report)) : null,
    report.bounds.length ? section('Bounds', boundTable(report)) : null,
    element('div', {class: 'beside'}, section('Totals', totals(report)), section('The run', run(report)), probe(report), events(report), sockets(report)),
    section('Command', element('pre', {id: 'command'}, typed(report.command))),
    element('footer', {}, `berth ${report.version}, ${report.started}. This page is one file and asks no network; its figures are the JSON at its end (${report.schema}).`),
  ];
}
