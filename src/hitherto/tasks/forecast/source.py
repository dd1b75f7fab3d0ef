"""Series and their futures: the data of `forecast`.

Training reads windows of the series from a zero state; their places change from epoch to epoch. The first steps of a
window are read but not scored, as a forecast follows some past. An evaluation reads every series from its beginning, as
a stream does, and scores the forecasts at the origins that are asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.codecs.series import SeriesCodec, naive_scale
from hitherto.data import Table
from hitherto.data.series import Series, gather
from hitherto.errors import DataError, UsageError
from hitherto.heads import HEADS
from hitherto.metrics import METRICS
from hitherto.plan import Input, Plan
from hitherto.spec import Spec, TrainSpec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Arrays, Batch, Options, Results, Row, Share, Source, Value
from hitherto.tasks.batching import by_length, digest_of, order, pad, share_rows
from hitherto.tasks.columns import column_name, column_names, load
from hitherto.tasks.forecast import defaults, intervals
from hitherto.tasks.forecast.columns import (
    Time,
    apart_from,
    called,
    expect_counts,
    no_number,
    step_of,
    telling,
    time_column,
)
from hitherto.tasks.forecast.examples import WindowExamples, before
from hitherto.tasks.forecast.linear import (
    ANCHORS,
    Line,
    biases,
    choose_line,
    nearest_anchor,
    seasons_of,
    whole_window,
    windows_to_try,
)
from hitherto.times import Form

__all__ = ["WindowExamples", "Windows"]

EVALUATE = 512  # steps at a time
SCORED = 100_000  # values that an evaluation in training scores, about
LEVELS = tuple(np.round(np.arange(0.05, 0.951, 0.05), 2).tolist())  # at which distributions are scored


@dataclass
class Windows(Source[WindowExamples]):
    """Series in a table, wide or long."""

    spec: Spec
    codecs: dict[str, Codec]
    notes: list[str] = field(default_factory=list)
    line: Line | None = None  # what a windowed model begins with

    answers = "params"
    foresees = keeps_first = True
    settles = intervals.ABOUT
    unnamed = "csv"

    @property
    def reads(self) -> list[str]:
        data = self.spec.data
        order = [column for column in (data.id, data.time) if column is not None]
        return [
            name
            for columns in (order, data.output, data.known, data.static)
            for name in column_names(None, columns)
        ]

    def examples(self) -> tuple[list[Value], list[Value]]:
        """Rows of a series, and steps of one."""
        data, codec, form = self.spec.data, self.codec, Form(self.spec.data.time_format or "")
        steps = codec.example()
        days = np.datetime64("2024-01-01", "us") + np.arange(len(steps)) * np.timedelta64(1, "D")
        if codec.step is not None and not form.numbers:
            days = np.append(days[:1], codec.step.after(days[0], len(steps) - 1, None))
        times = list(range(1, len(steps) + 1)) if form.numbers else form.write(days, codec.step)
        outputs = len(column_names(None, data.output))
        known, static = ([column.example() for column in some] for some in (codec.known, codec.static))
        rows = [
            dict(zip(self.reads, [*["a"][: data.id is not None], *[time][: data.time is not None],
                                  *(values * outputs)[:outputs], *known, *static], strict=True))
            for time, values in zip(times, steps, strict=True)
        ]  # fmt: skip
        ahead = {"known": [known] * codec.horizon} if known else {}
        about = {**ahead, **({"static": static} if static else {})}
        y = [values if len(values) > 1 else values[0] for values in steps]
        return rows, [{"ds": time, "y": value, **about} for time, value in zip(times, y, strict=True)]

    @classmethod
    def fit(cls, spec: Spec, table: Table) -> "Windows":
        """Fit the codec on the part of every series that is trained on."""
        return cls._fitted(spec, table)[0]

    @classmethod
    def _fitted(
        cls, spec: Spec, table: Table, kept: Mapping[str, Codec] = MappingProxyType({})
    ) -> "tuple[Windows, list[Series]]":
        spec, notes = cls.columns(spec, table)
        self = cls(spec, {}, notes)
        every, about = self.gather(table)
        notes += about
        if spec.data.time is not None:  # predictions and streams read times as training did
            form = every[0].form
            zone = spec.data.timezone or form.zone_name
            self.spec = spec = spec.replace(time_format=form.format, timezone=zone)
        data = spec.data
        horizon = data.horizon or 1
        if "input" in kept:
            self.codecs["input"] = kept["input"]
            return self, every
        seasons = data.season if isinstance(data.season, tuple) else (data.season,) if data.season else ()
        cuts = self.split(every)
        training = [before(s, cut) for s, cut in zip(every, cuts, strict=True)]
        if not seasons:
            seasons = seasons_of(training)
            notes.append(f"a season has {' or '.join(map(str, seasons))} steps; --season says otherwise")
        counts = spec.model.head is not None and HEADS[spec.model.head].counts
        if counts:
            expect_counts(every, str(spec.model.head))
        options: Options = {
            "horizon": horizon,
            "season": seasons[0],
            "scaling": data.scaling or ("counts" if counts else "causal"),
            "calendar": True if data.calendar is None else data.calendar,
        }
        anchor: str | None = data.anchor or ("none" if counts else None)
        reader = data.reader or "window"
        defaults.check(spec, reader)
        if reader == "window":
            codec = SeriesCodec.fit(training, anchor=anchor or "last", lookback=1, **options)
            self.codecs["input"] = codec
            notes += codec.notes
            self._look_back(every, cuts, anchor, seasons, counts)
            return self, every
        if anchor is None:
            anchor = nearest_anchor(training, options)
            notes.append(
                f"forecasts are differences from the {ANCHORS[anchor]}, which is nearest; --anchor says otherwise"
            )
        codec = SeriesCodec.fit(training, anchor=anchor, **options)
        self.codecs["input"] = codec
        notes += codec.notes
        return self, every

    def _look_back(
        self, every: list[Series], cuts: list[int], anchor: str | None, seasons: tuple[int, ...], counts: bool
    ) -> None:
        """Choose the window, what it is measured from, and the linear map that the model begins with."""
        codec, data = self.codec, self.spec.data
        windows = (
            [whole_window(data.window)] if data.window is not None else windows_to_try(cuts, codec, seasons)
        )
        anchors = ("last", "mean") if anchor is None else (anchor,)
        line = choose_line(
            codec, every, cuts, windows, anchors, seasons, self.spec.train.metric in ("mse", "rmse")
        )
        codec.window, codec.anchor = line.window, line.anchor
        self.notes += line.notes
        self.line = None if counts else line

    @classmethod
    def prepare(
        cls,
        spec: Spec,
        data: object,
        valid: object,
        extras: Options,
    ) -> "tuple[Windows, WindowExamples, WindowExamples | None]":
        """Fit on the part of every series before its split, and encode both parts."""
        table = load(spec, data)
        if valid is not None:
            spec = spec.replace(valid=0.0)
        self, series = cls._fitted(spec, table, extras.get("codecs", {}))
        if valid is not None:
            return self, self.encode(series), self.load(valid)
        train = self.encode(series, "train")
        if self.spec.data.valid == 0:
            return self, train, None
        held = self.encode(series, "valid")
        values = sum(len(held.origins(i, self.horizon)) for i in range(len(held))) * self.horizon
        held.stride = max(1, values * self.codec.channels // SCORED)  # near origins score nearly the same
        return self, train, held

    def load(
        self, data: object, *, labelled: bool = True, start: Time | None = None, stride: int = 1
    ) -> WindowExamples:
        """Encode a user's data; forecasts are scored from `start` on. A series labels itself."""
        del labelled
        examples = self.read(load(self.spec, data), first=start)
        examples.stride = stride
        return examples

    def digest(self, examples: WindowExamples) -> str:
        name = "past" if self.codec.window else "x"
        return digest_of([examples.arrays[i][name] for i in range(len(examples))])

    @staticmethod
    def columns(spec: Spec, table: Table) -> tuple[Spec, list[str]]:
        """The spec with the names of its columns in the table, and notes of what was guessed."""
        data, notes = spec.data, list(table.notes)
        kinds = table.kinds()
        low = {c.lower(): c for c in table.columns}
        id_, time = data.id, data.time
        if id_ is None and {"unique_id", "ds", "y"} <= low.keys():
            id_ = low["unique_id"]
        if time is None:
            time = time_column(table, kinds, id_)
            if time is None:
                notes.append(
                    "no column holds times: rows are taken in their order, a step apart; --time names one"
                )
            else:
                notes.append(f"times are taken from column {time!r}; --time says otherwise")
        output = data.output
        if output is None:
            used = {table.column(c) for c in (id_, time, *data.known, *data.static) if c is not None}
            targets = [low["y"]] if "y" in low and low["y"] not in used else []
            targets = targets or [c for c in table.columns if kinds[c] == "number" and c not in used]
            if not targets:
                wrong = [why for c in table.columns if c not in used and (why := no_number(table, c))]
                advice = wrong[0] if wrong else "Say --output COLUMN."
                raise UsageError(
                    f"cannot tell what to forecast: no column of {', '.join(map(repr, table.columns))} holds numbers. "
                    f"{advice}"
                )
            output = tuple(targets)
            notes.append(f"what is forecast is {', '.join(map(repr, targets))}; --output says otherwise")
        names = {name: column_names(table, value)
                 for name, value in (("output", output), ("known", data.known), ("static", data.static))}  # fmt: skip
        order = {"id": column_name(table, id_), "time": column_name(table, time)}
        return spec.replace(**order, **{name: tuple(value) for name, value in names.items()}), notes

    def gather(self, table: Table) -> tuple[list[Series], list[str]]:
        """The series of a table, and notes about them; an error names its place in the file."""
        data = self.spec.data
        outputs = data.output if isinstance(data.output, tuple) else (data.output or 1,)
        try:
            series, notes = gather(
                table,
                target=[table.column(c) for c in outputs],
                time=column_name(table, data.time),
                id=column_name(table, data.id),
                known=[table.column(c) for c in data.known],
                static=[table.column(c) for c in data.static],
                freq=data.freq,
                marks=table.marks,
                time_format=data.time_format,
                timezone=data.timezone,
                kept=bool(self.codecs),
                step=self.codec.step if self.codecs else None,
            )
        except DataError as error:
            time = column_name(table, data.time)
            advice = telling(table, time) if time is not None and error.message.endswith("--id") else ""
            if error.row is None:
                raise
            raise table.error(error.row - 1, error.column, error.message + advice) from error
        if (
            self.codecs and data.time_format is None
        ):  # of a model from before there were time zones: its times are in UTC
            series = [replace(s, form=replace(s.form, zone=None)) for s in series]
        return (apart_from(series) if data.independent else series), notes

    @property
    def codec(self) -> SeriesCodec:
        return self.codec_of("input", SeriesCodec)

    @property
    def horizon(self) -> int:
        return self.spec.data.horizon or 1

    def split(self, series: list[Series]) -> list[int]:
        """The first step of the validation part, in each series; of one that is too short for it, the end."""
        share = self.spec.data.aside
        lengths = [len(s.values) for s in series]
        held = [max(self.horizon, int(T * share)) if share else 0 for T in lengths]
        long = [T - h >= min(2 * self.horizon, 8) for T, h in zip(lengths, held, strict=True)]
        if not any(long):
            longest = int(np.argmax(lengths))
            raise DataError(
                f"the {'longest ' if len(series) > 1 else ''}series has {lengths[longest]} step"
                f"{'s' if lengths[longest] > 1 else ''}: too few to learn to forecast {self.horizon} ahead and to keep "
                f"{held[longest]} for validation. Give more data or a smaller horizon."
            )
        return [T - h if enough else T for T, h, enough in zip(lengths, held, long, strict=True)]

    def read(self, table: Table, part: str | None = None, first: Time | None = None) -> WindowExamples:
        """Encode the series of a table; `encode` has the options."""
        return self.encode(self.gather(table)[0], part, first)

    def encode(
        self, series: list[Series], part: str | None = None, first: Time | None = None
    ) -> WindowExamples:
        """Encode whole series, or their part `train` or `valid`; forecasts are scored from `first` on."""
        cuts = self.split(series) if part else [0] * len(series)
        if part == "train":
            series = [before(s, cut) for s, cut in zip(series, cuts, strict=True)]
            cuts = [0] * len(series)
        begin = [max(0, cut - 1) for cut in cuts]
        if first is not None:
            begin = [max(0, step_of(s, first) - 1) for s in series]
        return WindowExamples(series, [self.codec.encode(s) for s in series], begin)

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The kinds of codec that each name allows."""
        return {"input": ("series",)}

    def inputs(self) -> dict[str, Input]:
        if self.codec.horizon != self.horizon:
            raise UsageError(
                f"the horizon is {self.horizon}, but the codec looks {self.codec.horizon} steps ahead."
            )
        x: Input = {"kind": "vectors", "size": int(self.codec.size)}
        if self.codec.window:
            beside, ahead = self.codec.beside
            x["lookback"] = {
                "window": self.codec.window,
                "mask": self.codec.mask,
                "beside": beside,
                "ahead": ahead,
            }
        return {"x": x}

    def head(self) -> tuple[str, Options]:
        kind = self.spec.model.head or TASKS[self.spec.task].heads[0]
        options: Options = {"horizon": self.horizon, "channels": self.codec.channels}
        if "levels" in HEADS[kind].options:
            options["levels"] = list(self.spec.model.levels)
        return kind, options

    def first(self, plan: Plan) -> Arrays:
        """The linear map, and around it what it left of later values."""
        kind, options = self.head()
        o, line = plan["step"][0]["options"], self.line
        if line is None or len(line.weight) != o["maps"]:
            return {}
        bias = biases(line, HEADS[kind], o["numbers"], o["moved"], options)
        return {"segments.weight_skip": line.weight, "segments.bias_skip": bias}

    def settled(
        self,
        first: Mapping[str, Array],
        weights: Arrays,
        examples: tuple[WindowExamples, WindowExamples],
        outputs: Callable[[Arrays, Iterator[Batch]], Iterator[tuple[Batch, Array]]],
    ) -> Arrays:
        """The last weights: nearer to the line where data are few, with intervals that cover validation data."""
        training, held = examples
        values = sum(int(np.isfinite(s.values).sum()) for s in training.series)
        begun = intervals.Begun(first, values, held.apart(self.horizon))
        return intervals.settled(self.head(), weights, begun, lambda w: outputs(w, self.evaluation(held)))

    def choose(self, examples: WindowExamples) -> tuple[Options, list[str]]:
        """As the reader of the series needs it."""
        if self.codec.window:
            return defaults.of_windows(self.codec, self.line, self.spec, examples)
        return defaults.of_steps(self.codec, self.horizon, self.spec, examples)

    def candidates(self, examples: WindowExamples) -> dict[str, Options]:  # noqa: ARG002
        return defaults.candidates(self.codec, self.spec)

    # ---- batches

    def schedule(self, examples: WindowExamples, train: TrainSpec, epoch: int) -> list[Array]:
        """Batches of windows, [n, 3]: series, start and stop. Their borders are drawn anew in every epoch."""
        random = order(train.seed, epoch)
        if self.codec.window:
            every, rows = examples.windows(self.codec.window), train.batch_size or 32
            every = every[random.permutation(len(every))]
            return [every[k : k + rows] for k in range(0, len(every), rows)]
        window = train.bptt or 128
        windows: list[tuple[int, int, int]] = []
        for i, s in enumerate(examples.series):
            last = len(s.values) - 1  # an origin needs one step of future
            size = min(window, last)
            shift = int(random.integers(0, size)) if last > size else 0
            starts = list(range(-shift, last, size))
            windows += [(i, max(0, min(a, last - size)), max(0, min(a, last - size)) + size) for a in starts]
        windows = [windows[k] for k in random.permutation(len(windows))]
        rows = train.batch_size or 32
        return [np.array(windows[k : k + rows], np.int64) for k in range(0, len(windows), rows)]

    def batch(self, examples: WindowExamples, item: Array, share: Share = (0, 1)) -> Batch:
        rows = share_rows(np.arange(len(item)), share)
        if self.codec.window:
            at, of = np.where(rows[:, None] >= 0, item[np.maximum(rows, 0)], item[0]).T
            windows, z, wide, weight = examples.joined(self.codec).read(self.codec, at, of)
            z[rows < 0] = np.nan
            targets = {"y": z, "scale": wide, "weight": weight}
            return Batch({"x": windows[None]}, None, targets, None, rows=rows)
        spans = [tuple(item[r]) if r >= 0 else None for r in rows]
        warm = 0
        x, y, scale = [], [], []
        for span in spans:
            i, a, b = span or (item[0][0], 0, 0)
            part = self.codec.window_of(examples.arrays[i], int(a), int(b))
            if a:  # the state begins at the window, but a forecast follows all of the past
                warm = min(self.codec.season or 1, (b - a) // 4)
                part["y"][:warm] = np.nan
            x.append(part["x"])
            y.append(part["y"])
            scale.append(np.broadcast_to(part["scale"], (len(part["y"]), 1, part["y"].shape[-1])))
        return self._batch(x, y, scale, rows)

    def _batch(self, x: list[Array], y: list[Array], scale: list[Array], rows: Array) -> Batch:
        inputs, lengths = pad(x)
        T, B = inputs.shape[:2]
        scored = np.zeros((T, B), bool)
        for b, values in enumerate(y):
            scored[: len(values), b] = np.isfinite(values).any((1, 2))
        at = np.flatnonzero(scored)
        targets = {
            "y": pad(y)[0].reshape(T * B, *y[0].shape[1:])[at],
            "scale": pad(scale)[0].reshape(T * B, *scale[0].shape[1:])[at].astype(np.float32),
        }
        return Batch({"x": inputs}, lengths, targets, at, rows=rows)

    def evaluation(self, examples: WindowExamples, rows: int = 32) -> Iterator[Batch]:
        """Every series from its beginning, a chunk of steps at a time; `at` has the origins that are scored.

        Targets are those of training, too.
        """
        origins = [examples.origins(i, self.horizon) for i in range(len(examples))]
        for batch in self.read_at(examples, origins, rows):
            series, times = batch.targets["series"], batch.targets["time"]
            y = np.zeros((len(times), self.horizon, self.codec.channels), np.float32)
            scale = np.zeros((len(times), 1, self.codec.channels), np.float32)
            for i in np.unique(series):
                places = np.flatnonzero(series == i)
                loc, wide = self.codec.units(examples.arrays[i], times[places])
                y[places] = (self.codec.future(examples.arrays[i], times[places]) - loc) / wide
                scale[places] = wide
            batch.targets |= {"y": y, "scale": scale}
            yield batch

    def read_at(self, examples: WindowExamples, origins: list[Array], rows: int = 32) -> Iterator[Batch]:
        """What is read at these origins of each series; `at` has their places.

        Where a step is its own value, every series is read from its beginning.
        """
        if self.codec.window:
            yield from self._windows_at(examples, origins)
            return
        lengths = np.array([len(s.values) for s in examples.series])
        for group in by_length(lengths, rows):
            for t in range(0, int(lengths[group].max()), EVALUATE):
                x, sizes = pad([examples.arrays[i]["x"][t : t + EVALUATE] for i in group])
                scored = np.zeros(x.shape[:2], bool)
                for b, i in enumerate(group):
                    here = origins[i][(origins[i] >= t) & (origins[i] < t + EVALUATE)]
                    scored[here - t, b] = True
                every = np.arange(len(group))
                at = np.flatnonzero(scored)
                asked = {"time": at // len(group) + t, "series": group[at % len(group)]}
                yield Batch({"x": x}, sizes, asked, at, every if t else None, every, group)

    def _windows_at(self, examples: WindowExamples, origins: list[Array]) -> Iterator[Batch]:
        """Windows side by side: those of a series, and of the next ones where it has few."""
        of = np.repeat(np.arange(len(origins)), [len(times) for times in origins])
        times = np.concatenate([*origins, np.zeros(0, np.int64)])
        rows = int(np.clip(4_000_000 // (self.codec.size + self.horizon * self.codec.channels * 8), 1, 512))
        data = examples.joined(self.codec)
        for k in range(0, len(times), rows):
            some, series = times[k : k + rows], of[k : k + rows]
            begin = data.begin[series]
            x = self.codec.rows(data.arrays, begin + some, begin)
            yield Batch({"x": x[None]}, None, {"time": some, "series": series}, np.arange(len(some)))

    # ---- answers

    def _distribution(
        self, examples: WindowExamples, i: int, times: Array, params: Array, levels: Iterable[float]
    ) -> Arrays:
        """Quantiles and mean, in the data's own units, of the forecasts made at these steps of series i."""
        kind, options = self.head()
        head = HEADS[kind]
        loc, scale = self.codec.units(examples.arrays[i], times)
        call = {"loc": loc, "scale": scale, **options}
        params = params.astype(np.float64)
        median = head.quantile(params, 0.5, **call)
        return {
            "mean": head.mean(params, **call),
            "median": median,
            "quantiles": np.stack([median, *(head.quantile(params, q, **call) for q in levels)], -1)[..., 1:],
        }

    def collect(
        self, examples: WindowExamples, outputs: Iterable[tuple[Batch, Array]], levels: Iterable[float]
    ) -> list[Arrays]:
        """For each series its origins and the distributions that are forecast there."""
        scored: list[list[tuple[Array, Array]]] = [[] for _ in examples.series]
        for batch, params in outputs:
            for i in np.unique(batch.targets["series"]):
                places = batch.targets["series"] == i
                scored[i].append((batch.targets["time"][places], params[places]))
        result: list[Arrays] = []
        for i, parts in enumerate(scored):
            if not parts:
                result.append({})
                continue
            times = np.concatenate([t for t, _ in parts])
            params = np.concatenate([p for _, p in parts])
            in_order = np.argsort(times, kind="stable")
            times, params = times[in_order], params[in_order]
            result.append({"times": times, **self._distribution(examples, i, times, params, levels)})
        return result

    def measure(self, examples: WindowExamples, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        collected = self.collect(examples, outputs, LEVELS)
        results = self._measured(
            {
                **self._truth(examples, i, made["times"]),
                **{n: made[n] for n in ("mean", "median", "quantiles")},
            }
            for i, made in enumerate(collected)
            if made
        )
        results.details["forecasts"] = collected
        return results

    def pointed(self, examples: WindowExamples, forecast: Callable[[int, Array], Array]) -> Results:
        """Metrics of a forecast without a distribution: [n, horizon, C] of a series after these steps."""
        every = [(i, examples.origins(i, self.horizon)) for i in range(len(examples))]
        return self._measured(
            {**self._truth(examples, i, times), **dict.fromkeys(("mean", "median"), forecast(i, times))}
            for i, times in every
            if len(times)
        )

    def _truth(self, examples: WindowExamples, i: int, times: Array) -> dict[str, Array]:
        """What followed these steps of a series, and what its errors are compared with."""
        values = np.asarray(examples.series[i].values, np.float64)
        steps = times[:, None] + 1 + np.arange(self.horizon)
        past = values[: examples.first[i] + 1] if examples.first[i] > (self.codec.season or 1) else values
        scale = np.asarray(naive_scale(past, self.codec.season or 1)).reshape(1, 1, -1)
        return {
            "actual": values[steps],
            "naive_scale": np.broadcast_to(scale, (len(steps), 1, values.shape[1])),
            "groups": i + len(examples) * (times // self.horizon),  # neighbours share most of their future
        }

    def _measured(self, parts: Iterable[dict[str, Array]]) -> Results:
        parts = list(parts)
        if not parts:
            raise DataError(
                "no series is long enough to score a forecast: the steps after the split must cover the horizon"
            )
        arrays: Options = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        arrays["levels"] = LEVELS
        rows = [METRICS[name] for name in TASKS[self.spec.task].metrics]
        able = [row for row in rows if all(need in arrays for need in row.needs)]
        return Results({row.name: float(row.compute(**arrays)) for row in able}, arrays)

    def predictions(self, examples: WindowExamples, outputs: Iterable[tuple[Batch, Array]]) -> list[Row]:
        """A row for each future step: identity, time, median, and the quantiles."""
        levels = [q for q in self.spec.model.levels if q != 0.5]
        rows: list[Row] = []
        for i, made in enumerate(self.collect(examples, outputs, levels)):
            series = examples.series[i]
            for h, when in enumerate(series.written(series.future(self.horizon))):
                for c, name in enumerate(series.names):
                    row: Row = {"unique_id": called(series, name), "ds": when}
                    row["y"] = float(made["median"][-1, h, c])
                    row |= {f"q{q:g}": float(made["quantiles"][-1, h, c, k]) for k, q in enumerate(levels)}
                    rows.append(row)
        return rows

    def future(self, examples: WindowExamples) -> Iterator[Batch]:
        """Batches whose only origin in each series is its last step."""
        yield from self.read_at(examples, [np.array([len(s.values) - 1]) for s in examples.series])

    def anomalies(self, examples: WindowExamples, outputs: Iterable[tuple[Batch, Array]]) -> list[Row]:
        """How surprising each newest point was, seen from the step before."""
        rows = []
        for i, made in enumerate(self.collect(examples, outputs, (0.1, 0.9))):
            series = examples.series[i]
            when = series.written(series.times[made["times"] + 1]) if made else []
            for k, t in enumerate(made.get("times", [])):
                actual = np.asarray(series.values[t + 1], np.float64)
                low, high = made["quantiles"][k, 0].T
                score = intervals.surprise(actual, low, made["median"][k, 0], high)
                for c, name in enumerate(series.names):
                    rows.append({"unique_id": called(series, name), "ds": when[k],
                                 "y": float(actual[c]),
                                 "expected": float(made["median"][k, 0, c]), "score": float(score[c])})  # fmt: skip
        return rows
