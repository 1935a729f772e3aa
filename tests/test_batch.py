"""Many texts at once: the same numbers as one at a time, and a bad one spoils no other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny_models
import torch
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import nn

import siamviz
from siamviz import Adaptive, Calibrated, Corpus, Explainer, GaussLegendre, RightRiemann
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
from siamviz.opened import EmbeddingFunction, EncodedText, OpenedModel
from siamviz.threads import in_threads

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

pytestmark = pytest.mark.usefixtures("one_thread")

TEXTS = (
    "The dog chased kittens",
    "a happy cat sleeps",
    "a happy cat sleeps",
    "the [PAD] garden runs",
    "A cat walks in the garden",
    "dog",
    "the [MASK] cat and [UNK]",
    "Small dogs play, kittens sleep: " * 4,
)
CORPUS = Corpus(
    ["the dog sleeps", "a cat walks on", "big houses", "a query runs", "search by house"],
    references=2,
)
FIXED: dict[str, Any] = {"quadrature": GaussLegendre(3)}


@pytest.fixture
def model() -> SentenceTransformer:
    return tiny_models.encoder()


def relative(found: np.ndarray, known: np.ndarray) -> float:
    return float(np.linalg.norm(found - known) / max(np.linalg.norm(known), 1e-30))


def assert_same(
    found: SentenceContributions, known: SentenceContributions, tolerance: float
) -> None:
    """Every field is equal, numbers up to `tolerance`; residuals are relative already."""
    for name in ("text", "tokens", "settings", "steps", "evaluations", "converged", "progress"):
        assert getattr(found, name) == getattr(known, name), name
    for name in ("side", "truncation", "message"):
        assert getattr(found, name) == getattr(known, name), name
    assert (found.coarse is None) == (known.coarse is None)
    for name in ("vectors", "coarse", "embedding", "reference", "reference_shares"):
        one, other = getattr(found, name), getattr(known, name)
        if other is not None:
            assert one.dtype == other.dtype
            assert relative(one, other) < tolerance, name
    assert relative(found.encoded, known.encoded) < 2e-6
    assert found.scale == pytest.approx(known.scale, rel=max(tolerance, 1e-6))
    for name in ("relative_residual", "residual_bound"):
        assert getattr(found, name) == pytest.approx(getattr(known, name), rel=1e-4, abs=tolerance)


def check_many(
    model: SentenceTransformer, texts: Any = TEXTS, tolerance: float = 1e-5, **options: Any
) -> list[SentenceContributions]:
    """Compare the contributions of all texts together with those of each alone."""
    found = Explainer(model).contributions_many(texts, **options)
    alone = Explainer(model)
    assert len(found) == len(texts)
    for text, one in zip(texts, found, strict=True):
        assert_same(one, alone.contributions(text, **options), tolerance)
    return found


def forwards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of sequences of each pass through the model."""
    seen: list[int] = []
    real = OpenedModel._forward

    def counted(self: Any, inputs: Any, count: int, *rest: Any) -> Any:
        seen.append(count)
        return real(self, inputs, count, *rest)

    monkeypatch.setattr(OpenedModel, "_forward", counted)
    return seen


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


def starve(monkeypatch: pytest.MonkeyPatch, tokens: int, limit: int) -> None:
    """Let passes over texts of `tokens` tokens run out of memory beyond `limit` numbers."""
    real = EmbeddingFunction.outputs

    def outputs(self: EmbeddingFunction, states: torch.Tensor) -> dict[str, Any]:
        if self.tokens == tokens and getattr(states, "tangent", states).numel() > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(self, states)

    monkeypatch.setattr(EmbeddingFunction, "outputs", outputs)


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


# Several cores


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
