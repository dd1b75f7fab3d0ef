"""Which rows to train on and which to set aside."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hitherto.errors import DataError, UsageError

__all__ = ["split"]

Indices = NDArray[np.int64]


def split(
    count: int,
    fraction: float,
    seed: int,
    *,
    groups: Sequence[object] | None = None,
    times: Sequence[tuple[int, float | str]] | None = None,
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
        order = sorted(range(count), key=lambda i: times[i])
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
        largest = max(known.values(), key=len, default=[])
        if not len(aside) and len(largest) > 1:  # a few rows of each: one of them is better than none
            aside = random.permutation(largest)[:1]
    else:
        aside = random.permutation(count)[:wanted]
    if len(aside) == 0 or len(aside) == count:
        such = f"{count:,} row{'s' if count != 1 else ''}"
        if labels is not None and count > 1:
            raise DataError(
                f"{such} have {len(set(labels)):,} different labels, so none can be set aside to validate on. Is the "
                "output the right column? If it is, give more rows, valid data, or valid = 0"
            )
        raise DataError(
            f"{such} cannot be split into {1 - fraction:g} to train on and {fraction:g} to validate on; give more "
            "rows, valid data, or valid = 0"
        )
    aside = np.sort(aside.astype(np.int64))
    return np.setdiff1d(every, aside).astype(np.int64), aside
