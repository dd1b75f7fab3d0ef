"""From files, frames and lists to rows: plain dicts, streamed, with a place to name when one is wrong.

    table = read("reviews.csv.gz")            # or a folder of class folders, a frame, a list of dicts
    table.columns, table.notes                # names; what was guessed, a sentence each
    for row in table: ...                     # as often as wanted; a file is never whole in memory
    raise table.error(3, "label", "expected ...")      # names the file, the line and the column

`READERS` lists the formats: each row is a function (path, options) -> (columns, rows, notes), where rows() gives
(line number, dict) pairs. `texts` reads plain text in pieces. `split` says which rows to train on and which to validate
on, as a function of its arguments alone.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import Literal

import numpy as np

from hitherto.data import conll, jsonfile, parquet, textfile
from hitherto.data.marks import Cell, Marks
from hitherto.data.table import Numbered, Table
from hitherto.errors import DataError, MissingExtra, UsageError, nearest
from hitherto.media import ENDINGS
from hitherto.times import is_time

__all__ = ["READERS", "named_format", "parallel", "read", "texts"]

SNIFF = 1 << 16  # characters from which delimiter and header are guessed


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a file; None means guess."""

    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    marks: Marks = field(default_factory=Marks)


# ------------------------------------------------------------------------------------------------------------ reading


def read(
    source: object,
    *,
    format: str | None = None,  # noqa: A002 - the option's name everywhere
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    na: Sequence[object] = (),
    unnamed: str = "csv",
    sentences: bool = False,
) -> Table:
    """The table in a file, a folder, a frame, a list of dicts or values, or a dict of columns.

    `decimal` is the decimal mark of its numbers, `na` are further words for a missing value; `unnamed` is the format of
    a file whose name tells none. With `sentences` a file of a token a line is recognised by its shape, too, where its
    name says that it is text or a table.
    """
    if isinstance(source, Table):
        return source
    options = Options(header, delimiter, encoding, Marks.of(decimal, na))
    if not isinstance(source, str | Path):
        table = _in_memory(source)
        table.marks = options.marks
        return table
    if format is not None and format not in READERS:
        raise UsageError(
            f"there is no format {format!r}; there are {', '.join(READERS)}.{nearest(format, READERS)}"
        )
    path = Path(source)
    folder = textfile.is_folder(path)
    kind = format or ("folder" if folder else named_format(path) or unnamed)
    if (kind == "folder") != folder:
        what = ("a folder", "a file") if folder else ("a file", "a folder")
        raise DataError(f"this is {what[0]}, and format = {kind!r} reads {what[1]}", path=path)
    if sentences and format is None and kind in ("csv", "tsv", "txt") and conll.looks_like(path, encoding):
        kind = "conll"
    columns, rows, notes = READERS[kind](path, options)
    return Table(columns, rows, notes, path, options.marks)


# Other endings of names, and the formats that they speak of.
_ALSO = dict.fromkeys(conll.ENDINGS, "conll") | {
    "json": "jsonl", "ndjson": "jsonl", "tab": "tsv", "pq": "parquet", "text": "txt", "md": "txt", "log": "txt",
}  # fmt: skip


def named_format(path: Path) -> str | None:
    """The format that a file's name states, or None."""
    ending = Path(path.name.removesuffix(".gz")).suffix.lower().lstrip(".")
    return ending if ending in READERS else _ALSO.get(ending, None if ending else "txt")


def _in_memory(source: object) -> Table:
    if isinstance(source, Mapping):
        return _of_columns(source)
    if hasattr(source, "columns") or hasattr(source, "column_names"):  # a frame of any library
        return _of_frame(source)
    if isinstance(source, bytes) or not isinstance(source, Iterable) or getattr(source, "ndim", 1) == 0:
        raise UsageError(
            f"data must be a path, a frame, a dict of columns or a list, but came as {type(source).__name__}."
        )
    rows = list(source)
    if rows and all(isinstance(row, Mapping) for row in rows):
        names = list(dict.fromkeys(str(name) for row in rows for name in row))
        for i, row in enumerate(rows):
            if len(row) != len(names):
                lacking = next((name for name in names if name not in row), names[-1])
                raise DataError(
                    f"the row has no {lacking!r}; every row needs the same names", row=i + 1, column=lacking
                )
        return _of_rows(rows, names)
    if any(isinstance(row, Mapping) for row in rows):
        raise DataError("some rows are dicts and some are not.")
    return _of_rows([{"value": value} for value in rows], ["value"])


