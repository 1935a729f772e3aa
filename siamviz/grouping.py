"""Attributions by larger units: sums over their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz import terms
from siamviz.contributions import SentenceContributions
from siamviz.units import Span, Unit, group, membership, pair_units, unit_name

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution


def group_contributions(c: SentenceContributions, units: Sequence[Unit]) -> SentenceContributions:
    """Return the contributions of larger units: sums of their tokens' contributions."""
    sums = membership(units, len(c.tokens))

    def summed(array: np.ndarray) -> np.ndarray:
        return sums.astype(array.dtype) @ array

    return replace(
        c,
        tokens=tuple(unit.token for unit in units),
        vectors=summed(c.vectors),
        reference_shares=summed(c.reference_shares),
        coarse=None if c.coarse is None else summed(c.coarse),
        deviations=None if c.deviations is None else summed(c.deviations),
    )


def group_pair(
    pair: PairAttribution,
    contributions: tuple[SentenceContributions, SentenceContributions] | None,
    unit: str | Sequence[Span],
    spans_b: Sequence[Span] | None,
) -> dict[str, Any]:
    """Return the fields of `pair` that change when its tokens are summed into units.

    Errors are exact where the `contributions` of the pair are given, else upper bounds.
    """
    of_a, of_b = pair_units(pair.unit, unit, spans_b)
    units_a = group(pair.text_a, pair.tokens_a, of_a)
    units_b = group(pair.text_b, pair.tokens_b, of_b)
    sums_a = membership(units_a, len(pair.tokens_a))
    sums_b = membership(units_b, len(pair.tokens_b))
    kind = pair.matrix.dtype
    error, cell_error = pair.standard_error, pair.cell_error
    if contributions is not None:
        a, b = contributions
        contributions = a, b = group_contributions(a, units_a), group_contributions(b, units_b)
        n = pair.normalisers[pair.similarity]
        error, cell_error = terms.standard_error(a, b, n), terms.cell_error(a, b, n)
    else:
        error = None if error is None else sums_a @ error @ sums_b.T
        cells = float(sums_a.sum(axis=1).max() * sums_b.sum(axis=1).max())
        cell_error = None if cell_error is None else cell_error * cells
    return {
        "tokens_a": tuple(u.token for u in units_a),
        "tokens_b": tuple(u.token for u in units_b),
        "matrix": (sums_a @ pair.matrix @ sums_b.T).astype(kind),
        "token_effects_a": (sums_a @ pair.token_effects_a).astype(kind),
        "token_effects_b": (sums_b @ pair.token_effects_b).astype(kind),
        "folded_matrix": (sums_a @ pair.folded_matrix @ sums_b.T).astype(kind),
        "cell_error": cell_error,
        "standard_error": None if error is None else error.astype(kind),
        "unit": unit_name(unit),
        "_pair": contributions,
    }
