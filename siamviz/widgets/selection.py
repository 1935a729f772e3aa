"""What a user pinned in a view, with exact sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from siamviz.attribution import PairAttribution
from siamviz.contributions import Token
from siamviz.ranking import share


@dataclass(frozen=True)
class Selection:
    """One pinned pair or block: tokens of A with tokens of B.

    Attributes
    ----------
    tokens_a, tokens_b : tuple of Token
        All tokens of a side of which none was chosen.
    effect : float
        The sum of the block's cells.
    share : float
        The effect over the score; NaN for a score of 0.
    """

    tokens_a: tuple[Token, ...]
    tokens_b: tuple[Token, ...]
    effect: float
    share: float

    def __str__(self) -> str:
        a, b = (" ".join(token.text for token in side) for side in (self.tokens_a, self.tokens_b))
        return f"{a} × {b} {self.effect:+.4f} ({self.share:.0%})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Selection(...)" if cycle else str(self))


def select(pair: PairAttribution, pin: Mapping[str, Sequence[int]]) -> Selection:
    """Return the block of `pair` that a pin names by its tokens' indices."""
    rows = list(pin["a"] or range(len(pair.tokens_a)))
    columns = list(pin["b"] or range(len(pair.tokens_b)))
    effect = float(pair.matrix[np.ix_(rows, columns)].sum(dtype=np.float64))
    return Selection(
        tuple(pair.tokens_a[i] for i in rows),
        tuple(pair.tokens_b[j] for j in columns),
        effect,
        share(effect, pair.score),
    )


def fits(pair: PairAttribution, pin: Mapping[str, Sequence[int]]) -> bool:
    """Whether the pair has all tokens that a pin names."""
    sizes = {"a": len(pair.tokens_a), "b": len(pair.tokens_b)}
    return all(max(pin[side], default=0) < size for side, size in sizes.items())
