"""Transcription while one speaks, as the package `openai` asks for it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette")

from serving import GOLDEN, LOCAL, started
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import hitherto
from hitherto import Sound
from hitherto.serve import app
from hitherto.serve.keys import new_key

SPEECH = "transcribe-one-way"
HEARD = "conversation.item.input_audio_transcription"


def spoken(seed: int, seconds: float = 1.0) -> Any:
    """Audio as a microphone gives it: int16, 24,000 samples a second."""
    rng = np.random.default_rng(seed)
    return (np.clip(rng.normal(size=round(24_000 * seconds)) / 5, -1, 1) * 32767).astype("<i2")


def parts_of(samples: Any, seed: int = 0) -> Iterator[str]:
    rng = np.random.default_rng(seed)
    while len(samples):
        n = int(rng.integers(1, 5000))
        yield base64.b64encode(samples[:n].tobytes()).decode()
        samples = samples[n:]


def offline(samples: Any) -> str:
    model: Any = hitherto.open(GOLDEN / f"{SPEECH}.safetensors")
    stream = model.stream()
    rows = stream.push(Sound(samples.astype(np.int16), 24_000)) + stream.finish()
    return "".join(row["text"] for row in rows)


@pytest.mark.filterwarnings(
    "ignore:connect.. must be used as a context manager:DeprecationWarning"
)  # openai's own
def test_a_microphone_of_the_package_openai(tmp_path: Path) -> None:
    """Two things that are said, one after the other: the texts of the events are those of the stream."""
    openai = pytest.importorskip("openai")
    process, address = started(tmp_path, f"speech={GOLDEN / SPEECH}.safetensors")
    try:
        client = openai.OpenAI(base_url=f"{address}/v1", api_key="none")
        with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
            assert connection.recv().type == "session.created"
            heard = {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "speech"},
                "turn_detection": None,
            }
            connection.session.update(session={"type": "transcription", "audio": {"input": heard}})
            updated = connection.recv()
            assert (updated.type, updated.session.audio.input.transcription.model) == (
                "session.updated",
                "speech",
            )
            items = []
            for seed in (1, 2):
                said = spoken(seed)
                wanted = offline(said)
                assert len(wanted) > 5
                for part in parts_of(said):
                    connection.input_audio_buffer.append(audio=part)
                connection.input_audio_buffer.commit()
                text, early = "", 0
                for event in connection:
                    if event.type == f"{HEARD}.delta":
                        text += event.delta
                        early += not items or items[-1][0] != event.item_id
                    elif event.type == "input_audio_buffer.committed":
                        items.append((event.item_id, event.previous_item_id))
                        assert early  # text comes while one speaks
                    elif event.type == f"{HEARD}.completed":
                        assert (event.transcript, event.item_id) == (text, items[-1][0])
                        assert event.usage.seconds == pytest.approx(1.0)
                        break
                    else:
                        assert event.type in ("conversation.item.added", "conversation.item.done")
                assert text == wanted
            assert items[0][1] is None
            assert items[1][1] == items[0][0]
    finally:
        process.terminate()
        with process:
            assert process.wait(30) == 0


@pytest.fixture
def client() -> Iterator[TestClient]:
    names = (SPEECH, "transcribe", "transcribe-strokes", "lm")
    made = app(*(str(GOLDEN / f"{name}.safetensors") for name in names), store="memory", log="none")
    with TestClient(made, base_url="http://localhost") as opened:
        yield opened


def test_the_older_words_of_the_api(client: TestClient) -> None:
    with client.websocket_connect("/v1/realtime?intent=transcription", headers=LOCAL) as live:
        assert live.receive_json()["type"] == "session.created"
        session = {"input_audio_format": "pcm16", "input_audio_transcription": {"model": SPEECH}}
        live.send_json({"type": "transcription_session.update", "session": session})
        updated = live.receive_json()
        assert updated["type"] == "transcription_session.updated"
        assert updated["session"]["input_audio_transcription"] == {"model": SPEECH}
        said = spoken(3, 0.5)
        live.send_json(
            {"type": "input_audio_buffer.append", "audio": base64.b64encode(said.tobytes()).decode()}
        )
        live.send_json({"type": "input_audio_buffer.commit"})
        events = []
        while not events or events[-1]["type"] != f"{HEARD}.completed":
            events.append(live.receive_json())
        assert events[-1]["transcript"] == offline(said)
        kinds = [event["type"] for event in events]
        assert kinds.index("input_audio_buffer.committed") < kinds.index("conversation.item.created")


def test_audio_that_is_cleared_was_never_said(client: TestClient) -> None:
    with client.websocket_connect(f"/v1/realtime?model={SPEECH}", headers=LOCAL) as live:
        live.receive_json()
        for audio, end in ((spoken(4, 0.3), "clear"), (spoken(5, 0.3), "commit")):
            text = base64.b64encode(audio.tobytes()).decode()
            live.send_json({"type": "input_audio_buffer.append", "audio": text})
            live.send_json({"type": f"input_audio_buffer.{end}"})
        event, items = live.receive_json(), set()
        while event["type"] != f"{HEARD}.completed":
            items |= {event["item_id"]} if event["type"] == "input_audio_buffer.committed" else set()
            event = live.receive_json()
        assert event["transcript"] == offline(spoken(5, 0.3))
        assert items == {event["item_id"]}


def test_an_event_that_does_not_fit_is_an_error_and_changes_nothing(client: TestClient) -> None:
    with client.websocket_connect("/v1/realtime", headers=LOCAL) as live:
        live.receive_json()
        for event, why in (
            (
                {"type": "input_audio_buffer.append", "audio": "AAAA", "event_id": "e1"},
                "which model transcribes",
            ),
            ({"type": "response.create"}, "does not fit"),
            ("[", "does not fit"),
            ({"type": "session.update", "session": {"type": "realtime"}}, "does not fit"),
            *(
                ({"type": "session.update", "session": {"audio": {"input": heard}}}, said)
                for heard, said in (
                    ({"turn_detection": {"type": "server_vad"}}, "does not fit"),
                    ({"format": {"type": "audio/pcmu"}}, "does not fit"),
                    ({"transcription": {"model": "whisper-1"}}, "no model"),
                    ({"transcription": {"model": "lm"}}, "for models of transcribe"),
                    ({"transcription": {"model": "transcribe"}}, "both ends"),
                    ({"transcription": {"model": "transcribe-strokes"}}, "does not read audio"),
                )
            ),
        ):
            live.send_text(event if isinstance(event, str) else json.dumps(event))
            answer = live.receive_json()
            assert answer["type"] == "error", answer
            assert why in answer["error"]["message"]
            named = event.get("event_id") if isinstance(event, dict) else None
            assert answer["error"]["event_id"] == named
        update = {
            "type": "session.update",
            "session": {"audio": {"input": {"transcription": {"model": SPEECH}}}},
        }
        live.send_json(update)
        assert live.receive_json()["type"] == "session.updated"
        for audio, why in (("*", "base64"), ("AAAA", "16 bits"), ("", "empty")):
            live.send_json({"type": "input_audio_buffer.append", "audio": audio})
            if not audio:
                live.send_json({"type": "input_audio_buffer.commit"})
            assert why in live.receive_json()["error"]["message"]
        said = spoken(6, 0.2)
        live.send_json(
            {"type": "input_audio_buffer.append", "audio": base64.b64encode(said.tobytes()).decode()}
        )
        live.send_json(update)
        event = live.receive_json()
        while event["type"] == f"{HEARD}.delta":
            event = live.receive_json()
        assert "commit or clear" in event["error"]["message"]
    with client.websocket_connect("/v1/realtime?model=nothing", headers=LOCAL) as live:
        assert "no model" in live.receive_json()["error"]["message"]
        with pytest.raises(WebSocketDisconnect):
            live.receive_json()


def test_it_wants_a_key_where_the_server_does(tmp_path: Path) -> None:
    ann, line = new_key("ann")
    (tmp_path / "keys").write_text(line)
    bundle = str(GOLDEN / f"{SPEECH}.safetensors")
    with TestClient(app(bundle, store="memory", log="none", keys=str(tmp_path / "keys"))) as server:
        with pytest.raises(WebSocketDisconnect), server.websocket_connect("/v1/realtime"):
            pass
        protocols = ["realtime", f"openai-insecure-api-key.{ann}"]
        with server.websocket_connect("/v1/realtime", subprotocols=protocols) as live:
            assert live.receive_json()["type"] == "session.created"
        with server.websocket_connect("/v1/realtime", headers={"authorization": f"Bearer {ann}"}) as live:
            assert live.receive_json()["type"] == "session.created"
