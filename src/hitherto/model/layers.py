"""RNN, LSTM, GRU and their cells: what torch.nn's namesakes take and return, and `lengths=` and more options.

One forward serves the three layers. Where all rows are full length, data is [T, B, I] and `sizes` None. Else
`sizes` [T] says how many rows, longest first, are active at each step, and data is packed [N, I], token after
token, or stays padded as it came, with `places` [N] to say which row each token is: so the kernels take it.

Three functions unroll: `kernels.unroll` (CPU, float32), `_cudnn_unroll` (CUDA) and `reference_unroll` (the
rest). `_path` chooses, `explain_path` reports what it chose. Cells take torch's own step where it has one, and
layers torch's own forward where somebody listens for torch's functions: a trace, or a tensor subclass.

The classes derive from torch.nn's, so that programs that ask `isinstance(m, nn.LSTM)` find them; what they do
is all here, except what torch.nn's bases offer to such programs (`all_weights`, `check_forward_args` and more).
"""

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.fx import Proxy
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import has_torch_function

from hitherto import native
from hitherto.cells import CELLS, Cell
from hitherto.errors import InputError, UsageError
from hitherto.model import dynamo, kernels, onnx

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "explain_path",
    "reference_unroll",
    "to_torch",
]

State = tuple[Tensor, ...]  # (h,) or (h, c)
Weights = tuple[Any, ...]  # tensors of one direction in the order of its cell's params; None where left out

# What a kernel is called -> the cell and the options that it computes.
_KERNELS: dict[str, tuple[str, dict[str, Any]]] = {
    "rnn_tanh": ("rnn", {"nonlinearity": "tanh"}),
    "rnn_relu": ("rnn", {"nonlinearity": "relu"}),
    "lstm": ("lstm", {}),
    "gru": ("gru", {"reset": "after"}),
    "gru_before": ("gru", {"reset": "before"}),
}
_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
_MODES = {"rnn_tanh": "RNN_TANH", "rnn_relu": "RNN_RELU", "lstm": "LSTM", "gru": "GRU", "gru_before": "GRU"}


# -------------------------------------------------------------------------------------------------- unrolling


def reference_unroll(
    cell: str,
    x: Tensor,
    sizes: Tensor | None,
    places: Tensor | None,
    state: State,
    weights: Sequence[Weights],
    training: bool = True,
) -> tuple[Tensor, State]:
    """One layer, all directions, in torch operations: the contract of `kernels.unroll`, any dtype and device.

    cell:    "rnn_tanh", "rnn_relu", "lstm", "gru" or "gru_before"
    x:       [T, B, I] with `sizes` None, or packed [N, I] with `sizes` int64 [T], or with `places` int64 [N]
             any leading shape, token i being row places[i]; y has zeros where no token is
    state:   (h,) or (h, c), each [D, B, H]; rows from sizes[0] on have length zero and keep theirs
    weights: for each direction (w_ih, w_hh, b_ih or None, b_hh or None); the second one runs in reverse
    returns  y [T, B, D*H] or [N, D*H], and the state of every row at its own end
    """
    del training  # autograd knows
    name, options = _KERNELS[cell]
    if places is None:
        return _unroll(CELLS[name], options, _NAMES, x, sizes, state, weights)
    tokens, rows = _tokens(x, sizes, places, state[0].size(1)), x.shape[:-1]
    y, end = _unroll(CELLS[name], options, _NAMES, tokens, sizes, state, weights)
    return _padded(y, places, rows), end


def _tokens(x: Tensor, sizes: Tensor | None, places: Tensor, rows: int) -> Tensor:
    """The tokens of a batch in their order: packed [N, I], or [T, B, I] where all rows are full length."""
    tokens = x.reshape(-1, x.size(-1)).index_select(0, places)
    return tokens if sizes is not None else tokens.view(-1, rows, x.size(-1))


def _padded(y: Tensor, places: Tensor, rows: torch.Size) -> Tensor:
    """The inverse of `_tokens`, with zeros where no token is."""
    flat = y.reshape(-1, y.size(-1))
    return flat.new_zeros(rows.numel(), y.size(-1)).index_add_(0, places, flat).view(*rows, -1)


