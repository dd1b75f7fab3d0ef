"""The tasks on real data, beside simple baselines and published figures: `python benchmarks/tasks.py NAME`.

Data are read from the folder HITHERTO_DATA. Models are chosen on training and validation data; a test split is read
once, at the end, to report. One row for each result goes to benchmarks/results/tasks.jsonl. Trainings keep their runs
in --runs and go on where they were stopped.
"""

from __future__ import annotations

import csv
import functools
import gzip
import io
import itertools
import math
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import common
import numpy as np
from common import DATA, Row, finite, fitted, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

keep = functools.partial(common.keep, common.RESULTS / "tasks.jsonl")


# ---- language models


def ptb_text(split: str, runs: Path) -> Path:
    """The split as plain text; its lines begin with a blank, which is not a token."""
    path = runs / f"ptb.{split}.txt"
    if not path.exists():
        with gzip.open(DATA / "ptb" / f"ptb.{split}.txt.gz", "rt", encoding="utf-8") as file:
            path.write_text("".join(" ".join(line.split()) + "\n" for line in file), encoding="utf-8")
    return path


ZAREMBA = {
    "tokens": "words",
    "hidden_size": 200,
    "num_layers": 2,
    "embedding_size": 200,
    "batch_size": 20,
    "bptt": 20,
    "epochs": 13,
    "optimizer": "sgd",
    "schedule": "decay",
    "decay": 0.5,
    "decay_after": 3,
    "dropout": 0.0,
    "init": "uniform",
    "init_range": 0.1,
    "forget_bias": 0.0,
    # 1.0 and 5.0 there, for a loss summed over the 20 steps; here it is the mean of a token
    "lr": 20.0,
    "clip": 0.25,
}


def ptb(runs: Path, cell: str) -> None:
    options: Row = {**ZAREMBA, "cell": cell, "vocab_size": 10_000}
    if cell != "lstm":  # published for the LSTM; the others need a smaller step
        del options["forget_bias"]
        options |= {"lr": 10.0 if cell == "gru" else 4.0}
    model, seconds = fitted(
        runs, f"ptb-small-{cell}", "lm", ptb_text("train", runs), valid=ptb_text("valid", runs), **options
    )
    valid, test = (model.evaluate(ptb_text(split, runs)) for split in ("valid", "test"))
    keep(
        f"ptb-small-{cell}",
        valid=common.rounded(valid["perplexity"]),
        test=common.rounded(test["perplexity"]),
        published="LSTM 121.39 valid, 115.91 test (Zaremba et al. 2014, small)",
        minutes=common.rounded(seconds / 60, 3),
    )


def ptb_regularised(runs: Path) -> None:
    options: Row = {
        "tokens": "words",
        "vocab_size": 10_000,
        "cell": "lstm",
        "hidden_size": 300,
        "num_layers": 2,
        "embedding_size": 300,
        "tied": True,
        "dropout": 0.4,
        "embedding_dropout": 0.1,
        "recurrent_dropout": 0.0,
        "batch_size": 20,
        "bptt": 35,
        "optimizer": "sgd",
        "lr": 20.0,
        "clip": 0.25,
        "schedule": "one-cycle",
        "epochs": 6,
        "init": "uniform",
        "init_range": 0.05,
        "weight_decay": 0.0,
        "average": 0.999,
    }
    model, seconds = fitted(
        runs, "ptb-regularised", "lm", ptb_text("train", runs), valid=ptb_text("valid", runs), **options
    )
    valid, test = (model.evaluate(ptb_text(split, runs)) for split in ("valid", "test"))
    keep(
        "ptb-regularised",
        valid=common.rounded(valid["perplexity"]),
        test=common.rounded(test["perplexity"]),
        minutes=common.rounded(seconds / 60, 3),
    )


