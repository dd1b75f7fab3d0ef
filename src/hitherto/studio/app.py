"""The ASGI application of the studio: that of `hitherto.serve`, with the page and its live views, behind a token.

A page opens `/studio/live/MODEL`, a WebSocket. The server speaks first: what the model is. Then the page calls, with
`{"id": 7, "call": "write", ...}`. Frames answer (`hitherto.studio.frames`), then `{"id": 7, "end": true}`, with `error`
where it failed. A call that comes meanwhile, such as `stop`, ends the one before it. The page holds all that a user
made: after a connection was lost it asks again, so nothing here has to be kept.
"""

import asyncio
import contextlib
import functools
import hashlib
from collections.abc import AsyncIterator, Callable
from importlib.resources import files

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hitherto.errors import HithertoError
from hitherto.plan import streams
from hitherto.serve.app import Handler, Server, about, answered
from hitherto.serve.app import app as serving
from hitherto.serve.models import Models
from hitherto.serve.refusals import Gone, Refused, said_of
from hitherto.serve.settings import Settings
from hitherto.serve.sockets import POLICY as CLOSED
from hitherto.serve.sockets import admitted
from hitherto.studio.guard import Guard
from hitherto.studio.runs import Runs, is_run
from hitherto.studio.training import Trainings
from hitherto.studio.views import VIEWS, Call, View
from hitherto.trained import describe

__all__ = ["app"]

