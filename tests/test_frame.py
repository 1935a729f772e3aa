"""Frames: what the interactive view is sent, byte for byte."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from builders import contributions, pair, settings
from frames import summed, unpack
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from siamviz.attribution import PairAttribution
from siamviz.contributions import Token, Truncation
from siamviz.export.frame import pack

HOSTILE = "</script><img src=x onerror=alert(1)> \"\u2028\u202e\x00'&"


def _small(**options) -> PairAttribution:
    return pair(dtype=np.float32, **options)


@given(st.integers(0, 10**6), st.sampled_from(["cosine", "dot"]))
def test_every_number_of_a_result_is_restored_exactly(seed: int, similarity: str) -> None:
    p = _small(seed=seed, similarity=similarity, draws=3, coarse=True)
    header, arrays = unpack(pack(p))
    assert arrays["matrix"].dtype == np.float32
    assert_array_equal(arrays["matrix"], p.matrix)
    assert_array_equal(arrays["folded"], p.folded_matrix)
    assert_array_equal(arrays["effects_a"], p.token_effects_a)
    assert_array_equal(arrays["effects_b"], p.token_effects_b)
    assert_array_equal(arrays["error_token"], p.standard_error)
    assert header["ledger"] == dict(p.ledger)
    assert header["certificate"]["relative_residual"] == p.relative_residual
    assert header["certificate"]["residual_bound"] == p.residual_bound
    assert header["units"]["token"]["cell_error"] == p.cell_error
    assert header["scores"] == p.scores
    assert (header["version"], header["method"], header["unit"]) == (1, "attribution", "token")


def test_the_arrays_of_float64_results_are_rounded_once() -> None:
    p = pair(dtype=np.float64)
    _, arrays = unpack(pack(p))
    assert_array_equal(arrays["matrix"], p.matrix.astype(np.float32))


def test_tokens_keep_text_offsets_and_role() -> None:
    p = _small()
    header, _ = unpack(pack(p))
    for tokens, rows in ((p.tokens_a, header["units"]["token"]["a"]),):
        for index, (token, row) in enumerate(zip(tokens, rows, strict=True)):
            assert row == [token.text, token.start, token.end, token.role, [index]]


@pytest.mark.parametrize("unit", ["word", "sentence"])
def test_larger_units_are_sums_over_their_members_with_the_errors_of_the_result(unit: str) -> None:
    p = _small(draws=3, coarse=True, text_a="The kittens run. They sleep.", text_b="Gardens bloom.")
    header, arrays = unpack(pack(p))
    coarse = p.by(unit)
    assert_allclose(summed(header, arrays["matrix"], unit), coarse.matrix, atol=1e-6)
    assert_array_equal(arrays[f"error_{unit}"], coarse.standard_error)
    assert header["units"][unit]["cell_error"] == coarse.cell_error
    names = [row[0] for row in header["units"][unit]["a"]]
    assert names == [token.text for token in coarse.tokens_a]


def test_without_standard_errors_no_array_of_them_is_sent() -> None:
    header, _ = unpack(pack(_small()))
    assert set(header["arrays"]) == {"matrix", "effects_a", "effects_b", "folded"}
    assert header["units"]["token"]["cell_error"] is None


def test_a_result_by_word_is_described_by_word_and_sentence() -> None:
    header, arrays = unpack(pack(_small().by("word")))
    assert header["unit"] == "word"
    assert list(header["units"]) == ["word", "sentence"]
    sides = header["units"]["word"]
    assert arrays["matrix"].shape == (len(sides["a"]), len(sides["b"]))


def test_a_result_by_spans_is_described_by_spans_alone() -> None:
    header, _ = unpack(pack(_small().by([(0, 7)], [(0, 7)])))
    assert list(header["units"]) == ["spans"]


def test_a_tokenizer_without_offsets_leaves_tokens_alone() -> None:
    tokens = (Token("a"), Token("b"))
    p = PairAttribution.from_contributions(
        contributions("a b", tokens=tokens), contributions("b a", tokens=tokens, seed=1)
    )
    header, _ = unpack(pack(p))
    assert list(header["units"]) == ["token"]


@given(st.integers(0, 10**6))
def test_scales_lead_from_one_similarity_to_the_other(seed: int) -> None:
    p = _small(seed=seed)
    header, arrays = unpack(pack(p))
    dot = _small(seed=seed, similarity="dot")
    factor = header["scales"]["dot"] / header["scales"]["cosine"]
    assert_allclose(arrays["matrix"].astype(float) * factor, dot.matrix, rtol=1e-5, atol=1e-6)
    assert header["scores"]["dot"] == dot.score
    assert header["ledger"]["base"] * factor == pytest.approx(dot.base, rel=1e-9)


def test_the_similarity_that_a_zero_embedding_lacks_is_left_out() -> None:
    zero = contributions("a", residual=0.0)
    zero = replace(
        zero,
        vectors=np.zeros_like(zero.vectors),
        embedding=np.zeros(6),
        reference=np.zeros(6),
        encoded=np.zeros(6),
    )
    p = PairAttribution.from_contributions(zero, contributions("b", seed=1), "dot")
    header, _ = unpack(pack(p))
    assert header["scales"] == {"dot": 1.0}
    assert header["scores"] == {"dot": 0.0}


def test_numbers_that_are_not_finite_become_null_and_leave_the_history() -> None:
    p = replace(_small(), relative_residual=math.nan, residual_bound=math.inf)
    header, _ = unpack(pack(p, history=[(4, 0.5), (8, math.nan), (12, 0.1)]))
    assert header["certificate"]["relative_residual"] is None
    assert header["certificate"]["residual_bound"] is None
    assert header["history"] == [[4, 0.5], [12, 0.1]]


def test_settings_name_the_model_without_its_folder() -> None:
    p = replace(_small(), settings=settings(model="/home/ada/models/mini/"))
    header, _ = unpack(pack(p))
    assert header["settings"] == {**asdict(p.settings), "model": "mini"}


def test_notes_say_what_was_cut_and_what_the_caller_adds() -> None:
    p = replace(_small(), truncation_b=Truncation(characters=40, tokens=9))
    header, _ = unpack(pack(p, notes=["Shown from a file."]))
    assert header["notes"] == [
        "Text B was cut: its last 9 tokens (40 characters) do not fit into the model.",
        "Shown from a file.",
    ]


def test_hostile_and_right_to_left_text_comes_back_as_it_was() -> None:
    p = _small(text_a=HOSTILE, text_b="הכלב רץ אחרי החתלתול")
    header, _ = unpack(pack(p))
    assert (header["text_a"], header["direction_a"]) == (HOSTILE, "ltr")
    assert (header["text_b"], header["direction_b"]) == (p.text_b, "rtl")


class TestDeletion:
    def test_differences_have_a_matrix_and_nothing_else(self, explainer) -> None:
        found = explainer.deletion("The dog runs.", "A cat sleeps in the yard.")
        header, arrays = unpack(pack(found, model="mini"))
        assert list(arrays) == ["matrix"]
        known = ~np.isnan(found.matrix)
        assert_array_equal(arrays["matrix"][known], found.matrix[known].astype(np.float32))
        assert not arrays["matrix"][~known].any()
        assert header["method"] == "deletion"
        assert header["ledger"]["score"] == found.score
        assert header["ledger"]["pairs"] == pytest.approx(np.nansum(found.matrix), abs=1e-6)
        assert header["notes"] == [
            "Special tokens cannot be deleted, so their rows and columns are empty."
        ]
        assert header["settings"]["model"] == "mini"

    def test_differences_of_either_similarity_have_both_scales(self, explainer) -> None:
        texts = "The dog runs.", "A cat sleeps."
        cosine, dot = (explainer.deletion(*texts, similarity=s) for s in ("cosine", "dot"))
        header, arrays = unpack(pack(cosine))
        factor = header["scales"]["dot"] / header["scales"]["cosine"]
        _, wanted = unpack(pack(dot))
        assert_allclose(arrays["matrix"] * factor, wanted["matrix"], rtol=1e-5, atol=1e-7)
        assert header["scores"]["dot"] == dot.score
