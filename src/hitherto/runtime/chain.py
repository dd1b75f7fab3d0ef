"""A chain of operations on our own kernels: the steps of a model, or what its encoder does.

    chain = Chain(operations, {"kind": "ids", "size": 50}, tensors, "float32")
    y, state = chain.read(x, lengths, state)      # all stages

A chain becomes a native program of stages. The states of a row lie one after the other, in one block.
"""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.plan import OPS, Input, Operation, states_of
from hitherto.runtime.program import program
from hitherto.runtime.stages import WEIGHTS, Stages, State

__all__ = ["Chain", "numbers", "threads"]


def threads() -> int:
    """The number of threads for a batch: HITHERTO_NUM_THREADS, or all cores that this process may use."""
    number = os.environ.get("HITHERTO_NUM_THREADS", "")
    if number:
        if not (number.isascii() and number.isdigit() and len(number) <= 4 and 1 <= int(number) <= 1024):
            raise UsageError(
                f"HITHERTO_NUM_THREADS must be a number from 1 to 1024, but is {number!r:.60}: change it, or unset it "
                "to use all cores."
            )
        return int(number)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def numbers(x: object, kinds: str, what: str) -> Array:
    """An array of one of these kinds of numbers; an error where it is another, or none."""
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise UsageError(f"expected {what}, got {x!r:.60}.") from error
    if array.size and array.dtype.kind not in kinds:
        raise UsageError(f"expected {what}, got {array.dtype!r}.")
    return array


