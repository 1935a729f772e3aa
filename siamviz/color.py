"""Diverging colour tables: blue for positive, orange for negative, the page's colour for zero.

Lightness (OKLab, Ottosson 2020) falls linearly from the pivot to both ends and is the same at
equal distances, so that equal magnitudes look equally strong; blue against orange stays apart in
the common forms of colour blindness.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PAGE_LIGHT = "#ffffff"
PAGE_DARK = "#1a1c21"

_INKS = ("#1c2028", "#ffffff", "#000000")
_READABLE = 4.5

_LMS_FROM_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB_FROM_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_RGB_FROM_LMS = np.linalg.inv(_LMS_FROM_RGB)
_LMS_FROM_LAB = np.linalg.inv(_LAB_FROM_LMS)


def rgb(color: str) -> tuple[int, int, int]:
    """Return the red, green and blue (0 to 255) of a ``#rrggbb`` string."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _linear(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo the sRGB transfer curve (IEC 61966-2-1); values in [0, 1]."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply the sRGB transfer curve; values outside [0, 1] are clipped."""
    linear = np.clip(linear, 0.0, 1.0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def oklab(colors: Sequence[tuple[int, int, int]] | NDArray[np.uint8]) -> NDArray[np.float64]:
    """Convert sRGB colours, shape (N, 3) in 0 to 255, to OKLab, shape (N, 3)."""
    linear = _linear(np.asarray(colors, dtype=np.float64) / 255.0)
    return np.cbrt(linear @ _LMS_FROM_RGB.T) @ _LAB_FROM_LMS.T


def _srgb(lab: NDArray[np.float64]) -> NDArray[np.uint8]:
    linear = (lab @ _LMS_FROM_LAB.T) ** 3 @ _RGB_FROM_LMS.T
    return np.rint(_encoded(linear) * 255.0).astype(np.uint8)


def _ramp(anchors: Sequence[str], last: float) -> NDArray[np.uint8]:
    """Return 128 colours whose lightness runs linearly from the first anchor's to `last`.

    The anchors say which hue and chroma belong to their own lightness.
    """
    lab = oklab([rgb(anchor) for anchor in anchors])
    lightness = np.linspace(lab[0, 0], last, 128)
    order = np.argsort(lab[:, 0])
    opponents = [np.interp(lightness, lab[order, 0], lab[order, axis]) for axis in (1, 2)]
    return _srgb(np.stack([lightness, *opponents], axis=1))


def _diverging(negative: Sequence[str], positive: Sequence[str], last: float) -> NDArray[np.uint8]:
    table = np.concatenate([_ramp(negative, last)[::-1], _ramp(positive, last)])
    table.setflags(write=False)
    return table


LIGHT: NDArray[np.uint8] = _diverging(
    negative=(PAGE_LIGHT, "#fde3cb", "#f9b06a", "#e2711d", "#a8480a", "#6b2b05"),
    positive=(PAGE_LIGHT, "#dbe9f6", "#8fc0e2", "#3d8cc4", "#0d57a1", "#08306b"),
    last=0.33,
)
"""(256, 3) uint8: the table for a white page; entries 127 and 128 are the pivot."""

DARK: NDArray[np.uint8] = _diverging(
    negative=(PAGE_DARK, "#4a2a14", "#8f4a14", "#d97a2b", "#ffb877", "#ffe0c2"),
    positive=(PAGE_DARK, "#142c4c", "#1a5795", "#3f93d8", "#8fc6f6", "#cfe6fd"),
    last=0.91,
)
"""(256, 3) uint8: the table for a dark page; the ends are bright, the pivot is the page."""


def table_index(value: float, limit: float) -> int:
    """Return the table entry of `value` in the symmetric range [-limit, limit], clipped.

    0 (and everything, if `limit` is 0) falls on a pivot entry.
    """
    if not limit > 0.0 or math.isnan(value):
        return 128
    strength = round(127 * min(abs(value) / limit, 1.0))
    return 128 + strength if value >= 0 else 127 - strength


def hex_color(value: float, limit: float, dark: bool = False) -> str:
    """Return the ``#rrggbb`` colour of `value` in [-limit, limit].

    >>> hex_color(0.0, 0.2)
    '#ffffff'
    """
    red, green, blue = (DARK if dark else LIGHT)[table_index(value, limit)]
    return f"#{red:02x}{green:02x}{blue:02x}"


def luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb`` as WCAG 2.2 defines it, 0 to 1."""
    linear = _linear(np.array(rgb(color)) / 255.0)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(first: str, second: str) -> float:
    """Return the WCAG 2.2 contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@functools.cache
def ink(background: str) -> str:
    """Return a text colour that is readable on `background` (contrast of at least 4.5)."""
    return next(color for color in _INKS if contrast(color, background) >= _READABLE)
