"""A crash at any moment: what was done to the disk, in every order that a disk may have done it, opens as old or new.

`faults.c` writes down what a save does. `Disk` plays it again as the weakest file system that keeps to POSIX: what is
written to a file may be there, in part, or as zeros, until the file is synced; a name may be there or not, whatever
else is, until its folder is synced; only a rename is whole. What could be on the disk is made, and opened.
"""

import itertools
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hitherto
from hitherto import bundle
from hitherto import spec as specs
from hitherto.errors import BundleError, CheckpointError
from hitherto.training import checkpoint
from hitherto.training import run as run_module

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)

HERE = Path(__file__).parent
TEXTS = ("a good film", "a bad film")
ROWS = [{"text": text, "label": text.split()[1]} for text in TEXTS] * 8
State = dict[str, bytes | None]  # path -> what the file holds, None for a folder
VARIANTS = 6


class Node:
    """A file, or a folder, whatever its name."""

    def __init__(self, synced: bytes | None = b"") -> None:
        self.synced = self.now = synced

    def after(self, variant: int) -> bytes | None:
        """What may be there: what was synced, all, or something between."""
        if self.now is None or self.now == self.synced:
            return self.synced
        size = len(self.now)
        assert self.synced is not None
        return [
            self.synced,
            self.now,
            bytes(size),
            self.now[: size // 2],
            self.now[: size // 2] + bytes(size - size // 2),
            b"",
        ][variant]


class Disk:
    """What a disk may hold after a crash."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.synced: dict[str, Node] = {
            str(path.relative_to(root)): Node(None if path.is_dir() else path.read_bytes())
            for path in root.rglob("*")
        }
        self.synced["."] = Node(None)
        self.now = dict(self.synced)
        self.pending: list[tuple[str, dict[str, Node | None]]] = []  # (folder, names) of one change
        self.open: dict[int, tuple[str, Node]] = {}

    def change(self, names: dict[str, Node | None]) -> None:
        [folder] = {str(Path(name).parent) for name in names}
        self.pending.append((folder, names))
        _apply(self.now, names)

    def play(self, call: str, given: list[str], data: bytes) -> None:
        if call == "open":
            descriptor, create, cut, path = int(given[0]), given[1] == "1", given[2] == "1", given[3]
            if path not in self.now:
                assert create
                self.change({path: Node()})
            elif cut:
                self.now[path].now = b""
            self.open[descriptor] = path, self.now[path]
        elif call in ("rename", "unlink", "rmdir"):
            gone: dict[str, Node | None] = {given[0]: None}
            self.change(gone if call != "rename" else gone | {given[1]: self.now[given[0]]})
        elif call == "mkdir":
            self.change({given[0]: Node(None)})
        elif call == "dup":
            self.open[int(given[1])] = self.open[int(given[0])]
        elif call == "write":
            node, at = self.open[int(given[0])][1], int(given[1])
            assert node.now is not None
            node.now = node.now[:at].ljust(at, b"\0") + data + node.now[at + len(data) :]
        elif call in ("ftruncate", "ftruncate64"):
            node, size = self.open[int(given[0])][1], int(given[1])
            assert node.now is not None
            node.now = node.now[:size].ljust(size, b"\0")
        elif call in ("fsync", "fdatasync"):
            path, node = self.open[int(given[0])]
            node.synced = node.now
            if node.now is None:
                for folder, names in self.pending:
                    if folder == path:
                        _apply(self.synced, names)
                self.pending = [one for one in self.pending if one[0] != path]
        else:
            raise AssertionError(call)

    def states(self, draw: random.Random, most: int) -> Iterator[State]:
        """What may be there if it ends now: any changes of names, any contents of what was not synced."""
        every = list(itertools.product((True, False), repeat=min(len(self.pending), 10)))
        for chosen in every if len(every) <= most else draw.sample(every, most):
            names = dict(self.synced)
            for take, (_, change) in zip(
                itertools.chain(chosen, itertools.repeat(True)), self.pending, strict=False
            ):
                if take:
                    _apply(names, change)
            there = {path: node for path, node in names.items() if _reachable(path, names)}
            dirty = any(node.now != node.synced for node in there.values())
            for variant in range(VARIANTS if dirty else 1):
                yield {path: node.after(variant) for path, node in there.items() if path != "."}


def _apply(names: dict[str, Node], change: dict[str, Node | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def _reachable(path: str, names: dict[str, Node]) -> bool:
    while path != ".":
        path = str(Path(path).parent)
        if path not in names:
            return False
    return True


def make(state: State, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, data in sorted(state.items()):
        if data is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(data)
    return folder


# ---------------------------------------------------------------------------------------------------- recording


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
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "source"
    folder.mkdir()
    options: dict[str, Any] = {
        "input": "text",
        "output": "label",
        "tokens": "words",
        "hidden_size": 4,
        "epochs": 1,
    }
    hitherto.train("classify", ROWS, threads=1, **options).save(folder / "m.safetensors")
    return folder


def crashes(
    library: Path, source: Path, work: Path, name: str, check: Callable[[Path, list[str]], None],
    without: str = "", most: int = 64,
) -> tuple[int, int]:  # fmt: skip
    """Check each state that a crash may leave; gives how many calls there were, and how many states."""
    folder, before, log = work / "folder", work / "before", work / "log"
    shutil.copytree(source, folder)
    quiet = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "HITHERTO_NUM_THREADS"), "1")
    program = [
        sys.executable,
        str(HERE / "faulty.py"),
        "record",
        name,
        *map(str, (folder, before, log)),
        without,
    ]
    subprocess.run(program, check=True, env=os.environ | quiet | {"LD_PRELOAD": str(library)})
    disk, draw, seen = Disk(before), random.Random(0), set()
    notes: list[str] = []
    lines = 0
    with log.open("rb") as file:
        for line in file:
            call, *given = os.fsdecode(line.rstrip(b"\n")).split(" ")
            given = [os.path.relpath(word, folder) if word.startswith("/") else word for word in given]
            if call == "note":
                notes.append(" ".join(given))
            else:
                disk.play(call, given, file.read(int(given[2])) if call == "write" else b"")
            lines += 1
            for state in disk.states(draw, most):
                key = (len(notes), hash(frozenset(state.items())))
                if key not in seen:
                    seen.add(key)
                    check(make(state, work / "after"), notes)
    assert notes[-1] == "done"
    return lines, len(seen)


# ----------------------------------------------------------------------------------------------------- old or new


def bundle_is_whole(folder: Path, notes: list[str]) -> None:
    path = folder / "m.safetensors"
    found = bundle.read(path)
    assert found.made == {"note": "new"} or (found.made != {} and notes == [])
    hitherto.open(path).save(path)
    assert [file.name for file in folder.iterdir()] == ["m.safetensors"], "the next save cleans up"


def checkpoint_is_whole(folder: Path, notes: list[str]) -> None:
    kept = folder / "checkpoints"
    found = checkpoint.latest(kept)
    assert found is not None
    assert found.notes == ()
    assert found.step == 2 or (found.step == 1 and not notes)
    tree = checkpoint.unflatten(found.arrays, found.document)
    assert tree["step"] == found.step
    assert (tree["weights"]["w"] == found.step).all()
    goes_on(kept)


def first_is_whole(folder: Path, notes: list[str]) -> None:
    kept = folder / "deep" / "checkpoints"
    found = checkpoint.latest(kept)
    assert (found is None and not notes) or (found is not None and found.step == 1)
    goes_on(kept)


def goes_on(kept: Path) -> None:
    checkpoint.save(kept, 3, {}, {"step": 3})
    assert [file.name for file in kept.iterdir()] == ["step-00000003.safetensors"], "the next save cleans up"


def test_a_bundle_after_a_crash_is_the_old_or_the_new(library: Path, source: Path, tmp_path: Path) -> None:
    lines, states = crashes(library, source, tmp_path, "saving", bundle_is_whole)
    print(lines, "calls", states, "states")
    assert lines > 6
    assert states > 15


@pytest.mark.parametrize(
    ("name", "check"), [("checkpointing", checkpoint_is_whole), ("beginning", first_is_whole)]
)
def test_a_checkpoint_after_a_crash_is_the_old_or_the_new(
    library: Path, source: Path, tmp_path: Path, name: str, check: Callable[[Path, list[str]], None]
) -> None:
    lines, states = crashes(library, source, tmp_path, name, check)
    print(lines, "calls", states, "states")
    assert lines > 8
    assert states > 15


@pytest.mark.parametrize(("name", "check"), [("saving", bundle_is_whole), ("beginning", first_is_whole)])
def test_what_does_not_sync_is_found_out(
    library: Path, source: Path, tmp_path: Path, name: str, check: Callable[[Path, list[str]], None]
) -> None:
    with pytest.raises((AssertionError, BundleError, CheckpointError)):
        crashes(library, source, tmp_path, name, check, without="fsync")


class Run:
    """A run after a crash: nothing that was said to be saved is lost, and it ends as it would have ended."""

    def __init__(self, resume: bool) -> None:
        self.resume = resume
        self.digests: set[str] = set()
        self.resumed = 0

    def __call__(self, folder: Path, notes: list[str]) -> None:
        out, run = folder / "deep" / "t.safetensors", folder / "deep" / "t.run"
        if "done" in notes or out.exists():
            self.digests.add(hitherto.open(out).digest)
        saved = [int(note.split(" ")[1]) for note in notes if note.startswith("saved")]
        if not saved:
            return
        found = run_module._newest(run)
        assert found.step >= saved[-1]
        spec = specs.read(run / "spec.toml")
        if self.resume:
            assert spec.out is not None
            text = (run / "spec.toml").read_text().replace(spec.out, str(out))
            (run / "spec.toml").write_text(text)
            self.digests.add(hitherto.train("", ROWS, resume=run).digest)
            self.resumed += 1
        assert len(self.digests) <= 1


def test_a_run_after_a_crash_has_what_was_saved(library: Path, source: Path, tmp_path: Path) -> None:
    lines, states = crashes(library, source, tmp_path, "training", Run(resume=False), most=1)
    print(lines, "calls", states, "states")
    assert states > 50


@pytest.mark.soak
def test_a_run_after_a_crash_ends_with_the_same_bits(library: Path, source: Path, tmp_path: Path) -> None:
    check = Run(resume=True)
    lines, states = crashes(library, source, tmp_path, "training", check, most=8)
    print(lines, "calls", states, "states", check.resumed, "resumed")
    assert check.resumed > 100
