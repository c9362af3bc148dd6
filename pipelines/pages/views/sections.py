"""The parts of a funnel's page: rows of published tables, with what a template must know to print them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from pipelines.pages import charts, formats
from pipelines.pages.attempts import Packed, counted
from pipelines.pages.cells import Published, Row
from pipelines.pages.formats import FEW


@dataclass(frozen=True)
class Step:
    """A row of `rpt_funnel_steps`, and `about` it that of `dim_funnel_steps`; widths are parts of 100, for the bar."""

    row: Row
    about: Row
    is_after: bool
    reached_width: float
    lost_width: float


def steps(published: Published, funnel_id: str) -> tuple[Step, ...]:
    """The funnel, first step first."""
    rows = published.rows("rpt_funnel_steps", funnel_id)
    conversion = next((row["step_number"] for row in rows if row["is_conversion"]), len(rows))
    return tuple(
        Step(
            row,
            about,
            is_after=row["step_number"] > conversion,
            reached_width=_width(row["reached_count"], row["matured_count"]),
            lost_width=_width(row["drop_off_count"], row["matured_count"]),
        )
        for row, about in zip(rows, published.rows("dim_funnel_steps", funnel_id), strict=True)
    )


def _width(part: int | None, whole: int) -> float:
    return round(100 * (part or 0) / whole, 2) if whole else 0.0


@dataclass(frozen=True)
class Measured:
    """A row with a completion rate, and a word that says where it stands."""

    row: Row
    standing: str


def providers(published: Published, funnel_id: str) -> tuple[Measured, ...]:
    """Most attempts first. `standing` against all attempts with a provider: `above`, `below`, `same` or `few`."""
    rows = published.rows("rpt_providers", funnel_id)
    rows.sort(key=lambda row: (-row["entrant_count"], row["provider"]))
    total = published.total("rpt_providers", funnel_id)
    # Those without a provider stopped before they chose one, and are no fair comparison.
    average = total["activated_count"] / total["matured_count"] if total["matured_count"] >= FEW else None
    return tuple(Measured(row, _against(row, average)) for row in rows)


def _against(row: Row, average: float | None) -> str:
    """A difference is one only where the whole 95 % range lies on one side of the average."""
    if average is None or row["matured_count"] < FEW:
        return "few"
    if row["conversion_upper"] < average:
        return "below"
    return "above" if row["conversion_lower"] > average else "same"


def weeks(published: Published, funnel_id: str) -> tuple[Measured, ...]:
    """Newest first. `standing` is `closed`, `open`, or `running` for the week that the as-of time falls into."""
    rows = published.rows("rpt_weeks", funnel_id)
    return tuple(Measured(row, _week_state(row, running_from(published))) for row in reversed(rows))


def _week_state(row: Row, runs_from: date) -> str:
    if row["entry_week"] >= runs_from:
        return "running"
    return "closed" if row["is_matured"] else "open"


def running_from(published: Published) -> date:
    """A week that begins then or later still takes attempts: its share may fall, that of older ones can only rise."""
    return published.today - timedelta(days=6)


@dataclass(frozen=True)
class Filter:
    """A choice that a reader has: `groups` are pairs of a heading (or nothing) and options (value, label)."""

    name: str
    label: str
    whole: str
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def filters(packed: Packed | None, ranked: Sequence[Measured]) -> tuple[Filter, ...]:
    """What can be chosen among the attempts on the page, `ranked` giving the order of providers; none without them."""
    if packed is None:
        return ()
    columns = packed["columns"]
    dimensions = [name.removeprefix("segment:") for name in columns if name.startswith("segment:")]
    segments = tuple(
        (
            name.replace("_", " ").capitalize(),
            tuple((f"{name}:{one}", one) for one in columns[f"segment:{name}"]["names"]),
        )
        for name in dimensions
    )
    periods = tuple((str(number), f"last {number} weeks") for number in packed["since"])
    found = (
        Filter("intent", "Set-up", "all", _named(columns["intent"]["names"])),
        Filter("provider", "Provider", "all", _named([one.row["provider"] for one in ranked])),
        Filter("segment", "Segment", "all", segments),
        Filter("weeks", "Period", "whole time", (("", periods),)),
    )
    return tuple(one for one in found if sum(len(options) for _, options in one.groups) > (one.name == "intent"))


def _named(names: Sequence[str]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return (("", tuple((name, formats.name(name)) for name in names)),)


def comparisons(published: Published, about: Row) -> list[Row]:
    """The row of `rpt_comparisons` that speaks for the funnel, and those of the same period, longest watched first."""
    rows = sorted(published.rows("rpt_comparisons", about["funnel_id"]), key=lambda row: -row["within_us"])
    leading = next(row for row in rows if row["is_leading"])
    return [row for row in rows if row["period_us"] == leading["period_us"]]


DRAWN = (
    "rpt_activation_curve",
    "rpt_time_to_activation",
    "rpt_weeks",
    "rpt_providers",
    "dim_funnel_steps",
    "dim_notes",
)
"""The tables whose rows the script of a page needs."""


def script_data(published: Published, about: Row, compared: list[Row], packed: Packed | None) -> dict[str, Any]:
    """What the script of the page draws and counts with: figures, their rows, and the attempts themselves."""
    funnel_id = about["funnel_id"]
    return {
        "figures": charts.figures(),
        "tables": {name: [row.plain() for row in published.rows(name, funnel_id)] for name in DRAWN},
        "about": about.plain(),
        "compared": [row.plain() | {"is_whole": row["verdict"] != "no full period before"} for row in compared],
        "running": running_from(published).isoformat(),
        "attempts": packed,
    }


@dataclass(frozen=True)
class Waiting:
    """A row of `rpt_stalled`, its `place` in `attempts`, the column that names the error, a checked guide address."""

    row: Row
    place: int
    error: str
    guide: str


def stuck(published: Published, funnel_id: str) -> tuple[Waiting, ...]:
    """Who is stuck right now, longest wait first."""
    rows = published.rows("rpt_stalled", funnel_id)
    rows.sort(key=lambda row: (-row["idle_us"], row["entry_id"]))
    places = dict(counted(published, funnel_id).select("entry_id", "row").rows())
    return tuple(
        Waiting(
            row,
            places[row["entry_id"]],
            error="last_error_message" if row["last_error_message"] else "last_error_code",
            guide=web_address(row["guide_url"]),
        )
        for row in rows
    )


def web_address(url: str | None) -> str:
    """The address where it is http or https and has a host; else nothing, so that no script becomes a link."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url if url and parts.scheme in ("http", "https") and parts.netloc else ""
