"""The bridge from torch to the native kernels: one layer, all its directions, float32 on a CPU.

`unroll` is the only way in. In eager mode it is an `autograd.Function` around the extension; while torch compiles or exports
it is the library op `hitherto::unroll`, which is one node in their graphs. Both run the same two functions, `_forward` and
`_backward`. Where a gradient of the gradient is asked for, the backward pass is written again with torch's operations.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from hitherto import _native
else:
    try:
        from hitherto import _native
    except ImportError as error:
        _native = None
        _missing = str(error)

__all__ = ["available", "unavailable_reason", "unroll"]

Weights = tuple[Tensor, Tensor, Tensor | None, Tensor | None]

# The numbers are native/kernels.h's.
CELLS = {"rnn_tanh": 0, "rnn_relu": 1, "lstm": 2, "gru": 3, "gru_before": 4}
_GATES = (1, 1, 4, 3, 3)
_SAVED = (0, 0, 4, 4, 3)  # gates kept for the backward pass
_DGATES = (1, 1, 4, 4, 3)  # gradients of gates: GRU has one more, of U_n h + b'_n
_LSTM, _GRU, _GRU_BEFORE = CELLS["lstm"], CELLS["gru"], CELLS["gru_before"]
AUTO, ROWS, UNITS = 0, 1, 2
split = AUTO  # how threads share a direction's work; the tests set it, results do not depend on it

if _native is not None:
    _native.adopt_openmp()


def available() -> bool:
    """Whether the kernels can be used: the extension is there and HITHERTO_PURE is not 1."""
    return _native is not None and os.environ.get("HITHERTO_PURE") != "1"


def unavailable_reason() -> str | None:
    """Why `available` is false, or None."""
    if os.environ.get("HITHERTO_PURE") == "1":
        return "HITHERTO_PURE=1 is set"
    return None if _native is not None else f"the extension hitherto._native did not load: {_missing}"


def unroll(
    cell: str,
    x: Tensor,
    sizes: Tensor | None,
    state: tuple[Tensor, ...],
    weights: Sequence[Weights],
    training: bool,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One layer over a batch of sequences: `(y, state at the end of each row)`.

    x is [T, B, I], or with sizes packed [N, I] as in `PackedSequence`: rows longest first, sizes[t] of them at time t. State
    tensors are [D, B, H], weights a tuple (w_ih, w_hh, b_ih, b_hh) for each direction, the second of which runs in reverse.
    y is [T, B, D*H] or [N, D*H]. With training, what the backward pass needs is kept.
    """
    number, bias = CELLS[cell], weights[0][2] is not None
    flat = [w for direction in weights for w in direction if w is not None]
    if torch.compiler.is_compiling():
        y, *ends, _, _ = torch.ops.hitherto.unroll(number, x, sizes, list(state), flat, bias, training)
    elif training:
        y, *ends = _Unroll.apply(number, sizes, len(state), bias, x, *state, *flat)  # type: ignore[no-untyped-call]
    else:
        y, *ends, _, _ = _forward(number, x, sizes, list(state), flat, bias, False)
    return y, tuple(ends[: len(state)])


# ---- the two sweeps ----------------------------------------------------------------------------------------------------


def _address(a: Tensor | None) -> int:
    return 0 if a is None else a.data_ptr()


def _shape(
    cell: int, x: Tensor, sizes: Tensor | None, h0: Tensor, w_hh: Tensor
) -> tuple[tuple[int, ...], Tensor | None]:
    """The numbers that both sweeps begin with; and the offsets, which have to live as long as the call."""
    D, B, H = h0.shape
    if sizes is None:
        return (cell, split, x.shape[0], B, x.shape[2], H, D, x.shape[0] * B, 0, 0), None
    offsets = torch.nn.functional.pad(sizes.cumsum(0), (1, 0))  # [T + 1]
    T, (N, I) = sizes.shape[0], x.shape
    return (cell, split, T, B, I, H, D, N, sizes.data_ptr(), offsets.data_ptr()), offsets


