"""`inspect`: what a model does with one input, step by step."""

import json
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hitherto import files
from hitherto.cli.display import Display
from hitherto.cli.inputs import inputs_of
from hitherto.cli.options import Values, Verb, json_option, option, reading, reading_of, weights_option
from hitherto.errors import UsageError

if TYPE_CHECKING:
    from hitherto import Model
    from hitherto.inspect import Beside, Inspection, Passage

__all__ = ["inspect"]

ROWS = 40  # steps that are printed, the last ones
UNITS = 10  # that are printed


@click.command(cls=Verb, short_help="Look into a model: memory, gates, what answers rest on.")
@click.argument("bundle")
@weights_option
@click.argument("data", required=False)
@option(
    "--text",
    "texts",
    group="data",
    multiple=True,
    help="Look at this text instead of DATA; repeat for two of them beside each other.",
)
@option("--row", group="data", type=click.IntRange(1), default=1, shown="1", help="Row of DATA to look at.")
@option(
    "--steps", group="data", type=click.IntRange(1), default=500, shown="500", help="Maximum number of steps."
)
@option(
    "--of",
    "asked",
    metavar="CLASS",
    shown="what it answers",
    help="Class, or number of the head, to ask about.",
)
@option(
    "--explain",
    type=click.IntRange(1),
    default=16,
    shown="16",
    help="Number of answers to explain, the last ones.",
)
@option("--layer", metavar="NAME", shown="the last", help="Layer that --silence and --unit are about.")
@option(
    "--silence", is_flag=True, help="Print which units the last answer needs: the score without each of them."
)
@option(
    "--unit", type=click.IntRange(0), metavar="N", help="Print the passages of DATA that move this unit most."
)
@option("--beside", metavar="BUNDLE", help="Look at another model beside this one, on the same input.")
@option("--out", metavar="FILE", help="Write a page to FILE, .html, that needs nothing else.")
@option("--npz", metavar="FILE", help="Write all arrays to FILE, .npz, for numpy.load.")
@json_option
@reading
def inspect(
    bundle: str,
    weights: str,
    data: str | None,
    texts: tuple[str, ...],
    row: int,
    steps: int,
    asked: str | None,
    explain: int,
    layer: str | None,
    silence: bool,
    unit: int | None,
    beside: str | None,
    out: str | None,
    npz: str | None,
    as_json: bool,
    **options: object,
) -> None:
    """Look at what the model in BUNDLE does with one row of DATA, or with --text: its memory and gates at each step,
    the answer after every step, what answers rest on, and how far back the gradient reaches.

    \b
    Example: hitherto inspect reviews.safetensors --text "not a good film" --out inside.html
             hitherto inspect book.safetensors --text "I am going to the" --json
    """  # noqa: D301 - the \b is a sign to click: lines stay as they are
    import hitherto
    from hitherto.inspect import beside as compared
    from hitherto.inspect import moved, silenced

    _check(data, texts, beside, {".html": out, ".npz": npz})
    model = hitherto.open(bundle, weights=weights)
    columns = reading_of(options)
    how: Values = {"row": row, "steps": steps, **columns}
    of: str | int | None = int(asked) if asked is not None and asked.isdigit() else asked
    value = _value(model, data, texts[:1], columns)
    if unit is not None:
        passages = moved(model, value, unit, layer, steps=steps, **columns)
        _print_passages(passages, as_json)
        return
    if silence:
        with Display().working():
            lost = silenced(model, value, layer, of=of, **how)
        _print_units(lost.tolist(), as_json)
        return
    if layer is not None:
        raise UsageError("--layer is for --silence and --unit; give one of them.")
    with Display().working():
        seen = model.inspect(value, of=of, explain=explain, **how)
        both = None
        if beside is not None or len(texts) == 2:
            other = model if beside is None else hitherto.open(beside, weights=weights)
            second = _value(other, data, texts[-1:], columns)
            both = compared(seen, other.inspect(second, of=of, explain=explain, **how))
    if out is not None:
        files.write(Path(out), seen.page() if both is None else both.page())
    if npz is not None:
        files.write(Path(npz), _npz(seen, both))
    if as_json:
        rows = [seen.to_json()] if both is None else [seen.to_json(), both.other.to_json()]
        click.echo(json.dumps(rows[0] if both is None else rows, ensure_ascii=False))
    elif out is None and npz is None:
        _print(seen)
        if both is not None:
            _print_other(both)


