"""Larger units of a sentence (words, sentences, spans) as groups of its tokens."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from numbers import Integral

import numpy as np

from siamviz.contributions import Role, Token
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, check_choice

Span = tuple[int, int]
UNITS = ("token", "word", "sentence")
COARSER = {"token": ("word", "sentence", "spans"), "word": ("sentence", "spans")}
"""What a result by a unit can be summed into."""

# UAX #29 word boundaries within ASCII; everything else is left to uniseg.
_ASCII_WORD = re.compile(
    r"\w+(?:(?:(?<=[A-Za-z])[.':](?=[A-Za-z])|(?<=[0-9])[.',;](?=[0-9]))\w+)*|[^\s\x1c-\x1f]",
    re.ASCII,
)
_MAY_SPLIT = re.compile(r"[\r\n]\s*\S|[.!?]\s*[^\s.!?]")
_ABBREVIATIONS = (
    "Mr Mrs Ms Mx Dr Prof Rev Hon Gen Col Maj Capt Lt Sgt Cpl Gov Sen Rep Pres "
    "St Mt Fr Sr Jr Messrs Mme Mlle vs cf Fig Figs Eq Vol pp al e.g i.e"
)
_ENDS_IN_ABBREVIATION = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(map(re.escape, _ABBREVIATIONS.split()))}|(?!I)[A-Z])\.[^\S\r\n]*\Z"
)


@dataclass(frozen=True)
class Unit:
    """A group of tokens.

    Attributes
    ----------
    token : Token
        The unit as a token: the exact slice of the sentence and its character offsets.
    indices : tuple of int
        The tokens it is made of, ascending.
    """

    token: Token
    indices: tuple[int, ...]


def group(text: str, tokens: Sequence[Token], unit: str | Sequence[Span]) -> tuple[Unit, ...]:
    """Group tokens into units by their character offsets.

    Every token belongs to exactly one unit, so sums over units are exact. A unit is a connected
    set of overlapping tokens and words: several byte-level tokens of one emoji are one unit, and
    so are the several words that one token covers. Special and prompt tokens, and tokens that
    cover no text, stay units of their own.

    Parameters
    ----------
    text : str
        The sentence that the offsets refer to.
    tokens : sequence of Token, length S
    unit : {"token", "word", "sentence"} or sequence of (start, end)
        Words and sentences have the boundaries of Unicode Standard Annex 29; no sentence ends
        after a title or a short list of abbreviations ("Mr.", "e.g."), or after a capital letter
        other than "I" ("J. Smith"). Spans are half-open and in characters; tokens outside of all
        spans stay as they are.

    Returns
    -------
    tuple of Unit, ordered by first token

    Raises
    ------
    InvalidArgumentError
        For an unknown unit; for spans that are empty, overlap, leave the text, cover no token or
        split one; for a tokenizer that gives no offsets.

    Examples
    --------
    >>> tokens = [Token("kit", 4, 7), Token("tens", 7, 11)]
    >>> [u.token.text for u in group("The kittens", tokens, "word")]
    ['kittens']
    """
    if isinstance(unit, str):
        check_choice("Unit", unit, UNITS)
        if unit == "token":
            return tuple(Unit(token, (i,)) for i, token in enumerate(tokens))
        return _group_by_overlap(text, tokens, unit)
    return _group_by_spans(text, tokens, unit)


def membership(units: Sequence[Unit], size: int) -> np.ndarray:
    """Return the (len(units), size) matrix of zeros and ones that sums tokens into units."""
    matrix = np.zeros((len(units), size))
    for row, unit in enumerate(units):
        matrix[row, list(unit.indices)] = 1.0
    return matrix


def unit_name(unit: str | Sequence[Span]) -> str:
    """Return the name under which a result records its unit."""
    return unit if isinstance(unit, str) else "spans"


def check_regroup(current: str, unit: str | Sequence[Span]) -> None:
    """Raise unless a result by `current` can be summed into `unit`."""
    if isinstance(unit, str):
        check_choice("Unit", unit, UNITS)
    if unit_name(unit) not in COARSER.get(current, ()):
        raise InvalidArgumentError(
            f"A result by {current!r} cannot be regrouped by {unit_name(unit)!r}. "
            "Call by() on the result by 'token' that it was made from."
        )


def pair_units(
    current: str, unit: str | Sequence[Span], spans_b: Sequence[Span] | None
) -> tuple[str | Sequence[Span], str | Sequence[Span]]:
    """Return the unit of each side; raise unless a result by `current` can be summed so."""
    if isinstance(unit, str) and spans_b is not None:
        raise InvalidArgumentError(
            f"by({unit!r}, spans) mixes a named unit with spans. "
            "Use by(unit), or by(spans_a, spans_b)."
        )
    if not isinstance(unit, str) and spans_b is None:
        raise InvalidArgumentError(
            "Spans were given for A only. Use by(spans_a, spans_b); an empty list leaves a side "
            "as it is."
        )
    check_regroup(current, unit)
    return unit, unit if spans_b is None else spans_b


def _group_by_overlap(text: str, tokens: Sequence[Token], unit: str) -> tuple[Unit, ...]:
    extents = {i: extent for i, token in enumerate(tokens) if (extent := _extent(text, token))}
    if not extents:
        if all(token.special for token in tokens):
            return group(text, tokens, "token")
        raise InvalidArgumentError(
            f"Unit {unit!r} needs character offsets, which this tokenizer does not give. "
            "Use unit='token', which works without them."
        )
    covered = max(end for _, end in extents.values())
    boundaries = word_spans if unit == "word" else sentence_spans
    starts = [start for start, _ in _merge([*extents.values(), *boundaries(text[:covered])])]
    keys = [
        (bisect_right(starts, extents[i][0]) if i in extents else -1 - i)
        for i in range(len(tokens))
    ]
    return _units(text, tokens, extents, keys)


def _group_by_spans(text: str, tokens: Sequence[Token], spans: object) -> tuple[Unit, ...]:
    checked = check_spans(text, spans)
    extents = {i: extent for i, token in enumerate(tokens) if (extent := _extent(text, token))}
    keys = [-1 - i for i in range(len(tokens))]
    for number, (first, last) in enumerate(checked):
        for i, (start, end) in extents.items():
            if start < last and first < end:
                if start < first or end > last:
                    raise InvalidArgumentError(
                        f"The span {(first, last)} would split the token {text[start:end]!r} at "
                        f"{(start, end)}, and a token cannot be split. "
                        f"Use {(min(first, start), max(last, end))} instead."
                    )
                keys[i] = number
        if number not in keys:
            raise InvalidArgumentError(
                f"The span {(first, last)} covers no token of the text: {text[first:last]!r}. "
                "It may be white space, or beyond what the model reads of a long text."
            )
    return _units(text, tokens, extents, keys, checked)


def _units(
    text: str,
    tokens: Sequence[Token],
    extents: dict[int, Span],
    keys: Sequence[int],
    spans: Sequence[Span] = (),
) -> tuple[Unit, ...]:
    """Gather tokens with equal keys; a key of 0 or more that counts `spans` takes its extent."""
    members: dict[int, list[int]] = {}
    for i, key in enumerate(keys):
        members.setdefault(key, []).append(i)
    units: list[Unit] = []
    for key, indices in members.items():
        token = tokens[indices[0]]
        if spans and key >= 0:
            token = _slice(text, spans[key], token.role)
        elif indices[0] in extents:
            start = min(extents[i][0] for i in indices)
            end = max(extents[i][1] for i in indices)
            token = _slice(text, (start, end), token.role)
        units.append(Unit(token, tuple(indices)))
    return tuple(units)


def _slice(text: str, span: Span, role: Role) -> Token:
    return Token(text[slice(*span)], *span, role)


def _extent(text: str, token: Token) -> Span | None:
    """Return what a text token covers without surrounding white space; None if nothing."""
    if token.special or token.start is None or token.end is None or token.start >= token.end:
        return None
    return _stripped(text, token.start, token.end) or (token.start, token.end)


def _stripped(text: str, start: int, end: int) -> Span | None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    return (start + left, start + right) if left < right else None


def _merge(spans: list[Span]) -> Iterator[Span]:
    """Yield the connected components of overlapping half-open spans, ascending."""
    current: Span | None = None
    for start, end in sorted(spans):
        if current is None or start >= current[1]:
            if current is not None:
                yield current
            current = (start, end)
        else:
            current = (current[0], max(current[1], end))
    if current is not None:
        yield current


def word_spans(text: str) -> list[Span]:
    """Return the (start, end) of every word and punctuation mark, by UAX #29, without spaces."""
    spans: list[Span] = []
    for chunk in re.finditer(r"[^ \t\r\n]+", text):
        spans += [(chunk.start() + a, chunk.start() + b) for a, b in _chunk_words(chunk.group())]
    return spans


