"""Attributions as plain data for JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from siamviz.contributions import Role, Settings, Token, Truncation
from siamviz.errors import ArgumentTypeError, InvalidArgumentError
from siamviz.terms import SIMILARITIES

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

FORMAT = "siamviz.pair/1"
_LATER = ("revision",)
"""Fields that files of earlier versions lack."""
T = TypeVar("T")


def pair_to_dict(pair: PairAttribution) -> dict[str, Any]:
    """Return the fields of `pair` as plain lists, strings and numbers, none of them NaN."""
    error = pair.standard_error
    return {
        "format": FORMAT,
        "dtype": str(pair.matrix.dtype),
        "text_a": pair.text_a,
        "text_b": pair.text_b,
        "tokens_a": [asdict(token) for token in pair.tokens_a],
        "tokens_b": [asdict(token) for token in pair.tokens_b],
        "matrix": pair.matrix.tolist(),
        "token_effects_a": pair.token_effects_a.tolist(),
        "token_effects_b": pair.token_effects_b.tolist(),
        "base": pair.base,
        "residual": pair.residual,
        "score": pair.score,
        "similarity": pair.similarity,
        "scores": dict(pair.scores),
        "normalisers": dict(pair.normalisers),
        "settings": asdict(pair.settings),
        "relative_residual": _finite(pair.relative_residual),
        "residual_bound": _finite(pair.residual_bound),
        "converged": pair.converged,
        "steps_a": pair.steps_a,
        "steps_b": pair.steps_b,
        "folded_matrix": pair.folded_matrix.tolist(),
        "cell_error": _finite(pair.cell_error),
        "standard_error": None if error is None else error.tolist(),
        "unit": pair.unit,
        "folded": pair.folded,
        "message": pair.message,
        "progress": pair.progress,
        "truncation_a": asdict(pair.truncation_a),
        "truncation_b": asdict(pair.truncation_b),
    }


def pair_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `PairAttribution` that `pair_to_dict` wrote, checked."""
    if not isinstance(data, Mapping):
        raise ArgumentTypeError(
            f"from_dict takes a mapping as to_dict returns it, not {type(data).__name__}."
        )
    if data.get("format") != FORMAT:
        raise InvalidArgumentError(
            f"The format {data.get('format')!r} is not known. This version reads {FORMAT!r}, "
            "as PairAttribution.to_dict writes it."
        )
    dtype = _choice(data, "dtype", ("float32", "float64"))
    tokens_a, tokens_b = _tokens(data, "tokens_a"), _tokens(data, "tokens_b")
    rows, columns = len(tokens_a), len(tokens_b)
    has_error = _value(data, "standard_error") is not None
    return {
        **{key: _typed(data, key, str) for key in ("text_a", "text_b", "message")},
        "tokens_a": tokens_a,
        "tokens_b": tokens_b,
        "matrix": _array(data, "matrix", (rows, columns), dtype),
        "token_effects_a": _array(data, "token_effects_a", (rows,), dtype),
        "token_effects_b": _array(data, "token_effects_b", (columns,), dtype),
        **{key: _number(data, key) for key in ("base", "residual", "score", "progress")},
        "similarity": _choice(data, "similarity", SIMILARITIES),
        "scores": _by_similarity(data, "scores"),
        "normalisers": _by_similarity(data, "normalisers"),
        "settings": _record(data, "settings", Settings),
        "relative_residual": _number_or(data, "relative_residual", math.nan),
        "residual_bound": _number_or(data, "residual_bound", math.nan),
        "converged": None if _value(data, "converged") is None else _typed(data, "converged", bool),
        "steps_a": _typed(data, "steps_a", int),
        "steps_b": _typed(data, "steps_b", int),
        "folded_matrix": _array(data, "folded_matrix", (rows, columns), dtype),
        "cell_error": _number_or(data, "cell_error", None),
        "standard_error": (
            _array(data, "standard_error", (rows, columns), dtype) if has_error else None
        ),
        "unit": _choice(data, "unit", ("token", "word", "sentence", "spans")),
        "folded": _typed(data, "folded", bool),
        "truncation_a": _record(data, "truncation_a", Truncation),
        "truncation_b": _record(data, "truncation_b", Truncation),
    }


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else number


def _value(data: Mapping[str, Any], key: str) -> Any:
    if key not in data:
        raise InvalidArgumentError(
            f"The key {key!r} is missing. Pass everything that PairAttribution.to_dict returned."
        )
    return data[key]


def _unfit(key: str, value: object, wanted: str) -> InvalidArgumentError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return InvalidArgumentError(f"The value of {key!r} must be {wanted}, not {shown}.")


def _typed(data: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = _value(data, key)
    if type(value) is not kind:
        raise _unfit(key, value, f"of type {kind.__name__}")
    return value


def _choice(data: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = _value(data, key)
    if value not in allowed:
        raise _unfit(key, value, f"one of {', '.join(map(repr, allowed))}")
    return value


def _number(data: Mapping[str, Any], key: str) -> float:
    value = _value(data, key)
    try:
        number = float(value) if type(value) in (int, float) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _unfit(key, value, "a finite number")
    return number


def _number_or(data: Mapping[str, Any], key: str, default: T) -> float | T:
    return default if _value(data, key) is None else _number(data, key)


def _by_similarity(data: Mapping[str, Any], key: str) -> dict[str, float]:
    """Return a number for the similarity of the result, and for others where they have one."""
    value = _typed(data, key, dict)
    present = _choice(data, "similarity", SIMILARITIES)
    if present not in value or not set(value) <= set(SIMILARITIES):
        raise _unfit(key, value, f"a mapping from {present!r} (and other similarities) to numbers")
    return {similarity: _number(value, similarity) for similarity in value}


def _array(data: Mapping[str, Any], key: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    value = _value(data, key)
    try:
        array = np.array(value, dtype=dtype)
    except (TypeError, ValueError, OverflowError):
        raise _unfit(key, value, "nested lists of numbers") from None
    array = array.reshape(shape) if array.size == 0 and 0 in shape else array
    if array.shape != shape:
        raise InvalidArgumentError(
            f"The value of {key!r} has shape {array.shape}, but the tokens call for {shape}."
        )
    if not np.isfinite(array).all():
        raise InvalidArgumentError(f"The value of {key!r} contains NaN or infinity.")
    return array


def _record(data: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """Return a dataclass of strings and whole numbers."""
    value = _typed(data, key, dict)
    known = fields(kind)  # pyright: ignore[reportArgumentType]
    names = [field.name for field in known]
    if set(value) | (set(_LATER) & set(names)) != set(names):
        raise _unfit(key, value, f"a mapping with the keys {', '.join(map(repr, names))}")
    for field in known:
        if field.name in value and type(value[field.name]).__name__ != field.type:
            raise _unfit(f"{key}.{field.name}", value[field.name], f"of type {field.type}")
    return kind(**value)


def _tokens(data: Mapping[str, Any], key: str) -> tuple[Token, ...]:
    return tuple(_token(f"{key}[{i}]", value) for i, value in enumerate(_typed(data, key, list)))


def _token(key: str, value: Any) -> Token:
    names = ["end", "role", "start", "text"]
    if not isinstance(value, dict) or sorted(value) != names:
        raise _unfit(key, value, f"a mapping with the keys {', '.join(map(repr, names))}")
    offsets = (value["start"], value["end"])
    if (
        not isinstance(value["text"], str)
        or value["role"] not in get_args(Role)
        or any(offset is not None and type(offset) is not int for offset in offsets)
    ):
        raise _unfit(key, value, "a token: text, offsets or None, and a role")
    return Token(**value)
