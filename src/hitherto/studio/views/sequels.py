"""`compose`, `handwrite`: music that answers what is played, and a pen that writes as it is watched."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, cast

import numpy as np
from msgspec import Meta

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.inspect.inspection import answers_of, layer_seen
from hitherto.inspect.trace import trace
from hitherto.studio.frames import Frame
from hitherto.studio.trail import Trail
from hitherto.studio.views.base import COLUMNS, Asked, Call, Frames, Memory, View
from hitherto.tasks.base import Row, Value
from hitherto.tasks.reading import Reading
from hitherto.tasks.sequels.verbs import sequels_of, steps
from hitherto.trained import Model

__all__ = ["Composing", "Handwriting"]

SENT = 8  # points of a pen in a frame
LONGEST = 4000  # steps of a piece
Count = Annotated[int, Meta(ge=0)]
Key = Annotated[int, Meta(ge=0, le=127)]
Heat = Annotated[float, Meta(ge=0.01, le=5)]


class Read(Call):
    """Keep so many steps of the piece, and go on with these: the keys that sound in each."""

    keep: Count
    roll: list[list[Key]]
    memory: Asked = Asked()


class Go(Call):
    """Go on with the piece."""

    length: Annotated[int, Meta(ge=1, le=512)] = 32
    temperature: Heat = 0.8
    voices: Annotated[int, Meta(ge=1, le=20)] | None = None
    seed: Count = 0


class Write(Call):
    """Write a text; a model that draws freely has none. A `bias` above 0 writes more tidily."""

    text: str = ""
    bias: Annotated[float, Meta(ge=0, le=10)] = 1.0
    seed: Count = 0
    memory: Asked = Asked()


class Look(Call):
    """The strip of another layer, state or gate."""

    memory: Asked = Asked()


def _take(stream: object, played: Sequence[list[int]]) -> list[Row]:
    rows: list[Row] = cast("Value", stream).push(list(played)) if played else []
    return rows


class Composing(View):
    """The view of a model that goes on with a piece of music."""

    calls: ClassVar[object] = Read | Go | Look

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.codec = sequels_of(model).music
        self.memory = Memory()
        self.trail = Trail(model, _take)

    def about(self) -> dict[str, object]:
        codec = self.codec
        seconds = codec.step * 60 / codec.tempo
        return {**super().about(), "low": codec.lowest, "high": codec.highest, "step": seconds}

    def answer(self, call: Call) -> Frames:
        match call:
            case Read():
                if call.keep + len(call.roll) > LONGEST:
                    raise UsageError(f"a piece on this page has at most {LONGEST:,} steps: begin anew.")
                for _ in self.trail.write(call.keep, call.roll):
                    pass
                nats = np.array([row["nats"] for row in self.trail.rows], np.float32)
                yield Frame({"taken": self.trail.taken}, {"nats": nats})
                yield self._strip(call.memory)
            case Go():
                yield from self._go(call)
            case Look():
                yield self._strip(call.memory)
            case _:
                raise UsageError("this model has no such view.")

    def _go(self, call: Go) -> Frames:
        made = steps(
            self.model, self.trail.inputs or None, steps=call.length, temperature=call.temperature,
            voices=call.voices, seed=call.seed,
        )  # fmt: skip
        for step in made:
            yield Frame({"step": self.codec.decode(step[None])[0]})

    def _strip(self, asked: Asked) -> Frame:
        count = self.trail.steps
        first = max(0, asked.first, count - COLUMNS)
        return Frame(*self.memory.strip(self.trail.layers(first, count), asked, first))


class Handwriting(View):
    """The view of a model that writes with a pen."""

    calls: ClassVar[object] = Write | Look
    whole = True

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.source = sequels_of(model)
        self.memory = Memory()
        self.reading: Reading | None = None

    def about(self) -> dict[str, object]:
        example = next(iter(self.source.examples()[0]), "")
        return {**super().about(), "says": self.source.says, "example": example if self.source.says else ""}

    def answer(self, call: Call) -> Frames:
        if isinstance(call, Write):
            yield from self._write(call)
        elif isinstance(call, Look):
            yield self._strip(call.memory)
        else:
            raise UsageError("this model has no such view.")

    def _write(self, call: Write) -> Frames:
        """The moves of the pen as they are drawn; then where it looked at each, and the memory."""
        text = call.text if self.source.says else None
        drawn = steps(self.model, text, bias=call.bias, seed=call.seed)
        made: list[Array] = []
        for part in _parts(drawn):
            made += part
            moves = [[*self.source.pen.decode(step[None])[0][:2], float(step[2] >= 0.5)] for step in part]
            yield Frame({}, {"moves": np.array(moves, np.float32)})
        if not made:
            return
        x = np.stack([np.zeros_like(made[0]), *made[:-1]])[:, None]
        ids = self.source.ids(text)[:, None] if text else None
        self.reading = Reading({"x": x} if ids is None else {"source": ids, "x": x}, {}, [])
        _, beside = answers_of(self.model.engine, self.reading)
        pieces = [] if ids is None else self._letters(text or "", ids[:, 0])
        looked = {"attention": beside["attention"]} if "attention" in beside else {}
        yield Frame({"pieces": pieces}, looked)
        yield self._strip(call.memory)

    def _letters(self, text: str, ids: Array) -> list[str]:
        """The parts of the text that the pen may look at; unknown letters as they were given."""
        pieces = self.source.text.pieces(ids)
        given = list(text) if self.source.text.tokens == "chars" else []
        return [*given, *pieces[len(given) :]] if len(given) <= len(pieces) else pieces

    def _strip(self, asked: Asked) -> Frame:
        if self.reading is None:
            return Frame({})
        seen = trace(self.model.plan, self.model.tensors, self.reading.inputs)
        return Frame(*self.memory.strip([layer_seen(layer) for layer in seen.layers], asked, 0))


def _parts(drawn: Iterator[Array]) -> Iterator[list[Array]]:
    while part := list(itertools.islice(drawn, SENT)):
        yield part
