"""Contributions along a path, against closed forms in float64."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_functions import toy_path

from siamviz import GaussLegendre, Midpoint, RightRiemann, Trapezoid
from siamviz.dual import FORWARD_LEVEL
from siamviz.errors import CancelledError, OutOfMemoryError
from siamviz.integral import integrate
from siamviz.jacobian import forward_by_torch, jacobian_products
from siamviz.monitor import Monitor

S, H, D = 5, 4, 3
RNG = np.random.default_rng(0)
START, END = RNG.normal(size=(S, H)), RNG.normal(size=(S, H))
DELTA = END - START
LINEAR = RNG.normal(size=(D, S, H))
BILINEAR = RNG.normal(size=(D, S, H, S, H))
OFFSET = RNG.normal(size=D)


def linear(states):
    return torch.einsum("dsh,nsh->nd", torch.tensor(LINEAR), states) + torch.tensor(OFFSET)


def quadratic(states):
    form = torch.tensor(BILINEAR)
    return torch.einsum("dshtk,nsh,ntk->nd", form, states, states) + linear(states)


def smooth(states):
    return torch.tanh(torch.einsum("dsh,nsh->nd", torch.tensor(LINEAR), states)) + linear(states)


def linear_contributions() -> np.ndarray:
    """A δ, token by token."""
    return np.einsum("dsh,sh->sd", LINEAR, DELTA)


def quadratic_contributions() -> np.ndarray:
    """δᵀ(B + Bᵀ)(x + r)/2 + A δ: the gradient at the middle of the path."""
    middle = (START + END) / 2
    both = BILINEAR + BILINEAR.transpose(0, 3, 4, 1, 2)
    return np.einsum("dshtk,sh,tk->sd", both, DELTA, middle) + linear_contributions()


def complete(path, rule, **options) -> np.ndarray:
    *_, found = integrate(path, rule.nodes(), Monitor(**options))
    return found.vectors


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize(
    "rule", [GaussLegendre(1), Midpoint(3), Trapezoid(2), RightRiemann(4)], ids=lambda r: r.name
)
def test_every_rule_is_exact_for_a_linear_function(rule, mode):
    found = complete(toy_path(linear, START, END, mode=mode), rule)
    assert np.allclose(found, linear_contributions(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize(
    "rule", [GaussLegendre(1), GaussLegendre(2), Midpoint(5), Trapezoid(4)], ids=lambda r: r.name
)
def test_rules_of_degree_1_are_exact_for_a_quadratic_function(rule, mode):
    found = complete(toy_path(quadratic, START, END, mode=mode), rule)
    assert np.allclose(found, quadratic_contributions(), rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_right_riemann_sum_misses_a_quadratic_by_its_known_error(count):
    form = BILINEAR + BILINEAR.transpose(0, 3, 4, 1, 2)
    curvature = np.einsum("dshtk,sh,tk->sd", form, DELTA, DELTA)
    found = complete(toy_path(quadratic, START, END), RightRiemann(count))
    known = quadratic_contributions() + curvature / (2 * count)
    assert np.allclose(found, known, rtol=1e-12, atol=1e-11)


def test_the_last_of_the_partial_results_is_complete_and_each_reports_its_residual():
    path = toy_path(smooth, START, END)
    monitor = Monitor(memory=1)
    results = list(integrate(path, GaussLegendre(7).nodes(), monitor))
    assert [r.steps for r in results] == [1, 2, 3, 4, 5, 6, 7]
    assert results[-1].progress == 1
    for result in results:
        change = smooth(torch.tensor(np.stack([START, END]))).numpy()
        assert np.allclose(result.start, change[0])
        assert np.allclose(result.end, change[1])
        missing = np.linalg.norm(change[1] - change[0] - result.vectors.sum(0))
        assert result.bound == pytest.approx(missing, rel=1e-9, abs=1e-12)


@settings(max_examples=20)
@given(st.floats(0.01, 0.99))
def test_subintervals_add_up_to_the_whole_path(split):
    middle = START + split * DELTA
    rule = GaussLegendre(24)
    whole = complete(toy_path(smooth, START, END), rule)
    first = complete(toy_path(smooth, START, middle), rule)
    second = complete(toy_path(smooth, middle, END), rule)
    assert np.allclose(first + second, whole, rtol=0, atol=1e-5)


def test_the_contributions_of_a_group_are_the_sum_of_its_tokens():
    groups = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 1]], dtype=bool)
    tokens = complete(toy_path(smooth, START, END), GaussLegendre(4))
    for mode in ("forward", "reverse"):
        found = complete(toy_path(smooth, START, END, groups=groups, mode=mode), GaussLegendre(4))
        assert np.allclose(found, groups @ tokens, rtol=1e-12, atol=1e-12)


def test_tokens_that_do_not_move_contribute_nothing_and_cost_nothing(monkeypatch):
    counted = []

    def count(function, states, tangents):
        counted.append(len(tangents))
        return forward(function, states, tangents)

    from siamviz import jacobian

    forward = jacobian._forward
    monkeypatch.setattr(jacobian, "_forward", count)
    start = START.copy()
    start[[0, 3]] = END[[0, 3]]
    found = complete(toy_path(smooth, start, END, mode="forward"), GaussLegendre(2))
    assert counted == [3]
    assert np.all(found[[0, 3]] == 0)
    assert np.all(np.abs(found[[1, 2, 4]]).max(1) > 0)


def test_a_path_that_stays_where_it_is_needs_no_derivative():
    found = complete(toy_path(smooth, END, END), GaussLegendre(3))
    assert np.array_equal(found, np.zeros((S, D)))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("memory", [1, 3000, 20_000])
def test_small_chunks_give_what_large_ones_give(mode, memory):
    known = complete(toy_path(smooth, START, END, mode=mode), GaussLegendre(6))
    found = complete(toy_path(smooth, START, END, mode=mode), GaussLegendre(6), memory=memory)
    assert np.allclose(found, known, rtol=1e-12, atol=1e-13)


def test_many_tokens_of_a_short_embedding_are_taken_in_reverse(monkeypatch):
    from siamviz import jacobian

    def refuse(*_):
        raise AssertionError("forward mode was chosen")

    monkeypatch.setattr(jacobian, "_forward", refuse)
    rng = np.random.default_rng(1)
    start, end = rng.normal(size=(12, 2)), rng.normal(size=(12, 2))
    path = toy_path(lambda x: x.sin().sum((1, 2))[:, None], start, end)
    found = complete(path, GaussLegendre(12))
    assert np.allclose(found[:, 0], (np.sin(end) - np.sin(start)).sum(1), atol=1e-9)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_a_function_without_forward_derivative_is_taken_in_reverse():
    def attend(x):
        heads = x[:, None]
        return F.scaled_dot_product_attention(heads, heads, heads)[:, 0].sum(1)

    def spelled_out(x):
        return (torch.softmax(x @ x.mT / H**0.5, -1) @ x).sum(1)

    found = complete(toy_path(attend, START, END), GaussLegendre(4))
    known = complete(toy_path(spelled_out, START, END), GaussLegendre(4))
    assert np.allclose(found, known, rtol=1e-10, atol=1e-12)
    with pytest.raises(NotImplementedError, match="forward AD"):
        complete(toy_path(attend, START, END, mode="forward"), GaussLegendre(4))


def test_one_that_waits_for_the_model_keeps_forward_mode_from_nobody():
    """Duals ask for it inside the model: two threads with one each would wait for ever."""

    def call(states):
        with function.lock:
            return torch.tanh(states)

    function = toy_path(call, np.zeros((2, 3)), np.ones((2, 3))).function
    states = torch.ones(1, 2, 3, dtype=torch.float64)
    waiting = threading.Thread(
        target=forward_by_torch, args=(function, states, states[None]), daemon=True
    )
    with function.lock:
        waiting.start()
        time.sleep(0.05)
        assert FORWARD_LEVEL.acquire(timeout=5)
        FORWARD_LEVEL.release()
    waiting.join(60)
    assert not waiting.is_alive()


def test_duals_that_do_not_agree_with_torch_func_are_not_used():
    def aliased(x):
        y = x * 1
        z = y[:, :2]
        y += 1  # through torch.func this reaches z, a view; a dual's alias would go stale
        return torch.cat([z, y], 1).pow(3).sum(1)

    path = toy_path(aliased, START, END, mode="forward")
    found = complete(path, GaussLegendre(3))
    assert path.function.duals is False
    assert np.allclose(
        found.sum(0), (np.array([2, 2, 1, 1, 1]) @ ((END + 1) ** 3 - (START + 1) ** 3))
    )


# Memory and cancellation


def starved(limit, error=torch.OutOfMemoryError):
    """A function that runs out of memory where its input has more than `limit` numbers."""

    def call(states):
        tangents = getattr(states, "tangent", states)
        if tangents.numel() > limit:
            raise error("CUDA out of memory. Tried to allocate 2.00 GiB")
        return smooth(states)

    return call


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError, MemoryError])
def test_a_batch_that_does_not_fit_is_tried_again_in_smaller_ones(error):
    known = complete(toy_path(smooth, START, END), GaussLegendre(8))
    path = toy_path(starved(5 * S * H, error), START, END, mode="forward")
    found = complete(path, GaussLegendre(8), memory=2**20)
    assert np.allclose(found, known, rtol=1e-12, atol=1e-13)
    assert path.function.duals is not False


def test_what_does_not_fit_even_alone_is_told():
    path = toy_path(starved(1), START, END, mode="forward")
    with pytest.raises(
        OutOfMemoryError,
        match=r"does not fit into memory \(about 0 MiB.*Shorten the text, use a deeper layer",
    ):
        complete(path, GaussLegendre(2))


def test_other_errors_of_the_model_are_not_taken_for_a_lack_of_memory():
    def broken(states):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        complete(toy_path(broken, START, END), GaussLegendre(2))


@pytest.mark.parametrize("as_event", [True, False])
def test_cancelling_stops_within_one_batch_of_nodes(as_event):
    path = toy_path(smooth, START, END, mode="forward")
    event = threading.Event()
    monitor = Monitor(cancel=event if as_event else event.is_set, memory=1)
    stream = integrate(path, GaussLegendre(16).nodes(), monitor)
    assert next(stream).steps == 1
    before = len(path.function.calls)
    event.set()
    with pytest.raises(CancelledError, match="was cancelled"):
        next(stream)
    assert len(path.function.calls) == before


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_cancelling_stops_within_one_node_whose_tangents_take_several_chunks(mode):
    path = toy_path(smooth, START, END, mode=mode)
    states = torch.tensor(START[None])
    asked = []

    def stop():
        asked.append(len(path.function.calls))
        if len(asked) == 2:
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError, match="Enough"):
        jacobian_products(path, states, path.delta.expand_as(states), memory=1, check=stop)
    assert len(asked) == 2


def test_embeddings_along_the_path_are_those_of_its_states():
    path = toy_path(smooth, START, END)
    t = np.array([0.0, 0.3, 1.0])
    states = torch.tensor(START + t[:, None, None] * DELTA)
    for memory in (1, 2**20):
        assert np.allclose(path.embed(t, Monitor(memory=memory)), smooth(states), atol=1e-14)
