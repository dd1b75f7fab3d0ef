"""A load generator for servers of sessions: many connections in one process, each push timed.

It speaks WebSocket and HTTP by hand, so that it takes little of the two cores that it shares with the server.

A closed load sends the next push of a connection when the last is answered. An open load sends at a rate, whatever the
answers do: its times begin when a push was due, so that a server that stalls cannot hide it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

__all__ = ["Http", "Link", "Load", "Socket", "closed", "opened", "percentiles"]

Payload = Callable[[int, int], bytes]  # of a push, by the number of its connection and its place there


class Link(asyncio.Protocol):
    """A connection that has one push under way at a time."""

    def __init__(self, path: str, host: str = "localhost") -> None:
        self.path, self.host = path, host
        self.buffer = bytearray()
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[bytes] | None = None
        self.answered: Callable[[bytes], None] | None = None  # of a push that is timed
        self.lost = False
        self.session = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionError(f"the server closed the connection: {exc}"))

    def _give(self, message: bytes) -> None:
        waiting, self.waiting = self.waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(message)
        elif self.answered is not None:
            self.answered(message)

    def write(self, raw: bytes) -> None:
        assert self.transport is not None
        self.transport.write(raw)

    async def next(self) -> bytes:
        self.waiting = asyncio.get_running_loop().create_future()
        return await self.waiting

    def send(self, payload: bytes) -> None:
        raise NotImplementedError


class Socket(Link):
    """A WebSocket."""

    upgraded = False
    binary = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.write(
            f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer
        buffer += data
        if not self.upgraded:
            head, found, rest = bytes(buffer).partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise ConnectionError(head.decode(errors="replace"))
            self.upgraded = True
            buffer[:] = rest
        while len(buffer) >= 2:
            size, begin = buffer[1], 2
            if size == 126:
                if len(buffer) < 4:
                    return
                size, begin = int.from_bytes(buffer[2:4], "big"), 4
            elif size == 127:
                if len(buffer) < 10:
                    return
                size, begin = int.from_bytes(buffer[2:10], "big"), 10
            if len(buffer) < begin + size:
                return
            kind, message = buffer[0] & 15, bytes(buffer[begin : begin + size])
            del buffer[: begin + size]
            if kind == 9:
                self._frame(10, message)
            elif kind in (1, 2):
                self._give(message)

    def send(self, payload: bytes) -> None:
        self._frame(2 if self.binary else 1, payload)

    def _frame(self, kind: int, payload: bytes) -> None:
        """A frame whose mask is nothing, which changes nothing."""
        size = len(payload)
        if size < 126:
            head = struct.pack(">BB", 128 | kind, 128 | size)
        elif size < 65536:
            head = struct.pack(">BBH", 128 | kind, 128 | 126, size)
        else:
            head = struct.pack(">BBQ", 128 | kind, 128 | 127, size)
        self.write(head + b"\0\0\0\0" + payload)


class Http(Link):
    """A connection of HTTP that is kept."""

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer
        buffer += data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(buffer[:end])
            lower = head.lower()
            place = lower.find(b"content-length:")
            size = int(lower[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if len(buffer) < end + 4 + size:
                return
            message = bytes(buffer[end + 4 : end + 4 + size])
            del buffer[: end + 4 + size]
            if not head.split(b" ", 2)[1].startswith(b"2"):
                raise ConnectionError(head.decode(errors="replace") + message.decode(errors="replace"))
            self._give(message)

    def send(self, payload: bytes, path: str | None = None) -> None:
        self.write(
            f"POST {path or self.path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n".encode()
            + payload
        )


class Load:
    """Links to one server, and what their pushes took."""

    def __init__(self, links: Sequence[Link], payload: Payload) -> None:
        self.links, self.payload = links, payload
        self.count = [0] * len(links)
        self.begun = [0.0] * len(links)
        self.times: list[float] = []
        self.failed = 0

    def push(self, i: int, due: float | None = None) -> None:
        self.begun[i] = time.perf_counter() if due is None else due
        payload = self.payload(i, self.count[i])
        self.count[i] += 1
        self.links[i].send(payload)

    def answered(self, i: int, message: bytes) -> None:
        self.times.append(time.perf_counter() - self.begun[i])
        if message.startswith(b'{"error"'):
            self.failed += 1


async def connected(
    make: Callable[[int], Link], count: int, host: str, port: int, together: int = 100
) -> list[Link]:
    """So many links. A server's first message of a WebSocket is read."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(together)

    async def one(i: int) -> Link:
        async with gate:
            link = make(i)
            waits = isinstance(link, Socket) and asyncio.ensure_future(link.next())
            await asyncio.sleep(0)
            await loop.create_connection(lambda: link, host, port)
            if waits:
                first = await waits
                if first.startswith(b"{"):
                    link.session = json.loads(first).get("session", "")
            return link

    return list(await asyncio.gather(*map(one, range(count))))


