"""One-to-one alignment of two sentences by the effects of their token pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from siamviz.contributions import Token
from siamviz.errors import check_choice
from siamviz.ranking import share

METHODS = ("optimal", "max")


class AlignedPair(NamedTuple):
    """Two aligned tokens or units and the effect of their pair."""

    a: Token
    b: Token
    effect: float


@dataclass(frozen=True)
class Alignment:
    """A one-to-one alignment.

    Attributes
    ----------
    pairs : tuple of AlignedPair
        Strongest first; all effects are positive.
    total : float
        Sum of their effects.
    share : float
        `total` over the score: how much of it the alignment carries. NaN for a score of 0.
    unaligned_a, unaligned_b : tuple of Token
        What found no partner, in the order of the text.
    method : {"optimal", "max"}
    """

    pairs: tuple[AlignedPair, ...]
    total: float
    share: float
    unaligned_a: tuple[Token, ...]
    unaligned_b: tuple[Token, ...]
    method: str

    def __repr__(self) -> str:
        listed = ", ".join(f"{a.text!r}-{b.text!r} {effect:+.3f}" for a, b, effect in self.pairs)
        return (
            f"Alignment({self.method}: {listed or 'no pair'}; "
            f"total {self.total:+.3f}, {self.share:.0%} of the score; "
            f"unaligned {len(self.unaligned_a)} of A, {len(self.unaligned_b)} of B)"
        )


def align(
    tokens_a: Sequence[Token],
    tokens_b: Sequence[Token],
    matrix: np.ndarray,
    score: float,
    method: str = "optimal",
) -> Alignment:
    """Align tokens one to one.

    Parameters
    ----------
    tokens_a, tokens_b : sequences of Token, lengths S_a and S_b
        Special and prompt tokens take no part.
    matrix : (S_a, S_b) array
    score : float
    method : {"optimal", "max"}
        "optimal": the one-to-one pairs of greatest total effect (the assignment problem).
        "max": pairs that are each other's strongest partner (the "argmax" of Jalili Sabet et al.
        2020, SimAlign). Pairs whose effect is not positive are left unaligned by both.
    """
    check_choice("Alignment method", method, METHODS)
    rows = [i for i, token in enumerate(tokens_a) if not token.special]
    columns = [j for j, token in enumerate(tokens_b) if not token.special]
    effects = np.asarray(matrix, dtype=np.float64)[np.ix_(rows, columns)]
    matches = _optimal(effects) if method == "optimal" else _mutual(effects)
    matches = sorted(((i, j) for i, j in matches if effects[i, j] > 0), key=lambda ij: -effects[ij])
    pairs = tuple(
        AlignedPair(tokens_a[rows[i]], tokens_b[columns[j]], float(effects[i, j]))
        for i, j in matches
    )
    total = sum(pair.effect for pair in pairs)
    used_a = {rows[i] for i, _ in matches}
    used_b = {columns[j] for _, j in matches}
    return Alignment(
        pairs=pairs,
        total=total,
        share=share(total, score),
        unaligned_a=tuple(tokens_a[i] for i in rows if i not in used_a),
        unaligned_b=tuple(tokens_b[j] for j in columns if j not in used_b),
        method=method,
    )


def _optimal(effects: np.ndarray) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(np.maximum(effects, 0), maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _mutual(effects: np.ndarray) -> list[tuple[int, int]]:
    if effects.size == 0:
        return []
    best_b, best_a = effects.argmax(axis=1).tolist(), effects.argmax(axis=0).tolist()
    return [(i, j) for i, j in enumerate(best_b) if best_a[j] == i]