def _of_columns(source: Mapping[object, object]) -> Table:
    columns = {}
    for name, values in source.items():
        if (
            isinstance(values, str | bytes)
            or not isinstance(values, Iterable)
            or getattr(values, "ndim", 1) == 0
        ):
            raise DataError(
                f"expected a list or an array of values, but got {values!r:.60}. A dict of columns has nothing else",
                column=str(name),
            )
        columns[str(name)] = list(values)
    sizes = {name: len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise DataError(f"columns must be of the same length, but are {sizes!s:.300}.")
    return _of_rows(
        [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)],
        list(columns),
    )


def _of_rows(rows: Sequence[Mapping[str, Cell]], columns: list[str]) -> Table:
    if not rows:
        raise DataError("the data holds no rows.")
    return Table(columns, lambda: ((i + 1, dict(row)) for i, row in enumerate(rows)))


def _of_frame(frame: Cell) -> Table:
    try:
        import narwhals as nw
    except ImportError as error:
        raise MissingExtra("reading a frame", "narwhals", "train") from error
    try:
        wrapped = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise UsageError(f"{type(frame).__name__} is no frame that can be read: {error}") from error
    index = nw.maybe_get_index(wrapped)  # of pandas: a column, if it has a name
    if index is None or index.name is None or index.name in wrapped.columns:
        return Table(
            wrapped.columns, lambda: ((i + 1, row) for i, row in enumerate(wrapped.iter_rows(named=True)))
        )
    name = str(index.name)
    return Table(
        [name, *wrapped.columns],
        lambda: (
            (i + 1, {name: at, **row})
            for i, (at, row) in enumerate(zip(index, wrapped.iter_rows(named=True), strict=True))
        ),
    )


# ------------------------------------------------------------------------------------------------------------ formats

Reader = Callable[[Path, Options], tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]]


def _read_csv(path: Path, options: Options) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    return _delimited(path, options, options.delimiter)


def _read_tsv(path: Path, options: Options) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    return _delimited(path, options, options.delimiter or "\t")


def _delimited(
    path: Path, options: Options, delimiter: str | None
) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    notes: list[str] = []
    with textfile.opened(path, options.encoding) as file:
        start = file.read(SNIFF)
    if not start.strip():
        raise DataError("the file is empty", path=path)
    if delimiter is None:
        delimiter = _sniff(start, options.marks.decimal)
        if delimiter != ",":
            name = {"\t": "tab"}.get(delimiter, delimiter)
            notes.append(f"columns are separated by {name!r}, as line 1 is; --delimiter says otherwise")
    if len(delimiter) != 1:
        raise UsageError(f"a delimiter is one character, but came as {delimiter!r}.")
    quoted = _quotes_are_quotes(path, options, delimiter)
    if not quoted:
        notes.append("quotation marks are read as they stand, as they do not pair around fields")
    return _records(path, options, delimiter, quoted, notes)


