"""Contributions over a corpus, refined round by round, alone or as a pair."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from dataclasses import replace

import numpy as np
import torch

from siamviz.attribution import PairAttribution
from siamviz.contributions import SentenceContributions
from siamviz.corpus import Corpus
from siamviz.monitor import Monitor
from siamviz.quadrature import Adaptive
from siamviz.sampling import CorpusSample
from siamviz.solver import Task, build, corpus_states, reference_shares
from siamviz.speed import SpeedProfile

MIN_ROUNDS = 3
"""Rounds before a corpus result is shown: second differences need three nodes a reference."""


class CorpusSolver:
    """One side's contributions over a corpus after any number of rounds.

    A round takes one node for each reference. Results after r rounds depend on the first r rounds
    alone, so that they do not depend on what was asked before.
    """

    def __init__(self, task: Task) -> None:
        assert isinstance(task.baseline, Corpus)
        assert isinstance(task.rule, Adaptive)
        self.task, self.corpus, self.rule = task, task.baseline, task.rule
        self.enough: dict[Hashable, int] = {}
        self._lock = threading.Lock()
        references = corpus_states(task, self.corpus)
        function = task.encoder.function(task.encoded, task.layer, task.dtype)
        self._sample = CorpusSample(
            function=function,
            references=references,
            end=task.end,
            groups=task.groups,
            balanced=self.corpus.balanced,
            profile=task.profile or SpeedProfile.flat(),
            seed=(self.corpus.seed, ord(task.side)),
            bfloat16=task.precision == "bfloat16",
        )
        found = function.embed(torch.cat([references, task.end]))
        self._end, self._start = found[-1], found[:-1].mean(0)

    @property
    def nbytes(self) -> int:
        """Bytes held once every allowed round was taken."""
        values = self.task.groups.shape[0] * self._end.nbytes // 2
        return self.most_rounds * len(self._sample.references) * values

    @property
    def most_rounds(self) -> int:
        """Rounds that the rule's `max_steps` allows; at least `MIN_ROUNDS`."""
        return max(MIN_ROUNDS, self.rule.max_steps // len(self._sample.references))

    def result(self, rounds: int, monitor: Monitor) -> SentenceContributions:
        """The contributions after `rounds` rounds, taking those that are missing."""
        with self._lock:
            while len(self._sample.rounds) < rounds:
                self._sample.grow(monitor)
                behind = 0.5 if self.task.side == "a" else 0.0
                monitor.report((len(self._sample.rounds) - behind) / self.most_rounds)
            vectors = self._sample.vectors(rounds)
            deviations = self._sample.deviations(rounds)
        task = self.task
        settled = self._settled(vectors, deviations)
        last = settled or rounds >= self.most_rounds
        return build(
            task,
            vectors=vectors,
            embedding=self._end,
            reference=self._start,
            shares=reference_shares(task, self._sample.references, self._start),
            bound=float(np.linalg.norm(self._end - self._start - vectors.sum(0))),
            deviations=deviations.astype(vectors_dtype(task)),
            steps=rounds * len(self._sample.references),
            evaluations=len(self._sample.references) + 1,
            converged=settled,
            message=too_few_steps(self, rounds) if last and not settled else "",
            progress=1.0 if last else rounds / self.most_rounds,
        )

    def _settled(self, vectors: np.ndarray, deviations: np.ndarray) -> bool:
        """Whether the effects on the text's own embedding are within the corpus's error."""
        direction = self._end / max(float(np.linalg.norm(self._end)), 1e-12)
        error = np.sqrt(((deviations @ direction) ** 2).sum(0)).max()
        return bool(error <= self.corpus.error * np.abs(vectors @ direction).max())


def vectors_dtype(task: Task) -> type[np.floating]:
    """float64 where that was asked for, else float32."""
    return np.float64 if task.precision == "float64" else np.float32


def grow_alone(solver: CorpusSolver, monitor: Monitor) -> Iterator[SentenceContributions]:
    """Refine one side until its effects on its own embedding are within the corpus's error."""
    for rounds in range(solver.enough.get("alone", MIN_ROUNDS), solver.most_rounds + 1):
        result = solver.result(rounds, monitor)
        monitor.report(result.progress)
        yield result
        if result.progress == 1.0:
            solver.enough["alone"] = rounds
            return


def grow_together(
    a: CorpusSolver, b: CorpusSolver, similarity: str, monitor: Monitor
) -> Iterator[PairAttribution]:
    """Refine both sides until the pair's largest standard error is within the corpus's error."""
    most = a.most_rounds
    partner = (b.task.key, similarity)
    for rounds in range(a.enough.get(partner, MIN_ROUNDS), most + 1):
        sides = (a.result(rounds, monitor), b.result(rounds, monitor))
        pair = PairAttribution.from_contributions(*sides, similarity)
        assert pair.standard_error is not None
        largest = float(np.abs(pair.matrix).max())
        settled = float(pair.standard_error.max()) <= a.corpus.error * largest
        last = settled or rounds == most
        progress = 1.0 if last else rounds / most
        monitor.report(progress)
        message = too_few_steps(a, rounds) if last and not settled else ""
        yield replace(pair, converged=settled, message=message, progress=progress)
        if last:
            a.enough[partner] = rounds
            return


def too_few_steps(solver: CorpusSolver, rounds: int) -> str:
    """Why a corpus result is not converged, and what to try."""
    steps = rounds * solver.corpus.references
    return (
        f"Not converged: after {steps} steps a side the largest standard error is above "
        f"{solver.corpus.error:.0%} of the largest cell. Try "
        f"Adaptive(max_steps={4 * solver.rule.max_steps}), or Corpus(error=...) with a larger "
        "error."
    )
