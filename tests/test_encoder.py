"""The encoder opened between its layers: the user's model stays as it is, and errors say why."""

from __future__ import annotations

import copy
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_models
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import BoW, Normalize, StaticEmbedding
from torch import nn

from siamviz import Explainer, GaussLegendre
from siamviz.encoder import Encoder
from siamviz.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    NonFiniteError,
    ReproductionError,
    UnsupportedModelError,
    check_layer,
)
from siamviz.monitor import Monitor
from siamviz.replica import replicate

pytestmark = pytest.mark.usefixtures("one_thread")

TEXT = "The dog chased kittens"
OTHER = "a happy cat sleeps"
OPTIONS = {"baseline": "zero", "quadrature": GaussLegendre(3)}


@pytest.fixture
def model() -> SentenceTransformer:
    return tiny_models.encoder()


def attention(model: nn.Module) -> list[str]:
    return [
        module.config._attn_implementation
        for module in model.modules()
        if hasattr(module, "set_attn_implementation")
    ]


def hooks(model: nn.Module) -> list[int]:
    return [
        len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        for module in model.modules()
    ]


# The user's model


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
def test_explaining_leaves_the_model_s_settings_as_they_were(model, precision):
    model.train()
    frozen = next(model.parameters())
    frozen.requires_grad_(False)
    gradient = torch.ones_like(list(model.parameters())[1])
    list(model.parameters())[1].grad = gradient
    before = (
        attention(model),
        hooks(model),
        [m.training for m in model.modules()],
        [(p.requires_grad, p.dtype, p.device, p.data_ptr()) for p in model.parameters()],
        model[0].auto_model.config.to_dict(),
        [m.forward for m in model.modules()],
        [set(vars(m)) for m in model.modules()],
    )
    weights = copy.deepcopy(model.state_dict())
    assert "sdpa" in before[0]

    Explainer(model).explain(TEXT, OTHER, precision=precision, **OPTIONS)

    assert before == (
        attention(model),
        hooks(model),
        [m.training for m in model.modules()],
        [(p.requires_grad, p.dtype, p.device, p.data_ptr()) for p in model.parameters()],
        model[0].auto_model.config.to_dict(),
        [m.forward for m in model.modules()],
        [set(vars(m)) for m in model.modules()],
    )
    assert list(model.parameters())[1].grad is gradient
    assert torch.equal(gradient, torch.ones_like(gradient))
    assert all(torch.equal(weights[name], now) for name, now in model.state_dict().items())


def test_no_gradients_reach_the_user_s_parameters(model):
    for mode in ("forward", "reverse"):
        Explainer(model).contributions(TEXT, mode=mode, **OPTIONS)
    assert all(p.grad is None for p in model.parameters())
    assert all(p.requires_grad for p in model.parameters())


def test_a_model_in_training_mode_is_explained_without_its_dropout(model):
    model.train()
    first = Explainer(model).contributions(TEXT, **OPTIONS)
    second = Explainer(model).contributions(TEXT, **OPTIONS)
    assert np.array_equal(first.vectors, second.vectors)
    assert model.training


def test_the_user_s_hooks_stay_and_are_not_called_while_jacobians_are_taken(model):
    calls = []
    layer = model[0].auto_model.encoder.layer[0]
    layer.register_forward_hook(lambda *_: calls.append("hook"))
    layer.register_forward_pre_hook(lambda *_: calls.append("pre"))
    explainer = Explainer(model)
    explainer.contributions(TEXT, quadrature=GaussLegendre(2), baseline="zero")
    few = len(calls)
    explainer.contributions(TEXT, quadrature=GaussLegendre(9), baseline="mean")
    assert len(calls) == few  # the text is encoded once; nodes run on a copy without hooks
    assert hooks(layer)[0] == 2


def test_another_thread_may_encode_with_the_model_meanwhile(model):
    texts = [TEXT, OTHER, "the cat and a dog play"]
    alone = model.encode(texts)
    explainer = Explainer(model)
    known = explainer.contributions(TEXT, **OPTIONS).vectors
    stop, seen = threading.Event(), []

    def encode():
        while not stop.is_set():
            seen.append(np.array_equal(model.encode(texts), alone))

    thread = threading.Thread(target=encode)
    thread.start()
    try:
        found = [Explainer(model).contributions(TEXT, **OPTIONS).vectors for _ in range(4)]
    finally:
        stop.set()
        thread.join()
    assert seen
    assert all(seen)
    assert all(np.allclose(vectors, known, rtol=1e-5, atol=1e-7) for vectors in found)


