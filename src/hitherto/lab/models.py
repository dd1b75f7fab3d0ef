"""Experiments with whole models: a sentence read word by word, the shapes of input and output, and what cells cost."""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TypedDict

import numpy as np
import torch

import hitherto
from hitherto.arrays import Array
from hitherto.inspect.page import sections
from hitherto.lab.cells import VARIANTS, parameters, size_for
from hitherto.lab.puzzles import drawn
from hitherto.lab.result import Claim, Lab, Result, spread, verdict
from hitherto.model import kernels

__all__ = ["cost", "forms", "sentence"]

# ------------------------------------------------------------------------------------------------------ a sentence

WHO = {"I": ("am", "my"), "you": ("are", "your"), "she": ("is", "her"), "they": ("are", "their")}
WHERE = {
    "market": ("buy bread", "buy apples"),
    "library": ("read books", "read poems"),
    "park": ("walk dogs", "play chess"),
    "station": ("take trains", "meet guests"),
}


def sentences(
    who: Mapping[str, tuple[str, str]] = WHO, where: Mapping[str, Sequence[str]] = WHERE
) -> list[str]:
    """Every sentence of a small language, in which later words depend on much earlier ones."""
    return [
        f"{one} {verb} going to the {place} with {whose} {friend} to {what}"
        for (one, (verb, whose)), (place, purposes), friend in itertools.product(
            who.items(), where.items(), ("friend", "brother", "sister")
        )
        for what in purposes
    ]


def sentence(lab: Lab, read: str = "I am going to the market with my friend to", epochs: int = 40) -> Result:
    """A model of a small language, trained on the spot; one sentence, word by word."""
    chances: dict[str, list[float]] = {"am": [], "my": [], "buy": []}
    seen = None
    for seed in lab.each(list(lab.seeds)):
        model = hitherto.train(
            "lm", sentences() * 4, tokens="words", layout="lines", hidden_size=32, embedding_size=16, epochs=epochs,
            seed=seed, valid=0.1, **SMALL,
        )  # fmt: skip
        now = model.inspect(read, measure=["gradient"], explain=1)
        seen = seen or now
        for before, word in (("I", "am"), ("with", "my"), ("to", "buy")):
            at = len(now.steps["x"]) - 1 - now.steps["x"][::-1].index(before)
            chances[word].append(float(now.answers[at, now.classes.index(word)]))
        lab.say(f"sentence: {', '.join(f'{word} {spread(p)}' for word, p in chances.items())}")
    assert seen is not None  # noqa: S101 - there is a seed
    wanted = ("Step by step", "The memory of", "The gates of", "How far back")
    parts = [section for section in sections(seen) if section["title"].startswith(wanted)]
    text = sentences()
    pair = sum("with my" in line for line in text) / len(text)
    kept = {word: float(np.median(p)) for word, p in chances.items()}
    claims = [
        Claim(
            "A recurrent network carries the beginning of a sentence to its end.",
            f"after 'I am going to the market with' it gives 'my' {spread(chances['my'])}, where counts of the last "
            f"word alone give {pair:.2f}; after '... with my friend to' it gives 'buy' {spread(chances['buy'])}",
            verdict(kept["my"] > 2 * pair, kept["buy"] > 0.5),
        ),
        Claim(
            "After 'I' it expects 'am'.",
            f"it gives 'am' {spread(chances['am'])}",
            verdict(kept["am"] > 0.9),
        ),
    ]
    return Result(claims, parts, {"chances": chances, "read": read})


# ------------------------------------------------------------------------------------------------------ four shapes

RIGHT = 0.9  # the share of unseen inputs that a model of a shape is to get right


def forms(lab: Lab, epochs: int = 20) -> Result:
    """The four shapes of input and output, each with a real model that was trained on the spot."""
    items: list[tuple[str, str]] = []
    right: dict[str, float] = {}
    for name, make in lab.each(list(FORMS.items())):
        share, caption, inputs, outputs = make(epochs)
        right[name] = share
        items.append((f"{name}: {caption}; {share:.0%} of unseen ones right", _drawn(name, inputs, outputs)))
        lab.say(f"forms: {name} {share:.0%}")
    claim = Claim(
        "One recurrent cell serves every shape of input and output.",
        ", ".join(f"{name} {share:.0%} right" for name, share in right.items()),
        verdict(*(share >= RIGHT for share in right.values())),
    )
    note = "Below what is read, above what is said, between them the state; an arrow to the right is a step of it."
    section = {"kind": "pictures", "title": "Four shapes of input and output", "items": items, "note": note}
    return Result([claim], [section], {"right": right})


Form = tuple[
    float, str, list[str], list[str]
]  # the share that is right, a caption, one input and what the model says


class Small(TypedDict):
    """Options of a small training."""

    num_layers: int
    baselines: bool
    budget: str
    threads: int
    device: str
    batch_size: int
    lr: float
    dropout: float


