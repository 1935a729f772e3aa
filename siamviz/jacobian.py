"""Token contributions of an embedding function along a straight path, for a fixed set of nodes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from siamviz.dual import FORWARD_LEVEL, Dual, NoDualRule, Seeds
from siamviz.errors import OutOfMemoryError
from siamviz.monitor import Monitor
from siamviz.opened import EmbeddingFunction

T = TypeVar("T")

_REVERSE_COST = 1.5
"""A reverse-mode pass through torch.func costs about this many forward-mode tangents."""


@dataclass(frozen=True, eq=False)
class Path:
    """h(t) = r + t (x − r) through an embedding function F.

    Attributes
    ----------
    function : EmbeddingFunction
        F in working precision.
    start, end : (1, S, H) float64 tensors
        The reference r and the text's states x.
    groups : (A, S) boolean array
        Which tokens move together; one row a token, or a row a unit.
    bfloat16 : bool
        Take Jacobians under bfloat16 autocast (embeddings stay in working precision).
    """

    function: EmbeddingFunction
    start: Tensor
    end: Tensor
    groups: np.ndarray
    bfloat16: bool = False
    mode: str = "auto"

    def points(self, t: np.ndarray) -> Tensor:
        """States (N, S, H) at the parameters `t` (N,), in working precision."""
        steps = torch.as_tensor(np.array(t), dtype=self.end.dtype)[:, None, None]
        return self.function.cast(self.start + steps * (self.end - self.start))

    @property
    def delta(self) -> Tensor:
        """δ = x − r, shape (1, S, H), in working precision."""
        return self.function.cast(self.end - self.start)

    def embed(self, t: np.ndarray, monitor: Monitor) -> np.ndarray:
        """F(h(t)) for each of `t` (N,): a float64 array (N, D)."""

        def embed(batch: slice, _: int) -> np.ndarray:
            return self.function.embed(self.points(t[batch]), len(t))

        return np.concatenate(list(batches_in_memory(self.function, 0, len(t), monitor, embed)))

    def derivatives(self, t: np.ndarray, monitor: Monitor) -> np.ndarray:
        """DF(h(t))[δ of each group] for each of `t`: a float64 array (N, A, D)."""
        return np.concatenate(list(self.derivative_batches(t, monitor)))

    def derivative_batches(self, t: np.ndarray, monitor: Monitor) -> Iterator[np.ndarray]:
        """The same in batches of nodes that fit the memory budget."""
        delta = self.delta

        def products(batch: slice, memory: int) -> np.ndarray:
            states = self.points(t[batch])
            return jacobian_products(self, states, delta.expand_as(states), memory, monitor.check)

        return batches_in_memory(self.function, len(self.groups), len(t), monitor, products)


def batches_in_memory(
    function: EmbeddingFunction,
    tangents: int,
    count: int,
    monitor: Monitor,
    compute: Callable[[slice, int], T],
) -> Iterator[T]:
    """What `compute` gives for each batch of `count` nodes; smaller ones where memory runs out.

    Parameters
    ----------
    tangents : int
        Tangents a node.
    compute : callable
        Takes the nodes of one batch and the bytes it may use.

    Raises
    ------
    OutOfMemoryError
        If even the smallest batch does not fit.
    CancelledError
        Between two batches.
    """
    first, memory = 0, monitor.memory
    if function.device.type == "cpu":
        _keep_freed_memory()
    while first < count:
        monitor.check()
        batch = slice(first, min(first + nodes_in_memory(function, tangents, memory), count))
        try:
            out = compute(batch, memory)
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            memory = _smaller(memory, error, function)
            continue
        yield out
        first = batch.stop


@lru_cache(maxsize=1)
def _keep_freed_memory() -> None:
    """Let the C library hand freed memory out again instead of returning it to the system.

    It keeps blocks up to the size of the largest that was freed, at most 32 MiB (``mallopt``,
    M_MMAP_THRESHOLD); without one as large, each pass spends a tenth of its time on page faults.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


def _bytes_of_one_state(function: EmbeddingFunction) -> int:
    width, widest, heads = function.sizes
    size = torch.empty((), dtype=function.dtype).element_size()
    tokens = function.tokens
    return size * tokens * (6 * width + 2 * widest + 4 * heads * tokens)


def nodes_in_memory(function: EmbeddingFunction, tangents: int, memory: int) -> int:
    """How many nodes with all their tangents fit into `memory` bytes; at least 1."""
    return max(1, memory // ((tangents + 1) * _bytes_of_one_state(function)))


def _smaller(memory: int, error: BaseException, function: EmbeddingFunction) -> int:
    if not is_out_of_memory(error):
        raise error
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    needed = _bytes_of_one_state(function)
    if memory <= 2 * needed:
        raise OutOfMemoryError(
            f"One token's Jacobian of a text of {function.tokens} tokens does not fit into memory "
            f"(about {needed / 2**20:.0f} MiB are needed). Shorten the text, use a deeper layer, "
            "or free memory."
        ) from error
    return memory // 4


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, whatever its class."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
        or "not enough memory" in text
    )


