"""The command line: parse, import, call. A verb imports what it needs when it runs; `--help` stays quick.

Exit status: 0 all is well, 1 a check failed, 2 bad usage, 3 bad data, 130 interrupted, 143 told to end; an error of
this package ends with its own `exit_code` (`hitherto.errors`).
"""

import contextlib
import io
import json
import math
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import click

from hitherto import __version__
from hitherto.errors import DataError, HithertoError, UsageError
from hitherto.progress import EVERY, telling

Report: TypeAlias = dict[str, Any]

COLUMNS = ("input", "output", "id", "time")  # what may have another name in data than it had in training

# Distributions and their modules: what is needed, then what extras bring.
PACKAGES = {
    **{name: name for name in ("numpy", "safetensors", "msgspec", "click", "torch", "soundfile")},
    "pillow": "PIL",
    "av": "av",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="hitherto %(version)s")
def cli() -> None:
    """Recurrent sequence models: train, keep, run, see.

    Example: hitherto doctor
    """


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
    except ImportError as error:  # of the extension, which reads its environment as it is loaded
        if "HITHERTO_" not in str(error):
            raise
        click.echo(f"Error: {error}", err=True)
        status = 2
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        _mute()
        status = 141
    except OSError as error:  # standard output on a disk that is full, for one
        click.echo(
            f"Error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True
        )
        try:
            sys.stdout.flush()
        except OSError:
            _mute()
        status = 1
    sys.exit(status)


def _mute() -> None:
    """Say no more on standard output, so that nothing fails on it again when the process ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


# -------------------------------------------------------------------------------------------------------- train


class _Tasks(click.Group):
    """`train TASK` with the options of that task; `train FILE.toml` with those of the file's.

    `train --resume RUN` is `train TASK --resume RUN`, of the run's own task.
    """

    def list_commands(self, _ctx: click.Context) -> list[str]:
        from hitherto.tasks import TASKS

        return list(TASKS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = next((i for i, arg in enumerate(args) if arg.partition("=")[0] == "--resume"), None)
        if at is not None and args[0].startswith("-"):
            from hitherto.api import spec_of

            run = args[at].partition("=")[2] or next(iter(args[at + 1 :]), "")
            args = [spec_of(Path(run)).task, *args] if run else args
        return super().parse_args(ctx, args)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        from hitherto import spec as specs
        from hitherto.errors import nearest
        from hitherto.tasks import TASKS

        if name.endswith(".toml"):
            return _train_command(specs.read(name).task, name)
        if name not in TASKS:
            hint = nearest(name, TASKS)
            if Path(name).exists():
                hint = f" {name} is data: say what to learn from it first, hitherto train TASK {name}"
            raise UsageError(f"there is no task {name!r}; there are {', '.join(TASKS)}.{hint}")
        return _train_command(name, None)


class _OfTask(click.Command):
    """The command of a task: an option of other tasks is not unknown, but of no use here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from hitherto import spec as specs

        given = list(args)  # the parser takes them out
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            assert self.name is not None  # noqa: S101 - the task
            others = {option.name for option in specs.options()} - {o.name for o in specs.options(self.name)}
            name = error.option_name.lstrip("-").removeprefix("no-").replace("-", "_")
            if name in others:
                raise UsageError(specs.useless(self.name, name, specs.FLAGS)) from error
            whole = next((a for a in given if a.startswith(error.option_name) and len(a) > 2), "")
            if whole and not whole.startswith("--"):
                raise UsageError(
                    f"{whole} has one dash; options of this length have two: -{whole}."
                ) from error
            raise


@cli.command(cls=_Tasks, invoke_without_command=True, short_help="Learn a task from data.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Go on with the run in this folder; --epochs 40 and some others may be changed meanwhile.",
)
@click.pass_context
def train(ctx: click.Context, resume: str | None) -> None:
    """Learn a task from data: a model in one file, and a run's folder with its log and report.

    TASK may also be a .toml file that holds all options. `hitherto train TASK --help` lists those of a task.

    Example: hitherto train classify sms.tsv --input text --output label --out spam.safetensors
    """
    del resume  # the task has it
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        ctx.exit(2)


