"""What a model of `lm` does: it continues a text, and suggests words."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from hitherto import decode
from hitherto.arrays import Array
from hitherto.codecs.base import Decoder
from hitherto.errors import UsageError
from hitherto.heads.classes import log_softmax
from hitherto.runtime.stages import State
from hitherto.runtime.writer import drawn
from hitherto.tasks import verbs
from hitherto.tasks.base import Batch, Results
from hitherto.tasks.batching import heard
from hitherto.tasks.columns import column_names, said
from hitherto.tasks.given import inputs
from hitherto.tasks.language.cache import Cache, CacheOptions, asked
from hitherto.tasks.language.source import Corpus, CorpusExamples
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.reading import Reading, expect_row

__all__ = [
    "advance",
    "corpus_of",
    "generate",
    "measure",
    "pieces",
    "read",
    "reading",
    "step",
    "suggest",
    "suggest_from",
]


def corpus_of(model: OpenModel) -> Corpus:
    """The source of a model of `lm`."""
    assert isinstance(model.source, Corpus)  # noqa: S101 - the row of the family names it
    return model.source


def reading(model: OpenModel, value: object, row: int = 1, steps: int = 500, **options: object) -> Reading:
    """The text of a row, after the token that is read before every text."""
    source = corpus_of(model)
    table = inputs(model.reader(**options), value)
    rows = list(table)
    expect_row(row, len(rows))
    column = column_names(table, source.reads or table.columns)[0]
    ids = source.codec.encode(said(table, row - 1, rows[row - 1][column], column).rstrip("\n"))
    whole = np.concatenate([[source.start_id], ids]).astype(np.int64)
    arrays = {"x": whole[: steps + 1, None]}
    return Reading(
        arrays, {"x": source.codec.called(arrays["x"][:, 0])}, source.answer_names, len(ids) > steps
    )


def measure(model: OpenModel, examples: CorpusExamples, **options: object) -> Results:
    """The metrics of these examples; `options` are those of a cache of what was read last."""
    how = asked(options)
    if how is None:
        return verbs.measure(model, examples)
    source = corpus_of(model)
    return source.measure(examples, _remembering(model, heard(source.evaluation(examples)), how))


def _remembering(
    model: OpenModel, batches: Iterator[Batch], how: CacheOptions
) -> Iterator[tuple[Batch, Array]]:
    """Every batch with the loss of each token, by a model with a cache of each row's own text."""
    engine, state = model.engine, None
    caches: list[Cache] = []
    for batch in batches:
        features, after = engine.run_batch(batch, state)
        losses, y = engine.losses(batch, features, after), batch.targets["y"]
        B = batch.inputs["x"].shape[1]
        if batch.carry is None:
            caches = [Cache.empty(how, features.shape[1]) for _ in range(B)]
        rows = np.arange(len(y)) if batch.at is None else batch.at  # a row's places come in the order of time
        for i, row in enumerate((rows % B).tolist()):
            losses[i] = caches[row].nll(float(losses[i]), features[i], int(y[i]))
            caches[row].add(features[i], int(y[i]))
        state = engine.carried(batch, after)
        yield batch, losses


def generate(model: OpenModel, prompt: str | None = None, **options: Any) -> str:  # those of `pieces`
    """The text that follows `prompt`."""
    return "".join(pieces(model, prompt or "", **options))


def pieces(
    model: OpenModel,
    prompt: str = "",
    *,
    max_new_tokens: int = 200,
    temperature: float = 0.8,
    top_k: int = 0,
    top_p: float = 1.0,
    repetition_penalty: float = 1.0,
    stop: str | list[str] | None = None,
    seed: int | None = None,
    num_beams: int = 1,
    length_penalty: float = 1.0,
) -> Iterator[str]:
    """The text that follows `prompt`, piece by piece as it is made.

    With `num_beams` above 1 it is the most probable text that a beam search finds, which draws nothing.
    """
    codec = corpus_of(model).codec
    ids, decoder = read(model, prompt)
    state, log_probs = advance(model, ids)
    banned = [i for i in (codec.unknown,) if i is not None]
    if not prompt:  # an empty line is no text
        log_probs[:, ends(model)] = -np.inf
    shared = decode.DecodeOptions(
        max_new_tokens=max_new_tokens, banned=tuple(banned), stop_ids=tuple(ends(model))
    )
    if num_beams > 1:
        if (top_k, top_p, repetition_penalty, seed) != (0, 1.0, 1.0, None):
            raise UsageError(
                "a beam search draws nothing: leave out top_k, top_p, repetition_penalty and seed, or num_beams."
            )
        options = replace(shared, num_beams=num_beams, length_penalty=length_penalty)
        made = decode.best_beam(partial(step, model), state, log_probs, options)
    else:
        options = replace(
            shared, temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=repetition_penalty, seed=seed
        )  # fmt: skip
        made = drawn(model.engine, state, log_probs, options)

    def text() -> Iterator[str]:
        for token in made:
            yield decoder.push(token)
        yield decoder.finish()

    stops = [stop] if isinstance(stop, str) else stop or []
    return decode.until(text(), stops)


