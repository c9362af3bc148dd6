"""The page's own JavaScript and Python say the same: every format, interval, quantile and survival curve."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, timedelta
from itertools import chain, product
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.pages.formats import FORMATS, formatters
from pipelines.statistics.intervals import newcombe_bounds, wilson_bounds
from pipelines.statistics.quantiles import PERCENTS, exact_quantile
from pipelines.statistics.survival import curve_at, quantile_times, survival_curve

STATIC = Path(__file__).parents[2] / "reports" / "static"
FAR = {"timezone_id": "Pacific/Auckland", "locale": "de-DE"}  # where days and decimal points are others
PYTHON = formatters(UTC)
SEED = 20_261_122
RANDOM_CASES = 200
ALL_PERCENTS = (*PERCENTS, 1, 10, 33, 99)
BY = ["group"]
NEAR = 1e-12
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
YEARS = 30 * 365 * DAY

# JSON both ways, so that floats arrive bit by bit; JSON would make NaN a null, which here means something else.
TELL = "(json) => JSON.stringify(answer(JSON.parse(json)), (_, value) => (Number.isNaN(value) ? 'NaN' : value))"
EACH = "(calls) => calls.map(([room, name, args]) => Portal[room][name](...args))"
CURVES = """(cases) => cases.map(({ times, events, points, percents }, number) => {
    const typed = number % 2 ? [times, events] : [Float64Array.from(times), Uint8Array.from(events)];
    const curve = Portal.statistics.survivalCurve(...typed);
    const quantiles = percents.map((percent) => Portal.statistics.quantileTimes(curve, percent));
    const alone = percents.map((percent) => Portal.statistics.quantileTime(...typed, percent));
    return { curve, quantiles, alone, levels: Portal.statistics.curveAt(curve, points) };
})"""
STOPWATCH = """({ size, repeats }) => {
    let state = 1;
    const next = () => (state = (state * 48_271) % 2_147_483_647);
    const times = Float64Array.from({ length: size }, () => next() * 4_000);
    const events = Uint8Array.from({ length: size }, () => next() % 2);
    const fastest = (work) => Math.min(...Array.from({ length: repeats }, () => {
        const start = performance.now();
        work();
        return performance.now() - start;
    }));
    return [() => times.toSorted(), () => Portal.statistics.survivalCurve(times, events)].map(fastest);
}"""

Told = Callable[[str, Any], Any]
Arguments = tuple[Any, ...]


@pytest.fixture(scope="module")
def told(browser: Any) -> Iterator[Told]:
    """What a JavaScript function answers to cases, in an empty page with the two scripts and nothing else."""
    context = browser.new_context(offline=True, **FAR)
    page = context.new_page()
    for script in ("words.js", "statistics.js"):
        page.evaluate((STATIC / script).read_text(encoding="utf-8"))
    yield lambda answer, cases: json.loads(
        page.evaluate(TELL.replace("answer", f"({answer})"), json.dumps(cases, default=str))
    )
    context.close()


@pytest.fixture
def chance() -> random.Random:
    """The same random cases each time; shown when a test fails."""
    print(f"seed {SEED}")
    return random.Random(SEED)


def called(told: Told, room: str, name: str, cases: Iterable[Arguments]) -> list[Any]:
    answers: list[Any] = told(EACH, [(room, name, arguments) for arguments in cases])
    return answers


# --- words


def around(*values: int) -> list[int]:
    return [value + step for value in values for step in (-1, 0, 1)]


SOME_COUNTS = [0, 1, 12, 999, 3_581, *around(1_000, 100_000, 100_500, 999_500, 1_000_000, 100_000_000, 100_500_000)]
COUNTS = [*SOME_COUNTS, -1_234, -123_456, 123_456_789_012_345]
RATES = [0.0, 5e-324, 1e-9, 0.0095, 0.00999, 0.009999999999, 0.01, 0.01049, 0.0105, 0.0704, 0.0949, 0.095, 0.0994]
RATES += [0.0995, 0.09949999999999999, 0.0996, 0.1, 0.104999, 0.105, 0.125, 0.285, 0.29, 0.495, 0.5, 0.984999, 0.985]
RATES += [0.989999, 0.99, 0.990000001, 0.995, 0.9999, 1 - 2**-53, 1.0, 1.005, 1.5, 12.345, -0.0004, -0.005, -0.3, -1.0]
PERCENTAGES = [0.0, 0.004, 0.005, 0.125, 0.375, 0.625, 0.875, 1.005, 12.125, 12.5, 37.4, 37.375, 62.625, 99.995, 100.0]
PERCENTAGES += [-0.001, -0.125, -0.375, 1234.5, 0.12500000000000003, 0.12499999999999999]
UNITS = (SECOND, MINUTE, HOUR, DAY)
TURNS = (95, 105, 994, 995, 1_005, 2_350, 2_395, 5_950, 5_995, 99_950, 123_400)  # hundredths of a unit
DURATIONS = around(0, 499_999, 500_000, *UNITS, YEARS, *(turn * unit // 100 for turn in TURNS for unit in UNITS))
DURATIONS += [-700_000, -90 * SECOND]
DATES = [date(2026, 11, 22), date(2026, 1, 1), date(2024, 2, 29), date(2025, 12, 31), date(1999, 9, 9), date(987, 6, 5)]
LETTERS = [*"aZ9 ,.%<>&\"'\\=", "é", "ß", "中", "א", "😀", "👩🏽", "\u0301", "\u2028", "\ufeff", "\t", "\n", "\r"]
LETTERS += "\0\x08\x0b\x1b\x1f\x7f\x85\x9f\xa0\u202a\u202e\u2066\u2069"
NAMES = ["", "a", "Okta", "</script><script>alert(1)</script>", "a.b,c", ",", "x" * 199, "x" * 200, "x" * 201]
NAMES += ["😀" * 200, "😀" * 201, "x" * 199 + "\x1b", "x" * 197 + "\x1b", "$&$1", *LETTERS]


def number(chance: random.Random) -> int:
    """Of any size up to a hundred billion; small ones as often as large ones."""
    return int(10 ** chance.uniform(0, 11)) - 1


def ratio(chance: random.Random) -> float:
    """Anywhere, tiny, near 1, a fraction of two counts, or with a digit at which rounding turns."""
    whole = chance.randint(1, 400)
    small = 10 ** chance.uniform(-9, 0)
    return chance.choice((chance.random(), small, 1 - small, chance.randint(0, whole) / whole, whole * 5 / 2_000))


def microseconds(chance: random.Random) -> int:
    """Of any size up to thirty years, half of them where a digit turns."""
    unit = chance.choice(UNITS)
    return chance.choice((int(10 ** chance.uniform(0, 15)), chance.randint(0, 2_000) * unit // 20))


def few(chance: random.Random) -> int:
    """A number of attempts, as often too few for a rate as not."""
    return chance.choice((0, chance.randint(0, 40), number(chance)))


def difference(chance: random.Random) -> float:
    """Of two shares, down to less than a tenth of a point."""
    return chance.choice((-1, 1)) * ratio(chance)


def some_date(chance: random.Random) -> date:
    return date(2000, 1, 1) + timedelta(days=chance.randint(0, 20_000))


def text(chance: random.Random) -> str:
    return "".join(chance.choices(LETTERS, k=chance.choice((3, 30, 198, 250))))


def pairs(values: Sequence[Any]) -> list[Arguments]:
    """Some twenty of the values with each other."""
    return list(product(values[:: max(1, len(values) // 20)], repeat=2))


def each(*values: Sequence[Any]) -> list[Arguments]:
    return list(product(*values))


def singles(*values: Any) -> list[Arguments]:
    return [(value,) for value in values]


FEWS = [0, 1, 19, 20, 21, 123_456]
LEVELS = [None, 0.0, 0.0095, 0.37, 1.0]
GAPS = [None, -1.0, -0.0515, -0.00049, -0.0, 0.0, 0.0003, 0.00049999, 0.0005, 0.00995, 0.5, 1.0]
VERDICTS = ["too few", "no full period before", "higher", "lower", "no clear change"]

# Format: edge cases, and how each argument of a random case is made.
CASES: dict[str, tuple[list[Arguments], list[Callable[[random.Random], Any]]]] = {
    "count": (singles(None, *COUNTS), [number]),
    "exact": (singles(*COUNTS), [number]),
    "total": ([(), (None,), (None, None), (2, None, 3), *pairs(COUNTS)], [number, number, number]),
    "recorded": (singles(None, *COUNTS), [number]),
    "fraction": ([(0, 0), (None, 7), *pairs(COUNTS)], [number, number]),
    "so_far": ([(0, 0, 0), (3, 4, 20), (99_999, 1, None)], [number, number, number]),
    "rate": (singles(None, *RATES), [ratio]),
    "share": ([(1, 0), (0, 0), (1, None), *pairs(SOME_COUNTS)], [number, number]),
    "interval": ([(None, None), (None, 0.5), (0.5, None), *pairs(RATES)], [ratio, ratio]),
    "percent": (singles(None, *PERCENTAGES), [lambda chance: chance.choice((100 * ratio(chance), number(chance) / 8))]),
    "completion": (each([0, 3], FEWS, LEVELS), [number, few, ratio]),
    "basis": (each(LEVELS, LEVELS, [0, 3], FEWS), [ratio, ratio, number, few]),
    "measured": (each([None, 0, 3], [None, *FEWS], LEVELS), [number, few, ratio]),
    "sure": (each(LEVELS, FEWS), [ratio, few]),
    "lost": (each([None, 0, 680], LEVELS, FEWS), [number, ratio, few]),
    "own": (each([None, *FEWS], [None, *FEWS]), [few, few]),
    "points": (each(GAPS, [None, 0.09]), [difference, difference]),
    "change": (
        each(GAPS, GAPS, [None, 0.09], VERDICTS),
        [*[difference] * 3, lambda chance: chance.choice(VERDICTS)],
    ),
    "duration": (singles(None, 0.5, 45.5 * SECOND, 1e6 / 3, *DURATIONS), [microseconds]),
    "reached_time": (singles(None, *DURATIONS), [microseconds]),
    "time_interval": ([(None, None), (None, DAY), (DAY, None), *pairs(DURATIONS)], [microseconds, microseconds]),
    "day": (singles(None, *DATES), [some_date]),
    "full_date": (singles(None, *DATES), [some_date]),
    "name": (singles(None, *NAMES), [text]),
    "listed": (singles(*NAMES), [text]),
}


def test_script_knows_the_formats_of_python(told: Told) -> None:
    """The script has formats of Python's names only, and each of them is compared below."""
    names = told("() => Object.keys(Portal.words)", None)
    assert set(names) == set(CASES)
    assert set(names) <= set(FORMATS)


