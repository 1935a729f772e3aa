"""Agreement with gold and means, with intervals that can be trusted."""

from __future__ import annotations

import math
import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import stats

from siamviz.errors import InvalidArgumentError
from siamviz.study import statistics
from siamviz.study.statistics import (
    Estimate,
    mean_interval,
    mean_intervals,
    median_interval,
    metrics,
    spearman_difference,
)


def pairs(n: int, seed: int = 0, step: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Correlated gold and score; gold in steps has ties."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    gold = 0.8 * score + 0.6 * rng.normal(size=n)
    return np.round(gold / step) * step if step else gold, score


def slow_intervals(gold: np.ndarray, score: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Draw the pairs themselves and let scipy rank and correlate each resample."""
    found: list[list[float]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        for drawn in np.random.default_rng(seed).integers(gold.size, size=(samples, gold.size)):
            x, y = gold[drawn], score[drawn]
            error = np.abs(x - y).mean()
            found.append([stats.spearmanr(x, y)[0], stats.pearsonr(x, y)[0], error])
    return np.nanpercentile(np.array(found), [2.5, 97.5], axis=0).T


def bounds(*estimates: Estimate) -> list[tuple[float, float]]:
    return [(estimate.low, estimate.high) for estimate in estimates]


@pytest.mark.parametrize("step", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("n", [5, 20, 211])
def test_metrics_are_those_of_scipy_with_and_without_ties(n: int, step: float) -> None:
    gold, score = pairs(n, step=step)
    found = metrics(gold, score, samples=10)
    assert found.n == n
    assert found.spearman.value == pytest.approx(stats.spearmanr(gold, score)[0], abs=1e-12)
    assert found.pearson.value == pytest.approx(stats.pearsonr(gold, score)[0], abs=1e-12)
    assert found.mae.value == pytest.approx(np.mean(np.abs(gold - score)), abs=1e-12)
    assert found.spearman.reason is found.pearson.reason is found.mae.reason is None


@pytest.mark.parametrize("step", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("n", [4, 60])
def test_intervals_are_those_of_ranking_every_resample_anew(n: int, step: float) -> None:
    gold, score = pairs(n, seed=3, step=step)
    score = np.round(score, 1)
    found = metrics(gold, score, samples=200, seed=7)
    expected = slow_intervals(gold, score, samples=200, seed=7)
    np.testing.assert_allclose(
        bounds(found.spearman, found.pearson, found.mae), expected, atol=1e-12
    )


def test_intervals_do_not_depend_on_how_many_resamples_are_held_at_a_time(monkeypatch) -> None:
    gold, score = pairs(40, step=0.5)
    expected = metrics(gold, score, samples=50)
    monkeypatch.setattr(statistics, "_CELLS", 130)
    assert metrics(gold, score, samples=50) == expected


def test_equal_seeds_give_equal_intervals_and_others_do_not() -> None:
    gold, score = pairs(40)
    assert metrics(gold, score, seed=1) == metrics(gold, score, seed=1)
    assert metrics(gold, score, seed=1).mae != metrics(gold, score, seed=2).mae


def test_the_interval_covers_the_true_correlation_about_as_often_as_it_says() -> None:
    inside = 0
    for seed in range(200):
        pearson = metrics(*pairs(120, seed), samples=200).pearson
        inside += pearson.low <= 0.8 <= pearson.high
    assert 0.88 <= inside / 200 <= 0.99


def test_the_interval_of_the_mean_error_nears_that_of_the_normal_distribution() -> None:
    gold, score = pairs(2000)
    errors = np.abs(gold - score)
    half = 1.96 * errors.std() / math.sqrt(errors.size)
    mae = metrics(gold, score, samples=2000).mae
    assert mae.low == pytest.approx(errors.mean() - half, abs=0.1 * half)
    assert mae.high == pytest.approx(errors.mean() + half, abs=0.1 * half)


@pytest.mark.parametrize(
    ("gold", "score", "same"),
    [
        ([0.5] * 4, [0.1, 0.2, 0.3, 0.4], "gold"),
        ([0.1, 0.2, 0.3, 0.4], [0.7] * 4, "score"),
        ([0.5] * 4, [0.7] * 4, "gold and score"),
    ],
)
def test_what_is_constant_has_no_correlation_and_says_so(gold, score, same) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = metrics(gold, score, samples=50)
    for estimate in (found.spearman, found.pearson):
        assert np.isnan([estimate.value, estimate.low, estimate.high]).all()
        assert estimate.reason == f"All 4 pairs have the same {same}, so nothing can correlate."
    assert found.mae.low <= found.mae.value <= found.mae.high


def test_resamples_that_happen_to_be_constant_do_not_count() -> None:
    gold, score = [0.0, 0.0, 0.0, 1.0], [0.1, 0.2, 0.3, 0.9]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = metrics(gold, score, samples=300)
    assert np.isfinite(bounds(found.spearman, found.pearson)).all()
    expected = slow_intervals(np.array(gold), np.array(score), samples=300, seed=0)
    np.testing.assert_allclose(bounds(found.spearman, found.pearson), expected[:2], atol=1e-12)


def test_an_interval_without_a_resample_that_defines_it_says_so() -> None:
    gold = np.array([0.0, 0.0, 1.0])
    seed = next(
        seed
        for seed in range(100)
        if np.ptp(gold[np.random.default_rng(seed).integers(3, size=(1, 3))]) == 0
    )
    found = metrics(gold, [0.1, 0.2, 0.9], samples=1, seed=seed).pearson
    assert np.isfinite(found.value)
    assert np.isnan([found.low, found.high]).all()
    assert found.reason == "No resample defines it."


@pytest.mark.parametrize(
    ("n", "reason"),
    [
        (0, "There are only 0 pairs, and at least 3 are needed."),
        (1, "There is only 1 pair, and at least 3 are needed."),
        (2, "There are only 2 pairs, and at least 3 are needed."),
    ],
)
def test_below_three_pairs_there_are_no_correlations_and_no_intervals(n: int, reason: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = metrics([0.0, 1.0][:n], [0.25, 0.5][:n])
    assert found.n == n
    for estimate in (found.spearman, found.pearson, found.mae):
        assert np.isnan([estimate.low, estimate.high]).all()
        assert estimate.reason == reason
    assert np.isnan([found.spearman.value, found.pearson.value]).all()
    assert found.mae.value == pytest.approx([math.nan, 0.25, 0.375][n], nan_ok=True)


def test_many_pairs_need_little_memory() -> None:
    gold, score = pairs(100_000, step=0.2)
    tracemalloc.start()
    metrics(gold, score, samples=8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        metrics([0.1, 0.2], [0.1, 0.2, 0.3])
    assert str(caught.value) == (
        "Gold has the shape (2,) and score (3,). Give one number of each for every pair."
    )


@pytest.mark.parametrize(
    ("gold", "score", "message"),
    [
        ([0.0, math.nan, 1.0], [0.0, 0.1, 0.2], "Gold is nan at position 1."),
        ([0.0, 0.1, 1.0], [0.0, 0.1, math.inf], "Score is inf at position 2."),
    ],
)
def test_values_that_are_not_finite_are_named(gold, score, message: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        metrics(gold, score)
    assert str(caught.value) == (
        f"{message} Give finite numbers, and leave out the pairs that have none."
    )


def test_no_resamples_at_all_are_refused() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        metrics([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], samples=0)
    assert str(caught.value) == "samples is 0. Use at least 1; 1000 is usual."


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=17)
    mean, low, high = mean_interval(values)
    expected = stats.t.interval(0.95, 16, loc=values.mean(), scale=stats.sem(values))
    assert (mean, low, high) == pytest.approx((values.mean(), *expected), abs=1e-12)


def test_one_value_has_a_mean_but_no_interval_and_none_has_neither() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mean_interval([2.5]) == pytest.approx((2.5, math.nan, math.nan), nan_ok=True)
        assert np.isnan(mean_interval([])).all()


def test_equal_values_have_an_interval_without_width() -> None:
    assert mean_interval([0.25] * 5) == (0.25, 0.25, 0.25)


def test_means_from_sums_are_those_of_the_values_of_each_group() -> None:
    rng = np.random.default_rng(1)
    groups = [rng.normal(0.2, 0.1, size=n) for n in (2, 3, 10, 400)]
    found = mean_intervals(
        [g.size for g in groups], [g.sum() for g in groups], [(g**2).sum() for g in groups]
    )
    np.testing.assert_allclose(np.transpose(found), [mean_interval(g) for g in groups], rtol=1e-9)


def test_groups_of_one_or_none_have_no_interval_and_equal_values_no_width() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean, low, high = mean_intervals([1, 0, 3], [0.1, 0.0, 0.3], [0.01, 0.0, 0.03])
    np.testing.assert_allclose(mean, [0.1, math.nan, 0.1])
    np.testing.assert_allclose(low, [math.nan, math.nan, 0.1])
    np.testing.assert_allclose(high, [math.nan, math.nan, 0.1])


def test_no_groups_give_no_means() -> None:
    assert [part.shape for part in mean_intervals([], [], [])] == [(0,)] * 3


def test_a_difference_of_rank_correlations_is_taken_over_the_same_resamples():
    rng = np.random.default_rng(1)
    gold = rng.normal(size=60)
    one, other = gold + rng.normal(size=60), gold + 2 * rng.normal(size=60)
    found = spearman_difference(gold, one, other, samples=400, seed=3)
    known = stats.spearmanr(gold, one).statistic - stats.spearmanr(gold, other).statistic
    assert found.value == pytest.approx(known)
    drawn = []
    generator = np.random.default_rng(5)
    for _ in range(400):
        rows = generator.integers(60, size=60)
        first, second = (stats.spearmanr(gold[rows], x[rows]).statistic for x in (one, other))
        drawn.append(first - second)
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.03)
    same = spearman_difference(gold, one, one + 0)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_a_median_has_an_interval_that_covers_it():
    rng = np.random.default_rng(0)
    covered = [
        low <= 0 <= high
        for _, low, high in (median_interval(rng.normal(size=41), samples=200) for _ in range(200))
    ]
    assert 0.88 < np.mean(covered) < 0.99
