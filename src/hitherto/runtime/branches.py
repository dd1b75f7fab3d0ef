"""The branches beside the layers, in numpy: see `hitherto.plan.branches`."""

from collections.abc import Sequence

import numpy as np

from hitherto.arrays import Array
from hitherto.plan.branches import STATISTICS, WIDE, gram_row
from hitherto.runtime.stage import Part, Stage, Weights

__all__ = ["Bag", "Join", "Summary"]


class Bag(Stage):
    """Adds the rows of the n-grams that end at each step; ids go on as they are."""

    stateful = reads_ids = True

    def prepare(self, weights: Sequence[Weights]) -> None:
        table = weights[0]["weight_ih"]
        assert table is not None  # noqa: S101 - a checked plan has its tensors
        self.table = table

    def __call__(self, x: Array, part: Part, /) -> Array:
        first, width, grams = (int(self.n[name]) for name in ("h", "H", "P"))
        state = part.state[:, first : first + 2 * width + 1 + grams]
        total, value, count, last = np.split(state, (width, 2 * width, 2 * width + 1), 1)
        for t in range(part.T):
            n = part.active[t]
            last[:n, :-1] = last[:n, 1:]
            last[:n, -1] = x[t, :n] + 1
            for longest in range(1, grams + 1):
                held = last[:n, -longest:]
                there = np.flatnonzero(
                    ((held >= 1) & (held <= self.I)).all(1)
                )  # a state may come from anywhere
                rows = gram_row(list(held[there].astype(np.int64).T - 1), self.I, int(self.n["buckets"]))
                total[there] += self.table[rows]
                count[there] += 1
            value[:n] = total[:n] / np.sqrt(np.maximum(count[:n], 1))
        return x


class Summary(Stage):
    """Statistics of the steps so far; the steps go on as they are."""

    stateful = True

    def prepare(self, weights: Sequence[Weights]) -> None:
        scale, shift = weights[0]["weight_ih"], weights[0]["bias_ih"]
        assert scale is not None  # noqa: S101 - a checked plan has them
        assert shift is not None  # noqa: S101
        self.scale, self.shift = scale, shift

    def __call__(self, x: Array, part: Part, /) -> Array:
        first, I = int(self.n["h"]), self.I
        rows = len(STATISTICS)
        state = part.state[:, first : first + 2 * rows * I + 2]
        value, count = state[:, rows * I : -1], state[:, -1:]
        mean, square, low, high, begin, last, moved = (state[:, k * I : (k + 1) * I] for k in range(rows))
        for t in range(part.T):
            n = part.active[t]
            if not n:
                break
            v, new = x[t, :n], ~(count[:n] > 0)
            count[:n] += 1
            moved[:n] += np.where(new, 0, np.abs(v - last[:n]))
            off = v - mean[:n]
            mean[:n] += off / count[:n]
            square[:n] += off * (v - mean[:n])
            low[:n] = np.where(new, v, np.minimum(low[:n], v))
            high[:n] = np.where(new, v, np.maximum(high[:n], v))
            begin[:n] = np.where(new, v, begin[:n])
            last[:n] = v
            several = np.maximum(count[:n] - 1, 1)
            deviation, change = np.sqrt(square[:n] / count[:n]), moved[:n] / several
            found = (mean[:n], deviation, low[:n], high[:n], begin[:n], last[:n], change, np.log1p(count[:n]))
            raw = np.concatenate(found, 1)
            value[:n] = np.clip((raw - self.shift) * self.scale, -WIDE, WIDE)
        return x


class Join(Stage):
    """The state of another stage beside its input, as it is after all steps."""

    stateful = True

    def __call__(self, x: Array, part: Part, /) -> Array:
        value = part.state[:, self.n["h"] : self.n["h"] + self.O - self.I]
        return np.concatenate([x, np.broadcast_to(value, (*x.shape[:2], value.shape[-1]))], -1)
