// What the plots share: scales, axes, the seconds put into bins, and the swaps drawn over time.

const kLeft = 58, kBottom = 30, kLane = 14;

/** The end of a run's time axis, in seconds. */
const endOf = report => Math.max(report.duration_s, 0.001, ...ends(report.swaps));
function ends(swaps) {
  let last = 0;
  for (const swap of swaps) last = Math.max(last, swap.end_s);
  return [last];
}

function niceSeconds(least) {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  return steps.find(step => step >= least) ?? Math.ceil(least / 3600) * 3600;
}

/**
 * The seconds in at most `most` bins of equal length. Of latencies a bin has the worst second's p99 and max and
 * the median second's p50; requests and failures are added up.
 */
function binned(report, most) {
  const end = endOf(report);
  const step = Math.max(1, niceSeconds(end / most));
  const bins = new Map();
  for (const second of report.seconds) {
    const at = Math.floor(second.t / step);
    if (!bins.has(at)) {
      bins.set(at, {from: at * step, to: (at + 1) * step, requests: 0, failed: 0, p50s: [], p99: 0, max: 0, failures: {}});
    }
    const bin = bins.get(at);
    bin.requests += second.requests;
    bin.failed += second.failed;
    for (const [kind, n] of Object.entries(second.failures ?? {})) bin.failures[kind] = (bin.failures[kind] ?? 0) + n;
    if (second.max > 0) {
      bin.p50s.push(second.p50);
      bin.p99 = Math.max(bin.p99, second.p99);
      bin.max = Math.max(bin.max, second.max);
    }
  }
  const all = [...bins.values()].sort((a, b) => a.from - b.from);
  for (const bin of all) {
    bin.p50s.sort((a, b) => a - b);
    bin.p50 = bin.p50s.length ? bin.p50s[Math.floor((bin.p50s.length - 1) / 2)] : 0;
    if (bin.from < end) bin.to = Math.min(bin.to, end);
  }
  return {step, bins: all};
}

/** Ticks of a logarithmic axis: 1, 2 and 5 where there is room, then decades, then every few decades. */
function logTicks(low, high, most) {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  for (const [steps, every] of [[[1, 2, 5], 1], [[1], 1], [[1], 2], [[1], 3], [[1], 4]]) {
    const ticks = [];
    for (let decade = first; decade <= last; ++decade) {
      if (decade % every !== 0) continue;
      for (const step of steps) {
        const tick = step * 10 ** decade;
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(Number(tick.toPrecision(3)));
      }
    }
    if (ticks.length <= most) return ticks;
  }
  return [low, high];
}

/** [low, high] widened to 1, 2 or 5 of a decade, and to no less than a decade. */
function roomFor(low, high) {
  const edge = (value, up) => {
    const decade = 10 ** Math.floor(Math.log10(value));
    const steps = up ? [1, 2, 5, 10] : [5, 2, 1];
    return decade * (steps.find(step => up ? step * decade >= value * 0.9999 : step * decade <= value * 1.0001) ?? 1);
  };
  let range = [edge(Math.max(low, 1e-6), false), edge(Math.max(high, 1e-6), true)];
  if (range[1] / range[0] < 10) range = [range[0], range[0] * 10];
  return range;
}

let plots = 0;
/**
 * An empty plot: {svg, id, x, y, left, right, top, bottom}. `x` is {end} in seconds, or {ticks, low, high} with ticks
 * [[value, text], ...]; `y` is {low, high} in ms and logarithmic, or {most} in numbers and linear.
 */
