"""Steps of live streams: `python benchmarks/stream.py`, or with --quick one line of JSON in under a minute.

A step of one layer with batch 1, called from Python as a user would: `Session.push(x, out=y)` beside torch.nn's layer
and cell (inference_mode, one thread) and ONNX Runtime (one thread), on the same weights, outputs compared first. Every
call is timed by itself, contenders in turn; the cost of the clock is measured alike and taken off. Cold means that 64
MiB of other data were read between two steps. Then chunks, and many sessions on one core in random order.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import common
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hitherto.plan import Operation

Row = dict[str, Any]
Array = np.ndarray[Any, Any]
Step = "Callable[[], Any]"

RESULTS = common.RESULTS / "stream.jsonl"
CELLS, HIDDEN, WEIGHTS = ("rnn", "gru", "lstm"), (32, 64, 128, 256, 512), ("float32", "bfloat16", "int8")
PEERS = {"torch layer": "torch.nn's layer", "onnxruntime": "ONNX Runtime"}
TARGETS = {  # times as fast: (weights, hidden) -> {peer: {cell: target}}
    ("float32", 32): {"onnxruntime": dict.fromkeys(CELLS, 10.0), "torch layer": dict.fromkeys(CELLS, 30.0)},
    ("float32", 64): {"onnxruntime": dict.fromkeys(CELLS, 10.0), "torch layer": dict.fromkeys(CELLS, 30.0)},
    ("float32", 128): {
        "onnxruntime": dict.fromkeys(CELLS, 3.5),
        "torch layer": {"rnn": 18.0, "gru": 11.0, "lstm": 25.0},
    },
    ("int8", 256): {"onnxruntime": dict.fromkeys(CELLS, 5.0)},
    ("int8", 512): {"onnxruntime": dict.fromkeys(CELLS, 5.0)},
}


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# ---- contenders: a function that takes the next step and gives h


def layer_of(cell: str, hidden: int) -> Any:
    import torch

    torch.manual_seed(hidden)
    kinds = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
    return kinds[cell](hidden, hidden).eval()


def engine_of(cell: str, layer: Any, weights: str) -> Any:
    from hitherto.runtime.chain import Chain

    hidden = layer.hidden_size
    options = {
        "cell": cell, "input_size": hidden, "hidden_size": hidden, "num_layers": 1, "bidirectional": False,
        "dropout": 0.0, "recurrent_dropout": 0.0, "layer_norm": False, "residual": False,
    }  # fmt: skip
    op: Operation = {
        "op": "recurrent", "name": "layer", "inputs": ["x"], "outputs": ["y"], "options": options
    }  # fmt: skip
    tensors = {f"layer.{name}": value.detach().numpy() for name, value in layer.named_parameters()}
    return Chain([op], {"kind": "vectors", "size": hidden}, tensors, weights)


def hitherto_step(cell: str, layer: Any, x: Array, weights: str) -> tuple[Callable[[], Array], Any]:
    from hitherto.runtime.session import Session

    session = Session(engine_of(cell, layer, weights))
    y = np.empty(layer.hidden_size, np.float32)
    push = session.push
    return lambda: push(x, out=y), session


def torch_layer_step(layer: Any, x: Array) -> Callable[[], Array]:
    import torch

    given, state = torch.from_numpy(x.reshape(1, 1, -1)), None

    def step() -> Array:
        nonlocal state
        with torch.inference_mode():
            y, state = layer(given, state)
        return y  # type: ignore[no-any-return]

    return step


def torch_cell_step(cell: str, layer: Any, x: Array) -> Callable[[], Array]:
    import torch

    kinds = {"rnn": torch.nn.RNNCell, "gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}
    own = kinds[cell](layer.input_size, layer.hidden_size).eval()
    own.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    given, state = torch.from_numpy(x.reshape(1, -1)), None

    def step() -> Array:
        nonlocal state
        with torch.inference_mode():
            state = own(given, state)
        return state[0] if cell == "lstm" else state  # type: ignore[no-any-return]

    return step


def onnx_step(cell: str, layer: Any, x: Array) -> Callable[[], Array] | None:
    """A graph of one node; the state goes in and comes out at every step."""
    import torch

    try:
        onnx, runtime = importlib.import_module("onnx"), importlib.import_module("onnxruntime")
    except ImportError:
        return None
    gate_blocks = importlib.import_module("layers").gate_blocks
    order = {"rnn": "h", "lstm": "iofg", "gru": "zrn"}[cell]
    w_ih, w_hh, b_ih, b_hh = (gate_blocks(p.detach(), cell, order) for p in layer.parameters())
    weights = {"W": w_ih[None], "R": w_hh[None], "B": torch.cat([b_ih, b_hh])[None]}
    H, number = layer.hidden_size, onnx.TensorProto.FLOAT
    states = ["h0", "c0"] if cell == "lstm" else ["h0"]
    value = onnx.helper.make_tensor_value_info
    inputs = [value("X", number, [1, 1, H]), *(value(s, number, [1, 1, H]) for s in states)]
    outputs = ["Y", "Y_h", "Y_c"][: 1 + len(states)]
    options = {"linear_before_reset": 1} if cell == "gru" else {}
    node = onnx.helper.make_node(
        cell.upper(), ["X", *weights, "", *states], outputs, hidden_size=H, **options
    )
    constants = [onnx.numpy_helper.from_array(w.numpy(), name) for name, w in weights.items()]
    graph = onnx.helper.make_graph([node], cell, inputs, [value(n, number, None) for n in outputs], constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    session = runtime.InferenceSession(model.SerializeToString(), settings, ["CPUExecutionProvider"])
    feed = {"X": x.reshape(1, 1, H), **{s: np.zeros((1, 1, H), np.float32) for s in states}}
    wanted = outputs[1:]

    def step() -> Array:
        after = session.run(wanted, feed)
        feed.update(zip(states, after, strict=True))
        return after[0]  # type: ignore[no-any-return]

    return step


# ---- timing


def samples(step: Callable[[], Any], n: int, between: Callable[[], Any] | None = None) -> list[int]:
    clock, taken = time.perf_counter_ns, []
    for _ in range(n):
        if between is not None:
            between()
        start = clock()
        step()
        taken.append(clock() - start)
    return taken


def in_turn(
    steps: dict[str, Callable[[], Any]], rounds: int, seconds: float, between: Callable[[], Any] | None = None
) -> dict[str, list[float]]:
    """Nanoseconds of every call of every contender, the clock's own taken off."""
    counts = {}
    for name, step in steps.items():
        samples(step, 20)
        each = common.quantile(samples(step, 50), 0.5) / 1e9
        counts[name] = max(30, min(20_000, int(seconds / rounds / max(each, 1e-7))))
    if between is not None:
        counts = dict.fromkeys(counts, 20)
    taken: dict[str, list[float]] = {name: [] for name in steps}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            empty = common.quantile(samples(lambda: None, 2000), 0.5)
            for name, step in steps.items():
                samples(step, 5)
                taken[name] += [t - empty for t in samples(step, counts[name], between)]
    finally:
        gc.enable()
    return taken


