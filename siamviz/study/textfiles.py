"""Records in text files: separated by commas, tabs or others, and JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from siamviz.errors import DataError
from siamviz.study.records import Broken, Record, Source, check_names, empty

_FIELD_LIMIT = 64 * 2**20
"""Characters that one field of a text file may have; a quote that never closes ends there."""


def separated(path: Path, encoding: str, header: bool | None) -> Source:
    """A .csv or .tsv file, with the names of its columns or without; None guesses."""
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(path, encoding)
    read = _unquoted if separator == "\t" and _even_tabs(path, encoding) else _fields
    first = next(read(path, encoding, separator), None)
    if first is None:
        raise empty(path)
    named = _looks_like_names(first) if header is None else header
    names = tuple(first) if named else tuple(f"column_{n}" for n in range(1, len(first) + 1))
    check_names(names, str(path))

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


def _looks_like_names(fields: list[str]) -> bool:
    names = [field.strip() for field in fields]
    return all(names) and len(set(names)) == len(names) and not any(map(_is_number, names))


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

    names = tuple(
        dict.fromkeys(
            name for row in islice(objects(), 1000) if isinstance(row, dict) for name in row
        )
    )
    if not names:
        raise empty(path)
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


def _lines(path: Path, encoding: str) -> Iterator[str]:
    try:
        with path.open(encoding=_with_mark(encoding), newline="") as file:
            yield from file
    except (UnicodeDecodeError, LookupError) as error:
        raise _wrong_encoding(path, encoding, error) from error


def _with_mark(encoding: str) -> str:
    """UTF-8 with the mark that spreadsheets put in front of it."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


def _wrong_encoding(path: Path, encoding: str, error: Exception) -> DataError:
    if isinstance(error, LookupError):
        return DataError(f"The encoding {encoding!r} is not known. Use a name such as 'utf-8'.")
    return DataError(
        f"{str(path)!r} is not in the encoding {encoding!r}: {error}. Give the right one, such as "
        "encoding='latin-1' or 'utf-16', or save the file as UTF-8."
    )
