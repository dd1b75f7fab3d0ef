"""What one cell may be as a time: the formats there are, and whether a cell fits one."""

import datetime as dt
import functools
import re
from decimal import Decimal, InvalidOperation

import numpy as np

from hitherto.arrays import ndim_of
from hitherto.errors import UsageError
from hitherto.times.steps import FIRST, LAST, SECOND
from hitherto.times.zones import EPOCH, offset_of

__all__ = [
    "CLOCK",
    "COMPACT",
    "DATES",
    "ISO",
    "LONG",
    "MONTH",
    "NUMBER",
    "SINCE",
    "UNITS",
    "WORDS",
    "has_clock",
    "has_day",
    "is_number",
    "is_time",
    "match_of",
    "missing",
    "pattern_of",
    "ranged",
    "shape",
    "shown",
    "whole_of",
]

UNITS = {"s": Decimal(SECOND), "ms": Decimal(1000), "us": Decimal(1), "ns": Decimal("0.001")}  # since 1970
NUMBER = "number"
ISO = "%Y-%m-%d"
CLOCK = " %H:%M:%S"
_USUAL = (ISO, ISO + CLOCK, ISO + CLOCK + "%z")
_MICROSECOND = dt.timedelta(microseconds=1)

# Dates as people write them. Several may fit a cell; what fits all cells of a column, and nothing else does, is it.
DATES = (
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
COMPACT = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
SINCE = {
    "s": (10**8, 4 * 10**9),
    "ms": (10**11, 4 * 10**12),
    "us": (10**14, 4 * 10**15),
    "ns": (10**17, 4 * 10**18),
}
WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
LONG = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MONTH = "|".join([*LONG, "Sept", *_MONTHS])
_ZONE = r"Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?"
_PARTS = {
    "Y": r"\d{4}", "y": r"\d{2}", "G": r"\d{4}", "m": r"\d{1,2}", "d": r"\d{1,2}", "j": r"\d{1,3}", "q": r"[1-4]",
    "V": r"\d{1,2}", "u": r"[1-7]", "b": MONTH, "B": MONTH, "a": r"[A-Za-z]{2,9}\.?", "A": r"[A-Za-z]{2,9}",
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


@functools.lru_cache(maxsize=256)
def pattern_of(format: str) -> tuple[re.Pattern[str], bool]:  # noqa: A002 - the option's name
    """What a format matches; and whether any time of day may follow, as where it ends in the usual one, or in a day."""
    if len(format) > 100:
        raise UsageError(f"time_format is too long: {format!r:.60}.")
    date, clock = _TAIL.fullmatch(format.replace("%F", ISO)).groups()  # type: ignore[union-attr]  # matches anything
    free = not re.search(r"%[HIMSfpzZTR]", date) and (clock is not None or has_day(date))
    text = (date if free else format).replace("%F", ISO).replace("%T", "%H:%M:%S").replace("%R", "%H:%M")
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


def has_day(format: str) -> bool:  # noqa: A002
    return any(part in format for part in ("%d", "%j", "%u", "%F"))


def has_clock(format: str) -> bool:  # noqa: A002
    return re.search(r"%[HITR]", format) is not None


def shape(format: str, text: str) -> dict[str, str] | None:  # noqa: A002
    """What stands in each place of a format, if the text has its shape."""
    pattern, free = pattern_of(format)
    match = pattern.fullmatch(text)
    if match is None:
        return None
    fields = match.groupdict()
    if free and (rest := fields.pop("rest").rstrip()):
        clock = _CLOCKS.fullmatch(rest) or _BASIC.fullmatch(rest)
        if clock is None:
            return None
        fields |= clock.groupdict()
    return {name: value for name, value in fields.items() if value is not None}


def match_of(format: str, text: str) -> tuple[int, int | None] | None:  # noqa: A002
    """Microseconds on the wall, and the offset in seconds where the text says one; None where it does not fit."""
    if format in _USUAL and (moment := _iso(text)) is not None:
        return moment
    fields = shape(format, text)
    try:
        return None if fields is None else _moment(fields)
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


def _moment(fields: dict[str, str]) -> tuple[int, int | None]:
    year = int(fields.get("Y", 0))
    if "y" in fields:  # as POSIX has it: 69 is 1969, 68 is 2068
        year = int(fields["y"]) + (1900 if int(fields["y"]) >= 69 else 2000)
    month = int(fields.get("m", 3 * int(fields.get("q", "1")) - 2))
    if name := fields.get("b", fields.get("B")):
        month = _MONTHS.index(name[:3].lower()) + 1
    if "G" in fields:
        date = dt.date.fromisocalendar(int(fields["G"]), int(fields.get("V", 1)), int(fields.get("u", 1)))
    elif "j" in fields:
        date = dt.date(year, 1, 1) + dt.timedelta(int(fields["j"]) - 1)
        if date.year != year:
            raise ValueError("no such day of the year")
    else:
        date = dt.date(year, month, int(fields.get("d", 1)))
    hour = int(fields.get("H", fields.get("I", 0)))
    if half := fields.get("p"):
        if not 1 <= hour <= 12:
            raise ValueError("no hour of twelve")
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    minute, second = int(fields.get("M", 0)), int(fields.get("S", 0))
    fraction = fields.get("f", "").ljust(9, "0")
    if fraction[6:].strip("0"):
        raise ValueError("finer than a microsecond")
    micro = int(fraction[:6])
    if hour == 24 and minute == second == micro == 0:  # the midnight at the end of a day
        pass
    elif hour > 23 or minute > 59 or second > 59:
        raise ValueError("no time of day")
    days = date.toordinal() - 719_163
    wall = ((days * 24 + hour) * 60 + minute) * 60 + second
    return ranged(wall * SECOND + micro), offset_of(fields["z"]) if "z" in fields else None


def ranged(micros: int) -> int:
    if not FIRST <= micros < LAST:
        raise ValueError("outside the years 1 to 9999")
    return micros


def whole_of(value: object) -> Decimal:
    """The number in a cell, exactly."""
    try:
        number = Decimal(int(value) if isinstance(value, int | np.integer) else str(value).strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > 40:
        raise ValueError(f"expected a date or a whole number, but got {shown(value)}")
    return number


_DIGITS = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)


def is_number(value: object) -> bool:
    """Whether a cell has a number."""
    if isinstance(value, str):
        return _DIGITS.fullmatch(value.strip()) is not None
    kinds = int | float | np.integer | np.floating
    return isinstance(value, kinds) and not isinstance(value, bool | np.timedelta64)


def missing(value: object) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return bool(ndim_of(value) == 0 and value != value)


def is_time(value: object) -> bool:
    """Whether a cell has the shape of a date, or of a date and a time of day; numbers are told only by their column."""
    if isinstance(value, str):
        text = value.strip().strip('"')
        return len(text) <= 40 and any(shape(date, text) is not None for date in DATES if date != "%Y%m%d")
    return isinstance(value, dt.date | np.datetime64)


def shown(cell: object) -> str:
    try:
        return f"{cell!r:.40}"
    except ValueError:
        return "a number of too many digits"
