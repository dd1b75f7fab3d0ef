"""Live streams: a model and a state, a step at a time.

`Session` takes arrays and gives what the model's head reads: one row of states, pushed from C. `Sessions` are many of
them at once. `STREAMS` has a class for each kind of task on top: a user's values in, answers out.

    s = model.stream()
    s.push(part)        what became final by it, a list of rows
    s.peek()            the answer so far, as if the input ended here
    s.finish()          the end of the input: the rest
    s.fork(), s.save(), s.load(blob), s.reset(), s.state

What a stream knows is its state, a dict of named arrays: those of the plan are views, so that writing to them changes
the stream; what the codec and the stream hold beside them are copies, taken over by setting `state`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta, timezone, tzinfo
from typing import Any, Self

import numpy as np

from hitherto.answers import spread
from hitherto.codecs.series import SeriesStream
from hitherto.data import Table
from hitherto.errors import DataError, HithertoError, UsageError
from hitherto.files import from_bytes, to_bytes
from hitherto.heads import HEADS, log_softmax
from hitherto.marks import Marks
from hitherto.plan import streams
from hitherto.runtime.engine import Array, Engine, numbers
from hitherto.runtime.program import session
from hitherto.runtime.writer import write, write_from
from hitherto.slots import ANY, Slot, Slots, check_state, counter, text_slot
from hitherto.sources.base import chance, column_names, opened, said
from hitherto.sources.pairs import items
from hitherto.sources.texts import OURS, THEIRS, fields_expected
from hitherto.sources.windows import surprise
from hitherto.times import Form, Step, form_of, step_of, twice, wall_of, zone_of
from hitherto.times.steps import DAY, FIRST, LAST, SECOND

__all__ = ["STREAMS", "Session", "Sessions", "Stream"]

Row = dict[str, Any]
LONGEST = 100_000  # steps that a stream of a series may miss


class Session:
    """One row of states and the steps it takes: arrays in, the head's numbers out.

    `push(x)` takes one step, [I] float32 or an id, or some, [T, I] or [T]; gives [P] or [T, P], and None where only the
    end answers. `push(x, out=array)` writes there instead of making an array. For one thread at a time.
    """

    push: Callable[..., Any]  # of the program itself: no call stands between
    time: Callable[..., float]

    def __init__(self, engine: Engine) -> None:
        """A session of this engine, before any input."""
        self.engine, self._block = engine, engine.block(1)
        steps = session(engine.program, self._block)
        self.push, self.time = steps.push, steps.time

    @property
    def state(self) -> dict[str, Array]:
        """The states by name, [K, W]: views."""
        return {name: view[0] for name, view in self.engine.views(self._block).items()}

    def peek(self) -> Array | None:
        """Where the end answers: what it would say if it were now, [P]."""
        if not self.engine.pools:
            return None
        width = self.engine.input_size
        nothing = np.zeros((0, 1) if self.engine.ids is not None else (0, 1, width))
        found: Array = self.engine.run(nothing, self._block)[0]
        return found

    def fork(self) -> "Session":
        """Another session that has seen the same."""
        other = type(self)(self.engine)
        other._block[:] = self._block
        return other

    def reset(self) -> None:
        """As before any input."""
        self._block[:] = 0


class Sessions:
    """Many sessions of one engine, each with its own state: `push(ids, x)` takes a step of those in `ids`.

    Numbers of sessions run from 0 to n - 1. `x` has a row for each id: [k, I] float32, or [k] token numbers; so has
    what is given back, [k, P], or None where only the end answers: then `peek(ids)` does. A session's bits are those it
    would have alone.
    """

    def __init__(self, engine: Engine, n: int) -> None:
        if not isinstance(n, int | np.integer) or n < 1:
            raise UsageError(f"there must be one session at least, but {n!r} are asked for.")
        self.engine = engine
        try:
            self._block = engine.block(int(n))
            self._seen = np.zeros(n, np.int32)  # where each id stood in the last call that was checked
        except (MemoryError, ValueError, OverflowError) as error:
            size = int(n) * engine.stride * 4
            raise UsageError(f"{n:,} sessions need {size:,} bytes, which are not to be had.") from error

    def __len__(self) -> int:
        return len(self._block)

    def push(self, ids: Array, x: Array, out: Array | None = None) -> Array | None:
        """One step of each session in `ids`, none of them twice."""
        slots = self._slots(ids)
        tokens = self.engine.ids is not None
        x = numbers(x, "iu" if tokens else "fiub", "whole numbers" if tokens else "real numbers")
        shape = (len(slots),) if tokens else (len(slots), self.engine.input_size)
        if x.ndim and len(x) != len(slots):
            raise UsageError(f"there are {len(slots)} ids, but {len(x)} inputs: give a row for each.")
        if x.shape != shape:
            raise UsageError(f"expected an input of shape {shape}, a row for each id, got {x.shape}.")
        pools = self.engine.pools
        if pools and out is not None:
            raise UsageError("this model answers at its end: push gives nothing to write; peek does.")
        end = None if not pools else self.engine.stages - 1
        given = None if not isinstance(out, np.ndarray) else out[None]
        if out is not None and given is None:
            raise UsageError(f"out must be an array to write to, but came as {type(out).__name__}.")
        found = self.engine.run(x[None], self._block, slots=slots, end=end, out=None if pools else given)
        if pools:
            return None
        one: Array = found[0]
        return one if out is None else out

    def peek(self, ids: Array) -> Array:
        """What each of these sessions would answer at its end, [k, P]."""
        if not self.engine.pools:
            raise UsageError("this model answers at every step: push gives it.")
        slots = self._slots(ids)
        shape = (0, len(slots)) if self.engine.ids is not None else (0, len(slots), self.engine.input_size)
        return self.engine.run(np.zeros(shape), self._block, slots=slots)

    def reset(self, ids: Array) -> None:
        """These sessions as before any input: a slot for another stream."""
        self._block[self._slots(ids)] = 0

    @property
    def state(self) -> dict[str, Array]:
        """The states by name, [n, K, W]: views."""
        return self.engine.views(self._block)

    def _slots(self, ids: Array) -> Array:
        slots = numbers(ids, "iu", "ids that are whole numbers")
        if slots.ndim != 1:
            raise UsageError(f"ids must be a list of whole numbers, but are of shape {slots.shape}.")
        if slots.size and (slots.min() < 0 or slots.max() >= len(self)):
            raise UsageError(f"ids must lie in 0..{len(self) - 1}, but {slots.min()}..{slots.max()} came.")
        slots = np.ascontiguousarray(slots, np.int64)
        places = np.arange(len(slots), dtype=np.int32)
        self._seen[slots] = places  # of an id that stands twice only one place is kept
        twice = np.flatnonzero(self._seen[slots] != places)
        if len(twice):
            raise UsageError(
                f"id {slots[twice[0]]} stands twice in one call; a session takes one step at a time."
            )
        return slots


# ------------------------------------------------------------------------------------------------ with a user's values


class Stream:
    """What all streams of values share. `model` has `engine`, `source`, `codecs`, `digest` and `spec`."""

    line_by_line = False  # whether a line is all of an input, so that nothing is left when lines end

    def __init__(self, model: Any) -> None:
        self.model = model
        self.core = self.session()
        self.kept: dict[str, Array] = {}  # what the stream itself remembers
        self.how: dict[str, Any] = {}  # what it was told of writing or searching
        self.begin()

    def session(self) -> Session:
        """The steps that are taken as input comes."""
        return Session(self.model.engine)

    def begin(self) -> None:
        """Take the codec's stream, and whatever is read before any input."""
        codec = self.model.codecs["input"]
        self.input: Any = codec.stream() if hasattr(codec, "stream") else _Whole(codec)

    def push(self, value: Any) -> list[Row]:
        """Take more input; what became final by it."""
        raise NotImplementedError

    def peek(self) -> Any:
        """The answer so far, as if the input ended here."""
        raise NotImplementedError

    def finish(self) -> Any:
        """The end of the input: the rest of the answers."""
        raise NotImplementedError

    def tell(self, **how: Any) -> None:
        """How to write or to search, in the words of `predict`."""
        raise UsageError(f"{next(iter(how))} is for models that write; this one does {self.model.spec.task}.")

    @property
    def numbers(self) -> bool:
        """Whether its input is numbers, not text."""
        return isinstance(self.input, SeriesStream)

    def line(self, text: str) -> list[Row]:
        """What a line of text, its end included, brings forth: `push` for those who come with text."""
        return self.push(text)

    def row(self, table: Table, told: Mapping[str, Any]) -> list[Row]:
        """What a table of one row brings forth, an input of its own: what `predict` says, told the same of columns."""
        found: list[Row] = self.model.predict(table, keep=(), **self.how, **told)
        return [{name: value for name, value in row.items() if name != "row"} for row in found]

    def _value(self, table: Table, told: Mapping[str, Any]) -> tuple[Any, str]:
        """Of a table of one row, the value that is read; and its column."""
        names = column_names(table, told.get("input") or told.get("output") or self.model.source.reads)
        if len(names) != 1:
            raise UsageError(
                f"say which column is read, of {', '.join(map(repr, table.columns))}: --input COLUMN."
            )
        (row,) = table
        return row[names[0]], names[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def fork(self) -> Self:
        """Another stream that has seen the same; from here on they know nothing of each other."""
        other = type(self)(self.model)
        other._take(self.state)
        return other

    def reset(self) -> None:
        """As before any input."""
        self.core.reset()
        self.kept = {}
        self.begin()

    @property
    def state(self) -> dict[str, Array]:
        """All that the stream knows, by name."""
        return self._held()

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        slots, arrays = self.slots, {name: np.asarray(array) for name, array in value.items()}
        for name, array in arrays.items():  # numbers as Python has them will do
            kind = slots[name].dtype if name in slots else array.dtype
            arrays[name] = array.astype(kind) if np.can_cast(array.dtype, kind, "same_kind") else array
        self._put(arrays)

    def _held(self) -> dict[str, Array]:
        codec = {f"input.{name}": np.asarray(value) for name, value in self.input.state.items()}
        return {**self.core.state, **codec, **{f"stream.{name}": value for name, value in self.kept.items()}}

    def _put(self, arrays: Mapping[str, Array]) -> None:
        """Go on from a state, once it is known to fit."""
        check_state(arrays, self.slots)
        self.sound(arrays)
        self._take(arrays)

    @property
    def slots(self) -> Slots:
        """What each array of the state may be."""
        core = {name: Slot(np.float32, view.shape) for name, view in self.core.state.items()}
        codec = {f"input.{name}": slot for name, slot in self.input.slots.items()}
        return {**core, **codec, **{f"stream.{name}": slot for name, slot in self.own().items()}}

    def own(self) -> Slots:
        """What each array may be that the stream itself remembers."""
        return {}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        """A UsageError unless these arrays, each of which fits its slot, fit each other too."""

    def _take(self, value: Mapping[str, Array]) -> None:
        """Go on from a state that is known to fit."""
        for name, view in self.core.state.items():
            view[:] = value[name]
        codec = {n.removeprefix("input."): np.array(v) for n, v in value.items() if n.startswith("input.")}
        if codec:
            self.input.state = codec
        self.kept = {
            n.removeprefix("stream."): np.array(v) for n, v in value.items() if n.startswith("stream.")
        }

    def save(self) -> bytes:
        """The state as bytes, for `load` of a stream of the same model: safetensors, with nothing in it that runs."""
        arrays = {name: np.array(value, order="C") for name, value in self.state.items()}
        said = {"version": 1, "digest": self.model.digest, "sum": _sum(arrays)}
        return to_bytes(arrays, {"hitherto_session": json.dumps(said)})

    def load(self, blob: bytes) -> Self:
        """Go on from what `save` gave."""
        arrays, metadata = _read(blob)
        if metadata.get("digest") != self.model.digest:
            raise UsageError(
                "the session was saved with another model: open the bundle that it belongs to (its digest is "
                f"{metadata.get('digest', '')!s:.12}, this model's {self.model.digest[:12]})."
            )
        try:
            self._put(arrays)
        except UsageError as error:
            raise DataError(f"the saved session does not fit its model: {error}") from error
        return self


def _sum(arrays: Mapping[str, Array]) -> str:
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return found.hexdigest()


def _read(blob: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and metadata of a saved session; a DataError where it is none, or was changed."""
    try:
        tags, arrays = from_bytes(memoryview(blob).tobytes())
        metadata = json.loads(tags["hitherto_session"])
        newer = metadata["version"] != 1
        changed = _sum(arrays) != metadata["sum"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(
            f"the saved session cannot be read: {error}. Give the bytes that save() gave."
        ) from error
    if newer or changed:
        why = (
            "it was saved by a newer version" if newer else "its checksum is wrong: it was damaged on the way"
        )
        raise DataError(f"the saved session cannot be read: {why}. Give the bytes that save() gave.")
    return arrays, metadata


def _from_line(stream: Stream, text: str) -> list[Row]:
    """What a line brings to a stream of sound, pictures or points: a file's name is all of an input, JSON a part."""
    text = text.strip()
    if text.startswith("["):
        try:
            given = json.loads(text)
        except ValueError as error:
            raise DataError(f"expected a JSON list, but {error}") from error
        rows = stream.push(given)
        return [*rows, stream.peek()] if isinstance(stream, LabelStream) else rows
    found: list[Row] = stream.model.predict([text], details=True)
    return found


class _Whole:
    """Values that come whole, as pictures do, in the manner of a codec's stream."""

    def __init__(self, codec: Any) -> None:
        self.codec = codec
        self.state: dict[str, Array] = {}
        self.slots: Slots = {}

    def push(self, value: Any) -> Array:
        found: Array = self.codec.encode(value)
        return found

    def finish(self) -> Array:
        return np.zeros((0, self.codec.size), np.float32)


class LabelStream(Stream):
    """`classify`: nothing is final before the end; `peek` says the label so far and how sure the model is."""

    def begin(self) -> None:
        super().begin()
        self.kept = {"steps": np.zeros(1, np.int64)}

    def own(self) -> Slots:
        return {"steps": counter(1)}

    def push(self, value: Any) -> list[Row]:
        """A part of the text, of any size; or a step of numbers, or several."""
        self.core.push(self._encoded(value))
        return []

    def peek(self) -> Row:
        return self._answer() if self.numbers else self.fork().finish()

    def finish(self) -> Row:
        if not self.numbers:
            self.core.push(self.input.finish())
        return self._answer()

    def line(self, text: str) -> list[Row]:
        if self.model.source.vectors and not self.numbers:
            return _from_line(self, text)
        if self.numbers and self.model.source.single:  # a row is all there is to an input
            self.reset()
        self.push(_numbers(text) if self.numbers else text)
        return [self.peek()]

    def _encoded(self, value: Any) -> Array:
        if not self.numbers:
            found: Array = self.input.push(value)
            return found
        scaled: Array = self.input.push(value)["x"]
        most = self.model.spec.data.max_length
        scaled = scaled if most is None else scaled[: max(0, most - int(self.kept["steps"][0]))]
        self.kept["steps"] = self.kept["steps"] + len(scaled)
        return scaled

    def _answer(self) -> Row:
        source = self.model.source
        params: Any = self.core.peek()
        row: Row = source.answer(source.probabilities(params[None])[0])
        return row


class TagStream(Stream):
    """`tag`: a label for each token, as soon as the token is whole."""

    def begin(self) -> None:
        super().begin()
        self.kept = {"rest": np.zeros(0, np.uint8)}

    def own(self) -> Slots:
        return {"rest": text_slot()}

    def push(self, value: Any) -> list[Row]:
        """Text, whose words end at blanks, or a list of tokens."""
        if not isinstance(value, str):
            return self._labels(items(value))
        text = self.kept["rest"].tobytes().decode() + value
        cut = max((i for i, c in enumerate(text) if c.isspace()), default=-1) + 1
        self.kept["rest"] = np.frombuffer(text[cut:].encode(), np.uint8).copy()
        return self._labels(text[:cut].split())

    def peek(self) -> list[Row]:
        return self.fork().finish()

    def finish(self) -> list[Row]:
        rest = self.kept["rest"].tobytes().decode()
        self.kept["rest"] = np.zeros(0, np.uint8)
        return self._labels(rest.split())

    def row(self, table: Table, told: Mapping[str, Any]) -> list[Row]:
        """A label for each token of a sequence by itself."""
        return [
            {name: value for name, value in row.items() if name != "row"}
            for row in spread(super().row(table, told))
        ]

    def _labels(self, tokens: list[str]) -> list[Row]:
        if not tokens:
            return []
        found = self.core.push(self.model.codecs["input"].encode(tokens))
        probabilities = self.model.source.probabilities(found)
        names = self.model.codecs["output"].classes
        return [
            {"token": token, "label": names[int(p.argmax())], "probability": float(p.max())}
            for token, p in zip(tokens, probabilities, strict=True)
        ]


class TextStream(Stream):
    """`lm`: how probable each token was, and what may come next."""

    def begin(self) -> None:
        super().begin()
        self._next(self.core.push(np.array([self.model.source.start_id])))

    def own(self) -> Slots:
        return {"next": Slot(np.float64, (self.model.codecs["input"].size,), low=-np.inf, high=1e-6)}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        if not abs(np.exp(arrays["stream.next"]).sum() - 1) < 1e-3:
            raise UsageError("the probabilities of the next token do not add up to 1.")

    def push(self, text: str) -> list[Row]:
        """More text, cut anywhere: a row for each token that became whole, with its probability given all before it."""
        return self._rows(self.input.push(text))

    def peek(self, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable next words, or ends of the word that has begun, each with its probability."""
        rest = self.input.state.get("rest", np.zeros(0, np.uint8)).tobytes().decode()
        found: list[tuple[str, float]] = self.model.suggest_from(self.engine_state(), self.log_probs, rest, k)
        return found

    def finish(self) -> list[Row]:
        return self._rows(self.input.finish())

    def line(self, text: str) -> list[Row]:
        rows = self.push(text)
        bits = [-np.log2(max(row["probability"], 1e-300)) for row in rows]
        if self.model.spec.data.layout == "lines" and text.endswith("\n"):  # the next is a text of its own
            self.reset()
        return [{"tokens": len(rows), "bits": float(sum(bits)), "next": dict(self.peek())}]

    def row(self, table: Table, told: Mapping[str, Any]) -> list[Row]:
        """A row's text goes on as a line does."""
        value, column = self._value(table, told)
        return self.line(said(table, 0, value, column).rstrip("\n") + "\n")

    @property
    def log_probs(self) -> Array:
        """Of each token, to be the next: [1, V]."""
        return self.kept["next"][None]

    def engine_state(self) -> dict[str, Array]:
        """The state as the engine has it, [K, 1, W]."""
        return {name: value[:, None].copy() for name, value in self.core.state.items()}

    def _rows(self, ids: Array) -> list[Row]:
        if not len(ids):
            return []
        codec = self.model.codecs["input"]
        found = self.core.push(ids)
        rows = []
        for place, token in enumerate(np.asarray(ids).tolist()):
            p = float(np.exp(self.kept["next"][token]))
            rows.append({"token": codec.decode([token]), "probability": p})
            self._next(found[place : place + 1])
        return rows

    def _next(self, params: Array) -> None:
        self.kept = {"next": log_softmax(params[-1])}


class ForecastStream(Stream):
    """`forecast`: the future as it looks after each observation, and how surprising the observation was."""

    def own(self) -> Slots:
        codec, late = self.model.codecs["input"], 1 << 62
        ahead = {
            "params": Slot(np.float32, (self.core.engine.widths[-1],)),
            "loc": Slot(np.float64, (codec.horizon, codec.channels), -np.inf, np.inf),
            "scale": Slot(np.float64, (1, codec.channels), low=0, high=np.inf),
            "times": Slot(np.int64, (range(14),), low=-late, high=late),
            "dates": Slot(np.int64, (range(1, 3),), low=-86400, high=SECOND),
        }
        return {name: replace(slot, needed=False) for name, slot in ahead.items()}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        found = {name for name in ("params", "loc", "scale", "times") if f"stream.{name}" in arrays}
        if len(found) not in (0, 4) or (not found and "stream.dates" in arrays):
            raise UsageError("the state has a part of a forecast, but not all of it.")
        times, dates = (arrays.get(f"stream.{name}", np.ones(0, np.int64)) for name in ("times", "dates"))
        if (np.diff(times) <= 0).any():
            raise UsageError("the times do not rise.")
        tick = int(dates[0]) if len(dates) else 1
        if tick not in (1, SECOND) or (abs(dates[1:]) >= DAY).any():
            raise UsageError("the times have no such ticks, or no such zone.")
        ends = [int(t) * (SECOND // tick) for t in (*times[:1], *times[-1:])] if len(dates) else []
        if not all(FIRST <= t < LAST for t in ends):
            raise UsageError("the times are no dates.")
        if found and not len(arrays["input.season"]):
            raise UsageError("there is a forecast, but no observation.")

    def push(self, value: Any, time: Any = None, known: Any = None, static: Any = None) -> list[Row]:
        """One observation, of each channel (NaN or None where it is missing), at `time`.

        `known` are the covariates of the steps of the horizon that follows, [horizon, K]; `static` those of the series.
        """
        codec, marks = self.model.codecs["input"], self._marks
        try:
            values = np.array([marks.number(v) for v in np.ravel(np.asarray(value, object))], np.float64)
        except ValueError as error:
            raise DataError(str(error)) from error
        if values.shape != (codec.channels,):
            raise UsageError(f"expected {codec.channels} number(s) for a step, but {values.size} came.")
        if np.isinf(values).any():
            raise DataError("an observation is infinite; push NaN where it is missing.")
        covariates = (
            None if known is None else _mapped(marks.plain, known)[None],
            None if static is None else _mapped(marks.plain, static),
        )
        before: dict[str, Array] = {"times": self._ticks()}
        if "dates" in self.kept:
            before["dates"] = np.array([SECOND, *self.kept["dates"][1:]], np.int64)
        if time is None:
            return [
                {
                    "y": _plain(values),
                    **self._step_on(values, None, covariates, before),
                    "forecast": self.peek(),
                }
            ]
        kept = self._taken(time, before)
        form, times = self._timed(kept)
        if codec.calendar and form.numbers:
            raise DataError(f"this model reads the calendar: give dates, not {time!r:.40}.")
        missed = self._missed(form, times)
        state = {name: np.array(array) for name, array in self.state.items()} if len(missed) else {}
        try:
            for when in missed:  # steps that did not come are read as a table's are: as missing values
                self._step_on(
                    np.full(codec.channels, np.nan), wall_of(when[None], form.zone), covariates, before
                )
            scores = self._step_on(values, wall_of(times[-1:], form.zone), covariates, kept)
        except HithertoError:
            if state:
                self.state = state
            raise
        ds = form.write(times[-1:], self._step(form, times))[0]
        return [{"ds": ds, "y": _plain(values), **scores, "forecast": self.peek()}]

    def _step_on(
        self,
        values: Array,
        wall: Array | None,
        covariates: tuple[Array | None, Array | None],
        kept: dict[str, Array],
    ) -> Row:
        """Take a step; how surprising it was."""
        codec = self.model.codecs["input"]
        scores = self._surprise(values)
        found = self.input.push(values[None], wall, *covariates)
        params = self.core.push(found["x"])
        loc, scale = codec.ahead(found, self.input)
        self.kept = {"params": params[0], "loc": loc, "scale": scale, **kept}
        return scores

    def _missed(self, form: Form, times: Array) -> Array:
        """The steps between the two newest times that did not come, if steps are those of training."""
        codec = self.model.codecs["input"]
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
        found: Array = step.after(last[0], count, form.zone)
        return found

    @property
    def _marks(self) -> Marks:
        return Marks.of(self.model.spec.data.decimal, self.model.spec.data.na)

    def _taken(self, time: Any, kept: dict[str, Array]) -> dict[str, Array]:
        """What is kept with a time more: it is read as training read its times."""
        data, times = self.model.spec.data, kept["times"]
        form, _ = form_of([time], given=data.time_format, zone=data.timezone, kept=True, column=None)
        if data.time_format is None:  # a model that knew no zones
            form = replace(form, zone=None)
        if len(times) and ("dates" in kept) == form.numbers:
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
        kept = {"times": np.append(times[-12:], number)}
        if not form.numbers:
            at = kept["times"][-1:].astype("M8[us]")
            shift = [] if form.zone is None else (wall_of(at, form.zone) - at).astype(np.int64) // SECOND
            kept["dates"] = np.array(
                [SECOND, *shift], np.int64
            )  # ticks of a second, the zone's offset if it has one
        return kept

    def _ticks(self) -> Array:
        """The newest times: numbers, or microseconds."""
        times = self.kept.get("times", np.zeros(0, np.int64))
        return times * (SECOND // int(self.kept["dates"][0])) if "dates" in self.kept else times

    def _timed(self, kept: Mapping[str, Array]) -> tuple[Form, Array]:
        """How times are written, and the newest of them."""
        data = self.model.spec.data
        if "dates" not in kept:
            return Form("number"), kept["times"]
        shift = kept["dates"][1:].tolist()
        zone: tzinfo | None = timezone(timedelta(seconds=shift[0])) if shift else None
        if zone is not None and data.timezone is not None:
            zone = zone_of(data.timezone)
        return Form(data.time_format or "", zone), kept["times"].astype("M8[us]")

    def _step(self, form: Form, times: Array) -> Step | None:
        """The step between the newest times, as far as it is known: that of training where they keep to it."""
        freq, learned = self.model.spec.data.freq, self.model.codecs["input"].step
        if freq is None and learned is not None and learned.keeps(times, form.zone):
            return learned  # type: ignore[no-any-return]
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
            {"step": h + 1, **({} if ahead is None else {"ds": ahead[h]}), "y": _plain(middle[h]),
             **{f"q{q:g}": _plain(values[h]) for q, values in zip(levels, outer, strict=True)}}
            for h in range(len(middle))
        ]  # fmt: skip

    def finish(self) -> list[Row]:
        return []

    def line(self, text: str) -> list[Row]:
        """A JSON object (y, and ds, known, static where the model reads them), or a time and numbers between commas."""
        if text.lstrip().startswith("{"):
            try:
                given = json.loads(text)
            except ValueError as error:
                raise DataError(f"expected a JSON object, but {error}") from error
            return self.push(given.get("y"), given.get("ds"), given.get("known"), given.get("static"))
        data = self.model.spec.data
        delimiter = data.delimiter or next(
            (c for c in "\t;" if c in text), " " if data.decimal == "," else ","
        )
        cells = [cell.strip() for cell in text.strip().split(delimiter)]
        time = cells.pop(0) if len(cells) > self.model.codecs["input"].channels else None
        return self.push(cells, time)

    def _quantile(self, level: float) -> Array:
        """[horizon, C]"""
        kind, options = self.model.source.head()
        params = self.kept["params"].astype(np.float64)
        found: Array = HEADS[kind].quantile(
            params, level, loc=self.kept["loc"], scale=self.kept["scale"], **options
        )
        return found

    def _surprise(self, values: Array) -> Row:
        """What was expected, and how far off it is: the distance from the median in half 80 % intervals."""
        if "params" not in self.kept:
            return {"expected": None, "score": None}
        low, middle, high = (self._quantile(q)[0] for q in (0.1, 0.5, 0.9))
        return {"expected": _plain(middle), "score": _plain(surprise(values, low, middle, high))}

    def _times(self) -> list[str] | None:
        """The times of the steps to come, as answers have them."""
        form, times = self._timed({**self.kept, "times": self._ticks()})
        step = self._step(form, times) if len(times) else None
        if step is None:
            return None
        return form.write(step.after(times[-1], self.model.codecs["input"].horizon, form.zone), step)


def _mapped(function: Callable[[Any], Any], values: Any) -> Array:
    """The values one by one, in the same shape."""
    array = np.asarray(values, object)
    found = np.empty(array.shape, object)
    found.ravel()[:] = [function(value) for value in array.ravel()]
    return found


def _numbers(text: str) -> list[float]:
    """The numbers of a line, between commas or blanks; NaN where there is none between two commas."""
    text = text.strip().strip("[]")
    cells = text.split(",") if "," in text else text.split() or [""]
    try:
        return [float(cell) if cell.strip() not in ("", "null", "NA") else float("nan") for cell in cells]
    except ValueError as error:
        raise DataError(f"expected numbers between commas, but got {text!r:.60}") from error


def _plain(values: Array) -> Any:
    """A number, or a list of them; None where one is missing."""
    found = [float(v) if np.isfinite(v) else None for v in np.ravel(values)]
    return found[0] if len(found) == 1 else found


class WriteStream(Stream):
    """`translate`, `summarize`, `answer`: the source as it comes; at its end the text.

    An encoder that reads in one direction takes steps as the source comes; another waits for its end. Either way what
    is kept grows with the source, for any of it may be looked at while the answer is written.
    """

    line_by_line = True

    def __init__(self, model: Any) -> None:
        self.decoding = model.decoding({})
        super().__init__(model)

    def session(self) -> Session:
        """Steps of the encoder."""
        return Session(self.model.engine.encoder)

    def begin(self) -> None:
        super().begin()
        self.kept = {"text": np.zeros(0, np.uint8)}
        if self.steps:
            self.kept |= {
                "memory": np.zeros((0, self.core.engine.widths[-1]), np.float32),
                "ids": np.zeros(0, np.int64),
            }

    def own(self) -> Slots:
        known = {"text": text_slot()}
        if not self.steps:
            return known
        engine = self.core.engine
        return known | {
            "memory": Slot(np.float32, (ANY, engine.widths[-1])),
            "ids": Slot(np.int64, (ANY,), low=0, high=(engine.ids or 1) - 1),
        }

    def sound(self, arrays: Mapping[str, Array]) -> None:
        if self.steps and len(arrays["stream.memory"]) != len(arrays["stream.ids"]):
            raise UsageError("the memory and the ids are not of as many steps.")

    def tell(self, **how: Any) -> None:
        self.how, self.decoding = how, self.model.decoding(how)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of an input."""
        given = self.model.spec.data.input
        return tuple(given) if isinstance(given, list | tuple) else (given,)

    @property
    def steps(self) -> bool:
        """Whether the source is encoded as it comes; of stories and questions it is the end that is read."""
        return streams(self.core.engine.plan) is None and self.model.spec.task != "answer"

    def push(self, value: str) -> list[Row]:
        """A part of the source, of any size. Its fields, a story and a question, say, stand on lines of their own."""
        if not isinstance(value, str):
            raise UsageError(
                f"expected text, but got {value!r:.60}; put the fields of an input on lines of their own."
            )
        if len(self.fields) == 1:  # as where it was learned: an input is one line
            value = value.replace("\n", " ")
        try:
            more = np.frombuffer(value.encode(), np.uint8)
        except UnicodeEncodeError as error:
            raise DataError(
                f"the text has half of a character at {error.start + 1}, which stands for nothing"
            ) from error
        if self.steps:
            self._read(self.input.push(value))
        self.kept["text"] = np.concatenate([self.kept["text"], more])
        return []

    def peek(self) -> Row:
        return self.fork().finish()

    def finish(self) -> Row:
        """What is written to all of the source; the next source begins anew."""
        text = self.kept["text"].tobytes().decode()
        if len(self.fields) > 1 and (found := len(text.split("\n"))) != len(self.fields):
            raise DataError(fields_expected(self.fields, found))
        row = self._answer(text)
        self.reset()
        return row

    def line(self, text: str) -> list[Row]:
        """A line is a source; its fields stand between tabs."""
        self.push(text.rstrip("\r\n").replace("\t", "\n"))
        return [self.finish()]

    def fork(self) -> Self:
        other = super().fork()
        other.how, other.decoding = self.how, self.decoding
        return other

    def _read(self, ids: Array) -> None:
        """Steps of the encoder, as many as are ever read."""
        most = self.model.spec.data.max_length
        ids = np.asarray(ids, np.int64)
        ids = ids if most is None else ids[: max(0, most - len(self.kept["ids"]))]
        if len(ids):
            self.kept["memory"] = np.concatenate([self.kept["memory"], self.core.push(ids)])
            self.kept["ids"] = np.concatenate([self.kept["ids"], ids])

    def _answer(self, text: str, number: int = 0) -> Row:
        """What is written to a source; `number` tells one draw from another."""
        source, engine = self.model.source, self.model.engine
        if self.steps:
            self._read(self.input.finish())
            ends = {name: value[:, None].copy() for name, value in self.core.state.items()}
            ids = self.kept["ids"][:, None]
            state = engine.begin(self.kept["memory"][:, None], ends, ids, np.array([len(ids)]))
            found = write_from(engine, state, numbers=[number], **self.decoding)
        else:
            ids = np.asarray(source.cut(self.model.codecs["input"].encode(text)), np.int64)[:, None]
            found = write(engine, ids, None, numbers=[number], **self.decoding)
        row: Row = source.answer(found[0], text)
        return row


class ChatStream(WriteStream):
    """`chat`: a turn in, at its end the reply; what was said stays, as far back as the model reads."""

    def begin(self) -> None:
        super().begin()
        self.kept = {
            "text": np.zeros(0, np.uint8),
            "history": np.zeros(0, np.uint8),
            "replies": np.zeros(1, np.int64),
        }

    def own(self) -> Slots:
        return {"text": text_slot(), "history": text_slot(), "replies": counter(1)}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        try:
            turns = json.loads(arrays["stream.history"].tobytes() or b"[]")
            "".join(word for who, said in turns for word in (who, said)).encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise UsageError("the history is no list of turns, [who, what].") from error

    @property
    def steps(self) -> bool:
        return False  # what is read is the last turns, which are others with each

    def finish(self) -> Row:
        """The reply to the turn that is over, given those before it."""
        turns = [*self.history, (THEIRS, self.kept["text"].tobytes().decode())]
        replies = int(self.kept["replies"][0])
        row = self._answer(self.model.source.history(turns, OURS), replies)
        turns = [*turns, (OURS, row["text"])][-(self.model.spec.data.turns or 3) :]
        self.kept = {
            "text": np.zeros(0, np.uint8),
            "history": np.frombuffer(json.dumps(turns).encode(), np.uint8).copy(),
            "replies": np.array([replies + 1]),
        }
        return row

    @property
    def history(self) -> list[tuple[str, str]]:
        """The turns that may still be read: who said it, seen from the model, and what."""
        found = json.loads(self.kept["history"].tobytes() or b"[]")
        return [(who, said) for who, said in found]

    def line(self, text: str) -> list[Row]:
        """A line is a turn."""
        self.push(text.rstrip("\r\n"))
        return [self.finish()]


class CaptionStream(Stream):
    """`caption`: a picture, or frame after frame; at the end what is seen. What was seen is kept until then."""

    line_by_line = True

    def __init__(self, model: Any) -> None:
        self.decoding = model.decoding({})
        super().__init__(model)

    def session(self) -> Session:
        """Of the word that is written next; of pictures nothing is known before they are all there."""
        return Session(self.model.engine.encoder)

    def begin(self) -> None:
        super().begin()
        self.kept = {"x": np.zeros((0, self.model.codecs["input"].size), np.float32)}

    def own(self) -> Slots:
        return {"x": Slot(np.float32, (ANY, self.model.codecs["input"].size))}

    def tell(self, **how: Any) -> None:
        self.how, self.decoding = how, self.model.decoding(how)

    def line(self, text: str) -> list[Row]:
        """A line is a file's name."""
        self.kept["x"] = self.model.codecs["input"].encode(text.strip())
        return [self.finish()]

    def push(self, value: Any) -> list[Row]:
        """A picture, or more frames."""
        self.kept["x"] = np.concatenate([self.kept["x"], self.input.push(value)])
        return []

    def peek(self) -> Row:
        return self.fork().finish()

    def finish(self) -> Row:
        """What is seen; the next picture begins anew."""
        x = np.concatenate([self.kept["x"], self.input.finish()])
        if not len(x):
            raise UsageError("there was no picture: push one.")
        found = write(self.model.engine, x[:, None], None, numbers=[0], **self.decoding)
        row: Row = self.model.source.answer(found[0], "")
        self.reset()
        return row

    def fork(self) -> Self:
        other = super().fork()
        other.how, other.decoding = self.how, self.decoding
        return other


class TranscriptStream(Stream):
    """`transcribe`: what is said, as soon as nothing that comes can change it."""

    def __init__(self, model: Any) -> None:
        self.decoding: dict[str, Any] = {}
        super().__init__(model)

    def tell(self, **how: Any) -> None:
        """How to decode; what was heard before is forgotten."""
        self.how = self.decoding = how
        self.reset()

    def begin(self) -> None:
        super().begin()
        self.search = self.model.source.search(**self.decoding)
        self.decoder = self.model.codecs["output"].decoder()

    def push(self, value: Any) -> list[Row]:
        """More of the input: samples of sound, points of a pen. Gives a row where more of the text is sure."""
        return self._rows(self.input.push(value))

    def peek(self) -> Row:
        """All of the text so far, the last of it as it seems now."""
        row: Row = self.model.source.said(self.search.peek())
        return row

    def finish(self) -> list[Row]:
        """What was not sure before; the next input begins anew."""
        rows = self._rows(self.input.finish()) + self._said(self.search.finish())
        rest = self.decoder.finish()  # of a character that never became whole
        self.reset()
        return [*rows, {"text": rest, "at": []}] if rest else rows

    def fork(self) -> Self:
        other = type(self)(self.model)
        other.tell(**self.decoding)
        other._take(self.state)
        return other

    def _held(self) -> dict[str, Array]:
        own = {"search": self.search.state, "decoder": self.decoder.state}
        return {
            **super()._held(),
            **{f"{part}.{n}": v for part, state in own.items() for n, v in state.items()},
        }

    def _put(self, arrays: Mapping[str, Array]) -> None:
        if {n for n in arrays if n.startswith("search.")} != {f"search.{n}" for n in self.search.state}:
            raise UsageError("it was saved with another way of decoding; tell the stream the same first.")
        super()._put(arrays)

    @property
    def slots(self) -> Slots:
        classes = self.core.engine.widths[-1]
        own = {"search": self.search.slots(classes), "decoder": self.decoder.slots}
        return {
            **super().slots,
            **{f"{part}.{n}": slot for part, found in own.items() for n, slot in found.items()},
        }

    def sound(self, arrays: Mapping[str, Array]) -> None:
        own = {n.removeprefix("search."): v for n, v in arrays.items() if n.startswith("search.")}
        self.search.sound(own, self.core.engine.widths[-1])

    def _take(self, value: Mapping[str, Array]) -> None:
        search = {name: value[f"search.{name}"] for name in self.search.state}
        decoder = {name: value[f"decoder.{name}"] for name in self.decoder.state}
        self.search.state = search  # which may still refuse it, and leaves all as it is then
        self.decoder.state = decoder
        super()._take(value)

    def line(self, text: str) -> list[Row]:
        return _from_line(self, text)

    def _rows(self, steps: Array) -> list[Row]:
        if not len(steps):
            return []
        return self._said(self.search.push(log_softmax(self.core.push(steps))))

    def _said(self, symbols: list[tuple[int, int]]) -> list[Row]:
        """A row for what became final, if anything did: all of their texts in a row are the whole text."""
        if not symbols:
            return []
        row: Row = self.model.source.said(symbols)
        row["text"] = "".join(self.decoder.push(c) for c, _ in self.model.source.known(symbols))
        return [row]


class NotesStream(Stream):
    """`compose`: how surprising each step was, and what could come next."""

    def own(self) -> Slots:
        params = Slot(np.float32, (1, self.core.engine.widths[-1]))
        return {"count": counter(1, high=1 << 40), "params": params}

    def begin(self) -> None:
        self.input: Any = self.model.codecs["steps"].stream()
        self.kept = {"count": np.zeros(1, np.int64)}
        self._next(self.core.push(np.zeros((1, self.model.codecs["steps"].size), np.float32)))

    def push(self, value: Any) -> list[Row]:
        """Steps, each a list of pitches: for each how many nats it was off, and a draw of what could follow."""
        return self._taken(self.input.push(value))

    def row(self, table: Table, told: Mapping[str, Any]) -> list[Row]:
        """A piece by itself, from its beginning to its end."""
        value, column = self._value(table, told)
        with opened(table, 0, column):
            steps = self.model.codecs["steps"].encode(table.place(value))
        self.reset()
        rows = self._taken(steps)
        self.reset()
        return rows

    def _taken(self, steps: Array) -> list[Row]:
        rows = []
        for y in steps:
            self.kept["count"] = self.kept["count"] + 1
            nats = float(self.model.engine.nll(self.kept["params"], y[None])[0])
            self._next(self.core.push(y[None]))
            rows.append({"nats": nats, "next": self.peek()})
        return rows

    def peek(self) -> list[int]:
        """The pitches of a step that could come next: the same ones for as long as nothing comes."""
        drawn = self.model.draw(self.kept["params"][0], chance(0, 0, int(self.kept["count"][0])))
        found: list[int] = self.model.codecs["steps"].decode(drawn[None])[0]
        return found

    def finish(self) -> list[Row]:
        return []

    def line(self, text: str) -> list[Row]:
        """A step: pitches between blanks, or a JSON list of them; a line of nothing is a rest."""
        try:
            pitches = json.loads(text) if text.lstrip().startswith("[") else [int(p) for p in text.split()]
        except ValueError as error:
            raise DataError(f"expected the pitches of a step between blanks, but got {text!r:.60}") from error
        return self.push([pitches])

    def _next(self, params: Array) -> None:
        self.kept["params"] = np.array(params[-1:])


class PenStream(Stream):
    """`handwrite`: a text in, in pieces of any size; at its end the pen's strokes, or its points one by one."""

    line_by_line = True

    def begin(self) -> None:
        self.input: Any = self.model.codecs["text"].stream()
        self.kept = {"text": np.zeros(0, np.uint8), "count": np.zeros(1, np.int64)}

    def own(self) -> Slots:
        return {"text": text_slot(), "count": counter(1)}

    def session(self) -> Session:
        """Of the encoder, which has no states: what was read is the text itself."""
        if not self.model.source.says:
            raise UsageError("this model draws without being told what: use generate.")
        return Session(self.model.engine.encoder)

    def push(self, value: str) -> list[Row]:
        if not isinstance(value, str):
            raise UsageError(f"expected text, but got {value!r:.60}.")
        self.kept["text"] = np.concatenate([self.kept["text"], np.frombuffer(value.encode(), np.uint8)])
        return []

    def peek(self) -> Row:
        return self.fork().finish()

    def points(self) -> Iterator[list[float]]:
        """What the pen does for the text so far, [dx, dy, lifted] at a time, as it writes."""
        text = self.kept["text"].tobytes().decode()
        codec = self.model.codecs["steps"]
        for step in self.model.steps(text, seed=int(self.kept["count"][0])):
            (dx, dy, _), up = codec.decode(step[None])[0], step[2] >= 0.5
            yield [dx, dy, int(up)]

    def finish(self) -> Row:
        strokes = list(self.points())
        if strokes:
            strokes[-1][2] = 1
        row = {"strokes": strokes}
        count = self.kept["count"] + 1
        self.reset()
        self.kept["count"] = count
        return row

    def line(self, text: str) -> list[Row]:
        """A line is a text."""
        self.push(text.rstrip("\r\n"))
        return [self.finish()]

    def row(self, table: Table, told: Mapping[str, Any]) -> list[Row]:
        value, column = self._value(table, told)
        return self.line(said(table, 0, value, column))


STREAMS: dict[str, type[Stream]] = {
    "classify": LabelStream,
    "tag": TagStream,
    "lm": TextStream,
    "forecast": ForecastStream,
    "translate": WriteStream,
    "summarize": WriteStream,
    "answer": WriteStream,
    "chat": ChatStream,
    "caption": CaptionStream,
    "transcribe": TranscriptStream,
    "compose": NotesStream,
    "handwrite": PenStream,
}
