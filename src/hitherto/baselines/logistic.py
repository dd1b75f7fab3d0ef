"""Logistic regression: the probability of a class from a weighted sum of the columns."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.baselines.rows import Rows

__all__ = ["Logistic", "fit", "loss_of", "minimise", "probabilities"]

Objective = Callable[[Array], tuple[float, Array]]  # the value and the gradient at a place


@dataclass(frozen=True)
class Logistic:
    """Weights [F, K] and biases [K]; `apart` where each column of K is a question by itself."""

    weights: Array
    bias: Array
    apart: bool

    def probabilities(self, rows: Rows) -> Array:
        """[N, K]."""
        return probabilities(rows.times(self.weights) + self.bias, self.apart)


def probabilities(scores: Array, apart: bool) -> Array:
    """Probabilities from scores [N, K]: each by itself, or one of K."""
    if apart:
        each: Array = 1 / (1 + np.exp(-np.clip(scores, -60, 60)))
        return each
    scores = np.exp(scores - scores.max(1, keepdims=True))
    shares: Array = scores / scores.sum(1, keepdims=True)
    return shares


def loss_of(theta: Array, rows: Rows, targets: Array, strength: float, apart: bool) -> tuple[float, Array]:
    """The mean log loss of parameters [F + 1, K], biases last, plus half their squares; and its gradient.

    The squares of the weights are divided by `strength` and the number of rows; biases are free.
    """
    count = len(targets)
    scores = rows.times(theta[:-1]).astype(np.float64) + theta[-1]
    p = probabilities(scores, apart)
    if apart:
        losses = np.logaddexp(0, scores) - targets * scores
    else:
        peak = scores.max(1, keepdims=True)
        losses = (peak[:, 0] + np.log(np.exp(scores - peak).sum(1))) - (targets * scores).sum(1)
    wrong = (p - targets) / count
    weights = theta[:-1].astype(np.float64)
    penalty = 1 / (strength * count)
    value = float(losses.sum()) / count + penalty / 2 * float((weights**2).sum())
    gradient = np.concatenate([rows.back(wrong) + penalty * weights, wrong.sum(0, keepdims=True)])
    return value, gradient


def fit(
    rows: Rows,
    targets: Array,
    strength: float = 1.0,
    *,
    apart: bool = False,
    steps: int = 60,
    start: Logistic | None = None,
) -> Logistic:
    """Weights of the smallest loss, from rows and their classes, [N, K] of 0 and 1."""
    K = targets.shape[1]
    if start is None:
        theta = np.zeros((rows.shape[1] + 1, K))
    else:
        theta = np.concatenate([start.weights, start.bias[None]]).astype(np.float64)
    targets = targets.astype(np.float64)
    best = minimise(lambda x: loss_of(x, rows, targets, strength, apart), theta, steps)
    return Logistic(best[:-1], best[-1], apart)


def minimise(
    objective: Objective, start: Array, steps: int, tolerance: float = 1e-3, memory: int = 8
) -> Array:
    """The smallest place of a smooth convex function that L-BFGS reaches in so many steps (Nocedal 1980).

    It ends where no slope is above `tolerance` times the steepest of the beginning.
    """
    place = start
    value, slope = objective(place)
    enough = tolerance * max(float(np.abs(slope).max()), 1e-12)
    pairs: list[tuple[Array, Array, float]] = []  # how far it went, how the slope changed, 1 / their product
    for _ in range(steps):
        if float(np.abs(slope).max()) <= enough:
            break
        direction = _towards(slope, pairs)
        descent = float((direction * slope).sum())
        if descent >= 0:
            pairs, direction = [], -slope
            descent = -float((slope**2).sum())
        size = 1.0 if pairs else 1 / max(1.0, float(np.sqrt((slope**2).sum())))
        for _try in range(20):
            after = place + size * direction
            value_after, slope_after = objective(after)
            if value_after <= value + 1e-4 * size * descent:
                break
            size *= 0.5
        else:
            break  # as low as the digits tell
        moved, change = after - place, slope_after - slope
        product = float((moved * change).sum())
        if product > 1e-12 * float((change**2).sum()):
            pairs = [*pairs[1 - memory :], (moved, change, 1 / product)]
        place, value, slope = after, value_after, slope_after
    return place


def _towards(slope: Array, pairs: list[tuple[Array, Array, float]]) -> Array:
    """The direction of the next step, as the last ones tell the curvature."""
    direction = -slope
    parts = []
    for moved, change, weight in reversed(pairs):
        part = weight * float((moved * direction).sum())
        parts.append(part)
        direction = direction - part * change
    if pairs:
        _, change, weight = pairs[-1]
        direction = direction / (weight * float((change**2).sum()))
    for (moved, change, weight), part in zip(pairs, reversed(parts), strict=True):
        back = weight * float((change * direction).sum())
        direction = direction + (part - back) * moved
    return direction
