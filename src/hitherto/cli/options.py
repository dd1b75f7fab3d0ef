"""Options that several verbs have."""

from pathlib import Path
from typing import Any

import click

from hitherto.errors import UsageError

__all__ = ["given_of", "keeping", "reading", "saved_in", "told_of", "weights_option", "writing"]


def writing(command: Any) -> Any:
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


def given_of(model: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The options of writing that were given; an error where the model has them not."""
    given = {name: value for name, value in values.items() if value is not None}
    if set(given) <= {"num_beams"} and model.source.decodes:
        return given
    if given and not model.writes:
        raise UsageError(
            f"--{next(iter(given)).replace('_', '-')} is for models that write; this one does {model.spec.task}."
        )
    return given


def keeping(command: Any) -> Any:
    """The options of what a live stream begins with and leaves."""
    path = click.Path(exists=True, dir_okay=False)
    load = click.option("--load", metavar="FILE", type=path, help="Go on from what was saved in FILE.")
    save = click.option("--save", metavar="FILE", help="Keep the state in FILE at the end.")
    return load(save(command))


def saved_in(load: str | None, save: str | None) -> bytes | None:
    """What a stream goes on from; where its end is to be kept is looked at now, not when it is there."""
    from hitherto import files

    if save:
        files.place(save, "--save")
    return Path(load).read_bytes() if load else None


weights_option = click.option(
    "--weights",
    type=click.Choice(["float32", "bfloat16", "int8"]),
    default="float32",
    help="How the weights are held in memory; fewer bits are faster and a little less exact.",
)


def reading(command: Any) -> Any:
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


def told_of(values: dict[str, Any]) -> dict[str, Any]:
    """What was said of the data; the other options stay in `values`."""
    from hitherto.tasks.given import READING

    given = {name: values.pop(name) for name in READING}
    return {name: value for name, value in given.items() if value not in (None, ())}
