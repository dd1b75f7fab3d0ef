"""From a spec to its plan."""

import math
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from hitherto.cells import CELLS
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.plan.branches import WIDEST_BAG, summary_size
from hitherto.plan.ops import OPS, Input, Lookback, Operation, Options, Plan, seen
from hitherto.plan.read import states_of
from hitherto.spec import ModelSpec

__all__ = ["form_of", "make"]


BRANCH_DROPOUT = (
    0.3  # how often a row's branch is left out in training, so that the layers learn to do without
)

SIDES = ("height", "width", "channels")  # of an image
LETTERS, SHAPE, KERNEL = (
    32,
    8,
    3,
)  # of spelled words: widths of a letter and of a shape, and letters that are read at once


GRAMS = 3, 6  # letters of the n-grams of a spelled word, the marks before and behind it among them


class _Program:
    """Operations in a row, each reading what the one before gave."""

    def __init__(self, first: str, width: int) -> None:
        self.operations: list[Operation] = []
        self.name, self.width = first, width
        self.shape: tuple[int, ...] = ()  # of the image that a step is
        self.embedding: Operation | None = None  # of its tokens
        self.numbers = False  # whether what comes to the head are its numbers

    def add(
        self, op: str, called: str, output: str, wide: int | None = None, /, **options: object
    ) -> Operation:
        made: Operation = {
            "op": op,
            "name": called,
            "inputs": [self.name],
            "outputs": [output],
            "options": options,
        }
        self.operations.append(made)
        self.name, self.width = output, self.width if wide is None else wide
        return made

    def read(self, model: ModelSpec, x: Input, called: str, suffix: str = "") -> None:
        """The input: the embedding of token numbers, with its dropout; or the convolutions of images."""
        if "spelled" in x:
            self.spell(model, x["spelled"])
            return
        if x["kind"] != "ids":
            self.look(model, x.get("shape"), suffix)
            return
        size, width = self.width, model.embedding_size or self.width
        self.embedding = self.add(
            "embed",
            called,
            "embedded" + suffix,
            width,
            size=size,
            width=width,
            dropout=model.embedding_dropout or 0.0,
        )
        self.drop(model, model.input_dropout, "in" + suffix)

    def drop(self, model: ModelSpec, rate: float | None, where: str) -> None:
        """Dropout at this rate; at that of all places if it is None."""
        rate = model.dropout if rate is None else rate
        if rate:
            locked = (
                {"locked": True} if model.locked_dropout else {}
            )  # a plan says what is not so by saying nothing
            self.add("dropout", "drop_" + where, "dropped_" + where, rate=rate, **locked)

    def spell(self, model: ModelSpec, sizes: Sequence[int]) -> None:
        """A word by its number, its shape and its letters, with its dropout."""
        words, letters, shapes = sizes
        width = model.embedding_size or LETTERS
        if model.letter_buckets:
            self.add(
                "subwords", "spell", "spelled", width + SHAPE, words=words, width=width, shapes=shapes,
                shape_width=SHAPE, letters=letters, length=self.width - 2, buckets=model.letter_buckets,
                shortest=GRAMS[0], longest=GRAMS[1], dropout=model.embedding_dropout or 0.0,
            )  # fmt: skip
            self.drop(model, model.input_dropout, "in")
            return
        filters = max(LETTERS, width // 2)
        self.add(
            "spell", "spell", "spelled", width + SHAPE + filters, words=words, width=width, shapes=shapes,
            shape_width=SHAPE, letters=letters, letter_width=LETTERS, length=self.width - 2, filters=filters,
            kernel=KERNEL, dropout=model.embedding_dropout or 0.0,
        )  # fmt: skip
        self.drop(model, model.input_dropout, "in")

    def look(self, model: ModelSpec, shape: Sequence[int] | None, suffix: str) -> None:
        """Convolutions on each step, if it is an image; each halves it. Then all places follow, or their peaks."""
        self.shape = tuple(shape or ())
        if not shape:
            return
        for i, filters in enumerate(model.conv):
            options: dict[str, object] = {
                **dict(zip(SIDES, self.shape, strict=True)),
                "filters": filters,
                "kernel": 3,
                "stride": 2,
                "activation": "relu",
            }
            self.shape = seen(options)
            self.add("conv", f"conv{suffix}_{i}", f"seen{suffix}_{i}", math.prod(self.shape), **options)
        if model.peaks:
            sides = dict(zip(SIDES, self.shape, strict=True))
            self.add("peaks", "peaks" + suffix, "found" + suffix, 3 * sides["channels"], **sides)
            self.shape = ()
        if model.conv:
            self.drop(model, model.input_dropout, "in" + suffix)

    def layers(self, model: ModelSpec, called: str, output: str, sides: int = 1) -> Operation:
        """The recurrent layers; with two `sides` each direction has half the units, so that the width stays."""
        both = bool(model.bidirectional) and not called.startswith("decoder")
        hidden, projected = (model.hidden_size or 0) // sides, model.proj_size // sides
        ours = {"weight_dropout": model.weight_dropout, "locked_dropout": model.locked_dropout}
        width = (projected or hidden) * (1 + both)
        if model.residual and model.num_layers == 1 and width != self.width:
            raise UsageError(
                f"residual adds the input of a layer to its output, but the only layer reads {self.width} numbers and "
                f"gives {width}; take 2 layers or more, or leave it out."
            )
        return self.add(
            "recurrent",
            called,
            output,
            width,
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
                **{name: value for name, value in ours.items() if value},
                **_cell_options(model, proj_size=projected),
            },
        )

    def look_back(self, model: ModelSpec, window: Lookback, head: str, options: Options) -> None:
        """The numbers of the head, from a window of the series."""
        row, horizon, channels = HEADS[head], options["horizon"], options["channels"]
        size = row.size(**options)
        ours = {"weight_dropout": model.weight_dropout, "locked_dropout": model.locked_dropout}
        self.add(
            "segments",
            "segments",
            "future",
            size,
            **{
                **window,
                "horizon": horizon,
                "channels": channels,
                "maps": {"shared": 1, "own": channels}.get(model.linear or "", 0),
                "numbers": size // (horizon * channels),
                "segment": min(model.segment or 1, window["window"]),
                "moved": row.moves(**options),
                "cell": model.cell,
                "hidden_size": model.hidden_size,
                "num_layers": model.num_layers,
                "bidirectional": False,
                "dropout": model.dropout or 0.0,
                "recurrent_dropout": model.recurrent_dropout,
                "layer_norm": model.layer_norm,
                "residual": model.residual,
                **{name: value for name, value in ours.items() if value},
                **_cell_options(model, proj_size=model.proj_size),
            },
        )
        self.numbers = True

    def branch(self, model: ModelSpec, x: Input, head: str, options: Options) -> tuple[str, int]:
        """What reads the input beside the layers: the name of the state that it leaves, and how wide that is."""
        if x["kind"] == "ids":
            width = min(HEADS[head].size(**options), WIDEST_BAG)
            self.add(
                "bag", "bag", "read", size=self.width, buckets=model.buckets or 1, grams=model.ngrams or 1,
                width=width, dropout=model.dropout or 0.0,
            )  # fmt: skip
            return "bag.value", width
        if x.get("single") or x.get("shape"):
            raise UsageError(
                "skip reads n-grams of a text or statistics of a sequence of numbers, and the input is "
                f"{'an image per step' if x.get('shape') else 'a single step'}; leave it out."
            )
        self.add("summary", "summary", "read", size=self.width)
        return "summary.value", summary_size(self.width)

    def answer(
        self, model: ModelSpec, head: str, options: Options, branch: tuple[str, int] | None = None
    ) -> Operation:
        """The head: its own weights, where it has any, and the last product. It reads a `branch` too."""
        if not self.numbers:
            self.drop(model, model.output_dropout, "out")
        if branch is not None:
            state, size = branch
            self.add(
                "join", "join", "joined", self.width + size, size=size, state=state, dropout=BRANCH_DROPOUT
            )
        row = HEADS[head]
        if row.beside is not None:
            features, sizes = self.name, {"input_size": self.width, **options}
            chosen = {name: sizes[name] for name in row.beside.options}
            self.add(row.beside.op, row.beside.op, row.beside.output, **chosen)
            self.name = features
        size, width = row.size(**options), self.width
        if self.numbers:
            return self.add("numbers", "head", "params", size=size)
        made = self.add("linear", "head", "params", size, input_size=width, output_size=size, bias=True)
        if model.tied:
            embed = {"width": None} if self.embedding is None else self.embedding["options"]
            if (embed["width"], embed.get("size")) != (width, size):
                raise UsageError(
                    "tied weights need an embedding as wide as the output of the last layer: embedding_size is "
                    f"{embed['width']}, the output {width}. Set both to the same, or use proj_size."
                )
            made["weights"] = {"weight": "embed.weight"}
        return made


