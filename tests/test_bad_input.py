"""What bad input gets: a specific error whose sentence names the value and what to do."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.modules import BoW, StaticEmbedding

import siamviz
from siamviz import jacobian
from siamviz.errors import (
    ArgumentTypeError,
    CancelledError,
    InvalidArgumentError,
    InvalidTextError,
    NonFiniteError,
    NotConvergedError,
    OutOfMemoryError,
    UnsupportedModelError,
)

CAT = "The cat sleeps."
FAST: dict[str, Any] = {"layer": 5, "quadrature": siamviz.GaussLegendre(2)}


def fast(explainer: siamviz.Explainer, text: str, **options: Any) -> siamviz.PairAttribution:
    """Explain `text` with a fixed sentence; no warning may come up and the ledger must close."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("error", UserWarning)
        pair = explainer.explain(text, CAT, **{**FAST, **options})
    assert np.isfinite(pair.matrix).all()
    assert abs(pair.ledger.imbalance) < 1e-5
    return pair


def text_tokens(pair: siamviz.PairAttribution) -> list[tuple[str, int | None, int | None]]:
    return [(t.text, t.start, t.end) for t in pair.tokens_a if not t.special]


def words(pair: siamviz.PairAttribution) -> list[str]:
    return [t.text for t in pair.by("word").tokens_a if not t.special]


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "token"),
        [
            ("A [MASK] sat.", ("[MASK]", 2, 8)),
            ("[SEP] sat", ("[SEP]", 0, 5)),
            ("[CLS]", ("[CLS]", 0, 5)),
            ("[PAD]", ("[PAD]", 0, 5)),
        ],
    )
    def test_a_literal_special_token_is_text_with_offsets(
        self, explainer: siamviz.Explainer, text: str, token: tuple[str, int, int]
    ) -> None:
        pair = fast(explainer, text)
        assert token in text_tokens(pair)
        assert [t.text for t in pair.tokens_a if t.special] == ["[CLS]", "[SEP]"]

    def test_the_end_mark_of_another_vocabulary_is_split_as_text(
        self, explainer: siamviz.Explainer
    ) -> None:
        pair = fast(explainer, "one </s> two")
        assert "".join(t for t, _, _ in text_tokens(pair)) == "one</s>two"

    @pytest.mark.parametrize("baseline", ["pad", "mask", "mean", "zero"])
    def test_only_special_tokens_of_the_vocabulary_are_explained_without_nan(
        self, explainer: siamviz.Explainer, baseline: str
    ) -> None:
        pair = fast(explainer, "[PAD] [PAD]", baseline=baseline)
        assert len(text_tokens(pair)) == 2

    def test_a_text_equal_to_its_reference_contributes_nothing(
        self, explainer: siamviz.Explainer
    ) -> None:
        pair = explainer.explain("[PAD] [PAD]", CAT, layer=5)
        assert pair.converged
        assert np.abs(pair.matrix).max() == 0
        assert pair.ledger.base + pair.ledger.tokens_b == pytest.approx(pair.score, abs=0.02)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("我喜欢吃苹果。", list("我喜欢吃苹果。")),
            ("ฉันรักแมว", ["ฉันรักแมว"]),
            ("ab 😀 cd", ["ab", "😀", "cd"]),
            ("👩‍👩‍👧 family", ["👩‍👩‍👧", "family"]),
            ("e\u0301te\u0301 cafe\u0301", ["e\u0301te", "cafe"]),
            ("שלום עולם", ["שלום", "עולם"]),
            ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
            ("\u202eright\u202c to left", ["right", "to", "left"]),
            ("a\x07b", ["a\x07b"]),
            ("a\x00b", ["a\x00b"]),
            ("it's", ["it's"]),
            ("cat", ["cat"]),
        ],
    )
    def test_words_of_any_script_are_slices_of_the_text(
        self, explainer: siamviz.Explainer, text: str, expected: list[str]
    ) -> None:
        found = fast(explainer, text).by("word")
        named = [t for t in found.tokens_a if not t.special]
        assert all(text[slice(t.start, t.end)] == t.text for t in named)
        assert [t.text.rstrip("\u0301") for t in named] == expected

    def test_one_token_makes_one_row(self, explainer: siamviz.Explainer) -> None:
        assert text_tokens(fast(explainer, "cat")) == [("cat", 0, 3)]

    def test_ten_thousand_words_are_cut_and_the_loss_is_reported(
        self, explainer: siamviz.Explainer
    ) -> None:
        text = "word " * 10_000
        pair = fast(explainer, text, layer=-1)
        seen = explainer.model.max_seq_length
        assert len(pair.tokens_a) == seen
        assert pair.truncation_a.tokens == 10_000 - (seen - 2)
        assert pair.truncation_a.characters == len(text) - (5 * (seen - 2) - 1)
        assert not pair.truncation_b

    def test_identical_texts_score_one(self, explainer: siamviz.Explainer) -> None:
        pair = fast(explainer, CAT)
        assert pair.score == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(pair.matrix, pair.matrix.T, atol=1e-6)

    @pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u3000"])
    def test_blank_text_is_refused(self, explainer: siamviz.Explainer, text: str) -> None:
        with pytest.raises(InvalidTextError) as error:
            explainer.explain(CAT, text)
        assert f"text_b is empty ({text!r}). Give it at least one word." in str(error.value)

    @pytest.mark.parametrize("text", ["\x00", "\u200b", "\u0301"])
    def test_text_that_the_tokenizer_drops_is_refused(
        self, explainer: siamviz.Explainer, text: str
    ) -> None:
        with pytest.raises(InvalidTextError, match="has no token besides the special ones"):
            explainer.explain(text, CAT)

    def test_a_lone_surrogate_is_named_with_its_position(
        self, explainer: siamviz.Explainer
    ) -> None:
        with pytest.raises(InvalidTextError, match=r"lone surrogate U\+D83D at position 2"):
            explainer.explain("ab\ud83d", CAT)

    @pytest.mark.parametrize("text", [None, b"cat", 3, ["a cat"]])
    def test_no_string_is_refused_by_its_type(
        self, explainer: siamviz.Explainer, text: Any
    ) -> None:
        for pair, name in (((text, CAT), "text_a"), ((CAT, text), "text_b")):
            with pytest.raises(ArgumentTypeError) as error:
                explainer.explain(*pair)
            assert f"{name} must be a str, got {type(text).__name__}" in str(error.value)


