"""The stream of every codec that reads text."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from hitherto.arrays import Array
from hitherto.slots import Slots, counter, text_slot

__all__ = ["Reader", "TextStream"]


class Reader(Protocol):
    """A codec of text, as its stream needs it."""

    max_length: int | None

    def checked(self, text: object) -> str: ...
    def settled(self, text: str) -> int: ...
    def read(self, text: str) -> Array: ...


class TextStream:
    """Encodes text as it arrives. `state` holds all that it remembers."""

    def __init__(self, codec: Reader) -> None:
        self.codec = codec
        self._rest = ""
        self._count = 0

    def push(self, text: object) -> Array:
        """The steps that became final."""
        text = self._rest + self.codec.checked(text)
        cut = self.codec.settled(text)
        self._rest = text[cut:]
        return self._limited(text[:cut])

    def finish(self) -> Array:
        """The rest: nothing follows."""
        rest, self._rest = self._rest, ""
        return self._limited(rest)

    def _limited(self, text: str) -> Array:
        steps, most = self.codec.read(text), self.codec.max_length
        if most is not None:
            steps = steps[: max(0, most - self._count)]
        self._count += len(steps)
        return steps

    @property
    def slots(self) -> Slots:
        return {"rest": text_slot(), "count": counter()}

    @property
    def state(self) -> dict[str, Array]:
        rest = np.frombuffer(self._rest.encode(), np.uint8).copy()
        return {"rest": rest, "count": np.array(self._count, np.int64)}

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        self._rest = value["rest"].tobytes().decode()
        self._count = int(value["count"])
