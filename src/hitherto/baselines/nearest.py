"""The nearest rows of the training data."""

import numpy as np

from hitherto.arrays import Array
from hitherto.baselines.rows import Sparse

__all__ = ["alike", "nearest", "votes"]

AT_ONCE = 1 << 24  # distances that are held in memory


def nearest(rows: Array, others: Array, count: int = 1, *, itself: bool = False) -> Array:
    """The numbers of the `count` of `others` [M, F] that are nearest to each of `rows` [N, F], the nearest first.

    With `itself` the rows are the others, and none is its own neighbour.
    """
    count = min(count, len(others) - itself)
    squares = (others**2).sum(1)
    neighbours = np.empty((len(rows), count), np.int64)
    each = max(1, AT_ONCE // max(1, len(others)))
    for first in range(0, len(rows), each):
        some = rows[first : first + each]
        apart = squares - 2 * (some @ others.T)  # the square of the row itself changes no order
        if itself:
            apart[np.arange(len(some)), first + np.arange(len(some))] = np.inf
        near = np.argpartition(apart, count - 1, 1)[:, :count]
        order = np.argsort(np.take_along_axis(apart, near, 1), 1, kind="stable")
        neighbours[first : first + each] = np.take_along_axis(near, order, 1)
    return neighbours


def votes(neighbours: Array, targets: Array) -> Array:
    """Probabilities [N, K] from the classes [M, K] of neighbours [N, n]: the first decides between equals."""
    count = neighbours.shape[1]
    shares = np.mean(targets[neighbours], 1)
    first = targets[neighbours[:, 0]]
    worth: Array = (shares * count + 1e-6 * first + 1 / targets.shape[1]) / (count + 1)
    return worth


def alike(rows: Sparse, others: Sparse) -> Array:
    """The number of the one of `others` [M, F] with the largest product with each of `rows` [N, F].

    Of equal ones it is the first; a row that has nothing in common with any of them gets the first of all.
    """
    height, width = rows.shape
    best = np.zeros(height, np.int64)
    each = max(1, min(256, AT_ONCE // max(1, others.shape[0], width)))
    for first in range(0, height, each):
        some = rows.part(np.arange(first, min(height, first + each)))
        used = np.unique(some.columns)
        dense = np.zeros((some.shape[0], width), np.float32)
        dense[some.rows, some.columns] = some.values
        scores = _narrowed(others, used).times(np.ascontiguousarray(dense[:, used].T))  # [M, n]
        best[first : first + some.shape[0]] = scores.argmax(0)
    return best


def _narrowed(rows: Sparse, columns: Array) -> Sparse:
    """These columns alone, which are sorted."""
    if not len(columns):
        columns = np.zeros(1, np.int64)
    at = np.minimum(np.searchsorted(columns, rows.columns), len(columns) - 1)
    here = columns[at] == rows.columns
    starts = np.concatenate([[0], np.cumsum(here)])[rows.starts]
    return Sparse(starts, at[here], rows.values[here], len(columns))
