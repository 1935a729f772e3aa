"""Contributions of many texts: those of equal length share their passes through the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from siamviz.baselines import references_of
from siamviz.contributions import SentenceContributions
from siamviz.corpus import Corpus
from siamviz.errors import CancelledError, ReproductionError, SiamvizError
from siamviz.integral import Integral
from siamviz.jacobian import Path, jacobian_products
from siamviz.monitor import Monitor
from siamviz.opened import EmbeddingFunction, EncodedText, OpenedTexts, TextBatch
from siamviz.quadrature import DEFAULT_STEPS, FixedRule
from siamviz.solver import Task, assemble, fixed_nodes, split_reference
from siamviz.threads import Compute, batches_in_threads

O = TypeVar("O")  # noqa: E741
Solved = SentenceContributions | SiamvizError
TEXTS_AT_ONCE = 16
"""Texts of one batch: enough to fill every pass, few enough to hand over results soon."""


def solve_many(
    tasks: Sequence[Task],
    monitor: Monitor,
    alone: Callable[[Task, Monitor], SentenceContributions],
) -> Iterator[tuple[int, Solved]]:
    """The contributions of each task, or the error that it ends with, as they are finished.

    Texts of equal length that ask for the same go through the model together where their rule is
    fixed; the results are those of `siamviz.solver.solve`, up to rounding.

    Parameters
    ----------
    tasks : sequence of Task
    monitor : Monitor
    alone : callable
        Solves a task that cannot share its passes: one to a tolerance, or of a corpus.

    Yields
    ------
    (int, SentenceContributions or SiamvizError)
        The place of a task, and its result; each place once, in the order of finishing.

    Raises
    ------
    CancelledError
        Between two chunks of work.
    """
    whole = sum(map(_work, tasks))
    for places in _batches(tasks):
        members = [tasks[place] for place in places]
        part = monitor.share(sum(map(_work, members)) / whole)
        yield from zip(places, _solve_batch(members, part, alone), strict=True)
        part.report(1.0)


def _work(task: Task) -> float:
    """The cost of a task in products of a token with a tangent, about."""
    tokens, tangents = len(task.encoded.tokens), len(task.tokens)
    steps = task.rule.steps if isinstance(task.rule, FixedRule) else DEFAULT_STEPS
    return tokens * (tangents + 1) * steps


def _batches(tasks: Sequence[Task]) -> list[list[int]]:
    """Places of tasks that can be solved together."""
    kinds: dict[Any, list[int]] = {}
    for place, task in enumerate(tasks):
        kinds.setdefault(_kind(task) if _can_share(task) else place, []).append(place)
    return [
        places[first : first + TEXTS_AT_ONCE]
        for places in kinds.values()
        for first in range(0, len(places), TEXTS_AT_ONCE)
    ]


def _can_share(task: Task) -> bool:
    """Whether the task's nodes are known beforehand, and its references few."""
    return isinstance(task.rule, FixedRule) and not isinstance(task.baseline, Corpus)


def _kind(task: Task) -> tuple[Any, ...]:
    """Tasks of one kind differ in their token ids only."""
    return (
        id(task.encoder), task.encoded.kind, task.layer, task.baseline.key, task.rule,
        task.precision, task.mode, task.groups.shape, task.groups.tobytes(),
    )  # fmt: skip


def _solve_batch(
    tasks: Sequence[Task], monitor: Monitor, alone: Callable[[Task, Monitor], SentenceContributions]
) -> Sequence[Solved]:
    try:
        if _can_share(tasks[0]):
            return _Batch(tasks, monitor).solve()
        return [alone(tasks[0], monitor)]
    except CancelledError:
        raise
    except SiamvizError as error:
        if len(tasks) == 1:
            return [error]
    return [solved for task in tasks for solved in _solve_batch([task], monitor, alone)]


@dataclass(frozen=True, eq=False)
class _Start:
    """One reference of a text: r (1, S, H), F(r), and the last states (S, H) where they count."""

    states: Tensor
    embedding: np.ndarray
    outputs: np.ndarray | None


@dataclass(frozen=True, eq=False)
class _Text:
    """One text of a batch: its row, x (1, S, H), F(x), and the norm that divides it."""

    row: int
    end: Tensor
    embedding: np.ndarray
    scale: float
    starts: Sequence[_Start]


