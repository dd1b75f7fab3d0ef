"""The contract of a source; and what every source gives, batches and results."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.plan import Input, Plan
from hitherto.runtime.executor import Arrays, Batch
from hitherto.spec import Spec, TrainSpec

if TYPE_CHECKING:
    from hitherto.decode import Hypothesis

__all__ = [
    "AnySource",
    "Arrays",
    "Batch",
    "Examples",
    "Generates",
    "Item",
    "Options",
    "Results",
    "Row",
    "Share",
    "Source",
    "Value",
]

Share = tuple[int, int]  # rank, processes
Item = tuple[Array, int]  # rows, and the epoch that they are read in
Value = Any  # an input or an answer: a text, numbers, a file's name, a roll, as the task's codecs have it
Row = dict[str, Any]  # an answer, by name: labels, numbers, lists of them
Options = dict[str, Any]  # of the spec, of a head or of a decoder, by name


@dataclass(slots=True)
class Results:
    """What an evaluation measured."""

    metrics: dict[str, float]
    details: Options = field(default_factory=dict)  # arrays of the metrics, and what else a report shows
    baselines: "dict[str, dict[str, float]]" = field(
        default_factory=dict
    )  # metrics of what needs no training


class Examples(Protocol):
    """Encoded data."""

    def __len__(self) -> int: ...


E = TypeVar("E", bound=Examples)
C = TypeVar("C", bound=Codec)


class Generates(Protocol):
    """A model that continues what it is given."""

    def generate(self, prompt: object = None, /, **options: object) -> object: ...


class Source(ABC, Generic[E]):
    """From a table to batches, and from a model's outputs back to answers and metrics.

    All that a family of tasks knows of its data is here. The training loop, the executors, `Model` and the command line
    use only this contract. A subclass is a dataclass with the fields of the constructor.
    """

    spec: Spec
    codecs: dict[str, Codec]
    notes: list[str]  # of the data, for the user

    answers: ClassVar[
        str
    ]  # the output of an executor that it reads: "params" of the head, or its loss, "nll"
    unnamed: ClassVar[str]  # the format of a file to answer for, where its name has none
    # Capabilities: what a source declares it has the methods for.
    decodes: ClassVar[bool] = False  # `measure` and `predictions` take options of decoding
    judges: ClassVar[bool] = False  # a decoder writes its answers, and `judge` measures them
    foresees: ClassVar[bool] = False  # its answers are rows of the future, from `future`
    continues: ClassVar[bool] = (
        False  # it continues an input, by `generate` or a stream, and has no `predictions`
    )
    keeps_tokens: ClassVar[bool] = False  # `prepare` may keep tokens in `extras["folder"]`, of the run
    # Whether what a training begins with by `first` is worth measuring before the first step.
    begins_known: ClassVar[bool] = True
    # Whether `first` rests on choices that a resumed run, whose spec has their outcome, would not make again.
    keeps_first: ClassVar[bool] = False
    remembers: ClassVar[bool] = (
        False  # an evaluation may use what it has read: a cache, or steps of a gradient
    )
    settles: ClassVar[str] = ""  # what `settled` does, in words for the user
    reads_plain_text: ClassVar[bool] = False  # a file of text is an input as it is, without a column

    # Of plain gradient descent, in place of what `choose` gives for other optimisers.
    descent: ClassVar[Mapping[str, object]] = {"lr": 1.0, "schedule": "plateau", "clip": 0.25}

    def __init__(self, spec: Spec, codecs: dict[str, Codec], notes: list[str] | None = None) -> None:
        self.spec, self.codecs, self.notes = spec, codecs, notes or []

    # (examples, outputs, **options): an answer for each example. Sources that continue have none.
    predictions: Callable[..., list[Row]]

    @property
    def reads_sentences(self) -> bool:
        """Whether a file may have a token in each line, and a blank line after each sentence."""
        return False

    @property
    def says(self) -> bool:
        """Whether what it makes follows from a text that it is given."""
        return False

    @property
    @abstractmethod
    def reads(self) -> list[str]:
        """The columns that an answer is made from, in an array's order: id and time, where it has them, then values."""

    @classmethod
    @abstractmethod
    def prepare(
        cls, spec: Spec, data: object, valid: object, extras: Options
    ) -> "tuple[Source[E], E, E | None]":
        """Fit codecs on training data alone and encode it; validation data is set aside where none is given.

        `extras` may have codecs to take over instead, by name (`codecs`), a `tokenizer`, and a `folder` for tokens.
        """

    @abstractmethod
    def load(self, data: object, *, labelled: bool = True) -> E:
        """Other data, encoded with the same codecs."""

    @abstractmethod
    def digest(self, examples: E) -> str:
        """A hash of the examples: a checkpoint compares its data by it."""

    @abstractmethod
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The kinds of codec that each name in `codecs` allows."""

    @abstractmethod
    def inputs(self) -> dict[str, Input]:
        """The inputs of the plan: the kind, size and shape of each."""

    @abstractmethod
    def head(self) -> tuple[str, Options]:
        """The name of its head, and the head's options."""

    def rows(self) -> dict[str, tuple[str, Sequence[str]]]:
        """Of weights whose rows stand for tokens or labels: the kind of codec, and the name of each row.

        They are found by name where a training starts from another model. What a source does not list is taken only by
        the same task, whose codecs are the same.
        """
        return {}

    def answer_columns(self) -> dict[str, tuple[str, Sequence[str]]]:
        """Of weights whose last columns stand for labels: the kind of codec, and the names, as `rows` has them."""
        return {}

    @abstractmethod
    def choose(self, examples: E) -> tuple[Options, list[str]]:
        """Defaults that depend on the data, for options that the spec leaves open; and notes of them for the log."""

    def candidates(self, examples: E) -> dict[str, Options]:  # noqa: ARG002
        """Sets of options by name, for a search by validation to choose between; none where `choose` says it all.

        What they set is what the spec leaves open (None), and the simplest comes first. One that the user's own
        options contradict is not tried.
        """
        return {}

    def first(self, plan: Plan) -> Arrays:  # noqa: ARG002
        """Weights of the plan, by name, that a training begins with in place of random ones."""
        return {}

    @abstractmethod
    def schedule(self, examples: E, train: TrainSpec, epoch: int) -> Sequence[object]:
        """The items of an epoch: a function of (seed, epoch) alone."""

    @abstractmethod
    def batch(self, examples: E, item: Any, share: Share = (0, 1)) -> Batch:  # an item as `schedule` makes it
        """One item of a schedule, or the rows of it that are one process's share."""

    @abstractmethod
    def evaluation(self, examples: E) -> Iterator[Batch]:
        """Batches that score everything once, in order."""

    @abstractmethod
    def measure(self, examples: E, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        """Metrics, and the details that a report shows."""

    def fitted(self, plan: Plan, examples: E) -> Arrays:  # noqa: ARG002
        """Weights of the plan, by name, that are fitted to the training data before the first step."""
        return {}

    def taught(self, plan: Plan, weights: Arrays, features: Array, examples: E) -> Arrays:  # noqa: ARG002
        """Weights of a new head, by name, that are fitted to its `features`, [N, F], by another model's layers."""
        return {}

    def settled(
        self,
        first: Mapping[str, Array],  # noqa: ARG002
        weights: Arrays,  # noqa: ARG002
        examples: tuple[E, E],  # noqa: ARG002
        outputs: Callable[[Arrays, Iterator[Batch]], Iterator[tuple[Batch, Array]]],  # noqa: ARG002
    ) -> Arrays:
        """Of the weights that a training ends with, those that it changes last, by name.

        `first` are the known weights that it began with. The examples are those of training and of validation;
        `outputs` are what a model with some weights says of batches.
        """
        return {}

    def judge(self, examples: E, written: "Sequence[Sequence[Hypothesis]]") -> Results:
        """Metrics of the texts that a decoder wrote for these examples."""
        raise NotImplementedError(f"{type(self).__name__} does not declare judge")

    @property
    def answer_names(self) -> list[str]:
        """What the first numbers of the head stand for: labels, tokens, keys; none where they have no names."""
        return []

    def examples(self) -> tuple[list[Value], list[Value]]:
        """Inputs of `predict`, and inputs of a stream, as JSON holds them; none where there are none to show."""
        whole, piece = self.read_by.example(), self.read_by.example_piece()
        return [] if whole is None else [whole], [] if piece is None else [piece]

    @property
    def read_by(self) -> Codec:
        """The codec of what a model is given: one that continues has no input of that name."""
        if "input" in self.codecs:
            return self.codecs["input"]
        codecs = list(self.codecs.values())
        return next((codec for codec in codecs if not codec.reads_files), codecs[0])

    def is_one_value(self, data: object) -> bool:  # noqa: ARG002
        """Whether data that look like rows are one input: the turns of a conversation."""
        return False

    def codec_of(self, name: str, kind: type[C]) -> C:
        """A codec, as the class that `kinds` lets it be of."""
        codec = self.codecs[name]
        assert isinstance(codec, kind)  # noqa: S101 - `open` compares a bundle's codecs with `kinds`
        return codec

    def sampler(self, valid: E | None) -> Callable[[Generates], Row] | None:  # noqa: ARG002
        """What notes a sample of a model at each evaluation in training; None where there is nothing to sample."""
        return None


AnySource = Source[Any]  # of whichever examples
