"""What a run tells while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Note:
    """A sentence about the run."""

    text: str


@dataclass(frozen=True)
class Step:
    """How far a stage of a run is.

    Attributes
    ----------
    stage : str
        "scores", "attributions" or "linguistics".
    done, total : int
        Pairs, for linguistics texts, in this call.
    fraction : float
        Of the stage's work, 0 to 1.
    elapsed : float
        Seconds since the stage began.
    remaining : float or None
        Seconds left, estimated from the speed so far.
    """

    stage: str
    done: int
    total: int
    fraction: float
    elapsed: float
    remaining: float | None

    @property
    def rate(self) -> float | None:
        """Pairs a second so far."""
        return self.done / self.elapsed if self.elapsed > 0 and self.done else None


Listener = Callable[[Note | Step], None]


@dataclass
class Stage:
    """Counts the work of one stage and tells a listener."""

    name: str
    total: int
    work: float
    listener: Listener | None = None
    done: int = 0
    worked: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    def advance(self, work: float = 0.0, pairs: int = 0) -> None:
        """Add what was done."""
        self.done += pairs
        self.worked += work
        if self.listener is None:
            return
        elapsed = time.monotonic() - self._began
        fraction = min(self.worked / self.work, 1.0) if self.work else 1.0
        remaining = elapsed * (1 / fraction - 1) if fraction > 0 else None
        self.listener(Step(self.name, self.done, self.total, fraction, elapsed, remaining))


def duration(seconds: float) -> str:
    """Return a length of time for people."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
