"""What goes with drop-off: the odds of each provider, error code, weekday, link source, number of domains."""

import polars as pl

from pipelines.statistics.adjustments import benjamini_hochberg
from pipelines.statistics.cohorts import are_enough
from pipelines.statistics.odds import odds_ratio
from pipelines.statistics.segments import KEY

DIMENSIONS = ("provider", "error_code", "weekday", "link_source", "domain_count")


def drivers(segments: pl.DataFrame) -> pl.DataFrame:
    """`rpt_drivers`: one row per funnel, dimension and segment with a matured entry, sorted by them.

    Dropped off is matured and not activated. The odds are those of the segment by those of its rest; q-values are over
    all rows of the funnel with 20 matured entries on either side.

    Args:
        segments: `rpt_segments`.
    """
    kept, rest_kept = pl.col("activated_count"), pl.col("rest_activated_count")
    lost, rest_lost = pl.col("matured_count") - kept, pl.col("rest_matured_count") - rest_kept
    sizes = {"drop_off_count": lost, "rest_drop_off_count": rest_lost}
    odds = odds_ratio(lost, kept, rest_lost, rest_kept)
    odds["p_value"] = pl.when(are_enough(pl.col("matured_count"), pl.col("rest_matured_count"))).then(odds["p_value"])
    return (
        segments.filter(pl.col("dimension").is_in(DIMENSIONS), pl.col("matured_count") > 0)
        .select(*KEY, "matured_count", "rest_matured_count", **sizes, **odds)
        .with_columns(q_value=benjamini_hochberg(pl.col("p_value"), KEY[:1]))
        .sort(KEY)
    )
