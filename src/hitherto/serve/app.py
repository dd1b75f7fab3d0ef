"""The ASGI application: routes, keys, limits, errors. `hitherto.serve.app(...)` gives one for a server of your own."""

import asyncio
import contextlib
import secrets
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import anyio
import msgspec
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute

from hitherto import __version__
from hitherto.errors import StoreError, UsageError
from hitherto.serve import page
from hitherto.serve.answers import plain
from hitherto.serve.asked import Create, Generate, Predict, Push
from hitherto.serve.batches import Batches, fits
from hitherto.serve.examples import examples
from hitherto.serve.keys import Keys
from hitherto.serve.metrics import Metrics
from hitherto.serve.models import Models, named
from hitherto.serve.openai import OpenAI
from hitherto.serve.page import STATE
from hitherto.serve.realtime import Realtime
from hitherto.serve.refusals import Refused, TooLarge, Unknown, said_of
from hitherto.serve.sessions import Sessions
from hitherto.serve.settings import Settings, settled
from hitherto.serve.sockets import Socket
from hitherto.serve.store import Record, store_of
from hitherto.serve.triton import Triton
from hitherto.serve.values import content_of, generating, inputs_of, take
from hitherto.tasks.base import Value
from hitherto.trained import Model

__all__ = ["Handler", "Server", "app"]

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


