"""Operations of a plan as stages of a native program."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hitherto.arrays import Array
from hitherto.cells import CELLS
from hitherto.errors import UsageError
from hitherto.plan import OPS, Input, Operation, cell_options, seen, tensor_name
from hitherto.runtime import pure

__all__ = ["STAGES", "WEIGHTS", "Stages", "State"]

State = dict[str, Array]

WEIGHTS = ("float32", "bfloat16", "int8")


class Stages:
    """The plan's operations as the stages that `_native.Program` takes, dicts by the names of their fields."""

    def __init__(
        self,
        operations: Sequence[Operation],
        x: Input,
        tensors: Mapping[str, Array],
        places: Mapping[str, tuple[int, int, int]],
    ) -> None:
        self.tensors, self.places = tensors, places
        self.rows: list[dict[str, object]] = []
        self.widths: list[int] = []
        self.pool: int | None = None
        self.ids: int | None = None
        self.bounded = False  # the numbers that go on lie in -1 .. 1
        self.weighed, self.names = "", set[str]()  # an operation, and the names of its weights
        self.input_size = self.width = int(x["size"])
        if x["kind"] == "ids":
            self.ids = self.input_size
        for op in operations:
            if OPS[op["op"]].stage:
                STAGES.get(op["op"], _in_numpy)(self, op)

    def weight(self, op: Operation, name: str) -> Array | None:
        """A weight of an operation; None where the operation has none of that name, whatever the tensors hold."""
        if self.weighed != op["name"]:
            self.weighed, self.names = op["name"], set(OPS[op["op"]].weights(op["options"]))
        if name not in self.names:
            return None
        return np.require(self.tensors[tensor_name(op, name)], np.float32, ["C", "A"])

    def required(self, op: Operation, name: str) -> Array:
        """A weight that a checked plan has."""
        weight = self.weight(op, name)
        assert weight is not None  # noqa: S101
        return weight

    def add(
        self, op: str, I: int, O: int, weights: Sequence[Mapping[str, Array | None]] = (), **fields: object
    ) -> None:
        """A stage of `I` numbers in and `O` out, with the weights of each direction."""
        self.rows.append({"op": op, "I": I, "O": O, "bounded": self.bounded, "weights": weights} | fields)
        self.widths.append(O)
        self.width = O


def _embed(stages: Stages, op: Operation) -> None:
    table = stages.required(op, "weight")
    stages.add("embed", table.shape[0], table.shape[1], [{"weight_ih": table}])


def _spell(stages: Stages, op: Operation) -> None:
    o = op["options"]
    letters, conv = stages.required(op, "letters"), stages.required(op, "conv")
    table = np.einsum("ce,fek->kcf", letters, conv, dtype=np.float64).astype(np.float32)  # what a letter adds
    weights = {
        "weight_ih": stages.required(op, "weight"),
        "weight_hh": np.ascontiguousarray(table),
        "bias_ih": stages.required(op, "bias"),
        "bias_hh": stages.required(op, "shapes"),
    }
    stages.add(
        "spell", stages.width, o["width"] + o["shape_width"] + o["filters"], [weights], P=o["words"], H=o["filters"],
        height=o["shapes"], width=o["shape_width"], channels=o["letters"], kernel=o["kernel"],
    )  # fmt: skip
    stages.bounded = False


def _subwords(stages: Stages, op: Operation) -> None:
    o = op["options"]
    weights = {"weight_ih": stages.required(op, "weight"), "bias_hh": stages.required(op, "shapes")}
    stages.add(
        "subwords", stages.width, o["width"] + o["shape_width"], [weights], P=o["words"], height=o["shapes"],
        width=o["shape_width"], channels=o["letters"], buckets=o["buckets"], kernel=o["shortest"],
        stride=min(o["longest"], o["length"]),
    )  # fmt: skip
    stages.bounded = False


def _recurrent(stages: Stages, op: Operation) -> None:
    o = op["options"]
    cell, options = CELLS[o["cell"]], cell_options(o)
    kernel = cell.kernel_of(**options)
    D, H = 1 + bool(o["bidirectional"]), o["hidden_size"]
    P = cell.state_sizes(H, **options)[0]
    starts = [stages.places[f"{op['name']}.{state}"] for state in cell.states]
    for layer in range(o["num_layers"]):
        names = cell.params(stages.width, H, **options)
        weights = [
            {name: stages.required(op, f"{name}_l{layer}{way}") for name in names}
            for way in ("", "_reverse")[:D]
        ]
        at = [first + layer * D * w for first, _, w in starts]
        residual = bool(o.get("residual")) and stages.width == D * P
        shape = {"H": H, "P": P, "D": D, "h": at[0], "c": at[-1], "residual": residual}
        if kernel is None:
            widths = [(first, w) for first, (_, _, w) in zip(at, starts, strict=True)]
            stages.add(
                "recurrent", stages.width, D * P, cell=pure.OwnCell(cell, options, weights, widths), **shape
            )
        else:
            normalised = bool(o.get("layer_norm"))
            stages.add("recurrent", stages.width, D * P, weights, cell=kernel, layer_norm=normalised, **shape)
        stages.bounded = kernel not in (None, "rnn_relu") and P == H and not residual