def _unroll(
    cell: Cell,
    options: dict[str, Any],
    names: Sequence[str],
    x: Tensor,
    sizes: Tensor | None,
    state: State,
    weights: Sequence[Weights],
    masks: Sequence[Tensor] | None = None,
) -> tuple[Tensor, State]:
    counts = [x.size(1)] * x.size(0) if sizes is None else cast("list[int]", sizes.tolist())
    if not counts:  # nothing to do, but every gradient is defined: zero
        touched = [x, *state, *(w for direction in weights for w in direction if w is not None)]
        nothing = torch.stack([v.reshape(-1)[:0].sum() for v in touched]).sum()
        return x.new_zeros(*x.shape[:-1], len(weights) * state[0].size(-1)) + nothing, state
    ys, ends = [], []
    for d, direction in enumerate(weights):
        params = {name: w for name, w in zip(names, direction, strict=True) if w is not None}
        start = tuple(s[d] for s in state)  # each [B, H]
        mask = None if masks is None else masks[d]
        y, end = _sweep(cell, options, params, x, counts, sizes is None, start, mask, d == 1)
        ys.append(y)
        ends.append(end)
    if len(weights) == 1:
        return ys[0], tuple(s.unsqueeze(0) for s in ends[0])
    return torch.cat(ys, -1), tuple(torch.stack(parts) for parts in zip(*ends, strict=True))


def _sweep(
    cell: Cell,
    options: dict[str, Any],
    params: dict[str, Tensor],
    x: Tensor,
    counts: list[int],
    full: bool,
    start: State,
    mask: Tensor | None,
    reverse: bool,
) -> tuple[Tensor, State]:
    """One direction. Rows leave as they end (or join, in reverse), so that no step touches padding."""
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
        more: dict[str, Any] = {} if mask is None else {"mask": mask[:n]}
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


def _cudnn_unroll(
    cell: str,
    x: Tensor,
    sizes: Tensor | None,
    state: State,
    weights: Sequence[Weights],
    directions: int,
    dropout: float,
    training: bool,
) -> tuple[Tensor, State]:
    """One or more layers in torch's own call. `training` keeps what backward needs; only `dropout` drops."""
    call = getattr(torch._VF, cell)
    flat = [w for direction in weights for w in direction if w is not None]
    more = (weights[0][2] is not None, len(weights) // directions, dropout, training, directions == 2)
    if sizes is None:
        y, *end = call(x, state if cell == "lstm" else state[0], flat, *more, False)
        return y, tuple(end)
    active = int(sizes[0])
    live = tuple(s[:, :active].contiguous() for s in state)  # [D, sizes[0], H]
    y, *end = call(x, sizes, live if cell == "lstm" else live[0], flat, *more)
    return y, tuple(torch.cat([e, s[:, active:]], 1) for e, s in zip(end, state, strict=True))


# ----------------------------------------------------------------------------------------------------- choice


def explain_path(layer: nn.Module, x: Tensor | PackedSequence) -> str:
    """Which path `layer(x)` takes now (kernels, cudnn, torch or reference), and why, in one line."""
    if not isinstance(layer, _Weighted):
        raise TypeError(f"explain_path expects a layer or cell of hitherto, but got {type(layer).__name__}.")
    data = x.data if isinstance(x, PackedSequence) else x
    others = [w for weights in layer._weights() for w in weights]
    return ": ".join(_path(layer, data, _compute_dtype(data), others))


def _path(
    layer: "_Weighted", x: Tensor, dtype: torch.dtype, others: Iterable[Tensor | None]
) -> tuple[str, str]:
    """The path, and why, for an input x and all `others` that come with it: states and weights."""
    path, why = _first_path(layer, x, dtype, others)
    if path == "reference" and layer._is_torchs() and not torch.compiler.is_compiling():
        strange = [t for t in (x, *others) if t is not None and type(t) not in (Tensor, nn.Parameter)]
        if has_torch_function(strange):  # such a class knows torch's functions by name
            return "torch", f"{type(strange[0]).__name__} has torch functions of its own"
    return path, why


def _watched() -> str:
    """Who looks at every operation, and so would miss what a kernel does; "" if nobody."""
    if torch._C._are_functorch_transforms_active():
        return "a torch.func transform such as vmap or grad is active"
    if forward_ad._current_level >= 0:
        return "forward-mode differentiation is active"
    if not torch.compiler.is_compiling() and torch._C._len_torch_dispatch_stack():
        return "a dispatch mode (make_fx, FakeTensorMode, FlopCounterMode) is active"
    return ""


def _first_path(
    layer: "_Weighted", x: Tensor, dtype: torch.dtype, others: Iterable[Tensor | None]
) -> tuple[str, str]:
    compiling = torch.compiler.is_compiling()
    if not compiling and torch._C._is_tracing():
        why = "torch.jit.trace and the older torch.onnx.export record torch's own functions alone"
        return ("torch" if layer._is_torchs() else "reference"), why
    if compiling and layer._in_onnx() and torch.onnx.is_in_onnx_export():
        return "onnx", "torch.onnx.export writes the operator that ONNX has for it"
    if watcher := _watched():
        return "reference", watcher
    if layer._torch_cell:
        return "torch", "one step gains nothing from a kernel, so this is torch's own cell"
    if layer._no_kernel:
        return "reference", layer._no_kernel
    if layer.recurrent_dropout and layer.training:
        return "reference", "recurrent_dropout has no kernel (in training; eval() has)"
    if x.numel() == 0 or layer.hidden_size == 0:
        return "reference", "there is nothing to compute"
    if x.is_cpu:
        why = _no_cpu_kernel(layer, dtype, () if compiling else (x, *others))
        return ("reference", why) if why else ("kernels", "float32 on the CPU")
    if x.is_cuda:
        if layer._kernel == "gru_before":
            return "reference", 'cuDNN has no GRU with reset="before"'
        if not torch.backends.cudnn.enabled:
            return "reference", "torch.backends.cudnn.enabled is False"
        return "cudnn", "CUDA, through torch"
    return "reference", f"device {x.device.type} has no kernel"


def _no_cpu_kernel(layer: "_Weighted", dtype: torch.dtype, tensors: Iterable[Tensor | None]) -> str:
    if layer.proj_size:
        return "proj_size has no CPU kernel"
    if dtype is not torch.float32:
        return f"{dtype} has no CPU kernel"
    for t in tensors:
        if t is not None and not kernels.readable(t):
            return kernels.unreadable(t)
    return kernels.unavailable_reason() or ""


def _compute_dtype(x: Tensor) -> torch.dtype:
    """The dtype to compute in: autocast's where that is on (as torch does with cuDNN), else that of x."""
    if torch._C._is_any_autocast_enabled() and x.dtype in (torch.float32, torch.bfloat16, torch.float16):
        device = x.device.type
        if torch.is_autocast_enabled(device):
            return torch.get_autocast_dtype(device)
    return x.dtype


def _warn_if_slow(why: str) -> None:
    if not torch.compiler.is_compiling() and why == kernels.unavailable_reason():
        native.warn_once(why)


# ---------------------------------------------------------------------------------------------------- weights


class _Weighted(nn.Module):
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
        input_size = _check_size("input_size", input_size, least)
        hidden_size = _check_size("hidden_size", hidden_size, least)
        _check_flag("bias", bias)
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
        self._cell, self._options = _KERNELS[kernel]
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
        ours, _, _, theirs, *_ = type(self).__mro__  # LSTM, _Recurrent, _Weighted, nn.LSTM
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


def _check_size(name: str, value: Any, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} should be of type int, got: {type(value).__name__}.")
    if value < least:
        more = "must be greater than zero" if least else "must not be negative"
        raise UsageError(f"{name} {more}, but came as {value}.")
    return int(value)


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}.")


