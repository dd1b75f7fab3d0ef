"""From a user's values to arrays and back. `CODECS` lists the kinds.

A codec is `fit(values, **options)`, `encode(value)`, `decode(array)`, `to_json()` and `parts()` with
`from_json(document, parts)` to undo them, and, where values come bit by bit, `stream()`: an object with `push(piece)`,
`finish()` and a `state` of plain arrays. Of sound, pictures, videos, strokes and music there is `raw(value)`, what
training changes, with `unchanged(raw)` and `augmented(raw, rng, amount)`, which encode it as it is and changed.
`hitherto.checks.check_codec` says whether one keeps its promises.
"""

from itertools import islice
from pathlib import Path
from typing import Any

from hitherto.codecs.audio import AudioCodec
from hitherto.codecs.frames import PICTURES, FramesCodec
from hitherto.codecs.image import ImageCodec
from hitherto.codecs.label import LabelCodec
from hitherto.codecs.notes import NotesCodec
from hitherto.codecs.series import SeriesCodec
from hitherto.codecs.strokes import StrokesCodec
from hitherto.codecs.text import TextCodec
from hitherto.data import MEDIA
from hitherto.errors import DataError

__all__ = [
    "CODECS",
    "AudioCodec",
    "FramesCodec",
    "ImageCodec",
    "LabelCodec",
    "NotesCodec",
    "SeriesCodec",
    "StrokesCodec",
    "TextCodec",
    "kind_of",
]

CODECS: dict[str, Any] = {
    "text": TextCodec,
    "series": SeriesCodec,
    "label": LabelCodec,
    "audio": AudioCodec,
    "image": ImageCodec,
    "frames": FramesCodec,
    "strokes": StrokesCodec,
    "notes": NotesCodec,
}


def kind_of(value: Any, *, flat: str | None = None) -> str | None:
    """The codec of a value that is neither text nor numbers: of files by their name, of others by what they are.

    `flat` is what an array [H, W] is taken for. A name that must be that of a file, where there is none, is an error.
    """
    if isinstance(value, str | Path):
        path = Path(value)
        kind = MEDIA.get(path.suffix.lower())
        try:
            if path.is_dir():
                some = islice(path.iterdir(), 1000)
                return "frames" if any(file.suffix.lower() in PICTURES for file in some) else None
            there = path.is_file()
        except (OSError, ValueError):  # a text too long for a name, or with a zero in it
            return None
        if kind is not None and not there and len(path.name.split()) == 1:
            raise DataError(f"there is no file {path}; if it is text, say codec = text")
        return kind if there else None
    if hasattr(value, "samples") and hasattr(value, "rate"):
        return "audio"
    if hasattr(value, "convert") and hasattr(value, "mode"):  # as pillow has them
        return "image"
    if isinstance(value, list | tuple):
        inner = value[0] if len(value) else None
        inner = inner[0] if isinstance(inner, list | tuple) and len(inner) else None
        return "strokes" if isinstance(inner, list | tuple) else None
    if getattr(value, "ndim", 0) == 2:
        return flat
    if getattr(value, "ndim", 0) == 3:  # channels, or else frames without colour
        return "image" if value.shape[2] in (1, 3, 4) else "frames"
    return "frames" if getattr(value, "ndim", 0) == 4 else None
