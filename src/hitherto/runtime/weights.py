"""Weights as numpy holds them: a matrix in float32, rounded to bfloat16, or as integers with a scale for each row.

The numbers are those of the extension, and their factors are rounded as it rounds them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike

from hitherto.arrays import Array

__all__ = ["BFLOAT16", "FLOAT32", "INT8", "Weight"]

FLOAT32, BFLOAT16, INT8 = "float32", "bfloat16", "int8"


def _rounded(a: Array) -> Array:
    """The nearest bfloat16 numbers, as float32; ties go to the even one."""
    bits = a.view(np.uint32)
    high = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(a), np.float32(np.nan), high.view(np.float32))


class Weight(NDArrayOperatorsMixin):
    """A matrix [O, K] as cells use it, `x @ w.T`. In any other expression it acts as the array of its numbers.

    Each row of x is multiplied by itself. With INT8 a row of x becomes integers too, by its largest number, or by 1
    where x is `bounded` by -1 .. 1.
    """

    def __init__(self, values: Array, precision: str, bounded: bool = False) -> None:
        self.precision, self.bounded = precision, bounded
        self.values = np.asarray(values, np.float32)
        self.scales = np.ones(len(self.values), np.float32)  # of each row
        if precision == BFLOAT16:
            self.values = _rounded(self.values)
        elif precision == INT8:
            self.scales = np.abs(self.values).max(1, initial=0) / np.float32(127)
            with np.errstate(divide="ignore"):
                inverse = np.where(self.scales > 0, np.float32(1) / self.scales, np.float32(0))
            # integers in floats: their sums are exact, in any order, as long as they stay below 2^24 or 2^53
            exact = np.float32 if values.shape[1] <= 1 << 10 else np.float64
            self.values = np.rint(self.values * inverse[:, None]).astype(exact)
        self.T = _Turned(self)
        self._cuts: dict[tuple[int, int, int], Weight] = {}

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.asarray(self.values * self.scales[:, None], dtype or np.float32)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> object:
        return _plainly(ufunc, method, inputs, kwargs)

    def __getattr__(self, name: str) -> Any:  # shape, dtype and the rest of an array
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def __getitem__(self, key: slice | int | Array) -> object:
        """Some of its rows as a matrix of their own, made once; or plain numbers."""
        if not isinstance(key, slice):
            return np.asarray(self)[key]
        place = key.indices(len(self.values))
        if place not in self._cuts:
            cut = object.__new__(Weight)
            cut.precision, cut.bounded, cut._cuts = self.precision, self.bounded, {}
            cut.values, cut.scales = self.values[key], self.scales[key]
            cut.T = _Turned(cut)
            self._cuts[place] = cut
        return self._cuts[place]

    def times(self, x: Array) -> Array:
        """The product x @ w.T, x [.., K]."""
        O, K = self.values.shape
        flat = np.ascontiguousarray(x, np.float32).reshape(-1, 1, K)
        if self.precision == INT8:
            y = self._integers(flat[:, 0])
        elif self.precision == BFLOAT16:
            y = np.matmul(_rounded(flat), self.values.T)
        else:
            y = np.matmul(flat, self.values.T)  # a vector times a matrix for each row
        return y.reshape(*x.shape[:-1], O)

    def _integers(self, x: Array) -> Array:
        sound = np.asarray(np.isfinite(x).all(1))
        largest = np.float32(1) if self.bounded else np.abs(x).max(1, initial=0)
        scales = np.where(sound, largest / np.float32(127), np.float32(np.nan))
        inverse = np.where(scales > 0, np.float32(1) / scales, np.float32(0))
        whole = np.rint(np.clip(np.where(sound[:, None], x, 0) * inverse[:, None], -127, 127))
        sums = (whole.astype(self.values.dtype) @ self.values.T).astype(np.float32)
        return np.asarray(sums * (scales[:, None] * self.scales))

    @property
    def bytes(self) -> int:
        return int(self.values.nbytes)


class _Turned(NDArrayOperatorsMixin):
    """The transposed of a weight."""

    def __init__(self, of: Weight) -> None:
        self.of = of

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.asarray(self.of, dtype).T

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> object:
        if ufunc is np.matmul and method == "__call__" and inputs[1] is self and not kwargs:
            return self.of.times(np.asarray(inputs[0]))
        return _plainly(ufunc, method, inputs, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)


def _plainly(
    ufunc: np.ufunc, method: str, inputs: tuple[object, ...], kwargs: Mapping[str, object]
) -> object:
    plain = [np.asarray(i) if isinstance(i, Weight | _Turned) else i for i in inputs]
    return getattr(ufunc, method)(*plain, **kwargs)
