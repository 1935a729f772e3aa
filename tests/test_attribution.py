from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamviz.attribution import PairAttribution
from siamviz.contributions import SentenceContributions, Token, Truncation
from siamviz.deletion import DeletionEffects
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, NonFiniteError
from tests.builders import contributions, pair, settings

SEEDS = st.integers(0, 10_000)
SIMILARITIES = st.sampled_from(["cosine", "dot"])
TEXTS = st.sampled_from(
    ["Dogs run.", "The kittens can't sleep.", "Mr. Smith runs. Dogs sleep!", "狗在跑 naïve"]
)


@st.composite
def pairs(draw: st.DrawFn, **options: object) -> PairAttribution:
    given_options = {"normalized": draw(st.booleans()), "residual": draw(st.floats(0, 10))}
    return pair(
        draw(TEXTS),
        draw(TEXTS),
        similarity=draw(SIMILARITIES),
        seed=draw(SEEDS),
        **{**given_options, **options},
    )


def two_tokens(vectors: list, reference: list, rho: list, **changes: object):
    """Contributions of a text "ab cd" of two tokens, from plain lists."""
    c, e0 = np.array(vectors, dtype=float), np.array(reference, dtype=float)
    embedding = e0 + c.sum(axis=0) + np.array(rho, dtype=float)
    return SentenceContributions(
        text="ab cd",
        tokens=(Token("ab", 0, 2), Token("cd", 3, 5)),
        vectors=c,
        embedding=embedding,
        reference=e0,
        settings=settings(),
        reference_shares=np.array([e0 / 2, e0 / 2]),
        relative_residual=0.1,
        residual_bound=0.2,
        steps=4,
        **{"encoded": embedding, **changes},
    )


