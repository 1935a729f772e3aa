"""Two records, and how tests read them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from siamviz.study.columns import GoldRange, choose_columns
from siamviz.study.rows import Row, rows
from siamviz.study.sources import source

RECORDS = [
    {"sentence1": "A cat sleeps.", "sentence2": "The kitten naps.", "score": 4.5, "genre": "home"},
    {"sentence1": "It rains.", "sentence2": 'He said "no", twice.', "score": 0.0, "genre": None},
]
STARS = GoldRange(0, 5)
TABLE = pa.Table.from_pylist(RECORDS)


def written(folder: Path, name: str, content: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(content, encoding)
    return path


def read(data: object, gold_range: GoldRange | None = STARS, **options) -> list[Row]:
    found = source(data, **options)
    return list(rows(found, choose_columns(found), gold_range))
