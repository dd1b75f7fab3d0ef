"""Starters that are trained while the page shows how far they are."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from hitherto.errors import HithertoError
from hitherto.serve.models import Models
from hitherto.serve.refusals import Gone
from hitherto.studio.starters import STARTERS

__all__ = ["State", "Trainings", "folder"]

LINES = 12  # of what a training that failed said, at most


class State(msgspec.Struct):
    """How far a starter is."""

    name: str
    title: str
    about: str
    task: str
    state: str = "absent"  # or training, ready, failed
    share: float = 0.0
    says: str = ""


class _Said(msgspec.Struct):
    """A line of the process that trains."""

    says: str
    share: float | None = None


def folder() -> Path:
    """Where the starters of this user lie."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "hitherto" / "starters"


class Trainings:
    """The starters of a server; those that were trained before are served at once where they are `known`."""

    def __init__(self, models: Models, *, known: bool) -> None:
        self.models, self.place = models, folder()
        self.states = {n: State(n, one.title, one.about, one.task) for n, one in STARTERS.items()}
        self.running: dict[str, asyncio.Task[None]] = {}
        for name in STARTERS:
            if known and self._path(name).exists():
                self._serve(name)

    def begin(self, name: str) -> State:
        """Train this one, unless it is there or under way."""
        if name not in self.states:
            raise Gone(f"there is no starter {name!r:.40}")
        state = self.states[name]
        if state.state == "absent" and self._path(name).exists():
            self._serve(name)
        elif state.state in ("absent", "failed"):
            state.state, state.share, state.says = "training", 0.0, "starting"
            self.running[name] = asyncio.create_task(self._train(name))
        return state

    def end(self) -> None:
        """End what is under way."""
        for task in self.running.values():
            task.cancel()

    def _path(self, name: str) -> Path:
        return self.place / f"{name}.safetensors"

    def _serve(self, name: str) -> None:
        state = self.states[name]
        try:
            self.models.add(name, self._path(name))
        except (HithertoError, OSError) as error:
            state.state, state.says = "failed", str(error)
        else:
            state.state, state.share = "ready", 1.0

    async def _train(self, name: str) -> None:
        state = self.states[name]
        command = [sys.executable, "-m", "hitherto.studio.starters", name, str(self.place)]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )
        assert process.stdout is not None  # noqa: S101 - a pipe
        last: list[str] = []
        try:
            async for line in process.stdout:
                try:
                    said = msgspec.json.decode(line, type=_Said)
                except msgspec.DecodeError:
                    last = [*last, line.decode(errors="replace").rstrip()][-LINES:]
                    continue
                state.says = said.says
                state.share = state.share if said.share is None else said.share
            status = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            raise
        if status:
            state.state, state.says = (
                "failed",
                last[-1] if last else f"the training ended with status {status}",
            )
        else:
            self._serve(name)