class TestTerms:
    def test_match_a_calculation_by_hand(self) -> None:
        a = two_tokens([[1, 0], [0, 2]], [1, 1], [0, 0.5])  # e = (2, 3.5)
        b = two_tokens([[3, 0], [1, 1]], [0, 1], [0, 0])  # e = (4, 2)
        p = PairAttribution.from_contributions(a, b, "dot")
        np.testing.assert_array_equal(p.matrix, [[3, 1], [0, 2]])
        np.testing.assert_array_equal(p.token_effects_a, [0, 2])
        np.testing.assert_array_equal(p.token_effects_b, [3, 2])
        assert (p.base, p.residual, p.score) == (1.0, 1.0, 15.0)
        np.testing.assert_array_equal(p.folded_matrix, [[4.75, 2.25], [2.75, 4.25]])

    def test_of_cosine_are_those_of_dot_over_the_product_of_norms(self) -> None:
        a, b = contributions(seed=1), contributions("Dogs.", seed=2)
        dot = PairAttribution.from_contributions(a, b, "dot")
        cosine = PairAttribution.from_contributions(a, b, "cosine")
        n = np.linalg.norm(a.embedding) * np.linalg.norm(b.embedding)
        for name in ("matrix", "token_effects_a", "token_effects_b", "base", "residual", "score"):
            np.testing.assert_allclose(getattr(cosine, name), getattr(dot, name) / n, rtol=1e-12)

    def test_of_dot_are_divided_by_the_norms_that_the_model_divides_by(self) -> None:
        p = pair(similarity="dot", normalized=True)
        assert abs(p.ledger.imbalance) < 1e-12
        assert p.score == pytest.approx(pair(similarity="cosine", normalized=True).score)

    @given(pairs())
    def test_close_on_the_score(self, p: PairAttribution) -> None:
        size = sum(map(abs, p.ledger.values()))
        assert abs(p.ledger.imbalance) <= 1e-12 * max(size, 1)

    @given(SEEDS)
    def test_close_on_the_score_in_float32(self, seed: int) -> None:
        p = pair(seed=seed, dtype=np.float32)
        assert p.matrix.dtype == p.token_effects_a.dtype == p.folded_matrix.dtype == np.float32
        assert abs(p.ledger.imbalance) <= 1e-6 * max(sum(map(abs, p.ledger.values())), 1)

    def test_show_an_encoding_that_is_not_the_embedding_as_imbalance(self) -> None:
        a = contributions()
        wrong = replace(a, encoded=a.encoded + 1.0)
        assert abs(PairAttribution.from_contributions(wrong, a, "dot").ledger.imbalance) > 0.1

    @given(SEEDS, SIMILARITIES)
    def test_transpose_when_the_texts_are_swapped(self, seed: int, similarity: str) -> None:
        a = contributions("Dogs run.", seed=seed, coarse=True, draws=2, message="slow")
        b = contributions("The kittens.", seed=seed + 1, coarse=True, draws=3)
        p = PairAttribution.from_contributions(a, b, similarity)
        q = PairAttribution.from_contributions(b, a, similarity).transpose()
        assert (q.text_a, q.text_b, q.tokens_a, q.tokens_b) == (
            p.text_a,
            p.text_b,
            p.tokens_a,
            p.tokens_b,
        )
        for name in (
            "matrix",
            "token_effects_a",
            "token_effects_b",
            "folded_matrix",
            "standard_error",
        ):
            np.testing.assert_allclose(getattr(q, name), getattr(p, name), rtol=1e-10, atol=1e-14)
        for name in ("score", "base", "residual", "cell_error"):
            assert getattr(q, name) == pytest.approx(getattr(p, name), rel=1e-10, abs=1e-14)
        word = q.by("word")
        np.testing.assert_allclose(word.standard_error, p.by("word").standard_error, rtol=1e-10)

    def test_are_read_only(self) -> None:
        p = pair(draws=2)
        for name in ("matrix", "token_effects_a", "token_effects_b", "folded_matrix"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(p, name)[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            p.by("word").standard_error[0] = 0


class TestCertificate:
    def test_takes_the_larger_residual_and_steps(self) -> None:
        a = contributions(relative_residual=0.1, residual_bound=0.2, steps=3)
        b = contributions(relative_residual=0.05, residual_bound=0.3, steps=9, progress=0.5)
        p = PairAttribution.from_contributions(a, b)
        assert (p.relative_residual, p.residual_bound) == (0.1, 0.3)
        assert (p.steps_a, p.steps_b, p.steps, p.progress) == (3, 9, 9, 0.75)

    @pytest.mark.parametrize(
        ("a", "b", "both"),
        [
            (None, None, None),
            (True, None, True),
            (True, True, True),
            (True, False, False),
            (None, False, False),
        ],
    )
    def test_has_converged_if_all_that_had_a_tolerance_did(self, a, b, both) -> None:
        p = PairAttribution.from_contributions(
            contributions(converged=a), contributions(converged=b)
        )
        assert p.converged is both

    def test_standard_error_is_that_of_the_products(self) -> None:
        a, b = contributions("Dogs run.", draws=3), contributions("Cats.", seed=1, draws=2)
        p = PairAttribution.from_contributions(a, b, "dot")
        for i, j in itertools.product(range(len(a.tokens)), range(len(b.tokens))):
            square = sum((a.deviations[m, i] @ b.vectors[j]) ** 2 for m in range(3))
            square += sum((a.vectors[i] @ b.deviations[m, j]) ** 2 for m in range(2))
            assert p.standard_error[i, j] == pytest.approx(math.sqrt(square), rel=1e-12)

    def test_standard_error_of_one_drawn_side_is_its_alone(self) -> None:
        a, b = contributions("Dogs run.", draws=3), contributions("Cats.", seed=1)
        p = PairAttribution.from_contributions(a, b, "dot")
        square = sum((a.deviations[m, 1] @ b.vectors[2]) ** 2 for m in range(3))
        assert p.standard_error[1, 2] == pytest.approx(math.sqrt(square), rel=1e-12)
        assert pair().standard_error is None

    def test_cell_error_is_the_largest_change_since_the_coarse_vectors(self) -> None:
        a, b = contributions("Dogs run.", coarse=True), contributions("Cats.", seed=1, coarse=True)
        p = PairAttribution.from_contributions(a, b, "dot")
        cells = itertools.product(range(len(a.tokens)), range(len(b.tokens)))
        changes = [a.vectors[i] @ b.vectors[j] - a.coarse[i] @ b.coarse[j] for i, j in cells]
        assert p.cell_error == pytest.approx(max(map(abs, changes)), rel=1e-12)
        assert PairAttribution.from_contributions(a, replace(b, coarse=None)).cell_error is None

    def test_reads_as_a_sentence(self) -> None:
        p = replace(pair(), relative_residual=3.2e-3, converged=True)
        assert p.certificate == "relative residual 3.2e-03, converged at 12 steps"
        assert "not converged after 12 steps" in replace(p, converged=False).certificate
        assert "fixed rule of 12 steps, 25% of the work done" in (
            replace(p, converged=None, progress=0.25).certificate
        )
        assert "cells changed by at most 2.0e-02" in replace(p, cell_error=0.02).certificate
        error = np.full(p.matrix.shape, 0.0062)
        largest = p.top(1, special=True)[0].effect
        assert f"largest cell {largest:.3f} ± 0.006 (standard error)" in (
            replace(p, standard_error=error).certificate
        )

    def test_keeps_the_messages_of_both_sides_and_says_equal_ones_once(self) -> None:
        def message(one: str, two: str) -> str:
            a, b = contributions(message=one), contributions(message=two)
            return PairAttribution.from_contributions(a, b).message

        assert message("", "") == ""
        assert message("Stop.", "Stop.") == "Stop."
        assert message("", "Stop.") == "Stop."
        assert message("One.", "Two.") == "A: One. B: Two."

    def test_names_both_rules_where_they_differ(self) -> None:
        a = contributions(settings=settings(rule="adaptive(0.01)"))
        p = PairAttribution.from_contributions(a, contributions())
        assert p.settings.rule == "adaptive(0.01) | gauss-legendre(12)"


class TestBadInput:
    @pytest.mark.parametrize(("name", "value"), [("model", "other"), ("layer", 3)])
    def test_of_different_settings_is_named(self, name: str, value: object) -> None:
        other = contributions(settings=settings(**{name: value}))
        with pytest.raises(InvalidArgumentError) as error:
            PairAttribution.from_contributions(contributions(), other)
        original = getattr(settings(), name)
        assert f"{name} is {original!r} for A and {value!r} for B" in str(error.value)

    def test_of_a_zero_embedding_has_no_cosine(self) -> None:
        zero = two_tokens([[1, 0], [0, 1]], [0, 0], [-1, -1])
        other = two_tokens([[1, 0], [0, 1]], [0, 0], [0, 0])
        with pytest.raises(InvalidArgumentError) as error:
            PairAttribution.from_contributions(other, zero)
        assert "The embedding of 'ab cd' is zero" in str(error.value)
        assert "Use similarity='dot'" in str(error.value)
        assert PairAttribution.from_contributions(other, zero, "dot").score == 0

    def test_of_an_unknown_similarity_suggests_the_nearest(self) -> None:
        with pytest.raises(InvalidArgumentError) as error:
            pair(similarity="cosin")
        assert str(error.value) == (
            "Similarity 'cosin' is not known. Use one of 'cosine', 'dot'. Did you mean 'cosine'?"
        )

    def test_with_nan_is_refused(self) -> None:
        a = contributions()
        vectors = a.vectors.copy()
        vectors[1, 2] = np.nan
        with pytest.raises(NonFiniteError, match="contains NaN or infinity"):
            PairAttribution.from_contributions(replace(a, vectors=vectors), a)


class TestFold:
    @given(pairs())
    def test_sums_to_the_score_less_the_residual(self, p: PairAttribution) -> None:
        folded = p.fold()
        size = max(sum(map(abs, p.ledger.values())), 1)
        assert folded.matrix.sum() == pytest.approx(p.score - p.residual, abs=1e-12 * size)
        assert abs(folded.ledger.imbalance) <= 1e-12 * size

    def test_leaves_no_base_and_no_token_effects(self) -> None:
        folded = pair(draws=2, coarse=True).fold()
        assert folded.folded
        assert folded.base == 0
        assert not folded.token_effects_a.any()
        assert not folded.token_effects_b.any()
        assert folded.standard_error is None
        assert folded.cell_error is None

    def test_and_grouping_commute(self) -> None:
        p = pair()
        np.testing.assert_allclose(p.fold().by("word").matrix, p.by("word").fold().matrix)


class TestBy:
    @given(pairs(), st.sampled_from(["word", "sentence"]))
    def test_sums_exactly(self, p: PairAttribution, unit: str) -> None:
        q = p.by(unit)
        assert q.unit == unit
        for name, total in p.ledger.items():
            assert q.ledger[name] == pytest.approx(total, rel=1e-12, abs=1e-11)
        for i, token in enumerate(q.tokens_a):
            rows = [
                k
                for k, t in enumerate(p.tokens_a)
                if t is token or (not token.special and not t.special and _inside(t, token))
            ]
            assert q.token_effects_a[i] == pytest.approx(p.token_effects_a[rows].sum(), abs=1e-12)
            np.testing.assert_allclose(
                q.matrix[i].sum(), p.matrix[rows].sum(), rtol=1e-9, atol=1e-10
            )

    def test_recomputes_errors_of_sums_from_the_contributions(self) -> None:
        options = {"draws": 3, "coarse": True}
        a, b = contributions("kittens", **options), contributions("gardens", seed=1, **options)
        word = PairAttribution.from_contributions(a, b, "dot").by("word")
        v_a, v_b = a.vectors[1:3].sum(axis=0), b.vectors[1:3].sum(axis=0)
        square = sum((a.deviations[m, 1:3].sum(axis=0) @ v_b) ** 2 for m in range(3))
        square += sum((b.deviations[m, 1:3].sum(axis=0) @ v_a) ** 2 for m in range(3))
        assert word.standard_error[1, 1] == pytest.approx(math.sqrt(square), rel=1e-12)
        change = v_a @ v_b - a.coarse[1:3].sum(axis=0) @ b.coarse[1:3].sum(axis=0)
        assert word.cell_error >= abs(change)

    def test_bounds_errors_of_sums_where_the_contributions_are_gone(self) -> None:
        p = pair(draws=4, coarse=True)
        exact = p.by("word")
        bound = PairAttribution.from_dict(p.to_dict()).by("word")
        assert (bound.standard_error >= exact.standard_error * (1 - 1e-12)).all()
        assert bound.cell_error >= exact.cell_error

    def test_the_present_unit_is_the_result_itself(self) -> None:
        p = pair()
        assert p.by("token") is p
        assert p.by("word").by("word").unit == "word"

    def test_goes_from_words_on_to_sentences(self) -> None:
        p = pair("Dogs run. Cats sleep.", "No.")
        np.testing.assert_allclose(p.by("word").by("sentence").matrix, p.by("sentence").matrix)

    def test_a_finer_unit_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError) as error:
            pair().by("word").by("token")
        assert str(error.value) == (
            "A result by 'word' cannot be regrouped by 'token'. "
            "Call by() on the result by 'token' that it was made from."
        )

    def test_takes_spans_of_both_sentences(self) -> None:
        p = pair("The dog runs.", "A cat sleeps.")
        q = p.by([(0, 7)], [(2, 12)])
        assert q.unit == "spans"
        assert [t.text for t in q.tokens_a] == ["[CLS]", "The dog", "runs", ".", "[SEP]"]
        assert [t.text for t in q.tokens_b] == ["[CLS]", "A", "cat sleeps", ".", "[SEP]"]
        assert q.matrix[1, 2] == pytest.approx(p.matrix[1:3, 2:5].sum())


class TestTop:
    def test_lists_the_largest_magnitudes_with_rank_and_share(self) -> None:
        p = pair()
        found = p.top(4)
        inner = np.abs(p.matrix[1:-1, 1:-1])
        np.testing.assert_allclose(
            [abs(one.effect) for one in found], np.sort(inner.ravel())[::-1][:4]
        )
        for rank, one in enumerate(found, start=1):
            assert one.rank == rank
            assert one.effect == p.matrix[one.index_a, one.index_b]
            assert (one.a, one.b) == (p.tokens_a[one.index_a], p.tokens_b[one.index_b])
            assert one.share == pytest.approx(one.effect / p.score)

    def test_keeps_special_tokens_and_signs_as_asked(self) -> None:
        p = pair("Dogs.", "Cats.")
        assert len(p.top(100)) == 4
        assert len(p.top(100, special=True)) == 16
        positive = p.top(100, special=True, sign="+")
        negative = p.top(100, special=True, sign="-")
        assert all(one.effect > 0 for one in positive)
        assert all(one.effect < 0 for one in negative)
        assert len(positive) + len(negative) == 16

    def test_refuses_a_number_that_is_no_count(self) -> None:
        with pytest.raises(InvalidArgumentError, match="k must be 1 or more, not 0"):
            pair().top(0)
        with pytest.raises(ArgumentTypeError, match=r"k must be a whole number .*, not 1\.5"):
            pair().top(1.5)
        with pytest.raises(
            InvalidArgumentError, match=r"Sign 'plus' is not known\. Use one of '\+', '-'"
        ):
            pair().top(sign="plus")


class TestAlign:
    @given(SEEDS, st.integers(1, 4), st.integers(1, 4))
    def test_optimal_is_the_best_of_all_one_to_one_alignments(self, seed, rows, columns) -> None:
        p = pair(" ".join("abcd"[:rows]), " ".join("efgh"[:columns]), seed=seed)
        found = p.align("optimal")
        effects = p.matrix[1:-1, 1:-1]
        assert found.total == pytest.approx(_best_total(effects), abs=1e-12)
        assert found.share == pytest.approx(found.total / p.score)
        assert len({one.a.start for one in found.pairs}) == len(found.pairs)
        assert len({one.b.start for one in found.pairs}) == len(found.pairs)
        assert len(found.pairs) + len(found.unaligned_a) == rows
        assert len(found.pairs) + len(found.unaligned_b) == columns
        assert all(one.effect > 0 for one in found.pairs)

    def test_max_takes_pairs_that_are_each_others_strongest(self) -> None:
        p = _with_matrix([[5.0, 4.0, -1.0], [4.5, 3.0, -1.0], [-1.0, -1.0, -0.5]])
        assert [(one.a.text, one.b.text) for one in p.align("max").pairs] == [("a", "d")]
        best = p.align("optimal")
        assert [(one.a.text, one.b.text) for one in best.pairs] == [("b", "d"), ("a", "e")]
        assert [token.text for token in best.unaligned_a] == ["c"]
        assert [token.text for token in best.unaligned_b] == ["f"]

    def test_reads_as_a_list_of_pairs(self) -> None:
        p = replace(_with_matrix([[0.25, 0, 0], [0, -1, 0], [0, 0, 0.125]]), score=0.5)
        assert repr(p.align()) == (
            "Alignment(optimal: 'a'-'d' +0.250, 'c'-'f' +0.125; total +0.375, 75% of the score; "
            "unaligned 1 of A, 1 of B)"
        )

    def test_aligns_words_not_their_pieces(self) -> None:
        found = pair("kittens", "gardens").align()
        assert {one.a.text for one in found.pairs} | {t.text for t in found.unaligned_a} == {
            "kittens"
        }

    def test_of_an_unknown_method_suggests_the_nearest(self) -> None:
        with pytest.raises(InvalidArgumentError, match="Did you mean 'optimal'"):
            pair().align("optimum")


class TestDifference:
    @given(SEEDS, SIMILARITIES)
    def test_of_equal_tokens_is_that_of_their_cells(self, seed: int, similarity: str) -> None:
        p, q = pair(seed=seed, similarity=similarity), pair(seed=seed + 1, similarity=similarity)
        d = p - q
        np.testing.assert_array_equal(d.matrix, p.matrix - q.matrix)
        np.testing.assert_array_equal(d.sign_flips, np.sign(p.matrix) == -np.sign(q.matrix))
        assert (d.tokens_a, d.tokens_b, d.unit) == (p.tokens_a, p.tokens_b, "token")

    @given(pairs(), pairs())
    def test_adds_up_to_the_difference_of_the_ledgers(self, p, q) -> None:
        q = replace(q, similarity=p.similarity)
        d = p - q
        size = sum(map(abs, p.ledger.values())) + sum(map(abs, q.ledger.values()))
        for name, value in d.ledger.items():
            assert value == pytest.approx(p.ledger[name] - q.ledger[name], abs=1e-12 * max(size, 1))

    def test_of_other_texts_pairs_words_by_text_and_occurrence(self) -> None:
        p, q = pair("the dog and the cat", "yes"), pair("the cat saw the bird", "yes", seed=5)
        d = p - q
        assert d.unit == "word"
        names = [token.text for token in d.tokens_a]
        assert names == ["[CLS]", "the", "the", "cat", "[SEP]", "(other)"]
        p, q = p.by("word"), q.by("word")
        np.testing.assert_allclose(d.matrix[2], p.matrix[4] - q.matrix[4])
        np.testing.assert_allclose(d.matrix[3], p.matrix[5] - q.matrix[2])
        np.testing.assert_allclose(
            d.matrix[5], p.matrix[[2, 3]].sum(axis=0) - q.matrix[[3, 5]].sum(axis=0), atol=1e-14
        )
        assert [token.text for token in d.tokens_b] == ["[CLS]", "yes", "[SEP]"]

    def test_of_different_similarities_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError) as error:
            _ = pair() - pair(similarity="dot")
        assert "'dot' cannot be subtracted from one of 'cosine'" in str(error.value)

    def test_of_a_folded_and_an_unfolded_attribution_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match="Fold both"):
            _ = pair() - pair().fold()

    def test_with_something_else_is_a_type_error(self) -> None:
        with pytest.raises(TypeError):
            _ = pair() - 1

    def test_shows_score_and_flips(self) -> None:
        p = pair("a", "b")
        d = p - replace(p, matrix=-p.matrix, score=p.score - 0.5)
        assert repr(d) == (
            "AttributionDifference(score=+0.5000, cosine, 3×3, unit='token', sign_flips=9)"
        )


