"""What every source gives: batches, results, and an order that is a function of (seed, epoch)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hitherto.data import Table, parallel, read
from hitherto.errors import UsageError
from hitherto.spec import Spec

__all__ = [
    "Array",
    "Arrays",
    "Batch",
    "Prepared",
    "Results",
    "Share",
    "bucket",
    "column_name",
    "column_names",
    "digest_of",
    "listed",
    "load",
    "order",
    "pad",
    "share_rows",
    "untold",
]

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
Share = tuple[int, int]  # rank, processes
Prepared = tuple[Any, Any, Any]  # a fitted source, training examples, validation examples or None


@dataclass(slots=True)
class Batch:
    """What an executor runs and a loss reads. Inputs are [T, B, ...], targets flat over what is scored."""

    inputs: Arrays
    lengths: Array | None  # [B]; None where every row has all T steps
    targets: Arrays = field(default_factory=dict)  # [N, ...]
    at: Array | None = None  # [N]: t * B + b of every scored place; None: all of them, or one for each row
    carry: Array | None = (
        None  # [B]: which kept state each row goes on from, -1 for none; None: all begin anew
    )
    keep: Array | None = None  # [lanes]: whose final states are kept for the next batch
    rows: Array | None = None  # [B]: which examples these are; -1 for padding of a share
    source_lengths: Array | None = None  # [B]: as lengths, of the input "source" where there is one

    @property
    def steps(self) -> int:
        """True steps of all rows: what tokens per second count."""
        sizes = {"x": self.lengths, "source": self.source_lengths}
        return sum(
            int(np.prod(value.shape[:2]) if (known := sizes[name]) is None else known.sum())
            for name, value in self.inputs.items()
        )


@dataclass(slots=True)
class Results:
    """What an evaluation found."""

    metrics: dict[str, float]
    details: dict[str, Any] = field(default_factory=dict)  # what a report shows, by the source's own names


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


def _by_tokens(some: Array, lengths: Array, tokens: int) -> list[Array]:
    batches, first, longest = [], 0, 0
    for i in range(len(some)):
        longest = max(longest, int(lengths[some[i]]))
        if i > first and (i + 1 - first) * longest > tokens:
            batches.append(some[first:i])
            first, longest = i, int(lengths[some[i]])
    return [*batches, some[first:]]


def share_rows(rows: Array, share: Share) -> Array:
    """The rows of one process: the same number for each, -1 where there are not enough."""
    rank, size = share
    if size == 1:
        return rows
    each = -(-len(rows) // size)
    return np.concatenate([rows, np.full(each * size - len(rows), -1, rows.dtype)])[
        rank * each : (rank + 1) * each
    ]


def load(spec: Spec, data: Any, unnamed: str = "csv") -> Table:
    """The table that a person gives, read as the spec says; `unnamed` is what a file is whose name does not tell."""
    if isinstance(data, Table):
        return data
    given = spec.data
    if isinstance(data, tuple):
        if len(data) != 2:
            raise UsageError(f"two files belong together, source and target, but {len(data)} came.")
        return parallel(*data, encoding=given.encoding)
    return read(
        data, format=given.format, header=given.header, delimiter=given.delimiter, encoding=given.encoding,
        unnamed=unnamed,
    )  # fmt: skip


def digest_of(arrays: Iterable[Array]) -> str:
    """What a checkpoint quotes to know its data again."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def column_name(table: Table | None, column: Any) -> str | None:
    return None if column is None else table.column(column) if table is not None else str(column)


def column_names(table: Table | None, columns: Any) -> list[str]:
    if columns is None:
        return []
    many = columns if isinstance(columns, tuple | list) else (columns,)
    return [column_name(table, c) or "" for c in many]


def listed(names: Sequence[str]) -> str:
    some = ", ".join(repr(n) for n in names[:4])
    return (
        f"column {some}"
        if len(names) == 1
        else f"{len(names)} columns ({some}{', ...' if len(names) > 4 else ''})"
    )


def untold(table: Table, what: str, option: str) -> UsageError:
    """The error where a column is not named and cannot be guessed."""
    known = ", ".join(map(repr, table.columns))
    return UsageError(f"cannot tell which column {what}; the columns are {known}. Say --{option} COLUMN.")
