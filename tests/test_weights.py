"""Weights that were changed are noticed, whoever changed them."""

from __future__ import annotations

import pytest
import tiny_models
import torch
from torch import nn

import siamviz
from siamviz.weights import Weights


@pytest.mark.parametrize("how", [{"fused": True}, {"foreach": True}, {"foreach": False}])
def test_the_step_of_any_optimiser_is_noticed(how):
    model = tiny_models.encoder()
    weights = Weights(model)
    before = weights.state()
    assert weights.state() == before
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0, **how)
    model(model.preprocess(["a cat runs after the dog"]))["sentence_embedding"].sum().backward()
    optimiser.step()
    assert weights.state() != before


def test_tensors_that_are_replaced_moved_or_added_are_noticed():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weights = Weights(model)
    seen = [weights.state()]
    for change in (
        lambda: setattr(model[0], "weight", nn.Parameter(torch.ones(3, 2))),
        model.double,
        lambda: model[1].running_mean.add_(1.0),
        lambda: model.append(nn.Linear(3, 1)),
        lambda: setattr(model, "1", nn.BatchNorm1d(3)),
        lambda: model[0].register_buffer("more", torch.ones(1)),
        model.bfloat16,
        lambda: model[2].weight.detach().fill_(3.0),
    ):
        change()
        seen.append(weights.state())
    assert len(set(seen)) == len(seen)


def test_an_explainer_forgets_what_it_computed_before_a_fused_step():
    model = tiny_models.encoder()
    explainer = siamviz.Explainer(model)
    before = explainer.explain("the dog runs", "a cat sleeps", steps=2).score
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    model(model.preprocess(["a cat runs after the dog"]))["sentence_embedding"].sum().backward()
    optimiser.step()
    after = explainer.explain("the dog runs", "a cat sleeps", steps=2).score
    assert after != pytest.approx(before, abs=1e-4)
    assert after == pytest.approx(
        siamviz.Explainer(model).explain("the dog runs", "a cat sleeps", steps=2).score, abs=1e-6
    )