KINDS = {"js": "text/javascript", "html": "text/html", "svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Studio:
    """The routes of the studio on a server."""

    def __init__(self, server: Server, runs: Runs) -> None:
        self.server, self.runs = server, runs
        self.trainings = Trainings(server.models, known=not list(server.models))

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        rows: list[tuple[str, str, str, Handler]] = [
            ("GET", "/", "studio", self.page),
            ("GET", "/studio/models", "studio models", self.models),
            ("GET", "/studio/starters", "studio starters", self.starters),
            ("POST", "/studio/starters/{name}", "studio train", self.train),
            ("GET", "/studio/runs/{name}", "studio run", self.run),
            ("GET", "/studio/{file}", "studio file", self.file),
        ]
        made: list[BaseRoute] = [
            Route(path, self.server.route(name, handler), methods=[method])
            for method, path, name, handler in rows
        ]
        return [WebSocketRoute("/studio/live/{model}", self.live), *made]

    async def page(self, _request: Request) -> Response:
        headers = {
            "content-security-policy": POLICY,
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
        }
        return Response(_static("index.html"), headers=headers, media_type=KINDS["html"])

    async def file(self, request: Request) -> Response:
        name = request.path_params["file"]
        try:
            content = _static(name)
        except OSError as error:
            raise Gone(f"there is no file {name!r:.60}") from error
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        kind = KINDS.get(name.rpartition(".")[2], "application/octet-stream")
        return Response(content, headers={"etag": tag, "cache-control": "no-cache"}, media_type=kind)

    async def models(self, _request: Request) -> Response:
        models = self.server.models
        return answered(
            {"models": [self._about(models, name) for name in models], "runs": [*self.runs.paths]}
        )

    async def run(self, request: Request) -> Response:
        at = request.query_params.get("at", "0")
        if not at.isdecimal() or len(at) > 15:
            raise Refused(f"at is a number of bytes, but came as {at!r:.40}")
        return answered(await self.server.apart(lambda: self.runs.read(request.path_params["name"], int(at))))

    async def starters(self, _request: Request) -> Response:
        return answered({"starters": [msgspec.to_builtins(one) for one in self.trainings.states.values()]})

    async def train(self, request: Request) -> Response:
        if request.headers.get("origin"):  # a page from elsewhere would send the cookie of this host
            self.server.expect_origin(request.headers["origin"], request.headers.get("host", ""))
        return answered(msgspec.to_builtins(self.trainings.begin(request.path_params["name"])), 202)

    def _about(self, models: Models, name: str) -> dict[str, object]:
        model = models.newest(name)
        size = models.paths[name].stat().st_size
        view = VIEWS.get(model.spec.task)
        shown = view is not None and (view.whole or not streams(model.plan))
        said = {"name": name, "about": describe(model.plan), "bytes": size, "view": shown}
        return {**about(name, model), **said}

    # ---- live

    async def live(self, socket: WebSocket) -> None:
        """One page that looks at one model, until it goes."""
        async with admitted(self.server, socket, "hitherto", None) as owner:
            if owner is None:
                return
            try:
                view = await self.server.apart(lambda: self._view(socket.path_params["model"]))
            except Exception as error:
                await _say(socket, {**self._failed(error), "id": 0, "end": True})
                await socket.close(CLOSED)
                return
            await _say(socket, {"id": 0, **view.about()})
            await self._serve(socket, view)

    def _view(self, name: str) -> View:
        model = self.server.models.newest(name)
        view = VIEWS.get(model.spec.task)
        if view is None:
            raise Refused(f"there is no live view of {model.spec.task} yet")
        if not view.whole and (why := streams(model.plan)):
            raise Refused(why)
        return view(model)

    async def _serve(self, socket: WebSocket, view: View) -> None:
        waiting: asyncio.Queue[str | None] = asyncio.Queue()

        async def read() -> None:
            with contextlib.suppress(WebSocketDisconnect, KeyError):
                while True:
                    waiting.put_nowait(await socket.receive_text())
            waiting.put_nowait(None)

        reading = asyncio.create_task(read())
        try:
            while (message := await waiting.get()) is not None:
                await self._answer(socket, view, message, waiting)
        finally:
            reading.cancel()

    async def _answer(
        self, socket: WebSocket, view: View, message: str, waiting: "asyncio.Queue[str | None]"
    ) -> None:
        """The frames that answer one message; none more once another waits."""
        number = 0
        try:
            number, call = _call(view, message)
            if call is None:
                return
            frames = view.answer(call)
            frame = await self.server.apart(functools.partial(next, frames, None))
            while frame is not None:
                await socket.send_bytes(frame.encode(number))
                if not waiting.empty():
                    await self.server.apart(frames.close)
                    break
                frame = await self.server.apart(functools.partial(next, frames, None))
            await _say(socket, {"id": number, "end": True})
        except (WebSocketDisconnect, RuntimeError):  # it went while it was answered
            waiting.put_nowait(None)
        except Exception as error:
            await _say(socket, {**self._failed(error), "id": number, "end": True})

    def _failed(self, error: Exception) -> dict[str, object]:
        """What a page on this machine is told: an error with the values that it quotes."""
        status, body = said_of(error)
        if status == 500:
            self.server.say(f"the studio failed: {type(error).__name__}: {error}")
        return {
            **body,
            "status": status,
            **({"error": str(error)} if isinstance(error, HithertoError) else {}),
        }


def _call(view: View, message: str) -> tuple[int, Call | None]:
    """The number and the call of a message; None where it was there to end the call before it."""
    try:
        fields = msgspec.json.decode(message, type=dict[str, msgspec.Raw])
        number = msgspec.json.decode(fields.pop("id", b"0"), type=int)
        if bytes(fields.get("call", b"")) == b'"stop"':
            return number, None
        call = msgspec.json.decode(msgspec.json.encode(fields), type=view.calls)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(f"the call does not fit: {error}") from error
    return number, call


async def _say(socket: WebSocket, value: object) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(msgspec.json.encode(value).decode())


@functools.cache
def _static(name: str) -> bytes:
    """A file of the page."""
    return files("hitherto.studio").joinpath("static", name).read_bytes()


def app(*models: str, token: str, say: Callable[[str], None] = print, **options: object) -> Starlette:
    """The studio with these bundles and folders of trainings; who opens it shows the `token`.

    Options are those of `hitherto serve`.
    It is for one person on one machine: run it on the loopback address alone.
    """
    values = {"store": "memory", "log": "none", "max_message": 16 << 20, **options}
    values["models"] = [model for model in models if not is_run(model)]
    settings = msgspec.convert(values, Settings)
    made = serving(settings=settings, say=say)
    studio, begun = Studio(made.state.server, Runs(filter(is_run, models))), made.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(one: Starlette) -> AsyncIterator[None]:
        async with begun(one):
            yield
            studio.trainings.end()

    made.router.lifespan_context = lifespan
    made.router.routes[:0] = studio.routes()
    made.add_middleware(Guard, token=token)
    return made