def _forward(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    keep: bool,
) -> list[Tensor]:
    """[y, hT, cT, saved, cells]; the last two are for `_backward`, empty unless keep; cT is empty but for LSTM."""
    x, state, weights = x.contiguous(), [s.contiguous() for s in state], [w.contiguous() for w in weights]
    D, B, H = state[0].shape
    I, threads, each = x.shape[-1], torch.get_num_threads(), len(weights) // D
    numbers, offsets = _shape(cell, x, sizes, state[0], weights[1])
    N = numbers[7]
    size = _native.forward_pack_size(cell, I, H)
    pack = x.new_empty(D * size)
    for d in range(D):
        w = [a.data_ptr() for a in weights[d * each : (d + 1) * each]] + [0, 0]
        _native.forward_pack(cell, I, H, threads, *w[:4], pack.data_ptr() + d * size * 4)
    y = x.new_empty(*x.shape[:-1], D * H)
    ends = [torch.empty_like(s) for s in state]
    lstm = cell == _LSTM
    saved = x.new_empty(D, N, _SAVED[cell] * H) if keep and _SAVED[cell] else x.new_empty(0)
    cells = x.new_empty(D, N, H) if keep and lstm else x.new_empty(0)
    h0, hT = state[0].data_ptr(), ends[0].data_ptr()
    c0, cT = (state[1].data_ptr(), ends[1].data_ptr()) if lstm else (0, 0)
    _native.forward(
        threads, *numbers, x.data_ptr(), pack.data_ptr(), h0, c0, y.data_ptr(), hT, cT,
        saved.data_ptr() if keep else 0, cells.data_ptr() if keep else 0,
    )  # fmt: skip
    return [y, ends[0], ends[1] if lstm else x.new_empty(0), saved, cells]


def _backward(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    kept: list[Tensor],
    dy: Tensor | None,
    dends: list[Tensor | None],
    needs: list[bool],
) -> list[Tensor | None]:
    """Gradients of x, the state and the weights, in this order; None where `needs` says that one is not wanted.

    The kernel turns gradients of y into those of the gates, step by step. What remains are products over all tokens at once.
    """
    y, saved, cells = kept
    x, state = x.contiguous(), [s.contiguous() for s in state]
    dy = None if dy is None else dy.contiguous()
    dends = [None if d is None else d.contiguous() for d in dends]
    D, B, H = state[0].shape
    each, DG, lstm, threads = len(weights) // D, _DGATES[cell], cell == _LSTM, torch.get_num_threads()
    numbers, offsets = _shape(cell, x, sizes, state[0], weights[1])
    T, N = numbers[2], numbers[7]
    need_x, need_weights = needs[0], needs[1 + len(state) :]
    need_bias = bias and any(need_weights[i] for i in range(len(need_weights)) if i % each >= 2)
    need_hh = [need_weights[d * each + 1] for d in range(D)]

    size = _native.backward_pack_size(cell, H)
    pack = x.new_empty(D * size)
    for d in range(D):
        w_hh = weights[d * each + 1].contiguous()
        _native.backward_pack(cell, H, threads, w_hh.data_ptr(), pack.data_ptr() + d * size * 4)
    dgates = x.new_empty(D, N, DG * H)
    dstate = [torch.empty_like(s) for s in state]
    # At full length the h before each step is y itself, one step along; packed rows shift by their sizes.
    h_before = x.new_empty(D, N, H) if any(need_hh) and sizes is not None else None
    dbias = x.new_empty(D, DG * H) if need_bias else None
    _native.backward(
        threads, *numbers, pack.data_ptr(), y.data_ptr(), state[0].data_ptr(), state[1].data_ptr() if lstm else 0,
        saved.data_ptr(), cells.data_ptr(), _address(dy), _address(dends[0]), _address(dends[1]) if lstm else 0,
        dgates.data_ptr(), dstate[0].data_ptr(), dstate[1].data_ptr() if lstm else 0, _address(h_before), _address(dbias),
    )  # fmt: skip

    G, out = _GATES[cell] * H, list[Tensor | None]()
    dx: Tensor | None = None
    tokens = x.view(N, -1)
    for d in range(D):
        dgx = dgates[d, :, :G]  # what the input projection receives
        w_ih = weights[d * each]
        if need_x:
            dx = dgx @ w_ih if dx is None else dx.addmm_(dgx, w_ih)
        gradients: list[Tensor | None] = [dgx.t() @ tokens if need_weights[d * each] else None]
        gradients.append(
            _recurrent_gradient(cell, d, dgates[d], y, state[0][d], h_before, saved, T)
            if need_hh[d]
            else None
        )
        if bias:
            db = None if dbias is None else dbias[d]
            gradients.append(None if db is None else db[:G])
            # GRU's b'_n stands inside the product with r, so its gradient is the fourth; else both biases have the same.
            gradients.append(
                torch.cat([db[: 2 * H], db[3 * H :]]) if db is not None and cell == _GRU else gradients[2]
            )
        out += gradients
    result = [None if dx is None else dx.view_as(x), *dstate, *out]
    return [g if need else None for g, need in zip(result, needs, strict=True)]


