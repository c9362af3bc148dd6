"""The parts of a funnel's page: rows of published tables, with what a template must know to print them."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

import polars as pl

from pipelines.pages import charts
from pipelines.pages.cells import Published, Row
from pipelines.pages.views.common import FEW, certainty

MARKED = (0.5, 0.9)
"""Quantiles named on the curve."""


@dataclass(frozen=True)
class Step:
    """A row of `rpt_funnel_steps`; the widths are parts of 100, for the bar."""

    row: Row
    is_after: bool
    has_own: bool
    reached_width: float
    lost_width: float


def steps(published: Published, funnel_id: str) -> tuple[Step, ...]:
    """The funnel, first step first. `has_own`: fewer events of the step itself than attempts that got so far."""
    rows = published.rows("rpt_funnel_steps", funnel_id)
    matured = published.row("rpt_funnels", funnel_id)["matured_count"]
    conversion = next((row["step_number"] for row in rows if row["is_conversion"]), len(rows))
    return tuple(
        Step(
            row,
            is_after=row["step_number"] > conversion,
            has_own=bool(row["is_recorded"]) and (row["recorded_count"] or 0) < (row["reached_count"] or 0),
            reached_width=_width(row["reached_count"], matured),
            lost_width=_width(row["drop_off_count"], matured),
        )
        for row in rows
    )


def _width(part: int | None, whole: int) -> float:
    return round(100 * (part or 0) / whole, 2) if whole else 0.0


@dataclass(frozen=True)
class Measured:
    """A row with a completion rate, how sure that is (`common.certainty`), and a word that says where it stands."""

    row: Row
    certainty: str
    standing: str


def providers(published: Published, funnel_id: str) -> tuple[Measured, ...]:
    """Most attempts first. `standing` against all attempts with a provider: `above`, `below`, `same` or `few`."""
    rows = published.rows("rpt_providers", funnel_id)
    rows.sort(key=lambda row: (-row["entrant_count"], row["provider"]))
    average = provider_average(published, funnel_id)
    return tuple(Measured(row, certainty(row), _against(row, average)) for row in rows)


def provider_average(published: Published, funnel_id: str) -> float | None:
    """Share activated of the matured attempts with a provider; those without one stopped before they chose.

    None under 20 attempts.
    """
    total = published.total("rpt_providers", funnel_id)
    return total["activated_count"] / total["matured_count"] if certainty(total) == "rate" else None


def _against(row: Row, average: float | None) -> str:
    """A difference is one only where the whole 95 % range lies on one side of the average."""
    if average is None or row["matured_count"] < FEW:
        return "few"
    if row["conversion_upper"] < average:
        return "below"
    return "above" if row["conversion_lower"] > average else "same"


def weeks(published: Published, funnel_id: str) -> tuple[Measured, ...]:
    """Newest first. `standing` is `closed`, `open`, or `running` for the week that the as-of time falls into."""
    runs_from = _running_from(published)
    rows = [row for row in published.rows("rpt_weeks", funnel_id) if row["entrant_count"]]
    return tuple(Measured(row, certainty(row), _week_state(row, runs_from)) for row in reversed(rows))


def _week_state(row: Row, runs_from: date) -> str:
    if row["entry_week"] >= runs_from:
        return "running"
    return "closed" if row["is_matured"] else "open"


def _running_from(published: Published) -> date:
    as_of = published.only("rpt_report")["as_of"].astimezone(published.zone)
    return date(as_of.year, as_of.month, as_of.day) - timedelta(days=6)


def figures(published: Published, funnel_id: str) -> dict[str, charts.Figure]:
    """The charts of a funnel that have something to draw, by name.

    The running week is in no chart: its rate may still fall, while that of the other open weeks can only rise.
    """
    so_far = (pl.col("activated_count") + pl.col("early_activated_count")) / pl.col("entrant_count")
    weekly = published.frame("rpt_weeks", funnel_id).filter(pl.col("entrant_count") > 0)
    weekly = weekly.filter(pl.col("entry_week") < _running_from(published)).with_columns(so_far_rate=so_far)
    provided = published.frame("rpt_providers", funnel_id).filter(pl.col("matured_count") > 0)
    provided = provided.sort(["entrant_count", "provider"], descending=[True, False])
    quantiles = published.rows("rpt_time_to_activation", funnel_id)
    marks = [(row["quantile"], row["time_us"]) for row in quantiles if row["quantile"] in MARKED and row["time_us"]]
    drawn = {}
    if any(row["completer_count"] for row in quantiles):
        drawn["curve"] = charts.curve(published.frame("rpt_activation_curve", funnel_id), marks)
    if provided.height:
        drawn["providers"] = charts.provider_dots(provided, provider_average(published, funnel_id))
    if weekly.height:
        drawn["trend"] = charts.trend(weekly)
    return drawn


@dataclass(frozen=True)
class Waiting:
    """A row of `rpt_stalled`, the column that names the error, and a checked guide address."""

    row: Row
    error: str
    guide: str


def stuck(published: Published, funnel_id: str) -> tuple[Waiting, ...]:
    """Who is stuck right now, longest wait first."""
    rows = published.rows("rpt_stalled", funnel_id)
    rows.sort(key=lambda row: (-row["idle_us"], row["entry_id"]))
    return tuple(
        Waiting(
            row,
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
