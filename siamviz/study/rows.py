"""Pairs to analyse, one for each record of a dataset, usable or not."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from siamviz.errors import SiamvizError
from siamviz.study.columns import Columns, GoldRange, absent, as_number
from siamviz.study.records import Broken, Record, Source
from siamviz.tokenization import check_text


@dataclass(frozen=True)
class Row:
    """One record of a dataset.

    Attributes
    ----------
    number : int
        Its place among the records, from 0.
    pair_id : str
        A hash of the record, the settings and the number of equal records before it: whatever
        else stands in the file, it names the same pair.
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
    seen: Counter[bytes] = Counter()
    for number, record in enumerate(source.open()):
        content = hashlib.sha256(repr(record).encode("utf-8", "surrogatepass")).digest()[:12]
        place = seen[content].to_bytes(8) + settings.encode()
        pair_id = hashlib.sha256(content + place).hexdigest()[:24]
        seen[content] += 1
        yield _row(number, pair_id, record, columns, places, gold_range)


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
        return None, f"gold ({name!r}) is {number:g}, outside of {low:g} to {high:g}"
    return (scale.rescale(number) if scale else number), None


def plain(value: Any) -> str | float | int | bool | None:
    """A cell of metadata as JSON has it."""
    if absent(value):
        return None
    if isinstance(value, str | bool | int | float):
        return value
    item = getattr(value, "item", None)
    if callable(item):
        return plain(item())
    return json.dumps(value, default=str, ensure_ascii=False)
