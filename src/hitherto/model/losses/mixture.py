"""The next point of a pen."""

import math

from torch import Tensor
from torch.nn import functional as F

from hitherto.heads import CORRELATION, FLOOR
from hitherto.model.losses import chunks
from hitherto.model.losses.chunks import (
    Targets,
    by_autograd,
    check_rows,
    check_size,
    through_layer,
)

__all__ = ["mixture", "mixture_loss"]


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


def mixture(
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
    check_size(6 * components + pens == weight.shape[0], "numbers", 6 * components + pens, weight)
    check_rows(features, y, [2 + pens])
    scored = ~y.isnan().any(1)  # [N]

    def total_of(params: Tensor, rows: slice) -> Tensor:
        known = scored[rows]
        loss = mixture_loss(params, y[rows].to(params.dtype).where(known.unsqueeze(1), 0))
        loss = loss.where(known, 0)
        return (loss if weights is None else loss * weights[rows]).sum()

    size = chunks.CACHED if features.device.type == "cpu" else chunks.GPU
    total = through_layer(features, weight, bias, by_autograd(total_of), size)
    return total, (scored if weights is None else scored * weights).sum().to(total.dtype)
