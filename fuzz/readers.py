"""Data from a stranger: files of every format that is read, changed, and read as a training reads them."""

import gzip
import io
import json
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from mutate import NUMBERS, Pool, data, document

from hitherto.codecs import CODECS
from hitherto.data import read, texts
from hitherto.data.series import gather
from hitherto.errors import HithertoError
from hitherto.media.midi import Score, read_midi, write_midi
from hitherto.media.pictures import png
from hitherto.spec import from_options, with_defaults
from hitherto.spec.tasks import TASKS
from hitherto.tasks.families import FAMILIES

__all__ = ["Files"]

Use = Callable[[Path, Random], Any]


@dataclass(frozen=True, slots=True)
class File:
    """How it is called, what it holds, and what reads it: a task with these options, or a codec."""

    name: str
    holds: bytes
    tasks: tuple[tuple[str, dict[str, Any]], ...] = ()
    codec: str | None = None
    weight: float = 1.0


@dataclass(slots=True)
class Case:
    file: File
    holds: bytes
    name: str
    how: dict[str, Any] = field(default_factory=dict)


_REVIEWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("classify", {"input": "text", "output": "label"}),
    ("classify", {}),
    ("lm", {"input": "text", "tokens": "chars"}),
)
_SERIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("forecast", {"time": "ds", "output": "y", "horizon": 2}),
    ("forecast", {"id": "unique_id", "time": "ds", "output": ("y", "z"), "horizon": 2, "known": ("z",)}),
    ("forecast", {"id": "unique_id", "time": "ds", "horizon": 2}),
    ("classify", {"id": "unique_id", "time": "ds", "input": ("y", "z"), "output": "unique_id"}),
)
_PAIRS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("translate", {"tokens": "words"}),
    ("answer", {"input": "source", "output": "target", "tokens": "words"}),
)


def _table(rows: list[dict[str, Any]], delimiter: str) -> bytes:
    head = delimiter.join(rows[0])
    return "\n".join([head, *(delimiter.join(str(v) for v in row.values()) for row in rows), ""]).encode()


def _lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _reviews() -> list[dict[str, Any]]:
    return [
        {"text": f"a {w} film no {i}", "label": s, "n": i}
        for i in range(8)
        for w, s in (("good", "+"), ("bad", "-"))
    ]


def _days() -> list[dict[str, Any]]:
    return [
        {"unique_id": s, "ds": f"2021-{1 + t // 28:02}-{1 + t % 28:02}", "y": (t * 7) % 11 + 0.5, "z": t % 3}
        for s in ("a", "b")
        for t in range(30)
    ]


def _pairs() -> list[dict[str, Any]]:
    return [
        {"source": f"ein {w} {i}", "target": f"{i} {w.upper()}"} for i in range(6) for w in ("hund", "haus")
    ]


