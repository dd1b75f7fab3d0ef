"""The server: sessions that no push steps twice, whichever worker takes them; its routes, limits, keys and errors."""

import asyncio
import json
import os
import random
import re
import shutil
import signal
import sys
from collections.abc import Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

pytest.importorskip("starlette")

import httpx
from serving import (
    GOLDEN,
    LOCAL,
    WORDS,
    Failing,
    offline,
    opened,
    plainly,
    redis_server,  # noqa: F401 - a fixture
    started,
    workers_of,
)
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import hitherto
from hitherto.client import AsyncClient, Client, ServerError
from hitherto.errors import DataError, StoreError, UsageError
from hitherto.media.sound import write_wav
from hitherto.serve import app, page
from hitherto.serve.answers import REMEMBERED
from hitherto.serve.keys import Keys, new_key
from hitherto.serve.metrics import Metrics
from hitherto.serve.models import Models, named
from hitherto.serve.refusals import Conflict, Full, Gone, Refused
from hitherto.serve.sessions import Sessions
from hitherto.serve.settings import settled
from hitherto.serve.store import Memory, Record, Store, store_of
from hitherto.serve.values import take

T = TypeVar("T")
NAMES = ("lm", "classify", "tag", "forecast", "transcribe-one-way", "compose")


@pytest.fixture(scope="module")
def models() -> Models:
    return Models(named(f"{name}={GOLDEN / name}.safetensors" for name in NAMES))


KINDS = ["memory", "sqlite", "redis"]


