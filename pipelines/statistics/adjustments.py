"""Many tests at once: p-values adjusted for how many were asked. The tests themselves are in `intervals` and `odds`."""

from collections.abc import Sequence

import polars as pl


def holm(p: pl.Expr, by: Sequence[str]) -> pl.Expr:
    """P-values of each group adjusted so that one false alarm or more has the stated probability, in any order of rows.

    By S. Holm, Scand. J. Statist. 6 (1979) 65-70. NULL stays NULL and is no test.

    Args:
        p: p-values, Float64, 0 to 1.
        by: names of the columns whose groups are families of tests, one at least.
    """
    # Equal values share the place of the first of them, so their order does not matter.
    stepped = p * (p.count() - p.rank("min").cast(pl.Int64) + 1)
    return stepped.cum_max().over(by, order_by=p).clip(upper_bound=1)


def benjamini_hochberg(p: pl.Expr, by: Sequence[str]) -> pl.Expr:
    """P-values of each group as q-values: the share of false alarms among all that are no larger.

    By Y. Benjamini and Y. Hochberg, JRSS B 57 (1995) 289-300. NULL stays NULL and is no test.

    Args:
        p: p-values, Float64, 0 to 1.
        by: names of the columns whose groups are families of tests, one at least.
    """
    stepped = p * p.count() / p.rank("max")
    return stepped.cum_min(reverse=True).over(by, order_by=p).clip(upper_bound=1)
