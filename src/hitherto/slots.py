"""What the state of a stream may hold: a `Slot` for each of its arrays, by which a saved one is checked whole."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError

__all__ = ["ANY", "LATE", "Slot", "Slots", "check_state", "counter", "text_slot"]


ANY = range(1 << 31)  # a length that the stream does not bound
LATE = 1 << 53  # the most of a count: numpy's floats have all whole numbers up to here
LOUD = 1e18  # the largest state: what is made of it is still finite


@dataclass(frozen=True, slots=True)
class Slot:
    """An array of a state: its type, its shape, whose lengths may lie in a range, and the bounds of its numbers."""

    dtype: type[np.generic] | np.dtype
    shape: tuple[int | range, ...]
    low: float = -LOUD
    high: float = LOUD
    missing: bool = False  # NaN stands for a number that there is not
    text: bool = False  # bytes that are UTF-8
    needed: bool = True

    def misfit(self, array: Array) -> str:
        """What is wrong with an array here; nothing if it fits."""
        dtype = np.dtype(self.dtype)
        sizes = zip(array.shape, self.shape, strict=False)
        alike = array.ndim == len(self.shape) and all(
            n in wanted if isinstance(wanted, range) else n == wanted for n, wanted in sizes
        )
        if array.dtype != dtype or not alike:
            shape = ", ".join("n" if isinstance(n, range) else str(n) for n in self.shape)
            return f"must be {dtype} of shape ({shape}), but is {array.dtype} of shape {array.shape}"
        if self.text:
            try:
                array.tobytes().decode()
            except UnicodeDecodeError as error:
                return f"is no text: byte {error.start + 1} is not UTF-8"
        elif array.size and dtype.kind in "iuf":
            some = array[~np.isnan(array)] if self.missing else array
            if some.size and not (self.low <= some.min() and some.max() <= self.high):  # NaN is neither
                return f"has numbers that are not from {self.low:g} to {self.high:g}"
        return ""


Slots = Mapping[str, Slot]


def counter(*shape: int, high: int = LATE) -> Slot:
    """The slot of what is counted."""
    return Slot(np.int64, shape, low=0, high=high)


def text_slot(most: range = ANY) -> Slot:
    """The slot of a text, as the bytes of its UTF-8."""
    return Slot(np.uint8, (most,), text=True)


def check_state(arrays: Mapping[str, Array], slots: Slots) -> None:
    """UsageError unless these are the arrays of such a state."""
    missing = [name for name, slot in slots.items() if slot.needed and name not in arrays]
    unknown = [name for name in arrays if name not in slots]
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"has {unknown[0]!r:.60}, which is none of it"
        raise UsageError(f"the state {what}; it must have {', '.join(slots)}.")
    for name, array in arrays.items():
        wrong = slots[name].misfit(array)
        if wrong:
            raise UsageError(f"the state {name!r} {wrong}.")
