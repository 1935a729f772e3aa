"""All pairs of two lists of texts, from contributions computed once for each text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from siamviz.attribution import PairAttribution
from siamviz.contributions import SentenceContributions
from siamviz.terms import encoded_score, normaliser


class PairGrid:
    """Every text of `a` with every text of `b`.

    Attributes
    ----------
    a, b : tuple of SentenceContributions, lengths n and m
    similarity : {"cosine", "dot"}
    """

    def __init__(
        self,
        a: Sequence[SentenceContributions],
        b: Sequence[SentenceContributions],
        similarity: str,
    ) -> None:
        self.a, self.b, self.similarity = tuple(a), tuple(b), similarity
        self._blocks: list[list[np.ndarray]] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(n, m)."""
        return len(self.a), len(self.b)

    @property
    def scores(self) -> np.ndarray:
        """The similarities as ``model.encode`` gives them, (n, m) float64."""
        return np.array(
            [[encoded_score(a, b, self.similarity) for b in self.b] for a in self.a]
        ).reshape(self.shape)

    def matrices(self) -> list[list[np.ndarray]]:
        """Pair effects of all n × m pairs, each (S_a, S_b), from one product of all tokens."""
        if self._blocks is None:
            stacked_a = np.concatenate([c.vectors for c in self.a])
            stacked_b = np.concatenate([c.vectors for c in self.b])
            product = stacked_a @ stacked_b.T
            rows = np.cumsum([len(c.vectors) for c in self.a])[:-1]
            columns = np.cumsum([len(c.vectors) for c in self.b])[:-1]
            strips = np.split(product, rows)
            blocks = [np.split(strip, columns, axis=1) for strip in strips]
            for a, strip in zip(self.a, blocks, strict=True):
                for b, block in zip(self.b, strip, strict=True):
                    np.divide(block, normaliser(a, b, self.similarity), out=block)
            self._blocks = blocks
        return self._blocks

    def __getitem__(self, place: tuple[int, int]) -> PairAttribution:
        i, j = place
        return PairAttribution.from_contributions(self.a[i], self.b[j], self.similarity)

    def __len__(self) -> int:
        return len(self.a) * len(self.b)

    def __iter__(self) -> Iterator[PairAttribution]:
        return (self[i, j] for i in range(len(self.a)) for j in range(len(self.b)))

    def __repr__(self) -> str:
        return f"PairGrid({len(self.a)} × {len(self.b)} texts, {self.similarity})"
