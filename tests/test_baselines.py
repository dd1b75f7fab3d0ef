"""The obvious answers: each against a slow, plain way to the same numbers; and what a training says of them."""

import itertools
import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto import spec as specs
from hitherto.arrays import Array
from hitherto.baselines import kneser_ney, logistic, naive_bayes, nearest, ridge, series, steps, texts
from hitherto.baselines.rows import Dense, Sparse, beside, distinct
from hitherto.cli import main
from hitherto.errors import BundleError
from hitherto.metrics import METRICS, error_of_mean
from hitherto.spec import from_options, options
from hitherto.tasks.base import Results
from hitherto.tasks.families import FAMILIES, family_of
from hitherto.training.baselines import Measured, advantage, fitted, verdict

RNG = np.random.default_rng(0)


def sparse(dense: Array) -> Sparse:
    rows, columns = np.nonzero(dense)
    counts = dense[rows, columns].astype(int)
    return Sparse.counts(np.repeat(rows, counts), np.repeat(columns, counts), dense.shape)


def dense_of(rows: Sparse) -> Array:
    return rows.times(np.eye(rows.width))


COUNTS = RNG.integers(0, 4, (9, 12)) * (RNG.random((9, 12)) < 0.3)
COUNTS[4] = 0  # a row of nothing


# ---- rows


@pytest.mark.parametrize("width", [1, 3])
def test_sparse_rows_multiply_as_dense_ones(width: int) -> None:
    rows, weights, gradient = sparse(COUNTS), RNG.normal(size=(12, width)), RNG.normal(size=(9, width))
    np.testing.assert_allclose(rows.times(weights), COUNTS @ weights, atol=1e-5)
    np.testing.assert_allclose(rows.back(gradient), COUNTS.T @ gradient, atol=1e-5)
    some = np.array([5, 4, 4, 0])
    np.testing.assert_array_equal(dense_of(rows.part(some)), COUNTS[some])
    np.testing.assert_array_equal(dense_of(beside([rows, rows])), np.concatenate([COUNTS, COUNTS], 1))


def test_distinct_values_are_counted() -> None:
    for values in (RNG.integers(0, 5, 40), np.zeros(0, np.int64), np.array([7])):
        for ours, theirs in zip(distinct(values), np.unique(values, return_counts=True), strict=True):
            np.testing.assert_array_equal(ours, theirs)


# ---- texts


TEXTS = ["A good, good film", "the film is bad", "", "good"]


def test_runs_of_words_are_counted() -> None:
    grams = texts.words(TEXTS)
    runs = [
        Counter(w := re.findall(r"\w+|[^\w\s]", t.lower())) + Counter(itertools.pairwise(w)) for t in TEXTS
    ]
    vocabulary = grams.vocabulary()
    assert len(vocabulary) == len(set().union(*runs))
    counts = dense_of(grams.counted(vocabulary))
    assert [sorted(row[row > 0]) for row in counts] == [sorted(c.values()) for c in runs]
    assert len(grams.vocabulary(least=2)) == 2  # "good" and "film" are in two texts
    assert len(grams.vocabulary(most=3)) == 3
    again = texts.words(["bad unknown film"]).counted(vocabulary)
    assert again.values.sum() == 2


def test_runs_of_characters_keep_to_their_text() -> None:
    grams = texts.characters(["ab", "b"], 2, 3)
    # " ab ": 3 of two, 2 of three; " b ": 2 of two, 1 of three, and "b " is in both
    assert np.bincount(grams.rows).tolist() == [5, 3]
    assert len(grams.vocabulary()) == 7


def test_rows_of_tf_idf_have_the_length_one() -> None:
    grams = texts.words(TEXTS)
    counts = grams.counted(grams.vocabulary())
    rows = dense_of(texts.weighted([counts, counts], [counts, counts]))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), np.sqrt([2, 2, 0, 2]), atol=1e-6)
    # "film" is in two texts and "bad" in one: the rarer one weighs more
    film, bad = (int(texts.words([w], 1).counted(grams.vocabulary()).columns[0]) for w in ("film", "bad"))
    assert rows[1, bad] > rows[1, film] > 0


# ---- classes


