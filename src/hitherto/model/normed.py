"""Layers with layer normalisation on the native kernels: one layer, all its directions, float32 on a CPU.

Torch projects the inputs and normalises what comes out, of all tokens at once, and knows the gradient of that. The
kernels take the steps: they normalise the state's part of the gates, and an LSTM's c as it leaves the cell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx

from hitherto.cells import cell_of_kernel
from hitherto.model import kernels, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hitherto.model.reference import State, Weights

__all__ = ["unroll"]

# What a kernel takes of a direction: U, its scale, what a GRU's r multiplies too, and what normalises c.
PARTS = ("weight_hh", "scale_hh", "bias_n", "scale_c", "shift_c")


def unroll(
    cell: str,
    names: Sequence[str],
    x: Tensor,
    sizes: Tensor | None,
    state: State,
    weights: Sequence[Weights],
    training: bool,
    masks: Tensor | None = None,
) -> tuple[Tensor, State]:
    """`kernels.unroll` with layer normalisation; x has no places, and `names` are those of a direction's weights."""
    number, H = kernels.CELLS[cell], state[0].size(-1)
    inputs, parts = [], []
    for direction in weights:
        params = dict(zip(names, direction, strict=True))
        part, bias_n = _inputs(cell, x.reshape(-1, x.size(-1)), params, H)
        inputs.append(part)
        parts += [bias_n if name == "bias_n" else params.get(name) for name in PARTS]
    known = inputs[0].unsqueeze(0) if len(inputs) == 1 else torch.stack(inputs)  # [D, N, G*H]
    if training:
        apply = _Unroll.apply
        y, *ends = apply(number, sizes, masks, len(state), known, *state, *parts)  # type: ignore[no-untyped-call]
    else:
        y, ends, _ = _forward(_Sweep(number, sizes, masks, known, list(state), parts), number, False)
    return y.view(*x.shape[:-1], y.size(-1)), tuple(ends)


def _inputs(cell: str, x: Tensor, params: dict[str, Tensor | None], H: int) -> tuple[Tensor, Tensor | None]:
    """The inputs' part of the gates, [N, G*H], with all biases but the one that r multiplies, which comes beside it."""
    weight, scale = params["weight_ih"], params["scale_ih"]
    b_ih, b_hh = params["bias_ih"], params["bias_hh"]
    assert weight is not None  # noqa: S101 - every such layer has it
    assert scale is not None  # noqa: S101 - and this
    gates = F.layer_norm(_project(x, weight).unflatten(-1, (-1, H)), (H,)).flatten(1) * scale
    bias_n = None
    if b_ih is not None and b_hh is not None:
        if kernels.keeps_bias(cell):
            bias_n = b_hh[-H:]
            b_hh = torch.cat([b_hh[:-H], torch.zeros_like(bias_n)])
        gates = gates + (b_ih + b_hh)
    return gates, bias_n


class _Context(FunctionCtx):
    """What the forward pass leaves for the backward pass."""

    cell: int
    states: int
    saved_tensors: tuple[Tensor, ...]  # None where a layer has none
    needs_input_grad: tuple[bool, ...]


class _Project(torch.autograd.Function):
    """x W', each row with the bits that it has alone, which torch's product does not promise."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return kernels.linear(x, weight)

    @staticmethod
    def backward(ctx: _Context, *grad_outputs: Tensor) -> tuple[Tensor, Tensor]:
        (x, weight), (d,) = ctx.saved_tensors, grad_outputs
        return d @ weight, d.t() @ x


def _project(x: Tensor, weight: Tensor) -> Tensor:
    if len(x) == 0:
        return F.linear(x, weight)
    projected: Tensor = _Project.apply(x, weight)  # type: ignore[no-untyped-call]
    return projected


class _Sweep:
    """What both sweeps of the extension begin with: tensors in one piece of memory, and their addresses."""

    def __init__(
        self,
        cell: int,
        sizes: Tensor | None,
        masks: Tensor | None,
        inputs: Tensor,
        state: list[Tensor],
        parts: Sequence[Tensor | None],
    ) -> None:
        self.inputs, self.state = inputs.contiguous(), [s.contiguous() for s in state]
        self.parts = [None if p is None else p.contiguous() for p in parts]
        self.masks = None if masks is None else masks.contiguous()
        (D, N, width), (_, B, H) = inputs.shape, state[0].shape
        self.D, self.N, self.H, self.width = D, N, H, width
        T, self.offsets = N // max(B, 1), None
        if N == 0:  # no token at all; an empty tensor has no address
            sizes = None
        elif sizes is not None:
            T, self.offsets = sizes.shape[0], F.pad(sizes.cumsum(0), (1, 0))  # [T + 1]
        address = kernels.address
        self.numbers = [torch.get_num_threads(), cell, kernels.ROWS, T, B, 0, H, H, D, N]
        self.numbers += [address(sizes), address(self.offsets), 0, N, address(self.masks)]
        self.norms: list[int] = []
        for d in range(2):
            one = self.parts[d * len(PARTS) : (d + 1) * len(PARTS)] or [None] * len(PARTS)
            self.numbers += [0, address(one[0]), 0, 0, 0]
            self.norms += map(address, one[1:])

    def of_state(self, tensors: Sequence[Tensor | None]) -> list[int]:
        """The addresses of h and c, or of something of each; 0 for what is not there."""
        return [kernels.address(t) for t in [*tensors, None][:2]]


def _forward(sweep: _Sweep, cell: int, keep: bool) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Y [N, D*H], the final states, and with `keep` what `_backward` needs: gates, cells, and what was normalised."""
    D, N, H = sweep.D, sweep.N, sweep.H
    y = kernels.empty(N, D * H)
    ends = [torch.empty_like(s) for s in sweep.state]
    tape = []
    if keep:
        tape = [kernels.empty(D, N, kernels.SAVED[cell] * H), kernels.empty(D, N, H if len(ends) == 2 else 0)]
        tape.append(kernels.empty(D, N, sweep.width))
    kernels.normed_forward(
        *sweep.numbers, sweep.inputs.data_ptr(), *sweep.of_state(sweep.state), y.data_ptr(), *sweep.of_state(ends),
        *([a.data_ptr() for a in tape] or [0, 0, 0]), *sweep.norms,
    )  # fmt: skip
    return y, ends, tape


