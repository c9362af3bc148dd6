"""What the product manager declares: funnels and advice, read from TOML, every mistake named at once.

Meaning only: nothing here touches data. Settings are in `settings`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StringConstraints, model_validator

from pipelines.errors import FixableError
from pipelines.mistakes import SomeModel, as_model, nearest, read_toml, shown, spelt, together
from pipelines.settings import DurationUs, Section, Settings

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
"""The known intents and their other words, as in sql/staging/stg_events.sql."""
MODES = {"entity": "attempt", "entry": "first", "order": "ordered"}
"""Keys of a funnel of which one value is built."""


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

    @property
    def last_required(self) -> int:
        """Number (from 1) of the last required step: the conversion."""
        return max(number for number, step in enumerate(self.steps, 1) if not step.optional)

    def step_number(self, name: str) -> int:
        """Number (from 1) of the step of that name; 0 where there is none."""
        return next((number for number, step in enumerate(self.steps, 1) if step.name == name), 0)

    @model_validator(mode="after")
    def _holds_together(self) -> Funnel:
        mistakes = [*self._step_mistakes(), *self._exclusion_mistakes()]
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


class Advice(Section):
    """What to do about an open attempt; keys left out match anything, the first entry that matches counts."""

    funnel: Name | None = None
    step: Name | None = None
    provider: Text | None = None
    link_state: Literal["live", "opened", "expired", "revoked"] | None = None
    error: Text | None = None
    action: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class AdviceFile(Section):
    """The whole of `reports/next_actions.toml`."""

    advice: tuple[Advice, ...] = ()


@dataclass(frozen=True)
class Catalog:
    """All that is declared in one reports directory, in the order in which pages show it."""

    settings: Settings
    funnels: tuple[Funnel, ...]
    advice: tuple[Advice, ...]
    remarks: tuple[str, ...] = ()
    """What is odd and stops nothing: advice on funnels and steps that are not there."""


def load_catalog(reports: Path) -> Catalog:
    """Read settings, advice and funnels below `reports`; shipped set-ups first, the others by id.

    Raises:
        FixableError: one sentence for each mistake in any of the files.
    """
    mistakes: list[str] = []
    settings = _read(reports / "settings.toml", Settings, mistakes)
    advice = _read(reports / "next_actions.toml", AdviceFile, mistakes)
    files = sorted((reports / "funnels").glob("*.toml"))
    if not files:
        mistakes.append(
            f"{reports / 'funnels'}: no funnel is here; add one, such as sso_setup.toml, "
            "or name another directory with --reports-dir"
        )
    funnels = {file.stem: _read_funnel(file, mistakes) for file in files}
    if mistakes or settings is None or advice is None:
        raise FixableError(*mistakes)
    remarks = tuple(f"next_actions.toml: {line}" for line in _advice_remarks(advice.advice, funnels))
    return Catalog(settings, tuple(sorted(filter(None, funnels.values()), key=_page_order)), advice.advice, remarks)


def definitions_hash(*directories: Path) -> str:
    """16 hex digits over the names and bytes of all definition files (SQL and TOML) below `directories`."""
    digest = hashlib.sha256()
    for directory in directories:
        for file in sorted(file for file in directory.rglob("*") if file.suffix in {".sql", ".toml"}):
            digest.update(f"{file.relative_to(directory)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _page_order(funnel: Funnel) -> tuple[int, str]:
    shipped = ("sso_setup", "dsync_setup", "audit_logs_setup")
    return (shipped.index(funnel.id) if funnel.id in shipped else len(shipped), funnel.id)


def _read_funnel(file: Path, mistakes: list[str]) -> Funnel | None:
    if not re.fullmatch(FUNNEL_ID, file.stem):
        mistakes.append(f"{file.name}: the file's name is the funnel's id; {LETTERS}")
    keys = read_toml(file, mistakes)
    if keys is None:
        return None
    if "id" in keys:
        mistakes.append(f"{file.name}: id: the id is the file's name; leave the key out")
    mistakes += [f"{file.name}: {line}" for line in _not_built(keys)]
    return as_model(file, {key: keys[key] for key in keys if key not in MODES} | {"id": file.stem}, Funnel, mistakes)


def _not_built(keys: Mapping[str, Any]) -> Iterator[str]:
    """Modes that are declared and not there yet: read before anything else, so that no other mistake hides them."""
    for key, built in MODES.items():
        value = keys.get(key, built)
        if value != built:
            state = "built yet" if value in get_args(Funnel.model_fields[key].annotation) else "known"
            yield f'{key}: {shown(value)} is not {state}; write "{built}" or leave the key out'
    steps = keys.get("steps")
    for number, step in enumerate(steps if isinstance(steps, list) else [], 1):
        if isinstance(step, dict) and step.get("standing") is True:
            yield f"steps[{number}].standing: standing facts are not built yet; leave the key out"


def _advice_remarks(entries: Sequence[Advice], funnels: Mapping[str, Funnel | None]) -> Iterator[str]:
    """Funnels and steps that do not exist; the steps of a funnel that could not be read are not known."""
    for number, entry in enumerate(entries, 1):
        if entry.funnel and entry.funnel not in funnels:
            yield f'advice[{number}].funnel: no funnel "{entry.funnel}"{nearest(entry.funnel, [*funnels])}'
        elif entry.step:
            meant = [funnels[entry.funnel]] if entry.funnel else [*funnels.values()]
            names = list(dict.fromkeys(step.name for funnel in meant if funnel for step in funnel.steps))
            if None not in meant and entry.step not in names:
                yield f'advice[{number}].step: no step "{entry.step}"{nearest(entry.step, names)}'


def _read(file: Path, model: type[SomeModel], mistakes: list[str]) -> SomeModel | None:
    keys = read_toml(file, mistakes)
    return None if keys is None else as_model(file, keys, model, mistakes)