def suggest(model: OpenModel, text: str, k: int = 5, **options: object) -> list[tuple[str, float]]:
    """The k most probable next words after `text`, or ends of its last word; each with its probability.

    `options` are those of a cache: words of `text` then become more probable.
    """
    codec = corpus_of(model).codec
    cut = max((i for i, c in enumerate(text) if c.isspace()), default=-1) + 1
    head, prefix = text[:cut], text[cut:]
    joined = codec.tokens != "words" and head.endswith(" ")
    ids, how = read(model, head[:-1] if joined else head)[0], asked(options)
    if how is None:
        state, log_probs = advance(model, ids)
    else:
        features, state = model.engine.forward({"x": ids[:, None]})
        cache = Cache.empty(how, features.shape[2])
        for here, token in zip(features[:-1, 0], ids[1:].tolist(), strict=True):
            cache.add(here, token)
        log_probs = cache.mix(log_softmax(model.engine.params(features[-1]))[0], features[-1, 0])[None]
    return suggest_from(model, state, log_probs, " " * joined + prefix, k)


def suggest_from(
    model: OpenModel, state: State, log_probs: Array, rest: str, k: int
) -> list[tuple[str, float]]:
    """`suggest` after a state: `rest` is text that is no complete token yet, the word that has begun."""
    codec = corpus_of(model).codec
    if rest.startswith(" ") and codec.tokens != "words":
        # where a token includes the blank before its word, the next word begins with that blank
        blank = [codec.decode([i]).startswith(" ") for i in range(codec.size)]
        log_probs = np.where(blank, log_probs, -np.inf)
    words = decode.suggest(
        partial(step, model),
        state,
        log_probs,
        k,
        is_start=codec.is_word_start,
        text_of=codec.decode,
        prefix=rest.strip(),
    )
    return [(word, float(np.exp(p))) for word, p in words]


def read(model: OpenModel, prompt: str) -> tuple[Array, Decoder]:
    """The start token and the tokens of the prompt; and a decoder that has decoded them."""
    codec = corpus_of(model).codec
    ids = np.concatenate([[corpus_of(model).start_id], codec.encode(prompt) if prompt else []]).astype(
        np.int64
    )
    if prompt and codec.end_id is not None and ids[-1] == codec.end_id and not prompt.endswith("\n"):
        ids = ids[:-1]
    decoder = codec.decoder()
    for i in ids[1:]:
        decoder.push(int(i))
    return ids, decoder


def ends(model: OpenModel) -> list[int]:
    apart = model.spec.data.layout == "lines"
    end = corpus_of(model).codec.end_id
    return [end] if apart and end is not None else []


def advance(model: OpenModel, ids: Array) -> tuple[State, Array]:
    """The state after these tokens, and the log-probabilities of the next."""
    state, log_probs = run(model, None, ids[:512, None])
    for start in range(512, len(ids), 512):
        state, log_probs = run(model, state, ids[start : start + 512, None])
    return state, log_probs


def step(model: OpenModel, state: State | None, tokens: Array) -> tuple[Array, State]:
    state, log_probs = run(model, state, np.asarray(tokens, np.int64)[None])
    return log_probs, state


def run(model: OpenModel, state: State | None, x: Array) -> tuple[State, Array]:
    features, after = model.engine.forward({"x": x}, None, state)
    return after, log_softmax(model.engine.params(features[-1]))
