"""Events in a text table through the project's own SQL, and what came out in the same notation.

Times are written `MM-DD HH:MM[:SS[.ffffff]]` of 2026, UTC. A row needs `at` and `event`; `org` (acme), `intent` (sso),
`source` (portal, or webhooks for the vendor's own names), `connection`, `link`, `provider`, `environment`, `received`
and `properties` (JSON) have defaults.
"""

from __future__ import annotations

import hashlib
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from pipelines.assets.ledger import RUNS_SCHEMA
from pipelines.books import BOOKS_SCHEMA
from pipelines.catalog import Catalog
from pipelines.durations import us_time
from pipelines.events import EVENT_SCHEMA, QUARANTINE_SCHEMA, key_of, parse_time
from pipelines.funnel import Funnel
from pipelines.models import load_models
from pipelines.paths import DataPaths
from pipelines.references import reference_frames
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, open_warehouse
from tests.spec.tables import parse_table

AS_OF = "03-31 00:00"
VENDOR = ("connection.", "dsync.", "organization.", "organization_domain.", "authentication.")
MODELS = load_models()

SET_UP = """
title = "Set-up"
question = "?"
intents = ["sso"]
window = "14 days"

[[steps]]
name = "link"
label = "Link"
events = ["admin_portal.link_generated"]

[[steps]]
name = "opened"
label = "Opened"
events = ["admin_portal.link_opened"]
optional = true

[[steps]]
name = "tested"
label = "Tested"
events = ["admin_portal.connection_tested"]
where = { result = "passed" }
optional = true

[[steps]]
name = "activated"
label = "Activated"
events = ["connection.activated", "sso.activated", "admin_portal.sso_configured"]

[[steps]]
name = "sign_in"
label = "First sign-in"
events = ["authentication.sso_succeeded"]
optional = true
"""


def at(text: str) -> datetime:
    """A moment of 2026."""
    return us_time(parse_time(f"2026-{text}" + (":00" if text.count(":") == 1 else "")))


def written(moment: datetime | None) -> str:
    """The shortest text that `at` reads; `-` for none."""
    if moment is None:
        return "-"
    text = f"{moment.astimezone(UTC):%m-%d %H:%M:%S.%f}".rstrip("0").removesuffix(".")
    return text[:11] if text.endswith(":00") or len(text) < 14 else text


def events_frame(rows: Sequence[dict[str, str]]) -> pl.DataFrame:
    """Rows of an event table as the event store would hold them."""
    return pl.DataFrame([_event(number, row) for number, row in enumerate(rows, 1)], schema=EVENT_SCHEMA)


@contextmanager
def walked(
    events: str | pl.DataFrame,
    funnels: str | Sequence[str] = SET_UP,
    as_of: str = AS_OF,
    runs: pl.DataFrame | None = None,
) -> Iterator[Warehouse]:
    """A warehouse in which every model has run over `events`; the first funnel is called sso_setup.

    `runs` are earlier reports (`ref_report_runs`), none by default.
    """
    texts = [funnels] if isinstance(funnels, str) else funnels
    names = ["sso_setup", *(f"funnel_{number}" for number in range(2, len(texts) + 1))]
    declared = tuple(
        Funnel.model_validate(tomllib.loads(text)).model_copy(update={"id": name})
        for name, text in zip(names, texts, strict=True)
    )
    frame = events if isinstance(events, pl.DataFrame) else events_frame(parse_table(events))
    with tempfile.TemporaryDirectory() as folder, open_warehouse(DataPaths(Path(folder)), "500MB") as warehouse:
        given = {} if runs is None else {"ref_report_runs": runs}
        for name, table in (_tables(frame, Catalog(Settings(), declared, ()), at(as_of)) | given).items():
            warehouse.store_frame(name, table)
        for model in MODELS:
            warehouse.build(model)
            assert warehouse.key_faults(model) == 0, f"{model.name}: its key is not one"
        yield warehouse


def entries(warehouse: Warehouse, columns: Sequence[str], funnel: str = "sso_setup") -> list[dict[str, str]]:
    """Entries of one funnel in order of organization and number, as text, restricted to `columns`."""
    rows = warehouse.query(
        "select e.*, (select string_agg(s.step_number, ' ' order by s.step_number) from fct_entry_steps as s "
        "where s.funnel_id = e.funnel_id and s.entry_id = e.entry_id) as steps from fct_entries as e "
        "where e.funnel_id = $funnel order by e.organization_id, e.intent, e.entry_number",
        {"funnel": funnel},
    )
    return [{column: _cell(row, column) for column in columns} for row in rows.iter_rows(named=True)]


def assert_entries(
    events: str, expected: str, funnel: str | Sequence[str] = SET_UP, as_of: str = AS_OF, shown: str = "sso_setup"
) -> None:
    """The entries that come out of `events` are those of the table `expected`, in its columns."""
    wanted = parse_table(expected)
    with walked(events, funnel, as_of) as warehouse:
        found = entries(warehouse, list(wanted[0]), shown)
    assert found == wanted


def findings(warehouse: Warehouse) -> dict[str, int]:
    """Counts of the findings that were met."""
    rows = warehouse.query("from quality_findings where count > 0").select("finding", "count").rows()
    return dict(rows)


def _tables(frame: pl.DataFrame, catalog: Catalog, as_of: datetime) -> dict[str, pl.DataFrame]:
    return reference_frames(catalog, as_of) | {
        "raw_events": frame,
        "raw_quarantine": pl.DataFrame(schema=QUARANTINE_SCHEMA),
        "ref_books": pl.DataFrame(schema=BOOKS_SCHEMA),
        "ref_file_findings": pl.DataFrame(schema={"finding": pl.String, "source": pl.String, "path": pl.String}),
        "ref_report": pl.DataFrame({"is_sample": [False], "definitions_hash": ["-"], "program": ["-"]}),
        "ref_report_runs": pl.DataFrame(schema=RUNS_SCHEMA),
    }


def _event(number: int, row: dict[str, str]) -> dict[str, object]:
    name, organization = row["event"], row.get("org", "acme") or None
    event_id = row.get("id") or f"evt_{number:03}"
    known_intent = row.get("intent") or ("sso" if name.startswith("admin_portal.") else None)
    return {
        "event_key": key_of(event_id),
        "event_id": event_id,
        "organization_key": organization and key_of(organization),
        "organization_id": organization,
        "source": row.get("source") or ("webhooks" if name.startswith(VENDOR) else "portal"),
        "event_type": name,
        "timestamp": at(row["at"]),
        "received_at": at(row["received"]) if row.get("received") else None,
        "intent": known_intent,
        "link_id": row.get("link") or None,
        "connection_id": row.get("connection") or None,
        "provider": row.get("provider") or None,
        "environment": row.get("environment") or None,
        "user_id": row.get("user") or None,
        "expires_at": at(row["expires"]) if row.get("expires") else None,
        "properties": row.get("properties") or "{}",
        "extra": "{}",
        "content_hash": hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()[:32],
        "is_mended": False,
        "redacted_count": 0,
        "origin_path": "events.jsonl",
        "origin_line": number,
        "origin_offset": 0,
    }


def _cell(row: dict[str, object], column: str) -> str:
    names = {"org": "organization_id", "#": "entry_number", "deepest": "deepest_step"}
    if column in {"entered", "converted"}:
        moment = row[f"{column}_at"]
        return written(moment if isinstance(moment, datetime) else None)
    value = row[names.get(column, column)]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
