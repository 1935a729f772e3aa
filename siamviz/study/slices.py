"""Which pairs of a run a question is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError

if TYPE_CHECKING:
    import duckdb

Slice = Any
"""None, an SQL condition over "pairs", rows or pair_ids, or a data frame with either."""


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
    keys = _keys(chosen)
    if not all(isinstance(key, str) for key in keys) and any(isinstance(k, str) for k in keys):
        raise ArgumentTypeError("The slice mixes rows and pair_ids. Give one or the other.")
    column = "pair_id" if keys and isinstance(keys[0], str) else "row"
    kind = "VARCHAR" if column == "pair_id" else "BIGINT"
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
        raise InvalidArgumentError(f"The run has no pair with the {column} {missing[0]!r}.")


def _by_condition(cursor: duckdb.DuckDBPyConnection, condition: str) -> None:
    try:
        cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE chosen AS SELECT row FROM pairs WHERE ({condition}\n)"
        )
    except Exception as error:
        raise sql_error(condition, error) from error


def _keys(chosen: Any) -> list[Any]:
    for column in ("row", "pair_id"):
        if column in getattr(chosen, "columns", ()):
            return list(chosen[column].tolist())
    if hasattr(chosen, "columns") or not isinstance(chosen, Iterable):
        raise ArgumentTypeError(
            "A slice is an SQL condition, a list of rows or pair_ids, or a data frame with a "
            f"column 'row' or 'pair_id'; got {type(chosen).__name__}."
        )
    return [key.item() if hasattr(key, "item") else key for key in chosen]


def sql_error(condition: str, error: Exception) -> DataError:
    """Return an error that says what is wrong with a condition; other errors are raised again."""
    import duckdb

    if not isinstance(error, duckdb.Error) or isinstance(error, duckdb.IOException):
        raise error
    return DataError(
        f"{condition!r} is no SQL condition over the pairs: {str(error).splitlines()[0]} "
        'Use for example "gold < 0.3 and score > 0.7".'
    )
