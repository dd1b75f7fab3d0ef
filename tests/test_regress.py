"""`regress`: a number, or several, with an interval, from texts, rows of numbers and sequences; and plain arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.errors import DataError, UsageError

SMALL: dict[str, Any] = {"hidden_size": 12, "threads": 1, "dropout": 0.0, "lr": 0.02, "batch_size": 16}


def waves(count: int = 200, steps: int = 6) -> tuple[Any, Any]:
    """Sequences of two numbers, and what follows from them: a sum and a difference, in other units."""
    random = np.random.default_rng(0)
    x = random.normal(size=(count, steps, 2))
    return x, np.stack([1000 + 100 * x[:, :, 0].mean(1), x[:, -1, 1] / 1000], 1)


def flats(count: int = 160) -> list[dict[str, Any]]:
    random = np.random.default_rng(1)
    words, worth = ["room", "balcony", "garage", "noise"], [200.0, 80.0, 50.0, -60.0]
    made = []
    for _ in range(count):
        counts = random.integers(0, 4, 4)
        text = " ".join(random.permutation([w for w, n in zip(words, counts, strict=True) for _ in range(n)]))
        made.append(
            {"description": text or "nothing", "rooms": int(counts[0]), "rent": 400 + float(counts @ worth)}
        )
    return made


@pytest.fixture(scope="module")
def rents() -> hitherto.Model:
    return hitherto.train("regress", flats(), input="description", epochs=25, bidirectional=False, **SMALL)


def test_a_number_is_found_in_a_text(rents: hitherto.Model, tmp_path: Path) -> None:
    data = flats(300)[160:]
    metrics = rents.evaluate(data)
    assert list(metrics) == ["rmse", "mae", "r2", "coverage"]
    assert metrics["r2"] > 0.7
    actual = np.array([row["rent"] for row in data])
    texts = [row["description"] for row in data]
    values = rents.predict(texts)
    assert np.sqrt(((np.array(values) - actual) ** 2).mean()) == pytest.approx(metrics["rmse"])
    assert metrics["r2"] == pytest.approx(1 - (metrics["rmse"] / actual.std()) ** 2)
    rows = rents.predict(texts, details=True)
    assert all(row["q0.1"] < row["value"] < row["q0.9"] for row in rows)
    inside = np.mean([row["q0.1"] <= y <= row["q0.9"] for row, y in zip(rows, actual, strict=True)])
    assert inside == pytest.approx(metrics["coverage"])
    rents.save(tmp_path / "m.safetensors")
    assert hitherto.open(tmp_path / "m.safetensors").predict(texts) == values


def test_baselines_stand_beside_it(tmp_path: Path) -> None:
    x, y = waves(200, steps=1)
    said: list[str] = []
    model = hitherto.train(
        "regress", x[:160], y[:160], valid=(x[160:], y[160:]), epochs=1, say=said.append, **SMALL
    )
    simple = model.made["baselines"]
    assert isinstance(simple, dict)
    assert list(simple) == ["mean", "median", "ridge regression of summary statistics"]
    mean = {"rmse": float(np.sqrt(((y[160:] - y[:160].mean(0)) ** 2).mean()))}
    assert simple["mean"]["rmse"] == pytest.approx(mean["rmse"])
    assert simple["ridge regression of summary statistics"]["r2"] > 0.99, "it is linear"
    assert any("worse than the baseline ridge" in line for line in said)
    texts = hitherto.train("regress", flats(), input="description", output="rent", epochs=1, **SMALL).made[
        "baselines"
    ]
    assert isinstance(texts, dict)
    assert texts["ridge regression of words"]["r2"] > 0.5 > texts["mean"]["r2"]


def test_the_column_is_guessed_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    model = hitherto.train(
        "regress", flats(), out=tmp_path / "m.safetensors", epochs=1, say=said.append, **SMALL
    )
    assert model.spec.data.output == ("rent",)
    assert model.spec.data.input == ("description",)
    assert any("the number is taken from column 'rent'" in line for line in said)
    page = (tmp_path / "m.run" / "report.html").read_text()
    assert "By size of rent" in page
    assert "Most wrong" in page


def test_a_stream_ends_with_the_answer_to_the_whole(rents: hitherto.Model) -> None:
    text = "room room balcony noise"
    stream = rents.stream()
    for piece in ("room ro", "om balc", "ony noise"):
        assert stream.push(piece) == []
    assert isinstance(stream.peek()["value"], float)
    assert stream.finish() == rents.predict([text], details=True)[0]


@pytest.mark.parametrize("head", ["quantile", "gaussian", "student_t"])
def test_several_numbers_of_sequences_in_arrays(head: str) -> None:
    x, y = waves()
    model = hitherto.train(
        "regress", x[:160], y[:160], valid=(x[160:], y[160:]), head=head, epochs=30, **SMALL
    )
    metrics = model.evaluate(x[160:], y[160:])
    assert metrics == {name: pytest.approx(value) for name, value in model.metrics.items() if name in metrics}
    assert metrics["r2"] > 0.8
    values = np.array(model.predict(x[160:]))
    assert values.shape == (40, 2)
    assert abs(values[:, 0] - 1000).max() < 300
    assert abs(values[:, 1]).max() < 0.01


def test_rows_of_features_in_arrays() -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=(200, 3))
    y = 7 + x @ np.array([3.0, -2.0, 0.0])
    model = hitherto.train("regress", x, y, epochs=30, **SMALL)
    assert model.columns == ["x1", "x2", "x3"]
    assert model.evaluate(x, y)["r2"] > 0.9
    labels = np.where(y > 7, "high", "low")
    assert hitherto.train("classify", x, labels, epochs=10, **SMALL).evaluate(x, labels)["accuracy"] > 0.9


def test_texts_and_labels_in_lists() -> None:
    texts, labels = ["a good film", "a bad film"] * 30, ["yes", "no"] * 30
    model = hitherto.train("classify", texts, labels, epochs=5, **SMALL)
    assert model.evaluate(texts, labels)["accuracy"] == 1.0
    assert model.predict(["a good film"]) == ["yes"]


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (["a", "b"], [1], "every input needs an answer, but there are 2 in x and 1 in y"),
        (["a", "b"], 3, "expected a list or an array, but y is 3"),
        (["a"] * 20, [*range(19), "many"], r"row 20, column 'y': expected a number, but got 'many'"),
        (["a"] * 20, [*range(19), None], r"row 20, column 'y': the number is missing"),
        (["a"] * 20, [*range(19), True], r"row 20, column 'y': expected a number, but got True"),
        (["a"] * 20, [*range(19), 1e40], r"row 20, column 'y': 1e\+40 is too large to learn"),
        (["a"] * 20, [3.0] * 20, "there must be two different numbers at least, but all rows have 3"),
    ],
)
def test_what_is_wrong_is_said(x: Any, y: Any, message: str) -> None:
    with pytest.raises((UsageError, DataError), match=message):
        hitherto.train("regress", x, y, epochs=1, **SMALL)


def test_an_evaluation_wants_as_many_columns() -> None:
    x, y = waves(40)
    model = hitherto.train("regress", x, y, epochs=1, **SMALL)
    with pytest.raises(UsageError, match="expected 2 values, 'y1', 'y2' in each row of y, but got 1"):
        model.evaluate(x, y[:, 0])


def test_labels_that_are_numbers_name_regress() -> None:
    data = [{"text": f"flat {i}", "rent": 400 + i} for i in range(150)]
    with pytest.raises(
        DataError, match="150 different labels in 150 rows; they are numbers, which regress learns"
    ):
        hitherto.train("classify", data, input="text", output="rent", valid=0.0)
