"""The choice between candidates by validation: the better one is chosen, recorded, and not chosen again."""

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.errors import UsageError
from hitherto.spec import from_options, read
from hitherto.spec.tasks import TASKS
from hitherto.tasks.families import FAMILIES, Family
from hitherto.tasks.labels.source import PairExamples, Pairs
from hitherto.training.processes import Interrupted

SLOW, FAST = {"lr": 1e-6}, {"lr": 0.02}
CANDIDATES: dict[str, dict[str, Any]] = {"slow": SLOW, "fast": FAST}
QUICK: dict[str, Any] = {
    "hidden_size": 8,
    "embedding_size": 8,
    "bidirectional": False,
    "batch_size": 16,
    "threads": 1,
}


@dataclass
class Choosy(Pairs):
    """`classify` with candidates of its own."""

    def candidates(self, examples: PairExamples) -> dict[str, dict[str, Any]]:
        assert len(examples)
        return dict(CANDIDATES)


@pytest.fixture(autouse=True)
def choosy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task whose source declares candidates."""
    pairs = FAMILIES["pairs"]
    tasks = {"choosy": pairs.tasks["classify"]}
    monkeypatch.setitem(TASKS, "choosy", replace(TASKS["classify"], name="choosy", source="choosy"))
    monkeypatch.setitem(FAMILIES, "choosy", Family(source=Choosy, tasks=tasks, sections=pairs.sections))
    monkeypatch.setattr("hitherto.training.search.FEWEST", 30)


def rows(count: int = 160) -> list[dict[str, str]]:
    random = np.random.default_rng(0)
    words = {"yes": ["good", "fine", "great"], "no": ["bad", "poor", "awful"]}
    labels = random.choice(["yes", "no"], count).tolist()
    return [{"text": " ".join(random.choice(words[label], 4)), "label": label} for label in labels]


def train(out: Path | None = None, **options: Any) -> tuple[hitherto.Model, list[str]]:
    lines: list[str] = []
    options = {"steps": 40, **QUICK, **options}
    return hitherto.train("choosy", rows(), out=out, say=lines.append, **options), lines


def same(one: hitherto.Model, other: hitherto.Model) -> bool:
    return one.tensors.keys() == other.tensors.keys() and all(
        np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors
    )


def test_the_better_candidate_is_chosen_and_recorded(tmp_path: Path) -> None:
    model, lines = train(tmp_path / "m.safetensors", checkpoint_every=10)
    assert model.spec.train.lr == FAST["lr"]
    assert "choosing between 2 candidates by accuracy: slow, fast" in lines
    assert "chosen: fast (lr 0.02)" in lines
    run = tmp_path / "m.run"
    assert read(run / "spec.toml").train.lr == FAST["lr"]
    tried = model.made["tried"]
    assert isinstance(tried, list)
    assert [(row["name"], row["steps"]) for row in tried] == [("slow", 30), ("fast", 30)]
    assert tried[1]["loss"] < tried[0]["loss"]
    assert hitherto.open(tmp_path / "m.safetensors").made["tried"] == tried
    assert "Candidates, each trained briefly" in (run / "report.html").read_text()


def stop_after(batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send SIGTERM to this process when so many batches were asked for."""
    batch, calls = Choosy.batch, [0]

    def stopping(self: Choosy, *args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == batches:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(self, *args, **options)

    monkeypatch.setattr(Choosy, "batch", stopping)


def test_a_run_that_goes_on_does_not_choose_again_and_has_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = train()
    with monkeypatch.context() as patch:
        stop_after(80, patch)  # 62 are of the trials
        with pytest.raises(Interrupted, match="stopped and saved"):
            train(tmp_path / "part.safetensors")
        patch.setattr(Choosy, "candidates", lambda *_: pytest.fail("it chooses again"))
        lines: list[str] = []
        rest = hitherto.train("choosy", rows(), resume=tmp_path / "part.run", say=lines.append)
    assert not any("chosen:" in line for line in lines)
    assert rest.made["tried"] == whole.made["tried"]
    assert rest.spec.train.lr == FAST["lr"]
    assert same(rest, whole)


def test_the_training_of_what_was_chosen_is_the_one_of_the_same_options() -> None:
    chosen, _ = train()
    plain = hitherto.train("choosy", rows(), steps=40, budget="0", **QUICK, **FAST)
    assert plain.predict(rows()) == chosen.predict(rows())
    assert same(plain, chosen)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"lr": 1e-6}, "the user chose"),
        ({"lr": 0.5}, "all contradict the user"),
        ({"valid": 0.0}, "nothing to measure on"),
        ({"budget": "0"}, "no time for it"),
        ({"steps": 20}, "a training of a moment"),
    ],
)
def test_where_there_is_nothing_to_choose_none_is_tried(options: dict[str, Any], why: str) -> None:
    model, lines = train(**options)
    assert "tried" not in model.made, why
    assert model.spec.train.lr == options.get("lr", 2e-3), why
    assert not any("choosing" in line for line in lines)


def test_of_many_the_better_half_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {f"lr {lr:g}": {"lr": lr} for lr in (1e-7, 1e-6, 1e-5, 0.02, 1e-8)}
    monkeypatch.setattr("test_search.CANDIDATES", rates)
    model, lines = train(steps=61)
    assert model.spec.train.lr == 0.02
    tried = model.made["tried"]
    assert isinstance(tried, list)
    assert [row["steps"] for row in tried] == [30] * 5 + [60] * 3
    assert sum(" after 60 steps " in line for line in lines) == 3


def test_a_budget_is_time_for_steps() -> None:
    model, lines = train(budget="20s", steps=60)
    tried = model.made["tried"]
    assert isinstance(tried, list)
    assert [row["steps"] for row in tried] == [60, 60], "never longer than the training itself"
    assert model.spec.train.lr == FAST["lr"]
    model, lines = train(budget="0.001s")
    assert "tried" not in model.made
    assert any("too short to choose" in line for line in lines)


def test_a_budget_without_candidates_is_an_error() -> None:
    with pytest.raises(UsageError, match="has nothing to choose: leave it out"):
        hitherto.train("classify", rows(), steps=3, budget="5m", **QUICK)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1.5h", 5400), ("20", 20), ("0", 0), ("2 m", 120)]
)
def test_durations(text: str, seconds: float) -> None:
    assert from_options("classify", "none", budget=text).train.budget_seconds == seconds


@pytest.mark.parametrize("text", ["5 minutes", "m", "-3s", "1d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"budget must be a duration, such as 90s, 5m or 1h; 0 is none, but came as"
    ):
        from_options("classify", "none", budget=text)


def test_a_signal_ends_the_search_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_after(8, monkeypatch)
    with pytest.raises(Interrupted, match="the training has not begun"):
        train(tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())
