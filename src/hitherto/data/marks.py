"""What a cell of a table says: a number, or that nothing is there.

    Marks(decimal=",", na=("-999",)).number("3,25")      # 3.25; NaN for "", "n/a" and -999

A number has one decimal mark and nothing that parts its thousands: "1,234" is a thousand to one reader and little more
than one to another, so it is refused with what to do.
"""

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hitherto.arrays import ndim_of
from hitherto.errors import UsageError

__all__ = ["MISSING", "Cell", "Marks", "absent"]

Cell = Any  # what a file, a frame or a list holds in a place: whoever uses it checks what it is

MISSING = frozenset(("", "na", "nan", "null", "none", "n/a", "?"))  # in lower case
_COMMA = re.compile(r"[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?")
_PARTED = re.compile(
    r"[+-]?\d{1,3}([,. '\u00a0\u202f\u2019]\d{3})+([.,]\d+)?"
)  # thousands, and what may follow


@dataclass(frozen=True, slots=True)
class Marks:
    """How numbers are written, and which words mean an empty cell beside the usual ones."""

    decimal: str = "."
    na: tuple[str, ...] = ()

    @classmethod
    def of(cls, decimal: str | None, na: Sequence[object]) -> "Marks":
        """From options: the decimal mark, and words for a missing value, separated by commas."""
        if decimal not in (None, ".", ","):
            raise UsageError(f"decimal must be '.' or ',', but came as {decimal!r}.")
        words = [part.strip().lower() for mark in na for part in str(mark).split(",")]
        return cls(decimal or ".", tuple(dict.fromkeys(words)))

    @property
    def numbers(self) -> list[float]:
        """The numbers that mean an empty cell."""
        return sorted(_numbers(self.na))

    def missing(self, value: Cell) -> bool:
        """Whether the cell is empty, NaN, or a word for a missing value. A number in `na` is compared as a number."""
        if value is None or (isinstance(value, float) and value != value):
            return True
        if isinstance(value, str):
            word = value.strip().lower()
            if word in MISSING or word in self.na:
                return True
        elif not isinstance(value, int | float) and ndim_of(value) == 0 and _never_equal(value):
            return True
        return bool(self.na) and self.is_number(value) and self._float(value) in _numbers(self.na)

    def number(self, value: Cell) -> float:
        """The number in a cell, NaN if it is missing. A ValueError says what is wrong."""
        if self.missing(value):
            return math.nan
        try:
            return self._float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"expected a number, but got {value!r:.40}{self._advice(value)}") from error

    def plain(self, value: Cell) -> Cell:
        """The cell in the default notation: None if it is missing, a point as decimal mark."""
        if self.missing(value):
            return None
        comma = self.decimal == "," and isinstance(value, str) and self.is_number(value)
        return value.replace(",", ".") if comma else value

    def is_number(self, value: Cell) -> bool:
        """Whether the cell has a number."""
        if isinstance(value, bool):
            return False
        try:
            self._float(value)
        except (TypeError, ValueError, OverflowError):
            return False
        return True

    def _float(self, value: Cell) -> float:
        if not isinstance(value, str):
            return float(value)
        text = value.strip()
        if "_" in text:
            raise ValueError("a number has no underscores")
        if self.decimal == ",":
            if not _COMMA.fullmatch(text) and text.lstrip("+-").lower() not in ("inf", "infinity", "nan"):
                raise ValueError("no number with a decimal comma")
            text = text.replace(",", ".")
        return float(text)

    def _advice(self, value: Cell) -> str:
        if not isinstance(value, str):
            return ""
        text = value.strip()
        other = "." if self.decimal == "," else ","
        parted, swapped = bool(_PARTED.fullmatch(text)), Marks(other)
        if swapped.is_number(text) and other in text:
            mark = "a comma, not a point" if other == "." else "a point, not a comma"
            thousands = "; marks between thousands must be taken out" if parted else ""
            return f"; numbers are written with {mark}: --decimal {other} says otherwise{thousands}"
        if parted:
            return "; take out what parts its thousands"
        if any(c.isdigit() for c in text) and re.fullmatch(r"\D{0,3}[\d.,]+\s*\D{0,3}", text):
            return "; a cell holds the number alone, with no sign or unit beside it"
        return ""


def absent(value: Cell) -> bool:
    """Whether there is nothing in a cell: None, NaN, NA or blanks. A word such as "none" may be a label or a name."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return ndim_of(value) == 0 and not isinstance(value, str) and _never_equal(value)


def _never_equal(value: Cell) -> bool:
    """Whether a value is not equal to itself, like NaT, or cannot be compared, like pandas' NA."""
    try:
        return bool(value != value)
    except TypeError:
        return True


@functools.lru_cache(maxsize=16)
def _numbers(words: tuple[str, ...]) -> frozenset[float]:
    return frozenset(float(word) for word in words if Marks().is_number(word))
