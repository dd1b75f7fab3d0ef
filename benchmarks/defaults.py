"""The plain command on many sets, with its defaults and nothing else: `python benchmarks/defaults.py [NAME ...]`.

Run it before and after every change of a default. For each set it shows the score of the model on the test split, the
best of the baselines there, fitted on the same training data, and the seconds of the training. Nothing is chosen for a
set: the options are only those that say what is asked, such as columns and a horizon. One row for each training goes to
benchmarks/results/defaults.jsonl.

With --develop no test is read: a series ends where its test would begin, and its last fifth is scored. Defaults of
forecasts are chosen by it.

Each training is a process of its own with a limit of --minutes; what is stopped there is said.
"""

from __future__ import annotations

import argparse
import csv
import functools
import gzip
import itertools
import json
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import common
import numpy as np
import senses
import tasks
import writing
from common import DATA, Row, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RESULTS = common.RESULTS / "defaults.jsonl"


@dataclass(frozen=True)
class Parts:
    """Files of a set, and the options without which its task cannot be told."""

    train: Path | tuple[Path, Path]
    test: Path | tuple[Path, Path]
    options: Row = field(default_factory=dict)
    start: str | None = None  # of a series: the first time to score; `test` is then the whole
    metric: str | None = None  # to compare by, where it is not the first of the task


