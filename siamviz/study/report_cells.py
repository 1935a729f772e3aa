"""How a report writes numbers, and draws them as bars and as dots with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from siamviz.export.numbers import MINUS, signed, term


def missing(cell: Any) -> bool:
    """Whether a cell of a data frame is empty."""
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def value(number: Any, decimals: int = 3) -> str:
    """Return a number, or a dash where there is none."""
    if missing(number) or not math.isfinite(number):
        return "–"
    return term(number) if decimals == 3 else f"{number:.{decimals}f}".replace("-", MINUS)


def change(number: Any, decimals: int) -> str:
    """Return a number with its sign, or a dash where there is none."""
    return "–" if missing(number) or not math.isfinite(number) else signed(number, decimals)


def ends(row: dict[str, Any], name: str) -> tuple[float, float]:
    """Return the interval of a metric in a row of `Run.metrics`."""
    return row[f"{name}_low"], row[f"{name}_high"]


def interval(low: float, high: float, *, signs: bool = False) -> str:
    """Return an interval; nothing where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{', '.join(change(end, 3) if signs else value(end) for end in (low, high))}]"


def span(frames: Iterable[Any]) -> tuple[float, float]:
    """Return the least and the largest number of data frames; (0, 0) without any."""
    numbers = np.concatenate([np.asarray(frame, dtype=np.float64).ravel() for frame in frames])
    known = numbers[np.isfinite(numbers)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)


def mark(number: float, low: float, high: float, whole: tuple[float, float]) -> str:
    """Return a number and its interval as a dot on a line, in the range `whole`."""
    if not math.isfinite(number) or whole[0] == whole[1]:
        return ""
    at, start, end = (3 + 84 * (x - whole[0]) / (whole[1] - whole[0]) for x in (number, low, high))
    known = math.isfinite(start) and math.isfinite(end)
    line = f'<line x1="{start:.1f}" x2="{end:.1f}" y1="7" y2="7"/>' if known else ""
    return (
        f'<svg class="rp-mark" viewBox="0 0 90 14" width="90" height="14" aria-hidden="true">{line}'
        f'<circle cx="{at:.1f}" cy="7" r="3"/></svg>'
    )


def bar(number: float, largest: float) -> str:
    """Return a number as a bar: its length against the largest, its colour by its sign."""
    width = 44 * abs(number) / largest if largest > 0 else 0
    tone = "rp-down" if number < 0 else "rp-up"
    return (
        f'<svg class="{tone}" viewBox="0 0 44 10" width="44" height="10" aria-hidden="true">'
        f'<rect width="{width:.1f}" height="10" rx="2"/></svg>'
    )
