"""Exact models: the reference shift in any encoder, its table, training and storage."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from functools import lru_cache

import numpy as np
import pytest
import tiny_models
import torch
from numpy.testing import assert_allclose
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Router
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

import siamviz
from siamviz import exact
from siamviz.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    ModelNotFoundError,
    UnsupportedModelError,
)
from siamviz.reference_shift import ReferenceShift, shift_of

pytestmark = pytest.mark.usefixtures("one_thread")

A = "The dog runs after the kitten"
B = "a cat is chased by the big dog in the garden"
TEXTS = [A, B, "dog", "the happy small cat sleeps on the house and walks, plays and runs ?"]
families = pytest.mark.parametrize("family", tiny_models.FAMILIES)


@lru_cache
def tiny(family: str = "BERT", *, normalize: bool = False) -> SentenceTransformer:
    return tiny_models.encoder(family, after=[Normalize()] if normalize else [])


@lru_cache
def shifted(family: str = "BERT", *, normalize: bool = False) -> SentenceTransformer:
    return exact.shift(tiny(family, normalize=normalize))


def alone(model: SentenceTransformer, texts: list[str] = TEXTS) -> np.ndarray:
    return np.stack([model.encode(text) for text in texts])


# The shift


@families
def test_it_subtracts_what_an_explainer_finds_the_reference_to_embed_as(family):
    """Against the original's e0, which another part of siamviz computes in another way."""
    own = siamviz.Explainer(tiny(family))
    for text in TEXTS:
        known = own.contributions(text, steps=2, layer=0).reference
        found = tiny(family).encode(text) - shifted(family).encode(text)
        assert_allclose(found, known, atol=2e-6 * np.abs(known).max() + 1e-6)


@families
def test_a_shift_alone_changes_the_scale_of_a_matrix_and_nothing_else(family):
    how = {"layer": 1, "steps": 3, "similarity": "cosine", "precision": "float64"}
    before, after = (
        siamviz.Explainer(model).explain(A, B, **how) for model in (tiny(family), shifted(family))
    )
    scale = before.matrix.sum() / after.matrix.sum()
    assert_allclose(before.matrix, scale * after.matrix, atol=1e-6 * np.abs(before.matrix).max())
    assert scale == pytest.approx(
        after.normalisers["cosine"] / before.normalisers["cosine"], rel=1e-6
    )


@families
def test_the_matrix_alone_sums_to_the_score(family):
    pair = siamviz.Explainer(shifted(family)).explain(A, B, similarity="dot")
    assert pair.ledger.base == 0
    assert not np.any(pair.token_effects_a)
    assert not np.any(pair.token_effects_b)
    a, b = (shifted(family).encode(text).astype(np.float64) for text in (A, B))
    assert pair.score == pytest.approx(a @ b, rel=1e-5)
    assert pair.matrix.sum() + pair.ledger.residual == pytest.approx(pair.score, rel=1e-4)
    assert abs(pair.ledger.residual) <= 2.5e-2 * np.linalg.norm(a) * np.linalg.norm(b)


@families
def test_neither_padding_nor_other_texts_change_the_shift(family):
    together = tiny(family).encode(TEXTS) - shifted(family).encode(TEXTS)
    known = alone(tiny(family)) - alone(shifted(family))
    assert_allclose(together, known, atol=2e-6 * np.abs(known).max() + 1e-6)


def test_a_reference_that_is_padded_to_the_batch_changes_with_its_company():
    """As published: one reference a batch, as long as its longest text."""
    model = tiny()
    ids = shift_of(shifted()).references.ids(20)  # pyright: ignore[reportOptionalMemberAccess]
    with torch.no_grad():
        features = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        padded = model(features)["sentence_embedding"][0].numpy()
    alone = model.encode(A) - shifted().encode(A)
    size = np.linalg.norm(shifted().encode(A))
    assert np.linalg.norm(padded - alone) > 0.05 * size


def test_it_stands_before_a_final_normalisation():
    names = [type(module).__name__ for module in shifted(normalize=True).children()]
    assert names == ["Transformer", "Pooling", "ReferenceShift", "Normalize"]
    found = shifted(normalize=True).encode(A)
    plain = shifted().encode(A)
    assert_allclose(found, plain / np.linalg.norm(plain), atol=1e-6)


def test_the_model_that_it_is_made_of_stays_as_it_is():
    model = tiny()
    before = model.encode(A)
    made = exact.shift(model)
    with torch.no_grad():
        next(made.parameters()).mul_(2.0)
    assert_allclose(model.encode(A), before)
    assert shift_of(model) is None


def test_prompts_are_part_of_the_text_and_padded_in_its_reference():
    model = tiny_models.encoder(prompts={"query": "query : "}, default_prompt_name="query")
    pair = siamviz.Explainer(exact.shift(model)).explain(A, B, similarity="dot")
    assert pair.ledger.base == 0
    assert not np.any(pair.token_effects_a)
    assert pair.relative_residual <= 2e-2


