"""From a user's values to arrays and back. `CODECS` lists the kinds.

A codec is `fit(values, **options)`, `encode(value)`, `decode(array)`, `to_json()` and `parts()` with
`from_json(document, parts)` to undo them, and, where values come bit by bit, `stream()`: an object with `push(piece)`,
`finish()` and a `state` of plain arrays. `hitherto.checks.check_codec` says whether one keeps its promises.
"""

from typing import Any

from hitherto.codecs.label import LabelCodec
from hitherto.codecs.series import SeriesCodec
from hitherto.codecs.text import TextCodec

__all__ = ["CODECS", "LabelCodec", "SeriesCodec", "TextCodec"]

CODECS: dict[str, Any] = {"text": TextCodec, "series": SeriesCodec, "label": LabelCodec}