def test_naive_bayes_is_its_definition() -> None:
    y = np.eye(3)[RNG.integers(0, 3, 9)]
    found = naive_bayes.fit(sparse(COUNTS), y, alpha=0.5).probabilities(sparse(COUNTS))
    for i, row in enumerate(COUNTS):
        scores = []
        for k in range(3):
            inside = COUNTS[y[:, k] == 1].sum(0) + 0.5
            scores.append(math.log((y[:, k].sum() + 1) / 12) + (row * np.log(inside / inside.sum())).sum())
        expected = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(found[i], expected, rtol=1e-5)


@pytest.mark.parametrize("apart", [False, True])
def test_logistic_regression_follows_its_gradient_to_the_end(apart: bool) -> None:
    rows = Dense(RNG.normal(size=(20, 4)))
    y = np.eye(3)[RNG.integers(0, 3, 20)]

    def loss(theta: Array) -> tuple[float, Array]:
        return logistic.loss_of(theta, rows, y, 2.0, apart)

    theta = RNG.normal(size=(5, 3))
    slope = loss(theta)[1]
    for at in np.ndindex(5, 3):
        step = np.zeros((5, 3))
        step[at] = 1e-6
        numeric = (loss(theta + step)[0] - loss(theta - step)[0]) / 2e-6
        assert slope[at] == pytest.approx(numeric, abs=1e-7)
    best = logistic.fit(rows, y, 2.0, apart=apart, steps=200)
    end = np.concatenate([best.weights, best.bias[None]])
    assert np.abs(loss(end)[1]).max() < 1e-3
    assert loss(end)[0] < min(loss(theta)[0], loss(np.zeros((5, 3)))[0])
    p = best.probabilities(rows)
    assert p.shape == (20, 3)
    assert apart or np.allclose(p.sum(1), 1)


def test_the_nearest_rows_are_those_of_a_full_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "AT_ONCE", 40)  # in several parts
    rows, others = RNG.normal(size=(7, 3)), RNG.normal(size=(11, 3))
    apart = np.linalg.norm(rows[:, None] - others, axis=2)
    np.testing.assert_array_equal(nearest.nearest(rows, others, 4), np.argsort(apart, 1)[:, :4])
    p = nearest.votes(np.array([[0, 1], [1, 0]]), np.eye(3)[[2, 0]])
    assert p.argmax(1).tolist() == [2, 0]
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)


def test_the_most_alike_row_has_the_largest_product() -> None:
    others = sparse(COUNTS)
    rows = sparse(RNG.integers(0, 2, (5, 12)))
    scores = dense_of(rows) @ COUNTS.T
    np.testing.assert_array_equal(nearest.alike(rows, others), scores.argmax(1))


# ---- sequences


def test_sequences_become_rows() -> None:
    sequences = [RNG.normal(size=(n, 2)) for n in (1, 5, 40)] + [np.zeros((0, 2))]
    assert steps.evened(sequences, 8).shape == (4, 16)
    even = steps.evened([np.arange(8.0)[:, None]], 4)
    np.testing.assert_allclose(even, [[0.5, 2.5, 4.5, 6.5]])
    rows = steps.summaries(sequences)
    assert rows.shape == (4, 15)
    np.testing.assert_allclose(rows[1, 4:8], [*sequences[1].min(0), *sequences[1].max(0)])
    assert steps.evened([np.ones((1, 3, 100, 100))] * 2, 1).shape[1] <= steps.WIDEST
    assert steps.places(sequences) == 16
    assert steps.places(sequences[:2]) == 5
    assert steps.places([]) == 1
    (alone,) = steps.standardised(np.array([[1.0, 5.0], [3.0, 5.0]]))
    np.testing.assert_allclose(alone, [[-1, 0], [1, 0]])


# ---- series


def test_naive_forecasts() -> None:
    values = series.filled(np.array([[np.nan], [1.0], [np.nan], [3.0], [4.0], [8.0]]))
    assert values[:, 0].tolist() == [0, 1, 1, 3, 4, 8]
    at = np.array([1, 5])
    assert series.last(values, at, 2)[..., 0].tolist() == [[1, 1], [8, 8]]
    assert series.seasonal(values, at, 4, 3)[..., 0].tolist() == [[1, 0, 1, 1], [3, 4, 8, 3]]
    np.testing.assert_allclose(series.drift(values, at, 2)[..., 0], [[2, 3], [9.6, 11.2]])


