"""`train`: a command for each task, whose options are those of its spec."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hitherto.cli.display import Display
from hitherto.cli.options import Flag, Values, Verb
from hitherto.errors import UsageError

if TYPE_CHECKING:
    from hitherto import Model, Spec

__all__ = ["train"]


class _Tasks(click.Group):
    """`train TASK` with the options of that task; `train FILE.toml` with those of the file's task.

    `train --resume RUN` is `train TASK --resume RUN`, with the run's own task; `train --from MODEL DATA` likewise.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        from hitherto.spec.tasks import TASKS

        return list(TASKS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from hitherto.spec.tasks import TASKS

        if args and args[0] not in TASKS and not args[0].endswith(".toml"):
            run, base = (_value_of(option, args) for option in ("--resume", "--from"))
            if run and args[0].startswith("-"):
                from hitherto.training.run import spec_of

                args = [spec_of(Path(run)).task, *args]
            elif base:
                import hitherto

                args = [hitherto.open(base).spec.task, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        from hitherto import spec as specs
        from hitherto.errors import nearest
        from hitherto.spec.tasks import TASKS

        if cmd_name.endswith(".toml"):
            return _command(specs.read(cmd_name).task, cmd_name)
        if cmd_name not in TASKS:
            hint = nearest(cmd_name, TASKS)
            if Path(cmd_name).exists():
                hint = f" {cmd_name} is data; name a task first: hitherto train TASK {cmd_name}"
            raise UsageError(f"there is no task {cmd_name!r}; there are {', '.join(TASKS)}.{hint}")
        return _command(cmd_name, None)


def _value_of(option: str, args: list[str]) -> str:
    """The value of an option among arguments; empty where it is not there."""
    at = next((i for i, arg in enumerate(args) if arg.partition("=")[0] == option), None)
    return "" if at is None else args[at].partition("=")[2] or next(iter(args[at + 1 :]), "")


class _TaskCommand(Verb):
    """The command of a task. The error for an option that only other tasks have names those tasks."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from hitherto import spec as specs

        complete = list(args)  # the parser takes arguments out of `args`
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            assert self.name is not None  # noqa: S101 - the task
            others = {option.name for option in specs.options()} - {o.name for o in specs.options(self.name)}
            name = error.option_name.lstrip("-").removeprefix("no-").replace("-", "_")
            if name in others:
                raise UsageError(specs.useless(self.name, name, specs.FLAGS)) from error
            whole = next((a for a in complete if a.startswith(error.option_name) and len(a) > 2), "")
            if whole and not whole.startswith("--"):
                raise UsageError(
                    f"{whole} has one dash; options of this length have two: -{whole}."
                ) from error
            raise


@click.command(cls=_Tasks, invoke_without_command=True, short_help="Train a model for a task on data.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Continue the run in this folder. --epochs and a few other options may change.",
)
@click.option(
    "--from", "base", metavar="MODEL", help="Start from this model: go on with its task and new data."
)
@click.pass_context
def train(ctx: click.Context, resume: str | None, base: str | None) -> None:
    """Train a model for a task on data. Writes the model, one file, and a folder with the log and the report.

    TASK may also be a .toml file that holds all options. `hitherto train TASK --help` lists the options of a task.

    Example: hitherto train classify sms.tsv --input text --output label --out spam.safetensors
    """
    del resume, base  # the command of the task reads them
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        ctx.exit(2)


def _command(task: str, toml: str | None) -> click.Command:
    from hitherto.spec.tasks import TASKS

    row = TASKS[task]

    def call(
        data: str | None,
        out: str | None,
        resume: str | None,
        base: str | None,
        as_json: bool,
        **values: object,
    ) -> None:
        from hitherto import spec as specs

        chosen: Values = {
            name: _value(name, value) for name, value in values.items() if value is not None and value != ()
        }
        known = specs.read(toml) if toml else None
        if resume is not None:
            if base is not None:
                raise UsageError(
                    "a resumed run goes on from where it was: leave --from out, or start a new run."
                )
            from hitherto.training.run import spec_of

            specs.resumed(spec_of(Path(resume)), known or task, data, out, voice=specs.FLAGS, **chosen)
            _run(known or task, data, as_json, {"resume": resume, "out": out, **chosen})
            return
        spec = specs.over(known or {"task": task}, data, out, voice=specs.FLAGS, **chosen)
        specs.unused(spec, specs.FLAGS)
        first = spec.data.path or spec.data.source
        if first is None:
            raise UsageError("which data? Give a file or a folder: hitherto train TASK DATA")
        final = (
            spec.out if spec.out is not None else f"{Path(first.removesuffix('.gz')).stem}-{task}.safetensors"
        )
        if base is not None:
            _run(known or task, data, as_json, {"base": base, "out": final, **chosen})
            return
        _run(spec, None, as_json, {"out": final})

    return _TaskCommand(
        task,
        params=[
            click.Argument(["data"], required=False),
            *_options_of(task),
            Flag(["--out"], metavar="FILE", shown="DATA-TASK.safetensors", help="File of the model."),
            Flag(["--resume"], metavar="RUN", help="Continue the run in this folder."),
            Flag(
                ["base", "--from"],
                metavar="MODEL",
                help="Start from this model: of the task, to go on with new data, or one that reads texts, as an lm.",
            ),
            Flag(["as_json", "--json"], is_flag=True, help="Print the metrics as one JSON object."),
        ],
        callback=call,
        short_help=row.about,
        help=f"{row.about}\n\nExample: {row.example}",
    )


def _options_of(task: str) -> Iterator[Flag]:
    """The options of a task's spec; the data's path is an argument."""
    from hitherto.spec import choices, default_text, options

    types: dict[type, object] = {int: click.INT, float: click.FLOAT}
    for option in options(task):
        if option.name == "path":
            continue
        name = option.name.replace("_", "-")
        names = choices(option, task)
        repeat = "; repeat for several" if option.many and "repeat" not in option.about else ""
        about = f"{option.about[:1].upper()}{option.about[1:]}{repeat}."
        yield Flag(
            [f"--{name}/--no-{name}" if option.type is bool else f"--{name}"],
            help=about,
            group=option.group,
            shown=default_text(option, task),
            default=None,
            multiple=option.many,
            type=click.BOOL
            if option.type is bool
            else click.Choice(names)
            if names
            else types.get(option.type, click.STRING),
        )


def _run(task: "str | Spec", data: str | None, as_json: bool, options: Values) -> None:
    """Train, show the progress, and say what to do with the model."""
    import hitherto

    display = Display()
    try:
        with display.working():
            model = hitherto.train(task, data, say=display.say, show=display.show, **options)
    except KeyboardInterrupt as end:
        display.say(str(end) or "stopped at once; what was saved before remains")
        raise SystemExit(
            128 + getattr(end, "number", 2)
        ) from end  # `Interrupted` has one; to import it is slow
    if as_json:
        click.echo(json.dumps(model.metrics))
    elif model.path is not None:
        display.say(f"try: {_next(model)}")


def _value(name: str, value: object) -> object:
    """The value of an option. --valid is a share if it is a number, otherwise a file."""
    if name == "valid" and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _next(model: "Model") -> str:
    """A command that uses the model."""
    import hitherto

    text = "TEXT " if "text" in model.codecs else ""
    return "hitherto " + hitherto.TASKS[model.spec.task].then.format(bundle=model.path, text=text)
