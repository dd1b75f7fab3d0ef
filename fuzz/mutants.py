"""Plant small faults one at a time in a copy of the package, and see which tests notice.

    python fuzz/mutants.py                      all of them (`make mutants`)
    python fuzz/mutants.py --only resume,fsync  those whose names hold one of these words

Each row of `faults.py` names the tests that ought to notice it: only these are run, up to the first that fails. A fault
that no test notices is told at the end, and the exit status is 1.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faults import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 600  # for the tests of one fault


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", help="words, parted by commas, of which a fault's name holds one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    words = given.only.split(",") if given.only else [""]
    chosen = [mutant for mutant in MUTANTS if any(word in mutant.name for word in words)]
    begun = time.monotonic()
    with ThreadPoolExecutor(given.jobs) as pool:
        missed = [m for m, noticed in zip(chosen, pool.map(_noticed, chosen), strict=True) if not noticed]
    print(f"{len(chosen)} faults, {len(missed)} not noticed, in {time.monotonic() - begun:.0f} s")
    for mutant in missed:
        print(f"  not noticed: {mutant.name} ({mutant.file}, {mutant.tests} {mutant.asked})")
    return int(bool(missed))


# An editable install puts its own finder before every path: a copy of the package is found only without it.
_FIRST = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "Redirecting" not in type(finder).__name__]
"""


def _noticed(mutant: Mutant) -> bool:
    """Whether one of its tests fails on a copy of the package with the fault in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "src" / "sitecustomize.py").write_text(_FIRST)
        path = copy / "src" / "hitherto" / mutant.file
        text = path.read_text(encoding="utf-8")
        if text.count(mutant.old) != 1:
            raise SystemExit(
                f"{mutant.name}: {mutant.old!r} stands {text.count(mutant.old)} times in {mutant.file}"
            )
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        tests = [f"tests/{test}" for test in mutant.tests.split() if (ROOT / "tests" / test).exists()]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        command += ["-k", mutant.asked] if mutant.asked else []
        environment = os.environ | {"PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
        environment |= {"HITHERTO_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            status, said = 1, "it took too long"
        else:
            status, said = done.returncode, done.stdout
    if status not in (0, 1, 2) or "no tests ran" in said:
        raise SystemExit(f"{mutant.name}: the tests could not be run:\n{said}")
    first = next(
        (line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))), said.strip()[-80:]
    )
    print(
        f"{'noticed' if status else 'MISSED '}  {mutant.name:50} {first[:120] if status else ''}", flush=True
    )
    return status != 0


if __name__ == "__main__":
    sys.exit(main())
