"""Fine-tuning of exact models: it learns, goes on after a stop, and says what is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny_models
import torch
from numpy.testing import assert_allclose
from scipy.stats import spearmanr
from sentence_transformers.sentence_transformer.modules import Normalize

import siamviz
from siamviz import exact
from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError
from siamviz.reference_shift import shift_of
from siamviz.study.progress import Note, Step

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

pytestmark = pytest.mark.usefixtures("one_thread")

ANIMALS = ("the dog", "a cat", "the kitten", "a big dog", "the small cat")
ACTS = ("runs in the garden", "sleeps on a house", "is happy", "walks and plays")
SENTENCES = [f"{animal} {act}" for animal in ANIMALS for act in ACTS]


def pairs(count: int = 48, seed: int = 0) -> list[dict[str, Any]]:
    """Pairs of sentences that are alike if they say the same is done."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(SENTENCES), size=(count, 2))
    return [
        {"a": SENTENCES[i], "b": SENTENCES[j], "gold": float(i % len(ACTS) == j % len(ACTS))}
        for i, j in chosen
    ]


def fresh(*, normalize: bool = False) -> SentenceTransformer:
    return exact.shift(tiny_models.encoder(after=[Normalize()] if normalize else []))


def tuned(model: SentenceTransformer, **options: Any) -> exact.Tuning:
    options = {"learning_rate": 2e-3, "batch_size": 8, "progress": False, **options}
    return exact.finetune(model, pairs(), pairs(30, seed=1), **options)


def measured(model: SentenceTransformer) -> float:
    known = pairs(30, seed=1)
    a, b = (model.encode([pair[side] for pair in known]) for side in "ab")
    cosines = [x @ y / np.linalg.norm(x) / np.linalg.norm(y) for x, y in zip(a, b, strict=True)]
    return float(spearmanr([pair["gold"] for pair in known], cosines).statistic)


def test_it_learns_and_the_model_stays_exact():
    model = fresh()
    before = measured(model)
    tuning = tuned(model, epochs=6)
    assert [score.epoch for score in tuning.scores] == list(range(7))
    assert tuning.scores[0].spearman == pytest.approx(before, abs=1e-3)
    assert tuning.scores[-1].spearman == pytest.approx(measured(model), abs=1e-3)
    assert tuning.scores[-1].spearman > max(before, 0.5)
    assert (tuning.pairs, tuning.steps, tuning.unusable) == (48, 36, 0)
    assert not any(module.training for module in model.modules())
    pair = siamviz.Explainer(model).explain(SENTENCES[0], SENTENCES[7])
    assert pair.base == 0
    assert pair.relative_residual <= 2e-2


def test_dot_products_are_learnt_without_a_final_normalisation():
    model = fresh(normalize=True)
    tuning = tuned(model, epochs=40, similarity="dot")
    assert model.similarity_fn_name == "dot"
    assert not any(isinstance(module, Normalize) for module in model.children())
    assert tuning.scores[-1].spearman > 0.5
    pair = siamviz.Explainer(model).explain(SENTENCES[0], SENTENCES[4])
    assert pair.similarity == "dot"
    assert pair.score == pytest.approx(pair.matrix.sum() + pair.ledger.residual, abs=1e-5)


def test_embeddings_begin_with_the_mean_square_norm_one_for_dot_products():
    model = fresh(normalize=True)
    tuned(model, similarity="dot", learning_rate=1e-12)
    vectors = model.encode([pair["a"] for pair in pairs()])
    assert np.mean((vectors**2).sum(1)) == pytest.approx(1.0, abs=1e-4)


def test_models_without_a_shift_are_trained_alike():
    model = tiny_models.encoder()
    assert tuned(model, epochs=6).scores[-1].spearman > 0.5
    assert shift_of(model) is None


def test_after_a_stop_it_goes_on_and_gives_what_it_would_have_given(tmp_path):
    whole = fresh()
    known = tuned(whole, epochs=3, checkpoints=tmp_path / "whole")

    def stop(told: Note | Step) -> None:
        if isinstance(told, Step) and told.done >= 8 * 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuned(fresh(), epochs=3, checkpoints=tmp_path / "parts", progress=stop)
    steps: list[Step] = []
    model = fresh()
    found = tuned(
        model,
        epochs=3,
        checkpoints=tmp_path / "parts",
        progress=lambda told: steps.append(told) if isinstance(told, Step) else None,
    )
    assert 0 < len(steps) < 18
    assert found.steps == known.steps == 18
    assert [one.epoch for one in found.scores] == [0, 1, 2, 3]
    for one, other in zip(found.scores, known.scores, strict=True):
        assert one.spearman == pytest.approx(other.spearman, abs=1e-5)
    for name, tensor in model.state_dict().items():
        assert_allclose(tensor.numpy(), whole.state_dict()[name].numpy(), atol=1e-6)


def test_a_training_that_is_over_is_not_done_again(tmp_path):
    tuned(fresh(), checkpoints=tmp_path)
    model, steps = fresh(), []
    assert tuned(model, checkpoints=tmp_path, progress=steps.append).steps == 6
    assert not [one for one in steps if isinstance(one, Step)]
    assert measured(model) != pytest.approx(measured(fresh()), abs=1e-6)