def test_ridge_finds_a_linear_law_at_any_level_and_scale() -> None:
    t = np.arange(300.0)
    wave = np.stack([np.sin(t / 3), 1000 + 50 * np.sin(t / 3)], 1)
    at = np.arange(20, 250)
    past, future = (
        part.reshape(-1, part.shape[-1]) for part in (ridge.before(wave, at, 20), ridge.ahead(wave, at, 5))
    )
    fitted = ridge.fit(past, future, np.repeat(at, 2), np.tile([1.0, 50.0], len(at)))
    ends = np.array([260, 290])
    found = fitted.forecast(wave, ends)
    truth = wave[ends[:, None] + np.arange(1, 6)]
    np.testing.assert_allclose(found[..., 0], truth[..., 0], atol=0.01)
    np.testing.assert_allclose(found[..., 1], truth[..., 1], atol=0.5)
    flat = fitted.forecast(np.full((30, 1), 7.0), np.array([29]))
    assert flat.tolist() == [[[7.0]] * 5]
    assert np.isnan(ridge.ahead(wave, np.array([298]), 2)).tolist() == [[[False, True]] * 2]


# ---- texts by the token


def slow(tokens: list[list[int]], size: int, order: int, history: tuple[int, ...], word: int) -> float:
    """Interpolated Kneser-Ney by its definition, with dicts."""
    lines = [[size] * (order - 1) + line for line in tokens]

    def counts(n: int) -> Counter[tuple[int, ...]]:
        if n == order:
            return Counter(tuple(l[i - n + 1 : i + 1]) for l in lines for i in range(order - 1, len(l)))
        longer = {tuple(l[i - n : i + 1]) for l in lines for i in range(order - 1, len(l))}
        return Counter(run[1:] for run in longer)

    p = 1 / size
    for n in range(1, order + 1):
        c = counts(n)
        off = kneser_ney._discounts(np.array(list(c.values())))
        h = ((size,) * order + history)[len(history) + order - n + 1 :]
        following = {run[-1]: k for run, k in c.items() if run[:-1] == h}
        if following:
            total = sum(following.values())
            left = sum(min(off[min(k, 3)], k) for k in following.values())
            k = following.get(word, 0)
            p = (k - min(off[min(k, 3)], k)) / total + left / total * p
    return p


def test_kneser_ney_is_its_definition_and_sums_to_one() -> None:
    lines = [RNG.integers(0, 5, n).tolist() for n in (30, 1, 60, 40)]
    starts = np.cumsum([0, *map(len, lines)])[:-1]
    size, order = 7, 3  # two tokens never come
    model = kneser_ney.fit(np.concatenate(lines), starts, size, order)
    for history in ((), (1,), (4, 2), (6, 6), (0, 1, 2, 3), (2, 6)):
        every = np.array([[*history, word] for word in range(size)])
        first = np.arange(size) * (len(history) + 1)
        p = np.exp(model.log_probabilities(every.reshape(-1), first).reshape(size, -1)[:, -1])
        assert p.sum() == pytest.approx(1, abs=1e-12)
        expected = [slow(lines, size, order, history, word) for word in range(size)]
        np.testing.assert_allclose(p, expected, rtol=1e-10)
        assert (p > 0).all()


def test_kneser_ney_of_a_text_that_is_too_short_to_tell() -> None:
    model = kneser_ney.fit(np.array([3]), np.array([0]), 5)
    p = np.exp([model.log_probabilities(np.array([w]), np.array([0]))[0] for w in range(5)])
    assert p.sum() == pytest.approx(1)
    assert p.argmax() == 3


# ---- who is better


