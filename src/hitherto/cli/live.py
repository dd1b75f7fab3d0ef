"""`stream` and `chat`: answers as input comes."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import click

from hitherto.cli.display import mute
from hitherto.cli.inputs import lines_of
from hitherto.cli.options import given_of, keeping, reading, saved_in, told_of, weights_option, writing
from hitherto.errors import DataError, HithertoError, UsageError

__all__ = ["chat", "stream"]

COLUMNS = ("input", "output", "id", "time")  # what may have another name in data than it had in training


@click.command(short_help="Answer line by line, as it comes.")
@click.argument("bundle")
@weights_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each answer.")
@click.option(
    "--audio",
    metavar="FILE",
    help="Hear FILE in place of lines: a recording, or - for raw 16-bit samples as they come.",
)
@click.option(
    "--audio-rate",
    type=click.IntRange(1),
    help="Of raw samples: how many a second; as the model's if not given.",
)
@keeping
@reading
@writing
def stream(
    bundle: str,
    weights: str,
    as_json: bool,
    audio: str | None,
    audio_rate: int | None,
    load: str | None,
    save: str | None,
    **options: Any,
) -> int:
    """Answer for standard input as it comes, a line at a time, with the model in BUNDLE.

    What training took, a stream takes: a table, its first line the names of its columns, or JSON lines. Each row is
    an input and is answered as by predict; of series, and of sequences whose rows have an id, it is a step. Other lines
    are plain values:

    \b
    classify   a line of text, or of numbers (a step) -> the label so far; a file's name, or JSON points -> its label
    tag        words -> each with its label
    lm         text -> how many bits it was worth, and what may come next
    forecast   "time,value" or {"ds": .., "y": ..} -> surprise, and the future
    translate  a line -> its translation; so summarize and answer, fields between tabs
    chat       a turn -> the reply
    caption    a file's name -> what is seen
    transcribe a file's name, or a JSON list of points -> the text; --audio hears
    compose    the pitches of a step -> how surprising they are, and what may come next
    handwrite  a text -> the pen's strokes

    \b
    Example: hitherto stream load.safetensors --json < meter.csv
             tail -f log.jsonl | hitherto stream spam.safetensors --input message
    """  # noqa: D301 - the \b is a sign to click: lines stay as they are
    import hitherto
    from hitherto.tasks.feed import Feed

    saved = saved_in(load, save)
    if audio_rate is not None and audio is None:
        raise UsageError("--audio-rate is of the raw samples that --audio hears.")
    model = hitherto.open(bundle, weights=weights)
    told = told_of(options)
    live = model.stream(**given_of(model, options))
    lines = lines_of(model, told)
    feed = Feed(live, model.reader(**told), {n: v for n, v in told.items() if n in COLUMNS})
    if saved is not None:
        feed.load(saved)
    heard: tuple[str, DataError | None] = ("", None)
    kept = b""

    def show(rows: Any) -> None:
        for row in rows:
            if as_json:
                print(json.dumps(row, ensure_ascii=False))
            else:
                print("\t".join(_shown(value) for name, value in row.items() if name != "probabilities"))
        sys.stdout.flush()  # whoever reads waits for this line

    status = 0
    try:
        if audio is not None:
            heard = _hear(live, audio, audio_rate, show, as_json)
        else:
            _follow(feed, lines, show)
        kept = feed.save() if save else kept  # before the end is made: who loads it goes on
        if audio is not None:
            _heard(*heard, live.finish(), show, as_json)
        else:
            show(feed.finish())
    except BrokenPipeError:  # whoever read has seen enough; the state is kept all the same
        kept = feed.save() if save else kept
        mute()
        status = 141
    finally:
        if save and kept:
            from hitherto import files

            files.write(save, kept)
    return status


def _follow(feed: Any, lines: Any, show: Any) -> None:
    """Answer line by line; what is wrong with one is said with its number."""
    from hitherto.data.lines import STDIN

    number = 0
    try:
        for number, given in lines:
            while lines.notes:
                click.echo(lines.notes.pop(0), err=True)
            show(feed.take(number, given))
        while lines.notes:
            click.echo(lines.notes.pop(0), err=True)
    except DataError as error:
        raise error if error.path is not None else error.at(STDIN, number) from error
    except HithertoError as error:
        raise DataError(str(error), path=STDIN, line=number) from error
    except UnicodeDecodeError as error:
        raise DataError(
            "the text is not UTF-8; --encoding says what it is", path=STDIN, line=number + 1
        ) from error


def _hear(live: Any, path: str, rate: int | None, show: Any, as_json: bool) -> tuple[str, DataError | None]:
    """Sound in tenths of a second: what is sure as it is sure, and at a terminal what it seems to be meanwhile.

    Gives what of a text was not printed for good, and what was wrong with the end of the sound.
    """
    from hitherto.codecs.audio import AudioStream
    from hitherto.media.sound import Sound

    if not isinstance(live.input, AudioStream):
        raise UsageError("--audio is for models of sound; this one reads something else.")
    if path != "-" and rate is not None:
        raise UsageError("--audio-rate is of raw samples; a file says its own.")
    rate = rate or live.model.codecs["input"].rate
    seen = said = ""
    broken: DataError | None = None
    for samples in _samples(path, rate):
        if isinstance(samples, DataError):
            broken = samples
            break
        rows = live.push(samples if isinstance(samples, Sound) else Sound(samples, rate))
        if not as_json and not sys.stdout.isatty():
            print("".join(row["text"] for row in rows), end="", flush=True)
            continue
        now = live.peek()
        partial = str(now.get("text", now.get("label")))
        if as_json:
            show(rows)
            if partial != seen:
                show([{"partial": partial}])
        else:
            print(f"\r\x1b[K{partial[-79:]}", end="", flush=True)
            said += "".join(row["text"] for row in rows)
        seen = partial
    if sys.stdout.isatty() and not as_json:
        print("\r\x1b[K", end="")
    return said, broken


def _heard(said: str, broken: DataError | None, rest: Any, show: Any, as_json: bool) -> None:
    """The end of what was heard: after `said`, which was not printed before, and before what was wrong at its end."""
    rows = rest if isinstance(rest, list) else [rest]
    if as_json or not all("text" in row for row in rows):
        show(rows)
    else:
        print(said + "".join(row["text"] for row in rows), flush=True)
    if broken is not None:
        raise broken


def _samples(path: str, rate: int) -> Iterator[Any]:
    """Of a recording, or of standard input, a tenth of a second at a time; at last what is wrong with its end."""
    import numpy as np

    if path != "-":
        from hitherto.media.sound import read_sound

        sound = read_sound(path)
        step = max(1, sound.rate // 10)
        yield from (sound[i : i + step] for i in range(0, len(sound), step))
        return
    rest = b""
    while data := sys.stdin.buffer.read1(max(2, rate // 5)):  # type: ignore[union-attr]
        data = rest + data
        whole = len(data) - len(data) % 2
        rest = data[whole:]
        yield np.frombuffer(data[:whole], "<i2")
    if rest:
        yield DataError(
            "the last sample has one byte of two: it was cut off, or these are no 16-bit samples",
            path="standard input",
        )


@click.command(short_help="Talk with a model.")
@click.argument("bundle")
@weights_option
@keeping
@writing
def chat(bundle: str, weights: str, load: str | None, save: str | None, **decoding: Any) -> None:
    """Talk with the chat model in BUNDLE: a line is a turn. /new forgets what was said, /quit ends.

    Example: hitherto chat helper.safetensors --temperature 0.7
    """
    import hitherto

    saved = saved_in(load, save)
    model = hitherto.open(bundle, weights=weights)
    if model.spec.task != "chat":
        raise UsageError(f"chat is for chat models; this one does {model.spec.task}. Use predict.")
    if decoding["n_best"]:
        raise UsageError("--n-best: a conversation has one reply to a turn; predict gives several.")
    live = model.stream(saved, **given_of(model, decoding))
    try:
        _converse(live, "> " if sys.stdin.isatty() else "")
    except UnicodeDecodeError as error:
        raise DataError("the turn is not UTF-8", path="standard input") from error
    finally:  # however it ends
        if save:
            from hitherto import files

            files.write(save, live.save())


def _converse(live: Any, prompt: str) -> None:
    """Turns and replies, until the turns end."""
    while True:
        click.echo(prompt, nl=False)
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line or line.strip() == "/quit":
            return
        if line.strip() == "/new":
            live.reset()
        elif line.strip():
            click.echo(live.line(line)[0]["text"])


def _shown(value: Any) -> str:
    """A value of a streamed answer, short enough to read."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(
            f"{name} {_shown(v)}" for name, v in sorted(value.items(), key=lambda item: -item[1])
        )
    if isinstance(value, list) and value and isinstance(value[0], dict):  # a forecast: its medians
        return " ".join(_shown(row["y"]) if "y" in row else row["text"] for row in value)  # or an n-best list
    return " ".join(map(_shown, value)) if isinstance(value, list) else "" if value is None else str(value)
