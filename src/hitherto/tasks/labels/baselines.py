"""What `classify`, `regress` and `tag` are compared with."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from hitherto.arrays import Array
from hitherto.baselines import logistic, naive_bayes, nearest, steps, texts
from hitherto.baselines.rows import Dense, Rows, Sparse, picked
from hitherto.tasks.base import Results
from hitherto.tasks.labels.amounts import LEVELS, Amounts
from hitherto.tasks.labels.scores import tagged
from hitherto.tasks.labels.source import PairExamples, Pairs
from hitherto.tasks.writing.conversations import as_text

__all__ = ["advice", "advice_for_numbers", "labelled", "numbers"]

Say = Callable[[str], None]
Named = Iterator[tuple[str, Results]]

ROWS, CHARACTERS = 60_000, 4_000_000  # to learn from, at most
WORK = 40_000_000  # of a weighted sum: values times classes
PLACES = 30_000_000  # of the table of naive Bayes
CHOOSING = 4000  # rows to choose a constant by
LETTERS = 250_000  # kinds of runs of characters
DISTANCES = 200_000_000_000  # products of a search for neighbours
NUMBERS = 25_000_000  # of all sequences to learn from

R = TypeVar("R", bound=Rows)

STRENGTHS, ALPHAS = (1.0, 10.0, 100.0), (0.1, 0.3, 1.0)


def labelled(source: Pairs, training: PairExamples | None, held: PairExamples, say: Say) -> Named:
    """What each baseline measures on `held`; without training data, those that need none."""
    if held.y is None:
        return
    if source.per_step:
        if training is not None:
            yield "most frequent label of the token", _frequent(source, training, held)
        return
    if not source.spec.data.multi:
        counts = source.labels.counts  # of training
        yield "most frequent label", source.scored(held, np.tile(counts / counts.sum(), (len(held), 1)))
    if training is None:
        return
    if source.vectors:
        yield from _steps(source, training, held, say)
    else:
        yield from _texts(source, training, held, say)


def advice(source: Pairs) -> str:
    """What to try where a baseline is better."""
    if source.per_step:
        return "more --epochs, --min-count 1, --dropout 0.5, or --bidirectional if it was left out"
    if source.vectors:
        return "more --epochs, --pool mean, another --hidden-size, --dropout 0.4, or --augment 0.5"
    return "--min-count 1, --tokens subwords, --dropout 0.6, another --hidden-size, or more --epochs with --patience 5"


# ---- tags


def _frequent(source: Pairs, training: PairExamples, held: PairExamples) -> Results:
    """Each token's most frequent label; of an unknown token that of all."""
    assert training.y is not None  # noqa: S101 - what is learned from is labelled
    counts: dict[str, Counter[int]] = {}
    every: Counter[int] = Counter()
    for words, y in zip(source.inputs_of(training, range(len(training))), training.y, strict=True):
        every.update(y.tolist())
        for word, label in zip(words, y.tolist(), strict=False):
            counts.setdefault(word, Counter())[label] += 1
    best = {word: min(some, key=lambda k: (-some[k], k)) for word, some in counts.items()}
    usual = min(every, key=lambda k: (-every[k], k))
    answers = []
    for words, y in zip(source.inputs_of(held, range(len(held))), held.y or [], strict=True):
        answers.append(np.array([best.get(word, usual) for word in words[: len(y)]], np.int64))
    return tagged(source.spec.task, source.labels, held.y, answers)


# ---- texts


