"""`serve`: models over HTTP and WebSocket."""

import re

import click

from hitherto.cli.options import Values, Verb, option
from hitherto.errors import MissingExtra, UsageError

__all__ = ["serve"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class _Duration(click.ParamType[float]):
    """Seconds, or a number with a unit: 30s, 10m, 2h, 7d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", str(value))
        if found is None:
            self.fail(f"expected a time such as 30s, 10m, 2h or 7d, but got {value!r:.40}", param, ctx)
        return float(found[1]) * _UNITS[found[2] or "s"]


@click.command(cls=Verb, short_help="Serve models over HTTP and WebSocket.")
@click.argument("models", nargs=-1, metavar="[NAME=]BUNDLE...")
@option("--host", shown="127.0.0.1", help="Address to listen on.")
@option("--port", type=click.IntRange(0, 65535), shown="8000", help="Port to listen on; 0 takes a free one.")
@option("--workers", type=click.IntRange(1, 256), shown="1", help="Processes that share the work.")
@option(
    "--store",
    shown="sqlite://sessions.db",
    help="Where sessions are kept: memory, sqlite://FILE or redis://HOST:PORT.",
)
@option(
    "--durable",
    is_flag=True,
    default=None,
    help="Wait for the disk at every answer, so that a power failure loses nothing.",
)
@option(
    "--ack",
    type=click.Choice(["each", "interval", "close"]),
    shown="each",
    help="When the store has what a WebSocket pushes: before each answer, at intervals, or when it closes.",
)
@option(
    "--interval", type=_Duration(), shown="1s", help="Longest time between two writes, with --ack interval."
)
@option(
    "--park", type=_Duration(), shown="10m", help="Leave sessions that are idle for this long to the store."
)
@option("--idle", type=_Duration(), shown="7d", help="Forget sessions that are idle for this long.")
@option(
    "--weights",
    group="model",
    type=click.Choice(["float32", "bfloat16", "int8"]),
    shown="float32",
    help="Precision of the weights in memory.",
)
@option("--keys", metavar="FILE", help="File with the names and hashes of the keys that requests must bring.")
@option("--new-key", metavar="NAME", help="Print a new key and its line for the file of --keys, and exit.")
@option("--insecure", is_flag=True, default=None, help="Listen beyond this machine without keys or TLS.")
@option("--tls-cert", metavar="FILE", help="Certificate of the server, in PEM.")
@option("--tls-key", metavar="FILE", help="Private key of the certificate, in PEM.")
@option("--allow-host", multiple=True, help="Host name to answer to; repeat for several.")
@option(
    "--allow-origin", multiple=True, help="Origin of pages that may open a WebSocket; repeat for several."
)
@option("--max-body", type=click.IntRange(1), shown="16777216", help="Largest body of a request, in bytes.")
@option(
    "--max-message",
    type=click.IntRange(1),
    shown="1048576",
    help="Largest push, in bytes, over WebSocket or HTTP.",
)
@option("--max-sessions", type=click.IntRange(1), shown="1000000", help="Most sessions in the store.")
@option("--max-sockets", type=click.IntRange(1), shown="20000", help="Most open WebSockets of a worker.")
@option("--cached", type=click.IntRange(1), shown="10000", help="Most sessions in the memory of a worker.")
@option("--queue", type=click.IntRange(1), shown="10000", help="Most pushes that wait in a worker.")
@option("--max-time", type=_Duration(), shown="60s", help="Longest time that a request may take.")
@option("--log", type=click.Choice(["lines", "json", "none"]), shown="lines", help="How requests are logged.")
@option("--config", metavar="FILE", help="TOML file with these settings, by the same names.")
def serve(models: tuple[str, ...], new_key: str | None, config: str | None, **options: object) -> None:
    """Serve models over HTTP and WebSocket.

    Sessions are kept in a store: any worker goes on with any session, after a crash too, and no input is taken twice.
    GET /docs lists the routes.

    Example: hitherto serve spam.safetensors --port 8000
    """
    try:
        from hitherto.serve import keys, run, settings
    except ModuleNotFoundError as error:
        raise MissingExtra("serving", error.name or "starlette", "serve") from error
    if new_key is not None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", new_key):
            raise UsageError(f"{new_key!r:.60} is no name for a key: use letters, digits, dots, - and _.")
        key, line = keys.new_key(new_key)
        click.echo(f"The key, which is shown only now:\n{key}\nIts line for the file of --keys:\n{line}")
        return
    values: Values = {} if config is None else settings.read(config)
    values |= {name: value for name, value in options.items() if value not in (None, ())}
    if models:
        values["models"] = list(models)
    for name in ("allow_host", "allow_origin"):
        if name in values:
            values[name] = list(values[name])

    def say(line: str) -> None:
        click.echo(line)

    click.get_current_context().exit(run.serve(settings.settled(values, config or "the settings"), say))