def _recurrent_gradient(
    cell: int, d: int, dgates: Tensor, y: Tensor, h0: Tensor, h_before: Tensor | None, saved: Tensor, T: int
) -> Tensor:
    """The gradient of one direction's w_hh: the gates' gradients times the h that each step read."""
    H, N = h0.shape[1], dgates.shape[0]
    if h_before is not None or T == 0:
        before = dgates.new_zeros(N, H) if h_before is None else h_before[d]
        return _by_gates(cell, dgates, before, saved, slice(None), d)
    B = N // T
    own = y.view(N, -1)[:, d * H : (d + 1) * H]
    # Forward, steps 1.. read y of 0..; in reverse steps 0..T-2 read y of 1... The first step of all read h0.
    first, rest, read = (
        (slice(0, B), slice(B, N), own[: N - B]) if d == 0 else (slice(N - B, N), slice(0, N - B), own[B:])
    )
    dw = _by_gates(cell, dgates[rest], read, saved, rest, d)
    return dw.add_(_by_gates(cell, dgates[first], h0, saved, first, d))


def _by_gates(cell: int, dgates: Tensor, h: Tensor, saved: Tensor, tokens: slice, d: int) -> Tensor:
    """dgates^T h, with GRU's third gate apart: it multiplies h under r, or (reset before) r h."""
    H = h.shape[1]
    if cell == _GRU:
        return torch.cat([dgates[:, : 2 * H].t() @ h, dgates[:, 3 * H :].t() @ h])
    if cell == _GRU_BEFORE:
        return torch.cat([dgates[:, : 2 * H].t() @ h, dgates[:, 2 * H :].t() @ (saved[d, tokens, :H] * h)])
    return dgates.t() @ h


# ---- eager mode --------------------------------------------------------------------------------------------------------


class _Unroll(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, cell: int, sizes: Tensor | None, states: int, bias: bool, x: Tensor, *rest: Tensor
    ) -> tuple[Tensor, ...]:
        state, weights = list(rest[:states]), list(rest[states:])
        y, hT, cT, saved, cells = _forward(cell, x, sizes, state, weights, bias, True)
        ctx.cell, ctx.states, ctx.bias = cell, states, bias
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(sizes, x, *rest, y, saved, cells)
        return (y, hT, cT) if states == 2 else (y, hT)

    @staticmethod
    def backward(ctx: Any, dy: Tensor | None, *dends: Tensor | None) -> tuple[Tensor | None, ...]:
        sizes, x, *rest, y, saved, cells = ctx.saved_tensors
        state, weights, needs = rest[: ctx.states], rest[ctx.states :], list(ctx.needs_input_grad[4:])
        if torch.is_grad_enabled():  # the gradient itself is to be differentiated
            gradients = _differentiable_backward(
                ctx.cell, x, sizes, state, weights, ctx.bias, dy, dends, needs
            )
        else:
            kept = [y, saved, cells]
            gradients = _backward(ctx.cell, x, sizes, state, weights, ctx.bias, kept, dy, list(dends), needs)
        return None, None, None, None, *gradients


