"""The only door to plotly: figures as plain JSON values, two templates for their looks, and the bundle that draws them.

Belongs here: axes, traces, marks. A figure holds numbers and places; every colour is in a template, which styles
traces by their order: `SOLID` (closed), `HOLLOW` (still open, too few), `BAND` (95 % range). Does not belong here:
words that are needed to understand a page; those are in HTML, and every chart has its table.
"""

from __future__ import annotations

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
    "light": {
        "background": "#FFFFFF",
        "ink": "#1A1F2B",
        "muted": "#545B6B",
        "primary": "#1F5FBF",
        "pale": "#C9D3E3",
        "grid": "#E3E6EB",
    },
    "dark": {
        "background": "#14171D",
        "ink": "#E8EBF0",
        "muted": "#A7AFBD",
        "primary": "#7FB2FF",
        "pale": "#39424F",
        "grid": "#2A303A",
    },
}
FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif'
HEIGHT, ROW_HEIGHT = 340, 44
MOST_PROVIDERS = 12
LONGEST_LABEL = 40
_TICKS_US = [
    number * UNITS_US[unit]
    for unit, numbers in (("minute", (1, 10)), ("hour", (1, 6)), ("day", (1, 5, 30)))
    for number in numbers
]


def bundle() -> tuple[str, str]:
    """File name and text of the plotly.js that the installed plotly carries."""
    return f"plotly-{get_plotlyjs_version()}.min.js", get_plotlyjs()


def templates() -> dict[str, Figure]:
    """The looks of every chart, by theme."""
    return {theme: _template(colours) for theme, colours in COLOURS.items()}


def _template(colours: dict[str, str]) -> Figure:
    primary, muted, band = colours["primary"], colours["muted"], _translucent(colours["primary"], 0.16)
    axis = {"gridcolor": colours["grid"], "linecolor": colours["grid"], "zeroline": False, "tickcolor": colours["grid"]}
    text = {"color": colours["ink"], "size": 14}
    solid = {"line": {"color": primary, "width": 2}, "marker": {"color": primary, "size": 10}}
    hollow = {
        "line": {"color": primary, "width": 2, "dash": "dot"},
        "marker": {"color": colours["background"], "size": 10, "line": {"color": primary, "width": 2}},
    }
    template = go.layout.Template(
        data_scatter=[
            {**solid, "error_x": {"color": primary, "thickness": 2, "width": 0}, "zorder": 2},
            {
                **hollow,
                "error_x": {"color": colours["muted"], "thickness": 2, "width": 0},
                "textfont": text,
                "zorder": 3,
            },
            {"fill": "toself", "fillcolor": band, "line": {"width": 0}, "hoverinfo": "skip", "zorder": 1},
        ],
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONTS, "size": 12, "color": muted},
            "height": HEIGHT,
            "margin": {"l": 44, "r": 12, "t": 12, "b": 40},
            "showlegend": False,
            "dragmode": False,
            "hovermode": "closest",
            "hoverlabel": {"bgcolor": colours["ink"], "font": {"color": colours["background"], "size": 14}},
            "xaxis": {**axis, "fixedrange": True, "showgrid": False, "ticks": "outside", "ticklen": 6, "tickangle": 0},
            "yaxis": {**axis, "fixedrange": True, "tickformat": ".0%"},
            "shapedefaults": {
                "fillcolor": _translucent(colours["pale"], 0.35),
                "layer": "below",
                "line": {"color": muted, "width": 1, "dash": "dash"},
            },
            "annotationdefaults": {"font": {"color": colours["ink"], "size": 14}, "showarrow": False},
        },
    )
    return dict(template.to_plotly_json())


