"""The plan on our own kernels: one of the two executors, the one that runs without torch.

    engine = Engine(plan, tensors, weights="int8")
    features, state = engine.forward(inputs, lengths, state)     # all operations but the head's
    params = engine.params(features)                             # what the head reads

Every product is native, in one fixed order of summation: an answer's bits depend neither on the rows beside it nor on
how a sequence is cut, nor on the number of threads. State is a dict of [K, B, W] arrays, named as in `plan.states`.

Of a plan with an encoder, `encode(source, lengths)` gives the state to begin with. To its states come, where the plan
looks back, what it looks at: `attend.memory`, [R, S, M], and `attend.lengths`, [R], of R sources, `attend.keys`,
[R, S, H], by which attention finds its way, and `attend.row`, [B], which of these each row has; `attend.source`,
[R, S], is the sources' ids, where they have any. After a step `attention`, [T, B, S], says where it looked, and
`gate`, [T, B], how much of its answer it writes itself, where it may copy.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.heads.table import nll
from hitherto.plan import OPS, states, tensor_name
from hitherto.runtime.program import program
from hitherto.runtime.stages import RUN, WEIGHTS, Stages, State

__all__ = ["Engine", "numbers", "threads"]


def threads() -> int:
    """How many threads a batch is shared by: HITHERTO_NUM_THREADS, or all cores that this process may use."""
    given = os.environ.get("HITHERTO_NUM_THREADS", "")
    if given:
        if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= 1024):
            raise UsageError(
                f"HITHERTO_NUM_THREADS must be a number from 1 to 1024, but is {given!r:.60}: change it, or unset it "
                "to use all cores."
            )
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def numbers(x: Any, kinds: str, what: str) -> Array:
    """An array of one of these kinds of numbers; an error where it is another, or none."""
    try:
        found = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise UsageError(f"expected {what}, got {x!r:.60}.") from error
    if found.size and found.dtype.kind not in kinds:
        raise UsageError(f"expected {what}, got {found.dtype!r}.")
    return found


class Engine:
    """A plan that runs on the extension. `weights` says how they are held: float32, bfloat16 or int8."""

    def __init__(
        self, plan: Mapping[str, Any], tensors: Mapping[str, Array], weights: str = "float32"
    ) -> None:
        if weights not in WEIGHTS:
            raise UsageError(f"weights must be one of {', '.join(WEIGHTS)}, but came as {weights!r}.")
        self.plan = dict(plan)
        self.weights = weights
        self.places: dict[str, tuple[int, int, int]] = {}  # state -> its first float in a row's block, K, W
        size = 0
        for name, (k, w) in states(self.plan).items():
            self.places[name] = (size, k, w)
            size += k * w
        self.size = size
        self.stride = -(-size // 16) * 16 or 16  # of a row's block: whole lines of the cache
        stages = Stages(self.plan, tensors, self.places)
        self.program = program(weights, size, stages.rows)
        self.stages = len(stages.widths)
        head = self.plan["head"]
        self.head = (
            self.stages - 1 if head is not None else self.stages
        )  # the first stage that is not features
        self.widths = stages.widths
        self.pools = stages.pool is not None
        self.ids = stages.ids
        self.input_size = stages.input_size
        self.attends = any(op["op"] in ("attend", "window") for op in self.plan["step"])
        chains = [op for op in self.plan["step"] if op["op"] == "chain"]
        # the head's own weights
        self.own = {name: tensors[tensor_name(op, name)] for op in chains for name in ("W", "V")}
        self.gate: Engine | None = None
        self.keys: Engine | None = None
        self.encoder: Engine | None = None
        self.sight: Engine | None = None
        # what tells the places apart that a step of the source becomes, [places, size]
        self.grid: Array | None = None
        if "encode" in self.plan:
            self._prepare_encoder(tensors)

    def _prepare_encoder(self, tensors: Mapping[str, Array]) -> None:
        """What runs beside the steps: the encoder, the bridges from its states to ours, the keys of what it read."""

        def product(op: Mapping[str, Any], weight: str, bias: str | None, activation: str = "") -> Engine:
            kept = {"p.weight": tensors[tensor_name(op, weight)]}
            if bias is not None:
                kept["p.bias"] = tensors[tensor_name(op, bias)]
            size, width = kept["p.weight"].shape
            options = {
                "input_size": width,
                "output_size": size,
                "bias": bias is not None,
                "activation": activation,
            }
            linear = {"op": "linear", "name": "p", "inputs": ["x"], "outputs": ["y"], "options": options}
            plan = {"inputs": {"x": {"kind": "vectors", "size": width}}, "step": [linear], "head": None}
            return Engine(plan, kept, self.weights)

        encode, x = self.plan["encode"], self.plan["inputs"]["source"]
        at = next((i for i, op in enumerate(encode) if op["op"] == "grid"), None)
        if at is not None:
            if at > 0:
                self.sight = Engine(
                    {"inputs": {"x": x}, "step": encode[:at], "head": None}, tensors, self.weights
                )
            self.grid = np.asarray(tensors[tensor_name(encode[at], "weight")], np.float32)
            width = self.grid.shape[1]
            encode, x = encode[at + 1 :], {"kind": "vectors", "size": width}
        self.encoder = Engine({"inputs": {"x": x}, "step": encode, "head": None}, tensors, self.weights)
        self.bridges = [
            (
                op,
                [
                    product(op, f"weight_{i}", f"bias_{i}", op["options"]["activation"])
                    for i in range(op["options"]["rows"])
                ],
            )
            for op in self.plan["bridge"]
        ]
        for op in self.plan["step"]:
            if op["op"] == "attend" and op["options"]["kind"] == "multiplicative":
                self.keys = product(op, "weight", None)
            elif op["op"] == "attend":
                self.keys = product(op, "weight_key", "bias")
            elif op["op"] == "copy":
                self.gate = product(op, "weight", "bias")

    # ---- states

    def zero_state(self, rows: int) -> State:
        """The state before any input."""
        return {name: np.zeros((k, rows, w), np.float32) for name, (_, k, w) in self.places.items()}

    def block(self, rows: int) -> Array:
        """Zeroed memory for the states of so many rows, [rows, stride], as the program has them."""
        whole = np.zeros(rows * self.stride + 16, np.float32)
        first = (-whole.ctypes.data // 4) % 16
        return whole[first : first + rows * self.stride].reshape(rows, self.stride)

    def views(self, block: Array) -> State:
        """The states in `block` by name, [rows, K, W]: views, so writing to them writes to it."""
        return {
            name: block[:, first : first + k * w].reshape(len(block), k, w)
            for name, (first, k, w) in self.places.items()
        }

    # ---- running

    def encode(self, source: Array, lengths: Array | None = None) -> State:
        """What the steps begin with, once these sources, ids [S, R] or vectors [S, R, I], are read."""
        assert self.encoder is not None  # noqa: S101 - asked of plans that have one
        x = source if self.sight is None else self.sight.apply(source)
        if self.grid is not None:
            (S, R, _), places = x.shape, len(self.grid)
            x = (x.reshape(S, R, places, -1) + self.grid).transpose(0, 2, 1, 3).reshape(S * places, R, -1)
            lengths = None if lengths is None else lengths * places
        memory, ends = self.encoder.forward({"x": x}, lengths)
        S, R = x.shape[:2]
        lengths = np.full(R, S, np.int64) if lengths is None else lengths
        return self.begin(x if self.encoder.pools else memory, ends, source, lengths)

    def begin(self, memory: Array, ends: State, source: Array, lengths: Array) -> State:
        """What the steps begin with, once the encoder gave `memory`, [S, R, M], and ended with the states `ends`."""
        state = self.zero_state(len(lengths))
        for op, rows in self.bridges:
            o, end = op["options"], ends[op["inputs"][0]]
            R = end.shape[1]
            last = np.maximum(np.arange(o["layers"] - o["rows"], o["layers"]), 0)
            sides = end.reshape(o["layers"], o["directions"], R, -1)[last]
            whole = sides.transpose(0, 2, 1, 3).reshape(o["rows"], R, -1)
            state[op["outputs"][0]] = np.concatenate(
                [product.apply(whole[i : i + 1]) for i, product in enumerate(rows)]
            )
        if self.attends:
            memory = np.ascontiguousarray(memory.transpose(1, 0, 2))  # [R, S, M]
            state |= {
                "attend.memory": memory,
                "attend.lengths": np.ascontiguousarray(lengths, np.int64),
                "attend.row": np.arange(memory.shape[0]),
            }
            if self.keys is not None:
                state["attend.keys"] = self.keys.apply(memory)
            if self.encoder is not None and self.encoder.ids is not None:
                state["attend.source"] = np.ascontiguousarray(source.T, np.int64)
        return state

    def pick(self, state: State, rows: Array) -> State:
        """The state of these rows; sources that no row has any more are let go."""
        found = {name: value[:, rows] for name, value in state.items() if name in self.places}
        if not self.attends:
            return found
        used, row = np.unique(state["attend.row"][rows], return_inverse=True)
        for name, kept in state.items():
            if name.startswith("attend.") and name != "attend.row":
                found[name] = kept if len(used) == len(kept) else kept[used]
        return found | {"attend.row": row.astype(np.int64)}

    def forward(
        self,
        inputs: Mapping[str, Array],
        lengths: Array | None = None,
        state: State | None = None,
        source_lengths: Array | None = None,
    ) -> tuple[Array, State]:
        """What the head reads, [T, B, F] or after a pool [B, F]; and the state afterwards."""
        x = inputs["x"]
        if state is None and self.encoder is not None:
            state = self.encode(inputs["source"], source_lengths)
        block = self.block(x.shape[1])
        if state is not None:
            for name, view in self.views(block).items():
                view[:] = state[name].transpose(1, 0, 2)
        after: State = {}
        if self.attends and state is not None:
            after = {name: value for name, value in state.items() if name.startswith("attend.")}
            after["attention"] = np.empty((*x.shape[:2], after["attend.memory"].shape[1]), np.float32)
        features = self.run(x, block, lengths, end=self.head, memory=after)
        if self.gate is not None:
            after["gate"] = self.gate.apply(features)[..., 0]
        after |= {name: view.transpose(1, 0, 2).copy() for name, view in self.views(block).items()}
        return features, after

    def apply(self, x: Array, begin: int = 0) -> Array:
        """The operations from stage `begin` on, which have no states, at every place of x [.., I]."""
        flat = np.ascontiguousarray(x, np.float32).reshape(1, -1, x.shape[-1])
        found = self.run(flat, self.block(0), begin=begin, stateless=True)
        return found.reshape(*x.shape[:-1], found.shape[-1])

    def params(self, features: Array) -> Array:
        """The head's parameters for `features`."""
        return self.apply(features, begin=self.head)

    def step(self, state: State | None, x: Array) -> tuple[Array, State]:
        """The step contract: one more input for every row, and what the head says then."""
        features, after = self.forward({"x": np.asarray(x)[None]}, None, state)
        return self.params(features if self.pools else features[-1]), after

    def run(
        self,
        x: Array,
        block: Array,
        lengths: Array | None = None,
        *,
        slots: Array | None = None,
        begin: int = 0,
        end: int | None = None,
        out: Array | None = None,
        stateless: bool = False,
        memory: State | None = None,
    ) -> Array:
        """Steps x [T, B, ..] of the rows of `block`, or of those that `slots` names; the states move on in place.

        Stages begin .. end - 1 are run; what the last of them gives is written to `out`, if that is given. `memory` has
        what they attend to, and the array `attention` that is written.
        """
        end = self.stages if end is None else end
        ids = begin == 0 and self.ids is not None
        x = self._input(x, begin, ids)
        T, B = x.shape[:2]
        pooled = self.pools and begin == 0
        shape = (B, self.widths[end - 1]) if pooled else (T, B, self.widths[end - 1])
        if out is None:
            out = np.empty(shape, np.float32)
        elif out.shape != shape or out.dtype != np.float32 or not out.flags.carray:
            raise UsageError(
                f"out must be a contiguous float32 array of shape {shape} that can be written to, but is "
                f"{out.dtype} {out.shape}{'' if out.flags.writeable else ', read-only'}."
            )
        if lengths is not None:
            lengths = np.ascontiguousarray(lengths, np.int64)
            if lengths.shape != (B,) or ((lengths < 0) | (lengths > T)).any():
                raise UsageError(f"lengths must be {B} numbers from 0 to {T}.")
        if not stateless and slots is None and len(block) != B:
            raise UsageError(f"there are states of {len(block)} rows, but inputs of {B}.")
        self.program.run(x, block, out, lengths, slots, begin, end, threads(), *_attended(memory))
        return out

    def _input(self, x: Array, begin: int, ids: bool) -> Array:
        if ids:
            assert self.ids is not None  # noqa: S101
            x = numbers(x, "iu", "whole numbers")
            if x.ndim != 2:
                raise UsageError(f"expected ids of shape [T, B], got an array of shape {x.shape}.")
            if x.size and (x.min() < 0 or x.max() >= self.ids):
                raise UsageError(f"expected ids from 0 to {self.ids - 1}, got {x.min()} to {x.max()}.")
            return np.ascontiguousarray(x, np.int64)
        x = numbers(x, "fiub", "real numbers")
        width = self.input_size if begin == 0 else self.widths[begin - 1]
        if x.ndim != 3 or x.shape[2] != width:
            raise UsageError(f"expected an array of shape [T, B, {width}], got {x.shape}.")
        try:
            with np.errstate(over="raise"):
                return np.ascontiguousarray(x, np.float32)
        except FloatingPointError as error:
            raise UsageError(f"expected numbers that float32 can hold, got {np.abs(x).max():g}.") from error

    # ---- batches

    def outputs(self, batches: Iterator[Any], answers: str) -> Iterator[tuple[Any, Array]]:
        """Every batch with what the model says at its scored places: the head's parameters, or the loss there."""
        kept: State | None = None
        for batch in batches:
            features, after = self.forward(
                batch.inputs, batch.lengths, _carried(batch.carry, kept), batch.source_lengths
            )
            kept = None if batch.keep is None else {name: v[:, batch.keep] for name, v in after.items()}
            flat = features.reshape(-1, features.shape[-1])
            scored = flat if batch.at is None else flat[batch.at]
            if answers == "params":
                yield batch, self.params(scored)
            else:
                yield batch, self._losses(scored, batch.targets["y"], _copied(batch, after))

    def nll(self, params: Array, y: Array) -> Array:
        """Minus the log-probability that the head gives to each y, [N]."""
        head = self.plan["head"]
        found: Array = nll(head["kind"], params, y, **head["options"], **self.own)
        return found

    def mean(self, params: Array) -> Array:
        """What the head expects."""
        head = self.plan["head"]
        found: Array = HEADS[head["kind"]].mean(params, **head["options"], **self.own)
        return found

    def draw(self, params: Array, rng: "np.random.Generator", **how: Any) -> Array:
        """What comes next, drawn as the head says."""
        head = self.plan["head"]
        found: Array = HEADS[head["kind"]].sample(params, rng, **head["options"], **self.own, **how)
        return found

    def _losses(self, features: Array, y: Array, copied: State) -> Array:
        """The negative log-likelihood of each y; a part at a time, since a vocabulary has many numbers."""
        found = np.empty(len(y), np.float32)
        kind = self.plan["head"]["kind"]
        for first in range(0, len(y), 512):
            part = slice(first, first + 512)
            params = self.params(features[part])
            if copied:
                parts = {name: value[part] for name, value in copied.items()}
                found[part] = -HEADS["pointer"].log_prob(params, y[part], **parts)
                continue
            if kind != "softmax":
                found[part] = self.nll(params, y[part])
                continue
            top = params.max(-1, keepdims=True)
            total = np.exp(params - top).sum(-1, dtype=np.float64)
            chosen = np.take_along_axis(params, np.asarray(y[part], np.int64)[:, None], 1)[:, 0]
            found[part] = np.log(total) + top[:, 0] - chosen
        return found


