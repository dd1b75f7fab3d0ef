"""Series of numbers: what `classify` reads, and what `forecast` reads and predicts.

As an input, a value is [T] or [T, C] numbers, NaN where one is missing; `fit` learns each channel's mean and deviation.

For forecasts, `gather` makes `Series` of a table's rows, and a codec with a `horizon` turns each into arrays, a row for
every step: `x` is what the model reads at t, and `affine` says in which units it answers there, so that

    value at t+1 .. t+horizon = loc + scale * z,    where z is what the model predicts.

`scaling="causal"` takes mean and scale from the series' own observed past, t included. They are running sums, added in
order in float64, so a series that comes step by step gives the same bits, and a new one needs no fit. `anchor` says
which loc is used: the running mean, the last value, or the value one season before the predicted step.

With a `window` a step is the series' last values, [channels, window], in units of the window itself: its last value or
its mean, and its deviation. Then `rows` makes what the model reads, of the steps that are asked for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType

from hitherto.arrays import Array
from hitherto.bounds import WIDEST, Positive, Real, Size, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.codecs.covariates import (
    Covariate,
    calendar_for,
    calendar_of,
    columns_of,
    encoded,
    expect,
    width_of,
)
from hitherto.codecs.lookback import cut, units
from hitherto.codecs.number import LARGEST
from hitherto.data.series import MOST, Series
from hitherto.errors import DataError, UsageError
from hitherto.slots import LATE, Slot, Slots
from hitherto.times import Step

__all__ = ["SeriesCodec", "SeriesStream", "naive_scale"]

Arrays = dict[str, Array]
SMALLEST = 1e-100  # of the scales: the square of a smaller one is 0
_PRIOR = 4.0  # how many observations the first guess of a scale counts for


def naive_scale(values: Array, season: int = 1) -> Array:
    """The mean distance of values a season apart, [C]: what MASE divides by."""
    values = np.asarray(values, np.float64)
    values = values if values.ndim == 2 else values.reshape(-1, 1)
    season = season if len(values) > season else 1
    apart = np.abs(values[season:] - values[:-season])
    counts = np.isfinite(apart).sum(0)
    return np.where(counts > 0, np.nansum(apart, 0) / np.maximum(counts, 1), np.nan)


# ------------------------------------------------------------------------------------------------------- the codec


class StepDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says of the time between two rows."""

    unit: Literal["s", "u", "M", "B", "i"]
    count: Annotated[int, Meta(ge=1, le=1 << 62)]
    day: Annotated[int, Meta(ge=0, le=31)] = 0


class SeriesDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of `SeriesCodec` in a bundle."""

    horizon: Annotated[int, Meta(ge=0, le=WIDEST)]
    channels: Size
    scaling: Literal["causal", "train", "counts", "none"]
    anchor: Literal["mean", "last", "season", "none"]
    season: Size
    mask: bool
    mean: list[Real]
    deviation: list[Positive]
    calendar: list[Literal["hour", "weekday", "year"]]
    known: list[Covariate]
    static: list[Covariate]
    step: StepDocument | UnsetType = UNSET  # the same in all series of training, if there is one
    window: Size | UnsetType = UNSET  # values that a step looks back on; without it a step is its own value


class SeriesCodec(Codec):
    """Numbers to arrays; made by `fit`."""

    kind = "series"
    options = ("horizon", "season", "scaling", "anchor", "calendar")
    Document = SeriesDocument
    streams = True

    def __init__(
        self,
        *,
        horizon: int,
        channels: int,
        scaling: str,
        anchor: str,
        season: int,
        mask: bool,
        mean: Sequence[float] | Array,
        deviation: Sequence[float] | Array,
        calendar: Sequence[str],
        known: Sequence[Covariate],
        static: Sequence[Covariate],
        step: Step | None = None,
        window: int = 0,
    ) -> None:
        self.horizon = horizon  # 0 where nothing is forecast
        self.channels = channels
        self.scaling = scaling
        self.anchor = anchor
        self.season = season
        self.mask = mask  # whether channels say what is missing
        self.mean = np.asarray(mean, np.float64)  # [C], of the training data
        self.deviation = np.asarray(deviation, np.float64)
        self.calendar = list(calendar)
        self.known = list(known)
        self.static = list(static)
        self.step = step  # the same in all series of training, if there is one
        self.window = window  # values that a step looks back on; 0: a step is its own value
        self.notes = []

    @property
    def size(self) -> int:
        """How many numbers a step has."""
        return self.channels * max(1, self.window) * (1 + self.mask) + sum(self.beside)

    @property
    def beside(self) -> tuple[int, int]:
        """How many numbers a step has beside the values: of its own, and of the steps ahead."""
        ahead = max(1, self.horizon) * sum(map(width_of, self.known))
        return 2 * len(self.calendar) + sum(map(width_of, self.static)), ahead

    @classmethod
    def fit(
        cls,
        values: Iterable[object],
        *,
        horizon: int = 0,
        season: int | None = None,
        scaling: str = "train",
        anchor: str = "last",
        calendar: bool | Sequence[str] = True,
        mask: bool | None = None,
        lookback: int = 0,
    ) -> "SeriesCodec":
        """Learn from training data: arrays, or `Series` where there is a horizon, and a window of `lookback` values."""
        expect("scaling", scaling, ("causal", "train", "counts", "none"))
        expect("anchor", anchor, ("mean", "last", "season", "none"))
        values = list(values)
        arrays = [v.values if isinstance(v, Series) else _array(v) for v in values]
        # With a Series first, all are: it forecasts.
        series = (
            [v for v in values if isinstance(v, Series)] if values and isinstance(values[0], Series) else []
        )
        if not arrays:
            raise DataError("there are no series to learn from")
        widths = Counter(a.shape[1] for a in arrays)
        if len(widths) > 1:
            raise DataError(f"all series need the same number of channels, but there are {sorted(widths)}")
        notes: list[str] = []
        if series:
            longest = max(len(a) for a in arrays)
            if horizon < 1:
                raise UsageError(f"a forecast needs a horizon of 1 at least, but it is {horizon}.")
            if longest <= horizon:
                raise DataError(
                    f"the longest series has {longest} steps, too few to forecast {horizon} of them; give more "
                    "data or a smaller horizon"
                )
            if season is None:
                season = series[0].step.season()
                if longest < 2 * season:
                    season = 1
                notes.append(f"a season has {season} steps; --season says otherwise")
        whole = np.concatenate(arrays)
        missing = ~np.isfinite(whole)
        counts = np.maximum((~missing).sum(0), 1)
        mean = np.where(missing, 0, whole).sum(0) / counts
        deviation = np.sqrt(np.where(missing, 0, (whole - mean) ** 2).sum(0) / counts)
        deviation = np.where(deviation > np.maximum(1e-12 * np.abs(mean), SMALLEST), deviation, 1.0)
        steps = {s.step for s in series}
        codec = cls(
            horizon=horizon,
            channels=arrays[0].shape[1],
            scaling=scaling,
            anchor=anchor,
            season=season or 1,
            mask=bool(missing.any()) if mask is None else mask,
            mean=mean,
            deviation=deviation,
            calendar=calendar_for(series[0], calendar) if series else [],
            known=columns_of([s.known for s in series]),
            static=columns_of([s.static[None] for s in series]),
            step=series[0].step if len(steps) == 1 and all(s.regular for s in series) else None,
            window=lookback if series else 0,
        )
        codec.notes = notes
        return codec

    # ---- arrays

    def example(self) -> list[list[float]]:
        spread = np.asarray(self.deviation) if len(self.deviation) else np.ones(self.channels)
        steps = self.mean + np.array([[0.0], [1.0], [-1.0]]) * spread
        return [[float(f"{value:.3g}") for value in step] for step in steps]

    def encode(self, value: object) -> Arrays:  # type: ignore[override]  # with what forecasts are told beside
        """A row for each step: `x` [T, F]; of a `Series` also `target`, and what `affine` reads."""
        if not isinstance(value, Series):
            array = _array(value)
            self._check_width(array)
            return {"x": self._scaled(array, self.mean, self.deviation)}
        self._check_width(value.values)
        stream = SeriesStream(self)
        arrays = stream._advance(value.values, value.wall)
        T = len(value.values)
        ahead = self._ahead(value.known, T) if self.known else None
        static = np.repeat(encoded(value.static[None], self.static), T, 0) if self.static else None
        return {"target": np.asarray(value.values, np.float64), **self._joined(arrays, ahead, static)}

    def _joined(self, arrays: Arrays, ahead: Array | None, static: Array | None) -> Arrays:
        """The arrays of steps with what is known beside the values: in `x`, or in `beside` where steps look back."""
        if self.window:  # what is of the step itself first
            name, parts = "beside", [arrays.pop("x"), static, ahead]
        else:
            name, parts = "x", [arrays.pop("x"), ahead, static]
        return arrays | {name: np.concatenate([part for part in parts if part is not None], 1)}

    def rows(self, arrays: Arrays, at: Array, begin: Array | int = 0) -> Array:
        """What the model reads at these steps, [n, size]."""
        return self.read(arrays, at, begin)[0]

    def read(self, arrays: Arrays, at: Array, begin: Array | int = 0) -> tuple[Array, Array, Array]:
        """`rows` of these steps, and loc [n, horizon, C] and scale [n, 1, C] of the forecasts made there.

        The arrays may be those of several series, one after the other; `begin` is where that of each step begins.
        """
        if not self.window:
            return arrays["x"][at], *self.units(arrays, at, begin)
        values = cut(arrays["past"], at, self.window, begin)
        centre, scale = units(values, self.anchor, self.scaling, arrays["scale"][at])
        x = np.clip((values - centre[:, None]) / scale[:, None], -1e6, 1e6).astype(np.float32)
        width = self.channels * self.window
        parts = [x.transpose(0, 2, 1).reshape(len(at), width)]  # a channel after the other
        if self.mask:
            places = at[:, None] + np.arange(1 - self.window, 1)
            inside = places >= np.broadcast_to(begin, at.shape)[:, None]
            there = arrays["there"][np.maximum(places, 0)] * inside[..., None]
            parts.append(there.transpose(0, 2, 1).reshape(len(at), width).astype(np.float32))
        loc = self._around(arrays, at, begin, centre)
        return np.concatenate([*parts, arrays["beside"][at]], 1), loc, scale[:, None]

    def units(self, arrays: Arrays, at: Array, begin: Array | int = 0) -> tuple[Array, Array]:
        """Where and how wide: loc [n, horizon, C] and scale [n, 1, C] of forecasts made at these steps."""
        if self.window:
            values = cut(arrays["past"], at, self.window, begin)
            centre, scale = units(values, self.anchor, self.scaling, arrays["scale"][at])
        else:
            centre, scale = np.zeros_like(arrays["mean"][at]), arrays["scale"][at]
            if self.anchor in ("mean", "last"):
                centre = arrays[self.anchor][at]
        return self._around(arrays, at, begin, centre), scale[:, None]

    def _around(self, arrays: Arrays, at: Array, begin: Array | int, centre: Array) -> Array:
        if self.anchor == "season":
            return self.seasonal(arrays, at, begin)
        return np.repeat(centre[:, None], self.horizon, 1)

    def seasonal(self, arrays: Arrays, at: Array, begin: Array | int = 0, season: int | None = None) -> Array:
        """The seasonal naive forecast made at each of these steps: the values of a season before, [n, horizon, C]."""
        h, season = np.arange(1, self.horizon + 1), season or self.season
        places = at[:, None] + h - season * -(-h // season)
        inside = places >= np.broadcast_to(begin, at.shape)[:, None]
        values = arrays["filled"][np.maximum(places, 0)]
        return np.where(inside[..., None], values, arrays["last"][at][:, None])

    def future(self, arrays: Arrays, at: Array, end: Array | int | None = None) -> Array:
        """The true values after these steps, [n, horizon, C]; NaN where one is missing or beyond the end."""
        target = arrays["target"]
        places = at[:, None] + 1 + np.arange(self.horizon)
        inside = places < np.broadcast_to(len(target) if end is None else end, at.shape)[:, None]
        return np.where(inside[..., None], target[np.minimum(places, len(target) - 1)], np.nan)

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
        rows = encoded(known, self.known)
        padded = np.concatenate(
            [rows, np.zeros((max(0, T + self.horizon - len(rows)), rows.shape[1]), np.float32)]
        )
        at = np.arange(T)[:, None] + 1 + np.arange(self.horizon)
        ahead: Array = padded[at].reshape(T, -1)
        return ahead

    def affine(self, arrays: Arrays, start: int, stop: int) -> tuple[Array, Array]:
        """`units` of the forecasts made at start..stop-1."""
        return self.units(arrays, np.arange(start, stop))

    def targets(self, arrays: Arrays, start: int, stop: int) -> Array:
        """The z [n, horizon, C] of the true future; NaN where it is missing or beyond the end."""
        at = np.arange(start, stop)
        loc, scale = self.units(arrays, at)
        return ((self.future(arrays, at) - loc) / scale).astype(np.float32)

    def window_of(self, arrays: Arrays, start: int, stop: int) -> Arrays:
        """What a training batch takes of steps start..stop-1."""
        return {
            "x": arrays["x"][start:stop],
            "y": self.targets(arrays, start, stop),
            "scale": arrays["scale"][start:stop, None].astype(np.float32),
        }

    def ahead(self, arrays: Arrays, stream: "SeriesStream") -> tuple[Array, Array]:
        """`affine` of the step that a stream has just taken: loc [horizon, C] and scale [1, C]."""
        filled = stream.state["season"]  # the newest, as many as a season or a window has
        steps = {name: np.broadcast_to(arrays[name][-1:], filled.shape) for name in ("mean", "scale", "last")}
        steps |= {"filled": np.where(np.isfinite(filled), filled, steps["mean"]), "past": filled}
        loc, scale = self.units(steps, np.array([len(filled) - 1]))
        return loc[0], scale[0]

    def stream(self) -> "SeriesStream":  # type: ignore[override]  # it has no end
        return SeriesStream(self)

    def decode(self, array: object) -> Array:
        """Values from standardised ones, of an input."""
        return np.asarray(array, np.float64)[..., : self.channels] * self.deviation + self.mean

    # ---- keeping

    def to_json(self) -> dict[str, object]:
        return {
            "horizon": self.horizon, "channels": self.channels, "scaling": self.scaling, "anchor": self.anchor,
            "season": self.season, "mask": self.mask, "mean": self.mean.tolist(), "deviation": self.deviation.tolist(),
            "calendar": self.calendar, "known": msgspec.to_builtins(self.known),
            "static": msgspec.to_builtins(self.static),
            **({} if self.step is None else {"step": asdict(self.step)}),
            **({"window": self.window} if self.window else {}),
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "SeriesCodec":  # noqa: ARG003
        fields = fields_of(document, SeriesDocument)
        step, window = fields.pop("step"), fields.pop("window")
        codec = cls(
            **fields,
            step=None if step is UNSET else Step(step.unit, step.count, step.day),
            window=0 if window is UNSET else window,
        )
        if codec.window and not codec.horizon:
            raise UsageError("it looks back on a window, but forecasts nothing.")
        if codec.mean.shape != (codec.channels,) or codec.deviation.shape != (codec.channels,):
            raise UsageError(f"it has {codec.channels} channels, but statistics of {len(codec.mean)}.")
        for column in (*codec.known, *codec.static):
            numbers = (column.mean is not UNSET, column.deviation is not UNSET)
            if numbers != (column.classes is UNSET,) * 2:
                raise UsageError("a column that is known in advance has classes, or a mean and a deviation.")
        return codec


class SeriesStream:
    """Encodes a series step by step. `state` holds all that it remembers."""

    def __init__(self, codec: SeriesCodec) -> None:
        self.codec = codec
        C = codec.channels
        self.state: Arrays = {
            "count": np.zeros(C), "first": np.zeros(C), "sum": np.zeros(C), "squares": np.zeros(C),
            "size": np.zeros(C), "last": np.full(C, np.nan), "season": np.zeros((0, C)),
        }  # fmt: skip
        number, most = Slot(np.float64, (C,), -MOST, MOST), range(self.kept + 1)
        size = Slot(np.float64, (C,), low=0, high=np.inf)
        self.slots: Slots = {
            "count": Slot(np.float64, (C,), low=0, high=LATE), "first": number, "sum": number,
            "squares": size, "size": size, "last": replace(number, missing=True),
            "season": Slot(np.float64, (most, C), -MOST, MOST, missing=True),
        }  # fmt: skip
        if codec.window and codec.mask:  # which of them were observed
            self.state["there"] = np.zeros((0, C))
            self.slots["there"] = Slot(np.float64, (most, C), low=0, high=1)

    @property
    def kept(self) -> int:
        """How many of the newest values the state holds."""
        return max(self.codec.season, self.codec.window)

    def push(
        self,
        values: object,
        times: Array | None = None,
        known: Array | None = None,
        static: Array | None = None,
    ) -> Arrays:
        """The arrays of these steps, [n, C] values with NaN where missing, as `encode` gives them for the whole.

        `known` are the covariates of the horizon after each step, [n, horizon, K]; `times`, as clocks on the wall show
        them, are needed for the calendar.
        """
        codec = self.codec
        try:
            array = np.atleast_2d(np.asarray(values, np.float64))
        except (TypeError, ValueError) as error:
            raise DataError(f"expected the numbers of a step, but got {values!r:.60}") from error
        codec._check_width(array)
        if not codec.horizon:
            if (large := np.abs(array) > LARGEST).any():
                raise DataError(f"{array[large][0]:g} is too large to learn from; a missing value is NaN")
            return {"x": codec._scaled(array, codec.mean, codec.deviation)}
        if codec.calendar and times is None:
            raise UsageError("this model reads the calendar: push times with the values.")
        ahead, fixed = None, None  # all that may be refused comes before the state moves on
        if codec.known:
            if known is None:
                raise UsageError("this model reads covariates known in advance: push known with the values.")
            try:
                rows = np.asarray(known, object).reshape(len(array) * codec.horizon, -1)
            except ValueError as error:
                raise DataError(f"expected [horizon, covariates] as known, but got {known!r:.60}") from error
            ahead = encoded(rows, codec.known).reshape(len(array), -1)
        if codec.static:
            if static is None:
                raise UsageError(
                    "this model reads what stays the same along a series: push static with the values."
                )
            fixed = np.repeat(encoded(np.asarray(static, object)[None], codec.static), len(array), 0)
        before = {"past": self.state["season"], "there": self.state.get("there", self.state["season"])}
        arrays = codec._joined(self._advance(array, times), ahead, fixed)
        if not codec.window:
            return arrays
        missing = len(before["past"])  # of what is not kept of those steps, nothing is read
        whole = {
            name: np.concatenate([before.get(name, np.zeros((missing, *steps.shape[1:]))), steps])
            for name, steps in arrays.items()
        }
        return arrays | {"x": codec.rows(whole, missing + np.arange(len(array)))}

    def run(
        self,
        values: Array,
        times: Array | None = None,
        known: Array | None = None,
        static: Array | None = None,
    ) -> tuple[Array, Array, Array]:
        """`push` of these steps: what the model reads, and `units` of the forecast made at each of them."""
        before = self.state["season"]
        arrays = self.push(values, times, known, static)
        kept = {"filled": before, "past": before}
        whole: Arrays = {
            name: np.concatenate([kept.get(name, np.zeros_like(before)), arrays[name]])
            for name in ("mean", "scale", "last", "filled", "past")
            if name in arrays
        }
        return arrays["x"], *self.codec.units(whole, len(before) + np.arange(len(values)))

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
            scale = np.where(scale > SMALLEST, scale, 1.0)
        last, past = self._carried(values, present)
        last = np.where(np.isfinite(last), last, mean)
        filled = np.where(np.isfinite(past), past, mean)
        x = np.zeros((n, 0), np.float32) if codec.window else codec._scaled(values, mean, scale)
        if codec.calendar:
            x = np.concatenate([x, calendar_of(np.asarray(times), codec.calendar)], 1)
        arrays = {"x": x, "mean": mean, "scale": scale, "last": last, "filled": filled}
        if codec.window:
            arrays["past"] = past
        if "there" in state:
            arrays["there"] = present.astype(np.float64)
            state["there"] = np.concatenate([state["there"], arrays["there"]])[-self.kept :]
        return arrays

    def _carried(self, values: Array, present: Array) -> tuple[Array, Array]:
        """The last value observed at each step; and each value, or what stands for one that is missing.

        Both are NaN where nothing was observed yet.
        """
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
        if n:
            state["last"] = np.where(present.any(0), _last_present(values, present), state["last"])
            state["season"] = filled[max(0, len(filled) - self.kept) :].copy()
        return last, filled[before:]


# ------------------------------------------------------------------------------------------------------ parts


def _last_present(values: Array, present: Array) -> Array:
    n = len(values)
    at = n - 1 - np.argmax(present[::-1], 0)
    last: Array = values[at, np.arange(values.shape[1])]
    return last


def _array(value: object) -> Array:
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
