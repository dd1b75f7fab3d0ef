"""The most probable texts that a beam finds."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.decode.sample import Pick, State, Step
from hitherto.errors import UsageError

__all__ = ["Hypothesis", "beam", "beams", "best_beam", "highest"]

Top = Callable[[Any, int], tuple[Array, Array]]
Attention = Callable[[State], tuple[Array, Array]]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A sequence that a beam search found."""

    tokens: list[int]  # without the end
    score: float  # the sum over the length ** length_penalty, and the coverage
    log_prob: float  # the sum, the end counted
    attention: (
        Array | None
    )  # [steps, S]: a row for each token, and for the end where it was said; S the source's own


def beams(
    step: Callable[[State, Array], tuple[Any, State]],
    state: State,
    tokens: Array,
    *,
    max_new_tokens: int,
    num_beams: int = 4,
    n_best: int = 1,
    length_penalty: float = 1.0,
    coverage_penalty: float = 0.0,
    min_new_tokens: int = 0,
    no_repeat_ngram: int = 0,
    stop_ids: Iterable[int] = (),
    banned: Iterable[int] = (),
    pick: Pick | None = None,
    top: Top | None = None,
    attention: Attention | None = None,
) -> list[list[Hypothesis]]:
    """For each source the `n_best` sequences that a beam search finds, best first; fewer where there are no more.

    `step` comes first with a start token for each source and the `state` of as many rows, then with the last tokens of
    all beginnings of all sources that are not done. What it answers is opaque, but for these:
    - `pick(state, rows)`: the states of these rows, which may repeat; the default is for a dict of [K, B, W] arrays.
      It is not asked where all rows stay as they are.
    - `top(scores, k)`: the k best of every row, as log-probabilities and ids [R, k], falling, of equals the lower id
      first; fewer columns where there are fewer tokens. The default is for log-probabilities [R, V].
    - `attention(state)`: the weights [R, S] of the last step and the true lengths [R] of the rows' sources. S may
      shrink once longer sources are done.

    In each round the `num_beams` most probable beginnings of a source that have not ended are gone on with. A score is
    the sum of the log-probabilities over length ** `length_penalty`, the end counted: 0 prefers short ones, above 1
    long ones. To it comes `coverage_penalty` times the sum, over the source's places, of the log of what a place was
    attended to in all steps, from 1e-9 to 1 (Wu et al. 2016). A source is done when none of its beginnings, as they
    stand, comes before the worst of `num_beams` sequences that have ended, or at `max_new_tokens`, where what has not
    ended counts as it is if fewer have. (A longer one could still rise where length is rewarded: waiting for all that
    could took 1.4 times the steps on 300 translations, and changed none.) One beam is done with its first end: greedy.

    No end is said before `min_new_tokens`, no `banned` token ever, and no token that would repeat `no_repeat_ngram`
    tokens in a row (0: any may). What a source gives does not depend on the others.
    """
    _refuse(
        max_new_tokens, num_beams, n_best, length_penalty, coverage_penalty, min_new_tokens, no_repeat_ngram
    )
    if coverage_penalty and attention is None:
        raise UsageError(
            f"coverage_penalty needs attention, but came as {coverage_penalty} without; "
            "give `attention`, or leave the penalty at 0."
        )
    pick, top = pick or _rows, top or highest
    tokens = np.array(tokens, np.int64)  # [R], as all of a row: it is one beginning
    stop = np.array(sorted(set(stop_ids)), np.int64)
    never = np.array(sorted(set(banned)), np.int64)
    source = np.arange(len(tokens))  # [R], never falling
    totals = np.zeros(len(tokens))
    said = np.zeros((len(tokens), 0), np.int64)  # kept where n-grams are watched
    covered, lengths = np.zeros((len(tokens), 0)), np.zeros(len(tokens), np.int64)  # [R, S], [B]
    # every round's tokens with the rows they went on from, and weights: a sequence is a round and a row
    rounds, weights = [(tokens, source)], []
    ended = _Ended(len(tokens), num_beams)

    def score(totals: Array, length: int, covered: Array, source: Array) -> Array:
        values: Array = totals / length**length_penalty
        return values + coverage_penalty * _coverage(covered, lengths[source]) if coverage_penalty else values

    for place in range(max_new_tokens):
        if not len(tokens):
            break
        scores, state = step(state, tokens)
        if attention is not None:
            seen, its_lengths = attention(state)
            weights.append(np.array(seen))
            if place == 0:
                covered, lengths = np.zeros(weights[0].shape), np.array(its_lengths)
            covered = covered[:, : weights[-1].shape[1]] + weights[-1]
        barred = never if place >= min_new_tokens else np.union1d(never, stop)
        values, ids = _allowed(
            top, scores, num_beams, stop, barred, _repeats(said, no_repeat_ngram) if no_repeat_ngram else None
        )
        # a source's candidates in one line, best first: so many beginnings and at most one end of each
        opened, which = np.unique(source, return_inverse=True)
        first = np.searchsorted(source, opened)
        K = ids.shape[1]
        grid = np.full((len(opened), num_beams, K), -np.inf)
        grid[which, _turns(source)] = totals[:, None] + values
        line = grid.reshape(len(opened), -1)
        best = np.argsort(-line, axis=1, kind="stable")[:, : 2 * num_beams]
        values = np.take_along_axis(line, best, 1)
        possible = values > -np.inf
        rows = np.where(possible, first[:, None] + best // K, 0)
        ids = ids[rows, best % K]
        ends = possible & np.isin(ids, stop)
        goes = possible & ~ends
        inside = goes.cumsum(1) - goes < num_beams  # an end after that many beginnings is none of the best
        at = np.nonzero(ends & inside)
        own = rows[at]
        ended.add(
            source[own], score(values[at], place + 1, covered[own], source[own]), values[at], place, own
        )
        goes &= inside
        done = ended.full[opened]
        if num_beams > 1 and place + 1 < max_new_tokens:
            most = np.where(goes, values, -np.inf).max(1) / (place + 1) ** length_penalty
            done &= ended.scores[opened, -1] >= most
        at = np.nonzero(goes & ~done[:, None])
        rows, totals, tokens = rows[at], values[at], ids[at]
        if place + 1 < max_new_tokens and len(rows) and not np.array_equal(rows, np.arange(len(source))):
            state = pick(state, rows)
        source, covered = source[rows], covered[rows]
        rounds.append((tokens, rows))
        if no_repeat_ngram:
            said = np.concatenate([said[rows], tokens[:, None]], axis=1)
    ended.add(
        source, score(totals, max_new_tokens, covered, source), totals, max_new_tokens, np.arange(len(source))
    )
    return _hypotheses(ended, n_best, rounds, weights, lengths)


def _refuse(
    max_new_tokens: int,
    num_beams: int,
    n_best: int,
    length_penalty: float,
    coverage_penalty: float,
    min_new_tokens: int,
    no_repeat_ngram: int,
) -> None:
    if max_new_tokens < 1 or num_beams < 1:
        raise UsageError(
            f"max_new_tokens and num_beams must be 1 at least, but came as {max_new_tokens} and {num_beams}."
        )
    if not 1 <= n_best <= num_beams:
        raise UsageError(
            f"n_best must lie from 1 to num_beams, {num_beams}, but came as {n_best}; "
            "ask for fewer, or search with more beams."
        )
    if not 0 <= min_new_tokens <= max_new_tokens:
        raise UsageError(
            f"min_new_tokens must lie from 0 to max_new_tokens, {max_new_tokens}, but came as {min_new_tokens}; "
            "lower it, or allow more tokens."
        )
    if not math.isfinite(length_penalty):
        raise UsageError(
            f"length_penalty must be a finite number, but came as {length_penalty}; 0 leaves lengths alone."
        )
    if not (coverage_penalty >= 0 and math.isfinite(coverage_penalty)):
        raise UsageError(
            f"coverage_penalty must be 0 or more and finite, but came as {coverage_penalty}; 0 has no effect."
        )
    if no_repeat_ngram < 0:
        raise UsageError(
            f"no_repeat_ngram must be 0 (any may) or more, but came as {no_repeat_ngram}; give 0 to allow all."
        )


def _rows(state: State, rows: Array) -> State:
    return {name: value[:, rows] for name, value in state.items()}


def highest(scores: Any, k: int) -> tuple[Array, Array]:
    """The k highest of every row [R, V] and where, falling, of equals the lower first; NaN is lowest."""
    scores = np.fmax(scores, -np.inf)
    R, V = scores.shape
    k = min(k, V)
    least = np.partition(scores, V - k, axis=1)[:, V - k, None]
    rows, ids = np.nonzero(scores >= least)  # k of a row, or more where some equal the least of them
    values = scores[rows, ids].astype(np.float64)
    order = np.lexsort((-values, rows))  # stable, so equals stay as their ids are
    kept = order[np.searchsorted(rows, np.arange(R))[:, None] + np.arange(k)]
    return values[kept], ids[kept]


def _allowed(
    top: Top, scores: Any, count: int, stop: Array, barred: Array, repeats: tuple[Array, Array] | None
) -> tuple[Array, Array]:
    """Log-probabilities and ids of enough candidates of every row for `count` to go on and its best end.

    Those that may not be said are -inf. What is left out could not be among a source's best: as many of its row would
    come before.
    """
    more = int(np.bincount(repeats[0], minlength=1).max()) if repeats is not None else 0
    values, ids = top(scores, count + len(np.union1d(stop, barred)) + more)
    values, ids = np.asarray(values, np.float64), np.asarray(ids, np.int64)
    may = np.isfinite(values) & ~np.isin(ids, barred)
    if repeats is not None and more:
        rows, again = repeats
        V = int(max(ids.max(), again.max())) + 1
        may &= ~np.isin(np.arange(len(ids))[:, None] * V + ids, rows * V + again)
    if len(stop) > 1:  # a sequence that could end in several ways is one sequence
        ends = may & np.isin(ids, stop)
        may &= ~ends | (ends.cumsum(1) == 1)
    return np.where(may, values, -np.inf), ids


def _repeats(said: Array, n: int) -> tuple[Array, Array]:
    """The rows of `said` [R, steps] and the tokens that would repeat n tokens in a row there."""
    if said.shape[1] < n:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    grams = np.lib.stride_tricks.sliding_window_view(said, n, axis=1)  # [R, steps - n + 1, n]
    last = said[:, None, said.shape[1] - n + 1 :]
    rows, at = np.nonzero((grams[:, :, :-1] == last).all(-1))
    return rows, grams[rows, at, -1]


def _coverage(covered: Array, lengths: Array) -> Array:
    """The sum over a source's places of the log of what each was attended to [R, S], at least 1e-9, at most 1."""
    R, S = covered.shape
    inside = np.arange(S) < lengths[:, None]
    logs = np.zeros((R, S + 1))
    logs[:, 1:][inside] = np.log(np.clip(covered[inside], 1e-9, 1))
    total: Array = logs.cumsum(1)[:, -1]  # place after place, so that padding changes no bit
    return total


def _turns(groups: Array) -> Array:
    """For every entry how many of its group come before it; groups stand together, never falling."""
    return np.arange(len(groups)) - np.searchsorted(groups, groups)


class _Ended:
    """The best sequences of each source so far, at most `count`: of equals the one that came first is before."""

    def __init__(self, sources: int, count: int) -> None:
        self.scores = np.full((sources, count), -np.inf)
        self.numbers = np.full((sources, count), -1)  # among all that came; -1 is none
        self.came: list[tuple[Array, Array, Array]] = []  # their sums, rounds and rows
        self.count = 0

    @property
    def full(self) -> Array:
        """[B]: whether there are as many as may be."""
        full: Array = self.numbers[:, -1] >= 0
        return full

    def add(self, source: Array, scores: Array, totals: Array, place: int, rows: Array) -> None:
        """At most `count` of each source, which stand together, sources never falling."""
        if not len(source):
            return
        N = self.scores.shape[1]
        touched, which = np.unique(source, return_inverse=True)
        at = which, N + _turns(source)
        pool = np.full((len(touched), 2 * N), -np.inf)
        pool[:, :N], pool[at] = self.scores[touched], scores
        numbers = np.full((len(touched), 2 * N), -1)
        numbers[:, :N], numbers[at] = self.numbers[touched], self.count + np.arange(len(source))
        best = np.argsort(-pool, axis=1, kind="stable")[:, :N]
        self.scores[touched] = np.take_along_axis(pool, best, 1)
        self.numbers[touched] = np.take_along_axis(numbers, best, 1)
        self.came.append((totals, np.full(len(source), place), rows))
        self.count += len(source)


def _hypotheses(
    ended: _Ended, n_best: int, rounds: list[tuple[Array, Array]], weights: list[Array], lengths: Array
) -> list[list[Hypothesis]]:
    """Every sequence that is asked for, read back from its end to its beginning, all of them at once."""
    found: list[list[Hypothesis]] = [[] for _ in ended.scores]
    source, turn = np.nonzero(ended.numbers[:, :n_best] >= 0)
    if not len(source):
        return found
    totals, places, rows = (np.concatenate(parts) for parts in zip(*ended.came, strict=True))
    numbers = ended.numbers[source, turn]
    scores, totals, places, rows = ended.scores[source, turn], totals[numbers], places[numbers], rows[numbers]
    said = np.zeros((len(source), int(places.max())), np.int64)
    S = weights[0].shape[1] if weights else 0
    seen = np.zeros((len(source), len(weights), S), weights[0].dtype if weights else np.float64)
    for place in range(int(places.max()), -1, -1):
        at = np.nonzero(places >= place)[0]
        if place < len(weights):
            seen[at, place, : weights[place].shape[1]] = weights[place][rows[at]]
        if place:
            tokens, before = rounds[place]
            said[at, place - 1], rows[at] = tokens[rows[at]], before[rows[at]]
    for i, b in enumerate(source.tolist()):
        n = int(places[i])
        attended = seen[i, : n + 1, : lengths[b]].copy() if weights else None
        found[b].append(Hypothesis(said[i, :n].tolist(), float(scores[i]), float(totals[i]), attended))
    return found


def beam(
    step: Step,
    state: State,
    log_probs: Array,
    *,
    max_new_tokens: int,
    num_beams: int = 4,
    length_penalty: float = 1.0,
    stop_ids: Iterable[int] = (),
    banned: Iterable[int] = (),
    pick: Pick | None = None,
) -> list[tuple[list[int], float]]:
    """The best whole sequences that `beams` finds after `state`, best first, each without its end and with its score.

    `log_probs`, [1, V], are those of the first token.
    """
    given = iter([(log_probs, state)])

    def go_on(state: State, tokens: Array) -> tuple[Array, State]:
        return next(given, None) or step(state, tokens)

    (found,) = beams(
        go_on, state, np.zeros(1, np.int64), max_new_tokens=max_new_tokens, num_beams=num_beams, n_best=num_beams,
        length_penalty=length_penalty, stop_ids=stop_ids, banned=banned, pick=pick,
    )  # fmt: skip
    return [(h.tokens, h.score) for h in found]


def best_beam(step: Step, state: State, log_probs: Array, **options: Any) -> Iterator[int]:
    """The tokens of the best sequence that `beam` finds."""
    found = beam(step, state, log_probs, **options)
    yield from found[0][0] if found else []