def test_one_explainer_may_be_used_by_several_threads(model):
    explainer = Explainer(model, cache_bytes=0)
    known = explainer.contributions(TEXT, **OPTIONS).vectors
    found: list[np.ndarray] = []

    def work():
        found.append(explainer.contributions(TEXT, **OPTIONS).vectors)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.allclose(vectors, known, rtol=1e-5, atol=1e-7) for vectors in found)


# Weights that change


def test_weights_changed_in_place_give_fresh_results(model):
    explainer = Explainer(model)
    before = explainer.contributions(TEXT, **OPTIONS)
    fingerprint = Encoder(model).fingerprint()
    with torch.no_grad():
        model[0].auto_model.encoder.layer[1].output.dense.weight.mul_(1.5)
    after = explainer.contributions(TEXT, **OPTIONS)
    fresh = Explainer(model).contributions(TEXT, **OPTIONS)
    assert Encoder(model).fingerprint() != fingerprint
    assert not np.allclose(before.vectors, after.vectors, rtol=1e-3)
    assert np.allclose(after.vectors, fresh.vectors, rtol=1e-5, atol=1e-7)
    assert np.array_equal(after.encoded, model.encode(TEXT))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_replaced_parameter_and_a_converted_model_give_fresh_results(model, precision):
    explainer = Explainer(model)
    explainer.contributions(TEXT, precision=precision, **OPTIONS)
    dense = model[0].auto_model.encoder.layer[0].output.dense
    dense.weight = nn.Parameter(2 * dense.weight.detach())
    replaced = explainer.contributions(TEXT, precision=precision, **OPTIONS)
    assert np.array_equal(replaced.encoded, model.encode(TEXT))
    model.to(torch.bfloat16)
    explainer.contributions(TEXT, precision=precision, **OPTIONS)
    assert all(p.dtype == torch.bfloat16 for p in model.parameters())


def test_unchanged_weights_are_answered_from_the_cache(model):
    explainer = Explainer(model)
    first = explainer.contributions(TEXT, **OPTIONS)
    model.encode(OTHER)
    assert explainer.contributions(TEXT, **OPTIONS) is first


def test_the_digest_names_the_weights_and_nothing_else(model):
    encoder = Encoder(model)
    digest = encoder.digest()
    assert digest == Encoder(tiny_models.encoder()).digest()
    assert digest != Encoder(tiny_models.encoder(seed=1)).digest()
    with torch.no_grad():
        next(model.parameters()).mul_(2)
    assert encoder.digest() != digest


# Layers


def test_layer_minus_1_is_the_last():
    assert [check_layer(layer, 2) for layer in (0, 1, 2, -1, np.int64(1))] == [0, 1, 2, 2, 1]


@pytest.mark.parametrize("layer", [3, -2, 99])
def test_a_layer_out_of_range_is_told_the_range(model, layer):
    with pytest.raises(
        InvalidArgumentError,
        match=rf"layer {layer} is out of range: this model has 2 encoder layers\. Use 0 .* to 2 ",
    ):
        Explainer(model).contributions(TEXT, layer=layer)


@pytest.mark.parametrize("layer", [1.0, "1", None, True])
def test_a_layer_that_is_no_int_is_told_the_range(model, layer):
    with pytest.raises(ArgumentTypeError, match=f"layer must be an int from 0 to 2, got {layer!r}"):
        Explainer(model).contributions(TEXT, layer=layer)


# What cannot be explained


def test_a_hook_that_changes_the_output_is_found_out(model):
    def shift(module, args, out):
        return out + 0.1 * torch.arange(out.shape[-1])

    handle = model[0].auto_model.encoder.layer[1].register_forward_hook(shift)
    with pytest.raises(ReproductionError) as caught:
        Explainer(model).contributions(TEXT, **OPTIONS)
    message = str(caught.value)
    assert "From layer 0 siamviz's run of the model differs from model.encode by" in message
    assert "allowed 1e-05" in message
    assert repr(TEXT) in message
    assert "remove the hooks" in message
    handle.remove()
    assert Explainer(model).contributions(TEXT, **OPTIONS).relative_residual < 1