def microseconds(taken: list[float]) -> Row:
    return {p: common.rounded(common.quantile(taken, q) / 1e3, 4) for p, q in
            (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))}  # fmt: skip


def bandwidth(size: int) -> float:
    """GB/s at which one core reads so many bytes again and again."""
    from hitherto import _native

    return float(np.median([_native.calibrate("read", size, 1) for _ in range(5)]))


def point(cell: str, hidden: int, kinds: Sequence[str], rounds: int, seconds: float) -> list[Row]:
    """One layer: a row for each kind of weights."""
    x = np.random.default_rng(hidden).standard_normal(hidden).astype(np.float32)
    layer = layer_of(cell, hidden)
    sessions: dict[str, Any] = {}
    steps: dict[str, Callable[[], Any]] = {}
    for weights in kinds:
        steps[weights], sessions[weights] = hitherto_step(cell, layer, x, weights)
    steps["torch layer"], steps["torch cell"] = torch_layer_step(layer, x), torch_cell_step(cell, layer, x)
    other = onnx_step(cell, layer, x)
    if other is not None:
        steps["onnxruntime"] = other
    said = {name: [np.array(step()).reshape(-1) for _ in range(50)][-1] for name, step in steps.items()}
    taken = in_turn(steps, rounds, seconds)
    spoil = np.ones(16 << 20, np.float32)
    cold = in_turn(steps, rounds, seconds, spoil.sum)
    rows, peers = [], [name for name in steps if name not in WEIGHTS]
    for weights in kinds:
        native = [
            sessions[weights].time(x, 2000 if hidden < 256 else 300) / (2000 if hidden < 256 else 300)
            for _ in range(9)
        ]
        size = sessions[weights].engine.program.bytes
        bound = size / bandwidth(size) / 1e3
        own = common.quantile(taken[weights], 0.5)
        rows.append({
            "kind": "step", "cell": cell, "hidden": hidden, "weights": weights,
            "hitherto": microseconds(taken[weights]),
            "cold": common.rounded(common.quantile(cold[weights], 0.5) / 1e3, 4),
            "native": common.rounded(common.median(native) * 1e6, 4),
            "call": common.rounded(own / 1e3 - common.median(native) * 1e6, 3),
            "bytes": size, "bound": common.rounded(bound, 4),
            "times_bound": common.rounded(common.median(native) * 1e6 / bound, 3),
            "difference": common.rounded(float(np.abs(said[weights] - said["torch layer"]).max()), 2),
            "peers": {p: microseconds(taken[p]) for p in peers},
            "peers_cold": {p: common.rounded(common.quantile(cold[p], 0.5) / 1e3, 4) for p in peers},
            "faster": {p: common.rounded(common.quantile(taken[p], 0.5) / own, 3) for p in peers},
        })  # fmt: skip
    return rows


