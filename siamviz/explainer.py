"""`Explainer`: texts in, attributions out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from siamviz import models
from siamviz.attribution import PairAttribution
from siamviz.baselines import parse_baseline
from siamviz.comparison import BaselineRow, ConvergenceRow, Table
from siamviz.contributions import ContributionCache, SentenceContributions
from siamviz.corpus import Corpus
from siamviz.deletion import DeletionEffects
from siamviz.direction import DirectionAttribution
from siamviz.encoder import EncodedText, Encoder
from siamviz.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    NotConvergedError,
    check_choice,
)
from siamviz.grid import PairGrid
from siamviz.monitor import Monitor, Progress
from siamviz.profiles import ProfileStore
from siamviz.quadrature import Adaptive, Calibrated, Rule, parse_rule
from siamviz.solver import PRECISIONS, CorpusSolver, Side, Task, solve
from siamviz.terms import SIMILARITIES

Cancel = threading.Event | Callable[[], bool] | None
MODES = ("auto", "forward", "reverse")


class Explainer:
    """Explains why a sentence encoder finds two texts similar.

    Parameters
    ----------
    model : str, Path or SentenceTransformer
        A name, a folder, or a loaded model, which is never changed.
    device : str, optional
        Where to compute, such as "cuda"; default: where the model is.
    cache_bytes : int
        Bytes of contributions to keep in memory.
    memory : int
        Bytes that one batch of Jacobians may take.

    Raises
    ------
    ModelNotFoundError, UnsupportedModelError, NonFiniteError, ArgumentTypeError

    Examples
    --------
    >>> explainer = Explainer("all-MiniLM-L6-v2")
    >>> pair = explainer.explain("A cat sleeps.", "The kitten naps.")
    >>> abs(pair.ledger.imbalance) < 1e-5
    True
    """

    def __init__(
        self,
        model: Any = models.DEFAULT_MODEL,
        device: str | None = None,
        *,
        cache_bytes: int = 256 * 2**20,
        memory: int = 256 * 2**20,
    ) -> None:
        named = isinstance(model, str | Path)
        loaded = models.load(str(model), device) if named else model
        self._encoder = Encoder(loaded, device)
        self._memory = memory
        self._cache: ContributionCache[Any] = ContributionCache(cache_bytes)
        self._texts: ContributionCache[EncodedText] = ContributionCache(cache_bytes // 8)
        self._profiles = ProfileStore()
        self.name = str(model) if named else _model_name(loaded)

    @property
    def model(self) -> Any:
        """The user's own model."""
        return self._encoder.model

    @property
    def cache(self) -> ContributionCache[Any]:
        """Results kept in memory, least recently used dropped first."""
        return self._cache

    def explain(
        self,
        text_a: str,
        text_b: str,
        *,
        similarity: str | None = None,
        strict: bool = False,
        progress: Progress | None = None,
        cancel: Cancel = None,
        prompt_a: str | None = None,
        prompt_b: str | None = None,
        task_a: str | None = None,
        task_b: str | None = None,
        **options: Any,
    ) -> PairAttribution:
        """Attribute the similarity of two texts to pairs of their tokens.

        Parameters
        ----------
        text_a, text_b : str
        similarity : {"cosine", "dot"}, optional
            Default: the model's own.
        strict : bool
            Raise instead of returning a result that did not reach its tolerance.
        progress : callable, optional
            Called with the fraction done, 0 to 1.
        cancel : threading.Event or callable, optional
            Set, or returning True, stops within one batch of nodes.
        prompt_a, prompt_b : str, optional
            Text put before each sentence, as in ``model.encode(prompt=...)``.
        task_a, task_b : {"query", "document"}, optional
            Encode like ``model.encode_query`` or ``model.encode_document``.
        **options
            `layer`, `baseline`, `quadrature`, `steps`, `precision`, `unit` and `mode`; see
            `contributions`. A tuple of two baselines gives each side its own.

        Returns
        -------
        PairAttribution

        Raises
        ------
        InvalidArgumentError, ArgumentTypeError, InvalidTextError
            For input that makes no sense; the message says what to do.
        NotConvergedError
            Only with ``strict=True``.
        CancelledError, OutOfMemoryError, ReproductionError, NonFiniteError
        """
        monitor = Monitor(cancel, progress, self._memory)
        pair = None
        for pair in self._iterate(
            text_a, text_b, similarity, monitor, (prompt_a, prompt_b), (task_a, task_b), options
        ):
            pass
        assert pair is not None
        _require_convergence(pair, strict)
        monitor.report(1.0)
        return pair

    def explain_iter(
        self,
        text_a: str,
        text_b: str,
        *,
        similarity: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
        prompt_a: str | None = None,
        prompt_b: str | None = None,
        task_a: str | None = None,
        task_b: str | None = None,
        **options: Any,
    ) -> Iterator[PairAttribution]:
        """Yield ever better attributions of the pair; the last one is what `explain` returns.

        Takes what `explain` takes. A partial result has `progress` below 1 and its own residual.
        """
        monitor = Monitor(cancel, progress, self._memory)
        yield from self._iterate(
            text_a, text_b, similarity, monitor, (prompt_a, prompt_b), (task_a, task_b), options
        )

    def contributions(
        self,
        text: str,
        *,
        layer: int = 0,
        baseline: Any = "pad",
        quadrature: Rule | str | None = None,
        steps: int | None = None,
        precision: str = "auto",
        unit: Any = "token",
        side: str = "a",
        mode: str = "auto",
        strict: bool = False,
        prompt: str | None = None,
        task: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
    ) -> SentenceContributions:
        """Integrated-Jacobian contributions of one text's tokens to its embedding.

        Parameters
        ----------
        text : str
        layer : int
            0 is the input of the first encoder layer, L (or −1) the output of the last.
        baseline : str, text, array, Corpus or list
            "pad" (the paper's), "pad-shifted" (its published code's position ids), "mask",
            "unk", "zero", "mean", "corpus"; a text; hidden states (S, H) or (H,); a list of
            these, averaged.
        quadrature : rule or str, optional
            Default: ``Adaptive(1e-2)``.
        steps : int, optional
            Nodes of a rule given by name.
        precision : {"auto", "float32", "float64", "bfloat16"}
            "auto" is float32 with float64 where float32 cannot resolve the path; "bfloat16" is a
            preview whose residual tells its error.
        unit : {"token", "word", "sentence"} or spans
            Larger units are computed directly, at one tangent a unit.
        side : {"a", "b"}
            Which half of a corpus the references come from.
        mode : {"auto", "forward", "reverse"}
            How Jacobian products are taken; "auto" counts the costs.
        strict : bool
            Raise `NotConvergedError` instead of returning a result short of its tolerance.
        prompt, task : str, optional
            As in ``model.encode``; task is "query" or "document".

        Returns
        -------
        SentenceContributions
        """
        check_choice("side", side, ("a", "b"))
        monitor = Monitor(cancel, progress, self._memory)
        made = self._task(
            text, cast(Side, side), prompt, task, layer=layer, baseline=baseline,
            quadrature=quadrature, steps=steps, precision=precision, unit=unit, mode=mode,
        )  # fmt: skip
        result = self._complete(made, monitor)
        _require_convergence(result, strict)
        return result

    def explain_many(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        similarity: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
        **options: Any,
    ) -> list[PairAttribution]:
        """Explain many pairs; each distinct text (on each side of a corpus) is computed once.

        Parameters
        ----------
        pairs : sequence of (str, str)
        **options
            As in `explain`.

        Returns
        -------
        list of PairAttribution, in the order of `pairs`
        """
        checked = [_checked_pair(pair, i) for i, pair in enumerate(pairs)]
        if not checked:
            return []
        similarity = self._similarity(similarity)
        a, b = zip(*checked, strict=True)
        of_a, of_b = self._sides(a, b, progress, cancel, options)
        return [
            PairAttribution.from_contributions(of_a[one], of_b[two], similarity)
            for one, two in checked
        ]

    def pairwise(
        self,
        texts_a: Sequence[str],
        texts_b: Sequence[str] | None = None,
        *,
        similarity: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
        **options: Any,
    ) -> PairGrid:
        """Every text of `texts_a` with every text of `texts_b` (default: the same texts).

        Returns
        -------
        PairGrid
            Indexed ``grid[i, j]``; all matrices come from one product.
        """
        texts_b = texts_a if texts_b is None else texts_b
        if isinstance(texts_a, str) or isinstance(texts_b, str):
            raise ArgumentTypeError("pairwise takes two sequences of texts, got a single str.")
        if not texts_a or not texts_b:
            raise InvalidArgumentError("pairwise needs at least one text on each side.")
        of_a, of_b = self._sides(texts_a, texts_b, progress, cancel, options)
        a, b = [of_a[text] for text in texts_a], [of_b[text] for text in texts_b]
        return PairGrid(a, b, self._similarity(similarity))

    def toward(
        self, text: str, direction: Any, *, similarity: str | None = None, **options: Any
    ) -> DirectionAttribution:
        """Explain a text's similarity with any direction (D,) in embedding space.

        Takes what `contributions` takes.
        """
        found = self.contributions(text, **options)
        return DirectionAttribution.from_contributions(
            found, direction, self._similarity(similarity)
        )

    def deletion(
        self,
        text_a: str,
        text_b: str,
        *,
        similarity: str | None = None,
        prompt_a: str | None = None,
        prompt_b: str | None = None,
        task_a: str | None = None,
        task_b: str | None = None,
    ) -> DeletionEffects:
        """Mixed deletion differences of the pair: an independent check, in S_a + S_b embeddings.

        M_ij = (e_a − e_a without token i) · (e_b − e_b without token j) / n.
        """
        similarity = self._similarity(similarity)
        sides = []
        for text, prompt, task in ((text_a, prompt_a, task_a), (text_b, prompt_b, task_b)):
            encoded = self._encode(text, prompt, task)
            whole = self._encoder.run().embed_features(encoded.features, encoded.task)[0]
            changes = whole - self._encoder.embed_without(encoded)
            norm = float(np.linalg.norm(whole))
            n = norm if similarity == "cosine" or self._encoder.normalized else 1.0
            sides.append((encoded, changes / n))
        (a, changes_a), (b, changes_b) = sides
        x, y = a.encoded.astype(float), b.encoded.astype(float)
        n = np.linalg.norm(x) * np.linalg.norm(y) if similarity == "cosine" else 1.0
        return DeletionEffects(
            text_a,
            text_b,
            a.tokens,
            b.tokens,
            changes_a @ changes_b.T,
            float(x @ y / n),
            similarity,
        )

    def compare_baselines(
        self,
        text_a: str,
        text_b: str,
        baselines: Sequence[Any] = ("pad", "mask", "unk", "zero", "mean", "corpus"),
        **options: Any,
    ) -> Table:
        """Ledger, residual, steps and seconds of the pair under each baseline.

        A baseline that the tokenizer does not support becomes a row with its `error`.
        """
        rows = []
        for baseline in baselines:
            label = parse_baseline(baseline).label
            began = time.perf_counter()
            try:
                pair = self.explain(text_a, text_b, baseline=baseline, **options)
            except InvalidArgumentError as error:
                if "tokenizer has no" not in str(error):
                    raise
                rows.append(BaselineRow(label, error=str(error)))
                continue
            share = pair.ledger.pairs / pair.score if pair.score else None
            rows.append(
                BaselineRow(
                    label,
                    pair.ledger,
                    share,
                    pair.relative_residual,
                    pair.converged,
                    pair.steps,
                    time.perf_counter() - began,
                )  # fmt: skip
            )
        return Table(tuple(rows))

    def convergence(
        self,
        text_a: str,
        text_b: str,
        steps: Sequence[int] = (4, 8, 12, 16, 24, 32),
        rules: Sequence[str] = ("calibrated", "gauss-legendre", "right-riemann"),
        **options: Any,
    ) -> Table:
        """Residual and largest change of a cell against the number of steps, for each rule."""
        if not steps:
            raise InvalidArgumentError("steps is empty. Give at least one number of steps.")
        rows = []
        for name in rules:
            before = None
            for count in steps:
                began = time.perf_counter()
                rule = parse_rule(name, count)
                pair = self.explain(text_a, text_b, quadrature=rule, **options)
                change = None if before is None else float(np.abs(pair.matrix - before).max())
                before = pair.matrix
                rows.append(
                    ConvergenceRow(
                        name,
                        pair.steps,
                        pair.relative_residual,
                        abs(pair.residual),
                        change,
                        time.perf_counter() - began,
                    )  # fmt: skip
                )
        return Table(tuple(rows))

    def _similarity(self, similarity: str | None) -> str:
        asked = self._encoder.similarity if similarity is None else similarity
        if asked in ("euclidean", "manhattan"):
            raise InvalidArgumentError(
                f"{asked.capitalize()} similarity is not a product of two embeddings, so it has no "
                "token pairs to attribute to. Use similarity='cosine' or 'dot'."
            )
        return check_choice("Similarity", asked, SIMILARITIES)

    def _encode(self, text: str, prompt: str | None, task: str | None) -> EncodedText:
        key = (self._encoder.fingerprint(), text, prompt, task)
        found = self._texts.get(key) if isinstance(text, str) else None
        if found is None:
            found = self._encoder.encode(text, prompt, task)
            self._texts.put(key, found)
        return found

    def _task(
        self,
        text: str,
        side: Side,
        prompt: str | None,
        task: str | None,
        *,
        layer: int = 0,
        baseline: Any = "pad",
        quadrature: Rule | str | None = None,
        steps: int | None = None,
        precision: str = "auto",
        unit: Any = "token",
        mode: str = "auto",
    ) -> Task:
        check_choice("precision", precision, PRECISIONS)
        check_choice("mode", mode, MODES)
        if quadrature is None:
            quadrature = Adaptive() if steps is None else Calibrated(steps)
            steps = None
        rule = parse_rule(quadrature, steps)
        parsed = parse_baseline(_of_side(baseline, side))
        encoded = self._encode(text, prompt, task)
        index = self._encoder.layer_index(encoded, layer)
        return Task(
            self._encoder, encoded, index, parsed, rule, precision, _of_side(unit, side), side,
            self.name, self._profiles, mode,
        )  # fmt: skip

    def _complete(self, task: Task, monitor: Monitor) -> SentenceContributions:
        result = None
        for result in self._solutions(task, monitor):
            pass
        assert result is not None
        monitor.report(1.0)
        return result

    def _solutions(self, task: Task, monitor: Monitor) -> Iterator[SentenceContributions]:
        if task.samples_corpus:
            yield from _grow_alone(self._corpus_solver(task, monitor), monitor)
            return
        known = self._cache.get(task.key)
        if known is not None:
            yield known
            return
        result = None
        for result in solve(task, monitor):
            yield result
        assert result is not None
        self._cache.put(task.key, result)

    def _corpus_solver(self, task: Task, monitor: Monitor) -> CorpusSolver:
        solver = self._cache.get(task.key)
        if solver is None:
            monitor.check()
            solver = CorpusSolver(task, monitor)
            self._cache.put(task.key, solver)
        return solver

    def _iterate(
        self,
        text_a: str,
        text_b: str,
        similarity: str | None,
        monitor: Monitor,
        prompts: tuple[str | None, str | None],
        tasks: tuple[str | None, str | None],
        options: dict[str, Any],
    ) -> Iterator[PairAttribution]:
        similarity = self._similarity(similarity)
        a = self._task(text_a, "a", prompts[0], tasks[0], **options)
        b = self._task(text_b, "b", prompts[1], tasks[1], **options)
        if a.samples_corpus:
            solvers = (
                self._corpus_solver(a, monitor.part(0, 10)),
                self._corpus_solver(b, monitor.part(1, 10)),
            )
            yield from _grow_together(*solvers, similarity, monitor)
            return
        streams = [self._solutions(a, monitor.part(0, 2)), self._solutions(b, monitor.part(1, 2))]
        for one, two in _alternate(*streams):
            yield PairAttribution.from_contributions(one, two, similarity)

    def _sides(
        self,
        texts_a: Sequence[str],
        texts_b: Sequence[str],
        progress: Progress | None,
        cancel: Cancel,
        options: dict[str, Any],
    ) -> tuple[dict[str, SentenceContributions], dict[str, SentenceContributions]]:
        """Contributions of each distinct text of either side."""
        sided = isinstance(parse_baseline(_of_side(options.get("baseline", "pad"), "a")), Corpus)
        per_side = sided or isinstance(options.get("baseline"), tuple)
        wanted = [("a", text) for text in dict.fromkeys(texts_a)]
        wanted += [
            ("b", text) for text in dict.fromkeys(texts_b) if per_side or text not in set(texts_a)
        ]
        monitor = Monitor(cancel, progress, self._memory)
        found: dict[tuple[str, str], SentenceContributions] = {}
        for index, (side, text) in enumerate(wanted):
            task = self._task(text, cast(Side, side), None, None, **options)
            found[side, text] = self._complete(task, monitor.part(index, len(wanted)))
        of_a = {text: found["a", text] for text in texts_a}
        of_b = {t: found["b", t] if ("b", t) in found else found["a", t] for t in texts_b}
        return of_a, of_b


