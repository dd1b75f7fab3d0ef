"""RNNCell, LSTMCell, GRUCell: one step, as torch.nn has it."""

from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.fx import Proxy

from hitherto.cells import CELLS, Options
from hitherto.errors import InputError
from hitherto.model import kernels
from hitherto.model.paths import compute_dtype, path_of, warn_if_slow, watched
from hitherto.model.reference import State, Weights
from hitherto.model.weights import Device, Weighted, gru_options, needs_grad, rnn_options

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]

Hidden: TypeAlias = (
    Any  # a tensor h or a tuple (h, c), as the cell has it: what torch.nn's cells take and give
)


class _RecurrentCell(Weighted, nn.RNNCellBase):
    """The three cells: one step for a batch [B, I] or a single row [I]."""

    def __init__(
        self,
        cell: str,
        options: Options,
        input_size: int,
        hidden_size: int,
        bias: bool,
        device: Device,
        dtype: torch.dtype | None,
        *,
        layer_norm: bool,
        forget_bias: float | None = None,
        chrono: float | None = None,
        orthogonal: bool,
    ) -> None:
        super().__init__(
            cell, options, input_size, hidden_size, bias, layer_norm, forget_bias, chrono, orthogonal
        )
        self._torch_cell = not layer_norm and bool(self._cudnn)
        self._register(input_size, "", {"device": device, "dtype": dtype})
        if not bias:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def forward(self, input: Tensor | Proxy, hx: Hidden = None) -> Hidden:  # noqa: A002
        """One step: the next state from the input [B, I] or [I] and the state, zeros if None."""
        if isinstance(input, Proxy):
            return self._leaf(input, hx)
        (weights,) = self._weights()
        if self._torch_cell and not (torch._C._is_any_autocast_enabled() or watched()):
            try:
                return self._torch_step(input, hx, weights)
            except (RuntimeError, TypeError, ValueError):
                self._checked(input, hx, weights)  # says more, where it knows more
                raise
        state = self._checked(input, hx, weights)
        x = input if input.dim() == 2 else input.unsqueeze(0)
        state = state if input.dim() == 2 else tuple(s.unsqueeze(0) for s in state)
        dtype = compute_dtype(x)
        if dtype is not x.dtype or torch._C._is_any_autocast_enabled():
            x, state = x.to(dtype), tuple(s.to(dtype) for s in state)
            weights = tuple(w if w is None else w.to(dtype) for w in weights)
        path, why = path_of(self, x, dtype, [*state, *weights])
        if path == "reference":
            warn_if_slow(why)
        end = self._advance(path, x, state, weights)
        end = end if input.dim() == 2 else tuple(s.squeeze(0) for s in end)
        return end[0] if len(end) == 1 else end

    def _torch_step(self, x: Tensor, hx: Hidden, weights: Weights) -> Hidden:
        """Torch's own step, with no more around it than in torch.nn."""
        lone, pair = x.dim() == 1, len(self._state_sizes) == 2
        if hx is None:
            zeros = x.new_zeros(*x.shape[:-1], self.hidden_size)
            hx = (zeros, zeros) if pair else zeros
        h, c = hx if pair else (hx, hx)
        if x.dim() not in (1, 2) or h.dim() != x.dim() or c.dim() != x.dim():
            raise ValueError("the input and the state have 1 axis or 2.")
        if lone:
            x, h, c = x.unsqueeze(0), h.unsqueeze(0), c.unsqueeze(0)
        end = getattr(torch._VF, self._kernel + "_cell")(x, (h, c) if pair else h, *weights)
        if lone:
            return tuple(s.squeeze(0) for s in end) if pair else end.squeeze(0)
        return end

    def _checked(self, input: Tensor, hx: Hidden, weights: Weights) -> State:  # noqa: A002
        """The state that the step begins with; an error where an argument does not fit."""
        if input.dim() not in (1, 2):
            raise InputError(
                f"{type(self).__name__}: Expected input to be 1D or 2D, got {input.dim()}D: it expects [B, I], "
                "or unbatched [I]."
            )
        self._check_x(input, weights[0])
        lead = tuple(input.shape[:-1])
        if hx is None:
            return tuple(input.new_zeros(*lead, size) for size in self._state_sizes)
        state = self._as_state(hx)
        self._check_state(state, input, lead)
        return state

    def _is_torchs(self) -> bool:
        return self._torch_cell

    def _torch_says_features(self, came: int) -> str:
        return f"input has inconsistent input_size: got {came} expected {self.input_size}"

    def _torch_says_state(self, n: int, s: Tensor, expected: tuple[int, ...]) -> str:
        if s.dim() not in (1, 2):
            which = f"hx[{n}]" if len(self._state_sizes) == 2 else "hidden"
            return f"Expected {which} to be 1D or 2D, got {s.dim()}D instead"
        if s.shape[:-1] != expected[:-1] and s.dim() == len(expected):
            return f"Input batch size {expected[0]} doesn't match hidden{n} batch size {s.size(0)}"
        return f"hidden{n} has inconsistent hidden_size: got {s.size(-1)}, expected {expected[-1]}"

    def _advance(self, path: str, x: Tensor, state: State, weights: Weights) -> State:
        if path == "kernels":
            self._check_weights([weights], x, path)
            training = torch.is_grad_enabled() and needs_grad([x, *state, *weights])
            start = tuple(s.unsqueeze(0) for s in state)  # each [1, B, H]
            _, end = kernels.unroll(self._kernel, x.unsqueeze(0), None, None, start, [weights], training)
            return tuple(s.squeeze(0) for s in end)
        if path == "torch":
            end = self._torch_step(x, state if len(state) == 2 else state[0], weights)
            return end if isinstance(end, tuple) else (end,)
        params = {name: w for name, w in zip(self._names, weights, strict=True) if w is not None}
        return CELLS[self._cell].step(torch, params, x, state, **self._options)

    def extra_repr(self) -> str:
        """torch.nn's, and our own options where they are set."""
        bias = "" if self.bias else ", bias=False"
        relu = ", nonlinearity=relu" if self._options.get("nonlinearity") == "relu" else ""
        return f"{self.input_size}, {self.hidden_size}{bias}{relu}{self._extra_repr()}"


