"""What a page holds: every number with its address, the text that has none, and the attributes of its elements.

A number stands alone (`data-table`, `data-key`, `data-column`, `data-format`) or in a grid: a table with `data-table`,
whose headings have `data-column` and `data-format` and whose rows `data-key`. A cell of a grid is the text right in it;
what stands in elements inside it is numbers of their own, which may leave table and key to the grid, or words.
What is quoted (`data-quoted`) is not loose: tests/flow/test_reference_pages.py compares it with what it is quoted from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr", "rect", "path", "circle", "line", "polyline", "use", "wbr"}
CELLS = ("td", "th")
SILENT = ("script", "style", "title")


@dataclass
class Cell:
    """A number of a page and where it came from; `columns` are separated by blanks."""

    table: str
    key: str
    columns: str
    format: str
    text: str = ""


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str]
    cell: Cell | None = None


@dataclass
class _Grid:
    headings: list[dict[str, str]] = field(default_factory=list)
    place: int = 0


class Page(HTMLParser):
    """The numbers, the loose text and the attributes (element, name, value) of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[Cell] = []
        self.loose: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self._open: list[_Element] = []
        self._grid = _Grid()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember where we are, and whether a number begins."""
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag in VOID:
            return
        found = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._grid = _Grid()
        elif tag == "tr":
            self._grid.place = 0
        cell = self._cell(tag, found)
        self._open.append(_Element(tag, found, cell))
        self.cells += [cell] if cell else []

    def handle_endtag(self, tag: str) -> None:
        """Leave the innermost element of that name; a row of a grid has a cell for each heading."""
        while self._open and tag not in VOID:
            left = self._open.pop()
            if left.tag == "tr" and "data-key" in left.attributes:
                assert self._grid.place == len(self._grid.headings)
            if left.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        """Text belongs to the number whose element it stands right in, or to nobody."""
        inside = self._open[-1] if self._open else _Element("", {})
        if inside.cell:
            inside.cell.text += data
        elif not any(element.tag in SILENT or "data-quoted" in element.attributes for element in self._open):
            self.loose.append(data)

    def _cell(self, tag: str, found: dict[str, str]) -> Cell | None:
        table = self._around("table", "data-table")
        key = self._around("tr", "data-key")
        if tag in CELLS and table and not key:
            self._grid.headings.append(found)
            return None
        if tag in CELLS and key:
            found = self._grid.headings[self._grid.place]
            self._grid.place += 1
        if "data-format" not in found:
            return None
        address = (found.get("data-table", table), found.get("data-key", key))
        return Cell(*address, found["data-column"], found["data-format"])

    def _around(self, tag: str, attribute: str) -> str:
        values = [
            element.attributes[attribute]
            for element in self._open
            if element.tag == tag and attribute in element.attributes
        ]
        return values[-1] if values else ""
