"""Which token pairs matter, said in other ways than by integration."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from siamviz.encoder import Encoder
from siamviz.opened import EncodedText
from siamviz.replica import replicate


class Attention:
    """The attention of a model's transformer.

    Parameters
    ----------
    model : SentenceTransformer
        Never changed; a copy computes attention in the way that tells its weights.
    """

    def __init__(self, model: Any) -> None:
        copied = replicate(model)
        self._transformer: Any = next(
            module for module in copied.modules() if isinstance(module, PreTrainedModel)
        )
        self._transformer.set_attn_implementation("eager")

    def rollout(self, encoded: EncodedText, pooling: str) -> np.ndarray:
        """How much of each token reaches those that are pooled, (S,).

        Attention rollout (Abnar and Zuidema, ACL 2020): the product over layers of the heads' mean
        weights, with half of each token staying where it is.

        Parameters
        ----------
        pooling : str
            The first token's row counts for "cls", the last one's for "lasttoken", else the mean.
        """
        inputs = {name: encoded.features[name] for name in ("input_ids", "attention_mask")}
        device = self._transformer.device
        moved = {name: value.to(device) for name, value in inputs.items()}
        with torch.no_grad():
            layers = self._transformer(**moved, output_attentions=True).attentions
        reached = np.eye(len(encoded.tokens))
        for weights in layers:
            mean = weights[0].mean(0).double().cpu().numpy()
            reached = (mean + np.eye(len(mean))) / 2 @ reached
        return reached[{"cls": [0], "lasttoken": [-1]}.get(pooling, slice(None))].mean(0)


def masked_changes(encoder: Encoder, encoded: EncodedText, mask: int) -> np.ndarray:
    """The embedding minus that with the token `mask` for token i, (S, D); NaN for special ones."""
    places = encoded.content.nonzero().flatten()
    opened = encoder.opened()
    ids = encoded.features["input_ids"].repeat(len(places), 1)
    ids[range(len(places)), places] = mask
    same = {
        name: value.expand(len(places), -1)
        if isinstance(value, torch.Tensor) and value.ndim == 2
        else value
        for name, value in encoded.features.items()
    }
    whole = opened.embed_features(encoded.features, encoded.task)
    changes = np.full((len(encoded.tokens), whole.shape[1]), np.nan)
    changes[places] = whole - opened.embed_features(same | {"input_ids": ids}, encoded.task)
    return changes
