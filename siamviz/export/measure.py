"""Width and direction of text, estimated without a font or a browser."""

from __future__ import annotations

import unicodedata

_NARROW = frozenset("iljI.,:;'|!()[] ftr-")
_BROAD = frozenset("mwMW@%")


def _advance(character: str) -> float:
    """Return the advance width in em, at least that of common sans-serif fonts."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in _NARROW:
        return 0.42
    if character in _BROAD:
        return 1.0
    return 0.72 if character.isupper() else 0.61


def width(text: str, size: float) -> float:
    """Return a generous estimate of the width of `text` set at `size`, in the unit of `size`."""
    return size * sum(map(_advance, text))


def shorten(text: str, ems: float) -> str:
    """Return `text`, cut with an ellipsis if it is wider than `ems` times the font size."""
    if width(text, 1.0) <= ems:
        return text
    room, kept = ems - 1.0, 0
    for character in text:
        room -= _advance(character)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def direction(text: str) -> str:
    """Return "rtl" or "ltr": the direction of the first letter that has one.

    Written into the page because ``dir="auto"`` ignores what stands inside ``<bdi>`` elements.
    """
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"
