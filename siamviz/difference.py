"""The difference of two attributions, by tokens or by the words they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siamviz.contributions import Token
from siamviz.errors import InvalidArgumentError
from siamviz.ledger import Ledger
from siamviz.ranking import TokenPair, strongest_pairs

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

OTHER = Token("(other)")


@dataclass(frozen=True, eq=False)
class AttributionDifference:
    """The first attribution minus the second; its parts add up to the difference of the scores.

    Attributes
    ----------
    tokens_a, tokens_b : tuple of Token, lengths S_a and S_b
        The common tokens as the first attribution has them. Words that only one attribution
        has are summed in a last unit "(other)".
    matrix : (S_a, S_b) array
    token_effects_a : (S_a,) array
    token_effects_b : (S_b,) array
    sign_flips : (S_a, S_b) bool array
        Where the two attributions have opposite signs.
    score, base, residual : float
        Differences.
    similarity : {"cosine", "dot"}
    unit : str
    """

    tokens_a: tuple[Token, ...]
    tokens_b: tuple[Token, ...]
    matrix: np.ndarray
    token_effects_a: np.ndarray
    token_effects_b: np.ndarray
    sign_flips: np.ndarray
    score: float
    base: float
    residual: float
    similarity: str
    unit: str

    @property
    def ledger(self) -> Ledger:
        """The difference of the two ledgers."""
        return Ledger(
            score=self.score,
            base=self.base,
            tokens_a=float(self.token_effects_a.sum(dtype=np.float64)),
            tokens_b=float(self.token_effects_b.sum(dtype=np.float64)),
            pairs=float(self.matrix.sum(dtype=np.float64)),
            residual=self.residual,
        )

    def top(
        self, k: int = 10, *, special: bool = False, sign: str | None = None
    ) -> list[TokenPair]:
        """Return the `k` pairs that differ most, as `PairAttribution.top` does.

        Shares are of the difference of the scores. For larger units subtract what was summed:
        ``one.by("word") - other.by("word")``.
        """
        return strongest_pairs(self, k, special, sign)

    def __repr__(self) -> str:
        return (
            f"AttributionDifference(score={self.score:+.4f}, {self.similarity}, "
            f"{len(self.tokens_a)}×{len(self.tokens_b)}, unit={self.unit!r}, "
            f"sign_flips={int(self.sign_flips.sum())})"
        )


def subtract(one: PairAttribution, two: PairAttribution) -> AttributionDifference:
    """Return `one` minus `two`: by token if their tokens are equal, else by common words.

    Words are common if they have the same text and are the same occurrence of it, counted from
    the start of the sentence.

    Raises
    ------
    InvalidArgumentError
        If the similarities differ, or only one of the two is folded, or (for different tokens)
        if a result is coarser than words or its tokenizer gives no character offsets.
    """
    if one.similarity != two.similarity:
        raise InvalidArgumentError(
            f"An attribution of similarity {two.similarity!r} cannot be subtracted from one of "
            f"{one.similarity!r}. Explain both with the same similarity."
        )
    if one.folded != two.folded:
        raise InvalidArgumentError(
            "A folded attribution and one that is not folded cannot be subtracted. Fold both."
        )
    if (one.tokens_a, one.tokens_b) != (two.tokens_a, two.tokens_b):
        one, two = one.by("word"), two.by("word")
    tokens_a, ones_a, twos_a = _match(one.tokens_a, two.tokens_a)
    tokens_b, ones_b, twos_b = _match(one.tokens_b, two.tokens_b)
    first, second = ones_a @ one.matrix @ ones_b.T, twos_a @ two.matrix @ twos_b.T
    return AttributionDifference(
        tokens_a=tokens_a,
        tokens_b=tokens_b,
        matrix=first - second,
        token_effects_a=ones_a @ one.token_effects_a - twos_a @ two.token_effects_a,
        token_effects_b=ones_b @ one.token_effects_b - twos_b @ two.token_effects_b,
        sign_flips=first * second < 0,
        score=one.score - two.score,
        base=one.base - two.base,
        residual=one.residual - two.residual,
        similarity=one.similarity,
        unit=one.unit,
    )


def _match(
    one: Sequence[Token], two: Sequence[Token]
) -> tuple[tuple[Token, ...], np.ndarray, np.ndarray]:
    """Return the common tokens and, for each side, the matrix that sums its tokens into them."""
    keys_one, keys_two = _occurrences(one), _occurrences(two)
    known = set(keys_two)
    common = {key: row for row, key in enumerate(key for key in keys_one if key in known)}
    tokens = [token for token, key in zip(one, keys_one, strict=True) if key in common]
    if not len(one) == len(two) == len(common):
        tokens.append(OTHER)
    return tuple(tokens), _sums(keys_one, common, len(tokens)), _sums(keys_two, common, len(tokens))


def _occurrences(tokens: Sequence[Token]) -> list[tuple[str, str, int]]:
    seen: Counter[tuple[str, str]] = Counter()
    keys: list[tuple[str, str, int]] = []
    for token in tokens:
        seen[token.role, token.text] += 1
        keys.append((token.role, token.text, seen[token.role, token.text]))
    return keys


def _sums(
    keys: Sequence[tuple[str, str, int]], common: dict[tuple[str, str, int], int], rows: int
) -> np.ndarray:
    sums = np.zeros((rows, len(keys)))
    for column, key in enumerate(keys):
        sums[common.get(key, rows - 1), column] = 1.0
    return sums