class _Batch:
    """Tasks of one kind, solved together; a task that fails does so alone."""

    def __init__(self, tasks: Sequence[Task], monitor: Monitor) -> None:
        self._tasks, self._monitor, self._first = tasks, monitor, tasks[0]
        self._encoder, self._layer, self._dtype = tasks[0].encoder, tasks[0].layer, tasks[0].dtype
        self._inputs = TextBatch.of([task.encoded for task in tasks])

    def solve(self) -> list[Solved]:
        """The result or the error of each task."""
        opened = dict(self._over(len(self._tasks), 0, self._open, self._monitor))
        texts = [opened[row] for row in range(len(self._tasks))]
        lines = [(text, r) for text in texts if isinstance(text, _Text) for r in text.starts]
        integrals = iter(self._integrals(lines))
        return [
            text
            if isinstance(text, SiamvizError)
            else self._result(text, [next(integrals) for _ in text.starts])
            for text in texts
        ]

    def _over(
        self,
        count: int,
        tangents: int,
        compute: Compute[Sequence[O]],
        monitor: Monitor,
    ) -> Iterator[O]:
        """What `compute` gives for `count` states in batches that fit the memory."""
        threads = self._encoder.copies(self._dtype)
        function = self._function([0])
        for part in batches_in_threads(function, tangents, count, monitor, threads, compute):
            yield from part

    def _function(self, rows: Sequence[int], copy: int = 0) -> EmbeddingFunction:
        inputs = self._inputs.take(torch.tensor(rows))
        return self._encoder.function(inputs, self._layer, self._dtype, copy)

    def _open(self, copy: int, batch: slice, _: Monitor) -> list[tuple[int, _Text | SiamvizError]]:
        rows = range(len(self._tasks))[batch]
        texts = [self._tasks[row].encoded for row in rows]
        opened, outputs = self._embed_texts(texts, torch.float32, copy)
        proof = outputs
        if self._dtype != torch.float32:
            opened, outputs = self._embed_texts(texts, self._dtype, copy)
        starts = self._starts(rows, texts, opened, copy)
        ends = zip(_rows(opened.states), _numbers(outputs["sentence_embedding"]), strict=True)
        found: list[tuple[int, _Text | SiamvizError]] = []
        for k, (row, end) in enumerate(zip(rows, ends, strict=True)):
            try:
                scale = self._encoder.check_outputs(texts[k], self._layer, proof, k)
            except ReproductionError as error:
                found.append((row, error))
            else:
                found.append((row, _Text(row, *end, scale, [start[k] for start in starts])))
        return found

    def _embed_texts(
        self, texts: Sequence[EncodedText], dtype: torch.dtype, copy: int
    ) -> tuple[OpenedTexts, dict[str, Any]]:
        """The texts at the layer, and what the model gives for them."""
        opened = self._encoder.opened(dtype, copy).open(texts, self._layer)
        function = self._encoder.function(opened.inputs, self._layer, dtype, copy)
        with torch.no_grad():
            return opened, function.outputs(opened.states)

    def _starts(
        self, rows: Sequence[int], texts: Sequence[EncodedText], opened: OpenedTexts, copy: int
    ) -> list[list[_Start]]:
        """For each reference, where the paths of all texts begin."""
        function = self._function(rows, copy)
        found: list[list[_Start]] = []
        for states in references_of(self._first.baseline, self._encoder, texts, opened):
            with torch.no_grad():
                out = function.outputs(function.cast(states))
            last = [None] * len(rows)
            if self._encoder.mean_pooled:
                last = list(_numbers(out["token_embeddings"]))
            parts = zip(_rows(states), _numbers(out["sentence_embedding"]), last, strict=True)
            found.append([_Start(*part) for part in parts])
        return found

    def _integrals(self, lines: Sequence[tuple[_Text, _Start]]) -> list[Integral]:
        """One integral a line; lines on which the same tokens move are taken together."""
        function = self._function([0])
        moving: dict[bytes, list[int]] = {}
        for k, (text, start) in enumerate(lines):
            delta = function.cast(text.end - start.states)
            moving.setdefault((delta != 0).any(-1).cpu().numpy().tobytes(), []).append(k)
        found: dict[int, Integral] = {}
        for places in moving.values():
            part = self._monitor.share(len(places) / len(lines))
            integrals = self._integrate([lines[k] for k in places], part)
            found.update(zip(places, integrals, strict=True))
        return [found[k] for k in range(len(lines))]

    def _integrate(self, lines: Sequence[tuple[_Text, _Start]], monitor: Monitor) -> list[Integral]:
        first = self._first
        nodes = fixed_nodes(first, cast("FixedRule", first.rule))
        owner, node = np.divmod(np.arange(len(lines) * len(nodes)), len(nodes))

        def products(copy: int, batch: slice, part: Monitor) -> list[tuple[int, int, np.ndarray]]:
            chosen = [lines[k] for k in owner[batch]]
            path = Path(
                self._function([text.row for text, _ in chosen], copy),
                torch.cat([start.states for _, start in chosen]),
                torch.cat([text.end for text, _ in chosen]),
                first.groups,
                first.precision == "bfloat16",
                first.mode,
            )
            states = path.points(nodes.points[node[batch]])
            values = jacobian_products(path, states, path.delta, part.memory, part.check)
            return list(zip(owner[batch], node[batch], values, strict=True))

        size = (len(lines), len(first.groups), len(lines[0][0].embedding))
        vectors, coarse = np.zeros(size), np.zeros(size)
        lower = nodes.embedded_weights()
        found = self._over(len(node), len(first.groups), products, monitor)
        for done, (k, t, value) in enumerate(found, 1):
            vectors[k] += nodes.weights[t] * value
            if lower is not None:
                coarse[k] += lower[t] * value
            monitor.report(done / len(node))
        return [
            _integral(*line, vectors[k], None if lower is None else coarse[k], len(nodes))
            for k, line in enumerate(lines)
        ]

    def _result(self, text: _Text, integrals: Sequence[Integral]) -> SentenceContributions:
        task = self._tasks[text.row]
        reference = np.mean([start.embedding for start in text.starts], axis=0)
        outputs = [start.outputs for start in text.starts if start.outputs is not None]
        pooled = np.mean(outputs, axis=0) if outputs else None
        shares = split_reference(task, pooled, reference)
        return assemble(task, integrals, shares, scale=text.scale)


def _integral(
    text: _Text, start: _Start, vectors: np.ndarray, coarse: np.ndarray | None, steps: int
) -> Integral:
    bound = float(np.linalg.norm(text.embedding - start.embedding - vectors.sum(0)))
    return Integral(vectors, coarse, start.embedding, text.embedding, bound, steps, 2)


def _rows(states: Tensor) -> Sequence[Tensor]:
    return states.cpu().double().split(1)


def _numbers(values: Tensor) -> np.ndarray:
    return values.cpu().double().numpy()
