"""Language models at the record of their class, beside a Kneser-Ney 5-gram: `python benchmarks/lm_record.py NAME`.

Data are read from the folder HITHERTO_DATA. Each job is one training on all cores; stopped, it goes on where it was
with the same command. Options of the cache are chosen on validation data, and a test split is read once, at the end.
Results go to benchmarks/results/lm_record.jsonl.

`python benchmarks/lm_record.py speed` measures a step of each recipe, and says how many minutes its training takes.
"""

from __future__ import annotations

import functools
import gzip
import itertools
import sys
import time
from typing import TYPE_CHECKING, Any

import common
import numpy as np
from common import DATA, Row, fitted, say
from tasks import ptb_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

keep = functools.partial(common.keep, common.RESULTS / "lm_record.jsonl")

# Penn Treebank, words. The rate falls along a cosine to zero, so that all epochs count. Backward lengths vary around 35
# steps: short ones give more updates.
WORDS: Row = {
    "tokens": "words",
    "vocab_size": 10_000,
    "hidden_size": 600,
    "num_layers": 2,
    "embedding_size": 600,
    "tied": True,
    "dropout": 0.4,
    "output_dropout": 0.45,
    "weight_dropout": 0.2,
    "embedding_dropout": 0.05,
    "init": "uniform",
    "init_range": 0.05,
    "batch_size": 20,
    "bptt": 35,
    "vary_bptt": True,
    "optimizer": "sgd",
    "lr": 20.0,
    "clip": 0.25,
    "schedule": "cosine",
    "warmup": 300,
    "epochs": 13,
    "evaluate_every": 2660,  # two epochs
}

# The same text as characters.
CHARS: Row = {
    "tokens": "chars",
    "hidden_size": 512,
    "num_layers": 2,
    "embedding_size": 64,
    "dropout": 0.15,
    "input_dropout": 0.0,
    "weight_dropout": 0.15,
    "batch_size": 32,
    "bptt": 120,
    "vary_bptt": True,
    "lr": 4e-3,
    "schedule": "one-cycle",
    "clip": 1.0,
    "epochs": 6,
    "evaluate_every": 3954,  # three epochs: the validation text has 400,000 characters
}

SHAKESPEARE: Row = {
    "tokens": "chars",
    "hidden_size": 400,
    "num_layers": 2,
    "embedding_size": 64,
    "dropout": 0.3,
    "input_dropout": 0.1,
    "weight_dropout": 0.3,
    "batch_size": 32,
    "bptt": 120,
    "vary_bptt": True,
    "lr": 4e-3,
    "schedule": "one-cycle",
    "clip": 1.0,
    "epochs": 9,
    "evaluate_every": 828,  # three epochs
}


def shakespeare_text(split: str, runs: Path) -> Path:
    """The first 95 % train, the rest validates: the split of the original code. There is no test split."""
    path = runs / f"shakespeare.{split}.txt"
    if not path.exists():
        text = gzip.decompress((DATA / "tinyshakespeare" / "input.txt.gz").read_bytes()).decode()
        cut = int(len(text) * 0.95)
        part = text[:cut] if split == "train" else text[cut:]
        path.write_text(part, encoding="utf-8", newline="")
    return path


def kneser_ney(model: Any, train: Path, held: Path) -> Row:
    """The metrics of a 5-gram on the tokens of the model."""
    from hitherto.tasks.language.baselines import smoothed

    source = model.source
    found = smoothed(source, source.load(str(train)), source.load(str(held)), say)
    ((_, results),) = found
    return dict(results.metrics)


def best_cache(model: Any, valid: Path) -> Row:
    """The options of a cache that are best on validation data, from a small grid. The model reads the text once."""
    from hitherto.tasks.language.cache import Cache, CacheOptions

    engine, source, state = model.engine, model.source, None
    places: list[tuple[Any, float, int]] = []  # what the head reads, the probability of the token, the token
    for batch in source.evaluation(source.load(str(valid))):
        features, after = engine.run_batch(batch, state)
        state, y = engine.carried(batch, after), batch.targets["y"]
        places += zip(features, np.exp(-engine.losses(batch, features, after)), y.tolist(), strict=True)
    plain = np.array([p for _, p, _ in places])
    best: tuple[float, Row] = (-np.log(plain).mean(), {"cache": 1, "cache_lambda": 0.0})
    for size, theta in itertools.product((500, 2000), (0.1, 0.3, 1.0)):
        how = CacheOptions(cache=size, cache_theta=theta)
        cache, cached = Cache.empty(how, len(places[0][0])), np.zeros(len(places))
        for i, (here, _, token) in enumerate(places):
            if i:
                shares, tokens = cache.shares(here)
                cached[i] = shares[tokens == token].sum()
            cache.add(here, token)
        for part in (0.05, 0.1, 0.2, 0.3):
            mixed = (1 - part) * plain + part * cached
            nats = -np.log(np.where(np.arange(len(plain)) > 0, mixed, plain)).mean()
            best = min(
                best, (nats, {"cache": size, "cache_theta": theta, "cache_lambda": part}), key=lambda b: b[0]
            )
    return best[1]


