"""The plan: the model as data. Both executors, the torch module and the engine, interpret exactly this.

A plan is a plain dict that JSON can hold:

    {"form": "many_to_one",
     "inputs": {"x": {"kind": "ids", "size": 9000}},          or {"kind": "vectors", "size": 24}, or a picture a step:
                                                              {"kind": "vectors", "size": 3072, "shape": [32, 32, 3]}
     "step": [{"op": "embed", "name": "embed", "inputs": ["x"], "outputs": ["e"], "options": {...}}, ...],
     "head": {"kind": "softmax", "name": "head", "options": {"classes": 2}}}

`step` is the program that reads input: on a whole sequence, a chunk, or one step, with the state carried from call to
call. Its last operation, `head`, makes what the head of that kind in `HEADS` reads. The weights of an operation are the
tensors `name.*`; an operation's "weights" may say that one of them is another's tensor (tied). Arrays are [T, B, ...];
states are [K, B, W], whatever they belong to.

A plan of form `seq2seq` or `one_to_many` has two programs more, and an input `source` beside `x`, what was written so
far. `encode` reads the source; its output "memory" is what `attend` and `window` look at. `bridge` makes the states
that `step` begins with from those that `encode` ends with: its inputs and outputs are names of states.

`OPS` lists the operations. A row says what an operation has and where it may stand, not how it is run: that is each
executor's part. `hitherto.verify` checks a plan against these rows.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hitherto.bounds import WIDEST, Layers, Rate, Side, Size
from hitherto.cells import CELLS
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.spec import ModelSpec

__all__ = [
    "NARROWEST",
    "OPS",
    "PROGRAMS",
    "Op",
    "form_of",
    "make",
    "operations",
    "seen",
    "stepwise",
    "streams",
    "weights",
]

Plan = dict[str, Any]
Options = Mapping[str, Any]
Shapes = dict[str, tuple[int, ...]]

NARROWEST = 10.0  # of a window: its bells weigh exp(-NARROWEST * b * distance^2), 0 < b < 1
PROGRAMS = ("encode", "bridge", "step")  # in the order in which they run

Directions = Annotated[int, Meta(ge=1, le=2)]
Activation = Literal["", "tanh", "relu"]  # of a linear map or a convolution


def _same(_o: Options, width: int) -> int:
    return width


def _no_work(_o: Options) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Op:
    """One row of `OPS`: all that is known of an operation but how it is run."""

    name: str
    options: dict[str, Any]  # the type of each, with its bounds
    weights: Callable[[Options], Shapes]
    states: Callable[[Options], Shapes]  # each [K, W]
    width: Callable[[Options, int], int] = (
        _same  # of its output, from that of its input; UsageError if it does not fit
    )
    optional: frozenset[str] = frozenset()  # options that some cells lack, or that came later
    programs: tuple[str, ...] = ("encode", "step")  # where it may stand
    reads: Literal["ids", "vectors"] = "vectors"
    looks: bool = False  # it reads the memory too
    decodes: bool = False  # its steps come one after the other: nothing beside it pools or reads from the end
    pools: bool = False  # it makes one value of all steps
    stage: bool = True  # the engine runs it as a step of its own
    heads: bool = False  # it may be the head's operation
    places: Callable[[Options], int] | None = None  # it makes so many steps of each
    beside: str = ""  # the head that reads its output, which goes beside the chain
    state: str = ""  # the option that names a state which it reads or writes
    fits: Callable[[Options, int, tuple[int, int]], bool] | None = None  # whether that state does, [K, W]
    work: Callable[[Options], int] = _no_work  # multiplications of a step, where its weights do not tell

    def reads_from_the_end(self, options: Options) -> bool:
        """Whether it needs all steps before it gives the first."""
        return bool(options.get("bidirectional")) and not self.pools


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


def _bridge_weights(o: Options) -> Shapes:
    shapes: Shapes = {}
    for row in range(o["rows"]):
        shapes |= {
            f"weight_{row}": (o["output_size"], o["directions"] * o["input_size"]),
            f"bias_{row}": (o["output_size"],),
        }
    return shapes


def _attend_weights(o: Options) -> Shapes:
    if o["kind"] == "multiplicative":
        return {"weight": (o["size"], o["memory_size"])}
    return {
        "weight_key": (o["size"], o["memory_size"]),
        "bias": (o["size"],),
        "weight_query": (o["size"], o["query_size"]),
        "score": (o["size"],),
    }


_CELLS_OWN = frozenset({"proj_size", "nonlinearity", "reset"})  # options that not every cell has


def _reads(name: str = "input_size") -> Callable[[Options, int], None]:
    def check(o: Options, width: int) -> None:
        if o[name] != width:
            raise UsageError(f"reads {o[name]:,} numbers, but gets {width:,}")

    return check


_reads_input, _reads_size = _reads(), _reads("size")


def _embed_width(o: Options, width: int) -> int:
    _reads_size(o, width)
    return int(o["width"])


def _recurrent_width(o: Options, width: int) -> int:
    _reads_input(o, width)
    for name in _CELLS_OWN & o.keys():
        if name not in CELLS[o["cell"]].options:
            raise UsageError(f"is a {o['cell']}, which has no {name}")
    made: int = CELLS[o["cell"]].state_sizes(o["hidden_size"], **cell_options(o))[0]
    return made * (1 + bool(o["bidirectional"]))


def _pool_width(o: Options, width: int) -> int:
    _reads_size(o, width)
    if o["bidirectional"] and width % 2:
        raise UsageError(f"pools two directions, but gets {width:,} numbers, which two cannot share")
    return width


def _linear_width(o: Options, width: int) -> int:
    _reads_input(o, width)
    return int(o["output_size"])


def _copy_width(o: Options, width: int) -> int:
    _reads_input(o, width)
    return 1


def _attend_width(o: Options, width: int) -> int:
    _reads_input(o, width)
    if o["kind"] == "multiplicative" and (o["size"] != width or o["query"] or o["query_size"]):
        raise UsageError("must ask with its input, so as wide as that, and with no state")
    if o["kind"] == "additive" and not (o["query"] and o["query_size"]):
        raise UsageError("must name the state that it asks, and its width")
    return int(o["input_size"] + o["memory_size"])


def _window_width(o: Options, width: int) -> int:
    _reads_input(o, width)
    return int(o["input_size"] + o["memory_size"])


def _picture(o: Options, width: int) -> None:
    if o["height"] * o["width"] * o["channels"] != width:
        raise UsageError(f"reads another picture than the {width:,} numbers that it gets")


def _conv_width(o: Options, width: int) -> int:
    _picture(o, width)
    if o["kernel"] % 2 == 0:
        raise UsageError(f"has a kernel of {o['kernel']}, but it must be odd")
    return math.prod(seen(o))


def _conv_work(o: Options) -> int:
    return math.prod(seen(o)) * int(o["channels"]) * int(o["kernel"]) ** 2


def _peaks_width(o: Options, width: int) -> int:
    _picture(o, width)
    return 3 * int(o["channels"])


def _grid_width(o: Options, width: int) -> int:
    if o["places"] * o["size"] != width:
        raise UsageError(f"has other places than the {width:,} numbers that it gets")
    return int(o["size"])


def _recall_width(o: Options, width: int) -> int:
    return width + int(o["size"])


OPS: dict[str, Op] = {
    "embed": Op(
        "embed",
        {"size": Size, "width": Size, "dropout": Rate},
        lambda o: {"weight": (o["size"], o["width"])},
        _none,
        width=_embed_width,
        reads="ids",
    ),
    "dropout": Op("dropout", {"rate": Rate}, _none, _none, stage=False),
    "recurrent": Op(
        "recurrent",
        {
            "cell": str,
            "input_size": Size,
            "hidden_size": Size,
            "num_layers": Layers,
            "bidirectional": bool,
            "dropout": Rate,
            "recurrent_dropout": Rate,
            "layer_norm": bool,
            "residual": bool,
            "proj_size": Annotated[int, Meta(ge=0, le=WIDEST)],
            "nonlinearity": str,
            "reset": str,
        },
        _recurrent_weights,
        _recurrent_states,
        width=_recurrent_width,
        optional=_CELLS_OWN,
    ),
    "pool": Op(
        "pool",
        {"kind": Literal["last", "mean", "max"], "size": Size, "bidirectional": bool},
        _none,
        _pool_states,
        width=_pool_width,
        pools=True,
    ),
    "linear": Op(
        "linear",
        {"input_size": Size, "output_size": Size, "bias": bool, "activation": Activation},
        lambda o: (
            {"weight": (o["output_size"], o["input_size"])}
            | ({"bias": (o["output_size"],)} if o["bias"] else {})
        ),
        _none,
        width=_linear_width,
        optional=frozenset({"activation"}),
        heads=True,
    ),
    # A state of so many rows from the last ones of as many layers, both directions of each side by side; where there
    # are fewer layers than rows, the first serves more than one.
    "bridge": Op(
        "bridge",
        {
            "layers": Layers,
            "directions": Directions,
            "input_size": Size,
            "rows": Layers,
            "output_size": Size,
            "activation": Activation,
        },
        _bridge_weights,
        _none,
        programs=("bridge",),
        stage=False,
    ),
    # Its input, and beside it the mean of the memory, weighted by how well each place fits: by a product with the input
    # (multiplicative), or by a small network that asks the state `query` as the step before left it (additive).
    "attend": Op(
        "attend",
        {
            "kind": Literal["multiplicative", "additive"],
            "input_size": Size,
            "memory_size": Size,
            "size": Size,
            "query": str,
            "query_size": Annotated[int, Meta(ge=0, le=WIDEST)],
        },
        _attend_weights,
        _none,
        width=_attend_width,
        programs=("step",),
        looks=True,
        decodes=True,
        state="query",
        fits=lambda o, _width, state: state[1] == o["query_size"],
    ),
    # Its input, and beside it what it sees of the memory through bells over the places, which only move on: one at k
    # weighs place u by a exp(-NARROWEST b (k - u)^2), and k grows by c; a, b and c are sigmoids of a linear map.
    "window": Op(
        "window",
        {"input_size": Size, "memory_size": Size, "components": Size},
        lambda o: {
            "weight": (3 * o["components"], o["input_size"]),
            "bias": (3 * o["components"],),
        },
        lambda o: {"place": (1, o["components"])},
        width=_window_width,
        programs=("step",),
        looks=True,
        decodes=True,
    ),
    # Each step taken for a picture, [height, width, channels] with the channels side by side, and one of `filters` made
    # of it: squares every `stride` pixels, with zeros around.
    "conv": Op(
        "conv",
        {
            "height": Side,
            "width": Side,
            "channels": Side,
            "filters": Side,
            "kernel": Side,
            "stride": Side,
            "activation": Activation,
        },
        lambda o: {
            "weight": (o["filters"], o["channels"], o["kernel"], o["kernel"]),
            "bias": (o["filters"],),
        },
        _none,
        width=_conv_width,
        work=_conv_work,
    ),
    # Each step taken for a picture too, and of each channel three numbers: the largest, and the middle of the softmax
    # over the places, across and down, where edges are at -1 and 1. What is learned in one place is then known in all.
    "peaks": Op(
        "peaks",
        {"height": Side, "width": Side, "channels": Side},
        _none,
        _none,
        width=_peaks_width,
        work=lambda o: 8 * int(o["height"] * o["width"] * o["channels"]),
    ),
    # A step of so many places side by side as so many steps, to each of which is added what tells its place from the
    # others: how a picture becomes a memory.
    "grid": Op(
        "grid",
        {"places": Size, "size": Size},
        lambda o: {"weight": (o["places"], o["size"])},
        _none,
        width=_grid_width,
        programs=("encode",),
        stage=False,
        places=lambda o: int(o["places"]),
    ),
    # Its input, and beside it a value that stays, or that a `keep` further on changed one step before.
    "recall": Op(
        "recall",
        {"size": Size},
        _none,
        lambda o: {"value": (1, o["size"])},
        width=_recall_width,
        programs=("step",),
        decodes=True,
    ),
    # Its input; the last numbers of it are kept in another's state, as many as that has.
    "keep": Op(
        "keep",
        {"state": Annotated[str, Meta(min_length=1)]},
        _none,
        _none,
        programs=("step",),
        decodes=True,
        state="state",
        fits=lambda _o, width, state: state[0] == 1 and state[1] <= width,
    ),
    # What the labels of a step say of those after them; only the head "chain" reads it.
    "chain": Op(
        "chain",
        {"labels": Size, "hidden": Size},
        lambda o: dict.fromkeys(("W", "V"), (o["labels"], o["hidden"])),
        _none,
        programs=("step",),
        stage=False,
        beside="chain",
    ),
    # How much of an answer is written, not copied from where attention looks; only the head "pointer" reads it.
    "copy": Op(
        "copy",
        {"input_size": Size},
        lambda o: {"weight": (1, o["input_size"]), "bias": (1,)},
        _none,
        width=_copy_width,
        programs=("step",),
        stage=False,
        beside="pointer",
    ),
}

# ------------------------------------------------------------------------------------------------------- making


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
                **({"proj_size": projected} if model.cell == "lstm" else {}),
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
    top = (model.proj_size if model.cell == "lstm" else 0) or model.hidden_size or 0  # what the decoder says
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
    if model.forget_bias is not None and model.cell != "lstm":
        raise UsageError(
            f"the cell {model.cell} has no forget gate, so no forget_bias; it is an option of lstm."
        )
    return chosen


# ------------------------------------------------------------------------------------------------------ reading


def operations(plan: Plan) -> Iterator[dict[str, Any]]:
    """Every operation of every program, in the order in which they run."""
    for program in PROGRAMS:
        yield from plan.get(program, [])


def weights(plan: Plan) -> Shapes:
    """The tensors that the plan needs: full name -> shape, tied ones under the name they are kept by."""
    found: Shapes = {}
    for op in operations(plan):
        for name, shape in OPS[op["op"]].weights(op["options"]).items():
            found[tensor_name(op, name)] = tuple(shape)
    return found


def tensor_name(op: Mapping[str, Any], weight: str) -> str:
    """Where a weight of an operation is kept."""
    kept: str = op.get("weights", {}).get(weight, f"{op['name']}.{weight}")
    return kept


def states(plan: Plan, program: str = "step") -> Shapes:
    """What a program carries from step to step: `name.state` -> [K, W]; each array is [K, B, W]."""
    return {
        f"{op['name']}.{state}": shape
        for op in plan[program]
        for state, shape in OPS[op["op"]].states(op["options"]).items()
    }


def seen(o: Options) -> tuple[int, int, int]:
    """The picture that a convolution with these options makes: height, width, channels."""
    return -(-o["height"] // o["stride"]), -(-o["width"] // o["stride"]), o["filters"]


def stepwise(plan: Plan) -> bool:
    """Whether a step needs all that the step before gave, so that no operation can take steps ahead of the others."""
    return any(op["op"] == "keep" or op["options"].get("kind") == "additive" for op in plan["step"])


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
