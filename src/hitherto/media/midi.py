"""Notes as a table, and Standard MIDI Files: read and written here, with nothing but numpy.

`read_midi` takes files of format 0 and 1 whose time counts in parts of a quarter note. Whatever is wrong with one is a
DataError that names the byte, within time and memory that the file's size bounds.
"""

import struct
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import cast

import numpy as np

from hitherto import files
from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError

__all__ = ["NOTE", "Score", "file_bytes", "naming", "read_midi", "write_midi"]


NOTE = np.dtype([("start", "f8"), ("length", "f8"), ("pitch", "u1"), ("velocity", "u1"), ("channel", "u1")])
MOST_BYTES = 8 << 20  # of a file: many times what hours of music take
# Of a piece: days of music, and at 480 ticks a quarter still what a delta time can say.
MOST_QUARTERS = 500_000
TICKS = 480  # a quarter, in files that we write
DRUMS = 9  # the channel that people call 10
_BOUNDS = {"start": MOST_QUARTERS, "length": MOST_QUARTERS, "pitch": 127, "velocity": 127, "channel": 15}


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Notes, given as rows of (start, length, pitch, velocity, channel), and how many quarters a minute has.

    `notes` becomes an array of the dtype `NOTE`, in order of start, then pitch; times are in quarters.
    """

    notes: Array  # [N]
    tempo: float = 120.0

    def __post_init__(self) -> None:
        if not (isinstance(self.tempo, float | int | np.floating) and 1 <= self.tempo <= 60e6):
            raise UsageError(
                f"a tempo must be a number of quarters a minute, 1 at least, but is {self.tempo!r}."
            )
        object.__setattr__(self, "tempo", float(self.tempo))
        object.__setattr__(self, "notes", _table(self.notes))

    @property
    def end(self) -> float:
        """When the last note is over, in quarters."""
        return float((self.notes["start"] + self.notes["length"]).max(initial=0.0))

    @property
    def seconds(self) -> float:
        return self.end * 60 / self.tempo

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Score):
            return NotImplemented
        return self.tempo == other.tempo and np.array_equal(self.notes, other.notes)

    __hash__ = None  # type: ignore[assignment]  # an array is in it


def _table(notes: object) -> Array:
    if isinstance(notes, np.ndarray) and notes.dtype == NOTE:
        rows = np.stack([notes[name].astype(np.float64) for name in _BOUNDS], -1)
    else:
        try:
            listed = [tuple(note) for note in cast("Iterable[Iterable[float]]", notes)]
            rows = np.array(listed or np.zeros((0, len(_BOUNDS))), np.float64)
        except (TypeError, ValueError, OverflowError):
            rows = np.zeros(0)
        if rows.shape[1:] != (len(_BOUNDS),):
            raise DataError(
                f"notes must be rows of {', '.join(_BOUNDS)}, five numbers each, but got {notes!r:.60}"
            )
    whole = np.array([name in ("pitch", "velocity", "channel") for name in _BOUNDS])
    wrong = ~((rows >= 0) & (rows <= list(_BOUNDS.values()))) | (whole & (rows != np.floor(rows)))
    wrong[:, 3] |= rows[:, 3] == 0  # which ends a note and is none
    if wrong.any():
        n, place = np.argwhere(wrong)[0]
        name = list(_BOUNDS)[place]
        kind = "a whole number" if whole[place] else "a number of quarters"
        low = int(name == "velocity")
        raise DataError(
            f"the {name} of note {n + 1} is {rows[n, place]:g}; expected {kind} from {low} to {_BOUNDS[name]:,}"
        )
    if (rows[:, 0] + rows[:, 1] > MOST_QUARTERS).any():
        raise DataError(
            f"a note ends more than {MOST_QUARTERS:,} quarters after the beginning; cut the piece"
        )
    table = np.empty(len(rows), NOTE)
    for i, name in enumerate(_BOUNDS):
        table[name] = rows[:, i]
    table = table[np.lexsort((table["channel"], table["length"], table["pitch"], table["start"]))]
    table.flags.writeable = False
    return table


@contextmanager
def naming(path: object) -> Iterator[None]:
    """Adds the path to a DataError raised inside, if it is a path."""
    try:
        yield
    except DataError as error:
        if error.path is not None or not isinstance(path, str | Path):
            raise
        raise DataError(str(error), path=path) from error


def file_bytes(path: str | Path) -> bytes:
    """The bytes of a file; a DataError if it is larger than a piece of music can be."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise DataError("there is no such file", path=path) from error
    except IsADirectoryError as error:
        raise DataError("this is a folder, not a file", path=path) from error
    except (OSError, ValueError) as error:  # a path with a zero in it is a ValueError
        raise DataError(f"the file cannot be read: {error}", path=path) from error
    if len(data) > MOST_BYTES:
        raise DataError(
            f"the file has more than {MOST_BYTES >> 20} MiB, which no piece of music needs; "
            "if it is one, split it",
            path=path,
        )
    return data


