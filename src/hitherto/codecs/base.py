"""What a codec is: the contract, and what one may declare that it can do beside it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.slots import Slots

__all__ = ["Codec", "CodecStream", "Decoder", "Parts"]

Parts = Mapping[str, list[str]]  # vocabularies, which a bundle keeps as tensors


class CodecStream(Protocol):
    """A value that comes piece by piece. `state` is all that it remembers, `slots` what each array of it may be."""

    @property
    def state(self) -> dict[str, Array]: ...
    @state.setter
    def state(self, value: dict[str, Array]) -> None: ...
    @property
    def slots(self) -> Slots: ...
    def push(self, piece: object, /) -> Array: ...
    def finish(self) -> Array: ...


class Decoder(Protocol):
    """Ids that become text one by one."""

    @property
    def state(self) -> dict[str, Array]: ...
    @state.setter
    def state(self, value: dict[str, Array]) -> None: ...
    @property
    def slots(self) -> Slots: ...
    def push(self, token: int, /) -> str: ...
    def finish(self) -> str: ...


class Codec(ABC):
    """From a user's value to an array of steps, and back.

    It is made by `fit(values, **options)`, and by `from_json(document, parts)` from what `to_json` and `parts` gave.
    """

    kind: ClassVar[str]  # its name in the table
    options: ClassVar[tuple[str, ...]] = ()  # arguments of `fit` that are options of a spec
    endings: ClassVar[
        tuple[str, ...]
    ] = ()  # of the names of files that hold one of its values, in lower case
    Document: ClassVar[type[msgspec.Struct]]  # what `to_json` gives, with bounds
    # Capabilities: what a codec declares it has the methods for.
    streams: ClassVar[bool] = False  # `stream`
    augments: ClassVar[bool] = False  # `raw`, `unchanged`, `augmented`
    restores_values: ClassVar[bool] = False  # `decode` undoes `encode` where `restores(value)` is true
    writes_text: ClassVar[bool] = False  # `decoder`

    notes: Sequence[str] = ()  # what fitting found that a user should know
    reads: str = ""  # how a picture is read: whole, or by rows or columns, each a step
    outside: bool = False  # words come from a tokenizer of the user's own

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
        """What the place of a step is counted in: seconds of sound, or steps."""
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

    def decode(self, array: Array) -> object:  # noqa: ARG002
        """The value of an array."""
        raise self._cannot("decode")

    def restores(self, value: object) -> bool:  # noqa: ARG002
        """Whether `decode(encode(value))` is the value."""
        raise self._cannot("restores")

    def stream(self) -> CodecStream:
        """What takes a value piece by piece: its steps are those of `encode`, to the bit."""
        raise self._cannot("stream")

    def decoder(self) -> Decoder:
        """What makes text of ids one by one."""
        raise self._cannot("decoder")

    def with_tokenizer(self, tokenizer: object) -> Self:  # noqa: ARG002
        """The codec of words with the tokenizer that they were learned with."""
        raise UsageError(f"this model reads {self.kind}, not words; leave tokenizer= out.")

    def raw(self, value: object) -> Array:  # noqa: ARG002
        """What training changes of a value, so that no two epochs see the same."""
        raise self._cannot("raw")

    def unchanged(self, raw: Array) -> Array:  # noqa: ARG002
        """`encode` of the value that is `raw`."""
        raise self._cannot("unchanged")

    def augmented(self, raw: Array, rng: np.random.Generator, amount: float) -> Array:  # noqa: ARG002
        """The same, changed by an amount from 0 to 1."""
        raise self._cannot("augmented")

    def _cannot(self, method: str) -> NotImplementedError:
        return NotImplementedError(f"the codec {self.kind} does not declare {method}")
