"""A linear map from the last values of a series to the next ones, with a penalty on its weights (ridge regression)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array

__all__ = ["Ridge", "ahead", "before", "fit"]

PENALTIES = tuple(10.0**k for k in range(-3, 5))  # for each value of a window


@dataclass(frozen=True)
class Ridge:
    """Weights [window + 1, horizon]: the last row is the constant."""

    weights: Array
    error: float  # mean distance from the latest of the windows

    @property
    def window(self) -> int:
        return len(self.weights) - 1

    def forecast(self, values: Array, times: Array) -> Array:
        """[n, horizon, C] of what follows these steps of a series [T, C] without gaps."""
        past = before(values, times, self.window)  # [n, C, W]
        relative, place, unit = _relative(past)
        map_, constant = self.weights[:-1], self.weights[-1]
        future: Array = place + unit * (relative @ map_ + constant)
        return np.moveaxis(future, 1, 2)


def before(values: Array, times: Array, window: int) -> Array:
    """The last `window` values at these steps, [n, C, window]; before the first value there is the first."""
    at = np.maximum(times[:, None] + np.arange(1 - window, 1), 0)
    return np.moveaxis(values[at], 1, 2)


def ahead(values: Array, times: Array, horizon: int) -> Array:
    """The next values after these steps, [n, C, horizon]; NaN beyond the end."""
    at = times[:, None] + np.arange(1, horizon + 1)
    future = values[np.minimum(at, len(values) - 1)]
    return np.moveaxis(np.where((at < len(values))[..., None], future, np.nan), 1, 2)


def _relative(past: Array) -> tuple[Array, Array, Array]:
    """Windows relative to their last value, in units of the deviation from it; and these two, 0 where nothing moves."""
    place = past[..., -1:]
    relative = past - place
    unit = np.sqrt((relative**2).mean(-1, keepdims=True))
    unit = np.where(unit > 1e-9 * np.abs(place), unit, 0.0)
    return relative / np.where(unit > 0, unit, 1.0), place, unit


def fit(past: Array, future: Array, late: Array, scale: Array) -> Ridge:
    """The map from windows [n, W] to what followed, [n, horizon]; rows with gaps in the future are left out.

    The penalty is the one that forecasts best the fifth of the windows that are latest, by `late`. Errors are in units
    of `scale`, [n].
    """
    relative, place, unit = _relative(past)
    y = (future - place) / np.where(unit > 0, unit, np.nan)
    whole = np.isfinite(y).all(1)
    X, y, late = relative[whole], np.clip(y[whole], -50, 50), late[whole]
    if len(X) < 4:
        return Ridge(np.zeros((past.shape[1] + 1, future.shape[1])), np.inf)
    worth = (unit[:, 0] / scale)[whole, None]
    X = np.concatenate([X, np.ones((len(X), 1))], 1)
    judged = late > np.quantile(late, 0.8)
    if not 0 < judged.sum() < len(X):
        judged = np.arange(len(X)) % 5 == 0
    solve = _solver(X[~judged], y[~judged])
    errors = [float((np.abs(X[judged] @ solve(p) - y[judged]) * worth[judged]).mean()) for p in PENALTIES]
    best = int(np.argmin(errors))
    return Ridge(_solver(X, y)(PENALTIES[best]), errors[best])


def _solver(X: Array, y: Array) -> Callable[[float], Array]:
    """Weights as a function of the penalty: the columns are turned once, and each solution is a division."""
    values, vectors = np.linalg.eigh(X.T @ X)
    turned = vectors.T @ (X.T @ y)

    def solve(penalty: float) -> Array:
        weights: Array = vectors @ (turned / (np.maximum(values, 0) + penalty)[:, None])
        return weights

    return solve