def test_an_advantage_has_a_standard_error() -> None:
    labels = np.array([0, 1, 1, 0, 1])
    one, other = (
        Measured.of(
            Results({"accuracy": np.mean(p == labels)}, {"labels": labels, "probabilities": np.eye(2)[p]})
        )
        for p in (labels, np.array([0, 1, 0, 1, 1]))
    )
    gain, error = advantage("accuracy", one, other)
    apart = np.array([0, 0, 1, 1, 0])
    assert gain == pytest.approx(0.4)
    assert error == pytest.approx(apart.std(ddof=1) / math.sqrt(5))
    assert advantage("accuracy", other, one) == (-gain, error)
    assert advantage("accuracy", one, one) == (0, 0)
    actual, groups = RNG.normal(size=(40, 3, 2)), np.repeat(np.arange(8), 5)
    actual[3, 1, 0] = np.nan

    def measured(guess: Array, **more: Array) -> Measured:
        arrays = {"actual": actual, "median": guess, "mean": guess, **more}
        return Measured.of(Results({n: METRICS[n].compute(**arrays) for n in ("mae", "rmse")}, arrays))

    guesses = [np.nan_to_num(actual) + d for d in (0.1, RNG.normal(size=(40, 1, 1)))]
    near, far = (measured(guess, groups=groups) for guess in guesses)
    gain, error = advantage("mae", near, far)
    assert 0 < error < gain
    alone = advantage("mae", *map(measured, guesses))
    assert alone[0] == gain
    assert alone[1] != error
    assert math.isnan(advantage("rmse", near, far)[1])
    assert math.isnan(error_of_mean(np.array([1.0, np.nan])))


@pytest.mark.parametrize("name", [name for name, row in METRICS.items() if row.each])
def test_the_values_of_each_example_have_the_metric_as_mean(name: str) -> None:
    row = METRICS[name]
    actual = RNG.normal(size=(6, 2, 1))
    arrays: dict[str, Any] = {
        "labels": np.array([0, 1, 1]), "probabilities": np.eye(2)[[0, 1, 0]],
        "texts": ["a b", "c"], "references": [["a b"], ["d", "c e"]],
        "actual": actual, "mean": actual + 1, "median": actual - 2, "naive_scale": np.full((1, 1, 1), 3.0),
    }  # fmt: skip
    assert row.each is not None
    assert np.mean(row.each(**arrays)) == pytest.approx(row.compute(**arrays))


# ---- a training


GOOD, BAD, OTHER = (
    ["good", "fine", "great", "nice"],
    ["bad", "poor", "awful", "sad"],
    ["a", "film", "it", "was", "the", "of"],
)


def sentences(count: int = 120, seed: int = 0) -> list[dict[str, str]]:
    random = np.random.default_rng(seed)
    rows = []
    for label in random.integers(0, 2, count):
        words = [*random.choice(GOOD if label else BAD, 2), *random.choice(OTHER, 4)]
        rows.append({"text": " ".join(random.permutation(words)), "label": ["neg", "pos"][label]})
    return rows


def trained(task: str, data: Any, tmp_path: Path, **asked: Any) -> tuple[hitherto.Model, list[str]]:
    said: list[str] = []
    plain = {"hidden_size": 4, "threads": 1, "epochs": 1, "out": tmp_path / "m.safetensors"}
    hitherto.train(task, data, say=said.append, **{**plain, **asked})
    return hitherto.open(tmp_path / "m.safetensors"), said


def test_a_text_classifier_is_compared_with_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, said = trained("classify", sentences(), tmp_path, skip=False)
    assert list(model.baselines) == [
        "most frequent label",
        "naive Bayes",
        "logistic regression of words and letters",
    ]
    assert model.baselines["naive Bayes"]["accuracy"] == 1
    (line,) = [line for line in said if line.startswith("baselines, accuracy on validation data: ")]
    assert "naive Bayes 1" in line
    assert any(line.startswith("warning: the model is worse than the baseline") for line in said)
    assert any(line.startswith("to try: ") for line in said)
    page = (tmp_path / "m.run" / "report.html").read_text(encoding="utf-8")
    assert "Beside the baselines" in page
    assert "Warning: the model is worse than the baseline" in page
    others = sentences(40, 1)
    results = model.examine(others)
    share = np.mean(
        [row["label"] == model.classes[int(np.argmax(model.codecs["output"].counts))] for row in others]
    )  # type: ignore[attr-defined]
    assert results.baselines == {
        "most frequent label": pytest.approx(results.baselines["most frequent label"])
    }
    assert results.baselines["most frequent label"]["accuracy"] == pytest.approx(share)
    data = tmp_path / "others.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in others), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["evaluate", str(tmp_path / "m.safetensors"), str(data), "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert shown["baselines"] == results.baselines
    assert shown["validation"]["baselines"] == model.baselines
    with pytest.raises(SystemExit):
        main(["evaluate", str(tmp_path / "m.safetensors"), str(data)])
    text = capsys.readouterr().out
    assert "baselines on these data\n  most frequent label  " in text
    assert "on the validation data of its training\n  the model  " in text


