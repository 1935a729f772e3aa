"""The study's figures, drawn with Bokeh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import cycle
from typing import TYPE_CHECKING, Any

from siamviz.study.figures import calm_figure
from siamviz.study.looks import Look

if TYPE_CHECKING:
    import pandas as pd

_COLORS = ("#0d57a1", "#b5570d", "#3a7d44", "#7a3e9d", "#5d6672", "#a3273d")
_MEASURES = {
    "pearson": "Correlation with mixed deletion differences",
    "top_effect": "What the five strongest pairs matter, of the most that five can",
    "deletion": "Fall of the score as the strongest tokens go first",
    "insertion": "Score as the strongest tokens come first",
}


def figures(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, Any]]:
    """Yield a title and a figure for each thing that the tables show."""
    for part, drawn in _DRAWN.items():
        if part in tables:
            yield from drawn(tables[part])


def _accuracy(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    fixed = table.query("rule != 'adaptive'")
    of = fixed["model"] + ", layer " + fixed["layer"].astype(str)
    for name, some in fixed.groupby(of, sort=False):
        curves = _lines(some, "rule", "steps", "residual", both_log=True)
        yield f"Relative residual against steps: {name}", curves


def _shares(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    named = table.assign(of=table["model"] + ", " + table["baseline"])
    title = "Share of the pairs' sum that the largest token pairs carry"
    yield title, _lines(named, "of", "percent", "of_pairs")


def _sums(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    for name, some in table.groupby(table["model"] + ", " + table["baseline"], sort=False):
        yield f"How well parts of the matrix rank pairs: {name}", _dots(some, "part", "spearman")


def _agreement(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    title = "Agreement of exact and approximate attributions (Spearman) by layer"
    yield title, _lines(table.query("baseline == 'pad'"), "model", "layer", "spearman")


def _faithfulness(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    for measure, title in _MEASURES.items():
        for name, some in table.query(f"measure == {measure!r}").groupby("model", sort=False):
            yield f"{title}, beyond random: {name}", _dots(some, "method", "over_random")


_DRAWN: dict[str, Callable[[pd.DataFrame], Iterator[tuple[str, Any]]]] = {
    "accuracy": _accuracy, "shares": _shares, "sums": _sums, "agreement": _agreement,
    "faithfulness": _faithfulness,
}  # fmt: skip


def _lines(table: pd.DataFrame, group: str, x: str, y: str, *, both_log: bool = False) -> Any:
    models: Any = import_module("bokeh.models")
    look = Look.of("light")
    kinds = {"x_axis_type": "log", "y_axis_type": "log"} if both_log else {}
    figure = calm_figure(look, x_axis_label=x, y_axis_label=y, **kinds)
    figure.sizing_mode, figure.width, figure.height = "fixed", 720, 320
    items: list[Any] = []
    for (name, part), color in zip(table.groupby(group, sort=False), cycle(_COLORS), strict=False):
        ordered = part.sort_values(x)
        options = {"color": color, "source": models.ColumnDataSource(ordered)}
        line = figure.line(x, y, line_width=2, **options)
        points = figure.scatter(x, y, size=5, **options)
        items.append(models.LegendItem(label=str(name), renderers=[line, points]))
    figure.add_layout(models.Legend(items=items, label_text_color=look.text), "right")
    figure.add_tools(models.HoverTool(tooltips=[(x, f"@{x}"), (y, f"@{y}{{0.000}}")]))
    return figure


def _dots(table: pd.DataFrame, name: str, value: str) -> Any:
    """A dot for each row, with its interval as a line, the largest on top."""
    models: Any = import_module("bokeh.models")
    ordered = table.sort_values(value)
    look = Look.of("light")
    rows = ordered[name].tolist()
    figure = calm_figure(look, x_axis_label=value.replace("_", " "), y_range=rows)
    figure.sizing_mode, figure.width, figure.height = "fixed", 720, 60 + 22 * len(rows)
    options = {"color": _COLORS[0], "source": models.ColumnDataSource(ordered)}
    figure.segment(f"{value}_low", name, f"{value}_high", name, line_width=2, **options)
    figure.scatter(value, name, size=8, **options)
    bounds = f"@{value}{{0.000}} [@{value}_low{{0.000}}, @{value}_high{{0.000}}]"
    figure.add_tools(models.HoverTool(tooltips=[(name, f"@{{{name}}}"), (value, bounds)]))
    return figure
