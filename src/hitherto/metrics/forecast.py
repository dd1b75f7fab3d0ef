"""Metrics of forecasts."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from hitherto.errors import UsageError
from hitherto.metrics.parts import Array, check_same, mean_of

__all__ = [
    "absolute",
    "coverage",
    "crps",
    "each_of",
    "mae",
    "mase",
    "mse",
    "r2",
    "rmse",
    "scaled",
    "smape",
    "squared",
]


def _errors(actual: Array, guess: Array) -> Array:
    """The difference, NaN where it is not scored."""
    actual, guess = np.asarray(actual, np.float64), np.asarray(guess, np.float64)
    check_same(actual=actual, forecast=guess)
    return actual - guess


def _scored(values: Array, actual: Array) -> float:
    """The mean where there is an actual value; a forecast that is NaN there makes it NaN."""
    return mean_of(values[~np.isnan(np.broadcast_to(actual, values.shape))])


def each_of(errors: Callable[..., Array]) -> Callable[..., Array]:
    """The mean over the horizon and the channels of each row; NaN where it is not scored."""

    def compute(actual: Array, **arrays: Array) -> Array:
        values = np.where(np.isnan(np.asarray(actual, np.float64)), np.nan, errors(actual=actual, **arrays))
        flat = values.reshape(len(values), -1)
        known = np.isfinite(flat)
        counts = known.sum(1)
        return np.where(counts > 0, np.where(known, flat, 0).sum(1) / np.maximum(counts, 1), np.nan)

    return compute


def absolute(actual: Array, median: Array, **_rest: object) -> Array:
    return abs(_errors(actual, median))


def squared(actual: Array, mean: Array, **_rest: object) -> Array:
    return _errors(actual, mean) ** 2


def scaled(actual: Array, median: Array, naive_scale: Array, **_rest: object) -> Array:
    """In units of `naive_scale`; NaN where there is no unit."""
    errors = abs(_errors(actual, median))
    scale = np.broadcast_to(np.asarray(naive_scale, np.float64), errors.shape)
    known = (scale > 0) & np.isfinite(scale)
    return np.where(known, errors / np.where(known, scale, 1), np.nan)


def mae(actual: Array, median: Array, **_rest: object) -> float:
    return _scored(abs(_errors(actual, median)), np.asarray(actual))


def mse(actual: Array, mean: Array, **_rest: object) -> float:
    return _scored(_errors(actual, mean) ** 2, np.asarray(actual))


def rmse(actual: Array, mean: Array, **_rest: object) -> float:
    return math.sqrt(mse(actual, mean))


def r2(actual: Array, mean: Array, **_rest: object) -> float:
    """The share of the variance that is explained, the mean of all columns; guessing their mean has 0, the truth 1."""
    errors, actual = _errors(actual, mean), np.asarray(actual, np.float64)
    left, whole = (errors**2).sum(0), ((actual - actual.mean(0)) ** 2).sum(0)
    return mean_of(1 - left[whole > 0] / whole[whole > 0])


def mase(actual: Array, median: Array, naive_scale: Array, **_rest: object) -> float:
    """Mean absolute error in units of `naive_scale`, what the seasonal naive forecast errs in the past.

    A series that never changed has the scale 0 and no unit; it is left out.
    """
    errors = abs(_errors(actual, median))
    scale = np.broadcast_to(np.asarray(naive_scale, np.float64), errors.shape)
    known = (scale > 0) & np.isfinite(scale)
    return _scored(errors[known] / scale[known], np.asarray(actual)[known])


def smape(actual: Array, median: Array, **_rest: object) -> float:
    """Symmetric mean absolute percentage error, 0 to 200; of 0 for 0 it is 0."""
    errors = abs(_errors(actual, median))
    size = abs(np.asarray(actual, np.float64)) + abs(np.asarray(median, np.float64))
    share = np.divide(errors, size, out=np.zeros(errors.shape), where=~(size == 0))
    return _scored(200 * share, np.asarray(actual))


def crps(actual: Array, quantiles: Array, levels: Sequence[float], **_rest: object) -> float:
    at, quantiles = np.asarray(levels, np.float64), np.asarray(quantiles, np.float64)
    actual = np.asarray(actual, np.float64)[..., None]
    check_same(actual=actual[..., 0], quantiles=quantiles[..., 0])
    errors = actual - quantiles  # [..., Q]
    return _scored(2 * np.maximum(at * errors, (at - 1) * errors), actual)


def coverage(
    actual: Array, quantiles: Array, levels: Sequence[float], level: float | None = None, **_rest: object
) -> float:
    actual, quantiles = np.asarray(actual, np.float64), np.asarray(quantiles, np.float64)
    check_same(actual=actual, quantiles=quantiles[..., 0])
    low, high = _interval(levels, level)
    if low is None:
        return math.nan
    lower, upper = quantiles[..., low], quantiles[..., high]
    inside = ((lower <= actual) & (actual <= upper)).astype(np.float64)
    return _scored(np.where(np.isnan(lower + upper), np.nan, inside), actual)


def _interval(levels: Sequence[float], level: float | None) -> tuple[int | None, int | None]:
    """Which two of the levels bound the central interval of `level`."""
    intervals = {
        round(b - a, 9): (i, j)
        for i, a in enumerate(levels)
        for j, b in enumerate(levels)
        if a < b and math.isclose(a + b, 1, abs_tol=1e-9)
    }
    if level is not None:
        if round(level, 9) not in intervals:
            having = ", ".join(f"{k:g}" for k in sorted(intervals)) or "none"
            raise UsageError(
                f"the levels bound no central interval of {level:g}; those they bound: {having}."
            )
        return intervals[round(level, 9)]
    return intervals.get(0.8) or (intervals[max(intervals)] if intervals else (None, None))
