"""The whole picture on one sheet: ledger, sentences, matrix, strongest pairs."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from siamviz.export.compose import draw, title_of
from siamviz.export.drawing import QUIET, TEXT, Drawing
from siamviz.export.escape import label
from siamviz.export.matrix import bar, draw_matrix, draw_scale, draw_totals, place
from siamviz.export.measure import shorten, width
from siamviz.export.numbers import percent, signed
from siamviz.export.palette import COLOR
from siamviz.export.picture import Link, Picture
from siamviz.export.sentences import Paragraph, draw_sentence

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution
    from siamviz.export.matrix import Grid

_MARGIN = 24.0
_GUTTER = 44.0
_LINKS_WIDTH = 440.0
_BAR_ROOM = 116.0


def overview(pair: PairAttribution) -> tuple[Drawing, Picture]:
    """Return the picture of a pair as a drawing in pixels, and what it says.

    Parameters
    ----------
    pair : PairAttribution
    """
    picture = draw(pair)
    beside = not picture.crowded
    matrix_width = _grid(picture, 0.0).right + _BAR_ROOM
    total = matrix_width + (_GUTTER + _LINKS_WIDTH if beside else 0.0) + _MARGIN
    total = max(total, width(picture.ledger(), 16) + 2 * _MARGIN)
    drawing = Drawing(title_of(pair), picture.ledger(), round(total))
    y = _draw_head(drawing, picture, total)
    for sentence in picture.sentences:
        paragraph = Paragraph(_MARGIN, total - _MARGIN, y)
        y = draw_sentence(drawing, sentence, picture.sentence_limit, paragraph, COLOR)
    y = _draw_divider(drawing, y, total)
    if beside:
        lowest = _draw_links(drawing, picture, matrix_width + _GUTTER, y, total - _MARGIN)
    else:
        y = lowest = _draw_links(drawing, picture, _MARGIN, y, _MARGIN + 1.5 * _LINKS_WIDTH)
    grid = _grid(picture, y)
    draw_matrix(drawing, picture, grid, COLOR)
    below = draw_totals(drawing, picture, grid, COLOR)
    drawing.height = round(max(_draw_legend(drawing, picture, below + 30), lowest) + _MARGIN)
    return drawing, picture


def _grid(picture: Picture, top: float) -> Grid:
    cell, size = (21.0, 10.0) if picture.crowded else (36.0, 13.0)
    return place(picture, _MARGIN, top, cell, size, picture.crowded, 1.0)


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


def _draw_legend(drawing: Drawing, picture: Picture, y: float) -> float:
    """Draw the colour scale and how to read it; return the y below."""
    draw_scale(drawing, picture, COLOR, _MARGIN, y, 12)
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
        length = bar(link.effect, picture.limit)
        drawing.rectangle(right - 190, y - 9, length, 9, COLOR.bar(link.effect), radius=2)
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
