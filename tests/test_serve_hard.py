"""The server where things go wrong: killed workers and stores, full disks, clocks, broken and slow clients, limits."""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette")

import httpx
from serving import GOLDEN, WORDS, Failing, Redis, Running, opened, plainly, served, until, workers_of
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from websockets.sync.client import connect

from hitherto.client import Client
from hitherto.errors import DataError, StoreError
from hitherto.media.sound import write_wav
from hitherto.serve import app, run
from hitherto.serve import batches as whole
from hitherto.serve import sessions as sessions_
from hitherto.serve.batches import Batches, fits
from hitherto.serve.models import Models, named
from hitherto.serve.sessions import Sessions
from hitherto.serve.sqlite import SQLite
from hitherto.serve.store import store_of
from hitherto.serve.values import take


def closed(connection: socket.socket) -> bytes:
    """What the server says until it closes the connection."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(4096):
            said += part
    return said


# ------------------------------------------------------------------------------------------------------------- kills


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
        with served(tmp_path, "--workers", "2", "--store", redis.address) as (process, address):
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
                os.kill(rng.choice(workers_of(process.pid)), signal.SIGKILL)
            before = sum(pushes)
            until(lambda: sum(pushes) > before + 3 or wrong, 120)
            ended.set()
            for thread in threads:
                thread.join(120)
        assert not wrong, wrong
        assert min(pushes) > 0
    finally:
        ended.set()
        redis.end()


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


def test_uploads_that_wait_are_answered_together_as_each_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = whole.together

    def counted(model: Any, requests: Any, details: bool) -> Any:
        calls.append(len(requests))
        return real(model, requests, details)

    monkeypatch.setattr(whole, "together", counted)
    rng, sounds = np.random.default_rng(0), []
    for i in range(20):
        path = tmp_path / f"{i}.wav"
        write_wav(path, rng.normal(size=2000 + 100 * i).astype(np.float32) / 10, 8000)
        sounds.append(path.read_bytes())
    sounds[7] = b"RIFF, but no sound"

    async def ask(address: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            asked = [
                client.post("/v1/models/transcribe/predict", files={"file": ("a.wav", sound)}) if i % 2 else
                client.post("/v1/audio/transcriptions", files={"file": ("a.wav", sound)}, data={"model": "transcribe"})
                for i, sound in enumerate(sounds)
            ]  # fmt: skip
            return list(await asyncio.gather(*asked))

    with Running(tmp_path, "transcribe") as server:
        answers = asyncio.run(ask(server.address))
    assert max(calls) > 3
    assert answers[7].status_code == 422
    for i, (answer, sound) in enumerate(zip(answers, sounds, strict=True)):
        if i != 7:
            said = answer.json()
            assert [said["answers"][0] if i % 2 else said["text"]] == opened("transcribe").predict([sound])


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