def _translucent(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def curve(points: pl.DataFrame, marks: Sequence[tuple[float, int]]) -> Figure:
    """Share activated against time since the link was made, on a log axis.

    Args:
        points: rows of `rpt_activation_curve`, by at_us.
        marks: (quantile, microseconds) pairs to name on the curve.
    """
    drawn = points.filter(pl.col("at_risk_count") > 0)
    minutes = (drawn["at_us"] / UNITS_US["minute"]).to_list()
    share = drawn["activated_share"].round(6).to_list()
    hover = [
        f"{formats.rate(value)} within {formats.duration(at)}"
        for at, value in zip(drawn["at_us"], drawn["activated_share"], strict=True)
    ]
    return _figure(
        [
            {"x": minutes, "y": share, "mode": "lines", "hovertext": hover, "hoverinfo": "text"},
            _marks(marks),
            _band(minutes, drawn["activated_lower"], drawn["activated_upper"]),
        ],
        {
            "xaxis": {
                "type": "log",
                "range": [0, log10(60 * 24 * 60)],
                "tickvals": [us / UNITS_US["minute"] for us in _TICKS_US],
                "ticktext": [formats.duration(us) for us in _TICKS_US],
            },
            "yaxis": _rates(drawn["activated_upper"]),
        },
    )


def _marks(marks: Sequence[tuple[float, int]]) -> Figure:
    labels = [f"{formats.rate(quantile)} within {formats.duration(us)}" for quantile, us in marks]
    return {
        "x": [us / UNITS_US["minute"] for _, us in marks],
        "y": [quantile for quantile, _ in marks],
        "mode": "markers+text",
        "text": labels,
        "textposition": "top left",
        "cliponaxis": False,
        "hovertext": labels,
        "hoverinfo": "text",
    }


def trend(weeks: pl.DataFrame) -> Figure:
    """Completion by the week the link was made: closed weeks solid, open ones hollow, dotted and shaded.

    Args:
        weeks: rows of `rpt_weeks` with attempts, by entry_week, without the running week; and the column
            `so_far_rate`, the share of all attempts activated up to now.
    """
    closed, still_open = weeks.filter("is_matured"), weeks.filter(~pl.col("is_matured"))
    days = [week.isoformat() for week in closed["entry_week"]]
    # The dotted line starts at the last closed week, so that the two lines meet.
    joined = pl.concat([closed.tail(1).with_columns(so_far_rate="conversion_rate"), still_open])
    return _figure(
        [
            _weekly(closed, "conversion_rate", "lines+markers"),
            _weekly(joined if still_open.height else still_open, "so_far_rate", "lines+markers"),
            _band(days, closed["conversion_lower"], closed["conversion_upper"]),
        ],
        {
            "xaxis": _week_axis(weeks["entry_week"].to_list()),
            "yaxis": _rates(pl.concat([closed["conversion_upper"], still_open["so_far_rate"]])),
            **_open_weeks(still_open["entry_week"].to_list()),
        },
    )


def _weekly(weeks: pl.DataFrame, rate: str, mode: str) -> Figure:
    hover = [
        f"Week of {formats.day(row['entry_week'])}: {formats.rate(row[rate])} of {formats.count(row['entrant_count'])}"
        for row in weeks.iter_rows(named=True)
    ]
    return {
        "x": [week.isoformat() for week in weeks["entry_week"]],
        "y": weeks[rate].round(6).to_list(),
        "mode": mode,
        "hovertext": hover,
        "hoverinfo": "text",
    }


def _week_axis(weeks: Sequence[date]) -> Figure:
    every = max(1, ceil(len(weeks) / 6))
    ticks = weeks[::every]
    return {
        "type": "date",
        "range": [str(weeks[0] - timedelta(days=4)), str(weeks[-1] + timedelta(days=4))] if weeks else None,
        "tickvals": [week.isoformat() for week in ticks],
        "ticktext": [formats.day(week) for week in ticks],
    }


def _open_weeks(weeks: Sequence[date]) -> Figure:
    if not weeks:
        return {}
    start, end = str(weeks[0] - timedelta(days=3)), str(weeks[-1] + timedelta(days=4))
    shade = {"type": "rect", "x0": start, "x1": end, "y0": 0, "y1": 1, "yref": "paper", "line": {"width": 0}}
    note = {"text": "still open: can only rise", "x": 1, "xref": "paper", "xanchor": "right", "y": 1, "yref": "paper"}
    return {"shapes": [shade], "annotations": [{**note, "yanchor": "bottom"}], "margin": {"t": 28}}


def provider_dots(providers: pl.DataFrame, average: float | None) -> Figure:
    """Completion rate with its 95 % range, one row a provider; hollow and grey under 20 attempts.

    Args:
        providers: rows of `rpt_providers` with matured attempts, in the order to draw; the first 12 are drawn.
        average: share activated of all matured attempts with a provider; dashed line.
    """
    drawn = providers.head(MOST_PROVIDERS).with_row_index("place")
    few = pl.col("matured_count") < FEW
    line = {"type": "line", "x0": average, "x1": average, "y0": 0, "y1": 1, "yref": "paper"}
    note = {"text": f"all {formats.rate(average)}", "x": average, "y": 1, "yref": "paper", "yanchor": "bottom"}
    return _figure(
        [_dots(drawn.filter(~few)), _dots(drawn.filter(few))],
        {
            "height": 72 + ROW_HEIGHT * drawn.height,
            "margin": {"l": 12, "t": 28},
            "xaxis": {"range": [-0.02, 1.02], "tickformat": ".0%", "dtick": 0.2, "showgrid": True},
            "yaxis": {
                "range": [drawn.height - 0.5, -0.5],
                "showticklabels": False,
                "tickvals": [n + 0.16 for n in drawn["place"]],
            },
            "shapes": [line] if average is not None else [],
            "annotations": [_row_label(*row) for row in drawn.select("place", "provider").rows()]
            + ([note] if average is not None else []),
        },
    )


def _dots(rows: pl.DataFrame) -> Figure:
    rate, lower, upper = rows["conversion_rate"], rows["conversion_lower"], rows["conversion_upper"]
    return {
        "x": rate.round(6).to_list(),
        "y": [place + 0.16 for place in rows["place"]],
        "mode": "markers",
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": (upper - rate).round(6).to_list(),
            "arrayminus": (rate - lower).round(6).to_list(),
        },
        "hovertext": [
            f"{_label(row['provider'])}: {formats.fraction(row['activated_count'], row['matured_count'])}"
            for row in rows.iter_rows(named=True)
        ],
        "hoverinfo": "text",
    }


