"""Runs from a stranger: the checkpoint, the spec and the log of one, changed, its digest made right again, resumed."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from bundles import assembled
from mutate import Pool, array, data, document, text

import hitherto
from hitherto.bundle import fingerprint
from hitherto.tensors import open_tensors, row
from hitherto.training import checkpoint

__all__ = ["Checkpoints"]

Array = np.ndarray[Any, Any]
Case = tuple[dict[str, bytes], bool]  # the files of a run by their names, and whether it is resumed

_DATA = "text,label\n" + "a good film,+\na bad film,-\n" * 6
_RUNS: tuple[dict[str, Any], ...] = (
    {"optimizer": "adam", "average": 0.5, "bidirectional": False},
    {"optimizer": "sgd", "momentum": 0.5, "cell": "gru", "lr": 0.1},
)


class Checkpoints:
    """Mutated runs: the checkpoint read and unfolded, and some of them gone on with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs: list[dict[str, bytes]] = []
        self.pool = Pool()
        (folder / "data.csv").write_text(_DATA)
        for at, options in enumerate(_RUNS):
            out = folder / f"model{at}.safetensors"
            hitherto.train("classify", folder / "data.csv", out=out, input="text", output="label", hidden_size=3,
                           epochs=2, batch_size=4, threads=1, checkpoint_every=2, valid=0.3, **options)  # fmt: skip
            run = out.with_suffix(".run")
            keep = [path for path in run.rglob("*") if path.suffix in (".safetensors", ".toml", ".jsonl")]
            self.runs.append({str(path.relative_to(run)): path.read_bytes() for path in keep})
        for files in self.runs:
            self._parts(files)  # fills the pool

    def make(self, random: Random) -> Case:
        files = dict(random.choice(self.runs))
        for _ in range(random.choice((1, 1, 2))):
            if random.random() < 0.8:
                name = next(name for name in files if name.startswith("checkpoints"))
                files[name] = self._checkpoint(random, files[name])
            else:
                name = random.choice(list(files))
                files[name] = data(random, files[name])
        return files, random.random() < 0.2

    def run(self, case: Case, random: Random) -> int:
        files, resumed = case
        run = self.folder / "case.run"
        shutil.rmtree(run, ignore_errors=True)
        for name, holds in files.items():
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).write_bytes(holds)
        if resumed:
            hitherto.train("", resume=run)
            return 0
        saved = checkpoint.latest(run / "checkpoints")
        if saved is not None:
            checkpoint.unflatten(saved.arrays, saved.document)
        return 0

    def save(self, case: Case, folder: Path) -> None:
        for name, holds in case[0].items():
            (folder / "case.run" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "case.run" / name).write_bytes(holds)
        (folder / "how.txt").write_text("resumed\n" if case[1] else "read\n")

    def _parts(self, files: dict[str, bytes]) -> tuple[dict[str, str], dict[str, Array], Any]:
        name = next(name for name in files if name.startswith("checkpoints"))
        return self._opened(files[name])

    def _opened(self, holds: bytes) -> tuple[dict[str, str], dict[str, Array], Any]:
        path = self.folder / "seed.safetensors"
        path.write_bytes(holds)
        metadata, arrays = open_tensors(path)
        tensors = dict(arrays)
        found = json.loads(tensors["document"].tobytes())
        self.pool.add(found)
        return metadata, tensors, found

    def _checkpoint(self, random: Random, holds: bytes) -> bytes:
        """Its document, its arrays or its step are others; the digest is right where there is one."""
        with suppress(Exception):  # what was changed before need not be a checkpoint any more
            metadata, tensors, found = self._opened(holds)
            name, way = random.choice(list(tensors)), random.random()
            if way < 0.5:
                document(random, found, self.pool)
                tensors["document"] = np.frombuffer(json.dumps(found).encode(), np.uint8)
            elif way < 0.85:
                tensors[name] = array(random, tensors[name])
            elif way < 0.9:
                del tensors[name]
            elif way < 0.95:
                tensors[text(random, name)] = tensors.pop(name)
            else:
                metadata["step"] = text(random, metadata["step"])
            rows = {name: row(name, value) for name, value in tensors.items()}
            said = {"checkpoint": checkpoint.FORMAT, "step": int(metadata["step"])}
            metadata["digest"] = fingerprint(said, rows.values())
            return assembled(metadata, {name: (value, None) for name, value in tensors.items()}, {})
        return data(random, holds)
