"""What runs in a worker of a Ray cluster: a part's number and keys in, its number back."""

from __future__ import annotations

import platform
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.errors import CancelledError, DataError, SiamvizError
from siamviz.study.pairing import PairKey
from siamviz.study.shards import TextKey
from siamviz.study.stages import PairStage, TextStage
from siamviz.study.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

TRIES = 5
"""How many workers may die over a part."""
SEEN_WITHIN = 90.0
"""Seconds after which a shared file system shows everywhere what was written on one machine."""


@dataclass(frozen=True)
class Orders:
    """What a worker is told.

    Attributes
    ----------
    folder : Path
        Of the run.
    permit : Path
        A file with the numbers of the parts that were begun. Without it a worker stops before it
        writes: the run was cancelled, or goes on in another process.
    model : str
        A name or a folder.
    threads : int
    made_with : str
        The version of siamviz that has to compute.
    """

    folder: Path
    permit: Path
    model: str
    threads: int
    made_with: str


class Worker(ABC):
    """Computes parts of a run, and loads what it needs for that with the first one.

    Parameters
    ----------
    orders : Orders
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Compute the part of a table's one row, and return its number and what went wrong."""
        row = batch.to_pylist()[0]
        error = None
        try:
            self._begin(row["part"])
            self._compute(row["part"], row["keys"])
        except (SiamvizError, OSError) as failure:
            error = f"{failure} (On {platform.node()!r}.)"
        arrow = import_module("pyarrow")
        return arrow.table({"part": [row["part"]], "error": arrow.array([error], arrow.string())})

    @abstractmethod
    def _compute(self, part: int, keys: list[dict[str, Any]]) -> None:
        """Write a part."""

    def _begin(self, part: int) -> None:
        """Note in the permit that a part is begun; workers die of one that takes all memory."""
        if self._stopped():
            raise CancelledError("The run was stopped, or goes on in another process.")
        with self._orders.permit.open("r+") as begun:  # which makes none, should it be gone
            begun.seek(0, SEEK_END)
            begun.write(f"{part}\n")
        tries = self._orders.permit.read_text().split().count(str(part))
        if tries > TRIES:
            raise DataError(
                f"{TRIES} workers died over the same part, for want of memory perhaps. Have fewer "
                "workers, so that each has more of it."
            )

    def _stopped(self) -> bool:
        """Whether the permit is gone; opened, because a file system may remember too long."""
        try:
            with self._orders.permit.open("rb"):
                return False
        except FileNotFoundError:
            return True

    @cached_property
    def _folder(self) -> Path:
        """The run's folder, once it is sure that this worker is fit for it."""
        found = version("siamviz")
        if found != self._orders.made_with:
            raise DataError(
                f"It has siamviz {found}, and the run is made with {self._orders.made_with}. "
                "Install the same version on all machines of the cluster."
            )
        if not self._orders.folder.is_dir():
            raise DataError(
                f"There is no folder {str(self._orders.folder)!r}. The run has to be on a file "
                "system that all machines of the cluster share, at the same path."
            )
        return self._orders.folder


class TextWorker(Worker):
    """Computes contributions of texts."""

    def _compute(self, part: int, keys: list[dict[str, Any]]) -> None:
        self._stage(part, [TextKey(**key) for key in keys], self._stopped)

    @cached_property
    def _stage(self) -> TextStage:
        import torch

        from siamviz.explainer import Explainer

        folder = self._folder
        torch.set_num_threads(self._orders.threads)
        explainer = Explainer(self._orders.model)
        if explainer.weights != Store(folder).settings["weights"]:
            raise DataError(
                f"The model {self._orders.model!r} has other weights there than those of the run. "
                "Give every machine of the cluster the same model."
            )
        return TextStage(folder, explainer)


class PairWorker(Worker):
    """Attributes pairs of texts whose contributions are stored."""

    def _compute(self, part: int, keys: list[dict[str, Any]]) -> None:
        pairs = [PairKey(**key) for key in keys]
        end = time.monotonic() + SEEN_WITHIN
        while not self._stage.knows(pairs):
            if time.monotonic() > end:
                raise DataError(
                    f"Contributions of texts that others wrote to {str(self._orders.folder)!r} "
                    "are not seen there. All machines of the cluster have to share that folder."
                )
            time.sleep(1.0)
        self._stage(part, pairs, self._stopped)

    @cached_property
    def _stage(self) -> PairStage:
        return PairStage(self._folder)
