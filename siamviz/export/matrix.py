"""The matrix of a picture: headings, cells, and bars for their sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from siamviz.color import ink
from siamviz.export.drawing import QUIET, TEXT, Anchor, Drawing
from siamviz.export.measure import shorten, width
from siamviz.export.numbers import compact
from siamviz.export.palette import Palette
from siamviz.export.picture import Heading, Picture, first_special

HEADING_EMS = 12.0
"""Beyond this, headings are cut."""
_BAR = 56.0
_LEAST_NUMBER = 5.0


@dataclass(frozen=True)
class Grid:
    """Where the matrix' parts lie.

    Attributes
    ----------
    x, y : float
        The upper left cell's corner.
    cell : float
        Side of a cell.
    size : float
        Of the headings' font.
    unit : float
        What gaps are multiples of: 1 in pixels.
    rows, columns : int
    upright : bool
        Whether column headings are turned by 90 degrees, not by 45.
    """

    x: float
    y: float
    cell: float
    size: float
    unit: float
    rows: int
    columns: int
    upright: bool

    @property
    def right(self) -> float:
        """Where the cells end."""
        return self.x + self.columns * self.cell

    @property
    def bottom(self) -> float:
        """Where the cells end."""
        return self.y + self.rows * self.cell


def place(
    picture: Picture, left: float, top: float, cell: float, size: float, upright: bool, unit: float
) -> Grid:
    """Return where the cells lie if the headings begin at `left` and `top`."""
    slant = 1.0 if upright else 0.75
    return Grid(
        x=left + _widest(picture.rows, size) + 10 * unit,
        y=top + slant * _widest(picture.columns, size) + 16 * unit,
        cell=cell, size=size, unit=unit, rows=len(picture.rows), columns=len(picture.columns),
        upright=upright,
    )  # fmt: skip


def _widest(headings: Sequence[Heading], size: float) -> float:
    return 1.1 * max(width(shorten(h.text, HEADING_EMS), size) for h in headings)


def draw_matrix(drawing: Drawing, picture: Picture, grid: Grid, palette: Palette) -> None:
    """Draw headings and cells."""
    for row, heading in enumerate(picture.rows):
        y = grid.y + (row + 0.5) * grid.cell + grid.size / 3
        _draw_heading(drawing, grid, heading, grid.x - 8 * grid.unit, y, anchor="end")
        for column in range(grid.columns):
            _draw_cell(drawing, picture, grid, palette, row, column)
    turned = -90 if grid.upright else -45
    for column, heading in enumerate(picture.columns):
        x = grid.x + (column + 0.5) * grid.cell + grid.size / 3
        _draw_heading(drawing, grid, heading, x, grid.y - 8 * grid.unit, turned=turned)
    _draw_special_rules(drawing, picture, grid)


def _draw_heading(
    drawing: Drawing, grid: Grid, heading: Heading, x: float, y: float, anchor: Anchor = "start",
    turned: int = 0,
) -> None:  # fmt: skip
    strong = heading.strong and not heading.special
    drawing.text(
        x, y, shorten(heading.text, HEADING_EMS),
        size=grid.size - 2 * grid.unit * heading.special, fill=TEXT if strong else QUIET,
        bold=strong, anchor=anchor, turned=turned,
    )  # fmt: skip


def _draw_cell(
    drawing: Drawing, picture: Picture, grid: Grid, palette: Palette, row: int, column: int
) -> None:
    x, y = grid.x + column * grid.cell, grid.y + row * grid.cell
    value = float(picture.values[row, column])
    color, number = palette.fill(value, picture.limit), picture.number(row, column)
    gap, side = 0.75 * grid.unit, grid.cell - 1.5 * grid.unit
    frame = palette.frame(value, picture.limit)
    drawing.rectangle(x + gap, y + gap, side, side, color, 3 * grid.unit, frame)
    if not number:
        return
    strong = picture.strong(row, column)
    size = grid.size if strong else grid.size - 2 * grid.unit
    size = min(size, (grid.cell - 3 * grid.unit) / width(number, 1.0))
    if size < _LEAST_NUMBER * grid.unit:
        return
    drawing.text(
        x + grid.cell / 2, y + grid.cell / 2 + grid.size / 3, number, size=size, fill=ink(color),
        bold=strong, italic=bool(picture.uncertain[row, column]), anchor="middle",
    )  # fmt: skip


def _draw_special_rules(drawing: Drawing, picture: Picture, grid: Grid) -> None:
    """Draw the thin lines that set special tokens apart."""
    row, column = first_special(picture.rows), first_special(picture.columns)
    if row:
        y = grid.y + row * grid.cell
        drawing.rule(grid.x - 40 * grid.unit, y, grid.right, y)
    if column:
        x = grid.x + column * grid.cell
        drawing.rule(x, grid.y - 20 * grid.unit, x, grid.bottom)


def draw_totals(drawing: Drawing, picture: Picture, grid: Grid, palette: Palette) -> float:
    """Draw bars and numbers for the sums of rows and columns; return the y below them."""
    limit, unit, size = picture.sentence_limit, grid.unit, grid.size - 2 * grid.unit
    thick = min(10.0 * unit, grid.cell / 2)
    for row, heading in enumerate(picture.rows):
        middle, length = grid.y + (row + 0.5) * grid.cell, bar(heading.total, limit) * unit
        x = grid.right + 8 * unit
        _draw_bar(drawing, palette, heading, x, middle - thick / 2, length, thick, unit)
        number = compact(heading.total, picture.decimals)
        x += length + 6 * unit
        drawing.text(x, middle + grid.size / 3, number, size=size, fill=QUIET)
    thick, lowest = min(12.0 * unit, grid.cell / 2), 0.0
    for column, heading in enumerate(picture.columns):
        middle, length = grid.x + (column + 0.5) * grid.cell, bar(heading.total, limit) * unit
        y = grid.bottom + 6 * unit
        _draw_bar(drawing, palette, heading, middle - thick / 2, y, thick, length, unit)
        number = compact(heading.total, picture.decimals)
        drawing.text(middle, y + length + 12 * unit, number, size=size, fill=QUIET, anchor="middle")
        lowest = max(lowest, length)
    return grid.bottom + lowest + 18 * unit


def bar(effect: float, limit: float) -> float:
    """Return the length of an effect's bar in units."""
    return _BAR * min(abs(effect) / limit, 1.0) if limit else 0.0


