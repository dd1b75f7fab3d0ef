"""Music of many voices: which keys sound at each step. What `compose` reads and writes.

A roll is a list of steps, each the list of the pitches that sound in it: MIDI's numbers, 60 is the middle C, [] a rest.
A `Score` has notes with a start and a length in quarters. In a roll a note is not told from two equal ones that follow
each other: `as_score` holds what sounds in neighbouring steps as one note.

A JSON file holds a roll, `[[60, 64], [], ...]`, or `{"step": 0.25, "roll": [...]}` with the quarters of a step.
"""

import html
import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np
from msgspec import Meta

from hitherto import files
from hitherto.bounds import Count, Positive
from hitherto.errors import DataError, UsageError
from hitherto.midi import Score, file_bytes, naming, read_midi
from hitherto.slots import Slots, counter

__all__ = ["NotesCodec", "NotesStream", "as_score", "draw", "read_roll", "tones", "write_roll"]

Array = np.ndarray[Any, Any]
Roll = list[list[int]]

Key = Annotated[int, Meta(ge=0, le=127)]
MOST_STEPS = 1 << 18  # of a piece: nine hours of sixteenths at 120 quarters a minute
_STEPS = (1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 6, 1 / 8, 1 / 12)
_NEAR = 0.02  # how many quarters off the beat still are on it
_SHARES = (0.99, 0.95)  # of the notes must be; ornaments may be in the way of the first


class NotesDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says of a `NotesCodec`."""

    step: Positive
    low: Key
    high: Key
    lowest: Key
    highest: Key
    tempo: Annotated[float, Meta(ge=1e-3, le=1e6)]
    max_length: Count | None


class NotesCodec:
    """The keys from `low` to `high` as ones and zeros at each step of `step` quarters; made by `fit`.

    `lowest` and `highest` are the outermost that occur in training, `tempo` is the usual one.
    """

    kind: ClassVar[str] = "notes"
    Document: ClassVar[type[msgspec.Struct]] = NotesDocument

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
        self.step = _positive("step", step)
        self.low, self.high, self.lowest, self.highest = low, high, lowest, highest
        self.tempo = _positive("tempo", tempo)
        self.max_length = max_length
        self.notes: list[str] = []

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    @classmethod
    def fit(
        cls,
        values: Iterable[Any],
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
        said: set[float] = set()
        bare = False
        for value in values:
            music, own = _opened(value)
            with naming(value):
                if isinstance(music, Score):
                    used[probe._keys(music)] = True
                    starts.append(music.notes["start"] % 1)
                    tempi.append(music.tempo)
                    continue
                used |= _grid(music, low, high).any(0)
            said |= {own} if own else set()
            bare = bare or not own
        if not used.any():
            raise DataError("there is no note to learn from")
        notes = []
        if step is None:
            found, note = _step_of(np.concatenate(starts)) if any(map(len, starts)) else (math.inf, "")
            step = min(found, *said, math.inf)
            if step == found and note:
                notes.append(note)
            step = 1.0 if step == math.inf else step
            if bare and (said or starts):
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

    def encode(self, value: Any) -> Array:
        """Ones where keys sound, float32 [T, keys]. Steps of a list or array are taken as this codec's own."""
        music, own = _opened(value)
        with naming(value):
            if own is not None and not math.isclose(own, self.step):
                music = as_score(music, step=own)
            grid = self._sampled(music) if isinstance(music, Score) else _grid(music, self.low, self.high)
        return grid[: self.max_length].astype(np.float32)

    def _keys(self, score: Score) -> Array:
        keys = score.notes["pitch"].astype(np.int64) - self.low
        outside = np.flatnonzero((keys < 0) | (keys >= self.size))
        if len(outside):
            note = score.notes[outside[0]]
            raise _outside(int(note["pitch"]), f"at quarter {note['start']:g}", self.low, self.high)
        return keys

    def _sampled(self, score: Score) -> Array:
        """Starts and ends go to the nearest step, and no note is lost, [T, keys]."""
        keys = self._keys(score)
        first = np.floor(score.notes["start"] / self.step + 0.5)
        last = np.floor((score.notes["start"] + score.notes["length"]) / self.step + 0.5)
        last = np.maximum(last, first + 1)
        steps = last.max(initial=0)
        if steps > MOST_STEPS:
            raise _too_long(f"{steps:,.0f}")
        edges = np.zeros((int(steps) + 1, self.size), np.int32)  # how many more notes sound than before
        np.add.at(edges, (first.astype(np.int64), keys), 1)
        np.add.at(edges, (last.astype(np.int64), keys), -1)
        sounding: Array = edges.cumsum(0)[:-1] > 0
        return sounding

    def decode(self, array: Any) -> Roll:
        """The pitches of each step whose place is at least a half, in ascending order."""
        array = np.asarray(array)
        if array.ndim != 2 or array.shape[1] != self.size or array.dtype.kind not in "biuf":
            raise DataError(
                f"expected numbers [steps, {self.size}], one for each key from {self.low} to {self.high}, but got "
                f"{array.dtype} {list(array.shape)}"
            )
        if np.isnan(array).any():
            raise DataError("some numbers are NaN; expected how sure it is that each key sounds")
        return _lists(array >= 0.5, self.low)

    def restores(self, value: Any) -> bool:
        """Whether decode(encode(value)) is promised to be `value` itself: a roll with its pitches in order."""
        if not isinstance(value, list) or not all(isinstance(now, list) for now in value):
            return False
        if self.max_length is not None and len(value) > self.max_length:
            return False
        try:
            return _lists(_grid(value, self.low, self.high), self.low) == value
        except DataError:
            return False

    raw = encode

    def unchanged(self, raw: Array) -> Array:
        """What `encode` gives, from what `raw` gave."""
        return raw

    def augmented(self, array: Array, rng: np.random.Generator, amount: float) -> Array:
        """What `raw` gave in another key: up to half an octave away, times `amount`, as far as there are keys."""
        used, most = np.flatnonzero(array.any(0)), round(6 * amount)
        if not len(used):
            return array
        down, up = min(most, int(used[0])), min(most, self.size - 1 - int(used[-1]))
        return np.roll(array, int(rng.integers(-down, up + 1)), 1)

    def score(self, roll: Any, tempo: float | None = None) -> Score:
        """The notes of a roll, or of an array as `encode` gives them, in steps and tempo of what was learned."""
        return _held(_grid(roll, self.low, self.high), self.low, self.step, tempo or self.tempo)

    def stream(self) -> "NotesStream":
        return NotesStream(self)

    # ---- keeping

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step, "low": self.low, "high": self.high, "lowest": self.lowest, "highest": self.highest,
            "tempo": self.tempo, "max_length": self.max_length,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], _parts: Mapping[str, list[str]]) -> "NotesCodec":
        return cls(**document)