# --------------------------------------------------------------------------------------------------------- reading


def read_midi(source: str | Path | bytes | bytearray | memoryview) -> Score:
    """The notes of a MIDI file, or of its bytes, without drums.

    A note ends with the first note-off of its key and channel in its track that no earlier note has taken, or with its
    track. Where the tempo changes, the score's is the one at which the piece takes the same time.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _score(bytes(source))
    with naming(source):
        return _score(file_bytes(source))


class _Events:
    """The notes read so far, in ticks. Plain arrays, because a file may hold millions."""

    def __init__(self) -> None:
        self.start, self.end, self.what = array("q"), array("q"), array("I")  # what: channel, pitch, velocity
        self.tempi: list[tuple[int, int]] = []  # tick, and microseconds of a quarter from there on


def _score(data: bytes) -> Score:
    if data[:4] != b"MThd":
        kind = "an RMID file; save it as plain MIDI" if data[:4] == b"RIFF" else "no MIDI file"
        raise DataError(
            f"expected a file that begins with MThd, but it begins with {data[:4]!r}: it is {kind}"
        )
    if len(data) < 14:
        raise DataError(f"the file ends in its header, after {len(data)} bytes; fetch it again")
    size, form, tracks, division = struct.unpack(">IHHH", data[4:14])
    if size < 6:
        raise DataError(f"the header says that it has {size} bytes, but it needs 6; the file is damaged")
    if form > 1:
        what = "independent patterns" if form == 2 else "nothing that is known"
        raise DataError(f"the file is of MIDI format {form}, {what}; save it as format 0 or 1")
    if division >= 0x8000:
        raise DataError(
            "time counts in frames a second (SMPTE), so nothing says where the beats are; save the file with "
            "ticks a quarter note"
        )
    if division == 0:
        raise DataError("the header says that a quarter has 0 ticks; the file is damaged")
    if tracks == 0:
        raise DataError("the header says that there are 0 tracks; the file is empty or damaged")
    events = _Events()
    at, read = 8 + size, 0
    while read < tracks:
        if at + 8 > len(data):
            raise DataError(f"the file ends after {read} of {tracks} tracks; fetch it again")
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        at += 8
        if at + length > len(data):
            raise DataError(
                f"the part at byte {at - 8} says that it has {length:,} bytes, but {len(data) - at:,} are left; "
                "the file is cut off or damaged"
            )
        if name == b"MTrk":  # others may be there and are to be passed over
            _read_track(data, at, at + length, events)
            read += 1
        at += length
    if data[at : at + 4] == b"MTrk":
        raise DataError(
            f"the header says that there are {tracks} tracks, but more follow; the file is damaged"
        )
    start, end, packed = (np.array(values, np.int64) for values in (events.start, events.end, events.what))
    times = start / division, (end - start) / division
    table = np.stack([*times, packed >> 8 & 0xFF, packed & 0xFF, packed >> 16], -1)
    return Score(table, _tempo(events.tempi, max(events.end, default=0)))


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A number with 7 bits in each byte, and the place after it."""
    value = 0
    for i in range(at, min(at + 4, end)):
        value = value << 7 | data[i] & 0x7F
        if data[i] < 0x80:
            return value, i + 1
    if end - at < 4:
        raise _cut(at)
    raise DataError(f"the number at byte {at} has more than 4 bytes; the file is damaged")


def _cut(at: int) -> DataError:
    return DataError(f"the track ends within the event at byte {at}; the file is damaged")


