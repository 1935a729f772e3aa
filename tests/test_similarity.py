"""One result under another similarity of the same two embeddings."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders import contributions, pair
from hypothesis import given
from hypothesis import strategies as st

from siamviz.attribution import PairAttribution
from siamviz.errors import InvalidArgumentError

SEEDS = st.integers(0, 10**6)
SIMILARITIES = st.sampled_from(["cosine", "dot"])


@given(SEEDS, SIMILARITIES)
def test_is_the_attribution_of_the_other_similarity(seed: int, similarity: str) -> None:
    options = {"seed": seed, "draws": 2, "coarse": True}
    other = "dot" if similarity == "cosine" else "cosine"
    found = pair(similarity=similarity, **options).as_similarity(other)
    wanted = pair(similarity=other, **options)
    for name in ("matrix", "folded_matrix", "token_effects_a", "token_effects_b"):
        x, y = getattr(found, name), getattr(wanted, name)
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.standard_error, wanted.standard_error, rtol=1e-12)
    assert found.cell_error == pytest.approx(wanted.cell_error, rel=1e-9)
    assert dict(found.ledger) == pytest.approx(dict(wanted.ledger), rel=1e-9, abs=1e-12)
    assert (found.score, found.similarity) == (wanted.score, other)


def test_keeps_exact_errors_of_larger_units() -> None:
    options = {"draws": 3, "coarse": True}
    found = pair(**options).as_similarity("dot").by("word")
    wanted = pair(similarity="dot", **options).by("word")
    np.testing.assert_allclose(found.standard_error, wanted.standard_error, rtol=1e-12)
    assert found.cell_error == pytest.approx(wanted.cell_error, rel=1e-9)


def test_works_on_what_was_restored_from_plain_data() -> None:
    restored = PairAttribution.from_dict(json.loads(json.dumps(pair().to_dict())))
    wanted = pair(similarity="dot")
    np.testing.assert_allclose(restored.as_similarity("dot").matrix, wanted.matrix)


def test_of_its_own_similarity_is_itself() -> None:
    p = pair()
    assert p.as_similarity("cosine") is p


def test_that_is_unknown_suggests_the_nearest() -> None:
    with pytest.raises(InvalidArgumentError, match="Did you mean 'cosine'"):
        pair().as_similarity("cosin")


def test_of_a_zero_embedding_says_what_there_is() -> None:
    zero = contributions("a", embedding=np.zeros(6), encoded=np.zeros(6))
    p = PairAttribution.from_contributions(zero, zero, "dot")
    with pytest.raises(InvalidArgumentError, match="has no cosine similarity, only 'dot'"):
        p.as_similarity("cosine")