class TestAgreement:
    def test_is_perfect_with_itself(self) -> None:
        p = pair()
        found = p.agreement(p)
        assert found.pearson == pytest.approx(1)
        assert found.spearman == pytest.approx(1)
        assert found.top_overlap == 1
        assert found.cells == (len(p.tokens_a) - 2) * (len(p.tokens_b) - 2)

    def test_compares_finite_cells_of_ordinary_tokens(self) -> None:
        p = pair("a b c d", "e f g")
        rng = np.random.default_rng(3)
        matrix = np.full(p.matrix.shape, np.nan)
        matrix[1:-1, 1:-1] = np.round(rng.normal(size=(4, 3)), 1)
        matrix[2, 2] = np.nan
        found = p.agreement(_deletion(p, matrix), k=3)
        keep = np.isfinite(matrix)
        x, y = p.matrix[keep], matrix[keep]
        assert found.cells == 11
        assert found.pearson == pytest.approx(np.corrcoef(x, y)[0, 1])
        expected = np.corrcoef(pd.Series(x).rank(), pd.Series(y).rank())[0, 1]
        assert found.spearman == pytest.approx(expected)
        top = set(np.argsort(-abs(x))[:3]) & set(np.argsort(-abs(y), kind="stable")[:3])
        assert found.top_overlap == pytest.approx(len(top) / 3)

    @pytest.mark.filterwarnings("error")
    def test_with_a_constant_is_nan_without_a_warning(self) -> None:
        p = pair()
        found = p.agreement(_deletion(p, np.ones(p.matrix.shape)))
        assert math.isnan(found.pearson)
        assert math.isnan(found.spearman)
        empty = p.agreement(_deletion(p, np.full(p.matrix.shape, np.nan)))
        assert math.isnan(empty.top_overlap)
        assert empty.cells == 0

    def test_of_other_tokens_is_refused(self) -> None:
        p = pair()
        with pytest.raises(InvalidArgumentError) as error:
            p.agreement(p.by("word"))
        assert "different tokens of A: 14 by 'token' here, 12 by 'word' there" in str(error.value)

    def test_deletion_effects_are_summed_by_unit_and_nan_stays(self) -> None:
        p = pair("kittens", "a")
        matrix = np.array([[np.nan] * 3, [np.nan, 1, np.nan], [np.nan, 2, np.nan], [np.nan] * 3])
        word = _deletion(p, matrix).by("word")
        expected = [[np.nan] * 3, [np.nan, 3, np.nan], [np.nan] * 3]
        np.testing.assert_array_equal(word.matrix, expected)
        assert p.by("word").agreement(word).cells == 1
        assert repr(word) == f"DeletionEffects(score={p.score:.4f}, cosine, 3×3, unit='word')"


