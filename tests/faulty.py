"""Run scenarios again and again, each time with another call that fails; see `faults.c`.

    LD_PRELOAD=faults.so python faulty.py FOLDER SCENARIO:KIND:ERRNOS:MORE:STRIDE ...
    LD_PRELOAD=faults.so python faulty.py record SCENARIO FOLDER BEFORE LOG WITHOUT

FOLDER has a model, m.safetensors. Of KIND files, memory or short, every call that is a multiple of STRIDE fails, alone
or (MORE is 1) with all that follow, by one of the ERRNOS after another. Prints a line of JSON for each scenario.

Each try is a process of its own, forked when all is imported, so that one failure cannot make the next. A try is well
if it ends in success, in an error of this package or, for want of memory, in MemoryError; if it leaves no descriptor
open and no part of a file; and if the old or the new file is whole. It is not well if a signal ends it.
"""

import ctypes
import functools
import gc
import io
import json
import os
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import hitherto
from hitherto import cli
from hitherto.errors import HithertoError
from hitherto.training import checkpoint

LIBRARY = ctypes.CDLL(None)
LIBRARY.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_int]
LIBRARY.faults_disarm.restype = ctypes.c_long
KINDS = {"files": 1, "memory": 2, "short": 3}
SCARCE = (  # what CPython, numpy and OpenSSL say in place of MemoryError
    "can't allocate read lock",
    "error return without exception set",
    "returned NULL without setting an exception",
    "digital envelope routines",
)
TEXTS = ["a good film", "a bad film"]


