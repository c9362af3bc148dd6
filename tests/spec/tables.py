"""Tables in text, the way the specifications state what goes in and what comes out."""

from __future__ import annotations


def parse_table(text: str) -> list[dict[str, str]]:
    """The rows below a header line, each as its stripped cells by column name; types are the caller's.

    Every line is `| cell | cell |`; blank lines and a line of dashes (`|---|---|`) say nothing.

    Raises:
        ValueError: a line has no outer bars, another number of cells than the header, or a header repeats a name.
    """
    lines = [_cells(line.strip()) for line in text.splitlines() if line.strip(" |-:")]
    header, *rows = lines or [[]]
    if len(set(header)) < len(header):
        raise ValueError(f"a column stands twice: {header}")
    try:
        return [dict(zip(header, row, strict=True)) for row in rows]
    except ValueError as error:
        raise ValueError(f"a row has not the {len(header)} cells of its header:\n{text}") from error


def _cells(line: str) -> list[str]:
    if not (line.startswith("|") and line.endswith("|") and len(line) > 1):
        raise ValueError(f"a row of a table starts and ends with a bar: {line!r}")
    return [cell.strip() for cell in line[1:-1].split("|")]