def _train_command(task: str, toml: str | None) -> click.Command:
    from hitherto.spec import options
    from hitherto.tasks import TASKS

    row = TASKS[task]

    def call(data: str | None, out: str | None, resume: str | None, as_json: bool, **values: Any) -> None:
        from hitherto import spec as specs

        given = {
            name: _plain(name, value) for name, value in values.items() if value is not None and value != ()
        }
        known = specs.read(toml) if toml else None
        if resume is not None:
            from hitherto.api import spec_of

            specs.resumed(spec_of(Path(resume)), known or task, data, out, voice=specs.FLAGS, **given)
            _run(known or task, data, as_json, resume=resume, out=out, **given)
            return
        spec = specs.over(known or {"task": task}, data, out, voice=specs.FLAGS, **given)
        specs.unused(spec, specs.FLAGS)
        first = spec.data.path or spec.data.source
        if first is None:
            raise UsageError("which data? Give a file or a folder: hitherto train TASK DATA")
        final = (
            spec.out if spec.out is not None else f"{Path(first.removesuffix('.gz')).stem}-{task}.safetensors"
        )
        _run(spec, None, as_json, out=final)

    params: list[click.Parameter] = [
        click.Argument(["data"], required=False),
        click.Option(["--out"], metavar="FILE", help="Where the model is kept."),
        click.Option(["--resume"], metavar="RUN", help="Go on with the run in this folder."),
        click.Option(["as_json", "--json"], is_flag=True, help="Print the metrics as one JSON object."),
    ]
    for option in options(task):
        if option.name == "path":
            continue
        flag = "--" + option.name.replace("_", "-")
        values: dict[str, Any] = {"help": option.about[:1].upper() + option.about[1:] + ".", "default": None}
        if option.type is bool:
            params.append(click.Option([f"{flag}/--no-{flag[2:]}"], **values))
            continue
        kind = (
            click.Choice(option.choices) if option.choices else {int: int, float: float}.get(option.type, str)
        )
        if option.default not in (None, (), 0, 0.0):
            plain = (
                option.default
                if not isinstance(option.default, tuple)
                else " ".join(map(str, option.default))
            )
            values["help"] = f"{values['help'][:-1]}; {plain} if not given."
        params.append(click.Option([flag], type=kind, multiple=option.many, **values))
    return _OfTask(
        task,
        params=params,
        callback=call,
        short_help=row.about,
        help=f"{row.about}\n\nExample: {row.example}",
    )


def _run(task: Any, data: str | None, as_json: bool, **options: Any) -> None:
    """Train with what the flags said, and say how it goes."""
    import hitherto

    display = Display()
    try:
        with display.working():
            model = hitherto.train(task, data, say=display.say, show=display.show, **options)
    except KeyboardInterrupt as end:
        display.say(str(end) or "stopped at once; what was saved before stays")
        raise SystemExit(128 + getattr(end, "number", 2)) from end  # a training knows by which signal
    if as_json:
        click.echo(json.dumps(model.metrics))
    elif model.path is not None:
        display.say(f"try: {_next(model)}")


def _plain(name: str, value: Any) -> Any:
    if name == "valid":
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _next(model: Any) -> str:
    verbs = {
        "lm": "generate {} 'The'",
        "chat": "chat {}",
        "compose": "generate {} --out MUSIC.mid",
        "handwrite": "generate {} "
        + ("TEXT " if getattr(model.source, "says", False) else "")
        + "--out DRAWING.svg",
    }
    verb = verbs.get(model.spec.task, "predict {} NEW-DATA")
    return "hitherto " + verb.format(model.path)


