"""Whether a native kernel, cuDNN, torch or the reference runs a layer, and why."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import has_torch_function

from hitherto import native
from hitherto.model import kernels
from hitherto.model.reference import State, Weights
from hitherto.model.weights import Weighted

__all__ = ["compute_dtype", "cudnn_unroll", "explain_path", "path_of", "warn_if_slow", "watched"]


def cudnn_unroll(
    kernel: str,
    x: Tensor,
    sizes: Tensor | None,
    state: State,
    weights: Sequence[Weights],
    directions: int,
    dropout: float,
    training: bool,
) -> tuple[Tensor, State]:
    """One or more layers in torch's own call. `training` keeps what backward needs; only `dropout` drops."""
    call, pair = getattr(torch._VF, kernel), len(state) == 2
    flat = [w for direction in weights for w in direction if w is not None]
    more = (weights[0][2] is not None, len(weights) // directions, dropout, training, directions == 2)
    if sizes is None:
        y, *end = call(x, state if pair else state[0], flat, *more, False)
        return y, tuple(end)
    active = int(sizes[0])
    live = tuple(s[:, :active].contiguous() for s in state)  # [D, sizes[0], H]
    y, *end = call(x, sizes, live if pair else live[0], flat, *more)
    return y, tuple(torch.cat([e, s[:, active:]], 1) for e, s in zip(end, state, strict=True))


def explain_path(layer: nn.Module, x: Tensor | PackedSequence) -> str:
    """Which path `layer(x)` takes now (kernels, cudnn, torch or reference), and why, in one line."""
    if not isinstance(layer, Weighted):
        raise TypeError(f"explain_path expects a layer or cell of hitherto, but got {type(layer).__name__}.")
    data = x.data if isinstance(x, PackedSequence) else x
    others = [w for weights in layer._weights() for w in weights]
    return ": ".join(path_of(layer, data, compute_dtype(data), others))


def path_of(
    layer: Weighted, x: Tensor, dtype: torch.dtype, others: Iterable[Tensor | None]
) -> tuple[str, str]:
    """The path, and why, for an input x and all `others` that come with it: states and weights."""
    path, why = _first_path(layer, x, dtype, others)
    if path == "reference" and layer._is_torchs() and not torch.compiler.is_compiling():
        strange = [t for t in (x, *others) if t is not None and type(t) not in (Tensor, nn.Parameter)]
        if has_torch_function(strange):  # such a class knows torch's functions by name
            return "torch", f"{type(strange[0]).__name__} has torch functions of its own"
    return path, why


def watched() -> str:
    """Which torch mechanism must see every operation, so that no kernel may run; "" if none."""
    if torch._C._are_functorch_transforms_active():
        return "a torch.func transform such as vmap or grad is active"
    if forward_ad._current_level >= 0:
        return "forward-mode differentiation is active"
    if not torch.compiler.is_compiling() and torch._C._len_torch_dispatch_stack():
        return "a dispatch mode (make_fx, FakeTensorMode, FlopCounterMode) is active"
    return ""


def _first_path(
    layer: Weighted, x: Tensor, dtype: torch.dtype, others: Iterable[Tensor | None]
) -> tuple[str, str]:
    compiling = torch.compiler.is_compiling()
    if not compiling and torch._C._is_tracing():
        why = "torch.jit.trace and the older torch.onnx.export record torch's own functions alone"
        return ("torch" if layer._is_torchs() else "reference"), why
    if compiling and layer._in_onnx() and torch.onnx.is_in_onnx_export():
        return "onnx", "torch.onnx.export writes the operator that ONNX has for it"
    if watcher := watched():
        return "reference", watcher
    if layer._torch_cell:
        return "torch", "one step gains nothing from a kernel, so this is torch's own cell"
    if layer._no_kernel:
        return "reference", layer._no_kernel
    if layer.layer_norm and (compiling or not x.is_cpu):
        return "reference", "layer_norm has a kernel on the CPU alone, while torch does not compile"
    if x.numel() == 0 or layer.hidden_size == 0:
        return "reference", "there is nothing to compute"
    if x.is_cpu:
        if dtype is torch.bfloat16 and not layer.layer_norm and torch._C._is_any_autocast_enabled():
            why = _no_bfloat16_kernel((x, *others), compiling)
            return ("reference", why) if why else ("kernels", "products in bfloat16 on the CPU, by autocast")
        why = _no_cpu_kernel(dtype, () if compiling else (x, *others))
        return ("reference", why) if why else ("kernels", "float32 on the CPU")
    if x.is_cuda:
        if layer.recurrent_dropout and layer.training:
            return "reference", "cuDNN has no recurrent_dropout (in training; eval() needs none)"
        if not layer._cudnn:
            options = ", ".join(f'{name}="{value}"' for name, value in layer._options.items())
            return "reference", f"cuDNN has no {layer._cell.upper()}{' with ' if options else ''}{options}"
        if not torch.backends.cudnn.enabled:
            return "reference", "torch.backends.cudnn.enabled is False"
        return "cudnn", "CUDA, through torch"
    return "reference", f"device {x.device.type} has no kernel"


def _no_cpu_kernel(dtype: torch.dtype, tensors: Iterable[Tensor | None]) -> str:
    if dtype is not torch.float32:
        return f"{dtype} has no CPU kernel"
    for t in tensors:
        if t is not None and not kernels.readable(t):
            return kernels.unreadable(t)
    return kernels.unavailable_reason() or ""


def _no_bfloat16_kernel(tensors: Iterable[Tensor | None], compiling: bool) -> str:
    """Why the products of autocast cannot be the kernels': weights have to be float32, the rest may be rounded."""
    if not kernels.multiplies_bfloat16():
        return kernels.unavailable_reason() or "this processor has no bfloat16 kernel: it lacks AVX512-BF16"
    there = [t for t in tensors if t is not None]
    for t in () if compiling else there:
        if not kernels.readable(t, torch.bfloat16 if t.dtype is torch.bfloat16 else torch.float32):
            return kernels.unreadable(t)
    exact = any(t.dtype is torch.float32 for t in there)
    return "" if exact else "bfloat16 has no CPU kernel, but for float32 weights under autocast"


def compute_dtype(x: Tensor) -> torch.dtype:
    """The dtype to compute in: autocast's where that is on (as torch does with cuDNN), else that of x."""
    if torch._C._is_any_autocast_enabled() and x.dtype in (torch.float32, torch.bfloat16, torch.float16):
        device = x.device.type
        if torch.is_autocast_enabled(device):
            return torch.get_autocast_dtype(device)
    return x.dtype


def warn_if_slow(why: str) -> None:
    if not torch.compiler.is_compiling() and why == kernels.unavailable_reason():
        native.warn_once(why)
