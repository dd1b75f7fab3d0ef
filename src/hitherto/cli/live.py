"""`stream` and `chat`: answers as input comes."""

import json
import sys
from typing import TYPE_CHECKING, TypeAlias

import click

from hitherto.cli.display import mute
from hitherto.cli.inputs import lines_of
from hitherto.cli.options import (
    Verb,
    cache_of,
    caching,
    decoding_of,
    decoding_options,
    option,
    reading,
    reading_of,
    saved_in,
    saving,
    weights_option,
)
from hitherto.errors import DataError, HithertoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from hitherto.data.lines import Lines
    from hitherto.media.sound import Sound
    from hitherto.tasks.base import Row
    from hitherto.tasks.feed import Feed
    from hitherto.tasks.streams import Stream

__all__ = ["chat", "stream"]

Show: TypeAlias = "Callable[[Sequence[Row]], None]"

ROWS = ("input", "output", "id", "time", "decimal", "na")  # how a row may differ from those of training


class _Stream(Verb):
    """A verb whose help has a line for each task."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from hitherto.spec.tasks import TASKS

        lines = "\n    ".join(f"{task.name:10} {task.line}" for task in TASKS.values())
        self.help = (self.help or "").replace("TASKS", lines)
        super().format_help_text(ctx, formatter)


@click.command(cls=_Stream, late=decoding_options, short_help="Answer each line as it comes.")
@click.argument("bundle")
@weights_option
@option(
    "--audio",
    group="data",
    metavar="FILE",
    help="Read audio instead of lines: a recording, or - for raw 16-bit samples on standard input.",
)
@option(
    "--audio-rate",
    group="data",
    type=click.IntRange(1),
    shown="the model's",
    help="Sample rate of raw samples, in Hz.",
)
@option("as_json", "--json", is_flag=True, help="Print one JSON object per answer.")
@caching
@saving
@reading
def stream(
    bundle: str,
    weights: str,
    audio: str | None,
    audio_rate: int | None,
    as_json: bool,
    load: str | None,
    save: str | None,
    **options: object,
) -> int:
    """Answer each line of standard input as it comes, with the model in BUNDLE.

    Lines are a table with a header, or JSON lines, with the columns of the training data. Each row is an input, and its
    answer is that of predict. A row of a series, or of a sequence that has an id, is one step. Other lines are plain
    values:

    \b
    TASKS

    \b
    Example: hitherto stream load.safetensors --json < meter.csv
             tail -f log.jsonl | hitherto stream spam.safetensors --input message
    """  # noqa: D301 - the \b is a sign to click: lines stay as they are
    import hitherto
    from hitherto.tasks.feed import Feed

    state = saved_in(load, save)
    if audio_rate is not None and audio is None:
        raise UsageError("--audio-rate is the rate of raw samples; give --audio - too.")
    model = hitherto.open(bundle, weights=weights)
    columns = reading_of(options)
    live = model.stream(**cache_of(model, options), **decoding_of(model, options))
    lines = lines_of(model, columns)
    feed = Feed(
        live, model.reader(**columns), {name: value for name, value in columns.items() if name in ROWS}
    )
    if state is not None:
        feed.load(state)
    unprinted: tuple[str, DataError | None] = ("", None)
    end = b""  # the state to save

    def show(rows: "Sequence[Row]") -> None:
        for row in rows:
            if as_json:
                print(json.dumps(row, ensure_ascii=False))
            else:
                print("\t".join(_plain(value) for name, value in row.items() if name != "probabilities"))
        sys.stdout.flush()  # the reader waits for this line

    status = 0
    try:
        if audio is not None:
            unprinted = _listen(live, audio, audio_rate, show, as_json)
        else:
            _follow(feed, lines, show)
        end = feed.save() if save else end  # before finish(): a stream that loads it continues the input
        if audio is not None:
            _end_of_audio(*unprinted, live.finish(), show, as_json)
        else:
            show(feed.finish())
    except BrokenPipeError:  # the reader has seen enough; the state is saved all the same
        end = feed.save() if save else end
        mute()
        status = 141
    finally:
        if save and end:
            from hitherto import files

            files.write(save, end)
    return status


def _follow(feed: "Feed", lines: "Lines", show: Show) -> None:
    """Answer line by line; an error names its line."""
    from hitherto.data.lines import STDIN

    number = 0
    try:
        for number, line in lines:
            while lines.notes:
                click.echo(lines.notes.pop(0), err=True)
            show(feed.take(number, line))
        while lines.notes:
            click.echo(lines.notes.pop(0), err=True)
    except DataError as error:
        raise error if error.path is not None else error.at(STDIN, number) from error
    except HithertoError as error:
        raise DataError(str(error), path=STDIN, line=number) from error
    except UnicodeDecodeError as error:
        raise DataError(
            "the text is not UTF-8; set its encoding with --encoding", path=STDIN, line=number + 1
        ) from error


def _listen(
    live: "Stream", path: str, rate: int | None, show: Show, as_json: bool
) -> tuple[str, DataError | None]:
    """Read audio a tenth of a second at a time. Print what is final; on a terminal also the answer so far.

    Returns the final text that is not yet printed, and the error at the end of the audio, if there is one.
    """
    from hitherto.codecs.audio import AudioCodec, AudioStream
    from hitherto.media.sound import Sound

    codec = live.model.codecs["input"]
    if not isinstance(live.input, AudioStream) or not isinstance(codec, AudioCodec):
        raise UsageError("--audio is for models that read audio; this one reads something else.")
    if path != "-" and rate is not None:
        raise UsageError("--audio-rate is for raw samples; a file holds its own rate.")
    rate = rate or codec.rate
    last_partial = final = ""
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
            if partial != last_partial:
                show([{"partial": partial}])
        else:
            print(f"\r\x1b[K{partial[-79:]}", end="", flush=True)
            final += "".join(row["text"] for row in rows)
        last_partial = partial
    if sys.stdout.isatty() and not as_json:
        print("\r\x1b[K", end="")
    return final, broken


def _end_of_audio(
    unprinted: str, broken: DataError | None, rest: "Row | list[Row]", show: Show, as_json: bool
) -> None:
    """Print the last answers after the text that is not yet printed; then raise the error, if there is one."""
    rows = rest if isinstance(rest, list) else [rest]
    if as_json or not all("text" in row for row in rows):
        show(rows)
    else:
        print(unprinted + "".join(row["text"] for row in rows), flush=True)
    if broken is not None:
        raise broken


def _samples(
    path: str, rate: int
) -> "Iterator[Sound | np.ndarray[tuple[int], np.dtype[np.int16]] | DataError]":
    """A tenth of a second of a recording or of standard input at a time; last an error, if the input is cut off."""
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
            "the last sample has one byte of two: the input is cut off, or its samples do not have 16 bits",
            path="standard input",
        )


@click.command(cls=Verb, late=decoding_options, short_help="Talk with a model.")
@click.argument("bundle")
@weights_option
@saving
def chat(bundle: str, weights: str, load: str | None, save: str | None, **options: object) -> None:
    """Talk with the chat model in BUNDLE: each line is a turn. /new begins a new conversation, /quit ends.

    Example: hitherto chat helper.safetensors --temperature 0.7
    """
    import hitherto

    state = saved_in(load, save)
    model = hitherto.open(bundle, weights=weights)
    if not hitherto.TASKS[model.spec.task].converses:
        raise UsageError(f"chat is for chat models; this one does {model.spec.task}. Use predict.")
    if options["n_best"]:
        raise UsageError("--n-best: a conversation has one reply to a turn; predict gives several.")
    live = model.stream(state, **decoding_of(model, options))
    try:
        _converse(live, "> " if sys.stdin.isatty() else "")
    except UnicodeDecodeError as error:
        raise DataError("the turn is not UTF-8", path="standard input") from error
    finally:  # however it ends
        if save:
            from hitherto import files

            files.write(save, live.save())


def _converse(live: "Stream", prompt: str) -> None:
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


def _plain(value: object) -> str:
    """A value of a streamed answer, short enough to read."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(
            f"{name} {_plain(v)}" for name, v in sorted(value.items(), key=lambda item: -item[1])
        )
    if isinstance(value, list) and value and isinstance(value[0], dict):  # a forecast: its medians
        return " ".join(_plain(row["y"]) if "y" in row else row["text"] for row in value)  # or an n-best list
    return " ".join(map(_plain, value)) if isinstance(value, list) else "" if value is None else str(value)
