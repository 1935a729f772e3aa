"""Float64 that stays float64 inside models that compute some of their steps in float32."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class KeepDouble(TorchFunctionMode):
    """Reads every request for float32 in the enclosed code as one for float64.

    Root-mean-square norms and softmaxes often ask for float32, so that half precision does not
    overflow. In a float64 run that request would round the hidden states in the middle of F and
    make its Jacobian wrong in the eighth digit.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is Tensor.float:
            return args[0].double()
        args = tuple(_doubled(value) for value in args)
        return func(*args, **{name: _doubled(value) for name, value in (kwargs or {}).items()})


def _doubled(value: Any) -> Any:
    return torch.float64 if value is torch.float32 else value
