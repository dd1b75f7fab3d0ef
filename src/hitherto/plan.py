"""The plan: the model as data. Both executors, the torch module and the engine, interpret exactly this.

A plan is a plain dict that JSON can hold:

    {"form": "many_to_one",
     "inputs": {"x": {"kind": "ids", "size": 9000}},          or {"kind": "vectors", "size": 24}
     "step": [{"op": "embed", "name": "embed", "inputs": ["x"], "outputs": ["e"], "options": {...}}, ...],
     "head": {"kind": "softmax", "name": "head", "options": {"classes": 2}}}

`step` is the program that reads input: on a whole sequence, a chunk, or one step, with the state carried from call to
call. Its last operation, `head`, makes what the head of that kind in `HEADS` reads. The weights of an operation are the
tensors `name.*`; an operation's "weights" may say that one of them is another's tensor (tied). Arrays are [T, B, ...];
states are [K, B, W], whatever they belong to.

`OPS` lists the operations. An operation knows its weights and states, not how it is run: that is each executor's part.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hitherto.cells import CELLS
from hitherto.errors import BundleError, UsageError
from hitherto.heads import HEADS
from hitherto.spec import ModelSpec
from hitherto.tasks import FORMS

__all__ = ["OPS", "Op", "check", "make", "streams", "weights"]

Plan = dict[str, Any]
Options = Mapping[str, Any]
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Op:
    """One row of `OPS`: the weights and the states [K, W] that an operation with these options has."""

    name: str
    options: dict[str, type]
    weights: Callable[[Options], Shapes]
    states: Callable[[Options], Shapes]
    inputs: int | None = 1  # None for any number


def _none(_options: Options) -> Shapes:
    return {}


def _recurrent_weights(o: Options) -> Shapes:
    cell = CELLS[o["cell"]]
    shapes: Shapes = {}
    directions = ("", "_reverse") if o["bidirectional"] else ("",)
    own = cell_options(o)
    width = cell.state_sizes(o["hidden_size"], **own)[0] * len(directions)
    for layer in range(o["num_layers"]):
        for direction in directions:
            params = cell.params(width if layer else o["input_size"], o["hidden_size"], **own)
            shapes |= {f"{name}_l{layer}{direction}": shape for name, shape in params.items()}
    return shapes


def _recurrent_states(o: Options) -> Shapes:
    cell = CELLS[o["cell"]]
    rows = o["num_layers"] * (1 + o["bidirectional"])
    sizes = cell.state_sizes(o["hidden_size"], **cell_options(o))
    return {name: (rows, size) for name, size in zip(cell.states, sizes, strict=True)}


def cell_options(options: Options) -> dict[str, Any]:
    """Those options of a recurrent operation that are the cell's own."""
    return {name: options[name] for name in CELLS[options["cell"]].options if name in options}


def _pool_states(o: Options) -> Shapes:
    shapes: Shapes = {"value": (1, o["size"])}
    return shapes if o["kind"] == "last" else shapes | {"count": (1, 1)}


OPS: dict[str, Op] = {
    "embed": Op(
        "embed",
        {"size": int, "width": int, "dropout": float},
        lambda o: {"weight": (o["size"], o["width"])},
        _none,
    ),
    "dropout": Op("dropout", {"rate": float}, _none, _none),
    "recurrent": Op(
        "recurrent",
        {
            "cell": str,
            "input_size": int,
            "hidden_size": int,
            "num_layers": int,
            "bidirectional": bool,
            "dropout": float,
            "recurrent_dropout": float,
            "layer_norm": bool,
            "residual": bool,
            "proj_size": int,
            "nonlinearity": str,
            "reset": str,
        },
        _recurrent_weights,
        _recurrent_states,
    ),
    "pool": Op("pool", {"kind": str, "size": int, "bidirectional": bool}, _none, _pool_states),
    "linear": Op(
        "linear",
        {"input_size": int, "output_size": int, "bias": bool},
        lambda o: (
            {"weight": (o["output_size"], o["input_size"])}
            | ({"bias": (o["output_size"],)} if o["bias"] else {})
        ),
        _none,
    ),
}

# ------------------------------------------------------------------------------------------------------- making


def make(
    model: ModelSpec, form: str, inputs: Mapping[str, Any], head: str, options: Mapping[str, Any]
) -> Plan:
    """The plan of a model that reads `inputs` and ends in `head` with these options.

    Every field of `model` that the plan needs must be set: what is chosen from data is chosen before.
    """
    (x,) = inputs.values()
    step: list[dict[str, Any]] = []
    name, width = "x", x["size"]

    def add(op: str, called: str, output: str, **values: Any) -> None:
        nonlocal name
        step.append({"op": op, "name": called, "inputs": [name], "outputs": [output], "options": values})
        name = output

    dropout = model.dropout or 0.0
    if x["kind"] == "ids":
        width = model.embedding_size or width
        add("embed", "embed", "embedded", size=x["size"], width=width, dropout=model.embedding_dropout)
    if dropout and x["kind"] == "ids":
        add("dropout", "drop_in", "dropped_in", rate=dropout)
    recurrent = {
        "cell": model.cell,
        "input_size": width,
        "hidden_size": model.hidden_size,
        "num_layers": model.num_layers,
        "bidirectional": bool(model.bidirectional),
        "dropout": dropout if (model.num_layers or 1) > 1 else 0.0,
        "recurrent_dropout": model.recurrent_dropout,
        "layer_norm": model.layer_norm,
        "residual": model.residual,
        **_cell_choices(model),
    }
    add("recurrent", "recurrent", "y", **recurrent)
    width = (model.proj_size or model.hidden_size or 0) * (1 + bool(model.bidirectional))
    if form == "many_to_one":
        add(
            "pool",
            "pool",
            "pooled",
            kind=model.pool or "last",
            size=width,
            bidirectional=bool(model.bidirectional),
        )
    if dropout:
        add("dropout", "drop_out", "dropped_out", rate=dropout)
    add("linear", "head", "params", input_size=width, output_size=HEADS[head].size(**options), bias=True)
    if model.tied:
        if (
            x["kind"] != "ids"
            or x["size"] != step[-1]["options"]["output_size"]
            or step[0]["options"]["width"] != width
        ):
            raise UsageError(
                f"tied weights need an embedding as wide as the output of the last layer: embedding_size is "
                f"{step[0]['options'].get('width')}, the output {width}. Set both to the same, or use proj_size."
            )
        step[-1]["weights"] = {"weight": "embed.weight"}
    return {
        "form": form,
        "inputs": {key: dict(value) for key, value in inputs.items()},
        "step": step,
        "head": {"kind": head, "name": "head", "options": dict(options)},
    }


