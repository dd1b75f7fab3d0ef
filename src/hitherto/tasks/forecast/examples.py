"""Encoded series, and their windows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.series import SeriesCodec, naive_scale
from hitherto.data.series import Series
from hitherto.runtime.executor import Arrays

__all__ = ["Joined", "WindowExamples", "before", "join"]


@dataclass(slots=True)
class Joined:
    """The arrays of several series, one after the other."""

    arrays: Arrays
    begin: Array  # [N + 1]: where each series begins; the last is the end of all
    unit: Array  # [N, C]: what errors of each are measured in

    def read(
        self, codec: SeriesCodec, at: Array, of: Array, end: Array | None = None
    ) -> tuple[Array, Array, Array, Array]:
        """What a batch takes of these steps of these series: x, z, scale, and the weight of each error.

        Values from `end` on are not seen.
        """
        x, loc, scale = codec.read(self.arrays, at, self.begin[of])
        future = codec.future(self.arrays, at, self.begin[of + 1] if end is None else end)
        z = np.clip((future - loc) / scale, -1e6, 1e6).astype(np.float32)
        weight = np.clip(scale / self.unit[of][:, None], 1e-3, 1e3)
        scale = np.minimum(scale, np.finfo(np.float32).max)
        return x, z, scale.astype(np.float32), weight.astype(np.float32)


def join(
    codec: SeriesCodec, series: Sequence[Series], arrays: Sequence[Arrays], cuts: Sequence[int] | None = None
) -> Joined:
    """Series as one. Their units are those of the values before `cuts`, where there are any."""
    lengths = [len(s.values) for s in series]
    cuts = cuts or lengths
    units = np.array([naive_scale(s.values[:cut], codec.season) for s, cut in zip(series, cuts, strict=True)])
    usual = np.array([a["scale"][cut - 1] for a, cut in zip(arrays, cuts, strict=True)])
    units = np.where((units > 0) & np.isfinite(units), units, usual)
    names = ("past", "filled", "last", "mean", "scale", "target", "beside", "there")
    whole = {name: np.concatenate([a[name] for a in arrays]) for name in names if name in arrays[0]}
    return Joined(whole, np.concatenate([[0], np.cumsum(lengths)]), units)


@dataclass(slots=True)
class WindowExamples:
    """Encoded series, and from which step on forecasts are scored."""

    series: list[Series]
    arrays: list[Arrays]
    first: list[int]  # the first origin that is scored: it forecasts the steps after it
    stride: int = 1
    _joined: Joined | None = None

    def __len__(self) -> int:
        return len(self.series)

    def joined(self, codec: SeriesCodec) -> Joined:
        """All of them, one after the other."""
        if self._joined is None:
            self._joined = join(codec, self.series, self.arrays)
        return self._joined

    def windows(self, window: int) -> Array:
        """The steps of the joined series whose windows are learned from, and the series of each, [n, 2]."""
        found: list[Array] = []
        begin = 0
        for i, s in enumerate(self.series):
            T = len(s.values)
            first = max(0, min(window - 1, T // 2 - 1)) if T > 1 else 0
            at = np.arange(first, T - 1) + begin
            found.append(np.stack([at, np.full(len(at), i)], 1))
            begin += T
        return np.concatenate(found)

    def origins(self, i: int, horizon: int, whole: bool = True) -> Array:
        """The steps after which a forecast is scored; `whole` ones have all of their future."""
        last = len(self.series[i].values) - (horizon if whole else 1)
        return np.arange(last - 1, self.first[i] - 1, -self.stride)[::-1]  # counted from the end

    def apart(self, horizon: int) -> float:
        """How many of the forecasts that are scored share no value, about."""
        spans = [len(self.origins(i, horizon)) * self.stride / horizon for i in range(len(self))]
        return sum(max(1.0, span) for span in spans if span)


def before(series: Series, cut: int) -> Series:
    """The series before step `cut`, with all of its covariates: those of later steps are known in advance."""
    return replace(series, values=series.values[:cut], times=series.times[:cut])
