// How one number, time or name looks: the twin of pipelines/pages/formats.py, with the same names, arguments and texts.
// Value in, text out. Missing values are null, dates are ISO strings. No HTML, and neither `Date` nor a locale: those
// would answer differently on each machine.
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});

  const FEW = (Portal.FEW = 20); // under so many attempts a page shows counts and a greyed interval, no rate
  const NONE = "-";
  const LONGEST_NAME = 200;
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const UNITS = [
    [1_000_000, 60, "s"],
    [60_000_000, 60, "min"],
    [3_600_000_000, 24, "h"],
    [86_400_000_000, Infinity, "days"],
  ];
  const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

  const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

  function count(value) {
    if (value == null) return NONE;
    for (const [size, unit] of [[1_000_000, " m"], [1_000, " k"]]) {
      if (value >= 100 * size) return grouped(Math.floor((value + size / 2) / size)) + unit;
    }
    return grouped(value);
  }

  const total = (...values) => count(values.reduce((sum, value) => sum + (value ?? 0), 0));
  const recorded = (value) => (value == null ? "not recorded" : count(value));
  const fraction = (part, whole) => `${count(part)} of ${count(whole)}`;
  const so_far = (activated, early, whole) => `${count(activated + early)} of ${count(whole)} so far`;

  function rate(value) {
    if (value == null) return NONE;
    if (0 < value && value < 0.01) return "<1%";
    if (0.99 < value && value < 1) return ">99%";
    const tenths = Math.floor(value * 1000 + 0.5) / 10;
    return 0 < tenths && tenths < 10 ? `${tenths.toFixed(1)}%` : `${Math.floor(value * 100 + 0.5)}%`;
  }

  const share = (part, whole) => (whole ? rate(part / whole) : NONE);
  const interval = (lower, upper) => (lower == null || upper == null ? NONE : `${rate(lower)} to ${rate(upper)}`);

  function completion(activated, matured, value) {
    if (matured === 0) return "too early";
    return matured < FEW ? fraction(activated, matured) : rate(value);
  }

  function basis(lower, upper, activated, matured) {
    if (matured === 0) return "no attempt is matured yet";
    return `${interval(lower, upper)} · ${matured < FEW ? "too few for a rate" : fraction(activated, matured)}`;
  }

  function measured(activated, matured, value) {
    if (activated == null || !matured) return NONE;
    const part = fraction(activated, matured);
    return matured < FEW ? part : `${rate(value)} (${part})`;
  }

  function sure(value, matured) {
    if (matured < FEW) return matured ? "too few" : "too early";
    return rate(value);
  }

  function lost(number, value, matured) {
    const bracket = number == null || value == null || matured < FEW ? "" : ` (${rate(value)})`;
    return `${number == null ? NONE : count(number)}${bracket}`;
  }

  function own(recordedCount, reachedCount) {
    const isSame = recordedCount == null || reachedCount == null || recordedCount >= reachedCount;
    return isSame ? "" : `${count(recordedCount)} recorded`;
  }

  function signed(difference) {
    const tenths = Math.floor(Math.abs(difference) * 1000 + 0.5);
    return `${difference < 0 ? "\u2212" : "+"}${Math.floor(tenths / 10)}.${tenths % 10}`;
  }

  const points = (lower, upper) => (lower == null || upper == null ? NONE : `${signed(lower)} to ${signed(upper)} points`);

  function change(difference, lower, upper, verdict) {
    if (difference == null || lower == null || upper == null || ["too few", "no full period before"].includes(verdict)) {
      return verdict === "too few" ? "too few to compare" : "no full period before";
    }
    const bounds = `(${points(lower, upper)})`;
    if (verdict === "no clear change") return `${verdict} ${bounds}`;
    return `${verdict === "higher" ? "up" : "down"} ${signed(Math.abs(difference)).slice(1)} points ${bounds}`;
  }

  function percent(value) {
    if (value == null) return NONE;
    // Python's `.2f` takes exact halves to the even digit, `toFixed` away from 0. Only eighths can be such halves, and
    // of them 1/8 and 5/8 have the even digit below.
    const even = (Math.abs(value) * 8) % 4 === 1 ? value - Math.sign(value) / 1000 : value;
    return `${even.toFixed(2)}%`;
  }

  function rounded(value, decimals) {
    const tenths = Math.floor(value * 10 + 0.5) / 10;
    return decimals && tenths < 10 ? tenths : Math.floor(value + 0.5);
  }

  function duration(us) {
    if (us == null) return NONE;
    if (0 < us && us < 500_000) return "<1 s";
    for (const [size, limit, unit] of UNITS) {
      const amount = rounded(us / size, unit !== "s");
      if (amount < limit) return amount === 1 && unit === "days" ? "1 day" : `${grouped(amount)} ${unit}`;
    }
  }

  const reached_time = (us) => (us == null ? "not reached" : duration(us));

  function time_interval(lower, upper) {
    if (lower == null) return NONE;
    return upper == null ? `${duration(lower)} or longer` : `${duration(lower)} to ${duration(upper)}`;
  }

  function day(value) {
    if (value == null) return NONE;
    const [, month, number] = value.split("-").map(Number);
    return `${number} ${MONTHS[month - 1]}`;
  }

  const full_date = (value) => (value == null ? NONE : `${day(value)} ${Number(value.split("-")[0])}`);

  function escaped(control) {
    const hex = control.charCodeAt(0).toString(16);
    return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
  }

  function name(value) {
    if (!value) return NONE;
    const characters = [...value.replace(CONTROLS, escaped)]; // whole ones, as Python counts: an emoji is one
    if (characters.length <= LONGEST_NAME) return characters.join("");
    return characters.slice(0, LONGEST_NAME - 1).join("") + "…";
  }

  const listed = (value) => name(value.replaceAll(",", ", "));

  const counts = { count, exact: grouped, total, recorded, fraction, so_far };
  const shares = { rate, share, interval, percent, completion, basis, measured, sure, lost, own, points, change };
  const times = { duration, reached_time, time_interval, day, full_date };
  Portal.words = { ...counts, ...shares, ...times, name, listed };
})();