WRONG_VALUES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"layer": 7}, InvalidArgumentError, "layer 7 is out of range: this model has 6 encoder"),
    ({"layer": -2}, InvalidArgumentError, "Use 0 (the input of the first) to 6"),
    ({"layer": "0"}, ArgumentTypeError, "layer must be an int from 0 to 6, got '0'"),
    ({"layer": 1.0}, ArgumentTypeError, "layer must be an int from 0 to 6, got 1.0"),
    ({"layer": True}, ArgumentTypeError, "got True"),
    ({"steps": 0}, InvalidArgumentError, "must be a whole number of at least 1, got 0"),
    ({"steps": -3}, InvalidArgumentError, "must be a whole number of at least 1, got -3"),
    ({"steps": 1.5}, ArgumentTypeError, "must be a whole number of at least 1, got 1.5"),
    ({"steps": 1, "quadrature": "trapezoid"}, InvalidArgumentError, "of at least 2, got 1"),
    ({"baseline": "padd"}, InvalidArgumentError, "Did you mean 'pad'?"),
    ({"baseline": "corpas"}, InvalidArgumentError, "Did you mean 'corpus'?"),
    ({"baseline": ""}, InvalidArgumentError, "Baseline '' is not known"),
    ({"baseline": []}, InvalidArgumentError, "The list of baselines is empty. Give at least one."),
    ({"baseline": ["pad", "corpus"]}, InvalidArgumentError, "cannot contain 'corpus'"),
    ({"baseline": 3}, ArgumentTypeError, "or a list of these; got int."),
    ({"baseline": "\ud800 dog"}, InvalidTextError, "The baseline text contains the lone"),
    ({"baseline": "\u200b \u200b"}, InvalidTextError, "has no tokens for this model"),
    ({"baseline": np.array(["a"])}, ArgumentTypeError, "must hold real numbers"),
    ({"baseline": np.zeros((2, 384))}, InvalidArgumentError, "must have shape (6, 384)"),
    ({"baseline": torch.zeros(3)}, InvalidArgumentError, "or (384,) for every token; got (3,)"),
    ({"baseline": np.full(384, np.nan)}, InvalidArgumentError, "contains NaN or infinity"),
    ({"quadrature": "gaus-legendre"}, InvalidArgumentError, "Did you mean 'gauss-legendre'?"),
    ({"quadrature": 7}, ArgumentTypeError, "must be an object such as GaussLegendre(16)"),
    (
        {"quadrature": siamviz.GaussLegendre(4), "steps": 4},
        InvalidArgumentError,
        "which has its own number of steps",
    ),
    ({"unit": "words"}, InvalidArgumentError, "Did you mean 'word'?"),
    ({"unit": 3}, ArgumentTypeError, "Unit must be one of 'token', 'word', 'sentence'"),
    ({"unit": None}, ArgumentTypeError, "character spans, not NoneType"),
    ({"unit": [(0, 5), (3, 8)]}, InvalidArgumentError, "(0, 5) and (3, 8) overlap"),
    ({"unit": [(0, 99)]}, InvalidArgumentError, "(0, 99) leaves the text, which has 10 char"),
    ({"similarity": "cosin"}, InvalidArgumentError, "Did you mean 'cosine'?"),
    ({"similarity": "euclidean"}, InvalidArgumentError, "Euclidean similarity is not a product"),
    ({"similarity": "manhattan"}, InvalidArgumentError, "Use similarity='cosine' or 'dot'"),
    ({"precision": "float46"}, InvalidArgumentError, "Did you mean 'float64'?"),
    ({"mode": "foward"}, InvalidArgumentError, "Did you mean 'forward'?"),
    ({"prompt_a": 3}, ArgumentTypeError, "a prompt must be a str, got int"),
    ({"task_a": "qury"}, InvalidArgumentError, "Did you mean 'query'?"),
    ({"cancel": 3}, ArgumentTypeError, "cancel must be a threading.Event or a function"),
    ({"progress": 3}, ArgumentTypeError, "progress must be a function of one number"),
    ({"layr": 3}, ArgumentTypeError, "'layr' is not an option of explain. Did you mean 'layer'?"),
    ({"tolerance": 0.1}, ArgumentTypeError, "as in quadrature=Adaptive(0.01)"),
]


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "kind", "message"), WRONG_VALUES, ids=[m for _, _, m in WRONG_VALUES]
    )
    def test_a_wrong_value_is_named_with_what_is_allowed(
        self,
        explainer: siamviz.Explainer,
        options: dict[str, Any],
        kind: type[Exception],
        message: str,
    ) -> None:
        with pytest.raises(kind) as error:
            explainer.explain("A cat sat.", CAT, **options)
        assert message in str(error.value)

    @pytest.mark.parametrize("tolerance", [0, -1, 1, float("nan")])
    def test_a_tolerance_outside_0_to_1_is_refused(self, tolerance: float) -> None:
        with pytest.raises(InvalidArgumentError) as error:
            siamviz.Adaptive(tolerance)
        assert f"less than 1, such as 0.01, got {tolerance!r}" in str(error.value)

    def test_a_side_is_a_or_b(self, explainer: siamviz.Explainer) -> None:
        with pytest.raises(InvalidArgumentError, match=r"side 'A' is not known\. Use one of 'a'"):
            explainer.contributions(CAT, side="A")

    def test_an_unknown_option_is_refused_by_every_method(
        self, explainer: siamviz.Explainer
    ) -> None:
        calls: dict[str, Callable[..., Any]] = {
            "explain_iter": lambda **o: next(explainer.explain_iter(CAT, CAT, **o)),
            "explain_many": lambda **o: explainer.explain_many([(CAT, CAT)], **o),
            "pairwise": lambda **o: explainer.pairwise([CAT], **o),
            "contributions": lambda **o: explainer.toward(CAT, np.ones(384), **o),
            "compare_baselines": lambda **o: explainer.compare_baselines(CAT, CAT, **o),
            "convergence": lambda **o: explainer.convergence(CAT, CAT, **o),
        }
        for name, call in calls.items():
            with pytest.raises(ArgumentTypeError) as error:
                call(precison="float64")
            message = f"'precison' is not an option of {name}. Did you mean 'precision'?"
            assert message in str(error.value)

    def test_a_span_that_splits_a_token_is_told_the_whole_token(
        self, explainer: siamviz.Explainer
    ) -> None:
        with pytest.raises(InvalidArgumentError, match=r"would split the token 'cat' at \(4, 7\)"):
            fast(explainer, CAT).by([(0, 5)], [])

    def test_a_tokenizer_without_the_token_lists_those_it_has(self) -> None:
        model = tiny_models.encoder()
        model.tokenizer.mask_token = None
        small = siamviz.Explainer(model)
        with pytest.raises(InvalidArgumentError) as error:
            small.explain("the dog", "the cat", baseline="mask")
        assert "The tokenizer has no mask token, so baseline 'mask' is not possible." in str(
            error.value
        )
        assert "supports 'pad', 'unk', 'zero', 'mean', 'corpus'" in str(error.value)
        table = small.compare_baselines("the dog", "the cat", ["pad", "mask"], steps=2)
        assert [bool(row.error) for row in table] == [False, True]

    def test_strict_raises_with_what_was_reached_and_what_to_try(
        self, explainer: siamviz.Explainer
    ) -> None:
        hard = {"quadrature": siamviz.Adaptive(1e-6, max_steps=4), "layer": 3}
        pair = explainer.explain("A cat sat.", CAT, **hard)
        assert pair.converged is False
        with pytest.raises(NotConvergedError, match=r"Try Adaptive\(1e-06, max_steps=16\)"):
            explainer.explain("A cat sat.", CAT, strict=True, **hard)


