"""Scored pairs in files and frames, as a stream of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from siamviz.errors import ArgumentTypeError, DataError, suggest
from siamviz.study.records import Record, Source, column_names, empty
from siamviz.study.textfiles import json_lines, separated

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

_BATCH = 4096


def source(data: Any, *, encoding: str = "utf-8", header: bool | None = None) -> Source:
    """Return `data` as a source of pairs.

    Parameters
    ----------
    data : path, pandas or polars DataFrame, Arrow table, Hugging Face dataset, list of dicts
        A file's ending tells its format: .csv, .tsv, .jsonl, .ndjson or .parquet.
    encoding : str
        Of a text file.
    header : bool, optional
        Whether a .csv or .tsv begins with the names of its columns; without it, it is guessed: a
        first line with a number in it, with equal fields, or with empty ones after the first is
        no header.

    Raises
    ------
    DataError
        If there is no such file, its ending is unknown, or it holds no records.
    ArgumentTypeError
        For anything else.
    """
    if isinstance(data, str | Path):
        return _file(Path(data), encoding, header)
    if hasattr(data, "itertuples") and hasattr(data, "columns"):
        return _pandas(data)
    if hasattr(data, "with_format") and hasattr(data, "column_names"):
        return _dataset(data)
    if hasattr(data, "__arrow_c_stream__"):
        return _arrow(data)
    if isinstance(data, Sequence) and data and all(isinstance(row, Mapping) for row in data):
        keys = tuple(dict.fromkeys(key for row in data for key in row))
        names = column_names(keys, "The list")
        return Source(f"a list of {len(data)} dicts", names, partial(_mappings, data, keys))
    raise ArgumentTypeError(
        "Pairs come from a path, a pandas or polars DataFrame, an Arrow table, a Hugging Face "
        f"dataset or a list of dicts; got {type(data).__name__} {data!r:.60}."
    )


def _file(path: Path, encoding: str, header: bool | None) -> Source:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(
            f"{str(path)!r} has the ending {suffix!r}, which is not known. Pairs are read from "
            f"{', '.join(SUFFIXES)}.{suggest(suffix, SUFFIXES)}"
        )
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise DataError(f"{str(path)!r} {what}. Give the path of a file with pairs.")
    if suffix == ".parquet":
        return _parquet(path)
    if suffix in (".jsonl", ".ndjson"):
        return json_lines(path, encoding)
    return separated(path, encoding, header)


def _mappings(rows: Sequence[Mapping[Any, Any]], keys: tuple[Any, ...]) -> Iterator[Record]:
    return (tuple(row.get(key) for key in keys) for row in rows)


def _pandas(frame: Any) -> Source:
    names = column_names(frame.columns, "The DataFrame")
    if not len(frame):
        raise DataError("The DataFrame has no rows. Give one with pairs.")
    rows = partial(frame.itertuples, index=False, name=None)
    return Source(f"a DataFrame of {len(frame)} rows", names, lambda: iter(rows()))


def _dataset(dataset: Any) -> Source:
    if isinstance(dataset, Mapping):
        splits = ", ".join(map(repr, dataset))
        raise DataError(f"The dataset has several splits: {splits}. Give one, dataset['train'].")
    if not hasattr(dataset, "__len__"):
        raise DataError(
            "The dataset is streamed, and pairs are read more than once. Load it without "
            "streaming=True."
        )
    keys = dataset.column_names
    names = column_names(keys, "The dataset")
    if not len(dataset):
        raise DataError("The dataset has no rows. Give one with pairs.")

    def records() -> Iterator[Record]:
        for batch in dataset.with_format(None).iter(_BATCH):
            yield from zip(*(batch[key] for key in keys), strict=True)

    return Source(f"a dataset of {len(dataset)} rows", names, records)


def _arrow(table: Any) -> Source:
    whole = _pyarrow().table(table)
    names = column_names(whole.column_names, "The table")
    if not whole.num_rows:
        raise DataError("The table has no rows. Give one with pairs.")
    made = partial(_from_batches, lambda: whole.to_batches(_BATCH), "The table")
    return Source(f"a table of {whole.num_rows} rows", names, made)


def _parquet(path: Path) -> Source:
    pa = _pyarrow()
    pq = import_module("pyarrow.parquet")
    try:
        with pq.ParquetFile(path) as file:
            names, rows = file.schema_arrow.names, file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{str(path)!r} is no Parquet file: {error}.") from error
    if not rows:
        raise empty(path)

    def batches() -> Iterator[Any]:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH)

    owner = repr(str(path))
    return Source(str(path), column_names(names, owner), partial(_from_batches, batches, owner))


def _from_batches(batches: Callable[[], Iterable[Any]], owner: str) -> Iterator[Record]:
    try:
        for batch in batches():
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
    except (_pyarrow().ArrowException, ValueError, OSError) as error:
        raise DataError(f"{owner} cannot be read to its end: {error}. Write it again.") from error


def _pyarrow() -> Any:
    try:
        return import_module("pyarrow")
    except ImportError as error:
        raise ImportError(
            "Parquet files and tables of Arrow, polars and datasets need pyarrow, which is not "
            "installed. Install it with: pip install 'siamviz[study]'"
        ) from error
