"""The references of a model, one for each length, and what it embeds them as."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from siamviz.errors import UnsupportedModelError
from siamviz.layers import PositionReplay
from siamviz.replica import replicate
from siamviz.tokenization import tokenize
from siamviz.weights import Weights

_WORD = "the"
Tape = list[Tensor | None]


@dataclass(frozen=True, eq=False)
class _Form:
    """What the model's preprocessing makes of a text of one word.

    Attributes
    ----------
    features : dict
        Batch size 1.
    start, stop : int
        Columns of the word's tokens; special ones stand before and after.
    """

    features: dict[str, Any]
    start: int
    stop: int

    @classmethod
    def of(cls, model: Any, task: str | None) -> _Form:
        tokenizer = model.tokenizer
        if getattr(tokenizer, "pad_token", "") is None:
            raise UnsupportedModelError(
                "The model's tokenizer has no pad token, of which references are made. Set one: "
                "model.tokenizer.pad_token = model.tokenizer.eos_token."
            )
        kwargs = {} if task is None else {"task": task}
        features = dict(model.preprocess([_WORD], prompt="", **kwargs))
        ids = features.get("input_ids")
        if not isinstance(ids, Tensor) or ids.ndim != 2:
            raise UnsupportedModelError(
                "The model reads no tokens one by one, so there are no references of a length to "
                "subtract. Exact models are made of transformer text encoders."
            )
        tokens = tokenize(tokenizer, _WORD, "", ids[0].tolist(), None).tokens
        words = [place for place, token in enumerate(tokens) if token.role == "text"]
        return cls(features, words[0], words[-1] + 1)

    def text(self, length: int) -> dict[str, Any]:
        """The features of a text of `length` tokens, its first word's token repeated."""
        columns = self._columns(length)
        return {
            name: value[:, columns] if _is_row(value) else value
            for name, value in self.features.items()
        }

    def words(self, length: int) -> list[int]:
        """Which of `length` tokens are no special ones."""
        return [place for place, c in enumerate(self._columns(length)) if c == self.start]

    def _columns(self, length: int) -> list[int]:
        end = range(self.stop, self.features["input_ids"].shape[1])
        words = max(length - self.start - len(end), 0)
        return [*range(self.start), *[self.start] * words, *end][:length]


