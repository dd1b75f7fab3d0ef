"""How a column writes its times: one format for it, found from all its cells, and the same for the answers."""

import datetime as dt
import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError
from hitherto.times.steps import DAY, FIRST, LAST, SECOND, Step
from hitherto.times.zones import EPOCH, offset_of, resolve, wall_of, zone_of

__all__ = ["Form", "form_of", "is_time", "read_all"]


_UNITS = {"s": Decimal(SECOND), "ms": Decimal(1000), "us": Decimal(1), "ns": Decimal("0.001")}  # since 1970
_NUMBER = "number"
_ISO = "%Y-%m-%d"
_CLOCK = " %H:%M:%S"
_USUAL = (_ISO, _ISO + _CLOCK, _ISO + _CLOCK + "%z")
_MICROSECOND = dt.timedelta(microseconds=1)

# Dates as people write them. Several may fit a cell; what fits all cells of a column, and nothing else does, is it.
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y"),
    *("%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%d.%m.%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d. %b %Y", "%b %d %Y", "%b %d, %Y", "%Y-%b-%d", "%Y %b %d"),
    *("%a %d %b %Y", "%a, %d %b %Y", "%a, %b %d, %Y", "%d %b %y", "%d-%b-%y"),
    *("%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%m.%Y", "%YM%m", "%Y-M%m"),
    *("%b %Y", "%b-%Y", "%b/%Y", "%Y %b", "%Y-%b", "%b %y", "%b-%y"),
    *("%YQ%q", "%Y-Q%q", "%Y Q%q", "%Y/Q%q", "Q%q %Y", "Q%q-%Y", "Q%q/%Y", "%qQ%Y"),
    *("%G-W%V", "%GW%V", "%G W%V", "%G-W%V-%u", "%GW%V%u"),
)
# Whole numbers that are times, told by how many digits they have: compact dates, and counts since 1970.
_COMPACT = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_SINCE = {
    "s": (10**8, 4 * 10**9),
    "ms": (10**11, 4 * 10**12),
    "us": (10**14, 4 * 10**15),
    "ns": (10**17, 4 * 10**18),
}
_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_LONG = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH = "|".join([*_LONG, "Sept", *_MONTHS])
_ZONE = r"Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?"
_PARTS = {
    "Y": r"\d{4}", "y": r"\d{2}", "G": r"\d{4}", "m": r"\d{1,2}", "d": r"\d{1,2}", "j": r"\d{1,3}", "q": r"[1-4]",
    "V": r"\d{1,2}", "u": r"[1-7]", "b": _MONTH, "B": _MONTH, "a": r"[A-Za-z]{2,9}\.?", "A": r"[A-Za-z]{2,9}",
    "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{2}", "S": r"\d{2}", "f": r"\d{1,9}", "p": r"[AaPp]\.?[Mm]\.?",
    "z": _ZONE, "Z": "Z|UTC|GMT",
}  # fmt: skip
_WIDE = {
    "m": r"\d{2}",
    "d": r"\d{2}",
    "V": r"\d{2}",
    "j": r"\d{3}",
    "H": r"\d{2}",
    "I": r"\d{2}",
}  # with no border
_CLOCKS = re.compile(
    rf"(?:,?\s+|T)(?P<H>\d{{1,2}}):(?P<M>\d{{2}})(?::(?P<S>\d{{2}})(?:[.,](?P<f>\d{{1,9}}))?)?"
    rf"(?:\s*(?P<p>{_PARTS['p']}))?\s*(?P<z>{_ZONE})?",
    re.IGNORECASE | re.ASCII,
)
_BASIC = re.compile(
    rf"[T ](?P<H>\d{{2}})(?:(?P<M>\d{{2}})(?:(?P<S>\d{{2}})(?:[.,](?P<f>\d{{1,9}}))?)?)?(?P<z>{_ZONE})?",
    re.ASCII,
)
_TAIL = re.compile(r"(.*?)(,?[ T]+%(?:H:%M(?::%S(?:[.,]%f)?)?|I:%M(?::%S)? ?%p|T|R)(?: ?%z)?)?", re.DOTALL)


# ------------------------------------------------------------------------------------------------- one cell


