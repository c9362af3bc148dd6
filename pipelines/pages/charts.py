"""The only door to plotly: figures as plain JSON values, two templates for their looks, and the bundle that draws them.

Belongs here: axes, traces, looks. Every colour is in a template, which styles traces by their order: solid (closed),
hollow (still open, or too few), band (95 % range), dashed (this period), dotted (the one before). Does not belong
here: points, which `reports/static/charts.js` fills in from the tables of the page; words that are needed to
understand it, which are in HTML.
"""

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from pipelines.durations import UNITS_US
from pipelines.pages import formats

Figure = dict[str, Any]
"""`data` and `layout` as plotly.js takes them; lists, numbers and text only."""

STYLE_HASHES = (
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o=",
)
"""The two style elements that plotly.js 4.1.1 adds: an empty one, and its map stylesheet."""

FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif'
HEIGHT, DOT = 340, 10
MINUTE_US = UNITS_US["minute"]
TICKS_MINUTES = (1, 10, 60, 360, 1_440, 14_400)


def bundle() -> tuple[str, str]:
    """File name and text of the plotly.js that the installed plotly carries."""
    return f"plotly-{get_plotlyjs_version()}.min.js", get_plotlyjs()


def templates(colours: Mapping[str, dict[str, str]]) -> dict[str, Figure]:
    """The looks of every chart, by theme, in the colours that each has by role."""
    return {
        theme: dict(go.layout.Template(data_scatter=_traces(of), layout=_layout(of)).to_plotly_json())
        for theme, of in colours.items()
    }


def _traces(of: dict[str, str]) -> list[Figure]:
    line, bar = {"color": of["primary"], "width": 2}, {"thickness": 2, "width": 0}
    shared = {"hovertemplate": "%{y:.0%}<extra></extra>"}
    solid = {
        "line": line,
        "marker": {"color": of["primary"], "size": DOT, "opacity": 1},
        "error_x": {**bar, "color": of["primary"]},
    }
    hollow = {
        "line": {**line, "dash": "dot"},
        "marker": {"color": of["background"], "size": DOT, "line": line, "opacity": 1},
        "error_x": {**bar, "color": of["control"]},
    }
    band = {"fill": "toself", "fillcolor": _translucent(of["primary"], 0.16), "line": {"width": 0}, "hoverinfo": "skip"}
    current = {**shared, "line": {"color": of["ink"], "width": 1.5, "dash": "dash"}}
    previous = {**shared, "line": {"color": of["muted"], "width": 1.5, "dash": "dot"}}
    traces = ({**shared, **solid, "zorder": 2}, {**shared, **hollow, "zorder": 3}, {**band, "zorder": 1})
    return [*traces, {**current, "zorder": 2}, {**previous, "zorder": 2}]


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
        "annotationdefaults": {
            "font": {"color": of["ink"], "size": 14},
            "showarrow": False,
            "bgcolor": of["background"],
        },
    }


def _translucent(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def figures() -> dict[str, Figure]:
    """The charts of a funnel's page by name, without their points: those are the script's, from the same tables."""
    ticks = [formats.duration(minutes * MINUTE_US) for minutes in TICKS_MINUTES]
    log_minutes = {"type": "log", "range": [0, log10(60 * 1_440)], "tickvals": TICKS_MINUTES, "ticktext": ticks}
    points = {"mode": "lines+markers", "cliponaxis": False}
    marks = {"mode": "markers", "hovertemplate": "%{x:.0%}<extra></extra>"}
    line, band = {"mode": "lines"}, {"mode": "lines", "hoverinfo": "skip"}
    rates = {"range": [-0.02, 1.02], "tickformat": ".0%", "dtick": 0.2, "showgrid": True}
    return {
        "curve": _figure([line, {"mode": "markers"}, band, line, line], {"xaxis": log_minutes, "margin": {"t": 12}}),
        "trend": _figure([points, points, band], {"xaxis": {"type": "date"}}),
        "providers": _figure([marks, marks], {"xaxis": rates, "yaxis": {"showticklabels": False}, "margin": {"l": 12}}),
    }


def _figure(traces: Sequence[Figure], layout: Figure) -> Figure:
    """Checked by plotly, which refuses a misspelt property; its own default template is left out."""
    figure = go.Figure(data=[go.Scatter(trace) for trace in traces], layout=layout).to_plotly_json()
    figure["layout"].pop("template", None)
    return {"data": figure["data"], "layout": figure["layout"]}
