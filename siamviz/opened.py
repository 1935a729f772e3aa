"""A private copy of the model in one precision, entered and left at any of its layers."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from siamviz.contributions import Token, Truncation
from siamviz.layers import LayerStack, PositionReplay
from siamviz.precision import KeepDouble


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

    @property
    def kind(self) -> tuple[Any, ...]:
        """Texts of one kind can pass through the model in one `TextBatch`."""
        shared = {
            name: tuple(value.shape) if _has_rows(value) else repr(value)
            for name, value in self.features.items()
        }
        return (self.prompt, self.task, *sorted(shared.items()))


@dataclass(frozen=True, eq=False)
class TextBatch:
    """What the model reads of several texts of one kind, a row a text.

    Attributes
    ----------
    features : dict
        The model's own preprocessing, batch size B.
    task : str or None
    """

    features: dict[str, Any]
    task: str | None

    @classmethod
    def of(cls, texts: Sequence[EncodedText]) -> TextBatch:
        """Put texts together whose `EncodedText.kind` is equal."""
        features = {
            name: torch.cat([text.features[name] for text in texts]) if _has_rows(value) else value
            for name, value in texts[0].features.items()
        }
        return cls(features, texts[0].task)

    @property
    def ids(self) -> Tensor:
        """Token ids (B, S)."""
        return self.features["input_ids"]

    def take(self, rows: Tensor) -> TextBatch:
        """The batch whose row k is this one's row ``rows[k]``."""
        features = {
            name: value[rows] if _has_rows(value) else value
            for name, value in self.features.items()
        }
        return TextBatch(features, self.task)


def _has_rows(value: Any) -> bool:
    """Whether a feature has a row for each text of a batch."""
    return isinstance(value, Tensor) and value.ndim > 1


class EmbeddingFunction:
    """F: hidden states (N, S, H) at one layer to embeddings (N, D) before final normalisation.

    Of one text; or of a batch, where state k is one of the batch's k-th text.
    """

    def __init__(self, model: OpenedModel, inputs: EncodedText | TextBatch, layer: int) -> None:
        self._model, self._inputs, self.layer = model, inputs, layer
        self.dtype, self.device, self.lock = model.dtype, model.device, model.lock
        self.tokens = int(inputs.ids.shape[1])
        self._proof = model.proofs.setdefault((inputs.task, layer), Proof())

    def __call__(self, states: Tensor) -> Tensor:
        """Embeddings (N, D) of the hidden states (N, S, H)."""
        return self.outputs(states)["sentence_embedding"]

    def outputs(self, states: Tensor) -> dict[str, Any]:
        """All that the model gives for the hidden states (N, S, H)."""
        return self._model.from_layer(self._inputs, self.layer, states)

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
        return self.outputs(states)["token_embeddings"]

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
        return self._model.sizes


@dataclass
class Proof:
    """What was found out about one layer of a model."""

    duals: bool | None = None
    dimension: int | None = None