def _row_label(place: int, provider: str) -> Figure:
    return {"text": _label(provider), "x": 0, "xanchor": "left", "y": place - 0.22}


def _label(text: str) -> str:
    """Plotly reads a little HTML in labels, so `<` must not reach it; long names would push the chart aside."""
    shown = formats.name(text)
    return escape(shown if len(shown) <= LONGEST_LABEL else shown[: LONGEST_LABEL - 1] + "…", quote=False)


def _band(x: Sequence[object], lower: pl.Series, upper: pl.Series) -> Figure:
    edge = [*upper.round(6).to_list(), *lower.round(6).to_list()[::-1]]
    return {"x": [*x, *x[::-1]], "y": edge, "mode": "lines", "hoverinfo": "skip"}


def _rates(values: pl.Series) -> Figure:
    """A rate axis from zero to the next fifth."""
    highest = values.max()
    top = min(1.0, ceil((highest if isinstance(highest, float) else 1.0) * 5) / 5) or 0.2
    return {"range": [0, top * 1.02], "dtick": 0.2 if top > 0.6 else 0.1}


def _figure(traces: Sequence[Figure], layout: Figure) -> Figure:
    """Checked by plotly, which refuses a misspelt property; its own default template is left out."""
    figure = go.Figure(data=[go.Scatter(trace) for trace in traces], layout=layout).to_plotly_json()
    return {"data": figure["data"], "layout": {k: v for k, v in figure["layout"].items() if k != "template"}}
