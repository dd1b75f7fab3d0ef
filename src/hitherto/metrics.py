"""What a model is worth: one row for each metric, computed from the arrays of a whole evaluation.

    METRICS["f1"].compute(labels=labels, probabilities=probabilities)

`compute` takes all that an evaluation gathered, uses what it needs (`needs`) and gives a float. Where there is
nothing to score, or a metric means nothing (an area under the curve of one class), that is NaN; arrays that do
not fit together are an InputError.

Classes: `labels`, [N] of class numbers, and `probabilities`, [N, K]. Where several labels may hold at once,
`labels` are [N, K] of 0 and 1, each predicted where its probability is at least `threshold`, 0.5. Of two
classes, `positive` is the one whose precision, recall and f1 count: the rarer one in `labels` if it is not
given. Of more, they are means over the classes that occur in labels or predictions (macro); of several labels
at once, they are over all labels together (micro).
Tags: `labels` and `predicted`, lists of sequences of strings.
Text: `nll`, the sum in nats; `tokens`; `characters`.
Written texts: `texts`, a list of strings, and `references`, a list as long whose entries are a string or several.
`bleu` and `chrf` are sacrebleu's, of the whole corpus, and `signature` is what sacrebleu says of that BLEU. `rouge1`,
`rouge2` and `rougeL` are the F1 of words, of pairs of words and of the longest common subsequence of words: of several
references the best, the mean over the rows. Their words are the runs of letters and digits of the lower-cased text, not
stemmed: those of the rouge_score package, except that letters beyond a-z count here too. These five go from 0 to 100.
`exact_match` is the share of rows that equal one of their references but for case and blanks. `distinct_1` and
`distinct_2` need no references: how many words, or pairs of words within a text, differ from each other among all
texts, as a share of their number. `wer` and `cer` are how many words, or characters, must be put in, taken out or
changed to make the references of the texts, for each word or character of the references: 0 is best, and it may
exceed 1. A text has one reference there; words stand between blanks, blanks in a row are one, those at the ends none.
Case and punctuation count.
Forecasts: `actual`, `mean`, `median`, [N, horizon, channels]; `quantiles`, [..., Q], at `levels`; and
`naive_scale`, broadcast against them. What is NaN in `actual` is not scored. `crps` is the continuous ranked
probability score as far as the levels tell: twice the pinball loss, mean over the levels. `coverage` is the
share of actual values within the central interval of `level`, to be compared with it: 0.8 or, where the levels
do not bound that one, the widest that they bound.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hitherto.errors import InputError, MissingExtra, UsageError, nearest

__all__ = [
    "METRICS",
    "Metric",
    "best_threshold",
    "confusion",
    "entities",
    "entity_report",
    "report",
    "report_of",
    "signature",
]

Array = Any  # a numpy array, or what becomes one


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of `METRICS`; the top of this module says what `compute` takes."""

    name: str
    better: Literal["higher", "lower"]
    compute: Callable[..., float]
    needs: tuple[str, ...]


# ------------------------------------------------------------------------------------------------------ parts


def _same(**arrays: Array) -> None:
    """Arrays that are compared must have one shape."""
    shapes = {name: list(np.shape(array)) for name, array in arrays.items()}
    if len({tuple(shape) for shape in shapes.values()}) > 1:
        came = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"the arrays must have the same shape, but came as {came}.")


