"""Several servers behind nginx, on one Redis: any of them, and the proxy, may end at any moment."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

from serving import (
    GOLDEN,
    WORDS,
    free_port,
    plainly,
    redis_server,  # noqa: F401 - a fixture
    started,
)

import hitherto
from hitherto.client import Client

CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream hitherto {{ {servers} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://hitherto;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_next_upstream error timeout http_503 non_idempotent;
    }}
  }}
}}
"""


class Site:
    """Servers and a proxy before them, each of which can be killed and started again."""

    def __init__(self, folder: Path, store: str) -> None:
        self.folder, self.store = folder, store
        self.ports = [free_port(), free_port()]
        self.port = free_port()
        self.servers = [self.server(port) for port in self.ports]
        self.proxy = self.nginx()

    def server(self, port: int) -> "subprocess.Popen[str]":
        return started(self.folder, "--store", self.store, "--port", str(port))[0]

    def nginx(self) -> "subprocess.Popen[bytes]":
        servers = " ".join(f"server 127.0.0.1:{port} fail_timeout=1s;" for port in self.ports)
        user = "user root;" if os.geteuid() == 0 else ""
        path = self.folder / "nginx.conf"
        path.write_text(CONFIG.format(folder=self.folder, user=user, servers=servers, port=self.port))
        command = ["nginx", "-p", str(self.folder), "-c", str(path)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self, which: int) -> None:
        """SIGKILL to a server, or to the proxy and its worker; then start it again."""
        if which < len(self.servers):
            self.servers[which].kill()
            self.servers[which].communicate()
            self.servers[which] = self.server(self.ports[which])
            return
        children = Path(f"/proc/{self.proxy.pid}/task/{self.proxy.pid}/children").read_text().split()
        for process in (self.proxy.pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.proxy.wait()
        self.proxy = self.nginx()

    def close(self) -> None:
        self.proxy.terminate()
        self.proxy.wait(30)
        for server in self.servers:
            server.terminate()
            server.communicate()


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    if not Path("/proc/self/task").exists():
        pytest.skip("looks for the processes of the proxy in /proc")
    made = Site(tmp_path, request.getfixturevalue("redis_server"))
    yield made
    made.close()


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.soak)])
def test_nothing_is_lost_or_stepped_twice_behind_a_proxy(site: Site, kills: int) -> None:
    rng, lm = random.Random(8), hitherto.open(GOLDEN / "lm.safetensors")
    with Client(f"http://127.0.0.1:{site.port}", patience=60, timeout=10) as client:
        sessions: list[tuple[Any, Any]] = [(client.session("lm"), lm.stream()) for _ in range(4)]
        for turn in range(kills * 8):
            if turn % 8 == 4:
                site.kill(turn // 8 % 3)
            session, stream = rng.choice(sessions)
            word = rng.choice(WORDS)
            assert session.push(word) == plainly(stream.push(word))
        assert sum(session.at for session, _ in sessions) == kills * 8
        for session, stream in sessions:
            assert session.finish() == plainly(stream.finish())


def test_a_socket_through_the_proxy(site: Site) -> None:
    """It breaks with its server, and goes on with the other one where it was."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    stream: Any = hitherto.open(GOLDEN / "lm.safetensors").stream()
    address = f"ws://127.0.0.1:{site.port}/v1/models/lm/stream"

    def said(live: Any) -> Any:
        return json.loads(live.recv(timeout=30))

    with Client(f"http://127.0.0.1:{site.port}", patience=60) as client:
        client.models()  # it is up
    with connect(address) as live:
        session = said(live)["session"]
        live.send('{"input": "the ", "at": 0}')
        assert said(live)["rows"] == plainly(stream.push("the "))
        for which in (0, 1):
            site.kill(which)
        with pytest.raises(ConnectionClosed):
            live.recv(timeout=30)
    with connect(f"{address}?session={session}") as again:
        assert said(again)["at"] == 1
        again.send('{"input": "cat ", "at": 1}')
        assert said(again)["rows"] == plainly(stream.push("cat "))