def _check_probability(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise UsageError(
            f"{name} should be a number in range [0, 1] representing the probability of an element being "
            f"zeroed, but came as {value!r}."
        )
    return float(value)


def _check_no_projection(proj_size: object) -> None:
    if proj_size is not None:
        raise UsageError("proj_size argument is only supported for LSTM, not RNN or GRU.")


def _needs_grad(tensors: Sequence[Tensor | None]) -> bool:
    return any(v is not None and v.requires_grad for v in tensors)


# ----------------------------------------------------------------------------------------------------- layers


class _Layout(NamedTuple):
    """How the rows of a call lie, and how to give the answer back in the same form."""

    rows: int
    batched: bool = True
    packed: PackedSequence | None = None  # the input, where it was one
    places: Tensor | None = None  # [N]: which row of the flattened padded batch each token is
    order: Tensor | None = None  # [B]: the row of the caller's batch that comes here
    back: Tensor | None = None  # [B]: its inverse


class _Recurrent(_Weighted, nn.RNNBase):
    """The three layers: they differ in their cell and options alone."""

    _torchs_options = (*_Weighted._torchs_options, "num_layers", "batch_first", "dropout", "bidirectional")

    # torch.nn's keep a second list of their weights in step with the first; ours need not.
    __setattr__ = nn.Module.__setattr__  # type: ignore[assignment]
    __setstate__ = nn.Module.__setstate__
    __getstate__ = object.__getstate__
    _replicate_for_data_parallel = nn.Module._replicate_for_data_parallel

    def __init__(
        self,
        kernel: str,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        proj_size: int = 0,
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        recurrent_dropout: float,
        layer_norm: bool,
        residual: bool,
        forget_bias: float | None = None,
        orthogonal: bool,
    ) -> None:
        super().__init__(
            kernel, input_size, hidden_size, bias, layer_norm, proj_size, forget_bias, orthogonal
        )
        num_layers = _check_size("num_layers", num_layers)
        _check_flag("batch_first", batch_first)
        dropout = _check_probability("dropout", dropout)
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"dropout={dropout} acts between layers, after all but the last, and num_layers is 1: it "
                "does nothing here. Add layers, or use recurrent_dropout.",
                stacklevel=3,
            )
        self.mode = _MODES[kernel]
        self.num_layers = num_layers
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.recurrent_dropout = _check_probability("recurrent_dropout", recurrent_dropout)
        self.residual = residual
        self._directions = 2 if bidirectional else 1
        width = self._directions * self._state_sizes[0]
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: self._directions]:
                size = width if layer else input_size
                self._register(size, f"_l{layer}{suffix}", {"device": device, "dtype": dtype})
        self._all_weights = [[name for name in slot if name] for slot in self._slots]
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self.reset_parameters()
        self.flatten_parameters()

    def forward(self, input: Any, hx: Any = None, lengths: Any = None) -> tuple[Any, Any]:  # noqa: A002
        """Unroll over a batch of sequences, as torch.nn's namesake does.

        input:   [T, B, I], or [B, T, I] with batch_first, or unbatched [T, I], or a PackedSequence
        hx:      the initial state, [L*D, B, H] each; zeros if None
        lengths: the true length of every row, in any order, zero allowed, as a list or an integer tensor.
                 Padding is never read, y is zero past a row's end, and the final state is that of each row's
                 own end.
        returns  y and the final state, in the form in which the input came
        """
        if isinstance(input, Proxy):
            more = {} if lengths is None else {"lengths": lengths}
            return cast("tuple[Any, Any]", self._leaf(input, hx, **more))
        data = input.data if isinstance(input, PackedSequence) else input
        given, weights, dtype = (
            () if hx is None else self._as_state(hx),
            self._weights(),
            _compute_dtype(data),
        )
        path, why = _path(self, data, dtype, [*given, *(w for ws in weights for w in ws)])
        if data is not input or lengths is not None:
            _check_not_traced(path, lengths)
        if path == "onnx":
            return self._exported(input, given, lengths, weights)
        if path == "torch":
            if lengths is None:
                return cast("tuple[Any, Any]", super().forward(input, hx))
            path = "reference"
        x, sizes, layout = self._gather(input, lengths)
        state = self._initial(given, x, layout)
        if dtype is not x.dtype or torch._C._is_any_autocast_enabled():
            x, state = x.to(dtype), tuple(s.to(dtype) for s in state)
            weights = [tuple(w if w is None else w.to(dtype) for w in ws) for ws in weights]
        self._check_weights(weights, x, path)
        if path == "reference":
            _warn_if_slow(why)
        y, state = self._stack(path, x, sizes, layout.places, state, weights)
        return self._answer(y, state, layout)

    def _stack(
        self,
        path: str,
        x: Tensor,
        sizes: Tensor | None,
        places: Tensor | None,
        state: State,
        weights: list[Weights],
    ) -> tuple[Tensor, State]:
        """All layers, one after the other; cuDNN takes them in one call where it can."""
        training = torch.is_grad_enabled() and _needs_grad([x, *state, *(w for ws in weights for w in ws)])
        dropout = self.dropout if self.training and self.num_layers > 1 else 0.0
        at_once = self.num_layers if path == "cudnn" and not self.residual else 1
        D, padded, turned = self._directions, None, False
        if path != "kernels" or self.residual:  # a residual would carry padding along
            if places is not None:
                padded = places, x.shape[:-1]
                x, places = _tokens(x, sizes, places, state[0].size(1)), None
        elif places is None and sizes is None and self._in_place(x, dropout):
            x, turned = x.transpose(0, 1), True
            places = torch.arange(x.size(0) * x.size(1)).view(x.size(0), x.size(1)).t().reshape(-1)
        ends: list[State] = []
        for first in range(0, self.num_layers, at_once):
            rows = slice(first * D, (first + at_once) * D)
            inner = F.dropout(x, dropout) if first and dropout else x
            start = state if at_once == self.num_layers else tuple(s[rows] for s in state)  # each [D, B, H]
            if path == "kernels":
                y, end = kernels.unroll(self._kernel, inner, sizes, places, start, weights[rows], training)
            elif path == "cudnn":
                y, end = _cudnn_unroll(self._kernel, inner, sizes, start, weights[rows], D, dropout, training)
            else:
                y, end = self._reference(inner, sizes, start, weights[rows])
            x = y + x if self.residual and y.size(-1) == x.size(-1) else y
            ends.append(end)
        if padded is not None:
            x = _padded(x, *padded)
        elif turned:
            x = x.transpose(0, 1)
        return x, ends[0] if len(ends) == 1 else tuple(torch.cat(parts) for parts in zip(*ends, strict=True))

    def _exported(
        self, given: Any, state: State, lengths: Any, weights: list[Weights]
    ) -> tuple[Tensor, Tensor | State]:
        """What `forward` gives, while torch.onnx.export writes it down: no number of the input is looked at."""
        if isinstance(given, PackedSequence):
            raise UsageError("torch.onnx.export has no PackedSequence; give the padded batch, and lengths=.")
        x = given.unsqueeze(1) if given.dim() == 2 else given.transpose(0, 1) if self.batch_first else given
        D, B = self._directions, x.size(1)
        if not state:
            state = tuple(x.new_zeros(self.num_layers * D, B, size) for size in self._state_sizes)
        elif given.dim() == 2:
            state = tuple(s.unsqueeze(1) for s in state)
        lengths = None if lengths is None else torch.as_tensor(lengths)
        ends: list[State] = []
        for first in range(0, self.num_layers * D, D):
            rows = slice(first, first + D)
            inner = F.dropout(x, self.dropout, self.training) if first and self.dropout else x
            y, end = onnx.unroll(self._kernel, inner, lengths, tuple(s[rows] for s in state), weights[rows])
            x = y + x if self.residual and y.size(-1) == x.size(-1) else y
            ends.append(end)
        state = tuple(torch.cat(parts) for parts in zip(*ends, strict=True))
        if given.dim() == 2:
            x, state = x.squeeze(1), tuple(s.squeeze(1) for s in state)
        elif self.batch_first:
            x = x.transpose(0, 1)
        return x, state if len(state) == 2 else state[0]

    def _in_place(self, x: Tensor, dropout: float) -> bool:
        """Whether the kernels read x as it came, [B, T, I], with places.

        Dropout draws in the order of memory: with it x is copied, to have torch's masks.
        """
        return self.batch_first and not dropout and not torch.compiler.is_compiling() and 1 not in x.shape[:2]

    def _in_onnx(self) -> bool:
        ours = self.layer_norm or self.proj_size or (self.recurrent_dropout and self.training)
        return onnx.knows(self._kernel) and not ours

    def _is_torchs(self) -> bool:
        ours = self.layer_norm or self.residual or self._kernel == "gru_before"
        return not (ours or (self.recurrent_dropout and self.training))

    def _torch_says_features(self, came: int) -> str:
        return f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {came}"

    def _torch_says_state(self, n: int, s: Tensor, expected: tuple[int, ...]) -> str:
        which = f"hidden[{n}]" if self.mode == "LSTM" else "hidden"
        if s.dim() != len(expected):
            form = "batched 3-D" if len(expected) == 3 else "unbatched 2-D"
            hx = "hx and cx" if self.mode == "LSTM" else "hx"
            return f"For {form} input, {hx} should also be {len(expected)}-D but got {which} {s.dim()}-D"
        return f"Expected {which} size {expected}, got {list(s.shape)}"

    def _reference(
        self, x: Tensor, sizes: Tensor | None, state: State, weights: Sequence[Weights]
    ) -> tuple[Tensor, State]:
        masks = None
        if self.recurrent_dropout and self.training:  # one mask for the whole sequence
            masks = [
                F.dropout(torch.ones_like(state[0][d]), self.recurrent_dropout) for d in range(len(weights))
            ]
        return _unroll(CELLS[self._cell], self._options, self._names, x, sizes, state, weights, masks)

    # ------------------------------------------------------------------------------- into the layout and back

    def _gather(self, given: Any, lengths: Any) -> tuple[Tensor, Tensor | None, _Layout]:
        """[T, B, I] and None; or rows active at each step, with packed [N, I] or the batch as it came."""
        weight = self._first_weight()
        if isinstance(given, PackedSequence):
            if lengths is not None:
                raise UsageError(
                    "A PackedSequence knows its lengths; leave lengths= out, or give the padded batch."
                )
            return self._from_packed(given, weight)
        if given.dim() not in (2, 3):
            form = "[B, T, I]" if self.batch_first else "[T, B, I]"
            raise InputError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {given.dim()}D: it expects {form}, "
                "or unbatched [T, I]."
            )
        self._check_x(given, weight)
        batched = given.dim() == 3
        x = given if batched else given.unsqueeze(0 if self.batch_first else 1)
        T, B = (x.size(1), x.size(0)) if self.batch_first else (x.size(0), x.size(1))
        if lengths is not None:
            true = _check_lengths(lengths, T, B)
            if B and int(true.min()) < T:
                return self._from_padded(x, true, T, B, batched)
        return x.transpose(0, 1) if self.batch_first else x, None, _Layout(B, batched)

    def _first_weight(self) -> Tensor:
        name = self._slots[0][0]
        held = self._parameters.get(name)
        return cast("Tensor", getattr(self, name) if held is None else held)

    def _from_packed(self, given: PackedSequence, weight: Tensor) -> tuple[Tensor, Tensor | None, _Layout]:
        x, sizes = given.data, given.batch_sizes
        counts = cast("list[int]", sizes.tolist())
        if not (kernels.readable(sizes, torch.int64) and sizes.is_contiguous()):
            sizes = torch.tensor(counts)
        if (
            x.dim() != 2
            or sum(counts) != x.size(0)
            or counts != sorted(counts, reverse=True)
            or counts[-1:] < [1]
        ):
            raise InputError(
                f"A PackedSequence needs data [N, I] and batch_sizes that fall and sum up to N, but got data "
                f"{tuple(x.shape)} and batch_sizes {counts}; make it with pack_padded_sequence."
            )
        self._check_x(x, weight)
        layout = _Layout(counts[0], packed=given, order=given.sorted_indices, back=given.unsorted_indices)
        if counts[0] == counts[-1]:
            return x.view(len(counts), counts[0], -1), None, layout
        return x, sizes, layout

    def _from_padded(
        self, x: Tensor, lengths: Tensor, T: int, B: int, batched: bool
    ) -> tuple[Tensor, Tensor, _Layout]:
        n = lengths.numpy()  # these arrays are small: torch would take longer to call than to compute
        order = np.argsort(-n, kind="stable")  # [B], longest first
        steps = np.arange(n.max())[:, None]  # [longest, 1]
        active = steps < n[order]  # [longest, B]
        places = (order * T + steps if self.batch_first else steps * B + order)[active]  # [N]
        sizes = torch.from_numpy(active.sum(1))  # [longest]
        index, here, back = (torch.from_numpy(a).to(x.device) for a in (places, order, np.argsort(order)))
        return x, sizes, _Layout(B, batched, None, index, here, back)

    def _initial(self, state: State, x: Tensor, layout: _Layout) -> State:
        """The initial state in the order of our rows; zeros if there is none."""
        lead = self.num_layers * self._directions
        if not state:
            return tuple(x.new_zeros(lead, layout.rows, size) for size in self._state_sizes)
        if layout.batched:
            self._check_state(state, x, (lead, layout.rows))
        else:
            self._check_state(state, x, (lead,))
            state = tuple(s.unsqueeze(1) for s in state)
        return state if layout.order is None else tuple(s.index_select(1, layout.order) for s in state)

    def _answer(self, y: Tensor, state: State, layout: _Layout) -> tuple[Any, Any]:
        if layout.back is not None:
            state = tuple(s.index_select(1, layout.back) for s in state)
        if not layout.batched:
            state = tuple(s.squeeze(1) for s in state)
        end = state[0] if len(state) == 1 else state
        if layout.packed is not None:
            _, sizes, order, back = layout.packed
            return PackedSequence(y.reshape(-1, y.size(-1)), sizes, order, back), end
        axis = 0 if self.batch_first else 1  # of the batch
        if layout.places is None and self.batch_first:
            y = y.transpose(0, 1)
        return y if layout.batched else y.squeeze(axis), end

    # ------------------------------------------------------------------------------ what torch.nn's have, too

    @property
    def _flat_weights(self) -> list[Any]:
        """The weights in torch's order as they are now; None for one that was taken out."""
        return [getattr(self, name, None) for name in self._flat_weights_names]

    @_flat_weights.setter
    def _flat_weights(self, weights: Sequence[Any]) -> None:
        for name, w in zip(self._flat_weights_names, weights, strict=True):
            if w is not getattr(self, name, None):
                setattr(self, name, w)

    def _init_flat_weights(self) -> None:
        self.flatten_parameters()

    def _update_flat_weights(self) -> None:
        """There is nothing to update: weights are read anew by every call."""

    def _weights_have_changed(self) -> bool:
        return False

    def flatten_parameters(self) -> None:
        """On CUDA lay the weights out as cuDNN wants them; elsewhere there is nothing to do."""
        flat = [w for w in self._flat_weights if isinstance(w, Tensor) and w.is_cuda]
        if self.layer_norm or len(flat) < len(self._flat_weights_names):
            return
        if len({w.dtype for w in flat}) > 1 or len({w.data_ptr() for w in flat}) < len(flat):
            return
        if not torch.backends.cudnn.is_acceptable(flat[0]):
            return
        from torch.backends.cudnn import rnn

        weights = self.all_weights

        at_once = 1 if self.residual else self.num_layers
        D = self._directions
        with torch.no_grad(), torch.cuda.device_of(flat[0]):
            for first in range(0, self.num_layers, at_once):
                block = weights[first * D : (first + at_once) * D]
                torch._cudnn_rnn_flatten_weight(
                    [w for ws in block for w in ws],
                    len(block[0]),
                    block[0][0].size(1),
                    rnn.get_cudnn_mode(self.mode),
                    self.hidden_size,
                    self.proj_size,
                    at_once,
                    self.batch_first,
                    self.bidirectional,
                )

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        result = nn.Module._apply(self, fn, recurse)
        self.flatten_parameters()
        return result

    def extra_repr(self) -> str:
        """torch.nn's, and our own options where they are set."""
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        changed = [
            f", {name}={self.__dict__[name]}" for name, d in defaults.items() if self.__dict__[name] != d
        ]
        return f"{self.input_size}, {self.hidden_size}{''.join(changed)}{self._extra_repr()}"


