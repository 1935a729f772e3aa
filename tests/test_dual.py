"""Each dual rule against ``torch.func.jvp``, which knows nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from siamviz.dual import Dual, NoDualRule

TANGENTS = 3


def draw(*shape: int, seed: int = 0, positive: bool = False) -> Tensor:
    generator = torch.Generator().manual_seed(seed + 17 * sum(shape))
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    return values.abs() + 0.2 if positive else values


def check(function: Callable[..., Any], *inputs: Tensor, positive: bool = False) -> None:
    """Compare `function` on duals with one ``torch.func.jvp`` a tangent."""
    tangents = [draw(TANGENTS, *x.shape, seed=5 + i) for i, x in enumerate(inputs)]
    found = function(*[Dual(x.clone(), t.clone()) for x, t in zip(inputs, tangents, strict=True)])
    assert isinstance(found, Dual)
    plain = function(*[x.clone() for x in inputs])
    assert found.shape == plain.shape
    assert found.tangent.shape == (TANGENTS, *plain.shape)
    assert torch.allclose(found.primal, plain, rtol=1e-13, atol=1e-13)
    for k in range(TANGENTS):
        directions = tuple(t[k] for t in tangents)
        _, known = torch.func.jvp(
            lambda *xs: function(*[x.clone() for x in xs]), inputs, directions
        )
        assert torch.allclose(found.tangent[k], known, rtol=1e-11, atol=1e-12)


# Linear maps

WEIGHT, BIAS = draw(6, 4, seed=1), draw(6, seed=2)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4), (2, 3, 5, 4)], ids=str)
@pytest.mark.parametrize("bias", [None, BIAS], ids=["plain", "bias"])
def test_a_linear_layer(shape, bias):
    check(lambda x: F.linear(x, WEIGHT, bias), draw(*shape))


def test_a_linear_layer_whose_weight_is_a_dual():
    check(lambda x, w: F.linear(x, w, BIAS), draw(2, 5, 4), WEIGHT)
    check(lambda b: F.linear(draw(2, 5, 4), WEIGHT, b), BIAS)


SHAPES = [
    ((3, 4), (4, 5)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (6, 4, 5)),
    ((6, 3, 4), (2, 1, 4, 5)),
    ((1, 3, 4), (2, 4, 5)),
    ((4,), (4, 5)),
    ((3, 4), (4,)),
    ((2, 3, 4), (4,)),
    ((4,), (4,)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
@pytest.mark.parametrize("product", [torch.matmul, Tensor.__matmul__], ids=["matmul", "@"])
def test_a_matrix_product_with_either_or_both_sides_dual(product, left, right):
    a, b = draw(*left, seed=3), draw(*right, seed=4)
    check(product, a, b)
    check(lambda x: product(x, b), a)
    check(lambda y: product(a, y), b)


def test_a_matrix_product_with_a_transposed_dual():
    a, b = draw(2, 3, 5, 4), draw(2, 3, 6, 4)
    check(lambda x, y: x @ y.transpose(-1, -2), a, b)
    check(lambda y: a @ y.mT, b)
    check(lambda x: x.transpose(-1, -2) @ a, a)


def test_a_batched_matrix_product():
    check(torch.bmm, draw(2, 3, 4), draw(2, 4, 5))


# Arithmetic

BROADCASTS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1, 4), (3, 1)), ((1,), (2, 3))]
OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "add alpha": lambda a, b: torch.add(a, b, alpha=0.3),
    "sub alpha": lambda a, b: torch.sub(a, b, alpha=0.3),
    "method": lambda a, b: a.add(b).mul(b).sub(a).div(b),
    "maximum": torch.maximum,
    "**": lambda a, b: a**b,
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(("left", "right"), BROADCASTS, ids=str)
def test_arithmetic_broadcasts_like_tensors_with_either_or_both_sides_dual(name, left, right):
    operation = OPERATIONS[name]
    a, b = draw(*left, seed=1, positive=True), draw(*right, seed=2, positive=True)
    check(operation, a, b)
    check(lambda x: operation(x, b), a)
    check(lambda y: operation(a, y), b)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + 2,
        lambda x: 2 + x,
        lambda x: x - 2,
        lambda x: 2 - x,
        lambda x: x * 2.5,
        lambda x: 2.5 * x,
        lambda x: x / 2,
        lambda x: 2 / x,
        lambda x: -x,
        lambda x: x**3,
        lambda x: 2**x,
        lambda x: torch.div(x, 3),
    ],
)
def test_arithmetic_with_numbers(function):
    check(function, draw(2, 3, positive=True))


@pytest.mark.parametrize("right", [(2, 3), (3,), (1, 1)], ids=str)
@pytest.mark.parametrize("dual", [True, False])
def test_arithmetic_in_place_changes_the_dual_it_writes_to(right, dual):
    b = draw(*right, seed=2, positive=True)

    def steps(x, y):
        x += y
        x *= 2
        x.mul_(y).sub_(0.5).div_(y)
        x -= y
        x /= 3
        return x.add_(y, alpha=0.1)

    if dual:
        check(steps, draw(2, 3), b)
    else:
        check(lambda x: steps(x, b), draw(2, 3))


MASK = torch.tensor([[True, False, False], [False, False, True]])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.masked_fill(MASK, -5.0),
        lambda x: torch.masked_fill(x, MASK[0], 0.0),
        lambda x: (x * 1).masked_fill_(MASK, 0.0),
        lambda x: x[0].masked_fill(MASK, 1.0),
        lambda x: torch.where(MASK, x, 0.0),
        lambda x: torch.where(MASK, x, x * x),
    ],
)
def test_masked_places_do_not_move(function):
    check(function, draw(2, 3))


def test_a_mask_with_fewer_axes_than_the_dual():
    check(lambda x: x.masked_fill(MASK[:, None], -1.0), draw(4, 2, 5, 3))


# Pointwise functions

POINTWISE = {
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": torch.relu,
    "F.relu": F.relu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": Tensor.sigmoid,
    "exp": torch.exp,
    "erf": torch.erf,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "square": torch.square,
    "pow": lambda x: x.pow(2),
    "torch.pow": lambda x: torch.pow(x, 3.0),
    "reciprocal": torch.reciprocal,
    "sin": torch.sin,
    "cos": Tensor.cos,
    "abs": torch.abs,
    "log": torch.log,
    "softplus": F.softplus,
    "mish": F.mish,
    "elu": F.elu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.3),
    "hardtanh": F.hardtanh,
    "relu6": F.relu6,
    "clamp": lambda x: x.clamp(min=0.4),
    "torch.clamp": lambda x: torch.clamp(x, 0.3, 0.9),
    "clamp tensor": lambda x: torch.clamp(x, min=torch.tensor(0.4, dtype=torch.float64)),
}


@pytest.mark.parametrize("name", POINTWISE)
def test_pointwise_functions(name):
    check(POINTWISE[name], draw(2, 3, 4, positive=True))


def test_a_pointwise_function_that_should_write_in_place_is_refused():
    x = Dual(draw(2, 3), draw(TANGENTS, 2, 3))
    with pytest.raises(NoDualRule, match="writes in place"):
        F.relu(x, inplace=True)


# Normalisation and reduction


@pytest.mark.parametrize("weight", [None, draw(4, seed=8)], ids=["plain", "weight"])
@pytest.mark.parametrize("bias", [None, draw(4, seed=9)], ids=["plain", "bias"])
def test_layer_norm(weight, bias):
    check(lambda x: F.layer_norm(x, (4,), weight, bias, 1e-6), draw(2, 3, 4))
    check(lambda x: torch.layer_norm(x, [4], weight, bias), draw(3, 4))


def test_layer_norm_over_two_axes():
    check(lambda x: F.layer_norm(x, (3, 4)), draw(2, 3, 4))


@pytest.mark.parametrize("dim", [-1, 0, 1, 2])
def test_softmax(dim):
    check(lambda x: torch.softmax(x, dim), draw(2, 3, 4))
    check(lambda x: F.softmax(x, dim=dim, dtype=torch.float64), draw(2, 3, 4))
    check(lambda x: x.softmax(dim), draw(2, 3, 4))
    check(lambda x: F.log_softmax(x, dim), draw(2, 3, 4))


def test_softmax_in_another_precision_keeps_it():
    x = Dual(draw(2, 3).float(), draw(TANGENTS, 2, 3).float())
    found = torch.softmax(x, -1, dtype=torch.float64)
    assert found.dtype == found.primal.dtype == found.tangent.dtype == torch.float64


@pytest.mark.parametrize("dim", [0, 1, -1, -2, (0, 2), (-1, 1)], ids=str)
@pytest.mark.parametrize("keepdim", [True, False])
def test_sums_and_means(dim, keepdim):
    x = draw(2, 3, 4)
    check(lambda x: x.sum(dim, keepdim), x)
    check(lambda x: torch.mean(x, dim, keepdim=keepdim), x)
    check(lambda x: x.pow(2).mean(dim, keepdim=keepdim), x)


def test_sums_over_everything():
    check(torch.sum, draw(2, 3))
    check(lambda x: x.mean(), draw(2, 3))


@pytest.mark.parametrize("keepdim", [True, False])
def test_the_largest_and_norms(keepdim):
    check(lambda x: torch.max(x, 1, keepdim=keepdim)[0], draw(2, 3, 4))
    check(lambda x: x.amax(-1, keepdim=keepdim), draw(2, 3, 4))
    check(lambda x: x.norm(dim=-1, keepdim=keepdim), draw(2, 3, 4))
    check(lambda x: F.normalize(x, dim=-1), draw(2, 3, 4))


# Shape

RESHAPED = {
    "view": lambda x: x.view(2, 12),
    "view -1": lambda x: x.view(-1, 4),
    "view tuple": lambda x: x.view((6, 4)),
    "reshape": lambda x: x.reshape(4, -1),
    "torch.reshape": lambda x: torch.reshape(x, (3, 8)),
    "transpose": lambda x: x.transpose(0, 1),
    "transpose negative": lambda x: torch.transpose(x, -1, 1),
    "swapaxes": lambda x: x.swapaxes(0, -1),
    "mT": lambda x: x.mT,
    "permute": lambda x: x.permute(2, 0, 1),
    "permute negative": lambda x: x.permute(-1, 0, -2),
    "torch.permute": lambda x: torch.permute(x, (1, 2, 0)),
    "unsqueeze": lambda x: x.unsqueeze(0),
    "unsqueeze negative": lambda x: x.unsqueeze(-2),
    "squeeze": lambda x: x[:, :1].squeeze(1),
    "flatten": lambda x: x.flatten(1),
    "unflatten": lambda x: x.unflatten(-1, (2, 2)),
    "expand": lambda x: x[:, None].expand(-1, 5, -1, -1),
    "contiguous": lambda x: x.transpose(1, 2).contiguous().view(2, 12),
    "chunk": lambda x: x.chunk(2, dim=-1)[1],
    "split": lambda x: x.split([1, 3], dim=-1)[1],
    "unbind": lambda x: x.unbind(1)[2],
    "cat": lambda x: torch.cat([x, 2 * x], 1),
    "cat negative": lambda x: torch.cat([x, x * x], dim=-1),
    "cat with plain": lambda x: torch.cat([x, torch.ones(2, 3, 1, dtype=x.dtype)], -1),
    "stack": lambda x: torch.stack([x, x * x], 1),
    "repeat": lambda x: x.repeat(1, 2, 1),
    "roll": lambda x: torch.roll(x, 1, 1),
    "pad": lambda x: F.pad(x, (0, 0, 1, 1)),
    "clone": Tensor.clone,
    "dropout": lambda x: F.dropout(x, 0.5, training=False),
    "to": lambda x: x.to(torch.float64),
    "to dtype": lambda x: x.to(dtype=torch.float64),
    "type_as": lambda x: x.type_as(draw(1)),
    "double": Tensor.double,
}


@pytest.mark.parametrize("name", RESHAPED)
def test_shape_functions(name):
    check(RESHAPED[name], draw(2, 3, 4))


INDICES = {
    "int": 1,
    "negative": -1,
    "slice": slice(0, 1),
    "None": None,
    "Ellipsis": ...,
    "int slice": (0, slice(None, 2)),
    "Ellipsis int": (..., 0),
    "None Ellipsis": (None, ..., slice(None, None, 2)),
    "slice None": (slice(None), None, slice(1, None)),
    "list": [0, 1, 1],
    "tensor": torch.tensor([2, 0]),
    "mask": torch.tensor([True, False]),
    "slice tensor": (slice(None), torch.tensor([2, 0])),
}


@pytest.mark.parametrize("name", INDICES)
def test_indexing(name):
    shape = (3, 3, 4) if name == "tensor" else (2, 3, 4)
    check(lambda x: x[INDICES[name]], draw(*shape))


def test_writing_into_a_dual_by_index_is_refused():
    x = Dual(draw(2, 3), draw(TANGENTS, 2, 3))
    with pytest.raises(NoDualRule, match="__setitem__ writes in place"):
        x[0] = 1.0
    with pytest.raises(NoDualRule, match="copy_ writes in place"):
        x.copy_(draw(2, 3))
    with pytest.raises(NoDualRule, match="writes in place"):
        torch.cumsum(x, 0, out=draw(2, 3))


# Functions without a rule


def test_functions_without_a_rule_go_through_torch_func():
    x, y = draw(2, 3, 4), draw(2, 3, 4, seed=1)
    index = torch.tensor([[[0, 1, 1, 0]], [[2, 0, 0, 1]]])
    check(lambda a, b: torch.einsum("bij,bkj->bik", a, b), x, y)
    check(lambda a: torch.gather(a, 1, index), x)
    check(lambda a: torch.cumsum(a, 1), x)
    check(torch.linalg.cross, draw(2, 3), draw(2, 3, seed=1))
    check(lambda a: F.conv1d(a, draw(5, 3, 2)), x)


def test_a_function_with_several_results_gives_duals_for_the_real_ones():
    x = Dual(draw(2, 3), draw(TANGENTS, 2, 3))
    values, indices = torch.topk(x, 2, dim=-1)
    assert isinstance(values, Dual)
    assert not isinstance(indices, Dual)
    assert torch.equal(indices, torch.topk(x.primal, 2, dim=-1)[1])


def test_comparisons_and_questions_about_the_shape_give_plain_answers():
    x = Dual(draw(2, 3), draw(TANGENTS, 2, 3))
    assert not isinstance(x > 0, Dual)
    assert not isinstance(x.argmax(-1), Dual)
    assert (x.shape, x.ndim, x.dtype) == ((2, 3), 2, torch.float64)
    assert (x.size(0), x.size(-1), x.dim(), len(x), x.numel()) == (2, 3, 2, 2, 6)
    assert x.is_floating_point()
    assert repr(x) == "Dual((2, 3), tangents=3)"
    assert torch.zeros_like(x).shape == (2, 3)


def test_attention_as_encoders_write_it():
    """Heads, scaled scores, an additive mask, softmax, and back."""
    weight = [draw(8, 8, seed=i) for i in range(3)]
    mask = torch.tensor([0.0, 0.0, -1e9, 0.0, 0.0], dtype=torch.float64)

    def attention(x):
        q, k, v = (F.linear(x, w).view(2, 5, 2, 4).transpose(1, 2) for w in weight)
        scores = q @ k.transpose(-1, -2) / 2.0 + mask
        mixed = torch.softmax(scores, -1) @ v
        out = mixed.transpose(1, 2).contiguous().reshape(2, 5, 8)
        return F.layer_norm(x + F.gelu(out), (8,))

    check(attention, draw(2, 5, 8))
