"""From log-probabilities to text, a step at a time: `step(state, tokens) -> (log_probs, state)`.

Tokens are [B], log-probabilities [B, V]; a state is whatever `step` gives back. A decoder knows nothing else of a
model, so the same ones serve the torch module, the engine and a function in a test. `DECODERS` lists them: generators
of token numbers, one at a time.

Those of the head `ctc` read log-probabilities that are there already, [T, K], a row for each step of the input, and say
when each symbol was: `CtcGreedy` and `PrefixBeam`, as the steps come. In `DECODERS` they give the symbols alone.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hitherto.errors import InputError, UsageError
from hitherto.heads import BLANK
from hitherto.slots import ANY, LATE, Slot, Slots

__all__ = [
    "DECODERS",
    "CtcGreedy",
    "Hypothesis",
    "PrefixBeam",
    "beam",
    "beams",
    "best_beam",
    "ctc_greedy",
    "greedy",
    "highest",
    "nucleus",
    "penalised",
    "sample",
    "suggest",
    "top",
    "until",
]

Array = np.ndarray[Any, Any]
State = Any
Step = Callable[[State, Array], tuple[Array, State]]
Pick = Callable[[State, Array], State]
Top = Callable[[Any, int], tuple[Array, Array]]
Attention = Callable[[State], tuple[Array, Array]]
Symbol = tuple[int, int]  # a class, and the step at which it is
# A step, the state before any symbol, the log-probabilities of the first.
Scorer = tuple[Step, dict[str, Array], Array]


def greedy(
    step: Step,
    state: State,
    log_probs: Array,
    *,
    max_new_tokens: int,
    stop_ids: Iterable[int] = (),
    banned: Iterable[int] = (),
) -> Iterator[int]:
    """The most probable token every time; of equals the lowest."""
    return sample(
        step,
        state,
        log_probs,
        max_new_tokens=max_new_tokens,
        temperature=0.0,
        stop_ids=stop_ids,
        banned=banned,
    )


def sample(
    step: Step,
    state: State,
    log_probs: Array,
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    repetition_penalty: float = 1.0,
    seed: int | None = None,
    stop_ids: Iterable[int] = (),
    banned: Iterable[int] = (),
) -> Iterator[int]:
    """Draw tokens until one of `stop_ids` or `max_new_tokens`; `log_probs`, [1, V], are those of the first.

    Filters act in this order: `banned` tokens, `repetition_penalty`, `temperature`, `top_k`, `top_p`. A token's draw
    is a function of (seed, place), so text is the same however it is read.
    """
    if max_new_tokens < 1:
        raise UsageError(f"max_new_tokens must be 1 at least, but came as {max_new_tokens}.")
    if not temperature >= 0:
        raise UsageError(
            f"temperature must be 0 or more, but came as {temperature}; 0 takes the most probable."
        )
    if top_k < 0:
        raise UsageError(f"top_k must be 0 (all) or more, but came as {top_k}.")
    if not 0 < top_p <= 1:
        raise UsageError(f"top_p must lie above 0 and up to 1, but came as {top_p}.")
    if not repetition_penalty > 0:
        raise UsageError(
            f"repetition_penalty must be above 0, but came as {repetition_penalty}; 1 has no effect."
        )
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    return _draw(
        step, state, log_probs, max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed,
        frozenset(stop_ids), sorted(set(banned)),
    )  # fmt: skip


def _draw(
    step: Step,
    state: State,
    log_probs: Array,
    count: int,
    temperature: float,
    top_k: int,
    top_p: float,
    penalty: float,
    seed: int,
    stop: frozenset[int],
    banned: Sequence[int],
) -> Iterator[int]:
    said: list[int] = []
    for place in range(count):
        scores = np.array(log_probs[0], np.float64)
        scores[list(banned)] = -np.inf
        if penalty != 1 and said:
            scores = penalised(scores, said, penalty)
        if temperature == 0:
            token = int(scores.argmax())
        else:
            scores = nucleus(top(scores / temperature, top_k), top_p)
            weights = np.exp(scores - scores.max()).cumsum()
            random = np.random.Generator(np.random.Philox(key=[seed, place]))
            token = int(np.searchsorted(weights, random.random() * weights[-1], side="right"))
            token = min(token, len(weights) - 1)
        if token in stop:
            return
        yield token
        said.append(token)
        if place + 1 < count:
            log_probs, state = step(state, np.array([token], np.int64))


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


def penalised(scores: Array, said: Iterable[int], penalty: float) -> Array:
    """Log-probabilities of what was said are multiplied by the penalty: below 0, so they sink where it is above 1."""
    scores = scores.copy()
    seen = list(set(said))
    scores[seen] = scores[seen] * penalty
    return scores


def top(scores: Array, k: int) -> Array:
    """All but the k highest become impossible; 0 keeps all."""
    if k == 0 or k >= len(scores):
        return scores
    kept = np.argsort(-scores, kind="stable")[:k]
    found = np.full_like(scores, -np.inf)
    found[kept] = scores[kept]
    return found


def nucleus(scores: Array, p: float) -> Array:
    """All but the most probable that make up p together become impossible; one at least stays."""
    if p >= 1:
        return scores
    order = np.argsort(-scores, kind="stable")
    shares = np.exp(scores[order] - scores[order[0]])
    before = shares.cumsum() - shares
    kept = order[before < p * shares.sum()]
    found = np.full_like(scores, -np.inf)
    found[kept] = scores[kept]
    return found


def until(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """The text up to the first of `stops`, as early as it is known to be text and not the beginning of one."""
    if not all(stops):
        raise UsageError("an empty text to stop at would stop at once; leave it out.")
    held = ""
    for piece in pieces:
        held += piece
        found = [(held.find(stop) + len(stop), held.find(stop)) for stop in stops if stop in held]
        if found:  # the one that is whole first, whatever the pieces
            _, start = min(found)
            if start:
                yield held[:start]
            return
        longest = max(
            (n for stop in stops for n in range(1, len(stop)) if held.endswith(stop[:n])), default=0
        )
        if len(held) > longest:
            yield held[: len(held) - longest]
            held = held[len(held) - longest :]
    if held:
        yield held


def suggest(
    step: Step,
    state: State,
    log_probs: Array,
    k: int,
    *,
    is_start: Callable[[int], bool],
    text_of: Callable[[Sequence[int]], str],
    prefix: str = "",
    width: int = 64,
    max_tokens: int = 24,
) -> list[tuple[str, float]]:
    """The k most probable next words and their log-probabilities, words of several tokens included.

    A word is a first token, which may start one, and others that go on with it, up to a token that starts the next; its
    probability is that of all of this. `prefix` is how it must begin; then probabilities are shares of all the words
    found that do. The search is best first: the `width` most
    probable beginnings are gone on with in each round, until k words are more probable than any beginning left.
    """
    if k < 1:
        raise UsageError(f"k must be 1 at least, but came as {k}.")
    V = log_probs.shape[-1]
    starts = np.fromiter((is_start(i) for i in range(V)), bool, V)
    found: dict[str, float] = {}
    open_words: list[tuple[float, tuple[int, ...], Any]] = []

    def begin(tokens: tuple[int, ...], scores: Array, base: float, own: Any) -> None:
        """Beginnings that one more token makes: those that can still become a word with the prefix."""
        for token in np.argsort(-scores, kind="stable")[: 4 * width].tolist():
            if not np.isfinite(scores[token]) or (tokens and starts[token]):
                continue
            longer = (*tokens, token)
            word = text_of(longer).strip()
            if word.startswith(prefix) or prefix.startswith(word):
                heapq.heappush(open_words, (-(base + float(scores[token])), longer, own))

    scores = np.asarray(log_probs[0], np.float64)
    if prefix:  # any token may lead to it, however improbable beside the others
        scores = np.where([_leads(text_of([i]).strip(), prefix) for i in range(V)], scores, -np.inf)
    begin((), scores, 0.0, state)
    for _ in range(max_tokens):
        best = sorted(found.values(), reverse=True)[:k]
        if not open_words or (len(best) == k and best[-1] >= -open_words[0][0]):
            break
        batch = [heapq.heappop(open_words) for _ in range(min(width, len(open_words)))]
        for negative, tokens, own in batch:
            word, ends = text_of(tokens).strip(), 0.0
            if not starts.all():
                next_scores, after = step(own, np.array([tokens[-1]], np.int64))
                following = np.asarray(next_scores[0], np.float64)
                ends = float(np.logaddexp.reduce(following[starts]))
                begin(tokens, following, -negative, after)
            if word and word.startswith(prefix):
                found[word] = float(np.logaddexp(found.get(word, -np.inf), -negative + ends))
    if prefix and found:
        whole = float(np.logaddexp.reduce(list(found.values())))
        found = {word: p - whole for word, p in found.items()}
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return ranked[:k]


def _leads(text: str, prefix: str) -> bool:
    return text.startswith(prefix) or prefix.startswith(text)


# ------------------------------------------------------------------- connectionist temporal classification


_SCORES = 6  # of a text, as `_Prefix.begin` takes them
_ALONE = ("numbers", "said")  # parts of a search's state that are not of each text


def _check_said(said: Array, steps: int, classes: int) -> None:
    if (said[:, 0] >= classes).any() or (said[:, 1] >= steps).any():
        raise UsageError(f"what was said is not of {classes} classes and {steps} steps.")


class CtcGreedy:
    """The symbols that the most probable class of each step makes, as the steps come.

    Its methods are those of `PrefixBeam`. A symbol is final when the run of its class is over; its step is the best one
    of that run, the first of equals.
    """

    def __init__(self, blank: int = BLANK) -> None:
        self.blank = blank
        self.said: list[Symbol] = []
        self.ended = False
        self._steps = self._classes = 0
        # that is not over: its class, best log-probability and step
        self._run: tuple[int, float, int] | None = None

    def push(self, log_probs: Array) -> list[Symbol]:
        """Read these steps, [t, K]; give what is final by them."""
        if self.ended:
            raise UsageError("the input has ended: begin another search.")
        log_probs = _distributions(log_probs)
        T, K = log_probs.shape
        if not T:
            return []
        if self._classes not in (0, K):
            raise InputError(f"the steps before had {self._classes} classes, but these have {K}.")
        self._classes = K
        before = [] if self._run is None else [self._run]
        best = np.array([c for c, _, _ in before] + log_probs.argmax(1).tolist())
        values = np.array([v for _, v, _ in before] + log_probs.max(1).tolist())
        times = np.array([t for _, _, t in before] + list(range(self._steps, self._steps + T)))
        self._steps += T
        starts = np.flatnonzero(np.diff(best, prepend=-1))  # of runs
        run = np.repeat(
            np.arange(len(starts)), np.diff(starts, append=len(best))
        )  # which one each step is in
        tops = np.flatnonzero(values == np.maximum.reduceat(values, starts)[run])
        tops = tops[np.unique(run[tops], return_index=True)[1]]  # the first of equals
        symbols = list(zip(best[tops].tolist(), values[tops].tolist(), times[tops].tolist(), strict=True))
        self._run = symbols.pop()
        found = [(c, t) for c, _, t in symbols if c != self.blank % K]
        self.said += found
        return found

    def peek(self) -> list[Symbol]:
        """The text so far, with what was final before."""
        if self._run is None or self._run[0] == self.blank % self._classes:
            return [*self.said]
        return [*self.said, (self._run[0], self._run[2])]

    def finish(self) -> list[Symbol]:
        """The end of the input: what was not final before."""
        rest = self.peek()[len(self.said) :]
        self._run, self.ended = None, True
        self.said += rest
        return rest

    def slots(self, _classes: int) -> Slots:
        """What the arrays of the state may be, of steps with so many classes."""
        return {
            "numbers": Slot(np.int64, (5,), low=-1, high=LATE),
            "said": Slot(np.int64, (ANY, 2), low=0, high=LATE),
            "value": Slot(np.float64, (1,), low=-np.inf, high=1e-6),
        }

    def sound(self, arrays: Mapping[str, Array], classes: int) -> None:
        """UsageError unless these arrays, each of which fits its slot, fit each other too."""
        steps, ended, K, number, step = arrays["numbers"].tolist()
        begun = classes == K and number < K and 0 <= step < steps
        if ended not in (0, 1) or steps < 0 or not (begun or (number == -1 and K in (0, classes))):
            raise UsageError("the numbers of the search do not fit each other.")
        _check_said(arrays["said"], steps, classes)

    @property
    def state(self) -> dict[str, Array]:
        number, value, step = self._run or (-1, 0.0, 0)
        return {
            "numbers": np.array([self._steps, self.ended, self._classes, number, step], np.int64),
            "said": np.array(self.said, np.int64).reshape(-1, 2),
            "value": np.array([value]),
        }

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        self._steps, ended, self._classes, number, step = value["numbers"].tolist()
        self.ended = bool(ended)
        self.said = [(c, t) for c, t in value["said"].tolist()]
        self._run = None if number < 0 else (number, float(value["value"][0]), step)


def ctc_greedy(log_probs: Array, blank: int = BLANK) -> tuple[Array, Array]:
    """The symbols that the most probable classes of all steps, [T, K], make, and the best step of each one's run."""
    search = CtcGreedy(blank)
    search.push(log_probs)
    search.finish()
    found = np.array(search.said, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


MARGIN = 12.0  # nats behind the best: what is six millionths as probable is given up, and delays no answer
NEVER = -1e9  # of a symbol that a language model holds impossible: a rank that is finite can be compared
_BLOCK = 256  # steps made ready at a time


class PrefixBeam:
    """A search for the most probable text of a head `ctc`, as its log-probabilities come.

    search = PrefixBeam(8)
    search.push(log_probs)    of some steps more, [t, K]: the symbols that are final by them, each as (class, step)
    search.peek()             the best text so far, whole: `said`, what was final until now, and what may still change
    search.n_best(3)          the best texts and their scores
    search.finish()           the rest of the best text
    search.state              all that it knows, a dict of arrays; set it to go on from there

    After each step the `width` most probable texts are gone on with, each with all the ways to say it (Hannun et al.
    2014), if they are within `MARGIN` of the best; None goes on with all: exact, and only for tests. What cannot come
    among them is not computed; nothing else is left out. `blank` is the class of saying nothing.

    `scorer` is a language model of the same classes: `step`, its state before any symbol (a dict of [K, 1, W] arrays)
    and the log-probabilities of the first symbol, [1, V]. A text's score is its log-probability + `weight` * that of
    the language model + `bonus` * its length. `step` is asked once for each text that is to be gone on with, all those
    of an input step at once.

    A symbol is final when all texts have it and it has ended; or `delay` steps after it: then the texts that begin
    otherwise than the best one are given up, as two that are about as good may else stay for ever, whatever follows.
    None waits. What was pushed in which pieces does not matter. A symbol's step is the most probable one of its run, on
    the best way to say the best text; steps never fall. Where a stream has no end, empty `said` now and then: nothing
    else grows.
    """

    def __init__(
        self,
        width: int | None = 8,
        blank: int = BLANK,
        scorer: Scorer | None = None,
        weight: float = 0.5,
        bonus: float = 0.0,
        delay: int | None = 100,
    ) -> None:
        if (width is not None and width < 1) or (delay is not None and delay < 1):
            raise UsageError(f"width and delay must be 1 at least, but came as {width} and {delay}.")
        if not (weight >= 0 and math.isfinite(weight) and math.isfinite(bonus)):
            raise UsageError(
                f"weight must be 0 or more and bonus a number, both finite, but they came as {weight} and {bonus}."
            )
        self.width, self.blank, self.delay = width, blank, delay
        self.scorer, self.weight, self.bonus = scorer, weight, bonus
        self.said: list[Symbol] = []
        self.steps = 0
        self.ended = False
        self._latest = 0  # the step of the last symbol said
        self._classes = 0  # unknown until the first step
        self._flat: list[float] | None = None  # what any symbol adds where no language model is asked
        self._root = _Prefix(None, -1)
        self._root.begin(0.0)
        self._beams = [self._root]  # best first
        if scorer is not None:
            _, memory, first = scorer
            self._root.memory = {name: value[:, 0] for name, value in memory.items()}
            self._root.gains = self._gains(first)[0]

    # ---- what a user calls

    def push(self, log_probs: Array) -> list[Symbol]:
        """Read these steps, [t, K]; give what is final by them."""
        if self.ended:
            raise UsageError("the input has ended: begin another search.")
        log_probs = _distributions(log_probs)
        K = log_probs.shape[1]
        if len(log_probs) and self._classes != K:
            self._know(K)
        before, blank = len(self.said), self.blank % K
        for start in range(0, len(log_probs), _BLOCK):
            block = log_probs[start : start + _BLOCK]
            order = np.argsort(-block, axis=1, kind="stable")  # [t, K]
            order = order[order != blank].reshape(len(block), K - 1)
            for row, classes in zip(block.tolist(), order.tolist(), strict=True):
                self._step(row, row[blank], classes)
        return self.said[before:]

    def peek(self) -> list[Symbol]:
        """The best text so far, with what was final before."""
        return [*self.said, *self._rest(self._beams[0])]

    def n_best(self, count: int) -> list[tuple[list[Symbol], float]]:
        """At most `count` texts, best first, with their scores."""
        return [([*self.said, *self._rest(p)], p.rank) for p in self._beams[:count]]

    def finish(self) -> list[Symbol]:
        """The end of the input: what of the best text was not final before."""
        best = self._beams[0]
        rest = [] if self.ended else self._rest(best)
        self.said += rest
        self.ended = True
        best.parent, best.children, best.blank_times, best.own_times = None, {}, (), ()
        self._root, self._beams = best, [best]
        return rest

    # ---- one step

    def _know(self, K: int) -> None:
        if self._classes:
            raise InputError(f"the steps before had {self._classes} classes, but these have {K}.")
        if not -K <= self.blank < K:
            raise UsageError(f"the blank is class {self.blank}, but there are {K} classes.")
        last = K - 1 - (self.blank % K == K - 1)  # of the symbols
        if self.scorer is None:
            self._flat = self._root.gains = [self.bonus] * K
        elif self._root.gains is not None and len(self._root.gains) <= last:
            raise UsageError(
                f"the language model has {len(self._root.gains)} symbols, but class {last} is one, too."
            )
        self._classes = K

    def _step(self, row: list[float], blank: float, classes: list[int]) -> None:
        """Go on by one step: log-probabilities of all classes, of the blank, and the other classes, best first."""
        beams, width = self._beams, self.width
        stays = [p.stay(row, blank, self.steps) for p in beams]
        ranks = [stay[0] + p.lm for stay, p in zip(stays, beams, strict=True)]
        floor = -math.inf  # what is not above it is not among the best
        if width is not None:
            floor = max(ranks) - MARGIN
            if len(beams) >= width:
                floor = max(floor, min(ranks))
        found: list[tuple[float, _Prefix, int]] = [(r, p, -1) for r, p in zip(ranks, beams, strict=True)]
        found += self._longer(row, classes, floor)
        found.sort(key=_first, reverse=True)  # stable: of equals the one that was there
        least = -math.inf if width is None else found[0][0] - MARGIN
        kept = [one for one in found[:width] if one[0] >= least]
        made = [p if c < 0 else p.grow(c, row[c], self.steps, self._flat) for _, p, c in kept]
        for p, stay in zip(beams, stays, strict=True):
            p.take(stay)
        for p in set(beams).difference(made):
            p.drop()
        self._beams = made
        self.steps += 1
        self._settle()

    def _longer(
        self, row: list[float], classes: list[int], floor: float
    ) -> list[tuple[float, "_Prefix", int]]:
        """The texts of one symbol more whose score is above `floor`: that, what they begin with, and the symbol."""
        found = []
        most = self.bonus  # a language model only takes from it
        top = row[classes[0]] + most
        hopeful = [p for p in self._beams if p.rank + top > floor]
        if self.scorer is not None:
            self._ask([p for p in hopeful if p.gains is None])
        for p in hopeful:
            rank, last, children, gains = p.rank, p.id, p.children, p.gains or ()
            enough = floor - rank - most
            for c in classes:
                own = row[c]
                if own <= enough:
                    break
                score = (p.blank_way + p.lm if c == last else rank) + own + gains[c]
                if score > floor and not (
                    c in children and children[c].live
                ):  # that one has its part already
                    found.append((score, p, c))
        return found

    def _ask(self, prefixes: "list[_Prefix]") -> None:
        """What the language model says after these."""
        if self.scorer is None or not prefixes:
            return
        memories = [p.memory or {} for p in prefixes]
        state = {name: np.stack([m[name] for m in memories], axis=1) for name in memories[0]}
        log_probs, state = self.scorer[0](state, np.array([p.id for p in prefixes], np.int64))
        for i, (p, gains) in enumerate(zip(prefixes, self._gains(log_probs), strict=True)):
            p.gains = gains
            p.memory = {name: value[:, i].copy() for name, value in state.items()}

    def _gains(self, log_probs: Array) -> list[list[float]]:
        """What each symbol adds to the score of each text, [B, V]."""
        log_probs = np.asarray(log_probs, np.float64)
        if np.isnan(log_probs).any():
            raise InputError("the language model gives NaN for log-probabilities.")
        gains: list[list[float]] = (self.weight * np.maximum(log_probs, NEVER) + self.bonus).tolist()
        return gains

    def _settle(self) -> None:
        """Say what all texts begin with, up to a symbol whose run may go on."""
        best = self._beams[0]
        late = self.delay is not None and bool(best.times) and best.times[0] + self.delay < self.steps
        if late:
            first = best.first
            for p in self._beams:
                if p.first is not first:
                    p.drop()
            self._beams = [p for p in self._beams if p.live]
        root, ids = self._root, []
        while not root.live and len(root.children) == 1:
            (after,) = root.children.values()
            if after.live and after.own_best > after.blank_best and not late:
                break
            root, late = after, False
            ids.append(root.id)
        if not ids:
            return
        self.said += self._dated(ids, self._beams[0].times)
        self._latest = self.said[-1][1]
        root.parent, self._root = None, root
        for p in self._beams:
            p.blank_times, p.own_times = p.blank_times[len(ids) :], p.own_times[len(ids) :]

    def _rest(self, p: "_Prefix") -> list[Symbol]:
        """What of this text was not said."""
        return self._dated(p.ids, p.times)

    def _dated(self, ids: list[int], times: tuple[int, ...]) -> list[Symbol]:
        """Symbols with their steps, none before what was said: the best way may be another one by now."""
        return [(c, max(t, self._latest)) for c, t in zip(ids, times, strict=False)]

    # ---- the state

    def slots(self, classes: int) -> Slots:
        """What the arrays of the state may be, of steps with so many classes."""
        texts, long, score = range(1, 1 << 20), ANY, Slot(np.float64, (), low=-np.inf, high=LATE)
        found = {
            "numbers": Slot(np.int64, (5,), low=-1, high=LATE),
            "said": Slot(np.int64, (long, 2), low=0, high=LATE),
            "ids": Slot(np.int64, (texts, long), low=-1, high=classes - 1),
            "lengths": Slot(np.int64, (texts,), low=0, high=LATE),
            "times": Slot(np.int64, (texts, 2, long), low=-1, high=LATE),
            "scores": replace(score, shape=(texts, _SCORES)),
        }
        if self.scorer is not None:
            _, memory, first = self.scorer
            found["asked"] = Slot(np.bool_, (texts,))
            found["gains"] = replace(score, shape=(texts, np.shape(first)[-1]))
            for name, value in memory.items():
                found[f"memory.{name}"] = Slot(value.dtype, (value.shape[0], texts, *value.shape[2:]))
        return found

    def sound(self, arrays: Mapping[str, Array], classes: int) -> None:
        """UsageError unless these arrays, each of which fits its slot, fit each other too."""
        steps, ended, latest, K, last = arrays["numbers"].tolist()
        ids, lengths, times, scores = (arrays[name] for name in ("ids", "lengths", "times", "scores"))
        counts = {
            array.shape[name.startswith("memory.")] for name, array in arrays.items() if name not in _ALONE
        }
        alike = counts == {len(lengths)} and ids.shape[1] == times.shape[2] == lengths.max()
        known = K in (0, classes) and last < max(1, K) and (K or not (steps or ids.size))
        if ended not in (0, 1) or min(steps, latest) < 0 or not (alike and known):
            raise UsageError("the numbers of the search do not fit each other.")
        inside = np.arange(ids.shape[1]) < lengths[:, None]  # [B, L]
        said = inside[:, None] & (scores[:, 2:4, None] > -np.inf)  # [B, 2, L], a way that there is
        if (ids[inside] < 0).any() or (times[said] < 0).any() or times.max(initial=-1) >= max(1, steps):
            raise UsageError("the texts of the search are not of the steps that were read.")
        _check_said(arrays["said"], steps, classes)

    @property
    def state(self) -> dict[str, Array]:
        beams = self._beams
        lengths = [len(p.ids) for p in beams]
        ids = np.full((len(beams), max(lengths)), -1, np.int64)
        times = np.full((len(beams), 2, max(lengths)), -1, np.int64)
        for i, p in enumerate(beams):
            ids[i, : lengths[i]] = p.ids
            times[i, 0, : len(p.blank_times)] = p.blank_times
            times[i, 1, : len(p.own_times)] = p.own_times
        found: dict[str, Array] = {
            "numbers": np.array(
                [self.steps, self.ended, self._latest, self._classes, self._root.id], np.int64
            ),
            "said": np.array(self.said, np.int64).reshape(-1, 2),
            "ids": ids,
            "lengths": np.array(lengths, np.int64),
            "times": times,
            "scores": np.array([p.scores for p in beams]),
        }
        if self.scorer is not None:
            none = [0.0] * len(np.asarray(self.scorer[2])[0])
            found["asked"] = np.array([p.gains is not None for p in beams])
            found["gains"] = np.array([p.gains or none for p in beams])
            for name in self.scorer[1]:
                found[f"memory.{name}"] = np.stack([(p.memory or {})[name] for p in beams], axis=1)
        return found

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        numbers: list[int] = value["numbers"].tolist()
        steps, ended, latest, K, last = numbers
        root = _Prefix(None, last)
        flat = None if self.scorer is not None else [self.bonus] * K
        beams = []
        for i, length in enumerate(value["lengths"].tolist()):
            ids = value["ids"][i, :length].tolist()
            if not all(0 <= c < K for c in ids) or not -1 <= last < max(1, K):
                raise UsageError(f"the state's texts are not of {K} classes: {ids!r:.60}.")
            p = root
            for c in ids:
                p = p.children.setdefault(c, _Prefix(p, c))
            if p.live:
                raise UsageError("the state has the same text twice.")
            p.begin(*value["scores"][i].tolist())
            of_blank, of_own = (tuple(times[:length]) for times in value["times"][i].tolist())
            p.blank_times = of_blank if p.blank_best > -math.inf else ()
            p.own_times = of_own if p.own_best > -math.inf else ()
            p.gains = flat
            if self.scorer is not None:
                p.gains = value["gains"][i].tolist() if value["asked"][i] else None
                p.memory = {name: value[f"memory.{name}"][:, i].copy() for name in self.scorer[1]}
            beams.append(p)
        if not beams:
            raise UsageError("the state has no text at all.")
        self.steps, self.ended, self._classes, self._flat = steps, bool(ended), K, flat
        self._latest, self._root, self._beams = latest, root, beams
        self.said = [(c, t) for c, t in value["said"].tolist()]


class _Prefix:
    """A text that others begin with, as a node of their tree; `live` where it is one of the beams itself.

    Ways to say it end in a blank or in its own last symbol: of both the log-probability of all (`_way`), of the best
    one (`_best`), and the steps of the symbols on that one (`_times`), without those that were said.
    """

    __slots__ = (
        "blank_best", "blank_times", "blank_way", "children", "gains", "id", "live", "lm", "memory", "own_best",
        "own_times", "own_way", "parent", "peak", "rank", "total",
    )  # fmt: skip

    def __init__(self, parent: "_Prefix | None", id: int) -> None:  # noqa: A002
        self.parent, self.id = parent, id  # its last symbol
        self.children: dict[int, _Prefix] = {}
        self.live = False
        self.blank_times: tuple[int, ...] = ()
        self.own_times: tuple[int, ...] = ()
        self.lm = 0.0  # what language model and length add to its score
        self.gains: list[float] | None = None  # what a symbol more adds; None: not asked yet
        # the language model's state, before the last symbol if not asked
        self.memory: dict[str, Array] | None = None

    def begin(
        self,
        blank_way: float = -math.inf,
        own_way: float = -math.inf,
        blank_best: float = 0.0,
        own_best: float = -math.inf,
        peak: float = -math.inf,
        lm: float = 0.0,
    ) -> None:
        """Be one of the beams with these scores, in the order of `scores`."""
        self.live, self.lm = True, lm
        self.take((_added(blank_way, own_way), blank_way, own_way, blank_best, (), own_best, (), peak))

    @property
    def scores(self) -> tuple[float, ...]:
        return self.blank_way, self.own_way, self.blank_best, self.own_best, self.peak, self.lm

    @property
    def ids(self) -> list[int]:
        """Its symbols, without those that were said."""
        ids, p = [], self
        while p.parent is not None:
            ids.append(p.id)
            p = p.parent
        return ids[::-1]

    @property
    def first(self) -> "_Prefix | None":
        """What it begins with that was not said: one symbol; None if it has none."""
        p, before = self, None
        while p.parent is not None:
            p, before = p.parent, p
        return before

    @property
    def times(self) -> tuple[int, ...]:
        return self.blank_times if self.blank_best >= self.own_best else self.own_times

    def before(self, symbol: int) -> tuple[float, float, tuple[int, ...]]:
        """All ways that this symbol may follow, the best of them, and its times."""
        if symbol == self.id:  # without a blank between them the two would be one
            return self.blank_way, self.blank_best, self.blank_times
        return self.total, max(self.blank_best, self.own_best), self.times

    def stay(self, row: list[float], blank: float, step: int) -> "_Stay":
        """What becomes of it by a step that makes no longer text of it, ways of its parent to become it included."""
        own = row[self.id]
        own_way, own_best, own_times, peak = self.own_way, self.own_best, self.own_times, self.peak
        p = self.parent
        if own > peak and own_times:
            own_times, peak = (*own_times[:-1], step), own
        if p is not None and p.live:
            way, best, times = p.before(self.id)
            own_way = _added(own_way, way)
            if best > own_best:
                own_best, own_times, peak = best, (*times, step), own
        blank_way, own_way = self.total + blank, own_way + own
        best = max(self.blank_best, self.own_best) + blank
        return (
            _added(blank_way, own_way),
            blank_way,
            own_way,
            best,
            self.times,
            own_best + own,
            own_times,
            peak,
        )

    def take(self, stay: "_Stay") -> None:
        (
            self.total, self.blank_way, self.own_way, self.blank_best, self.blank_times, self.own_best,
            self.own_times, self.peak,
        ) = stay  # fmt: skip
        self.rank = self.total + self.lm

    def grow(self, symbol: int, own: float, step: int, gains: list[float] | None) -> "_Prefix":
        """The text of one symbol more, as this step begins it."""
        p = self.children.get(symbol)
        if p is None:
            p = self.children[symbol] = _Prefix(self, symbol)
        way, best, times = self.before(symbol)
        p.live, p.lm = True, self.lm + (self.gains or ())[symbol]
        p.gains, p.memory = gains, self.memory
        p.take((way + own, -math.inf, way + own, -math.inf, (), best + own, (*times, step), own))
        return p

    def drop(self) -> None:
        """Be none of the beams any more, and no part of the tree if none goes on from here."""
        self.live, self.gains, self.memory = False, None, None
        p = self
        while p.parent is not None and not p.live and not p.children:
            del p.parent.children[p.id]
            p = p.parent


# total, blank_way, own_way, blank_best, blank_times, own_best, own_times, peak
_Stay = tuple[float, float, float, float, tuple[int, ...], float, tuple[int, ...], float]


def _first(found: tuple[float, _Prefix, int]) -> float:
    return found[0]


def _added(a: float, b: float) -> float:
    """log(exp(a) + exp(b))"""
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))


