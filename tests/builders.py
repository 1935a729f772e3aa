"""Results made by hand, with random numbers that add up as real ones do."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from hypothesis import strategies as st

from siamviz.attribution import PairAttribution
from siamviz.contributions import SentenceContributions, Settings, Token

TEXT_A = "The dog runs after the kitten in the yard."
TEXT_B = "Outside in the garden the cat is chased by the dog."
SEEDS = st.integers(0, 10_000)
SIMILARITIES = st.sampled_from(["cosine", "dot"])
TEXTS = st.sampled_from(
    ["Dogs run.", "The kittens can't sleep.", "Mr. Smith runs. Dogs sleep!", "狗在跑 naïve"]
)


def tokenize(text: str, *, longest: int = 4, special: bool = True) -> tuple[Token, ...]:
    """Split into words and marks, words into pieces of `longest` characters, as WordPiece might."""
    pieces = re.finditer(rf"\w{{1,{longest}}}|[^\w\s]", text)
    tokens = [Token(piece.group(), *piece.span()) for piece in pieces]
    if special:
        tokens = [Token("[CLS]", role="special"), *tokens, Token("[SEP]", role="special")]
    return tuple(tokens)


def settings(**changes: Any) -> Settings:
    given = {
        "model": "toy",
        "layer": 0,
        "layers": 6,
        "baseline": "pad",
        "rule": "gauss-legendre(12)",
        "precision": "float32",
    }
    return Settings(**{**given, **changes})


def contributions(
    text: str = TEXT_A,
    *,
    tokens: tuple[Token, ...] | None = None,
    seed: int = 0,
    width: int = 6,
    residual: float = 0.01,
    dtype: Any = np.float64,
    normalized: bool = False,
    coarse: bool = False,
    draws: int = 0,
    **changes: Any,
) -> SentenceContributions:
    """Random contributions: e = e0 + Σ c + ρ holds by construction, with ‖ρ‖ about `residual`."""
    tokens = tokenize(text) if tokens is None else tokens
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(len(tokens), width))
    shares = rng.normal(size=(len(tokens), width))
    reference = shares.sum(axis=0)
    rho = residual * rng.normal(size=width)
    embedding = reference + vectors.sum(axis=0) + rho
    scale = float(np.linalg.norm(embedding)) if normalized else 1.0
    perturbed = vectors + 0.01 * rng.normal(size=vectors.shape)
    deviations = 0.1 * rng.normal(size=(draws, *vectors.shape))
    change = np.linalg.norm(embedding - reference)
    given: dict[str, Any] = {
        "text": text,
        "tokens": tokens,
        "vectors": vectors.astype(dtype),
        "embedding": embedding.astype(dtype),
        "reference": reference.astype(dtype),
        "encoded": (embedding / scale).astype(dtype),
        "settings": settings(),
        "reference_shares": shares.astype(dtype),
        "relative_residual": float(np.linalg.norm(rho) / change),
        "residual_bound": float(2 * np.linalg.norm(rho) / change),
        "steps": 12,
        "scale": scale,
        "coarse": perturbed.astype(dtype) if coarse else None,
        "deviations": deviations.astype(dtype) if draws else None,
    }
    return SentenceContributions(**{**given, **changes})


def pair(
    text_a: str = TEXT_A, text_b: str = TEXT_B, *, similarity: str = "cosine", **options: Any
) -> PairAttribution:
    """The attribution of two texts with random contributions; options as for `contributions`."""
    seed = options.pop("seed", 0)
    return PairAttribution.from_contributions(
        contributions(text_a, seed=seed, **options),
        contributions(text_b, seed=seed + 1000, **options),
        similarity,
    )


@st.composite
def pairs(draw: st.DrawFn, **options: object) -> PairAttribution:
    given_options = {"normalized": draw(st.booleans()), "residual": draw(st.floats(0, 10))}
    return pair(
        draw(TEXTS),
        draw(TEXTS),
        similarity=draw(SIMILARITIES),
        seed=draw(SEEDS),
        **{**given_options, **options},
    )
