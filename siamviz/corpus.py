"""The corpus baseline: many natural sentences of the same token count, averaged.

With references drawn independently for the two sides, e0 is a mean of unrelated embeddings and the
reference terms nearly vanish, so the matrix alone explains the score (expected integrated
Jacobians, after the expected gradients of Erion et al. 2021).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from siamviz.errors import ArgumentTypeError, InvalidArgumentError, InvalidTextError

POOL_PER_REFERENCE = 8


@dataclass(frozen=True)
class Corpus:
    """A baseline of many reference sentences, different ones for the two sides.

    Parameters
    ----------
    texts : sequence of str, optional
        Varied natural sentences; default: the 500 and more that come with siamviz.
    references : int
        How many references each side gets.
    balanced : bool
        Choose the references from a larger pool so that their mean embedding is small. The
        standard error is then that of the random nodes alone; with ``balanced=False`` it
        includes the spread over references.
    error : float
        A result is converged when its largest standard error is within this share of its
        largest cell.
    seed : int
        Draws the references and the nodes; equal seeds give equal results.

    Raises
    ------
    InvalidArgumentError, ArgumentTypeError
        If a value makes no sense.
    """

    texts: tuple[str, ...] | None = None
    references: int = 16
    balanced: bool = True
    error: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("references", 2), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise ArgumentTypeError(f"Corpus {name} must be an int, got {value!r}.")
            if value < least:
                raise InvalidArgumentError(f"Corpus {name} must be at least {least}, got {value}.")
        if not isinstance(self.balanced, bool):
            raise ArgumentTypeError(
                f"Corpus balanced must be True or False, got {self.balanced!r}."
            )
        if not isinstance(self.error, int | float):
            raise ArgumentTypeError(f"Corpus error must be a number, got {self.error!r}.")
        if not 0 < self.error < 1:
            raise InvalidArgumentError(
                f"Corpus error must be between 0 and 1, such as 0.1, got {self.error!r}."
            )
        if self.texts is not None:
            object.__setattr__(self, "texts", _checked_texts(self.texts))
        if len(self.sentences) < 2 * self.references:
            raise InvalidArgumentError(
                f"{self.references} references a side need a corpus of at least "
                f"{2 * self.references} different sentences, and this one has "
                f"{len(self.sentences)}. Give more texts or ask for fewer references."
            )

    @property
    def label(self) -> str:
        """A short name such as ``corpus(16, balanced)``."""
        return f"corpus({self.references}, {'balanced' if self.balanced else 'drawn'})"

    @property
    def key(self) -> str:
        """What results depend on: texts, number, choice and seed."""
        digest = hashlib.sha256("\n".join(self.sentences).encode()).hexdigest()[:16]
        return f"{self.label} seed={self.seed} error={self.error} texts={digest}"

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences that references are made of."""
        return packaged_sentences() if self.texts is None else self.texts

    def pool(self, side: str, lengths: list[int], tokens: int) -> list[list[int]]:
        """Sentence indices to join for each candidate reference of one side.

        Parameters
        ----------
        side : {"a", "b"}
            The sides use disjoint halves of the sentences.
        lengths : list of int
            Token count of every sentence.
        tokens : int
            How many tokens a reference must have.

        Returns
        -------
        list of list of int
            Each entry's sentences, joined, have at least `tokens` tokens.
        """
        order = np.random.default_rng(self.seed).permutation(len(lengths))
        half = [i for i in order[0 if side == "a" else 1 :: 2] if lengths[i] > 0]
        if len(half) < self.references:
            raise InvalidArgumentError(
                f"Only {len(half)} sentences of the corpus's side {side!r} have tokens for this "
                f"model, and {self.references} references are asked for. Give more texts."
            )
        count = self.references * (POOL_PER_REFERENCE if self.balanced else 1)
        pool = []
        for start in range(min(count, len(half))):
            chosen: list[int] = []
            total = 0
            while total < tokens:
                index = int(half[(start + len(chosen)) % len(half)])
                chosen.append(index)
                total += lengths[index]
            pool.append(chosen)
        return pool

    def choose(self, embeddings: np.ndarray) -> np.ndarray:
        """Indices of the references among the pool's embeddings (n, D).

        Balanced: greedy herding, each choice keeps the norm of the sum smallest.
        """
        count = min(self.references, len(embeddings))
        if not self.balanced:
            return np.arange(count)
        total = np.zeros(embeddings.shape[1])
        left = list(range(len(embeddings)))
        chosen = []
        for _ in range(count):
            best = left[int(np.argmin(np.linalg.norm(total + embeddings[left], axis=1)))]
            chosen.append(best)
            left.remove(best)
            total += embeddings[best]
        return np.array(chosen)


def _checked_texts(texts: Any) -> tuple[str, ...]:
    """Return the different texts that are not blank."""
    found = None if isinstance(texts, str) or not isinstance(texts, Iterable) else tuple(texts)
    if found is None or not all(isinstance(text, str) for text in found):
        raise ArgumentTypeError(f"Corpus texts must be a sequence of str, got {texts!r:.60}.")
    for index, text in enumerate(found):
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise InvalidTextError(
                f"Corpus text {index} contains a lone surrogate, which is no valid Unicode text "
                f"({text!r:.60}). Decode the source with errors='replace'."
            )
    return tuple(dict.fromkeys(text for text in found if text.strip()))


@lru_cache(maxsize=1)
def packaged_sentences() -> tuple[str, ...]:
    """The sentences that come with siamviz, over 50 topics, written for it."""
    source = files("siamviz").joinpath("data/corpus_en.json").read_text(encoding="utf-8")
    return tuple(text for topic in json.loads(source).values() for text in topic)