@functools.lru_cache(maxsize=256)
def _pattern(format: str) -> tuple[re.Pattern[str], bool]:  # noqa: A002 - the option's name
    """What a format matches; and whether any time of day may follow, as where it ends in the usual one, or in a day."""
    if len(format) > 100:
        raise UsageError(f"time_format is too long: {format!r:.60}.")
    date, clock = _TAIL.fullmatch(format.replace("%F", _ISO)).groups()  # type: ignore[union-attr]  # matches anything
    free = not re.search(r"%[HIMSfpzZTR]", date) and (clock is not None or _has_day(date))
    text = (date if free else format).replace("%F", _ISO).replace("%T", "%H:%M:%S").replace("%R", "%H:%M")
    parts, seen = [], set()
    for piece in re.findall(r"%.?|[^%]+", text):
        name = piece[1:]
        if not piece.startswith("%") or piece == "%%":
            parts.append(re.sub(r"(\\ )+", r"\\s+", re.escape(piece.replace("%%", "%"))))
        elif name not in _PARTS:
            raise UsageError(
                f"time_format has no {piece!r}; it has %{', %'.join(_PARTS)}, as strptime has them, and %q, a quarter."
            )
        elif name in seen:
            raise UsageError(f"time_format {format!r} says {piece} twice.")
        else:
            seen.add(name)
            bordered = len(parts) == 0 or not parts[-1].endswith(")")
            parts.append(f"(?P<{name}>{_PARTS[name] if bordered else _WIDE.get(name, _PARTS[name])})")
    if not seen & {"Y", "y", "G"}:
        raise UsageError(f"time_format {format!r} has no year: %Y, %y or, of weeks, %G.")
    return re.compile(
        "".join(parts) + ("(?P<rest>.*)" if free else ""), re.IGNORECASE | re.DOTALL | re.ASCII
    ), free


def _has_day(format: str) -> bool:  # noqa: A002
    return any(part in format for part in ("%d", "%j", "%u", "%F"))


def _has_clock(format: str) -> bool:  # noqa: A002
    return re.search(r"%[HITR]", format) is not None


def _shape(format: str, text: str) -> dict[str, str] | None:  # noqa: A002
    """What stands in each place of a format, if the text has its shape."""
    pattern, free = _pattern(format)
    found = pattern.fullmatch(text)
    if found is None:
        return None
    said = found.groupdict()
    if free and (rest := said.pop("rest").rstrip()):
        clock = _CLOCKS.fullmatch(rest) or _BASIC.fullmatch(rest)
        if clock is None:
            return None
        said |= clock.groupdict()
    return {name: value for name, value in said.items() if value is not None}


def _match(format: str, text: str) -> tuple[int, int | None] | None:  # noqa: A002
    """Microseconds on the wall, and the offset in seconds where the text says one; None where it does not fit."""
    if format in _USUAL and (found := _iso(text)) is not None:
        return found
    said = _shape(format, text)
    try:
        return None if said is None else _moment(said)
    except ValueError:
        return None


def _iso(text: str) -> tuple[int, int | None] | None:
    """The most usual of times, quickly; None where it takes a closer look."""
    if (
        text[4:5] != "-"
        or text[7:8] != "-"
        or text[10:11] not in ("", "T", " ")
        or "." in text
        or "," in text
    ):
        return None
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = when.utcoffset()
    wall = (when.replace(tzinfo=None) - EPOCH) // _MICROSECOND
    return wall, None if offset is None else round(offset.total_seconds())


def _moment(said: dict[str, str]) -> tuple[int, int | None]:
    year = int(said.get("Y", 0))
    if "y" in said:  # as POSIX has it: 69 is 1969, 68 is 2068
        year = int(said["y"]) + (1900 if int(said["y"]) >= 69 else 2000)
    month = int(said.get("m", 3 * int(said.get("q", "1")) - 2))
    if name := said.get("b", said.get("B")):
        month = _MONTHS.index(name[:3].lower()) + 1
    if "G" in said:
        date = dt.date.fromisocalendar(int(said["G"]), int(said.get("V", 1)), int(said.get("u", 1)))
    elif "j" in said:
        date = dt.date(year, 1, 1) + dt.timedelta(int(said["j"]) - 1)
        if date.year != year:
            raise ValueError("no such day of the year")
    else:
        date = dt.date(year, month, int(said.get("d", 1)))
    hour = int(said.get("H", said.get("I", 0)))
    if half := said.get("p"):
        if not 1 <= hour <= 12:
            raise ValueError("no hour of twelve")
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    minute, second = int(said.get("M", 0)), int(said.get("S", 0))
    fraction = said.get("f", "").ljust(9, "0")
    if fraction[6:].strip("0"):
        raise ValueError("finer than a microsecond")
    micro = int(fraction[:6])
    if hour == 24 and minute == second == micro == 0:  # the midnight at the end of a day
        pass
    elif hour > 23 or minute > 59 or second > 59:
        raise ValueError("no time of day")
    days = date.toordinal() - 719_163
    wall = ((days * 24 + hour) * 60 + minute) * 60 + second
    return _ranged(wall * SECOND + micro), offset_of(said["z"]) if "z" in said else None


