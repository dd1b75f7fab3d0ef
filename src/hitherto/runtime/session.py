"""Sessions of plain arrays: a model and a state, a step at a time.

`Session` is one row of states: it takes arrays and gives the head's params. `Sessions` are many of them at once. Their
state is a dict of named arrays, which are views: writing to them changes the session. `together` steps many a `Session`
in one call, each by as many steps as it is given.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.runtime.chain import Chain, numbers
from hitherto.runtime.program import session

__all__ = ["Session", "Sessions", "together"]

# Of `together`: as many sessions as make the weights worth their way from memory; no more, so that arrays stay small.
FEW, MOST = 3, 32


class Session:
    """One row of states and the steps it takes: arrays in, the head's params out.

    `push(x)` takes one step, [I] float32 or an id, or several, [T, I] or [T]. It gives [P] or [T, P], and None where
    the model answers only at the end. `push(x, out=array)` writes there instead of making an array. For one thread at
    a time.
    """

    # The program's own, without a call between. Any, since it is None only where the model answers at the end.
    push: Callable[..., Any]
    time: Callable[..., float]

    def __init__(self, engine: Chain) -> None:
        """A session of this engine, before any input."""
        self.engine, self._block = engine, engine.block(1)
        self._views = {name: view[0] for name, view in engine.views(self._block).items()}
        steps = session(engine.program, self._block)
        self.push, self.time = steps.push, steps.time

    @property
    def state(self) -> dict[str, Array]:
        """The states by name, [K, W]: views."""
        return dict(self._views)

    def read(self, x: Array) -> Array:
        """Take these steps, [T, I] or [T]: what the head reads at each, [T, F]."""
        steps: Array = self.engine.run(np.asarray(x)[:, None], self._block, end=self.engine.stages - 1)
        return steps[:, 0]

    def peek(self) -> Array | None:
        """Where the model answers at the end: the answer if the end were now, [P]."""
        if not self.engine.pools:
            return None
        width = self.engine.input_size
        nothing = np.zeros((0, 1) if self.engine.ids is not None else (0, 1, width))
        answer: Array = self.engine.run(nothing, self._block)[0]
        return answer

    def fork(self) -> "Session":
        """Another session that has seen the same."""
        other = type(self)(self.engine)
        other._block[:] = self._block
        return other

    def reset(self) -> None:
        """As before any input."""
        self._block[:] = 0


def together(sessions: Sequence[Session], xs: Sequence[Array]) -> list[Array | Exception]:
    """`push` of each session, those of one engine in one call: the params that it gives, or the error that it raises.

    Where the model answers only at the end, what it gives is None. No session may stand twice.
    """
    made: list[Array | Exception | None] = [None] * len(sessions)
    alike: dict[int, list[int]] = {}
    for place, one in enumerate(sessions):
        alike.setdefault(id(one.engine) if _plain(one.engine, xs[place]) else -1, []).append(place)
    for key, places in alike.items():
        places.sort(key=lambda place: len(xs[place]))  # those that end at the same time, beside each other
        for first in range(0, len(places), MOST):
            some = places[first : first + MOST]
            if key == -1 or len(some) < FEW:
                for place in some:
                    made[place] = _alone(sessions[place], xs[place])
                continue
            try:
                params = _side_by_side([sessions[place] for place in some], [xs[place] for place in some])
            except Exception:  # of one of them; none has moved on
                for place in some:
                    made[place] = _alone(sessions[place], xs[place])
            else:
                for place, answer in zip(some, params, strict=True):
                    made[place] = answer
    return cast("list[Array | Exception]", made)


def _plain(engine: Chain, x: Array) -> bool:
    """Whether steps are as the engine has them, so that several fit into one array."""
    if engine.ids is not None:
        return x.ndim == 1 and bool(x.dtype.kind == "i")
    return bool(x.dtype == np.float32) and x.shape[1:] == (engine.input_size,)


def _alone(session: Session, x: Array) -> Array | Exception:
    try:
        params: Array = session.push(x)
    except Exception as error:
        return error
    return params


def _side_by_side(sessions: Sequence[Session], xs: Sequence[Array]) -> list[Array | None]:
    """`push` of sessions of one engine, with steps that fit it; the longest are the last."""
    engine, count = sessions[0].engine, len(sessions)
    block = engine.block(count)
    np.concatenate([one._block for one in sessions], out=block)
    lengths = np.array([len(x) for x in xs])
    shape = (int(lengths[-1]), count)
    x = np.zeros((*shape, engine.input_size), np.float32) if engine.ids is None else np.zeros(shape, np.int64)
    for i, one in enumerate(xs):
        x[: len(one), i] = one
    end = engine.stages - 1 if engine.pools else None
    y = engine.run(x, block, lengths, end=end, one_thread=True)  # a few steps are not worth waking others
    for each, row in zip(sessions, block, strict=True):
        each._block[0] = row
    return [None if engine.pools else y[:n, i].copy() for i, n in enumerate(lengths.tolist())]


class Sessions:
    """Many sessions of one engine, each with its own state: `push(ids, x)` takes one step of the sessions in `ids`.

    The ids of sessions run from 0 to n - 1. `x` has a row for each id: [k, I] float32, or [k] token numbers. So has the
    result, [k, P]; it is None where the model answers at the end, which `peek(ids)` gives. A session has the bits that
    it would have alone.
    """

    def __init__(self, engine: Chain, n: int) -> None:
        if not isinstance(n, int | np.integer) or n < 1:
            raise UsageError(f"there must be one session at least, but {n!r} are asked for.")
        self.engine = engine
        try:
            self._block = engine.block(int(n))
            self._seen = np.zeros(n, np.int32)  # where each id stood in the last call that was checked
        except (MemoryError, ValueError, OverflowError) as error:
            size = int(n) * engine.stride * 4
            raise UsageError(
                f"{n:,} sessions need {size:,} bytes, which is more memory than there is."
            ) from error

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
        target = None if not isinstance(out, np.ndarray) else out[None]
        if out is not None and target is None:
            raise UsageError(f"out must be an array to write to, but came as {type(out).__name__}.")
        y = self.engine.run(x[None], self._block, slots=slots, end=end, out=None if pools else target)
        if pools:
            return None
        return y[0] if out is None else out

    def peek(self, ids: Array) -> Array:
        """What each of these sessions would answer if it ended now, [k, P]."""
        if not self.engine.pools:
            raise UsageError("this model answers at every step: push gives it.")
        slots = self._slots(ids)
        shape = (0, len(slots)) if self.engine.ids is not None else (0, len(slots), self.engine.input_size)
        return self.engine.run(np.zeros(shape), self._block, slots=slots)

    def reset(self, ids: Array) -> None:
        """Set these sessions back to before any input, for another stream."""
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
