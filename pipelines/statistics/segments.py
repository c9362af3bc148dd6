"""Entries by what tells them apart: every dimension of `fct_entry_segments`. What drives drop-off is in `drivers`."""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from pipelines.statistics.adjustments import holm
from pipelines.statistics.cohorts import ENTRY, HEADLINE, MATURED, are_enough, count, counted_in, group_measures
from pipelines.statistics.funnels import step_measures
from pipelines.statistics.intervals import newcombe_bounds, score_test, share
from pipelines.statistics.times import STEP, buckets_of, quantiles_of, spans

KEY = ["funnel_id", "dimension", "segment"]
SPAN = ["span", "step_number"]
UNCOMPARED = ("all", "entry_day", "entry_week", "entry_month")
"""Dimensions whose segments have no rest, or follow each other in time: none of them is compared with the rest."""
PROVIDER_EVENT = "admin_portal.provider_selected"
SEVERAL = pl.col("dimension") == "error_code"
"""The dimension of which an entry may have several segments, and most entries have none."""


def segment_summary(
    entries: pl.DataFrame, segments: pl.DataFrame, exposures: pl.DataFrame, funnels: pl.DataFrame
) -> pl.DataFrame:
    """`rpt_segments`: one row per funnel, dimension and segment that a counted entry has, sorted by them.

    The rest of a segment is the entries with another segment of its dimension; of an error code it is the others that
    came as far as any that met it. Differences are of dimensions whose segments exclude each other and are no cohorts;
    they are tested where 20 matured entries stand on either side.

    Args:
        entries: `fct_entries`.
        segments: `fct_entry_segments`.
        exposures: `fct_exposures`.
        funnels: `dim_funnels`; entries of other funnels are left out.
    """
    included = counted_in(entries, funnels).with_row_index("entry")
    observed = included.select("entry", "outcome", "is_matured", "observed_us", "observed_outcome", "window_us")
    parts = []
    for groups, members in _dimensions(segments, included):
        rows = members.join(observed, on="entry")
        # An entry with several error codes is covered once: by any one of them, and then they are added up.
        covered = rows.group_by("group").agg(covered_count=count(MATURED & pl.col("is_first")))
        parts.append(groups.join(group_measures(rows, ["group"]), on="group").join(covered, on="group").drop("group"))
    whole = included.group_by("funnel_id").agg(matured_count_in_all=count(MATURED))
    exposed = exposures.rename({"error_code": "segment"}).with_columns(dimension=pl.lit("error_code"))
    measured = pl.concat(parts).join(whole, on="funnel_id").join(exposed, on=KEY, how="left")
    return measured.pipe(_with_rest).sort(KEY)


def weeks(segments: pl.DataFrame) -> pl.DataFrame:
    """`rpt_weeks`: one row per funnel and entry week that has entries; gaps are not filled.

    Args:
        segments: `rpt_segments`.
    """
    key, is_matured = ["funnel_id", "entry_week"], pl.col("maturing_count") == 0
    found = _segments_of(segments, "entry_week").with_columns(pl.col("entry_week").str.to_date(), is_matured=is_matured)
    return found.select(*key, *HEADLINE, "early_activated_count", "is_matured").sort(key)


def providers(
    segments: pl.DataFrame, segment_steps: pl.DataFrame, steps: pl.DataFrame, stalled: pl.DataFrame
) -> pl.DataFrame:
    """`rpt_providers`: one row per funnel and provider that an entry names.

    Entries without one are in no row: a provider is known only from the provider step on. How many that leaves out
    is `provider_coverage` of `rpt_funnels`.

    Args:
        segments: `rpt_segments`.
        segment_steps: `rpt_segment_steps`.
        steps: `dim_funnel_steps`.
        stalled: `rpt_stalled`.
    """
    key, compared = ["funnel_id", "provider"], ("rest_matured_count", "^difference.*$")
    found = _segments_of(segments, "provider").select(*key, *HEADLINE, "median_activation_us", *compared)
    length = {"stalled_count": pl.len().cast(pl.Int64), "longest_idle_us": pl.col("idle_us").max()}
    waiting = stalled.group_by(key).agg(**length)
    lost = _largest_drop_offs(_segments_of(segment_steps, "provider"), steps, key)
    joined = found.join(lost, on=key, how="left").join(waiting, on=key, how="left")
    return joined.with_columns(pl.col("stalled_count").fill_null(0)).sort(key)