@pytest.mark.parametrize("form", CASES)
def test_script_writes_what_python_writes(told: Told, chance: random.Random, form: str) -> None:
    """A number, time or name looks the same, whichever of the two wrote it, in any time zone and locale."""
    edges, makers = CASES[form]
    cases = [*edges, *(tuple(make(chance) for make in makers) for _ in range(RANDOM_CASES))]
    written = dict(zip(map(repr, cases), called(told, "words", form, cases), strict=True))
    assert written == {repr(case): PYTHON[form](*case) for case in cases}


# --- statistics


def share_of(chance: random.Random) -> tuple[int, int]:
    whole = int(10 ** chance.uniform(0, 6))
    return chance.choice((0, whole, chance.randint(0, whole), min(whole, chance.randint(0, 5)))), whole


EDGE_SHARES: list[Arguments] = [(0, 0), (None, 5), (0, 1), (1, 1), (0, 20), (20, 20), (1, 10**9), (10**9 - 1, 10**9)]


def test_script_wilson_bounds_are_those_of_python(told: Told, chance: random.Random) -> None:
    """The interval of a share is the same to the last bit; that of no success begins at exactly 0."""
    cases = [*EDGE_SHARES, *(share_of(chance) for _ in range(RANDOM_CASES))]
    frame = pl.DataFrame(cases, schema={"part": pl.Int64, "whole": pl.Int64}, orient="row")
    lower, upper = wilson_bounds(pl.col("part"), pl.col("whole"))
    answers = called(told, "statistics", "wilson", cases)
    assert answers == rows_or_none(frame.select(lower=lower, upper=upper))
    assert [answers[0], answers[3][1], answers[4][0]] == [None, 1, 0]


