"""The columns of inputs and labels, and the values in their cells."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from weakref import WeakKeyDictionary

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.number import LARGEST
from hitherto.data import Table, split
from hitherto.data.marks import Marks, absent
from hitherto.errors import DataError, UsageError
from hitherto.spec import DataSpec, Spec
from hitherto.tasks.base import Value
from hitherto.tasks.columns import column_name, column_names, listed, untold
from hitherto.times import Form, form_of, is_time, read_all, zone_of

__all__ = [
    "alone",
    "are_numbers",
    "array_of",
    "at_least",
    "columns",
    "comma_notes",
    "expect_one_kind",
    "floats",
    "in_columns",
    "in_time",
    "is_numeric",
    "items",
    "label_column",
    "parted",
    "values",
]

Moment = tuple[int, float | str]  # when a row is: numbers and times come before other words

# Names of columns that are guessed to hold labels, or tokens.
_LABELS = (
    *("label", "labels", "class", "target", "category", "tag", "tags", "output", "y", "sentiment"),
    *("upos", "pos", "ner", "ner_tags", "pos_tags"),
)
_TOKENS = ("form", "tokens", "token", "words", "word", "text")


def columns(spec: Spec, table: Table, per_step: bool, apart: Sequence[str] = ()) -> tuple[Spec, list[str]]:
    """The spec with the names of its columns in the table, and notes of what was guessed.

    `per_step`: every token of an input has a label. `apart` are columns that are no input.
    """
    data, notes = spec.data, list(table.notes)
    kinds = table.kinds() if data.input is None or data.output is None else {}
    left = [
        c
        for c in table.columns
        if c
        not in {
            column_name(table, data.id),
            column_name(table, data.group),
            column_name(table, data.time),
            *apart,
        }
    ]
    named = column_names(table, data.output)
    if len(named) > 1:
        raise UsageError(
            f"labels are one column, but --output names {len(named)}; put them in one, and say --multi."
        )
    output = next(iter(named), None)
    inputs = column_names(table, data.input)
    sequences = [c for c in left if c != output] if per_step else []
    lists = [c for c in sequences if kinds.get(c) == "list"]
    tokens = [c for c in lists or sequences if c.lower() in _TOKENS]
    if not inputs and (
        tokens or lists
    ):  # tokens and their labels may be of one kind: tokens come first, labels last
        inputs = [*tokens, *lists][:1]
        notes.append(f"input is taken from {listed(inputs)}; --input says otherwise")
    if output is None:
        names = [c for c in left if c.lower() in _LABELS and c not in inputs]
        last = [c for c in reversed(lists) if c not in inputs]
        labels = [c for c in left if kinds.get(c) in ("label", "list") and c not in inputs[:1]]
        few = [c for c in left if kinds.get(c) == "number" and c == left[-1]]
        output = next(iter([*names, *last, *labels, *few]), None)
        if output is None:
            raise untold(table, "holds the labels", "output")
        notes.append(f"labels are taken from column {output!r}; --output says otherwise")
    if not inputs:
        texty = [c for c in left if c != output and kinds.get(c) in ("text", "list")]
        numbers = [c for c in left if c != output and kinds.get(c) == "number"]
        inputs = texty[:1] or numbers or [c for c in left if c != output and kinds.get(c) == "label"][:1]
        if not inputs:
            raise untold(table, "is the input", "input")
        notes.append(f"input is taken from {listed(inputs)}; --input says otherwise")
    if {output, *apart} & {*inputs}:
        output = next(name for name in (output, *apart) if name in inputs)
        raise UsageError(f"column {output!r} is both input and output. Say another --input or --output.")
    order = {"id": column_name(table, data.id), "time": column_name(table, data.time)}
    notes += comma_notes(table, [*inputs, output, *apart])
    return in_time(spec.replace(input=tuple(inputs), output=output, **order), table), notes


def in_time(spec: Spec, table: Table) -> Spec:
    """The spec with the format and the zone of its times: predictions read them as training did."""
    data = spec.data
    form = time_form(data, table, kept=False)
    if form is None and (data.time_format or data.timezone):
        why = "say --time COLUMN" if data.time is None else "its times are no dates"
        raise UsageError(f"time_format and timezone are of a column of dates; {why}, or leave them out.")
    if form is None or not isinstance(next(table.values(str(data.time))), str):  # dates already
        return spec
    return spec.replace(time_format=form.format, timezone=data.timezone or form.zone_name)


def label_column(data: DataSpec) -> str:
    """The name of the column of labels."""
    return column_names(None, data.output)[0]


def values(data: DataSpec, table: Table, labelled: bool) -> Iterator[tuple[int, Value, Value]]:
    """(row number, input value, output value) of every example."""
    inputs = [table.column(c) for c in column_names(table, data.input)]
    outputs = [table.column(c) for c in column_names(table, data.output)] if labelled else []

    def answer(row: Mapping[str, Value]) -> Value:
        several = [row[c] for c in outputs]
        return several if len(several) > 1 else next(iter(several), None)

    if data.id is None:
        for i, row in enumerate(table):
            x = row[inputs[0]] if len(inputs) == 1 else [row[c] for c in inputs]
            yield i, x, answer(row)
        return
    groups: dict[Value, list[tuple[Moment, int, list[Value], Value]]] = {}
    name, times = table.column(data.id), moments(data, table)
    for i, row in enumerate(table):
        at = (0, i) if times is None else times[i]
        if absent(row[name]):
            raise table.error(i, name, "the name of the sequence is missing")
        groups.setdefault(table.name(i, row, name), []).append((at, i, [row[c] for c in inputs], answer(row)))
    for rows in groups.values():
        rows.sort(key=lambda r: (r[0], r[1]))
        labels = {str(r[3]) for r in rows}
        if len(labels) > 1:
            raise table.error(
                rows[0][1],
                label_column(data),
                f"rows of one sequence have different labels: {', '.join(sorted(labels)[:3])}",
            )
        yield rows[0][1], [r[2] for r in rows], rows[0][3]


def items(value: Value) -> list[str]:
    """The tokens or labels of a sequence: a list as it is, a str at its blanks."""
    if isinstance(value, str):
        return value.split()
    if value is None or isinstance(value, float | int):
        raise DataError(f"expected a list, or words between blanks, but got {value!r}")
    return [str(v) for v in value]


def time_form(data: DataSpec, table: Table, kept: bool = True) -> Form | None:
    """How the column of times writes dates; None where it has none, or where they are numbers or other words.

    A format that is `kept` from training yields where the dates are unmistakably written otherwise.
    """
    if data.time is None:
        return None
    cells = list(table.values(data.time))
    present = [cell for cell in cells if not absent(cell)]
    dated = data.time_format is not None or (bool(present) and all(map(is_time, present)))
    if not dated or all(map(table.marks.is_number, cells)):
        return None
    with _in_the_file(table):
        form, _ = form_of(
            cells, given=data.time_format, zone=data.timezone, kept=kept, column=table.column(data.time)
        )
    return form


def moments(data: DataSpec, table: Table) -> list[Moment] | None:
    """What sorts the rows by their times, the earliest first; None where no column has them."""
    if data.time is None:
        return None
    key = (data.time, data.time_format, data.timezone)
    known = _moments_of.get(table)
    if known is None or known[0] != key:
        known = _moments_of[table] = key, _read_moments(data, table)
    return known[1]


# Of the tables at hand, by column and format: to read a date takes a while, and rows are looked at several times.
_moments_of: WeakKeyDictionary[Table, tuple[object, list[Moment]]] = WeakKeyDictionary()


def _read_moments(data: DataSpec, table: Table) -> list[Moment]:
    column = table.column(str(data.time))
    cells = list(table.values(column))
    if data.time_format is not None:
        zone = None if data.timezone is None else zone_of(data.timezone)
        with suppress(DataError):  # dates that are written otherwise than in training are looked at below
            return _instants(Form(data.time_format, zone), cells, column)
    form = time_form(data, table)
    return (
        [_sortable(cell, table.marks) for cell in cells] if form is None else _instants(form, cells, column)
    )


def _instants(form: Form, cells: Sequence[Value], column: str) -> list[Moment]:
    times = read_all(form, cells, column)
    try:
        return [(0, form.instant(wall, offset)) for wall, offset in times]
    except ValueError as error:
        raise DataError(str(error), column=column) from error


@contextmanager
def _in_the_file(table: Table) -> Iterator[None]:
    """Errors of a row get their line."""
    try:
        yield
    except DataError as error:
        if error.row is None:
            raise
        raise table.error(error.row - 1, error.column, error.message) from error


def _sortable(value: Value, marks: Marks) -> Moment:
    """A key that sorts numbers by value, before all that are none."""
    missing = marks.missing(value) or not marks.is_number(value)
    return (1, str(value)) if missing else (0, marks.number(value))


def floats(value: Value, marks: Marks) -> Value:
    """Numbers of a nested value, NaN where one is missing. A ValueError says what is wrong."""
    if isinstance(value, np.ndarray) and value.ndim:
        if value.dtype.kind not in "fiub":
            return floats(value.tolist(), marks)
        gone = marks.numbers
        return np.where(np.isin(value, gone), np.nan, value) if gone else value
    if isinstance(value, list | tuple):
        return [floats(v, marks) for v in value]
    return value if type(value) is float and not marks.na else marks.number(value)


def is_numeric(value: Value, marks: Marks) -> bool:
    """Whether a value is a number, or numbers."""
    try:
        np.asarray(floats(value, marks), np.float64)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False
    return True


def are_numbers(values: Sequence[Value], marks: Marks) -> bool:
    """Whether a column holds numbers by these values of it: nearly all that are there are some."""
    present = [value for value in values if not marks.missing(value)]
    if not present:
        return any(isinstance(value, float) for value in values)
    return sum(is_numeric(value, marks) for value in present) >= 0.9 * len(present)


def array_of(data: DataSpec, table: Table, i: int, value: Value) -> Array:
    """[T, C] numbers of a row; a row of numbers is one step, a list of them T steps. An error names its place."""
    names = column_names(None, data.input)
    try:
        array = np.asarray(floats(value, table.marks), np.float64)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise table.error(i, None, f"{listed(names)}: {_no_numbers(value, str(error))}") from error
    if array.ndim == 0 or (array.ndim == 1 and len(names) > 1 and data.id is None):
        array = array.reshape(1, -1)
    elif array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.ndim != 2:
        wanted = "a number, a list of numbers or a list of rows of numbers"
        raise table.error(i, None, f"{listed(names)}: expected {wanted}, but got {array.ndim} dimensions")
    wrong = np.abs(array) > LARGEST
    if wrong.any():
        why = f"{array[wrong][0]:g} is too large to learn from; a missing value is an empty cell or NaN"
        raise table.error(i, None, f"{listed(names)}: {why}")
    return array if data.max_length is None else array[: data.max_length]


def _no_numbers(value: Value, why: str) -> str:
    """What is wrong with an input that is no numbers; `why` is what was said of a cell of it."""
    wrong = why if why.startswith("expected a number") else f"expected numbers, but got {value!r:.60}"
    return (
        f"{wrong}; --codec text reads it as text" if isinstance(value, str) and "--" not in wrong else wrong
    )


def comma_notes(table: Table, columns: Sequence[str]) -> list[str]:
    """A warning where columns look like numbers with a decimal comma, and are read as words."""
    if table.marks.decimal == ",":
        return []
    rows, commas = table.head(100), Marks(",", table.marks.na)
    found = []
    for name in columns:
        cells = [row[name] for row in rows if not table.marks.missing(row[name])]
        with_comma = [isinstance(cell, str) and "," in cell for cell in cells]
        if any(with_comma) and all(map(commas.is_number, cells)):
            found.append(name)
    if not found:
        return []
    what = "looks like numbers with a decimal comma, and is read as text"
    return [f"warning: {listed(found)} {what}; --decimal , reads numbers"]


def alone(longest: int, numeric: bool, per_step: bool) -> list[str]:
    """A warning where no example has a second step, so that there is nothing to remember."""
    if longest > 1:
        return []
    if per_step:
        note = (
            "warning: every example has a single token, so no token has a neighbour. If a row holds one word of a "
            "sentence, put a sentence in a row (lists, or words between blanks), or write CoNLL: a token a line, "
            "and a blank line after each sentence"
        )
        return [note]
    advice = "rows that share --id are one sequence" if numeric else "--tokens chars reads letters"
    return [f"warning: every example has a single step, so there is nothing to remember; {advice}"]


def expect_one_kind(table: Table, inputs: Sequence[str]) -> None:
    """A UsageError where some input columns hold numbers and others do not: together they are no input."""
    names = [table.column(name) for name in inputs]
    kinds = {name: kind for name, kind in table.kinds().items() if name in names and kind != "empty"}
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    others = [name for name in kinds if name not in numbers]
    if numbers and others:
        raise UsageError(
            f"an input is numbers or text, but {listed(numbers)} has numbers and {listed(others)} has none. Name "
            "columns of one kind with --input; or read all of them as one text with --codec text."
        )


def at_least(count: int, answers: Iterable[Value], per_step: bool) -> bool:
    """Whether there are so many labels, or more."""
    seen = 0
    for answer in answers:
        seen += len(items(answer)) if per_step else 1
        if seen >= count:
            return True
    return False


def parted(spec: Spec, table: Table, *, strata: bool) -> tuple[Array, Array]:
    """Which examples to train on and which to validate on; with `strata` each label keeps its share."""
    data, picked, labels = spec.data, list[int](), list[Value]()
    for i, _, y in values(data, table, labelled=True):
        picked.append(i)
        labels.append(y)
    groups = times = None
    if data.group is not None:
        rows = list(table)
        groups = [table.name(i, rows[i], table.column(data.group)) for i in picked]
    if data.id is None and (every := moments(data, table)) is not None:
        times = [every[i] for i in picked]
    shares = [str(y) for y in labels] if strata and groups is None and times is None else None
    return split(len(picked), data.aside, spec.train.seed, groups=groups, times=times, labels=shares)


def in_columns(
    data: DataSpec, numeric: bool, whole: list[Value], piece: list[Value]
) -> tuple[list[Value], list[Value]]:
    """Examples of inputs as rows of the columns that they stand in, and pieces of them."""
    columns = column_names(None, data.input)
    if not numeric or (data.id is None and len(columns) < 2):
        return whole, piece
    steps: list[list[float]] = whole[0]
    if data.id is None:
        return [dict(zip(columns, steps[0], strict=True))], steps[:1]
    order = [data.id, *(() if data.time is None else (data.time,))]
    rows = [
        dict(zip([*order, *columns], [*["a", i + 1][: len(order)], *step], strict=True))
        for i, step in enumerate(steps)
    ]
    return [*rows], [*steps]
