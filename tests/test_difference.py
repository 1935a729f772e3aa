"""One attribution less another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import SEEDS, SIMILARITIES, pair, pairs
from hypothesis import given

from siamviz.errors import InvalidArgumentError


class TestDifference:
    @given(SEEDS, SIMILARITIES)
    def test_of_equal_tokens_is_that_of_their_cells(self, seed: int, similarity: str) -> None:
        p, q = pair(seed=seed, similarity=similarity), pair(seed=seed + 1, similarity=similarity)
        d = p - q
        np.testing.assert_array_equal(d.matrix, p.matrix - q.matrix)
        np.testing.assert_array_equal(d.sign_flips, np.sign(p.matrix) == -np.sign(q.matrix))
        assert (d.tokens_a, d.tokens_b, d.unit) == (p.tokens_a, p.tokens_b, "token")

    def test_ranks_the_pairs_that_differ_most(self) -> None:
        d = pair(seed=1).by("word") - pair(seed=2).by("word")
        effects = [found.effect for found in d.top(5, special=True)]
        assert effects == sorted(d.matrix.ravel().tolist(), key=abs, reverse=True)[:5]
        first = d.top(1, sign="-")[0]
        assert first.effect == d.matrix[first.index_a, first.index_b] < 0
        assert first.share == pytest.approx(first.effect / d.score)

    @given(pairs(), pairs())
    def test_adds_up_to_the_difference_of_the_ledgers(self, p, q) -> None:
        q = replace(q, similarity=p.similarity)
        d = p - q
        size = sum(map(abs, p.ledger.values())) + sum(map(abs, q.ledger.values()))
        for name, value in d.ledger.items():
            assert value == pytest.approx(p.ledger[name] - q.ledger[name], abs=1e-12 * max(size, 1))

    def test_of_other_texts_pairs_words_by_text_and_occurrence(self) -> None:
        p, q = pair("the dog and the cat", "yes"), pair("the cat saw the bird", "yes", seed=5)
        d = p - q
        assert d.unit == "word"
        names = [token.text for token in d.tokens_a]
        assert names == ["[CLS]", "the", "the", "cat", "[SEP]", "(other)"]
        p, q = p.by("word"), q.by("word")
        np.testing.assert_allclose(d.matrix[2], p.matrix[4] - q.matrix[4])
        np.testing.assert_allclose(d.matrix[3], p.matrix[5] - q.matrix[2])
        np.testing.assert_allclose(
            d.matrix[5], p.matrix[[2, 3]].sum(axis=0) - q.matrix[[3, 5]].sum(axis=0), atol=1e-14
        )
        assert [token.text for token in d.tokens_b] == ["[CLS]", "yes", "[SEP]"]

    def test_of_different_similarities_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError) as error:
            _ = pair() - pair(similarity="dot")
        assert "'dot' cannot be subtracted from one of 'cosine'" in str(error.value)

    def test_of_a_folded_and_an_unfolded_attribution_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match="Fold both"):
            _ = pair() - pair().fold()

    def test_with_something_else_is_a_type_error(self) -> None:
        with pytest.raises(TypeError):
            _ = pair() - 1

    def test_shows_score_and_flips(self) -> None:
        p = pair("a", "b")
        d = p - replace(p, matrix=-p.matrix, score=p.score - 0.5)
        assert repr(d) == (
            "AttributionDifference(score=+0.5000, cosine, 3×3, unit='token', sign_flips=9)"
        )
