"""What a walk must give, told one event at a time: a slow second implementation that the SQL is compared with.

It knows what the project's funnels know today: attempts, from their first link, in order. Times are microseconds since
1970. Nothing here is clever or quick, and the product reads none of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.durations import time_us
from pipelines.funnel import Exclusion, Funnel

TOLERANCE_US, INVERSION_US = 5_000_000, 3_600_000_000
REPORTS = {"connection.activated", "sso.activated", "admin_portal.sso_configured", "dsync.activated"}
DEACTIVATIONS = {"connection.deactivated", "connection.deleted", "dsync.deactivated", "dsync.deleted"}
IMPLIED = {"connection.": "sso", "sso.": "sso", "authentication.sso_": "sso", "dsync.": "dsync"}
IMPLIED |= {"admin_portal.sso_configured": "sso", "admin_portal.dsync_configured": "dsync"}
SPELLINGS = {"SSO": "sso", "directory_sync": "dsync"}


@dataclass(frozen=True)
class Event:
    """One event that counts; `happened_at` stays where the clock tolerance moves `at`."""

    key: int
    at: int
    happened_at: int
    name: str
    source: str
    organization: str | None
    intent: str | None
    connection: str | None
    properties: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What its organization had for its intent just before one report of an activation, whatever the attempts."""

    is_known: bool = False
    is_unnamed: bool = False
    is_one_live: bool = False
    was_deactivated: bool = False


@dataclass
class Attempt:
    """One try: what happened in it, what closed it if that was not its window, what came later."""

    entry: Event
    until: int
    events: list[Event] = field(default_factory=list)
    closed_by: str = ""
    closed_at: int = 0
    later: list[Event] = field(default_factory=list)
    watched: list[tuple[int, str]] = field(default_factory=list)

    def is_open(self, at: int) -> bool:
        """Whether it still waits for its activation at that time."""
        return not self.closed_by and at <= self.until

    def awaits_late_activation(self) -> bool:
        """Whether only its window closed it, and no activation came since."""
        return not self.closed_by and "activated" not in [outcome for _, outcome in self.watched]


@dataclass(frozen=True)
class Entry:
    """One row of `fct_entries`, with its steps and their times."""

    number: int
    entered: int
    outcome: str
    converted: int | None
    is_matured: bool
    is_excluded: bool
    deepest: int
    steps: dict[int, int]
    observed_us: int
    observed_outcome: str


Key = tuple[str, str | None, int]
Fate = tuple[int, str, str]
"""An event's key, the intent in whose stream it lies (nothing for none), what became of it there."""


def counted(rows: Sequence[dict[str, Any]], as_of: int) -> list[Event]:
    """Of rows of the event store the events that count: one of its copies, in production, up to the as-of time."""
    kept: dict[str, dict[str, Any]] = {}
    for row in rows:
        before = kept.get(row["event_id"])
        if before is None or _copy_order(row) < _copy_order(before):
            kept[row["event_id"]] = row
    happened = [row for row in kept.values() if time_us(row["timestamp"]) <= as_of]
    counting = [row for row in happened if (row["environment"] or "production") == "production"]
    owners = {row["connection_id"]: row["organization_id"] for row in counting if row["organization_id"]}
    return [_event(row, owners) for row in counting]


def _copy_order(row: dict[str, Any]) -> tuple[object, ...]:
    """The copy received first is kept; where that is not known the earliest, then the smaller text."""
    received = row["received_at"]
    return received is None, received or row["timestamp"], row["timestamp"], row["content_hash"]


def _event(row: dict[str, Any], owners: dict[str | None, str]) -> Event:
    name, organization = row["event_type"], row["organization_id"]
    if organization is None and name.startswith("authentication.sso_") and row["connection_id"]:
        organization = owners.get(row["connection_id"])
    implied = next((intent for start, intent in IMPLIED.items() if name.startswith(start)), None)
    at = time_us(row["timestamp"])
    return Event(
        key=row["event_key"],
        at=at,
        happened_at=at,
        name=name,
        source=row["source"],
        organization=organization,
        intent=SPELLINGS.get(row["intent"], row["intent"]) or implied,
        connection=row["connection_id"],
        properties=json.loads(row["properties"]),
    )