class Skip(nn.Module):
    """Adds what entered the first layer to the last hidden states."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, states, *args, **kwargs):
        out = self.inner(states, *args, **kwargs)
        out.last_hidden_state = out.last_hidden_state + 0.3 * states
        return out


def test_what_reads_the_input_of_the_first_layer_moves_with_it(model):
    model[0].auto_model.encoder = Skip(model[0].auto_model.encoder)
    encoder = Encoder(model)
    encoded, other = encoder.encode(TEXT), encoder.encode("A cat walks garden")
    assert encoded.ids.shape == other.ids.shape
    states = encoder.opened().states_of_ids(encoded, 0, other.ids, [])
    with torch.no_grad():
        found = encoder.function(encoded, 0)(states)[0].numpy()
    assert np.allclose(found, other.encoded, rtol=1e-5, atol=1e-6)


def test_what_reads_an_earlier_layer_stays_on_the_text_s_own_states(model):
    model[0].auto_model.encoder = Skip(model[0].auto_model.encoder)
    rule = GaussLegendre(24)
    pair = Explainer(model).explain(
        TEXT, OTHER, layer=1, baseline="zero", quadrature=rule, precision="float64"
    )
    assert abs(pair.ledger.imbalance) < 1e-5
    assert pair.relative_residual < 1e-2


def test_weights_with_nan_are_named(model):
    with torch.no_grad():
        model[0].auto_model.encoder.layer[0].output.dense.bias[0] = float("nan")
    with pytest.raises(NonFiniteError, match=r"encoder\.layer\.0\.output\.dense\.bias.* NaN"):
        Explainer(model)


def test_models_without_encoder_layers_are_refused():
    static = StaticEmbedding(tiny_models.tokenizer().backend_tokenizer, embedding_dim=8)
    bag = BoW(vocab=["dog", "cat"])
    for module in (static, bag):
        model = SentenceTransformer(modules=[module], device="cpu")
        with pytest.raises(UnsupportedModelError, match=r"static embeddings and bag-of-words"):
            Explainer(model).contributions(TEXT)


def test_what_is_no_sentence_transformer_is_refused_with_a_hint():
    with pytest.raises(ArgumentTypeError, match="must be a SentenceTransformer, got SimpleName"):
        Encoder(SimpleNamespace())

    class CrossEncoder:
        pass

    with pytest.raises(ArgumentTypeError, match=r"got CrossEncoder\. A CrossEncoder reads both"):
        Encoder(CrossEncoder())


# What the encoder tells of a text


def test_an_encoded_text_knows_its_tokens_and_where_the_model_adds_its_own(model):
    encoded = Encoder(model).encode(TEXT)
    assert encoded.ids.shape == (1, len(encoded.tokens))
    assert encoded.content.tolist() == [token.role == "text" for token in encoded.tokens]
    assert [token.role for token in encoded.tokens][:: len(encoded.tokens) - 1] == ["special"] * 2
    assert np.array_equal(encoded.encoded, model.encode(TEXT))


def test_removing_a_token_embeds_the_rest_of_the_sequence(model):
    encoder = Encoder(model)
    encoded = encoder.encode("the dog sleeps")
    found = encoder.embed_without(encoded, Monitor())
    assert np.isnan(found[[0, -1]]).all()
    for place, rest in ((1, "dog sleeps"), (2, "the sleeps"), (3, "the dog")):
        assert np.allclose(found[place], model.encode(rest), rtol=1e-5, atol=1e-6)


def test_some_of_a_texts_tokens_are_embedded_like_the_text_that_they_make(model):
    encoder = Encoder(model)
    encoded = encoder.encode("the dog sleeps")
    texts = {"dog": [1, 0, 1, 0, 1], "the sleeps": [1, 1, 0, 1, 1], "sleeps": [1, 0, 0, 1, 1]}
    kept = np.array(list(texts.values()), dtype=bool)
    found = encoder.embed_kept(encoded, kept, Monitor())
    for one, text in zip(found, texts, strict=True):
        assert np.allclose(one, model.encode(text), rtol=1e-5, atol=1e-6)


def test_what_kind_of_pooling_the_model_has():
    assert Encoder(tiny_models.encoder()).mean_pooled
    assert Encoder(tiny_models.encoder(after=[Normalize()])).mean_pooled
    assert not Encoder(tiny_models.encoder(pooling="cls")).mean_pooled
    assert Encoder(tiny_models.encoder(pooling="cls")).pooling == "cls"


def test_a_model_that_was_asked_for_attentions_gives_them_in_its_copy_too(model):
    inputs = model.preprocess(["the dog sleeps"])
    asked = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    copies = []
    for _ in range(2):
        copied = next(iter(replicate(model)[0].children()))
        copied.set_attn_implementation("eager")
        copies.append(copied(**asked, output_attentions=True).attentions)
        own = next(iter(model[0].children()))
        own(**asked, output_hidden_states=True)
    assert len(copies[0]) == len(copies[1]) > 0
    assert torch.equal(copies[0][0], copies[1][0])
