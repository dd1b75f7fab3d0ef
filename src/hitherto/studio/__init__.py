"""The studio: a page in which a model is used and looked into, live, in a browser on this machine.

`app(...)` is the ASGI application of `hitherto.serve` with the page, its script and a live view of each model beside
it; `hitherto studio` runs it. `hitherto.studio.views` has a row for each task; the page itself is written in `web/`.
"""

from hitherto.errors import MissingExtra

try:
    from hitherto.studio.app import app
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] not in ("starlette", "uvicorn", "websockets", "anyio", "multipart"):
        raise
    raise MissingExtra("the studio", error.name or "starlette", "studio") from error

__all__ = ["app"]
