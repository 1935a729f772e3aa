"""Forward-mode differentiation with many tangents that share one primal.

``torch.func.vmap`` over ``torch.func.jvp`` computes the same numbers; it spends more than half
of its time outside the matrix products: expanding primals to the tangents' shape, adding
structural zeros, materialising derivatives once per tangent. A `Dual` carries the primal once
and all tangents as one tensor, so a linear layer is one product over all tangents and an
activation's derivative is computed once. Functions without a rule here go through ``torch.func``
one call at a time. In-place arithmetic rebinds the dual it writes to, so aliases of it would go
stale, and other in-place functions are refused with `NoDualRule`: a caller proves the result
against ``torch.func`` once for each model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils import _pytree as pytree

Rule = Callable[..., Any]
FORWARD_LEVEL = threading.RLock()
"""Forward mode of torch has one level in the whole process: a second thread would end it."""


class NoDualRule(Exception):  # noqa: N818
    """The function cannot be followed with duals; use ``torch.func`` for the whole run."""


@dataclass(frozen=True, eq=False)
class Seeds:
    """Tangents that each move some tokens of the states along one common direction.

    Attributes
    ----------
    masks : (T, S) tensor
        Ones where tangent t moves.
    delta : (N, S, H) tensor
    """

    masks: Tensor
    delta: Tensor

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def tangents(self) -> Tensor:
        """All of them spelled out, (T, N, S, H)."""
        return self.masks[:, None, :, None].to(self.delta.dtype) * self.delta

    def first(self, tangents: int, states: int) -> Seeds:
        """The first few, at the first few states."""
        return Seeds(self.masks[:tangents], self.delta[:states])

    def linear(self, weight: Tensor) -> Tensor:
        """The tangents times `weight`: one product serves them all, for it keeps tokens apart."""
        return Seeds(self.masks, F.linear(self.delta, weight)).tangents


class Dual(Tensor):
    """A tensor with `primal` of some shape and `tangent` of shape (T, *primal.shape)."""

    primal: Tensor
    tangent: Tensor
    seeds: Seeds | None

    def __new__(cls, primal: Tensor, tangent: Tensor) -> Self:  # noqa: D102
        self = Tensor._make_wrapper_subclass(
            cls, primal.shape, dtype=primal.dtype, device=primal.device
        )
        self.primal, self.tangent, self.seeds = primal, tangent, None
        return self

    @classmethod
    def seeded(cls, states: Tensor, seeds: Seeds) -> Self:
        """The states (N, S, H) with the tangents of `seeds`."""
        self = cls(states, seeds.tangents)
        self.seeds = seeds
        return self

    def __repr__(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return f"Dual({tuple(self.primal.shape)}, tangents={self.tangent.shape[0]})"

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _METADATA:
            return func(args[0].primal, *args[1:], **kwargs)
        rule = _RULES.get(func)
        if rule is not None:
            out = rule(*args, **kwargs)
            if out is not NotImplemented:
                return out
        return _through_torch_func(func, args, kwargs)

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NoDualRule(f"{func} reached a dual below the function level")


_METADATA: set[Any] = {
    getattr(Tensor, name).__get__
    for name in ("shape", "dtype", "device", "ndim", "layout", "is_cuda", "is_mps", "requires_grad")
} | {Tensor.size, Tensor.dim, Tensor.numel, Tensor.is_floating_point, Tensor.__len__}
_RULES: dict[Any, Rule] = {}


def _writes_in_place(func: Any, kwargs: dict[str, Any]) -> bool:
    name = getattr(func, "__name__", "")
    if kwargs.get("inplace") or kwargs.get("out") is not None:
        return True
    if name.startswith("__"):
        return name in {"__setitem__", "__set__"} or (name.startswith("__i") and name in _IN_PLACE)
    return name.endswith("_")


_IN_PLACE = {
    f"__i{op}__"
    for op in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor")
}


def _through_torch_func(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if _writes_in_place(func, kwargs):
        raise NoDualRule(f"{getattr(func, '__name__', func)} writes in place")
    leaves, spec = pytree.tree_flatten((args, kwargs))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Dual)]

    def call(*values: Tensor) -> list[Any]:
        filled = list(leaves)
        for place, value in zip(places, values, strict=True):
            filled[place] = value
        new_args, new_kwargs = pytree.tree_unflatten(filled, spec)
        return func(*new_args, **new_kwargs)

    primals = tuple(leaves[i].primal for i in places)
    out = call(*primals)
    out_leaves, out_spec = pytree.tree_flatten(out)
    real = [
        i
        for i, leaf in enumerate(out_leaves)
        if isinstance(leaf, Tensor) and leaf.is_floating_point()
    ]
    if not real:
        return out

    def call_real(*values: Tensor) -> tuple[Tensor, ...]:
        flat = pytree.tree_leaves(call(*values))
        return tuple(flat[i] for i in real)

    def push(*tangents: Tensor) -> tuple[Tensor, ...]:
        return torch.func.jvp(call_real, primals, tangents)[1]

    with FORWARD_LEVEL:
        tangents = torch.func.vmap(push)(*(leaves[i].tangent for i in places))
    for i, tangent in zip(real, tangents, strict=True):
        out_leaves[i] = Dual(out_leaves[i], tangent)
    return pytree.tree_unflatten(out_leaves, out_spec)


def _rule(*functions: Any) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for function in functions:
            _RULES[function] = rule
        return rule

    return register


def _named(*names: str) -> list[Any]:
    """Every function of these names in torch, torch.Tensor and torch.nn.functional."""
    homes = (torch, Tensor, F)
    return [getattr(home, name) for name in names for home in homes if hasattr(home, name)]


def _align(dual: Dual, shape: torch.Size) -> Tensor:
    """The tangents of `dual`, with axes inserted so that they broadcast against `shape`."""
    missing = len(shape) - dual.primal.ndim
    tangent = dual.tangent
    if missing:
        tangent = tangent.reshape(tangent.shape[0], *(1,) * missing, *dual.primal.shape)
    return tangent


def _in_place(rule: Rule) -> Rule:
    def write(x: Any, *args: Any, **kwargs: Any) -> Any:
        out = rule(x, *args, **kwargs) if isinstance(x, Dual) else NotImplemented
        if out is NotImplemented or out.primal.shape != x.primal.shape:
            return NotImplemented
        x.primal, x.tangent, x.seeds = out.primal, out.tangent, None
        return x

    return write


def _full(tangent: Tensor, shape: torch.Size) -> Tensor:
    return tangent.expand(tangent.shape[0], *shape)


# Linear maps


@_rule(F.linear)
def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    if isinstance(weight, Dual) or isinstance(bias, Dual):
        return NotImplemented
    tangent = F.linear(x.tangent, weight) if x.seeds is None else x.seeds.linear(weight)
    return Dual(F.linear(x.primal, weight, bias), tangent)


@_rule(*_named("matmul", "bmm"), Tensor.__matmul__)
def _matmul(a: Any, b: Any) -> Any:
    pa = a.primal if isinstance(a, Dual) else a
    pb = b.primal if isinstance(b, Dual) else b
    if pa.ndim < 2 or pb.ndim < 2:
        return NotImplemented
    out = torch.matmul(pa, pb)
    tangent = None
    if isinstance(a, Dual):
        tangent = _left_product(_align(a, out.shape), pb)
    if isinstance(b, Dual):
        right = _right_product(pa, _align(b, out.shape))
        tangent = right if tangent is None else _sum(tangent, right)
    assert tangent is not None
    return Dual(out, _full(tangent, out.shape))


def _sum(own: Tensor, other: Tensor) -> Tensor:
    """The sum of two, in the place of `own` where it fits."""
    fits = own.shape == other.shape and own.dtype == other.dtype
    return own.add_(other) if fits else own + other


def _left_product(tangent: Tensor, b: Tensor) -> Tensor:
    """Tangent (T, ..., m, k) times b (..., k, n), the tangents folded into the rows."""
    if b.ndim == 2:
        return torch.matmul(tangent, b)
    count, rows = tangent.shape[0], tangent.shape[-2]
    folded = tangent.movedim(0, -3).flatten(-3, -2)
    return torch.matmul(folded, b).unflatten(-2, (count, rows)).movedim(-3, 0)


def _right_product(a: Tensor, tangent: Tensor) -> Tensor:
    """A (..., m, k) times tangent (T, ..., k, n), the tangents folded into columns or rows."""
    if tangent.stride(-1) != 1:
        return _left_product(tangent.mT, a.mT).mT
    count, columns = tangent.shape[0], tangent.shape[-1]
    folded = tangent.movedim(0, -2).flatten(-2, -1)
    return torch.matmul(a, folded).unflatten(-1, (count, columns)).movedim(-2, 0)


# Arithmetic


@_rule(*_named("add"), Tensor.__add__, Tensor.__radd__)
def _add(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    if not isinstance(a, Dual):
        a = torch.as_tensor(a, device=b.device, dtype=b.dtype) if not isinstance(a, Tensor) else a
    out = torch.add(_primal(a), _primal(b), alpha=alpha)
    if isinstance(a, Dual) and isinstance(b, Dual):
        return Dual(out, torch.add(_align(a, out.shape), _align(b, out.shape), alpha=alpha))
    tangent = _align(a, out.shape) if isinstance(a, Dual) else alpha * _align(b, out.shape)
    return Dual(out, _full(tangent, out.shape))


@_rule(*_named("sub"), Tensor.__sub__)
def _sub(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return _add(a, b, alpha=-alpha)


@_rule(*_named("mul"), Tensor.__mul__, Tensor.__rmul__)
def _mul(a: Any, b: Any) -> Any:
    if not isinstance(a, Dual):
        a, b = b, a
    pa, pb = a.primal, _primal(b)
    out = pa * pb
    tangent = _align(a, out.shape) * pb
    if isinstance(b, Dual):
        tangent = tangent + _align(b, out.shape) * pa
    return Dual(out, _full(tangent, out.shape))


@_rule(*_named("div"), Tensor.__truediv__)
def _div(a: Any, b: Any, *, rounding_mode: Any = None) -> Any:
    if rounding_mode is not None:
        return NotImplemented
    pb = _primal(b)
    out = _primal(a) / pb
    change = _align(a, out.shape) if isinstance(a, Dual) else 0
    if isinstance(b, Dual):
        change = change - out * _align(b, out.shape)
    return Dual(out, _full(change / pb, out.shape))


@_rule(*_named("masked_fill"))
def _masked_fill(x: Any, mask: Any, value: Any) -> Any:
    if not isinstance(x, Dual) or isinstance(value, Tensor):
        return NotImplemented
    out = x.primal.masked_fill(mask, value)
    return Dual(out, _full(_align(x, out.shape), out.shape).masked_fill(mask, 0))


for _rule_of, _names in (
    (_masked_fill, ("masked_fill_",)),
    (_add, ("add_", "__iadd__")),
    (_sub, ("sub_", "__isub__")),
    (_mul, ("mul_", "__imul__")),
    (_div, ("div_", "__itruediv__", "__idiv__")),
):
    for _name in _names:
        if hasattr(Tensor, _name):
            _RULES[getattr(Tensor, _name)] = _in_place(_rule_of)


def _primal(x: Any) -> Any:
    return x.primal if isinstance(x, Dual) else x


def _pointwise(func: Any) -> Rule:
    def rule(x: Any, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(a, Tensor) for a in args) or kwargs.get("inplace"):
            return NotImplemented
        if not isinstance(x, Dual):
            return NotImplemented
        primal = x.primal
        known = _SLOPES.get(func)
        if known is not None:
            return Dual(func(primal, *args, **kwargs), x.tangent * known(primal, *args, **kwargs))

        def apply(value: Tensor) -> Tensor:
            return func(value, *args, **kwargs)

        with FORWARD_LEVEL:
            out, slope, *_ = torch.func.jvp(apply, (primal,), (torch.ones_like(primal),))
        return Dual(out, x.tangent * slope)

    return rule


def _gelu_slope(x: Tensor, approximate: str = "none") -> Tensor:
    return torch.ops.aten.gelu_backward(torch.ones_like(x), x, approximate=approximate)


_SLOPES: dict[Any, Callable[..., Tensor]] = {F.gelu: _gelu_slope}
"""Derivatives of functions that every layer calls: ``torch.func`` takes longer than they do."""


for _name in (
    "gelu", "relu", "silu", "tanh", "sigmoid", "exp", "erf", "sqrt", "rsqrt", "square", "pow",
    "reciprocal", "sin", "cos", "abs", "log", "softplus", "mish", "elu", "leaky_relu", "selu",
    "hardtanh", "relu6", "hardswish", "logsigmoid", "clamp",
):  # fmt: skip
    for _function in _named(_name):
        _RULES[_function] = _pointwise(_function)
_RULES[Tensor.__pow__] = _pointwise(Tensor.__pow__)


# Normalisation and reduction


@_rule(F.layer_norm, torch.layer_norm)
def _layer_norm(x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    if len(shape) != 1 or not isinstance(x, Dual):
        return NotImplemented
    out, mean, rstd = torch.native_layer_norm(x.primal, shape, weight, bias, eps)
    unit = (x.primal - mean) * rstd
    tangent = x.tangent - x.tangent.mean(-1, keepdim=True)
    slope = (tangent * unit).mean(-1, keepdim=True)
    tangent = tangent.addcmul_(unit.to(tangent.dtype), slope, value=-1)
    return Dual(out, tangent.mul_(rstd if weight is None else rstd * weight))


@_rule(*_named("softmax"))
def _softmax(x: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    if dim is None:
        return NotImplemented
    out = torch.softmax(x.primal, dim, dtype=dtype)
    axis = dim if dim < 0 else dim + 1
    weighted = x.tangent * out
    return Dual(out, weighted.addcmul_(out, weighted.sum(axis, keepdim=True), value=-1))


def _reduction(func: Any) -> Rule:
    def rule(x: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        axes = (dim,) if isinstance(dim, int) else dim
        if not axes or not isinstance(x, Dual):
            return NotImplemented
        shifted = [axis if axis < 0 else axis + 1 for axis in axes]
        out = func(x.primal, axes, keepdim, dtype=dtype)
        return Dual(out, func(x.tangent, shifted, keepdim, dtype=dtype))

    return rule


for _name in ("sum", "mean"):
    for _function in _named(_name):
        _RULES[_function] = _reduction(getattr(torch, _name))


# Shape


def _shifted(axis: int) -> int:
    return axis if axis < 0 else axis + 1


def _sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(args[0]) if len(args) == 1 and not isinstance(args[0], int) else args


@_rule(Tensor.view, Tensor.reshape, torch.reshape)
def _reshape(x: Any, *shape: Any, **kwargs: Any) -> Any:
    if kwargs or isinstance(shape[0], torch.dtype):
        return NotImplemented
    out = x.primal.reshape(_sizes(shape))
    return Dual(out, x.tangent.reshape(x.tangent.shape[0], *out.shape))


@_rule(*_named("transpose", "swapaxes"))
def _transpose(x: Any, dim0: int, dim1: int) -> Any:
    return Dual(x.primal.transpose(dim0, dim1), x.tangent.transpose(_shifted(dim0), _shifted(dim1)))


@_rule(*_named("permute"))
def _permute(x: Any, *dims: Any) -> Any:
    axes = [axis % x.primal.ndim for axis in _sizes(dims)]
    return Dual(x.primal.permute(axes), x.tangent.permute(0, *(axis + 1 for axis in axes)))


@_rule(*_named("unsqueeze"))
def _unsqueeze(x: Any, dim: int) -> Any:
    return Dual(x.primal.unsqueeze(dim), x.tangent.unsqueeze(_shifted(dim)))


@_rule(Tensor.contiguous)
def _contiguous(x: Any, **kwargs: Any) -> Any:
    return x


@_rule(F.dropout, torch.dropout)
def _dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    return NotImplemented if training and p > 0 else x


@_rule(Tensor.to, Tensor.type)
def _to(x: Any, *args: Any, **kwargs: Any) -> Any:
    if not isinstance(x, Dual):
        return NotImplemented
    first = args[0] if args else kwargs.get("dtype")
    if isinstance(first, Tensor):
        first = first.dtype
    if len(args) > 1 or not isinstance(first, torch.dtype) or not first.is_floating_point:
        return NotImplemented
    return Dual(x.primal.to(first), x.tangent.to(first))


@_rule(*_named("cat", "concat"))
def _cat(tensors: Any, dim: int = 0) -> Any:
    if not all(isinstance(t, Dual) for t in tensors):
        return NotImplemented
    out = torch.cat([t.primal for t in tensors], dim)
    return Dual(out, torch.cat([t.tangent for t in tensors], _shifted(dim)))


@_rule(Tensor.__getitem__)
def _getitem(x: Any, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    basic = (int, slice, type(None), type(Ellipsis))
    if not isinstance(x, Dual) or not all(isinstance(p, basic) for p in parts):
        return NotImplemented
    return Dual(x.primal[index], x.tangent[(slice(None), *parts)])
