"""When a model's weights are others than before."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import torch
from torch import Tensor, nn


class Weights:
    """Watches the parameters and buffers of a module.

    Counting writes, as torch does, is not enough: fused optimisers write without being counted.
    So one number of each tensor is looked at, too. All that takes some 70 µs (for 105 tensors),
    which matters as it is done for every text: modules are walked again only when one of them has
    other children.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._walk: _Walk | None = None  # not yet: in a copy the module may still be bare
        self._places: tuple[Hashable, ...] = ()
        self._samples: _Samples = _Samples([])

    def state(self) -> tuple[tuple[Hashable, ...], tuple[Hashable, ...]]:
        """Where the tensors lie and in what precision, and what changes with what is written."""
        tensors = self._tensors()
        places = tuple([(tensor.data_ptr(), tensor.dtype) for tensor in tensors])
        if places != self._places:
            self._places, self._samples = places, _Samples(tensors)
        return places, (*[tensor._version for tensor in tensors], *self._samples.numbers())

    def _tensors(self) -> list[Tensor]:
        walk = self._walk
        if walk is None or walk.children() != walk.known:
            walk = self._walk = _Walk(self._module)
        found = [tensor for slot in walk.slots for tensor in slot.values()]
        return [tensor for tensor in found if tensor is not None]


class _Walk:
    """Where the modules below one keep their tensors, and what children these modules have."""

    def __init__(self, module: nn.Module) -> None:
        every = list(module.modules())
        self._children = [one._modules for one in every]
        self.known = self.children()
        self.slots: list[Mapping[str, Tensor | None]] = []
        for one in every:
            self.slots += [one._parameters, one._buffers]

    def children(self) -> list[nn.Module | None]:
        """The children as they are now."""
        return [child for children in self._children for child in children.values()]


_PLAIN = (torch.float32, torch.float64, torch.float16, torch.int64, torch.int32, torch.bool)
"""What NumPy has, too."""


class _Samples:
    """One number of each of several tensors, as it is whenever it is asked for."""

    def __init__(self, tensors: list[Tensor]) -> None:
        self._direct: list[np.ndarray] = []
        others: dict[Hashable, list[Tensor]] = {}
        for tensor in tensors:
            if tensor.numel():
                view = _middle(tensor)
                if view.device.type == "cpu" and view.dtype in _PLAIN:
                    self._direct.append(view.numpy())
                else:
                    others.setdefault((view.dtype, view.device), []).append(view)
        self._others = list(others.values())

    def numbers(self) -> list[float]:
        """Return them; those on one device are fetched together."""
        found = [view.item() for view in self._direct]
        return found + [n for views in self._others for n in torch.stack(views).tolist()]


def _middle(tensor: Tensor) -> Tensor:
    """One element as a view, so that it shows what is written later."""
    view = tensor.detach()
    for size in tensor.shape:
        view = view[size // 2]
    return view
