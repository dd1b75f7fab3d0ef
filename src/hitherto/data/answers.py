"""Answers as rows: beside what tells their questions apart, and in files that others read.

rows = beside(answers, picked, table, keep=("price",))    # row, id, time, price and the answer
write(spread(rows), "answers.csv")                        # or .tsv, .jsonl, .parquet
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from hitherto import files
from hitherto.data.table import Row, Table
from hitherto.errors import MissingExtra, UsageError

__all__ = ["FORMATS", "TABLES", "beside", "format_of", "identity", "spread", "write", "write_rows"]

FORMATS = ("csv", "tsv", "jsonl", "parquet")
TABLES = ("probabilities", "attention")  # what of an answer is a table of its own, which a cell cannot hold

NBEST = {"text", "score", "others"}  # fields of an answer with an n-best list
TAGGED = {"tokens", "labels", "probabilities"}  # fields of an answer with a label for each token

_KEY = re.compile(
    r"(.*[\W_])?(id|ids|uid|uuid|guid|key|index|idx|file|filename|path|unnamed: 0|ds|date|time|timestamp|datetime)"
)


def identity(table: Table) -> list[str]:
    """The columns that identify rows: ids, files and times by their names, and times by their values."""
    kinds = table.kinds()
    return [
        name
        for name in table.columns
        if _KEY.fullmatch(name.lower()) or re.search("[a-z0-9]I[dD]$", name) or kinds[name] == "time"
    ]


def beside(answers: Sequence[Row], picked: Iterable[int], table: Table, keep: Sequence[str]) -> list[Row]:
    """Each answer after the number of its row, from 1, the row's identity, and the columns in `keep`.

    A column that has the name of something in the answer comes as NAME_given. A list of plain values has none of this.
    """
    columns = list(dict.fromkeys([*identity(table), *(table.column(name) for name in keep)]))
    if len(table.columns) == 1 and not columns:
        return list(answers)
    rows = [{name: row[name] for name in columns} for row in table]
    reserved = {"row", *(name for answer in answers for name in answer)}
    names = {name: f"{name}_given" if name in reserved else name or "index" for name in columns}
    return [
        {"row": int(at) + 1, **{names[name]: value for name, value in rows[at].items()}, **answer}
        for at, answer in zip(picked, answers, strict=True)
    ]


def spread(rows: Iterable[Row]) -> Iterator[Row]:
    """A row for each token of a sequence of labels and for each text of an n-best list; other rows as they are.

    Where one becomes several, each has its number.
    """
    for number, row in enumerate(rows, 1):
        if "others" in row or "labels" in row:
            row = {"row": number, **row}
        if "others" in row:
            shared = {name: value for name, value in row.items() if name not in NBEST}
            for rank, candidate in enumerate([row, *row["others"]], 1):
                yield {**shared, "rank": rank, "text": candidate["text"], "score": candidate["score"]}
        elif "labels" in row:
            shared = {n: value for n, value in row.items() if n not in TAGGED}
            for token, label, p in zip(row["tokens"], row["labels"], row["probabilities"], strict=True):
                yield {**shared, "token": token, "label": label, "probability": p}
        else:
            yield row


def format_of(path: str | Path, what: str = "the path") -> str:
    """The format that a file's name states; an error if it states none, or if no file can be written there."""
    path = files.place(path, what)
    ending = path.suffix[1:].lower()
    ending = {"json": "jsonl", "ndjson": "jsonl", "pq": "parquet"}.get(ending, ending)
    if ending not in FORMATS:
        raise UsageError(f"{what} {path} must end in .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}.")
    return ending


def write(rows: Iterable[Row], path: str | Path, separator: str = " ") -> None:
    """Write a file in the format that its name states. `separator` stands between the items of a list in a cell."""
    ending = format_of(path)
    if ending == "parquet":
        files.write(path, _parquet(list(rows), separator))
        return
    text = io.StringIO(newline="")
    write_rows(rows, ending, text, separator)
    files.write(path, text.getvalue())


def write_rows(
    rows: Iterable[Row], ending: str, file: TextIO, separator: str = " ", digits: int | None = None
) -> None:
    """Write rows as csv, tsv or jsonl; `digits` of a number in a cell are enough to read, all of them to go on with."""
    if ending == "jsonl":
        file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
        return
    rows = list(rows)
    writer = csv.writer(file, delimiter="\t" if ending == "tsv" else ",", lineterminator="\n")
    names = _names(rows)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name), separator, digits) for name in names])


def _names(rows: Iterable[Row]) -> list[str]:
    return [name for name in dict.fromkeys(n for row in rows for n in row) if name not in TABLES]


def _cell(value: object, separator: str, digits: int | None = None) -> str:
    if isinstance(value, float):
        return str(value) if digits is None else f"{value:.{digits}g}"
    if isinstance(value, list | tuple):
        return separator.join(_cell(v, separator, digits) for v in value)
    return "" if value is None else str(value)


def _parquet(rows: list[Row], separator: str) -> bytes:
    try:
        import polars as pl
    except ImportError as error:
        raise MissingExtra("writing Parquet", "polars", "train") from error
    columns = {name: [row.get(name) for row in rows] for name in _names(rows)}
    for name, values in columns.items():
        if len({type(v) for v in values if v is not None}) > 1 or any(isinstance(v, dict) for v in values):
            columns[name] = [None if v is None else _cell(v, separator) for v in values]
    made = io.BytesIO()
    pl.DataFrame(columns, strict=False).write_parquet(made)
    return made.getvalue()
