"""`studio`: a page in which models are used and looked into."""

import sys

import click

from hitherto.cli.options import Verb, option, weights_option
from hitherto.errors import MissingExtra

__all__ = ["studio"]


@click.command(cls=Verb, short_help="Use models and look into them, live, in a browser.")
@click.argument("models", nargs=-1, metavar="[[NAME=]BUNDLE|RUN...]")
@option(
    "--port",
    type=click.IntRange(0, 65535),
    shown="8010, or the next free one",
    help="Port to listen on; 0 takes a free one.",
)
@option(
    "--open/--no-open",
    "browser",
    default=None,
    shown="open in a terminal",
    help="Open the page in a browser.",
)
@option("--new-token", "fresh", is_flag=True, help="Make a new token: older links open nothing then.")
@weights_option
def studio(
    models: tuple[str, ...], port: int | None, browser: bool | None, fresh: bool, weights: str
) -> None:
    """Use models and look into them, live, in a browser on this machine.

    Write, and see the next words, the memory and its gates; move a point of a series, and see the forecast move. The
    printed link has a token, without which nobody gets in.

    The folder of a training shows its curves while it runs, beside those of others.

    Example: hitherto studio book.safetensors sales.safetensors
    """
    try:
        from hitherto.studio import run
    except ModuleNotFoundError as error:
        raise MissingExtra("the studio", error.name or "starlette", "studio") from error

    def say(line: str) -> None:
        click.echo(line)

    opens = sys.stdout.isatty() if browser is None else browser
    run.studio(list(models), say, port=port, weights=weights, browser=opens, fresh=fresh)
