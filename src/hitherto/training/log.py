"""The log of a run: one line of JSON for each report."""

import contextlib
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hitherto import files
from hitherto.errors import TrainingError
from hitherto.spec import TrainSpec
from hitherto.training.progress import Progress, Row, Show

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["Log"]

LOG_SECONDS, LOG_ROWS = 2.0, 200  # a row every so often, and so many over a whole run


class _LogRow(msgspec.Struct):
    """What every line of a log has; it may have more."""

    step: int
    lr: float
    loss: float | None = None


class Log:
    """log.jsonl, and TensorBoard's files on request. A resumed run takes back what came after its checkpoint."""

    def __init__(self, run: Path | None, train: TrainSpec, step: int) -> None:
        self.file = None
        self.board: SummaryWriter | None = None
        self.last = (time.monotonic(), 0)
        self.tokens: int | None = None
        if run is None:
            return
        path = run / "log.jsonl"
        lines: list[str] = []
        with _writing(path):
            run.mkdir(parents=True, exist_ok=True)
            if step and path.exists():
                for line in path.read_bytes().splitlines():
                    # the last line may have been cut by a kill
                    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                        if msgspec.json.decode(line, type=_LogRow).step <= step:
                            lines.append(line.decode() + "\n")
            files.write(path, "".join(lines))
            self.file = path.open("a", encoding="utf-8")
            if train.tensorboard:
                from torch.utils import tensorboard

                self.board = tensorboard.SummaryWriter(str(run / "tensorboard"), purge_step=step or None)

    def step(self, progress: Progress, loss: float, norm: float, lr: float, show: Show | None) -> None:
        now = time.monotonic()
        if self.tokens is None:
            self.tokens = progress.tokens
        if now - self.last[0] < LOG_SECONDS and progress.step % max(1, progress.total // LOG_ROWS):
            return
        speed = (progress.tokens - (self.last[1] or self.tokens)) / max(now - self.last[0], 1e-9)
        self.last = (now, progress.tokens)
        row = {"step": progress.step, "epoch": progress.epoch, "loss": loss, "norm": norm, "lr": lr,
               "tokens_per_second": round(speed)}  # fmt: skip
        self.write(row)
        if show is not None:
            show(progress, row)

    def evaluation(self, progress: Progress, row: Row, show: Show | None) -> None:
        """The row of an evaluation, and the memory of the model where it is watched."""
        watched = progress.watched[-1] if progress.watched else {}
        if watched.get("step") == progress.step and "memory" in watched:
            row = {**row, "memory": watched["memory"]}
        self.write(row)
        if show is not None:
            show(progress, row)

    def write(self, row: Row) -> None:
        if self.file is not None:
            plain = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
            with _writing(Path(self.file.name)):
                self.file.write(json.dumps(plain) + "\n")
                self.file.flush()
        if self.board is not None:
            for name, value in row.items():
                if isinstance(value, int | float) and name not in ("step", "epoch"):
                    self.board.add_scalar(name, value, row["step"])

    def close(self) -> None:
        if self.file is not None:
            with contextlib.suppress(OSError):  # a failed write has raised its own error
                self.file.close()
        if self.board is not None:
            self.board.close()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn an error of the disk, such as a full one, into a TrainingError with advice."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written: {error.strerror or error}. Make room or check the folder, and go on from the "
            "last checkpoint (resume)."
        ) from error
