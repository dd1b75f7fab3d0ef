"""The server where things go wrong: killed workers and stores, full disks, clocks, broken and slow clients, limits."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

pytest.importorskip("starlette")

import httpx
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from websockets.sync.client import connect

import hitherto
from hitherto.client import Client
from hitherto.errors import DataError, StoreError
from hitherto.serve import app, run
from hitherto.serve import batches as whole
from hitherto.serve import sessions as sessions_
from hitherto.serve.batches import Batches, fits
from hitherto.serve.models import Models, named
from hitherto.serve.sessions import Sessions
from hitherto.serve.settings import settled
from hitherto.serve.sqlite import SQLite
from hitherto.serve.store import Memory, store_of
from hitherto.serve.values import take

GOLDEN = Path(__file__).parent / "golden"
WORDS = ("the ", "cat ", "sat ", "on ", "mat.\n", "dog ")


def plainly(value: object) -> Any:
    return json.loads(json.dumps(value, default=lambda array: array.tolist()))


def opened(name: str) -> Any:
    return hitherto.open(GOLDEN / f"{name}.safetensors")


class Running:
    """A server in a thread of this process."""

    def __init__(self, tmp_path: Path, *names: str, **options: Any) -> None:
        self.said: list[str] = []
        settings = settled(
            {
                "models": [str(GOLDEN / f"{name}.safetensors") for name in names],
                "port": 0, "log": "none", "store": f"sqlite://{tmp_path / 's.db'}", **options,
            }
        )  # fmt: skip
        self.bound = run._bound(settings)
        self.port = self.bound.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.app = app(settings=settings, say=self.said.append)
        ready = threading.Event()
        self.server = run._Server(run._configured(settings, self.app), ready.set)
        self.thread = threading.Thread(target=self.server.run, args=([self.bound],))
        self.ready = ready

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(30)
        self.bound.close()
        assert not self.thread.is_alive()

    @property
    def counts(self) -> Any:
        return self.app.state.server.sessions.counts

    def raw(self, path: str | None = None) -> socket.socket:
        """A plain connection; with a path after the handshake of a WebSocket."""
        made = socket.create_connection(("127.0.0.1", self.port), 10)
        if path is not None:
            made.sendall(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            head = b""
            while b"\r\n\r\n" not in head:
                head += made.recv(4096)
            assert b" 101 " in head
        return made


def until(true: Any, seconds: float = 20) -> None:
    """Wait until it is so: an error where it never is."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def closed(connection: socket.socket) -> bytes:
    """What the server says until it closes the connection."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(4096):
            said += part
    return said


# ------------------------------------------------------------------------------------------------------------- kills


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Redis:
    """A server of Redis that keeps all that it answered."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("redis")
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            pytest.skip("redis-server is not installed")
        self.port = free_port()
        self.command = [
            program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes",
            "--appendfsync", "always", "--save", "",
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.start()


@contextlib.contextmanager
def served(*options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [
        sys.executable,
        "-m",
        "hitherto",
        "serve",
        str(GOLDEN / "lm.safetensors"),
        "--port",
        "0",
        *options,
    ]
    with subprocess.Popen(
        [*command, "--log", "none"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        begin = line.find("http://")
        assert begin >= 0, line
        try:
            yield process, line[begin:].split()[0]
        finally:
            process.terminate()
            process.stdout.read()
            assert process.wait(30) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=pytest.mark.soak)])
def test_workers_and_a_store_that_are_killed_lose_nothing(tmp_path: Path, kills: int) -> None:
    """At random moments, while pushes are under way from two threads."""
    redis = Redis(tmp_path)
    model, ended, wrong = opened("lm"), threading.Event(), []
    pushes = [0, 0]

    def pusher(place: int, address: str) -> None:
        rng = random.Random(place)
        try:
            with Client(address, patience=120, timeout=5) as client:
                sessions = [(client.session("lm"), model.stream()) for _ in range(3)]
                while not ended.is_set():
                    session, stream = rng.choice(sessions)
                    some = [rng.choice(WORDS) for _ in range(rng.randint(1, 3))]
                    at = session.at
                    rows = session.push(*some)
                    assert rows == [row for word in some for row in plainly(stream.push(word))]
                    assert session.at == at + len(some)
                    pushes[place] += 1
                for session, stream in sessions:
                    assert session.save() == stream.save()
        except BaseException as error:
            wrong.append(error)

    try:
        with served("--workers", "2", "--store", f"redis://127.0.0.1:{redis.port}") as (process, address):
            threads = [threading.Thread(target=pusher, args=(place, address)) for place in range(2)]
            for thread in threads:
                thread.start()
            rng = random.Random(kills)
            for turn in range(kills):
                before = sum(pushes)
                until(lambda before=before: sum(pushes) > before + 3 or wrong, 120)
                time.sleep(rng.uniform(0, 0.05))
                if turn % 2:
                    redis.kill()
                    continue
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                os.kill(int(rng.choice(children)), signal.SIGKILL)
            before = sum(pushes)
            until(lambda: sum(pushes) > before + 3 or wrong, 120)
            ended.set()
            for thread in threads:
                thread.join(120)
        assert not wrong, wrong
        assert min(pushes) > 0
    finally:
        ended.set()
        redis.process.kill()
        redis.process.wait()


# ---------------------------------------------------------------------------------------------------- disks and clocks


def test_a_full_disk_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    models = Models(named([f"lm={GOLDEN / 'lm.safetensors'}"]))

    async def full() -> None:
        store = SQLite(str(tmp_path / "s.db"))
        sessions = Sessions(store, models.served, take)
        name = (await sessions.create("lm")).id
        await sessions.push(name, ["the "], at=0)
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        full = 0
        while not full:  # until the pages that it has are full
            try:
                await sessions.create("lm")
            except StoreError as error:
                full += "full" in str(error)
        record = await sessions.info(name)
        at, failed = 1, 0
        for _ in range(30):  # an answer grows the record beyond what is left
            try:
                at = (await sessions.push(name, ["cat sat on the mat " * 50], at=at)).at
            except StoreError:
                failed += 1
                assert (await sessions.info(name)).at == at
        assert failed
        record = await sessions.info(name)
        store._db.execute(f"PRAGMA max_page_count = {1 << 30}")
        answer = await sessions.push(name, ["dog "], at=at)
        stream = opened("lm").stream()
        stream.push("the ")
        for _ in range(at - 1):
            stream.push("cat sat on the mat " * 50)
        assert record.state == stream.save()
        assert json.loads(answer.json())["rows"] == plainly(stream.push("dog "))
        await sessions.close()

    asyncio.run(full())


def test_a_clock_that_jumps_forgets_no_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = Models(named([f"lm={GOLDEN / 'lm.safetensors'}"]))
    true = time.time

    async def jumps() -> None:
        sessions = Sessions(store_of(f"sqlite://{tmp_path / 's.db'}"), models.served, take)
        name = (await sessions.create("lm")).id
        for years in (10, -10):
            monkeypatch.setattr(sessions_.time, "time", lambda years=years: true() + years * 365 * 86400)
            assert await sessions.expire(7 * 86400) == 0
            at = (await sessions.info(name)).at
            assert (await sessions.push(name, ["the "], at=at)).at == at + 1
            assert await sessions.expire(7 * 86400) == 0
        assert abs((await sessions.info(name)).touched - true()) < 3600
        await sessions.close()

    asyncio.run(jumps())


# ------------------------------------------------------------------------------------------------------ broken clients

NO_MASK = b"\0\0\0\0"
FRAMES = {
    "without a mask": b"\x81\x02{}",
    "reserved bits": b"\xf1\x80" + NO_MASK,
    "an unknown kind": b"\x83\x80" + NO_MASK,
    "text that is no UTF-8": b"\x81\x82" + NO_MASK + b"\xff\xfe",
    "a ping that is too long": b"\x89\xfe\x00\x80" + NO_MASK + bytes(128),
    "a part of nothing": b"\x80\x81" + NO_MASK + b"x",
    "a message that never ends": b"\x81\xff" + (1 << 62).to_bytes(8, "big") + NO_MASK,
    "a close of one byte": b"\x88\x81" + NO_MASK + b"x",
    "a close with no such reason": b"\x88\x82" + NO_MASK + b"\x00\x01",
    "a ping in parts": b"\x09\x80" + NO_MASK,
    "noise": bytes(range(200, 250)) * 9,
    "a request": b"GET / HTTP/1.1\r\n\r\n",
}


def test_broken_frames_end_their_own_connection_alone(tmp_path: Path) -> None:
    stream = opened("lm").stream()
    with (
        Running(tmp_path, "lm") as server,
        connect(f"ws://127.0.0.1:{server.port}/v1/models/lm/stream") as live,
    ):
        live.recv()
        for at, (what, frame) in enumerate(FRAMES.items()):
            with server.raw("/v1/models/lm/stream") as broken:
                broken.sendall(frame)
                assert closed(broken), what  # its first message, at least
            live.send(json.dumps({"at": at, "inputs": ["the "]}))
            assert json.loads(live.recv())["rows"] == plainly(stream.push("the ")), what
        until(lambda: server.app.state.server.sockets == 1)
        for message in ("null", "[]", '{"at": "x"}', '{"inputs": 3}', '{"nothing": 1}', "{" * 5000, "\0"):
            live.send(message)
            assert json.loads(live.recv())["status"] == 400
        live.send(b"\xff\xfe")
        assert "UTF-8" in json.loads(live.recv())["error"]
    assert server.said == []


def test_a_connection_that_asks_for_nothing_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "IDLE", 0.3)
    with contextlib.ExitStack() as all_of_them:
        server = all_of_them.enter_context(Running(tmp_path, "lm", max_time=0.5))
        client = all_of_them.enter_context(httpx.Client(base_url=server.address))
        silent, half, slow = (all_of_them.enter_context(server.raw()) for _ in range(3))
        live = all_of_them.enter_context(server.raw("/v1/models/lm/stream"))
        half.sendall(b"POST /v1/models/lm/sessions HTTP/1.1\r\nHos")
        slow.sendall(b"POST /v1/models/lm/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        for _ in range(5):  # who asks goes on
            assert client.get("/live").status_code == 200
            time.sleep(0.1)
        assert closed(silent) == b""
        assert closed(half) == b""
        assert slow.recv(4096).startswith(b"HTTP/1.1 503")
        live.settimeout(0.2)
        live.recv(4096)
        with pytest.raises(TimeoutError):  # a WebSocket may be silent: it is asked with pings
            live.recv(4096)


def test_a_slow_reader_holds_up_no_other_and_fills_no_memory(tmp_path: Path) -> None:
    text = json.dumps({"input": "the cat sat on the mat " * 200}).encode()
    frame = b"\x81\xfe" + len(text).to_bytes(2, "big") + NO_MASK + text
    with Running(tmp_path, "lm") as server, server.raw("/v1/models/lm/stream") as slow:
        sent = 0
        slow.settimeout(1.0)
        with contextlib.suppress(TimeoutError):
            while sent < 3000:  # it asks and asks, and reads no answer
                slow.sendall(frame)
                sent += 1
        assert sent < 3000
        taken = -1
        while taken != server.counts.pushes:  # until what the system holds is full
            taken = server.counts.pushes
            time.sleep(0.5)
        assert taken < sent
        with Client(server.address) as client:
            session, stream = client.session("lm"), opened("lm").stream()
            for _ in range(5):
                assert session.push("the ") == plainly(stream.push("the "))
        assert server.counts.pushes <= taken + 5


def test_limits_of_sockets_and_of_pushes_that_wait(tmp_path: Path) -> None:
    bundle = str(GOLDEN / "lm.safetensors")
    local = {"host": "localhost"}
    with TestClient(
        app(bundle, store="memory", log="none", max_sockets=1), base_url="http://localhost"
    ) as client:
        with client.websocket_connect("/v1/models/lm/stream", headers=local) as first:
            first.receive_json()
            with client.websocket_connect("/v1/models/lm/stream", headers=local) as second:
                with pytest.raises(WebSocketDisconnect) as error:
                    second.receive_json()
                assert error.value.code == 1013
        with client.websocket_connect("/v1/models/lm/stream", headers=local) as third:
            assert third.receive_json()["at"] == 0
    with TestClient(
        app(bundle, store="memory", log="none", max_sessions=2), base_url="http://localhost"
    ) as client:
        session = client.post("/v1/models/lm/sessions").json()["session"]
        assert client.post(f"/v1/sessions/{session}/fork").status_code == 201
        for full in (client.post(f"/v1/sessions/{session}/fork"), client.post("/v1/models/lm/sessions")):
            assert (full.status_code, full.headers["retry-after"]) == (429, "1")
        with client.websocket_connect("/v1/models/lm/stream", headers=local) as live:
            assert live.receive_json()["status"] == 429
            with pytest.raises(WebSocketDisconnect) as error:
                live.receive_json()
            assert error.value.code == 1013
        client.delete(f"/v1/sessions/{session}")
        assert client.post("/v1/models/lm/sessions").status_code == 201


@pytest.mark.parametrize("ack", ["each", "interval", "close"])
def test_what_a_socket_pushes_is_kept_when_it_is_said_to_be(tmp_path: Path, ack: str) -> None:
    other = SQLite(str(tmp_path / "s.db"))

    def kept(name: str) -> int:
        (at,) = other._db.execute("SELECT at FROM sessions WHERE id = ?", (name,)).fetchone()
        return int(at)

    how = {"ack": ack, "interval": 0.05 if ack == "interval" else 3600.0}
    with Running(tmp_path, "lm", **how) as server, httpx.Client(base_url=server.address) as client:
        with connect(f"ws://127.0.0.1:{server.port}/v1/models/lm/stream") as live:
            name = json.loads(live.recv())["session"]
            live.send(json.dumps({"at": 0, "inputs": ["the ", "cat "]}))
            assert json.loads(live.recv())["at"] == 2
            if ack == "interval":
                until(lambda: kept(name) == 2)
            assert kept(name) == (0 if ack == "close" else 2)
            assert client.get(f"/v1/sessions/{name}").json()["at"] == 2  # of the same worker
        until(lambda: kept(name) == 2)
        assert client.post(f"/v1/sessions/{name}/push", json={"at": 2, "inputs": ["sat "]}).json()["at"] == 3
        assert kept(name) == 3
        with connect(f"ws://127.0.0.1:{server.port}/v1/models/lm/stream?session={name}") as live:
            live.recv()
            live.send(json.dumps({"at": 3, "inputs": ["on "]}))
            live.recv()
            if ack == "close":
                assert kept(name) == 3
            server.server.should_exit = True  # it drains
            until(lambda: kept(name) == 4)
    asyncio.run(other.close())


# --------------------------------------------------------------------------------------------------- answers in batches


@pytest.mark.parametrize("name", ["classify", "tag", "translate", "classify-two-ways", "classify-series"])
def test_requests_that_wait_are_answered_together_as_each_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, rng = opened(name), random.Random(0)
    calls: list[int] = []
    real = whole.together

    def counted(model: Any, requests: Any, details: bool) -> Any:
        calls.append(len(requests))
        return real(model, requests, details)

    monkeypatch.setattr(whole, "together", counted)

    def one() -> Any:
        if name == "classify-series":
            return [rng.uniform(-1, 1) for _ in range(rng.randint(3, 9))]
        return "".join(rng.choice(("good ", "bad ", "the ", "cat ")) for _ in range(rng.randint(1, 9)))

    requests = [[one() for _ in range(rng.randint(1, 3))] for _ in range(30)]
    assert all(fits(model, inputs) for inputs in requests)

    async def ask() -> list[Any]:
        batches = Batches(lambda call: asyncio.to_thread(call))
        return list(await asyncio.gather(*(batches.predict(model, inputs, True) for inputs in requests)))

    answers = asyncio.run(ask())
    assert answers == [model.predict(inputs, details=True) for inputs in requests]
    assert max(calls) > 5


def test_a_request_that_is_refused_is_refused_alone() -> None:
    model = opened("tag")

    async def ask() -> list[Any]:
        batches = Batches(lambda call: asyncio.to_thread(call))
        asked = [["the cat"], ["the dog"], [["the", 3.5]], ["sat"]]
        asked[2] = ["\ud800"]  # half of a character
        return list(
            await asyncio.gather(
                *(batches.predict(model, one, False) for one in asked), return_exceptions=True
            )
        )

    answers = asyncio.run(ask())
    assert [answers[i] for i in (0, 1, 3)] == [
        model.predict([text]) for text in ("the cat", "the dog", "sat")
    ]
    assert isinstance(answers[2], DataError)


def test_a_conversation_and_rows_of_a_series_are_not_mixed_with_others() -> None:
    assert not fits(opened("forecast"), ["a"])
    assert not fits(opened("chat"), [{"role": "user", "content": "the"}])
    assert not fits(opened("classify"), ["a", ["b"]])
    assert fits(opened("classify"), ["a", "b"])


def test_requests_of_many_clients_are_answered(tmp_path: Path) -> None:
    model = opened("classify")
    texts = [
        " ".join(words)
        for words in np.random.default_rng(0).choice(["good", "bad", "fine"], (40, 4)).tolist()
    ]

    async def ask(address: str) -> list[Any]:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            answers = await asyncio.gather(
                *(client.post("/v1/models/classify/predict", json={"inputs": [text]}) for text in texts)
            )
        return [answer.json()["answers"][0] for answer in answers]

    with Running(tmp_path, "classify") as server:
        assert asyncio.run(ask(server.address)) == model.predict(texts)


def test_a_store_that_fails_is_told_of_and_tried_again(tmp_path: Path) -> None:
    """What was answered before it was kept stays in memory until the store has it."""
    models = Models(named([f"lm={GOLDEN / 'lm.safetensors'}"]))

    class Failing(Memory):
        full = False

        async def write(self, records: Any) -> list[bool]:
            if self.full:
                raise StoreError("no space is left")
            return await super().write(records)

    async def told() -> None:
        store = Failing()
        sessions = Sessions(store, models.served, take, cached=1)
        names = [(await sessions.create("lm")).id for _ in range(3)]
        store.full = True
        for name in names:
            await sessions.push(name, ["the "], at=0, keep=False)
        assert len(sessions.live) == 3  # more than its memory has room for, rather than lost
        with pytest.raises(StoreError):
            await sessions.flush()
        store.full = False
        await sessions.push(names[0], ["cat "], at=1, keep=False)
        assert len(sessions.live) == 1
        assert [(await sessions.info(name)).at for name in names] == [2, 1, 1]

    asyncio.run(told())
