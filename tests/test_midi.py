"""MIDI files: written and read as another library does, and every way to be broken named in bounded time."""

import struct
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitherto.errors import DataError, UsageError
from hitherto.media.midi import MOST_BYTES, Score, read_midi, write_midi

END = b"\x00\xff\x2f\x00"
ON, OFF = b"\x00\x90\x3c\x40", b"\x60\x80\x3c\x00"  # the middle C at once, and its end after 96 ticks


def header(tracks: int, form: int = 1, division: int = 96, size: int = 6) -> bytes:
    return b"MThd" + struct.pack(">IHHH", size, form, tracks, division)


def track(*events: bytes) -> bytes:
    body = b"".join(events)
    return b"MTrk" + struct.pack(">I", len(body)) + body


def read(*events: bytes) -> Score:
    return read_midi(header(1, 0) + track(*events))


def rows(score: Score) -> list[tuple[float, ...]]:
    return [tuple(note) for note in score.notes.tolist()]


def test_running_status_and_velocity_0() -> None:
    score = read(b"\x00\x91\x3c\x40", b"\x00\x40\x50", b"\x60\x3c\x00", b"\x30\x40\x00", END)
    assert rows(score) == [(0, 1, 60, 64, 1), (0, 1.5, 64, 80, 1)]
    assert score.tempo == 120
    assert score.end == 1.5
    assert score.seconds == 0.75


def test_other_events_are_passed_over() -> None:
    others = [
        b"\x00\xff\x03\x04name", b"\x00\xf0\x03\x01\x02\xf7", b"\x00\xf7\x01\x01", b"\x00\xc0\x05", b"\x00\xb0\x07\x7f",
        b"\x00\xe0\x00\x40", b"\x00\xd0\x11", b"\x00\xa0\x3c\x11", b"\x00\xff\x7f\x81\x00" + bytes(128),
    ]  # fmt: skip
    assert rows(read(*others, ON, *others, OFF, *others, END, b"rubbish")) == [(0, 1, 60, 64, 0)]
    unknown = b"XFIH" + struct.pack(">I", 3) + b"abc"
    again = header(1, 0, size=8) + b"ab" + unknown + track(ON, OFF, END) + bytes(7)
    assert rows(read_midi(again)) == [(0, 1, 60, 64, 0)]


def test_drums_are_left_out() -> None:
    assert rows(read(b"\x00\x99\x24\x40", ON, b"\x00\x89\x24\x00", OFF, END)) == [(0, 1, 60, 64, 0)]


def test_equal_notes_that_overlap_end_in_the_order_of_their_beginning() -> None:
    found = rows(read(ON, b"\x60\x90\x3c\x50", OFF, OFF, OFF, END))  # and an end of nothing
    assert found == [(0, 2, 60, 64, 0), (1, 2, 60, 80, 0)]


def test_a_note_that_never_ends_ends_with_its_track() -> None:
    long = track(b"\x83\x00\x90\x40\x40", b"\x60\xff\x2f\x00")
    score = read_midi(header(2) + track(ON, b"\x60\xff\x2f\x00") + long)
    assert rows(score) == [(0, 1, 60, 64, 0), (4, 1, 64, 64, 0)]


def test_tracks_do_not_end_each_others_notes() -> None:
    score = read_midi(header(2) + track(ON, OFF, END) + track(ON, b"\x30\x80\x3c\x00", END))
    assert rows(score) == [(0, 0.5, 60, 64, 0), (0, 1, 60, 64, 0)]


def test_the_tempo_is_the_one_that_takes_as_long() -> None:
    def tempo(microseconds: int, delta: bytes = b"\x00") -> bytes:
        return delta + b"\xff\x51\x03" + microseconds.to_bytes(3)

    assert read(tempo(400_000), ON, OFF, END).tempo == 150
    assert read(tempo(400_000), END).tempo == 150
    assert read(tempo(300_000), tempo(400_000), tempo(999_999, b"\x01"), END).tempo == 150
    # two quarters at 120, then two at 60, in another track than the notes: 1 s + 2 s for 4 quarters
    score = read_midi(
        header(2) + track(tempo(1_000_000, b"\x81\x40"), END) + track(ON, b"\x83\x00\x80\x3c\x00", END)
    )
    assert score.tempo == pytest.approx(80)
    assert score.seconds == pytest.approx(3)


# ---- another library as the oracle