def test_script_newcombe_bounds_are_those_of_python(told: Told, chance: random.Random) -> None:
    """The interval of a difference of two shares is the same to the last bit, and null where a share is."""
    cases = [(*one, *other) for one, other in product(EDGE_SHARES, repeat=2)]
    cases += [(*share_of(chance), *share_of(chance)) for _ in range(RANDOM_CASES)]
    frame = pl.DataFrame(cases, schema=dict.fromkeys("anbm", pl.Int64), orient="row")
    lower, upper = newcombe_bounds(*(pl.col(column) for column in "anbm"))
    answers = called(told, "statistics", "newcombe", cases)
    assert answers == rows_or_none(frame.select(lower=lower, upper=upper))


def rows_or_none(frame: pl.DataFrame) -> list[list[float] | None]:
    return [None if row[0] is None else list(row) for row in frame.rows()]


def test_script_quantiles_are_those_of_python(told: Told, chance: random.Random) -> None:
    """A quantile is the same whole number of microseconds, of ties, of halves and of gaps of many years too."""
    lists: list[list[int]] = [[], [0], [7], [0, 0, 0], [0, 1], [1, 2, 2], [0, YEARS], [0, 9 * 10**15], [3, 10**15 + 3]]
    for _ in range(RANDOM_CASES):
        ceiling = chance.choice((3, 100, DAY, YEARS))
        lists.append([chance.randint(0, ceiling) for _ in range(chance.randint(1, 40))])
    quantiles = [exact_quantile(pl.col("us"), percent).alias(str(percent)) for percent in ALL_PERCENTS]
    frame = pl.DataFrame({"us": lists}, schema={"us": pl.List(pl.Int64)}).with_row_index("group")
    entries = frame.explode("us", empty_as_null=True)
    expected = entries.group_by("group").agg(quantiles).sort("group").drop("group").rows()
    cases = [(sorted(values), percent) for values in lists for percent in ALL_PERCENTS]
    answers = called(told, "statistics", "quantile", cases)
    assert dict(zip(map(repr, cases), answers, strict=True)) == dict(
        zip(map(repr, cases), chain(*expected), strict=True)
    )


