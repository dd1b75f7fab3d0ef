"""`evaluate`, `predict` and `suggest`."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import click

from hitherto.cli.display import Display
from hitherto.cli.inputs import asked_for
from hitherto.cli.options import given_of, reading, told_of, weights_option, writing
from hitherto.errors import UsageError

__all__ = ["predict"]


@click.command(short_help="Measure a model on labelled data.")
@click.argument("bundle")
@weights_option
@click.argument("data", required=False)
@click.option("--source", metavar="FILE", help="A file with an input a line, in place of DATA.")
@click.option("--target", metavar="FILE", help="The file with the outputs to --source, line by line.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--start", help="Forecasts: score from this time on.")
@click.option("--stride", type=click.IntRange(1), help="Forecasts: steps between the origins.")
@reading
@writing
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
    told = told_of(options)
    given = {name: value for name, value in (("start", start), ("stride", stride)) if value is not None}
    if given and model.spec.task != "forecast":
        raise UsageError(f"--{next(iter(given))} is for forecasts; this model does {model.spec.task}.")
    if (data is None) == (source is None) or (source is None) != (target is None):
        raise UsageError("give DATA, or both of --source and --target.")
    pair: Any = (source, target) if data is None else Path(data)
    with Display().working():
        results = model.examine(pair, **told, **given, **given_of(model, options))
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


@click.command(short_help="Answer for new data.")
@click.argument("bundle")
@weights_option
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
@reading
@writing
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
    from hitherto.data import answers

    model = hitherto.open(bundle, weights=weights)
    told = told_of(options)
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
    source = asked_for(model, data, given_text, told)
    given = {
        **({} if threshold is None else {"threshold": threshold}),
        **({"attention": True} if attention else {}),
        **given_of(model, options),
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


@click.command(short_help="The most probable next words.")
@click.argument("bundle")
@weights_option
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
