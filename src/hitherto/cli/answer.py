"""`evaluate`, `predict` and `suggest`."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hitherto.cli.display import Display
from hitherto.cli.inputs import inputs_of
from hitherto.cli.options import (
    Values,
    Verb,
    cache_of,
    caching,
    decoding_of,
    decoding_options,
    json_option,
    option,
    reading,
    reading_of,
    weights_option,
)
from hitherto.errors import UsageError

if TYPE_CHECKING:
    from hitherto import Model
    from hitherto.tasks.base import Results

__all__ = ["evaluate", "predict", "suggest"]


@click.command(cls=Verb, late=decoding_options, short_help="Measure a model on labelled data.")
@click.argument("bundle")
@weights_option
@click.argument("data", required=False)
@option("--source", group="data", metavar="FILE", help="File with one input per line, instead of DATA.")
@option("--target", group="data", metavar="FILE", help="File with the outputs for --source, one per line.")
@option(
    "--start",
    group="data",
    shown="the first possible time",
    help="Forecasts: first time to score.",
)
@option(
    "--stride",
    group="data",
    type=click.IntRange(1),
    shown="1",
    help="Forecasts: steps between the origins.",
)
@option(
    "--dynamic",
    group="decoding",
    type=click.FloatRange(0),
    metavar="RATE",
    help="Language models: learn from the text as it is measured, at this learning rate; needs PyTorch.",
)
@option(
    "--dynamic-steps",
    group="decoding",
    type=click.IntRange(1),
    shown="20",
    help="Dynamic: tokens that are scored, and then learned from.",
)
@option(
    "--dynamic-decay",
    group="decoding",
    type=click.FloatRange(0, 1),
    shown="0",
    help="Dynamic: share of the way back to the trained weights after each update.",
)
@caching
@json_option
@reading
def evaluate(
    bundle: str,
    weights: str,
    data: str | None,
    source: str | None,
    target: str | None,
    start: str | None,
    stride: int | None,
    dynamic: float | None,
    dynamic_steps: int | None,
    dynamic_decay: float | None,
    as_json: bool,
    **options: object,
) -> None:
    """Measure the model in BUNDLE on labelled DATA, and print its metrics.

    \b
    Example: hitherto evaluate spam.safetensors test.tsv --json
             hitherto evaluate spam.safetensors other.csv --input message --output kind
    """  # noqa: D301 - the \b is a sign to click: lines stay as they are
    import hitherto

    model = hitherto.open(bundle, weights=weights)
    columns = reading_of(options)
    origins = {name: value for name, value in (("start", start), ("stride", stride)) if value is not None}
    if origins and not model.source.foresees:
        raise UsageError(f"--{next(iter(origins))} is for forecasts; this model does {model.spec.task}.")
    if (data is None) == (source is None) or (source is None) != (target is None):
        raise UsageError("give DATA, or both of --source and --target.")
    pairs = (source, target) if data is None else Path(data)
    cache = cache_of(model, options)
    learning = {"steps": dynamic_steps, "decay": dynamic_decay}
    learning = {name: value for name, value in learning.items() if value is not None}
    if dynamic is None and learning:
        raise UsageError(
            f"--dynamic-{next(iter(learning))} counts only with --dynamic; add that, or leave it out."
        )
    if dynamic is not None and cache:
        raise UsageError("--dynamic and --cache are two ways to use what was read; leave one of them out.")
    with Display().working():
        if dynamic is None:
            results = model.examine(pairs, **columns, **origins, **cache, **decoding_of(model, options))
        else:
            results = _dynamic(model, pairs, dynamic, {**learning, **columns, **decoding_of(model, options)})
    (_print_json if as_json else _print)(model, results)


def _print_json(model: "Model", results: "Results") -> None:
    """One object: the metrics, and what they stand beside."""
    extra: Values = {name: results.details[name] for name in ("signature", "by") if results.details.get(name)}
    if results.baselines:
        extra["baselines"] = {name: _finite(row) for name, row in results.baselines.items()}
    if model.baselines:
        extra["validation"] = {"metrics": _finite(model.metrics), "baselines": model.baselines}
    click.echo(json.dumps({**_finite(results.metrics), **extra}))


def _print(model: "Model", results: "Results") -> None:
    """A line for each metric, and tables of the baselines."""
    import hitherto

    signature, by = results.details.get("signature"), results.details.get("by", {})
    for name, value in results.metrics.items():
        click.echo(f"{name:20} {value:.6g}")
    if signature:
        click.echo(f"{'signature':20} {signature}")
    for value, row in by.items():
        click.echo(f"{value:20} " + "  ".join(f"{name} {number:.4g}" for name, number in row.items()))
    names = hitherto.TASKS[model.spec.task].metrics
    _beside("baselines on these data", names, results.baselines)
    trained = {"the model": model.metrics, **model.baselines} if model.baselines else {}
    _beside("on the validation data of its training", names, trained)


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    """As JSON has them."""
    return {k: v if v is not None and math.isfinite(v) else None for k, v in metrics.items()}


def _beside(title: str, metrics: Sequence[str], rows: Mapping[str, Mapping[str, float | None]]) -> None:
    """Metrics by name of several that answer, a line each."""
    if rows:
        click.echo(f"\n{title}")
    for name, row in rows.items():
        values = [(n, row.get(n)) for n in metrics]
        click.echo(
            f"  {name:42} " + "  ".join(f"{n} {value:.4g}" for n, value in values if value is not None)
        )


def _dynamic(model: "Model", data: object, rate: float, options: Values) -> "Results":
    """The metrics of a language model that learns from the text as it is measured."""
    from hitherto.training.run import need_torch

    need_torch("dynamic evaluation")
    from hitherto.training.dynamic import evaluate as measured

    return measured(model, data, rate=rate, **options)


@click.command(cls=Verb, late=decoding_options, short_help="Predict an answer for each input.")
@click.argument("bundle")
@weights_option
@click.argument("data", required=False)
@option(
    "--text", "texts", group="data", multiple=True, help="The input itself, instead of DATA; repeat for several."
)  # fmt: skip
@option(
    "--keep",
    group="data",
    metavar="COLUMN",
    multiple=True,
    help="Add this column of DATA to each answer; separate several by commas, or repeat. An answer always has the "
    "number of its row, its ids and its times.",
)
@option(
    "--threshold",
    group="decoding",
    type=click.FloatRange(0, 1),
    shown="0.5",
    help="Two classes, or several labels at once: least probability of the positive class, or of each label.",
)
@option(
    "--anomalies",
    type=click.IntRange(1),
    metavar="N",
    help="Forecasts: score how surprising each of the N newest points is.",
)
@option("--attention", is_flag=True, help="Models that write: add the attention weights; needs --json.")
@option(
    "--out",
    metavar="FILE",
    shown="standard output",
    help="Write to FILE; its ending sets the format: .csv, .tsv, .jsonl or .parquet.",
)
@option("as_json", "--json", is_flag=True, help="Print one JSON object per line.")
@option(
    "--ray",
    is_flag=True,
    help="Predict on the machines of a Ray cluster: DATA and --out are folders with files of Parquet.",
)
@reading
def predict(
    bundle: str,
    weights: str,
    data: str | None,
    out: str | None,
    as_json: bool,
    texts: tuple[str, ...],
    keep: tuple[str, ...],
    threshold: float | None,
    anomalies: int | None,
    attention: bool,
    ray: bool,
    **options: object,
) -> None:
    """Predict an answer for each row of DATA with the model in BUNDLE. DATA is a file; - reads standard input: a table
    with a header, JSON lines, or one input per line.

    \b
    Example: hitherto predict spam.safetensors new.tsv --out answers.csv --keep sender,subject
             hitherto predict tagger.safetensors --text "ann went to oslo"
    """  # noqa: D301 - the \b is a sign to click: lines stay as they are
    import hitherto
    from hitherto.data import answers

    model = hitherto.open(bundle, weights=weights)
    columns = reading_of(options)
    task = hitherto.TASKS[model.spec.task]
    if (data is None) == (not texts):
        raise UsageError("give DATA or --text, one of the two.")
    if threshold is not None and (task.form, task.output) != ("many_to_one", "label"):
        raise UsageError(f"--threshold is for models that label whole inputs; this one does {task.name}.")
    if attention and not as_json:
        raise UsageError("--attention is a table for each answer: add --json.")
    if attention and not model.writes:
        raise UsageError(f"--attention is for models that write; this one does {task.name}.")
    if anomalies and not model.source.foresees:
        raise UsageError(f"--anomalies is for forecasts; this model does {task.name}.")
    names = [name for several in keep for name in several.split(",")]
    details: Values = {
        **({} if threshold is None else {"threshold": threshold}),
        **({"attention": True} if attention else {}),
        **decoding_of(model, options),
    }
    if ray:
        if data is None or out is None or as_json or anomalies or attention:
            raise UsageError(
                "--ray reads and writes Parquet: hitherto predict BUNDLE FOLDER --ray --out FOLDER."
            )
        _over_ray(bundle, data, out, {"weights": weights, "keep": names, **details, **columns})
        return
    ending = answers.format_of(out, "--out") if out else "jsonl" if as_json else "tsv"
    if as_json and ending != "jsonl":
        raise UsageError(
            f"--json writes JSON lines, but {out} is {ending}; end it in .jsonl, or leave --json out."
        )
    inputs = inputs_of(model, data, texts, columns)
    with Display().working():
        if anomalies:
            rows = model.anomalies(inputs, anomalies, **columns)
        else:
            rows = model.predict(inputs, details=True, keep=names, **details, **columns)
    separator = model.spec.data.separator or " "
    if out:
        answers.write(answers.spread(rows), out, separator)
    else:
        answers.write_rows(answers.spread(rows), ending, sys.stdout, separator, digits=9)


def _over_ray(bundle: str, data: str, out: str, options: Values) -> None:
    """Predict on a cluster, and write a folder of Parquet."""
    from hitherto.connect import ray

    ray.predict(bundle, data, **options).write_parquet(str(Path(out).resolve()))


@click.command(cls=Verb, short_help="Suggest the most probable next words.")
@click.argument("bundle")
@weights_option
@click.argument("text")
@option("-k", default=5, shown="5", type=click.IntRange(1), help="Number of suggestions.")
@caching
@json_option
def suggest(bundle: str, weights: str, text: str, k: int, as_json: bool, **options: object) -> None:
    """Suggest the k most probable next words after TEXT, or endings of its last word, with their probabilities.

    Example: hitherto suggest book.safetensors "the right of the pe"
    """
    import hitherto

    model = hitherto.open(bundle, weights=weights)
    words = model.suggest(text, k, **cache_of(model, options))
    if as_json:
        click.echo(json.dumps(dict(words), ensure_ascii=False))
        return
    if not words:
        click.echo(f"the model knows no word that continues {text!r:.60}", err=True)
    for word, probability in words:
        click.echo(f"{probability:7.2%}  {word}")
