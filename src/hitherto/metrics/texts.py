"""Metrics of texts."""

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Literal, TypeVar

import numpy as np

from hitherto.errors import InputError, MissingExtra
from hitherto.metrics.parts import Array, mean_of

W = TypeVar("W", bound=Hashable)  # a word, a letter, a run of words

__all__ = [
    "bits_per_character",
    "bleu",
    "chrf",
    "common",
    "distinct",
    "each_rouge",
    "error_rate",
    "matches",
    "mean_over",
    "nats_of",
    "overlap",
    "perplexity",
    "signature",
]

# ------------------------------------------------------------------------------------------------------- text


def nats_of(nll: float, tokens: int, **_rest: object) -> float:
    return float(nll) / tokens if tokens else math.nan


def perplexity(nll: float, tokens: int, **_rest: object) -> float:
    nats = nats_of(nll, tokens)
    return math.exp(nats) if not nats > 709 else math.inf


def bits_per_character(nll: float, characters: int, **_rest: object) -> float:
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
    metric: Any = BLEU(force=True) if kind == "bleu" else CHRF()  # whose types know no missing reference
    score = float(metric.corpus_score(texts, streams).score)
    return score, str(metric.get_signature())


def bleu(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: object) -> float:
    return _sacrebleu("bleu", texts, references)[0]


def chrf(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: object) -> float:
    return _sacrebleu("chrf", texts, references)[0]


def signature(texts: Iterable[str], references: Iterable[str | Iterable[str]]) -> str:
    """What says how `bleu` of these was computed, to be quoted beside it; "" of no texts."""
    return _sacrebleu("bleu", texts, references)[1]


def _grams(text: str, n: int) -> list[tuple[str, ...]]:
    """All runs of n words of a text."""
    words = _LETTERS.findall(text.lower())
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def overlap(a: Sequence[W], b: Sequence[W]) -> int:
    """How many of a are in b, each as often as it is there."""
    return (Counter(a) & Counter(b)).total()


def common(a: Sequence[W], b: Sequence[W]) -> int:
    """The length of the longest common subsequence.

    One column of the table of lengths is one integer, whose bit i is 0 where the length grows from a[:i] to
    a[:i + 1]; the next column is a sum (Hyyrö 2004). So it takes len(b) steps on whole integers.
    """
    where: dict[W, int] = {}
    for i, word in enumerate(a):
        where[word] = where.get(word, 0) | 1 << i
    full = column = (1 << len(a)) - 1
    for word in b:
        matches = column & where.get(word, 0)
        column = (column + matches | column - matches) & full
    return len(a) - column.bit_count()


def each_rouge(
    n: int, shared: Callable[[Sequence[tuple[str, ...]], Sequence[tuple[str, ...]]], int]
) -> Callable[..., Array]:
    """The F1 of what `shared` counts in two lists of n-grams, of each row."""

    def compute(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: object) -> Array:
        scores = []
        for text, several in zip(*_written(texts, references), strict=True):
            written, true = _grams(text, n), [_grams(r, n) for r in several]
            scores.append(max(200 * shared(written, t) / max(1, len(written) + len(t)) for t in true))
        return np.array(scores, np.float64)

    return compute


def mean_over(each: Callable[..., Array]) -> Callable[..., float]:
    """The mean over the rows."""
    return lambda **arrays: mean_of(each(**arrays))


def matches(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: object) -> Array:
    """Whether each row equals one of its references but for case and blanks."""

    def plain(text: str) -> str:
        return " ".join(text.casefold().split())

    rows = zip(*_written(texts, references), strict=True)
    return np.array([plain(text) in map(plain, several) for text, several in rows], bool)


def _edits(a: Sequence[W], b: Sequence[W]) -> int:
    """The least number of insertions, deletions and substitutions that make b of a.

    As in `common`, one column of the table is a pair of integers: the bits of `up` and `down` say where the distance
    from a[:i] to a[:i + 1] grows by one and where it falls (Hyyrö 2003).
    """
    where: dict[W, int] = {}
    for i, item in enumerate(a):
        where[item] = where.get(item, 0) | 1 << i
    full = up = (1 << len(a)) - 1
    down = 0
    for item in b:
        same = where.get(item, 0)
        free = ((((same & up) + up) ^ up) | same | down) & full  # where a diagonal costs nothing
        right = ((down | ~(free | up)) << 1 | 1) & full
        left = (free & up) << 1 & full
        up, down = (left | ~(free | right)) & full, right & free
    return len(b) + up.bit_count() - down.bit_count()


def error_rate(cut: Callable[[str], Sequence[str]]) -> Callable[..., float]:
    """The edits of all texts together over the length of all references, as `cut` parts them; NaN where it is 0."""

    def compute(texts: Iterable[str], references: Iterable[str | Iterable[str]], **_rest: object) -> float:
        wrong = length = 0
        for n, (text, several) in enumerate(zip(*_written(texts, references), strict=True)):
            if len(several) > 1:
                raise InputError(f"an error rate needs one reference, but text {n} has {len(several)}.")
            true = cut(several[0])
            wrong, length = wrong + _edits(true, cut(text)), length + len(true)
        return wrong / length if length else math.nan

    return compute


def distinct(n: int) -> Callable[..., float]:
    def compute(texts: Iterable[str], **_rest: object) -> float:
        grams = [gram for text in _strings(texts, "texts") for gram in _grams(text, n)]
        return len(set(grams)) / len(grams) if grams else math.nan

    return compute
