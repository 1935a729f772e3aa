"""Which columns of a dataset hold the two texts and the gold score."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError, suggest
from siamviz.study.records import Broken, Source

_NAMES_A = ("text_a", "sentence1", "sentence_a", "text1", "premise", "query", "question1", "anchor")
_NAMES_B = (
    "text_b", "sentence2", "sentence_b", "text2", "hypothesis", "passage", "question2", "positive",
)  # fmt: skip
_NAMES_GOLD = ("gold", "score", "similarity_score", "similarity", "label", "relatedness_score")


@dataclass(frozen=True)
class Columns:
    """The columns of a dataset.

    Attributes
    ----------
    text_a, text_b : str
    gold : str or None
        None for pairs without gold scores.
    metadata : tuple of str
        All the others.
    guessed : tuple of str
        Which of "text_a", "text_b" and "gold" were not given but found.
    """

    text_a: str
    text_b: str
    gold: str | None
    metadata: tuple[str, ...]
    guessed: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"text A = {self.text_a!r}", f"text B = {self.text_b!r}", self._gold()]
        if self.metadata:
            parts.append("metadata = " + ", ".join(map(repr, self.metadata)))
        guesses = " and ".join(name.replace("_", " ") for name in self.guessed)
        return "; ".join(parts) + (f" (guessed: {guesses})" if guesses else "")

    def _gold(self) -> str:
        return "no gold score" if self.gold is None else f"gold = {self.gold!r}"


def choose_columns(
    source: Source, text_a: str | None = None, text_b: str | None = None, gold: str | None = None
) -> Columns:
    """Return the columns that were named, and guesses for those that were not.

    Texts are guessed by the names that datasets of pairs use (sentence1, premise, question1, …),
    else as the first two columns of text; the gold score likewise, else as the only column of
    numbers.

    Raises
    ------
    DataError
        If a column that was named is not there, is named twice, or cannot be guessed.
    """
    given = {"text_a": text_a, "text_b": text_b, "gold": gold}
    for what, name in given.items():
        if name is not None and name not in source.columns:
            raise _missing(what, name, source)
    named = [name for name in given.values() if name is not None]
    twice = [name for name in named if named.count(name) > 1]
    if twice:
        raise DataError(f"The column {twice[0]!r} is given for two things. Give different ones.")
    found = _guess(source, given)
    chosen = {what: name if name is not None else found[what] for what, name in given.items()}
    for what in ("text_a", "text_b"):
        if chosen[what] is None:
            raise DataError(
                f"No column of {source.name} looks like {what.replace('_', ' ')}: there are "
                f"{_listed(source)}. Name it: {what}=…, on the command line "
                f"--{what.replace('_', '-')}.{_unread(source)}"
            )
    rest = tuple(name for name in source.columns if name not in chosen.values())
    guessed = tuple(what for what in given if given[what] is None and chosen[what] is not None)
    return Columns(str(chosen["text_a"]), str(chosen["text_b"]), chosen["gold"], rest, guessed)


def _guess(source: Source, given: dict[str, str | None]) -> dict[str, str | None]:
    taken = {name for name in given.values() if name is not None}
    free = [name for name in source.columns if name not in taken]
    kinds = _kinds(source)
    texts = [name for name in free if kinds[name] == "text"]
    numbers = [name for name in free if kinds[name] == "number"]
    found: dict[str, str | None] = {}
    for what, names in (("text_a", _NAMES_A), ("text_b", _NAMES_B)):
        if given[what] is None:
            found[what] = _by_name(texts, names) or next(iter(texts), None)
            texts = [name for name in texts if name != found[what]]
    named = _by_name(free, _NAMES_GOLD) is not None
    alone = numbers[0] if len(numbers) == 1 and not named else None
    found["gold"] = _by_name(numbers, _NAMES_GOLD) or alone
    return found


def _by_name(free: list[str], names: Iterable[str]) -> str | None:
    plain = {name.strip().lower().replace(" ", "_").replace("-", "_"): name for name in free}
    return next((plain[name] for name in names if name in plain), None)


def _kinds(source: Source) -> dict[str, str]:
    """What most of the first records hold in each column: "text", "number" or nothing."""
    head = [record for record in source.head() if not isinstance(record, Broken)]
    kinds = {}
    for place, name in enumerate(source.columns):
        values = [record[place] for record in head if not absent(record[place])]
        numbers = sum(as_number(value) is not None for value in values)
        texts = sum(isinstance(value, str) and as_number(value) is None for value in values)
        kinds[name] = "number" if numbers > len(values) / 2 else "text" if texts > 0 else ""
    return kinds


def absent(value: Any) -> bool:
    """Whether a cell is empty in any of the ways in which tables say so."""
    if isinstance(value, float | np.floating):
        return math.isnan(value)
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    if isinstance(value, str):
        return not value
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def as_number(value: Any) -> float | None:
    """Return a finite number for a number or a text that is one; otherwise None."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class GoldRange:
    """The scale of gold scores, which are moved to the range from 0 to 1.

    Attributes
    ----------
    low, high : float
        The gold scores that mean "nothing in common" and "the same".
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            end = getattr(self, name)
            if as_number(end) is None or not isinstance(end, Real):
                raise ArgumentTypeError(
                    f"gold_range must be two numbers such as (0, 5), got {end!r}."
                )
            object.__setattr__(self, name, float(end))
        if not self.low < self.high:
            raise InvalidArgumentError(
                f"gold_range must rise, got {self.low:g} to {self.high:g}. Use e.g. (0, 5)."
            )

    def rescale(self, gold: float) -> float:
        """Return the gold score on the range from 0 to 1."""
        return (gold - self.low) / (self.high - self.low)


def _missing(what: str, name: str, source: Source) -> DataError:
    return DataError(
        f"{what}={name!r} is no column of {source.name}: there are {_listed(source)}."
        f"{suggest(name, source.columns)}"
    )


def _unread(source: Source) -> str:
    """Why the first records cannot be read, if none of them can, as a further sentence."""
    head = source.head()
    if head and all(isinstance(record, Broken) for record in head):
        return f" None of the first {len(head)} records can be read: {head[0]}."
    return ""


def _listed(source: Source) -> str:
    return ", ".join(map(repr, source.columns))
