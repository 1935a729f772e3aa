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
    memo: dict[int, Any] = {}

    def tensor(value: torch.Tensor) -> torch.Tensor:
        wanted = dtype if value.is_floating_point() else None
        if (device is None or value.device == device) and wanted in (None, value.dtype):
            return value
        if id(value) not in memo:
            moved = value.detach().to(device=device, dtype=wanted)
            if isinstance(value, nn.Parameter):
                moved = nn.Parameter(moved, requires_grad=False)
            memo[id(value)] = moved
        return memo[id(value)]

    def attribute(value: Any) -> Any:
        if isinstance(value, PretrainedConfig | PreTrainedTokenizerBase):
            return copy.deepcopy(value, memo)
        if isinstance(value, torch.Tensor):
            return tensor(value)
        return value

    def clone(node: nn.Module) -> nn.Module:
        if id(node) in memo:
            return memo[id(node)]
        twin = node.__new__(type(node))
        memo[id(node)] = twin
        twin.__dict__ = {name: attribute(value) for name, value in node.__dict__.items()}
        state = twin.__dict__
        state["_parameters"] = {k: _map(v, tensor) for k, v in node._parameters.items()}
        state["_buffers"] = {k: _map(v, tensor) for k, v in node._buffers.items()}
        state["_modules"] = {k: _map(v, clone) for k, v in node._modules.items()}
        state["training"] = False
        for name in _HOOKS:
            if name in state:
                state[name] = copy.copy(state[name]) if hooks else type(state[name])()
        return twin

    return clone(module)


def _map(value: Any, function: Any) -> Any:
    return None if value is None else function(value)
