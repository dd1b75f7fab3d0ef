"""Serve models over HTTP and WebSocket: sessions that any worker goes on with, and that never take an input twice.

`app(...)` is an ASGI application; `hitherto serve` runs it in as many workers as it is told.
"""

from hitherto.errors import MissingExtra

try:
    from hitherto.serve.app import app
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] not in ("starlette", "uvicorn", "websockets", "anyio", "multipart"):
        raise
    raise MissingExtra("serving", error.name or "starlette", "serve") from error

__all__ = ["app"]
