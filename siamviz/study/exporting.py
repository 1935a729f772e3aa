"""A run's pairs as a file for other programs: CSV, Parquet or JSON Lines, in bounded memory."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz import files
from siamviz.export.save import inert
from siamviz.study.slices import sql_error
from siamviz.study.tables import COLUMNS, quoted

if TYPE_CHECKING:
    import duckdb

ROWS = 4096
"""Pairs in memory at a time."""

_HIDDEN = ("a", "b")
_ATTRIBUTION = {
    name: f"a.{name}"
    for name in (
        "picked", "base", "tokens_a", "tokens_b", "pairs", "residual", "special",
        "relative_residual", "converged", "steps",
    )
} | {"attribution_error": "a.error"}  # fmt: skip
_TAGS = {"star": "coalesce(t.star, false)", "tag": "t.tag", "note": "t.note"}
_OWN_KINDS = {"attribution_error": "string", "star": "bool", "tag": "string", "note": "string"}
_METADATA_KINDS = {"str": "string", "int": "int64", "float": "float64", "bool": "bool"}

Rows = Iterator[Sequence[tuple[Any, ...]]]
Kinds = Mapping[str, str]


def export(
    cursor: duckdb.DuckDBPyConnection,
    metadata: Mapping[str, str],
    path: str | os.PathLike[str],
    order: str = "row",
) -> Path:
    """Write the chosen pairs with the ledgers of their attributions and their tags to a file.

    Parameters
    ----------
    cursor : duckdb.DuckDBPyConnection
        With the temporary table "chosen" (row).
    metadata : mapping of str to str
        The kinds of the dataset's own columns; one whose name another column has is written with
        the prefix "meta_".
    path : str or path
        Ends in .csv (UTF-8 with a byte order mark, so that spreadsheets read it right; texts are
        inert there), .parquet or .jsonl. An existing file is replaced in one step.
    order : str
        SQL to order by: any of the columns that are written.

    Returns
    -------
    Path

    Raises
    ------
    InvalidArgumentError
        For another suffix, and for a folder that does not exist.
    DataError
        If `order` is no SQL.
    """
    target = files.check_target(path, tuple(_WRITERS))
    kinds, query = _columns(metadata)
    try:
        cursor.execute(f"SELECT * FROM ({query}) ORDER BY {order}, row")
    except Exception as error:
        raise sql_error(order, error) from error
    with files.written(target) as aside:
        _WRITERS[target.suffix.lower()](aside, kinds, _rows(cursor))
    return target


def _columns(metadata: Mapping[str, str]) -> tuple[Kinds, str]:
    """Return the kinds of all columns that are written, and the query that gives them."""
    pairs = {name: f"p.{name}" for name in COLUMNS["pairs"] if name not in _HIDDEN}
    own = {**pairs, **_ATTRIBUTION, **_TAGS}
    kinds = {**COLUMNS["attributions"], **COLUMNS["pairs"], **_OWN_KINDS}
    kinds = {name: kinds[name] for name in own}
    sources = dict(pairs)
    for name, kind in metadata.items():
        shown = _free(name, [*own, *kinds])
        sources[shown] = f"p.{quoted(name)}"
        kinds[shown] = _METADATA_KINDS[kind]
    sources |= {**_ATTRIBUTION, **_TAGS}
    listed = ", ".join(f"{source} AS {quoted(name)}" for name, source in sources.items())
    query = (
        f"SELECT {listed} FROM pairs p JOIN chosen USING (row) "
        "LEFT JOIN attributions a USING (row) LEFT JOIN tags t ON t.pair_id = p.pair_id"
    )
    return {name: kinds[name] for name in sources}, query


def _free(name: str, taken: Sequence[str]) -> str:
    known = {other.lower() for other in taken}
    shown = f"meta_{name}" if name.lower() in known else name
    while shown.lower() in known:
        shown += "_"
    return shown


def _rows(cursor: duckdb.DuckDBPyConnection) -> Rows:
    while rows := cursor.fetchmany(ROWS):
        yield rows


def _write_csv(path: Path, kinds: Kinds, rows: Rows) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([inert(name) for name in kinds])
        for batch in rows:
            writer.writerows(
                [inert(cell) if isinstance(cell, str) else cell for cell in row] for row in batch
            )


def _write_jsonl(path: Path, kinds: Kinds, rows: Rows) -> None:
    with path.open("w", encoding="ascii", newline="\n") as file:
        for batch in rows:
            for row in batch:
                cells = (None if _infinite(cell) else cell for cell in row)
                record = dict(zip(kinds, cells, strict=True))
                file.write(json.dumps(record, allow_nan=False) + "\n")


def _infinite(cell: object) -> bool:
    return isinstance(cell, float) and not math.isfinite(cell)


def _write_parquet(path: Path, kinds: Kinds, rows: Rows) -> None:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    schema = arrow.schema([(name, arrow.type_for_alias(kind)) for name, kind in kinds.items()])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in rows:
            columns = zip(*batch, strict=True)
            arrays = [
                arrow.array(column, type=field.type)
                for field, column in zip(schema, columns, strict=True)
            ]
            writer.write_table(arrow.table(arrays, schema=schema))


_WRITERS: dict[str, Callable[[Path, Kinds, Rows], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_jsonl,
}
