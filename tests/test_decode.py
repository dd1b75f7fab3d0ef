"""Decoders over a step: filters do what they say, seeds decide, whole words are found with their probability."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.decode import (
    DECODERS,
    Hypothesis,
    _highest,
    beam,
    beams,
    greedy,
    nucleus,
    penalised,
    sample,
    suggest,
    top,
    until,
)
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


# ---- beam search over many sources


class Writer:
    """What is said next depends on the source and the last two tokens; so does what is attended to.

    A state has the source of every row, its last two tokens and the last weights, [1, R, ..] each.
    """

    def __init__(self, seed: int = 0, sources: int = 5, size: int = V, places: int = 4) -> None:
        rng = np.random.default_rng(seed)
        scores = rng.normal(size=(sources, size, size, size)) * 2
        self.scores = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
        self.lengths = rng.integers(0, places + 1, sources)
        self.lengths[0] = places
        weights = rng.random((sources, size, size, places)) ** 3
        weights *= np.arange(places) < self.lengths[:, None, None, None]
        self.weights = weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300)
        self.rows: list[int] = []  # of every step

    def begin(self, sources: list[int]) -> dict[str, Any]:
        """The `step`, `state` and `tokens` of a search for these sources, padded to the longest of them."""
        places = int(self.lengths[sources].max(initial=0))
        state = {
            "source": np.array(sources, np.int64)[None, :, None],
            "last": np.zeros((1, len(sources), 1), np.int64),
            "weights": np.zeros((1, len(sources), places)),
        }
        return {"step": self.step, "state": state, "tokens": np.zeros(len(sources), np.int64)}

    def step(self, state: Any, tokens: Any) -> Any:
        self.rows.append(len(tokens))
        source, before = state["source"][0, :, 0], state["last"][0, :, 0]
        assert tokens.shape == source.shape
        assert tokens.dtype == np.int64
        weights = self.weights[source, before, tokens, : state["weights"].shape[2]]
        after = {"source": state["source"], "last": tokens[None, :, None], "weights": weights[None]}
        return self.scores[source, before, tokens], after

    def attention(self, state: Any) -> Any:
        return state["weights"][0], self.lengths[state["source"][0, :, 0]]

    def told(self, source: int, tokens: list[int]) -> tuple[Any, Any]:
        """The log-probabilities and the weights after these tokens, the start before them."""
        before, last = [0, 0, *tokens][-2:]
        return self.scores[source, before, last], self.weights[source, before, last, : self.lengths[source]]


def plainly(writer: Writer, source: int, *, max_new_tokens: int, num_beams: int, n_best: int = 1,
            length_penalty: float = 1.0, coverage_penalty: float = 0.0, min_new_tokens: int = 0,
            no_repeat_ngram: int = 0, stop_ids: Any = (), banned: Any = ()) -> list[Any]:  # fmt: skip
    """One source's (tokens, score, sum, attention), best first, by the words of `beams` and nothing clever."""

    def whole(total: float, tokens: list[int], end: bool) -> Any:
        n = len(tokens) + end
        attended = np.array([writer.told(source, tokens[:i])[1] for i in range(n)])
        covered = np.log(np.clip(attended.sum(0), 1e-9, 1)).sum()
        return tokens, total / n**length_penalty + coverage_penalty * covered, total, attended

    begun: list[tuple[float, list[int]]] = [(0.0, [])]
    ended: list[Any] = []
    for place in range(max_new_tokens):
        found = []
        for total, tokens in begun:
            grams = {tuple(tokens[i : i + no_repeat_ngram]) for i in range(place - no_repeat_ngram + 1)}
            choices = []
            for token, p in enumerate(writer.told(source, tokens)[0]):
                repeated = (
                    no_repeat_ngram
                    and (*tokens[place - no_repeat_ngram + 1 :], token)[-no_repeat_ngram:] in grams
                )
                early = token in stop_ids and place < min_new_tokens
                if not (token in banned or early or repeated):
                    choices.append((total + p, tokens, token))
            ends = sorted((c for c in choices if c[2] in stop_ids), key=lambda c: -c[0])
            found += [c for c in choices if c[2] not in stop_ids or c is ends[0]]
        found.sort(key=lambda c: -c[0])
        begun = []
        for total, tokens, token in found:
            if len(begun) == num_beams:
                break
            if token in stop_ids:
                ended.append(whole(total, tokens, True))
            else:
                begun.append((total, [*tokens, token]))
        ended = sorted(ended, key=lambda e: -e[1])[:num_beams]
        if len(ended) == num_beams:
            most = max((t / (place + 1) ** length_penalty for t, _ in begun), default=-np.inf)
            if num_beams == 1 or ended[-1][1] >= most:
                break
    else:
        if len(ended) < num_beams:
            ended += [whole(total, tokens, False) for total, tokens in begun]
    return sorted(ended, key=lambda e: -e[1])[:n_best]


