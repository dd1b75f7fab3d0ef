"""Sections of a page that every training has: curves and tables."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

__all__ = ["Section", "beginning", "curves", "remembered", "table_of"]

Section: TypeAlias = dict[str, Any]  # plain values, as `hitherto.report.page` lists them for each kind
Row: TypeAlias = Mapping[str, Any]  # one evaluation, or one line of a log or a table, by name


def curves(history: Sequence[Row], log: Sequence[Row], metric: str, best: int) -> list[Section]:
    """Loss, the metric that decides, and the learning rate."""
    steps = [row["step"] for row in history]
    loss = {
        "name": "training loss",
        "x": [r["step"] for r in log if "loss" in r],
        "y": [r["loss"] for r in log if "loss" in r],
    }
    mean = {"name": "mean since the last evaluation", "x": steps, "y": [row["train_loss"] for row in history]}
    validation = {
        "name": "loss on validation data",
        "x": steps,
        "y": [row.get("valid_loss") for row in history],
        "best": best,
    }
    plots = [{"kind": "curves", "title": "Loss, by step", "series": [loss, mean, validation]}]
    if history:
        line = {
            "name": f"{metric} on validation data",
            "x": steps,
            "y": [row[metric] for row in history],
            "best": best,
        }
        plots.append({"kind": "curves", "title": f"{metric}, by step", "series": [line]})
    rates = {
        "name": "learning rate",
        "x": [r["step"] for r in log if "loss" in r],
        "y": [r["lr"] for r in log if "loss" in r],
    }
    return [*plots, {"kind": "curves", "title": "Learning rate, by step", "series": [rates]}]


def remembered(watched: Sequence[Row]) -> list[Section]:
    """The memory of a model at its evaluations, as `--watch memory` notes it."""
    rows = [row for row in watched if "memory" in row]
    if not rows:
        return []
    sections: list[Section] = []
    for layer in rows[-1]["memory"]:
        series = []
        for at in sorted({0, len(rows) // 2, len(rows) - 1}):
            seen = rows[at]["memory"][layer]
            norms = [v or None for v in seen["norms"]]  # of 0 there is no logarithm
            series.append({"name": f"after {rows[at]['step']:,} steps", "x": seen["lags"], "y": norms})
        if len(series[0]["x"]) > 1:
            sections.append({
                "kind": "curves", "title": f"How far back the gradient reaches: {layer}", "series": series, "log": True,
                "note": "The norm of the gradient of the last answer at what the layer read so many steps before. "
                "Where it falls to nothing, the model cannot learn from there.",
            })  # fmt: skip
    steps = [row["step"] for row in rows]
    lengths = [
        {"name": layer, "x": steps, "y": [row["memory"][layer]["length"] for row in rows]}
        for layer in rows[-1]["memory"]
    ]
    sections.append({
        "kind": "curves", "title": "Memory length", "series": lengths,
        "note": "In how many of the last steps 90 % of that gradient lies.",
    })  # fmt: skip
    table = [
        [layer, gate, *(rows[at]["memory"][layer][what].get(gate) for what in KINDS for at in (0, -1))]
        for layer, seen in rows[-1]["memory"].items()
        for gate in dict.fromkeys([*seen["radius"], *seen["shut"]])
    ]
    if table:
        sections.append({
            "kind": "table", "title": "Gates and recurrent weights, at the first evaluation and at the last",
            "columns": ["layer", "gate", *(f"{KINDS[what]}, {when}" for what in KINDS for when in ("first", "last"))],
            "rows": table,
            "note": "A gate that is nearly always shut or open passes hardly any gradient. A spectral radius far above "
            "1 lets gradients explode, far below 1 lets them vanish, where no gate carries the state past the weights.",
        })  # fmt: skip
    return sections


KINDS = {"shut": "share below 0.1", "open": "share above 0.9", "radius": "spectral radius"}


def beginning(text: str, most: int = 600) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."


def table_of(title: str, rows: Sequence[Row], what: str = "class") -> Section:
    """Rows that have the same keys; the first of them is `what`."""
    columns = [what, *list(rows[0])[1:]] if rows else []
    return {"kind": "table", "title": title, "columns": columns, "rows": [list(r.values()) for r in rows]}
