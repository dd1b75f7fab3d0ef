"""The plan on our own kernels: the executor that runs without torch.

    engine = Engine(plan, tensors, weights="int8")
    features, state = engine.forward(inputs, lengths, state)     # all operations but the head's
    params = engine.params(features)                             # what the head reads

Every product is native, in one fixed order of summation. So the bits of an answer depend neither on the rows beside it,
nor on how a sequence is cut, nor on the number of threads. State is a dict of [K, B, W] arrays, named as in
`plan.states`.

Of a plan with an encoder, `encode(source, lengths)` gives the initial state. Where the plan looks back, this state also
has what it looks at: `attend.memory`, [R, S, M], and `attend.lengths`, [R], of R sources, `attend.keys`, [R, S, H], and
`attend.row`, [B], which of these sources each row has; `attend.source`, [R, S], is the sources' ids, where they have
any. After a step `attention`, [T, B, S], is where it looked, and `gate`, [T, B], the logit of writing itself, where the
head may copy.
"""

from collections.abc import Mapping

import numpy as np

from hitherto.arrays import Array
from hitherto.heads import HEADS
from hitherto.plan import OPS, Input, Operation, Plan, tensor_name
from hitherto.runtime.chain import Chain, numbers, threads
from hitherto.runtime.executor import Batch, answered
from hitherto.runtime.stages import State

__all__ = ["Engine", "numbers", "threads"]


