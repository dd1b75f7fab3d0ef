"""Which rows to train on and which to set aside."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hitherto.data.marks import Marks
from hitherto.errors import DataError, UsageError

__all__ = ["split"]

Indices = NDArray[np.int64]


def split(
    count: int,
    fraction: float,
    seed: int,
    *,
    groups: Sequence[object] | None = None,
    times: Sequence[object] | None = None,
    labels: Sequence[object] | None = None,
) -> tuple[Indices, Indices]:
    """Which of `count` rows to train on and which to set aside: at random, sorted.

    `groups` keeps rows of the same group together, `times` sets the last aside, `labels` keeps each one's share (a
    label with a single row stays in training).
    """
    if not 0 <= fraction < 1:
        raise UsageError(f"the share to set aside must lie between 0 and 1, but came as {fraction}.")
    every = np.arange(count)
    if fraction == 0:
        return every, every[:0]
    wanted = min(max(1, round(count * fraction)), count - 1)
    random = np.random.Generator(np.random.Philox(key=seed))
    if times is not None:
        order = sorted(range(count), key=lambda i: _ordered(times[i]))
        aside = np.array(order[count - wanted :], np.int64)
    elif groups is not None:
        names = list(dict.fromkeys(groups))
        sizes, total = Counter(groups), 0
        chosen: set[object] = set()
        for i in random.permutation(len(names)):
            if total >= wanted or len(chosen) + 1 >= len(names):
                break
            chosen.add(names[i])
            total += sizes[names[i]]
        aside = np.array([i for i, g in enumerate(groups) if g in chosen], np.int64)
    elif labels is not None:
        known: dict[object, list[int]] = {}
        for i, label in enumerate(labels):
            known.setdefault(label, []).append(i)
        parts = []
        for rows in known.values():
            some = random.permutation(rows)
            parts.append(some[: min(len(rows) - 1, int(np.floor(len(rows) * fraction + random.random())))])
        aside = np.concatenate(parts) if parts else every[:0]
    else:
        aside = random.permutation(count)[:wanted]
    if len(aside) == 0 or len(aside) == count:
        raise DataError(
            f"{count} rows cannot be split into {1 - fraction:g} and {fraction:g}; give more rows or valid data."
        )
    aside = np.sort(aside.astype(np.int64))
    return np.setdiff1d(every, aside).astype(np.int64), aside


def _ordered(value: object) -> tuple[int, float, str]:
    return (0, Marks().number(value), "") if Marks().is_number(value) else (1, 0.0, str(value))
