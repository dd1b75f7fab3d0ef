"""The branches beside the layers: their sizes and their first weights, fitted before the first step.

A `bag` begins as a logistic regression on its n-grams, which is convex and takes seconds. So the model begins as good
as that, and training goes on from there. Where there are more classes than numbers in a row of the bag's table, its
rows hold principal components. A `summary` gets the means and deviations of its statistics, and begins so too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.baselines import logistic, texts
from hitherto.baselines.logistic import Logistic
from hitherto.baselines.rows import Dense, Rows, Shared, Sparse, picked
from hitherto.codecs.label import LabelCodec
from hitherto.plan import OPS, Input, Operation, Plan, tensor_name
from hitherto.plan import Options as OpOptions
from hitherto.plan.branches import STATISTICS, WIDE, WIDEST_BAG, gram_row, summary_size
from hitherto.spec import ModelSpec, Spec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Options

__all__ = ["beside_layers", "branched", "choices", "columns_of", "first_weights"]

STRENGTHS = (1.0, 10.0, 100.0)  # of the data beside the penalty of large weights, to choose from
STRENGTHS_OF_LAYERS = (0.001, 0.01, 0.1)
STRENGTHS_OF_STATISTICS = (0.03, 0.3, 3.0)
LETTERS = 1.5  # of what a word is to a bag: the length of its letters, beside 1 of itself
ALONE = 0.5  # of an n-gram in one example alone: a new text has few of those, so a fit may not rest on them
ROUNDS = 60  # of a fit
WORK = 20_000_000  # values times classes of a fit: of more rows some are picked
MOST = 1 << 21  # numbers of the buckets of a bag that is not asked for


def branched(spec: Spec) -> bool | None:
    """Whether a text of this spec is read beside the layers too; None where the task cannot."""
    return spec.model.skip is not False if "skip" in TASKS[spec.task].options else None


def choices(model: ModelSpec, x: Input, steps: Array, classes: int) -> Options:
    """Whether there is a branch, and its sizes for examples of these `steps`: a text has one, unless none is wanted."""
    if x["kind"] != "ids" or model.skip is False:
        return {"skip": False}
    grams = model.ngrams or 2
    longer = sum(int(np.maximum(steps - n, 0).sum()) for n in range(1, grams))
    most = MOST // min(WIDEST_BAG, classes)
    return {
        **({} if model.skip else {"skip": True}),
        "ngrams": grams,
        "buckets": 1 << int(np.clip(np.ceil(np.log2(max(1, longer))), 8, np.log2(most))),
    }


def columns_of(spec: Spec, x: Input, names: Sequence[str]) -> dict[str, tuple[str, Sequence[str]]]:
    """The columns of the weights that stand for what the head answers, where a branch has a number for each."""
    each = spec.model.skip and x["kind"] == "ids" and 0 < len(names) <= WIDEST_BAG
    return dict.fromkeys(("bag.weight", "head.weight"), (LabelCodec.kind, names)) if each else {}


def first_weights(
    plan: Plan, xs: Sequence[Array], labels: Array, apart: bool, names: Sequence[str] = ()
) -> dict[str, Array]:
    """The weights of the branches and of the head, fitted. `labels` [N, K] has 1 where a label holds.

    `apart`: whether each label holds or not by itself; otherwise one of them does. `names` are the words that ids
    stand for.
    """
    some = _Labelled(xs, labels, apart, names)
    made: dict[str, Array] = {}
    for op in plan["step"]:
        if op["op"] in FITS:
            FITS[op["op"]](made, op, plan["step"][-1], some)
    return made


@dataclass(frozen=True, slots=True)
class _Labelled:
    """What a fit learns from, as `first_weights` has it."""

    xs: Sequence[Array]
    labels: Array
    apart: bool
    names: Sequence[str]


def beside_layers(
    plan: Plan, weights: Mapping[str, Array], features: Array, labels: Array, apart: bool
) -> dict[str, Array]:
    """The head's weights, fitted to the numbers that layers made, [N, F]: it answers the mean of that and the branch.

    A branch was fitted before, to the same examples, so it has nothing more to learn from them; a fit of both at once
    would see nothing in the layers.
    """
    head = plan["step"][-1]
    name, bias = tensor_name(head, "weight"), tensor_name(head, "bias")
    beside = sum(op["options"]["size"] for op in plan["step"] if OPS[op["op"]].behind and op is not head)
    x = features[:, : features.shape[1] - beside].astype(np.float64)
    middle, deviation = x.mean(0), np.maximum(x.std(0), 1e-6)
    found = _fitted(Dense(((x - middle) / deviation).astype(np.float32)), labels, apart, STRENGTHS_OF_LAYERS)
    share = 0.5 if beside else 1.0
    of_layers = found.weights.T / deviation  # [K, F]
    weight = np.concatenate([share * of_layers, (1 - share) * weights[name][:, x.shape[1] :]], 1)
    constant = share * (found.bias - of_layers @ middle) + (1 - share) * weights[bias]
    return {name: weight.astype(np.float32), bias: constant.astype(np.float32)}


# ---------------------------------------------------------------------------------------------------------- text


def _fit_bag(tensors: dict[str, Array], op: Operation, head: Operation, some: _Labelled) -> None:
    o = op["options"]
    name, width = tensor_name(op, "weight"), o["width"]
    rows = [bag_rows(x, o) for x in some.xs]
    table, bias = regression(rows, o["size"] + o["buckets"], some.labels, some.apart, some.names)
    last = np.eye(width, dtype=np.float32)
    if width < table.shape[1]:
        _, vectors = np.linalg.eigh(table.T @ table)
        last = vectors[:, ::-1][:, :width]
        table = table @ last
    tensors[name] = table.astype(np.float32)
    _begin(tensors, head, last, bias)


def _begin(tensors: dict[str, Array], head: Operation, last: Array, bias: Array) -> None:
    """The head's weights for the branch, which it reads last; it reads nothing of the layers at first."""
    weight = np.zeros((head["options"]["output_size"], head["options"]["input_size"]), np.float32)
    weight[:, -last.shape[1] :] = last
    tensors[tensor_name(head, "weight")] = weight
    tensors[tensor_name(head, "bias")] = bias.astype(np.float32)


