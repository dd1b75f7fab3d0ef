"""Sessions of plain arrays: a model and a state, a step at a time.

`Session` takes arrays and gives what the model's head reads: one row of states, pushed from C. `Sessions` are many of
them at once. Their state is a dict of named arrays, views: writing to them changes the session.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.runtime.engine import Engine, numbers
from hitherto.runtime.program import session

__all__ = ["Session", "Sessions"]


class Session:
    """One row of states and the steps it takes: arrays in, the head's numbers out.

    `push(x)` takes one step, [I] float32 or an id, or some, [T, I] or [T]; gives [P] or [T, P], and None where only the
    end answers. `push(x, out=array)` writes there instead of making an array. For one thread at a time.
    """

    push: Callable[..., Any]  # of the program itself: no call stands between
    time: Callable[..., float]

    def __init__(self, engine: Engine) -> None:
        """A session of this engine, before any input."""
        self.engine, self._block = engine, engine.block(1)
        steps = session(engine.program, self._block)
        self.push, self.time = steps.push, steps.time

    @property
    def state(self) -> dict[str, Array]:
        """The states by name, [K, W]: views."""
        return {name: view[0] for name, view in self.engine.views(self._block).items()}

    def peek(self) -> Array | None:
        """Where the end answers: what it would say if it were now, [P]."""
        if not self.engine.pools:
            return None
        width = self.engine.input_size
        nothing = np.zeros((0, 1) if self.engine.ids is not None else (0, 1, width))
        found: Array = self.engine.run(nothing, self._block)[0]
        return found

    def fork(self) -> "Session":
        """Another session that has seen the same."""
        other = type(self)(self.engine)
        other._block[:] = self._block
        return other

    def reset(self) -> None:
        """As before any input."""
        self._block[:] = 0


class Sessions:
    """Many sessions of one engine, each with its own state: `push(ids, x)` takes a step of those in `ids`.

    Numbers of sessions run from 0 to n - 1. `x` has a row for each id: [k, I] float32, or [k] token numbers; so has
    what is given back, [k, P], or None where only the end answers: then `peek(ids)` does. A session's bits are those it
    would have alone.
    """

    def __init__(self, engine: Engine, n: int) -> None:
        if not isinstance(n, int | np.integer) or n < 1:
            raise UsageError(f"there must be one session at least, but {n!r} are asked for.")
        self.engine = engine
        try:
            self._block = engine.block(int(n))
            self._seen = np.zeros(n, np.int32)  # where each id stood in the last call that was checked
        except (MemoryError, ValueError, OverflowError) as error:
            size = int(n) * engine.stride * 4
            raise UsageError(f"{n:,} sessions need {size:,} bytes, which are not to be had.") from error

    def __len__(self) -> int:
        return len(self._block)

    def push(self, ids: Array, x: Array, out: Array | None = None) -> Array | None:
        """One step of each session in `ids`, none of them twice."""
        slots = self._slots(ids)
        tokens = self.engine.ids is not None
        x = numbers(x, "iu" if tokens else "fiub", "whole numbers" if tokens else "real numbers")
        shape = (len(slots),) if tokens else (len(slots), self.engine.input_size)
        if x.ndim and len(x) != len(slots):
            raise UsageError(f"there are {len(slots)} ids, but {len(x)} inputs: give a row for each.")
        if x.shape != shape:
            raise UsageError(f"expected an input of shape {shape}, a row for each id, got {x.shape}.")
        pools = self.engine.pools
        if pools and out is not None:
            raise UsageError("this model answers at its end: push gives nothing to write; peek does.")
        end = None if not pools else self.engine.stages - 1
        given = None if not isinstance(out, np.ndarray) else out[None]
        if out is not None and given is None:
            raise UsageError(f"out must be an array to write to, but came as {type(out).__name__}.")
        found = self.engine.run(x[None], self._block, slots=slots, end=end, out=None if pools else given)
        if pools:
            return None
        one: Array = found[0]
        return one if out is None else out

    def peek(self, ids: Array) -> Array:
        """What each of these sessions would answer at its end, [k, P]."""
        if not self.engine.pools:
            raise UsageError("this model answers at every step: push gives it.")
        slots = self._slots(ids)
        shape = (0, len(slots)) if self.engine.ids is not None else (0, len(slots), self.engine.input_size)
        return self.engine.run(np.zeros(shape), self._block, slots=slots)

    def reset(self, ids: Array) -> None:
        """These sessions as before any input: a slot for another stream."""
        self._block[self._slots(ids)] = 0

    @property
    def state(self) -> dict[str, Array]:
        """The states by name, [n, K, W]: views."""
        return self.engine.views(self._block)

    def _slots(self, ids: Array) -> Array:
        slots = numbers(ids, "iu", "ids that are whole numbers")
        if slots.ndim != 1:
            raise UsageError(f"ids must be a list of whole numbers, but are of shape {slots.shape}.")
        if slots.size and (slots.min() < 0 or slots.max() >= len(self)):
            raise UsageError(f"ids must lie in 0..{len(self) - 1}, but {slots.min()}..{slots.max()} came.")
        slots = np.ascontiguousarray(slots, np.int64)
        places = np.arange(len(slots), dtype=np.int32)
        self._seen[slots] = places  # of an id that stands twice only one place is kept
        twice = np.flatnonzero(self._seen[slots] != places)
        if len(twice):
            raise UsageError(
                f"id {slots[twice[0]]} stands twice in one call; a session takes one step at a time."
            )
        return slots