def walk(funnel: Funnel, events: Sequence[Event], as_of: int) -> tuple[dict[Key, Entry], Counter[str], set[Fate]]:
    """The entries of one funnel by organization, intent and number, each finding's count, each activation's fate."""
    entries: dict[Key, Entry] = {}
    findings: Counter[str] = Counter()
    fates: set[Fate] = set()
    for organization in {event.organization for event in events if event.organization}:
        own = [event for event in events if event.organization == organization]
        known: set[str | None] = {event.intent for event in own if event.intent}
        for intent in funnel.intents or known or {None}:
            stream = Stream(funnel, [event for event in own if event.intent in {intent, None}])
            findings += stream.findings
            fates |= {(key, intent or "", fate) for key, fate in stream.fates.items()}
            for number, attempt in enumerate(stream.attempts, 1):
                entries[organization, intent, number] = stream.entry(number, attempt, as_of)
    return entries, findings, fates


def _reports(events: Sequence[Event]) -> Iterator[tuple[int, Report]]:
    """By key, what was known before each report: a connection is live until it is deactivated or deleted.

    A report without a name stands for a connection of its own, until the next deactivation of any.
    """
    live: set[str] = set()
    is_unnamed_live = was_deactivated = False
    happened = sorted(events, key=lambda e: (e.at, e.name in DEACTIVATIONS, e.key))
    for place, event in enumerate(happened):
        if event.name in REPORTS:
            name = _named(event, happened[place + 1 :])
            yield event.key, Report(name in live, name is None, bool(live) or is_unnamed_live, was_deactivated)
            live |= {name} if name else set()
            is_unnamed_live = is_unnamed_live or name is None
        if event.name in DEACTIVATIONS:
            live -= {event.connection or ""}
            is_unnamed_live, was_deactivated = False, True


def _named(report: Event, later: Sequence[Event]) -> str | None:
    """The connection that it names; one that names none takes the next named report's within the tolerance."""
    named = next((event for event in later if event.name in REPORTS and event.connection), None)
    if report.connection is None and named and named.at - report.at <= TOLERANCE_US:
        return named.connection
    return report.connection


