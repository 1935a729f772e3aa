"""Many texts on several cores: the same numbers, and no thread that is left behind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import tiny_models
import torch
from batches import FIXED, TEXTS, assert_same, starve
from torch import nn

from siamviz import Explainer, GaussLegendre
from siamviz.encoder import Encoder
from siamviz.errors import (
    CancelledError,
)
from siamviz.opened import EmbeddingFunction
from siamviz.threads import in_threads

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model() -> SentenceTransformer:
    return tiny_models.encoder()


@pytest.fixture
def cores(one_thread: None) -> int:
    torch.set_num_threads(3)
    return 3


@pytest.mark.parametrize("family", ["BERT", "RoBERTa", "ALBERT", "T5", "Gemma 3", "ModernBERT"])
def test_several_cores_give_what_one_gives(family, cores):
    model = tiny_models.encoder(family)
    known = [Explainer(model).contributions(text, **FIXED) for text in TEXTS]
    found = Explainer(model, memory=300_000).contributions_many(TEXTS, **FIXED)
    for one, other in zip(found, known, strict=True):
        assert_same(one, other, 2e-5)
    assert torch.get_num_threads() == cores


def test_functions_without_a_dual_rule_may_run_on_several_cores_at_once(cores):
    class Sorted(nn.Module):
        def forward(self, features: dict[str, Any]) -> dict[str, Any]:
            embedding = features["sentence_embedding"]
            features["sentence_embedding"] = embedding + embedding.cumsum(-1).asinh()
            return features

    model = tiny_models.encoder(after=[Sorted()])
    known = [Explainer(model).contributions(text, **FIXED) for text in TEXTS]
    found = Explainer(model, memory=200_000).contributions_many(TEXTS, **FIXED)
    for one, other in zip(found, known, strict=True):
        assert_same(one, other, 2e-5)


def test_other_threads_keep_the_cores_they_had(model, cores):
    Explainer(model).contributions_many(TEXTS, **FIXED)
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert seen == [cores]


def test_the_copies_of_the_model_share_its_parameters(model, cores):
    opened = Encoder(model)
    assert opened.copies(torch.float32) == cores
    assert opened.copies(torch.float64) == 1
    own = {parameter.data_ptr() for parameter in model.parameters()}
    for copy in range(cores):
        replica = opened.opened(torch.float32, copy).replica
        assert {parameter.data_ptr() for parameter in replica.parameters()} == own
    assert opened.opened(copy=0) is not opened.opened(copy=1)


def test_on_several_cores_too_what_does_not_fit_is_tried_again(model, monkeypatch, cores):
    known = Explainer(model).contributions_many(TEXTS, **FIXED)
    starve(monkeypatch, 6, 600)
    found = Explainer(model).contributions_many(TEXTS, **FIXED)
    for one, other in zip(found, known, strict=True):
        assert_same(one, other, 2e-5)


def test_on_several_cores_too_cancelling_stops_soon_and_leaves_no_thread(model, cores):
    before = threading.active_count()
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(CancelledError, match="was cancelled"):
        Explainer(model, memory=1).contributions_many(
            TEXTS, cancel=stop, quadrature=GaussLegendre(64)
        )
    assert threading.active_count() == before


def test_an_error_of_the_model_on_several_cores_is_raised_as_it_is(model, monkeypatch, cores):
    def broken(self: EmbeddingFunction, states: torch.Tensor) -> dict[str, Any]:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(EmbeddingFunction, "outputs", broken)
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="shapes do not match"):
        Explainer(model).contributions_many(TEXTS, errors="keep", **FIXED)
    assert threading.active_count() == before


def test_threads_that_fail_as_they_begin_end(cores):
    def fail(copy: int, item: int, stop: threading.Event) -> None:
        raise ValueError(item)

    before = threading.active_count()
    for _ in range(300):
        with pytest.raises(ValueError, match=r"^[0-3]$"):
            list(in_threads(fail, range(4), 4))
    assert threading.active_count() == before
