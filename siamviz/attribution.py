"""`PairAttribution`: why a sentence encoder finds two texts similar, token pair by token pair."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz import agreement as agreements
from siamviz import alignment, difference, frames, grouping, serialize, terms
from siamviz.contributions import SentenceContributions, Settings, Token, Truncation
from siamviz.deletion import DeletionEffects
from siamviz.errors import NonFiniteError
from siamviz.ledger import Ledger
from siamviz.ranking import TokenPair, strongest_pairs
from siamviz.units import Span

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.widgets.pair_view import PairView


@dataclass(frozen=True, eq=False)
class PairAttribution:
    """The similarity of two texts, attributed to pairs of their tokens.

    ``score = base + token_effects_a.sum() + token_effects_b.sum() + matrix.sum() + residual``,
    the ledger (the identity of Möller et al. 2023, section 3, for any reference), where every term
    is divided by the same n: ‖e_a‖·‖e_b‖ for cosine similarity; for dot product the norms that the
    model itself divides its embeddings by, usually 1. Arrays are read-only, and float64 where the
    contributions are.

    Attributes
    ----------
    text_a, text_b : str
    tokens_a, tokens_b : tuple of Token, lengths S_a and S_b
        Tokens, or larger units after `by`.
    matrix : (S_a, S_b) float32 array
        c_i^a · c_j^b / n, the effect of each pair.
    token_effects_a : (S_a,) float32 array
        c_i^a · e0_b / n, what a token of A does against the reference of B.
    token_effects_b : (S_b,) float32 array
        e0_a · c_j^b / n.
    base : float
        e0_a · e0_b / n, what the two references share.
    residual : float
        (ρ_a · e_b + e_a · ρ_b − ρ_a · ρ_b) / n, numerical error of the integrals.
    score : float
        The similarity of what ``model.encode`` returns for the two texts.
    similarity : {"cosine", "dot"}
    scores, normalisers : mapping of str to float
        The score and n under each similarity that the two embeddings have.
    settings : Settings
    relative_residual : float
        ‖ρ‖ / ‖e − e0‖, the larger of the two sentences.
    residual_bound : float
        Sum of the subintervals' residuals in the same measure, the larger of the two.
    converged : bool or None
        Whether every tolerance that was asked for is met; None if none was.
    steps_a, steps_b : int
        Nodes at which Jacobians were taken.
    folded_matrix : (S_a, S_b) float32 array
        The matrix after every token was given its share of the reference's embedding.
    cell_error : float or None
        Largest error of a cell, estimated from its change since the last refinement or from an
        embedded rule, scaled by how far the measured residual fell (doubled for safety).
    standard_error : (S_a, S_b) float32 array or None
        Where references or nodes were drawn at random.
    unit : str
        "token", "word", "sentence" or "spans".
    folded : bool
    message : str
        Why the computation stopped and what to try; empty when there is nothing to say.
    progress : float
        Fraction of the work done, 1.0 for a finished result.
    truncation_a, truncation_b : Truncation
    """

    text_a: str
    text_b: str
    tokens_a: tuple[Token, ...]
    tokens_b: tuple[Token, ...]
    matrix: np.ndarray
    token_effects_a: np.ndarray
    token_effects_b: np.ndarray
    base: float
    residual: float
    score: float
    similarity: str
    scores: Mapping[str, float]
    normalisers: Mapping[str, float]
    settings: Settings
    relative_residual: float
    residual_bound: float
    converged: bool | None
    steps_a: int
    steps_b: int
    folded_matrix: np.ndarray
    cell_error: float | None = None
    standard_error: np.ndarray | None = None
    unit: str = "token"
    folded: bool = False
    message: str = ""
    progress: float = 1.0
    truncation_a: Truncation = field(default_factory=Truncation)
    truncation_b: Truncation = field(default_factory=Truncation)
    _pair: tuple[SentenceContributions, SentenceContributions] | None = field(
        default=None, repr=False
    )

    @classmethod
    def from_contributions(
        cls, a: SentenceContributions, b: SentenceContributions, similarity: str = "cosine"
    ) -> PairAttribution:
        """Attribute the similarity of two sentences whose contributions are known.

        Parameters
        ----------
        a, b : SentenceContributions
            Of the same model, layer and baseline.
        similarity : {"cosine", "dot"}

        Raises
        ------
        InvalidArgumentError
            If the settings do not match, or for the cosine of a zero embedding.
        NonFiniteError
            If a number is NaN or infinite.
        """
        needed = (a.coarse is not None and b.coarse is not None) or not (
            a.deviations is None and b.deviations is None
        )
        pair = cls(**terms.pair_fields(a, b, similarity), _pair=(a, b) if needed else None)
        if not math.isfinite(sum(pair.ledger.values())):
            raise NonFiniteError(
                f"The attribution contains NaN or infinity ({pair.ledger}). "
                "Try precision='float64', or check the model's weights."
            )
        return pair

    def __post_init__(self) -> None:
        for array in (self.matrix, self.folded_matrix, self.token_effects_a, self.token_effects_b):
            array.setflags(write=False)
        if self.standard_error is not None:
            self.standard_error.setflags(write=False)

    @property
    def steps(self) -> int:
        """Nodes at which Jacobians were taken, the larger of the two sentences."""
        return max(self.steps_a, self.steps_b)

    @property
    def ledger(self) -> Ledger:
        """The terms that the score is the sum of."""
        return Ledger(
            score=self.score,
            base=self.base,
            tokens_a=float(self.token_effects_a.sum(dtype=np.float64)),
            tokens_b=float(self.token_effects_b.sum(dtype=np.float64)),
            pairs=float(self.matrix.sum(dtype=np.float64)),
            residual=self.residual,
        )

    @property
    def reference_dominates(self) -> bool:
        """Whether a reference term exceeds the score, so that the pairs alone say little.

        The corpus baseline (``baseline="corpus"``) is the remedy.
        """
        return self.ledger.reference_dominates

    @property
    def certificate(self) -> str:
        """One sentence on the numerical error of this result."""
        verdict = {True: "converged at", False: "not converged after", None: "fixed rule of"}
        steps = f"{verdict[self.converged]} {self.steps} steps"
        if self.standard_error is not None:
            cell = np.unravel_index(np.abs(self.matrix).argmax(), self.matrix.shape)
            error, most = self.standard_error[cell], self.standard_error.max()
            parts = [
                f"largest cell {self.matrix[cell]:.3f} ± {error:.3f}",
                f"standard errors at most {most:.3f}",
                steps,
                f"relative residual {self.relative_residual:.1e} from the same sampling",
            ]
        else:
            parts = [f"relative residual {self.relative_residual:.1e}", steps]
        if self.progress < 1:
            parts.append(f"{self.progress:.0%} of the work done")
        if self.cell_error is not None:
            parts.append(f"cells changed by at most {self.cell_error:.1e} in the last refinement")
        return ", ".join(parts)

    def by(
        self, unit: str | Sequence[Span], spans_b: Sequence[Span] | None = None
    ) -> PairAttribution:
        """Return the same attribution by larger units, whose effects are sums of their tokens'.

        Parameters
        ----------
        unit : {"token", "word", "sentence"}, or sequence of (start, end) character spans of A
            See `siamviz.units.group`.
        spans_b : sequence of (start, end), optional
            Spans of B, needed with spans of A.

        Returns
        -------
        PairAttribution
            Standard errors and `cell_error` are exact where the result still holds the
            contributions it was made from; after `from_dict` they are upper bounds, the sums of
            the tokens' errors.

        Raises
        ------
        InvalidArgumentError
            If this result is coarser already, for spans that do not fit the tokens, and for a
            tokenizer without character offsets.
        """
        if isinstance(unit, str) and unit == self.unit and spans_b is None:
            return self
        return replace(self, **grouping.group_pair(self, self._pair, unit, spans_b))

    def fold(self) -> PairAttribution:
        """Return the view in which the matrix alone sums to the score, less the residual.

        Every token takes its share of the reference's embedding, so that base and token effects
        vanish. Errors of single cells are not known for this view.
        """
        return replace(
            self,
            matrix=self.folded_matrix,
            token_effects_a=np.zeros_like(self.token_effects_a),
            token_effects_b=np.zeros_like(self.token_effects_b),
            base=0.0,
            cell_error=None,
            standard_error=None,
            folded=True,
            _pair=None,
        )

    def as_similarity(self, similarity: str) -> PairAttribution:
        """Return the attribution of another similarity of the same two embeddings.

        The contributions are the same, so this is exact and computes nothing anew.

        Parameters
        ----------
        similarity : {"cosine", "dot"}

        Raises
        ------
        InvalidArgumentError
            For an unknown similarity, and for the cosine of a zero embedding.
        """
        if similarity == self.similarity:
            return self
        return replace(self, **terms.rescaled(self, similarity))

    def transpose(self) -> PairAttribution:
        """Return the attribution with A and B swapped."""
        error = self.standard_error
        return replace(
            self,
            text_a=self.text_b,
            text_b=self.text_a,
            tokens_a=self.tokens_b,
            tokens_b=self.tokens_a,
            matrix=self.matrix.T,
            token_effects_a=self.token_effects_b,
            token_effects_b=self.token_effects_a,
            steps_a=self.steps_b,
            steps_b=self.steps_a,
            folded_matrix=self.folded_matrix.T,
            standard_error=None if error is None else error.T,
            truncation_a=self.truncation_b,
            truncation_b=self.truncation_a,
            _pair=None if self._pair is None else (self._pair[1], self._pair[0]),
        )

    def align(self, method: str = "optimal", unit: str = "word") -> alignment.Alignment:
        """Align the two sentences one to one by their pairs' effects, leaving out special tokens.

        Parameters
        ----------
        method : {"optimal", "max"}
            The pairs of greatest total effect, or those that are each other's strongest partner;
            see `siamviz.alignment.align`.
        unit : {"token", "word", "sentence"}
        """
        grouped = self.by(unit)
        return alignment.align(
            grouped.tokens_a, grouped.tokens_b, grouped.matrix, self.score, method
        )

    def top(
        self, k: int = 10, *, special: bool = False, sign: str | None = None
    ) -> list[TokenPair]:
        """Return the `k` pairs of the largest effect in magnitude, the largest first.

        Parameters
        ----------
        k : int
        special : bool
            Whether pairs with special or prompt tokens count.
        sign : {"+", "-"} or None
            Keep only effects of this sign.
        """
        return strongest_pairs(self, k, special, sign)

    def __sub__(self, other: object) -> difference.AttributionDifference:
        if not isinstance(other, PairAttribution):
            return NotImplemented
        return difference.subtract(self, other)

    def agreement(
        self, other: PairAttribution | DeletionEffects, k: int = 5
    ) -> agreements.Agreement:
        """Correlate the matrix with another explanation of the same pair.

        Parameters
        ----------
        other : DeletionEffects or PairAttribution
            By the same unit.
        k : int
            How many of the largest magnitudes `top_overlap` compares.
        """
        return agreements.agreement(self, other, k)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair as a pandas DataFrame; see `siamviz.frames.pair_frame`."""
        return frames.pair_frame(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers, fit for JSON; `from_dict` restores the result."""
        return serialize.pair_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PairAttribution:
        """Restore what `to_dict` returned, exactly, except for the contributions behind it.

        Raises
        ------
        InvalidArgumentError
            For another format, and for a missing or unfit value, which the message names.
        """
        return cls(**serialize.pair_fields(data))

    def to_html(self, *, page: bool = True, title: str | None = None) -> str:
        """Return the static picture as a self-contained page, or as a fragment of one."""
        from siamviz.export.html import to_html

        return to_html(self, page=page, title=title)

    def to_svg(self) -> str:
        """Return the static picture as SVG."""
        from siamviz.export.overview import overview
        from siamviz.export.svg import to_svg

        return to_svg(overview(self)[0])

    def view(self, **traits: Any) -> PairView:
        """Return an interactive view of this result, for notebooks; it computes nothing.

        Parameters
        ----------
        **traits
            The traits of `siamviz.PairView` that need no model, such as ``unit="word"``.
        """
        from siamviz.widgets.pair_view import PairView

        return PairView(self, **traits)

    def save(self, path: str | Path, *, unit: str | None = None, folded: bool = False) -> None:
        """Write to `path` in the format its suffix names, such as .html, .svg, .json or .csv.

        Parameters
        ----------
        path : str or path
            With .html the interactive page, whose readers can go back to smaller units.
        unit : {"token", "word", "sentence"}, optional
            Show it summed by this unit.
        folded : bool
            Show it folded.
        """
        from siamviz.export.save import save

        save(self, path, {"unit": unit or self.unit, "folded": folded or self.folded})

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from siamviz.export.notebook import mimebundle

        return mimebundle(self, include, exclude)

    def __repr__(self) -> str:
        view = ", folded" if self.folded else ""
        return (
            f"PairAttribution(score={self.score:.4f}, {self.similarity}, "
            f"{len(self.tokens_a)}×{len(self.tokens_b)}, unit={self.unit!r}{view}, "
            f"layer={self.settings.layer}, baseline={self.settings.baseline!r}, "
            f"relative_residual={self.relative_residual:.1e}, converged={self.converged})"
        )

    def __str__(self) -> str:
        lines = [str(self.ledger), self.certificate]
        lines += [
            f"{pair.rank}. {pair.effect:+.4f} ({pair.share:.0%})  {pair.a.text!r} × {pair.b.text!r}"
            for pair in self.top(5)
        ]
        return "\n".join(lines)
