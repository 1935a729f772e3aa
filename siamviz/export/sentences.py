"""A text of a pair, wrapped, its words on the colours of their effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from siamviz.color import ink
from siamviz.export.drawing import QUIET, Drawing
from siamviz.export.escape import label
from siamviz.export.measure import shorten, width
from siamviz.export.palette import Palette
from siamviz.export.picture import Mark, Sentence

_LINE = 33.0
_SIZE = 19.0
_SPECIAL = 13.0


@dataclass(frozen=True)
class Paragraph:
    """Where a text is set.

    Attributes
    ----------
    left, right : float
    y : float
        Its upper edge.
    unit : float
        What sizes are multiples of: 1 in pixels.
    """

    left: float
    right: float
    y: float
    unit: float = 1.0


@dataclass(frozen=True)
class _Piece:
    """A mark, or the plain text between two, with its room in the line."""

    text: str
    room: float
    mark: Mark | None = None


def _pieces(sentence: Sentence, line: float) -> Iterator[_Piece]:
    """Pieces of at most a line's room: longer marks are wrapped, longer words cut."""
    for mark in sentence.marks:
        yield from _plain(mark.lead, line)
        size = (_SPECIAL if mark.special else _SIZE) * (1.1 if mark.strong else 1.0)
        whole = label(mark.text)
        fits = width(whole, size) + 8 <= line
        for text in [whole] if fits else whole.split():
            shown = shorten(text, (line - 8) / size)
            yield _Piece(shown, width(shown, size) + 8, mark)
    yield from _plain(sentence.tail, line)


def _plain(text: str, line: float) -> Iterator[_Piece]:
    if not text:
        yield _Piece("", 1.0)
    elif not text.strip():
        yield _Piece("", 5.0)
    for word in text.split():
        shown = shorten(label(word), (line - 8) / _SIZE)
        yield _Piece(shown, width(shown, _SIZE) + 8)


def draw_sentence(
    drawing: Drawing, sentence: Sentence, limit: float, paragraph: Paragraph, palette: Palette
) -> float:
    """Draw a text with its name, from its own side; return the y below it."""
    unit, y = paragraph.unit, paragraph.y
    left, right = paragraph.left + 26 * unit, paragraph.right
    drawing.text(
        paragraph.left, y + 21 * unit, sentence.name, size=13 * unit, bold=True, fill=QUIET
    )
    x = left
    for piece in _pieces(sentence, (right - left) / unit):
        room = piece.room * unit
        if x + room > right and x > left:
            x, y = left, y + _LINE * unit
            if not piece.text:
                continue
        mirrored = left + right - x - room if sentence.direction == "rtl" else x
        _draw_piece(drawing, piece, limit, mirrored, y, unit, palette)
        x += room
    return y + (_LINE + 4) * unit


def _draw_piece(
    drawing: Drawing, piece: _Piece, limit: float, x: float, y: float, unit: float,
    palette: Palette,
) -> None:  # fmt: skip
    if not piece.text:
        return
    room, mark = piece.room * unit, piece.mark
    middle, base = x + room / 2, y + 21 * unit
    if mark is None or mark.special:
        size = (_SPECIAL if mark else _SIZE) * unit
        drawing.text(middle, base, piece.text, size=size, fill=QUIET, anchor="middle")
        return
    color = palette.fill(mark.effect, limit)
    frame = palette.frame(mark.effect, limit)
    drawing.rectangle(x, y, room, 28 * unit, color, 5 * unit, frame)
    drawing.text(
        middle, base, piece.text, size=_SIZE * unit, fill=ink(color), bold=mark.strong,
        anchor="middle",
    )  # fmt: skip
