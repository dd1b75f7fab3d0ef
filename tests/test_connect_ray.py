"""Ray: predictions and metrics over a cluster of two raylets equal those of one process."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ray = pytest.importorskip("ray", reason="ray[data] is not installed: pip install 'hitherto[ray]'")
pa = pytest.importorskip("pyarrow")

import pyarrow.parquet as pq  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402

import hitherto  # noqa: E402
from hitherto.connect import ray as spread  # noqa: E402
from hitherto.errors import UsageError  # noqa: E402

GOLDEN = Path(__file__).parent / "golden"
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own, of files and forks


def path(name: str) -> str:
    return str(GOLDEN / f"{name}.safetensors")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[Any]:
    """Two raylets, of two cores each as they are told, and the driver."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "object_store_memory": 1 << 27})
    made.add_node(num_cpus=2, object_store_memory=1 << 27)
    ray.init(address=made.address, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield made
    ray.shutdown()
    made.shutdown()


def written(folder: Path, rows: list[dict[str, Any]], files: int = 3) -> Path:
    folder.mkdir()
    for i in range(files):
        part = rows[i * len(rows) // files : (i + 1) * len(rows) // files]
        pq.write_table(pa.Table.from_pylist(part), folder / f"{i}.parquet")
    return folder


def texts(n: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    words = ["good", "bad", "film", "and", "so", "lm"]
    return [
        {"text": " ".join(rng.choice(words, 1 + i % 5)), "label": "+-"[i % 2], "number": i} for i in range(n)
    ]


def test_answers_are_those_of_one_process(tmp_path: Path) -> None:
    rows = texts(300)
    made = spread.predict(
        path("classify"), written(tmp_path / "in", rows), keep=["number", "label"], batch_size=40
    )
    answers = sorted(made.take_all(), key=lambda row: row["number"])
    model: Any = hitherto.open(path("classify"))
    wanted = model.predict(rows, details=True)
    assert [row["number"] for row in answers] == list(range(300))
    assert [row["label"] for row in answers] == [row["label"] for row in wanted]
    assert [row["label_given"] for row in answers] == [row["label"] for row in rows]
    assert np.array_equal([row["probability"] for row in answers], [row["probability"] for row in wanted])
    with pytest.raises(UsageError, match="no column 'sender'"):
        spread.predict(path("classify"), tmp_path / "in", keep=["sender"])


def test_an_answer_that_is_a_list(tmp_path: Path) -> None:
    rows = [{"tokens": ["ann", "met", "bob"][: 1 + i % 3], "number": i} for i in range(20)]
    made = spread.predict(path("tag"), written(tmp_path / "in", rows), keep=["number"], workers=2)
    answers = sorted(made.take_all(), key=lambda row: row["number"])
    model: Any = hitherto.open(path("tag"))
    assert [list(row["labels"]) for row in answers] == model.predict(rows)


def test_a_series_is_answered_as_a_whole_wherever_its_rows_are(tmp_path: Path) -> None:
    rows = [{"unique_id": "abc"[i % 3], "ds": i // 3, "y": float(i * 7 % 11)} for i in range(45)]
    made = spread.predict(path("forecast"), written(tmp_path / "in", rows))
    model: Any = hitherto.open(path("forecast"))

    def sort(some: list[Any]) -> list[str]:
        return sorted(json.dumps({name: row[name] for name in sorted(row)}, default=float) for row in some)

    assert sort(made.take_all()) == sort(model.predict(rows, details=True))
    with pytest.raises(UsageError, match="keep no columns"):
        spread.predict(path("forecast"), tmp_path / "in", keep=["y"])


@pytest.mark.parametrize("name", ["classify", "tag", "lm", "forecast", "translate"])
def test_metrics_are_those_of_one_process(name: str, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = {
        "classify": texts(200),
        "tag": [
            {"tokens": ["ann", "met", "bob"], "tags": ["P", "O", "P"]},
            {"tokens": ["bob"], "tags": ["O"]},
        ]
        * 20,
        "lm": [{"text": "the cat sat on the mat."}] * 30,
        "forecast": [{"unique_id": "ab"[i % 2], "ds": i // 2, "y": float(i * 7 % 11)} for i in range(60)],
        "translate": [{"source": f"ein hund {n}", "target": f"{n} DOG ein"} for n in range(4)],
    }[name]
    folder = written(tmp_path / "in", rows)
    model: Any = hitherto.open(path(name))
    wanted = model.evaluate({column: [row[column] for row in rows] for column in rows[0]})
    said = spread.evaluate(path(name), folder, workers=2)
    assert said.keys() == wanted.keys()
    for metric, value in wanted.items():
        assert np.array_equal(said[metric], value, equal_nan=True), metric
