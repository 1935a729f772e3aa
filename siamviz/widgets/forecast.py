"""When an attribution to a tolerance will be done, from how fast its error falls."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from siamviz.attribution import PairAttribution
from siamviz.corpus import Corpus
from siamviz.quadrature import Adaptive
from siamviz.widgets.request import Question

SHORT = 10.0
"""Seconds: a bound on the time left that is no longer than this is told as it is."""
_WINDOW = 4
"""The latest measurements, from which the rates are taken."""
_SAMPLING = 0.5
"""Standard errors fall at least as steps to the power of minus this."""


@dataclass(frozen=True)
class Measurement:
    """What one partial result tells.

    Attributes
    ----------
    seconds : float
        Since the attribution began.
    steps : int
        Of both sides together.
    excess : float
        The error divided by the one to reach.
    """

    seconds: float
    steps: int
    excess: float


class Forecast:
    """Extrapolates a power law through the latest measurements to the error to reach.

    Parameters
    ----------
    limit : int
        Steps of both sides together at which the computation stops in any case.
    power : float
        The error falls at least as steps to the power of −`power`; 0 where nothing is known.
    """

    def __init__(self, limit: int, power: float = 0.0) -> None:
        self._limit, self._least = limit, power
        self._seen: deque[Measurement] = deque(maxlen=_WINDOW)

    def add(self, found: Measurement) -> None:
        """Take a measurement; only one with more steps and a smaller error counts."""
        last = self._seen[-1] if self._seen else None
        if last is None or (found.steps > last.steps and found.excess < last.excess):
            self._seen.append(found)

    @property
    def begun(self) -> bool:
        """Whether there is a measurement."""
        return bool(self._seen)

    @property
    def end(self) -> float | None:
        """Seconds from the beginning to the end; None where nothing can be said.

        One measurement tells the end at the limit, which is given only if it is near.
        """
        if not self._seen:
            return None
        last = self._seen[-1]
        if len(self._seen) == 1:
            left = last.seconds / last.steps * self._room
            return last.seconds + left if left <= SHORT else None
        first = self._seen[0]
        pace = (last.seconds - first.seconds) / (last.steps - first.steps)
        return last.seconds + pace * self._steps_left(first, last)

    def _steps_left(self, first: Measurement, last: Measurement) -> float:
        """Steps from `last` to the error to reach, in whole rounds and at least one."""
        fallen = math.log(first.excess / last.excess) / math.log(last.steps / first.steps)
        growth = math.log(max(last.excess, 1.0)) / max(fallen, self._least, 1e-9)
        if growth >= math.log(self._limit / last.steps):
            return self._room
        latest = last.steps - self._seen[-2].steps
        rounds = max(math.ceil(last.steps * math.expm1(growth) / latest), 1)
        return min(rounds * latest, self._room)

    @property
    def _room(self) -> int:
        return max(self._limit - self._seen[-1].steps, 0)


def forecast_of(question: Question) -> Forecast | None:
    """Return a forecast where a tolerance decides how long it takes, else None.

    A fixed rule, and each of several references in turn, are told by the fraction done.
    """
    rule, baseline = question.rule, question.baseline
    if not isinstance(rule, Adaptive) or isinstance(baseline, list | tuple):
        return None
    return Forecast(2 * rule.max_steps, _SAMPLING if isinstance(baseline, Corpus) else 0.0)


def measure(question: Question, pair: PairAttribution, seconds: float) -> Measurement | None:
    """Return how far a partial result is from the error to reach; None if it does not tell."""
    from siamviz.adaptive import FIRST_STEPS

    rule, baseline = question.rule, question.baseline
    assert isinstance(rule, Adaptive)
    if isinstance(baseline, Corpus) and pair.standard_error is not None:
        error = float(pair.standard_error.max())
        goal = baseline.error * float(np.abs(pair.matrix).max())
    else:
        if min(pair.steps_a, pair.steps_b) < min(FIRST_STEPS, rule.max_steps):
            return None
        error, goal = pair.residual_bound, rule.tolerance
    steps = pair.steps_a + pair.steps_b
    return Measurement(seconds, steps, error / goal) if min(steps, error, goal) > 0 else None
