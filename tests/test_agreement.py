"""How far two matrices of the same pair agree."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from builders import pair

from siamviz.attribution import PairAttribution
from siamviz.deletion import DeletionEffects
from siamviz.errors import InvalidArgumentError


class TestAgreement:
    def test_is_perfect_with_itself(self) -> None:
        p = pair()
        found = p.agreement(p)
        assert found.pearson == pytest.approx(1)
        assert found.spearman == pytest.approx(1)
        assert found.top_overlap == 1
        assert found.cells == (len(p.tokens_a) - 2) * (len(p.tokens_b) - 2)

    def test_compares_finite_cells_of_ordinary_tokens(self) -> None:
        p = pair("a b c d", "e f g")
        rng = np.random.default_rng(3)
        matrix = np.full(p.matrix.shape, np.nan)
        matrix[1:-1, 1:-1] = np.round(rng.normal(size=(4, 3)), 1)
        matrix[2, 2] = np.nan
        found = p.agreement(_deletion(p, matrix), k=3)
        keep = np.isfinite(matrix)
        x, y = p.matrix[keep], matrix[keep]
        assert found.cells == 11
        assert found.pearson == pytest.approx(np.corrcoef(x, y)[0, 1])
        expected = np.corrcoef(pd.Series(x).rank(), pd.Series(y).rank())[0, 1]
        assert found.spearman == pytest.approx(expected)
        top = set(np.argsort(-abs(x))[:3]) & set(np.argsort(-abs(y), kind="stable")[:3])
        assert found.top_overlap == pytest.approx(len(top) / 3)

    @pytest.mark.filterwarnings("error")
    def test_with_a_constant_is_nan_without_a_warning(self) -> None:
        p = pair()
        found = p.agreement(_deletion(p, np.ones(p.matrix.shape)))
        assert math.isnan(found.pearson)
        assert math.isnan(found.spearman)
        empty = p.agreement(_deletion(p, np.full(p.matrix.shape, np.nan)))
        assert math.isnan(empty.top_overlap)
        assert empty.cells == 0

    def test_of_other_tokens_is_refused(self) -> None:
        p = pair()
        with pytest.raises(InvalidArgumentError) as error:
            p.agreement(p.by("word"))
        assert "different tokens of A: 14 by 'token' here, 12 by 'word' there" in str(error.value)

    def test_deletion_effects_are_summed_by_unit_and_nan_stays(self) -> None:
        p = pair("kittens", "a")
        matrix = np.array([[np.nan] * 3, [np.nan, 1, np.nan], [np.nan, 2, np.nan], [np.nan] * 3])
        word = _deletion(p, matrix).by("word")
        expected = [[np.nan] * 3, [np.nan, 3, np.nan], [np.nan] * 3]
        np.testing.assert_array_equal(word.matrix, expected)
        assert p.by("word").agreement(word).cells == 1
        assert repr(word) == f"DeletionEffects(score={p.score:.4f}, cosine, 3×3, unit='word')"


def _deletion(p: PairAttribution, matrix: np.ndarray) -> DeletionEffects:
    return DeletionEffects(
        p.text_a, p.text_b, p.tokens_a, p.tokens_b, matrix, p.score, p.similarity, p.scores,
        p.normalisers,
    )  # fmt: skip
