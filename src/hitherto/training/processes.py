"""Several processes, and signals that stop them."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import torch
import torch.distributed as dist

__all__ = ["Interrupted", "interrupts", "join", "processes"]


@contextlib.contextmanager
def interrupts(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT has come: the loop saves, and Interrupted follows. A second one ends at once."""
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)
        with contextlib.suppress(RuntimeError):  # where it comes amid another line, that one is enough
            say("stopping after the step or evaluation under way; once more stops at once")

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    except ValueError:  # not the main thread: signals are another's
        yield lambda: False
        return
    try:
        yield lambda: bool(seen)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if seen:
        raise Interrupted(seen[0])


class Interrupted(KeyboardInterrupt):
    """A signal stopped the run, after it saved itself; `message` says where."""

    def __init__(self, number: int, message: str = "") -> None:
        super().__init__(message)
        self.number = number


def processes() -> tuple[int, int]:
    """(rank, how many): those of torchrun, once `join` has been called."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


@contextlib.contextmanager
def join() -> Iterator[int]:
    """Take part in the process group that torchrun describes, if it does; gives the rank."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield processes()[0]
        return
    dist.init_process_group("gloo" if not torch.cuda.is_available() else "nccl")
    try:
        yield dist.get_rank()
    finally:
        dist.destroy_process_group()
