"""`generate`: text, music and drawings."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from hitherto.cli.options import weights_option
from hitherto.errors import UsageError


@click.command(short_help="Write, play or draw on from a prompt.")
@click.argument("bundle")
@weights_option
@click.argument("prompt", default="")
@click.option(
    "--max-new-tokens", default=200, show_default=True, type=click.IntRange(1), help="How many at most."
)
@click.option(
    "--temperature",
    default=0.8,
    show_default="0.8; 1 of music and drawings",
    help="0 always takes the most probable.",
)
@click.option("--top-k", default=0, help="Choose among so many; 0 for all.")
@click.option("--top-p", default=1.0, help="Choose among those that make up this probability.")
@click.option("--repetition-penalty", default=1.0, help="Above 1 avoids what was said.")
@click.option(
    "--num-beams", default=1, type=click.IntRange(1), help="Above 1: the most probable text of a search."
)
@click.option("--length-penalty", default=1.0, help="Of a search: 0 prefers short texts, above 1 long ones.")
@click.option("--stop", multiple=True, help="End before this text.")
@click.option("--seed", type=int, help="The same seed gives the same text, music or drawing.")
@click.option("--steps", type=click.IntRange(1), help="compose, handwrite: how many steps at most.")
@click.option("--voices", type=click.IntRange(1), help="compose: how many keys may sound at once.")
@click.option("--bias", type=float, help="handwrite: from 0 on; the higher, the neater.")
@click.option(
    "--out", metavar="FILE", help="compose: .mid, .wav, .svg or .json; handwrite: .svg, .png or .json."
)
def generate(bundle: str, weights: str, prompt: str, stop: tuple[str, ...], **options: Any) -> None:
    """Go on from PROMPT with the model in BUNDLE: lm from a text, compose from a file of music, handwrite a text.

    Example: hitherto generate book.safetensors "It was" --temperature 0.7 --seed 1
    """
    import hitherto

    model = hitherto.open(bundle, weights=weights)
    stepping = {name: options.pop(name) for name in ("steps", "voices", "bias", "out")}
    if model.spec.task in ("compose", "handwrite"):
        given = {"stop": stop, **options, **stepping}
        click.echo(
            _made(model, prompt, {name: value for name, value in given.items() if _was_given(name)}), nl=False
        )
        return
    for name in stepping:
        if _was_given(name):
            raise UsageError(f"--{name} is for compose and handwrite models.")
    click.echo(prompt, nl=False)
    for piece in model.pieces(prompt, stop=list(stop), **options):
        click.echo(piece, nl=False)
        sys.stdout.flush()
    click.echo()


def _was_given(name: str) -> bool:
    from click.core import ParameterSource

    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _made(model: Any, prompt: str, given: dict[str, Any]) -> str:
    """Music or a drawing, written to a file of its kind or printed as JSON."""
    from hitherto import files

    out = given.pop("out", None)
    for name in given:
        if name not in ("temperature", "seed", "steps", "voices", "bias"):
            raise UsageError(f"--{name.replace('_', '-')} is for lm models; this one does {model.spec.task}.")
    music = model.spec.task == "compose"
    endings = (".mid", ".wav", ".svg", ".json") if music else (".svg", ".png", ".json")
    ending = Path(out).suffix.lower() if out else ".json"
    if ending not in endings:
        raise UsageError(f"--out {out} must end in {', '.join(endings)}.")
    if out:
        files.place(out, "--out")
    made = model.generate(prompt or None, **given)
    if out is None:
        return json.dumps(made) + "\n"
    codec = model.codecs["steps"]
    if ending == ".json":
        if music:
            from hitherto.media.rolls import write_roll

            write_roll(out, made, codec.step)
        else:
            files.write(out, json.dumps(made) + "\n")
    elif not music:
        from hitherto.report import drawings

        draw = drawings.draw if ending == ".svg" else drawings.png
        draw(made, out)
    elif ending == ".mid":
        from hitherto.media.midi import write_midi

        write_midi(out, codec.score(made))
    elif ending == ".svg":
        from hitherto.report import piano_roll

        piano_roll.draw(codec.score(made), out)
    else:
        from hitherto.media.sound import write_wav
        from hitherto.media.tones import tones

        write_wav(out, tones(codec.score(made)), 44_100)
    return f"{out}\n"
