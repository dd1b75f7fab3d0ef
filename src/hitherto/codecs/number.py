"""Numbers to answer with: one, or several in columns, in units of what training saw of each."""

import math
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from hitherto.arrays import Array
from hitherto.bounds import Positive, Real, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.errors import DataError, UsageError

__all__ = ["LARGEST", "NumberCodec"]

LARGEST = 1e30  # the square of a larger one may overflow


class NumberDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of a `NumberCodec` in a bundle: of each column its mean and its deviation."""

    mean: Annotated[list[Real], Meta(min_length=1, max_length=1 << 20)]
    scale: Annotated[list[Positive], Meta(min_length=1, max_length=1 << 20)]


class NumberCodec(Codec):
    """Numbers less the mean of training, in units of its deviation; a column each."""

    kind = "numbers"
    Document = NumberDocument

    def __init__(self, mean: Iterable[float], scale: Iterable[float]) -> None:
        self.mean = np.array(list(mean), np.float64)
        self.scale = np.array(list(scale), np.float64)
        self.notes = []

    @property
    def size(self) -> int:
        return len(self.mean)

    @classmethod
    def fit(cls, values: Iterable[object]) -> "NumberCodec":
        rows = [_numbers(value) for value in values]
        if not rows or len({len(row) for row in rows}) > 1:
            raise DataError(
                "expected as many numbers in every row, but they differ"
                if rows
                else "there are no numbers to learn"
            )
        array = np.stack(rows)
        scale = array.std(0)
        if not (scale > 1e-100).all():
            same = array[0, int((scale <= 1e-100).argmax())]
            raise DataError(f"there must be two different numbers at least, but all rows have {same:g}")
        return cls(array.mean(0), scale)

    def encode(self, value: object) -> Array:
        """The numbers of a value, [columns] float32."""
        numbers = _numbers(value)
        if len(numbers) != self.size:
            raise DataError(
                f"expected {self.size} number{'s' if self.size > 1 else ''}, but got {len(numbers)}"
            )
        return ((numbers - self.mean) / self.scale).astype(np.float32)

    def decode(self, array: Array) -> float | list[float]:
        """The value of an array; of a single column it is the number itself."""
        values: list[float] = (np.asarray(array, np.float64) * self.scale + self.mean).tolist()
        return values[0] if self.size == 1 else values

    def to_json(self) -> dict[str, object]:
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist()}

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "NumberCodec":
        fields = fields_of(document, NumberDocument)
        if parts or len(fields["mean"]) != len(fields["scale"]):
            raise UsageError("a number codec has a mean and a scale for each column, and no parts.")
        return cls(**fields)


def _numbers(value: object) -> Array:
    """The numbers of a value, [n] float64."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    each = value if isinstance(value, list | tuple) else [value]
    return np.array([_number(number) for number in each], np.float64)


def _number(value: object) -> float:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise DataError("the number is missing; give one or drop the row")
    wrong = DataError(f"expected a number, but got {value!r:.60}")
    if isinstance(value, bool) or not isinstance(value, str | int | float | np.number):
        raise wrong
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if math.isnan(number):
        raise DataError("the number is missing; give one or drop the row")
    if abs(number) > LARGEST:
        raise DataError(f"{number:g} is too large to learn; say it in other units, or drop the row")
    return number