def same(found: list[Hypothesis], expected: list[Hypothesis]) -> bool:
    """To the bit."""
    return [(h.tokens, h.score, h.log_prob) for h in found] == [
        (h.tokens, h.score, h.log_prob) for h in expected
    ] and all(
        (a.attention is None and b.attention is None) or np.array_equal(a.attention, b.attention)
        for a, b in zip(found, expected, strict=True)
    )


OPTIONS = st.fixed_dictionaries(
    {
        "max_new_tokens": st.integers(3, 8),
        "num_beams": st.integers(1, 5),
        "length_penalty": st.sampled_from([0.0, 0.6, 1.0, 2.0]),
        "coverage_penalty": st.sampled_from([0.0, 0.3, 2.0]),
        "min_new_tokens": st.integers(0, 3),
        "no_repeat_ngram": st.integers(0, 3),
        "stop_ids": st.sampled_from([(), (2,), (1, 4)]),
        "banned": st.sampled_from([(), (3,), (0, 2)]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50), st.lists(st.integers(0, 4), max_size=4), OPTIONS, st.integers(1, 5))
def test_a_search_for_many_sources_is_a_plain_search_for_each(
    seed: int, sources: list[int], options: dict[str, Any], n_best: int
) -> None:
    options["n_best"] = n_best = min(n_best, options["num_beams"])
    writer = Writer(seed)
    found = beams(**writer.begin(sources), attention=writer.attention, **options)
    assert len(found) == len(sources)
    for source, hypotheses in zip(sources, found, strict=True):
        expected = plainly(writer, source, **options)
        assert [h.tokens for h in hypotheses] == [tokens for tokens, *_ in expected]
        for h, (_, score, total, attended) in zip(hypotheses, expected, strict=True):
            assert (h.score, h.log_prob) == pytest.approx((score, total))
            assert h.attention is not None
            assert h.attention.shape == (attended.shape[0], writer.lengths[source])
            assert np.array_equal(h.attention, attended)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 50), st.lists(st.integers(0, 4), min_size=2, max_size=6), OPTIONS)
