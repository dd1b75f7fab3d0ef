"""Writers, readers and resumers of the same files at once, killed at any moment; and what they saw, checked.

    python racing.py FOLDER SECONDS

FOLDER has a model, m.safetensors. Every worker is a process, which writes down what it begins and what has ended, all
on one clock. The last line that is printed is JSON: what was counted, and `problems`.
"""

import json
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import hitherto
from hitherto import bundle, files
from hitherto.errors import HithertoError, UsageError
from hitherto.training import checkpoint

Log = Callable[..., None]


def now() -> int:
    return time.monotonic_ns()


def write(folder: Path, log: Log) -> None:
    """Models that differ in their weights, one after another, in the place of one file."""
    model = hitherto.open(folder / "m.safetensors", mmap=False)
    name = next(name for name, array in model.tensors.items() if array.dtype == np.float32)
    while True:
        number = now()
        tensors = {**model.tensors, name: model.tensors[name] + np.float32(number % 1000 / 1e5)}
        digest = bundle.digest(tensors, model.plan, model.codecs)
        made = hitherto.Model(model.spec, model.plan, model.codecs, tensors, made={"number": number})
        log("begin", number=number, digest=digest)
        made.save(folder / "m.safetensors")
        log("end", number=number)


def read(folder: Path, log: Log) -> None:
    for count in range(1 << 40):
        begun = now()
        model = hitherto.open(folder / "m.safetensors", mmap=count % 2 == 0)
        log("read", begun=begun, digest=model.digest, number=model.made["number"])
        model.predict(["a good film"])


def resume(folder: Path, log: Log) -> None:
    """What a training does with its folder, and without the training."""
    run = folder / "t.run"
    while True:
        try:
            with files.held(run / "lock", "the run"):
                log("held")
                found = checkpoint.latest(run / "checkpoints")
                first = 0 if found is None else found.step
                log("found", step=first, notes=[] if found is None else list(found.notes))
                for step in range(first + 1, first + 1 + random.randrange(4)):
                    checkpoint.save(run / "checkpoints", step, {"w": np.full(5_000, step)}, {"step": step})
                    log("saved", step=step)
                log("left")
        except UsageError as error:
            log("refused", said=str(error))
            time.sleep(0.001)


WORKS = {"write": write, "read": read, "resume": resume}


def start(work: str, folder: Path, number: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        random.seed(number)
        log_file = os.open(folder / f"{work}-{number}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def log(what: str, **values: Any) -> None:
            os.write(
                log_file, json.dumps({"what": what, "at": now(), "who": number, **values}).encode() + b"\n"
            )

        try:
            WORKS[work](folder, log)
        except BaseException as error:
            log("failed", error=f"{type(error).__name__}: {error}")
    finally:
        os._exit(1)


def race(folder: Path, seconds: float) -> int:
    """Keep two of each at work, and kill one every now and then; gives how many were killed."""
    (folder / "t.run").mkdir()
    numbers = iter(range(1 << 40))
    at_work = [(work, start(work, folder, next(numbers))) for work in WORKS for _ in range(2)]
    end, killed = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        time.sleep(random.uniform(0, 0.1))
        work, child = at_work.pop(random.randrange(len(at_work)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        killed += 1
        at_work.append((work, start(work, folder, next(numbers))))
    for _, child in at_work:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return killed


def events(folder: Path, work: str) -> list[dict[str, Any]]:
    found = []
    for path in folder.glob(f"{work}-*.log"):
        for line in path.read_bytes().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:  # killed in the middle of it
                assert not line.endswith(b"}")
    return sorted(found, key=lambda event: event["at"])


def check_models(folder: Path, first: dict[str, Any]) -> list[str]:
    """Each model that was read is one that was written, and none is read after another had taken its place for good."""
    begun = {event["number"]: event for event in events(folder, "write") if event["what"] == "begin"}
    begun[first["number"]] = first
    ended = {event["number"]: event["at"] for event in events(folder, "write") if event["what"] == "end"}
    ended[first["number"]] = first["at"]
    saves = sorted((at, begun[number]["at"]) for number, at in ended.items())
    latest, newest = [], 0  # of the saves that had ended by then: when the one that began last began
    for at, began in saves:
        newest = max(newest, began)
        latest.append((at, newest))
    problems, last, times = [], {}, [at for at, _ in latest]
    for event in events(folder, "read"):
        if event["what"] != "read":
            continue
        number = event["number"]
        if number not in begun or begun[number]["digest"] != event["digest"]:
            problems.append(f"a model was read that nobody has written: {event}")
            continue
        seen = int(np.searchsorted(times, event["begun"]))
        if seen and number in ended and ended[number] < latest[seen - 1][1]:
            problems.append(f"an older model was read than one that was whole by then: {event}")
        if number in ended and ended[number] < last.get(event["who"], 0):
            problems.append(f"a reader went back: {event}")
        last[event["who"]] = max(last.get(event["who"], 0), begun[number]["at"])
    return problems


def check_run(folder: Path) -> list[str]:
    """No step that was saved is lost, none is saved twice, and one at a time has the run."""
    problems, saved, holder = [], 0, None
    killed = {event["who"]: event["at"] for event in events(folder, "resume")}  # or ended: its last word
    for event in events(folder, "resume"):
        what, who = event["what"], event["who"]
        if what == "held":
            if holder is not None and holder != who and killed[holder] > event["at"]:
                problems.append(f"{who} has the run, and so has {holder}: {event}")
            holder = who
        elif what == "left":
            holder = None
        elif what == "found" and (event["step"] < saved or event["notes"]):
            problems.append(f"step {saved} was lost, or one is damaged: {event}")
        elif what == "saved":
            if event["step"] <= saved:
                problems.append(f"step {event['step']} was saved after {saved}")
            saved = event["step"]
        elif what == "refused" and not re.search(
            "in use by (process [0-9]+ on|another process)", event["said"]
        ):
            problems.append(f"refused for another reason: {event}")
    found = checkpoint.latest(folder / "t.run" / "checkpoints")
    if saved and (found is None or found.step < saved):
        problems.append(f"step {saved} was lost at the end")
    return problems


def main(folder: Path, seconds: float) -> dict[str, Any]:
    model = hitherto.open(folder / "m.safetensors", mmap=False)
    model.made = {"number": now()}
    first = {"number": model.made["number"], "at": now(), "digest": model.save(folder / "m.safetensors")}
    killed = race(folder, seconds)
    every = [event for work in WORKS for event in events(folder, work)]
    problems = [str(event) for event in every if event["what"] == "failed"]
    problems += check_models(folder, first) + check_run(folder)
    parts = len([*folder.rglob("*.part")])
    try:
        hitherto.open(folder / "m.safetensors").save(folder / "m.safetensors")
        checkpoint.save(folder / "t.run" / "checkpoints", 10**9, {}, {})
    except HithertoError as error:
        problems.append(str(error))
    left = [path.name for path in folder.rglob("*.part")]
    if left:
        problems.append(f"left behind: {left}")
    return {
        "seconds": seconds, "killed": killed, "parts": parts, "problems": problems,
        **Counter(event["what"] for event in every),
    }  # fmt: skip


if __name__ == "__main__":
    found = main(Path(sys.argv[1]), float(sys.argv[2]))
    print(json.dumps(found | {"problems": found["problems"][:20], "wrong": len(found["problems"])}))
