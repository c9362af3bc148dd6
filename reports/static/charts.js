// Points of the charts: the figures that Python made (axes, looks) filled from rows of the page's tables.
// Belongs here: arrays, ranges, labels on a chart. Does not belong here: counting (counting.js) or colours (templates).
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});

  const MINUTE = 60e6;
  const DAY = 864e5;
  const MOST_PROVIDERS = 12;
  const LONGEST_LABEL = 40;
  const ROW_HEIGHT = 44;
  const { FEW, words } = Portal;

  const round = (value) => (value === null ? null : Math.round(value * 1e6) / 1e6);
  // Plotly reads a little HTML in labels.
  const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const around = (x, lower, upper) => ({
    x: [...x, ...x.toReversed()],
    y: [...upper.map(round), ...lower.map(round).toReversed()],
  });

  // From zero to the next fifth.
  function rateAxis(values) {
    const highest = Math.max(0, ...values.filter((value) => value !== null));
    const top = highest > 0 ? Math.ceil(highest * 5) / 5 : 1;
    return { range: [0, top * 1.02], dtick: top > 0.6 ? 0.2 : 0.1 };
  }

  // Share activated against time, on a log axis; `quantiles` name the median and the 90th percent. Over it the shares of
  // this period and the one before.
  function curve(rows, quantiles) {
    const drawn = rows.filter((row) => row.activated_share !== null);
    const bounded = rows.filter((row) => row.activated_lower !== null);
    const marks = quantiles.filter((row) => [0.5, 0.9].includes(row.quantile) && row.time_us);
    if (!quantiles.some((row) => row.completer_count)) return null;
    const line = [
      ...drawn.map((row) => [row.at_us, row.activated_share]),
      ...marks.map((row) => [row.time_us, row.quantile]),
    ].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    return {
      data: [
        { x: line.map(([at]) => at / MINUTE), y: line.map(([, share]) => round(share)) },
        {
          x: marks.map((row) => row.time_us / MINUTE),
          y: marks.map((row) => row.quantile),
        },
        around(
          bounded.map((row) => row.at_us / MINUTE),
          bounded.map((row) => row.activated_lower),
          bounded.map((row) => row.activated_upper),
        ),
        shares(rows, "current_share"),
        shares(rows, "previous_share"),
      ],
      layout: {
        yaxis: rateAxis([...drawn.map((row) => row.activated_share), ...bounded.map((row) => row.activated_upper)]),
        annotations: marks.map(({ quantile, time_us }) => ({
          text: `${words.rate(quantile)} within ${words.duration(time_us)}`,
          x: Math.log10(time_us / MINUTE), // of a log axis Plotly wants the exponent here
          y: quantile,
          xanchor: "right",
          yanchor: "bottom",
          xshift: -8,
          yshift: 4,
        })),
      },
    };
  }

  function shares(rows, name) {
    const known = rows.filter((row) => row[name] !== null);
    return { x: known.map((row) => row.at_us / MINUTE), y: known.map((row) => round(row[name])) };
  }

  const shifted = (day, days) => new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);
  const soFar = (row) => (row.activated_count + row.early_activated_count) / row.entrant_count;

  // Completion by entry week: closed weeks solid, open ones hollow, dotted and shaded; weeks with few are small.
  function trend(rows, running, notes) {
    const weeks = rows.filter((row) => row.entrant_count && row.entry_week < running);
    if (!weeks.length) return null;
    const closed = weeks.filter((row) => row.is_matured);
    const open = weeks.filter((row) => !row.is_matured);
    // The dotted line starts at the last closed week, so that the two lines meet; its dot stays the solid one.
    const last = open.length ? closed.slice(-1) : [];
    const step = Math.max(1, Math.ceil(weeks.length / 6));
    const ticks = weeks.filter((_, place) => place % step === 0).map((row) => row.entry_week);
    const days = (some) => some.map((row) => row.entry_week);
    return {
      data: [
        {
          x: days(closed),
          y: closed.map((row) => round(row.conversion_rate)),
          marker: { size: closed.map((row) => (row.matured_count < FEW ? 5 : 10)) },
        },
        {
          x: days([...last, ...open]),
          y: [...last.map((row) => round(row.conversion_rate)), ...open.map((row) => round(soFar(row)))],
          marker: { size: [...last.map(() => 0), ...open.map(() => 10)] },
        },
        around(
          days(closed),
          closed.map((row) => row.conversion_lower),
          closed.map((row) => row.conversion_upper),
        ),
      ],
      layout: {
        xaxis: {
          range: [shifted(weeks[0].entry_week, -4), shifted(weeks.at(-1).entry_week, 4)],
          tickvals: ticks,
          ticktext: ticks.map(words.day),
        },
        yaxis: rateAxis([...closed.map((row) => row.conversion_upper), ...open.map(soFar)]),
        ...marked(shade(days(open)), notes, weeks),
      },
    };
  }

  function shade(weeks) {
    if (!weeks.length) return { shapes: [], annotations: [] };
    const note = { text: "still open: can only rise", x: 1, xref: "paper", xanchor: "right" };
    const over = { x0: shifted(weeks[0], -3), x1: shifted(weeks.at(-1), 4), y0: 0, y1: 1, yref: "paper" };
    return {
      shapes: [{ type: "rect", ...over, line: { width: 0 } }],
      annotations: [{ ...note, y: 1, yref: "paper", yanchor: "bottom" }],
    };
  }

  // A line for each note between the first week and the last, with its number in the list beneath the chart.
  function marked({ shapes, annotations }, notes, weeks) {
    const [from, to] = [shifted(weeks[0].entry_week, -4), shifted(weeks.at(-1).entry_week, 4)];
    const numbered = notes
      .map(({ noted_on }, place) => ({ x: noted_on, text: String(place + 1) }))
      .filter(({ x }) => from <= x && x <= to);
    const line = ({ x }) => ({ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper" });
    const label = (mark) => ({ ...mark, y: 0, yref: "paper", yanchor: "bottom", xanchor: "left", xshift: 3 });
    return { shapes: [...shapes, ...numbered.map(line)], annotations: [...annotations, ...numbered.map(label)] };
  }

  // Completion rate with its 95 % range, one line a provider, most attempts first; hollow under 20 attempts.
  function providers(rows, average) {
    const drawn = rows
      .filter((row) => row.matured_count)
      .sort((one, other) => other.entrant_count - one.entrant_count || (one.provider < other.provider ? -1 : 1))
      .slice(0, MOST_PROVIDERS)
      .map((row, place) => ({ ...row, place: place + 0.16 }));
    if (!drawn.length) return null;
    const dots = (some) => ({
      x: some.map((row) => round(row.conversion_rate)),
      y: some.map((row) => row.place),
      error_x: {
        type: "data",
        symmetric: false,
        array: some.map((row) => round(row.conversion_upper - row.conversion_rate)),
        arrayminus: some.map((row) => round(row.conversion_rate - row.conversion_lower)),
      },
    });
    const names = drawn.map((row) => nameAbove(row.place - 0.38, row.provider));
    return {
      data: [
        dots(drawn.filter((row) => row.matured_count >= FEW)),
        dots(drawn.filter((row) => row.matured_count < FEW)),
      ],
      layout: {
        height: 72 + ROW_HEIGHT * drawn.length,
        yaxis: { range: [drawn.length - 0.5, -0.5], tickvals: drawn.map((row) => row.place) },
        ...averageMarks(average, names),
      },
    };
  }

  function nameAbove(y, name) {
    const shown = words.name(name);
    const cut = shown.length <= LONGEST_LABEL ? shown : `${shown.slice(0, LONGEST_LABEL - 1)}…`;
    return { text: escape(cut), x: 0, xanchor: "left", y };
  }

  function averageMarks(average, names) {
    if (average === null) return { shapes: [], annotations: names };
    const line = { type: "line", x0: average, x1: average, y0: 0, y1: 1, yref: "paper" };
    const note = { text: `all ${words.rate(average)}`, x: average, y: 1, yref: "paper", yanchor: "bottom" };
    return { shapes: [line], annotations: [...names, note] };
  }

  const config = {
    displayModeBar: false,
    displaylogo: false,
    showSendToCloud: false,
    responsive: true,
    scrollZoom: false,
    doubleClick: false,
  };

  // A figure of Python's with the points laid over it, trace by trace and axis by axis.
  function merged(figure, points) {
    const layout = { ...figure.layout, ...points.layout };
    for (const axis of ["xaxis", "yaxis"]) layout[axis] = { ...figure.layout[axis], ...points.layout[axis] };
    return { data: figure.data.map((trace, place) => ({ ...trace, ...points.data[place] })), layout };
  }

  // Draws into `place`, or hides its figure when there is nothing to draw.
  function draw(place, figure, points, template) {
    place.closest("figure").hidden = points === null;
    if (points === null) return Promise.resolve();
    const { data, layout } = merged(figure, points);
    const { height, ...rest } = layout;
    // The place has the height, and gives width and height at each drawing: a chart with a size of its own would not
    // follow the window, and one that follows the window alone would be cut off on paper.
    place.style.height = place.style.minHeight = height ? `${height}px` : "";
    return Plotly.react(place, data, { ...rest, template, width: place.clientWidth || undefined }, config);
  }

  Portal.charts = { curve, trend, providers, draw };
})();
