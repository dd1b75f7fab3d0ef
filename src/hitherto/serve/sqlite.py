"""Sessions in an SQLite file, in WAL mode: one file, no set-up, and any number of workers on one machine."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hitherto.errors import StoreError, UsageError
from hitherto.serve.store import Record, Store

__all__ = ["SQLite"]

_TABLE = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, model TEXT NOT NULL, digest TEXT NOT NULL, owner TEXT NOT NULL, fence INTEGER NOT NULL,
    at INTEGER NOT NULL, finished INTEGER NOT NULL, touched REAL NOT NULL, state BLOB NOT NULL, answers BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_touched ON sessions (touched);
"""
_VERSION = 1
_NAMES = ", ".join(Record.__struct_fields__)
_INSERT = f"INSERT INTO sessions ({_NAMES}) VALUES ({', '.join('?' * len(Record.__struct_fields__))})"  # noqa: S608 - our own names
_READ = f"SELECT {_NAMES} FROM sessions WHERE id = ?"  # noqa: S608
_TAKE = f"UPDATE sessions SET fence = fence + 1 WHERE id = ? RETURNING {_NAMES}"  # noqa: S608
_WRITE = (
    "UPDATE sessions SET at = ?, finished = ?, touched = ?, state = ?, answers = ? WHERE id = ? AND fence = ?"
)


EVERY, LOG = 0.5, 128 << 20  # seconds between two checkpoints; bytes of a log that has to begin anew


class _Checkpoints(threading.Thread):
    """Brings what is written from the log into the file, beside the writers: they would wait for the disk otherwise."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="hitherto-checkpoints", daemon=True)
        self.path, self.log = path, Path(f"{path}-wal")
        self.written, self.ended = threading.Event(), threading.Event()

    def run(self) -> None:
        db = sqlite3.connect(self.path, timeout=1, isolation_level=None)
        while not self.ended.wait(EVERY):
            if not self.written.is_set():
                continue
            self.written.clear()
            with contextlib.suppress(sqlite3.Error, OSError):  # of a full disk, say: the next one may succeed
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if self.log.stat().st_size > LOG:  # the rest of it, for which writers wait
                    db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        db.close()

    def end(self) -> None:
        self.ended.set()
        if self.ident is not None:
            self.join()


class SQLite(Store):
    """Records in one file.

    A write is kept once it is answered, whatever happens to the process: the operating system has it. With `durable` it
    is on the disk too, so that a power failure loses nothing either.
    """

    def __init__(self, path: str, *, durable: bool = False) -> None:
        if not path:
            raise UsageError("a store of SQLite needs a file: sqlite://sessions.db")
        self.path = Path(path)
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))  # what is in it is nobody else's
            self._db = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
            (mode,) = self._db.execute("PRAGMA journal_mode = WAL").fetchone()
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._db.execute("PRAGMA wal_autocheckpoint = 0")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise UsageError(f"{self.path} was made by a newer version of Hitherto: update it.")
            self._db.executescript(f"BEGIN IMMEDIATE; {_TABLE} PRAGMA user_version = {_VERSION}; COMMIT;")
        except (sqlite3.Error, OSError) as error:
            raise UsageError(f"the store {self.path} cannot be opened: {error}.") from error
        if mode != "wal":
            raise UsageError(
                f"the store {self.path} cannot be written beside its readers: put it on a local disk."
            )
        self._checkpoints = _Checkpoints(self.path)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing of what is written; an error of the database is a StoreError."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            if not self._checkpoints.written.is_set():
                self._checkpoints.written.set()
                if self._checkpoints.ident is None:
                    self._checkpoints.start()
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise StoreError(f"the store {self.path} failed: {error}") from error

    async def create(self, record: Record) -> None:
        with self._transaction() as db:
            db.execute(_INSERT, msgspec.structs.astuple(record))

    async def read(self, name: str) -> Record | None:
        try:
            row = self._db.execute(_READ, (name,)).fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"the store {self.path} failed: {error}") from error
        return None if row is None else _record(row)

    async def take(self, name: str) -> Record | None:
        with self._transaction() as db:
            row = db.execute(_TAKE, (name,)).fetchone()
        return None if row is None else _record(row)

    async def write(self, records: Sequence[Record]) -> list[bool]:
        kept = []
        with self._transaction() as db:
            for one in records:
                values = (one.at, one.finished, one.touched, one.state, one.answers, one.id, one.fence)
                done = db.execute(_WRITE, values)
                kept.append(done.rowcount == 1)
        return kept

    async def delete(self, name: str) -> bool:
        with self._transaction() as db:
            return db.execute("DELETE FROM sessions WHERE id = ?", (name,)).rowcount == 1

    async def expire(self, before: float) -> int:
        with self._transaction() as db:
            return db.execute("DELETE FROM sessions WHERE touched < ?", (before,)).rowcount

    async def count(self) -> int:
        try:
            (count,) = self._db.execute("SELECT count(*) FROM sessions").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"the store {self.path} failed: {error}") from error
        return int(count)

    async def close(self) -> None:
        self._checkpoints.end()
        self._db.close()


def _record(row: tuple[object, ...]) -> Record:
    try:
        return msgspec.convert(row, Record, strict=False)
    except msgspec.ValidationError as error:
        raise StoreError(f"a session of the store is damaged: {error}.") from error
