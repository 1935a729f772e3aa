"""The corpus baseline: its sentences, its two sides, its choice of references and its error."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

import siamviz
from siamviz.corpus import packaged_sentences
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, InvalidTextError
from siamviz.solver import corpus_states

A, B = "The dog runs after the kitten.", "A cat is chased by the dog."
SMALL = siamviz.Corpus(references=6)
FAST: dict[str, Any] = {"layer": 5}


class TestPackagedSentences:
    def test_they_are_many_over_many_topics_and_all_different(self) -> None:
        data = json.loads(files("siamviz").joinpath("data/corpus_en.json").read_text("utf-8"))
        assert len(data) >= 30
        assert len(packaged_sentences()) >= 300
        assert len(set(packaged_sentences())) == len(packaged_sentences())

    def test_no_two_begin_with_the_same_three_words(self) -> None:
        starts = [tuple(text.lower().split()[:3]) for text in packaged_sentences()]
        assert len(set(starts)) == len(starts)

    def test_they_have_words_enough_to_be_natural_references(self) -> None:
        assert all(text == text.strip() for text in packaged_sentences())
        assert min(len(text.split()) for text in packaged_sentences()) >= 4


class TestArguments:
    @pytest.mark.parametrize(
        ("options", "kind", "message"),
        [
            ({"references": 1}, InvalidArgumentError, "references must be at least 2, got 1"),
            ({"references": 2.5}, ArgumentTypeError, "references must be an int, got 2.5"),
            ({"references": True}, ArgumentTypeError, "references must be an int, got True"),
            ({"references": 10_000}, InvalidArgumentError, "at least 20000 different sentences"),
            ({"seed": -1}, InvalidArgumentError, "seed must be at least 0, got -1"),
            ({"seed": "x"}, ArgumentTypeError, "seed must be an int, got 'x'"),
            ({"error": 0}, InvalidArgumentError, "between 0 and 1, such as 0.1, got 0"),
            ({"error": float("nan")}, InvalidArgumentError, "between 0 and 1"),
            ({"error": "x"}, ArgumentTypeError, "error must be a number, got 'x'"),
            ({"balanced": 3}, ArgumentTypeError, "balanced must be True or False, got 3"),
            ({"texts": "a b"}, ArgumentTypeError, "must be a sequence of str, got 'a b'"),
            ({"texts": 5}, ArgumentTypeError, "must be a sequence of str, got 5"),
            ({"texts": [1, 2]}, ArgumentTypeError, "must be a sequence of str"),
            ({"texts": ["a", "a b"]}, InvalidArgumentError, "and this one has 2"),
            ({"texts": ["same"] * 99}, InvalidArgumentError, "and this one has 1"),
            ({"texts": ["ok", "\udfff"]}, InvalidTextError, "Corpus text 1 contains a lone"),
        ],
        ids=str,
    )
    def test_a_wrong_one_is_named(
        self, options: dict[str, Any], kind: type[Exception], message: str
    ) -> None:
        with pytest.raises(kind) as error:
            siamviz.Corpus(**options)
        assert message in str(error.value)

    def test_texts_may_be_any_iterable_and_are_kept(self) -> None:
        texts = [f"{word} things" for word in ["some", "more", "other", "few", "many"]]
        assert siamviz.Corpus(iter([*texts, " ", texts[0]]), references=2).texts == tuple(texts)  # type: ignore[arg-type]

    def test_texts_without_tokens_are_not_references(self, explainer: siamviz.Explainer) -> None:
        corpus = siamviz.Corpus([chr(0x200B + i) for i in range(4)], references=2)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="have tokens for this model"):
            explainer.explain(A, B, baseline=corpus, **FAST)


class TestPool:
    def test_the_two_sides_use_different_sentences(self) -> None:
        lengths = [7] * len(packaged_sentences())
        sides = [
            {index for chosen in SMALL.pool(side, lengths, 20) for index in chosen} for side in "ab"
        ]
        assert all(sides)
        assert not sides[0] & sides[1]

    @pytest.mark.parametrize("tokens", [1, 12, 60])
    def test_joined_sentences_are_long_enough_and_no_longer_than_needed(self, tokens: int) -> None:
        lengths = np.random.default_rng(0).integers(3, 20, len(packaged_sentences())).tolist()
        for chosen in SMALL.pool("a", lengths, tokens):
            assert sum(lengths[i] for i in chosen) >= tokens
            assert sum(lengths[i] for i in chosen[:-1]) < tokens

    def test_greedy_choice_beats_chance(self) -> None:
        points = np.random.default_rng(1).normal(size=(48, 8)) + 0.5
        chosen = SMALL.choose(points)
        assert len(set(chosen.tolist())) == SMALL.references
        drawn = siamviz.Corpus(references=6, balanced=False).choose(points)
        norms = [np.linalg.norm(points[picked].mean(0)) for picked in (chosen, drawn)]
        assert norms[0] < norms[1] / 2


class TestResults:
    def test_equal_seeds_give_equal_bits_and_other_seeds_other_numbers(
        self, explainer: siamviz.Explainer
    ) -> None:
        def matrix(seed: int) -> np.ndarray:
            fresh = siamviz.Explainer(explainer.model)
            corpus = siamviz.Corpus(references=6, seed=seed)
            return fresh.explain(A, B, baseline=corpus, **FAST).matrix

        first = matrix(0)
        np.testing.assert_array_equal(first, matrix(0))
        assert np.abs(first - matrix(1)).max() > 1e-4

    def test_swapping_the_texts_swaps_texts_but_not_reference_sets(
        self, explainer: siamviz.Explainer
    ) -> None:
        one = explainer.explain(A, B, baseline=SMALL, **FAST)
        two = explainer.explain(B, A, baseline=SMALL, **FAST)
        assert one.score == pytest.approx(two.score, abs=1e-6)
        assert np.abs(one.matrix - two.matrix.T).max() > 1e-4

    def test_balanced_references_have_a_smaller_mean_than_drawn_ones(
        self, explainer: siamviz.Explainer
    ) -> None:
        for text in (A, B):
            balanced, drawn = (
                explainer.contributions(
                    text, layer=-1, steps=1, baseline=siamviz.Corpus(balanced=choice)
                )
                for choice in (True, False)
            )
            assert np.linalg.norm(balanced.reference) < np.linalg.norm(drawn.reference)

    def test_the_base_is_small_beside_that_of_pad(self, explainer: siamviz.Explainer) -> None:
        corpus = explainer.explain(A, B, baseline="corpus", layer=-1, steps=1)
        pad = explainer.explain(A, B, layer=-1, steps=1)
        assert abs(corpus.base) < 0.1 * abs(pad.base)
        assert corpus.ledger.pairs == pytest.approx(corpus.score, abs=0.3 * corpus.score)

    def test_every_partial_result_closes_its_ledger(self, explainer: siamviz.Explainer) -> None:
        fresh = siamviz.Explainer(explainer.model)
        corpus = siamviz.Corpus(references=4, error=0.03)
        rounds = list(fresh.explain_iter(A, B, baseline=corpus, **FAST))
        assert len(rounds) > 1
        assert max(abs(pair.ledger.imbalance) for pair in rounds) < 1e-5
        assert [pair.progress for pair in rounds] == sorted(pair.progress for pair in rounds)
        assert rounds[-1].progress == 1

    @pytest.mark.parametrize("balanced", [True, False])
    def test_converged_means_that_the_largest_error_is_within_its_share_of_the_largest_cell(
        self, explainer: siamviz.Explainer, balanced: bool
    ) -> None:
        corpus = siamviz.Corpus(references=6, balanced=balanced, error=0.2)
        for limit in (18, 120):
            rule = siamviz.Adaptive(max_steps=limit)
            pair = explainer.explain(A, B, baseline=corpus, quadrature=rule, **FAST)
            assert pair.standard_error is not None
            assert pair.standard_error.shape == pair.matrix.shape
            small = pair.standard_error.max() <= 0.2 * np.abs(pair.matrix).max()
            assert pair.converged == bool(small)
            assert ("Not converged" in pair.message) != pair.converged

    def test_true_errors_are_within_four_standard_errors(
        self, explainer: siamviz.Explainer
    ) -> None:
        rule = siamviz.GaussLegendre(10)
        pair = explainer.explain(A, B, baseline=SMALL, **FAST)
        sides = []
        for text, side in ((A, "a"), (B, "b")):
            task = explainer._engine.task(text, side, None, None, baseline=SMALL, **FAST)
            states = list(corpus_states(task, SMALL))
            assert len(states) == SMALL.references
            sides.append(explainer.contributions(text, baseline=states, quadrature=rule, **FAST))
        a, b = sides
        n = np.linalg.norm(a.embedding) * np.linalg.norm(b.embedding)
        exact = a.vectors.astype(float) @ b.vectors.T.astype(float) / n
        assert pair.base == pytest.approx(float(a.reference @ b.reference) / n, abs=1e-5)
        assert pair.standard_error is not None
        within = np.abs(pair.matrix - exact) <= 4 * pair.standard_error + 1e-5
        assert within.mean() >= 0.9