class Chain:
    """Operations that run one after the other. `weights` is the precision that holds them: a name in `WEIGHTS`."""

    def __init__(
        self, operations: Sequence[Operation], x: Input, tensors: Mapping[str, Array], weights: str
    ) -> None:
        if weights not in WEIGHTS:
            raise UsageError(f"weights must be one of {', '.join(WEIGHTS)}, but came as {weights!r}.")
        self.weights = weights
        self.places: dict[str, tuple[int, int, int]] = {}  # state -> its first float in a row's block, K, W
        size = 0
        for name, (k, w) in states_of(operations).items():
            self.places[name] = (size, k, w)
            size += k * w
        self.size = size
        self.stride = -(-size // 16) * 16 or 16  # of a row's block: whole lines of the cache
        stages = Stages(operations, x, tensors, self.places)
        self.program = program(weights, size, stages.rows)
        self.stages = len(stages.widths)
        self.widths = stages.widths
        self.pools = stages.pool is not None
        self.ids = stages.ids
        self.input_size = stages.input_size
        # Whether it reads in one direction only, so that it can be stepped.
        self.forward_only = not any(OPS[op["op"]].reads_from_the_end(op["options"]) for op in operations)

    # ---- states

    def zero_state(self, rows: int) -> State:
        """The state before any input."""
        return {name: np.zeros((k, rows, w), np.float32) for name, (_, k, w) in self.places.items()}

    def block(self, rows: int) -> Array:
        """Zeroed memory for the states of so many rows, [rows, stride], as the program has them."""
        whole = np.zeros(rows * self.stride + 16, np.float32)
        first = (-whole.ctypes.data // 4) % 16
        return whole[first : first + rows * self.stride].reshape(rows, self.stride)

    def views(self, block: Array) -> State:
        """The states in `block` by name, [rows, K, W]: views, so writing to them writes to it."""
        return {
            name: block[:, first : first + k * w].reshape(len(block), k, w)
            for name, (first, k, w) in self.places.items()
        }

    # ---- running

    def read(
        self,
        x: Array,
        lengths: Array | None = None,
        state: State | None = None,
        *,
        end: int | None = None,
        memory: State | None = None,
    ) -> tuple[Array, State]:
        """The output of the stage before `end`, [T, B, F] or after a pool [B, F]; and the state afterwards."""
        block = self.block(x.shape[1])
        if state is not None:
            for name, view in self.views(block).items():
                view[:] = state[name].transpose(1, 0, 2)
        y = self.run(x, block, lengths, end=end, memory=memory)
        return y, {name: view.transpose(1, 0, 2).copy() for name, view in self.views(block).items()}

    def apply(self, x: Array, begin: int = 0) -> Array:
        """The stages from `begin` on, which have no states, at every place of x [.., I]."""
        flat = np.ascontiguousarray(x, np.float32).reshape(1, -1, x.shape[-1])
        y = self.run(flat, self.block(0), begin=begin, stateless=True)
        return y.reshape(*x.shape[:-1], y.shape[-1])

    def run(
        self,
        x: Array,
        block: Array,
        lengths: Array | None = None,
        *,
        slots: Array | None = None,
        begin: int = 0,
        end: int | None = None,
        out: Array | None = None,
        stateless: bool = False,
        memory: State | None = None,
        one_thread: bool = False,
    ) -> Array:
        """Steps x [T, B, ..] of the rows of `block`, or of the rows in `slots`; the states move on in place.

        Stages begin .. end - 1 run; the output of the last is written to `out`, if there is one. `memory` has what they
        attend to, and the array `attention` that is written.
        """
        end = self.stages if end is None else end
        ids = begin == 0 and self.ids is not None
        x = self._input(x, begin, ids)
        T, B = x.shape[:2]
        pooled = self.pools and begin == 0
        shape = (B, self.widths[end - 1]) if pooled else (T, B, self.widths[end - 1])
        if out is None:
            out = np.empty(shape, np.float32)
        elif out.shape != shape or out.dtype != np.float32 or not out.flags.carray:
            raise UsageError(
                f"out must be a contiguous float32 array of shape {shape} that can be written to, but is "
                f"{out.dtype} {out.shape}{'' if out.flags.writeable else ', read-only'}."
            )
        if lengths is not None:
            lengths = np.ascontiguousarray(lengths, np.int64)
            if lengths.shape != (B,) or ((lengths < 0) | (lengths > T)).any():
                raise UsageError(f"lengths must be {B} numbers from 0 to {T}.")
        if not stateless and slots is None and len(block) != B:
            raise UsageError(f"there are states of {len(block)} rows, but inputs of {B}.")
        cores = 1 if one_thread else threads()
        self.program.run(x, block, out, lengths, slots, begin, end, cores, *_attended(memory))
        return out

    def _input(self, x: Array, begin: int, ids: bool) -> Array:
        if ids:
            assert self.ids is not None  # noqa: S101
            x = numbers(x, "iu", "whole numbers")
            if x.ndim != 2:
                raise UsageError(f"expected ids of shape [T, B], got an array of shape {x.shape}.")
            if x.size and (x.min() < 0 or x.max() >= self.ids):
                raise UsageError(f"expected ids from 0 to {self.ids - 1}, got {x.min()} to {x.max()}.")
            return np.ascontiguousarray(x, np.int64)
        x = numbers(x, "fiub", "real numbers")
        width = self.input_size if begin == 0 else self.widths[begin - 1]
        if x.ndim != 3 or x.shape[2] != width:
            raise UsageError(f"expected an array of shape [T, B, {width}], got {x.shape}.")
        try:
            with np.errstate(over="raise"):
                return np.ascontiguousarray(x, np.float32)
        except FloatingPointError as error:
            raise UsageError(f"expected numbers that float32 can hold, got {np.abs(x).max():g}.") from error


def _attended(memory: State | None) -> tuple[Array | None, ...]:
    """The arguments of a program for the memory that it attends to."""
    if not memory:
        return (None,) * 5
    values, row = memory["attend.memory"], memory["attend.row"]
    alone = len(row) == len(values) and bool((row == np.arange(len(row))).all())
    return (
        memory.get("attend.keys"), values, memory["attend.lengths"], None if alone else row, memory["attention"]
    )  # fmt: skip
