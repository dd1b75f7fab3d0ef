"""Tags where a third of the test's words did not occur in training: entities, and parts of speech by rule.

    python benchmarks/tag_unseen.py                       both sets, all contenders, three seeds
    python benchmarks/tag_unseen.py entities --seeds 1    one set, one seed
    python benchmarks/tag_unseen.py likelihood            our CRF beside CRFsuite's, on one of its models

A third of all words but the most frequent ones is held out, by a hash of the word. Sentences with none of them are
training data; those where they are about a third are the test. `entities` are the annotated values of SGD's
utterances, in eight kinds. `pos` are tags of Multi30k's English made by the rules of `tag_of`, from closed classes,
endings and the word before. The defaults stand beside the model of before (`before`: no letters, no CRF) and a CRF of
words, endings and shapes, where the package python-crfsuite is installed. The test is read once, to report.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import struct
import tarfile
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import common
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

Sentence = tuple[list[str], list[str]]
RESULTS = common.RESULTS / "tag_unseen.jsonl"
FREQUENT = 100  # words that are never held out
TRAIN, TEST = 2000, 1000  # sentences
TOKEN = re.compile(r"\w+(?:['\u2019.:,/-]\w+)*|[^\w\s]")

# ---- the sets

# Of the name of a slot -> its kind; the first that fits.
KINDS = (
    ("date", "DATE"),
    ("time", "TIME"),
    ("phone", "PHONE"),
    ("address", "ADDRESS"),
    ("price|fare|rent$", "PRICE"),
    ("artist|directed|therapist", "PERSON"),
    ("city|location|origin|destination|area|station", "PLACE"),
    ("name|title|venue|album", "NAME"),
)


def entities() -> Iterator[Sentence]:
    """The utterances of SGD with their annotated values, as B-, I- and O."""
    with tarfile.open(common.DATA / "sgd_dialogues" / "sgd_single_domain.tar.gz") as archive:
        for member in archive:
            file = (
                archive.extractfile(member)
                if "dialogues" in member.name and member.name.endswith(".json")
                else None
            )
            for dialogue in json.load(file) if file else ():
                for turn in dialogue["turns"]:
                    spans = {
                        (slot["start"], slot["exclusive_end"]): kind
                        for frame in turn["frames"]
                        for slot in frame["slots"]
                        if "start" in slot and (kind := kind_of(slot["slot"]))
                    }
                    yield marked(turn["utterance"], spans)


def kind_of(slot: str) -> str | None:
    return next((kind for pattern, kind in KINDS if re.search(pattern, slot)), None)


def marked(text: str, spans: dict[tuple[int, int], str]) -> Sentence:
    """The words of a text, and a label for each."""
    words, tags = [], []
    for match in TOKEN.finditer(text):
        label = "O"
        for (first, end), kind in spans.items():
            if first <= match.start() < end:
                label = f"{'B' if match.start() == first else 'I'}-{kind}"
        words.append(match.group())
        tags.append(label)
    return words, tags


CLOSED = {
    "DET": "a an the this that these those some any no each every another both all",
    "PRON": "i you he she it we they him her them his its their himself herself who which what someone something",
    "ADP": "of in on at by for with from into onto near over under through along around behind between during across "
    "against above below down up off out outside inside beside while as",
    "CONJ": "and or but nor so",
    "AUX": "is are was were be been being am do does did has have had will would can could may might must should",
    "NUM": "one two three four five six seven eight nine ten several",
    "PART": "to not n't",
}
WORDS = {word: tag for tag, words in CLOSED.items() for word in words.split()}
ENDINGS = (
    ("ly", "ADV"), ("ing", "VERB"), ("ed", "VERB"), ("ous", "ADJ"), ("ful", "ADJ"), ("ish", "ADJ"), ("less", "ADJ"),
    ("able", "ADJ"), ("ive", "ADJ"), ("ic", "ADJ"), ("en", "ADJ"), ("ness", "NOUN"), ("ment", "NOUN"), ("tion", "NOUN"),
    ("er", "NOUN"), ("ss", "NOUN"), ("s", "NOUNS"),
)  # fmt: skip


def tag_of(word: str, before: str, first: bool) -> str:
    """The part of speech of a word after one of the part `before`."""
    lower = word.lower()
    if not any(c.isalnum() for c in word):
        return "PUNCT"
    if lower in WORDS:
        return WORDS[lower]
    if any(c.isdigit() for c in word):
        return "NUM"
    if word[0].isupper() and not first:
        return "PROPN"
    for ending, tag in ENDINGS:
        if len(lower) > len(ending) + 2 and lower.endswith(ending):
            return "VERBS" if tag == "NOUNS" and before in ("PRON", "PROPN", "NOUN") else tag
    return "VERB" if before in ("PRON", "PART", "AUX", "NOUNS") else "NOUN"


def pos() -> Iterator[Sentence]:
    """The English sentences of Multi30k with parts of speech by rule."""
    with gzip.open(common.DATA / "multi30k_en_de" / "train.en.gz", "rt", encoding="utf-8") as file:
        for line in file:
            words: list[str] = TOKEN.findall(line)
            tags: list[str] = []
            for i, word in enumerate(words):
                tags.append(tag_of(word, tags[-1] if tags else "", i == 0))
            yield words, tags


SETS = {"entities": (entities, "entity_f1"), "pos": (pos, "accuracy")}


def parts(name: str) -> tuple[list[Sentence], list[Sentence], dict[str, float]]:
    """Training and test sentences, and how much of the test is new."""
    sentences = [s for s in dict.fromkeys((tuple(w), tuple(t)) for w, t in SETS[name][0]()) if s[0]]
    counts = Counter(word.lower() for words, _ in sentences for word in words)
    usual = {word for word, _ in counts.most_common(FREQUENT)}

    def held_out(word: str) -> bool:
        lower = word.lower()
        return lower not in usual and lower.isalpha() and zlib.crc32(lower.encode()) % 3 == 0

    shares = [sum(map(held_out, words)) / len(words) for words, _ in sentences]
    order = np.random.default_rng(0).permutation(len(sentences))
    plain = [i for i in order if shares[i] == 0][:TRAIN]
    train = [sentences[i] for i in plain]
    known = {word.lower() for words, _ in train for word in words}
    # Of sentences with new words those whose share is next to a third, so that their mean is about that.
    new = sorted((i for i in order if shares[i] > 0), key=lambda i: abs(shares[i] - 1 / 3))[:TEST]
    test = [sentences[i] for i in new]
    tokens = [word.lower() not in known for words, _ in test for word in words]
    kinds = {word.lower() for words, _ in test for word in words}
    unseen = {"new_tokens": float(np.mean(tokens)), "new_words": len(kinds - known) / len(kinds)}
    return [(list(w), list(t)) for w, t in train], [(list(w), list(t)) for w, t in test], unseen


# ---- contenders


def rows_of(sentences: list[Sentence]) -> list[dict[str, list[str]]]:
    return [{"tokens": words, "tags": tags} for words, tags in sentences]


def ours(train: list[Sentence], test: list[Sentence], seed: int, **options: Any) -> dict[str, float]:
    import hitherto

    model = hitherto.train(
        "tag", rows_of(train), input="tokens", output="tags", seed=seed, threads=1, **options
    )
    scores = model.evaluate(rows_of(test))
    return {"accuracy": scores["accuracy"], "entity_f1": scores["entity_f1"], "steps": model.made["steps"]}


def features(words: list[str]) -> list[list[str]]:
    """Of each word: itself, its endings, its shape, and its neighbours, as the usual examples of CRFsuite have them."""

    def alone(word: str, place: str) -> list[str]:
        case = f"{word.isupper()}{word.istitle()}{word.isdigit()}"
        return [f"{place}w={word.lower()}", f"{place}case={case}"]

    made = []
    for i, word in enumerate(words):
        row = ["bias", *alone(word, ""), *(f"end={word[-n:]}" for n in (2, 3)), f"begin={word[:3]}"]
        row += alone(words[i - 1], "-") if i else ["first"]
        row += alone(words[i + 1], "+") if i + 1 < len(words) else ["last"]
        made.append(row)
    return made


def crfsuite(train: list[Sentence], test: list[Sentence], path: str) -> dict[str, float]:
    import pycrfsuite

    from hitherto.metrics import METRICS

    trainer = pycrfsuite.Trainer(verbose=False)
    for words, tags in train:
        trainer.append(features(words), tags)
    trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 100})
    trainer.train(path)
    tagger = pycrfsuite.Tagger()
    tagger.open(path)
    said = [tagger.tag(features(words)) for words, _ in test]
    truth = [tags for _, tags in test]
    right = [a == b for one, other in zip(truth, said, strict=True) for a, b in zip(one, other, strict=True)]
    return {
        "accuracy": float(np.mean(right)),
        "entity_f1": METRICS["entity_f1"].compute(labels=truth, predicted=said),
    }


CONTENDERS: dict[str, dict[str, Any]] = {
    "before": {"spelling": False, "head": "softmax", "metric": "accuracy"},
    "letters": {"head": "softmax"},
    "crf": {"spelling": False, "head": "crf"},
    "defaults": {},
}


def measure(name: str, contender: str, seed: int) -> None:
    train, test, unseen = parts(name)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        scores = (
            crfsuite(train, test, str(Path(folder) / "crf"))
            if contender == "crfsuite"
            else ours(train, test, seed, **CONTENDERS[contender])
        )
    about = {"seed": seed, "train": len(train), "test": len(test), **unseen, **scores}
    rounded = {k: common.rounded(v) if isinstance(v, float) else v for k, v in about.items() if v == v}
    common.keep(RESULTS, f"{name} {contender}", **rounded, seconds=round(time.perf_counter() - start))


# ---- the likelihood


def weights_of(path: str) -> tuple[Any, Any]:
    """State features, [attributes, labels], and transitions, [labels, labels], of a model, in full precision."""
    data = Path(path).read_bytes()
    _, _, _, _, _, labels, attributes, at = struct.unpack_from("<4sI4sIIIII", data)
    states, moves = np.zeros((attributes, labels)), np.zeros((labels, labels))
    _, _, count = struct.unpack_from("<4sII", data, at)
    for i in range(count):
        kind, source, target, weight = struct.unpack_from("<IIId", data, at + 12 + 20 * i)
        (moves if kind else states)[source, target] = weight
    return states, moves


def likelihood() -> None:
    """The log-likelihood of the test under a model of CRFsuite, and its marginals: by CRFsuite and by our head."""
    import pycrfsuite

    from hitherto.heads import HEADS, crf_best

    train, test, _ = parts("entities")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "crf")
        crfsuite(train[:500], test[:1], path)
        states, moves = weights_of(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        info = tagger.info()
        labels, attributes = info.labels, info.attributes
        none = np.zeros(len(labels))
        weights = {"transitions": moves, "start": none, "end": none}
        worst = apart = 0.0
        same = sentences = 0
        for words, tags in test[:300]:
            if not set(tags) <= labels.keys():
                continue
            x = features(words)
            params = np.array(
                [sum((states[int(attributes[a])] for a in row if a in attributes), none) for row in x]
            )
            y = np.array([int(labels[tag]) for tag in tags])
            tagger.set(x)
            theirs = np.log(tagger.probability(tags))
            worst = max(worst, abs(float(HEADS["crf"].log_prob(params, y, **weights)) - theirs))
            shares = HEADS["crf"].mean(params, **weights)
            for name, number in labels.items():
                by_them = [tagger.marginal(name, t) for t in range(len(words))]
                apart = max(apart, float(np.abs(shares[:, int(number)] - by_them).max()))
            best = crf_best(params, **weights)
            same += [int(labels[tag]) for tag in tagger.tag()] == best.tolist()
            sentences += 1
    common.keep(
        RESULTS,
        "likelihood",
        sentences=sentences,
        log_likelihood_apart=worst,
        marginals_apart=apart,
        same_paths=same,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*SETS, "likelihood", []], default=[], metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--only", nargs="*", choices=[*CONTENDERS, "crfsuite"], default=["before", "defaults", "crfsuite"]
    )
    given = parser.parse_args()
    for name in given.names or [*SETS, "likelihood"]:
        if name == "likelihood":
            likelihood()
            continue
        for contender in given.only:
            for seed in range(1 if contender == "crfsuite" else given.seeds):
                try:
                    measure(name, contender, seed)
                except ImportError as error:
                    common.say(f"{name} {contender}: left out, {error}")


if __name__ == "__main__":
    main()