def form_of(form: str, inputs: Mapping[str, Mapping[str, object]]) -> str:
    """The form of a plan for a task of this form, by what there is to read."""
    if form in ("seq2seq", "one_to_many"):
        if "source" not in inputs:
            return "many_to_many"
        return "one_to_many" if inputs["source"].get("single") else "seq2seq"
    single = form == "many_to_one" and all(x.get("single") for x in inputs.values())
    return "one_to_one" if single else form


def make(
    model: ModelSpec, form: str, inputs: Mapping[str, Mapping[str, object]], head: str, options: Options
) -> Plan:
    """The plan of a model that reads `inputs`, each an `Input`, and ends in `head` with these options.

    Every field of `model` that the plan needs must be set: defaults that depend on the data are chosen before.
    """
    form, reads = form_of(form, inputs), {name: cast("Input", dict(x)) for name, x in inputs.items()}
    if model.conv and not any("shape" in x for x in inputs.values()):
        raise UsageError("convolutions (--conv) are for images, and this model reads none; leave them out.")
    if model.peaks and not model.conv:
        raise UsageError("peaks pool the output of convolutions: add --conv, or leave --peaks out.")
    encode: _Program | None = None
    bridge: list[Operation] = []
    if form in ("seq2seq", "one_to_many"):
        encode, bridge, step = _sequence_to_sequence(model, reads, head, options)
    else:
        (x,) = reads.values()
        step = _Program("x", x["size"])
        if (model.ngrams or model.buckets) and not (model.skip and x["kind"] == "ids"):
            raise UsageError(
                "ngrams and buckets are of a text that is read beside the layers: add --skip, or leave them out."
            )
        if model.letter_buckets and "spelled" not in x:
            raise UsageError("letter_buckets are of the letters of words: add --spelling, or leave them out.")
        branch = None
        window = x.get("lookback")
        if window is not None:
            step.look_back(model, window, head, options)
        else:
            branch = step.branch(model, x, head, options) if model.skip else None
            step.read(model, x, "embed")
            step.layers(model, "recurrent", "y")
        if form in ("many_to_one", "one_to_one"):
            both = bool(model.bidirectional)
            step.add("pool", "pool", "pooled", kind=model.pool or "last", size=step.width, bidirectional=both)
        step.answer(model, head, options, branch)
    plan: Plan = {
        "form": form,
        "inputs": reads,
        "step": step.operations,
        "head": {"kind": head, "name": "head", "options": dict(options)},
    }
    if encode is not None:
        plan["encode"], plan["bridge"] = encode.operations, bridge
    return plan


