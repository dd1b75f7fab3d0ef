"""What a live view sends to its page: arrays by name, and the rest as JSON, in one message.

A message is what a `.safetensors` file holds: numbers go as they lie in memory, and the page reads them without a copy.
The JSON is the array `said`, of bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.serve.answers import plain
from hitherto.tensors import to_bytes

__all__ = ["Frame"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A part of an answer."""

    said: Mapping[str, object]
    arrays: Mapping[str, Array] = field(default_factory=dict)

    def encode(self, number: int) -> bytes:
        """The message that answers the call of this number."""
        text = msgspec.json.encode({**self.said, "id": number}, enc_hook=plain)
        arrays = {name: np.ascontiguousarray(values, _kind(values)) for name, values in self.arrays.items()}
        return to_bytes({"said": np.frombuffer(text, np.uint8), **arrays}, {})


def _kind(values: Array) -> type[np.generic]:
    """Of reals float32, of whole numbers int32: what a typed array of JavaScript holds."""
    return np.float32 if values.dtype.kind == "f" else np.int32
