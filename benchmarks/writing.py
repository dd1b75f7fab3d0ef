"""Models that write, on real data, beside baselines, published figures and torch: `python benchmarks/writing.py NAME`.

Translation, questions, summaries, dialogues, and strings that are copied or reversed. Data are read from the folder
HITHERTO_DATA. Models are chosen on training and validation data; a test split is read once, at the end, to report. One
row for each result goes to benchmarks/results/writing.jsonl. Trainings keep their runs in --runs and go on where they
were stopped; what is made of the data lies there, too.
"""

from __future__ import annotations

import functools
import gzip
import json
import math
import re
import string
import sys
import tarfile
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import common
import numpy as np
from common import DATA, Row, finite, fitted, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from hitherto.plan import Plan

RESULTS = common.RESULTS / "writing.jsonl"
PICTURE = common.ROOT / "docs" / "lengths.svg"

keep = functools.partial(common.keep, RESULTS)


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def read_rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def score(names: Sequence[str], texts: Sequence[str], references: Sequence[Any] | None = None) -> Row:
    """Metrics of texts by name."""
    from hitherto import METRICS

    return {n: common.rounded(METRICS[n].compute(texts=texts, references=references), 4) for n in names}


def some(count: int, *columns: Sequence[Any]) -> list[list[Any]]:
    """So many rows of the columns, from all over them."""
    rows = list(zip(*columns, strict=True))
    step = max(1, len(rows) // count)
    return [list(row) for row in rows[step // 2 :: step][:count]]


# ---- translation

TRANSLATE: Row = {
    "tokens": "subwords",
    "vocab_size": 5000,
    "cell": "gru",
    "hidden_size": 512,
    "num_layers": 1,
    "embedding_size": 256,
    "tied": True,
    "bidirectional": True,
    "attention": "multiplicative",
    "dropout": 0.5,
    "label_smoothing": 0.1,
    "batch_size": 64,
    "epochs": 20,
    "lr": 1e-3,
    "schedule": "one-cycle",
    "clip": 1.0,
    "metric": "bleu",
}
FIXED: Row = {**TRANSLATE, "attention": "none", "tied": False, "dropout": 0.4, "epochs": 12}
TEST = "test_2016_flickr"


def multi30k(runs: Path, folder: Path = DATA / "multi30k_en_de") -> dict[tuple[str, str], Path]:
    """Plain files by split and language."""
    found = {}
    for split in ("train", "val", TEST):
        for language in ("de", "en"):
            path = found[split, language] = runs / "multi30k" / f"{split}.{language}"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(gzip.decompress((folder / f"{split}.{language}.gz").read_bytes()))
    return found


def by_length(
    inputs: Sequence[str],
    texts: Sequence[str],
    references: Sequence[Any],
    bounds: Sequence[int] = (5, 10, 15, 20),
) -> dict[str, list[float]]:
    """[sentences, BLEU] for each range of the number of words of the input."""
    lengths = np.array([len(text.split()) for text in inputs])
    ends = [*bounds, math.inf]
    found = {}
    for low, high in zip([0, *bounds], ends, strict=True):
        own = np.flatnonzero((lengths > low) & (lengths <= high)).tolist()
        if own:
            bleu = score(["bleu"], [texts[i] for i in own], [references[i] for i in own])["bleu"]
            found[f"{low + 1}-{high}" if high < math.inf else f"{low + 1} and more"] = [len(own), bleu]
    return found


def translation(runs: Path, name: str, source: str, target: str, options: Row) -> None:
    files = multi30k(runs)
    train, valid, test = ((files[s, source], files[s, target]) for s in ("train", "val", TEST))
    model, seconds = fitted(runs, name, "translate", train, valid, **options)
    found = model.examine(test, num_beams=5)
    texts, references, inputs = (found.details[k] for k in ("texts", "references", "inputs"))
    keep(
        name,
        **finite(found.metrics),
        signature=found.details["signature"],
        num_beams=5,
        by_length=by_length(inputs, texts, references),
        examples=some(4, inputs, texts, [r[0] for r in references]),
        minutes=common.rounded(seconds / 60, 3),
    )


def ready(pair: tuple[Path, Path], valid: tuple[Path, Path], **options: Any) -> tuple[Any, Plan, list[Any]]:
    """A fitted source of training pairs, the plan of a model for it, and the batches of the first epoch."""
    from hitherto.plan import make
    from hitherto.spec import from_options, with_defaults
    from hitherto.spec.tasks import TASKS
    from hitherto.tasks.families import family_of

    spec = from_options("translate", None, **options)
    source, examples, _ = family_of("translate").source.prepare(with_defaults(spec), pair, valid, {})
    plan = make(source.spec.model, TASKS["translate"].form, source.inputs(), *source.head())
    schedule = source.schedule(examples, source.spec.train, 0)
    return source, plan, [source.batch(examples, rows, (0, 1)) for rows in schedule]


def steps_of(source: Any, plan: Plan, batches: Sequence[Any]) -> tuple[Any, Callable[[int], float]]:
    """The module, and a function that takes its step i."""
    from hitherto.model.build import build
    from hitherto.training.optimizer import Optimizer

    train = source.spec.train
    module = build(plan, seed=train.seed).train()
    module.sampling = train.scheduled_sampling
    optimizer = Optimizer(module, train, 1)
    return module, lambda i: common.our_step(module, optimizer, batches[i], train, lr=train.lr)[0]


def translate_speed(runs: Path, count: int = 200) -> None:
    """Identical training steps of the default model beside a plain torch.nn script, in turn."""
    import torch
    import torch_seq2seq

    files = multi30k(runs)
    train, valid = ((files[s, "de"], files[s, "en"]) for s in ("train", "val"))
    for cell in ("lstm", "gru"):
        source, plan, batches = ready(train, valid, **{**TRANSLATE, "cell": cell, "dropout": 0.0})
        module, ours = steps_of(source, plan, batches[:count])
        spec = source.spec.train
        theirs = torch_seq2seq.steps(
            torch_seq2seq.Translator(plan).take(module.tensors()),
            [torch_seq2seq.Pairs.of(batch) for batch in batches[:count]],
            spec.lr,
            spec.clip,
            spec.label_smoothing,
        )
        found = common.steps_in_turn(ours, theirs, count)
        keep(f"translate-speed-{cell}", **found, steps=count, threads=torch.get_num_threads())


VARIANTS: dict[str, Row] = {
    "default": {},
    "no attention": {"attention": "none", "tied": False},
    "additive attention": {"attention": "additive"},
    "input feeding": {"input_feeding": True},
    "scheduled sampling": {"scheduled_sampling": 0.25},
    "one vocabulary": {"shared": True},
    "one vocabulary, copying": {"shared": True, "copy": True},
}


def step_costs(runs: Path, count: int = 20) -> None:
    """What the options of the model cost a training step: milliseconds, and times the default's, in turn."""
    files = multi30k(runs)
    train, valid = ((files[s, "de"], files[s, "en"]) for s in ("train", "val"))
    steps = {}
    for name, own in VARIANTS.items():
        source, plan, batches = ready(train, valid, **{**TRANSLATE, **own})
        steps[name] = steps_of(source, plan, batches)[1]
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for i in range(count + 3):
        for name, step in steps.items():
            started = time.perf_counter()
            step(i)
            taken[name].append(time.perf_counter() - started)
    costs = {name: [1e3 * s for s in seconds[3:]] for name, seconds in taken.items()}
    keep(
        "step-costs",
        steps=count,
        milliseconds={name: common.rounded(common.median(own), 3) for name, own in costs.items()},
        times={
            name: common.rounded(
                common.median([a / b for a, b in zip(own, costs["default"], strict=True)]), 3
            )
            for name, own in costs.items()
        },
    )


def decoding(runs: Path, num_beams: int = 5, sentences: int = 250) -> None:
    """Sentences a second from text to text: our engine beside the torch script, batched and a sentence at a time."""
    import torch
    import torch_seq2seq

    files = multi30k(runs)
    train, valid, test = ((files[s, "de"], files[s, "en"]) for s in ("train", "val", TEST))
    model, _ = fitted(runs, "multi30k-de-en", "translate", train, valid, **TRANSLATE)
    texts = test[0].read_text(encoding="utf-8").splitlines()[:sentences]
    peer = torch_seq2seq.Translator(model.plan).take(model.tensors).eval()
    reads, writes = model.codecs["input"], model.source.target
    search = {"num_beams": num_beams, "length_penalty": 1.0, "max_new_tokens": model.spec.data.max_output + 1}

    def theirs(batch_size: int) -> list[str]:
        sources = [reads.encode(text) for text in texts]
        said = torch_seq2seq.translate(peer, sources, model.source.start_id, batch_size, **search)
        return [writes.decode(tokens).strip("\n") for tokens in said]

    calls: dict[str, Callable[[], list[str]]] = {
        "hitherto": lambda: model.predict(texts, **search),
        "torch, 64 at a time": lambda: theirs(64),
        "torch, one at a time": lambda: theirs(1),
    }
    said = {name: call() for name, call in calls.items()}
    taken = common.interleave(calls, repetitions=5, least=0)
    keep(
        "translate-decoding",
        sentences=len(texts),
        num_beams=num_beams,
        per_second={name: common.rounded(len(texts) / common.median(s), 3) for name, s in taken.items()},
        faster=common.ratios(taken, "hitherto"),
        equal={
            name: float(np.mean([a == b for a, b in zip(own, said["hitherto"], strict=True)]))
            for name, own in said.items()
            if name != "hitherto"
        },
        threads=torch.get_num_threads(),
    )


# ---- questions

ANSWER: Row = {
    "cell": "gru",
    "hidden_size": 256,
    "num_layers": 1,
    "embedding_size": 128,
    "bidirectional": True,
    "attention": "multiplicative",
    "copy": True,
    "dropout": 0.2,
    "batch_size": 64,
    "epochs": 30,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "clip": 1.0,
}
# Test accuracy in per cent of tasks 1 to 19, and 1 to 18: Weston et al. 2015; an example of Keras
WESTON = (50, 20, 20, 61, 70, 48, 49, 45, 64, 44, 72, 74, 94, 27, 21, 23, 51, 52, 8)
KERAS = (
    52.1, 37.0, 20.5, 62.9, 61.9, 50.7, 78.9, 77.2, 64.0, 47.7, 74.9, 76.4, 94.4, 34.8, 32.4, 50.6, 49.1, 90.8
)  # fmt: skip


def stories(lines: Iterable[str], task: int) -> Iterator[Row]:
    """A row for each question: task, group (its story), story (all before it), question, answer; in lower case.

    The parts of an answer ("s,e", "football,apple") are parted by blanks, so that each is a word.
    """
    story: list[str] = []
    number = 0
    for line in lines:
        place, _, rest = line.strip().partition(" ")
        if not rest:
            continue
        if place == "1":
            story, number = [], number + 1
        if "\t" in rest:
            question, answer, *_ = (part.strip().lower() for part in rest.split("\t"))
            yield {
                "task": task,
                "group": f"{task}-{number}",
                "story": " ".join(story),
                "question": question,
                "answer": " ".join(answer.split(",")),
            }
        else:
            story.append(rest.strip().lower())


def babi(runs: Path, archive: Path = DATA / "babi" / "babi_en.tar.gz") -> tuple[Path, Path]:
    """All tasks in one file, for training and for testing."""
    found: dict[str, list[Row]] = {"train": [], "test": []}
    with tarfile.open(archive) as files:
        members = [
            (int(named[1]), named[2], member)
            for member in files.getmembers()
            if (named := re.search(r"qa(\d+)_.*_(train|test)\.txt$", member.name))
        ]
        for task, split, member in sorted(members, key=lambda m: m[:2]):
            text = files.extractfile(member)
            assert text is not None
            found[split] += stories(text.read().decode().splitlines(), task)
    train, test = (write_rows(runs / "babi" / f"{split}.jsonl", rows) for split, rows in found.items())
    return train, test


def most_frequent(train: Iterable[Row], test: Sequence[Row]) -> list[str]:
    """Each question's answer, as its task has it most often; of equals the one that came first."""
    counts: dict[Any, Counter[str]] = {}
    for row in train:
        counts.setdefault(row["task"], Counter())[row["answer"]] += 1
    return [counts[row["task"]].most_common(1)[0][0] for row in test]


def by_task(rows: Sequence[Row], answers: Sequence[str]) -> list[float]:
    """Per cent of right answers of each task, in the order of their numbers."""
    tasks = sorted({row["task"] for row in rows})
    found = []
    for task in tasks:
        own = [(a, row["answer"]) for a, row in zip(answers, rows, strict=True) if row["task"] == task]
        found.append(100 * score(["exact_match"], [a for a, _ in own], [r for _, r in own])["exact_match"])
    return [round(share, 1) for share in found]


def questions(runs: Path) -> None:
    train, test = babi(runs)
    model, seconds = fitted(
        runs,
        "babi",
        "answer",
        train,
        input=("story", "question"),
        output="answer",
        by="task",
        group="group",
        **ANSWER,
    )
    rows = read_rows(test)
    said = model.predict(rows)
    ours, frequent = by_task(rows, said), by_task(rows, most_frequent(read_rows(train), rows))
    keep(
        "babi",
        mean=round(float(np.mean(ours)), 1),
        above_weston=sum(a > b for a, b in zip(ours, WESTON, strict=False)),
        by_task=ours,
        most_frequent=frequent,
        minutes=common.rounded(seconds / 60, 3),
    )


# ---- summaries

SUMMARIZE: Row = {
    "tokens": "subwords",
    "vocab_size": 8000,
    "cell": "lstm",
    "hidden_size": 256,
    "num_layers": 1,
    "embedding_size": 128,
    "bidirectional": True,
    "attention": "multiplicative",
    "shared": True,
    "copy": True,
    "max_length": 300,
    "dropout": 0.4,
    "batch_size": 16,
    "epochs": 12,
    "lr": 1e-3,
    "schedule": "one-cycle",
    "clip": 1.0,
}
ROUGE = ("rouge1", "rouge2", "rougeL")


def abstracts(lines: Iterable[str]) -> Iterator[Row]:
    """A row for each paper: source, the abstract; target, a list of summaries; lead, the first sentence."""
    for line in lines:
        paper = json.loads(line)
        sentences = [" ".join(sentence.split()) for sentence in paper["source"]]
        yield {
            "source": " ".join(sentences),
            "target": [" ".join(summary.split()) for summary in paper["target"]],
            "lead": sentences[0],
        }


def scitldr(runs: Path, folder: Path = DATA / "scitldr") -> dict[str, Path]:
    found = {}
    for split in ("train", "dev", "test"):
        with gzip.open(folder / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
            found[split] = write_rows(runs / "scitldr" / f"{split}.jsonl", abstracts(file))
    return found


def summaries(runs: Path) -> None:
    files = scitldr(runs)
    model, seconds = fitted(
        runs,
        "scitldr",
        "summarize",
        files["train"],
        files["dev"],
        input="source",
        output="target",
        **SUMMARIZE,
    )
    rows = read_rows(files["test"])
    found = model.examine(files["test"])
    targets, leads = [row["target"] for row in rows], [row["lead"] for row in rows]
    keep(
        "scitldr",
        **finite(found.metrics),
        lead=score(ROUGE, leads, targets),
        examples=some(4, leads, found.details["texts"], [t[0] for t in targets]),
        minutes=common.rounded(seconds / 60, 3),
    )


# ---- dialogues

CHAT: Row = {
    "tokens": "subwords",
    "vocab_size": 4000,
    "cell": "lstm",
    "hidden_size": 512,
    "num_layers": 1,
    "embedding_size": 256,
    "bidirectional": True,
    "attention": "multiplicative",
    "turns": 3,
    "dropout": 0.4,
    "batch_size": 64,
    "epochs": 6,
    "lr": 1e-3,
    "schedule": "one-cycle",
    "clip": 1.0,
}
CHAT_SMALL: Row = {
    **CHAT, "tokens": "words", "vocab_size": None, "hidden_size": 256, "embedding_size": 128, "batch_size": 16,
    "epochs": 40, "lr": 2e-3,
}  # fmt: skip


def sgd_dialogues(
    runs: Path, archive: Path = DATA / "sgd_dialogues" / "sgd_single_domain.tar.gz"
) -> dict[str, Path]:
    """Training dialogues, and the development files in two halves: the first to validate, the second to test."""
    parts: dict[str, list[list[Row]]] = {"train": [], "dev": []}
    with tarfile.open(archive) as files:
        for member in sorted(files.getmembers(), key=lambda m: m.name):
            folder, _, name = member.name.removeprefix("./").partition("/")
            if name.endswith(".json") and (text := files.extractfile(member)) is not None:
                parts[folder].append([said(dialogue) for dialogue in json.loads(text.read())])
    half = len(parts["dev"]) // 2
    halves = {"train": parts["train"], "valid": parts["dev"][:half], "test": parts["dev"][half:]}
    return {
        split: write_rows(runs / "sgd" / f"{split}.jsonl", (row for rows in own for row in rows))
        for split, own in halves.items()
    }


def said(dialogue: Row) -> Row:
    """The turns of one dialogue of the set."""
    return {
        "turns": [
            {"speaker": t["speaker"].lower(), "text": t["utterance"].strip()} for t in dialogue["turns"]
        ]
    }


def conversations(texts: Iterable[str]) -> Iterator[Row]:
    """The conversations of YAML files: two speakers in turn, of whom the second is the bot."""
    import yaml

    for text in texts:
        for turns in yaml.safe_load(text)["conversations"]:
            yield {
                "turns": [
                    {"speaker": ("user", "bot")[i % 2], "text": " ".join(str(turn).split())}
                    for i, turn in enumerate(turns)
                ]
            }


def parted(rows: Sequence[Row], shares: Sequence[float] = (0.9, 0.05, 0.05)) -> list[list[Row]]:
    """Shuffled by a seed, and cut in shares."""
    order = np.random.default_rng(0).permutation(len(rows))
    ends = np.round(np.cumsum(shares) * len(rows)).astype(int)
    return [[rows[i] for i in part] for part in np.split(order, ends[:-1])]


def chatterbot_corpus(
    runs: Path, archive: Path = DATA / "chatterbot_corpus" / "english.tar.gz"
) -> dict[str, Path]:
    """Each distinct conversation once: more than half of the corpus are repetitions, of which tests would hold some."""
    with tarfile.open(archive) as files:
        members = sorted(files.getmembers(), key=lambda m: m.name)
        texts = [
            f.read().decode() for m in members if m.name.endswith(".yml") and (f := files.extractfile(m))
        ]
    distinct = {json.dumps(row): row for row in conversations(texts)}
    return {
        split: write_rows(runs / "chatterbot" / f"{split}.jsonl", rows)
        for split, rows in zip(("train", "valid", "test"), parted(list(distinct.values())), strict=True)
    }


def nearest(prompts: Sequence[str], replies: Sequence[str], asked: Sequence[str]) -> list[str]:
    """For each text asked, the reply to the most similar of the prompts: the cosine of TF-IDF; of equals the first."""

    def words(text: str) -> Counter[str]:
        return Counter(re.findall(r"\w+", text.lower()))

    counts = [words(prompt) for prompt in prompts]
    seen = Counter(word for own in counts for word in own)
    rarity = {word: 1 + math.log((1 + len(prompts)) / (1 + n)) for word, n in seen.items()}
    places: dict[str, tuple[list[int], list[float]]] = {word: ([], []) for word in seen}
    for i, own in enumerate(counts):
        norm = math.sqrt(sum((n * rarity[word]) ** 2 for word, n in own.items())) or 1.0
        for word, n in own.items():
            places[word][0].append(i)
            places[word][1].append(n * rarity[word] / norm)
    index = {word: (np.array(rows), np.array(weights)) for word, (rows, weights) in places.items()}
    found = []
    for text in asked:
        similar = np.zeros(len(prompts))
        for word, n in words(text).items():
            if word in index:
                rows, weights = index[word]
                similar[rows] += n * rarity[word] * weights
        found.append(replies[int(similar.argmax())])
    return found


def dialogues(runs: Path, name: str, files: dict[str, Path], speaker: str, options: Row) -> None:
    """Replies of one speaker, beside the reply to the most similar training prompt, the last turn."""
    model, seconds = fitted(
        runs, name, "chat", files["train"], files["valid"], input="turns", speaker=speaker, **options
    )
    known = model.source.load(files["train"])
    found = model.examine(files["test"])
    inputs, texts, references = (found.details[k] for k in ("inputs", "texts", "references"))

    def prompt(text: str) -> str:
        return text.rsplit("\n", 1)[-1][2:]  # without the mark of who said it

    near = nearest(
        [prompt(text) for text in known.texts],
        [own[0] for own in known.references],
        [prompt(text) for text in inputs],
    )
    keep(
        name,
        replies=len(texts),
        **finite(found.metrics),
        nearest=score(("bleu", "distinct_1", "distinct_2"), near, references),
        true=score(("distinct_1", "distinct_2"), [r[0] for r in references]),
        examples=some(6, inputs, texts, near, [r[0] for r in references]),
        minutes=common.rounded(seconds / 60, 3),
    )


# ---- strings

STRINGS: Row = {
    "tokens": "chars",
    "shared": True,
    "cell": "lstm",
    "hidden_size": 256,
    "num_layers": 1,
    "embedding_size": 64,
    "bidirectional": True,
    "dropout": 0.0,
    "batch_size": 64,
    "epochs": 6,
    "lr": 2e-3,
    "schedule": "one-cycle",
    "clip": 1.0,
    "metric": "perplexity",  # BLEU counts words, of which such a string is one
}
LONGEST = 100
TO_LEARN, TO_CHOOSE, OF_EACH_LENGTH = 30_000, 500, 20  # strings of the three splits
KINDS: dict[str, Callable[[str], str]] = {"copy": lambda text: text, "reverse": lambda text: text[::-1]}
WAYS = {"attention": "multiplicative", "fixed": "none"}


def letters(runs: Path, kind: str) -> dict[str, Path]:
    """Random strings and what is to be made of them; the test has as many of each length."""
    random = np.random.default_rng(0)

    def row(length: int) -> Row:
        text = "".join(random.choice(list(string.ascii_lowercase), length))
        return {"source": text, "target": KINDS[kind](text)}

    lengths = {
        "train": random.integers(1, LONGEST + 1, TO_LEARN),
        "valid": random.integers(1, LONGEST + 1, TO_CHOOSE),
        "test": np.repeat(np.arange(1, LONGEST + 1), OF_EACH_LENGTH),
    }
    return {
        split: write_rows(runs / "strings" / f"{kind}.{split}.jsonl", map(row, own.tolist()))
        for split, own in lengths.items()
    }


def right(true: Sequence[str], given: Sequence[str], width: int = 5) -> list[list[float]]:
    """[longest, share of strings that are right, share of letters in their place] of each range of lengths."""
    found = []
    for high in range(width, LONGEST + 1, width):
        own = [(t, s) for t, s in zip(true, given, strict=True) if high - width < len(t) <= high]
        if own:
            whole = np.mean([t == s for t, s in own])
            there = sum(a == b for t, s in own for a, b in zip(t, s, strict=False))
            asked = sum(max(len(t), len(s)) for t, s in own)
            found.append([high, common.rounded(float(whole), 4), common.rounded(there / asked, 4)])
    return found


def strings(runs: Path, kind: str) -> None:
    """One way of looking at the source beside the other: attention, and one vector for all of it."""
    files = letters(runs, kind)
    rows = read_rows(files["test"])
    for way, attention in WAYS.items():
        model, seconds = fitted(
            runs,
            f"{kind}-{way}",
            "translate",
            files["train"],
            files["valid"],
            input="source",
            output="target",
            **{**STRINGS, "attention": attention},
        )
        given = model.predict([row["source"] for row in rows], num_beams=1)
        true = [row["target"] for row in rows]
        keep(
            f"{kind}-{way}",
            exact=common.rounded(float(np.mean([t == s for t, s in zip(true, given, strict=True)])), 4),
            by_length=right(true, given),
            strings=len(rows),
            minutes=common.rounded(seconds / 60, 3),
        )
    draw(common.read_rows(RESULTS), PICTURE)


def draw(rows: Iterable[Row], path: Path) -> None:
    """The share of letters in their place by length: one vector beside attention, a panel for each kind."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = {row["name"]: row for row in rows}
    looks = {"attention": ("#0072b2", "attention"), "fixed": ("#d55e00", "one vector")}
    # text as text, and the same bytes from the same rows
    with mpl.rc_context({"font.family": "sans-serif", "svg.fonttype": "none", "svg.hashsalt": "lengths"}):
        figure = Figure(figsize=(8, 3), layout="constrained")
        panels = figure.subplots(1, len(KINDS), sharey=True)
        for panel, kind in zip(panels, KINDS, strict=True):
            panel.set_title(kind, loc="left", fontsize=11)
            for way, (colour, name) in looks.items():
                if f"{kind}-{way}" not in found:
                    continue
                ends, _, there = zip(*found[f"{kind}-{way}"]["by_length"], strict=True)
                panel.plot(ends, [100 * share for share in there], color=colour, linewidth=2, label=name)
            panel.set_xlim(0, LONGEST)
            panel.set_ylim(0, 103)
            panel.set_xlabel("letters of the string")
            panel.grid(axis="y", color="#d9dee3", linewidth=0.8)
            panel.set_axisbelow(True)
            panel.spines[["top", "right", "left"]].set_visible(False)
            panel.tick_params(length=0)
        panels[0].set_ylabel("letters in their place, %")
        if panels[0].lines:
            panels[0].legend(frameon=False, loc="lower left")
        figure.savefig(path, metadata={"Date": None})
    say(f"the picture is {path}")


BENCHMARKS: dict[str, Callable[[Path], None]] = {
    "multi30k-de-en": lambda runs: translation(runs, "multi30k-de-en", "de", "en", TRANSLATE),
    "multi30k-de-en-fixed": lambda runs: translation(runs, "multi30k-de-en-fixed", "de", "en", FIXED),
    "multi30k-en-de": lambda runs: translation(runs, "multi30k-en-de", "en", "de", TRANSLATE),
    "translate-speed": translate_speed,
    "translate-decoding": decoding,
    "step-costs": step_costs,
    "babi": questions,
    "scitldr": summaries,
    "sgd": lambda runs: dialogues(runs, "sgd", sgd_dialogues(runs), "system", CHAT),
    "chatterbot": lambda runs: dialogues(runs, "chatterbot", chatterbot_corpus(runs), "bot", CHAT_SMALL),
    "copy": lambda runs: strings(runs, "copy"),
    "reverse": lambda runs: strings(runs, "reverse"),
}


def main(argv: Sequence[str] | None = None) -> int:
    return common.run_named(__doc__ or "", BENCHMARKS, "writing.run", argv)


if __name__ == "__main__":
    sys.exit(main())
