"""Live streams of a user's values: the contract, and what those of all tasks share.

    s = model.stream()
    s.push(part)        the rows that became final, a list
    s.peek()            the answer so far, as if the input ended here
    s.finish()          the end of the input: the rest
    s.fork(), s.save(), s.load(blob), s.reset(), s.state

A task writes `push` and `finish` as generators, `pushing` and `finishing`: each `params = yield x` asks for steps of
arrays. So the steps of many streams can be taken in one call, `step`, each to the bits that it has alone.

The state is a dict of named arrays. Those of the plan are views: writing to them changes the stream. Those of the codec
and of the stream itself are copies: setting `state` takes them over.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Generic, NamedTuple, Self, TypeAlias, TypeVar

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.base import Codec, CodecStream
from hitherto.codecs.series import SeriesStream
from hitherto.data import Table
from hitherto.data.marks import Marks
from hitherto.errors import DataError, UsageError
from hitherto.runtime.session import Session, together
from hitherto.slots import Slot, Slots, check_state
from hitherto.tasks.base import Options, Row, Value
from hitherto.tasks.columns import column_names, marks_of
from hitherto.tasks.opened import OpenModel
from hitherto.tensors import from_bytes, header_of

__all__ = ["Row", "Running", "Steps", "Stream", "numbers_of", "plain_of", "run", "step"]

T = TypeVar("T")
PART = 128  # steps that one of many streams takes before it is another's turn
Steps: TypeAlias = Generator[
    Array, Array, T
]  # asks for steps, [T, I] or [T], each answered with the head's params


class Stream(ABC):
    """What all streams of values share."""

    line_by_line: ClassVar[bool] = False  # a line is a whole input, so that nothing is left when lines end
    searches: ClassVar[bool] = (
        False  # the end and a peek search for a text, which takes far longer than steps
    )

    input: CodecStream  # the codec's stream

    def __init__(self, model: OpenModel) -> None:
        self.model = model
        self.marks = marks_of(model.spec.data)  # of the numbers in lines and cells
        self.core = self.session()
        self.kept: dict[str, Array] = {}  # the state of the stream itself
        self.how: Options = {}  # the options of decoding
        self.begin()

    def session(self) -> Session:
        """The session whose steps are taken as input comes."""
        return Session(self.model.engine)

    def begin(self) -> None:
        """Start a stream of the codec, and take the steps that come before any input."""
        codec = self.model.codecs["input"]
        self.input = codec.stream() if codec.streams else _Whole(codec)

    @abstractmethod
    def pushing(self, value: Value) -> Steps[list[Row]]:
        """Take more input; the rows that became final."""

    @abstractmethod
    def peek(self) -> Value:
        """The answer so far, as if the input ended here."""

    @abstractmethod
    def finishing(self) -> Steps[Value]:
        """The end of the input: the rest of the answers."""

    def push(self, value: Value) -> list[Row]:
        """Take more input; the rows that became final."""
        return self.alone(self.pushing(value))

    def finish(self) -> Value:
        """The end of the input: the rest of the answers."""
        return self.alone(self.finishing())

    def observing(
        self, value: Value, time: object = None, known: Value = None, static: Value = None
    ) -> Steps[list[Row]]:
        """Take a step of a series, at its time, with its covariates: for sources that forecast."""
        raise NotImplementedError(f"{type(self).__name__} observes no series")

    def observe(
        self, value: Value, time: object = None, known: Value = None, static: Value = None
    ) -> list[Row]:
        """`observing`, alone."""
        return self.alone(self.observing(value, time, known, static))

    def alone(self, steps: Steps[T]) -> T:
        """What comes of these steps of this stream."""
        try:
            x = next(steps)
            while True:
                try:
                    params = self.core.push(x)
                except Exception as error:
                    x = steps.throw(error)
                else:
                    x = steps.send(params)
        except StopIteration as end:
            value: T = end.value
            return value

    def tell(self, **how: object) -> None:
        """Set the options of decoding, as `predict` has them."""
        raise UsageError(f"{next(iter(how))} is for models that write; this one does {self.model.spec.task}.")

    @property
    def numbers(self) -> bool:
        """Whether its input is numbers, not text."""
        return isinstance(self.input, SeriesStream)

    def line(self, text: str) -> list[Row]:
        """The rows that a line of text, its end included, makes final: `push` for input that is text."""
        return self.push(text)

    def row(self, table: Table, reading: Options) -> list[Row]:
        """The answer to a table of one row, an input of its own: that of `predict`, with its options of reading."""
        rows: list[Row] = self.model.predict(table, keep=(), **self.how, **reading)
        return [{name: value for name, value in row.items() if name != "row"} for row in rows]

    def _value(self, table: Table, reading: Options) -> tuple[Value, str]:
        """Of a table of one row, the value that is read; and its column."""
        names = column_names(table, reading.get("input") or reading.get("output") or self.model.source.reads)
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
        """A copy of the stream, independent of it from here on."""
        other = type(self)(self.model)
        other.marks = self.marks
        other._take(self.state)
        return other

    def reset(self) -> None:
        """Forget all input."""
        self.core.reset()
        self.kept = {}
        self.begin()

    @property
    def state(self) -> dict[str, Array]:
        """All arrays of the stream, by name."""
        return self._held()

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        slots, arrays = self.slots, {name: np.asarray(array) for name, array in value.items()}
        for name, array in arrays.items():  # numbers as Python has them will do
            kind = slots[name].dtype if name in slots else array.dtype
            arrays[name] = array.astype(kind) if np.can_cast(array.dtype, kind, "same_kind") else array
        self._put(arrays)

    def _held(self) -> dict[str, Array]:
        held = self.core.state
        for name, value in self.input.state.items():
            held[f"input.{name}"] = np.asarray(value)
        for name, value in self.kept.items():
            held[f"stream.{name}"] = value
        return held

    def _put(self, arrays: Mapping[str, Array]) -> None:
        """Continue from a state, after checking that it fits."""
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
        """What each array of the stream itself may be."""
        return {}

    def sound(self, arrays: Mapping[str, Array]) -> None:  # noqa: B027 - most have nothing to compare
        """A UsageError unless these arrays, each of which fits its slot, fit each other."""

    def _take(self, value: Mapping[str, Array]) -> None:
        """Continue from a state that fits."""
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
        arrays = self.state
        shapes = tuple([(name, array.dtype, array.shape) for name, array in arrays.items()])
        form = _form(self.model.digest, shapes)
        parts = [np.asarray(arrays[name], dtype).tobytes() for name, dtype in form.order]
        checksum = hashlib.sha256()
        for label, place in form.labels:
            checksum.update(label)
            checksum.update(parts[place])
        return b"".join([form.begin, checksum.hexdigest().encode(), form.rest, *parts])

    def load(self, blob: bytes) -> Self:
        """Continue from what `save` gave."""
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


class Running(Generic[T]):
    """Steps of a stream under way: `x` is what they ask for, None once they ended, with a `value` or an `error`."""

    __slots__ = ("core", "error", "parts", "place", "steps", "value", "x")

    def __init__(self, stream: Stream, steps: Steps[T]) -> None:
        self.core, self.steps = stream.core, steps
        self.x: Array | None = None
        self.value: T | None = None
        self.error: Exception | None = None
        self._go(lambda: next(steps))

    def next(self, x: Array) -> Array:
        """The steps of `x` that are next: not all where they are many, so that others do not wait for long."""
        return x if len(x) <= PART else x[self.place : self.place + PART]

    def answer(self, x: Array, params: Array | Exception) -> None:
        """Go on with what these steps gave, or with the error that they made."""
        if isinstance(params, Exception):
            error = params
            self._go(lambda: self.steps.throw(error))
            return
        if len(x) > PART:
            self.parts.append(params)
            self.place += PART
            if self.place < len(x):
                return
            params = self.parts[0] if self.parts[0] is None else np.concatenate(self.parts)
        whole = params
        self._go(lambda: self.steps.send(whole))

    def _go(self, resume: Callable[[], Array]) -> None:
        self.x, self.place = None, 0
        self.parts: list[Array] = []
        try:
            self.x = resume()
        except StopIteration as end:
            self.value = end.value
        except Exception as error:
            self.error = error


def step(running: Sequence[Running[T]]) -> list[Running[T]]:
    """Take the steps that these ask for, those of one model in one call; those that ask for more."""
    waiting = [(stream, stream.x) for stream in running if stream.x is not None]
    answers = together([stream.core for stream, _ in waiting], [stream.next(x) for stream, x in waiting])
    for (stream, x), params in zip(waiting, answers, strict=True):
        stream.answer(x, params)
    return [stream for stream, _ in waiting if stream.x is not None]


def run(stream: Stream, steps: Steps[T]) -> Running[T]:
    """Take all of these steps, of one stream."""
    running = Running(stream, steps)
    while step([running]):
        pass
    return running


class _Form(NamedTuple):
    """What the saved states of a model have in common whose arrays have the same shapes."""

    begin: bytes  # up to the checksum
    rest: bytes  # from there to the first array
    order: tuple[tuple[str, "np.dtype[np.generic]"], ...]  # the arrays as they follow, and their types there
    labels: tuple[tuple[bytes, int], ...]  # what the checksum covers: of each array a label, and its bytes


@lru_cache(maxsize=512)  # a server saves a state at every push
def _form(digest: str, shapes: tuple[tuple[str, "np.dtype[np.generic]", tuple[int, ...]], ...]) -> _Form:
    empty: dict[str, Array] = {name: np.empty(shape, dtype) for name, dtype, shape in shapes}
    mark = "?" * 64  # where the checksum goes
    about = {"version": 1, "digest": digest, "sum": mark}
    header, arrays = header_of(empty, {"hitherto_session": json.dumps(about)})
    begin, _, rest = header.partition(mark.encode())
    order = tuple((name, array.dtype) for name, array in arrays.items())
    places = {name: place for place, (name, _) in enumerate(order)}
    labels = tuple((_label(name, arrays[name]), places[name]) for name in sorted(arrays))
    return _Form(begin, rest, order, labels)


def _label(name: str, array: Array) -> bytes:
    return f"{name} {array.dtype.str} {array.shape} ".encode()


def _sum(arrays: Mapping[str, Array]) -> str:
    parts = (part for name in sorted(arrays) for part in (_label(name, arrays[name]), arrays[name].tobytes()))
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _read(blob: bytes) -> tuple[dict[str, Array], Options]:
    """The arrays and metadata of a saved session; a DataError where it is none, or was damaged."""
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


class _Whole:
    """Values that come whole, as images do, behind the contract of a codec's stream."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.state: dict[str, Array] = {}
        self.slots: Slots = {}

    def push(self, value: object) -> Array:
        return self.codec.encode(value)

    def finish(self) -> Array:
        return np.zeros((0, self.codec.size), np.float32)


def numbers_of(text: str, marks: Marks) -> list[float]:
    """The numbers of a line, between commas or blanks; NaN where a number is missing between two commas.

    Where a comma is the decimal mark, semicolons stand between numbers.
    """
    text = text.strip().strip("[]")
    between, name = (";", "semicolons") if marks.decimal == "," else (",", "commas")
    cells = text.split(between) if between in text else text.split() or [""]
    try:
        return [marks.number(cell) for cell in cells]
    except ValueError as error:
        raise DataError(f"expected numbers between {name}, but got {text!r:.60}") from error


def plain_of(values: Array) -> float | list[float | None] | None:
    """A number, or a list of them; None where one is missing."""
    numbers = [float(v) if np.isfinite(v) else None for v in np.ravel(values)]
    return numbers[0] if len(numbers) == 1 else numbers
