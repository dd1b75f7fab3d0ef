"""What a forecast is given at the end of its training: as much of the network as its data bear, and honest intervals.

From few data a network learns what the next ones contradict, and a short validation part cannot tell. So its forecast
is a mean of that of the line and of its own, and the share of the line is the larger the fewer data there are.

Then its quantiles are moved from or to its median until they cover as much of the validation data as they say. All of
it goes into the last weights, in which forecasts are linear, so a file and a stream have the same bits, and no reader
of a model needs to know of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.heads import HEADS, Head
from hitherto.runtime.executor import Arrays, Batch
from hitherto.tasks.base import Options

__all__ = ["Begun", "blended", "factors", "settled", "surprise", "widened"]

ABOUT = (
    "the last layer is adjusted: its forecast is drawn to the linear map where data are few, and its intervals are "
    "fitted to the validation data"
)

# Weights that end in the numbers of a forecast, and the axis that has them.
_LAST = {
    "segments.weight_out": 0,
    "segments.bias_out": 0,
    "segments.bias_skip": -1,
    "head.weight": 0,
    "head.bias": 0,
}
DOUBT = (
    8  # independent windows of which half of what they show is believed where they ask for wider intervals
)
SAFE = 50  # and where they ask for narrower ones: the next values may be less calm
MOST = 4.0  # no distance grows or shrinks by more
FEW = 300  # values from which half of what a network learns is believed


@dataclass(frozen=True, slots=True)
class Begun:
    """What a network began with, and what it was taught and judged by."""

    first: Mapping[str, Array]  # its known weights
    values: int  # of the training data
    windows: float  # of the validation data, that share no value


def surprise(actual: Array, low: Array, median: Array, high: Array) -> Array:
    """How far off a value is: its distance from the median, in half widths of the 80 % interval low .. high."""
    scores: Array = np.abs(actual - median) / np.maximum((high - low) / 2, 1e-12)
    return scores


def settled(
    head: tuple[str, Options],
    weights: Mapping[str, Array],
    begun: Begun,
    outputs: Callable[[Arrays], Iterable[tuple[Batch, Array]]],
) -> Arrays:
    """The last weights as they are kept; `outputs` are what a model with some weights says of the validation data."""
    kind, options = head
    changed: Arrays = {}
    line = None
    if begun.first:
        changed = blended(weights, begun.first, begun.values)
        line = outputs({**weights, **blended(weights, begun.first, 0)})
    found = factors(HEADS[kind], options, outputs({**weights, **changed}), begun.windows, line)
    if found is not None:
        changed |= widened({**weights, **changed}, found, HEADS[kind].middle(**options))
    return changed


def blended(weights: Mapping[str, Array], first: Mapping[str, Array], values: int) -> Arrays:
    """The last weights of a network that learned from so many values, which began with the weights `first`."""
    share = values / (values + FEW)
    made: Arrays = {}
    for name in _LAST | {"segments.weight_skip": 0}:
        if name in weights:
            begun = first.get(name, np.zeros_like(weights[name])).astype(np.float64)
            made[name] = (begun + share * (weights[name] - begun)).astype(np.float32)
    return made


def factors(
    head: Head,
    options: Options,
    outputs: Iterable[tuple[Batch, Array]],
    windows: float,
    line: Iterable[tuple[Batch, Array]] | None = None,
) -> Array | None:
    """The factor of each number of a forecast, [P]; None where the head has no quantiles to move, or nothing is known.

    The batches have scaled targets `y`; `windows` says how many of them share no value. The fewer they are, the nearer
    the intervals are to those around the `line`, if these are wider: they are of errors on later values, and those of
    the network of errors on values that it has learned.
    """
    if head.factors is None:
        return None
    own = {name: value for name, value in options.items() if name not in ("horizon", "channels")}
    z, v = _numbers(outputs)
    if not len(z):
        return None
    usual = np.ones(v.shape[1])
    if line is not None:
        middle = head.middle(**own)
        before, now = (np.abs(some - some[:, [middle]]).mean(0) for some in (_numbers(line)[1], v))
        usual = np.clip(np.divide(before, now, out=usual, where=now > 0), 1, MOST)
    beyond = np.clip(head.factors(v, z, **own), 1 / MOST, MOST) / usual
    believed: Array = usual * beyond ** (windows / (windows + np.where(beyond < 1, SAFE, DOUBT)))
    return believed


def _numbers(outputs: Iterable[tuple[Batch, Array]]) -> tuple[Array, Array]:
    """The targets that are known, [n], and the numbers that are said of each, in order, [n, P]."""
    every = ((batch.targets["y"].reshape(-1), params) for batch, params in outputs)
    some = [(y, params) for y, params in every if len(y)]  # a batch may end before the part that is validated
    if not some:
        return np.zeros(0), np.zeros((0, 1))
    z = np.concatenate([y for y, _ in some]).astype(np.float64)
    v = np.concatenate([params.reshape(len(y), -1) for y, params in some]).astype(np.float64)
    known = np.isfinite(z)
    return z[known], np.sort(v[known], -1)


def widened(weights: Mapping[str, Array], factor: Array, middle: int) -> Arrays:
    """The last weights with the distances of their numbers from that in the middle times these factors."""
    P = len(factor)
    made: Arrays = {}
    for name, axis in _LAST.items():
        if name not in weights:
            continue
        weight = np.moveaxis(weights[name].astype(np.float64), axis, 0)
        apart = weight.reshape(-1, P, *weight.shape[1:])  # the numbers are the fastest
        centre = apart[:, middle : middle + 1]
        wide = centre + factor.reshape(P, *[1] * (apart.ndim - 2)) * (apart - centre)
        made[name] = np.moveaxis(wide.reshape(weight.shape), 0, axis).astype(np.float32)
    return made
