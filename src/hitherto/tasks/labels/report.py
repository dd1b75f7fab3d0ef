"""What a report shows of `classify`, `tag`."""

from os import PathLike
from typing import Any

import numpy as np

from hitherto.metrics import best_threshold, confusion, entity_report, report_of
from hitherto.metrics import report as per_class
from hitherto.report import drawings
from hitherto.report.curves import Section, beginning, table_of
from hitherto.report.sheets import contact_sheet
from hitherto.tasks.base import Results
from hitherto.tasks.labels.source import Pairs
from hitherto.tasks.writing.conversations import as_text

__all__ = ["pairs"]


def pairs(source: Pairs, examples: Any, results: Results, _watched: list[dict[str, Any]]) -> list[Section]:
    if source.per_step:
        return _tags(source, examples, results)
    classes = source.codecs["output"].classes
    labels, scores = results.details["labels"], results.details["probabilities"]
    found: list[Section] = [table_of("By class", per_class(labels, scores, classes))]
    if labels.ndim == 1:
        counts = confusion(labels, scores.argmax(1), len(classes)).tolist()
        found.insert(0, {"kind": "confusion", "title": "Confusion", "classes": classes, "counts": counts})
    positive = source.positive()
    if positive is not None and 0 < (labels == positive).sum() < len(labels):
        at, value = best_threshold((labels == positive).astype(int), scores[:, positive])
        found.append({
            "kind": "table", "title": "Threshold",
            "columns": ["positive class", "threshold of the best f1", "f1 there"],
            "rows": [[classes[positive], float(at), float(value)]],
        })  # fmt: skip
    return [*found, *_worst(source, examples, labels, scores, classes)]


def _worst(source: Pairs, examples: Any, labels: Any, scores: Any, classes: list[str]) -> list[Section]:
    """The answers that were most sure and wrong, with their input where it is something to read or look at."""
    if labels.ndim > 1 or source.numeric:
        return []
    sure = scores.max(1) * (scores.argmax(1) != labels)
    order = [int(i) for i in np.argsort(-sure, kind="stable")[:8] if sure[i] > 0]
    if not order:
        return []
    said = [
        f"{classes[labels[i]]}, taken for {classes[scores[i].argmax()]} with {scores[i].max():.0%}"
        for i in order
    ]
    codec, title = source.codecs["input"], "Most wrong"
    if codec.kind in ("image", "frames"):
        return [contact_sheet(codec, [examples.x[i] for i in order], said, title)]
    given = source.given(examples, order)
    if codec.kind == "strokes":
        kind, shown = "pictures", [drawings.draw(value, size=120) for value in given]
    elif codec.kind == "audio":
        kind, shown = "texts", [str(v) if isinstance(v, str | PathLike) else "" for v in given]
    else:
        kind, shown = "texts", [beginning(as_text(value)) for value in given]
    return [{"kind": kind, "title": title, "items": list(zip(said, shown, strict=True))}]


def _tags(source: Pairs, examples: Any, results: Results) -> list[Section]:
    """Entities by their kind, where labels have a B or I before it; every label by itself; sequences that are wrong."""
    classes = source.codecs["output"].classes
    labels, predicted = results.details["labels"], results.details["predicted"]
    number = {name: i for i, name in enumerate(classes)}
    truth, guess = ([number[t] for tags in sequences for t in tags] for sequences in (labels, predicted))
    counts = confusion(truth, guess, len(classes))
    found = [
        {"kind": "confusion", "title": "Confusion", "classes": classes, "counts": counts.tolist()},
        table_of("By label", report_of(classes, counts.diagonal(), counts.sum(0), counts.sum(1)), "label"),
    ]
    if any(name[:2] in ("B-", "I-") for name in classes):
        found.insert(0, table_of("By entity", entity_report(labels, predicted), "entity"))
    wrong = [sum(a != b for a, b in zip(*pair, strict=True)) for pair in zip(labels, predicted, strict=True)]
    order = [int(i) for i in np.argsort([-n for n in wrong], kind="stable")[:8] if wrong[i]]
    items = []
    for i, words in zip(order, source.given(examples, order), strict=True):
        line = [
            word if tag == said == "O" else f"{word}/{tag}" if tag == said else f"{word}/{tag}→{said}"
            for word, tag, said in zip(words, labels[i], predicted[i], strict=False)
        ]
        items.append((f"{wrong[i]} of {len(labels[i])} labels are wrong", beginning(" ".join(line))))
    return [*found, {"kind": "texts", "title": "Most wrong", "items": items}] if items else found
