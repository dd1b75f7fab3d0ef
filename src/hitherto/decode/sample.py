"""Tokens as they are drawn, what may be drawn of them, and words that are suggested."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.decode.options import DecodeOptions
from hitherto.errors import UsageError

__all__ = ["Pick", "Scores", "State", "Step", "nucleus", "penalised", "sample", "suggest", "top", "until"]

# What `step` returns beside log-probabilities. A decoder passes it on and never looks inside.
State = Any
Scores = Any  # what a beam search lets `top` read in place of log-probabilities
Step = Callable[[State, Array], tuple[Array, State]]
Pick = Callable[[State, Array], State]


def sample(step: Step, state: State, log_probs: Array, options: DecodeOptions) -> Iterator[int]:
    """Draw tokens until one of `stop_ids` or `max_new_tokens`; `log_probs`, [1, V], are those of the first.

    Filters act in this order: `banned` tokens, `repetition_penalty`, `temperature`, `top_k`, `top_p`. At temperature 0
    each token is the most probable one. A token's draw is a function of (seed, place), so a text is the same however
    it is read.
    """
    seed = options.seed
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    count, temperature = options.max_new_tokens, options.temperature
    stop, banned = frozenset(options.stop_ids), sorted(set(options.banned))
    tokens: list[int] = []
    for place in range(count):
        scores = np.array(log_probs[0], np.float64)
        scores[banned] = -np.inf
        if options.repetition_penalty != 1 and tokens:
            scores = penalised(scores, tokens, options.repetition_penalty)
        if temperature == 0:
            token = int(scores.argmax())
        else:
            scores = nucleus(top(scores / temperature, options.top_k), options.top_p)
            weights = np.exp(scores - scores.max()).cumsum()
            random = np.random.Generator(np.random.Philox(key=[seed, place]))
            token = int(np.searchsorted(weights, random.random() * weights[-1], side="right"))
            token = min(token, len(weights) - 1)
        if token in stop:
            return
        yield token
        tokens.append(token)
        if place + 1 < count:
            log_probs, state = step(state, np.array([token], np.int64))


def penalised(scores: Array, tokens: Iterable[int], penalty: float) -> Array:
    """Log-probabilities of these tokens are multiplied by the penalty: being below 0, they fall where it is above 1."""
    scores = scores.copy()
    seen = list(set(tokens))
    scores[seen] = scores[seen] * penalty
    return scores


def top(scores: Array, k: int) -> Array:
    """All but the k highest become impossible; 0 keeps all."""
    if k == 0 or k >= len(scores):
        return scores
    best = np.argsort(-scores, kind="stable")[:k]
    filtered = np.full_like(scores, -np.inf)
    filtered[best] = scores[best]
    return filtered


def nucleus(scores: Array, p: float) -> Array:
    """All but the most probable that make up p together become impossible; one at least stays."""
    if p >= 1:
        return scores
    order = np.argsort(-scores, kind="stable")
    shares = np.exp(scores[order] - scores[order[0]])
    before = shares.cumsum() - shares
    best = order[before < p * shares.sum()]
    filtered = np.full_like(scores, -np.inf)
    filtered[best] = scores[best]
    return filtered


def until(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """The text up to the first of `stops`, as early as it is known to be text and not the beginning of one."""
    if not all(stops):
        raise UsageError("an empty text to stop at would stop at once; leave it out.")
    held = ""
    for piece in pieces:
        held += piece
        ends = [(held.find(stop) + len(stop), held.find(stop)) for stop in stops if stop in held]
        if ends:  # the one that is whole first, whatever the pieces
            _, start = min(ends)
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

    A word is a token that may start one, and the tokens that continue it, up to a token that starts the next word. Its
    probability is that of all of this. `prefix` is how it must begin; then probabilities are shares of all the words
    found that do. The search is best first: each round extends the `width` most probable beginnings, until k words are
    more probable than any beginning left.
    """
    if k < 1:
        raise UsageError(f"k must be 1 at least, but came as {k}.")
    V = log_probs.shape[-1]
    starts = np.fromiter((is_start(i) for i in range(V)), bool, V)
    words: dict[str, float] = {}
    open_words: list[tuple[float, tuple[int, ...], State]] = []

    def begin(tokens: tuple[int, ...], scores: Array, base: float, state: State) -> None:
        """Open the beginnings that one more token makes, if they can still become a word with the prefix."""
        for token in np.argsort(-scores, kind="stable")[: 4 * width].tolist():
            if not np.isfinite(scores[token]) or (tokens and starts[token]):
                continue
            longer = (*tokens, token)
            word = text_of(longer).strip()
            if word.startswith(prefix) or prefix.startswith(word):
                heapq.heappush(open_words, (-(base + float(scores[token])), longer, state))

    scores = np.asarray(log_probs[0], np.float64)
    if prefix:  # any token may lead to it, however improbable beside the others
        scores = np.where([_leads(text_of([i]).strip(), prefix) for i in range(V)], scores, -np.inf)
    begin((), scores, 0.0, state)
    for _ in range(max_tokens):
        best = sorted(words.values(), reverse=True)[:k]
        if not open_words or (len(best) == k and best[-1] >= -open_words[0][0]):
            break
        batch = [heapq.heappop(open_words) for _ in range(min(width, len(open_words)))]
        for negative, tokens, before in batch:
            word, ends = text_of(tokens).strip(), 0.0
            if not starts.all():
                next_scores, after = step(before, np.array([tokens[-1]], np.int64))
                following = np.asarray(next_scores[0], np.float64)
                ends = float(np.logaddexp.reduce(following[starts]))
                begin(tokens, following, -negative, after)
            if word and word.startswith(prefix):
                words[word] = float(np.logaddexp(words.get(word, -np.inf), -negative + ends))
    if prefix and words:
        whole = float(np.logaddexp.reduce(list(words.values())))
        words = {word: p - whole for word, p in words.items()}
    ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    return ranked[:k]


def _leads(text: str, prefix: str) -> bool:
    return text.startswith(prefix) or prefix.startswith(text)
