"""Every cell as one pure step: (params, x, state) -> state. The same code runs on numpy and on torch.

`CELLS` lists them. A cell knows nothing of time, batches or training, so a step is the meaning of the layer:
unrolling, streaming, kernels and exports are all checked against it. To add a cell, write `params` and `step`
and add a row: `CELLS["mgu"] = Cell("mgu", ...)`, from inside the package or from outside.

Equations and weight layouts are PyTorch's. W, U are `weight_ih`, `weight_hh`; b, b' are `bias_ih`, `bias_hh`;
the gates lie one after the other along the first axis (`i f g o` for LSTM, `r z n` for GRU). Every cell takes
two more options:

`bias=False`       leaves out b and b'.
`layer_norm=True`  Ba et al. 2016, on the pre-activations: where an equation has W x it then reads
                   `scale_ih` * N(W x), and for U h `scale_hh` * N(U h). N takes mean and variance over the
                   hidden units of each gate; b and b' serve as its shifts. LSTM also normalises what leaves
                   the cell, h' = o tanh(`scale_c` * N(c') + `shift_c`), while c' is carried as it is.
                   A step normalises only itself, so stepping still equals unrolling.

and each `step` two more arguments, both for callers that unroll:

`gates`  what `project` gives for x, computed by the caller for the whole sequence at once; x is then unused.
`mask`   multiplies h where h enters the product with U, and nowhere else (recurrent dropout); the carried
         state stays whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from hitherto.errors import UsageError

__all__ = ["CELLS", "Cell", "Kernel", "cell_of_kernel"]

Array: TypeAlias = Any  # a numpy array or a torch tensor: no type of Python's covers the operators of both
State = tuple[Array, ...]
Params = Mapping[str, Array]
Shapes = dict[str, tuple[int, ...]]
Options = Mapping[str, Any]  # of a cell: the row says their names and defaults, its functions read them


@dataclass(frozen=True, slots=True)
class Kernel:
    """What computes a cell faster than its step: a native kernel, and where there is one cuDNN's."""

    name: str  # as the extension has it
    options: Options  # of the cell, for which the kernel computes it; other options may have any value
    layer_norm: bool = False  # whether it normalises, too
    cudnn: str = ""  # its mode in torch.nn; "" where cuDNN and torch.nn do not have this cell


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of `CELLS`.

    `params(input_size, hidden_size, **options)` gives the name and shape of every weight.
    `step(xp, params, x, state, **options)` gives the next state; `xp` is the module numpy or torch. The
    output y is the first state. Leading axes are free: x is [..., I], a state [..., H].
    `project(xp, params, x, **options)` is the part of a step that looks at x alone; None where there is none.
    `kernels` are the kernels of the cell. Without one, `step` runs: in torch to train, in numpy once trained.
    `opened` has the arguments of `step` and gives the value of each gate of `gates`, for those who look inside.
    """

    name: str
    gates: tuple[str, ...]
    states: tuple[str, ...]
    options: Options  # each with its default
    params: Callable[..., Shapes]
    step: Callable[..., State]
    project: Callable[..., Array] | None = None
    kernels: tuple[Kernel, ...] = ()
    forget_gate: str = ""  # the gate whose bias the option `forget_bias` sets
    opened: Callable[..., tuple[Array, ...]] | None = None
    shares: tuple[str, ...] = ()  # gates that say which share of something passes, from 0 to 1
    keeps: str = ""  # the one of them that says which share of the memory stays
    admits: str = (
        ""  # the one that says which share of what is new comes in, where `keeps` does not say it too
    )

    def state_sizes(self, hidden_size: int, **options: object) -> tuple[int, ...]:
        """The width of each state: `hidden_size`, but for the first state of a cell with a projection."""
        projected = options.get("proj_size", 0)
        first = projected if isinstance(projected, int) and projected else hidden_size
        return (first, *[hidden_size] * (len(self.states) - 1))

    def kernel(self, **options: object) -> Kernel | None:
        """The kernel for these options, or None."""
        chosen = {**self.options, **options}
        return next((k for k in self.kernels if k.options.items() <= chosen.items()), None)

    def kernel_of(self, **options: object) -> str | None:
        """The name of the kernel for these options, or None."""
        kernel = self.kernel(**options)
        return None if kernel is None else kernel.name


def cell_of_kernel(name: str) -> tuple[Cell, Options]:
    """The cell that a kernel computes, and the options for which it does."""
    return next((cell, k.options) for cell in CELLS.values() for k in cell.kernels if k.name == name)


# ------------------------------------------------------------------------------------------------------ parts


def _check(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{option} must be one of {', '.join(map(repr, allowed))}, but came as {value!r}.")


def _sigmoid(xp: ModuleType, v: Array) -> Array:
    if xp is not np:
        return xp.sigmoid(v)
    e = np.exp(-np.abs(v))  # no exponent above 0, so nothing overflows
    return np.where(v < 0, e, 1) / (1 + e)


def _relu(xp: ModuleType, v: Array) -> Array:
    return np.maximum(v, 0) if xp is np else xp.relu(v)


def _split(xp: ModuleType, v: Array, count: int) -> Array:  # [..., count * H] -> count times [..., H]
    if xp is not np:
        return xp.chunk(v, count, -1)
    n = v.shape[-1] // count  # by hand: np.split takes as long as the rest of a small step
    return [v[..., i * n : (i + 1) * n] for i in range(count)]


def _norm(v: Array) -> Array:
    """Mean 0 and variance 1 along the last axis; the epsilon is that of `torch.nn.LayerNorm`."""
    v = v - v.mean(-1)[..., None]
    return v / ((v * v).mean(-1) + 1e-5)[..., None] ** 0.5


def _linear(x: Array, weight: Array, bias: Array, scale: Array, count: int) -> Array:
    """`weight` x + `bias` for `count` gates, normalised gate by gate where there is a scale."""
    v = x @ weight.T  # [..., count * H]
    if scale is not None:
        v = _norm(v.reshape(*v.shape[:-1], count, v.shape[-1] // count)).reshape(v.shape) * scale
    return v if bias is None else v + bias


def _part(params: Params, which: str) -> tuple[Array, Array, Array]:
    """Weight, bias and scale of the input ("ih") or the state ("hh"); None for what the options leave out."""
    return params["weight_" + which], params.get("bias_" + which), params.get("scale_" + which)


def _cut(part: tuple[Array, Array, Array], rows: slice) -> tuple[Array, Array, Array]:
    weight, bias, scale = part
    return weight[rows], None if bias is None else bias[rows], None if scale is None else scale[rows]


def _project(count: int) -> Callable[..., Array]:
    def project(_xp: ModuleType, params: Params, x: Array, **_options: object) -> Array:
        return _linear(x, *_part(params, "ih"), count)

    return project


def _shapes(
    count: int, input_size: int, hidden_size: int, y_size: int, bias: bool, layer_norm: bool
) -> Shapes:
    rows = count * hidden_size
    shapes: Shapes = {"weight_ih": (rows, input_size), "weight_hh": (rows, y_size)}
    if bias:
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
    if layer_norm:
        shapes |= {"scale_ih": (rows,), "scale_hh": (rows,)}
    return shapes


# -------------------------------------------------------------------------------------------------------- rnn


def _rnn_params(
    input_size: int,
    hidden_size: int,
    *,
    bias: bool = True,
    layer_norm: bool = False,
    nonlinearity: str = "tanh",
) -> Shapes:
    _check("nonlinearity", nonlinearity, ("tanh", "relu"))
    return _shapes(1, input_size, hidden_size, hidden_size, bias, layer_norm)


def _rnn_step(
    xp: ModuleType,
    params: Params,
    x: Array,
    state: State,
    *,
    nonlinearity: str = "tanh",
    gates: Array = None,
    mask: Array = None,
    **_options: object,
) -> State:
    """One step: h' = f(W x + b + U h + b'), f = tanh or relu. The value of its one gate is h' itself."""
    _check("nonlinearity", nonlinearity, ("tanh", "relu"))
    (h,) = state  # [..., H]
    if gates is None:
        gates = _project_rnn(xp, params, x)  # [..., H]
    gates = gates + _linear(h if mask is None else h * mask, *_part(params, "hh"), 1)
    return (xp.tanh(gates) if nonlinearity == "tanh" else _relu(xp, gates),)