def _ratio(part: Array, whole: Array) -> Array:
    """The quotient; 0 / 0 is 0: a class that is neither there nor predicted has nothing to its credit."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) != 0)


def _mean(values: Array) -> float:
    return float(np.mean(values)) if np.size(values) else math.nan


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
        true, said = labels > 0.5, probabilities >= threshold
        return (true & said).sum(0), said.sum(0), true.sum(0)
    table = confusion(labels, probabilities.argmax(1), probabilities.shape[1])
    return table.diagonal(), table.sum(0), table.sum(1)


# ---------------------------------------------------------------------------------------------------- classes


def _accuracy(
    labels: Array,
    probabilities: Array | None = None,
    predicted: Array | None = None,
    threshold: float = 0.5,
    **_rest: Any,
) -> float:
    """The share of labels that are right; of rows whose labels are all right, where several may hold."""
    if predicted is not None:
        pairs = _pairs(labels, predicted)
        return _mean([x == y for a, b in pairs for x, y in zip(a, b, strict=True)])
    if probabilities is None:
        raise UsageError("accuracy needs probabilities or predicted beside labels.")
    labels, probabilities = _classes(labels, probabilities)
    if labels.ndim == 2:
        return _mean(((labels > 0.5) == (probabilities >= threshold)).all(1))
    return _mean(labels == probabilities.argmax(1)) if labels.size else math.nan


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
    right, said, true = _counts(labels, probabilities, threshold)
    if average == "positive" and np.ndim(labels) == 1 and len(true) <= 2:
        one = int(np.argmin(true)) if positive is None else positive
        right, said, true = right[[one]], said[[one]], true[[one]]
    elif average == "micro" or (average == "positive" and np.ndim(labels) == 2):
        right, said, true = (np.array([v.sum()]) for v in (right, said, true))
    elif np.ndim(labels) == 1:
        seen = (said + true) > 0
        right, said, true = right[seen], said[seen], true[seen]
    precision, recall, f1 = _ratio(right, said), _ratio(right, true), _ratio(2 * right, said + true)
    return _mean(precision), _mean(recall), _mean(f1)


def _score(which: int, average: Literal["positive", "macro", "micro"]) -> Callable[..., float]:
    def compute(
        labels: Array,
        probabilities: Array,
        positive: int | None = None,
        threshold: float = 0.5,
        **_rest: Any,
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


def _auc(labels: Array, probabilities: Array, positive: int | None = None, **_rest: Any) -> float:
    """The area under the ROC curve; of many classes or several labels, the mean of each against the rest."""
    labels, probabilities = _classes(labels, probabilities)
    if labels.ndim == 1 and probabilities.shape[1] == 2:
        one = 1 if positive is None else positive
        return _area(labels == one, probabilities[:, one])
    true = labels > 0.5 if labels.ndim == 2 else labels[:, None] == np.arange(probabilities.shape[1])
    areas = np.array([_area(true[:, k], probabilities[:, k]) for k in range(true.shape[1])])
    return _mean(areas[~np.isnan(areas)])


def _log_loss(labels: Array, probabilities: Array, **_rest: Any) -> float:
    """The mean of -log of the true class's probability, or of each label's where several may hold."""
    labels, probabilities = _classes(labels, probabilities)
    if labels.ndim == 2:
        p = np.where(labels > 0.5, probabilities, 1 - probabilities)
    else:
        p = np.take_along_axis(probabilities, labels.astype(np.int64)[:, None], 1)
    return _mean(-np.log(np.maximum(p, 1e-15)))  # a wrong certainty costs much, but not everything


def _exact(labels: Array, probabilities: Array, threshold: float = 0.5, **_rest: Any) -> float:
    return _accuracy(labels, probabilities, threshold=threshold)


def confusion(labels: Array, predicted: Array, K: int) -> Array:
    """How often class i was taken for class j, [K, K] of [true, predicted]."""
    labels, predicted = np.asarray(labels, np.int64), np.asarray(predicted, np.int64)
    _same(labels=labels, predicted=predicted)
    both = np.concatenate([labels.reshape(-1), predicted.reshape(-1)])
    if both.size and not 0 <= both.min() <= both.max() < K:
        raise InputError(f"class numbers must lie in 0..{K - 1}, but came as {both.min()}..{both.max()}.")
    return np.bincount(labels.reshape(-1) * K + predicted.reshape(-1), minlength=K * K).reshape(K, K)


def report(
    labels: Array, probabilities: Array, classes: Sequence[str], threshold: float = 0.5
) -> list[dict[str, Any]]:
    """A row for each class: class, precision, recall, f1, support (how often it is true)."""
    return report_of(classes, *_counts(labels, probabilities, threshold))


def report_of(classes: Sequence[str], right: Array, said: Array, true: Array) -> list[dict[str, Any]]:
    """As `report`, from how often each class was predicted rightly, predicted, and true."""
    right, said, true = (np.asarray(counts, np.int64) for counts in (right, said, true))
    if len(classes) != len(true):
        raise InputError(f"{len(true)} classes need as many names, but {len(classes)} came.")
    columns = _ratio(right, said), _ratio(right, true), _ratio(2 * right, said + true)
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
    _same(labels=labels, scores=scores)
    ones = int(labels.sum())
    if not 0 < ones < labels.size:
        return math.nan, math.nan
    values, place = np.unique(-scores, return_inverse=True)
    values = -values  # falling
    right = np.cumsum(np.bincount(place.reshape(-1), labels))
    said = np.cumsum(np.bincount(place.reshape(-1)))
    worth = (
        2 * right / (said + ones)
        if by == "f1"
        else (right + labels.size - ones - (said - right)) / labels.size
    )
    best = int(np.argmax(worth))
    below = values[best + 1] if best + 1 < len(values) else values[best]
    middle = (values[best] + below) / 2
    return float(middle if middle > below else values[best]), float(worth[best])


# ------------------------------------------------------------------------------------------------------- tags


def _pairs(labels: Iterable[Any], predicted: Iterable[Any]) -> list[tuple[Any, Any]]:
    """True and predicted sequences side by side, once they fit together; or flat labels, as one sequence."""
    labels, predicted = list(labels), list(predicted)
    if labels and (isinstance(labels[0], str) or np.ndim(labels[0]) == 0):
        labels, predicted = [labels], [predicted]
    if len(labels) != len(predicted):
        raise InputError(f"{len(labels)} sequences have labels, but {len(predicted)} have predictions.")
    for n, (a, b) in enumerate(zip(labels, predicted, strict=True)):
        if len(a) != len(b):
            raise InputError(f"sequence {n} has {len(a)} labels, but {len(b)} were predicted.")
    return list(zip(labels, predicted, strict=True))


def entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """The entities of a sequence of tags, each as (kind, first, last).

    Tags are O, or a letter and a kind, as in B-PER: B begin, I inside, E end, S single (also called L and U).
    By the rules of conlleval, what begins without a B begins all the same: an entity ends before O, B, S and
    another kind, and after E and S. So IOB1, BIO and BIOES all read right. A tag without a letter is a kind, and
    alike neighbours belong together.
    """
    found: set[tuple[str, int, int]] = set()
    begun, open_kind = 0, None
    before = "O"
    for at, tag in enumerate([*tags, "O"]):
        mark, kind = _mark(tag)
        if open_kind is not None and (mark in "OBS" or before in "ES" or kind != open_kind):
            found.add((open_kind, begun, at - 1))
            open_kind = None
        if mark != "O" and open_kind is None:
            begun, open_kind = at, kind
        before = mark
    return found


def _mark(tag: str) -> tuple[str, str]:
    """The letter of a tag as one of O B I E S, and its kind."""
    if tag in ("O", "", "_"):
        return "O", ""
    mark, separator, kind = tag.partition("-")
    if not separator and len(tag) == 1:
        mark, kind = tag, ""
    mark = {"L": "E", "U": "S", "[": "S", "]": "S"}.get(mark, mark)
    return (mark, kind) if mark in ("B", "I", "E", "S") else ("I", tag)


def _entity_f1(labels: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], **_rest: Any) -> float:
    """Of entities, whose kind and both ends must be right. NaN where none is true and none predicted."""
    right, said, true = (counts.total() for counts in _entity_counts(labels, predicted))
    return 2 * right / (said + true) if said + true else math.nan


def _entity_counts(
    labels: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How often an entity of each kind was predicted rightly, predicted, and true."""
    right, said, true = Counter[str](), Counter[str](), Counter[str]()
    for a, b in _pairs(labels, predicted):
        real, guessed = entities(a), entities(b)
        for counts, found in ((right, real & guessed), (said, guessed), (true, real)):
            counts.update(kind for kind, _, _ in found)
    return right, said, true


