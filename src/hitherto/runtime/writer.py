"""Writing: an engine with an encoder, and a decoder of `hitherto.decode`.

options = DecodeOptions(max_new_tokens=100, num_beams=5, start_id=2, stop_ids=(2,))
written = write(engine, source, lengths, options)  # hypotheses for each source, the best first
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from hitherto.arrays import Array
from hitherto.decode import DecodeOptions, Hypothesis, beams, sample
from hitherto.heads import HEADS
from hitherto.heads.classes import log_softmax
from hitherto.runtime import pure
from hitherto.runtime.chain import Chain
from hitherto.runtime.engine import Engine, threads
from hitherto.runtime.program import Session, best, session
from hitherto.runtime.stages import State

__all__ = ["Draw", "drawn", "sequel", "write", "write_from"]

Draw = Callable[[Array, "np.random.Generator"], Array]

AT_ONCE = 16  # tokens that are drawn in one call
REDRAWS = 20  # of a step that has too many voices


def write(
    engine: Engine,
    source: Array,
    lengths: Array | None,
    options: DecodeOptions,
    *,
    numbers: Iterable[int] | None = None,
) -> list[list[Hypothesis]]:
    """What the model writes to these sources, ids [S, B]: for each its hypotheses, the best first."""
    return write_from(engine, engine.encode(source, lengths), options, numbers=numbers)


def write_from(
    engine: Engine, state: State, options: DecodeOptions, *, numbers: Iterable[int] | None = None
) -> list[list[Hypothesis]]:
    """`write` from a state that `engine.encode` gave.

    With a temperature above 0 each text is drawn, and `numbers` say which sources these are: a draw is a function of
    (seed, number, place). Otherwise it is what a beam search finds.
    """
    rows = next(iter(state.values())).shape[1]
    decoder = _Decoder(engine)
    if options.temperature:
        seeds: list[int | None] = [None] * rows
        if options.seed is not None:
            entropy = ([options.seed, n] for n in (range(rows) if numbers is None else numbers))
            seeds = [int(np.random.SeedSequence(pair).generate_state(1)[0]) for pair in entropy]
        return [
            decoder.drawn(engine.pick(state, np.array([b])), replace(options, seed=seeds[b]))
            for b in range(rows)
        ]
    searched = beams(
        decoder.step, state, np.full(rows, options.start_id), options, pick=engine.pick, top=decoder.top,
        attention=decoder.attention if engine.attends else None,
    )  # fmt: skip
    nothing = Hypothesis([], -np.inf, -np.inf, None)  # where every token is banned
    return [hypotheses or [nothing] for hypotheses in searched]


def drawn(engine: Chain, state: State, log_probs: Array, options: DecodeOptions) -> Iterator[int]:
    """The tokens of `decode.sample` after this state, of one row; `log_probs`, [1, V], are those of the first.

    On the extension the loop is native, some tokens at a time. It has the random numbers of `decode.sample`, and its
    texts but for rounding.
    """
    block = engine.block(1)
    for name, view in engine.views(block).items():
        view[:] = state[name].transpose(1, 0, 2)
    steps = session(engine.program, block)
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if options.seed is None else options.seed
    if isinstance(steps, pure.Session) or not 0 <= seed < 1 << 63:

        def step(state: Session, tokens: Array) -> tuple[Array, Session]:
            return log_softmax(state.push(tokens)), state

        yield from sample(step, steps, log_probs, options)
        return
    scores, written = np.array(log_probs[0], np.float64), np.zeros(0, np.int64)
    banned, stops = (np.array(ids, np.int64).reshape(-1) for ids in (options.banned, options.stop_ids))
    while len(written) < options.max_new_tokens:
        tokens = steps.draw(
            scores, written, seed, len(written), min(AT_ONCE, options.max_new_tokens - len(written)),
            options.temperature, options.top_k, options.top_p, options.repetition_penalty, banned, stops,
        )  # fmt: skip
        for token in tokens:
            if token in options.stop_ids:
                return
            yield token
        written = np.append(written, tokens)


def sequel(
    engine: Engine,
    state: State | None,
    begun: Array,
    rng: "np.random.Generator",
    draw: Draw,
    *,
    sharpness: float = 1.0,
    voices: int | None = None,
) -> Iterator[Array]:
    """Steps that follow those of `begun`, [T, F], drawn one after the other for as long as they are asked for.

    `draw` draws a step from what the head reads. A step with more ones than `voices` is drawn again, a few times, and
    then loses some at random.

    Some heads say how probable it is that a step is the last. Then one number is drawn for the whole sequence, and the
    sequence ends once the probability that it has ended reaches that number. At a `sharpness` of 1 that is the same
    as a draw at each step. Below 1 the number is closer to a half: then an end that is improbable at each step does not
    come in the long run, and no end is put off for ever.
    """
    x, F = begun[:, None], begun.shape[1]
    going = 1.0  # the chance that none was the last
    until = 0.5 + 0.5 * np.tanh(sharpness * rng.logistic() / 2)
    while True:
        features, state = engine.forward({"x": x}, None, state)
        params = engine.params(features[-1])[0]
        y = draw(params, rng)
        for _ in range(REDRAWS):
            if voices is None or y.sum() <= voices:
                break
            y = draw(params, rng)
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
            log_probs: Array = np.log(HEADS["pointer"].mean(params, gate=after["gate"][0], copied=copied))
        return log_probs

    def top(self, scores: Array, k: int) -> tuple[Array, Array]:
        """The k best of every row as log-probabilities, and their ids."""
        values, ids, totals = best(scores, min(k, scores.shape[1]), threads())
        return values - totals[:, None], ids

    def attention(self, state: State) -> tuple[Array, Array]:
        return state["attention"][0], state["attend.lengths"][state["attend.row"]]

    def drawn(self, state: State, options: DecodeOptions) -> list[Hypothesis]:
        """One sequence, drawn."""
        weights: list[Array] = []
        steps: list[Array] = []  # log-probabilities [V]
        total = 0.0

        def step(state: State, tokens: Array) -> tuple[Array, State]:
            nonlocal total
            scores, after = self.step(state, tokens)
            if self.engine.attends:
                weights.append(after["attention"][0, 0])
            if steps:
                total += float(steps[-1][tokens[0]])
            log_probs = scores if self.copies else log_softmax(scores)
            steps.append(log_probs[0])
            return log_probs, after

        log_probs, state = step(state, np.array([options.start_id]))
        tokens = list(sample(step, state, log_probs, options))
        if len(steps) > len(tokens):  # the end was drawn, too
            total += float(steps[-1][options.stop_ids[0]])
        else:
            total += float(steps[-1][tokens[-1]])
        seen = np.stack(weights)[:, : int(state["attend.lengths"][0])] if weights else None
        return [Hypothesis(tokens, total / max(1, len(steps)), total, seen)]
