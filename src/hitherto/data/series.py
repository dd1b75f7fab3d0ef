"""Series in a table: rows gathered by series, in the order of their times, with a place to name when one is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from hitherto.arrays import Array
from hitherto.data.marks import Marks, absent
from hitherto.errors import DataError
from hitherto.times import Form, Step, form_of, read_all, step_of, twice, wall_of
from hitherto.times.steps import DAY, SECOND

__all__ = ["LARGEST", "MOST", "Series", "gather"]

LARGEST = 1e100  # of the values that are learned from: sums of squares of larger ones overflow

MOST = float(np.finfo(np.float64).max)  # of an observation: any but infinity


@dataclass
class Series:
    """One series: values at times. `known` holds the covariates of each step and reaches beyond the end."""

    id: str
    times: Array  # [T] datetime64[us], in UTC if they have a zone; or int64
    values: Array  # [T, C] float64, NaN where missing
    names: list[str]
    step: Step = field(default_factory=lambda: Step("i", 1))
    known: Array = field(default_factory=lambda: np.zeros((0, 0), object))  # [T + ahead, K]
    static: Array = field(default_factory=lambda: np.zeros(0, object))  # [S]
    form: Form = field(default_factory=Form)  # how its times are written, and their zone
    regular: bool = False  # whether its times keep to the step

    @property
    def wall(self) -> Array:
        """The times as clocks on the wall show them."""
        return wall_of(self.times, self.form.zone)

    def future(self, count: int) -> Array:
        """The next `count` times."""
        return self.step.after(self.times[-1], count, self.form.zone)

    def written(self, times: Array) -> list[str]:
        """Times of this series, or after it, written as in answers."""
        return self.form.write(times, self.step)


# ----------------------------------------------------------------------------------------------- from rows to series


@dataclass(slots=True)
class _Row:
    """One row of a table, as a step of a series."""

    at: int  # its number in the table, from 0
    wall: int  # its time: microseconds on the wall, or a number
    offset: int | None  # of that time, in seconds from UTC
    values: list[float]
    known: list[object]
    static: list[object]
    time: int = 0  # as `wall`, in UTC where times have a zone


def gather(
    rows: Iterable[Mapping[str, object]],
    *,
    target: Sequence[str],
    time: str | None = None,
    id: str | None = None,  # noqa: A002 - the option's name everywhere
    known: Sequence[str] = (),
    static: Sequence[str] = (),
    freq: str | None = None,
    marks: Marks | None = None,
    time_format: str | None = None,
    timezone: str | None = None,
    kept: bool = False,
    step: Step | None = None,
) -> tuple[list[Series], list[str]]:
    """The series in a table's rows, and what was found out about them.

    `time_format` and `timezone` are those of the times; where they are only `kept` from training, times that are
    unmistakably written otherwise are read as well. `step` is that of training, for series too short to tell.
    """
    groups: dict[str, list[_Row]] = {}
    marks = marks or Marks()
    cells: list[object] = []
    every: list[_Row] = []
    for i, row in enumerate(rows):
        values = [_number(row[c], i, c, marks) for c in target]
        step_row = _Row(
            i, i, None, values, [marks.plain(row[c]) for c in known], [marks.plain(row[c]) for c in static]
        )
        every.append(step_row)
        if id is not None and absent(row[id]):
            raise DataError("the name of the series is missing", row=i + 1, column=id)
        groups.setdefault("" if id is None else str(row[id]), []).append(step_row)
        if time is not None:
            cells.append(row[time])
    if not groups:
        raise DataError("the data holds no rows")
    form, notes = Form("number"), Notes(len(groups))
    if time is not None:
        form, note = form_of(cells, given=time_format, zone=timezone, kept=kept, column=time)
        notes.add(note)
        for step_row, (wall, offset) in zip(every, read_all(form, cells, time), strict=True):
            step_row.wall, step_row.offset = wall, offset
    series = [
        _series(name, group, target, time, known, freq, form, step, notes) for name, group in groups.items()
    ]
    return series, notes.lines()


class Notes:
    """Notes about series. Each kind of note is reported once, with the number of series and the name of one."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.by_kind: dict[str, list[tuple[str, str]]] = {}

    def add(self, sentence: str | None, series: str = "", kind: str | None = None) -> None:
        """Add a sentence. Sentences that differ only in their numbers share a `kind`."""
        if sentence is not None:
            self.by_kind.setdefault(kind or sentence, []).append((series, sentence))

    def lines(self) -> list[str]:
        """A line for each kind."""
        return [self._line(of_a_kind) for of_a_kind in self.by_kind.values()]

    def _line(self, of_a_kind: list[tuple[str, str]]) -> str:
        name, first = of_a_kind[0]
        if self.total == 1 or not name:
            return f"series {name!r}: {first}" if name else first
        alike = len({sentence for _, sentence in of_a_kind}) == 1
        if len(of_a_kind) == self.total and alike:
            return f"all {self.total:,} series: {first}"
        if len(of_a_kind) == 1:
            return f"series {name!r}: {first}"
        return f"{len(of_a_kind):,} of {self.total:,} series, {'such as' if alike else 'for example'} {name!r}: {first}"


