"""Trained models without the extension: CPU time of a stream's step and of a batch in numpy, beside the extension.

    OPENBLAS_NUM_THREADS=1 HITHERTO_NUM_THREADS=1 python benchmarks/pure.py

Both take turns in one process; a figure is the median of seven turns. Prints a table.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hitherto import native
from hitherto.cells import CELLS
from hitherto.runtime.chain import Chain
from hitherto.runtime.session import Session

if TYPE_CHECKING:
    from hitherto.plan import Operation

SHAPES = {  # cell, inputs, hidden units, layers, outputs
    "a series, GRU of 32": ("gru", 1, 32, 1, 2),
    "a sensor, LSTM of 64": ("lstm", 8, 64, 1, 4),
    "sound, 2 LSTMs of 128": ("lstm", 40, 128, 2, 30),
    "words, 2 LSTMs of 200, 10,000 words": ("lstm", 200, 200, 2, 10_000),
    "an LSTM of 512": ("lstm", 512, 512, 1, 60),
}
TURNS, ROWS, STEPS = 7, 16, 50


def chain_of(cell: str, inputs: int, hidden: int, layers: int, outputs: int) -> Chain:
    draw = np.random.default_rng(3)
    shapes = {"p.weight": (outputs, hidden), "p.bias": (outputs,)}
    for layer in range(layers):
        params = CELLS[cell].params(hidden if layer else inputs, hidden)
        shapes |= {f"r.{name}_l{layer}": shape for name, shape in params.items()}
    tensors = {name: draw.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    options = {
        "cell": cell, "input_size": inputs, "hidden_size": hidden, "num_layers": layers, "bidirectional": False,
        "dropout": 0.0, "recurrent_dropout": 0.0, "layer_norm": False, "residual": False,
    }  # fmt: skip
    linear = {"input_size": hidden, "output_size": outputs, "bias": True}
    steps: list[Operation] = [
        {"op": "recurrent", "name": "r", "inputs": ["x"], "outputs": ["y"], "options": options},
        {"op": "linear", "name": "p", "inputs": ["y"], "outputs": ["z"], "options": linear},
    ]
    return Chain(steps, {"kind": "vectors", "size": inputs}, tensors, "float32")


def seconds(times: int, call: Callable[..., object], *args: object) -> float:
    start = time.process_time()
    for _ in range(times):
        call(*args)
    return (time.process_time() - start) / times


def main() -> None:
    native.warn_once = lambda why: None  # type: ignore[assignment]
    print("| model | step, extension | step, numpy | times | batch, extension | batch, numpy | times |")
    print("|---|---|---|---|---|---|---|")
    for name, shape in SHAPES.items():
        chains = []
        for pure in ("0", "1"):
            os.environ["HITHERTO_PURE"] = pure
            chains.append(chain_of(*shape))
        sessions = [Session(chain) for chain in chains]
        x = np.random.default_rng(0).normal(0, 1, (STEPS, ROWS, shape[1])).astype(np.float32)
        took: list[list[float]] = [[], [], [], []]
        for _ in range(TURNS):
            for i, (chain, session) in enumerate(zip(chains, sessions, strict=True)):
                took[i].append(seconds(200, session.push, x[0, 0]))
                took[2 + i].append(seconds(1, chain.read, x))
        a, b, c, d = map(statistics.median, took)
        print(
            f"| {name} | {a * 1e6:.1f} us | {b * 1e6:.0f} us | {b / a:.0f} "
            f"| {c * 1e3:.1f} ms | {d * 1e3:.0f} ms | {d / c:.0f} |"
        )


if __name__ == "__main__":
    main()
