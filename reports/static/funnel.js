// A funnel's page: what a reader chose is counted anew and written where it stands. Every number of the page says which
// table, row and columns it is of; here it gets the value of that row. Counting is in counting.js, formats in words.js.
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});
  const { FEW } = Portal;
  const { Attempts, measure, addressed, summed, average, standing } = Portal.counting;

  // --- Sentences: bold part and rest, as views/sentences.py has them

  const plural = (number, one, many) => (number === 1 ? one : many);

  function completion(row, weeks, closes) {
    const { words } = Portal;
    const { matured_count: matured, activated_count: activated, maturing_count: started } = row;
    if (!matured) {
      const verb = plural(started, "attempt is under way", "attempts are under way");
      const first = closes ? `; the first window closes on ${closes}` : "";
      return ["Too early for a completion rate", `: ${words.count(started)} ${verb}${first}.`];
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

  function write(slice, tables, found, isWhole, closes) {
    const funnel = tables.rpt_funnels[0];
    each(slice, "[data-table]:not([data-said] *)", (place) => {
      const row = rowOf(found, place);
      if (!row || place.closest("[data-whole]")) return;
      place.textContent = Portal.words[place.dataset.format](...place.dataset.column.split(" ").map((name) => row[name]));
    });
    each(slice, "[data-few]", (place) => {
      const row = rowOf(found, place.querySelector("[data-table]"));
      if (row) place.classList.toggle("faint", row.matured_count < FEW);
    });
    each(slice, "[data-whole]", (place) => (place.hidden = !isWhole));
    const said = { stuck: stuck(funnel), outcomes: outcomes(funnel) };
    said.completion = completion(funnel, tables.rpt_weeks, isWhole && closes);
    said.loss = largestLoss(tables.rpt_funnel_steps.find((step) => step.is_largest_drop_off));
    each(slice, "[data-said]", (place) => say(place, said[place.dataset.said]));
    each(slice, "[data-verdict]", (place) => {
      const row = rowOf(found, place.querySelector("[data-table]"));
      place.hidden = !row;
      if (row) place.dataset.verdict = row.verdict;
    });
    const isCompared = tables.rpt_activation_curve.some((row) => row.current_share !== null);
    each(slice, "[data-periods]", (place) => (place.hidden = !isCompared));
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
      trend: charts.trend(tables.rpt_weeks, data.running, data.tables.dim_notes),
      providers: charts.providers(tables.rpt_providers, average(summed(tables.rpt_providers))),
    };
  }

  // --- The page

  class Page {
    constructor(data, looks) {
      Object.assign(this, { data, looks, tables: data.tables });
      this.slice = document.getElementById("slice");
      this.form = document.getElementById("filters");
      // A day in the reporting time zone, of all attempts: the one thing that cannot be counted anew.
      this.closes = this.slice.querySelector("[data-column=next_maturity_at]")?.textContent;
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
      write(this.slice, this.tables, addressed(this.tables, this.data.about.funnel_id), isWhole, this.closes);
      const isChosen = new Uint8Array(all);
      for (const row of rows) isChosen[row] = 1;
      each(this.slice, "tr[data-entry]", (line) => line.toggleAttribute("data-off", !isChosen[line.dataset.entry]));
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

  Portal.funnel = { start };
})();