@lru_cache(maxsize=65536)
def _chunk_words(chunk: str) -> tuple[Span, ...]:
    """Return the words of a text without ASCII white space, at which every word ends anyway."""
    if chunk.isascii():
        return tuple(match.span() for match in _ASCII_WORD.finditer(chunk))
    from uniseg.wordbreak import words

    return tuple(_nonblank_spans(chunk, words(chunk)))


@lru_cache(maxsize=1024)
def sentence_spans(text: str) -> tuple[Span, ...]:
    """Return the (start, end) of every sentence, by UAX #29, none ending in an abbreviation."""
    if text.isascii() and not _MAY_SPLIT.search(text):
        return tuple(_nonblank_spans(text, [text]))
    from uniseg.sentencebreak import sentences

    joined: list[str] = []
    for sentence in sentences(text):
        if joined and _ENDS_IN_ABBREVIATION.search(joined[-1]):
            joined[-1] += sentence
        else:
            joined.append(sentence)
    return tuple(_nonblank_spans(text, joined))


def _nonblank_spans(text: str, pieces: Iterator[str] | list[str]) -> Iterator[Span]:
    start = 0
    for piece in pieces:
        span = _stripped(text, start, start + len(piece))
        if span:
            yield span
        start += len(piece)


def check_spans(text: str, spans: object) -> list[Span]:
    """Return `spans` as pairs of int, or raise an error that names the first bad one."""
    if not isinstance(spans, Sequence):
        raise ArgumentTypeError(
            f"Unit must be one of {', '.join(map(repr, UNITS))} or a list of (start, end) "
            f"character spans, not {type(spans).__name__}."
        )
    checked = [_check_span(text, span) for span in spans]
    ordered = sorted(checked)
    for one, two in pairwise(ordered):
        if two[0] < one[1]:
            raise InvalidArgumentError(
                f"The spans {one} and {two} overlap. Each character may lie in one span only."
            )
    return checked


def _check_span(text: str, span: object) -> Span:
    if (
        not isinstance(span, Sequence)
        or len(span) != 2
        or not all(isinstance(x, Integral) and not isinstance(x, bool) for x in span)
    ):
        raise ArgumentTypeError(
            f"A span is a pair of whole numbers (start, end), not {span!r}. "
            "Both count characters of the text."
        )
    start, end = int(span[0]), int(span[1])
    if start >= end:
        raise InvalidArgumentError(
            f"The span {(start, end)} is empty. Its end must be greater than its start."
        )
    if start < 0 or end > len(text):
        raise InvalidArgumentError(
            f"The span {(start, end)} leaves the text, which has {len(text)} characters. "
            f"Use 0 <= start < end <= {len(text)}."
        )
    return start, end
