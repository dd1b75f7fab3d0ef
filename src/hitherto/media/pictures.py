"""Files of pictures to arrays of pixels and back. Sizes are checked before pixels are read."""

import contextlib
import io
import os
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hitherto.arrays import Array, shape_of
from hitherto.errors import DataError, MissingExtra

if TYPE_CHECKING:
    from PIL.Image import Image
    from typing_extensions import TypeIs

__all__ = [
    "MOST_PIXELS",
    "FileLike",
    "as_bytes",
    "axes_of",
    "check_numbers",
    "check_size",
    "explained",
    "is_file",
    "is_pillow",
    "largest",
    "over_white",
    "path_of",
    "pixels",
    "png",
    "resized",
    "size_of",
    "source_of",
]

FileLike = str | os.PathLike[str] | bytes | bytearray | memoryview  # the path of a file, or its bytes

MOST_PIXELS = 50_000_000  # of one picture, before and after it is scaled
LONGEST_SIDE = 65_535  # as in JPEG


def check_numbers(count: int, what: str, fewer: str = "choose a smaller height, width or window") -> None:
    if count > 3 * MOST_PIXELS:
        raise DataError(f"{what} would be {count:,} numbers, too many; {fewer}")


# ------------------------------------------------------------------------------------------------------- reading


def pixels(value: object) -> tuple[Array, float | None]:
    """The pixels of a value, [H, W, 1 | 3 | 4], and the number for white; None if only the training data tell it."""
    if is_file(value):
        with _opened(value) as image:
            return _of_pillow(image)
    if is_pillow(value):
        check_size(value.height, value.width)
        with explained(None):
            return _of_pillow(value)
    return _numbers(value)


def size_of(value: object) -> tuple[int, int]:
    """Height and width of what `pixels` gives. Of a file only the header is read."""
    if not is_file(value) and not is_pillow(value):
        array = _numbers(value)[0]
        return len(array), array.shape[1]
    if is_pillow(value):
        check_size(value.height, value.width)
    with _opened(value) if is_file(value) else contextlib.nullcontext(value) as image:
        turned = False
        with contextlib.suppress(Exception):  # a broken EXIF block says nothing about orientation
            # of a TIFF Pillow has turned the size already
            turned = image.format != "TIFF" and image.getexif().get(0x0112) in (5, 6, 7, 8)
        return (image.width, image.height) if turned else (image.height, image.width)


def largest(values: Iterable[object]) -> float:
    """The number for white in arrays of floats: the largest value, or 1."""
    highest = 1.0
    for value in values:
        if not is_file(value) and not is_pillow(value):
            array, full = _numbers(value)
            highest = max(highest, float(array.max()) if full is None else 1.0)
    return highest


def is_file(value: object) -> "TypeIs[FileLike]":
    return isinstance(value, str | os.PathLike | bytes | bytearray | memoryview)


def is_pillow(value: object) -> "TypeIs[Image]":
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def axes_of(value: object) -> tuple[int, ...]:
    """The shape of an array of any library; () of all else, lists too."""
    plain = isinstance(value, list | tuple | dict | str | bytes | os.PathLike) or is_pillow(value)
    return () if plain else shape_of(value)


def path_of(value: object) -> Path | None:
    """The path of a value, for errors."""
    return Path(value) if isinstance(value, str | os.PathLike) else None


def source_of(value: FileLike, what: str) -> Path | io.BytesIO:
    """What a library can open: the path of a file that exists and is not empty, or the bytes as a file."""
    if isinstance(value, bytes | bytearray | memoryview):
        if not len(value):
            raise DataError(f"expected the bytes of a {what}, but there are none")
        return io.BytesIO(value)
    path = Path(value)
    try:
        if not path.is_file():
            raise DataError(f"expected the path of a {what}, but there is no such file: {str(path)!r:.200}")
        if not path.stat().st_size:
            raise DataError(f"expected a {what}, but the file is empty", path=path)
    except OSError as error:
        raise DataError(
            f"expected the path of a {what}, but got {str(path)!r:.200}: {error.strerror}"
        ) from error
    return path


@contextlib.contextmanager
def explained(path: Path | None, what: str = "picture") -> Iterator[None]:
    """Turns whatever a decoder raises into a DataError."""
    try:
        yield
    except (DataError, MissingExtra):
        raise
    except Exception as error:
        cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DataError(
            f"the {what} cannot be read; is it cut short or damaged? ({cause:.200})", path=path
        ) from error


@contextlib.contextmanager
def _opened(value: FileLike) -> Iterator["Image"]:
    """The picture with its header read and its size checked, nothing decoded yet."""
    source, path = source_of(value, "picture"), path_of(value)
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise MissingExtra("reading picture files", "pillow", "image") from error
    with explained(path):
        try:
            image = Image.open(source)
        except UnidentifiedImageError:
            raise DataError("expected a picture, but this is none that Pillow knows", path=path) from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise DataError(f"the picture says it is too large: {error}", path=path) from error
        with image:
            if image.format in ("EPS", "WMF"):  # Pillow would start other programs to draw them
                raise DataError(f"{image.format} files are drawn by a program; save it as PNG", path=path)
            check_size(image.height, image.width, path)
            yield image


