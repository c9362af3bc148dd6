"""One funnel as a product manager declares it: its steps, what excludes, what it is broken down by.

Which files there are, and all mistakes in them at once, is the business of `catalog`.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StringConstraints, model_validator

from pipelines.mistakes import nearest, shown, spelt, together
from pipelines.settings import DurationUs, Section

FUNNEL_ID = r"[a-z][a-z0-9_]{0,62}"
LETTERS = "use lower-case letters, digits and _ (at most 63, a letter first)"
INTENTS = {
    "sso": ("single_sign_on", "s_s_o"),
    "dsync": ("directory_sync", "d_sync", "directory"),
    "audit_logs": (),
    "log_streams": (),
    "domain_verification": (),
    "certificate_renewal": (),
    "bring_your_own_key": ("byok",),
}
"""The known intents and their other spellings, in lower case with underscores."""
MOMENTS = ("entry", "first", "last")
"""Where a breakdown is read, if not at a step."""
DIMENSIONS = (
    *("all", "entry_day", "entry_week", "entry_month", "intent", "provider", "provider_group"),
    *("link_source", "weekday", "domain_count", "error_code"),
)
"""What all entries are told apart by: sql/core/fct_entry_segments.sql."""


def _scalar(value: object) -> object:
    if not isinstance(value, str | int | float):
        raise ValueError(f"{shown(value)} cannot be compared with; write text, a number, true or false")  # noqa: TRY004
    if not isinstance(value, str) and not abs(value) < 1e18:  # NaN too
        raise ValueError("this number is beyond what can be compared; write one of at most 18 digits")
    return value


def _normal_intent(text: str) -> str:
    snake = re.sub(r"[- ]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", text).lower())
    normal = next((intent for intent, others in INTENTS.items() if snake == intent or snake in others), text)
    if normal != text:
        raise ValueError(f'{shown(text)} is another spelling of an intent; write "{normal}"')
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, spelt(FUNNEL_ID, LETTERS)]
Url = Annotated[str, spelt(r"https?://\S+", "write an address that begins with https://")]
Intent = Annotated[Text, AfterValidator(_normal_intent)]
Events = Annotated[tuple[Text, ...], Field(min_length=1)]
Property = Annotated[str, spelt(r'(?!\*$)[^"\\]+', "write the property's name, without \" and \\")]
Scalar = Annotated[str | int | float | bool, BeforeValidator(_scalar)]
"""A value that a property can be compared with."""


class Step(Section):
    """One step of a funnel: any of several event names, perhaps with values that properties must have."""

    name: Name
    label: Text
    events: Events
    where: dict[Property, Scalar] = {}
    optional: StrictBool = False
    within: DurationUs | None = None
    standing: StrictBool = False


class Exclusion(Section):
    """An event between two steps that ends the chain (`drop_off`) or takes the entry out of all counts (`remove`)."""

    events: Events
    from_step: Name = Field(alias="from")
    to_step: Name = Field(alias="to")
    effect: Literal["drop_off", "remove"] = "drop_off"


class Breakdown(Section):
    """A property that entries are told apart by, and of which of their events it is read.

    `at`: `entry` (the event that opened it), `first` or `last` (of its events, the first or last that has it), or the
    name of a step (the event that filled it).
    """

    name: Name
    property: Property
    at: Name = "entry"


class Funnel(Section):
    """One file of `reports/funnels/`; `id` is the file's stem."""

    id: str = ""
    title: Text
    question: Text
    intents: tuple[Intent, ...] = ()
    entity: Literal["attempt", "organization", "link", "user"] = "attempt"
    entry: Literal["first", "latest_feasible"] = "first"
    order: Literal["ordered", "strict", "unordered"] = "ordered"
    window: DurationUs
    ends: tuple[Text, ...] = ("organization.deleted",)
    steps: Annotated[tuple[Step, ...], Field(min_length=2, max_length=40)]
    exclusions: tuple[Exclusion, ...] = ()
    guides: dict[Text, Url] = {}
    breakdowns: tuple[Breakdown, ...] = ()

    @property
    def last_required(self) -> int:
        """Number (from 1) of the last required step: the conversion."""
        return max(number for number, step in enumerate(self.steps, 1) if not step.optional)

    def step_number(self, name: str) -> int:
        """Number (from 1) of the step of that name; 0 where there is none."""
        return next((number for number, step in enumerate(self.steps, 1) if step.name == name), 0)

    @model_validator(mode="after")
    def _holds_together(self) -> "Funnel":
        mistakes = [*self._step_mistakes(), *self._exclusion_mistakes(), *self._breakdown_mistakes()]
        if mistakes:
            raise together(mistakes)
        return self

    def _step_mistakes(self) -> Iterator[str]:
        if self.steps[0].optional:
            yield "steps[1].optional: the first step is never optional; leave the key out"
        if self.steps[0].within:
            yield "steps[1].within: the first step has none before it; leave the key out"
        names = [step.name for step in self.steps]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f'steps: the name "{name}" stands twice; give each step its own'
        if sum(not step.optional for step in self.steps) < 2:
            yield "steps: at least two steps are required ones; take `optional` from the step that is the conversion"
            return
        conversion = {*self.steps[self.last_required - 1].events}
        for event in sorted((conversion | {*self.ends}) & {*self.steps[0].events}):
            yield f"steps[1].events: {shown(event)} both opens and ends an attempt; take it from one of the two"
        for event in sorted(conversion & {*self.ends}):
            yield f"ends: {shown(event)} is the conversion already; take it from one of the two"

    def _exclusion_mistakes(self) -> Iterator[str]:
        for number, exclusion in enumerate(self.exclusions, 1):
            for key, name in (("from", exclusion.from_step), ("to", exclusion.to_step)):
                if not self.step_number(name):
                    yield f'exclusions[{number}].{key}: no step "{name}"{nearest(name, [s.name for s in self.steps])}'
            from_number, to_number = self.step_number(exclusion.from_step), self.step_number(exclusion.to_step)
            if from_number and to_number and from_number >= to_number:
                yield f"exclusions[{number}]: `from` must come before `to`; swap the two"

    def _breakdown_mistakes(self) -> Iterator[str]:
        places, taken = [*MOMENTS, *(step.name for step in self.steps)], [*DIMENSIONS]
        for step in {step.name for step in self.steps} & {*MOMENTS} if self.breakdowns else ():
            yield f'steps: "{step}" is a moment of breakdowns; give the step another name'
        for number, breakdown in enumerate(self.breakdowns, 1):
            if breakdown.at not in places:
                yield f'breakdowns[{number}].at: no step "{breakdown.at}"{nearest(breakdown.at, places)}'
            if breakdown.name in taken:
                yield f'breakdowns[{number}].name: "{breakdown.name}" is there already; give it another name'
            taken.append(breakdown.name)
