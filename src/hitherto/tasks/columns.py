"""Columns of a table, and the codecs that are fitted to them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hitherto.arrays import Array
from hitherto.codecs import CODECS, named_kind
from hitherto.codecs.base import Codec
from hitherto.data import Table, parallel, read, split
from hitherto.data.marks import Marks
from hitherto.errors import DataError, UsageError, nearest
from hitherto.spec import DataSpec, ModelSpec, Spec
from hitherto.tasks.base import Value
from hitherto.tasks.batching import chance

__all__ = [
    "changed",
    "column_name",
    "column_names",
    "encoded",
    "fitted",
    "listed",
    "load",
    "marks_of",
    "opened",
    "placed",
    "said",
    "set_aside",
    "unseen",
    "untold",
    "used",
]

Column = str | int  # a name, or a number from 1


def load(spec: Spec, data: object, unnamed: str = "csv", sentences: bool = False) -> Table:
    """The table of a user's data, read as the spec says; `unnamed` and `sentences` are those of `data.read`."""
    options = spec.data
    if isinstance(data, Table):  # lines of standard input know no options
        return data.marked(marks_of(options)) if options.decimal or options.na else data
    if isinstance(data, str | Path) and named_kind(Path(data)) and Path(data).is_file():
        data = [str(data)]  # a recording or a picture is a value
    if isinstance(data, tuple):
        if len(data) != 2:
            raise UsageError(f"two files belong together, source and target, but {len(data)} came.")
        return parallel(*data, encoding=options.encoding)
    return read(
        data, format=options.format, header=options.header, delimiter=options.delimiter, encoding=options.encoding,
        decimal=options.decimal, na=options.na, unnamed=unnamed, sentences=sentences,
    )  # fmt: skip


def marks_of(data: DataSpec) -> Marks:
    """How numbers are written in these data, and which words mean an empty cell."""
    return Marks.of(data.decimal, data.na)


def set_aside(spec: Spec, table: Table, label: Column | None = None) -> tuple[Array, Array]:
    """The rows of a table to train on, and those to validate on; each value of column `label` keeps its share."""

    def values(column: Column | None) -> list[str] | None:
        return None if column is None else [str(value) for value in table.values(column)]

    groups = values(spec.data.group)
    labels = values(label) if groups is None else None
    return split(len(table), spec.data.aside, spec.train.seed, groups=groups, labels=labels)


def encoded(codec: Codec, value: object, data: DataSpec, labelled: bool = True) -> tuple[Array, Array | None]:
    """The array of a value; and where training augments it, what it changes. A file is read once for both."""
    if data.augmentation and labelled:
        _pick(codec, data)
    if not (data.augment and labelled):
        return codec.encode(value), None
    if not codec.augments:
        raise UsageError(
            f"augment changes sound, pictures, videos, strokes and music; this input is {codec.kind}. Leave it out."
        )
    raw = codec.raw(value)
    return codec.unchanged(raw), raw


def _pick(codec: Codec, data: DataSpec) -> None:
    """A UsageError where the augmentations of the spec are none of the codec's."""
    for name in data.augmentation:
        if name not in codec.changes:
            known = f"it has {', '.join(codec.changes)}" if codec.changes else "it has none to pick"
            raise UsageError(
                f"augmentation {name!r} is none of {codec.kind}: {known}.{nearest(name, codec.changes)}"
            )
    if not data.augment:
        raise UsageError(
            "augmentation picks what --augment does; say how strong it is, such as --augment 0.5."
        )


def changed(
    codec: Codec,
    arrays: Sequence[Array],
    raw: Sequence[Array | None],
    rows: Array,
    data: DataSpec,
    seed: int,
    epoch: int,
) -> list[Array]:
    """The arrays of these rows in an epoch of training; -1 is a row of no steps, and epoch -1 is no training."""

    def of_row(r: int) -> Array:
        value = raw[r] if r >= 0 and epoch >= 0 and data.augment else None
        if value is None or data.augment is None:
            return arrays[r] if r >= 0 else arrays[0][:0]
        return codec.augmented(value, chance(seed, epoch, r), data.augment, data.augmentation)

    return [of_row(int(r)) for r in rows]


