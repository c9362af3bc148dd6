"""The only door to plotly: figures as plain JSON values, two templates for their looks, and the bundle that draws them.

Belongs here: axes, traces, marks. A figure holds numbers and places; every colour is in a template, which styles
traces by their order: solid (closed), hollow (still open, or too few), band (95 % range). Does not belong here:
words that are needed to understand a page; those are in HTML, and every chart has its table.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from html import escape
from math import ceil, log10
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from pipelines.durations import UNITS_US
from pipelines.pages import formats
from pipelines.pages.views.common import FEW

Figure = dict[str, Any]
"""`data` and `layout` as plotly.js takes them; lists, numbers and text only."""

STYLE_HASHES = (
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o=",
)
"""The two style elements that plotly.js 4.1.1 adds: an empty one, and its map stylesheet."""

COLOURS = {
    "light": {"background": "#FFFFFF", "ink": "#1A1F2B", "muted": "#545B6B", "primary": "#1F5FBF"}
    | {"control": "#7A8290", "pale": "#C9D3E3", "grid": "#E3E6EB"},
    "dark": {"background": "#14171D", "ink": "#E8EBF0", "muted": "#A7AFBD", "primary": "#7FB2FF"}
    | {"control": "#6F7786", "pale": "#39424F", "grid": "#2A303A"},
}
"""The same as in `site.css`, by theme."""

FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif'
HEIGHT, ROW_HEIGHT, DOT = 340, 44, 10
MOST_PROVIDERS, LONGEST_LABEL = 12, 40
MINUTE_US = UNITS_US["minute"]
TICKS_MINUTES = (1, 10, 60, 360, 1_440, 14_400)


def bundle() -> tuple[str, str]:
    """File name and text of the plotly.js that the installed plotly carries."""
    return f"plotly-{get_plotlyjs_version()}.min.js", get_plotlyjs()


def templates() -> dict[str, Figure]:
    """The looks of every chart, by theme."""
    return {
        theme: dict(go.layout.Template(data_scatter=_traces(of), layout=_layout(of)).to_plotly_json())
        for theme, of in COLOURS.items()
    }


def _traces(of: dict[str, str]) -> list[Figure]:
    line, bar = {"color": of["primary"], "width": 2}, {"thickness": 2, "width": 0}
    shared = {"hovertemplate": "%{y:.0%}<extra></extra>", "textfont": {"color": of["ink"], "size": 14}}
    solid = {"line": line, "marker": {"color": of["primary"], "size": DOT}, "error_x": {**bar, "color": of["primary"]}}
    hollow = {
        "line": {**line, "dash": "dot"},
        "marker": {"color": of["background"], "size": DOT, "line": line, "opacity": 1},
        "error_x": {**bar, "color": of["control"]},
    }
    band = {"fill": "toself", "fillcolor": _translucent(of["primary"], 0.16), "line": {"width": 0}, "hoverinfo": "skip"}
    return [{**shared, **solid, "zorder": 2}, {**shared, **hollow, "zorder": 3}, {**band, "zorder": 1}]


def _layout(of: dict[str, str]) -> Figure:
    axis = {"gridcolor": of["grid"], "linecolor": of["grid"], "tickcolor": of["grid"], "zeroline": False}
    axis |= {"fixedrange": True, "tickangle": 0}
    dash = {"color": of["muted"], "width": 1, "dash": "dash"}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONTS, "size": 12, "color": of["muted"]},
        "height": HEIGHT,
        "margin": {"l": 44, "r": 12, "t": 28, "b": 40},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": of["ink"], "font": {"color": of["background"], "size": 14}},
        "xaxis": {**axis, "showgrid": False, "ticks": "outside", "ticklen": 6},
        "yaxis": {**axis, "tickformat": ".0%"},
        "shapedefaults": {"fillcolor": _translucent(of["pale"], 0.35), "layer": "below", "line": dash},
        "annotationdefaults": {"font": {"color": of["ink"], "size": 14}, "showarrow": False},
    }


def _translucent(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def curve(points: pl.DataFrame, marks: Sequence[tuple[float, int]]) -> Figure:
    """Share activated against time since they entered, on a log axis.

    Args:
        points: rows of `rpt_activation_curve`, by at_us.
        marks: (quantile, microseconds) pairs to name on the curve.
    """
    drawn, bounded = points.drop_nulls("activated_share"), points.drop_nulls("activated_lower")
    line = sorted([*drawn.select("at_us", "activated_share").rows(), *((us, quantile) for quantile, us in marks)])
    named = {
        "x": [us / MINUTE_US for _, us in marks],
        "y": [quantile for quantile, _ in marks],
        "text": [f"{formats.rate(quantile)} within {formats.duration(us)}" for quantile, us in marks],
        "mode": "markers+text",
        "textposition": "top left",
    }
    ticks = [formats.duration(minutes * MINUTE_US) for minutes in TICKS_MINUTES]
    reach = [0, log10(60 * 1_440)]
    return _figure(
        [
            {"x": [us / MINUTE_US for us, _ in line], "y": [round(share, 6) for _, share in line], "mode": "lines"},
            named,
            _band((bounded["at_us"] / MINUTE_US).to_list(), bounded["activated_lower"], bounded["activated_upper"]),
        ],
        {
            "xaxis": {"type": "log", "range": reach, "tickvals": TICKS_MINUTES, "ticktext": ticks},
            "yaxis": _rate_axis(pl.concat([drawn["activated_share"], bounded["activated_upper"]])),
            "margin": {"t": 12},
        },
    )


def trend(weeks: pl.DataFrame) -> Figure:
    """Completion by the week they entered: closed weeks solid, open ones hollow, dotted and shaded.

    Args:
        weeks: rows of `rpt_weeks` with attempts, by entry_week, without the running week; and the column
            `so_far_rate`, the share of all attempts activated up to now.
    """
    closed, still_open = weeks.filter("is_matured"), weeks.filter(~pl.col("is_matured"))
    # The dotted line starts at the last closed week, so that the two lines meet; its dot stays the solid one.
    last = closed.tail(1 if still_open.height else 0).with_columns(so_far_rate="conversion_rate")
    days = [week.isoformat() for week in closed["entry_week"]]
    return _figure(
        [
            {"x": days, "y": _rounded(closed["conversion_rate"]), "mode": "lines+markers"},
            {
                "x": [week.isoformat() for week in [*last["entry_week"], *still_open["entry_week"]]],
                "y": _rounded(pl.concat([last, still_open])["so_far_rate"]),
                "mode": "lines+markers",
                "marker": {"size": [0] * last.height + [DOT] * still_open.height},
            },
            _band(days, closed["conversion_lower"], closed["conversion_upper"]),
        ],
        {
            "xaxis": _week_axis(weeks["entry_week"].to_list()),
            "yaxis": _rate_axis(pl.concat([closed["conversion_upper"], still_open["so_far_rate"]])),
            **_open_weeks(still_open["entry_week"].to_list()),
        },
    )


def _week_axis(weeks: Sequence[date]) -> Figure:
    ticks = weeks[:: max(1, ceil(len(weeks) / 6))]
    return {
        "type": "date",
        "range": [str(weeks[0] - timedelta(days=4)), str(weeks[-1] + timedelta(days=4))],
        "tickvals": [week.isoformat() for week in ticks],
        "ticktext": [formats.day(week) for week in ticks],
    }


def _open_weeks(weeks: Sequence[date]) -> Figure:
    if not weeks:
        return {}
    over = {"x0": str(weeks[0] - timedelta(days=3)), "x1": str(weeks[-1] + timedelta(days=4)), "y0": 0, "y1": 1}
    note = {"text": "still open: can only rise", "x": 1, "xref": "paper", "xanchor": "right"}
    return {
        "shapes": [{"type": "rect", **over, "yref": "paper", "line": {"width": 0}}],
        "annotations": [{**note, "y": 1, "yref": "paper", "yanchor": "bottom"}],
    }


def provider_dots(providers: pl.DataFrame, average: float | None) -> Figure:
    """Completion rate with its 95 % range, one row a provider; hollow and grey under 20 attempts.

    Args:
        providers: rows of `rpt_providers` with matured attempts, in the order to draw; the first 12 are drawn.
        average: share activated of all matured attempts with a provider, for the dashed line; or None.
    """
    drawn = providers.head(MOST_PROVIDERS).with_row_index("place")
    few = pl.col("matured_count") < FEW
    lines = [place + 0.16 for place in drawn["place"]]
    names = [_name_above(place, name) for place, name in drawn.select("place", "provider").rows()]
    return _figure(
        [_dots(drawn.filter(~few)), _dots(drawn.filter(few))],
        {
            "height": 72 + ROW_HEIGHT * drawn.height,
            "margin": {"l": 12},
            "xaxis": {"range": [-0.02, 1.02], "tickformat": ".0%", "dtick": 0.2, "showgrid": True},
            "yaxis": {"range": [drawn.height - 0.5, -0.5], "showticklabels": False, "tickvals": lines},
            **_average_marks(average, names),
        },
    )


def _average_marks(average: float | None, names: list[Figure]) -> Figure:
    if average is None:
        return {"annotations": names}
    line = {"type": "line", "x0": average, "x1": average, "y0": 0, "y1": 1, "yref": "paper"}
    note = {"text": f"all {formats.rate(average)}", "x": average, "y": 1, "yref": "paper", "yanchor": "bottom"}
    return {"shapes": [line], "annotations": [*names, note]}


def _dots(rows: pl.DataFrame) -> Figure:
    rate, lower, upper = rows["conversion_rate"], rows["conversion_lower"], rows["conversion_upper"]
    error = {"type": "data", "symmetric": False, "array": _rounded(upper - rate), "arrayminus": _rounded(rate - lower)}
    places = [place + 0.16 for place in rows["place"]]
    hover = "%{x:.0%}<extra></extra>"
    return {"x": _rounded(rate), "y": places, "mode": "markers", "error_x": error, "hovertemplate": hover}


def _name_above(place: int, name: str) -> Figure:
    """Plotly reads a little HTML in labels, so `<` must not reach it; long names would cover the chart."""
    shown = formats.name(name)
    cut = shown if len(shown) <= LONGEST_LABEL else shown[: LONGEST_LABEL - 1] + "…"
    return {"text": escape(cut, quote=False), "x": 0, "xanchor": "left", "y": place - 0.22}


def _band(x: Sequence[object], lower: pl.Series, upper: pl.Series) -> Figure:
    return {"x": [*x, *x[::-1]], "y": [*_rounded(upper), *_rounded(lower)[::-1]], "mode": "lines", "hoverinfo": "skip"}


def _rounded(values: pl.Series) -> list[float]:
    return values.round(6).to_list()


def _rate_axis(values: pl.Series) -> Figure:
    """A rate axis from zero to the next fifth."""
    highest = values.max()
    top = ceil(highest * 5) / 5 if isinstance(highest, float) and highest > 0 else 1.0
    return {"range": [0, top * 1.02], "dtick": 0.2 if top > 0.6 else 0.1}


def _figure(traces: Sequence[Figure], layout: Figure) -> Figure:
    """Checked by plotly, which refuses a misspelt property; its own default template is left out."""
    figure = go.Figure(data=[go.Scatter(trace) for trace in traces], layout=layout).to_plotly_json()
    figure["layout"].pop("template", None)
    return {"data": figure["data"], "layout": figure["layout"]}