class OpenedModel:
    """One private replica of the model in one precision, entered at any layer.

    Parameters
    ----------
    replica : nn.Module
        Its own from now on; without a final normalisation.
    normalized : bool
        Whether the model has one.
    proofs : dict
        What was found out about the model in this precision, by task and layer.
    """

    def __init__(
        self,
        replica: Any,
        normalized: bool,
        dtype: torch.dtype,
        device: torch.device,
        proofs: dict[tuple[str | None, int], Proof],
    ) -> None:
        self.replica, self.normalized = replica, normalized
        self.dtype, self.device = dtype, device
        for module in self.replica.modules():
            if hasattr(module, "set_attn_implementation"):
                module.set_attn_implementation("eager")
        self.positions = PositionReplay(self.replica)
        self.proofs = proofs
        self._stacks: dict[str | None, LayerStack] = {}
        self.lock = threading.RLock()

    def stack(self, inputs: EncodedText | TextBatch) -> LayerStack:
        """The encoder layers that a text of this task runs through."""
        if inputs.task not in self._stacks:
            shape = (1, inputs.ids.shape[1])
            with self.lock, torch.no_grad():
                self._stacks[inputs.task] = LayerStack.find(
                    self.replica, lambda: self._forward(inputs, 1), shape
                )
        return self._stacks[inputs.task]

    def states(
        self, inputs: EncodedText | TextBatch, layer: int
    ) -> tuple[Tensor, list[Tensor | None]]:
        """Hidden states (B, S, H) at `layer` (B = 1 for a text), and the tape of position ids."""
        stack = self.stack(inputs)
        ids = inputs.ids.to(self.device)
        with self.lock, torch.no_grad(), self.positions.record(ids) as tape:
            return stack.capture(layer, lambda: self._forward(inputs, ids.shape[0])), tape

    def states_of_ids(
        self,
        inputs: EncodedText | TextBatch,
        layer: int,
        ids: Tensor,
        tape: list[Tensor | None],
    ) -> Tensor:
        """Hidden states (K, S, H) of other token ids under the text's mask and positions."""
        stack = self.stack(inputs)
        ids = ids.to(self.device)
        with self.lock, torch.no_grad(), self.positions.replay(tape):
            return stack.capture(layer, lambda: self._forward(inputs, ids.shape[0], ids))

    def open(self, texts: Sequence[EncodedText], layer: int) -> OpenedTexts:
        """Texts of one kind at `layer`."""
        inputs = TextBatch.of(texts)
        return OpenedTexts(self, inputs, layer, *self.states(inputs, layer))

    def from_layer(
        self, inputs: EncodedText | TextBatch, layer: int, states: Tensor
    ) -> dict[str, Any]:
        """The model's output features when `states` (N, S, H) enter at `layer`."""
        stack = self.stack(inputs)
        with self.lock, stack.enter(layer, states):
            return self._forward(inputs, states.shape[0])

    def embed_features(self, features: dict[str, Any], task: str | None = None) -> np.ndarray:
        """Embeddings (N, D) of preprocessed features, before any final normalisation."""
        moved = {k: v.to(self.device) if isinstance(v, Tensor) else v for k, v in features.items()}
        with self.lock, torch.no_grad():
            out = self.replica(moved, **({} if task is None else {"task": task}))
        full = out["sentence_embedding"][..., : self.replica.truncate_dim]
        return full.cpu().double().numpy()

    def _forward(
        self, inputs: EncodedText | TextBatch, count: int, ids: Tensor | None = None
    ) -> Any:
        features = {name: self._batched(v, count) for name, v in inputs.features.items()}
        if ids is not None:
            features["input_ids"] = ids
        task = {} if inputs.task is None else {"task": inputs.task}
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
        if not _has_rows(value):
            return value
        if len(value) == 1:
            return value.repeat(count, *(1,) * (value.ndim - 1))
        return value[:count]

    @functools.cached_property
    def sizes(self) -> tuple[int, int, int]:
        """(features, widest features, heads) of its layers."""
        config = self.replica.config
        width = int(getattr(config, "hidden_size", 0) or self.replica[0].get_embedding_dimension())
        linear = [m for m in self.replica.modules() if isinstance(m, nn.Linear)]
        widest = max([m.out_features for m in linear if m.in_features <= 2 * width] or [4 * width])
        return width, widest, int(getattr(config, "num_attention_heads", 0) or 12)


@dataclass(frozen=True, eq=False)
class OpenedTexts:
    """Texts of one kind with their own hidden states at one layer.

    Attributes
    ----------
    states : (B, S, H) tensor
    tape : list
        The texts' position ids.
    """

    model: OpenedModel
    inputs: TextBatch
    layer: int
    states: Tensor
    tape: list[Tensor | None]

    def states_of_ids(self, ids: Tensor, *, keep_positions: bool = True) -> Tensor:
        """Hidden states (B, S, H) of other token ids (B, S) under the texts' masks."""
        tape = self.tape if keep_positions else []
        return self.model.states_of_ids(self.inputs, self.layer, ids, tape)
