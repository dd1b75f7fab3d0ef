"""Recurrent layers that show their states and gates, and send gradients back.

A cell with a kernel runs on those of training, forward and backward, by the addresses of numpy arrays. Another cell, or
a machine without the extension, takes step after step on the tape (`hitherto.inspect.tape`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from hitherto import native
from hitherto.arrays import Array
from hitherto.cells import Cell, Options
from hitherto.inspect import tape
from hitherto.inspect.tape import Var
from hitherto.runtime.chain import threads

__all__ = ["Layer", "label_of", "unroll"]

Place = tuple[str, str, int]  # the program of a layer, its operation, and its number there, from 0
Weights = dict[str, Array]  # of one direction, by the names that the cell's row has
KERNEL_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")  # in the order of a kernel


def label_of(place: Place, direction: int) -> str:
    """The name of a direction of a layer, which no other of the plan has."""
    return f"{'.'.join(place[:2])}.{place[2]}" + ("_reverse" if direction else "")


@dataclass(frozen=True, slots=True)
class Layer:
    """What one direction of a layer did. Every array is [T, B, width]."""

    place: Place
    direction: int  # 0 forwards, 1 from the end
    cell: Cell
    x: list[Var]  # what it read, in one piece or step by step
    y: Array  # what it gave
    states: dict[str, Array]  # after each step
    gates: dict[str, Array]  # at each step

    @property
    def program(self) -> str:
        return self.place[0]

    @property
    def label(self) -> str:
        return label_of(self.place, self.direction)

    @staticmethod
    def of(parts: "Sequence[Layer]") -> "Layer":
        """The same layer over some steps and those after them."""
        first = parts[0]
        states = {name: np.concatenate([p.states[name] for p in parts]) for name in first.states}
        gates = {name: np.concatenate([p.gates[name] for p in parts]) for name in first.gates}
        y = np.concatenate([p.y for p in parts])
        return Layer(
            first.place, first.direction, first.cell, [x for p in parts for x in p.x], y, states, gates
        )


def unroll(
    place: Place,
    cell: Cell,
    options: Options,
    weights: Sequence[Weights],
    x: Var,
    state: Sequence[Var],
    masks: Array | None = None,
) -> tuple[Var, list[Var], list[Layer]]:
    """A layer over x, [T, B, I], from `state`, [D, B, W] each.

    Gives y, [T, B, D * P], the states at the end, and what each direction did. `masks`, [D, B, P], multiply h where it
    enters the recurrent product.
    """
    extension = native.extension()
    kernel = cell.kernel_of(**options)
    if extension is None or kernel is None or options.get("layer_norm") or not x.value.size:
        sides = [
            _on_tape(
                place, d, cell, options, w, x, [s[d] for s in state], None if masks is None else masks[d]
            )
            for d, w in enumerate(weights)
        ]
        y = tape.concatenate([y for y, _, _ in sides]) if len(sides) > 1 else sides[0][0]
        ends = [tape.stack([end[i] for _, end, _ in sides]) for i in range(len(state))]
        return y, ends, [layer for _, _, layer in sides]
    return _by_kernel(extension, kernel, place, cell, weights, x, state, masks)


# ------------------------------------------------------------------------------------------------------ on the tape


def _on_tape(
    place: Place,
    d: int,
    cell: Cell,
    options: Options,
    weights: Weights,
    x: Var,
    state: list[Var],
    mask: Array | None,
) -> tuple[Var, list[Var], Layer]:
    """One direction, step by step."""
    T = len(x)
    gates = None if cell.project is None else cell.project(tape, weights, x, **options)
    before, after, now = [], [], tuple(state)
    for t in range(T) if d == 0 else range(T - 1, -1, -1):
        before.append(now)
        more = {} if gates is None else {"gates": gates[t]}
        if mask is not None:
            more["mask"] = mask
        now = tuple(cell.step(tape, weights, x[t], now, **options, **more))
        after.append(now)
    if d == 1:
        before, after = before[::-1], after[::-1]
    states = {
        n: np.stack([step[i].value for step in after]) if T else np.zeros((0, *state[i].shape), np.float32)
        for i, n in enumerate(cell.states)
    }
    opened: dict[str, Array] = {}
    if cell.opened is not None and T:
        seen = tuple(np.stack([step[i].value for step in before]) for i in range(len(state)))
        values = cell.opened(np, weights, x.value, seen, **options, mask=mask)
        opened = dict(zip(cell.gates, values, strict=True))
    y = tape.stack([step[0] for step in after]) if T else tape.constant(states[cell.states[0]])
    return y, list(now), Layer(place, d, cell, [x], y.value, states, opened)


# ------------------------------------------------------------------------------------------------------ by a kernel


def _by_kernel(
    extension: ModuleType,
    kernel: str,
    place: Place,
    cell: Cell,
    weights: Sequence[Weights],
    x: Var,
    state: Sequence[Var],
    masks: Array | None,
) -> tuple[Var, list[Var], list[Layer]]:
    """All directions in one call, as in training."""
    row = extension.CELLS[kernel]
    T, B, I = x.shape
    D, _, P = state[0].shape
    H, N = state[-1].shape[-1], T * B
    read = np.ascontiguousarray(x.value, np.float32)
    begin = [np.ascontiguousarray(s.value, np.float32) for s in state]
    held = [
        [np.ascontiguousarray(w[n], np.float32) if n in w else None for n in KERNEL_WEIGHTS] for w in weights
    ]
    mask = None if masks is None else np.ascontiguousarray(masks, np.float32)

    def shape() -> list[int]:
        """What both sweeps begin with. It holds the arrays whose addresses it gives for as long as `pull` is there."""
        addresses = [0 if w is None else w.ctypes.data for side in held for w in side]
        numbers = [threads(), row["number"], extension.SPLITS.index("auto"), T, B, I, H, P, D, N]
        numbers += [0, 0, 0, N, 0 if mask is None else mask.ctypes.data]
        return [*numbers, *addresses, *[0] * (10 - len(addresses))]

    y = np.empty((T, B, D * P), np.float32)
    ends = [np.empty_like(s) for s in begin]
    saved = np.empty((D, T, B, row["saved"], H), np.float32)
    cells = np.empty((D, T, B, H if len(state) > 1 else 0), np.float32)

    def pair(arrays: Sequence[Array]) -> list[int]:
        return [arrays[0].ctypes.data, arrays[1].ctypes.data if len(arrays) > 1 else 0]

    extension.forward(
        *shape(),
        read.ctypes.data,
        *pair(begin),
        y.ctypes.data,
        *pair(ends),
        saved.ctypes.data,
        cells.ctypes.data,
    )
    sizes = [y.size, *[end.size for end in ends]]
    cuts = np.cumsum(sizes)
    whole = Var(np.concatenate([y.ravel(), *[end.ravel() for end in ends]]), [x, *state])

    def pull(g: Array) -> None:
        dy, *dends = np.split(np.ascontiguousarray(g, np.float32), cuts[:-1])
        dends = [np.ascontiguousarray(d) for d in dends]
        dx, dstate = np.empty_like(read), [np.empty_like(s) for s in begin]
        dgates = np.empty(D * N * row["dgates"] * H, np.float32)
        douts = np.empty(D * N * P if P != H else 0, np.float32)
        extension.backward(
            *shape(), read.ctypes.data, y.ctypes.data, *pair(begin), saved.ctypes.data, cells.ctypes.data,
            np.ascontiguousarray(dy).ctypes.data, *pair(dends), dx.ctypes.data, *pair(dstate), *[0] * 10,
            dgates.ctypes.data, douts.ctypes.data,
        )  # fmt: skip
        x.take(dx)
        for var, gradient in zip(state, dstate, strict=True):
            var.take(gradient)

    whole.pull, whole.kept = pull, False
    out, *after = [
        whole[first - size : first].reshape(*shape_of)
        for first, size, shape_of in zip(
            cuts.tolist(), sizes, [(T, B, D * P), *[end.shape for end in ends]], strict=True
        )
    ]
    layers = []
    for d in range(D):
        mine = y[..., d * P : (d + 1) * P]
        states = {n: mine if i == 0 else cells[d] for i, n in enumerate(cell.states)}
        opened = [saved[d, :, :, k] if row["saved"] else mine for k in range(len(cell.gates))]
        layers.append(Layer(place, d, cell, [x], mine, states, dict(zip(cell.gates, opened, strict=True))))
    return out, after, layers
