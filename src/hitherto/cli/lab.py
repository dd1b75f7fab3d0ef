"""`lab`: the claims of textbooks as experiments."""

import json

import click

from hitherto.cli.display import Display
from hitherto.cli.options import Verb, json_option

__all__ = ["lab"]


@click.command(cls=Verb, short_help="Measure what textbooks say of recurrent networks.")
@click.option(
    "--out", metavar="FILE", default="lab.html", show_default=True, help="The page; results stand beside it."
)
@click.option("--only", metavar="NAME", multiple=True, help="Run this experiment alone; repeat for several.")
@click.option("--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="Number of seeds.")
@click.option("--list", "listed", is_flag=True, help="Print the names of the experiments, and what they ask.")
@json_option
def lab(out: str, only: tuple[str, ...], seeds: int, listed: bool, as_json: bool) -> None:
    """Measure what textbooks say of recurrent networks: how long each cell remembers, and much more.

    Writes one page with pictures and a table of what is said and what was measured. An experiment that is done is not
    run again. It trains models, so it needs PyTorch.

    Example: hitherto lab --only recall --seeds 5
    """
    from hitherto.training.run import need_torch

    need_torch("the lab")
    from hitherto.lab import EXPERIMENTS
    from hitherto.lab.run import rows_of, run

    if listed:
        for name, row in EXPERIMENTS.items():
            click.echo(f"{name:10} {row.about}")
        return
    display = Display()
    with display.working():
        done = run(out, only=only, seeds=seeds, say=display.say)
    if as_json:
        click.echo(json.dumps(rows_of(done)))
        return
    for one in done:
        for claim in one.result.claims:
            click.echo(f"{claim.holds:13}  {claim.said}  {claim.measured}")
    display.say(f"the page is {out}")