class NotesStream:
    """Music that comes step by step; `state` is all that it remembers."""

    def __init__(self, codec: NotesCodec) -> None:
        self.codec = codec
        self.state: dict[str, Array] = {"count": np.zeros((), np.int64)}
        self.slots: Slots = {"count": counter()}

    def push(self, steps: Any) -> Array:
        """The arrays of these steps, a list of them or [n, keys], as `encode` gives them for the whole."""
        grid = _grid(steps, self.codec.low, self.codec.high)
        most, count = self.codec.max_length, int(self.state["count"])
        grid = grid if most is None else grid[: max(0, most - count)]
        self.state["count"] = np.array(count + len(grid), np.int64)
        return grid.astype(np.float32)

    def finish(self) -> Array:
        return np.zeros((0, self.codec.size), np.float32)


# ------------------------------------------------------------------------------------------------ rolls and scores


def _positive(name: str, value: Any) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, float | int | np.floating)
        or not 0 < value < math.inf
    ):
        raise UsageError(f"{name} must be a number above 0, but is {value!r:.40}.")
    return float(value)


def _opened(value: Any) -> tuple[Any, float | None]:
    """A score; or a roll, and the step that its file tells."""
    if not isinstance(value, str | Path):
        return value, None
    ending = Path(value).suffix.lower()
    if ending in (".mid", ".midi"):
        return read_midi(value), None
    if ending == ".json":
        return read_roll(value)
    raise DataError(
        f"expected a path that ends in .mid, .midi or .json, or a list of steps, but got {value!r:.60}"
    )


def _outside(pitch: float, where: str, low: int, high: int) -> DataError:
    return DataError(
        f"the pitch {pitch:g} {where} is none of the keys from {low} to {high}; leave it out, move it by octaves, or "
        "train with other low and high"
    )