def random_score(seed: int) -> Score:
    random = np.random.default_rng(seed)
    found, busy = [], {}
    for _ in range(200):
        channel = int(random.choice([0, 1, 2, 15]))
        pitch, length = int(random.integers(128)), int(random.integers(1, 2000))
        begin = busy.get((channel, pitch), 0) + int(random.integers(0, 3000))  # at once, or later
        busy[channel, pitch] = begin + length
        found.append((begin / 480, length / 480, pitch, int(random.integers(1, 128)), channel))
    return Score(found, 60e6 / int(random.integers(100_000, 2_000_000)))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_is_read(seed: int, tmp_path: Path) -> None:
    score = random_score(seed)
    write_midi(tmp_path / "a.mid", score)
    assert read_midi(tmp_path / "a.mid") == score
    symusic = pytest.importorskip("symusic")
    theirs = symusic.Score(str(tmp_path / "a.mid"))
    assert theirs.ticks_per_quarter == 480
    assert [60e6 / t.mspq for t in theirs.tempos] == [score.tempo]
    ours = [(round(s * 480), round(d * 480), p, v) for s, d, p, v, _ in rows(score)]
    assert sorted(
        (n.time, n.duration, n.pitch, n.velocity) for t in theirs.tracks for n in t.notes
    ) == sorted(ours)


@pytest.mark.parametrize("seed", range(5))
def test_what_another_library_writes_is_read(seed: int) -> None:
    symusic = pytest.importorskip("symusic")
    random = np.random.default_rng(seed)
    theirs, expected = symusic.Score(220), []
    theirs.tempos.append(symusic.Tempo(0, mspq=468_750))
    theirs.time_signatures.append(symusic.TimeSignature(0, 3, 4))
    for t in range(4):
        one = symusic.Track(f"track {t}", program=t, is_drum=t == 3)
        one.controls.append(symusic.ControlChange(5, 64, 127))
        for pitch in random.permutation(128)[:60].tolist():
            note = (
                int(random.integers(9000)),
                int(random.integers(1, 900)),
                pitch,
                int(random.integers(1, 128)),
            )
            one.notes.append(symusic.Note(*note))
            expected += [(note[0] / 220, note[1] / 220, *note[2:])] if t < 3 else []
        theirs.tracks.append(one)
    score = read_midi(theirs.dumps_midi())
    found = sorted(row[:4] for row in rows(score))
    np.testing.assert_allclose(found, sorted(expected), rtol=1e-12)
    assert score.tempo == 128


def test_the_shortest_note_and_its_like_at_once(tmp_path: Path) -> None:
    score = Score([(0, 0, 60, 64, 0), (1, 1, 60, 64, 0), (2, 1, 60, 64, 0)], 4)
    write_midi(tmp_path / "a.mid", score)
    again = read_midi(tmp_path / "a.mid")
    assert rows(again)[1:] == rows(score)[1:]
    assert rows(again)[0] == (0, 1 / 480, 60, 64, 0)
    assert again.tempo == 4
    with pytest.raises(UsageError, match="4 is the slowest"):
        write_midi(tmp_path / "a.mid", Score([], 3))


