"""The corpus: a tiny bundle of every task and of every form that a plan has, made in memory with weights drawn.

No training, no torch: the codecs are fitted and the plan is made as a training would, and a case costs a millisecond.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hitherto import plan
from hitherto.media.sound import Sound
from hitherto.spec import from_options, with_defaults
from hitherto.spec.tasks import TASKS
from hitherto.tasks.families import FAMILIES
from hitherto.tensors import open_tensors
from hitherto.trained import Model
from hitherto.training.run import complete

__all__ = ["FORMS", "Seed", "bundle_of", "corpus"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Seed:
    """One bundle, taken apart, with what its model may be asked."""

    name: str
    metadata: dict[str, str]
    tensors: dict[str, Array]
    rows: list[Any]  # of the data that it was made from
    live: list[Any]  # what a stream of it is pushed


def _drawn(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


_REVIEWS = [
    {"text": f"{w} film, {w} and so on", "label": s, "n": i % 3, "v": [i, 2 * i], "g": i // 3}
    for i in range(6)
    for w, s in (("good", "+"), ("bad", "-"))
]
_TAGGED = [
    {"tokens": ["ann", "met", "bob"][: 1 + i % 3], "tags": ["P", "O", "P"][: 1 + i % 3]} for i in range(6)
]
_DAYS = [
    {"unique_id": s, "ds": t, "y": (t * 7) % 11 + len(s), "promo": t % 2, "shop": s, "z": t % 5}
    for s in ("a", "bb")
    for t in range(14)
]
_PAIRS = [{"source": f"{a} hund {n}", "target": f"{n} DOG {a}"} for a in ("ein", "kein") for n in range(4)]
_TALKS = [{"turns": ["hello there", f"hi, {name}", "how are you?", "well"]} for name in ("ann", "bob")] * 3
_STORIES = [
    {"story": f"{who} went to the {at}.", "question": f"where is {who}?", "answer": at, "kind": at[0]}
    for who in ("mary", "john")
    for at in ("hall", "garden", "office")
]
_TUNES = [{"roll": [[60 + (s + t) % 5, 64][: 1 + t % 2] for t in range(8 + s)]} for s in range(4)]
_SEEN: list[dict[str, Any]] = [
    {
        "image": np.random.default_rng(i).random((6, 8, 3)).astype(np.float32),
        "film": np.random.default_rng(i).random((3 + i % 2, 6, 8)).astype(np.float32),
        "caption": f"a {word} one",
        "label": word,
    }
    for i, word in enumerate(["red", "dark"] * 3)
]
_HEARD = [{"sound": Sound(_drawn(i, 400 + 40 * i) / 5, 2000), "text": "abc"[: 1 + i % 3]} for i in range(4)]
_INKED = [{"strokes": _drawn(i, 2, 5, 2).cumsum(1).tolist(), "text": "xyz"[: 1 + i % 3]} for i in range(6)]

_TEXT = ["good fi", "lm 9"]
_FILM = [row["film"][:2] for row in _SEEN[:2]]
_PICTURES = [_SEEN[0]["image"]]
_SOUNDS = [_drawn(9, 300).astype(np.float32) / 5, _drawn(8, 100).astype(np.float32) / 5]
_POINTS = [[[0.0, 0.0], [1.0, 0.5], [2.0, 1.0]], [[2.0, 2.0], [3.0, 1.0]]]
_DAY = [1.5, 2.5, 3.0]
_ROLL = [[[60, 64], [62]], [[]]]

# name: rows, what a stream is pushed, options of the spec. The name's first word is the task.
FORMS: dict[str, tuple[list[Any], list[Any], dict[str, Any]]] = {
    "classify": (_REVIEWS, _TEXT, {"input": "text", "output": "label", "bidirectional": False}),
    "classify two ways": (
        _REVIEWS,
        _TEXT,
        {"input": "text", "output": "label", "bidirectional": True, "pool": "max", "num_layers": 2},
    ),
    "classify chars": (
        _REVIEWS,
        _TEXT,
        {"input": "text", "output": "label", "bidirectional": False, "tokens": "chars", "cell": "gru", "pool": "mean"},
    ),
    "classify several": (
        _REVIEWS,
        _TEXT,
        {"input": "text", "output": "label", "multi": True, "bidirectional": False, "layer_norm": True},
    ),
    "classify n grams": (
        _REVIEWS,
        _TEXT,
        {"input": "text", "output": "label", "bidirectional": False, "skip": True, "ngrams": 3, "buckets": 60},
    ),
    "classify statistics": (
        _REVIEWS,
        [[0.5], [1.5]],
        {"input": "v", "output": "label", "bidirectional": False, "skip": True, "pool": "mean"},
    ),
    "classify one step": (_REVIEWS, [[1, 2]], {"input": ("n", "g"), "output": "label", "bidirectional": False}),
    "classify series": (_REVIEWS, [[0.5], [1.5]], {"input": "v", "output": "label", "bidirectional": False}),
    "classify pictures": (
        _SEEN,
        _PICTURES,
        {"input": "image", "output": "label", "conv": (2,), "bidirectional": False},
    ),
    "classify columns": (
        _SEEN,
        _PICTURES,
        {"input": "image", "output": "label", "reads": "columns", "height": 5, "bidirectional": False},
    ),
    "classify films": (
        _SEEN,
        _FILM,
        {"input": "film", "output": "label", "conv": (2,), "peaks": True, "pool": "mean", "bidirectional": False},
    ),
    "classify sound": (_HEARD, _SOUNDS, {"input": "sound", "output": "text", "bands": 4, "bidirectional": False}),
    "classify strokes": (_INKED, _POINTS, {"input": "strokes", "output": "text", "bidirectional": False}),
    "regress": (_REVIEWS, _TEXT, {"input": "text", "output": "n", "bidirectional": False}),
    "regress several": (
        _REVIEWS,
        [[0.5], [1.5]],
        {"input": "v", "output": ("n", "g"), "head": "gaussian", "bidirectional": False},
    ),
    "tag": (_TAGGED, ["ann met ", "bob"], {"input": "tokens", "output": "tags", "bidirectional": False}),
    "tag as a whole": (
        _TAGGED,
        ["ann met ", "bob"],
        {"input": "tokens", "output": "tags", "bidirectional": False, "head": "crf", "spelling": False},
    ),
    "tag by parts of words": (
        _TAGGED,
        ["ann met ", "bob"],
        {
            "input": "tokens",
            "output": "tags",
            "bidirectional": False,
            "spelling": True,
            "letter_buckets": 7,
            "embedding_size": 4,
        },
    ),
    "tag two ways": (_TAGGED, ["ann "], {"input": "tokens", "output": "tags", "cell": "gru", "num_layers": 2}),
    "lm": (["the cat sat on the mat."] * 8, _TEXT, {"tokens": "words", "tied": True, "embedding_size": 4}),
    "lm chars": (
        ["the cat sat."] * 8,
        _TEXT,
        {"tokens": "chars", "num_layers": 2, "residual": True, "cell": "gru", "reset": "before"},
    ),
    "lm bytes": (["the cat."] * 8, _TEXT, {"tokens": "bytes", "proj_size": 3, "layout": "lines"}),
    "forecast": (
        _DAYS,
        _DAY,
        {"id": "unique_id", "time": "ds", "output": "y", "horizon": 2, "season": 3, "cell": "rnn"},
    ),
    "forecast steps": (
        _DAYS,
        _DAY,
        {"id": "unique_id", "time": "ds", "output": "y", "horizon": 2, "season": 3, "reader": "steps", "cell": "gru"},
    ),
    "forecast window": (
        _DAYS,
        _DAY,
        {"id": "unique_id", "time": "ds", "output": "y", "horizon": 2, "season": 3, "reader": "window", "window": 6},
    ),
    "forecast gaussian": (
        _DAYS,
        _DAY,
        {"id": "unique_id", "time": "ds", "output": "y", "horizon": 2, "head": "gaussian"},
    ),
    "forecast with covariates": (
        _DAYS,
        [1.5],
        {
            "id": "unique_id",
            "time": "ds",
            "output": "y",
            "known": ("promo",),
            "static": ("shop",),
            "horizon": 2,
            "head": "student_t",
            "scaling": "train",
            "anchor": "last",
        },
    ),
    "forecast counts": (
        _DAYS,
        _DAY,
        {
            "id": "unique_id",
            "time": "ds",
            "output": "y",
            "horizon": 2,
            "head": "negative_binomial",
            "scaling": "counts",
            "anchor": "none",
        },
    ),
    "forecast two": (
        _DAYS,
        [[1.5, 2.0], [1.0, None]],
        {"id": "unique_id", "time": "ds", "output": ("y", "z"), "horizon": 2, "anchor": "season", "season": 3},
    ),
    "forecast apart": (
        _DAYS,
        [[1.5, 2.0]],
        {"id": "unique_id", "time": "ds", "output": ("y", "z"), "horizon": 2, "independent": True},
    ),
    "translate": (_PAIRS, ["ein hu", "nd 3"], {"tokens": "words"}),
    "translate subwords": (_PAIRS, ["ein hu", "nd 3"], {"vocab_size": 270}),
    "translate one way": (
        _PAIRS,
        ["ein ", "hund"],
        {"tokens": "words", "bidirectional": False, "attention": "additive", "input_feeding": True},
    ),
    "translate without attention": (_PAIRS, ["ein "], {"tokens": "chars", "attention": "none", "cell": "gru"}),
    "summarize": (_PAIRS, ["ein hund"], {"tokens": "words", "input_feeding": True, "max_length": 6}),
    "chat": (_TALKS, ["hello"], {"input": "turns", "tokens": "words"}),
    "answer": (_STORIES, ["mary went.\nwhere is mary?"], {"copy": True, "by": "kind"}),
    "answer additive": (
        _STORIES,
        ["mary went.\nwhere?"],
        {"attention": "additive", "bidirectional": False, "num_layers": 2},
    ),
    "caption": (_SEEN, _PICTURES, {"input": "image", "output": "caption", "conv": (2, 3), "embedding_size": 3}),
    "caption one vector": (_SEEN, _PICTURES, {"input": "image", "output": "caption", "attention": "none"}),
    "caption peaks": (
        _SEEN,
        _PICTURES,
        {"input": "image", "output": "caption", "attention": "none", "conv": (2,), "peaks": True},
    ),
    "caption a film": (_SEEN, _FILM, {"input": "film", "output": "caption", "conv": (2,)}),
    "transcribe": (_HEARD, _SOUNDS, {"input": "sound", "output": "text", "bands": 4}),
    "transcribe one way": (
        _HEARD,
        _SOUNDS,
        {"input": "sound", "output": "text", "bands": 4, "bidirectional": False},
    ),
    "transcribe strokes": (
        _INKED,
        _POINTS,
        {"input": "strokes", "output": "text", "spacing": 0.2, "bidirectional": False},
    ),
    "handwrite": (_INKED, ["x", "yz"], {"input": "text", "input_feeding": True, "mixtures": 2, "components": 2}),
    "handwrite all at once": (_INKED, ["xy"], {"input": "text", "mixtures": 2, "components": 2, "num_layers": 3}),
    "handwrite freely": ([{"strokes": r["strokes"]} for r in _INKED], [], {"output": "strokes", "mixtures": 2}),
    "compose": (_TUNES, _ROLL, {"chain": 3, "low": 55, "high": 70}),
    "compose each key": (_TUNES, _ROLL, {"head": "sigmoid", "cell": "gru", "low": 55, "high": 70}),
}  # fmt: skip


def model_of(name: str) -> Model:
    """The model of that form, with weights that are drawn and not trained."""
    rows, _, options = FORMS[name]
    task = TASKS[name.split(maxsplit=1)[0]]
    given = from_options(
        task.name,
        None,
        None,
        hidden_size=4,
        num_layers=options.get("num_layers", 1),
        **{k: v for k, v in options.items() if k != "num_layers"},
    )
    source, examples, _ = FAMILIES[task.source].source.prepare(with_defaults(given), rows, rows, {})
    source.spec = complete(source, examples, lambda _line: None)
    kind, own = source.head()
    made = plan.make(source.spec.model, task.form, source.inputs(), kind, own)
    draw = np.random.default_rng(len(name))
    tensors: dict[str, Array] = {
        tensor: draw.normal(0, 0.3, shape).astype(np.float32) for tensor, shape in plan.weights(made).items()
    }
    if task.name == "lm":  # words end soon, and so does a search for them
        tensors["head.bias"][source.codecs["input"].encode(" ")] += 8
    return Model(
        source.spec,
        made,
        source.codecs,
        tensors,
        metrics={"accuracy": 0.5},
        made={"hitherto": "0", "steps": 1},
    )


def bundle_of(name: str, folder: Path) -> Path:
    """The bundle of that form, in a file of the folder."""
    path = folder / f"{name.replace(' ', '-')}.safetensors"
    model_of(name).save(path)
    return path


def corpus() -> Iterator[Seed]:
    """All forms, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (rows, live, _) in FORMS.items():
            metadata, arrays = open_tensors(bundle_of(name, Path(folder)))
            yield Seed(name, metadata, dict(arrays), rows, live)
