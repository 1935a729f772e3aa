"""Quadrature rules on [0, 1]: frozen data that checks itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import ClassVar

import numpy as np

from siamviz.errors import ArgumentTypeError, InvalidArgumentError, check_choice
from siamviz.nodes import Nodes
from siamviz.speed import SpeedProfile

DEFAULT_STEPS = 32


@dataclass(frozen=True)
class FixedRule(ABC):
    """A rule with a fixed number of nodes.

    Attributes
    ----------
    steps : int
        Number of nodes N.

    Raises
    ------
    ArgumentTypeError
        If `steps` is not a whole number.
    InvalidArgumentError
        If `steps` is smaller than the rule needs.
    """

    steps: int

    key: ClassVar[str]
    fewest_steps: ClassVar[int] = 1

    def __post_init__(self) -> None:
        steps = _whole_number("steps", self.steps, at_least=self.fewest_steps, owner=type(self))
        object.__setattr__(self, "steps", steps)

    @property
    def name(self) -> str:
        """A label such as ``gauss-legendre(16)``."""
        return f"{self.key}({self.steps})"

    @property
    @abstractmethod
    def degree(self) -> int:
        """The largest polynomial degree that is integrated exactly."""

    @abstractmethod
    def nodes(self) -> Nodes:
        """Return the rule's points and weights on [0, 1]."""


@dataclass(frozen=True)
class GaussLegendre(FixedRule):
    """Gauss–Legendre nodes: for smooth integrands the most accurate rule with N nodes.

    Examples
    --------
    >>> rule = GaussLegendre(2)
    >>> rule.name, rule.degree, rule.nodes().points.round(4).tolist()
    ('gauss-legendre(2)', 3, [0.2113, 0.7887])
    """

    key: ClassVar[str] = "gauss-legendre"

    @property
    def degree(self) -> int:
        """The largest polynomial degree that is integrated exactly, 2N − 1."""
        return 2 * self.steps - 1

    def nodes(self) -> Nodes:
        """Return the rule's points and weights on [0, 1]."""
        return _gauss_legendre(self.steps)


@dataclass(frozen=True)
class Midpoint(FixedRule):
    """The midpoints of N equal intervals, with equal weights."""

    key: ClassVar[str] = "midpoint"

    @property
    def degree(self) -> int:
        """The largest polynomial degree that is integrated exactly, 1."""
        return 1

    def nodes(self) -> Nodes:
        """Return the rule's points and weights on [0, 1]."""
        return Nodes((np.arange(self.steps) + 0.5) / self.steps, _equal_weights(self.steps))


@dataclass(frozen=True)
class Trapezoid(FixedRule):
    """The trapezoidal rule with N ≥ 2 nodes, both ends included at half weight."""

    key: ClassVar[str] = "trapezoid"
    fewest_steps: ClassVar[int] = 2

    @property
    def degree(self) -> int:
        """The largest polynomial degree that is integrated exactly, 1."""
        return 1

    def nodes(self) -> Nodes:
        """Return the rule's points and weights on [0, 1]."""
        intervals = self.steps - 1
        weights = np.full(self.steps, 1 / intervals)
        weights[[0, -1]] /= 2
        return Nodes(np.arange(self.steps) / intervals, weights)


@dataclass(frozen=True)
class RightRiemann(FixedRule):
    """The right Riemann sum of Möller et al. (2023, section 3): points k/N for k = 1 … N.

    It has exactly N nodes for every N and is here to reproduce published numbers; the other
    rules are more accurate at equal cost.
    """

    key: ClassVar[str] = "right-riemann"

    @property
    def degree(self) -> int:
        """The largest polynomial degree that is integrated exactly, 0."""
        return 0

    def nodes(self) -> Nodes:
        """Return the rule's points and weights on [0, 1]."""
        return Nodes(np.arange(1, self.steps + 1) / self.steps, _equal_weights(self.steps))


@dataclass(frozen=True)
class Calibrated(FixedRule):
    """Gauss–Legendre nodes in the arc length of a model's typical path.

    With the substitution t = t(s), where s is the share of the arc length that a
    :class:`SpeedProfile` gives, nodes lie densely where embeddings move fast. The weights
    w·dt/ds are scaled to sum to 1, so that constants are integrated exactly. Without a profile,
    or with a flat one, the rule equals :class:`GaussLegendre`.
    """

    key: ClassVar[str] = "calibrated"

    @property
    def degree(self) -> int:
        """The polynomial degree that is integrated exactly for every profile, 0."""
        return 0

    def nodes(self, profile: SpeedProfile | None = None) -> Nodes:
        """Return the points and weights on [0, 1] for a model's speed profile."""
        uniform = _gauss_legendre(self.steps)
        if profile is None:
            return uniform
        weights = uniform.weights * profile.dt_ds(uniform.points)
        return Nodes(profile.t(uniform.points), weights / weights.sum(), uniform.points)