@pytest.fixture
def stores(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> list[Store]:
    """The stores of two workers."""
    if kind == "memory":
        one = Memory()
        return [one, one]
    address = (
        f"sqlite://{tmp_path / 'sessions.db'}"
        if kind == "sqlite"
        else request.getfixturevalue("redis_server")
    )
    return [store_of(address) for _ in range(2)]


def finished(asked: Coroutine[Any, Any, T], stores: Iterable[Store]) -> T:
    """What comes of it, with the stores closed afterwards."""

    async def whole() -> T:
        try:
            return await asked
        finally:
            for store in stores:
                await store.close()

    return asyncio.run(whole())


# ------------------------------------------------------------------------------------------------------- never mixed


@pytest.mark.parametrize("kind", KINDS)
def test_sessions_are_never_mixed_lost_or_stepped_twice(
    models: Models, stores: list[Store], kind: str
) -> None:
    """Two workers, pushes in any order, repeats, cancels, forks: every session says what its stream says alone."""
    rng = random.Random(4)

    async def one(workers: list[Sessions], name: str, wanted: int) -> tuple[str, list[str], list[Any]]:
        record = await rng.choice(workers).create(name)
        inputs, rows, at, session = [], [], 0, record.id
        while at < wanted:
            some = [rng.choice(WORDS) for _ in range(rng.randint(1, 3))]
            task = asyncio.create_task(rng.choice(workers).push(session, some, at=at))
            if rng.random() < 0.2:  # the client goes away, and does not know whether it was taken
                await asyncio.sleep(0 if rng.random() < 0.5 else 0.001)
                task.cancel()
                await asyncio.wait([task])
            answers = [
                await rng.choice(workers).push(session, some, at=at) for _ in range(rng.choice((1, 1, 2)))
            ]
            assert all(answer == answers[0] for answer in answers)
            assert answers[0].begin == at
            assert answers[0].at == at + len(some)
            rows.append(json.loads(answers[0].json())["rows"])
            inputs.append(some)
            at += len(some)
            if rng.random() < 0.1:
                session = (await rng.choice(workers).fork(session)).id
            if rng.random() < 0.05:
                rng.choice(workers).live.clear()  # as after a crash: what is in memory is gone
        return name, inputs, rows

    async def all_of_them() -> list[tuple[str, list[str], list[Any]]]:
        workers = [Sessions(store, models.served, take, cached=20) for store in stores]
        names = [rng.choice(("lm", "classify", "tag")) for _ in range(60)]
        done = await asyncio.gather(*(one(workers, name, 12) for name in names))
        assert sum(worker.counts.lost for worker in workers) > 0 or kind == "memory"
        assert max(worker.counts.largest for worker in workers) > 5
        return done

    for name, inputs, rows in finished(all_of_them(), stores):
        flat = offline(models.newest(name), [value for some in inputs for value in some])
        for some, said in zip(inputs, rows, strict=True):
            assert said == [row for _ in some for row in flat.pop(0)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_is_taken_and_nothing_else(models: Models, stores: list[Store]) -> None:
    async def run() -> None:
        sessions = Sessions(stores[0], models.served, take)
        name = (await sessions.create("lm")).id
        first = await sessions.push(name, ["the "], at=0)
        assert await sessions.push(name, ["the "], at=0) == first
        with pytest.raises(Conflict, match="other inputs were taken at 0") as error:
            await sessions.push(name, ["cat "], at=0)
        assert error.value.expected == 1
        with pytest.raises(Conflict, match="begins at 3, but 1 inputs were taken"):
            await sessions.push(name, ["cat "], at=3)
        for at in range(1, REMEMBERED + 2):
            await sessions.push(name, ["cat "], at=at)
        assert (await sessions.push(name, ["cat "], at=2)).at == 3
        with pytest.raises(Conflict, match="is not one of the last"):
            await sessions.push(name, ["the "], at=0)
        end = await sessions.push(name, [], at=REMEMBERED + 2, finish=True)
        assert await sessions.push(name, [], at=REMEMBERED + 2, finish=True) == end
        with pytest.raises(Conflict, match="has finished"):
            await sessions.push(name, ["cat "], at=REMEMBERED + 2)
        with pytest.raises(Conflict, match="has finished"):
            await sessions.fork(name)
        await sessions.delete(name)
        with pytest.raises(Gone):
            await sessions.push(name, ["cat "])

    finished(run(), stores)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_input_that_is_refused_takes_nothing(models: Models, stores: list[Store]) -> None:
    async def run() -> None:
        sessions = Sessions(stores[0], models.served, take)
        name = (await sessions.create("forecast")).id
        good = {"y": 3.0, "ds": "2024-01-01"}
        await sessions.push(name, [good], at=0)
        before = (await sessions.info(name)).state
        with pytest.raises((DataError, UsageError, Refused)):
            await sessions.push(
                name, [{"y": 4.0, "ds": "2024-01-02"}, {"y": "many", "ds": "2024-01-03"}], at=1
            )
        assert (await sessions.info(name)).state == before
        assert (await sessions.push(name, [{"y": 4.0, "ds": "2024-01-02"}], at=1)).at == 2

    finished(run(), stores)


def test_what_the_store_does_not_keep_is_not_answered(models: Models) -> None:
    async def run() -> None:
        store = Failing()
        sessions = Sessions(store, models.served, take)
        name = (await sessions.create("lm")).id
        await sessions.push(name, ["the "], at=0)
        store.full = True
        with pytest.raises(StoreError):
            await sessions.push(name, ["cat "], at=1)
        store.full = False
        rows = json.loads((await sessions.push(name, ["cat "], at=1)).json())["rows"]
        assert rows == offline(models.newest("lm"), ["the ", "cat "])[1]

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_a_worker_that_lost_a_session_keeps_nothing_of_it(models: Models, stores: list[Store]) -> None:
    async def run() -> None:
        first, second = (Sessions(store, models.served, take) for store in stores)
        name = (await first.create("lm")).id
        await first.push(name, ["the "], at=0)
        await second.push(name, ["cat "], at=1)
        rows = json.loads((await first.push(name, ["sat "], at=2)).json())["rows"]
        assert rows == offline(models.newest("lm"), ["the ", "cat ", "sat "])[2]
        assert first.counts.lost == 0  # its token was old before it stepped: `at` did not fit
        record = await first.store.read(name)
        assert record is not None
        old = Record(
            **{**{f: getattr(record, f) for f in record.__struct_fields__}, "fence": record.fence - 1}
        )
        assert await first.store.write([old]) == [False]

    finished(run(), stores)


@pytest.mark.parametrize("kind", KINDS)
def test_sessions_belong_to_their_key_and_expire(models: Models, stores: list[Store]) -> None:
    async def run() -> None:
        now = [1000.0]
        sessions = Sessions(stores[0], models.served, take, clock=lambda: now[0])
        name = (await sessions.create("lm", "ann")).id
        for call in (sessions.info, sessions.peek, sessions.fork, sessions.delete):
            with pytest.raises(Gone):
                await call(name, "bob")
        with pytest.raises(Gone):
            await sessions.push(name, ["the "], owner="bob")
        now[0] = 1500.0
        await sessions.push(name, ["the "], owner="ann")
        now[0] = 2400.0
        await sessions.expire(1000)
        assert (await sessions.info(name, "ann")).at == 1
        now[0] = 2501.0
        await sessions.expire(1000)
        with pytest.raises(Gone):
            await sessions.info(name, "ann")

    finished(run(), stores)


def test_a_queue_has_an_end(models: Models) -> None:
    async def run() -> None:
        sessions = Sessions(Memory(), models.served, take, queue=2)
        name = (await sessions.create("lm")).id
        pushes = [asyncio.create_task(sessions.push(name, ["the "], at=i)) for i in range(3)]
        done = await asyncio.gather(*pushes, return_exceptions=True)
        assert [type(one) for one in done].count(Full) == 1

    asyncio.run(run())


def test_sessions_are_counted_now_and_then(models: Models) -> None:
    """A count of many may take long: it is not made at every new session, nor by all who come at once."""

    class Counted(Memory):
        asked = 0

        async def count(self) -> int:
            self.asked += 1
            await asyncio.sleep(0)
            return await super().count()

    async def run() -> None:
        store = Counted()
        sessions = Sessions(store, models.served, take, most=60)
        made = await asyncio.gather(*(sessions.create("lm") for _ in range(50)))
        for _ in range(10):
            await sessions.create("lm")
        assert store.asked <= 2
        with pytest.raises(Full, match="60 sessions"):
            await sessions.create("lm")
        await sessions.delete(made[0].id)
        await sessions.create("lm")

    asyncio.run(run())


def test_a_state_goes_over_to_another_session(models: Models) -> None:
    async def run() -> None:
        sessions = Sessions(Memory(), models.served, take)
        one, other = (await sessions.create("lm")).id, (await sessions.create("lm")).id
        await sessions.push(one, ["the ", "cat "], at=0)
        record = await sessions.info(one)
        await sessions.restore(other, record.state, at=2)
        wanted = await sessions.push(one, ["sat "], at=2)
        assert (await sessions.push(other, ["sat "], at=2)).body == wanted.body
        third = await sessions.create("lm", state=record.state)
        assert (
            json.loads((await sessions.push(third.id, ["sat "])).json())["rows"]
            == json.loads(wanted.json())["rows"]
        )
        with pytest.raises(DataError):
            await sessions.restore(other, record.state[:-1])
        assert (await sessions.push(other, ["on "], at=3)).at == 4

    asyncio.run(run())


# ------------------------------------------------------------------------------------------------------------ routes


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with serving(tmp_path) as made:
        yield made


def serving(tmp_path: Path, **options: Any) -> TestClient:
    bundles = [
        f"{name}={GOLDEN / name}.safetensors" for name in (*NAMES, "classify-pictures", "tag-two-ways")
    ]
    made = app(*bundles, store=f"sqlite://{tmp_path / 's.db'}", log="none", **options)
    return TestClient(made, base_url="http://localhost", raise_server_exceptions=False)


def test_every_route_is_described_and_every_description_is_a_route(client: TestClient) -> None:
    made: Any = client.app
    routes = {(m, r.path) for r in made.routes for m in getattr(r, "methods", None) or () if m != "HEAD"}
    described = {(call.method, call.path) for call in page.CALLS}
    assert described | {("GET", "/docs"), ("GET", "/openapi.json")} == routes
    paths = client.get("/openapi.json").json()["paths"]
    assert {(m.upper(), path) for path, calls in paths.items() for m in calls} == described
    shown = client.get("/docs")
    assert "http" not in re.sub(r"<!doctype html>", "", shown.text)  # nothing comes from anywhere else
    assert "'unsafe" not in shown.headers["content-security-policy"]


def test_a_session_over_http(client: TestClient) -> None:
    made = client.post("/v1/models/lm/sessions", json={})
    assert made.status_code == 201
    session = made.json()["session"]
    model = opened("lm")
    stream = model.stream()
    wanted = plainly(stream.push("the cat ") + stream.push("sat "))
    push = {"at": 0, "inputs": ["the cat ", "sat "]}
    for _ in range(2):
        answer = client.post(f"/v1/sessions/{session}/push", json=push)
        assert answer.json() == {"begin": 0, "at": 2, "rows": wanted}
    assert client.get(f"/v1/sessions/{session}/peek").json() == {"at": 2, "answer": plainly(stream.peek())}
    state = client.get(f"/v1/sessions/{session}/state")
    assert state.headers["hitherto-at"] == "2"
    other = client.post(
        "/v1/models/lm/sessions",
        content=state.content,
        headers={"content-type": "application/vnd.hitherto.state"},
    ).json()["session"]
    assert client.put(f"/v1/sessions/{other}/state?at=2", content=state.content).json()["at"] == 2
    fork = client.post(f"/v1/sessions/{session}/fork").json()
    assert fork["at"] == 2
    for name in (session, other, fork["session"]):
        answer = client.post(f"/v1/sessions/{name}/push", json={"at": 2, "inputs": ["on "], "finish": True})
        assert answer.json()["rows"] == plainly(model.stream(state.content).push("on "))
        assert "end" in answer.json()
    assert client.delete(f"/v1/sessions/{other}").status_code == 204
    gone = client.get(f"/v1/sessions/{other}")
    assert gone.status_code == 404
    gap = client.post(f"/v1/sessions/{session}/push", json={"at": 7, "inputs": ["on "]})
    assert (gap.status_code, gap.json()["expected"]) == (409, 3)


def test_whole_answers_equal_predict(client: TestClient) -> None:
    texts = ["good fine great", "poor bad"]
    model = opened("classify")
    answers = client.post("/v1/models/classify/predict", json={"inputs": texts, "details": True}).json()[
        "answers"
    ]
    assert answers == plainly(model.predict(texts, details=True))
    text = client.post(
        "/v1/models/lm/generate", json={"prompt": "the", "options": {"seed": 1, "max_new_tokens": 9}}
    )
    lm = opened("lm")
    assert text.json() == {"text": lm.generate("the", seed=1, max_new_tokens=9)}
    body = {"prompt": "the", "stream": True, "options": {"seed": 1, "max_new_tokens": 9}}
    events = client.post("/v1/models/lm/generate", json=body).text.split("\n\n")
    said = "".join(json.loads(event.removeprefix("data: "))["text"] for event in events[:-2])
    assert said == text.json()["text"]


def test_files_are_uploaded_and_never_named(client: TestClient, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    from PIL import Image

    model = opened("classify-pictures")
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)).save(path)
    answer = client.post(
        "/v1/models/classify-pictures/predict", files={"file": ("picture.png", path.read_bytes())}
    )
    assert answer.json()["answers"] == plainly(model.predict([str(path)]))
    files = {"file": ("picture.png", path.read_bytes())}
    answer = client.post("/v1/models/classify-pictures/predict", files=files, data={"details": "true"})
    assert answer.json()["answers"] == plainly(model.predict([str(path)], details=True))
    unknown = client.post("/v1/models/classify-pictures/predict", files=files, data={"top_k": "3"})
    assert (unknown.status_code, "the field `details`" in unknown.text) == (400, True)
    for value in (str(path), "/etc/passwd", {"file": str(path)}, [str(path)]):
        refused = client.post("/v1/models/classify-pictures/predict", json={"inputs": [value]})
        assert refused.status_code == 400
        assert "upload a file" in refused.json()["error"]
    wrong = client.post("/v1/models/classify-pictures/predict", files={"file": ("x.py", b"")})
    assert "has to end in one of" in wrong.json()["error"]
    text = client.post("/v1/models/classify/predict", json={"inputs": ["/etc/passwd"]})
    assert text.status_code == 200  # a text like any other
    session = client.post("/v1/models/compose/sessions", json={}).json()["session"]
    for value, status in (("/etc/passwd", 400), ([[60, 64]], 200)):
        answer = client.post(f"/v1/sessions/{session}/push", json={"inputs": [value]})
        assert answer.status_code == status, answer.text
    read = client.post("/v1/models/compose/generate", json={"prompt": "/etc/passwd"})
    assert read.status_code == 400
    assert "upload a file" in read.json()["error"]
    named_ = client.post("/v1/models/classify/predict", json={"inputs": ["a"], "options": {"format": "csv"}})
    assert named_.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/v1/models/nothing/sessions", b"{}", 404, "there is no model"),
        ("POST", "/v1/models/lm/sessions", b'{"secret":1}', 400, "unknown field `secret`"),
        ("POST", "/v1/models/tag-two-ways/sessions", b"{}", 400, "bidirectional"),
        ("POST", "/v1/models/compose/predict", b'{"inputs":[[60]]}', 422, "use generate"),
        ("POST", "/v1/models/classify/predict", b'{"inputs":[]}', 400, "length >= 1"),
        ("POST", "/v1/models/classify/predict", b'{"inputs":', 400, "does not fit"),
        ("POST", "/v1/models/classify/predict", b"\xff\xfe", 400, "does not fit"),
        ("POST", "/v1/models/classify/predict", b"[" * 100_000, 400, "does not fit"),
        ("POST", "/v1/models/classify/generate", b"{}", 422, ""),
        ("GET", "/v1/sessions/nothing", b"", 404, "there is no such session"),
        ("POST", "/v1/sessions/nothing/push", b'{"at":-1}', 400, ">= 0"),
        ("PUT", "/v1/sessions/nothing/state?at=x", b"", 400, "whole number"),
        ("GET", "/nowhere", b"", 404, ""),
        ("PATCH", "/v1/models", b"", 405, ""),
    ],
)
def test_what_does_not_fit_is_refused(
    client: TestClient, method: str, path: str, body: bytes, status: int, said: str
) -> None:
    answer = client.request(method, path, content=body)
    assert answer.status_code == status
    assert said in answer.text


