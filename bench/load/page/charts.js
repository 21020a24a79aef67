// The three plots. Each takes the width that it may have and returns an svg.

/** What the latency plot must have room for, or null without an answer. */
function latencyRange(report) {
  let low = Infinity, high = 0;
  for (const second of report.seconds) {
    if (second.max <= 0) continue;
    low = Math.min(low, second.p50 > 0 ? second.p50 : second.max);
    high = Math.max(high, second.max);
  }
  if (high === 0) return null;
  const limit = latencyLimit(report);
  if (limit && limit.limit < high * 10) high = Math.max(high, limit.limit);
  return [low, high];
}
const latencyLimit = report => report.bounds.find(bound => bound.name === 'max-p99' && bound.limit > 0);

const kLines = ['max', 'p99', 'p50'];

/** p50, p99 and max of each second, with the swaps. `scale` is {end, low, high}. */
function latencyPlot(report, scale, width, name = 'Latency over time') {
  const {step, bins} = binned(report, (width - kLeft - 40) / 2);
  const answered = bins.filter(bin => bin.max > 0);
  const worst = answered.reduce((most, bin) => bin.max > (most?.max ?? 0) ? bin : most, null);
  const box = plot({
    width, height: width < 500 ? 250 : 300, top: 12 + kLane, title: name,
    desc: `p50, p99 and max of each ${step === 1 ? 'second' : span(step)} on a logarithmic scale, over ${span(scale.end)}, with ` +
      `${counted(report.swaps.length, 'swap')} marked. ` + (worst ? `The slowest answer, ${time(worst.max)}, fell between ${plain(worst.from)} s and ${plain(worst.to)} s.` : ''),
    x: {end: scale.end}, y: scale});
  drawSwaps(box, report.swaps);
  const limit = latencyLimit(report);
  if (limit && limit.limit >= scale.low && limit.limit <= scale.high) {
    const y = box.y(limit.limit);
    box.svg.append(drawn('line', {class: 'limit', x1: box.left, x2: box.right, y1: y, y2: y}),
                   drawn('text', {class: 'limit-name', x: box.left + 5, y: y - box.top < 14 ? y + 12 : y - 4}, 'max-p99 ' + time(limit.limit, plain)));
  }
  const labels = [];
  for (const line of kLines) {
    let path = '', last = null;
    for (const bin of answered) {
      const y = box.y(bin[line]).toFixed(1);
      path += (last && last.to === bin.from ? 'V' + y : `M${box.x(bin.from).toFixed(1)},${y}`) + 'H' + box.x(bin.to).toFixed(1);
      last = bin;
    }
    box.svg.append(drawn('path', {class: 'line c-' + line, d: path}));
    if (last) labels.push({line, x: box.x(last.to) + 5, y: box.y(last[line]) + 4});
  }
  // The names at the lines' ends, moved apart where lines meet; max is above.
  for (let i = 1; i < labels.length; ++i) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + 12);
  for (let i = labels.length - 1, floor = box.bottom; i >= 0; --i, floor -= 12) labels[i].y = Math.min(labels[i].y, floor);
  for (const {line, x, y} of labels) box.svg.append(drawn('text', {class: 'name c-' + line, x, y}, line));
  longestGap(box, report);
  return readable(box, bins, bin => `${plain(bin.from)}–${plain(bin.to)} s: ${counted(bin.requests, 'request')}, ` +
    (bin.failed ? `${count(bin.failed)} failed, ` : '') + (bin.max > 0 ? `p50 ${time(bin.p50)}, p99 ${time(bin.p99)}, max ${time(bin.max)}` : 'no answers'));
}

/** The longest time without an answer, as a bracket on the time axis where it is wide enough to be seen. */
function longestGap(box, report) {
  const wide = box.x(report.longest_gap_ms / 1000) - box.x(0);
  if (!(wide >= 3)) return;
  const from = box.x(report.longest_gap_at_s), to = Math.min(from + wide, box.right), y = box.bottom - 6;
  const left = (from + to) / 2 > (box.left + box.right) / 2;
  box.svg.append(drawn('path', {class: 'gap', d: `M${from},${y}v6m0,-3H${to}m0,-3v6`}, drawn('title', {}, 'the longest gap')),
                 drawn('text', {x: left ? from - 5 : to + 5, y: y + 4, 'text-anchor': left ? 'end' : 'start'}, 'longest gap ' + time(report.longest_gap_ms)));
}

/** A line under the pointer, and what it stands on in words below the plot. */
function readable(box, bins, words) {
  const line = drawn('line', {class: 'hover', y1: box.top, y2: box.bottom, visibility: 'hidden'});
  box.svg.append(line);
  const say = text => { const readout = box.svg.parentNode?.nextSibling; if (readout) readout.textContent = text; };
  box.svg.addEventListener('pointermove', event => {
    const frame = box.svg.getBoundingClientRect();
    const at = (event.clientX - frame.left) * box.svg.viewBox.baseVal.width / frame.width;
    const bin = bins.find(each => box.x(each.to) >= at && box.x(each.from) <= at);
    line.setAttribute('visibility', bin ? 'visible' : 'hidden');
    for (const end of ['x1', 'x2']) line.setAttribute(end, at);
    say(bin ? words(bin) : '');
  });
  box.svg.addEventListener('pointerleave', () => { line.setAttribute('visibility', 'hidden'); say(''); });
  return box.svg;
}

/** A kind keeps its look whichever other kinds there are: five colours plain, then the same five woven, then woven widely. */
function kindLook(box, kind, report) {
  const place = kindsOf(report).indexOf(kind);
  return {colour: 'k' + place % 5, woven: place >= 10 ? hatching(box, 'wide', 'weave', 9) : place >= 5 ? hatching(box, 'woven', 'weave', 5) : null};
}

