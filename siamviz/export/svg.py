"""The picture as one SVG, for papers and slides: text stays text, nothing is loaded."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siamviz.color import hex_color, ink
from siamviz.export.compose import draw
from siamviz.export.drawing import QUIET, TEXT, Drawing
from siamviz.export.escape import label
from siamviz.export.measure import shorten, width
from siamviz.export.numbers import compact, percent, signed
from siamviz.export.picture import Heading, Link, Mark, Picture, Sentence, first_special

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_MARGIN = 24.0
_GUTTER = 44.0
_LINKS_WIDTH = 440.0
_BAR = 56.0
_SENTENCE_SIZE = 19.0
_LINE_HEIGHT = 33.0
_HEADING_EMS = 12.0
_UP, _DOWN = hex_color(0.85, 1.0), hex_color(-0.75, 1.0)


@dataclass(frozen=True)
class _Grid:
    """Where the matrix' parts lie: its corner is the upper left cell's."""

    x: float
    y: float
    cell: float
    size: float
    rows: int
    columns: int

    @property
    def right(self) -> float:
        return self.x + self.columns * self.cell

    @property
    def bottom(self) -> float:
        return self.y + self.rows * self.cell


def to_svg(pair: PairAttribution) -> str:
    """Return the picture of a pair as an SVG document on a white ground.

    Parameters
    ----------
    pair : PairAttribution

    Returns
    -------
    str
        Valid XML 1.0 that refers to nothing outside; fonts are the reader's own sans-serif.
    """
    picture = draw(pair)
    grid = _measure_grid(picture, 0.0)
    beside = not picture.crowded
    matrix_width = grid.right + _BAR + 60
    total = matrix_width + (_GUTTER + _LINKS_WIDTH if beside else 0.0) + _MARGIN
    total = max(total, width(picture.ledger(), 16) + 2 * _MARGIN)
    drawing = Drawing()
    y = _draw_head(drawing, picture, total)
    for sentence in picture.sentences:
        y = _draw_sentence(drawing, sentence, picture.sentence_limit, y, total)
    y = _draw_divider(drawing, y, total)
    if beside:
        lowest = _draw_links(drawing, picture, matrix_width + _GUTTER, y, total - _MARGIN)
    else:
        y = lowest = _draw_links(drawing, picture, _MARGIN, y, _MARGIN + 1.5 * _LINKS_WIDTH)
    grid = _measure_grid(picture, y)
    _draw_matrix(drawing, picture, grid)
    bottom = max(_draw_scale(drawing, picture, grid), lowest) + _MARGIN
    title = f"{shorten(label(pair.text_a), 40)} × {shorten(label(pair.text_b), 40)}"
    return drawing.document(total, bottom, title, picture.ledger())


def _draw_head(drawing: Drawing, picture: Picture, total: float) -> float:
    """Draw settings, ledger, certificate and notes; return the y below them."""
    model, *others = picture.settings
    drawing.text(_MARGIN, 34, model, bold=True)
    drawing.text(_MARGIN + width(model, 13) + 14, 34, "   ·   ".join(others), size=12, fill=QUIET)
    drawing.text(_MARGIN, 66, picture.ledger(), size=16)
    y = 70.0
    for said, fill in ((picture.certificate, QUIET), *((note, TEXT) for note in picture.notes)):
        for line in textwrap.wrap(label(said), int((total - 2 * _MARGIN) / 7)):
            y += 18
            drawing.text(_MARGIN, y, line, size=12, fill=fill)
    return _draw_divider(drawing, y + 2, total)


def _draw_divider(drawing: Drawing, y: float, total: float) -> float:
    drawing.rule(_MARGIN, y + 12, total - _MARGIN, y + 12)
    return y + 24


@dataclass(frozen=True)
class _Piece:
    """A mark, or the plain text between two, with its room in the line."""

    text: str
    room: float
    mark: Mark | None = None


def _pieces(sentence: Sentence) -> Iterator[_Piece]:
    for mark in sentence.marks:
        yield from _plain(mark.lead)
        size = 12 if mark.special else _SENTENCE_SIZE
        room = width(label(mark.text), size) * (1.1 if mark.strong else 1.0)
        yield _Piece(label(mark.text), room + 8, mark)
    yield from _plain(sentence.tail)


def _plain(text: str) -> Iterator[_Piece]:
    written = text.strip()
    room = 5.0 if not written else width(label(written), _SENTENCE_SIZE) + 8
    yield _Piece(label(written) if written else "", room if text else 1.0)


def _draw_sentence(
    drawing: Drawing, sentence: Sentence, limit: float, y: float, total: float
) -> float:
    """Draw one sentence, wrapped, from its own side; return the y below it."""
    left, right = _MARGIN + 26, total - _MARGIN
    drawing.text(_MARGIN, y + 21, sentence.name, bold=True, fill=QUIET)
    x = left
    for piece in _pieces(sentence):
        if x + piece.room > right and x > left:
            x, y = left, y + _LINE_HEIGHT
            if not piece.text:
                continue
        mirrored = left + right - x - piece.room if sentence.direction == "rtl" else x
        _draw_piece(drawing, piece, limit, mirrored, y)
        x += piece.room
    return y + _LINE_HEIGHT + 4


def _draw_piece(drawing: Drawing, piece: _Piece, limit: float, x: float, y: float) -> None:
    if not piece.text:
        return
    middle, mark = x + piece.room / 2, piece.mark
    if mark is None or mark.special:
        size = 12 if mark else _SENTENCE_SIZE
        drawing.text(middle, y + 21, piece.text, size=size, fill=QUIET, anchor="middle")
        return
    color = hex_color(mark.effect, limit)
    drawing.rectangle(x, y, piece.room, 28, color, radius=5)
    drawing.text(
        middle,
        y + 21,
        piece.text,
        size=_SENTENCE_SIZE,
        fill=ink(color),
        bold=mark.strong,
        anchor="middle",
    )


def _widest(headings: Sequence[Heading], size: float) -> float:
    return 1.1 * max(width(shorten(h.text, _HEADING_EMS), size) for h in headings)


def _measure_grid(picture: Picture, top: float) -> _Grid:
    cell, size = (21.0, 10.0) if picture.crowded else (36.0, 13.0)
    slant = 1.0 if picture.crowded else 0.75
    return _Grid(
        x=_MARGIN + _widest(picture.rows, size) + 10,
        y=top + slant * _widest(picture.columns, size) + 16,
        cell=cell,
        size=size,
        rows=len(picture.rows),
        columns=len(picture.columns),
    )


def _draw_matrix(drawing: Drawing, picture: Picture, grid: _Grid) -> None:
    for row, heading in enumerate(picture.rows):
        _draw_row_heading(drawing, picture, grid, row, heading)
        for column in range(grid.columns):
            _draw_cell(drawing, picture, grid, row, column)
    for column, heading in enumerate(picture.columns):
        _draw_column_heading(drawing, picture, grid, column, heading)
    _draw_special_rules(drawing, picture, grid)


def _draw_row_heading(
    drawing: Drawing, picture: Picture, grid: _Grid, row: int, heading: Heading
) -> None:
    middle = grid.y + (row + 0.5) * grid.cell
    _draw_heading(drawing, grid, heading, grid.x - 8, middle + grid.size / 3, anchor="end")
    length, thick = _length(heading.total, picture.sentence_limit), min(10.0, grid.cell / 2)
    if length >= 0.5:
        color = _bar_color(heading.total)
        drawing.rectangle(grid.right + 8, middle - thick / 2, length, thick, color, radius=2)
    number = compact(heading.total, picture.decimals)
    x, size = grid.right + 14 + length, grid.size - 2
    drawing.text(x, middle + grid.size / 3, number, size=size, fill=QUIET)


def _draw_column_heading(
    drawing: Drawing, picture: Picture, grid: _Grid, column: int, heading: Heading
) -> None:
    middle = grid.x + (column + 0.5) * grid.cell
    turned = -90 if picture.crowded else -45
    _draw_heading(drawing, grid, heading, middle + grid.size / 3, grid.y - 8, turned=turned)
    length, thick = _length(heading.total, picture.sentence_limit), min(12.0, grid.cell / 2)
    if length >= 0.5:
        color = _bar_color(heading.total)
        drawing.rectangle(middle - thick / 2, grid.bottom + 6, thick, length, color, radius=2)
    number = compact(heading.total, picture.decimals)
    y, size = grid.bottom + length + 18, grid.size - 2
    drawing.text(middle, y, number, size=size, fill=QUIET, anchor="middle")


def _draw_heading(
    drawing: Drawing,
    grid: _Grid,
    heading: Heading,
    x: float,
    y: float,
    anchor: str = "start",
    turned: int = 0,
) -> None:
    strong = heading.strong and not heading.special
    drawing.text(
        x,
        y,
        shorten(heading.text, _HEADING_EMS),
        size=grid.size - 2 * heading.special,
        fill=TEXT if strong else QUIET,
        bold=strong,
        anchor=anchor,
        turned=turned,
    )


def _length(effect: float, limit: float) -> float:
    return _BAR * min(abs(effect) / limit, 1.0) if limit else 0.0


def _bar_color(effect: float) -> str:
    return _DOWN if effect < 0 else _UP


def _draw_special_rules(drawing: Drawing, picture: Picture, grid: _Grid) -> None:
    """Draw the thin lines that set special tokens apart."""
    row, column = first_special(picture.rows), first_special(picture.columns)
    if row:
        y = grid.y + row * grid.cell
        drawing.rule(grid.x - 40, y, grid.right, y)
    if column:
        x = grid.x + column * grid.cell
        drawing.rule(x, grid.y - 20, x, grid.bottom)


def _draw_cell(drawing: Drawing, picture: Picture, grid: _Grid, row: int, column: int) -> None:
    x, y = grid.x + column * grid.cell, grid.y + row * grid.cell
    color = hex_color(float(picture.values[row, column]), picture.limit)
    drawing.rectangle(x + 0.75, y + 0.75, grid.cell - 1.5, grid.cell - 1.5, color)
    number = picture.number(row, column)
    if not number:
        return
    strong = picture.strong(row, column)
    drawing.text(
        x + grid.cell / 2,
        y + grid.cell / 2 + grid.size / 3,
        number,
        size=min(grid.size if strong else grid.size - 2, (grid.cell - 3) / width(number, 1.0)),
        fill=ink(color),
        bold=strong,
        italic=bool(picture.uncertain[row, column]),
        anchor="middle",
    )


def _draw_scale(drawing: Drawing, picture: Picture, grid: _Grid) -> float:
    """Draw the colour scale and how to read it; return the y below."""
    longest = max(_length(h.total, picture.sentence_limit) for h in picture.columns)
    y = grid.bottom + longest + 48
    low, high = picture.edges()
    start = _MARGIN + width(low, 12) + 8
    for step, value in enumerate(np.linspace(-1.0, 1.0, 41)):
        drawing.rectangle(start + 5 * step, y - 10, 5, 12, hex_color(float(value), 1.0), radius=0)
    drawing.text(start - 8, y, low, size=12, fill=QUIET, anchor="end")
    drawing.text(start + 213, y, high, size=12, fill=QUIET)
    drawing.text(_MARGIN, y + 20, picture.caption(), size=12, fill=QUIET)
    drawing.text(_MARGIN, y + 37, picture.legend(), size=12, fill=QUIET)
    return y + 37


def _draw_links(drawing: Drawing, picture: Picture, x: float, y: float, right: float) -> float:
    """Draw the strongest pairs as a list between `x` and `right`; return the y below it."""
    if not picture.links:
        return y
    y += 14
    drawing.text(x, y, "Pairs by effect", bold=True, fill=QUIET)
    for link in picture.links:
        y += 28
        drawing.text(x, y, str(link.rank), fill=QUIET)
        drawing.text(x + 28, y, _names(link, right - x - 230), size=14, bold=link.strong)
        length = _length(link.effect, picture.limit)
        drawing.rectangle(right - 190, y - 9, length, 9, _bar_color(link.effect), radius=2)
        effect = signed(link.effect, picture.decimals + 1)
        drawing.text(right - 60, y, effect, bold=link.strong, anchor="end")
        drawing.text(right, y, percent(link.share), fill=QUIET, anchor="end")
        drawing.rule(x, y + 9, right, y + 9)
    return y + 16


def _names(link: Link, room: float) -> str:
    """Return both names of a pair, each shortened to half the room if they do not fit."""
    names = f"{link.a} × {link.b}"
    if 1.1 * width(names, 14) <= room:
        return names
    half = room / 14 / 2.2 - 1.0
    return f"{shorten(link.a, half)} × {shorten(link.b, half)}"
