"""The strongest pairs of tokens."""

from __future__ import annotations

import numpy as np
import pytest
from builders import pair

from siamviz.errors import ArgumentTypeError, InvalidArgumentError


class TestTop:
    def test_lists_the_largest_magnitudes_with_rank_and_share(self) -> None:
        p = pair()
        found = p.top(4)
        inner = np.abs(p.matrix[1:-1, 1:-1])
        np.testing.assert_allclose(
            [abs(one.effect) for one in found], np.sort(inner.ravel())[::-1][:4]
        )
        for rank, one in enumerate(found, start=1):
            assert one.rank == rank
            assert one.effect == p.matrix[one.index_a, one.index_b]
            assert (one.a, one.b) == (p.tokens_a[one.index_a], p.tokens_b[one.index_b])
            assert one.share == pytest.approx(one.effect / p.score)

    def test_keeps_special_tokens_and_signs_as_asked(self) -> None:
        p = pair("Dogs.", "Cats.")
        assert len(p.top(100)) == 4
        assert len(p.top(100, special=True)) == 16
        positive = p.top(100, special=True, sign="+")
        negative = p.top(100, special=True, sign="-")
        assert all(one.effect > 0 for one in positive)
        assert all(one.effect < 0 for one in negative)
        assert len(positive) + len(negative) == 16

    def test_refuses_a_number_that_is_no_count(self) -> None:
        with pytest.raises(InvalidArgumentError, match="k must be 1 or more, not 0"):
            pair().top(0)
        with pytest.raises(ArgumentTypeError, match=r"k must be a whole number .*, not 1\.5"):
            pair().top(1.5)
        with pytest.raises(
            InvalidArgumentError, match=r"Sign 'plus' is not known\. Use one of '\+', '-'"
        ):
            pair().top(sign="plus")