def shakespeare(runs: Path) -> None:
    text = gzip.decompress((DATA / "tinyshakespeare" / "input.txt.gz").read_bytes()).decode()
    cut = int(len(text) * 0.95)
    for part, some in (("train", text[:cut]), ("valid", text[cut:])):
        (runs / f"shakespeare.{part}.txt").write_text(some, encoding="utf-8", newline="")
    options: Row = {
        "tokens": "chars",
        "cell": "lstm",
        "hidden_size": 512,
        "num_layers": 1,
        "embedding_size": 64,
        "dropout": 0.3,
        "batch_size": 32,
        "bptt": 128,
        "epochs": 12,
        "lr": 4e-3,
        "optimizer": "adamw",
        "weight_decay": 0.01,
    }
    model, seconds = fitted(
        runs,
        "shakespeare",
        "lm",
        runs / "shakespeare.train.txt",
        valid=runs / "shakespeare.valid.txt",
        **options,
    )
    found = model.evaluate(runs / "shakespeare.valid.txt")
    keep("shakespeare", **finite(found), minutes=common.rounded(seconds / 60, 3))


def our_steps(cell: str, ids: np.ndarray[Any, Any]) -> tuple[Any, Callable[[int], float]]:
    """The module, and a function that takes its step i."""
    from hitherto.model.build import build
    from hitherto.plan import Input, make
    from hitherto.spec import from_options
    from hitherto.tasks.base import Batch
    from hitherto.training.optimizer import Optimizer

    options: Row = {**ZAREMBA, "cell": cell}
    if cell != "lstm":
        del options["forget_bias"]
    spec = from_options("lm", "none", **options)
    inputs: dict[str, Input] = {"x": {"kind": "ids", "size": 10_000}}
    module = build(
        make(spec.model, "many_to_many", inputs, "softmax", {"classes": 10_000}), init="uniform"
    ).train()
    optimizer = Optimizer(module, spec.train, 1)
    kept: Any = None
    every = np.arange(ids.shape[2])

    def step(i: int) -> float:
        nonlocal kept
        carry = every if kept else None
        batch = Batch({"x": ids[i, :-1]}, None, {"y": ids[i, 1:].reshape(-1)}, None, carry, every, every)
        loss, kept = common.our_step(module, optimizer, batch, spec.train, kept)
        return loss

    return module, step


def torch_steps(cell: str, ids: np.ndarray[Any, Any], like: Any) -> Callable[[int], float]:
    """The same step as a plain script would write it, from the same weights."""
    import torch

    embed, head = torch.nn.Embedding(10_000, 200), torch.nn.Linear(200, 10_000)
    layer = getattr(torch.nn, cell.upper())(200, 200, 2)
    parts = {"embed": embed, "recurrent": layer, "head": head}
    with torch.no_grad():
        for name, value in like.named_parameters():
            part, _, rest = name.partition(".")
            getattr(parts[part], rest).copy_(value)
    module = torch.nn.ModuleDict(parts)
    sgd = torch.optim.SGD(module.parameters(), lr=1.0)
    state: Any = None

    def step(i: int) -> float:
        nonlocal state
        x = torch.from_numpy(ids[i])
        sgd.zero_grad()
        y, state = layer(embed(x[:-1]), state)
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        loss = torch.nn.functional.cross_entropy(head(y).reshape(-1, 10_000), x[1:].reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 0.25)
        sgd.step()
        return float(loss.detach())

    return step


def lm_speed(_runs: Path) -> None:
    """200 identical steps of the small model beside a plain torch.nn script, in turn."""
    import torch

    ids = np.random.default_rng(0).zipf(1.3, (200, 21, 20)) % 10_000
    for cell in ("lstm", "gru", "rnn"):
        module, ours = our_steps(cell, ids)
        theirs = torch_steps(cell, ids, module)
        found = common.steps_in_turn(ours, theirs, len(ids))
        keep(f"lm-speed-{cell}", **found, threads=torch.get_num_threads())


# ---- classification


