"""The loss of each head, and embeddings with row-sparse gradients.

    total, count = LOSSES["softmax"](features, weight, bias, {"y": y}, classes=10_000)

`features`, [N, F], is what the last layer reads at the N scored places; `weight`, [O, F], and `bias`, [O] or
None, are that layer. `total` is the sum of the losses in nats; `count` is what to divide it by for their mean:
how many elements were scored, or the sum of their weights where there are any. The layer's outputs, many where
O is a vocabulary, never exist all at once: they are made, scored, turned into their gradients and forgotten a
few rows at a time. So a loss can be differentiated once, but not twice.

Targets are tensors by name. `y` is [N] of class numbers for `softmax`; [N, labels] for `sigmoid` and `chain`; points
for `mixture`, [N, 3] or, where drawings end, [N, 4]; the scaled value, [N, horizon, channels], for the heads of
forecasts. NaN in it means not scored; of `chain` and `mixture`, whose losses are one for each place, it means the
place. `weight`, [N], says how much each place counts, for any head; others are named at the losses that read them.
`ctc` scores rows, not places: it reads the features of all steps of all rows, [T * B, F], and y is what the rows say,
one after the other. Options of a head are as in `hitherto.heads`, where the meaning of its params is written down.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from hitherto.errors import InputError, UsageError
from hitherto.heads import BLANK, CORRELATION, FLOOR, SMALL, check_levels
from hitherto.model import kernels

__all__ = ["LOSSES", "chain_loss", "embedding", "misfits", "mixture_loss", "nll"]

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
    params = _at_least_float32(F.linear(features, weight, bias))  # [N, O]
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


# -------------------------------------------------------------------------------------------------------- ctc


def misfits(targets: Targets, T: int) -> Tensor:
    """[B]: which rows say more than their steps can hold, so that the loss `ctc` leaves them out; T is all steps."""
    y, sizes = targets["y"], targets["y_lengths"].long()
    row = torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes)  # [sum L]
    again = (y[1:] == y[:-1]) & (row[1:] == row[:-1])  # two that are alike need a blank between them
    needs = sizes + torch.bincount(row[1:][again], minlength=len(sizes))
    return needs > targets.get("lengths", sizes.new_tensor(T))


def _ctc(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    classes: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Minus the log-probability of each row's text, summed over all ways to say it in the row's steps.

    features: of the step t of row b at the place t * B + b, none left out.
    targets: `y_lengths`, [B], cuts y, [sum L], into the texts of the rows; `lengths`, [B], are the rows' steps, all T
        where it is missing; what stands past them is not read. `weight`, [B], says how much each row counts.
    A row of `misfits` is in neither sum. The count is of characters; an empty text counts as one.
    The layer's output exists whole: alphabets are small, and an alignment needs all steps at once.
    """
    y, sizes = targets["y"].long(), targets["y_lengths"].long()
    K, B = weight.shape[0], len(sizes)
    _check(classes is None or classes == K, "classes", classes, weight)
    lengths = targets.get("lengths")
    _check_texts(features, y, sizes, lengths, K + BLANK)
    T = features.shape[0] // max(1, B)
    dtype = torch.promote_types(features.dtype, torch.float32)
    if not T:
        return F.linear(features, weight, bias).to(dtype).sum(), features.new_zeros((), dtype=dtype)
    x = features.unflatten(0, (T, B))
    if lengths is None:
        lengths = sizes.new_full((B,), T)
    else:  # NaN times zero is NaN: what is padding must not even be computed with
        outside = torch.arange(T, device=x.device).unsqueeze(1) >= lengths
        x = x.masked_fill(outside.unsqueeze(-1), 0)
    log_probs = F.linear(x, weight, bias).to(dtype).log_softmax(-1)  # [T, B, K]
    out = misfits(targets, T)
    each = F.ctc_loss(
        log_probs, y, lengths.long(), sizes, blank=K + BLANK, reduction="none", zero_infinity=True
    )
    counts = (~out).to(dtype)  # [B]
    if "weight" in targets:
        counts = counts * targets["weight"].to(dtype)
    each = each.masked_fill(out, 0)  # what cannot be said may come as any number
    return (each * counts).sum(), (counts * sizes.clamp(min=1)).sum()


def _check_texts(features: Tensor, y: Tensor, sizes: Tensor, lengths: Tensor | None, blank: int) -> None:
    B, T = len(sizes), features.shape[0] // max(1, len(sizes))
    if features.shape[0] != T * B:
        raise InputError(
            f"texts of {B} rows need features of all their steps, a multiple of {B}, but {features.shape[0]} came."
        )
    if y.dim() != 1 or len(y) != int(sizes.sum()):
        raise InputError(f"texts of {int(sizes.sum())} characters in all came with y {list(y.shape)}.")
    if len(y) and not 0 <= int(y.min()) <= int(y.max()) < blank:
        raise InputError(
            f"texts are classes from 0 to {blank - 1}, as {blank} is the blank, "
            f"but y has {int(y.min())} to {int(y.max())}."
        )
    if lengths is not None and (
        lengths.shape != sizes.shape or (B and not 0 <= int(lengths.min()) <= int(lengths.max()) <= T)
    ):
        raise InputError(
            f"the lengths of {B} rows must lie from 0 to {T}, but came as {lengths.tolist()!s:.60}."
        )


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