def test_the_others_of_a_batch_change_no_bit_of_a_source(
    seed: int, sources: list[int], options: dict[str, Any]
) -> None:
    writer = Writer(seed, places=20)
    options |= {"attention": writer.attention, "n_best": options["num_beams"]}
    together = beams(**writer.begin(sources), **options)
    for source, found in zip(sources, together, strict=True):
        assert same(found, beams(**writer.begin([source]), **options)[0])


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("stop", [None, 2])
def test_wide_beams_find_the_best_of_all_for_each_source(penalty: float, stop: int | None) -> None:
    size, length = 4, 4
    writer = Writer(3, size=size)
    options: dict[str, Any] = {"stop_ids": [] if stop is None else [stop], "length_penalty": penalty}
    found = beams(
        **writer.begin([0, 1, 2]), max_new_tokens=length, num_beams=size**length, n_best=30, **options
    )
    for source, hypotheses in enumerate(found):
        every = []
        for n in range(1, length + 1):
            for tokens in itertools.product(range(size), repeat=n):
                if stop in tokens[:-1] or (n < length and tokens[-1] != stop):
                    continue
                p = sum(float(writer.told(source, list(tokens[:i]))[0][t]) for i, t in enumerate(tokens))
                every.append((p / n**penalty, p, [t for t in tokens if t != stop]))
        ranked = sorted(every, key=lambda e: -e[0])[:30]
        assert [h.tokens for h in hypotheses] == [tokens for *_, tokens in ranked]
        assert [h.score for h in hypotheses] == pytest.approx([score for score, *_ in ranked])
        assert [h.log_prob for h in hypotheses] == pytest.approx([p for _, p, _ in ranked])


@pytest.mark.parametrize("stop_ids", [(), (2,), (0, 5)])
def test_one_beam_for_each_source_is_greedy(stop_ids: tuple[int, ...]) -> None:
    lengths = set()
    for seed in range(5):
        writer = Writer(seed)
        found = beams(**writer.begin([0, 1, 2, 3, 4]), max_new_tokens=9, num_beams=1, stop_ids=stop_ids)
        for source, (only,) in enumerate(found):
            alone = writer.begin([source])
            log_probs, state = writer.step(alone["state"], alone["tokens"])
            expected = list(greedy(writer.step, state, log_probs, max_new_tokens=9, stop_ids=stop_ids))
            assert only.tokens == expected
            lengths.add(len(expected))
    assert 9 in lengths
    assert not stop_ids or len(lengths) > 2


def test_sources_that_are_done_leave_the_batch() -> None:
    """Source n ends surely after n tokens."""
    table = np.full((4, 10, 3), -40.0)
    for source in range(4):
        table[source, :, 1], table[source, source, 0] = 0.0, 0.0
        table[source, source, 1] = -40.0
    rows = []

    def step(state: Any, tokens: Any) -> Any:
        rows.append(state["source"][0, :, 0].tolist())
        n = state["n"][0, :, 0]
        return table[state["source"][0, :, 0], n], {"source": state["source"], "n": state["n"] + 1}

    state = {"source": np.arange(4)[None, :, None], "n": np.zeros((1, 4, 1), np.int64)}
    found = beams(step, state, np.zeros(4, np.int64), max_new_tokens=10, num_beams=1, stop_ids=[0])
    assert [h.tokens for (h,) in found] == [[1] * n for n in range(4)]
    assert rows == [[0, 1, 2, 3], [1, 2, 3], [2, 3], [3]]


def test_a_source_never_comes_back_and_some_are_done_long_before_others() -> None:
    early = 0
    for seed in range(4):
        writer = Writer(seed)
        rounds: list[list[int]] = []

        def step(state: Any, tokens: Any, writer: Writer = writer, rounds: list[Any] = rounds) -> Any:
            rounds.append(state["source"][0, :, 0].tolist())
            return writer.step(state, tokens)

        beams(
            **writer.begin([0, 1, 2, 3, 4]) | {"step": step},
            max_new_tokens=12, num_beams=3, length_penalty=0.0, stop_ids=[1, 2],
        )  # fmt: skip
        assert rounds[0] == [0, 1, 2, 3, 4]
        for before, after in itertools.pairwise(rounds):
            assert set(after) <= set(before)
            assert max(after.count(source) for source in after) <= 3
            early += 0 < len(set(after)) < len(set(before))
    assert early


def test_no_sources_have_no_sequences_and_no_step() -> None:
    writer = Writer()
    assert beams(**writer.begin([]), max_new_tokens=3, attention=writer.attention) == []
    assert writer.rows == []


