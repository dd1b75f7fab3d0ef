"""Words by their number, their shape and their letters, in torch: the operation `spell`."""

import torch
from torch import Tensor, nn

from hitherto.model.embedding import embedding
from hitherto.plan import OPS, Options

__all__ = ["Spelling", "spell"]


class Spelling(nn.Module):
    """The weights of `spell`: of words and shapes as an embedding's, of letters and their convolution as a layer's."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        fan_in = options["letter_width"] * options["kernel"]
        bounds = {"letters": (3 / options["letter_width"]) ** 0.5, "conv": fan_in**-0.5, "bias": fan_in**-0.5}
        for name, shape in OPS["spell"].weights(options).items():
            value = torch.empty(shape)
            if name in bounds:
                value.uniform_(-bounds[name], bounds[name])
            else:
                value.normal_(std=0.1)
            self.register_parameter(name, nn.Parameter(value))


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
    ids = x[..., 0].nan_to_num(0).clamp(0, len(words) - 1).long()
    word = embedding(ids, words, sparse)
    if dropout:
        mask = (torch.rand(len(words), device=words.device) >= dropout).to(word.dtype) / (1 - dropout)
        word = word * mask[ids].unsqueeze(-1)
    shape = nn.functional.embedding(x[..., 1].nan_to_num(0).clamp(0, len(shapes) - 1).long(), shapes)
    codes = x[..., 2:].nan_to_num(0).clamp(0, len(letters) - 1).long().flatten(0, -2)  # [N, L]
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