def mixture_loss(params: Tensor, y: Tensor) -> Tensor:
    """Of each point, [N], the negative log-likelihood; y is [N, 3], or [N, 4] where drawings end.

    What is bounded, and why, stands at `mixture` in `hitherto.heads`.
    """
    pens = y.shape[1] - 2
    M = (params.shape[1] - pens) // 6
    parts, pen = params[:, : 6 * M].unflatten(1, (6, M)), params[:, 6 * M :]
    low = math.log(FLOOR)
    wide = F.softplus(parts[:, 3:5] - low, threshold=40) + low  # [N, 2, M]; log(exp(s) + FLOOR)
    zx, zy = ((y[:, :2, None] - parts[:, 1:3]) * (-wide).exp()).unbind(1)  # [N, M]
    correlation = CORRELATION * parts[:, 5].tanh()
    left = 1 - correlation.square()
    squares = zy.square() + (zx - correlation * zy).square() / left
    each = parts[:, 0].log_softmax(1) - wide.sum(1) - 0.5 * (left.log() + squares)
    does = F.binary_cross_entropy_with_logits(pen, y[:, 2:], reduction="none").sum(1)
    loss: Tensor = does + math.log(2 * math.pi) - each.logsumexp(1)
    return loss


def _mixture(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    components: int,
    ends: bool = False,
) -> tuple[Tensor, Tensor]:
    """Minus the log-probability of the next point."""
    y, weights = targets["y"], targets.get("weight")
    pens = 1 + bool(ends)
    _check(6 * components + pens == weight.shape[0], "numbers", 6 * components + pens, weight)
    _check_rows(features, y, [2 + pens])
    scored = ~y.isnan().any(1)  # [N]

    def total_of(params: Tensor, rows: slice) -> Tensor:
        known = scored[rows]
        loss = mixture_loss(params, y[rows].to(params.dtype).where(known.unsqueeze(1), 0))
        loss = loss.where(known, 0)
        return (loss if weights is None else loss * weights[rows]).sum()

    size = _CACHED if features.device.type == "cpu" else _GPU
    total = _through_layer(features, weight, bias, _by_autograd(total_of), size)
    return total, (scored if weights is None else scored * weights).sum().to(total.dtype)


def chain_loss(params: Tensor, y: Tensor, W: Tensor, V: Tensor) -> Tensor:
    """Of each step, [N], the negative log-likelihood of all its labels; y, [N, K], is 0 or 1.

    All of params, W and V get gradients. What is made on the way is made again for the gradient where it is large.
    """
    (K, H), N = W.shape, len(y)
    if V.shape != W.shape or list(y.shape) != [N, K] or list(params.shape) != [N, K + H]:
        raise InputError(
            "the loss of chain reads params [N, K + H], y [N, K], W and V [K, H], but they came as "
            f"{', '.join(str(list(t.shape)) for t in (params, y, W, V))}."
        )
    if not torch.all((y == 0) | (y == 1)):
        raise InputError("y of the head chain must be 0 or 1 for each label.")
    y = y.to(params.dtype)
    size = _LARGE if params.device.type == "cpu" else _GPU
    runs = (y.sum(1).long() + 1).cumsum(0)
    _, parts = (runs // (size // ((K + H) * y.element_size()) + 1)).unique_consecutive(return_counts=True)
    if len(parts) <= 1:
        return _chain_steps(params, y, W, V)
    each = zip(params.split(parts.tolist()), y.split(parts.tolist()), strict=True)
    return torch.cat(
        [
            checkpoint(_chain_steps, *part, W, V, use_reentrant=False, preserve_rng_state=False)
            for part in each
        ]
    )


def _chain_steps(params: Tensor, y: Tensor, W: Tensor, V: Tensor) -> Tensor:
    """The hidden layer stays from one 1 of a step to the next. So there is one for each such run, R in all, and not
    for each label: of 88 keys some four sound at once.
    """
    K = len(W)
    begins = F.pad(y != 0, (1, 0), value=True)  # [N, K + 1]; does a run begin with label k?
    row, at = begins.nonzero(as_tuple=True)  # [R]
    known = torch.where(torch.arange(K, device=y.device) < at.unsqueeze(1), y[row], 0)  # [R, K]
    a = params[:, K:].index_select(0, row) + known @ W  # [R, H]
    run = begins.flatten().cumsum(0).view(begins.shape)[:, :K] - 1  # [N, K]; the run that a label is in
    logits = params[:, :K] + (a.sigmoid() @ V.t()).gather(0, run)
    return F.binary_cross_entropy_with_logits(logits, y, reduction="none").sum(1)


def _chain(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    labels: int | None = None,
    hidden: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Minus the log-probability of all labels together. targets: `W` and `V`, [labels, hidden], the head's own."""
    y, W, V, weights = targets["y"], targets["W"], targets["V"], targets.get("weight")
    labels, hidden = labels or W.shape[0], hidden or W.shape[1]
    _check(labels + hidden == weight.shape[0], "numbers", labels + hidden, weight)
    _check_rows(features, y, [labels])
    params = _at_least_float32(F.linear(features, weight, bias))  # [N, K + H]
    scored = ~y.isnan().any(1)  # [N]
    with torch.autocast(features.device.type, enabled=False):
        loss = chain_loss(params, y.where(scored.unsqueeze(1), 0), W.to(params.dtype), V.to(params.dtype))
    loss = loss.where(scored, 0)
    loss = loss if weights is None else loss * weights
    return loss.sum(), (scored if weights is None else scored * weights).sum().to(loss.dtype)


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
    "ctc": _ctc,
    "sigmoid": _sigmoid,
    "chain": _chain,
    "mixture": _mixture,
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


def _at_least_float32(t: Tensor) -> Tensor:
    return t.to(torch.promote_types(t.dtype, torch.float32))


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
