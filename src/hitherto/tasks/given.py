"""A user's data for a trained model: which columns and files, arrays without names, a text by itself.

source, rest = with_reading(source, {"input": "message", "threshold": 0.3})  # a source that reads another column
examples = source.load(inputs(source, data), labelled=False)
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from hitherto.data import Table, named_format
from hitherto.errors import DataError, UsageError, nearest
from hitherto.spec import KEYWORDS, useless
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import AnySource, Options, Value
from hitherto.tasks.columns import column_names, load

__all__ = ["READING", "expect", "inputs", "labelled", "named", "paired", "with_reading"]

# Options of data to answer for: which columns they have, and how a file is read.
READING = ("input", "output", "id", "time", "format", "header", "delimiter", "encoding", "decimal", "na")

SPECIAL_READING = {"decimal", "na"}  # those of them that only tasks of numbers have

_OTHER_FILES = (".xlsx", ".xls", ".npy", ".npz", ".mat", ".zip", ".pkl", ".pdf")


def with_reading(source: AnySource, options: Mapping[str, Value]) -> tuple[AnySource, Options]:
    """The source with those of these options that are of `READING`, and the rest of the options."""
    reading = {name: value for name, value in options.items() if name in READING and value is not None}
    rest = {name: value for name, value in options.items() if name not in READING}
    if not reading:
        return source, rest
    for name in reading.keys() & SPECIAL_READING:
        if name not in TASKS[source.spec.task].options:
            raise UsageError(useless(source.spec.task, name, KEYWORDS))
    document = source.spec.data
    trained = {"input": document.input, "output": document.output, "id": document.id, "time": document.time}
    for name in reading.keys() & trained.keys():
        before, names = column_names(None, trained[name]), column_names(None, reading[name])
        may_add = name == "input" and not before and source.reads_plain_text
        if len(names) != len(before) and not may_add:
            has = f"{len(before)}, {', '.join(map(repr, before))}" if before else "none"
            raise UsageError(
                f"{name} names {len(names)} column{'s' if len(names) != 1 else ''}, but the model has {has}."
            )
        reading[name] = tuple(names) if name in ("input", "output") else names[0]
    other = copy.copy(source)
    other.spec = source.spec.replace(**reading)
    return other, rest


def expect(options: Iterable[str], known: Iterable[str], what: str) -> None:
    """A UsageError where an option is none of the known ones, which names the nearest."""
    known = set(known)
    for name in options:
        if name not in known:
            near = nearest(name, {*known, *READING, "details", "keep"})
            raise UsageError(f"there is no option {name!r} of {what}.{near}")


def labelled(source: AnySource, data: object) -> object:
    """Labelled data to measure: a table with the columns of the model, or data that the source reads as they are."""
    if isinstance(data, tuple) or source.reads_plain_text or source.is_one_value(data):
        return data
    outputs = column_names(None, source.spec.data.output)
    wanted = [*source.reads, *(name for name in outputs if name not in source.reads)]
    table = _read(source, data, wanted, "csv")
    if table.columns == ["value"] and wanted != ["value"]:
        pair = ", or two files of lines: --source and --target, a tuple" if source.unnamed == "txt" else ""
        what = f"expected rows with the columns {', '.join(map(repr, wanted))}{pair}; these are plain values"
        raise table.error(0, None, what)
    if source.unnamed == "csv":  # sources of texts look for other names
        _expect_columns(table, wanted, source)
    return table


def inputs(source: AnySource, data: Value) -> Table:
    """The table of inputs in a user's data: a path, a frame, rows, an array, a list of inputs, a text."""
    codec = source.codecs.get("input")
    text = codec is not None and codec.reads_text
    if isinstance(data, str) and text and not _names_a_file(data):
        data = [data]
    if source.is_one_value(data):
        data = [data]
    if isinstance(data, tuple) and not all(isinstance(d, str | Path) and Path(d).is_file() for d in data):
        data = list(data)
    if not isinstance(data, tuple):
        data = named(data, source.reads)
    table = _read(source, data, source.reads, source.unnamed)
    plain = len(table.columns) == 1 if len(source.reads) == 1 and not text else table.columns == ["value"]
    if plain and not text and len(source.reads) > 1:
        value = table.head(1)[0]["value"]
        raise table.error(0, None, f"expected a row of {_listed(source.reads)}, but got {value!r:.40}")
    if not plain and source.unnamed == "csv":
        _expect_columns(table, source.reads, source)
    return table


def _read(source: AnySource, data: object, wanted: Sequence[str], unnamed: str) -> Table:
    """The table. A first line that names the model's columns is a header."""
    sentences = source.reads_sentences
    table = load(source.spec, data, unnamed, sentences=sentences)
    if table.path is not None and source.spec.data.header is None and wanted and table.columns[0] == "1":
        first = [str(value).strip() for value in next(iter(table), {}).values()]
        if set(wanted) <= {*first} and not set(wanted) <= {*table.columns}:
            return load(source.spec.replace(header=True), data, unnamed, sentences=sentences)
    return table


