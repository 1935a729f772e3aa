"""The reference shift: what makes a sentence encoder exact, as a module of sentence-transformers.

It subtracts from each embedding that of the reference of the same length (Möller, Nikolaev, Padó:
"An Attribution Method for Siamese Encoders", EMNLP 2023): references are then embedded as 0, and
the matrix of token pairs alone sums to the score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sentence_transformers.base.modules import Module
from torch import Tensor

from siamviz.errors import UnsupportedModelError
from siamviz.references import References

if TYPE_CHECKING:
    from torch import nn


class ReferenceShift(Module):
    """Subtracts e0 of the reference of the same length; stands before any final Normalize.

    Evaluated, e0 is read from a table that is computed once for each length and state of the
    weights, one length at a time, so that neither padding nor other texts enter. In training the
    references of a batch's lengths run in the same step, with gradient and without dropout.

    Parameters
    ----------
    scale : float
        What embeddings are multiplied by after the shift; it matters to dot products only.
    """

    config_keys = ["scale"]  # noqa: RUF012 (as its base declares it)
    forward_kwargs = {"task"}  # noqa: RUF012

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self._references: References | None = None

    def on_model_ready(self, model: Any) -> None:
        """Learn whose references to embed; sentence-transformers calls it with the whole model."""
        self._references = References(model, list(model.children()).index(self))

    @property
    def references(self) -> References:
        """The references of the model that the module stands in.

        Raises
        ------
        UnsupportedModelError
            If the module was put into a model by hand.
        """
        if self._references is None:
            raise UnsupportedModelError(
                "The reference shift does not know its model. Make exact models with "
                "siamviz.exact.shift(model), and load them with siamviz.exact.load(folder)."
            )
        return self._references

    def forward(
        self, features: dict[str, Any], task: str | None = None, **_: Any
    ) -> dict[str, Any]:
        """Shift the embeddings (B, D)."""
        mask = features["attention_mask"]
        lengths = mask.sum(-1).tolist()
        embed = self.references.embed_in_training if self.training else self.references.embed
        shift = embed(lengths, task, _prompt_length(features)).to(mask.device)
        features["sentence_embedding"] = (features["sentence_embedding"] - shift) * self.scale
        return features

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Write the configuration; there are no weights."""
        self.save_config(output_path)

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        init_defaults: dict[str, Any] | None = None,
        **_: Any,
    ) -> Self:
        """Read the configuration."""
        config = cls.load_config(
            model_name_or_path,
            subfolder=subfolder,
            token=token,
            cache_folder=cache_folder,
            revision=revision,
            local_files_only=local_files_only,
        )
        return cls(**(init_defaults or {}) | config)


def _prompt_length(features: dict[str, Any]) -> int | None:
    """Tokens of the prompt that pooling leaves out; one number, or the same for all texts."""
    found = features.get("prompt_length")
    return int(found.flatten()[0]) if isinstance(found, Tensor) else found


SHIFT_TYPE = f"{ReferenceShift.__module__}.{ReferenceShift.__name__}"
"""What saved models call the module."""


def shift_of(model: nn.Module) -> ReferenceShift | None:
    """Return the model's reference shift, if it has one."""
    return next((m for m in model.children() if isinstance(m, ReferenceShift)), None)
