"""Forecasts of a series from its own past, without learning: the last value, the last season, the drift.

`values` are [T, C] without gaps (`filled`), `times` the steps [n] after which a forecast is made. Each gives
[n, horizon, C].
"""

import numpy as np

from hitherto.arrays import Array

__all__ = ["drift", "filled", "last", "seasonal"]


def filled(values: Array) -> Array:
    """The series without gaps: a missing value is the one before it, or 0 before there is any."""
    values = np.asarray(values, np.float64)
    present = np.isfinite(values)
    at = np.maximum.accumulate(np.where(present, np.arange(len(values))[:, None], -1), 0)
    carried = np.take_along_axis(values, np.maximum(at, 0), 0)
    return np.where(at >= 0, carried, 0.0)


def last(values: Array, times: Array, horizon: int) -> Array:
    """The last value."""
    return np.repeat(values[times][:, None], horizon, 1)


def seasonal(values: Array, times: Array, horizon: int, season: int) -> Array:
    """The newest value of the same phase of the season; the last one where there is none yet."""
    ahead = np.arange(1, horizon + 1)
    at = times[:, None] + ahead - season * -(-ahead // season)
    return np.where((at >= 0)[..., None], values[np.maximum(at, 0)], last(values, times, horizon))


def drift(values: Array, times: Array, horizon: int) -> Array:
    """The line through the first value and the last."""
    slope = (values[times] - values[0]) / np.maximum(times, 1)[:, None]
    ahead = np.arange(1, horizon + 1)[:, None]
    line: Array = values[times][:, None] + ahead * slope[:, None]
    return line
