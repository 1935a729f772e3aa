"""The picture as notebooks want it: text, HTML and PNG side by side."""

from __future__ import annotations

import base64
from collections.abc import Callable, Container
from typing import TYPE_CHECKING

from siamviz.export.escape import visible
from siamviz.export.html import to_html
from siamviz.export.picture import CROWDED
from siamviz.export.png import obstacle, to_png

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution


def mimebundle(
    pair: PairAttribution,
    include: Container[str] | None = None,
    exclude: Container[str] | None = None,
) -> dict[str, str]:
    """Return the picture by MIME type, as Jupyter's display protocol asks for it.

    Parameters
    ----------
    pair : PairAttribution
    include, exclude : container of str, optional
        MIME types that are wanted, and those that are not.

    Returns
    -------
    dict
        "text/plain", "text/html" and, where it can be drawn, "image/png" in base64.
    """
    makers: dict[str, Callable[[], str]] = {
        "text/plain": lambda: visible(str(pair)),
        "text/html": lambda: to_html(pair, page=False),
    }
    if not obstacle():
        makers["image/png"] = lambda: _png(pair)
    return {
        mime: make()
        for mime, make in makers.items()
        if (include is None or mime in include) and (exclude is None or mime not in exclude)
    }


def _png(pair: PairAttribution) -> str:
    """Draw at a scale that keeps saved notebooks small."""
    scale = 1.0 if max(pair.matrix.shape) > CROWDED else 1.5
    return base64.b64encode(to_png(pair.to_svg(), scale)).decode("ascii")
