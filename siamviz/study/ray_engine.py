"""Dataset runs on a Ray cluster: a fixed pool of workers computes the parts of a run."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from functools import partial
from importlib import import_module
from importlib.metadata import version
from math import ceil
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from siamviz import files
from siamviz.errors import DataError, InvalidArgumentError
from siamviz.study.cluster import Pool, check_workers, connection, quiet, ray_module
from siamviz.study.pairing import PairKey
from siamviz.study.runner import Job
from siamviz.study.shards import TextKey
from siamviz.study.stages import PAIRS_A_PART, PART_SECONDS, pair_batches, text_batches, work
from siamviz.study.workers import Orders, PairWorker, TextWorker, Worker

Key = TypeVar("Key", TextKey, PairKey)
Row = dict[str, Any]
PAIRS_A_WORKER = 8192
"""Pairs of a round for each worker: every round starts its workers anew."""
PARTS_A_WORKER = 4
"""Parts for each worker at least, that all are done at about the same time."""
LEAST_SECONDS = 0.5
LEAST_PAIRS = 32
"""A part's work is worth handing out from here on."""
_POLL = 0.2
_STOPPING = 30.0


def connected(
    model: Any, address: str | None = None, workers: int | None = None
) -> AbstractContextManager[Callable[[Job], RayEngine]]:
    """Return what connects to a Ray cluster, and gives what starts an engine there.

    The folder of the run and that of the model must be on a file system that all machines of the
    cluster share, at the same path, and siamviz be installed on each.

    Parameters
    ----------
    model : str or Path
        A name or a folder: what every worker loads.
    address : str, optional
        Of the cluster, such as "192.168.0.1:6379". Default: the one that this process is
        connected to, else the one that ``RAY_ADDRESS`` names or this machine runs, else a new one
        of this machine's CPUs for as long as the run takes.
    workers : int, optional
        Processes. Default: one for every two CPUs.

    Raises
    ------
    InvalidArgumentError, ArgumentTypeError
        For a model that is an object of this process only; for a cluster that does not answer, or
        has fewer CPUs than workers are asked for.
    ImportError
        Without Ray: ``pip install 'siamviz[ray]'``.
    """
    if not isinstance(model, str | Path):
        raise InvalidArgumentError(
            "engine='ray' needs a model that every worker can load: give its name or its folder, "
            f"got an object of type {type(model).__name__}."
        )
    check_workers(workers)
    return _connected(ray_module(), _findable(str(model)), address, workers)


@contextmanager
def _connected(
    ray: Any, model: str, address: str | None, workers: int | None
) -> Generator[Callable[[Job], RayEngine]]:
    with quiet(), connection(ray, address):
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        cpus = [int(found.get("CPU", 0)) for found in nodes]
        yield partial(RayEngine, pool=Pool.fit(cpus, workers), model=model)


def _findable(model: str) -> str:
    """The model's folder for processes elsewhere; a name stays as it is."""
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else model


class RayEngine:
    """Has the workers of a cluster compute the parts of a run.

    Parts are numbered beforehand, and every worker writes its own into the run's folder: one that
    is computed again after a worker's death takes its own place, and what is there is never
    computed again.

    Parameters
    ----------
    job : Job
    pool : Pool
    model : str
        What the workers load.
    """

    def __init__(self, job: Job, pool: Pool, model: str) -> None:
        import torch

        self._job, self._pool, self._model = job, pool, model
        self._next: dict[str, int] = {}
        self._slower = torch.get_num_threads() / pool.threads
        self.pairs_a_round = PAIRS_A_WORKER * pool.workers
        self.speed = pool.workers / self._slower
        plural = "s" if pool.workers > 1 else ""
        job.note(f"Ray: {pool.workers} worker{plural}, threads of each: {pool.threads}.")

    def texts(self, keys: Sequence[TextKey], seconds_a_work: float) -> Iterator[Sequence[TextKey]]:
        """Compute texts, the longest first, and yield those of each part when it is written."""
        slow = seconds_a_work * self._slower
        share = slow * sum(work(key.tokens) for key in keys) / self._parts
        seconds = min(max(share, LEAST_SECONDS), PART_SECONDS)
        batches = list(text_batches(keys, slow, seconds))[::-1]
        return self._written("texts", TextWorker, batches)

    def pairs(self, keys: Sequence[PairKey]) -> Iterator[Sequence[PairKey]]:
        """Attribute pairs of known texts, and yield those of each part when it is written."""
        size = min(max(ceil(len(keys) / self._parts), LEAST_PAIRS), PAIRS_A_PART)
        return self._written("attributions", PairWorker, list(pair_batches(keys, size)))

    @property
    def _parts(self) -> int:
        return PARTS_A_WORKER * self._pool.workers

    def _written(
        self, table: str, worker: type[Worker], batches: Sequence[Sequence[Key]]
    ) -> Iterator[Sequence[Key]]:
        if not batches:
            return
        folder = self._job.store.folder.resolve()
        first = max(self._job.store.next_part(table), self._next.get(table, 0))
        self._next[table] = first + len(batches)
        permit = folder / f"{files.ASIDE}{uuid.uuid4().hex}"
        permit.touch()
        orders = Orders(folder, permit, self._model, self._pool.threads, version("siamviz"))
        parts = [
            {"part": part, "keys": [asdict(key) for key in keys]}
            for part, keys in enumerate(batches, first)
        ]
        told = self._run(worker, orders, parts)
        stop = partial(permit.unlink, missing_ok=True)
        for row in _watched(told, self._job.monitor.check, stop):
            if row["error"] is not None:
                raise DataError(f"A worker of the Ray cluster stopped. {row['error']}")
            yield batches[row["part"] - first]

    def _run(self, worker: type[Worker], orders: Orders, parts: list[Row]) -> Iterator[Row]:
        """Hand the parts out, and yield what the workers tell of each."""
        data = import_module("ray.data")
        given = data.from_items(parts, override_num_blocks=len(parts))
        given.context.enable_progress_bars = False
        given.context.print_on_execution_start = False
        done = given.map_batches(
            worker,
            fn_constructor_args=(orders,),
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=self._pool.threads,
            compute=data.ActorPoolStrategy(
                size=min(self._pool.workers, len(parts)), max_tasks_in_flight_per_actor=2
            ),
        )
        for found in done.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            yield from found.to_pylist()


def _watched(
    rows: Iterator[Row], check: Callable[[], None], stop: Callable[[], None]
) -> Iterator[Row]:
    """Yield rows as they come, `check` whether to go on meanwhile, and `stop` at the end."""
    found: SimpleQueue[Row | BaseException | None] = SimpleQueue()
    source = Thread(target=_collect, args=(rows, found), daemon=True)
    source.start()
    try:
        while True:
            check()
            try:
                row = found.get(timeout=_POLL)
            except Empty:
                continue
            if row is None:
                return
            if isinstance(row, BaseException):
                raise row
            yield row
    finally:
        stop()
        source.join(_STOPPING)


def _collect(rows: Iterator[Row], found: SimpleQueue[Row | BaseException | None]) -> None:
    """Put all rows into a queue, and then how it ended."""
    end = None
    try:
        for row in rows:
            found.put(row)
    except BaseException as error:  # noqa: BLE001 raised by the thread that waits
        end = error
    found.put(end)
