"""Series of numbers: what `classify` reads, and what `forecast` reads and foresees.

As an input, a value is [T] or [T, C] numbers, NaN where one is missing; `fit` learns each channel's mean and deviation.

For forecasts, `gather` makes `Series` of a table's rows, and a codec with a `horizon` turns each into arrays, a row for
every step: `x` is what the model reads at t, and `affine` says in which units it answers there, so that

    value at t+1 .. t+horizon = loc + scale * z,    z what the model foresees.

`scaling="causal"` takes mean and scale from the series' own observed past, t included. They are running sums, added in
order in float64, so a series that comes step by step gives the same bits, and a new one needs no fit. `anchor` says
where loc is: at the running mean, the last value, or the value a season before the step that is foreseen.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from hitherto.errors import DataError, UsageError
from hitherto.marks import MISSING, Marks

__all__ = ["Series", "SeriesCodec", "SeriesStream", "gather", "naive_scale"]

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]

DAY = 86_400
# How many steps a season has, by the seconds of a step.
_SEASONS = {DAY: 7, 7 * DAY: 52, 3600: 24, 1800: 48, 900: 96, 600: 144, 300: 288, 60: 1440}
_PRIOR = 4.0  # how many observations the first guess of a scale counts for


@dataclass(frozen=True, slots=True)
class Step:
    """The time between two rows: `count` of `unit`, "s" seconds, "M" months, "B" business days or "i" numbers."""

    unit: str
    count: int

    def season(self) -> int:
        """How many steps a season has, as far as the step tells."""
        if self.unit == "M":
            return max(1, 12 // self.count)
        if self.unit == "B":
            return 5
        return _SEASONS.get(self.count, 1) if self.unit == "s" else 1

    def after(self, last: Any, count: int) -> Array:
        """The next `count` times."""
        steps = np.arange(1, count + 1) * self.count
        if self.unit == "i":
            return np.asarray(int(last) + steps)
        if self.unit == "M":
            month = np.datetime64(last, "M")
            times: Array = (
                (month + steps).astype("M8[D]") + (np.datetime64(last, "s") - month.astype("M8[s]"))
            ).astype("M8[s]")
            return times
        if self.unit == "B":
            return np.busday_offset(np.datetime64(last, "D"), steps, roll="forward").astype("M8[s]")
        return np.datetime64(last, "s") + steps.astype("m8[s]")

    def said(self) -> str:
        if self.unit == "s":
            for size, name in ((7 * DAY, "week"), (DAY, "day"), (3600, "hour"), (60, "minute")):
                if self.count % size == 0:
                    n = self.count // size
                    return f"{n} {name}{'s' if n > 1 else ''}"
        names = {"s": "second", "M": "month", "B": "business day", "i": "number"}
        return f"{self.count} {names[self.unit]}{'s' if self.count > 1 else ''}"


@dataclass
class Series:
    """One series: values at times; what is known of each step, `known`, reaches beyond the end."""

    id: str
    times: Array  # [T] datetime64[s], or int64
    values: Array  # [T, C] float64, NaN where missing
    names: list[str]
    step: Step = field(default_factory=lambda: Step("i", 1))
    known: Array = field(default_factory=lambda: np.zeros((0, 0), object))  # [T + ahead, K]
    static: Array = field(default_factory=lambda: np.zeros(0, object))  # [S]


# ----------------------------------------------------------------------------------------------- from rows to series


def gather(
    rows: Iterable[Mapping[str, Any]],
    *,
    target: Sequence[str],
    time: str | None = None,
    id: str | None = None,  # noqa: A002 - the option's name everywhere
    known: Sequence[str] = (),
    static: Sequence[str] = (),
    freq: str | None = None,
    marks: Marks | None = None,
) -> tuple[list[Series], list[str]]:
    """The series in a table's rows, and what was found out about them."""
    groups: dict[str, list[tuple[Any, int, list[float], list[Any], list[Any]]]] = {}
    marks = marks or Marks()
    for i, row in enumerate(rows):
        when = i if time is None else time_of(row[time], i, time)
        name = "" if id is None else str(row[id])
        values = [_number(row[c], i, c, marks) for c in target]
        groups.setdefault(name, []).append(
            (when, i, values, [marks.plain(row[c]) for c in known], [marks.plain(row[c]) for c in static])
        )
    if not groups:
        raise DataError("the data holds no rows")
    notes: list[str] = []
    found = [_series(name, own, target, time, known, freq, notes) for name, own in groups.items()]
    return found, list(dict.fromkeys(notes))