def _distributions(log_probs: Array) -> Array:
    """[T, K] in float64, once it is known to be log-probabilities of two classes at least."""
    found = np.asarray(log_probs, np.float64)
    if found.ndim != 2 or found.shape[1] < 2:
        raise InputError(
            f"expected log-probabilities [T, K] of 2 classes or more, but got {list(found.shape)}."
        )
    top = found.max(1, initial=-np.inf)
    wrong = np.flatnonzero(~((top > -np.inf) & (top < 1e-3)))
    if len(wrong):
        raise InputError(
            "log-probabilities must not be above 0, nor NaN, nor all -inf, but the highest of step "
            f"{wrong[0]} is {top[wrong[0]]}; give what log_softmax makes of the head's numbers."
        )
    return found


def _symbols(log_probs: Array, blank: int = BLANK) -> Iterator[int]:
    """What `ctc_greedy` says, one after the other."""
    yield from ctc_greedy(log_probs, blank)[0].tolist()


def _best_text(log_probs: Array, **options: Any) -> Iterator[int]:
    """What a `PrefixBeam` says, one after the other, as early as it is final."""
    search = PrefixBeam(**options)
    yield from (c for c, _ in search.push(log_probs))
    yield from (c for c, _ in search.finish())


DECODERS: dict[str, Callable[..., Iterator[int]]] = {
    "greedy": greedy,
    "sample": sample,
    "beam": best_beam,
    "ctc_greedy": _symbols,
    "ctc_beam": _best_text,
}
