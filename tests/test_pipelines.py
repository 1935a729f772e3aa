"""What comes after the transformer: pooling, dense modules, prompts, routes, truncation."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_models
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Router
from sentence_transformers.sentence_transformer.modules import (
    Normalize,
    Pooling,
    StaticEmbedding,
)
from torch import nn

from siamviz import Explainer, GaussLegendre
from siamviz.encoder import Encoder
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, UnsupportedModelError
from siamviz.jacobian import Path, jacobian_products

pytestmark = pytest.mark.usefixtures("one_thread")

TEXT = "The dog chased kittens in the garden"
OTHER = "a happy cat sleeps"
HIDDEN = tiny_models.HIDDEN
POOLINGS = [
    "mean",
    "cls",
    "max",
    "lasttoken",
    "weightedmean",
    "mean_sqrt_len_tokens",
    ("cls", "mean", "max"),
]
RULE = {"quadrature": GaussLegendre(6), "precision": "float64", "baseline": "zero"}


def check_every_layer(model: SentenceTransformer, **how: str) -> None:
    """At each layer: the own states reproduce the model, and products equal finite differences."""
    encoder = Encoder(model)
    encoded = encoder.encode(TEXT, **how)
    model = encoder.opened(torch.float64)
    for layer in range(encoder.layers(encoded) + 1):
        end, _ = model.states(encoded, layer)
        function = encoder.function(encoded, layer, torch.float64)
        encoder.check(encoded, function, end)
        noise = torch.randn(end.shape, generator=torch.Generator().manual_seed(3), dtype=end.dtype)
        path = Path(function, end + 0.1 * noise, end, np.eye(end.shape[1], dtype=bool))
        states = path.points(np.array([0.4]))
        found = jacobian_products(path, states, path.delta)
        slow = tiny_models.finite_differences(function, states, path.delta)
        assert np.abs(found - slow).max() < 1e-6 * np.abs(found).max()


def check_pair(model: SentenceTransformer, known: float, **options: object) -> None:
    pair = Explainer(model).explain(TEXT, OTHER, **{**RULE, **options})
    assert pair.score == pytest.approx(known, abs=1e-6)
    assert abs(pair.ledger.imbalance) < 1e-5


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
def test_every_pooling_is_differentiated_at_every_layer(pooling):
    check_every_layer(tiny_models.encoder(pooling=pooling))


@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
def test_the_ledger_closes_for_every_pooling(pooling):
    model = tiny_models.encoder(pooling=pooling)
    check_pair(model, cosine(model.encode(TEXT), model.encode(OTHER)))


@pytest.mark.parametrize(("pooling", "where"), [("cls", 0), ("lasttoken", -1)])
def test_at_the_last_layer_a_single_pooled_token_holds_everything(pooling, where):
    found = Explainer(tiny_models.encoder(pooling=pooling)).contributions(TEXT, layer=-1, **RULE)
    others = np.delete(found.vectors, where, axis=0)
    assert np.all(others == 0)
    assert "everything is on that token" in found.message


@pytest.mark.parametrize(
    "after",
    [
        [Dense(HIDDEN, 5)],
        [Dense(HIDDEN, 5, activation_function=nn.GELU()), Dense(5, 7, bias=False)],
        [Dense(HIDDEN, HIDDEN, use_residual=True)],
        [Normalize()],
        [Dense(HIDDEN, 5), Normalize()],
        [Normalize(), Dense(HIDDEN, 5)],
    ],
    ids=["dense", "two dense", "residual", "normalize", "dense normalize", "normalize dense"],
)
def test_modules_after_pooling_are_part_of_the_function(after):
    model = tiny_models.encoder(after=after)
    check_every_layer(model)
    check_pair(model, cosine(model.encode(TEXT), model.encode(OTHER)))


def test_a_dense_module_on_tokens_before_pooling_is_part_of_the_function():
    first = tiny_models.transformer()
    dense = Dense(HIDDEN, 6, module_input_name="token_embeddings")
    model = SentenceTransformer(modules=[first, dense, Pooling(6)], device="cpu")
    check_every_layer(model)


def test_contributions_are_of_the_embedding_before_the_final_normalisation():
    plain = tiny_models.encoder()
    normalized = SentenceTransformer(modules=[*plain.children(), Normalize()], device="cpu")
    a = Explainer(plain).contributions(TEXT, **RULE)
    b = Explainer(normalized).contributions(TEXT, **RULE)
    assert np.allclose(a.vectors, b.vectors, rtol=1e-12, atol=1e-14)
    assert a.scale == 1.0
    assert b.scale == pytest.approx(np.linalg.norm(plain.encode(TEXT)), rel=1e-6)


@pytest.mark.parametrize("after", [[], [Normalize()]], ids=["plain", "normalized"])
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_truncated_embeddings_are_explained_as_the_model_truncates_them(after, similarity):
    model = tiny_models.encoder(after=after, truncate_dim=6)
    check_every_layer(model)
    a, b = model.encode(TEXT), model.encode(OTHER)
    assert a.shape == (6,)
    known = cosine(a, b) if similarity == "cosine" else float(a @ b)
    check_pair(model, known, similarity=similarity)


# Prompts and tasks


@pytest.mark.parametrize("include_prompt", [True, False])
def test_a_prompt_is_put_before_the_text_and_pooled_only_where_the_model_pools_it(include_prompt):
    model = tiny_models.encoder(include_prompt=include_prompt)
    check_every_layer(model, prompt="query : ")
    a, b = model.encode(TEXT, prompt="query : "), model.encode(OTHER, prompt="passage : ")
    check_pair(model, cosine(a, b), prompt_a="query : ", prompt_b="passage : ")
    found = Explainer(model).contributions(TEXT, prompt="query : ", **RULE)
    assert [t.text for t in found.tokens if t.role == "prompt"] == ["query", ":"]
    assert all(TEXT[t.start : t.end] == t.text for t in found.tokens if t.role == "text")


def test_the_model_s_default_prompt_is_used_unless_another_is_given():
    prompts = {"query": "query : ", "document": "passage : "}
    model = tiny_models.encoder(prompts=prompts, default_prompt_name="query")
    check_pair(model, cosine(model.encode(TEXT), model.encode(OTHER)))
    plain = model.encode([TEXT, OTHER], prompt="")
    check_pair(model, cosine(*plain), prompt_a="", prompt_b="")
    assert cosine(*plain) != pytest.approx(cosine(model.encode(TEXT), model.encode(OTHER)))


@pytest.mark.parametrize("name", ["document", "passage", "corpus"])
def test_tasks_use_the_prompts_of_encode_query_and_encode_document(name):
    model = tiny_models.encoder(prompts={"query": "query : ", name: "passage : search : "})
    if name != "document":
        del model.prompts["document"]  # sentence-transformers adds an empty one
    known = cosine(model.encode_query(TEXT), model.encode_document(OTHER))
    check_pair(model, known, task_a="query", task_b="document")
    encoded = Encoder(model).encode(OTHER, task="document")
    assert encoded.prompt == "passage : search : "


def test_an_unknown_task_names_the_allowed_ones_and_the_nearest():
    with pytest.raises(InvalidArgumentError, match=r"'query', 'document'.* Did you mean 'query'\?"):
        Encoder(tiny_models.encoder()).encode(TEXT, task="querry")


def test_a_prompt_that_is_no_string_is_refused():
    with pytest.raises(ArgumentTypeError, match="a prompt must be a str, got int"):
        Encoder(tiny_models.encoder()).encode(TEXT, prompt=3)


def routed() -> SentenceTransformer:
    router = Router.for_query_document(
        query_modules=[tiny_models.transformer("BERT", seed=1), Pooling(HIDDEN, "mean")],
        document_modules=[tiny_models.transformer("BERT", seed=2), Pooling(HIDDEN, "cls")],
    )
    return SentenceTransformer(modules=[router, Normalize()], device="cpu")


def test_each_route_of_a_router_is_followed():
    model = routed()
    for task in ("query", "document"):
        check_every_layer(model, task=task)
    known = cosine(model.encode_query(TEXT), model.encode_document(OTHER))
    check_pair(model, known, task_a="query", task_b="document")
    assert known != pytest.approx(cosine(model.encode_document(TEXT), model.encode_document(OTHER)))


def test_without_a_task_a_router_takes_its_default_route():
    model = routed()
    check_every_layer(model)
    check_pair(model, cosine(model.encode(TEXT), model.encode(OTHER)))


def test_a_route_of_static_embeddings_is_refused_and_the_other_explained():
    static = StaticEmbedding(tiny_models.tokenizer().backend_tokenizer, embedding_dim=HIDDEN)
    router = Router.for_query_document(
        query_modules=[static], document_modules=[tiny_models.transformer(), Pooling(HIDDEN)]
    )
    model = SentenceTransformer(modules=[router], device="cpu")
    check_every_layer(model, task="document")
    with pytest.raises(UnsupportedModelError, match="static embeddings"):
        Explainer(model).contributions(TEXT, task="query", **RULE)


# Truncation


def test_truncation_reports_the_characters_and_tokens_that_fell_away():
    model = tiny_models.encoder()
    model.max_seq_length = 6
    found = Explainer(model).contributions(TEXT, **RULE)
    assert [token.text for token in found.tokens] == [
        "[CLS]",
        "The",
        "dog",
        "chased",
        "kitten",
        "[SEP]",
    ]
    assert found.truncation.tokens == 4
    assert found.truncation.characters == len("s in the garden")
    check_every_layer(model)


def test_a_text_that_fits_is_not_called_truncated():
    found = Explainer(tiny_models.encoder()).contributions(TEXT, **RULE)
    assert found.truncation.tokens == 0
    assert found.truncation.characters == 0


# Half precision


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", ["BERT", "Qwen3", "T5"])
def test_half_precision_weights_are_explained_in_a_float32_copy(family, dtype):
    model = tiny_models.encoder(family).to(dtype)
    encoder = Encoder(model)
    encoded = encoder.encode(TEXT)
    assert all(p.dtype == torch.float32 for p in encoder.opened().replica.parameters())
    for layer in range(encoder.layers(encoded) + 1):
        states, _ = encoder.opened().states(encoded, layer)
        assert states.dtype == torch.float32
        encoder.check(encoded, encoder.function(encoded, layer), states)
    pair = Explainer(model).explain(TEXT, OTHER, quadrature=GaussLegendre(4), baseline="zero")
    assert np.isfinite(pair.matrix).all()
    assert all(p.dtype == dtype for p in model.parameters())
    own = cosine(*model.encode([TEXT, OTHER], convert_to_tensor=True).float().numpy())
    assert pair.score == pytest.approx(own, abs=0.02)
    assert abs(pair.ledger.imbalance) < 0.02