def _read_track(data: bytes, at: int, end: int, events: _Events) -> None:
    open_: dict[int, deque[int]] = {}  # key and channel to the notes that sound, by their number
    now = running = 0
    while at < end:
        begin = at
        delta, at = _number(data, at, end)
        now += delta
        if at == end:
            raise _cut(begin)
        status = data[at]
        if status >= 0x80:
            at += 1
        elif running:
            status = running
        else:
            raise DataError(f"the event at byte {begin} has no status; the file is damaged")
        if status >= 0xF0:  # the running status lives on: a sound file never asks, and others mean just that
            kind, body, at = _read_other(data, status, at, end, begin)
            if kind == 0x2F:
                break
            if kind == 0x51:
                events.tempi.append((now, _microseconds(body, begin)))
            continue
        running = status
        size = 1 if 0xC0 <= status < 0xE0 else 2
        if at + size > end:
            raise _cut(begin)
        if data[at] | data[at + size - 1] >= 0x80:
            raise DataError(f"the event at byte {begin} holds a byte above 127; the file is damaged")
        if 0x80 <= status < 0xA0 and status & 15 != DRUMS:
            _note(open_, events, now, status, data[at], data[at + 1])
        at += size
    else:
        raise DataError(
            "a track does not end with the event that ends a track; the file is cut off or damaged"
        )
    for number in chain.from_iterable(open_.values()):
        events.end[number] = now


def _note(
    open_: dict[int, deque[int]], events: _Events, now: int, status: int, pitch: int, velocity: int
) -> None:
    sounding = open_.setdefault(status << 8 & 0xF00 | pitch, deque())
    if status >= 0x90 and velocity:
        sounding.append(len(events.start))
        events.start.append(now)
        events.end.append(now)
        events.what.append((status & 15) << 16 | pitch << 8 | velocity)
    elif sounding:
        events.end[sounding.popleft()] = now


def _read_other(data: bytes, status: int, at: int, end: int, begin: int) -> tuple[int, bytes, int]:
    """The type and the body of a meta event, and the place after it or after a sysex event."""
    kind = -1
    if status == 0xFF:
        if at == end:
            raise _cut(begin)
        kind = data[at]
        at += 1
    elif status not in (0xF0, 0xF7):
        raise DataError(f"the event at byte {begin} has the status {status:#x}, which no MIDI file may hold")
    length, at = _number(data, at, end)
    if at + length > end:
        raise DataError(
            f"the event at byte {begin} says that it has {length:,} bytes, but {end - at:,} are left in its track"
        )
    return kind, data[at : at + length] if kind == 0x51 else b"", at + length


def _microseconds(body: bytes, begin: int) -> int:
    value = int.from_bytes(body)
    if len(body) != 3 or value == 0:
        raise DataError(
            f"the tempo at byte {begin} should be 3 bytes above 0, but is {body[:8].hex() or 'empty'}"
        )
    return value


def _tempo(tempi: Iterable[tuple[int, int]], end: int) -> float:
    changes = sorted(
        [(0, 500_000), *tempi], key=lambda change: change[0]
    )  # of those at one tick, the last counts
    if end == 0:
        return 60e6 / next(us for (tick, us), (after, _) in pairwise([*changes, (1 << 62, 0)]) if after > 0)
    spans = pairwise([*changes, (1 << 62, 0)])
    return 60_000_000 * end / sum((min(after, end) - min(tick, end)) * us for (tick, us), (after, _) in spans)


# --------------------------------------------------------------------------------------------------------- writing


def write_midi(path: str | Path, score: Score) -> None:
    """A file of format 0 with 480 ticks a quarter. Of equal notes that overlap, the first to begin ends first."""
    microseconds = round(60e6 / score.tempo)
    if not 1 <= microseconds < 1 << 24:
        raise UsageError(f"MIDI has no tempo of {score.tempo:g} quarters a minute; 4 is the slowest.")
    notes = score.notes
    start = np.rint(notes["start"] * TICKS).astype(np.int64)
    stop = np.rint((notes["start"] + notes["length"]) * TICKS).astype(np.int64)
    begins = np.repeat([True, False], len(notes))
    ticks = np.concatenate([start, np.maximum(stop, start + 1)])
    rows = notes.tolist()
    order = np.lexsort((begins, ticks))  # ends come first, so that a note may follow its like at once
    body, now = bytearray(b"\x00\xff\x51\x03" + microseconds.to_bytes(3)), 0
    for i in order.tolist():
        _, _, pitch, velocity, channel = rows[i % len(rows)]
        tick = int(ticks[i])
        on = i < len(rows)
        body += _varied(tick - now) + bytes([(0x90 if on else 0x80) | channel, pitch, velocity if on else 0])
        now = tick
    body += b"\x00\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS)
    files.write(path, head + b"MTrk" + struct.pack(">I", len(body)) + body)


def _varied(value: int) -> bytes:
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