class TestFrame:
    def test_has_one_row_per_pair(self) -> None:
        p = pair("Dogs run.", "Cats.", draws=2)
        frame = p.to_frame()
        assert len(frame) == p.matrix.size
        row = frame[(frame.index_a == 1) & (frame.index_b == 2)].iloc[0]
        assert (row.a, row.b, row.start_a, row.end_a, row.special) == ("Dogs", ".", 0, 4, False)
        assert row.effect == p.matrix[1, 2]
        assert row.share == pytest.approx(p.matrix[1, 2] / p.score)
        assert row.standard_error == p.standard_error[1, 2]
        assert frame.special.sum() == p.matrix.size - 3 * 2
        assert frame.start_a.isna().sum() == 2 * len(p.tokens_b)
        assert "standard_error" not in pair().to_frame()

    def test_without_pandas_says_how_to_get_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError, match=r"pip install 'siamviz\[frames\]'"):
            pair().to_frame()


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


def test_importing_attributions_imports_numpy_alone() -> None:
    heavy = "{'torch', 'scipy', 'pandas', 'uniseg', 'sentence_transformers'}"
    code = f"import sys, siamviz.attribution, siamviz.direction; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


class TestText:
    def test_ledger_reads_like_a_dict(self) -> None:
        ledger = pair().ledger
        assert list(ledger) == ["score", "base", "tokens_a", "tokens_b", "pairs", "residual"]
        assert dict(ledger)["base"] == ledger.base == ledger["base"]
        with pytest.raises(KeyError):
            ledger["imbalance"]

    def test_says_whether_the_reference_dominates(self) -> None:
        p = pair()
        small = {"token_effects_a": p.token_effects_a * 0, "token_effects_b": p.token_effects_b * 0}
        assert not replace(p, base=0.1, score=0.5, **small).reference_dominates
        assert replace(p, base=-0.6, score=0.5, **small).reference_dominates
        large = {**small, "token_effects_b": p.token_effects_b * 0 - 1}
        assert replace(p, base=0.1, score=0.5, **large).reference_dominates

    def test_of_a_pair_shows_ledger_certificate_and_top_pairs(self) -> None:
        p = pair("a\x1b[31m", "b")
        lines = str(p).splitlines()
        assert lines[0] == str(p.ledger)
        assert lines[1] == p.certificate
        assert lines[2].startswith(f"1. {p.top(1)[0].effect:+.4f} ")
        assert "\x1b" not in str(p)
        assert repr(p).startswith(f"PairAttribution(score={p.score:.4f}, cosine, ")
        assert "folded" in repr(p.fold())


