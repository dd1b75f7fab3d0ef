"""Weights of layers and cells: how they begin, are checked and are named."""

import math
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx import Proxy

from hitherto.cells import CELLS, Cell, Options
from hitherto.errors import InputError, UsageError
from hitherto.model.reference import State, Weights

__all__ = [
    "Factory",
    "Weighted",
    "check_chrono",
    "check_flag",
    "check_lengths",
    "check_no_projection",
    "check_not_traced",
    "check_probability",
    "check_size",
    "gru_options",
    "needs_grad",
    "rnn_options",
]


Device = torch.device | str | int | None


class Factory(TypedDict):
    """How the tensors of a layer are made."""

    device: Device
    dtype: torch.dtype | None


class Weighted(nn.Module):
    """What layers and cells share: weights by torch.nn's names, their initial values, and collecting them."""

    input_size: int
    hidden_size: int
    bias: bool
    proj_size: int
    recurrent_dropout: float
    weight_dropout: float
    locked_dropout: bool
    _unrolls = False  # whether it takes sequences
    _torchs_options: tuple[str, ...] = ("input_size", "hidden_size", "bias")  # what torch.nn's namesake takes

    def __init__(
        self,
        cell: str,
        options: Options,
        input_size: int,
        hidden_size: int,
        bias: bool,
        layer_norm: bool,
        forget_bias: float | None,
        chrono: float | None,
        orthogonal: bool,
    ) -> None:
        """The weights of a row of `CELLS`; `options` are the cell's own beside bias and layer_norm."""
        nn.Module.__init__(self)  # torch.nn's own would make the weights
        least = 0 if isinstance(self, nn.RNNCellBase) else 1  # torch's cells may have no inputs or no units
        input_size = check_size("input_size", input_size, least)
        hidden_size = check_size("hidden_size", hidden_size, least)
        check_flag("bias", bias)
        for name, value in (("forget_bias", forget_bias), ("chrono", chrono)):
            if value is not None and not bias:
                raise UsageError(f"{name} needs a bias, but bias=False; leave one of the two out.")
        row = CELLS[cell]
        if forget_bias is not None and not row.forget_gate:
            raise UsageError(f"the cell {cell} has no forget gate, so no forget_bias; leave it out.")
        if chrono is not None:
            check_chrono(chrono, row, forget_bias)
        common = {"bias": (bias, True), "layer_norm": (layer_norm, False)}
        for name, (value, default) in common.items():
            if name not in row.options and value is not default:
                raise UsageError(f"the cell {cell} has no option {name}; leave it out.")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        self.layer_norm = layer_norm
        self.proj_size = options.get("proj_size", 0)
        self.recurrent_dropout = self.weight_dropout = 0.0
        self.locked_dropout = False
        self.forget_bias = forget_bias
        self.chrono = chrono
        self.orthogonal = orthogonal
        # Attributes that torch.compile and pickle see are plain: names, not rows.
        self._cell = cell
        self._options: Options = dict(options)
        kernel = row.kernel(**options)
        self._kernel = "" if kernel is None else kernel.name
        self._cudnn = (
            "" if kernel is None else kernel.cudnn
        )  # the mode that torch.nn has, if it has this cell
        self._no_kernel = ""
        if kernel is None:
            self._no_kernel = f"the cell {cell} has no kernel"
        elif layer_norm and not kernel.layer_norm:
            self._no_kernel = f"layer_norm has no kernel for {kernel.name}"
        elif layer_norm and options.get("proj_size"):
            self._no_kernel = "layer_norm has no kernel with proj_size"
        elif layer_norm and not self._unrolls:
            self._no_kernel = "layer_norm has no kernel for one step"
        self._torch_cell = False  # whether torch has this very cell
        # Names stand for all that there may be: `bias=False` leaves gaps in the slots, not in the names.
        self._names = tuple(self._params(row, input_size, bias=True))
        # For each layer and direction the names and shapes of its weights; "" for one left out.
        self._slots: list[tuple[str, ...]] = []
        self._shapes: list[tuple[tuple[int, ...], ...]] = []
        self._state_sizes = row.state_sizes(hidden_size, **options)

    def _params(self, row: Cell, input_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        common = {"bias": bias, "layer_norm": self.layer_norm}
        known = {name: value for name, value in common.items() if name in row.options}
        return row.params(input_size, self.hidden_size, **known, **self._options)

    def _register(self, input_size: int, suffix: str, factory: Factory) -> None:
        """Make the weights of one layer and direction, in the order of the cell's params."""
        shapes = self._params(CELLS[self._cell], input_size, self.bias)
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
        """Draw initial weights: torch.nn's for the same seed, unless `forget_bias`, `chrono` or `orthogonal` is set."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size else 0.0
        for name, weight in self.named_parameters(recurse=False):
            if name.startswith("scale_"):
                nn.init.ones_(weight)
            elif name.startswith("shift_"):
                nn.init.zeros_(weight)
            else:
                nn.init.uniform_(weight, -bound, bound)
        for weights in self._weights():
            w_hh = dict(zip(self._names, weights, strict=True)).get("weight_hh")
            if self.orthogonal and w_hh is not None and self.hidden_size:
                for gate in w_hh.detach().chunk(w_hh.size(0) // self.hidden_size):  # one square matrix a gate
                    nn.init.orthogonal_(gate)
        self.reset_memory()

    def reset_memory(self) -> None:
        """Set the biases of the gates that say what stays, as `forget_bias` or `chrono` has them."""
        row = CELLS[self._cell]
        for weights in self._weights():
            held = dict(zip(self._names, weights, strict=True))
            if self.forget_bias is not None:
                self._set_bias(held, row.forget_gate, self.forget_bias)
            if self.chrono is not None and self.hidden_size:
                # Each unit is to hold what it has for about so many steps (Tallec and Ollivier 2018).
                steps = torch.empty(self.hidden_size).uniform_(1.0, max(1.0, self.chrono - 1.0))
                self._set_bias(held, row.keeps, steps.log())
                if row.admits:
                    self._set_bias(held, row.admits, -steps.log())

    def _set_bias(self, held: Mapping[str, Tensor | None], gate: str, value: Tensor | float) -> None:
        """Make the two biases of a gate add up to this."""
        first = CELLS[self._cell].gates.index(gate) * self.hidden_size
        for name, part in (("bias_ih", value), ("bias_hh", 0.0)):
            bias = held.get(name)
            if bias is not None:
                bias.detach()[first : first + self.hidden_size] = part

    def _in_onnx(self) -> bool:
        """Whether ONNX has an operator for what it computes."""
        return False

    def _is_torchs(self) -> bool:
        """Whether torch.nn's namesake computes the same from the same weights: no option of ours is at work."""
        raise NotImplementedError

    def _to_torch(self) -> nn.Module:
        """torch.nn's namesake with the same parameters."""
        ours, _, _, theirs, *_ = type(self).__mro__  # LSTM, _Recurrent, Weighted, nn.LSTM
        drops = self.recurrent_dropout or self.weight_dropout or self.locked_dropout
        if not self._is_torchs() or drops or theirs.__module__ != nn.LSTM.__module__:
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

    def _leaf(self, x: Proxy, *args: object, **more: object) -> Proxy:
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
        for names, shapes, tensors in zip(self._slots, self._shapes, weights, strict=True):
            for name, shape, w in zip(names, shapes, tensors, strict=True):
                if not name or (w is not None and w.shape == shape and alike):
                    continue
                if w is None or w.shape != shape or w.dtype is not x.dtype or w.device != x.device:
                    came = "None" if w is None else f"{tuple(w.shape)} {w.dtype} on {w.device}"
                    raise InputError(f"{name} must be {shape} {x.dtype} on {x.device}, but came as {came}.")

    def _check_state(self, state: State, x: Tensor, lead: tuple[int, ...]) -> None:
        names = CELLS[self._cell].states
        for n, (s, width) in enumerate(zip(state, self._state_sizes, strict=True)):
            expected = (*lead, width)
            if s.shape != expected:
                raise InputError(
                    f"{type(self).__name__} expects the initial state {names[n]} with shape {expected} for "
                    f"this input: {self._torch_says_state(n, s, expected)}."
                )
            if s.device != x.device or (s.dtype != x.dtype and not torch._C._is_any_autocast_enabled()):
                raise InputError(
                    f"{type(self).__name__} expects the initial state {names[n]} as {x.dtype} on {x.device}, "
                    f"like the input, but got {s.dtype} on {s.device}: Input and hidden tensors are not at "
                    "the same device, or not of one dtype."
                )

    def _torch_says_state(self, n: int, s: Tensor, expected: tuple[int, ...]) -> str:
        raise NotImplementedError

    def _as_state(self, hx: object) -> State:
        names = CELLS[self._cell].states
        if len(names) == 1:
            if isinstance(hx, Tensor):
                return (hx,)
            expected = f"a tensor {names[0]}"
        else:
            if isinstance(hx, tuple | list) and len(hx) == len(names):
                return tuple(hx)
            expected = f"a tuple ({', '.join(names)})"
        raise TypeError(
            f"{type(self).__name__} expects its initial state as {expected}, but got {type(hx).__name__}."
        )

    def _extra_repr(self) -> str:
        """Our own options, where they are not at their defaults."""
        defaults = {
            "recurrent_dropout": 0.0,
            "weight_dropout": 0.0,
            "locked_dropout": False,
            "layer_norm": False,
            "residual": False,
            "reset": "after",
            "forget_bias": None,
            "chrono": None,
            "orthogonal": False,
        }
        held = self.__dict__
        return "".join(f", {name}={held[name]!r}" for name, d in defaults.items() if held.get(name, d) != d)


def check_size(name: str, value: object, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} should be of type int, got: {type(value).__name__}.")
    if value < least:
        more = "must be greater than zero" if least else "must not be negative"
        raise UsageError(f"{name} {more}, but came as {value}.")
    return int(value)


def check_chrono(chrono: object, row: Cell, forget_bias: float | None) -> None:
    if (
        isinstance(chrono, bool)
        or not isinstance(chrono, int | float | np.number)
        or not 2 <= chrono < math.inf
    ):
        raise UsageError(f"chrono is a number of steps to remember, 2 or more, but came as {chrono!r}.")
    if not row.keeps:
        raise UsageError(f"the cell {row.name} has no gate that says what stays, so no chrono; leave it out.")
    if forget_bias is not None:
        raise UsageError("chrono and forget_bias set the same biases; leave one of the two out.")


def check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}.")


