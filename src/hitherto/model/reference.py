"""The layers in plain torch: what kernels are compared with, and what runs where there is none."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from hitherto.cells import Cell, Options, cell_of_kernel

__all__ = ["State", "Weights", "padded_of", "reference_unroll", "sweep", "tokens_of", "unroll"]

State = tuple[Tensor, ...]  # (h,) or (h, c)
Weights = tuple[Tensor | None, ...]  # of one direction in the order of its cell's params; None where left out

_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


def reference_unroll(
    cell: str,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    state: State,
    weights: Sequence[Weights],
    training: bool = True,
    masks: Tensor | None = None,
) -> tuple[Tensor, State]:
    """One layer, all directions, in torch operations: the contract of `kernels.unroll`, any dtype and device.

    cell:    the name of a kernel: "rnn_tanh", "rnn_relu", "lstm", "gru" or "gru_before"
    x:       [T, B, I] with `sizes` None, or packed [N, I] with `sizes` int64 [T], or with `places` int64 [N]
             any leading shape, token i being row places[i]; y has zeros where no token is
    state:   (h,) or (h, c), each [D, B, H], but h [D, B, P] where an LSTM projects it; rows from sizes[0] on
             have length zero and keep theirs
    weights: for each direction (w_ih, w_hh, b_ih or None, b_hh or None), and w_hr [P, H] where h is projected;
             the second one runs in reverse
    masks:   [D, B, P], what multiplies h where it enters the recurrent product; None: nothing does
    returns  y [T, B, D*P] or [N, D*P], and the state of every row at its own end
    """
    del training  # autograd knows
    row, options = cell_of_kernel(cell)
    if places is None:
        return unroll(row, options, _NAMES, x, sizes, state, weights, masks)
    tokens, rows = tokens_of(x, sizes, places, state[0].size(1)), x.shape[:-1]
    y, end = unroll(row, options, _NAMES, tokens, sizes, state, weights, masks)
    return padded_of(y, places, rows), end


def tokens_of(x: Tensor, sizes: Tensor | None, places: Tensor, rows: int) -> Tensor:
    """The tokens of a batch in their order: packed [N, I], or [T, B, I] where all rows are full length."""
    tokens = x.reshape(-1, x.size(-1)).index_select(0, places)
    return tokens if sizes is not None else tokens.view(-1, rows, x.size(-1))


def padded_of(y: Tensor, places: Tensor, rows: torch.Size) -> Tensor:
    """The inverse of `tokens_of`, with zeros where no token is."""
    flat = y.reshape(-1, y.size(-1))
    return flat.new_zeros(rows.numel(), y.size(-1)).index_add_(0, places, flat).view(*rows, -1)


def unroll(
    cell: Cell,
    options: Options,
    names: Sequence[str],
    x: Tensor,
    sizes: Tensor | None,
    state: State,
    weights: Sequence[Weights],
    masks: Tensor | None = None,
) -> tuple[Tensor, State]:
    counts = [x.size(1)] * x.size(0) if sizes is None else cast("list[int]", sizes.tolist())
    if not counts:  # nothing to do, but every gradient is defined: zero
        touched = [x, *state, *(w for direction in weights for w in direction if w is not None)]
        nothing = torch.stack([v.reshape(-1)[:0].sum() for v in touched]).sum()
        return x.new_zeros(*x.shape[:-1], len(weights) * state[0].size(-1)) + nothing, state
    ys, ends = [], []
    for d, direction in enumerate(weights):
        params = {name: w for name, w in zip(names, direction, strict=False) if w is not None}
        start = tuple(s[d] for s in state)  # each [B, H]
        mask = None if masks is None else masks[d]
        y, end = sweep(cell, options, params, x, sizes, start, mask, d == 1)
        ys.append(y)
        ends.append(end)
    if len(weights) == 1:
        return ys[0], tuple(s.unsqueeze(0) for s in ends[0])
    return torch.cat(ys, -1), tuple(torch.stack(parts) for parts in zip(*ends, strict=True))


def sweep(
    cell: Cell,
    options: Options,
    params: dict[str, Tensor],
    x: Tensor,
    sizes: Tensor | None,
    start: State,
    mask: Tensor | None,
    reverse: bool,
) -> tuple[Tensor, State]:
    """One direction. Rows leave as they end (or join, in reverse), so that no step touches padding."""
    full = sizes is None
    counts = [x.size(1)] * x.size(0) if sizes is None else cast("list[int]", sizes.tolist())
    order = range(len(counts))[::-1] if reverse else range(len(counts))
    known = cell.project(torch, params, x, **options) if cell.project else x  # [T, B, G*H] or [N, G*H]
    parts = known.unbind(0) if full else known.split(counts)
    live = start if counts[order[0]] == start[0].size(0) else tuple(s[: counts[order[0]]] for s in start)
    ys: list[Tensor] = []
    ended: list[State] = []
    for t in order:
        n, active = counts[t], live[0].size(0)
        if n < active:
            ended.append(tuple(s[n:] for s in live))
            live = tuple(s[:n] for s in live)
        elif n > active:
            live = tuple(torch.cat([s, s0[active:n]]) for s, s0 in zip(live, start, strict=True))
        more = {} if mask is None else {"mask": mask[:n]}
        if cell.project:
            more["gates"] = parts[t]
        live = cell.step(torch, params, parts[t], live, **more, **options)
        ys.append(live[0])
    if reverse:
        ys.reverse()
    y = torch.stack(ys) if full else torch.cat(ys)
    if counts[0] < start[0].size(0):  # rows of length zero
        ended.insert(0, tuple(s[counts[0] :] for s in start))
    if ended:
        live = tuple(torch.cat(rows) for rows in zip(live, *reversed(ended), strict=True))
    return y, live
