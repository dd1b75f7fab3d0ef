"""Calls of the system that fail: an error that says so or success; nothing is lost, and nothing is left behind."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hitherto

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)

HERE = Path(__file__).parent
TEXTS = ("a good film", "a bad film", "the good end")
ROWS = [{"text": text, "label": text.split()[1]} for text in TEXTS] * 8
SMALL: dict[str, Any] = {
    "input": "text", "output": "label", "tokens": "words", "bidirectional": False, "hidden_size": 4, "epochs": 2,
    "threads": 1, "valid": 0.0,
}  # fmt: skip
# EINTR, EIO, ENOMEM, EACCES, EMFILE, ENOSPC, EROFS, EDQUOT, ESTALE
NUMBERS = "4,5,12,13,24,28,30,122,116"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "faults.so"
    command = [
        "cc",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-shared",
        "-fPIC",
        "-o",
        path,
        HERE / "faults.c",
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and a run that can be resumed."""
    folder = tmp_path_factory.mktemp("models") / "source"
    hitherto.train("classify", ROWS, out=folder / "t.safetensors", **SMALL).save(folder / "m.safetensors")
    return folder


def faulty(library: Path, folder: Path, *jobs: str) -> list[dict[str, Any]]:
    quiet = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "HITHERTO_NUM_THREADS"), "1")
    environment = os.environ | quiet | {"LD_PRELOAD": str(library)}
    program = [sys.executable, str(HERE / "faulty.py"), str(folder), *jobs]
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(found) == len(jobs), done.stderr
    for row in found:
        print({name: value for name, value in row.items() if name != "problems"})
    return found


def test_calls_on_files_that_fail(library: Path, folder: Path) -> None:
    """Each third call, by another error each; the next test is all of it."""
    names = ("opening", "saving", "checkpointing", "loading")
    for row in faulty(
        library, folder, *(f"{name}:files:{NUMBERS}:0:3" for name in names), "saving:short:4:1:1"
    ):
        assert row["problems"] == []
        assert sum(row["outcomes"].values()) > 3
        assert row["outcomes"]["well"] >= 1, "where nothing fails any more, it does what it should"
        assert row["kind"] == "short" or len(row["outcomes"]) > 1, "something failed"


@pytest.mark.soak
@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize(
    "name",
    ["opening", "copying", "predicting", "saving", "streaming", "checkpointing", "beginning", "loading"],
)
def test_every_call_on_files_that_fails(library: Path, folder: Path, name: str, more: int) -> None:
    for row in faulty(library, folder, *(f"{name}:files:{number}:{more}:1" for number in NUMBERS.split(","))):
        assert row["problems"] == []


@pytest.mark.soak
@pytest.mark.parametrize("name", ["opening", "copying", "predicting", "saving", "streaming", "checkpointing"])
def test_short_reads_and_writes(library: Path, folder: Path, name: str) -> None:
    [row] = faulty(library, folder, f"{name}:short:4:1:1")
    assert row["problems"] == []
    assert list(row["outcomes"]) == ["well"]


@pytest.mark.soak
def test_a_training_that_goes_on_where_calls_fail(library: Path, folder: Path) -> None:
    [row] = faulty(library, folder, f"resuming:files:{NUMBERS}:0:1")
    assert row["problems"] == []


def test_allocations_that_fail(library: Path, folder: Path) -> None:
    jobs = (
        "opening:memory:12:0:23",
        "pushing:memory:12:0:5",
        "saving:memory:12:0:19",
        "checkpointing:memory:12:0:7",
    )
    for row in faulty(library, folder, *jobs):
        assert row["problems"] == []
        assert row["outcomes"]["MemoryError"] > 1


@pytest.mark.soak
@pytest.mark.parametrize(
    "name",
    [
        "opening",
        "copying",
        "predicting",
        "saving",
        "streaming",
        "pushing",
        "checkpointing",
        "beginning",
        "loading",
    ],
)
def test_every_allocation_that_fails(library: Path, folder: Path, name: str) -> None:
    [row] = faulty(library, folder, f"{name}:memory:12:0:1")
    assert row["problems"] == []
