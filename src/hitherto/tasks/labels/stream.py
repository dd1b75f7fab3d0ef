"""Live streams of `classify`, `tag`."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.data import Table
from hitherto.data.answers import spread
from hitherto.errors import DataError
from hitherto.slots import Slots, counter, text_slot
from hitherto.tasks.labels.columns import items
from hitherto.tasks.streams import Row, Stream, numbers_of

__all__ = ["LabelStream", "TagStream", "from_line"]


def from_line(stream: Stream, text: str) -> list[Row]:
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
            return from_line(self, text)
        if self.numbers and self.model.source.single:  # a row is all there is to an input
            self.reset()
        self.push(numbers_of(text) if self.numbers else text)
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
