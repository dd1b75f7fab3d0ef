"""Decoders over a step: filters do what they say, seeds decide, whole words are found with their probability."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto import decode
from hitherto.decode import (
    DECODERS,
    CtcGreedy,
    DecodeOptions,
    Hypothesis,
    PrefixBeam,
    ctc_greedy,
    highest,
    nucleus,
    penalised,
    suggest,
    top,
    until,
)
from hitherto.decode.ctc import MARGIN
from hitherto.errors import InputError, UsageError

V = 6


def told(decoder: Any) -> Any:
    """A decoder whose options come by name."""

    def call(*arguments: Any, **named: Any) -> Any:
        rest = {name: named.pop(name) for name in ("pick", "top", "attention") if name in named}
        first = [*arguments, *(named.pop(name) for name in ("step", "state", "tokens") if name in named)]
        return decoder(*first, DecodeOptions(**named), **rest)

    return call


def sample(*arguments: Any, temperature: float = 1.0, **named: Any) -> Any:
    return told(decode.sample)(*arguments, temperature=temperature, **named)


greedy, beam, beams = told(decode.greedy), told(decode.beam), told(decode.beams)


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
    assert set(DECODERS) == {"greedy", "sample", "beam", "ctc_greedy", "ctc_beam"}


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
        list(
            told(DECODERS["beam"])(
                step, state, first, max_new_tokens=5, num_beams=3, banned=[0, 3], pick=rows_of
            )
        )
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
    values, ids = highest(scores, k)
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


# ---- ctc


def steps_of(T: int, K: int, seed: int = 0, sharp: float = 2.0) -> Any:
    """Log-probabilities of T steps, [T, K]; where they are sharp, mostly of the last class as a trained model's are."""
    scores = np.random.default_rng(seed).normal(size=(T, K)) * sharp
    scores[:, -1] += sharp
    return scores - np.log(np.exp(scores).sum(1, keepdims=True))


def every_text(log_probs: Any, blank: int) -> dict[tuple[int, ...], tuple[float, list[int]]]:
    """By trying all paths: of every text its log-probability, and the steps of its symbols on its best path."""
    T, K = log_probs.shape
    found: dict[tuple[int, ...], tuple[float, float, list[int]]] = {}
    for path in itertools.product(range(K), repeat=T):
        way, times, text, at = 0.0, [], [], 0
        for t, c in enumerate(path):
            way += log_probs[t, c]
        for c, run in itertools.groupby(path):
            n = len(list(run))
            if c != blank:
                text.append(c)
                times.append(at + int(log_probs[at : at + n, c].argmax()))
            at += n
        total, best, its = found.get(tuple(text), (-math.inf, -math.inf, []))
        found[tuple(text)] = (float(np.logaddexp(total, way)), *max((best, its), (way, times)))
    return {text: (total, its) for text, (total, _, its) in found.items()}


def letters(K: int, seed: int = 0) -> tuple[Any, dict[str, Any], Any, list[int]]:
    """A language model of the last two symbols as a scorer, and how many texts it was asked of each time."""
    table = np.random.default_rng(seed).normal(size=(K + 1, K + 1, K)) * 1.5
    table -= np.log(np.exp(table).sum(-1, keepdims=True))
    asked: list[int] = []

    def step(state: Any, tokens: Any) -> Any:
        asked.append(len(tokens))
        before = state["last"][0, :, 0].astype(int)
        return table[before, tokens], {"last": tokens[None, :, None]}

    return step, {"last": np.full((1, 1, 1), K)}, table[K, K][None], asked


def judged(text: tuple[int, ...], K: int, seed: int = 0) -> float:
    step, state, log_probs, _ = letters(K, seed)
    total = 0.0
    for c in text:
        total += float(log_probs[0, c])
        log_probs, state = step(state, np.array([c]))
    return total