SMALL: Small = {
    "num_layers": 1, "baselines": False, "budget": "0", "threads": 1, "device": "cpu", "batch_size": 16, "lr": 0.01,
    "dropout": 0.0,
}  # fmt: skip


def _one_to_many(epochs: int) -> Form:
    names = ("bar on the left", "bar on the right", "bar at the top", "bar at the bottom")
    whole, first, last = slice(None), slice(1, 3), slice(5, 7)
    bars = ((whole, first), (whole, last), (first, whole), (last, whole))

    def picture(which: int, seed: int) -> Array:
        image = 0.2 * np.random.default_rng(seed).random((8, 8, 3)).astype(np.float32)
        image[bars[which]] = 1
        return image

    rows = [{"image": picture(k % 4, k), "caption": names[k % 4]} for k in range(160)]
    model = hitherto.train(
        "caption", rows, input="image", output="caption", conv=(4,), attention="none", embedding_size=8, epochs=epochs,
        hidden_size=24, **SMALL,
    )  # fmt: skip
    said = model.predict([picture(k % 4, 1000 + k) for k in range(40)])
    share = float(np.mean([text == names[k % 4] for k, text in enumerate(said)]))
    return share, "a picture is told", ["picture"], said[0].split()


def _many_to_one(epochs: int) -> Form:
    good, bad = ("good", "fine", "lovely", "bright"), ("dull", "awful", "poor", "slow")
    starts = ("a", "such a", "this was a", "what a", "it is a")
    rows = [
        {"text": f"{'not ' * no}{start} {word} film", "label": "+" if (word in good) != bool(no) else "-"}
        for start, word, no in itertools.product(starts, good + bad, (0, 1))
    ]
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    known, new = [rows[i] for i in order[:64]], [rows[i] for i in order[64:]]
    model = hitherto.train(
        "classify", known * 3, input="text", output="label", bidirectional=False, skip=False, embedding_size=16,
        epochs=epochs, hidden_size=24, **SMALL,
    )  # fmt: skip
    said = model.predict([row["text"] for row in new])
    share = float(np.mean([label == row["label"] for label, row in zip(said, new, strict=True)]))
    return share, "a text has a label", new[0]["text"].split(), [said[0]]


def _many_to_many(epochs: int) -> Form:
    words = {
        "the": "article",
        "a": "article",
        "dog": "noun",
        "bird": "noun",
        "tree": "noun",
        "sees": "verb",
        "likes": "verb",
    }
    lines = [
        f"{one} {who} {does} {other} {what}".split()
        for one, who, does, other, what in itertools.product(
            ("the", "a"), ("dog", "bird"), ("sees", "likes"), ("the", "a"), ("dog", "bird", "tree")
        )
    ]
    rows = [{"tokens": line, "tags": [words[w] for w in line]} for line in lines]
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    known, new = [rows[i] for i in order[:36]], [rows[i] for i in order[36:]]
    model = hitherto.train(
        "tag", known * 4, input="tokens", output="tags", bidirectional=False, embedding_size=16, epochs=epochs,
        hidden_size=24, **SMALL,
    )  # fmt: skip
    said = model.predict([row["tokens"] for row in new])
    share = float(np.mean([list(tags) == row["tags"] for tags, row in zip(said, new, strict=True)]))
    return share, "every word has a label", new[0]["tokens"], list(said[0])


def _seq2seq(epochs: int) -> Form:
    draw = np.random.default_rng(0)
    letters = list("abcdef")
    lines = sorted({" ".join(draw.choice(letters, int(draw.integers(2, 5)))) for _ in range(500)})
    order = draw.permutation(len(lines)).tolist()
    rows = [{"source": lines[i], "target": " ".join(reversed(lines[i].split()))} for i in order]
    model = hitherto.train(
        "translate", rows[:-40], input="source", output="target", tokens="words", embedding_size=16,
        bidirectional=True, epochs=epochs, hidden_size=48, **SMALL,
    )  # fmt: skip
    said = model.predict([row["source"] for row in rows[-40:]])
    share = float(np.mean([text == row["target"] for text, row in zip(said, rows[-40:], strict=True)]))
    return share, "letters are said backwards", rows[-1]["source"].split(), said[-1].split()


FORMS: dict[str, Callable[[int], Form]] = {
    "one to many": _one_to_many,
    "many to one": _many_to_one,
    "many to many, in step": _many_to_many,
    "many to many, one after the other": _seq2seq,
}