def test_a_text_has_at_least_and_at_most_so_many_tokens() -> None:
    short = False
    for seed in range(5):
        writer = Writer(seed)
        options: dict[str, Any] = {"num_beams": 4, "n_best": 4, "stop_ids": [2, 4], "length_penalty": 0.0}
        for least, most in ((0, 6), (3, 6), (6, 6)):
            found = beams(**writer.begin([0, 1, 2]), max_new_tokens=most, min_new_tokens=least, **options)
            lengths = [len(h.tokens) for each in found for h in each]
            assert all(least <= n <= most for n in lengths)
            assert not any({2, 4} & set(h.tokens) for each in found for h in each)
            short |= least == 0 and min(lengths) < 3
    assert short


def test_what_cannot_end_counts_as_it_is() -> None:
    writer = Writer(1)
    writer.scores[1, :, :, 2] = -np.inf
    open_, shut = beams(**writer.begin([0, 1]), max_new_tokens=5, num_beams=3, n_best=3, stop_ids=[2])
    assert len(shut) == len(open_) == 3
    assert [len(h.tokens) for h in shut] == [5, 5, 5]
    for h in shut:
        told = [writer.told(1, h.tokens[:i])[0][t] for i, t in enumerate(h.tokens)]
        assert h.log_prob == pytest.approx(sum(told))
        assert h.score == pytest.approx(sum(told) / 5)


def test_a_source_of_which_nothing_can_be_said_has_none() -> None:
    writer = Writer(1)
    writer.scores[1] = -np.inf
    writer.scores[2] = np.nan
    found = beams(**writer.begin([0, 1, 2]), max_new_tokens=4, num_beams=2, n_best=2)
    assert [len(each) for each in found] == [2, 0, 0]


def repeats(tokens: list[int], n: int) -> bool:
    grams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    return len(set(grams)) < len(grams)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_run_of_tokens_is_said_twice(n: int) -> None:
    without, there = 0, 0
    for seed in range(3):
        writer = Writer(seed, size=8)
        options: dict[str, Any] = {"max_new_tokens": 8 if n == 1 else 20, "num_beams": 3, "n_best": 3}
        free = beams(**writer.begin([0, 1, 2]), **options)
        kept = beams(**writer.begin([0, 1, 2]), no_repeat_ngram=n, **options)
        without += sum(repeats(h.tokens, n) for each in free for h in each)
        there += sum(len(each) for each in kept)
        assert not any(repeats(h.tokens, n) for each in kept for h in each)
        if n > 1:  # what is shorter may come again
            assert any(repeats(h.tokens, n - 1) for each in kept for h in each)
    assert without
    assert there == 27


def test_the_n_best_are_other_texts_in_falling_order() -> None:
    for seed in range(5):
        writer = Writer(seed)
        options: dict[str, Any] = {
            "max_new_tokens": 6,
            "num_beams": 6,
            "stop_ids": [1, 2],
            "length_penalty": 0.5,
        }
        all_ = beams(**writer.begin([0, 1, 2]), n_best=6, **options)
        for each in all_:
            assert len(each) == 6
            assert [h.score for h in each] == sorted((h.score for h in each), reverse=True)
            assert len({tuple(h.tokens) for h in each}) == 6
        for n in (1, 4):
            fewer = beams(**writer.begin([0, 1, 2]), n_best=n, **options)
            assert all(same(f, each[:n]) for f, each in zip(fewer, all_, strict=True))


def test_of_several_ends_of_one_text_the_best_counts() -> None:
    """Two ends of 0.4 and 0.5: each would be a beam's text of its own, and they are the same."""
    step = lambda state, tokens: (np.log(np.array([[0.4, 0.5, 0.1]] * len(tokens))), state)  # noqa: E731
    (found,) = beams(step, {}, np.zeros(1), max_new_tokens=4, num_beams=2, n_best=2, stop_ids=[0, 1])
    assert [h.tokens for h in found] == [[], [2]]
    assert found[0].log_prob == pytest.approx(math.log(0.5))