def test_greedy_symbols_and_their_steps() -> None:
    p = np.array(
        [[0.6, 0.3, 0.1], [0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.5, 0.3, 0.2], [0.1, 0.7, 0.2]]
    )
    ids, times = ctc_greedy(np.log(p))
    assert ids.tolist() == [0, 0, 1]
    assert times.tolist() == [1, 4, 5]
    ids, times = ctc_greedy(np.log(p), blank=0)
    assert ids.tolist() == [2, 1]
    assert times.tolist() == [3, 5]
    ids, times = ctc_greedy(np.zeros((0, 3)))
    assert ids.tolist() == times.tolist() == []


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 4), st.integers(-1, 1))
def test_greedy_is_what_a_loop_says(seed: int, T: int, K: int, blank: int) -> None:
    log_probs = steps_of(T, K, seed).round(1)  # with equals
    log_probs = np.minimum(log_probs, 0)
    expected, at = [], 0
    for c, run in itertools.groupby(log_probs.argmax(1).tolist()):
        n = len(list(run))
        if c != blank % K:
            expected.append((c, at + int(log_probs[at : at + n, c].argmax())))
        at += n
    ids, times = ctc_greedy(log_probs, blank)
    assert list(zip(ids.tolist(), times.tolist(), strict=True)) == expected
    assert list(DECODERS["ctc_greedy"](log_probs, blank=blank)) == [c for c, _ in expected]

    rng, search, found, t = np.random.default_rng(seed), CtcGreedy(blank), [], 0
    while t < T:  # in pieces, and each time by another one that knows the state alone
        size = int(rng.integers(0, 4))
        found += search.push(log_probs[t : t + size])
        t += size
        other = CtcGreedy(blank)
        other.state = {name: array.copy() for name, array in search.state.items()}
        search = other
        assert search.said == found == expected[: len(found)]
        assert [c for c, _ in search.peek()] == [c for c, _ in expected][: len(search.peek())]
    assert found + search.finish() == expected == search.said
    with pytest.raises(UsageError, match="has ended"):
        search.push(log_probs)


def test_greedy_refuses_other_classes_than_before() -> None:
    search = CtcGreedy()
    search.push(steps_of(2, 3, 0))
    with pytest.raises(InputError, match="the steps before had 3 classes, but these have 4"):
        search.push(steps_of(2, 4, 0))


@pytest.mark.parametrize("blank", [-1, 0, 1])
@pytest.mark.parametrize(("T", "K"), [(1, 2), (5, 2), (5, 3), (4, 4)])
def test_without_a_limit_the_search_is_exact(T: int, K: int, blank: int) -> None:
    for seed in range(4):
        log_probs = steps_of(T, K, seed, 0.7)
        expected = every_text(log_probs, blank % K)
        search = PrefixBeam(None, blank)
        assert search.push(log_probs) == []  # as long as a text of nothing is possible, nothing is sure
        found = search.n_best(10_000)
        assert {tuple(c for c, _ in text): score for text, score in found} == pytest.approx(
            {text: total for text, (total, _) in expected.items()}
        )
        assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
        for text, _ in found:
            assert [t for _, t in text] == expected[tuple(c for c, _ in text)][1]
        best = max(expected, key=lambda text: expected[text][0])
        assert search.peek() == found[0][0] == search.finish() == search.peek()
        assert tuple(c for c, _ in found[0][0]) == best


@pytest.mark.parametrize(("weight", "bonus"), [(0.0, 1.0), (0.8, 0.0), (2.0, 0.7), (0.5, -1.0)])
def test_a_language_model_joins_exactly(weight: float, bonus: float) -> None:
    T, K = 5, 4
    changed = 0
    for seed in range(4):
        log_probs = steps_of(T, K, seed, 0.5)
        step, state, first, _ = letters(K - 1, seed)
        search = PrefixBeam(None, -1, (step, state, first), weight=weight, bonus=bonus)
        search.push(log_probs)
        expected = {
            text: total + weight * judged(text, K - 1, seed) + bonus * len(text)
            for text, (total, _) in every_text(log_probs, K - 1).items()
        }
        found = {tuple(c for c, _ in text): score for text, score in search.n_best(10_000)}
        assert found == pytest.approx(expected)
        plain = PrefixBeam(None)
        plain.push(log_probs)
        changed += [c for c, _ in plain.peek()] != [c for c, _ in search.peek()]
    assert changed  # or it would have no say


