"""Run a server: one process, or several workers behind one socket.

A worker that dies is started again: sessions are in the store, so that nothing that was answered is lost. SIGTERM
drains: nothing new is taken, what has begun is answered.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import uvicorn

from hitherto.errors import UsageError
from hitherto.serve.app import app
from hitherto.serve.metrics import Metrics
from hitherto.serve.settings import Settings

__all__ = ["serve", "worker"]

DRAIN = 20  # seconds for what has begun
AGAIN = 1.0  # seconds before a worker that died at once is started again


def serve(settings: Settings, say: Callable[[str], None]) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    begun = time.monotonic()
    bound = _bound(settings)
    with bound:
        host, port = bound.getsockname()[:2]
        scheme = "http" if settings.tls_cert is None else "https"
        shown = f"[{host}]" if ":" in host else host
        where = f"{scheme}://{shown}:{port}"
        if settings.workers == 1:
            _run(
                settings,
                bound,
                None,
                say,
                lambda: say(f"ready at {where} in {1000 * (time.monotonic() - begun):.0f} ms"),
            )
            return 0
        return _Workers(settings, bound, say).run(where)


def _bound(settings: Settings) -> socket.socket:
    """The socket that all workers listen on."""
    try:
        return socket.create_server(
            (settings.host, settings.port),
            family=socket.AF_INET6 if ":" in settings.host else socket.AF_INET,
            backlog=4096,
        )
    except OSError as error:
        raise UsageError(
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror or error}."
        ) from error


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()


def _run(
    settings: Settings,
    bound: socket.socket,
    folder: Path | None,
    say: Callable[[str], None],
    ready: Callable[[], None],
) -> None:
    config = uvicorn.Config(
        app(settings=settings, metrics=Metrics(folder), say=say), log_level="error", access_log=False, lifespan="on",
        ws="websockets-sansio", ws_max_size=settings.max_message, ws_per_message_deflate=False, server_header=False,
        timeout_graceful_shutdown=DRAIN, ssl_certfile=settings.tls_cert, ssl_keyfile=settings.tls_key,
    )  # fmt: skip
    signal.signal(
        signal.SIGTERM, lambda *_: None
    )  # the server drains, and sends itself the signal again then
    _Server(config, ready).run([bound])


class _Workers:
    """Processes that serve the same socket."""

    def __init__(self, settings: Settings, bound: socket.socket, say: Callable[[str], None]) -> None:
        self.settings, self.bound, self.say = settings, bound, say
        self.stopping = False
        self.processes: list[subprocess.Popen[bytes]] = []

    def run(self, where: str) -> int:
        with tempfile.TemporaryDirectory(prefix="hitherto-serve-") as folder:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
            self.processes = [self._start(folder) for _ in range(self.settings.workers)]
            self.say(f"{self.settings.workers} workers at {where}")
            while not self.stopping:
                for i, process in enumerate(self.processes):
                    if process.poll() is None or self.stopping:
                        continue
                    Path(folder, f"{process.pid}.figures").unlink(missing_ok=True)
                    self.say(
                        f"worker {process.pid} ended with status {process.returncode}; another one takes its place"
                    )
                    self.processes[i] = self._start(folder)
                time.sleep(0.05)
            for process in self.processes:
                process.terminate()
            for process in self.processes:
                try:
                    process.wait(DRAIN + 5)
                except subprocess.TimeoutExpired:
                    process.kill()
        return 0

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _start(self, folder: str) -> "subprocess.Popen[bytes]":
        number = self.bound.fileno()
        command = [sys.executable, "-m", "hitherto.serve.worker", str(number), folder]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[number])  # noqa: S603 - ourselves
        assert process.stdin is not None  # noqa: S101 - a pipe
        process.stdin.write(msgspec.json.encode(self.settings))
        process.stdin.close()
        return process


def worker(number: int, folder: str, settings: bytes) -> None:
    """One worker, on the socket that its parent has bound. It ends with its parent."""
    bound = socket.socket(fileno=number)
    parent = os.getppid()

    def say(line: str) -> None:
        print(line, flush=True)

    def orphaned(*_: object) -> None:
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGALRM, orphaned)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    _run(msgspec.json.decode(settings, type=Settings), bound, Path(folder), say, lambda: None)
