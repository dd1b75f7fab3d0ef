"""Runs of training, told from their folders while they grow: what `log.jsonl` holds, from a byte on."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from hitherto.errors import UsageError
from hitherto.serve.refusals import Gone

__all__ = ["Runs", "is_run"]

PART = 1 << 20  # bytes of a log that are told at once
LOG = "log.jsonl"


def is_run(path: str) -> bool:
    """Whether this is the folder of a training, and not a model."""
    return Path(path).is_dir() and ((Path(path) / LOG).exists() or (Path(path) / "spec.toml").exists())


class Runs:
    """The runs that are shown, by name."""

    def __init__(self, folders: Iterable[str]) -> None:
        self.paths: dict[str, Path] = {}
        for folder in folders:
            path = Path(folder).resolve()
            name = path.name.removesuffix(".run")
            if name in self.paths:
                raise UsageError(f"two runs are named {name!r}: rename one of their folders.")
            self.paths[name] = path

    def read(self, name: str, at: int) -> dict[str, object]:
        """The rows of the log from byte `at` on, and where to go on; from 0 where it was begun anew."""
        if name not in self.paths:
            raise Gone(f"there is no run {name!r:.40}")
        try:
            with (self.paths[name] / LOG).open("rb") as log:
                size = log.seek(0, 2)
                at = log.seek(at if 0 <= at <= size else 0)
                part = log.read(PART)
        except FileNotFoundError:  # it has not begun
            return {"from": 0, "at": 0, "rows": []}
        whole = part[: part.rfind(b"\n") + 1]  # the last line may be half written
        rows = []
        for line in whole.splitlines():
            with contextlib.suppress(msgspec.MsgspecError):
                rows.append(msgspec.json.decode(line, type=dict[str, object]))
        return {"from": at, "at": at + len(whole), "rows": rows}
