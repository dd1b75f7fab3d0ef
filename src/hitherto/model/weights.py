"""Weights of layers and cells: how they begin, are checked and are named."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx import Proxy

from hitherto.cells import CELLS
from hitherto.errors import InputError, UsageError
from hitherto.model.reference import KERNELS, State, Weights

__all__ = [
    "Weighted",
    "check_flag",
    "check_lengths",
    "check_no_projection",
    "check_not_traced",
    "check_probability",
    "check_size",
    "gru_kernel",
    "needs_grad",
    "rnn_kernel",
]


class Weighted(nn.Module):
    """What layers and cells share: weights by torch.nn's names, their initial values, and collecting them."""

    input_size: int
    hidden_size: int
    bias: bool
    proj_size: int
    recurrent_dropout: float
    _torchs_options: tuple[str, ...] = ("input_size", "hidden_size", "bias")  # what torch.nn's namesake takes

    def __init__(
        self,
        kernel: str,
        input_size: int,
        hidden_size: int,
        bias: bool,
        layer_norm: bool,
        proj_size: int,
        forget_bias: float | None,
        orthogonal: bool,
    ) -> None:
        nn.Module.__init__(self)  # torch.nn's own would make the weights
        least = 0 if isinstance(self, nn.RNNCellBase) else 1  # torch's cells may have no inputs or no units
        input_size = check_size("input_size", input_size, least)
        hidden_size = check_size("hidden_size", hidden_size, least)
        check_flag("bias", bias)
        if forget_bias is not None and not bias:
            raise UsageError("forget_bias needs a bias, but bias=False; leave one of the two out.")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        self.layer_norm = layer_norm
        self.proj_size = proj_size
        self.recurrent_dropout = 0.0
        self.forget_bias = forget_bias
        self.orthogonal = orthogonal
        self._kernel = kernel
        self._no_kernel = "layer_norm has no kernel" if layer_norm else ""
        self._torch_cell = False  # whether torch has this very cell
        self._cell, self._options = KERNELS[kernel]
        if proj_size:
            self._options = self._options | {"proj_size": proj_size}
        shapes = CELLS[self._cell].params(input_size, hidden_size, layer_norm=layer_norm, **self._options)
        self._names = tuple(shapes)
        # For each layer and direction the names and shapes of its weights; "" for one left out.
        self._slots: list[tuple[str, ...]] = []
        self._shapes: list[tuple[tuple[int, ...], ...]] = []
        self._state_sizes = CELLS[self._cell].state_sizes(hidden_size, **self._options)

    def _register(self, input_size: int, suffix: str, factory: dict[str, Any]) -> None:
        """Make the weights of one layer and direction, in the order of the cell's params."""
        shapes = CELLS[self._cell].params(
            input_size, self.hidden_size, bias=self.bias, layer_norm=self.layer_norm, **self._options
        )
        for name, shape in shapes.items():
            self.register_parameter(name + suffix, nn.Parameter(torch.empty(shape, **factory)))
        self._slots.append(tuple(name + suffix if name in shapes else "" for name in self._names))
        self._shapes.append(tuple(shapes.get(name, ()) for name in self._names))

    def _weights(self) -> list[Weights]:
        """The weights as they are now: plain lookups, so that there is no cache to keep in step.

        functional_call swaps `_parameters`; pruning and parametrizations put attributes in their place.
        """
        held = self._parameters
        return [
            tuple(
                [None if not name else held[name] if name in held else getattr(self, name) for name in slot]
            )
            for slot in self._slots
        ]

    def reset_parameters(self) -> None:
        """Draw initial weights: torch.nn's for the same seed, unless `forget_bias` or `orthogonal` is set."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size else 0.0
        for name, weight in self.named_parameters(recurse=False):
            if name.startswith("scale_"):
                nn.init.ones_(weight)
            elif name.startswith("shift_"):
                nn.init.zeros_(weight)
            else:
                nn.init.uniform_(weight, -bound, bound)
        for weights in self._weights():
            _, w_hh, b_ih, b_hh, *_ = weights
            if self.orthogonal and w_hh is not None and self.hidden_size:
                for gate in w_hh.detach().chunk(w_hh.size(0) // self.hidden_size):  # one square matrix a gate
                    nn.init.orthogonal_(gate)
            if self.forget_bias is not None and b_ih is not None and b_hh is not None:
                forget = slice(self.hidden_size, 2 * self.hidden_size)
                nn.init.constant_(b_ih.detach()[forget], self.forget_bias)
                nn.init.zeros_(b_hh.detach()[forget])  # the two biases add up to forget_bias

    def _in_onnx(self) -> bool:
        """Whether ONNX has an operator for what it computes."""
        return False

    def _is_torchs(self) -> bool:
        """Whether torch.nn's namesake computes the same from the same weights: no option of ours is at work."""
        raise NotImplementedError

    def _to_torch(self) -> nn.Module:
        """torch.nn's namesake with the same parameters."""
        ours, _, _, theirs, *_ = type(self).__mro__  # LSTM, _Recurrent, Weighted, nn.LSTM
        if not self._is_torchs() or self.recurrent_dropout or theirs.__module__ != nn.LSTM.__module__:
            raise UsageError(f"torch.nn has nothing that computes what {self} of class {ours.__name__} does.")
        computed = [n for slot in self._slots for n in slot if n and n not in self._parameters]
        if computed:
            raise UsageError(
                f"{', '.join(computed)} of this {ours.__name__} is computed (pruned, parametrized, dropped); "
                "make it a parameter first, with prune.remove or parametrize.remove_parametrizations."
            )
        made: nn.Module = theirs(**{n: getattr(self, n) for n in self._torchs_options}, device="meta")
        for n, w in self._parameters.items():
            setattr(made, n, w)
        return made.train(self.training)

    def _leaf(self, x: Proxy, *args: Any, **more: Any) -> Any:
        """One node in a graph of torch.fx, as torch.nn's layers are."""
        name = x.tracer.path_of_module(self)  # type: ignore[attr-defined]
        return x.tracer.create_proxy("call_module", name, (x, *args), more)

    def _check_x(self, x: Tensor, weight: Tensor | None) -> None:
        name = type(self).__name__
        if x.size(-1) != self.input_size:
            raise InputError(
                f"{name} expects {self.input_size} features (input_size) on its input's last axis, but got "
                f"shape {tuple(x.shape)}: {self._torch_says_features(x.size(-1))}."
            )
        if weight is not None and x.dtype != weight.dtype and not torch._C._is_any_autocast_enabled():
            raise InputError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}) of this {name}. "
                f"Convert input: input.to({weight.dtype}), or convert model: model.to({x.dtype})"
            )
        if weight is not None and x.device != weight.device:
            raise InputError(
                f"Input and parameter tensors are not at the same device, found input tensor at {x.device} "
                f"and parameter tensor at {weight.device}; move one, or the whole {name}."
            )

    def _torch_says_features(self, came: int) -> str:
        raise NotImplementedError

    def _check_weights(self, weights: Sequence[Weights], x: Tensor, path: str) -> None:
        """Kernels read memory by shape, and functional_call or an assignment may have put in anything."""
        alike = path == "kernels" and not torch.compiler.is_compiling()  # readable, so float32 on the CPU
        for names, shapes, given in zip(self._slots, self._shapes, weights, strict=True):
            for name, shape, w in zip(names, shapes, given, strict=True):
                if not name or (w is not None and w.shape == shape and alike):
                    continue
                if w is None or w.shape != shape or w.dtype is not x.dtype or w.device != x.device:
                    came = "None" if w is None else f"{tuple(w.shape)} {w.dtype} on {w.device}"
                    raise InputError(f"{name} must be {shape} {x.dtype} on {x.device}, but came as {came}.")

    def _check_state(self, state: State, x: Tensor, lead: tuple[int, ...]) -> None:
        for n, (s, width) in enumerate(zip(state, self._state_sizes, strict=True)):
            expected = (*lead, width)
            if s.shape != expected:
                raise InputError(
                    f"{type(self).__name__} expects the initial state {'hc'[n]} with shape {expected} for "
                    f"this input: {self._torch_says_state(n, s, expected)}."
                )
            if s.device != x.device or (s.dtype != x.dtype and not torch._C._is_any_autocast_enabled()):
                raise InputError(
                    f"{type(self).__name__} expects the initial state {'hc'[n]} as {x.dtype} on {x.device}, "
                    f"like the input, but got {s.dtype} on {s.device}: Input and hidden tensors are not at "
                    "the same device, or not of one dtype."
                )

    def _torch_says_state(self, n: int, s: Tensor, expected: tuple[int, ...]) -> str:
        raise NotImplementedError

    def _as_state(self, hx: Any) -> State:
        if len(self._state_sizes) == 1:
            if isinstance(hx, Tensor):
                return (hx,)
            expected = "a tensor h"
        else:
            if isinstance(hx, tuple | list) and len(hx) == 2:
                return tuple(hx)
            expected = "a tuple (h, c)"
        raise TypeError(
            f"{type(self).__name__} expects its initial state as {expected}, but got {type(hx).__name__}."
        )

    def _extra_repr(self) -> str:
        """Our own options, where they are not at their defaults."""
        defaults = {
            "recurrent_dropout": 0.0,
            "layer_norm": False,
            "residual": False,
            "reset": "after",
            "forget_bias": None,
            "orthogonal": False,
        }
        held = self.__dict__
        return "".join(f", {name}={held[name]!r}" for name, d in defaults.items() if held.get(name, d) != d)


