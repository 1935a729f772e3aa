"""Reference inputs: where the path to a text's hidden states begins."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from siamviz.corpus import Corpus
from siamviz.encoder import Encoder
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, InvalidTextError, suggest
from siamviz.opened import EncodedText, OpenedTexts
from siamviz.tokenization import check_text

TOKEN_BASELINES = ("pad", "pad-shifted", "mask", "unk")
STATE_BASELINES = ("zero", "mean")
BASELINE_NAMES = (*TOKEN_BASELINES, *STATE_BASELINES, "corpus")


@dataclass(frozen=True, eq=False)
class TensorBaseline:
    """Hidden states given by the caller, shape (S, H), (1, S, H) or (H,)."""

    states: Tensor

    @property
    def label(self) -> str:
        """A short name for people."""
        return f"tensor {tuple(self.states.shape)}"

    @property
    def key(self) -> str:
        """What results depend on."""
        data = self.states.detach().cpu().double().numpy().tobytes()
        return f"{self.label} {hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class TextBaseline:
    """Another text, cut or padded to the same number of tokens."""

    text: str

    @property
    def label(self) -> str:
        """A short name for people."""
        return f"text {self.text!r}"

    @property
    def key(self) -> str:
        """What results depend on."""
        return self.label


@dataclass(frozen=True)
class NamedBaseline:
    """One of `BASELINE_NAMES` other than "corpus"."""

    name: str

    @property
    def label(self) -> str:
        """A short name for people."""
        return self.name

    @property
    def key(self) -> str:
        """What results depend on."""
        return self.name


@dataclass(frozen=True, eq=False)
class AveragedBaseline:
    """Several references whose contributions are averaged."""

    parts: tuple[Baseline, ...]

    @property
    def label(self) -> str:
        """A short name for people."""
        return f"mean of {', '.join(part.label for part in self.parts)}"

    @property
    def key(self) -> str:
        """What results depend on."""
        return f"[{' | '.join(part.key for part in self.parts)}]"


Baseline = NamedBaseline | TextBaseline | TensorBaseline | AveragedBaseline | Corpus


def parse_baseline(value: Any) -> Baseline:
    """Return the baseline that `value` names or is.

    Parameters
    ----------
    value : str, array, Corpus or list of these
        A name; a text of at least two words; hidden states (S, H), or (H,) for every token; a
        list, whose contributions are averaged.

    Raises
    ------
    InvalidArgumentError
        For an unknown name or an empty list.
    ArgumentTypeError
        For anything else.
    """
    if isinstance(value, Baseline):
        return value
    if isinstance(value, str):
        return _parse_name(value)
    if isinstance(value, np.ndarray | Tensor):
        return TensorBaseline(_checked_states(value))
    if isinstance(value, Sequence):
        if not value:
            raise InvalidArgumentError("The list of baselines is empty. Give at least one.")
        parts = tuple(parse_baseline(part) for part in value)
        if any(isinstance(part, Corpus | AveragedBaseline) for part in parts):
            raise InvalidArgumentError(
                "A list of baselines cannot contain 'corpus' or another list: a corpus is an "
                "average already. Pass the corpus alone, or Corpus(texts=...) with all texts."
            )
        return AveragedBaseline(parts)
    raise ArgumentTypeError(
        f"A baseline must be one of {', '.join(BASELINE_NAMES)}, a text, an array of hidden "
        f"states, a Corpus, or a list of these; got {type(value).__name__}."
    )


def _checked_states(value: np.ndarray | Tensor) -> Tensor:
    if isinstance(value, np.ndarray) and value.dtype.kind not in "fiu":
        raise ArgumentTypeError(
            f"A baseline array must hold real numbers (hidden states), got dtype {value.dtype}."
        )
    states = torch.as_tensor(np.array(value) if isinstance(value, np.ndarray) else value)
    if states.is_complex() or states.dtype == torch.bool:
        raise ArgumentTypeError(
            f"A baseline tensor must hold real numbers (hidden states), got {states.dtype}."
        )
    return states


def _parse_name(value: str) -> Baseline:
    if value == "corpus":
        return Corpus()
    if value in BASELINE_NAMES:
        return NamedBaseline(value)
    if value.isascii() and len(value.split()) < 2:
        listed = ", ".join(map(repr, BASELINE_NAMES))
        raise InvalidArgumentError(
            f"Baseline {value!r} is not known. Use one of {listed}, or a text of two words or more."
            f"{suggest(value, BASELINE_NAMES)}"
        )
    return TextBaseline(check_text(value, "The baseline text"))


def reference_states(
    baseline: Baseline, encoder: Encoder, encoded: EncodedText, layer: int, dtype: torch.dtype
) -> list[Tensor]:
    """Hidden states (1, S, H) of each reference, under the text's own mask and positions.

    Special and prompt tokens stay as they are in every baseline but a tensor.

    Raises
    ------
    InvalidArgumentError
        If the tokenizer lacks the token, or a tensor has another shape.
    """
    opened = encoder.opened(dtype).open([encoded], layer)
    return references_of(baseline, encoder, [encoded], opened)


def references_of(
    baseline: Baseline, encoder: Encoder, texts: Sequence[EncodedText], opened: OpenedTexts
) -> list[Tensor]:
    """The same for several texts of one kind, `opened` at the layer: each (B, S, H)."""
    if isinstance(baseline, AveragedBaseline):
        return [
            states
            for part in baseline.parts
            for states in references_of(part, encoder, texts, opened)
        ]
    own = opened.states
    if isinstance(baseline, TensorBaseline):
        return [_given_states(baseline.states, own)]
    if isinstance(baseline, NamedBaseline) and baseline.name in STATE_BASELINES:
        content = torch.stack([text.content for text in texts])
        return [_made_states(baseline.name, own, content.to(own.device)[..., None])]
    assert not isinstance(baseline, Corpus)
    ids = torch.cat([reference_ids(baseline, encoder, text) for text in texts])
    shifted = isinstance(baseline, NamedBaseline) and baseline.name == "pad-shifted"
    return [opened.states_of_ids(ids, keep_positions=not shifted)]


def reference_ids(
    baseline: NamedBaseline | TextBaseline, encoder: Encoder, encoded: EncodedText
) -> Tensor:
    """Token ids (1, S) of a reference: the text's own special tokens, other content.

    For "pad" and an exact model, the reference that the model itself subtracts.
    """
    if encoder.shift is not None and baseline == NamedBaseline("pad"):
        return encoder.shift.references.ids(encoded.ids.shape[1], encoded.task)
    ids = encoded.ids.clone()
    places = encoded.content.nonzero().flatten()
    if isinstance(baseline, TextBaseline):
        content = encoder.content_ids(baseline.text)[: len(places)]
        if not content:
            raise InvalidTextError(
                f"The baseline text {baseline.text!r:.60} has no tokens for this model. Give it at "
                "least one word, or use baseline='pad'."
            )
        filler = special_id(encoder.tokenizer, "pad") if len(content) < len(places) else 0
        values = content + [filler] * (len(places) - len(content))
    else:
        values = [special_id(encoder.tokenizer, baseline.name.split("-")[0])] * len(places)
    ids[0, places] = torch.tensor(values, dtype=ids.dtype)
    return ids


def special_id(tokenizer: Any, name: str) -> int:
    """The id of the tokenizer's pad, mask or unk token."""
    value = getattr(tokenizer, f"{name}_token_id", None)
    if value is not None:
        return int(value)
    present = [
        other
        for other in ("pad", "mask", "unk")
        if getattr(tokenizer, f"{other}_token_id", None) is not None
    ]
    listed = ", ".join(map(repr, [*present, *STATE_BASELINES, "corpus"]))
    raise InvalidArgumentError(
        f"The tokenizer has no {name} token, so baseline {name!r} is not possible. "
        f"This model supports {listed}."
    )


def _given_states(states: Tensor, own: Tensor) -> Tensor:
    shape = tuple(own.shape[1:])
    given = states.to(own.device, own.dtype)
    if given.ndim == 3 and given.shape[0] == 1:
        given = given[0]
    if tuple(given.shape) not in (shape, shape[1:]):
        raise InvalidArgumentError(
            f"A baseline tensor must have shape {shape} (tokens, features) for this text, or "
            f"({shape[1]},) for every token; got {tuple(states.shape)}. Give explain a pair "
            "(baseline_a, baseline_b) where the two texts differ in length."
        )
    if not bool(torch.isfinite(given).all()):
        raise InvalidArgumentError("The baseline tensor contains NaN or infinity.")
    return given.expand(own.shape).clone()


def _made_states(name: str, own: Tensor, content: Tensor) -> Tensor:
    if name == "zero":
        return own.masked_fill(content, 0)
    mean = (own * content).sum(1, keepdim=True) / content.sum(1, keepdim=True)
    return torch.where(content, mean, own)