def told_by_place(table: Any) -> tuple[Any, Any]:
    """A step and its state: probabilities by place (the last goes on) and the token before, [places, V, V]."""
    log_probs = np.log(np.maximum(table, 1e-300))

    def step(state: Any, tokens: Any) -> Any:
        n = state["n"][0, :, 0]
        return log_probs[np.minimum(n, len(log_probs) - 1), tokens], {"n": n[None, :, None] + 1}

    return step, {"n": np.zeros((1, 1, 1), np.int64)}


def test_lengths_are_weighed_as_by_hand() -> None:
    """After a token of 0.6 the end has 0.5; the end at once has 0.4."""
    step, state = told_by_place([[[0.4, 0.6]] * 2, [[0.5, 0.5]] * 2])
    for penalty, order in ((0.0, [0, 1]), (1.0, [1, 0]), (3.0, [1, 0])):
        (found,) = beams(
            step,
            state,
            np.zeros(1),
            max_new_tokens=2,
            num_beams=2,
            n_best=2,
            length_penalty=penalty,
            stop_ids=[0],
        )
        assert [len(h.tokens) for h in found] == order
        expected = {0: math.log(0.4), 1: math.log(0.3) / 2**penalty}  # the end is counted
        assert [h.score for h in found] == pytest.approx([expected[n] for n in order])
        assert [h.log_prob for h in found] == pytest.approx([expected[0], math.log(0.3)][:: 1 - 2 * order[0]])


def test_a_search_goes_on_while_a_beginning_comes_before_the_worst_that_ended() -> None:
    """Ends of 0.48 and 0.198 after one token; what is left has 0.02, and all after it is sure: it rises with length."""
    first, then = [[0.3, 0.5, 0.2]] * 3, [*[[[0, 1, 0]] * 3] * 7, [[1, 0, 0]] * 3]
    options: dict[str, Any] = {"max_new_tokens": 10, "num_beams": 2, "n_best": 2, "stop_ids": [0]}
    # ends of 0.3 and 0.198; what is left has 0.2
    step, state = told_by_place([first, [[1, 0, 0], [0.6, 0.4, 0], [0.99, 0.01, 0]], *then])
    (found,) = beams(step, state, np.zeros(1, np.int64), **options)
    assert [h.tokens for h in found] == [[1] * 9, [1]]
    step, state = told_by_place([first, [[1, 0, 0], [0.96, 0.04, 0], [0.99, 0.01, 0]], *then])
    (found,) = beams(step, state, np.zeros(1, np.int64), **options)
    assert [h.tokens for h in found] == [[1], [2]]
    steps = 0

    def counted(state: Any, tokens: Any) -> Any:
        nonlocal steps
        steps += 1
        return step(state, tokens)

    (found,) = beams(counted, state, np.zeros(1, np.int64), length_penalty=0.0, **options)
    assert [h.tokens for h in found] == [[1], []]
    assert steps == 2  # no sum rises


def test_a_search_goes_on_while_the_next_end_may_come_before_the_worst() -> None:
    """Where length costs, so that a beginning is worth most at once."""
    second = [[1, 0, 0], [0.1, 0.9, 0], [0, 1, 0]]
    step, state = told_by_place([[[0.06, 0.9, 0.04]] * 3, second, [[1, 0, 0]] * 3])
    (found,) = beams(
        step, state, np.zeros(1, np.int64), max_new_tokens=40, num_beams=2, length_penalty=-1.0, stop_ids=[0]
    )
    assert found[0].tokens == [1, 1]
    assert found[0].score == pytest.approx(3 * math.log(0.81))


