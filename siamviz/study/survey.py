"""A first pass over a dataset: how many records, what they hash to, what metadata they carry."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from siamviz.study.columns import Columns, absent
from siamviz.study.records import Broken, Source
from siamviz.study.rows import plain
from siamviz.study.tables import COLUMNS

_CANONICAL = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d+)?([eE][+-]?\d+)?")
"""Numbers as programs write them: "007" and "1 000" are names of things."""


@dataclass(frozen=True)
class Survey:
    """What is known of a dataset after one pass.

    Attributes
    ----------
    records : int
    digest : str
        SHA-256 of columns and records.
    kinds : dict of str to str
        "int", "float", "bool" or "str" for each metadata column: the narrowest that fits all.
    """

    records: int
    digest: str
    kinds: dict[str, str]


def survey(source: Source, columns: Columns) -> Survey:
    """Read all records once."""
    digest = hashlib.sha256(repr(source.columns).encode("utf-8", "surrogatepass"))
    places = {name: source.columns.index(name) for name in columns.metadata}
    seen: dict[str, set[str]] = {name: set() for name in places}
    count = 0
    for record in source.open():
        count += 1
        digest.update(repr(record).encode("utf-8", "surrogatepass"))
        if isinstance(record, Broken):
            continue
        for name, place in places.items():
            if not absent(record[place]):
                seen[name].add(_kind(plain(record[place])))
    return Survey(count, digest.hexdigest(), {name: _widest(kinds) for name, kinds in seen.items()})


def stored_names(columns: Columns) -> dict[str, str]:
    """Return the name of each metadata column in the store, where some names are taken."""
    names: dict[str, str] = {}
    for name in columns.metadata:
        stored = f"meta_{name}" if name.lower() in COLUMNS["pairs"] else name
        while stored.lower() in {other.lower() for other in names.values()}:
            stored += "_"
        names[name] = stored
    return names


def cast(value: object, kind: str) -> object:
    """Return a cell of metadata as its column's kind."""
    if value is None:
        return None
    if kind == "str":
        return value if isinstance(value, str) else str(value)
    if kind == "bool":
        return bool(value)
    return int(str(value)) if kind == "int" else float(str(value))


def _kind(value: object) -> str:
    if isinstance(value, str):
        found = _CANONICAL.fullmatch(value)
        if not found:
            return "str"
        return "float" if found[2] or found[3] else "int"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if abs(value) < 2**63 else "str"
    return "float"


def _widest(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "float" if kinds == {"int", "float"} else "str"
