"""The benchmarks' statistics, grid, roofline and report; a tiny point through --quick. No time is judged."""

from __future__ import annotations

import importlib
import itertools
import json
import math
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
common: Any = importlib.import_module("common")
layers: Any = importlib.import_module("layers")
report: Any = importlib.import_module("report")
roofline: Any = importlib.import_module("roofline")

TINY = {"cell": "gru", "hidden": 3, "batch": 2, "time": 4, "training": True, "ragged": True, "threads": 1}
CALIBRATION = {
    "torch_matmul": 100.0,
    "fma": 100.0,
    "barrier": 100.0,
    "read": {str(n): 200.0 if n <= 2**20 else 20.0 for n in roofline.READS},
}


# ---- statistics


@pytest.mark.parametrize("q", [0, 0.1, 0.25, 0.5, 0.75, 1])
@pytest.mark.parametrize("n", [1, 2, 5, 15])
def test_quantile_is_numpys(n: int, q: float) -> None:
    values = [random.Random(n).random() for _ in range(n)]
    assert common.quantile(values, q) == pytest.approx(np.quantile(values, q))


def test_median_interval_of_15_lies_between_the_4th_and_the_12th() -> None:
    values = random.Random(0).sample(range(1, 16), 15)
    low, high, coverage = common.median_interval(values)
    assert (low, high) == (4, 12)
    assert coverage == pytest.approx(0.9648, abs=1e-4)


def test_median_interval_of_few_values_is_their_range_and_says_what_it_covers() -> None:
    assert common.median_interval([3, 1, 2, 5, 4]) == (1, 5, 1 - 2 / 32)
    assert common.median_interval([1]) == (1, 1, 0)


def test_median_interval_covers_as_often_as_it_says() -> None:
    draw = random.Random(1)
    inside = 0
    for _ in range(2000):
        low, high, coverage = common.median_interval([draw.gauss(0, 1) for _ in range(15)])
        inside += low <= 0 <= high
    assert inside / 2000 == pytest.approx(coverage, abs=0.02)


def test_geometric_mean() -> None:
    assert common.geometric_mean([0.5, 2, 8]) == pytest.approx(2)
    with pytest.raises(ValueError, match="at least one"):
        common.geometric_mean([])


def test_ratios_are_taken_repetition_by_repetition() -> None:
    taken = {"torch": [2.0, 30.0, 4.0], "ours": [1.0, 10.0, 4.0]}
    assert common.ratios(taken, "ours")["torch"]["median"] == 2


def test_interleave_takes_turns_and_shrinks_only_for_the_limit() -> None:
    order: list[str] = []
    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    taken = common.interleave(calls, repetitions=4, least=0)
    assert [len(times) for times in taken.values()] == [4, 4]
    assert [name for name, _ in itertools.groupby(order[-16:])][-4:] == list("abab")
    taken = common.interleave(calls, repetitions=40, least=1e-4, limit=0)
    assert [len(times) for times in taken.values()] == [5, 5]


# ---- files


def test_rows_survive_a_kill_in_the_middle_of_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "rows.jsonl"
    assert common.read_rows(path) == []
    common.append_row(path, {"a": 1})
    with path.open("a") as file:
        file.write('{"a": 2, "b')
    common.append_row(path, {"a": 3})
    assert common.read_rows(path) == [{"a": 1}, {"a": 3}]
    assert "line 2" in capsys.readouterr().err


# ---- grid


def test_grids() -> None:
    full, headline = layers.grid("full", [1, 2]), layers.grid("headline", [1, 2])
    names = [layers.key(p) for p in full]
    assert len(names) == len(set(names)) == 3 * 6 * 5 * 3 * 2 * 2 * 2
    assert {layers.key(p) for p in headline} <= set(names)
    assert {p["hidden"] for p in headline} == set(layers.HIDDEN)
    assert {p["time"] for p in headline if p["hidden"] >= 512} == {50}


def test_an_interrupted_grid_is_a_balanced_sample() -> None:
    points = layers.grid("headline", [1, 2])
    kinds = [(p["cell"], p["hidden"], p["training"], p["ragged"], p["threads"]) for p in points]
    n = len(set(kinds))
    assert len(set(kinds[:n])) == n
    assert len(set(kinds[n : 2 * n])) == n


# ---- measuring