def test_coverage_is_weighed_as_by_hand() -> None:
    """Two texts, one token and the sure end each: 1 looks at both places, 2 is more probable and at one only."""
    table = np.log(np.maximum([[0, 0.3, 0.7], [1, 0, 0], [1, 0, 0]], 1e-30))
    looks = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.95, 0.05, 0]])

    def step(state: Any, tokens: Any) -> Any:
        return table[tokens], {"last": tokens[None, :, None]}

    def attention(state: Any) -> Any:
        last = state["last"][0, :, 0]
        return looks[last].astype(np.float32), np.full(len(last), 2)

    # sums over the start and the token: 1.1 and 0.9 for 1; 1.85 and 0.15 for 2; the third place is padding
    expected = {
        penalty: {
            1: math.log(0.3) / 2 + penalty * math.log(0.9),
            2: math.log(0.7) / 2 + penalty * math.log(0.15),
        }
        for penalty in (0.0, 0.1, 1.0)
    }
    for penalty, best in ((0.0, 2), (0.1, 2), (1.0, 1)):
        (found,) = beams(
            step, {"last": np.zeros((1, 1, 1), np.int64)}, np.zeros(1, np.int64), max_new_tokens=4, num_beams=2,
            n_best=2, coverage_penalty=penalty, stop_ids=[0], attention=attention,
        )  # fmt: skip
        assert [h.tokens for h in found] == [[best], [3 - best]]
        assert [h.score for h in found] == pytest.approx([expected[penalty][h.tokens[0]] for h in found])
        assert found[0].attention is not None
        assert np.array_equal(found[0].attention, looks[[0, best], :2].astype(np.float32))


def test_a_place_never_looked_at_costs_no_more_than_the_log_of_a_billionth() -> None:
    step = lambda state, tokens: (np.log(np.array([[1.0, 1e-30]] * len(tokens))), state)  # noqa: E731
    (found,) = beams(
        step, {}, np.zeros(1), max_new_tokens=2, num_beams=1, coverage_penalty=0.5, stop_ids=[0],
        attention=lambda state: (np.array([[1.0, 0.0, 0.0]]), np.array([3])),
    )  # fmt: skip
    assert found[0].score == pytest.approx(0.5 * 2 * math.log(1e-9))


def test_attention_follows_the_tokens_and_not_the_rows() -> None:
    """Beams change places on the way: the rows of the weights are those of each text's own beginnings."""
    crossed = 0
    for seed in range(4):
        writer = Writer(seed)
        writer.lengths[:] = 4
        writer.weights = np.random.default_rng(seed).dirichlet(np.ones(4), writer.scores.shape[:3])
        kept: list[Any] = []

        def attention(state: Any, writer: Writer = writer, kept: list[Any] = kept) -> Any:
            kept.append(writer.attention(state)[0])
            return writer.attention(state)

        found = beams(**writer.begin([0]), max_new_tokens=6, num_beams=3, n_best=3, attention=attention)
        for h in found[0]:
            own = np.array([writer.told(0, h.tokens[:i])[1] for i in range(6)])
            assert np.array_equal(h.attention, own)
            crossed += not any(np.array_equal([w[row] for w in kept[1:]], own[1:]) for row in range(3))
    assert crossed


