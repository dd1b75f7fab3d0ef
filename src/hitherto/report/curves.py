"""Sections of a page that every training has: curves and tables."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

__all__ = ["Section", "beginning", "curves", "table_of"]

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
    plots = [{"kind": "curves", "title": "Loss", "series": [loss, mean, validation]}]
    if history:
        line = {
            "name": f"{metric} on validation data",
            "x": steps,
            "y": [row[metric] for row in history],
            "best": best,
        }
        plots.append({"kind": "curves", "title": metric, "series": [line]})
    rates = {
        "name": "learning rate",
        "x": [r["step"] for r in log if "loss" in r],
        "y": [r["lr"] for r in log if "loss" in r],
    }
    return [*plots, {"kind": "curves", "title": "Learning rate", "series": [rates]}]


def beginning(text: str, most: int = 600) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."


def table_of(title: str, rows: Sequence[Row], what: str = "class") -> Section:
    """Rows that have the same keys; the first of them is `what`."""
    columns = [what, *list(rows[0])[1:]] if rows else []
    return {"kind": "table", "title": title, "columns": columns, "rows": [list(r.values()) for r in rows]}
