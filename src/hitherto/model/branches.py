"""The branches beside the layers, in torch: what `bag` and `summary` remember of padded rows.

See `hitherto.plan.branches`. What follows the end of a row counts for nothing, and a state goes on from chunk to chunk.
"""

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.plan import Options
from hitherto.plan.branches import STATISTICS, WIDE, gram_row

if TYPE_CHECKING:
    from hitherto.arrays import Array

__all__ = ["bag", "statistics", "summary"]

State = dict[str, Tensor]


def _inside(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Which places are steps, [T, B], bool."""
    if lengths is None:
        return torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
    return torch.arange(len(x), device=x.device).unsqueeze(1) < lengths.to(x.device)


def _row_of(ids: list[Tensor], size: int, buckets: int) -> Tensor:
    """`gram_row` computes the same of tensors."""
    return cast("Tensor", gram_row(cast("list[Array]", ids), size, buckets))


def gram_rows(
    x: Tensor, inside: Tensor, last: Tensor, size: int, buckets: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The row of each n-gram that ends at each step, and whether there is one, [grams, T, B]; and the ids before them.

    `last` [grams, B] has the ids before the first step and one, the newest last; 0 where there is none.
    """
    grams, T = len(last), len(x)
    known = torch.where((last >= 1) & (last <= size), last, 0).long() - 1
    ids = torch.cat([known, torch.where(inside, x.long(), -1)])  # [grams + T, B]
    rows, there = [], []
    for n in range(1, grams + 1):
        parts = [ids[grams - n + 1 + k : grams - n + 1 + k + T] for k in range(n)]
        rows.append(_row_of([part.clamp(min=0) for part in parts], size, buckets))
        there.append((torch.stack(parts) >= 0).all(0))
    return torch.stack(rows), torch.stack(there), ids


def bag(
    weight: Tensor,
    x: Tensor,
    lengths: Tensor | None,
    before: tuple[Tensor, ...] | None,
    options: Options,
    name: str,
    dropout: float,
) -> State:
    """The states after the ids x, [T, B]. In training a share `dropout` of the n-grams is left out."""
    T, B = x.shape
    grams, width = options["grams"], options["width"]
    inside = _inside(x, lengths)
    if before is None:
        before = tuple(weight.new_zeros(1, B, n) for n in (width, 1, grams))
    total, count, last = before
    last = last[0].t()  # [grams, B]
    rows, there, ids = gram_rows(x, inside, last, options["size"], options["buckets"])
    shares = there.to(weight.dtype)
    count = count + shares.sum((0, 1)).reshape(1, B, 1)
    if dropout:
        shares = F.dropout(shares, dropout)
    if T:
        flat, weights = (part.reshape(-1, B).t() for part in (rows, shares))
        made = F.embedding_bag(flat.contiguous(), weight, mode="sum", per_sample_weights=weights.contiguous())
        total = total + made.unsqueeze(0)
    if lengths is None:
        newest = ids[T:]
    else:  # of each row the ids before its end
        at = lengths.to(x.device) + torch.arange(grams, device=x.device).unsqueeze(1)
        newest = ids.gather(0, at)
    value = total * count.clamp(min=1).rsqrt()
    kept = {
        "sum": total,
        "value": value,
        "count": count,
        "last": (newest + 1).t().to(weight.dtype).unsqueeze(0),
    }
    return {f"{name}.{part}": number for part, number in kept.items()}


def statistics(parts: Tensor, count: Tensor) -> Tensor:
    """The statistics of rows, [B, S], from `parts` [7, B, I] and `count` [1, B, 1], as the state has them."""
    mean, square, low, high, first, last, moved = parts
    n = count[0].clamp(min=1)
    rows = (mean, (square / n).clamp(min=0).sqrt(), low, high, first, last, moved / (n - 1).clamp(min=1))
    return torch.cat([*rows, torch.log1p(count[0])], -1)


def summary(
    shift: Tensor,
    scale: Tensor,
    x: Tensor,
    lengths: Tensor | None,
    before: tuple[Tensor, Tensor] | None,
    name: str,
) -> State:
    """The states after the numbers x, [T, B, I]."""
    with torch.no_grad():
        parts, count = _gathered(x, lengths, before)
        value = ((statistics(parts, count) - shift) * scale).clamp(-WIDE, WIDE)
        value = torch.where(count[0] > 0, value, 0.0).unsqueeze(0)
    return {f"{name}.parts": parts, f"{name}.value": value, f"{name}.count": count}


def _gathered(
    x: Tensor, lengths: Tensor | None, before: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, Tensor]:
    """`parts` [7, B, I] and `count` [1, B, 1] after x."""
    T, B, I = x.shape
    if before is None:
        before = x.new_zeros(len(STATISTICS), B, I), x.new_zeros(1, B, 1)
    if T == 0:
        return before
    inside = _inside(x, lengths).unsqueeze(2)  # [T, B, 1]
    n, old = inside.sum(0).to(x.dtype), before[1][0]  # [B, 1]
    mean = torch.where(inside, x, 0.0).sum(0) / n.clamp(min=1)
    square = torch.where(inside, (x - mean) ** 2, 0.0).sum(0)
    low, high = torch.where(inside, x, torch.inf).amin(0), torch.where(inside, x, -torch.inf).amax(0)
    at = (n.long() - 1).clamp(min=0).expand(B, I).unsqueeze(0)
    first, last = x[0], x.gather(0, at)[0]
    moved = torch.where(inside[1:], (x[1:] - x[:-1]).abs(), 0.0).sum(0)
    mean0, square0, low0, high0, first0, last0, moved0 = before[0]
    total = (n + old).clamp(min=1)
    after = torch.stack([
        mean0 + (mean - mean0) * n / total,
        square0 + square + (mean - mean0) ** 2 * n * old / total,
        torch.where(old > 0, torch.minimum(low0, low), low),
        torch.where(old > 0, torch.maximum(high0, high), high),
        torch.where(old > 0, first0, first),
        last,
        moved0 + moved + torch.where(old > 0, (x[0] - last0).abs(), 0.0),
    ])  # fmt: skip
    return torch.where(n > 0, after, before[0]), (n + old).unsqueeze(0)
