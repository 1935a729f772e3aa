"""Same rule, same nodes: the published way (D backward passes) beside siamviz."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

import siamviz
from siamviz import RightRiemann
from tests.benchmarks import data
from tests.benchmarks.table import Row, skipped
from tests.benchmarks.timing import number, seconds, shown, side_by_side

STEPS = 8


class Published:
    """Integrated Jacobians as in the code of Möller et al.: one backward pass a dimension.

    The hidden states of the text and of the pad reference are interpolated at N nodes of the right
    Riemann sum; with the reference they form one batch of N + 1 states, as in the published code.
    Gradients of each embedding dimension are summed over the nodes and kept; the contraction with
    x − r here is cheaper than the published (S·D)² matrices.

    Parameters
    ----------
    model : SentenceTransformer
    layer : int
    """

    def __init__(self, model: Any, layer: int) -> None:
        from sentence_transformers import SentenceTransformer

        source = model[0].auto_model.config.name_or_path or model.model_card_data.base_model
        own = SentenceTransformer(
            source, device="cpu", model_kwargs={"attn_implementation": "eager"}
        )
        self.tokenizer = own.tokenizer
        self.encoder = own[0].auto_model.eval().requires_grad_(False)
        self.layer = self.encoder.encoder.layer[layer]

    def contributions(self, text: str, steps: int) -> np.ndarray:
        """Token contributions (S, D) of one sentence."""
        inputs = self.tokenizer([text], return_tensors="pt")
        ids = inputs["input_ids"]
        reference = torch.full_like(ids, self.tokenizer.pad_token_id)
        reference[:, [0, -1]] = ids[:, [0, -1]]
        mask = torch.ones(steps + 1, ids.shape[1], dtype=torch.long)
        batch = torch.cat([ids.expand(steps, -1), reference])
        seen: list[Tensor] = []
        handle = self.layer.register_forward_pre_hook(_interpolation(steps, seen))
        try:
            states = self.encoder(input_ids=batch, attention_mask=mask).last_hidden_state
        finally:
            handle.remove()
        embedding = states.mean(1)[:-1]
        path = seen[0]
        jacobian = self._jacobian(embedding, path) / steps
        return torch.einsum("dsh,sh->sd", jacobian, (path[0] - path[-1]).detach()).numpy()

    @staticmethod
    def _jacobian(embedding: Tensor, path: Tensor) -> Tensor:
        """Gradients summed over nodes, (D, S, H)."""
        dimensions = embedding.shape[1]
        rows = []
        for d in range(dimensions):
            (gradient,) = torch.autograd.grad(
                list(embedding[:, d]), path, retain_graph=d < dimensions - 1
            )
            rows.append(gradient[:-1].sum(0))
        return torch.stack(rows)


def _interpolation(steps: int, seen: list[Tensor]) -> Any:
    def hook(module: Any, args: Any) -> Any:
        states, reference = args[0][0], args[0][-1]
        t = (torch.arange(steps, 0, -1) / steps)[:, None, None]
        path = torch.cat([reference + t * (states - reference), reference[None]])
        path = path.detach().requires_grad_()
        seen.append(path)
        return (path, *args[1:])

    return hook


def _explain(explainer: siamviz.Explainer, layer: int = 0) -> siamviz.PairAttribution:
    explainer.cache.clear()
    rule = RightRiemann(STEPS)
    return explainer.explain(*data.PAIR, layer=layer, baseline="pad-shifted", quadrature=rule)


def _compare(name: str, explainer: siamviz.Explainer, least: str, aim: str, rounds: int) -> Row:
    published = Published(explainer.model, 0)
    found = [published.contributions(text, STEPS) for text in data.PAIR[: 2 if rounds > 1 else 0]]

    def theirs() -> None:
        found[:] = [published.contributions(text, STEPS) for text in data.PAIR]

    if rounds > 1:
        slow, fast = side_by_side(theirs, lambda: _explain(explainer), rounds=rounds)
    else:
        _explain(explainer)
        before = seconds(lambda: _explain(explainer))
        slow = seconds(theirs)
        fast = (before + seconds(lambda: _explain(explainer))) / 2
    ours = [
        explainer.contributions(text, baseline="pad-shifted", quadrature=RightRiemann(STEPS))
        for text in data.PAIR
    ]
    difference = max(
        float(np.abs(one.vectors - two).max()) for one, two in zip(ours, found, strict=True)
    )
    return Row(
        f"same N, layer 0, one pair: D backward passes ÷ siamviz, {name}",
        number(slow / fast),
        least,
        aim,
        f"{shown([slow, fast])}; right Riemann, N = {STEPS}; largest difference {difference:.0e}",
    )


def run() -> Iterator[Row]:
    """The published way and siamviz, on MiniLM and on MPNet."""
    yield _compare("MiniLM", data.minilm(), "14", "25", rounds=3)
    if data.mpnet_folder() is None:
        yield skipped("the same on MPNet", data.NO_MPNET)
    else:
        yield _compare("MPNet", data.mpnet(), "45", "70", rounds=1)
