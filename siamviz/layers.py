"""Finding the encoder layers of any model, and entering or leaving the model between them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from siamviz.errors import UnsupportedModelError


@dataclass
class _Call:
    module: nn.Module
    entered: Tensor | None
    returned: Any


class _SeenError(Exception):
    """Ends a forward pass whose remainder nobody needs."""


@dataclass
class LayerStack:
    """The encoder layers of a module tree in call order, with a tap before each of them.

    Layer 0 is the input of the first layer, layer L the output of the last. One module may be
    called several times (ALBERT); a position is a place in the call order, not a module.

    Attributes
    ----------
    count : int
        L, the number of layer calls in one forward pass.
    """

    count: int
    bare: bool
    embedding: nn.Module | None
    _position: int = 0
    _target: int | None = None
    _state: Tensor | None = None
    _seen: Tensor | None = None

    @classmethod
    def find(
        cls, root: nn.Module, forward: Callable[[], Any], shape: tuple[int, int]
    ) -> LayerStack:
        """Find the layers of `root` by watching one `forward` pass over `shape` (B, S) tokens.

        Raises
        ------
        UnsupportedModelError
            If no container of modules passes hidden states (B, S, H) from call to call.
        """
        calls = _watch(root, forward, shape)
        modules = _layer_modules(root, calls)
        if not modules:
            raise UnsupportedModelError(
                f"{type(root).__name__} has no stack of encoder layers that pass hidden states of "
                "shape (batch, tokens, features) to one another, so there is nothing to integrate "
                "through. Static embeddings and bag-of-words models cannot be explained; use a "
                "transformer sentence encoder."
            )
        layer_calls = [call for call in calls if call.module in modules]
        bare = all(isinstance(call.returned, Tensor) for call in layer_calls)
        stack = cls(len(layer_calls), bare, _embedding_to_enter(calls, layer_calls[0]))
        for module in modules:
            stack._tap(module, stack._through_layer)
        if stack.embedding is not None:
            stack._tap(stack.embedding, stack._through_embedding)
        return stack

    def _tap(self, module: nn.Module, through: Callable[..., Any]) -> None:
        inner = module.forward

        def forward(*args: Any, **kwargs: Any) -> Any:
            return through(inner, args, kwargs)

        module.forward = forward

    @contextmanager
    def enter(self, layer: int, state: Tensor) -> Generator[None]:
        """Run the enclosed forward pass with `state` in the place of layer `layer`'s input."""
        self._position, self._target, self._state = 0, layer, state
        try:
            yield
        finally:
            self._target, self._state = None, None

    def capture(self, layer: int, forward: Callable[[], Any]) -> Tensor:
        """The hidden states at `layer` in one `forward` pass, which ends once they are seen."""
        self._position, self._target, self._state, self._seen = 0, layer, None, None
        try:
            forward()
        except _SeenError:
            pass
        finally:
            self._target = None
        assert self._seen is not None
        return self._seen

    def _through_embedding(self, inner: Any, args: Any, kwargs: Any) -> Any:
        if self._target == 0 and self._state is not None:
            return self._state
        return inner(*args, **kwargs)

    def _through_layer(self, inner: Any, args: Any, kwargs: Any) -> Any:
        if self._target is None:
            return inner(*args, **kwargs)
        position, self._position = self._position, self._position + 1
        entering = self._state is not None
        if entering and position < self._target and self.bare:
            last = position == self.count - 1
            return self._state if last else _hidden(args, kwargs)
        if position == self._target:
            if entering:
                args, kwargs = _replace_hidden(args, kwargs, self._state)
            else:
                self._seen = _hidden(args, kwargs)
                raise _SeenError
        out = inner(*args, **kwargs)
        if position == self.count - 1 == self._target - 1:
            if entering:
                return _replace_first(out, self._state)
            self._seen = out if isinstance(out, Tensor) else out[0]
        return out