def _check(
    data: str | None, texts: tuple[str, ...], beside: str | None, written: Mapping[str, str | None]
) -> None:
    """A UsageError where the arguments contradict each other. `written` has the file of each ending."""
    if (data is None) == (not texts):
        raise UsageError("give DATA, or one --text or two.")
    if len(texts) > 2 or (len(texts) == 2 and beside is not None):
        raise UsageError(
            "two inspections stand beside each other, not more: give two of --text, or one and --beside."
        )
    for ending, file in written.items():
        if file is not None and Path(file).suffix.lower() != ending:
            raise UsageError(f"expected the name of a file {ending} to write, but got {file!r}.")


def _value(model: "Model", data: str | None, texts: tuple[str, ...], columns: Mapping[str, object]) -> object:
    """What is looked at: the texts, or the data."""
    if model.source.continues and model.source.says:
        if not texts:
            raise UsageError("this model writes a text: give it with --text.")
        return texts[0]
    return inputs_of(model, data, texts, columns)


def _npz(seen: "Inspection", both: "Beside | None") -> bytes:
    """All arrays as a file of numpy's."""
    import numpy as np

    arrays = seen.arrays()
    if both is not None:
        arrays |= {f"beside.{name}": values for name, values in both.other.arrays().items()}
    file = BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


# ---- in words


def _print(seen: "Inspection") -> None:
    """The inspection in lines."""
    import numpy as np

    method = next(iter(seen.rests), None)
    steps = seen.steps["x"]
    first = max(0, len(steps) - ROWS)
    last = None if method is None else seen.rests[method]["x"][-1]
    heading = "" if last is None else " the last answer rests on it"
    click.echo(f"{'step':>5}  {'reads':16} {'says':16}{heading}")
    for t in range(first, len(steps)):
        weight = "" if last is None else f" {last[t]:10.4f} {_bar(last[t], np.abs(last).max())}"
        click.echo(f"{t + 1:5}  {_short(steps[t]):16} {_short(seen.said[t]):16}{weight}".rstrip())
    if method is not None and "source" in seen.rests[method]:
        weights = seen.rests[method]["source"][-1]
        click.echo("\nof the source:")
        for name, v in zip(seen.steps["source"], weights, strict=True):
            click.echo(f"       {_short(name):33} {v:10.4f} {_bar(v, np.abs(weights).max())}".rstrip())
    click.echo("")
    for layer in seen.layers:
        parts = [f"{layer.name}: {layer.cell} of {next(iter(layer.states.values())).shape[1]}"]
        if layer.half_life is not None:
            low, high = np.median(layer.half_life), layer.half_life.max()
            parts.append(f"half-life {low:.3g} steps (median), {high:.3g} (longest)")
        parts += [
            f"{gate} shut {s[0].mean():.0%}, open {s[1].mean():.0%}" for gate, s in layer.saturation.items()
        ]
        if layer.name in seen.memory:
            parts.append(
                f"90 % of the gradient in the last {seen.memory[layer.name]} of {len(seen.lags[layer.name])}"
            )
        click.echo("; ".join(parts))
    if len(seen.context.get("steps", ())):
        near = np.flatnonzero(seen.context["change"] > 0.01)
        needed = (
            int(seen.context["steps"][min(near[-1] + 1, len(seen.context["steps"]) - 1)]) if len(near) else 1
        )
        click.echo(f"context: the last {needed} steps alone give the same numbers within 1 %")


def _print_other(both: "Beside") -> None:
    """The second inspection, and how far it is from the first."""
    click.echo("")
    _print(both.other)
    for name, off in both.states.items():
        click.echo(f"distance of {name}: {' '.join(f'{v:.3g}' for v in off[:ROWS])}")


def _bar(value: float, most: float) -> str:
    size = round(20 * abs(value) / most) if most else 0
    return ("+" if value >= 0 else "-") * size


def _short(text: str) -> str:
    text = text.replace("\n", "\\n") or "none"
    return text if len(text) <= 16 else text[:15] + "…"


def _print_units(lost: list[float], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(lost))
        return
    click.echo("unit   score of the last answer that goes without it")
    for k in sorted(range(len(lost)), key=lambda k: -abs(lost[k]))[:UNITS]:
        click.echo(f"{k:4}   {lost[k]:.5g}")


def _print_passages(passages: "Iterable[Passage]", as_json: bool) -> None:
    if as_json:
        rows = [
            {"row": p.row, "step": p.step + 1, "change": p.change, "value": p.value, "words": p.words}
            for p in passages
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    click.echo(" change    value  row  step  up to here")
    for p in passages:
        whole = all(len(word) == 1 for word in p.words)
        words = ("" if whole else " ").join(p.words).replace("\n", "\\n")
        click.echo(f"{p.change:+7.3f}  {p.value:+7.3f}  {p.row:3}  {p.step + 1:4}  {words}")