Observed = list[tuple[int, bool]]
EDGE_CURVES: dict[str, Observed] = {
    "nobody": [],
    "one event": [(5, True)],
    "one censored": [(5, False)],
    "an event at once": [(0, True)],
    "all censored": [(time, False) for time in (1, 2, 2, 9)],
    "all events at once": [(7, True)] * 10,
    "all events": [(time, True) for time in range(12)],
    "only zeros": [(0, True), (0, True), (0, False)],
    "zeros and later": [(0, True), (0, False), (3, True), (3, False)],
    "last one censored": [(1, True), (2, True), (2, False)],
    "last one ends": [(1, False), (2, True)],
    "nine of ten, one by one": [(time, True) for time in range(1, 10)] + [(10, False)],
    "halves": [(time, time % 2 == 1) for time in range(40)],
    "late": [(10**15, True), (10**15 + 1, False), (10**15 + 1, True), (10**15 + 3, True)],
    "ten thousand": [(time * time % 9_973, time % 3 > 0) for time in range(10_000)],
}


def observed(chance: random.Random) -> Observed:
    """A few times for many entries, or nearly one for each; some without any event or any end."""
    ceiling, share = chance.choice((2, 6, 30, DAY, YEARS)), chance.choice((0, 0.1, 0.5, 0.9, 1))
    return [(chance.randint(0, ceiling), chance.random() < share) for _ in range(chance.randint(1, 80))]


