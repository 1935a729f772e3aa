"""Embedding functions with a closed form, with the interface of the encoder's own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from siamviz.jacobian import Path
from siamviz.opened import EmbeddingFunction, Proof


class ToyFunction(EmbeddingFunction):
    """F: states (N, S, H) to embeddings (N, D), counting the batch sizes of its calls."""

    def __init__(
        self, call: Callable[[Tensor], Tensor], tokens: int, width: int, dtype: torch.dtype
    ) -> None:
        self._call, self.tokens, self._width = call, tokens, width
        self.dtype, self.device, self.layer = dtype, torch.device("cpu"), 0
        self._proof, self.lock = Proof(), threading.RLock()
        self.calls: list[int] = []

    def __call__(self, states: Tensor) -> Tensor:
        self.calls.append(len(states))
        return self._call(states)

    @property
    def sizes(self) -> tuple[int, int, int]:
        return self._width, 4 * self._width, 1


def toy_path(
    call: Callable[[Tensor], Tensor],
    start: np.ndarray,
    end: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    dtype: torch.dtype = torch.float64,
    **options: Any,
) -> Path:
    """The straight path from `start` (S, H) to `end` (S, H) through `call`."""
    tokens, width = end.shape
    function = ToyFunction(call, tokens, width, dtype)
    chosen = np.eye(tokens, dtype=bool) if groups is None else groups
    return Path(function, torch.tensor(start)[None], torch.tensor(end)[None], chosen, **options)