def record(
    name: str,
    recipe: Row,
    text: Callable[[str, Path], Path],
    metric: str,
    target: str,
    runs: Path,
    *,
    splits: Sequence[str] = ("valid", "test"),
    cached: bool = False,
) -> None:
    """Train by the recipe, and write down the metric on each split, beside Kneser-Ney's."""
    train, valid = text("train", runs), text("valid", runs)
    model, seconds = fitted(runs, name, "lm", train, valid=valid, **recipe)
    row: Row = {split: common.rounded(model.evaluate(text(split, runs))[metric]) for split in splits}
    for split in splits:
        row[f"kneser_ney_{split}"] = common.rounded(kneser_ney(model, train, text(split, runs))[metric])
    if cached:
        how = best_cache(model, valid)
        row |= {f"cached_{s}": common.rounded(model.evaluate(text(s, runs), **how)[metric]) for s in splits}
        row["cache"] = how
    keep(name, metric=metric, target=target, **row, minutes=common.rounded(seconds / 60, 3), recipe=recipe)


def speed(_runs: Path) -> None:
    """What a step of each recipe takes on this machine, on tokens drawn by Zipf's law."""
    for name, recipe, tokens, classes in (
        ("ptb-words", WORDS, 929_589, 10_000),
        ("ptb-chars", CHARS, 5_059_550, 50),
        ("shakespeare", SHAKESPEARE, 1_059_624, 65),
    ):
        seconds = step_seconds(recipe, classes)
        steps = recipe["epochs"] * tokens / (recipe["batch_size"] * recipe["bptt"])
        say(
            f"{name}: {seconds:.3f} s a step, {steps:,.0f} steps, {seconds * steps / 60:.0f} minutes of training"
        )


def step_seconds(recipe: Row, classes: int, count: int = 12) -> float:
    """The median time of a training step."""
    from hitherto.model.build import build
    from hitherto.plan import Input, make
    from hitherto.spec import from_options
    from hitherto.tasks.base import Batch
    from hitherto.training.optimizer import Optimizer

    spec = from_options("lm", "none", **recipe)
    inputs: dict[str, Input] = {"x": {"kind": "ids", "size": classes}}
    module = build(make(spec.model, "many_to_many", inputs, "softmax", {"classes": classes})).train()
    optimizer, rng = Optimizer(module, spec.train, 1), np.random.default_rng(0)
    kept: Any = None
    taken: list[float] = []
    every, shares = np.arange(recipe["batch_size"]), 1 / np.arange(1, classes + 1)
    for _ in range(count):
        ids = rng.choice(classes, (recipe["bptt"] + 1, recipe["batch_size"]), p=shares / shares.sum())
        carry = every if kept else None
        batch = Batch({"x": ids[:-1]}, None, {"y": ids[1:].reshape(-1)}, None, carry, every, every)
        started = time.perf_counter()
        _, kept = common.our_step(module, optimizer, batch, spec.train, kept, lr=1e-3)
        taken.append(time.perf_counter() - started)
    return float(np.median(taken[2:]))


RECORDS: dict[str, Callable[[Path], None]] = {
    "ptb-words": functools.partial(
        record, "ptb-words", WORDS, ptb_text, "perplexity",
        "at most 80 test in 150 minutes (Zaremba et al. 2014, large: 78.3; Bai et al. 2018: 78.9)", cached=True,
    ),
    "ptb-chars": functools.partial(
        record, "ptb-chars", CHARS, ptb_text, "bits_per_character", "at most 1.32 test (Bai et al. 2018: 1.36)"
    ),
    "shakespeare": functools.partial(
        record, "shakespeare-record", SHAKESPEARE, shakespeare_text, "nats",
        "at most 1.46 on the last 5 %, in 40 minutes", splits=("valid",),
    ),
    "speed": speed,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    return common.run_named(__doc__ or "", RECORDS, "lm_record.run", argv)


if __name__ == "__main__":
    sys.exit(main())
