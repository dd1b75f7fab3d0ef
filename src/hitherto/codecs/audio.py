"""Sound: files to samples, and samples to log-mel energies, whole or as they arrive.

`read_sound` reads WAV itself and leaves other formats to soundfile. `AudioCodec` makes of a recording a row of numbers
for every step: how much energy lies in each of `bands` bands of the mel scale, computed as Kaldi's fbank without
dither and standardised by what training data had, never by the recording's own mean.

A stream gives the bits that `encode` gives of the whole, whatever its pieces. So each output is a sum whose order
depends on nothing but itself: products element by element, and `np.add.reduceat`, whose order depends on the length of
a segment alone. Matrix products and plain sums choose their order by the shape of the whole, and have no place here.
"""

import os
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, BinaryIO, ClassVar

import msgspec
import numpy as np
from msgspec import Meta

from hitherto import files
from hitherto.bounds import Count, Positive, Real, Size
from hitherto.codecs.image import check_count
from hitherto.errors import DataError, MissingExtra, UsageError
from hitherto.slots import ANY, Slot, Slots, counter

__all__ = ["AudioCodec", "AudioStream", "Sound", "masked", "read_sound", "write_wav"]

Array = np.ndarray[Any, Any]
Source = str | os.PathLike[str] | bytes | bytearray | memoryview

RATES = (1_000, 384_000)  # the lowest and the highest that anything here takes
_LOUDEST = 1e6  # beyond it a sample is damage, and its power would leave float32
_MOST = 1 << 30  # samples of one compressed file: a small one may claim any number
_BLOCK = 1 << 17  # samples that are read at once


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A recording: float32 samples in -1..1, [N] or [N, C], and how many a second has; int16 samples are scaled."""

    samples: Array
    rate: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", _floats(self.samples))
        shape = self.samples.shape
        if len(shape) == 2 and shape[1] > 64 and shape[1] > shape[0]:
            raise DataError(
                f"expected [N] or [N, C] samples, the channels last, but got shape {shape}; transpose them"
            )
        object.__setattr__(self, "rate", _rate(self.rate))

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, part: slice) -> "Sound":
        return Sound(self.samples[part], self.rate)


def read_sound(source: Source) -> Sound:
    """The recording in a file, or in the bytes of one; samples are [N] of one channel, [N, C] of several."""
    with _opened(source) as (rate, blocks):
        parts = list(blocks)
    samples = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
    return Sound(samples[:, 0] if samples.shape[1] == 1 else samples, rate)


def write_wav(path: str | os.PathLike[str], samples: Any, rate: int) -> None:
    """A WAV file of 16 bits; what lies beyond -1..1 is clipped."""
    found = _floats(samples)
    data = np.rint(found * np.float32(32768)).clip(-32768, 32767).astype("<i2").tobytes()
    channels = 1 if found.ndim == 1 else found.shape[1]
    if channels > 32767 or len(data) > 0xFFFFFFFF - 36:
        raise UsageError("a WAV file holds 32,767 channels and 4 GiB at most; write a shorter recording.")
    rate = _rate(rate)
    head = struct.pack("<HHIIHH", 1, channels, rate, min(2 * channels * rate, 0xFFFFFFFF), 2 * channels, 16)
    with files.replacing(path, size=44 + len(data)) as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVE")
        file.write(b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)))
        file.write(data)


# ---------------------------------------------------------------------------------------------------- from files


def _floats(samples: Any, path: Path | None = None, first: int = 0) -> Array:
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


def _rate(rate: Any, path: Path | None = None) -> int:
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or not RATES[0] <= rate <= RATES[1]:
        raise DataError(f"expected a rate of {RATES[0]:,} to {RATES[1]:,} samples a second, but got {rate!r:.40}",
                        path=path)  # fmt: skip
    return int(rate)


def _path(source: Any) -> Path | None:
    return Path(source) if isinstance(source, str | os.PathLike) else None


@contextmanager
def _opened(source: Any) -> Iterator[tuple[int, Iterator[Array]]]:
    """The rate of a recording, and its samples, [n] or [n, C] a block; of a file always [n, C]."""
    if isinstance(source, Sound):
        starts = range(0, len(source), _BLOCK)
        yield source.rate, (source.samples[start : start + _BLOCK] for start in starts)
        return
    path = _path(source)
    if path is None and not isinstance(source, bytes | bytearray | memoryview):
        raise DataError(
            "expected a recording: a path, the bytes of a file, or hitherto.Sound(samples, rate), but got "
            f"{source!r:.60}"
        )
    with _file(path) if path is not None else BytesIO(source) as file:
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
    said = f"it begins with {head!r}" if head else "it is empty"
    raise DataError(f"expected a file of sound, such as WAV, FLAC, Ogg or MP3, but {said}", path=path)


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
        sound = soundfile.SoundFile(_Calm(file))
    except (RuntimeError, ValueError, TypeError) as error:
        said = getattr(error, "error_string", error)  # without the file's name in Python
        raise DataError(f"this begins as {name} but cannot be read: {said}", path=path) from error

    def blocks() -> Iterator[Array]:
        size, count = max(1, _BLOCK // sound.channels), 0
        while True:
            try:
                block = sound.read(size, dtype="float32", always_2d=True)
            except (RuntimeError, ValueError) as error:
                raise DataError(f"after {count:,} samples this cannot be read: {error}", path=path) from error
            if not len(block):
                break
            yield _floats(block, path, count)
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

    return _rate(sound.samplerate, path), blocks()


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
        yield _floats(samples, path, start // form.align)


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
        return cls(tag, channels, _rate(rate, path), align, bits)


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


# ----------------------------------------------------------------------------------------------------- the codec


class AudioDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says of an `AudioCodec`."""

    rate: Annotated[int, Meta(ge=RATES[0], le=RATES[1])]
    bands: Size
    window: Positive
    hop: Positive
    stack: Size
    max_length: Count | None
    mean: list[Real]
    deviation: list[Positive]


