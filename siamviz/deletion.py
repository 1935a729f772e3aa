"""Effects of pairs measured by deleting tokens, to check attributions against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from siamviz.contributions import Token
from siamviz.errors import check_choice
from siamviz.units import Span, group, membership, pair_units, unit_name


@dataclass(frozen=True, eq=False)
class DeletionEffects:
    """Mixed deletion differences of a pair: an independent measure of its pairs' effects.

    M_ij = (e_a − e_a without token i) · (e_b − e_b without token j) / n.

    Attributes
    ----------
    text_a, text_b : str
    tokens_a, tokens_b : tuple of Token, lengths S_a and S_b
    matrix : (S_a, S_b) array
        NaN in the rows and columns of special tokens, which cannot be deleted.
    score : float
    similarity : {"cosine", "dot"}
    scores, normalisers : mapping of str to float
        The score and n under each similarity.
    unit : str
    """

    text_a: str
    text_b: str
    tokens_a: tuple[Token, ...]
    tokens_b: tuple[Token, ...]
    matrix: np.ndarray
    score: float
    similarity: str
    scores: Mapping[str, float]
    normalisers: Mapping[str, float]
    unit: str = "token"

    def as_similarity(self, similarity: str) -> DeletionEffects:
        """Return the same for another similarity of the same embeddings, exactly.

        Raises
        ------
        InvalidArgumentError
            For an unknown similarity.
        """
        check_choice("Similarity", similarity, self.scores)
        ratio = self.normalisers[self.similarity] / self.normalisers[similarity]
        score = self.scores[similarity]
        return replace(self, matrix=self.matrix * ratio, score=score, similarity=similarity)

    def by(
        self, unit: str | Sequence[Span], spans_b: Sequence[Span] | None = None
    ) -> DeletionEffects:
        """Return sums over larger units, as `PairAttribution.by` does; NaN stays NaN.

        A sum over a word's tokens is not what deleting the whole word would give, since deletion
        is not additive.
        """
        if isinstance(unit, str) and unit == self.unit and spans_b is None:
            return self
        of_a, of_b = pair_units(self.unit, unit, spans_b)
        units_a = group(self.text_a, self.tokens_a, of_a)
        units_b = group(self.text_b, self.tokens_b, of_b)
        sums_a = membership(units_a, len(self.tokens_a))
        sums_b = membership(units_b, len(self.tokens_b))
        missing = np.isnan(self.matrix)
        matrix = sums_a @ np.where(missing, 0.0, self.matrix) @ sums_b.T
        matrix[sums_a @ missing @ sums_b.T > 0] = np.nan
        return replace(
            self,
            tokens_a=tuple(u.token for u in units_a),
            tokens_b=tuple(u.token for u in units_b),
            matrix=matrix.astype(self.matrix.dtype),
            unit=unit_name(unit),
        )

    def __repr__(self) -> str:
        return (
            f"DeletionEffects(score={self.score:.4f}, {self.similarity}, "
            f"{len(self.tokens_a)}×{len(self.tokens_b)}, unit={self.unit!r})"
        )


@dataclass(frozen=True, eq=False)
class DeletedSide:
    """One text whole and with each of its tokens removed.

    Attributes
    ----------
    encoded : (D,) array
        What ``model.encode`` returns.
    embedding : (D,) array
        The same before any final normalisation.
    changes : (S, D) array
        The embedding minus the embedding without token i; NaN for special tokens.
    """

    text: str
    tokens: tuple[Token, ...]
    encoded: np.ndarray
    embedding: np.ndarray
    changes: np.ndarray


def mixed_differences(a: DeletedSide, b: DeletedSide, similarity: str) -> DeletionEffects:
    """Return the products of the two sides' changes over the similarity's normaliser."""
    encodings = [side.encoded.astype(np.float64) for side in (a, b)]
    norms = float(np.linalg.norm(a.embedding) * np.linalg.norm(b.embedding))
    encoded_norms = float(np.linalg.norm(encodings[0]) * np.linalg.norm(encodings[1]))
    product = float(encodings[0] @ encodings[1])
    scores = {"cosine": product / encoded_norms, "dot": product}
    normalisers = {"cosine": norms, "dot": norms / encoded_norms}
    return DeletionEffects(
        a.text,
        b.text,
        a.tokens,
        b.tokens,
        a.changes @ b.changes.T / normalisers[similarity],
        scores[similarity],
        similarity,
        scores,
        normalisers,
    )