class References:
    """The references of a model by length: its special tokens, and pad tokens between them.

    They have the position ids of ordinary tokens, as texts have.

    Parameters
    ----------
    model : SentenceTransformer
        Never changed; references run on a copy of its modules, in evaluation mode, that shares
        the parameters.
    before : int
        How many of its modules make the embedding that is shifted.
    """

    def __init__(self, model: Any, before: int) -> None:
        self._model, self._before = model, before
        self._lock, self._weights = threading.RLock(), Weights(model)
        self._forget()

    def _forget(self) -> None:
        self._places: tuple[Any, ...] | None = None
        self._written: tuple[Any, ...] | None = None
        self._copy: Any = None
        self._positions: Any = None
        self._forms: dict[str | None, _Form] = {}
        self._tapes: dict[tuple[int, str | None], Tape] = {}
        self._table: dict[tuple[int, str | None, int | None], Tensor] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self._model, "before": self._before}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)

    def ids(self, length: int, task: str | None = None) -> Tensor:
        """The token ids (1, length) of a reference.

        Raises
        ------
        UnsupportedModelError
            If the model reads no tokens, or its tokenizer has no pad token.
        """
        with self._lock:
            self._refresh()
            return self._features(length, task)["input_ids"]

    def embed(
        self, lengths: Sequence[int], task: str | None = None, prompt: int | None = None
    ) -> Tensor:
        """The references' embeddings from the table: (B, D), or (1, D) where lengths are equal.

        Parameters
        ----------
        prompt : int, optional
            Tokens of a prompt that pooling may leave out.
        """
        distinct = set(lengths)
        with self._lock:
            self._refresh()
            for length in distinct:
                if (length, task, prompt) not in self._table:
                    self._table[length, task, prompt] = self._embed_alone(length, task, prompt)
            if len(distinct) == 1:
                return self._table[lengths[0], task, prompt][None]
            return torch.stack([self._table[length, task, prompt] for length in lengths])

    def embed_in_training(
        self, lengths: Sequence[int], task: str | None = None, prompt: int | None = None
    ) -> Tensor:
        """The references' embeddings (B, D) with gradient, computed anew, each length once."""
        distinct = sorted(set(lengths))
        with self._lock:
            self._refresh()
            found = self._forward(distinct, task, prompt)
        return found[[distinct.index(length) for length in lengths]]

    def _refresh(self) -> None:
        """Forget what was computed with other weights, or before the model was moved."""
        places, written = self._weights.state()
        if places != self._places:
            self._forget()
            self._places = places
            self._copy = replicate(self._model)
            for name, _ in list(self._copy.named_children())[self._before :]:
                delattr(self._copy, name)
            self._positions = PositionReplay(self._copy)
        if written != self._written:
            self._written = written
            self._table.clear()

    def _embed_alone(self, length: int, task: str | None, prompt: int | None) -> Tensor:
        kind = self._model.device.type
        with torch.inference_mode(False), torch.no_grad(), torch.autocast(kind, enabled=False):
            return self._forward([length], task, prompt)[0]

    def _forward(self, lengths: Sequence[int], task: str | None, prompt: int | None) -> Tensor:
        """What the modules before the shift give for references of these lengths, (B, D)."""
        longest = max(lengths)
        parts = [self._features(length, task) for length in lengths]
        fillers = {"input_ids": self._pad}
        joined = {
            name: torch.cat([_padded(part[name], longest, fillers.get(name, 0)) for part in parts])
            if _is_row(value)
            else value
            for name, value in parts[0].items()
        }
        if prompt is not None:
            joined["prompt_length"] = prompt
        tapes = [self._tape(length, task) for length in lengths]
        with self._positions.replay(_joined(tapes, lengths)):
            return self._run(joined, task)

    def _run(self, features: dict[str, Any], task: str | None) -> Tensor:
        device = self._model.device
        moved = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in features.items()}
        kwargs = {} if task is None else {"task": task}
        return self._copy(moved, **kwargs)["sentence_embedding"]

    def _tape(self, length: int, task: str | None) -> Tape:
        """The position ids of ordinary tokens, which some models derive from the token ids."""
        if (length, task) not in self._tapes:
            features = self._form(task).text(length)
            ids = features["input_ids"].to(self._model.device)
            with torch.inference_mode(False), torch.no_grad(), self._positions.record(ids) as tape:
                self._run(features, task)
            self._tapes[length, task] = tape
        return self._tapes[length, task]

    def _features(self, length: int, task: str | None) -> dict[str, Any]:
        """What the model reads of a reference; batch size 1."""
        form = self._form(task)
        features = form.text(length)
        features["input_ids"][:, form.words(length)] = self._pad
        return features

    @property
    def _pad(self) -> int:
        return int(self._copy.tokenizer.pad_token_id)

    def _form(self, task: str | None) -> _Form:
        if task not in self._forms:
            self._forms[task] = _Form.of(self._copy, task)
        return self._forms[task]


def _is_row(value: Any) -> bool:
    """Whether a feature has a column for each token."""
    return isinstance(value, Tensor) and value.ndim == 2


def _padded(row: Tensor, length: int, value: int) -> Tensor:
    return torch.nn.functional.pad(row, (0, length - row.shape[1]), value=value)


def _joined(tapes: Sequence[Tape], lengths: Sequence[int]) -> Tape:
    """The tape of several references in one batch.

    Indices that are no row of position ids (distances, say) are left to the model.
    """
    if len(tapes) == 1:
        return tapes[0]
    longest = max(lengths)
    joined: Tape = []
    for calls in zip(*tapes, strict=True):
        rows = [
            call
            for call, length in zip(calls, lengths, strict=True)
            if call is not None and tuple(call.shape) == (1, length)
        ]
        whole = len(rows) == len(lengths)
        joined.append(torch.cat([_padded(row, longest, 0) for row in rows]) if whole else None)
    return joined
