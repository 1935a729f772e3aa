"""Stories for reveal.js, through nbconvert: each slide with its live view in a frame."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

from siamviz.errors import InvalidArgumentError
from siamviz.export.escape import escape, visible
from siamviz.story import captions
from siamviz.story.deck import to_page

if TYPE_CHECKING:
    from siamviz.story.slides import Slide
    from siamviz.story.story import Story

_HEIGHT = 640
"""Pixels of a view on a slide of 960 × 700."""


def to_reveal(story: Story, reveal: str | None) -> str:
    """Return the presentation; see `siamviz.Story.to_slides`.

    Raises
    ------
    InvalidArgumentError
        If nbconvert is missing.
    """
    if importlib.util.find_spec("nbconvert") is None:
        raise InvalidArgumentError(
            "Slides for reveal.js need the package nbconvert: pip install nbconvert. "
            'story.save("talk.html") needs nothing.'
        )
    import nbformat
    from nbconvert import SlidesExporter

    exporter: Any = SlidesExporter()
    exporter.exclude_input = True
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    if reveal is not None:
        exporter.reveal_url_prefix = reveal
    if story.theme == "dark":
        exporter.reveal_theme, exporter.theme = "black", "dark"
    notebook = nbformat.reads(to_notebook(story), as_version=4)
    title = visible(story.title) or "siamviz"
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    return body


def to_notebook(story: Story) -> str:
    """Return the notebook of a presentation: a cell for each slide, and one for its notes."""
    cells: list[dict[str, Any]] = []
    if story.title:
        title = " ".join(escape(story.title).split())
        cells.append(_markdown(f'<h1 class="tex2jax_ignore">{title}</h1>', "slide"))
    for slide in story:
        cells.append(_shown(slide, story))
        if slide.notes:
            # A blank line would end the HTML, and Markdown begin.
            said = "<br>".join(escape(slide.notes).splitlines())
            cells.append(_markdown(f'<p class="tex2jax_ignore">{said}</p>', "notes"))
    for number, cell in enumerate(cells):
        cell["id"] = f"siamviz-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {
            "cells": cells,
            "metadata": {"kernelspec": kernel, "title": visible(story.title)},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def _markdown(html: str, kind: str) -> dict[str, Any]:
    metadata = {"slideshow": {"slide_type": kind}}
    return {"cell_type": "markdown", "metadata": metadata, "source": html}


def _shown(slide: Slide, story: Story) -> dict[str, Any]:
    """A slide as a cell that has its result."""
    alone = type(story)(theme=story.theme, limit=story.scale(slide) or None)
    alone.begin([slide])
    page = to_page(alone, framed=True).decode("utf-8")
    name = captions.to_plain(slide.caption) or slide.name
    # Character references keep the page from being markup of the presentation.
    frame = (
        f'<iframe srcdoc="{_quoted(page)}" title="{escape(name)}" sandbox="allow-scripts '
        f'allow-downloads" width="100%" height="{_HEIGHT}" style="border:0"></iframe>'
    )
    data = {"text/html": frame, "text/plain": visible(slide.name)}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    return {
        "cell_type": "code",
        "metadata": {"slideshow": {"slide_type": "slide"}},
        "execution_count": None,
        "source": "",
        "outputs": [output],
    }


def _quoted(page: str) -> str:
    return page.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
