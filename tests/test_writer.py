"""From an engine's steps to texts: what a search finds is what a plain search over the module's steps finds."""

from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from test_engine import SIZES, both, drawn, plan_of, start, writer_of

from hitherto import native
from hitherto.decode import OPTIONS, DecodeOptions, sample
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.heads.classes import log_softmax
from hitherto.runtime import writer
from hitherto.runtime.engine import Engine
from hitherto.runtime.program import session
from hitherto.runtime.writer import write

END = 2


def log_prob(engine: Engine, source: Any, tokens: list[int], end: bool) -> float:
    """Of a sequence, each step from the beginning anew."""
    said = [*tokens, END] if end else tokens
    x = np.array([END, *tokens])[: len(said), None]
    features, after = engine.forward({"source": source, "x": x})
    params = engine.params(features)[:, 0]
    if engine.gate is None:
        found = log_softmax(params)
    else:
        copied = np.zeros((len(said), SIZES))
        for s, token in enumerate(source[:, 0]):
            copied[:, token] += after["attention"][:, 0, s]
        found = np.log(HEADS["pointer"].mean(params, gate=after["gate"][:, 0], copied=copied))
    return float(found[np.arange(len(said)), said].sum())


@pytest.mark.parametrize("copy", [False, True])
def test_a_wide_search_finds_the_best_of_all(copy: bool) -> None:
    engine, _ = both(writer_of(copy=copy, shared=copy, input_feeding=not copy))
    source = drawn("ids", 5, 3)
    lengths = np.array([5, 2, 4])
    found = write(
        engine,
        source,
        lengths,
        DecodeOptions(
            start_id=END, stop_ids=(END,), max_new_tokens=3, num_beams=200, n_best=5, length_penalty=0.7
        ),
    )
    for b in range(3):
        own = source[: lengths[b], b : b + 1]
        every = []
        for n in range(4):
            for tokens in product([t for t in range(SIZES) if t != END], repeat=n):
                if n < 3:
                    every.append((log_prob(engine, own, list(tokens), True) / (n + 1) ** 0.7, list(tokens)))
                else:
                    every.append((log_prob(engine, own, list(tokens), False) / n**0.7, list(tokens)))
        # fewer end than there are beams, so what has not ended after three tokens counts, too
        assert [h.tokens for h in found[b]] == [tokens for _, tokens in sorted(every, reverse=True)[:5]]
        for h in found[b]:
            assert h.log_prob == pytest.approx(log_prob(engine, own, h.tokens, len(h.tokens) < 3), abs=1e-4)
            assert h.attention is not None
            assert h.attention.shape[1] == lengths[b]


def test_a_draw_is_a_function_of_seed_number_and_place() -> None:
    engine, _ = both(writer_of())
    source = drawn("ids", 6, 4)
    options = DecodeOptions(start_id=END, stop_ids=(END,), max_new_tokens=12, temperature=1.3, seed=5)
    whole = write(engine, source, None, options)
    alone = write(engine, source[:, 2:3], None, options, numbers=[2])
    assert [h.tokens for h in alone[0]] == [h.tokens for h in whole[2]]
    others = write(engine, source, None, replace(options, seed=6))
    assert [h[0].tokens for h in others] != [h[0].tokens for h in whole]
    for b, (h,) in enumerate(whole):
        ended = len(h.tokens) < 12
        assert h.log_prob == pytest.approx(log_prob(engine, source[:, b : b + 1], h.tokens, ended), abs=1e-4)


def test_a_cold_draw_and_one_beam_are_the_same() -> None:
    engine, _ = both(writer_of(hidden_size=12))
    source = drawn("ids", 6, 8)
    options = DecodeOptions(start_id=END, stop_ids=(END,), max_new_tokens=9, num_beams=1)
    greedy = write(engine, source, None, options)
    cold = write(engine, source, None, replace(options, temperature=1e-6, seed=1))
    assert [h[0].tokens for h in greedy] == [h[0].tokens for h in cold]


def test_what_a_search_and_a_draw_do_not_share_is_refused() -> None:
    defaults = {"max_new_tokens": 3, "num_beams": 5}
    with pytest.raises(UsageError, match="num_beams has no use with a temperature"):
        DecodeOptions.chosen({"temperature": 1.0, "num_beams": 2}, defaults)
    for how in ({"top_k": 2}, {"top_k": 2, "temperature": 0}):
        with pytest.raises(UsageError, match="top_k has no use without a temperature"):
            DecodeOptions.chosen(how, defaults)
    with pytest.raises(UsageError, match=r"no option 'num_beam' of writing\. Did you mean 'num_beams'"):
        DecodeOptions.chosen({"num_beam": 2}, defaults)


def test_what_is_asked_comes_before_the_defaults() -> None:
    defaults = {"max_new_tokens": 9, "num_beams": 5, "stop_ids": (END,)}
    options = DecodeOptions.chosen({"num_beams": 2, "length_penalty": None}, defaults)
    assert options == DecodeOptions(max_new_tokens=9, num_beams=2, stop_ids=(END,))
    assert DecodeOptions.chosen({"n_best": 7}, defaults).num_beams == 7
    # a draw leaves the defaults of a search alone
    options = DecodeOptions.chosen({"temperature": 0.5}, {**defaults, "no_repeat_ngram": 3})
    assert options == DecodeOptions(max_new_tokens=9, temperature=0.5, stop_ids=(END,))