def entity_report(
    labels: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]
) -> list[dict[str, Any]]:
    """A row for each kind of entity, as in `report`, and one for all of them together (micro), named "all"."""
    counts = _entity_counts(labels, predicted)
    kinds = sorted(counts[1] | counts[2])
    columns = [[*(of[kind] for kind in kinds), of.total()] for of in counts]
    return report_of([*kinds, "all"], *columns) if kinds else []


# ------------------------------------------------------------------------------------------------------- text


def _nats(nll: float, tokens: int, **_rest: Any) -> float:
    return float(nll) / tokens if tokens else math.nan


def _perplexity(nll: float, tokens: int, **_rest: Any) -> float:
    nats = _nats(nll, tokens)
    return math.exp(nats) if not nats > 709 else math.inf


def _bits_per_character(nll: float, characters: int, **_rest: Any) -> float:
    return float(nll) / characters / math.log(2) if characters else math.nan


# ---------------------------------------------------------------------------------------------- written texts

_LETTERS = re.compile(r"[^\W_]+")  # and digits


def _strings(texts: Iterable[str], what: str) -> list[str]:
    """The texts as a list, once it is sure that they are texts and not one text's letters."""
    if isinstance(texts, str):
        raise InputError(f"{what} must be a list of strings, but one string came.")
    texts = list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise InputError(f"{what} must be strings, but {type(text).__name__} came.")
    return texts


