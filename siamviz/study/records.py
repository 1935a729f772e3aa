"""A stream of records with named columns, wherever it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
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


def check_names(names: Sequence[str], owner: str) -> None:
    """Raise if two columns have one name."""
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise DataError(
            f"{owner} has the column {twice[0]!r} {list(names).count(twice[0])} times. Give "
            "every column a name of its own, or header=False for a file without names."
        )


def empty(path: Path) -> DataError:
    """The error of a file without records."""
    return DataError(f"{str(path)!r} is empty: it holds no records. Give a file with pairs.")
