"""Live streams of `forecast`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta, timezone, tzinfo

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.series import SeriesStream
from hitherto.data.series import LARGEST
from hitherto.errors import DataError, HithertoError, UsageError
from hitherto.heads import HEADS
from hitherto.slots import Slot, Slots
from hitherto.tasks.base import Row, Value
from hitherto.tasks.forecast.columns import Time
from hitherto.tasks.forecast.intervals import surprise
from hitherto.tasks.forecast.verbs import windows_of
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Steps, Stream, plain_of
from hitherto.times import Form, Step, form_of, step_of, twice, wall_of, zone_of
from hitherto.times.steps import DAY, FIRST, LAST, SECOND

__all__ = ["ForecastStream"]

LONGEST = 100_000  # steps that may be missing between two observations


class ForecastStream(Stream):
    """`forecast`: after each observation the forecast, and how surprising the observation was."""

    input: SeriesStream  # type: ignore[assignment]  # its `push` gives scales beside the steps

    def __init__(self, model: OpenModel) -> None:
        self.source = windows_of(model.source)
        super().__init__(model)

    def own(self) -> Slots:
        codec, late = self.source.codec, 1 << 62
        ahead = {
            "params": Slot(np.float32, (self.core.engine.widths[-1],)),
            "loc": Slot(np.float64, (codec.horizon, codec.channels), -np.inf, np.inf),
            "scale": Slot(np.float64, (1, codec.channels), low=0, high=np.inf),
            "times": Slot(np.int64, (range(14),), low=-late, high=late),
            "dates": Slot(np.int64, (range(1, 3),), low=-86400, high=SECOND),
        }
        return {name: replace(slot, needed=False) for name, slot in ahead.items()}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        ahead = {name for name in ("params", "loc", "scale", "times") if f"stream.{name}" in arrays}
        if len(ahead) not in (0, 4) or (not ahead and "stream.dates" in arrays):
            raise UsageError("the state has a part of a forecast, but not all of it.")
        times, dates = (arrays.get(f"stream.{name}", np.ones(0, np.int64)) for name in ("times", "dates"))
        if (np.diff(times) <= 0).any():
            raise UsageError("the times do not rise.")
        tick = int(dates[0]) if len(dates) else 1
        if tick not in (1, SECOND) or (abs(dates[1:]) >= DAY).any():
            raise UsageError("the ticks or the time zone of the times are out of their bounds.")
        ends = [int(t) * (SECOND // tick) for t in (*times[:1], *times[-1:])] if len(dates) else []
        if not all(FIRST <= t < LAST for t in ends):
            raise UsageError("the times are not dates.")
        if ahead and not len(arrays["input.season"]):
            raise UsageError("there is a forecast, but no observation.")

    def push(
        self, value: Value, time: Time | None = None, known: Value = None, static: Value = None
    ) -> list[Row]:
        """One observation, as `observing` has it."""
        return self.alone(self.observing(value, time, known, static))

    def pushing(self, value: Value) -> Steps[list[Row]]:
        return self.observing(value)

    def observing(
        self, value: Value, time: Time | None = None, known: Value = None, static: Value = None
    ) -> Steps[list[Row]]:
        """One observation, of each channel (NaN or None where it is missing), at `time`.

        `known` are the covariates of the steps of the horizon that follows, [horizon, K]; `static` those of the series.
        """
        codec, marks = self.source.codec, self.marks
        try:
            values = np.array([marks.number(v) for v in np.ravel(np.asarray(value, object))], np.float64)
        except ValueError as error:
            raise DataError(str(error)) from error
        if values.shape != (codec.channels,):
            raise UsageError(f"expected {codec.channels} number(s) for a step, but {values.size} came.")
        if np.isinf(values).any():
            raise DataError("an observation is infinite; push NaN where it is missing.")
        if (np.abs(values) > LARGEST).any():
            raise DataError(f"an observation is larger than {LARGEST:g}; push NaN where it is missing.")
        covariates = (
            None if known is None else _mapped(marks.plain, known)[None],
            None if static is None else _mapped(marks.plain, static),
        )
        before: dict[str, Array] = {"times": self._ticks()}
        if "dates" in self.kept:
            before["dates"] = np.array([SECOND, *self.kept["dates"][1:]], np.int64)
        if time is None:
            scores = yield from self._step_on(values, None, covariates, before)
            return [{"y": plain_of(values), **scores, "forecast": self.peek()}]
        after = self._with_time(time, before)
        form, times = self._timed(after)
        if codec.calendar and form.numbers:
            raise DataError(f"this model reads the calendar: give dates, not {time!r:.40}.")
        missed = self._missed(form, times)
        state = {name: np.array(array) for name, array in self.state.items()} if len(missed) else {}
        try:
            for when in missed:  # as in a table, their values are missing
                missing = np.full(codec.channels, np.nan)
                yield from self._step_on(missing, wall_of(when[None], form.zone), covariates, before)
            scores = yield from self._step_on(values, wall_of(times[-1:], form.zone), covariates, after)
        except HithertoError:
            if state:
                self.state = state
            raise
        ds = form.write(times[-1:], self._step(form, times))[0]
        return [{"ds": ds, "y": plain_of(values), **scores, "forecast": self.peek()}]

    def run(
        self,
        values: Array,
        wall: Array | None = None,
        known: Array | None = None,
        static: Array | None = None,
    ) -> tuple[Array, Array]:
        """Many observations at once, [n, C]: what was expected of each a step before, and how surprising it was.

        They are a step apart, at the times that clocks on the wall show; of times the stream itself keeps none, so the
        steps of `peek` have none either. `known` is [n, horizon, K].
        """
        codec = self.source.codec
        if len(values) == 0:
            return np.zeros((0, codec.channels)), np.zeros((0, codec.channels))
        x, loc, scale = self.input.run(values, wall, known, static)
        each = dict(zip(("params", "loc", "scale"), (self.core.push(x), loc, scale), strict=True))
        before = {
            name: self.kept[name][None] if name in self.kept else part[:0] for name, part in each.items()
        }
        seen = [np.concatenate([before[name], part[:-1]]) for name, part in each.items()]
        self.kept = {name: part[-1] for name, part in each.items()} | {"times": np.zeros(0, np.int64)}
        first = len(values) - len(seen[0])  # of which nothing was expected
        none = np.full((first, codec.channels), np.nan)
        if first == len(values):
            return none, none
        low, middle, high = (self._quantile(q, *seen)[:, 0] for q in (0.1, 0.5, 0.9))
        score = surprise(values[first:], low, middle, high)
        return np.concatenate([none, middle]), np.concatenate([none, score])

    def _step_on(
        self,
        values: Array,
        wall: Array | None,
        covariates: tuple[Array | None, Array | None],
        times: dict[str, Array],
    ) -> Steps[Row]:
        """Take a step, after which `times` are the newest; how surprising it was."""
        codec = self.source.codec
        scores = self._surprise(values)
        arrays = self.input.push(values[None], wall, *covariates)
        params = yield arrays["x"]
        loc, scale = codec.ahead(arrays, self.input)
        self.kept = {"params": params[0], "loc": loc, "scale": scale, **times}
        return scores

    def _missed(self, form: Form, times: Array) -> Array:
        """The steps that are missing between the two newest times, where steps are those of training."""
        codec = self.source.codec
        step, last = codec.step, times[-2:]
        if (
            len(last) < 2
            or step is None
            or step.unit == "B"
            or codec.known
            or not step.keeps(last, form.zone)
        ):
            return times[:0]
        count = int(step.place(last, form.zone)[1]) - 1
        if count > LONGEST:
            raise DataError(
                f"{count:,} steps of {step.said()} lie between this time and the one before it: begin anew, with "
                "reset() or a new stream"
            )
        missed: Array = step.after(last[0], count, form.zone)
        return missed

    def _with_time(self, time: Time, before: dict[str, Array]) -> dict[str, Array]:
        """The newest times with one more: it is read as training read its times."""
        data, times = self.model.spec.data, before["times"]
        form, _ = form_of([time], given=data.time_format, zone=data.timezone, kept=True, column=None)
        if data.time_format is None:  # a model from before there were time zones
            form = replace(form, zone=None)
        if len(times) and ("dates" in before) == form.numbers:
            raise DataError(
                f"the time {time} is a {'number' if form.numbers else 'date'}, but those before are not."
            )
        wall, offset = form.read(time)
        try:
            number = form.instant(wall, offset)
            if len(times) and number <= times[-1] and offset is None and twice(wall, form.zone):
                number = form.instant(wall, offset, later=True)
        except ValueError as error:
            raise DataError(str(error)) from error
        if len(times) and number <= times[-1]:
            raise DataError(f"the time {time} is not after the one before it.")
        after = {"times": np.append(times[-12:], number)}
        if not form.numbers:
            at = after["times"][-1:].astype("M8[us]")
            shift = [] if form.zone is None else (wall_of(at, form.zone) - at).astype(np.int64) // SECOND
            # the ticks of a second, and the zone's offset if it has one
            after["dates"] = np.array([SECOND, *shift], np.int64)
        return after

    def _ticks(self) -> Array:
        """The newest times: numbers, or microseconds."""
        times = self.kept.get("times", np.zeros(0, np.int64))
        return times * (SECOND // int(self.kept["dates"][0])) if "dates" in self.kept else times

    def _timed(self, newest: Mapping[str, Array]) -> tuple[Form, Array]:
        """How times are written, and the newest of them."""
        data = self.model.spec.data
        if "dates" not in newest:
            return Form("number"), newest["times"]
        shift = newest["dates"][1:].tolist()
        zone: tzinfo | None = timezone(timedelta(seconds=shift[0])) if shift else None
        if zone is not None and data.timezone is not None:
            zone = zone_of(data.timezone)
        return Form(data.time_format or "", zone), newest["times"].astype("M8[us]")

    def _step(self, form: Form, times: Array) -> Step | None:
        """The step between the newest times, if it is known: that of training where they keep to it."""
        freq, learned = self.model.spec.data.freq, self.source.codec.step
        if freq is None and learned is not None and learned.keeps(times, form.zone):
            return learned
        return step_of(times, freq, form.zone)[0] if len(times) > 1 or freq is not None else None

    def peek(self) -> list[Row]:
        """The forecast of the next steps: median and quantiles."""
        if "params" not in self.kept:
            return []
        ahead = self._times()
        levels = [q for q in self.model.spec.model.levels if q != 0.5]
        middle = self._quantile(0.5)
        outer = [self._quantile(q) for q in levels]
        return [
            {"step": h + 1, **({} if ahead is None else {"ds": ahead[h]}), "y": plain_of(middle[h]),
             **{f"q{q:g}": plain_of(values[h]) for q, values in zip(levels, outer, strict=True)}}
            for h in range(len(middle))
        ]  # fmt: skip

    def finishing(self) -> Steps[list[Row]]:
        yield from ()
        return []

    def line(self, text: str) -> list[Row]:
        """A JSON object (y, and ds, known, static where the model reads them), or a time and numbers between commas."""
        if text.lstrip().startswith("{"):
            try:
                row = json.loads(text)
            except ValueError as error:
                raise DataError(f"expected a JSON object, but {error}") from error
            return self.push(row.get("y"), row.get("ds"), row.get("known"), row.get("static"))
        data = self.model.spec.data
        delimiter = data.delimiter or next(
            (c for c in "\t;" if c in text), " " if self.marks.decimal == "," else ","
        )
        cells = [cell.strip() for cell in text.strip().split(delimiter)]
        time = cells.pop(0) if len(cells) > self.source.codec.channels else None
        return self.push(cells, time)

    def _quantile(self, level: float, *made: Array) -> Array:
        """[.., horizon, C] of the forecasts with these params, loc and scale; else of the newest one."""
        kind, options = self.source.head()
        params, loc, scale = made or (self.kept["params"], self.kept["loc"], self.kept["scale"])
        quantiles: Array = HEADS[kind].quantile(
            params.astype(np.float64), level, loc=loc, scale=scale, **options
        )
        return quantiles

    def _surprise(self, values: Array) -> Row:
        """The median forecast, and how far off the values are: their distance from it in half 80 % intervals."""
        if "params" not in self.kept:
            return {"expected": None, "score": None}
        low, middle, high = (self._quantile(q)[0] for q in (0.1, 0.5, 0.9))
        return {"expected": plain_of(middle), "score": plain_of(surprise(values, low, middle, high))}

    def _times(self) -> list[str] | None:
        """The times of the steps to come, as text."""
        form, times = self._timed({**self.kept, "times": self._ticks()})
        step = self._step(form, times) if len(times) else None
        if step is None:
            return None
        return form.write(step.after(times[-1], self.source.codec.horizon, form.zone), step)


def _mapped(function: Callable[[Value], Value], values: Value) -> Array:
    """The values one by one, in the same shape."""
    array = np.asarray(values, object)
    mapped = np.empty(array.shape, object)
    mapped.ravel()[:] = [function(value) for value in array.ravel()]
    return mapped
