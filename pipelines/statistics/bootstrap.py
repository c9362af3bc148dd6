"""Intervals of rates whose attempts hang together: organizations are redrawn whole. Independent ones: `intervals`."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.statistics.intervals import wilson_of_share

SEED = 1979
REPLICATES = 2_000
_BOUNDS = ("organization_lower", "organization_upper", "clustered_lower", "clustered_upper")


def cluster_bootstrap(organizations: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """95 % intervals of two rates of each group, by redrawing its organizations with all their attempts.

    Percentiles of 2,000 replicates, by B. Efron, Ann. Statist. 7 (1979) 1-26. Every group starts from the same seed, so
    groups do not touch. Where all replicates are equal they tell nothing (all organizations activated, say): there it
    is Wilson's interval of the rate, with as many trials as there are organizations.

    Args:
        organizations: one row per organization: the `by` columns, `matured_count` and `activated_count` (Int64; the
            latter of its matured attempts). Those with nothing matured are left out.
        by: names of the grouping columns, one at least.

    Returns:
        `by`, `organization_lower`, `organization_upper` (of the share of organizations with an activated attempt),
        `clustered_lower`, `clustered_upper` (of the share of attempts activated), Float64, 0 to 1; one row per group
        with a matured attempt, sorted.
    """
    matured, activated, alike = pl.col("matured_count"), pl.col("activated_count"), pl.col("alike")
    kinds = (
        organizations.filter(matured > 0)
        .group_by(*by, "matured_count", "activated_count")
        .agg(alike=pl.len().cast(pl.Int64))
        .sort(*by, "matured_count", "activated_count")
    )
    groups = kinds.partition_by(by, maintain_order=True, as_dict=True)
    rows = [(*key, *_percentiles(group)) for key, group in groups.items()]
    drawn = pl.DataFrame(rows, schema=kinds.select(by).schema | dict.fromkeys(_BOUNDS, pl.Float64), orient="row")
    totals = kinds.group_by(by).agg(
        size=alike.sum(),
        organization=(alike * (activated > 0)).sum() / alike.sum(),
        clustered=(alike * activated).sum() / (alike * matured).sum(),
    )
    return (
        drawn.join(totals, on=by)
        .with_columns(*_or_wilson("organization"), *_or_wilson("clustered"))
        .select(*by, *_BOUNDS)
        .sort(by)
    )


def _percentiles(kinds: pl.DataFrame) -> list[float]:
    """The four bounds of one group, whose organizations come as kinds of equal ones and how many are alike."""
    matured, activated, alike = kinds.select("matured_count", "activated_count", "alike").to_numpy().T
    size = int(alike.sum())
    # The old generator, not the new one: numpy promises that its sequence never changes.
    draws = np.random.RandomState(SEED).multinomial(size, alike / size, REPLICATES)
    rates = (draws @ (activated > 0) / size, draws @ activated / (draws @ matured))
    return [float(bound) for rate in rates for bound in np.percentile(rate, (2.5, 97.5))]


def _or_wilson(rate: str) -> list[pl.Expr]:
    names = (f"{rate}_lower", f"{rate}_upper")
    is_spread = pl.col(names[0]) < pl.col(names[1])
    bounds = zip(names, wilson_of_share(pl.col(rate), pl.col("size")), strict=True)
    return [pl.when(is_spread).then(name).otherwise(bound).alias(name) for name, bound in bounds]
