"""A short form of the fuzzers in `fuzz`, the same cases in every run; and the bounds that tests open files within."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from limits import TooLong, bounded

ROOT = Path(__file__).parents[1]
CASES = {"bundles": 1500, "blobs": 1500, "files": 1500, "checkpoints": 150}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the fuzzers fork")
@pytest.mark.parametrize("target", CASES)
def test_mutated_files_are_refused_or_answered(target: str, tmp_path: Path) -> None:
    if target == "checkpoints":
        pytest.importorskip("torch")
    fuzzer = [sys.executable, ROOT / "fuzz" / "run.py", "--target", target, "--seed", "16"]
    asked = ["--cases", str(CASES[target]), "--out", tmp_path]
    done = subprocess.run([*fuzzer, *asked], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert f"{target:12}{CASES[target]:10,}" in done.stdout


def test_a_bound_on_time_holds() -> None:
    def forever() -> None:
        while True:
            pass

    with pytest.raises(TooLong), bounded(seconds=0.05):
        forever()
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts addresses so")
def test_a_bound_on_memory_holds() -> None:
    with pytest.raises(MemoryError), bounded(memory=64 << 20):
        bytearray(1 << 28)
    bytearray(1 << 28)
