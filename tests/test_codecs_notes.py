"""Notes: rolls come back as they were, scores meet the beat, pictures are sound XML and tones do not click."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitherto.codecs.notes import NotesCodec
from hitherto.errors import DataError, UsageError
from hitherto.media import tones as module
from hitherto.media.midi import Score, write_midi
from hitherto.media.rolls import as_score, read_roll, write_roll
from hitherto.media.tones import tones
from hitherto.report.piano_roll import draw

CHORALE = [[58, 65, 70, 74], [58, 65, 70, 74], [60, 64, 67, 76], [], [53, 60, 69, 77]]
steps = st.lists(st.integers(21, 108), unique=True, max_size=6).map(sorted)


def notes_of(score: Score) -> list[tuple[float, float, int]]:
    return [tuple(note)[:3] for note in score.notes.tolist()]


def test_keys_are_ones() -> None:
    codec = NotesCodec.fit([CHORALE])
    x = codec.encode(CHORALE)
    assert (x.dtype, x.shape, codec.size) == (np.float32, (5, 88), 88)
    assert x.sum() == 16
    assert [np.flatnonzero(row).tolist() for row in x] == [[k - 21 for k in step] for step in CHORALE]
    assert (codec.lowest, codec.highest, codec.step, codec.tempo) == (53, 77, 1.0, 120.0)
    assert codec.notes == []


@given(st.lists(steps, max_size=12))
def test_a_roll_comes_back(roll: list[list[int]]) -> None:
    codec = NotesCodec.fit([CHORALE])
    assert codec.restores(roll)
    assert codec.decode(codec.encode(roll)) == roll
    assert codec.decode(codec.encode(codec.encode(roll))) == roll
    assert (
        codec.decode(codec.encode(codec.score(roll)))[: len(roll)]
        == roll[: len(codec.encode(codec.score(roll)))]
    )


def test_what_is_not_promised_to_come_back() -> None:
    codec = NotesCodec.fit([CHORALE], max_length=3)
    assert codec.restores(CHORALE[:3])
    for value in (CHORALE, [[74, 60]], [[60, 60]], [(60,)], [[12]], "a.mid", np.zeros((2, 88)), None, [5]):
        assert not codec.restores(value)
    assert codec.decode(codec.encode([[74, 60, 60], {61, 62}, (63,)])) == [[60, 74], [61, 62], [63]]
    assert len(codec.encode(CHORALE)) == 3


def test_rolls_of_many_kinds_are_the_same() -> None:
    codec = NotesCodec.fit([CHORALE])
    x = codec.encode(CHORALE)
    of_midi = np.zeros((5, 128), bool)
    of_midi[:, 21:109] = x
    for value in (
        x, x.astype(bool), x.astype(np.int64), of_midi, [[float(p) for p in s] for s in CHORALE],
        [np.array(s, np.int8) for s in CHORALE], np.array([np.array(s) for s in CHORALE], object), tuple(CHORALE),
    ):  # fmt: skip
        assert np.array_equal(codec.encode(value), x)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([[60], [20, 60]], "the pitch 20 in step 2 is none of the keys from 21 to 108"),
        ([[60, -1]], "the pitch -1 in step 1 .* leave it out"),
        ([[60.5]], "the pitch 60.5 in step 1"),
        ([[float("nan")]], "the pitch nan in step 1"),
        ([[10**30]], "step 1 holds 1000"),
        ([[60], ["C4"]], "step 2 holds 'C4'"),
        ([[60, None]], "step 1 holds None"),
        ([[True]], "step 1 holds True"),
        ([[[60], [61, 62]]], r"step 1 holds \[60\]"),
        ([60, 64], "step 1 is 60; expected the list of the pitches"),
        ([[60], None], "step 2 is None"),
        (["60"], "step 1 is '60'"),
        (7, "expected a roll"),
        (None, "expected a roll"),
        ({"roll": []}, "expected a roll"),
        ("song.mp3", r"ends in .mid, .midi or .json"),
        (np.zeros((3, 40)), r"\[steps, 88\] .* got float64 \[3, 40\]"),
        (np.full((3, 88), 0.5), "the number of key 1 in step 1 is 0.5"),
        (np.full((3, 88), np.nan), "the number of key 1 in step 1 is nan"),
        (np.eye(128)[5:6], "the pitch 5 in step 1"),
        (np.zeros((2, 88), "U1"), "expected an array"),
        (np.zeros((2, 2, 88)), "expected an array"),
        (Score([(0, 1, 60, 64, 0), (2.5, 1, 10, 64, 0)]), "the pitch 10 at quarter 2.5 is none"),
        (Score([(0, 400_000, 60, 64, 0)]), "400,000 steps, and at most 262,144"),
        (np.zeros((300_000, 1)), "expected an array"),
        ([[]] * 300_000, "300,000 steps"),
    ],
)
def test_what_is_no_music_is_named(value: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        NotesCodec.fit([CHORALE]).encode(value)


def test_options_that_cannot_be_served() -> None:
    for options, said in (
        ({"low": -1}, "low must be a key"),
        ({"high": 128}, "high must be a key"),
        ({"low": 80, "high": 60}, "low must not be above high"),
        ({"step": 0}, "step must be a number above 0"),
        ({"step": float("nan")}, "step must be"),
        ({"max_length": 0}, "max_length must be 1 at least"),
    ):
        with pytest.raises(UsageError, match=said):
            NotesCodec.fit([CHORALE], **options)
    with pytest.raises(DataError, match="no note to learn from"):
        NotesCodec.fit([[[], []]])
    with pytest.raises(DataError, match="no note to learn from"):
        NotesCodec.fit([])
    codec = NotesCodec.fit([CHORALE])
    for array, said in (
        (np.zeros((2, 87)), "numbers .steps, 88."),
        (np.zeros(88), "numbers .steps, 88."),
        (np.full((1, 88), np.nan), "NaN"),
    ):
        with pytest.raises(DataError, match=said):
            codec.decode(array)


def test_what_is_kept_gives_the_same_codec() -> None:
    codec = NotesCodec.fit([CHORALE, Score([(0, 0.5, 50, 64, 0)], 90)], low=40, high=90, max_length=4)
    again = NotesCodec.from_json(json.loads(json.dumps(codec.to_json())), codec.parts())
    assert again.to_json() == codec.to_json()
    assert again.tempo == 90
    assert (again.lowest, again.highest, again.size) == (50, 77, 51)
    with pytest.raises(UsageError, match="low must not be above high"):
        NotesCodec.from_json(codec.to_json() | {"lowest": 10}, {})


def test_a_stream_refuses_without_moving_on() -> None:
    stream = NotesCodec.fit([CHORALE], max_length=2).stream()
    assert len(stream.push([[60]])) == 1
    with pytest.raises(DataError, match="step 1 is 60"):
        stream.push([60])
    assert len(stream.push(CHORALE)) == 1
    assert stream.push([[60]]).shape == stream.finish().shape == (0, 88)


# ---- time


@pytest.mark.parametrize(
    ("starts", "step", "said"),
    [
        ([0, 1, 2, 3], 1, "a step is a quarter: 100%"),
        ([0, 0.5, 1, 1.5], 1 / 2, "1/2 of a quarter"),
        ([0, 1 / 3, 2 / 3, 1], 1 / 3, "1/3 of a quarter"),
        ([0, 0.25, 1.75, 2], 1 / 4, "1/4 of a quarter"),
        ([0, 0.5, 1 / 3, 2], 1 / 6, "1/6 of a quarter"),
        ([0, 0.125, 1], 1 / 8, "1/8 of a quarter"),
        ([*range(40), 40.3], 1, "98% of the notes"),
        ([*range(40), 40.5], 1 / 2, "100% of the notes"),
        ([0.01, 0.99, 2.015], 1, "100%"),
        (np.linspace(0, 40, 977), 1 / 4, "keep to no beat"),
    ],
)
def test_the_step_is_the_longest_that_nearly_all_notes_start_on(starts: Any, step: float, said: str) -> None:
    codec = NotesCodec.fit([Score([(t, 0.1, 60, 64, 0) for t in starts])])
    assert codec.step == step
    assert len(codec.notes) == 1
    assert said in codec.notes[0]
    assert NotesCodec.fit([Score([(0.3, 0.1, 60, 64, 0)])], step=2).step == 2


def test_scores_go_to_the_nearest_step_and_no_note_is_lost() -> None:
    score = Score([(0.1, 0.95, 60, 64, 0), (1.9, 0.02, 64, 64, 0), (0, 2.4, 67, 64, 1), (0.5, 1, 60, 64, 2)])
    codec = NotesCodec.fit([score], step=1)
    assert codec.decode(codec.encode(score)) == [[60, 67], [60, 67], [64]]
    assert codec.decode(codec.encode(Score([]))) == []
    half = NotesCodec.fit([score], step=0.5)
    assert half.decode(half.encode(score)) == [[60, 67], [60, 67], [60, 67], [67], [64, 67]]


def test_many_notes_at_once_stay_one_key() -> None:
    codec = NotesCodec.fit([Score(np.tile([[0, 2, 60, 64, 0]], (70_000, 1)))])
    assert codec.decode(codec.encode(Score(np.tile([[0, 2, 60, 64, 0]], (70_000, 1))))) == [[60], [60]]


def test_what_sounds_on_is_held() -> None:
    codec = NotesCodec.fit([CHORALE], step=0.5)
    score = codec.score(CHORALE, tempo=72)
    assert score.tempo == 72
    assert notes_of(score)[:5] == [(0, 1, 58), (0, 1, 65), (0, 1, 70), (0, 1, 74), (1, 0.5, 60)]
    assert codec.score(codec.encode(CHORALE)) == codec.score(CHORALE)
    assert as_score(CHORALE, step=0.5) == codec.score(CHORALE)
    assert as_score(score, tempo=60).seconds == score.end
    assert len(as_score([]).notes) == len(as_score([[], []]).notes) == 0


# ---- files


def test_midi_files_are_values(tmp_path: Path) -> None:
    codec = NotesCodec.fit([CHORALE], step=0.25)
    write_midi(tmp_path / "a.mid", codec.score(CHORALE, tempo=100))
    again = NotesCodec.fit([str(tmp_path / "a.mid")])
    assert (again.step, again.tempo, again.lowest, again.highest) == (0.5, 100, 53, 77)  # where notes start
    assert codec.decode(codec.encode(tmp_path / "a.mid")) == CHORALE


def test_json_files_are_values(tmp_path: Path) -> None:
    write_roll(tmp_path / "a.json", CHORALE, 0.5)
    assert read_roll(tmp_path / "a.json") == (CHORALE, 0.5)
    codec = NotesCodec.fit([tmp_path / "a.json"])
    assert codec.step == 0.5
    assert codec.decode(codec.encode(tmp_path / "a.json")) == CHORALE
    finer = NotesCodec.fit([tmp_path / "a.json"], step=0.25)
    assert finer.decode(finer.encode(tmp_path / "a.json")) == [step for step in CHORALE for _ in range(2)]
    (tmp_path / "bare.json").write_text(json.dumps([[60.0, 64], []]))
    assert read_roll(tmp_path / "bare.json") == ([[60, 64], []], None)
    mixed = NotesCodec.fit([tmp_path / "a.json", tmp_path / "bare.json"])
    assert mixed.step == 0.5
    assert "tell no step" in mixed.notes[-1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected one roll"),
        ("[[60], [64", "expected one roll"),
        ("\xff", "expected one roll"),
        ("[" * 100_000, "expected one roll"),
        ('{"train": [[[60]]], "test": []}', "unknown field `train`"),
        ('{"step": 1.0}', "missing required field `roll`"),
        ('{"step": -1, "roll": []}', "step must be a number of quarters above 0"),
        ('{"step": NaN, "roll": []}', "expected one roll"),
        ('[["C4"]]', "Expected `float`, got `str`"),
        ("[[60], [200]]", "the pitch 200 in step 2"),
        ("[[1e400]]", "expected one roll"),
    ],
)
def test_json_that_is_no_roll(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError) as error:
        NotesCodec.fit([path])
    assert said in str(error.value)
    assert str(error.value).startswith(str(path))


def test_a_pitch_outside_names_its_file(tmp_path: Path) -> None:
    write_midi(tmp_path / "low.mid", Score([(0, 1, 12, 64, 0)]))
    write_roll(tmp_path / "low.json", [[12]])
    for name in ("low.mid", "low.json"):
        for use in (lambda path: NotesCodec.fit([path]), NotesCodec.fit([CHORALE]).encode):
            with pytest.raises(DataError, match=r"the pitch 12 .* is none of the keys") as error:
                use(tmp_path / name)
            assert str(error.value).startswith(str(tmp_path / name))


# ---- pictures


def rects(svg: str, kind: str = "note") -> list[dict[str, Any]]:
    found = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect")
    return [dict(r.attrib) | {"title": "".join(r.itertext())} for r in found if r.get("class") == kind]


def test_a_picture_shows_every_note_where_it_is(tmp_path: Path) -> None:
    svg = draw(CHORALE, tmp_path / "a.svg", title="a < b & \x00c")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == svg
    found = rects(svg)
    assert len(found) == len(as_score(CHORALE).notes) == 12
    by_title = {r["title"]: r for r in found}
    first, last = by_title["A#3, bar 1, beat 1, 2 quarters"], by_title["F5, bar 2, beat 1, 1 quarters"]
    assert float(last["x"]) - float(first["x"]) == pytest.approx(2 * float(first["width"]), abs=0.2)
    assert float(first["y"]) - float(last["y"]) == pytest.approx((77 - 58) * 260 / 27, abs=0.2)
    assert "a &lt; b &amp; c" in svg
    assert "2 bars, 0:02, 12 notes, F3 to F5" in svg
    assert {">C4<", ">C5<"} <= set(re.findall(r">C\d<", svg))


def test_long_pieces_fill_lines_and_a_note_may_go_on_in_the_next() -> None:
    score = Score([(0, 4, 60, 64, 0), (62, 4, 64, 64, 1), (127, 1, 67, 64, 2)])
    found = rects(draw(score))
    assert [r["title"].split(",")[0] for r in found] == ["C4", "E4", "E4", "G4"]
    assert len(rects(draw(score), "frame")) == 4
    assert len({r["fill"] for r in found}) == 3
    assert found[2]["x"] == found[0]["x"]
    assert float(found[1]["x"]) + float(found[1]["width"]) == pytest.approx(
        float(found[3]["x"]) + float(found[3]["width"]), abs=0.2
    )


def test_pictures_of_nothing_and_of_too_much() -> None:
    assert rects(draw([])) == []
    assert "1 bar, 0:00, 0 notes" in draw([])
    svg = draw(Score([(0, 1, 0, 1, 0), (400_000, 1, 127, 127, 0)]))
    assert len(rects(svg)) == 1
    assert "the first 512 of 100,001 bars" in svg
    many = Score(np.stack([np.arange(40_000) / 40, *np.tile([[1], [60], [64], [0]], 40_000)], -1))
    svg = draw(many)
    assert "the first 187 of 251 bars" in svg
    assert len(rects(svg)) < 31_000
    ET.fromstring(draw([[k] for k in range(128)]))


# ---- sound


def test_tones_have_their_pitches_and_do_not_click() -> None:
    rate = 8000
    sound = tones([[69, 81], [69]], rate, step=2, tempo=120)
    assert sound.dtype == np.float32
    assert len(sound) == 2 * rate + round(0.09 * rate)
    assert np.abs(sound).max() == pytest.approx(0.9, abs=1e-6)
    assert abs(sound[0]) < 1e-3
    assert abs(sound[-1]) < 1e-3
    second = np.abs(np.fft.rfft(sound[rate + 800 : 2 * rate] * np.hanning(rate - 800)))
    assert np.argmax(second) * rate / (rate - 800) == pytest.approx(440, abs=1.2)
    spectrum = np.abs(np.fft.rfft(sound[400 : rate + 400]))
    assert spectrum[880] > 0.5 * spectrum[440]
    assert spectrum[600] < 0.01 * spectrum[440]
    # the steepest that these partials can be, and no more: a click would be
    assert np.abs(np.diff(sound)).max() < 0.9 * 2 * np.pi * 1760 / rate


def test_tones_are_the_sum_of_their_partials() -> None:
    turns = np.arange(1000) * 0.037
    expected = sum(a * np.sin(2 * np.pi * k * turns) for k, a in enumerate(module._PARTIALS, 1))
    assert np.abs(module._wave(turns, 0.037) - expected).max() < 1e-4
    high = module._wave(np.arange(1000) * 0.3, 0.3)  # its partials would fold back
    assert np.abs(high - np.sin(2 * np.pi * np.arange(1000) * 0.3)).max() < 1e-4


def test_long_notes_are_made_in_blocks_without_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tones([[60]], 4000, step=8)
    monkeypatch.setattr(module, "_BLOCK", 1000)
    assert np.array_equal(tones([[60]], 4000, step=8), whole)


def test_sounds_that_cannot_be() -> None:
    assert tones([]).shape == tones([[], []]).shape == (0,)
    with pytest.raises(DataError, match=r"takes 3333:20, longer than 25:21"):
        tones(Score([(0, 400_000, 60, 64, 0)]))
    with pytest.raises(DataError, match="at once"):
        tones(Score(np.tile([[0, 1000, 60, 64, 0]], (200, 1))))
    for rate in (0, 44100.0, 10**9, "cd"):
        with pytest.raises(UsageError, match="rate must be"):
            tones(CHORALE, rate)
    with pytest.raises(UsageError, match="tempo must be"):
        tones(CHORALE, tempo=0)
    with pytest.raises(UsageError, match="step must be"):
        tones(CHORALE, step=-1)
