// The attempts that a page carries, and what is counted of any of them: the twin of pipelines/statistics, with the names of
// the published tables. Belongs here: rows of numbers. Does not belong here: the page (funnel.js), curves (statistics.js).
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});
  const { FEW } = Portal;

  const MISSING = 2 ** 48 - 1;
  const [ACTIVATED, LOST, OPEN, ENDED] = [0, 1, 2, 3];
  const [MATURED, EVENT] = [4, 8];

  const ratio = (part, whole) => (part != null && whole ? part / whole : null);

  // --- The attempts, as columns

  function numbers({ bytes, data }, length) {
    const binary = atob(data);
    const values = bytes === 6 ? new Float64Array(length) : new Uint16Array(length);
    for (let row = 0; row < length; row++) {
      let value = 0;
      for (let place = bytes - 1; place >= 0; place--) value = value * 256 + binary.charCodeAt(row * bytes + place);
      values[row] = bytes === 6 && value === MISSING ? NaN : value;
    }
    return values;
  }

  class Attempts {
    constructor(packed) {
      this.count = packed.count;
      this.names = {};
      this.since = packed.since;
      for (const [name, column] of Object.entries(packed.columns)) {
        this[name] = numbers(column, packed.count);
        this.names[name] = column.names;
      }
      this.event = this.state.map((state) => state & EVENT);
      this.idle = new Float64Array(packed.count).fill(NaN); // how long the stuck have waited
      for (const [row, idle] of packed.stuck) this.idle[row] = idle;
    }

    isMatured(row) {
      return (this.state[row] & MATURED) !== 0;
    }

    outcome(row) {
      return this.state[row] & 3;
    }

    chosen({ intent, provider, segment, weeks }) {
      const tests = [];
      const is = (column, value) => {
        const code = this.names[column].indexOf(value) + 1;
        tests.push((row) => this[column][row] === code);
      };
      if (intent) is("intent", intent);
      if (provider) is("provider", provider);
      if (segment) is(`segment:${segment.split(":", 1)[0]}`, segment.slice(segment.indexOf(":") + 1));
      if (weeks) {
        const first = this.names.week.findIndex((week) => week >= this.since[weeks]) + 1;
        tests.push((row) => first > 0 && this.week[row] >= first);
      }
      const rows = [];
      for (let row = 0; row < this.count; row++) if (tests.every((test) => test(row))) rows.push(row);
      return rows;
    }
  }

  // Typed arrays of a column's values: each is made in one go, and sorts many times faster than a plain array.
  function picked(column, rows) {
    const values = new Float64Array(rows.length);
    rows.forEach((row, place) => (values[place] = column[row]));
    return values;
  }

  const known = (values) => values.filter((value) => !Number.isNaN(value));

  function tallied(column, rows) {
    const tally = new Uint32Array(256);
    for (const row of rows) tally[column[row]]++;
    return tally;
  }

  const added = (tally) => tally.reduce((sum, number) => sum + number, 0);

  // --- Counting: the names are those of the published tables

  function counts(attempts, rows) {
    const tally = tallied(attempts.state, rows);
    const early = (outcome) => tally[outcome] + tally[outcome + EVENT];
    const matured = (outcome) => tally[outcome + MATURED] + tally[outcome + MATURED + EVENT];
    const all = (outcome) => early(outcome) + matured(outcome);
    const maturing = [ACTIVATED, LOST, OPEN, ENDED].reduce((sum, outcome) => sum + early(outcome), 0);
    return {
      entrant_count: rows.length,
      matured_count: rows.length - maturing,
      maturing_count: maturing,
      activated_count: matured(ACTIVATED),
      early_activated_count: early(ACTIVATED),
      lost_count: all(LOST),
      open_count: all(OPEN),
      ended_count: all(ENDED),
    };
  }

  function measured(attempts, rows) {
    const found = counts(attempts, rows);
    const bounds = Portal.statistics.wilson(found.activated_count, found.matured_count) ?? [null, null];
    found.conversion_rate = ratio(found.activated_count, found.matured_count);
    [found.conversion_lower, found.conversion_upper] = bounds;
    return found;
  }

  // What survival functions begin with: times, and which of them ended in an activation.
  const watched = (attempts, rows) => [picked(attempts.observed, rows), picked(attempts.event, rows)];

  const curveOf = (attempts, rows) => Portal.statistics.survivalCurve(...watched(attempts, rows));

  function grouped(attempts, column, rows) {
    const groups = ["", ...attempts.names[column]].map((name) => [name, []]);
    for (const row of rows) groups[attempts[column][row]][1].push(row);
    return groups.slice(1).filter(([, own]) => own.length);
  }

  function funnelRow(attempts, rows, curve) {
    const found = measured(attempts, rows);
    const waits = known(picked(attempts.idle, rows));
    const named = rows.filter((row) => attempts.isMatured(row) && attempts.provider[row]).length;
    return {
      ...found,
      stalled_count: waits.length,
      longest_idle_us: waits.length ? waits.reduce((one, other) => Math.max(one, other)) : null,
      provider_coverage: ratio(named, found.matured_count),
      median_activation_us: Portal.statistics.quantileTimes(curve, 50).time,
    };
  }

  function quantileRows(attempts, rows, curve, quantiles) {
    const activated = rows.filter((row) => attempts.event[row]);
    const completers = Portal.statistics.ascending(picked(attempts.observed, activated));
    return quantiles.map((quantile) => {
      const percent = Math.round(quantile * 100);
      const { time, lower, upper } = Portal.statistics.quantileTimes(curve, percent);
      return {
        quantile,
        entrant_count: rows.length,
        completer_count: completers.length,
        time_us: time,
        time_lower_us: lower,
        time_upper_us: upper,
        completer_time_us: Portal.statistics.quantile(completers, percent),
      };
    });
  }

  const complement = (value) => (value === null ? null : 1 - value);

  function curveRows(curve, points, [current, previous]) {
    return Portal.statistics.curveAt(curve, points).map(({ survival, lower, upper, atRisk }, place) => {
      const share = complement(survival);
      const none = Portal.statistics.wilson(0, atRisk)?.[1] ?? null;
      const highest = share === 0 ? none : complement(lower);
      const [activated_lower, activated_upper] = [complement(upper), highest];
      return {
        ...{ at_us: points[place], activated_share: share, activated_lower, activated_upper, at_risk_count: atRisk },
        current_share: current?.[place] ?? null,
        previous_share: previous?.[place] ?? null,
      };
    });
  }

  // The curves of both periods, as long as all of their attempts were watched; none where a comparison says nothing.
  function sharesOf(attempts, periods, points, { within_us, is_whole }) {
    if (!is_whole || Math.min(...periods.map((rows) => rows.length)) < FEW) return [];
    const share = ({ survival }, place) => (points[place] <= within_us ? complement(survival) : null);
    return periods.map((rows) => Portal.statistics.curveAt(curveOf(attempts, rows), points).map(share));
  }

  function weekRow(attempts, [entry_week, rows]) {
    const found = measured(attempts, rows);
    return { entry_week, ...found, is_matured: found.maturing_count === 0 };
  }

  function providerRow(attempts, [provider, rows]) {
    const median = Portal.statistics.quantileTime(...watched(attempts, rows), 50);
    return { provider, ...measured(attempts, rows), median_activation_us: median };
  }

  // Steps that are not recorded have no rates; what was lost there joins the loss of the next recorded step.
  function stepRows(attempts, rows, steps, lastRequired) {
    const matured = rows.filter((row) => attempts.isMatured(row));
    const deepest = tallied(attempts.deepest, matured);
    const stopped = tallied(attempts.deepest, rows.filter((row) => attempts.outcome(row) === OPEN));
    let [first, previous] = [null, null];
    const found = steps.map(({ step_number, label, is_recorded }) => {
      const reached = is_recorded ? added(deepest.subarray(step_number)) : null;
      const lost = previous === null || reached === null ? null : previous - reached;
      const row = {
        ...{ step_number, label, is_recorded, reached_count: reached, matured_count: matured.length },
        ...ownEvents(attempts, matured, step_number),
        open_count: stopped[step_number],
        overall_conversion_rate: ratio(reached, step_number === 1 ? reached : first),
        step_conversion_rate: ratio(reached, previous),
        drop_off_count: lost,
        drop_off_rate: ratio(lost, previous),
      };
      if (step_number === 1) first = reached;
      if (reached !== null) previous = reached;
      return row;
    });
    const losses = found.map((row) => (row.step_number <= lastRequired && row.drop_off_count > 0 ? row.drop_off_count : 0));
    const peak = Math.max(...losses);
    found.forEach((row, place) => {
      row.is_largest_drop_off = peak > 0 && losses.indexOf(peak) === place;
    });
    return found;
  }

  function ownEvents(attempts, matured, number) {
    if (number === 1) return { recorded_count: matured.length, median_step_us: null };
    const column = attempts[`step:${number}`];
    if (!column) return { recorded_count: null, median_step_us: null };
    const times = Portal.statistics.ascending(known(picked(column, matured)));
    return { recorded_count: times.length, median_step_us: Portal.statistics.quantile(times, 50) };
  }

  // The attempts of this period and of the one before, each watched for the same time.
  function periodsOf(attempts, rows, { within_us, period_us }) {
    const periods = [[], []];
    for (const row of rows) periods[Math.floor((attempts.age[row] - within_us) / period_us)]?.push(row);
    return periods;
  }

  function comparisonRow(attempts, periods, { within_us, period_us, is_whole }) {
    const inTime = (row) => attempts.outcome(row) === ACTIVATED && attempts.observed[row] <= within_us;
    const [now, before] = periods.map((rows) => ({ activated: rows.filter(inTime).length, all: rows.length }));
    const [lower, upper] = Portal.statistics.newcombe(now.activated, now.all, before.activated, before.all) ?? [null, null];
    const isFew = Math.min(now.all, before.all) < FEW;
    const clear = lower > 0 ? "higher" : upper < 0 ? "lower" : "no clear change";
    const [current_rate, previous_rate] = [now, before].map(({ activated, all }) => ratio(activated, all));
    return {
      ...{ within_us, period_us, current_count: now.all, current_activated_count: now.activated, current_rate },
      ...{ previous_count: before.all, previous_activated_count: before.activated, previous_rate },
      difference: lower === null ? null : current_rate - previous_rate,
      difference_lower: lower,
      difference_upper: upper,
      verdict: isFew ? "too few" : is_whole ? clear : "no full period before",
    };
  }

  function summed(rows) {
    const sums = { activated_count: 0, matured_count: 0, entrant_count: 0 };
    for (const row of rows) for (const name of Object.keys(sums)) sums[name] += row[name];
    return sums;
  }

  // All tables of the page, for the chosen attempts.
  function measure(data, attempts, rows) {
    const { tables, about } = data;
    const curve = curveOf(attempts, rows);
    const points = tables.rpt_activation_curve.map((row) => row.at_us);
    const quantiles = tables.rpt_time_to_activation.map((row) => row.quantile);
    const compared = attempts.age ? data.compared : []; // a page without ages compares nothing
    const periods = compared.map((lengths) => periodsOf(attempts, rows, lengths));
    const shares = compared.length ? sharesOf(attempts, periods[0], points, compared[0]) : [];
    return {
      rpt_funnels: [funnelRow(attempts, rows, curve)],
      rpt_funnel_steps: stepRows(attempts, rows, tables.dim_funnel_steps, about.last_required_step),
      rpt_time_to_activation: quantileRows(attempts, rows, curve, quantiles),
      rpt_activation_curve: curveRows(curve, points, shares),
      rpt_weeks: grouped(attempts, "week", rows).map((group) => weekRow(attempts, group)),
      rpt_providers: grouped(attempts, "provider", rows).map((group) => providerRow(attempts, group)),
      rpt_comparisons: compared.map((lengths, place) => comparisonRow(attempts, periods[place], lengths)),
    };
  }

  const KEYS = {
    rpt_funnels: [],
    rpt_funnel_steps: ["step_number"],
    rpt_time_to_activation: ["quantile"],
    rpt_activation_curve: ["at_us"],
    rpt_weeks: ["entry_week"],
    rpt_providers: ["provider"],
    rpt_comparisons: ["within_us", "period_us"],
  };

  // Rows by table and key, as the page addresses them.
  function addressed(tables, funnel) {
    const found = {};
    for (const [table, keys] of Object.entries(KEYS)) {
      found[table] = new Map(tables[table].map((row) => [[funnel, ...keys.map((key) => row[key])].join("|"), row]));
    }
    found.rpt_providers.set(`${funnel}|*`, summed(tables.rpt_providers));
    return found;
  }

  const average = (total) => (total.matured_count >= FEW ? total.activated_count / total.matured_count : null);

  function standing(row, middle) {
    if (middle === null || row.matured_count < FEW) return ["few", "too few to say"];
    if (row.conversion_upper < middle) return ["below", "below the average"];
    return row.conversion_lower > middle ? ["above", "above the average"] : ["same", "no clear difference"];
  }

  Portal.counting = { Attempts, measure, addressed, summed, average, standing };
})();
