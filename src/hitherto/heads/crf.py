"""The labels of a whole row together: a linear-chain conditional random field.

A row of labels y has the score start[y_1] + sum of params[t, y_t] + sum of transitions[y_t-1, y_t] + end[y_T], and its
probability is proportional to the exponential of that. All is done in float64.
"""

from collections.abc import Iterable

import numpy as np

from hitherto.errors import InputError, UsageError
from hitherto.heads.parts import Array
from hitherto.slots import Slot, Slots

__all__ = [
    "LAG",
    "CrfLive",
    "crf_answers",
    "crf_best",
    "crf_log_prob",
    "crf_mean",
    "crf_sample",
    "crf_size",
]

LAG = 64  # the most labels of a stream that wait for what follows


def crf_size(*, classes: int) -> int:
    if classes < 2:
        raise UsageError(f"classes must be at least 2, but came as {classes!r}.")
    return classes


def _log_sum(scores: Array, axis: int) -> Array:
    """The logarithm of the sum of exponentials along an axis; minus infinity where all are."""
    top = scores.max(axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total = np.log(np.exp(scores - top).sum(axis, keepdims=True)) + top
    return total.squeeze(axis)


class _Rows:
    """Rows side by side, [T, B, K], each with its length, and the scores of a path through them."""

    def __init__(
        self, params: Array, lengths: Array | None, transitions: Array, start: Array, end: Array
    ) -> None:
        self.params = np.asarray(params, np.float64)
        T, B, K = self.params.shape
        self.moves, self.start, self.end = (np.asarray(w, np.float64) for w in (transitions, start, end))
        if self.moves.shape != (K, K) or self.start.shape != (K,) or self.end.shape != (K,):
            raise InputError(
                f"the head crf of {K} classes reads transitions [{K}, {K}], start [{K}] and end [{K}], but got "
                f"{', '.join(str(list(w.shape)) for w in (self.moves, self.start, self.end))}."
            )
        self.lengths = np.full(B, T) if lengths is None else np.asarray(lengths, np.int64)

    def inside(self, t: int) -> Array:
        """Which rows have a step t, [B, 1]."""
        return (t < self.lengths)[:, None]

    def forward(self) -> Array:
        """The log of the sum over all paths that are at a label at a step, [T, B, K]; past a row's end its last."""
        ways = np.empty(self.params.shape)
        for t, now in enumerate(self.params):
            ways[t] = self.start + now if t == 0 else _step(ways[t - 1], self.moves, now, self.inside(t))
        return ways

    def total(self, ways: Array) -> Array:
        """The log of the sum over all paths, [B]; 0 of a row of no steps."""
        if not len(ways):
            return np.zeros(ways.shape[1])
        return np.where(self.lengths > 0, _log_sum(ways[-1] + self.end, 1), 0.0)

    def marginals(self) -> Array:
        """The probability of each label at each step, [T, B, K]; past a row's end anything."""
        ways = self.forward()
        total = self.total(ways)[:, None]
        shares = np.empty(ways.shape)
        rest = np.broadcast_to(self.end, ways.shape[1:])  # the log of the sum over all that may follow
        for t in range(len(ways) - 1, -1, -1):
            if t + 1 < len(ways):
                after = _log_sum(self.moves + (rest + self.params[t + 1])[:, None], 2)
                rest = np.where(self.inside(t + 1), after, self.end)
            shares[t] = np.exp(np.minimum(ways[t] + rest - total, 0.0))
        return shares

    def best(self) -> Array:
        """The most probable path of each row, [T, B]; past its end its last label. Of equals it is the first."""
        T, B, K = self.params.shape
        came = np.empty((T, B, K), np.int64)  # the label before, of the best path to each
        score = np.zeros((B, K))
        for t, now in enumerate(self.params):
            if t == 0:
                score = self.start + now
                continue
            came[t], after = _best_step(score, self.moves, now)
            came[t] = np.where(self.inside(t), came[t], np.arange(K))
            score = np.where(self.inside(t), after, score)
        path, at = np.empty((T, B), np.int64), (score + self.end).argmax(1)
        for t in range(T - 1, -1, -1):
            path[t] = at
            at = came[t, np.arange(B), at] if t else at
        return path


def _step(ways: Array, moves: Array, now: Array, inside: Array | bool = True) -> Array:
    """`ways`, [B, K], a step on."""
    return np.where(inside, _log_sum(ways[:, :, None] + moves, 1) + now, ways)


def _best_step(score: Array, moves: Array, now: Array) -> tuple[Array, Array]:
    """The label before each of the best paths, and their scores, both [B, K]."""
    each = score[:, :, None] + moves
    came = each.argmax(1)
    return came, np.take_along_axis(each, came[:, None], 1)[:, 0] + now


def _row(params: Array, transitions: Array, start: Array, end: Array) -> _Rows:
    params = np.asarray(params, np.float64)
    if params.ndim != 2:
        raise InputError(f"the head crf reads the steps of one row, [T, K], but got {list(params.shape)}.")
    return _Rows(params[:, None], None, transitions, start, end)


def crf_mean(params: Array, transitions: Array, start: Array, end: Array, **_options: object) -> Array:
    """The probability of each label at each step of a row given all its steps, [T, K]: the marginals."""
    return _row(params, transitions, start, end).marginals()[:, 0]


def crf_best(params: Array, transitions: Array, start: Array, end: Array) -> Array:
    """The most probable labels of a row together, [T], by Viterbi's algorithm."""
    return _row(params, transitions, start, end).best()[:, 0]


def crf_sample(
    params: Array,
    rng: "np.random.Generator",
    transitions: Array,
    start: Array,
    end: Array,
    *,
    count: int | None = None,
    **_options: object,
) -> Array:
    """Labels of a row, [T]; of several draws [count, T]."""
    row = _row(params, transitions, start, end)
    ways, many = row.forward()[:, 0], count or 1
    drawn = np.empty((many, len(ways)), np.int64)
    rest = np.broadcast_to(row.end, (many, ways.shape[1]))
    for t in range(len(ways) - 1, -1, -1):
        scores = ways[t] + rest
        upto = np.cumsum(np.exp(scores - scores.max(1, keepdims=True)), 1)
        drawn[:, t] = (rng.random(many)[:, None] * upto[:, -1:] >= upto).sum(1)
        rest = row.moves[:, drawn[:, t]].T
    return drawn[0] if count is None else drawn


def crf_log_prob(
    params: Array, y: Array, transitions: Array, start: Array, end: Array, **_options: object
) -> Array:
    """Of the labels y, [T], of a row: one number."""
    row, y = _row(params, transitions, start, end), np.asarray(y, np.int64)
    T, _, K = row.params.shape
    if y.shape != (T,) or (T and not 0 <= y.min() <= y.max() < K):
        raise InputError(f"{T} steps need as many labels from 0 to {K - 1}, but y came as {y!r:.60}.")
    if not T:
        return np.float64(0.0)
    score = row.params[np.arange(T), 0, y].sum() + row.moves[y[:-1], y[1:]].sum()
    return score + row.start[y[0]] + row.end[y[-1]] - row.total(row.forward())[0]


def crf_answers(params: Array, lengths: Array, **weights: Array) -> Array:
    """At each step of rows [T, B, K] the marginals, and the label of the best path: [T, B, K + 1]."""
    rows = _Rows(params, lengths, **weights)
    return np.concatenate([rows.marginals(), rows.best()[..., None]], -1)


class CrfLive:
    """The labels of a row as its steps come: each as soon as nothing that may follow can change it.

    That is where the best paths to all labels of the newest step came from one label. So the labels are those of
    `crf_best` over the whole row; only one that waits for more than `LAG` steps is decided by what came until then. The
    probabilities are those given what came until a label was decided; the last number of an answer is the label.

    `state` has the steps that wait, each with the logs of the sums over all paths to each label and the scores of the
    best ones. The newest step always waits.
    """

    def __init__(self, transitions: Array, start: Array, end: Array) -> None:
        self.moves, self.start, self.end = (np.asarray(w, np.float64) for w in (transitions, start, end))
        self.classes = K = len(self.start)
        self.state: dict[str, Array] = {}
        self._keep(*(np.zeros((0, K)) for _ in range(3)))
        self.slots: Slots = {name: Slot(np.float64, (range(LAG + 1), K)) for name in self.state}

    def push(self, params: Array) -> Array:
        """The answers of the labels that are decided after these steps, [n, K + 1]."""
        return self._joined(self._take(now) for now in np.asarray(params, np.float64))

    def finish(self) -> Array:
        """The answers of all that wait: nothing follows."""
        steps, _, scores = self._held()
        answers = self._answers(int((scores[-1] + self.end).argmax()), self.end) if len(steps) else steps
        self._keep(*(value[:0] for value in self._held()))
        return self._joined([answers] if len(steps) else [])

    def _joined(self, answers: Iterable[Array]) -> Array:
        return np.concatenate([np.zeros((0, self.classes + 1)), *answers])

    def _held(self) -> tuple[Array, Array, Array]:
        return self.state["steps"], self.state["ways"], self.state["scores"]

    def _keep(self, steps: Array, ways: Array, scores: Array) -> None:
        self.state = {"steps": steps, "ways": ways, "scores": scores}

    def _take(self, now: Array) -> Array:
        """One step more; the answers of the labels that it decides."""
        steps, ways, scores = self._held()
        if len(steps):
            way, score = _step(ways[-1:], self.moves, now), _best_step(scores[-1:], self.moves, now)[1]
        else:
            way = score = (self.start + now)[None]
        self._keep(
            np.concatenate([steps, now[None]]), np.concatenate([ways, way]), np.concatenate([scores, score])
        )
        at, decided = np.arange(self.classes), len(steps)
        while decided > 0 and len(at) > 1:  # where the best paths to all labels meet, if they do
            at = np.unique(self._came(decided)[at])
            decided -= 1
        if len(at) == 1:
            return self._decide(decided + 1, int(at[0]))
        if len(steps) == LAG:
            label = int(self._path(int(score.argmax()))[0])
            answers = self._decide(1, label)
            self._through(label)
            return answers
        return self._joined([])

    def _came(self, t: int) -> Array:
        """For each label of a waiting step the label before it on the best path there, [K]."""
        _, _, scores = self._held()
        return (scores[t - 1][:, None] + self.moves).argmax(0)

    def _path(self, label: int, count: int | None = None) -> Array:
        """The labels of the first `count` waiting steps, or of all, on the best path to `label` of the last."""
        n = len(self.state["steps"]) if count is None else count
        path = np.full(n, label, np.int64)
        for t in range(n - 1, 0, -1):
            path[t - 1] = self._came(t)[path[t]]
        return path

    def _answers(self, label: int, rest: Array, count: int | None = None) -> Array:
        """Of the first `count` waiting steps, [count, K + 1]; `rest` is what may follow the newest."""
        steps, ways, _ = self._held()
        path = self._path(label, count)
        shares = np.empty((len(path), self.classes))
        for t in range(len(steps) - 1, -1, -1):
            if t + 1 < len(steps):
                rest = _log_sum(self.moves + (rest + steps[t + 1]), 1)
            if t < len(path):
                both = ways[t] + rest
                shares[t] = np.exp(both - _log_sum(both, 0))
        return np.concatenate([shares, path[:, None]], 1)

    def _decide(self, count: int, label: int) -> Array:
        """The answers of the first `count` waiting steps, which wait no more; `label` is the last one's."""
        answers = self._answers(label, np.zeros(self.classes), count)
        self._keep(*(value[count:] for value in self._held()))
        return answers

    def _through(self, label: int) -> None:
        """From here on the best paths are those of the ones that come from this label."""
        steps, ways, _ = self._held()
        score = (self.moves[label] + steps[0])[None]
        renewed = [score, *((score := _best_step(score, self.moves, now)[1]) for now in steps[1:])]
        self._keep(steps, ways, np.concatenate(renewed))
