"""Words by their number, their shape and their letters, in torch: the operations `spell` and `subwords`."""

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from hitherto.model.embedding import embedding
from hitherto.plan import OPS, Options
from hitherto.plan.branches import gram_row

if TYPE_CHECKING:
    from hitherto.arrays import Array

__all__ = ["Spelling", "read_words", "spell", "subwords"]


class Spelling(nn.Module):
    """Weights of `spell` and `subwords`: of tables as an embedding's, of letters and their convolution as a layer's."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        bounds = {}
        if "kernel" in options:
            fan_in = options["letter_width"] * options["kernel"]
            bounds = {
                "letters": (3 / options["letter_width"]) ** 0.5,
                "conv": fan_in**-0.5,
                "bias": fan_in**-0.5,
            }
        for name, shape in OPS["spell" if bounds else "subwords"].weights(options).items():
            value = torch.empty(shape)
            if name in bounds:
                value.uniform_(-bounds[name], bounds[name])
            else:
                value.normal_(std=0.1)
            self.register_parameter(name, nn.Parameter(value))


def read_words(
    x: Tensor, weights: tuple[Tensor, ...], options: Options, dropout: float, sparse: bool
) -> Tensor:
    """What `spell` makes of steps, or `subwords`, whose options have buckets."""
    if "buckets" in options:
        table, shapes = weights
        return subwords(x, table, shapes, options, dropout)
    words, shapes, letters, conv, bias = weights
    return spell(x, (words, shapes, letters, conv, bias), dropout, sparse)


def spell(
    x: Tensor,
    weights: tuple[Tensor, Tensor, Tensor, Tensor, Tensor],
    dropout: float = 0.0,
    sparse: bool = False,
) -> Tensor:
    """X [T, B, 2 + L] to [T, B, W + S + F]; weights: words [P, W], shapes [K, S], letters [C, E], conv [F, E, k], bias.

    A number that is out of range is the nearest that is not. Letter 0 is none: it adds nothing, and no place is its.
    dropout: this share of the words is zero, the same ones at every place.
    """
    words, shapes, letters, conv, bias = weights
    ids = _number(x[..., 0], len(words))
    word = embedding(ids, words, sparse)
    if dropout:
        word = word * _mask(words, dropout)[ids].unsqueeze(-1)
    shape = nn.functional.embedding(_number(x[..., 1], len(shapes)), shapes)
    codes = _number(x[..., 2:], len(letters)).flatten(0, -2)  # [N, L]
    there = codes != 0
    longest = int(there.any(0).nonzero().max()) + 1 if bool(there.any()) else 0
    read = _read(codes[:, :longest], there[:, :longest], letters, conv, bias).unflatten(0, x.shape[:-1])
    return torch.cat([word, shape, read], -1)


def _read(codes: Tensor, there: Tensor, letters: Tensor, conv: Tensor, bias: Tensor) -> Tensor:
    """The maximum over the places of a convolution, [N, F]; 0 of no letters.

    What a letter adds is the same at all places: a table has it, for each place of the kernel, [k, C, F].
    """
    if not codes.shape[1]:
        return bias.new_zeros(len(codes), len(bias))
    table = torch.einsum("ce,fek->kcf", letters, conv)
    half = len(table) // 2
    around = nn.functional.pad(codes, (half, half))
    y = bias
    for k, row in enumerate(table):
        part = around[:, k : k + codes.shape[1]]
        y = y + nn.functional.embedding(part, row, padding_idx=0) * (part != 0).unsqueeze(-1)
    lowest = torch.finfo(y.dtype).min
    top = y.masked_fill(~there.unsqueeze(-1), lowest).amax(1)
    return torch.where(there.any(1, keepdim=True), top, 0.0)


def subwords(x: Tensor, table: Tensor, shapes: Tensor, options: Options, dropout: float = 0.0) -> Tensor:
    """X [T, B, 2 + L] to [T, B, W + S]; `table` [P + buckets, W] has words, and behind them n-grams of letters.

    dropout: this share of the rows of the table is zero, the same ones at every place.
    """
    o = options
    codes = _number(x[..., 2:], o["letters"]).flatten(0, -2)  # [N, L]
    rows, there = (
        [_number(x[..., 0], o["words"]).reshape(-1, 1)],
        [torch.ones_like(codes[:, :1], dtype=table.dtype)],
    )
    for n in range(o["shortest"], min(o["longest"], codes.shape[1]) + 1):
        parts = [codes[:, k : codes.shape[1] - n + 1 + k] for k in range(n)]
        rows.append(cast("Tensor", gram_row(cast("list[Array]", parts), o["words"], o["buckets"])))
        there.append((torch.stack(parts) > 0).all(0).to(table.dtype))
    flat, shares = torch.cat(rows, 1), torch.cat(there, 1)
    shares = shares / shares.sum(1, keepdim=True)
    if dropout:
        shares = shares * _mask(table, dropout)[flat]
    word = nn.functional.embedding_bag(flat, table, mode="sum", per_sample_weights=shares)
    shape = nn.functional.embedding(_number(x[..., 1], len(shapes)), shapes)
    return torch.cat([word.unflatten(0, x.shape[:-1]), shape], -1)


def _number(x: Tensor, count: int) -> Tensor:
    """The whole numbers that x are; the nearest of 0 to `count` - 1 where it is none of them."""
    return x.nan_to_num(0).clamp(0, count - 1).long()


def _mask(table: Tensor, dropout: float) -> Tensor:
    """Of each row of a table, whether it is dropped: 0, or what keeps the mean."""
    return (torch.rand(len(table), device=table.device) >= dropout).to(table.dtype) / (1 - dropout)
