"""How a result becomes a picture: order, units, and what is worth saying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from siamviz.errors import SiamvizError
from siamviz.export.escape import label
from siamviz.export.measure import direction, shorten
from siamviz.export.picture import READABLE, STRONG, Heading, Link, Mark, Picture, Sentence

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution
    from siamviz.contributions import Token, Truncation


@dataclass(frozen=True)
class _Axis:
    """Which tokens a row or column gathers, and its heading."""

    text: str
    indices: tuple[int, ...]
    special: bool = False
    rest: bool = False


def draw(pair: PairAttribution, readable: int = READABLE, top: int = 10) -> Picture:
    """Return the picture of `pair`, by word if its tokens are too many to read.

    Parameters
    ----------
    pair : PairAttribution
    readable : int
        Rows or columns that can be read: beyond them tokens become words, and of the words only
        the strongest are shown on their own.
    top : int
        How many of the strongest pairs to list.
    """
    shown, note = _readable(pair, readable)
    rows = _axes(shown.tokens_a, np.abs(shown.matrix).sum(axis=1), readable)
    columns = _axes(shown.tokens_b, np.abs(shown.matrix).sum(axis=0), readable)
    gather_a, gather_b = _gather(rows, len(shown.tokens_a)), _gather(columns, len(shown.tokens_b))
    values = gather_a @ shown.matrix.astype(np.float64) @ gather_b.T
    effects = values.sum(axis=1), values.sum(axis=0)
    left_over = any(len(axis.indices) > 1 for axis in (*rows, *columns))
    limit = _largest(shown.matrix)
    unit_effects = shown.matrix.sum(axis=1), shown.matrix.sum(axis=0)
    sentence_limit = max(map(_largest, unit_effects))
    return Picture(
        measure="similarity" if pair.similarity == "cosine" else "dot product",
        score=float(pair.score),
        terms=_terms(pair),
        sentences=(
            _sentence("A", shown.text_a, shown.tokens_a, unit_effects[0], sentence_limit),
            _sentence("B", shown.text_b, shown.tokens_b, unit_effects[1], sentence_limit),
        ),
        sentence_limit=sentence_limit,
        rows=_headings(rows, effects[0], sentence_limit),
        columns=_headings(columns, effects[1], sentence_limit),
        values=values,
        uncertain=_uncertain(shown, values, gather_a, gather_b),
        limit=limit,
        links=_links(shown, limit, top),
        settings=_settings(shown),
        certificate=f"{pair.certificate[:1].upper()}{pair.certificate[1:]}.",
        settled=pair.converged,
        notes=_notes(pair, note, readable if left_over else 0),
        silent=_silent(shown),
    )


def _largest(effects: NDArray[np.floating]) -> float:
    return float(np.abs(effects).max(initial=0.0))


def _readable(pair: PairAttribution, readable: int) -> tuple[PairAttribution, str]:
    if pair.unit != "token" or max(pair.matrix.shape) <= readable:
        return pair, ""
    try:
        words = pair.by("word")
    except SiamvizError:
        return pair, ""
    sizes = " and ".join(str(size) for size in pair.matrix.shape)
    return words, f"Shown by word: the texts have {sizes} tokens. Every sum is exact."


def _axes(tokens: Sequence[Token], strength: NDArray[np.floating], readable: int) -> list[_Axis]:
    """Order tokens text first, special last; beyond `readable` gather the weakest of the text.

    Special tokens that carry nothing are left to a note.
    """
    text = [i for i, token in enumerate(tokens) if not token.special]
    kept = set(sorted(text, key=lambda i: -strength[i])[:readable])
    rest = tuple(i for i in text if i not in kept)
    axes = [_Axis(label(tokens[i].text), (i,)) for i in text if i in kept]
    if rest:
        axes.append(_Axis(f"({len(rest)} more)", rest, special=True, rest=True))
    special = (i for i, token in enumerate(tokens) if token.special and strength[i])
    return axes + [_Axis(label(tokens[i].text), (i,), special=True) for i in special]


def _gather(axes: Sequence[_Axis], count: int) -> NDArray[np.float64]:
    """Return the 0/1 matrix that sums tokens into rows or columns, shape (axes, tokens)."""
    matrix = np.zeros((len(axes), count))
    for row, axis in enumerate(axes):
        matrix[row, axis.indices] = 1.0
    return matrix


def _headings(
    axes: Sequence[_Axis], totals: NDArray[np.float64], limit: float
) -> tuple[Heading, ...]:
    return tuple(
        Heading(
            axis.text,
            float(total),
            axis.special,
            bool(abs(total) >= STRONG * limit > 0.0),
            axis.rest,
        )
        for axis, total in zip(axes, totals, strict=True)
    )


def _sentence(
    name: Literal["A", "B"],
    text: str,
    tokens: Sequence[Token],
    effects: NDArray[np.floating],
    limit: float,
) -> Sentence:
    marks: list[Mark] = []
    position, previous = 0, None
    for token, effect in zip(tokens, effects, strict=True):
        lead = " " if marks and (token.special or previous is None or token.start is None) else ""
        if token.start is not None and token.end is not None:
            lead += text[position : token.start]
            position = max(position, token.end)
        written = token.text if token.text.strip() else label(token.text)
        strong = abs(effect) >= STRONG * limit > 0.0 and not token.special
        marks.append(Mark(lead, written, float(effect), token.special, bool(strong)))
        previous = token.start
    return Sentence(name, tuple(marks), text[position:].rstrip(), direction(text))


def _uncertain(
    pair: PairAttribution,
    values: NDArray[np.float64],
    gather_a: NDArray[np.float64],
    gather_b: NDArray[np.float64],
) -> NDArray[np.bool_]:
    error = np.full(values.shape, pair.cell_error or 0.0)
    if pair.standard_error is not None:
        error = np.maximum(error, 2.0 * (gather_a @ pair.standard_error @ gather_b.T))
    return (np.abs(values) <= error) & (error > 0.0)


def _terms(pair: PairAttribution) -> tuple[tuple[str, float], ...]:
    ledger = pair.ledger
    if pair.folded:
        return (("pairs", ledger.pairs), ("residual", ledger.residual))
    return (
        ("pairs", ledger.pairs),
        ("tokens of A", ledger.tokens_a),
        ("tokens of B", ledger.tokens_b),
        ("base", ledger.base),
        ("residual", ledger.residual),
    )


def _links(pair: PairAttribution, limit: float, top: int) -> tuple[Link, ...]:
    return tuple(
        Link(
            rank=link.rank,
            a=label(link.a.text),
            b=label(link.b.text),
            effect=link.effect,
            share=link.share,
            strong=abs(link.effect) >= STRONG * limit,
        )
        for link in pair.top(top)
    )


def _settings(pair: PairAttribution) -> tuple[str, ...]:
    settings = pair.settings
    rule = label(settings.rule)
    return (
        label(model_title(settings.model)),
        f"layer {settings.layer} of {settings.layers}",
        f"baseline {label(settings.baseline)}",
        rule if f"({pair.steps})" in rule else f"{rule}, {pair.steps} steps",
        *(() if settings.precision == "auto" else (settings.precision,)),
        f"by {pair.unit}",
    )


def _notes(pair: PairAttribution, unit_note: str, strongest: int) -> tuple[str, ...]:
    notes = [pair.message, unit_note]
    if strongest:
        notes.append(
            f"The {strongest} strongest rows and columns are shown, the rest is summed in one."
        )
    if pair.folded:
        notes.append("Folded: each token carries its share of the reference's embedding.")
    if pair.reference_dominates:
        notes.append(
            "The reference terms are larger than the score, so this reference is not neutral: "
            'baseline="corpus" nearly removes them.'
        )
    notes += truncation_notes(pair)
    return tuple(note for note in notes if note)


def _silent(pair: PairAttribution) -> str:
    """Say which special tokens have no effect and so no row or column."""
    effects = np.abs(pair.matrix)
    sides = (pair.tokens_a, effects.sum(axis=1)), (pair.tokens_b, effects.sum(axis=0))
    silent = dict.fromkeys(
        label(token.text)
        for tokens, strength in sides
        for token, size in zip(tokens, strength, strict=True)
        if token.special and not size
    )
    if not silent:
        return ""
    carry, them = ("carries", "it") if len(silent) == 1 else ("carry", "them")
    names = " and ".join(silent)
    return f"{names} {carry} nothing, so the matrix has no row or column for {them}."


def title_of(pair: PairAttribution) -> str:
    """Return what a picture is called: the beginnings of its texts."""
    return f"{shorten(label(pair.text_a), 40)} × {shorten(label(pair.text_b), 40)}"


def model_title(name: str) -> str:
    """Return the last part of a model's name or path, which does not tell where it lies.

    >>> model_title("/home/ada/models/all-MiniLM-L6-v2/")
    'all-MiniLM-L6-v2'
    """
    return name.rstrip("/\\").replace("\\", "/").rpartition("/")[2]


def truncation_notes(pair: PairAttribution) -> list[str]:
    """Return a sentence for each text that did not fit into the model."""
    sides = (("A", pair.truncation_a), ("B", pair.truncation_b))
    return [_truncated(name, truncation) for name, truncation in sides if truncation]


def _truncated(name: str, truncation: Truncation) -> str:
    return (
        f"Text {name} was cut: its last {truncation.tokens} tokens "
        f"({truncation.characters} characters) do not fit into the model."
    )
