"""Measures of what a model holds and of what its answers rest on: arrays in, arrays out.

An answer is asked by a sum of the head's parameters, `weights` [P]. Rows of a batch are copies of the one value, so
that many questions are one run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.inspect import tape
from hitherto.inspect.layers import Layer
from hitherto.inspect.trace import Seen, trace
from hitherto.tasks.opened import OpenModel

__all__ = [
    "Asked",
    "ablated",
    "context",
    "gradient",
    "half_life",
    "integrated",
    "left_out",
    "memory_length",
    "path",
    "saturation",
]

POINTS = 32  # on the way from nothing to the value, of integrated gradients
TOKENS = 20_000  # steps of all rows that are run at a time
SHARE = 0.9  # of the gradient, within the memory length
LOW, HIGH = 0.1, 0.9  # below and above them a gate is saturated

Inputs = Mapping[str, Array]
Fields = dict[str, object]


def half_life(gate: Array) -> Array:
    """In how many steps half of what each unit keeps is gone, [H], by the gate [T, H] that says which share stays."""
    mean = np.log(np.maximum(gate, 1e-30)).mean(0, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(
            np.log(0.5) / np.minimum(mean, -0.0) if len(gate) else np.full(gate.shape[1], np.nan)
        )


def saturation(gate: Array) -> Array:
    """The share of the steps in which each unit's gate is nearly shut and nearly open, [2, H]."""
    return np.stack([(gate < LOW).mean(0), (gate > HIGH).mean(0)])


