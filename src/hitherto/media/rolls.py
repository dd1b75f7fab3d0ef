"""Rolls of notes: which keys sound at each step, from lists, arrays and files, and as scores."""

import math
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np

from hitherto import files
from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError
from hitherto.media.midi import Score, file_bytes, naming, read_midi

__all__ = [
    "MOST_STEPS",
    "Roll",
    "as_score",
    "grid_of",
    "held",
    "lists",
    "opened",
    "outside_of",
    "positive",
    "read_roll",
    "too_long",
    "write_roll",
]

Roll = list[list[int]]
MOST_STEPS = 1 << 18  # of a piece: nine hours of sixteenths at 120 quarters a minute


def positive(name: str, value: object) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, float | int | np.floating)
        or not 0 < value < math.inf
    ):
        raise UsageError(f"{name} must be a number above 0, but is {value!r:.40}.")
    return float(value)


def opened(value: object) -> tuple[object, float | None]:
    """A score, or a roll with the step that its file states."""
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


def outside_of(pitch: float, where: str, low: int, high: int) -> DataError:
    return DataError(
        f"the pitch {pitch:g} {where} is none of the keys from {low} to {high}; leave it out, move it by octaves, or "
        "train with other low and high"
    )


def too_long(steps: str) -> DataError:
    return DataError(
        f"the piece has {steps} steps, and at most {MOST_STEPS:,} are read; cut it or take a longer step"
    )


def grid_of(roll: object, low: int, high: int) -> Array:
    """Whether each key sounds at each step, bool [T, high - low + 1]."""
    if isinstance(roll, np.ndarray) and roll.ndim > 1:
        return _matrix(roll, low, high)
    if not isinstance(roll, list | tuple | np.ndarray):
        raise DataError(f"expected a roll, a list of the pitches of each step, but got {roll!r:.60}")
    if len(roll) > MOST_STEPS:
        raise too_long(f"{len(roll):,}")
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
        raise outside_of(float(pitches[wrong[0]]), f"in step {place[wrong[0]] + 1}", low, high)
    grid = np.zeros((len(steps), high - low + 1), bool)
    grid[place, pitches.astype(np.int64) - low] = True
    return grid


def _matrix(roll: Array, low: int, high: int) -> Array:
    """The grid of an array with a column for each key, or for each of MIDI's 128."""
    size = high - low + 1
    if roll.ndim != 2 or roll.shape[1] not in (size, 128) or roll.dtype.kind not in "biuf":
        raise DataError(
            f"expected an array [steps, {size}] with a column for each key from {low} to {high}, or [steps, 128], but "
            f"got {roll.dtype} {list(roll.shape)}"
        )
    if len(roll) > MOST_STEPS:
        raise too_long(f"{len(roll):,}")
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
        raise outside_of(int(beyond[0, 1]), f"in step {beyond[0, 0] + 1}", low, high)
    return grid[:, low : high + 1]


def lists(grid: Array, low: int) -> Roll:
    return [(np.flatnonzero(now) + low).tolist() for now in grid]


def held(grid: Array, low: int, step: float, tempo: float) -> Score:
    edges = np.diff(np.pad(grid.astype(np.int8), ((1, 1), (0, 0))), axis=0).T  # [keys, T + 1]
    key, first = np.nonzero(edges == 1)  # by key, then time: so are the ends
    last = np.nonzero(edges == -1)[1]
    ones = np.ones(len(key))
    return Score(np.stack([first * step, (last - first) * step, key + low, 80 * ones, 0 * ones], -1), tempo)


def as_score(music: object, *, step: float = 1.0, tempo: float | None = None) -> Score:
    """The notes of a roll or of an array [T, 128]. A score is returned as it is, or with another tempo."""
    if isinstance(music, Score):
        return music if tempo is None else Score(music.notes, tempo)
    return held(grid_of(music, 0, 127), 0, positive("step", step), 120.0 if tempo is None else tempo)


class _RollFile(msgspec.Struct, forbid_unknown_fields=True):
    roll: list[list[float]]
    step: float | None = None


def read_roll(path: str | Path) -> tuple[Roll, float | None]:
    """The roll in a JSON file, and the quarters of a step if the file states them."""
    data = file_bytes(path)
    try:
        document = msgspec.json.decode(data, type=_RollFile | list[list[float]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f'expected one roll, [[60, 64], [], ...] or {{"step": 0.25, "roll": [...]}}: {error}', path=path
        ) from error
    file = document if isinstance(document, _RollFile) else _RollFile(document)
    with naming(path):
        if file.step is not None and not 0 < file.step < math.inf:
            raise DataError(f"the step must be a number of quarters above 0, but is {file.step:g}")
        return lists(grid_of(file.roll, 0, 127), 0), file.step


def write_roll(path: str | Path, roll: object, step: float = 1.0) -> None:
    """A JSON file that `read_roll` reads, from a roll or an array [T, 128]."""
    file = {"step": positive("step", step), "roll": lists(grid_of(roll, 0, 127), 0)}
    files.write(path, msgspec.json.encode(file) + b"\n")
