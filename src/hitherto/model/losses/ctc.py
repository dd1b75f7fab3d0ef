"""Connectionist temporal classification."""

import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.errors import InputError
from hitherto.heads import BLANK
from hitherto.model.losses.chunks import Targets, check_size

__all__ = ["ctc", "misfits"]


def misfits(targets: Targets, T: int) -> Tensor:
    """[B]: which rows say more than their steps can hold, so that the loss `ctc` leaves them out; T is all steps."""
    y, sizes = targets["y"], targets["y_lengths"].long()
    row = torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes)  # [sum L]
    again = (y[1:] == y[:-1]) & (row[1:] == row[:-1])  # two that are alike need a blank between them
    needs = sizes + torch.bincount(row[1:][again], minlength=len(sizes))
    return needs > targets.get("lengths", sizes.new_tensor(T))


def ctc(
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
    check_size(classes is None or classes == K, "classes", classes, weight)
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
