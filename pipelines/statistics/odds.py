"""The odds ratio of a 2 x 2 table. Differences of shares are in `intervals`."""

import polars as pl

from pipelines.statistics.intervals import Z, two_sided_p


def odds_ratio(a: pl.Expr, b: pl.Expr, c: pl.Expr, d: pl.Expr) -> dict[str, pl.Expr]:
    """Odds of a against b over odds of c against d, by column name: `odds_ratio` and what goes with it.

    Wald's interval and test on the log scale, by B. Woolf, Ann. Hum. Genet. 19 (1955) 251-253. Where a cell is 0, each
    of the four gets 1/2 more, by J. B. S. Haldane (same journal, 20 (1956) 309-311) and F. J. Anscombe.

    Args:
        a: count with the outcome in the group.
        b: count without it in the group.
        c: count with it in the rest.
        d: count without it in the rest.

    Returns:
        `odds_ratio`, `odds_lower`, `odds_upper` (95 %, Float64), `p_value` (two-sided, of a ratio of 1); all NULL where
        the group or the rest is empty, or all of both had the outcome, or none had.
    """
    shift = 0.5 * pl.any_horizontal(cell == 0 for cell in (a, b, c, d)).cast(pl.Float64)
    cells = [cell + shift for cell in (a, b, c, d)]
    known = pl.all_horizontal(margin > 0 for margin in (a + b, c + d, a + c, b + d))
    log_ratio = (cells[0] * cells[3] / (cells[1] * cells[2])).log()
    error = pl.sum_horizontal(1 / cell for cell in cells).sqrt()
    values = {
        "odds_ratio": cells[0] * cells[3] / (cells[1] * cells[2]),
        "odds_lower": (log_ratio - Z * error).exp(),
        "odds_upper": (log_ratio + Z * error).exp(),
        "p_value": two_sided_p(log_ratio / error),
    }
    return {name: pl.when(known).then(value) for name, value in values.items()}
