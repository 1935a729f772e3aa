"""The terms of a pair's ledger, computed from the contributions of its two sentences.

All are products of contribution vectors over one normaliser n; see `PairAttribution`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.contributions import SentenceContributions, Settings
from siamviz.errors import InvalidArgumentError, check_choice

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

SIMILARITIES = ("cosine", "dot")


def check_similarity(asked: str) -> str:
    """Return a similarity's name if its scores can be attributed to token pairs.

    Raises
    ------
    InvalidArgumentError
    """
    if asked in ("euclidean", "manhattan"):
        raise InvalidArgumentError(
            f"{asked.capitalize()} similarity is not a product of two embeddings, so it has no "
            "token pairs to attribute to. Use similarity='cosine' or 'dot'."
        )
    return check_choice("Similarity", asked, SIMILARITIES)


def similarities(one: np.ndarray, other: np.ndarray, similarity: str) -> np.ndarray:
    """Return the similarities (…) of embeddings (…, D) and (…, D) in float64."""
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    products = (one * other).sum(-1)
    if similarity == "dot":
        return products
    return products / np.linalg.norm(one, axis=-1) / np.linalg.norm(other, axis=-1)


def joint_settings(a: Settings, b: Settings) -> Settings:
    """Return what both sides were asked to do, or raise if they do not belong together.

    Baseline, rule and precision may differ, since every side carries its own reference and
    certificate; both are named.
    """
    for name in ("model", "revision", "layer", "layers", "unit"):
        one, two = getattr(a, name), getattr(b, name)
        if one != two and not (name == "revision" and "" in (one, two)):
            raise InvalidArgumentError(
                f"The two sentences were computed with different settings: {name} is {one!r} for A "
                f"and {two!r} for B. Compute both with the same {name}."
            )
    return replace(
        a,
        baseline=_either(a.baseline, b.baseline),
        rule=_either(a.rule, b.rule),
        precision=_either(a.precision, b.precision),
    )


def pair_fields(
    a: SentenceContributions, b: SentenceContributions, similarity: str
) -> dict[str, Any]:
    """Return the fields of the `PairAttribution` of two sentences, arrays in float32 or wider."""
    check_choice("Similarity", similarity, SIMILARITIES)
    settings = joint_settings(a.settings, b.settings)
    scores, normalisers = measures(a, b, similarity)
    n = normalisers[similarity]
    c_a, c_b = wide(a.vectors), wide(b.vectors)
    e_a, e_b = wide(a.embedding), wide(b.embedding)
    e0_a, e0_b = wide(a.reference), wide(b.reference)
    rho_a, rho_b = a.residual_vector, b.residual_vector
    folded = (c_a + a.reference_shares) @ (c_b + b.reference_shares).T / n
    kind = np.result_type(a.vectors, b.vectors, np.float32)
    error = standard_error(a, b, n)
    return {
        "text_a": a.text,
        "text_b": b.text,
        "tokens_a": a.tokens,
        "tokens_b": b.tokens,
        "matrix": (c_a @ c_b.T / n).astype(kind),
        "token_effects_a": (c_a @ e0_b / n).astype(kind),
        "token_effects_b": (c_b @ e0_a / n).astype(kind),
        "base": float(e0_a @ e0_b / n),
        "residual": float((rho_a @ e_b + e_a @ rho_b - rho_a @ rho_b) / n),
        "score": scores[similarity],
        "similarity": similarity,
        "scores": scores,
        "normalisers": normalisers,
        "settings": settings,
        "relative_residual": float(max(a.relative_residual, b.relative_residual)),
        "residual_bound": float(max(a.residual_bound, b.residual_bound)),
        "converged": _both_converged(a.converged, b.converged),
        "steps_a": a.steps,
        "steps_b": b.steps,
        "folded_matrix": folded.astype(kind),
        "cell_error": cell_error(a, b, n),
        "standard_error": None if error is None else error.astype(kind),
        "unit": settings.unit,
        "message": _joined(a.message, b.message),
        "progress": (a.progress + b.progress) / 2,
        "truncation_a": a.truncation,
        "truncation_b": b.truncation,
    }


def _both_converged(a: bool | None, b: bool | None) -> bool | None:
    return None if a is None and b is None else a is not False and b is not False


def _joined(a: str, b: str) -> str:
    if a == b or not (a and b):
        return a or b
    return f"A: {a} B: {b}"


def _either(a: str, b: str) -> str:
    return a if a == b else f"{a} | {b}"


def wide(array: np.ndarray) -> np.ndarray:
    """Return `array` in float64."""
    return np.asarray(array, dtype=np.float64)


def length(vector: np.ndarray, what: str) -> float:
    """Return the Euclidean norm of `vector`; raise if cosine similarity is not defined for it."""
    norm = float(np.sqrt(vector @ vector))
    if norm == 0:
        raise InvalidArgumentError(
            f"{what} is zero, and the cosine of a zero vector is not defined. "
            "Use similarity='dot', or another text."
        )
    return norm


def normaliser(a: SentenceContributions, b: SentenceContributions, similarity: str) -> float:
    """Return n: ``‖e_a‖·‖e_b‖`` for cosine; for dot product what the model divides by itself."""
    if similarity == "dot":
        return a.scale * b.scale
    return length(wide(a.embedding), f"The embedding of {a.text[:40]!r}") * length(
        wide(b.embedding), f"The embedding of {b.text[:40]!r}"
    )


def measures(
    a: SentenceContributions, b: SentenceContributions, needed: str
) -> tuple[dict[str, float], dict[str, float]]:
    """Return score and normaliser under every similarity that the two embeddings have.

    Raises
    ------
    InvalidArgumentError
        If they do not have the one that is `needed`.
    """
    scores: dict[str, float] = {}
    normalisers: dict[str, float] = {}
    for similarity in SIMILARITIES:
        try:
            n, score = normaliser(a, b, similarity), encoded_score(a, b, similarity)
        except InvalidArgumentError:
            if similarity == needed:
                raise
            continue
        scores[similarity], normalisers[similarity] = score, n
    return scores, normalisers


def rescaled(pair: PairAttribution, similarity: str) -> dict[str, Any]:
    """Return the fields of `pair` that change under another similarity: all have n in them.

    Raises
    ------
    InvalidArgumentError
        If the similarity is unknown or not defined for this pair.
    """
    check_choice("Similarity", similarity, SIMILARITIES)
    if similarity not in pair.scores:
        raise InvalidArgumentError(
            f"This pair has no {similarity} similarity, only {', '.join(map(repr, pair.scores))}: "
            "one of its embeddings is zero."
        )
    factor = pair.normalisers[pair.similarity] / pair.normalisers[similarity]

    def scaled(array: np.ndarray) -> np.ndarray:
        return (wide(array) * factor).astype(array.dtype)

    error = pair.standard_error
    return {
        "matrix": scaled(pair.matrix),
        "token_effects_a": scaled(pair.token_effects_a),
        "token_effects_b": scaled(pair.token_effects_b),
        "folded_matrix": scaled(pair.folded_matrix),
        "standard_error": None if error is None else scaled(error),
        "cell_error": None if pair.cell_error is None else pair.cell_error * factor,
        "base": pair.base * factor,
        "residual": pair.residual * factor,
        "score": pair.scores[similarity],
        "similarity": similarity,
    }


def encoded_score(a: SentenceContributions, b: SentenceContributions, similarity: str) -> float:
    """Return the similarity of what ``model.encode`` gave, in float64."""
    one, two = wide(a.encoded), wide(b.encoded)
    product = float(one @ two)
    if similarity == "dot":
        return product
    return product / (
        length(one, f"The encoding of {a.text[:40]!r}")
        * length(two, f"The encoding of {b.text[:40]!r}")
    )


def standard_error(
    a: SentenceContributions, b: SentenceContributions, n: float
) -> np.ndarray | None:
    """Return the (S_a, S_b) standard error of the matrix; None without deviations."""
    if a.deviations is None and b.deviations is None:
        return None
    variance = np.zeros((len(a.tokens), len(b.tokens)))
    if a.deviations is not None:
        variance += _summed_squares(a.deviations, b.vectors)
    if b.deviations is not None:
        variance += _summed_squares(b.deviations, a.vectors).T
    return np.sqrt(variance) / n


def _summed_squares(deviations: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return Σ_m (deviations[m, i] · vectors[j])², shape (S, S')."""
    draws, size, width = deviations.shape
    products = deviations.reshape(draws * size, width) @ vectors.T.astype(deviations.dtype)
    return np.square(products).reshape(draws, size, -1).sum(axis=0, dtype=np.float64)


def cell_error(a: SentenceContributions, b: SentenceContributions, n: float) -> float | None:
    """Return the largest change of a cell since the coarser vectors; None if a side has none."""
    if a.coarse is None or b.coarse is None:
        return None
    change = wide(a.vectors) @ wide(b.vectors).T - wide(a.coarse) @ wide(b.coarse).T
    return float(np.abs(change).max() / n)