def _drawn(form: str, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """Boxes of what is read, of states, and of what is said, as SVG."""
    after = form.endswith("after the other")
    first = len(inputs) if after else 0  # the step at which the first output stands
    if form == "many to one":
        first = len(inputs) - 1
    count = max(len(inputs), first + len(outputs))
    wide, high, gap = 74, 26, 16
    width = count * (wide + gap) + gap

    def box(column: int, row: int, text: str, colour: str) -> str:
        x, y = gap + column * (wide + gap), gap + row * (high + 2 * gap)
        return (
            f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="5" fill="{colour}" fill-opacity="0.18" '
            f'stroke="{colour}"/><text x="{x + wide / 2}" y="{y + 17}" text-anchor="middle" '
            f'style="fill:var(--fg)">{escape(text)}</text>'
        )

    def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
        head = f"M{to_x - 4},{to_y + 6} L{to_x},{to_y} L{to_x + 4},{to_y + 6}"
        if y == to_y:
            head = f"M{to_x - 6},{to_y - 4} L{to_x},{to_y} L{to_x - 6},{to_y + 4}"
        return f'<path d="M{x},{y} L{to_x},{to_y} {head}" fill="none" stroke="var(--mild)"/>'

    parts = []
    middle, bottom = gap + high + 2 * gap, gap + 2 * (high + 2 * gap)
    for t in range(count):
        x = gap + t * (wide + gap)
        parts.append(box(t, 1, "state", "#66707a"))
        if t:
            parts.append(arrow(x - gap, middle + high / 2, x, middle + high / 2))
        if t < len(inputs):
            parts += [
                box(t, 2, inputs[t], "#0072b2"),
                arrow(x + wide / 2, bottom, x + wide / 2, middle + high),
            ]
        if 0 <= t - first < len(outputs):
            parts += [
                box(t, 0, outputs[t - first], "#009e73"),
                arrow(x + wide / 2, middle, x + wide / 2, gap + high),
            ]
    look = f'viewBox="0 0 {width} {bottom + high + gap}" width="{width}" role="img" aria-label="{form}"'
    return f"<svg {look}>{''.join(parts)}</svg>"


# ------------------------------------------------------------------------------------------------------ cost


def cost(
    lab: Lab, inputs: int = 64, hidden: int = 128, steps: int = 100, rows: int = 16, rounds: int = 15
) -> Result:
    """Weights, time and memory of the cells: of equally many units, and of equally many weights."""
    names = ("rnn tanh", "gru", "lstm")
    count = parameters(VARIANTS["lstm"](inputs, hidden, 2))
    table: list[list[object]] = []
    times: dict[str, list[float]] = {}
    for equal in lab.each(["units", "weights"]):
        sizes = {
            name: hidden if equal == "units" else size_for(VARIANTS[name], inputs, count) for name in names
        }
        with drawn(0):
            layers = {name: VARIANTS[name](inputs, sizes[name], 2) for name in names}
            x = torch.randn(steps, rows, inputs)
            taken: dict[str, list[float]] = {name: [] for name in names}
            for _ in range(rounds):  # in turn, so that what else the machine does meets all of them
                for name, layer in layers.items():
                    begun = time.process_time()
                    layer(x)[0].sum().backward()
                    taken[name].append(time.process_time() - begun)
        for name, layer in layers.items():
            times[f"{name}, equal {equal}"] = taken[name]
            per_step = 1e6 * float(np.median(taken[name])) / steps / rows
            state = 4 * len(layer._state_sizes) * sizes[name]
            kept = 4 * sizes[name] * (kernels.SAVED[kernels.CELLS[layer._kernel]] + len(layer._state_sizes))
            table.append([f"equal {equal}", name, sizes[name], parameters(layer), per_step, state, kept])
    weights = {str(row[1]): int(str(row[3])) for row in table[:3]}
    four = weights["lstm"] / weights["rnn tanh"]
    three = weights["gru"] / weights["rnn tanh"]
    pairs = [a / b for a, b in zip(times["lstm, equal units"], times["gru, equal units"], strict=True)]
    slower = float(np.median(pairs))
    claims = [
        Claim(
            "An lstm has four times the weights of a vanilla rnn, a gru three times.",
            f"{four:.2f} and {three:.2f} times, with {hidden} units each",
            verdict(abs(four - 4) < 0.01, abs(three - 3) < 0.01),
        ),
        Claim(
            "A gru is faster than an lstm of the same size, by about a quarter.",
            f"the lstm takes {spread(np.quantile(pairs, (0.25, 0.5, 0.75)).tolist())} times as long in training",
            verdict(slower > 1.05, 1.15 < slower < 1.5),
        ),
    ]
    section = {
        "kind": "table", "title": "What the cells cost", "rows": table,
        "columns": [
            *("compared at", "cell", "units", "weights", "µs a step and row, training", "bytes of state"),
            "bytes kept a step",
        ],
        "note": f"Forward and backward over {steps} steps of {rows} rows, {inputs} inputs, in processor time: the "
        f"median of {rounds} rounds, taken in turn. Bytes of state are what a stream carries; bytes kept are what "
        "training holds of each step.",
    }  # fmt: skip
    return Result(claims, [section], {"table": table, "seconds": times})