def _texts() -> Iterator[File]:
    reviews, days, pairs = _reviews(), _days(), _pairs()
    yield File("reviews.csv", _table(reviews, ","), _REVIEWS, weight=3)
    yield File("reviews.tsv", _table(reviews, "\t"), _REVIEWS, weight=2)
    yield File(
        "quoted.csv", b'text,label\n"a, ""b""\nc",x\n"d",y\n' * 1 + b'"e",x\nf,y\n' * 4, _REVIEWS, weight=2
    )
    yield File("semi.csv", _table(reviews, ";"), _REVIEWS)
    yield File(
        "headless.csv",
        _table(reviews, ",").split(b"\n", 1)[1],
        (("classify", {"input": "1", "output": "2"}),),
    )
    yield File("days.csv", _table(days, ","), _SERIES, weight=3)
    hours = [
        {**row, "ds": f"2021-03-0{1 + t // 24} {t % 24:02}:00:00+01:00"} for t, row in enumerate(days[:60])
    ]
    yield File("hours.csv", _table(hours, ","), _SERIES, weight=2)
    yield File("numbers.csv", _table([{**row, "ds": t} for t, row in enumerate(days)], ","), _SERIES)
    yield File(
        "slashes.csv",
        _table([{**r, "ds": f"{1 + t % 12}/{1 + t % 28}/2021"} for t, r in enumerate(days)], ","),
        _SERIES,
    )
    yield File(
        "months.csv",
        _table([{**r, "ds": f"{2000 + t // 12}-{1 + t % 12:02}"} for t, r in enumerate(days)], ","),
        _SERIES,
    )
    yield File("days.jsonl", _lines(days), _SERIES, weight=2)
    yield File("reviews.jsonl", _lines(reviews), _REVIEWS, weight=2)
    yield File("reviews.json", json.dumps(reviews).encode(), _REVIEWS, weight=2)
    yield File("pairs.tsv", _table(pairs, "\t"), _PAIRS)
    yield File("pairs.jsonl", _lines(pairs), _PAIRS)
    tagged = [{"tokens": ["ann", "met", "bob"], "tags": ["P", "O", "P"]}] * 6
    yield File("tagged.jsonl", _lines(tagged), (("tag", {"input": "tokens", "output": "tags"}), ("tag", {})))
    talks = [{"turns": ["hello", "hi", "how are you?", "well"]}] * 6
    yield File("talks.jsonl", _lines(talks), (("chat", {"input": "turns", "tokens": "words"}),))
    tunes = [{"roll": [[60 + i, 64], [], [62]] * 4} for i in range(6)]
    yield File("tunes.jsonl", _lines(tunes), (("compose", {"output": "roll"}), ("compose", {})))
    inked = [{"strokes": [[[0, 0], [1, i], [2, 1]], [[3, 1], [4, 4]]], "text": "ab"} for i in range(8)]
    hands = (
        ("handwrite", {"input": "text", "output": "strokes"}),
        ("transcribe", {"input": "strokes", "output": "text"}),
    )
    yield File(
        "inked.jsonl", _lines(inked), (*hands, ("classify", {"input": "strokes", "output": "text"})), weight=2
    )
    conll = "\n".join(
        "\n".join(f"{w} NN {t}" for w, t in (("ann", "B-P"), ("met", "O"), ("bob", "B-P"))) + "\n"
        for _ in range(6)
    )
    yield File("words.conll", conll.encode(), (("tag", {}), ("tag", {"input": "1", "output": "3"})), weight=2)
    conllu = (
        "# text = a\n" + "1\tann\tann\tPROPN\t_\t_\t0\troot\t_\t_\n2\tmet\tmeet\tVERB\t_\t_\t1\tdep\t_\t_\n\n"
    )
    yield File("words.conllu", (conllu * 6).encode(), (("tag", {}), ("tag", {"input": "2", "output": "4"})))
    prose = b"The cat sat on the mat.\nThe dog, the log: \xc3\xa9t\xc3\xa9 \xf0\x9f\xa6\x86.\n" * 6
    lms: tuple[tuple[str, dict[str, Any]], ...] = (
        ("lm", {"tokens": "chars"}),
        ("lm", {"tokens": "words"}),
        ("lm", {"tokens": "bytes", "layout": "lines"}),
    )
    yield File("prose.txt", prose, lms, weight=2)
    yield File("wide.txt", prose.decode().encode("utf-16"), lms)
    yield File("noname", prose, lms)
    yield File("reviews.csv.gz", _table(reviews, ","), _REVIEWS)
    yield File("prose.txt.gz", prose, lms)


