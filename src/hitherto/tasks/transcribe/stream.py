"""Live streams of `transcribe`."""

from collections.abc import Mapping
from typing import Any, Self

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.heads.classes import log_softmax
from hitherto.slots import Slots
from hitherto.tasks.base import Row
from hitherto.tasks.labels.stream import from_line
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Stream
from hitherto.tasks.transcribe.source import Transcripts

__all__ = ["TranscriptStream"]


class TranscriptStream(Stream):
    """`transcribe`: what is said, as soon as nothing that comes can change it."""

    def __init__(self, model: OpenModel) -> None:
        assert isinstance(model.source, Transcripts)  # noqa: S101 - the row of the family names it
        self.source = model.source
        self.decoding: dict[str, Any] = {}
        super().__init__(model)

    def tell(self, **how: Any) -> None:
        """How to decode; what was heard before is forgotten."""
        self.how = self.decoding = how
        self.reset()

    def begin(self) -> None:
        super().begin()
        self.search = self.source.search(**self.decoding)
        self.decoder = self.model.codecs["output"].decoder()

    def push(self, value: Any) -> list[Row]:
        """More of the input: samples of sound, points of a pen. Gives a row where more of the text is sure."""
        return self._rows(self.input.push(value))

    def peek(self) -> Row:
        """All of the text so far, the last of it as it seems now."""
        row: Row = self.source.said(self.search.peek())
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
        return from_line(self, text)

    def _rows(self, steps: Array) -> list[Row]:
        if not len(steps):
            return []
        return self._said(self.search.push(log_softmax(self.core.push(steps))))

    def _said(self, symbols: list[tuple[int, int]]) -> list[Row]:
        """A row for what became final, if anything did: all of their texts in a row are the whole text."""
        if not symbols:
            return []
        row: Row = self.source.said(symbols)
        row["text"] = "".join(self.decoder.push(c) for c, _ in self.source.known(symbols))
        return [row]