class AudioCodec:
    """Recordings to log-mel energies, [T, bands * stack]; made by `fit`."""

    kind: ClassVar[str] = "audio"
    Document: ClassVar[type[msgspec.Struct]] = AudioDocument

    def __init__(self, **kept: Any) -> None:
        self.rate: int = kept["rate"]  # what recordings are resampled to
        self.bands: int = kept["bands"]
        self.window: float = kept["window"]  # seconds
        self.hop: float = kept["hop"]
        self.stack: int = kept["stack"]  # windows that one step joins
        self.max_length: int | None = kept["max_length"]  # steps
        self.mean = np.asarray(kept["mean"], np.float64)  # [bands], of the training data
        self.deviation = np.asarray(kept["deviation"], np.float64)
        self.notes: list[str] = []
        self._check()
        self.window_samples = int(self.rate * self.window + 1e-6)
        self.hop_samples = int(self.rate * self.hop + 1e-6)
        self._padded = 1 << (self.window_samples - 1).bit_length()
        turn = np.arange(self.window_samples) * (2 * np.pi / (self.window_samples - 1))
        self._shape = (0.5 - 0.5 * np.cos(turn)) ** 0.85
        self._bins, self._weights, self._starts = _mel(self.rate, self.bands, self._padded)

    def _check(self) -> None:
        for name in ("bands", "stack", "max_length"):
            check_count(name, getattr(self, name))
        rate, window, hop = self.rate, self.window, self.hop
        if not 0 < hop <= window <= 1 or rate * hop < 1 or rate * window < 8:
            raise UsageError(
                "expected a window of 8 samples to 1 second, and a hop of 1 sample at least and no longer than the "
                f"window, but window is {window} and hop {hop} seconds at {rate:,} samples a second."
            )
        if self.bands > rate * window:
            raise UsageError(
                f"{self.bands:,} bands are too many for {rate * window:.0f} samples; choose fewer."
            )
        if self.size > 1 << 20:
            raise UsageError(
                f"a step of {self.stack:,} windows has too many numbers, {self.size:,}; stack fewer."
            )
        shapes = {self.mean.shape, self.deviation.shape}
        if shapes != {(self.bands,)} or not (np.isfinite(self.mean).all() and (self.deviation > 0).all()):
            raise UsageError(
                f"expected a finite mean, and a deviation above 0, of each of {self.bands} bands."
            )

    @property
    def size(self) -> int:
        """How many numbers a step has."""
        return self.bands * self.stack

    @property
    def seconds_per_step(self) -> float:
        return self.hop_samples * self.stack / self.rate

    @classmethod
    def fit(
        cls,
        values: Iterable[Any],
        *,
        rate: int | None = None,
        bands: int = 40,
        window: float = 0.025,
        hop: float = 0.010,
        stack: int = 1,
        max_length: int | None = None,
    ) -> "AudioCodec":
        """Learn from training data: paths, bytes of files, or `Sound`s."""
        for name, value in (("bands", bands), ("stack", stack), ("max_length", max_length)):
            check_count(name, value)
        if bands > RATES[1]:
            raise UsageError(f"no window has {bands:,} bands; choose fewer.")
        given = list(values)
        rates: Counter[int] = Counter()
        for value in given:
            with _opened(value) as (its_rate, _):
                rates[its_rate] += 1
        if not rates:
            raise DataError("there are no recordings to learn from")
        notes = []
        if rate is None:
            rate = min(*rates, 16_000)
            names = [f"{found:,}" for found in sorted(rates)]
            if len(names) > 1:
                said = f"{', '.join(names[:-1])} and {names[-1]}"
                notes.append(f"recordings have different rates, {said}: all are resampled to {rate:,}")
            elif rate not in rates:
                notes.append(f"recordings have a rate of {names[0]} and are resampled to {rate:,}")
        rate = _rate(rate)
        kept = {"rate": rate, "bands": bands, "window": window, "hop": hop}
        plain = cls(
            **kept, stack=1, max_length=None if max_length is None else max_length * stack,
            mean=np.zeros(bands), deviation=np.ones(bands),
        )  # fmt: skip
        count, mean, squares = 0, np.zeros(bands), np.zeros(bands)
        for value in given:
            for part in plain._encoded(value):
                count, mean, squares = _moments(count, mean, squares, part.astype(np.float64))
        deviation = np.sqrt(squares / max(1, count))
        deviation = np.where(deviation > 1e-6, deviation, 1.0)
        codec = cls(**kept, stack=stack, max_length=max_length, mean=mean, deviation=deviation)
        codec.notes = notes
        return codec

    def encode(self, value: Any) -> Array:
        """Of a recording, [T, F] float32: too short a one is filled up with silence, an empty one is an error."""
        return np.concatenate(list(self._encoded(value)))

    def _encoded(self, value: Any) -> Iterator[Array]:
        with _opened(value) as (rate, blocks):
            stream = self.stream(rate)
            for block in blocks:
                yield stream._advance(_mono(block))
                if stream._full():
                    return
            if not stream._taken:
                raise DataError("the recording is empty; drop the row", path=_path(value))
            yield stream.finish()

    raw = encode

    def unchanged(self, raw: Array) -> Array:
        """What `encode` gives, from what `raw` gave."""
        return raw

    def augmented(self, array: Array, rng: np.random.Generator, amount: float) -> Array:
        """What `raw` gave with some bands and steps masked: the more, the larger `amount`, from 0 to 1."""
        bands = round(amount * self.bands / 3)
        return masked(
            array, rng, stack=self.stack, bands_most=bands, steps_most=len(array), share_most=amount / 3
        )

    def stream(self, rate: int | None = None) -> "AudioStream":
        """For samples of this rate; without one, of the rate of the first `Sound` pushed, or else the codec's own."""
        return AudioStream(self, self.rate if rate is None else rate)

    def _energies(self, frames: Array) -> Array:
        """[n, window_samples] float32 to [n, bands]: a row depends on nothing but its frame."""
        x = np.multiply(frames, 32768.0, dtype=np.float64)  # the scale of int16, as Kaldi has it
        x -= np.add.reduceat(x, [0], axis=1) / self.window_samples
        rises = np.empty_like(x)
        np.multiply(x[:, :-1], -0.97, out=rises[:, 1:])
        np.multiply(x[:, 0], -0.97, out=rises[:, 0])  # before the first stands the first itself
        rises += x
        rises *= self._shape
        spectrum = np.fft.rfft(rises, self._padded)  # [n, padded / 2 + 1]
        power = spectrum.real**2 + spectrum.imag**2
        energies = np.add.reduceat(power[:, self._bins] * self._weights, self._starts, axis=1)
        logs = np.log(np.maximum(energies, np.finfo(np.float32).eps))
        return ((logs - self.mean) / self.deviation).astype(np.float32)

    # ---- keeping

    def to_json(self) -> dict[str, Any]:
        return {
            "rate": self.rate, "bands": self.bands, "window": self.window, "hop": self.hop, "stack": self.stack,
            "max_length": self.max_length, "mean": self.mean.tolist(), "deviation": self.deviation.tolist(),
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], _parts: Mapping[str, list[str]]) -> "AudioCodec":
        return cls(**document)


