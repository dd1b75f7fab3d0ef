"""The operations of a plan: what each has, and where it may stand."""

import math
from collections.abc import Callable
from typing import Annotated, Literal

from msgspec import Meta

from hitherto.bounds import WIDEST, Layers, Rate, Side, Size
from hitherto.cells import CELLS
from hitherto.errors import UsageError
from hitherto.heads import HEADS, Head
from hitherto.heads.parts import Options, Shapes
from hitherto.plan.branches import BRANCHES
from hitherto.plan.op import PROGRAMS, HeadOptions, Input, Lookback, Op, Operation, Plan, Program

__all__ = [
    "NARROWEST",
    "OPS",
    "PROGRAMS",
    "HeadOptions",
    "Input",
    "Lookback",
    "Op",
    "Operation",
    "Options",
    "Plan",
    "Program",
    "Shapes",
    "cell_options",
    "op_of",
    "seen",
    "segments_of",
]

NARROWEST = 10.0  # of a window: its Gaussian components weigh exp(-NARROWEST * b * distance^2), 0 < b < 1
Directions = Annotated[int, Meta(ge=1, le=2)]
Activation = Literal["", "tanh", "relu"]  # of a linear map or a convolution


def _none(_options: Options) -> Shapes:
    return {}


def _recurrent_weights(o: Options) -> Shapes:
    cell = CELLS[o["cell"]]
    shapes: Shapes = {}
    directions = ("", "_reverse") if o["bidirectional"] else ("",)
    chosen = cell_options(o)
    width = cell.state_sizes(o["hidden_size"], **chosen)[0] * len(directions)
    for layer in range(o["num_layers"]):
        for direction in directions:
            params = cell.params(width if layer else o["input_size"], o["hidden_size"], **chosen)
            shapes |= {f"{name}_l{layer}{direction}": shape for name, shape in params.items()}
    return shapes


def _recurrent_states(o: Options) -> Shapes:
    cell = CELLS[o["cell"]]
    rows = o["num_layers"] * (1 + o["bidirectional"])
    sizes = cell.state_sizes(o["hidden_size"], **cell_options(o))
    return {name: (rows, size) for name, size in zip(cell.states, sizes, strict=True)}


def cell_options(options: Options) -> Options:
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


# What every operation that has recurrent layers says of them.
_LAYERS: dict[str, object] = {
    "cell": str,
    "hidden_size": Size,
    "num_layers": Layers,
    "bidirectional": bool,
    "dropout": Rate,
    "recurrent_dropout": Rate,
    "weight_dropout": Rate,
    "locked_dropout": bool,
    "layer_norm": bool,
    "residual": bool,
    "proj_size": Annotated[int, Meta(ge=0, le=WIDEST)],
    "nonlinearity": str,
    "reset": str,
}
_CELLS_OWN = frozenset({"proj_size", "nonlinearity", "reset"})  # of these, what not every cell has
_OPTIONAL = _CELLS_OWN | {"weight_dropout", "locked_dropout"}  # and what came later


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


def _attend_width(o: Options, width: int) -> int:
    _reads_input(o, width)
    if o["kind"] == "multiplicative" and (o["size"] != width or o["query"] or o["query_size"]):
        raise UsageError("must ask with its input, so as wide as that, and with no state")
    if o["kind"] == "additive" and not (o["query"] and o["query_size"]):
        raise UsageError("must name the state that it asks, and its width")
    return int(o["input_size"] + o["memory_size"])


def _attend_keys(o: Options) -> tuple[str, str | None]:
    return ("weight", None) if o["kind"] == "multiplicative" else ("weight_key", "bias")


def _window_width(o: Options, width: int) -> int:
    _reads_input(o, width)
    return int(o["input_size"] + o["memory_size"])


def _picture(o: Options, width: int) -> None:
    if o["height"] * o["width"] * o["channels"] != width:
        raise UsageError(f"reads an image of another size than the {width:,} numbers that it gets")


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


def _numbers_width(o: Options, width: int) -> int:
    _reads_size(o, width)
    return width


def segments_of(o: Options) -> tuple[int, int]:
    """How many segments of the past and of the future the operation `segments` has."""
    return int(o["window"]) // int(o["segment"]), -(-int(o["horizon"]) // int(o["segment"]))


