"""Progress of a training or of other long work, on a terminal and elsewhere."""

import contextlib
import math
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from hitherto.progress import EVERY, telling

if TYPE_CHECKING:
    from hitherto.training.progress import Progress, Row

__all__ = ["Display", "mute"]


class Display:
    """Progress on standard error: on a terminal one line that changes, elsewhere a line per evaluation or minute."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.open = False
        self.begun: tuple[float, int] | None = None  # the time and number of the first step that was shown
        self.last_line = self.last_bar = time.monotonic()
        self.warned = False

    def say(self, line: str) -> None:
        self._end()
        click.echo(line, err=True)
        self.last_line = time.monotonic()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Show the progress of long work in this block."""
        with telling(self._work, 0.2 if self.live else EVERY):
            try:
                yield
            finally:
                self._end()

    def _work(self, line: str) -> None:
        if self.live:
            click.echo(f"\r\033[K{line}", err=True, nl=False)
            self.open = True
        else:
            self.say(line)

    def show(self, progress: "Progress", row: "Row") -> None:
        """Show a row of the log: of an evaluation, or of a training step, which has a `loss`."""
        if "loss" in row:
            self._between(progress, row)
            return
        metrics = [
            f"{name} {value:.4g}"
            for name, value in row.items()
            if name not in ("step", "epoch", "lr", "train_loss")
            and isinstance(value, float)
            and math.isfinite(value)
        ]
        loss = row["train_loss"]
        loss_text = f"loss {loss:.4f}  " if isinstance(loss, float) else ""
        mark = "  *" if progress.best_step == row["step"] else ""
        self.say(f"epoch {progress.epoch + 1:3}  step {row['step']:6}  {loss_text}{'  '.join(metrics)}{mark}")
        for name, seen in row["memory"].items() if "memory" in row else ():
            self.say(f"           {name}: {_memory(seen)}")

    def _between(self, progress: "Progress", row: "Row") -> None:
        """Show a training step; warn once if the training takes hours."""
        now = time.monotonic()
        self.begun = self.begun or (now, progress.step)
        spent, steps = now - self.begun[0], progress.step - self.begun[1]
        left = spent / steps * (progress.total - progress.step) if steps else 0.0
        if left > HOUR and spent > HOUR / 180 and not self.warned:
            self.warned = True
            self.say(
                f"the run takes {_span(left)} more at this speed: fewer --epochs or a smaller --hidden-size take less, "
                "and Ctrl-C keeps the best model so far"
            )
        rate = f"loss {row['loss']:.4f}  {row['tokens_per_second']:,} tokens/s  {_span(left)} left"
        if not self.live and now - self.last_line >= HOUR / 60:
            self.say(f"epoch {progress.epoch + 1:3}  step {progress.step:6,} of {progress.total:,}  {rate}")
        if self.live and now - self.last_bar >= 0.2:
            self.last_bar = now
            done, width = progress.step / max(1, progress.total), 24
            bar = "#" * int(done * width) + "-" * (width - int(done * width))
            click.echo(f"\r\033[K{bar} {done:4.0%}  epoch {progress.epoch + 1}  {rate}", err=True, nl=False)
            self.open = True

    def _end(self) -> None:
        if self.open:
            click.echo("\r\033[K", err=True, nl=False)
            self.open = False


def _memory(seen: "Row") -> str:
    """What was seen of the memory of a layer, in a line."""
    parts = [f"90 % of the gradient in {seen['length']} of {seen['steps']} steps"]
    parts += [f"{gate} shut {seen['shut'][gate]:.0%} open {seen['open'][gate]:.0%}" for gate in seen["shut"]]
    radii = [f"{gate} {radius:.2f}" for gate, radius in seen["radius"].items() if radius is not None]
    return "; ".join(parts + ([f"radius {' '.join(radii)}"] if radii else []))


HOUR = 3600.0  # seconds


def _span(seconds: float) -> str:
    seconds = int(seconds)
    return (
        f"{seconds} s"
        if seconds < 100
        else f"{seconds // 60} min"
        if seconds < 6000
        else f"{seconds / 3600:.1f} h"
    )


def mute() -> None:
    """Send standard output nowhere, so that the end of the process does not fail on it again."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
