"""The benchmarks of the other senses: what they make, how they split, what they compare with. No time is judged."""

from __future__ import annotations

import gzip
import importlib
import itertools
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitherto.media import pens

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
common: Any = importlib.import_module("common")
made: Any = importlib.import_module("made")
report: Any = importlib.import_module("report")
senses: Any = importlib.import_module("senses")


# ---- what is made


def test_handwriting_is_the_same_again_and_no_text_comes_twice() -> None:
    rows, again = list(made.handwriting(60, 3)), list(made.handwriting(60, 3))
    assert rows == again
    texts = [row["text"] for row in rows]
    assert len(set(texts)) == 60
    assert not set(texts) & {row["text"] for row in made.handwriting(60, 3, but=texts)}
    assert {len(t) for t in texts} <= set(range(4, 11))
    assert all(t.strip() == t and set(t) <= {*made.GLYPHS, " "} for t in texts)


def test_a_pen_lifts_less_where_it_joins_and_not_over_a_space() -> None:
    counts = set()
    for seed in range(40):
        drawn = made.written("rr", np.random.default_rng(seed))
        counts.add(len(drawn))
        assert len(made.written("r r", np.random.default_rng(seed))) == 4  # two of each letter
    assert counts == {3, 4}


def test_letters_stand_beside_each_other_on_the_line() -> None:
    parts = pens.points(made.written("ll", np.random.default_rng(1)))
    first, second = parts[0], parts[-1]
    assert second[:, 0].min() > first[:, 0].max()
    assert abs(first[-1, 1] - second[-1, 1]) < 2  # both end at the foot
    assert first[0, 1] < first[-1, 1]  # and go down, as y does


@pytest.mark.parametrize("letter", made.GLYPHS)
def test_points_are_about_as_far_apart_as_they_should(letter: str) -> None:
    for stroke in made.written(letter, np.random.default_rng(0)):
        far = np.hypot(*np.diff(np.array(stroke), axis=0).T)
        assert far.min() > 0
        assert far.max() < 1.6 * made.APART  # less where the pen turns


def test_clips_move_one_after_the_other_and_tests_hold_what_is_new() -> None:
    rng = np.random.default_rng(0)
    for held_out, _ in itertools.product((False, True), range(30)):
        acts = made.clip_acts(rng, held_out)
        assert bool(set(acts) & made.HELD_OUT_ACTS) == held_out
        assert acts[0][0] != acts[1][0]
        assert acts[0][1] != acts[1][1]
    acts = (("red", "square", "right"), ("blue", "circle", "up"))
    frames = made.clip_frames(acts, rng).astype(float)
    assert frames.shape == (made.FRAMES, made.SIDE, made.SIDE, 3)
    red = frames[..., 0] - frames[..., 2] > 100
    blue = frames[..., 2] - frames[..., 0] > 100
    at = [np.array([np.argwhere(f).mean(0) for f in seen]) for seen in (red, blue)]  # row and column
    half = made.FRAMES // 2
    assert at[0][half, 1] - at[0][0, 1] > 10  # to the right
    np.testing.assert_allclose(at[1][half], at[1][0], atol=0.5)
    assert at[1][0, 0] - at[1][-1, 0] > 9  # up
    np.testing.assert_allclose(at[0][-1], at[0][half], atol=0.5)
    assert made.clip_caption(acts) == "the red square moves right , then the blue circle moves up"


def test_a_clip_is_read_as_it_was_written(tmp_path: Path) -> None:
    pytest.importorskip("av")
    from hitherto.codecs import CODECS

    frames = made.clip_frames(made.clip_acts(np.random.default_rng(0), False), np.random.default_rng(1))
    made.write_clip(tmp_path / "clip.mp4", frames)
    codec = CODECS["frames"].fit([str(tmp_path / "clip.mp4")], color=True)
    found = codec.decode(codec.encode(str(tmp_path / "clip.mp4")))
    assert found.shape == frames.shape
    assert np.abs(found.astype(float) - frames).mean() < 4


