"""What a walk must give, told one event at a time: a slow second implementation that the SQL is compared with.

It knows what the project's funnels know today: attempts, from the first link, in order. Times are microseconds since
1970. Nothing here is clever or quick, and nothing of it is read by the product.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.catalog import Exclusion, Funnel
from pipelines.durations import time_us

TOLERANCE_US, INVERSION_US = 5_000_000, 3_600_000_000
DEACTIVATIONS = {"connection.deactivated", "connection.deleted", "dsync.deactivated", "dsync.deleted"}
INTENTS = {"connection.": "sso", "sso.": "sso", "admin_portal.sso_configured": "sso", "authentication.sso_": "sso"}
INTENTS |= {"dsync.": "dsync", "admin_portal.dsync_configured": "dsync"}


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


@dataclass
class Report:
    """What is known of one report of an activation before attempts are looked at."""

    is_known: bool
    is_unnamed: bool
    is_one_live: bool
    is_after_deactivation: bool


@dataclass
class Attempt:
    """One try: the events that it takes, and what closed it (`activation`, `end`, or nothing but its window)."""

    entry: Event
    until: int
    events: list[Event] = field(default_factory=list)
    closed_by: str = ""
    closed_at: int = 0
    afterwards: list[tuple[int, str]] = field(default_factory=list)

    def is_open(self, at: int) -> bool:
        """Whether it still waits for its activation at that time."""
        return not self.closed_by and at <= self.until


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


def counted(rows: Sequence[dict[str, Any]], as_of: int) -> list[Event]:
    """Of rows of the event store the events that count: one a copy, in production, up to the as-of time."""
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
    implied = next((intent for start, intent in INTENTS.items() if name.startswith(start)), None)
    at = time_us(row["timestamp"])
    return Event(
        key=row["event_key"],
        at=at,
        happened_at=at,
        name=name,
        source=row["source"],
        organization=organization,
        intent=row["intent"] or implied,
        connection=row["connection_id"],
        properties=json.loads(row["properties"]),
    )


def walk(funnel: Funnel, events: Sequence[Event], as_of: int) -> tuple[dict[Key, Entry], Counter[str]]:
    """The entries of one funnel by organization, intent and number, and how often each finding was met."""
    entries: dict[Key, Entry] = {}
    findings: Counter[str] = Counter()
    for organization in {event.organization for event in events if event.organization}:
        own = [event for event in events if event.organization == organization]
        known = {event.intent for event in own if event.intent}
        for intent in known & set(funnel.intents) if funnel.intents else known or {None}:
            stream = Stream(funnel, [event for event in own if event.intent in {intent, None}])
            findings += stream.findings
            for number, attempt in enumerate(stream.attempts, 1):
                entries[organization, intent, number] = stream.entry(number, attempt, as_of)
    return entries, findings


class Stream:
    """The events of one organization and intent, taken in order."""

    def __init__(self, funnel: Funnel, events: Sequence[Event]) -> None:
        self.funnel = funnel
        self.attempts: list[Attempt] = []
        self.findings: Counter[str] = Counter()
        happened = sorted(events, key=self._order)
        self.links = [event for event in happened if self.is_link(event)]
        self.reports = dict(self._reports(happened))
        for event in sorted((self._shifted(event, happened) for event in happened), key=self._order):
            self._take(event)

    def _order(self, event: Event) -> tuple[int, int, int]:
        """Time, then the first step that the name can fill (what fills none comes after), then the key."""
        steps = [number for number, step in enumerate(self.funnel.steps, 1) if event.name in step.events]
        return event.at, min(steps, default=len(self.funnel.steps) + 1), event.key

    def may_fill(self, event: Event, number: int) -> bool:
        """Whether the event stands for that step: by its name, and by what its properties must be."""
        step = self.funnel.steps[number - 1]
        return event.name in step.events and all(
            key in event.properties and event.properties[key] == value for key, value in step.where.items()
        )

    def is_link(self, event: Event) -> bool:
        """Whether it opens an attempt where none is open."""
        return self.may_fill(event, 1)

    def is_report(self, event: Event) -> bool:
        """Whether it says that something was activated."""
        return self.may_fill(event, self.funnel.last_required)

    def _reports(self, happened: Sequence[Event]) -> Iterator[tuple[int, Report]]:
        """By key: what the connections' own histories say of each report, whatever the attempts."""
        live: set[str] = set()
        is_unnamed_live = was_deactivated = False
        for place, event in enumerate(happened):
            if self.is_report(event):
                name = self._named(event, happened[place + 1 :])
                is_one_live = bool(live) or is_unnamed_live
                yield event.key, Report(name in live, name is None, is_one_live, was_deactivated and not is_one_live)
                is_unnamed_live = is_unnamed_live or name is None
                live |= {name} if name else set()
            if event.name in DEACTIVATIONS:
                live -= {event.connection or ""}
                is_unnamed_live, was_deactivated = False, True

    def _named(self, report: Event, later: Sequence[Event]) -> str | None:
        """The connection that it names; one that names none takes the next named report's within the tolerance."""
        named = next((event for event in later if self.is_report(event) and event.connection), None)
        if report.connection is None and named and named.at - report.at <= TOLERANCE_US:
            return named.connection
        return report.connection

    def _shifted(self, event: Event, happened: Sequence[Event]) -> Event:
        """An activation just before its link, on another clock and with no other link to belong to, is put at the link."""
        place = happened.index(event)
        following = next((other for other in happened[place:] if self.is_link(other)), None)
        earlier = [link for link in happened[:place] if link in self.links and event.at - link.at <= self.funnel.window]
        if not self.is_report(event) or self.reports[event.key].is_known or following is None or earlier:
            return event
        if following.source == event.source or following.at - event.at > TOLERANCE_US:
            return event
        return replace(event, at=following.at)

    def _take(self, event: Event) -> None:
        last = self.attempts[-1] if self.attempts else None
        is_open = last is not None and last.is_open(event.at)
        if self.is_report(event):
            report = self.reports[event.key]
            if report.is_known or (report.is_unnamed and report.is_one_live and not is_open):
                return
            self._count(event, report, last, is_open)
        if self.is_link(event) and not is_open:
            if last:
                last.afterwards.append((event.at, "censored"))
            last = Attempt(event, event.at + self.funnel.window)
            self.attempts.append(last)
        if last:
            self._give(event, last)

    def _give(self, event: Event, attempt: Attempt) -> None:
        """Hand an event to the attempt that is open, or that was the last."""
        if event.at <= attempt.until and attempt.closed_by != "end":
            attempt.events.append(event)
        if event.name in self.funnel.ends and not attempt.closed_by:
            attempt.afterwards.append((event.at, "ended"))
        if not attempt.is_open(event.at):
            return
        if self.is_report(event) or event.name in self.funnel.ends:
            attempt.closed_by = "activation" if self.is_report(event) else "end"
            attempt.closed_at = event.at

    def _count(self, event: Event, report: Report, last: Attempt | None, is_open: bool) -> None:
        """What an activation is: a conversion, a re-activation (both may be), late, or out of band."""
        if report.is_after_deactivation:
            self.findings["re_activation"] += 1
        elif not is_open and last and not last.closed_by and "activated" not in dict(last.afterwards).values():
            self.findings["late_activation"] += 1
            last.afterwards.append((event.at, "activated"))
        elif not is_open:
            self.findings["out_of_band"] += 1
            waits = [link.at - event.happened_at for link in self.links if link.source != event.source]
            self.findings["clock_inversion"] += any(TOLERANCE_US < wait <= INVERSION_US for wait in waits)

    def entry(self, number: int, attempt: Attempt, as_of: int) -> Entry:
        """The row that an attempt makes."""
        chain = self._chain(attempt)
        is_matured = as_of >= attempt.until
        outcome = {"activation": "activated", "end": "ended"}.get(attempt.closed_by, "lost" if is_matured else "open")
        observed = (attempt.closed_at, outcome) if attempt.closed_by else (attempt.afterwards or [(as_of, "censored")])[0]
        excluded = [(x, event) for x in self.funnel.exclusions for event in self._between(attempt, chain, x)]
        dropped = min((self._place(attempt, e) for x, e in excluded if x.effect == "drop_off"), default=None)
        if dropped is not None:
            chain = [(step, event) for step, event in chain if self._place(attempt, event) < dropped]
            outcome, observed = "lost", min(observed, (attempt.events[dropped].at, "censored"))
        return Entry(
            number=number,
            entered=attempt.entry.at,
            outcome=outcome,
            converted=attempt.closed_at if outcome == "activated" else None,
            is_matured=is_matured,
            is_excluded=any(exclusion.effect == "remove" for exclusion, _ in excluded),
            deepest=chain[-1][0],
            steps={step: event.at for step, event in chain},
            observed_us=observed[0] - attempt.entry.at,
            observed_outcome=observed[1],
        )

    def _place(self, attempt: Attempt, event: Event) -> int:
        return attempt.events.index(event)

    def _chain(self, attempt: Attempt) -> list[tuple[int, Event]]:
        """From the deepest step reached, each event fills the first step beyond it that it may."""
        chain = [(1, attempt.entry)]
        for event in attempt.events[1:]:
            if self._is_past(attempt, event) and chain[-1][0] < self.funnel.last_required:
                break
            chain += [(step, event) for step in self._next_steps(event, *chain[-1])][:1]
        return chain

    def _is_past(self, attempt: Attempt, event: Event) -> bool:
        """Whether the event comes after the one that closed the attempt."""
        closing = [e for e in attempt.events if self.is_report(e)] if attempt.closed_by == "activation" else []
        return bool(closing) and self._place(attempt, event) > self._place(attempt, closing[0])

    def _next_steps(self, event: Event, deepest: int, reached: Event) -> Iterator[int]:
        """Steps that the event may fill from there: passing over optional ones only, within the step's own window."""
        for number in range(deepest + 1, len(self.funnel.steps) + 1):
            step = self.funnel.steps[number - 1]
            if self.may_fill(event, number) and (step.within is None or event.at - reached.at <= step.within):
                yield number
            if not step.optional:
                return

    def _between(self, attempt: Attempt, chain: Sequence[tuple[int, Event]], exclusion: Exclusion) -> Iterator[Event]:
        """Events of an exclusion strictly between the times at which its two steps were reached or passed over."""
        start = next((e.at for step, e in chain if step >= self.funnel.step_number(exclusion.from_step)), None)
        end = next((e.at for step, e in chain if step >= self.funnel.step_number(exclusion.to_step)), None)
        for event in attempt.events:
            if self._is_past(attempt, event) and chain[-1][0] < self.funnel.last_required:
                return
            if event.name in exclusion.events and start is not None and start < event.at < (end or event.at + 1):
                yield event
