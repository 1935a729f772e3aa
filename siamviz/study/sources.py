"""Scored pairs in files and frames, as a stream of records."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

from siamviz.errors import ArgumentTypeError, DataError, suggest

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

_FIELD_LIMIT = 64 * 2**20
"""Characters that one field of a text file may have; a quote that never closes ends there."""

_BATCH = 4096


class Broken(str):
    """Why a record cannot be read; it stands in the record's place."""

    __slots__ = ()


Record = tuple[Any, ...] | Broken


@dataclass(frozen=True)
class Source:
    """Where pairs come from.

    Attributes
    ----------
    name : str
        The file's path, or what kind of object it is.
    columns : tuple of str
    named : bool
        Whether the data itself names its columns; otherwise they are ``column_1`` and so on.
    open : callable
        Begins a new pass over the records.
    """

    name: str
    columns: tuple[str, ...]
    named: bool
    open: Callable[[], Iterator[Record]]

    def head(self, count: int = 100) -> list[Record]:
        """Return the first records."""
        return list(islice(self.open(), count))

    def digest(self) -> str:
        """Return a hash of columns and records, which tells whether two passes saw the same."""
        digest = hashlib.sha256(repr(self.columns).encode())
        for record in self.open():
            digest.update(repr(record).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


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
        return _json_lines(path, encoding)
    return _separated(path, encoding, header)


# Text files


def _separated(path: Path, encoding: str, header: bool | None) -> Source:
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(path, encoding)
    read = _unquoted if separator == "\t" and _even_tabs(path, encoding) else _fields
    first = next(read(path, encoding, separator), None)
    if first is None:
        raise _empty(path)
    named = _looks_like_names(first) if header is None else header
    names = tuple(first) if named else tuple(f"column_{n}" for n in range(1, len(first) + 1))
    _check_names(names, str(path))

    def records() -> Iterator[Record]:
        rows = read(path, encoding, separator)
        for number, fields in enumerate(islice(rows, int(named), None), start=1 + int(named)):
            if len(fields) == len(names):
                yield tuple(fields)
            else:
                yield Broken(
                    f"record {number} has {len(fields)} fields where {len(names)} are expected"
                )

    return Source(str(path), names, named, records)


def _separator(path: Path, encoding: str) -> str:
    """Return what separates most fields of the first record: not all .csv have commas."""
    counts = {one: len(next(_fields(path, encoding, one), [])) for one in ",;\t|"}
    return max(counts, key=counts.__getitem__)


def _fields(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    limit = csv.field_size_limit(_FIELD_LIMIT)
    try:
        for fields in csv.reader(_lines(path, encoding), delimiter=separator):
            if fields:
                yield fields
    except csv.Error as error:
        raise DataError(
            f"{str(path)!r} cannot be read as {path.suffix}: {error}. A quote that is opened and "
            "not closed makes one field of all that follows."
        ) from error
    finally:
        csv.field_size_limit(limit)


def _even_tabs(path: Path, encoding: str) -> bool:
    """Whether every line has the same number of tabs, and so no field needs quotes."""
    counts = {line.count("\t") for line in _lines(path, encoding) if line.strip("\r\n")}
    return len(counts) == 1


def _unquoted(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """Fields in which a quote is a character like any other, unless a writer doubled it."""
    for line in _lines(path, encoding):
        if line.strip("\r\n"):
            yield [_plain_field(field) for field in line.rstrip("\r\n").split(separator)]


def _plain_field(field: str) -> str:
    inner = field[1:-1]
    quoted = len(field) > 1 and field[0] == field[-1] == '"'
    if quoted and '""' in inner and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return field


def _lines(path: Path, encoding: str) -> Iterator[str]:
    try:
        with path.open(encoding=_with_mark(encoding), newline="") as file:
            yield from file
    except (UnicodeDecodeError, LookupError) as error:
        raise _wrong_encoding(path, encoding, error) from error


def _json_lines(path: Path, encoding: str) -> Source:
    def objects() -> Iterator[dict[str, Any] | Broken]:
        for number, line in enumerate(_lines(path, encoding), start=1):
            if line.strip():
                yield _object(line, number)

    names = tuple(
        dict.fromkeys(
            name for row in islice(objects(), 1000) if isinstance(row, dict) for name in row
        )
    )
    if not names:
        raise _empty(path)
    return Source(str(path), names, True, partial(_mappings_from, objects, names))


def _object(line: str, number: int) -> dict[str, Any] | Broken:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Broken(f"line {number} is no JSON: {error}")
    if isinstance(found, dict):
        return found
    return Broken(f"line {number} is no JSON object but {type(found).__name__}")


def _mappings_from(
    objects: Callable[[], Iterator[dict[str, Any] | Broken]], names: tuple[str, ...]
) -> Iterator[Record]:
    for row in objects():
        yield row if isinstance(row, Broken) else tuple(row.get(name) for name in names)


def _mappings(rows: Sequence[Mapping[str, Any]], names: tuple[str, ...]) -> Iterator[Record]:
    return (tuple(row.get(name) for name in names) for row in rows)


def _looks_like_names(fields: list[str]) -> bool:
    names = [field.strip() for field in fields]
    return all(names) and len(set(names)) == len(names) and not any(map(_is_number, names))


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _with_mark(encoding: str) -> str:
    """UTF-8 with the mark that spreadsheets put in front of it."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


# Frames and tables


def _pandas(frame: Any) -> Source:
    names = tuple(str(name) for name in frame.columns)
    _check_names(names, "The DataFrame")
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
    _check_names(names, "The table")
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
        raise _empty(path)

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


# What cannot be read


def _check_names(names: Sequence[str], owner: str) -> None:
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise DataError(
            f"{owner} has the column {twice[0]!r} {list(names).count(twice[0])} times. Give "
            "every column a name of its own, or header=False for a file without names."
        )


def _empty(path: Path) -> DataError:
    return DataError(f"{str(path)!r} is empty: it holds no records. Give a file with pairs.")


def _wrong_encoding(path: Path, encoding: str, error: Exception) -> DataError:
    if isinstance(error, LookupError):
        return DataError(f"The encoding {encoding!r} is not known. Use a name such as 'utf-8'.")
    return DataError(
        f"{str(path)!r} is not in the encoding {encoding!r}: {error}. Give the right one, such as "
        "encoding='latin-1' or 'utf-16', or save the file as UTF-8."
    )
