"""What the tests of the server share: models to serve, servers in a thread and in a process, a server of Redis."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

import hitherto
from hitherto.errors import StoreError
from hitherto.serve import app, run
from hitherto.serve.settings import settled
from hitherto.serve.store import Memory

GOLDEN = Path(__file__).parent / "golden"
WORDS = ("the ", "cat ", "sat ", "on ", "mat.\n", "dog ")
LOCAL = {"host": "localhost"}  # which the test client leaves out for a WebSocket


def bundle(name: str) -> str:
    return str(GOLDEN / f"{name}.safetensors")


def opened(name: str) -> Any:
    return hitherto.open(bundle(name))


def plainly(value: object) -> Any:
    """As JSON has it."""
    return json.loads(json.dumps(value, default=lambda array: array.tolist()))


def offline(model: Any, inputs: list[str]) -> list[Any]:
    """The rows of each input, of a stream by itself."""
    stream = model.stream()
    return [plainly(stream.push(value)) for value in inputs]


def until(true: Callable[[], object], seconds: float = 20) -> None:
    """Wait until it is so: an error where it never is."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Failing(Memory):
    """A disk that is full for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False

    async def write(self, records: Any) -> list[bool]:
        if self.full:
            raise StoreError("no space is left")
        return await super().write(records)


class Running:
    """A server in a thread of this process."""

    def __init__(self, tmp_path: Path, *names: str, **options: Any) -> None:
        self.said: list[str] = []
        settings = settled(
            {
                "models": [bundle(name) for name in names],
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


def started(tmp_path: Path, *options: str) -> tuple["subprocess.Popen[str]", str]:
    """A server in a process of its own, and its address."""
    command = [
        sys.executable, "-m", "hitherto", "serve", bundle("lm"), "--port", "0", "--log", "none",
        "--store", f"sqlite://{tmp_path / 's.db'}",
    ]  # fmt: skip
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    address = re.search(r"http://\S+", line)
    assert address, line
    return process, address[0]


@contextlib.contextmanager
def served(tmp_path: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`started`, for as long as the block runs; it has to drain then."""
    process, address = started(tmp_path, *options)
    assert process.stdout is not None
    with process:
        try:
            yield process, address
        finally:
            process.terminate()
            process.stdout.read()
            assert process.wait(30) == 0


def workers_of(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(child) for child in children]


class Redis:
    """A server of Redis that keeps all that it answered."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("redis")
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            pytest.skip("redis-server is not installed")
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}"
        self.command = [
            program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes",
            "--appendfsync", "always", "--save", "",
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def ready(self) -> None:
        """Wait until it answers."""

        def answers() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            return False

        until(answers)

    def kill(self) -> None:
        self.end()
        self.start()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of Redis."""
    made = Redis(tmp_path_factory.mktemp("redis"))
    try:
        made.ready()
        yield made.address
    finally:
        made.end()