def test_weights_may_lie_in_a_buffer_that_is_written_again_and_grow_narrower() -> None:
    writer = Writer(2, places=6)
    writer.lengths[:2] = 6, 2
    plain: dict[str, Any] = {"max_new_tokens": 7, "num_beams": 3, "n_best": 3, "stop_ids": [1]}
    plain["coverage_penalty"] = 0.4
    expected = beams(**writer.begin([0, 1]), attention=writer.attention, **plain)
    buffer = np.zeros((6, 6))

    def attention(state: Any) -> Any:
        weights, lengths = writer.attention(state)
        here = buffer[: len(lengths), : lengths.max()]
        buffer[:] = 7.0
        here[:] = weights[:, : lengths.max()]
        return here, lengths

    found = beams(**writer.begin([0, 1]), attention=attention, **plain)
    assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def test_scores_are_opaque_and_a_search_asks_for_enough_of_them() -> None:
    writer = Writer(4)
    options: dict[str, Any] = {"max_new_tokens": 6, "num_beams": 3, "n_best": 3, "no_repeat_ngram": 2}
    options |= {"stop_ids": [2], "banned": [0], "min_new_tokens": 2}
    expected = beams(**writer.begin([0, 1, 2]), **options)

    class Scores:
        def __init__(self, values: Any) -> None:
            self.values = values

    def step(state: Any, tokens: Any) -> Any:
        scores, after = writer.step(state, tokens)
        return Scores(scores), after

    def best(scores: Any, k: int) -> Any:
        ids = np.argsort(-scores.values, axis=1, kind="stable")[:, : min(k, V)]
        return np.take_along_axis(scores.values, ids, 1), ids.astype(np.int32)

    given = writer.begin([0, 1, 2]) | {"step": step}
    found = beams(**given, top=best, **options)
    assert all(same(a, b) for a, b in zip(found, expected, strict=True))


@given(
    st.integers(1, 5).flatmap(
        lambda R: st.integers(1, 9).flatmap(
            lambda size: st.lists(
                st.lists(st.sampled_from([0.0, -1.0, -2.5, -np.inf, np.nan]), min_size=size, max_size=size),
                min_size=R,
                max_size=R,
            )
        )
    ),
    st.integers(1, 12),
)
def test_the_best_of_a_row_are_sorted_and_of_equals_the_lowest(rows: list[list[float]], k: int) -> None:
    scores = np.array(rows, np.float32)
    values, ids = _highest(scores, k)
    clean = np.where(np.isnan(scores), -np.inf, scores)
    expected = np.argsort(-clean, axis=1, kind="stable")[:, :k]
    assert values.dtype == np.float64
    assert np.array_equal(ids, expected)
    assert np.array_equal(values, np.take_along_axis(clean, expected, 1))


def test_what_is_banned_is_never_said_by_any_beam() -> None:
    for seed in range(4):
        writer = Writer(seed)
        options: dict[str, Any] = {"max_new_tokens": 6, "num_beams": 4, "n_best": 4}
        free = beams(**writer.begin([0, 1]), **options)
        kept = beams(**writer.begin([0, 1]), banned=[1, 4], **options)
        assert any({1, 4} & set(h.tokens) for each in free for h in each)
        assert not any({1, 4} & set(h.tokens) for each in kept for h in each)
        assert all(len(each) == 4 for each in kept)
        stops = beams(
            **writer.begin([0, 1]), stop_ids=[2], banned=[2], **options
        )  # an end that may not be said
        assert all(len(h.tokens) == 6 for each in stops for h in each)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"max_new_tokens": 0}, "1 at least"),
        ({"num_beams": 0}, "1 at least"),
        ({"n_best": 0}, "n_best must lie from 1 to num_beams, 3"),
        ({"n_best": 4}, "n_best must lie from 1 to num_beams, 3, but came as 4"),
        ({"min_new_tokens": -1}, "min_new_tokens must lie from 0 to max_new_tokens, 5"),
        ({"min_new_tokens": 6}, "came as 6"),
        ({"no_repeat_ngram": -1}, "no_repeat_ngram must be 0"),
        ({"length_penalty": math.nan}, "length_penalty must be a finite number"),
        ({"coverage_penalty": -0.1}, "coverage_penalty must be 0 or more"),
        ({"coverage_penalty": math.inf}, "came as inf"),
        ({"coverage_penalty": 0.1}, "coverage_penalty needs attention"),
    ],
)
def test_a_search_says_what_it_cannot_do(options: dict[str, Any], says: str) -> None:
    writer = Writer()
    with pytest.raises(UsageError, match=says):
        beams(**writer.begin([0]), **({"max_new_tokens": 5, "num_beams": 3} | options))
    assert writer.rows == []