class Stream:
    """The events of one organization and intent, taken in order."""

    def __init__(self, funnel: Funnel, events: Sequence[Event]) -> None:
        self.funnel = funnel
        self.attempts: list[Attempt] = []
        self.findings: Counter[str] = Counter()
        self.fates: dict[int, str] = {}
        self.reports = dict(_reports(events))
        self.links = sorted((event for event in events if self.may_fill(event, 1)), key=self.place)
        for event in sorted(map(self._shifted, events), key=self.place):
            self._take(event)

    def place(self, event: Event) -> tuple[int, int, int]:
        """Time, then the first step that the name can fill (what fills none comes after), then the key."""
        steps = [number for number, step in enumerate(self.funnel.steps, 1) if event.name in step.events]
        return event.at, min(steps, default=len(self.funnel.steps) + 1), event.key

    def may_fill(self, event: Event, number: int) -> bool:
        """Whether the event stands for that step: by its name, and by what its properties must be."""
        step = self.funnel.steps[number - 1]
        properties = event.properties.items()
        return event.name in step.events and all(item in properties for item in step.where.items())

    def is_activation(self, event: Event) -> bool:
        """Whether it is what this funnel leads to."""
        return self.may_fill(event, self.funnel.last_required)

    def _shifted(self, event: Event) -> Event:
        """An activation just before its link on another clock, with no other link to belong to, is put at the link."""
        before = [link for link in self.links if self.place(link) < self.place(event)]
        after = self.links[len(before) :]
        is_known = self.reports.get(event.key, Report()).is_known
        if not self.is_activation(event) or is_known or not after or after[0].source == event.source:
            return event
        if before and event.at - before[-1].at <= self.funnel.window:
            return event
        return replace(event, at=after[0].at) if after[0].at - event.at <= TOLERANCE_US else event

    def _take(self, event: Event) -> None:
        last = self.attempts[-1] if self.attempts else None
        is_open = last is not None and last.is_open(event.at)
        report = self.reports.get(event.key, Report())
        if report.is_known or (report.is_unnamed and report.is_one_live and not is_open):
            if self.is_activation(event):
                self.fates[event.key] = "repeat"
            return  # it repeats a known activation: it opens, closes, fills and counts nothing
        if self.is_activation(event):
            self._count(event, report, last, is_open)
        if self.may_fill(event, 1) and not is_open:
            if last:
                last.watched.append((event.at, "censored"))
            last = Attempt(event, event.at + self.funnel.window)
            self.attempts.append(last)
        if last:
            self._hand(event, last)

    def _hand(self, event: Event, attempt: Attempt) -> None:
        """An event belongs to the latest attempt; an activation or a competing end closes it where it is open."""
        is_end = event.name in self.funnel.ends
        if is_end:
            attempt.watched.append((event.at, "ended"))
        if attempt.is_open(event.at):
            attempt.events.append(event)
            if is_end or self.is_activation(event):
                attempt.closed_by, attempt.closed_at = ("ended" if is_end else "activated"), event.at
        elif event.at <= attempt.until:
            attempt.later.append(event)

    def _count(self, event: Event, report: Report, last: Attempt | None, is_open: bool) -> None:
        """What an activation is: a conversion, a re-activation (both may be), late, or out of band."""
        is_again = report.was_deactivated and not report.is_one_live
        self.findings["re_activation"] += is_again
        if is_open:
            self.fates[event.key] = "conversion"
        elif is_again:
            self.fates[event.key] = "re_activation"
        elif last and last.awaits_late_activation():
            self.fates[event.key] = "late_activation"
            self.findings["late_activation"] += 1
            last.watched.append((event.at, "activated"))
        else:
            self.fates[event.key] = "out_of_band"
            self.findings["out_of_band"] += 1
            after = [link for link in self.links if self.place(link) > self.place(event)]
            if after and after[0].source != event.source:
                wait = after[0].at - event.happened_at
                self.findings["clock_inversion"] += TOLERANCE_US < wait <= INVERSION_US

    def entry(self, number: int, attempt: Attempt, as_of: int) -> Entry:
        """The row that an attempt makes."""
        is_matured = as_of >= attempt.until
        outcome = attempt.closed_by or ("lost" if is_matured else "open")
        closing = [(attempt.closed_at, outcome)] if attempt.closed_by else attempt.watched
        observed = min(closing, default=(as_of, "censored"))
        events, chain = self._walked(attempt)
        excluded = [(x.effect, event) for x in self.funnel.exclusions for event in self._between(events, chain, x)]
        dropped = min((event for effect, event in excluded if effect == "drop_off"), key=self.place, default=None)
        if dropped:
            chain = [(step, event) for step, event in chain if self.place(event) < self.place(dropped)]
        if dropped and dropped not in attempt.later:  # what was activated before the exclusion stays activated
            outcome, observed = "lost", (dropped.at, "censored")
        return Entry(
            number=number,
            entered=attempt.entry.at,
            outcome=outcome,
            converted=attempt.closed_at if outcome == "activated" else None,
            is_matured=is_matured,
            is_excluded=any(effect == "remove" for effect, _ in excluded),
            deepest=chain[-1][0],
            steps={step: event.at for step, event in chain},
            observed_us=observed[0] - attempt.entry.at,
            observed_outcome=observed[1],
        )

    def _walked(self, attempt: Attempt) -> tuple[list[Event], list[tuple[int, Event]]]:
        """The events that count for its steps, and its chain; after its conversion both go on to its window's end."""
        chain = self._chain(attempt.events)
        if chain[-1][0] < self.funnel.last_required:
            return attempt.events, chain
        events = attempt.events + attempt.later
        return events, self._chain(events)

    def _chain(self, events: Sequence[Event]) -> list[tuple[int, Event]]:
        """From the deepest step reached, each event fills the first step beyond it that it may."""
        chain = [(1, events[0])]
        for event in events[1:]:
            chain += [(step, event) for step in self._next_steps(event, *chain[-1])][:1]
        return chain

    def _next_steps(self, event: Event, deepest: int, reached: Event) -> Iterator[int]:
        """Steps that the event may fill from there: passing over optional ones only, within the step's own window."""
        for number in range(deepest + 1, len(self.funnel.steps) + 1):
            step = self.funnel.steps[number - 1]
            if self.may_fill(event, number) and (step.within is None or event.at - reached.at <= step.within):
                yield number
            if not step.optional:
                return

    def _between(
        self, events: Sequence[Event], chain: Sequence[tuple[int, Event]], exclusion: Exclusion
    ) -> Iterator[Event]:
        """Events of an exclusion strictly between the times at which its two steps were reached or passed over."""
        first, second = (self.funnel.step_number(name) for name in (exclusion.from_step, exclusion.to_step))
        start = next((event.at for step, event in chain if step >= first), None)
        end = next((event.at for step, event in chain if step >= second), None)
        for event in events:
            is_before_end = end is None or event.at < end
            if event.name in exclusion.events and start is not None and start < event.at and is_before_end:
                yield event
