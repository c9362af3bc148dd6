"""Notes on the trends of funnels, from what is declared to the rows that pages show."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from pipelines.catalog import Note, load_catalog
from pipelines.references import reference_frames
from pipelines.settings import SHIPPED_REPORTS
from tests.spec.walks import AS_OF, MODELS, SET_UP, at, walked

EVENTS = """
    | at          | event       |
    | 03-01 00:00 | app.started |
"""


def test_note_stands_on_its_funnel_or_on_all_oldest_first() -> None:
    """A note without a funnel has a row for each funnel, one with a funnel a single row; numbers follow the days."""
    declared = (
        Note(on=date(2026, 3, 9), text="Guide", funnel="funnel_2"),
        Note(on=date(2026, 3, 2), text="Release"),
        Note(on=date(2026, 3, 9), text="Elsewhere", funnel="unknown"),
    )
    catalog = replace(load_catalog(SHIPPED_REPORTS), notes=declared)
    with walked(EVENTS, (SET_UP, SET_UP)) as warehouse:
        warehouse.store_frame("ref_notes", reference_frames(catalog, at(AS_OF))["ref_notes"])
        warehouse.build(next(model for model in MODELS if model.name == "dim_notes"))
        rows = warehouse.query("select funnel_id, note_number, noted_on, note from dim_notes order by all").rows()
    assert rows == [
        ("funnel_2", 1, date(2026, 3, 2), "Release"),
        ("funnel_2", 2, date(2026, 3, 9), "Guide"),
        ("sso_setup", 1, date(2026, 3, 2), "Release"),
    ]
