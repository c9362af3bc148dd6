"""What is declared, as tables: the `ref_` frames that SQL joins with. Pure: a catalog and an as-of time in, frames out.

Funnels are rows here, so that one static set of SQL walks all of them.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.catalog import Catalog
from pipelines.durations import format_duration, time_us
from pipelines.funnel import INTENTS, Funnel
from pipelines.schema import schema
from pipelines.settings import Settings

NEVER_US = 2**62
WORDS: Any = {"title": True, "question": True, "guides": True, "breakdowns": True, "steps": {"__all__": {"label"}}}
SET_UP_FUNNELS = ("sso_setup", "dsync_setup", "audit_logs_setup")

SCHEMAS = {
    "ref_settings": schema(
        "as_of:time as_of_us:long time_zone:text week_offset:int clock_tolerance_us:long "
        "inversion_limit_us:long late_after_us:long stalled_after_us:long eligible_users:long"
    ),
    "ref_funnels": schema(
        "funnel_number:int funnel_id:text title:text question:text intents:text is_any_intent:bool "
        "is_set_up:bool window_us:long window_text:text step_count:int last_required:int position:int "
        "definition_hash:text"
    ),
    "ref_funnel_intents": schema("funnel_number:int intent:text"),
    "ref_steps": schema(
        "funnel_number:int funnel_id:text step_number:int step_name:text label:text is_optional:bool "
        "is_conversion:bool event_types:text"
    ),
    "ref_moves": schema("funnel_number:int from_step:int to_step:int within_us:long"),
    "ref_step_events": schema(
        "rule_number:int funnel_number:int event_type:text step:int first_step:int exclusion:int is_end:bool"
    ),
    "ref_step_filters": schema("rule_number:int path:text value:text is_text:bool number:real"),
    "ref_exclusions": schema("funnel_number:int exclusion:int from_step:int to_step:int is_removal:bool"),
    "ref_intents": schema("spelling:text intent:text"),
    "ref_breakdowns": schema("funnel_number:int dimension:text path:text moment:text step:int"),
    "ref_guides": schema("funnel_number:int provider:text guide_url:text"),
    "ref_next_actions": schema(
        "position:int funnel_id:text step_name:text provider:text link_state:text error_code:text action:text"
    ),
    "ref_notes": schema("note_number:int noted_on:day note:text funnel_id:text"),
}

Row = tuple[object, ...]


def reference_frames(catalog: Catalog, as_of: datetime) -> dict[str, pl.DataFrame]:
    """All `ref_` tables of a catalog, by name; `as_of` is aware and stands in the one row of `ref_settings`."""
    rows: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    report, rules = catalog.settings.report, catalog.settings.rules
    week_offset = 0 if report.week_start == "monday" else 1
    limits = (rules.clock_tolerance, rules.inversion_limit, rules.late_after, rules.stalled_after, rules.eligible_users)
    rows["ref_settings"] = [(as_of, time_us(as_of), report.time_zone, week_offset, *limits)]
    for number, funnel in enumerate(catalog.funnels, 1):
        _add_funnel(rows, number, funnel, _definition_hash(funnel, catalog.settings))
    rows["ref_intents"] = [(word, intent) for intent, others in INTENTS.items() for word in (intent, *others)]
    rows["ref_next_actions"] = [
        (position, a.funnel, a.step, a.provider, a.link_state, a.error, a.action)
        for position, a in enumerate(catalog.advice, 1)
    ]
    notes = sorted(catalog.notes, key=lambda note: note.on)
    rows["ref_notes"] = [(number, note.on, note.text, note.funnel) for number, note in enumerate(notes, 1)]
    return {name: pl.DataFrame(rows[name], schema=schema, orient="row") for name, schema in SCHEMAS.items()}


def _definition_hash(funnel: Funnel, settings: Settings) -> str:
    """16 hex digits over what gives this funnel's numbers their meaning: words and guides are no part of it."""
    meaning = funnel.model_dump_json(exclude=WORDS) + settings.rules.model_dump_json()
    return hashlib.sha256(meaning.encode()).hexdigest()[:16]


def _add_funnel(rows: dict[str, list[Row]], number: int, funnel: Funnel, definition_hash: str) -> None:
    intents = (", ".join(funnel.intents), not funnel.intents, funnel.id in SET_UP_FUNNELS)
    window, steps = (funnel.window, format_duration(funnel.window)), (len(funnel.steps), funnel.last_required)
    row = (number, funnel.id, funnel.title, funnel.question, *intents, *window, *steps, number)
    rows["ref_funnels"].append((*row, definition_hash))
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
    rows["ref_breakdowns"] += [
        (number, b.name, f'$."{b.property}"', b.at, funnel.step_number(b.at)) for b in funnel.breakdowns
    ]
    _add_rules(rows, number, funnel)


def _moves(funnel: Funnel) -> Iterator[tuple[int, int, int]]:
    """From each step to each later one with no required step between them, and the longest wait of the later one."""
    for from_step in range(1, len(funnel.steps) + 1):
        for to_step, step in enumerate(funnel.steps[from_step:], from_step + 1):
            yield from_step, to_step, step.within or NEVER_US
            if not step.optional:
                break


def _add_rules(rows: dict[str, list[Row]], number: int, funnel: Funnel) -> None:
    """Which event names stand for what: steps by number, exclusions below 0, competing ends above the last step."""
    steps, after = [*enumerate(funnel.steps, 1)], len(funnel.steps) + 1
    first = {event: k for k, step in reversed(steps) for event in step.events}
    rules: list[tuple[Any, ...]] = [(s.events, k, None, k == funnel.last_required, s.where) for k, s in steps]
    rules += [(x.events, -k, k, False, {}) for k, x in enumerate(funnel.exclusions, 1)]
    for events, step, exclusion, is_end, where in [*rules, (funnel.ends, after, None, True, {})]:
        for event in dict.fromkeys(events):
            rule = len(rows["ref_step_events"]) + 1
            rows["ref_step_events"].append((rule, number, event, step, first.get(event, after), exclusion, is_end))
            rows["ref_step_filters"] += [(rule, f'$."{key}"', *_compared(value)) for key, value in where.items()]


def _compared(value: str | float | bool) -> tuple[str, bool, float | None]:
    """A TOML scalar as DuckDB writes the same JSON scalar, whether it is text, and its number (5 is 5.0, not "5")."""
    if isinstance(value, bool):
        return str(value).lower(), False, None
    return str(value), isinstance(value, str), None if isinstance(value, str) else float(value)
