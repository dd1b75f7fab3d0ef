"""What a report shows of a training, and what `evaluate` prints: sections for `hitherto.report`, by source."""

from collections.abc import Callable
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from hitherto.metrics import METRICS, best_threshold, confusion, entity_report, report_of
from hitherto.metrics import report as per_class
from hitherto.report import drawings as strokes
from hitherto.report import piano_roll as notes
from hitherto.report.sheets import sheet
from hitherto.sources.base import Results
from hitherto.sources.corpus import Corpus
from hitherto.sources.pairs import Pairs
from hitherto.sources.sequels import Sequels
from hitherto.sources.texts import Texts, as_text
from hitherto.sources.transcripts import Transcripts
from hitherto.sources.windows import LEVELS, Windows
from hitherto.spec.tasks import TASKS

__all__ = ["curves", "sections"]

Section = dict[str, Any]

FRAMES = 6  # of a video in a contact sheet
PLACES = 80  # of a picture: where it looked among more of them cannot be seen


def curves(history: list[dict[str, Any]], log: list[dict[str, Any]], metric: str, best: int) -> list[Section]:
    """Loss, the metric that decides, and the learning rate."""
    steps = [row["step"] for row in history]
    loss = {
        "name": "training loss",
        "x": [r["step"] for r in log if "loss" in r],
        "y": [r["loss"] for r in log if "loss" in r],
    }
    mean = {"name": "mean since the last evaluation", "x": steps, "y": [row["train_loss"] for row in history]}
    held = {
        "name": "loss on validation data",
        "x": steps,
        "y": [row.get("valid_loss") for row in history],
        "best": best,
    }
    found = [{"kind": "curves", "title": "Loss", "series": [loss, mean, held]}]
    if history:
        line = {
            "name": f"{metric} on validation data",
            "x": steps,
            "y": [row[metric] for row in history],
            "best": best,
        }
        found.append({"kind": "curves", "title": metric, "series": [line]})
    rates = {
        "name": "learning rate",
        "x": [r["step"] for r in log if "loss" in r],
        "y": [r["lr"] for r in log if "loss" in r],
    }
    return [*found, {"kind": "curves", "title": "Learning rate", "series": [rates]}]


def sections(source: Any, examples: Any, results: Results, watched: list[dict[str, Any]]) -> list[Section]:
    """What there is to see of these results, by the kind of source."""
    return next(show for kind, show in SHOW.items() if isinstance(source, kind))(
        source, examples, results, watched
    )


def _pairs(source: Pairs, examples: Any, results: Results, _watched: list[dict[str, Any]]) -> list[Section]:
    if source.per_step:
        return _tags(source, examples, results)
    classes = source.codecs["output"].classes
    labels, scores = results.details["labels"], results.details["probabilities"]
    found: list[Section] = [_table("By class", per_class(labels, scores, classes))]
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
        return [_contact_sheet(codec, [examples.x[i] for i in order], said, title)]
    given = source.given(examples, order)
    if codec.kind == "strokes":
        kind, shown = "pictures", [strokes.draw(value, size=120) for value in given]
    elif codec.kind == "audio":
        kind, shown = "texts", [str(v) if isinstance(v, str | PathLike) else "" for v in given]
    else:
        kind, shown = "texts", [_begin(as_text(value)) for value in given]
    return [{"kind": kind, "title": title, "items": list(zip(said, shown, strict=True))}]


def _begin(text: str, most: int = 600) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."


def _table(title: str, rows: list[dict[str, Any]], what: str = "class") -> Section:
    """Rows that have the same keys; the first of them is `what`."""
    columns = [what, *list(rows[0])[1:]] if rows else []
    return {"kind": "table", "title": title, "columns": columns, "rows": [list(r.values()) for r in rows]}


