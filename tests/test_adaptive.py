"""Adaptive integration, against paths whose contributions are known in closed form."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_functions import toy_path

from siamviz import Adaptive, GaussLegendre
from siamviz.adaptive import FIRST_STEPS, _progress, integrate_adaptively
from siamviz.errors import CancelledError
from siamviz.integral import Integral, integrate
from siamviz.jacobian import Path
from siamviz.monitor import Monitor

SHARES = np.array([0.5, 0.3, 0.2])
"""How much of the way each token goes: token i contributes this share of F(x) − F(r)."""
PLACE = 0.3


def step(slope: float, place: float = PLACE, offset: float = 0.0):
    """F(h) = (tanh(slope (s − place)), s / 2) with s the sum of the tokens' states."""

    def call(states):
        s = (states + offset).sum((1, 2)) - offset * states.shape[1]
        return torch.stack([torch.tanh(slope * (s - place)), s / 2], 1)

    return call


def along(call, dtype: torch.dtype = torch.float64) -> Path:
    """From zero to `SHARES`, so that s = t."""
    end = SHARES[:, None]
    return toy_path(call, np.zeros_like(end), end, dtype=dtype)


def known(slope: float, place: float = PLACE) -> np.ndarray:
    change = np.tanh(slope * (1 - place)) - np.tanh(-slope * place)
    return SHARES[:, None] * np.array([change, 0.5])


def run(path: Path, rule: Adaptive, double: Path | None = None) -> list[Integral]:
    monitor = Monitor()
    return list(integrate_adaptively(path, lambda: double or path, rule, None, monitor))


@pytest.mark.parametrize("slope", [1, 20, 300, 5_000])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4])
def test_a_jump_is_resolved_to_the_tolerance(slope, tolerance):
    found = run(along(step(slope)), Adaptive(tolerance, max_steps=600))[-1]
    size = np.linalg.norm(known(slope).sum(0))
    assert found.converged
    assert found.message == ""
    assert found.steps <= 600
    assert found.bound <= tolerance * size
    assert np.abs(found.vectors - known(slope)).max() <= 1.01 * tolerance * size


def test_fixed_rules_with_as_many_nodes_miss_the_jump():
    path = along(step(5_000))
    found = run(path, Adaptive(1e-2))[-1]
    *_, fixed = integrate(path, GaussLegendre(found.steps).nodes(), Monitor())
    assert found.bound < 0.05 * fixed.bound


@settings(max_examples=25)
@given(
    st.floats(1, 2000),
    st.floats(0.02, 0.98),
    st.sampled_from([1e-1, 1e-2, 1e-3]),
    st.integers(1, 300),
)
def test_the_bound_is_never_below_the_error_and_the_limit_is_kept(slope, place, tolerance, limit):
    path = along(step(slope, place))
    for found in run(path, Adaptive(tolerance, max_steps=limit)):
        error = np.linalg.norm((found.vectors - known(slope, place)).sum(0))
        assert found.steps <= limit
        assert found.bound >= error - 1e-9
        assert found.converged == (found.bound <= tolerance * found.size)


