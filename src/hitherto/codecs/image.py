"""Pictures as sequences: whole as one step, by rows, or by columns as a line of text is read.

A step is a small picture itself, `shape` = (H, W, C), flat in that order with the channel last, so that convolutions
can run inside it. A value is a path or bytes of a file that Pillow reads, a PIL image, or numbers [H, W] or
[H, W, 1 | 3 | 4]: uint8, uint16, or others, of which the largest of the training data stands for white (1 where none is
larger). What is transparent is seen over white. Files and arrays go through the same numpy code; Pillow only decodes.

`encode` is `steps(picture(value))`. Augmentation goes between: `steps(augmented(picture(value), rng))`.

`Look` is what pictures of any kind share, frames of a video too; `sheet` and `png` show them in reports.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.bounds import Count, Positive, Real, Side, check_count, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.errors import DataError, UsageError, nearest
from hitherto.media import PICTURES
from hitherto.media.pictures import (
    MOST_PIXELS,
    as_bytes,
    axes_of,
    check_numbers,
    check_size,
    is_pillow,
    largest,
    over_white,
    path_of,
    pixels,
    resized,
    size_of,
)

__all__ = ["LINE", "ImageCodec", "Look", "augmented"]

SAMPLE = 2000  # pictures that sizes and statistics are taken from
LARGE, LINE = (
    128,
    48,
)  # what a size that was guessed is cut to: a side of a whole picture, the height of a line
CHANNELS = (1, 3, 4)  # of an array that is a picture
READS = ("whole", "rows", "columns")
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class LookDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of `Look` in a bundle."""

    height: Side | None
    width: Side | None
    color: bool
    full: Positive
    background: list[Real]
    mean: list[Real]
    deviation: list[Positive]


class ImageDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of `ImageCodec` in a bundle."""

    look: LookDocument
    reads: Literal["whole", "rows", "columns"]
    window: Side
    hop: Side
    max_length: Count | None


class ImageCodec(Codec):
    """Pictures to steps; made by `fit`.

    Along rows or columns, step t sees the `window` of them around those that begin at t * hop; beyond the picture is
    its background.
    """

    kind = "image"
    options = ("reads", "height", "width", "window", "hop", "color", "max_length")
    endings = PICTURES
    Document = ImageDocument
    reads_files = True
    augments = True

    def __init__(
        self,
        look: "Look",
        reads: str = "whole",
        window: int = 1,
        hop: int = 1,
        max_length: int | None = None,
    ) -> None:
        if reads not in READS:
            raise UsageError(
                f"reads must be one of {', '.join(map(repr, READS))}, but came as {reads!r}."
                + nearest(str(reads), READS)
            )
        for name, value in (("window", window), ("hop", hop), ("max_length", max_length)):
            check_count(name, value)
        if window < hop:
            raise UsageError(
                f"window must be hop at least, or parts of a picture are never seen, but {window} < {hop}."
            )
        self.look = look
        self.reads = reads
        self.window = window
        self.hop = hop
        self.max_length = max_length
        self.notes = []
        needed = {"whole": ("height", "width"), "rows": ("width",), "columns": ("height",)}[reads]
        for name in needed:
            if {"height": look.height, "width": look.width}[name] is None:
                raise UsageError(f"reads = {reads!r} needs a {name}.")
        check_numbers(self.size, "a step")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a step."""
        height, width = self.look.height or 0, self.look.width or 0
        if self.reads == "rows":
            height = self.window
        elif self.reads == "columns":
            width = self.window
        return height, width, self.look.channels

    @property
    def size(self) -> int:
        """How many numbers a step has."""
        height, width, channels = self.shape
        return height * width * channels

    @classmethod
    def matches(cls, value: object) -> bool:
        """A PIL image, or an array [H, W, C]."""
        shape = axes_of(value)
        return is_pillow(value) or (len(shape) == 3 and shape[2] in CHANNELS)

    @classmethod
    def fit(
        cls,
        values: Iterable[object],
        *,
        reads: str = "whole",
        height: int | None = None,
        width: int | None = None,
        window: int | None = None,
        hop: int | None = None,
        color: bool | None = None,
        max_length: int | None = None,
    ) -> "ImageCodec":
        """Learn from training data what is not given: size, colour, and the statistics of the values.

        With both `height` and `width`, every picture is padded to that size; a line of text needs its height alone.
        `window` is `hop` unless given, and `hop` half the window; both are 1 where neither is given.
        """
        if reads == "whole" and (window is not None or hop is not None):
            raise UsageError(
                "window and hop cut rows or columns into steps: say reads = 'columns' or 'rows'."
            )
        for name, value in (("window", window), ("hop", hop)):
            check_count(name, value)
        window = window or hop or 1
        hop = hop or (window + 1) // 2
        pictures = sample(values, "pictures")
        sides, notes = _sides(reads, [size_of(value) for value in pictures], height, width)
        full = largest(pictures)
        probe = Look(*sides, color=True, full=full)
        cls(probe, reads, window, hop, max_length)  # refuses bad options before the work
        look, learned = probe.learn((pixels(value) for value in pictures), color)
        codec = cls(look, reads, window, hop, max_length)
        codec.notes = notes + learned
        return codec

    def example(self) -> list[list[float]]:
        return [[0.0, 0.5, 1.0], [0.5, 1.0, 0.5], [1.0, 0.5, 0.0]]

    def encode(self, value: object) -> Array:
        """The steps of a picture, [T, size] float32."""
        return self.steps(self.picture(value))

    def picture(self, value: object) -> Array:
        """The picture in the codec's size and colours, [H, W, C] float32 from 0 to 1."""
        return self.look.picture(*pixels(value), path=path_of(value))

    raw = picture

    def unchanged(self, raw: Array) -> Array:
        """What `encode` gives, from what `raw` gave."""
        return self.steps(raw)

    def augmented(
        self,
        raw: Array,
        rng: np.random.Generator,
        amount: float,
        only: Iterable[str] = (),  # noqa: ARG002 - there is one change
    ) -> Array:
        """The steps of what `raw` gave, moved and bent by up to `amount`; where no width is fixed, wider too."""
        line = self.reads == "columns" and self.look.width is None
        return self.steps(augmented(raw, rng, background=self.look.background, strength=amount, line=line))

    def steps(self, picture: Array) -> Array:
        """[H, W, C], as `picture` gives it, cut into steps: [T, size] float32."""
        x = self.look.standard(picture)
        if self.reads == "whole":
            return x.reshape(1, -1)
        along = x.swapaxes(0, 1) if self.reads == "columns" else x  # [rows or columns, across, C]
        T = -(-len(along) // self.hop)
        T = T if self.max_length is None else min(T, self.max_length)
        check_numbers(T * self.size, "the steps of a picture")
        before = (self.window - self.hop) // 2
        edges = self.look.standard(self.look.background)
        padded = np.empty(((T - 1) * self.hop + self.window, *along.shape[1:]), np.float32)
        padded[:] = edges
        inside = along[: len(padded) - before]
        padded[before : before + len(inside)] = inside
        at = np.arange(T)[:, None] * self.hop + np.arange(self.window)
        parts = padded[at]  # [T, window, across, C]
        if self.reads == "columns":
            parts = parts.swapaxes(1, 2)
        return np.ascontiguousarray(parts).reshape(T, self.size)

    def decode(self, array: object) -> Array:
        """The picture of steps, [H, W, C] uint8; of rows and columns those that each step alone begins with."""
        x = np.asarray(array, np.float32)
        if x.ndim != 2 or x.shape[1] != self.size or not len(x):
            raise DataError(f"expected steps of {self.size} numbers, [T, {self.size}], but got {x.shape}")
        parts = x.reshape(len(x), *self.shape)
        if self.reads == "whole":
            return self.look.seen(parts[0])
        before = (self.window - self.hop) // 2
        if self.reads == "columns":
            parts = parts.swapaxes(1, 2)
        along = parts[:, before : before + self.hop].reshape(-1, *parts.shape[2:])
        return self.look.seen(along.swapaxes(0, 1) if self.reads == "columns" else along)

    def to_json(self) -> dict[str, object]:
        return {
            "look": asdict(self.look), "reads": self.reads, "window": self.window, "hop": self.hop,
            "max_length": self.max_length,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "ImageCodec":  # noqa: ARG003
        fields = fields_of(document, ImageDocument)
        return cls(**{**fields, "look": Look.from_document(fields["look"])})


def _sides(
    reads: str, sizes: list[tuple[int, int]], height: int | None, width: int | None
) -> tuple[tuple[int | None, int | None], list[str]]:
    """Height and width, None for one that follows from the picture, and what was guessed."""
    check_count("height", height)
    check_count("width", width)
    if reads == "whole":
        return box(sizes, height, width, LARGE)
    name, chosen = ("height", height) if reads == "columns" else ("width", width)
    if chosen is not None:
        return (height, width), []
    middle = int(np.median([size[name == "width"] for size in sizes]))
    side = min(middle, LINE)
    why = "the median of the training data" if side == middle else f"the median of {middle} cut short"
    notes = [f"pictures become {side} pixels in {name}, {why}; --{name} says otherwise"]
    return ((side, width) if reads == "columns" else (height, side)), notes


# --------------------------------------------------------------------------------------------- what pictures share


@dataclass(frozen=True, slots=True)
class Look:
    """What every picture becomes: its size, where a side that is None follows the other; its colours; its scale."""

    height: int | None
    width: int | None
    color: bool
    full: float = 1.0  # what is white in numbers that do not say it
    background: Sequence[float] = (1.0,)  # [C], from 0 to 1
    mean: Sequence[float] = (0.0,)  # [C]
    deviation: Sequence[float] = (1.0,)

    def __post_init__(self) -> None:
        check_count("height", self.height)
        check_count("width", self.width)

    @property
    def channels(self) -> int:
        return 3 if self.color else 1

    @classmethod
    def from_document(cls, document: LookDocument) -> "Look":
        look = cls(**msgspec.structs.asdict(document))
        sizes = {len(look.background), len(look.mean), len(look.deviation)}
        if sizes != {look.channels}:
            raise UsageError(
                f"it has {look.channels} channels, but statistics of {', '.join(map(str, sizes))}."
            )
        check_size(look.height or 1, look.width or 1)
        return look

    def learn(
        self, pictures: Iterable[tuple[Array, float | None]], color: bool | None
    ) -> tuple["Look", list[str]]:
        """The look with the colours, the background and the statistics of these pictures, and what was guessed."""
        sums, squares, count = np.zeros(4), np.zeros(4), 0  # of red, green, blue and luma
        borders, colored = [], False
        for array, full in pictures:
            small = self._scaled(array, full)
            if small.shape[2] == 1:
                small = np.repeat(small, 3, 2)
            else:  # a little of it is what JPEG leaves of gray
                colored = colored or float((small.max(2) - small.min(2)).max()) > 0.03
            edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
            borders.append(np.median(edge, 0))
            flat = small.reshape(-1, 3).astype(np.float64)
            flat = np.concatenate([flat, flat @ LUMA.astype(np.float64)[:, None]], 1)
            sums, squares, count = sums + flat.sum(0), squares + (flat * flat).sum(0), count + len(flat)
        if not count:
            raise DataError("there are no pictures to learn from")
        notes = []
        if self.full != 1:
            notes.append(f"numbers are divided by {self.full:g}, the largest of the training data")
        if color is None:
            color = colored
            notes.append(
                f"pictures are read {'in colour' if color else 'as gray, as all of the training data are'}; "
                "--color says otherwise"
            )
        mean = sums / count
        deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
        deviation = np.where(deviation > 1e-4, deviation, 1.0)
        background = np.median(borders, 0)
        if color:
            statistics = [values[:3].tolist() for values in (background, mean, deviation)]
        else:
            statistics = [[float(background @ LUMA)], [float(mean[3])], [float(deviation[3])]]
        return Look(self.height, self.width, color, self.full, *statistics), notes

    def picture(self, array: Array, full: float | None, path: Path | None = None) -> Array:
        """[H, W, C] float32 from 0 to 1 of what `pixels` gave, in this size and colour."""
        if full is None and float(array.max()) > 2 * self.full:
            raise DataError(
                f"the numbers of the picture reach {float(array.max()):g}, but white was {self.full:g} in training; "
                "scale them as the training data were"
            )
        small = self._scaled(array, full, path)
        if self.color and small.shape[2] == 1:
            small = np.repeat(small, 3, 2)
        elif not self.color and small.shape[2] == 3:
            red, green, blue = (small[..., c : c + 1] * LUMA[c] for c in range(3))
            small = red + green + blue
        high, wide = self.height or len(small), self.width or small.shape[1]
        if small.shape[:2] == (high, wide):
            return small
        framed = np.empty((high, wide, self.channels), np.float32)
        framed[:] = self.background
        top, left = (high - len(small)) // 2, (wide - small.shape[1]) // 2
        framed[top : top + len(small), left : left + small.shape[1]] = small
        return framed

    def _scaled(self, array: Array, full: float | None, path: Path | None = None) -> Array:
        """In this size as far as the aspect allows, from 0 to 1; still in its own colours."""
        white = full or self.full
        high, wide = len(array), array.shape[1]
        sides = [(self.height, high), (self.width, wide)]
        ratio = min(wanted / side for wanted, side in sides if wanted is not None)
        to = [min(max(1, int(side * ratio + 0.5)), wanted or sys.maxsize) for wanted, side in sides]
        if to[0] * to[1] > MOST_PIXELS:
            raise DataError(
                f"a picture of {high} x {wide} pixels would become {to[0]} x {to[1]}, of which at most "
                f"{MOST_PIXELS:,} are read; cut it into parts",
                path=path,
            )
        if array.shape[2] == 4:
            array = over_white(array, white)
        return resized(array, *to) / np.float32(white)

    def standard(self, picture: object) -> Array:
        """Values from 0 to 1, [..., C], standardised by the training data."""
        mean, deviation = np.asarray(self.mean, np.float32), np.asarray(self.deviation, np.float32)
        standardised: Array = (np.asarray(picture, np.float32) - mean) / deviation
        return standardised

    def seen(self, x: Array) -> Array:
        """The undoing of `standard`, as uint8."""
        values = x * np.asarray(self.deviation, np.float32) + np.asarray(self.mean, np.float32)
        return as_bytes(values)


def box(
    sizes: list[tuple[int, int]], height: int | None, width: int | None, most: int
) -> tuple[tuple[int, int], list[str]]:
    """Height and width of what is resized whole: what is not given by the median of the training data."""
    check_count("height", height)
    check_count("width", width)
    if height is not None and width is not None:
        return (height, width), []
    high, wide = (float(np.median([size[i] for size in sizes])) for i in (0, 1))
    aspect = float(np.median([w / h for h, w in sizes]))
    why = "the median of the training data"
    if height is not None:
        width = max(1, round(height * aspect))
    elif width is not None:
        height = max(1, round(width / aspect))
    else:
        shrink = min(1.0, most / max(high, wide))
        if shrink < 1:
            why = f"the median of {high:g} x {wide:g} scaled down"
        height, width = (max(1, round(side * shrink)) for side in (high, wide))
    return (height, width), [
        f"pictures become {height} x {width} pixels (height x width), {why}; --height and --width say otherwise"
    ]


def sample(values: Iterable[object], what: str, most: int = SAMPLE) -> list[object]:
    """Some of the training data, drawn evenly and always the same; all where they are few."""
    listed = list(values)
    if not listed:
        raise DataError(f"there are no {what} to learn from")
    if len(listed) <= most:
        return listed
    chosen = np.random.default_rng(0).choice(len(listed), most, replace=False)
    return [listed[i] for i in np.sort(chosen)]


# -------------------------------------------------------------------------------------------------- augmentation


def augmented(
    picture: Array,
    rng: np.random.Generator,
    *,
    background: float | Sequence[float] = 1.0,
    strength: float = 1.0,
    line: bool = False,
) -> Array:
    """A picture [H, W, C] from 0 to 1, a little moved, scaled, slanted, thicker or thinner, and noisy.

    What is done follows from `rng` alone: seed it by what should bring the same again. A `line` becomes as wide as it
    is stretched; any other picture keeps its shape.
    """
    picture = np.asarray(picture, np.float32)
    H, W = picture.shape[:2]
    draws = np.asarray(rng.uniform(-1, 1, 7)) * strength  # always all of them, whatever is done with each
    high, wide = 1 + 0.1 * draws[0], 1 + 0.15 * draws[1]
    slant = 0.25 * draws[2]
    down, right = 0.05 * H * draws[3], 0.05 * min(H, W) * draws[4]
    width = max(1, round(W * wide)) if line else W
    y = (np.arange(H) + 0.5 - H / 2 - down) / high
    x = (np.arange(width) + 0.5 - width / 2 - right) / wide
    changed = _sampled(picture, y + H / 2 - 0.5, x + slant * y[:, None] + W / 2 - 0.5, background)
    changed = _thickened(changed, 0.6 * draws[5])
    noise = rng.normal(size=changed.shape) * (0.04 * abs(draws[6]))
    return np.asarray(np.clip(changed + noise, 0, 1), np.float32)


def _sampled(picture: Array, rows: Array, columns: Array, background: float | Sequence[float]) -> Array:
    """Bilinear values at rows [H'] and, in each, columns [H', W']; the background outside."""
    H, W, C = picture.shape
    padded = np.empty((H + 2, W + 2, C), np.float32)
    padded[:] = background
    padded[1:-1, 1:-1] = picture
    rows, columns = np.clip(rows + 1, 0, H + 1), np.clip(columns + 1, 0, W + 1)
    top, left = np.minimum(rows.astype(int), H), np.minimum(columns.astype(int), W)
    below, beside = (rows - top)[:, None, None], (columns - left)[..., None]
    lines = padded[top] * (1 - below) + padded[top + 1] * below  # [H', W + 2, C]
    row = np.arange(len(rows))[:, None]
    return np.asarray(lines[row, left] * (1 - beside) + lines[row, left + 1] * beside)


def _thickened(picture: Array, how: float) -> Array:
    """Dark strokes thicker, by as much of a pixel as `how` says; thinner where it is negative."""
    edged = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = [edged[1:-1, 1:-1], edged[:-2, 1:-1], edged[2:, 1:-1], edged[1:-1, :-2], edged[1:-1, 2:]]
    extreme = np.min(around, 0) if how > 0 else np.max(around, 0)
    return np.asarray(picture + abs(how) * (extreme - picture))
