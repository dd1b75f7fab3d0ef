"""`--watch memory`: what it notes is true, and a run that is watched takes the steps of one that is not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import hitherto  # noqa: E402
from hitherto import trained  # noqa: E402
from hitherto.cli.display import Display  # noqa: E402
from hitherto.errors import UsageError  # noqa: E402
from hitherto.inspect.memory import memory, radius  # noqa: E402
from hitherto.inspect.steps import STEPS  # noqa: E402
from hitherto.runtime.executor import Batch  # noqa: E402
from hitherto.tasks.families import family_of  # noqa: E402
from hitherto.training.progress import Progress  # noqa: E402

TEXT = ["the cat sat on the mat", "the dog ran to the door", "a bird sang in the tree"] * 12
SMALL: dict[str, Any] = {
    "hidden_size": 12, "num_layers": 2, "steps": 8, "evaluate_every": 4, "baselines": False, "budget": "0",
}  # fmt: skip


def run(folder: Path, watch: str | None, **options: Any) -> tuple[Any, list[dict[str, Any]]]:
    model = hitherto.train("lm", TEXT, out=folder / "m.safetensors", watch=watch, **SMALL, **options)
    lines = (folder / "m.run" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return model, [row for row in map(json.loads, lines) if "valid_loss" in row]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that is watched, and one that is not."""
    folder = tmp_path_factory.mktemp("watch")
    for name in ("watched", "plain"):
        (folder / name).mkdir()
    return folder, run(folder / "watched", "memory"), run(folder / "plain", None)


def test_a_watched_run_takes_the_same_steps_to_the_bit(pair: Any) -> None:
    _, (watched, rows), (plain, others) = pair
    assert {n: v.tobytes() for n, v in watched.tensors.items()} == {
        n: v.tobytes() for n, v in plain.tensors.items()
    }
    assert [{k: v for k, v in row.items() if k != "memory"} for row in rows] == others
    assert [row["step"] for row in rows] == [4, 8]
    assert not any("memory" in row for row in others)


def test_log_report_and_terminal_show_the_memory(pair: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder, (model, rows), _ = pair
    for row in rows:
        assert list(row["memory"]) == ["step.recurrent.0", "step.recurrent.1"]
        for seen in row["memory"].values():
            assert 0 < seen["length"] <= seen["steps"]
            assert len(seen["lags"]) == len(seen["norms"])
            assert set(seen["shut"]) == set(seen["open"]) == set("ifo")
            assert set(seen["radius"]) == set("ifgo")
    page = (folder / "watched" / "m.run" / "report.html").read_text(encoding="utf-8")
    assert "How far back the gradient reaches: step.recurrent.1" in page
    assert "Memory length" in page
    assert "Memory length" not in (folder / "plain" / "m.run" / "report.html").read_text(encoding="utf-8")
    display = Display()
    display.show(Progress(step=8), rows[-1])
    shown = capsys.readouterr().err
    assert "step.recurrent.0: 90 % of the gradient in" in shown
    assert "radius i " in shown
    u = model.tensors["recurrent.weight_hh_l0"][:12].astype(np.float64)
    assert rows[-1]["memory"]["step.recurrent.0"]["radius"]["i"] == pytest.approx(
        abs(np.linalg.eigvals(u)).max(), rel=2e-3
    )


def test_what_is_noted_is_what_an_inspection_says() -> None:
    model = trained.open(Path(__file__).parent / "golden" / "lm-chars.safetensors")
    seen = model.inspect("a" * 20, measure=["gradient"], explain=1)
    inputs = family_of(model.spec.task).reading(model, "a" * 20).inputs
    noted = memory(model.plan, model.tensors, Batch(dict(inputs), None))
    for layer in seen.layers:
        mine = noted[layer.name]
        np.testing.assert_allclose(mine["norms"], seen.lags[layer.name][mine["lags"]], rtol=1e-3)
        assert mine["length"] == seen.memory[layer.name]
        for gate, shares in layer.saturation.items():
            assert mine["shut"][gate] == pytest.approx(shares[0].mean(), abs=1e-3)
            assert mine["open"][gate] == pytest.approx(shares[1].mean(), abs=1e-3)


def test_padding_and_rows_that_fill_up_a_share_are_not_seen() -> None:
    model = trained.open(Path(__file__).parent / "golden" / "lm-chars.safetensors")
    x = np.random.default_rng(0).integers(0, 3, (9, 3)).astype(np.int32)
    lengths = np.array([4, 9, 0])
    whole = memory(model.plan, model.tensors, Batch({"x": x}, lengths))
    x[4:, 0], x[:, 2] = 2, 1
    assert memory(model.plan, model.tensors, Batch({"x": x}, lengths)) == whole
    beside = np.concatenate([x, x[:, :1]], 1)
    rows = np.array([0, 1, 2, -1])
    assert memory(model.plan, model.tensors, Batch({"x": beside}, np.array([4, 9, 0, 4]), rows=rows)) == whole
    assert memory(model.plan, model.tensors, Batch({"x": x[:, 2:]}, np.zeros(1, np.int64))) == {}


@pytest.mark.parametrize("size", [1, 5, 40])
def test_the_radius_is_that_of_the_eigenvalues(size: int) -> None:
    u = np.random.default_rng(size).standard_normal((size, size)).astype(np.float32)
    assert radius(u) == pytest.approx(abs(np.linalg.eigvals(u.astype(np.float64))).max(), rel=2e-3)
    assert radius(1e30 * u) == pytest.approx(1e30 * radius(u), rel=1e-6)
    assert radius(np.triu(np.ones((4, 4)), 1)) == 0  # its powers end
    assert np.isnan(radius(np.full((2, 2), np.inf)))


def test_a_run_that_is_killed_goes_on_being_watched(tmp_path: Path) -> None:
    run(tmp_path, "memory")
    again = hitherto.train(resume=tmp_path / "m.run", task="lm", data=TEXT, steps=12)
    lines = (tmp_path / "m.run" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [row["step"] for row in map(json.loads, lines) if "memory" in row] == [4, 8, 12]
    assert again.path is not None


def test_what_cannot_be_watched_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="watch needs validation data"):
        hitherto.train("lm", TEXT, watch="memory", valid=0.0, steps=1)
    monkeypatch.delitem(STEPS, "dropout")
    with pytest.raises(UsageError, match="the operation dropout cannot be looked into"):
        hitherto.train("lm", TEXT, watch="memory", dropout=0.1, **SMALL)
