"""`classify` beside what is obvious: `python benchmarks/classify_baselines.py NAME...`.

Each set has a split of its own: what is trained on, and what is measured on once. The model is trained with the branch
beside its layers, which is the default of texts, and without. It validates on a tenth of the training data; of film
reviews on the published validation data, so that all learn from the same rows. Beside it are naive Bayes, logistic
regression and a linear SVM of tf-idf, NB-SVM and fastText on the same texts; logistic regression on statistics and the
nearest neighbour on the same sequences. A peer that is not installed is missed, and said. Data are read from
HITHERTO_DATA; results go to benchmarks/results/classify.jsonl.
"""

from __future__ import annotations

import argparse
import csv
import functools
import gzip
import json
import re
import tarfile
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import common
import numpy as np
from common import DATA, Row, say

import hitherto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

keep = functools.partial(common.keep, common.RESULTS / "classify.jsonl")
Rows = list[Row]
Split = tuple[Rows, Rows]
WORD = r"[^\W_]+(?:['\u2019\-][^\W_]+)*|_+|[^\w\s]"  # as the codec of text has it


# ---- data


def drawn(rows: Rows, train: int, test: int, seed: int = 0) -> Split:
    """So many rows of each part, in a fixed order; labels that are not learned are not asked."""
    order = np.random.default_rng(seed).permutation(len(rows))
    first, second = ([rows[i] for i in some] for some in (order[:train], order[train : train + test]))
    known = {row["label"] for row in first}
    return first, [row for row in second if row["label"] in known]


def sst2() -> Split:
    """Film reviews; the split is the published one."""
    return reviews("train"), reviews("test")


def reviews(part: str) -> Rows:
    with gzip.open(DATA / "sst2" / f"{part}.tsv.gz", "rt", encoding="utf-8") as file:
        pairs = [line.rstrip("\n").rsplit("\t", 1) for line in file if line.strip()]
    return [{"x": text, "label": label} for text, label in pairs]


def sms() -> Split:
    with gzip.open(DATA / "sms_spam" / "sms.tsv.gz", "rt", encoding="utf-8") as file:
        pairs = [line.rstrip("\n").split("\t", 1) for line in file if line.strip()]
    return drawn([{"x": text, "label": label} for label, text in pairs], 4459, 1115)


def intents() -> Split:
    """What a user wants, from the first sentence of a dialogue: few examples of many labels."""
    rows = []
    for dialogue in _dialogues("train"):
        turn = dialogue["turns"][0]
        rows.append({"x": turn["utterance"], "label": turn["frames"][0]["state"]["active_intent"]})
    return drawn(rows, 500, 2000)


def _dialogues(part: str) -> Iterator[Any]:
    with tarfile.open(DATA / "sgd_dialogues" / "sgd_single_domain.tar.gz") as archive:
        for member in archive:
            if re.search(rf"{part}/dialogues_\d+\.json$", member.name):
                file = archive.extractfile(member)
                yield from json.load(file) if file else ()


def topics() -> Split:
    """The topic of a short question."""
    rows: Rows = []
    with tarfile.open(DATA / "chatterbot_corpus" / "english.tar.gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".yml") else None
            for line in file.read().decode().splitlines() if file else ():
                found = re.match(r"\s*- - (.{4,})", line)
                if found:
                    rows.append({"x": found.group(1).strip("\"'"), "label": Path(member.name).stem})
    return drawn(rows, 1400, 600)


def gestures() -> Split:
    """Signals of a body; the split is the published one."""
    parts = []
    for part in ("TRAIN", "TEST"):
        with gzip.open(DATA / "natops" / f"NATOPS_{part}.ts.gz", "rt", encoding="latin-1") as file:
            lines = file.read().partition("@data")[2].split()
        cases = [line.split(":") for line in lines]
        parts.append(
            [{"x": np.array([c.split(",") for c in case[:-1]], float).T.tolist(), "label": f"c{case[-1]}"}
             for case in cases]
        )  # fmt: skip
    return parts[0], parts[1]


def poses() -> Split:
    """Windows of key points of a body: the first two thirds of each recording, and the rest."""
    with gzip.open(DATA / "pose_actions" / "data.csv.gz", "rt", encoding="utf-8") as file:
        frames = list(csv.DictReader(file))
    first: Rows = []
    second: Rows = []
    for label in dict.fromkeys(row["class"] for row in frames):
        own = [
            [float(v) for name, v in row.items() if name != "class"]
            for row in frames
            if row["class"] == label
        ]
        windows = [{"x": own[i : i + 15], "label": label} for i in range(0, len(own) - 15, 8)]
        cut = 2 * len(windows) // 3
        first, second = first + windows[:cut], second + windows[cut + 2 :]
    return first, second


SETS: dict[str, Callable[[], Split]] = {
    "sst2": sst2, "sms": sms, "intents": intents, "topics": topics, "gestures": gestures, "poses": poses,
}  # fmt: skip


VALID: dict[str, Callable[[], Rows]] = {"sst2": functools.partial(reviews, "dev")}


# ---- peers


def peers(train: Rows, test: Rows) -> dict[str, float]:
    """The accuracy of each peer that is installed."""
    found: dict[str, float] = {}
    kinds = _of_text if isinstance(train[0]["x"], str) else _of_sequences
    for name, peer in kinds.items():
        try:
            guessed = peer(train, test)
        except ImportError as error:
            say(f"  {name}: {error}; missed")
            continue
        found[name] = float(np.mean([g == row["label"] for g, row in zip(guessed, test, strict=True)]))
    return found


def _parts(train: Rows, test: Rows) -> tuple[list[Any], list[Any], list[Any]]:
    return [r["x"] for r in train], [r["label"] for r in train], [r["x"] for r in test]


def naive_bayes(train: Rows, test: Rows) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    x, y, z = _parts(train, test)
    return make_pipeline(CountVectorizer(token_pattern=WORD), MultinomialNB()).fit(x, y).predict(z)


def linear(train: Rows, test: Rows, svm: bool = False) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    x, y, z = _parts(train, test)
    words = TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True)
    last = LinearSVC() if svm else LogisticRegression(C=10, max_iter=500)
    return make_pipeline(words, last).fit(x, y).predict(z)


