"""A session over a WebSocket: inputs in, what became final out.

The server speaks first: the session, its model, and `at`. Then each message is answered by one:

    {"inputs": [...], "at": 3}      -> {"begin": 3, "at": 5, "rows": [...]}
    {"input": ...}                  as one input, wherever the session is
    bytes                           one input: text, or numbers as the query `format` says (s16, f32)
    {"peek": true}                  -> {"at": 5, "answer": ...}
    {"finish": true}                -> {"begin": 5, "at": 5, "rows": [...], "end": ...}

An error is a message too, with `error` and the HTTP status; of a push that does not follow, with `expected`.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from hitherto.serve.answers import plain
from hitherto.serve.refusals import Refused, said_of
from hitherto.serve.values import FORMATS

if TYPE_CHECKING:
    from hitherto.serve.app import Server

__all__ = ["POLICY", "Socket", "admitted"]

POLICY, LARGE, LATER = 1008, 1009, 1013  # reasons to close


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """What a client says."""

    inputs: list[object] = []
    input: object | UnsetType = UNSET
    at: Annotated[int, Meta(ge=0)] | None = None
    finish: bool = False
    peek: bool = False


_decode = msgspec.json.Decoder(Asked).decode


@asynccontextmanager
async def admitted(
    server: "Server", socket: WebSocket, protocol: str, key: str | None
) -> AsyncIterator[str | None]:
    """Accept a connection for as long as the block runs: whose it is; None where it was closed instead.

    `key` is that of a client which can set no header.
    """
    try:
        server.expect_host(socket.headers.get("host", ""))
        server.expect_origin(socket.headers.get("origin"), socket.headers.get("host", ""))
        owner = server.owner(socket.headers.get("authorization") or key)
    except Refused as error:
        await socket.close(POLICY, str(error))
        yield None
        return
    if server.sockets >= server.settings.max_sockets or server.draining:
        await socket.accept()  # one that is refused earlier has no reason that a client could read
        await socket.close(LATER, "this worker has as many WebSockets as it takes; come again in a while")
        yield None
        return
    server.sockets += 1
    try:
        await socket.accept(protocol if protocol in socket.scope.get("subprotocols", ()) else None)
        yield owner
    finally:
        server.sockets -= 1


class Socket:
    """The WebSockets of a server."""

    def __init__(self, server: "Server") -> None:
        self.server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its handshake to its end. The session lives on after it."""
        socket = WebSocket(scope, receive, send)
        async with admitted(self.server, socket, "hitherto", _offered(socket)) as owner:
            if owner is not None:
                await self._serve(socket, receive, owner)

    async def _serve(self, socket: WebSocket, receive: Receive, owner: str) -> None:
        server, query = self.server, socket.query_params
        name, session = query.get("session"), ""
        try:
            kind = _format(query.get("format", "text"))
            if name is None:
                record = await server.sessions.create(socket.path_params["model"], owner)
            else:
                record = await server.sessions.info(name, owner)
            session, model = record.id, record.model
            await self._send(
                socket,
                {"session": record.id, "model": record.model, "digest": record.digest, "at": record.at},
            )
            del record  # whose state would stay in memory for as long as the connection does
            while (came := await receive())["type"] != "websocket.disconnect":
                await self._answer(socket, came, session, model, owner, kind)
        except WebSocketDisconnect:
            return
        except Exception as error:
            status, body = said_of(error)
            await self._send(socket, {**body, "status": status})
            await socket.close(LATER if status in (429, 503) else POLICY)
        finally:
            if session and server.settings.ack != "each":
                await server.flush([session])

    async def _answer(
        self, socket: WebSocket, came: Message, name: str, model: str, owner: str, kind: str
    ) -> None:
        """A message that came, and its answer."""
        server, begun = self.server, time.perf_counter()
        try:
            text = came.get("text")
            asked = Asked(input=(kind, came["bytes"])) if text is None else _decode(text)
            inputs = asked.inputs if asked.input is UNSET else [*asked.inputs, asked.input]
            if inputs or asked.finish:
                answer = await server.sessions.push(
                    name, inputs, at=asked.at, owner=owner, finish=asked.finish,
                    keep=server.settings.ack == "each",
                )  # fmt: skip
                await socket.send_text(answer.json())
                server.metrics.observe(("stream", model), time.perf_counter() - begun)
            if asked.peek:
                at, value = await server.sessions.peek(name, owner)
                await self._send(socket, {"at": at, "answer": value})
        except WebSocketDisconnect:
            raise
        except (msgspec.DecodeError, RecursionError) as error:
            await self._send(socket, {"error": f"the message does not fit: {error}", "status": 400})
        except Exception as error:
            status, body = said_of(error)
            if status >= 500 and status != 503:
                raise
            await self._send(socket, {**body, "status": status})

    async def _send(self, socket: WebSocket, value: object) -> None:
        await socket.send_text(msgspec.json.encode(value, enc_hook=plain).decode())


def _format(name: str) -> str:
    if name not in FORMATS:
        raise Refused(f"`format` is one of {', '.join(FORMATS)}")
    return name


def _offered(socket: WebSocket) -> str | None:
    """The key of a browser, which can set no header: the subprotocols `hitherto, bearer.KEY`."""
    for protocol in socket.scope.get("subprotocols", ()):
        if protocol.startswith("bearer."):
            return f"Bearer {protocol.removeprefix('bearer.')}"
    return None
