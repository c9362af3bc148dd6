"""All that is declared, read from TOML, every mistake in any file named at once.

Meaning only: nothing here touches data. What a funnel may say is in `funnel`, settings are in `settings`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import StringConstraints

from pipelines.errors import FixableError
from pipelines.funnel import FUNNEL_ID, INTENTS, LETTERS, Funnel, Name, Text
from pipelines.mistakes import SomeModel, as_model, nearest, read_toml, shown
from pipelines.settings import Section, Settings

QUESTIONS_FOLDER = "questions"
"""Below `sql/`: what commands ask the published tables. It changes no number."""
MODES = {"entity": "attempt", "entry": "first", "order": "ordered"}
"""Keys of a funnel of which one value is built."""


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


class Note(Section):
    """Something that changed outside the data, such as a release or a guide; without a funnel it is on every trend."""

    on: date
    text: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    funnel: Name | None = None


class NotesFile(Section):
    """The whole of `reports/notes.toml`."""

    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Catalog:
    """All that is declared in one reports directory, in the order in which pages show it."""

    settings: Settings
    funnels: tuple[Funnel, ...]
    advice: tuple[Advice, ...]
    notes: tuple[Note, ...] = ()
    remarks: tuple[str, ...] = ()
    """What is odd and stops nothing: advice and notes on what is not there, intents that nobody knows."""


def load_catalog(reports: Path) -> Catalog:
    """Read settings, advice, funnels and perhaps notes below `reports`; shipped set-ups first, other funnels by id.

    Raises:
        FixableError: one sentence for each mistake in any of the files.
    """
    mistakes: list[str] = []
    settings = _read(reports / "settings.toml", Settings, mistakes)
    advice = _read(reports / "next_actions.toml", AdviceFile, mistakes)
    notes = _read(reports / "notes.toml", NotesFile, mistakes) if (reports / "notes.toml").exists() else NotesFile()
    files = sorted((reports / "funnels").glob("*.toml"))
    if not files:
        mistakes.append(
            f"{reports / 'funnels'}: no funnel is here; add one, such as sso_setup.toml, "
            "or name another directory with --reports-dir"
        )
    funnels = {file.stem: _read_funnel(file, mistakes) for file in files}
    if mistakes or settings is None or advice is None or notes is None:
        raise FixableError(*mistakes)
    declared = tuple(sorted(filter(None, funnels.values()), key=_page_order))
    remarks = [f"next_actions.toml: {line}" for line in _advice_remarks(advice.advice, funnels)]
    remarks += [
        f'notes.toml: notes[{number}].funnel: no funnel "{note.funnel}"{nearest(note.funnel, [*funnels])}'
        for number, note in enumerate(notes.notes, 1)
        if note.funnel and note.funnel not in funnels
    ]
    remarks += [
        f'{funnel.id}.toml: intents: nobody knows "{intent}"{nearest(intent, [*INTENTS])}'
        for funnel in declared
        for intent in funnel.intents
        if intent not in INTENTS
    ]
    return Catalog(settings, declared, advice.advice, notes.notes, tuple(remarks))


def definitions_hash(*directories: Path) -> str:
    """16 hex digits over names and bytes of all definitions (SQL and TOML) below `directories`, questions apart."""
    digest = hashlib.sha256()
    for directory in directories:
        files = (file for file in directory.rglob("*") if file.suffix in {".sql", ".toml"})
        for file in sorted(file for file in files if file.parent.name != QUESTIONS_FOLDER):
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