def _differentiable_backward(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    dy: Tensor | None,
    dends: Sequence[Tensor | None],
    needs: list[bool],
) -> list[Tensor | None]:
    from hitherto.model.layers import reference_unroll

    name = next(n for n, number in CELLS.items() if number == cell)
    # Copies that are inputs of their own, still tied to the originals: their gradients are wanted, not those further back.
    inputs = [a.view_as(a) for a in (x, *state, *weights)]
    x, state, weights = inputs[0], inputs[1 : 1 + len(state)], inputs[1 + len(state) :]
    each = len(weights) // state[0].shape[0]
    directions = [weights[i : i + each] for i in range(0, len(weights), each)]
    full = [(w[0], w[1], w[2] if bias else None, w[3] if bias else None) for w in directions]
    y, ends = reference_unroll(name, x, sizes, tuple(state), full, True)
    outputs = [(o, g) for o, g in zip((y, *ends), (dy, *dends), strict=False) if g is not None]
    wanted = [a for a, need in zip(inputs, needs, strict=True) if need]
    if not outputs or not wanted:
        return [None] * len(needs)
    found = iter(
        torch.autograd.grad(
            [o for o, _ in outputs], wanted, [g for _, g in outputs], create_graph=True, allow_unused=True
        )
    )
    return [next(found) if need else None for need in needs]


# ---- torch.compile and torch.export: one op each way -------------------------------------------------------------------


@torch.library.custom_op("hitherto::unroll", mutates_args=())
def _unroll_op(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    keep: bool,
) -> list[Tensor]:
    return _forward(cell, x, sizes, state, weights, bias, keep)


@_unroll_op.register_fake
def _unroll_fake(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    keep: bool,
) -> list[Tensor]:
    D, B, H = state[0].shape
    N = x.shape[0] * B if sizes is None else x.shape[0]
    lstm = cell == _LSTM
    return [
        x.new_empty(*x.shape[:-1], D * H),
        x.new_empty(D, B, H),
        x.new_empty(D, B, H) if lstm else x.new_empty(0),
        x.new_empty(D, N, _SAVED[cell] * H) if keep and _SAVED[cell] else x.new_empty(0),
        x.new_empty(D, N, H) if keep and lstm else x.new_empty(0),
    ]


@torch.library.custom_op("hitherto::unroll_backward", mutates_args=())
def _backward_op(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    kept: list[Tensor],
    dy: Tensor,
    dends: list[Tensor],
    needs: list[bool],
) -> list[Tensor]:
    gradients = _backward(cell, x, sizes, state, weights, bias, kept, dy, list(dends), needs)
    # An op returns tensors that are its own: no None, and biases of one layer must not share one.
    return [
        x.new_empty(0) if g is None else g.clone() if i > len(state) else g for i, g in enumerate(gradients)
    ]


@_backward_op.register_fake
def _backward_fake(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    kept: list[Tensor],
    dy: Tensor,
    dends: list[Tensor],
    needs: list[bool],
) -> list[Tensor]:
    inputs = (x, *state, *weights)
    return [torch.empty_like(a) if need else a.new_empty(0) for a, need in zip(inputs, needs, strict=True)]


def _op_setup(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    cell, x, sizes, state, weights, bias, _ = inputs
    ctx.cell, ctx.states, ctx.bias = cell, len(state), bias
    ctx.needs = [a.requires_grad for a in (x, *state, *weights)]
    ctx.save_for_backward(sizes, x, *state, *weights, *output)


def _op_backward(ctx: Any, gradients: list[Tensor]) -> tuple[Any, ...]:
    sizes, x, *rest = ctx.saved_tensors
    state, weights, (y, _, _, saved, cells) = rest[: ctx.states], rest[ctx.states : -5], rest[-5:]
    found = torch.ops.hitherto.unroll_backward(
        ctx.cell, x, sizes, state, weights, ctx.bias, [y, saved, cells],
        gradients[0], gradients[1 : 1 + ctx.states], ctx.needs,
    )  # fmt: skip
    wanted = [g if need else None for g, need in zip(found, ctx.needs, strict=True)]
    return None, wanted[0], None, wanted[1 : 1 + ctx.states], wanted[1 + ctx.states :], None, None


torch.library.register_autograd("hitherto::unroll", _op_backward, setup_context=_op_setup)