def _written(
    texts: Iterable[str], references: Iterable[str | Iterable[str]]
) -> tuple[list[str], list[list[str]]]:
    """Texts, and the references of each, once they fit together."""
    texts = _strings(texts, "texts")
    if isinstance(references, str):
        raise InputError("references must be a list with an entry for each text, but one string came.")
    several = [[r] if isinstance(r, str) else _strings(r, "references") for r in references]
    if len(texts) != len(several):
        raise InputError(f"{len(texts)} texts need as many references, but {len(several)} came.")
    if [] in several:
        raise InputError(f"text {several.index([])} has no reference.")
    return texts, several


def _sacrebleu(
    kind: Literal["bleu", "chrf"], texts: Iterable[str], references: Iterable[str | Iterable[str]]
) -> tuple[float, str]:
    """Score and signature; NaN and "" of no texts."""
    texts, several = _written(texts, references)
    if not texts:
        return math.nan, ""
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise MissingExtra(f"the metric {kind}", "sacrebleu", "train") from error
    # the n-th references of all texts together, None where a text has fewer
    most = max(map(len, several))
    streams = [[r[n] if n < len(r) else None for r in several] for n in range(most)]
    # force: no advice on the log that the texts look tokenised; where they are, their references are too
    metric: Any = BLEU(force=True) if kind == "bleu" else CHRF()
    score = float(metric.corpus_score(texts, streams).score)
    return score, str(metric.get_signature())


def _bleu(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: Any) -> float:
    return _sacrebleu("bleu", texts, references)[0]


def _chrf(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: Any) -> float:
    return _sacrebleu("chrf", texts, references)[0]


def signature(texts: Iterable[str], references: Iterable[str | Iterable[str]]) -> str:
    """What says how `bleu` of these was computed, to be quoted beside it; "" of no texts."""
    return _sacrebleu("bleu", texts, references)[1]


def _grams(text: str, n: int) -> list[tuple[str, ...]]:
    """All runs of n words of a text."""
    words = _LETTERS.findall(text.lower())
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _overlap(a: Sequence[Any], b: Sequence[Any]) -> int:
    """How many of a are in b, each as often as it is there."""
    return (Counter(a) & Counter(b)).total()


def _common(a: Sequence[Any], b: Sequence[Any]) -> int:
    """The length of the longest common subsequence.

    One column of the table of lengths is one integer, whose bit i is 0 where the length grows from a[:i] to
    a[:i + 1]; the next column is a sum (Hyyrö 2004). So it takes len(b) steps on whole integers.
    """
    where: dict[Any, int] = {}
    for i, word in enumerate(a):
        where[word] = where.get(word, 0) | 1 << i
    full = column = (1 << len(a)) - 1
    for word in b:
        found = column & where.get(word, 0)
        column = (column + found | column - found) & full
    return len(a) - column.bit_count()


def _rouge(n: int, shared: Callable[[Sequence[Any], Sequence[Any]], int]) -> Callable[..., float]:
    """The F1 of what `shared` counts in two lists of n-grams."""

    def compute(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: Any) -> float:
        scores = []
        for text, several in zip(*_written(texts, references), strict=True):
            said, true = _grams(text, n), [_grams(r, n) for r in several]
            scores.append(max(200 * shared(said, t) / max(1, len(said) + len(t)) for t in true))
        return _mean(scores)

    return compute


