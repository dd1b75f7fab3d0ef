"""The loss of each head, and embeddings with row-sparse gradients.

    total, count = LOSSES["softmax"](features, weight, bias, {"y": y}, classes=10_000)

`features`, [N, F], is what the last layer reads at the N scored places; `weight`, [O, F], and `bias`, [O] or
None, are that layer. `total` is the sum of the losses in nats; `count` is what to divide it by for their mean:
how many elements were scored, or the sum of their weights where there are any. The layer's outputs, many where
O is a vocabulary, never exist all at once: they are made, scored, turned into their gradients and forgotten a
few rows at a time. So a loss can be differentiated once, but not twice.

Targets are tensors by name. `y` is [N] of class numbers for `softmax`; [N, labels] for `sigmoid`; the scaled
value, [N, horizon, channels], for the heads of forecasts. NaN in it means not scored. `weight`, [N], says how
much each place counts, for any head; others are named at the losses that read them. Options of a head are as
in `hitherto.heads`, where the meaning of its params is written down.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.errors import InputError, UsageError
from hitherto.heads import FLOOR, SMALL, check_levels
from hitherto.model import kernels

__all__ = ["LOSSES", "embedding", "nll"]

Targets = Mapping[str, Tensor]
Loss = Callable[..., tuple[Tensor, Tensor]]

# Bytes of the layer's output made at a time. On a CPU a product is the faster the more rows it has, but the C
# library gives blocks of 32 MiB back to the system after each use. What is read again and again should stay
# in the cache.
_LARGE, _CACHED, _GPU = 31 << 20, 4 << 20, 256 << 20

# From params [n, O] and the rows they are for: the sum of the losses, and its gradient where it is wanted.
Piece = Callable[[Tensor, slice, bool], tuple[Tensor, Tensor | None]]
Wanted = Sequence[bool]  # which gradients: by features, weight, bias

# ---------------------------------------------------------------------------------- the last layer, in chunks


def _through_layer(features: Tensor, weight: Tensor, bias: Tensor | None, piece: Piece, size: int) -> Tensor:
    """The sum of what `piece` says of the layer's output, `size` bytes of it at a time."""
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
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor | None, piece: Piece, size: int
    ) -> Tensor:
        total, *ctx.gradients = _chunks(features, weight, bias, piece, size, ctx.needs_input_grad[:3])
        return total

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        _refuse_second()
        if ctx.gradients is None:
            raise UsageError("the gradients of a loss can be asked for only once; compute the loss again.")
        gradients, ctx.gradients = ctx.gradients, None  # handed over, so that they need no copy
        if factor.device.type != "cpu" or factor.item() != 1:
            for gradient in gradients:
                if gradient is not None:
                    gradient *= factor
        return *gradients, None, None


def _by_autograd(total_of: Callable[[Tensor, slice], Tensor]) -> Piece:
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


# ---------------------------------------------------------------------------------------------------- softmax


def _softmax(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    classes: int | None = None,
    label_smoothing: float = 0.0,
    sampled: int = 0,
    sparse: bool = False,
) -> tuple[Tensor, Tensor]:
    """Cross-entropy, as `torch.nn.functional.cross_entropy` has it.

    targets: `class_weight`, [O], weighs classes as torch does; `frequencies`, [O], is for `sampled`.
    label_smoothing: this share of the truth is given to all classes alike.
    sampled: in training, that is where gradients are recorded, compare the true class with that many others
        drawn from torch's global generator: by `frequencies` or, without them, by Zipf's law, for classes
        numbered by how often they occur. Scores are corrected by the logarithm of how often a class is
        expected among the drawn; a true class among them does not count twice. Elsewhere all classes count.
    sparse: with `sampled`, the gradient of `weight` is sparse: the rows that took part.
    """
    y = targets["y"].long()  # [N]
    _check(classes is None or weight.shape[0] == classes, "classes", classes, weight)
    _check_rows(features, y, [])
    weights = targets.get("weight")
    of_class = targets.get("class_weight")
    if 0 < sampled < weight.shape[0] and torch.is_grad_enabled():
        if label_smoothing or of_class is not None:
            raise UsageError(
                "sampled goes with neither label_smoothing nor weights of classes; leave one of them out."
            )
        return _sampled(features, weight, bias, targets, sampled, sparse)
    piece = _cross_entropy(y, weights, of_class, label_smoothing)
    size = _LARGE if features.device.type == "cpu" else _GPU
    total = _through_layer(features, weight, bias, piece, size)
    if of_class is not None:
        weights = of_class[y] if weights is None else of_class[y] * weights
    return total, _counted(total, y, weights)


