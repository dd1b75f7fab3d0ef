"""Live streams of `compose`, `handwrite`."""

import json
from collections.abc import Iterator

import numpy as np

from hitherto.arrays import Array
from hitherto.data import Table
from hitherto.errors import DataError, UsageError
from hitherto.runtime.session import Session
from hitherto.slots import Slot, Slots, counter, text_slot
from hitherto.tasks.base import Options, Row, Value
from hitherto.tasks.batching import chance
from hitherto.tasks.columns import opened, said
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.sequels.verbs import draw, sequels_of, steps
from hitherto.tasks.streams import Steps, Stream

__all__ = ["NotesStream", "PenStream"]


class NotesStream(Stream):
    """`compose`: how surprising each step was, and a step that could come next."""

    def __init__(self, model: OpenModel) -> None:
        self.source = sequels_of(model)
        self.codec = self.source.music
        super().__init__(model)

    def own(self) -> Slots:
        params = Slot(np.float32, (1, self.core.engine.widths[-1]))
        return {"count": counter(1, high=1 << 40), "params": params}

    def begin(self) -> None:
        self.input = self.codec.stream()
        self.kept = {"count": np.zeros(1, np.int64)}
        self._next(self.core.push(np.zeros((1, self.codec.size), np.float32)))

    def pushing(self, value: object) -> Steps[list[Row]]:
        """Steps, each a list of pitches. A row for each: its loss in nats, and a draw of a step that could follow."""
        return self._rows(self.input.push(value))

    def row(self, table: Table, reading: Options) -> list[Row]:
        """A piece by itself, from beginning to end."""
        value, column = self._value(table, reading)
        with opened(table, 0, column):
            music = self.codec.encode(table.place(value))
        self.reset()
        rows = self.alone(self._rows(music))
        self.reset()
        return rows

    def _rows(self, steps: Array) -> Steps[list[Row]]:
        rows = []
        for y in steps:
            self.kept["count"] = self.kept["count"] + 1
            nats = float(self.model.engine.nll(self.kept["params"], y[None])[0])
            self._next((yield y[None]))
            rows.append({"nats": nats, "next": self.peek()})
        return rows

    def peek(self) -> list[int]:
        """The pitches of a step that could come next: the same until another step is pushed."""
        step = draw(self.model, self.kept["params"][0], chance(0, 0, int(self.kept["count"][0])))
        (pitches,) = self.codec.decode(step[None])
        return pitches

    def finishing(self) -> Steps[list[Row]]:
        yield from ()
        return []

    def line(self, text: str) -> list[Row]:
        """A step: pitches between blanks, or a JSON list of them; an empty line is a rest."""
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

    def __init__(self, model: OpenModel) -> None:
        self.source = sequels_of(model)
        super().__init__(model)

    def begin(self) -> None:
        self.input = self.source.text.stream()
        self.kept = {"text": np.zeros(0, np.uint8), "count": np.zeros(1, np.int64)}

    def own(self) -> Slots:
        return {"text": text_slot(), "count": counter(1)}

    def session(self) -> Session:
        """A session of the encoder, which has no states: the stream keeps the text itself."""
        if self.model.engine.encoder is None or not self.source.says:
            raise UsageError("this model draws without being told what: use generate.")
        return Session(self.model.engine.encoder)

    def pushing(self, value: str) -> Steps[list[Row]]:
        yield from ()  # the text is read at its end
        if not isinstance(value, str):
            raise UsageError(f"expected text, but got {value!r:.60}.")
        self.kept["text"] = np.concatenate([self.kept["text"], np.frombuffer(value.encode(), np.uint8)])
        return []

    def peek(self) -> Value:
        return self.fork().finish()

    def points(self) -> Iterator[list[float]]:
        """The moves of the pen for the text so far, [dx, dy, lifted] each, as they are drawn."""
        text = self.kept["text"].tobytes().decode()
        codec = self.source.pen
        for step in steps(self.model, text, seed=int(self.kept["count"][0])):
            (dx, dy, _), up = codec.decode(step[None])[0], step[2] >= 0.5
            yield [dx, dy, int(up)]

    def finishing(self) -> Steps[Row]:
        yield from ()
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

    def row(self, table: Table, reading: Options) -> list[Row]:
        value, column = self._value(table, reading)
        return self.line(said(table, 0, value, column))
