"""Bokeh figures of a run, calm and in the colours of a theme.

Those that follow a selection hold no data: their sources have names, by which a page finds them
and fills them.

| figure | source | columns |
|---|---|---|
| scatter | points, chosen | x (gold), y (score), d (score − gold) |
| | cells, chosen cells | x, y (their middles), d, n, alpha |
| | marker | x, y |
| histogram | all bars, bars | left, right, top, d, n |

The annotations "corners" of the scatter and "span" of the histogram show what is selected.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.study.looks import COLUMNS, FULL, ROWS, Frame, Look

if TYPE_CHECKING:
    import pandas as pd

CLASSES = 12
"""Word classes in a heat map: those in the most word pairs."""

_MARGIN = 0.035
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'


def require_bokeh() -> Any:
    """Return the package bokeh.

    Raises
    ------
    ImportError
        With how to install it.
    """
    try:
        return import_module("bokeh")
    except ImportError as error:
        raise ImportError(
            "The figures of a run need Bokeh, which is not installed. Install it with: "
            "pip install 'siamviz[study]'"
        ) from error


def scatter(frame: Frame, look: Look) -> Any:
    """Return gold × score, with a box and a lasso to select."""
    models = _models()

    spread = frame.high - frame.low
    made = calm_figure(
        look,
        x_range=models.Range1d(-_MARGIN, 1.0 + _MARGIN),
        y_range=models.Range1d(frame.low - _MARGIN * spread, frame.high + _MARGIN * spread),
        x_axis_label="gold",
        y_axis_label="predicted",
    )
    colors = _error_colors(look)
    _cells(made, frame, named_source("cells", "x", "y", "d", "n", "alpha"), look.rest)
    made.scatter(
        "x", "y", source=named_source("points", "x", "y", "d"), size=5, color=look.rest,
        fill_alpha=0.4, line_color=None,
    )  # fmt: skip
    made.add_layout(
        models.Slope(gradient=1, y_intercept=0, line_color=look.quiet, line_dash=[4, 4])
    )
    _cells(made, frame, named_source("chosen cells", "x", "y", "d", "n", "alpha"), colors)
    made.scatter(
        "x", "y", source=named_source("chosen", "x", "y", "d"), size=7, fill_color=colors,
        fill_alpha=0.9, line_color=look.text, line_alpha=0.35, line_width=0.6,
    )  # fmt: skip
    made.scatter(
        "x", "y", source=named_source("marker", "x", "y"), size=15, fill_color=None,
        line_color=look.text, line_width=2.2,
    )  # fmt: skip
    made.add_layout(models.PolyAnnotation(name="corners", **_selected(look)))
    box = models.BoxSelectTool(
        name="box", renderers=[], overlay=models.BoxAnnotation(**_selected(look))
    )
    lasso = models.LassoSelectTool(
        name="lasso", renderers=[], overlay=models.PolyAnnotation(**_selected(look))
    )
    made.add_tools(box, lasso)
    made.toolbar.active_drag = box
    return made


def histogram(frame: Frame, look: Look, gold: bool) -> Any:
    """Return the histogram of differences, else of scores: a range can be selected."""
    models = _models()

    made = calm_figure(
        look,
        x_range=models.Range1d(float(frame.edges[0]), float(frame.edges[-1])),
        y_range=models.Range1d(0, 1.06),
        y_axis_type=None,
        x_axis_label=(
            "predicted − gold (orange: too low, blue: too high)" if gold else "predicted"
        ),
    )
    columns = ("left", "right", "top", "d", "n")
    made.quad(
        left="left", right="right", top="top", bottom=0, fill_color=look.rest, fill_alpha=0.3,
        line_color=None, source=named_source("all bars", *columns),
    )  # fmt: skip
    made.quad(
        left="left", right="right", top="top", bottom=0, line_color=look.page, line_width=0.5,
        fill_color=_error_colors(look) if gold else look.accent,
        source=named_source("bars", *columns),
    )  # fmt: skip
    if gold:
        made.add_layout(
            models.Span(location=0, dimension="height", line_color=look.quiet, line_dash=[4, 4])
        )
    made.add_layout(models.BoxAnnotation(name="span", left=0, right=0, **_selected(look)))
    tool = models.BoxSelectTool(
        dimensions="width", renderers=[], overlay=models.BoxAnnotation(**_selected(look))
    )
    made.add_tools(tool)
    made.toolbar.active_drag = tool
    return made


def heat(pairs: pd.DataFrame, look: Look) -> Any:
    """Return the mean effects of pairs of word classes; both halves of the square are alike.

    Parameters
    ----------
    pairs : DataFrame
        Of `Run.pos_pairs` or `Run.dependency_pairs`.
    look : Look
    """
    models = _models()

    shown, labels = _square(pairs)
    made = calm_figure(
        look,
        x_range=models.FactorRange(*labels),
        y_range=models.FactorRange(*reversed(labels)),
        x_axis_location="above",
    )
    limit = heat_limit(pairs)
    colors = models.LinearColorMapper(palette=look.effects, low=-limit, high=limit)
    columns = {name: shown[name].tolist() for name in ("a", "b", "mean", "n")}
    source = models.ColumnDataSource(columns)
    made.rect(
        "a", "b", 0.94, 0.94, source=source, line_color=None,
        fill_color={"field": "mean", "transform": colors},
    )  # fmt: skip
    made.grid.visible = False
    made.xaxis.major_label_orientation = 0.9
    tips = [("", "@a × @b"), ("mean effect", "@mean{+0.0000}"), ("pairs of texts", "@n{0,0}")]
    made.add_tools(models.HoverTool(tooltips=tips))
    return made


def heat_limit(pairs: pd.DataFrame) -> float:
    """Return the effect at which the colours of `heat` are strongest."""
    shown, _ = _square(pairs)
    return max(float(np.abs(shown["mean"].to_numpy()).max(initial=0.0)), 1e-9)


def curve(shares: pd.DataFrame, look: Look) -> Any:
    """Return how much of the pairs' sum the strongest k % of token pairs carry.

    Parameters
    ----------
    shares : DataFrame
        Of `Run.top_share`.
    look : Look
    """
    models = _models()

    columns: Any = shares.to_dict("list")
    source = models.ColumnDataSource(columns)
    made = calm_figure(
        look,
        x_range=models.Range1d(0, 100),
        x_axis_label="strongest token pairs, % of all",
        y_axis_label="of the pairs’ sum",
    )
    made.yaxis.formatter = models.NumeralTickFormatter(format="0%")
    made.varea("percent", "of_pairs_low", "of_pairs_high", source=source, color=look.accent,
               alpha=0.15)  # fmt: skip
    made.add_layout(
        models.Span(location=1, dimension="width", line_color=look.quiet, line_dash=[4, 4])
    )
    line = made.line("percent", "of_pairs", source=source, color=look.accent, line_width=2)
    made.scatter("percent", "of_pairs", source=source, color=look.accent, size=5)
    tips = [("strongest", "@percent %"), ("of the pairs’ sum", "@of_pairs{0%}")]
    made.add_tools(
        models.HoverTool(tooltips=tips, renderers=[line], mode="vline", line_policy="nearest")
    )
    return made


def calm_figure(look: Look, **options: Any) -> Any:
    """Return an empty figure: no toolbar, no logo, the page's own background."""
    plotting: Any = import_module("bokeh.plotting")
    made = plotting.figure(
        sizing_mode="stretch_both", toolbar_location=None, tools="", background_fill_color=None,
        border_fill_color=None, outline_line_color=None, min_border=4, **options,
    )  # fmt: skip
    for axis in made.axis:
        axis.axis_line_color = axis.major_tick_line_color = look.line
        axis.minor_tick_line_color = None
        axis.major_label_text_color = axis.axis_label_text_color = look.quiet
        axis.major_label_text_font = axis.axis_label_text_font = _FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"
        axis.axis_label_standoff = 4
    made.grid.grid_line_color = look.line
    return made


