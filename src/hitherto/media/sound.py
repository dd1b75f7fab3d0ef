"""Files of sound to samples, and samples to files: WAV read here, other formats by soundfile."""

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hitherto import files
from hitherto.arrays import Array
from hitherto.errors import DataError, MissingExtra, UsageError

__all__ = ["RATES", "Sound", "as_floats", "check_rate", "opened", "read_sound", "sound_path", "write_wav"]

Source = str | os.PathLike[str] | bytes | bytearray | memoryview

RATES = (1_000, 384_000)  # the lowest and the highest that anything here takes
_LOUDEST = 1e6  # beyond it a sample is damage, and its power would leave float32
_MOST = 1 << 30  # samples of one compressed file: a small one may claim any number
_BLOCK = 1 << 17  # samples that are read at once


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A recording: float32 samples in -1..1, [N] or [N, C], and the rate. int16 samples are scaled."""

    samples: Array
    rate: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", as_floats(self.samples))
        shape = self.samples.shape
        if len(shape) == 2 and shape[1] > 64 and shape[1] > shape[0]:
            raise DataError(
                f"expected [N] or [N, C] samples, the channels last, but got shape {shape}; transpose them"
            )
        object.__setattr__(self, "rate", check_rate(self.rate))

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, part: slice) -> "Sound":
        return Sound(self.samples[part], self.rate)


def read_sound(source: Source) -> Sound:
    """The recording in a file, or in the bytes of one; samples are [N] of one channel, [N, C] of several."""
    with opened(source) as (rate, blocks):
        parts = list(blocks)
    samples = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
    return Sound(samples[:, 0] if samples.shape[1] == 1 else samples, rate)


def write_wav(path: str | os.PathLike[str], samples: object, rate: int) -> None:
    """Writes a WAV file of 16 bits; samples beyond -1..1 are clipped."""
    floats = as_floats(samples)
    data = np.rint(floats * np.float32(32768)).clip(-32768, 32767).astype("<i2").tobytes()
    channels = 1 if floats.ndim == 1 else floats.shape[1]
    if channels > 32767 or len(data) > 0xFFFFFFFF - 36:
        raise UsageError("a WAV file holds 32,767 channels and 4 GiB at most; write a shorter recording.")
    rate = check_rate(rate)
    head = struct.pack("<HHIIHH", 1, channels, rate, min(2 * channels * rate, 0xFFFFFFFF), 2 * channels, 16)
    with files.replacing(path, size=44 + len(data)) as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVE")
        file.write(b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)))
        file.write(data)


# ---------------------------------------------------------------------------------------------------- from files


def as_floats(samples: object, path: Path | None = None, first: int = 0) -> Array:
    """float32 samples, [N] or [N, C]; `first` is the place of the first of them in the file."""
    try:
        array = np.asarray(samples)
    except ValueError as error:
        raise DataError(f"expected [N] or [N, C] samples, but got {samples!r:.60}", path=path) from error
    if array.dtype == np.int64 and isinstance(samples, list) and (np.abs(array) <= 1).all():
        array = array.astype(np.float32)  # as JSON has silence
    elif array.dtype == np.int16:
        array = array.astype(np.float32) * np.float32(2**-15)
    elif array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # infinity is found below
            array = array.astype(np.float32, copy=False)
    else:
        raise DataError(
            f"expected samples as floats in -1..1 or as int16, but got {array.dtype} {samples!r:.40}",
            path=path,
        )
    if array.ndim not in (1, 2) or array.shape[1:] == (0,):
        raise DataError(f"expected [N] or [N, C] samples, but got shape {array.shape}", path=path)
    if array.size and not (array.min() >= -_LOUDEST and array.max() <= _LOUDEST):  # neither is so of NaN
        loud = ~(np.abs(array) <= _LOUDEST)
        at = first + int(np.argwhere(loud)[0, 0]) + 1
        raise DataError(f"expected samples in -1..1, but sample {at:,} is {array[loud][0]}", path=path)
    return array


def check_rate(rate: object, path: Path | None = None) -> int:
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or not RATES[0] <= rate <= RATES[1]:
        raise DataError(f"expected a rate of {RATES[0]:,} to {RATES[1]:,} samples a second, but got {rate!r:.40}",
                        path=path)  # fmt: skip
    return int(rate)


def sound_path(source: object) -> Path | None:
    return Path(source) if isinstance(source, str | os.PathLike) else None


@contextmanager
def opened(source: object) -> Iterator[tuple[int, Iterator[Array]]]:
    """The rate of a recording, and its samples, [n] or [n, C] a block; of a file always [n, C]."""
    if isinstance(source, Sound):
        starts = range(0, len(source), _BLOCK)
        yield source.rate, (source.samples[start : start + _BLOCK] for start in starts)
        return
    path = sound_path(source)
    if path is not None:
        file: BinaryIO = _file(path)
    elif isinstance(source, bytes | bytearray | memoryview):
        file = BytesIO(source)
    else:
        raise DataError(
            "expected a recording: a path, the bytes of a file, or hitherto.Sound(samples, rate), but got "
            f"{source!r:.60}"
        )
    with file:
        yield _read(file, path)


def _file(path: Path) -> BinaryIO:
    try:
        if path.is_file():  # no folder, and no pipe that never ends
            return path.open("rb")
        problem = "expected a file of sound, but this is none" if path.exists() else "there is no such file"
    except (OSError, ValueError) as error:
        raise DataError(f"the file cannot be opened: {error}", path=f"{path!s:.200}") from error
    raise DataError(problem, path=path)


# How files of other formats begin; MP3 without tags begins with eleven ones and "layer 3".
_MAGIC = {b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3"}


def _read(file: BinaryIO, path: Path | None) -> tuple[int, Iterator[Array]]:
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return _read_wav(file, int.from_bytes(head[4:8], "little"), path)
    name = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    if name is None and len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        name = "MP3"
    if name is not None:
        return _read_other(file, name, path)
    problem = f"it begins with {head!r}" if head else "it is empty"
    raise DataError(f"expected a file of sound, such as WAV, FLAC, Ogg or MP3, but {problem}", path=path)


def _read_other(file: BinaryIO, name: str, path: Path | None) -> tuple[int, Iterator[Array]]:
    try:
        import soundfile  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except (ImportError, OSError) as error:  # OSError: it came without its library
        raise MissingExtra(f"reading {name}", "soundfile", "audio") from error
    file.seek(0)
    begin = file.read(1 << 16) if name == "MP3" else b""
    states = b"Xing" in begin or b"Info" in begin  # else its length is guessed from the file's
    file.seek(0)
    try:
        # Its types know no file-like object but BinaryIO. It takes any that reads, seeks and tells.
        sound = soundfile.SoundFile(_Calm(file))  # pyright: ignore[reportArgumentType]
    except (RuntimeError, ValueError, TypeError) as error:
        cause = getattr(error, "error_string", error)  # without the file's name in Python
        raise DataError(f"this begins as {name} but cannot be read: {cause}", path=path) from error

    def blocks() -> Iterator[Array]:
        size, count = max(1, _BLOCK // sound.channels), 0
        while True:
            try:
                block = sound.read(size, dtype="float32", always_2d=True)
            except (RuntimeError, ValueError) as error:
                raise DataError(f"after {count:,} samples this cannot be read: {error}", path=path) from error
            if not len(block):
                break
            yield as_floats(block, path, count)
            count += len(block)
            if count * sound.channels > _MOST:
                raise DataError(
                    f"expected {_MOST:,} samples at most, but there are more; cut the file", path=path
                )
        # A header that knows how many; 1 << 63 is unknown.
        known = sound.frames if name == "FLAC" else 0.95 * sound.frames if states else 0
        if count < known < 1 << 60:
            raise DataError(
                f"expected {sound.frames:,} samples, but the file ends after {count:,}", path=path
            )

    return check_rate(sound.samplerate, path), blocks()


class _Calm:
    """A file as soundfile reads it, where a damaged header may lead it to before the beginning.

    What is raised inside its callbacks would be printed, and not be raised.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.tell, self._seek = file.read, file.tell, file.seek

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return self.tell()


