"""Metrics of classes, labels and entities."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypedDict

import numpy as np

from hitherto.errors import InputError, UsageError, nearest
from hitherto.metrics.parts import Array, check_same, mean_of, ratio

__all__ = [
    "accuracy",
    "auc",
    "best_threshold",
    "confusion",
    "entities",
    "entity_f1",
    "entity_report",
    "exact",
    "log_loss",
    "mark_spans",
    "report",
    "report_of",
    "right",
    "score_of",
]


Tags = Sequence[str]

# One row of `report`; "class" is a word of Python, so it is spelled so.
ClassRow = TypedDict(
    "ClassRow", {"class": str, "precision": float, "recall": float, "f1": float, "support": int}
)


def _classes(labels: Array, probabilities: Array) -> tuple[Array, Array]:
    """Labels and probabilities, once they fit together."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, np.float64)
    if probabilities.ndim != 2 or labels.shape not in (probabilities.shape, probabilities.shape[:1]):
        raise InputError(
            f"expected labels [N] or [N, K] with probabilities [N, K], but got {list(labels.shape)} with "
            f"{list(probabilities.shape)}."
        )
    if labels.ndim == 1 and labels.size and not 0 <= labels.min() <= labels.max() < probabilities.shape[1]:
        raise InputError(
            f"labels must lie in 0..{probabilities.shape[1] - 1}, but came as {labels.min()}..{labels.max()}."
        )
    return labels, probabilities


def _counts(labels: Array, probabilities: Array, threshold: float) -> tuple[Array, Array, Array]:
    """Of each class: how often it was predicted rightly, predicted, and true, [K]."""
    labels, probabilities = _classes(labels, probabilities)
    if labels.ndim == 2:
        true, guessed = labels > 0.5, probabilities >= threshold
        return (true & guessed).sum(0), guessed.sum(0), true.sum(0)
    table = confusion(labels, probabilities.argmax(1), probabilities.shape[1])
    return table.diagonal(), table.sum(0), table.sum(1)


# ---------------------------------------------------------------------------------------------------- classes


def right(
    labels: Array,
    probabilities: Array | None = None,
    predicted: Array | None = None,
    threshold: float = 0.5,
    **_rest: object,
) -> Array:
    """Whether each label is right; each row's labels all together, where several may hold."""
    if predicted is not None:
        pairs = _pairs(labels, predicted)
        return np.array([x == y for a, b in pairs for x, y in zip(a, b, strict=True)], bool)
    if probabilities is None:
        raise UsageError("accuracy needs probabilities or predicted beside labels.")
    labels, rows = _classes(labels, probabilities)
    if labels.ndim == 2:
        return ((labels > 0.5) == (rows >= threshold)).all(1)
    return labels == rows.argmax(1) if labels.size else np.zeros(0, bool)


def accuracy(
    labels: Array,
    probabilities: Array | None = None,
    predicted: Array | None = None,
    threshold: float = 0.5,
    **_rest: object,
) -> float:
    """The share of labels that are right; of rows whose labels are all right, where several may hold."""
    return mean_of(right(labels, probabilities, predicted, threshold))


def _scores(
    labels: Array,
    probabilities: Array,
    positive: int | None,
    threshold: float,
    average: Literal["positive", "macro", "micro"],
) -> tuple[float, float, float]:
    """Precision, recall and f1."""
    if not np.size(labels):
        return math.nan, math.nan, math.nan
    right, guessed, true = _counts(labels, probabilities, threshold)
    if average == "positive" and np.ndim(labels) == 1 and len(true) <= 2:
        chosen = int(np.argmin(true)) if positive is None else positive
        right, guessed, true = right[[chosen]], guessed[[chosen]], true[[chosen]]
    elif average == "micro" or (average == "positive" and np.ndim(labels) == 2):
        right, guessed, true = (np.array([v.sum()]) for v in (right, guessed, true))
    elif np.ndim(labels) == 1:
        seen = (guessed + true) > 0
        right, guessed, true = right[seen], guessed[seen], true[seen]
    precision, recall, f1 = ratio(right, guessed), ratio(right, true), ratio(2 * right, guessed + true)
    return mean_of(precision), mean_of(recall), mean_of(f1)


