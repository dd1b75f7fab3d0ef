"""Training steps of one layer in bfloat16 beside float32, and beside torch.nn in both.

    python benchmarks/bfloat16.py [--repetitions 15] [--write]

bfloat16 is `torch.autocast("cpu", torch.bfloat16)` around the forward pass, for us and for torch.nn. One thread, and
its own CPU time instead of the clock's: other processes take turns with it, but do not count. They still share caches
and clock rate, so read the ratios: contenders take turns, and a ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

import common
import layers
import torch

import hitherto
from hitherto import native
from hitherto.model import kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESULTS = common.RESULTS / "bfloat16.jsonl"
POINTS = [
    {"cell": cell, "hidden": hidden, "batch": 64 if hidden < 512 else 32, "time": steps}
    | {"training": True, "ragged": False, "threads": 1}
    for hidden, steps in ((128, 100), (256, 50), (512, 25), (1024, 10))
    for cell in ("lstm", "gru")
]
PRECISIONS = ("float32", "bfloat16")


def contender(library: Any, point: common.Row, precision: str) -> Callable[[], Any]:
    given = layers.problem(point)
    layer = getattr(library, layers.LAYERS[point["cell"]])(point["hidden"], point["hidden"])
    layer.load_state_dict(given["layer"].state_dict())
    x = given["x"].requires_grad_()

    def step() -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            y, _ = layer(x)
        return torch.autograd.grad(y, [x, *layer.parameters()], given["grad"].to(y.dtype))

    return step


def measure(point: common.Row, repetitions: int = common.REPETITIONS) -> common.Row:
    torch.set_num_threads(1)
    calls = {
        f"{name} {precision}": contender(library, point, precision)
        for precision in PRECISIONS
        for name, library in (("hitherto", hitherto), ("torch", torch.nn))
    }
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repetitions):
        for name, call in calls.items():
            start = time.thread_time()
            call()
            taken[name].append(time.thread_time() - start)
    return {
        **point,
        "milliseconds": {name: common.rounded(common.median(t) * 1e3, 3) for name, t in taken.items()},
        "ratio": common.ratios(taken, "hitherto bfloat16"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=common.REPETITIONS)
    parser.add_argument("--write", action="store_true", help=f"keep the results in {RESULTS.name}")
    args = parser.parse_args(argv)
    if not kernels.multiplies_bfloat16():
        parser.error("this processor has neither AMX nor AVX512-BF16")
    extension = native.extension()
    by = "" if extension is None else str(extension.info()["bfloat16"])
    for point in POINTS:
        row = measure(point, args.repetitions)
        if args.write:
            common.keep(RESULTS, "bfloat16", **row, by=by, load=common.machine()["load"])
        common.say(
            f"{layers.key(point)}: " + ", ".join(f"{k} {v['median']}" for k, v in row["ratio"].items())
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