def _sequence_to_sequence(
    model: ModelSpec, inputs: Mapping[str, Input], head: str, options: Options
) -> tuple[_Program, list[Operation], _Program]:
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
    copies = HEADS[head].copies
    if model.attention == "none" and (model.input_feeding or copies):
        raise UsageError(
            f"{'copy' if copies else 'input_feeding'} needs attention, but attention is none; choose "
            f"multiplicative or additive{', or leave copying out (--no-copy)' if copies else ''}."
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
    stepwise = any(OPS[op["op"]].stepwise(op["options"]) for op in step.operations)
    whole_sequences = {
        "recurrent_dropout": model.recurrent_dropout,
        "weight_dropout": model.weight_dropout,
        "locked_dropout": model.locked_dropout,
    }
    for name, value in whole_sequences.items():
        if value and stepwise:
            raise UsageError(
                f"{name} keeps one mask for a whole sequence, but additive attention and input_feeding go step by "
                "step; leave one of them out."
            )
    if model.shared:
        for op in step.operations:
            if op is step.embedding or "weights" in op:
                op["weights"] = {"weight": "embed_source.weight"}
    return encode, _bridges(encode, step, sides), step


def _handwriter(
    model: ModelSpec, source: Input, x: Input, head: str, options: Options
) -> tuple[_Program, list[Operation], _Program]:
    """Layers with an attention window on the tokens of a source, which moves on as they write."""
    encode = _Program("source", source["size"])
    width = model.embedding_size or source["size"]
    encode.add(
        "embed",
        "embed_source",
        "memory",
        width,
        size=source["size"],
        width=width,
        dropout=model.embedding_dropout or 0.0,
    )
    step = _Program("x", x["size"])
    if model.input_feeding:
        step.add("recall", "recall", "recalled", step.width + width, size=width)
    step.layers(msgspec.structs.replace(model, num_layers=1, dropout=0.0), "decoder", "y")
    sizes = {"input_size": step.width, "memory_size": width, "components": model.components}
    step.add("window", "window", "windowed", step.width + width, **sizes)["inputs"].append("memory")
    if model.input_feeding:
        step.add("keep", "keep", "kept", state="recall.value")
    if (model.num_layers or 1) > 1:
        step.layers(
            msgspec.structs.replace(model, num_layers=(model.num_layers or 1) - 1), "decoder_upper", "z"
        )
    step.answer(model, head, options)
    return encode, [], step


def _sum_up(model: ModelSpec, encode: _Program) -> None:
    """The memory of one image or one row of numbers, and what the decoder begins with, pooled from it."""
    if model.attention == "none":
        sizes = {"input_size": encode.width, "output_size": model.hidden_size or 0}
        encode.add("linear", "sum_up", "memory", model.hidden_size, **sizes, bias=True, activation="tanh")
    elif not encode.shape:
        raise UsageError(
            f"attention needs several places to look at, but {'peaks give' if model.peaks else 'the input is'} one row "
            "of numbers; choose --attention none."
        )
    else:
        height, width, size = encode.shape
        encode.add("grid", "grid", "memory", size, places=height * width, size=size)
    encode.add("pool", "pool", "pooled", kind="max", size=encode.width, bidirectional=False)


def _writer(model: ModelSpec, x: Input, memory: int, head: str, options: Options) -> _Program:
    """The step program of a decoder that looks at a memory of this width."""
    step = _Program("x", x["size"])
    step.read(model, x, "embed")
    attends = model.attention != "none"
    hidden = model.hidden_size or 0
    top = CELLS[model.cell].state_sizes(hidden, **_cell_options(model))[0]  # width of the decoder's output
    combined = model.embedding_size or top if model.tied else top  # and of that combined with the attention's
    recalled = combined if attends else memory

    def attend(size: int, **query: object) -> None:
        op = step.add(
            "attend", "attend", "attended", step.width + memory, kind=model.attention, input_size=step.width,
            memory_size=memory, size=size, **query,
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
    return step


def _bridges(encode: _Program, step: _Program, sides: int) -> list[Operation]:
    """The operations that make each state that a decoder begins with from one that its encoder ends with."""
    ends, begins = states_of(encode.operations), states_of(step.operations)
    looks = any(OPS[op["op"]].looks for op in step.operations)
    bridges: list[Operation] = []
    for made, (rows, size) in begins.items():
        end = made.replace("decoder", "encoder")
        if end == "recall.value":
            if looks:
                continue  # before the first step it is zero
            end = "encoder.h"  # the vector that stands for the whole source, given to every step
        end = end if end in ends else "pool.value"
        options = {
            "layers": ends[end][0] // sides,
            "directions": sides,
            "input_size": ends[end][1],
            "rows": rows,
            "output_size": size,
            "activation": "" if made.endswith(".c") else "tanh",
        }
        name = f"bridge_{made.replace('.', '_')}"
        bridges.append({"op": "bridge", "name": name, "inputs": [end], "outputs": [made], "options": options})
    return bridges


def _cell_options(model: ModelSpec, **sizes: int) -> dict[str, object]:
    """The cell's own options that the model sets, with these sizes; one that the cell does not have is an error."""
    cell = CELLS[model.cell]
    chosen: dict[str, object] = {}
    options = (
        ("proj_size", model.proj_size, 0),
        ("nonlinearity", model.nonlinearity, "tanh"),
        ("reset", model.reset, "after"),
    )
    for name, value, default in options:
        if name in cell.options:
            chosen[name] = sizes.get(name, value)
        elif value != default:
            having = next(other for other, row in CELLS.items() if name in row.options)
            raise UsageError(f"the cell {model.cell} has no {name}; it is an option of {having}.")
    if model.forget_bias is not None and not cell.forget_gate:
        having = ", ".join(other for other, row in CELLS.items() if row.forget_gate)
        raise UsageError(
            f"the cell {model.cell} has no forget gate, so no forget_bias; it is an option of {having}."
        )
    if model.chrono is not None and not cell.keeps:
        having = ", ".join(other for other, row in CELLS.items() if row.keeps)
        raise UsageError(
            f"the cell {model.cell} has no gate that says what stays, so no chrono; it is an option of {having}."
        )
    if model.chrono is not None and model.forget_bias is not None:
        raise UsageError("chrono and forget_bias set the same biases; leave one of the two out.")
    if model.layer_norm and "layer_norm" not in CELLS[model.cell].options:
        raise UsageError(f"the cell {model.cell} has no layer_norm; leave it out.")
    return chosen
