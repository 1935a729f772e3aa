"""Attributions as data frames."""

from __future__ import annotations

import sys

import pytest
from builders import pair


class TestFrame:
    def test_has_one_row_per_pair(self) -> None:
        p = pair("Dogs run.", "Cats.", draws=2)
        frame = p.to_frame()
        assert len(frame) == p.matrix.size
        row = frame[(frame.index_a == 1) & (frame.index_b == 2)].iloc[0]
        assert (row.a, row.b, row.start_a, row.end_a, row.special) == ("Dogs", ".", 0, 4, False)
        assert row.effect == p.matrix[1, 2]
        assert row.share == pytest.approx(p.matrix[1, 2] / p.score)
        assert row.standard_error == p.standard_error[1, 2]
        assert frame.special.sum() == p.matrix.size - 3 * 2
        assert frame.start_a.isna().sum() == 2 * len(p.tokens_b)
        assert "standard_error" not in pair().to_frame()

    def test_without_pandas_says_how_to_get_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError, match=r"pip install 'siamviz\[frames\]'"):
            pair().to_frame()