def test_nothing_of_a_request_stands_in_an_error(client: TestClient) -> None:
    session = client.post("/v1/models/forecast/sessions", json={}).json()["session"]
    for value in ({"y": "<script>", "ds": "<b>"}, "<script>alert(1)</script>", ["<script>"], {"<script>": 1}):
        answer = client.post(f"/v1/sessions/{session}/push", json={"inputs": [value]})
        assert answer.status_code in (400, 422), answer.text
        assert "<" not in answer.text


def test_bodies_have_a_limit(tmp_path: Path) -> None:
    with serving(tmp_path, max_body=1000) as small:
        answer = small.post("/v1/models/classify/predict", content=b'{"inputs":["' + b"a" * 1000 + b'"]}')
        assert answer.status_code == 413
    with serving(tmp_path, max_message=1000) as small:  # a push makes far more of a text than `predict` does
        session = small.post("/v1/models/lm/sessions", json={}).json()["session"]
        for size, status in ((900, 200), (1000, 413)):
            body = {"at": 0, "inputs": ["a" * size]}
            assert small.post(f"/v1/sessions/{session}/push", json=body).status_code == status
    assert (tmp_path / "s.db").stat().st_mode & 0o077 == 0
    with serving(tmp_path, max_sessions=2) as few:  # one is there
        assert few.post("/v1/models/lm/sessions", json={}).status_code == 201
        full = few.post("/v1/models/lm/sessions", json={})
        assert (full.status_code, full.headers["retry-after"]) == (429, "1")