def used(kind: str, data: DataSpec, others: Iterable[str] | None = None) -> None:
    """A UsageError where an option of other codecs is set: of `others`, or of all that augment."""
    if others is None:
        others = [name for name, codec in CODECS.items() if codec.augments]
    for other in others:
        for name in sorted({*CODECS[other].options} - {*CODECS[kind].options, "max_length"}):
            if getattr(data, name) not in (None, (), False):
                raise UsageError(f"{name} is an option of {other}, and the input is {kind}; leave it out.")


def said(table: Table, i: int, value: Value, column: object) -> str:
    """A text of a row; a DataError where it is none."""
    if value is None or not isinstance(value, str | int | float) or value != value:
        raise table.error(i, str(column), f"expected a text, but got {value!r:.60}")
    return str(value)


def fitted(
    kind: str,
    table: Table,
    column: object,
    values: Iterable[tuple[int, Value]],
    data: DataSpec,
    **more: Value,
) -> Codec:
    """The codec of that kind, from the values of these rows; an option that it does not have is an error."""
    used(kind, data)
    options = {name: value for name in CODECS[kind].options if (value := getattr(data, name)) is not None}
    for name in options.keys() & {"window", "hop"}:  # columns are counted
        options[name] = int(options[name]) if options[name].is_integer() else options[name]
    rows = [(row, placed(CODECS[kind], table, value)) for row, value in values]

    def fit(some: list[Value]) -> Codec:
        codec: Codec = CODECS[kind].fit(some, **options, **more)
        return codec

    try:
        return fit([value for _, value in rows])
    except DataError as error:
        wrong = error.__cause__ if isinstance(error.__cause__, DataError) else error  # without its own count
        for row, value in rows:  # a codec sees values, not where they stand: ask for each alone
            try:
                fit([value])
            except DataError as alone:
                if str(wrong) in (str(alone), str(alone.__cause__)):
                    raise table.error(row, str(column), str(wrong)) from error
        raise


def placed(codec: Codec | type[Codec], table: Table, value: Value) -> Value:
    """A value of a table as its codec reads it: of codecs that read files, a name is a path from here."""
    return table.place(value) if codec.reads_files else value


@contextmanager
def opened(table: Table, row: int, column: str | None) -> Iterator[None]:
    """Errors of a value get its place in the table."""
    try:
        yield
    except DataError as error:
        raise table.error(row, column, str(error)) from error


def column_name(table: Table | None, column: Column | None) -> str | None:
    return None if column is None else table.column(column) if table is not None else str(column)


def column_names(table: Table | None, columns: Column | Sequence[Column] | None) -> list[str]:
    if columns is None:
        return []
    many = (columns,) if isinstance(columns, str | int) else columns
    return [column_name(table, c) or "" for c in many]


def listed(names: Sequence[str]) -> str:
    some = ", ".join(repr(n) for n in names[:4])
    return (
        f"column {some}"
        if len(names) == 1
        else f"{len(names)} columns ({some}{', ...' if len(names) > 4 else ''})"
    )


def unseen(codec: Codec, model: ModelSpec) -> list[str]:
    """A note on --conv, where pictures of some size go to a layer as they are."""
    if model.conv or codec.shape is None or min(codec.shape[:2]) < 16:
        return []
    return [
        "pictures go to the layer as they are; --conv 16 --conv 32 looks for shapes in them, --peaks wherever they lie"
    ]


def untold(table: Table, what: str, option: str) -> UsageError:
    """The error where a column is not named and cannot be guessed."""
    known = ", ".join(map(repr, table.columns))
    return UsageError(f"cannot tell which column {what}; the columns are {known}. Say --{option} COLUMN.")