def test_the_first_nodes_give_partial_results_that_say_so():
    path, rule = along(step(1)), Adaptive(1e-4)
    stream = integrate_adaptively(path, lambda: path, rule, None, Monitor(memory=1))
    *partial, found = stream
    assert len(partial) > 3
    assert [result.steps for result in partial] == sorted(result.steps for result in partial)
    for result in partial:
        assert result.progress < 1
        assert result.converged is False
    assert found.converged
    whole = run(path, rule)[-1]
    np.testing.assert_allclose(found.vectors, whole.vectors, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("limit", [1, 2, 11, 12, 13, 14, 17, 40])
def test_steps_never_exceed_the_limit_even_when_it_is_tiny(limit):
    results = run(along(step(5_000)), Adaptive(1e-3, max_steps=limit))
    assert all(result.steps <= limit for result in results)
    assert [result.progress for result in results][-1] == 1
    assert results[-1].converged is False


def test_an_unconverged_result_says_what_was_reached_and_what_to_try():
    found = run(along(step(5_000)), Adaptive(1e-4, max_steps=30))[-1]
    reached = found.bound / found.size
    assert found.message == (
        f"Not converged: after {found.steps} steps the relative residual is bounded by "
        f"{reached:.1e}, above the tolerance 0.0001. Try Adaptive(0.0001, max_steps=120), a deeper "
        "layer, or another baseline."
    )


def test_a_smooth_path_ends_with_the_first_nodes():
    results = run(along(step(0.5)), Adaptive(1e-2))
    assert len(results) == 1
    assert results[0].converged
    assert results[0].progress == 1
    assert np.allclose(results[0].vectors, known(0.5), rtol=1e-9)


def test_partial_results_come_before_the_last_and_progress_stays_below_1():
    results = run(along(step(3_000)), Adaptive(1e-5, max_steps=400))
    assert len(results) >= 2
    assert all(0 < result.progress < 1 for result in results[:-1])
    assert results[-1].progress == 1
    assert all(a.steps < b.steps for a, b in pairwise(results))
    assert all(result.coarse is not None for result in results)


def rounded(slope: float, dtype: torch.dtype) -> Path:
    """The step read behind a large offset: float32 resolves s to about 1e-4 only."""
    return along(step(slope, offset=700.0), dtype)


def test_what_float32_cannot_resolve_goes_on_in_float64():
    slope, rule = 20_000.0, Adaptive(1e-3, max_steps=600)
    single, double = rounded(slope, torch.float32), rounded(slope, torch.float64)
    alone = run(single, rule, double=single)[-1]
    found = run(single, rule, double=double)[-1]
    assert not alone.converged
    assert found.converged
    assert double.function.calls
    error = np.linalg.norm((found.vectors - known(slope)).sum(0))
    assert error <= 1.1e-3 * found.size + 1e-4


def test_a_path_that_float32_resolves_never_asks_for_float64():
    def refuse() -> Path:
        raise AssertionError("float64 was asked for")

    path = along(step(30), torch.float32)
    *_, found = integrate_adaptively(path, refuse, Adaptive(1e-3), None, Monitor())
    assert found.converged
    assert np.abs(found.vectors - known(30)).max() < 2e-3


def test_equal_ends_have_nothing_to_integrate():
    end = SHARES[:, None]
    found = run(toy_path(step(10), end, end), Adaptive(1e-3))[-1]
    assert found.converged
    assert np.array_equal(found.vectors, np.zeros((3, 2)))


def test_a_path_that_returns_is_measured_against_the_embedding():
    """F(x) = F(r): ‖e‖ is what residuals are relative to, and the bump between is seen."""

    def bump(states):
        s = states.sum((1, 2))
        return torch.stack([1 + s * (1 - s) * torch.tanh(8 * (s - 0.5)) ** 2, s * 0 + 2], 1)

    found = run(along(bump), Adaptive(1e-3))[-1]
    assert found.size == pytest.approx(np.hypot(1, 2))
    assert found.converged
    assert np.abs(found.vectors.sum(0)).max() <= 1e-3 * found.size


def test_cancelling_stops_between_two_rounds():
    asked = []

    def cancel() -> bool:
        asked.append(len(path.function.calls))
        return len(asked) > 4

    path = along(step(3_000))
    with pytest.raises(CancelledError):
        list(integrate_adaptively(path, lambda: path, Adaptive(1e-6), None, Monitor(cancel)))
    assert len(path.function.calls) == asked[-1]


def test_progress_never_goes_backwards_and_ends_at_1():
    told: list[float] = []
    path = along(step(3_000))
    monitor = Monitor(progress=told.append)
    *_, found = integrate_adaptively(path, lambda: path, Adaptive(1e-3, 600), None, monitor)
    monitor.report(1.0)
    assert found.converged
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("bound", "progress"),
    [(2e5, 0.05), (2.0, 0.05), (2e-1, 0.25), (2e-2, 0.5), (2e-3, 0.75), (2e-4, 0.95), (0, 0.95)],
)
def test_progress_is_how_far_the_bound_has_come_on_a_logarithmic_scale(bound, progress):
    """Of a change of size 2, to the tolerance 1e-4, which is 2e-4."""
    whole = run(along(lambda states: states.sum(1) * torch.tensor([2.0, 0.0])), Adaptive(1e-4))[-1]
    assert whole.size == pytest.approx(2)
    assert _progress(bound, Adaptive(1e-4), whole) == pytest.approx(progress)


@pytest.mark.parametrize("tolerance", [1e-2, 3e-3, 1e-3])
def test_the_smaller_the_bound_of_a_refined_result_the_more_is_done(tolerance):
    def kinks(states):
        s = states.sum((1, 2))
        return torch.stack([s + (s - 0.41).abs(), s / 2 + (s - 0.43).abs().sqrt()], 1)

    *partial, last = run(along(kinks), Adaptive(tolerance, max_steps=2000))
    assert last.converged
    refined = [result for result in partial if result.steps >= FIRST_STEPS]
    assert len(refined) > 1
    done = [result.progress for result in sorted(refined, key=lambda r: -r.bound)]
    assert done == sorted(done)
    assert done[0] < 0.2
    assert done[-1] > 0.75
