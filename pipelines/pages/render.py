"""The only door to jinja2: a view and a template in, HTML or plain text out.

Everything is escaped in HTML, nothing in the `.txt` templates; nothing is marked safe but the JSON that `inline_json`
has escaped itself.
"""

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Renderer:
    """Templates of one folder; only those that end in `.txt` write plain text, where `<` is just a character."""

    def __init__(self, templates: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(templates),
            undefined=StrictUndefined,
            autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["inline_json"] = inline_json

    def page(self, template: str, **names: object) -> str:
        """The template filled with these names.

        Raises:
            jinja2.UndefinedError: the template asks for a name that is not there.
        """
        return self._environment.get_template(template).render(**names)


def inline_json(value: object) -> Markup:
    """JSON that may stand inside a script element: no text in it can end the element or start another."""
    text = dump_json(value)
    for character, escaped in _IN_SCRIPT.items():
        text = text.replace(character, escaped)
    return Markup(text)  # noqa: S704 the lines above have escaped it


def dump_json(value: object) -> str:
    """The same text for equal values: keys sorted, no blanks, no NaN.

    Raises:
        ValueError: a float is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
