"""The routes of the Open Inference Protocol, version 2, as the clients of Triton speak it over HTTP.

One input and two outputs, whatever the model. The first axis of the input counts values: each is what `predict` takes,
or, with a `sequence_id`, what a stream takes.

    without a sequence    answer: of each value, as `predict` gives it    rows: the same with details, as JSON
    in a sequence         answer: the one so far, or at its end           rows: those that became final, as JSON

A sequence is a session. The protocol has no `at`: a request that comes again is answered again where it has an `id`,
and its answer is one of the last that are kept; without an `id` it is taken again.
"""

import hashlib
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hitherto import __version__
from hitherto.errors import DataError
from hitherto.plan import streams
from hitherto.serve.answers import plain
from hitherto.serve.refusals import Gone, Refused
from hitherto.serve.tensors import Infer, answer, asked, values_of
from hitherto.serve.values import inputs_of
from hitherto.tasks.base import Options, Value
from hitherto.trained import plain_answers

if TYPE_CHECKING:
    from hitherto.serve.app import Handler, Server
    from hitherto.trained import Model

__all__ = ["Triton"]

SEQUENCE = ("sequence_id", "sequence_start", "sequence_end")
PARAMETERS = {*SEQUENCE, "binary_data_output"}


class _Sequence(msgspec.Struct):
    """The parameters of a request that are of its sequence."""

    sequence_id: int | str = 0
    sequence_start: bool = False
    sequence_end: bool = False


class Triton:
    """The handlers of these routes."""

    def __init__(self, server: "Server") -> None:
        self.server = server

    def routes(self) -> list[tuple[str, str, str, "Handler"]]:
        of, at = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
        return [
            ("GET", "/v2", "v2", self.about),
            ("GET", "/v2/health/live", "live", self.server.live),
            ("GET", "/v2/health/ready", "ready", self.server.ready),
            *(("GET", path, "v2-model", self.model) for path in (of, at)),
            *(("GET", f"{path}/ready", "v2-ready", self.ready) for path in (of, at)),
            *(("POST", f"{path}/infer", "infer", self.infer) for path in (of, at)),
        ]

    async def about(self, _request: Request) -> Response:
        return _json(
            {"name": "hitherto", "version": __version__, "extensions": ["binary_tensor_data", "sequence"]}
        )

    async def model(self, request: Request) -> Response:
        """The inputs and outputs of a model."""
        model = self._model(request)
        kinds = ["BYTES"] if model.source.read_by.reads_text else ["FP32", "BYTES"]
        output = {"datatype": "BYTES", "shape": [-1]}
        about = {
            "name": request.path_params["model"], "versions": ["1"], "platform": f"hitherto_{model.spec.task}",
            "inputs": [{"name": "input", "datatype": kinds[0], "shape": [-1]}],
            "outputs": [{"name": "answer", **output}, {"name": "rows", **output}],
            "parameters": {"digest": model.digest, "datatypes": ",".join(kinds), "streams": not streams(model.plan)},
        }  # fmt: skip
        return _json(about)

    async def ready(self, request: Request) -> Response:
        self._model(request)
        return await self.server.ready(request)

    def _model(self, request: Request) -> "Model":
        self.server.owner(request.headers.get("authorization"))
        if request.path_params.get("version", "1") != "1":
            raise Gone("a model has one version here: 1")
        return self.server.models.newest(request.path_params["model"])

    async def infer(self, request: Request) -> Response:
        """The answers to the values of a tensor, or a step of a sequence."""
        owner, model = self.server.owner(request.headers.get("authorization")), self._model(request)
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Refused("send the body without a Content-Encoding")
        infer, raw = asked(
            await self.server.bytes_of(request), request.headers.get("inference-header-content-length")
        )
        if infer.parameters.keys() - PARAMETERS:
            raise Refused(f"the parameters of a request are {', '.join(sorted(PARAMETERS))}")
        values = [_value(model, value) for value in values_of(infer.inputs[0], raw)]
        try:
            sequence = msgspec.convert(infer.parameters, _Sequence)
        except msgspec.ValidationError as error:
            raise Refused(f"the parameters do not fit: {error}") from error
        name = request.path_params["model"]
        if sequence.sequence_id:
            outputs = await self._step(name, owner, infer, sequence, values)
        else:
            outputs = await self.server.apart(lambda: _answered(model, values))
        body, size = answer(infer, {"model_name": name, "model_version": "1"}, outputs)
        headers = {} if size is None else {"inference-header-content-length": str(size)}
        kind = "application/json" if size is None else "application/octet-stream"
        return Response(body, headers=headers, media_type=kind)

    async def _step(
        self, model: str, owner: str, infer: Infer, sequence: _Sequence, values: list[Value]
    ) -> dict[str, list[bytes]]:
        """Push to the session that is this sequence of this owner."""
        sessions, name = self.server.sessions, _name(model, owner, sequence.sequence_id)
        if sequence.sequence_start:
            await self._start(model, owner, name, infer, values, sequence.sequence_end)
        try:
            taken = await sessions.push(
                name, values, owner=owner, finish=sequence.sequence_end, request=infer.id
            )
            body: Options = msgspec.json.decode(taken.body)
            wanted = {one.name for one in infer.outputs} or {"answer"}
            end = body.get("end")
            if "answer" in wanted and "end" not in body:
                end = (await sessions.peek(name, owner))[1]
        except Gone as error:
            raise Refused("the first request of a sequence must have `sequence_start`") from error
        return {"answer": [_text(end)], "rows": [_text(row) for row in body["rows"]]}

    async def _start(
        self, model: str, owner: str, name: str, infer: Infer, values: list[Value], finish: bool
    ) -> None:
        """A new session under this name, unless this very request has begun it."""
        sessions = self.server.sessions
        try:
            if infer.id and await sessions.has_taken(
                name, values, owner=owner, finish=finish, request=infer.id
            ):
                return
            await sessions.delete(name, owner)
        except Gone:
            pass
        await self.server.begin(model, owner, name=name)


def _name(model: str, owner: str, sequence: int | str) -> str:
    """The id of the session of a sequence, which any worker finds."""
    packed = msgspec.msgpack.encode((model, owner, sequence))
    return f"v2-{hashlib.blake2b(packed, digest_size=18).hexdigest()}"


def _value(model: "Model", value: Value) -> Value:
    """A value of a tensor as the model takes it: a text, a file, an array, or what is given as JSON."""
    if not isinstance(value, bytes):
        return value
    codec = model.source.read_by
    if codec.reads_text and len(model.columns) < 2:
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"expected text in UTF-8, but {error.reason} at byte {error.start}") from error
    if codec.endings and value[:1] not in b"[{":
        return value  # the content of a file
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise Refused(
            "an input of BYTES is a text, a file, or a value as JSON, as the model reads it"
        ) from error


def _answered(model: "Model", values: list[Value]) -> dict[str, list[bytes]]:
    """Files come as their content here: a text is never the name of one."""
    inputs = [value if isinstance(value, bytes) else inputs_of(model, [value])[0] for value in values]
    rows = model.predict(inputs, details=True)
    return {"answer": [_text(one) for one in plain_answers(rows)], "rows": [_text(row) for row in rows]}


def _text(value: object) -> bytes:
    """A text as it is; anything else as JSON."""
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value, enc_hook=plain)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
