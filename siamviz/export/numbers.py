"""How numbers are written: compact in cells, plain in sentences, with a true minus sign."""

from __future__ import annotations

import math

MINUS = "\u2212"


def decimals_for(limit: float) -> int:
    """Return the digits after the point that give `limit`, the largest cell, two in all.

    >>> decimals_for(0.17), decimals_for(0.052), decimals_for(2.6)
    (2, 3, 1)
    """
    if not limit > 0.0:
        return 2
    return min(max(1 - math.floor(math.log10(limit)), 0), 6)


def _signed(value: float, digits: str) -> str:
    return (MINUS if value < 0 else "") + digits


def compact(value: float, decimals: int) -> str:
    """Return `value` without a leading zero; nothing at all if it rounds to 0.

    >>> compact(0.1702, 2), compact(0.001, 2)
    ('.17', '')
    """
    digits = f"{abs(value):.{decimals}f}"
    if float(digits) == 0.0:
        return ""
    return _signed(value, digits.removeprefix("0"))


def term(value: float) -> str:
    """Return `value` to three decimals, or to its first digit if they would all be 0.

    >>> term(0.6143), term(0.00031), term(0.0)
    ('0.614', '0.0003', '0.000')
    """
    digits = f"{abs(value):.3f}"
    if value and float(digits) == 0.0:
        digits = f"{abs(value):.1g}"
    return _signed(value, digits)


def signed(value: float, decimals: int) -> str:
    """Return `value` with its sign always written.

    >>> signed(0.1702, 3)
    '+0.170'
    """
    digits = f"{abs(value):.{decimals}f}"
    sign = "" if float(digits) == 0.0 else MINUS if value < 0 else "+"
    return sign + digits


def percent(share: float) -> str:
    r"""Return a share as whole per cent, with the narrow space that the unit asks for.

    >>> percent(0.277)
    '28\u202f%'
    """
    if not math.isfinite(share):
        return "–"
    return _signed(round(share * 100), f"{abs(round(share * 100))}") + "\u202f%"
