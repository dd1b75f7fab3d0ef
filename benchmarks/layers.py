"""How fast the layers are beside their peers: python benchmarks/layers.py --help

Every point of the grid is checked (outputs, and in training gradients, against torch.nn) before it is timed,
timed in turn with its peers, and appended to benchmarks/results/layers-<isa>.jsonl at once. A run that is
started again goes on with the points that are missing; `python benchmarks/report.py` writes docs/results.md
from what is there.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import itertools
import json
import math
import os
import shlex
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import (
    REPETITIONS,
    RESULTS,
    ROOT,
    Call,
    Row,
    all_threads,
    append_row,
    code_digest,
    commit,
    cpu_name,
    geometric_mean,
    interleave,
    machine,
    median,
    ratios,
    read_rows,
    rounded,
    seconds_of,
    summary,
    versions,
)
from roofline import bound, calibrate, flops, native
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

CELLS = ("rnn", "lstm", "gru")
HIDDEN = (32, 64, 128, 256, 512, 1024)
BATCH = (1, 16, 32, 64, 128)
TIME = (50, 100, 200)
LAYERS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
PACKAGES = ("hitherto", "torch", "numpy", "onnxruntime", "jax", "keras")
# Process-wide switches that hold torch, its products and its oneDNN to an instruction set, and us with them.
ISA_SWITCHES = {
    "avx2": {
        "HITHERTO_ISA": "avx2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "DNNL_MAX_CPU_ISA": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
    "base": {
        "HITHERTO_ISA": "base",
        "ATEN_CPU_CAPABILITY": "default",
        "DNNL_MAX_CPU_ISA": "SSE41",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    },
}


# ---- the grid


def grid(name: str, threads: Iterable[int]) -> list[Row]:
    """The points of a named grid, in the order in which they are measured.

    full      all of it, 1080 points for every number of threads: some seven hours on two quiet cores.
    headline  what the geometric means stand on: every hidden size, batch 16, 64, 128, and 1 apart; 100 steps,
              but 50 at hidden 512 and 1024, where they are as telling and cost less.

    The order takes one point from every combination of cell, hidden size, mode, lengths and threads before it
    takes the second of any, so that an interruption leaves a balanced sample.
    """
    groups: dict[Any, list[Row]] = {}
    for cell, hidden, training, ragged, n in itertools.product(
        CELLS, HIDDEN, (True, False), (False, True), sorted(set(threads), reverse=True)
    ):
        if name == "headline":
            sizes = [(batch, 100 if hidden <= 256 else 50) for batch in (1, 16, 64, 128)]
        else:
            sizes = list(itertools.product(BATCH, TIME))
        points = [
            {"cell": cell, "hidden": hidden, "batch": batch, "time": steps}
            | {"training": training, "ragged": ragged, "threads": n}
            for batch, steps in sizes
        ]
        groups[cell, hidden, training, ragged, n] = sorted(points, key=seed)
    rounds = itertools.zip_longest(*groups.values())
    return [p for taken in rounds for p in sorted((p for p in taken if p is not None), key=seed)]


def key(point: Row) -> str:
    """The name of a point, such as "lstm h128 b16 t100 training ragged threads2"."""
    return " ".join(
        [
            point["cell"],
            f"h{point['hidden']}",
            f"b{point['batch']}",
            f"t{point['time']}",
            "training" if point["training"] else "inference",
            "ragged" if point["ragged"] else "full",
            f"threads{point['threads']}",
        ]
    )


def seed(point: Row) -> int:
    """The same number for the same point on every machine."""
    return int.from_bytes(hashlib.sha256(key(point).encode()).digest()[:6], "big")


# ---- the contenders: each makes, for a point and its problem, a call to time and a way to read its outputs


Read = Callable[[Any], list[np.ndarray]]
Contender = tuple[Call, Read]
# x [T, B, I], lengths [B] or None, grad of y [T, B, H], layer: the torch.nn layer whose weights all share
Problem = Row


def problem(point: Row) -> Problem:
    torch.manual_seed(seed(point))
    hidden, batch, steps = point["hidden"], point["batch"], point["time"]
    lengths = torch.randint(max(1, steps // 4), steps + 1, (batch,)) if point["ragged"] else None  # [B]
    return {
        "x": torch.randn(steps, batch, hidden),  # [T, B, I]
        "grad": torch.randn(steps, batch, hidden),  # [T, B, H]
        "lengths": lengths,
        "tokens": int(lengths.sum()) if lengths is not None else steps * batch,
        "longest": int(lengths.max()) if lengths is not None else steps,
        "layer": getattr(torch.nn, LAYERS[point["cell"]])(hidden, hidden),
    }


def in_torch(layer: Any, forward: Callable[[torch.Tensor], Any], point: Row, given: Problem) -> Contender:
    """Time `forward(x) -> (y, state)` alone, or with the gradients of x and all weights."""
    if point["training"]:
        x = given["x"].clone().requires_grad_()
        wanted = [x, *layer.parameters()]

        def call() -> Any:
            y, state = forward(x)
            return y, state, torch.autograd.grad(y, wanted, given["grad"])
    else:
        layer.eval()

        def call() -> Any:
            with torch.inference_mode():
                return *forward(given["x"]), ()

    def read(output: Any) -> list[np.ndarray]:
        y, state, grads = output
        states = state if isinstance(state, tuple) else (state,)
        return [t.detach().numpy() for t in (y, *(s[0] for s in states), *grads)]

    return call, read


def make_torch(point: Row, given: Problem) -> Contender:
    """torch.nn. With lengths it packs and unpacks, as its users do: padded in, padded out, and the time
    counts."""
    layer, lengths = given["layer"], given["lengths"]

    def forward(x: torch.Tensor) -> Any:
        if lengths is None:
            return layer(x)
        y, state = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return pad_packed_sequence(y, total_length=x.shape[0])[0], state

    return in_torch(layer, forward, point, given)


def make_hitherto(point: Row, given: Problem) -> Contender:
    hitherto = importlib.import_module("hitherto")
    layer = getattr(hitherto, LAYERS[point["cell"]])(point["hidden"], point["hidden"])
    layer.load_state_dict(given["layer"].state_dict())
    lengths = given["lengths"]
    return in_torch(layer, lambda x: layer(x) if lengths is None else layer(x, lengths=lengths), point, given)


def make_itself(point: Row, given: Problem) -> Contender:
    """torch.nn in our place: `--self-test` measures it against itself, and every ratio should be 1."""
    return make_torch(point, given)


def gate_blocks(weight: torch.Tensor, cell: str, order: str) -> torch.Tensor:
    """Rows of `weight` [G*H, ...] with their gates put into another order, such as "iofg" for an LSTM."""
    theirs = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}[cell]
    blocks = dict(zip(theirs, weight.chunk(len(theirs)), strict=True))
    return torch.cat([blocks[gate] for gate in order])


def make_onnxruntime(point: Row, given: Problem) -> Contender | None:
    """ONNX Runtime on a graph of one node; lengths through its sequence_lens. Inference only.

    Its threads stop spinning between calls, or they would take the cores of whoever is timed next. Nothing
    holds it to an instruction set, so it is left out where the others are held to one.
    """
    if point["training"] or "HITHERTO_ISA" in os.environ:
        return None
    try:
        onnx, runtime = importlib.import_module("onnx"), importlib.import_module("onnxruntime")
    except ImportError:
        return None
    cell, hidden, layer = point["cell"], point["hidden"], given["layer"]
    order = {"rnn": "h", "lstm": "iofg", "gru": "zrn"}[cell]
    w_ih, w_hh, b_ih, b_hh = (gate_blocks(p.detach(), cell, order) for p in layer.parameters())
    weights = {"W": w_ih[None], "R": w_hh[None], "B": torch.cat([b_ih, b_hh])[None]}  # W [1, G*H, I]
    lengths = given["lengths"]
    value, number = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    inputs = [value("X", number, list(given["x"].shape))]
    if lengths is not None:
        inputs.append(value("lengths", onnx.TensorProto.INT32, list(lengths.shape)))
    outputs = ["Y", "Y_h", "Y_c"] if cell == "lstm" else ["Y", "Y_h"]
    options = {"linear_before_reset": 1} if cell == "gru" else {}
    names = ["X", *weights, "lengths" if lengths is not None else ""]
    node = onnx.helper.make_node(LAYERS[cell], names, outputs, hidden_size=hidden, **options)
    constants = [onnx.numpy_helper.from_array(w.numpy(), name) for name, w in weights.items()]
    graph = onnx.helper.make_graph([node], cell, inputs, [value(n, number, None) for n in outputs], constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = point["threads"]
    settings.inter_op_num_threads = 1
    settings.add_session_config_entry("session.force_spinning_stop", "1")
    settings.log_severity_level = 3
    session = runtime.InferenceSession(model.SerializeToString(), settings, ["CPUExecutionProvider"])
    feed = {"X": given["x"].numpy()}
    if lengths is not None:
        feed["lengths"] = lengths.to(torch.int32).numpy()

    def read(output: Any) -> list[np.ndarray]:
        y, *states = output  # [T, D, B, H], [D, B, H]
        return [y[:, 0], *(s[0] for s in states)]

    return lambda: session.run(None, feed), read


def with_jax(jax: Any, forward: Callable[..., Any], point: Row, given: Problem, weights: Any) -> Contender:
    """Time jitted `forward(x, weights) -> (y, states)`, with the gradients of both in training."""
    x, grad = jax.numpy.asarray(given["x"].numpy()), jax.numpy.asarray(given["grad"].numpy())

    def train(x: Any, weights: Any, grad: Any) -> Any:
        y, back, states = jax.vjp(forward, x, weights, has_aux=True)
        return y, states, back(grad)

    def infer(x: Any, weights: Any, grad: Any) -> Any:
        return *forward(x, weights), (None, [])

    step = jax.jit(train if point["training"] else infer)

    def read(output: Any) -> list[np.ndarray]:
        y, states, (dx, dweights) = output
        grads = [dx, *dweights] if point["training"] else []
        return [np.asarray(a) for a in (y, *states, *grads)]

    return lambda: jax.block_until_ready(step(x, weights, grad)), read


def make_jax(point: Row, given: Problem) -> Contender | None:
    """A plain jax.lax.scan under jit; the input product before it, lengths by a mask.

    Its threads are fixed for the process, so it runs only where all are used.
    """
    if point["threads"] != all_threads() or "HITHERTO_ISA" in os.environ:
        return None
    try:
        jax = importlib.import_module("jax")
    except ImportError:
        return None
    jnp, cell, hidden, lengths = jax.numpy, point["cell"], point["hidden"], given["lengths"]
    ends = None if lengths is None else jnp.asarray(lengths.numpy())[:, None]  # [B, 1]

    def step(w_hh: Any, b_hh: Any, state: Any, a: Any) -> Any:
        """One step: a is x W + b, b_hh included but for the GRU.  [B, G*H]"""
        recurrent = state[0] @ w_hh.T
        if cell == "rnn":
            return (jnp.tanh(a + recurrent),)
        if cell == "lstm":
            i, f, g, o = jnp.split(a + recurrent, 4, axis=-1)
            c = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jax.nn.sigmoid(o) * jnp.tanh(c), c
        r_x, z_x, n_x = jnp.split(a, 3, axis=-1)
        r_h, z_h, n_h = jnp.split(recurrent + b_hh, 3, axis=-1)
        z = jax.nn.sigmoid(z_x + z_h)
        return ((1 - z) * jnp.tanh(n_x + jax.nn.sigmoid(r_x + r_h) * n_h) + z * state[0],)

    def forward(x: Any, weights: Any) -> Any:
        w_ih, w_hh, b_ih, b_hh = weights
        projected = x @ w_ih.T + b_ih + (0 if cell == "gru" else b_hh)  # [T, B, G*H]
        zero = jnp.zeros((x.shape[1], hidden), x.dtype)

        def body(state: Any, a_t: Any) -> Any:
            a, t = a_t
            new = step(w_hh, b_hh, state, a)
            if ends is None:
                return new, new[0]
            new = tuple(jnp.where(t < ends, n, s) for n, s in zip(new, state, strict=True))
            return new, jnp.where(t < ends, new[0], 0)

        first = (zero, zero) if cell == "lstm" else (zero,)
        states, y = jax.lax.scan(body, first, (projected, jnp.arange(x.shape[0])))
        return y, states

    weights = [jnp.asarray(p.detach().numpy()) for p in given["layer"].parameters()]
    return with_jax(jax, forward, point, given, weights)


def make_keras(point: Row, given: Problem) -> Contender | None:
    """keras.layers on its JAX backend, jitted, time-major arrays turned outside the timed call; lengths by a
    mask.

    Its weights lie otherwise, so of the gradients only that of x is compared.
    """
    if point["threads"] != all_threads() or "HITHERTO_ISA" in os.environ:
        return None
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        jax, keras = importlib.import_module("jax"), importlib.import_module("keras")
    except ImportError:
        return None
    if keras.backend.backend() != "jax":
        return None
    cell, hidden, lengths = point["cell"], point["hidden"], given["lengths"]
    kind = {"rnn": "SimpleRNN"}.get(cell, LAYERS[cell])
    layer = getattr(keras.layers, kind)(hidden, return_sequences=True, return_state=True)
    layer.build((None, None, hidden))
    order = {"rnn": "h", "lstm": "ifgo", "gru": "zrn"}[cell]
    w_ih, w_hh, b_ih, b_hh = (gate_blocks(p.detach(), cell, order) for p in given["layer"].parameters())
    bias = torch.stack([b_ih, b_hh]) if cell == "gru" else b_ih + b_hh
    layer.set_weights([w_ih.T.numpy(), w_hh.T.numpy(), bias.numpy()])
    mask = None if lengths is None else (torch.arange(point["time"]) < lengths[:, None]).numpy()  # [B, T]
    keep = None if mask is None else jax.numpy.asarray(mask[:, :, None], "float32")
    fixed = [v.value for v in layer.non_trainable_variables]

    def forward(x: Any, weights: Any) -> Any:
        (y, *states), _ = layer.stateless_call(weights, fixed, x, mask=mask)
        return (y if keep is None else y * keep), states

    turned = {**given, "x": given["x"].transpose(0, 1), "grad": given["grad"].transpose(0, 1)}  # [B, T, ..]
    call, read_all = with_jax(jax, forward, point, turned, [v.value for v in layer.trainable_variables])

    def read(output: Any) -> list[np.ndarray]:
        y, *rest = read_all(output)
        states, grads = rest[: 1 + (cell == "lstm")], rest[1 + (cell == "lstm") :]
        return [y.swapaxes(0, 1), *states, *(dx.swapaxes(0, 1) for dx in grads[:1])]

    return call, read


CONTENDERS: dict[str, Callable[[Row, Problem], Contender | None]] = {
    "hitherto": make_hitherto,
    "itself": make_itself,
    "torch": make_torch,
    "onnxruntime": make_onnxruntime,
    "jax": make_jax,
    "keras": make_keras,
}


def contender(name: str, point: Row, given: Problem) -> Contender:
    """One that can do every point: torch.nn, or we."""
    made = CONTENDERS[name](point, given)
    if made is None:
        raise ValueError(f"expected a contender that can do {key(point)}; {name} cannot")
    return made


class MismatchError(RuntimeError):
    """A contender computes something else, so its time means nothing."""


def compare(
    name: str, outputs: Sequence[np.ndarray], expected: Sequence[np.ndarray], tolerance: float = 1e-4
) -> None:
    """Raise unless every output is the expected one, within `tolerance` of the largest magnitude in it."""
    if not outputs:
        raise MismatchError(f"{name}: expected outputs to compare; it gave none")
    for number, (got, want) in enumerate(zip(outputs, expected, strict=False)):
        if got.shape != want.shape:
            raise MismatchError(f"{name}: output {number} has shape {got.shape}; expected {want.shape}")
        off = float(np.abs(got - want).max(initial=0))
        allowed = tolerance * float(np.abs(want).max(initial=0)) + 1e-6
        if not off <= allowed:  # also true of NaN
            raise MismatchError(
                f"{name}: output {number} is off by {off:.2e}; at most {allowed:.2e} was expected"
            )


def measure(
    point: Row,
    ours: str = "hitherto",
    peers: Sequence[str] = ("torch", "onnxruntime", "jax", "keras"),
    repetitions: int = REPETITIONS,
    least: float = 5e-3,
    limit: float = math.inf,
) -> Row:
    """Check, then time one point: its row of results, without where and when."""
    torch.set_num_threads(point["threads"])
    given = problem(point)
    calls: dict[str, Call] = {}
    expected: list[np.ndarray] = []
    for name in ["torch", ours, *(p for p in peers if p != "torch")]:
        made = CONTENDERS[name](point, given)
        if made is None:
            continue
        call, read = made
        outputs = read(call())
        if name == "torch":
            expected = [o.copy() for o in outputs]
        else:
            compare(f"{name}, {key(point)}", outputs, expected)
        calls[name] = call
    taken = interleave(calls, repetitions, least, limit)
    work = flops(point, given["tokens"])
    return {
        **point,
        "tokens": given["tokens"],
        "longest": given["longest"],
        "n": len(taken[ours]),
        "seconds": {name: [rounded(t, 4) for t in times] for name, times in taken.items()},
        "ratio": ratios(taken, ours),
        "gflops": {name: rounded(work / median(times) / 1e9, 4) for name, times in taken.items()},
    }


def isa_in_use() -> str:
    extension = native()
    # the steps have names of their own within AVX-512; the sweeps measured here are the same
    return "pure" if extension is None else str(extension.info()["isa"]).partition("_")[0]


# ---- what is measured beside the grid


def memory_of(name: str, point: Row) -> int:
    """Bytes that one training step adds at its peak to what the process holds before; for a process of its
    own.

    A step of two time steps goes before, so that libraries have made themselves at home. On Linux the
    kernel's peak is reset first; elsewhere it is the highest that ever was, and the difference may come out
    too small.
    """

    def held(field: str) -> int:
        status = Path("/proc/self/status")
        if status.exists():
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            return int(lines[field].split()[0]) * 1024
        import resource

        size = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return size if sys.platform == "darwin" else size * 1024

    torch.set_num_threads(point["threads"])
    short = {**point, "time": 2}
    call, _ = contender(name, short, problem(short))
    call()
    call, _ = contender(name, point, problem(point))
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
    before = held("VmRSS")
    output = call()
    peak = held("VmHWM") - before
    del output
    return peak


def memory(points: Iterable[Row]) -> list[Row]:
    """Peak memory of a training step, ours and torch's, each in a fresh process."""
    rows = []
    for point in points:
        row: Row = {"kind": "memory", **point, "bytes": {}}
        for name in ("hitherto", "torch"):
            command = [sys.executable, __file__, "--memory-of", name, "--point", json.dumps(point)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"memory of {name} at {key(point)} failed:\n{done.stderr}")
            row["bytes"][name] = int(done.stdout)
        say(f"memory {key(point)}: " + ", ".join(f"{n} {b / 2**20:.1f} MiB" for n, b in row["bytes"].items()))
        rows.append(row)
    return rows


