"""The study's curves, drawn with Bokeh."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import cycle
from typing import TYPE_CHECKING, Any

from siamviz.study.figures import calm_figure
from siamviz.study.looks import Look

if TYPE_CHECKING:
    import pandas as pd

_COLORS = ("#0d57a1", "#b5570d", "#3a7d44", "#7a3e9d", "#5d6672", "#a3273d")


def figures(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, Any]]:
    """Yield a title and a figure for each curve that the tables hold."""
    if "accuracy" in tables:
        fixed = tables["accuracy"].query("rule != 'adaptive'")
        fixed = fixed.assign(of=fixed["model"] + ", layer " + fixed["layer"].astype(str))
        for name in fixed["of"].unique():
            curves = _lines(fixed.query("of == @name"), "rule", "steps", "residual", both_log=True)
            yield f"Relative residual against steps: {name}", curves
    if "shares" in tables:
        shares = tables["shares"].assign(of=lambda t: t["model"] + ", " + t["baseline"])
        yield (
            "Share of the pairs' sum that the strongest token pairs carry",
            _lines(shares, "of", "percent", "of_pairs"),
        )
    if "agreement" in tables:
        by_layer = tables["agreement"].query("baseline == 'pad'")
        yield (
            "Agreement of exact and approximate attributions (Spearman) by layer",
            _lines(by_layer, "model", "layer", "spearman"),
        )


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
