"""The tables of options, [data], [model] and [train], and each option as the command line needs it."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from hitherto.cells import CELLS
from hitherto.errors import UsageError, nearest
from hitherto.spec.tasks import TASKS, Task

__all__ = [
    "SPECIAL",
    "TABLES",
    "DataSpec",
    "ModelSpec",
    "Option",
    "Spec",
    "TrainSpec",
    "choices",
    "default_text",
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
Duration = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})? ?[smh]?$", title="a duration, such as 90s, 5m or 1h; 0 is none"
    ),
]
Vocabulary = Annotated[int, Meta(ge=1, le=2**31 - 1)]  # ids are int32
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]


def _about(text: str, default: str = "") -> Meta:
    """The help of an option; `default` says in words what stands in for None."""
    return Meta(description=text, extra={"default": default})


class DataSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which data, and how a value becomes arrays."""

    path: Annotated[str | None, _about("the data: a file or a folder")] = None
    source: Annotated[str | None, _about("file with one input per line, instead of a table")] = None
    target: Annotated[str | None, _about("file with the outputs for --source, one per line")] = None
    valid_source: Annotated[str | None, _about("file with one validation input per line")] = None
    valid_target: Annotated[str | None, _about("file with the outputs for --valid-source")] = None
    input: Annotated[
        Column | tuple[Column, ...] | None,
        _about("input column: its name, or its number from 1", "from the data"),
    ] = None
    output: Annotated[
        Column | tuple[Column, ...] | None,
        _about("output column, or the series to forecast", "from the data"),
    ] = None
    valid: Annotated[
        str | Share | None, _about("validation data: a file, or the share of the data to set aside", "0.1")
    ] = None
    group: Annotated[
        Column | None,
        _about("column whose equal values stay together in the training or the validation data"),
    ] = None
    id: Annotated[Column | None, _about("column that identifies the sequence or series of a row")] = None
    time: Annotated[
        Column | None, _about("column to order rows by; the last rows become validation data")
    ] = None
    format: Annotated[
        Literal["csv", "tsv", "jsonl", "txt", "parquet", "folder", "conll"] | None,
        _about("file format", "from the file's name"),
    ] = None
    header: Annotated[
        bool | None, _about("whether the first line holds the column names", "from the data")
    ] = None
    delimiter: Annotated[str | None, _about("column separator", "from the data")] = None
    encoding: Annotated[str | None, _about("text encoding", "utf-8")] = None
    decimal: Annotated[Literal[".", ","] | None, _about("decimal mark of numbers", ".")] = None
    na: Annotated[
        tuple[str | int | float, ...],
        _about("additional markers of a missing value, such as -999 or '-999,unknown'"),
    ] = ()
    tokens: Annotated[
        Literal["words", "chars", "bytes", "subwords"] | None,
        _about("unit of text that is one token", "from the task and the data"),
    ] = None
    vocab_size: Annotated[
        Vocabulary | None, _about("maximum vocabulary size", "no limit; subwords: from the data")
    ] = None
    min_count: Annotated[
        Count | None, _about("minimum number of occurrences; rarer words become <unk>", "from the data")
    ] = None
    vectors: Annotated[
        str | None,
        _about("file of pretrained word vectors: GloVe, fastText (.vec) or word2vec as text; gzip too"),
    ] = None
    spelling: Annotated[
        bool | None,
        _about("also read the letters and the case of each word, so that no word is unknown", "no"),
    ] = None
    lower: Annotated[bool | None, _about("convert text to lower case", "no")] = None
    max_length: Annotated[Count | None, _about("maximum length of an input, in tokens or steps")] = None
    max_output: Annotated[Count | None, _about("maximum length of an output, in tokens", "from the data")] = (
        None
    )
    turns: Annotated[
        Count | None, _about("number of previous turns of a conversation that the model reads")
    ] = None
    speaker: Annotated[str | None, _about("train on the replies of this speaker only")] = None
    by: Annotated[Column | None, _about("also report metrics for each value of this column")] = None
    layout: Annotated[
        Literal["stream", "lines"] | None,
        _about("one long stream with carried state, or independent lines", "stream"),
    ] = None
    documents: Annotated[bool, _about("reset the state at the beginning of each document")] = False
    multi: Annotated[bool, _about("multi-label classification: several labels may apply at once")] = False
    separator: Annotated[str | None, _about("separator of the labels in one table cell")] = None
    balance: Annotated[bool, _about("weight classes by inverse frequency")] = False
    positive: Annotated[str | None, _about("class whose f1 is reported", "the rarer class")] = None
    horizon: Annotated[Count | None, _about("forecast horizon, in steps", "1")] = None
    season: Annotated[
        Count | tuple[Count, ...] | None,
        _about("length of a season in steps, such as 24 for hourly data; repeat for more", "from the data"),
    ] = None
    reader: Annotated[
        Literal["window", "steps"] | None,
        _about("how a series is read: the last --window values at once, or step by step", "window"),
    ] = None
    scaling: Annotated[
        Literal["causal", "train", "counts", "none"] | None,
        _about("how each series is scaled", "from the data"),
    ] = None
    anchor: Annotated[
        Literal["mean", "last", "season", "none"] | None,
        _about("baseline that the model forecasts the difference from", "from the data"),
    ] = None
    known: Annotated[tuple[Column, ...], _about("columns whose future values are known in advance")] = ()
    static: Annotated[tuple[Column, ...], _about("columns that are constant within a series")] = ()
    time_format: Annotated[
        str | None,
        _about("format of times, such as %d/%m/%Y %H:%M", "from the data"),
    ] = None
    timezone: Annotated[
        str | None, _about("time zone of times that state none, such as Europe/Berlin, UTC or +01:00")
    ] = None
    freq: Annotated[str | None, _about("time step between rows", "from the data")] = None
    calendar: Annotated[
        bool | None, _about("add hour, weekday and month as inputs, where the time step allows", "yes")
    ] = None
    independent: Annotated[bool | None, _about("forecast each column separately, with one shared model")] = (
        None
    )
    augment: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        _about("strength of data augmentation in training; 0 disables it", "classify: 0.5 for audio; else 0"),
    ] = None
    augmentation: Annotated[
        tuple[str, ...],
        _about("augmentation to use, such as speed or noise; repeat for more", "all"),
    ] = ()
    codec: Annotated[
        str | None,
        _about("type of the input", "from the data"),
    ] = None
    rate: Annotated[
        Count | None, _about("sample rate that audio is resampled to, in Hz", "from the data")
    ] = None
    bands: Annotated[Count | None, _about("number of mel bands of audio", "40")] = None
    stack: Annotated[
        Count | None, _about("number of audio windows stacked into one step", "from the type of the input")
    ] = None
    delta: Annotated[
        Annotated[int, Meta(ge=0, le=2)] | None,
        _about(
            "slopes of audio: 1 adds how each band changes, 2 also how that changes",
            "classify: 1; else 0",
        ),
    ] = None
    window: Annotated[
        Positive | None,
        _about(
            "window length: of a step, in seconds of audio or columns of an image; of a forecast, in steps",
            "from the type of the input or the data",
        ),
    ] = None
    hop: Annotated[
        Positive | None,
        _about("hop from one step to the next, in the unit of --window", "from the type of the input"),
    ] = None
    reads: Annotated[
        Literal["whole", "rows", "columns"] | None,
        _about(
            "how an image is read: as one step, row by row or column by column", "from the type of the input"
        ),
    ] = None
    height: Annotated[
        Count | None, _about("height in pixels that images are resized to", "from the data")
    ] = None
    width: Annotated[Count | None, _about("width in pixels that images are resized to", "from the data")] = (
        None
    )
    color: Annotated[bool | None, _about("read images in colour", "from the data")] = None
    fps: Annotated[Positive | None, _about("frames per second read from a video", "from the data")] = None
    spacing: Annotated[
        Positive | None,
        _about(
            "distance between resampled pen points, as a share of the typical drawing size", "from the data"
        ),
    ] = None
    simplify: Annotated[
        Positive | None,
        _about("tolerance for simplifying strokes: a point this close to the line is dropped"),
    ] = None
    step: Annotated[
        Positive | None, _about("length of a step of music, in quarter notes", "from the data")
    ] = None
    low: Annotated[Whole | None, _about("lowest MIDI key", "21")] = None
    high: Annotated[Whole | None, _about("highest MIDI key", "108")] = None

    @property
    def aside(self) -> float:
        """The share of the data to validate on, where no other data are."""
        return self.valid if isinstance(self.valid, float | int) else 0.1

    @property
    def vocabulary(self) -> dict[str, Any]:  # keywords of a codec's `fit`, whose types differ
        """The options of a text's vocabulary that are set."""
        values = {"vocab_size": self.vocab_size, "min_count": self.min_count, "lower": self.lower}
        return {name: value for name, value in values.items() if value is not None}


class ModelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The network."""

    cell: Annotated[str, _about("recurrent cell")] = "lstm"
    hidden_size: Annotated[Count | None, _about("hidden units per layer", "from the data")] = None
    num_layers: Annotated[Few | None, _about("number of stacked layers", "from the data")] = None
    bidirectional: Annotated[
        bool | None, _about("also read the sequence backwards; such a model cannot stream", "from the data")
    ] = None
    embedding_size: Annotated[Count | None, _about("size of the token embedding", "from the data")] = None
    dropout: Annotated[
        Share | None, _about("dropout before, between and after the layers", "from the data")
    ] = None
    input_dropout: Annotated[Share | None, _about("dropout before the layers", "--dropout")] = None
    output_dropout: Annotated[Share | None, _about("dropout after the layers", "--dropout")] = None
    locked_dropout: Annotated[
        bool, _about("dropout with one mask for the whole sequence, instead of one for each step")
    ] = False
    weight_dropout: Annotated[
        Share, _about("dropout of the recurrent weights, with one mask for each training step")
    ] = 0.0
    recurrent_dropout: Annotated[
        Share, _about("dropout of the hidden state, with one mask for the whole sequence")
    ] = 0.0
    embedding_dropout: Annotated[
        Share | None, _about("share of the vocabulary dropped in each training step", "from the task")
    ] = None
    layer_norm: Annotated[bool, _about("layer normalisation inside the cell")] = False
    residual: Annotated[bool, _about("residual connections: add a layer's input to its output")] = False
    proj_size: Annotated[Whole, _about("projection size of the lstm output; 0 means no projection")] = 0
    segment: Annotated[
        Count | None, _about("steps of a series that the cell reads at a time", "from the data")
    ] = None
    linear: Annotated[
        Literal["shared", "own", "none"] | None,
        _about(
            "linear map from a window to the future: shared by all columns, own for each, or none",
            "from the data",
        ),
    ] = None
    nonlinearity: Annotated[Literal["tanh", "relu"], _about("activation function of the rnn cell")] = "tanh"
    reset: Annotated[
        Literal["after", "before"],
        _about("whether the gru's reset gate acts after or before the recurrent product"),
    ] = "after"
    pool: Annotated[
        Literal["last", "mean", "max"] | None,
        _about("how the outputs of all steps are pooled", "from the data"),
    ] = None
    conv: Annotated[
        tuple[Count, ...],
        _about("filters of a convolution on each image, which halves its size; repeat for more layers"),
    ] = ()
    letter_buckets: Annotated[
        Annotated[int, Meta(ge=1, le=1 << 24)] | None,
        _about("with --spelling: hash buckets for n-grams of letters, read in place of a convolution"),
    ] = None
    peaks: Annotated[bool, _about("pool each filter to its maximum and soft-argmax position")] = False
    skip: Annotated[
        bool | None,
        _about(
            "also read the input beside the layers: n-grams of a text, statistics of a sequence",
            "yes for a text",
        ),
    ] = None
    ngrams: Annotated[
        Annotated[int, Meta(ge=1, le=8)] | None,
        _about("tokens of the longest n-gram that --skip reads", "2"),
    ] = None
    buckets: Annotated[
        Annotated[int, Meta(ge=1, le=1 << 24)] | None,
        _about("hash buckets of the n-grams that --skip reads", "from the data"),
    ] = None
    tied: Annotated[
        bool | None, _about("tie the weights of embedding and output layer", "from the task and the data")
    ] = None
    attention: Annotated[
        Literal["multiplicative", "additive", "none"],
        _about(
            "attention of the decoder: after its layers (multiplicative), before its cell (additive), or none"
        ),
    ] = "multiplicative"
    components: Annotated[Count, _about("Gaussian components of the attention window")] = 10
    input_feeding: Annotated[bool, _about("feed the attention output of one step to the next")] = False
    copy: Annotated[bool | None, _about("let the model copy words of the input", "no")] = None
    shared: Annotated[
        bool | None, _about("share vocabulary and embedding between input and output", "no")
    ] = None
    head: Annotated[
        str | None,
        _about("output layer and its loss"),
    ] = None
    mixtures: Annotated[Count, _about("components of the mixture head")] = 20
    chain: Annotated[Count, _about("hidden units of the chain head")] = 64
    levels: Annotated[tuple[float, ...], _about("quantiles to forecast")] = (0.1, 0.25, 0.5, 0.75, 0.9)
    init: Annotated[Literal["torch", "uniform", "orthogonal"], _about("initialisation of the weights")] = (
        "torch"
    )
    init_range: Annotated[Amount, _about("bound of the uniform initialisation")] = 0.1
    forget_bias: Annotated[float | None, _about("initial bias of the lstm's forget gate")] = None
    chrono: Annotated[
        Annotated[int, Meta(ge=2)] | None,
        _about("initial gate biases of an lstm or a gru for memories of up to this many steps"),
    ] = None


class TrainSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the weights are found."""

    epochs: Annotated[Count | None, _about("number of passes over the data", "from the data")] = None
    steps: Annotated[Count | None, _about("maximum number of training steps")] = None
    batch_size: Annotated[Count | None, _about("batch size in rows", "from the data")] = None
    batch_tokens: Annotated[Count | None, _about("batch size in tokens, instead of rows")] = None
    optimizer: Annotated[Literal["adam", "adamw", "sgd"], _about("optimizer")] = "adam"
    lr: Annotated[Positive | None, _about("learning rate", "from the data")] = None
    momentum: Annotated[Share, _about("momentum of sgd")] = 0.0
    weight_decay: Annotated[Amount, _about("weight decay")] = 0.0
    schedule: Annotated[
        Literal["constant", "plateau", "cosine", "one-cycle", "decay"] | None,
        _about("learning rate schedule", "one-cycle, or plateau with sgd"),
    ] = None
    warmup: Annotated[Whole, _about("warm-up steps until the full learning rate")] = 0
    decay: Annotated[
        Annotated[float, Meta(gt=0, le=1)], _about("factor of the schedules decay and plateau")
    ] = 0.5
    decay_after: Annotated[Whole, _about("epochs before the schedule decay starts")] = 0
    clip: Annotated[Amount | None, _about("maximum gradient norm; 0 disables clipping", "from the data")] = (
        None
    )
    bptt: Annotated[
        Count | None, _about("truncation length of backpropagation through time, in steps", "from the data")
    ] = None
    vary_bptt: Annotated[
        bool, _about("vary the truncation length around --bptt, and the learning rate with it")
    ] = False
    activation_penalty: Annotated[
        Amount, _about("penalty on the squares of the last layer's outputs, after dropout")
    ] = 0.0
    smoothness_penalty: Annotated[
        Amount,
        _about("penalty on the squared differences between the last layer's outputs at successive steps"),
    ] = 0.0
    patience: Annotated[
        Count | None, _about("stop after this many evaluations without improvement", "from the data")
    ] = None
    metric: Annotated[str | None, _about("metric that selects the best model")] = None
    budget: Annotated[
        Duration | None,
        _about(
            "time to try candidates of what is left open, such as 90s, 5m or 1h; 0 tries none",
            "a share of the training",
        ),
    ] = None
    evaluate_every: Annotated[Count | None, _about("steps between evaluations", "one epoch")] = None
    accumulate: Annotated[Count, _about("batches whose gradients are accumulated for one step")] = 1
    average: Annotated[Share, _about("decay of a running average of the weights; 0 keeps none")] = 0.0
    average_after: Annotated[
        Count | None,
        _about("average the weights of all steps once this many evaluations bring no improvement"),
    ] = None
    label_smoothing: Annotated[Share, _about("label smoothing")] = 0.0
    scheduled_sampling: Annotated[
        Share,
        _about(
            "final probability that the decoder, in training, reads its own last word instead of the true one"
        ),
    ] = 0.0
    sampled: Annotated[
        Whole, _about("train on this many sampled words, for very large vocabularies; 0 uses all")
    ] = 0
    ensemble: Annotated[
        Annotated[int, Meta(ge=1, le=64)],
        _about("models of different seeds to train, whose numbers are averaged; they become one model"),
    ] = 1
    unfreeze: Annotated[
        Count | None,
        _about("with --from: train one more part of the model after so many epochs, top down", "all at once"),
    ] = None
    slant: Annotated[
        Annotated[float, Meta(gt=0, le=1)],
        _about("with --from: learning rate of each part of the model, as a share of that of the part above"),
    ] = 1.0
    non_finite: Annotated[
        Literal["skip", "stop"], _about("what to do when the loss or gradient of a step is not finite")
    ] = "skip"
    seed: Annotated[Seed, _about("seed of the random numbers")] = 0
    threads: Annotated[Few | None, _about("CPU threads", "all cores")] = None
    precision: Annotated[
        Literal["float32", "bfloat16"],
        _about("precision of matrix products in training; on CPUs bfloat16 needs AMX or AVX512-BF16"),
    ] = "float32"
    device: Annotated[str, _about("device to train on: cpu, cuda or auto")] = "auto"
    baselines: Annotated[
        bool, _about("compare the model with simple baselines, fitted in seconds on the same data")
    ] = True
    checkpoint_every: Annotated[Count | None, _about("steps between checkpoints", "by time")] = None
    tensorboard: Annotated[bool, _about("also write TensorBoard files")] = False
    watch: Annotated[
        Literal["memory"] | None,
        _about(
            "at every evaluation, also measure gradients by lag, memory length, gates and recurrent weights"
        ),
    ] = None

    @property
    def budget_seconds(self) -> float | None:
        """`budget` in seconds."""
        if self.budget is None:
            return None
        unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(self.budget[-1], 1.0)
        return float(self.budget.rstrip("smh ")) * unit


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A task, its data, its model and its training."""

    task: str
    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    train: TrainSpec = TrainSpec()
    out: str | None = None

    def values(self) -> dict[str, object]:
        """The value of every option by name; no name is in two tables."""
        tables = (self.data, self.model, self.train)
        return {name: value for table in tables for name, value in msgspec.structs.asdict(table).items()}

    def replace(self, **options: object) -> "Spec":
        """The same with these options, each under the name that it has everywhere."""
        parts: dict[str, dict[str, object]] = {name: {} for name in TABLES}
        for name, value in options.items():
            parts[option_of(name).table][name] = value
        return msgspec.structs.replace(
            self,
            data=msgspec.structs.replace(self.data, **parts["data"]),
            model=msgspec.structs.replace(self.model, **parts["model"]),
            train=msgspec.structs.replace(self.train, **parts["train"]),
        )


TABLES: dict[str, type[msgspec.Struct]] = {"data": DataSpec, "model": ModelSpec, "train": TrainSpec}
_GROUPS = {"data": "data", "model": "model", "train": "training"}

# Options whose choices are rows of another table. A task's own row lists those that it has.
_ROWS: dict[str, Callable[[Task], tuple[str, ...]]] = {
    "cell": lambda _task: tuple(CELLS),
    "head": lambda task: task.heads,
    "metric": lambda task: task.metrics,
    "codec": lambda task: task.inputs,
}


_FIRST = ("head", "metric")  # whose default is the first choice of the task


@dataclass(frozen=True, slots=True)
class Option:
    """One field of one table, as the command line needs it."""

    table: str
    name: str
    group: str  # the heading under which `--help` lists it: data, model, training
    type: type  # without None
    default: object
    about: str
    literals: tuple[str, ...] = ()  # `choices` has those that come from a table, too
    many: bool = False
    otherwise: str = ""  # what stands in for None, in words


def choices(option: Option, task: str | None = None) -> tuple[str, ...]:
    """What may be chosen for an option: in `task`, or in any task that has the option; empty if that is open."""
    rows = _ROWS.get(option.name)
    if rows is None:
        return option.literals
    tasks = TASKS.values() if task is None else (TASKS[task],)
    having = [row for row in tasks if option.name in row.options or option.name not in SPECIAL]
    return tuple(dict.fromkeys(name for row in having for name in rows(row)))


def default_text(option: Option, task: str) -> str:
    """The default of an option in `task`, as `--help` shows it; empty if there is none to show."""
    default = TASKS[task].defaults.get(option.name, option.default)
    if default is None and option.name in _FIRST:
        default = choices(option, task)[0]
    if default is None or default == ():
        return option.otherwise
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, float):
        return f"{default:g}"
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def options(task: str | None = None) -> Iterator[Option]:
    """Every option, or those that `task` has."""
    for option in _described():
        if task is None or option.name in TASKS[task].options or option.name not in SPECIAL:
            yield option


@functools.cache  # every model that is opened asks, and the answer takes a millisecond
def _described() -> tuple[Option, ...]:
    rows: list[Option] = []
    for table, struct in TABLES.items():
        hints = get_type_hints(struct, include_extras=True)
        rows += [_describe(table, field, hints[field.name]) for field in msgspec.structs.fields(struct)]
    return tuple(rows)


def _describe(table: str, field: msgspec.structs.FieldInfo, hint: object) -> Option:
    inner, *metas = get_args(hint)
    about = next(meta for meta in metas if isinstance(meta, Meta) and meta.description)
    kinds = [kind for kind in (get_args(inner) if is_union(inner) else (inner,)) if kind is not type(None)]
    many = any(get_origin(kind) is tuple for kind in kinds)
    literals: tuple[str, ...] = ()
    plain: list[type] = []
    for kind in kinds:
        if get_origin(kind) is Literal:
            literals = get_args(kind)
            plain.append(str)
        else:
            item = get_args(kind)[0] if get_origin(kind) is tuple else kind
            plain += [_without_bounds(k) for k in (get_args(item) if is_union(item) else (item,))]
    return Option(
        table,
        field.name,
        _GROUPS[table],
        plain[0] if len(set(plain)) == 1 else str,
        field.default,
        about.description or "",
        literals,
        many,
        (about.extra or {}).get("default", ""),
    )


def _without_bounds(kind: type) -> type:
    """The type that an `Annotated` one annotates."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def is_union(hint: object) -> bool:
    return get_origin(hint) in (Union, UnionType)


# Options that only some tasks have: those that any row of TASKS names. The rest go with every task.
SPECIAL = frozenset(name for task in TASKS.values() for name in task.options)


def option_of(name: str) -> Option:
    for option in options():
        if option.name == name:
            return option
    names = [option.name for option in options()]
    raise UsageError(f"there is no option {name!r}.{nearest(name, names)}")