def _parquets() -> Iterator[File]:
    if find_spec("polars") is None:
        return
    import datetime as dt

    import polars as pl

    odd = [
        {"text": f"t {i}", "label": "ab"[i % 2], "d": dt.date(2021, 1, 1 + i), "n": i, "l": [i, None],
         "s": {"a": i}, "b": b"\xff", "f": [[0.5]], "e": None}
        for i in range(8)
    ]  # fmt: skip
    for name, rows in (("odd", odd), ("days", _days()), ("reviews", _reviews())):
        file = io.BytesIO()
        pl.DataFrame(rows).write_parquet(file)
        tasks = {
            "odd": (*_REVIEWS, ("forecast", {"time": "d", "output": "n", "horizon": 1})),
            "days": _SERIES,
        }
        # Another process reads each of them first, which takes longer than all else here.
        yield File(f"{name}.parquet", file.getvalue(), tasks.get(name, _REVIEWS), weight=0.3)


def _sounds() -> Iterator[File]:
    wave_ = (np.sin(np.arange(900) / 9) * 9000).astype("<i2")
    for width, channels in ((1, 1), (2, 1), (2, 2), (3, 1), (4, 2)):
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setparams((channels, width, 2000, 0, "NONE", ""))
            out.writeframes(wave_.tobytes()[: 600 * width])
        yield File(f"a{width}{channels}.wav", file.getvalue(), codec="audio")
    if find_spec("soundfile") is None:
        return
    import soundfile

    for kind, subtype in (
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("MP3", "MPEG_LAYER_III"),
    ):
        file = io.BytesIO()
        soundfile.write(file, wave_ / 32768, 8000, format=kind, subtype=subtype)
        yield File(f"a-{subtype}.{kind.lower()}", file.getvalue(), codec="audio", weight=0.5)


def _pictures() -> Iterator[File]:
    picture = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    yield File("a.png", png(picture), codec="image")
    if find_spec("PIL") is None:
        return
    from PIL import Image

    image = Image.fromarray(picture)
    for kind in ("png", "jpeg", "bmp", "gif", "webp", "tiff", "ppm"):
        for mode in ("RGB", "L", "P"):
            file = io.BytesIO()
            try:
                image.convert(mode).save(file, kind)
            except (OSError, ValueError):
                continue
            yield File(f"a{mode}.{kind}", file.getvalue(), codec="image", weight=0.3)
    for kind in ("gif", "webp", "png"):
        file = io.BytesIO()
        image.save(file, kind, save_all=True, append_images=[image.rotate(90), image], duration=40)
        yield File(f"moving.{kind}", file.getvalue(), codec="frames", weight=0.4)


def _videos() -> Iterator[File]:
    if find_spec("av") is None:
        return
    import av

    for kind, codec in (("mp4", "mpeg4"), ("avi", "mjpeg"), ("mkv", "mpeg4"), ("mov", "mpeg4")):
        file = io.BytesIO()
        with av.open(file, "w", format={"mkv": "matroska"}.get(kind, kind)) as out:
            stream: Any = out.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = (
                16,
                16,
                "yuvj420p" if codec == "mjpeg" else "yuv420p",
            )
            for t in range(4):
                frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 60 * t, np.uint8), format="rgb24")
                out.mux(stream.encode(frame))
            out.mux(stream.encode())
        yield File(f"a.{kind}", file.getvalue(), codec="frames", weight=0.25)


def _pens(folder: Path) -> Iterator[File]:
    strokes = [[[0, 0], [1, 2], [3, 3]], [[5, 5], [6, 5]]]
    yield File("a.strokes.json", json.dumps(strokes).encode(), codec="strokes")
    yield File(
        "a.strokes.txt", b"START\n0,0,0\n1,2,5\n3,3,9\nBREAK\n5,5,12\n6,5,20\nBREAK\n", codec="strokes"
    )
    svg = '<svg xmlns="x"><g><path d="M0 0 L1 2 c1,1 2,2 3,3 Q4 4 5 5 T6 6 S1 2 3 4 h3 v-2 z"/>'
    svg += '<polyline points="0,0 1,1 2,0"/></g></svg>'
    yield File("a.svg", svg.encode(), codec="strokes", weight=2)
    ink = "<ink><trace>0 0, 1 2, 3 3</trace><trace>5 5, 6 5</trace></ink>"
    yield File("a.inkml", ink.encode(), codec="strokes")
    write_midi(
        folder / "a.mid",
        Score(np.array([[0.0, 1.0, 60.0, 80, 0], [1.0, 0.5, 64.0, 80, 0], [1.0, 2.0, 67.0, 80, 0]]), 100.0),
    )
    yield File("a.mid", (folder / "a.mid").read_bytes(), codec="notes", weight=2)
    yield File(
        "roll.json", json.dumps({"step": 0.25, "roll": [[60, 64], [], [62]] * 3}).encode(), codec="notes"
    )


