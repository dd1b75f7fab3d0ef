"""Cross-entropies: of a softmax, of one that copies, of one that is sampled, of sigmoids."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.errors import UsageError
from hitherto.model import kernels
from hitherto.model.embedding import embedding
from hitherto.model.losses import chunks
from hitherto.model.losses.chunks import (
    Piece,
    Targets,
    at_least_float32,
    check_rows,
    check_size,
    counted,
    elementwise,
    through_layer,
)

__all__ = ["nll", "pointer", "sigmoid", "softmax"]


def softmax(
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
    check_size(classes is None or weight.shape[0] == classes, "classes", classes, weight)
    check_rows(features, y, [])
    weights = targets.get("weight")
    of_class = targets.get("class_weight")
    if 0 < sampled < weight.shape[0] and torch.is_grad_enabled():
        if label_smoothing or of_class is not None:
            raise UsageError(
                "sampled goes with neither label_smoothing nor weights of classes; leave one of them out."
            )
        return _sampled(features, weight, bias, targets, sampled, sparse)
    piece = _cross_entropy(y, weights, of_class, label_smoothing)
    size = chunks.LARGE if features.device.type == "cpu" else chunks.GPU
    total = through_layer(features, weight, bias, piece, size)
    if of_class is not None:
        weights = of_class[y] if weights is None else of_class[y] * weights
    return total, counted(total, y, weights)


def _cross_entropy(y: Tensor, weights: Tensor | None, of_class: Tensor | None, smoothing: float) -> Piece:
    def piece(params: Tensor, rows: slice, wanted: bool) -> tuple[Tensor, Tensor | None]:
        native = kernels.available() and kernels.readable(params) and params.is_contiguous()
        if native and of_class is None:
            losses = kernels.cross_entropy_(
                params, y[rows], None if weights is None else weights[rows], smoothing, wanted
            )
            return losses.sum(), params if wanted else None
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
    written = F.cross_entropy(params, y, reduction="none")
    if "gate" not in targets:
        return written
    gate, copied = targets["gate"], targets["copied"].clamp(min=1e-30)  # what is not there is not copied
    return -torch.logaddexp(F.logsigmoid(gate) - written, F.logsigmoid(-gate) + copied.log())


def pointer(
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
    check_size(classes is None or weight.shape[0] == classes, "classes", classes, weight)
    check_rows(features, y, [])
    params = at_least_float32(F.linear(features, weight, bias))  # [N, O]
    loss = nll(params, targets)
    if label_smoothing:
        loss = (1 - label_smoothing) * loss - label_smoothing * params.log_softmax(1).mean(1)
    weights = targets.get("weight")
    return (loss if weights is None else loss * weights).sum(), counted(loss.sum(), y, weights)


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
    return total, counted(total, y, weights)


def sigmoid(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    labels: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy of every label. targets: `positive_weight`, [labels], is a factor of ones."""
    positive = targets.get("positive_weight")

    def loss_of(params: Tensor, y: Tensor, _of_rows: object) -> Tensor:
        factor = None if positive is None else positive.to(params.dtype)
        return F.binary_cross_entropy_with_logits(params, y, reduction="none", pos_weight=factor)

    return elementwise(features, weight, bias, targets, [labels or weight.shape[0]], loss_of)