def score_of(which: int, average: Literal["positive", "macro", "micro"]) -> Callable[..., float]:
    def compute(
        labels: Array,
        probabilities: Array,
        positive: int | None = None,
        threshold: float = 0.5,
        **_rest: object,
    ) -> float:
        return _scores(labels, probabilities, positive, threshold, average)[which]

    return compute


def _area(true: Array, scores: Array) -> float:
    """How likely a true one has a higher score than a false one, ties half; NaN where one kind is missing."""
    true = np.asarray(true, bool)
    ones, zeros = int(true.sum()), int((~true).sum())
    if not ones or not zeros:
        return math.nan
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place.reshape(-1)]  # ties share the middle of their ranks
    return float((ranks[true].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def auc(labels: Array, probabilities: Array, positive: int | None = None, **_rest: object) -> float:
    """The area under the ROC curve; of many classes or several labels, the mean of each against the rest."""
    labels, probabilities = _classes(labels, probabilities)
    if labels.ndim == 1 and probabilities.shape[1] == 2:
        chosen = 1 if positive is None else positive
        return _area(labels == chosen, probabilities[:, chosen])
    true = labels > 0.5 if labels.ndim == 2 else labels[:, None] == np.arange(probabilities.shape[1])
    areas = np.array([_area(true[:, k], probabilities[:, k]) for k in range(true.shape[1])])
    return mean_of(areas[~np.isnan(areas)])


def log_loss(labels: Array, probabilities: Array, **_rest: object) -> float:
    """The mean of -log of the true class's probability, or of each label's where several may hold."""
    labels, probabilities = _classes(labels, probabilities)
    if labels.ndim == 2:
        p = np.where(labels > 0.5, probabilities, 1 - probabilities)
    else:
        p = np.take_along_axis(probabilities, labels.astype(np.int64)[:, None], 1)
    return mean_of(-np.log(np.maximum(p, 1e-15)))  # a wrong certainty costs much, but not everything


def exact(labels: Array, probabilities: Array, threshold: float = 0.5, **_rest: object) -> float:
    return accuracy(labels, probabilities, threshold=threshold)


def confusion(labels: Array, predicted: Array, K: int) -> Array:
    """How often class i was taken for class j, [K, K] of [true, predicted]."""
    labels, predicted = np.asarray(labels, np.int64), np.asarray(predicted, np.int64)
    check_same(labels=labels, predicted=predicted)
    both = np.concatenate([labels.reshape(-1), predicted.reshape(-1)])
    if both.size and not 0 <= both.min() <= both.max() < K:
        raise InputError(f"class numbers must lie in 0..{K - 1}, but came as {both.min()}..{both.max()}.")
    return np.bincount(labels.reshape(-1) * K + predicted.reshape(-1), minlength=K * K).reshape(K, K)


def report(
    labels: Array, probabilities: Array, classes: Sequence[str], threshold: float = 0.5
) -> list[ClassRow]:
    """A row for each class: class, precision, recall, f1, support (how often it is true)."""
    return report_of(classes, *_counts(labels, probabilities, threshold))


def report_of(classes: Sequence[str], right: Array, guessed: Array, true: Array) -> list[ClassRow]:
    """As `report`, from how often each class was predicted rightly, predicted, and true."""
    right, guessed, true = (np.asarray(counts, np.int64) for counts in (right, guessed, true))
    if len(classes) != len(true):
        raise InputError(f"{len(true)} classes need as many names, but {len(classes)} came.")
    columns = ratio(right, guessed), ratio(right, true), ratio(2 * right, guessed + true)
    return [
        {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for name, p, r, f, n in zip(classes, *columns, true, strict=True)
    ]


def best_threshold(labels: Array, scores: Array, by: str = "f1") -> tuple[float, float]:
    """From which score on to say yes so that `by` is best, and how good it is then.

    labels: [N] of 0 and 1. by: f1 or accuracy. The threshold lies halfway to the next lower score, so that it
    does not hang on one example; of equally good ones it is the highest. NaN where there is no 1 or no 0.
    """
    if by not in ("f1", "accuracy"):
        raise UsageError(
            f"by must be 'f1' or 'accuracy', but came as {by!r}.{nearest(by, ['f1', 'accuracy'])}"
        )
    labels, scores = np.asarray(labels) > 0.5, np.asarray(scores, np.float64)
    check_same(labels=labels, scores=scores)
    ones = int(labels.sum())
    if not 0 < ones < labels.size:
        return math.nan, math.nan
    values, place = np.unique(-scores, return_inverse=True)
    values = -values  # falling
    right = np.cumsum(np.bincount(place.reshape(-1), labels))
    guessed = np.cumsum(np.bincount(place.reshape(-1)))
    worth = (
        2 * right / (guessed + ones)
        if by == "f1"
        else (right + labels.size - ones - (guessed - right)) / labels.size
    )
    best = int(np.argmax(worth))
    below = values[best + 1] if best + 1 < len(values) else values[best]
    middle = (values[best] + below) / 2
    return float(middle if middle > below else values[best]), float(worth[best])


# ------------------------------------------------------------------------------------------------------- tags


def _pairs(labels: Array, predicted: Array) -> list[tuple[Tags, Tags]]:
    """True and predicted sequences side by side, once they fit together; or flat labels, as one sequence."""
    true, guessed = list(labels), list(predicted)
    if true and (isinstance(true[0], str) or np.ndim(true[0]) == 0):
        true, guessed = [true], [guessed]
    if len(true) != len(guessed):
        raise InputError(f"{len(true)} sequences have labels, but {len(guessed)} have predictions.")
    for n, (a, b) in enumerate(zip(true, guessed, strict=True)):
        if len(a) != len(b):
            raise InputError(f"sequence {n} has {len(a)} labels, but {len(b)} were predicted.")
    return list(zip(true, guessed, strict=True))


def mark_spans(tags: Iterable[str]) -> bool:
    """Whether all these tags are O, or a letter and a kind, as in B-PER; and some begin or continue an entity."""
    kinds = [tag for tag in tags if tag not in ("O", "", "_")]
    return any(tag[:2] in ("B-", "I-") for tag in kinds) and all(
        tag[1:2] == "-" and tag[0] in "BIESLU" for tag in kinds
    )


def entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """The entities of a sequence of tags, each as (kind, first, last).

    Tags are O, or a letter and a kind, as in B-PER: B begin, I inside, E end, S single (also called L and U).
    By the rules of conlleval, what begins without a B begins all the same: an entity ends before O, B, S and
    another kind, and after E and S. So IOB1, BIO and BIOES all read right. A tag without a letter is a kind, and
    alike neighbours belong together.
    """
    spans: set[tuple[str, int, int]] = set()
    begun, open_kind = 0, None
    before = "O"
    for at, tag in enumerate([*tags, "O"]):
        mark, kind = _mark(tag)
        if open_kind is not None and (mark in "OBS" or before in "ES" or kind != open_kind):
            spans.add((open_kind, begun, at - 1))
            open_kind = None
        if mark != "O" and open_kind is None:
            begun, open_kind = at, kind
        before = mark
    return spans


def _mark(tag: str) -> tuple[str, str]:
    """The letter of a tag as one of O B I E S, and its kind."""
    if tag in ("O", "", "_"):
        return "O", ""
    mark, separator, kind = tag.partition("-")
    if not separator and len(tag) == 1:
        mark, kind = tag, ""
    mark = {"L": "E", "U": "S", "[": "S", "]": "S"}.get(mark, mark)
    return (mark, kind) if mark in ("B", "I", "E", "S") else ("I", tag)


def entity_f1(labels: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], **_rest: object) -> float:
    """Of entities, whose kind and both ends must be right. NaN where none is true and none predicted."""
    right, guessed, true = (counts.total() for counts in _entity_counts(labels, predicted))
    return 2 * right / (guessed + true) if guessed + true else math.nan


def _entity_counts(
    labels: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How often an entity of each kind was predicted rightly, predicted, and true."""
    right, guessed, true = Counter[str](), Counter[str](), Counter[str]()
    for a, b in _pairs(labels, predicted):
        real, marked = entities(a), entities(b)
        for counts, spans in ((right, real & marked), (guessed, marked), (true, real)):
            counts.update(kind for kind, _, _ in spans)
    return right, guessed, true


def entity_report(labels: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> list[ClassRow]:
    """A row for each kind of entity, as in `report`, and one for all of them together (micro), named "all"."""
    counts = _entity_counts(labels, predicted)
    kinds = sorted(counts[1] | counts[2])
    columns = [[*(of[kind] for kind in kinds), of.total()] for of in counts]
    return report_of([*kinds, "all"], *columns) if kinds else []
