"""`generate`: text, music and drawings."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from hitherto.cli.options import Flag, Values, Verb, decoding_options, option, weights_option
from hitherto.errors import UsageError

if TYPE_CHECKING:
    from hitherto import Model
    from hitherto.codecs.base import Codec
    from hitherto.codecs.notes import NotesCodec

# A roll, lists of the keys of each step; or strokes, lists of points: as JSON has them.
Made: TypeAlias = Any

STEPWISE = ("temperature", "seed", "steps", "voices", "bias")  # options of music and drawings


# Options of `Model.pieces` that are options of decoding -> its default.
_OF_TEXT = {
    "max_new_tokens": "200",
    "num_beams": "1",
    "length_penalty": "1",
    "temperature": "0.8; music and drawings: 1",
    "top_k": "0",
    "top_p": "1",
    "repetition_penalty": "1",
    "seed": "random",
}


def _decoding_options() -> Iterator[Flag]:
    return (flag for flag in decoding_options(_OF_TEXT) if flag.name in _OF_TEXT)


@click.command(cls=Verb, late=_decoding_options, short_help="Continue a text or music, or draw.")
@click.argument("bundle")
@weights_option
@click.argument("prompt", default="")
@option("--stop", group="decoding", multiple=True, help="Text: end before this text; repeat for several.")
@option(
    "--steps",
    group="decoding",
    type=click.IntRange(1),
    help="Music and drawings: maximum number of steps.",
)
@option(
    "--voices",
    group="decoding",
    type=click.IntRange(1),
    help="Music: maximum number of keys that sound at once.",
)
@option("--bias", group="decoding", type=float, shown="0", help="Drawings: higher is neater.")
@option(
    "--out",
    metavar="FILE",
    shown="standard output, as JSON",
    help="Music: write to FILE, .mid, .wav, .svg or .json. Drawings: .svg, .png or .json.",
)
def generate(
    bundle: str, weights: str, prompt: str, stop: tuple[str, ...], out: str | None, **options: object
) -> None:
    """Continue PROMPT with the model in BUNDLE. PROMPT is a text for a language model, a file of music for a model of
    music, or the text to write for a model of handwriting.

    Example: hitherto generate book.safetensors "It was" --temperature 0.7 --seed 1
    """
    import hitherto

    model = hitherto.open(bundle, weights=weights)
    chosen: Values = {name: value for name, value in options.items() if value is not None}
    if model.source.continues:
        if stop:
            chosen["stop"] = stop
        click.echo(_in_steps(model, prompt, out, chosen), nl=False)
        return
    if out is not None:
        chosen["out"] = out
    for name in chosen:
        if name in ("steps", "voices", "bias", "out"):
            raise UsageError(
                f"--{name} is for models of music and drawings; this one does {model.spec.task}."
            )
    pieces = model.pieces(prompt, stop=list(stop), **chosen)
    click.echo(prompt, nl=False)
    for piece in pieces:
        click.echo(piece, nl=False)
        sys.stdout.flush()
    click.echo()


def _in_steps(model: "Model", prompt: str, out: str | None, options: Values) -> str:
    """Music or a drawing: as JSON, or the name of the file that it is written to."""
    from hitherto import files

    for name in options:
        if name not in STEPWISE:
            raise UsageError(
                f"--{name.replace('_', '-')} is for models of text; this one does {model.spec.task}."
            )
    codec = model.codecs["steps"]
    write = None
    if out is not None:
        writers = WRITERS[codec.kind]
        write = writers.get(Path(out).suffix.lower())
        if write is None:
            raise UsageError(f"--out {out} must end in {', '.join(writers)}.")
        files.place(out, "--out")
    made = model.generate(prompt or None, **options)
    if out is None or write is None:
        return json.dumps(made) + "\n"
    write(made, out, codec)
    return f"{out}\n"


def _midi(roll: Made, out: str, codec: "NotesCodec") -> None:
    from hitherto.media.midi import write_midi

    write_midi(out, codec.score(roll))


def _wav(roll: Made, out: str, codec: "NotesCodec") -> None:
    from hitherto.media.sound import write_wav
    from hitherto.media.tones import tones

    write_wav(out, tones(codec.score(roll)), 44_100)


def _piano_roll(roll: Made, out: str, codec: "NotesCodec") -> None:
    from hitherto.report import piano_roll

    piano_roll.draw(codec.score(roll), out)


def _roll(roll: Made, out: str, codec: "NotesCodec") -> None:
    from hitherto.media.rolls import write_roll

    write_roll(out, roll, codec.step)


def _svg(strokes: Made, out: str, _codec: "Codec") -> None:
    from hitherto.report import drawings

    drawings.draw(strokes, out)


def _png(strokes: Made, out: str, _codec: "Codec") -> None:
    from hitherto.report import drawings

    drawings.png(strokes, out)


def _json(strokes: Made, out: str, _codec: "Codec") -> None:
    from hitherto import files

    files.write(out, json.dumps(strokes) + "\n")


# The codec of the steps -> the ending of a file -> what writes it: (what was made, file, codec).
WRITERS: dict[str, dict[str, Callable[..., None]]] = {
    "notes": {".mid": _midi, ".wav": _wav, ".svg": _piano_roll, ".json": _roll},
    "strokes": {".svg": _svg, ".png": _png, ".json": _json},
}
