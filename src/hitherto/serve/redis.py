"""Sessions in Redis or Valkey: for workers on several machines.

A session is a hash; a sorted set has the time of its last use. Each change is one script, which Redis runs as a whole.
What survives a crash of Redis itself is what its own configuration keeps: `appendonly yes` with `appendfsync always`
keeps all that was answered.
"""

from collections.abc import Awaitable, Sequence
from typing import TypeAlias, TypeVar, cast

import msgspec
import redis.asyncio as redis
from redis.exceptions import RedisError

from hitherto.errors import StoreError, UsageError
from hitherto.serve.store import Record, Store

__all__ = ["Redis"]

T = TypeVar("T")
Plain: TypeAlias = int | float | str | bytes  # what Redis takes
CONNECTIONS = 32  # of a worker; who asks for more waits

_NAMES = Record.__struct_fields__
_KEY, _TOUCHED = "hitherto:session:", "hitherto:touched"

# KEYS: the session, the set of times. A session that is there gets the next token, and comes back whole.
_TAKE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
redis.call('HINCRBY', KEYS[1], 'fence', 1)
return redis.call('HGETALL', KEYS[1])
"""
# ARGV: the token, the id, the time, then fields and values. Nothing is written with an old token.
_WRITE = """
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
return 1
"""
# ARGV: the id, and the time before which the session must have been used last; nothing deletes it in any case.
_DELETE = """
if ARGV[2] ~= '' then
  local touched = redis.call('ZSCORE', KEYS[2], ARGV[1])
  if touched and tonumber(touched) >= tonumber(ARGV[2]) then return 0 end
end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
"""


class Redis(Store):
    """Records in a server of Redis or Valkey."""

    def __init__(self, address: str) -> None:
        try:
            pool = redis.BlockingConnectionPool.from_url(
                address, max_connections=CONNECTIONS, timeout=10, socket_timeout=10, socket_connect_timeout=5
            )
        except ValueError as error:
            raise UsageError(f"{address!r:.100} is no address of Redis: {error}") from error
        self._db: redis.Redis = redis.Redis.from_pool(pool)
        self._take = self._db.register_script(_TAKE)
        self._write = self._db.register_script(_WRITE)
        self._delete = self._db.register_script(_DELETE)

    async def create(self, record: Record) -> None:
        values = _packed(record)
        async with self._db.pipeline(transaction=True) as both:
            both.hset(_KEY + record.id, items=[part for pair in values.items() for part in pair])
            both.zadd(_TOUCHED, {record.id: record.touched})
            await _done(both.execute())

    async def read(self, name: str) -> Record | None:
        values = cast("dict[bytes, bytes]", await _done(self._db.hgetall(_KEY + name)))
        return _record(values) if values else None

    async def take(self, name: str) -> Record | None:
        flat: list[bytes] | None = await _done(self._take(keys=[_KEY + name, _TOUCHED]))
        return None if flat is None else _record(dict(zip(flat[::2], flat[1::2], strict=True)))

    async def write(self, records: Sequence[Record]) -> list[bool]:
        async with self._db.pipeline(transaction=False) as all_of_them:
            for record in records:
                values = _packed(record)
                arguments: list[Plain] = [record.fence, record.id, record.touched]
                for name in ("at", "finished", "touched", "state", "answers"):
                    arguments += [name, values[name]]
                await self._write(keys=[_KEY + record.id, _TOUCHED], args=arguments, client=all_of_them)
            kept: list[int] = await _done(all_of_them.execute())
        return [bool(one) for one in kept]

    async def delete(self, name: str) -> bool:
        return bool(await _done(self._delete(keys=[_KEY + name, _TOUCHED], args=[name, ""])))

    async def expire(self, before: float) -> int:
        asked = self._db.zrangebyscore(_TOUCHED, "-inf", f"({before!r}")
        old = cast("list[bytes]", await _done(asked))
        gone = 0
        for name in old:
            keys = [_KEY + name.decode(), _TOUCHED]
            gone += int(await _done(self._delete(keys=keys, args=[name, repr(before)])))
        return gone

    async def count(self) -> int:
        return int(await _done(self._db.zcard(_TOUCHED)))

    async def close(self) -> None:
        await self._db.aclose()


async def _done(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except (RedisError, OSError) as error:
        raise StoreError(f"Redis failed: {error}") from error


def _packed(record: Record) -> dict[str, Plain]:
    return {name: int(value) if isinstance(value, bool) else value for name, value in zip(
        _NAMES, msgspec.structs.astuple(record), strict=True
    )}  # fmt: skip


def _record(values: dict[bytes, bytes]) -> Record:
    try:
        return Record(
            values[b"id"].decode(), values[b"model"].decode(), values[b"digest"].decode(), values[b"owner"].decode(),
            int(values[b"fence"]), int(values[b"at"]), values[b"finished"] == b"1", float(values[b"touched"]),
            values[b"state"], values[b"answers"],
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise StoreError(f"a session of Redis is damaged: {error!r}.") from error
