"""What a source is, the contract; and what every source gives: batches and results."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.errors import UsageError
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
    "expect_task",
]

Share = tuple[int, int]  # rank, processes
Item = tuple[Array, int]  # rows, and the epoch that they are read in
Row = dict[str, Any]  # an answer, by name: labels, numbers, lists of them
Options = dict[str, Any]  # of the spec or of a head, by name


@dataclass(slots=True)
class Results:
    """What an evaluation found."""

    metrics: dict[str, float]
    details: dict[str, Any] = field(default_factory=dict)  # what a report shows, by the source's own names


class Examples(Protocol):
    """Encoded data."""

    def __len__(self) -> int: ...


E = TypeVar("E", bound=Examples)


class Generates(Protocol):
    """A model that continues what it is given."""

    def generate(self, prompt: object = None, /, **options: object) -> object: ...


class Source(ABC, Generic[E]):
    """From a table to batches, and from a model's outputs back to answers and metrics: what a family of tasks knows.

    The training loop, the executors, `Model` and the command line see only this.
    """

    spec: Spec
    codecs: dict[str, Codec]
    notes: list[str]  # what a user should know of the data

    answers: ClassVar[str]  # what it needs of an executor: "params" of the head, or its loss, "nll"
    unnamed: ClassVar[str]  # the format of a file to answer for whose name tells none
    # Capabilities: what a source declares it has the methods for.
    decodes: ClassVar[bool] = False  # `measure` and `predictions` take options of decoding
    judges: ClassVar[bool] = False  # a decoder writes its answers, and `judge` measures them
    foresees: ClassVar[bool] = False  # its answers are rows of the future, from `future`
    keeps_tokens: ClassVar[bool] = False  # `prepare` may keep tokens in `extras["folder"]`, of the run
    continues: ClassVar[bool] = False  # it has no answer to an input: it goes on, by `generate` or a stream

    @property
    @abstractmethod
    def reads(self) -> list[str]:
        """The columns that an answer is made from, in an array's order: id and time, where it has them, then values."""

    @classmethod
    @abstractmethod
    def prepare(
        cls, spec: Spec, data: object, valid: object, extras: Options
    ) -> "tuple[Source[E], E, E | None]":
        """Fit codecs on training data alone and encode it; validation data is set aside where none is given."""

    @abstractmethod
    def load(self, data: object, *, labelled: bool = True) -> E:
        """Other data, encoded with the same codecs."""

    @abstractmethod
    def digest(self, examples: E) -> str:
        """By which a checkpoint knows its data again."""

    @abstractmethod
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Which codecs stand for each name that the plan and the spec may ask for."""

    @abstractmethod
    def inputs(self) -> dict[str, Options]:
        """What the plan needs to know of each input."""

    @abstractmethod
    def head(self) -> tuple[str, Options]:
        """The name of its head, and the head's options."""

    @abstractmethod
    def choose(self, examples: E) -> tuple[Options, list[str]]:
        """Defaults that depend on the data, for what the spec leaves open, and what to say of them."""

    @abstractmethod
    def schedule(self, examples: E, train: TrainSpec, epoch: int) -> list[Any]:
        """What an epoch consists of: a function of (seed, epoch) alone."""

    @abstractmethod
    def batch(self, examples: E, item: Any, share: Share = (0, 1)) -> Batch:
        """One item of a schedule, or the rows of it that are one process's share."""

    @abstractmethod
    def evaluation(self, examples: E) -> Iterator[Batch]:
        """Batches that score everything once, in order."""

    @abstractmethod
    def measure(self, examples: E, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        """Metrics, and what a report shows."""

    def sampler(self, valid: E | None) -> Callable[[Generates], Row] | None:  # noqa: ARG002
        """What notes a sample of a model at each evaluation in training; None where there is nothing to sample."""
        return None

    def judge(self, examples: E, written: "Sequence[Sequence[Hypothesis]]") -> Results:
        """Metrics of the texts that a decoder wrote for these examples."""
        raise NotImplementedError(f"{type(self).__name__} does not declare judge")


AnySource = Source[Any]  # of whichever examples


def expect_task(model: Any, task: str, method: str) -> None:
    """A UsageError where a method is of another task than the model's."""
    if model.spec.task != task:
        raise UsageError(f"{method} is for {task} models; this one does {model.spec.task}. Use predict.")