def _tags(source: Pairs, examples: Any, results: Results) -> list[Section]:
    """Entities by their kind, where labels have a B or I before it; every label by itself; sequences that are wrong."""
    classes = source.codecs["output"].classes
    labels, predicted = results.details["labels"], results.details["predicted"]
    number = {name: i for i, name in enumerate(classes)}
    truth, guess = ([number[t] for tags in sequences for t in tags] for sequences in (labels, predicted))
    counts = confusion(truth, guess, len(classes))
    found = [
        {"kind": "confusion", "title": "Confusion", "classes": classes, "counts": counts.tolist()},
        _table("By label", report_of(classes, counts.diagonal(), counts.sum(0), counts.sum(1)), "label"),
    ]
    if any(name[:2] in ("B-", "I-") for name in classes):
        found.insert(0, _table("By entity", entity_report(labels, predicted), "entity"))
    wrong = [sum(a != b for a, b in zip(*pair, strict=True)) for pair in zip(labels, predicted, strict=True)]
    order = [int(i) for i in np.argsort([-n for n in wrong], kind="stable")[:8] if wrong[i]]
    items = []
    for i, words in zip(order, source.given(examples, order), strict=True):
        line = [
            word if tag == said == "O" else f"{word}/{tag}" if tag == said else f"{word}/{tag}→{said}"
            for word, tag, said in zip(words, labels[i], predicted[i], strict=False)
        ]
        items.append((f"{wrong[i]} of {len(labels[i])} labels are wrong", _begin(" ".join(line))))
    return [*found, {"kind": "texts", "title": "Most wrong", "items": items}] if items else found


