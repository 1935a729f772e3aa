"""Attribution of one sentence along a direction in embedding space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from siamviz.contributions import SentenceContributions, Settings, Token, Truncation
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, check_choice
from siamviz.ranking import TokenEffect, share, strongest
from siamviz.terms import SIMILARITIES, length, wide
from siamviz.units import Span, check_regroup, group, membership, unit_name


@dataclass(frozen=True, eq=False)
class DirectionAttribution:
    """What each token contributes to a sentence's similarity with a direction u.

    ``score = base + effects.sum() + residual``, with c_i · u / n as the effect of token i,
    e0 · u / n as the base, ρ · u / n as the residual, and n = ‖e‖·‖u‖ for cosine similarity;
    for dot product n is the norm that the model itself divides its embedding by, usually 1.

    Attributes
    ----------
    text : str
    tokens : tuple of Token, length S
    effects : (S,) array
        float32, or float64 where the contributions are.
    base, residual, score : float
        The score is the similarity of the sentence's encoding and the direction.
    similarity : {"cosine", "dot"}
    settings : Settings
    relative_residual, residual_bound : float
    converged : bool or None
    steps : int
    standard_error : (S,) array or None
        Where references or nodes were drawn at random.
    unit : str
    message : str
    progress : float
    truncation : Truncation
    """

    text: str
    tokens: tuple[Token, ...]
    effects: np.ndarray
    base: float
    residual: float
    score: float
    similarity: str
    settings: Settings
    relative_residual: float
    residual_bound: float
    converged: bool | None
    steps: int
    standard_error: np.ndarray | None = None
    unit: str = "token"
    message: str = ""
    progress: float = 1.0
    truncation: Truncation = field(default_factory=Truncation)

    @classmethod
    def from_contributions(
        cls, c: SentenceContributions, direction: Any, similarity: str = "cosine"
    ) -> DirectionAttribution:
        """Explain the similarity of a sentence and a direction.

        Parameters
        ----------
        c : SentenceContributions
        direction : (D,) array
        similarity : {"cosine", "dot"}

        Raises
        ------
        ArgumentTypeError, InvalidArgumentError
            For a direction that is no finite, nonzero vector of the embedding's length.
        """
        check_choice("Similarity", similarity, SIMILARITIES)
        u = check_direction(direction, c.embedding.shape[0])
        n, score = c.scale, float(wide(c.encoded) @ u)
        if similarity == "cosine":
            norm = length(u, "The direction")
            n = length(wide(c.embedding), f"The embedding of {c.text[:40]!r}") * norm
            score /= length(wide(c.encoded), f"The encoding of {c.text[:40]!r}") * norm
        effects = (wide(c.vectors) @ u / n).astype(c.vectors.dtype)
        error = None
        if c.deviations is not None:
            error = (np.sqrt(np.square(wide(c.deviations) @ u).sum(axis=0)) / n).astype(
                effects.dtype
            )
        return cls(
            text=c.text,
            tokens=c.tokens,
            effects=effects,
            base=float(wide(c.reference) @ u / n),
            residual=float(c.residual_vector @ u / n),
            score=score,
            similarity=similarity,
            settings=c.settings,
            relative_residual=c.relative_residual,
            residual_bound=c.residual_bound,
            converged=c.converged,
            steps=c.steps,
            standard_error=error,
            unit=c.settings.unit,
            message=c.message,
            progress=c.progress,
            truncation=c.truncation,
        )

    def by(self, unit: str | Sequence[Span]) -> DirectionAttribution:
        """Return sums over "word", "sentence" or character spans; see `units.group`.

        The standard error of a sum is given by its upper bound, the sum of standard errors.
        """
        if isinstance(unit, str) and unit == self.unit:
            return self
        check_regroup(self.unit, unit)
        units = group(self.text, self.tokens, unit)
        sums = membership(units, len(self.tokens))
        kind, error = self.effects.dtype, self.standard_error
        return replace(
            self,
            tokens=tuple(u.token for u in units),
            effects=(sums @ self.effects).astype(kind),
            standard_error=None if error is None else (sums @ error).astype(kind),
            unit=unit_name(unit),
        )

    def top(
        self, k: int = 10, *, special: bool = False, sign: str | None = None
    ) -> list[TokenEffect]:
        """Return the `k` tokens of the largest effect in magnitude, as `PairAttribution.top`."""
        allowed = np.array([special or not token.special for token in self.tokens], dtype=bool)
        return [
            TokenEffect(
                self.tokens[i],
                i,
                float(self.effects[i]),
                share(float(self.effects[i]), self.score),
                rank,
            )
            for rank, i in enumerate(strongest(self.effects, allowed, k, sign).tolist(), start=1)
        ]

    def __post_init__(self) -> None:
        for array in (self.effects, self.standard_error):
            if array is not None:
                array.setflags(write=False)

    def __repr__(self) -> str:
        return (
            f"DirectionAttribution(score={self.score:.4f}, {self.similarity}, "
            f"{len(self.tokens)} tokens, unit={self.unit!r}, layer={self.settings.layer}, "
            f"baseline={self.settings.baseline!r}, "
            f"relative_residual={self.relative_residual:.1e})"
        )


def check_direction(direction: Any, size: int) -> np.ndarray:
    """Return `direction` as a float64 vector of length `size`, or raise."""
    try:
        u = np.asarray(direction, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"The direction must be an array of {size} numbers, not {type(direction).__name__}."
        ) from error
    if u.shape != (size,):
        raise InvalidArgumentError(
            f"The direction has shape {u.shape}; the model's embeddings have shape {(size,)}."
        )
    if not np.isfinite(u).all() or not u.any():
        fault = "contains NaN or infinity" if u.any() else "is zero"
        raise InvalidArgumentError(f"The direction {fault}. Use a finite vector other than zero.")
    return u
