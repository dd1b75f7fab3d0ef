"""How each operation of a plan runs on the tape: a row each, as `model/build.py:TORCH_OPS` has it for torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from hitherto.arrays import Array
from hitherto.cells import CELLS
from hitherto.errors import UsageError
from hitherto.inspect import tape
from hitherto.inspect.layers import Layer, label_of, unroll
from hitherto.inspect.tape import Var
from hitherto.plan import NARROWEST, OPS, Operation, cell_options, seen, segments_of, states_of, tensor_name
from hitherto.plan.branches import STATISTICS, WIDE, gram_row

__all__ = ["ACTIVATE", "STEPS", "Leaf", "Looker", "State", "Step", "step_of"]

State = dict[str, Var]  # by the names of the plan, [K, B, W]
Result = tuple[Var, State]

ACTIVATE: dict[str, Callable[[Var], Var]] = {"": lambda x: x, "tanh": tape.tanh, "relu": tape.relu}


@dataclass(frozen=True, slots=True)
class Leaf:
    """What some steps of an input read: `var`, [T, B, W]. Each belongs to `spread` steps, of which it is the last."""

    var: Var
    spread: int = 1
    main: bool = True  # it has a place for every step, and is not beside the layers

    def product(self) -> Array:
        """The gradient times the value, [T, B], shared among the steps that each place belongs to."""
        if self.var.grad is None:
            return np.zeros(self.var.shape[:2], np.float32)
        whole: Array = (self.var.grad * self.var.value).sum(-1)
        if self.spread == 1:
            return whole
        shared = np.zeros_like(whole)
        for back in range(self.spread):
            shared[: len(whole) - back] += whole[back:] / self.spread
        return shared


@dataclass
class Looker:
    """What an operation needs of a run, and what it notes there."""

    tensors: Mapping[str, Array]
    scale: dict[str, Array]  # of what the steps of an input read, [T, B]
    change: dict[
        str, Array
    ]  # by the label of a layer: what its output is multiplied by, [width] or [B, width]
    program: str = ""  # that runs now
    reading: str = ""  # the input that is read now
    leaves: dict[str, list[Leaf]] = field(default_factory=dict)  # by the name of an input
    layers: list[Layer] = field(default_factory=list)
    attention: list[Array] = field(default_factory=list)  # [T, B, S] of some steps each
    beside: State = field(default_factory=dict)  # what goes beside the layers, [B, W]

    def weight(self, op: Operation, name: str) -> Array | None:
        """A weight of an operation, or None where it has none of that name."""
        if name not in OPS[op["op"]].weights(op["options"]):
            return None
        return self.stored(op, name)

    def stored(self, op: Operation, name: str) -> Array:
        """A weight that is known to be there: to ask the row for each would take as long as a short sequence."""
        return np.asarray(self.tensors[tensor_name(op, name)], np.float32)

    def required(self, op: Operation, name: str) -> Array:
        """A weight that a checked plan has."""
        weight = self.weight(op, name)
        assert weight is not None  # noqa: S101
        return weight

    def zeros(self, program: Sequence[Operation], rows: int) -> State:
        """The states of a program before any input."""
        return {
            name: tape.constant(np.zeros((k, rows, w), np.float32))
            for name, (k, w) in states_of(program).items()
        }

    def look_up(self, op: Operation, raw: Array) -> Var | Array:
        """What an operation that reads ids makes of them."""
        row = STEPS[op["op"]]
        assert row.looks_up is not None  # noqa: S101 - asked of these alone
        return row.looks_up(self, op, raw)

    def leaf(self, value: Array, spread: int = 1, main: bool = True) -> Var:
        """What steps read, times the scale of these steps."""
        scale = self.scale.get(self.reading)
        if scale is not None:
            for back in range(1, spread):  # it is there as far as all of its steps are
                before = np.ones_like(scale)
                before[back:] = self.scale[self.reading][:-back]
                scale = np.minimum(scale, before)
            value = value * scale[..., None]
        var = tape.leaf(np.asarray(value, np.float32))
        self.leaves.setdefault(self.reading, []).append(Leaf(var, spread, main))
        return var


# ----------------------------------------------------------------------------------------------------------- lookups


def _embed(run: Looker, op: Operation, ids: Array) -> Var:
    return run.leaf(run.required(op, "weight")[ids])


def _spell(run: Looker, op: Operation, x: Array) -> Var:
    """As the stage `spell`: its output is what a step reads."""
    words, shapes, letters, conv, bias = (
        run.required(op, name) for name in ("weight", "shapes", "letters", "conv", "bias")
    )
    table = np.einsum("ce,fek->kcf", letters, conv)
    sizes = [len(words), len(shapes), *[len(letters)] * (x.shape[-1] - 2)]
    whole = np.clip(np.nan_to_num(x, nan=0.0), 0, np.array(sizes) - 1).astype(np.int64)
    codes, half = whole[..., 2:], len(table) // 2
    around = np.pad(codes, [(0, 0)] * (x.ndim - 1) + [(half, half)])
    y = np.broadcast_to(bias, (*codes.shape, len(bias)))
    for k, row in enumerate(table):
        part = around[..., k : k + codes.shape[-1]]
        y = y + np.where((part > 0)[..., None], row[part], 0)
    y = np.where((codes > 0)[..., None], y, -np.inf).max(-2)
    y = np.where((codes > 0).any(-1, keepdims=True), y, 0)
    return run.leaf(np.concatenate([words[whole[..., 0]], shapes[whole[..., 1]], y], -1))


def _subwords(run: Looker, op: Operation, x: Array) -> Var:
    """As the stage `subwords`: its output is what a step reads."""
    o, table, shapes = op["options"], run.required(op, "weight"), run.required(op, "shapes")
    sizes = [o["words"], len(shapes), *[o["letters"]] * o["length"]]
    whole = np.clip(np.nan_to_num(x, nan=0.0), 0, np.array(sizes) - 1).astype(np.int64)
    codes, total, count = whole[..., 2:], table[whole[..., 0]], 1
    for n in range(o["shortest"], min(o["longest"], o["length"]) + 1):
        for at in range(o["length"] - n + 1):
            parts = [codes[..., at + k] for k in range(n)]
            there = np.all([part > 0 for part in parts], 0)[..., None]
            total = total + np.where(there, table[gram_row(parts, o["words"], o["buckets"])], 0)
            count = count + there
    return run.leaf(np.concatenate([total / count, shapes[whole[..., 1]]], -1))


def _bag(run: Looker, op: Operation, ids: Array) -> Array:
    """The n-grams go beside the layers; the ids go on."""
    o, table = op["options"], run.required(op, "weight")
    T, B = ids.shape
    total, count = tape.constant(np.zeros((B, o["width"]), np.float32)), 0
    for n in range(1, min(o["grams"], T) + 1):
        parts = [ids[k : T - n + 1 + k] for k in range(n)]
        rows = np.zeros((T, B, o["width"]), np.float32)  # each at the last of its steps
        rows[n - 1 :] = table[gram_row([part.astype(np.int64) for part in parts], o["size"], o["buckets"])]
        total = total + run.leaf(rows, n, main=False).sum(0)
        count += T - n + 1
    run.beside[f"{op['name']}.value"] = total * max(count, 1) ** -0.5
    return ids


# -------------------------------------------------------------------------------------------------------- operations


def _same(_run: Looker, _op: Operation, x: Var, _state: State) -> Result:
    return x, {}


def _recurrent(run: Looker, op: Operation, x: Var, state: State) -> Result:
    o = op["options"]
    cell = CELLS[o["cell"]]
    names = [f"{op['name']}.{name}" for name in cell.states]
    y, after = layers_over(run, op, "", x, [state[name] for name in names])
    return y, dict(zip(names, after, strict=True))


def layers_over(
    run: Looker, op: Operation, prefix: str, x: Var, state: Sequence[Var]
) -> tuple[Var, list[Var]]:
    """All layers of a recurrent operation, whose weights begin with `prefix`; the states are [L * D, B, W]."""
    o = op["options"]
    cell, options = CELLS[o["cell"]], cell_options(o)
    D, ends = 1 + bool(o["bidirectional"]), []
    for number in range(o["num_layers"]):
        names = cell.params(x.shape[-1], o["hidden_size"], **options)
        weights = [
            {name: run.stored(op, f"{prefix}{name}_l{number}{way}") for name in names}
            for way in ("", "_reverse")[:D]
        ]
        x.kept = True
        begin = [s[number * D : (number + 1) * D] for s in state]
        place = run.program, op["name"], number
        masks = _masks(run, [label_of(place, d) for d in range(D)], begin[0])
        y, after, layers = unroll(place, cell, options, weights, x, begin, masks)
        if masks is not None:
            y = y * np.concatenate(list(masks), -1)
            after[0] = after[0] * masks
        run.layers += layers
        ends.append(after)
        x = y + x if o.get("residual") and y.shape[-1] == x.shape[-1] else y
    return x, [tape.concatenate([after[i] for after in ends], 0) for i in range(len(state))]


def _masks(run: Looker, labels: Sequence[str], h: Var) -> Array | None:
    """What each direction of a layer is multiplied by, [D, B, P]; None where nothing is changed."""
    changes = [run.change.get(label) for label in labels]
    if all(change is None for change in changes):
        return None
    one = np.ones(h.shape[1:], np.float32)
    return np.stack(
        [one if c is None else np.broadcast_to(c, h.shape[1:]).astype(np.float32) for c in changes]
    )


def _pool(_run: Looker, op: Operation, x: Var, _state: State) -> Result:
    o, name = op["options"], f"{op['name']}.value"
    T, F = len(x), x.shape[-1]
    if o["kind"] == "mean":
        total = x.sum(0)
        return total * (1 / max(T, 1)), {name: total.reshape(1, *total.shape)}
    if o["kind"] == "max":
        y = tape.amax(x, 0)
    elif o["bidirectional"]:  # the reverse direction ends at the first step
        y = tape.concatenate([x[T - 1, :, : F // 2], x[0, :, F // 2 :]])
    else:
        y = x[T - 1]
    return y, {name: y.reshape(1, *y.shape)}


def _linear(run: Looker, op: Operation, x: Var, _state: State) -> Result:
    bias = run.weight(op, "bias")
    y = x @ run.required(op, "weight").T
    return ACTIVATE[op["options"].get("activation", "")](y if bias is None else y + bias), {}


def _attend(run: Looker, op: Operation, x: Var, state: State) -> Result:
    memory = state["attend.memory"]  # [B, S, M]
    if op["options"]["kind"] == "multiplicative":
        query = (x @ run.required(op, "weight")).transpose(1, 0, 2)  # [B, T, M]
        scores = query @ memory.transpose(0, 2, 1)  # [B, T, S]
    else:
        asked = state[op["options"]["query"]]
        query = asked[len(asked) - 1] @ run.required(op, "weight_query").T  # [B, H]
        B, H = query.shape
        inner = tape.tanh(state["attend.keys"] + query.reshape(B, 1, H))
        scores = (inner @ run.required(op, "score")).reshape(B, 1, -1)
    shares = tape.softmax(scores)
    run.attention.append(shares.value.transpose(1, 0, 2))
    return tape.concatenate([x, (shares @ memory).transpose(1, 0, 2)]), {}


def _window(run: Looker, op: Operation, x: Var, state: State) -> Result:
    memory, name = state["attend.memory"], f"{op['name']}.place"
    T, B = x.shape[:2]
    K, S = op["options"]["components"], memory.shape[1]
    moves = tape.sigmoid(x @ run.required(op, "weight").T + run.required(op, "bias"))
    high, narrow, moved = (part.reshape(T, B, K, 1) for part in tape.chunk(moves, 3))
    places = tape.cumsum(moved) + state[name].reshape(1, B, K, 1)
    off = places - np.arange(S, dtype=np.float32)  # [T, B, K, S]
    weights = (high * tape.exp(narrow * (off * off) * -NARROWEST)).sum(2)  # [T, B, S]
    run.attention.append(weights.value)
    context = (weights.transpose(1, 0, 2) @ memory).transpose(1, 0, 2)
    return tape.concatenate([x, context]), {name: places[T - 1].reshape(1, B, K)}


def _conv(run: Looker, op: Operation, x: Var, _state: State) -> Result:
    o = op["options"]
    T, B = x.shape[:2]
    (high, wide, filters), k, edge = seen(o), o["kernel"], o["kernel"] // 2
    weight = (
        run.required(op, "weight").transpose(0, 2, 3, 1).reshape(filters, -1)
    )  # channels last, as in a step
    nothing = x.shape[-1]  # the place of the zeros around an image
    down = np.arange(high)[:, None] * o["stride"] - edge + np.arange(k)  # [high, k]
    across = np.arange(wide)[:, None] * o["stride"] - edge + np.arange(k)
    rows, columns = down[:, None, :, None], across[None, :, None, :]
    inside = (rows >= 0) & (rows < o["height"]) & (columns >= 0) & (columns < o["width"])
    pixels = np.where(inside, rows * o["width"] + columns, 0)[..., None] * o["channels"] + np.arange(
        o["channels"]
    )
    at = np.where(inside[..., None], pixels, nothing).reshape(high * wide, -1)
    padded = tape.concatenate([x.reshape(T * B, nothing), np.zeros((T * B, 1), np.float32)])
    y = padded[:, at] @ weight.T + run.required(op, "bias")
    return ACTIVATE[o["activation"]](y).reshape(T, B, -1), {}


def _peaks(_run: Looker, op: Operation, x: Var, _state: State) -> Result:
    height, width, channels = (op["options"][name] for name in ("height", "width", "channels"))
    T, B = x.shape[:2]
    pictures = x.reshape(T, B, height * width, channels)
    down, across = ((2 * np.arange(n, dtype=np.float32) + 1) / n - 1 for n in (height, width))
    places = np.stack([np.tile(across, height), np.repeat(down, width)], 1)  # [places, 2]
    middle = tape.softmax(pictures, 2).transpose(0, 1, 3, 2) @ places  # [T, B, C, 2]
    return tape.concatenate([tape.amax(pictures, 2), middle.transpose(0, 1, 3, 2).reshape(T, B, -1)]), {}


def _grid(run: Looker, op: Operation, x: Var, _state: State) -> Result:
    T, B, places = *x.shape[:2], op["options"]["places"]
    y = x.reshape(T, B, places, -1) + run.required(op, "weight")
    return y.transpose(0, 2, 1, 3).reshape(T * places, B, -1), {}


def _recall(_run: Looker, op: Operation, x: Var, state: State) -> Result:
    value = state[f"{op['name']}.value"]  # [1, B, W]
    return tape.concatenate([x, value.broadcast(len(x), *value.shape[1:])]), {}


def _keep(_run: Looker, op: Operation, x: Var, state: State) -> Result:
    name = op["options"]["state"]
    width, F = state[name].shape[-1], x.shape[-1]
    return x, {name: x[len(x) - 1 :, :, F - width :]}


def _summary(run: Looker, op: Operation, x: Var, _state: State) -> Result:
    T, B = x.shape[:2]
    mean = x.mean(0)
    off = x - mean
    moved = tape.absolute(x[1:] - x[:-1]).sum(0) * (1 / max(T - 1, 1))
    deviation = tape.sqrt((off * off).mean(0))
    parts = [mean, deviation, -tape.amax(-x, 0), tape.amax(x, 0), x[0], x[T - 1], moved]
    assert len(parts) == len(STATISTICS)  # noqa: S101 - in their order
    raw = tape.concatenate([*parts, np.full((B, 1), np.log1p(T), np.float32)])
    value = (raw - run.required(op, "shift")) * run.required(op, "scale")
    run.beside[f"{op['name']}.value"] = tape.clip(value, -WIDE, WIDE)
    return x, {}


def _join(run: Looker, op: Operation, x: Var, _state: State) -> Result:
    return tape.concatenate([x, run.beside[op["options"]["state"]]]), {}


def _segments(run: Looker, op: Operation, x: Var, _state: State) -> Result:
    o = op["options"]
    C, W, s, P, horizon = (int(o[name]) for name in ("channels", "window", "segment", "numbers", "horizon"))
    past, future = segments_of(o)
    T, B = x.shape[:2]
    N = T * B
    flat = x.reshape(N, -1)
    ends = np.cumsum([0, C * W, C * W * o["mask"], o["beside"], o["ahead"]]).tolist()
    series, there, beside, ahead = (flat[:, a:b] for a, b in pairwise(ends))
    parts = [part for part in (series, there) if part.shape[1]]
    cut = [part.reshape(N * C, W)[:, W - past * s :].reshape(N * C, past, s) for part in parts]
    read = tape.concatenate(cut).transpose(1, 0, 2)  # [past, N * C, s (1 + mask)]
    read = tape.relu(read @ run.required(op, "weight_in").T + run.required(op, "bias_in"))
    cell, options = CELLS[o["cell"]], cell_options(o)
    sizes = cell.state_sizes(o["hidden_size"], **options)
    zeros = [tape.constant(np.zeros((o["num_layers"], N * C, w), np.float32)) for w in sizes]
    _, states = layers_over(run, op, "layer.", read, zeros)
    e = _places(run, op, N, beside, ahead)
    for number in range(o["num_layers"]):  # one step of the layers into each segment of the future
        params = {
            name: run.required(op, f"layer.{name}_l{number}")
            for name in cell.params(e.shape[-1], o["hidden_size"], **options)
        }
        y = cell.step(tape, params, e, tuple(state[number] for state in states), **options)[0]
        e = y + e if o.get("residual") and y.shape[-1] == e.shape[-1] else y
    y = e @ run.required(op, "weight_out").T + run.required(op, "bias_out")
    y = y.reshape(future, N, C, s, P).transpose(1, 0, 3, 2, 4).reshape(N, future * s, C, P)[:, :horizon]
    if o["maps"]:
        y = y + _skipped(run, op, series.reshape(N, C, W), beside)
    return y.reshape(T, B, horizon * C * P), {}


def _places(run: Looker, op: Operation, N: int, beside: Var, ahead: Var) -> Var:
    """What the cell reads for each segment of the future, [future, N * C, H]."""
    o = op["options"]
    C, s, H, future = int(o["channels"]), int(o["segment"]), int(o["hidden_size"]), segments_of(o)[1]
    e = tape.constant(run.required(op, "weight_place")[:, None, None])  # [future, 1, 1, H]
    if C > 1:
        e = e + run.required(op, "weight_channel")
    if o["beside"]:
        e = e + (beside @ run.required(op, "weight_beside").T).reshape(1, N, 1, H)
    if o["ahead"]:
        each = o["ahead"] // o["horizon"]
        rest = np.zeros((N, future * s * each - o["ahead"]), np.float32)
        steps = tape.concatenate([ahead, rest]).reshape(N, future, s * each)
        e = e + (steps @ run.required(op, "weight_ahead").T).transpose(1, 0, 2).reshape(future, N, 1, H)
    return e.broadcast(future, N, C, H).reshape(future, N * C, H)


def _skipped(run: Looker, op: Operation, series: Var, beside: Var) -> Var:
    """The linear map of the window, for the first `moved` numbers of a value: [N, horizon, C, P]."""
    o = op["options"]
    N, C, _ = series.shape
    weight, bias = (
        run.required(op, "weight_skip"),
        run.required(op, "bias_skip"),
    )  # [maps, horizon, W + beside]
    lines = []
    for c in range(C):
        read = tape.concatenate([series[:, c], beside])
        line = (read @ weight[c % len(weight)].T).reshape(N, -1, 1)  # [N, horizon, 1]
        moved = (np.arange(o["numbers"]) < o["moved"]).astype(np.float32)
        lines.append((line * moved + bias[c % len(weight)]).reshape(N, -1, 1, o["numbers"]))
    return tape.concatenate(lines, 2)


# -------------------------------------------------------------------------------------------------------------- rows


@dataclass(frozen=True, slots=True)
class Step:
    """One row of `STEPS`: the output of an operation and the states that it changes.

    `looks_up(run, op, x)`, where there is one, stands in place of `run`: the operation reads ids, and what it makes of
    them is a leaf. One that gives on the ids gives an array.
    """

    run: Callable[[Looker, Operation, Var, State], Result] = _same
    looks_up: Callable[[Looker, Operation, Array], Var | Array] | None = None


STEPS: dict[str, Step] = {
    "embed": Step(looks_up=_embed),
    "spell": Step(looks_up=_spell),
    "subwords": Step(looks_up=_subwords),
    "bag": Step(looks_up=_bag),
    "dropout": Step(),
    "recurrent": Step(_recurrent),
    "pool": Step(_pool),
    "linear": Step(_linear),
    "attend": Step(_attend),
    "window": Step(_window),
    "conv": Step(_conv),
    "peaks": Step(_peaks),
    "grid": Step(_grid),
    "recall": Step(_recall),
    "keep": Step(_keep),
    "segments": Step(_segments),
    "summary": Step(_summary),
    "join": Step(_join),
}


def step_of(name: str) -> Step:
    """The row of an operation. One that only keeps a head's own weights, or is the head's own, needs none."""
    if name in STEPS:
        return STEPS[name]
    if OPS[name].beside or OPS[name].heads:
        return Step()
    raise UsageError(
        f"the operation {name} cannot be looked into: add its row to hitherto.inspect.steps.STEPS."
    )
