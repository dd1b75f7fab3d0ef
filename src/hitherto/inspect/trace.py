"""A plan that is run to be looked into: states and gates of all layers, attention, and gradients back to what was read.

    seen = trace(plan, tensors, {"x": x})            # x [T, B, ..], rows of one length
    seen.params                                      # what the head reads, as a variable: [T, B, P] or [B, P]
    seen.layers                                      # what each direction of each layer did
    tape.backward(seen.params, of)                   # then the leaves of seen.leaves have their gradients

`scale` multiplies what each step reads, [T, B]: 0 leaves a step out. Of ids that is their embeddings. Nothing here
knows a task; `hitherto.inspect.steps:STEPS` says how each operation runs.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from hitherto.arrays import Array
from hitherto.inspect import tape
from hitherto.inspect.layers import Layer
from hitherto.inspect.steps import ACTIVATE, Leaf, Looker, State, step_of
from hitherto.inspect.tape import Var
from hitherto.plan import OPS, Operation, Plan, stepwise

__all__ = ["Seen", "joined", "trace"]


@dataclass
class Seen(Looker):
    """What a run of a plan showed."""

    features: Var = field(init=False)  # what the head's operation reads, [T, B, F], or after a pool [B, F]
    end: State = field(init=False)  # the states after the last step
    matrix: Array | None = None  # the head's linear map, [P, F]; None where the features are its params
    bias: Array | None = None  # [P]

    @functools.cached_property
    def params(self) -> Var:
        """What the head reads. Of a large vocabulary that is much more than its features: see `asked`."""
        if self.matrix is None:
            return self.features
        y = self.features @ self.matrix.T
        return y if self.bias is None else y + self.bias

    def asked(self, weights: Array) -> tuple[Array, Array]:
        """A sum of params, weights [.., P], as a sum of features [.., F] and a constant [..]."""
        weights = np.asarray(weights, np.float32)
        zero = np.zeros(weights.shape[:-1], np.float32)
        if self.matrix is None:
            return weights, zero
        return weights @ self.matrix, zero if self.bias is None else weights @ self.bias

    def gradients(self, name: str) -> Array:
        """The gradient at each step of an input, [T, B, width of what is read]; of ids that of their embeddings."""
        main = next(leaf for leaf in self.leaves[name] if leaf.spread == 1 and leaf.main)
        return np.zeros_like(main.var.value) if main.var.grad is None else main.var.grad

    def products(self, name: str) -> Array:
        """The gradient at each step of an input times what was read there, [T, B]."""
        total: Array | None = None
        for leaf in self.leaves[name]:
            part = leaf.product()
            total = part if total is None else total + part
        assert total is not None  # noqa: S101 - every input is read
        return total


def trace(
    plan: Plan,
    tensors: Mapping[str, Array],
    inputs: Mapping[str, Array],
    scale: Mapping[str, Array] | None = None,
    change: Mapping[str, Array] | None = None,
    begin: Mapping[str, Array] | None = None,
) -> Seen:
    """Run the plan over these inputs, all of whose rows have the same length.

    `change`, by the label of a layer, multiplies what the layer gives, [width] or [B, width]: 0 silences a unit.
    `begin` are the states before the first step, [K, B, W], by their names. A pool, a bag and a summary begin anew.
    """
    seen = Seen(tensors, dict(scale or {}), dict(change or {}))
    state = seen.zeros(plan["step"], inputs["x"].shape[1])
    state |= {name: tape.constant(np.asarray(array, np.float32)) for name, array in (begin or {}).items()}
    if "encode" in plan:
        state |= _encoded(seen, plan, inputs["source"])
    seen.program = "step"
    values, rest = _begun(seen, plan["step"], "x", inputs["x"])
    last = plan["step"][-1]
    if OPS[last["op"]].weights(last["options"]):
        seen.matrix, seen.bias = seen.required(last, "weight"), seen.weight(last, "bias")
    if not stepwise(plan):
        seen.features, seen.end = _run(seen, plan, rest, values, state)
    else:
        (name, x), parts = next(reversed(values.items())), []
        for t in range(len(x)):
            part, state = _run(seen, plan, rest, {name: cast("Var", x)[t : t + 1]}, state)
            parts.append(part)
        seen.features, seen.end = tape.concatenate(parts, 0), state
    seen.layers = joined(seen.layers)
    return seen


def _begun(
    seen: Seen, program: Sequence[Operation], name: str, raw: Array
) -> tuple[dict[str, Var | Array], Sequence[Operation]]:
    """What stands before the first operation that computes: lookups of what ids mean, or the numbers themselves."""
    values: dict[str, Var | Array] = {name: raw}
    seen.reading = name
    first = next((k for k, op in enumerate(program) if not step_of(op["op"]).looks_up), len(program))
    for op in program[:first]:
        values[op["outputs"][0]] = seen.look_up(op, cast("Array", values[op["inputs"][0]]))
    if not any(isinstance(value, Var) for value in values.values()):
        scale = seen.scale.get(name)
        x = np.asarray(raw, np.float32) if scale is None else np.asarray(raw * scale[..., None], np.float32)
        var = tape.leaf(x)
        seen.leaves.setdefault(name, []).append(Leaf(var))
        values = dict.fromkeys(values, var)
    return values, program[first:]


def _run(
    seen: Seen, plan: Plan, program: Sequence[Operation], values: dict[str, Var | Array], state: State
) -> tuple[Var, State]:
    """The rest of the step program but the head's operation; what that reads, and the states afterwards."""
    values, after = dict(values), dict(state)
    for op in program:
        x = cast("Var", values[op["inputs"][0]])
        if op["name"] == plan["head"]["name"]:
            return x, after
        known = after if OPS[op["op"]].behind else state
        values[op["outputs"][0]], new = step_of(op["op"]).run(seen, op, x, known)
        after |= new
    raise AssertionError("a checked plan ends with its head")


