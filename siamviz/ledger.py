"""The ledger: the terms that a score is the sum of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Ledger(Mapping[str, float]):
    """``score = base + tokens_a + tokens_b + pairs + residual``, readable like a dict.

    Attributes
    ----------
    score : float
        What ``model.encode`` says.
    base : float
        What the two references share.
    tokens_a, tokens_b : float
        Sum of one sentence's token effects against the other's reference.
    pairs : float
        Sum of the matrix.
    residual : float
        Numerical error of the integrals, computed from the residual vectors.
    """

    score: float
    base: float
    tokens_a: float
    tokens_b: float
    pairs: float
    residual: float

    @property
    def imbalance(self) -> float:
        """Score minus the sum of the terms: rounding, unless something is wrong."""
        return self.score - (self.base + self.tokens_a + self.tokens_b + self.pairs + self.residual)

    @property
    def reference_dominates(self) -> bool:
        """Whether a reference term exceeds the score, so that the pairs alone say little."""
        return max(abs(self.base), abs(self.tokens_a), abs(self.tokens_b)) > abs(self.score)

    def __getitem__(self, key: str) -> float:
        if key not in list(self):
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in fields(self))

    def __len__(self) -> int:
        return len(fields(self))

    def __str__(self) -> str:
        return (
            f"score {self.score:.4f} = base {self.base:.4f} + tokens of A {self.tokens_a:.4f} "
            f"+ tokens of B {self.tokens_b:.4f} + pairs {self.pairs:.4f} "
            f"+ residual {self.residual:.1e}"
        )

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Ledger(...)" if cycle else str(self))
