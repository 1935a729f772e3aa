"""Tables that follow the selection, computed on a thread of their own: the latest only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import count
from typing import Any

from siamviz.widgets.explorer import chips, tables
from siamviz.widgets.explorer.choosing import Chosen
from siamviz.widgets.explorer.filters import Filter
from siamviz.widgets.explorer.index import PairIndex
from siamviz.widgets.explorer.points import Dataset
from siamviz.widgets.jobs import sentence
from siamviz.widgets.worker import Job, Worker

_KEPT = 24
"""Selections whose tables are remembered."""

Events = list[dict[str, Any]]


class Following:
    """Computes the tables of selections.

    Parameters
    ----------
    data : Dataset
    tell : callable
        Given what a table holds, as a message; called on the thread that computed it.
    rest : callable
        Called there whenever the tables are done.
    """

    def __init__(
        self, data: Dataset, tell: Callable[[dict[str, Any]], None], rest: Callable[[], None]
    ) -> None:
        self._data, self._tell, self._rest = data, tell, rest
        self._worker, self._numbers = Worker(), count(1)
        self._known: dict[frozenset[Filter], Events] = {}
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
        key = frozenset(chosen.filters)
        events: Events = []
        for event in self._known.get(key) or self._events(chosen):
            if job.cancel.is_set():
                return
            events.append(event)
            self._tell({**event, "version": chosen.version})
        if all(one.lasting for one in chosen.filters):
            self._known[key] = events
            if len(self._known) > _KEPT:
                self._known.pop(next(iter(self._known)))
        self._rest()

    def _events(self, chosen: Chosen) -> Iterator[dict[str, Any]]:
        many = tables.least_count(chosen) >= tables.MANY
        yield tables.league(self._frequent_words if many else self.words, self._data, chosen)
        yield {"kind": "measured", "metrics": chips.measure(self._data, chosen.mask)}
        yield tables.heat(self.classes, self._data, chosen)

    def _over(self, job: Job[None]) -> None:
        if job.error is not None and not job.cancelled:
            self._tell({"kind": "failed", "error": sentence(job.error)})
