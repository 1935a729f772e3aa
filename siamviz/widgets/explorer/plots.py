"""The figures of the explorer, in Bokeh.

What is selected is drawn over everything else, in the colours of its error.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from siamviz.study.figures import calm_figure, named_source
from siamviz.study.looks import Look, Theme
from siamviz.widgets.explorer.drawn import CELLS, Frame, bar_columns, cell_columns, point_columns
from siamviz.widgets.explorer.points import Dataset, Points


def items(data: Dataset, frame: Frame, theme: Theme) -> dict[str, Any]:
    """Return the figures as JSON, by name."""
    json_item = _bokeh("embed").json_item
    look = Look.of(theme)
    figures = {"histogram": _histogram(data.points, frame, look), "heat": _heat(look)}
    if data.points.has_gold:
        figures["scatter"] = _scatter(data.points, frame, look)
    return {name: json_item(figure) for name, figure in figures.items()}


def _scatter(points: Points, frame: Frame, look: Look) -> Any:
    models = _bokeh("models")
    margin = 0.035 * (frame.high - frame.low)
    figure = calm_figure(
        look,
        x_range=models.Range1d(-0.035, 1.035),
        y_range=models.Range1d(frame.low - margin, frame.high + margin),
        x_axis_label="gold",
        y_axis_label="predicted",
    )
    _everything(figure, points, frame, look)
    figure.add_layout(
        models.Slope(gradient=1, y_intercept=0, line_color=look.quiet, line_dash=[4, 4])
    )
    _chosen(figure, frame, look)
    if points.former is not None:
        _arrows(figure, look)
    figure.scatter(
        "x", "y", source=named_source("marker", "x", "y"), size=15, fill_color=None,
        line_color=look.text, line_width=2.2,
    )  # fmt: skip
    figure.add_layout(
        models.PolyAnnotation(
            name="region", visible=False, fill_color=look.accent, fill_alpha=0.07,
            line_color=look.accent, line_alpha=0.8, line_width=1.2,
        )
    )  # fmt: skip
    _gestures(figure, look)
    return figure


def _everything(figure: Any, points: Points, frame: Frame, look: Look) -> None:
    """All pairs, faintly."""
    column_source = _bokeh("models").ColumnDataSource
    mask = np.ones(len(points), dtype=bool)
    if frame.points:
        source = column_source(point_columns(points, mask))
        figure.scatter(
            "x", "y", source=source, size=5, color=look.rest, alpha=0.35, line_color=None
        )
        return
    columns = cell_columns(points, frame, mask)
    faint = [0.4 * alpha for alpha in columns["alpha"]]
    _cells(figure, frame, column_source({**columns, "alpha": faint}), look.rest)


def _chosen(figure: Any, frame: Frame, look: Look) -> None:
    """What is selected, in the colours of its error."""
    colors = _bokeh("models").LinearColorMapper(palette=look.effects, low=-1, high=1)
    color = {"field": "c", "transform": colors}
    _cells(figure, frame, named_source("chosen cells", "x", "y", "w", "n", "c", "alpha"), color)
    figure.scatter(
        "x", "y", source=named_source("chosen", "x", "y", "c"), size=7, fill_color=color,
        fill_alpha=0.9, line_color=look.text, line_alpha=0.35, line_width=0.6,
    )  # fmt: skip


def _cells(figure: Any, frame: Frame, source: Any, color: Any) -> None:
    figure.rect(
        "x", "y", "w", (frame.high - frame.low) / CELLS[1], source=source, fill_color=color,
        fill_alpha="alpha", line_color=None,
    )  # fmt: skip


def _arrows(figure: Any, look: Look) -> None:
    models = _bokeh("models")

    colors = models.CategoricalColorMapper(
        factors=["grown", "shrunk"], palette=[look.effects[30], look.effects[-30]]
    )
    color = {"field": "c", "transform": colors}
    source = named_source("arrows", "x", "y0", "y1", "c", "head")
    figure.segment("x", "y0", "x", "y1", source=source, line_color=color, line_alpha=0.8)
    figure.scatter("x", "y1", source=source, marker="head", size=6, color=color)


def _gestures(figure: Any, look: Look) -> None:
    models = _bokeh("models")

    style = {
        "visible": False, "fill_color": look.accent, "fill_alpha": 0.1, "line_color": look.accent
    }  # fmt: skip
    tools = [
        models.BoxSelectTool(name="box", renderers=[], overlay=models.BoxAnnotation(**style)),
        models.LassoSelectTool(name="lasso", renderers=[], overlay=models.PolyAnnotation(**style)),
        models.PanTool(name="pan"),
        models.WheelZoomTool(),
        models.ResetTool(),
    ]
    figure.add_tools(*tools)
    figure.toolbar.active_drag = tools[0]


def _histogram(points: Points, frame: Frame, look: Look) -> Any:
    models = _bokeh("models")

    figure = calm_figure(
        look,
        x_range=models.Range1d(float(frame.edges[0]), float(frame.edges[-1])),
        y_range=models.Range1d(0, 1.06),
    )
    figure.xaxis.ticker.desired_num_ticks = 4  # more run into each other in a narrow cell
    figure.yaxis.visible = False
    figure.ygrid.visible = False
    everything = np.ones(len(points), dtype=bool)
    figure.quad(
        left="left", right="right", top="top", bottom=0, fill_color=look.rest, fill_alpha=0.3,
        line_color=None, source=models.ColumnDataSource(bar_columns(points, frame, everything)),
    )  # fmt: skip
    colors = models.LinearColorMapper(palette=look.effects, low=-1, high=1)
    figure.quad(
        left="left", right="right", top="top", bottom=0, line_color=look.page, line_width=0.5,
        fill_color={"field": "c", "transform": colors},
        source=named_source("bars", "left", "right", "top", "n", "c"),
    )  # fmt: skip
    figure.add_layout(
        models.Span(location=0, dimension="height", line_color=look.quiet, line_dash=[4, 4])
    )
    figure.add_layout(
        models.BoxAnnotation(
            name="span", visible=False, left=0, right=0, fill_color=look.accent, fill_alpha=0.08,
            line_color=look.accent, line_alpha=0.8,
        )
    )  # fmt: skip
    band = models.BoxAnnotation(
        visible=False, fill_color=look.accent, fill_alpha=0.1, line_color=look.accent
    )
    tool = models.BoxSelectTool(dimensions="width", renderers=[], overlay=band)
    figure.add_tools(tool)
    figure.toolbar.active_drag = tool
    return figure


def _heat(look: Look) -> Any:
    models = _bokeh("models")

    figure = calm_figure(
        look,
        x_range=models.FactorRange(name="across"),
        y_range=models.FactorRange(name="down"),
        x_axis_location="below",
    )
    colors = models.LinearColorMapper(name="colors", palette=look.effects, low=-1, high=1)
    figure.rect(
        "a", "b", 0.94, 0.94, source=named_source("cells", "a", "b", "mean", "n"), line_color=None,
        fill_color={"field": "mean", "transform": colors},
    )  # fmt: skip
    figure.grid.visible = False
    figure.xaxis.major_label_orientation = 0.9
    figure.add_tools(
        models.HoverTool(tooltips=[("", "@a × @b"), ("mean effect", "@mean{+0.000}"), ("n", "@n")])
    )
    return figure


def _bokeh(name: str) -> Any:
    return import_module(f"bokeh.{name}")