def test_several_labels_at_once_have_baselines(tmp_path: Path) -> None:
    rows = [
        {**row, "label": [row["label"], *(["film"] if "film" in row["text"] else [])]}
        for row in sentences(80)
    ]
    model, _ = trained("classify", rows, tmp_path, multi=True)
    assert list(model.baselines) == ["naive Bayes", "logistic regression of words and letters"]
    assert model.baselines["logistic regression of words and letters"]["accuracy"] > 0.5
    assert model.examine(rows).baselines == {}


def test_a_classifier_of_numbers_is_compared_with_neighbours(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = [{"a": random.normal(3 * k, 1, 6).tolist(), "k": "pqr"[k]} for k in random.integers(0, 3, 90)]
    held = [{"a": row["a"][:3], "k": row["k"]} for row in rows[:9]]  # shorter than all that is learned from
    model, _ = trained("classify", rows, tmp_path, input="a", output="k", valid=held)
    assert model.baselines["nearest neighbour"]["accuracy"] == 1
    assert model.baselines["logistic regression of summary statistics"]["accuracy"] == 1
    assert model.baselines["most frequent label"]["accuracy"] < 0.7


def test_a_tagger_is_compared_with_the_label_of_each_token(tmp_path: Path) -> None:
    rows = [
        {
            "tokens": (words := row["text"].split()),
            "tags": ["B-X" if w in (*GOOD, *BAD) else "O" for w in words],
        }
        for row in sentences(60)
    ]
    rows[-1]["tokens"] = [*rows[-1]["tokens"][:-1], "unheard"]
    model, _ = trained("tag", rows, tmp_path)
    measured = model.baselines["most frequent label of the token"]
    assert measured["accuracy"] > 0.9
    assert measured["entity_f1"] > 0.9
    assert model.examine(rows).baselines == {}


def test_a_forecast_is_compared_with_naive_ones_and_with_ridge(tmp_path: Path) -> None:
    t = np.arange(240)
    noise = 0.1 * np.random.default_rng(0).normal(size=240)
    rows = [{"value": float(np.sin(2 * np.pi * k / 12) + noise[k]), "other": float(k)} for k in t]
    rows[50]["value"] = math.nan
    model, said = trained("forecast", rows, tmp_path, season=12, horizon=3, steps=3)
    found = model.baselines
    assert list(found) == ["last value", "drift", "seasonal naive", "ridge", "ridge by series"]
    assert found["ridge by series"]["mase"] < found["seasonal naive"]["mase"]
    assert found["drift"]["mae"] < found["last value"]["mae"]
    assert any("the model is worse than the baseline ridge" in line for line in said)
    results = model.examine(rows, start=200)
    assert list(results.baselines) == ["last value", "drift", "seasonal naive"]
    assert {"mase", "mae", "rmse", "mse", "smape"} == results.baselines["drift"].keys()
    actual = results.details["actual"]
    season = np.stack([[rows[s - 12]["value"] for s in range(a + 1, a + 4)] for a in range(199, 237)])
    expected = (
        np.abs(actual[..., 0] - season).mean() / 2 + np.abs(actual[..., 1] - actual[..., 1] + 12).mean() / 2
    )
    assert results.baselines["seasonal naive"]["mae"] == pytest.approx(expected)


def test_baselines_can_be_left_out(tmp_path: Path) -> None:
    model, said = trained("classify", sentences(40), tmp_path, baselines=False)
    assert model.baselines == {}
    assert not [line for line in said if line.startswith("baselines") or "than the baseline" in line]
    assert "Beside the baselines" not in (tmp_path / "m.run" / "report.html").read_text(encoding="utf-8")


def test_baselines_of_a_bundle_are_looked_at() -> None:
    model = hitherto.Model.__new__(hitherto.Model)
    model.made, model.path = {"baselines": {"naive": {"accuracy": "high"}}}, Path("strange.safetensors")
    with pytest.raises(BundleError, match=r"strange.safetensors: its baselines are no metrics"):
        _ = model.baselines


def test_the_log_says_who_is_better() -> None:
    source = FAMILIES["pairs"].source(from_options("tag"), {})
    labels = [["a", "b", "b", "a"] * 25]

    def answers(right: int) -> Measured:
        predicted = [[*labels[0][:right], *["c"] * (100 - right)]]
        accuracy = METRICS["accuracy"].compute(labels=labels, predicted=predicted)
        return Measured.of(Results({"accuracy": accuracy}, {"labels": labels, "predicted": predicted}))

    simple = {"the obvious": answers(50), "the stupid": answers(10)}
    (line,) = verdict(source, "accuracy", answers(90), simple)
    assert line.startswith("the model is better than every baseline by 0.400, standard error 0.049")
    assert line.endswith(": accuracy 0.900, the obvious 0.500")
    assert "may be chance" in verdict(source, "accuracy", answers(51), simple)[0]
    line, advice = verdict(source, "accuracy", answers(50), simple)
    assert line.startswith("warning: the model is no better than the baseline the obvious:")
    assert advice.startswith("to try: ")
    assert "; that may be chance" in verdict(source, "accuracy", answers(49), simple)[0]
    (line,) = verdict(source, "accuracy", answers(100), {"the obvious": answers(100)})
    assert line == "the model and the baseline the obvious make no mistake: accuracy 1.00"
    line, _ = verdict(source, "accuracy", answers(30), simple)
    assert line.startswith("warning: the model is worse than the baseline the obvious by 0.200")
    assert verdict(source, "accuracy", answers(30), {}) == []
    plain = Measured({"accuracy": 0.9})  # without the answers there is no error
    assert verdict(source, "accuracy", plain, simple) == [
        "the model is better than every baseline by 0.400: accuracy 0.900, the obvious 0.500"
    ]


# ---- other families, without a training


def measured(
    task: str, data: Any, valid: Any, *, bare: bool = False, **asked: Any
) -> dict[str, dict[str, float]]:
    """Metrics of the baselines of a task; `bare` ones are those without training data."""
    family = family_of(task)
    spec = specs.with_defaults(specs.from_options(task, **asked))
    source, training, held = family.source.prepare(spec, data, valid, {})
    made = family.baselines(source, None if bare else training, held, lambda _line: None)
    return {name: results.metrics for name, results in made}


def test_a_language_model_is_compared_with_kneser_ney(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [row["text"] for row in sentences(200)]
    files = [tmp_path / name for name in ("train.txt", "valid.txt")]
    for path, some in zip(files, (lines[:150], lines[150:]), strict=True):
        path.write_text("".join(f"{line}\n" for line in some), encoding="utf-8")
    whole = measured("lm", str(files[0]), str(files[1]), tokens="words")["Kneser-Ney 5-gram"]
    assert 1 < whole["perplexity"] < 14  # of 15 words
    assert whole["perplexity"] == pytest.approx(math.exp(whole["nats"]))
    apart = measured("lm", str(files[0]), str(files[1]), layout="lines", tokens="chars")["Kneser-Ney 5-gram"]
    # a line's end is scored, too: as many tokens as characters
    assert apart["bits_per_character"] == pytest.approx(apart["nats"] / math.log(2))
    assert measured("lm", str(files[0]), str(files[1]), bare=True) == {}
    monkeypatch.setattr("hitherto.tasks.language.baselines.TOKENS", 100)
    said: list[str] = []
    family = family_of("lm")
    spec = specs.from_options("lm", tokens="words")
    source, training, held = family.source.prepare(spec, str(files[0]), str(files[1]), {})
    ((_, parts),) = family.baselines(source, training, held, said.append)
    assert "first 100 of 1,050 tokens" in said[0]
    few = kneser_ney.fit(training.tokens.ids(0, 100), np.array([0]), source.codec.size)
    exact = few.log_probabilities(held.tokens.ids(0, len(held)), np.array([0]))
    assert parts.metrics["nats"] == pytest.approx(-exact.mean())  # though it was scored in parts


def test_writers_are_compared_with_the_nearest_pair() -> None:
    rows = [{"source": f"{a} the {b}", "target": f"{b} {a}"} for a in GOOD for b in OTHER if b != "the"]
    rows += [{"source": "again and again", "target": "yes"}] * 2
    held = [
        rows[3],
        {"source": "good film of unheard", "target": "film good"},
        {"source": "again", "target": "yes"},
    ]
    found = measured("translate", rows, held, tokens="words")
    assert list(found) == ["most frequent output", "output of the nearest input"]
    assert found["output of the nearest input"]["chrf"] > found["most frequent output"]["chrf"]
    answers = [{"story": "ann is in oslo .", "question": f"where is {w} ?", "answer": w} for w in GOOD]
    found = measured("answer", answers, answers)
    assert list(found) == ["output of the nearest input"]  # no answer is more frequent than another
    assert found["output of the nearest input"]["exact_match"] == 1
    assert measured("answer", answers, answers, bare=True) == {}


def test_summaries_are_compared_with_the_first_sentences() -> None:
    text = "The film is good. It was bad! Was it? Nobody knows."
    rows = [{"text": text, "summary": "The film is good"}] * 3
    found = measured("summarize", rows, rows, bare=True, tokens="words")
    assert list(found) == ["first sentence", "first three sentences"]
    assert found["first sentence"]["rougeL"] == 100
    assert 50 < found["first three sentences"]["rougeL"] < 100


def test_inputs_that_are_no_texts_are_compared_with_the_nearest_one() -> None:
    random = np.random.default_rng(0)
    shades = {"dark": 40, "bright": 200}
    rows = [
        {"image": np.clip(random.normal(shades[name], 10, (8, 8)), 0, 255).astype(np.uint8), "text": name}
        for name in [*shades] * 5
    ]
    found = measured(
        "caption", rows, rows[:4], input="image", output="text", codec="image", height=8, width=8
    )
    assert found["output of the nearest input"]["chrf"] == pytest.approx(100)
    strokes = [{"ink": [[[0, 0], [k, 1], [2 * k, 4]]], "text": "ab"[k % 2]} for k in range(1, 9)]
    found = measured("transcribe", strokes, strokes[:2], input="ink", output="text")
    assert list(found) == ["most frequent text", "text of the nearest input"]
    assert found["text of the nearest input"]["cer"] == 0
    assert found["most frequent text"]["cer"] == 0.5


def test_music_is_compared_with_keys_that_stay() -> None:
    random = np.random.default_rng(0)
    rows = []
    for _ in range(10):
        on = np.zeros((40, 88), bool)
        on[0, 30] = True
        for t in range(1, 40):
            on[t, 30] = on[t - 1, 30] ^ (random.random() < 0.1)
        rows.append({"roll": [(np.flatnonzero(step) + 21).tolist() for step in on]})
    found = measured("compose", rows, rows, output="roll")
    on = np.array([[bool(step) for step in row["roll"]] for row in rows])
    changes, quiet = np.mean(on[:, 1:] != on[:, :-1]), 87 * -math.log1p(-0.5 / (10 * 39 + 1))
    stays = -(changes * math.log(changes) + (1 - changes) * math.log(1 - changes))
    assert found["each key after itself"]["nats"] == pytest.approx(stays + quiet, rel=0.02)
    share = on.mean()
    often = -(on[:, 1:].mean() * math.log(share) + (1 - on[:, 1:].mean()) * math.log(1 - share))
    quiet = 87 * -math.log1p(-0.5 / (10 * 40 + 1))
    assert found["each key by its frequency"]["nats"] == pytest.approx(often + quiet, rel=0.01)


def test_a_pen_is_compared_with_one_gaussian() -> None:
    from hitherto.heads import HEADS

    random = np.random.default_rng(0)
    rows = [{"strokes": [np.cumsum(random.normal(size=(30, 2)), 0).tolist()]} for _ in range(10)]
    family = family_of("handwrite")
    source, training, held = family.source.prepare(
        specs.from_options("handwrite", output="strokes"), rows, rows, {}
    )
    ((_, results),) = family.baselines(source, training, held, lambda _line: None)
    every = np.concatenate([source.answers_of(y) for y in training.y]).astype(np.float64)
    spread = np.cov(every[:, :2].T, bias=True) + 1e-6 * np.eye(2)
    deviation = np.sqrt(np.diag(spread))
    p = (every[:, 2:].sum(0) + 0.5) / (len(every) + 1)
    r = spread[0, 1] / deviation.prod()
    params = np.array([0, *every[:, :2].mean(0), *np.log(deviation), np.arctanh(r), *np.log(p / (1 - p))])
    scored = np.concatenate([source.answers_of(y)[1:] for y in held.y])
    exact = HEADS["mixture"].log_prob(np.tile(params, (len(scored), 1)), scored, components=1, ends=True)
    assert results.metrics["nats"] == pytest.approx(
        -exact.mean(), rel=0.01
    )  # the head bounds what it divides by


# ---- odd data


def odd(task: str, data: Any, valid: Any, **asked: Any) -> dict[str, Measured]:
    family = family_of(task)
    spec = specs.with_defaults(specs.from_options(task, **asked))
    source, training, held = family.source.prepare(spec, data, valid, {})
    return fitted(source, training, held, hitherto.TASKS[task].metrics[0], lambda _line: None)


@pytest.mark.parametrize(
    "values",
    [
        [5.0] * 40,
        [0.0] * 30 + [1.0] + [0.0] * 9,
        [math.nan] * 25 + [1.0, 2.0] * 10,
        [1e100, -1e100] * 20,
        [float(i) for i in range(12)],
    ],
    ids=["constant", "rare", "late", "huge", "short"],
)
def test_odd_series_have_baselines(values: list[float]) -> None:
    found = odd("forecast", [{"y": v} for v in values], None, output="y", horizon=2, season=1)
    assert {"last value", "drift"} <= found.keys()


def test_odd_rows_have_baselines() -> None:
    blank = [{"text": "!" if i % 3 else "...", "label": "ab"[i % 2]} for i in range(12)]
    assert "naive Bayes" in odd("classify", blank, blank[:1], input="text", output="label")
    unheard = [{"text": "\u65e5\u672c", "label": "a"}]
    assert "naive Bayes" in odd("classify", blank, unheard, input="text", output="label")
    flat = [{"x": [1.0] * (1 + i % 4), "label": "ab"[i % 2]} for i in range(12)]
    assert "nearest neighbour" in odd("classify", flat, flat[:1], input="x", output="label")
    single = [{"p": 1.0, "q": float(i), "label": "ab"[i % 2]} for i in range(12)]
    found = odd("classify", single, single[:2], input=("p", "q"), output="label")
    assert found["nearest neighbour"].metrics["accuracy"] <= 1


@pytest.mark.parametrize("task", hitherto.TASKS)
def test_advice_names_options_of_the_task(task: str) -> None:
    advice = (
        ADVICE[task]()
        if task in ADVICE
        else [family_of(task).advice(family_of(task).source(from_options(task), {}))]
    )
    known = {f"--{option.name.replace('_', '-')}" for option in options(task)}
    for line in advice:
        named = re.findall(r"--[a-z-]+", line)
        assert named
        assert {n if n in known else n.replace("--no-", "--") for n in named} <= known


def _labels() -> list[str]:
    from hitherto.codecs.series import SeriesCodec
    from hitherto.codecs.text import TextCodec

    made = [TextCodec.fit(["a b"], tokens="words"), SeriesCodec.fit([[1.0, 2.0]])]
    sources = [FAMILIES["pairs"].source(from_options("classify"), {"input": codec}) for codec in made]
    return [FAMILIES["pairs"].advice(source) for source in sources]


def _forecasts() -> list[str]:
    from hitherto.codecs.series import SeriesCodec
    from hitherto.data.series import Series

    made = []
    for width, season in ((1, 1), (2, 7)):
        one = Series("", np.arange(30), np.zeros((30, width)), ["a", "b"][:width])
        codec = SeriesCodec.fit([one], horizon=2, season=season)
        made.append(FAMILIES["windows"].source(from_options("forecast"), {"input": codec}))
    return [FAMILIES["windows"].advice(source) for source in made]


def _texts() -> list[str]:
    from hitherto.codecs.text import TextCodec

    made = [TextCodec.fit([" ".join(map(str, range(n)))], tokens="words") for n in (10, 2000)]
    sources = [FAMILIES["corpus"].source(from_options("lm"), {"input": codec}) for codec in made]
    return [FAMILIES["corpus"].advice(source) for source in sources]


ADVICE = {"classify": _labels, "forecast": _forecasts, "lm": _texts}
