"""Contributions under a corpus baseline, from random nodes spread over references and steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from siamviz.jacobian import Path, batches_in_memory, jacobian_products
from siamviz.monitor import Monitor
from siamviz.opened import EmbeddingFunction
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
    places: list[np.ndarray] = field(default_factory=list)

    def grow(self, monitor: Monitor) -> None:
        """Add one round of nodes; a cancelled round leaves the sample as it was."""
        count = len(self.references)
        rng = np.random.default_rng((*self.seed, len(self.rounds)))
        order = np.random.default_rng(self.seed).permutation(count)
        shift = _van_der_corput(len(self.rounds))
        s = ((order + rng.random(count)) / count + shift) % 1.0
        values = self._derivatives(self.profile.t(s), monitor)
        values *= self.profile.dt_ds(s)[:, None, None]
        self.rounds.append(values.astype(np.float32))
        self.places.append(s)

    def _derivatives(self, t: np.ndarray, monitor: Monitor) -> np.ndarray:
        path = Path(self.function, self.references[:1], self.end, self.groups, self.bfloat16)
        steps = torch.as_tensor(t, dtype=torch.float64)[:, None, None]

        def products(batch: slice, memory: int) -> np.ndarray:
            references = self.references[batch]
            delta = self.end - references
            states = references + steps[batch] * delta
            cast = self.function.cast
            return jacobian_products(path, cast(states), cast(delta), memory, monitor.check)

        count = len(self.groups)
        return np.concatenate(
            list(batches_in_memory(self.function, count, len(t), monitor, products))
        )

    def vectors(self, rounds: int) -> np.ndarray:
        """The contributions (A, D) estimated from the first `rounds` rounds."""
        means = [values.mean(0, dtype=np.float64) for values in self.rounds[:rounds]]
        return np.mean(means, axis=0)

    def deviations(self, rounds: int) -> np.ndarray:
        """Deviations (M, A, D) whose squares add up to the squared standard error.

        Drawn references are independent draws, node noise included. Balanced references are
        fixed and only nodes are random: each reference's nodes, sorted along its path, are a
        systematic sample, whose second differences give the variance (Wolter 2007, section 8.2).
        """
        values = np.stack(self.rounds[:rounds], axis=1)
        count = len(values)
        if not self.balanced:
            draws = values.mean(1)
            return (draws - draws.mean(0)) / np.sqrt(count * (count - 1))
        order = np.argsort(np.stack(self.places[:rounds], axis=1), axis=1)
        along = np.take_along_axis(values, order[:, :, None, None], axis=1)
        bends = np.diff(along, n=2, axis=1)
        scale = np.sqrt(rounds / (6 * bends.shape[1])) / (count * rounds)
        return scale * bends.reshape(-1, *bends.shape[2:])


def _van_der_corput(index: int) -> float:
    bits = f"{index:b}"[::-1]
    return int(bits, 2) / 2 ** len(bits) if index else 0.0
