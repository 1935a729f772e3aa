"""What every command does around its work: streams, progress, warnings, errors."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError, SiamvizError

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

BAD_INPUT = 2
FAILED = 1
INTERRUPTED = 130

_PATIENCE = 1.0
_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
}


def forgive_encoding() -> None:
    """Write what the output's encoding lacks as ``?``, so that no character ends the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def to_stderr() -> Console:
    """The console for everything that is not the result."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(data: Any) -> None:
    """Print `data` as one line of JSON in ASCII, and nothing else."""
    typer.echo(json.dumps(data, allow_nan=False))


@contextmanager
def failures_told() -> Generator[None]:
    """Turn errors into one message on stderr and an exit code: 2 for bad input, 1 for others."""
    try:
        yield
    except SiamvizError as error:
        bad_input = isinstance(error, InvalidArgumentError | ArgumentTypeError | DataError)
        tell(str(error))
        raise typer.Exit(BAD_INPUT if bad_input else FAILED) from error
    except ImportError as error:  # an extra that is not installed; the message says which
        tell(str(error))
        raise typer.Exit(FAILED) from error
    except KeyboardInterrupt as error:
        to_stderr().print("Interrupted.")
        raise typer.Exit(INTERRUPTED) from error


@contextmanager
def resumable(kept: str) -> Generator[None]:
    """On Ctrl-C say what is kept, and that the same command goes on from there."""
    try:
        yield
    except KeyboardInterrupt as error:
        to_stderr().print(
            f"Interrupted. {kept}; the same command goes on from there.", markup=False
        )
        raise typer.Exit(INTERRUPTED) from error


def tell(message: str) -> None:
    """Print an error message on stderr, whatever characters it quotes."""
    from siamviz.export.escape import visible

    console = to_stderr()
    console.print("Error: ", style="bold red", end="")
    console.print(visible(message), markup=False, emoji=False)


@contextmanager
def quiet() -> Generator[None]:
    """Keep warnings and loading bars of the libraries below out of the output."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    logger = logging.getLogger("sentence_transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


class Bar:
    """A progress bar on stderr that shows after a second, in a terminal only, and leaves no trace.

    Used as a context manager; `stage` names what is being done, `report` the fraction done.
    """

    def __init__(self, description: str) -> None:
        console = to_stderr()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(description, total=None)
        self._timer = threading.Timer(_PATIENCE, self._show)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._closed = not console.is_terminal

    def __enter__(self) -> Self:
        if not self._closed:
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._closed = True
            if self._progress.live.is_started:
                self._progress.stop()

    def stage(self, description: str) -> None:
        """Say what is being done now."""
        self._progress.update(self._task, description=description)

    def report(self, fraction: float) -> None:
        """Show the fraction done, 0 to 1."""
        self._progress.update(self._task, total=1.0, completed=fraction)

    def _show(self) -> None:
        with self._lock:
            if not self._closed:
                self._progress.start()


@contextmanager
def explaining(model: str, doing: str) -> Generator[tuple[Explainer, Bar]]:
    """Load `model` behind a bar that then shows the progress of `doing`."""
    with Bar(f"Loading {model}") as bar:
        from siamviz.explainer import Explainer

        explainer = Explainer(model)
        bar.stage(doing)
        yield explainer, bar
