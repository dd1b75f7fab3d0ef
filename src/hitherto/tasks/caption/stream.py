"""Live streams of `caption`."""

from typing import Self

import numpy as np

from hitherto.errors import UsageError
from hitherto.runtime.session import Session
from hitherto.runtime.writer import write
from hitherto.slots import ANY, Slot, Slots
from hitherto.tasks.base import Row, Value
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Steps, Stream
from hitherto.tasks.writing.verbs import decoding, texts_of

__all__ = ["CaptionStream"]


class CaptionStream(Stream):
    """`caption`: an image, or frame after frame; at the end the caption. The stream holds all steps until then."""

    line_by_line = True
    searches = True

    def __init__(self, model: OpenModel) -> None:
        self.source = texts_of(model)
        self.codec = model.codecs["input"]
        self.decoding = decoding(model, {})
        super().__init__(model)

    def session(self) -> Session:
        """A session that takes no steps: an image is encoded when it is complete."""
        assert self.model.engine.encoder is not None  # noqa: S101 - a model that writes has one
        return Session(self.model.engine.encoder)

    def begin(self) -> None:
        super().begin()
        self.kept = {"x": np.zeros((0, self.codec.size), np.float32)}

    def own(self) -> Slots:
        return {"x": Slot(np.float32, (ANY, self.codec.size))}

    def tell(self, **how: object) -> None:
        self.how, self.decoding = how, decoding(self.model, how)

    def line(self, text: str) -> list[Row]:
        """A line is the name of a file."""
        self.kept["x"] = self.codec.encode(text.strip())
        return [self.finish()]

    def pushing(self, value: object) -> Steps[list[Row]]:
        """An image, or more frames."""
        yield from ()  # they are read at their end
        self.kept["x"] = np.concatenate([self.kept["x"], self.input.push(value)])
        return []

    def peek(self) -> Value:
        return self.fork().finish()

    def finishing(self) -> Steps[Row]:
        """The caption; the next image begins anew."""
        yield from ()
        x = np.concatenate([self.kept["x"], self.input.finish()])
        if not len(x):
            raise UsageError("there was no picture: push one.")
        (hypotheses,) = write(self.model.engine, x[:, None], None, self.decoding, numbers=[0])
        row = self.source.answer(hypotheses, "")
        self.reset()
        return row

    def fork(self) -> Self:
        other = super().fork()
        other.how, other.decoding = self.how, self.decoding
        return other
