"""Scored pairs in files and frames, as a stream of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

from siamviz.errors import ArgumentTypeError, DataError, suggest
from siamviz.study.records import Record, Source, check_names, empty
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
        first line with a number in it, or with equal or empty fields, is no header.

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
        names = tuple(dict.fromkeys(str(name) for row in data for name in row))
        rows = partial(_mappings, data, names)
        return Source(f"a list of {len(data)} dicts", names, True, rows)
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


def _mappings(rows: Sequence[Mapping[str, Any]], names: tuple[str, ...]) -> Iterator[Record]:
    return (tuple(row.get(name) for name in names) for row in rows)


def _pandas(frame: Any) -> Source:
    names = tuple(str(name) for name in frame.columns)
    check_names(names, "The DataFrame")
    if not len(frame):
        raise DataError("The DataFrame has no rows. Give one with pairs.")
    rows = partial(frame.itertuples, index=False, name=None)
    return Source(f"a DataFrame of {len(frame)} rows", names, True, lambda: iter(rows()))


def _dataset(dataset: Any) -> Source:
    if isinstance(dataset, Mapping):
        splits = ", ".join(map(repr, dataset))
        raise DataError(f"The dataset has several splits: {splits}. Give one, dataset['train'].")
    names = tuple(dataset.column_names)
    if not len(dataset):
        raise DataError("The dataset has no rows. Give one with pairs.")

    def records() -> Iterator[Record]:
        for batch in dataset.with_format(None).iter(_BATCH):
            yield from zip(*(batch[name] for name in names), strict=True)

    return Source(f"a dataset of {len(dataset)} rows", names, True, records)


def _arrow(table: Any) -> Source:
    whole = _pyarrow().table(table)
    names = tuple(whole.column_names)
    check_names(names, "The table")
    if not whole.num_rows:
        raise DataError("The table has no rows. Give one with pairs.")
    made = partial(_from_batches, lambda: whole.to_batches(_BATCH))
    return Source(f"a table of {whole.num_rows} rows", names, True, made)


def _parquet(path: Path) -> Source:
    pa = _pyarrow()
    pq = import_module("pyarrow.parquet")
    try:
        with pq.ParquetFile(path) as file:
            names, rows = tuple(file.schema_arrow.names), file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{str(path)!r} is no Parquet file: {error}.") from error
    if not rows:
        raise empty(path)

    def batches() -> Iterator[Any]:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH)

    return Source(str(path), names, True, partial(_from_batches, batches))


def _from_batches(batches: Callable[[], Iterable[Any]]) -> Iterator[Record]:
    return chain.from_iterable(
        zip(*(column.to_pylist() for column in batch.columns), strict=True) for batch in batches()
    )


def _pyarrow() -> Any:
    try:
        return import_module("pyarrow")
    except ImportError as error:
        raise ImportError(
            "Parquet files and tables of Arrow, polars and datasets need pyarrow, which is not "
            "installed. Install it with: pip install 'siamviz[study]'"
        ) from error
