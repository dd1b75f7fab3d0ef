"""Live streams of `classify`, `tag`."""

import json
from collections.abc import Mapping

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.series import SeriesStream
from hitherto.data import Table
from hitherto.data.answers import spread
from hitherto.errors import DataError, UsageError
from hitherto.heads import HEADS, Live
from hitherto.slots import Slots, counter, text_slot
from hitherto.tasks.base import Options, Row, Value
from hitherto.tasks.labels.columns import items
from hitherto.tasks.labels.verbs import pairs_of
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Steps, Stream, numbers_of

__all__ = ["LabelStream", "TagStream", "from_line"]


def from_line(stream: Stream, text: str) -> list[Row]:
    """The rows of a line to a stream of audio, images or points: a file's name is a whole input, JSON a part of one."""
    text = text.strip()
    if text.startswith("["):
        try:
            part = json.loads(text)
        except ValueError as error:
            raise DataError(f"expected a JSON list, but {error}") from error
        rows = stream.push(part)
        return [*rows, stream.peek()] if isinstance(stream, LabelStream) else rows
    return stream.model.predict([text], details=True)


class LabelStream(Stream):
    """`classify`: nothing is final before `finish`; `peek` gives the label so far and how sure the model is."""

    def __init__(self, model: OpenModel) -> None:
        self.source = pairs_of(model.source)
        super().__init__(model)

    def begin(self) -> None:
        super().begin()
        self.kept = {"steps": np.zeros(1, np.int64)}

    def own(self) -> Slots:
        return {"steps": counter(1)}

    def pushing(self, value: Value) -> Steps[list[Row]]:
        """A part of the text, of any size; or a step of numbers, or several."""
        yield self._encoded(value)
        return []

    def peek(self) -> Value:
        return self._answer() if self.numbers else self.fork().finish()

    def finishing(self) -> Steps[Row]:
        if not self.numbers:
            yield self.input.finish()
        return self._answer()

    def line(self, text: str) -> list[Row]:
        if self.source.vectors and not self.numbers:
            return from_line(self, text)
        if self.numbers and self.source.single:  # a row is a whole input
            self.reset()
        self.push(numbers_of(text, self.marks) if self.numbers else text)
        return [self.peek()]

    def _encoded(self, value: Value) -> Array:
        stream: object = self.input
        if not isinstance(stream, SeriesStream):
            return self.input.push(value)
        scaled = stream.push(value)["x"]
        most = self.model.spec.data.max_length
        scaled = scaled if most is None else scaled[: max(0, most - int(self.kept["steps"][0]))]
        self.kept["steps"] = self.kept["steps"] + len(scaled)
        return scaled

    def _answer(self) -> Row:
        params = self.core.peek()
        assert params is not None  # noqa: S101 - a model of `classify` pools
        return self.source.answer(self.source.read_off(params[None])[0])


class TagStream(Stream):
    """`tag`: a label for each token, as soon as the token is whole.

    Where the head answers rows as a whole, a label is final when nothing that may follow can change it. Until then its
    token waits, with what the head keeps of its step.
    """

    live: Live | None  # where the head answers rows as a whole

    def __init__(self, model: OpenModel) -> None:
        self.source = pairs_of(model.source)
        super().__init__(model)

    def begin(self) -> None:
        super().begin()
        self.kept = {"rest": np.zeros(0, np.uint8)}
        engine = self.model.engine
        whole = HEADS[engine.plan["head"]["kind"]].whole
        self.live = None if whole is None else whole.live(**engine.lent)
        if self.live is not None:
            self.kept |= {"tokens": _bytes_of([]), **self.live.state}

    def own(self) -> Slots:
        slots: Slots = {"rest": text_slot()}
        return slots if self.live is None else {**slots, "tokens": text_slot(), **self.live.slots}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        if self.live is None:
            return
        tokens = _tokens_of(arrays["stream.tokens"])
        steps = {len(arrays[f"stream.{name}"]) for name in self.live.slots}
        if tokens is None or steps != {len(tokens)}:
            raise UsageError("the tokens of the state that wait do not fit the steps that do.")

    def pushing(self, value: Value) -> Steps[list[Row]]:
        """Text, in which blanks end words, or a list of tokens."""
        if not isinstance(value, str):
            return (yield from self._labels(items(value)))
        text = self.kept["rest"].tobytes().decode() + value
        cut = max((i for i, c in enumerate(text) if c.isspace()), default=-1) + 1
        self.kept["rest"] = np.frombuffer(text[cut:].encode(), np.uint8).copy()
        return (yield from self._labels(text[:cut].split()))

    def peek(self) -> Value:
        return self.fork().finish()

    def finishing(self) -> Steps[list[Row]]:
        rest = self.kept["rest"].tobytes().decode()
        self.kept["rest"] = np.zeros(0, np.uint8)
        rows = yield from self._labels(rest.split())
        return rows if self.live is None else [*rows, *self._decided(self._lively(self.live).finish())]

    def row(self, table: Table, reading: Options) -> list[Row]:
        """A label for each token of a whole sequence."""
        return [
            {name: value for name, value in row.items() if name != "row"}
            for row in spread(super().row(table, reading))
        ]

    def _labels(self, tokens: list[str]) -> Steps[list[Row]]:
        if not tokens:
            return []
        params = yield self.model.codecs["input"].encode(tokens)
        if self.live is None:
            return self._rows(tokens, self.source.probabilities(params))
        self.kept["tokens"] = _bytes_of([*self._waiting(), *tokens])
        return self._decided(self._lively(self.live).push(params))

    def _lively(self, live: Live) -> Live:
        """What decides, with the steps that wait."""
        live.state = {name: self.kept[name] for name in live.slots}
        return live

    def _waiting(self) -> list[str]:
        """The tokens whose labels are not final."""
        return _tokens_of(self.kept["tokens"]) or []

    def _decided(self, answers: Array) -> list[Row]:
        """The rows of the tokens that waited longest, whose labels are final now."""
        tokens = self._waiting()
        self.kept["tokens"] = _bytes_of(tokens[len(answers) :])
        if self.live is not None:
            self.kept |= self.live.state
        return self._rows(tokens[: len(answers)], answers)

    def _rows(self, tokens: list[str], p: Array) -> list[Row]:
        names = self.source.labels.classes
        labels, sure = self.source.best(p)
        return [
            {"token": token, "label": names[label], "probability": probability}
            for token, label, probability in zip(tokens, labels.tolist(), sure.tolist(), strict=True)
        ]


def _bytes_of(tokens: list[str]) -> Array:
    return np.frombuffer(json.dumps(tokens).encode(), np.uint8).copy()


def _tokens_of(array: Array) -> list[str] | None:
    """The tokens that `_bytes_of` kept; None where it did not."""
    try:
        return msgspec.json.decode(array.tobytes(), type=list[str])
    except msgspec.DecodeError:
        return None
