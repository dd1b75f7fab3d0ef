"""Live streams of `transcribe`."""

from collections.abc import Mapping
from typing import Self, cast

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.heads.classes import log_softmax
from hitherto.slots import Slots
from hitherto.tasks.base import Row
from hitherto.tasks.labels.stream import from_line
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Steps, Stream
from hitherto.tasks.transcribe.source import SearchOptions, Transcripts

__all__ = ["TranscriptStream"]


class TranscriptStream(Stream):
    """`transcribe`: the text, each part as soon as no later input can change it."""

    def __init__(self, model: OpenModel) -> None:
        assert isinstance(model.source, Transcripts)  # noqa: S101 - the stream of its models
        self.source = model.source
        self.decoding: SearchOptions = {}
        super().__init__(model)

    def tell(self, **how: object) -> None:
        """Set the options of decoding, `SearchOptions`; forgets all input."""
        self.how, self.decoding = how, cast("SearchOptions", how)  # which `search` checks
        self.reset()

    def begin(self) -> None:
        super().begin()
        self.search = self.source.search(**self.decoding)
        self.decoder = self.source.text.decoder()

    def pushing(self, value: object) -> Steps[list[Row]]:
        """More of the input: samples of sound, points of a pen. A row comes where more of the text is final."""
        return self._rows(self.input.push(value))

    def peek(self) -> Row:
        """All of the text so far; the last of it may still change."""
        return self.source.said(self.search.peek())

    def finishing(self) -> Steps[list[Row]]:
        """The rest of the text; the next input begins anew."""
        rows = yield from self._rows(self.input.finish())
        rows += self._said(self.search.finish())
        rest = self.decoder.finish()  # of an incomplete character
        self.reset()
        return [*rows, {"text": rest, "at": []}] if rest else rows

    def fork(self) -> Self:
        other = type(self)(self.model)
        other.tell(**self.decoding)
        other._take(self.state)
        return other

    def _held(self) -> dict[str, Array]:
        parts = {"search": self.search.state, "decoder": self.decoder.state}
        return {
            **super()._held(),
            **{f"{part}.{n}": v for part, state in parts.items() for n, v in state.items()},
        }

    def _put(self, arrays: Mapping[str, Array]) -> None:
        if {n for n in arrays if n.startswith("search.")} != {f"search.{n}" for n in self.search.state}:
            raise UsageError("it was saved with another way of decoding; tell the stream the same first.")
        super()._put(arrays)

    @property
    def slots(self) -> Slots:
        classes = self.core.engine.widths[-1]
        parts = {"search": self.search.slots(classes), "decoder": self.decoder.slots}
        return {
            **super().slots,
            **{f"{part}.{n}": slot for part, slots in parts.items() for n, slot in slots.items()},
        }

    def sound(self, arrays: Mapping[str, Array]) -> None:
        search = {n.removeprefix("search."): v for n, v in arrays.items() if n.startswith("search.")}
        self.search.sound(search, self.core.engine.widths[-1])

    def _take(self, value: Mapping[str, Array]) -> None:
        search = {name: value[f"search.{name}"] for name in self.search.state}
        decoder = {name: value[f"decoder.{name}"] for name in self.decoder.state}
        self.search.state = search  # first, as it may refuse the state and must leave all as it is then
        self.decoder.state = decoder
        super()._take(value)

    def line(self, text: str) -> list[Row]:
        return from_line(self, text)

    def _rows(self, steps: Array) -> Steps[list[Row]]:
        if not len(steps):
            return []
        return self._said(self.search.push(log_softmax((yield steps))))

    def _said(self, symbols: list[tuple[int, int]]) -> list[Row]:
        """A row for the symbols that became final, if any: the texts of all rows make the whole text."""
        if not symbols:
            return []
        row = self.source.said(symbols)
        row["text"] = "".join(self.decoder.push(c) for c, _ in self.source.known(symbols))
        return [row]
