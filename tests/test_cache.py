"""What a language model may use of the text that it has read: a cache, and steps of the gradient."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.cli.main import main
from hitherto.errors import DataError, UsageError
from hitherto.heads.classes import log_softmax
from hitherto.model.build import build
from hitherto.tasks.language.cache import Cache, asked
from hitherto.training import dynamic
from hitherto.training.step import evaluate

LINES = ["the cat sat on the mat", "the dog sat on the log", "a cat and a dog sat"]
TEXT = "\n".join(LINES * 30)
OTHER = "the log sat on the cat\na mat and a log sat\n" * 4
HOW: dict[str, Any] = {"cache": 7, "cache_theta": 2.0, "cache_lambda": 0.3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    (folder / "text.txt").write_text(TEXT)
    (folder / "other.txt").write_text(OTHER)
    options: dict[str, Any] = {
        "tokens": "words",
        "hidden_size": 6,
        "epochs": 2,
        "threads": 1,
        "batch_size": 4,
    }
    for layout in ("stream", "lines"):
        hitherto.train(
            "lm", folder / "text.txt", out=folder / f"{layout}.safetensors", layout=layout, **options
        )
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> hitherto.Model:
    return hitherto.open(folder / "stream.safetensors")


def direct(model: hitherto.Model, ids: "np.ndarray[Any, Any]", how: dict[str, Any]) -> list[float]:
    """The probability of each token, by the formula and nothing else: a loop over all places before."""
    source: Any = model.source
    x = np.concatenate([[source.start_id], ids[:-1]])
    features = model.engine.forward({"x": x[:, None]})[0][:, 0]
    h, p = features.astype(np.float64), np.exp(log_softmax(model.engine.params(features)))
    found = []
    for t, token in enumerate(ids):
        past = range(max(0, t - how["cache"]), t)
        weights = {i: np.exp(how["cache_theta"] * h[t] @ h[i]) for i in past}
        cached = sum(w for i, w in weights.items() if ids[i] == token) / sum(weights.values()) if t else 0.0
        part = how["cache_lambda"] if t else 0.0
        found.append((1 - part) * p[t, token] + part * cached)
    return found


def ids_of(model: hitherto.Model, text: str) -> "np.ndarray[Any, Any]":
    source: Any = model.source
    examples = source.load([text.rstrip("\n")])
    return np.asarray(examples.tokens.ids(0, len(examples)))


@pytest.mark.parametrize("how", [HOW, {"cache": 1000, "cache_theta": 0.5, "cache_lambda": 0.2}])
def test_an_evaluation_and_a_stream_have_the_formulas_probabilities(
    model: hitherto.Model, how: dict[str, Any]
) -> None:
    text = OTHER
    expected = direct(model, ids_of(model, text), how)
    stream = model.stream(**how)
    rows = [row for part in (text[:5], text[5:20], text[20:]) for row in stream.push(part)] + stream.finish()
    assert [row["probability"] for row in rows] == pytest.approx(expected, rel=1e-5)
    nats = float(np.mean(-np.log(expected)))
    assert model.evaluate([text], **how)["nats"] == pytest.approx(nats, rel=1e-6)
    assert model.evaluate([text])["nats"] != pytest.approx(nats, rel=1e-3)
    assert model.evaluate([text], **{**how, "cache_lambda": 0.0})["nats"] == pytest.approx(
        model.evaluate([text])["nats"], rel=1e-6
    )


def test_probabilities_add_up_to_one_and_the_oldest_is_forgotten() -> None:
    rng, how = np.random.default_rng(0), asked({"cache": 3, "cache_theta": 1.5, "cache_lambda": 0.4})
    assert how is not None
    cache, log_probs = Cache.empty(how, 5), log_softmax(rng.normal(size=8))
    assert cache.mix(log_probs, rng.normal(size=5)) is log_probs
    for n, token in enumerate([1, 2, 3, 4, 1]):
        cache.add(rng.normal(size=5).astype(np.float32), token)
        here = rng.normal(size=5).astype(np.float32)
        mixed = np.exp(cache.mix(log_probs, here))
        assert mixed.sum() == pytest.approx(1)
        last = [1, 2, 3, 4, 1][max(0, n - 2) : n + 1]
        more = mixed > 0.6 * np.exp(log_probs) + 1e-9
        assert set(np.flatnonzero(more).tolist()) == set(last)
        for y in range(8):
            assert cache.nll(-float(log_probs[y]), here, y) == pytest.approx(-float(np.log(mixed[y])))


def test_a_stream_with_a_cache_is_cut_saved_and_forked_to_the_bit(model: hitherto.Model) -> None:
    whole = model.stream(**HOW)
    rows = whole.push(OTHER)
    one, parts = model.stream(**HOW), []
    for k in range(0, len(OTHER), 9):
        parts += one.push(OTHER[k : k + 9])
        if k == 45:
            one = model.stream(one.save(), **HOW)
        elif k == 90:
            other = one.fork()
            other.push("the mat the mat ")
    assert parts == rows
    assert one.peek() == whole.peek()
    assert all(np.array_equal(value, one.state[name]) for name, value in whole.state.items())
    before = {name: value.copy() for name, value in whole.state.items()}
    held = whole.state
    whole.push("the mat\n")
    for name in ("stream.keys", "stream.tokens", "stream.next"):  # copies: what was given out stays
        assert np.array_equal(held[name], before[name])
    whole.reset()
    assert whole.push(OTHER) == rows
    for options in ({}, {**HOW, "cache": 8}):
        with pytest.raises(DataError, match="the saved session does not fit its model"):
            model.stream(one.save(), **options)


def test_suggestions_know_the_text_before(model: hitherto.Model) -> None:
    how = {"cache": 100, "cache_theta": 0.0, "cache_lambda": 0.9}
    text = "a log and a log and a log and "
    stream = model.stream(**how)
    stream.push(text)
    with_cache, plain = dict(model.suggest(text, 9, **how)), dict(model.suggest(text, 9))
    assert with_cache == pytest.approx(dict(stream.peek(9)))
    assert with_cache["log"] > 0.9 * 3 / 9 > plain["log"]
    assert dict(model.suggest("", 3, **how)) == pytest.approx(dict(model.suggest("", 3)))


def test_lines_have_caches_of_their_own(folder: Path) -> None:
    model = hitherto.open(folder / "lines.safetensors")
    alone = [model.evaluate([line], **HOW)["nats"] for line in LINES]
    sizes = [len(line.split()) + 1 for line in LINES]
    together = model.evaluate(LINES, **HOW)["nats"]
    assert together == pytest.approx(np.average(alone, weights=sizes), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cache": 0}, r"the options of a cache are cache, .* >= 1"),
        ({"cache_theta": 1.0}, "missing required field `cache`"),
        ({"cache": 5, "cache_lambda": 1.5}, "<= 1.0"),
        ({"cache": 5, "size": 3}, "unknown field `size`"),
    ],
)
def test_wrong_options_say_what_is_wrong(model: hitherto.Model, options: dict[str, Any], said: str) -> None:
    for verb in (
        model.stream,
        lambda **o: model.evaluate([OTHER], **o),
        lambda **o: model.suggest("a ", **o),
    ):
        with pytest.raises(UsageError, match=said):
            verb(**options)


# ---- dynamic evaluation


def test_a_rate_of_zero_is_a_plain_evaluation_to_the_bit(model: hitherto.Model) -> None:
    source: Any = model.source
    examples = source.load([OTHER])
    module = build(model.plan)
    module.load(model.tensors)
    plain = evaluate(module, source, examples)
    assert dynamic.evaluate(model, [OTHER], rate=0.0, steps=512).metrics == plain.metrics
    assert dynamic.evaluate(model, [OTHER], rate=0.0).metrics == pytest.approx(
        model.evaluate([OTHER]), rel=1e-5
    )


def test_it_learns_from_what_it_has_scored_and_from_nothing_else(model: hitherto.Model) -> None:
    tensors = {name: value.copy() for name, value in model.tensors.items()}
    text = OTHER * 6
    plain = model.evaluate([text])["nats"]
    learned = dynamic.evaluate(model, [text], rate=1.0).metrics["nats"]
    assert learned < plain - 0.1
    assert dynamic.evaluate(model, [text], rate=1.0).metrics["nats"] == learned
    held = dynamic.evaluate(model, [text], rate=1.0, decay=1.0).metrics[
        "nats"
    ]  # all the way back at each update
    assert held == pytest.approx(plain, rel=1e-5)
    assert all(np.array_equal(value, tensors[name]) for name, value in model.tensors.items())
    # what comes first has the same loss whatever follows: nothing is learned before it is scored
    source: Any = model.source
    kept: list[list[float]] = []
    for more in ("the mat the mat the mat", "a log a log a log"):
        examples = source.load([OTHER + more])
        module = build(model.plan)
        module.load(model.tensors)
        learner = dynamic._Learner(module.eval(), 1.0, 0.0)
        kept.append([float(v) for _, nll in learner.outputs(source.evaluation(examples), 5) for v in nll])
    count = len(ids_of(model, OTHER))
    assert kept[0][:count] == kept[1][:count]
    assert kept[0][count:] != kept[1][count:]


def test_dynamic_evaluation_is_for_one_long_text(folder: Path, model: hitherto.Model) -> None:
    with pytest.raises(UsageError, match="reads one long text"):
        dynamic.evaluate(hitherto.open(folder / "lines.safetensors"), LINES, rate=0.1)
    with pytest.raises(UsageError, match="a rate of 0 or more"):
        dynamic.evaluate(model, [OTHER], rate=-1.0)


# ---- the command line


def test_the_command_line_has_both(
    folder: Path, model: hitherto.Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*words: str, text: str = "") -> tuple[int, Any, str]:
        """Its status, what it printed as JSON, and what it said."""
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        with pytest.raises(SystemExit) as end:
            main([*words, "--json"])
        out, said = capsys.readouterr()
        return int(end.value.code or 0), [json.loads(line) for line in out.splitlines()], said

    bundle, other = str(folder / "stream.safetensors"), str(folder / "other.txt")
    flags = ("--cache", "7", "--cache-theta", "2", "--cache-lambda", "0.3")
    _, (found,), _ = command("evaluate", bundle, other, *flags)
    assert found["nats"] == pytest.approx(model.evaluate(other, **HOW)["nats"])
    _, (found,), _ = command("suggest", bundle, OTHER, *flags)
    assert found == pytest.approx(dict(model.suggest(OTHER, **HOW)))
    _, (found,), _ = command("evaluate", bundle, other, "--dynamic", "0.5", "--dynamic-steps", "9")
    assert found["nats"] == pytest.approx(dynamic.evaluate(model, other, rate=0.5, steps=9).metrics["nats"])
    _, rows, _ = command("stream", bundle, *flags, text=OTHER)
    stream = model.stream(**HOW)
    assert rows == [row for line in OTHER.splitlines(keepends=True) for row in stream.line(line)]
    for words, expected in (
        (("--dynamic-decay", "0.1"), "--dynamic-decay counts only with --dynamic"),
        (("--dynamic", "0.1", "--cache", "3"), "two ways to use what was read"),
    ):
        status, _, said = command("evaluate", bundle, other, *words)
        assert status == 2
        assert expected in said
