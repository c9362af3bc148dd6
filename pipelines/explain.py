"""One organization, told so that support can answer for every number it is counted in: its events, its entries.

Belongs here: the questions to the published tables, and the order in which the answers are said. What opened, filled
and ended an entry is read from the tables that the walk made; what cut one is found again by its time.
"""

from collections.abc import Iterator
from typing import Any

from pipelines.errors import FixableError
from pipelines.mistakes import nearest
from pipelines.models import question
from pipelines.pages.formats import duration
from pipelines.paths import DataPaths
from pipelines.terminal import cell, instant, wrapped
from pipelines.warehouse import Warehouse, open_published

Row = dict[str, Any]
Rows = list[Row]
COLUMNS = ("timestamp", "event_type", "intent")
WIDEST = 40

ABOUT = ("organization_name", "first_seen_at", "deleted_at", "as_of", "watermark")
EVENT = "event_id timestamp event_type source intent link_id connection_id provider error_code not_counted_because"
FATES = {
    "repeat": "repeats a known activation",
    "late_activation": "late activation: after the window",
    "re_activation": "re-activation",
    "out_of_band": "out of band: no entry explains it",
}


def explain(paths: DataPaths, organization_id: str, funnel_id: str | None = None) -> dict[str, Any]:
    """What the served report knows of an organization: `organization`, `connections`, `events`, `entries`.

    Entries are of one funnel, or of all. An event's `did` lists the entries that it touched, each with what it did
    there, in words.

    Raises:
        FixableError: nothing is published; nobody knows the organization or the funnel.
    """
    asked = {"organization_id": organization_id, "funnel_id": funnel_id}
    with open_published(paths) as served:
        events = served.query(question("events"), {"organization_id": organization_id, "event_id": None})
        funnels = served.query("select funnel_id from dim_funnels order by position")["funnel_id"].to_list()
        _refuse_unknown(served, organization_id, not events.is_empty(), funnel_id, funnels)
        named = served.matching("dim_organizations", "organization_id", [organization_id]).to_dicts()
        known = served.read("rpt_report").row(0, named=True) | (named or [{}])[0]
        entries = served.query(question("entries"), asked)
        links = served.matching("fct_entry_links", "entry_id", entries["entry_id"].to_list())
        activations = served.query(question("activations"), asked)
        connections = served.matching("fct_connections", "organization_id", [organization_id]).sort("connection_id")
    deeds = _deeds(*(frame.to_dicts() for frame in (events, entries, links, activations)))
    did: dict[str, dict[str, Row]] = {event_id: {} for event_id in events["event_id"]}
    for event_id, entry, deed in sorted(deeds, key=lambda d: (funnels.index(d[1]["funnel_id"]), d[1]["label"])):
        touched = {name: entry[name] for name in ("funnel_id", "entry_id", "label")}
        did[event_id].setdefault(entry["label"], {**touched, "did": []})["did"].append(deed)
    return {
        "organization": {"organization_id": organization_id} | {name: known.get(name) for name in ABOUT},
        "connections": connections.drop("organization_id").to_dicts(),
        "events": [row | {"did": [*did[row["event_id"]].values()]} for row in events.select(EVENT.split()).to_dicts()],
        "entries": entries.drop("entry_event_key", "cut_event_id").to_dicts(),
    }


def _deeds(events: Rows, entries: Rows, links: Rows, activations: Rows) -> Iterator[tuple[str, Row, str]]:
    """(event, entry, what the event did there), in the order in which it is said; an activation may have no entry."""
    ids = {event["event_key"]: event["event_id"] for event in events}
    by_id = {entry["entry_id"]: entry for entry in entries}
    for entry in entries:
        yield ids[entry["entry_event_key"]], entry, "opens this entry"
        for step in entry["steps"]:
            if step["event_id"]:
                yield step["event_id"], entry, f"step {step['step_number']} {step['step_name']}"
    for row in activations:
        entry = by_id.get(row["entry_id"], row)
        yield row["event_id"], entry, _fate(row, entry)
    made = [event for event in events if event["event_type"] == "admin_portal.link_generated" and event["is_counted"]]
    for event in made:
        for link in links:
            if (link["link_id"], link["generated_at"]) == (event["link_id"] or event["event_id"], event["timestamp"]):
                which = f"{'re-issue: ' * link['is_re_issue']}link {link['link_number']}"
                yield event["event_id"], by_id[link["entry_id"]], which + ", the one used" * link["is_used"]
    for entry in entries:
        if entry["cut_event_id"]:
            deed = "takes this entry out of all counts" if entry["is_excluded"] else "ends this entry"
            yield entry["cut_event_id"], entry, deed


