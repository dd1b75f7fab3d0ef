"""What every benchmark here shares: statistics, interleaved timing, the machine, files of results, jobs by name.

Results are JSON lines: one row for every run (what was measured, where, by which command) and one for
everything measured, each appended as soon as it is known, so that an interrupted run loses nothing and the
next one goes on.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Call = Callable[[], Any]

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DATA = Path(os.environ.get("HITHERTO_DATA", ROOT.parent / "shared" / "data"))
REPETITIONS = 15
# The sources whose change makes older measurements old.
MEASURED = (
    "src/hitherto/cells.py",
    "src/hitherto/model/layers.py",
    "src/hitherto/model/recurrent.py",
    "src/hitherto/model/cell_layers.py",
    "src/hitherto/model/kernels.py",
    "src/hitherto/model/paths.py",
    "src/hitherto/model/reference.py",
    "src/hitherto/model/weights.py",
    "native",
)


# ---- statistics


def quantile(values: Sequence[float], q: float) -> float:
    """The q-quantile, linear between neighbours (numpy's default)."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    return quantile(values, 0.5)


def median_interval(values: Sequence[float], coverage: float = 0.95) -> tuple[float, float, float]:
    """Confidence interval of the median as (low, high, the coverage it has).

    It lies between two order statistics, so it assumes only that the values are independent: the true median
    is below the k-th smallest of n with the probability that a fair coin falls heads fewer than k times in n.
    Of the symmetric intervals the shortest that covers enough is taken; below six values none does, and the
    whole range is returned with the coverage it has.
    """
    ordered, n = sorted(values), len(values)
    best = (ordered[0], ordered[-1], 1 - 2 * 0.5**n)
    for k in range(1, n // 2 + 1):
        outside = 2 * sum(math.comb(n, j) for j in range(k)) / 2**n
        if 1 - outside < coverage:
            break
        best = (ordered[k - 1], ordered[n - k], 1 - outside)
    return best


def summary(values: Sequence[float]) -> Row:
    """Median, quartiles and the 95 % interval of the median of one set of repetitions."""
    low, high, coverage = median_interval(values)
    return {
        "n": len(values),
        "median": rounded(median(values)),
        "q1": rounded(quantile(values, 0.25)),
        "q3": rounded(quantile(values, 0.75)),
        "low": rounded(low),
        "high": rounded(high),
        "coverage": round(coverage, 3),
    }


def geometric_mean(values: Iterable[float]) -> float:
    logs = [math.log(v) for v in values]
    if not logs:
        raise ValueError("the geometric mean of no values is not defined; give at least one")
    return math.exp(sum(logs) / len(logs))


def rounded(value: float, digits: int = 5) -> float:
    """`value` to so many significant digits: files stay small, and no digit that is noise looks like a
    result."""
    return float(f"{value:.{digits}g}")


# ---- timing


def seconds_of(call: Call, inner: int = 1) -> float:
    """Wall time of one call, averaged over `inner` calls in a row."""
    start = time.perf_counter()
    for _ in range(inner):
        call()
    return (time.perf_counter() - start) / inner


def interleave(
    calls: dict[str, Call],
    repetitions: int = REPETITIONS,
    least: float = 5e-3,
    limit: float = math.inf,
) -> dict[str, list[float]]:
    """Seconds per call of every contender in every repetition, measured in turn: a b c a b c ...

    A call shorter than `least` seconds is looped until a timed part is that long. Calls under 20 ms get one
    untimed call first, so that a timed part begins with its own data in the caches and its own threads awake.
    Repetitions shrink (never under 5) only where all of them together would take more than `limit` seconds.
    Garbage collection is off meanwhile.
    """
    guess = {name: seconds_of(call) for name, call in calls.items()}
    for name, call in calls.items():
        if guess[name] < 0.05:  # the first call may have paid for something once
            guess[name] = min(guess[name], *(seconds_of(call) for _ in range(3)))
    inner = {name: max(1, math.ceil(least / max(t, 1e-7))) for name, t in guess.items()}
    round_time = sum(inner[name] * guess[name] for name in calls)
    if repetitions * round_time > limit:
        repetitions = min(repetitions, max(5, int(limit / round_time)))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        for _ in range(repetitions):
            for name, call in calls.items():
                if guess[name] < 0.02:
                    call()
                taken[name].append(seconds_of(call, inner[name]))
    finally:
        if was_on:
            gc.enable()
    return taken


def ratios(taken: dict[str, list[float]], ours: str) -> dict[str, Row]:
    """Of every other contender: the summary of its time over ours, repetition by repetition (above 1: we
    win)."""
    return {
        name: summary([t / o for t, o in zip(times, taken[ours], strict=True)])
        for name, times in taken.items()
        if name != ours
    }


def steps_in_turn(ours: Callable[[int], float], theirs: Callable[[int], float], count: int) -> Row:
    """Step i of ours, step i of theirs, and so on: our time over theirs, and how far their losses ever differ.

    The first ten are not timed: they pay for what is made once.
    """
    taken: dict[str, list[float]] = {"hitherto": [], "torch": []}
    worst = 0.0
    for i in range(count):
        losses = []
        for name, step in (("hitherto", ours), ("torch", theirs)):
            started = time.perf_counter()
            losses.append(step(i))
            taken[name].append(time.perf_counter() - started)
        worst = max(worst, abs(losses[0] - losses[1]))
    pairs = [a / b for a, b in zip(taken["hitherto"][10:], taken["torch"][10:], strict=True)]
    low, high, _ = median_interval(pairs)
    return {
        "time_ratio": rounded(median(pairs), 3),
        "low": rounded(low, 3),
        "high": rounded(high, 3),
        "largest_loss_difference": rounded(worst, 2),
    }


def our_step(
    module: Any, optimizer: Any, batch: Any, train: Any, kept: Any = None, lr: float = 1.0
) -> tuple[float, Any]:
    """One step as the training loop takes it: its mean loss, and the state for the next."""
    from hitherto.training.step import forward

    total, count, kept = forward(module, batch, kept, train)
    total.backward()
    loss, _ = optimizer.gradient([total.detach()], [count])
    optimizer.step(lr)
    optimizer.clear()
    return loss, kept


# ---- where and what


def all_threads() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    facts: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    parts = [facts.get("model name", platform.machine())]
    if "cpu family" in facts:
        parts.append(f"family {facts['cpu family']} model {facts.get('model', '?')}")
    return ", ".join(parts)


def caches() -> dict[str, str]:
    """Size of every cache of the first core, such as {"L1d": "32K", "L2": "1024K"}; empty where unknown."""
    found = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = ((index / part).read_text().strip() for part in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            found[f"L{level}" + ("d" if kind == "Data" else "")] = size
    return found


def machine() -> Row:
    return {
        "cpu": cpu_name(),
        "cores": all_threads(),
        "caches": caches(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def versions(names: Iterable[str]) -> dict[str, str | None]:
    """Installed version of every distribution, None where absent."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def commit() -> str:
    """The commit of the working tree; "none" outside a repository, a final "+" with uncommitted changes in
    it."""

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return "none"
    return head + ("+" if git("status", "--porcelain", "--", "src", "native") else "")


def code_digest() -> str:
    """Digest of the sources that are measured: equal digests mean that older measurements still hold.

    A commit that changes only documents or results changes nothing here, so that runs go on across it.
    """
    digest = hashlib.sha256()
    for place in MEASURED:
        path = ROOT / place
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.suffix in {".py", ".cpp", ".h", ".inc"} and "tests" not in file.relative_to(ROOT).parts:
                digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


# ---- files of results


def append_row(path: Path, row: Row) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a kill cut the last line short
                file.write(b"\n")
        file.write(json.dumps(row).encode() + b"\n")


def read_rows(path: Path) -> list[Row]:
    """All rows of a file of results, none where there is no file. A line cut short by a kill is named and
    left out."""
    rows = []
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            print(f"{path.name}: line {number} is not JSON; left out", file=sys.stderr)
    return rows


# ---- jobs by name


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def finite(values: Mapping[str, Any]) -> Row:
    """Those of the values that are finite numbers with a fraction, rounded."""
    return {k: rounded(v) for k, v in values.items() if isinstance(v, float) and math.isfinite(v)}


def keep(path: Path, name: str, **row: Any) -> None:
    """Write one result of the benchmark down in its file, with what made it."""
    about = {
        "command": " ".join([f"python benchmarks/{path.stem}.py", *sys.argv[1:]]),
        "commit": commit(),
        "cpu": cpu_name(),
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }
    append_row(path, {"name": name, **row, **about})
    say(f"{name}: " + ", ".join(f"{k} {v}" for k, v in row.items()))


def fitted(
    runs: Path, name: str, task: str, data: Any, valid: Any = None, **options: Any
) -> tuple[Any, float]:
    """The model called `name`, trained now or before, and the seconds that its training took."""
    import hitherto

    out = runs / f"{name}.safetensors"
    run = out.with_suffix(".run")
    if out.exists():
        model = hitherto.open(out)
        return model, float(model.made["seconds"])

    def show(progress: Any, row: Row) -> None:
        if "loss" not in row:
            say(
                f"  {name} epoch {row['epoch'] + 1} step {row['step']}: "
                + " ".join(f"{k} {v:.4g}" for k, v in row.items() if isinstance(v, float))
            )

    if (run / "checkpoints").is_dir() and any((run / "checkpoints").iterdir()):
        # a run knows the files that it was given, and nothing else
        given = {"data": data, "valid": valid}
        again = {k: v for k, v in given.items() if not isinstance(v, str | Path | float)}
        model = hitherto.train(task, **again, resume=run, say=say, show=show)
    else:
        model = hitherto.train(task, data, valid=valid, out=out, say=say, show=show, **options)
    return model, float(model.made["seconds"])  # of training, over all of its processes


def run_named(
    about: str, jobs: Mapping[str, Callable[[Path], None]], folder: str, argv: Sequence[str] | None = None
) -> int:
    """The command line of a benchmark on real data: names of jobs, and where their trainings are kept."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=[*jobs, "all"], metavar="NAME", help=", ".join(jobs))
    parser.add_argument(
        "--runs", type=Path, default=ROOT / "benchmarks" / folder, help="where trainings are kept"
    )
    args = parser.parse_args(argv)
    if not DATA.is_dir():
        say(f"there is no folder {DATA}: set HITHERTO_DATA to the folder with the data sets")
        return 2
    args.runs.mkdir(parents=True, exist_ok=True)
    for name in jobs if "all" in args.names else args.names:
        jobs[name](args.runs)
    return 0