class RNNCell(_RecurrentCell, nn.RNNCell):
    """torch.nn.RNNCell, and the options `layer_norm` and `orthogonal` of RNN."""

    _torchs_options = (*_RecurrentCell._torchs_options, "nonlinearity")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        layer_norm: bool = False,
        orthogonal: bool = False,
    ) -> None:
        super().__init__(
            "rnn", rnn_options(nonlinearity), input_size, hidden_size, bias, device, dtype,
            layer_norm=layer_norm, orthogonal=orthogonal,
        )  # fmt: skip
        self.nonlinearity = nonlinearity


class LSTMCell(_RecurrentCell, nn.LSTMCell):
    """torch.nn.LSTMCell, and the options `layer_norm`, `forget_bias`, `chrono` and `orthogonal` of LSTM."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        layer_norm: bool = False,
        forget_bias: float | None = None,
        chrono: float | None = None,
        orthogonal: bool = False,
    ) -> None:
        super().__init__(
            "lstm",
            {},
            input_size,
            hidden_size,
            bias,
            device,
            dtype,
            layer_norm=layer_norm,
            forget_bias=forget_bias,
            chrono=chrono,
            orthogonal=orthogonal,
        )


class GRUCell(_RecurrentCell, nn.GRUCell):
    """torch.nn.GRUCell, and the options `reset`, `layer_norm`, `chrono` and `orthogonal` of GRU."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        reset: str = "after",
        layer_norm: bool = False,
        chrono: float | None = None,
        orthogonal: bool = False,
    ) -> None:
        super().__init__(
            "gru", gru_options(reset), input_size, hidden_size, bias, device, dtype,
            layer_norm=layer_norm, chrono=chrono, orthogonal=orthogonal,
        )  # fmt: skip
        self.reset = reset