def bag_rows(x: Array, options: OpOptions) -> Array:
    """The rows of all n-grams of a sequence of ids."""
    x, n_grams = np.asarray(x, np.int64), range(1, min(options["grams"], len(x)) + 1)
    rows = [
        gram_row([x[k : len(x) - n + 1 + k] for k in range(n)], options["size"], options["buckets"])
        for n in n_grams
    ]
    return np.concatenate([x[:0], *rows])


def regression(
    rows: Sequence[Array], size: int, labels: Array, apart: bool, names: Sequence[str] = ()
) -> tuple[Array, Array]:
    """Logistic regression on n-grams: the table [size, K] and the bias [K].

    An example is the sum of its rows, divided by the square root of how many they are. Rare n-grams may have larger
    weights, as tf-idf lets them. The first rows may have `names`, the words they stand for: a row is then the sum of
    its own weights and of those of the letters of its word, so that words of one stem help each other.
    """
    K = labels.shape[1]
    lengths = np.array([len(some) for some in rows])
    few = picked(len(rows), max(500, int(len(rows) * WORK / max(1, lengths.sum() * K))))
    rows, lengths, labels = [rows[i] for i in few], lengths[few], labels[few]
    used, at = np.unique(np.concatenate(rows), return_inverse=True)
    table = np.zeros((size, K), np.float32)
    example = np.repeat(np.arange(len(rows)), lengths)
    counts = Sparse.counts(example, at, (len(rows), len(used)))
    rarity = 1 + np.log((1 + len(rows)) / (1 + np.bincount(counts.columns, minlength=len(used))))
    usual = np.sqrt((rarity[at] ** 2).mean()) if len(at) else 1.0
    rarity = rarity / usual
    known = np.where(np.bincount(counts.columns, minlength=len(used)) > 1, 1.0, ALONE)
    scale = (rarity * known)[counts.columns] / np.sqrt(lengths)[counts.rows]
    features = counts.with_values(counts.values * scale)
    letters = _letters(names, used)
    if not 0 < len(letters.values) * K <= WORK:
        found = _fitted(features, labels, apart, STRENGTHS)
        table[used] = found.weights * rarity[:, None]
        return table, found.bias
    shared = Shared(features, letters)
    found = _fitted(shared, labels, apart, STRENGTHS)
    table[used] = shared.of_columns(found.weights) * rarity[:, None]
    return table, found.bias


