"""How far apart times are: seconds, days on the wall, months, business days, or numbers."""

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError
from hitherto.times.zones import utc_of, wall_of

__all__ = ["DAY", "FIRST", "LAST", "SECOND", "Step", "step_of"]


DAY, YEAR = 86_400, 365  # seconds of a day, days of a year
SECOND = 1_000_000  # times are whole microseconds
FIRST, LAST = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND  # years 1 to 9999
# How many steps a season has, by the seconds of a step.
_SEASONS = {DAY: 7, 7 * DAY: 52, 3600: 24, 1800: 48, 900: 96, 600: 144, 300: 288, 60: 1440}


@dataclass(frozen=True, slots=True)
class Step:
    """The time between two rows: `count` of `unit`.

    "s" are seconds, "u" microseconds, "M" months, "B" business days, "i" numbers.
    """

    unit: str
    count: int
    day: int = 0  # of months: the day that is aimed at, 31 for their ends; 0 keeps the day that there is

    @property
    def whole_days(self) -> bool:
        """Whether it goes from a day to another, by the calendar and the clock on the wall."""
        return self.unit in "MB" or (self.unit == "s" and self.count % DAY == 0)

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return self.count / SECOND if self.unit == "u" else float(self.count)

    def seasons(self, length: int) -> list[int]:
        """How many steps the seasons have that series of this length show twice, a year of days four times."""
        return [n for n in self._seasons() if length >= (4 if n == YEAR else 2) * n]

    def _seasons(self) -> list[int]:
        """How many steps the seasons have that a step like this may have, the shortest first."""
        first = self.season()
        if self.unit != "s" or first == 1 or self.count > DAY:
            return [first] if first > 1 else []
        return [first, first * 7] if self.count < DAY else [first, YEAR]

    def season(self) -> int:
        """How many steps a season has, as far as the step tells."""
        if self.unit == "M":
            return max(1, 12 // self.count)
        if self.unit == "B":
            return 5
        return _SEASONS.get(self.count, 1) if self.unit == "s" else 1

    def after(
        self, last: Any, count: int, zone: dt.tzinfo | None = None
    ) -> Array:  # a date, or a whole number
        """The next `count` times; days, weeks and months are those of the zone."""
        steps = np.arange(1, count + 1, dtype=object) * self.count
        if self.unit == "i":
            if isinstance(last, np.datetime64):
                raise DataError("one time alone does not say how far apart they are; give two at least")
            numbers = [int(last) + int(s) for s in steps]
            if any(abs(t) >= 1 << 63 for t in numbers):
                raise DataError(f"the steps to come, {self.said()} apart, lie beyond 2^63")
            return np.array(numbers, np.int64)
        if zone is not None and self.whole_days:
            return utc_of(self.after(wall_of(np.array([last]), zone)[0], count), zone)
        last = np.datetime64(last, "us")
        day = np.datetime64(last, "D")
        if steps.size and self._far(last, int(steps[-1])):
            raise DataError("the steps to come lie beyond the year 9999; --freq says how far apart they are")
        steps = steps.astype(np.int64)
        clock = last - day
        if self.unit == "M":
            months: Array = np.datetime64(last, "M") + steps
            aim = self.day or int(_days_of(np.array([day]))[0][0])
            begins = months.astype("M8[D]")
            days: Array = begins + (np.minimum(aim, _days_of(begins)[1]) - 1)
            return np.asarray(days.astype("M8[us]") + clock)
        if self.unit == "B":
            work: Array = np.busday_offset(np.datetime64(last, "D"), steps, roll="backward").astype("M8[us]")
            return np.asarray(work + clock)
        moved: Array = last + (steps * (SECOND if self.unit == "s" else 1)).astype("m8[us]")
        return moved

    def _far(self, last: np.datetime64, steps: int) -> bool:
        """Whether so many steps lead beyond the years that there are."""
        unit = {"M": 31 * DAY * SECOND, "B": 2 * DAY * SECOND, "s": SECOND}.get(self.unit, 1)
        return not FIRST <= int(last.astype("M8[us]").astype(np.int64)) + steps * unit < LAST

    def place(self, times: Array, zone: dt.tzinfo | None = None) -> Array:
        """How many steps each time lies after the first."""
        if not np.issubdtype(times.dtype, np.integer):
            times = (wall_of(times, zone) if self.whole_days else times).astype("M8[us]")
        if self.unit == "M":
            months = times.astype("M8[M]").astype(np.int64)
            return (months - months[0]) // self.count  # type: ignore[no-any-return]
        apart = (times - times[0]).astype(np.int64)
        unit = self.count * SECOND if self.unit == "s" else self.count
        return apart // unit  # type: ignore[no-any-return]

    def keeps(self, times: Array, zone: dt.tzinfo | None = None) -> bool:
        """Whether the times are whole numbers of these steps apart, each after the one before."""
        integers = bool(np.issubdtype(times.dtype, np.integer))
        if integers != (self.unit == "i"):
            return False
        if not integers:
            times = (wall_of(times, zone) if self.whole_days else times).astype("M8[us]")
        if self.unit == "B":
            days = times.astype("M8[D]")
            return bool(np.is_busday(days).all() and (np.diff(days).astype(np.int64) > 0).all())
        if self.unit == "M":
            month_days, lengths = _days_of(times)
            months = np.diff(times.astype("M8[M]").astype(np.int64))
            aimed = np.minimum(self.day or 31, lengths) if self.day else month_days[:1]
            return bool(
                (month_days == aimed).all() and (months > 0).all() and not np.mod(months, self.count).any()
            )
        gaps = np.diff(times).astype(np.int64)
        unit = self.count * SECOND if self.unit == "s" else self.count
        return bool((gaps > 0).all() and not np.mod(gaps, unit).any())

    def said(self) -> str:
        if self.unit == "u":
            return f"{self.count / SECOND:g} seconds"
        if self.unit == "s":
            for size, name in ((7 * DAY, "week"), (DAY, "day"), (3600, "hour"), (60, "minute")):
                if self.count % size == 0:
                    n = self.count // size
                    return f"{n} {name}{'s' if n > 1 else ''}"
        if self.unit == "M" and self.count % 12 == 0:
            return f"{self.count // 12} year{'s' if self.count > 12 else ''}"
        names = {"s": "second", "M": "month", "B": "business day", "i": "number"}
        return f"{self.count} {names[self.unit]}{'s' if self.count > 1 else ''}"


_FREQ = re.compile(r"(\d{0,9})\s*([A-Za-z]+)")
_STEPS = {
    "s": ("s", 1), "sec": ("s", 1), "t": ("s", 60), "min": ("s", 60), "h": ("s", 3600), "hour": ("s", 3600),
    "d": ("s", DAY), "day": ("s", DAY), "w": ("s", 7 * DAY), "week": ("s", 7 * DAY),
    "m": ("M", 1), "ms": ("M", 1), "me": ("M", 1), "month": ("M", 1), "q": ("M", 3), "qs": ("M", 3), "qe": ("M", 3),
    "y": ("M", 12), "ys": ("M", 12), "ye": ("M", 12), "year": ("M", 12), "b": ("B", 1),
}  # fmt: skip


def step_of(times: Array, freq: str | None = None, zone: dt.tzinfo | None = None) -> tuple[Step, Array]:
    """The step between the times, and which of them are no whole number of steps after the one before."""
    integers = np.issubdtype(times.dtype, np.integer)
    none = np.zeros(0, np.int64)
    times = times if integers else times.astype("M8[us]")
    if freq is not None:
        match = _FREQ.fullmatch(freq.strip())
        unit = _STEPS.get(match[2].lower()) if match else None
        count = unit[1] * int(match[1] or 1) if match and unit else 0
        if unit is None or not 0 < count < 1 << 40:
            raise UsageError(f"freq must be such as H, 30min, D, B, W or M, but came as {freq!r}.")
        if integers:
            raise UsageError("freq is for dates, but the times are plain numbers; leave it out.")
        months = unit[0] == "M" and len(times)
        return Step(unit[0], count, (_month_day(wall_of(times, zone)) or 0) if months else 0), none
    if len(times) < 2:
        return Step("i", 1), none
    if zone is not None:  # days and months are those on the wall; anything shorter is the same everywhere
        step, off = step_of(wall_of(times, zone))
        if step.whole_days:
            return step, off
    gaps = np.diff(times).astype(np.int64)
    common = int(Counter(gaps.tolist()).most_common(1)[0][0])
    if integers:
        step = Step("i", common)
    elif (whole := _by_calendar(times, gaps, common)) is not None:
        return whole, none
    else:
        step = Step("s", common // SECOND) if common % SECOND == 0 else Step("u", common)
    return step, np.flatnonzero(np.mod(gaps, common)) + 1


def _by_calendar(times: Array, gaps: Array, common: int) -> Step | None:
    """Months or business days, if the times keep to them."""
    day = DAY * SECOND
    if common >= 28 * day and (on := _month_day(times)) is not None:
        months = np.diff(times.astype("M8[M]").astype(np.int64))
        count = int(Counter(months.tolist()).most_common(1)[0][0])
        if count and not np.mod(months, count).any():
            return Step("M", count, on)
    if common == day and (gaps > day).any() and np.is_busday(times.astype("M8[D]")).all() and len(times) > 5:
        return Step("B", 1)
    return None


def _month_day(times: Array) -> int | None:
    """The day of the month that all times have: 0 if it is the same, 31 for ends of months; None if there is none."""
    days, lengths = _days_of(times)
    most = int(days.max())
    if most >= 28 and (days == lengths).all():
        return 31
    if (days == days[0]).all():
        return 0
    return most if most > 28 and (days == np.minimum(most, lengths)).all() else None


def _days_of(times: Array) -> tuple[Array, Array]:
    """Of each time the day of the month, and how many days its month has."""
    months = times.astype("M8[M]")
    begins = months.astype("M8[D]")
    lengths = ((months + 1).astype("M8[D]") - begins).astype(np.int64)
    return (times.astype("M8[D]") - begins).astype(np.int64) + 1, lengths