def rows_of(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [line.rstrip("\r\n").split("\t") for line in file]


def naive_bayes(train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]]) -> float:
    """Accuracy of multinomial naive Bayes over words and pairs of words, with a count of one added to each."""

    def features(text: str) -> list[str]:
        words = text.lower().split()
        return words + [f"{a} {b}" for a, b in itertools.pairwise(words)]

    counts: dict[str, Counter[str]] = {}
    seen = Counter(label for _, label in train)
    for text, label in train:
        counts.setdefault(label, Counter()).update(features(text))
    vocabulary = len(set().union(*counts.values()))
    totals = {label: sum(c.values()) for label, c in counts.items()}
    right = 0
    for text, label in test:

        def score(k: str, text: str = text) -> float:
            return math.log(seen[k]) + sum(
                math.log((counts[k][f] + 1) / (totals[k] + vocabulary)) for f in features(text)
            )

        right += max(counts, key=score) == label
    return right / len(test)


def sst2(runs: Path, seeds: int = 5) -> None:
    parts = {
        s: [(r[0], r[1]) for r in rows_of(DATA / "sst2" / f"{s}.tsv.gz")] for s in ("train", "dev", "test")
    }
    tables = {s: [{"text": t, "label": l} for t, l in pairs] for s, pairs in parts.items()}
    found = []
    for seed in range(seeds):
        options: Row = SST2 | {"seed": seed}
        model, seconds = fitted(
            runs,
            f"sst2-{seed}",
            "classify",
            tables["train"],
            valid=tables["dev"],
            input="text",
            output="label",
            **options,
        )
        dev, test = model.evaluate(tables["dev"])["accuracy"], model.evaluate(tables["test"])["accuracy"]
        found.append(test)
        say(f"  seed {seed}: dev {dev:.4f}, test {test:.4f}, {seconds:.0f} s")
    keep(
        "sst2",
        test=common.rounded(float(np.mean(found)), 4),
        deviation=common.rounded(float(np.std(found, ddof=1)), 2),
        seeds=seeds,
        naive_bayes=common.rounded(naive_bayes(parts["train"], parts["test"]), 4),
    )


SST2: Row = {
    "skip": False,  # layers alone: classify_baselines.py measures the defaults
    "hidden_size": 128,
    "embedding_size": 300,
    "bidirectional": True,
    "pool": "mean",
    "dropout": 0.5,
    "embedding_dropout": 0.3,
    "epochs": 10,
    "lr": 1e-3,
    "batch_size": 32,
    "average": 0.99,
    "metric": "accuracy",
}


def sms(runs: Path) -> None:
    """Five folds of the messages, each distinct message once."""
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold

    pairs = list(dict.fromkeys((r[1], r[0]) for r in rows_of(DATA / "sms_spam" / "sms.tsv.gz")))
    x, y = np.array([t for t, _ in pairs], object), np.array([l for _, l in pairs])
    predicted = np.empty(len(y), object)
    for fold, (train, test) in enumerate(StratifiedKFold(5, shuffle=True, random_state=0).split(x, y)):
        table = [{"text": x[i], "label": y[i]} for i in train]
        model, seconds = fitted(runs, f"sms-{fold}", "classify", table, input="text", output="label", **SMS)
        predicted[test] = model.predict([str(t) for t in x[test]])
        say(f"  fold {fold}: {np.mean(predicted[test] == y[test]):.4f}, {seconds:.0f} s")
    keep(
        "sms",
        messages=len(y),
        accuracy=common.rounded(float(np.mean(predicted == y)), 5),
        f1=common.rounded(float(f1_score(y == "spam", predicted == "spam")), 4),
        published="LSTM 0.985 (not deduplicated)",
    )


SMS: Row = {
    "hidden_size": 128,
    "embedding_size": 128,
    "bidirectional": True,
    "pool": "max",
    "dropout": 0.4,
    "embedding_dropout": 0.2,
    "epochs": 8,
}


