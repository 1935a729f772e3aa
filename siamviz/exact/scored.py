"""Pairs of texts with gold scores, to train on and to measure with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from siamviz.errors import DataError
from siamviz.study.columns import GoldRange, choose_columns
from siamviz.study.rows import rows
from siamviz.study.sources import source


@dataclass(frozen=True)
class ScoredPairs:
    """Two columns of texts, and gold scores from 0 to 1.

    Attributes
    ----------
    a, b : list of str
    gold : list of float
    unusable : int
        Records that were left out.
    """

    a: list[str]
    b: list[str]
    gold: list[float]
    unusable: int

    @classmethod
    def read(
        cls, data: Any, columns: tuple[str | None, ...], scale: GoldRange | None, what: str
    ) -> ScoredPairs:
        """Read the usable pairs of a dataset.

        Raises
        ------
        DataError
            If it cannot be read, has no gold scores, or no pair can be used.
        """
        found = source(data)
        chosen = choose_columns(found, *columns)
        if chosen.gold is None:
            raise DataError(
                f"The {what} pairs in {found.name} have no column of gold scores, which are needed "
                f"here. Name it: gold='...'. There are {', '.join(map(repr, found.columns))}."
            )
        every = list(rows(found, chosen, scale))
        good = [row for row in every if row.error is None]
        if not good:
            raise DataError(f"No {what} pair in {found.name} can be used: {every[0].error}.")
        return cls(
            [row.text_a or "" for row in good],
            [row.text_b or "" for row in good],
            [row.gold or 0.0 for row in good],
            len(every) - len(good),
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all pairs in their order."""
        return hashlib.sha256(json.dumps([self.a, self.b, self.gold]).encode()).hexdigest()
