"""A layer as the operator that ONNX has for it, while torch.onnx exports: RNN, LSTM or GRU, one node for each layer.

ONNX orders gates otherwise (LSTM `i o f c`, GRU `z r h`), has both directions in one node, and takes lengths
as `sequence_lens`. Layer normalisation and projections it does not have: such layers are written step by step.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["knows", "unroll"]

Weights = tuple[Tensor | None, ...]
Attribute = int | float | str | bool | Sequence[int] | Sequence[float] | Sequence[str] | Sequence[bool]

# The operator, the order of its gates in torch's, and its attributes.
_OPERATORS: dict[str, tuple[str, tuple[int, ...], dict[str, int | str]]] = {
    "rnn_tanh": ("RNN", (0,), {"activations": "Tanh"}),
    "rnn_relu": ("RNN", (0,), {"activations": "Relu"}),
    "lstm": ("LSTM", (0, 3, 1, 2), {}),
    "gru": ("GRU", (1, 0, 2), {"linear_before_reset": 1}),
    "gru_before": ("GRU", (1, 0, 2), {"linear_before_reset": 0}),
}


def knows(kernel: str | None) -> bool:
    """Whether ONNX has an operator for the cell."""
    return kernel in _OPERATORS


def unroll(
    kernel: str, x: Tensor, lengths: Tensor | None, state: tuple[Tensor, ...], weights: Sequence[Weights]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One layer over x [T, B, I] whose rows have these lengths, [B]: y, [T, B, D*H], and the state at each end."""
    operator, gates, fixed = _OPERATORS[kernel]
    (D, B, H), T = state[0].shape, x.shape[0]

    def ordered(w: Tensor) -> Tensor:  # [G*H, ...]
        return torch.cat([w[g * H : (g + 1) * H] for g in gates])

    def stacked(which: int) -> Tensor:  # [D, G*H, ...]
        return torch.stack([ordered(w) for ws in weights if (w := ws[which]) is not None])

    bias = None if weights[0][2] is None else torch.cat([stacked(2), stacked(3)], 1)
    attributes: dict[str, Attribute] = {
        "hidden_size": H,
        "direction": "bidirectional" if D == 2 else "forward",
    }
    attributes |= {name: [value] * D if isinstance(value, str) else value for name, value in fixed.items()}
    sizes = None if lengths is None else lengths.to(torch.int32)
    y, *ends = torch.onnx.ops.symbolic_multi_out(
        operator,
        [x, stacked(0), stacked(1), bias, sizes, *state],
        attributes,
        dtypes=[x.dtype] * (1 + len(state)),
        shapes=[(T, D, B, H), *[(D, B, H)] * len(state)],
    )
    return y.transpose(1, 2).reshape(T, B, D * H), tuple(ends)