# ---- WAV

_UNKNOWN = (0xFFFFFFFF, 0x7FFFF000)  # the size of what is written to a pipe: ffmpeg's and others', sox's
_CHUNKS = 1000  # as many may stand before the samples


def _read_wav(file: BinaryIO, whole: int, path: Path | None) -> tuple[int, Iterator[Array]]:
    end, place = file.seek(0, os.SEEK_END), 12
    form = None
    for _ in range(_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            raise DataError("expected a chunk of samples, but the file ends before one", path=path)
        name, size = head[:4], int.from_bytes(head[4:], "little")
        place += 8
        if name == b"data":
            break
        if place + size > end:
            raise DataError(
                f"the chunk {name!r} should have {size:,} bytes, but the file ends after {end - place:,} of them; "
                "it is cut short or damaged", path=path,
            )  # fmt: skip
        if name == b"fmt ":
            form = _Form.read(file.read(min(size, 40)), path)
        place += size + size % 2
    else:
        raise DataError(f"expected samples, but the first {_CHUNKS:,} chunks are others", path=path)
    if form is None:
        raise DataError("the samples come before the chunk that says how they are written", path=path)
    left = end - place
    if size in _UNKNOWN or (size == 0 and whole + 8 != end):
        size = left - left % form.align
    elif size > left:
        raise DataError(
            f"expected {size:,} bytes of samples, but the file ends after {left:,}; it is cut short",
            path=path,
        )
    elif size % form.align:
        raise DataError(
            f"expected whole samples of {form.align} bytes, but there are {size:,} bytes of them", path=path
        )
    return form.rate, _wav_blocks(file, form, place, size, path)


def _wav_blocks(file: BinaryIO, form: "_Form", place: int, size: int, path: Path | None) -> Iterator[Array]:
    at_once = max(1, _BLOCK // form.channels) * form.align
    for start in range(0, size, at_once):
        file.seek(place + start)
        data = file.read(min(at_once, size - start))
        if len(data) < min(at_once, size - start):
            raise DataError("the file became shorter while it was read", path=path)
        samples = _DECODED[form.tag, form.bits](data).reshape(-1, form.channels)
        yield as_floats(samples, path, start // form.align)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a WAV file's samples are written."""

    tag: int  # 1 integers, 3 floats, 6 A-law, 7 mu-law
    channels: int
    rate: int
    align: int  # bytes of one sample of every channel
    bits: int

    @classmethod
    def read(cls, data: bytes, path: Path | None) -> "_Form":
        if len(data) < 16:
            raise DataError(f"the chunk b'fmt ' needs 16 bytes at least, but has {len(data)}", path=path)
        tag, channels, rate, _, align, bits = struct.unpack("<HHIIHH", data[:16])
        if tag == 0xFFFE and data[26:40] == _GUID:  # the extensible form: the tag stands further on
            tag = int.from_bytes(data[24:26], "little")
        if channels == 0:
            raise DataError("expected 1 channel at least, but the header says 0", path=path)
        if (tag, bits) not in _DECODED:
            raise DataError(
                "expected WAV of 8, 16, 24 or 32 bit integers, 32 or 64 bit floats, A-law or mu-law, but the header "
                f"says format {tag} of {bits} bits; convert the file", path=path,
            )  # fmt: skip
        if align != channels * bits // 8:
            raise DataError(
                f"{channels} channel(s) of {bits} bits are {channels * bits // 8} bytes a sample, but the header says "
                f"{align}", path=path,
            )  # fmt: skip
        return cls(tag, channels, check_rate(rate, path), align, bits)


_GUID = bytes.fromhex("000000001000800000aa00389b71")


def _from_24(data: bytes) -> Array:
    wide = np.zeros((len(data) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return (wide.view("<i4")[:, 0] * 2.0**-31).astype(np.float32)


def _from_laws() -> tuple[Array, Array]:
    """What each byte of A-law and of mu-law stands for, as G.711 has it."""
    a, mu = np.arange(256) ^ 0x55, np.arange(256) ^ 0xFF
    low, exponent = (a & 15) << 4, a >> 4 & 7
    of_a = np.where(exponent == 0, low + 8, (low + 264) << np.maximum(exponent - 1, 0))
    of_mu = ((((mu & 15) << 3) + 132) << (mu >> 4 & 7)) - 132
    signed = np.where(a & 128, of_a, -of_a), np.where(mu & 128, -of_mu, of_mu)
    return (signed[0] / 32768).astype(np.float32), (signed[1] / 32768).astype(np.float32)


_A_LAW, _MU_LAW = _from_laws()
_DECODED: dict[tuple[int, int], Callable[[bytes], Array]] = {
    (1, 8): lambda data: (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128,
    (1, 16): lambda data: np.frombuffer(data, "<i2").astype(np.float32) * np.float32(2**-15),
    (1, 24): _from_24,
    (1, 32): lambda data: (np.frombuffer(data, "<i4") * 2.0**-31).astype(np.float32),
    (3, 32): lambda data: np.frombuffer(data, "<f4"),
    (3, 64): lambda data: np.frombuffer(data, "<f8"),
    (6, 8): lambda data: _A_LAW[np.frombuffer(data, np.uint8)],
    (7, 8): lambda data: _MU_LAW[np.frombuffer(data, np.uint8)],
}
