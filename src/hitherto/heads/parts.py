"""What heads share: the row, checks, and the numbers that losses and heads agree on."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np

from hitherto.errors import InputError, UsageError

__all__ = [
    "BLANK",
    "CORRELATION",
    "FLOOR",
    "NORMAL",
    "SMALL",
    "Array",
    "Head",
    "Level",
    "Shape",
    "at_levels",
    "check_count",
    "check_levels",
    "check_width",
    "draws",
    "no_quantile",
    "not_negative",
    "pick",
    "softplus",
]

Array = Any  # a numpy array; numpy's own types say less than the shapes beside the lines
Level = float | Sequence[float]
Shape = tuple[int, ...]

# The class of saying nothing, as an index: the last one, so that characters keep their codec's numbers.
BLANK = -1
FLOOR = 1e-3  # the least deviation of a standardised value: no forecast is certain
SMALL = 1e-6  # keeps logarithms finite
CORRELATION = 0.99  # the largest of two offsets: at 1 a component is a line, and infinitely likely on it
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Head:
    """One row of `HEADS`; the top of this module shows the calls."""

    name: str
    size: Callable[..., int]
    mean: Callable[..., Array]
    quantile: Callable[..., Array]
    sample: Callable[..., Array]
    log_prob: Callable[..., Array]
    options: Mapping[str, Any] = field(default_factory=dict)  # the type of each, with its bounds
    optional: frozenset[str] = frozenset()
    beside: str = ""  # the operation whose output it reads beside its params
    copies: bool = False  # it says classes of what attention looks at, too


# ------------------------------------------------------------------------------------------------------ parts


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """The levels, once they are known to rise strictly between 0 and 1."""
    found = tuple(float(level) for level in levels)
    if not found or not 0 < found[0] <= found[-1] < 1 or any(a >= b for a, b in pairwise(found)):
        raise UsageError(
            "levels must be one or more numbers between 0 and 1 in rising order, like (0.1, 0.5, 0.9); "
            f"they came as {levels!r}."
        )
    return found


def check_count(name: str, value: int) -> int:
    if value < 1:
        raise UsageError(f"{name} must be at least 1, but came as {value!r}.")
    return value


def not_negative(name: str, value: float) -> float:
    if not 0 <= value < math.inf:
        raise UsageError(f"{name} must be a number from 0 on, but came as {value!r}.")
    return value


def check_width(name: str, array: Array, width: int, dtype: Any = np.float64) -> Array:
    array = np.asarray(array, dtype)
    if array.ndim == 0 or array.shape[-1] != width:
        raise InputError(f"{name} must be [..., {width}], but came as {list(array.shape)}.")
    return array


def softplus(a: Array) -> Array:
    return np.maximum(a, 0) + np.log1p(np.exp(-abs(a)))


def at_levels(q: Level, one: Callable[[float], Array]) -> Array:
    """What `one` says of a level, or of each of several along a new last axis."""
    levels = np.asarray(q, np.float64)
    if not (levels.size and np.all((levels > 0) & (levels < 1))):
        raise UsageError(f"the level of a quantile must lie between 0 and 1, but came as {q!r}.")
    return one(float(levels)) if levels.ndim == 0 else np.stack([one(float(v)) for v in levels], -1)


def draws(count: int | None, shape: Shape) -> Shape:
    return shape if count is None else (count, *shape)


def no_quantile(name: str, says: str = "classes") -> Callable[..., Array]:
    def quantile(*_arguments: Any, **_options: Any) -> Array:
        raise UsageError(
            f"the head {name} says {says}, which have no quantiles; ask for its mean or for samples."
        )

    return quantile


def pick(parts: Array, which: Array) -> Array:
    """`parts`, [..., L], at the places `which`, [...], which may have more axes in front."""
    shape = np.broadcast_shapes(which.shape, parts.shape[:-1])
    which = np.broadcast_to(which, shape)[..., None]
    return np.take_along_axis(np.broadcast_to(parts, (*shape, parts.shape[-1])), which, -1)[..., 0]