def test_lines_are_written_in_every_font() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("PIL")
    rng = np.random.default_rng(0)
    assert not set(made.FONTS) & set(made.HELD_OUT_FONTS)
    for font in (*made.FONTS, *made.HELD_OUT_FONTS):
        short, long = (made.line_image(text, font, rng) for text in ("Il", "Was it in 1984?"))
        assert long.shape[1] > 2 * short.shape[1]
        assert 20 < long.shape[0] < 70
        assert long.min() < 120 < 180 < np.median(long)


# ---- splits


def test_recordings_of_the_test_are_the_canonical_ones() -> None:
    rows = [{"index": i, "digit": d} for i in range(50) for d in range(10)]
    train, valid, test = senses.parts(rows)
    assert [len(p) for p in (train, valid, test)] == [400, 50, 50]
    assert {row["index"] for row in test} == {0, 1, 2, 3, 4}


def test_every_kind_has_its_share_of_each_part() -> None:
    kinds = ["a"] * 20 + ["b"] * 40
    part = senses.cut_at_random(kinds, (0.6, 0.15, 0.25))
    for kind, counts in (("a", [12, 3, 5]), ("b", [24, 6, 10])):
        assert np.bincount(part[[k == kind for k in kinds]], minlength=3).tolist() == counts


def test_strings_are_said_by_one_speaker(tmp_path: Path) -> None:
    from hitherto.media.sound import write_wav

    rows = []
    for speaker, digit in itertools.product(range(2), range(10)):
        path = tmp_path / f"{digit}_{speaker}_0.wav"
        write_wav(path, np.full(100 + digit, 0.1 + 0.2 * speaker, np.float32), 8000)
        rows.append({"file": str(path), "digit": str(digit), "speaker": str(speaker)})
    for i, row in enumerate(senses.said_together(rows, 20, 0)):
        words = row["text"].split()
        assert 3 <= len(words) <= 7
        assert len(row["audio"]) == sum(100 + senses.DIGITS.index(w) for w in words)
        np.testing.assert_allclose(row["audio"].samples, 0.1 + 0.2 * (i % 2), atol=1e-3)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the data sets lie that a test makes."""
    monkeypatch.setattr(senses, "DATA", tmp_path)
    return tmp_path


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What was kept, by name."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(senses, "keep", lambda name, **row: found.__setitem__(name, row))
    return found


def test_windows_of_one_recording_lie_on_one_side(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, lines = np.random.default_rng(0), []
    for label, _recording in itertools.product(range(4), range(8)):
        track = np.cumsum(rng.normal(size=(22, 2)), 0)
        for i in range(6):
            window = track[i : i + 16] - track[i]
            lines.append(",".join([str(label), *(f"{v:.9f}" for v in window.ravel())]))
    (data / "hand_gestures").mkdir()
    with gzip.open(data / "hand_gestures" / "point_history.csv.gz", "wt") as file:
        file.write("\n".join(lines) + "\n")
    found: list[Any] = []
    monkeypatch.setattr(senses, "compared", lambda *given, **about: found.append((given[2], about)))
    senses.gestures(data)
    ((held, about),) = found
    assert about["recordings"] == 32
    assert [len(part) for part in held] == [120, 24, 48]  # 5, 1 and 2 of the 8 recordings of each
    ends = [{tuple(np.round(np.diff(row["track"], axis=0)[-1], 6)) for row in part} for part in held]
    starts = [{tuple(np.round(np.diff(row["track"], axis=0)[5], 6)) for row in part} for part in held]
    for a, b in itertools.permutations(range(3), 2):
        assert not (ends[a] | starts[a]) & (ends[b] | starts[b])


def test_poses_are_cut_in_time(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "pose_actions").mkdir()
    rows = [[i, i + 0.5, label] for label in ("stand", "walk") for i in range(200)]
    with gzip.open(data / "pose_actions" / "data.csv.gz", "wt") as file:
        file.write("a,b,class\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    found: list[Any] = []
    monkeypatch.setattr(senses, "compared", lambda *given, **_: found.append(given[2]))
    senses.poses(data, "poses", "data.csv.gz", {"walk": "goes"})
    (held,) = found
    seen = [sorted({row["track"][k][0] for row in part for k in (0, -1)}) for part in held]
    assert [(own[0], own[-1]) for own in seen] == [(0, 119), (120, 149), (150, 199)]
    assert {row["label"] for row in held[0]} == {"stand", "goes"}


def test_variants_of_one_pictogram_lie_on_one_side(data: Path) -> None:
    import tarfile

    folder = data / "twemoji_captions"
    folder.mkdir()
    captions = [f"name {i}{tone}" for i in range(50) for tone in ("", ": dark skin tone")]
    lines = ["file\tcaption\tcategory", *(f"{i}.png\t{caption}\tx" for i, caption in enumerate(captions))]
    (folder / "captions.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (data / "images").mkdir()
    with tarfile.open(folder / "images.tar.gz", "w:gz") as archive:
        archive.add(data / "images", "images")
    held = senses.twemoji(data / "runs")
    bases = [{row["caption"].split(":")[0] for row in held[part]} for part in ("train", "valid", "test")]
    assert [len(b) for b in bases] == [40, 5, 5]
    assert not bases[0] & bases[1] | bases[1] & bases[2] | bases[0] & bases[2]
    assert sum(len(rows) for rows in held.values()) == 100


def test_only_what_is_true_is_said_of_scenes(data: Path) -> None:
    import tarfile

    (data / "nlvr").mkdir()
    for split in ("dev", "test"):
        rows = [
            {"sentence": f"It  is {i}", "label": ("true", "false")[i % 2], "identifier": f"{i}-0"}
            for i in range(32)
        ]
        with gzip.open(data / "nlvr" / f"{split}.json.gz", "wt") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    (data / "dev").mkdir()
    with tarfile.open(data / "nlvr" / "images.tar.gz", "w:gz") as archive:
        archive.add(data / "dev", "dev")
    held = senses.nlvr(data / "runs")
    assert [len(held[part]) for part in ("train", "valid", "test")] == [12 * 3, 4, 16]
    assert {Path(row["file"]).name for row in held["train"][:3]} == {f"dev-2-0-{k}.png" for k in range(3)}
    assert held["train"][0]["caption"] == "it is 2"


# ---- what is compared with


def test_the_nearest_is_that_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    train, of = rng.normal(size=(50, 7)), rng.normal(size=(30, 7))
    expected = [int(np.argmin([np.linalg.norm(t - row) for t in train])) for row in of]
    assert senses.nearest(train, of).tolist() == expected


def test_what_lies_beyond_a_baseline_has_its_error() -> None:
    true = [
        f"a picture of {n} {m} things" for n in ("two", "three", "four") for m in ("red", "blue", "green")
    ] * 4
    ours = [t if i % 2 else t.replace("picture", "view") for i, t in enumerate(true)]
    theirs = ["a picture of two red things"] * len(true)
    found = senses.beyond("chrf", ours, theirs, true, draws=60)
    assert found["above"] > 3 * found["standard_error"] > 0
    same = senses.beyond("bleu", ours, ours, true, draws=20)
    assert same == {"above": 0, "standard_error": 0}


def test_plain_pens_know_what_they_were_made_of() -> None:
    rng = np.random.default_rng(0)

    def drawing(T: int = 60) -> Any:
        rows = np.zeros((T, 3))
        for t in range(T):
            before = rows[t - 1, :2] if t else np.zeros(2)
            rows[t, :2] = 0.9 * before + rng.normal(size=2) * 0.1
        rows[:, 2] = np.arange(T) % 3 == 2
        return rows

    train, test = [drawing() for _ in range(200)], [drawing() for _ in range(50)]
    found = senses.plain_pens(train, test)
    exact = np.log(2 * np.pi * np.e * 0.01)  # of two independent normal numbers of deviation 0.1
    ends = -np.mean(np.where(np.arange(1, 60) == 59, np.log(1 / 59), np.log(58 / 59)))
    assert found["order_2"] < found["gaussian"] - 0.6 - 1.0  # the moves, and the pen, which the last two tell
    assert found["order_2"] == pytest.approx(exact + ends, abs=0.06)


def test_odd_strokes_are_counted() -> None:
    good = [[0, 0], [1, 1]]
    assert senses.odd_strokes([[good, [[3, 3]]], [good, good]], reach=10) == 0.25
    assert senses.odd_strokes([[good, [[0, 0], [30, 0]]]], reach=10) == 0.5


# ---- jobs, on made-up data


def test_characters_by_writers(data: Path, kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    (data / "omniglot_strokes").mkdir()
    with zipfile.ZipFile(data / "omniglot_strokes" / "strokes_background_small1.zip", "w") as archive:
        for character, writer in itertools.product((1, 2), range(1, 21)):
            way = [(t, -t * (character == 1)) for t in range(8)]
            text = "\n".join(["START", *(f"{x + writer / 9},{y},{9 * x}" for x, y in way), "BREAK", ""])
            name = (
                f"strokes_background_small1/Greek/character{character:02d}/{character:04d}_{writer:02d}.txt"
            )
            archive.writestr(name, text)
    tiny = {
        "hidden_size": 8,
        "num_layers": 1,
        "epochs": 12,
        "lr": 0.02,
        "batch_size": 8,
        "dropout": 0.0,
        "augment": 0.0,
    }
    monkeypatch.setattr(senses, "OMNIGLOT", {**senses.OMNIGLOT, **tiny})
    senses.omniglot(data)
    row = kept["omniglot"]
    assert (row["drawings"], row["classes"]) == (10, 2)
    assert row["accuracy"] == 1.0


def test_series_beside_their_baselines(
    tmp_path: Path, kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    rows = [
        {
            "track": (np.arange(6)[:, None] * (1 - 2 * (i % 2)) + rng.normal(size=(6, 2)) / 9).tolist(),
            "label": "ab"[i % 2],
        }
        for i in range(60)
    ]
    monkeypatch.setattr(senses, "SERIES", {**senses.SERIES, "hidden_size": 8, "epochs": 10, "lr": 0.02})
    senses.compared(tmp_path, "tracks", (rows[:30], rows[30:40], rows[40:]), recordings=3)
    assert kept["tracks"] | {"minutes": 0} == {
        "accuracy": 1.0, "majority": 0.5, "nearest_neighbour": 1.0, "training": 30, "test": 20, "recordings": 3,
        "minutes": 0,
    }  # fmt: skip


# ---- the page


def test_the_page_says_what_was_reached_missed_and_not_run(tmp_path: Path) -> None:
    about = {"minutes": 1.5, "commit": "abc", "command": "x", "when": "now", "cpu": "y"}
    path = tmp_path / "senses.jsonl"
    common.append_row(path, {"name": "fsdd-digits", "error": 0.9, **about})
    common.append_row(path, {"name": "fsdd-digits", "error": 0.0067, **about})  # the later counts
    common.append_row(path, {"name": "omniglot", "accuracy": 0.79, **about})
    beyond = {"bleu": {"above": 3.0, "standard_error": 1.0}, "chrf": {"above": 2.0, "standard_error": 1.5}}
    scores = {"bleu": 10.0, "chrf": 20.0}
    common.append_row(
        path,
        {"name": "nlvr", **scores, "baselines": {"nearest": scores}, "beyond": {"nearest": beyond}, "test": 9,
         "examples": [["a", "b"]], **about},
    )  # fmt: skip
    page = report.senses_found(tmp_path)
    assert "| 0.67 % | at most 2 %: reached |" in page
    assert "| 79 % | at least 86 %: **missed** |" in page
    assert "two standard errors: **missed**" in page
    assert "+2 (1.5)" in page
    assert page.count("not run") == len(report.SENSES) - 3
    assert "90 %" not in page


def test_every_result_has_its_line() -> None:
    names = {name for name, *_ in report.SENSES}
    assert names >= set(senses.BENCHMARKS) - {"digits", "gestures", "handwriting"}
