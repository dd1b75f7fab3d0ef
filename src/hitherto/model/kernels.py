# ruff: noqa: ARG001 (the fake of an op takes what the op takes)
"""The bridge from torch to the native kernels: one layer, all its directions, float32 on a CPU.

`unroll` is the only way in. In eager mode it is an `autograd.Function` around the extension; while torch
compiles or exports it is the library op `hitherto::unroll`, one node in their graphs. Both run the same two
functions, `_forward` and `_backward`. Where a gradient of the gradient is asked for, the backward pass is
written again with torch's operations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence  # noqa: TC003 (library ops read annotations)
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hitherto import native
from hitherto.errors import InputError
from hitherto.model.reference import Weights, reference_unroll

if TYPE_CHECKING:
    from hitherto import _native
else:
    _native = native.load()[0]
_missing = native.load()[1]  # why it did not load

__all__ = [
    "CELLS",
    "address",
    "available",
    "cross_entropy_",
    "empty",
    "keeps_bias",
    "linear",
    "normed_backward",
    "normed_forward",
    "readable",
    "unavailable_reason",
    "unreadable",
    "unroll",
]

# By the name of each kernel its number and sizes, which the extension exports. A row of `hitherto.cells` names it.
_SIZES: dict[str, dict[str, int]] = {} if _native is None else _native.CELLS
CELLS = {name: row["number"] for name, row in _SIZES.items()}
SAVED = [row["saved"] for row in _SIZES.values()]  # gates kept for the backward pass
DGATES = [row["dgates"] for row in _SIZES.values()]  # gradients of gates: GRU has one more, of U_n h + b'_n
AUTO, ROWS, UNITS = range(3) if _native is None else map(_native.SPLITS.index, ("auto", "rows", "units"))
split = AUTO  # how threads share a direction's work; the tests set it, results do not depend on it

if _native is not None:
    _native.adopt_openmp()


def available() -> bool:
    """Whether the kernels can be used: the extension is there and HITHERTO_PURE is not set."""
    return _native is not None and not native.pure()


def multiplies_bfloat16() -> bool:
    """Whether the kernels have products in bfloat16: the processor has AVX512-BF16 or AMX."""
    return available() and bool(_native.info().get("bfloat16"))


def unavailable_reason() -> str | None:
    """Why `available` is false, or None."""
    return native.why_pure() or _missing


_PLAIN = (Tensor, torch.nn.Parameter)


def readable(t: Tensor, dtype: torch.dtype = torch.float32) -> bool:
    """Whether the bytes of a tensor are its numbers, so that a kernel may read them: the one rule for all."""
    if type(t) not in _PLAIN or t.dtype is not dtype or t.layout is not torch.strided or not t.is_cpu:
        return False
    if t.is_neg() or t.is_nested:
        return False
    try:
        size = t.untyped_storage().nbytes()
    except RuntimeError:  # a wrapper of torch's own that has no storage
        return False
    return size >= _extent(t) and (t.data_ptr() != 0 or t.numel() == 0)


def _extent(t: Tensor) -> int:
    """How many bytes its storage needs to have."""
    count = t.numel()
    if count and not t.is_contiguous():
        count = 1 + sum((n - 1) * stride for n, stride in zip(t.shape, t.stride(), strict=True))
    return (int(t.storage_offset()) + count) * t.itemsize if count else 0


def unreadable(t: Tensor) -> str:
    """Why `readable` is false. A tensor whose memory was freed is an error: torch, too, would read address 0."""
    if type(t) not in _PLAIN:
        return f"{type(t).__name__} is a tensor subclass"
    if not t.is_cpu:
        return f"a tensor is on {t.device}"
    if t.dtype is not torch.float32:
        return f"a tensor is {t.dtype}"
    if t.layout is not torch.strided or t.is_nested:
        return f"a tensor is {'nested' if t.is_nested else t.layout}"
    if t.is_neg():
        return "a tensor is a negated view"
    try:
        freed = t.untyped_storage().nbytes() < _extent(t)
    except RuntimeError:
        freed = False
    if freed:
        raise InputError(
            f"A tensor of shape {tuple(t.shape)} has a storage of {t.untyped_storage().nbytes()} bytes only: "
            "its memory was freed or cut (as FSDP does between uses); bring it back before the call."
        )
    return "a tensor has no memory of its own"


def cross_entropy_(
    scores: Tensor, y: Tensor, weights: Tensor | None, smoothing: float, gradient: bool
) -> Tensor:
    """The cross-entropy, [n], of scores [n, V] with their classes y; with `gradient` they become that of its sum.

    For float32 on a CPU. `weights`, [n], multiply the losses; `smoothing` is the share given to all classes alike.
    """
    n, V = scores.shape
    y = y.to(torch.int64).contiguous()
    weights = None if weights is None else weights.to(torch.float32).contiguous()
    losses = torch.empty(n)
    _native.entropy(
        scores.data_ptr(), n, V, y.data_ptr(), 0 if weights is None else weights.data_ptr(), smoothing,
        losses.data_ptr(), gradient, torch.get_num_threads(),
    )  # fmt: skip
    return losses


def unroll(
    cell: str,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    state: tuple[Tensor, ...],
    weights: Sequence[Weights],
    training: bool,
    masks: Tensor | None = None,
    bfloat16: bool = False,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One layer over a batch of sequences: `(y, state at the end of each row)`.

    Without sizes all rows are full length. With sizes (int64 [T], on the CPU) rows count longest first and
    sizes[t] of them are active at time t; tokens are numbered step after step, as in `PackedSequence`.
    x is [T, B, I] or packed [N, I], token after token. With places (int64 [N]) x has any leading shape, and
    token i is its row places[i]: padded or batch-first data stay where they are. y has the leading shape of
    x, and zeros where no token is.
    State tensors are [D, B, H], weights a tuple (w_ih, w_hh, b_ih, b_hh) for each direction, the second of
    which runs in reverse. An LSTM may project h to P numbers: its tuples end with w_hr, [P, H].
    With training, what the backward pass needs is kept. Masks, [D, B, P], multiply h where it enters the
    recurrent product; they have no gradient.
    With `bfloat16` the factors of every product are rounded to it; sums, gates and states stay float32.
    """
    number, bias = CELLS[cell], weights[0][2] is not None
    flat = [w for direction in weights for w in direction if w is not None]
    if torch.compiler.is_compiling():
        call = torch.ops.hitherto.unroll
        y, *ends = call(number, x, sizes, places, list(state), flat, bias, training, masks, bfloat16)
    elif training:
        apply = _Unroll.apply
        y, *ends = apply(number, sizes, places, masks, len(state), bias, bfloat16, x, *state, *flat)  # type: ignore[no-untyped-call]
    else:
        y, ends, _ = _forward(number, x, sizes, places, masks, list(state), flat, bias, bfloat16, False)
    return y, tuple(ends[: len(state)])