def test_keys(tmp_path: Path) -> None:
    (ann, line), (bob, other) = new_key("ann"), new_key("bob")
    (tmp_path / "keys").write_text(f"# who may\n{line}\n\n{other}\n")
    with serving(tmp_path, keys=str(tmp_path / "keys")) as server:
        for header in ({}, {"authorization": "Bearer nobody"}, {"authorization": f"Basic {ann}"}):
            answer = server.get("/v1/models", headers=header)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        mine, hers = ({"authorization": f"Bearer {key}"} for key in (bob, ann))
        session = server.post("/v1/models/lm/sessions", json={}, headers=mine).json()["session"]
        assert server.get(f"/v1/sessions/{session}", headers=mine).status_code == 200
        assert server.get(f"/v1/sessions/{session}", headers=hers).status_code == 404
        assert server.get("/live").status_code == 200
        with server.websocket_connect(f"/v1/models/lm/stream?session={session}", headers=mine) as live:
            assert live.receive_json()["session"] == session
        with server.websocket_connect(
            "/v1/models/lm/stream", subprotocols=["hitherto", f"bearer.{ann}"]
        ) as live:
            assert live.receive_json()["at"] == 0
        with pytest.raises(WebSocketDisconnect), server.websocket_connect("/v1/models/lm/stream"):
            pass
    for text, why in (
        ("", "no key"),
        ("ann\n", "line 1: expected NAME"),
        ("a sha256:12", "line 1: expected"),
    ):
        (tmp_path / "wrong").write_text(text)
        with pytest.raises(DataError, match=why):
            Keys(tmp_path / "wrong")


