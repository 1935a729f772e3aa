"""Quadrature rules against closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamviz.errors import ArgumentTypeError, InvalidArgumentError
from siamviz.nodes import Nodes
from siamviz.quadrature import (
    Adaptive,
    Calibrated,
    FixedRule,
    GaussLegendre,
    Midpoint,
    RightRiemann,
    Trapezoid,
    parse_rule,
)
from siamviz.speed import SpeedProfile

RULES = (GaussLegendre, Midpoint, Trapezoid, RightRiemann, Calibrated)


def integrate(nodes: Nodes, function) -> float:
    return float(np.sum(nodes.weights * function(nodes.points)))


@given(
    rule=st.sampled_from(RULES),
    steps=st.integers(2, 40),
    coefficients=st.lists(st.floats(-10, 10), min_size=1, max_size=80),
)
def test_polynomials_up_to_the_degree_are_integrated_exactly(rule, steps, coefficients):
    nodes = rule(steps)
    coefficients = coefficients[: nodes.degree + 1]
    exact = math.fsum(c / (power + 1) for power, c in enumerate(coefficients))
    found = integrate(nodes.nodes(), np.polynomial.Polynomial(coefficients))
    assert found == pytest.approx(exact, abs=1e-11)


@pytest.mark.parametrize(
    "rule", [GaussLegendre(1), GaussLegendre(3), Midpoint(4), Trapezoid(4), RightRiemann(4)]
)
def test_the_degree_is_the_largest_that_is_exact(rule):
    exact = 1 / (rule.degree + 2)
    assert abs(integrate(rule.nodes(), lambda t: t ** (rule.degree + 1)) - exact) > 1e-5


@pytest.mark.parametrize(("rule", "order"), [(RightRiemann, 1), (Midpoint, 2), (Trapezoid, 2)])
@pytest.mark.parametrize(
    ("function", "exact"),
    [(np.exp, math.e - 1), (lambda t: 1 / (1 + 25 * t**2), math.atan(5) / 5)],
    ids=["exp", "runge"],
)
def test_errors_fall_with_the_order_of_the_rule(rule, order, function, exact):
    counts = np.array([64, 128, 256, 512])
    errors = [abs(integrate(rule(int(n)).nodes(), function) - exact) for n in counts]
    intervals = counts - 1 if rule is Trapezoid else counts
    slope = np.polyfit(np.log(intervals), np.log(errors), 1)[0]
    assert slope == pytest.approx(-order, abs=0.02)


def test_gauss_legendre_converges_geometrically_at_the_rate_of_the_nearest_pole():
    # The pole i/5 lies on the ellipse with foci 0 and 1 whose semi-axes sum to rho / 2; the
    # error falls like rho ** (-2N) (Trefethen, "Is Gauss quadrature better ...?", 2008).
    pole = 2 * 0.2j - 1
    rho = max(abs(pole + np.sqrt(pole**2 - 1)), abs(pole - np.sqrt(pole**2 - 1)))
    counts = np.arange(4, 25)
    errors = [
        abs(
            integrate(GaussLegendre(int(n)).nodes(), lambda t: 1 / (1 + 25 * t**2))
            - math.atan(5) / 5
        )
        for n in counts
    ]
    slope = np.polyfit(counts, np.log(errors), 1)[0]
    assert slope == pytest.approx(-2 * math.log(rho), rel=0.05)


def test_right_riemann_has_exactly_n_nodes_for_every_n_up_to_1000():
    for steps in range(1, 1001):
        points = RightRiemann(steps).nodes().points
        assert len(points) == steps
        assert points[-1] == 1.0
        assert points[0] == 1 / steps


@pytest.mark.parametrize("steps", [49, 58, 98, 103])
def test_right_riemann_is_the_sum_over_k_divided_by_n(steps):
    slow = math.fsum(math.exp(k / steps) for k in range(1, steps + 1)) / steps
    assert integrate(RightRiemann(steps).nodes(), np.exp) == pytest.approx(slow, abs=1e-14)


@given(rule=st.sampled_from(RULES), steps=st.integers(2, 300))
def test_weights_are_positive_and_sum_to_one_over_increasing_points(rule, steps):
    nodes = rule(steps).nodes()
    assert len(nodes) == steps
    assert np.all(nodes.weights > 0)
    assert math.fsum(nodes.weights) == pytest.approx(1, abs=1e-12)
    assert np.all(np.diff(nodes.points) > 0)
    assert nodes.points.dtype == nodes.weights.dtype == np.float64


@given(cuts=st.lists(st.floats(0.001, 0.999), max_size=5, unique=True))
def test_integrals_over_subintervals_add_up_to_the_whole(cuts):
    edges = [0.0, *sorted(cuts), 1.0]
    total = 0.0
    for t0, t1 in itertools.pairwise(edges):
        points, weights = GaussLegendre(10).nodes().map_to(t0, t1)
        assert np.all((t0 <= points) & (points <= t1))
        assert math.fsum(weights) == pytest.approx(t1 - t0, abs=1e-12)
        total += float(np.sum(weights * np.exp(points)))
    assert total == pytest.approx(math.e - 1, abs=1e-12)


@pytest.mark.parametrize(
    ("t0", "t1"), [(0.5, 0.5), (0.6, 0.5), (-0.1, 0.5), (0, 1.5), (math.nan, 1)]
)
def test_an_empty_or_outside_subinterval_is_refused(t0, t1):
    with pytest.raises(InvalidArgumentError, match=r"needs 0 <= t0 < t1 <= 1, got t0="):
        GaussLegendre(3).nodes().map_to(t0, t1)


def bump(t: np.ndarray) -> np.ndarray:
    return 1 / (0.03**2 + (t - 0.55) ** 2)


BUMP_INTEGRAL = (math.atan(0.45 / 0.03) + math.atan(0.55 / 0.03)) / 0.03


@pytest.mark.parametrize("steps", [8, 12, 16, 24])
def test_calibrated_nodes_beat_gauss_legendre_where_the_profile_is_right(steps):
    midpoints = (np.arange(257)[:-1] + 0.5) / 256
    profile = SpeedProfile.from_speeds(bump(midpoints)[None])
    plain = abs(integrate(GaussLegendre(steps).nodes(), bump) - BUMP_INTEGRAL)
    calibrated = abs(integrate(Calibrated(steps).nodes(profile), bump) - BUMP_INTEGRAL)
    assert calibrated < plain / 4


@given(steps=st.integers(1, 64), intervals=st.integers(1, 300))
def test_calibrated_nodes_with_a_flat_profile_are_gauss_legendre(steps, intervals):
    flat = SpeedProfile.from_speeds(np.full((3, intervals), 7.0))
    for profile in (None, flat, SpeedProfile.flat()):
        nodes = Calibrated(steps).nodes(profile)
        np.testing.assert_allclose(nodes.points, GaussLegendre(steps).nodes().points, atol=1e-12)
        np.testing.assert_allclose(nodes.weights, GaussLegendre(steps).nodes().weights, atol=1e-12)


@given(speeds=st.lists(st.floats(0, 1e6), min_size=1, max_size=300), steps=st.integers(1, 64))
def test_calibrated_weights_are_positive_and_sum_to_one_for_any_profile(speeds, steps):
    nodes = Calibrated(steps).nodes(SpeedProfile.from_speeds(np.array([speeds])))
    assert np.all(nodes.weights > 0)
    assert np.all(np.diff(nodes.points) > 0)
    assert math.fsum(nodes.weights) == pytest.approx(1, abs=1e-12)


@given(steps=st.integers(1, 200))
def test_coverage_order_visits_every_node_once(steps):
    order = Midpoint(steps).nodes().coverage_order()
    assert sorted(order.tolist()) == list(range(steps))


@given(steps=st.integers(1, 200), share=st.floats(0.01, 1))
def test_every_prefix_of_the_coverage_order_covers_the_interval(steps, share):
    nodes = Midpoint(steps).nodes()
    count = max(1, round(share * steps))
    visited = np.sort(nodes.points[nodes.coverage_order()[:count]])
    gaps = np.diff(np.concatenate([[0.0], visited, [1.0]]))
    assert gaps.max() <= 2 / (count + 1) + 1 / steps


@given(
    rule=st.sampled_from((GaussLegendre, Midpoint, Trapezoid)),
    steps=st.integers(2, 60),
    data=st.data(),
)
def test_partial_weights_are_positive_and_sum_to_one(rule, steps, data):
    done = data.draw(st.lists(st.integers(0, steps - 1), min_size=1, unique=True))
    weights = rule(steps).nodes().partial(done)
    assert weights.shape == (len(done),)
    assert np.all(weights > 0)
    assert math.fsum(weights) == pytest.approx(1, abs=1e-12)


@given(steps=st.integers(2, 60), data=st.data())
def test_partial_integrates_straight_lines_exactly_once_both_ends_are_finished(steps, data):
    nodes = GaussLegendre(steps).nodes()
    inner = data.draw(st.lists(st.integers(1, max(1, steps - 2)), unique=True))
    done = data.draw(st.permutations(list({0, steps - 1, *inner})))
    line = np.sum(nodes.partial(done) * (3 - 4 * nodes.points[done]))
    assert line == pytest.approx(1.0, abs=1e-12)


def test_partial_with_every_node_finished_gives_the_rule_in_any_order():
    nodes = GaussLegendre(11).nodes()
    order = nodes.coverage_order()
    np.testing.assert_allclose(nodes.partial(order), nodes.weights[order], atol=1e-16)


def test_partial_results_of_a_smooth_integral_are_close_early():
    nodes = GaussLegendre(32).nodes()
    done = nodes.coverage_order()[:8]
    estimate = float(np.sum(nodes.partial(done) * np.exp(nodes.points[done])))
    assert estimate == pytest.approx(math.e - 1, rel=0.02)


@pytest.mark.parametrize(
    ("done", "message"),
    [
        ([], r"at least one index and none twice, got \[\]"),
        ([1, 1], r"at least one index and none twice, got \[1, 1\]"),
        ([0, 4], r"indices from 0 to 3, got \[0, 4\]"),
        ([-1], r"indices from 0 to 3, got \[-1\]"),
    ],
)
def test_partial_refuses_indices_that_make_no_sense(done, message):
    with pytest.raises(InvalidArgumentError, match=message):
        Midpoint(4).nodes().partial(done)


@pytest.mark.parametrize(
    ("points", "weights", "message"),
    [
        ([0.5, 0.6], [1.0], r"of equal length, got shapes \(2,\) and \(1,\)"),
        ([], [], r"not empty"),
        ([[0.5]], [[1.0]], r"one-dimensional"),
        ([math.nan], [1.0], r"must be finite"),
        ([1.5], [1.0], r"within \[0, 1\], got 1.5"),
        ([0.2, 0.4], [0.5, 0.4], r"must sum to 1, got .*0\.9"),
    ],
)
def test_nodes_check_themselves(points, weights, message):
    with pytest.raises(InvalidArgumentError, match=message):
        Nodes(np.array(points), np.array(weights))


def test_nodes_cannot_be_changed_and_do_not_share_the_callers_arrays():
    points = np.array([0.25, 0.75])
    nodes = Nodes(points, np.array([0.5, 0.5]))
    points[0] = 0.0
    assert nodes.points[0] == 0.25
    with pytest.raises(ValueError, match="read-only"):
        nodes.points[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        GaussLegendre(4).nodes().weights[0] = 0.0


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("steps", "error", "shown"),
    [
        (0, InvalidArgumentError, r"got 0\."),
        (-3, InvalidArgumentError, r"got -3\."),
        (1.5, ArgumentTypeError, r"got 1\.5 \(float\)\."),
        (True, ArgumentTypeError, r"got True \(bool\)\."),
        ("8", ArgumentTypeError, r"got '8' \(str\)\."),
        (None, ArgumentTypeError, r"got None \(NoneType\)\."),
    ],
)
def test_steps_that_are_no_positive_whole_number_are_refused(rule, steps, error, shown):
    with pytest.raises(
        error, match=rf"^steps of {rule.__name__} must be a whole number of at least \d, {shown}$"
    ):
        rule(steps)


def test_a_trapezoid_needs_two_nodes():
    with pytest.raises(InvalidArgumentError, match=r"Trapezoid must be .* at least 2, got 1"):
        Trapezoid(1)


@pytest.mark.parametrize("rule", RULES)
def test_numpy_integers_are_steps(rule):
    made = rule(np.int64(7))
    assert made == rule(7)
    assert type(made.steps) is int


def test_rules_are_values_with_names():
    assert {GaussLegendre(4), GaussLegendre(4)} == {GaussLegendre(4)}
    assert GaussLegendre(4) != Midpoint(4)
    names = [rule(16).name for rule in RULES]
    assert names == [
        "gauss-legendre(16)",
        "midpoint(16)",
        "trapezoid(16)",
        "right-riemann(16)",
        "calibrated(16)",
    ]
    assert Adaptive(1e-3).name == "adaptive(0.001)"


@pytest.mark.parametrize("tolerance", [0, 0.0, -1e-3, 1, 2.0, math.nan, math.inf])
def test_tolerances_outside_zero_to_one_are_refused(tolerance):
    with pytest.raises(
        InvalidArgumentError, match=r"greater than 0 and less than 1, such as 0\.01, got"
    ):
        Adaptive(tolerance)


@pytest.mark.parametrize("tolerance", ["0.01", None, True])
def test_tolerances_that_are_no_numbers_are_refused(tolerance):
    with pytest.raises(ArgumentTypeError, match=r"tolerance must be a number .* got"):
        Adaptive(tolerance)


def test_the_step_limit_of_the_adaptive_rule_is_checked():
    assert Adaptive(np.float32(0.25), max_steps=np.int32(9)) == Adaptive(0.25, max_steps=9)
    with pytest.raises(InvalidArgumentError, match=r"max_steps of Adaptive .* at least 1, got 0"):
        Adaptive(max_steps=0)
    with pytest.raises(ArgumentTypeError, match=r"max_steps of Adaptive .* got 1\.5 \(float\)"):
        Adaptive(max_steps=1.5)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_found_by_its_name(rule):
    assert parse_rule(rule.key, steps=5) == rule(5)
    assert isinstance(parse_rule(rule.key), FixedRule)


def test_the_adaptive_rule_takes_steps_as_its_limit():
    assert parse_rule("adaptive") == Adaptive()
    assert parse_rule("adaptive", steps=40) == Adaptive(max_steps=40)


def test_a_rule_object_is_returned_as_it_is():
    rule = Adaptive(0.05)
    assert parse_rule(rule) is rule
    with pytest.raises(InvalidArgumentError, match=r"steps=8 was given beside Midpoint\(steps=4\)"):
        parse_rule(Midpoint(4), steps=8)


def test_an_unknown_rule_is_answered_with_the_nearest_name():
    with pytest.raises(
        InvalidArgumentError,
        match=r"'gauss_legendre' is not known.*Did you mean 'gauss-legendre'\?",
    ):
        parse_rule("gauss_legendre")


@pytest.mark.parametrize("value", [16, None, GaussLegendre])
def test_what_is_neither_rule_nor_name_is_refused(value):
    with pytest.raises(ArgumentTypeError, match=r"GaussLegendre\(16\) or one of the names 'gauss-"):
        parse_rule(value)
