"""Videos as sequences of small pictures: what moves, read frame by frame.

A value is the path or the bytes of a video, an animated GIF, PNG or WebP, the path of a folder of pictures in the order
of their names, an array [T, H, W] or [T, H, W, 1 | 3 | 4], or a list of anything that the codec for images reads.
Every frame becomes a step, `shape` = (H, W, C), flat with the channel last.

With `fps`, frames that have times are taken at that rate: each tick has the frame that is nearest in time, so videos of
any rate, or none that is steady, look alike. Arrays, lists and folders have no times: they are taken as they come.

Frames are decoded one after the other and kept small, so memory does not follow the file.
"""

import contextlib
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.bounds import Count, Positive, check_count
from hitherto.codecs.base import Codec
from hitherto.codecs.image import Look, LookDocument, box, sample
from hitherto.errors import DataError, MissingExtra, UsageError
from hitherto.media.pictures import (
    MOST_PIXELS,
    check_numbers,
    check_size,
    explained,
    is_pillow,
    largest,
    path_of,
    pixels,
    source_of,
)
from hitherto.slots import Slot, Slots, counter

__all__ = ["FramesCodec", "FramesStream"]

Frame = tuple[float | None, Array, float | None]  # when, what `pixels` gives of it

MOST_FRAMES = 200_000  # that are decoded of one video; two hours of 25 a second
SAMPLE = 100  # videos that statistics are taken from
FEWER = "choose a smaller height or width, fewer frames a second, or a max_length"
LARGE = 64  # what the longer side is cut to where it was guessed
# What ffmpeg may take a file for. Of its other formats some read further files or addresses that the file names.
CONTAINERS = "mov,mp4,matroska,webm,avi,flv,asf,mpeg,mpegts,mpegvideo,m4v,ogg,h264,hevc,ivf,mxf,dv,nut,rm,gif"
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm"}


class FramesDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says of a `FramesCodec`."""

    look: LookDocument
    fps: Positive | None
    every: Count
    max_length: Count | None


class FramesCodec(Codec):
    """Videos to steps; made by `fit`."""

    kind = "frames"
    Document = FramesDocument
    streams = True
    augments = True

    def __init__(
        self, look: Look, fps: float | None = None, every: int = 1, max_length: int | None = None
    ) -> None:
        check_count("every", every)
        check_count("max_length", max_length)
        if fps is not None and not (isinstance(fps, int | float) and 0 < fps <= 1000):
            raise UsageError(f"fps must be a number above 0, at most 1000, but came as {fps!r}.")
        if look.height is None or look.width is None:
            raise UsageError("frames need a height and a width.")
        self.look = look
        self.fps = fps
        self.every = every
        self.max_length = max_length
        self.notes: list[str] = []
        check_numbers(self.size, "a frame")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a step."""
        return self.look.height or 0, self.look.width or 0, self.look.channels

    @property
    def size(self) -> int:
        """How many numbers a step has."""
        height, width, channels = self.shape
        return height * width * channels

    @classmethod
    def fit(
        cls,
        values: Iterable[Any],
        *,
        height: int | None = None,
        width: int | None = None,
        fps: float | None = None,
        every: int | None = None,
        color: bool | None = None,
        max_length: int | None = None,
    ) -> "FramesCodec":
        """Learn from training data what is not given: size, rate, colour, and the statistics of the values.

        `fps` takes frames by their times, `every` by their count; without either, `fps` is the median of the training
        data's own rates, where they have one.
        """
        if fps is not None and every is not None:
            raise UsageError("fps takes frames by time and every by count: give one of them.")
        for name, value in (("height", height), ("width", width), ("every", every)):
            check_count(name, value)
        probe = Look(height or 1, width or 1, color=True)
        cls(probe, fps, every or 1, max_length)  # refuses bad options before the work
        given = sample(values, "videos", SAMPLE)
        sizes, rates = [], []
        for value in given:
            rate, size = _rate_and_size(value)
            sizes.append(size)
            rates += [] if rate is None else [rate]
        sides, notes = box(sizes, height, width, LARGE)
        if fps is None and every is None and rates:
            fps = min(1000.0, round(float(np.median(rates)), 3))
            notes.append(
                f"{fps:g} frames a second are taken, as the training data have; --fps says otherwise"
            )
        probe = Look(*sides, color=True, full=largest(_numbers_of(given)))
        look, learned = probe.learn(_some_of(given), color)
        codec = cls(look, fps, every or 1, max_length)
        codec.notes = notes + learned
        return codec

    def encode(self, value: Any) -> Array:
        """The steps of a video, [T, size] float32."""
        stream, path = self.stream(), path_of(value)
        parts, steps = [], 0
        with contextlib.closing(_frames(value)) as frames:
            for count, (when, array, full) in enumerate(frames):
                if count >= MOST_FRAMES:
                    raise DataError(
                        f"the video has more than {MOST_FRAMES:,} frames; cut it into parts, or set max_length",
                        path=path,
                    )
                parts.append(stream._advance([(when, array, full)], path))
                steps += len(parts[-1])
                check_numbers(steps * self.size, "the frames of a video", FEWER)
                if self.max_length is not None and steps >= self.max_length:
                    break
        parts.append(stream.finish())
        return np.concatenate(parts)

    raw = encode

    def unchanged(self, raw: Array) -> Array:
        """What `encode` gives, from what `raw` gave."""
        return raw

    def augmented(self, array: Array, rng: np.random.Generator, amount: float) -> Array:
        """What `raw` gave, all frames moved alike by up to a sixth of a side, times `amount`; edges are drawn out."""
        H, W, C = self.shape

        def moved(side: int) -> Array:
            most = round(amount * side / 6)
            found: Array = np.clip(np.arange(side) - rng.integers(-most, most + 1), 0, side - 1)
            return found

        frames: Array = array.reshape(-1, H, W, C)[:, moved(H)][:, :, moved(W)]
        return frames.reshape(array.shape)

    def decode(self, array: Any) -> Array:
        """The frames of steps, [T, H, W, C] uint8."""
        x = np.asarray(array, np.float32)
        if x.ndim != 2 or x.shape[1] != self.size:
            raise DataError(f"expected steps of {self.size} numbers, [T, {self.size}], but got {x.shape}")
        return self.look.seen(x.reshape(len(x), *self.shape))

    def stream(self) -> "FramesStream":
        return FramesStream(self)

    def to_json(self) -> dict[str, Any]:
        return {
            "look": asdict(self.look), "fps": self.fps, "every": self.every, "max_length": self.max_length,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], _parts: Mapping[str, list[str]]) -> "FramesCodec":
        return cls(**{**document, "look": Look.from_json(document["look"])})