# ---- memory ------------------------------------------------------------------------------------------------

# Large fresh blocks come from the system page by page, and mapping a page costs more than computing on it.
# So the blocks of outputs, and of what is kept for the backward pass, are used again, as torch does on GPUs.


class _Idle:
    """Free blocks by size, to be used again."""

    limit = 512 << 20  # bytes that may wait for their next use

    def __init__(self) -> None:
        self.blocks: dict[int, list[np.ndarray]] = {}
        self.bytes = 0

    def take(self, size: int) -> np.ndarray:
        try:
            block = self.blocks[size].pop()
        except (KeyError, IndexError):
            raw = np.empty(size + 16, np.float32)
            start = -raw.ctypes.data % 64 // 4  # aligned to a cache line
            return raw[start : start + size]
        self.bytes -= block.nbytes
        return block

    def give(self, block: np.ndarray) -> None:
        if self.bytes + block.nbytes <= self.limit:
            self.bytes += block.nbytes
            self.blocks.setdefault(block.size, []).append(block)


_idle = _Idle()


class _Lease(np.ndarray):
    """The view of a block that a tensor holds; when the tensor's storage dies, the block is idle again."""

    block: np.ndarray | None = None

    def __del__(self) -> None:
        if self.block is not None:
            _idle.give(self.block)


