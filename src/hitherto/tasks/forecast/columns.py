"""The columns of a table of series: which holds times, and which numbers."""

import re
from dataclasses import replace

import numpy as np

from hitherto.data import Table
from hitherto.data.series import Series
from hitherto.errors import DataError, UsageError
from hitherto.tasks.base import Row, Value
from hitherto.times import form_of

__all__ = [
    "Time",
    "apart_from",
    "called",
    "expect_counts",
    "no_number",
    "step_of",
    "telling",
    "time_column",
]

Time = Value  # a date or time as a table may have it, or a number

_TIMES = (
    *(
        "ds",
        "date",
        "time",
        "timestamp",
        "datetime",
        "ts",
        "month",
        "week",
        "quarter",
        "year",
        "day",
        "period",
    ),
    *("unix", "epoch", "unixtime", "unix_time"),
)
_TIMELY = re.compile(r"time|date|epoch|unix|stamp|(?<![a-z])(ts|ds|t)(?![a-z])")


def time_column(table: Table, kinds: dict[str, str], id_: str | int | None) -> str | None:
    """The column of times, by its name and its values. Numbers are times where they rise or fall along a series."""
    low = {c.lower(): c for c in table.columns}
    named = [low[n] for n in _TIMES if n in low]
    dates = [c for c in named if kinds[c] == "time"] + [c for c in table.columns if kinds[c] == "time"]
    if dates:
        return dates[0]
    rows = table.head(1000)
    group = None if id_ is None else table.column(id_)
    timely = [
        c for c in table.columns if c not in named and _TIMELY.search(c.lower()) and kinds[c] == "number"
    ]
    for column in [*named, *timely]:
        series: dict[Value, list[Value]] = {}
        for row in rows:
            series.setdefault(None if group is None else str(row[group]), []).append(row[column])
        if kinds[column] == "number":
            if all(map(_in_order, series.values())) and (column in named or _since_1970(rows, column)):
                return column
        elif column.lower() in _TIMES[:6] and kinds[column] != "empty":
            return column  # reading its cells fails, with an error that says why
    return None


def _in_order(cells: list[Value]) -> bool:
    """Whether numbers only rise, or only fall."""
    try:
        numbers = np.array([float(cell) for cell in cells])
    except (TypeError, ValueError, OverflowError):
        return False
    apart = np.diff(numbers)
    return bool((apart > 0).all() or (apart < 0).all())


def _since_1970(rows: list[Row], column: str) -> bool:
    form, _ = form_of([row[column] for row in rows], column=column)
    return not form.numbers


def telling(table: Table, time: str) -> str:
    """The end of the advice to say --id: the column that tells series apart, if there is one."""
    kinds, rows = table.kinds(), table.head(1000)
    for column in table.columns:
        if kinds[column] == "label" and len({(str(row[column]), str(row[time])) for row in rows}) == len(
            rows
        ):
            return f" {column}"
    return ""


def no_number(table: Table, column: str) -> str:
    """Why a column that looks like numbers is none, or nothing."""
    cells = [row[column] for row in table.head(100) if not table.marks.missing(row[column])]
    if not cells or not all(isinstance(cell, str) and cell[-1:].isdigit() for cell in cells):
        return ""
    try:
        for cell in cells:
            table.marks.number(cell)
    except ValueError as error:
        return f"In column {column!r}: {error}."
    return ""


def apart_from(series: list[Series]) -> list[Series]:
    """Each channel as a series of its own."""
    return [
        replace(s, id=f"{s.id}/{name}" if s.id else name, values=s.values[:, c : c + 1], names=[name])
        for s in series
        for c, name in enumerate(s.names)
    ]


def called(series: Series, channel: str) -> str:
    """The name of a channel in answers: that of its series, of its column, or both, so that no two are the same."""
    names = (series.id, channel) if len(series.names) > 1 else (series.id or channel,)
    return "/".join(name for name in names if name)


def expect_counts(series: list[Series], head: str) -> None:
    """A DataError where a value is no count."""
    for member in series:
        wrong = member.values[(member.values < 0) | (member.values % 1 > 0)]
        if len(wrong):
            name = member.id or ", ".join(member.names)
            whole = f"head = {head} forecasts counts, whole numbers from 0 on"
            raise DataError(f"{whole}, but {name!r} has {wrong[0]:g}: leave head out")


def step_of(series: Series, first: Time) -> int:
    """The first step at or after `first`, a time or the number of a step."""
    integers = np.issubdtype(series.times.dtype, np.integer)
    if isinstance(first, int) and not integers:
        return first
    try:
        form = series.form if integers else form_of([first], given=series.form.format or None, kept=True)[0]
        if form.numbers and not integers:
            raise ValueError(f"{first!r} is a number")  # noqa: TRY301 - as whatever cannot be read
        time = series.form.instant(*form.read(first))
    except ValueError as error:
        raise UsageError(
            f"start must be a time such as {series.written(series.times[:1])[0]}: {error}."
        ) from error
    step = int(np.searchsorted(series.times.astype(np.int64), time))
    if step >= len(series.times):
        raise UsageError(
            f"series {series.id!r} ends at {series.written(series.times[-1:])[0]}, before {first}."
        )
    return step