def _ranged(micros: int) -> int:
    if not FIRST <= micros < LAST:
        raise ValueError("outside the years 1 to 9999")
    return micros


def _whole(value: Any) -> Decimal:
    """The number in a cell, exactly."""
    try:
        found = Decimal(int(value) if isinstance(value, int | np.integer) else str(value).strip())
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite() or abs(found.adjusted()) > 40:
        raise ValueError(f"expected a date or a whole number, but got {_shown(value)}")
    return found


_DIGITS = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)


def _is_number(value: Any) -> bool:
    """Whether a cell has a number."""
    if isinstance(value, str):
        return _DIGITS.fullmatch(value.strip()) is not None
    kinds = int | float | np.integer | np.floating
    return isinstance(value, kinds) and not isinstance(value, bool | np.timedelta64)


def _missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return bool(np.ndim(value) == 0 and value != value)


def is_time(value: Any) -> bool:
    """Whether a cell has the shape of a date, or of a date and a time of day; numbers are told only by their column."""
    if isinstance(value, str):
        text = value.strip().strip('"')
        return len(text) <= 40 and any(_shape(date, text) is not None for date in _DATES if date != "%Y%m%d")
    return isinstance(value, dt.date | np.datetime64)


# ------------------------------------------------------------------------------------------------- one column


