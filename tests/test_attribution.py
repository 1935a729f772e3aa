"""A pair's terms, their certificate, and what it becomes when folded or summed by unit."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from builders import SEEDS, SIMILARITIES, contributions, pair, pairs, settings
from hypothesis import given
from hypothesis import strategies as st

from siamviz.attribution import PairAttribution
from siamviz.contributions import SentenceContributions, Token
from siamviz.errors import InvalidArgumentError, NonFiniteError


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
        assert replace(p, standard_error=error).certificate == (
            f"largest cell {largest:.3f} ± 0.006, standard errors at most 0.006, converged at 12 "
            "steps, relative residual 3.2e-03 from the same sampling"
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


def test_importing_attributions_imports_numpy_alone() -> None:
    heavy = "{'torch', 'scipy', 'pandas', 'uniseg', 'sentence_transformers'}"
    code = f"import sys, siamviz.attribution, siamviz.direction; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def _inside(token: Token, unit: Token) -> bool:
    return unit.start <= token.start and token.end <= unit.end