class TestCollections:
    @pytest.mark.parametrize("pair", ["ab", 3, None, ("a",), ("a", "b", "c"), b"ab"])
    def test_a_malformed_pair_is_named_by_its_number(
        self, explainer: siamviz.Explainer, pair: Any
    ) -> None:
        with pytest.raises(ArgumentTypeError) as error:
            explainer.explain_many([(CAT, CAT), pair], **FAST)
        assert f"Pair 1 must be two texts, got {pair!r}" in str(error.value)

    @pytest.mark.parametrize("pairs", ["ab", 3, None])
    def test_pairs_that_are_no_sequence_are_refused(
        self, explainer: siamviz.Explainer, pairs: Any
    ) -> None:
        with pytest.raises(ArgumentTypeError, match="pairs must be a sequence of pairs of texts"):
            explainer.explain_many(pairs)

    def test_bad_texts_are_found_before_any_work_starts(self, explainer: siamviz.Explainer) -> None:
        def never(_: float) -> None:
            pytest.fail("work was started")

        with pytest.raises(InvalidTextError, match="Text B of pair 1 is empty"):
            explainer.explain_many([("One dog.", CAT), (CAT, " ")], progress=never)
        with pytest.raises(ArgumentTypeError, match=r"texts_b\[1\] must be a str, got list"):
            explainer.pairwise(["One dog."], [CAT, [CAT]], progress=never)  # type: ignore[list-item]

    def test_no_pairs_give_no_results(self, explainer: siamviz.Explainer) -> None:
        assert explainer.explain_many([]) == []

    @pytest.mark.parametrize("texts", ["a cat", 3])
    def test_pairwise_of_a_single_text_is_refused(
        self, explainer: siamviz.Explainer, texts: Any
    ) -> None:
        with pytest.raises(ArgumentTypeError, match="texts_a must be a sequence of texts"):
            explainer.pairwise(texts)
        with pytest.raises(InvalidArgumentError, match="texts_a is empty"):
            explainer.pairwise([])

    def test_tables_need_lists(self, explainer: siamviz.Explainer) -> None:
        with pytest.raises(ArgumentTypeError, match="steps must be a sequence of numbers, got 4"):
            explainer.convergence(CAT, CAT, steps=4)  # type: ignore[arg-type]
        with pytest.raises(ArgumentTypeError, match="rules must be a sequence of rule names"):
            explainer.convergence(CAT, CAT, rules="midpoint")
        with pytest.raises(InvalidArgumentError, match="steps is empty"):
            explainer.convergence(CAT, CAT, steps=[])
        with pytest.raises(ArgumentTypeError, match="baselines must be a sequence of baselines"):
            explainer.compare_baselines(CAT, CAT, baselines="pad")


