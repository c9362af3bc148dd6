"""Columns and their types, written shortly. Which tables there are does not belong here."""

import polars as pl

TYPES: dict[str, pl.DataType] = {
    "int": pl.Int32(),
    "long": pl.Int64(),
    "real": pl.Float64(),
    "text": pl.String(),
    "bool": pl.Boolean(),
    "day": pl.Date(),
    "time": pl.Datetime("us", "UTC"),
}


def schema(columns: str) -> dict[str, pl.DataType]:
    """Columns written as `name:type`, parted by blanks, as a Polars schema.

    Raises:
        KeyError: a type is none of `TYPES`.
    """
    return {name: TYPES[kind] for name, kind in (column.split(":") for column in columns.split())}