def _expect_columns(table: Table, names: Sequence[str], source: AnySource) -> None:
    """A DataError where a table lacks one of these columns, which says how to name another."""
    data = source.spec.data
    for name in names:
        try:
            table.column(name)
        except DataError as error:
            options = {"input": data.input, "output": data.output, "id": data.id, "time": data.time}
            option = next((o for o, columns in options.items() if name in column_names(None, columns)), None)
            other = f" Where it has another name, say --{option} COLUMN ({option}=)." if option else ""
            raise DataError(f"{error.message}{other}", path=error.path) from error


def named(data: Value, columns: Sequence[str]) -> Value:
    """An array or rows of plain values, which have no names, under these columns in order; other data as they are."""
    if isinstance(data, Mapping):  # a row by itself, or columns
        plain = data and all(isinstance(v, str | int | float | None) for v in data.values())
        return [data] if plain else data
    if hasattr(data, "columns"):  # a frame, of which pandas numbers columns without names
        names = list(data.columns)
        if names != list(range(len(names))) or set(columns) <= set(names):
            return data
        data = data.to_numpy()
    if not columns or isinstance(data, str | Path | bytes | Table) or not isinstance(data, Iterable):
        return data
    rows: Value = np.asarray(data) if hasattr(data, "__array__") else list(data)
    if isinstance(rows, np.ndarray) and (rows.ndim == 0 or rows.dtype.kind in "cV"):
        raise UsageError(
            f"expected rows of {_listed(columns)}, but got an array of {rows.dtype}, {rows.shape}."
        )
    if any(isinstance(row, Mapping) for row in rows):
        return rows
    if len(columns) == 1:
        single = isinstance(rows, np.ndarray) and rows.shape[1:] == (1,)
        return {columns[0]: list(rows[:, 0] if single else rows)}
    for i, row in enumerate(rows):
        if isinstance(row, list | tuple | np.ndarray) and len(row) != len(columns):
            raise DataError(f"expected {_listed(columns)}, but got {len(row)}", row=i + 1)
        if not isinstance(row, list | tuple | np.ndarray | str):
            raise UsageError(
                f"expected rows of {_listed(columns)}, but row {i + 1} is {row!r:.40}; a single row stands in a list, "
                "[[...]]."
            )
    if any(isinstance(row, str) for row in rows):
        return rows  # texts, which may have all of their fields in one
    return {name: [row[i] for row in rows] for i, name in enumerate(columns)}


def paired(
    x: Value, y: Value, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> tuple[dict[str, Value], Options]:
    """Inputs and answers that are given apart, as one table, and the options that name its columns.

    An array of two axes has a column for each number of a row, of more axes a sequence or a picture in each row; a list
    has a value in each. `inputs` and `outputs` name the columns, otherwise they are x and y, or x1, x2, ...
    """
    parts = []
    for what, value, names in (("x", x, inputs), ("y", y, outputs)):
        rows = value if isinstance(value, list | tuple) else np.asarray(value)
        if isinstance(rows, np.ndarray) and rows.ndim == 0:
            raise UsageError(f"expected a list or an array, but {what} is {value!r:.60}.")
        columns = [list(rows)]
        if isinstance(rows, np.ndarray) and rows.shape[1:] == (0,):
            raise UsageError(f"{what} has {len(rows):,} rows, but no column: its shape is {rows.shape}.")
        if isinstance(rows, np.ndarray) and rows.ndim == 2:
            columns = [list(column) for column in rows.T]
        several = [f"{what}{i + 1}" for i in range(len(columns))] if len(columns) > 1 else [what]
        if names and len(names) != len(columns):
            raise UsageError(f"expected {_listed(names)} in each row of {what}, but got {len(columns)}.")
        parts.append(dict(zip(names or several, columns, strict=True)))
    asked, answers = parts
    counts = [len(next(iter(part.values()), [])) for part in parts]
    if counts[0] != counts[1]:
        raise UsageError(
            f"every input needs an answer, but there are {counts[0]:,} in x and {counts[1]:,} in y."
        )
    return {**asked, **answers}, {"input": tuple(asked), "output": tuple(answers)}


def _listed(columns: Sequence[str]) -> str:
    return f"{len(columns)} value{'s' if len(columns) > 1 else ''}, {', '.join(map(repr, columns))}"


def _names_a_file(text: str) -> bool:
    """Whether a text is the name of a file; one that looks like that of a file that is not there is an error."""
    if len(text) > 4096 or not text.strip(". ") or any(c in text for c in "\n\r\0"):
        return False
    try:
        if Path(text).exists():
            return True
        ending = Path(text.lower().removesuffix(".gz")).suffix
    except (OSError, ValueError):  # too long a name, for one
        return False
    known = ending and (named_format(Path(text)) or ending in _OTHER_FILES)
    if known or ("/" in text and not any(c.isspace() for c in text)):
        raise DataError("there is no such file. To answer for this text itself, put it in a list", path=text)
    return False