def memory_points() -> list[Row]:
    return [
        {"cell": cell, "hidden": hidden, "batch": batch, "time": steps}
        | {"training": True, "ragged": ragged, "threads": all_threads()}
        for hidden, batch, steps in ((128, 64, 200), (512, 32, 100))
        for cell in CELLS
        for ragged in (False, True)
    ]


def startup(repetitions: int = REPETITIONS) -> list[Row]:
    """Import times in fresh processes, in turn, and the size of every wheel that was built here."""
    names = ("numpy", "hitherto", "torch")
    code = (
        "import sys, time; start = time.perf_counter(); import {}; "
        "print(time.perf_counter() - start, 'torch' in sys.modules)"
    )
    taken: dict[str, list[float]] = {name: [] for name in names}
    pulls_torch = False
    for _ in range(repetitions + 1):
        for name in names:
            command = [sys.executable, "-c", code.format(name)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, loaded = done.stdout.split()
            taken[name].append(float(seconds))
            pulls_torch |= name == "hitherto" and loaded == "True"
    for times in taken.values():
        del times[0]  # the first round reads from the disk
    row: Row = {
        "kind": "startup",
        "seconds": {name: summary(times) for name, times in taken.items()},
        "hitherto_imports_torch": pulls_torch,
        "wheels": {
            wheel.name: wheel.stat().st_size
            for folder in ("dist", "wheelhouse")
            for wheel in sorted((ROOT / folder).glob("hitherto-*.whl"))
        },
    }
    say("import: " + ", ".join(f"{n} {s['median'] * 1e3:.1f} ms" for n, s in row["seconds"].items()))
    return [row]


def alone(call: Call, count: int) -> float:
    """Median seconds of one call among its like."""
    return median([seconds_of(call) for _ in range(count)])


def alternating(first: Call, second: Call, count: int) -> tuple[float, float]:
    """Median seconds of either call where the two alternate."""
    pairs = [(seconds_of(first), seconds_of(second)) for _ in range(count)]
    return median([a for a, _ in pairs]), median([b for _, b in pairs])


def relu_softmax(z: torch.Tensor) -> torch.Tensor:
    return torch.softmax(torch.relu(z), -1)


def interference(
    points: Iterable[Row], repetitions: int = REPETITIONS, block: float = 0.05, ours: str = "hitherto"
) -> list[Row]:
    """What alternation costs: torch operations and a layer in one loop, each kind timed apart, against either
    alone.

    Everything is measured with our layer and with torch.nn's, whose numbers say what alternation costs by
    itself (colder caches). Were our threads to fight with torch's, our ratios would stand above torch.nn's.
    """
    rows = []
    for point in points:
        torch.set_num_threads(point["threads"])
        given = problem(point)
        a, z = torch.randn(384, 384), torch.randn(512, 1024)
        operations: dict[str, Call] = {
            "matmul": partial(torch.matmul, a, a),
            "relu and softmax": partial(relu_softmax, z),
        }
        for operation, op in operations.items():
            layers = {name: contender(name, point, given)[0] for name in (ours, "torch")}
            costs: dict[str, Row] = {name: {"operation": [], "layer": []} for name in layers}
            times: dict[str, list[float]] = {"operation": [], **{name: [] for name in layers}}
            once = seconds_of(op, 3) + sum(seconds_of(layer, 3) for layer in layers.values())
            count = max(5, min(100, int(block / once)))
            for _ in range(repetitions):
                op_alone = alone(op, count)
                times["operation"].append(op_alone)
                for name, layer in layers.items():
                    layer_alone = alone(layer, count)
                    times[name].append(layer_alone)
                    op_beside, layer_beside = alternating(op, layer, count)
                    costs[name]["operation"].append(op_beside / op_alone)
                    costs[name]["layer"].append(layer_beside / layer_alone)
            row: Row = {
                "kind": "interference",
                **point,
                "operation": operation,
                "alone": {name: rounded(median(t)) for name, t in times.items()},
                "cost": {
                    name: {kind: summary(values) for kind, values in cost.items()}
                    for name, cost in costs.items()
                },
            }
            say(
                f"interference {operation} | {key(point)}: "
                + ", ".join(
                    f"{kind} beside {name} {cost[kind]['median']:.2f}"
                    for name, cost in row["cost"].items()
                    for kind in ("operation", "layer")
                )
            )
            rows.append(row)
    return rows


def interference_points() -> list[Row]:
    return [
        {"cell": cell, "hidden": hidden, "batch": 32, "time": 50}
        | {"training": training, "ragged": False, "threads": all_threads()}
        for cell in CELLS
        for hidden in (64, 256)
        for training in (True, False)
    ]


# What the kernels train besides: by name, the option for a hidden size, and the cells that have it.
OPTIONS: dict[str, tuple[Callable[[int], Row], tuple[str, ...]]] = {
    "recurrent_dropout": (lambda hidden: {"recurrent_dropout": 0.3}, CELLS),
    "proj_size": (lambda hidden: {"proj_size": hidden // 2}, ("lstm",)),
}


def options(
    points: Iterable[Row], repetitions: int = REPETITIONS, limit: float = 60, least: float = 5e-3
) -> list[Row]:
    """A training step with an option, on the kernels and on the reference, beside our layer without it and torch.nn's.

    torch.nn's layer has the option if torch.nn has it.
    """
    hitherto = importlib.import_module("hitherto")
    rows = []
    for point in points:
        torch.set_num_threads(point["threads"])
        for name, (option_of, cells) in OPTIONS.items():
            if point["cell"] not in cells:
                continue
            hidden, kind, option = point["hidden"], LAYERS[point["cell"]], option_of(point["hidden"])
            given = problem(point)
            plain = contender("hitherto", point, given)[0]
            shared = getattr(torch.nn, kind)(1, 2).__dict__.keys() & option.keys()
            module = getattr(torch.nn, kind)(hidden, hidden, **{key: option[key] for key in shared})
            grad = given["grad"][..., : option.get("proj_size", hidden)]
            given = {**given, "layer": module, "grad": grad}
            theirs = contender("torch", point, given)[0]
            layer = getattr(hitherto, kind)(hidden, hidden, **option)
            on_kernels = in_torch(layer, partial(layer, lengths=given["lengths"]), point, given)[0]

            def on_reference(call: Call = on_kernels) -> Any:
                os.environ["HITHERTO_PURE"] = "1"
                try:
                    return call()
                finally:
                    del os.environ["HITHERTO_PURE"]

            calls = {"kernels": on_kernels, "reference": on_reference, "hitherto": plain, "torch": theirs}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that the reference is slow
                taken = interleave(calls, repetitions, least, limit)
            seconds = {who: summary(times) for who, times in taken.items()}
            rows.append({"kind": "options", **point, "option": name, "seconds": seconds})
            times = ", ".join(f"{who} {s['median'] * 1e3:.1f} ms" for who, s in seconds.items())
            say(f"{name} | {key(point)}: {times}")
    return rows


def option_points() -> list[Row]:
    return [
        {"cell": cell, "hidden": hidden, "batch": 32, "time": 200}
        | {"training": True, "ragged": False, "threads": all_threads()}
        for hidden in (128, 256, 512)
        for cell in CELLS
    ]


# ---- runs


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run_points(
    todo: Sequence[Row], path: Path | None, tag: Row, calibrations: Row, args: argparse.Namespace
) -> None:
    """Measure points in order until the budget is spent."""
    start = time.monotonic()
    for number, point in enumerate(todo, 1):
        if args.minutes is not None and time.monotonic() - start > args.minutes * 60:
            say(f"the budget of {args.minutes:g} minutes is spent: {len(todo) - number + 1} points not run")
            return
        row = measure(point, ours=args.ours, limit=args.limit)
        if path is not None:
            append_row(path, {"kind": "point", **tag, **row})
        won, line = row["ratio"]["torch"], f"[{number}/{len(todo)}] {key(point)}:"
        line += f" {won['median']:.2f}x ({won['low']:.2f}..{won['high']:.2f})"
        line += f" {row['gflops'][args.ours]:.1f} GFLOP/s"
        least = bound(point, row["tokens"], row["longest"], calibrations.get(str(point["threads"]), {}))
        if least is not None:
            line += f" {100 * least['seconds'] / median(row['seconds'][args.ours]):.0f} % of roofline"
        if row["n"] < REPETITIONS:
            line += f" (only {row['n']} repetitions: limit of {args.limit:g} s a point)"
        say(line + (" LOST" if max(won["median"], won["high"]) < 0.95 else ""))


def quick(
    points: Sequence[Row] | None = None, repetitions: int = 7, seconds: float = 35, **options: Any
) -> Row:
    """Geometric means over a few small points, for a glance; `options` go to `measure`.

    No point begins after so many seconds, and repetitions shrink where a point would take more than two: on a
    busy machine fewer points are measured, which `points` says.
    """
    start = time.monotonic()
    if points is None:
        points = [
            {"cell": cell, "hidden": hidden, "batch": 32, "time": 50}
            | {"training": training, "ragged": ragged, "threads": all_threads()}
            for hidden in (128, 64, 256)
            for training in (True, False)
            for ragged in (False, True)
            for cell in CELLS
        ]
    measured = 0
    won: dict[str, dict[str, list[float]]] = {}
    for point in points:
        if time.monotonic() - start > seconds:
            break
        kind = " ".join(key(point).split()[4:6])
        row = measure(point, peers=["torch"], repetitions=repetitions, limit=2, **options)
        measured += 1
        won.setdefault(kind, {}).setdefault(point["cell"], []).append(row["ratio"]["torch"]["median"])
    return {
        "benchmark": "layers",
        "faster_than_torch": {
            kind: {cell: round(geometric_mean(values), 2) for cell, values in cells.items()}
            for kind, cells in won.items()
        },
        "points": f"{measured} of {len(points)}",
        "repetitions": repetitions,
        "isa": isa_in_use(),
        "threads": all_threads(),
        "torch": torch.__version__,
        "commit": commit(),
        "seconds": round(time.monotonic() - start, 1),
    }


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", nargs="*", help="points, options, interference, memory, startup; default: all")
    p.add_argument("--grid", choices=("headline", "full"), default="headline", help="default: headline")
    p.add_argument("--threads", choices=("1", "all", "both"), default="both", help="default: both")
    p.add_argument("--isa", choices=("best", *ISA_SWITCHES), default="best", help="hold torch and us to it")
    p.add_argument("--only", default="", help='words that a point must have, such as "lstm h128 training"')
    p.add_argument("--minutes", type=float, help="stop taking points after so long; run again to go on")
    p.add_argument(
        "--limit", type=float, default=120.0, help="seconds a point; beyond, fewer repetitions (120)"
    )
    p.add_argument("--list", action="store_true", help="print the points to run, and run none")
    p.add_argument("--quick", action="store_true", help="a minute at most; one line of JSON; stores nothing")
    p.add_argument("--self-test", action="store_true", help="torch.nn in our place: ratios show the noise")
    p.add_argument("--memory-of", choices=("hitherto", "torch"), help=argparse.SUPPRESS)
    p.add_argument("--point", type=json.loads, help=argparse.SUPPRESS)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(words)
    kinds = ("points", "options", "interference", "memory", "startup")
    wrong = [what for what in args.what if what not in kinds]
    if wrong:
        parser().error(f"expected {', '.join(kinds)}; got {wrong[0]}")
    if args.isa != "best" and os.environ.get("HITHERTO_ISA") != args.isa:
        # torch reads its switches while it is loaded: only a new process can be held to another set
        command = [sys.executable, __file__, *words]
        return subprocess.run(command, env={**os.environ, **ISA_SWITCHES[args.isa]}, check=False).returncode
    if args.memory_of:
        print(memory_of(args.memory_of, args.point))
        return 0
    if args.quick:
        print(json.dumps(quick()))
        return 0

    args.ours = "itself" if args.self_test else "hitherto"
    what = args.what or (["points"] if args.self_test else list(kinds))
    counts = {"1": [1], "all": [all_threads()], "both": [all_threads(), 1]}[args.threads]
    tag = {"code": code_digest(), "cpu": cpu_name(), "commit": commit()}
    path = None if args.self_test else RESULTS / f"layers-{isa_in_use()}.jsonl"
    old = [] if path is None else [r for r in read_rows(path) if same(r, tag)]
    done = {key(row) for row in old if row["kind"] == "point"}
    points = [p for p in grid(args.grid, counts) if set(args.only.split()) <= set(key(p).split())]
    todo = [p for p in points if key(p) not in done] if "points" in what else []
    if args.list:
        print("\n".join(map(key, todo)))
        return 0

    calibrations = {str(n): calibrate(n) for n in sorted(set(counts))} if todo else {}
    if path is not None:
        extension = native()
        append_row(
            path,
            {
                "kind": "run",
                **tag,
                "command": shlex.join(["python", "benchmarks/layers.py", *words]),
                "started": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
                "machine": machine(),
                "versions": versions(PACKAGES),
                "native": extension.info() if extension is not None else None,
                "torch_capability": torch.backends.cpu.get_cpu_capability(),
                "calibration": calibrations,
            },
        )
    say(f"{len(points)} points, {len(points) - len(todo)} of them there already or not asked for")
    for cell in CELLS:  # nothing that is paid once is paid by a point
        warm = {"cell": cell, "hidden": 32, "batch": 2, "time": 5, "ragged": False, "threads": max(counts)}
        measure({**warm, "training": True}, ours=args.ours, repetitions=1, least=0)
    run_points(todo, path, tag, calibrations, args)
    extra: dict[str, Callable[[], list[Row]]] = {
        "options": lambda: options(option_points()),
        "interference": lambda: interference(interference_points(), ours=args.ours),
        "memory": lambda: memory(memory_points()),
        "startup": startup,
    }
    for kind, rows in extra.items():
        if kind in what and not any(r["kind"] == kind for r in old):
            for row in rows():
                if path is not None:
                    append_row(path, {**tag, **row})
    return 0


def same(row: Row, tag: Row) -> bool:
    """Does this row still hold: the same code on the same processor?"""
    return bool(row["code"] == tag["code"] and row["cpu"] == tag["cpu"])


if __name__ == "__main__":
    sys.exit(main())