def points_of(entries: Observed, chance: random.Random) -> list[int]:
    """Before, at, between and after the observed times."""
    times = [time for time, _ in entries] or [0]
    chosen = chance.sample(times, min(5, len(times)))
    ends = (0, min(times), max(times), max(times) + 1, max(times) // 2)
    return sorted({*ends, *around(*chosen)} - {-1})


@pytest.fixture
def groups(chance: random.Random) -> list[Observed]:
    """The entries of each curve: the edges first, then random ones."""
    return [*EDGE_CURVES.values(), *(observed(chance) for _ in range(RANDOM_CASES))]


@pytest.fixture
def points(groups: list[Observed], chance: random.Random) -> list[list[int]]:
    """The times at which each curve is read."""
    return [points_of(entries, chance) for entries in groups]


@pytest.fixture
def answers(told: Told, groups: list[Observed], points: list[list[int]]) -> list[Any]:
    """Curve, quantiles and levels of each group, from the script."""
    cases = [
        {"times": [time for time, _ in entries], "events": [event for _, event in entries], "points": at}
        for entries, at in zip(groups, points, strict=True)
    ]
    told_cases: list[Any] = told(CURVES, [case | {"percents": ALL_PERCENTS} for case in cases])
    return told_cases


@pytest.fixture
def curves(groups: list[Observed]) -> pl.DataFrame:
    """Python's curves of all groups."""
    rows = [(group, *entry) for group, entries in enumerate(groups) for entry in entries]
    schema = {"group": pl.Int64, "observed_us": pl.Int64, "is_event": pl.Boolean}
    return survival_curve(pl.DataFrame(rows, schema=schema, orient="row"), BY)


def by_group(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return list(frame.sort("group", maintain_order=True).select("group", *columns).rows())


def assert_near(seen: Sequence[tuple[Any, ...]], expected: Sequence[tuple[Any, ...]]) -> None:
    """Whole numbers and nulls are equal, floats within `NEAR`: exp, log and pow may differ in the last bit."""
    assert len(seen) == len(expected)
    different = [pair for pair in zip(seen, expected, strict=True) if pair[0] != pair[1]]
    for one, other in different:
        assert one == pytest.approx(other, rel=0, abs=NEAR), f"seed {SEED}"
    print(f"{len(expected) - len(different)} of {len(expected)} rows are equal to the last bit")


def test_script_survival_curves_are_those_of_python(answers: list[Any], curves: pl.DataFrame) -> None:
    """The curve, those at risk and both bounds are the same at every observed time of every group."""
    names = ("at", "atRisk", "survival", "lower", "upper")
    seen = [
        (group, *row)
        for group, answer in enumerate(answers)
        for row in zip(*(answer["curve"][name] for name in names), strict=True)
    ]
    columns = ("observed_us", "at_risk_count", "survival", "survival_lower", "survival_upper")
    expected = by_group(curves, *columns)
    assert [row[:4] for row in seen] == [row[:4] for row in expected]
    assert_near(seen, expected)


def test_script_quantile_times_are_those_of_python(answers: list[Any], curves: pl.DataFrame) -> None:
    """The time by which a share is activated, and its bounds, are the same microsecond or both not reached.

    So is the time for which alone no curve is made.
    """
    seen = [
        (group, percent / 100, times["time"], times["lower"], times["upper"])
        for group, answer in enumerate(answers)
        for percent, times in zip(ALL_PERCENTS, answer["quantiles"], strict=True)
        if answer["curve"]["at"]
    ]
    expected = quantile_times(curves, BY, ALL_PERCENTS)
    assert sorted(seen) == by_group(expected, "quantile", "time_us", "time_lower_us", "time_upper_us")
    assert set(answers[0]["quantiles"][0].values()) == {None}
    assert all(answer["alone"] == [times["time"] for times in answer["quantiles"]] for answer in answers)


def test_script_levels_are_those_of_python(answers: list[Any], curves: pl.DataFrame, points: list[list[int]]) -> None:
    """Before, at, between and after the observed times, a curve is read alike and unknown alike."""
    names = ("survival", "lower", "upper", "atRisk")
    seen = [
        (group, at, *(level[name] for name in names))
        for group, answer in enumerate(answers)
        for at, level in zip(points[group], answer["levels"], strict=True)
    ]
    asked = [(group, at) for group, times in enumerate(points) for at in times]
    frame = pl.DataFrame(asked, schema={"group": pl.Int64, "at_us": pl.Int64}, orient="row")
    levels = curve_at(curves, frame, BY)
    assert_near(seen, by_group(levels, "at_us", "survival", "survival_lower", "survival_upper", "at_risk_count"))


def test_script_curve_costs_little_more_than_sorting(told: Told) -> None:
    """A curve of 100,000 entries takes a few times as long as the sorting of their times, on a machine of any speed."""
    sorting, curve = told(STOPWATCH, {"size": 100_000, "repeats": 9})
    print(f"100,000 entries: sorted in {sorting:.1f} ms, curve in {curve:.1f} ms")
    assert curve < 15 * sorting
