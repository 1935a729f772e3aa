"""The pairs that the tests explore, and how a front end asks and is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siamviz.study.run import Run
from siamviz.widgets.explorer import ErrorExplorer

if TYPE_CHECKING:
    import pandas as pd

PAIRS = [
    ("A cat sleeps.", "The cat is asleep.", 0.9, "animals", 1),
    ("A cat sleeps.", "A dog runs.", 0.2, "animals", 2),
    ("The dog runs fast.", "A dog is running.", 0.8, "animals", 1),
    ("A man plays guitar.", "A man does not play guitar.", 0.3, "people", 2),
    ("The man is not happy.", "The man is happy.", 0.1, "people", 1),
    ("A woman is happy.", "A happy woman smiles.", 0.85, "people", 2),
    ("Stocks fell 5 percent.", "Stocks rose 7 percent.", 0.2, "news", 1),
    ("Rain is expected.", "It will rain soon.", 0.8, "news", 2),
    ("A plane lands.", "A plane takes off.", 0.15, None, 1),
    ("<img src=x onerror=alert(1)>", "A cat sleeps.", 0.0, "news", 2),
]
CHEAP = {"layer": 5, "quadrature": "gauss-legendre", "steps": 4, "progress": False}


def records(scores: bool = True) -> list[dict[str, Any]]:
    """The pairs as a dataset, with a pair that cannot be used."""
    names = ("a", "b", "gold", "genre", "split")
    rows = [dict(zip(names, pair, strict=True)) for pair in PAIRS]
    rows.append({"a": "Only one text.", "b": None, "gold": 0.5, "genre": "news", "split": 1})
    return rows if scores else [{key: row[key] for key in ("a", "b")} for row in rows]


def ask(explorer: ErrorExplorer, kind: str, **body: Any) -> dict[str, Any]:
    """What the board's front end is answered."""
    return explorer._board.comm.ask(kind, **body)


def keep(explorer: ErrorExplorer, slot: str, value: Any) -> list[int]:
    """Put in a filter as the front end does; the rows that are left, ascending."""
    answer = ask(explorer, "filter", slot=slot, value=value)
    assert answer["ok"], answer
    return sorted(explorer.rows.tolist())


def told(explorer: ErrorExplorer, kind: str) -> dict[str, Any]:
    """The last event of a kind that the board was told."""
    return explorer._board.comm.of_kind(kind)[-1]


def table(run: Run) -> pd.DataFrame:
    return run.sql("SELECT * FROM pairs ORDER BY row")


def chip(explorer: ErrorExplorer, label: str) -> dict[str, Any]:
    groups = told(explorer, "chips")["groups"]
    return next(one for group in groups for one in group["chips"] if one["label"] == label)
