"""Many texts at once: the same numbers as one at a time, and a bad one spoils no other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny_models
import torch
from batches import CORPUS, FIXED, TEXTS, assert_same, check_many, forwards, relative, starve
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import nn

import siamviz
from siamviz import Adaptive, Calibrated, Explainer, RightRiemann
from siamviz.contributions import SentenceContributions
from siamviz.encoder import Encoder
from siamviz.errors import (
    ArgumentTypeError,
    CancelledError,
    InvalidArgumentError,
    InvalidTextError,
    NonFiniteError,
    OutOfMemoryError,
    ReproductionError,
    SiamvizError,
)
from siamviz.opened import EncodedText

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model() -> SentenceTransformer:
    return tiny_models.encoder()


# The same numbers


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
@pytest.mark.parametrize("layer", [0, 1])
def test_every_family_gives_together_what_it_gives_alone(family, layer):
    check_many(
        tiny_models.encoder(family, after=[Normalize()]),
        tolerance=1e-9,
        layer=layer,
        precision="float64",
        **FIXED,
    )


def test_minilm_in_float32_gives_together_what_it_gives_alone(explainer):
    texts = [
        "The dog runs after the kitten.",
        "A cat is chased by dogs outside.",
        "Two men are playing the guitar.",
        "A man.",
    ]
    check_many(explainer.model, texts, tolerance=2e-6, quadrature=Calibrated(6))


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "lasttoken", "weightedmean"])
def test_every_pooling_and_the_last_layer(pooling):
    check_many(tiny_models.encoder(pooling=pooling), layer=-1, **FIXED)
    check_many(tiny_models.encoder(pooling=pooling), layer=0, **FIXED)


@pytest.mark.parametrize(
    "options",
    [
        {"baseline": "pad-shifted"},
        {"baseline": "unk"},
        {"baseline": "zero"},
        {"baseline": "mean"},
        {"baseline": "a big house"},
        {"baseline": ["pad", "mask", "the dog sleeps on"]},
        {"baseline": CORPUS},
        {"unit": "word"},
        {"unit": "sentence"},
        {"mode": "reverse"},
        {"precision": "bfloat16"},
        {"quadrature": RightRiemann(1)},
        {"side": "b"},
    ],
    ids=str,
)
def test_every_option(options):
    tolerance = 0.05 if options.get("precision") == "bfloat16" else 1e-5
    check_many(tiny_models.encoder("RoBERTa"), tolerance=tolerance, **{**FIXED, **options})


def test_prompts_and_truncation(model):
    model.max_seq_length = 9
    model.prompts = {"query": "query: "}
    found = check_many(model, prompt="search for: ", **FIXED)
    assert found[-1].truncation
    assert [token.role for token in found[0].tokens][:4] == ["special", *["prompt"] * 3]
    check_many(model, task="query", **FIXED)


def test_an_adaptive_rule_is_met_one_text_at_a_time(model):
    found = check_many(model, TEXTS[:3], tolerance=1e-12, quadrature=Adaptive(1e-2))
    assert all(one.converged for one in found)


def test_a_corpus_whose_nodes_are_drawn_is_sampled_one_text_at_a_time(model):
    check_many(model, TEXTS[:2], tolerance=1e-12, baseline=CORPUS, quadrature=Adaptive(0.1, 16))


class ScaledByIds(nn.Module):
    """A module after pooling that reads the token ids themselves."""

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        size = 1 + features["input_ids"].sum(1, keepdim=True) / 100
        features["sentence_embedding"] = features["sentence_embedding"] * size
        return features

    def save(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError


def test_what_reads_the_token_ids_behind_the_layer_gets_each_text_s_own():
    check_many(tiny_models.encoder(after=[ScaledByIds()]), **FIXED)


def test_position_ids_that_depend_on_the_ids_stay_each_text_s_own():
    model = tiny_models.encoder("RoBERTa")
    texts = ["dog [PAD] cat [PAD] runs", "[PAD] [PAD] dog sleeps on", "the dog runs after cats"]
    check_many(model, texts, tolerance=1e-9, precision="float64", **FIXED)


def test_no_text_gives_nothing(model):
    assert Explainer(model).contributions_many([], **FIXED) == []


# Sharing


def test_texts_of_one_length_share_their_passes(model, monkeypatch):
    texts = ["The dog runs", "a cat sleeps", "big houses play", "a happy house"]
    explainer = Explainer(model)
    explainer.contributions("the garden is", **FIXED)
    seen = forwards(monkeypatch)
    first, *_ = explainer.contributions_many(texts[:1], **FIXED)
    alone = len(seen)
    seen.clear()
    found = explainer.contributions_many(texts[1:], **FIXED)
    assert [len(one.tokens) for one in (first, *found)] == [5, 5, 6, 5]
    assert len(seen) == 2 * alone  # one batch for each of the two lengths


def test_equal_texts_are_computed_once_and_known_ones_not_at_all(model, monkeypatch):
    explainer = Explainer(model)
    first = explainer.contributions(TEXTS[0], **FIXED)
    again, one, other = explainer.contributions_many([TEXTS[0], TEXTS[1], TEXTS[1]], **FIXED)
    assert again is first
    assert one is other
    seen = forwards(monkeypatch)
    assert explainer.contributions(TEXTS[1], **FIXED) is one
    assert explainer.explain(TEXTS[0], TEXTS[1], **FIXED).text_b == TEXTS[1]
    assert not seen


def test_pairs_take_each_side_s_own_baseline(model):
    explainer = Explainer(model)
    options = {**FIXED, "baseline": ("pad", "mask")}
    (pair,) = explainer.explain_many([(TEXTS[0], TEXTS[0])], **options)
    known = Explainer(model).explain(TEXTS[0], TEXTS[0], **options)
    assert relative(pair.matrix, known.matrix) < 1e-5


# Errors


def test_a_text_that_cannot_be_explained_leaves_its_error_in_its_place(model):
    texts = ["the dog runs", "", "a cat sleeps", 7, "bad \ud800", "big dogs play"]
    found = Explainer(model).contributions_many(texts, errors="keep", **FIXED)
    assert [type(one) for one in found] == [
        SentenceContributions, InvalidTextError, SentenceContributions, ArgumentTypeError,
        InvalidTextError, SentenceContributions,
    ]  # fmt: skip
    assert str(found[1]) == "text is empty (''). Give it at least one word."
    for place in (0, 2, 5):
        alone = Explainer(model).contributions(texts[place], **FIXED)
        assert_same(found[place], alone, 1e-5)


def test_otherwise_it_is_raised_before_anything_is_computed(model, monkeypatch):
    explainer = Explainer(model)
    seen = forwards(monkeypatch)
    with pytest.raises(InvalidTextError, match="text is empty"):
        explainer.contributions_many(["the dog runs", " "], **FIXED)
    assert not seen


class Spoilt(nn.Module):
    """Adds infinity to the embeddings of sequences that hold the word "house"."""

    def __init__(self, word: int) -> None:
        super().__init__()
        self.word = word

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        found = (features["input_ids"] == self.word).any(1, keepdim=True)
        embedding = features["sentence_embedding"]
        features["sentence_embedding"] = embedding.masked_fill(found, float("inf"))
        return features

    def save(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError


def test_a_text_whose_embedding_is_not_finite_fails_alone(model):
    word = model.tokenizer.convert_tokens_to_ids("house")
    spoilt = tiny_models.encoder(after=[Spoilt(word)])
    texts = ["the house runs", "the dog runs"]
    bad, good = Explainer(spoilt).contributions_many(texts, errors="keep", **FIXED)
    assert isinstance(bad, NonFiniteError)
    assert "'the house runs'" in str(bad)
    spared = tiny_models.encoder(after=[Spoilt(-1)])
    assert_same(good, Explainer(spared).contributions(texts[1], **FIXED), 1e-5)


def test_a_text_that_is_not_reproduced_fails_alone(model):
    word = model.tokenizer.convert_tokens_to_ids("house")

    def shift(module: nn.Module, args: Any, out: torch.Tensor) -> torch.Tensor:
        return out + (args[0] == word)[..., None] * torch.linspace(-1, 1, out.shape[-1])

    handle = model[0].auto_model.embeddings.word_embeddings.register_forward_hook(shift)
    explainer = Explainer(model)
    texts = ["the dog runs", "the house runs"]
    good, bad = explainer.contributions_many(texts, errors="keep", **FIXED)
    assert isinstance(bad, ReproductionError)
    assert "'the house runs'" in str(bad)
    handle.remove()
    assert_same(good, Explainer(model).contributions(texts[0], **FIXED), 1e-5)
    with pytest.raises(ReproductionError, match="remove the hooks"):
        explainer.contributions_many(texts, **FIXED)


def test_a_baseline_that_does_not_fit_a_text_fails_there_alone(model):
    states = np.zeros((5, tiny_models.HIDDEN))
    texts = ["the dog runs", "the dog"]
    good, bad = Explainer(model).contributions_many(texts, errors="keep", baseline=states, **FIXED)
    assert isinstance(good, SentenceContributions)
    assert isinstance(bad, InvalidArgumentError)
    assert "must have shape (4, 16)" in str(bad)


def test_options_that_make_no_sense_are_raised_whatever_happens_to_errors(model):
    explainer = Explainer(model)
    with pytest.raises(InvalidArgumentError, match="errors 'ignore' is not known"):
        explainer.contributions_many(TEXTS, errors="ignore")
    with pytest.raises(InvalidArgumentError, match="layer 9 is out of range"):
        explainer.contributions_many(TEXTS, errors="keep", layer=9)
    with pytest.raises(InvalidArgumentError, match="side 'c' is not known"):
        explainer.contributions_many(TEXTS, side="c")
    with pytest.raises(ArgumentTypeError, match=r"'stepz' is not an option.*'steps'"):
        explainer.contributions_many(TEXTS, stepz=4)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ArgumentTypeError, match="texts must be a sequence of texts"):
        explainer.contributions_many("one text")


# Memory, progress and cancelling


@pytest.mark.parametrize("memory", [1, 200_000])
def test_a_small_budget_gives_what_a_large_one_gives(model, memory):
    known = Explainer(model).contributions_many(TEXTS, precision="float64", **FIXED)
    small = Explainer(model, memory=memory)
    found = small.contributions_many(TEXTS, precision="float64", **FIXED)
    for one, other in zip(found, known, strict=True):
        assert_same(one, other, 1e-9)


def test_what_does_not_fit_is_tried_again_in_smaller_batches(model, monkeypatch):
    known = Explainer(model).contributions_many(TEXTS, **FIXED)
    starve(monkeypatch, 6, 600)
    for one, other in zip(Explainer(model).contributions_many(TEXTS, **FIXED), known, strict=True):
        assert_same(one, other, 1e-5)


def test_texts_that_do_not_fit_even_alone_fail_and_others_do_not(model, monkeypatch):
    starve(monkeypatch, 5, 1)
    long, short, other = Explainer(model).contributions_many(
        ["the dog runs", "the dog", "a cat sleeps"], errors="keep", **FIXED
    )
    assert isinstance(long, OutOfMemoryError)
    assert "of a text of 5 tokens does not fit into memory" in str(long)
    assert isinstance(other, OutOfMemoryError)
    assert isinstance(short, SentenceContributions)


def test_progress_counts_work_and_not_texts(model):
    seen: list[float] = []
    texts = ["dog", "the dog runs after a cat and sleeps in the big garden on the house"]
    found = Explainer(model, memory=1).contributions_many(texts, progress=seen.append, **FIXED)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)
    short, long = (len(one.tokens) * (len(one.tokens) + 1) for one in found)
    assert any(share == pytest.approx(short / (short + long)) for share in seen)


def test_cancelling_stops_between_chunks_and_keeps_what_is_finished(model, monkeypatch):
    stop = threading.Event()
    explainer = Explainer(model, memory=1)
    texts = ["the dog", "the dog runs after a cat and sleeps in the garden"]
    seen = forwards(monkeypatch)

    def watch(done: float) -> None:
        if done > 0.3:
            stop.set()

    with pytest.raises(CancelledError, match="was cancelled"):
        explainer.contributions_many(texts, progress=watch, cancel=stop, **FIXED)
    before = len(seen)
    explainer.contributions(texts[0], **FIXED)
    assert len(seen) == before
    explainer.contributions_many(texts, **FIXED)
    assert len(seen) > before


# Encoding


def test_texts_are_encoded_together_as_each_is_alone(model):
    opened = Encoder(model)
    model.prompts = {"query": "query: "}
    for how in ({}, {"prompt": "search for: "}, {"task": "query"}):
        for text, found in zip(TEXTS, opened.encode_many(TEXTS, **how), strict=True):
            alone = opened.encode(text, **how)
            assert isinstance(found, EncodedText)
            assert relative(found.encoded, alone.encoded) < 2e-6
            assert torch.equal(found.ids, alone.ids)
            assert (found.tokens, found.truncation) == (alone.tokens, alone.truncation)
            assert (found.text, found.prompt, found.task) == (text, alone.prompt, alone.task)


def test_embeddings_are_those_of_the_model(model):
    opened = Encoder(model)
    found = opened.embed(TEXTS)
    assert found.shape == (len(TEXTS), tiny_models.HIDDEN)
    assert found.dtype == np.float32
    assert relative(found, model.encode(list(TEXTS))) < 1e-6
    prompted = opened.embed(TEXTS, prompt="search for: ")
    assert relative(prompted, model.encode(list(TEXTS), prompt="search for: ")) < 1e-6
    assert opened.embed([]).shape == (0, tiny_models.HIDDEN)
    with pytest.raises(InvalidTextError, match=r"texts\[1\] is empty"):
        opened.embed(["the dog", ""])


def test_a_grid_of_texts_with_a_bad_one_names_it(explainer):
    with pytest.raises(SiamvizError, match="is empty"):
        explainer.pairwise(["A dog.", ""], **FIXED)
    assert siamviz.Explainer is Explainer