class TestModels:
    def test_weights_with_nan_are_named(self) -> None:
        model = tiny_models.encoder()
        name, weight = next((n, p) for n, p in model.named_parameters() if p.ndim == 2)
        with torch.no_grad():
            weight[0, 0] = float("nan")
        with pytest.raises(NonFiniteError, match=f"weight '{name}' contains NaN or infinity"):
            siamviz.Explainer(model)

    def test_weights_that_turn_to_nan_later_are_noticed(self) -> None:
        model = tiny_models.encoder()
        small = siamviz.Explainer(model)
        small.explain("the dog", "the cat", steps=2)
        with torch.no_grad():
            next(model.parameters())[0, 0] = float("inf")
        with pytest.raises(NonFiniteError, match="contains NaN or infinity"):
            small.explain("the dog", "the cat", steps=2)

    def test_static_embeddings_have_no_encoder_layers(self, explainer: siamviz.Explainer) -> None:
        tokenizer = explainer.model.tokenizer
        model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=4)])
        with pytest.raises(UnsupportedModelError, match="StaticEmbedding, gives no token ids"):
            siamviz.Explainer(model).explain("a dog", "a cat")

    def test_a_bag_of_words_has_no_encoder_layers(self) -> None:
        model = SentenceTransformer(modules=[BoW(["dog", "cat"])])
        with pytest.raises(UnsupportedModelError, match="no encoder layers to integrate through"):
            siamviz.Explainer(model).explain("dog", "cat")

    def test_a_cross_encoder_is_refused_with_what_to_use(self) -> None:
        with pytest.raises(ArgumentTypeError, match="A CrossEncoder reads both texts together"):
            siamviz.Explainer(CrossEncoder.__new__(CrossEncoder))

    def test_an_image_model_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        model = tiny_models.encoder()
        monkeypatch.setattr(type(model), "modalities", property(lambda _: ["image"]))
        with pytest.raises(UnsupportedModelError, match="takes image, not text"):
            siamviz.Explainer(model)

    @pytest.mark.parametrize("model", [None, 3, torch.nn.Linear(2, 2)])
    def test_anything_else_is_refused(self, model: Any) -> None:
        with pytest.raises(ArgumentTypeError) as error:
            siamviz.Explainer(model)
        assert f"must be a SentenceTransformer, got {type(model).__name__}" in str(error.value)

    @pytest.mark.parametrize("device", ["gpu", "cuda:99"])
    def test_a_device_that_does_not_exist_is_named_with_those_that_do(
        self, explainer: siamviz.Explainer, device: str
    ) -> None:
        for model in (explainer.model, "all-MiniLM-L6-v2"):
            with pytest.raises(InvalidArgumentError) as error:
                siamviz.Explainer(model, device=device)
            assert f"Device '{device}' cannot be used here. This machine has 'cpu'" in str(
                error.value
            )