function plot({width, height, title, desc, x, y, top = 8, right = 40, xName}) {
  const id = 'plot' + ++plots;
  const box = {id, left: kLeft, right: width - right, top, bottom: height - kBottom};
  box.svg = drawn('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-labelledby': id + 't ' + id + 'd'},
                  drawn('title', {id: id + 't'}, title), drawn('desc', {id: id + 'd'}, desc), drawn('defs'));
  const across = box.right - box.left, up = box.bottom - box.top;
  const low = x.low ?? 0, high = x.high ?? x.end;
  box.x = value => box.left + across * (value - low) / (high - low);
  box.y = y.most ? value => box.bottom - up * value / y.most
                 : value => box.bottom - up * Math.log(Math.max(value, y.low) / y.low) / Math.log(y.high / y.low);

  const ticks = y.most ? evenTicks(y.most) : logTicks(y.low, y.high, up / 24);
  for (const tick of ticks) {
    box.svg.append(drawn('line', {class: 'grid', x1: box.left, x2: box.right, y1: box.y(tick), y2: box.y(tick)}),
                   drawn('text', {x: box.left - 8, y: box.y(tick) + 4, 'text-anchor': 'end'}, y.most ? short(tick) : tick < 1000 ? time(tick, plain) : plain(tick / 1000) + ' s'));
  }
  let free = -Infinity;
  for (const [at, text] of x.ticks ?? secondTicks(high, across)) {
    // Names that would run into each other are left out.
    const half = text.length * 3.2 + 3;
    if (box.x(at) - half < free) continue;
    free = box.x(at) + half;
    box.svg.append(drawn('line', {class: 'axis', x1: box.x(at), x2: box.x(at), y1: box.bottom, y2: box.bottom + 4}),
                   drawn('text', {x: box.x(at), y: box.bottom + 17, 'text-anchor': 'middle'}, text));
  }
  box.svg.append(drawn('line', {class: 'axis', x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom}));
  if (xName) box.svg.append(drawn('text', {x: box.right, y: height - 1, 'text-anchor': 'end'}, xName));
  return box;
}

function evenTicks(most) {
  const decade = 10 ** Math.floor(Math.log10(most));
  const step = Math.max(1, [0.2, 0.5, 1, 2].map(each => each * decade).find(each => most / each <= 5));
  const ticks = [];
  for (let tick = 0; tick <= most; tick += step) ticks.push(tick);
  return ticks;
}

function secondTicks(end, across) {
  const step = niceSeconds(end / Math.max(2, across / 60));
  const text = at => step < 60 || at === 0 ? plain(at) + ' s' : step < 3600 ? Math.round(at / 60) + ' min' : at / 3600 + ' h';
  const ticks = [];
  for (let i = 0; i * step <= end * 1.0001; ++i) ticks.push([i * step, text(i * step)]);
  return ticks;
}

/** Slanted lines, for what must not be told by colour alone. */
function hatching(box, name, lines, size = 7) {
  const id = box.id + name;
  if (!box.svg.querySelector('#' + id)) {
    box.svg.querySelector('defs').append(
      drawn('pattern', {id, width: size, height: size, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'},
            drawn('line', {class: lines, x1: 0, x2: 0, y1: 0, y2: size})));
  }
  return `url(#${id})`;
}

const swapText = swap => `${swap.kind} ${swap.number}, ${figure(swap.begin_s)} s to ` +
  `${figure(swap.end_s)} s, ` + (swap.ok ? 'done' : 'failed' + (swap.message ? ': ' + swap.message : ''));

/**
 * Each swap as a mark in the lane above the plot, and as a band through it where there is room for bands: beyond one
 * swap in 7 px they would be a wash. A failed one is hatched and has a cross.
 */
function drawSwaps(box, swaps) {
  const roomy = swaps.length * 7 <= box.right - box.left;
  const layer = drawn('g', {class: 'swaps'});
  const lane = box.top - kLane;
  for (const swap of swaps) {
    const from = box.x(swap.begin_s), wide = Math.max(1.5, box.x(swap.end_s) - from);
    const tall = box.bottom - lane;
    if (roomy) layer.append(drawn('rect', {class: swap.ok ? 'swap-band' : 'swap-band failed', x: from, y: lane, width: wide, height: tall}));
    if (!swap.ok) {
      layer.append(drawn('rect', {fill: hatching(box, 'failed', 'hatch', 5), x: from - 1, y: lane, width: wide + 2, height: tall}));
    }
    layer.append(drawn('rect', {class: swap.ok ? 'swap-mark' : 'swap-mark failed', 'data-swap': swap.number, x: from, y: lane,
                                width: wide, height: 5}, drawn('title', {}, swapText(swap))));
    if (!swap.ok) {
      const middle = from + wide / 2;
      layer.append(drawn('path', {class: 'cross', d: `M${middle - 4},${lane + 7}l8,8m0,-8l-8,8`}));
    }
  }
  box.svg.append(layer);
}

/** Small samples of how things are drawn; rows are [class, text] of lines, or [node, text]. */
function legend(rows) {
  return element('ul', {class: 'legend'}, rows.map(([sample, text]) => element('li', {},
    sampled(typeof sample === 'string' ? drawn('path', {class: 'line ' + sample, d: 'M0,6H26'}) : sample), text)));
}
const sampled = sample => drawn('svg', {class: 'sample', viewBox: '0 0 26 12', 'aria-hidden': 'true'}, sample);
