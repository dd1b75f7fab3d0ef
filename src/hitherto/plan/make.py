"""From a spec to its plan."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hitherto.cells import CELLS
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.plan.ops import Plan, seen
from hitherto.plan.read import states, stepwise
from hitherto.spec import ModelSpec

__all__ = ["form_of", "make"]


class _Program:
    """Operations in a row, each reading what the one before gave."""

    def __init__(self, first: str, width: int) -> None:
        self.operations: list[dict[str, Any]] = []
        self.name, self.width = first, width
        self.shape: tuple[int, ...] = ()  # of a picture that a step is

    def add(
        self, op: str, called: str, output: str, wide: int | None = None, /, **options: Any
    ) -> dict[str, Any]:
        made = {"op": op, "name": called, "inputs": [self.name], "outputs": [output], "options": options}
        self.operations.append(made)
        self.name, self.width = output, self.width if wide is None else wide
        return made

    def read(self, model: ModelSpec, given: Mapping[str, Any], called: str, suffix: str = "") -> None:
        """The input: of token numbers their embedding, with what is dropped of it; of pictures what is seen in them."""
        if given["kind"] != "ids":
            self.look(model, given.get("shape"), suffix)
            return
        size, width = self.width, model.embedding_size or self.width
        self.add(
            "embed",
            called,
            "embedded" + suffix,
            width,
            size=size,
            width=width,
            dropout=model.embedding_dropout,
        )
        if model.dropout:
            self.add("dropout", "drop_in" + suffix, "dropped_in" + suffix, rate=model.dropout)

    def look(self, model: ModelSpec, shape: Sequence[int] | None, suffix: str) -> None:
        """Convolutions on each step, if it is a picture; each halves it. All places go on, or their peaks."""
        self.shape = tuple(shape or ())
        if not shape:
            return
        for i, filters in enumerate(model.conv):
            options: dict[str, Any] = {
                **dict(zip(("height", "width", "channels"), self.shape, strict=True)),
                "filters": filters,
                "kernel": 3,
                "stride": 2,
                "activation": "relu",
            }
            self.shape = seen(options)
            self.add("conv", f"conv{suffix}_{i}", f"seen{suffix}_{i}", math.prod(self.shape), **options)
        if model.peaks:
            sides = dict(zip(("height", "width", "channels"), self.shape, strict=True))
            self.add("peaks", "peaks" + suffix, "found" + suffix, 3 * sides["channels"], **sides)
            self.shape = ()
        if model.conv and model.dropout:
            self.add("dropout", "drop_in" + suffix, "dropped_in" + suffix, rate=model.dropout)

    def layers(self, model: ModelSpec, called: str, output: str, sides: int = 1) -> dict[str, Any]:
        """The recurrent layers; with two `sides` each direction has half the units, so that the width stays."""
        both = bool(model.bidirectional) and not called.startswith("decoder")
        hidden, projected = (model.hidden_size or 0) // sides, model.proj_size // sides
        return self.add(
            "recurrent",
            called,
            output,
            (projected or hidden) * (1 + both),
            **{
                "cell": model.cell,
                "input_size": self.width,
                "hidden_size": hidden,
                "num_layers": model.num_layers,
                "bidirectional": both,
                "dropout": model.dropout or 0.0 if (model.num_layers or 1) > 1 else 0.0,
                "recurrent_dropout": model.recurrent_dropout,
                "layer_norm": model.layer_norm,
                "residual": model.residual,
                **_cell_choices(model),
                **({"proj_size": projected} if "proj_size" in CELLS[model.cell].options else {}),
            },
        )

    def answer(self, model: ModelSpec, head: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """The last product."""
        if model.dropout:
            self.add("dropout", "drop_out", "dropped_out", rate=model.dropout)
        if head == "pointer":
            features = self.name
            self.add("copy", "copy", "gate", input_size=self.width)
            self.name = features
        if head == "chain":
            features = self.name
            self.add("chain", "chain", "chained", **options)
            self.name = features
        size = HEADS[head].size(**options)
        made = self.add("linear", "head", "params", size, input_size=self.width, output_size=size, bias=True)
        if model.tied:
            embed = next((op["options"] for op in self.operations if op["name"] == "embed"), {"width": None})
            if (embed["width"], embed.get("size")) != (made["options"]["input_size"], size):
                raise UsageError(
                    "tied weights need an embedding as wide as the output of the last layer: embedding_size is "
                    f"{embed['width']}, the output {made['options']['input_size']}. Set both to the same, or use "
                    "proj_size."
                )
            made["weights"] = {"weight": "embed.weight"}
        return made


def form_of(form: str, inputs: Mapping[str, Any]) -> str:
    """The form of a plan for a task of this form, by what there is to read."""
    if form in ("seq2seq", "one_to_many"):
        single = inputs.get("source", {}).get("single")
        return "many_to_many" if "source" not in inputs else "one_to_many" if single else "seq2seq"
    single = form == "many_to_one" and all(given.get("single") for given in inputs.values())
    return "one_to_one" if single else form


def make(
    model: ModelSpec, form: str, inputs: Mapping[str, Any], head: str, options: Mapping[str, Any]
) -> Plan:
    """The plan of a model that reads `inputs` and ends in `head` with these options.

    Every field of `model` that the plan needs must be set: what is chosen from data is chosen before.
    """
    form = form_of(form, inputs)
    plan: Plan = {"form": form, "inputs": {key: dict(value) for key, value in inputs.items()}}
    if model.conv and not any("shape" in given for given in inputs.values()):
        raise UsageError("convolutions (--conv) are for pictures, and this model reads none; leave them out.")
    if model.peaks and not model.conv:
        raise UsageError("peaks are of what convolutions see: give these too (--conv), or leave it out.")
    if form in ("seq2seq", "one_to_many"):
        plan |= _sequence_to_sequence(model, inputs, head, options)
    else:
        (x,) = inputs.values()
        step = _Program("x", x["size"])
        step.read(model, x, "embed")
        step.layers(model, "recurrent", "y")
        if form in ("many_to_one", "one_to_one"):
            both = bool(model.bidirectional)
            step.add("pool", "pool", "pooled", kind=model.pool or "last", size=step.width, bidirectional=both)
        step.answer(model, head, options)
        plan["step"] = step.operations
    return plan | {"head": {"kind": head, "name": "head", "options": dict(options)}}


def _sequence_to_sequence(
    model: ModelSpec, inputs: Mapping[str, Any], head: str, options: Mapping[str, Any]
) -> Plan:
    """The three programs of an encoder and a decoder."""
    source, x = inputs["source"], inputs["x"]
    if x["kind"] == "vectors":
        return _handwriter(model, source, x, head, options)
    sides = 1 + (bool(model.bidirectional) and not source.get("single"))
    if (model.hidden_size or 0) % sides or model.proj_size % sides:
        raise UsageError(
            "hidden_size and proj_size are shared by the encoder's two directions, so they must be even, but are "
            f"{model.hidden_size} and {model.proj_size}."
        )
    if model.attention == "none" and (model.input_feeding or head == "pointer"):
        raise UsageError(
            f"{'copy' if head == 'pointer' else 'input_feeding'} needs attention, but attention is none; choose "
            f"multiplicative or additive{', or leave copying out (--no-copy)' if head == 'pointer' else ''}."
        )
    if model.shared and source != x:
        raise UsageError("a shared embedding needs one vocabulary for source and target.")
    encode = _Program("source", source["size"])
    encode.read(model, source, "embed_source", "_source")
    if source.get("single"):
        _sum_up(model, encode)
    else:
        encode.layers(model, "encoder", "memory", sides)
    step = _writer(model, x, encode.width, head, options)
    if stepwise({"step": step}) and model.recurrent_dropout:
        raise UsageError(
            "recurrent_dropout keeps one mask for a whole sequence, but additive attention and input_feeding go step "
            "by step; leave one of them out."
        )
    if model.shared:
        for op in step:
            if op["name"] == "embed" or op.get("weights"):
                op["weights"] = {"weight": "embed_source.weight"}
    plan = {"encode": encode.operations, "step": step}
    return {"encode": encode.operations, "bridge": _bridges(plan, sides), "step": step}


def _handwriter(
    model: ModelSpec, source: Mapping[str, Any], x: Mapping[str, Any], head: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Layers that look through a window at the tokens of a source, which moves on as they write."""
    encode = _Program("source", source["size"])
    width = model.embedding_size or source["size"]
    sizes = {"size": source["size"], "width": width, "dropout": model.embedding_dropout}
    encode.add("embed", "embed_source", "memory", width, **sizes)
    step = _Program("x", x["size"])
    if model.input_feeding:
        step.add("recall", "recall", "recalled", step.width + width, size=width)
    step.layers(msgspec.structs.replace(model, num_layers=1, dropout=0.0), "decoder", "y")
    own = {"input_size": step.width, "memory_size": width, "components": model.components}
    step.add("window", "window", "windowed", step.width + width, **own)["inputs"].append("memory")
    if model.input_feeding:
        step.add("keep", "keep", "kept", state="recall.value")
    if (model.num_layers or 1) > 1:
        step.layers(
            msgspec.structs.replace(model, num_layers=(model.num_layers or 1) - 1), "decoder_upper", "z"
        )
    step.answer(model, head, options)
    return {"encode": encode.operations, "bridge": [], "step": step.operations}


