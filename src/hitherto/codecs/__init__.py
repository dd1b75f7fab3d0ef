"""From a user's values to arrays and back. `CODECS` is the table of them; `Codec` in `base.py` is the contract.

A codec says everything about itself: its options, the endings of the files it reads, which values in memory are its
own, and what it can do. `hitherto.checks.check_codec` tests that one keeps its promises.
"""

from pathlib import Path

from hitherto.codecs.audio import AudioCodec
from hitherto.codecs.base import Codec
from hitherto.codecs.frames import FramesCodec
from hitherto.codecs.image import ImageCodec
from hitherto.codecs.label import LabelCodec
from hitherto.codecs.notes import NotesCodec
from hitherto.codecs.number import NumberCodec
from hitherto.codecs.series import SeriesCodec
from hitherto.codecs.spelled import SpelledCodec
from hitherto.codecs.strokes import StrokesCodec
from hitherto.codecs.text import TextCodec
from hitherto.errors import DataError
from hitherto.media.pictures import axes_of

__all__ = [
    "CODECS",
    "AudioCodec",
    "FramesCodec",
    "ImageCodec",
    "LabelCodec",
    "NotesCodec",
    "NumberCodec",
    "SeriesCodec",
    "SpelledCodec",
    "StrokesCodec",
    "TextCodec",
    "kind_of",
    "named_kind",
]

CODECS: dict[str, type[Codec]] = {
    "text": TextCodec,
    "spelled": SpelledCodec,
    "series": SeriesCodec,
    "label": LabelCodec,
    "numbers": NumberCodec,
    "audio": AudioCodec,
    "image": ImageCodec,
    "frames": FramesCodec,
    "strokes": StrokesCodec,
    "notes": NotesCodec,
}


def named_kind(path: Path) -> str | None:
    """The codec that reads files whose names end like this one; None where the ending belongs to none."""
    ending = path.suffix.lower()
    return next((kind for kind, codec in CODECS.items() if ending in codec.endings), None)


def kind_of(value: object, *, flat: str | None = None) -> str | None:
    """The codec of a value that is neither text nor numbers; None where no codec takes it.

    Files are told by their names, other values by what they are. An array [H, W] is a picture to some tasks and a
    series to others: `flat` names its codec. A name that can only be that of a file is an error where there is no file.
    """
    if isinstance(value, str | Path):
        return _kind_of_path(Path(value))
    kind = _matching(value)
    return flat if kind is None and len(axes_of(value)) == 2 else kind


def _matching(value: object) -> str | None:
    return next((kind for kind, codec in CODECS.items() if codec.matches(value)), None)


def _kind_of_path(path: Path) -> str | None:
    try:
        if path.is_dir():
            return _matching(path)
        exists = path.is_file()
    except (OSError, ValueError):  # the text is too long for a name, or has a zero byte in it
        return None
    kind = named_kind(path)
    if kind is not None and not exists and len(path.name.split()) == 1:
        raise DataError(f"there is no file {path}; if it is text, say codec = text")
    return kind if exists else None
