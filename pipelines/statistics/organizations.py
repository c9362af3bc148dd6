"""Organizations, and attempts as theirs: those of one organization go the same way more often than chance."""

import polars as pl

from pipelines.statistics.bootstrap import cluster_bootstrap
from pipelines.statistics.cohorts import ACTIVATED, MATURED, count, counted_in
from pipelines.statistics.intervals import share


def organizations(entries: pl.DataFrame, funnels: pl.DataFrame) -> pl.DataFrame:
    """`rpt_organizations`: one row per funnel, sorted; counts are 0 and all else NULL where it has no entries.

    Args:
        entries: `fct_entries`.
        funnels: `dim_funnels`; entries of other funnels are left out.
    """
    key = ["funnel_id"]
    each = (
        counted_in(entries, funnels)
        .group_by(*key, "organization_id")
        .agg(matured_count=count(MATURED), activated_count=count(MATURED & ACTIVATED))
    )
    counts = each.group_by(key).agg(
        organization_count=pl.len().cast(pl.Int64),
        matured_organization_count=count(pl.col("matured_count") > 0),
        activated_organization_count=count(pl.col("activated_count") > 0),
    )
    rate = share(pl.col("activated_organization_count"), pl.col("matured_organization_count"))
    return (
        funnels.select(key)
        .join(counts, on=key, how="left")
        .with_columns(pl.col("^.*_count$").fill_null(0))
        .with_columns(organization_rate=rate)
        .join(cluster_bootstrap(each, key), on=key, how="left")
        .sort(key)
    )