def _series(
    name: str,
    rows: list[tuple[Any, int, list[float], list[Any], list[Any]]],
    target: Sequence[str],
    time: str | None,
    known: Sequence[str],
    freq: str | None,
    notes: list[str],
) -> Series:
    said = f"series {name!r}: " if name else ""
    kinds = {isinstance(row[0], int) for row in rows}
    if len(kinds) > 1:
        raise DataError(f"{said}some times are numbers and some are dates", column=time)
    ordered = sorted(rows, key=lambda row: row[0])
    if ordered != rows:
        notes.append(f"{said}rows were not in the order of time; they were sorted")
    for before, after in pairwise(ordered):
        if before[0] == after[0]:
            raise DataError(
                f"{said}the time {written(after[0])} comes twice (also in row {before[1] + 1}). Many series in one "
                "table need a column that tells them apart: --id", row=after[1] + 1, column=time,
            )  # fmt: skip
    values = np.array([row[2] for row in ordered], np.float64).reshape(len(ordered), len(target))
    times = np.array([row[0] for row in ordered], np.int64 if kinds == {True} else "M8[s]")
    covariates = np.array([row[3] for row in ordered], object).reshape(len(ordered), len(known))
    step, irregular = step_of(times, freq)
    if irregular:
        notes.append(f"{said}{irregular}")
    else:
        times, values, covariates, filled = _fill(times, values, covariates, step)
        if filled:
            notes.append(f"{said}{filled} of {len(times)} steps were missing and stand as missing values")
    present = np.isfinite(values).any(1)
    if not present.any():
        raise DataError(f"{said}no value is present in column {', '.join(map(repr, target))}")
    end = len(values) if len(known) == 0 else int(np.flatnonzero(present)[-1]) + 1  # the rest is future
    if time is not None:
        notes.append(f"{said}rows are {step.said()} apart; --freq says otherwise")
    static = np.array(ordered[0][4], object)
    return Series(name, times[:end], values[:end], list(target), step, covariates, static)


def _number(value: Any, row: int, column: str, marks: Marks) -> float:
    try:
        found = marks.number(value)
    except ValueError as error:
        raise DataError(str(error), row=row + 1, column=column) from error
    if np.isinf(found):
        raise DataError("a value is infinite; leave it empty if it is missing", row=row + 1, column=column)
    return found


_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?:[ T](.+))?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](.+))?")


def time_of(value: Any, row: int = 0, column: str = "time") -> Any:
    """A datetime64[s] or an int."""
    if isinstance(value, np.datetime64):
        return value.astype("M8[s]")
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        return np.datetime64(value, "s")
    if isinstance(value, dt.date):
        return np.datetime64(value, "s")
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    text = str(value).strip().strip('"')
    if re.fullmatch(r"-?\d+(\.0*)?", text) and not re.fullmatch(r"(19|20)\d{6}", text):
        return int(float(text))
    try:
        return np.datetime64(_iso(text), "s")
    except ValueError as error:
        raise DataError(
            f"expected a time such as 2024-05-31 or 2024-05-31 18:30, but got {text!r:.40}",
            row=row + 1,
            column=column,
        ) from error


