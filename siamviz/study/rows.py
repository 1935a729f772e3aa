"""Pairs to analyse, one for each record of a dataset, usable or not."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

import numpy as np

from siamviz.errors import SiamvizError
from siamviz.study.columns import Columns, GoldRange, absent, as_number
from siamviz.study.records import Broken, Record, Source
from siamviz.tokenization import check_text

_ROOM = 2**24
"""Bytes in which a run remembers which records were there, a bit for each."""


@dataclass(frozen=True)
class Row:
    """One record of a dataset.

    Attributes
    ----------
    number : int
        Its place among the records, from 0.
    pair_id : str
        A hash of the record, the settings and a number that tells equal records apart: the same
        whenever the same data is read, and no other pair's.
    text_a, text_b : str or None
    gold : float or None
        From 0 to 1.
    metadata : dict
    error : str or None
        Why the record cannot be used.
    """

    number: int
    pair_id: str
    text_a: str | None
    text_b: str | None
    gold: float | None
    metadata: dict[str, Any]
    error: str | None = None


def rows(
    source: Source, columns: Columns, gold_range: GoldRange | None = None, settings: str = ""
) -> Iterator[Row]:
    """Yield a row for each record; those that cannot be used say why.

    Parameters
    ----------
    source : Source
    columns : Columns
    gold_range : GoldRange, optional
        Without it, gold scores are taken as they are and have to lie between 0 and 1.
    settings : str
        What else a pair's identifier stands for.
    """
    places = {name: place for place, name in enumerate(source.columns)}
    repeats = _Repeats()
    for number, record in enumerate(source.open()):
        content = hashlib.sha256(repr(record).encode("utf-8", "surrogatepass")).digest()[:12]
        place = repeats.count(content).to_bytes(8) + settings.encode()
        pair_id = hashlib.sha256(content + place).hexdigest()[:24]
        yield _row(number, pair_id, record, columns, places, gold_range)


class _Repeats:
    """Numbers for equal records, all different, in memory that grows with the repeats alone.

    A record that comes first is one bit. Where another record has the same bit, it counts from 1.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_ROOM)
        self._again: Counter[bytes] = Counter()

    def count(self, content: bytes) -> int:
        byte, bit = divmod(int.from_bytes(content[:4]) % (8 * _ROOM), 8)
        if not self._bits[byte] >> bit & 1:
            self._bits[byte] |= 1 << bit
            return 0
        self._again[content] += 1
        return self._again[content]


def _row(
    number: int,
    pair_id: str,
    record: Record,
    columns: Columns,
    places: dict[str, int],
    gold_range: GoldRange | None,
) -> Row:
    if isinstance(record, Broken):
        return Row(number, pair_id, None, None, None, {}, str(record))
    metadata = {name: plain(record[places[name]]) for name in columns.metadata}
    text_a, problem_a = _text(record[places[columns.text_a]], f"text A ({columns.text_a!r})")
    text_b, problem_b = _text(record[places[columns.text_b]], f"text B ({columns.text_b!r})")
    gold = problem = None
    if columns.gold is not None:
        gold, problem = _gold(record[places[columns.gold]], columns.gold, gold_range)
    said = "; ".join(filter(None, (problem_a, problem_b, problem)))
    return Row(number, pair_id, text_a, text_b, gold, metadata, said or None)


def _text(value: Any, what: str) -> tuple[str | None, str | None]:
    if absent(value):
        return None, f"{what} is missing"
    if not isinstance(value, str):
        return str(value), f"{what} is no text but {type(value).__name__} {value!r:.40}"
    try:
        return check_text(value, what), None
    except SiamvizError as error:
        return value, str(error)


def _gold(value: Any, name: str, scale: GoldRange | None) -> tuple[float | None, str | None]:
    if absent(value):
        return None, f"gold ({name!r}) is missing"
    number = as_number(value)
    if number is None:
        return None, f"gold ({name!r}) is no number: {value!r:.40}"
    low, high = (scale.low, scale.high) if scale else (0.0, 1.0)
    if not low <= number <= high:
        hint = "" if scale else " (give the scale of the gold scores: gold_range, --gold-range)"
        return None, f"gold ({name!r}) is {number:g}, outside of {low:g} to {high:g}{hint}"
    return (scale.rescale(number) if scale else number), None


def plain(value: Any) -> str | float | int | bool | None:
    """A cell of metadata as text, number or truth; dates are texts as ISO 8601 has them."""
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
        value = value.item()
    if absent(value):
        return None
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | dict | np.ndarray):
        return _json(value)
    return str(value)


def _json(value: Any) -> str:
    try:
        return json.dumps(value, default=_inside, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def _inside(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else plain(value)