def _draw_bar(
    drawing: Drawing, palette: Palette, heading: Heading, x: float, y: float, width: float,
    height: float, unit: float,
) -> None:  # fmt: skip
    if min(width, height) >= 0.5 * unit:
        color, frame = palette.bar(heading.total), palette.frame(heading.total)
        drawing.rectangle(x, y, width, height, color, 2 * unit, frame)


def draw_scale(
    drawing: Drawing, picture: Picture, palette: Palette, x: float, y: float, size: float
) -> float:
    """Draw the colour scale between its ends, written on the baseline y; return where it ends.

    It is shorter where the drawing is narrow.
    """
    low, high = picture.edges()
    unit = size / 12
    start = x + width(low, size) + 8 * unit
    values = np.linspace(-1.0, 1.0, 41)
    room = drawing.width - start - 8 * unit - width(high, size)
    step = max(min(5 * unit, room / len(values)), 0.0)
    for index, value in enumerate(values):
        color = palette.fill(float(value), 1.0)
        drawing.rectangle(start + step * index, y - 10 * unit, step, 12 * unit, color, 0)
    if palette.grey:
        half = step * (len(values) // 2)
        drawing.rectangle(start, y - 10 * unit, half, 12 * unit, "", 0, palette.frame(-1.0))
    drawing.text(start - 8 * unit, y, low, size=size, fill=QUIET, anchor="end")
    end = start + step * len(values) + 8 * unit
    drawing.text(end, y, high, size=size, fill=QUIET)
    return end + width(high, size)
