"""Every architecture family: the run from each layer, its Jacobian products and completeness."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import tiny_models
import torch

from siamviz import Adaptive, Explainer, GaussLegendre
from siamviz.adaptive import integrate_adaptively
from siamviz.encoder import EncodedText, Encoder
from siamviz.jacobian import Path, jacobian_products
from siamviz.monitor import Monitor

pytestmark = pytest.mark.usefixtures("one_thread")

TEXT = "The dog chased kittens on"
SAME_LENGTH = "A cat walks garden in"
OTHER = "a happy cat sleeps"
NODES = GaussLegendre(2).nodes().points


@lru_cache
def opened(family: str) -> tuple[Encoder, EncodedText]:
    encoder = Encoder(tiny_models.encoder(family))
    return encoder, encoder.encode(TEXT)


def paths(family: str, layer: int, mode: str, dtype: torch.dtype = torch.float64) -> Path:
    """From a random reference to the text, one group a token."""
    encoder, encoded = opened(family)
    function = encoder.function(encoded, layer, dtype)
    end = encoder.opened(dtype).states(encoded, layer)[0].double()
    generator = torch.Generator().manual_seed(layer)
    start = end + 0.3 * torch.randn(end.shape, generator=generator, dtype=end.dtype)
    return Path(function, start, end, np.eye(end.shape[1], dtype=bool), False, mode)


def products(path: Path) -> np.ndarray:
    states = path.points(NODES)
    return jacobian_products(path, states, path.delta.expand_as(states))


def relative(found: np.ndarray, known: np.ndarray) -> float:
    return float(np.abs(found - known).max() / np.abs(known).max())


families = pytest.mark.parametrize("family", tiny_models.FAMILIES)


@families
def test_every_layer_can_be_entered_and_gives_what_the_model_encodes(family):
    encoder, encoded = opened(family)
    layers = encoder.layers(encoded)
    assert layers == tiny_models.layers(family)
    own = encoder.model.encode(TEXT)
    for dtype in (torch.float32, torch.float64):
        for layer in range(layers + 1):
            states, _ = encoder.opened(dtype).states(encoded, layer)
            function = encoder.function(encoded, layer, dtype)
            encoder.check(encoded, function, states)
            with torch.no_grad():
                ours = function(states)[0].numpy()
            assert relative(ours, own) < 1e-5


@families
def test_the_states_of_other_tokens_give_the_embedding_of_those_tokens(family):
    encoder, encoded = opened(family)
    other = encoder.encode(SAME_LENGTH)
    assert other.ids.shape == encoded.ids.shape
    known = encoder.model.encode(SAME_LENGTH)
    assert relative(encoder.model.encode(TEXT), known) > 1e-2
    model = encoder.opened(torch.float64)
    for layer in range(encoder.layers(encoded) + 1):
        states = model.states_of_ids(encoded, layer, other.ids, [])
        with torch.no_grad():
            found = encoder.function(encoded, layer, torch.float64)(states)[0].numpy()
        assert relative(found, known) < 1e-5


@families
def test_a_batch_of_states_gives_what_each_state_gives_alone(family):
    path = paths(family, 1, "forward")
    states = path.points(np.array([0.0, 0.3, 1.0]))
    with torch.no_grad():
        together = path.function(states).numpy()
        alone = torch.cat([path.function(state[None]) for state in states]).numpy()
    assert relative(together, alone) < 1e-12


@families
@pytest.mark.parametrize("layer", [0, 1])
def test_forward_and_reverse_mode_agree_with_finite_differences(family, layer):
    path = paths(family, layer, "forward")
    forward, reverse = products(path), products(paths(family, layer, "reverse"))
    states = path.points(NODES)
    slow = tiny_models.finite_differences(path.function, states, path.delta)
    assert relative(forward, reverse) < 1e-9
    assert relative(forward, slow) < 1e-6


@families
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_dual_numbers_are_proven_on_the_family_and_torch_func_gives_the_same(family, dtype):
    path = paths(family, 0, "forward", dtype)
    by_duals = products(path)
    assert path.function.duals is True
    path.function.duals = False
    by_torch = products(path)
    path.function.duals = True
    assert relative(by_duals, by_torch) < 1e3 * torch.finfo(dtype).eps


@families
def test_contributions_sum_to_the_change_of_the_embedding(family):
    path = paths(family, 1, "forward")
    rule = Adaptive(1e-3, max_steps=400)
    *_, found = integrate_adaptively(path, lambda: path, rule, None, Monitor())
    start, end = path.embed(np.array([0.0, 1.0]), Monitor())
    assert found.converged
    assert np.linalg.norm(end - start - found.vectors.sum(0)) < 1e-3 * np.linalg.norm(end - start)


@families
def test_the_ledger_of_a_pair_closes_on_the_model_s_own_score(family):
    encoder, _ = opened(family)
    pair = Explainer(encoder.model).explain(
        TEXT, OTHER, layer=1, baseline="zero", quadrature=GaussLegendre(4), precision="float64"
    )
    a, b = encoder.model.encode([TEXT]), encoder.model.encode([OTHER])
    assert pair.score == pytest.approx(float(encoder.model.similarity(a, b)), abs=1e-6)
    assert abs(pair.ledger.imbalance) < 1e-5


# MPNet takes id 1 for padding whatever its tokenizer says.
@pytest.mark.parametrize(("family", "pad"), [("RoBERTa", 0), ("CamemBERT", 0), ("MPNet", 1)])
def test_position_ids_of_the_text_stay_when_its_tokens_become_padding(family, pad):
    encoder, encoded = opened(family)
    model = encoder.opened(torch.float64)
    own, tape = model.states(encoded, 0)
    padded = encoded.ids.clone()
    padded[0, 1:-1] = pad
    assert torch.equal(model.states_of_ids(encoded, 0, padded, tape)[0, -1], own[0, -1])
    assert not torch.equal(model.states_of_ids(encoded, 0, padded, [])[0, -1], own[0, -1])
