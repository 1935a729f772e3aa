"""The only module that knows sentence-transformers: texts in, hidden states and functions out."""

from __future__ import annotations

import functools
import hashlib
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from torch import Tensor, nn

from siamviz.contributions import Token, Truncation
from siamviz.errors import (
    ArgumentTypeError,
    InvalidTextError,
    NonFiniteError,
    ReproductionError,
    UnsupportedModelError,
    check_choice,
)
from siamviz.layers import LayerStack, PositionReplay
from siamviz.monitor import Monitor
from siamviz.precision import KeepDouble
from siamviz.replica import replicate
from siamviz.tokenization import check_text, tokenize

_DOCUMENT_PROMPTS = {"query": ("query",), "document": ("document", "passage", "corpus")}


@dataclass(frozen=True, eq=False)
class EncodedText:
    """One text as the model sees it.

    Attributes
    ----------
    features : dict
        The model's own preprocessing, batch size 1.
    ids : (1, S) integer tensor
    tokens : tuple of Token, length S
    encoded : (D,) float array
        What ``model.encode`` returns.
    """

    text: str
    prompt: str | None
    task: str | None
    features: dict[str, Any]
    tokens: tuple[Token, ...]
    truncation: Truncation
    encoded: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes held, about."""
        return self.encoded.nbytes + 200 * len(self.tokens)

    @property
    def ids(self) -> Tensor:
        """Token ids (1, S)."""
        return self.features["input_ids"]

    @property
    def content(self) -> Tensor:
        """Boolean (S,): True at the tokens of the sentence, False at special and prompt tokens."""
        return torch.tensor([token.role == "text" for token in self.tokens])


class EmbeddingFunction:
    """F: hidden states (N, S, H) at one layer to embeddings (N, D) before final normalisation."""

    def __init__(self, run: _Run, encoded: EncodedText, layer: int) -> None:
        self._run, self._encoded, self.layer = run, encoded, layer
        self.dtype, self.device = run.dtype, run.device
        self.tokens = len(encoded.tokens)
        self._proof = run.proofs.setdefault((encoded.task, layer), _Proof())

    def __call__(self, states: Tensor) -> Tensor:
        """Embeddings (N, D) of the hidden states (N, S, H)."""
        return self._run.from_layer(self._encoded, self.layer, states)["sentence_embedding"]

    def cast(self, states: Tensor) -> Tensor:
        """`states` where and in the precision that the function computes."""
        return states.to(self.dtype).to(self.device)

    def embed(self, states: Tensor, batch: int = 32) -> np.ndarray:
        """Embeddings (N, D) float64 of states on any device, in batches."""
        with torch.no_grad():
            parts = [self(self.cast(part)).cpu().double() for part in states.split(batch)]
        return torch.cat(parts).numpy()

    def token_outputs(self, states: Tensor) -> Tensor:
        """Last hidden states (N, S, H) that the pooling reads."""
        return self._run.from_layer(self._encoded, self.layer, states)["token_embeddings"]

    @property
    def duals(self) -> bool | None:
        """Whether dual numbers were proven on this model and layer; None before the proof."""
        return self._proof.duals

    @duals.setter
    def duals(self, value: bool) -> None:
        self._proof.duals = value

    @property
    def dimension(self) -> int | None:
        """D, once known."""
        return self._proof.dimension

    @dimension.setter
    def dimension(self, value: int) -> None:
        self._proof.dimension = value

    @property
    def sizes(self) -> tuple[int, int, int]:
        """(features, widest features, heads): what the memory of one forward pass depends on."""
        return self._run.sizes


@dataclass
class _Proof:
    duals: bool | None = None
    dimension: int | None = None


class _Run:
    """One private replica of the model in one precision, entered at any layer."""

    def __init__(
        self, model: SentenceTransformer, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.dtype, self.device = dtype, device
        self.replica: Any = replicate(model, dtype=dtype, device=device)
        self.normalized = _drop_final_normalize(self.replica)
        for module in self.replica.modules():
            if hasattr(module, "set_attn_implementation"):
                module.set_attn_implementation("eager")
        self.positions = PositionReplay(self.replica)
        self.proofs: dict[tuple[str | None, int], _Proof] = {}
        self._stacks: dict[str | None, LayerStack] = {}
        self.lock = threading.RLock()

    def stack(self, encoded: EncodedText) -> LayerStack:
        """The encoder layers that a text of this task runs through."""
        if encoded.task not in self._stacks:
            shape = (1, encoded.ids.shape[1])
            with self.lock, torch.no_grad():
                self._stacks[encoded.task] = LayerStack.find(
                    self.replica, lambda: self._forward(encoded, 1), shape
                )
        return self._stacks[encoded.task]

    def states(self, encoded: EncodedText, layer: int) -> tuple[Tensor, list[Tensor | None]]:
        """Hidden states (1, S, H) at `layer`, and the tape of the text's position ids."""
        stack = self.stack(encoded)
        ids = encoded.ids.to(self.device)
        with self.lock, torch.no_grad(), self.positions.record(ids) as tape:
            return stack.capture(layer, lambda: self._forward(encoded, 1)), tape

    def states_of_ids(
        self, encoded: EncodedText, layer: int, ids: Tensor, tape: list[Tensor | None]
    ) -> Tensor:
        """Hidden states (K, S, H) of other token ids under the text's mask and positions."""
        stack = self.stack(encoded)
        ids = ids.to(self.device)
        with self.lock, torch.no_grad(), self.positions.replay(tape):
            return stack.capture(layer, lambda: self._forward(encoded, ids.shape[0], ids))

    def from_layer(self, encoded: EncodedText, layer: int, states: Tensor) -> dict[str, Any]:
        """The model's output features when `states` (N, S, H) enter at `layer`."""
        stack = self.stack(encoded)
        with self.lock, stack.enter(layer, states):
            return self._forward(encoded, states.shape[0])

    def embed_features(self, features: dict[str, Any], task: str | None = None) -> np.ndarray:
        """Embeddings (N, D) of preprocessed features, before any final normalisation."""
        moved = {k: v.to(self.device) if isinstance(v, Tensor) else v for k, v in features.items()}
        with self.lock, torch.no_grad():
            out = self.replica(moved, **({} if task is None else {"task": task}))
        full = out["sentence_embedding"][..., : self.replica.truncate_dim]
        return full.cpu().double().numpy()

    def _forward(self, encoded: EncodedText, count: int, ids: Tensor | None = None) -> Any:
        features = {name: self._batched(v, count) for name, v in encoded.features.items()}
        if ids is not None:
            features["input_ids"] = ids
        task = {} if encoded.task is None else {"task": encoded.task}
        with KeepDouble() if self.dtype == torch.float64 else nullcontext():
            out = self.replica(features, **task)
        dimension = self.replica.truncate_dim
        if dimension is not None:
            out["full_embedding"] = out["sentence_embedding"]
            out["sentence_embedding"] = out["sentence_embedding"][..., :dimension]
        return out

    def _batched(self, value: Any, count: int) -> Any:
        if not isinstance(value, Tensor):
            return value
        value = value.to(self.device)
        return value.repeat(count, *(1,) * (value.ndim - 1)) if value.ndim > 1 else value

    @functools.cached_property
    def sizes(self) -> tuple[int, int, int]:
        config = self.replica.config
        width = int(getattr(config, "hidden_size", 0) or self.replica[0].get_embedding_dimension())
        linear = [m for m in self.replica.modules() if isinstance(m, nn.Linear)]
        widest = max([m.out_features for m in linear if m.in_features <= 2 * width] or [4 * width])
        return width, widest, int(getattr(config, "num_attention_heads", 0) or 12)


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
        _check_model(model)
        self.model: SentenceTransformer = model
        self._asked_device = device
        self._lock = threading.RLock()
        self._fingerprint: Any = None
        self._refresh()

    def _refresh(self) -> None:
        """Rebuild the replicas if the user moved, converted or trained the model meanwhile."""
        fingerprint = self.fingerprint()
        if fingerprint == self._fingerprint:
            return
        with self._lock:
            _check_finite(self.model)
            self._plain: Any = replicate(self.model, hooks=True)
            self._runs: dict[torch.dtype, _Run] = {}
            self.device = torch.device(self._asked_device or self.model.device)
            self._digest: str | None = None
            self._fingerprint = fingerprint

    def fingerprint(self) -> tuple[Any, ...]:
        """Changes whenever a weight is written in place, moved, converted or replaced."""
        return tuple((p.data_ptr(), p._version, p.dtype) for p in self.model.parameters())

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

    def run(self, dtype: torch.dtype = torch.float32) -> _Run:
        """The private replica that computes in `dtype`."""
        with self._lock:
            if dtype not in self._runs:
                device = self.device
                if device.type == "mps" and dtype == torch.float64:
                    device = torch.device("cpu")
                self._runs[dtype] = _Run(self.model, dtype, device)
            return self._runs[dtype]

    @property
    def similarity(self) -> str:
        """The model's own similarity function."""
        return str(self._plain.similarity_fn_name)

    @property
    def tokenizer(self) -> Any:
        """A private copy of the model's tokenizer."""
        return self._plain.tokenizer

    @property
    def normalized(self) -> bool:
        """Whether the model divides its embeddings by their norm."""
        return self.run().normalized

    @property
    def mean_pooled(self) -> bool:
        """Whether the embedding is the plain mean of the last hidden states."""
        modules = list(self.run().replica.children())
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
        check_text(text)
        self._refresh()
        prompt, task = self._prompt(prompt, task)
        kwargs: dict[str, Any] = {} if task is None else {"task": task}
        with self._lock, torch.no_grad():
            features = self._plain.preprocess([text], prompt=prompt, **kwargs)
            self._check_features(features)
            encoded = self._plain.encode(
                text, prompt=prompt or "", show_progress_bar=False, convert_to_tensor=True, **kwargs
            )
        ids = features["input_ids"][0].tolist()
        cut = self._plain.max_seq_length
        tokenized = tokenize(self.tokenizer, text, prompt or "", ids, cut)
        vector = encoded.float().cpu().numpy()
        if not np.isfinite(vector).all():
            raise NonFiniteError(
                f"model.encode returned NaN or infinity for {text!r:.60}. Check the model's "
                "weights."
            )
        return EncodedText(
            text, prompt, task, dict(features), tokenized.tokens, tokenized.truncation, vector
        )

    def content_ids(self, text: str) -> list[int]:
        """The ids of `text` without special tokens, not truncated."""
        with self._lock:
            return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def embed_without(self, encoded: EncodedText, monitor: Monitor) -> np.ndarray:
        """Embeddings (S, D) of the text with each of its tokens removed; NaN rows at others."""
        run = self.run()
        out = np.full((len(encoded.tokens), len(encoded.encoded)), np.nan)
        places = encoded.content.nonzero().flatten().tolist()
        if len(places) < 2:
            raise InvalidTextError(
                f"{encoded.text!r:.60} has a single token, so none can be removed from it."
            )
        for first in range(0, len(places), 32):
            monitor.check()
            rows = places[first : first + 32]
            out[rows] = run.embed_features(_without(encoded.features, rows), encoded.task)
        return out

    def layers(self, encoded: EncodedText) -> int:
        """L, the number of encoder layers that the text runs through."""
        return self.run().stack(encoded).count

    def function(
        self, encoded: EncodedText, layer: int, dtype: torch.dtype = torch.float32
    ) -> EmbeddingFunction:
        """The rest of the model from `layer` on, for texts of this length and mask."""
        return EmbeddingFunction(self.run(dtype), encoded, layer)

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
            out = function._run.from_layer(encoded, function.layer, states)
        full = out.get("full_embedding", out["sentence_embedding"])[0].cpu().double().numpy()
        scale = float(np.linalg.norm(full)) if function._run.normalized else 1.0
        ours = out["sentence_embedding"][0].cpu().double().numpy() / max(scale, 1e-12)
        size = max(float(np.linalg.norm(encoded.encoded)), 1e-12)
        difference = float(np.abs(ours - encoded.encoded).max()) / size
        tolerance = max(1e-5, 8 * _rounding(self.model))
        if not difference <= tolerance:
            raise ReproductionError(
                f"From layer {function.layer} siamviz's run of the model differs from model.encode "
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


def _drop_final_normalize(replica: nn.Module) -> bool:
    found = False
    for name, module in reversed(list(replica.named_children())):
        if not isinstance(module, Normalize):
            break
        replica._modules[name] = _Passthrough()
        found = True
    return found


def _without(features: dict[str, Any], rows: list[int]) -> dict[str, Any]:
    """The batch in which each sequence lacks one of the tokens `rows`."""
    size = features["input_ids"].shape[1]
    keep = torch.tensor([[i for i in range(size) if i != row] for row in rows])
    return {
        name: value[0][keep] if isinstance(value, Tensor) and value.ndim == 2 else value
        for name, value in features.items()
    }


def _check_model(model: Any) -> None:
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