def _corpus(
    _source: Corpus, _examples: Any, _results: Results, watched: list[dict[str, Any]]
) -> list[Section]:
    picked = (
        [watched[i] for i in sorted({0, len(watched) // 3, 2 * len(watched) // 3, len(watched) - 1})]
        if watched
        else []
    )
    items = [(f"after {row['step']:,} steps", row["sample"]) for row in picked if "sample" in row]
    return [{"kind": "texts", "title": "Samples", "items": items}] if items else []


def _windows(
    source: Windows, examples: Any, results: Results, _watched: list[dict[str, Any]]
) -> list[Section]:
    found: list[Section] = []
    for i, made in enumerate(results.details["forecasts"][:4]):
        if not made:
            continue
        series = examples.series[i]
        for k in sorted({0, len(made["times"]) - 1}):
            t = int(made["times"][k])
            past = np.asarray(
                series.values[max(0, t + 1 - 3 * max(source.horizon, source.codec.season)) : t + 1, 0]
            )
            q = made["quantiles"][k, :, 0]
            edges = [(LEVELS.index(low), LEVELS.index(high)) for low, high in ((0.1, 0.9), (0.25, 0.75))]
            when = series.written(series.times[t : t + 1])[0]
            one = series.names[0]
            known = f"/{series.id}".endswith(f"/{one}")  # columns by themselves are named by it already
            name = series.id if known else f"{series.id} {one}".strip()
            found.append({
                "kind": "bands", "title": f"{name}, forecast after {when}", "past": past.tolist(),
                "actual": np.asarray(series.values[t + 1 : t + 1 + source.horizon, 0]).tolist(),
                "median": made["median"][k, :, 0].tolist(),
                "bands": [(q[:, a].tolist(), q[:, b].tolist()) for a, b in edges],
                "naive": source.codec.naive(examples.arrays[i], t, t + 1)[0, :, 0].tolist(),
            })  # fmt: skip
    metrics = results.metrics
    names = [n for n in metrics if not n.startswith("naive_")]
    rows = [[n, metrics[n], metrics.get(f"naive_{n}")] for n in names]
    columns = ["metric", "model", "seasonal naive"]
    return [
        *found,
        {"kind": "table", "title": "Beside the seasonal naive forecast", "columns": columns, "rows": rows},
    ]


def _texts(source: Texts, examples: Any, results: Results, _watched: list[dict[str, Any]]) -> list[Section]:
    details = results.details
    inputs, texts, references = details["inputs"], details["texts"], details["references"]
    some = np.linspace(0, len(texts) - 1, min(12, len(texts))).astype(int)
    shown = [Path(v).name for v in inputs] if source.sees else inputs
    rows = [[as_text(shown[i])[:300], texts[i], " / ".join(references[i])] for i in some]
    found: list[Section] = [
        {"kind": "table", "title": "Examples", "columns": ["input", "written", "expected"], "rows": rows}
    ]
    if source.sees:
        found.append(
            _contact_sheet(source.codecs["input"], [examples.x[i] for i in some], [texts[i] for i in some])
        )
    if "by" in details:
        names = list(next(iter(details["by"].values())))
        table = [[value, *(row[n] for n in names)] for value, row in details["by"].items()]
        found.append(
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
        found.append({"kind": "heat", "title": "Where it looked", "items": items})
    return [*found, *_by_length(source, examples, results)]


def _by_length(source: Texts, examples: Any, results: Results) -> list[Section]:
    """The first metric of the texts, apart for short and long inputs."""
    lengths = np.array([len(x) for x in examples.x])
    details = results.details
    metric = next(m for n in TASKS[source.spec.task].metrics if "references" in (m := METRICS[n]).needs)
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, 7)).astype(int))
    labels: list[str] = []
    values: list[float] = []
    for low, high in pairwise(edges):
        own = np.flatnonzero((lengths > low) & (lengths <= high) if labels else lengths <= high)
        if len(own) < 5:
            continue
        first = low + 1 if labels else low
        labels.append(f"{first}" if first == high else f"{first}-{high}")
        values.append(
            metric.compute(
                texts=[details["texts"][i] for i in own], references=[details["references"][i] for i in own]
            )
        )
    if len(labels) < 2:
        return []
    bars = [{"name": metric.name, "values": values}]
    return [
        {"kind": "bars", "title": f"{metric.name} by tokens of the input", "labels": labels, "series": bars}
    ]


def _transcripts(
    source: Transcripts, examples: Any, results: Results, _watched: list[dict[str, Any]]
) -> list[Section]:
    texts, truth = results.details["texts"], examples.texts
    wrong = [i for i in range(len(texts)) if texts[i] != truth[i]]
    some = [*wrong[:12], *[i for i in range(len(texts)) if texts[i] == truth[i]][:6]]
    rows = [[truth[i], texts[i]] for i in some]
    share = f"{len(texts) - len(wrong):,} of {len(texts):,} are right to the letter"
    found: list[Section] = [
        {"kind": "table", "title": f"Examples: {share}", "columns": ["expected", "understood"], "rows": rows}
    ]
    kind = source.codecs["input"].kind
    if kind == "image":
        found.append(
            _contact_sheet(source.codecs["input"], [examples.x[i] for i in some], [texts[i] for i in some])
        )
    return found


def _sequels(
    source: Sequels, _examples: Any, _results: Results, watched: list[dict[str, Any]]
) -> list[Section]:
    """What the model drew at some of the evaluations."""
    picked = [watched[i] for i in sorted({0, len(watched) // 2, len(watched) - 1})] if watched else []
    items = []
    for row in picked:
        if not row["sample"]:
            continue
        if source.spec.task == "compose":
            svg = notes.draw(source.steps.score(row["sample"]))
        else:
            svg = strokes.draw(row["sample"], size=480)
        items.append((f"after {row['step']:,} steps" + (f": {row['text']}" if row.get("text") else ""), svg))
    return [{"kind": "pictures", "title": "Drawn by the model", "items": items}] if items else []


def _contact_sheet(codec: Any, x: list[Any], texts: list[str], title: str = "Seen and said") -> Section:
    """Pictures over what is said of them."""
    if codec.kind == "frames":
        some = [one[np.linspace(0, len(one) - 1, min(len(one), FRAMES)).astype(int)] for one in x]
        seen = [np.concatenate(list(codec.decode(one)), 1) for one in some]
    else:
        seen = [codec.decode(one) for one in x]
    wide = any(picture.shape[1] > 3 * picture.shape[0] for picture in seen)
    picture = sheet(seen, texts, columns=2 if wide else 4)
    return {"kind": "pictures", "title": title, "items": [("", picture)]}


SHOW: dict[type, Callable[..., list[Section]]] = {
    Pairs: _pairs,
    Corpus: _corpus,
    Windows: _windows,
    Texts: _texts,
    Transcripts: _transcripts,
    Sequels: _sequels,
}
