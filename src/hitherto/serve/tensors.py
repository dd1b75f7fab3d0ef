"""Tensors of the Open Inference Protocol: JSON, or JSON and the bytes of tensors behind it."""

import struct
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from hitherto.serve.refusals import Refused
from hitherto.tasks.base import Options, Value

__all__ = ["Infer", "Tensor", "Wanted", "answer", "asked", "values_of"]

NUMBERS = {
    "BOOL": "?", "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "UINT8": "<u1", "UINT16": "<u2",
    "UINT32": "<u4", "UINT64": "<u8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
LENGTH = struct.Struct("<I")  # before each text of a tensor of BYTES


class Tensor(msgspec.Struct):
    """An input: its numbers or texts are in `data`, or in the bytes behind the JSON."""

    name: str
    shape: Annotated[list[Annotated[int, Meta(ge=0, le=1 << 40)]], Meta(min_length=1, max_length=8)]
    datatype: str
    parameters: dict[str, object] = {}
    data: list[object] | None = None


class Wanted(msgspec.Struct):
    """An output that is asked for."""

    name: Literal["answer", "rows"]
    parameters: dict[str, object] = {}


class Infer(msgspec.Struct):
    """A request."""

    inputs: Annotated[list[Tensor], Meta(min_length=1, max_length=1)]
    outputs: list[Wanted] = []
    id: str = ""
    parameters: dict[str, object] = {}


def asked(body: bytes, header: str | None) -> tuple[Infer, bytes]:
    """A request, and the bytes of its tensors; `header` says how long the JSON is where there are some."""
    if header is not None and not (header.isdecimal() and int(header) <= len(body)):
        raise Refused("the header Inference-Header-Content-Length must be the length of the JSON")
    size = len(body) if header is None else int(header)
    try:
        return msgspec.json.decode(body[:size], type=Infer), body[size:]
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(f"the body does not fit: {error}") from error


def values_of(tensor: Tensor, raw: bytes) -> list[Value]:
    """What a tensor holds, one value for each place of its first axis: bytes, or arrays of numbers."""
    size = tensor.parameters.get("binary_data_size")
    if tensor.parameters.keys() - {"binary_data_size"}:
        raise Refused("an input has one parameter at most: binary_data_size; there is no shared memory")
    if (size is None) == (tensor.data is None) or len(raw) != (size or 0):
        raise Refused("an input has either `data`, or binary_data_size and as many bytes behind the JSON")
    if tensor.datatype == "BYTES":
        if len(tensor.shape) > 2 or tensor.shape[1:] not in ([], [1]):
            raise Refused("an input of BYTES has the shape [n] or [n, 1]")
        texts = _texts(raw) if tensor.data is None else [_encoded(text) for text in tensor.data]
        return _counted(texts, tensor.shape[0])
    if tensor.datatype not in NUMBERS:
        raise Refused(f"`datatype` is one of BYTES, {', '.join(NUMBERS)}")
    kind, count = np.dtype(NUMBERS[tensor.datatype]), int(np.prod(tensor.shape, dtype=object))
    if tensor.data is None:
        if len(raw) != count * kind.itemsize:
            raise Refused(f"expected {count} numbers of {kind.itemsize} bytes, but {len(raw)} bytes came")
        return list(np.frombuffer(raw, kind).reshape(tensor.shape))
    with np.errstate(invalid="ignore", over="ignore"):  # of numbers that the type does not hold
        array = np.array(_counted(_flat(tensor.data), count), np.float64).astype(kind)
    return list(array.reshape(tensor.shape))


def _flat(values: Sequence[object]) -> list[float]:
    """The numbers of a list, which may hold others."""
    flat: list[float] = []
    for value in values:
        if isinstance(value, list):
            flat += _flat(value)
        elif isinstance(value, int | float):
            flat.append(value)
        else:
            raise Refused("the `data` of an input of numbers are numbers")
    return flat


def _counted(values: list[Value], count: int) -> list[Value]:
    if len(values) != count:
        raise Refused(f"the `shape` of the input has {count} values, but {len(values)} came")
    return values


def _encoded(text: object) -> bytes:
    if not isinstance(text, str):
        raise Refused("the `data` of an input of BYTES are texts")
    return text.encode()


def _texts(raw: bytes) -> list[bytes]:
    """Each with its length before it."""
    texts, place = [], 0
    while place < len(raw):
        if place + LENGTH.size > len(raw):
            raise Refused("the last text of the input is cut short")
        (size,) = LENGTH.unpack_from(raw, place)
        place += LENGTH.size
        if place + size > len(raw):
            raise Refused("the last text of the input is cut short")
        texts.append(raw[place : place + size])
        place += size
    return texts


def answer(infer: Infer, about: Options, outputs: dict[str, list[bytes]]) -> tuple[bytes, int | None]:
    """The body of an answer; and the length of its JSON, where bytes follow."""
    wanted: dict[str, Options] = {one.name: one.parameters for one in infer.outputs}
    wanted = wanted or dict.fromkeys(outputs, infer.parameters)
    whole = "binary_data" if infer.outputs else "binary_data_output"
    tensors, behind = [], b""
    for name, parameters in wanted.items():
        texts = outputs[name]
        tensor: Options = {"name": name, "datatype": "BYTES", "shape": [len(texts)]}
        if parameters.get(whole) is True:
            raw = b"".join(LENGTH.pack(len(text)) + text for text in texts)
            tensor["parameters"] = {"binary_data_size": len(raw)}
            behind += raw
        else:
            tensor["data"] = [text.decode() for text in texts]
        tensors.append(tensor)
    said = {"id": infer.id} if infer.id else {}
    head = msgspec.json.encode({**about, **said, "outputs": tensors})
    return head + behind, len(head) if behind else None
