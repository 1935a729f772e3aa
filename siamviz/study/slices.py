"""Which pairs of a run a question is about."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError

if TYPE_CHECKING:
    import duckdb

Slice = Any
"""None, an SQL condition over "pairs", rows or pair_ids, or a data frame with either."""

_MASK = (
    "The slice is a mask of True and False, which names no pairs. Index with it, as in "
    'slice=frame[mask], or give an SQL condition such as "gold < 0.3 and score > 0.7".'
)


def choose(cursor: duckdb.DuckDBPyConnection, chosen: Slice) -> None:
    """Make the temporary table "chosen" (row) of the pairs in a slice.

    Raises
    ------
    DataError
        If the condition is no SQL over the pairs.
    InvalidArgumentError
        If a pair of the list is not in the run.
    ArgumentTypeError
        For anything else.
    """
    if chosen is None or isinstance(chosen, str):
        _by_condition(cursor, "true" if chosen is None else chosen)
        return
    keys = _checked(_keys(chosen))
    by_name = any(isinstance(key, str) for key in keys)
    column, kind = ("pair_id", "VARCHAR") if by_name else ("row", "BIGINT")
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE asked AS SELECT unnest(?::{kind}[]) AS key", [keys]
    )
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE chosen AS SELECT row FROM pairs "
        f"WHERE {column} IN (SELECT key FROM asked)"
    )
    missing = cursor.execute(
        f"SELECT key FROM asked WHERE key NOT IN (SELECT {column} FROM pairs) LIMIT 1"
    ).fetchone()
    if missing:
        raise _no_pair(column, missing[0])


def _by_condition(cursor: duckdb.DuckDBPyConnection, condition: str) -> None:
    try:
        cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE chosen AS SELECT row FROM pairs WHERE ({condition}\n)"
        )
    except Exception as error:
        raise sql_error(condition, error) from error


def _keys(chosen: Any) -> list[Any]:
    values = _named(chosen)
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            values = getattr(values, method)()
            break
    if isinstance(values, bytes) or not isinstance(values, Iterable):
        raise ArgumentTypeError(
            "A slice is an SQL condition, a list of rows or pair_ids, or a data frame with a "
            f"column 'row' or 'pair_id'; got {type(chosen).__name__}."
        )
    return list(values)


def _named(chosen: Any) -> Any:
    """The column of a frame that names pairs, or None; what is no frame, as it is."""
    if hasattr(chosen, "collect"):
        chosen = chosen.collect()
    names = getattr(chosen, "column_names", getattr(chosen, "columns", None))
    if names is None:
        return chosen
    return next((chosen[name] for name in ("row", "pair_id") if name in list(names)), None)


def _checked(keys: list[Any]) -> list[str] | list[int]:
    """Return pair_ids or rows, if they are all of one kind."""
    if any(isinstance(key, bool | np.bool_) for key in keys):
        raise ArgumentTypeError(_MASK)
    names = [str(key) for key in keys if isinstance(key, str)]
    if names and len(names) < len(keys):
        raise ArgumentTypeError("The slice mixes rows and pair_ids. Give one or the other.")
    return names or [_row(key) for key in keys]


def _row(key: Any) -> int:
    try:
        row = operator.index(key)
    except TypeError as error:
        raise ArgumentTypeError(
            f"A slice names pairs by row, a whole number, or by pair_id, a text; got {key!r:.60}, "
            f"of type {type(key).__name__}."
        ) from error
    if row not in range(-(2**63), 2**63):
        raise _no_pair("row", row)
    return row


def _no_pair(column: str, key: object) -> InvalidArgumentError:
    return InvalidArgumentError(f"The run has no pair with the {column} {key!r}.")


def sql_error(condition: str, error: Exception) -> DataError:
    """Return an error that says what is wrong with a condition; other errors are raised again."""
    import duckdb

    if not isinstance(error, duckdb.Error) or isinstance(error, duckdb.IOException):
        raise error
    return DataError(
        f"{condition!r} is no SQL condition over the pairs: {str(error).splitlines()[0]} "
        'Use for example "gold < 0.3 and score > 0.7".'
    )
