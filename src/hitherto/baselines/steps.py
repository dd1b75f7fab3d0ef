"""Sequences of steps as rows of as many numbers each."""

import math
from collections.abc import Sequence

import numpy as np

from hitherto.arrays import Array

__all__ = ["WIDEST", "evened", "places", "standardised", "summaries"]

WIDEST = 4096  # numbers of a row; of wider ones neighbours are averaged


def places(sequences: Sequence[Array], most: int = 16) -> int:
    """How many spans tell the training sequences apart: no more than the longest has steps."""
    return max(1, min(most, max((len(s) for s in sequences), default=1)))


def evened(sequences: Sequence[Array], places: int) -> Array:
    """Each sequence [T, ...] as the means of `places` spans of it, one after the other, [N, D].

    Spans overlap where there are fewer steps; a sequence without steps is zeros.
    """
    rows = []
    for sequence in sequences:
        flat = _narrow(sequence, WIDEST // places)
        T = len(flat)
        if T == 0:
            rows.append(np.zeros((places, flat.shape[1])))
            continue
        sums = np.concatenate([np.zeros((1, flat.shape[1])), np.cumsum(flat, 0, dtype=np.float64)])
        first = np.minimum(np.arange(places) * T // places, T - 1)
        last = np.maximum(first + 1, (np.arange(places) + 1) * T // places)
        rows.append((sums[last] - sums[first]) / (last - first)[:, None])
    return np.stack(rows).reshape(len(rows), -1)


def summaries(sequences: Sequence[Array]) -> Array:
    """What can be said of each sequence [T, ...] in a row, [N, D].

    Mean, deviation, least, largest, first and last value of each number of a step, how much it changes from step to
    step, and how many steps there are.
    """
    rows = []
    for sequence in sequences:
        flat = _narrow(sequence, WIDEST // 8).astype(np.float64)
        if not len(flat):
            flat = np.zeros((1, flat.shape[1]))
        change = np.abs(np.diff(flat, axis=0)).mean(0) if len(flat) > 1 else np.zeros(flat.shape[1])
        parts = [flat.mean(0), flat.std(0), flat.min(0), flat.max(0), flat[0], flat[-1], change]
        rows.append(np.concatenate([*parts, [np.log1p(len(sequence))]]))
    return np.stack(rows)


def _narrow(sequence: Array, most: int) -> Array:
    """[T, F] with F at most so large: the means of neighbours where it was larger."""
    flat = np.asarray(sequence, np.float32).reshape(len(sequence), math.prod(sequence.shape[1:]))
    width = flat.shape[1]
    if width <= most:
        return flat
    edges = np.linspace(0, width, most + 1).astype(np.int64)
    sums = np.concatenate([np.zeros((len(flat), 1)), np.cumsum(flat, 1, dtype=np.float64)], 1)
    means: Array = (sums[:, edges[1:]] - sums[:, edges[:-1]]) / np.diff(edges)
    return means


def standardised(training: Array, *others: Array) -> list[Array]:
    """Columns in units of their deviation in the training rows, which come first."""
    mean, deviation = training.mean(0), training.std(0)
    unit = np.where(deviation > 1e-9 * np.maximum(np.abs(mean), 1e-12), deviation, 1.0)
    return [np.clip((rows - mean) / unit, -10, 10).astype(np.float32) for rows in (training, *others)]
