from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamviz.attribution import PairAttribution
from siamviz.direction import DirectionAttribution
from siamviz.errors import ArgumentTypeError, InvalidArgumentError
from tests.builders import contributions

UP = np.array([0.0, 0.0, 2.0, 0.0, 0.0, 0.0])


@given(st.integers(0, 10_000), st.sampled_from(["cosine", "dot"]), st.booleans())
def test_the_terms_add_up_to_the_score(seed: int, similarity: str, normalized: bool) -> None:
    c = contributions(seed=seed, residual=0.5, normalized=normalized)
    u = np.random.default_rng(seed).normal(size=6)
    d = DirectionAttribution.from_contributions(c, u, similarity)
    parts = [d.base, d.residual, *d.effects]
    assert sum(parts) == pytest.approx(d.score, abs=1e-12 * max(sum(map(abs, parts)), 1))


def test_effects_are_projections() -> None:
    c = contributions()
    dot = DirectionAttribution.from_contributions(c, UP, "dot")
    np.testing.assert_array_equal(dot.effects, 2 * c.vectors[:, 2])
    assert (dot.base, dot.score) == (2 * c.reference[2], 2 * c.embedding[2])
    cosine = DirectionAttribution.from_contributions(c, UP)
    np.testing.assert_allclose(cosine.effects, c.vectors[:, 2] / np.linalg.norm(c.embedding))
    assert cosine.score == pytest.approx(c.embedding[2] / np.linalg.norm(c.embedding))


def test_the_other_sentences_embedding_as_direction_gives_row_sums() -> None:
    a, b = contributions(), contributions("Cats.", seed=1, residual=0)
    pair = PairAttribution.from_contributions(a, b)
    d = DirectionAttribution.from_contributions(a, b.embedding)
    np.testing.assert_allclose(d.effects, pair.matrix.sum(axis=1) + pair.token_effects_a)
    assert d.score == pytest.approx(pair.score)


def test_standard_error_is_that_of_the_projections() -> None:
    c = contributions(draws=3)
    d = DirectionAttribution.from_contributions(c, UP, "dot")
    expected = [np.linalg.norm(2 * c.deviations[:, i, 2]) for i in range(len(c.tokens))]
    np.testing.assert_allclose(d.standard_error, expected)
    word = d.by("word")
    exact = np.linalg.norm(2 * c.deviations[:, 4:6, 2].sum(axis=1))  # "after": "afte", "r"
    assert word.tokens[4].text == "after"
    assert word.standard_error[4] >= exact


def test_words_are_sums_of_their_tokens() -> None:
    d = DirectionAttribution.from_contributions(contributions("kittens run"), UP)
    word = d.by("word")
    assert [token.text for token in word.tokens] == ["[CLS]", "kittens", "run", "[SEP]"]
    assert word.effects[1] == pytest.approx(d.effects[1] + d.effects[2])
    assert word.by("word") is word
    with pytest.raises(InvalidArgumentError, match="by 'word' cannot be regrouped by 'token'"):
        word.by("token")


def test_top_lists_the_largest_magnitudes() -> None:
    d = DirectionAttribution.from_contributions(contributions(), UP)
    found = d.top(3)
    assert [one.rank for one in found] == [1, 2, 3]
    np.testing.assert_allclose(
        [abs(one.effect) for one in found], np.sort(np.abs(d.effects[1:-1]))[::-1][:3]
    )
    assert found[0].share == pytest.approx(found[0].effect / d.score)
    assert found[0].token == d.tokens[found[0].index]
    assert len(d.top(100, special=True)) == len(d.tokens)


@pytest.mark.parametrize(
    ("direction", "kind", "message"),
    [
        ([1, 2], InvalidArgumentError, "has shape (2,); the model's embeddings have shape (6,)"),
        (np.zeros(6), InvalidArgumentError, "The direction is zero."),
        (np.full(6, np.nan), InvalidArgumentError, "The direction contains NaN or infinity."),
        ("north", ArgumentTypeError, "must be an array of 6 numbers, not str"),
        (None, InvalidArgumentError, "has shape ()"),
    ],
)
def test_a_bad_direction_is_named(direction: object, kind: type, message: str) -> None:
    with pytest.raises(kind) as error:
        DirectionAttribution.from_contributions(contributions(), direction)
    assert message in str(error.value)


def test_effects_are_read_only() -> None:
    d = DirectionAttribution.from_contributions(contributions(), UP)
    with pytest.raises(ValueError, match="read-only"):
        d.effects[0] = 1
    assert repr(d).startswith(f"DirectionAttribution(score={d.score:.4f}, cosine, 14 tokens")
