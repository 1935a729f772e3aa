"""The time left of an attribution to a tolerance, from how its error falls."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from builders import pair

from siamviz.corpus import Corpus
from siamviz.quadrature import Adaptive, GaussLegendre
from siamviz.widgets.computation import Pace
from siamviz.widgets.forecast import SHORT, Forecast, Measurement, forecast_of, measure
from siamviz.widgets.request import Question

LIMIT = 512


def ask(baseline="pad", rule=None) -> Question:
    return Question("a model", "a", "b", 0, baseline, rule or Adaptive(), "cosine")


def seen(
    *excesses: float, begin: float = 3.0, pace: float = 0.05, batch: int = 32
) -> list[Measurement]:
    """Rounds of `batch` steps at `pace` seconds each, after `begin` seconds without any."""
    steps = range(batch, batch * (len(excesses) + 1), batch)
    return [
        Measurement(begin + pace * n, n, excess) for n, excess in zip(steps, excesses, strict=True)
    ]


def after(*measurements: Measurement, limit: int = LIMIT, power: float = 0.0) -> Forecast:
    forecast = Forecast(limit, power)
    for one in measurements:
        forecast.add(one)
    return forecast


class TestForecast:
    @pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
    def test_a_power_law_is_followed_to_the_round_in_which_it_reaches_the_tolerance(
        self, power
    ) -> None:
        reached = 300
        excesses = [(reached / (32 * k)) ** power for k in (1, 2, 3)]
        end = after(*seen(*excesses)).end
        assert end == pytest.approx(3 + 0.05 * 32 * ceil(reached / 32))

    def test_an_error_that_hardly_falls_is_bounded_by_the_limit(self) -> None:
        assert after(*seen(9.0, 8.9999)).end == pytest.approx(3 + 0.05 * LIMIT)

    def test_a_fall_too_small_to_tell_is_bounded_too(self) -> None:
        two = 2.0
        end = after(*seen(two, np.nextafter(two, 0))).end
        assert end == pytest.approx(3 + 0.05 * LIMIT)

    def test_a_standard_error_falls_at_least_as_the_root_of_the_steps(self) -> None:
        end = after(*seen(2.0, 1.999), power=0.5).end
        assert end == pytest.approx(3 + 0.05 * 64 * 4)

    def test_what_came_before_the_first_measurement_is_no_part_of_the_pace(self) -> None:
        ends = [after(*seen(4.0, 2.0, begin=begin)).end for begin in (0.0, 100.0)]
        assert ends[1] == pytest.approx(100 + ends[0])

    def test_at_least_one_round_is_left_until_it_is_over(self) -> None:
        assert after(*seen(2.0, 1.0001)).end == pytest.approx(3 + 0.05 * 96)
        assert after(*seen(2.0, 0.9)).end == pytest.approx(3 + 0.05 * 96)

    def test_the_latest_rounds_count(self) -> None:
        slow = [Measurement(10.0 * k, 32 * k, 100.0 - k) for k in range(1, 5)]
        fast = [Measurement(40 + 0.1 * k, 128 + 32 * k, 8.0 / 2**k) for k in range(4)]
        assert after(*slow, *fast).end == pytest.approx(after(*fast).end)

    def test_an_error_that_does_not_fall_tells_nothing(self) -> None:
        known = seen(4.0, 2.0)
        risen = Measurement(9.0, 96, 2.5)
        assert after(*known, risen).end == after(*known).end
        assert after(*seen(4.0, 4.0, 4.0)).end is None

    def test_one_measurement_tells_only_that_the_limit_is_near(self) -> None:
        [early] = seen(2.0, begin=0.0)
        assert after().end is None
        assert after(early).end is None
        limit = 32 + int(SHORT / 0.05)
        assert after(early, limit=limit).end == pytest.approx(0.05 * limit)

    def test_beyond_the_limit_nothing_is_left(self) -> None:
        assert after(*seen(4.0, 2.0), limit=10).end == pytest.approx(3 + 0.05 * 64)


class TestMeasure:
    def test_only_a_tolerance_for_one_reference_or_a_corpus_is_forecast(self) -> None:
        assert forecast_of(ask()) is not None
        assert forecast_of(ask(Corpus())) is not None
        assert forecast_of(ask(["pad", "mask"])) is None
        assert forecast_of(ask(rule=GaussLegendre(8))) is None

    def test_a_residual_is_measured_against_the_tolerance(self) -> None:
        found = replace(pair(), residual_bound=0.3, steps_a=12, steps_b=20)
        assert measure(ask(), found, 5.0) == Measurement(5.0, 32, pytest.approx(30))

    def test_before_the_first_nodes_are_done_a_residual_tells_nothing(self) -> None:
        found = replace(pair(), residual_bound=0.3, steps_a=11, steps_b=20)
        assert measure(ask(), found, 5.0) is None

    def test_a_standard_error_is_measured_against_the_largest_cell(self) -> None:
        known = pair()
        error = np.full_like(known.matrix, 0.4 * np.abs(known.matrix).max())
        found = replace(known, standard_error=error, steps_a=48, steps_b=48)
        wanted = Measurement(5.0, 96, pytest.approx(4))
        assert measure(ask(Corpus(error=0.1)), found, 5.0) == wanted


class TestTimeLeft:
    @pytest.fixture
    def clock(self, monkeypatch) -> list[float]:
        now = [100.0]
        monkeypatch.setattr("siamviz.widgets.computation.time.monotonic", lambda: now[0])
        return now

    def test_a_job_that_ends_long_before_its_limit_is_not_told_by_its_limit(self, clock) -> None:
        pace, forecast = Pace(), Forecast(LIMIT, 0.5)
        pace.start(forecast)
        told = {}
        for one in seen(3.0, 1.5, 1.0, begin=3.0):
            clock[0], pace.fraction = 100 + one.seconds, one.steps / LIMIT
            forecast.add(one)
            told[one.steps] = pace.remaining()
        assert told[32] is None
        assert told[64] == pytest.approx(0.05 * 32)

    def test_between_two_measurements_the_time_runs_down_and_not_below_zero(self, clock) -> None:
        pace, forecast = Pace(), after(*seen(4.0, 2.0))
        pace.start(forecast)
        assert forecast.end is not None
        clock[0] = 100 + forecast.end - 1
        assert pace.remaining() == pytest.approx(1)
        assert pace.remaining(parts=2) == pytest.approx(1 + forecast.end)
        clock[0] += 5
        assert pace.remaining() == 0

    def test_the_share_done_is_that_of_the_time_and_never_whole(self, clock) -> None:
        pace, forecast = Pace(), after(*seen(4.0, 2.0))
        pace.start(forecast)
        pace.fraction = 0.125
        assert forecast.end is not None
        clock[0] = 100 + forecast.end / 2
        assert pace.share == pytest.approx(0.5)
        clock[0] = 100 + 2 * forecast.end
        assert pace.share == pytest.approx(0.99)

    @pytest.mark.parametrize(("fraction", "left"), [(0.25, 9.0), (0.05, None)])
    def test_before_anything_is_measured_only_a_short_bound_is_told(
        self, clock, fraction, left
    ) -> None:
        pace = Pace()
        pace.start(Forecast(LIMIT))
        clock[0] += 3
        pace.fraction = fraction
        assert pace.remaining() == (left and pytest.approx(left))
        assert pace.share == fraction