class Scenario:
    """`prepare` fills a folder, `act` is what may fail, `look` raises AssertionError where something is lost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "m.safetensors"
        self.answers = hitherto.open(self.model).predict(TEXTS)

    def prepare(self) -> None:
        """Before any failure."""

    def act(self) -> None:
        """What fails at the nth call."""

    def look(self, done: bool) -> None:
        """Whether all is there, now that nothing fails any more."""


class Opening(Scenario):
    mmap = True

    def act(self) -> None:
        hitherto.open(self.model, mmap=self.mmap)

    def look(self, done: bool) -> None:
        assert hitherto.open(self.model).predict(TEXTS) == self.answers


class Copying(Opening):
    mmap = False


class Predicting(Opening):
    def prepare(self) -> None:
        self.opened = hitherto.open(self.model)
        self.out = self.folder / "answers.csv"
        self.out.write_text("before")
        (self.folder / "in.csv").write_text("text\n" + "\n".join(TEXTS) + "\n")

    def act(self) -> None:
        run("predict", str(self.model), str(self.folder / "in.csv"), "--out", str(self.out))

    def look(self, done: bool) -> None:
        super().look(done)
        text = self.out.read_text()
        assert text == "before" or (text.startswith("label") and text.count("\n") == 3), text
        assert not done or text != "before"
        assert self.opened.predict(TEXTS) == self.answers


class Saving(Opening):
    def prepare(self) -> None:
        self.opened = hitherto.open(self.model)
        self.opened.made = {"note": "new"}
        self.opened.digest  # noqa: B018 - known before

    def act(self) -> None:
        self.opened.save(self.model)

    def look(self, done: bool) -> None:
        super().look(done)
        assert not done or hitherto.open(self.model).made == {"note": "new"}


class Streaming(Opening):
    def prepare(self) -> None:
        self.kept = self.folder / "state.bin"
        self.live = hitherto.open(self.model).stream()
        self.live.push("a go")
        self.kept.write_bytes(self.live.save())
        sys.stdin = io.StringIO("od\n")

    def act(self) -> None:
        run("stream", str(self.model), "--load", str(self.kept), "--save", str(self.kept))

    def look(self, done: bool) -> None:
        super().look(done)
        later = hitherto.open(self.model).stream(self.kept.read_bytes())
        assert later.finish()["label"] in ("good", "bad", "end")


class Pushing(Opening):
    """A stream in memory: pushed, forked, saved, loaded."""

    def prepare(self) -> None:
        self.opened = hitherto.open(self.model)

    def act(self) -> None:
        stream = self.opened.stream()
        stream.push("a go")
        other = self.opened.stream(stream.fork().save())
        other.push("od film")
        assert other.peek() == other.finish()


class Checkpointing(Scenario):
    def prepare(self) -> None:
        self.kept = self.folder / "checkpoints"
        self.put(1)

    def put(self, step: int) -> None:
        tree = {"weights": {"w": np.full(30_000, step, np.float32)}, "step": step}
        checkpoint.save(self.kept, step, *checkpoint.flatten(tree))

    def act(self) -> None:
        self.put(2)

    def look(self, done: bool) -> None:
        found = checkpoint.latest(self.kept)
        assert found is not None
        assert not found.notes
        tree = checkpoint.unflatten(found.arrays, found.document)
        assert tree["step"] == found.step
        assert (tree["weights"]["w"] == found.step).all()
        assert not done or found.step == 2
        self.put(3)
        assert [path.name for path in self.kept.iterdir()] == ["step-00000003.safetensors"]


class Beginning(Checkpointing):
    """The first checkpoint, in a folder that is made for it."""

    def prepare(self) -> None:
        self.kept = self.folder / "deep" / "checkpoints"

    def act(self) -> None:
        self.put(1)

    def look(self, done: bool) -> None:
        found = checkpoint.latest(self.kept)
        assert not done or (found is not None and found.step == 1)
        self.put(3)


class Loading(Checkpointing):
    def act(self) -> None:
        found = checkpoint.latest(self.kept)
        assert found is not None
        checkpoint.unflatten(found.arrays, found.document)

    def look(self, done: bool) -> None:
        found = checkpoint.latest(self.kept)
        assert found is not None
        assert found.step == 1


class Training(Scenario):
    """A whole training, with a checkpoint at every step; needs torch."""

    def prepare(self) -> None:
        self.rows = [{"text": text, "label": text.split()[1]} for text in TEXTS] * 8

    def act(self) -> None:
        save = checkpoint.save

        def noted(folder: Any, step: int, *rest: Any, **options: Any) -> Path:
            path = save(folder, step, *rest, **options)
            LIBRARY.faults_note(f"saved {step}".encode())
            return path

        checkpoint.save = noted
        hitherto.train(
            "classify", self.rows, out=self.folder / "deep" / "t.safetensors", input="text", output="label",
            tokens="words", hidden_size=4, epochs=1, batch_size=4, threads=1, checkpoint_every=1,
        )  # fmt: skip


class Resuming(Scenario):
    """A whole training that goes on; needs torch, and takes its time."""

    def prepare(self) -> None:
        self.run = self.folder / "t.run"
        self.rows = [{"text": text, "label": text.split()[1]} for text in TEXTS] * 8

    def act(self) -> None:
        hitherto.train("", self.rows, resume=self.run)

    def look(self, done: bool) -> None:
        model = hitherto.train("", self.rows, resume=self.run)
        assert hitherto.open(self.folder / "t.safetensors").digest == model.digest


SCENARIOS = {
    scenario.__name__.lower(): scenario
    for scenario in (
        Opening, Copying, Predicting, Saving, Streaming, Pushing, Checkpointing, Beginning, Loading, Training,
        Resuming,
    )
}  # fmt: skip


class Refused(HithertoError):
    """The command line ended with an error that it had a sentence for."""


def run(*args: str) -> None:
    try:
        cli.main(args)
    except SystemExit as end:
        if end.code:
            raise Refused(str(end.code)) from end


def record(name: str, folder: Path, before: Path, log: Path, without: str) -> None:
    """Write to `log` what a scenario does to the files below `folder`, which are copied to `before` first.

    `without` names a function of os that does nothing meanwhile.
    """
    scenario = SCENARIOS[name](folder)
    scenario.prepare()
    shutil.copytree(folder, before)
    with log.open("wb") as file:
        LIBRARY.faults_record(os.fsencode(folder), file.fileno())
        if without:
            setattr(os, without, lambda *_: None)
        scenario.act()
        LIBRARY.faults_note(b"done")


def descriptors() -> list[str]:
    gc.collect()
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))  # noqa: PTH115 - no Path
        except FileNotFoundError:  # that of the listing itself
            continue
    return sorted(found)


def attempt(scenario: Scenario, kind: str, nth: int, number: int, more: bool) -> tuple[str, int]:
    """How it ended, in a word or a traceback; and how many calls were counted. In a process that is used up by it."""
    scenario.prepare()
    open_before, there = descriptors(), set(scenario.folder.rglob("*"))
    said = "well"
    LIBRARY.faults_arm(os.fsencode(scenario.folder), KINDS[kind], nth, number, more)
    try:
        scenario.act()
        counted = LIBRARY.faults_disarm()
    except BaseException as error:
        counted = LIBRARY.faults_disarm()
        said = type(error).__name__
        scarce = kind == "memory" and (
            isinstance(error, MemoryError) or any(text in str(error) for text in SCARCE)
        )
        if not isinstance(error, HithertoError) and not scarce:
            return traceback.format_exc(), counted
        del error
    try:
        left = descriptors()
        assert len(left) <= len(open_before), f"descriptors are open: {left}, where there were {open_before}"
        parts = [path.name for path in scenario.folder.rglob("*.part") if path not in there]
        assert not parts or more, f"parts are left: {parts}"
        scenario.look(said == "well")
        assert not list(scenario.folder.rglob("*.part")) or more, "parts are left at last"
    except BaseException:
        return traceback.format_exc(), counted
    return said, counted


def forked(make: Callable[[], tuple[str, int]]) -> tuple[str, int]:
    """`make` in a process of its own; its end by a signal is told as such."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with open(os.devnull, "w") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        try:
            text = json.dumps(make())
            os.write(writing, text.encode()[-60_000:])
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    if status or not data:
        return f"ended by status {status}", 0
    return tuple(json.loads(data))  # type: ignore[return-value]


