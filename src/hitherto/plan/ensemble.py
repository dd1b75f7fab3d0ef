"""Several models of one plan as one model: each layer holds those of the members side by side.

Weights between the units of different members are zero, and the last product takes the mean over the members. So the
numbers that the head reads are the means of theirs, and nothing else knows that this is an ensemble: it is a plan like
any other, with wider layers. It trains on, streams, bundles and runs like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.heads.parts import Options
from hitherto.plan.op import Operation, Plan
from hitherto.plan.read import tensor_name

__all__ = ["ensemble"]

Tensors = Mapping[str, Array]
Layout = list[Array]  # of each member: where its numbers stand among those of all
LAYER = {
    "weight_ih",
    "weight_hh",
    "weight_hr",
    "bias_ih",
    "bias_hh",
}  # weights of a layer that it knows how to join


def ensemble(plan: Plan, members: Sequence[Tensors]) -> tuple[Plan, dict[str, Array]]:
    """The plan and the weights of the model whose answers are made of the means of the members' numbers."""
    read = [np.arange(plan["inputs"]["x"]["size"])] * len(members) if "x" in plan["inputs"] else []
    joined = _Joined(members, plan["step"][0], {"x": read})
    program: list[Operation] = []
    for op in plan["step"]:
        rule = RULES.get(op["op"])
        if rule is None or "encode" in plan or "weights" in op:
            raise UsageError(
                f"no ensemble can be made of a model with {'tied weights' if 'weights' in op else op['op']}; "
                "leave ensemble out."
            )
        joined.op = op
        program.append({**op, "options": {**op["options"], **rule(joined, op["options"])}})
    return {**plan, "step": program}, joined.tensors


