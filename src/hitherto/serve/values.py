"""What a request holds, as a model takes it. Nothing of a request is ever the name of a file of this machine."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from hitherto.errors import DataError
from hitherto.serve.asked import Choices
from hitherto.serve.refusals import Refused
from hitherto.tasks.base import Options, Row, Value
from hitherto.tasks.families import family_of, verb_of
from hitherto.tasks.given import expect
from hitherto.tasks.streams import Steps, Stream
from hitherto.tasks.verbs import parameters
from hitherto.trained import Model

__all__ = ["FORMATS", "content_of", "generating", "inputs_of", "take"]

FORMATS = {"text": None, "s16": np.dtype("<i2"), "f32": np.dtype("<f4")}  # of the bytes of a binary message


def inputs_of(model: Model, values: Sequence[Value]) -> list[Value]:
    """The inputs of `predict`. What would be the name of a file is refused."""
    codec = model.source.read_by
    if not codec.reads_files:
        return list(values)
    return [_numbers(codec.kind, value) for value in values]


def content_of(model: Model, name: str, content: bytes) -> bytes:
    """A file that was sent, as the model takes it: of the name that its sender gave it, only the ending counts."""
    endings = model.source.read_by.endings
    if PurePosixPath(name).suffix.lower() not in endings:
        known = ", ".join(endings) or "none: this model reads no files"
        raise Refused(f"a file has to end in one of {known}")
    return content


def generating(model: Model, prompt: Value, choices: Choices) -> Options:
    """The options of what a model generates, if it knows them all."""
    task, options = model.spec.task, choices.chosen()
    verbs = family_of(task).tasks[task]
    verb = verbs.get("pieces") or verb_of(task, "steps")
    expect(options, parameters(verb) - {"model", "prompt"}, f"what {task} generates")
    if "pieces" in verbs and not isinstance(prompt, str | None):
        raise Refused("the `prompt` of this model is a text")
    return options


def take(stream: Stream, value: Value) -> Steps[list[Row]]:
    """The push of one input: text, numbers, a row of a series, or bytes of a binary message with their format."""
    codec = stream.model.source.read_by
    if isinstance(value, Mapping) and stream.model.source.foresees:
        unknown = value.keys() - {"y", "ds", "known", "static"}
        if unknown:
            raise Refused("a step of a series has y, and may have ds, known and static")
        return stream.observing(value.get("y"), value.get("ds"), value.get("known"), value.get("static"))
    if isinstance(value, tuple):
        value = _decoded(*value)
    if codec.reads_files:
        value = _numbers(codec.kind, value)
    return stream.pushing(value)


def _decoded(kind: str, content: bytes) -> Value:
    """The text or the numbers of a binary message."""
    dtype = FORMATS[kind]
    if dtype is None:
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"expected text in UTF-8, but {error.reason} at byte {error.start}") from error
    if len(content) % dtype.itemsize:
        raise DataError(f"expected numbers of {dtype.itemsize} bytes, but {len(content)} bytes came")
    return np.frombuffer(content, dtype)


def _numbers(kind: str, value: Value) -> Value:
    """A value that holds numbers alone: text in it might name a file."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif not isinstance(one, np.ndarray | int | float):
            raise Refused(
                f"this model reads {kind}: send its numbers, or upload a file as multipart/form-data"
            )
    return value
