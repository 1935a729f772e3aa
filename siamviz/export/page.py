"""The exported page: the interactive view of results that were computed before, in one file.

No network, no eval: a Content-Security-Policy allows nothing but this script and this stylesheet.
Readers without scripts see the static table.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siamviz import color
from siamviz.errors import InvalidArgumentError
from siamviz.export.bundle import PAIR_VIEW, Bundle
from siamviz.export.compose import model_title
from siamviz.export.escape import escape, json_for_script
from siamviz.export.frame import pack
from siamviz.export.html import page_title, to_html

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_STYLED = re.compile(r' style="[^"]*"')


@dataclass(frozen=True)
class Result:
    """One result of a page: a frame, and the settings by which readers choose it.

    Attributes
    ----------
    settings : mapping
        "baseline", "layer", "rule" and "steps" (None for the adaptive rule).
    frame : bytes
        As `siamviz.export.frame.pack` returns it.
    other : bytes
        The same of what it is compared with, if anything.
    """

    settings: Mapping[str, Any]
    frame: bytes
    other: bytes = b""


def palette() -> bytes:
    """Return the colour tables for light and dark pages, 2 × 256 × 3 bytes."""
    return color.LIGHT.tobytes() + color.DARK.tobytes()


def view_state(pair: PairAttribution) -> dict[str, Any]:
    """Return how a page shows `pair` at first, by the names of the view's traits."""
    settings = pair.settings
    return {
        "text_a": pair.text_a,
        "text_b": pair.text_b,
        "layer": settings.layer,
        "layers": settings.layers,
        "baseline": settings.baseline,
        "baselines": [settings.baseline],
        "model_name": model_title(settings.model),
        "similarity": pair.similarity,
        "unit": pair.unit,
        "folded": pair.folded,
    }


def as_shown(pair: PairAttribution, state: Mapping[str, Any]) -> PairAttribution:
    """Return `pair` in the similarity, unit and fold that a state names; it may leave any out."""
    similarity, unit = state.get("similarity", pair.similarity), state.get("unit", pair.unit)
    shown = pair.as_similarity(similarity) if similarity in pair.scores else pair
    shown = shown.fold() if state.get("folded") and not shown.folded else shown
    return shown if shown.unit == unit else shown.by(unit)


def to_page(
    pair: PairAttribution,
    *,
    state: Mapping[str, Any] | None = None,
    results: Sequence[Result] = (),
    title: str | None = None,
) -> str:
    """Return the interactive page of a pair.

    Parameters
    ----------
    pair : PairAttribution
        What the page shows at first, and readers without scripts.
    state : mapping, optional
        How to show it at first, by the names of `siamviz.PairView`'s traits.
    results : sequence of Result, optional
        What readers can choose from; by default `pair` alone.
    title : str, optional
        By default it names the two texts.

    Raises
    ------
    FrontEndMissingError
        If the front end is not built.
    """
    state = {**view_state(pair), **(state or {})}
    data = {
        "state": state,
        "palette": to_base64(palette()),
        "frames": [
            {
                "settings": dict(result.settings),
                "frame": to_base64(result.frame),
                "other": to_base64(result.other),
            }
            for result in results or [_only(pair)]
        ],
    }
    shown = page_title(pair) if title is None else title
    return document(PAIR_VIEW, "data-siamviz-page", shown, data, still(as_shown(pair, state)))


def _only(pair: PairAttribution) -> Result:
    settings = pair.settings
    return Result(
        {"baseline": settings.baseline, "layer": settings.layer, "steps": None}, pack(pair)
    )


def document(bundle: Bundle, mark: str, title: str, data: Any, still: str) -> str:
    """Return a page that holds a front end, its data, and what readers without scripts see.

    Parameters
    ----------
    bundle : Bundle
    mark : str
        The attribute of ``<html>`` by which the script knows its page.
    title : str
    data : object
        For the script, as JSON.
    still : str
        HTML without styles, which the page's policy forbids.
    """
    script, style = _inline(bundle.script(), "script"), _inline(bundle.style(), "style")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en" {mark}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<main>\n<h1 class="siamviz-title">{escape(title)}</h1>\n'
        f'<div id="siamviz-root"><noscript>\n{still}\n</noscript></div>\n</main>\n'
        f'<script type="application/json" id="siamviz-data">{json_for_script(data)}</script>\n'
        f'<script type="module">{script}</script>\n</body>\n</html>\n'
    )


def still(pair: PairAttribution) -> str:
    """Return the static picture without styles."""
    return _STYLED.sub("", to_html(pair, page=False, compact=True))


def _inline(text: str, element: str) -> str:
    """Return `text`, which must not end the element that it stands in."""
    if re.search(rf"</{element}|<!--", text, re.IGNORECASE):
        raise InvalidArgumentError(
            f"The built front end contains a tag that would end its <{element}> element. "
            "Build it again with `make js`."
        )
    return text


def _digest(text: str) -> str:
    """Return the source expression under which a policy lets `text` in."""
    return f"sha256-{to_base64(hashlib.sha256(text.encode()).digest())}"


def to_base64(content: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(content).decode("ascii")
