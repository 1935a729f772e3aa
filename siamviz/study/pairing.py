"""The last stage of a run: the ledger and the word pairs of every pair, by small products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from siamviz import terms, units
from siamviz.contributions import ContributionCache, SentenceContributions
from siamviz.errors import InvalidArgumentError, SiamvizError
from siamviz.study.shards import Shards
from siamviz.study.tables import COLUMNS, TOP_PERCENTS


@dataclass(frozen=True)
class PairKey:
    """One pair to attribute: its row, its texts, why it was picked, and its pairs of words."""

    row: int
    pair_id: str
    a: str
    b: str
    picked: str
    word_pairs: int = 1


@dataclass(frozen=True, eq=False)
class Side:
    """One text's contributions, with what every pair of it needs."""

    contributions: SentenceContributions

    @cached_property
    def vectors(self) -> np.ndarray:
        """Contributions (S, D), float64."""
        return terms.wide(self.contributions.vectors)

    @cached_property
    def coarse(self) -> np.ndarray | None:
        """The same one refinement earlier."""
        coarse = self.contributions.coarse
        return None if coarse is None else terms.wide(coarse)

    @cached_property
    def embedding(self) -> np.ndarray:
        """E (D,), float64."""
        return terms.wide(self.contributions.embedding)

    @cached_property
    def reference(self) -> np.ndarray:
        """e0 (D,), float64."""
        return terms.wide(self.contributions.reference)

    @cached_property
    def residual(self) -> np.ndarray:
        """ρ (D,), float64."""
        return self.contributions.residual_vector

    @cached_property
    def special(self) -> np.ndarray:
        """Which tokens (S,) are special or of a prompt."""
        return np.array([token.special for token in self.contributions.tokens])

    @cached_property
    def words(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The words of the text, case folded, and the (W, S) matrix that sums tokens to them."""
        names = tuple(unit.token.text.casefold() for unit in self._words)
        return names, units.membership(self._words, len(self.contributions.tokens))

    @property
    def word_spans(self) -> list[units.Span | None]:
        """Where each word stands in the text, where that is known."""
        tokens = [unit.token for unit in self._words]
        return [
            None if token.start is None or token.end is None else (token.start, token.end)
            for token in tokens
        ]

    @cached_property
    def _words(self) -> list[units.Unit]:
        one = self.contributions
        try:
            found = units.group(one.text, one.tokens, "word")
        except InvalidArgumentError:  # a tokenizer without offsets
            found = units.group(one.text, one.tokens, "token")
        return [unit for unit in found if not unit.token.special]

    @property
    def nbytes(self) -> int:
        """Bytes held, about."""
        return 3 * self.contributions.nbytes


class Pairer:
    """Attributes pairs whose texts' contributions are stored.

    Parameters
    ----------
    shards : Shards
    similarity : {"cosine", "dot"}
    """

    def __init__(self, shards: Shards, similarity: str) -> None:
        self._shards, self._similarity = shards, similarity
        self._sides: ContributionCache[Side] = ContributionCache(256 * 2**20)

    def __call__(
        self, keys: Sequence[PairKey]
    ) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
        """Return the columns of "attributions" and of "word_pairs" for these pairs."""
        records: list[dict[str, Any]] = []
        pairs: list[dict[str, Any]] = []
        for key in keys:
            head = {"row": key.row, "pair_id": key.pair_id, "picked": key.picked}
            try:
                record, words = self._attribute(key)
            except SiamvizError as error:
                records.append({**head, "status": "failed", "error": str(error)})
                continue
            records.append({**head, **record, "status": "ok"})
            pairs.append(words)
        return _columns(records), _joined(pairs)

    def _attribute(self, key: PairKey) -> tuple[dict[str, Any], dict[str, Any]]:
        a, b = self._side(key.a), self._side(key.b)
        n = terms.normaliser(a.contributions, b.contributions, self._similarity)
        matrix = a.vectors @ b.vectors.T / n
        record = _ledger(a, b, matrix, n, self._similarity) | _certificate(a, b, n)
        ordered = np.sort(matrix, axis=None)[::-1]
        record["negative"] = float((ordered < 0).mean())
        record["top_share"] = _cumulative(ordered)
        words_a, words_b = a.words[0], b.words[0]
        record |= {"words_a": len(words_a), "words_b": len(words_b)}
        effects = a.words[1] @ matrix @ b.words[1].T
        return record, _word_pairs(key.row, words_a, words_b, effects)

    def _side(self, text_id: str) -> Side:
        side = self._sides.get(text_id)
        if side is None:
            side = Side(self._shards.get(text_id))
            self._sides.put(text_id, side)
        return side


def _ledger(a: Side, b: Side, matrix: np.ndarray, n: float, similarity: str) -> dict[str, float]:
    rho_a, rho_b = a.residual, b.residual
    special = a.special[:, None] | b.special[None, :]
    residual = rho_a @ b.embedding + a.embedding @ rho_b - rho_a @ rho_b
    return {
        "score": terms.encoded_score(a.contributions, b.contributions, similarity),
        "base": float(a.reference @ b.reference / n),
        "tokens_a": float((a.vectors @ b.reference).sum() / n),
        "tokens_b": float((b.vectors @ a.reference).sum() / n),
        "pairs": float(matrix.sum()),
        "residual": float(residual / n),
        "special": float(matrix[special].sum()),
    }


def _certificate(a: Side, b: Side, n: float) -> dict[str, Any]:
    one, two = a.contributions, b.contributions
    verdicts = [side.converged for side in (one, two) if side.converged is not None]
    error = None
    if a.coarse is not None and b.coarse is not None:
        change = a.vectors @ b.vectors.T - a.coarse @ b.coarse.T
        error = float(np.abs(change).max() / n)
    return {
        "relative_residual": max(one.relative_residual, two.relative_residual),
        "residual_bound": max(one.residual_bound, two.residual_bound),
        "converged": all(verdicts) if verdicts else None,
        "cell_error": error,
        "steps": max(one.steps, two.steps),
    }


def _cumulative(ordered: np.ndarray) -> list[float]:
    """Sums of the strongest effects, for each of `TOP_PERCENTS` of all (at least one)."""
    sums = np.cumsum(ordered)
    counts = [max(1, round(percent / 100 * len(sums))) for percent in TOP_PERCENTS]
    return [float(sums[count - 1]) for count in counts]


def _word_pairs(
    row: int, words_a: Sequence[str], words_b: Sequence[str], effects: np.ndarray
) -> dict[str, Any]:
    """Columns of the pairs of words; `total` stands at the first of equal unordered pairs."""
    pairs = [(one, two) if one <= two else (two, one) for one in words_a for two in words_b]
    flat = effects.ravel()
    first: dict[tuple[str, str], int] = {}
    owner = np.array([first.setdefault(pair, i) for i, pair in enumerate(pairs)], dtype=np.intp)
    sums = np.bincount(owner, flat, len(pairs)) if pairs else flat
    total = np.where(owner == np.arange(len(pairs)), sums, np.nan)
    i, j = np.divmod(np.arange(len(pairs)), max(len(words_b), 1))
    return {
        "row": np.full(len(pairs), row),
        "i": i,
        "j": j,
        "a": [pair[0] for pair in pairs],
        "b": [pair[1] for pair in pairs],
        "effect": flat,
        "total": total,
    }


def _columns(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [record.get(name) for record in records] for name in COLUMNS["attributions"]}


def _joined(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    if not pairs:
        return {name: [] for name in ("row", "i", "j", "a", "b", "effect", "total")}
    return {
        name: np.concatenate([one[name] for one in pairs])
        if isinstance(pairs[0][name], np.ndarray)
        else [value for one in pairs for value in one[name]]
        for name in pairs[0]
    }