_project_rnn = _project(1)

# ------------------------------------------------------------------------------------------------------- lstm


def _lstm_params(
    input_size: int, hidden_size: int, *, bias: bool = True, layer_norm: bool = False, proj_size: int = 0
) -> Shapes:
    if proj_size and not 0 <= proj_size < hidden_size:
        raise UsageError(
            f"proj_size must lie in 0..{hidden_size - 1}, below hidden_size, but came as {proj_size}; "
            "0 means no projection."
        )
    shapes = _shapes(4, input_size, hidden_size, proj_size or hidden_size, bias, layer_norm)
    if proj_size:
        shapes["weight_hr"] = (proj_size, hidden_size)
    if layer_norm:
        shapes["scale_c"] = (hidden_size,)
        if bias:
            shapes["shift_c"] = (hidden_size,)
    return shapes


def _lstm_opened(
    xp: ModuleType,
    params: Params,
    x: Array,
    state: State,
    *,
    gates: Array = None,
    mask: Array = None,
    **_options: object,
) -> tuple[Array, ...]:
    """The gates of a step: i, f, o = sigmoid and g = tanh of W x + b + U h + b'."""
    h = state[0]  # [..., P or H]
    if gates is None:
        gates = _project_lstm(xp, params, x)  # [..., 4*H]
    gates = gates + _linear(h if mask is None else h * mask, *_part(params, "hh"), 4)
    i, f, g, o = _split(xp, gates, 4)
    return _sigmoid(xp, i), _sigmoid(xp, f), xp.tanh(g), _sigmoid(xp, o)


