"""`train`: a command for each task, its options those of its spec."""

import json
from pathlib import Path
from typing import Any

import click

from hitherto.cli.display import Display
from hitherto.errors import UsageError


class _Tasks(click.Group):
    """`train TASK` with the options of that task; `train FILE.toml` with those of the file's.

    `train --resume RUN` is `train TASK --resume RUN`, of the run's own task.
    """

    def list_commands(self, _ctx: click.Context) -> list[str]:
        from hitherto.spec.tasks import TASKS

        return list(TASKS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = next((i for i, arg in enumerate(args) if arg.partition("=")[0] == "--resume"), None)
        if at is not None and args[0].startswith("-"):
            from hitherto.training.run import spec_of

            run = args[at].partition("=")[2] or next(iter(args[at + 1 :]), "")
            args = [spec_of(Path(run)).task, *args] if run else args
        return super().parse_args(ctx, args)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        from hitherto import spec as specs
        from hitherto.errors import nearest
        from hitherto.spec.tasks import TASKS

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


@click.command(cls=_Tasks, invoke_without_command=True, short_help="Learn a task from data.")
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
    from hitherto.spec.tasks import TASKS

    row = TASKS[task]

    def call(data: str | None, out: str | None, resume: str | None, as_json: bool, **values: Any) -> None:
        from hitherto import spec as specs

        given = {
            name: _plain(name, value) for name, value in values.items() if value is not None and value != ()
        }
        known = specs.read(toml) if toml else None
        if resume is not None:
            from hitherto.training.run import spec_of

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
        "handwrite": "generate {} " + ("TEXT " if model.source.says else "") + "--out DRAWING.svg",
    }
    verb = verbs.get(model.spec.task, "predict {} NEW-DATA")
    return "hitherto " + verb.format(model.path)
