"""Passes through the model on several cores: each thread computes alone, on its own copy.

Matrix products share cores well, what lies between them does not: one thread of Python with one
core reaches a larger share of that core than it reaches of two, and waits for no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import TypeVar

import torch

from siamviz.jacobian import batches_in_memory, is_out_of_memory, nodes_in_memory
from siamviz.monitor import Monitor
from siamviz.opened import EmbeddingFunction

I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741
Compute = Callable[[int, slice, Monitor], O]
BATCH = 64 * 2**20
"""Bytes that a batch takes at most: larger ones are no faster, and leave cores without work."""
_PATIENCE = 0.05
"""Seconds between two looks at whether to stop."""


def batches_in_threads(
    function: EmbeddingFunction,
    tangents: int,
    count: int,
    monitor: Monitor,
    threads: int,
    compute: Compute[O],
) -> Iterator[O]:
    """Like `batches_in_memory`, on several threads at once; batches come as they are finished.

    Parameters
    ----------
    threads : int
        With 1, everything happens in the calling thread.
    compute : callable
        Takes the number of the model's copy to use, the nodes of one batch, and a monitor with
        the bytes it may take, to check between two chunks.

    Raises
    ------
    OutOfMemoryError
        If even the smallest batch does not fit, with nothing beside it.
    CancelledError
        Between two chunks of work.
    """
    left = [slice(0, count)]
    if threads > 1:
        left = []
        memory = monitor.memory // threads
        most = nodes_in_memory(function, tangents, min(memory, BATCH))

        def one(copy: int, batch: slice, stop: threading.Event) -> tuple[slice, tuple[O] | None]:
            return batch, _unless_full(compute, copy, batch, Monitor(stop, None, memory))

        batches = _slices(count, min(most, -(-count // threads)))
        for batch, found in in_threads(one, batches, threads, monitor.check):
            if found is None:
                left.append(batch)
            else:
                yield found[0]
    for rest in left:

        def alone(batch: slice, memory: int, first: int = rest.start) -> O:
            moved = slice(first + batch.start, first + batch.stop)
            return compute(0, moved, Monitor(monitor.cancel, None, memory))

        yield from batches_in_memory(function, tangents, rest.stop - rest.start, monitor, alone)


def _slices(count: int, size: int) -> list[slice]:
    return [slice(first, min(first + size, count)) for first in range(0, count, max(size, 1))]


def _unless_full(compute: Compute[O], copy: int, batch: slice, monitor: Monitor) -> tuple[O] | None:
    """What is computed, or None where it does not fit into memory."""
    try:
        return (compute(copy, batch, monitor),)
    except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None


def in_threads(
    compute: Callable[[int, I, threading.Event], O],
    items: Sequence[I],
    threads: int,
    check: Callable[[], None] = lambda: None,
) -> Iterator[O]:
    """What `compute` gives for each item, in the order of finishing.

    Parameters
    ----------
    compute : callable
        Takes a number that no other thread has at the time, an item, and an event that is set
        when nobody waits for the result any more.
    threads : int
        Each of them runs torch on one core.
    check : callable
        Asked by the calling thread many times a second; raises to stop.
    """
    if not items:
        return
    threads, before = min(threads, len(items)), torch.get_num_threads()
    stop, started = threading.Event(), threading.Barrier(threads + 1)
    numbers: SimpleQueue[int] = SimpleQueue()
    for number in range(threads):
        numbers.put(number)

    def begin() -> None:
        torch.get_num_threads()  # a thread takes the process's number at its first call, even late
        torch.set_num_threads(1)
        started.wait()

    def one(item: I) -> O:
        number = numbers.get()
        try:
            return compute(number, item, stop)
        finally:
            numbers.put(number)

    pool = ThreadPoolExecutor(threads, "siamviz")
    try:
        for _ in range(threads):
            pool.submit(begin)
        started.wait()
        torch.set_num_threads(before)  # each thread has its own; what was set last is new ones' own
        waiting = {pool.submit(one, item) for item in items}
        while waiting:
            done, waiting = wait(waiting, _PATIENCE, FIRST_COMPLETED)
            check()
            yield from (future.result() for future in done)
    finally:
        stop.set()
        started.abort()  # frees those that wait for a thread that could not be started
        pool.shutdown(cancel_futures=True)
