"""A client of `hitherto serve`: sessions that reconnect, and that no retry steps twice.

    with Client("http://localhost:8000") as client:
        client.predict("spam", ["Free entry!"])
        session = client.session("spam")
        session.push("Free entry! ")        the rows that became final
        session.peek()                      the answer so far

`AsyncClient` is the same with `await`. A request whose answer does not come is sent again: a push says how many inputs
were taken before it, so that the server takes it once.
"""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import httpx
import msgspec

from hitherto.errors import HithertoError

if TYPE_CHECKING:  # it brings what a server needs, and no client
    from hitherto.tasks.base import Value

__all__ = ["AsyncClient", "AsyncSession", "Client", "ServerError", "Session"]

T = TypeVar("T")
H = TypeVar("H", httpx.Client, httpx.AsyncClient)
AGAIN = (429, 502, 503, 504)  # statuses after which the same request may be answered
STATE = "application/vnd.hitherto.state"


class ServerError(HithertoError):
    """The server refused a request. `status` is that of HTTP; of a push, `expected` is what `at` has to be."""

    def __init__(self, message: str, status: int, expected: int | None = None) -> None:
        super().__init__(message)
        self.status, self.expected = status, expected


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, as both clients send it."""

    method: str
    path: str
    json: object = None
    content: bytes | None = None


Steps = Generator[_Asked, httpx.Response, T]  # the requests of a call, each answered before the next
Came = httpx.Response | httpx.TransportError | None  # what comes of a request, or of waiting
Talk = Generator[_Asked | float, Came, T]  # requests to send and seconds to wait


def _json(response: httpx.Response) -> Value:
    return msgspec.json.decode(response.content)


def _predict(
    model: str, inputs: Sequence[Value], details: bool, options: dict[str, Value]
) -> Steps[list[Value]]:
    body = {"inputs": list(inputs), "details": details, "options": options}
    answers: list[Value] = _json((yield _Asked("POST", f"/v1/models/{model}/predict", body)))["answers"]
    return answers


def _generate(model: str, prompt: Value, options: dict[str, Value]) -> Steps[Value]:
    made = _json(
        (yield _Asked("POST", f"/v1/models/{model}/generate", {"prompt": prompt, "options": options}))
    )
    return made.get("text", made.get("steps"))


def _models() -> Steps[list[dict[str, Value]]]:
    models: list[dict[str, Value]] = _json((yield _Asked("GET", "/v1/models")))["data"]
    return models


def _create(model: str, state: bytes | None) -> Steps[dict[str, Value]]:
    asked = _Asked("POST", f"/v1/models/{model}/sessions", {} if state is None else None, state)
    made: dict[str, Value] = _json((yield asked))
    return made


def _info(name: str) -> Steps[dict[str, Value]]:
    about: dict[str, Value] = _json((yield _Asked("GET", f"/v1/sessions/{name}")))
    return about


class _Place:
    """Where a session is, and what its calls ask for."""

    def __init__(self, about: dict[str, Value]) -> None:
        self.id: str = about["session"]
        self.model: str = about["model"]
        self.at: int = about["at"]

    def pushed(self, inputs: Sequence[Value], finish: bool) -> Steps[dict[str, Value]]:
        body = {"at": self.at, "inputs": list(inputs), "finish": finish}
        answer: dict[str, Value] = _json((yield _Asked("POST", f"/v1/sessions/{self.id}/push", body)))
        self.at = answer["at"]
        return answer

    def peeked(self) -> Steps[Value]:
        return _json((yield _Asked("GET", f"/v1/sessions/{self.id}/peek")))["answer"]

    def forked(self) -> Steps[dict[str, Value]]:
        made: dict[str, Value] = _json((yield _Asked("POST", f"/v1/sessions/{self.id}/fork")))
        return made

    def saved(self) -> Steps[bytes]:
        return (yield _Asked("GET", f"/v1/sessions/{self.id}/state")).content

    def deleted(self) -> Steps[None]:
        try:
            yield _Asked("DELETE", f"/v1/sessions/{self.id}")
        except ServerError as error:
            if error.status != 404:  # the first attempt may have deleted it
                raise


class _Sender(ABC, Generic[H]):
    """What both clients know of sending: the address, the key, how long to try, and what to do next."""

    def __init__(
        self,
        address: str = "http://localhost:8000",
        *,
        key: str | None = None,
        patience: float = 30.0,
        **http: Value,
    ) -> None:
        """`http` goes to httpx: timeouts, certificates, proxies."""
        self._headers = {} if key is None else {"authorization": f"Bearer {key}"}
        self._patience = patience
        self._http: H = self._connected(base_url=address, **http)

    @abstractmethod
    def _connected(self, **http: Value) -> H:
        """The client of httpx that sends."""

    def _talk(self, steps: Steps[T]) -> Talk[T]:
        """What a call sends and how long it waits, until it has its value."""
        try:
            asked = next(steps)
            while True:
                try:
                    response = yield from self._attempts(asked)
                except ServerError as error:
                    asked = steps.throw(error)
                else:
                    asked = steps.send(response)
        except StopIteration as end:
            value: T = end.value
            return value

    def _attempts(self, asked: _Asked) -> Talk[httpx.Response]:
        """A request, sent until there is an answer or patience is over."""
        ends, wait, failure = time.monotonic() + self._patience, 0.02, ServerError("patience is over", 503)
        while time.monotonic() < ends:
            came = yield asked
            if isinstance(came, httpx.Response):
                refusal = _refusal(came)
                if refusal is None:
                    return came
                if refusal.status not in AGAIN:
                    raise refusal
                failure = refusal
            else:
                failure = ServerError(f"the server did not answer: {came}", 503)
            yield wait * random.uniform(0.5, 1.0)  # noqa: S311 - so that clients do not all come at once
            wait = min(2 * wait, 1.0)
        raise failure

    def _request(self, asked: _Asked) -> dict[str, Value]:
        """A request as httpx takes it."""
        headers, content = dict(self._headers), asked.content
        if content is not None:
            headers["content-type"] = STATE
        elif asked.json is not None:
            content, headers["content-type"] = msgspec.json.encode(asked.json), "application/json"
        return {"method": asked.method, "url": asked.path, "headers": headers, "content": content}


def _refusal(response: httpx.Response) -> ServerError | None:
    """The error of an answer that is one; None where it is good."""
    if response.status_code < 400:
        return None
    try:
        body = _json(response)
        message, expected = str(body["error"]), body.get("expected")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        message, expected = f"the server answered {response.status_code}", None
    return ServerError(message, response.status_code, expected)


class Client(_Sender[httpx.Client]):
    """A client that waits for each answer. `patience` is how many seconds it sends a request again for."""

    def _connected(self, **http: Value) -> httpx.Client:
        return httpx.Client(**http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _run(self, steps: Steps[T]) -> T:
        talk, came = self._talk(steps), None
        try:
            while True:
                came = self._do(talk.send(came))
        except StopIteration as end:
            value: T = end.value
            return value

    def _do(self, next_: _Asked | float) -> Came:
        if not isinstance(next_, _Asked):
            time.sleep(next_)
            return None
        try:
            return self._http.request(**self._request(next_))
        except httpx.TransportError as error:
            return error

    def models(self) -> list[dict[str, Value]]:
        """The models that are served."""
        return self._run(_models())

    def predict(
        self, model: str, inputs: Sequence[Value], *, details: bool = False, **options: Value
    ) -> list[Value]:
        """An answer for each input, as `Model.predict` gives them."""
        return self._run(_predict(model, inputs, details, options))

    def generate(self, model: str, prompt: Value = None, **options: Value) -> Value:
        """What the model makes of a prompt."""
        return self._run(_generate(model, prompt, options))

    def session(self, model: str, *, state: bytes | None = None) -> Session:
        """A new session; with a saved state, from there."""
        return Session(self, self._run(_create(model, state)))

    def resume(self, session: str) -> Session:
        """The session with this id, where it is now."""
        return Session(self, self._run(_info(session)))


class Session(_Place):
    """A session of a client."""

    def __init__(self, client: Client, about: dict[str, Value]) -> None:
        super().__init__(about)
        self._client = client

    def push(self, *inputs: Value) -> list[Value]:
        """Take inputs; the rows that became final."""
        rows: list[Value] = self._client._run(self.pushed(inputs, finish=False))["rows"]
        return rows

    def peek(self) -> Value:
        """The answer so far, as if the input ended here."""
        return self._client._run(self.peeked())

    def finish(self) -> Value:
        """The end of the input: the rest of the answers."""
        return self._client._run(self.pushed((), finish=True))["end"]

    def fork(self) -> Session:
        """Another session that has taken the same."""
        return Session(self._client, self._client._run(self.forked()))

    def save(self) -> bytes:
        """The state, as `Stream.save` gives it."""
        return self._client._run(self.saved())

    def delete(self) -> None:
        self._client._run(self.deleted())


class AsyncClient(_Sender[httpx.AsyncClient]):
    """`Client`, for `await`."""

    def _connected(self, **http: Value) -> httpx.AsyncClient:
        return httpx.AsyncClient(**http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def _run(self, steps: Steps[T]) -> T:
        talk, came = self._talk(steps), None
        try:
            while True:
                came = await self._do(talk.send(came))
        except StopIteration as end:
            value: T = end.value
            return value

    async def _do(self, next_: _Asked | float) -> Came:
        if not isinstance(next_, _Asked):
            await asyncio.sleep(next_)
            return None
        try:
            return await self._http.request(**self._request(next_))
        except httpx.TransportError as error:
            return error

    async def models(self) -> list[dict[str, Value]]:
        return await self._run(_models())

    async def predict(
        self, model: str, inputs: Sequence[Value], *, details: bool = False, **options: Value
    ) -> list[Value]:
        return await self._run(_predict(model, inputs, details, options))

    async def generate(self, model: str, prompt: Value = None, **options: Value) -> Value:
        return await self._run(_generate(model, prompt, options))

    async def session(self, model: str, *, state: bytes | None = None) -> AsyncSession:
        return AsyncSession(self, await self._run(_create(model, state)))

    async def resume(self, session: str) -> AsyncSession:
        return AsyncSession(self, await self._run(_info(session)))


class AsyncSession(_Place):
    """`Session`, for `await`. One call at a time."""

    def __init__(self, client: AsyncClient, about: dict[str, Value]) -> None:
        super().__init__(about)
        self._client = client

    async def push(self, *inputs: Value) -> list[Value]:
        rows: list[Value] = (await self._client._run(self.pushed(inputs, finish=False)))["rows"]
        return rows

    async def peek(self) -> Value:
        return await self._client._run(self.peeked())

    async def finish(self) -> Value:
        return (await self._client._run(self.pushed((), finish=True)))["end"]

    async def fork(self) -> AsyncSession:
        return AsyncSession(self._client, await self._client._run(self.forked()))

    async def save(self) -> bytes:
        return await self._client._run(self.saved())

    async def delete(self) -> None:
        await self._client._run(self.deleted())
