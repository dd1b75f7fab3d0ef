"""From what was read to what is written: an engine with an encoder, and a decoder of `hitherto.decode`.

written = write(engine, source, lengths, start=2, stop=[2], num_beams=5)  # hypotheses for each, the best first
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.decode import Hypothesis, beams, sample
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.heads.classes import log_softmax
from hitherto.runtime.engine import Engine, threads
from hitherto.runtime.program import best
from hitherto.runtime.stages import State

__all__ = ["DRAWS", "SEARCHES", "sequel", "write", "write_from"]

REDRAWS = 20  # of a step that has too many voices

# The options that only a draw has, and only a search.
DRAWS = ("temperature", "top_k", "top_p", "repetition_penalty", "seed")
SEARCHES = (
    "num_beams", "n_best", "length_penalty", "coverage_penalty", "min_new_tokens", "no_repeat_ngram"
)  # fmt: skip


def write(
    engine: Engine,
    source: Array,
    lengths: Array | None,
    *,
    start: int,
    stop: Sequence[int],
    numbers: Iterable[int] | None = None,
    **options: Any,
) -> list[list[Hypothesis]]:
    """What the model writes to these sources, ids [S, B]: for each its hypotheses, the best first."""
    return write_from(
        engine, engine.encode(source, lengths), start=start, stop=stop, numbers=numbers, **options
    )


def write_from(
    engine: Engine,
    state: State,
    *,
    start: int,
    stop: Sequence[int],
    numbers: Iterable[int] | None = None,
    max_new_tokens: int,
    banned: Iterable[int] = (),
    temperature: float = 0.0,
    **options: Any,
) -> list[list[Hypothesis]]:
    """`write` from a state that `engine.encode` gave.

    With a `temperature` above 0 each is drawn, and `numbers` say which sources these are: a draw is a function of
    (seed, number, place). Otherwise it is what a search with `num_beams` finds; 1 is greedy.
    """
    rows = next(iter(state.values())).shape[1]
    wrong = [name for name in options if name in (SEARCHES if temperature else DRAWS)]
    if wrong:
        raise UsageError(
            f"{wrong[0]} has no use {'with' if temperature else 'without'} a temperature: "
            + ("a draw does not search." if temperature else "a search draws nothing.")
        )
    known: dict[str, Any] = {"max_new_tokens": max_new_tokens, "stop_ids": stop, "banned": banned}
    decoder = _Decoder(engine)
    if temperature:
        seed = options.pop("seed", None)
        named = list(range(rows) if numbers is None else numbers)
        return [
            decoder.drawn(
                engine.pick(state, np.array([b])), start, temperature=temperature, **known, **options,
                seed=None if seed is None else int(np.random.SeedSequence([seed, named[b]]).generate_state(1)[0]),
            )
            for b in range(rows)
        ]  # fmt: skip
    found = beams(
        decoder.step, state, np.full(rows, start), **known, **options, pick=engine.pick, top=decoder.top,
        attention=decoder.attention if engine.attends else None,
    )  # fmt: skip
    nothing = Hypothesis([], -np.inf, -np.inf, None)  # where all that could be said is barred
    return [own or [nothing] for own in found]


def sequel(
    engine: Engine,
    state: State | None,
    begun: Array,
    rng: "np.random.Generator",
    *,
    voices: int | None = None,
    **how: Any,
) -> Iterator[Array]:
    """Steps that follow those of `begun`, [T, F], drawn one after the other for as long as they are asked for.

    A step of more ones than `voices` is drawn again, a few times, and then loses some by lot.

    Of a head that says how probable it is that a step is the last, they end where it is as probable that one was as a
    number says that is drawn once. Without a bias that is what a draw at each step would do. With one the number keeps
    to a half: neither does what is unlikely at each step happen in the long run, nor is an end put off for ever.
    """
    x, F = begun[:, None], begun.shape[1]
    sharp = how.get("temperature", 1.0) / (1 + max(0.0, how.get("bias", 0.0)))  # below 0 the head refuses it
    going = 1.0  # the chance that none was the last
    until = 0.5 + 0.5 * np.tanh(sharp * rng.logistic() / 2)
    while True:
        features, state = engine.forward({"x": x}, None, state)
        params = engine.params(features[-1])[0]
        y = engine.draw(params, rng, **how)
        for _ in range(REDRAWS):
            if voices is None or y.sum() <= voices:
                break
            y = engine.draw(params, rng, **how)
        else:
            ones = np.flatnonzero(y)
            y[rng.permutation(ones)[voices:]] = 0
        yield np.asarray(y[:F], np.float32)
        if len(y) > F:
            going *= 1 - engine.mean(params)[F]
            if going <= until:
                return
        x = np.asarray(y[None, None, :F], np.float32)


class _Decoder:
    """The engine as a decoder sees it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.copies = engine.gate is not None

    def step(self, state: State, tokens: Array) -> tuple[Array, State]:
        """One more token of every row; the scores of the next are what `top` reads."""
        features, after = self.engine.forward({"x": np.asarray(tokens)[None]}, None, state)
        params = self.engine.params(features[0])
        return (self._mixed(params, after) if self.copies else params), after

    def _mixed(self, params: Array, after: State) -> Array:
        """Log-probabilities [R, V] of what is written or copied."""
        R, V = params.shape
        places = after["attend.source"][after["attend.row"]] + np.arange(R)[:, None] * V  # [R, S]
        copied = np.bincount(places.reshape(-1), after["attention"][0].reshape(-1), R * V).reshape(R, V)
        with np.errstate(divide="ignore"):
            found: Array = np.log(HEADS["pointer"].mean(params, gate=after["gate"][0], copied=copied))
        return found

    def top(self, scores: Array, k: int) -> tuple[Array, Array]:
        """The k best of every row as log-probabilities, and their ids."""
        values, ids, totals = best(scores, min(k, scores.shape[1]), threads())
        return values - totals[:, None], ids

    def attention(self, state: State) -> tuple[Array, Array]:
        return state["attention"][0], state["attend.lengths"][state["attend.row"]]

    def drawn(self, state: State, start: int, **options: Any) -> list[Hypothesis]:
        """One sequence, drawn."""
        weights: list[Array] = []
        total = 0.0

        def step(state: State, tokens: Array) -> tuple[Array, State]:
            nonlocal total
            scores, after = self.step(state, tokens)
            if self.engine.attends:
                weights.append(after["attention"][0, 0])
            if said:
                total += float(said[-1][tokens[0]])
            log_probs = scores if self.copies else log_softmax(scores)
            said.append(log_probs[0])
            return log_probs, after

        said: list[Array] = []
        log_probs, state = step(state, np.array([start]))
        tokens = list(sample(step, state, log_probs, **options))
        if len(said) > len(tokens):  # it came to an end, and that was said, too
            total += float(said[-1][options["stop_ids"][0]])
        else:
            total += float(said[-1][tokens[-1]])
        seen = np.stack(weights)[:, : int(state["attend.lengths"][0])] if weights else None
        return [Hypothesis(tokens, total / max(1, len(said)), total, seen)]