def test_only_this_machine_and_its_pages(client: TestClient) -> None:
    assert client.get("/v1/models", headers={"host": "evil.example"}).status_code == 400
    for origin, status in (("http://localhost", 201), ("http://evil.example", 400), ("null", 400)):
        headers = {
            "origin": origin,
            "content-type": "text/plain",
        }  # which a page may send anywhere without asking
        answer = client.post("/v1/models/lm/sessions", content=b"{}", headers=headers)
        assert answer.status_code == status
    for origin, good in (("http://localhost", True), ("http://evil.example", False), ("null", False)):
        if good:
            with client.websocket_connect(
                "/v1/models/lm/stream", headers={"origin": origin, "host": "localhost"}
            ):
                pass
        else:
            with (
                pytest.raises(WebSocketDisconnect),
                client.websocket_connect(
                    "/v1/models/lm/stream", headers={"origin": origin, "host": "localhost"}
                ),
            ):
                pass
    for values, why in (
        ({"host": "0.0.0.0"}, "--keys and --tls-cert must be given"),
        ({"host": "0.0.0.0", "keys": "k"}, "so --tls-cert must be given"),
        ({"models": []}, "there is no model"),
        ({"workers": 2, "store": "memory"}, "several workers need a store"),
        ({"tls_cert": "a"}, "both --tls-cert and --tls-key"),
        ({"port": 70000}, "port"),
        ({"nothing": 1}, "nothing"),
    ):
        with pytest.raises(UsageError, match=why):
            settled({"models": ["m"], **values})


