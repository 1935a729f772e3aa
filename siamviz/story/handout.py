"""A story as PDF: a page for each slide, set by Typst."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.errors import InvalidArgumentError
from siamviz.export.compose import model_title
from siamviz.export.drawing import Drawing
from siamviz.export.escape import visible
from siamviz.export.figure import provenance
from siamviz.export.kinds import KINDS, Sheet
from siamviz.export.measure import shorten
from siamviz.export.numbers import percent, signed
from siamviz.export.palette import COLOR
from siamviz.export.picture import Heading, Mark, Picture
from siamviz.export.typeset import plain, typeset
from siamviz.story import captions
from siamviz.widgets.selection import fits, select

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution
    from siamviz.story.slides import Slide
    from siamviz.story.story import Story

Change = Callable[[Picture], Picture]
_LEFT, _RIGHT, _HEIGHT = 108.0, 180.0, 112.0
"""Room for the texts and for what is drawn, in mm of a page of 320 × 180."""
_TEXT_EM, _EM = 5.2, 4.4
_KINDS = {"matrix": "matrix", "links": "links", "pairs": "links", "compare": "matrix"}
_TOP = 12
_PINS, _LINE, _WORDS = 5, 10.0, 14.0
"""Pins that are told, the room that each takes, and its words in ems."""
_STEP = 0.92
_LEAST_EM = 1.5
_NARROWER = (1.0, 0.88, 0.77, 0.68, 0.6)


def to_pdf(story: Story) -> bytes:
    """Return a story as PDF.

    Raises
    ------
    InvalidArgumentError
        If the package typst is missing.
    """
    title = visible(story.title)
    pages = [_page(slide, story.scale(slide)) for slide in story]
    return typeset("handout.typ", "pdf", handout=json.dumps({"title": title, "pages": pages}))


def _page(slide: Slide, limit: float) -> dict[str, Any]:
    pair, state = slide.shown, slide.state

    def change(picture: Picture) -> Picture:
        return replace(filtered(picture, state), limit=limit)

    pins = _pins(slide)[:_PINS]
    texts = _fitting("sentences", pair, (_LEFT, _HEIGHT - _LINE * len(pins)), _TEXT_EM, change)
    return {
        "caption": captions.to_json(slide.caption),
        "texts": plain(texts),
        "drawings": [plain(drawing) for drawing in _drawings(slide, pair, change)],
        "pins": [visible(line) for line in pins],
        "source": visible(texts.description),
    }


def filtered(picture: Picture, state: Mapping[str, Any]) -> Picture:
    """Return what a view with this state shows of a picture."""
    rows, columns = _text(picture.rows), _text(picture.columns)
    if rows and columns and not state["special"]:
        cells = np.ix_(rows, columns)
        a, b = (replace(one, marks=_without(one.marks)) for one in picture.sentences)
        picture = replace(
            picture,
            sentences=(a, b),
            rows=tuple(picture.rows[i] for i in rows),
            columns=tuple(picture.columns[j] for j in columns),
            values=picture.values[cells],
            uncertain=picture.uncertain[cells],
        )
    sizes = np.abs(picture.values)
    shown = sizes >= state["threshold"]
    if 0 < state["top_k"] < sizes.size:
        shown &= sizes >= np.partition(sizes, -state["top_k"], axis=None)[-state["top_k"]]
    return replace(
        picture,
        values=np.where(shown, picture.values, 0.0),
        uncertain=picture.uncertain & shown,
    )


def _without(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The marks of text, the first one at the edge."""
    first, *others = (mark for mark in marks if not mark.special)
    return replace(first, lead=""), *others


def _text(headings: Sequence[Heading]) -> list[int]:
    return [index for index, heading in enumerate(headings) if not heading.special]


def _drawings(slide: Slide, pair: PairAttribution, change: Change) -> list[Drawing]:
    """The matrix or links; compared, both matrices side by side."""
    kind = _KINDS[slide.state["view"]]
    compared = slide.state["view"] == "compare" and slide.other is not None
    if not compared or slide.other is None:
        return [_fitting(kind, pair, (_RIGHT, _HEIGHT), _EM, change)]
    from siamviz.export.page import as_shown

    pairs = [pair, as_shown(slide.other, slide.state)]
    drawings = [_fitting(kind, each, (_RIGHT / 2 - 4, _HEIGHT - 8), _EM, change) for each in pairs]
    for drawing, each in zip(drawings, pairs, strict=True):
        settings = each.settings
        drawing.title = f"{model_title(settings.model)}, {settings.baseline}, {settings.layer}"
    return drawings


def _fitting(
    kind: str, pair: PairAttribution, room: tuple[float, float], em: float, change: Change
) -> Drawing:
    """A drawing in the largest font with which it fits a width and a height.

    A narrower matrix has smaller cells, which is tried before a smaller font.
    """
    width, height = room
    widths = [width * part for part in (_NARROWER if kind == "matrix" else (1.0,))]
    drawing = None
    while em >= _LEAST_EM or drawing is None:
        for narrower in widths:
            try:
                drawing, picture = KINDS[kind](pair, Sheet(narrower, em, COLOR, _TOP, change))
            except InvalidArgumentError:
                break
            drawing.description = provenance(pair, picture)
            if drawing.height <= height:
                return drawing
        em *= _STEP
    return drawing


def _pins(slide: Slide) -> list[str]:
    pair = slide.pair.as_similarity(slide.state["similarity"])
    pair = pair.fold() if slide.state["folded"] else pair
    return [
        f"{_words(slide.pair.text_a, found.tokens_a)} × {_words(slide.pair.text_b, found.tokens_b)}"
        f"  {signed(found.effect, 3)} ({percent(found.share)})"
        for found in (select(pair, pin) for pin in slide.state["pins"] if fits(pair, pin))
    ]


def _words(text: str, tokens: Any) -> str:
    """The text that tokens cover."""
    starts = [token.start for token in tokens if token.start is not None]
    ends = [token.end for token in tokens if token.end is not None]
    whole = text[min(starts) : max(ends)] if starts else " ".join(token.text for token in tokens)
    return shorten(whole, _WORDS)