@dataclass(frozen=True, slots=True)
class Form:
    """How a column writes its times: a format in strptime's words, "number", or a count since 1970 such as "s"."""

    format: str = ""
    zone: dt.tzinfo | None = None  # where days begin, and in which answers are given

    @property
    def numbers(self) -> bool:
        """Whether times are plain integers: a count of anything, or years."""
        return self.format in (_NUMBER, "%Y")

    @property
    def zone_name(self) -> str | None:
        """By which --timezone knows the zone again."""
        return None if self.zone is None else getattr(self.zone, "key", None)

    def read(self, cell: Any) -> tuple[int, int | None]:
        """The time in a cell: microseconds on the wall, or a number; and the offset in seconds, if the cell says one.

        A ValueError where it cannot be read.
        """
        if _missing(cell):
            raise ValueError("the time is missing")
        if isinstance(cell, np.datetime64):
            micros = cell.astype("M8[us]")
            if micros != cell:
                raise ValueError(f"times are kept to the microsecond, but {cell} is finer")
            return _ranged(int(micros.astype(np.int64))), None
        if isinstance(cell, dt.datetime):
            if getattr(cell, "nanosecond", 0):
                raise ValueError(f"times are kept to the microsecond, but {cell} is finer")
            offset = cell.utcoffset()
            wall = (cell.replace(tzinfo=None) - EPOCH) // dt.timedelta(microseconds=1)
            return wall, None if offset is None else round(offset.total_seconds())
        if isinstance(cell, dt.date):
            return (cell.toordinal() - 719_163) * DAY * SECOND, None
        if self.format in _UNITS:
            if not _is_number(cell):
                raise ValueError(self._expected(cell))
            micros = _whole(cell) * _UNITS[self.format]
            if micros != micros.to_integral_value():
                raise ValueError(f"times are kept to the microsecond, but {cell} is finer")
            return _ranged(int(micros)), 0
        if self.numbers:
            if not _is_number(cell):
                raise ValueError(self._expected(cell))
            number = _whole(cell)
            if number != number.to_integral_value():
                raise ValueError(
                    f"expected a date or a whole number, but got {_shown(cell)}; count in a smaller unit, so that "
                    "times are whole numbers"
                )
            if abs(number) >= 1 << 62:
                raise ValueError(f"a time is a whole number below 2^62, but {_shown(cell)} came")
            return int(number), None
        text = (
            cell.strip().strip('"')
            if isinstance(cell, str)
            else str(int(_whole(cell)))
            if _is_number(cell)
            else ""
        )
        found = _match(self.format, text) if len(text) <= 60 else None
        if found is None:
            raise ValueError(self._expected(cell))
        return found

    def _expected(self, cell: Any) -> str:
        such = (
            f"a count of {_WORDS[self.format]} since 1970" if self.format in _UNITS
            else "a whole number" if self.format == _NUMBER else f"a time written as {self.format}"
        )  # fmt: skip
        return f"expected {such}, but got {_shown(cell)}{_advice(cell)}"

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
        dates = not _has_clock(self.format) and self.format not in _UNITS if self.format else midnight
        if dates and midnight and (step is None or step.whole_days):
            return [_render(_ISO, int(t)) for t in wall]
        exact = ".%f" if (wall % SECOND).any() or (step is not None and step.unit == "u") else ""
        utc = times.astype("M8[us]").astype(np.int64)
        ends = (
            [""] * len(wall)
            if self.zone is None
            else [_said(int(a - b) // SECOND) for a, b in zip(wall, utc, strict=True)]
        )
        return [_render(_ISO + _CLOCK + exact, int(t)) + end for t, end in zip(wall, ends, strict=True)]

    def _covers(self, step: Step | None) -> bool:
        """Whether times are months, quarters or weeks, and a step goes from one to another."""
        if not self.format or _has_day(self.format) or self.format in _UNITS or _has_clock(self.format):
            return False
        if step is None:
            return True
        if "%V" in self.format:
            return step.unit == "s" and step.count % (7 * DAY) == 0
        return step.unit == "M" and ("%q" not in self.format or step.count % 3 == 0)

    def instant(self, wall: int, offset: int | None, later: bool = False) -> int:
        """Microseconds in UTC; of an hour that comes twice, as clocks go back, the first, or the `later` one."""
        if self.numbers:
            return wall
        if offset is not None:
            return _ranged(wall - offset * SECOND)
        return wall if self.zone is None else _ranged(resolve(wall, self.zone, later))


def _render(format: str, micros: int) -> str:  # noqa: A002
    when = EPOCH + dt.timedelta(microseconds=micros)
    year, week, day = when.isocalendar()
    values = {
        "Y": f"{when.year:04}", "y": f"{when.year % 100:02}", "m": f"{when.month:02}", "d": f"{when.day:02}",
        "b": _LONG[when.month - 1][:3], "B": _LONG[when.month - 1], "q": str((when.month + 2) // 3),
        "G": f"{year:04}", "V": f"{week:02}", "u": str(day), "H": f"{when.hour:02}", "M": f"{when.minute:02}",
        "S": f"{when.second:02}", "f": f"{when.microsecond:06}", "%": "%",
    }  # fmt: skip
    return re.sub(r"%(.)", lambda match: values.get(match[1], ""), format)


def _said(seconds: int) -> str:
    """An offset as +01:00."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _text(cell: Any) -> str:
    """A cell as a file would have it."""
    if isinstance(cell, str):
        return cell.strip().strip('"')
    try:
        return str(cell)
    except ValueError:  # an integer of thousands of digits
        return ""


def _shown(cell: Any) -> str:
    try:
        return f"{cell!r:.40}"
    except ValueError:
        return "a number of too many digits"


def _advice(cell: Any) -> str:
    text = _text(cell)
    if re.search(r":60\b", text):
        return "; a leap second has no place among even steps: write 23:59:59, or the midnight that follows"
    if re.search(r"\d:\d\d(:\d\d)? ?[A-Z]{3,4}$", text):
        return "; leave the letters of the zone out, and name it: --timezone Europe/Berlin"
    return ""


def form_of(
    cells: Sequence[Any],
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
    if given is not None and given not in _UNITS and given != _NUMBER:
        _pattern(given)  # whether it is a format at all
    for row, cell in enumerate(cells):
        if _missing(cell):
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
            f"some times are dates already, but here is {_shown(cells[row])}", row=row + 1, column=column
        )
    else:
        found = given
        if given is not None and kept and _misfit(cells, given) is not None:
            found = None
        if found is None:
            numbers = all(map(_is_number, cells))
            found = _of_numbers(cells, column) if numbers else _of_texts(cells, column)
        form, note = _complete(Form(found, place), cells, column)
    if place is not None and form.zone is None and not kept:
        what = "plain numbers" if form.numbers else "dates with no time of day"
        raise UsageError(f"timezone has no use, as times are {what}; leave it out.")
    return form, note


def _wrong(message: str, cells: Sequence[Any], row: int, column: str | None) -> DataError:
    """The error about a cell; one that comes alone, as in a stream, needs no place."""
    alone = len(cells) == 1 and column is None
    return DataError(message, row=None if alone else row + 1, column=column)


def read_all(form: Form, cells: Sequence[Any], column: str | None) -> list[tuple[int, int | None]]:
    """`form.read` of every cell; an error says which cannot be read."""
    read, found = _reader(form), []
    for row, cell in enumerate(cells):
        try:
            found.append(read(cell))
        except ValueError as error:
            raise _wrong(str(error), cells, row, column) from error
    return found


def _of_typed(cells: Sequence[Any], place: dt.tzinfo | None, column: str | None) -> tuple[Form, str | None]:
    """Of cells that are dates already."""
    moments = read_all(Form(_ISO), cells, column)
    if not any(wall % (DAY * SECOND) for wall, _ in moments) and all(offset is None for _, offset in moments):
        return Form(_ISO), None
    zone = getattr(cells[-1], "tzinfo", None)
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    return _placed(Form(_ISO + _CLOCK, place or (zone_of(name) if name else None)), cells, moments, column)


def _complete(form: Form, cells: Sequence[Any], column: str | None) -> tuple[Form, str | None]:
    """The form with time of day and zone, as the cells have them, and the sentence about it."""
    moments = read_all(form, cells, column)
    format = form.format  # noqa: A001
    if form.numbers:
        return Form(format), None
    if format in _UNITS:
        place = form.zone or dt.UTC
        when = Form(format, place).write(np.array([moments[0][0]], "M8[us]"))[0]
        said = f"times are {_WORDS[format]} since 1970: {cells[0]} is {when}; --time-format number says otherwise"
        return Form(format, place), said
    if not _has_clock(format):
        if not (_has_day(format) and any(_clocked(format, cell) for cell in cells)):
            form = Form(format)  # a date is a date anywhere
        else:
            form = Form(format + _CLOCK, form.zone)
    form, note = _placed(form, cells, moments, column)
    if not format.startswith(_ISO):
        told = f"times are read as {format}: {_told(format, cells)}; --time-format says otherwise"
        note = told if note is None else f"{told}. {note}"
    return form, note


def _clocked(format: str, cell: Any) -> bool:  # noqa: A002
    return "H" in (_shape(format, _text(cell)) or {})


def _placed(
    form: Form, cells: Sequence[Any], moments: Sequence[tuple[int, int | None]], column: str | None
) -> tuple[Form, str | None]:
    """The form with its zone: the one it has, or that of the offsets in the cells, of which the last counts."""
    offsets = [offset for _, offset in moments]
    said = [offset for offset in offsets if offset is not None]
    if not said:
        return form, None
    if len(said) < len(offsets) and form.zone is None:
        bare, full = offsets.index(None), next(i for i, o in enumerate(offsets) if o is not None)
        raise DataError(
            f"the time {_shown(cells[bare])} says no offset from UTC, but {_shown(cells[full])} in row {full + 1} "
            "does; name the zone of those without: --timezone Europe/Berlin",
            row=bare + 1, column=column,
        )  # fmt: skip
    format = form.format if "%z" in form.format else form.format + "%z"  # noqa: A001
    if form.zone is not None:
        return Form(format, form.zone), None
    zone = dt.timezone(dt.timedelta(seconds=said[-1])) if said[-1] else dt.UTC
    note = None
    if len(kinds := sorted(set(said))) > 1:
        note = (
            f"times have the offsets {', '.join(map(_said, kinds))}; forecasts have the last, {_said(said[-1])}. Name "
            "the zone and they follow its clocks: --timezone Europe/Berlin"
        )
    return Form(format, zone), note


def _told(format: str, cells: Sequence[Any]) -> str:  # noqa: A002
    """A cell and what it is read as: one that tells days from months, if there is one."""
    read = _reader(Form(format))
    for cell in [*cells[:1000], cells[0]]:
        when = dt.date(1970, 1, 1) + dt.timedelta(microseconds=read(cell)[0])
        if when.day > 12:
            break
    month = f"{_LONG[when.month - 1]} {when.year}"
    read_as = (
        f"{when.day} {month}" if _has_day(format) else f"the week of {when.day} {month}" if "%V" in format
        else f"the quarter from {month}" if "%q" in format else month
    )  # fmt: skip
    return f"{str(cell).strip():.40} is {read_as}"


def _reader(form: Form) -> Callable[[Any], tuple[int, int | None]]:
    """`form.read` that remembers what it has read: times of many series are the same again and again."""
    seen: dict[str, tuple[int, int | None]] = {}

    def read(cell: Any) -> tuple[int, int | None]:
        if not isinstance(cell, str):
            return form.read(cell)
        found = seen.get(cell)
        if found is None:
            found = seen[cell] = form.read(cell)
        return found

    return read


def _misfit(cells: Sequence[Any], format: str) -> int | None:  # noqa: A002
    """The first cell that is not written so."""
    read = _reader(Form(format))
    for i, cell in enumerate(cells):
        try:
            read(cell)
        except ValueError:
            return i
    return None


def _of_numbers(cells: Sequence[Any], column: str | None) -> str:
    """Compact dates, a count since 1970, years, or plain numbers."""
    try:
        values = [_whole(cell) for cell in cells]
    except ValueError:  # infinite, or as far off
        read_all(Form(_NUMBER), cells, column)
        raise
    whole = [value == value.to_integral_value() for value in values]
    if all(whole):
        sizes = {len(str(int(value))) for value in values}
        compact = _COMPACT.get(next(iter(sizes))) if len(sizes) == 1 else None
        if compact and all(str(int(value))[:2] in ("19", "20") for value in values):
            texts = [str(int(value)) for value in values]
            fits = [_match(compact, text) is not None for text in texts]
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
    for unit, (low, high) in _SINCE.items():
        if all(low <= value < high for value in values):
            return unit
    return _NUMBER


def _of_texts(cells: Sequence[Any], column: str | None) -> str:
    """The one format that all cells have; what several would fit, or none, is an error that says so."""
    alive = list(_DATES)
    lost: dict[str, int] = {}  # the row at which each format was given up
    first: dict[str, int] = {}
    for row, cell in enumerate(cells):
        text = _text(cell)
        if text in first:
            continue
        first[text] = row
        fits = [date for date in alive if len(text) <= 60 and _match(date, text) is not None]
        if not fits:
            raise _unreadable(cells, row, lost, alive, column)
        lost |= {date: row for date in alive if date not in fits}
        alive = fits
    for text, row in first.items():
        readings = {date: _match(date, text) for date in alive}
        if len(set(readings.values())) > 1:
            a, b = alive[0], next(date for date in alive if readings[date] != readings[alive[0]])
            raise _wrong(
                f"{text!r} is {_told(a, [text]).rpartition(' is ')[2]} read as {a}, but "
                f"{_told(b, [text]).rpartition(' is ')[2]} read as {b}, and no other time of the column tells which; "
                f"say it: --time-format '{a}'", cells, row, column,
            )  # fmt: skip
    (found, *_) = alive
    if "%b" in found:
        names = [match[0] for text in first if (match := re.search(_MONTH, text, re.IGNORECASE))]
        if max(map(len, names), default=3) > 4:  # "Sept" is short as well
            found = found.replace("%b", "%B")
    return found


def _unreadable(
    cells: Sequence[Any], row: int, lost: dict[str, int], alive: list[str], column: str | None
) -> DataError:
    """The error about a cell that fits no format which all before it have."""
    cell = cells[row]
    text = _text(cell)
    own = next((date for date in _DATES if len(text) <= 60 and _match(date, text) is not None), None)
    if _is_number(cell) and own is None:
        return DataError(
            f"some times are numbers and some are dates: here is {_shown(cell)}", row=row + 1, column=column
        )
    if own is not None:
        at = lost.get(own, 0)
        theirs = next(date for date in (*alive, *_DATES) if _match(date, _text(cells[at])) is not None)
        return DataError(
            f"times are written in two ways: {_shown(cell)} is {own}, but {_shown(cells[at])} in row {at + 1} is "
            f"{theirs}; write all alike", row=row + 1, column=column,
        )  # fmt: skip
    such = f"as {alive[0]}, as the others are" if row and alive else "such as 2024-05-31 or 2024-05-31 18:30"
    return _wrong(f"expected a time {such}, but got {_shown(cell)}{_advice(cell)}", cells, row, column)