def _cross_entropy(y: Tensor, weights: Tensor | None, of_class: Tensor | None, smoothing: float) -> Piece:
    def piece(params: Tensor, rows: slice, wanted: bool) -> tuple[Tensor, Tensor | None]:
        native = params.device.type == "cpu" and params.dtype == torch.float32 and params.is_contiguous()
        if native and of_class is None and kernels.available():
            own = None if weights is None else weights[rows]
            return kernels.cross_entropy_(
                params, y[rows], own, smoothing, wanted
            ).sum(), params if wanted else None
        O, true = params.shape[1], y[rows].unsqueeze(1)  # [n, 1]
        at = params.gather(1, true)
        p = params.softmax(1)  # [n, O]
        loss = -p.gather(1, true).log()
        if params.device.type != "cpu" or not torch.all(loss < 60):  # p ends at about exp(-88)
            loss = params.logsumexp(1, keepdim=True) - at
        hit = -torch.ones_like(at)  # the gradient is p, and this more at the true class
        if smoothing or of_class is not None:
            heavy = params.new_ones(O) if of_class is None else of_class.to(params.dtype)  # [O]
            hit = heavy[true] * (smoothing - 1)
            share = heavy * (smoothing / O)
            every = share.sum()
            loss, mass = (loss + at) * every - (params @ share).unsqueeze(1) - hit * loss, every - hit
            if wanted:
                p.mul_(mass).sub_(share)
        if wanted:
            p.scatter_add_(1, true, hit)
        if weights is not None:
            by_row = weights[rows].to(at.dtype).unsqueeze(1)
            loss = loss * by_row
            if wanted:
                p.mul_(by_row)
        return loss.sum(), p if wanted else None

    return piece


def nll(params: Tensor, targets: Targets) -> Tensor:
    """Of each place, [N], the negative log-likelihood of the class y; with `gate` and `copied` as `pointer` has it."""
    y = targets["y"].long()
    own = F.cross_entropy(params, y, reduction="none")
    if "gate" not in targets:
        return own
    gate, copied = targets["gate"], targets["copied"].clamp(min=1e-30)  # what is not there is not copied
    return -torch.logaddexp(F.logsigmoid(gate) - own, F.logsigmoid(-gate) + copied.log())