def _too_long(steps: str) -> DataError:
    return DataError(
        f"the piece has {steps} steps, and at most {MOST_STEPS:,} are read; cut it or take a longer step"
    )


def _grid(roll: Any, low: int, high: int) -> Array:
    """Whether each key sounds at each step, bool [T, high - low + 1]."""
    if isinstance(roll, np.ndarray) and roll.ndim > 1:
        return _matrix(roll, low, high)
    if not isinstance(roll, list | tuple | np.ndarray):
        raise DataError(f"expected a roll, a list of the pitches of each step, but got {roll!r:.60}")
    if len(roll) > MOST_STEPS:
        raise _too_long(f"{len(roll):,}")
    steps = [now.tolist() if isinstance(now, np.ndarray) else now for now in roll]
    for t, now in enumerate(steps):
        if not isinstance(now, list | tuple | set | frozenset):
            raise DataError(
                f"step {t + 1} is {now!r:.40}; expected the list of the pitches that sound, [] for a rest"
            )
    flat = list(chain.from_iterable(steps))
    place = np.repeat(np.arange(len(steps)), [len(now) for now in steps])
    try:
        pitches = np.array(flat) if flat else np.zeros(0)
    except ValueError:  # lists of several lengths
        pitches = np.array(flat, object)
    if pitches.dtype.kind not in "iuf" or pitches.ndim != 1:
        odd = (
            i
            for i, p in enumerate(flat)
            if isinstance(p, bool) or not isinstance(p, float | int | np.number) or abs(float(p)) > 1e9
        )
        i = next(odd, 0)
        raise DataError(
            f"step {place[i] + 1} holds {flat[i]!r:.40}; expected pitches, numbers from {low} to {high}"
        )
    wrong = np.flatnonzero(~((pitches >= low) & (pitches <= high) & (pitches == np.floor(pitches))))
    if len(wrong):
        raise _outside(float(pitches[wrong[0]]), f"in step {place[wrong[0]] + 1}", low, high)
    grid = np.zeros((len(steps), high - low + 1), bool)
    grid[place, pitches.astype(np.int64) - low] = True
    return grid


def _matrix(roll: Array, low: int, high: int) -> Array:
    """Of an array: a column for each key, or for each of MIDI's 128."""
    size = high - low + 1
    if roll.ndim != 2 or roll.shape[1] not in (size, 128) or roll.dtype.kind not in "biuf":
        raise DataError(
            f"expected an array [steps, {size}] with a column for each key from {low} to {high}, or [steps, 128], but "
            f"got {roll.dtype} {list(roll.shape)}"
        )
    if len(roll) > MOST_STEPS:
        raise _too_long(f"{len(roll):,}")
    grid: Array = roll == 1
    wrong = ~grid & (roll != 0)
    if wrong.any():
        t, k = np.argwhere(wrong)[0]
        raise DataError(
            f"the number of key {k + 1} in step {t + 1} is {roll[t, k]}; expected 1 where it sounds, else 0"
        )
    if roll.shape[1] == size:
        return grid
    keys = np.arange(128)
    beyond = np.argwhere(grid & ((keys < low) | (keys > high)))
    if len(beyond):
        raise _outside(int(beyond[0, 1]), f"in step {beyond[0, 0] + 1}", low, high)
    return grid[:, low : high + 1]


def _lists(grid: Array, low: int) -> Roll:
    return [(np.flatnonzero(now) + low).tolist() for now in grid]


def _step_of(starts: Array) -> tuple[float, str]:
    """The step for notes that start at these quarters, and a sentence about it."""
    for enough, step in product(_SHARES, _STEPS):
        beats = starts / step
        share = float((np.abs(beats - np.rint(beats)) * step <= _NEAR).mean())
        if share >= enough:
            said = f"{Fraction(step).limit_denominator(12)} of a quarter" if step < 1 else "a quarter"
            return step, f"a step is {said}: {share:.0%} of the notes start on one; --step says otherwise"
    return 0.25, "the notes keep to no beat; a step is 1/4 of a quarter and --step says otherwise"


