"""`forecast`: series that are opened, moved and fed, and what is expected of them."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple, cast

import numpy as np
from msgspec import Meta

from hitherto.arrays import Array
from hitherto.data.series import Series
from hitherto.errors import UsageError
from hitherto.studio.frames import Frame
from hitherto.studio.trail import Trail
from hitherto.studio.views.base import COLUMNS, Asked, Call, Frames, Memory, View
from hitherto.tasks.base import Row
from hitherto.tasks.forecast.verbs import windows_of
from hitherto.tasks.given import inputs
from hitherto.times import Step, wall_of
from hitherto.trained import Model

if TYPE_CHECKING:
    from hitherto.tasks.forecast.stream import ForecastStream

__all__ = ["Forecasts"]

SPARK = 64  # points of a series in the list
LISTED = 500  # series in the list, at most
POINTS = 4000  # of a series that is opened, the last ones
ENDINGS = (".csv", ".tsv", ".jsonl", ".txt")  # of tables
EXAMPLE = 240  # points of the series that stands there first
Count = Annotated[int, Meta(ge=0)]
Point = list[float | None]  # a number of each channel, None where it is missing


class Read(Call):
    """The series of a table, the text of a file; without one those of the table beside the bundle, or an example."""

    name: str = ""
    text: str = ""


class Open(Call):
    """A series of the list."""

    series: Count
    memory: Asked = Asked()


class Write(Call):
    """Keep so many points of the series, and go on with these."""

    keep: Count
    points: list[Point]
    memory: Asked = Asked()


class Look(Call):
    """The strip of another layer, state or gate."""

    memory: Asked = Asked()


class Rests(Call):
    """What the forecast rests on."""


class Observed(NamedTuple):
    """A point as the stream takes it."""

    values: Point
    wall: np.datetime64 | int  # its time, as clocks on the wall show it
    known: list[list[object]]  # what is known of the steps of the horizon after it


def _take(stream: object, points: Sequence[Observed], static: Array | None) -> list[Row]:
    live = cast("ForecastStream", stream)
    values = np.array([point.values for point in points], np.float64)
    known = np.array([point.known for point in points], object) if live.source.codec.known else None
    wall = np.array([point.wall for point in points])
    expected, score = live.run(values, wall, known, static)
    return [{"expected": e, "score": s} for e, s in zip(expected, score, strict=True)]


class Forecasts(View):
    """The view of a model that forecasts."""

    calls: ClassVar[object] = Read | Open | Write | Look | Rests

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.source = windows_of(model.source)
        self.memory = Memory()
        self.trail = self._trail()
        self.series: list[Series] = []
        self.now: Series | None = None

    def about(self) -> dict[str, object]:
        codec, data = self.source.codec, self.model.spec.data
        levels = sorted({0.5, *self.model.spec.model.levels})
        return {
            **super().about(), "horizon": codec.horizon, "channels": codec.channels, "levels": levels,
            "columns": self.source.reads, "known": list(data.known),
        }  # fmt: skip

    def answer(self, call: Call) -> Frames:
        match call:
            case Read():
                yield self._read(call)
            case Open():
                yield from self._open(call)
            case Write():
                yield from self._write(call.keep, call.points, call.memory)
            case Look():
                yield self._strip(call.memory)
            case Rests():
                yield Frame({"steps": self.trail.steps}, {"rests": self.trail.rests(0)})
            case _:
                raise UsageError("this model has no such view.")

    def _trail(self, static: Array | None = None) -> Trail:
        return Trail(self.model, partial(_take, static=static if self.source.codec.static else None))

    # ---- the list

    def _read(self, call: Read) -> Frame:
        beside = self._beside()
        if call.text:
            self.series = self._table(call)
        elif beside is not None:
            self.series = self.source.gather(inputs(self.source, str(beside)))[0]
        else:
            self.series = [self._example()]
        listed = self.series[:LISTED]
        sparks = np.stack([_spark(series.values[:, 0]) for series in listed])
        rows = [{"name": series.id or "series", "steps": len(series.values)} for series in listed]
        name = call.name if call.text else "" if beside is None else beside.name
        return Frame(
            {"series": rows, "more": len(self.series) - len(rows), "name": name},
            {"sparks": sparks},
        )

    def _beside(self) -> Path | None:
        """A table beside the bundle that has its name."""
        path = self.model.path
        found = [] if path is None else [path.with_suffix(ending) for ending in ENDINGS]
        return next((one for one in found if one.is_file()), None)

    def _table(self, call: Read) -> list[Series]:
        ending = PurePosixPath(call.name).suffix.lower() or ".csv"
        if ending not in ENDINGS:
            raise UsageError(f"a table is a file that ends in {', '.join(ENDINGS)}")
        with tempfile.TemporaryDirectory(prefix="hitherto-") as folder:
            path = Path(folder) / f"table{ending}"
            path.write_text(call.text, encoding="utf-8")
            return self.source.gather(inputs(self.source, str(path)))[0]

    def _example(self) -> Series:
        """A wave with its season, for who has no series at hand."""
        codec = self.source.codec
        step = codec.step or Step("i", 1)
        t = np.arange(EXAMPLE)
        noise = np.random.default_rng(3).normal(size=(EXAMPLE, codec.channels)).cumsum(0)
        wave = (
            np.sin(2 * np.pi * t / max(2, codec.season))[:, None]
            + 0.5 * np.sin(2 * np.pi * t / (7 * max(2, codec.season)))[:, None]
        )
        times = t.astype(np.int64)
        form = self.source.spec.data.time_format
        if form is not None and step.unit != "i":
            begin = np.datetime64("2026-01-01", "us")
            times = np.concatenate([[begin], step.after(begin, EXAMPLE - 1, None)])
        outputs = [str(name) for name in self.source.reads[-codec.channels :]]
        known, static = ([column.example() for column in some] for some in (codec.known, codec.static))
        return Series(
            "an example", times, 10 + 3 * wave + 0.1 * noise, outputs,
            step=step, known=np.array([known] * EXAMPLE, object).reshape(EXAMPLE, -1), static=np.array(static, object),
        )  # fmt: skip

    # ---- one series

    def _open(self, call: Open) -> Frames:
        if call.series >= len(self.series):
            raise UsageError("there is no such series: read a table first")
        self.now = series = self.series[call.series]
        first = max(0, len(series.values) - POINTS)
        self.begun = first
        self.trail = self._trail(series.static)
        points: list[Point] = [
            [None if np.isnan(v) else float(v) for v in row] for row in series.values[first:]
        ]
        yield Frame(
            {
                "name": series.id or "series", "cut": first, "points": points,
                "times": series.written(series.times[first:]),
            }
        )  # fmt: skip
        yield from self._write(0, points, call.memory)

    def _write(self, keep: int, points: Sequence[Point], asked: Asked) -> Frames:
        if self.now is None:
            raise UsageError("open a series first")
        if any(len(point) != self.source.codec.channels for point in points):
            raise UsageError(f"a point has {self.source.codec.channels} numbers")
        keep = min(keep, self.trail.taken)
        more = self._observations(self.now, keep, points)
        first = keep
        for i, stayed in enumerate(self.trail.write(keep, more)):
            first = stayed if i == 0 else first
            rows = self.trail.rows[first:]
            if rows:
                seen = {name: np.stack([row[name] for row in rows]) for name in ("expected", "score")}
                yield Frame({"row": first, "taken": self.trail.taken}, seen)
            first = len(self.trail.rows)
        if keep == 0:
            self.memory.sort(self.trail.layers(max(0, self.trail.steps - COLUMNS), self.trail.steps))
        yield self._ahead()
        yield self._strip(asked)

    def _observations(self, series: Series, keep: int, points: Sequence[Point]) -> list[Observed]:
        """The points as a stream takes them, each with its time and what is known of the steps after it."""
        horizon, begin = self.source.codec.horizon, self.begun + keep
        times = _reaching(series, begin + len(points))
        walls = wall_of(times, series.form.zone)[begin:]
        known = series.known.tolist()
        made = []
        for i, point in enumerate(points):
            after = known[begin + i + 1 : begin + i + 1 + horizon]
            after += known[-1:] * (horizon - len(after))  # what is known in advance stays as it was
            made.append(Observed([np.nan if v is None else v for v in point], walls[i], after))
        return made

    def _ahead(self) -> Frame:
        """The forecast from here."""
        rows = cast("list[Row]", self.trail.stream.peek())
        if not rows or self.now is None:
            return Frame({"ahead": []})
        levels = sorted({0.5, *self.model.spec.model.levels})
        names = ["y" if level == 0.5 else f"q{level:g}" for level in levels]
        values = np.array([[np.ravel(row[name]) for row in rows] for name in names], np.float32)
        at = self.begun + self.trail.taken
        times = self.now.written(_reaching(self.now, at + len(rows))[at : at + len(rows)])
        return Frame({"ahead": times}, {"quantiles": values})

    def _strip(self, asked: Asked) -> Frame:
        steps = self.trail.steps
        if not steps:
            return Frame({})
        window = bool(self.source.codec.window)
        first = steps - 1 if window else max(0, asked.first, steps - COLUMNS)
        return Frame(*self.memory.strip(self.trail.layers(first, steps), asked, 0 if window else first))


def _reaching(series: Series, count: int) -> Array:
    """The times of so many steps: those of the series, and those that follow them."""
    beyond = count - len(series.times)
    return series.times if beyond <= 0 else np.concatenate([series.times, series.future(beyond)])


def _spark(values: Array) -> Array:
    """A series in few points: it is scaled to lie from 0 to 1."""
    at = np.linspace(0, len(values) - 1, SPARK).round().astype(int)
    some = values[at] if len(values) else np.zeros(SPARK)
    low, high = (np.nanmin(some), np.nanmax(some)) if np.isfinite(some).any() else (0.0, 0.0)
    return np.asarray((some - low) / (high - low) if high > low else np.full(SPARK, 0.5), np.float32)
