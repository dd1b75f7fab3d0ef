"""Rows of numbers, most of which are zero; and dense ones under the same names."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from hitherto.arrays import Array

__all__ = ["Dense", "Rows", "Shared", "Sparse", "beside", "distinct", "picked"]

AT_ONCE = 1 << 22  # numbers of a product that are held in memory


class Rows(Protocol):
    """A matrix [N, F] that can be multiplied from either side."""

    @property
    def shape(self) -> tuple[int, int]: ...
    def part(self, rows: Array) -> Self:
        """These rows."""
        ...

    def times(self, weights: Array) -> Array:
        """[N, F] @ [F, K]."""
        ...

    def back(self, gradient: Array) -> Array:
        """[F, N] @ [N, K]."""
        ...


@dataclass(frozen=True)
class Dense:
    """Rows as they are, [N, F]."""

    values: Array

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape[0], self.values.shape[1]

    def part(self, rows: Array) -> "Dense":
        return Dense(self.values[rows])

    def times(self, weights: Array) -> Array:
        product: Array = self.values @ weights.astype(self.values.dtype, copy=False)
        return product

    def back(self, gradient: Array) -> Array:
        product: Array = self.values.T @ gradient.astype(self.values.dtype, copy=False)
        return product


@dataclass(frozen=True)
class Sparse:
    """Row i has `values[starts[i] : starts[i + 1]]` at these `columns`, which rise along a row."""

    starts: Array  # [N + 1]
    columns: Array
    values: Array
    width: int

    @classmethod
    def counts(cls, rows: Array, columns: Array, shape: tuple[int, int]) -> "Sparse":
        """How often each place of the matrix is named."""
        height, width = shape
        places, counts = distinct(rows.astype(np.int64) * width + columns)
        starts = np.searchsorted(places, np.arange(height + 1, dtype=np.int64) * width)
        return cls(starts, places % width, counts.astype(np.float32), width)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.starts) - 1, self.width

    @functools.cached_property
    def rows(self) -> Array:
        """The row of every value."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @functools.cached_property
    def turned(self) -> "Sparse":
        """The transposed matrix."""
        order = np.argsort(self.columns.astype(np.int64) * len(self.starts) + self.rows)  # no two are equal
        counts = np.bincount(self.columns, minlength=self.width)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return Sparse(starts, self.rows[order], self.values[order], len(self.starts) - 1)

    def part(self, rows: Array) -> "Sparse":
        sizes = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        at = np.arange(starts[-1]) + np.repeat(self.starts[:-1][rows] - starts[:-1], sizes)
        return Sparse(starts, self.columns[at], self.values[at], self.width)

    def with_values(self, values: Array) -> "Sparse":
        return Sparse(self.starts, self.columns, values.astype(np.float32), self.width)

    def times(self, weights: Array) -> Array:
        height, K = len(self.starts) - 1, weights.shape[1]
        weights = weights.astype(np.float32, copy=False)
        out = np.zeros((height, K), np.float32)
        if K == 1:  # a plain vector takes a fifth of the time
            terms = weights[self.columns, 0] * self.values
            some = np.flatnonzero(np.diff(self.starts))
            if len(some):
                out[some, 0] = np.add.reduceat(terms, self.starts[:-1][some])
            return out
        each = max(1, AT_ONCE // K)
        for first, last in _spans(self.starts, each):
            begin, end = int(self.starts[first]), int(self.starts[last])
            some = np.flatnonzero(np.diff(self.starts[first : last + 1]))
            if len(some):
                terms = weights[self.columns[begin:end]] * self.values[begin:end, None]
                out[first + some] = np.add.reduceat(terms, self.starts[first:last][some] - begin, 0)
        return out

    def back(self, gradient: Array) -> Array:
        return self.turned.times(gradient)


@dataclass(frozen=True)
class Shared:
    """`rows` whose columns share weights: behind their own come those of the `parts` [columns, P] that they have.

    It is the matrix rows @ [1 | parts], which is never made.
    """

    rows: Sparse
    parts: Sparse

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.shape[0], self.rows.width + self.parts.width

    def part(self, rows: Array) -> "Shared":
        return Shared(self.rows.part(rows), self.parts)

    def of_columns(self, weights: Array) -> Array:
        """The weights of the columns of `rows`: their own, and those of their parts."""
        own, shared = np.split(weights, [self.rows.width])
        summed: Array = own + self.parts.times(shared)
        return summed

    def times(self, weights: Array) -> Array:
        return self.rows.times(self.of_columns(weights))

    def back(self, gradient: Array) -> Array:
        own = self.rows.back(gradient)
        return np.concatenate([own, self.parts.back(own)])


def _spans(starts: Array, each: int) -> list[tuple[int, int]]:
    """Rows in spans of about `each` values, one row at least."""
    height = len(starts) - 1
    spans, first = [], 0
    while first < height:
        last = int(np.searchsorted(starts, starts[first] + each, side="right")) - 1
        last = min(height, max(first + 1, last))
        spans.append((first, last))
        first = last
    return spans


def beside(parts: Sequence[Sparse]) -> Sparse:
    """The columns of several matrices of as many rows side by side."""
    shift = np.cumsum([0, *(part.width for part in parts)])
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    columns = np.concatenate([part.columns + shift[i] for i, part in enumerate(parts)])[order]
    values = np.concatenate([part.values for part in parts])[order]
    starts = np.sum([part.starts for part in parts], 0)
    return Sparse(starts, columns, values, int(shift[-1]))


def distinct(values: Array) -> tuple[Array, Array]:
    """The different values, sorted, and how often each is there. By sorting, which `numpy.unique` need not do."""
    values = np.sort(values)
    first = np.flatnonzero(np.concatenate([values[:1] == values[:1], values[1:] != values[:-1]]))
    return values[first], np.diff(np.append(first, len(values)))


def picked(count: int, most: int) -> Array:
    """At most so many of `count` numbers, spread evenly."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)
