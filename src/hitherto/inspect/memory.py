"""The memory of a model while it trains: how far back gradients reach, which gates are stuck, how large U is.

    memory(plan, tensors, batch)["step.recurrent.0"]["length"]

It is what `--watch memory` notes at every evaluation. It reads weights as arrays and changes nothing, so a run that is
watched takes the steps of one that is not.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from hitherto.arrays import Array
from hitherto.heads import HEADS
from hitherto.inspect import tape
from hitherto.inspect.measures import HIGH, LOW, memory_length
from hitherto.inspect.trace import Seen, trace
from hitherto.plan import Plan
from hitherto.runtime.executor import Batch

if TYPE_CHECKING:
    from hitherto.inspect.layers import Layer

__all__ = ["memory", "radius"]

ROWS, STEPS = 16, 256  # of a batch, at most: enough for means, and an evaluation stays cheap
LAGS = 48  # that are noted of a layer, at most; near ones all, far ones more and more apart
SQUARINGS = 14  # of a matrix, to see how fast its powers grow

Noted = dict[str, dict[str, object]]  # by the layer: plain values, as a log holds them


def memory(plan: Plan, tensors: Mapping[str, Array], batch: Batch) -> Noted:
    """Of each layer and direction, as means over some rows of the batch:

    lags, norms    the norm of the gradient of a row's last answer at what the layer read so many steps before its end
    length, steps  in how many of how many steps 90 % of it lies
    shut, open     of each gate from 0 to 1: the share of units and steps below 0.1, and above 0.9
    radius         of each gate: the spectral radius of its recurrent weights
    """
    sums: dict[str, Array] = {}
    counts: dict[str, Array] = {}
    gates: dict[str, dict[str, list[Array]]] = {}
    layers: dict[str, Layer] = {}
    for inputs in _alike(batch):
        seen = trace(plan, tensors, inputs)
        tape.backward(seen.features, _last(seen, plan))
        for layer in seen.layers:
            layers[layer.label] = layer
            norms = layer.gradient_norms()
            total = sums.setdefault(layer.label, np.zeros(STEPS))
            total[: len(norms)] += norms.sum(1)
            counts.setdefault(layer.label, np.zeros(STEPS))[: len(norms)] += norms.shape[1]
            passed = gates.setdefault(layer.label, {})
            for name in layer.cell.shares:
                if name in layer.gates:
                    passed.setdefault(name, []).append(layer.gates[name].ravel())
    noted: Noted = {}
    for label, layer in layers.items():
        reached = int(np.count_nonzero(counts[label]))
        norms = sums[label][:reached] / counts[label][:reached]
        lags = np.unique(np.geomspace(1, max(1, reached), LAGS).round().astype(int)) - 1
        whole = {name: np.concatenate(values) for name, values in gates[label].items()}
        noted[label] = {
            "lags": lags.tolist(),
            "norms": [_plain(v) for v in norms[lags]],
            "length": memory_length(norms),
            "steps": reached,
            "shut": {name: _plain((values < LOW).mean()) for name, values in whole.items()},
            "open": {name: _plain((values > HIGH).mean()) for name, values in whole.items()},
            "radius": {name: _plain(radius(u)) for name, u in layer.recurrent_weights().items()},
        }
    return noted


def _alike(batch: Batch) -> Iterator[dict[str, Array]]:
    """Some rows of a batch, those of one length together; of long ones their first steps."""
    x = batch.inputs["x"]
    rows = np.arange(x.shape[1]) if batch.rows is None else np.flatnonzero(batch.rows >= 0)
    known = {"x": batch.lengths, "source": batch.source_lengths}
    lengths: dict[str, Array] = {}
    for name, value in batch.inputs.items():
        whole = known[name]
        lengths[name] = np.minimum(STEPS, np.full(x.shape[1], len(value)) if whole is None else whole)
    rows = rows[np.min([lengths[name][rows] for name in lengths], 0) > 0]
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).astype(int))]
    sizes = np.stack([lengths[name][rows] for name in lengths])
    for size in np.unique(sizes, axis=1).T:
        some = rows[(sizes == size[:, None]).all(0)]
        yield {name: batch.inputs[name][:n, some] for name, n in zip(lengths, size, strict=True)}


def _last(seen: Seen, plan: Plan) -> Array:
    """The gradient of the features by which each row asks for what its last answer says."""
    head, features = plan["head"], seen.features.value
    last = features if features.ndim == 2 else features[-1]
    params = last if seen.matrix is None else last @ seen.matrix.T + (0 if seen.bias is None else seen.bias)
    asked, _ = seen.asked(HEADS[head["kind"]].stands(params, **head["options"]))
    if features.ndim == 2:
        return asked
    seed = np.zeros(features.shape, np.float32)
    seed[-1] = asked
    return seed


def radius(u: Array) -> float:
    """The spectral radius of a square matrix: how fast its powers grow, from one of them that is high.

    By squaring, for that is matrix products, which a large layer can afford where it cannot afford eigenvalues.
    """
    power, grown = np.asarray(u, np.float64), 0.0  # u ** (2 ** k) is power * exp(grown)
    for _ in range(SQUARINGS):
        size = float(np.linalg.norm(power))
        if not 0 < size < np.inf:
            return size if size == 0 else float("nan")
        power = power / size
        power, grown = power @ power, 2 * (grown + np.log(size))
    size = float(np.linalg.norm(power))
    return float(np.exp((grown + np.log(size)) / 2**SQUARINGS)) if size > 0 else 0.0


def _plain(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None
