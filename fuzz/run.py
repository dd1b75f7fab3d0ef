"""Run a fuzzer: cases made from (seed, number) alone, each in a child process that it may bring down.

    python fuzz/run.py --target bundles --cases 200000 --seed 1 --jobs 2
    python fuzz/run.py --minutes 10                          every target in turn
    python fuzz/run.py --target bundles --replay 1:4711      one case again, here, with its traceback

What a case may do: be refused by an error of ours, or be answered. An error of another type, a signal, a hang and
memory beyond a bound are findings; each is kept once in --out, by where it happened, with how to see it again.
"""

import argparse
import contextlib
import faulthandler
import gc
import hashlib
import importlib.util
import json
import mmap
import os
import re
import resource
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "fuzz"), str(ROOT / "src")]
# One thread: what is looked for does not hang on it, and a fork stays quick.
os.environ.setdefault("HITHERTO_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

__all__ = ["OUTCOMES", "Finding", "Report", "main", "run", "targets"]

OUTCOMES = ("refused", "answered", "partly", "error", "memory", "hang", "signal")
TARGETS = ("bundles", "blobs", "files", "checkpoints")
BUGS = OUTCOMES[3:]
SECONDS = 2.0  # of the processor, for one case
AGAIN = (
    10.0  # for one that took longer: a busy machine doubles the time of the processor too, a hang has no end
)
MEMORY = 512 << 20  # bytes that a case may take beyond what the process has
SILENCE = 180.0  # seconds of the clock after which a child that says nothing is ended
_MISTAKE = 70  # what a child ends with that has failed itself
_SLOT = struct.Struct(f"<qd{len(OUTCOMES)}q")  # the case that runs, the slowest so far, counts of outcomes


class Target(Protocol):
    """What is fuzzed: `make` a case from a random source, `run` it, `save` what it was made of."""

    def make(self, random: Random) -> Any: ...
    def run(self, case: Any, random: Random) -> int: ...
    def save(self, case: Any, folder: Path) -> None: ...


def targets() -> dict[str, type]:
    """The targets by name."""
    from blobs import Blobs
    from bundles import Bundles
    from checkpoints import Checkpoints
    from readers import Files

    return dict(zip(TARGETS, (Bundles, Blobs, Files, Checkpoints), strict=True))


def _instrumented(path: Path) -> None:
    """Take another build of the extension, as one under a sanitizer, for the package's own."""
    spec = importlib.util.spec_from_file_location("hitherto._native", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no extension")
    module = importlib.util.module_from_spec(spec)
    sys.modules["hitherto._native"] = module
    spec.loader.exec_module(module)


@dataclass(slots=True)
class Finding:
    """One way to fail: where, the first case that did, how many did."""

    outcome: str
    where: str
    case: int
    detail: str
    count: int = 1


@dataclass(slots=True)
class Report:
    """What came of a run."""

    target: str
    seed: int
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    findings: dict[str, Finding] = field(default_factory=dict)
    seconds: float = 0.0
    processor: float = 0.0  # seconds of it
    slowest: float = 0.0

    @property
    def cases(self) -> int:
        return sum(self.counts.values())

    def add(self, found: Finding) -> None:
        """Count a finding; kept is the one with the lowest number. The first of its kind is told at once."""
        known = self.findings.setdefault(f"{found.outcome} {found.where}", found)
        if known is found:
            print(f"  {found.outcome} at case {self.seed}:{found.case}, {found.where}", flush=True)
        else:
            count = known.count + 1
            if found.case < known.case:
                self.findings[f"{found.outcome} {found.where}"] = known = found
            known.count = count

    def table(self) -> str:
        head = f"{'target':12}" + "".join(f"{name:>10}" for name in ("cases", *OUTCOMES))
        row = f"{self.target:12}" + "".join(f"{n:10,}" for n in (self.cases, *self.counts.values()))
        speed = (self.cases / max(seconds, 1e-9) for seconds in (self.seconds, self.processor))
        said = "{:.0f} a second, {:.0f} for one of the processor".format(*speed)
        return f"{head}\n{row}\n{said}; the slowest took {self.slowest:.2f} s; seed {self.seed}"


class _Hang(BaseException):
    """A case that takes too long; no handler of the package takes it for one of its errors."""


def _random(seed: int, case: int) -> Random:
    return Random(f"{seed}:{case}")


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise _Hang


# ------------------------------------------------------------------------------------------------------ one case


def attempt(
    target: Target, seed: int, number: int, seconds: float = SECONDS
) -> tuple[str, BaseException | None]:
    """The outcome of a case, and the error where it is a finding."""
    from hitherto.errors import HithertoError

    random = _random(seed, number)
    case = _made(target, random)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            refused = target.run(case, random)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except HithertoError:
        return "refused", None
    except MemoryError as error:
        return "memory", error
    except _Hang as error:
        return "hang", error
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return "error", error
    return "partly" if refused else "answered", None


def _made(target: Target, random: Random) -> Any:
    """A case; one that takes long to make is a mistake here."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return target.make(random)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _where(error: BaseException) -> str:
    """By which findings are told apart: the error's type and the innermost frames of the package."""
    frames = traceback.extract_tb(error.__traceback__)
    hung = isinstance(error, _Hang)  # anywhere in a loop
    own = [
        f"{Path(f.filename).name}:{f.name}" + ("" if hung else f":{f.lineno}")
        for f in frames
        if f"{os.sep}hitherto{os.sep}" in f.filename
    ]
    name = "hang" if hung else type(error).__name__
    return f"{name} at {' < '.join(reversed(own[-2:])) or 'the harness'}"


# ------------------------------------------------------------------------------------------------- the child's side


def _work(
    target: Target, seed: int, numbers: Iterator[int], slot: mmap.mmap, pipe: int, until: float
) -> None:
    """Run cases one after another, each noted before it begins; ends the process."""
    counts, slowest = [0] * len(OUTCOMES), 0.0
    for number in numbers:
        _SLOT.pack_into(slot, 0, number, slowest, *counts)
        resource.setrlimit(
            resource.RLIMIT_CPU, (int(time.process_time() + SECONDS + AGAIN) + 5, resource.RLIM_INFINITY)
        )
        begun = time.process_time()
        outcome, error = attempt(target, seed, number)
        if outcome == "hang":
            outcome, error = attempt(target, seed, number, AGAIN)
        slowest = max(slowest, time.process_time() - begun)
        counts[OUTCOMES.index(outcome)] += 1
        if error is not None:
            said = "".join(traceback.format_exception(error, limit=-12))[-6000:]
            line = json.dumps({"outcome": outcome, "where": _where(error), "case": number, "detail": said})
            _send(pipe, line.encode(errors="replace") + b"\n")
            error.__traceback__ = None
        if sum(counts) % 500 == 0:
            gc.collect()
            os.ftruncate(2, 0)  # of what libraries say of damaged files
        if time.monotonic() > until:
            break
    _SLOT.pack_into(slot, 0, -1, slowest, *counts)


def _send(pipe: int, line: bytes) -> None:
    while line:
        line = line[os.write(pipe, line) :]


def _child(
    name: str, seed: int, numbers: Iterator[int], slot: mmap.mmap, pipe: int, log: Path, until: float
) -> int:
    """Fork; the child's number comes back."""
    process = os.fork()
    if process:
        return process
    status = _MISTAKE
    try:
        handle = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_WRONLY)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        signal.signal(signal.SIGPROF, _alarm)
        faulthandler.enable(handle, all_threads=False)
        faulthandler.register(signal.SIGXCPU, handle, all_threads=False, chain=True)
        warnings.simplefilter("ignore")
        target = targets()[name](log.parent)
        gc.collect()
        gc.freeze()
        if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # the shadow of which takes terabytes
            now = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
            resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _work(target, seed, numbers, slot, pipe, until)
        status = 0
    except BaseException:
        traceback.print_exc()  # of the harness, which the parent says
    finally:
        os._exit(status)


# ------------------------------------------------------------------------------------------------ the parent's side


@dataclass(slots=True)
class _Job:
    """A child and what it has to do: every `step`-th number from `first` on."""

    first: int
    step: int
    slot: mmap.mmap
    log: Path
    process: int = 0
    pipe: int = -1
    rest: bytes = b""
    seen: tuple[int, float] = (-1, 0.0)  # the case that it was at, and since when
    done: bool = False


def run(
    name: str,
    seed: int,
    cases: int | None,
    minutes: float | None = None,
    jobs: int = 1,
    say: Any = print,
    first: int = 0,
) -> Report:
    """Run so many cases, or for so many minutes, and count what came of them."""
    report, begun, spent = Report(name, seed), time.monotonic(), _processor()
    last = sys.maxsize if cases is None else first + cases
    with tempfile.TemporaryDirectory(dir=_quick()) as folder:
        until = time.monotonic() + (60 * minutes if minutes is not None else 1e9)
        works = []
        for at in range(jobs):
            own = Path(folder) / f"{at}"
            own.mkdir()
            works.append(_Job(first + at, jobs, mmap.mmap(-1, mmap.PAGESIZE), own / "log"))
        told = time.monotonic()
        while not all(job.done for job in works):
            for job in works:
                if not job.done and not job.process:
                    _begin(job, name, seed, last, until)
            _listen([job for job in works if job.process], report)
            for job in works:
                if job.process:
                    _look(job, report, until, last)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                report.seconds = told - begun
                say(_running(report, works))
    report.seconds = time.monotonic() - begun
    report.processor = _processor() - spent
    return report


def _processor() -> float:
    """Seconds that children have spent."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _quick() -> str | None:
    """Where files are in memory, if there is such a place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _begin(job: _Job, name: str, seed: int, last: int, until: float) -> None:
    reads, writes = os.pipe()
    numbers = iter(range(job.first, last, job.step))
    _SLOT.pack_into(job.slot, 0, job.first, 0.0, *[0] * len(OUTCOMES))
    job.process = _child(name, seed, numbers, job.slot, writes, job.log, until)
    os.close(writes)
    job.pipe, job.rest, job.seen = reads, b"", (-1, time.monotonic())


def _listen(jobs: list[_Job], report: Report) -> None:
    ready, _, _ = select.select([job.pipe for job in jobs], [], [], 0.2)
    for job in jobs:
        if job.pipe in ready:
            job.rest += os.read(job.pipe, 1 << 16)
        *lines, job.rest = job.rest.split(b"\n")
        for line in lines:
            report.add(Finding(**json.loads(line)))


def _look(job: _Job, report: Report, until: float, last: int) -> None:
    """Whether the child goes on, is done, has died or hangs."""
    ended, status = os.waitpid(job.process, os.WNOHANG)
    now = time.monotonic()
    case = _SLOT.unpack_from(job.slot, 0)[0]
    if not ended:
        if case != job.seen[0]:
            job.seen = (case, now)
        elif now - job.seen[1] > SILENCE:
            os.kill(job.process, signal.SIGKILL)
        return
    while more := os.read(job.pipe, 1 << 16):
        job.rest += more
    _listen_rest(job, report)
    os.close(job.pipe)
    job.process = 0
    case, slowest, *counts = _SLOT.unpack_from(job.slot, 0)
    report.slowest = max(report.slowest, slowest)
    for name, count in zip(OUTCOMES, counts, strict=True):
        report.counts[name] += count
    if case < 0:
        job.done = True
        return
    found = _death(case, status, job.log)
    report.counts[found.outcome] += 1
    report.add(found)
    job.first = case + job.step
    job.done = job.first >= last or now > until


def _listen_rest(job: _Job, report: Report) -> None:
    for line in job.rest.split(b"\n"):
        if line:
            report.add(Finding(**json.loads(line)))
    job.rest = b""


def _death(case: int, status: int, log: Path) -> Finding:
    """What a child died of, by what it left."""
    said = log.read_text(errors="replace")[-8000:] if log.exists() else ""
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _MISTAKE:
        raise RuntimeError(f"the harness failed at case {case}:\n{said}")
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    hung = number in (signal.SIGXCPU, signal.SIGKILL)
    name = signal.Signals(number).name if number else f"exit {os.WEXITSTATUS(status)}"
    sanitizer = re.search(r"ERROR: (AddressSanitizer: [\w-]+)|(runtime error: .{0,80})", said)
    native = re.findall(r"#\d+ 0x[0-9a-f]+ in (\S+) .*?([\w.]+:\d+)", said)[:3]
    own = re.findall(r'File ".*?hitherto/([\w/.]+)", line (\d+) in (\w+)', said)[:2]
    places = [f"{f}:{at}" for f, at in native] or [f"{Path(p).name}:{f}:{n}" for p, n, f in own]
    what = "hang" if hung else next((g for g in sanitizer.groups() if g), name) if sanitizer else name
    return Finding("hang" if hung else "signal", f"{what} at {' < '.join(places) or 'no place'}", case, said)


def _running(report: Report, jobs: list[_Job]) -> str:
    counts = dict(report.counts)
    for job in jobs:
        for name, count in zip(OUTCOMES, _SLOT.unpack_from(job.slot, 0)[2:], strict=True):
            counts[name] += count if not job.done else 0
    total = sum(counts.values())
    said = ", ".join(f"{counts[name]:,} {name}" for name in OUTCOMES if counts[name])
    return f"  {total:,} cases, {total / report.seconds:.0f} a second: {said}"


# ---------------------------------------------------------------------------------------------------- what is kept


def _keep(report: Report, out: Path) -> None:
    """The table, and a folder for each finding: what happened, how to see it again, and the file."""
    out.mkdir(parents=True, exist_ok=True)
    lines = [report.table(), ""]
    findings = sorted(report.findings.values(), key=lambda f: (-OUTCOMES.index(f.outcome), -f.count))
    signal.signal(signal.SIGPROF, _alarm)
    with tempfile.TemporaryDirectory(dir=_quick()) as scratch:
        target = targets()[report.target](Path(scratch)) if findings else None
        for found in findings:
            again = f"python fuzz/run.py --target {report.target} --replay {report.seed}:{found.case}"
            lines.append(f"{found.outcome:8}{found.count:7,}  {found.where}\n                 {again}")
            key = hashlib.sha256(f"{found.outcome} {found.where}".encode()).hexdigest()[:10]
            folder = out / f"{report.target}-{found.outcome}-{key}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "what.txt").write_text(
                f"{found.where}\n{found.count} cases\n{again}\n\n{found.detail}\n"
            )
            if target is not None:
                with contextlib.suppress(Exception, _Hang):
                    target.save(_made(target, _random(report.seed, found.case)), folder)
    (out / f"{report.target}.txt").write_text("\n".join(lines) + "\n")


