"""The benchmark of the server: its load generator and the apps beside it. No figure is judged."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

import serve_load
import serve_peers
from starlette.testclient import TestClient

import hitherto
from hitherto.serve import app, run
from hitherto.serve.settings import settled

GOLDEN = Path(__file__).parent / "golden"


def test_percentiles_are_those_of_the_times() -> None:
    times = [i / 1000 for i in range(1, 1001)]
    assert serve_load.percentiles(times) == {"p50_ms": 501.0, "p99_ms": 991.0, "p999_ms": 1000.0}
    assert serve_load.percentiles([0.002]) == {"p50_ms": 2.0, "p99_ms": 2.0, "p999_ms": 2.0}


@pytest.mark.parametrize("transport", ["ws", "http"])
def test_a_load_pushes_and_counts_what_is_answered(tmp_path: Path, transport: str) -> None:
    settings = settled(
        {
            "models": [str(GOLDEN / "lm-chars.safetensors")],
            "store": f"sqlite://{tmp_path / 's.db'}",
            "log": "none",
            "port": 0,
        }
    )
    made = app(settings=settings)
    bound = run._bound(settings)
    ready = threading.Event()
    server = run._Server(run._configured(settings, made), ready.set)
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    assert ready.wait(30)

    async def loaded() -> list[serve_load.Load]:
        def make(_: int) -> serve_load.Link:
            path = "/v1/models/lm-chars/"
            return (
                serve_load.Socket(path + "stream")
                if transport == "ws"
                else serve_load.Http(path + "sessions")
            )

        links = await serve_load.connected(make, 4, "127.0.0.1", bound.getsockname()[1])
        if transport == "http":
            for link in links:
                link.send(b"{}")
                link.path = f"/v1/sessions/{json.loads(await link.next())['session']}/push"
        loads = []
        for measured in (serve_load.closed, serve_load.opened):
            load = serve_load.Load(
                links, lambda i, k: json.dumps({"inputs": ["ab"[i % 2] * (k % 3)]}).encode()
            )
            arguments: Any = (load, 100.0, 0.3) if measured is serve_load.opened else (load, 0.3)
            assert await measured(*arguments) > 0
            loads.append(load)
        for link in links:
            assert link.transport is not None
            link.transport.close()
        return loads

    try:
        loads = asyncio.run(loaded())
    finally:
        server.should_exit = True
        thread.join(30)
        bound.close()
    assert len(loads[1].times) == 30
    assert sum(len(load.times) for load in loads) == made.state.server.sessions.counts.pushes
    assert all(sum(load.count) == len(load.times) for load in loads)
    assert not any(load.failed for load in loads)


@pytest.mark.parametrize("kind", ["torch", "onnx"])
def test_the_apps_beside_say_what_ours_says(tmp_path: Path, kind: str) -> None:
    for package in {"torch": ["torch"], "onnx": ["onnx", "onnxruntime"]}[kind]:
        pytest.importorskip(package)
    pytest.importorskip("torch")
    text = tmp_path / "text.txt"
    text.write_text("to be or not to be that is the question\n" * 20)
    model: Any = hitherto.train(
        "lm", str(text), out=tmp_path / "lm.safetensors", tokens="chars", cell="lstm", hidden_size=8, num_layers=1,
        epochs=1, say=lambda *_: None,
    )  # fmt: skip
    step = serve_peers.STEPS[kind](model)
    assert serve_peers.differs(model, step, "to be or not") < 1e-6
    with TestClient(serve_peers.application(model, step)) as client:
        stream = model.stream()
        session = client.post("/v1/models/lm/sessions", json={}).json()["session"]
        with client.websocket_connect("/v1/models/lm/stream") as live:
            live.receive_json()
            for at, word in enumerate(("to ", "be ")):
                wanted = stream.push(word)
                live.send_json({"at": at, "inputs": [word]})
                over_socket = live.receive_json()["rows"]
                over_http = client.post(
                    f"/v1/sessions/{session}/push", json={"at": at, "inputs": [word]}
                ).json()["rows"]
                assert [row["token"] for row in over_socket] == [row["token"] for row in wanted]
                assert over_socket == over_http
                for row, want in zip(over_socket, wanted, strict=True):
                    assert row["probability"] == pytest.approx(want["probability"], abs=1e-6)
