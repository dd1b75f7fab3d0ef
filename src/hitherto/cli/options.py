"""Options that several verbs have, and how `--help` lists them: in groups, each with its default."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from hitherto.errors import UsageError

if TYPE_CHECKING:
    from hitherto import Model

__all__ = [
    "Flag",
    "Values",
    "Verb",
    "cache_of",
    "caching",
    "decoding_of",
    "decoding_options",
    "json_option",
    "option",
    "reading",
    "reading_of",
    "saved_in",
    "saving",
    "weights_option",
]

# Group -> its heading in `--help`, in this order.
GROUPS = {
    "data": "Data options",
    "model": "Model options",
    "training": "Training options",
    "decoding": "Decoding options",
    "other": "Other options",
}

Function = TypeVar("Function", bound=Callable[..., object])
Attributes: TypeAlias = Any  # arguments of click's classes, which have many types
Values: TypeAlias = dict[str, Any]  # options by name, whose types differ


class Flag(click.Option):
    """An option of a group. `shown` is its default in words, which the help text ends with."""

    def __init__(
        self,
        names: list[str],
        *,
        help: str,  # noqa: A002 - as click has it
        group: str = "other",
        shown: str = "",
        **attributes: Attributes,
    ) -> None:
        super().__init__(names, help=f"{help} [default: {shown}]" if shown else help, **attributes)
        self.group = group

    def make_metavar(self, ctx: click.Context) -> str:
        """A short word for the value."""
        return {"integer": "N", "integer range": "N", "float": "X", "float range": "X"}.get(
            self.type.name
        ) or super().make_metavar(ctx)


class Verb(click.Command):
    """A command whose `--help` lists its options in groups. `late` gives options of a table that is imported late."""

    def __init__(
        self, *positional: Attributes, late: Callable[[], Iterable[Flag]] = tuple, **attributes: Attributes
    ) -> None:
        super().__init__(*positional, **attributes)
        self._late = functools.cache(lambda: tuple(late()))

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *self._late()]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = None if isinstance(parameter, click.Argument) else parameter.get_help_record(ctx)
            if record is not None:
                group = parameter.group if isinstance(parameter, Flag) else "other"
                rows.setdefault(group, []).append(record)
        for group, heading in GROUPS.items():
            if group in rows:
                with formatter.section(heading):
                    formatter.write_dl(rows[group])


def option(
    *names: str,
    help: str,  # noqa: A002
    group: str = "other",
    shown: str = "",
    **attributes: Attributes,
) -> Callable[[Function], Function]:
    """A decorator that gives a verb an option."""
    return click.option(*names, cls=Flag, help=help, group=group, shown=shown, **attributes)


json_option = option("as_json", "--json", is_flag=True, help="Print JSON, for programs.")

weights_option = option(
    "--weights",
    group="model",
    type=click.Choice(["float32", "bfloat16", "int8"]),
    default="float32",
    shown="float32",
    help="Precision of the weights in memory; fewer bits are faster and slightly less accurate.",
)

# Decoding options whose default a model or its task has, with that default in words.
_OF_MODEL = {
    "max_new_tokens": "from the training data",
    "num_beams": "from the task",
    "no_repeat_ngram": "from the task",
    "seed": "random",
}


def decoding_options(shown: Mapping[str, str] = _OF_MODEL) -> Iterator[Flag]:
    """The options of decoding. One that is None keeps its default, which `shown` may have in words."""
    from hitherto.decode import OPTIONS

    for row in OPTIONS.values():
        yield Flag(
            ["--" + row.name.replace("_", "-")],
            help=row.help,
            group="decoding",
            shown=shown.get(row.name, "" if row.default is None else f"{row.default:g}"),
            type=row.type if row.low is None else click.IntRange(row.low),
        )


def decoding_of(model: "Model", values: Mapping[str, object]) -> Values:
    """The decoding options that the user set; a UsageError if the model has no use for one."""
    options = {name: value for name, value in values.items() if value is not None}
    if not model.writes and not (model.source.decodes and options.keys() <= {"num_beams"}):
        for name in options:
            raise UsageError(
                f"--{name.replace('_', '-')} is for models that write; this one does {model.spec.task}."
            )
    return options


_CACHE = ("cache", "cache_theta", "cache_lambda")


def caching(command: Function) -> Function:
    """The options of a language model's cache of what it has read."""
    about = (
        (int, "", "Language models: words that followed in the last N places become more probable."),
        (float, "0.3", "Cache: how much more a place counts whose state is like the present one."),
        (float, "0.1", "Cache: its part of the probability, from 0 to 1."),
    )
    for name, (kind, shown, text) in reversed(list(zip(_CACHE, about, strict=True))):
        flag = "--" + name.replace("_", "-")
        command = option(flag, group="decoding", type=kind, shown=shown, help=text)(command)
    return command


def cache_of(model: "Model", values: dict[str, object]) -> Values:
    """Take the options of a cache out of `values`: those that the user set."""
    options = {name: value for name in _CACHE if (value := values.pop(name)) is not None}
    if options and not model.source.remembers:
        name = next(iter(options)).replace("_", "-")
        raise UsageError(f"--{name} is for language models; this one does {model.spec.task}.")
    return options


def saving(command: Function) -> Function:
    """The options of a stream's state: where it comes from, and where it goes."""
    path = click.Path(exists=True, dir_okay=False)
    load = option("--load", metavar="FILE", type=path, help="Continue from the state saved in FILE.")
    return load(option("--save", metavar="FILE", help="Save the state to FILE at the end.")(command))


def saved_in(load: str | None, save: str | None) -> bytes | None:
    """The state to continue from. Checks now, not at the end, that the file to save to can be written."""
    from hitherto import files

    if save:
        files.place(save, "--save")
    return Path(load).read_bytes() if load else None


# Name -> help, of the options that say how new data differ from the training data.
_READING = {
    "input": "Input column, by name or number; repeat for several.",
    "output": "Output column, or the series to forecast; repeat for several.",
    "id": "Column that identifies the sequence or series of a row.",
    "time": "Column of times.",
    "format": "File format: csv, tsv, jsonl, txt or parquet.",
    "header": "Whether the first line holds the column names.",
    "delimiter": "Column separator.",
    "encoding": "Text encoding.",
    "decimal": "Decimal mark of numbers: . or a comma.",
    "na": "Additional marker of a missing value; separate several by commas, or repeat.",
}


def reading(command: Function) -> Function:
    """The options of the data's columns and format. An option that is None keeps what training used."""
    names = {name: f"--{name}" for name in _READING} | {"header": "--header/--no-header"}
    for name, about in reversed(_READING.items()):
        several = name in ("input", "output", "na")
        command = option(
            names[name], group="data", default=None, multiple=several, shown="as in training", help=about
        )(command)
    return command


def reading_of(values: dict[str, object]) -> Values:
    """Take the options of the data's columns and format out of `values`: those that the user set."""
    from hitherto.tasks.given import READING

    options = {name: values.pop(name) for name in READING}
    return {name: value for name, value in options.items() if value not in (None, ())}
