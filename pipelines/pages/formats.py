"""How one number, time or name looks on a page, with `FORMATS` as the register of them all.

Belongs here: value in, text out, the same on every machine and in every locale. No tables, no HTML.
Rounding is half up (`floor(x + 0.5)`), the rule of JavaScript's `Math.round`, so that both write the same text.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from functools import partial
from math import floor, inf

NONE = "-"
MINUS = "\u2212"
FEW = 20
"""Under this many attempts a page shows counts and a greyed interval, no rate."""
LONGEST_NAME = 200
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS: tuple[tuple[int, float, str], ...] = (
    (1_000_000, 60, "s"),
    (60_000_000, 60, "min"),
    (3_600_000_000, 24, "h"),
    (86_400_000_000, inf, "days"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Without a shape of their own; those from U+202A on turn the direction of what follows."""


def count(value: int | None) -> str:
    """`3,581`; from 100,000 in thousands (`128 k`), from 100 million in millions."""
    if value is None:
        return NONE
    for size, unit in ((1_000_000, " m"), (1_000, " k")):
        if value >= 100 * size:
            return f"{(value + size // 2) // size:,}{unit}"
    return f"{value:,}"


def exact(value: int) -> str:
    """`128,345`: for books that must add up."""
    return f"{value:,}"


def total(*values: int | None) -> str:
    """Several counts as one."""
    return count(sum(value or 0 for value in values))


def recorded(value: int | None) -> str:
    """A count of a step; None means that no event for the step was ever received."""
    return "not recorded" if value is None else count(value)


def fraction(part: int, whole: int) -> str:
    """`3 of 7`: what is shown where there are too few attempts for a rate."""
    return f"{count(part)} of {count(whole)}"


def so_far(activated: int, early: int, whole: int) -> str:
    """Activated up to now among all that started, of a week that is still open."""
    return f"{count(activated + early)} of {count(whole)} so far"


def rate(value: float | None) -> str:
    """A share of 0 to 1 as whole percent, one decimal below 10 %; `0%` and `100%` only where exact."""
    if value is None:
        return NONE
    if 0 < value < 0.01:
        return "<1%"
    if 0.99 < value < 1:
        return ">99%"
    tenths = floor(value * 1000 + 0.5) / 10
    return f"{tenths:.1f}%" if 0 < tenths < 10 else f"{floor(value * 100 + 0.5)}%"


def share(part: int, whole: int) -> str:
    """Two counts as a rate."""
    return rate(part / whole) if whole else NONE


def interval(lower: float | None, upper: float | None) -> str:
    """`38% to 42%`."""
    return NONE if lower is None or upper is None else f"{rate(lower)} to {rate(upper)}"


def completion(activated: int, matured: int, value: float | None) -> str:
    """A completion rate; `3 of 7` where there are too few for one, `too early` where none is matured."""
    if matured == 0:
        return "too early"
    return fraction(activated, matured) if matured < FEW else rate(value)


def basis(lower: float | None, upper: float | None, activated: int, matured: int) -> str:
    """What a completion rate rests on: `38% to 42% · 1,430 of 3,581`."""
    if matured == 0:
        return "no attempt is matured yet"
    counts = "too few for a rate" if matured < FEW else fraction(activated, matured)
    return f"{interval(lower, upper)} · {counts}"


def sure(value: float | None, matured: int) -> str:
    """The rate of a part of so many matured attempts, or why there is none."""
    return ("too few" if matured else "too early") if matured < FEW else rate(value)


def lost(number: int | None, value: float | None, matured: int) -> str:
    """`680 (29%)`; without the rate where there are too few for one."""
    bracket = "" if number is None or value is None or matured < FEW else f" ({rate(value)})"
    return f"{NONE if number is None else count(number)}{bracket}"


def own(recorded_count: int | None, reached_count: int | None) -> str:
    """How many have an event of the step itself, where others only went beyond it; else nothing."""
    if recorded_count is None or reached_count is None or recorded_count >= reached_count:
        return ""
    return f"{count(recorded_count)} recorded"


def measured(activated: int | None, matured: int | None, value: float | None) -> str:
    """`62% (322 of 521)`, or `3 of 7` where there are too few for a rate; nothing where there are none at all."""
    if activated is None or not matured:
        return NONE
    return fraction(activated, matured) if matured < FEW else f"{rate(value)} ({fraction(activated, matured)})"