def unbounded(log_probs: Any, width: int, seed: int | None = None) -> list[tuple[tuple[int, ...], float]]:
    """The same search in a few lines that leave nothing out."""
    K = log_probs.shape[1]
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -math.inf)}

    def score(text: tuple[int, ...], ways: tuple[float, float]) -> float:
        extra = 0.0 if seed is None else 0.6 * judged(text, K - 1, seed) + 0.3 * len(text)
        return float(np.logaddexp(*ways)) + extra

    for row in log_probs:
        ways: dict[tuple[int, ...], tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
        for text, (blank, own) in beams.items():
            both = float(np.logaddexp(blank, own))
            ways[text][0].append(both + row[K - 1])
            for c in range(K - 1):
                if text and text[-1] == c:
                    ways[text][1].append(own + row[c])
                    ways[*text, c][1].append(blank + row[c])
                else:
                    ways[*text, c][1].append(both + row[c])
        after = {
            t: (float(np.logaddexp.reduce(x)), float(np.logaddexp.reduce(y))) for t, (x, y) in ways.items()
        }
        ranked = sorted(((score(text, ways), text) for text, ways in after.items()), reverse=True)[:width]
        beams = {text: after[text] for s, text in ranked if s >= ranked[0][0] - MARGIN}
    return [(text, score(text, ways)) for text, ways in beams.items()]


@pytest.mark.parametrize("judge", [False, True])
@pytest.mark.parametrize("width", [1, 2, 5, 12])
def test_what_is_not_computed_could_not_be_among_the_best(width: int, judge: bool) -> None:
    for seed in range(6 if not judge else 3):
        log_probs = steps_of(25 if not judge else 12, 6, seed, 1.0 + seed)
        scorer = letters(5, seed)[:3] if judge else None
        search = PrefixBeam(width, scorer=scorer, weight=0.6, bonus=0.3 if judge else 0.0)
        search.push(log_probs)
        expected = unbounded(log_probs, width, seed if judge else None)
        found = search.n_best(width)
        assert [tuple(c for c, _ in text) for text, _ in found] == [text for text, _ in expected]
        assert [score for _, score in found] == pytest.approx([score for _, score in expected])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 60), max_size=6),
    st.integers(1, 6),
    st.booleans(),
    st.sampled_from([0.7, 2.0, 5.0]),
    st.sampled_from([None, 1, 7]),
)
def test_pieces_and_saving_change_nothing(
    seed: int, cuts: list[int], width: int, judge: bool, sharp: float, delay: int | None
) -> None:
    log_probs = steps_of(60, 5, seed, sharp)

    def fresh() -> PrefixBeam:
        return PrefixBeam(width, scorer=letters(4, 1)[:3] if judge else None, bonus=0.1, delay=delay)

    whole = fresh()
    said = whole.push(log_probs)
    best = whole.n_best(width)
    assert best[0][0] == whole.peek()
    assert whole.peek()[: len(said)] == said == whole.said
    pieces, parts = fresh(), []
    for part in np.split(log_probs, sorted(cuts)):
        parts += pieces.push(part)
        assert pieces.peek()[: len(parts)] == parts
        kept = {name: array.copy() for name, array in pieces.state.items()}
        pieces = fresh()
        pieces.state = kept
        assert pieces.state.keys() == kept.keys()
        assert all(np.array_equal(pieces.state[name], kept[name]) for name in kept)
    assert parts == said
    assert pieces.n_best(width) == best
    rest = whole.finish()
    assert pieces.finish() == rest
    assert [*said, *rest] == best[0][0] == whole.peek()
    times = [t for _, t in whole.peek()]
    assert all(0 <= a <= b < 60 for a, b in itertools.pairwise([0, *times]))


def test_symbols_come_soon_and_only_what_may_change_is_kept() -> None:
    text = np.random.default_rng(0).integers(0, 9, 400)
    log_probs = np.full((1600, 10), -12.0)
    log_probs[:, 9] = -0.05
    for i, c in enumerate(text):  # in each run the third step is the best, and another class is possible
        at = slice(4 * i, 4 * i + 3)
        log_probs[at, c] = [-0.5, -0.4, -0.1]
        log_probs[at, 9] = -1.5
        log_probs[at, (c + 1) % 9] = -4.0
    log_probs[:3] = log_probs[3]
    log_probs[2, [text[0], (text[0] + 1) % 9]] = -0.7  # two are as good as each other: nothing can decide
    log_probs[2, 9] = -12
    for delay, patient in ((None, True), (40, False)):
        search, delays, sizes = PrefixBeam(8, delay=delay), [], []
        for t, row in enumerate(log_probs):
            delays += [t - at for _, at in search.push(row[None])]
            sizes.append(search.state["ids"].shape[1])
        found = [*search.said, *search.finish()]
        assert [c for c, _ in found[1:]] == text[1:].tolist()
        assert [t for _, t in found[1:]] == [4 * i + 2 for i in range(1, 400)]
        if patient:
            assert delays == []
        else:
            assert len(delays) > 380
            assert max(delays) == 40
            assert max(sizes) < 20  # of 400 symbols


def test_a_delay_gives_up_what_begins_otherwise() -> None:
    p = np.full((30, 3), 0.01)
    p[:, 2] = 0.98
    p[0] = [0.6, 0.39, 0.01]
    search = PrefixBeam(4, delay=10)
    said = [search.push(row[None]) for row in np.log(p)]
    assert next(t for t, symbols in enumerate(said) if symbols) == 10
    assert said[10] == [(0, 0)]
    assert all(text[0] == (0, 0) for text, _ in search.n_best(9))


