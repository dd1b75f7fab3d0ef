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
        aside = np.array(sorted(range(count), key=lambda i: times[i])[count - wanted :], np.int64)
    elif groups is not None:
        aside = _whole_groups(groups, wanted, random)
    elif labels is not None:
        aside = _share_of_each(labels, fraction, random)
    else:
        aside = random.permutation(count)[:wanted]
    if len(aside) in (0, count):
        raise _no_split(count, fraction, labels)
    aside = np.sort(aside.astype(np.int64))
    return np.setdiff1d(every, aside).astype(np.int64), aside


def _whole_groups(groups: Sequence[object], wanted: int, random: np.random.Generator) -> Indices:
    """The rows of some groups, `wanted` of them or a few more; one group is left at least."""
    names = list(dict.fromkeys(groups))
    sizes, total = Counter(groups), 0
    chosen: set[object] = set()
    for i in random.permutation(len(names)):
        if total >= wanted or len(chosen) + 1 >= len(names):
            break
        chosen.add(names[i])
        total += sizes[names[i]]
    return np.array([i for i, group in enumerate(groups) if group in chosen], np.int64)


def _share_of_each(labels: Sequence[object], fraction: float, random: np.random.Generator) -> Indices:
    """A share of the rows of each label. A label with a single row stays; of a few rows of each, one row is taken."""
    rows_of: dict[object, list[int]] = {}
    for i, label in enumerate(labels):
        rows_of.setdefault(label, []).append(i)
    parts: list[Indices] = [np.zeros(0, np.int64)]
    for rows in rows_of.values():
        some = random.permutation(rows)
        parts.append(some[: min(len(rows) - 1, int(np.floor(len(rows) * fraction + random.random())))])
    aside = np.concatenate(parts)
    largest = max(rows_of.values(), key=len, default=[])
    return aside if len(aside) or len(largest) < 2 else random.permutation(largest)[:1]


def _no_split(count: int, fraction: float, labels: Sequence[object] | None) -> DataError:
    """The error about rows that leave nothing to train on, or nothing to validate on."""
    rows = f"{count:,} row{'s' if count != 1 else ''}"
    if labels is not None and count > 1:
        return DataError(
            f"{rows} have {len(set(labels)):,} different labels, so none can be set aside to validate on. Is the "
            "output the right column? If it is, give more rows, valid data, or valid = 0"
        )
    return DataError(
        f"{rows} cannot be split into {1 - fraction:g} to train on and {fraction:g} to validate on; give more "
        "rows, valid data, or valid = 0"
    )
