"""Plant small faults one at a time in a copy of the package, and see which tests notice.

    python fuzz/mutants.py                      all of them (`make mutants`)
    python fuzz/mutants.py --only resume,fsync  those whose names hold one of these words
    python fuzz/mutants.py --sound              the same tests without any fault: they must all pass
    python fuzz/mutants.py --native             those of `native_faults.py`: each compiles for a minute or more

Each row of `faults.py` and `native_faults.py` names the tests that ought to notice it: only these are run, up to the
first that fails, each in a fork of this process, which has imported what takes long. A fault that no test notices
is told at the end, and the exit status is 1.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from importlib.util import find_spec
from pathlib import Path

from faults import MUTANTS, Mutant
from native_faults import NATIVE_MUTANTS

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "build" / "mutants"  # a copy of the native source, and what it compiles to
SECONDS = 900  # for the tests of one fault; it may make a loop endless


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", help="words, parted by commas, of which a fault's name holds one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--native", action="store_true", help="plant the faults of the extension, not the others"
    )
    parser.add_argument("--sound", action="store_true", help="plant nothing: the tests must pass")
    given = parser.parse_args(arguments)
    words = given.only.split(",") if given.only else [""]
    waiting = [
        m for m in (NATIVE_MUTANTS if given.native else MUTANTS) if any(word in m.name for word in words)
    ]
    if given.sound:
        waiting = list({(mutant.tests, mutant.asked): mutant for mutant in waiting}.values())
    _import()
    begun, count = time.monotonic(), len(waiting)
    wrong: list[Mutant] = []
    running: dict[int, tuple[Mutant, Path]] = {}
    while waiting or running:
        while waiting and len(running) < (1 if given.native else given.jobs):
            mutant, folder = waiting.pop(0), Path(tempfile.mkdtemp())
            running[_begin(mutant, folder, given.sound)] = mutant, folder
        child, status = os.wait()
        mutant, folder = running.pop(child)
        noticed = _said(mutant, status, (folder / "said").read_text(errors="replace"))
        shutil.rmtree(folder, ignore_errors=True)
        if noticed is None or noticed == given.sound:
            wrong.append(mutant)
    what = "test runs, {} fail" if given.sound else "faults, {} not noticed"
    print(f"{count} {what.format(len(wrong))}, in {time.monotonic() - begun:.0f} s")
    for mutant in wrong:
        print(f"  {mutant.name} ({mutant.file}, {mutant.tests} {mutant.asked})")
    return int(bool(wrong))


def _import() -> None:
    """What tests import that takes long, and nothing of the package."""
    import numpy as np
    import pytest

    print(f"pytest {pytest.__version__}, numpy {np.__version__}", end="")
    if find_spec("torch") is not None:
        os.environ["OMP_NUM_THREADS"] = "1"  # threads would not live on in a fork
        import torch

        torch.set_num_threads(1)
        print(f", torch {torch.__version__}", end="")
    print(flush=True)


def _begin(mutant: Mutant, folder: Path, sound: bool) -> int:
    """Copy the package, plant the fault, and fork a process that runs the tests."""
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    if mutant.file.startswith("native/"):
        shutil.copy(_compiled(mutant, sound), source / "hitherto")
    else:
        path = source / "hitherto" / mutant.file
        path.write_text(_planted(mutant, path, sound), encoding="utf-8")
    # For the processes that tests start: an editable install puts its own finder before every path.
    (source / "sitecustomize.py").write_text(f"import sys\n{_PLAIN}\n")
    child = os.fork()
    if child:
        return child
    status = 3
    try:
        import pytest

        signal.alarm(SECONDS)
        said = os.open(folder / "said", os.O_CREAT | os.O_WRONLY)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(ROOT)
        sys.meta_path[:] = [finder for finder in sys.meta_path if "Redirecting" not in type(finder).__name__]
        sys.path[:0] = [str(source)]
        os.environ |= {"PYTHONPATH": str(source), "HITHERTO_NUM_THREADS": "1"}
        sys.dont_write_bytecode = True
        tests = [f"tests/{test}" for test in mutant.tests.split()]
        asked = ["-k", mutant.asked] if mutant.asked else []
        status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests, *asked]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _planted(mutant: Mutant, path: Path, sound: bool) -> str:
    """The text of the file with the fault in it."""
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(
            f"{mutant.name}: {mutant.old!r} stands {text.count(mutant.old)} times in {mutant.file}"
        )
    return text if sound else text.replace(mutant.old, mutant.new)


def _compiled(mutant: Mutant, sound: bool) -> Path:
    """The extension with the fault in it, for this machine; only what has changed is compiled."""
    for path in [ROOT / "CMakeLists.txt", *(ROOT / "native").glob("*.*")]:
        name = path.relative_to(ROOT)
        text = path.read_text(encoding="utf-8")
        if str(name) == mutant.file:
            text = _planted(mutant, path, sound)
        copy = NATIVE / name
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text, encoding="utf-8")
    build = NATIVE / "build"
    found = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    options = [
        "-G",
        "Ninja",
        "--log-level=WARNING",
        f"-DPython_EXECUTABLE={sys.executable}",
        "-DHITHERTO_ISAS=native",
    ]
    for command in (
        ["cmake", "-S", str(NATIVE), "-B", str(build), *options],
        ["cmake", "--build", str(build)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=found)
        if done.returncode:
            raise SystemExit(f"{mutant.name} does not compile:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return build / "_native.abi3.so"


_PLAIN = 'sys.meta_path[:] = [f for f in sys.meta_path if "Redirecting" not in type(f).__name__]'


def _said(mutant: Mutant, status: int, said: str) -> bool | None:
    """Whether a test failed, and which; None where none could be run."""
    code = os.waitstatus_to_exitcode(status)  # below 0 it is a signal: a test has ended its process
    if code > 2:  # pytest could not run the tests that the row names: the row is out of date
        print(f"no tests {mutant.name:50} {' '.join(said.split())[-120:]}", flush=True)
        return None
    first = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE)
    which = first[1] if first else said.strip().splitlines()[-1][:80] if said.strip() else f"signal {-code}"
    print(f"{'fails  ' if code else 'passes '} {mutant.name:50} {which}", flush=True)
    return code != 0


if __name__ == "__main__":
    sys.exit(main())