def nb_svm(train: Rows, test: Rows) -> Any:
    """Wang and Manning (2012): a linear SVM of n-grams weighted by log-count ratios, one for each class."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.svm import LinearSVC

    x, y, z = _parts(train, test)
    words = CountVectorizer(token_pattern=WORD, ngram_range=(1, 2), binary=True)
    first, second, labels = words.fit_transform(x), words.transform(z), np.array(y)
    names, scores = np.unique(labels), []
    for name in names:
        p, q = (
            1 + np.asarray(first[labels == name].sum(0))[0],
            1 + np.asarray(first[labels != name].sum(0))[0],
        )
        ratio = np.log(p / p.sum()) - np.log(q / q.sum())
        fitted = LinearSVC(C=1.0, max_iter=5000).fit(first.multiply(ratio).tocsr(), labels == name)
        mean = np.abs(fitted.coef_).mean()
        fitted.coef_ = 0.75 * mean * np.ones_like(fitted.coef_) + 0.25 * fitted.coef_
        scores.append(fitted.decision_function(second.multiply(ratio).tocsr()))
    return names[np.argmax(np.stack(scores, 1), 1)]


def fast_text(train: Rows, test: Rows) -> Any:
    import fasttext  # type: ignore[import-not-found]

    def plain(text: str) -> str:
        return " ".join(re.findall(WORD, text))

    names = sorted({row["label"] for row in train})
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(f"__label__{names.index(row['label'])} {plain(row['x'])}\n" for row in train)
        file.flush()
        model = fasttext.train_supervised(
            file.name, epoch=25, lr=0.5, wordNgrams=2, dim=100, thread=1, verbose=0, seed=0
        )
    guesses = model.f.multilinePredict([plain(row["x"]) + "\n" for row in test], 1, 0.0, "strict")[0]
    return [names[int(some[0].removeprefix("__label__"))] for some in guesses]


def statistics_regression(train: Rows, test: Rows) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from hitherto.tasks.labels.branches import statistics

    x, y, z = _parts(train, test)
    one, two = (np.stack([statistics(np.array(v)) for v in some]) for some in (x, z))
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(one, y).predict(two)


def nearest(train: Rows, test: Rows) -> Any:
    """By the distance of all numbers; these sequences have one length."""
    x, y, z = _parts(train, test)
    known = np.array(x).reshape(len(x), -1)
    return [y[int(np.argmin(((known - np.array(v).reshape(-1)) ** 2).sum(1)))] for v in z]


_of_text: dict[str, Callable[[Rows, Rows], Any]] = {
    "naive_bayes": naive_bayes,
    "logistic_regression": linear,
    "svm": functools.partial(linear, svm=True),
    "nb_svm": nb_svm,
    "fasttext": fast_text,
}
_of_sequences: dict[str, Callable[[Rows, Rows], Any]] = {
    "statistics": statistics_regression,
    "nearest": nearest,
}


# ---- the model


def measured(name: str, seeds: int, kinds: list[str]) -> None:
    train, test = SETS[name]()
    valid = VALID[name]() if name in VALID else None
    labels = len({row["label"] for row in train})
    beside = peers(train, test)
    say(f"{name}: {len(train)} and {len(test)} rows, {labels} labels; {beside}")
    for kind in kinds:
        skip, found, seconds = kind == "with", [], []
        for seed in range(seeds):
            begun = time.monotonic()
            options: Row = {"input": "x", "output": "label", "seed": seed, "threads": 1, "skip": skip}
            model = hitherto.train("classify", train, valid=valid, **options)
            seconds.append(time.monotonic() - begun)
            found.append(model.evaluate(test)["accuracy"])
            say(f"  skip {skip}, seed {seed}: {found[-1]:.4f}, {seconds[-1]:.0f} s")
        keep(
            f"{name}{'' if skip else '-no-skip'}",
            accuracy=common.rounded(float(np.mean(found)), 4),
            deviation=common.rounded(float(np.std(found, ddof=1)), 2) if seeds > 1 else None,
            seeds=seeds,
            seconds=common.rounded(float(np.mean(seconds)), 3),
            rows=len(train),
            tested=len(test),
            labels=labels,
            **{peer: common.rounded(value, 4) for peer, value in beside.items()},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SETS, []], default=[*SETS])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--branch", nargs="*", choices=["with", "without"], default=["with", "without"])
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in given.names:
        measured(name, given.seeds, given.branch)


if __name__ == "__main__":
    main()
