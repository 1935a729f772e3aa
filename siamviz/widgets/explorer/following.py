"""Tables that follow the selection, computed on a thread of their own: the latest only."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from itertools import count
from typing import Any

from siamviz.widgets.explorer import chips, tables
from siamviz.widgets.explorer.choosing import Chosen
from siamviz.widgets.explorer.filters import Filter
from siamviz.widgets.explorer.index import PairIndex
from siamviz.widgets.explorer.points import Dataset
from siamviz.widgets.explorer.tables import Ranking
from siamviz.widgets.jobs import sentence
from siamviz.widgets.worker import Job, Worker

_KEPT = 64
"""Tables that are remembered, the latest ones."""

Event = dict[str, Any]


class Following:
    """Computes the tables of selections.

    Parameters
    ----------
    data : Dataset
    tell : callable
        Given what a table holds, as a message; called on the thread that computed it.
    rest : callable
        Called there whenever the tables are done; given what tells whether to stop.

    Attributes
    ----------
    ranking : Ranking
        Which word pairs are told; counts from the next selection on.
    """

    def __init__(
        self,
        data: Dataset,
        tell: Callable[[dict[str, Any]], None],
        rest: Callable[[Callable[[], bool]], None],
    ) -> None:
        self._data, self._tell, self._rest = data, tell, rest
        self._worker, self._numbers = Worker(), count(1)
        self._known: dict[tuple[frozenset[Filter], Hashable], Event] = {}
        self.ranking = Ranking() if data.points.has_gold else Ranking("effect")
        self._told: set[tuple[int, Hashable]] = set()
        self._latest: Job[None] | None = None

    def follow(self, chosen: Chosen) -> None:
        """Compute the tables of a selection; those of an earlier one are dropped."""
        self.stop()
        self._latest = Job(next(self._numbers), lambda job: self._work(job, chosen), self._over)
        self._worker.submit(self._latest)

    def stop(self) -> None:
        """Drop what is being computed."""
        if self._latest is not None:
            self._latest.cancel.set()

    def wait(self) -> None:
        """Wait until the latest tables are there."""
        if self._latest is not None:
            self._latest.done.wait()

    @cached_property
    def words(self) -> PairIndex:
        """The effects of all word pairs, read once."""
        return PairIndex.of_words(self._data)

    @cached_property
    def _frequent_words(self) -> PairIndex:
        return self.words.frequent(tables.MANY)

    @cached_property
    def classes(self) -> PairIndex:
        """The effects of all pairs of word classes, read once."""
        return PairIndex.of_classes(self._data)

    def _work(self, job: Job[None], chosen: Chosen) -> None:
        lasting = all(one.lasting for one in chosen.filters)
        self._told = {one for one in self._told if one[0] == chosen.version}
        for name, table in self._tables(chosen):
            told = (chosen.version, name) in self._told
            if told and name != self.ranking:  # who asks for a ranking waits for its answer
                continue
            key = (frozenset(chosen.filters), name)
            event = self._known.pop(key, None) or table()
            if lasting:
                self._known[key] = event
            if job.cancel.is_set():
                return
            self._tell({**event, "version": chosen.version})
            self._told.add((chosen.version, name))
        while len(self._known) > _KEPT:
            self._known.pop(next(iter(self._known)))
        self._rest(job.cancel.is_set)

    def _tables(self, chosen: Chosen) -> Iterator[tuple[Hashable, Callable[[], Event]]]:
        asked = self.ranking
        yield asked, lambda: self._league(chosen, asked)
        yield (
            "metrics",
            lambda: {"kind": "measured", "metrics": chips.measure(self._data, chosen.mask)},
        )
        yield "heat", lambda: tables.heat(self.classes, self._data, chosen)

    def _league(self, chosen: Chosen, asked: Ranking) -> Event:
        many = tables.least_count(chosen) >= tables.MANY and not asked.words
        words = self._frequent_words if many else self.words
        return tables.league(words, self._data, chosen, asked)

    def _over(self, job: Job[None]) -> None:
        if job.error is not None and not job.cancelled:
            self._tell({"kind": "failed", "error": sentence(job.error)})