def _iso(text: str) -> str:
    slashed, dotted = _SLASHED.fullmatch(text), _DOTTED.fullmatch(text)
    if slashed:
        first, second, year, rest = slashed.groups()
        month, day = (second, first) if int(first) > 12 else (first, second)
        year = f"20{year}" if len(year) == 2 else year
        text = f"{year}-{int(month):02}-{int(day):02}" + (f" {rest}" if rest else "")
    elif dotted:
        day, month, year, rest = dotted.groups()
        text = f"{year}-{int(month):02}-{int(day):02}" + (f" {rest}" if rest else "")
    elif re.fullmatch(r"(19|20)\d{6}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    text = text.replace("/", "-").replace(" ", "T", 1)
    parsed = dt.datetime.fromisoformat(text if len(text) > 7 else f"{text}-01")
    return (parsed.astimezone(dt.UTC).replace(tzinfo=None) if parsed.tzinfo else parsed).isoformat()


_FREQ = re.compile(r"(\d*)\s*([A-Za-z]+)")
_UNITS = {
    "s": ("s", 1), "sec": ("s", 1), "t": ("s", 60), "min": ("s", 60), "h": ("s", 3600), "hour": ("s", 3600),
    "d": ("s", DAY), "day": ("s", DAY), "w": ("s", 7 * DAY), "week": ("s", 7 * DAY),
    "m": ("M", 1), "ms": ("M", 1), "me": ("M", 1), "month": ("M", 1), "q": ("M", 3), "qs": ("M", 3),
    "y": ("M", 12), "ys": ("M", 12), "year": ("M", 12), "b": ("B", 1),
}  # fmt: skip


def step_of(times: Array, freq: str | None) -> tuple[Step, str | None]:
    """The step between the times; and, where they do not keep to one, a sentence about it."""
    if freq is not None:
        match = _FREQ.fullmatch(freq.strip())
        unit = _UNITS.get(match[2].lower()) if match else None
        if match is None or unit is None:
            raise UsageError(f"freq must be such as H, 30min, D, B, W or M, but came as {freq!r}.")
        return Step(unit[0], unit[1] * int(match[1] or 1)), None
    if len(times) < 2:
        return Step("i", 1), None
    integers = np.issubdtype(times.dtype, np.integer)
    gaps = np.diff(times).astype(np.int64)
    common = int(Counter(gaps.tolist()).most_common(1)[0][0])
    if not integers:
        days = times.astype("M8[D]")
        months = days.astype("M8[M]").astype(np.int64)
        same_day = len(set((days - days.astype("M8[M]").astype("M8[D]")).astype(int).tolist())) == 1
        if same_day and common >= 28 * DAY:
            count = int(Counter(np.diff(months).tolist()).most_common(1)[0][0])
            if (np.diff(months) % count == 0).all():
                return Step("M", count), None
        if common == DAY and (gaps > DAY).any() and np.is_busday(days).all() and len(times) > 5:
            return Step("B", 1), None
    if (gaps % common == 0).all():
        return Step("i" if integers else "s", common), None
    off = int((gaps % common != 0).sum())
    step = Step("i" if integers else "s", common)
    first = times[int(np.flatnonzero(gaps % common != 0)[0]) + 1]
    usual = f"{off} of {len(gaps)} steps are not a multiple of the usual {step.said()}"
    return step, f"{usual}, the first at {written(first)}; they are kept as they are"


def _fill(times: Array, values: Array, known: Array, step: Step) -> tuple[Array, Array, Array, int]:
    """Missing steps as rows of missing values; holidays of business days are no steps."""
    if step.unit == "B" or len(times) < 2:
        return times, values, known, 0
    if step.unit == "M":
        months = times.astype("M8[M]").astype(np.int64)
        place = (months - months[0]) // step.count
    else:
        place = (times - times[0]).astype(np.int64) // step.count
    total = int(place[-1]) + 1
    if total == len(times):
        return times, values, known, 0
    if total > 20 * len(times):
        raise DataError(
            f"{total:,} steps of {step.said()} lie between the first time and the last, but only {len(times):,} rows; "
            "say the step: --freq"
        )
    every = np.concatenate([times[:1], step.after(times[0], total - 1)]).astype(times.dtype)
    full = np.full((total, values.shape[1]), np.nan)
    full[place] = values
    covariates = np.full((total, known.shape[1]), None, object)
    covariates[place] = known
    return every, full, covariates, total - len(times)


def written(time: Any) -> str:
    """A time as a person writes it."""
    return str(time).replace("T", " ").removesuffix(" 00:00:00")


def naive_scale(values: Array, season: int = 1) -> Array:
    """The mean distance of values a season apart, [C]: what MASE divides by."""
    values = np.asarray(values, np.float64).reshape(len(values), -1)
    season = season if len(values) > season else 1
    apart = np.abs(values[season:] - values[:-season])
    counts = np.isfinite(apart).sum(0)
    return np.where(counts > 0, np.nansum(apart, 0) / np.maximum(counts, 1), np.nan)


# ------------------------------------------------------------------------------------------------------- the codec


class SeriesCodec:
    """Numbers to arrays; made by `fit`."""

    kind: ClassVar[str] = "series"

    def __init__(self, **kept: Any) -> None:
        self.horizon: int = kept["horizon"]  # 0 where nothing is forecast
        self.channels: int = kept["channels"]
        self.scaling: str = kept["scaling"]
        self.anchor: str = kept["anchor"]
        self.season: int = kept["season"]
        self.mask: bool = kept["mask"]  # whether channels say what is missing
        self.mean = np.asarray(kept["mean"], np.float64)  # [C], of the training data
        self.deviation = np.asarray(kept["deviation"], np.float64)
        self.calendar: list[str] = list(kept["calendar"])
        self.known: list[dict[str, Any]] = kept["known"]
        self.static: list[dict[str, Any]] = kept["static"]
        self.notes: list[str] = []

    @property
    def size(self) -> int:
        """How many numbers a step has."""
        extra = sum(map(_width, self.static)) + max(1, self.horizon) * sum(map(_width, self.known))
        return self.channels * (1 + self.mask) + 2 * len(self.calendar) + extra

    @classmethod
    def fit(
        cls,
        values: Iterable[Any],
        *,
        horizon: int = 0,
        season: int | None = None,
        scaling: str = "train",
        anchor: str = "last",
        calendar: bool | Sequence[str] = True,
        mask: bool | None = None,
    ) -> "SeriesCodec":
        """Learn from training data: arrays, or `Series` where there is a horizon."""
        _expect("scaling", scaling, ("causal", "train", "counts", "none"))
        _expect("anchor", anchor, ("mean", "last", "season", "none"))
        given = list(values)
        arrays = [v.values if isinstance(v, Series) else _array(v) for v in given]
        if not arrays:
            raise DataError("there are no series to learn from")
        widths = Counter(a.shape[1] for a in arrays)
        if len(widths) > 1:
            raise DataError(f"all series need the same number of channels, but there are {sorted(widths)}")
        notes: list[str] = []
        first = given[0]
        forecast = isinstance(first, Series)
        if forecast:
            longest = max(len(a) for a in arrays)
            if horizon < 1:
                raise UsageError(f"a forecast needs a horizon of 1 at least, but it is {horizon}.")
            if longest <= horizon:
                raise DataError(
                    f"the longest series has {longest} steps, too few to forecast {horizon} of them; give more "
                    "data or a smaller horizon"
                )
            if season is None:
                season = first.step.season()
                if longest < 2 * season:
                    season = 1
                notes.append(f"a season has {season} steps; --season says otherwise")
        whole = np.concatenate(arrays)
        missing = ~np.isfinite(whole)
        counts = np.maximum((~missing).sum(0), 1)
        mean = np.where(missing, 0, whole).sum(0) / counts
        deviation = np.sqrt(np.where(missing, 0, (whole - mean) ** 2).sum(0) / counts)
        deviation = np.where(deviation > 1e-12 * np.maximum(np.abs(mean), 1e-300), deviation, 1.0)
        kept = {
            "horizon": horizon,
            "channels": arrays[0].shape[1],
            "scaling": scaling,
            "anchor": anchor,
            "season": season or 1,
            "mask": bool(missing.any()) if mask is None else mask,
            "mean": mean,
            "deviation": deviation,
            "calendar": _calendar(first, calendar) if forecast else [],
            "known": _columns([s.known for s in given]) if forecast else [],
            "static": _columns([s.static[None] for s in given]) if forecast else [],
        }
        codec = cls(**kept)
        codec.notes = notes
        return codec

    # ---- arrays

    def encode(self, value: Any) -> Arrays:
        """A row for each step: `x` [T, F]; of a `Series` also `target`, and what `affine` reads."""
        if not isinstance(value, Series):
            array = _array(value)
            self._check_width(array)
            return {"x": self._scaled(array, self.mean, self.deviation)}
        self._check_width(value.values)
        stream = SeriesStream(self)
        found = stream._advance(value.values, value.times)
        T = len(value.values)
        parts = [found.pop("x")]
        if self.known:
            parts.append(self._ahead(value.known, T))
        if self.static:
            parts.append(np.repeat(_encoded(value.static[None], self.static), T, 0))
        return {"x": np.concatenate(parts, 1), "target": np.asarray(value.values, np.float64), **found}

    def _check_width(self, array: Array) -> None:
        if array.shape[1] != self.channels:
            raise DataError(f"expected {self.channels} channels, as in training, but got {array.shape[1]}")
        if np.isinf(array).any():
            t, c = np.argwhere(np.isinf(array))[0]
            raise DataError(
                f"the value of channel {c + 1} at step {t + 1} is infinite; leave it empty if it is missing"
            )

    def _scaled(self, values: Array, mean: Array, scale: Array) -> Array:
        """Standardised, 0 where missing, and a channel each that says so."""
        present = np.isfinite(values)
        x = np.where(present, (np.where(present, values, 0) - mean) / scale, 0)
        x = np.clip(x, -1e6, 1e6)
        return np.concatenate([x, present], 1).astype(np.float32) if self.mask else x.astype(np.float32)

    def _ahead(self, known: Array, T: int) -> Array:
        """What is known of t+1 .. t+horizon, [T, horizon * K]; zeros beyond what was given."""
        rows = _encoded(known, self.known)
        padded = np.concatenate(
            [rows, np.zeros((max(0, T + self.horizon - len(rows)), rows.shape[1]), np.float32)]
        )
        at = np.arange(T)[:, None] + 1 + np.arange(self.horizon)
        found: Array = padded[at].reshape(T, -1)
        return found

    def _season_before(self, start: int, stop: int) -> Array:
        """For each t and each step of its horizon: the newest step of the same phase that is not after t."""
        h = np.arange(1, self.horizon + 1)
        return np.arange(start, stop)[:, None] + h - self.season * -(-h // self.season)

    def _seasonal(self, arrays: Arrays, start: int, stop: int) -> Array:
        at = self._season_before(start, stop)
        values = arrays["filled"][np.maximum(at, 0)]
        return np.where((at >= 0)[..., None], values, arrays["last"][start:stop, None])

    def affine(self, arrays: Arrays, start: int, stop: int) -> tuple[Array, Array]:
        """Where and how wide: loc [n, horizon, C] and scale [n, 1, C] of forecasts made at start..stop-1."""
        scale = arrays["scale"][start:stop, None]
        if self.anchor == "season":
            return self._seasonal(arrays, start, stop), scale
        flat = {"mean": "mean", "last": "last"}.get(self.anchor)
        loc = np.zeros_like(arrays["mean"][start:stop]) if flat is None else arrays[flat][start:stop]
        return np.repeat(loc[:, None], self.horizon, 1), scale

    def targets(self, arrays: Arrays, start: int, stop: int) -> Array:
        """The z [n, horizon, C] of the true future; NaN where it is missing or beyond the end."""
        loc, scale = self.affine(arrays, start, stop)
        return ((self._future(arrays, start, stop) - loc) / scale).astype(np.float32)

    def _future(self, arrays: Arrays, start: int, stop: int) -> Array:
        target = arrays["target"]
        at = np.arange(start, stop)[:, None] + 1 + np.arange(self.horizon)
        return np.where((at < len(target))[..., None], target[np.minimum(at, len(target) - 1)], np.nan)

    def window(self, arrays: Arrays, start: int, stop: int) -> Arrays:
        """What a training batch takes of steps start..stop-1."""
        return {
            "x": arrays["x"][start:stop],
            "y": self.targets(arrays, start, stop),
            "scale": arrays["scale"][start:stop, None].astype(np.float32),
        }

    def ahead(self, arrays: Arrays, stream: "SeriesStream") -> tuple[Array, Array]:
        """`affine` of the step that a stream has just taken: loc [horizon, C] and scale [1, C]."""
        filled = stream.state["season"]  # the newest, as many as a season has
        steps = {name: np.broadcast_to(arrays[name][-1:], filled.shape) for name in ("mean", "scale", "last")}
        steps["filled"] = np.where(np.isfinite(filled), filled, steps["mean"])
        loc, scale = self.affine(steps, len(filled) - 1, len(filled))
        return loc[0], scale[0]

    def naive(self, arrays: Arrays, start: int, stop: int) -> Array:
        """The seasonal naive forecast made at each t: the values of a season before."""
        return self._seasonal(arrays, start, stop)

    def future_times(self, series: Series) -> Array:
        return series.step.after(series.times[-1], self.horizon)

    def stream(self) -> "SeriesStream":
        return SeriesStream(self)

    def decode(self, array: Any) -> Array:
        """Values from standardised ones, of an input."""
        return np.asarray(array, np.float64)[..., : self.channels] * self.deviation + self.mean

    # ---- keeping

    def to_json(self) -> dict[str, Any]:
        return {
            "horizon": self.horizon, "channels": self.channels, "scaling": self.scaling, "anchor": self.anchor,
            "season": self.season, "mask": self.mask, "mean": self.mean.tolist(), "deviation": self.deviation.tolist(),
            "calendar": self.calendar, "known": self.known, "static": self.static,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], _parts: Mapping[str, list[str]]) -> "SeriesCodec":
        return cls(**document)


class SeriesStream:
    """A series that comes step by step; `state` is all that it remembers."""

    def __init__(self, codec: SeriesCodec) -> None:
        self.codec = codec
        C = codec.channels
        self.state: Arrays = {
            "count": np.zeros(C), "first": np.zeros(C), "sum": np.zeros(C), "squares": np.zeros(C),
            "size": np.zeros(C), "last": np.full(C, np.nan), "season": np.zeros((0, C)),
        }  # fmt: skip

    def push(
        self, values: Any, times: Array | None = None, known: Array | None = None, static: Array | None = None
    ) -> Arrays:
        """The arrays of these steps, [n, C] values with NaN where missing, as `encode` gives them for the whole.

        `known` are the covariates of the horizon after each step, [n, horizon, K]; `times` are needed for the calendar.
        """
        codec = self.codec
        array = np.atleast_2d(np.asarray(values, np.float64))
        codec._check_width(array)
        if not codec.horizon:
            return {"x": codec._scaled(array, codec.mean, codec.deviation)}
        if codec.calendar and times is None:
            raise UsageError("this model reads the calendar: push times with the values.")
        parts = []  # all that may be refused comes before the state moves on
        if codec.known:
            if known is None:
                raise UsageError("this model reads covariates known in advance: push known with the values.")
            rows = np.asarray(known, object).reshape(len(array) * codec.horizon, -1)
            parts.append(_encoded(rows, codec.known).reshape(len(array), -1))
        if codec.static:
            if static is None:
                raise UsageError(
                    "this model reads what stays the same along a series: push static with the values."
                )
            parts.append(np.repeat(_encoded(np.asarray(static, object)[None], codec.static), len(array), 0))
        found = self._advance(array, times)
        return found | {"x": np.concatenate([found["x"], *parts], 1)}

    def finish(self) -> Arrays:
        return {"x": np.zeros((0, self.codec.size), np.float32)}

    def _advance(self, values: Array, times: Array | None) -> Arrays:
        codec, state = self.codec, self.state
        n = len(values)
        present = np.isfinite(values)
        some = np.where(present, values, 0.0)

        def running(name: str, added: Array) -> Array:
            """The sum at every step: added one after the other, as it would be in any chunks."""
            total = np.cumsum(np.concatenate([state[name][None], added]), 0)[1:]
            if n:
                state[name] = total[-1].copy()
            return total

        count_before = state["count"].copy()
        count = running("count", present.astype(np.float64))
        if n:  # sums are of distances from the first value, which keeps their digits
            for c in np.flatnonzero((count_before == 0) & (count[-1] > 0)):
                state["first"][c] = values[np.flatnonzero(present[:, c])[0], c]
        away = np.where(present, some - state["first"], 0.0)
        total, squares = running("sum", away), running("squares", away * away)
        size = running("size", np.abs(some))
        at_least = np.maximum(count, 1)
        mean = np.where(count > 0, state["first"] + total / at_least, 0.0)
        if codec.scaling == "train":
            mean, scale = (
                np.broadcast_to(codec.mean, mean.shape),
                np.broadcast_to(codec.deviation, mean.shape),
            )
        elif codec.scaling == "none":
            mean, scale = np.zeros_like(mean), np.ones_like(mean)
        elif codec.scaling == "counts":
            mean, scale = np.zeros_like(mean), np.maximum(size / at_least, 0.1)
        else:
            usual = 0.1 * size / at_least
            spread = np.maximum(squares - total * total / at_least, 0.0)
            scale = np.sqrt((spread + _PRIOR * usual * usual) / (count + _PRIOR))
            scale = np.where(count > 0, np.maximum(scale, 1e-6 * size / at_least), 1.0)
            scale = np.where(scale > 0, scale, 1.0)
        last, filled = self._carried(values, present, mean)
        x = codec._scaled(values, mean, scale)
        if codec.calendar:
            x = np.concatenate([x, _calendar_of(np.asarray(times), codec.calendar)], 1)
        return {"x": x, "mean": mean, "scale": scale, "last": last, "filled": filled}

    def _carried(self, values: Array, present: Array, mean: Array) -> tuple[Array, Array]:
        """The last value observed at each step; and each value, or what stands for one that is missing."""
        state, season = self.state, self.codec.season
        n = len(values)
        before = len(state["season"])
        filled = np.concatenate([state["season"], values])
        last = np.empty_like(values)
        now = state["last"].copy()
        if present.all():
            last[:] = values
        else:
            for t in range(n):
                now = np.where(present[t], values[t], now)
                last[t] = now
                gap = ~present[t]
                if gap.any():
                    at = before + t
                    past = filled[at - season] if at >= season else now
                    filled[at] = np.where(gap, np.where(np.isfinite(past), past, now), filled[at])
        last = np.where(np.isfinite(last), last, mean)
        out = filled[before:]
        out = np.where(np.isfinite(out), out, mean)
        if n:
            state["last"] = np.where(present.any(0), _last_present(values, present), state["last"])
            state["season"] = filled[max(0, len(filled) - season) :].copy()
        return last, out


# ------------------------------------------------------------------------------------------------------ parts


def _last_present(values: Array, present: Array) -> Array:
    n = len(values)
    at = n - 1 - np.argmax(present[::-1], 0)
    found: Array = values[at, np.arange(values.shape[1])]
    return found


def _expect(option: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise UsageError(f"{option} must be one of {', '.join(map(repr, allowed))}, but came as {value!r}.")


def _array(value: Any) -> Array:
    """[T, C] float64 of what a user gives."""
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"expected numbers, as many in each row, but got {value!r:.60}") from error
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise DataError(f"expected [T] or [T, C] numbers, but got {array.ndim} dimensions")
    if np.isinf(array).any():
        t, c = np.argwhere(np.isinf(array))[0]
        raise DataError(
            f"the value of channel {c + 1} at step {t + 1} is infinite; leave it empty if it is missing"
        )
    return array


_PERIODS = {"hour": DAY, "weekday": 7 * DAY}


def _calendar(series: Series, wanted: bool | Sequence[str]) -> list[str]:
    """Which features of the calendar make sense for steps like these."""
    if not isinstance(wanted, bool):
        for name in wanted:
            _expect("calendar", name, ("hour", "weekday", "year"))
        return list(wanted)
    step = series.step
    if not wanted or step.unit == "i" or np.issubdtype(series.times.dtype, np.integer):
        return []
    if step.unit == "B":
        return ["weekday", "year"]
    if step.unit == "M":
        return ["year"] if step.count < 12 else []
    span = step.count * len(series.times)
    names = [name for name, period in _PERIODS.items() if step.count < period and span >= 2 * period]
    return names + (["year"] if span >= 365 * DAY else [])


def _calendar_of(times: Array, names: Sequence[str]) -> Array:
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


def _columns(tables: Sequence[Array]) -> list[dict[str, Any]]:
    """How each column is encoded: a number by its mean and deviation, anything else one of its values."""
    whole = np.concatenate(tables) if tables else np.zeros((0, 0), object)
    found: list[dict[str, Any]] = []
    for c in range(whole.shape[1]):
        values = [
            v
            for v in whole[:, c]
            if v is not None and not (isinstance(v, str) and v.strip().lower() in MISSING)
        ]
        try:
            numbers = np.array([float(v) for v in values])
            spread = float(numbers.std()) if len(numbers) else 0.0
            found.append({"mean": float(numbers.mean()) if len(numbers) else 0.0, "deviation": spread or 1.0})
        except (TypeError, ValueError):
            found.append({"classes": sorted({str(v) for v in values})})
    return found


def _width(column: Mapping[str, Any]) -> int:
    return len(column["classes"]) if "classes" in column else 1


def _encoded(table: Array, columns: Sequence[Mapping[str, Any]]) -> Array:
    """[N, widths] float32; what is missing or was never seen is zeros."""
    parts = []
    for c, column in enumerate(columns):
        if "classes" in column:
            place = {name: i for i, name in enumerate(column["classes"])}
            part = np.zeros((len(table), len(place)), np.float32)
            for i, value in enumerate(table[:, c]):
                if str(value) in place:
                    part[i, place[str(value)]] = 1
        else:
            numbers = np.array([_or_missing(v) for v in table[:, c]])
            part = np.nan_to_num((numbers - column["mean"]) / column["deviation"])[:, None].astype(np.float32)
        parts.append(part)
    return np.concatenate(parts, 1)


def _or_missing(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan
