"""What runs a model's steps: the extension, or numpy where it is not used. The choice is made here and nowhere else.

Both have a `Program` and a `Session` with the same arguments, as `_native.pyi` lists them. A program with a cell or an
operation that the extension does not have runs in numpy even where the extension runs others.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from hitherto import native
from hitherto.arrays import Array
from hitherto.decode import highest
from hitherto.runtime import pure
from hitherto.runtime.stage import Fields

if TYPE_CHECKING:
    from hitherto import _native

__all__ = ["Program", "Session", "best", "program", "session"]

Program: TypeAlias = "_native.Program | pure.Program"
Session: TypeAlias = "_native.Session | pure.Session"

native.extension()  # an unknown HITHERTO_ISA or HITHERTO_PURE is an error before any file is read


def program(precision: str, size: int, rows: Sequence[Fields]) -> Program:
    """The program of these stages, as `_native.Program` takes them; `size` is how many floats a row's states have."""
    extension = native.extension()
    if extension is None:
        native.warn_once(str(native.why_not()))
    if extension is None or any(
        row["op"] not in extension.OPS or isinstance(row.get("cell"), pure.OwnCell) for row in rows
    ):
        return pure.Program(precision, size, *rows)
    made: Program = extension.Program(precision, size, *rows)
    return made


def session(of: Program, state: Array) -> Session:
    """A session of this program, whose states are `state`."""
    if isinstance(of, pure.Program):
        return pure.Session(of, state)
    extension = native.load()[0]
    assert extension is not None  # noqa: S101 - it made the program
    made: Session = extension.Session(of, state)
    return made


def best(scores: Array, k: int, threads: int) -> tuple[Array, Array, Array]:
    """The k highest of each row [R, V] in falling order, their ids, and the log of the sum of all exponentials."""
    extension = native.extension()
    if extension is None:
        values, ids = highest(scores, k)
        return values, ids, pure.log_totals(scores)
    scores = np.ascontiguousarray(scores, np.float32)
    R, V = scores.shape
    values, ids, totals = np.empty((R, k), np.float32), np.empty((R, k), np.int64), np.empty(R)
    extension.best(
        scores.ctypes.data, R, V, k, values.ctypes.data, ids.ctypes.data, totals.ctypes.data, threads
    )
    return values, ids, totals