def test_a_checkpoint_that_a_kill_cut_short_is_passed_over(tmp_path):
    known = fresh()
    tuned(known, checkpoints=tmp_path)
    [whole] = tmp_path.glob("checkpoint-*")
    later = tmp_path / "checkpoint-9999"
    later.mkdir()
    (later / "trainer_state.json").write_text('{"epoch"')
    model = fresh()
    assert tuned(model, checkpoints=tmp_path).steps == 6
    assert_allclose(model.encode("a dog"), known.encode("a dog"), atol=1e-6)
    assert whole.is_dir()
    assert not later.exists()


def test_checkpoints_of_other_settings_are_not_mixed_in(tmp_path):
    tuned(fresh(), checkpoints=tmp_path / "made")
    with pytest.raises(InvalidArgumentError, match="training with other epochs and seed"):
        tuned(fresh(), checkpoints=tmp_path / "made", epochs=2, seed=1)
    other = fresh()
    with torch.no_grad():
        next(other.parameters()).mul_(2.0)
    with pytest.raises(InvalidArgumentError, match="training with other model"):
        tuned(other, checkpoints=tmp_path / "made")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("dear")
    with pytest.raises(InvalidArgumentError, match="no training of siamviz"):
        tuned(fresh(), checkpoints=tmp_path / "thesis")


def test_records_that_cannot_be_used_are_told():
    told: list[Any] = []
    data = [*pairs(), {"a": None, "b": "a dog", "gold": 1.0}]
    tuning = exact.finetune(fresh(), data, batch_size=32, progress=told.append)
    assert tuning.unusable == 1
    assert tuning.scores == ()
    assert told[0] == Note("1 records of the training data cannot be used.")


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"epochs": 0}, InvalidArgumentError, "epochs must be at least 1, got 0"),
        ({"batch_size": 2.5}, ArgumentTypeError, "batch_size must be a whole number, got 2.5"),
        ({"similarity": "euclidean"}, InvalidArgumentError, "Use similarity='cosine' or 'dot'"),
        ({"gold": "golden"}, DataError, "gold='golden' is no column"),
        ({"gold_range": (5, 0)}, InvalidArgumentError, "gold_range must rise"),
        ({"learning_rate": -1.0}, InvalidArgumentError, "learning_rate must be above 0 .* got -1"),
        ({"learning_rate": "1"}, ArgumentTypeError, "learning_rate must be a number, got '1'"),
        ({"seed": -1}, InvalidArgumentError, "seed must be at least 0, got -1"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_trained(options, error, said):
    model = fresh()
    before = model.encode("a dog")
    with pytest.raises(error, match=said):
        exact.finetune(model, pairs(), progress=False, **options)
    assert_allclose(model.encode("a dog"), before)


def test_pairs_need_gold_scores():
    rows = [{"a": pair["a"], "b": pair["b"]} for pair in pairs()]
    with pytest.raises(DataError, match=r"training pairs in .* have no column of gold scores"):
        exact.finetune(fresh(), rows, progress=False)


def test_without_the_trainers_needs_it_is_said_how_to_get_them(monkeypatch):
    monkeypatch.setattr("siamviz.exact.training.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'siamviz\[train\]'"):
        tuned(fresh())


def test_the_settings_of_a_training_are_kept_with_its_checkpoints(tmp_path):
    tuned(fresh(), checkpoints=tmp_path, seed=3)
    kept = json.loads((tmp_path / "finetune.json").read_text())
    assert (kept["seed"], kept["epochs"], kept["similarity"]) == (3, 1, "cosine")


def test_the_same_model_goes_on_after_a_stop_and_was_not_changed_by_it(tmp_path):
    known = fresh(normalize=True)
    tuned(known, epochs=2, similarity="dot")
    model = fresh(normalize=True)
    before = model.encode("a dog")

    def stop(told: Note | Step) -> None:
        if isinstance(told, Step) and told.done >= 8 * 7:
            raise KeyboardInterrupt

    options: dict[str, Any] = {"epochs": 2, "similarity": "dot", "checkpoints": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        tuned(model, **options, progress=stop)
    assert_allclose(model.encode("a dog"), before)
    assert (model.similarity_fn_name, model.training) == ("cosine", False)
    steps: list[Note | Step] = []
    assert tuned(model, **options, progress=steps.append).steps == 12
    assert 0 < len([one for one in steps if isinstance(one, Step)]) < 12
    assert_allclose(model.encode("a dog"), known.encode("a dog"), atol=1e-5)


def test_checkpoints_of_the_model_without_its_shift_are_another_models(tmp_path):
    original = tiny_models.encoder()
    shifted = exact.shift(original)
    tuned(original, checkpoints=tmp_path)
    with pytest.raises(InvalidArgumentError, match="training with other model"):
        tuned(shifted, checkpoints=tmp_path)


def test_models_that_use_dot_products_are_scaled_too():
    model = tiny_models.encoder()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.0)
    model.similarity_fn_name = "dot"
    model = exact.shift(model)
    tuned(model, similarity="dot", learning_rate=1e-12)
    vectors = model.encode([pair["a"] for pair in pairs()])
    assert np.mean((vectors**2).sum(1)) == pytest.approx(1.0, abs=1e-4)
