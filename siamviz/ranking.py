"""The strongest effects of a result, in order."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from siamviz.contributions import Token
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, check_choice

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution
    from siamviz.difference import AttributionDifference


@dataclass(frozen=True)
class TokenPair:
    """One cell of a matrix: `share` is the effect over the score, `rank` counts from 1."""

    a: Token
    b: Token
    index_a: int
    index_b: int
    effect: float
    share: float
    rank: int


@dataclass(frozen=True)
class TokenEffect:
    """One token's effect: `share` is the effect over the score, `rank` counts from 1."""

    token: Token
    index: int
    effect: float
    share: float
    rank: int


def share(effect: float, score: float) -> float:
    """Return ``effect / score``, or NaN for a score of 0."""
    return effect / score if score else float("nan")


def strongest(effects: np.ndarray, allowed: np.ndarray, k: int, sign: str | None) -> np.ndarray:
    """Return the flat indices of the `k` largest magnitudes, largest first.

    Parameters
    ----------
    effects : array
    allowed : bool array of the same shape
    k : int
        At least 1; fewer indices come back when fewer are allowed.
    sign : {"+", "-"} or None
        Keep only effects of this sign.
    """
    if isinstance(k, bool) or not isinstance(k, Integral):
        raise ArgumentTypeError(f"k must be a whole number of 1 or more, not {k!r}.")
    if k < 1:
        raise InvalidArgumentError(f"k must be 1 or more, not {k}.")
    if sign is not None:
        check_choice("Sign", sign, ("+", "-"))
        allowed = allowed & (effects > 0 if sign == "+" else effects < 0)
    candidates = np.flatnonzero(allowed)
    order = np.argsort(-np.abs(effects.ravel()[candidates]), kind="stable")
    return candidates[order[:k]]


def strongest_pairs(
    result: PairAttribution | AttributionDifference, k: int, special: bool, sign: str | None
) -> list[TokenPair]:
    """Return the `k` cells of the largest effect in magnitude, the largest first."""
    sides = (result.tokens_a, result.tokens_b)
    rows, columns = ([special or not token.special for token in side] for side in sides)
    allowed = np.outer(np.array(rows, dtype=bool), np.array(columns, dtype=bool))
    cells = (divmod(n, len(columns)) for n in strongest(result.matrix, allowed, k, sign).tolist())
    return [
        TokenPair(
            a=result.tokens_a[i],
            b=result.tokens_b[j],
            index_a=i,
            index_b=j,
            effect=float(result.matrix[i, j]),
            share=share(float(result.matrix[i, j]), result.score),
            rank=rank,
        )
        for rank, (i, j) in enumerate(cells, start=1)
    ]
