"""Interpolated Kneser-Ney smoothing with three discounts (Chen and Goodman 1998): how probable a text is.

    p(w | h) = max(0, c(h w) - D(c(h w))) / c(h) + share(h) * p(w | h without its first token)

c are the counts of the text for the longest runs; for shorter ones they are the numbers of different tokens that come
before them. D has a value each for counts of 1, 2 and more, and share(h) is what the discounts took. The shortest
history is none, and below it every token is as probable as any other.
"""

from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array

__all__ = ["KneserNey", "fit"]


@dataclass(frozen=True)
class _Level:
    """The runs of n tokens that were seen: `keys` are the number of the run without its last token, and that token."""

    keys: Array  # [runs] sorted
    discounted: Array  # [runs] c - D(c), at least 0
    total: Array  # [histories] c(h)
    share: Array  # [histories]; of one that nothing followed it is 1

    def find(self, keys: Array) -> Array:
        """The numbers of runs, -1 of one that was not seen."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, -1)


@dataclass(frozen=True)
class KneserNey:
    """A model of texts of `size` different tokens; `starts` say where each text begins."""

    levels: list[_Level]  # by the length of their runs, from 1
    size: int

    def log_probabilities(self, tokens: Array, starts: Array) -> Array:
        """The natural logarithm of the probability of each token after those before it in its text."""
        order = len(self.levels)
        padded, real = _padded(tokens, starts, order, self.size)
        width = self.size + 1
        p = np.full(len(tokens), 1 / self.size)
        before = np.zeros(
            len(padded), np.int64
        )  # the number of the run of n - 1 tokens that ends before each place
        for n, level in enumerate(self.levels, 1):
            keys = before * width + padded
            run = np.where(before >= 0, level.find(keys), -1)
            history = before[real]
            known = history >= 0
            at = np.maximum(history, 0)
            discounted = np.where(run[real] >= 0, level.discounted[np.maximum(run[real], 0)], 0.0)
            total = level.total[at]
            seen = known & (total > 0)
            p = np.where(seen, discounted / np.maximum(total, 1e-300) + level.share[at] * p, p)
            before = np.concatenate([[-1], run[:-1]]) if n < order else before
        logs: Array = np.log(p)
        return logs


def fit(tokens: Array, starts: Array, size: int, order: int = 5) -> KneserNey:
    """From the tokens of texts, whole numbers below `size`, and where each text begins."""
    padded, real = _padded(tokens, starts, order, size)
    width = size + 1
    runs, tables, counts = [], [], []
    before = np.zeros(len(padded), np.int64)
    for n in range(1, order + 1):
        whole = np.flatnonzero(before >= 0)
        keys, number = np.unique(before[whole] * width + padded[whole], return_inverse=True)
        run = np.full(len(padded), -1)
        run[whole] = number.reshape(-1)
        is_token = np.zeros(len(padded), bool)
        is_token[real] = True
        histories = int(before.max(initial=0)) + 1
        runs.append(run)
        tables.append((keys, histories))
        counts.append(np.bincount(run[is_token & (run >= 0)], minlength=len(keys)))
        before = np.concatenate([[-1], run[:-1]]) if n < order else before
    levels: list[_Level] = []
    for n in range(order):
        count = counts[n]
        if n + 1 < order:  # a run counts as often as there are different tokens before it
            _, first = np.unique(runs[n + 1], return_index=True)
            first = first[runs[n + 1][first] >= 0]
            first = first[padded[first] < size]
            count = np.bincount(runs[n][first], minlength=len(count))
        levels.append(_level(tables[n][0], tables[n][1], count, width))
    return KneserNey(levels, size)


def _padded(tokens: Array, starts: Array, order: int, size: int) -> tuple[Array, Array]:
    """Tokens with `order - 1` start tokens before each text; and the places of the tokens themselves."""
    tokens = np.asarray(tokens, np.int64)
    shift = np.zeros(len(tokens), np.int64)
    np.add.at(shift, np.asarray(starts, np.int64), order - 1)
    real = np.arange(len(tokens)) + np.cumsum(shift)
    padded = np.full(len(tokens) + (order - 1) * len(starts), size, np.int64)
    padded[real] = tokens
    return padded, real


def _level(keys: Array, histories: int, count: Array, width: int) -> _Level:
    discounts = _discounts(count)
    kind = np.minimum(count, 3)
    off = np.minimum(discounts[kind], count)
    history = keys // width
    total = np.bincount(history, count, minlength=histories)
    discounted = np.bincount(history, off, minlength=histories)
    share = np.where(total > 0, discounted / np.maximum(total, 1), 1.0)
    return _Level(keys, count - off, total, share)


def _discounts(count: Array) -> Array:
    """What is discounted from counts of 0, 1, 2 and more; constants where a text is too short to tell."""
    n1, n2, n3, n4 = (float((count == k).sum()) for k in (1, 2, 3, 4))
    usual = np.array([0.0, 0.5, 0.75, 0.9])
    if not (n1 and n2):
        return usual
    y = n1 / (n1 + 2 * n2)
    exact = [0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3 if n3 else usual[3]]
    return np.array([d if 0 < d < max(k, 1) or k == 0 else usual[k] for k, d in enumerate(exact)])
