"""JSON: an object a line, or one list of objects or values, of which none is whole in memory.

    columns, rows, notes = read(path)     # rows() gives (line, object)

Columns are the names that occur in the first objects; where an object lacks one, its value is None.
"""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from hitherto.data import textfile
from hitherto.data.table import Numbered
from hitherto.errors import DataError

__all__ = ["read"]


_BLANKS = set(" \t\n\r")


def read(
    path: Path, encoding: str | None = None
) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    """Names of the columns, the rows, and what was guessed."""
    with textfile.opened(path, encoding) as file:
        begin = file.read(1 << 12).lstrip()
    if not begin:
        raise DataError("the file is empty", path=path)
    whole = begin.startswith("[")
    values = _elements if whole else _objects
    first = next((value for _, value in values(path, encoding)), {})
    plain = whole and not isinstance(first, dict)

    def records() -> Iterator[Numbered]:
        for number, value in values(path, encoding):
            if isinstance(value, dict) == plain:
                expected = "a value as the first is" if plain else "an object {...}"
                raise DataError(
                    f"expected {expected} in each {'place of the list' if whole else 'line'}, but found "
                    f"{json.dumps(value):.40}",
                    path=path, line=number,
                )  # fmt: skip
            yield number, value if isinstance(value, dict) else {"value": value}

    names = list(dict.fromkeys(name for _, row in islice(records(), 1000) for name in row))
    if not names:
        raise DataError("the file holds no rows", path=path)

    def rows() -> Iterator[Numbered]:
        for number, row in records():
            yield number, {name: row.get(name) for name in names}

    return names, rows, []


def _objects(path: Path, encoding: str | None) -> Iterator[tuple[int, object]]:
    """The value of every line that is not blank."""
    for number, line in textfile.lines(path, encoding):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _not_json(path, number, error) from error
        yield number, _sound(path, number, line, value)


def _elements(path: Path, encoding: str | None) -> Iterator[tuple[int, object]]:
    """The elements of a list, one at a time, and the line that each begins at."""
    with textfile.opened(path, encoding) as file:
        text = _Text(path, file)
        text.take("[")
        if text.peek() != "]":
            yield text.line, text.value()
        while text.peek() != "]":
            text.take(",")
            text.peek()
            yield text.line, text.value()
        text.take("]")
        if text.peek():
            raise DataError(
                "after the list there is more. Give one list of objects, or an object {...} in each line",
                path=path, line=text.line,
            )  # fmt: skip


class _Text:
    """A long JSON text, read as far as needed. `line` is the line of the current place."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.path, self.file = path, file
        self.text, self.at, self.line = "", 0, 1
        self.decoder = json.JSONDecoder()

    def more(self) -> bool:
        """Drop the text before the current place, and read more."""
        held = self.text[self.at :]
        piece = self.file.read(max(1 << 16, len(held)))
        self.text, self.at = held + piece, 0
        return bool(piece)

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            end = self.at
            while self.text[end : end + 1] in _BLANKS:
                end += 1
            self.pass_to(end)
            if end < len(self.text):
                return self.text[end]
            if not self.more():
                return ""

    def pass_to(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def take(self, sign: str) -> None:
        if (ahead := self.peek()) != sign:
            end = "the end of the file" if not ahead else repr(ahead)
            raise DataError(
                f"this is not JSON: expected {sign!r}, but found {end}", path=self.path, line=self.line
            )
        self.at += 1

    def value(self) -> object:
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                # what seems wrong near the end of the text may only be cut off there
                cut = isinstance(error, json.JSONDecodeError) and (
                    error.msg.startswith("Unterminated") or error.pos > len(self.text) - 100
                )
                if not cut or len(self.text) > textfile.LINE or not self.more():
                    raise _not_json(self.path, self.line, error) from error
                continue
            if end < len(self.text) or not self.more():  # a number may go on
                text = self.text[self.at : end]
                value = _sound(self.path, self.line, text, value)
                self.pass_to(end)
                return value


def _not_json(path: Path, line: int, error: Exception) -> DataError:
    """The error for a text that is not JSON, or that Python cannot read."""
    if isinstance(error, json.JSONDecodeError):
        at = error.doc[error.pos : error.pos + 30].rstrip("\r\n")
        problem = f"the line is not JSON: {error.msg}, {f'at {at!r}' if at else 'at its end'}"
    elif isinstance(error, RecursionError):
        problem = "lists and objects lie too deep in one another"
    else:
        problem = f"a whole number has too many digits ({error}); write it as a text, in quotation marks"
    return DataError(problem, path=path, line=line)


def _sound(path: Path, line: int, text: str, value: object) -> object:
    """The value, after a check that it holds no half of a surrogate pair."""
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = error.object[error.start]
            raise DataError(
                f"{half!a} is half of a character, which stands for nothing: the text was cut, or written by a program "
                "that does not know characters beyond \\uffff",
                path=path, line=line,
            ) from error  # fmt: skip
    return value
