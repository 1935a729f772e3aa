"""A result as bytes, for the interactive view: a JSON header, then float32 arrays.

Layout: ``siam``, the header's length (uint32), the header (UTF-8, padded with spaces so that the
arrays lie at a multiple of eight), the arrays; all numbers little-endian. Arrays are by the finest
unit; the view sums them into larger ones, whose errors are in the header because they are no sums.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.contributions import Settings, Token
from siamviz.deletion import DeletionEffects
from siamviz.errors import InvalidArgumentError
from siamviz.export.compose import model_title, truncation_notes
from siamviz.export.measure import direction
from siamviz.units import COARSER, group

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

VERSION = 1
_MAGIC = b"siam"
_ALIGNMENT = 8
_UNDELETABLE = "Special tokens cannot be deleted, so their rows and columns are empty."


def pack(
    pair: PairAttribution | DeletionEffects,
    *,
    history: Iterable[tuple[int, float]] = (),
    notes: Sequence[str] = (),
    model: str = "",
) -> bytes:
    """Return a result as one frame.

    Parameters
    ----------
    pair : PairAttribution or DeletionEffects
        By any unit; larger units are described in the frame where the texts allow them.
    history : iterable of (steps, relative residual)
        How the error fell while the result was computed.
    notes : sequence of str
        Sentences to show beside those that the result brings.
    model : str
        What the model is called, for `DeletionEffects`, which do not know it.

    Returns
    -------
    bytes
    """
    header, arrays = _deletion(pair, model) if isinstance(pair, DeletionEffects) else _pair(pair)
    curve = [[int(steps), float(residual)] for steps, residual in history]
    header["history"] = [point for point in curve if math.isfinite(point[1])]
    header["notes"] += notes
    return _assemble(header, arrays)


def _pair(pair: PairAttribution) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    units, errors = _units(pair)
    header = {
        "version": VERSION,
        "method": "attribution",
        **_texts(pair),
        "unit": pair.unit,
        "units": units,
        "ledger": dict(pair.ledger),
        **_measures(pair),
        "settings": _settings(pair.settings),
        "certificate": {
            "relative_residual": _finite(pair.relative_residual),
            "residual_bound": _finite(pair.residual_bound),
            "converged": pair.converged,
            "steps_a": pair.steps_a,
            "steps_b": pair.steps_b,
            "message": pair.message,
            "sentence": pair.certificate,
        },
        "progress": pair.progress,
        "reference_dominates": pair.reference_dominates,
        "notes": truncation_notes(pair),
    }
    arrays = {
        "matrix": pair.matrix,
        "effects_a": pair.token_effects_a,
        "effects_b": pair.token_effects_b,
        "folded": pair.folded_matrix,
        **errors,
    }
    return header, arrays


def _deletion(pair: DeletionEffects, model: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    units, _ = _units(pair)
    matrix = np.nan_to_num(pair.matrix, nan=0.0)
    terms = {"base": 0.0, "tokens_a": 0.0, "tokens_b": 0.0, "residual": 0.0}
    header = {
        "version": VERSION,
        "method": "deletion",
        **_texts(pair),
        "unit": pair.unit,
        "units": units,
        "ledger": {**terms, "score": pair.score, "pairs": float(matrix.sum(dtype=np.float64))},
        **_measures(pair),
        "settings": _settings(Settings(model, 0, 0, "", "deletion", "float32", pair.unit)),
        "certificate": {
            "relative_residual": None,
            "residual_bound": None,
            "converged": None,
            "steps_a": 0,
            "steps_b": 0,
            "message": "",
            "sentence": "mixed deletion differences",
        },
        "progress": 1.0,
        "reference_dominates": False,
        "notes": [_UNDELETABLE] if np.isnan(pair.matrix).any() else [],
    }
    return header, {"matrix": matrix}


def _texts(pair: PairAttribution | DeletionEffects) -> dict[str, str]:
    return {
        "text_a": pair.text_a,
        "text_b": pair.text_b,
        "direction_a": direction(pair.text_a),
        "direction_b": direction(pair.text_b),
    }


def _measures(pair: PairAttribution | DeletionEffects) -> dict[str, Any]:
    """Return scores, and what to multiply by when going from one similarity to another."""
    first = next(iter(pair.normalisers))
    scales = {name: pair.normalisers[first] / n for name, n in pair.normalisers.items()}
    scores = {**pair.scores, pair.similarity: pair.score}
    return {"similarity": pair.similarity, "scales": scales, "scores": scores}


def _settings(settings: Settings) -> dict[str, Any]:
    return {**asdict(settings), "model": model_title(settings.model)}


def _units(
    pair: PairAttribution | DeletionEffects,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the units that the view can show, finest first, and their standard errors."""
    described: dict[str, Any] = {}
    errors: dict[str, np.ndarray] = {}
    for unit in (pair.unit, *COARSER.get(pair.unit, ())):
        if unit == "spans" != pair.unit:
            continue
        try:
            grouped = pair.by(unit)
        except InvalidArgumentError:
            continue
        described[unit] = {
            "a": _members(pair.text_a, pair.tokens_a, grouped.tokens_a, unit, pair.unit),
            "b": _members(pair.text_b, pair.tokens_b, grouped.tokens_b, unit, pair.unit),
            "cell_error": None if isinstance(grouped, DeletionEffects) else grouped.cell_error,
        }
        if not isinstance(grouped, DeletionEffects) and grouped.standard_error is not None:
            errors[f"error_{unit}"] = grouped.standard_error
    return described, errors


def _members(
    text: str, finest: tuple[Token, ...], tokens: tuple[Token, ...], unit: str, current: str
) -> list[list[Any]]:
    """Return each token with the indices of the finest ones that it is made of."""
    if unit == current:
        indices = [[i] for i in range(len(finest))]
    else:
        indices = [list(found.indices) for found in group(text, finest, unit)]
    return [
        [token.text, token.start, token.end, token.role, members]
        for token, members in zip(tokens, indices, strict=True)
    ]


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _assemble(header: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    places: dict[str, Any] = {}
    offset = 0
    for name, array in arrays.items():
        places[name] = [offset, list(array.shape)]
        offset += array.size
    text = json.dumps({**header, "arrays": places}, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    values = [np.ascontiguousarray(array, dtype="<f4").tobytes() for array in arrays.values()]
    return b"".join([_MAGIC, struct.pack("<I", len(text)), text, *values])