def test_every_option_has_a_row() -> None:
    assert set(OPTIONS) == {f.name for f in fields(DecodeOptions)} - {"start_id", "stop_ids", "banned"}
    for name, row in OPTIONS.items():
        assert (row.name, row.type in (int, float), row.help[-1:]) == (name, True, ".")


def test_nothing_to_say_is_an_empty_text() -> None:
    engine, _ = both(writer_of())
    options = DecodeOptions(
        start_id=END, stop_ids=(END,), max_new_tokens=3, min_new_tokens=3,
        banned=tuple(i for i in range(SIZES) if i != END),
    )  # fmt: skip
    found = write(engine, drawn("ids", 3, 2), None, options)
    assert [h[0].tokens for h in found] == [[], []]


# ---- tokens that are drawn natively

HOW: list[dict[str, Any]] = [
    {"temperature": 0.0},
    {"temperature": 0.7},
    {"temperature": 3.0, "stop_ids": (1, 3)},
    {"temperature": 1.3, "top_k": 2},
    {"temperature": 1.3, "top_k": 9},
    {"temperature": 0.8, "top_p": 0.6, "banned": (4,)},
    {"temperature": 2.0, "top_p": 1e-9},
    {"temperature": 0.0, "repetition_penalty": 1.7},
    {"temperature": 1.0, "top_k": 4, "top_p": 0.9, "repetition_penalty": 1.3, "banned": (0, 2)},
]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("how", HOW, ids=str)
def test_native_draws_are_those_of_sample(cell: str, how: dict[str, Any]) -> None:
    engine, _ = both(plan_of("ids", cell=cell))
    state = start(engine, 1)

    def step(state: Any, tokens: Any) -> Any:
        params, after = engine.step(state, tokens)
        return log_softmax(params), after

    first, state = step(state, np.array([3]))
    first = 4 * first  # far from even
    for seed, count in ((0, 1), (1, 16), (2, 40), (1 << 62, 17), (1 << 63, 17)):
        options = DecodeOptions(max_new_tokens=count, seed=seed, **how)
        with np.errstate(invalid="ignore"):
            expected = list(sample(step, state, first, options))
            assert list(writer.drawn(engine, state, first, options)) == expected
    endless = replace(options, seed=None, max_new_tokens=1000, stop_ids=())
    text = list(writer.drawn(engine, state, first, endless))
    assert len(text) == 1000
    if how["temperature"] == 3.0:  # what no seed decides is not the same twice
        assert text != list(writer.drawn(engine, state, first, endless))


def test_draws_without_the_extension_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for pure in ("", "1"):
        monkeypatch.setenv("HITHERTO_PURE", pure)
        monkeypatch.setattr(native, "warn_once", lambda why: None)
        engine, _ = both(plan_of("ids"))
        options = DecodeOptions(max_new_tokens=60, seed=4, temperature=2.0, top_p=0.9)
        found.append(list(writer.drawn(engine, start(engine, 1), np.zeros((1, 5)), options)))
    assert found[0] == found[1]


@pytest.mark.skipif(native.extension() is None, reason="no extension")
def test_the_extension_draws_within_bounds_whatever_comes() -> None:
    engine, _ = both(plan_of("ids"))
    of, none = session(engine.program, engine.block(1)), np.zeros(0, np.int64)
    good = [np.zeros(5), none, 1, 0, 3, 1.0, 0, 0.9, 1.0, none, none]

    def draw(**changes: Any) -> Any:
        names = (
            "scores",
            "written",
            "seed",
            "place",
            "count",
            "temperature",
            "top_k",
            "top_p",
            "penalty",
            "banned",
            "stops",
        )
        return of.draw(*(changes.get(name, value) for name, value in zip(names, good, strict=True)))  # type: ignore[union-attr]

    assert len(draw()) == 3
    assert draw(count=0) == []
    for scores in (
        np.full(5, np.nan),
        np.full(5, np.inf),
        np.full(5, -np.inf),
        np.array([np.nan, 1, np.inf, 2, -np.inf]),
    ):
        for changes in ({}, {"top_k": 2}, {"top_p": 1.0}, {"temperature": 0.0}, {"penalty": 2.0, "top_k": 3}):
            tokens = draw(**({"scores": scores.copy(), "count": 1} | changes))
            assert len(tokens) == 1
            assert 0 <= tokens[0] < 5
    wrong_ones = (
        {"scores": np.zeros(4)}, {"scores": np.zeros(5, np.float32)}, {"count": -1}, {"place": -1}, {"top_k": -1},
        {"top_p": 0.0}, {"top_p": np.nan}, {"temperature": np.nan},
    )  # fmt: skip
    for wrong in wrong_ones:
        with pytest.raises(ValueError, match="expected a model of tokens"):
            draw(**wrong)
    for name in ("written", "banned", "stops"):
        for wrong_id in (-1, 5):
            with pytest.raises(IndexError, match=r"expected tokens in 0\.\.4"):
                draw(**{name: np.array([wrong_id])})
        with pytest.raises(ValueError, match="array of int64"):
            draw(**{name: np.zeros(1)})
    vectors, _ = both(plan_of("vectors"))
    of = session(vectors.program, vectors.block(1))
    with pytest.raises(ValueError, match="expected a model of tokens"):
        draw()
