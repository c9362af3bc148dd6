"""One sentence for each published column, written once in `reports/`: measures in metrics.toml, others in columns.toml.

A key is a column's name, or `table.column` where one table means something else by it.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

FILES = ("metrics.toml", "columns.toml")


def load_dictionary(reports: Path) -> dict[str, str]:
    """Sentences by column, or by `table.column`."""
    sentences: dict[str, str] = {}
    for file in FILES:
        sentences |= _flat(tomllib.loads((reports / file).read_text("utf-8")))
    return sentences


def comments(
    dictionary: Mapping[str, str], tables: Mapping[str, str], columns: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Comments by `table` and `table.column`, from each table's sentence and the columns that it has."""
    found = dict(tables)
    for table, names in columns.items():
        for name in names:
            found[f"{table}.{name}"] = dictionary.get(f"{table}.{name}") or dictionary.get(name, "")
    return found


def _flat(tree: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat
