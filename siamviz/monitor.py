"""Progress, cancellation and the memory budget of one computation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from siamviz.errors import CancelledError

Progress = Callable[[float], None]


@dataclass
class Monitor:
    """What a long computation asks between two batches of nodes.

    Attributes
    ----------
    cancel : threading.Event, callable or None
        Set, or returning True, ends the computation with `CancelledError`.
    progress : callable or None
        Called with the fraction done, 0 to 1.
    memory : int
        Bytes that one batch of tangents may take.
    """

    cancel: threading.Event | Callable[[], bool] | None = None
    progress: Progress | None = None
    memory: int = 256 * 2**20
    start: float = 0.0
    span: float = 1.0
    _last: float = field(default=0.0, init=False)

    def check(self) -> None:
        """Raise `CancelledError` if the caller asked to stop."""
        stop = self.cancel
        if stop is None:
            return
        if stop.is_set() if isinstance(stop, threading.Event) else stop():
            raise CancelledError("The computation was cancelled; finished sentences stay cached.")

    def report(self, fraction: float) -> None:
        """Tell the caller the fraction done, never going backwards."""
        if self.progress is not None:
            self._last = max(self._last, min(self.start + self.span * fraction, 1.0))
            self.progress(self._last)

    def part(self, index: int, count: int) -> Monitor:
        """The monitor of the `index`-th of `count` equal parts."""
        span = self.span / count
        return Monitor(self.cancel, self.progress, self.memory, self.start + index * span, span)
