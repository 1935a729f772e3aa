"""A story as one file: slides with live views, without a kernel and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siamviz.export.bundle import STORY
from siamviz.export.escape import escape
from siamviz.export.page import document, palette, still, to_base64
from siamviz.story import captions, storage

if TYPE_CHECKING:
    from siamviz.story.story import Story


def to_page(story: Story, framed: bool = False) -> bytes:
    """Return the page of a story.

    Parameters
    ----------
    story : Story
    framed : bool
        For a frame in another presentation, which has the controls.

    Raises
    ------
    FrontEndMissingError
        If the front end is not built.
    """
    data = {
        **storage.deck(story),
        "palette": to_base64(palette()),
        "story": storage.pack(story),
    }
    slides = "\n".join(
        f"<h2>{captions.to_html(slide.caption) or escape(slide.name)}</h2>\n{still(slide.shown)}"
        for slide in story
    )
    title = story.title or "A story of similar texts"
    mark = 'data-siamviz-story="framed"' if framed else "data-siamviz-story"
    return document(STORY, mark, title, data, slides).encode("utf-8")


def to_list(story: Story) -> str:
    """Return what is said on the slides as HTML, in order."""
    said = (
        f"<li>{captions.to_html(slide.caption)} <i>{escape(slide.name)}</i></li>" for slide in story
    )
    return f"<div><b>{escape(story.title)}</b><ol>{''.join(said)}</ol></div>"
