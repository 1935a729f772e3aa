"""Attributions as plain data, which survives JSON and is checked when it is read."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from builders import pair, pairs
from hypothesis import given
from hypothesis import strategies as st

from siamviz.attribution import PairAttribution
from siamviz.contributions import Truncation
from siamviz.errors import ArgumentTypeError, InvalidArgumentError


class TestDict:
    @given(pairs(dtype=np.float32), st.sampled_from(["token", "word"]), st.booleans())
    def test_survives_json_exactly(self, p: PairAttribution, unit: str, fold: bool) -> None:
        p = p.by(unit).fold() if fold else p.by(unit)
        _assert_same(PairAttribution.from_dict(json.loads(json.dumps(p.to_dict()))), p)

    def test_survives_json_with_errors_and_float64(self) -> None:
        p = pair(draws=2, coarse=True, truncation=Truncation(5, 2), converged=True, message="Hm.")
        _assert_same(PairAttribution.from_dict(json.loads(json.dumps(p.to_dict()))), p)

    def test_holds_no_nan(self) -> None:
        p = replace(pair(), relative_residual=math.nan, residual_bound=math.inf)
        again = PairAttribution.from_dict(json.loads(json.dumps(p.to_dict(), allow_nan=False)))
        assert math.isnan(again.relative_residual)

    @pytest.mark.parametrize("key", [key for key in pair("a", "b").to_dict() if key != "format"])
    def test_without_a_key_names_it(self, key: str) -> None:
        data = pair("a", "b").to_dict()
        del data[key]
        with pytest.raises(InvalidArgumentError, match=f"The key '{key}' is missing"):
            PairAttribution.from_dict(data)

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("format", "x/2", "The format 'x/2' is not known. This version reads 'siamviz.pair/1'"),
            ("dtype", "int8", "The value of 'dtype' must be one of 'float32', 'float64'"),
            ("matrix", [[1.0]], "The value of 'matrix' has shape (1, 1), but the tokens call for"),
            ("matrix", "x", "The value of 'matrix' must be nested lists of numbers, not 'x'."),
            ("matrix", [[1], [1, 2]], "The value of 'matrix' must be nested lists of numbers"),
            ("token_effects_a", [math.nan] * 3, "'token_effects_a' contains NaN or infinity"),
            ("score", "1", "The value of 'score' must be a finite number, not '1'."),
            ("base", math.inf, "The value of 'base' must be a finite number, not inf."),
            ("steps_a", 1.5, "The value of 'steps_a' must be of type int, not 1.5."),
            ("converged", 1, "The value of 'converged' must be of type bool, not 1."),
            ("unit", "words", "The value of 'unit' must be one of 'token', 'word'"),
            ("settings", {"model": "x"}, "'settings' must be a mapping with the keys 'model'"),
            ("tokens_a", [{"text": "a"}], "'tokens_a[0]' must be a mapping with the keys 'end'"),
            (
                "truncation_a",
                {"characters": "x", "tokens": 1},
                "'truncation_a.characters' must be of type int, not 'x'.",
            ),
        ],
    )
    def test_with_an_unfit_value_names_it(self, key: str, value: object, message: str) -> None:
        with pytest.raises(InvalidArgumentError) as error:
            PairAttribution.from_dict({**pair("a", "b").to_dict(), key: value})
        assert message in str(error.value)

    def test_of_no_mapping_is_a_type_error(self) -> None:
        with pytest.raises(ArgumentTypeError, match="takes a mapping as to_dict returns it, not"):
            PairAttribution.from_dict([])


def _assert_same(one: PairAttribution, two: PairAttribution) -> None:
    names = [name for name in vars(two) if name != "_pair"]
    for name in names:
        x, y = getattr(one, name), getattr(two, name)
        if isinstance(y, np.ndarray):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)
        else:
            assert x == y, name
