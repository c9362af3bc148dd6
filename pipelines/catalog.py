"""What the product manager declares: funnels and advice, read from TOML, every mistake named at once.

Meaning only: nothing here touches data. Settings are in `settings`.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from pipelines.errors import FixableError
from pipelines.settings import DurationUs, Section, Settings

FUNNEL_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Events = Annotated[tuple[Text, ...], Field(min_length=1)]
Scalar = str | int | float | bool
"""A value that a property can be compared with."""


class Step(Section):
    """One step of a funnel: any of several event names, perhaps with values that properties must have."""

    name: Name
    label: Text
    events: Events
    where: dict[str, Scalar] = {}
    optional: bool = False
    within: DurationUs | None = None
    standing: bool = False


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
    intents: tuple[Text, ...] = ()
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
        mistakes = [*self._not_built(), *self._step_mistakes(), *self._exclusion_mistakes()]
        if mistakes:
            raise PydanticCustomError("funnel", "{text}", {"text": "\n".join(mistakes)})
        return self

    def _not_built(self) -> Iterator[str]:
        for key, built in (("entity", "attempt"), ("entry", "first"), ("order", "ordered")):
            if getattr(self, key) != built:
                yield f'{key}: "{getattr(self, key)}" is not built yet; write "{built}" or leave the key out'
        for number, step in enumerate(self.steps, 1):
            if step.standing:
                yield f"steps[{number}].standing: standing facts are not built yet; leave the key out"

    def _step_mistakes(self) -> Iterator[str]:
        if self.steps[0].optional:
            yield "steps[1].optional: the first step is never optional; leave the key out"
        if sum(not step.optional for step in self.steps) < 2:
            yield "steps: at least two steps are required ones; take `optional` from the step that is the conversion"
            return
        names = [step.name for step in self.steps]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f'steps: the name "{name}" stands twice; give each step its own'
        if self.steps[0].within:
            yield "steps[1].within: the first step has none before it; leave the key out"
        closing = {*self.steps[self.last_required - 1].events, *self.ends}
        for event in sorted(closing & set(self.steps[0].events)):
            yield f'steps[1].events: "{event}" both opens and ends an attempt; take it from one of the two'
        for event in sorted({*self.steps[self.last_required - 1].events} & set(self.ends)):
            yield f'ends: "{event}" is the conversion already; take it from one of the two'

    def _exclusion_mistakes(self) -> Iterator[str]:
        for number, exclusion in enumerate(self.exclusions, 1):
            for key, name in (("from", exclusion.from_step), ("to", exclusion.to_step)):
                if not self.step_number(name):
                    yield f'exclusions[{number}].{key}: no step "{name}"{_nearest(name, [s.name for s in self.steps])}'
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


SomeSection = TypeVar("SomeSection", bound=Section)


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
        mistakes.append(f"{reports.name}/funnels: no funnel here; add one, such as sso_setup.toml")
    funnels = [_read_funnel(file, mistakes) for file in files]
    if mistakes or settings is None or advice is None:
        raise FixableError(*mistakes)
    return Catalog(settings, tuple(sorted(filter(None, funnels), key=_page_order)), advice.advice)


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
    if not FUNNEL_ID.fullmatch(file.stem):
        mistakes.append(
            f"{file.name}: the file's name is the funnel's id; use lower-case letters, digits and _ (at most 63)"
        )
        return None
    funnel = _read(file, Funnel, mistakes)
    if funnel and funnel.id:
        mistakes.append(f"{file.name}: id: the id is the file's name; leave the key out")
    return funnel and funnel.model_copy(update={"id": file.stem})


def _read(file: Path, model: type[SomeSection], mistakes: list[str]) -> SomeSection | None:
    """The file as a `model` (a missing file is an empty one), or None after adding its mistakes."""
    try:
        return model.model_validate(tomllib.loads(file.read_text("utf-8")) if file.exists() else {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        mistakes.append(f"{file.name}: this is no TOML: {str(error) or 'nested too deeply'}; mend that place")
    except OSError as error:
        mistakes.append(f"{file.name}: cannot be read: {error.strerror}; check the file and its permissions")
    except ValidationError as error:
        for detail in error.errors():
            mistakes.extend(_sentences(file.name, detail["type"], detail["loc"], detail["msg"], model))
    return None


def _sentences(file: str, kind: str, place: Sequence[int | str], message: str, model: type[Section]) -> Iterator[str]:
    if kind == "funnel":
        yield from (f"{file}: {line}" for line in message.splitlines())
        return
    path = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    if kind == "extra_forbidden":
        known = list(_fields_at(model, place[:-1]))
        yield f"{file}: {path}: unknown key{_nearest(str(place[-1]), known)}"
    elif kind == "missing":
        yield f"{file}: {path}: this key is missing; add it"
    else:
        yield f"{file}: {path}: {message.removeprefix('Value error, ')}"


def _fields_at(model: type[BaseModel], place: Sequence[int | str]) -> Iterator[str]:
    """Names of the keys that `model` knows at `place`."""
    lists: dict[str, type[BaseModel]] = {"steps": Step, "exclusions": Exclusion, "advice": Advice}
    known = model
    for part in place:
        field = known.model_fields.get(str(part))
        section = lists.get(str(part), field.annotation if field else None)
        known = section if isinstance(section, type) and issubclass(section, BaseModel) else known
    for name, field in known.model_fields.items():
        yield field.alias or name


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else f"; known are {', '.join(known)}"
