"""The batches of a run that any process can work on: texts, then pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from siamviz.monitor import Monitor
from siamviz.study.pairing import Pairer, PairKey
from siamviz.study.settings import RunSettings
from siamviz.study.shards import Shards, TextKey, write_texts
from siamviz.study.store import Store

if TYPE_CHECKING:
    from siamviz.explainer import Cancel, Explainer

TEXTS_A_PART = 128
PAIRS_A_PART = 1024
WORD_PAIRS_A_PART = 2_000_000
"""What is in memory at a time."""
PART_SECONDS = 15.0
"""What a killed process may lose, about."""


def work(tokens: int) -> float:
    """The cost of a text's contributions, in products of a token with a tangent."""
    return tokens * (tokens + 1.0)


class TextStage:
    """Computes the contributions of a batch of texts and writes them as one part.

    Parameters
    ----------
    folder : Path
        Of a run.
    explainer : Explainer
    """

    def __init__(self, folder: Path, explainer: Explainer) -> None:
        self._store = Store(folder)
        self._explainer = explainer
        self._settings = RunSettings.from_dict(self._store.settings)

    def __call__(self, part: int, keys: Sequence[TextKey], cancel: Cancel = None) -> None:
        """Write part `part` of the table "texts"; all keys are of one role."""
        options = self._settings.options(keys[0].role)
        found = self._explainer.contributions_many(
            [key.text for key in keys], errors="keep", cancel=cancel, **options
        )
        Monitor(cancel).check()
        write_texts(self._store, part, keys, found)


class PairStage:
    """Attributes a batch of pairs from stored contributions and writes them as one part.

    Parameters
    ----------
    folder : Path
        Of a run.
    """

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder)
        self._shards = Shards(self._store)
        settings = RunSettings.from_dict(self._store.settings)
        self._pairer = Pairer(self._shards, settings.similarity)

    def knows(self, keys: Sequence[PairKey]) -> bool:
        """Whether the contributions of all texts of these pairs are there."""
        self._shards.refresh()
        return all(key.a in self._shards and key.b in self._shards for key in keys)

    def __call__(self, part: int, keys: Sequence[PairKey], cancel: Cancel = None) -> None:
        """Write part `part` of "word_pairs" and then of "attributions"."""
        self._shards.refresh()
        attributions, word_pairs = self._pairer(keys)
        Monitor(cancel).check()
        for name, columns in (("word_pairs", word_pairs), ("attributions", attributions)):
            self._store.write(name, part, self._store.table(name, columns))


def text_batches(
    keys: Sequence[TextKey], seconds_a_work: float, seconds: float = PART_SECONDS
) -> Iterator[list[TextKey]]:
    """Split texts into parts of one role and similar length, each of so many seconds' work."""
    most = seconds / seconds_a_work if seconds_a_work else inf
    ordered = sorted(keys, key=lambda key: (key.role, key.tokens, key.text_id))
    for _, of_role in groupby(ordered, key=lambda key: key.role):
        batch: list[TextKey] = []
        load = 0.0
        for key in of_role:
            if batch and (len(batch) == TEXTS_A_PART or load + work(key.tokens) > most):
                yield batch
                batch, load = [], 0.0
            batch.append(key)
            load += work(key.tokens)
        yield batch


def pair_batches(keys: Sequence[PairKey], most: int = PAIRS_A_PART) -> Iterator[list[PairKey]]:
    """Split pairs into parts of at most so many pairs, and of words that memory has room for."""
    batch: list[PairKey] = []
    load = 0
    for key in keys:
        if batch and (len(batch) == most or load + key.word_pairs > WORD_PAIRS_A_PART):
            yield batch
            batch, load = [], 0
        batch.append(key)
        load += key.word_pairs
    if batch:
        yield batch
