"""Attributions to export, friendly and hostile, and readers for what comes out."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

from builders import contributions, pair, settings

from siamviz.attribution import PairAttribution
from siamviz.contributions import Token

HOSTILE = [
    "</script><script>alert(1)</script>",
    '<img src=x onerror="document.title=1">',
    "\"'><b onmouseover=alert(1)>",
    "</style></title></table></bdi>",
    "]]> <!-- &amp; -->",
    "a\u2028b\u2029c",
    "\u202eevil\u202c \u2066x\u2069",
    "nul\x00bell\x07",
    "lone\ud800surrogate",
    "[red]markup[/red] :smile:",
    "\x1b[31mred\x1b[0m",
    "\r\n\ttabs",
    "\ufffe\x85\x9b31m",
    '=HYPERLINK("http://x")',
    "+1",
    "-1",
    "@SUM(A1)",
]


def hostile_pair() -> PairAttribution:
    tokens = tuple(Token(text, None, None) for text in HOSTILE)
    given = {"tokens": tokens, "settings": settings(model="<i>model</i>", baseline="<u>\x1b</u>")}
    a, b = " ".join(HOSTILE), "".join(reversed(HOSTILE))
    return replace(
        PairAttribution.from_contributions(
            contributions(a, seed=1, **given), contributions(b, seed=2, **given)
        ),
        message="<s>said</s> \x1b[1m",
    )


def by_word(**changes) -> PairAttribution:
    return replace(pair().by("word"), **changes)


def long_pair(words: int) -> PairAttribution:
    text = " ".join(f"w{i}" for i in range(words))
    return pair(text, text, width=3)


def parsed(document: str) -> ET.Element:
    return ET.fromstring(document.encode())  # noqa: S314 - our own output, not untrusted


class Page(HTMLParser):
    """What is in a document: its elements, their attributes, its text, its bold text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text, self.bold, self._open = "", "", []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.text += data
            self.bold += data + "\n" if "b" in self._open else ""
