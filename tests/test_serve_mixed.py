"""Sessions are never mixed, whatever happens to clients and workers: each says what its stream says alone.

The small form runs in `make test`. The long one, ten thousand sessions and two million pushes, is never_mixed.py.
"""

import asyncio
import contextlib
import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest

pytest.importorskip("starlette")

from serving import GOLDEN

from hitherto.errors import StoreError
from hitherto.serve.answers import REMEMBERED, Answer, plain
from hitherto.serve.models import Models, named
from hitherto.serve.refusals import Conflict, Full
from hitherto.serve.sessions import Counts, Sessions
from hitherto.serve.store import Memory, Record, Store, store_of
from hitherto.serve.values import take
from hitherto.tasks.caption import stream as caption
from hitherto.tasks.writing import stream as writing

NAMES = (
    "lm",
    "classify",
    "tag",
    "lm-chars",
    "tag-as-a-whole",
    "transcribe-one-way",
    "forecast",
    "translate-one-way",
)
WORDS = ("the ", "cat ", "sat ", "on ", "mat.\n", "dog ", "good fine ", "x")


@pytest.fixture(scope="module")
def models() -> Models:
    return Models(named(f"{name}={GOLDEN / name}.safetensors" for name in NAMES))


def an_input(name: str, rng: random.Random) -> Any:
    if name == "transcribe-one-way":
        return [rng.uniform(-0.5, 0.5) for _ in range(rng.choice((40, 100, 300)))]
    if name == "forecast":
        return {"y": round(rng.uniform(-9, 9), 3)}
    return "".join(rng.choice(WORDS) for _ in range(rng.randint(1, 4)))


@dataclass
class Client:
    """Who has a session: what it pushed, and a digest of what it was answered."""

    name: str
    rng: random.Random
    session: str = ""
    at: int = 0
    inputs: list[list[Any]] = field(default_factory=list)
    heard: Any = field(default_factory=hashlib.sha256)

    def hear(self, begin: int, answer: Answer, some: list[Any]) -> None:
        assert (answer.begin, answer.at) == (begin, begin + len(some))
        self.heard.update(answer.body)
        self.inputs.append(some)
        self.at = answer.at

    def twin(self, session: str, rng: random.Random) -> "Client":
        return Client(self.name, rng, session, self.at, list(self.inputs), self.heard.copy())


class Flaky(Store):
    """A store that fails now and then, before or after it has kept what it was given; and that takes its time."""

    def __init__(self, store: Store, rng: random.Random, often: float) -> None:
        self.store, self.rng, self.often = store, rng, often

    async def _may_fail(self) -> None:
        if self.rng.random() < 0.3:
            await asyncio.sleep(0)
        if self.rng.random() < self.often:
            raise StoreError("it failed")

    async def create(self, record: Record) -> None:
        await self.store.create(record)

    async def read(self, name: str) -> Record | None:
        return await self.store.read(name)

    async def take(self, name: str) -> Record | None:
        await self._may_fail()
        return await self.store.take(name)

    async def write(self, records: Any) -> list[bool]:
        await self._may_fail()
        kept = await self.store.write(records)
        await self._may_fail()
        return kept

    async def delete(self, name: str) -> bool:
        return await self.store.delete(name)

    async def expire(self, before: float) -> int:
        return await self.store.expire(before)

    async def count(self) -> int:
        return await self.store.count()