def chunk(cell: str, hidden: int, steps: int = 256) -> Row:
    """A chunk of steps of one stream in one call, beside torch's layer on the same."""
    import torch

    from hitherto.runtime.session import Session

    layer = layer_of(cell, hidden)
    x = np.random.default_rng(1).standard_normal((steps, hidden)).astype(np.float32)
    session, given = Session(engine_of(cell, layer, "float32")), torch.from_numpy(x[:, None])
    out = np.empty((steps, hidden), np.float32)

    def theirs() -> None:
        with torch.inference_mode():
            layer(given)

    taken = common.interleave({"hitherto": lambda: session.push(x, out=out), "torch": theirs}, 11)
    return {
        "kind": "chunk", "cell": cell, "hidden": hidden, "steps": steps,
        "steps_per_second": round(steps / common.median(taken["hitherto"])),
        "faster": common.rounded(common.ratios(taken, "hitherto")["torch"]["median"], 3),
    }  # fmt: skip


def many(cell: str, hidden: int, sessions: int, weights: str = "float32") -> Row:
    """One step of every session, in random order, on one core; gather and scatter included."""
    from hitherto.runtime.session import Sessions

    random = np.random.default_rng(0)
    engine = engine_of(cell, layer_of(cell, hidden), weights)
    held = Sessions(engine, sessions)
    ids = random.permutation(sessions)
    x = random.standard_normal((sessions, hidden)).astype(np.float32)
    out = np.empty((sessions, hidden), np.float32)
    call = lambda: held.push(ids, x, out=out)  # noqa: E731
    taken = common.interleave({"push": call}, 9, least=0.05)["push"]
    kept = held._block.nbytes + held._seen.nbytes + engine.program.bytes
    return {
        "kind": "many", "cell": cell, "hidden": hidden, "weights": weights, "sessions": sessions,
        "steps_per_second": round(sessions / common.median(taken)),
        "bytes_a_session": round(kept / sessions), "MiB": common.rounded(kept / 2**20, 4),
    }  # fmt: skip


