"""What a report shows of `translate`, `summarize`, `chat`, `answer` and `caption`."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from hitherto.metrics import METRICS
from hitherto.report.curves import Section
from hitherto.report.sheets import contact_sheet
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Results, Row
from hitherto.tasks.writing.conversations import as_text
from hitherto.tasks.writing.source import TextExamples, Texts

__all__ = ["texts_shown"]

PLACES = 80  # of an image: attention over more of them is too small to see


def texts_shown(
    source: Texts, examples: TextExamples, results: Results, _watched: list[Row]
) -> list[Section]:
    details = results.details
    inputs, texts, references = details["inputs"], details["texts"], details["references"]
    some = np.linspace(0, len(texts) - 1, min(12, len(texts))).astype(int)
    shown = [Path(v).name for v in inputs] if source.sees else inputs
    rows = [[as_text(shown[i])[:300], texts[i], " / ".join(references[i])] for i in some]
    sections: list[Section] = [
        {"kind": "table", "title": "Examples", "columns": ["input", "written", "expected"], "rows": rows}
    ]
    if source.sees:
        sections.append(
            contact_sheet(source.codecs["input"], [examples.x[i] for i in some], [texts[i] for i in some])
        )
    if "by" in details:
        names = list(next(iter(details["by"].values())))
        table = [[value, *(row[n] for n in names)] for value, row in details["by"].items()]
        sections.append(
            {"kind": "table", "title": f"By {source.spec.data.by}", "columns": ["", *names], "rows": table}
        )
    looks_at = [details["written"][i][0].attention for i in range(len(texts))]
    seen = [i for i, a in enumerate(looks_at) if a is not None and (not source.sees or a.shape[1] <= PLACES)]
    short = [i for i in seen if 4 <= len(examples.x[i]) <= 30 and len(details["written"][i][0].tokens) > 2]
    items = []
    for i in (short or seen)[:4]:
        row = source.answer(details["written"][i], inputs[i], attention=True)
        if "attention" in row and row["attention"]["target"]:
            looks = row["attention"]
            items.append({"caption": row["text"], "rows": looks["target"], "columns": looks["source"],
                          "values": looks["weights"]})  # fmt: skip
    if items:
        sections.append({"kind": "heat", "title": "Where it looked", "items": items})
    return [*sections, *_by_length(source, examples, results)]


def _by_length(source: Texts, examples: TextExamples, results: Results) -> list[Section]:
    """The first metric of the texts, for short and long inputs apart."""
    lengths = np.array([len(x) for x in examples.x])
    details = results.details
    metric = next(m for n in TASKS[source.spec.task].metrics if "references" in (m := METRICS[n]).needs)
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, 7)).astype(int))
    labels: list[str] = []
    values: list[float] = []
    for low, high in pairwise(edges):
        rows = np.flatnonzero((lengths > low) & (lengths <= high) if labels else lengths <= high)
        if len(rows) < 5:
            continue
        first = low + 1 if labels else low
        labels.append(f"{first}" if first == high else f"{first}-{high}")
        values.append(
            metric.compute(
                texts=[details["texts"][i] for i in rows], references=[details["references"][i] for i in rows]
            )
        )
    if len(labels) < 2:
        return []
    bars = [{"name": metric.name, "values": values}]
    return [
        {"kind": "bars", "title": f"{metric.name} by tokens of the input", "labels": labels, "series": bars}
    ]