class World:
    """Two workers over one store, and the clients of both."""

    def __init__(self, models: Models, stores: list[Store], seed: int, often: float = 0.02) -> None:
        self.models, self.rng = models, random.Random(seed)
        self.stores = [Flaky(store, self.rng, often) for store in stores]
        self.workers = [self.worker(store) for store in self.stores]
        self.gone: list[Counts] = []
        self.pushes = self.forks = 0

    def worker(self, store: Store) -> Sessions:
        return Sessions(store, self.models.served, take, cached=200)

    def crash(self) -> None:
        """A worker is gone with all that it has in memory; what it was doing comes to nothing or is kept."""
        place = self.rng.randrange(2)
        self.gone.append(self.workers[place].counts)
        self.workers[place] = self.worker(self.stores[place])

    async def sent(self, client: Client, some: list[Any], at: int) -> Answer:
        """The answer to a push, which is sent again until one comes, now to this worker, now to that."""
        while True:
            worker = client.rng.choice(self.workers)
            how = client.rng.random()
            push = asyncio.create_task(worker.push(client.session, some, at=at))
            if how < 0.1:  # the client goes away, and does not know whether it was taken
                await asyncio.sleep(0 if how < 0.05 else 0.001)
                push.cancel()
            elif how < 0.2:  # it asks twice at once
                again = asyncio.create_task(client.rng.choice(self.workers).push(client.session, some, at=at))
                await asyncio.wait([again])
                with contextlib.suppress(StoreError, Full):
                    assert again.result().at == at + len(some)
            try:
                async with asyncio.timeout(5):
                    return await push
            except (StoreError, Full, TimeoutError):
                continue
            except asyncio.CancelledError:  # of the push, and not of this test
                this = asyncio.current_task()
                if not push.cancelled() or (this is not None and this.cancelling()):
                    raise

    async def live(self, client: Client, wanted: int) -> list[Client]:
        """A client pushes until it has so many inputs; it and its forks."""
        family, twins = [client], list[asyncio.Task[list[Client]]]()
        while len(client.session) == 0:
            with contextlib.suppress(StoreError):
                client.session = (await client.rng.choice(self.workers).create(client.name)).id
        while client.at < wanted:
            some = [an_input(client.name, client.rng) for _ in range(client.rng.choice((1, 1, 1, 2, 3)))]
            begin = client.at
            client.hear(begin, await self.sent(client, some, begin), some)
            self.pushes += 1
            chance = client.rng.random()
            if chance < 0.04:  # both go on, at the same time
                with contextlib.suppress(StoreError):
                    record = await client.rng.choice(self.workers).fork(client.session)
                    assert record.at == client.at
                    twin = client.twin(record.id, random.Random(client.rng.random()))
                    self.forks += 1
                    twins.append(asyncio.create_task(self.live(twin, client.at + 6)))
            elif chance < 0.05:
                with contextlib.suppress(Conflict, StoreError):  # it lies about where it is
                    await client.rng.choice(self.workers).push(client.session, some, at=client.at + 1)
                    raise AssertionError("a gap was taken")
            elif chance < 0.06 and len(client.inputs) > 1:
                told = await self.sent(client, client.inputs[-1], client.at - len(client.inputs[-1]))
                assert told.at == client.at  # an old push is answered again, from wherever the session is
            elif chance < 0.08:
                at, _ = await client.rng.choice(self.workers).peek(client.session)
                assert at == client.at
            elif chance < 0.08 + 0.5 / wanted:
                self.crash()
        for some_of_them in twins:
            family += await some_of_them
        return family


def alone(model: Any, client: Client) -> str:
    """The digest of what the stream of a client says by itself."""
    stream, heard = model.stream(), hashlib.sha256()
    for some in client.inputs:
        rows = [row for value in some for row in stream.alone(take(stream, value))]
        heard.update(msgspec.json.encode({"rows": rows}, enc_hook=plain))
    return heard.hexdigest()


async def run(
    models: Models,
    stores: list[Store],
    seed: int,
    count: int,
    wanted: int,
    together: int,
    names: tuple[str, ...] = NAMES,
) -> World:
    world = World(models, stores, seed)
    gate = asyncio.Semaphore(together)

    async def one(i: int) -> None:
        rng = random.Random(f"{seed} {i}")
        async with gate:
            family = await world.live(Client(names[i % len(names)], rng), wanted)
        for client in family:
            model: Any = models.newest(client.name)
            assert client.heard.hexdigest() == alone(model, client), (client.name, i, client.inputs)
            record = await stores[0].read(client.session)
            assert record is not None
            assert record.at == client.at

    await asyncio.gather(*map(one, range(count)))
    counts = [*(worker.counts for worker in world.workers), *world.gone]
    assert max(one.largest for one in counts) > 4  # that they were stepped together at all
    assert sum(one.lost for one in counts) > 0  # and that they took sessions from each other
    assert sum(one.repeated for one in counts) > 0
    for store in stores:
        await store.close()
    return world


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_never_mixed(models: Models, tmp_path: Path, kind: str) -> None:
    """Repeats, cancels, timeouts, forks, gaps, failures of the store, crashes of two workers."""
    if kind == "memory":
        stores: list[Store] = [Memory()] * 2
    else:
        stores = [store_of(f"sqlite://{tmp_path / 's.db'}") for _ in range(2)]
    world = asyncio.run(run(models, stores, seed=1, count=80, wanted=16, together=80))
    assert world.pushes > 400