def _encoded(seen: Seen, plan: Plan, source: Array) -> State:
    """The states that the encoder gives the step program, and the memory that it attends to."""
    seen.program = "encode"
    program = plan.get("encode", [])
    values, rest = _begun(seen, program, "source", source)
    ends = seen.zeros(program, source.shape[1])
    zeros = dict(ends)
    for op in rest:
        x = cast("Var", values[op["inputs"][0]])
        values[op["outputs"][0]], new = step_of(op["op"]).run(seen, op, x, zeros)
        ends |= new
    state: State = {}
    for op in plan.get("bridge", []):
        state[op["outputs"][0]] = _bridged(seen, op, ends[op["inputs"][0]])
    memory = cast("Var", values["memory"])
    if memory.ndim == 3:
        memory = memory.transpose(1, 0, 2)  # [B, S, M]
        for op in plan["step"]:
            row = OPS[op["op"]]
            if row.looks:
                state["attend.memory"] = memory
            if row.looks and row.keys is not None:
                weight, bias = row.keys(op["options"])
                if bias is not None:
                    state["attend.keys"] = memory @ seen.required(op, weight).T + seen.required(op, bias)
    return state


def _bridged(seen: Seen, op: Operation, end: Var) -> Var:
    """[rows, B, W] from the last `rows` layers of [L * D, B, P]."""
    o = op["options"]
    D, rows = o["directions"], []
    for i, layer in enumerate(max(k, 0) for k in range(o["layers"] - o["rows"], o["layers"])):
        sides = tape.concatenate([end[layer * D + d] for d in range(D)])
        rows.append(sides @ seen.required(op, f"weight_{i}").T + seen.required(op, f"bias_{i}"))
    return ACTIVATE[o["activation"]](tape.stack(rows))


def joined(layers: Sequence[Layer]) -> list[Layer]:
    """The steps of each layer that were taken one by one, as one."""
    parts: dict[str, list[Layer]] = {}
    for layer in layers:
        parts.setdefault(layer.label, []).append(layer)
    return [some[0] if len(some) == 1 else Layer.of(some) for some in parts.values()]
