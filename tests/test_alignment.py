"""One-to-one alignments of the units of two texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import SEEDS, contributions, pair
from hypothesis import given
from hypothesis import strategies as st

from siamviz.attribution import PairAttribution
from siamviz.contributions import Token
from siamviz.errors import InvalidArgumentError


class TestAlign:
    @given(SEEDS, st.integers(1, 4), st.integers(1, 4))
    def test_optimal_is_the_best_of_all_one_to_one_alignments(self, seed, rows, columns) -> None:
        p = pair(" ".join("abcd"[:rows]), " ".join("efgh"[:columns]), seed=seed)
        found = p.align("optimal")
        effects = p.matrix[1:-1, 1:-1]
        assert found.total == pytest.approx(_best_total(effects), abs=1e-12)
        assert found.share == pytest.approx(found.total / p.score)
        assert len({one.a.start for one in found.pairs}) == len(found.pairs)
        assert len({one.b.start for one in found.pairs}) == len(found.pairs)
        assert len(found.pairs) + len(found.unaligned_a) == rows
        assert len(found.pairs) + len(found.unaligned_b) == columns
        assert all(one.effect > 0 for one in found.pairs)

    def test_max_takes_pairs_that_are_each_others_strongest(self) -> None:
        p = _with_matrix([[5.0, 4.0, -1.0], [4.5, 3.0, -1.0], [-1.0, -1.0, -0.5]])
        assert [(one.a.text, one.b.text) for one in p.align("max").pairs] == [("a", "d")]
        best = p.align("optimal")
        assert [(one.a.text, one.b.text) for one in best.pairs] == [("b", "d"), ("a", "e")]
        assert [token.text for token in best.unaligned_a] == ["c"]
        assert [token.text for token in best.unaligned_b] == ["f"]

    def test_reads_as_a_list_of_pairs(self) -> None:
        p = replace(_with_matrix([[0.25, 0, 0], [0, -1, 0], [0, 0, 0.125]]), score=0.5)
        assert repr(p.align()) == (
            "Alignment(optimal: 'a'-'d' +0.250, 'c'-'f' +0.125; total +0.375, 75% of the score; "
            "unaligned 1 of A, 1 of B)"
        )

    def test_aligns_words_not_their_pieces(self) -> None:
        found = pair("kittens", "gardens").align()
        assert {one.a.text for one in found.pairs} | {t.text for t in found.unaligned_a} == {
            "kittens"
        }

    def test_of_an_unknown_method_suggests_the_nearest(self) -> None:
        with pytest.raises(InvalidArgumentError, match="Did you mean 'optimal'"):
            pair().align("optimum")


def _best_total(effects: np.ndarray) -> float:
    """The largest total over all ways to leave out or pair each row, by trying them all."""
    if effects.shape[0] == 0:
        return 0.0
    totals = [
        effects[0, j] + _best_total(np.delete(effects[1:], j, axis=1))
        for j in range(effects.shape[1])
    ]
    return max([_best_total(effects[1:]), *totals])


def _with_matrix(matrix: list) -> PairAttribution:
    """A pair of three words each and no special tokens, with this matrix."""
    tokens = [tuple(Token(c, 2 * i, 2 * i + 1) for i, c in enumerate(w)) for w in ("abc", "def")]
    a = contributions("a b c", tokens=tokens[0])
    b = contributions("d e f", tokens=tokens[1])
    p = PairAttribution.from_contributions(a, b)
    return replace(p, matrix=np.array(matrix, dtype=float))
