from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import compress

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import fdrcorrection, multipletests

from pipelines.statistics.adjustments import benjamini_hochberg, holm

P_VALUES = st.lists(st.none() | st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.02, 1.0]), max_size=30)


def adjusted(p_values: list[float | None], families: list[str]) -> pl.DataFrame:
    frame = pl.DataFrame({"family": families, "p": p_values}, schema={"family": pl.String, "p": pl.Float64})
    p = pl.col("p")
    return frame.with_columns(holm=holm(p, ["family"]), q_value=benjamini_hochberg(p, ["family"]))


def test_adjustments_of_four_tests_worked_by_hand() -> None:
    """Holm multiplies the smallest by 4, then 3, 2, 1; the other by 4/1, 4/2, 4/3, 4/4; neither order is turned."""
    frame = adjusted([0.02, 0.30, 0.01, 0.20], ["one"] * 4)
    assert frame["holm"].to_list() == pytest.approx([0.06, 0.4, 0.04, 0.4])
    assert frame["q_value"].to_list() == pytest.approx([0.04, 0.3, 0.04, 0.8 / 3])


@pytest.fixture(scope="module")
def frozen() -> Iterator[None]:
    """What lives already is left out of garbage collections: statsmodels asks for one at each call."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen")
@settings(max_examples=25)
@given(P_VALUES, P_VALUES)
def test_adjustments_equal_statsmodels(one: list[float | None], other: list[float | None]) -> None:
    """Each of two families agrees with statsmodels to 1e-9; NULL stays NULL and is not counted."""
    frame = adjusted(one + other, ["one"] * len(one) + ["other"] * len(other))
    for family, p_values in (("one", one), ("other", other)):
        rows = frame.filter(family=family)
        known = [p is not None for p in p_values]
        assert rows["holm"].is_not_null().to_list() == rows["q_value"].is_not_null().to_list() == known
        if tested := list(compress(p_values, known)):
            theirs = multipletests(tested, method="holm")[1].tolist()
            assert rows["holm"].drop_nulls().to_list() == pytest.approx(theirs, abs=1e-9)
            assert rows["q_value"].drop_nulls().to_list() == pytest.approx(fdrcorrection(tested)[1].tolist(), abs=1e-9)


@given(P_VALUES)
def test_adjustments_do_not_depend_on_order(p_values: list[float | None]) -> None:
    """Rows turned round keep their adjusted values, bit for bit."""
    families = ["one"] * len(p_values)
    assert adjusted(p_values[::-1], families).reverse().equals(adjusted(p_values, families))
