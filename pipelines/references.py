"""What is declared, as tables: the `ref_` frames that SQL joins with. Pure: a catalog and an as-of time in, frames out.

Funnels are rows here, so that one static set of SQL walks all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from pipelines.catalog import Catalog, Funnel
from pipelines.durations import format_duration, time_us

NEVER_US = 2**62
SET_UP_FUNNELS = ("sso_setup", "dsync_setup", "audit_logs_setup")

SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "ref_settings": {
        "as_of": pl.Datetime("us", "UTC"),
        "as_of_us": pl.Int64(),
        "time_zone": pl.String(),
        "week_offset": pl.Int32(),
        "clock_tolerance_us": pl.Int64(),
        "inversion_limit_us": pl.Int64(),
        "late_after_us": pl.Int64(),
        "stalled_after_us": pl.Int64(),
    },
    "ref_funnels": {
        "funnel_number": pl.Int32(),
        "funnel_id": pl.String(),
        "title": pl.String(),
        "question": pl.String(),
        "intents": pl.String(),
        "is_any_intent": pl.Boolean(),
        "is_set_up": pl.Boolean(),
        "window_us": pl.Int64(),
        "window_text": pl.String(),
        "step_count": pl.Int32(),
        "last_required": pl.Int32(),
        "position": pl.Int32(),
    },
    "ref_funnel_intents": {"funnel_number": pl.Int32(), "intent": pl.String()},
    "ref_steps": {
        "funnel_number": pl.Int32(),
        "funnel_id": pl.String(),
        "step_number": pl.Int32(),
        "step_name": pl.String(),
        "label": pl.String(),
        "is_optional": pl.Boolean(),
        "is_conversion": pl.Boolean(),
        "event_types": pl.String(),
    },
    "ref_moves": {
        "funnel_number": pl.Int32(),
        "from_step": pl.Int32(),
        "to_step": pl.Int32(),
        "within_us": pl.Int64(),
    },
    "ref_step_events": {
        "rule_number": pl.Int32(),
        "funnel_number": pl.Int32(),
        "event_type": pl.String(),
        "step": pl.Int32(),
        "first_step": pl.Int32(),
        "exclusion": pl.Int32(),
        "is_end": pl.Boolean(),
    },
    "ref_step_filters": {
        "rule_number": pl.Int32(),
        "path": pl.String(),
        "value": pl.String(),
        "is_text": pl.Boolean(),
        "number": pl.Float64(),
    },
    "ref_exclusions": {
        "funnel_number": pl.Int32(),
        "exclusion": pl.Int32(),
        "from_step": pl.Int32(),
        "to_step": pl.Int32(),
        "is_removal": pl.Boolean(),
    },
    "ref_guides": {"funnel_number": pl.Int32(), "provider": pl.String(), "guide_url": pl.String()},
    "ref_next_actions": {
        "position": pl.Int32(),
        "funnel_id": pl.String(),
        "step_name": pl.String(),
        "provider": pl.String(),
        "link_state": pl.String(),
        "error_code": pl.String(),
        "action": pl.String(),
    },
}

Row = tuple[object, ...]


def reference_frames(catalog: Catalog, as_of: datetime) -> dict[str, pl.DataFrame]:
    """All `ref_` tables of a catalog, by name; `as_of` is aware and stands in the one row of `ref_settings`."""
    rows: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    rows["ref_settings"] = [_settings_row(catalog, as_of)]
    for number, funnel in enumerate(catalog.funnels, 1):
        _add_funnel(rows, number, funnel)
    rows["ref_next_actions"] = [
        (position, a.funnel, a.step, a.provider, a.link_state, a.error, a.action)
        for position, a in enumerate(catalog.advice, 1)
    ]
    return {name: pl.DataFrame(rows[name], schema=schema, orient="row") for name, schema in SCHEMAS.items()}


def _settings_row(catalog: Catalog, as_of: datetime) -> Row:
    report, rules = catalog.settings.report, catalog.settings.rules
    return (
        as_of,
        time_us(as_of),
        report.time_zone,
        0 if report.week_start == "monday" else 1,
        rules.clock_tolerance,
        rules.inversion_limit,
        rules.late_after,
        rules.stalled_after,
    )


def _add_funnel(rows: dict[str, list[Row]], number: int, funnel: Funnel) -> None:
    rows["ref_funnels"].append(
        (
            number,
            funnel.id,
            funnel.title,
            funnel.question,
            ", ".join(funnel.intents),
            not funnel.intents,
            funnel.id in SET_UP_FUNNELS,
            funnel.window,
            format_duration(funnel.window),
            len(funnel.steps),
            funnel.last_required,
            number,
        )
    )
    rows["ref_funnel_intents"] += [(number, intent) for intent in dict.fromkeys(funnel.intents)]
    rows["ref_steps"] += [
        (number, funnel.id, k, s.name, s.label, s.optional, k == funnel.last_required, ", ".join(s.events))
        for k, s in enumerate(funnel.steps, 1)
    ]
    rows["ref_moves"] += [(number, *move) for move in _moves(funnel)]
    rows["ref_guides"] += [(number, provider, url) for provider, url in funnel.guides.items()]
    rows["ref_exclusions"] += [
        (number, k, funnel.step_number(x.from_step), funnel.step_number(x.to_step), x.effect == "remove")
        for k, x in enumerate(funnel.exclusions, 1)
    ]
    _add_rules(rows, number, funnel)


def _moves(funnel: Funnel) -> Iterator[tuple[int, int, int]]:
    """From each step to each later one with no required step between them, and the longest wait of the later one."""
    for from_step in range(1, len(funnel.steps) + 1):
        for to_step in range(from_step + 1, len(funnel.steps) + 1):
            step = funnel.steps[to_step - 1]
            yield from_step, to_step, step.within or NEVER_US
            if not step.optional:
                break


def _add_rules(rows: dict[str, list[Row]], number: int, funnel: Funnel) -> None:
    """Which event names stand for what: steps by number, exclusions below 0, competing ends above the last step."""
    after = len(funnel.steps) + 1
    first: dict[str, int] = {}
    for k, step in enumerate(funnel.steps, 1):
        for event in step.events:
            first.setdefault(event, k)

    def add(event: str, step: int, exclusion: int | None, is_end: bool) -> int:
        rule = len(rows["ref_step_events"]) + 1
        rows["ref_step_events"].append((rule, number, event, step, first.get(event, after), exclusion, is_end))
        return rule

    for k, step in enumerate(funnel.steps, 1):
        for event in dict.fromkeys(step.events):
            rule = add(event, k, None, k == funnel.last_required)
            rows["ref_step_filters"] += [(rule, f'$."{key}"', *_compared(value)) for key, value in step.where.items()]
    for k, exclusion in enumerate(funnel.exclusions, 1):
        for event in dict.fromkeys(exclusion.events):
            add(event, -k, k, is_end=False)
    for event in dict.fromkeys(funnel.ends):
        add(event, after, None, is_end=True)


def _compared(value: str | float | bool) -> tuple[str, bool, float | None]:
    """A TOML scalar as DuckDB writes the same JSON scalar, whether it is text, and its number (5 is 5.0, not "5")."""
    if isinstance(value, bool):
        return str(value).lower(), False, None
    return str(value), isinstance(value, str), None if isinstance(value, str) else float(value)
