"""What a run tells, as lines and bars on standard error."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from siamviz.export.escape import visible
from siamviz.study.progress import Listener, Note, Step, duration


@contextmanager
def listening(progress: Listener | bool) -> Generator[Listener | None]:
    """Give what a run is to tell: the caller's own listener, bars, or None."""
    if progress is False:
        yield None
    elif progress is True:
        with Bars() as bars:
            yield bars
    else:
        yield progress


class Bars:
    """A line for every note, and a bar for every stage with its rate and the time left."""

    def __init__(self) -> None:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            console=console,
            disable=not (console.is_terminal or console.is_jupyter),
        )
        self._console = console
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, told: Note | Step) -> None:
        """Show a note or how far a stage is."""
        if isinstance(told, Note):
            self._console.print(visible(told.text), markup=False, emoji=False)
            return
        if told.stage not in self._tasks:
            self._tasks[told.stage] = self._progress.add_task(told.stage, total=1.0, said="")
        self._progress.update(self._tasks[told.stage], completed=told.fraction, said=_said(told))


def _said(step: Step) -> str:
    what = "texts" if step.stage == "linguistics" else "pairs"
    parts = [f"{step.done:,} of {step.total:,} {what}"]
    if step.rate is not None:
        parts.append(f"{step.rate:,.3g} a second")
    if step.fraction < 1 and step.remaining is not None:
        parts.append(f"{duration(step.remaining)} left")
    return ", ".join(parts)
