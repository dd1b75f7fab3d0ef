"""The most probable texts that a beam finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from hitherto.arrays import Array
from hitherto.decode.options import DecodeOptions
from hitherto.decode.sample import Pick, Scores, State, Step
from hitherto.errors import UsageError

__all__ = ["Hypothesis", "beam", "beams", "best_beam", "highest"]

Top = Callable[[Scores, int], tuple[Array, Array]]
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
    step: Callable[[State, Array], tuple[Scores, State]],
    state: State,
    tokens: Array,
    options: DecodeOptions,
    *,
    pick: Pick | None = None,
    top: Top | None = None,
    attention: Attention | None = None,
) -> list[list[Hypothesis]]:
    """For each source the `n_best` sequences that a beam search finds, best first; fewer where there are no more.

    The first call of `step` gets a start token for each source and the `state` of as many rows. Later calls get the
    last token of every open beam of every source that is not done. Three functions look inside what `step` returns:
    - `pick(state, rows)`: the states of these rows, which may repeat. The default is for a dict of [K, B, W] arrays.
      It is not called where all rows stay as they are.
    - `top(scores, k)`: the k best of every row, as log-probabilities and ids [R, k], in falling order; of equals the
      lower id comes first. Fewer columns where there are fewer tokens. The default is for log-probabilities [R, V].
    - `attention(state)`: the weights [R, S] of the last step and the true lengths [R] of the rows' sources. S may
      shrink once longer sources are done.

    Each round extends the `num_beams` most probable beams of a source that have not ended. A score is the sum of the
    log-probabilities divided by length ** `length_penalty`, the end counted: 0 prefers short sequences, above 1 long
    ones. `coverage_penalty` adds to it, times the sum over the source's positions of the log of the attention that each
    got in all steps, from 1e-9 to 1 (Wu et al. 2016).

    A source is done when none of its open beams, as they stand, scores above the worst of `num_beams` sequences that
    have ended; or at `max_new_tokens`, where open beams count as they are if fewer have ended. (Where length is
    rewarded a longer one could still rise. Waiting for those took 1.4 times the steps on 300 translations, and changed
    none.) One beam is done with its first end: that is greedy decoding.

    No end comes before `min_new_tokens`, no `banned` token at all, and no token that would repeat `no_repeat_ngram`
    tokens in a row (0 allows it). The result of a source does not depend on the others.
    """
    if options.coverage_penalty and attention is None:
        raise UsageError(
            f"coverage_penalty needs attention, but came as {options.coverage_penalty} without; "
            "give `attention`, or leave the penalty at 0."
        )
    max_new_tokens, num_beams, ngram = options.max_new_tokens, options.num_beams, options.no_repeat_ngram
    pick, top = pick or _rows, top or highest
    tokens = np.array(tokens, np.int64)  # [R], as all of a row: it is one beginning
    stop = np.array(sorted(set(options.stop_ids)), np.int64)
    never = np.array(sorted(set(options.banned)), np.int64)
    source = np.arange(len(tokens))  # [R], never falling
    totals = np.zeros(len(tokens))
    written = np.zeros((len(tokens), 0), np.int64)  # filled where n-grams are watched
    covered, lengths = np.zeros((len(tokens), 0)), np.zeros(len(tokens), np.int64)  # [R, S], [B]
    # every round's tokens with the rows they went on from, and weights: a sequence is a round and a row
    rounds, weights = [(tokens, source)], []
    ended = _Ended(len(tokens), num_beams)

    def score(totals: Array, length: int, covered: Array, source: Array) -> Array:
        values: Array = totals / length**options.length_penalty
        if options.coverage_penalty:
            values += options.coverage_penalty * _coverage(covered, lengths[source])
        return values

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
        barred = never if place >= options.min_new_tokens else np.union1d(never, stop)
        repeats = _repeats(written, ngram) if ngram else None
        values, ids = _allowed(top, scores, num_beams, stop, barred, repeats)
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
        last = rows[at]
        ended.add(
            source[last], score(values[at], place + 1, covered[last], source[last]), values[at], place, last
        )
        goes &= inside
        done = ended.full[opened]
        if num_beams > 1 and place + 1 < max_new_tokens:
            most = np.where(goes, values, -np.inf).max(1) / (place + 1) ** options.length_penalty
            done &= ended.scores[opened, -1] >= most
        at = np.nonzero(goes & ~done[:, None])
        rows, totals, tokens = rows[at], values[at], ids[at]
        if place + 1 < max_new_tokens and len(rows) and not np.array_equal(rows, np.arange(len(source))):
            state = pick(state, rows)
        source, covered = source[rows], covered[rows]
        rounds.append((tokens, rows))
        if ngram:
            written = np.concatenate([written[rows], tokens[:, None]], axis=1)
    ended.add(
        source, score(totals, max_new_tokens, covered, source), totals, max_new_tokens, np.arange(len(source))
    )
    return _hypotheses(ended, options.n_best, rounds, weights, lengths)


def _rows(state: State, rows: Array) -> State:
    return {name: value[:, rows] for name, value in state.items()}


def highest(scores: Scores, k: int) -> tuple[Array, Array]:
    """The k highest of every row [R, V] and where, falling, of equals the lower first; NaN is lowest."""
    scores = np.fmax(scores, -np.inf)
    R, V = scores.shape
    k = min(k, V)
    least = np.partition(scores, V - k, axis=1)[:, V - k, None]
    rows, ids = np.nonzero(scores >= least)  # k of a row, or more where some equal the least of them
    values = scores[rows, ids].astype(np.float64)
    order = np.lexsort((-values, rows))  # stable, so equals stay as their ids are
    best = order[np.searchsorted(rows, np.arange(R))[:, None] + np.arange(k)]
    return values[best], ids[best]


def _allowed(
    top: Top, scores: Scores, count: int, stop: Array, barred: Array, repeats: tuple[Array, Array] | None
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


def _repeats(written: Array, n: int) -> tuple[Array, Array]:
    """The rows of `written` [R, steps] and the tokens that would repeat n tokens in a row there."""
    if written.shape[1] < n:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    grams = np.lib.stride_tricks.sliding_window_view(written, n, axis=1)  # [R, steps - n + 1, n]
    last = written[:, None, written.shape[1] - n + 1 :]
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
    hypotheses: list[list[Hypothesis]] = [[] for _ in ended.scores]
    source, turn = np.nonzero(ended.numbers[:, :n_best] >= 0)
    if not len(source):
        return hypotheses
    totals, places, rows = (np.concatenate(parts) for parts in zip(*ended.came, strict=True))
    numbers = ended.numbers[source, turn]
    scores, totals, places, rows = ended.scores[source, turn], totals[numbers], places[numbers], rows[numbers]
    texts = np.zeros((len(source), int(places.max())), np.int64)
    S = weights[0].shape[1] if weights else 0
    seen = np.zeros((len(source), len(weights), S), weights[0].dtype if weights else np.float64)
    for place in range(int(places.max()), -1, -1):
        at = np.nonzero(places >= place)[0]
        if place < len(weights):
            seen[at, place, : weights[place].shape[1]] = weights[place][rows[at]]
        if place:
            tokens, before = rounds[place]
            texts[at, place - 1], rows[at] = tokens[rows[at]], before[rows[at]]
    for i, b in enumerate(source.tolist()):
        n = int(places[i])
        attended = seen[i, : n + 1, : lengths[b]].copy() if weights else None
        hypotheses[b].append(Hypothesis(texts[i, :n].tolist(), float(scores[i]), float(totals[i]), attended))
    return hypotheses


def beam(
    step: Step,
    state: State,
    log_probs: Array,
    options: DecodeOptions,
    *,
    pick: Pick | None = None,
) -> list[tuple[list[int], float]]:
    """The best whole sequences that `beams` finds after `state`, best first, each without its end and with its score.

    `log_probs`, [1, V], are those of the first token.
    """
    first = iter([(log_probs, state)])

    def go_on(state: State, tokens: Array) -> tuple[Array, State]:
        return next(first, None) or step(state, tokens)

    all_beams = replace(options, n_best=options.num_beams)
    (hypotheses,) = beams(go_on, state, np.zeros(1, np.int64), all_beams, pick=pick)
    return [(h.tokens, h.score) for h in hypotheses]


def best_beam(
    step: Step, state: State, log_probs: Array, options: DecodeOptions, *, pick: Pick | None = None
) -> Iterator[int]:
    """The tokens of the best sequence that `beam` finds."""
    best = beam(step, state, log_probs, options, pick=pick)[:1]
    for tokens, _ in best:
        yield from tokens
