"""What a figure of a paper shows: the matrix, the strongest links, or the two texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siamviz.errors import InvalidArgumentError
from siamviz.export.compose import draw, title_of
from siamviz.export.drawing import QUIET, TEXT, Anchor, Drawing
from siamviz.export.matrix import HEADING_EMS, draw_matrix, draw_scale, place
from siamviz.export.measure import shorten, width
from siamviz.export.palette import Palette
from siamviz.export.picture import Heading, Picture
from siamviz.export.sentences import Paragraph, draw_sentence

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_EM = 13.0
"""Units in the size of a figure's font."""
_LARGEST_CELL = 34.0
_LEAST_CELL = 11.0
_STEP = 24.0
_WIDEST_BAND = 9.0
_THINNEST_BAND = 0.8
_LEAST_GAP = 60.0
_MOST_WORDS = 40
_SHORTEST_LINE = 10.0
"""Ems that a line of text has at least."""


@dataclass(frozen=True)
class Sheet:
    """What a figure is drawn on.

    Attributes
    ----------
    width, em : float
        Of the figure and of its font, in mm.
    palette : Palette
    top : int
        Links that are drawn.
    change : callable, optional
        What becomes of a picture before it is drawn.
    """

    width: float
    em: float
    palette: Palette
    top: int
    change: Callable[[Picture], Picture] = lambda picture: picture

    def draw(self, pair: PairAttribution, readable: int) -> Picture:
        """Return the picture of a pair as this sheet shows it."""
        return self.change(draw(pair, readable))

    @property
    def unit(self) -> float:
        """What sizes are multiples of, in mm."""
        return self.em / _EM


def blank(pair: PairAttribution, sheet: Sheet) -> Drawing:
    """Return a drawing without shapes, as wide as the sheet."""
    hairline = max(0.9 * sheet.unit, 0.1)
    return Drawing(title_of(pair), "", sheet.width, unit="mm", hairline=hairline)


def matrix(pair: PairAttribution, sheet: Sheet) -> tuple[Drawing, Picture]:
    """Draw the matrix with its scale; rows and columns without room are summed in one."""
    drawing = blank(pair, sheet)
    picture, cell, upright = _fitting(pair, sheet)
    grid = place(picture, 0.0, 0.0, cell, sheet.em, upright, sheet.unit)
    draw_matrix(drawing, picture, grid, sheet.palette)
    drawing.height = _draw_legend(drawing, picture, sheet, grid.bottom)
    return drawing, picture


def _fitting(pair: PairAttribution, sheet: Sheet) -> tuple[Picture, float, bool]:
    """The picture with all rows and columns that fit, their size, and whether headings stand."""
    for readable in range(_MOST_WORDS, 1, -2):
        picture = sheet.draw(pair, readable)
        cell = _slanted(picture, sheet)
        upright = cell < 2 * sheet.em
        if upright:
            cell = _room(picture, sheet) / len(picture.columns)
        if cell >= _LEAST_CELL * sheet.unit:
            return picture, min(cell, _LARGEST_CELL * sheet.unit), upright
    raise _narrow(sheet)


def _room(picture: Picture, sheet: Sheet) -> float:
    """The width that is left for cells."""
    return sheet.width - place(picture, 0.0, 0.0, 0.0, sheet.em, False, sheet.unit).x


def _slanted(picture: Picture, sheet: Sheet) -> float:
    """The side of a cell with which no slanted heading leaves the sheet."""
    room = _room(picture, sheet)
    fitting = [room / len(picture.columns)]
    for index, heading in enumerate(picture.columns):
        reach = 0.71 * 1.1 * width(_short(heading), sheet.em) + sheet.em / 3
        fitting.append((room - reach) / (index + 0.5))
    return min(fitting)


def _narrow(sheet: Sheet) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"A figure of {sheet.width:g} mm has no room for these texts. Give a larger width_mm or a "
        "smaller size_pt."
    )


def _draw_legend(drawing: Drawing, picture: Picture, sheet: Sheet, y: float) -> float:
    """Draw the scale and how to read it; return the y below."""
    size = sheet.em * 11 / _EM
    y += 22 * sheet.unit
    draw_scale(drawing, picture, sheet.palette, 0.0, y, size)
    return _draw_said(drawing, sheet, y + 0.3 * size)