# ---- scores


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ([(0, 1, 128, 64, 0)], "the pitch of note 1 is 128"),
        ([(0, 1, 60, 64, 0), (0, 1, 60.5, 64, 0)], "the pitch of note 2 is 60.5"),
        ([(0, 1, 60, 0, 0)], "velocity of note 1 is 0; expected a whole number from 1"),
        ([(-1, 1, 60, 64, 0)], "the start of note 1 is -1"),
        ([(0, float("nan"), 60, 64, 0)], "the length of note 1 is nan"),
        ([(4e5, 4e5, 60, 64, 0)], "ends more than 500,000 quarters"),
        ([(0, 1, 60, 64, 16)], "the channel of note 1 is 16"),
        ([(0, 1, 60)], "five numbers each"),
        ([(0, 1, "C4", 64, 0)], "five numbers each"),
        ([(0, 1, 60, 64, 0), 5], "five numbers each"),
    ],
)
def test_notes_that_are_none(notes: list[object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Score(notes)


def test_a_score_stays_as_it_is() -> None:
    score = Score([(1, 1, 60, 64, 0), (0, 1, 72, 64, 0), (0, 1, 60, 64, 0)])
    assert [row[:3] for row in rows(score)] == [(0, 1, 60), (0, 1, 72), (1, 1, 60)]
    assert Score(score.notes) == score != Score(score.notes, 90)
    assert Score([]).end == 0
    with pytest.raises(ValueError, match="read-only"):
        score.notes["pitch"] = 5
    for tempo in (0, -1, float("nan"), float("inf"), "fast"):
        with pytest.raises(UsageError, match="tempo"):
            Score([], tempo)


# ---- broken files

SOUND = header(1, 0) + track(ON, OFF, END)
BROKEN = {
    "nothing": (b"", "begins with MThd"),
    "text": (b"hello, world", "no MIDI file"),
    "another wrapping": (b"RIFF" + bytes(40), "RMID"),
    "half a header": (SOUND[:11], "ends in its header, after 11 bytes"),
    "a small header": (header(1, size=4) + track(END), "4 bytes, but it needs 6"),
    "format 2": (header(1, 2) + track(END), "format 2, independent patterns"),
    "format 9": (header(1, 9) + track(END), "format 9"),
    "frames a second": (header(1, 0, 0xE728) + track(END), "SMPTE"),
    "no ticks": (header(1, 0, 0) + track(END), "0 ticks"),
    "no tracks": (header(0), "0 tracks"),
    "a track lacking": (header(2) + track(END), "after 1 of 2 tracks"),
    "a track too many": (header(1) + track(END) * 2, "more follow"),
    "a header that reaches far": (header(1, size=1 << 31) + track(END), "after 0 of 1 tracks"),
    "a track that reaches far": (header(1) + b"MTrk\xff\xff\xff\xff" + END, "says that it has 4,294,967,295 bytes"),
    "a track without end": (header(1) + track(ON, OFF), "does not end with the event that ends a track"),
    "an empty track": (header(1) + track(), "does not end with the event that ends a track"),
    "a long number": (header(1) + track(b"\x81" * 4 + b"\x00", END), "number at byte 22 has more than 4 bytes"),
    "a number cut off": (header(1) + track(b"\x81\x81"), "track ends within the event"),
    "an event cut off": (header(1) + track(b"\x00\x90\x3c"), "track ends within the event at byte 22"),
    "a time and no event": (header(1) + track(b"\x00"), "track ends within the event"),
    "a meta event cut off": (header(1) + track(b"\x00\xff"), "track ends within the event"),
    "no status": (header(1) + track(b"\x00\x3c\x40", END), "no status"),
    "a byte too high": (header(1) + track(b"\x00\x90\x3c\x90", END), "byte above 127"),
    "a status of no file": (header(1) + track(b"\x00\xf8", END), "status 0xf8"),
    "a text that reaches far": (header(1) + track(b"\x00\xff\x01\x7fshort", END), "says that it has 127 bytes, but 9"),
    "a sysex that reaches far": (header(1) + track(b"\x00\xf0\xff\xff\xff\x7f", END), "has 268,435,455 bytes"),
    "a tempo of two bytes": (header(1) + track(b"\x00\xff\x51\x02\x01\x02", END), "should be 3 bytes above 0"),
    "a tempo of nothing": (header(1) + track(b"\x00\xff\x51\x03\0\0\0", END), "should be 3 bytes above 0"),
    "days": (header(1, 0, 1) + track(b"\x00\x90\x3c\x40", b"\xff\xff\xff\x7f\xff\x2f\x00"), "500,000"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named(name: str, tmp_path: Path) -> None:
    data, said = BROKEN[name]
    path = tmp_path / "broken.mid"
    path.write_bytes(data)
    with pytest.raises(DataError) as error:
        read_midi(path)
    assert said in str(error.value)
    assert str(error.value).startswith(str(path))


@given(st.integers(0, 59), st.binary(max_size=3), st.integers(0, 60), st.booleans())
def test_damage_is_a_data_error_or_music(place: int, put: bytes, cut: int, running: bool) -> None:
    events = [ON, b"\x00\xff\x51\x03\x07\xa1\x20", b"\x00\x40\x40" if running else b"", OFF, END]
    data = header(1, 0) + track(*events)
    data = (data[:place] + put + data[place + len(put) :])[: len(data) - cut // 4]
    with suppress(DataError):
        assert len(read_midi(data).notes) < 10


@pytest.mark.parametrize("begin", [b"", header(1) + b"MTrk" + struct.pack(">I", MOST_BYTES - 22)])
def test_a_huge_file_of_zeros_is_refused_at_once(begin: bytes, tmp_path: Path) -> None:
    path = tmp_path / "zeros.mid"
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(100 << 20)
    start = time.process_time()
    with pytest.raises(DataError, match="more than 8 MiB"):
        read_midi(path)
    with pytest.raises(DataError):
        read_midi(begin + bytes(1 << 20))
    assert time.process_time() - start < 2


def test_many_events_take_time_in_proportion() -> None:
    count = 200_000
    body = b"\x00\x90\x3c\x40" + b"\x00\x3c\x40" * (count - 1) + b"\x01\xff\x2f\x00"
    start = time.process_time()
    assert len(read_midi(header(1, 0, 96) + track(body)).notes) == count
    assert time.process_time() - start < 10


def test_what_is_no_file(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path, "folder"),
        (tmp_path / "none.mid", "no such file"),
        ("a\0b.mid", "cannot be read"),
    ):
        with pytest.raises(DataError, match=said):
            read_midi(path)
