"""Clocks on the wall and times in UTC: a day of 23 hours in spring, an hour that comes twice in autumn."""

import datetime as dt
import re
from zoneinfo import ZoneInfo, available_timezones

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError, nearest

__all__ = ["offset_of", "resolve", "twice", "utc_of", "wall_of", "zone_of"]


EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - on the wall


def offset_of(text: str) -> int:
    if text[0] not in "+-":
        return 0
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("no offset")
    return (hours * 3600 + minutes * 60) * (-1 if text[0] == "-" else 1)


def zone_of(name: str) -> dt.tzinfo:
    """The zone of a name such as Europe/Berlin, UTC or +01:00."""
    if name.upper() in ("UTC", "GMT", "Z"):
        return dt.UTC
    if re.fullmatch(r"[+-]\d{1,2}(:?\d{2})?", name):
        sign, rest = name[0], name[1:]
        hours, minutes = re.fullmatch(r"(\d{1,2}):?(\d{2})?", rest).groups()  # type: ignore[union-attr]
        try:
            return dt.timezone(dt.timedelta(seconds=offset_of(f"{sign}{int(hours):02}:{minutes or '00'}")))
        except ValueError as error:
            raise UsageError(f"timezone must be such as +01:00, but came as {name!r}.") from error
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        known = available_timezones()
        where = "" if known else " This machine has no zones: pip install tzdata."
        raise UsageError(
            f"there is no time zone {name!r:.60}; expected such as Europe/Berlin, UTC or +01:00."
            f"{nearest(name, known)}{where}"
        ) from error


def resolve(wall: int, zone: dt.tzinfo, later: bool = False) -> int:
    """Microseconds in UTC of a time on the wall; a ValueError where clocks skip it."""
    naive = EPOCH + dt.timedelta(microseconds=wall)
    shift = _shift(naive.replace(tzinfo=zone, fold=int(later)))
    utc = wall - shift
    if isinstance(zone, dt.timezone):
        return utc
    try:
        back = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=utc)
        same = back.astimezone(zone).replace(tzinfo=None) == naive
    except OverflowError:
        return utc
    if not same:
        raise ValueError(
            f"there was no {naive} in {zone}, as clocks went forward; if these clocks never do, give the offset as the "
            "zone (--timezone +01:00) or leave it out"
        )
    return utc


def _shift(when: dt.datetime) -> int:
    offset = when.utcoffset()
    return 0 if offset is None else offset // dt.timedelta(microseconds=1)


def twice(wall: int, zone: dt.tzinfo | None) -> bool:
    """Whether a time on the wall comes twice, as clocks go back."""
    if zone is None or isinstance(zone, dt.timezone):
        return False
    naive = (EPOCH + dt.timedelta(microseconds=wall)).replace(tzinfo=zone)
    return _shift(naive) > _shift(naive.replace(fold=1))


def wall_of(times: Array, zone: dt.tzinfo | None) -> Array:
    """What clocks in the zone show at these times in UTC."""
    if zone is None or np.issubdtype(times.dtype, np.integer) or not len(times):
        return times
    micros = times.astype("M8[us]")
    days, place = np.unique(micros.astype("M8[D]"), return_inverse=True)
    begin, end = (_shifts((days + k).astype("M8[us]"), zone) for k in (0, 1))
    shifts = begin[place]
    moved = (begin != end)[place]  # the days on which clocks are changed
    shifts[moved] = _shifts(micros[moved], zone)
    wall: Array = micros + shifts.astype("m8[us]")
    return wall


def _shifts(times: Array, zone: dt.tzinfo) -> Array:
    shifts = []
    for micros in times.astype("M8[us]").astype(np.int64).tolist():
        try:
            when = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)
            shifts.append(_shift(when.astimezone(zone)))
        except OverflowError:  # the last day of the year 9999
            shifts.append(shifts[-1] if shifts else 0)
    return np.array(shifts, np.int64)


def utc_of(wall: Array, zone: dt.tzinfo | None) -> Array:
    """The times in UTC at which clocks in the zone show these: moved on where clocks skip them."""
    if zone is None:
        return wall
    moments = []
    for micros in wall.astype("M8[us]").astype(np.int64).tolist():
        naive = (EPOCH + dt.timedelta(microseconds=micros)).replace(tzinfo=zone)
        moments.append(micros - _shift(naive))
    return np.array(moments, "M8[us]")