/** Failures by kind, a stack a second. */
function failurePlot(report, width) {
  const {step, bins} = binned(report, (width - kLeft - 40) / 4);
  const kinds = kindsOf(report).filter(kind => report.failures[kind] > 0);
  const most = Math.max(1, ...bins.map(bin => sum(Object.values(bin.failures))));
  const box = plot({
    width, height: width < 500 ? 210 : 230, top: 12 + kLane, title: 'Failures over time', x: {end: endOf(report)}, y: {most},
    desc: `Failures of each ${step === 1 ? 'second' : span(step)}, stacked by kind: ${kinds.map(kind => kind + ' ' + count(report.failures[kind])).join(', ')}. At most ${count(most)} at a time.`});
  drawSwaps(box, report.swaps);
  for (const bin of bins) {
    let below = 0;
    for (const kind of kinds) {
      const n = bin.failures[kind];
      if (!n) continue;
      const {colour, woven} = kindLook(box, kind, report);
      const at = {x: box.x(bin.from) + 0.5, width: Math.max(1.5, box.x(bin.to) - box.x(bin.from) - 1), y: box.y(below + n),
                  height: Math.max(1, box.y(below) - box.y(below + n))};
      box.svg.append(drawn('rect', {...at, class: 'kind ' + colour}, drawn('title', {}, `${plain(bin.from)} s: ${kind} ${count(n)}`)));
      if (woven) box.svg.append(drawn('rect', {...at, fill: woven, 'pointer-events': 'none'}), drawn('rect', {...at, class: 'outline ' + colour}));
      below += n;
    }
  }
  return readable(box, bins, bin => `${plain(bin.from)}–${plain(bin.to)} s: ` + (kinds.filter(kind => bin.failures[kind])
    .map(kind => kind + ' ' + count(bin.failures[kind])).join(', ') || 'none failed'));
}

/** A sample of how a kind is drawn. */
function kindSample(kind, report) {
  const box = {id: 'sample' + ++plots, svg: drawn('g', {}, drawn('defs'))};
  const {colour, woven} = kindLook(box, kind, report);
  const frame = {class: 'kind-sample ' + colour, width: 26, height: 12};
  box.svg.append(drawn('rect', frame));
  if (woven) box.svg.append(drawn('rect', {fill: woven, width: 26, height: 12}), drawn('rect', {class: 'outline ' + colour, x: .5, y: .5, width: 25, height: 11}));
  return box.svg;
}
const failureLegend = report => legend(kindsOf(report).filter(kind => report.failures[kind] > 0)
  .map(kind => [kindSample(kind, report), `${kind} ${count(report.failures[kind])}`]));

/** A histogram's [upper_ms, count] rows as steps over the share of answers: [[x, ms], ...], x = -log10(1 - share). */
function shareSteps(histogram) {
  const all = sum(histogram.map(([, n]) => n)), points = [];
  let before = 0;
  for (const [upper, n] of histogram) {
    const x = seen => Math.log10(all / Math.max(1, all - seen));
    points.push([x(before), upper], [x(before + n), upper]);
    before += n;
  }
  return points;
}
/** The same of the percentiles that a latency object has. */
function sharePoints(latency) {
  if (!latency?.count) return [];
  const last = Math.log10(latency.count);
  const points = [[0.5, 'p50'], [0.9, 'p90'], [0.99, 'p99'], [0.999, 'p99.9']].map(([part, name]) => [-Math.log10(1 - part), latency[name]]);
  return [...points.filter(([x]) => x < last), [last, latency.max]];
}

/** Latency over the share of answers that were as quick; rows are {name, look, points, dots}. */
function sharePlot(rows, width, desc) {
  const values = rows.flatMap(row => row.points);
  let low = Infinity, high = 0, end = 1;
  for (const [x, ms] of values) {
    if (ms > 0) low = Math.min(low, ms);
    high = Math.max(high, ms);
    end = Math.max(end, x);
  }
  const [from, to] = roomFor(Number.isFinite(low) ? low : 1, Math.max(high, 1e-6));
  const texts = [[0, '0 %'], [Math.log10(2), '50 %'], [1, '90 %'], [2, '99 %'], [3, '99.9 %'], [4, '99.99 %'], [5, '99.999 %'], [6, '99.9999 %'], [7, '99.99999 %']];
  const ticks = texts.filter(([at]) => at <= end);
  const box = plot({width, height: width < 500 ? 250 : 300, top: 18, right: 62, title: 'Distribution of latency', desc, x: {low: 0, high: end, ticks}, y: {low: from, high: to}});
  const labels = [];
  for (const {name, look, points, dots} of rows) {
    if (!points.length) continue;
    const at = ([x, ms]) => box.x(x).toFixed(1) + ',' + box.y(ms).toFixed(1);
    box.svg.append(drawn('path', {class: 'line ' + look, d: 'M' + points.map(at).join('L')}));
    if (dots) for (const [x, ms] of points) box.svg.append(drawn('circle', {class: 'dot ' + look, cx: box.x(x), cy: box.y(ms), r: 3}, drawn('title', {}, `${name}: ${time(ms)}`)));
    const [x, ms] = points.at(-1);
    // A line that ends where others go on has its name above its end, the rest beside theirs.
    if (box.x(x) < box.right - 40) box.svg.append(drawn('text', {class: 'name ' + look, x: box.x(x), y: box.y(ms) - 8, 'text-anchor': 'middle'}, name));
    else labels.push({name, look, x: box.right + 6, y: box.y(ms) + 4});
  }
  labels.sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; ++i) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + 13);
  for (const {name, look, x, y} of labels) box.svg.append(drawn('text', {class: 'name ' + look, x, y}, name));
  return box.svg;
}
