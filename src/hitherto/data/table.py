"""A table: rows under named columns, read anew each time, with a place to name when one is wrong."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from itertools import islice
from pathlib import Path

import numpy as np

from hitherto import progress
from hitherto.data.marks import Cell, Marks
from hitherto.errors import DataError, nearest
from hitherto.times import is_time

__all__ = ["Numbered", "Row", "Table"]

Row = dict[str, Cell]
Numbered = tuple[int, Row]  # the line that a row begins at, and the row


class Table:
    """Rows under named columns. Iterating reads them anew."""

    def __init__(
        self,
        columns: Sequence[str],
        rows: Callable[[], Iterator[Numbered]],
        notes: Iterable[str] = (),
        path: Path | None = None,
        marks: Marks | None = None,
    ) -> None:
        self.columns = list(columns)
        self.notes = list(notes)
        self.path = path
        self.marks = marks or Marks()
        self._rows = rows
        self._count: int | None = None

    def __iter__(self) -> Iterator[Row]:
        name = "the data" if self.path is None else self.path.name
        return (row for _, row in progress.over(self._rows(), name, self._count))

    def marked(self, marks: Marks) -> "Table":
        """The same rows, whose cells are read by these marks."""
        other = copy(self)
        other.marks = marks
        return other

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(1 for _ in self._rows())
        return self._count

    def head(self, count: int) -> list[Row]:
        """The first rows."""
        return list(islice(self, count))

    def column(self, name: str | int) -> str:
        """The column of that name, or of that number from 1."""
        if name in self.columns:
            return str(name)
        text = str(name)
        if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= len(self.columns):
            return self.columns[int(text) - 1]
        known = ", ".join(map(repr, self.columns[:20])) + (", ..." if len(self.columns) > 20 else "")
        raise DataError(
            f"there is no column {name!r:.60}; the columns are {known}.{nearest(text[:60], self.columns)}",
            path=self.path,
        )

    def place(self, value: Cell) -> Cell:
        """A value that names a file, as a path from here. Names in a table are relative to the table's folder."""
        if not isinstance(value, str) or self.path is None or Path(value).is_absolute():
            return value
        if not value.strip(". "):  # a folder, if anything: the table's own, or one above it
            return value
        folder = self.path if self.path.is_dir() else self.path.parent
        return folder / value

    def name(self, index: int, row: Row, column: str) -> Cell:
        """The cell of row `index` that names what the row belongs to: a series, a group. A list names nothing."""
        if isinstance(row[column], list | dict | tuple | np.ndarray):
            raise self.error(index, column, f"expected a name or a number, but got {row[column]!r:.60}")
        return row[column]

    def values(self, column: str | int) -> Iterator[Cell]:
        name = self.column(column)
        return (row[name] for row in self)

    def error(self, index: int, column: str | None, message: str) -> DataError:
        """The error of row `index`, from 0, with its place in the file."""
        numbered = next(islice(self._rows(), index, None), None)
        if self.path is None or numbered is None:
            return DataError(message, path=self.path, row=index + 1, column=column)
        return DataError(message, path=self.path, line=numbered[0], column=column)

    def kinds(self, sample: int = 1000) -> dict[str, str]:
        """What each column seems to hold, by its first rows: number, time, label, text, list or empty."""
        rows = self.head(sample)
        return {name: _kind([row[name] for row in rows], self.marks) for name in self.columns}


# --------------------------------------------------------------------------------------------------- what it may be


def _kind(values: Sequence[object], marks: Marks) -> str:
    if any(isinstance(v, list | tuple | np.ndarray) for v in values):
        return "list"
    present = [v for v in values if not marks.missing(v)]
    if not present:
        return "empty"
    if all(map(is_time, present)):
        return "time"
    distinct = len({str(v) for v in present})
    if all(map(marks.is_number, present)):
        return "number"
    words = sum(len(str(v).split()) for v in present) / len(present)
    few = distinct <= max(2, min(100, len(present) // 3))
    return "label" if few and words < 4 else "text"