def check_size(height: int, width: int, path: Path | None = None) -> None:
    if height < 1 or width < 1:
        raise DataError(f"the picture is empty: {height} x {width} pixels", path=path)
    if height * width > MOST_PIXELS or max(height, width) > LONGEST_SIDE:
        raise DataError(
            f"the picture has {height} x {width} pixels, but at most {MOST_PIXELS:,} are read, and "
            f"{LONGEST_SIDE:,} along a side; scale it down or cut it into parts",
            path=path,
        )


def _of_pillow(image: "Image") -> tuple[Array, float | None]:
    from PIL import ImageOps

    image.load()
    with contextlib.suppress(Exception):  # a broken EXIF block says nothing about orientation
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":  # of 16 bits, or of numbers
        numbers = np.asarray(image).astype(np.float32)[..., None]
        white = 1.0 if image.mode == "F" else 65_535.0
        if not (numbers.min() >= 0 and numbers.max() <= white):
            raise DataError(
                f"expected values from 0 to {white:g} in a picture of mode {image.mode}, but they go from "
                f"{numbers.min():g} to {numbers.max():g}; scale them, or give an array"
            )
        return numbers, white
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L") else "RGB"
    array = np.asarray(image if image.mode == mode else image.convert(mode))
    return array.reshape(*array.shape[:2], -1), 255.0


def _numbers(value: object) -> tuple[Array, float | None]:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        raise DataError("the picture is missing; give one or drop the row")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"expected a picture, as many numbers in each row, but got {value!r:.60}") from error
    if array.ndim == 2:
        array = array[..., None]
    if array.dtype.kind not in "buif" or array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise DataError(
            "expected a path, a PIL image or numbers [H, W] or [H, W, 1 | 3 | 4], channels last, but got "
            + (f"shape {array.shape} of {array.dtype}" if array.ndim else f"{value!r:.60}")
        )
    check_size(*array.shape[:2])
    if array.dtype == np.bool_:
        return array.astype(np.uint8), 1.0
    if array.dtype in (np.uint8, np.uint16):
        return array, float(np.iinfo(array.dtype).max)
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise DataError("the picture holds values that are not finite")
    if array.min() < 0:
        raise DataError(
            f"the picture holds {float(array.min()):g}, but black is 0; give values before any standardising"
        )
    return array, None


def over_white(array: Array, full: float) -> Array:
    """[H, W, 4] over a white background, as [H, W, 3] of the same type."""
    opaque = np.empty((*array.shape[:2], 3), array.dtype)
    for i in range(0, len(array), 256):  # a part at a time: floats need room
        part = array[i : i + 256].astype(np.float32)
        alpha = np.minimum(part[..., 3:] / np.float32(full), 1)
        over = part[..., :3] * alpha + np.float32(full) * (1 - alpha)
        opaque[i : i + 256] = over if opaque.dtype.kind == "f" else np.rint(over)
    return opaque


# ---------------------------------------------------------------------------------------------------- resizing


def resized(picture: Array, height: int, width: int) -> Array:
    """[H, W, C] as [height, width, C] float32: bilinear, with a triangle filter where it shrinks."""
    rows = _along(picture, height)
    return np.ascontiguousarray(_along(rows.swapaxes(0, 1), width).swapaxes(0, 1))


def _along(x: Array, size: int) -> Array:
    """The first axis resized. Taps are added in one order, without BLAS: the same bits on every machine."""
    before = len(x)
    if x.dtype.kind == "f" or before == size:
        x = x.astype(np.float32)
    if before == size:
        return x
    reach = max(before / size, 1.0)
    centre = (np.arange(size) + 0.5) * (before / size)
    first = np.floor(centre - reach + 0.5).astype(np.int64)
    at = first[:, None] + np.arange(int(np.ceil(2 * reach)) + 1)  # [size, taps]
    weights = np.maximum(1 - np.abs(at + 0.5 - centre[:, None]) / reach, 0)
    weights[(at < 0) | (at >= before)] = 0
    weights /= weights.sum(1, keepdims=True)
    at = np.clip(at, 0, before - 1)
    output = np.zeros((size, *x.shape[1:]), np.float32)
    for k in range(at.shape[1]):
        weight = weights[:, k].astype(np.float32)
        if weight.any():
            output += weight[:, None, None] * x[at[:, k]]
    return output


# ------------------------------------------------------------------------------------------------------- showing


def as_bytes(values: Array) -> Array:
    """Values from 0 to 1 as uint8; NaN is black."""
    whole: Array = np.rint(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
    return whole


def png(picture: object) -> bytes:
    """A PNG file of [H, W] or [H, W, 1 | 3 | 4]: uint8, or floats from 0 to 1."""
    array = np.asarray(picture)
    if array.dtype.kind == "f":
        array = as_bytes(array)
    array = array.astype(np.uint8)
    array = array[..., None] if array.ndim == 2 else array
    height, width, channels = array.shape
    kind = {1: 0, 3: 2, 4: 6}[channels]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), array.reshape(height, -1)], 1)  # 0: no filter

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"".join([
        b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
        chunk(b"IEND", b""),
    ])  # fmt: skip