@dataclass
class _Joined:
    """The weights so far, and where the numbers of each member stand in each value and state."""

    members: Sequence[Tensors]
    op: Operation  # whose turn it is
    layouts: dict[str, Layout]
    tensors: dict[str, Array] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.members)

    @property
    def read(self) -> Layout:
        return self.layouts[self.op["inputs"][0]]

    def gives(self, layout: Layout) -> None:
        self.layouts[self.op["outputs"][0]] = layout

    def of(self, weight: str) -> list[Array]:
        """A weight of the operation, of every member."""
        name = tensor_name(self.op, weight)
        return [member[name] for member in self.members]

    def put(self, weight: str, value: Array) -> None:
        self.tensors[tensor_name(self.op, weight)] = np.ascontiguousarray(value, np.float32)

    def beside(self, weight: str, axis: int) -> None:
        """The members' weights one after the other."""
        self.put(weight, np.concatenate(self.of(weight), axis))

    def mean(self, weight: str) -> None:
        self.put(weight, np.stack(self.of(weight)).astype(np.float64).mean(0))

    def output(self, weight: str, read: Layout) -> None:
        """A map [O, I] from all members' numbers: the mean of what each makes of its own."""
        values = self.of(weight)
        whole = np.zeros((len(values[0]), _width(read)), np.float64)
        for value, columns in zip(values, read, strict=True):
            whole[:, columns] += value / self.count
        self.put(weight, whole)

    def layer(self, o: Options, prefix: str, number: int, read: Layout) -> Layout:
        """One layer of the members, both its directions; what it gives."""
        ways = ("", "_reverse") if o["bidirectional"] else ("",)
        H = int(o["hidden_size"])
        P = int(o.get("proj_size") or 0) or H
        for way in ways:
            for kind in sorted(LAYER):
                name = f"{prefix}{kind}_l{number}{way}"
                if tensor_name(self.op, name) not in self.members[0]:
                    continue
                values = self.of(name)
                units = P if kind == "weight_hr" else H
                rows = _blocks(len(values[0]) // units, units, self.count)
                columns = {
                    "weight_ih": read,
                    "weight_hh": _blocks(1, P, self.count),
                    "weight_hr": _blocks(1, H, self.count),
                }
                self.put(name, _apart(values, rows, columns.get(kind)))
        return _blocks(len(ways), P, self.count)


def _width(layout: Layout) -> int:
    return 1 + max(int(part.max()) for part in layout)


def _blocks(groups: int, units: int, count: int) -> Layout:
    """Groups of the units of all members, as the gates of a layer are: within each the members follow each other."""
    first = np.arange(groups)[:, None] * units * count + np.arange(units)
    return [(first + member * units).reshape(-1) for member in range(count)]


def _apart(values: Sequence[Array], rows: Layout, columns: Layout | None) -> Array:
    """Each member's weights in its own rows and columns, and zeros elsewhere."""
    if columns is None:
        vector = np.zeros(_width(rows), np.float32)
        for value, at in zip(values, rows, strict=True):
            vector[at] = value
        return vector
    whole = np.zeros((_width(rows), _width(columns)), np.float32)
    for value, at, of in zip(values, rows, columns, strict=True):
        whole[np.ix_(at, of)] = value
    return whole


def _wider(joined: _Joined, o: Options, *names: str) -> Options:
    """These widths, of all members together."""
    return {name: int(o[name]) * joined.count for name in names if name in o}


def _check_layers(o: Options, known: Sequence[str]) -> None:
    odd = [name for name in known if name.rpartition(".")[2].partition("_l")[0] not in LAYER]
    if o["layer_norm"] or odd:
        what = "layer_norm" if o["layer_norm"] else f"the cell {o['cell']}"
        raise UsageError(
            f"no ensemble can be made of layers with {what}, which looks at all units at once; leave one of them out."
        )


def _embed(joined: _Joined, o: Options) -> Options:
    joined.beside("weight", 1)
    joined.gives(_blocks(1, int(o["width"]), joined.count))
    return _wider(joined, o, "width")


def _same(joined: _Joined, _o: Options) -> Options:
    joined.gives(joined.read)
    return {}


def _recurrent(joined: _Joined, o: Options) -> Options:
    _check_layers(o, [name for name in joined.members[0] if name.startswith(f"{joined.op['name']}.")])
    if o["residual"]:
        raise UsageError(
            "no ensemble can be made of layers with residual connections; leave one of them out."
        )
    read = first = joined.read
    for number in range(int(o["num_layers"])):
        read = joined.layer(o, "", number, read)
    joined.gives(read)
    return {"input_size": _width(first), **_wider(joined, o, "hidden_size", "proj_size")}


def _pool(joined: _Joined, _o: Options) -> Options:
    joined.gives(joined.read)
    return {"size": _width(joined.read)}


def _linear(joined: _Joined, o: Options) -> Options:
    joined.output("weight", joined.read)
    if o["bias"]:
        joined.mean("bias")
    return {"input_size": _width(joined.read)}


def _bag(joined: _Joined, o: Options) -> Options:
    joined.beside("weight", 1)
    joined.layouts[f"{joined.op['name']}.value"] = _blocks(1, int(o["width"]), joined.count)
    joined.gives(joined.read)
    return _wider(joined, o, "width")


def _summary(joined: _Joined, _o: Options) -> Options:
    """It is fitted to the data, not learned, so it is the same in all members."""
    for weight in ("shift", "scale"):
        joined.put(weight, joined.of(weight)[0])
    joined.layouts[f"{joined.op['name']}.value"] = [np.arange(len(joined.of("shift")[0]))] * joined.count
    joined.gives(joined.read)
    return {}


def _join(joined: _Joined, o: Options) -> Options:
    state, width = joined.layouts[o["state"]], _width(joined.read)
    joined.gives([np.concatenate([x, width + y]) for x, y in zip(joined.read, state, strict=True)])
    return {"size": _width(state)}


def _segments(joined: _Joined, o: Options) -> Options:
    prefix = f"{joined.op['name']}."
    known = [name.removeprefix(prefix) for name in joined.members[0] if name.startswith(prefix)]
    _check_layers(o, [name for name in known if name.startswith("layer.")])
    read = _blocks(1, int(o["hidden_size"]), joined.count)
    for number in range(int(o["num_layers"])):
        read = joined.layer(o, "layer.", number, read)
    for weight in known:
        if weight in ("weight_place", "weight_channel"):
            joined.beside(weight, 1)
        elif weight in ("weight_in", "bias_in", "weight_beside", "weight_ahead"):
            joined.beside(weight, 0)
        elif weight == "weight_out":
            joined.output(weight, read)
        elif not weight.startswith("layer."):
            joined.mean(weight)
    joined.gives([np.arange(1)] * joined.count)  # the numbers of the head
    return _wider(joined, o, "hidden_size", "proj_size")


def _numbers(_joined: _Joined, _o: Options) -> Options:
    return {}


# Of each operation that members may have: its weights, where its numbers go, and the options that change.
RULES: dict[str, Callable[[_Joined, Options], Options]] = {
    "embed": _embed,
    "dropout": _same,
    "recurrent": _recurrent,
    "pool": _pool,
    "linear": _linear,
    "bag": _bag,
    "summary": _summary,
    "join": _join,
    "segments": _segments,
    "numbers": _numbers,
}