def named_source(name: str, *columns: str) -> Any:
    """Return an empty source that a page finds by its name."""
    return _models().ColumnDataSource({column: [] for column in columns}, name=name)


def _models() -> Any:
    return import_module("bokeh.models")


def _error_colors(look: Look) -> dict[str, Any]:
    mapper = _models().LinearColorMapper(palette=look.errors, low=-FULL, high=FULL)
    return {"field": "d", "transform": mapper}


def _cells(figure: Any, frame: Frame, source: Any, color: Any) -> None:
    width = 1.0 / max(frame.columns, COLUMNS // 2)
    height = (frame.high - frame.low) / ROWS
    figure.rect(
        "x", "y", width, height, source=source, fill_color=color, fill_alpha="alpha",
        line_color=None,
    )  # fmt: skip


def _selected(look: Look) -> dict[str, Any]:
    """How what is selected is outlined; there is nothing at first."""
    return {
        "visible": False, "fill_color": look.accent, "fill_alpha": 0.08, "line_color": look.accent,
        "line_alpha": 0.8, "line_width": 1.2,
    }  # fmt: skip


def _square(pairs: Any) -> tuple[Any, list[str]]:
    """Return unordered pairs of the most frequent classes in both orders, and these classes."""
    swapped = pairs.rename(columns={"a": "b", "b": "a"})
    pandas: Any = import_module("pandas")
    both = pandas.concat([pairs, swapped[swapped["a"] != swapped["b"]]])
    counts = both.groupby("a")["count"].sum().sort_values(ascending=False)
    labels = [str(name) for name in counts.index[:CLASSES]]
    return both[both["a"].isin(labels) & both["b"].isin(labels)], labels