def _fate(activation: Row, entry: Row) -> str:
    fate: str = activation["fate"]
    if fate == "conversion":
        said = "the conversion" if entry["outcome"] == "activated" else "the activation, after an exclusion"
        return f"{said}, a re-activation too" if activation["is_re_activation"] else said
    if fate == "out_of_band" and activation["is_clock_inversion"]:
        return f"{FATES[fate]}, a clock inversion: shortly before a link"
    return FATES.get(fate, fate)


def _refuse_unknown(served: Warehouse, word: str, is_known: bool, funnel_id: str | None, funnels: list[str]) -> None:
    if funnel_id is not None and funnel_id not in funnels:
        raise FixableError(cell(f'the report has no funnel "{funnel_id}"{nearest(funnel_id, funnels)}'))
    if not is_known:
        similar = served.similar("fct_events", "organization_id", word)
        mend = nearest(word, similar) if similar else "; its id stands in your events"
        count = served.query("select count(distinct organization_id) from fct_events").item()
        raise FixableError(cell(f'the report knows {count:,} organizations, and "{word}" is none of them{mend}'))


def explanation(told: dict[str, Any]) -> Iterator[str]:
    """The lines of `explain` for a person."""
    organization, events, entries = told["organization"], told["events"], told["entries"]
    yield f"organization  {cell(organization['organization_id'])}  {cell(organization['organization_name'])}"
    yield f"first seen    {cell(organization['first_seen_at'])}   deleted  {cell(organization['deleted_at'])}"
    yield f"as of         {cell(organization['as_of'])}   data to  {cell(organization['watermark'])}   (times are UTC)"
    for row in told["connections"]:
        said = f"{row['kind']:<13} {cell(row['connection_id'])}  {row['state']} since {instant(row['since'])}"
        yield from wrapped(f"{said}, {cell(row['provider'])}", "", "  ")
    yield f"\n{len(events):,} events"
    widths = [min(WIDEST, max(len(cell(event[name])) for event in events)) for name in COLUMNS]
    for event in events:
        columns = (cell(event[name]).ljust(width) for name, width in zip(COLUMNS, widths, strict=True))
        yield "  ".join((*columns, cell(event["event_id"])))
        yield from _about(event)
    if not entries:
        yield "\nno entry"
    for entry in entries:
        yield from _paragraph(entry)


def _about(event: Row) -> Iterator[str]:
    """What the event names, then what it did: one line an entry."""
    names = {"link": "link_id", "connection": "connection_id", "provider": "provider", "error": "error_code"}
    said = [f"{word} {cell(event[name])}" for word, name in names.items() if event[name] is not None]
    if said:
        yield from wrapped(", ".join(said), "    ")
    why = event["not_counted_because"]
    deeds = [f"counts for nothing: {why}"] if why else []
    deeds += [f"{deed['label']}: {', '.join(deed['did'])}" for deed in event["did"]]
    for deed in deeds or ["fills no step"]:
        yield from wrapped(cell(deed), "    > ", "  ")


def _paragraph(entry: Row) -> Iterator[str]:
    """An entry: how it began, how far it came, how it ended."""
    yield f"\n{cell(entry['label'])}  {cell(entry['title'])}"
    converted_at, maturity = entry["converted_at"], "yes, since" if entry["is_matured"] else "no, it matures"
    took = duration((converted_at - entry["entered_at"]).total_seconds() * 1e6) if converted_at else ""
    said = {
        **{name: entry[name] for name in ("entry_number", "intent", "entered_at", "opened_by")},
        "deepest_step": f"{entry['deepest_step']} {entry['steps'][-1]['step_name']}",
        "outcome": f"{entry['outcome']} {instant(converted_at)}, {took} after entry" if took else entry["outcome"],
        "ended_by": entry["ended_by"],
        **_what_now(entry),
        "is_matured": f"{maturity} {instant(entry['matures_at'])}",
        "provider": entry["provider"],
        "is_excluded": f"yes, from {instant(entry['excluded_at'])}" if entry["is_excluded"] else "no",
        "entry_id": entry["entry_id"],
    }
    for name, value in said.items():
        yield from wrapped(f"{name:<13} {cell(value)}", "    ", " " * 14)
    for step in entry["steps"]:
        when = instant(step["reached_at"]) if step["reached_at"] else "passed over, no event of its own"
        yield f"    step {step['step_number']:<8} {step['step_name']:<20} {when}"


def _what_now(entry: Row) -> Row:
    """What is to be done about an entry that is stuck, and the activation that came too late for one that is lost."""
    if entry["late_activation_at"]:
        return {"activated": f"late, {instant(entry['late_activation_at'])}"}
    if not entry["next_action"]:
        return {}
    expiry = entry["link_expires_at"]
    link = f"{entry['link_state']}{f', expiry {instant(expiry)}' if expiry else ''}" if entry["link_state"] else None
    said = {"stuck": f"idle for {duration(entry['idle_us'])}", "next_action": entry["next_action"], "link": link}
    return {name: text for name, text in (said | {"last_error": entry["last_error_message"]}).items() if text}