class Server:
    """Models, sessions, keys and figures of one worker."""

    def __init__(
        self, settings: Settings, *, metrics: Metrics | None = None, say: Callable[[str], None] = print
    ) -> None:
        self.settings, self.say = settings, say
        self.models = Models(named(settings.models), weights=settings.weights, say=say)
        self.keys = None if settings.keys is None else Keys(Path(settings.keys))
        self.metrics = metrics or Metrics()
        self.sessions = Sessions(
            store_of(settings.store, durable=settings.durable), self.models.served, take,
            cached=settings.cached, queue=settings.queue, most=settings.max_sessions, apart=self.apart,
        )  # fmt: skip
        self.sockets = 0
        self.draining = False
        self.batches = Batches(self.apart)
        self.threads = anyio.CapacityLimiter(2)  # of whole answers, which take longer than a step

    # ---- who asks, and from where

    def owner(self, authorization: str | None) -> str:
        """The name of the key that a request brings; nothing where no keys are needed."""
        if self.keys is None:
            return ""
        scheme, _, key = (authorization or "").partition(" ")
        owner = self.keys.owner(key.strip()) if scheme.lower() == "bearer" else None
        if owner is None:
            raise Unknown("send the header Authorization: Bearer KEY with a key of this server")
        return owner

    def expect_host(self, host: str) -> None:
        """Refuse a name that is not this server's, so that no page of another one reaches it through a browser."""
        settings = self.settings
        if settings.keys is not None and not settings.allow_host:
            return
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in {"localhost", "127.0.0.1", "[::1]", settings.host, *settings.allow_host}:
            raise Refused("this server does not answer to that Host; --allow-host names another")

    def expect_origin(self, origin: str | None, host: str) -> None:
        """Refuse a page from elsewhere, which may ask through a browser that reaches this server."""
        if origin is None or origin in self.settings.allow_origin:
            return
        if origin.partition("://")[2] != host:
            raise Refused("this server takes nothing from pages of that Origin; --allow-origin names others")

    # ---- what is asked

    async def model_list(self, request: Request) -> Response:
        self.owner(request.headers.get("authorization"))
        return answered(
            {"object": "list", "data": [about(name, self.models.newest(name)) for name in self.models]}
        )

    async def model_info(self, request: Request) -> Response:
        self.owner(request.headers.get("authorization"))
        name = request.path_params["model"]
        model = self.models.newest(name)
        return answered({**about(name, model), **examples(name, model)})

    async def predict(self, request: Request) -> Response:
        self.owner(request.headers.get("authorization"))
        name = request.path_params["model"]
        model = self.models.newest(name)
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            files, fields = await self.form(request)
            inputs: list[Value] = [content_of(model, *file) for file in files]
            asked = Predict([], details=_details(fields))
        else:
            asked = await self.body(request, Predict)
            inputs = inputs_of(model, asked.inputs)
        if not asked.options.chosen() and fits(model, inputs):
            answers = await self.batches.predict(model, inputs, asked.details)
        else:
            answers = await self.apart(lambda: _predict(model, inputs, asked))
        return answered({"model": name, "digest": model.digest, "answers": answers})

    async def generate(self, request: Request) -> Response:
        self.owner(request.headers.get("authorization"))
        model, asked = self.models.newest(request.path_params["model"]), await self.body(request, Generate)
        prompt = inputs_of(model, [asked.prompt])[0] if asked.prompt else None
        options = generating(model, prompt, asked.options)
        if not asked.stream:
            made = await self.apart(lambda: model.generate(prompt, **options))
            return answered({"text": made} if isinstance(made, str) else {"steps": made})
        pieces = await self.apart(lambda: model.pieces(prompt or "", **options))

        async def events() -> AsyncIterator[bytes]:
            nothing = object()
            while (piece := await self.apart(lambda: next(pieces, nothing))) is not nothing:
                yield b"data: " + msgspec.json.encode({"text": piece}) + b"\n\n"
            yield b"data: [DONE]\n\n"

        return StreamingResponse(
            events(), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    async def create(self, request: Request) -> Response:
        owner = self.owner(request.headers.get("authorization"))
        name, state = request.path_params["model"], None
        if request.headers.get("content-type", "") == STATE:
            state = await self.bytes_of(request)
        else:
            await self.body(request, Create)
        return answered(described(await self.begin(name, owner, state)), 201)

    async def begin(
        self, model: str, owner: str, state: bytes | None = None, *, name: str | None = None
    ) -> Record:
        """A new session, if there is room for one."""
        return await self.sessions.create(model, owner, state, name=name)

    async def info(self, request: Request) -> Response:
        owner = self.owner(request.headers.get("authorization"))
        return answered(described(await self.sessions.info(request.path_params["session"], owner)))

    async def push(self, request: Request) -> Response:
        owner = self.owner(request.headers.get("authorization"))
        asked = await self.body(request, Push, most=self.settings.max_message)
        name = request.path_params["session"]
        answer = await self.sessions.push(name, asked.inputs, at=asked.at, owner=owner, finish=asked.finish)
        return Response(answer.json(), media_type="application/json")

    async def peek(self, request: Request) -> Response:
        owner = self.owner(request.headers.get("authorization"))
        at, answer = await self.sessions.peek(request.path_params["session"], owner)
        return answered({"at": at, "answer": answer})

    async def fork(self, request: Request) -> Response:
        owner = self.owner(request.headers.get("authorization"))
        return answered(described(await self.sessions.fork(request.path_params["session"], owner)), 201)

    async def delete(self, request: Request) -> Response:
        owner = self.owner(request.headers.get("authorization"))
        await self.sessions.delete(request.path_params["session"], owner)
        return Response(status_code=204)

    async def state(self, request: Request) -> Response:
        owner = self.owner(request.headers.get("authorization"))
        record = await self.sessions.info(request.path_params["session"], owner)
        return Response(record.state, media_type=STATE, headers={"hitherto-at": str(record.at)})

    async def restore(self, request: Request) -> Response:
        owner = self.owner(request.headers.get("authorization"))
        state = await self.bytes_of(request)
        said = request.query_params.get("at", "0")
        if not said.isdecimal() or len(said) > 18:
            raise Refused("`at` must be a whole number: the inputs that the state has taken")
        record = await self.sessions.restore(request.path_params["session"], state, at=int(said), owner=owner)
        return answered(described(record))

    async def live(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(self, _request: Request) -> Response:
        if self.draining:
            return PlainTextResponse("draining\n", 503)
        await self.sessions.store.read("")  # which fails where the store does
        return PlainTextResponse("ok\n")

    async def figures(self, request: Request) -> Response:
        self.owner(request.headers.get("authorization"))
        await self.measure()
        text = self.metrics.text(await self.sessions.store.count())
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def measure(self) -> None:
        """Bring the figures up to date."""
        counts = asdict(self.sessions.counts)
        del counts["largest"]
        for name, count in counts.items():
            self.metrics.set(f"hitherto_{name}_total", count)
        self.metrics.set("hitherto_sessions_live", len(self.sessions.live))
        self.metrics.set("hitherto_pushes_waiting", self.sessions.waiting)
        self.metrics.set("hitherto_sockets_open", self.sockets)
        self.metrics.write()

    async def docs(self, _request: Request) -> Response:
        return HTMLResponse(page.html(), headers={"content-security-policy": page.POLICY})

    async def openapi(self, _request: Request) -> Response:
        shown = [] if self.keys is not None else [examples(n, self.models.newest(n)) for n in self.models]
        return answered(page.openapi(__version__, shown, keys=self.keys is not None))

    # ---- every request

    def routes(self) -> list[BaseRoute]:
        """All routes; `hitherto.serve.page` describes them."""
        rows: list[tuple[str, str, str, Handler]] = [
            ("GET", "/v1/models", "models", self.model_list),
            ("GET", "/v1/models/{model}", "model", self.model_info),
            ("POST", "/v1/models/{model}/predict", "predict", self.predict),
            ("POST", "/v1/models/{model}/generate", "generate", self.generate),
            ("POST", "/v1/models/{model}/sessions", "create", self.create),
            ("GET", "/v1/sessions/{session}", "session", self.info),
            ("DELETE", "/v1/sessions/{session}", "delete", self.delete),
            ("POST", "/v1/sessions/{session}/push", "push", self.push),
            ("GET", "/v1/sessions/{session}/peek", "peek", self.peek),
            ("POST", "/v1/sessions/{session}/fork", "fork", self.fork),
            ("GET", "/v1/sessions/{session}/state", "state", self.state),
            ("PUT", "/v1/sessions/{session}/state", "restore", self.restore),
            ("GET", "/metrics", "metrics", self.figures),
            ("GET", "/live", "live", self.live),
            ("GET", "/ready", "ready", self.ready),
            ("GET", "/docs", "docs", self.docs),
            ("GET", "/openapi.json", "openapi", self.openapi),
            *OpenAI(self).routes(),
            *Triton(self).routes(),
        ]
        made: list[BaseRoute] = [
            Route(path, self.route(name, handler), methods=[method]) for method, path, name, handler in rows
        ]
        return [
            *made,
            WebSocketRoute("/v1/models/{model}/stream", Socket(self)),
            WebSocketRoute("/v1/realtime", Realtime(self).run),
        ]

    def route(self, name: str, handler: Handler) -> Handler:
        """A handler, with its host checked, its errors as JSON, its time measured and its line in the log."""

        async def handled(request: Request) -> Response:
            begun, number = time.perf_counter(), secrets.token_hex(8)
            try:
                host = request.headers.get("host", "")
                self.expect_host(host)
                self.expect_origin(request.headers.get("origin"), host)
                async with asyncio.timeout(self.settings.max_time):
                    response = await handler(request)
            except Exception as error:
                response = self.failed(error, number)
            model = request.path_params.get("model", "")
            model = model if model in self.models.paths else ""
            seconds = time.perf_counter() - begun
            self.metrics.add("hitherto_requests_total", (name, model, str(response.status_code)))
            self.metrics.observe((name, model), seconds)
            response.headers["hitherto-request"] = number
            response.headers["x-content-type-options"] = "nosniff"
            self.log(name, model, response.status_code, seconds, number)
            return response

        return handled

    def failed(self, error: Exception, number: str) -> Response:
        """What is said of an error: nothing of a request but names that are ours."""
        status, body = said_of(error)
        if status == 500:
            self.say(f"request {number} failed:\n{''.join(traceback.format_exception(error))}")
        headers = {"retry-after": "1"} if status in (429, 503) else {}
        if status == 401:
            headers["www-authenticate"] = "Bearer"
        return Response(msgspec.json.encode(body), status, headers, "application/json")

    def log(self, route: str, model: str, status: int, seconds: float, number: str) -> None:
        if self.settings.log == "json":
            row = {
                "time": time.time(),
                "route": route,
                "model": model,
                "status": status,
                "seconds": seconds,
                "request": number,
            }
            self.say(msgspec.json.encode(row).decode())
        elif self.settings.log == "lines":
            self.say(f"{status} {route} {model or '-'} {1000 * seconds:.1f} ms {number}")

    # ---- bodies

    async def bytes_of(self, request: Request, most: int | None = None) -> bytes:
        """The body, as long as it is not too large: no more of it is read then."""
        most, parts, size = most or self.settings.max_body, [], 0
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise TooLarge(f"the body is larger than {most:,} bytes, the most that this server takes")
            parts.append(part)
        return b"".join(parts)

    async def body(self, request: Request, kind: type[T], *, most: int | None = None) -> T:
        """A JSON body of this type, of so many bytes at most."""
        body = await self.bytes_of(request, most)
        try:
            return msgspec.json.decode(body or b"{}", type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Refused(f"the body does not fit: {error}") from error

    async def form(self, request: Request) -> tuple[list[tuple[str, bytes]], dict[str, str]]:
        """The files of multipart/form-data, by name, and its fields."""
        body = await self.bytes_of(request)

        async def whole() -> AsyncGenerator[bytes, None]:
            yield body

        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refused("send the file as multipart/form-data")
        try:
            form = await MultiPartParser(request.headers, whole(), max_files=100, max_fields=100).parse()
        except MultiPartException as error:
            raise Refused(f"the form does not fit: {error.message}") from error
        files: list[tuple[str, bytes]] = []
        fields: dict[str, str] = {}
        for name, part in form.multi_items():
            if isinstance(part, UploadFile):
                files.append((part.filename or "", await part.read()))
            else:
                fields[name] = part
        await form.close()
        if not files:
            raise Refused("the form has no file")
        return files, fields

    async def apart(self, call: Callable[[], T]) -> T:
        """Run what takes longer than a step in a thread, so that sessions go on meanwhile."""
        return await anyio.to_thread.run_sync(call, limiter=self.threads, abandon_on_cancel=True)

    async def flush(self, names: list[str] | None = None) -> None:
        """Keep what was answered and is not kept yet, of these sessions or of all; a store that fails is told of."""
        try:
            await self.sessions.flush(names)
        except StoreError as error:
            self.say(f"what was answered is not kept yet: {error}")


def _predict(model: Model, inputs: list[Value], asked: Predict) -> list[Value]:
    return model.predict(inputs, details=asked.details, **asked.options.chosen())


def _details(fields: dict[str, str]) -> bool:
    """What the form of `predict` may say beside its files."""
    said = fields.pop("details", "false")
    if fields or said not in ("true", "false"):
        raise Refused("beside files, the form may have the field `details`: true or false")
    return said == "true"


def about(name: str, model: Model) -> dict[str, object]:
    """A model as the list has it; `id` and `object` are the names that clients of OpenAI's API read."""
    why = ""
    try:
        model.stream()
    except UsageError as error:
        why = str(error)
    return {
        "id": name, "object": "model", "created": 0, "owned_by": "hitherto", "task": model.spec.task,
        "digest": model.digest, "streams": not why, "why_not": why or None,
    }  # fmt: skip


def described(record: Record) -> dict[str, object]:
    return {
        "session": record.id, "model": record.model, "digest": record.digest, "at": record.at,
        "finished": record.finished,
    }  # fmt: skip


def answered(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value, enc_hook=plain), status, media_type="application/json")


@contextlib.asynccontextmanager
async def running(server: Server) -> AsyncIterator[None]:
    """Beside the requests: bundles that were replaced are opened, sessions that were idle for long are forgotten."""

    async def watch() -> None:
        turns = 0
        while True:
            await asyncio.sleep(1)
            turns += 1
            try:
                for name in await server.apart(server.models.reload):
                    server.say(
                        f"{name}: another bundle is served now; sessions go on with the one that they began with"
                    )
                await server.sessions.park(server.settings.park)
                if turns % 60 == 1:
                    await server.sessions.expire(server.settings.idle)
                await server.measure()
            except Exception as error:
                server.say(f"{type(error).__name__}: {error}")

    async def keep() -> None:
        while True:
            await asyncio.sleep(server.settings.interval)
            await server.flush()

    beside = [asyncio.create_task(watch())]
    if server.settings.ack == "interval":
        beside.append(asyncio.create_task(keep()))
    try:
        yield
    finally:
        server.draining = True
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)
        await server.sessions.close()


def app(
    *models: str,
    settings: Settings | None = None,
    metrics: Metrics | None = None,
    say: Callable[[str], None] = print,
    **options: object,
) -> Starlette:
    """An ASGI application that serves these bundles, with the options of `hitherto serve` by name.

    Whoever runs it decides where it can be reached from: give `keys` where that is not this machine alone.
    """
    if settings is None:
        settings = settled({"insecure": True, **options, "models": list(models)})
    server = Server(settings, metrics=metrics, say=say)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with running(server):
            yield

    made = Starlette(routes=server.routes(), lifespan=lifespan)
    made.state.server = server
    return made