def sms_first(runs: Path) -> None:
    """The first try: the command line with nothing but the names of the columns, on the first of the five folds."""
    import json
    import subprocess

    from sklearn.model_selection import StratifiedKFold

    pairs = list(dict.fromkeys((r[1], r[0]) for r in rows_of(DATA / "sms_spam" / "sms.tsv.gz")))
    y = [l for _, l in pairs]
    train, test = next(iter(StratifiedKFold(5, shuffle=True, random_state=0).split(y, y)))
    for name, part in (("train", train), ("test", test)):
        with (runs / f"sms.{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *(pairs[i] for i in part)])
    out = runs / "sms-first.safetensors"
    started = time.monotonic()
    command = [sys.executable, "-m", "hitherto"]
    subprocess.run(
        [
            *command,
            "train",
            "classify",
            str(runs / "sms.train.csv"),
            "--input",
            "text",
            "--output",
            "label",
            "--out",
            str(out),
        ],
        check=True,
    )
    seconds = time.monotonic() - started
    done = subprocess.run(
        [*command, "evaluate", str(out), str(runs / "sms.test.csv"), "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    keep(
        "sms-first",
        accuracy=common.rounded(found["accuracy"], 5),
        f1=common.rounded(found["f1"], 4),
        seconds=round(seconds),
    )


def natops_rows(split: str) -> list[Row]:
    text = gzip.decompress((DATA / "natops" / f"NATOPS_{split}.ts.gz").read_bytes()).decode("latin-1")
    rows = []
    for line in text[text.lower().index("@data") + 5 :].strip().splitlines():
        *channels, label = line.strip().split(":")
        rows.append(
            {"x": np.array([[float(v) for v in c.split(",")] for c in channels]).T.tolist(), "label": label}
        )
    return rows


def natops(runs: Path) -> None:
    model, seconds = fitted(
        runs, "natops", "classify", natops_rows("TRAIN"), input="x", output="label", **NATOPS
    )
    keep(
        "natops",
        test=common.rounded(model.evaluate(natops_rows("TEST"))["accuracy"], 4),
        published="MLSTM-FCN 0.889, TapNet 0.939",
        minutes=common.rounded(seconds / 60, 3),
    )


NATOPS: Row = {
    "hidden_size": 64,
    "cell": "lstm",
    "bidirectional": True,
    "pool": "max",
    "dropout": 0.4,
    "epochs": 60,
    "batch_size": 16,
    "valid": 0.2,
}


# ---- forecasts


def ett_rows() -> list[Row]:
    return list(
        csv.DictReader(io.StringIO(gzip.decompress((DATA / "ett" / "ETTh1.csv.gz").read_bytes()).decode()))
    )


MONTH = 30 * 24
CHANNELS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


def ett(runs: Path, horizon: int) -> None:
    """The published set-up: 12, 4 and 4 months; errors in units of each channel's deviation in the first 12.

    All columns share one model. From 96 hours on it looks back on 96, as those it is compared with; below, as it likes.
    """
    rows = ett_rows()
    values = np.array([[float(r[c]) for c in CHANNELS] for r in rows])
    train, valid, test = 12 * MONTH, 16 * MONTH, 20 * MONTH
    center, width = values[:train].mean(0), values[:train].std(0)
    z = (values - center) / width
    plain = [
        {"date": r["date"], **dict(zip(CHANNELS, map(float, v), strict=True))}
        for r, v in zip(rows, z, strict=True)
    ]
    model, seconds = fitted(
        runs, f"ett-{horizon}", "forecast", plain[:valid], valid=4 / 16, time="date", output=CHANNELS, horizon=horizon,
        metric="mse", threads=1, **({"window": 96} if horizon >= 96 else {}),
    )  # fmt: skip
    # windows that start inside the test months: the first forecast is made after their first day of input
    source = model.source
    examples = source.load(plain[:test], start=rows[valid]["date"])
    (made,) = source.collect(examples, model.outputs(source.evaluation(examples)), (0.1, 0.9))
    origins = made["times"]
    assert np.array_equal(origins, np.arange(valid - 1, test - horizon))
    truth = np.stack([z[t + 1 : t + 1 + horizon] for t in origins])

    def mse(guess: np.ndarray[Any, Any]) -> float:
        return common.rounded(float(np.mean((guess - truth) ** 2)), 4)

    low, high = made["quantiles"][..., 0], made["quantiles"][..., 1]
    day = np.stack([np.tile(z[t - 23 : t + 1], (-(-horizon // 24), 1))[:horizon] for t in origins])
    keep(
        f"ett-{horizon}",
        mse=mse(made["mean"]),
        mae=common.rounded(float(np.mean(np.abs(made["median"] - truth))), 4),
        valid_mse=common.rounded(model.metrics["mse"], 4),
        coverage=common.rounded(float(np.mean((low <= truth) & (truth <= high))), 3),
        windows=len(origins),
        lookback=source.codec.window,
        last_day=mse(day),
        linear=mse(linear(z, train, origins, horizon, 96 if horizon >= 96 else 168)),
        published=PUBLISHED[horizon],
        minutes=common.rounded(seconds / 60, 3),
    )


PUBLISHED = {
    24: "LSTMa 0.650",
    48: "LSTMa 0.702",
    96: "SegRNN 0.368, DLinear 0.386",
    192: "SegRNN 0.408, DLinear 0.437",
    336: "SegRNN 0.444, DLinear 0.481",
    720: "SegRNN 0.446, DLinear 0.519",
}


def linear(
    z: np.ndarray[Any, Any], train: int, origins: np.ndarray[Any, Any], horizon: int, week: int = 168
) -> np.ndarray[Any, Any]:
    """One linear map for each channel, from its last week to its next steps, by least squares."""
    guess = np.empty((len(origins), horizon, z.shape[1]))
    for c in range(z.shape[1]):
        windows = np.lib.stride_tricks.sliding_window_view(z[:train, c], week + horizon)
        x, y = windows[:, :week], windows[:, week:]
        last = x[:, -1:]
        weights, *_ = np.linalg.lstsq(np.hstack([x - last, np.ones_like(last)]), y - last, rcond=None)
        past = np.stack([z[t - week + 1 : t + 1, c] for t in origins])
        guess[..., c] = np.hstack([past - past[:, -1:], np.ones((len(past), 1))]) @ weights + past[:, -1:]
    return guess


SeriesSet = tuple[list[Row], int, int]  # rows of ds and y, the season, the horizon


def _of(path: str, season: int, horizon: int, time: int = 0, value: int = 1, years: int = 0) -> SeriesSet:
    """A series of a file of small series; years that are counted from 1 are counted from `years`.

    Of rows with one time, the first is kept.
    """
    data = (DATA / path).read_bytes()
    text = (gzip.decompress(data) if path.endswith(".gz") else data).decode("utf-8", "replace")
    rows = []
    for r in csv.reader(io.StringIO(text)):
        try:
            when, y = r[time].strip(), float(r[value].replace(",", ""))
        except (ValueError, IndexError):
            continue  # a header, or a footnote
        if years:
            year, _, month = when.partition("-")
            when = f"{int(year) + years}-{month}"
        rows.append({"ds": when, "y": y})
    rows = list({row["ds"]: row for row in reversed(rows)}.values())[::-1]
    return rows, season, horizon


def _pollution() -> SeriesSet:
    data = gzip.decompress((DATA / "small_series" / "pollution.csv.gz").read_bytes()).decode()
    rows: list[Row] = [
        {
            "ds": f"{r['year']}-{r['month']:0>2}-{r['day']:0>2} {r['hour']:0>2}:00",
            "y": math.nan if r["pm2.5"] == "NA" else float(r["pm2.5"]),
        }
        for r in csv.DictReader(io.StringIO(data))
    ]
    first = next(i for i, r in enumerate(rows) if not math.isnan(r["y"]))
    return rows[first:], 24, 24


def _tesla() -> SeriesSet:
    rows, season, horizon = _of("stocks/tesla-stock-price.csv.gz", 1, 5)
    return rows[:0:-1], season, horizon  # newest first there, with a row of the current day before it


SERIES_SETS: dict[str, Callable[[], SeriesSet]] = {
    "airline": lambda: _of("small_series/airline-passengers.csv", 12, 12),
    "sunspots": lambda: _of("small_series/monthly-sunspots.csv", 132, 12),
    "temperatures": lambda: _of("small_series/daily-min-temperatures.csv", 365, 14),
    "car-sales": lambda: _of("small_series/monthly-car-sales.csv", 12, 12),
    "taxi": lambda: _of("traffic/nyc_taxi.csv.gz", 336, 48),
    "apple": lambda: _of("stocks/finance-charts-apple.csv.gz", 1, 5, value=4),
    "max-temperatures": lambda: _of("small_series/daily-max-temperatures.csv", 365, 14),
    "births": lambda: _of("small_series/daily-total-female-births.csv", 7, 14),
    "writing-paper": lambda: _of("small_series/monthly-writing-paper-sales.csv", 12, 12, years=2000),
    "champagne": lambda: _of("small_series/monthly_champagne_sales.csv", 12, 12),
    "shampoo": lambda: _of("small_series/shampoo.csv", 12, 3, years=2000),
    "pollution": _pollution,
    "tesla": _tesla,
    **{
        name: functools.partial(_of, f"traffic/{file}.csv.gz", 1, 12)
        for name, file in {
            "travel-387": "TravelTime_387",
            "travel-451": "TravelTime_451",
            "occupancy-6005": "occupancy_6005",
            "occupancy-t4013": "occupancy_t4013",
            "speed-6005": "speed_6005",
            "speed-7578": "speed_7578",
            "speed-t4013": "speed_t4013",
        }.items()
    },
}
ROLLED = ("airline", "sunspots", "temperatures", "car-sales", "taxi", "apple")  # that `series` measures


def series(runs: Path, origins: int = 5) -> None:
    """MASE over the last rolling origins beside the seasonal naive forecast; training sees none of them."""
    names = {"car-sales": "car sales", "taxi": "nyc_taxi"}  # as rows of before have them
    for short in ROLLED:
        rows, season, horizon = SERIES_SETS[short]()
        name = names.get(short, short)
        held = origins * horizon
        train = rows[: len(rows) - held]
        model, seconds = fitted(
            runs,
            f"series-{name.replace(' ', '-')}",
            "forecast",
            train,
            time="ds",
            output="y",
            horizon=horizon,
            season=season,
            **SERIES.get(name, {}),
        )
        results = model.examine(rows, start=rows[len(train)]["ds"], stride=horizon)
        found, simple = results.metrics, results.baselines
        keep(
            f"series-{name}",
            mase=common.rounded(found["mase"], 3),
            seasonal_naive=common.rounded(simple.get("seasonal naive", simple["last value"])["mase"], 3),
            smape=common.rounded(found["smape"], 3),
            coverage=common.rounded(found["coverage"], 3),
            horizon=horizon,
            season=season,
            origins=origins,
            seconds=round(seconds),
        )


SERIES: dict[str, Row] = {}


# ---- the rest


def tag(runs: Path) -> None:
    """Sentences made by rules, so that every answer is known: names and dates among other words."""
    random = np.random.default_rng(0)
    people, places = ["ann", "bob", "cid", "dora"], ["oslo", "rome", "lima", "bonn"]
    verbs, times = ["met", "saw", "left", "called"], ["monday", "june", "noon", "today"]

    def sentence() -> Row:
        words: list[str] = []
        tags: list[str] = []
        for _ in range(random.integers(1, 4)):
            for kind, choice in (
                ("PER", people),
                (None, verbs),
                ("LOC", places),
                (None, ["on", "by"]),
                ("TIME", times),
            ):
                count = int(random.integers(1, 3)) if kind else 1
                picked = random.choice(choice, count).tolist()
                words += picked
                tags += [f"{'B' if i == 0 else 'I'}-{kind}" if kind else "O" for i in range(count)]
        return {"tokens": words, "tags": tags}

    train, test = [sentence() for _ in range(2000)], [sentence() for _ in range(500)]
    model, seconds = fitted(runs, "tag", "tag", train, input="tokens", output="tags", epochs=4)
    keep("tag", **finite(model.evaluate(test)), seconds=round(seconds))


def corpus(runs: Path, mebibytes: int = 1024) -> None:
    """200 steps on a text of 1 GiB: the most memory that the process ever held."""
    import json
    import subprocess

    path = runs / f"corpus-{mebibytes}.txt"
    if not path.exists() or path.stat().st_size < mebibytes << 20:
        random = np.random.default_rng(0)
        words = ["".join(map(chr, random.integers(97, 123, random.integers(2, 9)))) for _ in range(50_000)]
        with path.open("w", encoding="utf-8") as file:
            while file.tell() < mebibytes << 20:
                chosen = random.zipf(1.2, 200_000) % len(words)
                file.write("".join(words[w] + ("\n" if i % 20 == 19 else " ") for i, w in enumerate(chosen)))
    code = (
        "import hitherto, json, resource, sys\n"
        "model = hitherto.train('lm', sys.argv[1], out=sys.argv[2], tokens='words', vocab_size=50000, "
        "hidden_size=128, steps=200, "
        "batch_size=32, bptt=35, valid=0.001, say=lambda s: print(s, file=sys.stderr))\n"
        "print(json.dumps({'peak_MiB': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))\n"
    )
    started = time.monotonic()
    out = runs / "corpus.safetensors"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(out)], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    keep(
        "corpus",
        mebibytes=mebibytes,
        peak_MiB=round(found["peak_MiB"]),
        minutes=common.rounded((time.monotonic() - started) / 60, 3),
    )


def weights(runs: Path) -> None:
    """What narrow weights cost: the models of `ptb` and `sst2`, which must be there, on validation data."""
    import hitherto

    dev = [{"text": r[0], "label": r[1]} for r in rows_of(DATA / "sst2" / "dev.tsv.gz")]
    for kind in ("float32", "bfloat16", "int8"):
        model = hitherto.open(runs / "ptb-small-lstm.safetensors", weights=kind)
        started = time.monotonic()
        found = model.evaluate(ptb_text("valid", runs))["perplexity"]
        seconds = time.monotonic() - started
        models = [hitherto.open(path, weights=kind) for path in sorted(runs.glob("sst2-?.safetensors"))]
        accuracy = [m.evaluate(dev)["accuracy"] for m in models]
        keep(
            f"weights-{kind}",
            ptb_valid_perplexity=common.rounded(found),
            ptb_seconds=common.rounded(seconds, 3),
            ptb_MiB=common.rounded(model.engine.program.bytes / 2**20, 3),
            sst2_dev_accuracy=common.rounded(float(np.mean(accuracy)), 4),
            sst2_models=len(models),
        )


BENCHMARKS: dict[str, Callable[[Path], None]] = {
    "ptb": lambda runs: ptb(runs, "lstm"),
    "ptb-gru": lambda runs: ptb(runs, "gru"),
    "ptb-rnn": lambda runs: ptb(runs, "rnn"),
    "ptb-regularised": ptb_regularised,
    "lm-speed": lm_speed,
    "shakespeare": shakespeare,
    "sst2": sst2,
    "sms": sms,
    "sms-first": sms_first,
    "natops": natops,
    **{f"ett-{hours}": functools.partial(ett, horizon=hours) for hours in PUBLISHED},
    "series": series,
    "tag": tag,
    "corpus": corpus,
    "weights": weights,
}


def main(argv: Sequence[str] | None = None) -> int:
    return common.run_named(__doc__ or "", BENCHMARKS, "tasks.run", argv)


if __name__ == "__main__":
    sys.exit(main())
