"""Published tables of three made-up funnels to draw pages from: entries by a seeded die, measures by `statistics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any

import polars as pl

from pipelines.pages.cells import KEYS
from pipelines.statistics.tables import STATISTICS
from tests.spec.measures import compute, exposures, segments_of_all

AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)
WINDOW = timedelta(days=14)
US = timedelta(microseconds=1)
MOMENT = pl.Datetime("us", "UTC")
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=1+1",
    "x" * 260,
    "שלום \u202e",
    "🦊 & Söhne",
)
FUNNELS = {
    "sso_setup": ("Single sign-on set-up", "sso", 612, 0.985),
    "dsync_setup": ("Directory sync set-up", "dsync", 274, 0.96),
    "audit_logs_setup": ("Audit log streaming set-up", "audit_logs,log_streams", 34, 0.87),
}
STEPS = {
    "link_generated": ("Link generated", "admin_portal.link_generated", 1.0),
    "link_opened": ("Link opened", "admin_portal.link_opened,admin_portal.accessed", 0.95),
    "provider_selected": ("Provider selected", "admin_portal.provider_selected", 0.97),
    "details_submitted": ("Connection details", "admin_portal.details_submitted", 0.95),
    "domain_verified": ("Domain verified", "admin_portal.domain_verified,organization_domain.verified", 0.82),
    "connection_tested": ("Connection tested", "admin_portal.connection_tested", 1.0),
    "activated": ("Activated", "connection.activated,sso.activated,admin_portal.sso_configured", 0.96),
    "first_sign_in": ("First sign-in", "authentication.sso_succeeded", 0.9),
}
CONVERSION, UNRECORDED = 7, 6
PROVIDERS = {
    "Okta": (0.34, 1.02),
    "Entra ID": (0.29, 0.99),
    "Google Workspace": (0.17, 1.03),
    "Generic SAML": (0.11, 0.86),
    "OneLogin": (0.06, 1.0),
    "PingFederate": (0.02, 0.98),
    "JumpCloud": (0.01, 1.0),
}
ACTIONS = {
    1: "Send the link again; ask whether it reached the right person",
    2: "Send the provider list; offer a call",
    3: "Send the guide for this provider",
    4: "Send the DNS record guide; offer a call",
    5: "Ask for a test sign-in together",
}


def page_tables(
    *,
    keep: pl.Expr | None = None,
    names: tuple[str, ...] = (),
    report: Mapping[str, object] = MappingProxyType({}),
) -> dict[str, pl.DataFrame]:
    """Every table that pages read.

    Args:
        keep: which entries there are; all without it.
        names: what organizations and providers are called, over and over.
        report: columns of `rpt_report` to set to other values.
    """
    chance = Random(7)
    everything = pl.DataFrame(
        [row for funnel_id in FUNNELS for row in _entries(funnel_id, chance)], infer_schema_length=None
    )
    renamed = pl.col("provider").replace(dict(zip(PROVIDERS, names, strict=False)))
    everything = everything.with_columns(renamed)
    entries = everything if keep is None else everything.filter(keep)
    key = ["funnel_id", "entry_id"]
    tables = {
        "dim_funnels": _funnels(),
        "dim_funnel_steps": _steps(),
        "fct_entries": entries,
        "fct_entry_steps": _entry_steps(everything, chance).join(entries, on=key, how="semi"),
        "rpt_stalled": _stalled(everything, names).join(entries, on=key, how="semi"),
        "rpt_report": _report(report),
        "rpt_seed_metrics": _seed_metrics(),
        "quality_findings": _findings(names),
    }
    tables["fct_step_waits"] = _step_waits(tables["fct_entry_steps"])
    tables["rpt_totals"] = _totals(entries, tables["rpt_stalled"])
    tables["rpt_report_runs"], tables["dim_notes"] = _runs(), _notes()
    tables["rpt_next_actions"] = _next_actions(tables["rpt_stalled"])
    tables |= {"rpt_sources": _by_source(), "rpt_quarantine": _refused(names), "rpt_event_types": _event_types(names)}
    tables["rpt_connections"], tables["rpt_still_active"] = _connections(names), _still_active()
    tables["fct_entry_segments"] = pl.concat([segments_of_all(entries), _sources(entries)])
    tables["ref_settings"] = pl.DataFrame({"as_of_us": [(AS_OF - datetime(1970, 1, 1, tzinfo=UTC)) // US]})
    tables["fct_exposures"] = exposures(entries, tables["fct_entry_segments"])
    return tables | {table: compute(table, tables) for table in KEYS.keys() & STATISTICS.keys() - tables.keys()}


def _runs() -> pl.DataFrame:
    """Two earlier reports, of which the older is restated."""
    shared = {"funnel_id": "sso_setup", "entrant_count": 500, "matured_count": 450, "today_matured_count": 450}
    rows = [
        shared
        | {"report_id": "older", "as_of": AS_OF - timedelta(days=9), "activated_count": 300, "is_restated": True},
        shared
        | {"report_id": "newer", "as_of": AS_OF - timedelta(days=2), "activated_count": 301, "is_restated": False},
    ]
    why = pl.when("is_restated").then(pl.lit("late events"))
    return pl.DataFrame(rows).with_columns(
        conversion_rate=pl.col("activated_count") / 450,
        today_activated_count=301,
        today_entrant_count=500,
        today_rate=301 / 450,
        reason=why,
    )


def _notes() -> pl.DataFrame:
    """Three notes on one funnel, oldest first; the first is of a time before all attempts."""
    days = {1: 900, 2: 100, 3: 40}
    return pl.DataFrame(
        [
            {"funnel_id": "sso_setup", "note_number": n, "noted_on": (AS_OF - timedelta(days=ago)).date()}
            for n, ago in days.items()
        ]
    ).with_columns(note=pl.lit("<b>New guide</b> no. ") + pl.col("note_number").cast(pl.String))


def _entries(funnel_id: str, chance: Random) -> Iterator[dict[str, Any]]:
    _, intents, number, ease = FUNNELS[funnel_id]
    for ordinal in range(number):
        entered = AS_OF - timedelta(days=182 * chance.random() ** 0.9)
        provider = chance.choices(list(PROVIDERS), [weight for weight, _ in PROVIDERS.values()])[0]
        ease_here = ease * PROVIDERS[provider][1]
        deepest = _deepest(ease_here, chance)
        took = timedelta(hours=chance.lognormvariate(2.2, 1.9))
        age = AS_OF - entered
        is_activated = deepest >= CONVERSION and took <= min(WINDOW, age)
        outcome = "activated" if is_activated else "lost" if age >= WINDOW else "open"
        deepest = deepest if is_activated else min(deepest, CONVERSION - 2)
        yield {
            "funnel_id": funnel_id,
            "entry_id": f"org_{ordinal:04}:{intents.split(',')[0]}:1",
            "organization_id": f"org_{ordinal:04}",
            "intent": intents.split(",")[0],
            "entered_at": entered,
            "entry_week": (entered - timedelta(days=entered.weekday())).date(),
            "deepest_step": deepest,
            "outcome": outcome,
            "is_matured": age >= WINDOW,
            "is_excluded": ordinal % 211 == 5,
            "provider": provider if deepest >= 3 else None,
            "observed_us": (took if is_activated else age) // US,
            "observed_outcome": "activated" if is_activated else "censored",
            "matures_at": entered + WINDOW,
        }


def _sources(entries: pl.DataFrame) -> pl.DataFrame:
    """Where links come from: two places in turn, and one of hostile name now and then."""
    place = pl.col("entry_id").hash(1) % 7
    source = (
        pl.when(place < 3).then(pl.lit("dashboard")).when(place < 6).then(pl.lit("e-mail")).otherwise(pl.lit("a:b&c"))
    )
    return entries.select("funnel_id", "entry_id", dimension=pl.lit("link_source"), segment=source)


def _deepest(ease: float, chance: Random) -> int:
    for number, (_, _, passing) in enumerate(STEPS.values(), start=1):
        if chance.random() > passing * (ease if 1 < number <= CONVERSION else 1):
            return max(1, number - 1)
    return len(STEPS)


def _entry_steps(entries: pl.DataFrame, chance: Random) -> pl.DataFrame:
    rows = [
        {
            "funnel_id": row["funnel_id"],
            "entry_id": row["entry_id"],
            "step_number": number,
            "since_previous_us": None if number == 1 else int(3.6e9 * chance.lognormvariate(number % 4 - 2, 1.2)),
        }
        for row in entries.iter_rows(named=True)
        for number in range(1, row["deepest_step"] + 1)
        if number != UNRECORDED and (number in {1, CONVERSION} or chance.random() < 0.93)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _step_waits(entry_steps: pl.DataFrame) -> pl.DataFrame:
    waited = {"since_previous_us": "waited_us"}
    return entry_steps.drop_nulls("since_previous_us").rename(waited).with_columns(is_reached=pl.lit(value=True))


def _totals(entries: pl.DataFrame, stalled: pl.DataFrame) -> pl.DataFrame:
    row = {
        "organization_count": entries.filter(~pl.col("is_excluded"))["organization_id"].n_unique(),
        "linked_organization_count": entries["organization_id"].n_unique(),
        "stalled_organization_count": stalled["organization_id"].n_unique(),
        "longest_idle_us": stalled["idle_us"].max(),
    }
    return pl.DataFrame([row], schema=dict.fromkeys(row, pl.Int64))


def _next_actions(stalled: pl.DataFrame) -> pl.DataFrame:
    return stalled.group_by("next_action").agg(
        stalled_count=pl.len().cast(pl.Int64),
        stalled_organization_count=pl.col("organization_id").n_unique().cast(pl.Int64),
        longest_idle_us=pl.col("idle_us").max(),
    )


def _connections(names: tuple[str, ...]) -> pl.DataFrame:
    """Some that are live, a directory, and one of which only the certificate is known; one certificate has expired."""
    rows = [
        {
            "connection_id": f"conn_{place}",
            "organization_id": f"org_{place:04}",
            "organization_name": names[place % len(names)] if names else f"Northwind {place}" if place else None,
            "kind": "directory" if place == 3 else "connection",
            "provider": list(PROVIDERS)[place % 3] if place else None,
            "state": ("active", "inactive")[place % 2] if place else None,
            "since": AS_OF - timedelta(days=place) if place else None,
            "activated_at": AS_OF - timedelta(days=9 * place) if place else None,
            "last_sign_in_at": AS_OF - timedelta(hours=place) if place % 2 else None,
            "certificate_expires_at": {0: AS_OF + timedelta(days=90), 2: AS_OF, 5: AS_OF + timedelta(days=30)}.get(
                place
            ),
            "is_active_after_7_days": True,
            "is_active_after_30_days": None,
        }
        for place in range(8)
    ]
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("^.*_at$", "since").cast(MOMENT))


def _still_active() -> pl.DataFrame:
    """Enough for a rate, too few for one, and none."""
    measured = {
        "kind": ["connection", "connection", "directory", "directory"],
        "days": [7, 30, 7, 30],
        "activated_count": [358, 12, 0, 0],
        "still_active_count": [347, 11, 0, 0],
        "lost_activation_count": [11, 1, 0, 0],
        "still_active_rate": [0.969, 0.917, None, None],
        "still_active_lower": [0.946, 0.646, None, None],
        "still_active_upper": [0.983, 0.985, None, None],
    }
    return pl.DataFrame(measured)


def _funnels() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "funnel_id": funnel_id,
                "title": title,
                "question": "Of the organizations sent a link, how many end with a live connection?",
                "intents": intents,
                "window_us": WINDOW // US,
                "last_required_step": CONVERSION,
                "position": position,
            }
            for position, (funnel_id, (title, intents, _, _)) in enumerate(FUNNELS.items())
        ]
    )


def _steps() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "funnel_id": funnel_id,
                "step_number": number,
                "step_name": name,
                "label": label,
                "is_optional": number not in {1, CONVERSION},
                "is_conversion": number == CONVERSION,
                "is_recorded": number != UNRECORDED,
                "event_types": events,
                "advice": ACTIONS.get(number - 1),
            }
            for funnel_id in FUNNELS
            for number, (name, (label, events, _)) in enumerate(STEPS.items(), start=1)
        ]
    )


def _stalled(entries: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    waiting = entries.filter((pl.col("outcome") == "open") & ~pl.col("is_excluded")).iter_rows(named=True)
    labels = [label for label, _, _ in STEPS.values()]
    rows = []
    for place, row in enumerate(waiting):
        name = (
            names[place % len(names)]
            if names
            else f"{('Northwind', 'Tailspin', 'Contoso', 'Fabrikam')[place % 4]} {place}"
        )
        idle = timedelta(hours=2 + (place * 37) % 300, minutes=place % 60)
        rows.append(
            {
                "funnel_id": row["funnel_id"],
                "entry_id": row["entry_id"],
                "organization_id": row["organization_id"],
                "organization_name": name if place % 7 else None,
                "intent": row["intent"],
                "deepest_step": row["deepest_step"],
                "step_label": labels[row["deepest_step"] - 1],
                "last_event_at": AS_OF - idle,
                "idle_us": idle // US,
                "link_id": f"lnk_{place}",
                "link_state": ("expired", "opened", "live", "revoked")[place % 4],
                "link_expires_at": AS_OF + timedelta(hours=place),
                "provider": row["provider"],
                "last_error_code": "dns_timeout" if place % 5 == 0 else None,
                "last_error_message": "TXT record not found" if place % 10 == 0 else None,
                "started_by": f"user_{place}",
                "next_action": ACTIONS[row["deepest_step"]],
                "guide_url": ("https://docs.example.com/dns", None, "javascript:alert(1)")[place % 3],
                "matures_at": row["matures_at"],
            }
        )
    moments = pl.col("last_event_at", "link_expires_at", "matures_at").cast(MOMENT)
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(moments)


def _report(changed: Mapping[str, object]) -> pl.DataFrame:
    row = {
        "report_id": "4f1c09ab37de",
        "as_of": AS_OF,
        "watermark": AS_OF - timedelta(hours=6, minutes=19),
        "time_zone": "UTC",
        "is_sample": True,
        "line_count": 128_345,
        "event_count": 127_300,
        "duplicate_count": 1_030,
        "quarantined_count": 15,
        "file_count": 56,
        "definitions_hash": "c0ffee",
    }
    return pl.DataFrame([{**row, **changed}]).with_columns(pl.col("as_of", "watermark").cast(MOMENT))


def _seed_metrics() -> pl.DataFrame:
    row = {"portals_opened": 131, "sso_completed": 49, "dsync_completed": 0, "completion_rate": 37.4}
    return pl.DataFrame([{**row, "avg_completion_us": 93_600_000_000}])


def _findings(names: tuple[str, ...]) -> pl.DataFrame:
    counts = {
        "duplicate": 1_030,
        "quarantined": 15,
        "out_of_band": 9,
        "late_activation": 3,
        "unattributed": 0,
        "bomb": 0,
    }
    rows = [
        {
            "finding": finding,
            "count": count,
            "first_at": datetime(2026, 6, 1, 8, tzinfo=UTC) if count else None,
            "last_at": datetime(2026, 11, 20, 17, 4, tzinfo=UTC) if count else None,
            "example": (names or ("evt_0031",))[0] if count else None,
        }
        for finding, count in counts.items()
    ]
    return pl.DataFrame(rows).with_columns(pl.col("first_at", "last_at").cast(MOMENT))


def _by_source() -> pl.DataFrame:
    """One that still sends, and one whose files gave nothing."""
    books = {"file_count": [50, 6], "line_count": [128_331, 14], "event_count": [127_300, 0]}
    books |= {"duplicate_count": [1_030, 0], "quarantined_count": [1, 14], "recent_event_count": [731, 0]}
    times = {"first_event_at": 182, "last_event_at": 0.3, "last_received_at": 0.2, "gap_started_at": 9}
    moments = {name: [AS_OF - timedelta(days=days), None] for name, days in times.items()}
    return pl.DataFrame(
        {"source": ["portal", "webhooks"], **books, **moments, "longest_gap_us": [timedelta(hours=11) // US, None]}
    ).with_columns(pl.col(*moments).cast(MOMENT))


def _refused(names: tuple[str, ...]) -> pl.DataFrame:
    file = (names or ("day.jsonl",))[0]
    rows = [("portal", "not_json", 1, f"portal/{file}:9"), ("webhooks", "no_data", 14, f"webhooks/{file}:1")]
    return pl.DataFrame(rows, schema=["source", "reason", "quarantined_count", "example"], orient="row")


def _event_types(names: tuple[str, ...]) -> pl.DataFrame:
    """Two that no funnel uses, and one that some do."""
    unused = names[:2] or ("session.created", "admin_portal.link_opend")
    return pl.DataFrame(
        {
            "event_type": [*unused, "admin_portal.link_generated"],
            "event_count": [2, 1_357, 1_206],
            "first_at": AS_OF - timedelta(days=180),
            "last_at": AS_OF - timedelta(days=1),
            "organization_count": [1, 319, 559],
            "funnel_ids": [None, None, "dsync_setup, sso_setup"],
        }
    ).with_columns(pl.col("first_at", "last_at").cast(MOMENT))