class FramesStream:
    """A video that comes frame by frame; `state` is all that it remembers.

    With times, a step is known once a frame comes that is later than its tick: one frame of delay.
    """

    def __init__(self, codec: FramesCodec) -> None:
        self.codec = codec
        self.state: dict[str, Array] = {
            "seen": np.array(0),  # frames that came
            "steps": np.array(0),  # steps that were given
            "native": np.zeros(2, np.int64),  # height and width of the frames that come
            "first": np.array(np.nan),  # the time of the first frame
            "last": np.array(np.nan),  # and of the newest
            "frame": np.zeros((0, codec.size), np.float32),  # the newest, where a tick may still want it
        }
        time = Slot(np.float64, (), missing=True)
        self.slots: Slots = {
            "seen": counter(), "steps": counter(), "native": counter(2),
            "first": time, "last": time, "frame": Slot(np.float32, (range(2), codec.size)),
        }  # fmt: skip

    def push(self, frames: Any, times: Any = None) -> Array:
        """The steps that these frames settle, [n, size].

        One frame or many, all of one size: [H, W], [H, W, 1 | 3 | 4], [n, H, W], [n, H, W, C] or a list. With `times`,
        in seconds, they are taken at the codec's `fps`; without, they come at the rate that is wanted.
        """
        given = [pixels(frame) for frame in _each(frames)]
        when: list[float | None] = [None] * len(given)
        if times is not None:
            if self.codec.fps is None:
                raise UsageError("this model takes frames as they come: push them without times.")
            try:
                when = [float(t) for t in np.atleast_1d(np.asarray(times, np.float64))]
            except (TypeError, ValueError) as error:
                raise UsageError(f"expected times in seconds, but got {times!r:.60}.") from error
            if len(when) != len(given):
                raise UsageError(f"expected a time for each of {len(given)} frames, but got {len(when)}.")
        return self._advance([(t, array, full) for t, (array, full) in zip(when, given, strict=True)], None)

    def finish(self) -> Array:
        """The steps that only waited for a later frame."""
        state = dict(self.state)
        if len(state["frame"]) == 0:
            return self._nothing()
        # The newest frame stands for a tick that it has not quite reached, as times are rounded.
        found = self._ticks(state, float(state["last"]) + 0.15 / (self.codec.fps or 1.0), None)
        self.state = state
        return found

    def _nothing(self) -> Array:
        return np.zeros((0, self.codec.size), np.float32)

    def _advance(self, frames: list[Frame], path: Path | None) -> Array:
        """What may be refused is refused before the state moves on."""
        codec, state = self.codec, dict(self.state)
        found = [self._nothing()]
        for when, array, full in frames:
            native = np.array(array.shape[:2])
            if int(state["seen"]) and not np.array_equal(native, state["native"]):
                old, new = (" x ".join(map(str, size.tolist())) for size in (state["native"], native))
                raise DataError(
                    f"frame {int(state['seen']) + 1} has {new} pixels, but those before have {old}; "
                    "all frames of a video need one size",
                    path=path,
                )
            state["native"] = native
            timed = when is not None and codec.fps is not None
            if int(state["seen"]) and timed == bool(np.isnan(state["first"])):
                raise UsageError("frames come either all with times or all without.")
            state["seen"] = np.array(int(state["seen"]) + 1)
            if timed:
                found += self._timed(state, float(when or 0.0), array, full, path)
            elif (int(state["seen"]) - 1) % codec.every == 0 and self._left(state):
                found.append(self._step(array, full, path))
                state["steps"] = np.array(int(state["steps"]) + 1)
        self.state = state
        return np.concatenate(found)

    def _timed(
        self, state: dict[str, Array], when: float, array: Array, full: float | None, path: Path | None
    ) -> list[Array]:
        if not np.isfinite(when) or when < float(state["last"]):
            raise DataError(
                f"the times of frames must rise, but {when:g} s comes after {float(state['last']):g} s",
                path=path,
            )
        found = []
        if np.isnan(state["first"]):
            state["first"] = np.array(when)
        else:
            found.append(self._ticks(state, (float(state["last"]) + when) / 2, path))
        state["last"] = np.array(when)
        state["frame"] = self._step(array, full, path)
        return found

    def _ticks(self, state: dict[str, Array], until: float, path: Path | None) -> Array:
        """The newest frame, for each tick up to this time that has none yet."""
        if not self._left(state):
            return self._nothing()
        fps, given = self.codec.fps or 1.0, int(state["steps"])
        due = (until - float(state["first"])) * fps
        if due - given > MOST_FRAMES:
            raise DataError(
                f"a frame at {float(state['last']):g} s is shown for {due - given:,.0f} steps; "
                "are the times in seconds?",
                path=path,
            )
        count = max(0, int(np.floor(due)) + 1 - given)
        if self.codec.max_length is not None:
            count = min(count, max(0, self.codec.max_length - given))
        check_numbers(count * self.codec.size, "the frames of a video", FEWER)
        state["steps"] = np.array(given + count)
        return np.repeat(state["frame"], count, 0)

    def _left(self, state: dict[str, Array]) -> bool:
        return self.codec.max_length is None or int(state["steps"]) < self.codec.max_length

    def _step(self, array: Array, full: float | None, path: Path | None) -> Array:
        look = self.codec.look
        return look.standard(look.picture(array, full, path)).reshape(1, -1)


