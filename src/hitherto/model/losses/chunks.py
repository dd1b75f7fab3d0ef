"""The last layer and a loss together, a few rows at a time; and what losses share."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Concatenate, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.errors import InputError, UsageError
from hitherto.model.embedding import refuse_second

__all__ = [
    "Loss",
    "Piece",
    "Targets",
    "at_least_float32",
    "by_autograd",
    "check_rows",
    "check_size",
    "counted",
    "elementwise",
    "through_layer",
]

Targets = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Loss:
    """One row of `LOSSES`: the torch half of a head.

    `total(features, weight, bias, targets, **options)` gives the sum of the losses over the scored places, and how many
    they are: features [N, F] go through the last layer, weight [O, F] and bias [O]. Options are the head's own. A
    weight [0, 0] says that there is no layer: the features of a forecast may be its numbers.
    """

    total: Callable[Concatenate[Tensor, Tensor, Tensor | None, Targets, ...], tuple[Tensor, Tensor]]
    # The loss of each place, [N], from params [N, O] and targets; None: the head's numpy half says it.
    each: Callable[[Tensor, Targets], Tensor] | None = None
    options: frozenset[str] = frozenset()  # options of training that `total` takes too

    def __call__(
        self, features: Tensor, weight: Tensor, bias: Tensor | None, targets: Targets, **options: object
    ) -> tuple[Tensor, Tensor]:
        return self.total(features, weight, bias, targets, **options)


class _Context(Protocol):
    """What an `autograd.Function` of these remembers."""

    gradients: Sequence[Tensor | None] | None
    needs_input_grad: Sequence[bool]


# Bytes of the layer's output made at a time. On a CPU a product is the faster the more rows it has, but the C
# library gives blocks of 32 MiB back to the system after each use. What is read again and again should stay
# in the cache.
LARGE, CACHED, GPU = 31 << 20, 4 << 20, 256 << 20

# From params [n, O] and the rows they are for: the sum of the losses, and its gradient where it is wanted.
Piece = Callable[[Tensor, slice, bool], tuple[Tensor, Tensor | None]]
Wanted = Sequence[bool]  # which gradients: by features, weight, bias


# ---------------------------------------------------------------------------------- the last layer, in chunks


def through_layer(features: Tensor, weight: Tensor, bias: Tensor | None, piece: Piece, size: int) -> Tensor:
    """The sum of what `piece` says of the layer's output, `size` bytes of it at a time."""
    if not weight.numel():
        return _bare(features, piece, size)
    if features.dim() != 2 or weight.dim() != 2 or features.shape[1] != weight.shape[1]:
        raise InputError(
            f"a loss reads features [N, F] and weights [O, F], but they came as {list(features.shape)} and "
            f"{list(weight.shape)}."
        )
    device = features.device.type
    if torch.is_autocast_enabled(
        device
    ):  # what autocast would do to a linear layer, whose loss is in float32
        dtype = torch.get_autocast_dtype(device)
        features, weight = features.to(dtype), weight.to(dtype)
    with torch.autocast(device, enabled=False):
        if torch.is_grad_enabled() and any(
            t is not None and t.requires_grad for t in (features, weight, bias)
        ):
            total: Tensor = _InChunks.apply(features, weight, bias, piece, size)  # type: ignore[no-untyped-call]
            return total
        return _chunks(features, weight, bias, piece, size, (False, False, False))[0]


