"""The server under load: `python benchmarks/serve.py NAME...`, or with --quick each of them for a second.

Server and load generator share the machine, as two processes. The model is an LSTM of 128 on characters, pushed a word
at a time, or one of speech, pushed 0.1 s at a time; their weights are those of a short training, as only speed is
measured. Beside them, in the same run, what a person would write: `serve_peers.py`.

    load      pushes a second and their times, over WebSocket and HTTP, at 1 to 10,000 connections
    rate      an open load of 5,000 pushes a second over 1,000 WebSockets
    peers     the same pushes to torch.nn and to ONNX Runtime in a Starlette app that keeps states in a dict
    speech    the model of speech
    memory    10,000 open WebSockets: the memory of the server, open and parked
    parked    100,000 sessions in an SQLite file: the time of the first push to one, of a worker that has none
    start     from the command to ready
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import common

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Row = dict[str, Any]
RESULTS = common.RESULTS / "serve.jsonl"
HERE = Path(__file__).resolve().parent
SIZES = (1, 100, 1_000, 10_000)


def model_of_text(folder: Path) -> Path:
    text = folder / "text.txt"
    if not text.exists():
        with gzip.open(common.DATA / "tinyshakespeare" / "input.txt.gz", "rt") as file:
            text.write_text(file.read(100_000))
    common.fitted(
        folder, "lm", "lm", str(text), tokens="chars", cell="lstm", hidden_size=128, num_layers=1, epochs=1
    )
    return folder / "lm.safetensors"


def model_of_speech(folder: Path) -> Path:
    import numpy as np

    from hitherto.media.sound import write_wav

    rows, rng = [], np.random.default_rng(0)
    for i in range(24):
        path = folder / f"{i}.wav"
        write_wav(path, rng.normal(size=8000).astype(np.float32) / 10, 8000)
        rows.append({"audio": str(path), "text": ("one two", "three")[i % 2]})
    common.fitted(
        folder, "speech", "transcribe", rows, input="audio", output="text", cell="lstm", hidden_size=128, num_layers=1,
        bidirectional=False, epochs=1,
    )  # fmt: skip
    return folder / "speech.safetensors"


class Process:
    """A server, and what the system says of it."""

    def __init__(self, process: subprocess.Popen[str], port: int, said: Row) -> None:
        self.process, self.port, self.said = process, port, said

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
        return 0

    @property
    def resident(self) -> float:
        """MiB"""
        return self._status("VmRSS:") / 1024

    @property
    def most(self) -> float:
        return self._status("VmHWM:") / 1024

    @property
    def seconds(self) -> float:
        """Of the processors."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[Process]:
    """A server, from when it can be connected to."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        try:
            ends = time.monotonic() + 60
            assert process.stdout is not None
            said = process.stdout.readline()
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > ends:
                        raise
                    time.sleep(0.02)
            yield Process(process, port, json.loads(said) if said.startswith("{") else {})
        finally:
            process.terminate()


@contextmanager
def ours(bundle: Path, *options: str, store: str | None = None) -> Iterator[Process]:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        place = store or f"sqlite://{folder}/sessions.db"
        with running(
            [
                "-m",
                "hitherto",
                "serve",
                str(bundle),
                "--port",
                str(port),
                "--log",
                "none",
                "--store",
                place,
                *options,
            ],
            port,
        ) as server:
            yield server


@contextmanager
def peer(kind: str, bundle: Path) -> Iterator[Process]:
    port = free_port()
    with running([str(HERE / "serve_peers.py"), kind, str(bundle), str(port)], port) as server:
        yield server


def measure(
    server: Process, transport: str, bundle: Path, connections: int, seconds: float, **how: Any
) -> Row:
    """One load, in a process of its own."""
    command = [
        sys.executable, str(HERE / "serve_load.py"), transport, str(server.port), bundle.stem, "--connections",
        str(connections), "--seconds", str(seconds),
    ]  # fmt: skip
    for name, value in how.items():
        command += [f"--{name}", str(value)]
    before = server.seconds
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        before = server.seconds
        row: Row = json.loads(process.stdout.readline() or "{}")
    used = server.seconds - before
    row["server_us"] = round(1e6 * used / max(1, row["pushes"]) * seconds / (seconds + min(1.0, seconds)), 1)
    return {
        "transport": transport,
        "connections": connections,
        "load": "open" if how.get("rate") else "closed",
        **row,
    }


class Jobs:
    def __init__(self, folder: Path, quick: bool, seconds: float) -> None:
        self.folder, self.quick = folder, quick
        self.seconds = 1.0 if quick else seconds
        self.sizes = (1, 50) if quick else SIZES

    def keep(self, name: str, row: Row) -> None:
        machine = {"cores": common.all_threads(), "machine_load": round(os.getloadavg()[0], 1)}
        if os.sched_getscheduler(0) != os.SCHED_OTHER:  # `chrt -r 10`: what else ran had to wait
            machine["real_time"] = True
        if self.quick:
            common.say(f"{name}: {json.dumps({**row, **machine})}")
        else:
            common.keep(RESULTS, name, **row, **machine)

    def load(self) -> None:
        bundle = model_of_text(self.folder)
        text = self.folder / "text.txt"
        for transport in ("ws", "http"):
            for connections in self.sizes:
                with ours(bundle, "--cached", "20000") as server:
                    row = measure(server, transport, bundle, connections, self.seconds, text=text)
                    self.keep("load", {**row, "server_mib": round(server.most, 1)})

    def rate(self) -> None:
        bundle = model_of_text(self.folder)
        rate, connections = (500, 50) if self.quick else (5_000, 1_000)
        for ack in ("each", "interval"):
            with ours(bundle, "--ack", ack) as server:
                row = measure(
                    server, "ws", bundle, connections, self.seconds, rate=rate, text=self.folder / "text.txt"
                )
                self.keep("rate", {"asked_per_s": rate, "ack": ack, **row})

    def peers(self) -> None:
        bundle, text = model_of_text(self.folder), self.folder / "text.txt"
        for transport in ("ws", "http"):
            for connections in self.sizes[:2]:
                rows: dict[str, Row] = {}
                for _ in range(1 if self.quick else 3):
                    for who in ("hitherto", "hitherto memory", "torch", "onnx"):
                        if who.startswith("hitherto"):
                            served = ours(bundle, store="memory" if who.endswith("memory") else None)
                        else:
                            served = peer(who, bundle)
                        with served as server:
                            row = measure(server, transport, bundle, connections, self.seconds / 2, text=text)
                            row |= server.said
                        rows.setdefault(who, {"server": who, "turns": []})["turns"].append(row)
                for who, some in rows.items():
                    turns = some["turns"]
                    middle = sorted(turns, key=lambda one: float(one["pushes_per_s"]))[len(turns) // 2]
                    spread = [turn["pushes_per_s"] for turn in turns]
                    self.keep("peers", {"server": who, **middle, "each_turn_per_s": spread})

    def speech(self) -> None:
        bundle = model_of_speech(self.folder)
        for transport in ("ws",):
            for connections in self.sizes[:3]:
                with ours(bundle) as server:
                    self.keep("speech", measure(server, transport, bundle, connections, self.seconds))

    def memory(self) -> None:
        bundle, text = model_of_text(self.folder), self.folder / "text.txt"
        count = 200 if self.quick else 10_000
        with (
            tempfile.TemporaryDirectory() as folder,
            ours(bundle, "--park", "5s", "--cached", "20000", store=f"sqlite://{folder}/s.db") as server,
        ):
            time.sleep(1)
            empty = server.resident
            command = [
                sys.executable, str(HERE / "serve_load.py"), "ws", str(server.port), bundle.stem, "--connections",
                str(count), "--seconds", "10", "--rate", str(count / 10), "--text", str(text), "--hold", "--warm",
                "0",
            ]  # fmt: skip
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None
                assert process.stdin is not None
                made = json.loads(process.stdout.readline())
                joined = server.resident
                process.stdin.write("\n")
                process.stdin.flush()
                row = json.loads(process.stdout.readline())
                live = server.resident
                time.sleep(10)  # until all are parked
                parked = server.resident
                process.stdin.write("\n")
                process.stdin.flush()
            size = sum(path.stat().st_size for path in Path(folder).iterdir())
            self.keep("memory", {
                "open_sockets": made["connected"], "mib_before": round(empty, 1), "mib_connected": round(joined, 1),
                "mib_pushed": round(live, 1), "mib_parked": round(parked, 1), "mib_most": round(server.most, 1),
                "bytes_a_socket_and_session": round((live - empty) * 2**20 / count),
                "bytes_a_session_in_the_store": round(size / count), "errors": row["errors"], "lost": row["lost"],
            })  # fmt: skip

    def parked(self) -> None:
        from hitherto.serve.models import Models, named
        from hitherto.serve.sessions import Sessions
        from hitherto.serve.store import store_of
        from hitherto.serve.values import take

        bundle = model_of_text(self.folder)
        count = 1_000 if self.quick else 100_000
        with tempfile.TemporaryDirectory() as folder:
            place = f"sqlite://{folder}/s.db"
            models = Models(named([f"lm={bundle}"]))

            async def fill() -> list[str]:
                sessions = Sessions(store_of(place), models.served, take, cached=1000)
                names = []
                for first in range(0, count, 500):
                    some = [(await sessions.create("lm")).id for _ in range(min(500, count - first))]
                    await asyncio.gather(*(sessions.push(name, ["To be "], at=0) for name in some))
                    names += some
                await sessions.close()
                return names

            async def take_over(names: list[str]) -> list[float]:
                sessions = Sessions(store_of(place), models.served, take, cached=100)
                times = []
                for name in random.Random(0).sample(names, min(2_000, count)):
                    begun = time.perf_counter()
                    answer = await sessions.push(name, ["or not "], at=1)
                    times.append(time.perf_counter() - begun)
                    assert answer.at == 2
                await sessions.close()
                return times

            begun = time.perf_counter()
            names = asyncio.run(fill())
            filled = time.perf_counter() - begun
            size = sum(path.stat().st_size for path in Path(folder).iterdir())
            times = sorted(1000 * t for t in asyncio.run(take_over(names)))
            self.keep("parked", {
                "sessions": count, "file_mib": round(size / 2**20, 1), "bytes_a_session": round(size / count),
                "filled_s": round(filled, 1), "taken_over": len(times), "p50_ms": round(statistics.median(times), 3),
                "p99_ms": round(times[int(0.99 * len(times))], 3), "most_ms": round(times[-1], 3),
            })  # fmt: skip

    def start(self) -> None:
        bundle = model_of_text(self.folder)
        times = []
        about = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        for turn in range(4 if self.quick else 16):
            with tempfile.TemporaryDirectory() as folder:
                command = [
                    "-m",
                    "hitherto",
                    "serve",
                    str(bundle),
                    "--port",
                    "0",
                    "--store",
                    f"sqlite://{folder}/s.db",
                ]
                begun = time.perf_counter()
                with subprocess.Popen(
                    [sys.executable, *command], stdout=subprocess.PIPE, text=True, env=about
                ) as process:
                    assert process.stdout is not None
                    assert "ready" in process.stdout.readline()
                    if turn:  # the first one compiles what Python has not compiled yet
                        times.append(1000 * (time.perf_counter() - begun))
                    process.terminate()
        self.keep(
            "start", {"ready_ms": round(statistics.median(times)), "times_ms": [round(t) for t in times]}
        )


JOBS = ("start", "load", "rate", "peers", "speech", "memory", "parked")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(JOBS), help=", ".join(JOBS))
    parser.add_argument(
        "--quick", action="store_true", help="a second each, few connections; nothing is written down"
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--runs", type=Path, default=HERE / "serve", help="where the models are kept")
    given = parser.parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    jobs = Jobs(given.runs, given.quick, given.seconds)
    for name in given.names:
        if name not in JOBS:
            parser.error(f"there is no {name}: {', '.join(JOBS)}")
        getattr(jobs, name)()


if __name__ == "__main__":
    main()