def _replay(name: str, seed: int, number: int) -> int:
    with tempfile.TemporaryDirectory(dir=_quick()) as folder:
        target = targets()[name](Path(folder))
        signal.signal(signal.SIGPROF, _alarm)
        faulthandler.enable()
        warnings.simplefilter("ignore")
        outcome, error = attempt(target, seed, number, 20)
        print(f"case {number}: {outcome}")
        if error is not None:
            traceback.print_exception(error)
    return int(outcome in BUGS)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", action="append", choices=TARGETS, help="every one if not given")
    parser.add_argument("--cases", type=int, help="how many of each target")
    parser.add_argument("--minutes", type=float, help="how long in all; 1 if no --cases are given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--jobs", type=int, default=1, help="processes beside one another")
    parser.add_argument("--replay", metavar="SEED:NUMBER", help="one case again, in this process")
    parser.add_argument(
        "--native", type=Path, help="another build of the extension, as one under a sanitizer"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "fuzz", help="where findings are kept")
    given = parser.parse_args(arguments)
    names = given.target or list(TARGETS)
    if given.native:
        _instrumented(given.native.resolve())
    if given.replay:
        seed, number = map(int, given.replay.split(":"))
        return _replay(names[0], seed, number)
    minutes = given.minutes if given.minutes is not None else None if given.cases else 1.0
    worst = 0
    for name in names:
        each = None if minutes is None else minutes / len(names)
        report = run(
            name, given.seed, given.cases, each, given.jobs, lambda line: print(line, flush=True), given.first
        )
        _keep(report, given.out)
        print((given.out / f"{name}.txt").read_text(), flush=True)
        worst |= int(bool(report.findings))
    return worst


if __name__ == "__main__":
    sys.exit(main())
