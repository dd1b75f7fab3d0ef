"""Many at once on the same files, killed at any moment: what is opened was saved, and nothing saved is lost."""

import csv
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import hitherto

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no locks of this kind")

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import racing  # noqa: E402

ROWS = [{"text": text, "label": text.split()[1]} for text in ("a good film", "a bad film")] * 8
SMALL: dict[str, Any] = {
    "input": "text", "output": "label", "tokens": "words", "hidden_size": 4, "epochs": 1, "threads": 1,
}  # fmt: skip
QUIET = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "HITHERTO_NUM_THREADS"), "1")


@pytest.mark.parametrize("seconds", [4, pytest.param(600, marks=pytest.mark.soak)])
def test_writers_readers_and_resumers_at_once(tmp_path: Path, seconds: int) -> None:
    hitherto.train("classify", ROWS, **SMALL).save(tmp_path / "m.safetensors")
    program = [sys.executable, str(HERE / "racing.py"), str(tmp_path), str(seconds)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=os.environ | QUIET)
    found = json.loads(done.stdout.splitlines()[-1])
    print(found)
    assert found["problems"] == []
    assert min(found["read"], found["end"], found["saved"], found["killed"]) > 0


def told(folder: Path, work: str, *events: dict[str, Any]) -> None:
    lines = [json.dumps({"at": at, "who": 1, **event}) + "\n" for at, event in enumerate(events, 10)]
    (folder / f"{work}-1.log").write_text("".join(lines))


@pytest.mark.parametrize(
    ("number", "begun", "says"),
    [
        (2, 13, None),
        (3, 13, None),
        (1, 13, "an older model"),
        (1, 11, None),
        (4, 13, "nobody has written"),
        (2, 13, "nobody has written"),
    ],
)
def test_a_history_of_models_that_cannot_be(
    tmp_path: Path, number: int, begun: int, says: str | None
) -> None:
    told(
        tmp_path,
        "write",
        {"what": "begin", "number": 2, "digest": "two"},
        {"what": "end", "number": 2},
        {"what": "begin", "number": 3, "digest": "three"},
    )
    digest = {1: "one", 2: "two", 3: "three"}.get(number, "four")
    wrong = says == "nobody has written" and number == 2
    read = {
        "what": "read",
        "number": number,
        "digest": "other" if wrong else digest,
        "begun": begun,
        "at": 14,
    }
    told(tmp_path, "read", read)
    found = racing.check_models(tmp_path, {"number": 1, "at": 5, "digest": "one"})
    assert [says in problem for problem in found] == [True] if says else found == []


@pytest.mark.parametrize(
    ("last", "says"),
    [
        ({"what": "found", "step": 2, "notes": []}, None),
        ({"what": "found", "step": 1, "notes": []}, "step 2 was lost, or one is damaged"),
        ({"what": "found", "step": 2, "notes": ["Passed over"]}, "step 2 was lost, or one is damaged"),
        ({"what": "saved", "step": 2}, "step 2 was saved after 2"),
        ({"what": "refused", "said": "the run is in use by process 7 on here"}, None),
        ({"what": "refused", "said": "cannot be written"}, "refused for another reason"),
    ],
)
def test_a_history_of_a_run_that_cannot_be(tmp_path: Path, last: dict[str, Any], says: str | None) -> None:
    from hitherto.training import checkpoint

    checkpoint.save(tmp_path / "t.run" / "checkpoints", 2, {}, {})
    told(tmp_path, "resume", {"what": "held"}, {"what": "saved", "step": 2}, last)
    found = racing.check_run(tmp_path)
    assert [says in problem for problem in found] == [True] if says else found == []


def test_a_history_of_two_that_hold_one_run(tmp_path: Path) -> None:
    told(tmp_path, "resume", {"what": "held"}, {"what": "held", "who": 2}, {"what": "left"})
    [problem] = racing.check_run(tmp_path)
    assert "2 has the run, and so has 1" in problem


@pytest.mark.soak
def test_trainings_that_resume_one_run_and_are_killed(tmp_path: Path) -> None:
    """Two at a time, killed at random, until one comes to the end: with the bits of a run never interrupted."""
    with (tmp_path / "data.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(ROWS * 4)
    options = ["--input=text", "--output=label", "--hidden-size=4", "--threads=1", "--epochs=150"]
    options += ["--batch-size=8", "--checkpoint-every=2"]
    command = [sys.executable, "-m", "hitherto", "train"]

    def begin(*rest: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command, *rest], cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ | QUIET
        )

    whole = begin("classify", "data.csv", "--out=whole.safetensors", *options)
    assert "whole.safetensors" in whole.communicate()[1]
    draw, refused, kills = random.Random(0), 0, 0
    running = [begin("classify", "data.csv", "--out=t.safetensors", *options)]
    while not list((tmp_path / "t.run" / "checkpoints").glob("*.safetensors")):
        time.sleep(0.05)
    while running:
        time.sleep(draw.uniform(0, 3))
        for process in running:
            if process.poll() is None:
                process.kill()
                kills += 1
        errors = [process.communicate()[1] for process in running]
        refused += sum("in use by" in error for error in errors)
        ended = [process.returncode for process in running]
        assert set(ended) <= {0, 2, -9}, errors
        running = [] if 0 in ended else [begin("--resume", "t.run") for _ in range(2)]
        if kills % 2 and running:  # let one go on for a while
            time.sleep(draw.uniform(0, 12))
    print(f"{kills} killed, {refused} refused")
    assert (
        hitherto.open(tmp_path / "t.safetensors").digest
        == hitherto.open(tmp_path / "whole.safetensors").digest
    )
    assert not [*tmp_path.rglob("*.part")]