async def closed(load: Load, seconds: float, active: int | None = None) -> float:
    """Each of the first `active` links has one push under way, for so long; pushes a second."""
    ends = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    left = active = min(active or len(load.links), len(load.links))
    over = loop.create_future()

    def step(i: int, message: bytes) -> None:
        nonlocal left
        load.answered(i, message)
        if time.perf_counter() < ends:
            load.push(i)
            return
        left -= 1
        if not left:
            over.set_result(None)

    begun = time.perf_counter()
    for i in range(active):
        load.links[i].answered = lambda message, i=i: step(i, message)
        load.push(i)
    await asyncio.wait([over], timeout=seconds + 60)  # less where connections were lost
    return len(load.times) / (time.perf_counter() - begun)


async def opened(load: Load, rate: float, seconds: float) -> float:
    """Pushes at this rate, one link after the other; pushes a second that were answered.

    A link whose push is under way when its turn comes keeps the next one waiting, and that one's time runs.
    """
    loop = asyncio.get_running_loop()
    links = load.links
    late: dict[int, list[float]] = {i: [] for i in range(len(links))}
    busy = [False] * len(links)
    asked = done = 0
    total = int(rate * seconds)
    over = loop.create_future()

    def step(i: int, message: bytes) -> None:
        nonlocal done
        load.answered(i, message)
        done += 1
        if late[i]:
            load.push(i, late[i].pop(0))
        else:
            busy[i] = False
        if done == total and not over.done():
            over.set_result(None)

    for i, link in enumerate(links):
        link.answered = lambda message, i=i: step(i, message)
    begun = time.perf_counter()
    while asked < total:
        now = time.perf_counter()
        while asked < total and (due := begun + asked / rate) <= now:
            i = asked % len(links)
            asked += 1
            if busy[i]:
                late[i].append(due)
            else:
                busy[i] = True
                load.push(i, due)
        await asyncio.sleep(0.001)  # less would turn without a pause, on a core that the server may need
    await asyncio.wait([over], timeout=seconds + 60)
    return done / (time.perf_counter() - begun)


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """p50, p99 and p99.9 in milliseconds."""
    ordered = sorted(times)
    places = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
    return {
        name: round(1000 * ordered[min(len(ordered) - 1, int(q * len(ordered)))], 3)
        for name, q in places.items()
    }


def main() -> None:
    """One measurement, told as JSON: the command line of a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("transport", choices=("ws", "http"))
    parser.add_argument("port", type=int)
    parser.add_argument("model")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument(
        "--rate", type=float, default=0, help="pushes a second of an open load; 0 is a closed one"
    )
    parser.add_argument("--text", help="a file whose words are pushed; otherwise sound is, 0.1 s at a time")
    parser.add_argument(
        "--hold", action="store_true", help="say when all are connected, and stay until a line comes"
    )
    parser.add_argument("--warm", type=float, default=1, help="seconds that are not counted")
    given = parser.parse_args()
    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(_main(given))
    else:
        uvloop.run(_main(given))


async def _main(given: argparse.Namespace) -> None:
    words = [] if given.text is None else [f"{w} " for w in Path(given.text).read_text().split()]
    sounds = [random.Random(i).randbytes(1600) for i in range(20)]  # 0.1 s at 8 kHz, 16 bits: noise

    def payload(i: int, k: int) -> bytes:
        if words:
            return json.dumps({"at": k, "inputs": [words[(i * 37 + k) % len(words)]]}).encode()
        return sounds[(i + k) % len(sounds)]

    def make(i: int) -> Link:
        if given.transport == "http":
            return Http(f"/v1/models/{given.model}/sessions")
        link = Socket(f"/v1/models/{given.model}/stream" + ("" if words else "?format=s16"))
        link.binary = not words
        return link

    links = await connected(make, given.connections, "127.0.0.1", given.port)
    if given.transport == "http":
        for link in links:
            link.send(b"{}")
            link.session = json.loads(await link.next())["session"]
            link.path = f"/v1/sessions/{link.session}/push"
    print(json.dumps({"connected": len(links)}), flush=True)
    if given.hold:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    load = Load(links, payload)
    if given.seconds > 0:
        await (opened(load, given.rate, given.warm) if given.rate else closed(load, given.warm))
        load.times.clear()
        begun = time.process_time()
        rate = await (opened(load, given.rate, given.seconds) if given.rate else closed(load, given.seconds))
        own = 1e6 * (time.process_time() - begun) / len(load.times)
        row = {
            "pushes_per_s": round(rate),
            **percentiles(load.times),
            "pushes": len(load.times),
            "load_us": round(own, 1),
        }
        print(
            json.dumps({**row, "errors": load.failed, "lost": sum(link.lost for link in links)}), flush=True
        )
    if given.hold:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


if __name__ == "__main__":
    main()