def _lstm_step(
    xp: ModuleType,
    params: Params,
    x: Array,
    state: State,
    *,
    gates: Array = None,
    mask: Array = None,
    **_options: object,
) -> State:
    """One step: i, f, o = sigmoid and g = tanh of W x + b + U h + b'; c' = f c + i g; h' = o tanh(c').

    With `weight_hr` (option `proj_size`) the output and the state h are `weight_hr` h' instead.
    """
    c = state[1]  # [..., H]
    i, f, g, o = _lstm_opened(xp, params, x, state, gates=gates, mask=mask)
    c = f * c + i * g
    inner = c
    if "scale_c" in params:
        inner = _norm(c) * params["scale_c"]
        if "shift_c" in params:
            inner = inner + params["shift_c"]
    h = o * xp.tanh(inner)
    if "weight_hr" in params:
        h = h @ params["weight_hr"].T
    return h, c


_project_lstm = _project(4)

# -------------------------------------------------------------------------------------------------------- gru


def _gru_params(
    input_size: int, hidden_size: int, *, bias: bool = True, layer_norm: bool = False, reset: str = "after"
) -> Shapes:
    _check("reset", reset, ("after", "before"))
    return _shapes(3, input_size, hidden_size, hidden_size, bias, layer_norm)


def _gru_opened(
    xp: ModuleType,
    params: Params,
    x: Array,
    state: State,
    *,
    reset: str = "after",
    gates: Array = None,
    mask: Array = None,
    **_options: object,
) -> tuple[Array, ...]:
    """The gates of a step, r z n, as `_gru_step` has them."""
    _check("reset", reset, ("after", "before"))
    (h,) = state  # [..., H]
    if gates is None:
        gates = _project_gru(xp, params, x)  # [..., 3*H]
    x_r, x_z, x_n = _split(xp, gates, 3)
    part = _part(params, "hh")
    h_in = h if mask is None else h * mask
    if reset == "after":
        h_r, h_z, h_n = _split(xp, _linear(h_in, *part, 3), 3)
        r, z = _sigmoid(xp, x_r + h_r), _sigmoid(xp, x_z + h_z)
        n = xp.tanh(x_n + r * h_n)
    else:
        cut = 2 * h.shape[-1]
        h_r, h_z = _split(xp, _linear(h_in, *_cut(part, slice(cut)), 2), 2)
        r, z = _sigmoid(xp, x_r + h_r), _sigmoid(xp, x_z + h_z)
        n = xp.tanh(x_n + _linear(r * h_in, *_cut(part, slice(cut, None)), 1))
    return r, z, n


def _gru_step(
    xp: ModuleType,
    params: Params,
    x: Array,
    state: State,
    *,
    reset: str = "after",
    gates: Array = None,
    mask: Array = None,
    **_options: object,
) -> State:
    """One step: r, z = sigmoid(W x + b + U h + b'); h' = (1 - z) n + z h, where

    n = tanh(W_n x + b_n + r (U_n h + b'_n))   for `reset="after"`, PyTorch's and cuDNN's form, and
    n = tanh(W_n x + b_n + U_n (r h) + b'_n)   for `reset="before"`, the original of Cho et al. 2014.

    Many texts, and the empirical study of Chung et al. 2014, write h' = (1 - z) h + z n. As 1 - sigmoid(a) is
    sigmoid(-a), that is the same cell with the z rows of W, U, b and b' negated: negate them to carry weights
    over.
    """
    _, z, n = _gru_opened(xp, params, x, state, reset=reset, gates=gates, mask=mask)
    (h,) = state  # [..., H]
    return ((1 - z) * n + z * h,)


_project_gru = _project(3)

# ------------------------------------------------------------------------------------------------------- rows

_COMMON = {"bias": True, "layer_norm": False}

CELLS: dict[str, Cell] = {
    "rnn": Cell(
        "rnn",
        ("h",),
        ("h",),
        _COMMON | {"nonlinearity": "tanh"},
        _rnn_params,
        _rnn_step,
        _project_rnn,
        opened=_rnn_step,
        kernels=(
            Kernel("rnn_tanh", {"nonlinearity": "tanh"}, layer_norm=True, cudnn="RNN_TANH"),
            Kernel("rnn_relu", {"nonlinearity": "relu"}, layer_norm=True, cudnn="RNN_RELU"),
        ),
    ),
    "lstm": Cell(
        "lstm",
        ("i", "f", "g", "o"),
        ("h", "c"),
        _COMMON | {"proj_size": 0},
        _lstm_params,
        _lstm_step,
        _project_lstm,
        kernels=(Kernel("lstm", {}, layer_norm=True, cudnn="LSTM"),),
        forget_gate="f",
        opened=_lstm_opened,
        shares=("i", "f", "o"),
        keeps="f",
        admits="i",
    ),
    "gru": Cell(
        "gru",
        ("r", "z", "n"),
        ("h",),
        _COMMON | {"reset": "after"},
        _gru_params,
        _gru_step,
        _project_gru,
        kernels=(
            Kernel("gru", {"reset": "after"}, layer_norm=True, cudnn="GRU"),
            Kernel("gru_before", {"reset": "before"}),
        ),
        opened=_gru_opened,
        shares=("r", "z"),
        keeps="z",
    ),
}
