"""`classify`, `regress` and `tag`: what a model answers while its input is made, and what the answer rests on.

Each call has the whole input, so that models that read from both ends are shown too.
"""

import base64
import binascii
from typing import ClassVar

import numpy as np

from hitherto.codecs.strokes import StrokesCodec
from hitherto.errors import UsageError
from hitherto.serve.values import content_of, inputs_of
from hitherto.studio.frames import Frame
from hitherto.studio.views.base import COLUMNS, Asked, Call, Frames, Memory, View
from hitherto.tasks.base import Value
from hitherto.trained import Model

__all__ = ["Labels"]

CLASSES = 50  # that are shown, at most: the likeliest


class See(Call):
    """What the model does with this input: a value for each of `columns`; `of` is the answer that is asked about."""

    values: tuple[object, ...]
    of: str | None = None
    memory: Asked = Asked()


class Drop(Call):
    """The same with a file, its content in base64."""

    name: str
    content: str
    of: str | None = None
    memory: Asked = Asked()


class Labels(View):
    """The view of a model that labels."""

    calls: ClassVar[object] = See | Drop
    whole = True

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.memory = Memory()

    def about(self) -> dict[str, object]:
        codec, source = self.model.source.read_by, self.model.source
        return {
            **super().about(), "kind": codec.kind, "columns": source.reads, "endings": list(codec.endings),
            "each": not self.model.engine.pools, "size": codec.reach if isinstance(codec, StrokesCodec) else 0,
        }  # fmt: skip

    def answer(self, call: Call) -> Frames:
        match call:
            case See():
                if len(call.values) != len(self.model.source.reads):
                    raise UsageError(f"give a value for each of {', '.join(self.model.source.reads)}")
                row = dict(zip(self.model.source.reads, call.values, strict=True))
                one = list(call.values) if len(call.values) == 1 else [row]
                yield self._seen(inputs_of(self.model, one), call.of, call.memory)
            case Drop():
                try:
                    content = base64.b64decode(call.content, validate=True)
                except binascii.Error as error:
                    raise UsageError("the content of a file comes in base64") from error
                yield self._seen([content_of(self.model, call.name, content)], call.of, call.memory)
            case _:
                raise UsageError("this model has no such view.")

    def _seen(self, value: Value, of: str | None, asked: Asked) -> Frame:
        seen = self.model.inspect(value, measure=["gradient"], explain=1, of=of, steps=COLUMNS)
        self.memory.sort(seen.layers)
        said, arrays = self.memory.strip(seen.layers, asked, 0)
        known = min(CLASSES, len(seen.classes)) if len(seen.classes) <= seen.answers.shape[1] else 0
        top = np.argsort(-seen.answers[-1, : len(seen.classes) or None], kind="stable")[: known or 3]
        words: dict[str, object] = {
            "words": list(seen.steps["x"]), "said": list(seen.said), "cut": seen.cut,
            "names": [seen.classes[k] if known else f"number {k + 1}" for k in top.tolist()],
        }  # fmt: skip
        arrays |= {"answers": seen.answers[:, top], "rests": seen.rests["gradient"]["x"][-1]}
        picture = seen.within.get("x")
        if picture is not None and picture.ndim == 4:  # where in the picture it looked, of all its steps
            arrays["within"] = picture.sum((0, 3))
        return Frame({**said, **words}, arrays)
