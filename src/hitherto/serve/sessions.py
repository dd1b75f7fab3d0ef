"""Sessions of streams over a store: created, pushed to, looked at, forked, finished.

Each push says `at`, the number of inputs that its sender knows were taken. So a push is never taken twice: one that
comes again is answered again, from the answers that are kept; one that leaves inputs out is refused with the number
that is expected. An answer is given after the store has it, with the state that follows. So any worker, after any
crash, goes on where the last answer was given.

    pushes that wait  ->  one round: step them together, keep those that are done together, answer each

A push that takes long goes on over several rounds, and holds up no other.
"""

import asyncio
import contextlib
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from hitherto.errors import HithertoError, StoreError
from hitherto.serve.answers import NONE, REMEMBERED, Answer, packed, plain, sum_of, unpacked
from hitherto.serve.batches import Apart
from hitherto.serve.refusals import Conflict, Full, Gone
from hitherto.serve.store import Record, Store
from hitherto.tasks.base import Row, Value
from hitherto.tasks.streams import Running, Steps, Stream, run, step

__all__ = ["Served", "Sessions"]

ROUND = 0.005  # seconds after which pushes that take longer let others in


@dataclass(slots=True)
class Served:
    """A model as it is served: what a session of it needs to know."""

    name: str
    digest: str
    stream: Callable[[], Stream]


@dataclass(slots=True)
class _Live:
    """A session in memory: its record, which has the fencing token, and its stream at the record's state."""

    record: Record
    stream: Stream
    answers: list[Answer]
    used: float = 0.0  # on a clock that nobody sets
    kept: bool = True  # whether the store has the record


@dataclass(slots=True)
class _Push:
    """A push that waits for its round."""

    id: str
    owner: str
    at: int | None
    inputs: list[Value]
    finish: bool
    sum: bytes
    done: "asyncio.Future[Answer]"
    request: str = ""  # what its sender calls it, if anything
    keep: bool = True  # before it is answered
    tries: int = 0


@dataclass(slots=True)
class _Taken:
    """A push whose inputs are being taken."""

    push: _Push
    live: _Live
    running: Running[dict[str, Value]]


@dataclass(slots=True)
class Counts:
    """What was done, for those who watch."""

    pushes: int = 0
    inputs: int = 0
    repeated: int = 0
    refused: int = 0
    lost: int = (
        0  # pushes that were stepped by a worker that had lost the session, and then stepped where it was
    )
    rounds: int = 0
    largest: int = 0  # pushes of the largest round