class Engine(Chain):
    """A plan that runs on the extension. `weights` is the precision that holds them: float32, bfloat16 or int8."""

    def __init__(self, plan: Plan, tensors: Mapping[str, Array], weights: str = "float32") -> None:
        super().__init__(plan["step"], plan["inputs"]["x"], tensors, weights)
        self.plan = plan.copy()
        # The stage that makes the head's params; none where they come to the head as they are.
        self.head = self.stages - OPS[plan["step"][-1]["op"]].stage
        self.attends = any(OPS[op["op"]].looks for op in plan["step"])
        # Weights that the head's functions read themselves.
        self.lent = {
            name: tensors[tensor_name(op, name)] for op in plan["step"] for name in OPS[op["op"]].lends
        }
        self.gate: Chain | None = None
        self.keys: Chain | None = None
        self.encoder: Chain | None = None
        self.sight: Chain | None = None  # the part of the encoder before the grid
        # The embeddings of the places that a step of the source becomes, [places, size].
        self.grid: Array | None = None
        self.bridges: list[tuple[Operation, list[Chain]]] = []
        if "encode" in plan and "bridge" in plan:  # it has both or none
            self._prepare_encoder(plan["encode"], plan["bridge"], tensors)

    def _prepare_encoder(
        self, encode: list[Operation], bridge: list[Operation], tensors: Mapping[str, Array]
    ) -> None:
        """What runs beside the steps: the encoder, the bridges from its states to ours, the keys of its memory."""

        def product(op: Operation, weight: str, bias: str | None, activation: str = "") -> Chain:
            matrices = {"p.weight": tensors[tensor_name(op, weight)]}
            if bias is not None:
                matrices["p.bias"] = tensors[tensor_name(op, bias)]
            size, width = matrices["p.weight"].shape
            options = {
                "input_size": width,
                "output_size": size,
                "bias": bias is not None,
                "activation": activation,
            }
            linear: Operation = {
                "op": "linear",
                "name": "p",
                "inputs": ["x"],
                "outputs": ["y"],
                "options": options,
            }
            return Chain([linear], {"kind": "vectors", "size": width}, matrices, self.weights)

        x: Input = self.plan["inputs"]["source"]
        at = next((i for i, op in enumerate(encode) if OPS[op["op"]].places is not None), None)
        if at is not None:
            if at > 0:
                self.sight = Chain(encode[:at], x, tensors, self.weights)
            self.grid = np.asarray(tensors[tensor_name(encode[at], "weight")], np.float32)
            encode, x = encode[at + 1 :], {"kind": "vectors", "size": self.grid.shape[1]}
        self.encoder = Chain(encode, x, tensors, self.weights)
        for op in bridge:
            o = op["options"]
            rows = [product(op, f"weight_{i}", f"bias_{i}", o["activation"]) for i in range(o["rows"])]
            self.bridges.append((op, rows))
        for op in self.plan["step"]:
            row = OPS[op["op"]]
            if row.keys is not None:
                self.keys = product(op, *row.keys(op["options"]))
            if row.gate:
                self.gate = product(op, "weight", "bias")

    # ---- running

    def encode(self, source: Array, lengths: Array | None = None) -> State:
        """The initial state of the steps for these sources, ids [S, R] or vectors [S, R, I]."""
        assert self.encoder is not None  # noqa: S101 - asked of plans that have one
        x = source if self.sight is None else self.sight.apply(source)
        if self.grid is not None:
            (S, R, _), places = x.shape, len(self.grid)
            x = (x.reshape(S, R, places, -1) + self.grid).transpose(0, 2, 1, 3).reshape(S * places, R, -1)
            lengths = None if lengths is None else lengths * places
        memory, ends = self.encoder.read(x, lengths)
        S, R = x.shape[:2]
        lengths = np.full(R, S, np.int64) if lengths is None else lengths
        return self.begin(x if self.encoder.pools else memory, ends, source, lengths)

    def begin(self, memory: Array, ends: State, source: Array, lengths: Array) -> State:
        """The initial state of the steps after an encoder that gave `memory`, [S, R, M], and ended with `ends`."""
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
        """The state of these rows; sources that no row needs any more are dropped."""
        picked = {name: value[:, rows] for name, value in state.items() if name in self.places}
        if not self.attends:
            return picked
        used, row = np.unique(state["attend.row"][rows], return_inverse=True)
        for name, value in state.items():
            if name.startswith("attend.") and name != "attend.row":
                picked[name] = value if len(used) == len(value) else value[used]
        return picked | {"attend.row": row.astype(np.int64)}

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
        beside: State = {}
        if self.attends and state is not None:
            beside = {name: value for name, value in state.items() if name.startswith("attend.")}
            beside["attention"] = np.empty((*x.shape[:2], beside["attend.memory"].shape[1]), np.float32)
        features, after = self.read(x, lengths, state, end=self.head, memory=beside)
        if self.gate is not None:
            beside["gate"] = self.gate.apply(features)[..., 0]
        return features, beside | after

    def params(self, features: Array) -> Array:
        """The head's parameters for `features`."""
        return features if self.head == self.stages else self.apply(features, begin=self.head)

    def step(self, state: State | None, x: Array) -> tuple[Array, State]:
        """The step contract: one more input for every row, and the head's parameters after it."""
        features, after = self.forward({"x": np.asarray(x)[None]}, None, state)
        return self.params(features if self.pools else features[-1]), after

    # ---- the head

    def nll(self, params: Array, y: Array, **parts: Array) -> Array:
        """The negative log-probability of each y, [N]."""
        head = self.plan["head"]
        return np.asarray(HEADS[head["kind"]].nll(params, y, **head["options"], **self.lent, **parts))

    def mean(self, params: Array) -> Array:
        """The mean of the head's distribution."""
        head = self.plan["head"]
        return np.asarray(HEADS[head["kind"]].mean(params, **head["options"], **self.lent))

    def draw(self, params: Array, rng: "np.random.Generator", **how: object) -> Array:
        """The next value, drawn from the head's distribution."""
        head = self.plan["head"]
        return np.asarray(HEADS[head["kind"]].sample(params, rng, **head["options"], **self.lent, **how))

    # ---- batches

    def run_batch(self, batch: Batch, carried: State | None) -> tuple[Array, State]:
        """The features at the scored places of a batch, and the state after it, as `Executor` has it."""
        state = _carried(batch.carry, carried)
        features, after = self.forward(batch.inputs, batch.lengths, state, batch.source_lengths)
        flat = features.reshape(-1, features.shape[-1])
        return flat if batch.at is None else flat[batch.at], after

    def carried(self, batch: Batch, after: State) -> State | None:
        """What of the state after a batch goes on to the next."""
        return None if batch.keep is None else {name: v[:, batch.keep] for name, v in after.items()}

    def answers(self, batch: Batch, features: Array, after: State) -> Array:  # noqa: ARG002
        """The head's parameters, or its answers where it answers rows as a whole."""
        return answered(self.plan["head"], batch, self.params(features), self.lent)

    def losses(self, batch: Batch, features: Array, after: State) -> Array:
        """The loss at each scored place."""
        return self._losses(features, batch.targets["y"], _copied(batch, after))

    def _losses(self, features: Array, y: Array, copied: State) -> Array:
        """The negative log-probability of each y; a part at a time, since a vocabulary has many numbers."""
        losses = np.empty(len(y), np.float32)
        quick = HEADS[self.plan["head"]["kind"]].losses
        for first in range(0, len(y), 512):
            part = slice(first, first + 512)
            params = self.params(features[part])
            if quick is not None:
                losses[part] = quick(params, y[part])
            else:
                parts = {name: value[part] for name, value in copied.items()}
                losses[part] = self.nll(params, y[part], **parts)
        return losses


def _copied(batch: Batch, after: State) -> State:
    """Of a head that copies: at each scored place the gate, and the share of the attention on the true answer."""
    if "gate" not in after:
        return {}
    gate = after["gate"].reshape(-1)
    attention = after["attention"].reshape(len(gate), after["attention"].shape[-1])
    at = np.arange(len(gate)) if batch.at is None else batch.at
    source = batch.inputs["source"].T  # [B, S]
    same = source[at % len(source)] == batch.targets["y"][:, None]
    return {"gate": gate[at], "copied": np.maximum((attention[at] * same).sum(1), 1e-30)}


def _carried(carry: Array | None, before: State | None) -> State | None:
    """The initial state of a batch's rows: of those that go on, the state kept from the batch before."""
    if carry is None or before is None:
        return None
    return {
        name: np.where((carry < 0)[None, :, None], np.float32(0), value[:, np.maximum(carry, 0)])
        for name, value in before.items()
    }
