"""Token contributions of one sentence, their certificate, and the cache that keeps them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np

Role = Literal["text", "special", "prompt"]


@dataclass(frozen=True)
class Token:
    """One token, or one larger unit, of a sentence.

    Attributes
    ----------
    text : str
        What the token covers of the sentence; the vocabulary's own string where it covers none.
    start, end : int or None
        Character offsets into the sentence; None for special and prompt tokens.
    role : {"text", "special", "prompt"}
        Where the token comes from: the sentence, the tokenizer's template, or a prompt.
    """

    text: str
    start: int | None = None
    end: int | None = None
    role: Role = "text"

    @property
    def special(self) -> bool:
        """Whether the token is not part of the sentence itself."""
        return self.role != "text"


@dataclass(frozen=True)
class Truncation:
    """How much of a text did not fit into the model's `max_seq_length`."""

    characters: int = 0
    tokens: int = 0

    def __bool__(self) -> bool:
        return self.characters > 0 or self.tokens > 0


@dataclass(frozen=True)
class Settings:
    """What a computation was asked to do; part of every result and of every cache key.

    `revision` is the beginning of the SHA-256 of the model's weights.
    """

    model: str
    layer: int
    layers: int
    baseline: str
    rule: str
    precision: str
    unit: str = "token"
    revision: str = ""


@dataclass(frozen=True, eq=False)
class SentenceContributions:
    """Integrated-Jacobian contributions of one sentence, with their certificate.

    The vectors satisfy ``vectors.sum(0) + residual_vector == embedding - reference``
    (completeness, Sundararajan et al. 2017; for encoders Möller et al. 2023, section 3).

    Attributes
    ----------
    text : str
        The sentence as given.
    tokens : tuple of Token, length S
    vectors : (S, D) array
        c_i, the contribution of token i to the embedding, in embedding units.
    embedding : (D,) array
        e = F(x), before any final normalisation.
    reference : (D,) array
        e0 = F(r), or the mean over references.
    encoded : (D,) array
        What ``model.encode`` returned for the sentence; the score is taken from it.
    scale : float
        The norm that the model divides e by to give `encoded`; 1.0 without a Normalize module.
    reference_shares : (S, D) array
        Each token's share of e0 (they sum to e0), used by folding.
    coarse : (S, D) array or None
        The same contributions one refinement earlier, or by the embedded lower-order rule, moved
        to where their distance from `vectors` is about the error of these (the ratio of the two
        measured residuals, doubled).
    deviations : (M, S, D) array or None
        Spread over references or random nodes, scaled so that the squared standard error of
        c_i . v is the sum over M of (deviations[m, i] . v) ** 2.
    relative_residual : float
        ‖(e − e0) − Σ c_i‖ / ‖e − e0‖ (over ‖e‖ when e = e0).
    residual_bound : float
        The sum of the subintervals' residual norms over the same denominator; equals
        `relative_residual` for rules without subintervals.
    converged : bool or None
        Whether the asked tolerance was met; None for a fixed rule, which has no tolerance.
    steps : int
        Nodes at which Jacobians were taken.
    evaluations : int
        Embeddings computed along the path besides (each about 1/(S+1) of a step).
    progress : float
        Fraction of the work done, 1.0 for a finished result.
    message : str
        Why it stopped and what to try, empty when there is nothing to say.
    """

    text: str
    tokens: tuple[Token, ...]
    vectors: np.ndarray
    embedding: np.ndarray
    reference: np.ndarray
    encoded: np.ndarray
    settings: Settings
    reference_shares: np.ndarray
    relative_residual: float
    residual_bound: float
    steps: int
    scale: float = 1.0
    converged: bool | None = None
    coarse: np.ndarray | None = None
    deviations: np.ndarray | None = None
    evaluations: int = 0
    progress: float = 1.0
    message: str = ""
    side: Literal["a", "b"] = "a"
    truncation: Truncation = field(default_factory=Truncation)

    @property
    def residual_vector(self) -> np.ndarray:
        """ρ = (e − e0) − Σ c_i, shape (D,), float64."""
        total = self.vectors.sum(axis=0, dtype=np.float64)
        return self.embedding.astype(np.float64) - self.reference.astype(np.float64) - total

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        arrays = (self.vectors, self.reference_shares, self.coarse, self.deviations)
        return sum(a.nbytes for a in arrays if a is not None) + 3 * self.embedding.nbytes

    def __repr__(self) -> str:
        kind = {True: "converged", False: "not converged", None: "fixed rule"}[self.converged]
        return (
            f"SentenceContributions({self.text[:40]!r}, S={len(self.tokens)}, "
            f"D={self.embedding.shape[0]}, layer={self.settings.layer}, "
            f"baseline={self.settings.baseline!r}, steps={self.steps}, "
            f"relative_residual={self.relative_residual:.1e}, {kind})"
        )


class Sized(Protocol):
    """What a bounded cache can hold."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        ...


T = TypeVar("T", bound=Sized)


class ContributionCache(Generic[T]):
    """A least-recently-used cache bounded in bytes, safe to share between threads."""

    def __init__(self, max_bytes: int = 256 * 2**20) -> None:
        self.max_bytes = max_bytes
        self._items: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Return what is stored under `key`, marking it as recently used."""
        with self._lock:
            entry = self._items.get(key)
            if entry is None:
                return None
            self._items.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, item: T) -> None:
        """Store `item`, dropping the least recently used ones beyond `max_bytes`."""
        size = item.nbytes
        with self._lock:
            self._bytes -= self._items.pop(key, (item, 0))[1]
            if size > self.max_bytes:
                return
            self._items[key] = (item, size)
            self._bytes += size
            while self._bytes > self.max_bytes:
                self._bytes -= self._items.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._items.clear()
            self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes held at present."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._items)
