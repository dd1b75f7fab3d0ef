"""The least time a point of the grid could take on this machine, and what it would be spent on.

The machine is calibrated (`calibrate`), the work is counted, and nothing is fitted: a percentage of this
roofline compares a measured time with a bound that no implementation of the same plan can beat. The plan has
two phases:

products   x W before the sweep; dX, dW_ih and dW_hh after it: large, parallel, as long as
           max(operations / peak, bytes of activations / bandwidth).
sweeps     h U step after step, forward and (in training) backward. Each step reads all recurrent weights
           once from the cache that holds them: max(operations / peak, bytes of weights / bandwidth).
           Threads split the rows of the batch (each reads all weights, at most one thread a row) or the
           hidden units (each reads its share, and each step ends in a barrier); the cheaper counts.
"""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import torch
from common import Row, rounded, seconds_of

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
READS = [2**k for k in range(14, 29)]  # 16 KiB .. 256 MiB


def native() -> Any:
    """The native extension as the layers use it, or None where they do without."""
    try:
        kernels = importlib.import_module("hitherto.model.kernels")
    except ImportError:
        return None
    return importlib.import_module("hitherto._native") if kernels.available() else None


def calibrate(threads: int) -> Row:
    """What the machine can do with so many threads: GFLOP/s, GB/s by buffer size, nanoseconds of a barrier.

    torch's own matrix product stands beside the peak: the two should agree within some 20 %, and under
    `--isa avx2` it shows that torch is held to AVX2 too. Without the extension only that is known.
    """
    torch.set_num_threads(threads)
    a = torch.randn(1024, 1024)
    best = min(seconds_of(lambda: a @ a) for _ in range(7))
    found: Row = {"torch_matmul": rounded(2 * 1024**3 / best / 1e9)}
    extension = native()
    if extension is None:
        return found

    def tries(kind: str, n: int, times: int = 20) -> list[float]:
        return [rounded(extension.calibrate(kind, n, threads)) for _ in range(times)]

    rounds = 1000
    while seconds_of(partial(extension.calibrate, "fma", rounds, threads)) < 5e-3 and rounds < 2**40:
        rounds *= 2
    peak = max(tries("fma", rounds))
    if peak > 0:  # 0: so many threads are not to be had
        found["fma"] = peak
        found["barrier"] = min(tries("barrier", 10_000)) if threads > 1 else 0.0
        found["read"] = {str(n): max(tries("read", n, 5)) for n in READS}
    return found


def flops(point: Row, tokens: int) -> float:
    """Useful operations of one call: two for every weight and true token, three times that with gradients.

    Gates, biases and activations are not counted, and padding is no work.
    """
    hidden = point["hidden"]
    work: float = (3 if point["training"] else 1) * 2.0 * tokens * GATES[point["cell"]] * hidden * 2 * hidden
    return work


def bandwidth(calibration: Row, size: float) -> float:
    """Bytes per second of all threads together, each reading its part of so many bytes again and again."""
    reads: dict[str, float] = calibration["read"]
    fits = [n for n in map(int, reads) if n >= size]
    return reads[str(min(fits) if fits else max(map(int, reads)))] * 1e9


def bound(point: Row, tokens: int, longest: int, calibration: Row) -> Row | None:
    """{"seconds": the bound, "term": what most of it is, "terms": {every term: seconds}}; None if not
    calibrated.

    `terms` holds what was compared, so they do not add up: the bound adds the larger of each phase, and
    barriers.
    """
    if "fma" not in calibration:
        return None
    hidden, batch, threads = point["hidden"], point["batch"], point["threads"]
    gates, training = GATES[point["cell"]] * hidden, point["training"]
    peak = calibration["fma"] * 1e9
    product = 2.0 * tokens * gates * hidden  # operations of one product over all tokens
    sweeps = 2 if training else 1

    # Floats per token that products and sweeps hand each other: x, y and state once, pre-activations written
    # and read; in training gates kept and read back, their gradients written and read by three products.
    floats = 2 * hidden + 2 * gates + (6 * gates + 5 * hidden if training else 0)
    parts = {
        "operations of products": (4 if training else 1) * product / peak,
        "bytes of activations": 4.0 * tokens * floats / bandwidth(calibration, 4.0 * tokens * gates),
    }
    products = max(parts, key=parts.__getitem__)

    weights = 4.0 * gates * hidden
    plans = []
    for workers, share, barrier in (
        (min(threads, batch), 1.0, 0.0),
        (threads, 1.0 / threads, calibration["barrier"] * 1e-9),
    ):
        per_thread = bandwidth(calibration, weights * share * threads) / threads
        terms = {
            "operations of sweeps": sweeps * product / (peak * workers / threads),
            "bytes of weights": sweeps * longest * weights * share / per_thread,
        }
        larger = max(terms, key=terms.__getitem__)
        waiting = sweeps * longest * barrier
        plans.append((terms[larger] + waiting, larger, {**terms, "barriers": waiting}))
    sweep_time, larger, terms = min(plans, key=lambda plan: plan[0])

    chosen = {products: parts[products], larger: terms[larger], "barriers": terms["barriers"]}
    return {
        "seconds": parts[products] + sweep_time,
        "term": max(chosen, key=chosen.__getitem__),
        "terms": {name: rounded(seconds) for name, seconds in {**parts, **terms}.items()},
    }