def _exact_match(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: Any) -> float:
    def plain(text: str) -> str:
        return " ".join(text.casefold().split())

    rows = zip(*_written(texts, references), strict=True)
    return _mean([plain(text) in map(plain, several) for text, several in rows])


def _edits(a: Sequence[Any], b: Sequence[Any]) -> int:
    """The least number of insertions, deletions and substitutions that make b of a.

    As in `_common`, one column of the table is a pair of integers: the bits of `up` and `down` say where the distance
    from a[:i] to a[:i + 1] grows by one and where it falls (Hyyrö 2003).
    """
    where: dict[Any, int] = {}
    for i, item in enumerate(a):
        where[item] = where.get(item, 0) | 1 << i
    full = up = (1 << len(a)) - 1
    down = 0
    for item in b:
        same = where.get(item, 0)
        kept = ((((same & up) + up) ^ up) | same | down) & full  # where a diagonal costs nothing
        right = ((down | ~(kept | up)) << 1 | 1) & full
        left = (kept & up) << 1 & full
        up, down = (left | ~(kept | right)) & full, right & kept
    return len(b) + up.bit_count() - down.bit_count()


def _error_rate(cut: Callable[[str], Sequence[str]]) -> Callable[..., float]:
    """The edits of all texts together over the length of all references, as `cut` parts them; NaN where it is 0."""

    def compute(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: Any) -> float:
        wrong = length = 0
        for n, (text, several) in enumerate(zip(*_written(texts, references), strict=True)):
            if len(several) > 1:
                raise InputError(f"an error rate needs one reference, but text {n} has {len(several)}.")
            true = cut(several[0])
            wrong, length = wrong + _edits(true, cut(text)), length + len(true)
        return wrong / length if length else math.nan

    return compute


def _distinct(n: int) -> Callable[..., float]:
    def compute(texts: Iterable[str], **_rest: Any) -> float:
        grams = [gram for text in _strings(texts, "texts") for gram in _grams(text, n)]
        return len(set(grams)) / len(grams) if grams else math.nan

    return compute


# -------------------------------------------------------------------------------------------------- forecasts


def _errors(actual: Array, guess: Array) -> Array:
    """The difference, NaN where it is not scored."""
    actual, guess = np.asarray(actual, np.float64), np.asarray(guess, np.float64)
    _same(actual=actual, forecast=guess)
    return actual - guess


def _scored(values: Array, actual: Array) -> float:
    """The mean where there is an actual value; a forecast that is NaN there makes it NaN."""
    return _mean(values[~np.isnan(np.broadcast_to(actual, values.shape))])


def _mae(actual: Array, median: Array, **_rest: Any) -> float:
    return _scored(abs(_errors(actual, median)), np.asarray(actual))


def _mse(actual: Array, mean: Array, **_rest: Any) -> float:
    return _scored(_errors(actual, mean) ** 2, np.asarray(actual))


def _rmse(actual: Array, mean: Array, **_rest: Any) -> float:
    return math.sqrt(_mse(actual, mean))


def _mase(actual: Array, median: Array, naive_scale: Array, **_rest: Any) -> float:
    """Mean absolute error in units of `naive_scale`, what the seasonal naive forecast errs in the past.

    A series that never changed has the scale 0 and no unit; it is left out.
    """
    errors = abs(_errors(actual, median))
    scale = np.broadcast_to(np.asarray(naive_scale, np.float64), errors.shape)
    known = (scale > 0) & np.isfinite(scale)
    return _scored(errors[known] / scale[known], np.asarray(actual)[known])


def _smape(actual: Array, median: Array, **_rest: Any) -> float:
    """Symmetric mean absolute percentage error, 0 to 200; of 0 for 0 it is 0."""
    errors = abs(_errors(actual, median))
    size = abs(np.asarray(actual, np.float64)) + abs(np.asarray(median, np.float64))
    share = np.divide(errors, size, out=np.zeros(errors.shape), where=~(size == 0))
    return _scored(200 * share, np.asarray(actual))


