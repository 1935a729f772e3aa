"""Dataset runs on a Ray cluster: a fixed pool of workers computes the parts of a run."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from importlib import import_module
from importlib.metadata import version
from math import ceil
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError
from siamviz.study import files
from siamviz.study.pairing import PairKey
from siamviz.study.runner import Job
from siamviz.study.shards import TextKey
from siamviz.study.stages import PAIRS_A_PART, PART_SECONDS, text_batches, work
from siamviz.study.workers import Orders, PairWorker, TextWorker

if TYPE_CHECKING:
    import pyarrow as pa

Key = TypeVar("Key", TextKey, PairKey)
PAIRS_A_WORKER = 8192
"""Pairs of a round for each worker: every round starts its workers anew."""
PARTS_A_WORKER = 4
"""Parts for each worker at least, that all are done at about the same time."""
LEAST_SECONDS = 0.5
LEAST_PAIRS = 32
"""A part's work is worth handing out from here on."""
TRIES = 5
"""How often a part is given out again when the worker on it dies."""
_POLL = 0.2
_STOPPING = 30.0


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
            return cls(max(total // 2, 1), 2) if min(cpus) > 1 else cls(total, 1)
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


@contextmanager
def connected(
    model: Any, address: str | None = None, workers: int | None = None
) -> Generator[Callable[[Job], RayEngine]]:
    """Connect to a Ray cluster, and give what starts an engine there.

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
    ray = _ray()
    with _connection(ray, address):
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        cpus = [int(found.get("CPU", 0)) for found in nodes]
        pool = Pool.fit([count for count in cpus if count], workers)
        yield partial(RayEngine, pool=pool, model=_findable(str(model)))


def _findable(model: str) -> str:
    """The model's folder for processes elsewhere; a name stays as it is."""
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else model


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
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
    if ray.is_initialized():
        here = ray.get_runtime_context().gcs_address
        if address not in {None, "auto", here}:
            raise InvalidArgumentError(
                f"This process is connected to the Ray cluster at {here}, not to {address!r}. "
                "Leave address out, or call ray.shutdown() first."
            )
        yield
        return
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level=40)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise InvalidArgumentError(
            f"No Ray cluster answers at {address!r}: {error!s:.200}. Start one with "
            "`ray start --head`, which tells its address, or leave address out."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


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
        self, table: str, worker: type, batches: Sequence[Sequence[Key]]
    ) -> Iterator[Sequence[Key]]:
        if not batches:
            return
        first = self._job.store.next_part(table)
        with _permit(self._job.store.folder) as permit:
            orders = Orders(
                self._job.store.folder.resolve(), permit, self._model, self._pool.threads,
                version("siamviz"),
            )  # fmt: skip
            rows = self._run(worker, orders, _tables(first, batches))
            with _polled(rows, self._job.monitor.check) as found:
                for row in found:
                    if row["error"] is not None:
                        raise DataError(f"A worker of the Ray cluster stopped. {row['error']}")
                    yield batches[row["part"] - first]
                permit.unlink()

    def _run(self, worker: type, orders: Orders, tables: list[pa.Table]) -> Iterator[dict]:
        """Hand the parts out, and yield what the workers tell of each."""
        data = import_module("ray.data")
        parts = data.from_arrow(tables)
        parts.context.enable_progress_bars = False
        done = parts.map_batches(
            worker,
            fn_constructor_args=(orders,),
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=self._pool.threads,
            compute=data.ActorPoolStrategy(
                size=min(self._pool.workers, len(tables)), max_tasks_in_flight_per_actor=2
            ),
            ray_remote_args_fn=_remote_options,
        )
        for found in done.iter_batches(
            batch_size=None, batch_format="pyarrow", prefetch_batches=0
        ):
            yield from found.to_pylist()
