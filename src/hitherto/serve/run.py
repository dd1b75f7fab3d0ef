"""Run a server: one process, or several workers behind one socket.

A worker that dies is started again: sessions are in the store, so that nothing that was answered is lost. SIGTERM
drains: nothing new is taken, what has begun is answered.
"""

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import uvicorn
from starlette.applications import Starlette

from hitherto.errors import UsageError
from hitherto.serve.app import app
from hitherto.serve.frames import Frames
from hitherto.serve.metrics import Metrics
from hitherto.serve.settings import Settings

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["run", "serve", "worker"]

DRAIN = 20  # seconds for what has begun
IDLE = 20.0  # seconds after which a connection that asks for nothing is closed
AGAIN = 1.0  # seconds between two starts of a worker that dies at once


def serve(settings: Settings, say: Callable[[str], None]) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    begun = time.monotonic()
    _allow_files()
    bound = _bound(settings)
    with bound:
        host, port = bound.getsockname()[:2]
        scheme = "http" if settings.tls_cert is None else "https"
        shown = f"[{host}]" if ":" in host else host
        where = f"{scheme}://{shown}:{port}"
        if settings.workers == 1:
            run(
                app(settings=settings, metrics=Metrics(None), say=say),
                settings,
                bound,
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


def _allow_files() -> None:
    """As many open files as this process may have: each connection is one."""
    try:
        import resource
    except ModuleNotFoundError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Server(uvicorn.Server):
    """Says when it is ready, and closes connections that ask for nothing: half a header may wait forever."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready
        self.idle: dict[object, object] = {}  # connections without a request under way: their last request
        self.swept = time.monotonic()

    async def on_tick(self, counter: int) -> bool:
        if time.monotonic() >= self.swept + IDLE:
            self._sweep()
        return await super().on_tick(counter)

    def _sweep(self) -> None:
        self.swept, before, self.idle = time.monotonic(), self.idle, {}
        for connection in list(self.server_state.connections):
            if isinstance(connection, self.config.http_protocol_class):
                last = cast("H11Protocol | HttpToolsProtocol", connection).cycle
                if last is not None and not last.response_complete:
                    continue
                if connection in before and before[connection] is last:
                    connection.transport.close()
                else:
                    self.idle[connection] = last

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            gc.collect()
            gc.freeze()  # models and modules stay: a collection has no need to look at them
            gc.set_threshold(10_000, 20, 50)
            self.ready()


def run(made: Starlette, settings: Settings, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Serve an application on this socket until SIGTERM or SIGINT; `ready` is called once it answers."""
    config = _configured(settings, made)
    signal.signal(
        signal.SIGTERM, lambda *_: None
    )  # the server drains, and sends itself the signal again then
    _Server(config, ready).run([bound])


def _configured(settings: Settings, made: Starlette) -> uvicorn.Config:
    """How uvicorn serves an application with these settings."""
    return uvicorn.Config(
        made, log_level="error", access_log=False, lifespan="on",
        ws=Frames, ws_max_size=settings.max_message, ws_per_message_deflate=False, server_header=False,
        timeout_graceful_shutdown=DRAIN, ssl_certfile=settings.tls_cert, ssl_keyfile=settings.tls_key,
    )  # fmt: skip


class _Workers:
    """Processes that serve the same socket."""

    def __init__(self, settings: Settings, bound: socket.socket, say: Callable[[str], None]) -> None:
        self.settings, self.bound, self.say = settings, bound, say
        self.stopping = False
        self.processes: list[subprocess.Popen[bytes]] = []
        self.begun: dict[int, float] = {}

    def run(self, where: str) -> int:
        with tempfile.TemporaryDirectory(prefix="hitherto-serve-") as folder:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
            self.processes = [self._start(folder) for _ in range(self.settings.workers)]
            self.say(f"{self.settings.workers} workers at {where}")
            while not self.stopping:
                for i, process in enumerate(self.processes):
                    early = time.monotonic() < self.begun[process.pid] + AGAIN
                    if process.poll() is None or self.stopping or early:
                        continue
                    del self.begun[process.pid]
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
        own = max(
            1, (os.cpu_count() or 1) // self.settings.workers
        )  # so that none waits for another's threads
        about = {"HITHERTO_NUM_THREADS": str(own), **os.environ}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[number], env=about)  # noqa: S603 - ourselves
        assert process.stdin is not None  # noqa: S101 - a pipe
        process.stdin.write(msgspec.json.encode(self.settings))
        process.stdin.close()
        self.begun[process.pid] = time.monotonic()
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
    asked = msgspec.json.decode(settings, type=Settings)
    run(app(settings=asked, metrics=Metrics(Path(folder)), say=say), asked, bound, lambda: None)
