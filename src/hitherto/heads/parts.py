"""What heads share: the row, checks, and the numbers that losses and heads agree on."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from hitherto.errors import InputError, UsageError
from hitherto.slots import Slots

__all__ = [
    "BLANK",
    "CORRELATION",
    "FLOOR",
    "NORMAL",
    "SMALL",
    "Array",
    "Beside",
    "Head",
    "Level",
    "Live",
    "Options",
    "Shape",
    "Shapes",
    "Whole",
    "at_levels",
    "check_count",
    "check_levels",
    "check_width",
    "draws",
    "first_number",
    "no_quantile",
    "not_negative",
    "pick",
    "softplus",
    "the_highest",
]

# A numpy array. As numpy types it, most sums and products would be `Any`, and say less than the shapes in comments.
Array = Any
Level = float | Sequence[float]
Shape = tuple[int, ...]
Shapes = dict[str, Shape]
Options = Mapping[str, Any]  # of a head or an operation: plain values, whose types its row declares

# The class of saying nothing, as an index: the last one, so that characters keep their codec's numbers.
BLANK = -1
FLOOR = 1e-3  # the least deviation of a standardised value: no forecast is certain
SMALL = 1e-6  # keeps logarithms finite
CORRELATION = 0.99  # the largest of two offsets: at 1 a component is a line, and infinitely likely on it
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Beside:
    """Weights of a head's own. An operation of the plan keeps them, which only this head reads."""

    op: str  # its name in a plan
    output: str
    options: Mapping[
        str, object
    ]  # the type of each: options of the head, and `input_size`, the features' width
    weights: Callable[[Options], Shapes]
    # A gate is a linear map of the features to one number at each step, by the weights `weight` and `bias`. The head's
    # functions get that number as `gate`.
    gate: bool = False
    lends: tuple[str, ...] = ()  # the weights that the head's functions get themselves, by these names


class Live(Protocol):
    """A row as its steps come, for a head that answers rows as a whole; `state` is all that it remembers."""

    state: dict[str, Array]
    slots: Slots

    def push(self, params: Array) -> Array:
        """The answers that are final after these steps, [n, size + 1]."""
        ...

    def finish(self) -> Array:
        """The answers of all steps that wait: nothing follows."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """Of a head whose answer at a step depends on all steps of its row."""

    # (params [T, B, size], lengths [B], **weights lent) -> the probabilities at each step, and the class of the best
    # row as the last number, [T, B, size + 1].
    answers: Callable[..., Array]
    live: Callable[..., Live]  # (**weights lent)


def first_number(**_options: object) -> int:
    return 1


def no_number(**_options: object) -> int:
    return 0


def the_highest(params: Array, **options: object) -> Array:
    """Of scores of classes, with or without other numbers after them, that of the likeliest."""
    params = np.asarray(params)
    count = options.get("classes") or options.get("labels") or params.shape[-1]
    at = params[..., :count].argmax(-1)
    return (np.arange(params.shape[-1]) == at[..., None]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Head:
    """One row of `HEADS`; the docstring of `hitherto.heads` shows the calls."""

    name: str
    size: Callable[..., int]
    mean: Callable[..., Array]
    quantile: Callable[..., Array]
    sample: Callable[..., Array]
    log_prob: Callable[..., Array]
    options: Mapping[str, object] = field(default_factory=dict)  # the type of each, with its bounds
    optional: frozenset[str] = frozenset()
    beside: Beside | None = None
    counts: bool = False  # it assigns probability to whole numbers from 0 on
    copies: bool = False  # it also assigns probability to tokens of the source, by the attention on them
    whole: Whole | None = None  # how it answers a row as a whole, if it does
    losses: Callable[[Array, Array], Array] | None = None  # -log_prob in the precision of the params, faster
    # Of a forecast: to how many of a value's numbers, the first ones, a shift of the scaled value is added;
    moves: Callable[..., int] = first_number
    # and the numbers that say a distribution like that of scaled values [n] around 0, [P], if that is known.
    around: Callable[..., Array] | None = None
    # Of a forecast whose numbers are quantiles: by what to multiply the distance of each from the middle one, the
    # number at `middle`, so that they hold for scaled values [n] beside their numbers [n, P]: [P].
    factors: Callable[..., Array] | None = None
    middle: Callable[..., int] = no_number
    # (params [..., P], **options) -> [..., P]: the weights of the sum of the params that stands for the answer. An
    # inspection asks what this sum rests on.
    stands: Callable[..., Array] = the_highest

    def nll(self, params: Array, y: Array, **options: object) -> Array:
        """The negative log-probability of all of y at each of N places, [N]."""
        each = -self.log_prob(params, y, **options)
        return each.reshape(len(each), -1).sum(1)


# ------------------------------------------------------------------------------------------------------ parts


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """The levels, once they are known to rise strictly between 0 and 1."""
    numbers = tuple(float(level) for level in levels)
    if not numbers or not 0 < numbers[0] <= numbers[-1] < 1 or any(a >= b for a, b in pairwise(numbers)):
        raise UsageError(
            "levels must be one or more numbers between 0 and 1 in rising order, like (0.1, 0.5, 0.9); "
            f"they came as {levels!r}."
        )
    return numbers


def check_count(name: str, value: int) -> int:
    if value < 1:
        raise UsageError(f"{name} must be at least 1, but came as {value!r}.")
    return value


def not_negative(name: str, value: float) -> float:
    if not 0 <= value < math.inf:
        raise UsageError(f"{name} must be a number from 0 on, but came as {value!r}.")
    return value


def check_width(name: str, array: Array, width: int, dtype: DTypeLike = np.float64) -> Array:
    array = np.asarray(array, dtype)
    if array.ndim == 0 or array.shape[-1] != width:
        raise InputError(f"{name} must be [..., {width}], but came as {list(array.shape)}.")
    return array


def softplus(a: Array) -> Array:
    return np.maximum(a, 0) + np.log1p(np.exp(-abs(a)))


def at_levels(q: Level, at_level: Callable[[float], Array]) -> Array:
    """What `at_level` says of a level, or of each of several along a new last axis."""
    levels = np.asarray(q, np.float64)
    if not (levels.size and np.all((levels > 0) & (levels < 1))):
        raise UsageError(f"the level of a quantile must lie between 0 and 1, but came as {q!r}.")
    return at_level(float(levels)) if levels.ndim == 0 else np.stack([at_level(float(v)) for v in levels], -1)


def draws(count: int | None, shape: Shape) -> Shape:
    return shape if count is None else (count, *shape)


def no_quantile(name: str, says: str = "classes") -> Callable[..., Array]:
    def quantile(*_arguments: object, **_options: object) -> Array:
        raise UsageError(
            f"the head {name} says {says}, which have no quantiles; ask for its mean or for samples."
        )

    return quantile


def pick(parts: Array, which: Array) -> Array:
    """`parts`, [..., L], at the places `which`, [...], which may have more axes in front."""
    shape = np.broadcast_shapes(which.shape, parts.shape[:-1])
    which = np.broadcast_to(which, shape)[..., None]
    return np.take_along_axis(np.broadcast_to(parts, (*shape, parts.shape[-1])), which, -1)[..., 0]
