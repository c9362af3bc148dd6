"""What earlier reports said beside what is known today of the same moments. Which reports there were is in the log."""

import polars as pl

from pipelines.statistics.intervals import share

HEADLINE = ("entrant_count", "matured_count", "activated_count")
TODAY = tuple(f"today_{name}" for name in HEADLINE)
_JUDGED = ("today_rate", "is_restated", "reason")


def report_runs(
    runs: pl.DataFrame, knowledge: pl.DataFrame, entries: pl.DataFrame, funnels: pl.DataFrame, report: pl.DataFrame
) -> pl.DataFrame:
    """`rpt_report_runs`: one row per published report and funnel, this one included, with today's numbers beside.

    Today's numbers are those of `entries` as of the report's own time: an entry counts from its link on, as matured
    from the end of its window on, and no longer once an exclusion has removed it. NULL where the funnel is gone.

    Args:
        runs: `ref_report_runs`, earlier reports as of this one's time or before.
        knowledge: `fct_run_events`, what is known today of the time before each report's.
        entries: `fct_entries`.
        funnels: `rpt_funnels`.
        report: `rpt_report`.
    """
    numbers = funnels.select("funnel_id", *HEADLINE, "conversion_rate")
    this = report.select("report_id", "as_of", "definitions_hash").join(numbers, how="cross")
    published = pl.concat([runs.join(report, on="report_id", how="anti"), this], how="diagonal").sort("as_of")
    is_there = pl.col("funnel_id").is_in(funnels["funnel_id"].implode())
    return (
        _as_of_each(published, entries)
        .with_columns(pl.when(is_there).then(pl.col(TODAY).fill_null(0)))
        .with_columns(
            today_rate=share(pl.col("today_activated_count"), pl.col("today_matured_count")),
            is_restated=pl.any_horizontal(pl.col(name) != pl.col(f"today_{name}") for name in HEADLINE),
        )
        .join(knowledge, on=["funnel_id", "as_of"], how="left")
        .with_columns(reason=pl.when("is_restated").then(_reason()).when(~is_there).then(pl.lit("the funnel is gone")))
        .select("report_id", "funnel_id", "as_of", "definitions_hash", *HEADLINE, "conversion_rate", *TODAY, *_JUDGED)
        .sort("as_of", "report_id", "funnel_id")
    )


def _reason() -> pl.Expr:
    """What differs of what this funnel's numbers are made from."""
    causes = {
        "late events": (pl.col("known_events") != pl.col("event_count"))
        | (pl.col("known_sum") != pl.col("content_sum")),
        "changed definitions": pl.col("definition_hash") != pl.col("today_definition_hash"),
        "changed program": pl.col("program") != pl.col("today_program"),
        "published by an older version": pl.col("program").is_null(),
    }
    # An intent that becomes known, reports of one activation, clocks: some events are told apart by later ones.
    causes["what followed it"] = ~pl.any_horizontal(*(holds.fill_null(value=False) for holds in causes.values()))
    said = [pl.when(holds).then(pl.lit(words)) for words, holds in causes.items()]
    return pl.concat_str(said, separator=", ", ignore_nulls=True)


def _as_of_each(published: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The headline of each report as `entries` have it, by adding up what each moment of an entry changes."""
    activated = entries.filter(pl.col("outcome") == "activated")
    starts = zip(TODAY, (entries, entries, activated), ("entered_at", "matures_at", "matures_at"), strict=True)
    changes = []
    for name, rows, moment in starts:
        removal, removed = pl.max_horizontal(moment, "excluded_at"), rows.drop_nulls("excluded_at")
        changes.append(rows.select("funnel_id", pl.lit(1, pl.Int64).alias(name), at=moment))
        changes.append(removed.select("funnel_id", pl.lit(-1, pl.Int64).alias(name), at=removal))
    sums = (
        pl.concat(changes, how="diagonal")
        .group_by("funnel_id", "at")
        .agg(pl.col(TODAY).sum())
        .sort("at")
        .with_columns(pl.col(TODAY).cum_sum().over("funnel_id"))
    )
    return published.join_asof(sums, left_on="as_of", right_on="at", by="funnel_id", check_sortedness=False)
