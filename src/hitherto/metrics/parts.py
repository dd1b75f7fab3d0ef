"""What metrics share: the row, and checks."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from hitherto.errors import InputError

__all__ = ["Array", "Metric", "advantage", "check_same", "mean_of", "ratio"]

Array: TypeAlias = Any  # a numpy array, or what becomes one: a list of numbers, a tensor, a column


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of `METRICS`; the top of this module says what `compute` takes."""

    name: str
    better: Literal["higher", "lower"]
    compute: Callable[..., float]
    needs: tuple[str, ...]
    each: Callable[..., Array] | None = None  # the value of each example, where their mean is the metric


def advantage(metric: Metric, one: Mapping[str, Array], other: Mapping[str, Array]) -> tuple[float, float]:
    """By how much the arrays of one evaluation are better than those of another of the same examples.

    With the standard error of that, NaN where the metric is no mean. Examples with equal `groups` count as one, as they
    are not independent.
    """
    sign = 1 if metric.better == "higher" else -1
    gain = sign * (metric.compute(**one) - metric.compute(**other))
    if metric.each is None:
        return gain, math.nan
    apart = np.asarray(metric.each(**one), np.float64) - np.asarray(metric.each(**other), np.float64)
    known = np.isfinite(apart)
    groups = np.asarray(one.get("groups", np.arange(len(apart))))[known]
    apart = apart[known]
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group.reshape(-1), apart - apart.mean()) if len(apart) else np.zeros(0)
    if len(sums) < 2:
        return gain, math.nan
    return gain, math.sqrt(len(sums) / (len(sums) - 1) * float((sums**2).sum())) / len(apart)


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
