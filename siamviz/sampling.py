"""Contributions under a corpus baseline, from random nodes spread over references and steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from siamviz.encoder import EmbeddingFunction
from siamviz.jacobian import Path, jacobian_products, nodes_in_memory
from siamviz.monitor import Monitor
from siamviz.speed import SpeedProfile


@dataclass(eq=False)
class CorpusSample:
    """An estimate that grows by rounds of one node for each reference.

    In each round the K references take the K equal strata of the arc length in random order; a
    reference's strata of successive rounds lie far apart.

    Attributes
    ----------
    references : (K, S, H) float64 tensor
    end : (1, S, H) float64 tensor
    groups : (A, S) boolean array
    balanced : bool
        The references were chosen; only the nodes are random.
    """

    function: EmbeddingFunction
    references: Tensor
    end: Tensor
    groups: np.ndarray
    balanced: bool
    profile: SpeedProfile
    seed: tuple[int, ...]
    bfloat16: bool = False
    rounds: list[np.ndarray] = field(default_factory=list)
    by_reference: np.ndarray | None = None
    embeddings: np.ndarray | None = None

    @property
    def steps(self) -> int:
        """Nodes taken so far."""
        return len(self.rounds) * len(self.references)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        arrays = [*self.rounds, self.by_reference]
        return sum(a.nbytes for a in arrays if a is not None) + self.references.nbytes

    def grow(self, monitor: Monitor) -> None:
        """Add one round of nodes; a cancelled round leaves the sample as it was."""
        count = len(self.references)
        rng = np.random.default_rng((*self.seed, len(self.rounds)))
        order = np.random.default_rng(self.seed).permutation(count)
        shift = _van_der_corput(len(self.rounds))
        s = ((order + rng.random(count)) / count + shift) % 1.0
        values = self._derivatives(self.profile.t(s), monitor)
        values *= self.profile.dt_ds(s)[:, None, None]
        total = values if self.by_reference is None else self.by_reference + values
        self.by_reference = total
        self.rounds.append(values.mean(0))

    def _derivatives(self, t: np.ndarray, monitor: Monitor) -> np.ndarray:
        path = Path(self.function, self.references[:1], self.end, self.groups, self.bfloat16)
        batch = nodes_in_memory(self.function, len(self.groups), monitor.memory)
        out = []
        for first in range(0, len(t), batch):
            monitor.check()
            references = self.references[first : first + batch]
            steps = torch.as_tensor(t[first : first + batch], dtype=torch.float64)[:, None, None]
            delta = self.end - references
            states = references + steps.to(delta.device) * delta
            dtype = self.function.dtype
            out.append(jacobian_products(path, states.to(dtype), delta.to(dtype), monitor.memory))
        return np.concatenate(out)

    @property
    def vectors(self) -> np.ndarray:
        """The estimated contributions (A, D)."""
        return np.mean(self.rounds, axis=0)

    @property
    def deviations(self) -> np.ndarray:
        """Deviations (M, A, D) whose squares add up to the squared standard error.

        Balanced references are fixed, so the rounds are the independent draws; drawn references
        are themselves the draws, node noise included.
        """
        if self.balanced:
            draws = np.stack(self.rounds)
        else:
            assert self.by_reference is not None
            draws = self.by_reference / len(self.rounds)
        count = len(draws)
        return (draws - draws.mean(0)) / np.sqrt(count * max(count - 1, 1))


def _van_der_corput(index: int) -> float:
    bits = f"{index:b}"[::-1]
    return int(bits, 2) / 2 ** len(bits) if index else 0.0
