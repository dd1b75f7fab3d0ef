"""Live streams of a user's values: what those of all tasks share.

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
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.series import SeriesStream
from hitherto.data import Table
from hitherto.errors import DataError, UsageError
from hitherto.runtime.session import Session
from hitherto.slots import Slot, Slots, check_state
from hitherto.tasks.columns import column_names
from hitherto.tensors import from_bytes, to_bytes

__all__ = ["Row", "Stream", "numbers_of", "plain_of"]

Row = dict[str, Any]


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
        self.input: Any = codec.stream() if codec.streams else _Whole(codec)

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


def numbers_of(text: str) -> list[float]:
    """The numbers of a line, between commas or blanks; NaN where there is none between two commas."""
    text = text.strip().strip("[]")
    cells = text.split(",") if "," in text else text.split() or [""]
    try:
        return [float(cell) if cell.strip() not in ("", "null", "NA") else float("nan") for cell in cells]
    except ValueError as error:
        raise DataError(f"expected numbers between commas, but got {text!r:.60}") from error


def plain_of(values: Array) -> Any:
    """A number, or a list of them; None where one is missing."""
    found = [float(v) if np.isfinite(v) else None for v in np.ravel(values)]
    return found[0] if len(found) == 1 else found
