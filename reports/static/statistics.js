// Intervals, quantiles and Kaplan-Meier curves of what a filter leaves: the twin of pipelines/statistics/intervals.py,
// quantiles.py and survival.py, which say whose methods these are. Floats are combined in the same order, so that both
// answer alike. Pure functions over plain or typed arrays: no words, no HTML. What does not exist is null, never NaN.
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});

  const Z = 1.9599639845400536; // standard normal quantile of a two-sided 95 % interval
  const TIE = 1e-9; // a curve this close to a level has reached it

  function wilson(part, whole) {
    if (part == null || !(whole > 0)) return null;
    return [wilsonLower(part / whole, whole), 1 - wilsonLower(1 - part / whole, whole)];
  }

  function wilsonLower(rate, trials) {
    const half = Z / 2; // sqrt(half * half) is exactly half: the bound of 0 successes is exactly 0
    const successes = rate * trials;
    const spread = Math.sqrt(successes * (1 - rate) + half * half);
    return (successes + 2 * half * half - 2 * half * spread) / (trials + Z * Z);
  }

  function newcombe(a, n, b, m) {
    const [first, second] = [wilson(a, n), wilson(b, m)];
    if (!first || !second) return null;
    const [rate, other] = [a / n, b / m];
    const below = Math.sqrt((rate - first[0]) ** 2 + (second[1] - other) ** 2);
    const above = Math.sqrt((first[1] - rate) ** 2 + (other - second[0]) ** 2);
    return [rate - other - below, rate - other + above];
  }

  // Of integers that ascend; whole units, halves up.
  function quantile(sorted, percent) {
    if (sorted.length === 0) return null;
    const hundredths = (sorted.length - 1) * percent;
    const below = sorted[Math.floor(hundredths / 100)];
    const gap = sorted[Math.ceil(hundredths / 100)] - below;
    const part = hundredths % 100;
    // Hundreds and rest of the gap apart: years in microseconds times 99 would not fit the integers of a float.
    return below + Math.floor(gap / 100) * part + Math.floor(((gap % 100) * part + 50) / 100);
  }

  // `times` are whole microseconds in any order; `isEvent` says which of them ended in the event (else censored).
  function survivalCurve(times, isEvent) {
    const curve = { at: [], atRisk: [], survival: [], lower: [], upper: [] };
    let [greenwood, lower, upper] = [0, 1, 1]; // nothing has happened yet
    walk(times, isEvent, (time, atRisk, survival, events) => {
      if (events > 0) {
        greenwood += events / (atRisk * (atRisk - events));
        [lower, upper] = logLogBounds(survival, greenwood);
      }
      curve.at.push(time);
      curve.atRisk.push(atRisk);
      curve.survival.push(survival);
      curve.lower.push(lower);
      curve.upper.push(upper);
      return false;
    });
    return curve;
  }

  // When a curve has let so many percent through, for those who need no more of it.
  function quantileTime(times, isEvent, percent) {
    let found = null;
    walk(times, isEvent, (time, _, survival) => {
      if (survival <= levelOf(percent)) found = time;
      return found !== null;
    });
    return found;
  }

  // Tells each distinct time in turn, until it is told to stop.
  function walk(times, isEvent, tell) {
    const marked = markedTimes(times, isEvent);
    let survival = 1;
    for (let first = 0, next = 0; first < marked.length; first = next) {
      const time = Math.floor(marked[first] / 2);
      let events = 0;
      for (; next < marked.length && marked[next] <= 2 * time + 1; next++) events += marked[next] - 2 * time;
      const atRisk = marked.length - first;
      if (events > 0) survival *= 1 - events / atRisk;
      if (tell(time, atRisk, survival, events)) return;
    }
  }

  // Doubled, plus one for an event: one array of numbers sorts many times faster than pairs do, and 2 ** 52 microseconds
  // are 142 years.
  function markedTimes(times, isEvent) {
    const marked = new Float64Array(times.length);
    for (let i = 0; i < times.length; i++) marked[i] = 2 * times[i] + (isEvent[i] ? 1 : 0);
    return ascending(marked);
  }

  // Sorted in place, which the times of a page's attempts are already.
  function ascending(values) {
    for (let i = 1; i < values.length; i++) if (values[i - 1] > values[i]) return values.sort();
    return values;
  }

  function logLogBounds(survival, greenwood) {
    if (survival === 0) return [null, null]; // the formula is inf/inf: nobody is left to tell
    const power = Math.exp((Z * Math.sqrt(greenwood)) / Math.log(survival));
    return [survival ** (1 / power), survival ** power];
  }

  const levelOf = (percent) => (100 - percent) / 100 + TIE;

  // When the curve, and each bound of it, has let so many percent through.
  function quantileTimes(curve, percent) {
    const level = levelOf(percent);
    const firstTime = (values) => {
      for (let i = 0; i < values.length; i++) if (values[i] !== null && values[i] <= level) return curve.at[i];
      return null;
    };
    return { time: firstTime(curve.survival), lower: firstTime(curve.lower), upper: firstTime(curve.upper) };
  }

  // The curve at each point, in the order of the points; null where nobody was observed that long, unless it is 0.
  function curveAt(curve, points) {
    return Array.from(points, (point) => {
      const next = firstFrom(curve.at, point);
      const atRisk = curve.atRisk[next] ?? 0;
      const step = curve.at[next] === point ? next : next - 1;
      if (atRisk === 0 && curve.survival[step] !== 0) return { survival: null, lower: null, upper: null, atRisk };
      if (step < 0) return { survival: 1, lower: 1, upper: 1, atRisk }; // before the first observed time
      return { survival: curve.survival[step], lower: curve.lower[step], upper: curve.upper[step], atRisk };
    });
  }

  // Index of the first of the ascending values that is not below `value`; their number if none is.
  function firstFrom(ascending, value) {
    let [low, high] = [0, ascending.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ascending[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  Portal.statistics = { wilson, newcombe, ascending, quantile, survivalCurve, quantileTime, quantileTimes, curveAt };
})();