@pytest.mark.filterwarnings("default")  # without the extension a warning says how slow the reference is
def test_quick_measures_a_tiny_point_and_gives_one_line_of_json() -> None:
    row = layers.quick([TINY], repetitions=2, least=0)
    assert row["points"] == "1 of 1"
    assert row["faster_than_torch"]["training ragged"]["gru"] > 0
    assert "\n" not in json.dumps(row)


@pytest.mark.parametrize("cell", layers.CELLS)
@pytest.mark.parametrize(("training", "ragged"), list(itertools.product([False, True], repeat=2)))
def test_contenders_agree(cell: str, training: bool, ragged: bool) -> None:
    point = {**TINY, "cell": cell, "training": training, "ragged": ragged}
    row = layers.measure(point, ours="itself", peers=["torch", "onnxruntime"], repetitions=1, least=0)
    assert row["n"] == 1
    assert row["tokens"] <= 8
    assert set(row["seconds"]) >= {"torch", "itself"}


def test_a_wrong_contender_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(point: Any, given: Any) -> Any:
        call, read = layers.make_torch(point, given)
        return call, lambda output: [2 * array for array in read(output)]

    monkeypatch.setitem(layers.CONTENDERS, "itself", wrong)
    with pytest.raises(layers.MismatchError, match="output 0 is off"):
        layers.measure(TINY, ours="itself", peers=["torch"], repetitions=1, least=0)


def test_compare_refuses_nan_and_shapes() -> None:
    one = np.ones((2, 2), np.float32)
    layers.compare("same", [one], [one, one])
    with pytest.raises(layers.MismatchError, match="off by"):
        layers.compare("nan", [one * np.nan], [one])
    with pytest.raises(layers.MismatchError, match="shape"):
        layers.compare("shape", [one[:1]], [one])


# ---- roofline


def test_flops_count_true_tokens_only() -> None:
    point = {**TINY, "cell": "lstm", "hidden": 8, "training": False}
    assert roofline.flops(point, 10) == 2 * 10 * 4 * 8 * 16
    assert roofline.flops({**point, "training": True}, 10) == 3 * 2 * 10 * 4 * 8 * 16


def test_the_bound_names_the_term_that_binds() -> None:
    point = {**TINY, "cell": "rnn", "hidden": 256, "batch": 128, "time": 100, "ragged": False, "threads": 2}
    wide = roofline.bound(point, 128 * 100, 100, CALIBRATION)
    assert wide["term"] == "operations of products"
    assert wide["seconds"] >= roofline.flops(point, 128 * 100) / 100e9 * 0.999
    narrow = roofline.bound({**point, "hidden": 1024, "batch": 1}, 100, 100, CALIBRATION)
    assert narrow["term"] == "bytes of weights"
    assert roofline.bound(point, 128 * 100, 100, {"torch_matmul": 100.0}) is None


# ---- report


def test_the_report_says_what_was_lost_and_what_was_not_run(tmp_path: Path) -> None:
    assert "Nothing has been measured yet" in report.report(tmp_path)
    tag = {"code": "new", "cpu": "here", "commit": "abc"}
    run = {
        "kind": "run",
        **tag,
        "command": "python benchmarks/layers.py",
        "started": "today",
        "machine": {
            "cpu": "here",
            "cores": 2,
            "caches": {"L2": "1M"},
            "system": "Linux",
            "python": "3",
            "load": 0.0,
        },
        "versions": {"torch": "2", "jax": None},
        "native": {"isa": "avx512"},
        "torch_capability": "AVX512",
        "calibration": {"1": CALIBRATION, "2": CALIBRATION},
    }
    path = tmp_path / "layers-avx512.jsonl"
    common.append_row(path, run)
    for point, slow in ((layers.grid("headline", [2])[0], 0.5), (layers.grid("headline", [1])[-1], 2.0)):
        times = {"torch": [slow] * 15, "hitherto": [1.0] * 15}
        row = {**point, "tokens": 5, "longest": 5, "n": 15, "seconds": times}
        row |= {"ratio": common.ratios(times, "hitherto"), "gflops": {"torch": 1.0, "hitherto": 2.0}}
        common.append_row(path, {"kind": "point", **tag, "code": "old", **row})
        common.append_row(path, {"kind": "point", **tag, **row})
    page = report.report(tmp_path)
    assert "1 of 2 points are lost" in page
    assert "Of the 576 points of the headline grid, 2 were run" in page
    assert "Not installed, so not measured: onnxruntime, jax, keras." in page
    assert math.isclose(report.ratio(report.newest(path)[1][0]), 2.0) or report.lost(
        report.newest(path)[1][0]
    )
