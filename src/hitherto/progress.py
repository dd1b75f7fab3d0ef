"""How far long work is: said where somebody listens, never before two seconds have passed.

    with telling(say):                           # who listens: say(line), every ten seconds
        with doing("counting the words of"):     # what is done
            ...                                  # reading says `counting the words of a.txt: 40 %` by itself

What is read tells how far it is: files by their bytes (`bytes_read`), rows by their number (`over`). What cannot tell
says that it begins (`begin`), where the work has taken two seconds already. Where nobody listens this costs nothing.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["begin", "bytes_read", "doing", "over", "telling"]

T = TypeVar("T")

AFTER, EVERY = 2.0, 10.0  # seconds until the first line, and from one to the next
LARGE = 1 << 23  # bytes from which the share of a file that is read says how far the work is


@dataclass
class _Listener:
    say: Callable[[str], None]
    every: float
    begun: float
    due: float
    what: str = "reading"
    share: str = ""  # of the large file that is read

    def tell(self, what: str, far: str) -> None:
        now = time.monotonic()
        if now >= self.due:
            self.due = now + self.every
            self.say(f"{what}: {far}")


_listener: ContextVar[_Listener | None] = ContextVar("hitherto_progress", default=None)


@contextmanager
def telling(say: Callable[[str], None] | None, every: float = EVERY) -> Iterator[None]:
    """Let `say` hear how far the work in this block is; None for nobody.

    Who listens already goes on listening in place of `say`, until this block ends.
    """
    outer = _listener.get()
    now = time.monotonic()
    if say is None:
        mine = None
    elif outer is None:
        mine = _Listener(say, every, now, now + AFTER)
    else:
        mine = outer
        mine.begun, mine.due = now, now + AFTER
    token = _listener.set(mine)
    try:
        yield
    finally:
        _listener.reset(token)
        if outer is not None:
            outer.due = math.inf


@contextmanager
def doing(what: str) -> Iterator[None]:
    """What is done in this block, as the beginning of a line that ends with what it is done to."""
    listener = _listener.get()
    if listener is None:
        yield
        return
    before, listener.what = listener.what, what
    try:
        yield
    finally:
        listener.what = before


def bytes_read(name: str, done: int, size: int) -> None:
    """So many bytes of a file are read."""
    listener = _listener.get()
    if listener is not None and size >= LARGE:
        listener.share = f"{done / size:.0%}" if done < size else ""
        listener.tell(f"{listener.what} {name}", listener.share or "100%")


def over(
    items: Iterable[T], name: str, total: int | None = None, unit: str = "rows", what: str = ""
) -> Iterator[T]:
    """The items, telling how many of them are done; `what` is done to them, if it is not what `doing` says."""
    listener = _listener.get()
    if listener is None:
        yield from items
        return
    for done, item in enumerate(items):
        if done < 2:  # what takes no time is not worth a line
            yield item
            continue
        share = listener.share if total is None else f"{done / max(1, total):.0%}"
        listener.tell(f"{what or listener.what} {name}", share or f"{done:,} {unit}")
        yield item


def begin(what: str) -> None:
    """Something long begins that cannot tell how far it is."""
    listener = _listener.get()
    if listener is not None and time.monotonic() >= listener.begun + AFTER:
        listener.due = time.monotonic() + listener.every
        listener.say(f"{what} ...")
