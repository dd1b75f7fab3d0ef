"""Columns of a table, and the codecs that are fitted to them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hitherto.arrays import Array
from hitherto.codecs import CODECS, named_kind
from hitherto.data import Table, parallel, read, split
from hitherto.errors import DataError, UsageError
from hitherto.spec import DataSpec, ModelSpec, Spec
from hitherto.tasks.batching import chance

__all__ = [
    "changed",
    "column_name",
    "column_names",
    "encoded",
    "fitted",
    "listed",
    "load",
    "opened",
    "said",
    "set_aside",
    "unseen",
    "untold",
    "used",
]


def load(spec: Spec, data: Any, unnamed: str = "csv", sentences: bool = False) -> Table:
    """The table that a person gives, read as the spec says; `unnamed` and `sentences` are those of `data.read`."""
    if isinstance(data, Table):
        return data
    given = spec.data
    if isinstance(data, str | Path) and named_kind(Path(data)) and Path(data).is_file():
        data = [str(data)]  # a recording or a picture is a value
    if isinstance(data, tuple):
        if len(data) != 2:
            raise UsageError(f"two files belong together, source and target, but {len(data)} came.")
        return parallel(*data, encoding=given.encoding)
    return read(
        data, format=given.format, header=given.header, delimiter=given.delimiter, encoding=given.encoding,
        decimal=given.decimal, na=given.na, unnamed=unnamed, sentences=sentences,
    )  # fmt: skip


def set_aside(spec: Spec, table: Table, label: Any = None) -> tuple[Array, Array]:
    """Which rows of a table to train on, and which to validate on; each value of column `label` keeps its share."""

    def values(column: Any) -> list[str] | None:
        return None if column is None else [str(value) for value in table.values(column)]

    groups = values(spec.data.group)
    labels = values(label) if groups is None else None
    return split(len(table), spec.data.aside, spec.train.seed, groups=groups, labels=labels)


def encoded(codec: Any, value: Any, data: DataSpec, labelled: bool = True) -> tuple[Any, Any]:
    """What a codec makes of a value, and what is changed of it in training, if it is: a file is read once for both."""
    if not (data.augment and labelled):
        return codec.encode(value), None
    if not codec.augments:
        raise UsageError(
            f"augment changes sound, pictures, videos, strokes and music; this input is {codec.kind}. Leave it out."
        )
    raw = codec.raw(value)
    return codec.unchanged(raw), raw


def changed(
    codec: Any,
    arrays: Sequence[Array],
    raw: Sequence[Any],
    rows: Array,
    data: DataSpec,
    seed: int,
    epoch: int,
) -> list[Array]:
    """These rows as they come in an epoch of training; -1 is a row of no steps, and epoch -1 is no training."""
    if epoch < 0 or not data.augment:
        return [arrays[r] if r >= 0 else arrays[0][:0] for r in rows]
    return [
        codec.augmented(raw[r], chance(seed, epoch, int(r)), data.augment) if r >= 0 else arrays[0][:0]
        for r in rows
    ]


def used(
    kind: str, data: DataSpec, others: Sequence[str] = ("audio", "image", "frames", "strokes", "notes")
) -> None:
    """An error where an option was given that only codecs of these other kinds have."""
    for other in others:
        for name in sorted({*CODECS[other].options} - {*CODECS[kind].options, "max_length"}):
            if getattr(data, name) not in (None, (), False):
                raise UsageError(f"{name} is an option of {other}, and the input is {kind}; leave it out.")


def said(table: Table, i: int, value: Any, column: Any) -> str:
    """A text of a row; what is none is an error."""
    if value is None or not isinstance(value, str | int | float) or value != value:
        raise table.error(i, str(column), f"expected a text, but got {value!r:.60}")
    return str(value)


def fitted(
    kind: str, table: Table, column: Any, values: Iterable[tuple[int, Any]], data: DataSpec, **more: Any
) -> Any:
    """The codec of that kind, from the values of these rows; an option that it does not have is an error."""
    used(kind, data)
    given = {name: value for name in CODECS[kind].options if (value := getattr(data, name)) is not None}
    for name in given.keys() & {"window", "hop"}:  # columns are counted
        given[name] = int(given[name]) if given[name].is_integer() else given[name]
    rows = [(row, table.place(value)) for row, value in values]
    try:
        return CODECS[kind].fit([value for _, value in rows], **given, **more)
    except DataError as error:
        wrong = error.__cause__ if isinstance(error.__cause__, DataError) else error  # without its own count
        for row, value in rows:  # a codec sees values, not where they stand: ask for each alone
            try:
                CODECS[kind].fit([value], **given, **more)
            except DataError as own:
                if str(wrong) in (str(own), str(own.__cause__)):
                    raise table.error(row, str(column), str(wrong)) from error
        raise


@contextmanager
def opened(table: Table, row: int, column: str | None) -> Iterator[None]:
    """What is wrong with a value is said with its place in the table."""
    try:
        yield
    except DataError as error:
        raise table.error(row, column, str(error)) from error


def column_name(table: Table | None, column: Any) -> str | None:
    return None if column is None else table.column(column) if table is not None else str(column)


def column_names(table: Table | None, columns: Any) -> list[str]:
    if columns is None:
        return []
    many = columns if isinstance(columns, tuple | list) else (columns,)
    return [column_name(table, c) or "" for c in many]


def listed(names: Sequence[str]) -> str:
    some = ", ".join(repr(n) for n in names[:4])
    return (
        f"column {some}"
        if len(names) == 1
        else f"{len(names)} columns ({some}{', ...' if len(names) > 4 else ''})"
    )


def unseen(codec: Any, model: ModelSpec) -> list[str]:
    """What to try where pictures of some size go to a layer as they are."""
    if model.conv or codec.shape is None or min(codec.shape[:2]) < 16:
        return []
    return [
        "pictures go to the layer as they are; --conv 16 --conv 32 looks for shapes in them, --peaks wherever they lie"
    ]


def untold(table: Table, what: str, option: str) -> UsageError:
    """The error where a column is not named and cannot be guessed."""
    known = ", ".join(map(repr, table.columns))
    return UsageError(f"cannot tell which column {what}; the columns are {known}. Say --{option} COLUMN.")