def _bare(features: Tensor, piece: Piece, size: int) -> Tensor:
    """The sum of what `piece` says of features that are the numbers of the head."""
    features = at_least_float32(features)
    rows = max(1, size // max(1, features.shape[1] * 4))
    parts = [slice(k, k + rows) for k in range(0, len(features), rows)]
    wanted = torch.is_grad_enabled() and features.requires_grad
    if not wanted:
        return sum((piece(features[p], p, False)[0] for p in parts), features.new_zeros(()))
    total: Tensor = _Pieces.apply(features, piece, parts)  # type: ignore[no-untyped-call]
    return total


class _Pieces(torch.autograd.Function):
    """The gradient is made on the way forward, as in `_InChunks`."""

    @staticmethod
    def forward(ctx: _Context, features: Tensor, piece: Piece, parts: Sequence[slice]) -> Tensor:
        total, gradient = features.new_zeros(()), torch.empty_like(features)
        for rows in parts:
            loss, d = piece(features[rows], rows, True)
            total += loss
            if d is not None:
                gradient[rows] = d
        ctx.gradients = [gradient]
        return total

    @staticmethod
    def backward(ctx: _Context, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second()
        if ctx.gradients is None:
            raise UsageError("the gradients of a loss can be asked for only once; compute the loss again.")
        (gradient,), ctx.gradients = ctx.gradients, None
        return None if gradient is None else gradient * grad_outputs[0], None, None


def _chunks(
    features: Tensor, weight: Tensor, bias: Tensor | None, piece: Piece, size: int, wanted: Wanted
) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor | None]:
    """The sum, and those gradients of it that are wanted."""
    N, O = features.shape[0], weight.shape[0]
    dtype = torch.promote_types(features.dtype, torch.float32)  # of params and sums
    plain = dtype == features.dtype
    total = features.new_zeros((), dtype=dtype)
    of_features = torch.empty_like(features) if wanted[0] else None
    of_weight: Tensor | None = None
    of_bias = features.new_zeros(O, dtype=dtype) if wanted[2] else None
    chunks = max(1, math.ceil(N * O * dtype.itemsize / size))
    step = max(1, math.ceil(N / chunks))
    for start in range(0, N, step):
        rows = slice(start, start + step)
        x = features[rows]  # [n, F]
        params = F.linear(x, weight, bias if plain else None).to(dtype)  # [n, O]
        if bias is not None and not plain:
            params += bias
        loss, d = piece(params, rows, any(wanted))
        del params
        total += loss
        if d is None:
            continue
        if of_bias is not None:
            of_bias += d.sum(0)
        d = d.to(features.dtype)
        if of_features is not None:
            torch.mm(d, weight, out=of_features[rows])
        if wanted[1]:
            if of_weight is None:
                of_weight = torch.mm(d.t(), x).to(dtype)
            elif plain:
                of_weight.addmm_(d.t(), x)
            else:
                of_weight += torch.mm(d.t(), x)
    if wanted[1]:
        of_weight = torch.zeros_like(weight) if of_weight is None else of_weight.to(weight.dtype)
    return total, of_features, of_weight, of_bias


class _InChunks(torch.autograd.Function):
    """Gradients are made on the way forward, while a chunk's params are there."""

    @staticmethod
    def forward(
        ctx: _Context, features: Tensor, weight: Tensor, bias: Tensor | None, piece: Piece, size: int
    ) -> Tensor:
        total, *ctx.gradients = _chunks(features, weight, bias, piece, size, ctx.needs_input_grad[:3])
        return total

    @staticmethod
    def backward(ctx: _Context, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second()
        (factor,) = grad_outputs
        if ctx.gradients is None:
            raise UsageError("the gradients of a loss can be asked for only once; compute the loss again.")
        gradients, ctx.gradients = ctx.gradients, None  # handed over, so that they need no copy
        if factor.device.type != "cpu" or factor.item() != 1:
            for gradient in gradients:
                if gradient is not None:
                    gradient *= factor
        return *gradients, None, None


def by_autograd(total_of: Callable[[Tensor, slice], Tensor]) -> Piece:
    """A piece whose gradient torch finds."""

    def piece(params: Tensor, rows: slice, wanted: bool) -> tuple[Tensor, Tensor | None]:
        if not wanted:
            return total_of(params, rows), None
        with torch.enable_grad():
            params = params.detach().requires_grad_()
            total = total_of(params, rows)
            (gradient,) = torch.autograd.grad(total, params)
        return total.detach(), gradient

    return piece


# --------------------------------------------------------------------------- losses that torch differentiates


def elementwise(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    shape: Sequence[int],
    loss_of: Callable[[Tensor, Tensor, Callable[[Tensor], Tensor]], Tensor],
) -> tuple[Tensor, Tensor]:
    """The sum of loss_of(params, y, of_rows) where y is not NaN; `shape` is that of a row's params: [labels], or
    [horizon, channels, P].

    `of_rows` takes the part that belongs to these rows from a target of all of them.
    """
    y = targets["y"]
    if not y.is_floating_point():
        y = y.to(features.dtype)
    made = weight if weight.numel() else features.t()  # of the last layer, or what stands for it
    check_size(math.prod(shape) == made.shape[0], "numbers", math.prod(shape), made)
    check_rows(features, y, shape if len(shape) == 1 else shape[:-1])
    weights = targets.get("weight")
    if weights is not None and weights.dim() == 1:
        weights = weights.view(-1, *[1] * (y.dim() - 1))

    def total_of(params: Tensor, rows: slice) -> Tensor:
        at = y[rows].to(params.dtype)
        scored = ~at.isnan()
        # NaN times zero is NaN: what is not scored must not even be computed with.
        loss = loss_of(
            params.unflatten(1, tuple(shape)), at.where(scored, 0), lambda t: t[rows].to(params.dtype)
        )
        loss = loss.where(scored, 0)
        return (loss if weights is None else loss * weights[rows]).sum()

    size = CACHED if features.device.type == "cpu" else GPU
    total = through_layer(features, weight, bias, by_autograd(total_of), size)
    scored = ~y.isnan()
    if weights is None:
        return total, scored.sum().to(total.dtype)
    return total, (scored * weights).sum().to(total.dtype)


# ------------------------------------------------------------------------------------------------------ parts


def check_size(holds: bool, what: str, number: int | None, weight: Tensor) -> None:
    if not holds:
        raise InputError(f"the head has {number} {what}, but the last layer makes {weight.shape[0]} numbers.")


def check_rows(features: Tensor, y: Tensor, shape: Sequence[int]) -> None:
    if list(y.shape) != [features.shape[0], *shape]:
        raise InputError(
            f"{features.shape[0]} scored places need targets {[features.shape[0], *shape]}, "
            f"but y came as {list(y.shape)}."
        )


def at_least_float32(t: Tensor) -> Tensor:
    return t.to(torch.promote_types(t.dtype, torch.float32))


def counted(total: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
    return total.new_tensor(y.shape[0]) if weights is None else weights.sum().to(total.dtype)
