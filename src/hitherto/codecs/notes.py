"""Music of many voices: which keys sound at each step. What `compose` reads and writes.

A roll is a list of steps, each the list of the pitches that sound in it: MIDI's numbers, 60 is the middle C, [] a rest.
A `Score` has notes with a start and a length in quarters. In a roll a note is not told from two equal ones that follow
each other: `as_score` holds what sounds in neighbouring steps as one note.

A JSON file holds a roll, `[[60, 64], [], ...]`, or `{"step": 0.25, "roll": [...]}` with the quarters of a step.
"""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from hitherto.arrays import Array
from hitherto.bounds import Count, Positive, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.errors import DataError, UsageError
from hitherto.media import MUSIC
from hitherto.media.midi import Score, naming
from hitherto.media.rolls import (
    MOST_STEPS,
    Roll,
    as_score,
    grid_of,
    held,
    lists,
    opened,
    outside_of,
    positive,
    too_long,
)
from hitherto.slots import Slots, counter

__all__ = ["NotesCodec", "NotesStream"]

Key = Annotated[int, Meta(ge=0, le=127)]
_STEPS = (1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 6, 1 / 8, 1 / 12)
_NEAR = 0.02  # how many quarters off the beat still are on it
_SHARES = (0.99, 0.95)  # of the notes must be; ornaments may be in the way of the first


class NotesDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of `NotesCodec` in a bundle."""

    step: Positive
    low: Key
    high: Key
    lowest: Key
    highest: Key
    tempo: Annotated[float, Meta(ge=1e-3, le=1e6)]
    max_length: Count | None


class NotesCodec(Codec):
    """The keys from `low` to `high` as ones and zeros at each step of `step` quarters; made by `fit`.

    `lowest` and `highest` are the outermost that occur in training, `tempo` is the usual one.
    """

    kind = "notes"
    options = ("step", "low", "high", "max_length")
    endings = MUSIC
    Document = NotesDocument
    reads_files = True
    streams = True
    augments = True
    restores_values = True

    def __init__(
        self,
        *,
        step: float,
        low: int,
        high: int,
        lowest: int,
        highest: int,
        tempo: float = 120.0,
        max_length: int | None = None,
    ) -> None:
        for name, value in (("low", low), ("high", high), ("lowest", lowest), ("highest", highest)):
            if not isinstance(value, int) or not 0 <= value <= 127:
                raise UsageError(f"{name} must be a key of MIDI, 0 to 127, but is {value!r}.")
        if not low <= lowest <= highest <= high:
            raise UsageError(f"low must not be above high, nor what occurs outside: {low} to {high}.")
        if max_length is not None and max_length < 1:
            raise UsageError(f"max_length must be 1 at least, but is {max_length}.")
        self.step = positive("step", step)
        self.low, self.high, self.lowest, self.highest = low, high, lowest, highest
        self.tempo = positive("tempo", tempo)
        self.max_length = max_length
        self.notes = []

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    @property
    def names(self) -> list[str]:
        """The number of each key."""
        return [str(key) for key in range(self.low, self.high + 1)]

    def called(self, steps: Array) -> list[str]:
        """The keys that sound; a dash where none does."""
        names = self.names
        return [" ".join(names[k] for k in np.flatnonzero(step > 0)) or "-" for step in steps]

    @classmethod
    def fit(
        cls,
        values: Iterable[object],
        *,
        step: float | None = None,
        low: int = 21,
        high: int = 108,
        max_length: int | None = None,
    ) -> "NotesCodec":
        """The codec of these pieces: rolls, arrays [T, keys] of 0 and 1, scores, or paths of MIDI or JSON files.

        Without a `step` it is the longest on which nearly all notes of the scores start, and no longer than a file says
        of its roll; 1 where nothing tells.
        """
        probe = cls(
            step=1.0 if step is None else step,
            low=low,
            high=high,
            lowest=low,
            highest=high,
            max_length=max_length,
        )
        used = np.zeros(probe.size, bool)
        starts: list[Array] = []
        tempi: list[float] = []
        file_steps: set[float] = set()
        bare = False
        for value in values:
            music, file_step = opened(value)
            with naming(value):
                if isinstance(music, Score):
                    used[probe._keys(music)] = True
                    starts.append(music.notes["start"] % 1)
                    tempi.append(music.tempo)
                    continue
                used |= grid_of(music, low, high).any(0)
            file_steps |= {file_step} if file_step else set()
            bare = bare or not file_step
        if not used.any():
            raise DataError("there is no note to learn from")
        notes = []
        if step is None:
            usual, note = _step_of(np.concatenate(starts)) if any(map(len, starts)) else (math.inf, "")
            step = min(usual, *file_steps, math.inf)
            if step == usual and note:
                notes.append(note)
            step = 1.0 if step == math.inf else step
            if bare and (file_steps or starts):
                notes.append(
                    f"some pieces tell no step; theirs is taken to be {step:g} quarters, as of the others"
                )
        codec = cls(
            step=step,
            low=low,
            high=high,
            lowest=low + int(np.flatnonzero(used)[0]),
            highest=low + int(np.flatnonzero(used)[-1]),
            tempo=float(np.median(tempi)) if tempi else 120.0,
            max_length=max_length,
        )
        codec.notes = notes
        return codec

    # ---- arrays

    def example(self) -> list[list[int]]:
        middle = self.low + self.size // 2
        return [[middle], [middle, self.low], []]

    def encode(self, value: object) -> Array:
        """Ones where keys sound, float32 [T, keys]. Steps of a list or array are taken as this codec's own."""
        music, file_step = opened(value)
        with naming(value):
            if file_step is not None and not math.isclose(file_step, self.step):
                music = as_score(music, step=file_step)
            grid = self._sampled(music) if isinstance(music, Score) else grid_of(music, self.low, self.high)
        return grid[: self.max_length].astype(np.float32)

    def _keys(self, score: Score) -> Array:
        keys = score.notes["pitch"].astype(np.int64) - self.low
        outside = np.flatnonzero((keys < 0) | (keys >= self.size))
        if len(outside):
            note = score.notes[outside[0]]
            raise outside_of(int(note["pitch"]), f"at quarter {note['start']:g}", self.low, self.high)
        return keys

    def _sampled(self, score: Score) -> Array:
        """Starts and ends go to the nearest step, and no note is lost, [T, keys]."""
        keys = self._keys(score)
        first = np.floor(score.notes["start"] / self.step + 0.5)
        last = np.floor((score.notes["start"] + score.notes["length"]) / self.step + 0.5)
        last = np.maximum(last, first + 1)
        steps = last.max(initial=0)
        if steps > MOST_STEPS:
            raise too_long(f"{steps:,.0f}")
        edges = np.zeros((int(steps) + 1, self.size), np.int32)  # how many more notes sound than before
        np.add.at(edges, (first.astype(np.int64), keys), 1)
        np.add.at(edges, (last.astype(np.int64), keys), -1)
        sounding: Array = edges.cumsum(0)[:-1] > 0
        return sounding

    def decode(self, array: object) -> Roll:
        """The pitches of each step whose place is at least a half, in ascending order."""
        array = np.asarray(array)
        if array.ndim != 2 or array.shape[1] != self.size or array.dtype.kind not in "biuf":
            raise DataError(
                f"expected numbers [steps, {self.size}], one for each key from {self.low} to {self.high}, but got "
                f"{array.dtype} {list(array.shape)}"
            )
        if np.isnan(array).any():
            raise DataError("some numbers are NaN; expected how sure it is that each key sounds")
        return lists(array >= 0.5, self.low)

    def restores(self, value: object) -> bool:
        """Whether decode(encode(value)) is promised to be `value` itself: a roll with its pitches in order."""
        if not isinstance(value, list) or not all(isinstance(now, list) for now in value):
            return False
        if self.max_length is not None and len(value) > self.max_length:
            return False
        try:
            return lists(grid_of(value, self.low, self.high), self.low) == value
        except DataError:
            return False

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
        """What `raw` gave in another key: up to half an octave away, times `amount`, as far as there are keys."""
        used, most = np.flatnonzero(raw.any(0)), round(6 * amount)
        if not len(used):
            return raw
        down, up = min(most, int(used[0])), min(most, self.size - 1 - int(used[-1]))
        return np.roll(raw, int(rng.integers(-down, up + 1)), 1)

    def score(self, roll: object, tempo: float | None = None) -> Score:
        """The notes of a roll, or of an array as `encode` gives them, in steps and tempo of what was learned."""
        return held(grid_of(roll, self.low, self.high), self.low, self.step, tempo or self.tempo)

    def stream(self) -> "NotesStream":
        return NotesStream(self)

    # ---- keeping

    def to_json(self) -> dict[str, object]:
        return {
            "step": self.step, "low": self.low, "high": self.high, "lowest": self.lowest, "highest": self.highest,
            "tempo": self.tempo, "max_length": self.max_length,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "NotesCodec":  # noqa: ARG003
        return cls(**fields_of(document, NotesDocument))


class NotesStream:
    """Encodes music step by step. `state` holds all that it remembers."""

    def __init__(self, codec: NotesCodec) -> None:
        self.codec = codec
        self.state: dict[str, Array] = {"count": np.zeros((), np.int64)}
        self.slots: Slots = {"count": counter()}

    def push(self, steps: object) -> Array:
        """The arrays of these steps, a list of them or [n, keys], as `encode` gives them for the whole."""
        grid = grid_of(steps, self.codec.low, self.codec.high)
        most, count = self.codec.max_length, int(self.state["count"])
        grid = grid if most is None else grid[: max(0, most - count)]
        self.state["count"] = np.array(count + len(grid), np.int64)
        return grid.astype(np.float32)

    def finish(self) -> Array:
        return np.zeros((0, self.codec.size), np.float32)


def _step_of(starts: Array) -> tuple[float, str]:
    """The step for notes that start at these quarters, and a sentence about it."""
    for enough, step in product(_SHARES, _STEPS):
        beats = starts / step
        share = float((np.abs(beats - np.rint(beats)) * step <= _NEAR).mean())
        if share >= enough:
            length = f"{Fraction(step).limit_denominator(12)} of a quarter" if step < 1 else "a quarter"
            return step, f"a step is {length}: {share:.0%} of the notes start on one; --step says otherwise"
    return 0.25, "the notes keep to no beat; a step is 1/4 of a quarter and --step says otherwise"
