"""Texts as counts of their runs of words and characters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.baselines.rows import Sparse, beside, distinct

__all__ = ["Grams", "characters", "tokens", "weighted", "words"]

_WORD = re.compile(r"\w+|[^\w\s]")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that a product loses nothing


@dataclass(frozen=True)
class Grams:
    """Runs of tokens: of each its row and its key. Equal runs have equal keys."""

    rows: Array
    keys: Array  # uint64
    count: int  # of rows

    def vocabulary(self, least: int = 1, most: int | None = None) -> Array:
        """The keys that `least` rows have, sorted; at most so many, the commonest."""
        keys, _ = distinct(self.keys)
        places, _ = distinct(np.searchsorted(keys, self.keys) * self.count + self.rows)
        counts = np.bincount(places // max(1, self.count), minlength=len(keys))
        keys, counts = keys[counts >= least], counts[counts >= least]
        if most is not None and len(keys) > most:
            keys = np.sort(keys[np.argsort(-counts, kind="stable")[:most]])
        return keys

    def counted(self, vocabulary: Array) -> Sparse:
        """How often each row has each key of the vocabulary."""
        shape = self.count, len(vocabulary)
        if not len(vocabulary):
            return Sparse.counts(np.zeros(0, np.int64), np.zeros(0, np.int64), (self.count, 1))
        at = np.minimum(np.searchsorted(vocabulary, self.keys), len(vocabulary) - 1)
        known = vocabulary[at] == self.keys
        return Sparse.counts(self.rows[known], at[known], shape)


def tokens(sequences: Sequence[Array], longest: int = 1, shortest: int = 1) -> Grams:
    """The runs of `shortest` to `longest` whole numbers of each sequence."""
    sizes = np.array([len(s) for s in sequences], np.int64)
    flat = np.concatenate([*sequences, np.zeros(0, np.int64)]).astype(np.uint64) + np.uint64(1)
    rows = np.repeat(np.arange(len(sequences)), sizes)
    ends = np.cumsum(sizes)
    left = np.repeat(ends, sizes) - np.arange(len(flat))  # of its sequence, this one counted
    every_row, every_key = [], []
    key = np.zeros(len(flat), np.uint64)
    with np.errstate(over="ignore"):
        for n in range(1, longest + 1):
            ahead = np.concatenate([flat[n - 1 :], np.zeros(min(n - 1, len(flat)), np.uint64)])
            key = _mixed(key * _MIX + ahead)
            if n >= shortest:
                whole = left >= n
                every_row.append(rows[whole])
                every_key.append(_mixed(key[whole] + np.uint64(n)))
    return Grams(np.concatenate(every_row), np.concatenate(every_key), len(sequences))


def _mixed(key: Array) -> Array:
    """A bijection of 64 bits in which alike keys come far apart."""
    key = key ^ (key >> np.uint64(31))
    mixed: Array = (key * _MIX) ^ ((key * _MIX) >> np.uint64(29))
    return mixed


def words(texts: Sequence[str], longest: int = 2) -> Grams:
    """Runs of words, in lower case; a sign is a word."""
    number: dict[str, int] = {}
    return tokens(
        [np.array([_number(w, number) for w in _WORD.findall(t.lower())], np.int64) for t in texts], longest
    )


def _number(word: str, number: dict[str, int]) -> int:
    """A number that depends on the word alone."""
    if word not in number:
        key = 1469598103934665603
        for byte in word.encode("utf-8", "surrogatepass"):
            key = (key ^ byte) * 1099511628211 & 0x3FFFFFFFFFFFFFFF
        number[word] = key
    return number[word]


def characters(texts: Sequence[str], shortest: int = 3, longest: int = 5) -> Grams:
    """Runs of characters, in lower case, blanks at both ends among them."""
    points = [
        np.frombuffer(f" {' '.join(t.lower().split())} ".encode("utf-32-le", "surrogatepass"), np.uint32)
        for t in texts
    ]
    return tokens(points, longest, shortest)


def weighted(blocks: Sequence[Sparse], among: Sequence[Sparse]) -> Sparse:
    """Blocks of counts side by side, as tf-idf: each block of a row has the length 1.

    `among` are the same blocks of the training data: a column counts for the less, the more of their rows have it.
    """
    made = []
    for counts, training in zip(blocks, among, strict=True):
        height = training.shape[0]
        having = np.bincount(training.columns, minlength=training.width)
        rarity = np.log((1 + height) / (1 + having)) + 1
        values = (1 + np.log(counts.values)) * rarity[counts.columns]
        squares = np.bincount(counts.rows, values**2, minlength=counts.shape[0])
        made.append(counts.with_values(values / np.sqrt(np.maximum(squares, 1e-12))[counts.rows]))
    return beside(made)
