"""Dataset runs on a Ray cluster: a fixed pool of workers computes the parts of a run."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from logging import ERROR, getLogger
from math import ceil
from pathlib import Path
from queue import Empty, SimpleQueue
from socket import create_connection
from threading import Thread
from typing import Any, TypeVar

from siamviz import files
from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError
from siamviz.study.pairing import PairKey
from siamviz.study.runner import Job
from siamviz.study.shards import TextKey
from siamviz.study.stages import PAIRS_A_PART, PART_SECONDS, text_batches, work
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
_KNOCK = 10.0


@dataclass(frozen=True)
class Pool:
    """How many workers a cluster gives a run.

    Attributes
    ----------
    workers : int
    threads : int
        Of each worker.
    """

    workers: int
    threads: int

    @classmethod
    def fit(cls, cpus: Sequence[int], workers: int | None) -> Pool:
        """Return the pool for machines with so many CPUs: a worker for every two, or `workers`.

        Raises
        ------
        InvalidArgumentError
            If there are more workers than CPUs, or no CPUs.
        """
        total = sum(cpus)
        if not total:
            raise InvalidArgumentError("The Ray cluster has no CPUs. Add a machine that has some.")
        if workers is None:
            twos = sum(cpu // 2 for cpu in cpus)
            return cls(twos, 2) if twos else cls(total, 1)
        if workers > total:
            raise InvalidArgumentError(
                f"workers must be at most {total}, the CPUs of the Ray cluster, got {workers}."
            )
        most = total // workers
        fitting = (n for n in range(most, 0, -1) if sum(cpu // n for cpu in cpus) >= workers)
        return cls(workers, next(fitting))


def check_workers(workers: Any) -> None:
    """Raise unless `workers` is None or a number of workers.

    Raises
    ------
    ArgumentTypeError, InvalidArgumentError
    """
    if workers is None:
        return
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise ArgumentTypeError(f"workers must be a whole number, got {workers!r:.60}.")
    if workers < 1:
        raise InvalidArgumentError(f"workers must be at least 1, got {workers}.")


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
    return _connected(_ray(), _findable(str(model)), address, workers)


@contextmanager
def _connected(
    ray: Any, model: str, address: str | None, workers: int | None
) -> Generator[Callable[[Job], RayEngine]]:
    with _quiet(), _connection(ray, address):
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        cpus = [int(found.get("CPU", 0)) for found in nodes]
        yield partial(RayEngine, pool=Pool.fit(cpus, workers), model=model)


def _findable(model: str) -> str:
    """The model's folder for processes elsewhere; a name stays as it is."""
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else model


def _ray() -> Any:
    try:
        import_module("ray.data")
        return import_module("ray")
    except ImportError as error:
        raise ImportError(
            "engine='ray' needs Ray, which is not installed. Install it with: "
            "pip install 'siamviz[ray]'"
        ) from error


@contextmanager
def _connection(ray: Any, address: str | None) -> Generator[None]:
    """Connect this process to a cluster, unless it is connected."""
    if ray.is_initialized():
        here = ray.get_runtime_context().gcs_address
        if address not in {None, "auto", here}:
            raise InvalidArgumentError(
                f"This process is connected to the Ray cluster at {here!r}, not to {address!r}. "
                "Leave address out, or call ray.shutdown() first."
            )
        yield
        return
    try:
        _knock(address)
        with _environment(RAY_USAGE_STATS_ENABLED="0", RAY_BACKEND_LOG_LEVEL="fatal"):
            ray.init(address, include_dashboard=False, log_to_driver=False, logging_level=ERROR)
    except Exception as error:  # Ray raises plain ones, too
        what = "could be started" if address is None else f"answers at {address!r}"
        raise InvalidArgumentError(
            f"No Ray cluster {what}: {error!s:.300} Start one with `ray start --head`, which tells "
            "its address."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str | None) -> None:
    """Raise unless something listens at an address; Ray itself goes on trying for minutes."""
    host, _, port = (address or "").rpartition("/")[2].rpartition(":")
    if host:
        create_connection((host, int(port)), timeout=_KNOCK).close()


@contextmanager
def _environment(**values: str) -> Generator[None]:
    """Set variables of the environment that are not set."""
    new = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            del os.environ[name]


@contextmanager
def _quiet() -> Generator[None]:
    """Have Ray Data log errors only; the run tells how it goes on."""
    logger = getLogger("ray.data")
    before = logger.level
    logger.setLevel(ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


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
        batches = [keys[first : first + size] for first in range(0, len(keys), size)]
        return self._written("attributions", PairWorker, batches)

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