def _inside(token: Token, unit: Token) -> bool:
    return unit.start <= token.start and token.end <= unit.end


def _best_total(effects: np.ndarray) -> float:
    """The largest total over all ways to leave out or pair each row, by trying them all."""
    if effects.shape[0] == 0:
        return 0.0
    totals = [
        effects[0, j] + _best_total(np.delete(effects[1:], j, axis=1))
        for j in range(effects.shape[1])
    ]
    return max([_best_total(effects[1:]), *totals])


def _with_matrix(matrix: list) -> PairAttribution:
    """A pair of three words each and no special tokens, with this matrix."""
    tokens = [tuple(Token(c, 2 * i, 2 * i + 1) for i, c in enumerate(w)) for w in ("abc", "def")]
    a = contributions("a b c", tokens=tokens[0])
    b = contributions("d e f", tokens=tokens[1])
    p = PairAttribution.from_contributions(a, b)
    return replace(p, matrix=np.array(matrix, dtype=float))


def _deletion(p: PairAttribution, matrix: np.ndarray) -> DeletionEffects:
    return DeletionEffects(
        p.text_a, p.text_b, p.tokens_a, p.tokens_b, matrix, p.score, p.similarity
    )


def _assert_same(one: PairAttribution, two: PairAttribution) -> None:
    names = [name for name in vars(two) if name != "_pair"]
    for name in names:
        x, y = getattr(one, name), getattr(two, name)
        if isinstance(y, np.ndarray):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)
        else:
            assert x == y, name
