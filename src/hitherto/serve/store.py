"""Where sessions are kept: the contract, the store in memory, and the table of stores.

A session is a `Record`. Whoever steps it takes it first, and gets a fencing token that is larger than all before it. A
record is written only while its token is the newest one: what was stepped by a worker that has lost the session is not
kept, and is not answered. No clock takes part in this.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import msgspec

from hitherto.errors import MissingExtra, UsageError

__all__ = ["STORES", "Memory", "Record", "Store", "store_of"]


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A session as it is kept."""

    id: str
    model: str  # the name that the model is served by
    digest: str  # of the bundle whose state this is
    owner: str  # the key that the session belongs to, or nothing
    fence: int  # the token of who took the session last
    at: int  # inputs that were taken
    finished: bool
    touched: float  # seconds since 1970: when it was used last
    state: bytes  # what `Stream.save` gives
    answers: bytes  # to the last pushes, as `hitherto.serve.sessions` packs them


class Store(ABC):
    """Records by id. The methods of a store are called from one event loop."""

    shared: bool = True  # whether several workers see the same records

    @abstractmethod
    async def create(self, record: Record) -> None:
        """Keep a new session."""

    @abstractmethod
    async def read(self, name: str) -> Record | None:
        """A session as it is, for one who does not step it."""

    @abstractmethod
    async def take(self, name: str) -> Record | None:
        """A session, with a new fencing token; None where there is no such session."""

    @abstractmethod
    async def write(self, records: Sequence[Record]) -> list[bool]:
        """Keep these records together. False for each whose token is not the newest: that one is not kept."""

    @abstractmethod
    async def delete(self, name: str) -> bool:
        """Forget a session; whether there was one."""

    @abstractmethod
    async def expire(self, before: float) -> int:
        """Forget the sessions that were used last before this time; how many."""

    @abstractmethod
    async def count(self) -> int:
        """How many sessions are kept."""

    async def close(self) -> None:
        """Give files and connections back."""
        return


class Memory(Store):
    """Records in the memory of one process: they end with it."""

    shared = False

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    async def create(self, record: Record) -> None:
        self._records[record.id] = record

    async def read(self, name: str) -> Record | None:
        return self._records.get(name)

    async def take(self, name: str) -> Record | None:
        record = self._records.get(name)
        if record is not None:
            record = self._records[name] = msgspec.structs.replace(record, fence=record.fence + 1)
        return record

    async def write(self, records: Sequence[Record]) -> list[bool]:
        kept = []
        for record in records:
            newest = self._records.get(record.id)
            kept.append(newest is not None and newest.fence == record.fence)
            if kept[-1]:
                self._records[record.id] = record
        return kept

    async def delete(self, name: str) -> bool:
        return self._records.pop(name, None) is not None

    async def expire(self, before: float) -> int:
        old = [name for name, record in self._records.items() if record.touched < before]
        for name in old:
            del self._records[name]
        return len(old)

    async def count(self) -> int:
        return len(self._records)


def _memory(_place: str, _durable: bool) -> Store:
    return Memory()


def _sqlite(place: str, durable: bool) -> Store:
    from hitherto.serve.sqlite import SQLite  # no other store needs it

    return SQLite(place, durable=durable)


def _redis(place: str, durable: bool) -> Store:
    if durable:
        raise UsageError(
            "what is on the disk of Redis is a matter of its own configuration: leave --durable out."
        )
    try:
        from hitherto.serve.redis import Redis
    except ModuleNotFoundError as error:
        raise MissingExtra("the store redis://", "redis", "redis") from error
    return Redis(f"redis://{place}")


# By the beginning of an address, up to "://" where it has that: from the rest, and whether a write must be on the disk.
STORES: dict[str, Callable[[str, bool], Store]] = {"memory": _memory, "sqlite": _sqlite, "redis": _redis}


def store_of(address: str, *, durable: bool = False) -> Store:
    """The store at an address: `memory`, `sqlite://FILE`, or `redis://HOST:PORT`."""
    kind, _, place = address.partition("://")
    if kind not in STORES:
        raise UsageError(
            f"there is no store {address!r:.100}; expected memory, sqlite://FILE or redis://HOST:PORT."
        )
    return STORES[kind](place, durable)