def _copied(batch: Any, after: State) -> State:
    """Where answers are copied: at each scored place the gate, and how much of the attention lies on what is true."""
    if "gate" not in after:
        return {}
    gate = after["gate"].reshape(-1)
    attention = after["attention"].reshape(len(gate), after["attention"].shape[-1])
    at = np.arange(len(gate)) if batch.at is None else batch.at
    source = batch.inputs["source"].T  # [B, S]
    same = source[at % len(source)] == batch.targets["y"][:, None]
    return {"gate": gate[at], "copied": np.maximum((attention[at] * same).sum(1), 1e-30)}


def _carried(carry: Array | None, kept: State | None) -> State | None:
    """The state that the rows of a batch begin with: of those that go on, what was kept."""
    if carry is None or kept is None:
        return None
    return {
        name: np.where((carry < 0)[None, :, None], np.float32(0), value[:, np.maximum(carry, 0)])
        for name, value in kept.items()
    }


def _attended(memory: State | None) -> tuple[Array | None, ...]:
    """What a program is told of the memory that it attends to."""
    if not memory:
        return (None,) * 5
    values, row = memory["attend.memory"], memory["attend.row"]
    alone = len(row) == len(values) and bool((row == np.arange(len(row))).all())
    return (
        memory.get("attend.keys"), values, memory["attend.lengths"], None if alone else row, memory["attention"]
    )  # fmt: skip


if RUN.keys() != OPS.keys():
    raise AssertionError("an operation of OPS has no way to run here")
