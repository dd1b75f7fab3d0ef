"""Live streams of `translate`, `summarize`, `chat`, `answer`."""

import json
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError
from hitherto.runtime.session import Session
from hitherto.runtime.writer import write, write_from
from hitherto.slots import ANY, Slot, Slots, counter, text_slot
from hitherto.tasks.streams import Row, Stream
from hitherto.tasks.writing.conversations import OURS, THEIRS, fields_expected

__all__ = ["ChatStream", "WriteStream"]


class WriteStream(Stream):
    """`translate`, `summarize`, `answer`: the source as it comes; at its end the text.

    An encoder that reads in one direction takes steps as the source comes; another waits for its end. Either way what
    is kept grows with the source, for any of it may be looked at while the answer is written.
    """

    line_by_line = True

    def __init__(self, model: Any) -> None:
        self.decoding = model.decoding({})
        super().__init__(model)

    def session(self) -> Session:
        """Steps of the encoder."""
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
        known = {"text": text_slot()}
        if not self.steps:
            return known
        engine = self.core.engine
        return known | {
            "memory": Slot(np.float32, (ANY, engine.widths[-1])),
            "ids": Slot(np.int64, (ANY,), low=0, high=(engine.ids or 1) - 1),
        }

    def sound(self, arrays: Mapping[str, Array]) -> None:
        if self.steps and len(arrays["stream.memory"]) != len(arrays["stream.ids"]):
            raise UsageError("the memory and the ids are not of as many steps.")

    def tell(self, **how: Any) -> None:
        self.how, self.decoding = how, self.model.decoding(how)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of an input."""
        given = self.model.spec.data.input
        return tuple(given) if isinstance(given, list | tuple) else (given,)

    @property
    def steps(self) -> bool:
        """Whether the source is encoded as it comes; of stories and questions it is the end that is read."""
        return self.core.engine.forward_only and self.model.spec.task != "answer"

    def push(self, value: str) -> list[Row]:
        """A part of the source, of any size. Its fields, a story and a question, say, stand on lines of their own."""
        if not isinstance(value, str):
            raise UsageError(
                f"expected text, but got {value!r:.60}; put the fields of an input on lines of their own."
            )
        if len(self.fields) == 1:  # as where it was learned: an input is one line
            value = value.replace("\n", " ")
        try:
            more = np.frombuffer(value.encode(), np.uint8)
        except UnicodeEncodeError as error:
            raise DataError(
                f"the text has half of a character at {error.start + 1}, which stands for nothing"
            ) from error
        if self.steps:
            self._read(self.input.push(value))
        self.kept["text"] = np.concatenate([self.kept["text"], more])
        return []

    def peek(self) -> Row:
        return self.fork().finish()

    def finish(self) -> Row:
        """What is written to all of the source; the next source begins anew."""
        text = self.kept["text"].tobytes().decode()
        if len(self.fields) > 1 and (found := len(text.split("\n"))) != len(self.fields):
            raise DataError(fields_expected(self.fields, found))
        row = self._answer(text)
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

    def _read(self, ids: Array) -> None:
        """Steps of the encoder, as many as are ever read."""
        most = self.model.spec.data.max_length
        ids = np.asarray(ids, np.int64)
        ids = ids if most is None else ids[: max(0, most - len(self.kept["ids"]))]
        if len(ids):
            self.kept["memory"] = np.concatenate([self.kept["memory"], self.core.push(ids)])
            self.kept["ids"] = np.concatenate([self.kept["ids"], ids])

    def _answer(self, text: str, number: int = 0) -> Row:
        """What is written to a source; `number` tells one draw from another."""
        source, engine = self.model.source, self.model.engine
        if self.steps:
            self._read(self.input.finish())
            ends = {name: value[:, None].copy() for name, value in self.core.state.items()}
            ids = self.kept["ids"][:, None]
            state = engine.begin(self.kept["memory"][:, None], ends, ids, np.array([len(ids)]))
            found = write_from(engine, state, numbers=[number], **self.decoding)
        else:
            ids = np.asarray(source.cut(self.model.codecs["input"].encode(text)), np.int64)[:, None]
            found = write(engine, ids, None, numbers=[number], **self.decoding)
        row: Row = source.answer(found[0], text)
        return row


class ChatStream(WriteStream):
    """`chat`: a turn in, at its end the reply; what was said stays, as far back as the model reads."""

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
            "".join(word for who, said in turns for word in (who, said)).encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise UsageError("the history is no list of turns, [who, what].") from error

    @property
    def steps(self) -> bool:
        return False  # what is read is the last turns, which are others with each

    def finish(self) -> Row:
        """The reply to the turn that is over, given those before it."""
        turns = [*self.history, (THEIRS, self.kept["text"].tobytes().decode())]
        replies = int(self.kept["replies"][0])
        row = self._answer(self.model.source.history(turns, OURS), replies)
        turns = [*turns, (OURS, row["text"])][-(self.model.spec.data.turns or 3) :]
        self.kept = {
            "text": np.zeros(0, np.uint8),
            "history": np.frombuffer(json.dumps(turns).encode(), np.uint8).copy(),
            "replies": np.array([replies + 1]),
        }
        return row

    @property
    def history(self) -> list[tuple[str, str]]:
        """The turns that may still be read: who said it, seen from the model, and what."""
        found = json.loads(self.kept["history"].tobytes() or b"[]")
        return [(who, said) for who, said in found]

    def line(self, text: str) -> list[Row]:
        """A line is a turn."""
        self.push(text.rstrip("\r\n"))
        return [self.finish()]