def _series(
    name: str,
    rows: list[_Row],
    target: Sequence[str],
    time: str | None,
    known: Sequence[str],
    freq: str | None,
    form: Form,
    learned: Step | None,
    notes: Notes,
) -> Series:
    where = f"series {name!r}: " if name else ""
    _place_in_time(rows, form, time)
    ordered = sorted(rows, key=lambda row: row.time)
    if ordered != rows:
        notes.add("rows were not in the order of time; they were sorted", name)
    for before, after in pairwise(ordered):
        if before.time == after.time:
            raise _twice(where, ordered, before, after, form, time)
    values = np.array([row.values for row in ordered], np.float64).reshape(len(ordered), len(target))
    times = np.array([row.time for row in ordered], np.int64 if form.numbers else "M8[us]")
    covariates = np.array([row.known for row in ordered], object).reshape(len(ordered), len(known))
    step, off = step_of(times, freq, form.zone)
    short = freq is None and (len(times) < 2 or (step == Step("s", DAY) and learned == Step("B", 1)))
    if learned is not None and short and learned.keeps(times, form.zone):
        step = learned
    if len(off):
        first = form.write(times[off[:1]], step)[0]
        notes.add(
            f"{len(off):,} of {len(times) - 1:,} steps are not a multiple of the usual {step.said()}, the first at "
            f"{first}; they are kept as they are", name, "irregular",
        )  # fmt: skip
    else:
        places = step.place(times, form.zone)
        if len(same := np.flatnonzero(np.diff(places) == 0)):
            a, b = (ordered[int(same[0]) + k].at + 1 for k in (0, 1))
            raise DataError(
                f"{where}rows {a} and {b} lie within one step of {step.said()}, as --freq has it: give a shorter step, "
                "or one row for each", row=b, column=time,
            )  # fmt: skip
        times, values, covariates, filled = _fill(times, values, covariates, step, places, form)
        if filled:
            notes.add(
                f"{filled:,} of {len(times):,} steps were missing and stand as missing values",
                name,
                "missing",
            )
    present = np.isfinite(values).any(1)
    if not present.any():
        raise DataError(f"{where}no value is present in column {', '.join(map(repr, target))}")
    end = len(values) if len(known) == 0 else int(np.flatnonzero(present)[-1]) + 1  # the rest is future
    if time is not None:
        apart = f"{step.count} year{'s' if step.count > 1 else ''}" if form.format == "%Y" else step.said()
        notes.add(f"rows are {apart} apart; --freq says otherwise", name)
    static = np.array(ordered[0].static, object)
    regular = time is not None and len(times) > 1 and not len(off)
    return Series(name, times[:end], values[:end], list(target), step, covariates, static, form, regular)


def _place_in_time(rows: list[_Row], form: Form, column: str | None) -> None:
    """Give each row its time. If clocks go back and an hour comes twice, its second row is the later one."""
    if form.numbers or form.zone is None:
        for row in rows:
            row.time = row.wall if form.numbers else form.instant(row.wall, row.offset)
        return
    falling = rows[0].wall > rows[-1].wall
    seen: set[int] = set()
    for row in reversed(rows) if falling else rows:
        later = row.offset is None and row.wall in seen and twice(row.wall, form.zone)
        seen.add(row.wall)
        try:
            row.time = form.instant(row.wall, row.offset, later)
        except ValueError as error:
            raise DataError(str(error), row=row.at + 1, column=column) from error


def _twice(
    where: str, rows: list[_Row], before: _Row, after: _Row, form: Form, column: str | None
) -> DataError:
    """The error about a time that comes twice: clocks went back, or the table holds several series."""
    again = [a.wall for a, b in pairwise(rows) if a.time == b.time]
    days = {wall // (DAY * SECOND) for wall in again}
    years = (rows[-1].wall - rows[0].wall) / (365 * DAY * SECOND) + 1
    nights = all(wall // SECOND % DAY < 4 * 3600 for wall in again) and any(
        row.wall // SECOND % DAY for row in rows
    )
    when = form.write(np.array([after.time], np.int64 if form.numbers else "M8[us]"))[0]
    if nights and len(days) <= years + 1 and form.zone is None and not form.numbers:
        advice = (
            "If clocks went back then, name their zone, and the second is taken for the later hour: --timezone "
            "Europe/Berlin, for example. Or give times in UTC, or with their offset"
        )
    else:
        advice = "Many series in one table need a column that tells them apart: say --id"
    return DataError(
        f"{where}the time {when} comes twice (also in row {before.at + 1}). {advice}",
        row=after.at + 1,
        column=column,
    )


def _number(value: object, row: int, column: str, marks: Marks) -> float:
    try:
        number = marks.number(value)
    except ValueError as error:
        raise DataError(str(error), row=row + 1, column=column) from error
    if np.isinf(number):
        raise DataError("a value is infinite; leave it empty if it is missing", row=row + 1, column=column)
    if abs(number) > LARGEST:
        raise DataError(
            f"{number:g} is too large to learn from; say it in other units, or leave it empty if it is missing",
            row=row + 1,
            column=column,
        )
    return number


def _fill(
    times: Array, values: Array, known: Array, step: Step, place: Array, form: Form
) -> tuple[Array, Array, Array, int]:
    """Missing steps as rows of missing values; holidays of business days are no steps."""
    if step.unit == "B" or len(times) < 2:
        return times, values, known, 0
    total = int(place[-1]) + 1
    if total == len(times):
        return times, values, known, 0
    if total > 20 * len(times):
        raise DataError(
            f"{total:,} steps of {step.said()} lie between the first time and the last, but only {len(times):,} rows; "
            "say the step: --freq"
        )
    every = np.concatenate([times[:1], step.after(times[0], total - 1, form.zone)]).astype(times.dtype)
    full = np.full((total, values.shape[1]), np.nan)
    full[place] = values
    covariates = np.full((total, known.shape[1]), None, object)
    covariates[place] = known
    return every, full, covariates, total - len(times)
