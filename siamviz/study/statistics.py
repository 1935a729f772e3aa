"""Numbers about many pairs: agreement of scores with gold, and means, each with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from siamviz.agreement import correlation, ranks
from siamviz.errors import InvalidArgumentError

CONFIDENCE = 0.95
"""How often an interval should contain the true value."""

_CELLS = 2**18
"""Resampled pairs at a time."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        NaN where the number or its interval is not defined.
    reason : str or None
        Why the value or its interval is not defined.
    """

    value: float
    low: float
    high: float
    reason: str | None = None


@dataclass(frozen=True)
class Metrics:
    """How well scores agree with gold over `n` pairs.

    Attributes
    ----------
    n : int
    spearman, pearson : Estimate
        Correlations; Spearman's with mean ranks for equal values.
    mae : Estimate
        The mean absolute difference of score and gold, in their unit.
    """

    n: int
    spearman: Estimate
    pearson: Estimate
    mae: Estimate


def metrics(gold: ArrayLike, score: ArrayLike, *, samples: int = 1000, seed: int = 0) -> Metrics:
    """Return Spearman, Pearson and mean absolute error with 95 % bootstrap intervals.

    Intervals are percentiles over `samples` resamples of pairs with replacement; ranks are those
    within each resample. A resample in which gold or score is constant has no correlation and
    does not count.

    Parameters
    ----------
    gold, score : array_like, shape (n,)
        Finite numbers. Below 3 pairs there are no correlations and no intervals.
    samples : int
        At least 1.
    seed : int
        Of the resamples: equal data and seeds give equal intervals.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ, a value is not finite, or `samples` is below 1.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.

    Examples
    --------
    >>> found = metrics([0.0, 0.4, 0.6, 1.0], [0.1, 0.5, 0.7, 0.8])
    >>> found.spearman.value, round(found.mae.value, 3)
    (1.0, 0.125)
    """
    x, y = _checked(gold, score, samples)
    errors = np.abs(y - x)
    mae = float(errors.mean()) if x.size else math.nan
    spearman, pearson = correlation(ranks(x), ranks(y)), correlation(x, y)
    if x.size < 3:
        reason = _too_few(x.size)
        undefined = Estimate(math.nan, math.nan, math.nan, reason)
        return Metrics(x.size, undefined, undefined, Estimate(mae, math.nan, math.nan, reason))
    resampled = _bootstrap(x, y, errors, samples, np.random.default_rng(seed))
    reason = _constant(x, y)
    return Metrics(
        x.size,
        spearman=_estimate(spearman, resampled[0], reason),
        pearson=_estimate(pearson, resampled[1], reason),
        mae=_estimate(mae, resampled[2]),
    )


def spearman_difference(
    gold: ArrayLike, one: ArrayLike, other: ArrayLike, *, samples: int = 1000, seed: int = 0
) -> Estimate:
    """Return by how much better `one` ranks the pairs than `other`, over the same resamples.

    Parameters
    ----------
    gold, one, other : array_like, shape (n,)
        Finite numbers.
    samples, seed : int
        As in `metrics`.

    Returns
    -------
    Estimate
        The difference of Spearman's correlations with gold.

    Raises
    ------
    InvalidArgumentError
        As `metrics`.
    """
    (x, y), (_, z) = _checked(gold, one, samples), _checked(gold, other, samples)
    value = correlation(ranks(x), ranks(y)) - correlation(ranks(x), ranks(z))
    if x.size < 3:
        return Estimate(value, math.nan, math.nan, _too_few(x.size))
    of_x, of_y, of_z = _Ranks.of(x), _Ranks.of(y), _Ranks.of(z)
    found: list[np.ndarray] = []
    for counts in _draws(x.size, samples, np.random.default_rng(seed)):
        known = of_x.within(counts)
        first, second = (_correlations(counts, known, of.within(counts)) for of in (of_y, of_z))
        found.append(first - second)
    return _estimate(value, np.concatenate(found), _constant(x, y) or _constant(x, z))


def ratio_intervals(
    parts: np.ndarray, whole: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Σ parts / Σ whole for each column, with the 95 % interval of a ratio of means.

    Parameters
    ----------
    parts : (n, k) array
    whole : (n,) array
        One for each sentence pair.

    Returns
    -------
    tuple of np.ndarray, each of shape (k,)
        Ratios, lower and upper bounds.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = parts.sum(0) / whole.sum()
        deviations = (parts - ratio * whole[:, None]) / whole.mean() if len(whole) else parts
    _, low, high = mean_intervals(
        np.full(parts.shape[1], len(whole)), deviations.sum(0), np.square(deviations).sum(0)
    )
    return ratio, ratio + low, ratio + high


def mean_interval(values: ArrayLike) -> tuple[float, float, float]:
    """Return the mean of independent values and its 95 % Student-t interval.

    Parameters
    ----------
    values : array_like, shape (n,)
        One for each sentence pair.

    Returns
    -------
    tuple of float
        Mean, lower and upper bound. The bounds of a single value are NaN, and so is the mean of
        none.

    Examples
    --------
    >>> [round(x, 3) for x in mean_interval([1.0, 2.0, 3.0])]
    [2.0, -0.484, 4.484]
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    mean = float(x.mean()) if x.size else math.nan
    half = float(_half_widths(np.array(x.size), np.array(((x - mean) ** 2).sum())))
    return mean, mean - half, mean + half


