"""What metrics share: the row, and checks."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from hitherto.errors import InputError

__all__ = ["Array", "Metric", "check_same", "mean_of", "ratio"]

Array: TypeAlias = Any  # a numpy array, or what becomes one: a list of numbers, a tensor, a column


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of `METRICS`; the top of this module says what `compute` takes."""

    name: str
    better: Literal["higher", "lower"]
    compute: Callable[..., float]
    needs: tuple[str, ...]


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
