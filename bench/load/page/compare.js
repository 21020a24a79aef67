// Runs side by side: the first is what the others are measured by.

const kCompared = [
  ['requests', report => report.requests, count], ['answers a second', pace, figure], ['failed', failedIn, count],
  ['longest gap', report => report.longest_gap_ms, time],
  ['swaps', report => report.swaps.length, count], ['failed swaps', report => failedSwaps(report).length, count],
  ['a swap took, mean', report => report.swaps.length ? 1000 * sum(report.swaps.map(swap => swap.end_s - swap.begin_s)) / report.swaps.length : null, time],
  ...[['latency_ms', ''], ['steady_ms', ', steady'], ['around_swaps_ms', ', around swaps']].flatMap(([key, where]) =>
    ['p50', 'p90', 'p99', 'p99.9', 'max'].map(name => [name + where, report => report[key]?.count ? report[key][name] : null, time])),
  ['keep-alive connections closed by the server', report => report.keepalive_closed, count],
  ['connections opened', report => report.connections_opened, count],
  ['duration', report => 1000 * report.duration_s, time],
];

function compareTable(reports, names) {
  const kinds = kindsOf({failures: Object.assign({}, ...reports.map(report => report.failures))})
    .filter(kind => reports.some(report => report.failures[kind] > 0)).map(kind => ['failed: ' + kind, report => report.failures[kind] ?? 0, count]);
  const at = kCompared.findIndex(([name]) => name === 'failed') + 1;
  const rows = [...kCompared.slice(0, at), ...kinds, ...kCompared.slice(at)].filter(([, of]) => reports.some(report => of(report) !== null));
  return table('The runs side by side', [
    {head: '', of: ([name]) => name},
    ...names.map((name, i) => ({head: name, n: true, of: ([, of, text]) => of(reports[i]) === null ? '–' : text(of(reports[i]))})),
    ...names.slice(1).map((name, i) => ({head: names.length === 2 ? 'ratio' : name + ' : ' + names[0], n: true, of: ([, of]) => ratio(of(reports[i + 1]), of(reports[0]))})),
  ], rows, {id: 'compared'});
}

function compare({compare: reports, names}) {
  document.title = names.join(' and ') + ' · berth load';
  const ranges = reports.map(latencyRange).filter(Boolean);
  const [low, high] = ranges.length ? roomFor(Math.min(...ranges.map(([first]) => first)), Math.max(...ranges.map(([, last]) => last))) : [1, 10];
  const end = Math.max(...reports.map(endOf));
  const shares = reports.map((report, i) => ({name: names[i].length > 9 ? 'run ' + (i + 1) : names[i], look: 'c-run' + i % 5, points: shareSteps(report.histogram)}));
  return [
    element('p', {class: 'over'}, 'berth load · runs compared'),
    element('h1', {}, names.join(' and ')),
    element('div', {id: 'verdict'}, reports.map((report, i) => element('p', {class: 'lead'}, element('strong', {}, names[i] + ': '), headline(report) + '. ' +
      (report.longest_gap_ms > 0 ? `Longest gap ${time(report.longest_gap_ms)}. ` : '') + swapWords(report)))),
    section('The numbers', element('p', {class: 'quiet'}, `Ratios are to ${names[0]}.`), compareTable(reports, names)),
    ranges.length ? section('Latency over time', element('p', {class: 'quiet'}, 'Each second of each run; all on the same scales, of which that of latency is logarithmic.'), latencyLegend(reports),
      reports.map((report, i) => [element('h3', {}, names[i]), drawing('latency-' + i, null,
        width => latencyPlot(report, {end, low, high}, width, 'Latency over time: ' + names[i]))])) : null,
    ranges.length ? section('Distribution of latency', legend(names.map((name, i) => ['c-run' + i % 5, shares[i].name === name ? name : `${shares[i].name}: ${name}`])),
      drawing('distribution', 'How quick the given share of answers was: to the right the ever rarer slow ones. Both scales are logarithmic.',
        width => sharePlot(shares, width, names.map((name, i) => `${name}: p99 ${time(reports[i].latency_ms.p99)}, max ${time(reports[i].latency_ms.max)}`).join('; ')))) : null,
    reports.map((report, i) => failedIn(report) ? section('Failures: ' + names[i], failureLegend(report), drawing('failures-' + i, null, width => failurePlot(report, width))) : null),
    section('Commands', reports.map((report, i) => [element('h3', {}, names[i]), element('pre', {}, typed(report.command))])),
    element('footer', {}, 'This page is one file and asks no network; its figures are the JSON at its end.'),
  ];
}