def _grow_alone(solver: CorpusSolver, monitor: Monitor) -> Iterator[SentenceContributions]:
    while True:
        if solver.ready:
            result = solver.result()
            if result.converged or solver.exhausted:
                yield result
                return
            yield result
        elif solver.exhausted:
            yield solver.result(False, _too_few_steps(solver))
            return
        solver.grow(monitor)
        monitor.report(0.1 + 0.8 * solver.sample.steps / solver.rule.max_steps)


def _grow_together(
    a: CorpusSolver, b: CorpusSolver, similarity: str, monitor: Monitor
) -> Iterator[PairAttribution]:
    """Refine both sides in turn until the largest standard error is small enough."""
    while True:
        for solver in (a, b):
            while not solver.sample.rounds or not (solver.ready or solver.exhausted):
                solver.grow(monitor)
        pair = PairAttribution.from_contributions(a.result(False), b.result(False), similarity)
        largest = float(np.abs(pair.matrix).max())
        error = None if pair.standard_error is None else float(pair.standard_error.max())
        settled = error is not None and error <= a.corpus.error * largest
        exhausted = a.exhausted and b.exhausted
        done = settled or exhausted
        message = pair.message
        if not settled and exhausted:
            message = f"{message} {_too_few_steps(a)}".strip()
        progress = 1.0 if done else min(0.9, max(a.sample.steps, b.sample.steps) / a.rule.max_steps)
        monitor.report(0.2 + 0.8 * progress)
        yield replace(pair, converged=settled, message=message, progress=progress)
        if done:
            return
        for solver in (a, b):
            if not solver.exhausted:
                solver.grow(monitor)


