"""The Explainer on the real all-MiniLM-L6-v2: what must hold for every pair and every option."""

from __future__ import annotations

import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import siamviz
from siamviz import engine
from siamviz.opened import OpenedModel

A, B = "The dog runs after the kitten.", "A cat is chased by dogs outside."
WORDS_A = ("a", "dog", "cats", "unbelievably", "sleeps", ",", "!", "7", "naïve")
WORDS_B = ("the", "bird", "sings", "東京", "under", "[MASK]", "trees")
FAST: dict[str, Any] = {"layer": 5, "quadrature": siamviz.GaussLegendre(4)}


def encoded_score(explainer: siamviz.Explainer, a: str, b: str) -> float:
    """The cosine of what ``model.encode`` gives for a batch that needs padding."""
    x, y, _ = explainer.model.encode([a, b, f"{a} {b} {a}"]).astype(float)
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The token ids of every text that the model runs on."""
    seen: list[tuple[int, ...]] = []
    real = OpenedModel._forward

    def counted(self: Any, text: Any, *rest: Any) -> Any:
        seen.extend(map(tuple, text.features["input_ids"].tolist()))
        return real(self, text, *rest)

    monkeypatch.setattr(OpenedModel, "_forward", counted)
    return seen


def solved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts whose contributions are computed."""
    seen: list[str] = []
    real = engine.solve_many

    def counted(tasks: Any, *rest: Any) -> Any:
        seen.extend(task.encoded.text for task in tasks)
        return real(tasks, *rest)

    monkeypatch.setattr(engine, "solve_many", counted)
    return seen


class TestLedger:
    @pytest.mark.parametrize("similarity", ["cosine", "dot"])
    @pytest.mark.parametrize(
        ("baseline", "layer"),
        [("pad", 0), ("mask", 3), ("unk", 5), ("zero", 5), ("mean", -1), ("pad-shifted", 0),
         ("birds sing at dawn", 5), (["pad", "mask"], 5), (("pad", "mask"), 5)],
    )  # fmt: skip
    def test_it_closes_on_the_score_of_model_encode_even_at_two_steps(
        self, explainer: siamviz.Explainer, baseline: Any, layer: int, similarity: str
    ) -> None:
        pair = explainer.explain(
            A, B, baseline=baseline, layer=layer, steps=2, similarity=similarity
        )
        ledger = pair.ledger
        total = ledger.base + ledger.tokens_a + ledger.tokens_b + ledger.pairs + ledger.residual
        assert total == pytest.approx(encoded_score(explainer, A, B), abs=1e-5)
        assert pair.fold().matrix.sum() + pair.residual == pytest.approx(pair.score, abs=1e-4)

    @settings(max_examples=6)
    @given(
        st.lists(st.sampled_from(WORDS_A), min_size=1, max_size=6),
        st.lists(st.sampled_from(WORDS_B), min_size=1, max_size=6),
    )
    def test_it_closes_for_any_words(
        self, explainer: siamviz.Explainer, a: list[str], b: list[str]
    ) -> None:
        one, two = " ".join(a), " ".join(b)
        pair = explainer.explain(one, two, layer=5, quadrature=siamviz.GaussLegendre(2))
        assert pair.score == pytest.approx(encoded_score(explainer, one, two), abs=1e-5)
        assert abs(pair.ledger.imbalance) < 1e-5
        assert pair.by("word").matrix.sum() == pytest.approx(pair.matrix.sum(), abs=1e-5)

    def test_each_side_may_have_a_baseline_of_its_own(self, explainer: siamviz.Explainer) -> None:
        sizes = [len(explainer.contributions(text, **FAST).tokens) for text in (A, B)]
        baselines = tuple(np.zeros((size, 384), np.float32) for size in sizes)
        pair = explainer.explain(A, B, baseline=baselines, **FAST)
        assert abs(pair.ledger.imbalance) < 1e-5
        named = explainer.explain(A, B, baseline=("pad", "mask"), **FAST)
        assert named.settings.baseline == "pad | mask"


class TestSymmetry:
    def test_swapping_the_texts_transposes_everything(self, explainer: siamviz.Explainer) -> None:
        one, two = explainer.explain(A, B, **FAST), explainer.explain(B, A, **FAST)
        np.testing.assert_allclose(one.matrix, two.matrix.T, atol=1e-7)
        np.testing.assert_allclose(one.token_effects_a, two.token_effects_b, atol=1e-7)
        assert one.base == pytest.approx(two.base)

    def test_a_default_result_is_certified(self, explainer: siamviz.Explainer) -> None:
        pair = explainer.explain(A, B)
        assert pair.converged
        assert pair.relative_residual <= 1e-2


