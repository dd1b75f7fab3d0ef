"""What a server refuses, with the status that HTTP has for it; and what is said of any error."""

import re

from starlette.exceptions import HTTPException

from hitherto.errors import HithertoError, StoreError

__all__ = ["Conflict", "Full", "Gone", "Refused", "TooLarge", "Unknown", "said_of"]


class Refused(HithertoError):
    """Something that the server does not do; `status` is that of HTTP."""

    status = 400


class Gone(Refused):
    """There is no such session, or it belongs to another key: nobody learns which."""

    status = 404


class Conflict(Refused):
    """A push that does not follow what was taken. `expected` is what `at` has to be."""

    status = 409

    def __init__(self, message: str, expected: int) -> None:
        super().__init__(message)
        self.expected = expected


class Full(Refused):
    """More than the server's limits allow: try again in a while."""

    status = 429


class Unknown(Refused):
    """Nobody knows who asks."""

    status = 401


class TooLarge(Refused):
    """A body or a message beyond the limit."""

    status = 413


def said_of(error: Exception) -> tuple[int, dict[str, object]]:
    """The status of an error, and what is said of it."""
    if isinstance(error, Conflict):
        return error.status, {"error": _named(error), "expected": error.expected}
    if isinstance(error, Refused):
        return error.status, {"error": _named(error)}
    if isinstance(error, StoreError):
        return 503, {"error": "the store of sessions failed; nothing was taken: send it again"}
    if isinstance(error, HithertoError):
        return 422, {"error": _named(error)}
    if isinstance(error, TimeoutError):
        return 503, {"error": "it took too long; a push with `at` may be sent again, and is taken once"}
    if isinstance(error, HTTPException):
        return error.status_code, {"error": str(error.detail)}
    return 500, {"error": "the server failed; its log says why"}


_QUOTED = re.compile(r"(?P<mark>['\"])(?:(?!(?P=mark)|\\).|\\.)*(?P=mark)", re.DOTALL)
_OURS = re.compile(r"['\"`][a-z][a-z_]{0,30}['\"`]")  # the name of an option or a field


def _named(error: Exception) -> str:
    """An error's text, without the values that it quotes."""
    return _QUOTED.sub(lambda found: found[0] if _OURS.fullmatch(found[0]) else "(...)", str(error))
