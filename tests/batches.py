"""Texts for tests of many at once, and what these compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from siamviz import Corpus, Explainer, GaussLegendre
from siamviz.contributions import SentenceContributions
from siamviz.opened import EmbeddingFunction, OpenedModel

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS = (
    "The dog chased kittens",
    "a happy cat sleeps",
    "a happy cat sleeps",
    "the [PAD] garden runs",
    "A cat walks in the garden",
    "dog",
    "the [MASK] cat and [UNK]",
    "Small dogs play, kittens sleep: " * 4,
)
CORPUS = Corpus(
    ["the dog sleeps", "a cat walks on", "big houses", "a query runs", "search by house"],
    references=2,
)
FIXED: dict[str, Any] = {"quadrature": GaussLegendre(3)}


def relative(found: np.ndarray, known: np.ndarray) -> float:
    return float(np.linalg.norm(found - known) / max(np.linalg.norm(known), 1e-30))


def assert_same(
    found: SentenceContributions, known: SentenceContributions, tolerance: float
) -> None:
    """Every field is equal, numbers up to `tolerance`; residuals are relative already."""
    for name in ("text", "tokens", "settings", "steps", "evaluations", "converged", "progress"):
        assert getattr(found, name) == getattr(known, name), name
    for name in ("side", "truncation", "message"):
        assert getattr(found, name) == getattr(known, name), name
    assert (found.coarse is None) == (known.coarse is None)
    for name in ("vectors", "coarse", "embedding", "reference", "reference_shares"):
        one, other = getattr(found, name), getattr(known, name)
        if other is not None:
            assert one.dtype == other.dtype
            assert relative(one, other) < tolerance, name
    assert relative(found.encoded, known.encoded) < 2e-6
    assert found.scale == pytest.approx(known.scale, rel=max(tolerance, 1e-6))
    for name in ("relative_residual", "residual_bound"):
        assert getattr(found, name) == pytest.approx(getattr(known, name), rel=1e-4, abs=tolerance)


def check_many(
    model: SentenceTransformer, texts: Any = TEXTS, tolerance: float = 1e-5, **options: Any
) -> list[SentenceContributions]:
    """Compare the contributions of all texts together with those of each alone."""
    found = Explainer(model).contributions_many(texts, **options)
    alone = Explainer(model)
    assert len(found) == len(texts)
    for text, one in zip(texts, found, strict=True):
        assert_same(one, alone.contributions(text, **options), tolerance)
    return found


def forwards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of sequences of each pass through the model."""
    seen: list[int] = []
    real = OpenedModel._forward

    def counted(self: Any, inputs: Any, count: int, *rest: Any) -> Any:
        seen.append(count)
        return real(self, inputs, count, *rest)

    monkeypatch.setattr(OpenedModel, "_forward", counted)
    return seen


def starve(monkeypatch: pytest.MonkeyPatch, tokens: int, limit: int) -> None:
    """Let passes over texts of `tokens` tokens run out of memory beyond `limit` numbers."""
    real = EmbeddingFunction.outputs

    def outputs(self: EmbeddingFunction, states: torch.Tensor) -> dict[str, Any]:
        if self.tokens == tokens and getattr(states, "tangent", states).numel() > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(self, states)

    monkeypatch.setattr(EmbeddingFunction, "outputs", outputs)
