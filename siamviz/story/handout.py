"""A story as PDF: a page for each slide, set by Typst."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from siamviz.errors import InvalidArgumentError
from siamviz.export.compose import model_title
from siamviz.export.drawing import Drawing
from siamviz.export.escape import visible
from siamviz.export.figure import provenance
from siamviz.export.kinds import KINDS, Sheet
from siamviz.export.numbers import percent, signed
from siamviz.export.palette import COLOR
from siamviz.export.typeset import plain, typeset
from siamviz.story import captions
from siamviz.widgets.selection import fits, select

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution
    from siamviz.story.slides import Slide
    from siamviz.story.story import Story

_LEFT, _RIGHT, _HEIGHT = 108.0, 180.0, 112.0
"""Room for the texts and for what is drawn, in mm of a page of 320 × 180."""
_TEXT_EM, _EM = 5.2, 4.4
_KINDS = {"matrix": "matrix", "links": "links", "pairs": "links", "compare": "matrix"}
_TOP = 12
_STEP = 0.92


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
    pair = slide.shown
    texts, picture = KINDS["sentences"](pair, Sheet(_LEFT, _TEXT_EM, COLOR, _TOP))
    texts.description = provenance(pair, picture)
    return {
        "caption": captions.to_json(slide.caption),
        "texts": plain(texts),
        "drawings": [plain(drawing) for drawing in _drawings(slide, pair, limit)],
        "pins": [visible(line) for line in _pins(slide)],
        "source": visible(texts.description),
    }


def _drawings(slide: Slide, pair: PairAttribution, limit: float) -> list[Drawing]:
    """The matrix or links; compared, both matrices side by side."""
    kind = _KINDS[slide.state["view"]]
    compared = slide.state["view"] == "compare" and slide.other is not None
    if not compared or slide.other is None:
        return [_fitting(kind, pair, _RIGHT, limit)]
    from siamviz.export.page import as_shown

    pairs = [pair, as_shown(slide.other, slide.state)]
    drawings = [_fitting(kind, each, _RIGHT / 2 - 4, limit) for each in pairs]
    for drawing, each in zip(drawings, pairs, strict=True):
        settings = each.settings
        drawing.title = f"{model_title(settings.model)}, {settings.baseline}, {settings.layer}"
    return drawings


def _fitting(kind: str, pair: PairAttribution, room: float, limit: float) -> Drawing:
    """The widest drawing that is not too high, in the largest font that there is room for."""
    width, em, drawing = room, _EM, None
    while width > room / 4:
        try:
            drawing, _ = KINDS[kind](pair, Sheet(width, em, COLOR, _TOP, limit))
        except InvalidArgumentError:
            if drawing is not None:
                return drawing
            em *= _STEP
            continue
        if drawing.height <= _HEIGHT:
            return drawing
        width *= _STEP
    assert drawing is not None
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
    return text[min(starts) : max(ends)] if starts else " ".join(token.text for token in tokens)