def empty(*shape: int) -> Tensor:
    """Uninitialised float32 memory."""
    floats = math.prod(shape)
    if floats < 1 << 14:
        return torch.empty(shape)
    step = 1 << (floats.bit_length() - 4)  # eighths of a power of two, so that near sizes share blocks
    block = _idle.take(-(-floats // step) * step)
    lease = block[:floats].view(_Lease)
    lease.block = block
    return torch.from_numpy(lease).view(shape)


# ---- the two sweeps ----------------------------------------------------------------------------------------


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """X W', [n, O], in the order of the kernels: a row has the bits that it has alone, on any number of threads."""
    (n, width), out = x.shape, weight.size(0)
    weights = [{"weight_ih": weight.detach().contiguous().numpy()}, {}]
    stage = {"op": "linear", "I": width, "O": out, "H": out, "weights": weights}
    y = empty(n, out)
    _native.Program("float32", 0, stage).run(
        x.detach().contiguous().numpy()[None], None, y.numpy()[None], None, None, 0, 1, torch.get_num_threads(),
        None, None, None, None, None,
    )  # fmt: skip
    return y


def keeps_bias(cell: str) -> bool:
    """Whether the bias of the state's part of the last gate stands apart, inside a product with another gate."""
    return _SIZES[cell]["dgates"] > _SIZES[cell]["gates"]


def normed_forward(*numbers: int) -> None:
    """The sweep of the extension through a layer that normalises."""
    _native.normed_forward(*numbers)


def normed_backward(*numbers: int) -> None:
    _native.normed_backward(*numbers)


def address(a: Tensor | None) -> int:
    return 0 if a is None else a.data_ptr()


def _shape(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    masks: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
) -> tuple[list[int], Tensor | None]:
    """The numbers that both sweeps begin with, and the offsets, which have to live as long as the call."""
    (D, B, P), H, I = state[0].shape, state[-1].shape[-1], x.shape[-1]
    rows = math.prod(x.shape[:-1])
    N = rows if places is None else places.shape[0]
    T, offsets = N // max(B, 1), None
    if N == 0:  # no token at all; an empty tensor has no address
        T, rows, sizes, places = 0, 0, None, None
    elif sizes is not None:
        T, offsets = sizes.shape[0], torch.nn.functional.pad(sizes.cumsum(0), (1, 0))  # [T + 1]
    numbers = [torch.get_num_threads(), cell, split, T, B, I, H, P, D, N]
    numbers += [address(sizes), address(offsets), address(places), rows, address(masks)]
    return numbers + _by_direction([w.data_ptr() for w in weights], D, bias), offsets


def _outputs(rows: Tensor, width: int, tokens: int) -> Tensor:
    """Memory for rows like those given, zeros if some of them are no token's."""
    out = empty(*rows.shape[:-1], width)
    return out if out.numel() == tokens * width else out.zero_()


def _by_direction(addresses: list[int], D: int, bias: bool) -> list[int]:
    """Ten addresses, w_ih w_hh b_ih b_hh w_hr of two directions: 0 for what is not there."""
    each = len(addresses) // D
    slots: list[int] = []
    for first in range(0, len(addresses), each):
        one = addresses[first : first + each]
        five = one if bias else [*one[:2], 0, 0, *one[2:]]
        slots += [*five, 0][:5]
    return slots + [0] * (10 - len(slots))


def _forward(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    masks: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    bfloat16: bool,
    keep: bool,
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """y, the final states, and with `keep` what `_backward` needs: saved gates, and cells (empty but for LSTM)."""
    x, state, weights = x.contiguous(), [s.contiguous() for s in state], [w.contiguous() for w in weights]
    masks = None if masks is None else masks.contiguous()
    D, _, P = state[0].shape
    H = state[-1].shape[-1]
    shape, _offsets = _shape(cell, x, sizes, places, masks, state, weights, bias)
    N, pair = shape[9], len(state) == 2
    y = _outputs(x, D * P, N)
    ends = [torch.empty_like(s) for s in state]
    tape = [empty(D, N, SAVED[cell] * H), empty(D, N, H if pair else 0)] if keep else []
    saved, cells = [a.data_ptr() for a in tape] or (0, 0)
    (_native.bfloat16_forward if bfloat16 else _native.forward)(
        *shape, x.data_ptr(), state[0].data_ptr(), state[1].data_ptr() if pair else 0,
        y.data_ptr(), ends[0].data_ptr(), ends[1].data_ptr() if pair else 0,
        saved, cells,
    )  # fmt: skip
    return y, ends, tape


def _backward(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    masks: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    bfloat16: bool,
    tape: list[Tensor],
    dy: Tensor | None,
    dends: list[Tensor | None],
    needs: list[bool],
) -> list[Tensor | None]:
    """Gradients of x, the state and the weights, in this order; None where `needs` does not want one."""
    y, saved, cells = tape
    x, state, weights = x.contiguous(), [s.contiguous() for s in state], [w.contiguous() for w in weights]
    masks = None if masks is None else masks.contiguous()
    dy = None if dy is None else dy.contiguous()
    dends = [None if d is None else d.contiguous() for d in dends]
    D, _, P = state[0].shape
    H = state[-1].shape[-1]
    shape, _offsets = _shape(cell, x, sizes, places, masks, state, weights, bias)
    N, states = shape[9], len(state)
    pair = states == 2
    dx = _outputs(x, x.shape[-1], N) if needs[0] else None
    dstate = [torch.empty_like(s) for s in state]
    dweights = [
        torch.empty_like(w) if need else None for w, need in zip(weights, needs[1 + states :], strict=True)
    ]
    dgates, douts = empty(D, N, DGATES[cell] * H), empty(D, N, P if P != H else 0)
    (_native.bfloat16_backward if bfloat16 else _native.backward)(
        *shape, x.data_ptr(), y.data_ptr(), state[0].data_ptr(), state[1].data_ptr() if pair else 0,
        saved.data_ptr(), cells.data_ptr(), address(dy), address(dends[0]),
        address(dends[1]) if pair else 0,
        address(dx), dstate[0].data_ptr(), dstate[1].data_ptr() if pair else 0,
        *_by_direction([address(w) for w in dweights], D, bias), dgates.data_ptr(), douts.data_ptr(),
    )  # fmt: skip
    wanted = [g if need else None for g, need in zip(dstate, needs[1 : 1 + states], strict=True)]
    return [dx, *wanted, *dweights]


# ---- eager mode --------------------------------------------------------------------------------------------


class _Unroll(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        cell: int,
        sizes: Tensor | None,
        places: Tensor | None,
        masks: Tensor | None,
        states: int,
        bias: bool,
        bfloat16: bool,
        x: Tensor,
        *rest: Tensor,
    ) -> tuple[Tensor, ...]:
        state, weights = list(rest[:states]), list(rest[states:])
        y, ends, tape = _forward(cell, x, sizes, places, masks, state, weights, bias, bfloat16, True)
        ctx.cell, ctx.states, ctx.bias, ctx.bfloat16 = cell, states, bias, bfloat16
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(sizes, places, masks, x, *rest, y, *tape)
        return y, *ends

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor | None) -> tuple[Tensor | None, ...]:
        dy, *dends = grad_outputs
        sizes, places, masks, x, *rest, y, saved, cells = ctx.saved_tensors
        state, weights, needs = rest[: ctx.states], rest[ctx.states :], list(ctx.needs_input_grad[7:])
        strange = [g for g in (x, *rest, y, saved, cells, dy, *dends) if g is not None and not readable(g)]
        # A gradient of the gradient may be wanted, or it may be no plain tensor: under vmap, for example.
        if torch.is_grad_enabled() or [unreadable(g) for g in strange]:
            gradients = _differentiable_backward(
                ctx.cell, x, sizes, places, masks, state, weights, ctx.bias, dy, dends, needs
            )
        else:
            tape = [y, saved, cells]
            gradients = _backward(
                ctx.cell,
                x,
                sizes,
                places,
                masks,
                state,
                weights,
                ctx.bias,
                ctx.bfloat16,
                tape,
                dy,
                dends,
                needs,
            )
        return None, None, None, None, None, None, None, *gradients


def _differentiable_backward(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    masks: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    dy: Tensor | None,
    dends: Sequence[Tensor | None],
    needs: list[bool],
) -> list[Tensor | None]:
    name, again = next(n for n, number in CELLS.items() if number == cell), torch.is_grad_enabled()
    with torch.enable_grad():
        # Copies that are inputs of their own, tied to the originals: their gradients are wanted, no others.
        inputs = [a.view_as(a) for a in (x, *state, *weights)]
        x, state, weights = inputs[0], inputs[1 : 1 + len(state)], inputs[1 + len(state) :]
        each = len(weights) // state[0].shape[0]
        directions = [weights[i : i + each] for i in range(0, len(weights), each)]
        full = [(*w[:2], *(w[2:4] if bias else (None, None)), *w[4 if bias else 2 :]) for w in directions]
        y, ends = reference_unroll(name, x, sizes, places, tuple(state), full, True, masks)
    outputs = [(o, g) for o, g in zip((y, *ends), (dy, *dends), strict=False) if g is not None]
    wanted = [a for a, need in zip(inputs, needs, strict=True) if need]
    if not outputs or not wanted:
        return [None] * len(needs)
    gradients = iter(
        torch.autograd.grad(
            [o for o, _ in outputs], wanted, [g for _, g in outputs], create_graph=again, allow_unused=True
        )
    )
    return [next(gradients) if need else None for need in needs]


# ---- torch.compile and torch.export: one op each way -------------------------------------------------------


def _check_readable(tensors: list[Tensor]) -> None:
    for t in tensors:
        if not readable(t):
            raise InputError(f"hitherto::unroll reads plain float32 tensors on the CPU, but {unreadable(t)}.")


@torch.library.custom_op("hitherto::unroll", mutates_args=())
def _unroll_op(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    keep: bool,
    masks: Tensor | None,
    bfloat16: bool,
) -> list[Tensor]:
    _check_readable([x, *state, *weights, *([] if masks is None else [masks])])
    y, ends, tape = _forward(cell, x, sizes, places, masks, state, weights, bias, bfloat16, keep)
    # An op returns as many tensors each time, all of them its own.
    D, N = state[0].shape[0], math.prod(x.shape[:-1]) if places is None else places.shape[0]
    absent = [] if len(ends) == 2 else [x.new_empty(0)]
    return [y, *ends, *absent, *(tape or [x.new_empty(D, N, 0), x.new_empty(D, N, 0)])]


@_unroll_op.register_fake
def _unroll_fake(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    keep: bool,
    masks: Tensor | None,
    bfloat16: bool,
) -> list[Tensor]:
    (D, B, P), H = state[0].shape, state[-1].shape[-1]
    N = math.prod(x.shape[:-1]) if places is None else places.shape[0]
    pair = len(state) == 2
    return [
        x.new_empty(*x.shape[:-1], D * P),
        x.new_empty(D, B, P),
        x.new_empty(D, B, H) if pair else x.new_empty(0),
        x.new_empty(D, N, SAVED[cell] * H if keep else 0),
        x.new_empty(D, N, H if keep and pair else 0),
    ]


@torch.library.custom_op("hitherto::unroll_backward", mutates_args=())
def _backward_op(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    masks: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    bfloat16: bool,
    tape: list[Tensor],
    dy: Tensor,
    dends: list[Tensor],
    needs: list[bool],
) -> list[Tensor]:
    _check_readable([x, *state, *weights, *tape, dy, *dends])
    gradients = _backward(
        cell, x, sizes, places, masks, state, weights, bias, bfloat16, tape, dy, list(dends), needs
    )
    # An op returns tensors that are its own: no None, and biases of one layer must not share one.
    return [
        x.new_empty(0) if g is None else g.clone() if i > len(state) else g for i, g in enumerate(gradients)
    ]


@_backward_op.register_fake
def _backward_fake(
    cell: int,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    masks: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
    bias: bool,
    bfloat16: bool,
    tape: list[Tensor],
    dy: Tensor,
    dends: list[Tensor],
    needs: list[bool],
) -> list[Tensor]:
    inputs = (x, *state, *weights)
    return [torch.empty_like(a) if need else a.new_empty(0) for a, need in zip(inputs, needs, strict=True)]


def _op_setup(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    cell, x, sizes, places, state, weights, bias, _, masks, bfloat16 = inputs
    ctx.cell, ctx.states, ctx.bias, ctx.bfloat16 = cell, len(state), bias, bfloat16
    ctx.needs = [a.requires_grad for a in (x, *state, *weights)]
    ctx.save_for_backward(sizes, places, masks, x, *state, *weights, *output)


def _op_backward(ctx: Any, gradients: list[Tensor]) -> tuple[Any, ...]:
    sizes, places, masks, x, *rest = ctx.saved_tensors
    state, weights, (y, _, _, saved, cells) = rest[: ctx.states], rest[ctx.states : -5], rest[-5:]
    gradients_of = torch.ops.hitherto.unroll_backward(
        ctx.cell, x, sizes, places, masks, state, weights, ctx.bias, ctx.bfloat16, [y, saved, cells],
        gradients[0], gradients[1 : 1 + ctx.states], ctx.needs,
    )  # fmt: skip
    wanted = [g if need else None for g, need in zip(gradients_of, ctx.needs, strict=True)]
    return (
        None,
        wanted[0],
        None,
        None,
        wanted[1 : 1 + ctx.states],
        wanted[1 + ctx.states :],
        None,
        None,
        None,
        None,
    )


torch.library.register_autograd("hitherto::unroll", _op_backward, setup_context=_op_setup)
