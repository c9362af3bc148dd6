"""Mistakes in a TOML file as sentences: `file.toml: key: what is wrong; the mend`, all of a file at once.

Which keys there are, and what they mean, is in `catalog` and `settings`.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

SENTENCES = {
    "missing": "this key is missing; add it",
    "string_type": "this is no text; write text in quotes",
    "string_too_short": "this text is empty; write at least one character",
    "string_too_long": "this text is too long; write at most {max_length} characters",
    **dict.fromkeys(("bool_type", "bool_parsing"), "this is no truth value; write true or false"),
    **dict.fromkeys(("float_type", "float_parsing"), "this is no number; write a number without quotes"),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "this is no day; write one without quotes, such as 2026-11-24",
    ),
    "greater_than_equal": "this number is too small; write {ge} or more",
    "less_than_equal": "this number is too large; write {le} or less",
    "tuple_type": 'this is no list; write a list, such as ["a"]',
    "too_short": "these are too few; write at least {min_length}",
    "too_long": "these are too many; write at most {max_length}",
    **dict.fromkeys(("dict_type", "model_type"), "this is no table; write a table of keys and values"),
}
"""What to say for each kind of error that pydantic knows."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
SomeModel = TypeVar("SomeModel", bound=BaseModel)


def shown(value: object) -> str:
    """A value as TOML would write it, on one line; a list or table by its kind only."""
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False)
    return "a list" if isinstance(value, list) else "a table" if isinstance(value, dict) else str(value)


def nearest(word: str, known: Sequence[str]) -> str:
    """The mend for a word that is not among the `known` ones."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {shown(close[0])}?" if close else f"; known are {', '.join(known)}"


def spelt(pattern: str, mend: str) -> AfterValidator:
    """A text that has to match the whole `pattern`; `mend` says how to write it."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{shown(text)} cannot stand here; {mend}")
        return text

    return AfterValidator(check)


def together(mistakes: Sequence[str]) -> PydanticCustomError:
    """One error for several mistakes, each `key: what is wrong; the mend`."""
    return PydanticCustomError("together", "several mistakes", {"lines": list(mistakes)})


def read_toml(file: Path, mistakes: list[str]) -> dict[str, Any] | None:
    """The file's keys (none where there is no file), or None after adding its mistake."""
    try:
        return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number of too many digits
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        mistakes.append(f"{file.name}: this is no TOML: {reason}; mend that place")
    except OSError as error:
        mistakes.append(f"{file.name}: cannot be read: {error.strerror}; check the file and its permissions")
    return None


def as_model(file: Path, keys: Mapping[str, Any], model: type[SomeModel], mistakes: list[str]) -> SomeModel | None:
    """The keys as a `model`, or None after adding a sentence for each mistake."""
    try:
        return model.model_validate(keys, context=file.parent)
    except ValidationError as error:
        details = error.errors()
    for detail in details:
        place = detail["loc"]
        inner = [other for other in details if other["loc"][: len(place)] == place != other["loc"]]
        if not (detail["type"] == "too_short" and inner):  # pydantic does not count those that have mistakes
            mistakes.extend(f"{file.name}: {line}" for line in _lines(detail, model))
    return None


def _lines(detail: ErrorDetails, model: type[BaseModel]) -> Iterator[str]:
    kind, place, context = detail["type"], detail["loc"], detail.get("ctx", {})
    if place[-1:] == ("[key]",):  # the key of a free table is wrong: its table is the place
        place = place[:-2]
    if kind == "together":
        yield from context["lines"]
    elif kind == "extra_forbidden":
        known = [field.alias or name for name, field in _section_at(model, place[:-1]).model_fields.items()]
        yield f"{_path(place)}: unknown key{nearest(str(place[-1]), known)}"
    elif kind == "literal_error":
        expected = context["expected"].replace("'", '"')
        yield f"{_path(place)}: {shown(detail['input'])} is not known; write {expected}"
    elif kind == "tuple_type" and _section_at(model, place) is not _section_at(model, place[:-1]):
        yield f"{_path(place)}: this is no list of tables; write [[{place[-1]}]] above the keys of each"
    elif kind in SENTENCES:
        yield f"{_path(place)}: {SENTENCES[kind].format(**context)}"
    else:
        text = detail["msg"].removeprefix("Value error, ")
        yield f"{_path(place)}: {text}{'' if ';' in text else '; write another value'}"


def _path(place: Sequence[int | str]) -> str:
    parts = (
        f"[{part + 1}]" if isinstance(part, int) else f".{part if _BARE_KEY.fullmatch(part) else shown(part)}"
        for part in place
    )
    return "".join(parts).removeprefix(".")


def _section_at(model: type[BaseModel], place: Sequence[int | str]) -> type[BaseModel]:
    """The innermost table on the way to `place`."""
    for part in place:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        annotation = fields[part].annotation if part in fields else None
        for candidate in (annotation, *get_args(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model