_AT_ONCE = 256  # frames: what is made of them stays in the cache
_STATE = ("rate", "taken", "made", "steps", "tail", "rest", "frames")


class AudioStream:
    """A recording that comes bit by bit; `state` is all that it remembers, the rate of its samples included."""

    def __init__(self, codec: AudioCodec, rate: int) -> None:
        self.codec = codec
        self._begin(rate)

    def _begin(self, rate: int) -> None:
        self.rate = _rate(rate)
        self._filter = None if self.rate == self.codec.rate else _resampling(self.rate, self.codec.rate)
        before = 0 if self._filter is None else self._filter.half - 1
        self._taken = 0  # samples pushed
        self._made = 0  # samples resampled
        self._steps = 0
        self._tail = np.zeros(
            before, np.float32
        )  # samples that resampling still needs, silence before the first
        self._rest = np.zeros(0, np.float32)  # resampled samples from the next frame's first on
        self._frames = np.zeros((0, self.codec.bands), np.float32)  # that fill no step yet

    def push(self, samples: Any) -> Array:
        """The steps that became final, [t, F], of floats or int16, [n] or [n, C], or of a `Sound`."""
        if isinstance(samples, Sound):
            if samples.rate != self.rate:
                if self._taken:
                    raise UsageError(
                        f"this stream has {self.rate:,} samples a second, but samples of {samples.rate:,} came; "
                        "begin another stream for them."
                    )
                self._begin(samples.rate)
            samples = samples.samples
        return self._advance(_mono(_floats(samples)))

    def finish(self) -> Array:
        """The rest: nothing follows. What does not fill a step is dropped, unless there is no other."""
        codec = self.codec
        found = [self._framed(self._resampled(np.zeros(0, np.float32), last=True))]
        if self._taken and not self._steps:
            whole = codec.window_samples + (codec.stack - 1) * codec.hop_samples
            there = len(self._frames) * codec.hop_samples + len(self._rest)
            found.append(self._framed(np.zeros(whole - there, np.float32)))
        return np.concatenate(found)

    def _full(self) -> bool:
        return self.codec.max_length is not None and self._steps >= self.codec.max_length

    def _advance(self, samples: Array) -> Array:
        return self._framed(self._resampled(samples))

    def _resampled(self, samples: Array, last: bool = False) -> Array:
        self._taken += len(samples)
        if self._filter is None:
            return samples
        up, down, half = self._filter.up, self._filter.down, self._filter.half
        buffer = np.concatenate([self._tail, samples, np.zeros(half if last else 0, np.float32)])
        ready = self._taken if last else self._taken - half
        start, stop = self._made, max(self._made, -(-ready * up // down))
        first = start * down // up
        found = np.empty(stop - start, np.float32)
        at_once = max(1, (1 << 17) // (2 * half))
        for a in range(start, stop, at_once):
            b = min(a + at_once, stop)
            found[a - start : b - start] = self._filter.apply(buffer, a, b, first)
        self._tail = buffer[stop * down // up - first : len(buffer) - (half if last else 0)].copy()
        self._made = stop
        return found

    def _framed(self, samples: Array) -> Array:
        codec = self.codec
        if self._full():
            return np.zeros((0, codec.size), np.float32)
        rest = np.concatenate([self._rest, samples])
        window, hop, stack = codec.window_samples, codec.hop_samples, codec.stack
        count = max(0, (len(rest) - window + hop) // hop)
        parts = [self._frames]
        for a in range(0, count, _AT_ONCE):
            n = min(_AT_ONCE, count - a)
            frames = np.ndarray((n, window), np.float32, rest, 4 * a * hop, (4 * hop, 4))  # a view
            parts.append(codec._energies(frames))
        self._rest = rest[count * hop :].copy()
        whole = np.concatenate(parts) if count else self._frames
        steps = len(whole) // stack
        self._frames = whole[steps * stack :].copy()
        found = whole[: steps * stack].reshape(steps, codec.size)
        if codec.max_length is not None:
            found = found[: codec.max_length - self._steps]
        self._steps += len(found)
        return found

    @property
    def slots(self) -> Slots:
        """`state` says what the lengths of the samples must be, which follow from the counts."""
        samples = Slot(np.float32, (ANY,))
        return {
            "rate": Slot(np.int64, (), *RATES), "taken": counter(), "made": counter(),
            "steps": counter(), "tail": samples, "rest": samples,
            "frames": Slot(np.float32, (ANY, self.codec.bands)),
        }  # fmt: skip

    @property
    def state(self) -> dict[str, Array]:
        return {name: np.array(getattr(self, "rate" if name == "rate" else f"_{name}")) for name in _STATE}

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        if set(value) != set(_STATE):
            raise UsageError(f"expected a state with {', '.join(_STATE)}, but got {', '.join(value)}.")
        try:
            other = AudioStream(self.codec, int(value["rate"]))
            other._taken, other._made, other._steps = (
                int(value[name]) for name in ("taken", "made", "steps")
            )
            other._tail, other._rest, other._frames = (
                np.array(value[name], np.float32) for name in ("tail", "rest", "frames")
            )
            sound = other._fits()
        except (TypeError, ValueError, OverflowError):
            sound = False
        if not sound:
            raise UsageError("this state is not one that a stream of this codec has had; take another.")
        self.__dict__.update(other.__dict__)

    def _fits(self) -> bool:
        """Whether the parts of a state that came from outside fit each other."""
        expected = 0
        if self._filter is not None:
            expected = self._taken - (
                self._made * self._filter.down // self._filter.up - self._filter.half + 1
            )
        return (
            min(self._taken, self._made, self._steps) >= 0
            and self._tail.shape == (expected,)
            and self._rest.ndim == 1
            and len(self._rest) < self.codec.window_samples
            and self._frames.shape[1:] == (self.codec.bands,)
            and len(self._frames) < self.codec.stack
        )


# --------------------------------------------------------------------------------------------------------- parts


def _mono(samples: Array) -> Array:
    """The mean of the channels, added one after the other."""
    if samples.ndim == 1:
        return samples
    total = samples[:, 0]
    for c in range(1, samples.shape[1]):
        total = total + samples[:, c]
    return total / np.float32(samples.shape[1])


def _moments(count: int, mean: Array, squares: Array, part: Array) -> tuple[int, Array, Array]:
    """Count, mean and sum of squared distances from it, once `part` [n, C] is among what they are of."""
    n = len(part)
    if n == 0:
        return count, mean, squares
    own = part.mean(0)
    apart = own - mean
    squares = squares + ((part - own) ** 2).sum(0) + apart**2 * (count * n / (count + n))
    return count + n, mean + apart * (n / (count + n)), squares


def _mel(rate: int, bands: int, padded: int) -> tuple[Array, Array, Array]:
    """Triangles on HTK's mel scale from 20 Hz to half the rate: bins and weights, one band after the other; starts."""

    def mel(frequency: Any) -> Any:
        return 1127.0 * np.log1p(frequency / 700.0)

    edges = np.linspace(mel(20.0), mel(rate / 2), bands + 2)
    places = mel(np.arange(padded // 2) * (rate / padded))
    rising = (places - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - places) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(0, np.minimum(rising, falling))  # [bands, bins]
    counts = (weights > 0).sum(1)
    if not counts.all():
        raise UsageError(
            f"{bands} bands are too many for a window of {padded} samples at {rate:,} a second: band "
            f"{int(np.argmin(counts)) + 1} holds no frequency; ask for fewer bands or a longer window."
        )
    band, bins = np.nonzero(weights)
    return bins, weights[band, bins], np.concatenate([[0], np.cumsum(counts)[:-1]])


_CROSSINGS = 32  # of the sinc on either side
_BETA = 7.3  # of Kaiser's window: what lies beyond the new half of the rate is 75 dB down
_CUTOFF = 0.927  # of the lower half of the two rates, so that the slope ends there


@dataclass(frozen=True, slots=True, eq=False)
class _Resampling:
    """Sample m of the output lies at m * down / up of the input; `half` samples on either side make it."""

    up: int
    down: int
    half: int
    taps: Array  # [up, 2 * half], a row for each place between two samples

    def apply(self, buffer: Array, start: int, stop: int, first: int) -> Array:
        """Outputs start..stop-1; `buffer` begins `half - 1` samples before sample `first` of the input."""
        at = np.arange(start, stop) * self.down
        width = 2 * self.half
        windows = np.ndarray((len(buffer) - width + 1, width), np.float32, buffer, 0, (4, 4))  # a view
        terms = windows[at // self.up - first]
        terms *= self.taps[at % self.up]
        return np.add.reduceat(terms, [0], axis=1)[:, 0]


@lru_cache(maxsize=4)
def _resampling(source: int, target: int) -> _Resampling:
    common = int(np.gcd(source, target))
    up, down = target // common, source // common
    narrow = min(1.0, target / source)
    half = int(np.ceil(_CROSSINGS / narrow))
    taps = np.empty((up, 2 * half), np.float32)
    for a in range(0, up, 256):  # a rate that shares no factor with the other makes many rows
        phases = np.arange(a, min(a + 256, up))[:, None] / up
        t = (np.arange(2 * half) - half + 1 - phases) * narrow  # in zero crossings
        inside = np.maximum(0, 1 - (t / _CROSSINGS) ** 2)
        rows = np.sinc(t * _CUTOFF) * np.i0(_BETA * np.sqrt(inside)) * (inside > 0)
        taps[a : a + 256] = rows / rows.sum(1, keepdims=True)  # silence and constants stay what they are
    return _Resampling(up, down, half, taps)


# ------------------------------------------------------------------------------------------------------- masking


def masked(
    array: Array,
    rng: np.random.Generator,
    *,
    stack: int = 1,
    band_masks: int = 2,
    bands_most: int = 8,
    step_masks: int = 2,
    steps_most: int = 25,
    share_most: float = 0.2,
) -> Array:
    """A copy of an encoded recording, [T, bands * stack], with runs of bands and of steps at 0, the training mean.

    A run is 0 to `bands_most` bands or `steps_most` steps long, and no longer than `share_most` of all steps. What is
    drawn depends on `rng` alone: seed it by (seed, epoch, index).
    """
    found = np.array(array, order="C")
    T, F = found.shape
    by_band = found.reshape(T, stack, F // stack)
    for masks, most, view in (
        (band_masks, min(bands_most, F // stack), by_band.transpose(2, 0, 1)),
        (step_masks, min(steps_most, int(share_most * T)), found),
    ):
        for _ in range(masks):
            width = int(rng.integers(0, most + 1))
            start = int(rng.integers(0, len(view) - width + 1))
            view[start : start + width] = 0
    return found