def test_a_language_model_is_asked_once_for_each_text_and_of_many_at_once() -> None:
    step, state, first, asked = letters(5)
    seen: set[tuple[int, ...]] = set()

    def watched(state: Any, tokens: Any) -> Any:
        for row, c in enumerate(tokens.tolist()):
            text = (*(int(v) for v in state["text"][0, row] if v >= 0), c)
            assert text not in seen
            seen.add(text)
        log_probs, after = step({"last": state["last"]}, tokens)
        grown = (
            np.concatenate([state["text"], tokens[None, :, None]], axis=2) if len(tokens) else state["text"]
        )
        return log_probs, after | {"text": grown[:, :, -40:]}

    scorer = (watched, state | {"text": np.full((1, 1, 40), -1)}, first)
    search = PrefixBeam(6, scorer=scorer)
    log_probs = steps_of(30, 6, 3, 1.0)
    for row in log_probs:
        before = len(asked)
        search.push(row[None])
        assert len(asked) <= before + 1
    assert max(asked) > 1
    still = np.full((50, 6), -40.0)
    still[:, -1] = 0
    before = len(asked)
    search.push(still)
    assert len(asked) <= before + 1  # where nothing can follow nobody is asked


def test_impossible_symbols_are_never_said() -> None:
    log_probs = np.full((4, 3), -np.inf)
    log_probs[[0, 1, 2, 3], [0, 2, 0, 1]] = 0
    for width in (1, 8, None):
        search = PrefixBeam(width)
        assert [*search.push(log_probs), *search.finish()] == [(0, 0), (0, 2), (1, 3)]
        assert list(DECODERS["ctc_beam"](log_probs, width=width)) == [0, 0, 1]
    step, state, first, _ = letters(2)
    first = np.array(
        [[-np.inf, 0.0]]
    )  # what a language model holds impossible is said if nothing else can be
    search = PrefixBeam(4, scorer=(step, state, first))
    assert [c for c, _ in [*search.push(log_probs), *search.finish()]] == [0, 0, 1]


def test_a_search_of_nothing() -> None:
    search = PrefixBeam()
    before = search.state
    assert search.push(np.zeros((0, 5)) - 1) == []
    search.state = before
    assert search.peek() == search.finish() == []
    assert search.n_best(3) == [([], 0.0)]
    again = PrefixBeam()
    again.state = search.state
    with pytest.raises(UsageError, match="has ended"):
        again.push(steps_of(1, 3))


def test_wrong_searches_are_errors() -> None:
    for options, words in (
        ({"width": 0}, "must be 1 at least, but came as 0 and 100"),
        ({"delay": 0}, "must be 1 at least, but came as 8 and 0"),
        ({"weight": -1.0}, "weight must be 0"),
        ({"bonus": math.inf}, "both finite"),
    ):
        with pytest.raises(UsageError, match=words):
            PrefixBeam(**options)  # type: ignore[arg-type]
    good = steps_of(3, 4)
    for wrong in (good[0], good[:, :1], np.where(good == good[1, 2], np.nan, good), good + 3, good[None]):
        with pytest.raises(InputError, match="log-probabilities"):
            PrefixBeam().push(wrong)
        with pytest.raises(InputError, match="log-probabilities"):
            ctc_greedy(wrong)
    wrong = good.copy()
    wrong[1] = -np.inf
    with pytest.raises(InputError, match="highest of step 1 is -inf"):
        PrefixBeam().push(wrong)
    search = PrefixBeam(3)
    search.push(good)
    kept = search.peek()
    with pytest.raises(InputError, match="had 4 classes, but these have 3"):
        search.push(steps_of(1, 3))
    with pytest.raises(UsageError, match="blank is class 7"):
        PrefixBeam(3, 7).push(good)
    with pytest.raises(UsageError, match="class 2 is one, too"):
        PrefixBeam(3, scorer=letters(2)[:3]).push(good)
    step, state, first, _ = letters(3)
    with pytest.raises(InputError, match="gives NaN"):
        PrefixBeam(3, scorer=(step, state, first * np.nan))
    state = search.state
    for name, value in (
        ("ids", state["ids"] + 9),
        ("ids", np.zeros_like(state["ids"])),
        ("lengths", state["lengths"][:0]),
        ("numbers", np.array([3, 0, 0, 4, 9])),
    ):
        with pytest.raises(UsageError, match="the state"):
            search.state = state | {name: value}
        assert search.peek() == kept