def _segments_weights(o: Options) -> Shapes:
    H, s, M, P = o["hidden_size"], o["segment"], segments_of(o)[1], o["numbers"]
    shapes: Shapes = {"weight_in": (H, s * (1 + o["mask"])), "bias_in": (H,)}
    shapes |= {f"layer.{name}": shape for name, shape in _recurrent_weights({**o, "input_size": H}).items()}
    shapes["weight_place"] = (M, H)
    if o["channels"] > 1:
        shapes["weight_channel"] = (o["channels"], H)
    if o["beside"]:
        shapes["weight_beside"] = (H, o["beside"])
    if o["ahead"]:
        shapes["weight_ahead"] = (H, s * (o["ahead"] // o["horizon"]))
    width = _recurrent_width({**o, "input_size": H}, H)
    shapes |= {"weight_out": (s * P, width), "bias_out": (s * P,)}
    if o["maps"]:
        shapes["weight_skip"] = (o["maps"], o["horizon"], o["window"] + o["beside"])
        shapes["bias_skip"] = (o["maps"], o["horizon"], P)
    return shapes


def _segments_width(o: Options, width: int) -> int:
    read = o["channels"] * o["window"] * (1 + o["mask"]) + o["beside"] + o["ahead"]
    if read != width:
        raise UsageError(f"reads {read:,} numbers, but gets {width:,}")
    if o["segment"] > o["window"] or o["bidirectional"]:
        raise UsageError("needs a window of a segment at least, which it reads forwards")
    if o["moved"] > o["numbers"] or o["ahead"] % o["horizon"] or o["maps"] not in (0, 1, o["channels"]):
        raise UsageError("has options that contradict each other")
    return int(o["channels"] * o["horizon"] * o["numbers"])


def _segments_work(o: Options) -> int:
    past, future = segments_of(o)
    each = sum(math.prod(shape) for name, shape in _segments_weights(o).items() if name != "weight_skip")
    skip = int(o["horizon"]) * (int(o["window"]) + int(o["beside"]))
    return int(o["channels"]) * ((past + future) * each + skip)


def _spell_width(o: Options, width: int) -> int:
    if width != 2 + o["length"]:
        raise UsageError(
            f"reads a word of {o['length']} letters, so {2 + o['length']:,} numbers, but gets {width:,}"
        )
    if o["kernel"] % 2 == 0:
        raise UsageError(f"has a kernel of {o['kernel']}, but it must be odd")
    return int(o["width"] + o["shape_width"] + o["filters"])


def _subwords_width(o: Options, width: int) -> int:
    if width != 2 + o["length"]:
        raise UsageError(
            f"reads a word of {o['length']} letters, so {2 + o['length']:,} numbers, but gets {width:,}"
        )
    if not 2 <= o["shortest"] <= o["longest"]:
        raise UsageError("reads n-grams of two letters or more, the shortest first")
    return int(o["width"] + o["shape_width"])


OPS: dict[str, Op] = {
    "embed": Op(
        "embed",
        {"size": Size, "width": Size, "dropout": Rate},
        lambda o: {"weight": (o["size"], o["width"])},
        _none,
        width=_embed_width,
        reads="ids",
    ),
    # A step is a word's number, its shape, and the numbers of its letters, 0 where there is none. It becomes the
    # embeddings of word and shape, and beside them the maximum of a convolution over the letters.
    "spell": Op(
        "spell",
        {
            "words": Size,
            "width": Side,
            "shapes": Side,
            "shape_width": Side,
            "letters": Side,
            "letter_width": Side,
            "length": Side,
            "filters": Side,
            "kernel": Side,
            "dropout": Rate,
        },
        lambda o: {
            "weight": (o["words"], o["width"]),
            "shapes": (o["shapes"], o["shape_width"]),
            "letters": (o["letters"], o["letter_width"]),
            "conv": (o["filters"], o["letter_width"], o["kernel"]),
            "bias": (o["filters"],),
        },
        _none,
        width=_spell_width,
        work=lambda o: int(o["length"] * o["kernel"] * o["filters"]),
    ),
    # The same steps. A word becomes the mean of its embedding and of those of its n-grams of letters, which share rows
    # by a hash, as in fastText; and beside it the embedding of its shape.
    "subwords": Op(
        "subwords",
        {
            "words": Size,
            "width": Side,
            "shapes": Side,
            "shape_width": Side,
            "letters": Side,
            "length": Side,
            "buckets": Annotated[int, Meta(ge=1, le=1 << 24)],
            "shortest": Side,
            "longest": Side,
            "dropout": Rate,
        },
        lambda o: {
            "weight": (o["words"] + o["buckets"], o["width"]),
            "shapes": (o["shapes"], o["shape_width"]),
        },
        _none,
        width=_subwords_width,
        work=lambda o: int(o["length"] * (o["longest"] - o["shortest"] + 1) * o["width"]),
    ),
    # locked: a row has one mask for all steps.
    "dropout": Op(
        "dropout", {"rate": Rate, "locked": bool}, _none, _none, optional=frozenset({"locked"}), stage=False
    ),
    "recurrent": Op(
        "recurrent",
        {"input_size": Size, **_LAYERS},
        _recurrent_weights,
        _recurrent_states,
        width=_recurrent_width,
        optional=_OPTIONAL,
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
    # A state of `rows` rows from those of the last `rows` layers, with both directions of a layer side by side. Where
    # there are fewer layers than rows, the first layer serves more than one row.
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
    # Its input, and beside it the mean of the memory, weighted by attention. The scores are products with the input
    # (multiplicative), or a small network of the state `query` as the step before left it (additive).
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
        keys=_attend_keys,
        decodes=True,
        stepwise=lambda o: bool(o["kind"] == "additive"),
        state="query",
        fits=lambda o, _width, state: state[1] == o["query_size"],
    ),
    # Its input, and beside it what an attention window sees of the memory. Its Gaussian components only move on: one at
    # k weighs place u by a exp(-NARROWEST b (k - u)^2), and k grows by c; a, b and c are sigmoids of a linear map.
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
    # A convolution of each step, read as an image, [height, width, channels], into one with `filters` channels: square
    # kernels every `stride` pixels, with zeros around the image.
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
    # Each step is read as an image too, and each channel is pooled to three numbers: its maximum, and its soft-argmax
    # position across and down, from -1 to 1. So what is learned at one place holds at all.
    "peaks": Op(
        "peaks",
        {"height": Side, "width": Side, "channels": Side},
        _none,
        _none,
        width=_peaks_width,
        work=lambda o: 8 * int(o["height"] * o["width"] * o["channels"]),
    ),
    # A step of `places` places side by side becomes as many steps, and each gets the embedding of its position added.
    # So an image becomes a memory.
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
    # Its input, and beside it a state, which stays as it is or which a `keep` further on changed in the step before.
    "recall": Op(
        "recall",
        {"size": Size},
        _none,
        lambda o: {"value": (1, o["size"])},
        width=_recall_width,
        programs=("step",),
        decodes=True,
    ),
    # A step is the window of each channel, [channels, window]; which values were observed, where there is a mask;
    # numbers `beside` them, and those of the steps `ahead`, [horizon, ..]. Each channel is cut into segments, from its
    # end, and layers read them from a zero state. From the last state they take one step for each segment of the
    # future, and a linear map makes the numbers of its values. A skip, one of `maps`, adds a linear map of the window
    # to the first `moved` of them. The output is [horizon, channels, numbers].
    "segments": Op(
        "segments",
        {
            "channels": Size,
            "window": Size,
            "segment": Size,
            "horizon": Size,
            "numbers": Size,
            "mask": bool,
            "beside": Annotated[int, Meta(ge=0, le=WIDEST)],
            "ahead": Annotated[int, Meta(ge=0, le=WIDEST)],
            "maps": Annotated[int, Meta(ge=0, le=WIDEST)],
            "moved": Size,
            **_LAYERS,
        },
        _segments_weights,
        _none,
        width=_segments_width,
        programs=("step",),
        optional=_OPTIONAL,
        work=_segments_work,
    ),
    # The head's numbers as they come.
    "numbers": Op("numbers", {"size": Size}, _none, _none, width=_numbers_width, stage=False, heads=True),
    **BRANCHES,
    # Its input, unchanged; the last numbers of it are written to the state of another operation.
    "keep": Op(
        "keep",
        {"state": Annotated[str, Meta(min_length=1)]},
        _none,
        _none,
        programs=("step",),
        decodes=True,
        stepwise=lambda _o: True,
        state="state",
        fits=lambda _o, width, state: state[0] == 1 and state[1] <= width,
    ),
}


def op_of(head: Head) -> Op:
    """The operation that keeps a head's own weights, `Head.beside`."""
    beside = head.beside
    if beside is None:
        raise UsageError(f"the head {head.name} has no weights of its own.")

    def width(o: Options, features: int) -> int:
        if "input_size" in o:
            _reads_input(o, features)
        return 1 if beside.gate else features

    return Op(
        beside.op,
        beside.options,
        beside.weights,
        _none,
        width=width,
        programs=("step",),
        stage=False,
        beside=head.name,
        gate=beside.gate,
        lends=beside.lends,
    )


OPS |= {row.beside.op: op_of(row) for row in HEADS.values() if row.beside is not None}


def seen(o: Options) -> tuple[int, int, int]:
    """The image that a convolution with these options makes: height, width, channels."""
    return -(-o["height"] // o["stride"]), -(-o["width"] // o["stride"]), o["filters"]
