"""`caption`: a picture in, what the model says of it, and where it looked at each word."""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from hitherto.codecs.image import ImageCodec
from hitherto.errors import UsageError
from hitherto.studio.frames import Frame
from hitherto.studio.views.base import Call, Frames
from hitherto.studio.views.writing import READ, How, Look, Rests, Writers
from hitherto.trained import Model

__all__ = ["Captions"]

Side = Annotated[int, Meta(ge=1, le=2048)]


class Picture(How, tag="write"):
    """A caption for a picture: its pixels, row by row, a byte for each of red, green and blue."""

    width: Side
    height: Side
    pixels: bytes


class Captions(Writers):
    """The view of a model that says what it sees."""

    calls: ClassVar[object] = Picture | Look | Rests

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        if not isinstance(model.codecs["input"], ImageCodec):
            raise UsageError("this page shows pictures, and the model watches films: use hitherto predict.")
        self.codec = model.codecs["input"]

    def about(self) -> dict[str, object]:
        return {**super().about(), "rests": self.codec.reads != "whole"}

    def answer(self, call: Call) -> Frames:
        if not isinstance(call, Picture):
            yield from self.look(call)
            return
        if len(call.pixels) != call.width * call.height * 3:
            raise UsageError("a picture has 3 bytes for each pixel.")
        pixels = np.frombuffer(call.pixels, np.uint8).reshape(call.height, call.width, 3)
        seen = self.codec.picture(pixels)
        x = self.codec.steps(seen)[:READ]
        rows, columns = self._grid(len(x))
        shown = (255 * np.broadcast_to(seen, (*seen.shape[:2], 3))).round().astype(np.int32)
        yield Frame({"grid": [rows, columns]}, {"seen": shown})
        names = [
            ",\u00a0".join(
                f"{what}\u00a0{n + 1}" for what, n, of in (("row", r, rows), ("column", c, columns)) if of > 1
            )
            for r in range(rows)
            for c in range(columns)
        ]
        yield from self.found_for(x, call, [name or "picture" for name in names], "")

    def _grid(self, steps: int) -> tuple[int, int]:
        """In how many rows and columns the places lie that may be looked at."""
        if self.codec.reads == "rows":
            return steps, 1
        if self.codec.reads == "columns":
            return 1, steps
        options = [op["options"] for op in self.model.plan.get("encode", [])]
        places = next((int(one["places"]) for one in options if "places" in one), 1)
        last = next((one for one in reversed(options) if "stride" in one), None)  # what the places come from
        if last is None or places == 1:
            return 1, 1
        rows = -(-int(last["height"]) // int(last["stride"]))
        return rows, places // rows