def _pointer(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    classes: int | None = None,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of a mixture: what the softmax says, and what the attention copies.

    targets: `gate`, [N], is the logit of the first part; `copied`, [N], how much of the attention lies on places of y.
    label_smoothing: this share of the truth is given to all classes of the softmax alike.
    The layer's output exists whole: what is copied is for vocabularies of thousands, not of hundreds of thousands.
    """
    y = targets["y"].long()
    _check(classes is None or weight.shape[0] == classes, "classes", classes, weight)
    _check_rows(features, y, [])
    params = F.linear(features, weight, bias).float()  # [N, O]
    loss = nll(params, targets)
    if label_smoothing:
        loss = (1 - label_smoothing) * loss - label_smoothing * params.log_softmax(1).mean(1)
    weights = targets.get("weight")
    return (loss if weights is None else loss * weights).sum(), _counted(loss.sum(), y, weights)


def _sampled(
    features: Tensor, weight: Tensor, bias: Tensor | None, targets: Targets, count: int, sparse: bool
) -> tuple[Tensor, Tensor]:
    y, weights, O = targets["y"].long(), targets.get("weight"), weight.shape[0]
    N, device = len(y), features.device
    u = torch.rand(count, device=device, dtype=torch.float64)
    if "frequencies" in targets:
        p = targets["frequencies"].to(device, torch.float64)
        p = (p / p.sum()).clamp(min=0.01 / O)  # a class may be true that was never counted
        upto = p.cumsum(0)
        others = torch.searchsorted(upto, u * upto[-1]).clamp_(max=O - 1).unique()
        used = torch.cat([y, others])
        share = p[used] / upto[-1]
    else:  # P(k) = log((k + 2) / (k + 1)) / log(O + 1)
        others = (u * math.log(O + 1)).exp().long().sub_(1).clamp_(0, O - 1).unique()
        used = torch.cat([y, others])
        share = torch.log1p(1 / (used.double() + 1)) / math.log(O + 1)
    # Each class once at most: it is among the drawn with the probability 1 - (1 - share)^count.
    offset = -torch.log(-torch.expm1(count * torch.log1p(-share))).to(weight.dtype)
    if bias is not None:
        offset = offset + bias[used]
    rows = embedding(used, weight, sparse)  # [N + U, F]
    true = (features * rows[:N]).sum(1) + offset[:N]  # [N]
    scores = F.linear(features, rows[N:], offset[N:])  # [N, U]
    scores = scores.masked_fill(y.unsqueeze(1) == others, -math.inf)
    loss = torch.cat([true.unsqueeze(1), scores], 1).logsumexp(1) - true
    total = (loss if weights is None else loss * weights).sum()
    return total, _counted(total, y, weights)


# --------------------------------------------------------------------------- losses that torch differentiates


def _elementwise(
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
    _check(math.prod(shape) == weight.shape[0], "numbers", math.prod(shape), weight)
    _check_rows(features, y, shape if len(shape) == 1 else shape[:-1])
    weights = targets.get("weight")
    axes = [1] * (y.dim() - 1)

    def total_of(params: Tensor, rows: slice) -> Tensor:
        at = y[rows].to(params.dtype)
        scored = ~at.isnan()
        # NaN times zero is NaN: what is not scored must not even be computed with.
        loss = loss_of(
            params.unflatten(1, tuple(shape)), at.where(scored, 0), lambda t: t[rows].to(params.dtype)
        )
        loss = loss.where(scored, 0)
        return (loss if weights is None else loss * weights[rows].view(-1, *axes)).sum()

    size = _CACHED if features.device.type == "cpu" else _GPU
    total = _through_layer(features, weight, bias, _by_autograd(total_of), size)
    scored = ~y.isnan()
    if weights is None:
        return total, scored.sum().to(total.dtype)
    return total, (scored * weights.view(-1, *axes)).sum().to(total.dtype)


def _sigmoid(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    labels: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy of every label. targets: `positive_weight`, [labels], is a factor of ones."""
    positive = targets.get("positive_weight")

    def loss_of(params: Tensor, y: Tensor, _of_rows: Any) -> Tensor:
        own = None if positive is None else positive.to(params.dtype)
        return F.binary_cross_entropy_with_logits(params, y, reduction="none", pos_weight=own)

    return _elementwise(features, weight, bias, targets, [labels or weight.shape[0]], loss_of)


def _quantile(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    levels: Sequence[float],
    horizon: int = 1,
    channels: int = 1,
) -> tuple[Tensor, Tensor]:
    """The pinball loss, summed over levels. A parameter stays with its level: only predictions are sorted."""
    levels = check_levels(levels)

    def loss_of(params: Tensor, y: Tensor, _of_rows: Any) -> Tensor:
        level = params.new_tensor(levels)
        error = y.unsqueeze(-1) - params
        return torch.maximum(level * error, (level - 1) * error).sum(-1)

    return _elementwise(features, weight, bias, targets, [horizon, channels, len(levels)], loss_of)


def _gaussian(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    horizon: int = 1,
    channels: int = 1,
) -> tuple[Tensor, Tensor]:
    """Minus the log-density of the scaled value."""

    def loss_of(params: Tensor, y: Tensor, _of_rows: Any) -> Tensor:
        mean, b = params.unbind(-1)
        deviation = F.softplus(b) + FLOOR
        return 0.5 * ((y - mean) / deviation).square() + deviation.log() + 0.5 * math.log(2 * math.pi)

    return _elementwise(features, weight, bias, targets, [horizon, channels, 2], loss_of)


def _student_t(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    horizon: int = 1,
    channels: int = 1,
) -> tuple[Tensor, Tensor]:
    """Minus the log-density of the scaled value."""

    def loss_of(params: Tensor, y: Tensor, _of_rows: Any) -> Tensor:
        centre, b, c = params.unbind(-1)
        width, freedom = F.softplus(b) + FLOOR, F.softplus(c) + 2 + FLOOR
        half = freedom.double() / 2  # the difference of two large logarithms
        inside = (torch.lgamma(half) - torch.lgamma(half + 0.5)).to(params.dtype)
        z = (y - centre) / width
        tail = (freedom + 1) / 2 * torch.log1p(z.square() / freedom)
        return inside + 0.5 * (freedom * math.pi).log() + width.log() + tail

    return _elementwise(features, weight, bias, targets, [horizon, channels, 3], loss_of)


def _negative_binomial(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    horizon: int = 1,
    channels: int = 1,
) -> tuple[Tensor, Tensor]:
    """Minus the log-probability of the count y * scale. targets: `scale`, broadcast against y, or 1."""
    scales = targets.get("scale")

    def loss_of(params: Tensor, y: Tensor, of_rows: Callable[[Tensor], Tensor]) -> Tensor:
        a, b = params.double().unbind(-1)  # in differences of large logarithms float32 would lose the count
        scale = torch.ones_like(y) if scales is None else of_rows(scales).expand_as(y)
        scale = scale.double().nan_to_num(1.0)  # unknown only where y is
        mean, dispersion = (F.softplus(a) + SMALL) * scale, F.softplus(b) + SMALL
        count, r, ratio = (y * scale).round(), 1 / dispersion, dispersion * mean
        ways = torch.lgamma(count + r) - torch.lgamma(r) - torch.lgamma(count + 1)
        return ((count + r) * torch.log1p(ratio) - ways - count * ratio.log()).to(params.dtype)

    return _elementwise(features, weight, bias, targets, [horizon, channels, 2], loss_of)


LOSSES: dict[str, Loss] = {
    "softmax": _softmax,
    "pointer": _pointer,
    "sigmoid": _sigmoid,
    "quantile": _quantile,
    "gaussian": _gaussian,
    "student_t": _student_t,
    "negative_binomial": _negative_binomial,
}

# ------------------------------------------------------------------------------------------------------ parts


def _check(holds: bool, what: str, number: int | None, weight: Tensor) -> None:
    if not holds:
        raise InputError(f"the head has {number} {what}, but the last layer makes {weight.shape[0]} numbers.")


def _check_rows(features: Tensor, y: Tensor, shape: Sequence[int]) -> None:
    if list(y.shape) != [features.shape[0], *shape]:
        raise InputError(
            f"{features.shape[0]} scored places need targets {[features.shape[0], *shape]}, "
            f"but y came as {list(y.shape)}."
        )


def _refuse_second() -> None:
    """Gradients are recorded during a backward pass only where they are to be differentiated themselves."""
    if torch.is_grad_enabled():
        raise UsageError("this gradient cannot be differentiated again: leave create_graph = True out.")


def _counted(total: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
    return total.new_tensor(y.shape[0]) if weights is None else weights.sum().to(total.dtype)


# -------------------------------------------------------------------------------------------------- embedding


def embedding(ids: Tensor, weight: Tensor, sparse: bool = False) -> Tensor:
    """Rows of `weight`, [V, E], for `ids` of any shape: [..., E].

    sparse: the gradient of `weight` is a sparse tensor with each row that occurred, once: it is coalesced, so
    the norm of its values is its norm. A step then costs no more for a larger V. For SGD without momentum or
    decay, where other rows do not move, it makes the same update as the dense gradient.
    """
    if sparse and weight.requires_grad and torch.is_grad_enabled():
        rows: Tensor = _RowSparse.apply(ids, weight)  # type: ignore[no-untyped-call]
        return rows
    return F.embedding(ids, weight)


class _RowSparse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, ids: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.shape = weight.shape
        return F.embedding(ids, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:
        _refuse_second()
        (ids,) = ctx.saved_tensors
        rows, places = torch.unique(ids.reshape(-1).long(), return_inverse=True)
        # torch's own dense gradient, of an embedding of only these rows: the same sums in the same order.
        values = torch.ops.aten.embedding_dense_backward(
            gradient.reshape(-1, ctx.shape[1]), places, len(rows), -1, False
        )
        return None, torch.sparse_coo_tensor(
            rows.unsqueeze(0), values, ctx.shape, is_coalesced=True, check_invariants=False
        )