@dataclass(frozen=True)
class Adaptive:
    """Refine where the measured residual is, until a tolerance is met.

    Attributes
    ----------
    tolerance : float
        Relative residual to reach, between 0 and 1.
    max_steps : int
        Nodes after which to stop and report what was reached.

    Raises
    ------
    ArgumentTypeError
        If `tolerance` is not a number or `max_steps` not a whole number.
    InvalidArgumentError
        If `tolerance` is not strictly between 0 and 1, or `max_steps` is below 1.
    """

    tolerance: float = 1e-2
    max_steps: int = 256

    key: ClassVar[str] = "adaptive"

    def __post_init__(self) -> None:
        if isinstance(self.tolerance, bool) or not isinstance(self.tolerance, Real):
            raise ArgumentTypeError(
                f"tolerance must be a number between 0 and 1, such as 0.01, got "
                f"{self.tolerance!r} ({type(self.tolerance).__name__})."
            )
        if not 0 < self.tolerance < 1:
            raise InvalidArgumentError(
                f"tolerance must be greater than 0 and less than 1, such as 0.01, got "
                f"{self.tolerance!r}. It is the relative residual to reach."
            )
        steps = _whole_number("max_steps", self.max_steps, at_least=1, owner=type(self))
        object.__setattr__(self, "tolerance", float(self.tolerance))
        object.__setattr__(self, "max_steps", steps)

    @property
    def name(self) -> str:
        """A label such as ``adaptive(0.01)``."""
        return f"{self.key}({self.tolerance:g})"


Rule = FixedRule | Adaptive

_FIXED: dict[str, type[FixedRule]] = {
    rule.key: rule for rule in (GaussLegendre, Midpoint, Trapezoid, RightRiemann, Calibrated)
}
RULE_NAMES = (*_FIXED, Adaptive.key)


def parse_rule(value: Rule | str, steps: int | None = None) -> Rule:
    """Return the rule that `value` is or names.

    Parameters
    ----------
    value : rule or str
        A rule such as ``GaussLegendre(16)``, or one of `RULE_NAMES`.
    steps : int, optional
        Number of nodes for a fixed rule named by a string (32 if not given), the largest
        number of nodes for ``"adaptive"``.

    Raises
    ------
    InvalidArgumentError
        If the name is unknown, or `steps` is given together with a rule that has its own.
    ArgumentTypeError
        If `value` is neither a rule nor a string.

    Examples
    --------
    >>> parse_rule("midpoint", steps=8)
    Midpoint(steps=8)
    """
    if isinstance(value, (FixedRule, Adaptive)):
        if steps is not None:
            raise InvalidArgumentError(
                f"steps={steps!r} was given beside {value!r}, which has its own number of steps. "
                "Give one of the two."
            )
        return value
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"A quadrature rule must be an object such as GaussLegendre(16) or one of the names "
            f"{', '.join(map(repr, RULE_NAMES))}, got {value!r}."
        )
    name = check_choice("Quadrature rule", value, RULE_NAMES)
    if name == Adaptive.key:
        return Adaptive() if steps is None else Adaptive(max_steps=steps)
    return _FIXED[name](DEFAULT_STEPS if steps is None else steps)


def _whole_number(what: str, value: object, *, at_least: int, owner: type) -> int:
    """Return `value` as an int, or raise with the value and what is allowed."""
    allowed = f"{what} of {owner.__name__} must be a whole number of at least {at_least}"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ArgumentTypeError(f"{allowed}, got {value!r} ({type(value).__name__}).")
    if value < at_least:
        raise InvalidArgumentError(f"{allowed}, got {value}.")
    return int(value)


def _equal_weights(steps: int) -> np.ndarray:
    return np.full(steps, 1 / steps)


@lru_cache(maxsize=128)
def _gauss_legendre(steps: int) -> Nodes:
    """Map the Gauss–Legendre rule from [−1, 1] to [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return Nodes((1 + points) / 2, weights / 2, (1 + points) / 2)
