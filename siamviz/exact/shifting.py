"""From any sentence encoder to an exact one."""

from __future__ import annotations

import copy
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sentence_transformers.sentence_transformer.modules import Normalize

from siamviz import models
from siamviz.encoder import check_model
from siamviz.errors import InvalidArgumentError
from siamviz.reference_shift import ReferenceShift, shift_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_NAME = "reference_shift"


def shift(model: Any) -> SentenceTransformer:
    """Return a copy of a model that subtracts the embedding of the reference of the same length.

    The copy embeds texts elsewhere, so its scores differ from the model's until it is fine-tuned
    briefly with `siamviz.exact.finetune`. Nothing is shared with the model.

    Parameters
    ----------
    model : SentenceTransformer, or name or path of one

    Raises
    ------
    InvalidArgumentError
        If the model is exact already.
    ArgumentTypeError, UnsupportedModelError
        If it is no sentence encoder, reads no tokens, or its tokenizer has no pad token.
    ModelNotFoundError
        If its files are not at hand.

    Examples
    --------
    >>> exact = siamviz.exact.shift("all-MiniLM-L6-v2")  # doctest: +SKIP
    >>> siamviz.Explainer(exact).explain("A dog.", "A cat.").base  # doctest: +SKIP
    0.0
    """
    if isinstance(model, str):
        model = models.load(model)
    check_model(model)
    if shift_of(model) is not None:
        raise InvalidArgumentError(
            "The model has a reference shift already. Use it as it is, or shift the model that it "
            "was made of."
        )
    exact = copy.deepcopy(model)
    _insert(exact, ReferenceShift())
    found = shift_of(exact)
    assert found is not None
    found.references.ids(1)
    return exact


def _insert(model: Any, module: ReferenceShift) -> None:
    """Put the shift behind all that makes the embedding, before what normalises it."""
    children = reversed(list(model.named_children()))
    behind = list(takewhile(lambda child: isinstance(child[1], Normalize), children))
    for name, _ in behind:
        delattr(model, name)
    for name, child in [(_NAME, module), *reversed(behind)]:
        model.add_module(name, child)
    module.on_model_ready(model)