def _texts(source: Pairs, training: PairExamples, held: PairExamples, say: Say) -> Named:
    """Naive Bayes of words and pairs of words; logistic regression of these and of runs of characters."""
    rows = picked(len(training), ROWS)
    read = [as_text(v) for v in source.inputs_of(training, rows)]
    sizes = np.cumsum([len(text) for text in read])
    if sizes[-1] > CHARACTERS:
        fewer = picked(len(read), max(100, int(len(read) * CHARACTERS / sizes[-1])))
        rows, read = rows[fewer], [read[i] for i in fewer]
    _tell(say, "texts", len(rows), len(training))
    asked = [as_text(v) for v in source.inputs_of(held, range(len(held)))]
    y = _classes(source, training, rows)
    words, words_asked = texts.words(read), texts.words(asked)
    known = words.vocabulary(most=max(1000, PLACES // y.shape[1]))
    counts, counts_asked = words.counted(known), words_asked.counted(known)
    yield "naive Bayes", source.scored(held, _bayes(counts, y, counts_asked, source.spec.data.multi))
    blocks, asked_blocks = [counts], [counts_asked]
    letters = texts.characters(read)
    known = letters.vocabulary(least=2, most=LETTERS)
    of_letters = letters.counted(known)
    name = "logistic regression of words"
    if (len(of_letters.values) + len(counts.values)) * y.shape[1] <= WORK and len(known):
        blocks.append(of_letters)
        asked_blocks.append(texts.characters(asked).counted(known))
        name += " and letters"
    features = texts.weighted(blocks, blocks), texts.weighted(asked_blocks, blocks)
    yield name, _logistic(source, features, y, held, STRENGTHS, len(features[0].values), say)


def _bayes(counts: Sparse, y: Array, asked: Sparse, multi: bool) -> Array:
    """Probabilities by naive Bayes, its constant chosen on a part of the training rows."""

    def answers(training: Array, alpha: float, rows: Sparse) -> Array:
        part, classes = counts.part(training), y[training]
        if not multi:
            return naive_bayes.fit(part, classes, alpha).probabilities(rows)
        sides = ((1 - classes[:, [k]], classes[:, [k]]) for k in range(classes.shape[1]))
        each = [naive_bayes.fit(part, np.concatenate(s, 1), alpha).probabilities(rows)[:, 1] for s in sides]
        return np.stack(each, 1)

    first, second = _apart(len(y))
    judged = counts.part(second)
    losses = [_loss(answers(first, alpha, judged), y[second], multi) for alpha in ALPHAS]
    return answers(np.arange(len(y)), ALPHAS[int(np.argmin(losses))], asked)


# ---- sequences


def _steps(source: Pairs, training: PairExamples, held: PairExamples, say: Say) -> Named:
    """The nearest neighbours, and logistic regression of summary statistics."""
    rows = picked(len(training), ROWS)
    places = steps.places([training.x[i] for i in rows])
    wide = steps.evened(training.x[:1], places).shape[1]
    most = min(DISTANCES // (wide * max(1, len(held))), NUMBERS // wide)
    rows = rows[picked(len(rows), max(100, most))]
    _tell(say, "sequences", len(rows), len(training))
    y = _classes(source, training, rows)
    seen, asked = [training.x[i] for i in rows], held.x
    near, near_asked = steps.standardised(steps.evened(seen, places), steps.evened(asked, places))
    few = picked(len(near), 1000)
    counts = (1, 5)
    around = nearest.nearest(near[few], near, max(counts) + 1)[:, 1:]  # the first is the row itself
    right = [float((nearest.votes(around[:, :n], y).argmax(1) == y[few].argmax(1)).mean()) for n in counts]
    best = counts[int(np.argmax(right))]
    neighbours = nearest.nearest(near_asked, near, best)
    yield "nearest neighbour", source.scored(held, nearest.votes(neighbours, y))
    whole, whole_asked = near, near_asked
    if places > 1:  # there is something to sum up
        whole, whole_asked = steps.standardised(steps.summaries(seen), steps.summaries(asked))
    size = max(1.0, float(np.sqrt((whole**2).sum(1).mean())))
    features = Dense(whole / size), Dense(whole_asked / size)
    strengths = (1.0, 30.0, 1000.0)
    name = "logistic regression of summary statistics"
    yield name, _logistic(source, features, y, held, strengths, whole.size // 20, say)


# ---- parts


def _classes(source: Pairs, examples: PairExamples, rows: Array) -> Array:
    """[N, K] of 0 and 1."""
    assert examples.y is not None  # noqa: S101 - what is learned from is labelled
    labels = np.stack([examples.y[i] for i in rows])
    return labels if labels.ndim == 2 else np.eye(len(source.labels.classes))[labels]


def _logistic(
    source: Pairs,
    features: tuple[R, R],
    y: Array,
    held: PairExamples,
    strengths: tuple[float, ...],
    values: int,
    say: Say,
) -> Results:
    """Logistic regression, its strength chosen on a part of the training rows; of two classes one is asked for."""
    rows, asked = features
    multi = source.spec.data.multi
    apart = multi or y.shape[1] == 2
    targets = y[:, 1:] if apart and not multi else y
    most = int(len(y) * WORK / max(1, values * targets.shape[1]))
    if most < len(y):
        some = picked(len(y), max(500, most))
        rows, targets = rows.part(some), targets[some]
        say(f"logistic regression learns from {len(some):,} of {len(y):,} rows, spread evenly, for speed")
    first, second = _apart(len(targets))
    first = first[picked(len(first), CHOOSING)]
    chosen, least, model = strengths[0], np.inf, None
    for strength in strengths:
        model = logistic.fit(rows.part(first), targets[first], strength, apart=apart, steps=20, start=model)
        loss = _loss(model.probabilities(rows.part(second)), targets[second], apart)
        if loss < least:
            chosen, least = strength, loss
    p = logistic.fit(rows, targets, chosen, apart=apart, steps=50).probabilities(asked).astype(np.float64)
    return source.scored(held, np.concatenate([1 - p, p], 1) if apart and not multi else p)


def _apart(count: int) -> tuple[Array, Array]:
    """Every fifth row, by which a constant is chosen, and before them the others; both are all where rows are few."""
    every = np.random.default_rng(0).permutation(count)
    if count < 20:
        return every, every
    held = min(count // 5, CHOOSING // 2)
    return every[held:], every[:held]


def _loss(p: Array, y: Array, apart: bool) -> float:
    """The log loss of probabilities [N, K] and classes of 0 and 1."""
    true = np.where(y > 0.5, p, 1 - p) if apart else (p * y).sum(1)
    return float(-np.log(np.maximum(true, 1e-9)).mean())


def _tell(say: Say, what: str, some: int, every: int) -> None:
    if some < every:
        say(f"baselines learn from {some:,} of {every:,} {what}, spread evenly, for speed")


# ---- numbers

WORDS, LEARNED = 2000, 10_000  # columns and rows of a linear map from texts


def numbers(source: Amounts, training: PairExamples | None, held: PairExamples, say: Say) -> Named:
    """The mean and the median of training, and ridge regression of words or of summary statistics."""
    if held.y is None or training is None or training.y is None:
        return
    y = source.true(training)
    middle, tails = np.median(y, 0), np.quantile(y, LEVELS, axis=0)
    for name, value in (("mean", y.mean(0)), ("median", middle)):
        found = np.stack([value, *tails], -1)
        yield name, source.scored_numbers(held, np.tile(found, (len(held), 1, 1)))
    rows = picked(len(training), LEARNED)
    _tell(say, "rows", len(rows), len(training))
    if source.vectors:
        whole, asked = steps.standardised(
            steps.summaries([training.x[i] for i in rows]), steps.summaries(held.x)
        )
        name = "ridge regression of summary statistics"
    else:
        read, others = ([as_text(v) for v in source.inputs_of(p, some)]
                        for p, some in ((training, rows), (held, range(len(held)))))  # fmt: skip
        counts, others_counts = texts.words(read), texts.words(others)
        known = counts.vocabulary(most=WORDS)
        blocks = [counts.counted(known)]
        every = np.eye(blocks[0].width, dtype=np.float32)
        features = texts.weighted(blocks, blocks), texts.weighted([others_counts.counted(known)], blocks)
        whole, asked = (part.times(every) for part in features)
        name = "ridge regression of words"
    yield (
        name,
        source.scored_numbers(held, _ridge(whole.astype(np.float64), y[rows], asked.astype(np.float64))),
    )


def advice_for_numbers(_source: Amounts) -> str:
    """What to try where a baseline is better."""
    return "more --epochs, --dropout 0.4, another --hidden-size, or --head student_t"


def _ridge(X: Array, y: Array, asked: Array) -> Array:
    """Means and quantiles, [N, K, 4], of a linear map. A fifth of the rows says its penalty and how far it errs."""
    first, second = _apart(len(y))

    def solved(rows: Array, penalty: float) -> tuple[Array, Array]:
        place, middle = X[rows].mean(0), y[rows].mean(0)
        centred = X[rows] - place
        few = len(rows) < X.shape[1]  # the smaller of two equal systems
        square = centred @ centred.T if few else centred.T @ centred
        square[np.diag_indices(len(square))] += penalty
        left = y[rows] - middle
        map_ = centred.T @ np.linalg.solve(square, left) if few else np.linalg.solve(square, centred.T @ left)
        return map_, middle - place @ map_

    def error(penalty: float) -> float:
        map_, constant = solved(first, penalty)
        return float((((X[second] @ map_ + constant - y[second]) / y.std(0)) ** 2).mean())

    penalty = min((10.0**k for k in range(-1, 5)), key=error)
    map_, constant = solved(first, penalty)
    off = np.quantile(y[second] - (X[second] @ map_ + constant), LEVELS, axis=0)  # [levels, K]
    map_, constant = solved(np.arange(len(y)), penalty)
    mean = asked @ map_ + constant
    return np.stack([mean, *(mean + shift for shift in off)], -1)