def test_as_many_pushes_as_are_remembered_may_wait(models: Models) -> None:
    """They are sent at once, each with the `at` that it will have: in whatever order they come, each is taken once."""

    async def pipelined() -> None:
        sessions = Sessions(Memory(), models.served, take)
        name = (await sessions.create("lm-chars")).id
        pushes = [asyncio.create_task(sessions.push(name, ["a"], at=i)) for i in range(REMEMBERED)]
        first = await asyncio.gather(*pushes)
        again = await asyncio.gather(*(sessions.push(name, ["a"], at=i) for i in range(REMEMBERED)))
        assert first == list(again)
        stream: Any = models.newest("lm-chars").stream()
        assert [json.loads(answer.json())["rows"] for answer in first] == [stream.push("a") for _ in first]

    asyncio.run(pipelined())


def test_a_long_push_holds_up_no_other(models: Models) -> None:
    async def beside() -> None:
        sessions = Sessions(Memory(), models.served, take)
        long, short = [(await sessions.create("lm-chars")).id for _ in range(2)]
        pushed = asyncio.create_task(sessions.push(long, ["a cat " * 20_000], at=0))
        await asyncio.sleep(0)
        for at in range(5):
            await sessions.push(short, ["a"], at=at)
        assert not pushed.done()
        at, _ = await sessions.peek(long)  # which is where it was kept
        assert at == 0
        fork = await sessions.fork(long)
        await pushed
        stream: Any = models.newest("lm-chars").stream()
        assert (await sessions.info(fork.id)).state == stream.save()
        stream.push("a cat " * 20_000)
        assert (await sessions.info(long)).state == stream.save()

    asyncio.run(beside())


