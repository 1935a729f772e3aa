"""The study: models, as they come and exact, looked at in the same ways over the same pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.exact.comparing import agreement
from siamviz.exact.scored import ScoredPairs
from siamviz.study.analysis import analyze, as_explainer
from siamviz.study.paper.accuracy import accuracy
from siamviz.study.paper.book import Book
from siamviz.study.paper.minimal_pairs import minimal_pairs
from siamviz.study.paper.probes import KINDS, probes
from siamviz.study.paper.references import references
from siamviz.study.paper.sums import partial_sums
from siamviz.study.progress import Listener

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.explainer import Explainer
    from siamviz.study.run import Run

_SHOWN = 15
"""Classes that are listed, those of the largest shares."""
PARTS = ("accuracy", "shares", "classes", "sums", "agreement", "probes", "baselines")


@dataclass(frozen=True)
class Subject:
    """A model of the study.

    Attributes
    ----------
    name : str
        What tables call it.
    model : str
        Its name or folder.
    original : str or None
        For an exact model, the name of the subject that it was made of.
    """

    name: str
    model: str
    original: str | None = None

    @cached_property
    def explainer(self) -> Explainer:
        """The model, loaded once."""
        return as_explainer(self.model)


@dataclass(frozen=True)
class Sizes:
    """How much of everything is looked at.

    Attributes
    ----------
    pairs : int
        Pairs of the runs that are attributed, drawn at random.
    sentences : int
        Pairs for the residuals of rules, and for the agreement of models.
    layers : tuple of int or None
        Default: all.
    steps : tuple of int
    probes : int or None
        Minimal pairs of each kind; default: all.
    samples, seed : int
        Of the bootstrap and of what is drawn.
    """

    pairs: int = 400
    sentences: int = 10
    layers: tuple[int, ...] | None = None
    steps: tuple[int, ...] = (4, 8, 16, 32, 64)
    probes: int | None = None
    samples: int = 1000
    seed: int = 0


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
        Of the runs over originals; exact ones have their own reference.
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
        baselines: Sequence[str] = ("pad", "corpus"),
        linguistics: str = "en_core_web_sm",
        progress: Listener | bool = True,
    ) -> None:
        self.folder, self.subjects, self.pairs, self.sizes = folder, subjects, pairs, sizes
        self._baselines, self._linguistics, self._progress = baselines, linguistics, progress
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
        }
        asked = [part for part in parts if part != "agreement" or self._exact]
        return {part: made[part]() for part in asked}

    @cached_property
    def _sample(self) -> list[tuple[str, str]]:
        return [(self.pairs.a[row], self.pairs.b[row]) for row in self._drawn(self.sizes.sentences)]

    @property
    def _exact(self) -> list[Subject]:
        return [subject for subject in self.subjects if subject.original is not None]

    def _drawn(self, count: int) -> list[int]:
        """Rows drawn at random, the same for all models."""
        order = np.random.default_rng(self.sizes.seed).permutation(len(self.pairs.gold))
        return order[:count].tolist()

    def _layers(self, subject: Subject) -> list[int]:
        depth = subject.explainer.layers(self.pairs.a[0])
        return list(self.sizes.layers or range(depth + 1))

    def _accuracy(self) -> pd.DataFrame:
        return self._of_subjects(
            "accuracy",
            lambda subject: accuracy(
                subject.explainer, self._sample, self._layers(subject), self.sizes.steps
            ),
        )

    def _agreement(self) -> pd.DataFrame:
        named = {subject.name: subject for subject in self.subjects}

        def compare(subject: Subject) -> pd.DataFrame:
            assert subject.original is not None
            frames = [
                agreement(
                    named[subject.original].explainer, subject.explainer, self._sample,
                    layers=layers, baseline=baseline, progress=self._progress,
                ).pipe(_labelled, baseline=baseline)
                for baseline, layers in (("pad", self._layers(subject)), ("corpus", [0]))
            ]  # fmt: skip
            return _joined(frames)

        return self._of_subjects("agreement", compare, self._exact)

    def _probes(self) -> pd.DataFrame:
        def measure(subject: Subject) -> pd.DataFrame:
            chosen = {kind: probes(kind)[: self.sizes.probes] for kind in KINDS}
            return _joined(
                _labelled(minimal_pairs(subject.explainer, some), kind=kind)
                for kind, some in chosen.items()
            )

        return self._of_subjects("probes", measure)

    def _references(self) -> pd.DataFrame:
        twins = {subject.original: subject for subject in self._exact}

        def compare(subject: Subject) -> pd.DataFrame:
            twin = twins.get(subject.name)
            known = None if twin is None else twin.explainer
            return references(subject.explainer, self._sample, exact=known)

        originals = [subject for subject in self.subjects if subject.original is None]
        return self._of_subjects("baselines", compare, originals)

    def _sums(self, run: Run) -> pd.DataFrame:
        return partial_sums(run, samples=self.sizes.samples, seed=self.sizes.seed)

    def _of_subjects(
        self,
        part: str,
        make: Callable[[Subject], pd.DataFrame],
        subjects: Sequence[Subject] | None = None,
    ) -> pd.DataFrame:
        frames: list[pd.DataFrame] = []
        for subject in self.subjects if subjects is None else subjects:
            name = f"{part}-{subject.name}"
            frame = self._book.table(name, self._made_of(subject), partial(make, subject))
            frames.append(_labelled(frame, model=subject.name))
        return _joined(frames)

    def _of_runs(self, part: str, make: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
        frames: list[pd.DataFrame] = []
        for subject in self.subjects:
            for baseline in self._baselines if subject.original is None else ("pad",):
                made_of = self._made_of(subject) | {"baseline": baseline}
                name = f"{part}-{subject.name}-{baseline}"
                frame = self._book.table(
                    name, made_of, lambda s=subject, b=baseline: make(self._run(s, b))
                )
                frames.append(_labelled(frame, model=subject.name, baseline=baseline))
        return _joined(frames)

    def _run(self, subject: Subject, baseline: str) -> Run:
        drawn = set(self._drawn(self.sizes.pairs))
        records = [
            {"a": a, "b": b, "gold": gold, "drawn": row in drawn}
            for row, (a, b, gold) in enumerate(
                zip(self.pairs.a, self.pairs.b, self.pairs.gold, strict=True)
            )
        ]
        return analyze(
            records, out=self.folder / "runs" / f"{subject.name}-{baseline}",
            model=subject.explainer, text_a="a", text_b="b", gold="gold", baseline=baseline,
            attribute="drawn",
            linguistics=self._linguistics, progress=self._progress,
        )  # fmt: skip

    def _made_of(self, subject: Subject) -> dict[str, Any]:
        return {
            "model": subject.model,
            "original": subject.original,
            "pairs": self.pairs.digest,
            "sizes": asdict(self.sizes),
        }


def _shares(run: Run) -> pd.DataFrame:
    """How much the strongest token pairs explain, and how many are negative."""
    found = run.sql("SELECT avg(negative) FROM attributions WHERE status = 'ok'")
    return run.top_share().assign(negative=found.to_numpy()[0, 0])


def _classes(run: Run) -> pd.DataFrame:
    """The pairs of parts of speech, and of dependency roles, with the largest shares."""
    pos, roles = run.pos_pairs(), run.dependency_pairs()
    return _joined(
        [_labelled(pos.head(_SHOWN), of="pos"), _labelled(roles.head(_SHOWN), of="dependency")]
    )


def _labelled(frame: pd.DataFrame, **labels: str) -> pd.DataFrame:
    """The table with what it is about in columns before the others."""
    return frame.assign(**labels).reindex(columns=[*labels, *frame.columns])


def _joined(frames: Any) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(list(frames), ignore_index=True)