_CELLS = [
    "",
    " ",
    "-",
    "1e999",
    "-1e400",
    "nan",
    "inf",
    "²",
    "٣",
    "1_000",
    "0x10",
    "1,5",
    "1.5.2",
    "9" * 400,
    "9" * 5000,
    "true",
]
_CELLS += [
    "2021-13-45",
    "0000-00-00",
    "99999-01-01",
    "2021-02-30 25:61",
    "2021-01-01T00:00:00+99:00",
    "13/13/2021",
    "1/2/03",
]
_CELLS += [
    "2021-W05",
    "2021Q3",
    "Jan 2001",
    "1969-12-31",
    "-0001-01-01",
    "2021-01-01 00:00:00.123456789123",
    "253402300800",
]
_CELLS += [
    '"',
    '""',
    '"a',
    'a"b',
    "a,b",
    "\t",
    "\r",
    "\r\n",
    "\0",
    "\ufeff",
    "\u2028",
    "é" * 50,
    "a" * 70_000,
    "[1, 2]",
    "{}",
    "[[",
    "null",
]
_CELLS += [
    "9007199254740993",
    "-9223372036854775808",
    "9223372036854775807",
    "1e-320",
    "../x",
    "/dev/zero",
    "/dev/stdin",
    ".",
]
_LINES = [
    b"",
    b"\n\n\n",
    b",,,,,,,,,,,,",
    b'"',
    b"#",
    b"# x = y",
    b"\xff\xfe",
    b"{",
    b"[]",
    b"{}",
    b"null",
    b"[1]",
    b'{"text": {"a": 1}}',
    b"a" * 100_000,
]


