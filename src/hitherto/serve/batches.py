"""Whole answers of several requests at once: those that come while others are answered make the next batch.

Each request gets what it would get alone. Only inputs of the same kind go together, and without options, which may
draw; where one of them is refused, each is answered by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

from hitherto.errors import HithertoError
from hitherto.tasks.base import Value
from hitherto.trained import Model

__all__ = ["Apart", "Batches", "fits", "together"]

T = TypeVar("T")

MOST = 256  # inputs of a batch, unless one request has more

Answers: TypeAlias = list[Value]


class Apart(Protocol):
    """Runs a call beside the event loop."""

    def __call__(self, call: Callable[[], T], /) -> Awaitable[T]: ...


@dataclass(slots=True)
class _Request:
    inputs: list[Value]
    done: "asyncio.Future[Answers]"


class Batches:
    """The requests that wait, by model and what they ask of it."""

    def __init__(self, apart: Apart) -> None:
        self.apart = apart
        self.waiting: dict[tuple[int, bool, type], list[_Request]] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.largest = 0  # requests of the largest batch

    async def predict(self, model: Model, inputs: list[Value], details: bool) -> Answers:
        """What `model.predict` answers to these inputs."""
        request = _Request(inputs, asyncio.get_running_loop().create_future())
        key = (id(model), details, type(inputs[0]))
        if key in self.waiting:  # others are answered now
            self.waiting[key].append(request)
        else:
            self.waiting[key] = [request]
            task = asyncio.create_task(self._answer(key, model, details))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        return await request.done

    async def _answer(self, key: tuple[int, bool, type], model: Model, details: bool) -> None:
        """Answer the requests of a key, batch by batch, until none waits."""
        try:
            while self.waiting[key]:
                some: list[_Request] = []
                count = 0
                for request in self.waiting[key]:
                    if some and count + len(request.inputs) > MOST:
                        break
                    some.append(request)
                    count += len(request.inputs)
                del self.waiting[key][: len(some)]
                some = [request for request in some if not request.done.done()]
                self.largest = max(self.largest, len(some))
                inputs = [request.inputs for request in some]
                answers = await self.apart(partial(together, model, inputs, details))
                for request, answer in zip(some, answers, strict=True):
                    if request.done.done():
                        continue
                    if isinstance(answer, Exception):
                        request.done.set_exception(answer)
                    else:
                        request.done.set_result(answer)
        finally:
            for request in self.waiting.pop(key):
                request.done.cancel()


def fits(model: Model, inputs: Sequence[Value]) -> bool:
    """Whether these inputs may be answered beside those of others: each is an input of its own, and all are alike."""
    kinds = {type(value) for value in inputs}
    alike = len(kinds) == 1 and kinds <= {str, list, bytes}
    return alike and not model.source.foresees and not model.source.is_one_value(list(inputs))


def together(model: Model, requests: Sequence[list[Value]], details: bool) -> list[Answers | Exception]:
    """`predict` of each of these lists of inputs, or the error that it raises."""
    if len(requests) > 1:
        try:
            answers = model.predict([value for inputs in requests for value in inputs], details=details)
        except HithertoError:  # of one of them
            answers = []
        if len(answers) == sum(map(len, requests)):
            rest = iter(answers)
            return [[next(rest) for _ in inputs] for inputs in requests]
    made: list[Answers | Exception] = []
    for inputs in requests:
        try:
            made.append(model.predict(inputs, details=details))
        except Exception as error:  # its own request's
            made.append(error)
    return made
