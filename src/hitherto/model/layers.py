"""RNN, LSTM, GRU: what torch.nn's namesakes take and return, and `lengths=` and more options.

The classes derive from torch.nn's, so that programs that ask `isinstance(m, nn.LSTM)` find them. What they do is in
`Recurrent`, except what torch.nn's bases offer to such programs (`all_weights`, `check_forward_args` and more).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from hitherto.cells import Options
from hitherto.model.recurrent import Recurrent
from hitherto.model.weights import Device, Weighted, check_no_projection, gru_options, rnn_options

__all__ = ["GRU", "LAYERS", "LSTM", "RNN", "layer_of", "to_torch"]


class RNN(Recurrent, nn.RNN):
    """torch.nn.RNN, and `lengths=` and the options below.

    recurrent_dropout: one mask a sequence, on h where it enters the recurrent product
    weight_dropout:    one mask a call, on weight_hh
    locked_dropout:    `dropout` has one mask a sequence
    layer_norm:        on the pre-activations (see `hitherto.cells`)
    residual:          adds a layer's input (before dropout) to its output where the sizes match
    orthogonal:        orthogonal initial weight_hh, gate by gate; torch's uniform values otherwise
    """

    _torchs_options = (*Recurrent._torchs_options, "nonlinearity")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        locked_dropout: bool = False,
        layer_norm: bool = False,
        residual: bool = False,
        orthogonal: bool = False,
        proj_size: None = None,
    ) -> None:
        check_no_projection(proj_size)
        super().__init__(
            "rnn",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
            recurrent_dropout=recurrent_dropout,
            weight_dropout=weight_dropout,
            locked_dropout=locked_dropout,
            layer_norm=layer_norm,
            residual=residual,
            orthogonal=orthogonal,
            cell_options=rnn_options(nonlinearity),
        )
        self.nonlinearity = nonlinearity


class LSTM(Recurrent, nn.LSTM):
    """torch.nn.LSTM, and `lengths=` and the options below.

    recurrent_dropout, weight_dropout, locked_dropout, layer_norm, residual, orthogonal: as for RNN
    forget_bias:       initial value of the two forget-gate biases together; torch's uniform values if None
    chrono:            in its place, initial gate biases for memories of up to this many steps
    """

    _torchs_options = (*Recurrent._torchs_options, "proj_size")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        locked_dropout: bool = False,
        layer_norm: bool = False,
        residual: bool = False,
        forget_bias: float | None = None,
        chrono: float | None = None,
        orthogonal: bool = False,
    ) -> None:
        super().__init__(
            "lstm",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device,
            dtype,
            recurrent_dropout=recurrent_dropout,
            weight_dropout=weight_dropout,
            locked_dropout=locked_dropout,
            layer_norm=layer_norm,
            residual=residual,
            forget_bias=forget_bias,
            chrono=chrono,
            orthogonal=orthogonal,
            cell_options={"proj_size": proj_size} if proj_size else {},
        )


class GRU(Recurrent, nn.GRU):
    """torch.nn.GRU, and `lengths=` and the options below.

    recurrent_dropout, weight_dropout, locked_dropout, layer_norm, residual, orthogonal: as for RNN
    reset:             "after" the recurrent product, as torch and cuDNN do, or "before" it, as the original
    chrono:            initial biases of the gate z for memories of up to this many steps
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        reset: str = "after",
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        locked_dropout: bool = False,
        layer_norm: bool = False,
        residual: bool = False,
        chrono: float | None = None,
        orthogonal: bool = False,
        proj_size: None = None,
    ) -> None:
        check_no_projection(proj_size)
        super().__init__(
            "gru",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
            recurrent_dropout=recurrent_dropout,
            weight_dropout=weight_dropout,
            locked_dropout=locked_dropout,
            layer_norm=layer_norm,
            residual=residual,
            chrono=chrono,
            orthogonal=orthogonal,
            cell_options=gru_options(reset),
        )
        self.reset = reset


# The cells that torch.nn has too, each as the layer that takes and gives what torch.nn's does.
LAYERS: dict[str, Callable[..., Recurrent]] = {"rnn": RNN, "lstm": LSTM, "gru": GRU}


def layer_of(
    cell: str, input_size: int, hidden_size: int, *, cell_options: Options | None = None, **options: Any
) -> Recurrent:
    """The layer of a row of `CELLS`: torch.nn's namesake where there is one. `options` are those of `Recurrent`."""
    namesake = LAYERS.get(cell)
    if namesake is None:
        return Recurrent(cell, input_size, hidden_size, cell_options=cell_options, **options)
    return namesake(input_size, hidden_size, **options, **(cell_options or {}))


def to_torch(module: nn.Module) -> nn.Module:
    """The model with torch.nn's layers and cells in the place of ours, on the same parameters.

    For tools that look for torch's exact classes, such as quantize_dynamic and Opacus. Children are replaced in
    place. What torch.nn has not (layer_norm, reset="before", residual, and dropouts of our
    own) is refused.
    """
    if isinstance(module, Weighted):
        return module._to_torch()
    for name, child in module.named_children():
        setattr(module, name, to_torch(child))
    return module
