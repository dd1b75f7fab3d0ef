"""Batches, and an order that is a function of (seed, epoch)."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from hitherto.arrays import Array
from hitherto.progress import over
from hitherto.spec import TrainSpec
from hitherto.tasks.base import Batch, Options, Share

__all__ = [
    "batches",
    "bucket",
    "by_length",
    "chance",
    "digest_of",
    "heard",
    "in_steps",
    "length_of_training",
    "order",
    "pad",
    "share_rows",
]

EVALUATIONS = 40  # in a training of many short epochs


def pad(arrays: Sequence[Array], length: int | None = None) -> tuple[Array, Array | None]:
    """[T, B, ...] and the lengths, or None where they are all the same."""
    lengths = np.array([len(a) for a in arrays], np.int64)
    T = int(lengths.max(initial=0)) if length is None else length
    out = np.zeros((T, len(arrays), *arrays[0].shape[1:]), arrays[0].dtype)
    for b, a in enumerate(arrays):
        out[: len(a), b] = a
    return out, None if (lengths == T).all() else lengths


def order(seed: int, epoch: int, stream: int = 0) -> "np.random.Generator":
    """The one random source of an epoch's order."""
    return np.random.Generator(np.random.Philox(key=[seed, (epoch << 8) + stream]))


def chance(seed: int, epoch: int, index: int) -> "np.random.Generator":
    """The one random source of how an example is changed in an epoch."""
    return np.random.Generator(np.random.Philox(key=[seed, ((epoch + 1) << 40) + index]))


def bucket(
    lengths: Array, rows: int | None, tokens: int | None, seed: int, epoch: int, alike: Array | None = None
) -> list[Array]:
    """Row numbers in batches of alike lengths, shuffled; all of it a function of (seed, epoch).

    `alike` is what makes rows neighbours, where it is more than one length.
    """
    random = order(seed, epoch)
    rows_in_order = random.permutation(len(lengths))
    rows = rows or max(1, int((tokens or 4096) // max(1.0, float(lengths.mean()))))
    pool = 50 * rows  # sorted within a pool only: batches differ from epoch to epoch, padding stays small
    batches: list[Array] = []
    for start in range(0, len(rows_in_order), pool):
        some = rows_in_order[start : start + pool]
        some = some[np.argsort((lengths if alike is None else alike)[some], kind="stable")]
        if tokens is None:
            batches += [some[i : i + rows] for i in range(0, len(some), rows)]
        else:
            batches += _by_tokens(some, lengths, tokens)
    return [batches[i] for i in random.permutation(len(batches))]


def batches(lengths: Array, train: TrainSpec, epoch: int, alike: Array | None = None) -> list[Array]:
    """`bucket` with the options of a training."""
    rows = None if train.batch_tokens else train.batch_size
    return bucket(lengths, rows, train.batch_tokens, train.seed, epoch, alike)


def length_of_training(
    train: TrainSpec,
    rows: int,
    batch_size: int,
    *,
    updates: int,
    epochs: int,
    most: int = 100_000,
    steps: float = 1.0,
) -> Options:
    """Options for how long to train, where the user leaves that open.

    That is `epochs` passes over the data, and more until there are as many as `updates` steps of the optimiser; but no
    more than `most` steps. Where that is generous, a third of the run without a better evaluation ends it. `steps` is
    the mean length of a row, for batches of so many tokens.
    """
    if train.epochs is not None or train.steps is not None:
        return {}
    batch = train.batch_size or batch_size
    if train.batch_tokens is not None:
        batch = max(1, int(train.batch_tokens // max(1.0, steps)))
    per_epoch = max(1, -(-rows // (batch * train.accumulate)))
    passes = max(1, min(max(epochs, -(-updates // per_epoch)), most // per_epoch))
    options: Options = {"epochs": passes}
    if passes > EVALUATIONS:
        options["evaluate_every"] = -(-passes * per_epoch // EVALUATIONS)
    evaluations = passes * per_epoch // (train.evaluate_every or options.get("evaluate_every", per_epoch))
    if evaluations >= 12:
        options["patience"] = evaluations // 3
    return options


def by_length(lengths: Sequence[int] | Array, rows: int) -> Iterator[Array]:
    """Row numbers, so many at a time, the shortest first: how examples come where nothing is learned."""
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), rows):
        yield order[start : start + rows]


def _by_tokens(some: Array, lengths: Array, tokens: int) -> list[Array]:
    batches, first, longest = [], 0, 0
    for i in range(len(some)):
        longest = max(longest, int(lengths[some[i]]))
        if i > first and (i + 1 - first) * longest > tokens:
            batches.append(some[first:i])
            first, longest = i, int(lengths[some[i]])
    return [*batches, some[first:]]


def in_steps(lengths: Array) -> str:
    """How long examples are, in words."""
    longest = int(lengths.max())
    if int(lengths.min()) == longest:
        return f"{longest:,} step{'s' if longest != 1 else ''} each"
    return f"{int(np.median(lengths)):,} steps (median; the longest {longest:,})"


def share_rows(rows: Array, share: Share) -> Array:
    """The rows of one process: the same number for each, -1 where there are not enough."""
    rank, size = share
    if size == 1:
        return rows
    each = -(-len(rows) // size)
    return np.concatenate([rows, np.full(each * size - len(rows), -1, rows.dtype)])[
        rank * each : (rank + 1) * each
    ]


def digest_of(arrays: Iterable[Array]) -> str:
    """What a checkpoint quotes to know its data again."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def heard(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Batches whose number is shown while the model runs."""
    return over(batches, "the model", unit="batches", what="running")
