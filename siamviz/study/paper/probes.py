"""Minimal pairs: a sentence, one that changes its meaning in one place, and one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

KINDS = ("negation", "antonym", "roles")


@dataclass(frozen=True)
class Probe:
    """One minimal pair with its control.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    base : str
    changed : str
        Says something else: negated, with an antonym, or with its roles swapped.
    control : str
        Says the same, or hardly more, in another form: another adverb for "not", a synonym for
        the antonym, the passive for swapped roles, which is two words longer.
    changed_words, control_words : tuple of str
        The words of these that the base has not; none for roles.
    group : str
        What probes of one template have in common; these are no independent samples.
    """

    kind: str
    base: str
    changed: str
    control: str
    changed_words: tuple[str, ...]
    control_words: tuple[str, ...]
    group: str


_STATES = (
    (("soup", "tea", "coffee", "water", "bread", "room"), ("hot", "cold", "warm")),
    (("house", "garden", "kitchen", "table", "box", "stone"), ("big", "small", "large")),
    (("woman", "boy", "girl", "teacher", "farmer", "child"), ("happy", "sad", "glad")),
    (("car", "train", "horse", "boat", "runner", "ship"), ("fast", "slow", "quick")),
    (("question", "problem", "task", "game", "lesson", "puzzle"), ("easy", "difficult", "simple")),
    (("king", "doctor", "merchant", "family", "actor", "city"), ("rich", "poor", "wealthy")),
    (("engine", "crowd", "street", "party", "machine", "bell"), ("loud", "quiet", "noisy")),
    (("door", "window", "gate", "shop", "office", "bank"), ("shut", "open", "closed")),
    (("movie", "story", "speech", "book", "meeting", "song"), ("boring", "exciting", "dull")),
    (("exam", "winter", "war", "journey", "night", "trial"), ("long", "short", "lengthy")),
    (("road", "river", "bridge", "valley", "path", "beach"), ("wide", "narrow", "broad")),
    (("student", "lawyer", "dog", "cat", "monkey", "pupil"), ("clever", "stupid", "smart")),
    (("glass", "shirt", "floor", "plate", "mirror", "towel"), ("dirty", "clean", "filthy")),
    (("soldier", "captain", "sailor", "hunter", "guard", "knight"), ("brave", "afraid", "bold")),
    (("statement", "result", "report", "rumor", "claim", "theory"), ("false", "true", "wrong")),
    (("sky", "forest", "cave", "hall", "cellar", "church"), ("dark", "bright", "dim")),
    (("coat", "carpet", "hotel", "ring", "dress", "wine"), ("expensive", "cheap", "costly")),
)
"""Things, and three words for them: a state, its opposite, and another word for it."""

_ADVERBS = ("still", "now", "also", "again", "already", "indeed")

_DEEDS = (
    ("chased", ("dog", "cat", "wolf", "horse", "boy")),
    ("helped", ("doctor", "farmer", "teacher", "student", "nurse")),
    ("followed", ("soldier", "captain", "hunter", "child", "guard")),
    ("praised", ("king", "queen", "poet", "actor", "singer")),
    ("visited", ("uncle", "lawyer", "sister", "neighbor", "writer")),
    ("attacked", ("lion", "tiger", "bear", "snake", "eagle")),
)
"""What is done, and who can both do it and have it done to them."""


def probes(kind: str, count: int | None = None) -> tuple[Probe, ...]:
    """Return all probes of a kind, over 100, in a fixed order; or so many, evenly spread."""
    every = tuple({"negation": _negations, "antonym": _antonyms, "roles": _roles}[kind]())
    if count is None:
        return every
    return tuple(every[place * len(every) // count] for place in range(min(count, len(every))))


def _negations() -> Iterator[Probe]:
    for number, (thing, (state, _, _)) in enumerate(_things()):
        adverb = _ADVERBS[number % len(_ADVERBS)]
        yield Probe(
            "negation",
            f"The {thing} is {state}.",
            f"The {thing} is not {state}.",
            f"The {thing} is {adverb} {state}.",
            ("not",),
            (adverb,),
            state,
        )


def _antonyms() -> Iterator[Probe]:
    for thing, states in _things():
        base, changed, control = (f"The {thing} is {state}." for state in states)
        yield Probe("antonym", base, changed, control, states[1:2], states[2:], states[0])


def _roles() -> Iterator[Probe]:
    for deed, people in _DEEDS:
        for one, other in product(people, repeat=2):
            if one != other:
                yield Probe(
                    "roles",
                    f"The {one} {deed} the {other}.",
                    f"The {other} {deed} the {one}.",
                    f"The {other} was {deed} by the {one}.",
                    (),
                    (),
                    deed,
                )


def _things() -> Iterator[tuple[str, tuple[str, str, str]]]:
    for things, states in _STATES:
        for thing in things:
            yield thing, states