@dataclass(frozen=True)
class Limits:
    """How much of a set is used: all of it, or so little that a training takes about a minute."""

    folder: Path
    rows: int | None = None
    characters: int | None = None
    steps: int | None = None
    develop: bool = False  # leave the test of a series out, and score what is before it

    def some(self, rows: Sequence[Any], share: float = 1.0) -> list[Any]:
        """At most so many rows, spread evenly."""
        most = len(rows) if self.rows is None else min(len(rows), max(1, int(self.rows * share)))
        return [rows[i] for i in np.linspace(0, len(rows) - 1, most).astype(int)]

    def file(self, name: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / name

    def table(self, name: str, rows: Sequence[Row]) -> Path:
        return writing.write_rows(self.file(f"{name}.jsonl"), rows)

    def both(
        self,
        name: str,
        train: Sequence[Row],
        test: Sequence[Row],
        compared: str | None = None,
        **options: Any,
    ) -> Parts:
        """Rows of two splits, as files."""
        files = [self.table(f"{name}.{s}", self.some(rows)) for s, rows in (("train", train), ("test", test))]
        return Parts(files[0], files[1], options, metric=compared)

    def text(self, name: str, train: str, test: str, **options: Any) -> Parts:
        files = []
        for split, text in (("train", train), ("test", test)):
            files.append(self.file(f"{name}.{split}.txt"))
            most = self.characters if split == "train" or self.characters is None else self.characters // 4
            files[-1].write_text(text[:most], encoding="utf-8", newline="")
        return Parts(files[0], files[1], options)

    def series(self, name: str, rows: Sequence[Row], horizon: int, time: str, **options: Any) -> Parts:
        """The last fifth is the test; the training sees what is before it."""
        rows = rows if self.steps is None else rows[-self.steps :]
        rows = rows[: int(0.8 * len(rows))] if self.develop else rows
        cut = int(0.8 * len(rows))
        files = []
        for split, some in (("train", rows[:cut]), ("whole", rows)):
            files.append(self.file(f"{name}.{split}.csv"))
            with files[-1].open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(some)
        return Parts(files[0], files[1], {"horizon": horizon, "time": time, **options}, str(rows[cut][time]))


# ---- text to labels


def sst2(limits: Limits, most: int | None = None) -> Parts:
    train, test = (
        [{"text": r[0], "label": r[1]} for r in tasks.rows_of(DATA / "sst2" / f"{split}.tsv.gz")]
        for split in ("train", "test")
    )
    few = (
        train if most is None else [train[i] for i in np.random.default_rng(0).permutation(len(train))[:most]]
    )
    return limits.both(f"sst2-{most or 'all'}", few, test, input="text", output="label")


def sms(limits: Limits) -> Parts:
    pairs = list(dict.fromkeys((r[1], r[0]) for r in tasks.rows_of(DATA / "sms_spam" / "sms.tsv.gz")))
    train, test = writing.parted([{"text": t, "label": l} for t, l in pairs], (0.8, 0.2))
    return limits.both("sms", train, test, input="text", output="label")


def topics(limits: Limits) -> Parts:
    """A prompt of a chat, and which of the files of the corpus it is from."""
    with tarfile.open(DATA / "chatterbot_corpus" / "english.tar.gz") as files:
        members = sorted((m for m in files.getmembers() if m.name.endswith(".yml")), key=lambda m: m.name)
        texts = [(Path(m.name).stem, f.read().decode()) for m in members if (f := files.extractfile(m))]
    rows = {
        (prompt := row["turns"][0]["text"]): {"text": prompt, "label": name}
        for name, text in texts
        for row in writing.conversations([text])
    }
    train, test = writing.parted(list(rows.values()), (0.8, 0.2))
    known = {row["label"] for row in train}
    return limits.both(
        "topics", train, [r for r in test if r["label"] in known], input="text", output="label"
    )


def kinds(limits: Limits) -> Parts:
    """A question and the sentence before it, and which of the twenty tasks of bAbI it is from."""
    train, test = (
        [
            {"text": f"{row['story'].split('. ')[-1]} {row['question']}", "label": f"task-{row['task']}"}
            for row in writing.read_rows(path)
        ]
        for path in writing.babi(limits.folder)
    )
    return limits.both("kinds", train[::5], test[::5], input="text", output="label")


# ---- sequences to labels


def natops(limits: Limits) -> Parts:
    train, test = (tasks.natops_rows(split) for split in ("TRAIN", "TEST"))
    return limits.both("natops", train, test, input="x", output="label")


def gestures(limits: Limits) -> Parts:
    """Tracks of a fingertip, cut in time: the last fifth of each kind is the test."""
    with gzip.open(DATA / "hand_gestures" / "point_history.csv.gz", "rt") as file:
        lines = [[float(v) for v in line.split(",")] for line in file]
    rows = [{"track": np.reshape(v[1:], (16, 2)).tolist(), "label": f"kind-{v[0]:.0f}"} for v in lines]
    return _in_time(limits, "gestures", rows)


def poses(limits: Limits) -> Parts:
    with gzip.open(DATA / "pose_actions" / "data.csv.gz", "rt") as stream:
        next(stream)
        lines = [line.strip().split(",") for line in stream]
    rows = []
    for label, block in itertools.groupby(lines, key=lambda line: line[-1]):
        frames = [[float(v) for v in line[:-1]] for line in block]
        rows += [{"track": frames[i : i + 16], "label": label} for i in range(len(frames) - 15)]
    return _in_time(limits, "poses", rows)


def _in_time(limits: Limits, name: str, rows: Sequence[Row]) -> Parts:
    """The last fifth of each label is the test; the windows that reach into it are left out."""
    train: list[Row] = []
    test: list[Row] = []
    for label in sorted({row["label"] for row in rows}):
        alike = [row for row in rows if row["label"] == label]
        cut = int(0.8 * len(alike))
        train, test = train + alike[: max(1, cut - 16)], test + alike[cut:]
    return limits.both(name, train, test, input="track", output="label")


def fsdd(limits: Limits) -> Parts:
    rows = senses.recordings(limits.folder.parent)
    train, valid, test = senses.parts(rows)
    return limits.both("fsdd", train + valid, test, input="file", output="digit")


# ---- tags


def parts_of_speech(limits: Limits) -> Parts:
    """Sentences of the Penn Treebank with tags by a rule of endings, articles and the word before.

    A third of the words of the test, by a hash, are in no sentence of the training.
    """
    closed = {
        **dict.fromkeys(("the", "a", "an", "this", "that", "its", "his", "their"), "DET"),
        **dict.fromkeys(("of", "in", "on", "for", "by", "with", "from", "at", "to", "as"), "ADP"),
        **dict.fromkeys(("is", "was", "are", "were", "be", "has", "had", "have", "will", "would"), "AUX"),
        **dict.fromkeys(("and", "or", "but"), "CONJ"),
        **dict.fromkeys(("it", "he", "she", "they", "we", "i", "who"), "PRON"),
        "N": "NUM",
        "<unk>": "X",
    }
    endings = (
        ("ly", "ADV"),
        ("ing", "VERB"),
        ("ed", "VERB"),
        ("ous", "ADJ"),
        ("al", "ADJ"),
        ("ive", "ADJ"),
        ("able", "ADJ"),
    )

    def tag(word: str, before: str) -> str:
        if word in closed:
            return closed[word]
        if before == "AUX" and word.endswith("s"):
            return "ADJ"
        if before == "PRON":
            return "VERB"
        return next((kind for ending, kind in endings if word.endswith(ending)), "NOUN")

    def row(line: str) -> Row:
        tags: list[str] = []
        for word in line.split():
            tags.append(tag(word, tags[-1] if tags else ""))
        return {"tokens": line.split(), "tags": tags}

    with gzip.open(DATA / "ptb" / "ptb.train.txt.gz", "rt", encoding="utf-8") as file:
        rows = [row(line) for line in file if 4 <= len(line.split()) <= 30]

    def rare(word: str) -> bool:
        return word not in closed and sum(map(ord, word)) % 5 == 0

    test = [r for r in rows if sum(map(rare, r["tokens"])) >= 3][:800]
    train = [r for r in rows if not any(map(rare, r["tokens"]))][:3000]
    return limits.both("parts-of-speech", train, test, input="tokens", output="tags")


def entities(limits: Limits) -> Parts:
    """Sentences made by rule around first names and made-up towns; the test has others than the training."""
    random = np.random.default_rng(0)
    names = [n.capitalize() for n in (DATA / "names" / "names.txt").read_text(encoding="utf-8").split()]
    names = [names[i] for i in random.permutation(len(names))[:3000]]
    towns = [a + b for a in ("North", "Lake", "Ash", "Mill", "Stone", "Clay", "Ford", "Wood")
             for b in ("ton", "ham", "ville", "bury", "field", "port", "wick", "dale")]  # fmt: skip
    towns = [towns[i] for i in random.permutation(len(towns))]
    others = ["June", "Monday", "Market", "Parliament", "Winter", "Reuters"]  # upper case, and no entity
    forms = ("P met P in T", "in T , P and P left", "O in T was cold", "P of T said so", "the O spoke of P",
             "T is near T", "O , said P", "P P went home", "they saw the O in T", "on O P was in T")  # fmt: skip

    def row(people: list[str], places: list[str]) -> Row:
        tokens, tags = [], []
        for word in str(random.choice(forms)).split():
            if word == "P":
                count = int(random.integers(1, 3))
                tokens += [str(random.choice(people)) for _ in range(count)]
                tags += ["B-PER", "I-PER"][:count]
            elif word == "T":
                tokens.append(str(random.choice(places)))
                tags.append("B-LOC")
            else:
                tokens.append(str(random.choice(others)) if word == "O" else word)
                tags.append("O")
        return {"tokens": tokens, "tags": tags}

    train = [row(names[:1500], towns[:40]) for _ in range(1500)]
    test = [row(names[1500:], towns[40:]) if i % 2 else row(names[:1500], towns[:40]) for i in range(600)]
    return limits.both("entities", train, test, input="tokens", output="tags", compared="entity_f1")


# ---- language models


def ptb(limits: Limits) -> Parts:
    train, test = (_lines(DATA / "ptb" / f"ptb.{split}.txt.gz") for split in ("train", "test"))
    return limits.text("ptb", train[:1_000_000], test, tokens="words")


def _lines(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return "".join(" ".join(line.split()) + "\n" for line in file)


def shakespeare(limits: Limits) -> Parts:
    text = gzip.decompress((DATA / "tinyshakespeare" / "input.txt.gz").read_bytes()).decode()
    return limits.text("shakespeare", text[: int(0.95 * len(text))], text[int(0.95 * len(text)) :])


def names(limits: Limits) -> Parts:
    every = (DATA / "names" / "names.txt").read_text(encoding="utf-8").split()
    every = [every[i] for i in np.random.default_rng(0).permutation(len(every))]
    train, test = ("".join(f"{n}\n" for n in part) for part in (every[:29_000], every[29_000:]))
    return limits.text("names", train, test, layout="lines")


# ---- series


def ett(limits: Limits) -> Parts:
    return limits.series("ett", _table("ett/ETTh1.csv.gz")[:14_400], 24, "date")


def _table(name: str, encoding: str = "utf-8") -> list[Row]:
    path = DATA / name
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding, "replace")
    return list(csv.DictReader(text.splitlines()))


def small(limits: Limits, wanted: str) -> Parts:
    """A series by itself."""
    rows, _season, horizon = tasks.SERIES_SETS[wanted]()
    return limits.series(wanted, rows, horizon, "ds", output="y")


def stocks(limits: Limits, name: str, path: str, stock: str, value: str) -> Parts:
    """Many series in one table: the prices of several stocks."""
    rows = [{k: r[k] for k in ("Date", stock, value)} for r in _table(path)]
    days = sorted({r["Date"] for r in rows})
    days = days if limits.steps is None else days[-limits.steps :]
    days = days[: int(0.8 * len(days))] if limits.develop else days
    cut = days[int(0.8 * len(days))]
    rows = [r for r in rows if days[0] <= r["Date"] <= days[-1]]
    limits = Limits(limits.folder)  # days are limited above, not rows
    whole = limits.series(name, rows, 5, "Date", id=stock, output=value)
    early = [r for r in rows if r["Date"] < cut]
    train = limits.series(f"{name}-early", early, 5, "Date").test  # the whole of what is early
    return Parts(train, whole.test, whole.options, cut)


# ---- text to text


def translate(limits: Limits) -> Parts:
    files = writing.multi30k(limits.folder)
    most = {"train": limits.rows or 8000, writing.TEST: min(limits.rows or 500, 500)}
    pairs = []
    for split, count in most.items():
        pair = []
        for language in ("de", "en"):
            lines = files[split, language].read_text(encoding="utf-8").split("\n")[:count]
            pair.append(limits.file(f"multi30k-some.{split}.{language}"))
            pair[-1].write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        pairs.append((pair[0], pair[1]))
    return Parts(pairs[0], pairs[1])


# Set -> its task and how its files are made; small (hundreds of rows), middle and large sets of each kind.
SETS: dict[str, tuple[str, Callable[[Limits], Parts]]] = {
    "sst2-200": ("classify", lambda limits: sst2(limits, 200)),
    "sst2": ("classify", sst2),
    "sms": ("classify", sms),
    "topics": ("classify", topics),
    "kinds": ("classify", kinds),
    "natops": ("classify", natops),
    "gestures": ("classify", gestures),
    "poses": ("classify", poses),
    "fsdd": ("classify", fsdd),
    "parts-of-speech": ("tag", parts_of_speech),
    "entities": ("tag", entities),
    "ptb": ("lm", ptb),
    "shakespeare": ("lm", shakespeare),
    "names": ("lm", names),
    "ett": ("forecast", ett),
    **{name: ("forecast", functools.partial(small, wanted=name)) for name in tasks.SERIES_SETS},
    "stocks": (
        "forecast",
        lambda limits: stocks(limits, "stocks", "stocks/stockdata2.csv.gz", "stock", "value"),
    ),
    "prices": (
        "forecast",
        lambda limits: stocks(limits, "prices", "stocks/dash-stock-ticker-demo.csv.gz", "Stock", "Close"),
    ),
    "translate": ("translate", translate),
}


# ---- one training, in a process of its own


def trained(name: str, limits: Limits, seed: int) -> Row:
    """The scores of a model and of its baselines on the test split."""
    import hitherto
    from hitherto.metrics import METRICS
    from hitherto.tasks.families import family_of
    from hitherto.training.baselines import Measured, advantage

    task, make = SETS[name]
    parts = make(limits)
    out = limits.file(f"{name}-{seed}.safetensors")
    started = time.monotonic()
    model = hitherto.train(task, _data(parts.train), out=out, seed=seed, threads=1, say=say, **parts.options)
    seconds = time.monotonic() - started
    about: Row = {} if parts.start is None else {"start": parts.start}
    if task == "forecast":
        about["stride"] = max(1, parts.options["horizon"] // 2)
    results = model.examine(_data(parts.test), **about)
    family = family_of(task)
    _, training, _ = family.source.prepare(model.spec, _data(parts.train), None, {})
    load: Callable[..., Any] = model.source.load
    held = load(_data(parts.test), **about)
    baselines = dict(family.baselines(model.source, training, held, say))
    shown = [str(parts.metric), *hitherto.TASKS[task].metrics]
    metric = next(m for m in shown if any(m in b.metrics for b in baselines.values()))
    sign = 1 if METRICS[metric].better == "higher" else -1
    best = max(
        (n for n in baselines if metric in baselines[n].metrics),
        key=lambda n: sign * baselines[n].metrics[metric],
    )
    gain, error = advantage(metric, Measured.of(results), Measured.of(baselines[best]))
    return {
        "task": task, "rows": len(training), "metric": metric, "model": common.rounded(results.metrics[metric]),
        "best": best, "best_baseline": common.rounded(baselines[best].metrics[metric]), "gain": common.rounded(gain, 3),
        "error": None if not np.isfinite(error) else common.rounded(error, 2),
        "baselines": {n: common.rounded(b.metrics[metric]) for n, b in baselines.items() if metric in b.metrics},
        "metrics": {n: common.rounded(v) for n, v in results.metrics.items() if np.isfinite(v)},
        "seconds": common.rounded(seconds, 3),
    }  # fmt: skip


def _data(files: Path | tuple[Path, Path]) -> Any:
    return tuple(map(str, files)) if isinstance(files, tuple) else str(files)


# ---- the whole


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"sets: {', '.join(SETS)}; all without names"
    )
    parser.add_argument(
        "--quick", action="store_true", help="few rows of each set: about a minute for a training"
    )
    parser.add_argument(
        "--develop",
        action="store_true",
        help="score the end of the training part of series, and read no test",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, help="trainings of each set, with the seeds 0, 1, ..."
    )
    parser.add_argument("--minutes", type=float, default=30, help="limit of a training")
    parser.add_argument("--note", default="", help="a word that each row gets, such as before or after")
    parser.add_argument("--runs", type=Path, default=common.ROOT / "benchmarks" / "defaults.run",
                        help="where files and models are kept")  # fmt: skip
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)  # in a process of its own: this seed
    args = parser.parse_args(argv)
    if unknown := [name for name in args.names if name not in SETS]:
        parser.error(f"there is no set {', '.join(unknown)}; the sets are {', '.join(SETS)}")
    if not DATA.is_dir():
        say(f"there is no folder {DATA}: set HITHERTO_DATA to the folder with the data sets")
        return 2
    if args.one is not None:
        print(json.dumps(trained(args.names[0], _limits(args), args.one)))
        return 0
    rows = []
    for name, seed in itertools.product(args.names or SETS, range(args.seeds)):
        row = _in_its_own_process(name, seed, args)
        if row is not None:
            extra = {"note": args.note} if args.note else {}
            extra |= {"develop": True} if args.develop else {}
            common.keep(RESULTS, name, seed=seed, quick=args.quick, **extra, **row)
            rows.append({"name": name, **row})
    say("")
    for line in table(rows):
        print(line)
    return 0