def check_probability(name: str, value: object) -> float:
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


def check_not_traced(path: str, lengths: object) -> None:
    if torch._C._is_tracing() and (lengths is not None or path == "reference"):
        raise UsageError(
            "lengths= and, with options that torch.nn has not, a PackedSequence would become constants in a "
            "trace. Use torch.export; or, without such options, a PackedSequence."
        )


def check_lengths(lengths: object, T: int, B: int) -> Tensor:
    rows = lengths if isinstance(lengths, Tensor) else torch.tensor(lengths)
    if B == 0 and rows.numel() == 0:  # torch takes an empty list for floats
        rows = rows.to(torch.int64)
    if rows.is_floating_point() or rows.is_complex() or rows.dtype == torch.bool:
        raise UsageError(f"lengths must be integers, one for each row, but came as {rows.dtype}.")
    if rows.dim() == 0:
        rows = rows.unsqueeze(0)
    if rows.shape != (B,):
        raise UsageError(
            f"lengths must hold one length for each of {B} rows, but came with shape {tuple(rows.shape)}."
        )
    rows = rows.detach().to("cpu", torch.int64)
    if B and (int(rows.min()) < 0 or int(rows.max()) > T):
        raise UsageError(
            f"lengths must lie in 0..{T}, the steps of the batch, but reach from {int(rows.min())} to "
            f"{int(rows.max())}."
        )
    return rows


def rnn_options(nonlinearity: str) -> Options:
    if nonlinearity not in ("tanh", "relu"):
        raise UsageError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
    return {"nonlinearity": nonlinearity}


def gru_options(reset: str) -> Options:
    if reset not in ("after", "before"):
        raise UsageError(f"reset must be 'after' or 'before', but came as {reset!r}.")
    return {"reset": reset}
