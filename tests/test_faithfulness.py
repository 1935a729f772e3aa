"""What deleting tokens says about explanations, against texts written without these words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tiny_models
import torch
from numpy.testing import assert_allclose
from scipy.stats import spearmanr, ttest_rel

from siamviz import Explainer, RightRiemann
from siamviz.encoder import Encoder
from siamviz.study.paper.curves import Text, one_sided, two_sided
from siamviz.study.paper.faithfulness import MEASURES, Measurer, summary
from siamviz.study.paper.methods import Attention, masked_changes

A, B = "the dog sleeps", "a cat walks on"


@pytest.fixture(scope="module")
def encoder(explainer: Explainer) -> Encoder:
    return Encoder(explainer.model)


@pytest.fixture
def texts(encoder: Encoder) -> tuple[Text, Text]:
    return Text.of(encoder, A, "cosine"), Text.of(encoder, B, "cosine")


def score(encoder: Encoder, a: str, b: str) -> float:
    one, other = encoder.model.encode([a, b])
    return float(one @ other)


def test_tokens_go_and_come_one_by_one_the_most_important_first(encoder, texts):
    importances = np.array([[0.1, 0.9, 0.5], [3, 1, 2]])
    deletion, insertion = one_sided(*texts, importances)
    whole = score(encoder, A, B)
    left = [score(encoder, text, B) for text in ("the sleeps", "the")]
    came = [score(encoder, text, B) for text in ("dog", "dog sleeps")]
    assert deletion[0] == pytest.approx(whole - np.mean(left), abs=1e-5)
    assert insertion[0] == pytest.approx(np.mean(came), abs=1e-5)
    left = [score(encoder, text, B) for text in ("dog sleeps", "dog")]
    assert deletion[1] == pytest.approx(whole - np.mean(left), abs=1e-5)


def test_the_strongest_pairs_go_from_both_texts_and_something_stays(encoder, texts):
    matrix = np.zeros((3, 4))
    matrix[1, 1], matrix[1, 2], matrix[2, 2] = 3, 2, 1
    whole = score(encoder, A, B)
    one, all_but_one = (two_sided(*texts, matrix[None], count)[0] for count in (1, 7))
    assert one == pytest.approx(whole - score(encoder, "the sleeps", "a walks on"), abs=1e-5)
    assert all_but_one == pytest.approx(whole - score(encoder, "the", "a on"), abs=1e-5)


def test_masking_a_word_is_embedding_the_text_with_the_mask_in_its_place(encoder, texts):
    found = masked_changes(encoder, texts[0].encoded, encoder.tokenizer.mask_token_id)
    assert np.isnan(found[[0, -1]]).all()
    for place, text in enumerate(("[MASK] dog sleeps", "the [MASK] sleeps", "the dog [MASK]"), 1):
        masked = Text.of(encoder, text, "cosine").embedding
        assert_allclose(found[place], texts[0].embedding - masked, atol=1e-5)


def test_rollout_is_the_product_of_what_the_layers_let_through():
    model = tiny_models.encoder()
    encoder = Encoder(model)
    encoded = encoder.encode("the dog sleeps")
    found = Attention(model).rollout(encoded, "mean")
    transformer = next(iter(model[0].children()))
    states = transformer(
        **{name: encoded.features[name] for name in ("input_ids", "attention_mask")},
        output_hidden_states=True,
    ).hidden_states
    through = np.eye(len(encoded.tokens))
    for layer, state in zip(transformer.encoder.layer, states, strict=False):
        own = layer.attention.self
        heads = own.num_attention_heads
        query, key = (
            part(state)[0].reshape(len(encoded.tokens), heads, -1).transpose(0, 1)
            for part in (own.query, own.key)
        )
        weights = torch.softmax(query @ key.mT / query.shape[-1] ** 0.5, dim=-1).mean(0)
        mean = weights.detach().double().numpy()
        through = (0.5 * mean + 0.5 * np.eye(len(mean))) @ through
    assert_allclose(found, through.mean(0), atol=1e-6)
    assert found.sum() == pytest.approx(1)
    assert_allclose(Attention(model).rollout(encoded, "cls"), through[0], atol=1e-6)


def test_every_method_is_measured_by_the_same_deletions(explainer, encoder):
    pair = explainer.explain(A, B, layer=2, steps=4)
    rows = {row.pop("method"): row for row in Measurer(explainer).measure({"pad": pair}, seed=0)}
    assert set(rows) == {
        "pad", "pad, folded", "gradient × input", "last-layer dot products", "attention rollout",
        "occlusion", "deletion itself", "random",
    }  # fmt: skip
    known = explainer.deletion(A, B).matrix[1:-1, 1:-1]
    cells = pair.matrix[1:-1, 1:-1]
    assert rows["pad"]["pearson"] == pytest.approx(np.corrcoef(cells.ravel(), known.ravel())[0, 1])
    top = np.sort(known.ravel())[-5:].sum()
    chosen = known.ravel()[np.argsort(cells.ravel())[-5:]].sum()
    assert rows["pad"]["top_effect"] == pytest.approx(chosen / top, rel=1e-5)
    gradient = explainer.explain(A, B, layer=2, baseline="zero", quadrature=RightRiemann(1)).matrix
    masked = [
        masked_changes(encoder, encoder.encode(text), encoder.tokenizer.mask_token_id)
        for text in (A, B)
    ]
    rollouts = [Attention(encoder.model).rollout(encoder.encode(text), "mean") for text in (A, B)]
    for name, matrix in (
        ("gradient × input", gradient),
        ("occlusion", masked[0] @ masked[1].T),
        ("attention rollout", np.outer(*rollouts)),
        ("pad, folded", pair.fold().matrix),
    ):
        own = np.corrcoef(np.asarray(matrix)[1:-1, 1:-1].ravel(), known.ravel())[0, 1]
        assert rows[name]["pearson"] == pytest.approx(own, abs=1e-5), name
    assert rows["deletion itself"]["spearman"] == pytest.approx(1)
    assert rows["deletion itself"]["top_effect"] == pytest.approx(1)
    embeddings = explainer.model.encode([A, B], output_value="token_embeddings")
    products = (embeddings[0] @ embeddings[1].T).cpu().numpy()[1:-1, 1:-1]
    rank = spearmanr(products.ravel(), known.ravel()).statistic
    assert rows["last-layer dot products"]["spearman"] == pytest.approx(rank, abs=1e-3)
    assert all(
        row["score"] == pytest.approx(score(encoder, A, B), abs=1e-5) for row in rows.values()
    )


def test_texts_of_a_single_token_have_no_order_of_tokens(explainer):
    pair = explainer.explain("dog", B, steps=2, layer=5)
    assert Measurer(explainer).measure({"pad": pair}, seed=0) == []


def test_methods_are_compared_on_the_same_pairs():
    rng = np.random.default_rng(0)
    values = {"pad": rng.normal(size=9), "random": rng.normal(size=9), "x": rng.normal(size=9)}
    frame = pd.DataFrame(
        {"row": row, "method": name, **dict.fromkeys(MEASURES, numbers[row])}
        for name, numbers in values.items()
        for row in range(9)
    )
    table = summary(frame, "pad").set_index(["measure", "method"])
    assert len(table) == len(MEASURES) * 3
    for other, name in (("pad", "over_own"), ("random", "over_random")):
        known = ttest_rel(values["x"], values[other])
        row = table.loc["deletion", "x"]
        interval = known.confidence_interval()
        assert row[name] == pytest.approx((values["x"] - values[other]).mean())
        assert row[f"{name}_low"] == pytest.approx(interval.low)
        assert row[f"{name}_high"] == pytest.approx(interval.high)
    assert table.loc[("deletion", "pad"), "over_own"] == 0
