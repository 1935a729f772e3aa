"""What happens to a score when the tokens that should matter most go, or come, first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siamviz.encoder import Encoder
from siamviz.monitor import Monitor
from siamviz.opened import EncodedText
from siamviz.terms import similarities


@dataclass(frozen=True, eq=False)
class Text:
    """A text of a pair, and how the score depends on which of its tokens are there.

    Attributes
    ----------
    encoder : Encoder
    encoded : EncodedText
    embedding : (D,) array
        Before any final normalisation.
    similarity : {"cosine", "dot"}
    """

    encoder: Encoder
    encoded: EncodedText
    embedding: np.ndarray
    similarity: str

    @classmethod
    def of(cls, encoder: Encoder, text: str, similarity: str) -> Text:
        """Encode and embed a text."""
        encoded = encoder.encode(text)
        whole = encoder.opened().embed_features(encoded.features, encoded.task)[0]
        return cls(encoder, encoded, whole, similarity)

    @property
    def places(self) -> np.ndarray:
        """Where the tokens of the text itself are, (n,)."""
        return self.encoded.content.nonzero().flatten().numpy()

    def scores(self, other: Text, kept: np.ndarray) -> np.ndarray:
        """Return the similarities (K,) of what is kept of this text with the whole other one.

        Parameters
        ----------
        kept : (K, n) array of bool
            Which tokens of the text itself are there; special ones always are.
        """
        return similarities(self.embed(kept), other.embedding, self.similarity)

    def embed(self, kept: np.ndarray) -> np.ndarray:
        """Return the embeddings (K, D) of what is kept, each distinct one computed once."""
        distinct, which = np.unique(kept, axis=0, return_inverse=True)
        whole = np.ones((len(distinct), len(self.encoded.tokens)), dtype=bool)
        whole[:, self.places] = distinct
        return self.encoder.embed_kept(self.encoded, whole, Monitor())[which.ravel()]


def one_sided(text: Text, other: Text, importances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how well orders of a text's tokens tell what its score with another text rests on.

    Tokens go one by one, the most important first, until one is left; or all but one come so. The
    other text stays whole.

    Parameters
    ----------
    importances : (M, n) array
        Of a text of n ≥ 2 tokens, by M methods.

    Returns
    -------
    deletion : (M,) array
        How far the score falls on average over the steps; more is better.
    insertion : (M,) array
        The score on average over the steps; more is better.
    """
    count = importances.shape[1]
    order = np.argsort(-importances, axis=1, kind="stable")
    rank = np.argsort(order, axis=1)
    steps = np.arange(1, count)[:, None]
    came = rank[:, None, :] < steps
    kept = np.concatenate([~came, came]).reshape(-1, count)
    found = text.scores(other, kept).reshape(2, len(importances), count - 1).mean(-1)
    whole = similarities(text.embedding, other.embedding, text.similarity)
    return whole - found[0], found[1]


def two_sided(a: Text, b: Text, matrices: np.ndarray, count: int = 3) -> np.ndarray:
    """Return how far the score falls when the strongest pairs' tokens go from both texts, (M,).

    Parameters
    ----------
    matrices : (M, n_a, n_b) array
        Of the texts' own tokens.
    count : int
        Pairs, no token twice; one token of each text always stays.
    """
    chosen = [_aligned(matrix, count) for matrix in matrices]
    kept = [np.ones((len(chosen), size), dtype=bool) for size in matrices.shape[1:]]
    for row, (of_a, of_b) in enumerate(chosen):
        kept[0][row, of_a], kept[1][row, of_b] = False, False
    left = similarities(a.embed(kept[0]), b.embed(kept[1]), a.similarity)
    return similarities(a.embedding, b.embedding, a.similarity) - left


def _aligned(matrix: np.ndarray, count: int) -> tuple[list[int], list[int]]:
    """Rows and columns of the largest cells, no row or column twice."""
    left = matrix.astype(np.float64)
    rows: list[int] = []
    columns: list[int] = []
    for _ in range(min(count, *(size - 1 for size in matrix.shape))):
        row, column = np.unravel_index(np.argmax(left), left.shape)
        left[row], left[:, column] = -np.inf, -np.inf
        rows.append(int(row))
        columns.append(int(column))
    return rows, columns