class TestPartialResults:
    def test_each_closes_its_ledger_and_the_last_is_what_explain_returns(
        self, explainer: siamviz.Explainer
    ) -> None:
        small = siamviz.Explainer(explainer.model, memory=1)
        partial = list(small.explain_iter(A, B, **FAST))
        assert len(partial) > 4
        assert partial[0].progress < 1
        assert max(abs(pair.ledger.imbalance) for pair in partial) < 1e-5
        np.testing.assert_array_equal(partial[-1].matrix, small.explain(A, B, **FAST).matrix)
        np.testing.assert_allclose(
            partial[-1].matrix, explainer.explain(A, B, **FAST).matrix, atol=1e-5
        )

    @pytest.mark.parametrize(
        "options",
        [{"quadrature": siamviz.GaussLegendre(6)}, {"baseline": ["pad", "mask"]},
         {"baseline": siamviz.Corpus(references=4)}],
    )  # fmt: skip
    def test_progress_rises_to_one(
        self, explainer: siamviz.Explainer, options: dict[str, Any]
    ) -> None:
        small = siamviz.Explainer(explainer.model, memory=1)
        for call in (
            lambda note: small.explain(A, B, layer=5, progress=note, **options),
            lambda note: small.explain_many([(A, B), (B, B)], layer=5, progress=note, **options),
        ):
            seen: list[float] = []
            call(seen.append)
            assert seen == sorted(seen)
            assert 0 <= seen[0] <= seen[-1] == 1
            small.cache.clear()

    def test_two_texts_in_turn_pass_the_half_together(self, explainer: siamviz.Explainer) -> None:
        small = siamviz.Explainer(explainer.model, memory=1)
        seen: list[float] = []
        small.explain(A, B, layer=5, quadrature=siamviz.GaussLegendre(4), progress=seen.append)
        assert seen[:8] == pytest.approx(np.arange(1, 9) / 8)