def test_a_socket_says_what_the_stream_says(client: TestClient) -> None:
    model = opened("tag")
    stream = model.stream()
    with client.websocket_connect("/v1/models/tag/stream", headers=LOCAL) as live:
        session = live.receive_json()["session"]
        live.send_json({"input": "the ca", "at": 0})
        assert live.receive_json() == {"begin": 0, "at": 1, "rows": plainly(stream.push("the ca"))}
        live.send_json({"peek": True})
        assert live.receive_json() == {"at": 1, "answer": plainly(stream.peek())}
        live.send_text("[1")
        assert live.receive_json()["status"] == 400
        live.send_json({"input": "t", "at": 5})
        assert live.receive_json()["expected"] == 1
    with client.websocket_connect(
        f"/v1/models/tag/stream?session={session}", headers=LOCAL
    ) as live:  # it lives on
        assert live.receive_json()["at"] == 1
        live.send_bytes(b"t sat")
        assert live.receive_json()["rows"] == plainly(stream.push("t sat"))
        live.send_json({"finish": True})
        assert live.receive_json()["end"] == plainly(stream.finish())


def test_sound_over_a_socket(client: TestClient) -> None:
    model = opened("transcribe-one-way")
    rng = np.random.default_rng(0)
    samples = [rng.normal(size=3000).astype(np.float32) / 10 for _ in range(3)]
    for kind, parts in (("f32", samples), ("s16", [(part * 32767).astype("<i2") for part in samples])):
        stream = model.stream()
        with client.websocket_connect(
            f"/v1/models/transcribe-one-way/stream?format={kind}", headers=LOCAL
        ) as live:
            live.receive_json()
            for part in parts:
                live.send_bytes(part.tobytes())
                assert live.receive_json()["rows"] == plainly(stream.push(part))
            live.send_json({"finish": True})
            assert live.receive_json()["end"] == plainly(stream.finish())
    with client.websocket_connect("/v1/models/transcribe-one-way/stream?format=s16", headers=LOCAL) as live:
        live.receive_json()
        live.send_bytes(b"abc")
        assert "numbers of 2 bytes" in live.receive_json()["error"]
        live.send_json({"input": "/etc/passwd"})
        assert "upload a file" in live.receive_json()["error"]