def _backward(
    sweep: _Sweep, cell: int, tape: list[Tensor], dy: Tensor | None, dends: list[Tensor | None]
) -> list[Tensor | None]:
    """Gradients of the inputs' part, the state and the parts, in this order."""
    y, saved, cells, raw = tape
    dy = None if dy is None else dy.contiguous()
    dends = [None if d is None else d.contiguous() for d in dends]
    dx, dgates = (
        torch.empty_like(sweep.inputs),
        kernels.empty(sweep.D, sweep.N, kernels.DGATES[cell] * sweep.H),
    )
    dstate = [torch.empty_like(s) for s in sweep.state]
    dparts = [None if p is None else torch.empty_like(p) for p in sweep.parts]
    gradients = [kernels.address(d) for d in dparts] + [0] * (2 * len(PARTS) - len(dparts))
    kernels.normed_backward(
        *sweep.numbers, y.data_ptr(), *sweep.of_state(sweep.state), saved.data_ptr(), cells.data_ptr(), raw.data_ptr(),
        kernels.address(dy), *sweep.of_state(dends), dx.data_ptr(), *sweep.of_state(dstate), dgates.data_ptr(),
        *sweep.norms, *gradients,
    )  # fmt: skip
    return [dx, *dstate, *dparts]


class _Unroll(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: _Context,
        cell: int,
        sizes: Tensor | None,
        masks: Tensor | None,
        states: int,
        inputs: Tensor,
        *rest: Tensor | None,
    ) -> tuple[Tensor, ...]:
        state, parts = [s for s in rest[:states] if s is not None], list(rest[states:])
        y, ends, tape = _forward(_Sweep(cell, sizes, masks, inputs, state, parts), cell, True)
        ctx.cell, ctx.states = cell, states
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(sizes, masks, inputs, *rest, y, *tape)  # type: ignore[arg-type]  # it takes None
        return y, *ends

    @staticmethod
    def backward(ctx: _Context, *grad_outputs: Tensor | None) -> tuple[Tensor | None, ...]:
        dy, *dends = grad_outputs
        sizes, masks, inputs, *rest, y, saved, cells, raw = ctx.saved_tensors
        state, parts, needs = rest[: ctx.states], rest[ctx.states :], ctx.needs_input_grad[4:]
        strange = [g for g in (inputs, *rest, y, dy, *dends) if g is not None and not kernels.readable(g)]
        if torch.is_grad_enabled() or strange:  # a gradient of the gradient may be wanted
            gradients = _differentiable(ctx.cell, sizes, masks, inputs, state, parts, dy, dends)
        else:
            sweep = _Sweep(ctx.cell, sizes, masks, inputs, state, parts)
            gradients = _backward(sweep, ctx.cell, [y, saved, cells, raw], dy, dends)
        return (
            None,
            None,
            None,
            None,
            *(g if need else None for g, need in zip(gradients, needs, strict=True)),
        )


def _differentiable(
    number: int,
    sizes: Tensor | None,
    masks: Tensor | None,
    inputs: Tensor,
    state: list[Tensor],
    parts: Sequence[Tensor | None],
    dy: Tensor | None,
    dends: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """The same gradients, in torch's operations."""
    name, again = next(n for n, k in kernels.CELLS.items() if k == number), torch.is_grad_enabled()
    row, options = cell_of_kernel(name)
    row = replace(row, project=lambda _xp, _params, x, **_options: x)
    with torch.enable_grad():
        copies = [None if a is None else a.view_as(a) for a in (inputs, *state, *parts)]
        known, *rest = copies
        assert known is not None  # noqa: S101
        (D, N, _), (_, B, H) = inputs.shape, state[0].shape
        outputs: list[list[Tensor]] = []
        for d in range(D):
            one = dict(zip(PARTS, rest[len(state) + d * len(PARTS) :], strict=False))
            bias_n = one.pop("bias_n")
            params = {key: value for key, value in one.items() if value is not None}
            if bias_n is not None:
                params["bias_hh"] = F.pad(bias_n, (inputs.size(-1) - H, 0))
            x = known[d].view(N // B, B, -1) if sizes is None else known[d]
            start = tuple(s[d] for s in rest[: len(state)] if s is not None)
            mask = None if masks is None else masks[d]
            y, end = reference.sweep(row, options, params, x, sizes, start, mask, d == 1)
            outputs.append([y.reshape(N, H), *end])
        y = torch.cat([o[0] for o in outputs], -1)
        ends = [torch.stack(each) for each in zip(*(o[1:] for o in outputs), strict=True)]
    pairs = [(o, g) for o, g in zip((y, *ends), (dy, *dends), strict=False) if g is not None]
    wanted = [a for a in copies if a is not None and a.requires_grad]
    if not pairs or not wanted:
        return [None] * len(copies)
    gradients = iter(
        torch.autograd.grad(
            [o for o, _ in pairs], wanted, [g for _, g in pairs], create_graph=again, allow_unused=True
        )
    )
    return [next(gradients) if a is not None and a.requires_grad else None for a in copies]
