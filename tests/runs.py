"""A small real run, for the tests of what is done with runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.study.analysis import analyze

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.study.run import Run

COLUMNS = ("first", "second", "score", "genre", "year")
RECORDS: list[tuple[Any, ...]] = [
    ("The dog chases a cat.", "A cat is chased by the dog.", 0.9, "garden", 2021),
    ("The dog sleeps in the yard.", "A cat sleeps in the garden.", 0.5, "garden", 2021),
    ("The dog does not bark.", "The dog barks.", 0.2, "garden", 2022),
    ("The cat drinks milk.", "The dog drinks water.", 0.4, "kitchen", 2021),
    ("A woman cuts two onions.", "A woman is cutting onions.", 0.8, "kitchen", 2022),
    ("A man fries five eggs.", "A man fries fish.", 0.5, "kitchen", 2021),
    ("The soup is hot.", "The soup is not hot.", 0.2, "kitchen", 2022),
    ("The dog eats the soup.", "The cat looks at the moon.", 0.1, "kitchen", 2022),
    ("Shares fell by two percent.", "Stocks rose by two percent.", 0.3, "news", 2021),
    ("The minister resigned.", "The minister has stepped down.", 1.0, "news", 2022),
    ("A train left the station.", "A cat left the house.", 0.1, "news", 2021),
    ("Nobody was hurt in the fire.", "Two men were hurt in a fire.", 0.3, "news", 2022),
    ("This one has no partner.", None, 0.5, "news", 2022),
]
"""Twelve pairs of texts with gold scores from 0 to 1, and one that cannot be used."""


def records(rows: list[tuple[Any, ...]] = RECORDS) -> pd.DataFrame:
    """The pairs as a data frame."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS))


def small_run(
    folder: Path, rows: list[tuple[Any, ...]] = RECORDS, model: Any = "all-MiniLM-L6-v2"
) -> Run:
    """Analyse a few pairs with few steps."""
    return analyze(
        records(rows), model=model, out=folder, text_a="first", text_b="second", gold="score",
        layer=4, quadrature="gauss-legendre", steps=4, progress=False,
    )  # fmt: skip
