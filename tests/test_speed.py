"""Speed profiles and their arc-length coordinate."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamviz.errors import InvalidArgumentError
from siamviz.speed import SpeedProfile

SPEEDS = st.lists(st.floats(0.01, 100), min_size=1, max_size=300).map(lambda v: np.array([v]))


def grid(intervals: int) -> np.ndarray:
    return (np.arange(intervals) + 0.5) / intervals


@given(speeds=SPEEDS)
def test_the_map_rises_from_zero_to_one(speeds):
    profile = SpeedProfile.from_speeds(speeds)
    t = profile.t(np.linspace(0, 1, 101))
    assert t[0] == 0
    assert t[-1] == pytest.approx(1, abs=1e-15)
    assert np.all(np.diff(t) > 0)


@given(speeds=SPEEDS)
def test_the_derivative_is_that_of_the_map(speeds):
    profile = SpeedProfile.from_speeds(speeds)
    s = np.linspace(0.003, 0.997, 41)
    slope = (profile.t(s + 1e-6) - profile.t(s - 1e-6)) / 2e-6
    np.testing.assert_allclose(profile.dt_ds(s), slope, rtol=1e-3)


def test_the_map_inverts_the_arc_length_of_a_known_speed():
    # With speed 1/2 + t the covered arc length is s = (t + t**2) / 2.
    cells = grid(512)
    profile = SpeedProfile(tuple(0.5 + cells))
    t = np.linspace(0, 1, 33)
    s = (t + t**2) / 2
    np.testing.assert_allclose(profile.t(s), t, atol=1e-6)
    np.testing.assert_allclose(profile.dt_ds(s[1:-1]), 1 / (0.5 + t[1:-1]), rtol=1e-4)


def test_a_sine_is_damped_as_a_gaussian_of_one_thirty_second_damps_it():
    wave = np.cos(4 * np.pi * grid(256))
    profile = SpeedProfile.from_speeds((1 + 0.5 * wave)[None])
    damping = math.exp(-0.5 * (4 * math.pi * 8 / 256) ** 2)
    np.testing.assert_allclose(profile.density, 1 + 0.8 * 0.5 * damping * wave, atol=1e-4)


@pytest.mark.parametrize("intervals", [32, 64, 100, 500])
def test_the_profile_hardly_depends_on_how_finely_the_path_was_scanned(intervals):
    def speed(t):
        return 0.3 + np.exp(-0.5 * ((t - 0.55) / 0.1) ** 2)

    fine = SpeedProfile.from_speeds(speed(grid(256))[None])
    other = SpeedProfile.from_speeds(speed(grid(intervals))[None])
    np.testing.assert_allclose(other.density, fine.density, rtol=0.02)


def test_every_text_counts_alike_whatever_its_unit():
    first, second = 1 + grid(256), 2 - grid(256)
    together = SpeedProfile.from_speeds(np.stack([first, 1000 * second]))
    np.testing.assert_allclose(together.density, 1.0, atol=1e-12)


def test_no_place_is_left_without_nodes():
    spike = np.zeros((1, 256))
    spike[0, 100] = 1
    assert min(SpeedProfile.from_speeds(spike).density) >= 0.2


def test_texts_that_do_not_move_are_left_out():
    moving = (1 + grid(64))[None]
    with_still = np.concatenate([moving, np.zeros((1, 64))])
    assert SpeedProfile.from_speeds(with_still) == SpeedProfile.from_speeds(moving)
    assert SpeedProfile.from_speeds(np.zeros((2, 64))) == SpeedProfile.flat()


@given(speeds=SPEEDS)
def test_a_stored_profile_comes_back_exactly(speeds):
    profile = SpeedProfile.from_speeds(speeds)
    again = SpeedProfile.from_dict(json.loads(json.dumps(profile.to_dict())))
    assert again == profile
    assert hash(again) == hash(profile)


@pytest.mark.parametrize(
    ("speeds", "message"),
    [
        (np.ones(4), r"shape \(n_texts, n_intervals\), got shape \(4,\)"),
        (np.ones((0, 4)), r"got shape \(0, 4\)"),
        (np.array([[1, -1.0]]), r"finite and not negative"),
        (np.array([[1, math.nan]]), r"finite and not negative"),
    ],
)
def test_speeds_that_make_no_sense_are_refused(speeds, message):
    with pytest.raises(InvalidArgumentError, match=message):
        SpeedProfile.from_speeds(speeds)


@pytest.mark.parametrize(
    ("density", "message"),
    [
        ((), r"non-empty sequence of numbers, got shape \(0,\)"),
        ((2.0, 0.0), r"positive and finite everywhere, got values from 0\.0 to 2\.0"),
        ((1.0, math.inf), r"positive and finite"),
        ((1.0, 2.0), r"mean 1, got .*1\.5"),
    ],
)
def test_a_profile_checks_itself(density, message):
    with pytest.raises(InvalidArgumentError, match=message):
        SpeedProfile(density)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, r"expected the format 'siamviz.speed-profile/1'.*got the format None"),
        ({"format": "other", "density": [1.0]}, r"got the format 'other'"),
        ({"format": "siamviz.speed-profile/1"}, r"and the keys \['format'\]"),
        ({"format": "siamviz.speed-profile/1", "density": ["x"]}, r"list of numbers, got \['x'\]"),
        ({"format": "siamviz.speed-profile/1", "density": None}, r"list of numbers, got None"),
    ],
)
def test_data_that_is_no_stored_profile_is_refused(data, message):
    with pytest.raises(InvalidArgumentError, match=message):
        SpeedProfile.from_dict(data)
