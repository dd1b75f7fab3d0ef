"""What a person gives to a trained model: arrays, rows, frames, a text; columns of another name; and what is wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import hitherto
from hitherto.errors import DataError, UsageError

SMALL: dict[str, Any] = {"hidden_size": 8, "num_layers": 1, "epochs": 1, "threads": 1}
FILMS = [{"text": f"a {w} film", "label": "+-"[i % 2], "id": i} for i, w in enumerate(["good", "bad"] * 10)]
SIZES = [{"a": float(i % 2), "b": 1.0, "c": float(i), "label": "xy"[i % 2]} for i in range(20)]
DAYS = [{"y": float(np.sin(i))} for i in range(40)]
TAGS = [{"tokens": ["ann", "met", "bob"], "tags": ["P", "O", "P"]}] * 10


@pytest.fixture(scope="module")
def models() -> dict[str, hitherto.Model]:
    return {
        "text": hitherto.train("classify", FILMS, input="text", output="label", **SMALL),
        "numbers": hitherto.train("classify", SIZES, input=("a", "b", "c"), output="label", **SMALL),
        "series": hitherto.train("forecast", DAYS, horizon=3, **SMALL),
        "tag": hitherto.train("tag", TAGS, **SMALL),
    }


def test_arrays_and_rows_without_names(models: dict[str, hitherto.Model]) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    model, x = models["numbers"], np.array([[0.0, 1.0, 3.0], [1.0, 1.0, 8.0]])
    assert model.columns == ["a", "b", "c"]
    expected = model.predict([dict(zip("abc", row, strict=True)) for row in x], details=True)
    frames = [
        pandas.DataFrame(x),
        pandas.DataFrame(x, columns=list("abc")),
        polars.DataFrame(x, schema=list("abc")),
    ]
    columns = {name: x[:, i] for i, name in enumerate("abc")}
    for given in (
        x,
        x.tolist(),
        [tuple(row) for row in x],
        iter(x),
        x.astype("f4"),
        x.astype(str),
        *frames,
        columns,
    ):
        assert model.predict(given, details=True) == expected
    assert model.predict(columns | {"label": ["x", "y"]}, details=True) == expected
    assert model.predict({"a": 0.0, "b": 1.0, "c": 3.0}, details=True) == expected[:1], "a row by itself"
    for wrong, said in (
        (x[0], r"expected rows of 3 values, 'a', 'b', 'c', but row 1 is .*a single row stands in a list"),
        (x[:, :2], "row 1: expected 3 values, 'a', 'b', 'c', but got 2"),
        ([[1, 2, 3], [1, 2]], "row 2: expected 3 values"),
        (x * 1j, "got an array of complex128"),
        (np.array(5.0), "got an array of float64"),
        (["1,2,3"], r"row 1: expected a row of 3 values, 'a', 'b', 'c', but got '1,2,3'"),
        ({"a": [1.0]}, r"no column 'b'; the columns are 'a'. Where it has another name, say --input COLUMN"),
    ):
        with pytest.raises((UsageError, DataError), match=said):
            model.predict(wrong)


def test_texts_in_arrays_and_columns(models: dict[str, hitherto.Model]) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    model, texts = models["text"], ["a good film", "a bad film"]
    expected = model.predict(texts, details=True)
    for given in (np.array(texts), np.array(texts)[:, None], tuple(texts), iter(texts), pandas.Series(texts),
                  polars.Series(texts), {"text": texts}):  # fmt: skip
        assert model.predict(given, details=True) == expected


def test_a_text_by_itself_is_no_file(models: dict[str, hitherto.Model], tmp_path: Path) -> None:
    model = models["text"]
    for text in (
        "a good film",
        "and/or what",
        "he said: see v1.5",
        "",
        ".",
        "a\nb",
        "so " * 3000,
        "x\0y",
        "end.",
    ):
        assert model.predict(text, details=True) == model.predict([text], details=True)
    path = tmp_path / "films"
    path.write_text("a good film\na bad film\n")
    assert len(model.predict(str(path))) == 2
    for name in ("absent.csv", "absent.jsonl.gz", "my films.txt", "data/absent", "films.xlsx"):
        with pytest.raises(DataError, match=r"there is no such file. To answer for this text itself"):
            model.predict(name)
        with pytest.raises(DataError, match="there is no such file"):
            model.predict(Path(name))
    with pytest.raises(DataError, match="there is no such file"):
        models["numbers"].predict("a good film")
    assert models["tag"].predict("ann met bob", details=True)[0]["tokens"] == ["ann", "met", "bob"]


def test_a_series_of_plain_numbers(models: dict[str, hitherto.Model]) -> None:
    model = models["series"]
    expected = model.predict(DAYS)
    values = [row["y"] for row in DAYS]
    assert (
        model.predict(values) == model.predict(np.array(values)) == model.predict({"y": values}) == expected
    )
    with pytest.raises(UsageError, match="keep has no use"):
        model.predict(DAYS, keep="y")
    assert model.predict(DAYS, keep=()) == expected


def test_probabilities_of_classes_in_order(models: dict[str, hitherto.Model]) -> None:
    model, texts = models["text"], ["a good film", "a bad film"]
    found = model.predict_proba(texts)
    assert model.classes == ["+", "-"]
    assert found.shape == (2, 2)
    rows = model.predict(texts, details=True)
    assert found.tolist() == [[row["probabilities"][c] for c in model.classes] for row in rows]
    assert models["numbers"].predict_proba(np.ones((4, 3))).shape == (4, 2)
    one = hitherto.train("classify", FILMS, input="text", output="label", head="sigmoid", **SMALL)
    assert one.predict_proba(texts).sum(1) == pytest.approx(1)
    with pytest.raises(UsageError, match="predict_proba is for classify models; this one does tag"):
        models["tag"].predict_proba(["ann"])
    assert models["tag"].classes == ["O", "P"]
    with pytest.raises(UsageError, match="forecast models have no classes"):
        _ = models["series"].classes
    with pytest.raises(UsageError, match="there is no option 'threshold' of reading data"):
        model.predict_proba(texts, threshold=0.5)


def test_columns_and_files_of_another_kind(models: dict[str, hitherto.Model], tmp_path: Path) -> None:
    model, path = models["text"], tmp_path / "films.csv"
    expected = model.evaluate(FILMS)
    other = [{"message": r["text"], "kind": r["label"], "id": r["id"]} for r in FILMS]
    assert model.evaluate(other, input="message", output="kind") == expected
    path.write_text(
        "message;kind\n" + "".join(f"{r['text']} caf\u00e9;{r['label']}\n" for r in FILMS), encoding="latin-1"
    )
    with pytest.raises(DataError, match="is not utf-8"):
        model.evaluate(path, input="message", output="kind")
    assert model.evaluate(path, input=1, output=2, encoding="latin-1", delimiter=";")["accuracy"] >= 0
    (row,) = model.predict(other[3:4], input="message", keep="kind")
    assert (row["row"], row["id"], row["kind"], row["label"]) == (1, 3, "-", model.predict([FILMS[3]])[0])
    for given, said in (
        ({"input": "massage"}, "no column 'massage'.*Did you mean 'message'.*--input COLUMN"),
        ({"input": ("message", "kind")}, "input names 2 columns, but the model has 1, 'text'"),
        ({"id": "id"}, "id names 1 column, but the model has none"),
        ({"inptu": "message"}, "no option 'inptu' of an evaluation of classify. Did you mean 'input'"),
        ({"num_beams": 3}, "no option 'num_beams'"),
    ):
        with pytest.raises((UsageError, DataError), match=said):
            model.evaluate(other, **{"output": "kind", **given})
    with pytest.raises(
        UsageError, match=r"no option 'treshold' of predictions of classify. Did you mean 'threshold'"
    ):
        model.predict(FILMS, treshold=0.5)
    with pytest.raises(
        DataError, match="expected rows with the columns 'text', 'label'; these are plain values"
    ):
        model.evaluate(["a good film"])


def test_the_names_that_a_model_knows_make_a_header(
    models: dict[str, hitherto.Model], tmp_path: Path
) -> None:
    """Of a file of one row, or of texts alone, nothing else would tell."""
    path = tmp_path / "one.csv"
    path.write_text("text,label\na good film,+\n")
    assert models["text"].evaluate(path)["accuracy"] in (0, 1)
    assert len(models["text"].predict(path)) == 1
    path.write_text("words\na good film\n")
    with pytest.raises(DataError, match=r"no column 'text'.*say --input COLUMN"):
        models["text"].predict(path)
    assert len(models["text"].predict(path, input="words")) == 1


def test_lines_alone_cannot_be_measured(tmp_path: Path) -> None:
    pairs = [{"de": f"ein {n}", "en": f"one {n}"} for n in range(12)]
    model = hitherto.train("translate", pairs, input="de", output="en", tokens="chars", **SMALL)
    path = tmp_path / "lines"
    path.write_text("ein 1\nein 2\n")
    with pytest.raises(
        DataError, match=r"line 1: expected rows with the columns 'de', 'en', or two files of lines: --source"
    ):
        model.evaluate(path)
    assert len(model.predict(path)) == 2
