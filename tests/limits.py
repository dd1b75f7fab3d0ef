"""Bounds on what a call may take: what asks for more of the processor or of memory fails, and does not take all."""

import contextlib
import mmap
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

__all__ = ["TooLong", "bounded"]

SECONDS = 5.0  # of the processor; opening takes milliseconds, under a sanitizer tens of them
MEMORY = 512 << 20  # bytes beyond what the process has


class TooLong(BaseException):
    """A call took too long; no handler takes it for one of the package's errors."""


def _late(_number: int, _frame: FrameType | None) -> None:
    raise TooLong(f"more than {SECONDS} seconds of the processor")


@contextlib.contextmanager
def bounded(seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """No more than this within the block; nothing is bounded off Linux, in other threads, or in a bounded block."""
    if (
        sys.platform != "linux"
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGPROF) is _late
    ):
        yield
        return
    import resource

    limits = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
    before = signal.signal(signal.SIGPROF, _late)
    with contextlib.suppress(ValueError, OSError):  # a lower limit stands already
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, limits[1]))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, limits)
