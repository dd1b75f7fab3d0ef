"""The labels of a row together: a linear-chain conditional random field."""

import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.errors import InputError
from hitherto.model.losses.chunks import Targets, at_least_float32, check_rows, check_size

__all__ = ["crf"]


def crf(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    classes: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Minus the log-probability of each row's labels together.

    features: of all steps of all rows and nothing else: those of the first step, in the order of the rows, then those
        of the second of all rows that have one.
    targets: y, [N], likewise. `lengths`, [B], are the rows' steps; where it is missing there is one row. `transitions`,
        [K, K], `start` and `end`, [K], are the head's own.
    The count is of steps. The layer's output exists whole: a path needs all steps of its row at once.
    """
    y, K = targets["y"].long(), weight.shape[0]
    check_size(classes is None or classes == K, "classes", classes, weight)
    check_rows(features, y, [])
    params = at_least_float32(F.linear(features, weight, bias))  # [N, K]
    with torch.autocast(features.device.type, enabled=False):
        moves, start, end = (targets[name].to(params.dtype) for name in ("transitions", "start", "end"))
        lengths = targets.get("lengths")
        lengths = y.new_tensor([len(y)]) if lengths is None else lengths.to(y.device).long()
        if int(lengths.sum()) != len(y):
            raise InputError(f"rows of {int(lengths.sum())} steps in all came with labels of {len(y)}.")
        total = _all_paths(params, lengths, moves, start, end) - _path(params, y, lengths, moves, start, end)
    return total, total.new_tensor(len(y))


def _places(lengths: Tensor) -> Tensor:
    """Whether each row has each step, [T, B]: in this order the steps come."""
    longest = int(lengths.max()) if len(lengths) else 0
    return torch.arange(longest, device=lengths.device).unsqueeze(1) < lengths


def _path(params: Tensor, y: Tensor, lengths: Tensor, moves: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """The scores of the rows' own labels, summed."""
    inside = _places(lengths)
    labels = y.new_zeros(inside.shape).masked_scatter(inside, y)  # [T, B]
    score = params.gather(1, y.unsqueeze(1)).sum()
    if not len(labels):
        return score
    some = lengths > 0
    last = labels.gather(0, (lengths - 1).clamp(min=0).unsqueeze(0))[0]
    score = score + start[labels[0, some]].sum() + end[last[some]].sum()
    pairs = inside[1:]
    return score + moves[labels[:-1][pairs], labels[1:][pairs]].sum()


def _all_paths(params: Tensor, lengths: Tensor, moves: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """The log of the sum over all paths of each row, summed over the rows: the forward algorithm.

    The rows with the most steps come first, so that those that are left are always the first ones.
    """
    inside = _places(lengths)
    if not len(inside):
        return params.sum()
    order = lengths.argsort(descending=True, stable=True)
    at = inside.flatten().cumsum(0).view(inside.shape) - 1  # the place of a step among all
    at, active = at[:, order], inside.sum(1).tolist()
    ways = start + params[at[0, : active[0]]]  # [n, K]
    ends = []
    for t in range(1, len(at)):
        n = active[t]
        if n < len(ways):
            ends.append(ways[n:])
        now = params[at[t, :n]]
        ways = (ways[:n].unsqueeze(2) + moves).logsumexp(1) + now
    return (torch.cat([*ends, ways]) + end).logsumexp(1).sum()
