"""Every task from data to a bundle and back, in seconds: from Python and from the command line."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.errors import BundleError, CheckpointError, DataError, HithertoError, MissingExtra, UsageError

SMALL = {"hidden_size": 12, "threads": 1}


def reviews(count: int = 80) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    words = ["film", "plot", "actor", "scene", "score", "end"]
    made = []
    for i in range(count):
        label = ["bad", "good"][i % 2]
        sign = ["awful", "dull"] if label == "bad" else ["lovely", "fine"]
        text = [*random.choice(words, 4), random.choice(sign), *random.choice(words, 2)]
        made.append({"review": " ".join(text), "label": label, "stars": i % 5})
    return made


def waves(count: int = 160) -> list[dict[str, Any]]:
    days = np.datetime64("2023-01-01") + np.arange(count)
    noise = np.random.default_rng(0).normal(size=count) / 3
    return [
        {"ds": str(d), "y": float(10 + 3 * np.sin(i * 2 * np.pi / 7) + noise[i])} for i, d in enumerate(days)
    ]


def tagged(count: int = 60) -> list[dict[str, Any]]:
    random = np.random.default_rng(1)
    rows = []
    for _ in range(count):
        tokens = random.choice(["ann", "went", "to", "oslo"], 5).tolist()
        tags = [{"ann": "B-PER", "oslo": "B-LOC"}.get(t, "O") for t in tokens]
        rows.append({"tokens": tokens, "tags": tags})
    return rows


def turned(count: int = 300) -> list[dict[str, Any]]:
    """Digits, and their names the other way round."""
    random, names = np.random.default_rng(2), ["null", "eins", "zwei", "drei", "vier"]
    rows = [random.integers(0, 5, random.integers(2, 5)) for _ in range(count)]
    return [{"source": " ".join(map(str, r)), "target": " ".join(names[i] for i in r[::-1])} for r in rows]


def summed(count: int = 200) -> list[dict[str, Any]]:
    """What stands between the marks."""
    random = np.random.default_rng(3)
    made = []
    for _ in range(count):
        words = random.choice(["sun", "rain", "snow", "wind", "fog", "hail"], 6).tolist()
        at = int(random.integers(0, 4))
        made.append({"document": " ".join([*words[:at], "(", *words[at : at + 2], ")", *words[at + 2 :]]),
                     "summary": [" ".join(words[at : at + 2]), "nothing of note"]})  # fmt: skip
    return made


def talks(count: int = 40) -> list[dict[str, Any]]:
    names = ["ann", "bob"]
    return [
        {
            "turns": [
                "hello there",
                f"hello , who is it ? {names[i % 2]} ?",
                "yes",
                f"welcome , {names[i % 2]}",
            ]
        }
        for i in range(count)
    ]


def stories(count: int = 120) -> list[dict[str, Any]]:
    random = np.random.default_rng(4)
    made = []
    for i in range(count):
        people, places = random.permutation(["mary", "john"]), random.choice(["hall", "garden", "office"], 2)
        story = " ".join(f"{who} went to the {where} ." for who, where in zip(people, places, strict=True))
        made.append({"story": story, "question": f"where is {people[i % 2]} ?", "answer": places[i % 2],
                     "kind": ["first", "last"][i % 2]})  # fmt: skip
    return made


TEXT = "the cat sat on the mat and the dog sat on the log. " * 60

TASKS: dict[str, tuple[Any, dict[str, Any]]] = {
    "classify": (reviews(), {"input": "review", "output": "label", "epochs": 12, "lr": 0.02}),
    "tag": (tagged(), {"input": "tokens", "output": "tags", "epochs": 20, "lr": 0.02}),
    "lm": ([TEXT] * 4, {"tokens": "chars", "epochs": 10, "lr": 0.02, "batch_size": 8, "bptt": 32}),
    "forecast": (waves(), {"horizon": 7, "epochs": 10, "lr": 0.02}),
    "translate": (turned(), {"tokens": "words", "epochs": 12, "lr": 0.02, "dropout": 0.0, "hidden_size": 32}),
    "summarize": (summed(), {"tokens": "words", "epochs": 15, "lr": 0.02, "dropout": 0.0, "hidden_size": 32}),
    "chat": (talks(), {"tokens": "words", "epochs": 25, "lr": 0.02, "dropout": 0.0, "hidden_size": 32}),
    "answer": (
        stories(),
        {
            "epochs": 100,
            "lr": 0.01,
            "dropout": 0.0,
            "copy": True,
            "by": "kind",
            "cell": "gru",
            "hidden_size": 32,
        },
    ),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, hitherto.Model]:
    folder = tmp_path_factory.mktemp("models")
    return {
        task: hitherto.train(task, data, out=folder / f"{task}.safetensors", **SMALL | options)
        for task, (data, options) in TASKS.items()
    }


GOOD = {
    "classify": lambda m: m["accuracy"] == 1.0 and m["f1"] == 1.0,
    "tag": lambda m: m["accuracy"] > 0.99 and m["entity_f1"] > 0.99,
    "lm": lambda m: m["perplexity"] < 1.6,
    "forecast": lambda m: m["mase"] < 1.2 and m["mae"] < 1.0,
    "translate": lambda m: m["bleu"] > 90 and m["chrf"] > 90 and m["perplexity"] < 1.3,
    "summarize": lambda m: m["rougeL"] > 90 and m["rouge2"] <= m["rougeL"],
    "chat": lambda m: m["perplexity"] < 1.3 and m["bleu"] > 80 and m["distinct_1"] < 0.1,
    "answer": lambda m: m["exact_match"] == 1.0,
}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_learned_and_kept(task: str, models: dict[str, hitherto.Model]) -> None:
    model, data = models[task], TASKS[task][0]
    assert model.path is not None
    found = model.evaluate(data)
    assert GOOD[task](found), found
    again = hitherto.open(model.path)
    assert again.evaluate(data) == found
    assert again.metrics == model.metrics
    assert repr(again) == repr(model)


@pytest.mark.parametrize("task", TASKS)
def test_a_run_leaves_its_log_and_report(task: str, models: dict[str, hitherto.Model]) -> None:
    run = models[task].run
    assert run is not None
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert rows
    assert all("step" in row for row in rows)
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert task in page


def test_predictions_of_plain_values_rows_and_files(
    models: dict[str, hitherto.Model], tmp_path: Path
) -> None:
    model = models["classify"]
    assert model.predict(["a lovely film", "an awful plot"]) == ["good", "bad"]
    assert model.predict([{"review": "a lovely film"}]) == ["good"]
    (detail,) = model.predict(["a lovely film"], details=True)
    assert detail["label"] == "good"
    assert sum(detail["probabilities"].values()) == pytest.approx(1)
    path = tmp_path / "new.csv"
    path.write_text("review,other\na fine end,1\nthe dull end,2\n")
    assert model.predict(path) == ["good", "bad"]


def test_frames_of_pandas_and_polars(models: dict[str, hitherto.Model]) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    rows = reviews(20)
    expected = [r["label"] for r in rows]
    assert models["classify"].predict(pandas.DataFrame(rows)) == expected
    assert models["classify"].predict(polars.DataFrame(rows)) == expected


def test_an_answer_does_not_depend_on_its_neighbours(models: dict[str, hitherto.Model]) -> None:
    model = models["classify"]
    texts = ["fine", "an awful plot with a dull end and an awful score", "lovely film"]
    together = model.predict(texts, details=True)
    for text, answer in zip(texts, together, strict=True):
        (alone,) = model.predict([text], details=True)
        assert alone["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-6)


def test_tags_come_one_for_each_token(models: dict[str, hitherto.Model]) -> None:
    assert models["tag"].predict([{"tokens": ["ann", "went", "to", "oslo"]}]) == [
        ["B-PER", "O", "O", "B-LOC"]
    ]
    assert models["tag"].predict(["oslo went"]) == [["B-LOC", "O"]]


def test_generation_is_a_function_of_the_seed(models: dict[str, hitherto.Model]) -> None:
    model = models["lm"]
    first = model.generate("the ", max_new_tokens=60, seed=1)
    assert first == model.generate("the ", max_new_tokens=60, seed=1)
    assert first != model.generate("the ", max_new_tokens=60, seed=2, temperature=2.0)
    assert set(first) <= set(TEXT + "\n")
    greedy = model.generate("the cat sat on the ", max_new_tokens=3, temperature=0)
    assert greedy in ("mat", "log")
    assert "." not in model.generate("the ", max_new_tokens=200, seed=1, stop=".")
    assert "".join(model.pieces("the ", max_new_tokens=60, seed=1)) == first


def test_suggestions_are_whole_words_with_probabilities(models: dict[str, hitherto.Model]) -> None:
    found = models["lm"].suggest("the cat s", k=3)
    assert found[0][0] == "sat"
    assert 0.5 < found[0][1] <= 1
    assert sum(p for _, p in found) <= 1.0001


def test_forecasts_are_rows_of_the_future(models: dict[str, hitherto.Model]) -> None:
    rows = models["forecast"].predict(waves())
    assert [r["ds"] for r in rows] == [str(np.datetime64("2023-01-01") + 160 + h) for h in range(7)]
    truth = [10 + 3 * np.sin(i * 2 * np.pi / 7) for i in range(160, 167)]
    assert np.abs(np.array([r["y"] for r in rows]) - truth).mean() < 1.0
    assert all(r["q0.1"] <= r["y"] <= r["q0.9"] for r in rows)


def test_what_is_odd_scores_highest(models: dict[str, hitherto.Model]) -> None:
    rows = waves()
    rows[-10]["y"] += 30
    found = models["forecast"].anomalies(rows, last=50)
    assert len(found) == 50
    assert max(found, key=lambda r: r["score"])["ds"] == rows[-10]["ds"]


def test_methods_of_another_task_say_so(models: dict[str, hitherto.Model]) -> None:
    with pytest.raises(
        UsageError, match="generate is for lm, compose and handwrite models; this one does classify"
    ):
        models["classify"].generate("x")
    with pytest.raises(UsageError, match="anomalies is for forecast models"):
        models["lm"].anomalies([])


def test_unknown_labels_and_missing_columns_are_named(models: dict[str, hitherto.Model]) -> None:
    with pytest.raises(DataError, match=r"'godo'.*Did you mean 'good'"):
        models["classify"].evaluate([{"review": "x", "label": "godo"}])
    with pytest.raises(HithertoError, match="'review'"):
        models["classify"].evaluate([{"reviw": "x", "label": "good"}])


def test_a_sigmoid_unit_answers_for_two_classes() -> None:
    model = hitherto.train(
        "classify", reviews(), input="review", output="label", head="sigmoid", epochs=20, lr=0.02, **SMALL
    )
    assert model.plan["step"][-1]["options"]["output_size"] == 1
    assert model.evaluate(reviews())["accuracy"] > 0.9


def test_several_labels_at_once() -> None:
    rows = [{"text": t, "label": lab} for t, lab in [("a b", "x;y"), ("a", "x"), ("b", "y"), ("c", "z")] * 20]
    model = hitherto.train(
        "classify", rows, input="text", output="label", multi=True, separator=";", epochs=30, lr=0.03, **SMALL
    )
    assert model.predict(["a b", "c"]) == [["x", "y"], ["z"]]


def test_rows_of_numbers_and_sequences_of_numbers() -> None:
    random = np.random.default_rng(0)
    rows = []
    for i in range(80):
        a = random.normal(size=(10, 2)) + (i % 2) * 2
        rows.append({"x": a.tolist(), "label": "lo" if i % 2 == 0 else "hi"})
    model = hitherto.train("classify", rows, input="x", output="label", epochs=8, lr=0.02, **SMALL)
    assert model.evaluate(rows)["accuracy"] > 0.97
    flat = [{"a": r["x"][0][0] * 5, "b": r["x"][0][1] * 5, "label": r["label"]} for r in rows]
    model = hitherto.train("classify", flat, input=("a", "b"), output="label", epochs=8, lr=0.02, **SMALL)
    assert model.evaluate(flat)["accuracy"] > 0.8


def test_every_cell_trains() -> None:
    for cell in hitherto.CELLS:
        model = hitherto.train(
            "classify", reviews(), input="review", output="label", cell=cell, epochs=10, lr=0.02, **SMALL
        )
        assert model.evaluate(reviews())["accuracy"] > 0.9, cell


def test_lines_of_text_and_tied_words() -> None:
    names = ["anna", "hanna", "hannah", "nan", "ann"] * 30
    model = hitherto.train("lm", names, tokens="chars", layout="lines", epochs=15, lr=0.02, **SMALL)
    assert model.generate(max_new_tokens=20, seed=1).strip("\n").isalpha()
    words = hitherto.train(
        "lm", [TEXT] * 4, tokens="words", tied=True, embedding_size=12, epochs=4, lr=0.02, **SMALL
    )
    assert "head.weight" not in words.tensors
    assert "cat" in words.generate("the ", max_new_tokens=60, seed=1) or "dog" in words.generate(
        "the ", max_new_tokens=60, seed=1
    )


def test_answers_are_measured_apart(models: dict[str, hitherto.Model]) -> None:
    found = models["answer"].examine(stories())
    assert found.details["by"]["first"] == {"exact_match": 1.0, "rows": 60}
    assert (
        models["translate"]
        .examine(turned(20), num_beams=2)
        .details["signature"]
        .startswith("nrefs:1|case:mixed")
    )


def test_writing_as_asked(models: dict[str, hitherto.Model]) -> None:
    model = models["translate"]
    assert model.predict(["0 1", "3 2 1"]) == ["eins null", "eins zwei drei"]
    (row,) = model.predict(["1 2 3"], details=True, n_best=3, num_beams=4, attention=True)
    assert row["text"] == "drei zwei eins"
    assert len({row["text"], *(o["text"] for o in row["others"])}) == 3
    looks = np.array(row["attention"]["weights"])
    assert looks.shape == (4, 3)
    assert row["attention"]["target"] == ["drei", "zwei", "eins", "<eos>"]
    assert looks[:3].argmax(1).tolist() == [2, 1, 0]  # it looks where it should
    assert len(model.predict(["1 2 3 4"], max_new_tokens=2)[0].split()) == 2
    assert len(model.predict(["1"], min_new_tokens=3)[0].split()) >= 3
    drawn = model.predict(["1 2", "3 4 0"] * 4, temperature=3.0, seed=1)
    assert drawn == model.predict(["1 2", "3 4 0"] * 4, temperature=3.0, seed=1)
    assert drawn[0] != drawn[2]
    with pytest.raises(UsageError, match=r"no option 'num_beam' of writing.*num_beams"):
        model.predict(["1"], num_beam=3)
    assert len(model.predict(["1"], n_best=9, details=True)[0]["others"]) == 8
    with pytest.raises(UsageError, match="n_best must lie"):
        model.predict(["1"], n_best=9, num_beams=4)


def test_a_report_of_texts_shows_where_it_looked(models: dict[str, hitherto.Model]) -> None:
    assert models["translate"].run is not None
    page = (models["translate"].run / "report.html").read_text(encoding="utf-8")
    for title in ("Examples", "Where it looked", "bleu by tokens of the input"):
        assert f"<h2>{title}</h2>" in page
    assert models["answer"].run is not None
    assert "<h2>By kind</h2>" in (models["answer"].run / "report.html").read_text(encoding="utf-8")


def page_of(model: hitherto.Model) -> str:
    assert model.run is not None
    return (model.run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("task", TASKS)
def test_a_report_has_the_loss_on_validation_data(task: str, models: dict[str, hitherto.Model]) -> None:
    assert "loss on validation data" in page_of(models[task])
    assert np.isfinite(models[task].metrics["valid_loss"])


def test_a_report_of_tags_has_every_kind_of_entity_and_the_words_that_were_wrong(tmp_path: Path) -> None:
    rows = tagged(40)
    rows[0]["tokens"][0] = "zanzibar"  # which the vocabulary has not
    rows[0]["tags"][0] = "B-LOC"
    given = {
        "input": "tokens",
        "output": "tags",
        "epochs": 20,
        "lr": 0.02,
        "min_count": 2,
        "valid": 0.0,
        **SMALL,
    }
    model = hitherto.train("tag", rows[1:], **given)
    from hitherto.tasks.families import family_of

    examples = model.source.load(rows)
    sections = {
        s["title"]: s
        for s in family_of(model.spec.task).sections(model.source, examples, model.measure(examples), [])
    }
    assert [row[0] for row in sections["By entity"]["rows"]] == ["LOC", "PER", "all"]
    assert sections["By entity"]["columns"] == ["entity", "precision", "recall", "f1", "support"]
    true = sum(tag != "O" for row in rows for tag in row["tags"])
    assert sections["By entity"]["rows"][-1][-1] == true
    assert sum(row[-1] for row in sections["By label"]["rows"]) == 200
    said = " ".join(text for _, text in sections["Most wrong"]["items"])
    assert "zanzibar/B-LOC→" in said
    assert "<unk>" not in said


def test_a_report_shows_the_words_of_the_user(tmp_path: Path) -> None:
    from hitherto.tasks.families import family_of

    rows = [{"review": r["review"], "label": r["label"]} for r in reviews(40)]
    rows += [{"review": "Grue, fine!", "label": "bad"}, {"review": "Bleu lovely", "label": "bad"}]
    given = {"input": "review", "output": "label", "epochs": 15, "lr": 0.02, "min_count": 2, **SMALL}
    given |= {"skip": False, "embedding_dropout": 0.0}  # layers alone, which two rows mislead
    model = hitherto.train("classify", rows[:40], **given)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for data in (rows, path):
        examples = model.source.load(data)
        results = model.measure(examples)
        sections = {
            s["title"]: s for s in family_of(model.spec.task).sections(model.source, examples, results, [])
        }
        assert {text for _, text in sections["Most wrong"]["items"]} == {"Grue, fine!", "Bleu lovely"}


def test_a_map_of_where_it_looked_has_the_words_that_the_vocabulary_has_not(
    models: dict[str, hitherto.Model],
) -> None:
    (row,) = models["translate"].predict(["0 1 neunzehn 2"], details=True, attention=True)
    assert row["attention"]["source"] == ["0", "1", "neunzehn", "2"]


def test_a_series_is_named_once() -> None:
    from hitherto.tasks.families import family_of

    rows = [{"ds": r["ds"], "HUFL": r["y"], "HULL": r["y"] + 1} for r in waves()]
    given = {"horizon": 7, "epochs": 1, "independent": True, **SMALL}
    model = hitherto.train("forecast", rows, **given)
    examples = model.source.load(rows)
    titles = [
        s["title"]
        for s in family_of(model.spec.task).sections(model.source, examples, model.measure(examples), [])
    ]
    assert [t.partition(",")[0] for t in titles[:4]] == ["HUFL", "HUFL", "HULL", "HULL"]


@pytest.mark.parametrize("head", ["gaussian", "student_t", "quantile"])
def test_forecasts_of_every_distribution(head: str) -> None:
    model = hitherto.train("forecast", waves(), horizon=3, head=head, epochs=5, lr=0.02, **SMALL)
    rows = model.predict(waves())
    assert all(r["q0.1"] < r["q0.9"] for r in rows)


def test_counts_and_many_series_with_gaps() -> None:
    random = np.random.default_rng(0)
    rows = []
    for shop in ("a", "b"):
        for i in range(80):
            y = None if i % 17 == 3 else int(random.poisson(4 if i % 7 else 9))
            rows.append({"unique_id": shop, "ds": str(np.datetime64("2024-01-01") + i), "y": y})
    model = hitherto.train("forecast", rows, horizon=4, head="negative_binomial", epochs=3, lr=0.02, **SMALL)
    found = model.predict(rows)
    assert {r["unique_id"] for r in found} == {"a", "b"}
    assert all(r["y"] >= 0 for r in found)


def test_a_tokenizer_of_ones_own_is_asked_for_again(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    rows = [{**r, "review": r["review"].replace(" ", "_")} for r in reviews()]
    options = {"input": "review", "output": "label", "epochs": 10, "lr": 0.02, **SMALL}
    model = hitherto.train("classify", rows, out=out, tokenizer=lambda text: text.split("_"), **options)
    assert model.evaluate(rows)["accuracy"] > 0.9
    with pytest.raises(UsageError, match="tokenizer"):
        hitherto.open(out).predict(["a_lovely_film"])
    assert hitherto.open(out, tokenizer=lambda text: text.split("_")).predict(["a_lovely_film"]) == ["good"]


def test_the_model_of_every_introduction_trains() -> None:
    from hitherto.spec import read

    first = read(Path(__file__).parent.parent / "configs" / "first.toml")
    model = hitherto.train(first, reviews(), input="review", output="label", lr=0.01, threads=1)
    sizes = [
        (op["op"], op["options"].get("hidden_size"), op["options"].get("output_size"))
        for op in model.plan["step"]
    ]
    assert sizes == [
        ("embed", None, None),
        ("recurrent", 64, None),
        ("pool", None, None),
        ("linear", None, 1),
    ]
    assert model.evaluate(reviews())["accuracy"] > 0.9


def test_sampled_words_train_a_large_vocabulary() -> None:
    random = np.random.default_rng(0)
    text = " ".join(f"w{i}" for i in random.zipf(1.3, 6000) % 900)
    options = {"tokens": "words", "epochs": 3, "lr": 0.02, "batch_size": 8, "bptt": 20, **SMALL}
    model = hitherto.train("lm", [text], sampled=100, **options)
    assert model.metrics["perplexity"] < 300


def test_validation_data_of_ones_own_and_early_stopping(tmp_path: Path) -> None:
    lines = [f"{r['review']},{r['label']}" for r in reviews()]
    for name, some in (("train", lines[:60]), ("valid", lines[60:])):
        (tmp_path / f"{name}.csv").write_text("review,label\n" + "\n".join(some) + "\n")
    model = hitherto.train(
        "classify",
        tmp_path / "train.csv",
        valid=tmp_path / "valid.csv",
        epochs=200,
        patience=2,
        lr=0.02,
        **SMALL,
    )
    assert model.made["steps"] < 200 * 4
    assert model.metrics["accuracy"] == 1.0


def test_tensorboard_on_request(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    options = {"input": "review", "output": "label", "epochs": 1, "tensorboard": True, **SMALL}
    model = hitherto.train("classify", reviews(), out=tmp_path / "m.safetensors", **options)
    assert model.run is not None
    assert list((model.run / "tensorboard").glob("events*"))


def test_documents_on_disk_are_those_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hitherto.spec import from_options
    from hitherto.tasks.families import FAMILIES
    from hitherto.tasks.language import source as corpus

    path = tmp_path / "a.txt"
    path.write_text("one two\n\nthree\nfour\n\n\nfive\n" * 20)
    found = []
    for limit in (1 << 26, 1):
        monkeypatch.setattr(corpus, "IN_MEMORY", limit)
        for options in ({}, {"documents": True}, {"layout": "lines"}):
            spec = from_options("lm", str(path), tokens="words", **options)
            _, examples, valid = FAMILIES["corpus"].source.prepare(
                spec, str(path), None, {"folder": tmp_path / "tokens"}
            )
            starts = None if examples.starts is None else examples.starts.tolist()
            found.append((examples.tokens.ids(0, len(examples)).tolist(), starts, valid.characters))
    assert found[:3] == found[3:]
    assert (tmp_path / "tokens" / "train" / "tokens.bin").exists()


# ---- the command line


def command(*args: str, **kept: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "hitherto", *args],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **kept,
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["review", "label", "stars"])
        writer.writeheader()
        writer.writerows(reviews())
    return path


def test_train_evaluate_and_predict(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.safetensors"
    done = command("train", "classify", str(table), "--input", "review", "--output", "label", "--out", str(out),
                   "--hidden-size", "12", "--epochs", "12", "--lr", "0.02", "--threads", "1", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "defaults chosen from the data:" in done.stderr
    assert "accuracy" in json.loads(done.stdout)
    done = command("evaluate", str(out), str(table), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accuracy"] == 1.0
    done = command("predict", str(out), str(table), "--out", str(tmp_path / "answers.csv"))
    assert done.returncode == 0, done.stderr
    answers = list(csv.DictReader((tmp_path / "answers.csv").read_text().splitlines()))
    assert [a["label"] for a in answers] == [r["label"] for r in reviews()]
    done = command("predict", str(out), "--text", "a lovely film", "--json")
    assert json.loads(done.stdout)["label"] == "good"


def test_a_toml_file_and_flags_over_it(table: Path, tmp_path: Path) -> None:
    toml = tmp_path / "mine.toml"
    toml.write_text(
        'task = "classify"\n[data]\ninput = "review"\noutput = "label"\n'
        "[model]\nhidden_size = 8\n[train]\nepochs = 1\nthreads = 1\n"
    )
    out = tmp_path / "m.safetensors"
    done = command("train", str(toml), str(table), "--hidden-size", "9", "--out", str(out))
    assert done.returncode == 0, done.stderr
    spec = hitherto.open(out).spec
    assert (spec.model.hidden_size, spec.train.epochs) == (9, 1)


BAD = [
    (("train", "clasify", "x.csv"), 2, "Did you mean 'classify'"),
    (("train", "lm", "x.txt", "--horizon", "3"), 2, "lm has no use for --horizon; it goes with forecast"),
    (
        ("train", "lm", "x.txt", "--epochs", "0"),
        2,
        "--epochs must be a whole number, at least 1, but came as 0",
    ),
    (("train", "lm", "x.txt", "--metric", "ppl"), 2, "'ppl' is not one of 'perplexity'"),
    (
        ("train", "lm", "x.txt", "-epochs", "3"),
        2,
        "-epochs has one dash; options of this length have two: --epochs.",
    ),
    (("train", "lm", "x.txt", "--hidden_size", "3"), 2, "--hidden-size"),
    (
        ("train", "regress", "x.csv", "--metric", "coverage"),
        2,
        "coverage has no best value, so it cannot select",
    ),
    (("train", "lm", "x.txt", "--out", "/dev/null"), 2, "out '/dev/null' is no plain file"),
    (("train", "lm", "x.txt", "--out", ""), 2, "out '.' is a folder: name a file in it"),
    (("train", "lm", "x.txt", "--out", "/"), 2, "out '/' is a folder: name a file in it"),
    (("train", "classify", "absent.csv"), 3, "absent.csv"),
    (("train",), 2, "Usage"),
    (("train", "--resume", "nowhere.run"), 3, "is no run"),
    (("evaluate", "absent.safetensors", "x.csv"), 3, "absent.safetensors"),
    (("predict", "absent.safetensors"), 3, "absent.safetensors"),
]


@pytest.mark.parametrize(("args", "status", "said"), BAD)
def test_bad_usage_and_bad_data_have_their_status(
    args: tuple[str, ...], status: int, said: str, tmp_path: Path
) -> None:
    done = command(*args, cwd=tmp_path)
    assert done.returncode == status, done.stderr
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "verb", ["train", "evaluate", "predict", "generate", "suggest", "stream", "chat", "doctor"]
)
def test_every_verb_shows_an_example(verb: str) -> None:
    done = command(verb, "--help")
    assert done.returncode == 0
    assert "Example: hitherto " + verb in done.stdout


@pytest.mark.parametrize("task", hitherto.TASKS)
def test_every_task_shows_its_options(task: str) -> None:
    done = command("train", task, "--help")
    assert done.returncode == 0
    assert "Example: hitherto train " + task in done.stdout
    assert "--hidden-size" in done.stdout
    assert ("--horizon" in done.stdout) == (task == "forecast")


# ---- a run and its folder


def test_an_unfinished_run_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    options = {"input": "review", "output": "label", "epochs": 1, **SMALL}
    hitherto.train("classify", reviews(), out=out, **options)
    hitherto.train("classify", reviews(), out=out, **options)  # an ended one is
    out.unlink()
    with pytest.raises(UsageError, match="has not ended"):
        hitherto.train("classify", reviews(), out=out, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": "acuracy"}, "classify has no metric 'acuracy'"),
        ({"metric": "auc", "valid": 0.0}, "metric needs validation data, and valid sets none aside"),
        ({"input": "text"}, "there is no column 'text'"),
        ({"hidden_size": 10**7}, "weights: with gradients, adam and the best so far they take"),
        ({"device": "tpu"}, "device 'tpu' cannot be used here"),
        ({"device": "meta"}, "device 'meta' cannot be used here"),
        (
            {"head": "sigmoid", "multi": True, "label_smoothing": 0.1},
            "label_smoothing is for one label per example",
        ),
        ({"cell": "gru", "forget_bias": 1.0}, "the cell gru has no forget gate"),
        ({"out": "m.run"}, "m.run is the name of a run's folder"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_step_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], said: str
) -> None:
    from hitherto.training import loop

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loop._Run, "step", lambda *_given: pytest.fail("a step was taken"))
    given = {"input": "review", "output": "label", "epochs": 1, "out": "new/m.safetensors", **SMALL} | options
    (tmp_path / "new").mkdir()
    with pytest.raises(UsageError if "column" not in said else HithertoError, match=said):
        hitherto.train("classify", reviews(), **given)
    assert list(tmp_path.rglob("*")) == [tmp_path / "new"]


def test_an_evaluation_that_would_fail_does_so_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    plain = builtins.__import__

    def without(name: str, *given: Any, **more: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "sacrebleu":
            raise ImportError(name)
        return plain(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match="sacrebleu"):
        hitherto.train("translate", turned(40), tokens="words", out=tmp_path / "m.safetensors", **SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_model_does_not_take_the_place_of_its_data(table: Path) -> None:
    before = table.read_bytes()
    with pytest.raises(UsageError, match="is the data: the model would take its place"):
        hitherto.train("classify", table, out=table.parent / "." / table.name)
    assert table.read_bytes() == before


def test_a_model_that_cannot_stream_says_so_at_the_end(table: Path, tmp_path: Path) -> None:
    for options, expected in (({}, True), ({"bidirectional": False}, False)):
        said: list[str] = []
        given = {"input": "review", "output": "label", "epochs": 1, **SMALL} | options
        model = hitherto.train("classify", table, out=tmp_path / "m.safetensors", say=said.append, **given)
        assert any("cannot stream" in line and "--no-bidirectional" in line for line in said) == expected
        assert model.run is not None
        page = (model.run / "report.html").read_text(encoding="utf-8")
        assert ("--no-bidirectional trains one that can" in page) == expected


def test_a_run_goes_on_from_its_folder_alone(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    options = {"input": "review", "output": "label", "epochs": 4, "checkpoint_every": 2, **SMALL}
    whole = hitherto.train("classify", table, out=out, **options)
    tensors = whole.tensors
    half = tmp_path / "half.safetensors"
    with pytest.raises(KeyboardInterrupt):
        hitherto.train("classify", table, out=half, show=_interrupt_at(6), **options)
    again = hitherto.train("", resume=tmp_path / "half.run")
    assert again.path == half
    assert all((again.tensors[name] == value).all() for name, value in tensors.items())
    table.write_text(table.read_text() + "a new lovely film,good,3\n")
    out.unlink()
    with pytest.raises(CheckpointError, match="other data"):
        hitherto.train("", resume=tmp_path / "m.run")


def test_a_run_that_goes_on_may_be_told_what_changes_nothing_it_did(table: Path, tmp_path: Path) -> None:
    out, run = tmp_path / "m.safetensors", tmp_path / "m.run"
    options = {"input": "review", "output": "label", "epochs": 2, "schedule": "constant", **SMALL}
    hitherto.train("classify", table, out=out, **options)
    said: list[str] = []
    longer = hitherto.train("", resume=run, epochs=4, out=tmp_path / "n.safetensors", say=said.append)
    assert "the run was to take 10 steps and is to take 20 now; so does its schedule" in said
    assert (longer.path, longer.run, longer.made["steps"]) == (tmp_path / "n.safetensors", run, 20)
    whole = hitherto.train("classify", table, **{**options, "epochs": 4})
    assert all((longer.tensors[name] == value).all() for name, value in whole.tensors.items())
    said.clear()
    hitherto.train("", resume=run, say=said.append)
    assert "the run has ended at step 20; with more epochs or steps it goes on" in said
    hitherto.train("classify", table, resume=run, hidden_size=12, cell="lstm")  # as it is
    for options, words in (
        (
            {"hidden_size": 13},
            "hidden_size was 12 when the run began and cannot be 13 now: the saved weights",
        ),
        ({"seed": 1}, "seed was 0 when the run began and cannot be 1 now: the steps so far"),
        (
            {"input": "stars"},
            "input was .* when the run began and cannot be 'stars' now: the training so far",
        ),
        ({"epoch": 4}, "Did you mean 'epochs'"),
        ({"task": "lm"}, "the run learns to classify, not to lm"),
    ):
        with pytest.raises(UsageError, match=words):
            hitherto.train(**{"task": "", "resume": run} | options)
    for flags, status, words in (
        (["--resume", str(run), "--epochs", "0"], 2, "--epochs must be a whole number, at least 1"),
        (
            ["--resume", str(run), "--hidden-size", "13"],
            2,
            "--hidden-size was 12 when the run began and cannot",
        ),
        ([f"--resume={run}", "--horizon", "13"], 2, "classify has no use for --horizon"),
        (["lm", "--resume", str(run)], 2, "the run learns to classify, not to lm"),
        (["--json", "--resume", str(run), "--epochs", "5", "--out", str(out)], 0, f"the model is {out}"),
    ):
        done = command("train", *flags)
        assert (done.returncode, words in done.stderr) == (status, True), done.stderr


def test_a_run_of_rows_in_memory_wants_them_again(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    options = {"input": "review", "output": "label", "epochs": 1, **SMALL}
    hitherto.train("classify", reviews(), out=out, **options)
    with pytest.raises(UsageError, match="was trained on rows in memory"):
        hitherto.train("", resume=tmp_path / "m.run", epochs=2)
    hitherto.train("", reviews(), resume=tmp_path / "m.run", epochs=2)


@pytest.mark.parametrize(("number", "status"), [(2, 130), (15, 143)])
def test_a_run_that_is_stopped_leaves_its_best_model(
    table: Path, tmp_path: Path, number: int, status: int
) -> None:
    args = ["train", "classify", str(table), "--input", "review", "--output", "label", "--hidden-size", "12",
            "--epochs", "100000", "--threads", "1", "--out", "m.safetensors"]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "hitherto", *args], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch   2"):
                break
        process.send_signal(number)
        said = process.stderr.read()
        assert process.wait(60) == status
    assert "stopping after the step" in said
    assert "stopped and saved\nthe best model so far is m.run/best.safetensors (accuracy " in said
    assert said.endswith("go on with: hitherto train --resume m.run\n")
    best = hitherto.open(tmp_path / "m.run" / "best.safetensors")
    assert f"(accuracy {best.metrics['accuracy']:.4g} at step" in said
    absent = command("predict", "m.safetensors", "--text", "fine", cwd=tmp_path)
    assert absent.returncode == 3
    assert "Its training has not ended. m.run/best.safetensors is its best so far." in absent.stderr
    done = command("train", "--resume", "m.run", "--epochs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "m.run" / "best.safetensors").exists(), "the model is the same"
    assert hitherto.open(tmp_path / "m.safetensors").digest == best.digest


def _interrupt_at(step: int) -> Any:
    import os
    import signal

    def show(progress: Any, row: dict[str, Any]) -> None:
        if progress.step >= step:
            os.kill(os.getpid(), signal.SIGINT)

    return show


def test_a_bundle_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"not a model at all, but long enough to have a header")
    with pytest.raises(BundleError):
        hitherto.open(path)


def test_stream_answers_line_by_line(models: dict[str, hitherto.Model], tmp_path: Path) -> None:
    """Each line is answered before the next one comes; the state can be kept for another process."""
    model = hitherto.train(
        "classify", reviews(), input="review", output="label", bidirectional=False, **SMALL
    )
    path, kept = tmp_path / "m.safetensors", tmp_path / "state.bin"
    model.save(path)
    text = ["a lovely film\n", "but a dull plot\n"]
    with subprocess.Popen(
        [sys.executable, "-m", "hitherto", "stream", str(path), "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        expected = model.stream()
        for line in text:
            process.stdin.write(line)
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == expected.line(line)[0]
        process.stdin.close()
        assert process.wait(60) == 0
    first = command("stream", str(path), "--save", str(kept), input=text[0])
    second = command("stream", str(path), "--load", str(kept), "--json", input=text[1])
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert json.loads(second.stdout) == expected.peek()
    assert first.stdout.split("\t")[0] in ("good", "bad")
    for option in ("--load", "--save"):
        refused = command("stream", str(path), option, str(tmp_path / "none" / "state.bin"), input=text[0])
        assert refused.returncode == 2
        assert "none" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_stream_of_the_other_tasks(tmp_path: Path, models: dict[str, hitherto.Model]) -> None:
    for task, lines, names in (
        ("lm", "the cat\nsat on", {"tokens", "bits", "next"}),
        (
            "forecast",
            'ds,y\n{"y": 4, "ds": "2024-01-01"}\n2024-01-02,5\n2024-01-03,\n',
            {"ds", "y", "expected", "score", "forecast"},
        ),
    ):
        path = tmp_path / f"{task}.safetensors"
        models[task].save(path)
        done = command("stream", str(path), "--json", input=lines)
        if task == "forecast" and models[task].codecs["input"].channels > 1:
            continue
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert rows[0].keys() >= names
        assert len(rows) >= 2


def test_stream_refuses_what_it_cannot_read_and_outlives_its_reader(tmp_path: Path) -> None:
    moves = [{"x": [[float(i), 1.0], [0.0, float(i % 2)]], "label": str(i % 2)} for i in range(40)]
    path = tmp_path / "moves.safetensors"
    options = SMALL | {"epochs": 1}
    hitherto.train("classify", moves, input="x", output="label", bidirectional=False, **options).save(path)
    done = command("stream", str(path), input="1,2\n1,x\n")
    assert done.returncode == 3
    assert "standard input, line 2: expected numbers between commas, but got '1,x'" in done.stderr
    assert len(done.stdout.splitlines()) == 1, "the line before has its answer"
    done = command("stream", str(path), input="1,2,3\n")
    assert done.returncode == 3
    assert "expected 2 channels" in done.stderr
    kept = tmp_path / "state.bin"
    with subprocess.Popen(
        [sys.executable, "-m", "hitherto", "stream", str(path), "--save", str(kept)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("1,2\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()  # the reader has seen enough
        process.stdin.write("3,4\n" * 3)
        process.stdin.close()
        said = process.stderr.read()
        assert process.wait(60) == 141
    assert "Traceback" not in said
    assert kept.stat().st_size > 0
    both = hitherto.train("classify", moves, input="x", output="label", bidirectional=True, **options)
    both.save(path)
    done = command("stream", str(path), input="1,2\n")
    assert done.returncode == 2
    assert "both ends" in done.stderr


def test_parallel_files_on_the_command_line(tmp_path: Path) -> None:
    for part, rows in (("train", turned()), ("test", turned(20))):
        for side in ("source", "target"):
            lines = "".join(row[side] + "\n" for row in rows)
            (tmp_path / f"{part}.{side}").write_text(lines, encoding="utf-8")
    files = ["--source", "train.source", "--target", "train.target"]
    options = [
        "--tokens",
        "words",
        "--epochs",
        "3",
        "--hidden-size",
        "16",
        "--lr",
        "0.02",
        "--out",
        "t.safetensors",
    ]
    held = ["--valid-source", "test.source", "--valid-target", "test.target"]
    made = command("train", "translate", *files, *held, *options, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "hitherto predict t.safetensors" in made.stderr
    found = command(
        "evaluate", "t.safetensors", "--source", "test.source", "--target", "test.target", "--json", "--num-beams", "2",
        cwd=tmp_path,
    )  # fmt: skip
    metrics = json.loads(found.stdout)
    assert {"bleu", "chrf", "perplexity", "signature", "validation"} == metrics.keys()
    (tmp_path / "new.txt").write_text("0 1\n2 3\n", encoding="utf-8")
    (tmp_path / "new.de").write_text("0 1\n2 3\n", encoding="utf-8")
    rows = command("predict", "t.safetensors", "new.txt", cwd=tmp_path).stdout.splitlines()
    assert (len(rows), rows[0]) == (3, "text\tscore")
    assert command("predict", "t.safetensors", "new.de", cwd=tmp_path).stdout.splitlines() == rows
    best = command("predict", "t.safetensors", "new.txt", "--n-best", "2", cwd=tmp_path).stdout.splitlines()
    assert [line.split("\t")[:2] for line in best] == [
        ["row", "rank"],
        ["1", "1"],
        ["1", "2"],
        ["2", "1"],
        ["2", "2"],
    ]
    looks = json.loads(
        command("predict", "t.safetensors", "--text", "0 1", "--attention", "--json", cwd=tmp_path).stdout
    )
    assert looks["attention"]["source"] == ["0", "1"]
    lines = command("stream", "t.safetensors", cwd=tmp_path, input="0 1\n2 3\n").stdout.splitlines()
    assert lines == rows[1:] or [line.split("\t")[0] for line in lines] == [
        r.split("\t")[0] for r in rows[1:]
    ]
    several = command("stream", "t.safetensors", "--n-best", "2", cwd=tmp_path, input="0 1\n")
    assert several.returncode == 0, several.stderr
    for wrong, said in (
        (["evaluate", "t.safetensors", "--source", "test.source"], "both of --source and --target"),
        (["train", "translate", "--source", "test.source"], "belong together"),
        (["predict", "t.safetensors", "new.txt", "--top-k", "3"], "top_k has no use without a temperature"),
        (["chat", "t.safetensors"], "chat is for chat models"),
        (["predict", "t.safetensors", "new.txt", "--attention"], "add --json"),
        (["train", "translate", *files, *held, "--valid", "0.1"], "given twice"),
        (["train", "translate", *files, "--bptt", "5"], "translate has no use for --bptt; it goes with"),
    ):
        refused = command(*wrong, cwd=tmp_path)
        assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr


def test_a_conversation_on_the_command_line(tmp_path: Path, models: dict[str, hitherto.Model]) -> None:
    path = str(models["chat"].path)
    whole = command("chat", path, cwd=tmp_path, input="hello there\nyes\n").stdout.splitlines()
    assert len(whole) == 2
    one = command(
        "chat", path, "--save", "talk.bin", cwd=tmp_path, input="hello there\n/quit\nyes\n"
    ).stdout.splitlines()
    two = command("chat", path, "--load", "talk.bin", cwd=tmp_path, input="yes\n").stdout.splitlines()
    assert [*one, *two] == whole
    anew = command("chat", path, cwd=tmp_path, input="hello there\n\n/new\nhello there\n").stdout.splitlines()
    assert anew == [whole[0], whole[0]]
    broken = subprocess.run(
        [sys.executable, "-m", "hitherto", "chat", path, "--save", "cut.bin"], input=b"hello there\n\xff\xfe\n",
        capture_output=True, cwd=tmp_path, timeout=300, check=False,
    )  # fmt: skip
    assert (broken.returncode, b"Traceback" in broken.stderr) == (3, False), broken.stderr
    assert (tmp_path / "cut.bin").exists()
    assert "one reply to a turn" in command("chat", path, "--n-best", "2", cwd=tmp_path).stderr
