"""Recurrent layers that show their states and gates, and send gradients back.

A cell with a kernel runs on those of training, forward and backward, by the addresses of numpy arrays. What has none,
such as layer normalisation with a projection, or a machine without the extension, takes step after step on the tape
(`hitherto.inspect.tape`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    weights: Weights
    options: Options  # of the cell

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
        x = [x for p in parts for x in p.x]
        return replace(first, x=x, y=y, states=states, gates=gates)

    def gradient_norms(self) -> Array:
        """The norm of the gradient at what it read, the newest step first, [T, B]."""
        parts = [np.zeros_like(x.value) if x.grad is None else x.grad for x in self.x]
        return np.asarray(np.linalg.norm(np.concatenate(parts)[::-1], axis=-1))

    def recurrent_weights(self) -> Weights:
        """The matrix of each gate from state to state, [H, H]; nothing of a cell that has them otherwise."""
        u = self.weights.get("weight_hh")
        count = len(self.cell.gates)
        if u is None or not count or len(u) % count:
            return {}
        down = self.weights.get("weight_hr")  # h is a projection of what the gates make
        blocks = np.split(u if down is None else u @ down, count)
        return dict(zip(self.cell.gates, blocks, strict=True)) if len(blocks[0]) == blocks[0].shape[1] else {}


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
    extension, kernel = native.extension(), cell.kernel(**options)
    normed = bool(options.get("layer_norm"))
    slow = kernel is None or (normed and (not kernel.layer_norm or bool(options.get("proj_size"))))
    if extension is None or kernel is None or slow or not x.value.size:
        sides = [
            _on_tape(
                place, d, cell, options, w, x, [s[d] for s in state], None if masks is None else masks[d]
            )
            for d, w in enumerate(weights)
        ]
        y = tape.concatenate([y for y, _, _ in sides]) if len(sides) > 1 else sides[0][0]
        ends = [tape.stack([end[i] for _, end, _ in sides]) for i in range(len(state))]
        return y, ends, [layer for _, _, layer in sides]
    return _by_kernel(extension, kernel.name, place, cell, options, weights, x, state, masks)


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
    return y, list(now), Layer(place, d, cell, [x], y.value, states, opened, weights, options)


# ------------------------------------------------------------------------------------------------------ by a kernel


def _by_kernel(
    extension: ModuleType,
    kernel: str,
    place: Place,
    cell: Cell,
    options: Options,
    weights: Sequence[Weights],
    x: Var,
    state: Sequence[Var],
    masks: Array | None,
) -> tuple[Var, list[Var], list[Layer]]:
    """All directions in one call, as in training. With layer normalisation the tape projects what the kernel reads."""
    row = extension.CELLS[kernel]
    T, B, I = x.shape
    D, _, P = state[0].shape
    H, N = state[-1].shape[-1], T * B
    normed = bool(options.get("layer_norm"))
    source = x  # what the kernel reads
    apart: list[Array | None] = [None] * D  # biases that it adds apart
    if normed:
        parts, apart = _projected(cell, options, weights, x, row["dgates"] > row["gates"], H)
        rows = [part.reshape(1, N, -1) for part in parts]
        source, I = tape.concatenate(rows, 0) if D > 1 else rows[0], 0
    read = np.ascontiguousarray(source.value, np.float32)
    begin = [np.ascontiguousarray(s.value, np.float32) for s in state]
    names = ("", "weight_hh", "", "", "") if normed else KERNEL_WEIGHTS
    held = [_whole([w.get(name) for name in names]) for w in weights]
    norms = [
        _whole([w["scale_hh"], bias, w.get("scale_c"), w.get("shift_c")]) if normed else []
        for w, bias in zip(weights, apart, strict=True)
    ]
    mask = None if masks is None else np.ascontiguousarray(masks, np.float32)

    def shape() -> list[int]:
        """What both sweeps begin with. It holds the arrays whose addresses it gives for as long as `pull` is there."""
        numbers = [threads(), row["number"], extension.SPLITS.index("auto"), T, B, I, H, P, D, N]
        numbers += [0, 0, 0, N, 0 if mask is None else mask.ctypes.data]
        return [*numbers, *_addresses(held, 2 * len(names))]

    def scales() -> list[int]:
        """What normalises, where something does."""
        return _addresses(norms, 8) if normed else []

    y = np.empty((T, B, D * P), np.float32)
    ends = [np.empty_like(s) for s in begin]
    saved = np.empty((D, T, B, row["saved"], H), np.float32)
    cells = np.empty((D, T, B, H if len(state) > 1 else 0), np.float32)
    raw = np.empty((D, N, len(weights[0]["weight_hh"])), np.float32) if normed else None
    tapes = [saved, cells] if raw is None else [saved, cells, raw]
    forward, backward = (extension.normed_forward, extension.normed_backward) if normed else (
        extension.forward, extension.backward
    )  # fmt: skip
    forward(
        *shape(),
        read.ctypes.data,
        *_pair(begin),
        y.ctypes.data,
        *_pair(ends),
        *_addresses([tapes]),
        *scales(),
    )

    def pull(g: Array) -> None:
        dy, *dends = np.split(np.ascontiguousarray(g, np.float32), cuts[:-1])
        dx, dstate = np.empty_like(read), [np.empty_like(s) for s in begin]
        dy, dends = np.ascontiguousarray(dy), [np.ascontiguousarray(d) for d in dends]
        dgates = np.empty(D * N * row["dgates"] * H, np.float32)
        douts = np.empty(D * N * P if P != H else 0, np.float32)
        known = [
            y.ctypes.data,
            *_pair(begin),
            *_addresses([tapes]),
            dy.ctypes.data,
            *_pair(dends),
            dx.ctypes.data,
            *_pair(dstate),
        ]
        if normed:
            backward(*shape(), *known, dgates.ctypes.data, *scales(), *[0] * 10)
        else:
            backward(*shape(), read.ctypes.data, *known, *[0] * 10, dgates.ctypes.data, douts.ctypes.data)
        source.take(dx)
        for var, gradient in zip(state, dstate, strict=True):
            var.take(gradient)

    sizes = [y.size, *[end.size for end in ends]]
    cuts = np.cumsum(sizes)
    whole = Var(np.concatenate([y.ravel(), *[end.ravel() for end in ends]]), [source, *state], pull)
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
        gates = dict(zip(cell.gates, opened, strict=True))
        layers.append(Layer(place, d, cell, [x], mine, states, gates, weights[d], options))
    return out, after, layers


def _projected(
    cell: Cell, options: Options, weights: Sequence[Weights], x: Var, apart: bool, H: int
) -> tuple[list[Var], list[Array | None]]:
    """The inputs' part of the gates, [T, B, G * H], for each direction, with all biases.

    But one: where it stands `apart`, since a gate multiplies it, it comes beside.
    """
    parts: list[Var] = []
    biases: list[Array | None] = []
    for w in weights:
        assert cell.project is not None  # noqa: S101 - of cells that have a kernel
        bias, alone = w.get("bias_hh"), None
        if bias is not None and apart:
            bias, alone = np.concatenate([bias[:-H], np.zeros(H, np.float32)]), bias[-H:]
        known = w if bias is None else {**w, "bias_ih": w["bias_ih"] + bias}
        parts.append(cell.project(tape, known, x, **options))
        biases.append(alone)
    return parts, biases


def _whole(arrays: Sequence[Array | None]) -> list[Array | None]:
    """Arrays as a kernel reads them."""
    return [None if a is None else np.ascontiguousarray(a, np.float32) for a in arrays]


def _addresses(sides: Sequence[Sequence[Array | None]], count: int = 0) -> list[int]:
    """Where these arrays are, 0 for none; filled up to `count`."""
    known = [0 if a is None else a.ctypes.data for side in sides for a in side]
    return [*known, *[0] * (count - len(known))]


def _pair(arrays: Sequence[Array]) -> list[int]:
    return _addresses([arrays], 2)
