"""What a report shows of `classify`, `tag`."""

from os import PathLike

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.strokes import StrokesCodec
from hitherto.metrics import best_threshold, confusion, entity_report, report_of
from hitherto.metrics import report as per_class
from hitherto.report import drawings
from hitherto.report.curves import Section, beginning, table_of
from hitherto.report.sheets import contact_sheet
from hitherto.tasks.base import Options, Results, Value
from hitherto.tasks.columns import column_names
from hitherto.tasks.labels.source import PairExamples, Pairs
from hitherto.tasks.writing.conversations import as_text

__all__ = ["amounts", "pairs"]


def pairs(source: Pairs, examples: PairExamples, results: Results, _watched: list[Options]) -> list[Section]:
    if source.per_step:
        return _tags(source, examples, results)
    classes = source.labels.classes
    labels, scores = results.details["labels"], results.details["probabilities"]
    shown: list[Section] = [table_of("By class", per_class(labels, scores, classes))]
    if labels.ndim == 1:
        counts = confusion(labels, scores.argmax(1), len(classes)).tolist()
        shown.insert(0, {"kind": "confusion", "title": "Confusion", "classes": classes, "counts": counts})
    positive = source.positive()
    if positive is not None and 0 < (labels == positive).sum() < len(labels):
        at, value = best_threshold((labels == positive).astype(int), scores[:, positive])
        shown.append({
            "kind": "table", "title": "Threshold",
            "columns": ["positive class", "threshold of the best f1", "f1 there"],
            "rows": [[classes[positive], float(at), float(value)]],
        })  # fmt: skip
    return [*shown, *_worst(source, examples, labels, scores, classes)]


def _worst(
    source: Pairs, examples: PairExamples, labels: Array, scores: Array, classes: list[str]
) -> list[Section]:
    """The wrong answers of which the model was most sure, with their input where it can be read or looked at."""
    if labels.ndim > 1 or source.numeric:
        return []
    sure = scores.max(1) * (scores.argmax(1) != labels)
    order = [int(i) for i in np.argsort(-sure, kind="stable")[:8] if sure[i] > 0]
    if not order:
        return []
    captions = [
        f"{classes[labels[i]]}, taken for {classes[scores[i].argmax()]} with {scores[i].max():.0%}"
        for i in order
    ]
    codec, title = source.codecs["input"], "Most wrong"
    if codec.shape is not None:
        return [contact_sheet(codec, [examples.x[i] for i in order], captions, title)]
    inputs = source.inputs_of(examples, order)
    if isinstance(codec, StrokesCodec):
        kind, shown = "pictures", [drawings.draw(value, size=120) for value in inputs]
    else:
        kind, shown = "texts", [_caption(value, is_file=source.vectors) for value in inputs]
    return [{"kind": kind, "title": title, "items": list(zip(captions, shown, strict=True))}]


def _caption(value: Value, is_file: bool) -> str:
    """An input that is shown as a text: the beginning of a text, the name of a file."""
    if is_file:
        return str(value) if isinstance(value, str | PathLike) else ""
    return beginning(as_text(value))


def _tags(source: Pairs, examples: PairExamples, results: Results) -> list[Section]:
    """Entities by their kind, where labels have a B or I before it; every label by itself; sequences that are wrong."""
    classes = source.labels.classes
    labels, predicted = results.details["labels"], results.details["predicted"]
    number = {name: i for i, name in enumerate(classes)}
    truth, guess = ([number[t] for tags in sequences for t in tags] for sequences in (labels, predicted))
    counts = confusion(truth, guess, len(classes))
    shown = [
        {"kind": "confusion", "title": "Confusion", "classes": classes, "counts": counts.tolist()},
        table_of("By label", report_of(classes, counts.diagonal(), counts.sum(0), counts.sum(1)), "label"),
    ]
    if any(name[:2] in ("B-", "I-") for name in classes):
        shown.insert(0, table_of("By entity", entity_report(labels, predicted), "entity"))
    wrong = [sum(a != b for a, b in zip(*pair, strict=True)) for pair in zip(labels, predicted, strict=True)]
    order = [int(i) for i in np.argsort([-n for n in wrong], kind="stable")[:8] if wrong[i]]
    items = []
    for i, words in zip(order, source.inputs_of(examples, order), strict=True):
        line = [
            word if tag == answer == "O" else f"{word}/{tag}" if tag == answer else f"{word}/{tag}→{answer}"
            for word, tag, answer in zip(words, labels[i], predicted[i], strict=False)
        ]
        items.append((f"{wrong[i]} of {len(labels[i])} labels are wrong", beginning(" ".join(line))))
    return [*shown, {"kind": "texts", "title": "Most wrong", "items": items}] if items else shown


def amounts(
    source: Pairs, examples: PairExamples, results: Results, _watched: list[Options]
) -> list[Section]:
    """Answers by the size of the true number, in fifths; and the most wrong, where the input can be read."""
    shown: list[Section] = []
    actual, mean, quantiles = (results.details[name] for name in ("actual", "mean", "quantiles"))
    names = column_names(None, source.spec.data.output)
    for c, name in enumerate(names):
        rows = []
        for some in np.array_split(np.argsort(actual[:, c], kind="stable"), min(5, len(actual))):
            truth, guess = actual[some, c], mean[some, c]
            inside = (quantiles[some, c, 0] <= truth) & (truth <= quantiles[some, c, -1])
            rows.append({
                "from": float(truth.min()), "to": float(truth.max()), "rows": len(some),
                "mean answer": float(guess.mean()), "mean error": float(abs(truth - guess).mean()),
                "inside the interval": float(inside.mean()),
            })  # fmt: skip
        shown.append(table_of(f"By size of {name}", rows, "from"))
    if source.vectors:
        return shown
    error = (abs(actual - mean) / np.maximum(actual.std(0), 1e-30)).max(1)
    order = [int(i) for i in np.argsort(-error, kind="stable")[:8]]
    captions = [
        "; ".join(f"{name} {mean[i, c]:.4g}, true {actual[i, c]:.4g}" for c, name in enumerate(names))
        for i in order
    ]
    inputs = [_caption(value, is_file=False) for value in source.inputs_of(examples, order)]
    return [
        *shown,
        {"kind": "texts", "title": "Most wrong", "items": list(zip(captions, inputs, strict=True))},
    ]
