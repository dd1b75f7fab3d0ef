"""Labels, each given those before it."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from hitherto.errors import InputError
from hitherto.model.losses import chunks
from hitherto.model.losses.chunks import Targets, at_least_float32, check_rows, check_size

__all__ = ["chain", "chain_loss"]


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
    size = chunks.LARGE if params.device.type == "cpu" else chunks.GPU
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


def chain(
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
    check_size(labels + hidden == weight.shape[0], "numbers", labels + hidden, weight)
    check_rows(features, y, [labels])
    params = at_least_float32(F.linear(features, weight, bias))  # [N, K + H]
    scored = ~y.isnan().any(1)  # [N]
    with torch.autocast(features.device.type, enabled=False):
        loss = chain_loss(params, y.where(scored.unsqueeze(1), 0), W.to(params.dtype), V.to(params.dtype))
    loss = loss.where(scored, 0)
    loss = loss if weights is None else loss * weights
    return loss.sum(), (scored if weights is None else scored * weights).sum().to(loss.dtype)