class Display:
    """How a training goes: one line that changes on a terminal; elsewhere a line for each evaluation or minute."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.open = False
        self.begun: tuple[float, int] | None = None  # when the first step was seen, and which
        self.said = self.drawn = time.monotonic()
        self.warned = False

    def say(self, line: str) -> None:
        self._end()
        click.echo(line, err=True)
        self.said = time.monotonic()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Say how far long work in this block is."""
        with telling(self._work, 0.2 if self.live else EVERY):
            try:
                yield
            finally:
                self._end()

    def _work(self, line: str) -> None:
        if self.live:
            click.echo(f"\r\033[K{line}", err=True, nl=False)
            self.open = True
        else:
            self.say(line)

    def show(self, progress: Any, row: dict[str, Any]) -> None:
        if "loss" in row:
            self._between(progress, row)
            return
        metrics = [
            f"{name} {value:.4g}"
            for name, value in row.items()
            if name not in ("step", "epoch", "lr", "train_loss")
            and isinstance(value, float)
            and math.isfinite(value)
        ]
        loss = row["train_loss"]
        said = f"loss {loss:.4f}  " if loss is not None else ""
        mark = "  *" if progress.best_step == row["step"] else ""
        self.say(f"epoch {row['epoch'] + 1:3}  step {row['step']:6}  {said}{'  '.join(metrics)}{mark}")

    def _between(self, progress: Any, row: dict[str, Any]) -> None:
        """Between evaluations: how far it is, and once whether it takes hours."""
        now = time.monotonic()
        self.begun = self.begun or (now, progress.step)
        spent, taken = now - self.begun[0], progress.step - self.begun[1]
        left = spent / taken * (progress.total - progress.step) if taken else 0.0
        if left > HOUR and spent > HOUR / 180 and not self.warned:
            self.warned = True
            self.say(
                f"the run takes {_span(left)} more at this speed: fewer --epochs or a smaller --hidden-size take less, "
                "and Ctrl-C keeps the best model so far"
            )
        rate = f"loss {row['loss']:.4f}  {row['tokens_per_second']:,} tokens/s  {_span(left)} left"
        if not self.live and now - self.said >= HOUR / 60:
            self.say(f"epoch {progress.epoch + 1:3}  step {progress.step:6,} of {progress.total:,}  {rate}")
        if self.live and now - self.drawn >= 0.2:
            self.drawn = now
            done, width = progress.step / max(1, progress.total), 24
            bar = "#" * int(done * width) + "-" * (width - int(done * width))
            click.echo(f"\r\033[K{bar} {done:4.0%}  epoch {progress.epoch + 1}  {rate}", err=True, nl=False)
            self.open = True

    def _end(self) -> None:
        if self.open:
            click.echo("\r\033[K", err=True, nl=False)
            self.open = False


HOUR = 3600.0  # seconds


def _span(seconds: float) -> str:
    seconds = int(seconds)
    return (
        f"{seconds} s"
        if seconds < 100
        else f"{seconds // 60} min"
        if seconds < 6000
        else f"{seconds / 3600:.1f} h"
    )


# ---------------------------------------------------------------------------------------------------- use a model


def _writing(command: Any) -> Any:
    """The options of models that write; None leaves each as its task has it."""
    for flag, kind, about in reversed((
        ("--max-new-tokens", click.IntRange(1), "How many tokens at most."),
        ("--min-new-tokens", click.IntRange(0), "How many at least."),
        ("--num-beams", click.IntRange(1), "How many beginnings a search goes on with; 1 always takes the likeliest."),
        ("--n-best", click.IntRange(1), "Give so many texts, the best first."),
        ("--length-penalty", float, "Of a search: 0 prefers short texts, above 1 long ones."),
        ("--coverage-penalty", float, "Of a search: above 0 prefers what looked at all of the input."),
        ("--no-repeat-ngram", click.IntRange(0), "Never say so many tokens in a row twice."),
        ("--temperature", float, "Draw words, the more freely the higher; 0 searches."),
        ("--top-k", click.IntRange(0), "Draw among so many; 0 for all."),
        ("--top-p", float, "Draw among those that make up this probability."),
        ("--repetition-penalty", float, "Of a draw: above 1 avoids what was said."),
        ("--seed", int, "The same seed draws the same text."),
    )):  # fmt: skip
        command = click.option(flag, type=kind, help=f"Models that write: {about[0].lower()}{about[1:]}")(
            command
        )
    return command


