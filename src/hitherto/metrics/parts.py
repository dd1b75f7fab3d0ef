"""What metrics share: the row, and checks."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from hitherto.errors import InputError

__all__ = ["Array", "Metric", "check_same", "error_of_mean", "mean_of", "ratio"]

Array: TypeAlias = Any  # a numpy array, or what becomes one: a list of numbers, a tensor, a column


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of `METRICS`; the top of this module says what `compute` takes."""

    name: str
    better: Literal["higher", "lower"] | None  # None: neither, so it selects nothing
    compute: Callable[..., float]
    needs: tuple[str, ...]
    each: Callable[..., Array] | None = None  # the value of each example, where their mean is the metric


def error_of_mean(values: Array, groups: Array | None = None) -> float:
    """The standard error of the mean of [N] values, NaN of less than two; what is NaN does not count.

    Values of equal `groups` are not independent: they count as one.
    """
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    groups = np.arange(len(values)) if groups is None else np.asarray(groups)
    _, group = np.unique(groups[known], return_inverse=True)
    values = values[known]
    sums = np.bincount(group.reshape(-1), values - values.mean()) if len(values) else np.zeros(0)
    if len(sums) < 2:
        return math.nan
    return math.sqrt(len(sums) / (len(sums) - 1) * float((sums**2).sum())) / len(values)


# ------------------------------------------------------------------------------------------------------ parts


def check_same(**arrays: Array) -> None:
    """Arrays that are compared must have one shape."""
    shapes = {name: list(np.shape(array)) for name, array in arrays.items()}
    if len({tuple(shape) for shape in shapes.values()}) > 1:
        came = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"the arrays must have the same shape, but came as {came}.")


def ratio(part: Array, whole: Array) -> Array:
    """The quotient; 0 / 0 is 0: a class that is neither there nor predicted has nothing to its credit."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) != 0)


def mean_of(values: Array) -> float:
    return float(np.mean(values)) if np.size(values) else math.nan
