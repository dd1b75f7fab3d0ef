"""Decoders over a step: filters do what they say, seeds decide, whole words are found with their probability."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitherto.decode import DECODERS, beam, greedy, nucleus, penalised, sample, suggest, top, until
from hitherto.errors import UsageError

V = 6


def model(seed: int = 0, size: int = V) -> Any:
    """A step whose answer depends on the last two tokens."""
    table = np.random.default_rng(seed).normal(size=(size, size, size)) * 2
    table -= np.log(np.exp(table).sum(-1, keepdims=True))

    def step(state: Any, tokens: np.ndarray[Any, Any]) -> Any:
        before = state["last"][:, 0].astype(int)
        return table[before, tokens], {"last": tokens[:, None]}

    return step, {"last": np.zeros((1, 1), np.int64)}, table[0, 0][None]


def test_greedy_takes_the_most_probable_and_of_equals_the_lowest() -> None:
    step, state, first = model()
    tokens, log_probs = [], first
    expected_state = state
    for _ in range(10):
        tokens.append(int(log_probs[0].argmax()))
        log_probs, expected_state = step(expected_state, np.array([tokens[-1]]))
    assert list(greedy(step, state, first, max_new_tokens=10)) == tokens
    assert list(sample(step, state, first, max_new_tokens=10, temperature=0)) == tokens
    assert next(greedy(step, state, np.zeros((1, V)), max_new_tokens=1)) == 0


def test_draws_follow_the_probabilities() -> None:
    p = np.array([0.5, 0.25, 0.15, 0.1])
    step = lambda state, tokens: (np.log(p)[None], state)  # noqa: E731
    drawn = list(sample(step, None, np.log(p)[None], max_new_tokens=20_000, seed=1))
    assert np.bincount(drawn, minlength=4) / 20_000 == pytest.approx(p, abs=0.015)


def test_a_seed_decides_and_a_longer_text_begins_with_the_shorter() -> None:
    step, state, first = model()
    short, long, other = (
        list(sample(step, state, first, max_new_tokens=n, seed=s)) for n, s in ((20, 1), (40, 1), (20, 2))
    )
    assert long[:20] == short
    assert other != short


@given(st.lists(st.floats(-20, 0), min_size=1, max_size=12), st.integers(0, 15), st.floats(0.01, 1))
def test_filters_keep_the_highest(scores: list[float], k: int, p: float) -> None:
    values = np.array(scores)
    kept = np.isfinite(top(values, k))
    assert kept.sum() == (len(values) if k == 0 else min(k, len(values)))
    assert values[kept].min() >= values[~kept].max(initial=-np.inf)
    inside = np.isfinite(nucleus(values, p))
    shares = np.exp(values) / np.exp(values).sum()
    assert inside.any()
    assert shares[inside].sum() >= p - 1e-9
    least = np.sort(shares[inside])[0]
    assert shares[inside].sum() - least < p + 1e-9


def test_a_penalty_makes_what_was_said_less_probable() -> None:
    scores = np.log([0.5, 0.3, 0.2])
    found = penalised(scores, [0, 0, 1], 1.5)
    assert found[0] < scores[0]
    assert found[1] < scores[1]
    assert found[2] == scores[2]


def test_stops_and_bans() -> None:
    step, state, first = model()
    whole = list(greedy(step, state, first, max_new_tokens=20))
    stop = whole[5]
    assert list(greedy(step, state, first, max_new_tokens=20, stop_ids=[stop])) == whole[: whole.index(stop)]
    assert stop not in list(sample(step, state, first, max_new_tokens=50, banned=[stop], seed=0))


@pytest.mark.parametrize(
    "options",
    [{"temperature": -1}, {"temperature": math.nan}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.5},
     {"repetition_penalty": 0}, {"max_new_tokens": 0}],
)  # fmt: skip
def test_wrong_options_are_errors_at_once(options: dict[str, Any]) -> None:
    step, state, first = model()
    with pytest.raises(UsageError):
        sample(step, state, first, **({"max_new_tokens": 5} | options))


@given(
    st.text("abc", max_size=30),
    st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
    st.integers(1, 4),
)
def test_text_ends_before_a_stop_and_never_shows_a_part_of_one(
    text: str, stops: list[str], size: int
) -> None:
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    found = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    cuts = [min(found)[1]] if found else []
    out: list[str] = []
    for piece in until(iter(pieces), stops):
        out.append(piece)
        so_far = "".join(out)
        assert (text[: min(cuts)] if cuts else text).startswith(so_far)
    assert "".join(out) == (text[: min(cuts)] if cuts else text)


def test_text_comes_as_early_as_it_can() -> None:
    taken: list[str] = []

    def pieces() -> Iterator[str]:
        for piece in ("a", "b", "x", "c"):
            yield piece
            taken.append(piece)

    found = until(pieces(), ["xy"])
    assert next(found) == "a"
    assert taken == []
    with pytest.raises(UsageError):
        next(until(pieces(), [""]))


LETTERS = "ab_cd_"  # 2 and 5 begin a word, the others go on with one


def exhaustive(step: Any, state: Any, first: Any, starts: list[bool], longest: int) -> dict[str, float]:
    """Every word of up to `longest` tokens by trying all of them."""
    words: dict[str, float] = {}
    for length in range(1, longest + 1):
        for tokens in itertools.product(range(V), repeat=length):
            if any(starts[t] for t in tokens[1:]):
                continue
            total, log_probs, own = 0.0, first, state
            for token in tokens:
                total += float(log_probs[0, token])
                log_probs, own = step(own, np.array([token]))
            total += float(np.logaddexp.reduce(log_probs[0][starts]))
            word = "".join(LETTERS[t] for t in tokens)
            words[word] = float(np.logaddexp(words.get(word, -np.inf), total))
    return words


@pytest.mark.parametrize("seed", range(4))
def test_suggestions_are_what_trying_everything_finds(seed: int) -> None:
    step, state, first = model(seed)
    starts = [letter == "_" for letter in LETTERS]
    step_all = step
    truth = exhaustive(step_all, state, first, starts, 5)
    best = sorted(truth.items(), key=lambda item: -item[1])[:4]
    found = suggest(
        step, state, first, 4,
        is_start=lambda i: starts[i], text_of=lambda ids: "".join(LETTERS[i] for i in ids), width=200,
    )  # fmt: skip
    assert [word for word, _ in found] == [word for word, _ in best]
    assert [p for _, p in found] == pytest.approx([p for _, p in best])


def test_a_prefix_is_gone_on_with() -> None:
    step, state, first = model(1)
    starts = [letter == "_" for letter in LETTERS]
    found = suggest(
        step, state, first, 3,
        is_start=lambda i: starts[i], text_of=lambda ids: "".join(LETTERS[i] for i in ids), prefix="_c",
    )  # fmt: skip
    assert len(found) == 3
    assert all(word.startswith("_c") for word, _ in found)
    assert 0.5 < sum(math.exp(p) for _, p in found) <= 1 + 1e-9


def test_models_of_words_suggest_tokens() -> None:
    step, state, first = model(2)
    found = suggest(step, state, first, 3, is_start=lambda i: True, text_of=lambda ids: f"w{ids[0]}")
    order = np.argsort(-first[0])[:3]
    assert [word for word, _ in found] == [f"w{i}" for i in order]
    assert [p for _, p in found] == pytest.approx(first[0][order])


def test_rows_name_themselves() -> None:
    assert set(DECODERS) == {"greedy", "sample", "beam"}


# ---- beam search


def every(seed: int, length: int, stop: int | None) -> dict[tuple[int, ...], float]:
    """Every sequence that ends with `stop` or has this length, and its log-probability, by trying all of them."""
    step, state, first = model(seed)
    found: dict[tuple[int, ...], float] = {}

    def go(tokens: tuple[int, ...], total: float, log_probs: Any, state: Any) -> None:
        for token in range(V):
            p = total + float(log_probs[0, token])
            if token == stop or len(tokens) + 1 == length:
                found[(*tokens, token)] = p
            else:
                more, after = step({"last": state["last"]}, np.array([token]))
                go((*tokens, token), p, more, after)

    go((), 0.0, first, state)
    return found


def rows_of(state: Any, rows: Any) -> Any:
    return {"last": state["last"][rows]}


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("stop", [None, 2])
def test_a_wide_beam_finds_the_best_of_all(penalty: float, stop: int | None) -> None:
    for seed in range(4):
        step, state, first = model(seed)
        all_ = every(seed, 4, stop)
        ranked = sorted(((p / len(t) ** penalty, t) for t, p in all_.items()), reverse=True)
        found = beam(step, state, first, max_new_tokens=4, num_beams=V**4, length_penalty=penalty,
                     stop_ids=[] if stop is None else [stop], pick=rows_of)  # fmt: skip
        for (tokens, value), (best, sequence) in zip(found[:20], ranked[:20], strict=True):
            assert value == pytest.approx(best)
            assert tuple(tokens) == tuple(t for t in sequence if t != stop)


def test_one_beam_is_greedy_and_more_are_never_worse() -> None:
    for seed in range(6):
        step, state, first = model(seed)
        values = []
        for width in (1, 2, 8):
            found = beam(step, state, first, max_new_tokens=6, num_beams=width, pick=rows_of)
            assert len(found) == width
            assert [v for _, v in found] == sorted((v for _, v in found), reverse=True)
            values.append(found[0][1])
            if width == 1:
                assert found[0][0] == list(greedy(step, state, first, max_new_tokens=6))
        assert values[-1] >= values[0] - 1e-12


def test_length_normalisation_chooses_between_short_and_long() -> None:
    """End at once with probability 0.5, or go on for ten sure tokens after one of 0.45."""
    sure = np.full((4, 3), -30.0)
    sure[:, 1] = 0.0

    def step(state: Any, tokens: Any) -> Any:
        n = state["n"] + 1
        return np.where(n >= 10, np.array([0.0, -30, -30]), sure[: len(tokens)]), {"n": n}

    first = np.log(np.array([[0.5, 0.45, 0.05]]))
    for penalty, length in ((0.0, 0), (1.0, 10)):
        found = beam(step, {"n": np.zeros((1, 1))}, first, max_new_tokens=20, num_beams=2, length_penalty=penalty,
                     stop_ids=[0], pick=lambda s, rows: {"n": s["n"][rows]})  # fmt: skip
        assert len(found[0][0]) == length


def test_a_beam_keeps_out_what_is_banned_and_refuses_nonsense() -> None:
    step, state, first = model(1)
    found = beam(step, state, first, max_new_tokens=5, num_beams=3, banned=[0, 3], pick=rows_of)
    assert all(not {0, 3} & set(tokens) for tokens, _ in found)
    assert (
        list(DECODERS["beam"](step, state, first, max_new_tokens=5, num_beams=3, banned=[0, 3], pick=rows_of))
        == found[0][0]
    )
    for bad in ({"max_new_tokens": 0}, {"max_new_tokens": 2, "num_beams": 0}):
        with pytest.raises(UsageError, match="1 at least"):
            beam(step, state, first, **bad)