class Files:
    """Mutated files: tables and texts as tasks prepare them, sounds, pictures, pens, notes and videos as codecs do."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "case"
        found = [*_texts(), *_parquets(), *_sounds(), *_pictures(), *_videos(), *_pens(folder)]
        self.files, self.weights = found, [file.weight for file in found]
        self.pool = Pool()
        for file in found:
            for line in file.holds.splitlines() if file.name.endswith("jsonl") else ():
                self.pool.add(json.loads(line), "")
            try:  # what it imports is there before a process forks
                self.run(Case(file, file.holds, file.name), Random(0))
            except HithertoError:
                continue

    def make(self, random: Random) -> Case:
        file = random.choices(self.files, self.weights)[0]
        name, holds = file.name, file.holds
        for _ in range(random.choice((1, 1, 2, 3))):
            holds = self._changed(random, file, holds)
        if name.endswith(".gz"):
            # What grows a thousandfold; tests/test_textfile.py has one that the bound on that refuses.
            holds = gzip.compress(b"a" * (1 << 24) if random.random() < 0.01 else holds, 1)
            if random.random() < 0.4:
                holds = data(random, holds)
        if random.random() < 0.04:
            name = random.choice(self.files).name
        how: dict[str, Any] = {}
        if random.random() < 0.1:
            how["header"] = random.random() < 0.5
        if random.random() < 0.05:
            how["delimiter"] = random.choice((",", "\t", ";", "|", " ", '"', "\n", "", "ab"))
        if random.random() < 0.05:
            how["encoding"] = random.choice(
                (
                    "utf-8",
                    "latin-1",
                    "utf-16",
                    "utf-32",
                    "ascii",
                    "cp1252",
                    "idna",
                    "rot13",
                    "base64",
                    "utf-7",
                    "x",
                )
            )
        return Case(file, holds, name, how)

    def run(self, case: Case, random: Random) -> int:
        path = self.path.with_name(case.name)
        path.write_bytes(case.holds)
        if case.file.codec is not None and case.name == case.file.name:
            self._codec(case.file.codec, path, random)
            return 0
        self._table(case, path, random)
        return 0

    def save(self, case: Case, folder: Path) -> None:
        (folder / case.name).write_bytes(case.holds)
        (folder / "how.txt").write_text(f"made from {case.file.name}, read with {case.how}\n")

    # ---- what is changed

    def _changed(self, random: Random, file: File, holds: bytes) -> bytes:
        plain = file.name.endswith(
            (".csv", ".tsv", ".jsonl", ".json", ".txt", ".conll", ".conllu", ".gz", ".svg", ".inkml")
        )
        if not plain or random.random() < 0.3:
            return data(random, holds)
        lines = holds.split(b"\n")
        at, way = random.randrange(len(lines)), random.random()
        if way < 0.12:
            lines.insert(at, random.choice(_LINES))
        elif way < 0.2:
            del lines[at]
        elif way < 0.25:
            lines[at:at] = [lines[at]] * random.choice((1, 2, 300))
        elif way < 0.3:
            lines.insert(random.randrange(len(lines)), lines[at])
        elif file.name.endswith((".jsonl", ".json")):
            try:
                value = {"": json.loads(lines[at])}
                document(random, value, self.pool)
                lines[at] = json.dumps(value.get("")).encode()
            except ValueError:
                lines[at] = data(random, lines[at])
        else:
            lines[at] = _recelled(random, lines[at])
        return b"\n".join(lines)

    # ---- what reads it

    def _codec(self, kind: str, path: Path, random: Random) -> None:
        if kind == "notes" and random.random() < 0.3:
            read_midi(path)
        codec = CODECS[kind].fit([str(path)] * random.choice((1, 2)))
        codec.encode(str(path))
        if random.random() < 0.2:
            raw = codec.raw(path)
            codec.augmented(raw, np.random.default_rng(0), 0.5)

    def _table(self, case: Case, path: Path, random: Random) -> None:
        way = random.random()
        if way < 0.25 or not case.file.tasks:
            table = read(path, **case.how)
            table.kinds()
            rows = table.head(40)
            if way < 0.1 and len(table.columns) > 2:
                gather(rows, target=table.columns[2:], time=table.columns[1])
        elif way < 0.3:
            for _ in texts(path, encoding=case.how.get("encoding")):
                pass
        else:
            task, options = random.choice(case.file.tasks)
            spec = from_options(task, str(path), None, hidden_size=4, **options, **case.how)
            source, examples, _ = FAMILIES[TASKS[task].source].source.prepare(
                with_defaults(spec), str(path), None, {}
            )
            source.choose(examples)
            source.inputs()
            source.head()


def _recelled(random: Random, line: bytes) -> bytes:
    """A line of a table with another cell."""
    mark = next((m for m in (b"\t", b";", b",", b" ") if m in line), b",")
    cells = line.split(mark)
    at = random.randrange(len(cells))
    way = random.random()
    if way < 0.6:
        cells[at] = random.choice((random.choice(_CELLS), str(random.choice(NUMBERS)))).encode(
            "utf-8", "surrogatepass"
        )
    elif way < 0.7:
        del cells[at]
    elif way < 0.8:
        cells.insert(at, cells[at])
    elif way < 0.9:
        cells[at] = data(random, cells[at])
    else:
        random.shuffle(cells)
    return random.choice((mark, mark, mark, b",", b"\t")).join(cells)
