"""`main`: run a verb, and exit with its status."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from hitherto import __version__
from hitherto.cli.answer import evaluate, predict, suggest
from hitherto.cli.display import mute
from hitherto.cli.doctor import doctor
from hitherto.cli.generate import generate
from hitherto.cli.inspect import inspect
from hitherto.cli.lab import lab
from hitherto.cli.live import chat, stream
from hitherto.cli.serve import serve
from hitherto.cli.studio import studio
from hitherto.cli.train import train
from hitherto.errors import HithertoError

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="hitherto %(version)s")
def cli() -> None:
    """Train recurrent sequence models, and run them without PyTorch.

    `hitherto VERB --help` lists the options of a verb.

    Example: hitherto doctor
    """


for verb in (train, evaluate, predict, generate, suggest, stream, chat, inspect, lab, serve, studio, doctor):
    cli.add_command(verb)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line on `args` (default: the process's own) and exit with its status."""
    try:
        status = cli.main(args, prog_name="hitherto", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except HithertoError as error:
        click.echo(f"Error: {error}", err=True)
        status = error.exit_code
    except ImportError as error:  # the extension reads its environment when it loads
        if "HITHERTO_" not in str(error):
            raise
        click.echo(f"Error: {error}", err=True)
        status = 2
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        mute()
        status = 141
    except OSError as error:  # for example, standard output on a full disk
        click.echo(
            f"Error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True
        )
        try:
            sys.stdout.flush()
        except OSError:
            mute()
        status = 1
    sys.exit(status)
