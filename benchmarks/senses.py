"""The other senses, on real data and on data made here, beside baselines: `python benchmarks/senses.py NAME`.

Speech, lines of text, pen strokes, gestures, videos, captions, music and handwriting. Data are read from the folder
HITHERTO_DATA, or drawn here from a seed. Models are chosen on training and validation data; a test split is read once,
at the end, to report. One row for each result goes to benchmarks/results/senses.jsonl. Trainings keep their runs in
--runs and go on where they were stopped; what is made of the data lies there, too.
"""

from __future__ import annotations

import csv
import functools
import gzip
import itertools
import json
import os
import re
import sys
import tarfile
import time
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any

import common
import made
import numpy as np
from common import DATA, Row, fitted, rounded, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    Array = np.ndarray[Any, Any]

RESULTS = common.RESULTS / "senses.jsonl"

MUSIC, LETTERS, SHEET = (common.ROOT / "docs" / f"{name}.svg" for name in ("music", "letters", "kanji"))

keep = functools.partial(common.keep, RESULTS)


def unpacked(runs: Path, name: str, archive: Path) -> Path:
    """The folder with what an archive holds."""
    folder = runs / name
    if not folder.is_dir():
        fresh = folder.with_suffix(".part")
        with tarfile.open(archive) as tar:
            tar.extractall(fresh, filter="data")
        fresh.rename(folder)
    return folder


def minutes(seconds: float) -> float:
    return rounded(seconds / 60, 3)


# ---- what is compared with


