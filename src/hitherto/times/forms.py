"""How a column writes its times: one format for it, found from all its cells, and the same for the answers."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError
from hitherto.times.patterns import (
    CLOCK,
    COMPACT,
    DATES,
    ISO,
    LONG,
    MONTH,
    NUMBER,
    SINCE,
    UNITS,
    WORDS,
    has_clock,
    has_day,
    is_number,
    match_of,
    missing,
    pattern_of,
    ranged,
    shape,
    shown,
    whole_of,
)
from hitherto.times.steps import DAY, FIRST, LAST, SECOND, Step
from hitherto.times.zones import EPOCH, resolve, wall_of, zone_of

__all__ = ["Form", "form_of", "read_all"]


@dataclass(frozen=True, slots=True)
class Form:
    """How a column writes its times: a format in strptime's words, "number", or a count since 1970 such as "s"."""

    format: str = ""
    zone: dt.tzinfo | None = None  # where days begin, and in which answers are given

    @property
    def numbers(self) -> bool:
        """Whether times are plain integers: a count of anything, or years."""
        return self.format in (NUMBER, "%Y")

    @property
    def zone_name(self) -> str | None:
        """The name of the zone for --timezone."""
        return self.zone.key if isinstance(self.zone, ZoneInfo) else None

    def read(self, cell: object) -> tuple[int, int | None]:
        """The time in a cell: microseconds on the wall, or a number; and the offset in seconds, if the cell says one.

        A ValueError where it cannot be read.
        """
        if missing(cell):
            raise ValueError("the time is missing")
        if isinstance(cell, np.datetime64):
            micros = cell.astype("M8[us]")
            if micros != cell:
                raise ValueError(f"times are kept to the microsecond, but {cell} is finer")
            return ranged(int(micros.astype(np.int64))), None
        if isinstance(cell, dt.datetime):
            if getattr(cell, "nanosecond", 0):
                raise ValueError(f"times are kept to the microsecond, but {cell} is finer")
            offset = cell.utcoffset()
            wall = (cell.replace(tzinfo=None) - EPOCH) // dt.timedelta(microseconds=1)
            return wall, None if offset is None else round(offset.total_seconds())
        if isinstance(cell, dt.date):
            return (cell.toordinal() - 719_163) * DAY * SECOND, None
        if self.format in UNITS:
            if not is_number(cell):
                raise ValueError(self._expected(cell))
            micros = whole_of(cell) * UNITS[self.format]
            if micros != micros.to_integral_value():
                raise ValueError(f"times are kept to the microsecond, but {cell} is finer")
            return ranged(int(micros)), 0
        if self.numbers:
            if not is_number(cell):
                raise ValueError(self._expected(cell))
            number = whole_of(cell)
            if number != number.to_integral_value():
                raise ValueError(
                    f"expected a date or a whole number, but got {shown(cell)}; count in a smaller unit, so that "
                    "times are whole numbers"
                )
            if abs(number) >= 1 << 62:
                raise ValueError(f"a time is a whole number below 2^62, but {shown(cell)} came")
            return int(number), None
        text = (
            cell.strip().strip('"')
            if isinstance(cell, str)
            else str(int(whole_of(cell)))
            if is_number(cell)
            else ""
        )
        moment = match_of(self.format, text) if len(text) <= 60 else None
        if moment is None:
            raise ValueError(self._expected(cell))
        return moment

    def _expected(self, cell: object) -> str:
        such = (
            f"a count of {WORDS[self.format]} since 1970" if self.format in UNITS
            else "a whole number" if self.format == NUMBER else f"a time written as {self.format}"
        )  # fmt: skip
        return f"expected {such}, but got {shown(cell)}{_advice(cell)}"

    def write(self, times: Array, step: Step | None = None) -> list[str]:
        """Times as answers have them, all alike: a month as a month, a date as 2024-05-31, else date and time.

        `step` is the one between them: where it is part of a day, dates alone would not do.
        """
        times = np.atleast_1d(times)
        if np.issubdtype(times.dtype, np.integer):
            return [str(int(t)) for t in times]
        wall = wall_of(times, self.zone).astype("M8[us]").astype(np.int64)
        if not ((wall >= FIRST) & (wall < LAST)).all():
            raise DataError("there are times beyond the years 1 to 9999, which cannot be written")
        if self._covers(step):
            return [_render(self.format, int(t)) for t in wall]
        midnight = not (wall % (DAY * SECOND)).any()
        dates = not has_clock(self.format) and self.format not in UNITS if self.format else midnight
        if dates and midnight and (step is None or step.whole_days):
            return [_render(ISO, int(t)) for t in wall]
        exact = ".%f" if (wall % SECOND).any() or (step is not None and step.unit == "u") else ""
        utc = times.astype("M8[us]").astype(np.int64)
        ends = (
            [""] * len(wall)
            if self.zone is None
            else [_offset_text(int(a - b) // SECOND) for a, b in zip(wall, utc, strict=True)]
        )
        return [_render(ISO + CLOCK + exact, int(t)) + end for t, end in zip(wall, ends, strict=True)]

    def _covers(self, step: Step | None) -> bool:
        """Whether times are months, quarters or weeks, and a step goes from one to another."""
        if not self.format or has_day(self.format) or self.format in UNITS or has_clock(self.format):
            return False
        if step is None:
            return True
        if "%V" in self.format:
            return step.unit == "s" and step.count % (7 * DAY) == 0
        return step.unit == "M" and ("%q" not in self.format or step.count % 3 == 0)

    def instant(self, wall: int, offset: int | None, later: bool = False) -> int:
        """Microseconds in UTC. If clocks go back and the hour comes twice, it is the first one, or the `later` one."""
        if self.numbers:
            return wall
        if offset is not None:
            return ranged(wall - offset * SECOND)
        return wall if self.zone is None else ranged(resolve(wall, self.zone, later))


def _render(format: str, micros: int) -> str:  # noqa: A002
    when = EPOCH + dt.timedelta(microseconds=micros)
    year, week, day = when.isocalendar()
    values = {
        "Y": f"{when.year:04}", "y": f"{when.year % 100:02}", "m": f"{when.month:02}", "d": f"{when.day:02}",
        "b": LONG[when.month - 1][:3], "B": LONG[when.month - 1], "q": str((when.month + 2) // 3),
        "G": f"{year:04}", "V": f"{week:02}", "u": str(day), "H": f"{when.hour:02}", "M": f"{when.minute:02}",
        "S": f"{when.second:02}", "f": f"{when.microsecond:06}", "%": "%",
    }  # fmt: skip
    return re.sub(r"%(.)", lambda match: values.get(match[1], ""), format)


def _offset_text(seconds: int) -> str:
    """An offset as +01:00."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _text(cell: object) -> str:
    """A cell as text."""
    if isinstance(cell, str):
        return cell.strip().strip('"')
    try:
        return str(cell)
    except ValueError:  # an integer of thousands of digits
        return ""


def _advice(cell: object) -> str:
    text = _text(cell)
    if re.search(r":60\b", text):
        return "; a leap second has no place among even steps: write 23:59:59, or the midnight that follows"
    if re.search(r"\d:\d\d(:\d\d)? ?[A-Z]{3,4}$", text):
        return "; leave the letters of the zone out, and name it: --timezone Europe/Berlin"
    return ""


def form_of(
    cells: Sequence[object],
    *,
    given: str | None = None,
    zone: str | None = None,
    kept: bool = False,
    column: str | None = "time",
) -> tuple[Form, str | None]:
    """How a column of times is to be read, and a sentence that says it.

    `given` is its format: all cells have it, or an error says which has not; where it was only `kept` from training,
    a column that is unmistakably written otherwise may be read so. `zone` is that of times that say none.
    """
    place = zone_of(zone) if zone is not None else None
    if given is not None and given not in UNITS and given != NUMBER:
        pattern_of(given)  # whether it is a format at all
    for row, cell in enumerate(cells):
        if missing(cell):
            raise _wrong("the time is missing", cells, row, column)
    typed = [isinstance(cell, dt.date | np.datetime64) for cell in cells]
    if all(typed):
        if given is not None and not kept:
            raise UsageError(
                "time_format is for times that are written out, but these are dates already; leave it out."
            )
        form, note = _of_typed(cells, place, column)
    elif any(typed):
        row = typed.index(False)
        raise DataError(
            f"some times are dates already, but here is {shown(cells[row])}", row=row + 1, column=column
        )
    else:
        layout = given
        if given is not None and kept and _misfit(cells, given) is not None:
            layout = None
        if layout is None:
            numbers = all(map(is_number, cells))
            layout = _of_numbers(cells, column) if numbers else _of_texts(cells, column)
        form, note = _complete(Form(layout, place), cells, column)
    if place is not None and form.zone is None and not kept:
        what = "plain numbers" if form.numbers else "dates with no time of day"
        raise UsageError(f"timezone has no use, as times are {what}; leave it out.")
    return form, note


def _wrong(message: str, cells: Sequence[object], row: int, column: str | None) -> DataError:
    """The error about a cell, with its row unless the cell stands alone, as in a stream."""
    alone = len(cells) == 1 and column is None
    return DataError(message, row=None if alone else row + 1, column=column)


def read_all(form: Form, cells: Sequence[object], column: str | None) -> list[tuple[int, int | None]]:
    """`form.read` of every cell; an error says which cannot be read."""
    read, moments = _reader(form), []
    for row, cell in enumerate(cells):
        try:
            moments.append(read(cell))
        except ValueError as error:
            raise _wrong(str(error), cells, row, column) from error
    return moments


def _of_typed(
    cells: Sequence[object], place: dt.tzinfo | None, column: str | None
) -> tuple[Form, str | None]:
    """The form of cells that are dates already."""
    moments = read_all(Form(ISO), cells, column)
    if not any(wall % (DAY * SECOND) for wall, _ in moments) and all(offset is None for _, offset in moments):
        return Form(ISO), None
    last = cells[-1]
    zone = last.tzinfo if isinstance(last, dt.datetime) else None
    name = zone.key if isinstance(zone, ZoneInfo) else getattr(zone, "zone", None)  # pytz has `zone`
    return _placed(Form(ISO + CLOCK, place or (zone_of(name) if name else None)), cells, moments, column)


def _complete(form: Form, cells: Sequence[object], column: str | None) -> tuple[Form, str | None]:
    """The form with the time of day and the zone of the cells, and a sentence about it."""
    moments = read_all(form, cells, column)
    format = form.format  # noqa: A001
    if form.numbers:
        return Form(format), None
    if format in UNITS:
        place = form.zone or dt.UTC
        when = Form(format, place).write(np.array([moments[0][0]], "M8[us]"))[0]
        sentence = (
            f"times are {WORDS[format]} since 1970: {cells[0]} is {when}; --time-format number says otherwise"
        )
        return Form(format, place), sentence
    if not has_clock(format):
        if not (has_day(format) and any(_clocked(format, cell) for cell in cells)):
            form = Form(format)  # a date is a date anywhere
        else:
            form = Form(format + CLOCK, form.zone)
    form, note = _placed(form, cells, moments, column)
    if not format.startswith(ISO):
        reading = f"times are read as {format}: {_reading_of(format, cells)}; --time-format says otherwise"
        note = reading if note is None else f"{reading}. {note}"
    return form, note


def _clocked(format: str, cell: object) -> bool:  # noqa: A002
    return "H" in (shape(format, _text(cell)) or {})


def _placed(
    form: Form, cells: Sequence[object], moments: Sequence[tuple[int, int | None]], column: str | None
) -> tuple[Form, str | None]:
    """The form with its zone: the one it has, or that of the offsets in the cells, of which the last counts."""
    offsets = [offset for _, offset in moments]
    known = [offset for offset in offsets if offset is not None]
    if not known:
        return form, None
    if len(known) < len(offsets) and form.zone is None:
        bare, full = offsets.index(None), next(i for i, o in enumerate(offsets) if o is not None)
        raise DataError(
            f"the time {shown(cells[bare])} says no offset from UTC, but {shown(cells[full])} in row {full + 1} "
            "does; name the zone of those without: --timezone Europe/Berlin",
            row=bare + 1, column=column,
        )  # fmt: skip
    format = form.format if "%z" in form.format else form.format + "%z"  # noqa: A001
    if form.zone is not None:
        return Form(format, form.zone), None
    zone = dt.timezone(dt.timedelta(seconds=known[-1])) if known[-1] else dt.UTC
    note = None
    if len(kinds := sorted(set(known))) > 1:
        note = (
            f"times have the offsets {', '.join(map(_offset_text, kinds))}; forecasts have the last, "
            f"{_offset_text(known[-1])}. Name the zone and they follow its clocks: --timezone Europe/Berlin"
        )
    return Form(format, zone), note


def _reading_of(format: str, cells: Sequence[object]) -> str:  # noqa: A002
    """A cell and what it is read as: one that tells days from months, if there is one."""
    read = _reader(Form(format))

    def date_of(cell: object) -> dt.date:
        return dt.date(1970, 1, 1) + dt.timedelta(microseconds=read(cell)[0])

    cell = next((cell for cell in cells[:1000] if date_of(cell).day > 12), cells[0])
    when = date_of(cell)
    month = f"{LONG[when.month - 1]} {when.year}"
    read_as = (
        f"{when.day} {month}" if has_day(format) else f"the week of {when.day} {month}" if "%V" in format
        else f"the quarter from {month}" if "%q" in format else month
    )  # fmt: skip
    return f"{str(cell).strip():.40} is {read_as}"


def _reader(form: Form) -> Callable[[object], tuple[int, int | None]]:
    """`form.read` that remembers what it has read: times of many series are the same again and again."""
    seen: dict[str, tuple[int, int | None]] = {}

    def read(cell: object) -> tuple[int, int | None]:
        if not isinstance(cell, str):
            return form.read(cell)
        moment = seen.get(cell)
        if moment is None:
            moment = seen[cell] = form.read(cell)
        return moment

    return read


def _misfit(cells: Sequence[object], format: str) -> int | None:  # noqa: A002
    """The first cell that is not written so."""
    read = _reader(Form(format))
    for i, cell in enumerate(cells):
        try:
            read(cell)
        except ValueError:
            return i
    return None


def _of_numbers(cells: Sequence[object], column: str | None) -> str:
    """Compact dates, a count since 1970, years, or plain numbers."""
    try:
        values = [whole_of(cell) for cell in cells]
    except ValueError:  # infinite, or as far off
        read_all(Form(NUMBER), cells, column)
        raise
    whole = [value == value.to_integral_value() for value in values]
    if all(whole):
        sizes = {len(str(int(value))) for value in values}
        compact = COMPACT.get(next(iter(sizes))) if len(sizes) == 1 else None
        if compact and all(str(int(value))[:2] in ("19", "20") for value in values):
            texts = [str(int(value)) for value in values]
            fits = [match_of(compact, text) is not None for text in texts]
            if all(fits):
                return compact
            if sum(fits) >= 0.9 * len(fits) and len(fits) >= 10:
                row = fits.index(False)
                raise DataError(
                    f"expected a time written as {compact}, as others are, but got {texts[row]!r}; if these are plain "
                    "numbers, say --time-format number", row=row + 1, column=column,
                )  # fmt: skip
        if len(values) > 1 and all(1500 <= value <= 2200 for value in values):
            return "%Y"
    for unit, (low, high) in SINCE.items():
        if all(low <= value < high for value in values):
            return unit
    return NUMBER


def _of_texts(cells: Sequence[object], column: str | None) -> str:
    """The one format that all cells have; what several would fit, or none, is an error that says so."""
    alive = list(DATES)
    lost: dict[str, int] = {}  # the row at which each format was given up
    first: dict[str, int] = {}
    for row, cell in enumerate(cells):
        text = _text(cell)
        if text in first:
            continue
        first[text] = row
        fits = [date for date in alive if len(text) <= 60 and match_of(date, text) is not None]
        if not fits:
            raise _unreadable(cells, row, lost, alive, column)
        lost |= {date: row for date in alive if date not in fits}
        alive = fits
    for text, row in first.items():
        readings = {date: match_of(date, text) for date in alive}
        if len(set(readings.values())) > 1:
            a, b = alive[0], next(date for date in alive if readings[date] != readings[alive[0]])
            raise _wrong(
                f"{text!r} is {_reading_of(a, [text]).rpartition(' is ')[2]} read as {a}, but "
                f"{_reading_of(b, [text]).rpartition(' is ')[2]} read as {b}, and no other time of the column tells "
                f"which; say it: --time-format '{a}'", cells, row, column,
            )  # fmt: skip
    (layout, *_) = alive
    if "%b" in layout:
        names = [match[0] for text in first if (match := re.search(MONTH, text, re.IGNORECASE))]
        if max(map(len, names), default=3) > 4:  # "Sept" is short as well
            layout = layout.replace("%b", "%B")
    return layout


def _unreadable(
    cells: Sequence[object], row: int, lost: dict[str, int], alive: list[str], column: str | None
) -> DataError:
    """The error about a cell that fits no format which all before it have."""
    cell = cells[row]
    text = _text(cell)
    its_date = next((date for date in DATES if len(text) <= 60 and match_of(date, text) is not None), None)
    if is_number(cell) and its_date is None:
        return DataError(
            f"some times are numbers and some are dates: here is {shown(cell)}", row=row + 1, column=column
        )
    if its_date is not None:
        at = lost.get(its_date, 0)
        theirs = next(date for date in (*alive, *DATES) if match_of(date, _text(cells[at])) is not None)
        return DataError(
            f"times are written in two ways: {shown(cell)} is {its_date}, but {shown(cells[at])} in row {at + 1} is "
            f"{theirs}; write all alike", row=row + 1, column=column,
        )  # fmt: skip
    such = f"as {alive[0]}, as the others are" if row and alive else "such as 2024-05-31 or 2024-05-31 18:30"
    return _wrong(f"expected a time {such}, but got {shown(cell)}{_advice(cell)}", cells, row, column)