def _too_few_steps(solver: CorpusSolver) -> str:
    return (
        f"Not converged: after {solver.sample.steps} steps a side the largest standard error is "
        f"above {solver.corpus.error:.0%} of the largest cell. Try "
        f"Adaptive(max_steps={4 * solver.rule.max_steps}), or Corpus(error=...) with a larger error."
    )


def _alternate(
    a: Iterator[SentenceContributions], b: Iterator[SentenceContributions]
) -> Iterator[tuple[SentenceContributions, SentenceContributions]]:
    """Advance two streams in turn and pair their latest results."""
    one, two = next(a), next(b)
    yield one, two
    streams = [a, b]
    while streams:
        for stream in list(streams):
            latest = next(stream, None)
            if latest is None:
                streams.remove(stream)
                continue
            one, two = (latest, two) if stream is a else (one, latest)
            yield one, two


def _require_convergence(result: PairAttribution | SentenceContributions, strict: bool) -> None:
    if strict and result.converged is False:
        raise NotConvergedError(result.message or "The result did not converge.")


def _of_side(value: Any, side: str) -> Any:
    """One side's value where a tuple of two gives each side its own."""
    if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[0], int):
        return value[0 if side == "a" else 1]
    return value


def _checked_pair(pair: Any, index: int) -> tuple[str, str]:
    if isinstance(pair, str) or len(pair) != 2:
        raise ArgumentTypeError(f"Pair {index} must be two texts, got {pair!r:.80}.")
    return pair[0], pair[1]


def _model_name(model: Any) -> str:
    card = getattr(model, "model_card_data", None)
    name = getattr(card, "base_model", None) or getattr(card, "model_id", None)
    return str(name or type(model).__name__)
