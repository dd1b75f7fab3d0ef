"""Live streams of `translate`, `summarize`, `chat`, `answer`."""

import json
from collections.abc import Mapping
from typing import Self

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError
from hitherto.runtime.session import Session
from hitherto.runtime.writer import write, write_from
from hitherto.slots import ANY, Slot, Slots, counter, text_slot
from hitherto.tasks.base import Row, Value
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Steps, Stream
from hitherto.tasks.writing.conversations import OURS, THEIRS, fields_expected
from hitherto.tasks.writing.verbs import decoding, texts_of

__all__ = ["ChatStream", "WriteStream"]


class WriteStream(Stream):
    """`translate`, `summarize`, `answer`: the source as it comes; at its end the text.

    An encoder of one direction takes steps as the source comes; another waits for the end. Either way the state grows
    with the source, as the decoder may attend to any of it.
    """

    line_by_line = True
    searches = True

    def __init__(self, model: OpenModel) -> None:
        self.source = texts_of(model)
        self.decoding = decoding(model, {})
        super().__init__(model)

    def session(self) -> Session:
        """Steps of the encoder."""
        assert self.model.engine.encoder is not None  # noqa: S101 - a writer has one
        return Session(self.model.engine.encoder)

    def begin(self) -> None:
        super().begin()
        self.kept = {"text": np.zeros(0, np.uint8)}
        if self.steps:
            self.kept |= {
                "memory": np.zeros((0, self.core.engine.widths[-1]), np.float32),
                "ids": np.zeros(0, np.int64),
            }

    def own(self) -> Slots:
        text = {"text": text_slot()}
        if not self.steps:
            return text
        engine = self.core.engine
        return text | {
            "memory": Slot(np.float32, (ANY, engine.widths[-1])),
            "ids": Slot(np.int64, (ANY,), low=0, high=(engine.ids or 1) - 1),
        }

    def sound(self, arrays: Mapping[str, Array]) -> None:
        if self.steps and len(arrays["stream.memory"]) != len(arrays["stream.ids"]):
            raise UsageError("the memory and the ids do not have the same number of steps.")

    def tell(self, **how: object) -> None:
        self.how, self.decoding = how, decoding(self.model, how)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of an input."""
        return tuple(self.source.reads)

    @property
    def steps(self) -> bool:
        """Whether the source is encoded as it comes: not where the end of a long one is read."""
        return self.core.engine.forward_only and not self.source.way.reads_end

    def pushing(self, value: str) -> Steps[list[Row]]:
        """A part of the source, of any size. Each of its fields, such as a story and a question, has its own line."""
        if not isinstance(value, str):
            raise UsageError(
                f"expected text, but got {value!r:.60}; put the fields of an input on lines of their own."
            )
        if len(self.fields) == 1:  # as in training: an input is one line
            value = value.replace("\n", " ")
        try:
            more = np.frombuffer(value.encode(), np.uint8)
        except UnicodeEncodeError as error:
            raise DataError(
                f"the text has half of a character at {error.start + 1}; give whole characters"
            ) from error
        if self.steps:
            yield from self._read(self.input.push(value))
        self.kept["text"] = np.concatenate([self.kept["text"], more])
        return []

    def peek(self) -> Value:
        return self.fork().finish()

    def finishing(self) -> Steps[Row]:
        """The text for the whole source; the next source begins anew."""
        text = self.kept["text"].tobytes().decode()
        if len(self.fields) > 1 and (count := len(text.split("\n"))) != len(self.fields):
            raise DataError(fields_expected(self.fields, count))
        row = yield from self._answer(text)
        self.reset()
        return row

    def line(self, text: str) -> list[Row]:
        """A line is a source; its fields stand between tabs."""
        self.push(text.rstrip("\r\n").replace("\t", "\n"))
        return [self.finish()]

    def fork(self) -> Self:
        other = super().fork()
        other.how, other.decoding = self.how, self.decoding
        return other

    def _read(self, ids: Array) -> Steps[None]:
        """Take steps of the encoder, up to `max_length`."""
        most = self.model.spec.data.max_length
        ids = np.asarray(ids, np.int64)
        ids = ids if most is None else ids[: max(0, most - len(self.kept["ids"]))]
        if len(ids):
            read = yield ids
            self.kept["memory"] = np.concatenate([self.kept["memory"], read])
            self.kept["ids"] = np.concatenate([self.kept["ids"], ids])

    def _answer(self, text: str, number: int = 0) -> Steps[Row]:
        """The text for a source; `number` tells one draw from another."""
        engine = self.model.engine
        if self.steps:
            yield from self._read(self.input.finish())
            ends = {name: value[:, None].copy() for name, value in self.core.state.items()}
            ids = self.kept["ids"][:, None]
            state = engine.begin(self.kept["memory"][:, None], ends, ids, np.array([len(ids)]))
            written = write_from(engine, state, self.decoding, numbers=[number])
        else:
            ids = np.asarray(self.source.cut(self.model.codecs["input"].encode(text)), np.int64)[:, None]
            written = write(engine, ids, None, self.decoding, numbers=[number])
        return self.source.answer(written[0], text)


class ChatStream(WriteStream):
    """`chat`: a turn in, at its end the reply. The state holds as many turns as the model reads."""

    def begin(self) -> None:
        super().begin()
        self.kept = {
            "text": np.zeros(0, np.uint8),
            "history": np.zeros(0, np.uint8),
            "replies": np.zeros(1, np.int64),
        }

    def own(self) -> Slots:
        return {"text": text_slot(), "history": text_slot(), "replies": counter(1)}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        try:
            turns = json.loads(arrays["stream.history"].tobytes() or b"[]")
            "".join(part for who, text in turns for part in (who, text)).encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise UsageError("the history is not a list of turns, [who, what].") from error

    @property
    def steps(self) -> bool:
        return False  # each reply reads the last turns anew

    def finishing(self) -> Steps[Row]:
        """The reply to the turn that is over and those before it."""
        turns = [*self.history, (THEIRS, self.kept["text"].tobytes().decode())]
        replies = int(self.kept["replies"][0])
        row = yield from self._answer(self.source.history(turns, OURS), replies)
        turns = [*turns, (OURS, row["text"])][-(self.model.spec.data.turns or 3) :]
        self.kept = {
            "text": np.zeros(0, np.uint8),
            "history": np.frombuffer(json.dumps(turns).encode(), np.uint8).copy(),
            "replies": np.array([replies + 1]),
        }
        return row

    @property
    def history(self) -> list[tuple[str, str]]:
        """The turns that the model still reads: who speaks, seen from the model, and the text."""
        turns = json.loads(self.kept["history"].tobytes() or b"[]")
        return [(who, text) for who, text in turns]

    def line(self, text: str) -> list[Row]:
        """A line is a turn."""
        self.push(text.rstrip("\r\n"))
        return [self.finish()]