def _letters(names: Sequence[str], used: Array) -> Sparse:
    """How often the name of each of the `used` rows has each run of letters; rows behind the names have none.

    The unit is such that a name has the length `LETTERS` on average.
    """
    grams = texts.characters(names)
    some = grams.counted(grams.vocabulary(least=2)).part(used[used < len(names)])
    length = np.sqrt((some.values**2).sum() / max(1, some.shape[0]))
    none = np.full(int((used >= len(names)).sum()), some.starts[-1])
    starts = np.concatenate([some.starts, none])
    return Sparse(starts, some.columns, some.values * (LETTERS / max(length, 1e-9)), some.width)


def _fitted(features: Rows, labels: Array, apart: bool, strengths: Sequence[float]) -> Logistic:
    """A logistic regression with the strength that is best for every fifth row, learned from the others."""
    every = np.random.default_rng(0).permutation(len(labels))
    second, first = np.sort(every[: len(every) // 5]), np.sort(every[len(every) // 5 :])
    losses = [np.inf] * len(strengths)
    model: Logistic | None = None
    for i, strength in enumerate(strengths if len(second) else ()):
        model = logistic.fit(
            features.part(first), labels[first], strength, apart=apart, steps=30, start=model
        )
        losses[i] = _loss(model, features.part(second), labels[second])
    best = strengths[int(np.argmin(losses))] if len(second) else strengths[0]
    return logistic.fit(features, labels, best, apart=apart, steps=ROUNDS)


def _loss(model: Logistic, rows: Rows, labels: Array) -> float:
    """The sum of the log loss."""
    p = np.clip(model.probabilities(rows), 1e-12, 1 - 1e-12)
    losses = labels * np.log(p)
    return -float((losses + (1 - labels) * np.log(1 - p) if model.apart else losses).sum())


# ------------------------------------------------------------------------------------------------------ sequences


def _fit_summary(tensors: dict[str, Array], op: Operation, head: Operation, some: _Labelled) -> None:
    full = [i for i, x in enumerate(some.xs) if len(x)]
    found = np.array([statistics(some.xs[i]) for i in full]).reshape(
        len(full), summary_size(op["options"]["size"])
    )
    if not full:
        return
    middle, deviation = found.mean(0), found.std(0)
    scale = np.where(deviation > 1e-6, 1 / np.maximum(deviation, 1e-6), 0)
    tensors[tensor_name(op, "shift")] = middle.astype(np.float32)
    tensors[tensor_name(op, "scale")] = scale.astype(np.float32)
    features = np.clip((found - middle) * scale, -WIDE, WIDE).astype(np.float32)
    found_weights = _fitted(Dense(features), some.labels[full], some.apart, STRENGTHS_OF_STATISTICS)
    _begin(tensors, head, found_weights.weights.T, found_weights.bias)


def statistics(x: Array) -> Array:
    """The statistics of a sequence, [T, I], before they are standardised."""
    x = np.asarray(x, np.float64)
    change = np.abs(np.diff(x, axis=0)).sum(0) / max(1, len(x) - 1)
    rows = (x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1], change)
    assert len(rows) == len(STATISTICS)  # noqa: S101
    return np.concatenate([*rows, [np.log1p(len(x))]])


Fit = Callable[[dict[str, Array], Operation, Operation, _Labelled], None]
FITS: dict[str, Fit] = {
    "bag": _fit_bag,
    "summary": _fit_summary,
}
