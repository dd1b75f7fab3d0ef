"""Lines as they come: rows of a table under a header, JSON objects, or plain values, told apart by the first of them.

    for number, given in Lines(sys.stdin, ["time", "load"]):
        ...                      # a row as a dict, {"time": "2024-05-31", "load": "41.5"}, or a plain line as it is

A line that names all the wanted columns is a header, and a table follows; an object that has them begins JSON lines.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from hitherto.data.table import Row, Table
from hitherto.errors import DataError, UsageError, nearest

__all__ = ["STDIN", "Lines"]


STDIN = Path("standard input")
DELIMITERS = (",", "\t", ";", "|")
LONGEST = 1 << 20  # characters of a record whose quotation marks stay open


class Lines:
    """Numbered rows and plain lines. `names` are the columns wanted; `text`: a plain line is text, not numbers.

    `format`, `header`, `delimiter` and `decimal` are as for files; None is told by the first line.
    """

    def __init__(
        self,
        lines: Iterable[str],
        names: Sequence[str],
        *,
        text: bool = True,
        format: str | None = None,  # noqa: A002 - the option's name everywhere
        header: bool | None = None,
        delimiter: str | None = None,
        decimal: str | None = None,
        path: Path = STDIN,
    ) -> None:
        if format not in (None, "csv", "tsv", "jsonl", "txt"):
            raise UsageError(f"lines are csv, tsv, jsonl or txt, but format came as {format!r}.")
        if delimiter is not None and len(delimiter) != 1:
            raise UsageError(f"a delimiter is one character, but came as {delimiter!r}.")
        self.path = path  # where they come from, as errors say
        self.names, self.text, self.format, self.header = list(names), text, format, header
        self.delimiter = delimiter or ("\t" if format == "tsv" else None)
        self.delimiters = (
            [d for d in DELIMITERS if d != decimal] if self.delimiter is None else [self.delimiter]
        )
        self.columns: list[str] = []  # of the table, once there is one
        self.notes: list[str] = []
        self._lines, self._kind = lines, "plain"

    def __iter__(self) -> Iterator[tuple[int, str | Row]]:
        first, held, begin = True, "", 0
        blank: list[str] = []  # lines before the first that tells
        for number, line in enumerate(self._lines, 1):
            if first:
                if not line.strip():
                    blank.append(line)
                    continue
                first = False
                header = self._begins(line, number)
                if self._kind in ("plain", "text"):
                    yield from enumerate(blank, 1)
                if header:
                    continue
            begin = begin if held else number
            row = self._read(held + line, begin)
            held = "" if row is not None else held + line
            if len(held) > LONGEST:
                break
            if row is not None and (row != "" or self._kind == "plain"):
                yield begin, row
        if held:
            raise DataError("a quotation mark is opened and never closed", path=self.path, line=begin)

    def table(self) -> Table | list[str]:
        """All of them at once: a table, or plain lines without their ends."""
        numbered = list(self)
        if not self.text and len(self.names) > 1:
            numbered = [(number, self._plain(number, text)) for number, text in numbered]
        rows = [(number, row) for number, row in numbered if isinstance(row, dict)]
        if not rows:
            return [str(line).rstrip("\n") for _, line in numbered]
        if len(rows) < len(numbered):
            number = next(number for number, row in numbered if not isinstance(row, dict))
            raise DataError(
                "some lines are rows with names, and this one is not", path=self.path, line=number
            )
        names = list(dict.fromkeys(name for _, row in rows for name in row))
        whole = [(number, {name: row.get(name) for name in names}) for number, row in rows]
        return Table(names, lambda: iter(whole), path=self.path)

    def _plain(self, number: int, line: str | Row) -> Row:
        """The values of a plain line under their columns."""
        if isinstance(line, dict):
            return line
        tables = [_cells(line, d) or [] for d in self.delimiters]
        cells = max(tables, key=len) if any(len(cells) > 1 for cells in tables) else line.split()
        if len(cells) != len(self.names):
            problem = f"expected {', '.join(self.names)} in a line, but got {len(cells)} values"
            raise DataError(problem, path=self.path, line=number)
        return dict(zip(self.names, cells, strict=True))

    # ---- what the first line says

    def _begins(self, line: str, number: int) -> bool:
        """Decide what the lines are. True if the first is a header."""
        tables = [(d, _cells(line, d) or []) for d in self.delimiters]
        widest = max(tables, key=lambda table: len(table[1]))
        if self.format in ("csv", "tsv") or (self.header is not None and self.format is None):
            return self._table(*widest, self.header is not False, number)
        if self.format is not None:
            self._kind = {"jsonl": "objects", "txt": "text"}[self.format]
            return False
        values = _object(line)
        if values is not None and self.names and (self.text or set(self.names) <= values.keys()):
            self._kind = "objects"
            return False
        numbered = bool(self.names) and all(name.isdigit() for name in self.names)
        for delimiter, cells in tables:
            if self.names and not numbered and set(self.names) <= {cell.strip() for cell in cells}:
                return self._table(delimiter, cells, True, number)
        if values is None and numbered:
            least = max(2, 1 + len(self.names), *map(int, self.names))  # and what was learned
            for delimiter, cells in tables:
                if len(cells) >= least and (delimiter == "\t" or not self.text):
                    return self._table(delimiter, cells, False, number)
        return values is None and self._is_unlike_numbers(line, widest[1], number)

    def _table(self, delimiter: str, cells: list[str], header: bool, number: int) -> bool:
        """Begin a table with these columns, or with as many if there is no header."""
        names = [cell.strip() for cell in cells] if header else [str(i + 1) for i in range(len(cells))]
        self._wanted(names, number)
        self._kind, self.delimiter, self.columns = "table", delimiter, names
        return header

    def _is_unlike_numbers(self, line: str, cells: list[str], number: int) -> bool:
        """Whether plain numbers begin with a line of other names for them."""
        if self.text or not line.strip() or any(c.isdigit() for c in line):
            return False
        if len(cells) > len(self.names) or set(cells) & set(self.names):
            self._wanted(cells, number)
        self.notes.append(f"line {number} is taken for a header: {line.strip():.60}")
        return True

    def _wanted(self, columns: Iterable[str], number: int) -> None:
        """Raise an error if a column is missing."""
        columns = list(columns)
        for name in self.names:
            if name not in columns:
                raise DataError(
                    f"expected the columns {', '.join(map(repr, self.names))}, but there is no {name!r} among "
                    f"{', '.join(map(repr, columns[:20]))}.{nearest(name, columns)}", path=self.path, line=number,
                )  # fmt: skip

    # ---- what a line is

    def _read(self, line: str, number: int) -> str | Row | None:
        """A row, a plain line, or None if the record goes on in the next line."""
        if self._kind == "text":
            return line
        values = _object(line)
        if self._kind == "objects":
            if values is None:
                if not line.strip():
                    return ""
                raise DataError(
                    f"expected a JSON object, but got {line.strip()!r:.60}", path=self.path, line=number
                )
            self._wanted(values, number)
            return values
        if values is not None and (not self.text or (self.names and set(self.names) <= values.keys())):
            return values
        if self._kind == "plain":
            return line
        cells = _cells(line, self.delimiter or ",")
        if cells is None:
            return None
        if not any(cells):
            return ""
        if len(cells) != len(self.columns):
            problem = f"expected {len(self.columns)} columns, as in line 1, but found {len(cells)}"
            raise DataError(problem, path=self.path, line=number)
        return dict(zip(self.columns, cells, strict=True))


def _object(line: str) -> Row | None:
    """The JSON object in a line, or None."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _cells(record: str, delimiter: str) -> list[str] | None:
    """The cells of a record; None if a quotation mark is not closed."""
    quoted = delimiter != "\t" or _pairs(record)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    csv.field_size_limit(1 << 30)
    try:
        rows = list(
            csv.reader(io.StringIO(record, newline=""), delimiter=delimiter, quoting=quoting, strict=quoted)
        )
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
        return next(csv.reader([record.rstrip("\r\n")], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
    return rows[0] if rows else []


def _pairs(record: str) -> bool:
    """Whether quotation marks enclose fields between tabs."""
    return len(re.findall('(?:^|\t)"', record)) == len(re.findall('"(?:\t|\r?\n?$)', record))