def _held(grid: Array, low: int, step: float, tempo: float) -> Score:
    edges = np.diff(np.pad(grid.astype(np.int8), ((1, 1), (0, 0))), axis=0).T  # [keys, T + 1]
    key, first = np.nonzero(edges == 1)  # by key, then time: so are the ends
    last = np.nonzero(edges == -1)[1]
    ones = np.ones(len(key))
    return Score(np.stack([first * step, (last - first) * step, key + low, 80 * ones, 0 * ones], -1), tempo)


def as_score(music: Any, *, step: float = 1.0, tempo: float | None = None) -> Score:
    """The notes of a roll or of an array [T, 128]; a score as it is, unless for another tempo."""
    if isinstance(music, Score):
        return music if tempo is None else Score(music.notes, tempo)
    return _held(_grid(music, 0, 127), 0, _positive("step", step), 120.0 if tempo is None else tempo)


class _RollFile(msgspec.Struct, forbid_unknown_fields=True):
    roll: list[list[float]]
    step: float | None = None


def read_roll(path: str | Path) -> tuple[Roll, float | None]:
    """The roll in a JSON file, and the quarters of a step if it says them."""
    data = file_bytes(path)
    try:
        found = msgspec.json.decode(data, type=_RollFile | list[list[float]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f'expected one roll, [[60, 64], [], ...] or {{"step": 0.25, "roll": [...]}}: {error}', path=path
        ) from error
    file = found if isinstance(found, _RollFile) else _RollFile(found)
    with naming(path):
        if file.step is not None and not 0 < file.step < math.inf:
            raise DataError(f"the step must be a number of quarters above 0, but is {file.step:g}")
        return _lists(_grid(file.roll, 0, 127), 0), file.step


def write_roll(path: str | Path, roll: Any, step: float = 1.0) -> None:
    """A JSON file that `read_roll` reads, from a roll or an array [T, 128]."""
    file = {"step": _positive("step", step), "roll": _lists(_grid(roll, 0, 127), 0)}
    files.write(path, msgspec.json.encode(file) + b"\n")


# ------------------------------------------------------------------------------------------------- to see and hear

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_BLACK = (1, 3, 6, 8, 10)
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # told apart by every eye
_BAR = 4  # quarters
_BARS = 16  # in a line
_MOST_BARS, _MOST_NOTES = 512, 30_000  # that are drawn
_LEFT, _WIDE, _TOP = 62, 1120, 58

_STYLE = """
.roll { --fg: #1d2329; --mild: #66707a; --line: #dfe4e8; --bg: #fff; --black: #f1f4f6; --c: #b3bdc6; }
@media (prefers-color-scheme: dark) {
  .roll { --fg: #e6eaee; --mild: #9aa5b0; --line: #2d353d; --bg: #14181c; --black: #1b2127; --c: #55616c; } }
.roll text { font: 11px system-ui, sans-serif; fill: var(--mild); }
.roll .title { font-size: 16px; font-weight: 600; fill: var(--fg); }
.roll .bg { fill: var(--bg); } .roll .black { fill: var(--black); } .roll .frame { fill: none; stroke: var(--c); }
.roll .keys { fill: var(--fg); opacity: .75; } .roll .bar { stroke: var(--c); } .roll .beat { stroke: var(--line); }
.roll .c { stroke: var(--c); } .roll .f { stroke: var(--line); } .roll .note { stroke: var(--bg); stroke-width: .6; }
"""


def _name(pitch: int) -> str:
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def draw(
    music: Any,
    path: str | Path | None = None,
    *,
    step: float = 1.0,
    tempo: float | None = None,
    title: str = "",
) -> str:
    """A piano roll as an SVG, 16 bars of four quarters a line, a colour for each channel; written to `path` if given.

    Of very long pieces it shows the beginning and says so.
    """
    score = as_score(music, step=step, tempo=tempo)
    notes = score.notes
    title = html.escape("".join(c for c in title if c.isprintable()))  # XML has no word for the others
    bars = max(1, math.ceil(score.end / _BAR))
    end = min(bars, _MOST_BARS) * _BAR
    if len(notes) > _MOST_NOTES:  # as many whole bars as they fill, one at least
        end = min(end, max(_BAR, int(notes["start"][_MOST_NOTES] // _BAR * _BAR)))
    notes = notes[:_MOST_NOTES]
    notes = notes[notes["start"] < end]
    shown = end // _BAR
    low, high = (int(notes["pitch"].min()), int(notes["pitch"].max())) if len(notes) else (60, 71)
    low, high = max(0, low - 1), min(127, high + 1)
    while high - low < 12 or not any(pitch % 12 == 0 for pitch in range(low, high + 1)):
        low, high = max(0, low - 1), min(127, high + 1)
    row = min(10.0, max(4.0, 260 / (high - low + 1)))
    tall, lines = row * (high - low + 1), math.ceil(shown / _BARS)
    per_line = min(shown, _BARS)
    height = _TOP + lines * (tall + 34) + (18 if shown < bars else 0)
    about = f"{bars} bar{'s' * (bars > 1)}, {_clock(score.seconds)}, {len(score.notes):,} notes"
    if len(notes):
        about += f", {_name(int(notes['pitch'].min()))} to {_name(int(notes['pitch'].max()))}"
    width = _LEFT + _WIDE + 18
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="roll" viewBox="0 0 {width} {height:.0f}" role="img" '
        f'aria-label="{title or "piano roll"}"><style>{_STYLE}</style>'
        f'<rect class="bg" width="{width}" height="{height:.0f}"/>'
        f'<text class="title" x="{_LEFT}" y="24">{title}</text>'
        f'<text x="{_LEFT + _WIDE}" y="24" text-anchor="end">{about}</text>'
    )
    parts = [head]
    for line in range(lines):
        first = line * per_line * _BAR
        box = _Box(_TOP + line * (tall + 34), row, low, high, first, per_line * _BAR)
        parts += box.paper(score.tempo)
        stop = first + per_line * _BAR
        here = notes[(notes["start"] < stop) & (notes["start"] + notes["length"] > first)]
        parts += map(box.note, here.tolist())
        parts.append(
            f'<rect class="frame" x="{_LEFT}" y="{box.top:.1f}" width="{_WIDE}" height="{tall:.1f}"/>'
        )
    if shown < bars:
        parts.append(f'<text x="{_LEFT}" y="{height - 8:.0f}">the first {shown:,} of {bars:,} bars</text>')
    text = "\n".join([*parts, "</svg>"]) + "\n"
    if path is not None:
        files.write(path, text)
    return text


class _Box:
    """One line of a piano roll: `first` is the quarter that it begins with."""

    def __init__(self, top: float, row: float, low: int, high: int, first: int, quarters: int) -> None:
        self.top, self.row, self.low, self.high, self.first, self.quarters = (
            top,
            row,
            low,
            high,
            first,
            quarters,
        )
        self.quarter = _WIDE / quarters

    def y(self, pitch: int) -> float:
        return self.top + (self.high - pitch) * self.row

    def paper(self, tempo: float) -> Iterator[str]:
        bottom = self.y(self.low) + self.row
        for pitch in range(self.low, self.high + 1):
            y = self.y(pitch)
            if pitch % 12 in _BLACK:
                yield f'<rect class="black" x="{_LEFT}" y="{y:.1f}" width="{_WIDE}" height="{self.row:.1f}"/>'
                yield f'<rect class="keys" x="{_LEFT - 22}" y="{y:.1f}" width="13" height="{self.row:.1f}"/>'
            if pitch % 12 in (0, 5):  # between B and C, and between E and F
                look, y = "c" if pitch % 12 == 0 else "f", y + self.row
                yield f'<path class="{look}" d="M{_LEFT - 22} {y:.1f}H{_LEFT + _WIDE}"/>'
            if pitch % 12 == 0:
                yield f'<text x="{_LEFT - 27}" y="{y:.1f}" text-anchor="end">{_name(pitch)}</text>'
        yield (
            f'<rect class="frame" x="{_LEFT - 22}" y="{self.top:.1f}" width="22" height="{bottom - self.top:.1f}"/>'
        )
        for beat in range(self.quarters):
            x, bar = _LEFT + beat * self.quarter, beat % _BAR == 0
            if beat:
                yield f'<path class="{"bar" if bar else "beat"}" d="M{x:.1f} {self.top:.1f}V{bottom:.1f}"/>'
            if bar:
                number = (self.first + beat) // _BAR + 1
                yield f'<text x="{x + 2:.1f}" y="{self.top - 5:.1f}">{number}</text>'
        at = _clock(self.first * 60 / tempo)
        yield f'<text x="{_LEFT - 27}" y="{self.top - 5:.1f}" text-anchor="end">{at}</text>'

    def note(self, note: tuple[float, float, int, int, int]) -> str:
        start, length, pitch, velocity, channel = note
        begin, end = max(start, self.first), min(start + length, self.first + self.quarters)
        wide = max(1.5, (end - begin) * self.quarter)
        said = f"{_name(pitch)}, bar {int(start // _BAR) + 1}, beat {start % _BAR + 1:g}, {length:g} quarters"
        return (
            f'<rect class="note" x="{_LEFT + (begin - self.first) * self.quarter:.1f}" y="{self.y(pitch):.1f}" '
            f'width="{wide:.1f}" height="{self.row:.1f}" rx="{min(2.5, self.row / 3):.1f}" '
            f'fill="{_COLOURS[channel % len(_COLOURS)]}" opacity="{0.5 + velocity / 254:.2f}">'
            f"<title>{said}</title></rect>"
        )


MOST_SAMPLES = 1 << 26  # 25 minutes at 44,100 a second
_PARTIALS = (1.0, 0.45, 0.2, 0.1, 0.04)
_ATTACK, _RELEASE, _DECAY = 0.015, 0.09, 0.9  # seconds
_BLOCK = 1 << 16


def tones(music: Any, rate: int = 44_100, *, step: float = 1.0, tempo: float | None = None) -> Array:
    """The sound of a roll or score in plain tones, float32 [samples], the loudest of them 0.9."""
    score = as_score(music, step=step, tempo=tempo)
    if not isinstance(rate, int) or not 1000 <= rate <= 384_000:
        raise UsageError(f"rate must be 1,000 to 384,000 samples a second, but is {rate!r:.40}.")
    notes, second = score.notes, 60 / score.tempo
    if score.seconds * rate > MOST_SAMPLES:
        raise DataError(
            f"the piece takes {_clock(score.seconds)}, longer than {_clock(MOST_SAMPLES / rate)}; cut it"
        )
    if float(notes["length"].sum()) * second * rate + len(notes) * _RELEASE * rate > 1 << 31:
        raise DataError("so many notes sound at once that this would take hours; cut the piece")
    release = math.ceil(_RELEASE * rate)
    begins = np.rint(notes["start"] * second * rate).astype(np.int64)
    counts = np.rint(notes["length"] * second * rate).astype(np.int64) + release
    sound = np.zeros(int((begins + counts).max(initial=0)), np.float32)
    for begin, count, note in zip(begins.tolist(), counts.tolist(), notes.tolist(), strict=True):
        pitch, velocity = note[2:4]
        frequency = 440 * 2 ** ((pitch - 69) / 12)
        for i in range(0, count, _BLOCK):  # a long note is no larger in memory than a short one
            at = np.arange(i, min(i + _BLOCK, count))
            wave = _wave(at * (frequency / rate), frequency / rate) * _envelope(
                at / rate, (count - release) / rate
            )
            sound[begin + i : begin + i + len(at)] += velocity / 127 * wave
    loudest = float(max(sound.max(initial=0), -sound.min(initial=0)))
    return sound * np.float32(0.9 / loudest) if loudest > 0 else sound


def _wave(turns: Array, each: float) -> Array:
    """A tone and its partials below half the rate, where `turns` says how many periods have passed."""
    angle = (2 * np.pi * (turns - np.floor(turns))).astype(np.float32)
    before, now, twice = np.zeros_like(angle), np.sin(angle), 2 * np.cos(angle)
    wave = np.zeros_like(angle)
    for k, loud in enumerate(_PARTIALS, 1):
        if k * each < 0.5:
            wave += np.float32(loud) * now
        before, now = now, twice * now - before  # sin (k + 1)a from sin ka and sin (k - 1)a
    return wave


def _envelope(seconds: Array, length: float) -> Array:
    rise = 0.5 - 0.5 * np.cos(np.pi * np.minimum(seconds / _ATTACK, 1))
    fall = 0.5 + 0.5 * np.cos(np.pi * np.clip((seconds - length) / _RELEASE, 0, 1))
    return (rise * fall * (0.35 + 0.65 * np.exp(-seconds / _DECAY))).astype(np.float32)
