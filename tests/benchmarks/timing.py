"""Times taken side by side: alternating runs, medians."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any


def seconds(function: Callable[[], Any]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def side_by_side(*functions: Callable[[], Any], rounds: int, warm: bool = True) -> list[float]:
    """The median seconds of each function over `rounds` rounds that run them in turn."""
    if warm:
        for function in functions:
            function()
    taken = [[seconds(function) for function in functions] for _ in range(rounds)]
    return [median(column) for column in zip(*taken, strict=True)]


def number(value: float, digits: int = 3) -> str:
    """A value with a few significant digits and no exponent where it can be avoided."""
    return f"{value:,.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def shown(values: Sequence[float], unit: str = "s") -> str:
    """Several times in one phrase."""
    return " and ".join(f"{number(value)} {unit}" for value in values)
