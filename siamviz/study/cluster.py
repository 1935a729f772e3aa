"""A Ray cluster: connecting to it, and how many workers it gives a run."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from logging import ERROR, getLogger
from socket import create_connection
from typing import Any

from siamviz.errors import ArgumentTypeError, InvalidArgumentError

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


def ray_module() -> Any:
    """Return the package ray.

    Raises
    ------
    ImportError
        With how to install it.
    """
    try:
        import_module("ray.data")
        return import_module("ray")
    except ImportError as error:
        raise ImportError(
            "engine='ray' needs Ray, which is not installed. Install it with: "
            "pip install 'siamviz[ray]'"
        ) from error


@contextmanager
def connection(ray: Any, address: str | None) -> Generator[None]:
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
def quiet() -> Generator[None]:
    """Have Ray Data log errors only; the run tells how it goes on."""
    logger = getLogger("ray.data")
    before = logger.level
    logger.setLevel(ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