def _crps(actual: Array, quantiles: Array, levels: Sequence[float], **_rest: Any) -> float:
    at, quantiles = np.asarray(levels, np.float64), np.asarray(quantiles, np.float64)
    actual = np.asarray(actual, np.float64)[..., None]
    _same(actual=actual[..., 0], quantiles=quantiles[..., 0])
    errors = actual - quantiles  # [..., Q]
    return _scored(2 * np.maximum(at * errors, (at - 1) * errors), actual)


def _coverage(
    actual: Array, quantiles: Array, levels: Sequence[float], level: float | None = None, **_rest: Any
) -> float:
    actual, quantiles = np.asarray(actual, np.float64), np.asarray(quantiles, np.float64)
    _same(actual=actual, quantiles=quantiles[..., 0])
    low, high = _interval(levels, level)
    if low is None:
        return math.nan
    lower, upper = quantiles[..., low], quantiles[..., high]
    inside = ((lower <= actual) & (actual <= upper)).astype(np.float64)
    return _scored(np.where(np.isnan(lower + upper), np.nan, inside), actual)


def _interval(levels: Sequence[float], level: float | None) -> tuple[int | None, int | None]:
    """Which two of the levels bound the central interval of `level`."""
    found = {
        round(b - a, 9): (i, j)
        for i, a in enumerate(levels)
        for j, b in enumerate(levels)
        if a < b and math.isclose(a + b, 1, abs_tol=1e-9)
    }
    if level is not None:
        if round(level, 9) not in found:
            having = ", ".join(f"{k:g}" for k in sorted(found)) or "none"
            raise UsageError(
                f"the levels bound no central interval of {level:g}; those they bound: {having}."
            )
        return found[round(level, 9)]
    return found.get(0.8) or (found[max(found)] if found else (None, None))


_C, _T, _W = ("labels", "probabilities"), ("labels", "predicted"), ("texts", "references")

METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", "higher", _accuracy, ("labels",)),
    "f1": Metric("f1", "higher", _score(2, "positive"), _C),
    "precision": Metric("precision", "higher", _score(0, "positive"), _C),
    "recall": Metric("recall", "higher", _score(1, "positive"), _C),
    "macro_f1": Metric("macro_f1", "higher", _score(2, "macro"), _C),
    "micro_f1": Metric("micro_f1", "higher", _score(2, "micro"), _C),
    "exact": Metric("exact", "higher", _exact, _C),
    "auc": Metric("auc", "higher", _auc, _C),
    "log_loss": Metric("log_loss", "lower", _log_loss, _C),
    "entity_f1": Metric("entity_f1", "higher", _entity_f1, _T),
    "perplexity": Metric("perplexity", "lower", _perplexity, ("nll", "tokens")),
    "bits_per_character": Metric("bits_per_character", "lower", _bits_per_character, ("nll", "characters")),
    "nats": Metric("nats", "lower", _nats, ("nll", "tokens")),
    "bleu": Metric("bleu", "higher", _bleu, _W),
    "chrf": Metric("chrf", "higher", _chrf, _W),
    "rouge1": Metric("rouge1", "higher", _rouge(1, _overlap), _W),
    "rouge2": Metric("rouge2", "higher", _rouge(2, _overlap), _W),
    "rougeL": Metric("rougeL", "higher", _rouge(1, _common), _W),
    "exact_match": Metric("exact_match", "higher", _exact_match, _W),
    "wer": Metric("wer", "lower", _error_rate(str.split), _W),
    "cer": Metric("cer", "lower", _error_rate(lambda text: " ".join(text.split())), _W),
    "distinct_1": Metric("distinct_1", "higher", _distinct(1), ("texts",)),
    "distinct_2": Metric("distinct_2", "higher", _distinct(2), ("texts",)),
    "mae": Metric("mae", "lower", _mae, ("actual", "median")),
    "mse": Metric("mse", "lower", _mse, ("actual", "mean")),
    "rmse": Metric("rmse", "lower", _rmse, ("actual", "mean")),
    "mase": Metric("mase", "lower", _mase, ("actual", "median", "naive_scale")),
    "smape": Metric("smape", "lower", _smape, ("actual", "median")),
    "crps": Metric("crps", "lower", _crps, ("actual", "quantiles", "levels")),
    "coverage": Metric("coverage", "higher", _coverage, ("actual", "quantiles", "levels")),
}