def nearest(train: Array, of: Array) -> Array:
    """For each row of `of`, which row of `train` is nearest: the plainest model there is."""
    squares = (train**2).sum(1)
    parts = [
        np.argmin(squares - 2 * (rows @ train.T), 1) for rows in np.array_split(of, max(1, len(of) // 256))
    ]
    return np.concatenate(parts)


def accuracy(given: Iterable[Any], true: Iterable[Any]) -> float:
    return rounded(float(np.mean([a == b for a, b in zip(given, true, strict=True)])), 4)


def most_frequent(values: Iterable[str]) -> str:
    return Counter(values).most_common(1)[0][0]


# ---- speech: FSDD

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPOKEN: Row = {
    "cell": "gru",
    "hidden_size": 128,
    "num_layers": 2,
    "dropout": 0.4,
    "augment": 0.7,
    "batch_size": 32,
    "epochs": 40,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "input": "file",
    "output": "digit",
}
VOICES: Row = {
    **SPOKEN,
    "num_layers": 1,
    "augment": 0.5,
    "delta": 1,
    "epochs": 12,
    "budget": "0",
    "threads": 1,
}
STRINGS: Row = {
    "tokens": "words",
    "cell": "gru",
    "hidden_size": 192,
    "num_layers": 2,
    "dropout": 0.3,
    "augment": 0.6,
    "stack": 3,
    "batch_size": 32,
    "epochs": 20,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "input": "audio",
    "output": "text",
}
VALID_BELOW = 10  # of the training recordings, 5 to 49, those that choose the weights


def recordings(runs: Path) -> list[Row]:
    """Every recording: its file, digit, speaker and index."""
    folder = unpacked(runs, "fsdd", DATA / "fsdd" / "recordings.tar.xz") / "recordings"
    found = []
    for path in sorted(folder.glob("*.wav")):
        digit, speaker, index = path.stem.split("_")
        found.append({"file": str(path), "digit": digit, "speaker": speaker, "index": int(index)})
    return found


def parts(rows: Iterable[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    """Training, validation and test: the canonical test recordings, and some of the others to choose by."""
    held: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    for row in rows:
        held[2 if row["index"] < 5 else 1 if row["index"] < VALID_BELOW else 0].append(row)
    return held


def digits(runs: Path) -> None:
    """One digit of a recording, on the canonical split, then with each speaker left out in turn."""
    rows = recordings(runs)
    train, valid, test = parts(rows)
    model, seconds = fitted(runs, "fsdd-digits", "classify", train, valid, **SPOKEN)
    given = model.predict([row["file"] for row in test])
    right = accuracy(given, (row["digit"] for row in test))
    keep("fsdd-digits", error=rounded(1 - right, 3), recordings=len(test), minutes=minutes(seconds))


def speakers(runs: Path) -> None:
    """Each speaker left out in turn: five voices are learned from, the sixth was never heard."""
    rows, errors, spent = recordings(runs), {}, 0.0
    for speaker in sorted({row["speaker"] for row in rows}):
        others = [row for row in rows if row["speaker"] != speaker]
        valid = [row for row in others if row["index"] < VALID_BELOW]
        train = [row for row in others if row["index"] >= VALID_BELOW]
        model, seconds = fitted(runs, f"fsdd-without-{speaker}", "classify", train, valid, **VOICES)
        own = [row for row in rows if row["speaker"] == speaker]
        given = model.predict([row["file"] for row in own])
        errors[speaker] = rounded(1 - accuracy(given, (row["digit"] for row in own)), 3)
        spent += seconds
    keep(
        "fsdd-speakers",
        error=rounded(float(np.mean(list(errors.values()))), 3),
        by_speaker=errors,
        recordings=len(rows),
        minutes=minutes(spent),
    )


def said_together(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Strings of 3 to 7 recordings of one speaker, one right after another, and what they say."""
    from hitherto.media.sound import Sound, read_sound

    rng = np.random.default_rng(seed)
    voices: dict[str, list[tuple[str, Sound]]] = {}
    for row in rows:
        voices.setdefault(row["speaker"], []).append((DIGITS[int(row["digit"])], read_sound(row["file"])))
    found = []
    for i in range(count):
        own = voices[sorted(voices)[i % len(voices)]]
        chosen = [own[k] for k in rng.integers(len(own), size=rng.integers(3, 8))]
        sound = Sound(np.concatenate([s.samples for _, s in chosen]), chosen[0][1].rate)
        found.append({"audio": sound, "text": " ".join(word for word, _ in chosen)})
    return found


def streamed(model: Any, sound: Any, piece: float) -> tuple[str, float]:
    """The text of a recording that comes in pieces of so many seconds, and the seconds that all of it took."""
    size = round(piece * sound.rate)
    started = time.perf_counter()
    with model.stream() as stream:
        rows = [row for at in range(0, len(sound), size) for row in stream.push(sound[at : at + size])]
        rows += stream.finish()
    return "".join(row["text"] for row in rows), time.perf_counter() - started


def strings(runs: Path, way: str, **options: Any) -> None:
    """Strings of digits: the word error of files, and, where the model streams, of their live streams."""
    from hitherto import METRICS

    train, valid, test = (
        said_together(rows, count, seed)
        for seed, (rows, count) in enumerate(zip(parts(recordings(runs)), (6000, 600, 600), strict=True))
    )
    name = f"fsdd-strings-{way}"
    model, seconds = fitted(runs, name, "transcribe", train, valid, **{**STRINGS, **options})
    true = [[row["text"]] for row in test]
    texts = model.predict([row["audio"] for row in test])
    found = {"wer": METRICS["wer"].compute(texts=texts, references=true)}
    heard = sum(len(row["audio"]) / row["audio"].rate for row in test)
    os.environ["HITHERTO_NUM_THREADS"] = "1"
    started = time.perf_counter()
    model.predict([row["audio"] for row in test])
    found["real_time_factor"] = (time.perf_counter() - started) / heard
    if way == "streaming":
        live, taken = zip(*(streamed(model, row["audio"], 0.02) for row in test), strict=True)
        found["wer_streamed"] = METRICS["wer"].compute(texts=live, references=true)
        found["streams_equal_files"] = float(np.mean([a == b for a, b in zip(live, texts, strict=True)]))
        found["real_time_factor_streamed"] = sum(taken) / heard
    keep(
        name,
        **{k: rounded(float(v), 3) for k, v in found.items()},
        strings=len(test),
        seconds_of_sound=rounded(heard, 4),
        threads=1,
        minutes=minutes(seconds),
    )


# ---- pens and hands

OMNIGLOT: Row = {
    "cell": "gru",
    "hidden_size": 192,
    "num_layers": 2,
    "bidirectional": True,
    "dropout": 0.4,
    "augment": 0.7,
    "batch_size": 32,
    "epochs": 60,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "codec": "strokes",  # Omniglot's files are .txt
    "input": "strokes",
    "output": "character",
}


def omniglot(runs: Path) -> None:
    """136 characters by how they were written; writers 16 to 20 are new."""
    folder = runs / "omniglot"
    if not folder.is_dir():
        with zipfile.ZipFile(DATA / "omniglot_strokes" / "strokes_background_small1.zip") as archive:
            archive.extractall(folder)
    rows: list[Row] = []
    for path in sorted((folder / "strokes_background_small1").glob("*/*/*.txt")):
        alphabet, character = path.parts[-3:-1]
        writer = int(path.stem.split("_")[1])
        rows.append({"strokes": str(path), "character": f"{alphabet} {character}", "writer": writer})
    train, valid, test = (
        [r for r in rows if low <= r["writer"] <= high] for low, high in ((1, 13), (14, 15), (16, 20))
    )
    model, seconds = fitted(runs, "omniglot", "classify", train, valid, **OMNIGLOT)
    given = model.predict([row["strokes"] for row in test])
    right = accuracy(given, (row["character"] for row in test))
    classes = len({row["character"] for row in rows})
    keep("omniglot", accuracy=right, drawings=len(test), classes=classes, minutes=minutes(seconds))


SERIES: Row = {
    "cell": "gru",
    "hidden_size": 64,
    "num_layers": 1,
    "dropout": 0.3,
    "batch_size": 32,
    "epochs": 20,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "output": "label",
}


def cut_at_random(kinds: Sequence[str], shares: Sequence[float], seed: int = 0) -> Array:
    """The part, 0 for training, 1 for validation, 2 for test, of each of these; every kind has its share in each."""
    rng, found = np.random.default_rng(seed), np.zeros(len(kinds), np.int64)
    for kind in sorted(set(kinds)):
        own = rng.permutation([i for i, k in enumerate(kinds) if k == kind])
        ends = np.ceil(np.cumsum(shares) * len(own)).astype(int)
        found[own[ends[0] : ends[1]]], found[own[ends[1] :]] = 1, 2
    return found


def compared(runs: Path, name: str, held: Sequence[Sequence[Row]], **about: Any) -> None:
    """A model of rows `track` and `label`, beside the most frequent label and that of the nearest track."""
    train, valid, test = held
    model, seconds = fitted(runs, name, "classify", train, valid, **SERIES, input="track")
    true = [row["label"] for row in test]
    flat = [np.array([np.ravel(row["track"]) for row in part], np.float32) for part in (train, test)]
    near = nearest(*flat)
    common_label = most_frequent(row["label"] for row in train)
    keep(
        name,
        accuracy=accuracy(model.predict([row["track"] for row in test]), true),
        majority=accuracy([common_label] * len(test), true),
        nearest_neighbour=accuracy((train[i]["label"] for i in near), true),
        training=len(train),
        test=len(test),
        **about,
        minutes=minutes(seconds),
    )


def gestures(runs: Path) -> None:
    """Tracks of a fingertip; all windows of one recording lie on one side of the split."""
    with gzip.open(DATA / "hand_gestures" / "point_history.csv.gz", "rt") as file:
        table = np.array([[float(v) for v in line.split(",")] for line in file])
    label, tracks = table[:, 0].astype(int), table[:, 1:].reshape(len(table), 16, 2)
    # A window goes on with the one before where it is the same track, a frame later and seen from there.
    after = tracks[:-1, 1:] - tracks[:-1, 1:2]
    follows = (np.abs(after - tracks[1:, :-1]).max((1, 2)) < 1e-4) & (label[1:] == label[:-1])
    recording = np.concatenate([[0], np.cumsum(~follows)])
    firsts = np.flatnonzero(np.concatenate([[True], ~follows]))
    part = cut_at_random([str(label[i]) for i in firsts], (0.6, 0.15, 0.25))[recording]
    names = ("stop", "clockwise", "counter-clockwise", "move")
    held = [
        [{"track": tracks[i].tolist(), "label": names[label[i]]} for i in np.flatnonzero(part == k)]
        for k in range(3)
    ]
    compared(runs, "hand-gestures", held, recordings=len(firsts))


WINDOW = 16  # frames, about half a second


def poses(runs: Path, name: str, file: str, names: dict[str, str]) -> None:
    """Windows of body points, cut within each action and split by time: the last quarter of each is the test."""
    with gzip.open(DATA / "pose_actions" / file, "rt") as stream:
        next(stream)
        lines = [line.strip().split(",") for line in stream]
    held: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    for label, block in itertools.groupby(lines, key=lambda line: line[-1]):
        frames = [[float(v) for v in line[:-1]] for line in block]
        ends = [0, int(0.6 * len(frames)), int(0.75 * len(frames)), len(frames)]
        for part, (begin, end) in zip(held, itertools.pairwise(ends), strict=True):
            part += [
                {"track": frames[i : i + WINDOW], "label": names.get(label, label)}
                for i in range(begin, end - WINDOW + 1)
            ]
    compared(runs, name, held, frames=len(lines))


# ---- scikit-learn's digits

PIXELS: dict[str, Row] = {
    "one-to-one": {"reads": "whole", "conv": (32, 64), "hidden_size": 128, "epochs": 40},
    "rows": {"reads": "rows", "hidden_size": 128, "num_layers": 1, "bidirectional": True, "epochs": 40},
}


def pictures_of_digits(runs: Path) -> None:
    """8 x 8 pixels, whole in one step, and a row after another; five seeds of a stratified split."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    loaded = load_digits()
    for way, options in PIXELS.items():
        right, spent = [], 0.0
        for seed in range(5):
            parts = train_test_split(
                loaded.images, loaded.target, test_size=0.2, stratify=loaded.target, random_state=seed
            )
            train, test = (
                [{"image": image, "label": str(label)} for image, label in zip(*parts[k::2], strict=True)]
                for k in (0, 1)
            )
            model, seconds = fitted(
                runs, f"digits-{way}-{seed}", "classify", train, input="image", codec="image", output="label",
                cell="gru", dropout=0.3, augment=0.3, batch_size=32, lr=2e-3, schedule="one-cycle", valid=0.1,
                seed=seed, **options,
            )  # fmt: skip
            right.append(
                accuracy(model.predict([row["image"] for row in test]), (row["label"] for row in test))
            )
            spent += seconds
        keep(
            f"digits-{way}", accuracy=rounded(float(np.mean(right)), 4), by_seed=right, form=model.plan["form"],
            test=len(test), minutes=minutes(spent),
        )  # fmt: skip


# ---- lines of text

LINES: Row = {
    "cell": "gru",
    "hidden_size": 192,
    "num_layers": 2,
    "bidirectional": True,
    "conv": (16, 32),
    "reads": "columns",
    "height": 32,
    "window": 9,
    "hop": 3,
    "color": False,
    "dropout": 0.3,
    "augment": 0.3,
    "batch_size": 32,
    "epochs": 5,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "input": "image",
    "output": "text",
}
CAROLINE: Row = {
    **LINES,
    "height": 40,
    "window": 12,
    "hop": 4,
    "dropout": 0.4,
    "augment": 0.8,
    "batch_size": 8,
    "epochs": 70,
    "input": "file",
}
HELD_OUT_SCRIBES = ("bsb00046500", "bsb00065411", "bsb00095929")
HELD_OUT_PAGE = ("bsb00071369", "0002-2")  # its scribe's other page is learned from


def spoken_lines(count: int, part: tuple[float, float], fonts: Sequence[str], seed: int) -> list[Row]:
    """Pictures of words from a part of Shakespeare, in these fonts in turn."""
    whole = gzip.decompress((DATA / "tinyshakespeare" / "input.txt.gz").read_bytes()).decode()
    words = re.sub(r"[^A-Za-z0-9.,;:!?'\- ]", " ", whole).split()
    words = words[int(part[0] * len(words)) : int(part[1] * len(words))]
    rng, found = np.random.default_rng(seed), []
    for i in range(count):
        begin, many = rng.integers(len(words) - 6), rng.integers(2, 7)
        text = " ".join(words[begin : begin + many])
        if rng.random() < 0.2:
            text += f" {rng.integers(1, 3000)}"
        font = fonts[i % len(fonts)]
        found.append({"image": made.line_image(text, font, rng), "text": text, "font": font})
    return found


def errors_of(model: Any, rows: Sequence[Row]) -> Row:
    """What is wrong in the texts of these rows."""
    from hitherto import METRICS

    column = str(model.spec.data.input)
    texts = model.predict([row[column] for row in rows])
    true = [[row["text"]] for row in rows]
    return {n: rounded(METRICS[n].compute(texts=texts, references=true), 3) for n in ("cer", "wer")}


def lines(runs: Path) -> None:
    """Printed lines: the fonts that were learned from, and two that were not, of text that is new."""
    train = spoken_lines(6000, (0, 0.8), made.FONTS, 0)
    valid = spoken_lines(300, (0.8, 0.9), made.FONTS, 1)
    model, seconds = fitted(runs, "lines", "transcribe", train, valid, **LINES)
    found = {
        "seen": errors_of(model, spoken_lines(600, (0.9, 1), made.FONTS, 2)),
        **{f: errors_of(model, spoken_lines(200, (0.9, 1), [f], 3)) for f in made.HELD_OUT_FONTS},
    }
    keep("lines", cer=found["seen"]["cer"], by_font=found, training=len(train), minutes=minutes(seconds))


def caroline(runs: Path) -> None:
    """Lines of thirteen manuscripts: one page, and the hands of three scribes, are held out."""
    folder = unpacked(runs, "caroline", DATA / "caroline_lines" / "lines.tar.gz") / "lines"
    held: dict[str, list[Row]] = {"training": [], "valid": [], "page": [], "scribes": []}
    for i, path in enumerate(sorted(folder.glob("*/*/*.bin.png"))):
        text = path.with_name(path.name.replace(".bin.png", ".gt.txt")).read_text(encoding="utf-8").strip()
        scribe, page = path.parts[-3:-1]
        part = "valid" if i % 12 == 0 else "training"
        if scribe in HELD_OUT_SCRIBES:
            part = "scribes"
        elif (scribe, page) == HELD_OUT_PAGE:
            part = "page"
        held[part].append({"file": str(path), "text": text})
    model, seconds = fitted(runs, "caroline", "transcribe", held["training"], held["valid"], **CAROLINE)
    keep(
        "caroline",
        **{f"cer_{part}": errors_of(model, held[part])["cer"] for part in ("page", "scribes")},
        lines={part: len(rows) for part, rows in held.items()},
        characters=sum(len(row["text"]) for row in held["training"]),
        minutes=minutes(seconds),
    )


# ---- video

ACTIVITY: Row = {
    "cell": "gru",
    "hidden_size": 128,
    "num_layers": 1,
    "bidirectional": False,
    "conv": (16, 32, 32),
    "height": 48,
    "width": 48,
    "color": True,
    "dropout": 0.3,
    "batch_size": 16,
    "epochs": 20,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "input": "file",
}
TELLING: Row = {
    **ACTIVITY,
    "bidirectional": True,
    "hidden_size": 192,
    "conv": (16, 32, 48, 64),
    "peaks": True,  # a shape is one wherever it is
    "height": 64,
    "width": 64,
    "dropout": 0.05,
    "epochs": 60,
    "lr": 3e-3,
}


def clips(runs: Path) -> dict[str, list[Row]]:
    """2,000 clips: what moves how in the last 400 was not seen moving so before."""
    folder, rng = runs / "clips", np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    held: dict[str, list[Row]] = {"train": [], "valid": [], "test": []}
    for i in range(2000):
        part = "train" if i < 1400 else "valid" if i < 1600 else "test"
        acts, path = made.clip_acts(rng, held_out=part == "test"), folder / f"{i:04d}.mp4"
        frames = made.clip_frames(acts, rng)
        if not path.exists():
            made.write_clip(path.with_name("part.mp4"), frames)
            path.with_name("part.mp4").rename(path)
        held[part].append({
            "file": str(path), "activity": f"{acts[0][2]}, then {acts[1][2]}", "caption": made.clip_caption(acts)
        })  # fmt: skip
    return held


def frame_by_frame(model: Any, path: str) -> Any:
    """What a stream says at the end that is given the frames of a file one by one."""
    import av

    with model.stream() as stream, av.open(path) as container:
        for frame in container.decode(video=0):
            stream.push(frame.to_ndarray(format="rgb24"))
        row = stream.finish()
    return row.get("label", row.get("text"))


def video(runs: Path, name: str, task: str, output: str, options: Row) -> None:
    """What happens in clips, as files and as streams of frames."""
    held = clips(runs)
    model, seconds = fitted(runs, name, task, held["train"], held["valid"], **options, output=output)
    files = [row["file"] for row in held["test"]]
    given, true = model.predict(files), [row[output] for row in held["test"]]
    live = [frame_by_frame(model, file) for file in files]
    keep(
        name,
        right=accuracy(given, true),
        right_streamed=accuracy(live, true),
        streams_equal_files=accuracy(live, given),
        clips=len(files),
        minutes=minutes(seconds),
    )


# ---- captions

SEEING: Row = {
    "cell": "gru",
    "hidden_size": 256,
    "embedding_size": 128,
    "conv": (32, 64, 96, 128),
    "color": True,
    "dropout": 0.25,
    "augment": 0.3,
    "batch_size": 32,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "input": "file",
    "output": "caption",
}


def twemoji(runs: Path) -> dict[str, list[Row]]:
    """Pictograms and what they are called; all variants of one name lie on one side."""
    folder = DATA / "twemoji_captions"
    images = unpacked(runs, "twemoji", folder / "images.tar.gz") / "images"
    with (folder / "captions.tsv").open(encoding="utf-8", newline="") as file:
        rows = [
            {"file": str(images / r["file"]), "caption": r["caption"]}
            for r in csv.DictReader(file, delimiter="\t")
        ]
    bases = [row["caption"].split(":")[0] for row in rows]
    names = sorted(set(bases))
    part = dict(zip(names, cut_at_random([""] * len(names), (0.8, 0.1, 0.1)), strict=True))
    return {
        kind: [row for row, base in zip(rows, bases, strict=True) if part[base] == k]
        for k, kind in enumerate(("train", "valid", "test"))
    }


def nlvr(runs: Path) -> dict[str, list[Row]]:
    """Scenes and sentences that are true of them; in training in each order of the boxes that there is."""
    folder = unpacked(runs, "nlvr", DATA / "nlvr" / "images.tar.gz")
    held: dict[str, list[Row]] = {"train": [], "valid": [], "test": []}
    for split in ("dev", "test"):
        with gzip.open(DATA / "nlvr" / f"{split}.json.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        for row in rows:
            if row["label"] != "true":
                continue
            apart = int(row["identifier"].split("-")[0]) % 8 == 0
            part = "test" if split == "test" else "valid" if apart else "train"
            for k in range(3 if part == "train" else 1):
                picture = folder / split / f"{split}-{row['identifier']}-{k}.png"
                held[part].append(
                    {"file": str(picture), "caption": " ".join(row["sentence"].lower().split())}
                )
    return held


def beyond(
    metric: str, ours: Sequence[str], theirs: Sequence[str], true: Sequence[str], draws: int = 100
) -> Row:
    """How far a corpus metric of our texts lies above that of theirs, and the standard error of that by a bootstrap."""
    from hitherto import METRICS

    def value(texts: Sequence[str], rows: Any) -> float:
        return float(
            METRICS[metric].compute(texts=[texts[i] for i in rows], references=[[true[i]] for i in rows])
        )

    rng, N = np.random.default_rng(0), len(true)
    apart = []
    for _ in range(draws):
        rows = rng.integers(N, size=N).tolist()
        apart.append(value(ours, rows) - value(theirs, rows))
    gain = value(ours, range(N)) - value(theirs, range(N))
    return {"above": rounded(gain, 3), "standard_error": rounded(float(np.std(apart)), 3)}


def captions(runs: Path, name: str, held: dict[str, list[Row]], **options: Any) -> None:
    """Captions beside the most frequent one, and beside that of the nearest picture."""
    from hitherto import METRICS
    from hitherto.codecs.image import ImageCodec

    train, test = held["train"], held["test"]
    model, seconds = fitted(runs, name, "caption", train, held["valid"], **SEEING, **options)
    true = [row["caption"] for row in test]
    small = ImageCodec.fit((row["file"] for row in train), height=24, width=options["width"] // 2, color=True)
    seen = [np.array([small.encode(row["file"])[0] for row in part]) for part in (train, test)]
    said = {
        "model": model.predict([row["file"] for row in test]),
        "most_frequent": [most_frequent(row["caption"] for row in train)] * len(test),
        "nearest": [train[i]["caption"] for i in nearest(*seen)],
    }
    scores = {
        way: {
            n: rounded(METRICS[n].compute(texts=t, references=[[r] for r in true]), 3)
            for n in ("bleu", "chrf")
        }
        for way, t in said.items()
    }
    keep(
        name,
        **scores["model"],
        baselines={way: scores[way] for way in ("most_frequent", "nearest")},
        beyond={
            way: {n: beyond(n, said["model"], said[way], true) for n in ("bleu", "chrf")}
            for way in ("most_frequent", "nearest")
        },
        examples=[[said["model"][i], true[i]] for i in range(0, len(true), max(1, len(true) // 6))][:6],
        training=len(train),
        test=len(test),
        minutes=minutes(seconds),
    )


def caption_limits(runs: Path) -> None:
    """How far captions of training can go on pictograms with new names, whoever chooses among them, and their words."""
    from hitherto import METRICS
    from hitherto.codecs.image import ImageCodec

    started, held = time.perf_counter(), twemoji(runs)
    train, test = held["train"], held["test"]
    small = ImageCodec.fit((row["file"] for row in train), height=24, width=24, color=True)
    near = nearest(*(np.array([small.encode(row["file"])[0] for row in part]) for part in (train, test)))
    words = [[set(row["caption"].split()) for row in part] for part in (train, test)]
    known = set().union(*words[0])
    # The share of words that two captions have in common, of every training caption with each of the test's.
    alike = np.array([[2 * len(a & b) / (len(a) + len(b)) for a in words[0]] for b in words[1]])
    best = alike.argmax(1)
    texts, true = [train[i]["caption"] for i in best], [[row["caption"]] for row in test]
    keep(
        "twemoji-limits",
        unseen=rounded(float(np.mean([bool(own - known) for own in words[1]])), 3),
        nearest_is_best=rounded(float(np.mean(alike[np.arange(len(test)), near] >= alike.max(1))), 3),
        best={n: rounded(METRICS[n].compute(texts=texts, references=true), 3) for n in ("bleu", "chrf")},
        test=len(test),
        minutes=minutes(time.perf_counter() - started),
    )


# ---- music

CHORALES: Row = {
    "cell": "lstm",
    "hidden_size": 512,
    "num_layers": 1,
    "dropout": 0.6,
    "average": 0.998,
    "batch_size": 2,
    "epochs": 50,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "output": "roll",
}
CHAIN: Row = {
    **CHORALES,
    "hidden_size": 256,
    "dropout": 0.5,
    "average": 0.0,
    "augment": 1.0,
    "batch_size": 8,
    "epochs": 150,
    "lr": 3e-3,
}


def chorales(runs: Path, head: str) -> None:
    """Bach's chorales in quarters: how surprising the next step is, and a minute of music that goes on from nothing."""
    from hitherto.report import piano_roll

    with gzip.open(DATA / "jsb_chorales" / "jsb-chorales-quarter.json.gz", "rt") as file:
        held = {part: [{"roll": roll} for roll in rolls] for part, rolls in json.load(file).items()}
    name = f"chorales-{head}"
    options = {"sigmoid": CHORALES, "chain": CHAIN}[head]
    model, seconds = fitted(runs, name, "compose", held["train"], held["valid"], **options, head=head)
    weights = sum(int(np.prod(t.shape)) for t in model.tensors.values())
    keep(
        name,
        nats=rounded(model.evaluate(held["test"])["nats"], 4),
        validation=rounded(model.metrics["nats"], 4),
        weights=weights,
        chorales=len(held["test"]),
        minutes=minutes(seconds),
    )
    if head == "chain":
        roll = model.generate(steps=120, temperature=0.9, voices=4, seed=1)
        score = model.codecs["steps"].score(roll, tempo=120)
        MUSIC.write_text(piano_roll.draw(score), encoding="utf-8")
        say(f"a minute of music is {MUSIC}")


# ---- a pen that writes

READING: Row = {
    "cell": "gru",
    "hidden_size": 128,
    "num_layers": 2,
    "bidirectional": True,
    "dropout": 0.3,
    "augment": 0.3,
    "batch_size": 32,
    "epochs": 12,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "input": "strokes",
    "output": "text",
}
WRITING: Row = {
    "cell": "lstm",
    "hidden_size": 256,
    "num_layers": 2,
    "embedding_size": 48,
    "mixtures": 20,
    "components": 10,
    "dropout": 0.1,
    "batch_size": 32,
    "epochs": 20,
    "lr": 3e-3,
    "schedule": "one-cycle",
    "clip": 1.0,
    "input": "text",
    "output": "strokes",
}
BIAS = 2.0


def handwriting(runs: Path) -> None:
    """What a model writes is read by another, which never saw anything but the true hand."""
    from hitherto.report import drawings

    rows = list(made.handwriting(8000, 0))
    train, valid, test = rows[:7000], rows[7000:7500], rows[7500:]
    reader, spent = fitted(runs, "pen-reader", "transcribe", train, valid, **READING)
    keep("pen-reader", cer=errors_of(reader, test)["cer"], strings=len(test), minutes=minutes(spent))
    writer, seconds = fitted(runs, "pen-writer", "handwrite", train, valid, **WRITING)
    said = [row["text"] for row in test]
    drawn = [writer.generate(text, bias=BIAS, seed=i) for i, text in enumerate(said)]
    found = [{"strokes": d, "text": t} for d, t in zip(drawn, said, strict=True)]
    keep(
        "pen-writer",
        cer=errors_of(reader, found)["cer"],
        nats=rounded(writer.evaluate(test)["nats"], 4),
        bias=BIAS,
        strings=len(found),
        minutes=minutes(seconds),
    )
    LETTERS.write_text(drawings.draw(drawn[:24], columns=4, labels=said[:24], size=220), encoding="utf-8")
    say(f"what it wrote is {LETTERS}")


KANJI: Row = {
    "hidden_size": 320,
    "num_layers": 1,
    "mixtures": 20,
    "dropout": 0.2,
    "batch_size": 64,
    "epochs": 9,
    "lr": 3e-3,
    "schedule": "one-cycle",
    "output": "strokes",
}
CELLS: dict[str, Row] = {"lstm": {}, "gru": {}, "rnn": {"epochs": 25, "lr": 1e-3}}


def gaussian(rows: Array, given: Array, of: Array, of_given: Array) -> float:
    """Nats a row of moves [N, 2] that a Gaussian says whose mean is linear in what is given."""
    weights, *_ = np.linalg.lstsq(given, rows, rcond=None)
    rest = rows - given @ weights
    covariance = rest.T @ rest / len(rest)
    off = of - of_given @ weights
    square = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off)
    return float(np.mean(0.5 * (square + np.linalg.slogdet(2 * np.pi * covariance)[1])))


def bits_said(before: Array, bits: Array, of_before: Array, of_bits: Array, kinds: int) -> float:
    """Nats of bits whose probability is the share that followed the same kind in training."""
    ones = np.bincount(before, bits, kinds) + 0.5
    p = (ones / (np.bincount(before, minlength=kinds) + 1))[of_before]
    return float(-np.mean(np.where(of_bits > 0, np.log(p), np.log(1 - p))))


def plain_pens(train: Sequence[Array], test: Sequence[Array]) -> Row:
    """Nats a point, but the first, of two plain models: one Gaussian, and one that is linear in the last two points."""

    def laid_out(drawings: Sequence[Array]) -> tuple[Array, ...]:
        now, before, pens, ends = [], [], [], []
        for rows in drawings:
            padded = np.concatenate([np.zeros((1, 3)), rows])
            now.append(rows[1:])
            before.append(np.concatenate([padded[1:-1], padded[:-2]], 1))
            pens.append((rows[:-1, 2] + 2 * padded[:-2, 2]).astype(int))
            ends.append(np.arange(1, len(rows)) == len(rows) - 1)
        return tuple(np.concatenate(part) for part in (now, before, pens, ends))

    (y, x, pens, ends), (of_y, of_x, of_pens, of_ends) = laid_out(train), laid_out(test)
    one, of_one = (np.ones((len(rows), 1)) for rows in (y, of_y))
    nothing, of_nothing = (np.zeros(len(rows), int) for rows in (y, of_y))
    return {
        "gaussian": rounded(
            gaussian(y[:, :2], one, of_y[:, :2], of_one)
            + bits_said(nothing, y[:, 2], of_nothing, of_y[:, 2], 1)
            + bits_said(nothing, ends, of_nothing, of_ends, 1), 4),
        "order_2": rounded(
            gaussian(y[:, :2], np.concatenate([one, x], 1), of_y[:, :2], np.concatenate([of_one, of_x], 1))
            + bits_said(pens, y[:, 2], of_pens, of_y[:, 2], 4)
            + bits_said(y[:, 2].astype(int), ends, of_y[:, 2].astype(int), of_ends, 2), 4),
    }  # fmt: skip


def odd_strokes(drawings: Sequence[Any], reach: float) -> float:
    """The share of strokes that are nothing, or go where no true drawing is."""
    from hitherto.media import pens

    parts = [part for drawing in drawings for part in pens.points(drawing)]
    bad = [len(p) < 2 or not np.isfinite(p).all() or np.abs(p).max() > 2 * reach for p in parts]
    return rounded(float(np.mean(bad)), 3)


def kanji(runs: Path, cell: str) -> None:
    """Characters that no one told it: how well the next point is known, and whether what is drawn is strokes."""
    from hitherto.media import pens
    from hitherto.report import drawings

    held = {}
    for part in ("train", "valid", "test"):
        with gzip.open(DATA / "kanji_strokes" / f"short_kanji.{part}.jsonl.gz", "rt") as file:
            held[part] = [{"strokes": json.loads(line)} for line in file]
    model, seconds = fitted(
        runs,
        f"kanji-{cell}",
        "handwrite",
        held["train"],
        held["valid"],
        **{**KANJI, **CELLS[cell]},
        cell=cell,
    )
    codec = model.codecs["steps"]
    own = {part: [codec.encode(row["strokes"]) for row in held[part]] for part in ("train", "test")}
    true = [row["strokes"] for row in held["train"]]
    reach = max(float(np.abs(p).max()) for drawing in true for p in pens.points(drawing))
    drawn = [model.generate(seed=i, steps=150, temperature=0.8) for i in range(256)]
    keep(
        f"kanji-{cell}",
        nats=rounded(model.evaluate(held["test"])["nats"], 4),
        baselines=plain_pens(own["train"], own["test"]),
        invalid_strokes=odd_strokes(drawn, reach),
        invalid_strokes_of_the_data=odd_strokes(true, reach),
        drawings=len(drawn),
        minutes=minutes(seconds),
    )
    if cell == "lstm":
        SHEET.write_text(drawings.draw(drawn[:64], columns=8, size=80), encoding="utf-8")
        say(f"the sheet is {SHEET}")


BENCHMARKS: dict[str, Callable[[Path], None]] = {
    "fsdd-digits": digits,
    "fsdd-strings-files": lambda runs: strings(runs, "files"),
    "fsdd-strings-streaming": lambda runs: strings(runs, "streaming", bidirectional=False),
    "fsdd-speakers": speakers,
    "omniglot": omniglot,
    "gestures": gestures,
    "poses": lambda runs: poses(runs, "poses", "data.csv.gz", {}),
    "poses-in-rooms": lambda runs: poses(
        runs,
        "poses-in-rooms",
        "data_under_scene.csv.gz",
        {"0": "stand", "1": "walk", "2": "operate", "3": "fall"},
    ),
    "digits": pictures_of_digits,
    "lines": lines,
    "caroline": caroline,
    "activity": lambda runs: video(runs, "activity", "classify", "activity", ACTIVITY),
    "telling": lambda runs: video(runs, "telling", "caption", "caption", TELLING),
    "twemoji": lambda runs: captions(runs, "twemoji", twemoji(runs), height=48, width=48, epochs=50),
    "twemoji-limits": caption_limits,
    "nlvr": lambda runs: captions(runs, "nlvr", nlvr(runs), height=32, width=128, epochs=25),
    "chorales-sigmoid": lambda runs: chorales(runs, "sigmoid"),
    "chorales-chain": lambda runs: chorales(runs, "chain"),
    "handwriting": handwriting,
    **{f"kanji-{cell}": functools.partial(kanji, cell=cell) for cell in CELLS},
}


def main(argv: Sequence[str] | None = None) -> int:
    return common.run_named(__doc__ or "", BENCHMARKS, "senses.run", argv)


if __name__ == "__main__":
    sys.exit(main())