def _rows(count: int, inputs: Inputs) -> Iterator[slice]:
    """Rows in parts that fit into memory."""
    many = max(1, TOKENS // max(1, sum(len(x) for x in inputs.values())))
    for first in range(0, count, many):
        yield slice(first, min(first + many, count))


def _copies(inputs: Inputs, count: int) -> dict[str, Array]:
    return {name: np.repeat(x, count, 1) for name, x in inputs.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a measure works on."""

    model: OpenModel
    inputs: Inputs  # of one row
    weights: Array  # [explained, P]: the sum of params that each answer is asked by
    explained: Sequence[int]  # the answers that are asked about
    layers: Sequence[Layer]  # what each did on the whole of it

    @property
    def pooled(self) -> bool:
        """Whether the model answers once, at the end."""
        return self.model.engine.pools

    def trace(self, inputs: Inputs, scale: Inputs | None = None, change: Inputs | None = None) -> Seen:
        """A run over these inputs."""
        return trace(self.model.plan, self.model.tensors, inputs, scale, change)

    def prefixes(self) -> list[tuple[dict[str, Array], list[int]]]:
        """The inputs of each run, and which of `explained` it is of: one that pools reads each beginning apart."""
        if not self.pooled:
            return [(dict(self.inputs), list(range(len(self.explained))))]
        return [({**self.inputs, "x": self.inputs["x"][: k + 1]}, [i]) for i, k in enumerate(self.explained)]

    def nothing(self) -> dict[str, Array]:
        """Zeros for what each step of each input did for each answer, [explained, T]."""
        return {name: np.zeros((len(self.explained), len(x)), np.float32) for name, x in self.inputs.items()}

    def seeds(self, seen: Seen, rows: Sequence[int]) -> Array:
        """The gradient of the features by which each row asks its own answer."""
        vectors, _ = seen.asked(self.weights[rows])
        if self.pooled:
            return vectors
        seed = np.zeros(seen.features.shape, np.float32)
        seed[np.array([self.explained[i] for i in rows]), np.arange(len(rows))] = vectors
        return seed

    def pulled(self, shares: Array) -> Iterator[tuple[Seen, Inputs, list[int], Array]]:
        """Runs that gradients went back through, for each answer with each of these shares of what is read.

        Gives the run, what it read, which answer each of its rows asked, and with which share.
        """
        for read, of in self.prefixes():
            pairs = [(i, share) for i in of for share in shares]
            for some in _rows(len(pairs), read):
                rows = [i for i, _ in pairs[some]]
                at = np.array([share for _, share in pairs[some]], np.float32)
                scale = {name: np.broadcast_to(at, (len(x), len(at))) for name, x in read.items()}
                seen = self.trace(_copies(read, len(rows)), None if (at == 1).all() else scale)
                tape.backward(seen.features, self.seeds(seen, rows))
                yield seen, read, rows, at


def gradient(asked: Asked) -> Fields:
    """Gradient times input of each answer, and the norm of the last one's gradient by lag."""
    rests, plan = asked.nothing(), asked.model.plan
    within: dict[str, Array] = {}
    lags: dict[str, Array] = {}
    for seen, read, rows, _ in asked.pulled(np.ones(1, np.float32)):
        for name in read:
            product = seen.products(name).T
            rests[name][rows, : product.shape[1]] = product
        if rows[-1] == len(asked.explained) - 1:
            lags = _by_lag(seen.layers)
            for name, x in read.items():
                if x.ndim == 3 and any(leaf.var.shape[-1] == x.shape[-1] for leaf in seen.leaves[name]):
                    each = seen.gradients(name)[:, -1] * x[:, 0]
                    within[name] = each.reshape(len(each), *plan["inputs"][name].get("shape", (-1,)))
    lengths = {name: memory_length(norms) for name, norms in lags.items()}
    return {"rests": rests, "within": within, "lags": lags, "memory": lengths}


def integrated(asked: Asked) -> Fields:
    """Integrated gradients: the mean of the gradient from nothing to the value, times the value."""
    rests = asked.nothing()
    for seen, read, rows, at in asked.pulled((np.arange(POINTS, dtype=np.float32) + 0.5) / POINTS):
        for name in read:
            product = (seen.products(name) / at).T / POINTS
            np.add.at(rests[name][:, : product.shape[1]], rows, product)
    return {"rests": rests}


def left_out(asked: Asked) -> Fields:
    """How much of the score of each answer goes where a step reads zeros in place of its input."""
    rests = asked.nothing()
    for read, of in asked.prefixes():
        answers = [asked.explained[i] for i in of]

        def scores(seen: Seen, of: list[int] = of, answers: list[int] = answers) -> Array:
            vectors, constants = seen.asked(asked.weights[of])  # [E, F], [E]
            features = (
                seen.features.value[None] if asked.pooled else seen.features.value[answers]
            )  # [E, B, F]
            return np.asarray((features @ vectors[..., None])[..., 0] + constants[:, None])

        whole = scores(asked.trace(read))
        for name, x in read.items():
            for some in _rows(len(x), read):
                steps = np.arange(some.start, some.stop)
                scale = {n: np.ones((len(v), len(steps)), np.float32) for n, v in read.items()}
                scale[name][steps, np.arange(len(steps))] = 0
                rests[name][np.array(of)[:, None], steps] = whole - scores(
                    asked.trace(_copies(read, len(steps)), scale)
                )
    return {"rests": rests}


def _by_lag(layers: Sequence[Layer]) -> dict[str, Array]:
    """The norm of the gradient at what each layer read, for the last row: the newest step first, [T]."""
    lags = {}
    for layer in layers:
        if layer.direction:
            continue  # it reads the same as the other direction
        lags[layer.label] = layer.gradient_norms()[:, -1]
    return lags


def memory_length(norms: Array) -> int:
    """How many of the newest steps have 90 % of the gradient; 0 where there is none."""
    total = norms.sum(dtype=np.float64)
    if not total > 0:
        return 0
    return int(np.searchsorted(norms.cumsum(dtype=np.float64), SHARE * total) + 1)


def ablated(asked: Asked, layer: Layer) -> Array:
    """How much of the score of the last answer goes where each unit of a layer is silent, [width]."""
    width = layer.y.shape[-1]

    def score(seen: Seen) -> Array:
        vector, constant = seen.asked(asked.weights[-1])
        features = seen.features.value if asked.pooled else seen.features.value[asked.explained[-1]]
        return np.asarray(features @ vector + constant)

    lost = np.zeros(width, np.float32)
    whole = score(asked.trace(asked.inputs))[0]
    for some in _rows(width, asked.inputs):
        units = np.arange(some.start, some.stop)
        change = np.ones((len(units), width), np.float32)
        change[np.arange(len(units)), units] = 0
        copies = _copies(asked.inputs, len(units))
        lost[units] = whole - score(asked.trace(copies, change={layer.label: change}))
    return lost


def context(asked: Asked) -> Fields:
    """What the last answer would be of the last k steps alone, for some k; of a source where there is one."""
    engine, inputs, weights = asked.model.engine, asked.inputs, asked.weights[-1]
    name = "source" if "source" in inputs else "x"
    x = inputs[name]
    T = len(x)
    counts = np.unique(
        np.concatenate([np.arange(1, min(T, 32) + 1), np.geomspace(1, T, 32).round().astype(np.int64)])
    )
    padded = np.zeros((T, len(counts), *x.shape[2:]), x.dtype)
    for row, k in enumerate(counts.tolist()):
        padded[:k, row] = x[T - k :, 0]
    rows = _copies(inputs, len(counts)) | {name: padded}
    features, _ = engine.forward(
        rows, counts if name == "x" else None, None, counts if name == "source" else None
    )
    if not engine.pools:
        features = features[counts - 1, np.arange(len(counts))] if name == "x" else features[-1]
    params = engine.params(features)
    scores = (params * weights).sum(-1)
    off = np.linalg.norm(params - params[-1], axis=-1) / max(1e-12, float(np.linalg.norm(params[-1])))
    return {"context": {"steps": counts, "scores": scores, "change": off, "params": params}}


def path(asked: Asked, axes: int = 3) -> Fields:
    """The last layer's h on its main axes: places, [T, n], axes, [n, H], and the share of what varies on each."""
    last = asked.layers[-1]
    h = last.states[last.cell.states[0]][:, 0]
    middle = h.mean(0)
    _, sizes, rows = np.linalg.svd((h - middle).astype(np.float64), full_matrices=False)
    total = max(1e-30, float((sizes**2).sum()))
    places = (h - middle) @ rows[:axes].T
    return {
        "path": {"places": places, "axes": rows[:axes], "shares": sizes[:axes] ** 2 / total, "middle": middle}
    }