@pytest.mark.parametrize("name", ["translate", "translate-one-way", "chat", "caption"])
def test_a_search_holds_up_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The beam search at the end of an input, and of a peek, waits here until another session was answered."""
    module = caption if name == "caption" else writing
    others = threading.Event()

    def waiting(real: Callable[..., Any]) -> Callable[..., Any]:
        def wait(*given: Any, **options: Any) -> Any:
            assert others.wait(20)
            return real(*given, **options)

        return wait

    for search in ("write", "write_from"):
        if hasattr(module, search):
            monkeypatch.setattr(module, search, waiting(getattr(module, search)))
    models = Models(named(f"{one}={GOLDEN / one}.safetensors" for one in (name, "lm")))
    model: Any = models.newest(name)
    piece = model.source.examples()[1][0] if name != "caption" else np.zeros((8, 8, 3), np.uint8)

    async def beside() -> None:
        sessions = Sessions(Memory(), models.served, take)
        mine, other = [(await sessions.create(one)).id for one in (name, "lm")]
        await sessions.push(mine, [piece], at=0)
        peek = asyncio.create_task(sessions.peek(mine))
        end = asyncio.create_task(sessions.push(mine, [], at=1, finish=True))
        again = asyncio.create_task(sessions.push(mine, [], at=1, finish=True))
        for at in range(5):
            async with asyncio.timeout(10):
                await sessions.push(other, ["the "], at=at)
        assert not end.done()
        assert not again.done()
        assert sessions.waiting == 2
        assert await sessions.park(0) == 1  # the other one: this one is busy
        others.set()
        stream = model.stream()
        stream.push(piece)
        wanted = msgspec.json.encode(stream.fork().finish(), enc_hook=plain)
        assert msgspec.json.encode((await peek)[1], enc_hook=plain) == wanted
        assert (await end).body == b'{"rows":[],"end":' + wanted + b"}"
        assert await again == await end
        stream.finish()
        assert (await sessions.info(mine)).state == stream.save()
        await sessions.close()

    asyncio.run(beside())


def test_a_session_that_is_pushed_to_while_it_is_parked_stays(models: Models) -> None:
    """What is kept later is kept in small parts, and others are let in between: a push then is not lost."""

    class Slow(Memory):
        parts: ClassVar[list[int]] = []

        async def write(self, records: Any) -> list[bool]:
            self.parts.append(len(records))
            if sum(self.parts) == 120:  # while the last part is written
                await sessions.push(names[-1], ["cat "], at=1, keep=False)
            return await super().write(records)

    sessions = Sessions(Slow(), models.served, take)
    names: list[str] = []

    async def parked() -> None:
        names.extend([(await sessions.create("lm")).id for _ in range(120)])
        for name in names:
            await sessions.push(name, ["the "], at=0, keep=False)
        live = sessions.live[names[-1]]
        await sessions.park(0)
        assert max(Slow.parts) <= 50
        assert list(sessions.live) == [names[-1]]
        assert sessions.live[names[-1]] is live
        assert (await sessions.push(names[-1], ["sat "], at=2, keep=False)).at == 3

    asyncio.run(parked())


# ---------------------------------------------------------------------------------------------------- kept later


@pytest.fixture
def two(models: Models, tmp_path: Path) -> Iterator[list[Sessions]]:
    stores = [store_of(f"sqlite://{tmp_path / 's.db'}") for _ in range(2)]
    yield [Sessions(store, models.served, take, cached=3) for store in stores]
    for store in stores:
        asyncio.run(store.close())


def test_what_is_kept_later_is_lost_with_its_worker_and_never_stepped_twice(
    models: Models, two: list[Sessions]
) -> None:
    async def lost() -> None:
        first, second = two
        name = (await first.create("lm")).id
        await first.push(name, ["the "], at=0, keep=False)
        assert (await first.info(name)).at == 1
        assert (await second.info(name)).at == 0
        await first.flush([name])
        assert (await second.info(name)).at == 1
        await first.push(name, ["cat "], at=1, keep=False)
        assert (await first.peek(name))[0] == 2
        with pytest.raises(Conflict) as error:  # as after a crash: it begins where it was kept
            await second.push(name, ["sat "], at=2)
        assert error.value.expected == 1
        await second.push(name, ["cat "], at=1)
        await first.flush()
        assert (first.counts.lost, name in first.live) == (1, False)
        answer = await first.push(name, ["sat "], at=2, keep=False)
        stream: Any = models.newest("lm").stream()
        rows = [stream.push(word) for word in ("the ", "cat ", "sat ")]
        assert json.loads(answer.json())["rows"] == rows[-1]
        await first.push(name, [], at=3, finish=True, keep=False)  # the end is kept in any case
        assert (await second.info(name)).finished

    asyncio.run(lost())


def test_a_push_that_must_be_kept_keeps_what_was_answered_before_it(
    models: Models, two: list[Sessions]
) -> None:
    async def kept() -> None:
        first, second = two
        name = (await first.create("lm")).id
        await first.push(name, ["the "], at=0, keep=False)
        await first.push(name, ["the "], at=0)  # the same again, over HTTP
        assert (await second.info(name)).at == 1

    asyncio.run(kept())


def test_sessions_leave_memory_and_nothing_is_lost(models: Models, two: list[Sessions]) -> None:
    async def parked() -> None:
        first = two[0]
        names = [(await first.create("lm")).id for _ in range(6)]
        for name in names:
            await first.push(name, ["the "], at=0, keep=False)
        assert len(first.live) == first.cached
        assert list(first.live) == names[-3:]
        await first.push(names[3], ["cat "], at=1, keep=False)
        assert list(first.live) == [names[4], names[5], names[3]]  # who was used last is last
        assert await first.park(3600) == 0
        assert await first.park(0) == 3
        assert not first.live
        assert [(await two[1].info(name)).at for name in names] == [1, 1, 1, 2, 1, 1]
        assert (await first.push(names[0], ["cat "], at=1)).at == 2

    asyncio.run(parked())