def endurance(steps: int = 1_000_000) -> Row:
    """A stream that goes on: the time of its first and last tenth, and what memory grew; with an input that fades away.

    The weights are small and the biases zero, so that the state sinks through the numbers below 1e-38, which take most
    processors a hundred times as long.
    """
    import resource

    import torch

    from hitherto.runtime.session import Session

    layer = layer_of("gru", 64)
    with torch.no_grad():
        for name, value in layer.named_parameters():
            value.mul_(0.1 if "weight" in name else 0.0)
    session = Session(engine_of("gru", layer, "float32"))
    x = np.full(64, 1e-30, np.float32)
    session.time(x, 1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = [session.time(x * np.float32(10.0**-k), steps // 10) for k in range(10)]
    return {
        "kind": "endurance", "cell": "gru", "hidden": 64, "steps": steps,
        "last_over_first": common.rounded(taken[-1] / taken[0], 3),
        "slowest_over_first": common.rounded(max(taken) / taken[0], 3),
        "grown_KiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
    }  # fmt: skip


FIRST = """
import sys, time
if sys.argv[1] == "numpy":
    start = time.perf_counter(); import numpy
else:
    start = time.perf_counter(); import hitherto
    hitherto.open(sys.argv[1]).predict(["w1 w2 w3"])
print(time.perf_counter() - start)
"""


def first() -> Row:
    """From `import hitherto` to the first prediction of a model of 10 MB, in a fresh process; and numpy's import."""
    import hitherto

    words = [f"w{i}" for i in range(19_000)]
    data = [
        {"text": " ".join(words[i : i + 100]), "label": str(i // 100 % 2)} for i in range(0, len(words), 100)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        options: Row = {"embedding_size": 128, "hidden_size": 128, "min_count": 1, "valid": 0.0, "steps": 1}
        hitherto.train("classify", data, input="text", output="label", out=path, **options)
        size = path.stat().st_size

        def run(what: str) -> float:
            # as installed: compiled once, not at every start
            env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            command = [sys.executable, "-c", FIRST, what]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
            return float(done.stdout)

        taken: dict[str, list[float]] = {"whole": [], "numpy": []}
        for _ in range(12):
            taken["whole"].append(run(str(path)))
            taken["numpy"].append(run("numpy"))
    return {
        "kind": "first", "MB": common.rounded(size / 1e6, 3),
        "milliseconds": common.rounded(common.median(taken["whole"][1:]) * 1e3, 3),
        "of_which_numpy": common.rounded(common.median(taken["numpy"][1:]) * 1e3, 3),
    }  # fmt: skip


# ---- the whole


def missed(rows: list[Row]) -> list[str]:
    """Targets that were not reached."""
    found = []
    for row in rows:
        if row["kind"] == "step":
            where = f"{row['cell']} {row['hidden']} {row['weights']}"
            for peer, cells in TARGETS.get((row["weights"], row["hidden"]), {}).items():
                if row["faster"].get(peer, 99.0) < cells[row["cell"]]:
                    times = f"{row['faster'][peer]:g} times as fast as {PEERS.get(peer, peer)}"
                    found.append(f"{where}: {times}, target {cells[row['cell']]:g}")
            if row["call"] > 0.3:
                found.append(f"{where}: a call from Python adds {row['call']:g} µs, target 0.3")
            if row["hidden"] >= 64 and row["times_bound"] > 2:
                found.append(f"{where}: {row['times_bound']:g} times the memory bound, target 2")
        whole = row["kind"] == "many" and row["sessions"] == 100_000 and row["weights"] == "float32"
        if whole and (row["steps_per_second"] < 1.5e6 or row["MiB"] > 64):
            found.append(f"100,000 sessions: {row['steps_per_second']:,} steps/s in {row['MiB']:g} MiB")
        if row["kind"] == "first" and row["milliseconds"] > 100:
            found.append(f"first prediction after {row['milliseconds']:g} ms, target 100")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a part of the grid, one line of JSON")
    args = parser.parse_args(argv)
    os.environ["HITHERTO_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)
    rows: list[Row] = []
    if args.quick:
        for cell in CELLS:
            for hidden, kinds in ((64, ["float32"]), (128, ["float32"]), (256, ["float32", "int8"])):
                rows += point(cell, hidden, kinds, 3, 0.2)
        rows.append(many("gru", 64, 10_000))
        found = {f"{r['cell']} {r['hidden']} {r['weights']}": {"p50": r["hitherto"]["p50"], **r["faster"]}
                 for r in rows if r["kind"] == "step"}  # fmt: skip
        print(json.dumps({**found, "gru 64 sessions": rows[-1]["steps_per_second"], "missed": missed(rows)}))
        return 0
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    run = {"kind": "run", "command": "python benchmarks/stream.py", "commit": common.commit(), "when": when}
    common.append_row(RESULTS, {**run, **common.machine()})

    def keep(row: Row) -> None:
        rows.append(row)
        common.append_row(RESULTS, row)

    for row in (first(), endurance()):
        keep(row)
        say(str(row))
    for weights in WEIGHTS:
        for sessions in (1, 10, 100, 1000, 10_000, 100_000):
            keep(many("gru", 64, sessions, weights))
            say(str(rows[-1]))
    for cell in CELLS:
        for hidden in (64, 256):
            keep(chunk(cell, hidden))
            say(str(rows[-1]))
    for cell in CELLS:
        for hidden in HIDDEN:
            for row in point(cell, hidden, WEIGHTS, 9, 1.0):
                keep(row)
                faster = ", ".join(f"{v} x {p}" for p, v in row["faster"].items())
                say(
                    f"{cell} {hidden} {row['weights']}: {row['hitherto']['p50']} us, native {row['native']}, "
                    f"{row['times_bound']} x bound, {faster}"
                )
    for line in missed(rows):
        say(f"missed: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