def _records(
    path: Path, options: Options, delimiter: str, quoted: bool, notes: list[str]
) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:

    def records() -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(textfile.LINE)
        with textfile.opened(path, options.encoding) as file:
            quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
            lines = textfile.bounded(path, file)
            reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=quoted)
            line = 1
            try:
                for record in reader:
                    if any(record):
                        yield line, record
                    line = reader.line_num + 1
            except csv.Error as error:
                raise DataError(f"the line is not CSV: {error}", path=path, line=line) from error

    sample = list(islice(records(), 200))
    if not sample:
        raise DataError("the file holds no rows", path=path)
    first = sample[0][1]
    marks = options.marks
    header = _has_header([r for _, r in sample], marks) if options.header is None else options.header
    if options.header is None:
        what = "names the columns" if header else "is data, not names of columns"
        notes.append(f"line {sample[0][0]} {what}; --{'no-' if header else ''}header says otherwise")
    names = [n.strip() for n in first] if header else [""] * len(first)
    bare = [str(i + 1) for i, name in enumerate(names) if not name]
    names = [name or str(i + 1) for i, name in enumerate(names)]
    if header and bare:
        notes.append(f"no name stands above column {', '.join(bare)}; it goes by its number")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"two columns are named {twice[0]!r}; names must differ, or say --no-header",
            path=path, line=sample[0][0],
        )  # fmt: skip
    if header and len(sample) == 1:
        raise DataError("the file has names of columns, but no rows", path=path)

    def rows() -> Iterator[Numbered]:
        for n, (line, record) in enumerate(records()):
            if n == 0 and header:
                continue
            if len(record) != len(names):
                raise DataError(
                    f"expected {len(names)} columns, as in line {sample[0][0]}, but found {len(record)}; a field that "
                    f"holds {delimiter!r} needs quotation marks around it",
                    path=path,
                    line=line,
                )
            if "\0" in "".join(record):
                raise DataError("the line has a NUL character: this is not text", path=path, line=line)
            yield line, dict(zip(names, record, strict=True))

    return names, rows, notes


def _sniff(start: str, decimal: str = ".") -> str:
    """The delimiter that splits the first lines into the same number of columns, at least two; else a comma."""
    lines = [line for line in start.splitlines()[:50] if line.strip()]
    lines = lines[:-1] if len(lines) > 1 and len(start) == SNIFF else lines
    best, most = ",", 1
    for candidate in (c for c in (",", "\t", ";", "|") if c != decimal):
        sizes = [len(r) for r in csv.reader(lines, delimiter=candidate) if r]
        if sizes and len(set(sizes)) == 1 and sizes[0] > most:
            best, most = candidate, sizes[0]
    if most == 1 and "\t" in lines[0]:
        return "\t"
    return best


