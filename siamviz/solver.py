"""Contributions of one encoded text: baseline, path, rule and precision put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from siamviz import units
from siamviz.adaptive import FIRST_STEPS, integrate_adaptively
from siamviz.baselines import Baseline, NamedBaseline, TensorBaseline, reference_states
from siamviz.contributions import SentenceContributions, Settings, Token
from siamviz.corpus import Corpus, packaged_sentences
from siamviz.encoder import Encoder
from siamviz.errors import InvalidTextError
from siamviz.integral import Integral, integrate, path_size
from siamviz.jacobian import Path
from siamviz.monitor import Monitor
from siamviz.nodes import Nodes
from siamviz.opened import EncodedText
from siamviz.profiles import SCAN_POINTS, SCAN_TEXTS, ProfileStore
from siamviz.quadrature import Adaptive, Calibrated, FixedRule, Rule
from siamviz.speed import SpeedProfile

Side = Literal["a", "b"]
PRECISIONS = ("auto", "float32", "float64", "bfloat16")
_REVISION = 12
"""Digits of a weights' hash that tell models apart."""


@dataclass(frozen=True, eq=False)
class Task:
    """Everything that the contributions of one text depend on."""

    encoder: Encoder
    encoded: EncodedText
    layer: int
    baseline: Baseline
    rule: Rule
    precision: str
    unit: Any
    side: Side
    model_name: str
    profiles: ProfileStore
    mode: str = "auto"

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Equal keys mean equal results."""
        sided = self.side if isinstance(self.baseline, Corpus) else ""
        unit = self.unit if isinstance(self.unit, str) else self._units
        return (
            self.encoder.fingerprint(), self.encoded.text, self.encoded.prompt, self.encoded.task,
            self.layer, self.baseline.key, self.rule, self.precision, unit, sided, self.mode,
        )  # fmt: skip

    @property
    def dtype(self) -> torch.dtype:
        """The working precision of the embedding function."""
        return torch.float64 if self.precision == "float64" else torch.float32

    @property
    def is_exact(self) -> bool:
        """Whether e0 is 0 because the model subtracts the reference; F(r) has rounding beside."""
        return self.encoder.shift is not None and self.baseline == NamedBaseline("pad")

    @property
    def samples_corpus(self) -> bool:
        """Whether nodes are drawn at random over the references of a corpus."""
        return isinstance(self.baseline, Corpus) and isinstance(self.rule, Adaptive)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens, or the units that are asked for directly."""
        return tuple(unit.token for unit in self._units)

    @cached_property
    def groups(self) -> np.ndarray:
        """(A, S) booleans: which tokens move together."""
        return units.membership(self._units, len(self.encoded.tokens)).astype(bool)

    @cached_property
    def _units(self) -> tuple[units.Unit, ...]:
        return units.group(self.encoded.text, self.encoded.tokens, self.unit)

    @cached_property
    def end(self) -> Tensor:
        """The text's own states x, (1, S, H) float64 on the CPU, as all ends of paths."""
        return self.encoder.opened(self.dtype).states(self.encoded, self.layer)[0].cpu().double()

    @cached_property
    def scale(self) -> float:
        """The norm that the model divides its embedding by; proves the run on the way."""
        model = self.encoder.opened(torch.float32)
        states, _ = model.states(self.encoded, self.layer)
        function = self.encoder.function(self.encoded, self.layer)
        return self.encoder.check(self.encoded, function, states)

    def path(self, start: Tensor, dtype: torch.dtype | None = None) -> Path:
        """The path from one reference to the text."""
        function = self.encoder.function(self.encoded, self.layer, dtype or self.dtype)
        bfloat16 = self.precision == "bfloat16"
        return Path(function, start, self.end, self.groups, bfloat16, self.mode)

    @cached_property
    def profile(self) -> SpeedProfile | None:
        """Where paths of this model, layer and baseline are fast; None for a given tensor."""
        if isinstance(self.baseline, TensorBaseline) or self.layer == self.encoder.layers(
            self.encoded
        ):
            return None
        parts = (self.encoder.digest(), str(self.layer), self.baseline.key, "2")
        return self.profiles.get(parts, self._measure_speeds)

    def _measure_speeds(self) -> np.ndarray:
        texts = packaged_sentences()[:: max(1, len(packaged_sentences()) // SCAN_TEXTS)][
            :SCAN_TEXTS
        ]
        t = np.linspace(0, 1, SCAN_POINTS)
        speeds = []
        for text in texts:
            try:
                encoded = self.encoder.encode(text, self.encoded.prompt, self.encoded.task)
            except InvalidTextError:
                continue
            scan = replace(self, encoded=encoded, unit="token")
            start = scan.references()[0]
            curve = scan.path(start).embed(t, Monitor())
            speeds.append(np.linalg.norm(np.diff(curve, axis=0), axis=1))
        return np.array(speeds or [[1.0] * (SCAN_POINTS - 1)])

    def references(self) -> list[Tensor]:
        """Hidden states (1, S, H) of each reference, float64."""
        if isinstance(self.baseline, Corpus):
            return list(corpus_states(self, self.baseline).split(1))
        found = reference_states(self.baseline, self.encoder, self.encoded, self.layer, self.dtype)
        return [states.cpu().double() for states in found]


def corpus_states(task: Task, corpus: Corpus) -> Tensor:
    """Hidden states (K, S, H) of the references of one side, float64 on the CPU."""
    encoded, encoder = task.encoded, task.encoder
    model = encoder.opened(task.dtype)
    _, tape = model.states(encoded, task.layer)
    places = encoded.content.nonzero().flatten()
    known = [encoder.content_ids(text) for text in corpus.sentences]
    pool = corpus.pool(task.side, [len(ids) for ids in known], len(places))
    ids = encoded.ids.repeat(len(pool), 1)
    for row, chosen in enumerate(pool):
        joined = [i for sentence in chosen for i in known[sentence]][: len(places)]
        ids[row, places] = torch.tensor(joined, dtype=ids.dtype)
    states = torch.cat(
        [model.states_of_ids(encoded, task.layer, part, tape).cpu() for part in ids.split(32)]
    ).double()
    if len(pool) <= corpus.references:
        return states
    function = encoder.function(encoded, task.layer, task.dtype)
    return states[torch.as_tensor(corpus.choose(function.embed(states)))]


def solve(task: Task, monitor: Monitor) -> Iterator[SentenceContributions]:
    """Ever better contributions of the task's text; the last one is complete.

    For a corpus whose nodes are drawn, use `CorpusSolver`.
    """
    starts = task.references()
    done: list[Integral] = []
    for index, start in enumerate(starts):
        latest = None
        for latest in _integrate(task, start, monitor.part(len(starts))):
            partial = [*done, latest]
            if len(partial) == len(starts) and latest.progress == 1:
                continue
            yield _assemble(task, partial, starts, (index + latest.progress) / len(starts))
        assert latest is not None
        done.append(latest)
    yield _assemble(task, done, starts, 1.0)


def _integrate(task: Task, start: Tensor, monitor: Monitor) -> Iterator[Integral]:
    path, rule = task.path(start), task.rule
    if isinstance(rule, Adaptive):
        if task.precision == "bfloat16":
            rule = Adaptive(rule.tolerance, min(FIRST_STEPS, rule.max_steps))
        double = torch.float64 if task.precision == "auto" else task.dtype
        yield from integrate_adaptively(
            path, lambda: task.path(start, double), rule, task.profile, monitor
        )
        return
    yield from integrate(path, fixed_nodes(task, rule), monitor)


def fixed_nodes(task: Task, rule: FixedRule) -> Nodes:
    """The nodes of a fixed rule on the task's paths."""
    return rule.nodes(task.profile) if isinstance(rule, Calibrated) else rule.nodes()


def _assemble(
    task: Task, integrals: list[Integral], starts: list[Tensor], progress: float
) -> SentenceContributions:
    reference = np.mean([i.start for i in integrals], axis=0)
    shares = reference_shares(task, torch.cat(starts[: len(integrals)]), reference)
    return assemble(task, integrals, shares, progress)


def assemble(
    task: Task,
    integrals: Sequence[Integral],
    shares: np.ndarray,
    progress: float = 1.0,
    scale: float | None = None,
) -> SentenceContributions:
    """The public result of one integral a reference; see `build`."""
    coarse = [i.scaled_coarse for i in integrals]
    known = [vectors for vectors in coarse if vectors is not None]
    verdicts = [i.converged for i in integrals]
    messages = dict.fromkeys(i.message for i in integrals if i.message)
    return build(
        task,
        vectors=np.mean([i.vectors for i in integrals], axis=0),
        coarse=np.mean(known, axis=0) if len(known) == len(integrals) else None,
        embedding=integrals[0].end,
        reference=np.mean([i.start for i in integrals], axis=0),
        shares=shares,
        bound=float(np.mean([i.bound for i in integrals])),
        steps=sum(i.steps for i in integrals),
        evaluations=sum(i.evaluations for i in integrals),
        converged=None if None in verdicts else all(verdicts),
        message=" ".join(messages),
        progress=progress,
        scale=scale,
    )


def build(
    task: Task,
    *,
    vectors: np.ndarray,
    embedding: np.ndarray,
    reference: np.ndarray,
    shares: np.ndarray,
    bound: float,
    coarse: np.ndarray | None = None,
    scale: float | None = None,
    **rest: Any,
) -> SentenceContributions:
    """The public result of integrals given in float64.

    Parameters
    ----------
    shares : (A, D) array
        Each token's share of e0; see `reference_shares`.
    bound : float
        Residual norms summed over subintervals, in embedding units.
    scale : float, optional
        The task's, where it is known already.
    """
    if task.is_exact:
        reference, shares = np.zeros_like(reference), np.zeros_like(shares)
    kind = np.float64 if task.precision == "float64" else np.float32
    result = SentenceContributions(
        text=task.encoded.text,
        tokens=task.tokens,
        vectors=vectors.astype(kind),
        embedding=embedding.astype(kind),
        reference=reference.astype(kind),
        encoded=task.encoded.encoded,
        settings=_settings(task),
        reference_shares=shares.astype(kind),
        relative_residual=0.0,
        residual_bound=0.0,
        scale=task.scale if scale is None else scale,
        coarse=None if coarse is None else coarse.astype(kind),
        side=task.side,
        truncation=task.encoded.truncation,
        **rest,
    )
    size = path_size(reference, embedding)
    residual = float(np.linalg.norm(result.residual_vector)) / size
    message = " ".join(filter(None, (result.message, _layer_note(task))))
    return replace(
        result,
        relative_residual=residual,
        residual_bound=max(bound / size, residual),
        message=message,
    )


def _settings(task: Task) -> Settings:
    return Settings(
        task.model_name, task.layer, task.encoder.layers(task.encoded), task.baseline.label,
        task.rule.name, task.precision, task.unit if isinstance(task.unit, str) else "spans",
        task.encoder.digest()[:_REVISION],
    )  # fmt: skip


def _layer_note(task: Task) -> str:
    if task.layer < task.encoder.layers(task.encoded):
        return ""
    if task.encoder.pooling not in ("cls", "lasttoken"):
        return ""
    where = "first" if task.encoder.pooling == "cls" else "last"
    return (
        f"This model pools the {where} token, so at its last layer everything is on that token; "
        "use a lower layer to see the others."
    )


def reference_shares(task: Task, states: Tensor, reference: np.ndarray) -> np.ndarray:
    """Each token's share (A, D) of e0, for references with the hidden states (K, S, H)."""
    if not task.encoder.mean_pooled:
        return split_reference(task, None, reference)
    function = task.encoder.function(task.encoded, task.layer, task.dtype)
    with torch.no_grad():
        outputs = function.token_outputs(function.cast(states))
    return split_reference(task, outputs.cpu().double().mean(0).numpy(), reference)


def split_reference(task: Task, outputs: np.ndarray | None, reference: np.ndarray) -> np.ndarray:
    """Each token's share (A, D) of e0: its own position's for mean pooling, else equal parts.

    `outputs` (S, H) are the last hidden states of the references, averaged, where pooling is plain.
    """
    count = task.groups.shape[1]
    shares = np.repeat(reference[None] / count, count, axis=0)
    if outputs is not None:
        own = outputs[:, : len(reference)] / count
        error = np.linalg.norm(own.sum(0) - reference)
        if error <= 1e-4 * max(np.linalg.norm(reference), 1e-12):
            shares = own
    return task.groups.astype(np.float64) @ shares
