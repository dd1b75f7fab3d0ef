"""Videos to frames: files, animated pictures, folders of pictures, arrays and lists."""

import contextlib
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError, MissingExtra
from hitherto.media import PICTURES
from hitherto.media.pictures import (
    MOST_PIXELS,
    FileLike,
    check_size,
    explained,
    is_file,
    is_pillow,
    path_of,
    pixels,
    source_of,
)

__all__ = ["MOST_FRAMES", "Frame", "each_frame", "frames_of", "rate_and_size"]

Frame = tuple[float | None, Array, float | None]  # its time, its pixels, the number that is white

MOST_FRAMES = 200_000  # that are decoded of one video; two hours of 25 a second
# What ffmpeg may take a file for. Of its other formats some read further files or addresses that the file names.
CONTAINERS = "mov,mp4,matroska,webm,avi,flv,asf,mpeg,mpegts,mpegvideo,m4v,ogg,h264,hevc,ivf,mxf,dv,nut,rm,gif"


def each_frame(value: object) -> list[object]:
    """The frames of an array or a list. [a, b, 3] is one frame in colour, [a, b, c] are `a` gray frames."""
    if is_pillow(value):
        return [value]
    if isinstance(value, list | tuple) and not _is_numbers(value):
        return list(value)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"expected a video, or frames of one size, but got {value!r:.60}") from error
    if array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (1, 3, 4)):
        return [array]
    if array.ndim not in (3, 4) or array.dtype.kind not in "buif":
        raise DataError(
            "expected the path of a video or a folder, or frames [T, H, W] or [T, H, W, 1 | 3 | 4], but got "
            + (f"shape {array.shape} of {array.dtype}" if array.ndim else f"{value!r:.60}")
        )
    return list(array)


def _is_numbers(value: object) -> bool:
    """Whether nested lists end in numbers at the depth of one picture."""
    for _ in range(2):
        if not isinstance(value, list | tuple) or not value:
            return False
        value = value[0]
    return isinstance(value, int | float)


def frames_of(value: object) -> Generator[Frame, None, None]:
    """Every frame of a value, at least one."""
    if not is_file(value):
        frames = each_frame(value)
        if not frames:
            raise DataError("the video has no frames")
        for frame in frames:
            yield None, *pixels(frame)
        return
    path = path_of(value)
    if path is not None and _is_folder(path):
        for name in _pictures_in(path):
            yield None, *pixels(name)
        return
    count = 0
    with explained(path, "video"):
        for frame in _animation(value) if _is_animation(value) else _video(value):
            yield frame
            count += 1
    if not count:
        raise DataError("the video has no frames that can be decoded", path=path)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long for any file
        return False


def _pictures_in(folder: Path) -> list[Path]:
    pictures = [
        p
        for p in folder.iterdir()
        if p.suffix.lower() in PICTURES and not p.name.startswith(".") and p.is_file()
    ]
    if not pictures:
        raise DataError("expected a folder of pictures, but there are none in it", path=folder)
    # frame 10 after frame 9, however many digits they have
    return sorted(
        pictures,
        key=lambda p: [(int(s), "") if s.isdecimal() else (-1, s) for s in re.split(r"(\d+)", p.name)],
    )


def rate_and_size(value: object) -> tuple[float | None, tuple[int, int]]:
    """The rate of a value's frames, where it has one, and their height and width."""
    with contextlib.closing(frames_of(value)) as frames:
        first, second = next(frames), next(frames, None)
    path = path_of(value)
    rate = None
    if is_file(value) and not (path is not None and _is_folder(path)):
        if not _is_animation(value):
            with explained(path, "video"), _container(value) as (_, stream):
                rate = float(stream.average_rate or 0) or None
        elif second is not None and first[0] is not None and second[0] is not None:
            rate = 1 / max(second[0] - first[0], 0.001)
    return rate, (first[1].shape[0], first[1].shape[1])


def _is_animation(value: FileLike) -> bool:
    """Whether Pillow reads the file: a GIF, PNG or WebP, by its first bytes."""
    source = source_of(value, "video")
    if isinstance(source, Path):
        with source.open("rb") as file:
            begin = file.read(12)
    else:
        begin = source.read(12)
    return begin[:4] in (b"GIF8", b"\x89PNG") or (begin[:4] == b"RIFF" and begin[8:] == b"WEBP")


def _animation(value: FileLike) -> Iterator[Frame]:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtra("reading animated pictures", "pillow", "image") from error
    time = 0.0
    with Image.open(source_of(value, "video")) as image:
        check_size(image.height, image.width, path_of(value))
        for i in range(MOST_FRAMES + 1):
            try:
                image.seek(i)
            except EOFError:
                return
            image.load()
            yield time, *pixels(image)
            time += (image.info.get("duration") or 100) / 1000  # 0 is 100 ms to every browser


@contextlib.contextmanager
def _container(value: FileLike) -> Iterator[tuple[Any, Any]]:
    """An open video, and its stream of pictures."""
    source, path = source_of(value, "video"), path_of(value)
    try:
        import av
        from av.error import InvalidDataError
        from av.stream import Disposition
    except ImportError as error:
        raise MissingExtra("reading videos", "av", "video") from error
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        container = av.open(
            str(source.absolute()) if isinstance(source, Path) else source,
            "r",
            container_options=options,
            metadata_errors="replace",
        )
    except InvalidDataError as error:
        raise DataError(
            "expected a video, but this is none that ffmpeg knows, or its beginning or end is missing",
            path=path,
        ) from error
    with container:
        covers = Disposition.attached_pic
        streams = [s for s in container.streams.video if not s.disposition & covers]
        if not streams:
            raise DataError(
                "the file holds no video" + (", only sound" if container.streams.audio else ""), path=path
            )
        stream = streams[0]
        if stream.codec_context.width and stream.codec_context.height:
            check_size(stream.codec_context.height, stream.codec_context.width, path)
        yield container, stream


def _video(value: FileLike) -> Iterator[Frame]:
    path, count, when = path_of(value), 0, 0.0
    with _container(value) as (container, stream):
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}  # sizes may change within
        rate = float(stream.average_rate or 25)
        for frame in container.decode(stream):
            when = count / rate if frame.time is None else float(frame.time)
            array = frame.to_ndarray(format="rgb24")
            turns = round(frame.rotation / 90) % 4
            yield when, np.rot90(array, turns) if turns else array, 255.0
            count += 1
        lasts = (container.duration or 0) / 1e6
        if not stream.frames and not container.streams.audio and count and (when + 1 / rate) < 0.9 * lasts:
            raise DataError(
                f"the file is cut short or damaged: it says {lasts:g} s, but ends after {when:g} s", path=path
            )
        if count < 0.9 * stream.frames:
            raise DataError(
                f"the file is cut short or damaged: {count} frames of {stream.frames} could be decoded",
                path=path,
            )