# ------------------------------------------------------------------------------------------------------- reading


def _each(value: Any) -> list[Any]:
    """The frames of what is no file: one, or many. [a, b, 3] is one in colour, [a, b, c] are `a` gray ones."""
    if is_pillow(value) or (isinstance(value, list | tuple) and not _is_numbers(value)):
        return [value] if is_pillow(value) else list(value)
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


def _is_numbers(value: Any) -> bool:
    """Whether nested lists end in numbers at the depth of one picture."""
    for _ in range(2):
        if not isinstance(value, list | tuple) or not value:
            return False
        value = value[0]
    return isinstance(value, int | float)


def _is_file(value: Any) -> bool:
    return isinstance(value, bytes | bytearray | memoryview) or path_of(value) is not None


def _some_of(values: Iterable[Any]) -> Iterator[tuple[Array, float | None]]:
    """Frames to learn from: neighbours are alike, and the end of a long video adds little."""
    for value in values:
        with contextlib.closing(_frames(value)) as frames:
            for _, array, full in islice(frames, 0, 500, 5):
                yield array, full


def _numbers_of(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if not _is_file(value):
            yield from _each(value)


def _frames(value: Any) -> Generator[Frame, None, None]:
    """Every frame of a value; one at least."""
    if not _is_file(value):
        frames = _each(value)
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
    found = [
        p
        for p in folder.iterdir()
        if p.suffix.lower() in PICTURES and not p.name.startswith(".") and p.is_file()
    ]
    if not found:
        raise DataError("expected a folder of pictures, but there are none in it", path=folder)
    # frame 10 after frame 9, however many digits they have
    return sorted(
        found, key=lambda p: [(int(s), "") if s.isdecimal() else (-1, s) for s in re.split(r"(\d+)", p.name)]
    )


def _rate_and_size(value: Any) -> tuple[float | None, tuple[int, int]]:
    """The rate of a value's frames, where it has one, and their height and width."""
    with contextlib.closing(_frames(value)) as frames:
        first, second = next(frames), next(frames, None)
    path = path_of(value)
    rate = None
    if _is_file(value) and not (path is not None and _is_folder(path)):
        if not _is_animation(value):
            with explained(path, "video"), _container(value) as (_, stream):
                rate = float(stream.average_rate or 0) or None
        elif second is not None and first[0] is not None and second[0] is not None:
            rate = 1 / max(second[0] - first[0], 0.001)
    return rate, (first[1].shape[0], first[1].shape[1])


def _is_animation(value: Any) -> bool:
    """Whether Pillow reads it: a GIF, PNG or WebP, by its first bytes."""
    source = source_of(value, "video")
    if isinstance(source, Path):
        with source.open("rb") as file:
            begin = file.read(12)
    else:
        begin = source.read(12)
    return begin[:4] in (b"GIF8", b"\x89PNG") or (begin[:4] == b"RIFF" and begin[8:] == b"WEBP")


def _animation(value: Any) -> Iterator[Frame]:
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
def _container(value: Any) -> Iterator[tuple[Any, Any]]:
    """A video opened, and the stream in it that is shown."""
    source, path = source_of(value, "video"), path_of(value)
    try:
        import av
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
    except av.error.InvalidDataError as error:
        raise DataError(
            "expected a video, but this is none that ffmpeg knows, or its beginning or end is missing",
            path=path,
        ) from error
    with container:
        covers = av.stream.Disposition.attached_pic
        streams = [s for s in container.streams.video if not s.disposition & covers]
        if not streams:
            raise DataError(
                "the file holds no video" + (", only sound" if container.streams.audio else ""), path=path
            )
        stream = streams[0]
        if stream.codec_context.width and stream.codec_context.height:
            check_size(stream.codec_context.height, stream.codec_context.width, path)
        yield container, stream


def _video(value: Any) -> Iterator[Frame]:
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
