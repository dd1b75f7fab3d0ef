"""The benchmark of the defaults: what it makes of a set, and what it says. No score is judged."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
common: Any = importlib.import_module("common")
defaults: Any = importlib.import_module("defaults")


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_quick_run_takes_some_of_the_rows(tmp_path: Path) -> None:
    rows = [{"x": i} for i in range(100)]
    quick = defaults.Limits(tmp_path / "quick", rows=10, characters=8, steps=20)
    parts = quick.both("some", rows, rows[:5], input="x")
    assert [row["x"] for row in lines(parts.train)] == list(range(0, 100, 11))
    assert len(lines(parts.test)) == 5
    assert parts.options == {"input": "x"}
    text = quick.text("text", "a" * 20, "b" * 20)
    assert [path.read_text(encoding="utf-8") for path in (text.train, text.test)] == ["a" * 8, "b" * 2]
    whole = defaults.Limits(tmp_path / "whole")
    assert len(lines(whole.both("some", rows, rows).train)) == 100
    assert whole.text("text", "a" * 20, "b" * 20).train.read_text(encoding="utf-8") == "a" * 20


def test_the_training_of_a_series_ends_where_the_test_begins(tmp_path: Path) -> None:
    rows = [{"t": f"{i:03}", "y": i} for i in range(100)]
    parts = defaults.Limits(tmp_path, steps=50).series("series", rows, 3, "t", output="y")
    train, test = (path.read_text(encoding="utf-8").splitlines() for path in (parts.train, parts.test))
    assert (train[0], train[1], train[-1]) == ("t,y", "050,50", "089,89")
    assert test[-1] == "099,99"
    assert parts.start == "090"
    assert parts.options == {"horizon": 3, "time": "t", "output": "y"}


def test_a_third_of_the_words_to_tag_were_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "names").mkdir()
    names = [f"{a}{b}{c}" for a in "bcdfghklmn" for b in "aeiou" for c in "bcdfghklmnprstvwxyz"] * 4
    (tmp_path / "names" / "names.txt").write_text("\n".join(names), encoding="utf-8")
    monkeypatch.setattr(defaults, "DATA", tmp_path)
    parts = defaults.entities(defaults.Limits(tmp_path / "files", rows=200))
    train, test = lines(parts.train), lines(parts.test)
    assert len(train) == len(test) == 200
    assert all(len(row["tokens"]) == len(row["tags"]) for row in train + test)
    assert {tag for row in train for tag in row["tags"]} == {"O", "B-PER", "I-PER", "B-LOC"}
    assert parts.metric == "entity_f1"


def test_a_set_is_trained_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": f"{'good' if i % 2 else 'bad'} film {i}", "label": "ny"[i % 2]} for i in range(60)]

    def made(limits: Any) -> Any:
        return limits.both("made", rows, rows, input="text", output="label", epochs=1, hidden_size=4)

    monkeypatch.setitem(defaults.SETS, "made", ("classify", made))
    row = defaults.trained("made", defaults.Limits(tmp_path), 0)
    assert (row["task"], row["metric"], row["rows"]) == ("classify", "accuracy", 54)
    assert row["best_baseline"] == 1
    assert row["baselines"][row["best"]] == 1
    assert row["gain"] == pytest.approx(row["model"] - 1, abs=0.01)
    assert row["seconds"] > 0
    told = [*defaults.table([{"name": "made", **row}, {"name": "other", **row, "gain": 0.5, "error": None}])]
    assert told[1].startswith("made             accuracy")
    assert told[-1] == f"{int(row['gain'] < 0)} of 2 models are worse than their best baseline"


def test_each_training_has_its_process_and_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command[2:])
        if "sst2" in command:
            raise subprocess.TimeoutExpired(command, options["timeout"])
        if "sms" in command:
            return subprocess.CompletedProcess(command, 3, "")
        row = {
            "metric": "mase",
            "model": 1.0,
            "best": "ridge",
            "best_baseline": 2.0,
            "gain": 1.0,
            "error": 0.1,
            "seconds": 3,
        }
        return subprocess.CompletedProcess(command, 0, f"other lines\n{json.dumps(row)}\n")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(defaults, "DATA", tmp_path)
    monkeypatch.setattr(defaults, "RESULTS", tmp_path / "defaults.jsonl")
    monkeypatch.setattr(common, "commit", lambda: "none")
    runs = str(tmp_path / "runs")
    asking = [
        "sst2",
        "sms",
        "ett",
        "--quick",
        "--seeds",
        "2",
        "--minutes",
        "1",
        "--note",
        "before",
        "--runs",
        runs,
    ]
    assert defaults.main(asking) == 0
    assert asked[-1] == ["ett", "--one", "1", "--runs", runs, "--quick"]
    told = capsys.readouterr()
    assert "sst2: skipped, as it takes more than 1 minutes" in told.err
    assert "sms: skipped, as its process ended with 3" in told.err
    assert "0 of 2 models are worse than their best baseline" in told.out
    kept = lines(tmp_path / "defaults.jsonl")
    assert [(row["name"], row["seed"], row["quick"], row["note"]) for row in kept] == [
        ("ett", 0, True, "before"),
        ("ett", 1, True, "before"),
    ]
    with pytest.raises(SystemExit):
        defaults.main(["unheard"])
    monkeypatch.setattr(defaults, "DATA", tmp_path / "nothing")
    assert defaults.main(["ett"]) == 2