def _draw_said(drawing: Drawing, sheet: Sheet, y: float) -> float:
    """Draw how to read the colours, wrapped, below y; return the y below."""
    size = sheet.em * 11 / _EM
    lines = [""]
    for word in sheet.palette.said.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, size) > sheet.width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    if max(width(line, size) for line in lines) > sheet.width:
        raise _narrow(sheet)
    for line in lines:
        y += 1.1 * size
        drawing.text(0.0, y, line, size=size, fill=QUIET)
    return y + 5 * sheet.unit


def links(pair: PairAttribution, sheet: Sheet) -> tuple[Drawing, Picture]:
    """Draw the words of A and B as columns, with bands between the strongest pairs."""
    drawing, unit = blank(pair, sheet), sheet.unit
    picture = sheet.draw(pair, _MOST_WORDS)
    cells = _strongest(picture, sheet.top)
    words = [
        _linked(headings, {cell[side] for cell in cells})
        for side, headings in enumerate((picture.rows, picture.columns))
    ]
    longest = max(map(len, words)) * _STEP * unit
    places = [_spread(indices, longest, _STEP * unit) for indices in words]
    rooms = [
        1.1 * max(width(_short(headings[index]), sheet.em) for index in indices) + 8 * unit
        for headings, indices in zip((picture.rows, picture.columns), words, strict=True)
    ]
    left, right = rooms[0], sheet.width - rooms[1]
    if right - left < _LEAST_GAP * unit:
        raise _narrow(sheet)
    for row, column in reversed(cells):
        value = float(picture.values[row, column])
        thick = max(abs(value) / picture.limit * _WIDEST_BAND, _THINNEST_BAND) * unit
        color, dashed = sheet.palette.fill(value, picture.limit), bool(sheet.palette.frame(value))
        drawing.band(left, places[0][row], right, places[1][column], color, thick, dashed)
    _draw_words(drawing, picture.rows, places[0], left - 6 * unit, "end", sheet)
    _draw_words(drawing, picture.columns, places[1], right + 6 * unit, "start", sheet)
    drawing.height = _draw_legend(drawing, picture, sheet, longest)
    return drawing, picture


def _linked(headings: Sequence[Heading], ends: set[int]) -> list[int]:
    """All words, and the special tokens that have a band."""
    return [i for i, heading in enumerate(headings) if i in ends or not heading.special]


def _spread(indices: Sequence[int], height: float, step: float) -> dict[int, float]:
    """Where the words stand, in the middle of the height."""
    top = (height - len(indices) * step) / 2
    return {index: top + (place + 0.5) * step for place, index in enumerate(indices)}


def _draw_words(
    drawing: Drawing, headings: Sequence[Heading], places: Mapping[int, float], x: float,
    anchor: Anchor, sheet: Sheet,
) -> None:  # fmt: skip
    for index, y in places.items():
        heading = headings[index]
        strong = heading.strong and not heading.special
        drawing.text(
            x, y + sheet.em / 3, _short(heading), size=sheet.em, bold=strong,
            fill=TEXT if strong else QUIET, anchor=anchor,
        )  # fmt: skip


def _short(heading: Heading) -> str:
    return shorten(heading.text, HEADING_EMS)


def _strongest(picture: Picture, top: int) -> list[tuple[int, int]]:
    """Pairs of the largest absolute effects that are not numerical error, largest first."""
    cells = [
        (row, column)
        for row, one in enumerate(picture.rows)
        for column, other in enumerate(picture.columns)
        if not (one.rest or other.rest)
        and picture.values[row, column]
        and not picture.uncertain[row, column]
    ]
    return sorted(cells, key=lambda cell: -abs(picture.values[cell]))[:top]


def sentences(pair: PairAttribution, sheet: Sheet) -> tuple[Drawing, Picture]:
    """Draw both texts, wrapped, each word on the colour of the sum of its effects."""
    if sheet.width < _SHORTEST_LINE * sheet.em:
        raise _narrow(sheet)
    drawing, unit = blank(pair, sheet), sheet.unit * _EM / 19.0
    picture = sheet.change(draw(pair))
    y = 0.0
    for sentence in picture.sentences:
        paragraph = Paragraph(0.0, sheet.width, y, unit)
        y = draw_sentence(drawing, sentence, picture.sentence_limit, paragraph, sheet.palette)
    drawing.height = _draw_said(drawing, sheet, y)
    return drawing, picture


KINDS: dict[str, Callable[[PairAttribution, Sheet], tuple[Drawing, Picture]]] = {
    "matrix": matrix,
    "links": links,
    "sentences": sentences,
}
