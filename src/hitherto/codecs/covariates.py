"""What a forecast reads beside the values: the calendar, and columns that are known in advance."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType

from hitherto.arrays import Array
from hitherto.bounds import Positive, Real
from hitherto.data.marks import MISSING, Cell
from hitherto.data.series import Series
from hitherto.errors import DataError, UsageError
from hitherto.times.steps import DAY

__all__ = ["Covariate", "calendar_for", "calendar_of", "columns_of", "encoded", "expect", "width_of"]


class Covariate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says of a column that is known in advance: its classes, or the statistics of its numbers."""

    classes: Annotated[list[str], Meta(min_length=1)] | UnsetType = UNSET
    mean: Real | UnsetType = UNSET
    deviation: Positive | UnsetType = UNSET

    def example(self) -> str | float:
        """A value of the column."""
        return self.classes[0] if self.classes else float(self.mean or 0)


def expect(option: str, value: str, allowed: Sequence[str]) -> None:
    """An error where an option has another value than those allowed."""
    if value not in allowed:
        raise UsageError(f"{option} must be one of {', '.join(map(repr, allowed))}, but came as {value!r}.")


_PERIODS = {"hour": DAY, "weekday": 7 * DAY}


def calendar_for(series: Series, wanted: bool | Sequence[str]) -> list[str]:
    """Which features of the calendar make sense for steps like these."""
    if not isinstance(wanted, bool):
        for name in wanted:
            expect("calendar", name, ("hour", "weekday", "year"))
        return list(wanted)
    step = series.step
    if not wanted or step.unit == "i" or np.issubdtype(series.times.dtype, np.integer):
        return []
    if step.unit == "B":
        return ["weekday", "year"]
    if step.unit == "M":
        return ["year"] if step.count < 12 else []
    span = step.seconds * len(series.times)
    names = [name for name, period in _PERIODS.items() if step.seconds < period and span >= 2 * period]
    return names + (["year"] if span >= 365 * DAY else [])


def calendar_of(times: Array, names: Sequence[str]) -> Array:
    """Sine and cosine of the hour of the day, the day of the week and the day of the year."""
    seconds = times.astype("M8[s]").astype(np.int64)
    columns = []
    for name in names:
        if name == "year":
            years = times.astype("M8[Y]")
            begin = years.astype("M8[s]").astype(np.int64)
            length = (years + 1).astype("M8[s]").astype(np.int64) - begin
            share = (seconds - begin) / length
        else:
            period = _PERIODS[name]
            share = (
                (seconds + (3 * DAY if name == "weekday" else 0)) % period
            ) / period  # 1970 began on a Thursday
        columns += [np.sin(2 * np.pi * share), np.cos(2 * np.pi * share)]
    return np.stack(columns, 1).astype(np.float32)


def columns_of(tables: Sequence[Array]) -> list[Covariate]:
    """How each column is encoded: a number by its mean and deviation, anything else one of its values."""
    whole = np.concatenate(tables) if tables else np.zeros((0, 0), object)
    columns: list[Covariate] = []
    for c in range(whole.shape[1]):
        values = [
            v
            for v in whole[:, c]
            if v is not None and not (isinstance(v, str) and v.strip().lower() in MISSING)
        ]
        try:
            numbers = np.array([float(v) for v in values])
            spread = float(numbers.std()) if len(numbers) else 0.0
            mean = float(numbers.mean()) if len(numbers) else 0.0
            columns.append(Covariate(mean=mean, deviation=spread or 1.0))
        except (TypeError, ValueError):
            columns.append(Covariate(classes=sorted({str(v) for v in values})))
    return columns


def width_of(column: Covariate) -> int:
    return 1 if column.classes is UNSET else len(column.classes)


def encoded(table: Array, columns: Sequence[Covariate]) -> Array:
    """[N, widths] float32; what is missing or was never seen is zeros."""
    if table.shape[1:] != (len(columns),):
        raise DataError(
            f"expected {len(columns)} covariates of each step, but got the shape {list(table.shape)}"
        )
    parts = []
    for c, column in enumerate(columns):
        if column.classes is not UNSET:
            place = {name: i for i, name in enumerate(column.classes)}
            part = np.zeros((len(table), len(place)), np.float32)
            for i, value in enumerate(table[:, c]):
                if str(value) in place:
                    part[i, place[str(value)]] = 1
        else:
            numbers = np.array([_or_missing(v) for v in table[:, c]])
            part = np.nan_to_num((numbers - float(column.mean or 0)) / float(column.deviation or 1))[
                :, None
            ].astype(np.float32)
        parts.append(part)
    return np.concatenate(parts, 1)


def _or_missing(value: Cell) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan
