// The attempts of a funnel's page, filtered and counted anew: the twin of pipelines/statistics over what a filter leaves.
// Every number of the page says which table, row and columns it is of; here those rows are made for the chosen attempts
// and written where they stand. Belongs here: counting, sentences, filters. Formats are in words.js, curves in statistics.js.
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});

  const FEW = 20;
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
      this.stuck = new Map(packed.stuck);
      for (const [name, column] of Object.entries(packed.columns)) {
        this[name] = numbers(column, packed.count);
        this.names[name] = column.names;
      }
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

  // --- Counting: the names are those of the published tables

  function counts(attempts, rows) {
    const found = { entrant_count: rows.length, matured_count: 0, open_count: 0, lost_count: 0, ended_count: 0 };
    Object.assign(found, { activated_count: 0, early_activated_count: 0 });
    for (const row of rows) {
      const outcome = attempts.outcome(row);
      const isMatured = attempts.isMatured(row);
      if (isMatured) found.matured_count++;
      if (outcome === OPEN) found.open_count++;
      if (outcome === LOST) found.lost_count++;
      if (outcome === ENDED) found.ended_count++;
      if (outcome === ACTIVATED) found[isMatured ? "activated_count" : "early_activated_count"]++;
    }
    found.maturing_count = found.entrant_count - found.matured_count;
    return found;
  }

  function measured(attempts, rows) {
    const found = counts(attempts, rows);
    const bounds = Portal.statistics.wilson(found.activated_count, found.matured_count) ?? [null, null];
    found.conversion_rate = ratio(found.activated_count, found.matured_count);
    [found.conversion_lower, found.conversion_upper] = bounds;
    return found;
  }

  const isEvent = (attempts, row) => (attempts.state[row] & EVENT) !== 0;

  function curveOf(attempts, rows) {
    const times = rows.map((row) => attempts.observed[row]);
    return Portal.statistics.survivalCurve(times, rows.map((row) => isEvent(attempts, row)));
  }

  function grouped(attempts, column, rows) {
    const groups = new Map();
    for (const row of rows) {
      const code = attempts[column][row];
      if (code === 0) continue;
      if (!groups.has(code)) groups.set(code, []);
      groups.get(code).push(row);
    }
    return [...groups].sort(([one], [other]) => one - other).map(([code, own]) => [attempts.names[column][code - 1], own]);
  }

  function funnelRow(attempts, rows, curve) {
    const found = measured(attempts, rows);
    const waits = rows.filter((row) => attempts.stuck.has(row)).map((row) => attempts.stuck.get(row));
    const named = rows.filter((row) => attempts.isMatured(row) && attempts.provider[row]).length;
    return {
      ...found,
      stalled_count: waits.length,
      longest_idle_us: waits.length ? Math.max(...waits) : null,
      provider_coverage: ratio(named, found.matured_count),
      median_activation_us: Portal.statistics.quantileTimes(curve, 50).time,
    };
  }

  function quantileRows(attempts, rows, curve, quantiles) {
    const completers = rows.filter((row) => isEvent(attempts, row)).map((row) => attempts.observed[row]);
    completers.sort((one, other) => one - other);
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

  function curveRows(curve, points) {
    return Portal.statistics.curveAt(curve, points).map(({ survival, lower, upper, atRisk }, place) => {
      const share = complement(survival);
      const none = Portal.statistics.wilson(0, atRisk)?.[1] ?? null;
      const highest = share === 0 ? none : complement(lower);
      const [activated_lower, activated_upper] = [complement(upper), highest];
      return { at_us: points[place], activated_share: share, activated_lower, activated_upper, at_risk_count: atRisk };
    });
  }

  function weekRow(attempts, [entry_week, rows]) {
    const found = measured(attempts, rows);
    return { entry_week, ...found, is_matured: found.maturing_count === 0 };
  }

  function providerRow(attempts, [provider, rows]) {
    const { time } = Portal.statistics.quantileTimes(curveOf(attempts, rows), 50);
    return { provider, ...measured(attempts, rows), median_activation_us: time };
  }

  // Steps that are not recorded have no rates; what was lost there joins the loss of the next recorded step.
  function stepRows(attempts, rows, steps, lastRequired) {
    const matured = rows.filter((row) => attempts.isMatured(row));
    const open = rows.filter((row) => attempts.outcome(row) === OPEN);
    let [first, previous] = [null, null];
    const found = steps.map(({ step_number, label, is_recorded }) => {
      const reached = is_recorded ? matured.filter((row) => attempts.deepest[row] >= step_number).length : null;
      const lost = previous === null || reached === null ? null : previous - reached;
      const row = {
        ...{ step_number, label, is_recorded, reached_count: reached, matured_count: matured.length },
        ...ownEvents(attempts, matured, step_number),
        open_count: open.filter((one) => attempts.deepest[one] === step_number).length,
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
    const times = matured.map((row) => column[row]).filter((time) => !Number.isNaN(time));
    times.sort((one, other) => one - other);
    return { recorded_count: times.length, median_step_us: Portal.statistics.quantile(times, 50) };
  }

  // Now and the period before, each watched for the same time.
  function compared(attempts, rows, { within_us, period_us, is_whole }) {
    const found = { within_us, period_us, difference: null, difference_lower: null, difference_upper: null };
    if (!attempts.age) return null;
    const [now, before] = [{ activated: 0, all: 0 }, { activated: 0, all: 0 }];
    for (const row of rows) {
      const ago = Math.floor((attempts.age[row] - within_us) / period_us);
      const period = [now, before][ago];
      if (!period) continue;
      period.all++;
      if (attempts.outcome(row) === ACTIVATED && attempts.observed[row] <= within_us) period.activated++;
    }
    if (!is_whole) return { ...found, verdict: "no full period before" };
    const bounds = Portal.statistics.newcombe(now.activated, now.all, before.activated, before.all);
    if (bounds === null) return { ...found, verdict: "too few" };
    const [lower, upper] = bounds;
    const isClear = lower > 0 ? "higher" : upper < 0 ? "lower" : "no clear change";
    const verdict = Math.min(now.all, before.all) < FEW ? "too few" : isClear;
    const difference = now.activated / now.all - before.activated / before.all;
    return { ...found, difference, difference_lower: lower, difference_upper: upper, verdict };
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
    return {
      rpt_funnels: [funnelRow(attempts, rows, curve)],
      rpt_funnel_steps: stepRows(attempts, rows, tables.dim_funnel_steps, about.last_required_step),
      rpt_time_to_activation: quantileRows(attempts, rows, curve, quantiles),
      rpt_activation_curve: curveRows(curve, points),
      rpt_weeks: grouped(attempts, "week", rows).map((group) => weekRow(attempts, group)),
      rpt_providers: grouped(attempts, "provider", rows).map((group) => providerRow(attempts, group)),
      rpt_comparisons: [compared(attempts, rows, data.compared)].filter(Boolean),
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

  // --- Sentences: bold part and rest, as views/sentences.py has them

  const plural = (number, one, many) => (number === 1 ? one : many);

  function completion(row, weeks) {
    const { words } = Portal;
    const { matured_count: matured, activated_count: activated, maturing_count: started } = row;
    if (!matured) {
      const verb = plural(started, "attempt is under way", "attempts are under way");
      return ["Too early for a completion rate", `: ${words.count(started)} ${verb}.`];
    }
    const part = words.fraction(activated, matured);
    if (matured < FEW) {
      const verb = plural(matured, "attempt was activated", "attempts were activated");
      return [`${part} ${verb}`, ` (${words.interval(row.conversion_lower, row.conversion_upper)}), too few for a rate.`];
    }
    const lead = activated ? `${words.rate(row.conversion_rate)} of attempts are activated` : "No attempt was activated";
    return [lead, ` (${part}${span(weeks.filter((week) => week.matured_count))}).`];
  }

  function span(weeks) {
    const { day, full_date } = Portal.words;
    const [first, last] = [weeks[0]?.entry_week, weeks.at(-1)?.entry_week];
    if (!first) return "";
    if (first === last) return `, week of ${full_date(first)}`;
    const start = first.slice(0, 4) === last.slice(0, 4) ? day(first) : full_date(first);
    return `, weeks of ${start} to ${full_date(last)}`;
  }

  function largestLoss(step) {
    const { words } = Portal;
    if (!step) return null;
    const lost = `${words.count(step.drop_off_count)} ${plural(step.drop_off_count, "attempt", "attempts")}`;
    const share = step.matured_count >= FEW ? `, ${words.rate(step.drop_off_rate)} of those who got there` : "";
    return [`More stop before “${words.name(step.label)}” than anywhere else`, `: ${lost}${share}.`];
  }

  function stuck({ stalled_count: number, longest_idle_us: longest }) {
    const { words } = Portal;
    if (!number) return ["", "Nobody is stuck right now."];
    const verb = plural(number, "attempt is stuck right now", "attempts are stuck right now");
    const waited = plural(number, "it has waited", "the longest has waited");
    return [`${words.count(number)} ${verb}`, `; ${waited} ${words.duration(longest)}.`];
  }

  function outcomes(row) {
    const { count, total } = Portal.words;
    const all = `Of ${count(row.entrant_count)} ${plural(row.entrant_count, "attempt", "attempts")}: `;
    const activated = `${total(row.activated_count, row.early_activated_count)} activated`;
    return ["", `${all}${activated}, ${count(row.lost_count)} lost, ${count(row.open_count)} still open, ${count(row.ended_count)} ended.`];
  }

  // --- Writing: each number into its place

  const each = (root, selector, act) => root.querySelectorAll(selector).forEach(act);
  const rowOf = (found, place) => found[place.dataset.table]?.get(place.dataset.key);

  function say(place, sentence) {
    place.hidden = sentence === null;
    if (sentence === null) return;
    const [lead, rest] = sentence;
    const strong = document.createElement("strong");
    strong.textContent = lead;
    place.replaceChildren(...(lead ? [strong] : []), rest);
  }

  function write(slice, tables, found, isWhole) {
    const funnel = tables.rpt_funnels[0];
    each(slice, "[data-table]", (place) => {
      const row = rowOf(found, place);
      if (!row || place.closest("[data-whole]")) return;
      place.textContent = Portal.words[place.dataset.format](...place.dataset.column.split(" ").map((name) => row[name]));
    });
    each(slice, "[data-few]", (place) => {
      const row = rowOf(found, place.querySelector("[data-table]"));
      if (row) place.classList.toggle("faint", row.matured_count < FEW);
    });
    each(slice, "[data-whole]", (place) => (place.hidden = !isWhole));
    const said = { completion: completion(funnel, tables.rpt_weeks), stuck: stuck(funnel), outcomes: outcomes(funnel) };
    said.loss = largestLoss(tables.rpt_funnel_steps.find((step) => step.is_largest_drop_off));
    each(slice, "[data-said]", (place) => say(place, said[place.dataset.said]));
    const [change] = tables.rpt_comparisons;
    each(slice, "[data-verdict]", (place) => {
      place.hidden = !change;
      if (change) place.dataset.verdict = change.verdict;
    });
    writeSteps(slice, tables.rpt_funnel_steps, funnel.matured_count);
    writeRows(slice, found);
  }

  function writeSteps(slice, steps, matured) {
    const width = (part) => (matured ? Math.round((10000 * (part ?? 0)) / matured) / 100 : 0);
    for (const step of steps) {
      each(slice, `[data-step="${step.step_number}"]`, (bar) => {
        const [reached, lost] = bar.querySelectorAll("rect");
        reached.setAttribute("width", width(step.reached_count));
        lost.setAttribute("x", width(step.reached_count));
        lost.setAttribute("width", width(step.drop_off_count));
      });
      each(slice, `[data-largest="${step.step_number}"]`, (mark) => (mark.hidden = !step.is_largest_drop_off));
    }
  }

  function writeRows(slice, found) {
    each(slice, "tr[data-row]", (line) => {
      const row = rowOf(found, line.querySelector("[data-table]"));
      line.toggleAttribute("data-off", !row);
    });
    const middle = average([...found.rpt_providers.values()].at(-1));
    each(slice, "[data-standing]", (place) => {
      const row = found.rpt_providers.get(place.dataset.standing);
      if (row) [place.className, place.textContent] = standing(row, middle);
    });
  }

  function drawn(data, tables) {
    const { charts } = Portal;
    return {
      curve: charts.curve(tables.rpt_activation_curve, tables.rpt_time_to_activation),
      trend: charts.trend(tables.rpt_weeks, data.running),
      providers: charts.providers(tables.rpt_providers, average(summed(tables.rpt_providers))),
    };
  }

  // --- The page

  class Page {
    constructor(data, looks) {
      Object.assign(this, { data, looks, tables: data.tables });
      this.slice = document.getElementById("slice");
      this.form = document.getElementById("filters");
      this.attempts = data.attempts && new Attempts(data.attempts);
      if (this.form && this.attempts) this.offer();
    }

    get choices() {
      return [...this.form.querySelectorAll("select")];
    }

    offer() {
      for (const choice of this.choices) {
        const values = [...choice.options].map((option) => option.value);
        Portal.state.declare(choice.name, (value) => values.includes(value));
        choice.addEventListener("change", () => this.set({ [choice.name]: choice.value }));
      }
      this.form.addEventListener("reset", (event) => {
        event.preventDefault();
        this.set(Object.fromEntries(this.choices.map(({ name }) => [name, null])));
      });
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.offerCopy(document.getElementById("copy"));
      Portal.state.onchange(() => this.apply());
      this.form.hidden = false;
      if (this.choices.some(({ name }) => Portal.state.get(name))) this.count();
    }

    offerCopy(copy) {
      copy.hidden = !navigator.clipboard;
      copy.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(location.href);
          document.getElementById("showing").textContent = "The link is copied.";
        } catch {
          document.getElementById("showing").textContent = location.href;
        }
      });
    }

    set(changes) {
      Portal.state.set(changes);
      this.apply();
    }

    apply() {
      this.count();
      return this.draw();
    }

    count() {
      const filters = {};
      for (const choice of this.choices) {
        choice.value = Portal.state.get(choice.name) ?? "";
        if (choice.value) filters[choice.name] = choice.value;
      }
      this.show(this.attempts.chosen(filters), Object.keys(filters).length === 0);
    }

    show(rows, isWhole) {
      const { exact } = Portal.words;
      const all = this.attempts.count;
      const status = rows.length === all ? `Showing all ${exact(all)} attempts` : `Showing ${exact(rows.length)} of ${exact(all)} attempts`;
      document.getElementById("showing").textContent = isWhole ? "" : status;
      this.slice.hidden = rows.length === 0;
      this.tellNobody(rows.length === 0);
      if (!rows.length) return;
      this.tables = measure(this.data, this.attempts, rows);
      write(this.slice, this.tables, addressed(this.tables, this.data.about.funnel_id), isWhole);
      const chosen = new Set(rows);
      each(this.slice, "tr[data-entry]", (line) => line.toggleAttribute("data-off", !chosen.has(Number(line.dataset.entry))));
    }

    tellNobody(isNobody) {
      const box = document.getElementById("nobody");
      box.hidden = !isNobody;
      const active = this.choices.filter(({ value }) => value);
      const name = (choice) => choice.selectedOptions[0].textContent;
      box.querySelector("strong").textContent = `No attempts match: ${active.map(name).join(", ")}.`;
      const drops = active.map((choice) => {
        const drop = Object.assign(document.createElement("button"), { type: "button", textContent: `Without ${name(choice)}` });
        drop.addEventListener("click", () => this.set({ [choice.name]: null }));
        return drop;
      });
      box.querySelector(".drops").replaceChildren(...drops);
    }

    draw() {
      if (!window.Plotly || this.slice.hidden) return Promise.resolve();
      const points = drawn(this.data, this.tables);
      each(this.slice, "[data-none]", (place) => (place.hidden = points[place.dataset.none] !== null));
      const places = [...this.slice.querySelectorAll("[data-chart]")];
      return Promise.all(
        places.map((place) => {
          const { chart } = place.dataset;
          return Portal.charts.draw(place, this.data.figures[chart], points[chart], this.looks[Portal.theme()]);
        }),
      );
    }

    offerPictures() {
      each(this.slice, "[data-png]", (button) => {
        const place = this.slice.querySelector(`[data-chart="${button.dataset.png}"]`);
        const filename = `${this.data.about.funnel_id}_${button.dataset.png}`;
        button.hidden = false;
        button.addEventListener("click", () => Plotly.downloadImage(place, { format: "png", filename, scale: 2 }));
      });
    }
  }

  // The page of a funnel, or nothing on a page of another kind.
  function start() {
    const read = (id) => JSON.parse(document.getElementById(id).textContent);
    if (!document.getElementById("data")) return null;
    const page = new Page(read("data"), read("looks"));
    if (window.Plotly) page.offerPictures();
    return page;
  }

  Portal.funnel = { start, Attempts, measure };
})();
