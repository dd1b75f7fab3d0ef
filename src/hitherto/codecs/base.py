"""The contract of a codec, and of its streams and decoders."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol, Self

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.slots import Slots

__all__ = ["Codec", "CodecStream", "Decoder", "Parts"]

Parts = Mapping[str, list[str]]  # vocabularies, which a bundle keeps as tensors


class _Stateful(Protocol):
    """`state` holds all that it remembers; `slots` bounds each of its arrays."""

    @property
    def state(self) -> dict[str, Array]: ...
    @state.setter
    def state(self, value: dict[str, Array]) -> None: ...
    @property
    def slots(self) -> Slots: ...


class CodecStream(_Stateful, Protocol):
    """Encodes a value piece by piece."""

    def push(self, piece: object, /) -> Array: ...
    def finish(self) -> Array: ...


class Decoder(_Stateful, Protocol):
    """Makes text of ids, one by one."""

    def push(self, token: int, /) -> str: ...
    def finish(self) -> str: ...


class Codec(ABC):
    """Turns a user's value into an array of steps, and back.

    `fit(values, **options)` learns one from training data. `from_json(document, parts)` restores one from what
    `to_json` and `parts` gave.
    """

    kind: ClassVar[str]  # its name in the table
    options: ClassVar[tuple[str, ...]] = ()  # arguments of `fit` that are options of a spec
    endings: ClassVar[tuple[str, ...]] = ()  # of the names of the files that it reads, in lower case
    Document: ClassVar[type[msgspec.Struct]]  # the type of what `to_json` gives, with bounds
    reads_files: ClassVar[bool] = False  # a text names a file, relative to the folder of its table
    # Capabilities: each names the methods that a codec has if it declares it.
    streams: ClassVar[bool] = False  # `stream`
    augments: ClassVar[bool] = False  # `raw`, `unchanged`, `augmented`
    changes: ClassVar[tuple[str, ...]] = ()  # the augmentations that `only` of `augmented` may pick
    usual: ClassVar[
        Mapping[str, float]
    ] = {}  # options of the data that a model of labels has if none are given
    restores_values: ClassVar[bool] = False  # `decode` undoes `encode` where `restores(value)` is true
    writes_text: ClassVar[bool] = False  # `decoder`
    reads_text: ClassVar[bool] = False  # a value is a text, or a list of words

    notes: list[str] = []  # noqa: RUF012 - what `fit` chose and a user should know; a codec that has some makes its own list
    reads: str = ""  # how a picture becomes steps: whole, rows or columns
    outside: bool = False  # words come from the user's own tokenizer

    @property
    @abstractmethod
    def size(self) -> int:
        """How many numbers a step has, or how many ids there are."""

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """Height, width and channels of a step that is a picture."""
        return None

    @property
    def seconds_per_step(self) -> float:
        """The length of a step in seconds; 1 where steps have no length in time."""
        return 1

    @classmethod
    @abstractmethod
    def fit(cls, *values: Any, **options: Any) -> Self:  # each codec has options of its own
        """The codec of these values. `options` of the class are those that a spec gives."""

    @classmethod
    def matches(cls, value: object) -> bool:  # noqa: ARG003
        """Whether a value in memory, or the path of a folder, is of this kind by itself.

        Words, numbers and labels are not: what a cell "3" is depends on the task and on its whole column.
        """
        return False

    @abstractmethod
    def encode(self, value: object) -> Array:
        """The steps of a value."""

    @abstractmethod
    def to_json(self) -> dict[str, object]: ...

    @abstractmethod
    def parts(self) -> dict[str, list[str]]: ...

    @classmethod
    @abstractmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> Self: ...

    def example(self) -> object:
        """A short value as JSON holds it, for pages that show how to ask; None where values come in files alone."""
        return None

    def example_piece(self) -> object:
        """The same of what a stream takes."""
        return self.example()

    @property
    def names(self) -> list[str]:
        """What a person calls each of its ids, or each number of a step; none where they have no names."""
        return []

    def called(self, steps: Array) -> list[str]:
        """What a person calls each step of an array: the name of an id, a number from 1, or a time in seconds."""
        if steps.ndim == 1:
            names = self.names
            return [names[i] for i in steps.tolist()]
        if self.seconds_per_step == 1:
            return [str(t + 1) for t in range(len(steps))]
        return [f"{t * self.seconds_per_step:.2f} s" for t in range(len(steps))]

    def decode(self, array: Array) -> object:  # noqa: ARG002
        """The value of an array."""
        raise self._cannot("decode")

    def restores(self, value: object) -> bool:  # noqa: ARG002
        """Whether `decode(encode(value))` is the value."""
        raise self._cannot("restores")

    def stream(self) -> CodecStream:
        """A stream that takes a value piece by piece. It gives the same bits as `encode`."""
        raise self._cannot("stream")

    def decoder(self) -> Decoder:
        """A decoder that makes text of ids, one by one."""
        raise self._cannot("decoder")

    def with_tokenizer(self, tokenizer: object) -> Self:  # noqa: ARG002
        """The codec of words with the tokenizer that they were learned with."""
        raise UsageError(f"this model reads {self.kind}, not words; leave tokenizer= out.")

    def raw(self, value: object) -> Array:  # noqa: ARG002
        """The form of a value that augmentation works on."""
        raise self._cannot("raw")

    def unchanged(self, raw: Array) -> Array:  # noqa: ARG002
        """What `encode` gives, from what `raw` gave."""
        raise self._cannot("unchanged")

    def augmented(
        self,
        raw: Array,  # noqa: ARG002
        rng: np.random.Generator,  # noqa: ARG002
        amount: float,  # noqa: ARG002
        only: Iterable[str] = (),  # noqa: ARG002
    ) -> Array:
        """What `encode` gives of a changed value; `amount` goes from 0 to 1. `only` are some of `changes`."""
        raise self._cannot("augmented")

    def _cannot(self, method: str) -> NotImplementedError:
        return NotImplementedError(f"the codec {self.kind} does not declare {method}")