def test_a_bundle_that_is_replaced_drops_no_session(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    shutil.copy(GOLDEN / "lm.safetensors", path)
    models = Models({"m": path})

    async def run() -> None:
        sessions = Sessions(Memory(), models.served, take)
        old = await sessions.create("m")
        await sessions.push(old.id, ["the "], at=0)
        assert models.reload() == []
        path.write_bytes(b"no bundle")
        assert models.reload() == []
        assert (await sessions.create("m")).digest == old.digest
        shutil.copy(GOLDEN / "lm-chars.safetensors", path)
        assert models.reload() == ["m"]
        new = await sessions.create("m")
        assert new.digest != old.digest
        sessions.live.clear()
        rows = json.loads((await sessions.push(old.id, ["cat "], at=1)).json())["rows"]
        model = opened("lm")
        assert rows == offline(model, ["the ", "cat "])[1]

    asyncio.run(run())


def test_figures_of_all_workers_are_added_up(tmp_path: Path) -> None:
    one, other = Metrics(tmp_path), Metrics()
    one.add("hitherto_requests_total", ("push", "m", "200"))
    one.observe(("push", "m"), 0.003)
    other.folder = None
    other.add("hitherto_requests_total", ("push", "m", "200"), 2)
    other.observe(("push", "m"), 7.0)
    import msgspec

    (tmp_path / "1.figures").write_bytes(msgspec.msgpack.encode(other._packed()))
    text = one.text()
    assert 'hitherto_requests_total{route="push",model="m",status="200"} 3' in text
    assert 'hitherto_request_seconds_bucket{route="push",model="m",le="0.005"} 1' in text
    assert 'hitherto_request_seconds_bucket{route="push",model="m",le="+Inf"} 2' in text
    assert 'hitherto_request_seconds_count{route="push",model="m"} 2' in text


def test_what_openais_client_asks_for(tmp_path: Path) -> None:
    openai = pytest.importorskip("openai")
    names = ("lm", "chat", "transcribe")
    made = app(*(str(GOLDEN / f"{name}.safetensors") for name in names), store="memory", log="none")
    lm, chat, heard = map(opened, names)
    with TestClient(made, base_url="http://localhost") as transport:
        client = openai.OpenAI(base_url="http://localhost/v1", api_key="none", http_client=transport)
        assert [model.id for model in client.models.list()] == [*names]
        asked = {"model": "lm", "prompt": "the", "max_tokens": 9, "temperature": 0.7, "seed": 1}
        text = lm.generate("the", max_new_tokens=9, temperature=0.7, seed=1)
        assert client.completions.create(**asked).choices[0].text == text
        pieces = [chunk.choices[0].text for chunk in client.completions.create(**asked, stream=True)]
        assert ("".join(pieces), len(pieces) > 5) == (text, True)
        turns = [{"role": "user", "content": "the cat"}, {"role": "assistant", "content": "sat"}]
        turns.append({"role": "user", "content": "on"})
        how = {"temperature": 0.9, "seed": 3}
        reply = client.chat.completions.create(model="chat", messages=turns, **how).choices[0].message.content
        assert [reply] == chat.predict(turns, **how)
        streamed = client.chat.completions.create(model="chat", messages=turns, stream=True, **how)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == reply
        path = tmp_path / "a.wav"
        write_wav(path, np.random.default_rng(0).normal(size=8000).astype(np.float32) / 10, 8000)
        said = client.audio.transcriptions.create(model="transcribe", file=path)
        assert [said.text] == heard.predict([str(path)])
        with pytest.raises(openai.BadRequestError):  # no model here can be told the language
            client.audio.transcriptions.create(model="transcribe", file=path, language="en")
        for wrong, status in (
            ({"model": "chat"}, 400),
            ({"model": "nothing"}, 404),
            ({"temperature": -1}, 400),
        ):
            with pytest.raises(openai.APIStatusError) as error:
                client.completions.create(**{**asked, **wrong})
            assert error.value.status_code == status


def test_our_clients(tmp_path: Path) -> None:
    path = GOLDEN / "classify.safetensors"
    process, address = started(tmp_path, f"classify={path}")
    model: Any = hitherto.open(path)
    lm = opened("lm")
    stream = model.stream()
    stream.push("good fine ")
    with process, Client(address, patience=5) as client:
        assert [one["id"] for one in client.models()] == ["lm", "classify"]
        assert client.predict("classify", ["good"], details=True) == plainly(
            model.predict(["good"], details=True)
        )
        assert client.generate("lm", "the", seed=1, max_new_tokens=5) == lm.generate(
            "the", seed=1, max_new_tokens=5
        )
        session = client.session("classify")
        assert session.push("good ", "fine ") == []
        assert session.peek() == plainly(stream.peek())
        other = client.session("classify", state=session.save())
        fork = session.fork()
        assert (fork.at, client.resume(session.id).at) == (2, 2)
        assert session.finish() == fork.finish() == other.finish() == plainly(stream.finish())
        with pytest.raises(ServerError, match="has finished") as error:
            session.push("more ")
        assert (error.value.status, error.value.expected) == (409, 2)
        session.delete()
        session.delete()
        with pytest.raises(ServerError, match="no such session"):
            client.resume(session.id)

        async def together() -> list[Any]:
            async with AsyncClient(address, patience=5) as others:
                one = await others.session("lm")
                rows = [await one.push(word) for word in WORDS]
                assert await others.predict("classify", ["good"]) == plainly(model.predict(["good"]))
                assert len(await others.models()) == 2
                assert (await others.resume(one.id)).at == (await one.fork()).at == len(WORDS)
                assert isinstance(await others.generate("lm", "the", max_new_tokens=3), str)
                assert await one.peek() == plainly(opened("lm").stream(await one.save()).peek())
                await one.finish()
                await one.delete()
                return rows

        assert asyncio.run(together()) == offline(lm, [*WORDS])
        process.terminate()
    with Client(address, patience=0.1) as nobody, pytest.raises(ServerError, match="did not answer"):
        nobody.models()


# ------------------------------------------------------------------------------------------------------------- kills


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=pytest.mark.soak)])
def test_workers_that_are_killed_lose_nothing_and_step_nothing_twice(tmp_path: Path, kills: int) -> None:
    rng, process, address = random.Random(3), *started(tmp_path, "--workers", "2")
    model = opened("lm")
    try:
        with Client(address, patience=60, timeout=5) as client:
            sessions = {client.session("lm"): model.stream() for _ in range(4)}
            for turn in range(kills * 12):
                if turn % 12 == 6 and (workers := workers_of(process.pid)):
                    os.kill(rng.choice(workers), signal.SIGKILL)
                session, word = rng.choice(list(sessions)), rng.choice(WORDS)
                if turn % 5 == 0:  # another program goes on with it
                    stream = sessions.pop(session)
                    session = client.resume(session.id)
                    sessions[session] = stream
                at = session.at
                assert session.push(word) == plainly(sessions[session].push(word))
                assert session.at == at + 1
    finally:
        process.terminate()
        with process:
            assert process.wait(30) == 0


def test_a_server_drains(tmp_path: Path) -> None:
    process, address = started(tmp_path)
    with httpx.Client(base_url=address) as client:
        session = client.post("/v1/models/lm/sessions", json={}).json()["session"]
        client.post(f"/v1/sessions/{session}/push", json={"at": 0, "inputs": ["the "]})
    with process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    again, address = started(tmp_path)
    with httpx.Client(base_url=address) as client:
        assert client.get(f"/v1/sessions/{session}").json()["at"] == 1
    with again:
        again.terminate()
        assert again.wait(30) == 0