def _check_not_traced(path: str, lengths: Any) -> None:
    if torch._C._is_tracing() and (lengths is not None or path == "reference"):
        raise UsageError(
            "lengths= and, with options that torch.nn has not, a PackedSequence would become constants in a "
            "trace. Use torch.export; or, without such options, a PackedSequence."
        )


def _check_lengths(lengths: Any, T: int, B: int) -> Tensor:
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


class RNN(_Recurrent, nn.RNN):
    """torch.nn.RNN, and `lengths=` and the options below.

    recurrent_dropout: one mask a sequence, on h where it enters the recurrent product
    layer_norm:        on the pre-activations (see `hitherto.cells`)
    residual:          adds a layer's input (before dropout) to its output where the sizes match
    orthogonal:        orthogonal initial weight_hh, gate by gate; torch's uniform values otherwise
    """

    _torchs_options = (*_Recurrent._torchs_options, "nonlinearity")

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
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        orthogonal: bool = False,
        proj_size: None = None,
    ) -> None:
        _check_no_projection(proj_size)
        super().__init__(
            _rnn_kernel(nonlinearity),
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
            layer_norm=layer_norm,
            residual=residual,
            orthogonal=orthogonal,
        )
        self.nonlinearity = nonlinearity


class LSTM(_Recurrent, nn.LSTM):
    """torch.nn.LSTM, and `lengths=` and the options below.

    recurrent_dropout, layer_norm, residual, orthogonal: as for RNN
    forget_bias:       initial value of the two forget-gate biases together; torch's uniform values if None
    """

    _torchs_options = (*_Recurrent._torchs_options, "proj_size")

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
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        forget_bias: float | None = None,
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
            proj_size,
            device,
            dtype,
            recurrent_dropout=recurrent_dropout,
            layer_norm=layer_norm,
            residual=residual,
            forget_bias=forget_bias,
            orthogonal=orthogonal,
        )


