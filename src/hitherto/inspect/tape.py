"""Arrays that remember how they were made, so that gradients go back through them: reverse mode, on numpy.

    x = leaf(array)
    y = tanh(x @ w.T + b)
    backward(y, dy)
    x.grad

The module is what a cell's step takes as `xp`, so a cell that is one function has its gradient too.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from hitherto.arrays import Array

if TYPE_CHECKING:
    from types import EllipsisType

__all__ = [
    "Var",
    "absolute",
    "amax",
    "backward",
    "chunk",
    "clip",
    "concatenate",
    "constant",
    "cumsum",
    "exp",
    "leaf",
    "log",
    "maximum",
    "minimum",
    "node",
    "relu",
    "sigmoid",
    "softmax",
    "sqrt",
    "stack",
    "sum_of",
    "tanh",
    "value_of",
    "where",
]

Number: TypeAlias = "Var | Array | float"
Place: TypeAlias = "int | slice | Array | EllipsisType | None"
Key: TypeAlias = "Place | tuple[Place, ...]"
_order = itertools.count()


class Var:
    """An array `value`, what it was made of, and how the gradient goes on to that."""

    __slots__ = ("_owned", "grad", "kept", "number", "parents", "pull", "value")
    __array_ufunc__ = None  # numpy leaves sums and products with one to it

    def __init__(
        self, value: Array, parents: Sequence["Var"] = (), pull: "Callable[[Array], None] | None" = None
    ) -> None:
        self.value, self.parents, self.pull = value, parents, pull
        self.grad: Array | None = None
        self.kept = pull is None  # whether the gradient stays when it has gone on
        self._owned = False
        self.number = next(_order)

    # ---- gradients

    def take(self, gradient: Array) -> None:
        """Add a gradient; one of a shape that was broadcast is summed to this shape."""
        gradient = _summed(gradient, self.value.shape)
        if self.grad is None:
            self.grad = gradient
        elif self._owned:
            self.grad += gradient
        else:
            self.grad, self._owned = self.grad + gradient, True

    def take_at(self, key: Key, gradient: Array) -> None:
        """Add a gradient of `value[key]`."""
        if self.grad is None:
            self.grad = np.zeros_like(self.value)
        elif not self._owned:
            self.grad = np.array(self.grad)
        self._owned = True
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, np.ndarray) for part in parts):
            np.add.at(self.grad, cast("Array", key), gradient)
        else:
            self.grad[key] += gradient

    # ---- arithmetic

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.value.shape
        return shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    def __len__(self) -> int:
        return len(self.value)

    def __add__(self, other: Number) -> "Var":
        return node(self.value + value_of(other), (self, lambda g: g), (other, lambda g: g))

    __radd__ = __add__

    def __sub__(self, other: Number) -> "Var":
        return node(self.value - value_of(other), (self, lambda g: g), (other, lambda g: -g))

    def __rsub__(self, other: Number) -> "Var":
        return node(value_of(other) - self.value, (other, lambda g: g), (self, lambda g: -g))

    def __neg__(self) -> "Var":
        return node(-self.value, (self, lambda g: -g))

    def __mul__(self, other: Number) -> "Var":
        a, b = self.value, value_of(other)
        return node(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    __rmul__ = __mul__

    def __truediv__(self, other: Number) -> "Var":
        a, b = self.value, value_of(other)
        return node(a / b, (self, lambda g: g / b), (other, lambda g: -g * a / (b * b)))

    def __rtruediv__(self, other: Number) -> "Var":
        a, b = value_of(other), self.value
        return node(a / b, (other, lambda g: g / b), (self, lambda g: -g * a / (b * b)))

    def __pow__(self, power: float) -> "Var":
        a = self.value
        return node(a**power, (self, lambda g: g * (power * a ** (power - 1))))

    def __matmul__(self, other: Number) -> "Var":
        """The product with a matrix, or with a stack of them that has the same leading axes."""
        a, b = self.value, np.asarray(value_of(other))
        if b.ndim == 1:
            return (self * other).sum(-1)
        if b.ndim == 2 and a.ndim > 2:  # one product, not one for each of the leading places
            flat = self.reshape(-1, a.shape[-1])
            return (flat @ other).reshape(*a.shape[:-1], b.shape[-1])
        return node(
            a @ b,
            (self, lambda g: g @ np.swapaxes(b, -1, -2)),
            (other, lambda g: np.swapaxes(a, -1, -2) @ g),
        )

    def __getitem__(self, key: Key) -> "Var":
        return Var(self.value[key], (self,), lambda g: self.take_at(key, g))

    # ---- shapes

    def reshape(self, *shape: int) -> "Var":
        before = self.value.shape
        return node(self.value.reshape(*shape), (self, lambda g: g.reshape(before)))

    def transpose(self, *axes: int) -> "Var":
        back = np.argsort(axes)
        return node(self.value.transpose(axes), (self, lambda g: g.transpose(back)))

    def sum(self, axis: int) -> "Var":
        shape = self.value.shape
        return node(self.value.sum(axis), (self, lambda g: np.broadcast_to(np.expand_dims(g, axis), shape)))

    def mean(self, axis: int) -> "Var":
        return self.sum(axis) * float(1 / self.value.shape[axis])

    def broadcast(self, *shape: int) -> "Var":
        return node(np.broadcast_to(self.value, shape), (self, lambda g: g))


def leaf(value: Array) -> Var:
    """A variable that was made of nothing."""
    return Var(value)


constant = leaf  # whose gradient nobody asks for


def node(value: Array, *parts: tuple[Number, Callable[[Array], Array]]) -> Var:
    """A variable made of others: each with what its gradient is, from the gradient of the whole."""
    made_of = [(part, gradient) for part, gradient in parts if isinstance(part, Var)]

    def pull(g: Array) -> None:
        for part, gradient in made_of:
            part.take(gradient(g))

    return Var(value, [part for part, _ in made_of], pull)


def value_of(x: Number) -> Array:
    """The array of a variable, or the array itself."""
    return x.value if isinstance(x, Var) else x  # type: ignore[return-value]


def backward(y: Var, gradient: Array) -> None:
    """Send this gradient of y back to all that y was made of: leaves, and what is `kept`, then have their `grad`."""
    reached, waiting = {y.number: y}, [y]
    while waiting:
        for parent in waiting.pop().parents:
            if parent.number not in reached:
                reached[parent.number] = parent
                waiting.append(parent)
    for var in reached.values():
        var.grad, var._owned = None, False
    y.take(gradient)
    for number in sorted(reached, reverse=True):
        var = reached[number]
        if var.pull is not None and var.grad is not None:
            var.pull(var.grad)
            if not var.kept:
                var.grad = None


def _summed(g: Array, shape: tuple[int, ...]) -> Array:
    """A gradient, summed over the axes along which its variable was broadcast."""
    if g.shape == shape:
        return g
    g = g.sum(tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axes, keepdims=True) if axes else g


# ------------------------------------------------------------------------------------------------ functions of numpy


def tanh(x: Var) -> Var:
    y = np.tanh(x.value)
    return node(y, (x, lambda g: g * (1 - y * y)))


def sigmoid(x: Var) -> Var:
    e = np.exp(-np.abs(x.value))  # no exponent above 0, so nothing overflows
    y = np.where(x.value < 0, e, 1) / (1 + e)
    return node(y, (x, lambda g: g * (y * (1 - y))))


def relu(x: Var) -> Var:
    above = x.value > 0
    return node(np.where(above, x.value, 0), (x, lambda g: g * above))


def exp(x: Var) -> Var:
    y = np.exp(x.value)
    return node(y, (x, lambda g: g * y))


def log(x: Var) -> Var:
    return node(np.log(x.value), (x, lambda g: g / x.value))


def sqrt(x: Var) -> Var:
    """The square root; at 0 its gradient is taken to be 0."""
    y = np.sqrt(x.value)
    return node(y, (x, lambda g: g * np.where(y > 0, 0.5 / np.where(y > 0, y, 1), 0)))


def maximum(x: Number, y: Number) -> Var:
    """The larger of each two; of two that are alike the first."""
    first = np.asarray(value_of(x) >= value_of(y))
    return node(np.maximum(value_of(x), value_of(y)), (x, lambda g: g * first), (y, lambda g: g * ~first))


def minimum(x: Number, y: Number) -> Var:
    return -maximum(-x, -y)


def clip(x: Var, low: float, high: float) -> Var:
    inside = (x.value >= low) & (x.value <= high)
    return node(np.clip(x.value, low, high), (x, lambda g: g * inside))


def where(condition: Array, x: Number, y: Number) -> Var:
    return node(
        np.where(condition, value_of(x), value_of(y)),
        (x, lambda g: g * condition),
        (y, lambda g: g * ~condition),
    )


def amax(x: Var, axis: int) -> Var:
    """The maximum along an axis; where several are the highest, they share its gradient."""
    y = x.value.max(axis, keepdims=True)
    first = x.value == y
    shares = first / first.sum(axis, keepdims=True)
    return node(np.squeeze(y, axis), (x, lambda g: np.expand_dims(g, axis) * shares.astype(g.dtype)))


def softmax(x: Var, axis: int = -1) -> Var:
    e = np.exp(x.value - x.value.max(axis, keepdims=True))
    y = e / e.sum(axis, keepdims=True)
    return node(y, (x, lambda g: y * (g - (g * y).sum(axis, keepdims=True))))


def chunk(x: Var, count: int, axis: int = -1) -> list[Var]:
    """So many equal parts along the last axis."""
    del axis  # the last one, as cells have it
    n = x.value.shape[-1] // count
    return [x[..., i * n : (i + 1) * n] for i in range(count)]


def concatenate(parts: Sequence[Number], axis: int = -1) -> Var:
    values = [value_of(part) for part in parts]
    ends = np.cumsum([v.shape[axis] for v in values])

    def part_of(i: int) -> Callable[[Array], Array]:
        first = int(ends[i]) - values[i].shape[axis]
        place = np.arange(first, int(ends[i]))
        return lambda g: np.take(g, place, axis)

    return node(np.concatenate(values, axis), *[(part, part_of(i)) for i, part in enumerate(parts)])


def stack(parts: Sequence[Var]) -> Var:
    """Variables along a new first axis."""
    return node(
        np.stack([part.value for part in parts]),
        *[(part, lambda g, i=i: g[i]) for i, part in enumerate(parts)],
    )


def sum_of(parts: Sequence[Var]) -> Var:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def cumsum(x: Var) -> Var:
    """Sums along the first axis."""
    return node(np.cumsum(x.value, 0), (x, lambda g: np.cumsum(g[::-1], 0)[::-1]))


def absolute(x: Var) -> Var:
    return node(np.abs(x.value), (x, lambda g: g * np.sign(x.value)))
