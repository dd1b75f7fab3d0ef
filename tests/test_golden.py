"""Old bundles open, and compute the same bits: digests of what those in `golden` say, for each instruction set."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hitherto import _native
from hitherto.spec.tasks import TASKS

HERE = Path(__file__).parent / "golden"
KEPT = json.loads((HERE / "digests.json").read_text())


@pytest.mark.parametrize("isa", _native.info()["isas"])
def test_old_bundles_compute_the_same_bits(isa: str) -> None:
    done = subprocess.run(
        [sys.executable, HERE / "answers.py"],
        capture_output=True, text=True, check=False, env={**os.environ, "HITHERTO_ISA": isa},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    computed = json.loads(done.stdout)
    known = {kind: KEPT[kind].get(key) for kind, key in computed["machine"].items()}
    if not any(known.values()):
        pytest.skip(f"no digests are kept of {computed['machine']['arrays']}")
    for kind, kept in known.items():
        if kept is not None:
            assert {name: computed[kind].get(name) for name in kept} == kept


def test_there_is_a_bundle_of_every_task_and_all_are_small() -> None:
    bundles = list(HERE.glob("*.safetensors"))
    assert {path.stem.split("-")[0] for path in bundles} == set(TASKS)
    assert sum(path.stat().st_size for path in bundles) < 2 << 20
    assert {path.stem for path in bundles} <= {key for known in KEPT["answers"].values() for key in known}