class GRU(_Recurrent, nn.GRU):
    """torch.nn.GRU, and `lengths=` and the options below.

    recurrent_dropout, layer_norm, residual, orthogonal: as for RNN
    reset:             "after" the recurrent product, as torch and cuDNN do, or "before" it, as the original
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
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        reset: str = "after",
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        orthogonal: bool = False,
        proj_size: None = None,
    ) -> None:
        _check_no_projection(proj_size)
        super().__init__(
            _gru_kernel(reset),
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
            layer_norm=layer_norm,
            residual=residual,
            orthogonal=orthogonal,
        )
        self.reset = reset


dynamo.admit(_Recurrent)


def to_torch(module: nn.Module) -> nn.Module:
    """The model with torch.nn's layers and cells in the place of ours, on the same parameters.

    For tools that look for torch's exact classes, such as quantize_dynamic and Opacus. Children are replaced in
    place. What torch.nn has not (layer_norm, reset="before", residual, recurrent_dropout) is refused.
    """
    if isinstance(module, _Weighted):
        return module._to_torch()
    for name, child in module.named_children():
        setattr(module, name, to_torch(child))
    return module


def _rnn_kernel(nonlinearity: str) -> str:
    if nonlinearity not in ("tanh", "relu"):
        raise UsageError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
    return "rnn_" + nonlinearity


def _gru_kernel(reset: str) -> str:
    if reset not in ("after", "before"):
        raise UsageError(f"reset must be 'after' or 'before', but came as {reset!r}.")
    return "gru" if reset == "after" else "gru_before"


# ------------------------------------------------------------------------------------------------------ cells


class _RecurrentCell(_Weighted, nn.RNNCellBase):
    """The three cells: one step for a batch [B, I] or a single row [I]."""

    def __init__(
        self,
        kernel: str,
        input_size: int,
        hidden_size: int,
        bias: bool,
        device: Any,
        dtype: torch.dtype | None,
        *,
        layer_norm: bool,
        forget_bias: float | None = None,
        orthogonal: bool,
    ) -> None:
        super().__init__(kernel, input_size, hidden_size, bias, layer_norm, 0, forget_bias, orthogonal)
        self._torch_cell = not layer_norm and kernel != "gru_before"
        self._register(input_size, "", {"device": device, "dtype": dtype})
        if not bias:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """One step: the next state from the input [B, I] or [I] and the state, zeros if None."""
        if isinstance(input, Proxy):
            return self._leaf(input, hx)
        (weights,) = self._weights()
        if self._torch_cell and not (torch._C._is_any_autocast_enabled() or _watched()):
            try:
                return self._torch_step(input, hx, weights)
            except (RuntimeError, TypeError, ValueError):
                self._checked(input, hx, weights)  # says more, where it knows more
                raise
        state = self._checked(input, hx, weights)
        x = input if input.dim() == 2 else input.unsqueeze(0)
        state = state if input.dim() == 2 else tuple(s.unsqueeze(0) for s in state)
        dtype = _compute_dtype(x)
        if dtype is not x.dtype or torch._C._is_any_autocast_enabled():
            x, state = x.to(dtype), tuple(s.to(dtype) for s in state)
            weights = tuple(w if w is None else w.to(dtype) for w in weights)
        path, why = _path(self, x, dtype, [*state, *weights])
        if path == "reference":
            _warn_if_slow(why)
        end = self._advance(path, x, state, weights)
        end = end if input.dim() == 2 else tuple(s.squeeze(0) for s in end)
        return end[0] if len(end) == 1 else end

    def _torch_step(self, x: Tensor, hx: Any, weights: Weights) -> Any:
        """Torch's own step, with no more around it than in torch.nn."""
        lone, lstm = x.dim() == 1, self._kernel == "lstm"
        if hx is None:
            zeros = x.new_zeros(*x.shape[:-1], self.hidden_size)
            hx = (zeros, zeros) if lstm else zeros
        h, c = hx if lstm else (hx, hx)
        if x.dim() not in (1, 2) or h.dim() != x.dim() or c.dim() != x.dim():
            raise ValueError("the input and the state have 1 axis or 2.")
        if lone:
            x, h, c = x.unsqueeze(0), h.unsqueeze(0), c.unsqueeze(0)
        end = getattr(torch._VF, self._kernel + "_cell")(x, (h, c) if lstm else h, *weights)
        if lone:
            return tuple(s.squeeze(0) for s in end) if lstm else end.squeeze(0)
        return end

    def _checked(self, input: Tensor, hx: Any, weights: Weights) -> State:  # noqa: A002
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
            training = torch.is_grad_enabled() and _needs_grad([x, *state, *weights])
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
        relu = ", nonlinearity=relu" if self._kernel == "rnn_relu" else ""
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
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        layer_norm: bool = False,
        orthogonal: bool = False,
    ) -> None:
        kernel = _rnn_kernel(nonlinearity)
        super().__init__(
            kernel, input_size, hidden_size, bias, device, dtype, layer_norm=layer_norm, orthogonal=orthogonal
        )
        self.nonlinearity = nonlinearity


class LSTMCell(_RecurrentCell, nn.LSTMCell):
    """torch.nn.LSTMCell, and the options `layer_norm`, `forget_bias` and `orthogonal` of LSTM."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        layer_norm: bool = False,
        forget_bias: float | None = None,
        orthogonal: bool = False,
    ) -> None:
        super().__init__(
            "lstm",
            input_size,
            hidden_size,
            bias,
            device,
            dtype,
            layer_norm=layer_norm,
            forget_bias=forget_bias,
            orthogonal=orthogonal,
        )


class GRUCell(_RecurrentCell, nn.GRUCell):
    """torch.nn.GRUCell, and the options `reset`, `layer_norm` and `orthogonal` of GRU."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        reset: str = "after",
        layer_norm: bool = False,
        orthogonal: bool = False,
    ) -> None:
        kernel = _gru_kernel(reset)
        super().__init__(
            kernel, input_size, hidden_size, bias, device, dtype, layer_norm=layer_norm, orthogonal=orthogonal
        )
        self.reset = reset