def _sum_up(model: ModelSpec, encode: _Program) -> None:
    """Of one picture or one row of numbers its memory, and what is pooled of it to begin with."""
    if model.attention == "none":
        sizes = {"input_size": encode.width, "output_size": model.hidden_size or 0}
        encode.add("linear", "sum_up", "memory", model.hidden_size, **sizes, bias=True, activation="tanh")
    elif not encode.shape:
        raise UsageError(
            "attention needs places to look at, and here is one row of numbers "
            f"({'of peaks' if model.peaks else 'the input'}); choose --attention none."
        )
    else:
        height, width, size = encode.shape
        encode.add("grid", "grid", "memory", size, places=height * width, size=size)
    encode.add("pool", "pool", "pooled", kind="max", size=encode.width, bidirectional=False)
    encode.width = encode.operations[-1]["options"]["size"]


def _writer(
    model: ModelSpec, x: Mapping[str, Any], memory: int, head: str, options: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The step program of a decoder that looks at a memory of this width."""
    step = _Program("x", x["size"])
    step.read(model, x, "embed")
    attends = model.attention != "none"
    top = (
        (model.proj_size if "proj_size" in CELLS[model.cell].options else 0) or model.hidden_size or 0
    )  # what the decoder says
    combined = (
        model.embedding_size or top if model.tied else top
    )  # and what is made of it and of what it looks at
    recalled = combined if attends else memory

    def attend(size: int, **asked: Any) -> None:
        op = step.add(
            "attend", "attend", "attended", step.width + memory, kind=model.attention, input_size=step.width,
            memory_size=memory, size=size, **asked,
        )  # fmt: skip
        op["inputs"].append("memory")

    if not attends or model.input_feeding:
        step.add("recall", "recall", "recalled", step.width + recalled, size=recalled)
    if model.attention == "additive":
        attend(top, query="decoder.h", query_size=top)
    step.layers(model, "decoder", "y")
    if model.attention == "multiplicative":
        attend(step.width, query="", query_size=0)
    if attends:
        sizes = {"input_size": step.width, "output_size": combined}
        step.add("linear", "combine", "combined", combined, **sizes, bias=True, activation="tanh")
    if attends and model.input_feeding:
        step.add("keep", "keep", "kept", state="recall.value")
    step.answer(model, head, options)
    return step.operations


def _bridges(plan: Plan, sides: int) -> list[dict[str, Any]]:
    """What makes each state that a decoder begins with from one that its encoder ends with."""
    begin, end = states(plan, "encode"), states(plan, "step")
    found = []
    for made, (rows, size) in end.items():
        given = made.replace("decoder", "encoder")
        if given == "recall.value":
            if "memory" in (name for op in plan["step"] for name in op["inputs"]):
                continue  # what was said before anything was: zeros
            given = "encoder.h"  # the vector that holds all of the source, given to every step
        given = given if given in begin else "pool.value"
        options = {
            "layers": begin[given][0] // sides,
            "directions": sides,
            "input_size": begin[given][1],
            "rows": rows,
            "output_size": size,
            "activation": "" if made.endswith(".c") else "tanh",
        }
        name = f"bridge_{made.replace('.', '_')}"
        found.append({"op": "bridge", "name": name, "inputs": [given], "outputs": [made], "options": options})
    return found


def _cell_choices(model: ModelSpec) -> dict[str, Any]:
    """The cell's own options that the model sets; one that the cell does not have is an error."""
    chosen: dict[str, Any] = {}
    for option, default in (("proj_size", 0), ("nonlinearity", "tanh"), ("reset", "after")):
        if option in CELLS[model.cell].options:
            chosen[option] = getattr(model, option)
        elif getattr(model, option) != default:
            having = next(name for name, cell in CELLS.items() if option in cell.options)
            raise UsageError(f"the cell {model.cell} has no {option}; it is an option of {having}.")
    if model.forget_bias is not None and not CELLS[model.cell].forget_gate:
        having = ", ".join(name for name, cell in CELLS.items() if cell.forget_gate)
        raise UsageError(
            f"the cell {model.cell} has no forget gate, so no forget_bias; it is an option of {having}."
        )
    if model.layer_norm and "layer_norm" not in CELLS[model.cell].options:
        raise UsageError(f"the cell {model.cell} has no layer_norm; leave it out.")
    return chosen
