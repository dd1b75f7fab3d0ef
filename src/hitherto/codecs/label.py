"""Labels and their numbers: one of several classes, several at once, or one for each token."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from hitherto.arrays import Array
from hitherto.bounds import typed
from hitherto.codecs.base import Codec, Parts
from hitherto.errors import DataError, UsageError, nearest

__all__ = ["LabelCodec"]

SEPARATORS = "|;,"


class LabelDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of a `LabelCodec` in a bundle, without its classes."""

    counts: list[Annotated[int, Meta(ge=0, le=1 << 53)]]
    multi: bool
    separator: Annotated[str, Meta(min_length=1)] | None


class LabelCodec(Codec):
    """Classes in sorted order, numbers before words. `multi`: a value is a list, or a str cut at `separator`."""

    kind = "label"
    options = ("multi", "separator")
    Document = LabelDocument
    restores_values = True

    def __init__(
        self, classes: Sequence[str], counts: Sequence[int], multi: bool = False, separator: str | None = None
    ) -> None:
        self.classes = list(classes)
        self.counts = np.asarray(counts, np.int64)
        self.multi = multi
        self.separator = separator
        self.notes = []
        self._number = {name: i for i, name in enumerate(self.classes)}

    @property
    def size(self) -> int:
        return len(self.classes)

    @property
    def names(self) -> list[str]:
        return list(self.classes)

    @classmethod
    def fit(
        cls, values: Iterable[object], *, multi: bool = False, separator: str | None = None
    ) -> "LabelCodec":
        counts: Counter[str] = Counter()
        notes = []
        if multi and separator is None:
            values = list(values)
            text = "".join(v for v in values if isinstance(v, str))
            separator = next((c for c in SEPARATORS if c in text), None)
            if separator is not None:
                notes.append(f"labels of one row are separated by {separator!r}; --separator says otherwise")
        for value in values:
            counts.update(_names(value, multi, separator))
        classes = sorted(counts, key=_order)
        codec = cls(classes, [counts[name] for name in classes], multi, separator)
        codec.notes = notes
        return codec

    def joined(self, other: "LabelCodec") -> "LabelCodec":
        """The codec of the labels of both, each as often as in both together."""
        counts = Counter(dict(zip(self.classes, self.counts.tolist(), strict=True)))
        counts.update(dict(zip(other.classes, other.counts.tolist(), strict=True)))
        new = [name for name in other.classes if name not in self._number]
        classes = sorted(counts, key=_order)
        codec = LabelCodec(classes, [counts[name] for name in classes], self.multi, self.separator)
        if new:
            some = ", ".join(map(repr, new[:8])) + (", ..." if len(new) > 8 else "")
            codec.notes = [
                f"{len(new):,} new labels are learned beside {len(self.classes):,} known ones: {some}"
            ]
        return codec

    def encode(self, value: object) -> Array:
        """The class's number, an int32 without axes; with `multi` a float32 of ones and zeros, [K]."""
        numbers = [self._of(name) for name in _names(value, self.multi, self.separator)]
        if not self.multi:
            return np.array(numbers[0], np.int32)
        ones = np.zeros(len(self.classes), np.float32)
        ones[numbers] = 1
        return ones

    def encode_sequence(self, values: Iterable[object]) -> Array:
        """A number for each label, [T]."""
        return np.array([self._of(_name(value)) for value in values], np.int32)

    def _of(self, name: str) -> int:
        if name not in self._number:
            known = ", ".join(map(repr, self.classes[:20])) + (", ..." if len(self.classes) > 20 else "")
            raise DataError(
                f"the label {name!r} did not occur in training; known are {known}.{nearest(name, self.classes)}"
            )
        return self._number[name]

    def decode(self, array: object) -> str | list[str]:
        """The name of a number; the names of an array of them; with `multi` those whose place is at least a half."""
        array = np.asarray(array)
        if self.multi:
            if array.shape != (self.size,):
                raise DataError(
                    f"expected {self.size} numbers, one for each label, but got shape {array.shape}"
                )
            return [name for name, value in zip(self.classes, array, strict=True) if value >= 0.5]
        if array.size and (array.ndim > 1 or array.dtype.kind not in "iu" or not self._within(array)):
            raise DataError(f"expected numbers of labels, 0 to {self.size - 1}, but got {array!r:.60}")
        return self.classes[int(array)] if array.ndim == 0 else [self.classes[int(i)] for i in array]

    def _within(self, array: Array) -> bool:
        return int(array.min()) >= 0 and int(array.max()) < self.size

    def restores(self, value: object) -> bool:
        """Whether decode(encode(value)) gives `value` back."""
        if self.multi:
            return isinstance(value, list) and value == [name for name in self.classes if name in value]
        return isinstance(value, str) and value in self._number

    def weights(self, how: str = "balanced") -> Array:
        """What each class must count for all to count alike, [K]: the mean over rows is 1."""
        if how != "balanced":
            raise UsageError(f"weights must be 'balanced', but came as {how!r}.")
        return (self.counts.sum() / (len(self.classes) * np.maximum(self.counts, 1))).astype(np.float32)  # type: ignore[no-any-return]

    def to_json(self) -> dict[str, object]:
        return {"multi": self.multi, "separator": self.separator, "counts": self.counts.tolist()}

    def parts(self) -> dict[str, list[str]]:
        return {"classes": self.classes}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "LabelCodec":
        if parts.keys() != {"classes"}:
            raise UsageError(f"a label codec has classes, but this has {', '.join(parts) or 'none'}.")
        fields = typed(document, LabelDocument, "the document")
        classes, counts = parts["classes"], fields.counts
        if not classes or len(set(classes)) != len(classes) or len(counts) != len(classes) or "" in classes:
            raise UsageError(
                f"it has {len(classes)} classes and {len(counts)} counts; each class has one, and a name."
            )
        return cls(classes, counts, fields.multi, fields.separator)


def _names(value: object, multi: bool, separator: str | None) -> list[str]:
    if not multi:
        if isinstance(value, list | tuple | set):
            raise DataError(f"expected one label, but got {value!r:.60}; several at once need multi = true")
        return [_name(value)]
    if value is None or _is_nan(value):
        return []  # none of them
    if isinstance(value, str):
        return [part.strip() for part in (value.split(separator) if separator else [value]) if part.strip()]
    if isinstance(value, Iterable):
        return [_name(part) for part in value]
    return [_name(value)]


def _is_nan(value: object) -> bool:
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _name(value: object) -> str:
    """A label as it is written; 1.0 and 1 are the same."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    try:
        name = "" if value is None or _is_nan(value) else str(value).strip()
        name.encode()
    except (ValueError, RecursionError) as error:  # half of a character, a number of thousands of digits
        raise DataError(f"expected a label, but got what cannot be written: {error}") from error
    if not name:
        raise DataError("the label is missing; give one or drop the row")
    return name


def _order(name: str) -> tuple[int, float, str]:
    try:
        number = float(name)
    except ValueError:
        number = math.nan
    return (0, number, name) if math.isfinite(number) else (1, 0.0, name)