def _given(model: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The options of writing that were given; an error where the model has them not."""
    given = {name: value for name, value in values.items() if value is not None}
    if set(given) <= {"num_beams"} and getattr(model.source, "decodes", False):
        return given
    if given and not model.writes:
        raise UsageError(
            f"--{next(iter(given)).replace('_', '-')} is for models that write; this one does {model.spec.task}."
        )
    return given


def _kept(command: Any) -> Any:
    """The options of what a live stream begins with and leaves."""
    path = click.Path(exists=True, dir_okay=False)
    load = click.option("--load", metavar="FILE", type=path, help="Go on from what was saved in FILE.")
    save = click.option("--save", metavar="FILE", help="Keep the state in FILE at the end.")
    return load(save(command))


def _saved(load: str | None, save: str | None) -> bytes | None:
    """What a stream goes on from; where its end is to be kept is looked at now, not when it is there."""
    from hitherto import files

    if save:
        files.place(save, "--save")
    return Path(load).read_bytes() if load else None


_weights = click.option(
    "--weights",
    type=click.Choice(["float32", "bfloat16", "int8"]),
    default="float32",
    help="How the weights are held in memory; fewer bits are faster and a little less exact.",
)


def _reading(command: Any) -> Any:
    """The options of what data look like, where it is not as in training; None leaves each as it was there."""
    for flag, about in reversed((
        ("--input", "The input column, by name or number, where it is not that of training; repeat it for several."),
        ("--output", "The output column, or the series to forecast, likewise."),
        ("--id", "The column that tells sequences or series apart, likewise."),
        ("--time", "The column of times, likewise."),
        ("--format", "What the file is: csv, tsv, jsonl, txt or parquet."),
        ("--delimiter", "What separates columns."),
        ("--encoding", "The text's encoding."),
        ("--decimal", "The decimal mark of numbers, . or a comma."),
        ("--na", "A further word for a missing value; several between commas, or repeat it."),
    )):  # fmt: skip
        command = click.option(flag, multiple=flag in ("--input", "--output", "--na"), help=about)(command)
    return click.option(
        "--header/--no-header", default=None, help="Whether the first line names the columns."
    )(command)


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """What was said of the data; the other options stay in `values`."""
    from hitherto.sources.given import READING

    given = {name: values.pop(name) for name in READING}
    return {name: value for name, value in given.items() if value not in (None, ())}


@cli.command(short_help="Measure a model on labelled data.")
@click.argument("bundle")
@_weights
@click.argument("data", required=False)
@click.option("--source", metavar="FILE", help="A file with an input a line, in place of DATA.")
@click.option("--target", metavar="FILE", help="The file with the outputs to --source, line by line.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--start", help="Forecasts: score from this time on.")
@click.option("--stride", type=click.IntRange(1), help="Forecasts: steps between the origins.")
@_reading
@_writing
def evaluate(
    bundle: str,
    weights: str,
    data: str | None,
    source: str | None,
    target: str | None,
    as_json: bool,
    start: str | None,
    stride: int | None,
    **options: Any,
) -> None:
    """Measure the model in BUNDLE on labelled DATA: metrics by name.

    \b
    Example: hitherto evaluate spam.safetensors test.tsv --json
             hitherto evaluate spam.safetensors other.csv --input message --output kind
    """  # noqa: D301 - the \b is a sign to click: lines stay as they are
    import hitherto

    model = hitherto.open(bundle, weights=weights)
    told = _told(options)
    given = {name: value for name, value in (("start", start), ("stride", stride)) if value is not None}
    if given and model.spec.task != "forecast":
        raise UsageError(f"--{next(iter(given))} is for forecasts; this model does {model.spec.task}.")
    if (data is None) == (source is None) or (source is None) != (target is None):
        raise UsageError("give DATA, or both of --source and --target.")
    pair: Any = (source, target) if data is None else Path(data)
    with Display().working():
        results = model.examine(pair, **told, **given, **_given(model, options))
    signature, by = results.details.get("signature"), results.details.get("by", {})
    if as_json:
        finite = {k: v if math.isfinite(v) else None for k, v in results.metrics.items()}
        extra = {"signature": signature} if signature else {}
        click.echo(json.dumps({**finite, **extra, **({"by": by} if by else {})}))
        return
    for name, value in results.metrics.items():
        click.echo(f"{name:20} {value:.6g}")
    if signature:
        click.echo(f"{'signature':20} {signature}")
    for value, row in by.items():
        click.echo(f"{value:20} " + "  ".join(f"{name} {number:.4g}" for name, number in row.items()))


@cli.command(short_help="Answer for new data.")
@click.argument("bundle")
@_weights
@click.argument("data", required=False)
@click.option(
    "--out", metavar="FILE", help="Write here; the ending says whether .csv, .tsv, .jsonl or .parquet."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
@click.option("--text", "given_text", multiple=True, help="An input itself, in place of a file.")
@click.option(
    "--keep",
    metavar="COLUMN",
    multiple=True,
    help="Give this column of DATA with each answer; several between commas, or repeat it. A row's number, ids and "
    "times always stay.",
)
@click.option(
    "--threshold", type=click.FloatRange(0, 1), help="Say the positive class from this probability on."
)
@click.option(
    "--anomalies", type=click.IntRange(1), help="Forecasts: score the surprise of so many newest points."
)
@click.option("--attention", is_flag=True, help="Models that write: also where they looked (with --json).")
@_reading
@_writing
def predict(
    bundle: str,
    weights: str,
    data: str | None,
    out: str | None,
    as_json: bool,
    given_text: tuple[str, ...],
    keep: tuple[str, ...],
    threshold: float | None,
    anomalies: int | None,
    attention: bool,
    **options: Any,
) -> None:
    """Answer for every row of DATA with the model in BUNDLE. DATA may be - for standard input: a table with a header,
    JSON lines, or an input a line.

    \b
    Example: hitherto predict spam.safetensors new.tsv --out answers.csv --keep sender,subject
             hitherto predict tagger.safetensors --text "ann went to oslo"
    """  # noqa: D301 - the \b is a sign to click: lines stay as they are
    import hitherto
    from hitherto import answers

    model = hitherto.open(bundle, weights=weights)
    told = _told(options)
    if (data is None) == (not given_text):
        raise UsageError("give DATA or --text, one of the two.")
    if threshold is not None and model.spec.task != "classify":
        raise UsageError(f"--threshold is for classify; this model does {model.spec.task}.")
    if attention and not as_json:
        raise UsageError("--attention is a table for each answer: add --json.")
    if attention and not model.writes:
        raise UsageError(f"--attention is for models that write; this one does {model.spec.task}.")
    ending = answers.format_of(out, "--out") if out else "jsonl" if as_json else "tsv"
    if as_json and ending != "jsonl":
        raise UsageError(
            f"--json writes JSON lines, but {out} is {ending}; end it in .jsonl, or leave --json out."
        )
    source = _asked(model, data, given_text, told)
    given = {
        **({} if threshold is None else {"threshold": threshold}),
        **({"attention": True} if attention else {}),
        **_given(model, options),
    }
    if anomalies:
        with Display().working():
            rows: Any = model.anomalies(source, anomalies, **told)
    else:
        columns = [name for several in keep for name in several.split(",")]
        with Display().working():
            rows = model.predict(source, details=True, keep=columns, **given, **told)
    rows = answers.spread(rows)
    separator = model.spec.data.separator or " "
    if out:
        answers.write(rows, out, separator)
    else:
        answers.write_rows(rows, ending, sys.stdout, separator, digits=9)


@cli.command(short_help="Write, play or draw on from a prompt.")
@click.argument("bundle")
@_weights
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
            from hitherto.codecs.notes import write_roll

            write_roll(out, made, codec.step)
        else:
            files.write(out, json.dumps(made) + "\n")
    elif not music:
        from hitherto.codecs import strokes

        draw = strokes.draw if ending == ".svg" else strokes.png
        draw(made, out)
    elif ending == ".mid":
        from hitherto.midi import write_midi

        write_midi(out, codec.score(made))
    elif ending == ".svg":
        from hitherto.codecs import notes

        notes.draw(codec.score(made), out)
    else:
        from hitherto.codecs.audio import write_wav
        from hitherto.codecs.notes import tones

        write_wav(out, tones(codec.score(made)), 44_100)
    return f"{out}\n"


@cli.command(short_help="The most probable next words.")
@click.argument("bundle")
@_weights
@click.argument("text")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def suggest(bundle: str, weights: str, text: str, k: int, as_json: bool) -> None:
    """The k most probable next words after TEXT, or ends of its last word, with their probabilities.

    Example: hitherto suggest book.safetensors "the right of the pe"
    """
    import hitherto

    found = hitherto.open(bundle, weights=weights).suggest(text, k)
    if as_json:
        click.echo(json.dumps(dict(found), ensure_ascii=False))
        return
    if not found:
        click.echo(f"no word is known that goes on from {text!r:.60}", err=True)
    for word, probability in found:
        click.echo(f"{probability:7.2%}  {word}")


@cli.command(short_help="Answer line by line, as it comes.")
@click.argument("bundle")
@_weights
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
@_kept
@_reading
@_writing
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
    from hitherto.runtime.feed import Feed

    saved = _saved(load, save)
    if audio_rate is not None and audio is None:
        raise UsageError("--audio-rate is of the raw samples that --audio hears.")
    model = hitherto.open(bundle, weights=weights)
    told = _told(options)
    live = model.stream(**_given(model, options))
    lines = _lines(model, told)
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
        _mute()
        status = 141
    finally:
        if save and kept:
            from hitherto import files

            files.write(save, kept)
    return status


def _follow(feed: Any, lines: Any, show: Any) -> None:
    """Answer line by line; what is wrong with one is said with its number."""
    from hitherto.lines import STDIN

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


def _asked(model: Any, data: str | None, texts: tuple[str, ...], told: dict[str, Any]) -> Any:
    """What predict is to answer for."""
    from hitherto.lines import Lines

    if texts:
        if not _reads_numbers(model):
            return list(texts)
        names, decimal = model.reader(**told).reads, model.spec.data.decimal
        return Lines(texts, names, text=False, format="txt", decimal=decimal, path=Path("--text")).table()
    if data == "-":
        return _lines(model, told).table()
    path = Path(data or "")
    if _reads_text(model) and not path.exists():
        raise DataError("there is no such file; --text answers for a text itself", path=path)
    return path


def _reads_numbers(model: Any) -> bool:
    from hitherto.codecs.series import SeriesCodec

    return isinstance(model.codecs.get("input"), SeriesCodec)


def _reads_text(model: Any) -> bool:
    from hitherto.codecs.text import TextCodec

    return isinstance(model.codecs.get("input", model.codecs.get("text")), TextCodec)


def _lines(model: Any, told: dict[str, Any]) -> Any:
    """Standard input as lines of what the model reads."""
    from hitherto.lines import Lines

    if isinstance(sys.stdin, io.TextIOWrapper):
        try:
            sys.stdin.reconfigure(encoding=told.get("encoding") or "utf-8-sig", errors="strict")
        except LookupError as error:
            raise UsageError(
                f"there is no encoding {told['encoding']!r}; try utf-8, latin-1 or utf-16."
            ) from error
    source = model.reader(**told)
    asked: dict[str, Any] = {name: told.get(name) for name in ("format", "header", "delimiter")}
    asked["decimal"] = source.spec.data.decimal
    return Lines(sys.stdin, source.reads, text=not _reads_numbers(model), **asked)


def _hear(live: Any, path: str, rate: int | None, show: Any, as_json: bool) -> tuple[str, DataError | None]:
    """Sound in tenths of a second: what is sure as it is sure, and at a terminal what it seems to be meanwhile.

    Gives what of a text was not printed for good, and what was wrong with the end of the sound.
    """
    from hitherto.codecs.audio import AudioStream, Sound

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
        from hitherto.codecs.audio import read_sound

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


@cli.command(short_help="Talk with a model.")
@click.argument("bundle")
@_weights
@_kept
@_writing
def chat(bundle: str, weights: str, load: str | None, save: str | None, **decoding: Any) -> None:
    """Talk with the chat model in BUNDLE: a line is a turn. /new forgets what was said, /quit ends.

    Example: hitherto chat helper.safetensors --temperature 0.7
    """
    import hitherto

    saved = _saved(load, save)
    model = hitherto.open(bundle, weights=weights)
    if model.spec.task != "chat":
        raise UsageError(f"chat is for chat models; this one does {model.spec.task}. Use predict.")
    if decoding["n_best"]:
        raise UsageError("--n-best: a conversation has one reply to a turn; predict gives several.")
    live = model.stream(saved, **_given(model, decoding))
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


# ------------------------------------------------------------------------------------------------------- doctor


@cli.command(short_help="Say what runs here; check the promises.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> int:
    """Say what is installed and which kernels run here, and check the promises on this machine.

    Takes seconds. Exits 1 if a promise does not hold.

    Example: hitherto doctor --json
    """
    report = examine()
    click.echo(json.dumps(report, indent=2) if as_json else render(report))
    return 0 if all(promise["ok"] for promise in report["promises"]) else 1


def examine() -> Report:
    """What `doctor` reports, as JSON would hold it; where a part is empty, `notes` says why."""
    notes: list[str] = []
    packages = package_versions()
    threads: int | None = None
    paths: dict[str, str] = {}
    promises: list[Report] = []
    # The layers first: with torch in the process the kernels choose torch's threads, as they do in use.
    if packages["torch"]:
        threads, paths, promises = layer_threads(), layer_paths(), check_promises()
    else:
        notes.append(
            "torch is not installed, so layers and promises were not checked. "
            "Install it with: pip install 'hitherto[train]'"
        )
    native, reason = native_info()
    if reason:
        notes.append(reason)
    return {
        "hitherto": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": available_cpus(),
        "packages": packages,
        "native": native,
        "runtime": "numpy" if native is None or reason else "compiled",
        "threads": threads,
        "paths": paths,
        "promises": promises,
        "notes": notes,
    }


def package_versions() -> dict[str, str | None]:
    """The installed version of every package in PACKAGES, None where it is absent; imports none of them."""
    from importlib.metadata import version
    from importlib.util import find_spec

    return {name: version(name) if find_spec(module) else None for name, module in PACKAGES.items()}


def available_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def native_info() -> tuple[Report | None, str | None]:
    """The extension's `info()`, or None; and why it is missing or unused, where it is."""
    from hitherto import native

    extension, missing = native.load()
    if extension is None:
        return None, f"{missing}: layers run through the slower reference, and trained models in numpy"
    return extension.info(), f"{native.why_not()}: the extension is not used" if native.pure() else None


def layer_threads() -> int:
    """How many threads a layer uses: as many as torch."""
    import torch

    return torch.get_num_threads()


def layer_paths() -> dict[str, str]:
    """Layer -> the path that it takes here and why, for every kind of layer."""
    import torch

    import hitherto

    x = torch.zeros(2, 1, 8)  # [T, B, I]
    layers = {
        "RNN tanh": hitherto.RNN(8, 8),
        "RNN relu": hitherto.RNN(8, 8, nonlinearity="relu"),
        "LSTM": hitherto.LSTM(8, 8),
        "GRU reset after": hitherto.GRU(8, 8),
        "GRU reset before": hitherto.GRU(8, 8, reset="before"),
    }
    return {name: hitherto.explain_path(layer, x) for name, layer in layers.items()}


def check_promises() -> list[Report]:
    """Every promise of every cell, checked on this machine in seconds."""
    from hitherto.cells import CELLS
    from hitherto.checks import check_cell

    return [
        {"cell": cell, "promise": promise, "ok": ok, "detail": detail}
        for cell in CELLS
        for promise, ok, detail in check_cell(cell, quick=True)
    ]


def render(report: Report) -> str:
    """The report of `doctor` for a person to read."""
    packages = [f"{name} {version or 'not installed'}" for name, version in report["packages"].items()]
    lines = [
        *column("hitherto", [report["hitherto"]]),
        *column("python", [f"{report['python']}, {report['platform']}, {report['cpus']} CPUs"]),
        *column("packages", [", ".join(packages)]),
        *column("kernels", describe_kernels(report["native"], report["threads"])),
        *column("runtime", [report["runtime"]]),
        *column("paths", [f"{layer}: {path}" for layer, path in report["paths"].items()]),
        *column("promises", [describe_promise(promise) for promise in report["promises"]]),
        *column("notes", report["notes"]),
    ]
    return "\n".join(lines)


def column(title: str, entries: Sequence[str]) -> list[str]:
    """`entries` under one another, the first beside `title`."""
    return [f"{'' if row else title:10}{entry}" for row, entry in enumerate(entries)]


def describe_kernels(native: Report | None, threads: int | None) -> list[str]:
    if native is None:
        return ["none: the reference in Python runs"]
    return [
        f"{native['isa']}; usable here: {', '.join(native['isas'])}",
        *([f"{threads} threads, of the {native['pool']} pool"] if threads else []),
        f"built by {native['compiler']}",
    ]


def describe_promise(promise: Report) -> str:
    line = f"{'holds' if promise['ok'] else 'FAILS'}  {promise['cell']:5} {promise['promise']}"
    return line if promise["ok"] else f"{line}: {promise['detail']}"
