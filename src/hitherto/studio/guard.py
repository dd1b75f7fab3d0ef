"""Only who has the token gets in: the link that `hitherto studio` prints carries it, then a cookie does."""

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard", "link"]

REFUSED = "Open the link that `hitherto studio` printed when it started: this address needs its token.\n"
YEAR = 365 * 86400


def link(host: str, port: int, token: str) -> str:
    """The address that lets its reader in."""
    return f"http://{host}:{port}/?token={token}"


class Guard:
    """Around an application: it answers those alone who show the token, by link, header or cookie."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        name = f"hitherto-{_port(headers)}"  # cookies are of a host, whatever the port
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if scope["type"] == "http" and scope["path"] == "/" and asked and self._is(asked):
            response = RedirectResponse("/", 303)
            response.set_cookie(name, self.token, max_age=YEAR, httponly=True, samesite="lax")
            await response(scope, receive, send)
        elif self._is(_cookie(headers, name)) or self._is(_bearer(headers)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": REFUSED.strip()})
        else:
            await PlainTextResponse(REFUSED, 403)(scope, receive, send)

    def _is(self, shown: str) -> bool:
        return secrets.compare_digest(shown.encode(), self.token.encode())


def _port(headers: Headers) -> str:
    port = headers.get("host", "").rpartition(":")[2]
    return port if port.isdecimal() else "80"


def _cookie(headers: Headers, name: str) -> str:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[name].value if name in cookies else ""


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
