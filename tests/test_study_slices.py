"""Slices: which pairs a question is about."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError
from siamviz.study.slices import choose

FRAME = pd.DataFrame(
    {"row": [0, 1, 2, 3], "pair_id": ["p", "q", "r", "s"], "score": [0.1, 0.9, 0.5, 0.8]}
)
HIGH = FRAME[FRAME["score"] > 0.7]
POLARS = pl.DataFrame(HIGH.to_dict("list"))


def chosen(given: object) -> list[int]:
    cursor = duckdb.connect()
    cursor.register("pairs", FRAME)
    choose(cursor, given)
    return [row for (row,) in cursor.execute("SELECT row FROM chosen ORDER BY row").fetchall()]


@pytest.mark.parametrize(
    "given",
    [
        "score > 0.7", [1, 3], (3, 1, 1), {1, 3}, iter([1, 3]), ["q", "s"], range(1, 4, 2),
        np.array([1, 3]), [np.int64(1), np.uint8(3)], np.array(["q", "s"]), [np.str_("q"), "s"],
        HIGH, HIGH["row"], HIGH["pair_id"], HIGH[["pair_id"]], HIGH.index, HIGH.convert_dtypes(),
        POLARS, POLARS.lazy(), POLARS["row"], POLARS["pair_id"], POLARS.select("pair_id"),
        pa.Table.from_pandas(HIGH), pa.array([1, 3]), pa.chunked_array([["q"], ["s"]]),
    ],
    ids=lambda given: type(given).__module__ + "." + type(given).__name__,
)  # fmt: skip
def test_pairs_are_named_in_many_ways(given):
    assert chosen(given) == [1, 3]


@pytest.mark.parametrize("given", [None, range(4), FRAME])
def test_all_pairs_are_a_slice(given):
    assert chosen(given) == [0, 1, 2, 3]


@pytest.mark.parametrize("given", [[], HIGH[:0], POLARS[:0], np.array([]), "false"])
def test_no_pairs_are_a_slice(given):
    assert chosen(given) == []


MASK = FRAME["score"] > 0.7


@pytest.mark.parametrize(
    "given",
    [
        MASK, MASK.tolist(), MASK.to_numpy(), list(MASK.to_numpy()), MASK.convert_dtypes(),
        pl.Series(MASK.tolist()), pa.array(MASK.tolist()), FRAME.assign(row=MASK), [1, True],
        pd.array([True, None], dtype="boolean"),
    ],
)  # fmt: skip
def test_a_mask_is_no_slice(given):
    with pytest.raises(ArgumentTypeError, match=r"mask of True and False.*slice=frame\[mask\], or"):
        chosen(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1.5], r"a whole number, or by pair_id, a text; got 1\.5, of type float"),
        (HIGH["score"], "got 0.9, of type float"),
        ([1.0], "got 1.0, of type float"),
        ([1, None], "got None, of type NoneType"),
        (pd.array([1, None], dtype="Int64"), "got <NA>, of type NAType"),
        ([[1]], r"got \[1\], of type list"),
        ([1, "q"], "mixes rows and pair_ids"),
        (["q", None], "mixes rows and pair_ids"),
        (FRAME[["score"]], "a column 'row' or 'pair_id'; got DataFrame"),
        (POLARS[["score"]], "a column 'row' or 'pair_id'; got DataFrame"),
        (3, "a column 'row' or 'pair_id'; got int"),
        (np.array(3), "got ndarray"),
        (b"ab", "got bytes"),
    ],
)
def test_what_names_no_pairs_is_told(given, said):
    with pytest.raises(ArgumentTypeError, match=said):
        chosen(given)


@pytest.mark.parametrize("given", [[4], [-1], [2**63], [-(2**70)], ["t"]])
def test_a_pair_that_is_not_there_is_named(given):
    with pytest.raises(InvalidArgumentError, match=f"no pair with the (row|pair_id) {given[0]!r}"):
        chosen(given)


def test_a_condition_that_is_no_sql_is_told():
    with pytest.raises(DataError, match="'scor > 1' is no SQL condition over the pairs"):
        chosen("scor > 1")
