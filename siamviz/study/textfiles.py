"""Records in text files: separated by commas, tabs or others, and JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from siamviz.errors import DataError
from siamviz.study.records import Broken, Record, Source, column_names, empty

_FIELD_LIMIT = 64 * 2**20
"""Characters that one field of a text file may have; a quote that never closes ends there."""

_MARK = "\ufeff"
"""What spreadsheets put in front of a file."""

Reading = Callable[[Path, str, str], Iterator[list[str]]]


class _UnclosedError(DataError):
    """A field has no end."""


def separated(path: Path, encoding: str, header: bool | None) -> Source:
    """A .csv or .tsv file, with the names of its columns or without; None guesses."""
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(path, encoding)
    read = partial(_reading(path, encoding, separator), path, encoding, separator)
    first = next(read(), None)
    if first is None:
        raise empty(path)
    named = _looks_like_names(first) if header is None else header
    if named and next(islice(read(), 1, 2), None) is None:
        raise _only_names(path, first)
    names = column_names(first if named else [""] * len(first), repr(str(path)))

    def records() -> Iterator[Record]:
        numbered = enumerate(read(), start=1)
        for number, fields in islice(numbered, int(named), None):
            even = len(fields) == len(names)
            yield tuple(fields) if even else _ragged(number, fields, len(names))

    return Source(str(path), names, records)


def _ragged(number: int, fields: list[str], expected: int) -> Broken:
    said = f"record {number} has {len(fields)} fields where {expected} are expected"
    lines = sum(field.count("\n") for field in fields) + 1
    quote = f"; it spans {lines} lines, as after a quote that is opened and not closed"
    return Broken(said + (quote if lines > 1 else ""))


def _only_names(path: Path, names: list[str]) -> DataError:
    return DataError(
        f"{str(path)!r} holds no records, only the names of columns: "
        f"{', '.join(map(repr, names)):.200}. Give a file with pairs, or header=False if these are "
        "a pair."
    )


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
        raise _UnclosedError(
            f"{str(path)!r} cannot be read as {path.suffix}: {error}. A quote that is opened and "
            "not closed makes one field of all that follows."
        ) from error
    finally:
        csv.field_size_limit(limit)


def _reading(path: Path, encoding: str, separator: str) -> Reading:
    """How to read quotes: between tabs, so that most records are as wide as the first."""
    if separator != "\t":
        return _fields
    plain, quoted = (_even(read, path, encoding) for read in (_unquoted, _fields))
    if plain == quoted:
        return _fields if _always_quoted(path, encoding) else _unquoted
    return _unquoted if plain > quoted else _fields


def _even(read: Reading, path: Path, encoding: str) -> tuple[int, int]:
    """Count the records that are as wide as the first and, below 0, those that are not."""
    even = odd = width = 0
    try:
        for fields in read(path, encoding, "\t"):
            width = width or len(fields)
            even += len(fields) == width
            odd += len(fields) != width
    except _UnclosedError:
        return 0, 0
    return even, -odd


def _always_quoted(path: Path, encoding: str) -> bool:
    """Whether all names stand in quotes, or all texts."""
    lines = _split_lines(path, encoding, "\t")
    first = next(lines, [])
    if all(map(_in_quotes, first)):
        return True
    fields = chain(first, chain.from_iterable(lines))
    return all(not field or _in_quotes(field) or _is_number(field) for field in fields)


def _in_quotes(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == '"'


def _split_lines(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    for line in _lines(path, encoding):
        if line.strip("\r\n"):
            yield line.rstrip("\r\n").split(separator)


def _unquoted(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """Fields in which a quote is a character like any other, unless a writer doubled it."""
    for fields in _split_lines(path, encoding, separator):
        yield [_plain_field(field) for field in fields]


def _plain_field(field: str) -> str:
    inner = field[1:-1]
    if _in_quotes(field) and '""' in inner and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return field


def _looks_like_names(fields: list[str]) -> bool:
    """An index that was written with the others has no name; it comes first."""
    names = [field.strip() for field in fields]
    return (
        all(names[1:])
        and any(names)
        and len(set(names)) == len(names)
        and not any(map(_is_number, names))
    )


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def json_lines(path: Path, encoding: str) -> Source:
    """A file with one JSON object a line."""

    def objects() -> Iterator[dict[str, Any] | Broken]:
        for number, line in enumerate(_lines(path, encoding), start=1):
            if line.strip():
                yield _object(line, number)

    keys = tuple(dict.fromkeys(key for row in objects() if isinstance(row, dict) for key in row))
    if not keys:
        raise _no_objects(path, next((row for row in objects() if row), None))
    names = column_names(keys, repr(str(path)))
    return Source(str(path), names, partial(_from_objects, objects, keys))


def _no_objects(path: Path, first: dict[str, Any] | Broken | None) -> DataError:
    if first is None:
        return empty(path)
    return DataError(
        f"{str(path)!r} holds no records: {first}. Give a file with an object such as "
        '{"sentence1": "…", "sentence2": "…", "score": 1} on every line.'
    )


def _object(line: str, number: int) -> dict[str, Any] | Broken:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Broken(f"line {number} is no JSON: {error}")
    if isinstance(found, dict):
        return found
    return Broken(f"line {number} is no JSON object but {type(found).__name__}")


def _from_objects(
    objects: Callable[[], Iterator[dict[str, Any] | Broken]], keys: tuple[str, ...]
) -> Iterator[Record]:
    for row in objects():
        yield row if isinstance(row, Broken) else tuple(row.get(key) for key in keys)


def _lines(path: Path, encoding: str) -> Iterator[str]:
    try:
        with path.open(encoding=encoding, newline="") as file:
            start = file.read(4)
            if "\0" in start:
                raise _wrong_encoding(path, encoding, "it begins with NUL characters")
            file.seek(0)
            if start.startswith(_MARK):
                file.read(1)
            yield from file
    except LookupError as error:
        raise DataError(
            f"The encoding {encoding!r} is not known. Use a name such as 'utf-8'."
        ) from error
    except UnicodeError as error:
        raise _wrong_encoding(path, encoding, error) from error


def _wrong_encoding(path: Path, encoding: str, reason: object) -> DataError:
    return DataError(
        f"{str(path)!r} is not in the encoding {encoding!r}: {reason}. Give the right one, such as "
        "encoding='latin-1' or 'utf-16', or save the file as UTF-8."
    )