class Crowded:
    """Stands for `jacobian_products` on a machine with room for `most` nodes at once."""

    def __init__(self, most: int) -> None:
        self.most, self.refused = most, 0
        self._real = jacobian.jacobian_products

    def __call__(self, path: Any, states: Any, *rest: Any) -> np.ndarray:
        if len(states) > self.most:
            self.refused += 1
            raise torch.OutOfMemoryError("out of memory")
        return self._real(path, states, *rest)


class TestMemory:
    @pytest.mark.parametrize("baseline", ["pad", siamviz.Corpus(references=4)])
    def test_smaller_chunks_are_tried_and_give_the_same_numbers(
        self, explainer: siamviz.Explainer, monkeypatch: pytest.MonkeyPatch, baseline: Any
    ) -> None:
        options: dict[str, Any] = {"layer": 5, "baseline": baseline}
        if baseline == "pad":
            options["quadrature"] = siamviz.GaussLegendre(6)
        expected = explainer.explain("Two birds sing.", CAT, **options)
        crowded = Crowded(1)
        monkeypatch.setattr(jacobian, "jacobian_products", crowded)
        monkeypatch.setattr("siamviz.sampling.jacobian_products", crowded)
        explainer.cache.clear()
        found = explainer.explain("Two birds sing.", CAT, **options)
        assert crowded.refused
        np.testing.assert_allclose(found.matrix, expected.matrix, atol=1e-5)

    def test_when_nothing_fits_the_error_says_how_much_is_needed(
        self, explainer: siamviz.Explainer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jacobian, "jacobian_products", Crowded(0))
        with pytest.raises(OutOfMemoryError, match=r"of 5 tokens does not fit .* MiB are needed"):
            explainer.explain("Nobody knows it.".replace(".", ""), CAT, **FAST)

    def test_other_errors_of_torch_are_not_taken_for_memory(
        self, explainer: siamviz.Explainer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any) -> None:
            raise RuntimeError("something else")

        monkeypatch.setattr(jacobian, "jacobian_products", broken)
        with pytest.raises(RuntimeError, match="something else"):
            explainer.explain("Never seen before.", CAT, **FAST)


