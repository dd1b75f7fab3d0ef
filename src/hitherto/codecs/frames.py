"""Videos as sequences of small pictures: what moves, read frame by frame.

A value is the path or the bytes of a video, an animated GIF, PNG or WebP, the path of a folder of pictures in the order
of their names, an array [T, H, W] or [T, H, W, 1 | 3 | 4], or a list of anything that the codec for images reads.
Every frame becomes a step, `shape` = (H, W, C), flat with the channel last.

With `fps`, frames that have times are taken at that rate: each tick has the frame that is nearest in time, so videos of
any rate, or none that is steady, look alike. Arrays, lists and folders have no times: they are taken as they come.

Frames are decoded one after the other and kept small, so memory does not follow the file.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.bounds import Count, Positive, check_count, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.codecs.image import CHANNELS, Look, LookDocument, box, sample
from hitherto.errors import DataError, UsageError
from hitherto.media import PICTURES, VIDEOS
from hitherto.media.pictures import axes_of, check_numbers, is_file, largest, path_of, pixels
from hitherto.media.videos import MOST_FRAMES, Frame, each_frame, frames_of, rate_and_size
from hitherto.slots import Slot, Slots, counter

__all__ = ["FramesCodec", "FramesStream"]

SAMPLE = 100  # videos that statistics are taken from
FEWER = "choose a smaller height or width, fewer frames a second, or a max_length"
LARGE = 64  # what the longer side is cut to where it was guessed


class FramesDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of `FramesCodec` in a bundle."""

    look: LookDocument
    fps: Positive | None
    every: Count
    max_length: Count | None


