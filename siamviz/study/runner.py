"""`analyze`: score all pairs of a dataset, then attribute them, in parts that survive a kill."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from siamviz.monitor import Monitor
from siamviz.study.columns import Columns, GoldRange
from siamviz.study.pairing import PairKey
from siamviz.study.picking import Picks
from siamviz.study.progress import Listener, Note, Stage, duration
from siamviz.study.records import Source
from siamviz.study.rows import Row, rows
from siamviz.study.scoring import Scorer
from siamviz.study.settings import RunSettings
from siamviz.study.shards import Shards, TextKey
from siamviz.study.stages import (
    PAIRS_A_PART,
    PairStage,
    TextStage,
    pair_batches,
    text_batches,
    work,
)
from siamviz.study.store import Store
from siamviz.study.survey import stored_names

if TYPE_CHECKING:
    import duckdb

    from siamviz.explainer import Explainer

ROWS_A_PART = 2048
_WORD_PAIRS = "(len(p.text_a) // 5 + 1) * (len(p.text_b) // 5 + 1)"
"""About how many pairs of words there are in a pair of texts."""


@dataclass(frozen=True, eq=False)
class Job:
    """A run in its folder, the explainer that computes it, and who listens."""

    store: Store
    explainer: Explainer
    settings: RunSettings
    monitor: Monitor
    listener: Listener | None

    def note(self, text: str) -> None:
        """Tell the listener a sentence."""
        if self.listener is not None:
            self.listener(Note(text))


def score(job: Job, records: Source, columns: Columns, gold: GoldRange | None) -> None:
    """Write the parts of the table "pairs" that are missing."""
    kinds, names = job.store.metadata, stored_names(columns)
    scorer = Scorer(job.explainer, job.settings, {n: (s, kinds[s]) for n, s in names.items()})
    total: int = job.store.manifest["input"]["records"]
    size: int = job.store.manifest["rows_a_part"]
    done = set(job.store.parts("pairs"))
    stage = Stage("scores", total, total - len(done) * size, job.listener)
    found = rows(records, columns, gold, job.store.fingerprint)
    for part, batch in enumerate(_chunks(found, size)):
        if part in done:
            continue
        job.monitor.check()
        job.store.write("pairs", part, job.store.table("pairs", scorer(batch)))
        stage.advance(len(batch), len(batch))


def _chunks(found: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while batch := list(islice(found, size)):
        yield batch


class Engine(Protocol):
    """What works on the texts and pairs of a run.

    Attributes
    ----------
    pairs_a_round : int
        Pairs whose texts are computed together, by length; then the pairs themselves.
    speed : float
        About how many times as fast it is as this process.
    """

    pairs_a_round: int
    speed: float

    def texts(self, keys: Sequence[TextKey], seconds_a_work: float) -> Iterator[Sequence[TextKey]]:
        """Compute texts, and yield those of each part when it is written."""
        ...

    def pairs(self, keys: Sequence[PairKey]) -> Iterator[Sequence[PairKey]]:
        """Attribute pairs of known texts, and yield those of each part when it is written."""
        ...


class Local:
    """Works in this process, one part after another.

    Parameters
    ----------
    job : Job
    """

    pairs_a_round = PAIRS_A_PART
    speed = 1.0

    def __init__(self, job: Job) -> None:
        self._store, self._monitor = job.store, job.monitor
        self._on_texts = TextStage(job.store.folder, job.explainer)
        self._on_pairs = PairStage(job.store.folder)

    def texts(self, keys: Sequence[TextKey], seconds_a_work: float) -> Iterator[Sequence[TextKey]]:
        """Compute texts; see `Engine`."""
        for batch in text_batches(keys, seconds_a_work):
            self._on_texts(self._store.next_part("texts"), batch, self._monitor.cancel)
            yield batch

    def pairs(self, keys: Sequence[PairKey]) -> Iterator[Sequence[PairKey]]:
        """Attribute pairs; see `Engine`."""
        for batch in pair_batches(keys):
            self._on_pairs(self._store.next_part("attributions"), batch, self._monitor.cancel)
            yield batch


def attribute(job: Job, picks: Picks, start: Callable[[Job], Engine] = Local) -> None:
    """Attribute the picked pairs that are not attributed yet, with the engine that is started."""
    cursor = job.store.connect()
    picks.fill(cursor)
    if picks.attribute != "none" and not _first(cursor, "SELECT count(*) FROM picked"):
        job.note(f"No scored pair is picked by attribute={picks.attribute!r}.")
    cursor.execute("DELETE FROM picked WHERE row IN (SELECT row FROM attributions)")
    plan = Plan(cursor, Shards(job.store), job)
    if not plan.pairs:
        return
    engine = start(job)
    job.note(plan.estimate(engine.speed))
    stage = Stage("attributions", plan.pairs, plan.work, job.listener)
    for pairs, texts in plan.rounds(engine.pairs_a_round):
        for keys in engine.texts(texts, plan.seconds_a_work):
            stage.advance(sum(work(key.tokens) for key in keys))
        for keys in engine.pairs(pairs):
            stage.advance(0.0, len(keys))


class Plan:
    """What is left to attribute, and how long it will take.

    Parameters
    ----------
    cursor : DuckDB connection
        With a table "picked".
    shards : Shards
        What is known already.
    job : Job
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, shards: Shards, job: Job) -> None:
        self._cursor, self._shards, self._job = cursor, shards, job
        self.pairs = int(_first(cursor, "SELECT count(*) FROM picked"))
        self.texts, self.work = 0, 0.0
        self._probes: list[TextKey] = []
        for keys in self._text_keys(self._texts_of("picked")):
            self.texts += len(keys)
            self.work += sum(work(key.tokens) for key in keys)
            self._probes = sorted([*self._probes, *keys], key=lambda key: key.tokens)
            self._probes = self._probes[:: max(1, len(self._probes) // 64)]
        self.seconds_a_work = self._measure()

    def estimate(self, speed: float) -> str:
        """Return how much there is to do and how long it takes, as a sentence."""
        new = f"{self.texts:,} texts to compute" if self.texts else "all texts known"
        seconds = (self.work * self.seconds_a_work + self.pairs * 2e-3) / speed
        return f"{self.pairs:,} pairs to attribute, {new}: about {duration(seconds)}."

    def rounds(self, size: int) -> Iterator[tuple[list[PairKey], list[TextKey]]]:
        """Yield some pairs and those of their texts that are not known then."""
        last = -1
        while True:
            self._cursor.execute(
                "CREATE OR REPLACE TEMP TABLE round AS SELECT * FROM picked WHERE row > ? "
                "ORDER BY row LIMIT ?",
                [last, size],
            )
            self._cursor.execute(
                "SELECT p.row, p.pair_id, p.a, p.b, r.picked, "
                f"{_WORD_PAIRS} FROM pairs p JOIN round r USING (row) ORDER BY p.row"
            )
            pairs = [PairKey(*found) for found in self._cursor.fetchall()]
            if not pairs:
                return
            last = pairs[-1].row
            texts = [key for keys in self._text_keys(self._texts_of("round")) for key in keys]
            yield pairs, texts
            self._shards.refresh()

    def _texts_of(self, table: str) -> str:
        a, b = self._job.settings.roles
        return (
            f"SELECT DISTINCT a, '{a}', text_a FROM pairs JOIN {table} USING (row) UNION "
            f"SELECT DISTINCT b, '{b}', text_b FROM pairs JOIN {table} USING (row)"
        )

    def _text_keys(self, query: str) -> Iterator[list[TextKey]]:
        """Batches of the texts of a query that are not known, with their lengths."""
        cursor = self._cursor.execute(query)
        while found := cursor.fetchmany(4096):
            unknown = [(one, role, text) for one, role, text in found if one not in self._shards]
            lengths = self._job.explainer.lengths([text for _, _, text in unknown])
            yield [
                TextKey(one, role, text, size)
                for (one, role, text), size in zip(unknown, lengths, strict=True)
            ]

    def _measure(self) -> float:
        """Seconds for one unit of work, from a text of middling length."""
        if not self._probes:
            return 0.0
        key = self._probes[len(self._probes) // 2]
        options = self._job.settings.options(key.role)
        seconds = 0.0
        for text in (key.text, f"{key.text} ."):
            began = time.monotonic()
            self._job.explainer.contributions_many([text], errors="keep", **options)
            seconds = time.monotonic() - began
        return seconds / work(key.tokens)


def _first(cursor: duckdb.DuckDBPyConnection, query: str) -> Any:
    found = cursor.execute(query).fetchone()
    assert found is not None
    return found[0]
