"""A private copy of a module tree that shares the parameters of the original."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedTokenizerBase

_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_backward_hooks",
    "_backward_pre_hooks",
)
_HOOKED = "_output_capturing_hooks_installed"
"""By what transformers knows that a model has the hooks that collect attentions, once asked."""


def replicate(
    module: nn.Module,
    *,
    hooks: bool = False,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
) -> Any:
    """Copy the module tree of `module` in evaluation mode; parameters stay shared.

    Configurations and tokenizers are copied too, so that changing the copy's attention or using
    its tokenizer never reaches the original. With `device` or `dtype`, floating-point parameters
    and buffers that differ are converted (and then no longer shared).

    Parameters
    ----------
    module : nn.Module
    hooks : bool
        Keep the original's forward hooks.
    device, dtype : optional
        Where and in what precision the copy computes; default: as the original.
    """
    return _Replication(hooks, device, dtype).module(module)


class _Replication:
    """One copy in the making; what was copied once is copied once."""

    def __init__(self, hooks: bool, device: torch.device | None, dtype: torch.dtype | None) -> None:
        self._hooks, self._device, self._dtype = hooks, device, dtype
        self._memo: dict[int, Any] = {}

    def module(self, node: nn.Module) -> nn.Module:
        if id(node) in self._memo:
            return self._memo[id(node)]
        twin = node.__new__(type(node))
        self._memo[id(node)] = twin
        twin.__dict__ = {name: self._attribute(value) for name, value in node.__dict__.items()}
        state = twin.__dict__
        state["_parameters"] = {k: _map(v, self._tensor) for k, v in node._parameters.items()}
        state["_buffers"] = {k: _map(v, self._tensor) for k, v in node._buffers.items()}
        state["_modules"] = {k: _map(v, self.module) for k, v in node._modules.items()}
        state["training"] = False
        for name in _HOOKS:
            if name in state:
                state[name] = copy.copy(state[name]) if self._hooks else type(state[name])()
        if not self._hooks:
            state.pop(_HOOKED, None)
        return twin

    def _attribute(self, value: Any) -> Any:
        if isinstance(value, PretrainedConfig | PreTrainedTokenizerBase):
            return copy.deepcopy(value, self._memo)
        return self._tensor(value) if isinstance(value, torch.Tensor) else value

    def _tensor(self, value: torch.Tensor) -> torch.Tensor:
        wanted = self._dtype if value.is_floating_point() else None
        placed = self._device is None or value.device == self._device
        if placed and wanted in (None, value.dtype):
            return value
        if id(value) not in self._memo:
            moved = value.detach().to(device=self._device, dtype=wanted)
            if isinstance(value, nn.Parameter):
                moved = nn.Parameter(moved, requires_grad=False)
            self._memo[id(value)] = moved
        return self._memo[id(value)]


def _map(value: Any, function: Any) -> Any:
    return None if value is None else function(value)