def _largest_drop_offs(walked: pl.DataFrame, steps: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """By `key` the step up to the conversion before which most stop, the first of several; no row where none does."""
    goals = steps.filter("is_conversion").select("funnel_id", goal="step_number")
    named = walked.join(steps.select(*STEP, "label"), on=STEP).join(goals, on="funnel_id")
    lost = named.filter(pl.col("drop_off_count") > 0, pl.col("step_number") <= pl.col("goal"))
    largest = lost.sort("drop_off_count", "step_number", descending=[True, False]).unique(key, keep="first")
    return largest.select(*key, largest_drop_off_label="label", largest_drop_off_count="drop_off_count")


def _segments_of(segments: pl.DataFrame, dimension: str) -> pl.DataFrame:
    return segments.filter(dimension=dimension).rename({"segment": dimension})


def times(*tables: pl.DataFrame) -> pl.DataFrame:
    """`rpt_times`: one row per funnel, dimension, segment, span, step that anybody waited for, and published quantile.

    Args:
        tables: as `_timed` names them.
    """
    return _timed(quantiles_of, "quantile", *tables)


def time_buckets(*tables: pl.DataFrame) -> pl.DataFrame:
    """`rpt_time_buckets`: one row per funnel, dimension, segment, span, step that anybody reached, and bucket.

    Args:
        tables: as `_timed` names them.
    """
    return _timed(buckets_of, "bucket", *tables)


def _timed(
    measure: Callable[[pl.DataFrame, Sequence[str]], pl.DataFrame], last: str, *tables: pl.DataFrame
) -> pl.DataFrame:
    """What `measure` says of every span of every segment, sorted by the key, of which `last` is the last column.

    Args:
        measure: takes observed times and the name of the column that numbers their series.
        last: the column that tells the rows of one series apart.
        tables: `fct_entries`, `fct_entry_segments`, `fct_step_waits`, `fct_entry_links`, `dim_funnels`; entries of
            other funnels are left out.
    """
    entries, segments, step_waits, entry_links, funnels = tables
    included, parts = counted_in(entries, funnels).with_row_index("entry"), []
    observed = spans(included, step_waits, entry_links)
    kinds = observed.select(SPAN).unique().with_row_index("kind")
    numbered = observed.join(kinds, on=SPAN).drop(SPAN)
    number = (pl.col("group") * kinds.height + pl.col("kind")).alias("series")  # grouped by: one number is cheaper
    for groups, members in _dimensions(segments, included):
        series = groups.join(kinds, how="cross").with_columns(number)
        rows = members.join(numbered, on="entry").select(number, "observed_us", "is_event")
        parts.append(series.drop("group", "kind").join(measure(rows, ["series"]), on="series").drop("series"))
    return pl.concat(parts).sort(*KEY, *SPAN, last)


def _with_rest(measured: pl.DataFrame) -> pl.DataFrame:
    """Adds how much the dimension covers, the rest of each segment, and their comparison."""
    activated, matured = pl.col("activated_count"), pl.col("matured_count")
    pair = (activated, matured, pl.col("rest_activated_count"), pl.col("rest_matured_count"))
    is_compared = ~SEVERAL & ~pl.col("dimension").is_in(UNCOMPARED)
    in_dimension = {name: pl.col(name).sum().over(KEY[:2]) for name in ("matured_count", "activated_count")}
    lower, upper = (pl.when(is_compared).then(bound) for bound in newcombe_bounds(*pair))
    return (
        measured.with_columns(
            segment_coverage=share(pl.col("covered_count").sum().over(KEY[:2]), pl.col("matured_count_in_all")),
            **{
                f"rest_{name}": pl.when(SEVERAL).then(f"exposed_{name}").otherwise(total) - pl.col(name)
                for name, total in in_dimension.items()
            },
        )
        .with_columns(rest_rate=share(*pair[2:]))
        .with_columns(
            difference=pl.when(is_compared).then(pl.col("conversion_rate") - pl.col("rest_rate")),
            difference_lower=lower,
            difference_upper=upper,
            p_value=pl.when(is_compared & are_enough(*pair[1::2])).then(score_test(*pair)),
        )
        .with_columns(p_adjusted=holm(pl.col("p_value"), KEY[:2]))
        .drop("covered_count", "matured_count_in_all", "^exposed_.*$")
    )


def segment_steps(
    entries: pl.DataFrame, entry_steps: pl.DataFrame, segments: pl.DataFrame, steps: pl.DataFrame, funnels: pl.DataFrame
) -> pl.DataFrame:
    """`rpt_segment_steps`: one row per funnel, dimension, segment and step, sorted by them, as in `rpt_funnel_steps`.

    Providers begin at the step where one is selected (without such a step at the conversion): before it none is known.

    Args:
        entries: `fct_entries`.
        entry_steps: `fct_entry_steps`.
        segments: `fct_entry_segments`.
        steps: `dim_funnel_steps`.
        funnels: `dim_funnels`; entries of other funnels are left out.
    """
    included = counted_in(entries, funnels).with_row_index("entry")
    matured = included.filter(MATURED).select(*ENTRY, "entry")
    own = entry_steps.join(matured, on=ENTRY).select("entry", "step_number", "since_previous_us")
    stopped = included.select("entry", "deepest_step", "is_matured", "outcome")
    recorded, rows = steps.select(*STEP, "is_recorded"), []
    for groups, members in _dimensions(segments, included):
        ends, walked = (frame.join(members, on="entry") for frame in (stopped, own))
        rows.append(step_measures(groups.join(recorded, on="funnel_id"), ends, walked, ["group"]))
    selected = steps.filter(pl.col("event_types").str.contains(PROVIDER_EVENT, literal=True) | pl.col("is_conversion"))
    first = selected.group_by("funnel_id").agg(first=pl.col("step_number").min())
    is_known = ~pl.col("dimension").is_in(["provider", "provider_group"]) | (pl.col("step_number") >= pl.col("first"))
    kept = pl.concat(rows).join(first, on="funnel_id").filter(is_known)
    return kept.drop("group", "is_recorded", "first").sort(*KEY, "step_number")


def _dimensions(segments: pl.DataFrame, included: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The segments of counted entries, a dimension at a time: `KEY` and number of each group; the entries of each.

    Numbers stand for names because millions of rows are grouped by them.
    """
    numbers = included.select(*ENTRY, "entry")
    for part in segments.partition_by("dimension") or [segments]:
        named = part.join(numbers, on=ENTRY)
        groups = named.select(KEY).unique().with_row_index("group")
        is_first = pl.col("entry").is_first_distinct()
        yield groups, named.join(groups, on=KEY).select("group", "entry", is_first=is_first)
