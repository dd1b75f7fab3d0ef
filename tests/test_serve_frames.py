"""WebSocket frames: the short way reads and writes what the library's own parser does, however bytes are cut."""

import json
import random
import socket
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

from serving import Running, opened, plainly
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from hitherto.serve.frames import Frames, frame, messages

MOST = 70_000


def sent(opcode: Opcode, content: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, content, fin).serialize(mask=mask)


def read(data: bytes) -> Frame:
    """The frame of these bytes, by the library."""
    reader = StreamReader()
    reader.feed_data(data)
    parser = Frame.parse(reader.read_exact, mask=False)
    try:
        next(parser)
    except StopIteration as end:
        made: Frame = end.value
        return made
    raise AssertionError("the frame is not whole")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 4000, 65535, 65536, MOST])
def test_frames_are_those_of_the_library(size: int) -> None:
    content = random.Random(size).randbytes(size)
    assert bytes(read(frame(content)).data) == content
    for opcode, kind in ((Opcode.TEXT, "text"), (Opcode.BINARY, "bytes")):
        data = sent(opcode, content)
        assert messages(data, MOST) == ([(kind, content)] if size < 1 << 16 else None)
        assert messages(data * 3, MOST) == ([(kind, content)] * 3 if size < 1 << 16 else None)
        for cut in (1, 2, 5, len(data) - 1):
            assert messages(data[:cut], MOST) is None or cut == len(data)


@pytest.mark.parametrize(
    "data",
    [
        sent(Opcode.TEXT, b"a", fin=False),
        sent(Opcode.CONT, b"a"),
        sent(Opcode.CLOSE, b"\x03\xe8"),
        sent(Opcode.TEXT, b"a", mask=False),
        sent(Opcode.TEXT, b"a" * 200, mask=False),
        b"\xc1\x81\0\0\0\0a",
        b"\x81\xfe\x00\x05\0\0\0\0aaaaa",  # a size that could be said shorter
        sent(Opcode.TEXT, b"a" * 101),
        sent(Opcode.TEXT, b"a") + sent(Opcode.PING, b"p"),
        sent(Opcode.TEXT, b"a") + b"\x81",
    ],
)
def test_what_is_not_plain_is_left_to_the_library(data: bytes) -> None:
    assert messages(data, 100) is None


def test_pings_are_no_messages() -> None:
    assert messages(sent(Opcode.PING, b"p") + sent(Opcode.PONG, b""), 100) == []


def heard(connection: socket.socket, buffer: bytearray) -> Frame:
    """The next frame that a server sends, of less than 64 KiB."""

    def size() -> int:
        if len(buffer) < 4:
            return 4 if len(buffer) < 2 or buffer[1] > 1 else 2 + buffer[1]
        return 2 + buffer[1] if buffer[1] < 126 else 4 + int.from_bytes(buffer[2:4], "big")

    while len(buffer) < size():
        part = connection.recv(4096)
        assert part, "the connection was closed"
        buffer += part
    one = read(bytes(buffer[: size()]))
    del buffer[: size()]
    return one


def test_messages_may_be_cut_anywhere(tmp_path: Path) -> None:
    """Whole, several at once, in parts, byte by byte, with pings between: each is answered once, in order."""
    rng, stream = random.Random(0), opened("lm").stream()
    with Running(tmp_path, "lm") as server, server.raw("/v1/models/lm/stream") as live:
        buffer = bytearray()
        heard(live, buffer)
        at, plain = 0, 0
        (connection,) = (one for one in server.server.server_state.connections if isinstance(one, Frames))
        for turn in range(60):
            count = rng.randint(1, 3)
            parts: list[tuple[bytes, Any]] = []
            for i in range(count):
                words = "the " * rng.choice((1, 40))
                content = json.dumps({"at": at + i, "inputs": [words]}).encode()
                cut = rng.randint(1, len(content) - 1)
                whole = turn < 30 or rng.random() < 0.5
                data = sent(Opcode.TEXT, content)
                if not whole:
                    data = sent(Opcode.TEXT, content[:cut], fin=False) + sent(Opcode.CONT, content[cut:])
                parts.append((data, plainly(stream.push(words))))
            ping = turn % 7 == 3
            data = b"".join(part for part, _ in parts)
            if ping:
                live.sendall(sent(Opcode.PING, b"are you there"))
                pong = heard(live, buffer)
                assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"are you there")
            step = len(data) if turn < 20 or rng.random() < 0.5 else rng.choice((1, 7, 50))
            for begin in range(0, len(data), step):
                live.sendall(data[begin : begin + step])
            for _, rows in parts:
                said = json.loads(bytes(heard(live, buffer).data))
                assert (said["begin"], said["rows"]) == (at, rows)
                at += 1
            plain += connection.plain
        assert 20 <= plain < 60
        live.sendall(sent(Opcode.CLOSE, b"\x03\xe8"))
        assert heard(live, buffer).opcode == Opcode.CLOSE
    assert server.said == []
