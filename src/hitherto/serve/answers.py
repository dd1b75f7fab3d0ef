"""The answers to pushes, as they are kept beside a session: so that a push which comes again is answered again."""

import hashlib

import msgspec
import numpy as np

from hitherto.serve.refusals import Refused
from hitherto.tasks.base import Value

__all__ = ["NONE", "REMEMBERED", "Answer", "packed", "plain", "sum_of", "unpacked"]

REMEMBERED = 16  # pushes whose answers are kept; so many may wait for an answer at once
ANSWERS = 1 << 20  # bytes of answers that are kept, the last one in any case


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What a push was answered: the inputs it took, [begin, at), a hash of them, and the answers as JSON."""

    begin: int
    at: int
    sum: bytes
    body: bytes

    def json(self) -> str:
        """What the sender gets; the part that is kept is sent as it is."""
        return f'{{"begin":{self.begin},"at":{self.at},{self.body.decode()[1:]}'


NONE = msgspec.msgpack.encode([])  # as the store has no answers
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Answer])


def sum_of(inputs: list[Value], finish: bool, request: str) -> bytes:
    """What tells pushes apart that begin at the same input, or have the names of requests."""
    named = (request,) if request else ()
    try:
        packed = msgspec.msgpack.encode((inputs, finish, *named), enc_hook=plain)
    except (OverflowError, ValueError) as error:
        raise Refused("an input has a whole number beyond 64 bits, or a text that is no Unicode") from error
    return hashlib.blake2b(packed, digest_size=16).digest()


def plain(value: object) -> object:
    """What JSON and msgpack hold of an array of numbers, or of one."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} is no answer")


def packed(answers: list[Answer]) -> tuple[list[Answer], bytes]:
    """The last of these answers, as many as are kept, and what the store has of them."""
    answers = answers[-REMEMBERED:]
    blob = _encoder.encode(answers)
    while len(blob) > ANSWERS and len(answers) > 1:
        answers = answers[1:]
        blob = _encoder.encode(answers)
    return answers, blob


def unpacked(answers: bytes) -> list[Answer]:
    return _decoder.decode(answers)