class TestStopping:
    def small_batches(self, explainer: siamviz.Explainer) -> siamviz.Explainer:
        return siamviz.Explainer(explainer.model, memory=1)

    def test_a_set_event_stops_before_the_first_batch(self, explainer: siamviz.Explainer) -> None:
        event = threading.Event()
        event.set()
        with pytest.raises(CancelledError, match="The computation was cancelled"):
            explainer.explain("Stop this at once.", CAT, cancel=event, **FAST)

    @pytest.mark.parametrize("baseline", ["pad", siamviz.Corpus(references=4)])
    def test_cancelling_takes_effect_within_one_batch_and_leaves_the_cache_sound(
        self, explainer: siamviz.Explainer, monkeypatch: pytest.MonkeyPatch, baseline: Any
    ) -> None:
        options: dict[str, Any] = {"layer": 5, "baseline": baseline}
        if baseline == "pad":
            options["quadrature"] = siamviz.GaussLegendre(6)
        stop = threading.Event()
        batches = []
        real = jacobian.jacobian_products

        def counted(*arguments: Any) -> np.ndarray:
            batches.append(1)
            if len(batches) == 3:
                stop.set()
            return real(*arguments)

        monkeypatch.setattr(jacobian, "jacobian_products", counted)
        monkeypatch.setattr("siamviz.sampling.jacobian_products", counted)
        small = self.small_batches(explainer)
        with pytest.raises(CancelledError):
            small.explain("A dog barks.", CAT, cancel=stop.is_set, **options)
        assert len(batches) == 3
        found = small.explain("A dog barks.", CAT, **options)
        fresh = self.small_batches(explainer).explain("A dog barks.", CAT, **options)
        np.testing.assert_array_equal(found.matrix, fresh.matrix)
        assert found.progress == 1

    @pytest.mark.parametrize("baseline", ["pad", siamviz.Corpus(references=4)])
    def test_an_interrupt_from_the_progress_callback_leaves_the_cache_sound(
        self, explainer: siamviz.Explainer, baseline: Any
    ) -> None:
        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        small = siamviz.Explainer(explainer.model)
        options: dict[str, Any] = {"layer": 5, "baseline": baseline}
        with pytest.raises(KeyboardInterrupt):
            small.explain("A dog barks.", CAT, progress=interrupt, **options)
        found = small.explain("A dog barks.", CAT, **options)
        fresh = siamviz.Explainer(explainer.model).explain("A dog barks.", CAT, **options)
        np.testing.assert_array_equal(found.matrix, fresh.matrix)
