"""A stage of a program in numpy: the contract, and what a stage is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.cells import Cell
from hitherto.plan import Options
from hitherto.runtime.weights import Weight

__all__ = ["Fields", "Memory", "OwnCell", "Part", "Stage", "Weights"]

Fields = Mapping[str, Any]  # of a stage, as `_native.Program` takes them: numbers, names, flags and weights

_DEFAULTS: Fields = {
    **dict.fromkeys(("H", "P", "h", "c", "height", "width", "channels", "kernel", "stride", "buckets"), 0),
    "D": 1,
    "kind": "",
    "activation": "",
    "layer_norm": False,
    "residual": False,
}
_ACTIVATIONS: dict[str, Callable[[Array], Array] | None] = {
    "": None,
    "tanh": np.tanh,
    "relu": lambda v: np.maximum(v, 0),
}


Weights = Mapping[str, Array | None]  # of one direction, by name


@dataclass(frozen=True)
class OwnCell:
    """A recurrent stage by the row of its cell, in place of a kernel's name where the cell has no kernel."""

    row: Cell
    options: Options
    params: Sequence[Mapping[str, Array]]  # of each direction, by the names of `row.params`
    states: Sequence[tuple[int, int]]  # of each: its first float in a row's block, and its width


# ------------------------------------------------------------------------------------------------------- stages


@dataclass
class Memory:
    """What rows attend to."""

    of: Array  # [B], which memory each row has
    keys: Array | None  # [R, S, H]
    values: Array  # [R, S, M]
    places: Array  # [R]: how many places of a memory there are


@dataclass
class Part:
    """Some steps of some rows, the longest rows first."""

    T: int
    lengths: Array  # [B] of these steps
    active: list[int]  # of each step, how many rows take it
    whole: bool  # whether all rows take all steps
    state: Array = field(init=False)  # [B, stride], moved on in place
    memory: Memory | None = None
    attention: Array | None = None  # [T, B, S], written

    def of_steps(self, y: Array) -> Array:
        """The values y [T, B, ..], with zeros after the end of a row."""
        if self.whole:
            return y
        return np.where((np.arange(self.T)[:, None] < self.lengths)[..., None], y, np.float32(0))


class Stage:
    """One operation: `stage(x, part)` takes x [T, B, I] to [T, B, O]. What follows the end of a row may be anything."""

    stateful = False  # reads or writes a row's states
    attends = False  # looks at a memory
    reads_ids = False  # its input is ids
    stepwise = False  # reads what a later stage wrote one step before

    def __init__(self, row: Fields, precision: str) -> None:
        self.n, self.precision = {**_DEFAULTS, **row}, precision
        self.I, self.O, self.D = (int(self.n[name]) for name in "IOD")
        self.held: list[Weight] = []
        self.prepare(row["weights"])

    def prepare(self, weights: Sequence[Weights]) -> None:
        """Hold the weights of each direction."""

    def __call__(self, x: Array, part: Part, /) -> Array:
        raise NotImplementedError

    @property
    def bytes(self) -> int:
        """What its weights take."""
        return sum(weight.bytes for weight in self.held)

    def weight(self, values: Array | None, bounded: bool) -> Weight:
        assert values is not None  # noqa: S101 - a checked plan has its tensors
        self.held.append(Weight(values.reshape(len(values), -1), self.precision, bounded))
        return self.held[-1]

    def affine(self, weights: Weights) -> Callable[[Array], Array]:
        """X to activation(W x + b)."""
        w, b = self.weight(weights["weight_ih"], bool(self.n["bounded"])), weights["bias_ih"]
        activation = _ACTIVATIONS[self.n["activation"]]

        def apply(x: Array) -> Array:
            v = w.times(x) if b is None else w.times(x) + b
            return v if activation is None else activation(v)

        return apply
