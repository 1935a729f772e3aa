"""The study: all tables about all models, each computed once."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.baselines import parse_baseline
from siamviz.errors import InvalidArgumentError
from siamviz.exact.comparing import agreement
from siamviz.exact.scored import ScoredPairs
from siamviz.study.analysis import analyze
from siamviz.study.paper import (
    accuracy,
    curves,
    faithfulness,
    methods,
    minimal_pairs,
    probes,
    references,
    sums,
)
from siamviz.study.paper.book import Book
from siamviz.study.paper.faithfulness import Measurer
from siamviz.study.paper.probes import KINDS
from siamviz.study.paper.references import BASELINES
from siamviz.study.paper.subjects import Sizes, Subject
from siamviz.study.progress import Listener

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.study.run import Run

PARTS = (
    "accuracy", "shares", "classes", "sums", "agreement", "probes", "baselines", "faithfulness",
)  # fmt: skip
_READ = ("pad", "corpus")
"""Baselines whose matrices are read: shares, classes of words, sums."""
_SHOWN = 15
"""Classes that are listed, those of the largest shares."""
_MEASURED_BY = {
    "accuracy": (accuracy,),
    "sums": (sums,),
    "probes": (minimal_pairs, probes),
    "baselines": (references,),
    "measures": (faithfulness, curves, methods),
}
"""Modules whose tables are made again when they change."""
_AT_A_TIME = 20
"""Pairs that are measured before their rows are kept."""


class Study:
    """Tables about several models, kept in a folder.

    Parameters
    ----------
    folder : path
        Where runs and tables are kept: what is there is not computed again.
    subjects : sequence of Subject
    pairs : ScoredPairs
    sizes : Sizes
    baselines : sequence of str
        Of originals; exact models have their own reference.
    quadrature : str, optional
        The rule of runs; default: that of `siamviz.analyze`.
    linguistics : str
        A spaCy pipeline.
    progress : bool or callable
        As in `siamviz.analyze`.
    """

    def __init__(
        self,
        folder: Path,
        subjects: Sequence[Subject],
        pairs: ScoredPairs,
        sizes: Sizes,
        baselines: Sequence[str] = BASELINES,
        quadrature: str | None = None,
        linguistics: str = "en_core_web_sm",
        progress: Listener | bool = True,
    ) -> None:
        self.folder, self.subjects, self.pairs, self.sizes = folder, subjects, pairs, sizes
        self._baselines, self._quadrature = baselines, quadrature
        self._linguistics, self._progress = linguistics, progress
        self._check()
        self._book = Book(folder / "tables")

    def tables(self, parts: Sequence[str] = PARTS) -> dict[str, pd.DataFrame]:
        """Return the tables of these parts, computed where they are not there."""
        made: Mapping[str, Callable[[], pd.DataFrame]] = {
            "accuracy": self._accuracy,
            "shares": lambda: self._of_runs("shares", _shares),
            "classes": lambda: self._of_runs("classes", _classes),
            "sums": lambda: self._of_runs("sums", self._sums),
            "agreement": self._agreement,
            "probes": self._probes,
            "baselines": self._references,
            "faithfulness": self._faithfulness,
        }
        asked = [part for part in parts if part != "agreement" or self._exact]
        return {part: made[part]() for part in asked}

    def _check(self) -> None:
        names = [subject.name for subject in self.subjects]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InvalidArgumentError(
                f"Two models are called {twice[0]!r}. Give each its own name."
            )
        for baseline in self._baselines:
            parse_baseline(baseline)
        if not set(self._baselines) & set(_READ):
            raise InvalidArgumentError(
                f"The baselines {', '.join(self._baselines)} are only compared; matrices are read "
                f"under {' or '.join(_READ)}. Add one of them."
            )

    def _accuracy(self) -> pd.DataFrame:
        def at(subject: Subject, layer: int) -> pd.DataFrame:
            return accuracy.accuracy(
                subject.explainer, self._sample(self.sizes.sentences), layer, self.sizes.steps,
                samples=self.sizes.samples, seed=self.sizes.seed,
            )  # fmt: skip

        depends = {
            "sentences": self.sizes.sentences, "steps": self.sizes.steps, **self._bootstrap,
        }  # fmt: skip
        return _joined(
            self._table("accuracy", subject, f"layer-{layer}", depends, partial(at, subject, layer))
            for subject in self.subjects
            for layer in self._layers(subject)
        )

    def _agreement(self) -> pd.DataFrame:
        named = {subject.name: subject for subject in self.subjects}

        def at(subject: Subject, baseline: str, layer: int) -> pd.DataFrame:
            assert subject.original is not None
            return agreement(
                named[subject.original].explainer, subject.explainer,
                self._sample(self.sizes.compared), layers=[layer], baseline=baseline,
                progress=self._progress,
            ).assign(baseline=baseline)  # fmt: skip

        return _joined(
            self._table(
                "agreement", subject, f"{baseline}-{layer}",
                {
                    "compared": self.sizes.compared,
                    "of": named[subject.original or ""].explainer.weights,
                },
                partial(at, subject, baseline, layer),
            )
            for subject in self._exact
            for baseline in _READ
            if baseline in self._baselines
            for layer in (self._layers(subject) if baseline == "pad" else [self.sizes.layer])
        )  # fmt: skip

    def _probes(self) -> pd.DataFrame:
        def of(subject: Subject, kind: str) -> pd.DataFrame:
            some = probes.probes(kind, self.sizes.probes)
            found = minimal_pairs.minimal_pairs(subject.explainer, some, layer=self.sizes.layer)
            return found.assign(kind=kind)

        depends = {"probes": self.sizes.probes, "layer": self.sizes.layer}
        return _joined(
            self._table("probes", subject, kind, depends, partial(of, subject, kind))
            for subject in self.subjects
            for kind in KINDS
        )

    def _references(self) -> pd.DataFrame:
        twins = {subject.original: subject for subject in self._exact}

        def of(subject: Subject, baseline: str) -> pd.DataFrame:
            twin = twins.get(subject.name)
            exact = None if twin is None else twin.explainer
            some = self._sample(self.sizes.compared)
            return references.references(
                subject.explainer, some, [baseline], exact=exact, layer=self.sizes.layer
            )

        depends = {
            "compared": self.sizes.compared, "layer": self.sizes.layer,
            "exact": {name: twin.explainer.weights for name, twin in twins.items() if name},
        }  # fmt: skip
        return _joined(
            self._table("baselines", subject, name, depends, partial(of, subject, name))
            for subject in self.subjects
            if subject.original is None
            for name in self._baselines
        )

    def _faithfulness(self) -> pd.DataFrame:
        return _joined(
            _labelled(faithfulness.summary(self._measured(subject), self._own(subject)), subject)
            for subject in self.subjects
        )

    def _own(self, subject: Subject) -> str:
        """The method that others are compared with."""
        return _named(subject, self._of(subject)[0])

    def _measured(self, subject: Subject) -> pd.DataFrame:
        """Rows of measures, kept a few pairs at a time."""

        @cache
        def opened() -> tuple[Measurer, dict[str, Run]]:
            runs = {_named(subject, name): self._run(subject, name) for name in self._of(subject)}
            return Measurer(subject.explainer), runs

        def of(rows: Sequence[int]) -> pd.DataFrame:
            import pandas as pd

            measurer, runs = opened()
            found: list[dict[str, Any]] = []
            for row in rows:
                explained = {name: run.pair(row) for name, run in runs.items()}
                found += [{"row": row, **one} for one in measurer.measure(explained, seed=row)]
            return pd.DataFrame(found)

        drawn = self._drawn(self.sizes.measured)
        parts = [drawn[at : at + _AT_A_TIME] for at in range(0, len(drawn), _AT_A_TIME)]
        depends = self._of_a_run | {"baselines": list(self._of(subject))}
        return _joined(
            self._table(
                "measures", subject, f"{part[0]}", depends | {"rows": part}, partial(of, part)
            )
            for part in parts
        )

    def _of_runs(self, part: str, make: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
        def of(subject: Subject, baseline: str) -> pd.DataFrame:
            return make(self._run(subject, baseline)).assign(baseline=baseline)

        depends = self._of_a_run | self._bootstrap
        return _joined(
            self._table(part, subject, baseline, depends, partial(of, subject, baseline))
            for subject in self.subjects
            for baseline in self._of(subject)
            if baseline in _READ
        )

    def _sums(self, run: Run) -> pd.DataFrame:
        return sums.partial_sums(run, **self._bootstrap)

    # What is looked at

    @property
    def _exact(self) -> list[Subject]:
        return [subject for subject in self.subjects if subject.original is not None]

    def _of(self, subject: Subject) -> Sequence[str]:
        """The baselines of a model."""
        return self._baselines if subject.original is None else ("pad",)

    @cached_property
    def _order(self) -> list[int]:
        """Rows in an order drawn at random, the same for all models."""
        return np.random.default_rng(self.sizes.seed).permutation(len(self.pairs.gold)).tolist()

    def _drawn(self, count: int) -> list[int]:
        return self._order[:count]

    def _sample(self, count: int) -> list[tuple[str, str]]:
        return [(self.pairs.a[row], self.pairs.b[row]) for row in self._drawn(count)]

    def _layers(self, subject: Subject) -> list[int]:
        depth = subject.explainer.layers(self.pairs.a[0])
        return list(self.sizes.layers or range(depth + 1))

    def _run(self, subject: Subject, baseline: str) -> Run:
        """The run over all pairs; the baselines that are only measured attribute fewer."""
        read = baseline in _READ
        drawn = set(self._drawn(self.sizes.pairs if read else self.sizes.measured))
        records = [
            {"a": a, "b": b, "gold": gold, "drawn": row in drawn}
            for row, (a, b, gold) in enumerate(
                zip(self.pairs.a, self.pairs.b, self.pairs.gold, strict=True)
            )
        ]
        return analyze(
            records, out=self.folder / "runs" / f"{subject.name}-{baseline}",
            model=subject.explainer, text_a="a", text_b="b", gold="gold", baseline=baseline,
            layer=self.sizes.layer, quadrature=self._quadrature, attribute="drawn",
            linguistics=self._linguistics if read else None, progress=self._progress,
        )  # fmt: skip

    # What tables depend on

    @property
    def _bootstrap(self) -> dict[str, int]:
        return {"samples": self.sizes.samples, "seed": self.sizes.seed}

    @property
    def _of_a_run(self) -> dict[str, Any]:
        return {
            "drawn": self.sizes.pairs, "measured": self.sizes.measured, "layer": self.sizes.layer,
            "quadrature": self._quadrature, "linguistics": self._linguistics,
        }  # fmt: skip

    def _table(
        self,
        part: str,
        subject: Subject,
        piece: str,
        depends: Mapping[str, Any],
        make: Callable[[], pd.DataFrame],
    ) -> pd.DataFrame:
        """A piece of a part's table, from the book if it is there."""
        made_of = {
            "weights": subject.explainer.weights,
            "configuration": subject.explainer.configuration,
            "pairs": self.pairs.digest,
            "seed": self.sizes.seed,
            "siamviz": version("siamviz"),
            "code": _code(part),
            **depends,
        }
        frame = self._book.table(f"{part}/{subject.name}-{piece}", made_of, make)
        return _labelled(frame, subject)


def _code(part: str) -> str:
    """SHA-256 of the modules that measure for a part."""
    sources = [inspect.getsource(module) for module in _MEASURED_BY.get(part, ())]
    return hashlib.sha256("".join(sources).encode()).hexdigest()


def _shares(run: Run) -> pd.DataFrame:
    """How much the strongest token pairs explain, and how many are negative."""
    found = run.sql("SELECT avg(negative) FROM attributions WHERE status = 'ok'")
    return run.top_share().assign(negative=found.to_numpy()[0, 0])


def _classes(run: Run) -> pd.DataFrame:
    """The pairs of parts of speech, and of dependency roles, with the largest shares."""
    kinds = {"pos": run.pos_pairs(), "dependency": run.dependency_pairs()}
    return _joined(frame.head(_SHOWN).assign(of=name) for name, frame in kinds.items())


def _named(subject: Subject, baseline: str) -> str:
    """What the method is called that explains a model with a baseline."""
    return baseline if subject.original is None else "exact"


def _labelled(frame: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """The table with the model's name before all else."""
    return frame.assign(model=subject.name).reindex(columns=["model", *frame.columns])


def _joined(frames: Any) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(list(frames), ignore_index=True)