def _limits(args: argparse.Namespace) -> Limits:
    args.runs.mkdir(parents=True, exist_ok=True)
    folder = args.runs / ("develop" if args.develop else "quick" if args.quick else "whole")
    if args.quick:
        return Limits(folder, rows=800, characters=60_000, steps=800, develop=args.develop)
    return Limits(folder, develop=args.develop)


def _in_its_own_process(name: str, seed: int, args: argparse.Namespace) -> Row | None:
    command = [sys.executable, __file__, name, "--one", str(seed), "--runs", str(args.runs)]
    command += ["--quick"] if args.quick else []
    command += ["--develop"] if args.develop else []
    say(f"{name}, seed {seed}:")
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=60 * args.minutes, check=False
        )
    except subprocess.TimeoutExpired:
        say(f"{name}: skipped, as it takes more than {args.minutes:g} minutes")
        return None
    if done.returncode:
        say(f"{name}: skipped, as its process ended with {done.returncode}")
        return None
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def table(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each training: who is better, and by how many standard errors."""
    yield f"{'set':16} {'metric':11} {'model':>8} {'best baseline':>44} {'better by':>10} {'error':>8} {'seconds':>8}"
    for row in rows:
        beside = f"{row['best']} {row['best_baseline']:g}"
        error = "" if row["error"] is None else f"{row['error']:g}"
        yield (
            f"{row['name']:16} {row['metric']:11} {row['model']:8g} {beside:>44} {row['gain']:10g} {error:>8} "
            f"{row['seconds']:8g}"
        )
    worse = sum(row["gain"] < 0 for row in rows)
    yield f"{worse} of {len(rows)} models are worse than their best baseline"


if __name__ == "__main__":
    sys.exit(main())
