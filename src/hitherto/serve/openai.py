"""The routes of OpenAI's API that recurrent models can serve: a client of it needs another address, and no more.

Completions of `lm`, chat completions of `chat`, transcriptions of `transcribe`. Fields that no model here can follow
are refused, unless they ask for what is the case anyway.
"""

import secrets
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hitherto.serve.asked import Chat, Completion
from hitherto.serve.refusals import Refused
from hitherto.serve.values import content_of

if TYPE_CHECKING:
    from hitherto.serve.app import Handler, Server
    from hitherto.trained import Model

__all__ = ["TASKS", "OpenAI", "model_for"]


# By the route: the task whose models it is for, and an example of its body.
TASKS: dict[str, tuple[str, dict[str, object]]] = {
    "/v1/completions": ("lm", {"prompt": "The ", "max_tokens": 40}),
    "/v1/chat/completions": ("chat", {"messages": [{"role": "user", "content": "Hello"}]}),
    "/v1/audio/transcriptions": ("transcribe", {}),
}


# What the form of a transcription may have beside its file, and the only value of those that no model here can change.
FIELDS = {"model": None, "response_format": "json", "temperature": "0", "stream": "false"}


class OpenAI:
    """The handlers of these routes."""

    def __init__(self, server: "Server") -> None:
        self.server = server

    def routes(self) -> list[tuple[str, str, str, "Handler"]]:
        return [
            ("POST", "/v1/completions", "completions", self.completions),
            ("POST", "/v1/chat/completions", "chat", self.chat),
            ("POST", "/v1/audio/transcriptions", "transcriptions", self.transcriptions),
        ]

    async def completions(self, request: Request) -> Response:
        """The text that follows a prompt, at once or piece by piece."""
        self.server.owner(request.headers.get("authorization"))
        asked = await self.server.body(request, Completion)
        model = model_for(self.server, asked.model, "/v1/completions")
        stops = [asked.stop] if isinstance(asked.stop, str) else asked.stop
        options = asked.options() | ({"stop": stops} if stops else {})
        pieces = model.pieces(asked.prompt, **options)
        about = {
            "id": _id("cmpl"),
            "object": "text_completion",
            "created": int(time.time()),
            "model": asked.model,
        }
        if not asked.stream:
            text = await self.server.apart(lambda: "".join(pieces))
            choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
            return _json({**about, "choices": [choice]})

        async def events() -> AsyncIterator[bytes]:
            while (piece := await self.server.apart(lambda: next(pieces, None))) is not None:
                yield _event({**about, "choices": [{"index": 0, "text": piece, "finish_reason": None}]})
            yield _event({**about, "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
            yield b"data: [DONE]\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def chat(self, request: Request) -> Response:
        """The reply to a conversation. A search finds it as a whole, so that a stream of it has one piece."""
        self.server.owner(request.headers.get("authorization"))
        asked = await self.server.body(request, Chat)
        model = model_for(self.server, asked.model, "/v1/chat/completions")
        if asked.stop:
            raise Refused("a reply ends by itself: leave `stop` out")
        options = asked.options()
        if asked.max_completion_tokens is not None:
            options["max_new_tokens"] = asked.max_completion_tokens
        if not options.get("temperature"):  # a search draws nothing
            options = {name: value for name, value in options.items() if name == "max_new_tokens"}
        turns = [{"role": turn.role, "content": turn.content} for turn in asked.messages]
        (text,) = await self.server.apart(lambda: model.predict(turns, **options))
        about = {"id": _id("chatcmpl"), "created": int(time.time()), "model": asked.model}
        message = {"role": "assistant", "content": text}
        if not asked.stream:
            choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
            return _json({**about, "object": "chat.completion", "choices": [choice]})
        about["object"] = "chat.completion.chunk"
        chunks = [
            {**about, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
            {**about, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        ]
        body = b"".join(map(_event, chunks)) + b"data: [DONE]\n\n"
        return Response(body, media_type="text/event-stream")

    async def transcriptions(self, request: Request) -> Response:
        """The text of a recording."""
        self.server.owner(request.headers.get("authorization"))
        files, fields = await self.server.form(request)
        model = model_for(self.server, fields.get("model", ""), "/v1/audio/transcriptions")
        for name, value in fields.items():
            if name not in FIELDS:
                raise Refused(f"this server knows the fields {', '.join(FIELDS)}")
            if FIELDS[name] not in (None, value):
                raise Refused(f"the only `{name}` is {FIELDS[name]}")
        if len(files) != 1:
            raise Refused("expected one file, in the field `file`")
        (text,) = await self.server.batches.predict(model, [content_of(model, *files[0])], details=False)
        return _json({"text": text})


def model_for(server: "Server", name: str, path: str) -> "Model":
    """The model of this name, if it is of the task that the route serves."""
    model, task = server.models.newest(name), TASKS[path][0]
    if model.spec.task != task:
        raise Refused(f"this route is for models of {task}")
    return model


def _id(kind: str) -> str:
    return f"{kind}-{secrets.token_urlsafe(16)}"


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _event(value: object) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"