def jacobian_products(
    path: Path,
    states: Tensor,
    delta: Tensor,
    memory: int = 96 * 2**20,
    check: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """DF(states)[δ restricted to each group of tokens], by the cheaper mode.

    Parameters
    ----------
    path : Path
        Its function, groups and mode ("auto", "forward" or "reverse") are used.
    states, delta : (N, S, H) tensors
    memory : int
        Bytes that one chunk of tangents may take.
    check : callable
        Called before each chunk; raises to stop.

    Returns
    -------
    (N, A, D) float64 array
        Rows of groups whose δ is exactly zero are zero and cost nothing.
    """
    groups = torch.as_tensor(path.groups, device=states.device)
    moving = (delta != 0).any(-1).any(0)
    active = (groups & moving).any(1).nonzero().flatten()
    with torch.no_grad():
        dimension = _dimension(path.function, states)
        out = torch.zeros(
            states.shape[0], len(groups), dimension, dtype=torch.float64, device="cpu"
        )
        if len(active):
            masks = groups[active].to(delta.dtype)
            found = _products(path, states, delta, masks, dimension, memory, check)
            out[:, active.cpu()] = found.cpu().double()
    return out.numpy()


def _dimension(function: EmbeddingFunction, states: Tensor) -> int:
    if function.dimension is None:
        function.dimension = int(function(states[:1]).shape[-1])
    return function.dimension


def _products(
    path: Path,
    states: Tensor,
    delta: Tensor,
    masks: Tensor,
    dimension: int,
    memory: int,
    check: Callable[[], None],
) -> Tensor:
    reverse = path.mode == "reverse" or (
        path.mode == "auto" and len(masks) > _REVERSE_COST * dimension
    )
    one = _bytes_of_one_state(path.function) * states.shape[0]
    chunk = max(1, memory // one - 1)
    with torch.autocast(states.device.type, torch.bfloat16, enabled=path.bfloat16):
        if not reverse:
            try:
                chunk = -(-len(masks) // -(-len(masks) // chunk))
                parts: list[Tensor] = []
                for first in range(0, len(masks), chunk):
                    check()
                    seeds = Seeds(masks[first : first + chunk], delta)
                    parts.append(_forward(path.function, states, seeds))
                return torch.cat(parts).movedim(0, 1)
            except NotImplementedError:  # an operation of the model has no forward derivative
                if path.mode == "forward":
                    raise
        chunk = max(1, chunk // 2)
        return _reverse(path.function, states, delta, masks, dimension, chunk, check)


def _forward(function: EmbeddingFunction, states: Tensor, seeds: Seeds) -> Tensor:
    """Forward mode: (T, N, D) for T tangents at N states."""
    if function.duals is None:
        function.duals = _duals_agree(function, states[:1], seeds.first(3, 1))
    if not function.duals:
        return forward_by_torch(function, states, seeds.tangents)
    return function(Dual.seeded(states, seeds)).tangent  # pyright: ignore[reportAttributeAccessIssue]


def forward_by_torch(function: EmbeddingFunction, states: Tensor, tangents: Tensor) -> Tensor:
    """The same by ``torch.func``: slower, and independent of `siamviz.dual`."""

    def push(tangent: Tensor) -> Tensor:
        return torch.func.jvp(function, (states,), (tangent,))[1]

    with function.lock, FORWARD_LEVEL:  # in the order in which duals take them inside the model
        return torch.func.vmap(push)(tangents)


def _duals_agree(function: EmbeddingFunction, states: Tensor, seeds: Seeds) -> bool:
    """Prove the dual rules on this model: same embedding and same products as ``torch.func``."""
    with torch.autocast(states.device.type, enabled=False):
        try:
            dual = function(Dual.seeded(states, seeds))
        except (NoDualRule, RuntimeError, TypeError, ValueError, AttributeError) as error:
            if is_out_of_memory(error):
                raise
            return False
        if not isinstance(dual, Dual):
            return False
        known = forward_by_torch(function, states, seeds.tangents)
        plain = function(states)
    tolerance = 200 * torch.finfo(states.dtype).eps
    return _close(dual.tangent, known, tolerance) and _close(dual.primal, plain, tolerance)


def _close(found: Tensor, known: Tensor, tolerance: float) -> bool:
    size = known.norm().clamp_min(torch.finfo(known.dtype).tiny)
    return found.shape == known.shape and bool((found - known).norm() <= tolerance * size)


def _reverse(
    function: EmbeddingFunction,
    states: Tensor,
    delta: Tensor,
    masks: Tensor,
    dimension: int,
    chunk: int,
    check: Callable[[], None],
) -> Tensor:
    """Reverse mode: D vector–Jacobian products contracted with δ, (N, A, D)."""
    _, pull, *_ = torch.func.vjp(function, states)
    basis = torch.eye(dimension, dtype=states.dtype, device=states.device)
    columns = []
    for first in range(0, dimension, chunk):
        check()
        rows = basis[first : first + chunk, None].expand(-1, states.shape[0], -1)
        gradients = torch.func.vmap(lambda row: pull(row)[0])(rows)
        columns.append(torch.einsum("knsh,nsh,as->nak", gradients, delta, masks))
    return torch.cat(columns, -1)