class FramesCodec(Codec):
    """Videos to steps; made by `fit`."""

    kind = "frames"
    options = ("height", "width", "fps", "color", "max_length")
    endings = VIDEOS
    Document = FramesDocument
    reads_files = True
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
        self.notes = []
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
    def matches(cls, value: object) -> bool:
        """A folder of pictures, or an array [T, H, W] or [T, H, W, C]."""
        if isinstance(value, Path):
            return any(file.suffix.lower() in PICTURES for file in islice(value.iterdir(), 1000))
        shape = axes_of(value)
        return len(shape) == 4 or (len(shape) == 3 and shape[2] not in CHANNELS)

    @classmethod
    def fit(
        cls,
        values: Iterable[object],
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
        for name, count in (("height", height), ("width", width), ("every", every)):
            check_count(name, count)
        probe = Look(height or 1, width or 1, color=True)
        cls(probe, fps, every or 1, max_length)  # refuses bad options before the work
        videos = sample(values, "videos", SAMPLE)
        sizes, rates = [], []
        for value in videos:
            rate, size = rate_and_size(value)
            sizes.append(size)
            rates += [] if rate is None else [rate]
        sides, notes = box(sizes, height, width, LARGE)
        if fps is None and every is None and rates:
            fps = min(1000.0, round(float(np.median(rates)), 3))
            notes.append(
                f"{fps:g} frames a second are taken, as the training data have; --fps says otherwise"
            )
        probe = Look(*sides, color=True, full=largest(_numbers_of(videos)))
        look, learned = probe.learn(_some_of(videos), color)
        codec = cls(look, fps, every or 1, max_length)
        codec.notes = notes + learned
        return codec

    def example(self) -> list[list[list[float]]]:
        return [[[0.0, 0.5], [0.5, 1.0]], [[0.5, 0.0], [1.0, 0.5]]]

    def encode(self, value: object) -> Array:
        """The steps of a video, [T, size] float32."""
        stream, path = self.stream(), path_of(value)
        parts, steps = [], 0
        with contextlib.closing(frames_of(value)) as frames:
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

    def augmented(
        self,
        raw: Array,
        rng: np.random.Generator,
        amount: float,
        only: Iterable[str] = (),  # noqa: ARG002 - there is one change
    ) -> Array:
        """What `raw` gave, all frames moved alike by up to a sixth of a side, times `amount`; edges are drawn out."""
        H, W, C = self.shape

        def moved(side: int) -> Array:
            most = round(amount * side / 6)
            places: Array = np.clip(np.arange(side) - rng.integers(-most, most + 1), 0, side - 1)
            return places

        frames: Array = raw.reshape(-1, H, W, C)[:, moved(H)][:, :, moved(W)]
        return frames.reshape(raw.shape)

    def decode(self, array: object) -> Array:
        """The frames of steps, [T, H, W, C] uint8."""
        x = np.asarray(array, np.float32)
        if x.ndim != 2 or x.shape[1] != self.size:
            raise DataError(f"expected steps of {self.size} numbers, [T, {self.size}], but got {x.shape}")
        return self.look.seen(x.reshape(len(x), *self.shape))

    def stream(self) -> "FramesStream":
        return FramesStream(self)

    def to_json(self) -> dict[str, object]:
        return {
            "look": asdict(self.look), "fps": self.fps, "every": self.every, "max_length": self.max_length,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "FramesCodec":  # noqa: ARG003
        fields = fields_of(document, FramesDocument)
        return cls(**{**fields, "look": Look.from_document(fields["look"])})


class FramesStream:
    """Encodes a video frame by frame. `state` holds all that it remembers.

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

    def push(self, frames: object, times: object = None) -> Array:
        """The steps that these frames settle, [n, size].

        One frame or many, all of one size: [H, W], [H, W, 1 | 3 | 4], [n, H, W], [n, H, W, C] or a list. With `times`,
        in seconds, they are taken at the codec's `fps`; without, they come at the rate that is wanted.
        """
        pictures = [pixels(frame) for frame in each_frame(frames)]
        when: list[float | None] = [None] * len(pictures)
        if times is not None:
            if self.codec.fps is None:
                raise UsageError("this model takes frames as they come: push them without times.")
            try:
                when = [float(t) for t in np.atleast_1d(np.asarray(times, np.float64))]
            except (TypeError, ValueError) as error:
                raise UsageError(f"expected times in seconds, but got {times!r:.60}.") from error
            if len(when) != len(pictures):
                raise UsageError(f"expected a time for each of {len(pictures)} frames, but got {len(when)}.")
        return self._advance(
            [(t, array, full) for t, (array, full) in zip(when, pictures, strict=True)], None
        )

    def finish(self) -> Array:
        """The steps that only waited for a later frame."""
        state = dict(self.state)
        if len(state["frame"]) == 0:
            return self._nothing()
        # The newest frame stands for a tick that it has not quite reached, as times are rounded.
        steps = self._ticks(state, float(state["last"]) + 0.15 / (self.codec.fps or 1.0), None)
        self.state = state
        return steps

    def _nothing(self) -> Array:
        return np.zeros((0, self.codec.size), np.float32)

    def _advance(self, frames: list[Frame], path: Path | None) -> Array:
        """What may be refused is refused before the state moves on."""
        codec, state = self.codec, dict(self.state)
        parts = [self._nothing()]
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
                parts += self._timed(state, float(when or 0.0), array, full, path)
            elif (int(state["seen"]) - 1) % codec.every == 0 and self._left(state):
                parts.append(self._step(array, full, path))
                state["steps"] = np.array(int(state["steps"]) + 1)
        self.state = state
        return np.concatenate(parts)

    def _timed(
        self, state: dict[str, Array], when: float, array: Array, full: float | None, path: Path | None
    ) -> list[Array]:
        if not np.isfinite(when) or when < float(state["last"]):
            raise DataError(
                f"the times of frames must rise, but {when:g} s comes after {float(state['last']):g} s",
                path=path,
            )
        parts = []
        if np.isnan(state["first"]):
            state["first"] = np.array(when)
        else:
            parts.append(self._ticks(state, (float(state["last"]) + when) / 2, path))
        state["last"] = np.array(when)
        state["frame"] = self._step(array, full, path)
        return parts

    def _ticks(self, state: dict[str, Array], until: float, path: Path | None) -> Array:
        """The newest frame, for each tick up to this time that has none yet."""
        if not self._left(state):
            return self._nothing()
        fps, done = self.codec.fps or 1.0, int(state["steps"])
        due = (until - float(state["first"])) * fps
        if due - done > MOST_FRAMES:
            raise DataError(
                f"a frame at {float(state['last']):g} s is shown for {due - done:,.0f} steps; "
                "are the times in seconds?",
                path=path,
            )
        count = max(0, int(np.floor(due)) + 1 - done)
        if self.codec.max_length is not None:
            count = min(count, max(0, self.codec.max_length - done))
        check_numbers(count * self.codec.size, "the frames of a video", FEWER)
        state["steps"] = np.array(done + count)
        return np.repeat(state["frame"], count, 0)

    def _left(self, state: dict[str, Array]) -> bool:
        return self.codec.max_length is None or int(state["steps"]) < self.codec.max_length

    def _step(self, array: Array, full: float | None, path: Path | None) -> Array:
        look = self.codec.look
        return look.standard(look.picture(array, full, path)).reshape(1, -1)


# ------------------------------------------------------------------------------------------- what is learned from


def _some_of(values: Iterable[object]) -> Iterator[tuple[Array, float | None]]:
    """Frames to learn from: neighbours are alike, and the end of a long video adds little."""
    for value in values:
        with contextlib.closing(frames_of(value)) as frames:
            for _, array, full in islice(frames, 0, 500, 5):
                yield array, full


def _numbers_of(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        if not is_file(value):
            yield from each_frame(value)