def _watch(root: nn.Module, forward: Callable[[], Any], shape: tuple[int, int]) -> list[_Call]:
    calls: list[_Call] = []

    def hook(module: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
        values = (*args, *kwargs.values())
        entered = next((v for v in values if _is_hidden(v, shape)), None)
        calls.append(_Call(module, entered, out))

    handles = [m.register_forward_hook(hook, with_kwargs=True) for m in root.modules()]
    try:
        forward()
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _is_hidden(value: Any, shape: tuple[int, int]) -> bool:
    return (
        isinstance(value, Tensor)
        and value.ndim == 3
        and value.is_floating_point()
        and tuple(value.shape[:2]) == shape
    )


def _passes_hidden_states(call: _Call) -> bool:
    out = call.returned[0] if isinstance(call.returned, tuple) and call.returned else call.returned
    return call.entered is not None and isinstance(out, Tensor) and out.shape == call.entered.shape


def _layer_modules(root: nn.Module, calls: list[_Call]) -> set[nn.Module]:
    """The children of the container that holds the most parameters among those passing states."""
    called = {call.module for call in calls}
    passing = called - {call.module for call in calls if not _passes_hidden_states(call)}
    best: set[nn.Module] = set()
    most = 0
    for container in root.modules():
        if not isinstance(container, nn.ModuleList | nn.Sequential):
            continue
        children = {child for child in container if child in called}
        size = sum(p.numel() for p in container.parameters())
        if children and children <= passing and size > most:
            best, most = children, size
    return best


def _embedding_to_enter(calls: list[_Call], first: _Call) -> nn.Module | None:
    """The module whose output is the input of layer 0, if it is called once.

    Replacing its output reaches everything that reads the embeddings beside the first layer, such
    as DeBERTa's convolution or a skip connection, where replacing the first layer's argument would
    leave that reader on the old states.
    """
    producers = [call.module for call in calls if call.returned is first.entered]
    if not producers:
        return None
    found = producers[-1]
    return found if sum(call.module is found for call in calls) == 1 else None


def _hidden_place(args: Any, kwargs: Any) -> int | str:
    for i, value in enumerate(args):
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim == 3:
            return i
    for name, value in kwargs.items():
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim == 3:
            return name
    raise UnsupportedModelError("An encoder layer was called without hidden states.")


def _hidden(args: Any, kwargs: Any) -> Tensor:
    place = _hidden_place(args, kwargs)
    return args[place] if isinstance(place, int) else kwargs[place]


def _replace_hidden(args: Any, kwargs: Any, state: Tensor | None) -> tuple[Any, Any]:
    place = _hidden_place(args, kwargs)
    if isinstance(place, int):
        return (*args[:place], state, *args[place + 1 :]), kwargs
    return args, {**kwargs, place: state}


def _replace_first(out: Any, state: Tensor | None) -> Any:
    return state if isinstance(out, Tensor) else (state, *out[1:])


class PositionReplay:
    """Keeps the position and type ids of a text while its token ids are replaced.

    RoBERTa and MPNet derive position ids from the token ids, so pad ids would move every token.
    While recording, every index that an embedding table receives other than the token ids is
    kept; while replaying, those tables receive the recorded indices again.
    """

    def __init__(self, root: nn.Module) -> None:
        self._tables = [m for m in root.modules() if isinstance(m, nn.Embedding)]

    @contextmanager
    def record(self, ids: Tensor) -> Generator[list[Tensor | None]]:
        """Yield the list that fills with one entry for each call of an embedding table."""
        tape: list[Tensor | None] = []

        def hook(module: nn.Module, args: Any) -> None:
            indices = args[0]
            tape.append(None if torch.equal(indices, ids) else indices)

        with self._hooked(hook):
            yield tape

    @contextmanager
    def replay(self, tape: list[Tensor | None]) -> Generator[None]:
        """Give the embedding tables the recorded indices in the order they were recorded."""
        remaining = iter(tape)

        def hook(module: nn.Module, args: Any) -> Any:
            indices = next(remaining, None)
            if indices is None or len(indices) > len(args[0]):  # one row for all texts of a batch
                return args
            return (indices.expand_as(args[0]), *args[1:])

        with self._hooked(hook):
            yield

    @contextmanager
    def _hooked(self, hook: Any) -> Generator[None]:
        handles = [table.register_forward_pre_hook(hook) for table in self._tables]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
