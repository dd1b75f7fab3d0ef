"""Run the studio: on this machine alone, at a port that is free, with a token that stays from start to start.

The token lies in a file that its user alone can read. So a page that was open goes on when the studio is started again.
"""

import contextlib
import os
import secrets
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

from hitherto.errors import UsageError
from hitherto.serve.run import run
from hitherto.studio.app import app
from hitherto.studio.guard import link

__all__ = ["studio", "token"]

HOST = "127.0.0.1"
PORT = 8010
TRIED = 20  # ports, where none is asked for


def studio(
    models: list[str],
    say: Callable[[str], None],
    *,
    port: int | None = None,
    weights: str = "float32",
    browser: bool = False,
    fresh: bool = False,
) -> None:
    """Serve the studio until it is stopped. `fresh` makes a new token, so that older links open nothing."""
    shown = token(fresh=fresh)
    made = app(*models, token=shown, say=say, weights=weights)
    with _bound(port) as bound:
        address = link(HOST, bound.getsockname()[1], shown)

        def ready() -> None:
            say(f"The studio is open at\n\n    {address}\n\nIt is for this machine alone. Ctrl-C ends it.")
            if browser:
                webbrowser.open(address)

        run(made, made.state.server.settings, bound, ready)


def _bound(port: int | None) -> socket.socket:
    """A socket at this port; without one, at the first that is free from the usual one on."""
    for tried in [port] if port is not None else [*range(PORT, PORT + TRIED), 0]:
        with contextlib.suppress(OSError):
            return socket.create_server((HOST, tried))
    raise UsageError(f"port {port} cannot be listened on: give another --port, or none")


def token(*, fresh: bool = False) -> str:
    """The token of this user, made at the first start."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    path = Path(base) / "hitherto" / "studio-token"
    with contextlib.suppress(OSError):
        known = path.read_text(encoding="ascii").strip()
        if len(known) >= 32 and known.isalnum() and not fresh and not path.stat().st_mode & 0o077:
            return known
    made = secrets.token_hex(24)
    with contextlib.suppress(OSError):  # a home that cannot be written to has a token for each start
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(made)
    return made