class Sessions:
    """The sessions of this worker, and a cache of those that it stepped last. For one event loop."""

    def __init__(
        self,
        store: Store,
        opened: Callable[[str, str], Served],
        take: Callable[[Stream, Value], Steps[list[Row]]] = lambda stream, value: stream.pushing(value),
        *,
        cached: int = 10_000,
        queue: int = 10_000,
        most: int = 1_000_000,
        clock: Callable[[], float] | None = None,
        apart: Apart = asyncio.to_thread,
    ) -> None:
        """`opened` gives a model by its name and its digest, where it is not empty; `take` is the push of an input.

        `apart` runs a call beside the event loop.
        """
        self.store, self.opened, self.take, self.apart = store, opened, take, apart
        self.cached, self.queue, self.clock = cached, queue, clock or steady()
        self.live: OrderedDict[str, _Live] = OrderedDict()  # who was used last is last
        self.taking: dict[str, _Taken] = {}
        self.searching: dict[
            str, list[_Push]
        ] = {}  # sessions at a search, and the pushes that wait for its end
        self.counts = Counts()
        self.most, self._count, self._again = most, 0, 0.0  # sessions, and when they are counted again
        self._waiting: list[_Push] = []
        self._round: asyncio.Task[None] | None = None
        self._searches: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Pushes that wait or are being taken."""
        behind = sum(1 + len(pushes) for pushes in self.searching.values()) if self.searching else 0
        return len(self._waiting) + len(self.taking) + behind

    # ---- what a user asks for

    async def create(
        self, model: str, owner: str = "", state: bytes | None = None, *, name: str | None = None
    ) -> Record:
        """A new session of a model, before any input or from a saved state; with a random name unless it has one."""
        served = self.opened(model, "")
        await self._expect_room()
        stream = served.stream()
        if state is not None:
            stream.load(state)
        return await self._create(served, stream, owner, name=name)

    async def _create(
        self, served: Served, stream: Stream, owner: str, at: int = 0, name: str | None = None
    ) -> Record:
        record = Record(
            id=name or secrets.token_urlsafe(18), model=served.name, digest=served.digest, owner=owner, fence=1, at=at,
            finished=False, touched=self.clock(), state=stream.save(), answers=NONE,
        )  # fmt: skip
        await self.store.create(record)
        self._remember(_Live(record, stream, []))
        return record

    async def info(self, name: str, owner: str = "") -> Record:
        """A session as the store has it."""
        live = self.live.get(name)
        if live is not None and not live.kept:
            return self._owned(live.record, owner)
        return self._owned(await self.store.read(name), owner)

    async def push(
        self,
        name: str,
        inputs: Iterable[Value],
        *,
        at: int | None = None,
        owner: str = "",
        finish: bool = False,
        request: str = "",
        keep: bool = True,
    ) -> Answer:
        """Take these inputs, and with `finish` the end of them: what became final.

        `at` is the number of inputs that the sender knows were taken; None takes the inputs wherever the session is,
        unless one of the last pushes had the same inputs and the same name of a `request`. Without `keep` it is
        answered before the store has it, which `flush` sees to.
        """
        if self._closed or self.waiting >= self.queue:
            self.counts.refused += 1
            raise Full("the server takes no more pushes now; send it again in a second")
        inputs = list(inputs)
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(
            _Push(
                name,
                owner,
                at,
                inputs,
                finish,
                sum_of(inputs, finish, request),
                done,
                request,
                keep or finish,
            )
        )
        self._go_on()
        return await done

    async def has_taken(
        self, name: str, inputs: Iterable[Value], *, owner: str, finish: bool, request: str
    ) -> bool:
        """Whether this very request is one of the last pushes, whose answers are kept."""
        wanted, record = sum_of(list(inputs), finish, request), await self.info(name, owner)
        return any(answer.sum == wanted for answer in unpacked(record.answers))

    async def peek(self, name: str, owner: str = "") -> tuple[int, Value]:
        """The inputs that were taken, and the answer so far, as if they ended here."""
        record, stream = await self._read(name, owner)
        if not stream.searches:
            return record.at, stream.peek()  # which looks at a fork of its own
        fork = stream.fork()  # as others may push to the session meanwhile
        return record.at, await self.apart(fork.peek)

    async def fork(self, name: str, owner: str = "") -> Record:
        """Another session that has taken the same."""
        record, stream = await self._read(name, owner)
        if record.finished:
            raise Conflict("the session has finished: its input has ended", record.at)
        await self._expect_room()
        return await self._create(self.opened(record.model, record.digest), stream.fork(), owner, record.at)

    async def restore(self, name: str, state: bytes, *, at: int = 0, owner: str = "") -> Record:
        """Go on from this state, with `at` as the number of inputs that it has taken."""
        live = await self._take(name, owner)
        live.stream.load(state)  # which checks it whole before it changes anything
        record = msgspec.structs.replace(
            live.record,
            at=at,
            finished=False,
            touched=self.clock(),
            state=live.stream.save(),
            answers=NONE,
        )
        self._forget(name)
        (kept,) = await self.store.write([record])
        if not kept:
            raise Conflict(
                "another worker stepped the session meanwhile; send the state again", live.record.at
            )
        return record

    async def delete(self, name: str, owner: str = "") -> None:
        self._owned(await self.store.read(name), owner)
        self._forget(name)
        await self.store.delete(name)
        self._count -= 1

    async def expire(self, idle: float) -> int:
        """Forget the sessions that were idle for so many seconds."""
        return await self.store.expire(self.clock() - idle)

    async def flush(self, names: Iterable[str] | None = None) -> None:
        """Keep what was answered before the store had it, of these sessions or of all."""
        some = [self.live.get(name) for name in (list(self.live) if names is None else names)]
        loose = [live for live in some if live is not None and not live.kept]
        for first in range(0, len(loose), 50):  # others are let in between
            part = loose[first : first + 50]
            records = [live.record for live in part]
            kept = await self.store.write(records)
            for live, record, sound in zip(part, records, kept, strict=True):
                if not sound:
                    self.counts.lost += 1
                    self._forget(record.id)  # another worker has it, from where it was kept last
                elif live.record is record:
                    live.kept = True
            if first + 50 < len(loose):
                await asyncio.sleep(0)

    async def park(self, idle: float) -> int:
        """Leave the sessions that were not used for so many seconds to the store; how many."""
        return await self._trim(len(self.live), time.monotonic() - idle)

    async def _trim(self, most: int, before: float = math.inf) -> int:
        """Leave sessions to the store, those that were used longest ago first, until so many are left."""
        gone: list[str] = []
        for name, live in self.live.items():
            if live.used >= before or (before == math.inf and len(self.live) - len(gone) <= most):
                break
            if not self._busy(name):
                gone.append(name)
        await self.flush(gone)
        for name in gone:  # unless it was pushed to meanwhile
            if not self._busy(name) and name in self.live and self.live[name].kept:
                self._forget(name)
        return len(gone)

    async def close(self) -> None:
        """Take no more, and finish what waits."""
        self._closed = True
        while self._round is not None or self._searches:
            await asyncio.wait(self._searches if self._round is None else [self._round])
        await self.flush()
        await self.store.close()

    async def _expect_room(self) -> None:
        """Refuse one more session than the store may hold. They are counted now and then, as that may take long."""
        begun = time.monotonic()
        if begun >= self._again:
            self._again = math.inf  # one counts, whoever comes meanwhile
            try:
                self._count = await self.store.count()
            finally:
                self._again = time.monotonic() + max(1.0, 100 * (time.monotonic() - begun))
        if self._count >= self.most:
            raise Full(f"there are {self.most:,} sessions, as many as this server keeps")
        self._count += 1

    # ---- rounds

    def _go_on(self) -> None:
        if self._round is None:
            self._round = asyncio.create_task(self._rounds())

    async def _rounds(self) -> None:
        try:
            while self._waiting or self.taking:
                waiting, self._waiting = self._waiting, []
                self.counts.rounds += 1
                self.counts.largest = max(self.counts.largest, len(waiting))
                await self._admit(waiting)
                done = self._step()
                await self._keep(done)
                for taken, _ in done:
                    del self.taking[taken.push.id]
                if len(self.live) > self.cached:
                    with contextlib.suppress(StoreError):  # those that it does not keep stay
                        await self._trim(self.cached)
                await asyncio.sleep(0)  # pushes that came meanwhile join the next round
        except BaseException:
            pushes = [*self._waiting, *(taken.push for taken in self.taking.values())]
            for push in pushes:  # nobody takes them any more
                self._forget(push.id)
                _fail(push.done, RuntimeError("the round of this push failed"))
            self._waiting = []
            self.taking.clear()
            raise
        finally:
            self._round = None

    async def _admit(self, waiting: list[_Push]) -> None:
        """Begin to take these pushes. A second push of a session waits for the first."""
        some: dict[str, _Push] = {}
        for push in waiting:
            if push.id in self.searching:
                self.searching[push.id].append(push)
            elif push.id in self.taking or push.id in some:
                self._waiting.append(push)
            elif not push.done.done():  # else nobody waits for it any more, and it was not begun
                some[push.id] = push
        absent = [push for push in some.values() if not self._follows(push)]
        if absent:
            await asyncio.gather(*(self._begin(push) for push in absent))

    def _follows(self, push: _Push) -> bool:
        """Begin to take a push that follows what is in memory, as nearly all do; whether it was such a one."""
        live = self.live.get(push.id)
        if live is None or live.record.owner != push.owner or live.record.finished or push.request:
            return False
        if push.at not in (None, live.record.at) or not push.inputs or (push.finish and live.stream.searches):
            return False
        self._used(live)
        self.taking[push.id] = _Taken(push, live, Running(live.stream, self._steps(live, push)))
        return True

    async def _begin(self, push: _Push) -> None:
        """Begin to take a push, unless it was taken before or does not follow."""
        try:
            live, answer = await self._looked_up(push)
            if answer is None and push.finish and live.stream.searches:
                self._search(push, live)
            elif answer is None:
                self.taking[push.id] = _Taken(push, live, Running(live.stream, self._steps(live, push)))
            elif push.keep and not live.kept:
                await self.flush([push.id])
                self._waiting.append(push)
            else:
                self.counts.repeated += 1
                _set(push.done, answer)
        except Exception as error:  # its own push's; others go on
            self.counts.refused += 1
            _fail(push.done, error)

    def _search(self, push: _Push, live: _Live) -> None:
        """Take a push whose end is a search beside the rounds; the session's other pushes wait for it."""
        self.searching[push.id] = []

        async def search() -> None:
            try:
                running = await self.apart(lambda: run(live.stream, self._steps(live, push)))
                self.taking[push.id] = _Taken(push, live, running)
            except BaseException:
                self._forget(push.id)  # its stream may have taken what is not kept
                _fail(push.done, RuntimeError("the search of this push failed"))
                raise
            finally:
                self._waiting += self.searching.pop(push.id)
                self._go_on()

        task = asyncio.create_task(search())
        self._searches.add(task)
        task.add_done_callback(self._searches.discard)

    def _steps(self, live: _Live, push: _Push) -> Steps[dict[str, Value]]:
        """What a push makes final, and with its end what the end does."""
        rows: list[Row] = []
        for value in push.inputs:
            rows += yield from self.take(live.stream, value)
        if push.finish:
            return {"rows": rows, "end": (yield from live.stream.finishing())}
        return {"rows": rows}

    def _step(self) -> list[tuple[_Taken, Answer]]:
        """Take steps of all that are begun, until they are done or others have waited for long; those that are done."""
        running = [taken.running for taken in self.taking.values()]
        ends = time.perf_counter() + ROUND
        while running and time.perf_counter() < ends:
            running = step(running)
        done: list[tuple[_Taken, Answer]] = []
        for name, taken in list(self.taking.items()):
            if taken.running.x is not None:
                continue
            try:
                done.append((taken, self._moved(taken)))
            except Exception as error:  # an input that is refused takes nothing
                self.counts.refused += 1
                _fail(taken.push.done, error)
                del self.taking[name]
                try:
                    taken.live.stream.load(taken.live.record.state)
                except HithertoError:
                    self._forget(name)
        return done

    def _moved(self, taken: _Taken) -> Answer:
        """The answer of a push that is done, with which its session's record moves on."""
        push, live, running = taken.push, taken.live, taken.running
        if running.error is not None:
            raise running.error
        record, state = live.record, live.stream.save()
        at = record.at + len(push.inputs)
        answer = Answer(record.at, at, push.sum, msgspec.json.encode(running.value, enc_hook=plain))
        live.answers, answers = packed([*live.answers, answer])
        live.record = Record(
            record.id, record.model, record.digest, record.owner, record.fence, at, push.finish, self.clock(), state,
            answers,
        )  # fmt: skip
        live.kept = False
        return answer

    async def _keep(self, done: list[tuple[_Taken, Answer]]) -> None:
        """Keep the records of these pushes together, and answer them."""
        kept: list[tuple[_Taken, Answer]] = []
        for taken, answer in done:
            if taken.push.keep:
                kept.append((taken, answer))
            else:
                self._answered(taken, answer)
        if not kept:
            return
        records = [taken.live.record for taken, _ in kept]
        try:
            sound = await self.store.write(records)
        except Exception as error:
            for taken, _ in kept:
                self._forget(taken.push.id)  # its stream has taken what was not kept
                _fail(taken.push.done, error)
            return
        for (taken, answer), held in zip(kept, sound, strict=True):
            if held:
                taken.live.kept = True
                self._answered(taken, answer)
                continue
            push = taken.push
            self._forget(push.id)  # another worker has it: what was stepped here never was
            self.counts.lost += 1
            push.tries += 1
            if push.tries < 10:
                self._waiting.append(push)
            else:
                _fail(push.done, Full("another worker steps the session at the same time; send it again"))

    def _answered(self, taken: _Taken, answer: Answer) -> None:
        self.counts.pushes += 1
        self.counts.inputs += len(taken.push.inputs)
        _set(taken.push.done, answer)

    async def _looked_up(self, push: _Push) -> tuple[_Live, Answer | None]:
        """The session of a push, and the answer if the push was taken before."""
        live = self.live.get(push.id)
        if live is not None:
            self._owned(live.record, push.owner)
            self._used(live)
            try:
                return live, self._repeated(live, push)
            except Conflict:  # another worker may have stepped it since
                if not live.kept:
                    await self.flush([push.id])
        live = await self._take(push.id, push.owner)
        return live, self._repeated(live, push)

    def _repeated(self, live: _Live, push: _Push) -> Answer | None:
        """The answer to a push that was taken before; None for the one that follows; an error for any other."""
        record = live.record
        if push.request:
            same = [answer for answer in live.answers if answer.sum == push.sum]
            if same:
                return same[-1]
        if push.at is None or push.at == record.at:
            last = live.answers[-1] if live.answers else None
            # The end of the inputs takes none, so that `at` does not tell one end from another.
            if push.at is not None and last is not None and last.begin == push.at and last.sum == push.sum:
                return last
            if record.finished:
                raise Conflict("the session has finished: its input has ended", record.at)
            return None
        for answer in live.answers:
            if answer.begin == push.at:
                if answer.sum == push.sum:
                    return answer
                raise Conflict(
                    f"other inputs were taken at {push.at}: {record.at} inputs were taken in all", record.at
                )
        if push.at < record.at:
            raise Conflict(
                f"the push begins at {push.at}, but {record.at} inputs were taken, and that push is not one of the "
                f"last {REMEMBERED}: go on at {record.at}",
                record.at,
            )
        raise Conflict(
            f"the push begins at {push.at}, but {record.at} inputs were taken: send those between them first",
            record.at,
        )

    # ---- what is in memory

    def _owned(self, record: Record | None, owner: str) -> Record:
        if record is None or record.owner != owner:
            raise Gone("there is no such session: it was deleted, has expired, or never was")
        return record

    async def _take(self, name: str, owner: str) -> _Live:
        """The session from the store, with a new token; it is this worker's now."""
        self._owned(await self.store.read(name), owner)
        record = self._owned(await self.store.take(name), owner)
        live = _Live(record, self._streamed(record), unpacked(record.answers))
        self._remember(live)
        return live

    async def _read(self, name: str, owner: str) -> tuple[Record, Stream]:
        """The session as the store has it, and a stream at that state, for one who does not push to it."""
        live = self.live.get(name)
        if live is not None and not live.kept and not self._busy(name):
            return self._owned(live.record, owner), live.stream
        record = self._owned(await self.store.read(name), owner)
        live = self.live.get(name)
        same = live is not None and (live.record.fence, live.record.at) == (record.fence, record.at)
        if live is not None and same and live.kept and not self._busy(name):
            return record, live.stream
        return record, self._streamed(record)

    def _streamed(self, record: Record) -> Stream:
        return self.opened(record.model, record.digest).stream().load(record.state)

    def _remember(self, live: _Live) -> None:
        self.live[live.record.id] = live
        self._used(live)

    def _used(self, live: _Live) -> None:
        self.live.move_to_end(live.record.id)
        live.used = time.monotonic()

    def _busy(self, name: str) -> bool:
        """Whether its stream is between two states."""
        return name in self.taking or name in self.searching

    def _forget(self, name: str) -> None:
        self.live.pop(name, None)


def _set(done: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not done.done():
        done.set_result(answer)


def _fail(done: "asyncio.Future[Answer]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)


def steady() -> Callable[[], float]:
    """The time since 1970, by the system's clock of now: later changes of that do not count, as no session is older."""
    begun = time.time() - time.monotonic()
    return lambda: begun + time.monotonic()
