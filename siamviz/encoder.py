"""The only module that knows sentence-transformers: texts in, hidden states and functions out."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from torch import Tensor, nn

from siamviz.errors import (
    ArgumentTypeError,
    InvalidTextError,
    NonFiniteError,
    ReproductionError,
    SiamvizError,
    UnsupportedModelError,
    check_choice,
)
from siamviz.monitor import Monitor
from siamviz.opened import EmbeddingFunction, EncodedText, OpenedModel, Proof, TextBatch
from siamviz.reference_shift import ReferenceShift, shift_of
from siamviz.replica import replicate
from siamviz.threads import in_threads
from siamviz.tokenization import check_text, tokenize
from siamviz.weights import Weights

_DOCUMENT_PROMPTS = {"query": ("query",), "document": ("document", "passage", "corpus")}
_NAMES = ("_name_or_path", "transformers_version")
_OF_THE_LAST_CALL = ("truncation", "padding")
"""What a fast tokenizer keeps of its last call."""


class Encoder:
    """A sentence-transformers model opened up between its layers; the model is never changed.

    Parameters
    ----------
    model : SentenceTransformer
    device : str or None
        Where to compute; default: where the model is.

    Raises
    ------
    ArgumentTypeError
        If `model` is no SentenceTransformer (a CrossEncoder, say).
    UnsupportedModelError
        If it has no text encoder stack.
    NonFiniteError
        If its weights contain NaN or infinity.
    """

    def __init__(self, model: Any, device: str | None = None) -> None:
        check_model(model)
        self.model: SentenceTransformer = model
        self._asked_device = device
        self._lock = threading.RLock()
        self._fingerprint: Any = None
        self._weights = Weights(model)
        self._refresh()

    def _refresh(self) -> None:
        """Rebuild the replicas if the user moved, converted or trained the model meanwhile."""
        fingerprint = self.fingerprint()
        if fingerprint == self._fingerprint:
            return
        with self._lock:
            _check_finite(self.model)
            self._plain: Any = replicate(self.model, hooks=True)
            self._opened: dict[tuple[torch.dtype, int], OpenedModel] = {}
            self._proofs: dict[torch.dtype, dict[tuple[str | None, int], Proof]] = {}
            self.device = torch.device(self._asked_device or self.model.device)
            self._digest: str | None = None
            self._fingerprint = fingerprint

    def fingerprint(self) -> tuple[Any, ...]:
        """Changes with any weight, and with how much of a text or an embedding the model keeps."""
        return (self.model.max_seq_length, self.model.truncate_dim, *self._weights.state())

    def digest(self) -> str:
        """SHA-256 of the weights, computed once for each state of the weights."""
        self._refresh()
        if self._digest is None:
            total = hashlib.sha256()
            for name, tensor in self.model.state_dict().items():
                flat = tensor.detach().contiguous().view(-1).cpu().view(torch.uint8)
                total.update(name.encode())
                total.update(memoryview(flat.numpy()))
            self._digest = total.hexdigest()
        return self._digest

    def configuration(self) -> str:
        """SHA-256 of what embeddings depend on beside the weights: modules, prompts, tokenizer."""
        model = self.model
        parts = {
            "modules": [(type(module).__name__, _module_config(module)) for module in model],
            "max_seq_length": model.max_seq_length,
            "truncate_dim": model.truncate_dim,
            "prompts": model.prompts,
            "default_prompt_name": model.default_prompt_name,
            "tokenizer": _tokenizer_config(self.tokenizer),
        }
        text = json.dumps(parts, sort_keys=True, default=lambda value: type(value).__name__)
        return hashlib.sha256(text.encode()).hexdigest()

    def opened(self, dtype: torch.dtype = torch.float32, copy: int = 0) -> OpenedModel:
        """The private replica that computes in `dtype`; each `copy` serves one thread at a time."""
        with self._lock:
            if (dtype, copy) not in self._opened:
                device = self.device
                if device.type == "mps" and dtype == torch.float64:
                    device = torch.device("cpu")
                replica = replicate(self.model, dtype=dtype, device=device)
                normalized = _drop_final_normalize(replica)
                proofs = self._proofs.setdefault(dtype, {})
                self._opened[dtype, copy] = OpenedModel(replica, normalized, dtype, device, proofs)
            return self._opened[dtype, copy]

    def copies(self, dtype: torch.dtype) -> int:
        """How many copies to run at once: one a core where they can share their parameters."""
        kinds = {(p.dtype, p.device.type) for p in self.model.parameters()}
        shared = kinds == {(dtype, "cpu")} and self.device.type == "cpu"
        return torch.get_num_threads() if shared else 1

    @property
    def similarity(self) -> str:
        """The model's own similarity function."""
        return str(self._plain.similarity_fn_name)

    @property
    def tokenizer(self) -> Any:
        """A private copy of the model's tokenizer."""
        return self._plain.tokenizer

    @property
    def shift(self) -> ReferenceShift | None:
        """What makes the model exact, if it is."""
        return shift_of(self.model)

    @property
    def normalized(self) -> bool:
        """Whether the model divides its embeddings by their norm."""
        return self.opened().normalized

    @property
    def mean_pooled(self) -> bool:
        """Whether the embedding is the plain mean of the last hidden states."""
        modules = list(self.opened().replica.children())
        tail = [m for m in modules[1:] if not isinstance(m, _Passthrough)]
        return len(tail) == 1 and isinstance(tail[0], Pooling) and tail[0].pooling_mode == "mean"

    @property
    def pooling(self) -> str:
        """The pooling mode, or an empty string where there is no single Pooling module."""
        modes = [m.pooling_mode for m in self._plain.modules() if isinstance(m, Pooling)]
        return str(modes[0]) if len(modes) == 1 else ""

    def encode(self, text: str, prompt: str | None = None, task: str | None = None) -> EncodedText:
        """Tokenize `text` and embed it with the model's own ``encode``.

        Raises
        ------
        ArgumentTypeError, InvalidTextError
            For texts that cannot be explained.
        """
        (found,) = self.encode_many([text], prompt, task)
        if isinstance(found, SiamvizError):
            raise found
        return found

    def encode_many(
        self, texts: Sequence[str], prompt: str | None = None, task: str | None = None
    ) -> list[EncodedText | SiamvizError]:
        """What `encode` gives or raises for each text; texts of equal length are embedded together.

        No padding enters, so that each text is embedded as it is alone, up to rounding.
        """
        self._refresh()
        prompt, task = self._prompt(prompt, task)
        found: list[EncodedText | SiamvizError] = []
        by_length: dict[int, list[int]] = {}
        for place, text in enumerate(texts):
            try:
                made = self._tokenized(text, prompt, task)
            except (ArgumentTypeError, InvalidTextError) as error:
                found.append(error)
                continue
            found.append(made)
            by_length.setdefault(made.ids.shape[1], []).append(place)

        def embed(places: list[int]) -> np.ndarray:
            return self._embed([texts[place] for place in places], prompt, task)

        groups = list(by_length.values())
        for places, vectors in self._on_one_core(embed, groups):
            for place, vector in zip(places, vectors, strict=True):
                text = found[place]
                assert isinstance(text, EncodedText)
                found[place] = replace(text, encoded=vector)
                if not np.isfinite(vector).all():
                    found[place] = NonFiniteError(
                        f"model.encode returned NaN or infinity for {text.text!r:.60}. Check the "
                        "model's weights."
                    )
        return found

    def embed(
        self, texts: Sequence[str], prompt: str | None = None, task: str | None = None
    ) -> np.ndarray:
        """What ``model.encode`` returns for all texts: a float32 array (N, D).

        Raises
        ------
        ArgumentTypeError, InvalidTextError
            For the first text that is no string, or empty.
        """
        for place, text in enumerate(texts):
            check_text(text, f"texts[{place}]")
        self._refresh()
        return self._embed(texts, *self._prompt(prompt, task))

    def _on_one_core(
        self, embed: Callable[[list[int]], np.ndarray], groups: list[list[int]]
    ) -> Iterator[tuple[list[int], np.ndarray]]:
        """Each group with what `embed` gives for it: short batches gain nothing from more cores."""
        if sum(map(len, groups)) < 2 or self.model.device.type != "cpu":
            yield from ((places, embed(places)) for places in groups)
            return
        yield from in_threads(lambda _, places, __: (places, embed(places)), groups, 1)

    def _tokenized(self, text: str, prompt: str | None, task: str | None) -> EncodedText:
        """The text without its embedding."""
        check_text(text)
        kwargs: dict[str, Any] = {} if task is None else {"task": task}
        with self._lock:
            features = self._plain.preprocess([text], prompt=prompt, **kwargs)
        self._check_features(features)
        ids = features["input_ids"][0].tolist()
        cut = self._plain.max_seq_length
        made = tokenize(self.tokenizer, text, prompt or "", ids, cut)
        unknown = np.empty(0, np.float32)
        return EncodedText(
            text, prompt, task, dict(features), made.tokens, made.truncation, unknown
        )

    def _embed(self, texts: Sequence[str], prompt: str | None, task: str | None) -> np.ndarray:
        kwargs: dict[str, Any] = {} if task is None else {"task": task}
        if not texts:
            return np.empty((0, self._plain.get_embedding_dimension() or 0), np.float32)
        with self._lock, torch.no_grad():
            found = self._plain.encode(
                list(texts),
                prompt=prompt or "",
                show_progress_bar=False,
                convert_to_tensor=True,
                **kwargs,
            )
        return found.float().cpu().numpy()

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens that the model reads of each text, special ones included."""
        if not texts:
            return []
        most = self._plain.max_seq_length
        with self._lock:
            cut = {} if most is None else {"truncation": True, "max_length": most}
            return [len(ids) for ids in self.tokenizer(list(texts), **cut)["input_ids"]]

    def content_ids(self, text: str) -> list[int]:
        """The ids of `text` without special tokens, not truncated."""
        with self._lock:
            return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def embed_without(self, encoded: EncodedText, monitor: Monitor) -> np.ndarray:
        """Embeddings (S, D) of the text with each of its tokens removed; NaN rows at others."""
        out = np.full((len(encoded.tokens), len(encoded.encoded)), np.nan)
        places = encoded.content.nonzero().flatten().numpy()
        if len(places) < 2:
            raise InvalidTextError(
                f"{encoded.text!r:.60} has a single token, so none can be removed from it."
            )
        kept = np.ones((len(places), len(encoded.tokens)), dtype=bool)
        kept[range(len(places)), places] = False
        out[places] = self.embed_kept(encoded, kept, monitor)
        return out

    def embed_kept(self, encoded: EncodedText, kept: np.ndarray, monitor: Monitor) -> np.ndarray:
        """Embeddings (K, D), before any final normalisation, of some of the text's tokens.

        Parameters
        ----------
        kept : (K, S) array of bool
            Which tokens are left; they move together, with the positions of a shorter text.
        """
        model, counts = self.opened(), kept.sum(1)
        out = np.empty((len(kept), len(encoded.encoded)))
        for count in np.unique(counts):
            rows = np.flatnonzero(counts == count)
            for part in np.split(rows, range(32, len(rows), 32)):
                monitor.check()
                features = _only(encoded.features, kept[part])
                out[part] = model.embed_features(features, encoded.task)
        return out

    def layers(self, encoded: EncodedText) -> int:
        """L, the number of encoder layers that the text runs through."""
        return self.opened().stack(encoded).count

    def function(
        self,
        inputs: EncodedText | TextBatch,
        layer: int,
        dtype: torch.dtype = torch.float32,
        copy: int = 0,
    ) -> EmbeddingFunction:
        """The rest of the model from `layer` on, for a text, or for the texts of a batch."""
        return EmbeddingFunction(self.opened(dtype, copy), inputs, layer)

    def check(self, encoded: EncodedText, function: EmbeddingFunction, states: Tensor) -> float:
        """Prove that `function` reproduces ``model.encode``, and return the norm it divides by.

        Parameters
        ----------
        states : (1, S, H) tensor
            The text's own hidden states at the function's layer.

        Returns
        -------
        float
            ‖F(x)‖ over all dimensions where the model normalises, else 1.0.

        Raises
        ------
        ReproductionError
            If the two differ by more than 1e-5 of the norm (the rounding of half-precision
            weights where the model has those).
        """
        with torch.no_grad():
            out = function.outputs(states)
        return self.check_outputs(encoded, function.layer, out)

    def check_outputs(
        self, encoded: EncodedText, layer: int, outputs: dict[str, Any], row: int = 0
    ) -> float:
        """The same proof from what the function gave for the text, in row `row` of `outputs`."""
        embedding = outputs["sentence_embedding"]
        full = outputs.get("full_embedding", embedding)[row].cpu().double().numpy()
        scale = float(np.linalg.norm(full)) if self.normalized else 1.0
        ours = embedding[row].cpu().double().numpy() / max(scale, 1e-12)
        size = max(float(np.linalg.norm(encoded.encoded)), 1e-12)
        difference = float(np.abs(ours - encoded.encoded).max()) / size
        tolerance = max(1e-5, 8 * _rounding(self.model))
        if not difference <= tolerance:
            raise ReproductionError(
                f"From layer {layer} siamviz's run of the model differs from model.encode "
                f"by {difference:.1e} of the embedding's norm (allowed {tolerance:.0e}) for "
                f"{encoded.text!r:.40}. Forward hooks, custom modules after pooling, or modules "
                "that read several layers can cause this; try layer=0, or remove the hooks."
            )
        return scale

    def _prompt(self, prompt: str | None, task: str | None) -> tuple[str | None, str | None]:
        if prompt is not None and not isinstance(prompt, str):
            raise ArgumentTypeError(f"a prompt must be a str, got {type(prompt).__name__}.")
        if task is not None:
            check_choice("task", task, _DOCUMENT_PROMPTS)
        if prompt is not None:
            return prompt, task
        prompts = self._plain.prompts
        names = _DOCUMENT_PROMPTS.get(task or "", ())
        name = next((n for n in names if n in prompts), self._plain.default_prompt_name)
        return (prompts.get(name) if name else None), task

    def _check_features(self, features: dict[str, Any]) -> None:
        if not isinstance(features.get("input_ids"), Tensor) or features["input_ids"].ndim != 2:
            raise UnsupportedModelError(
                f"The first module of the model, {type(self._plain[0]).__name__}, gives no token "
                "ids of shape (1, tokens). siamviz explains transformer text encoders; static "
                "embeddings and bag-of-words models have no encoder layers to integrate through."
            )


class _Passthrough(nn.Module):
    """Stands where a final Normalize was, since attributions are of the embedding before it."""

    def forward(self, features: Any) -> Any:
        return features


def _module_config(module: Any) -> dict[str, Any]:
    own = module.get_config_dict() if hasattr(module, "get_config_dict") else {}
    inner: Any = getattr(getattr(module, "auto_model", None), "config", None)
    inner = inner.to_dict() if hasattr(inner, "to_dict") else {}
    return own | {"model": {k: v for k, v in inner.items() if k not in _NAMES}}


def _tokenizer_config(tokenizer: Any) -> Any:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        vocabulary = tokenizer.get_vocab() if hasattr(tokenizer, "get_vocab") else {}
        return [type(tokenizer).__name__, vocabulary]
    found = json.loads(backend.to_str())
    return {name: value for name, value in found.items() if name not in _OF_THE_LAST_CALL}


def _drop_final_normalize(replica: nn.Module) -> bool:
    found = False
    for name, module in reversed(list(replica.named_children())):
        if not isinstance(module, Normalize):
            break
        replica._modules[name] = _Passthrough()
        found = True
    return found


def _only(features: dict[str, Any], kept: np.ndarray) -> dict[str, Any]:
    """The batch whose sequences have the tokens of a row of `kept` each, equally many."""
    places = torch.from_numpy(kept.nonzero()[1].reshape(len(kept), -1))
    return {
        name: value[0][places] if isinstance(value, Tensor) and value.ndim == 2 else value
        for name, value in features.items()
    }


def check_model(model: Any) -> None:
    """Raise unless `model` is a sentence-transformers encoder of texts."""
    if isinstance(model, SentenceTransformer):
        first = next(iter(model.children()), None)
        if "text" not in getattr(model, "modalities", ["text"]) and first is not None:
            raise UnsupportedModelError(
                f"The model takes {', '.join(map(str, model.modalities))}, not text. siamviz "
                "explains text encoders."
            )
        return
    kind = type(model).__name__
    hint = (
        " A CrossEncoder reads both texts together and has no embeddings to compare; use the "
        "SentenceTransformer (bi-encoder) it re-ranks for."
        if kind == "CrossEncoder"
        else " Pass a model name, a path, or a sentence_transformers.SentenceTransformer."
    )
    raise ArgumentTypeError(f"model must be a SentenceTransformer, got {kind}.{hint}")


def _check_finite(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if parameter.is_floating_point() and not bool(torch.isfinite(parameter).all()):
            raise NonFiniteError(
                f"The model's weight {name!r} contains NaN or infinity, so its similarities mean "
                "nothing. Load the model again from its files."
            )


def _rounding(model: nn.Module) -> float:
    halves = [p.dtype for p in model.parameters() if p.dtype in (torch.float16, torch.bfloat16)]
    return torch.finfo(halves[0]).eps if halves else 0.0
