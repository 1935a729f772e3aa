"""A stream of records with named columns, wherever it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from siamviz.errors import DataError


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
        Those without a name are ``column_1`` and so on, by their place.
    open : callable
        Begins a new pass over the records.
    """

    name: str
    columns: tuple[str, ...]
    open: Callable[[], Iterator[Record]]

    def head(self, count: int = 100) -> list[Record]:
        """Return the first records."""
        return list(islice(self.open(), count))


def column_names(names: Iterable[object], owner: str) -> tuple[str, ...]:
    """Return the names of columns, with numbers in place of those that are empty.

    Raises
    ------
    DataError
        If two are equal, or one holds what no name can.
    """
    given = [str(name) for name in names]
    found = tuple(
        name if name.strip() else f"column_{place}" for place, name in enumerate(given, start=1)
    )
    for name, times in Counter(found).items():
        if times > 1:
            raise DataError(
                f"{owner} has the column {name!r:.80} {times} times. Give every column a name of "
                "its own, or header=False for a file without names."
            )
        if "\0" in name or any("\ud800" <= character <= "\udfff" for character in name):
            raise DataError(
                f"{owner} has the column {name!r:.80}, whose name holds a NUL character or half "
                "of a surrogate pair. Rename it."
            )
    return found


def empty(path: Path) -> DataError:
    """The error of a file without records."""
    return DataError(f"{str(path)!r} is empty: it holds no records. Give a file with pairs.")