def test_references_have_prompts_where_pooling_leaves_them_out():
    model = tiny_models.encoder(include_prompt=False, prompts={"query": "query : "})
    made = exact.shift(model)
    shift = shift_of(made)
    assert shift is not None
    for options in ({}, {"prompt": "query : "}):
        features = model.preprocess([A], **options)
        assert ("prompt_length" in features) == bool(options)
        features["input_ids"] = shift.references.ids(features["input_ids"].shape[1])
        with torch.no_grad():
            known = model(features)["sentence_embedding"][0].numpy()
        own = model.encode(A, **options) - made.encode(A, **options)
        assert_allclose(own, known, atol=1e-5)
    found = siamviz.Explainer(made).contributions(A, prompt="query : ")
    assert found.relative_residual <= 1e-2


def test_behind_a_dense_layer_and_with_fewer_dimensions_the_reference_is_still_zero():
    dense = Dense(tiny_models.HIDDEN, 8)
    model = tiny_models.encoder(after=[dense], truncate_dim=6)
    pair = siamviz.Explainer(exact.shift(model)).explain(A, B, similarity="dot")
    assert pair.ledger.base == 0
    assert pair.relative_residual <= 2e-2


def test_each_route_of_a_router_has_references_of_its_own():
    parts = [[tiny_models.transformer(seed=seed), Pooling(tiny_models.HIDDEN)] for seed in (0, 1)]
    model = SentenceTransformer(modules=[Router.for_query_document(*parts)], device="cpu")
    made = exact.shift(model)
    for task in ("query", "document"):
        own = siamviz.Explainer(model).contributions(A, steps=2, task=task).reference
        found = model.encode(A, task=task) - made.encode(A, task=task)
        assert_allclose(found, own, atol=1e-5)


# The table


def test_new_weights_are_noticed():
    model = exact.shift(tiny())
    model.encode(A)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    other = copy.deepcopy(model)
    assert_allclose(model.encode(A), other.encode(A), atol=1e-6)
    assert_allclose(model.double().encode(A), other.double().encode(A), atol=1e-12)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])  # noqa: S301
def test_copies_embed_alike_and_stand_on_their_own(copied):
    model = exact.shift(tiny())
    known = model.encode(A)
    other = copied(model)
    with torch.no_grad():
        next(model.parameters()).mul_(2.0)
    assert_allclose(other.encode(A), known, atol=1e-6)
    assert not np.allclose(model.encode(A), known, atol=1e-3)


def test_in_training_references_have_gradients_and_no_dropout():
    model = exact.shift(tiny("RoBERTa")).double()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    shift = shift_of(model)
    assert shift is not None
    lengths = [9, 5, 9]
    model.train()
    found = shift.references.embed_in_training(lengths)
    known = shift.references.embed(lengths).numpy()
    assert_allclose(found.detach().numpy(), known, atol=1e-10)
    found.square().sum().backward()
    grown = [p for p in model.parameters() if p.grad is not None and p.grad.abs().max() > 0]
    assert len(grown) > len(list(model.parameters())) / 2
    assert all(m.training for m in model.modules())


