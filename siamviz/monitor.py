"""Progress, cancellation and the memory budget of one computation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from siamviz.errors import ArgumentTypeError, CancelledError

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
    span : float
        Share of the whole work that this part is.
    whole : Monitor or None
        What this is a part of.
    total : float
        Fraction of the whole work done, kept by the whole.
    """

    cancel: threading.Event | Callable[[], bool] | None = None
    progress: Progress | None = None
    memory: int = 96 * 2**20
    span: float = 1.0
    whole: Monitor | None = None
    total: float = field(default=0.0, init=False)
    _done: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        if self.cancel is not None and not callable(getattr(self.cancel, "is_set", self.cancel)):
            raise ArgumentTypeError(
                f"cancel must be a threading.Event or a function that returns True to stop, "
                f"got {self.cancel!r:.60}."
            )
        if self.progress is not None and not callable(self.progress):
            raise ArgumentTypeError(
                f"progress must be a function of one number, the fraction done, "
                f"got {self.progress!r:.60}."
            )

    def check(self) -> None:
        """Raise `CancelledError` if the caller asked to stop."""
        stop = self.cancel
        if stop is None:
            return
        if stop.is_set() if isinstance(stop, threading.Event) else stop():
            raise CancelledError("The computation was cancelled; finished sentences stay cached.")

    def report(self, fraction: float) -> None:
        """Tell the caller the fraction done of this part; the total never goes backwards."""
        gained = max(fraction - self._done, 0.0)
        self._done += gained
        whole = self.whole or self
        whole.total = min(whole.total + self.span * gained, 1.0)
        if self.progress is not None:
            self.progress(whole.total)

    def part(self, count: int) -> Monitor:
        """The monitor of one of `count` equal parts, which may run in turns."""
        return self.share(1 / count)

    def share(self, fraction: float) -> Monitor:
        """The monitor of a part that is this `fraction` of the work."""
        whole = self.whole or self
        return Monitor(self.cancel, self.progress, self.memory, self.span * fraction, whole)