def median_interval(
    values: ArrayLike, *, samples: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the median of independent values and its 95 % bootstrap interval.

    Parameters
    ----------
    values : array_like, shape (n,)
        At least one.
    samples, seed : int
        Of the bootstrap (percentiles of resampled medians).
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    drawn = np.random.default_rng(seed).choice(x, size=(samples, x.size))
    low, high = np.quantile(np.median(drawn, axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(np.median(x)), float(low), float(high)


def mean_intervals(
    count: ArrayLike, total: ArrayLike, squares: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the means of groups and their 95 % Student-t intervals, from sums.

    Deviations are found as a difference of sums, so that spreads below 1e-7 of the mean drown in
    rounding.

    Parameters
    ----------
    count, total, squares : array_like, shape (groups,)
        The number of independent values in each group (one for each sentence pair), their sum
        and the sum of their squares.

    Returns
    -------
    tuple of np.ndarray, each of shape (groups,)
        Means, lower and upper bounds. The bounds of a group of one are NaN, and so is the mean of
        an empty one.
    """
    n = np.asarray(count, dtype=np.float64)
    sums = np.asarray(total, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, sums / n, np.nan)
        deviations = np.asarray(squares, dtype=np.float64) - sums * mean
    half = _half_widths(n, np.maximum(deviations, 0.0))
    return mean, mean - half, mean + half


def _half_widths(n: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return half the widths of Student-t intervals from sums of squared deviations."""
    from scipy.special import stdtrit

    freedom = np.where(n > 1, n - 1, np.nan)
    quantile = stdtrit(freedom, (1 + CONFIDENCE) / 2)
    return quantile * np.sqrt(deviations / freedom / np.where(n > 1, n, np.nan))


def _checked(gold: ArrayLike, score: ArrayLike, samples: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(gold, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise InvalidArgumentError(
            f"Gold has the shape {x.shape} and score {y.shape}. Give one number of each for every "
            "pair."
        )
    for name, values in (("Gold", x), ("Score", y)):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise InvalidArgumentError(
                f"{name} is {values[bad[0]]} at position {bad[0]}. Give finite numbers, and leave "
                "out the pairs that have none."
            )
    if samples < 1:
        raise InvalidArgumentError(f"samples is {samples}. Use at least 1; 1000 is usual.")
    return x, y


def _too_few(n: int) -> str:
    counted = "There is only 1 pair" if n == 1 else f"There are only {n} pairs"
    return f"{counted}, and at least 3 are needed."


def _constant(x: np.ndarray, y: np.ndarray) -> str | None:
    same = [name for name, values in (("gold", x), ("score", y)) if np.ptp(values) == 0]
    if not same:
        return None
    return f"All {x.size} pairs have the same {' and '.join(same)}, so nothing can correlate."


def _estimate(value: float, resampled: np.ndarray, reason: str | None = None) -> Estimate:
    defined = resampled[np.isfinite(resampled)]
    if reason is not None or not defined.size:
        return Estimate(value, math.nan, math.nan, reason or "No resample defines it.")
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(defined, [tail, 100 - tail])
    return Estimate(value, float(low), float(high))


# The bootstrap: a resample is how often it draws each pair, which serves all three numbers


def _bootstrap(
    x: np.ndarray, y: np.ndarray, errors: np.ndarray, samples: int, rng: np.random.Generator
) -> np.ndarray:
    """Return Spearman, Pearson and mean error of every resample, shape (3, samples)."""
    ranks_x, ranks_y = _Ranks.of(x), _Ranks.of(y)
    found: list[np.ndarray] = []
    for counts in _draws(x.size, samples, rng):
        spearman = _correlations(counts, ranks_x.within(counts), ranks_y.within(counts))
        pearson = _correlations(counts, _centred(counts, x), _centred(counts, y))
        pearson[np.isnan(spearman)] = np.nan
        found.append(np.stack([spearman, pearson, counts @ errors / x.size]))
    return np.concatenate(found, axis=1)


def _draws(n: int, samples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield how often each of `n` pairs is drawn in each resample, some resamples at a time."""
    rows = max(1, _CELLS // n)
    for start in range(0, samples, rows):
        size = min(rows, samples - start)
        drawn = rng.integers(n, size=(size, n))
        drawn += n * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * n)
        yield counts.reshape(size, n).astype(np.float64)


@dataclass(frozen=True)
class _Ranks:
    """The order of n values with `g` different ones, from which resamples are ranked by counting.

    `order` (n,) sorts the values, the group of equal ones ends at `last` (g,), and `group` (n,)
    tells to which one each value belongs.
    """

    order: np.ndarray
    last: np.ndarray
    group: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> _Ranks:
        _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
        return cls(np.argsort(group, kind="stable"), np.cumsum(sizes) - 1, group)

    def within(self, counts: np.ndarray) -> np.ndarray:
        """Return the mean ranks within resamples less their average, shape (samples, n)."""
        upto = np.cumsum(counts.take(self.order, axis=1), axis=1).take(self.last, axis=1)
        before = np.zeros_like(upto)
        before[:, 1:] = upto[:, :-1]
        middle = (before + upto - counts.shape[1]) / 2
        return middle.take(self.group, axis=1)


def _centred(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    return values - (counts @ values / values.size)[:, None]


def _correlations(counts: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the correlation of centred values in each resample, NaN where one is constant."""
    weighted = counts * x
    products = np.einsum("sn,sn->s", weighted, y)
    squares_x = np.einsum("sn,sn->s", weighted, x)
    squares_y = np.einsum("sn,sn,sn->s", counts, y, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        return products / np.sqrt(squares_x * squares_y)