def main(source: Path, name: str, kind: str, numbers: list[int], more: bool, stride: int) -> dict[str, Any]:
    work = source.parent / f"work-{source.name}"

    def fresh() -> Scenario:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(source, work)
        return SCENARIOS[name](work)

    attempt(fresh(), "files", 1 << 40, 5, False)  # all is imported now
    shutil.rmtree(work, ignore_errors=True)
    outcomes: Counter[str] = Counter()
    problems: list[str] = []
    nth, tries, total = stride, 0, 0
    while True:
        number = numbers[tries % len(numbers)]
        said, counted = forked(functools.partial(attempt, fresh(), kind, nth, number, more))
        tries += 1
        total = max(total, counted)
        if "\n" in said or said.startswith("ended"):
            problems.append(f"call {nth}, errno {number}, more {more}: {said[-3000:]}")
            said = "PROBLEM"
        outcomes[said] += 1
        if counted < nth and said != "PROBLEM":
            break
        if nth > 100_000 or len(problems) > 20:
            break
        nth += stride
    shutil.rmtree(work, ignore_errors=True)
    return {
        "scenario": name,
        "kind": kind,
        "tries": tries,
        "calls": total,
        "outcomes": outcomes,
        "problems": problems,
    }


if __name__ == "__main__":
    if sys.argv[1] == "record":
        name, *paths, without = sys.argv[2:]
        record(name, *map(Path, paths), without)
        sys.exit()
    for job in sys.argv[2:]:
        name, kind, numbers, more, stride = job.split(":")
        found = main(
            Path(sys.argv[1]), name, kind, [int(n) for n in numbers.split(",")], more == "1", int(stride)
        )
        print(json.dumps(found), flush=True)
