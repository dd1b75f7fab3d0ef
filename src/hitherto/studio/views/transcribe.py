"""`transcribe`: sound as it comes, the text that it makes, and where in the sound each letter is."""

from collections.abc import Sequence
from typing import ClassVar, cast

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.audio import AudioCodec
from hitherto.errors import UsageError
from hitherto.heads.classes import log_softmax
from hitherto.inspect.inspection import layer_seen
from hitherto.inspect.trace import trace
from hitherto.plan import streams
from hitherto.studio.frames import Frame
from hitherto.studio.trail import Trail
from hitherto.studio.views.base import COLUMNS, Asked, Call, Frames, Memory, View
from hitherto.tasks.base import Row, Value
from hitherto.tasks.transcribe.source import Transcripts
from hitherto.trained import Model

__all__ = ["Transcribing"]

LONGEST = 600  # seconds of a recording


class Hear(Call):
    """More of a recording: float32, at the rate of the model. `fresh` begins one, `last` ends it."""

    samples: bytes
    fresh: bool = False
    last: bool = False
    memory: Asked = Asked()


class Look(Call):
    """The strip of another layer, state or gate."""

    memory: Asked = Asked()


def _take(stream: object, parts: Sequence[Array]) -> list[Row]:
    pushed: list[Row] = cast("Value", stream).push(np.concatenate([np.zeros(0, np.float32), *parts]))
    return pushed


class Transcribing(View):
    """The view of a model that writes down what it hears."""

    calls: ClassVar[object] = Hear | Look
    whole = True

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        if not isinstance(model.codecs["input"], AudioCodec):
            raise UsageError("this page listens, and the model reads strokes of a pen: use hitherto predict.")
        assert isinstance(model.source, Transcripts)  # noqa: S101 - the view of its models
        self.source, self.codec = model.source, model.codecs["input"]
        self.why = streams(model.plan)
        self.memory = Memory()
        self._begin()

    def _begin(self) -> None:
        self.trail = None if self.why else Trail(self.model, _take)
        self.parts: list[Array] = []
        self.heard = 0

    def about(self) -> dict[str, object]:
        return {
            **super().about(),
            "rate": self.codec.rate,
            "why": self.why,
            "step": self.codec.seconds_per_step,
        }

    def answer(self, call: Call) -> Frames:
        if isinstance(call, Hear):
            yield from self._hear(call)
        elif isinstance(call, Look):
            yield self._strip(call.memory)
        else:
            raise UsageError("this model has no such view.")

    def _hear(self, call: Hear) -> Frames:
        if len(call.samples) % 4:
            raise UsageError("samples are float32, of 4 bytes each.")
        if call.fresh:
            self._begin()
        samples = np.frombuffer(call.samples, "<f4")
        if not np.isfinite(samples).all():
            raise UsageError("the samples hold a value that is no number.")
        if self.heard + len(samples) > LONGEST * self.codec.rate:
            raise UsageError(f"a recording on this page has at most {LONGEST} seconds: begin anew.")
        self.heard += len(samples)
        self.parts.append(samples)
        if self.trail is None:
            if call.last:
                yield self._whole()
        else:
            for _ in self.trail.write(self.trail.taken, [samples] if len(samples) else []):
                pass
            final = [*self.trail.rows, *(self.trail.stream.finish() if call.last else ())]
            rest = [] if call.last else [_rest(final, self.trail.stream.peek())]
            yield self._said(final, rest)
        if self.trail is not None or call.last:  # what is read whole is looked at once
            yield self._strip(call.memory)

    def _whole(self) -> Frame:
        """The text of a recording that is over, by a model that reads from both ends."""
        x = self._steps()
        if not len(x):
            return self._said([], [])
        features, _ = self.model.engine.forward({"x": x[:, None]})
        log_probs = log_softmax(self.model.engine.params(features)[:, 0])
        return self._said([self.source.answer(log_probs)], [])

    def _steps(self) -> Array:
        """What the model reads of all that was heard."""
        stream = self.codec.stream()
        return np.concatenate([*(stream.push(part) for part in self.parts), stream.finish()])

    def _said(self, final: Sequence[Row], rest: Sequence[Row]) -> Frame:
        """Pieces of the text, each with its second in the sound; the first `final` of them no longer change."""
        sure, open_ = ([piece for row in rows for piece in _pieces(row)] for rows in (final, rest))
        pieces = [*sure, *open_]
        seconds = self.heard / self.codec.rate
        said = {"pieces": [piece for piece, _ in pieces], "final": len(sure), "seconds": seconds}
        return Frame(said, {"at": np.array([at for _, at in pieces], np.float32)})

    def _strip(self, asked: Asked) -> Frame:
        if self.trail is not None:
            steps = self.trail.steps
            first = max(0, asked.first, steps - COLUMNS)
            layers = self.trail.layers(first, steps) if steps > first else []
        else:
            first = 0
            x = self._steps()[:COLUMNS]
            seen = trace(self.model.plan, self.model.tensors, {"x": x[:, None]}).layers if len(x) else []
            layers = [layer_seen(layer) for layer in seen]
        return Frame(*self.memory.strip(layers, asked, first))


def _pieces(row: Row) -> list[tuple[str, float]]:
    """Each letter of a row with its second; the text as one where letters have no places of their own."""
    text, at = row["text"], row["at"]
    if len(text) == len(at):
        return list(zip(text, at, strict=True))
    return [(text, at[0])] if at else []


def _rest(final: Sequence[Row], whole: Row) -> Row:
    """What of the text so far may still change."""
    known = sum(len(row["at"]) for row in final)
    text = whole["text"]
    sure = "".join(row["text"] for row in final)
    return {"text": text.removeprefix(sure), "at": whole["at"][known:]}
