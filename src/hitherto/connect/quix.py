"""Streams of Kafka through Quix Streams: a stream for each key, whose state Quix keeps and its changelog restores.

app = Application("localhost:9092")
frame = app.dataframe(app.topic("readings", key_deserializer="str", value_deserializer="json"))
follow(frame, "air.safetensors").to_topic(app.topic("forecasts"))
app.run()
"""

import os
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hitherto.connect.advance import advance, opened
from hitherto.errors import MissingExtra
from hitherto.tasks.base import Row, Value

try:
    from quixstreams import message_context
except ModuleNotFoundError as error:
    raise MissingExtra("hitherto.connect.quix", "quixstreams", "quix") from error

if TYPE_CHECKING:
    from collections.abc import Callable

    from quixstreams import State
    from quixstreams.dataframe import StreamingDataFrame

__all__ = ["follow", "step"]

SLOT = "hitherto"  # of the state of a key


class Kept(msgspec.Struct, array_like=True):
    """What is kept of a key: its stream, and the message that it took last with what that was answered."""

    state: bytes
    partition: int
    offset: int
    answers: bytes


def follow(
    frame: "StreamingDataFrame", bundle: str | os.PathLike[str], *, peek: bool = False
) -> "StreamingDataFrame":
    """The answers to the messages of each key, which are rows of the model; `peek` adds the answer so far to them."""
    opened(bundle)  # so that a bundle that cannot be read is an error now
    followed: StreamingDataFrame = frame.apply(step(bundle, peek=peek), stateful=True, expand=True)
    return followed


def step(bundle: str | os.PathLike[str], *, peek: bool = False) -> "Callable[[Value, State], list[Row]]":
    """What `StreamingDataFrame.apply(..., stateful=True, expand=True)` calls for each message.

    Kafka may bring a message again, after a crash. The last one of a key is answered again from what is kept, and an
    older one, whose answer went out before, is left out: neither is taken twice.
    """

    def taken(value: Value, state: "State") -> list[Row]:
        blob, at = state.get_bytes(SLOT), message_context()
        kept = None if blob is None else msgspec.msgpack.decode(blob, type=Kept)
        if kept is not None and kept.partition == at.partition and at.offset <= kept.offset:
            again: list[Row] = msgspec.json.decode(kept.answers) if at.offset == kept.offset else []
            return again
        after, rows = advance(bundle, None if kept is None else kept.state, [value], peek=peek)
        answers = msgspec.json.encode(rows, enc_hook=_plain)
        state.set_bytes(SLOT, msgspec.msgpack.encode(Kept(after, at.partition, at.offset, answers)))
        said: list[Row] = msgspec.json.decode(answers)
        return said

    return taken


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} is no answer")