def _pool(stages: Stages, op: Operation) -> None:
    o = op["options"]
    count = f"{op['name']}.count"
    stages.pool = len(stages.widths)
    stages.add(
        "pool", stages.width, stages.width, D=1 + bool(o["bidirectional"]),
        h=stages.places[f"{op['name']}.value"][0], c=stages.places[count][0] if count in stages.places else 0,
        kind=o["kind"],
    )  # fmt: skip


def _linear(stages: Stages, op: Operation) -> None:
    weight, bias = stages.required(op, "weight"), stages.weight(op, "bias")
    O, I = weight.shape
    activation = op["options"].get("activation", "")
    stages.add("linear", I, O, [{"weight_ih": weight, "bias_ih": bias}], H=O, activation=activation)
    stages.bounded = activation == "tanh"


def _conv(stages: Stages, op: Operation) -> None:
    o = op["options"]
    weight, bias = stages.required(op, "weight"), stages.weight(op, "bias")
    weight = np.ascontiguousarray(weight.transpose(0, 2, 3, 1))  # channels last, as in a step
    image = {name: o[name] for name in ("height", "width", "channels", "kernel", "stride")}
    stages.add(
        "conv", stages.width, math.prod(seen(o)), [{"weight_ih": weight, "bias_ih": bias}],
        H=o["filters"], activation=o["activation"], **image,
    )  # fmt: skip
    stages.bounded = False


def _peaks(stages: Stages, op: Operation) -> None:
    image = {name: op["options"][name] for name in ("height", "width", "channels")}
    stages.add("peaks", stages.width, 3 * image["channels"], **image)
    stages.bounded = False


def _window(stages: Stages, op: Operation) -> None:
    o = op["options"]
    K, I = o["components"], o["input_size"]
    weights = {"weight_ih": stages.weight(op, "weight"), "bias_ih": stages.weight(op, "bias")}
    first = stages.places[f"{op['name']}.place"][0]
    stages.add("window", I, I + o["memory_size"], [weights], H=3 * K, P=K, h=first)
    stages.bounded = False


def _attend(stages: Stages, op: Operation) -> None:
    o = op["options"]
    I, M, H = o["input_size"], o["memory_size"], o["size"]
    if o["kind"] == "multiplicative":
        stages.add("attend", I, I + M, H=H, kind=o["kind"])
    else:
        first, k, w = stages.places[o["query"]]
        weights = {"weight_ih": stages.weight(op, "weight_query"), "weight_hh": stages.weight(op, "score")}
        stages.add("attend", I, I + M, [weights], H=H, P=w, h=first + (k - 1) * w, kind=o["kind"])
    stages.bounded = False


def _recall(stages: Stages, op: Operation) -> None:
    first, _, w = stages.places[f"{op['name']}.value"]
    stages.add("recall", stages.width, stages.width + w, h=first)
    stages.bounded = False


def _keep(stages: Stages, op: Operation) -> None:
    first, _, w = stages.places[op["options"]["state"]]
    stages.add("keep", stages.width, stages.width, P=w, h=first)


def _bag(stages: Stages, op: Operation) -> None:
    o = op["options"]
    first = stages.places[f"{op['name']}.sum"][0]  # the other states follow it
    stages.add(
        "bag", o["size"], o["size"], [{"weight_ih": stages.required(op, "weight")}],
        H=o["width"], P=o["grams"], buckets=o["buckets"], h=first,
    )  # fmt: skip


def _summary(stages: Stages, op: Operation) -> None:
    first = stages.places[f"{op['name']}.parts"][0]
    weights = {"weight_ih": stages.required(op, "scale"), "bias_ih": stages.required(op, "shift")}
    stages.add("summary", stages.width, stages.width, [weights], h=first)


def _join(stages: Stages, op: Operation) -> None:
    first, _, w = stages.places[op["options"]["state"]]
    stages.add("join", stages.width, stages.width + w, h=first)
    stages.bounded = False


def _in_numpy(stages: Stages, op: Operation) -> None:
    """An operation that only numpy runs: its stage there gets weights, states and options as the plan has them."""
    row, options = OPS[op["op"]], op["options"]
    if row.name not in pure.STAGES:
        raise UsageError(f"the operation {row.name} has no stage: add one to hitherto.runtime.pure.STAGES.")
    states = {}
    for name in row.states(options):
        first, k, w = stages.places[f"{op['name']}.{name}"]
        states[name] = slice(first, first + k * w)
    weights = {name: stages.required(op, name) for name in row.weights(options)}
    width = row.width(options, stages.width)
    stages.add(row.name, stages.width, width, [weights], options=options, states=states)
    stages.bounded = False


# Of the operations that the extension runs.
STAGES: dict[str, Callable[[Stages, Operation], None]] = {
    "embed": _embed,
    "spell": _spell,
    "subwords": _subwords,
    "recurrent": _recurrent,
    "pool": _pool,
    "linear": _linear,
    "attend": _attend,
    "window": _window,
    "conv": _conv,
    "peaks": _peaks,
    "recall": _recall,
    "keep": _keep,
    "bag": _bag,
    "summary": _summary,
    "join": _join,
}

if pure.STAGES.keys() != {name for name, row in OPS.items() if row.stage}:
    raise AssertionError("an operation of OPS that is a stage has no way to run here")
