"""Attributions as pandas data frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.attribution import PairAttribution


def pair_frame(pair: PairAttribution) -> pd.DataFrame:
    """Return one row per pair of tokens, row by row of the matrix.

    Returns
    -------
    pandas.DataFrame
        Columns a, b (text), index_a, index_b, start_a, end_a, start_b, end_b (characters, missing
        for special tokens), special (whether either token is), effect, share (of the score), and
        standard_error where the result has one.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    pd = _pandas()
    rows, columns = pair.matrix.shape
    index_a, index_b = np.repeat(np.arange(rows), columns), np.tile(np.arange(columns), rows)
    a, b = [pair.tokens_a[i] for i in index_a], [pair.tokens_b[j] for j in index_b]
    effect = pair.matrix.ravel()
    frame = pd.DataFrame(
        {
            "a": [token.text for token in a],
            "b": [token.text for token in b],
            "index_a": index_a,
            "index_b": index_b,
            "start_a": pd.array([token.start for token in a], dtype="Int64"),
            "end_a": pd.array([token.end for token in a], dtype="Int64"),
            "start_b": pd.array([token.start for token in b], dtype="Int64"),
            "end_b": pd.array([token.end for token in b], dtype="Int64"),
            "special": [one.special or two.special for one, two in zip(a, b, strict=True)],
            "effect": effect,
            "share": effect / pair.score if pair.score else np.full_like(effect, np.nan),
        }
    )
    if pair.standard_error is not None:
        frame["standard_error"] = pair.standard_error.ravel()
    return frame


def data_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return a data frame of one row per dict.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    return _pandas().DataFrame(list(rows))


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_frame() needs pandas, which is not installed. "
            "Install it with: pip install 'siamviz[frames]'"
        ) from error
    return pd
