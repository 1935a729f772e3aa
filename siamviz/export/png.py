"""SVG as PNG, drawn by resvg (the optional package ``resvg_py``)."""

from __future__ import annotations

import importlib.util
from functools import cache

from siamviz.errors import InvalidArgumentError
from siamviz.export.svg import FAMILY

_PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">'
    f'<text y="14" font-size="16" font-family="{FAMILY}">{{}}</text></svg>'
)


def _draw(svg: str, scale: float) -> bytes:
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=scale, dpi=96))


@cache
def obstacle() -> str:
    """Return why no PNG can be drawn on this machine, or an empty string.

    Without any font resvg leaves text out silently, so one letter is drawn and looked for.
    """
    if importlib.util.find_spec("resvg_py") is None:
        return "PNG needs the package resvg_py: pip install 'siamviz[figures]'."
    if _draw(_PROBE.format("H"), 1) == _draw(_PROBE.format(""), 1):
        return "PNG needs a font, and this machine has none: install one, such as DejaVu Sans."
    return ""


def to_png(svg: str, scale: float = 2) -> bytes:
    """Return an SVG document as PNG.

    Parameters
    ----------
    svg : str
    scale : float
        Pixels per CSS pixel.

    Raises
    ------
    InvalidArgumentError
        If resvg_py or a font is missing, or `scale` is not a positive number.
    """
    if not scale > 0:
        raise InvalidArgumentError(f"Scale must be greater than 0, not {scale!r}.")
    if obstacle():
        raise InvalidArgumentError(f"{obstacle()} The formats html and svg need neither.")
    return _draw(svg, scale)