@pytest.mark.parametrize("family", ["BERT", "MPNet", "RoBERTa", "ELECTRA"])
def test_gradients_of_a_training_step_are_those_of_finite_differences(family):
    model = exact.shift(tiny(family)).double()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0

    def loss() -> torch.Tensor:
        features = model.preprocess(TEXTS)
        a, b, c, d = model(features)["sentence_embedding"]
        return a @ b + torch.tanh(c @ d)

    model.train()
    loss().backward()
    generator = torch.Generator().manual_seed(0)
    tables = [m for m in model.modules() if isinstance(m, torch.nn.Embedding)]
    parameters = [p for p in model.parameters() if p.grad is not None]
    assert len(parameters) > len(list(model.parameters())) / 2
    for parameter in parameters[:: max(1, len(parameters) // 6)]:
        along = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        for table in tables:  # torch gives the embedding of the pad token no gradient
            if parameter is table.weight and table.padding_idx is not None:
                along[table.padding_idx] = 0
        step, ends = 1e-5, []
        for sign in (1, -1):
            with torch.no_grad():
                parameter.add_(sign * step * along)
                ends.append(float(loss()))
                parameter.sub_(sign * step * along)
        known = (ends[0] - ends[1]) / (2 * step)
        assert float((parameter.grad * along).sum()) == pytest.approx(known, rel=1e-4, abs=1e-5)


# On disk


def test_a_saved_model_explains_in_a_fresh_process_without_a_trust_flag(tmp_path):
    model = exact.shift("all-MiniLM-L6-v2")
    exact.save(model, tmp_path / "model")
    code = (
        "import json, sys, siamviz; "
        "p = siamviz.Explainer(sys.argv[1]).explain('A dog barks.', 'A cat sleeps on a mat.'); "
        "found = [p.score, p.base, abs(p.token_effects_a).max(), abs(p.token_effects_b).max(), "
        "p.matrix.sum()]; print(json.dumps([float(number) for number in found]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    score, base, effects_a, effects_b, total = json.loads(done.stdout.splitlines()[-1])
    a, b = model.encode(["A dog barks.", "A cat sleeps on a mat."])
    assert score == pytest.approx(float(a @ b), abs=1e-5)
    assert max(abs(base), effects_a, effects_b) < 1e-6
    assert total == pytest.approx(score, abs=2e-2)


def test_plain_sentence_transformers_loads_it_with_the_flag_and_embeds_alike(tmp_path):
    exact.save(shifted(), tmp_path)
    with pytest.raises(ValueError, match="trust_remote_code=True"):
        SentenceTransformer(str(tmp_path))
    plain = SentenceTransformer(str(tmp_path), trust_remote_code=True, device="cpu")
    ours = exact.load(tmp_path, device="cpu")
    known = shifted().encode(TEXTS)
    assert_allclose(plain.encode(TEXTS), known, atol=1e-6)
    assert_allclose(ours.encode(TEXTS), known, atol=1e-6)
    assert not list(tmp_path.rglob("*.bin"))


def test_other_code_that_comes_with_a_model_is_not_run(tmp_path):
    exact.save(shifted(), tmp_path)
    listed = json.loads((tmp_path / "modules.json").read_text())
    listed[-1]["type"] = "os.path.Evil"
    (tmp_path / "modules.json").write_text(json.dumps(listed))
    with pytest.raises(ModelNotFoundError, match="code that comes with a model is never run"):
        exact.load(tmp_path)


# Bad input


def test_what_cannot_be_made_exact_says_why():
    with pytest.raises(InvalidArgumentError, match="has a reference shift already"):
        exact.shift(shifted())
    with pytest.raises(ArgumentTypeError, match="must be a SentenceTransformer, got int"):
        exact.shift(3)
    model = tiny_models.encoder()
    model.tokenizer.pad_token = None
    with pytest.raises(UnsupportedModelError, match="has no pad token"):
        exact.shift(model)
    with pytest.raises(UnsupportedModelError, match="reads no tokens one by one"):
        exact.shift(static())


def static() -> SentenceTransformer:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    words = tiny_models.tokenizer().backend_tokenizer
    return SentenceTransformer(modules=[StaticEmbedding(words, embedding_dim=8)], device="cpu")


def test_a_shift_that_was_put_in_by_hand_says_what_to_do():
    model = tiny_models.encoder()
    model.append(ReferenceShift())
    with pytest.raises(UnsupportedModelError, match=r"siamviz\.exact\.shift\(model\)"):
        model.encode(A)


def test_a_model_is_replaced_whole_and_what_a_kill_left_beside_it_goes(tmp_path):
    exact.save(shifted("RoBERTa"), tmp_path / "model")
    (tmp_path / "model" / "9_Old").mkdir()
    (tmp_path / ".aside-model-0").mkdir()
    exact.save(shifted(), tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert not (tmp_path / "model" / "9_Old").exists()
    assert_allclose(exact.load(tmp_path / "model").encode(A), shifted().encode(A), atol=1e-6)


def test_a_model_that_a_kill_took_from_its_place_is_put_back(tmp_path, monkeypatch):
    exact.save(shifted(), tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / ".aside-model-0-before")
    broken = exact.shift(tiny("RoBERTa"))
    monkeypatch.setattr(broken, "save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        exact.save(broken, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert_allclose(exact.load(tmp_path / "model").encode(A), shifted().encode(A), atol=1e-6)


def test_agreement_is_that_of_the_pairs_explained_by_both():
    models = [siamviz.Explainer(one) for one in (tiny(), shifted())]
    pairs = [(A, B), (B, "the happy dog runs"), ("dog", "cat")]
    table = exact.agreement(*models, pairs, layers=[1], steps=3, progress=False)
    known = [
        models[0]
        .explain(*pair, layer=1, steps=3)
        .agreement(models[1].explain(*pair, layer=1, steps=3))
        for pair in pairs[:2]
    ]
    [row] = table.to_dict("records")
    assert (row["layer"], row["n"]) == (1, 2)
    for name in ("pearson", "spearman"):
        assert row[name] == pytest.approx(np.mean([getattr(one, name) for one in known]), rel=1e-4)


def test_only_exact_models_are_saved_and_loaded_and_nothing_else_is_overwritten(tmp_path):
    with pytest.raises(InvalidArgumentError, match="The model has no reference shift"):
        exact.save(tiny(), tmp_path / "model")
    tiny().save(str(tmp_path / "plain"))
    with pytest.raises(InvalidArgumentError, match="plain' has no reference shift"):
        exact.load(tmp_path / "plain")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("dear")
    with pytest.raises(InvalidArgumentError, match="holds something that is no model"):
        exact.save(shifted(), tmp_path / "other")
    with pytest.raises(ModelNotFoundError, match="no folder"):
        exact.load(tmp_path / "nothing")