def restated(is_restated: bool | None, before: float | None, after: float | None) -> str:
    """By how many points a published rate is another today: `+0.2 points`, or `holds`."""
    if not is_restated:
        return NONE if is_restated is None else "holds"
    return NONE if before is None or after is None else f"{_points(after - before)} points"


def change(difference: float | None, lower: float | None, upper: float | None, verdict: str) -> str:
    """`no clear change (+0.3 to +1.3 points)`, `up 5.1 points (+1.2 to +9.0 points)`, or why there is none."""
    if difference is None or lower is None or upper is None or verdict in {"too few", "no full period before"}:
        return "too few to compare" if verdict == "too few" else "no full period before"
    bounds = f"({points(lower, upper)})"
    if verdict == "no clear change":
        return f"{verdict} {bounds}"
    return f"{'up' if verdict == 'higher' else 'down'} {_points(abs(difference))[1:]} points {bounds}"


def points(lower: float | None, upper: float | None) -> str:
    """`+0.3 to +1.3 points`: the interval of a difference between two rates."""
    return NONE if lower is None or upper is None else f"{_points(lower)} to {_points(upper)} points"


def _points(difference: float) -> str:
    tenths = floor(abs(difference) * 1000 + 0.5)
    return f"{MINUS if difference < 0 else '+'}{tenths // 10}.{tenths % 10}"


def percent(value: float | None) -> str:
    """A number that already is a percentage, with the two decimals of the seed's `completion_rate`."""
    return NONE if value is None else f"{value:.2f}%"


def duration(us: float | None) -> str:
    """Microseconds in one unit: `45 s`, `37 min`, `5.7 h`, `3.2 days`."""
    if us is None:
        return NONE
    if 0 < us < 500_000:
        return "<1 s"
    for size, limit, unit in _UNITS:
        amount = _rounded(us / size, decimals=unit != "s")
        if amount < limit:
            break
    return "1 day" if (amount, unit) == (1, "days") else f"{amount:,.1f}".removesuffix(".0") + f" {unit}"


def reached_time(us: int | None) -> str:
    """A duration; None means that too few are activated for it to exist."""
    return "not reached" if us is None else duration(us)


def time_interval(lower: int | None, upper: int | None) -> str:
    """`1.9 days to 2.7 days`; without an upper end `1.9 days or longer`."""
    if lower is None:
        return NONE
    return f"{duration(lower)} or longer" if upper is None else f"{duration(lower)} to {duration(upper)}"


def day(value: date | None) -> str:
    """`22 Nov`."""
    return NONE if value is None else f"{value.day} {_MONTHS[value.month - 1]}"


def full_date(value: date | None) -> str:
    """`22 Nov 2026`."""
    return NONE if value is None else f"{day(value)} {value.year}"


def date_in(value: datetime | None, *, zone: tzinfo) -> str:
    """The reporting day of a moment: `22 Nov 2026`."""
    return NONE if value is None else full_date(value.astimezone(zone).date())


def moment(value: datetime | None, *, zone: tzinfo) -> str:
    """`22 Nov 2026, 23:41 UTC`, in the reporting time zone."""
    return NONE if value is None else full_date(local := value.astimezone(zone)) + f"{local:, %H:%M %Z}"


def name(value: str | None) -> str:
    r"""Somebody else's text: control characters shown as `\x1b` or `\u202e`, cut at 200 characters with a mark."""
    if not value:
        return NONE
    visible = _CONTROLS.sub(_escaped, value)
    return visible if len(visible) <= LONGEST_NAME else visible[: LONGEST_NAME - 1] + "…"


def _escaped(control: re.Match[str]) -> str:
    number = ord(control[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


def listed(value: str) -> str:
    """Names that a table joins by commas, with room between them."""
    return name(value.replace(",", ", "))


def _rounded(value: float, *, decimals: bool) -> float:
    tenths = floor(value * 10 + 0.5) / 10
    return tenths if decimals and tenths < 10 else floor(value + 0.5)


_COUNTS = (count, exact, total, recorded, fraction, so_far)
_SHARES = (rate, share, interval, percent, completion, basis, sure, lost, own, points, change, measured, restated)
_TIMES = (duration, reached_time, time_interval, day, full_date)
_ZONED = (date_in, moment)
FORMATS = {form.__name__: form for form in (*_COUNTS, *_SHARES, *_TIMES, name, listed, *_ZONED)}


def formatters(zone: tzinfo) -> Mapping[str, Callable[..., str]]:
    """`FORMATS`, with the reporting time zone filled in where one is needed."""
    return {**FORMATS, **{form.__name__: partial(form, zone=zone) for form in _ZONED}}
