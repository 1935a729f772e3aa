"""Texts to contributions and pairs, through one cache."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict, TypeVar, cast

from siamviz.attribution import PairAttribution
from siamviz.baselines import Baseline, parse_baseline
from siamviz.batch import Solved, solve_many
from siamviz.contributions import ContributionCache, SentenceContributions
from siamviz.corpus import Corpus
from siamviz.corpus_solver import CorpusSolver, grow_alone, grow_together
from siamviz.deletion import DeletedSide
from siamviz.encoder import Encoder
from siamviz.errors import SiamvizError, check_choice, check_layer
from siamviz.monitor import Monitor
from siamviz.opened import EncodedText
from siamviz.profiles import ProfileStore
from siamviz.quadrature import Adaptive, Calibrated, Rule, parse_rule
from siamviz.solver import PRECISIONS, Side, Task, solve
from siamviz.tokenization import check_text

MODES = ("auto", "forward", "reverse")


class Asked(TypedDict, total=False):
    """The arguments of `Options`, for type checkers and editors."""

    layer: int
    baseline: Any
    quadrature: Rule | str | None
    steps: int | None
    precision: str
    unit: Any
    mode: str


@dataclass(frozen=True, eq=False)
class Options:
    """What a computation can be asked, beside its texts; see `Explainer.contributions`."""

    layer: int = 0
    baseline: Any = "pad"
    quadrature: Rule | str | None = None
    steps: int | None = None
    precision: str = "auto"
    unit: Any = "token"
    mode: str = "auto"

    def __post_init__(self) -> None:
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("mode", self.mode, MODES)

    @property
    def rule(self) -> Rule:
        """The rule asked for: adaptive by default, calibrated where only `steps` are given."""
        if self.quadrature is not None:
            return parse_rule(self.quadrature, self.steps)
        return Adaptive() if self.steps is None else Calibrated(self.steps)

    def baseline_of(self, side: str) -> Baseline:
        """The baseline of one side."""
        return parse_baseline(of_side(self.baseline, side))


OPTION_NAMES = tuple(field.name for field in fields(Options))


class Engine:
    """Computes what an `Explainer` is asked for, each sentence once.

    Parameters
    ----------
    encoder : Encoder
    name : str
        What results call the model.
    cache_bytes : int
        Bytes of contributions to keep in memory.
    """

    def __init__(self, encoder: Encoder, name: str, cache_bytes: int) -> None:
        self.encoder, self.name = encoder, name
        self.cache: ContributionCache[Any] = ContributionCache(cache_bytes)
        self._texts: ContributionCache[EncodedText] = ContributionCache(cache_bytes // 8)
        self._profiles = ProfileStore()

    def encode(self, text: str, prompt: str | None, task: str | None) -> EncodedText:
        """The text as the model sees it, from the cache where it was seen before."""
        (found,) = self.encode_many([text], prompt, task)
        if isinstance(found, SiamvizError):
            raise found
        return found

    def encode_many(
        self, texts: Sequence[str], prompt: str | None, task: str | None
    ) -> list[EncodedText | SiamvizError]:
        """The same for each text, or why it cannot be explained."""
        weights = self.encoder.fingerprint()
        known = [
            self._texts.get((weights, text, prompt, task)) if isinstance(text, str) else None
            for text in texts
        ]
        missing = [place for place, found in enumerate(known) if found is None]
        made = self.encoder.encode_many([texts[place] for place in missing], prompt, task)
        found: list[EncodedText | SiamvizError | None] = list(known)
        for place, text in zip(missing, made, strict=True):
            found[place] = text
            if isinstance(text, EncodedText):
                self._texts.put((weights, text.text, prompt, task), text)
        return cast("list[EncodedText | SiamvizError]", found)

    def deleted(
        self, text: str, prompt: str | None, task: str | None, monitor: Monitor
    ) -> DeletedSide:
        """The text whole and without each of its tokens."""
        encoded = self.encode(text, prompt, task)
        whole = self.encoder.opened().embed_features(encoded.features, encoded.task)[0]
        changes = whole - self.encoder.embed_without(encoded, monitor)
        return DeletedSide(text, encoded.tokens, encoded.encoded, whole, changes)

    def task(
        self, text: str, side: Side, prompt: str | None, task: str | None, **options: Any
    ) -> Task:
        """Check the `Options` of one side and put all it depends on together."""
        return self._task(self.encode(text, prompt, task), side, options)

    def _task(self, encoded: EncodedText, side: Side, options: Mapping[str, Any]) -> Task:
        asked = Options(**options)
        rule, baseline = asked.rule, asked.baseline_of(side)
        layer = check_layer(asked.layer, self.encoder.layers(encoded))
        return Task(
            self.encoder, encoded, layer, baseline, rule, asked.precision,
            of_side(asked.unit, side), side, self.name, self._profiles, asked.mode,
        )  # fmt: skip

    def complete(self, task: Task, monitor: Monitor) -> SentenceContributions:
        """The task's final contributions."""
        result = last(self._solutions(task, monitor))
        monitor.report(1.0)
        return result

    def _solutions(self, task: Task, monitor: Monitor) -> Iterator[SentenceContributions]:
        if task.samples_corpus:
            yield from grow_alone(self._corpus_solver(task, monitor), monitor)
            return
        known = self.cache.get(task.key)
        if known is not None:
            yield known
            return
        result = None
        for result in solve(task, monitor):
            yield result
        assert result is not None
        self.cache.put(task.key, result)

    def _corpus_solver(self, task: Task, monitor: Monitor) -> CorpusSolver:
        solver = self.cache.get(task.key)
        if solver is None:
            monitor.check()
            solver = CorpusSolver(task)
            self.cache.put(task.key, solver)
        return solver

    def pairs(
        self,
        text_a: str,
        text_b: str,
        similarity: str,
        monitor: Monitor,
        prompts: tuple[str | None, str | None],
        tasks: tuple[str | None, str | None],
        options: Mapping[str, Any],
    ) -> Iterator[PairAttribution]:
        """Ever better attributions of one pair."""
        check_text(text_a, "text_a")
        check_text(text_b, "text_b")
        a = self.task(text_a, "a", prompts[0], tasks[0], **options)
        b = self.task(text_b, "b", prompts[1], tasks[1], **options)
        if a.samples_corpus:
            solvers = self._corpus_solver(a, monitor), self._corpus_solver(b, monitor)
            yield from grow_together(*solvers, similarity, monitor)
            return
        streams = [self._solutions(a, monitor.part(2)), self._solutions(b, monitor.part(2))]
        for one, two in _alternate(*streams):
            yield PairAttribution.from_contributions(one, two, similarity)

    def sides(
        self,
        texts_a: Sequence[str],
        texts_b: Sequence[str],
        monitor: Monitor,
        options: Mapping[str, Any],
    ) -> tuple[dict[str, SentenceContributions], dict[str, SentenceContributions]]:
        """Contributions of each distinct text of either side."""
        asked = Options(**options)
        sided = isinstance(asked.baseline_of("a"), Corpus)
        per_side = sided or isinstance(asked.baseline, tuple)
        known = set(texts_a)
        of_b_alone = [text for text in texts_b if per_side or text not in known]
        wanted = [*of_one_side("a", texts_a), *of_one_side("b", of_b_alone)]
        results = self.many(wanted, monitor, None, None, options)
        found = dict(zip(wanted, map(unless_failed, results), strict=True))
        of_a = {text: found["a", text] for text in texts_a}
        of_b = {t: found["b", t] if ("b", t) in found else found["a", t] for t in texts_b}
        return of_a, of_b

    def many(
        self,
        wanted: Sequence[tuple[Side, str]],
        monitor: Monitor,
        prompt: str | None,
        task: str | None,
        options: Mapping[str, Any],
        *,
        keep: bool = False,
    ) -> list[Solved]:
        """The contributions of each text of a side; what is equal is computed once.

        With `keep`, the place of a text that failed holds its error; else the first is raised.
        """
        found: dict[int, Solved] = {}
        encoded: dict[int, EncodedText] = {}
        for place, text in enumerate(self.encode_many([text for _, text in wanted], prompt, task)):
            if isinstance(text, EncodedText):
                encoded[place] = text
            else:
                found[place] = text if keep else unless_failed(text)
        tasks: dict[Any, tuple[Task, list[int]]] = {}
        for place, text in encoded.items():
            made = self._task(text, wanted[place][0], options)
            tasks.setdefault(made.key, (made, []))[1].append(place)
        made, places = zip(*tasks.values(), strict=True) if tasks else ((), ())
        for index, result in self._solve(made, monitor):
            kept = result if keep else unless_failed(result)
            found.update(dict.fromkeys(places[index], kept))
        monitor.report(1.0)
        return [found[place] for place in range(len(wanted))]

    def _solve(self, tasks: Sequence[Task], monitor: Monitor) -> Iterator[tuple[int, Solved]]:
        known = [None if task.samples_corpus else self.cache.get(task.key) for task in tasks]
        missing = [place for place, result in enumerate(known) if result is None]
        yield from ((place, result) for place, result in enumerate(known) if result is not None)
        for index, result in solve_many([tasks[p] for p in missing], monitor, self.complete):
            if not isinstance(result, SiamvizError) and not tasks[missing[index]].samples_corpus:
                self.cache.put(tasks[missing[index]].key, result)
            yield missing[index], result


T = TypeVar("T")


def of_one_side(side: Side, texts: Sequence[str]) -> list[tuple[Side, str]]:
    """Texts as `Engine.many` wants them."""
    return [(side, text) for text in texts]


def unless_failed(result: Solved) -> SentenceContributions:
    """The contributions, unless there is an error to raise."""
    if isinstance(result, SiamvizError):
        raise result
    return result


def last(stream: Iterator[T]) -> T:
    """The last item of a stream that has at least one."""
    return deque(stream, maxlen=1)[0]


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


def of_side(value: Any, side: str) -> Any:
    """One side's value where a tuple of two gives each side its own."""
    if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[0], int):
        return value[0 if side == "a" else 1]
    return value