def _quotes_are_quotes(path: Path, options: Options, delimiter: str) -> bool:
    """Whether quotation marks enclose fields. Tab-separated text seldom quotes: there every line must pair them."""
    begin, end = re.compile(f'(^|{re.escape(delimiter)})"'), re.compile(f'"({re.escape(delimiter)}|$)')
    begins = ends = 0
    for _, line in textfile.lines(path, options.encoding):
        if '"' in line:
            first, last = len(begin.findall(line)), len(end.findall(line))
            if delimiter == "\t" and first > last:
                return False
            begins, ends = begins + first, ends + last
    return begins <= ends + max(1, begins // 10)


def _has_header(records: list[list[str]], marks: Marks) -> bool:
    """Whether the first row is a header: no number or time above numbers or times, and no long text."""
    first, rest = records[0], records[1:]
    if any(marks.is_number(cell) or is_time(cell) for cell in first if cell.strip()):
        return False
    if any(
        len(cell) > 60 or not (cell.strip() or _may_be_bare(records, i, marks))
        for i, cell in enumerate(first)
    ):
        return False
    if not rest:
        return True
    for i in range(len(first)):
        below = [r[i] for r in rest if len(r) > i and not marks.missing(r[i])]
        if below and (all(map(marks.is_number, below)) or all(map(is_time, below))):
            return True
    for i, name in enumerate(first):  # a name among the values of its own column is a value
        if len(rest) > 3 and name in {r[i] for r in rest if len(r) > i}:
            return False
    lengths = [len(" ".join(r)) for r in rest]
    return all(len(cell.split()) <= 3 for cell in first) and len(" ".join(first)) <= 3 * float(
        np.mean(lengths)
    )


def _may_be_bare(records: list[list[str]], i: int, marks: Marks) -> bool:
    """Whether a column has no name where the others have: an index of numbers before them, or nothing after them."""
    below = [r[i] for r in records[1:] if len(r) > i]
    if i == 0:
        return bool(below) and all(map(marks.is_number, below)) and any(cell.strip() for cell in records[0])
    return i == len(records[0]) - 1 and not any(cell.strip() for cell in below)


def _read_jsonl(
    path: Path, options: Options
) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    return jsonfile.read(path, options.encoding)


def _read_txt(path: Path, options: Options) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    def rows() -> Iterator[Numbered]:
        for number, line in textfile.lines(path, options.encoding):
            yield number, {"value": line}

    if next(rows(), None) is None:
        raise DataError("the file is empty", path=path)
    return ["value"], rows, []


def _read_conll(
    path: Path, options: Options
) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    return conll.read(path, options.encoding)


def _read_parquet(
    path: Path, _options: Options
) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    names, rows = parquet.read(path)
    return names, rows, []


def _read_folder(
    path: Path, options: Options
) -> tuple[list[str], Callable[[], Iterator[Numbered]], list[str]]:
    try:
        seen = sorted(p for p in path.iterdir() if not p.name.startswith("."))
        classes = [p for p in seen if p.is_dir()]
        files = [
            (folder.name, file)
            for folder in classes
            for file in sorted(folder.iterdir())
            if file.is_file() and not file.name.startswith(".")
        ]
    except OSError as error:
        raise DataError(f"the folder cannot be read: {error.strerror}", path=error.filename) from error
    media = [file for file in seen if file.suffix.lower() in ENDINGS]
    if media and not files:
        named = [(i + 1, {"file": file.name}) for i, file in enumerate(media)]
        return ["file"], lambda: iter(named), [f"the folder's {len(media)} files are taken, one a row"]
    if not files:
        raise DataError("a folder needs a folder of files for each class, but has none", path=path)
    plain = [file for _, file in files if file.suffix.lower() not in ENDINGS]
    if 0 < len(plain) < len(files):
        raise DataError(
            f"{len(files) - len(plain)} files are sound, pictures or videos, but "
            f"{plain[0].parent.name}/{plain[0].name} is none; keep files of one kind in a folder",
            path=path,
        )
    if not plain:
        labelled = [
            (i + 1, {"file": f"{label}/{file.name}", "label": label}) for i, (label, file) in enumerate(files)
        ]
        return (
            ["file", "label"],
            lambda: iter(labelled),
            [f"{len(classes)} folders are the labels of {len(files)} files"],
        )

    def rows() -> Iterator[Numbered]:
        for i, (label, file) in enumerate(files):
            yield (
                i + 1,
                {"text": textfile.whole(file, options.encoding), "label": label, "file": str(file)},
            )

    return ["text", "label", "file"], rows, [f"{len(classes)} folders are the labels of {len(files)} files"]


def parallel(source: str | Path, target: str | Path, *, encoding: str | None = None) -> Table:
    """The table of two parallel files, with the columns source and target."""
    paths = Path(source), Path(target)
    for path in paths:
        if textfile.is_folder(path):
            raise DataError("expected a file of lines, but this is a folder", path=path)
    options = Options(encoding=encoding)

    def rows() -> Iterator[Numbered]:
        for pair in zip_longest(*(textfile.lines(path, options.encoding) for path in paths)):
            left, right = pair
            if left is None or right is None:
                number = next(line[0] for line in pair if line is not None)
                short, long = paths if left is None else paths[::-1]
                raise DataError(
                    f"lines of two files belong together, but this one ends at line {number - 1} and {long} goes on",
                    path=short,
                )
            yield left[0], {"source": left[1], "target": right[1]}

    if next(rows(), None) is None:
        raise DataError("the file is empty", path=paths[0])
    return Table(["source", "target"], rows, path=paths[0])


READERS: dict[str, Reader] = {
    "csv": _read_csv,
    "tsv": _read_tsv,
    "jsonl": _read_jsonl,
    "txt": _read_txt,
    "parquet": _read_parquet,
    "conll": _read_conll,
    "folder": _read_folder,
}


def texts(source: str | Path, *, encoding: str | None = None, chunk: int = 1 << 20) -> Iterator[str]:
    """The text of a file in pieces of at most `chunk` characters, with every end of line as a single newline."""
    path = Path(source)
    textfile.is_folder(path)
    return textfile.pieces(path, encoding, chunk)
