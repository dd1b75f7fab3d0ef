"""Live streams of `caption`."""

from typing import Any, Self

import numpy as np

from hitherto.errors import UsageError
from hitherto.runtime.session import Session
from hitherto.runtime.writer import write
from hitherto.slots import ANY, Slot, Slots
from hitherto.tasks.base import Row
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Stream
from hitherto.tasks.writing.source import Texts
from hitherto.tasks.writing.verbs import decoding

__all__ = ["CaptionStream"]


class CaptionStream(Stream):
    """`caption`: a picture, or frame after frame; at the end what is seen. What was seen is kept until then."""

    line_by_line = True

    def __init__(self, model: OpenModel) -> None:
        assert isinstance(model.source, Texts)  # noqa: S101 - the row of the family names it
        self.source = model.source
        self.decoding = decoding(model, {})
        super().__init__(model)

    def session(self) -> Session:
        """Of the word that is written next; of pictures nothing is known before they are all there."""
        assert self.model.engine.encoder is not None  # noqa: S101 - a writer has one
        return Session(self.model.engine.encoder)

    def begin(self) -> None:
        super().begin()
        self.kept = {"x": np.zeros((0, self.model.codecs["input"].size), np.float32)}

    def own(self) -> Slots:
        return {"x": Slot(np.float32, (ANY, self.model.codecs["input"].size))}

    def tell(self, **how: Any) -> None:
        self.how, self.decoding = how, decoding(self.model, how)

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
        row: Row = self.source.answer(found[0], "")
        self.reset()
        return row

    def fork(self) -> Self:
        other = super().fork()
        other.how, other.decoding = self.how, self.decoding
        return other
