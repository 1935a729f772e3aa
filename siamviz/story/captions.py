"""Captions: Markdown's emphasis and links, and nothing else of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from html import escape as _attribute
from typing import Any

from siamviz.errors import ArgumentTypeError, InvalidArgumentError
from siamviz.export.escape import escape, visible

LONGEST = 2000
"""Characters of a caption or of notes, at most."""
_SCHEMES = ("https://", "http://", "mailto:")
_INLINE = re.compile(
    r"\\(?P<literal>[\\*_\[\]()])"
    r"|\[(?P<label>[^\[\]]+)\]\((?P<href>(?:[^()\s]|\([^()\s]*\))+)\)"
    r"|\*\*(?=\S)(?P<strong>.+?)(?<=\S)\*\*(?!\*)"
    r"|\*(?=[^\s*])(?P<star>(?:\\.|\*\*.+?\*\*|[^*\\])+?)(?<=\S)\*"
    r"|(?<!\w)_(?=\S)(?P<line>.+?)(?<=\S)_(?!\w)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Span:
    """A piece of a caption in one style; `href` is empty unless it is a link."""

    text: str
    strong: bool = False
    emphasis: bool = False
    href: str = ""


def check_text(name: str, text: Any) -> str:
    """Return `text` if it can be a caption or notes.

    Raises
    ------
    ArgumentTypeError, InvalidArgumentError
        If it is no string, or too long for a slide.
    """
    if not isinstance(text, str):
        raise ArgumentTypeError(f"{name} must be a string, got {text!r:.60}.")
    if len(text) > LONGEST:
        raise InvalidArgumentError(
            f"{name} has {len(text):,} characters; a slide holds at most {LONGEST:,}. Shorten it, "
            "or divide it among slides."
        )
    return text


def spans(caption: str) -> list[Span]:
    """Return a caption in pieces of one style each.

    ``*emphasis*``, ``**strong**`` and ``[text](https://…)`` are understood; anything else, HTML
    included, is text as it stands. Links lead to http, https or mail addresses only.

    >>> spans("It *misses* <b>not</b>")
    [Span(text='It ', strong=False, emphasis=False, href=''), \
Span(text='misses', strong=False, emphasis=True, href=''), \
Span(text=' <b>not</b>', strong=False, emphasis=False, href='')]
    """
    found: list[Span] = []
    for span in _spans(caption, Span("")):
        if found and replace(found[-1], text="") == replace(span, text=""):
            found[-1] = replace(span, text=found[-1].text + span.text)
        elif span.text:
            found.append(span)
    return found


def _spans(text: str, style: Span) -> Iterator[Span]:
    end = 0
    for match in _INLINE.finditer(text):
        yield replace(style, text=text[end : match.start()])
        end = match.end()
        if match["literal"]:
            yield replace(style, text=match["literal"])
        elif match["strong"]:
            yield from _spans(match["strong"], replace(style, strong=True))
        elif match["star"] or match["line"]:
            yield from _spans(match["star"] or match["line"], replace(style, emphasis=True))
        elif style.href or not match["href"].lower().startswith(_SCHEMES):
            yield replace(style, text=match[0])
        else:
            yield from _spans(match["label"], replace(style, href=visible(match["href"])))
    yield replace(style, text=text[end:])


def to_plain(caption: str) -> str:
    """Return a caption without its marks; characters that could act are made visible."""
    return visible("".join(span.text for span in spans(caption)))


def to_html(caption: str) -> str:
    """Return a caption as HTML."""
    return "".join(map(_html, spans(caption)))


def to_json(caption: str) -> list[dict[str, Any]]:
    """Return the pieces of a caption as plain data."""
    return [{**asdict(span), "text": visible(span.text)} for span in spans(caption)]


def _html(span: Span) -> str:
    shown = escape(span.text).replace("\n", "<br>")
    shown = f"<em>{shown}</em>" if span.emphasis else shown
    shown = f"<strong>{shown}</strong>" if span.strong else shown
    return f'<a href="{_attribute(span.href)}" rel="noopener">{shown}</a>' if span.href else shown