class TestCache:
    def test_a_known_pair_does_not_run_the_model(
        self, explainer: siamviz.Explainer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = explainer.explain(A, B, **FAST)
        seen = runs(monkeypatch)
        again = explainer.explain(A, B, similarity="dot", **FAST).by("word")
        np.testing.assert_array_equal(explainer.explain(A, B, **FAST).matrix, first.matrix)
        assert again.unit == "word"
        assert not seen
        explainer.explain(A, "A third text.", **FAST)
        assert set(seen) == {tuple(explainer.tokenizer("A third text.")["input_ids"])}

    def test_many_pairs_compute_each_distinct_text_once(
        self, explainer: siamviz.Explainer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fresh = siamviz.Explainer(explainer.model)
        seen = solved(monkeypatch)
        pairs = [(A, B), (B, A), (A, A), (A, "One more.")]
        found = fresh.explain_many(pairs, **FAST)
        assert sorted(seen) == sorted([A, B, "One more."])
        assert [(p.text_a, p.text_b) for p in found] == pairs
        np.testing.assert_array_equal(found[0].matrix, fresh.explain(A, B, **FAST).matrix)

    def test_pairwise_gives_what_explain_gives(self, explainer: siamviz.Explainer) -> None:
        texts_a, texts_b = [A, B], [B, A, "One more."]
        grid = explainer.pairwise(texts_a, texts_b, **FAST)
        matrices = grid.matrices()
        for i, one in enumerate(texts_a):
            for j, two in enumerate(texts_b):
                pair = explainer.explain(one, two, **FAST)
                np.testing.assert_allclose(grid[i, j].matrix, pair.matrix, atol=1e-7)
                np.testing.assert_allclose(matrices[i][j], pair.matrix, atol=1e-6)
                assert grid.scores[i, j] == pytest.approx(pair.score)


class TestUnitsAndDirections:
    def test_words_computed_directly_are_the_sums_of_their_tokens(
        self, explainer: siamviz.Explainer
    ) -> None:
        text = "Unbelievably, kittens outran him."
        direct = explainer.explain(text, B, unit="word", **FAST)
        summed = explainer.explain(text, B, **FAST).by("word")
        assert direct.tokens_a == summed.tokens_a
        np.testing.assert_allclose(direct.matrix, summed.matrix, atol=1e-5)

    def test_toward_is_the_contributions_times_the_direction(
        self, explainer: siamviz.Explainer
    ) -> None:
        direction = np.random.default_rng(0).normal(size=384)
        found = explainer.toward(A, direction, **FAST)
        own = explainer.contributions(A, **FAST)
        n = np.linalg.norm(own.embedding) * np.linalg.norm(direction)
        np.testing.assert_allclose(found.effects, own.vectors @ direction / n, atol=1e-6)
        assert found.base + found.effects.sum() + found.residual == pytest.approx(
            found.score, abs=1e-5
        )


def plain_embedding(model: Any, ids: list[int]) -> np.ndarray:
    """Mean-pooled, not normalised embedding of token ids by the transformer alone."""
    with torch.no_grad():
        out = model[0].model(input_ids=torch.tensor([ids]))
    return out.last_hidden_state[0].double().mean(0).numpy()


class TestDeletion:
    def test_it_equals_removing_ids_one_by_one(self, explainer: siamviz.Explainer) -> None:
        model = explainer.model
        changes, norms = [], []
        for text in (A, B):
            ids = model.tokenizer(text)["input_ids"]
            whole = plain_embedding(model, ids)
            without = [plain_embedding(model, ids[:i] + ids[i + 1 :]) for i in range(len(ids))]
            changes.append(whole - np.array(without))
            norms.append(np.linalg.norm(whole))
        slow = changes[0] @ changes[1].T / np.prod(norms)
        found = explainer.deletion(A, B)
        np.testing.assert_allclose(found.matrix[1:-1, 1:-1], slow[1:-1, 1:-1], atol=1e-5)
        assert np.isnan(found.matrix[[0, -1]]).all()
        assert found.score == pytest.approx(encoded_score(explainer, A, B), abs=1e-5)

    def test_attributions_agree_with_it(self, explainer: siamviz.Explainer) -> None:
        agreement = explainer.explain(A, B, layer=3).agreement(explainer.deletion(A, B))
        assert agreement.pearson > 0.5


class TestTables:
    def test_convergence_falls_with_the_steps(self, explainer: siamviz.Explainer) -> None:
        table = explainer.convergence(
            A, B, steps=[2, 4, 8], rules=["gauss-legendre", "right-riemann"], layer=5
        )
        gauss, riemann = list(table)[:3], list(table)[3:]
        assert [row.steps for row in table] == [2, 4, 8] * 2
        assert gauss[0].relative_residual > gauss[1].relative_residual > gauss[2].relative_residual
        assert gauss[2].relative_residual < riemann[2].relative_residual / 10
        assert gauss[0].cell_change is None
        assert gauss[2].cell_change < gauss[1].cell_change

    def test_baselines_are_compared_by_their_own_ledgers(
        self, explainer: siamviz.Explainer
    ) -> None:
        table = explainer.compare_baselines(A, B, ["pad", "mean"], **FAST)
        for row in table:
            pair = explainer.explain(A, B, baseline=row.baseline, **FAST)
            assert row.ledger == pair.ledger
            assert row.share == pytest.approx(pair.ledger.pairs / pair.score)
        assert str(table).splitlines()[0].startswith("baseline")


class TestPrecision:
    def test_float64_gives_float64_arrays_and_agrees(self, explainer: siamviz.Explainer) -> None:
        double = explainer.explain(A, B, precision="float64", **FAST)
        single = explainer.explain(A, B, precision="float32", **FAST)
        assert double.matrix.dtype == np.float64
        assert single.matrix.dtype == np.float32
        assert np.abs(double.matrix - single.matrix).max() < 1e-5

    def test_bfloat16_is_labelled_and_its_residual_tells_its_error(
        self, explainer: siamviz.Explainer
    ) -> None:
        options = {"layer": 5, "quadrature": siamviz.GaussLegendre(16)}
        rough = explainer.contributions(A, precision="bfloat16", **options)
        fine = explainer.contributions(A, precision="float32", **options)
        assert rough.settings.precision == "bfloat16"
        assert rough.relative_residual > 10 * fine.relative_residual
        change = rough.embedding.astype(float) - rough.reference
        missed = np.linalg.norm(change - rough.vectors.sum(0, dtype=float))
        assert rough.relative_residual == pytest.approx(missed / np.linalg.norm(change), rel=1e-3)
        pair = explainer.explain(A, B, precision="bfloat16", **options)
        assert abs(pair.ledger.imbalance) < 1e-5


def test_importing_siamviz_loads_no_torch() -> None:
    code = "import sys, siamviz; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_notebooks_and_type_checkers_are_shown_every_option_of_a_computation():
    defaults = signature(engine.Options).parameters
    for method in (siamviz.Explainer.explain, siamviz.Explainer.pairwise):
        shown = signature(method).parameters
        assert {name: shown[name].default for name in defaults} == {
            name: option.default for name, option in defaults.items()
        }
    assert set(get_type_hints(engine.Asked)) == set(defaults)