def check_size(name: str, value: Any, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} should be of type int, got: {type(value).__name__}.")
    if value < least:
        more = "must be greater than zero" if least else "must not be negative"
        raise UsageError(f"{name} {more}, but came as {value}.")
    return int(value)


def check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}.")


def check_probability(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise UsageError(
            f"{name} should be a number in range [0, 1] representing the probability of an element being "
            f"zeroed, but came as {value!r}."
        )
    return float(value)


def check_no_projection(proj_size: object) -> None:
    if proj_size is not None:
        raise UsageError("proj_size argument is only supported for LSTM, not RNN or GRU.")


def needs_grad(tensors: Sequence[Tensor | None]) -> bool:
    return any(v is not None and v.requires_grad for v in tensors)


def check_not_traced(path: str, lengths: Any) -> None:
    if torch._C._is_tracing() and (lengths is not None or path == "reference"):
        raise UsageError(
            "lengths= and, with options that torch.nn has not, a PackedSequence would become constants in a "
            "trace. Use torch.export; or, without such options, a PackedSequence."
        )


def check_lengths(lengths: Any, T: int, B: int) -> Tensor:
    given = lengths if isinstance(lengths, Tensor) else torch.tensor(lengths)
    if B == 0 and given.numel() == 0:  # torch takes an empty list for floats
        given = given.to(torch.int64)
    if given.is_floating_point() or given.is_complex() or given.dtype == torch.bool:
        raise UsageError(f"lengths must be integers, one for each row, but came as {given.dtype}.")
    if given.dim() == 0:
        given = given.unsqueeze(0)
    if given.shape != (B,):
        raise UsageError(
            f"lengths must hold one length for each of {B} rows, but came with shape {tuple(given.shape)}."
        )
    given = given.detach().to("cpu", torch.int64)
    if B and (int(given.min()) < 0 or int(given.max()) > T):
        raise UsageError(
            f"lengths must lie in 0..{T}, the steps of the batch, but reach from {int(given.min())} to "
            f"{int(given.max())}."
        )
    return given


def rnn_kernel(nonlinearity: str) -> str:
    if nonlinearity not in ("tanh", "relu"):
        raise UsageError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
    return "rnn_" + nonlinearity


def gru_kernel(reset: str) -> str:
    if reset not in ("after", "before"):
        raise UsageError(f"reset must be 'after' or 'before', but came as {reset!r}.")
    return "gru" if reset == "after" else "gru_before"