def _cell_choices(model: ModelSpec) -> dict[str, Any]:
    """The cell's own options that the model sets; one that the cell does not have is an error."""
    chosen: dict[str, Any] = {}
    for option, default in (("proj_size", 0), ("nonlinearity", "tanh"), ("reset", "after")):
        if option in CELLS[model.cell].options:
            chosen[option] = getattr(model, option)
        elif getattr(model, option) != default:
            having = next(name for name, cell in CELLS.items() if option in cell.options)
            raise UsageError(f"the cell {model.cell} has no {option}; it is an option of {having}.")
    if model.forget_bias is not None and model.cell != "lstm":
        raise UsageError(
            f"the cell {model.cell} has no forget gate, so no forget_bias; it is an option of lstm."
        )
    return chosen


# ------------------------------------------------------------------------------------------------------ reading


def weights(plan: Plan) -> Shapes:
    """The tensors that the plan needs: full name -> shape, tied ones under the name they are kept by."""
    found: Shapes = {}
    for op in plan["step"]:
        for name, shape in OPS[op["op"]].weights(op["options"]).items():
            found[tensor_name(op, name)] = tuple(shape)
    return found


def tensor_name(op: Mapping[str, Any], weight: str) -> str:
    """Where a weight of an operation is kept."""
    kept: str = op.get("weights", {}).get(weight, f"{op['name']}.{weight}")
    return kept


def states(plan: Plan) -> Shapes:
    """What is carried from step to step: `name.state` -> [K, W]; each array is [K, B, W]."""
    return {
        f"{op['name']}.{state}": shape
        for op in plan["step"]
        for state, shape in OPS[op["op"]].states(op["options"]).items()
    }


def streams(plan: Plan) -> str | None:
    """None where the plan can be stepped; else why not and what to do."""
    for op in plan["step"]:
        if op["options"].get("bidirectional"):
            return (
                f"the model reads its input from both ends ({op['name']} is bidirectional), so it cannot answer before "
                "the input is over. Train it with bidirectional = false (--no-bidirectional) to stream it, or predict "
                "whole inputs."
            )
    return None


def check(plan: Any, tensors: Mapping[str, Any] | None = None) -> Plan:
    """The plan, once it is known to be sound and to fit `tensors`; a BundleError says what is wrong."""
    _expect(isinstance(plan, dict), "the plan is not a table")
    for key in ("form", "inputs", "step", "head"):
        _expect(key in plan, f"the plan has no {key!r}")
    _expect(plan["form"] in FORMS, f"the plan's form {plan['form']!r} is not known")
    _expect(
        isinstance(plan["inputs"], dict) and isinstance(plan["step"], list), "the plan's parts are malformed"
    )
    known = set(plan["inputs"])
    names: set[str] = set()
    for op in plan["step"]:
        _check_op(op, known, names)
        known |= set(op["outputs"])
        names.add(op["name"])
    head = plan["head"]
    _expect(isinstance(head, dict) and head.get("kind") in HEADS, "the plan's head is not known")
    _expect(head.get("name") in names, "the plan's head names no operation")
    if tensors is not None:
        for name, shape in weights(plan).items():
            _expect(name in tensors, f"the tensor {name!r} that the plan names is missing")
            came = tuple(tensors[name].shape)
            _expect(came == shape, f"the tensor {name!r} has the shape {came}, the plan says {shape}")
    return dict(plan)


def _check_op(op: Any, known: Iterable[str], names: Iterable[str]) -> None:
    _expect(
        isinstance(op, dict) and {"op", "name", "inputs", "outputs", "options"} <= op.keys(),
        f"not an operation: {op!r:.80}",
    )
    _expect(op["op"] in OPS, f"the operation {op['op']!r} is not known to this version")
    row = OPS[op["op"]]
    _expect(op["name"] not in names, f"two operations are named {op['name']!r}")
    for source in op["inputs"]:
        _expect(source in known, f"{op['name']} reads {source!r}, which nothing before it makes")
    _expect(
        row.inputs is None or len(op["inputs"]) == row.inputs, f"{op['name']} has the wrong number of inputs"
    )
    for option, value in op["options"].items():
        _expect(option in row.options, f"{op['name']} has the unknown option {option!r}")
        kind = row.options[option]
        good = isinstance(value, (int, float) if kind is float else kind) and (
            kind is bool or not isinstance(value, bool)
        )
        _expect(good, f"option {option!r} of {op['name']} must be {kind.__name__}, but is {value!r}")
        _expect(
            kind is not int or 0 <= value < 2**31,
            f"option {option!r} of {op['name']} is out of range: {value!r}",
        )
    _expect(
        op["op"] != "recurrent" or op["options"].get("cell") in CELLS,
        f"the cell of {op['name']} is not known",
    )


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise BundleError(f"the plan is not sound: {message}.")
