"""The tables of options, [data], [model] and [train], and each option as the command line needs it."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from hitherto.cells import CELLS
from hitherto.errors import UsageError, nearest
from hitherto.spec.tasks import TASKS

__all__ = [
    "SPECIAL",
    "TABLES",
    "DataSpec",
    "ModelSpec",
    "Option",
    "Spec",
    "TrainSpec",
    "is_union",
    "option_of",
    "options",
]

Column = str | int
Share = Annotated[float, Meta(ge=0, lt=1)]
Count = Annotated[int, Meta(ge=1)]
Whole = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Amount = Annotated[float, Meta(ge=0)]
Few = Annotated[int, Meta(ge=1, le=1024)]  # of what has a cost of its own: layers, threads
Vocabulary = Annotated[int, Meta(ge=1, le=2**31 - 1)]  # ids are int32
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]


def _about(text: str) -> Meta:
    return Meta(description=text)


class DataSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which data, and how a value becomes arrays."""

    path: Annotated[str | None, _about("the data: a file or a folder")] = None
    source: Annotated[str | None, _about("a file with an input a line, in place of a table")] = None
    target: Annotated[str | None, _about("the file with the outputs to --source, line by line")] = None
    valid_source: Annotated[str | None, _about("a file with an input a line, to validate")] = None
    valid_target: Annotated[str | None, _about("the file with the outputs to --valid-source")] = None
    input: Annotated[
        Column | tuple[Column, ...] | None, _about("input column: its name or its number from 1")
    ] = None
    output: Annotated[
        Column | tuple[Column, ...] | None, _about("output column, or the series to forecast")
    ] = None
    valid: Annotated[str | Share | None, _about("validation data: a file, or the share to set aside")] = None
    group: Annotated[Column | None, _about("keep rows with the same value here on one side of the split")] = (
        None
    )
    id: Annotated[Column | None, _about("rows with the same value here are one sequence or series")] = None
    time: Annotated[
        Column | None, _about("order rows by this column, and set the last aside to validate")
    ] = None
    format: Annotated[
        Literal["csv", "tsv", "jsonl", "txt", "parquet", "folder", "conll"] | None, _about("what the file is")
    ] = None
    header: Annotated[bool | None, _about("whether the first line names the columns")] = None
    delimiter: Annotated[str | None, _about("what separates columns")] = None
    encoding: Annotated[str | None, _about("the text's encoding; utf-8 if not given")] = None
    decimal: Annotated[Literal[".", ","] | None, _about("the decimal mark of numbers; . if not given")] = None
    na: Annotated[
        tuple[str | int | float, ...],
        _about("further marks of a missing value, such as -999 or '-999,unknown'"),
    ] = ()
    tokens: Annotated[
        Literal["words", "chars", "bytes", "subwords"] | None, _about("what a token of the text is")
    ] = None
    vocab_size: Annotated[Vocabulary | None, _about("the most tokens in the vocabulary")] = None
    min_count: Annotated[Count | None, _about("words that occur less often become <unk>")] = None
    lower: Annotated[bool | None, _about("fold letters to lower case")] = None
    max_length: Annotated[Count | None, _about("the most tokens or steps of one input")] = None
    max_output: Annotated[Count | None, _about("the most tokens of one output")] = None
    turns: Annotated[Count | None, _about("how many turns of a conversation are read before a reply")] = None
    speaker: Annotated[str | None, _about("learn the replies of this speaker alone")] = None
    by: Annotated[Column | None, _about("also measure each value of this column apart")] = None
    layout: Annotated[
        Literal["stream", "lines"] | None,
        _about("one long stream with its state carried, or a line at a time"),
    ] = None
    documents: Annotated[bool, _about("zero the state where a document begins")] = False
    multi: Annotated[bool, _about("several labels may hold at once")] = False
    separator: Annotated[str | None, _about("what separates the labels of one cell")] = None
    balance: Annotated[bool, _about("weigh classes by how rare they are")] = False
    positive: Annotated[str | None, _about("the class whose f1 counts; the rarer one if not given")] = None
    horizon: Annotated[Count | None, _about("how many steps ahead")] = None
    season: Annotated[Count | None, _about("steps in a season: 24 for hours of a day")] = None
    scaling: Annotated[
        Literal["causal", "train", "counts", "none"] | None, _about("how series are scaled")
    ] = None
    anchor: Annotated[
        Literal["mean", "last", "season", "none"] | None, _about("what a forecast is the difference from")
    ] = None
    known: Annotated[tuple[Column, ...], _about("columns known in advance")] = ()
    static: Annotated[tuple[Column, ...], _about("columns that stay the same along a series")] = ()
    time_format: Annotated[
        str | None,
        _about("how times are written, such as %d/%m/%Y %H:%M; found from all of them if not given"),
    ] = None
    timezone: Annotated[
        str | None, _about("the zone of times that say none, such as Europe/Berlin, UTC or +01:00")
    ] = None
    freq: Annotated[str | None, _about("the step between rows; found from the times if not given")] = None
    calendar: Annotated[
        bool | None, _about("add hour, weekday and month, as far as the step makes sense")
    ] = None
    independent: Annotated[bool | None, _about("forecast each column by itself, with one shared model")] = (
        None
    )
    augment: Annotated[
        Annotated[float, Meta(ge=0, le=1)],
        _about("how much examples are changed in training: 0 leaves them as they are"),
    ] = 0.0
    codec: Annotated[
        Literal["text", "series", "audio", "image", "strokes", "frames"] | None,
        _about("what the input is; found from the data if not given"),
    ] = None
    rate: Annotated[Count | None, _about("samples a second that sound is brought to")] = None
    bands: Annotated[Count | None, _about("bands of sound; 40 if not given")] = None
    stack: Annotated[Count | None, _about("windows of sound that make one step")] = None
    window: Annotated[
        Positive | None, _about("what a step sees: seconds of sound, or columns of a picture")
    ] = None
    hop: Annotated[Positive | None, _about("from one step to the next, as window")] = None
    reads: Annotated[
        Literal["whole", "rows", "columns"] | None,
        _about("a picture as one step, or a row or column after another"),
    ] = None
    height: Annotated[Count | None, _about("pixels that pictures are brought to")] = None
    width: Annotated[Count | None, _about("pixels that pictures are brought to")] = None
    color: Annotated[bool | None, _about("pictures in colour; found from the data if not given")] = None
    fps: Annotated[Positive | None, _about("frames of a video that are read in a second")] = None
    spacing: Annotated[
        Positive | None, _about("how far a pen goes in a step, as a share of a usual drawing's size")
    ] = None
    simplify: Annotated[
        Positive | None, _about("how far from its line a point of a drawing may lie to be left out")
    ] = None
    step: Annotated[
        Positive | None, _about("quarters of a step of music; found from the notes if not given")
    ] = None
    low: Annotated[Whole | None, _about("the lowest key of MIDI; 21 if not given")] = None
    high: Annotated[Whole | None, _about("the highest key of MIDI; 108 if not given")] = None

    @property
    def aside(self) -> float:
        """The share of the data to validate on, where no other data are."""
        return self.valid if isinstance(self.valid, float | int) else 0.1

    @property
    def vocabulary(self) -> dict[str, Any]:
        """What is said of a text's vocabulary."""
        names = ("vocab_size", "min_count", "lower")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class ModelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The network."""

    cell: Annotated[str, _about("recurrent cell")] = "lstm"
    hidden_size: Annotated[Count | None, _about("units of a layer")] = None
    num_layers: Annotated[Few | None, _about("layers on top of one another")] = None
    bidirectional: Annotated[bool | None, _about("also read from the end; such a model cannot stream")] = None
    embedding_size: Annotated[Count | None, _about("numbers that stand for a token")] = None
    dropout: Annotated[Share | None, _about("before, between and after the layers")] = None
    recurrent_dropout: Annotated[Share, _about("on the state, one mask for a whole sequence")] = 0.0
    embedding_dropout: Annotated[Share, _about("the share of the vocabulary dropped in a step")] = 0.0
    layer_norm: Annotated[bool, _about("normalise inside the cell")] = False
    residual: Annotated[bool, _about("add a layer's input to its output")] = False
    proj_size: Annotated[Whole, _about("project the lstm's output to this size")] = 0
    nonlinearity: Annotated[Literal["tanh", "relu"], _about("of the rnn cell")] = "tanh"
    reset: Annotated[Literal["after", "before"], _about("of the gru cell: where its reset gate acts")] = (
        "after"
    )
    pool: Annotated[
        Literal["last", "mean", "max"] | None, _about("what of a sequence the answer is made from")
    ] = None
    conv: Annotated[
        tuple[Count, ...], _about("filters of the convolutions on each picture; each one halves it")
    ] = ()
    peaks: Annotated[
        bool, _about("keep of each filter its largest value and where that is, in place of every place")
    ] = False
    tied: Annotated[bool, _about("one matrix for embedding and output")] = False
    attention: Annotated[
        Literal["multiplicative", "additive", "none"],
        _about("how the writer looks at what was read: after its layers, before its cell, or not at all"),
    ] = "multiplicative"
    components: Annotated[Count, _about("bells of the window through which a pen looks at its text")] = 10
    input_feeding: Annotated[bool, _about("give each step what the last one made of its look")] = False
    copy: Annotated[bool | None, _about("let words of the input be copied")] = None
    shared: Annotated[bool | None, _about("one vocabulary and one embedding for input and output")] = None
    head: Annotated[
        Literal[
            "softmax",
            "sigmoid",
            "ctc",
            "chain",
            "mixture",
            "quantile",
            "gaussian",
            "student_t",
            "negative_binomial",
        ]
        | None,
        _about("what comes out, and its loss"),
    ] = None
    mixtures: Annotated[Count, _about("components of the head mixture")] = 20
    chain: Annotated[Count, _about("hidden units of the head chain")] = 64
    levels: Annotated[tuple[float, ...], _about("the quantiles to forecast")] = (0.1, 0.25, 0.5, 0.75, 0.9)
    init: Annotated[Literal["torch", "uniform", "orthogonal"], _about("how weights begin")] = "torch"
    init_range: Annotated[Amount, _about("the bound of init = uniform")] = 0.1
    forget_bias: Annotated[float | None, _about("where the lstm's forget gate begins")] = None


class TrainSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the weights are found."""

    epochs: Annotated[Count | None, _about("how often the data is read")] = None
    steps: Annotated[Count | None, _about("stop after so many steps")] = None
    batch_size: Annotated[Count | None, _about("rows of a batch")] = None
    batch_tokens: Annotated[Count | None, _about("tokens of a batch, in place of rows")] = None
    optimizer: Annotated[Literal["adam", "adamw", "sgd"], _about("the optimiser")] = "adam"
    lr: Annotated[Positive | None, _about("learning rate")] = None
    momentum: Annotated[Share, _about("of sgd")] = 0.0
    weight_decay: Annotated[Amount, _about("pull weights towards zero")] = 0.0
    schedule: Annotated[
        Literal["constant", "plateau", "cosine", "one-cycle", "decay"] | None,
        _about("how the learning rate moves"),
    ] = None
    warmup: Annotated[Whole, _about("steps until the learning rate is whole")] = 0
    decay: Annotated[
        Annotated[float, Meta(gt=0, le=1)], _about("the factor of schedules decay and plateau")
    ] = 0.5
    decay_after: Annotated[Whole, _about("epochs before schedule decay begins")] = 0
    clip: Annotated[Amount | None, _about("the longest gradient; 0 leaves it as it is")] = None
    bptt: Annotated[Count | None, _about("steps that the gradient goes back")] = None
    patience: Annotated[Count | None, _about("stop after so many evaluations without a better one")] = None
    metric: Annotated[str | None, _about("what better means")] = None
    evaluate_every: Annotated[Count | None, _about("steps between evaluations; an epoch if not given")] = None
    accumulate: Annotated[Count, _about("batches whose gradients are added up for one step")] = 1
    average: Annotated[Share, _about("keep a running average of the weights, with this decay")] = 0.0
    label_smoothing: Annotated[Share, _about("share of the truth given to other labels")] = 0.0
    scheduled_sampling: Annotated[
        Share,
        _about(
            "how often, at the end of training, a writer reads its own last word in place of the true one"
        ),
    ] = 0.0
    sampled: Annotated[Whole, _about("train on so many sampled words, for huge vocabularies")] = 0
    non_finite: Annotated[
        Literal["skip", "stop"], _about("what to do with a step whose loss or gradient is not finite")
    ] = "skip"
    seed: Annotated[Seed, _about("of everything random")] = 0
    threads: Annotated[Few | None, _about("CPU threads")] = None
    precision: Annotated[Literal["float32", "bfloat16"], _about("of products in training")] = "float32"
    device: Annotated[str, _about("cpu, cuda or auto")] = "auto"
    checkpoint_every: Annotated[Count | None, _about("steps between checkpoints; by time if not given")] = (
        None
    )
    tensorboard: Annotated[bool, _about("also write TensorBoard's files")] = False


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A task, its data, its model and its training."""

    task: str
    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    train: TrainSpec = TrainSpec()
    out: str | None = None

    def replace(self, **options: Any) -> "Spec":
        """The same with these options, each under the name that it has everywhere."""
        parts = {name: {} for name in TABLES}  # type: dict[str, dict[str, Any]]
        for name, value in options.items():
            parts[option_of(name).table][name] = value
        tables = {
            table: msgspec.structs.replace(getattr(self, table), **values) for table, values in parts.items()
        }
        return msgspec.structs.replace(self, **tables)


TABLES: dict[str, type[msgspec.Struct]] = {"data": DataSpec, "model": ModelSpec, "train": TrainSpec}


@dataclass(frozen=True, slots=True)
class Option:
    """One field of one table, as the command line needs it."""

    table: str
    name: str
    type: Any  # without None
    default: Any
    about: str
    choices: tuple[str, ...] = ()
    many: bool = False


def options(task: str | None = None) -> Iterator[Option]:
    """Every option, or those that `task` has."""
    for option in _described():
        if task is None or option.name in TASKS[task].options or option.name not in SPECIAL:
            yield option


@functools.cache  # every model that is opened asks, and the answer takes a millisecond
def _described() -> tuple[Option, ...]:
    found = []
    for table, struct in TABLES.items():
        hints = get_type_hints(struct, include_extras=True)
        found += [_describe(table, field, hints[field.name]) for field in msgspec.structs.fields(struct)]
    return tuple(found)


def _describe(table: str, field: Any, hint: Any) -> Option:
    about = next((m.description for m in hint.__metadata__ if isinstance(m, Meta) and m.description), "")
    inner = hint.__origin__
    kinds = [kind for kind in (get_args(inner) if is_union(inner) else (inner,)) if kind is not type(None)]
    many = any(get_origin(kind) is tuple for kind in kinds)
    choices: tuple[str, ...] = tuple(CELLS) if field.name == "cell" else ()
    plain: list[Any] = []
    for kind in kinds:
        if get_origin(kind) is Literal:
            choices = get_args(kind)
            plain.append(str)
        else:
            one = get_args(kind)[0] if get_origin(kind) is tuple else kind
            plain += [getattr(k, "__origin__", k) for k in (get_args(one) if is_union(one) else (one,))]
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    first = plain[0] if len(set(plain)) == 1 else str
    return Option(table, field.name, first, default, about, choices, many)


def is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)


# Options that only some tasks have: those that any row of TASKS names. The rest go with every task.
SPECIAL = frozenset(name for task in TASKS.values() for name in task.options)


def option_of(name: str) -> Option:
    for option in options():
        if option.name == name:
            return option
    names = [option.name for option in options()]
    raise UsageError(f"there is no option {name!r}.{nearest(name, names)}")
