"""Write docs/results.md (headlines) and docs/results-all.md (everything): python benchmarks/report.py

Both pages show only rows of the newest code on the machine of the last run; the later row wins where a point was
measured twice. They list missed targets, lost points and points that were not run.
"""

from __future__ import annotations

import math
import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import layers
import stream
import writing
from common import REPETITIONS, RESULTS, ROOT, Row, geometric_mean, median, read_rows
from roofline import bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    Said = Callable[[Row], tuple[str, str, bool]]  # what was measured, the target, and whether it was reached

SMALL, LARGE = (32, 64, 128, 256), (512, 1024)
LOST = 0.95  # a point is lost where the median ratio and the upper end of its interval lie under this
ROOFLINE = (
    60  # per cent that training should reach at hidden 128 and more; under it the binding term is named
)
TITLES = {"avx512": "AVX-512", "avx2": "AVX2", "base": "Baseline", "pure": "Without the extension"}

# Name, training, ragged, hidden sizes, target of every cell. Batch 16 and more.
CRITERIA = (
    ("training, full length", True, False, SMALL + LARGE, {"rnn": 2.0, "lstm": 1.3, "gru": 2.0}),
    ("training, lengths, hidden 32 to 256", True, True, SMALL, {"rnn": 5.0, "lstm": 5.0, "gru": 5.0}),
    ("training, lengths, hidden 512 and 1024", True, True, LARGE, {"rnn": 2.0, "lstm": 2.0, "gru": 2.0}),
    ("inference, full length", False, False, SMALL + LARGE, {"rnn": 1.5, "lstm": 1.0, "gru": 1.5}),
    ("inference, lengths", False, True, SMALL + LARGE, {"rnn": 2.0, "lstm": 2.0, "gru": 2.0}),
)


# ---- reading


def newest(path: Path) -> tuple[list[Row], list[Row]]:
    """(runs, everything measured) of the newest code in a file, each thing measured once, in grid order."""
    rows = read_rows(path)
    runs = [row for row in rows if row["kind"] == "run"]
    if not runs:
        return [], []
    rows = [row for row in rows if layers.same(row, runs[-1])]
    last: dict[str, Row] = {}
    for row in rows:
        if row["kind"] != "run":
            name = layers.key(row) if "cell" in row else ""
            last[f"{row['kind']} {name} {row.get('operation', '')}"] = row
    return [row for row in rows if row["kind"] == "run"], sorted(last.values(), key=place)


def place(row: Row) -> tuple[object, ...]:
    if "cell" not in row:
        return (row["kind"],)
    names = ("cell", "training", "ragged", "threads", "hidden", "time", "batch")
    sizes: list[object] = [row[name] for name in names]
    sizes[0] = layers.CELLS.index(row["cell"])
    return (row["kind"], *sizes)


def of_kind(rows: Iterable[Row], kind: str) -> list[Row]:
    return [row for row in rows if row["kind"] == kind]


def ratio(row: Row, peer: str = "torch") -> float:
    return float(row["ratio"][peer]["median"])


def lost(row: Row) -> bool:
    won = row["ratio"]["torch"]
    return bool(won["median"] < LOST and won["high"] < LOST)


def percent_of_roofline(row: Row, runs: Sequence[Row]) -> tuple[float, Row] | None:
    """Per cent of the bound that was reached, and the bound; from the last calibration of so many threads."""
    known = [c for run in runs if (c := run["calibration"].get(str(row["threads"])))]
    least = bound(row, row["tokens"], row["longest"], known[-1]) if known else None
    return None if least is None else (100 * least["seconds"] / median(row["seconds"]["hitherto"]), least)


# ---- writing


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def interval(won: Row) -> str:
    return f"{won['median']:.2f} ({won['low']:.2f} to {won['high']:.2f})"


def lengths_word(row: Row) -> str:
    return "lengths" if row["ragged"] else "full"


def mode_word(row: Row) -> str:
    return "training" if row["training"] else "inference"


def by_cell(rows: Sequence[Row], show: Callable[[str, list[Row]], str]) -> list[str]:
    """One entry for every cell, "not run" where nothing was measured."""
    entries = []
    for cell in layers.CELLS:
        of_cell = [row for row in rows if row["cell"] == cell]
        entries.append(show(cell, of_cell) if of_cell else "not run")
    return entries


def mean_and_range(rows: Sequence[Row], peer: str = "torch") -> str:
    values = [ratio(row, peer) for row in rows]
    return f"{geometric_mean(values):.2f} ({min(values):.2f} to {max(values):.2f}, n={len(values)})"


def mean_for(peer: str, _cell: str, rows: Sequence[Row]) -> str:
    return mean_and_range(rows, peer)


def thread_counts(points: Iterable[Row]) -> list[int]:
    return sorted({row["threads"] for row in points}, reverse=True)


def means(points: Sequence[Row]) -> str:
    """The geometric means and their targets; batch 1 apart."""
    lines = []
    for name, training, ragged, hidden, targets in CRITERIA:
        kind = [
            p for p in points if p["training"] == training and p["ragged"] == ragged and p["hidden"] in hidden
        ]
        for threads in thread_counts(points):
            here = [p for p in kind if p["threads"] == threads]
            wide = [p for p in here if p["batch"] >= 16]

            def judged(cell: str, rows: list[Row], targets: dict[str, float] = targets) -> str:
                mean, target = geometric_mean(map(ratio, rows)), targets[cell]
                verdict = (
                    "reached" if mean >= target else "**missed**" if mean >= 1 else "**slower than torch.nn**"
                )
                return f"{mean_and_range(rows)}; {target:g} {verdict}"

            lines.append([name, str(threads), "16 and more", *by_cell(wide, judged)])
            single = [p for p in here if p["batch"] == 1]
            lines.append([name, str(threads), "1", *by_cell(single, partial(mean_for, "torch"))])
    lines.sort(key=lambda line: line[2] == "1")
    return table(["", "threads", "batch", *layers.CELLS], lines)


def losses(points: Sequence[Row]) -> str:
    under = [p for p in points if ratio(p) < LOST]
    if not under:
        return f"None of {len(points)}: no median ratio lies under {LOST}."
    sure = sum(map(lost, under))
    return (
        f"{sure} of {len(points)} points are lost: median ratio and upper end of its interval under {LOST}. "
        f"For {len(under) - sure} more, only the median is under it.\n\n"
    ) + table(
        ["point", "ratio (95 % interval)", "GFLOP/s ours", "torch.nn", "lost"],
        [
            [
                layers.key(p),
                interval(p["ratio"]["torch"]),
                f"{p['gflops']['hitherto']:.3g}",
                f"{p['gflops']['torch']:.3g}",
                "**yes**" if lost(p) else "not certain",
            ]
            for p in sorted(under, key=ratio)
        ],
    )


def roofline(points: Sequence[Row], runs: Sequence[Row]) -> str:
    """Training at hidden 128 and more as a percentage of the bound; the binding term where it is low."""
    known = []
    for p in points:
        reached = percent_of_roofline(p, runs) if p["training"] and p["hidden"] >= 128 else None
        if reached is not None:
            known.append((p, *reached))
    if not known:
        return "Not calibrated: no extension, or no training point at hidden 128 and more was run."
    lines = []
    for ragged in (False, True):
        for threads in thread_counts(points):
            for hidden in (128, 256, 512, 1024):
                here = [
                    (p, share)
                    for p, share, _ in known
                    if (p["ragged"], p["threads"], p["hidden"]) == (ragged, threads, hidden)
                    and p["batch"] >= 16
                ]
                entries = []
                for cell in layers.CELLS:
                    shares = [share for p, share in here if p["cell"] == cell]
                    text = "not run"
                    if shares:
                        text = f"{geometric_mean(shares):.0f} ({min(shares):.0f} to {max(shares):.0f})"
                    entries.append(text)
                lines.append(["lengths" if ragged else "full", str(threads), str(hidden), *entries])
    below = [(p, share, least) for p, share, least in known if share < ROOFLINE]
    text = "Per cent of the roofline, batch 16 and more: geometric mean (lowest to highest).\n\n"
    text += table(["length", "threads", "hidden", *layers.CELLS], lines)
    text += f"\n\nUnder {ROOFLINE} %: {len(below)} of {len(known)} points (batch 1 included)."
    if below:
        text += " The binding term is the largest part of the bound.\n\n" + table(
            ["point", "%", "binding term", "terms, ms"],
            [
                [
                    layers.key(p),
                    f"{share:.0f}",
                    least["term"],
                    ", ".join(f"{name} {1e3 * seconds:.3g}" for name, seconds in least["terms"].items()),
                ]
                for p, share, least in sorted(below, key=lambda entry: entry[1])
            ],
        )
    return text


def peers(points: Sequence[Row], runs: Sequence[Row]) -> str:
    """Everyone but torch.nn: geometric means of their time over ours, and who was absent."""
    found = sorted({name for p in points for name in p["ratio"]} - {"torch"})
    lines = []
    for peer in found:
        for training in (True, False):
            for ragged in (False, True):
                for threads in thread_counts(points):
                    kind = (training, ragged, threads)
                    here = [p for p in points if (p["training"], p["ragged"], p["threads"]) == kind]
                    here = [p for p in here if p["batch"] >= 16 and peer in p["ratio"]]
                    if here:
                        cells = by_cell(here, partial(mean_for, peer))
                        lines.append([peer, mode_word(here[0]), lengths_word(here[0]), str(threads), *cells])
    absent = [name for name in ("onnxruntime", "jax", "keras") if runs[-1]["versions"].get(name) is None]
    text = table(["peer", "mode", "length", "threads", *layers.CELLS], lines) if lines else "None was run."
    return text + (f"\n\nNot installed, so not measured: {', '.join(absent)}." if absent else "")


def every_point(points: Sequence[Row]) -> str:
    """One line for every combination but batch, which goes across."""
    batches = sorted({p["batch"] for p in points})
    lines: dict[tuple[str, ...], dict[int, str]] = {}
    for p in points:
        name = (p["cell"], mode_word(p), lengths_word(p), *(str(p[n]) for n in ("threads", "hidden", "time")))
        entry = f"{interval(p['ratio']['torch'])} {p['gflops']['hitherto']:.3g}"
        entry = f"**{entry}**" if lost(p) else entry
        lines.setdefault(name, {})[p["batch"]] = entry + (f" n={p['n']}" if p["n"] < REPETITIONS else "")
    return table(
        ["cell", "mode", "length", "threads", "hidden", "time", *(f"batch {b}" for b in batches)],
        [[*name, *(entries.get(b, "") for b in batches)] for name, entries in lines.items()],
    )


def not_run(points: Sequence[Row], runs: Sequence[Row]) -> str:
    """What of either grid is missing: by name where that is short, else counted by cell and hidden size."""
    done, counts = {layers.key(p) for p in points}, {1, int(runs[-1]["machine"]["cores"])}
    lines = []
    for name in ("headline", "full"):
        grid = layers.grid(name, counts)
        missing = sorted(
            (p for p in grid if layers.key(p) not in done), key=lambda p: place({"kind": "", **p})
        )
        line = f"- Of the {len(grid)} points of the {name} grid, {len(grid) - len(missing)} were run"
        if not missing:
            lines.append(line + ".")
        elif len(missing) <= 40:
            lines.append(line + "; not: " + ", ".join(map(layers.key, missing)) + ".")
        else:
            parts: dict[str, int] = {}
            for p in missing:
                part = f"{p['cell']} {p['hidden']}"
                parts[part] = parts.get(part, 0) + 1
            counted = ", ".join(f"{part}: {n}" for part, n in parts.items())
            lines.append(f"{line}; not run, by cell and hidden size: {counted}.")
    return "\n".join(lines)


def where(runs: Sequence[Row]) -> str:
    run = runs[-1]
    box = run["machine"]
    kept = ", ".join(f"{name} {size}" for name, size in box["caches"].items()) or "caches unknown"
    used = ", ".join(f"{name} {version}" for name, version in run["versions"].items() if version)
    ours = (run["native"] or {}).get("isa", "none")
    commits = ", ".join(dict.fromkeys(r["commit"] for r in runs))
    lines = [
        f"- Machine: {box['cpu']}; {box['cores']} cores; {kept}; {box['system']}, Python {box['python']}.",
        f"- Versions: {used}. Instruction set: torch's {run['torch_capability']}, ours {ours}.",
        f"- Commit {commits}; started {runs[0]['started']}, last {run['started']}; load then {box['load']}.",
        *(f"- `{command}`" for command in dict.fromkeys(r["command"] for r in runs)),
    ]
    known = [r["calibration"] for r in runs if r["calibration"]]
    for threads, found in (known[-1] if known else {}).items():
        text = (
            f"- Calibrated, {threads} thread(s): torch's matrix product {found['torch_matmul']:.0f} GFLOP/s"
        )
        if "fma" in found:
            sizes = {"16 KiB": 2**14, "256 KiB": 2**18, "8 MiB": 2**23, "256 MiB": 2**28}
            reads = ", ".join(f"{found['read'][str(n)]:.0f} ({name})" for name, n in sizes.items())
            text += (
                f", peak {found['fma']:.0f} GFLOP/s, reading GB/s {reads}, barrier {found['barrier']:.0f} ns"
            )
        lines.append(text + ".")
    return "\n".join(lines)


def memory(rows: Sequence[Row]) -> str:
    entries = []
    for row in rows:
        ours, theirs = row["bytes"]["hitherto"], row["bytes"]["torch"]
        name = layers.key(row)
        entries.append([name, f"{ours / 2**20:.1f}", f"{theirs / 2**20:.1f}", f"{ours / max(theirs, 1):.2f}"])
    return table(["training step", "ours, MiB", "torch.nn, MiB", "ours / torch.nn"], entries)


def options(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        median = {who: seconds["median"] for who, seconds in row["seconds"].items()}
        ours = median["kernels"]
        times = [
            f"{1e3 * ours:.1f}",
            *(f"{median[who] / ours:.2f}" for who in ("reference", "hitherto", "torch")),
        ]
        lines.append([f"`{row['option']}`", layers.key(row), *times])
    header = [
        "option",
        "training step",
        "kernels, ms",
        "reference / kernels",
        "without it / kernels",
        "torch.nn / kernels",
    ]
    return table(header, lines)


def bfloat16(rows: Sequence[Row]) -> str:
    newest = {layers.key(row): row for row in rows}
    lines = []
    for name, row in newest.items():
        against = [row["ratio"][who] for who in ("hitherto float32", "torch bfloat16", "torch float32")]
        ratios = [f"{r['median']:.2f} ({r['low']:.2f}..{r['high']:.2f})" for r in against]
        lines.append([name, f"{row['milliseconds']['hitherto bfloat16']:.1f}", *ratios])
    said = ("our float32", "torch.nn's bfloat16", "torch.nn's float32")
    header = ["training step", "bfloat16, ms", *(f"{who} / bfloat16" for who in said)]
    last = rows[-1]
    about = (
        f"`{last['command']}`, {last['cpu']}, products by {last['by']}, commit `{last['commit']}`, load "
        f"{last['load']}: CPU time of one thread, contenders in turn, median (95 % interval) of the ratios. bfloat16 "
        "is by `torch.autocast`.\n\n"
    )
    return about + table(header, lines)


def startup(row: Row) -> str:
    seconds = row["seconds"]
    beyond = 1e3 * (seconds["hitherto"]["median"] - seconds["numpy"]["median"])
    names = {"numpy": "numpy", "hitherto": "hitherto", "torch": "torch"}
    lines = [
        [f"`import {name}`", *(f"{1e3 * seconds[name][part]:.1f}" for part in ("median", "q1", "q3"))]
        for name in names
    ]
    loads = "imports torch" if row["hitherto_imports_torch"] else "imports no torch"
    wheels = [f"`{name}` {size / 1e6:.2f} MB" for name, size in row["wheels"].items()]
    return (
        table(["", "median, ms", "lower quartile", "upper quartile"], lines)
        + f"\n\n`import hitherto` takes {beyond:+.1f} ms beside numpy's (60 allowed: "
        + f"{'reached' if beyond <= 60 else '**missed**'}) and {loads}.\n\n"
        + f"Wheels: {', '.join(wheels) if wheels else 'none was built in this tree'}."
    )


def interference(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        ours, theirs = row["cost"]["hitherto"], row["cost"]["torch"]
        costs = [interval(kind[part]) for part in ("operation", "layer") for kind in (ours, theirs)]
        lines.append([row["operation"], f"{row['cell']} {row['hidden']} {mode_word(row)}", *costs])
    means = {
        (part, name): geometric_mean(row["cost"][name][part]["median"] for row in rows)
        for part in ("operation", "layer")
        for name in ("hitherto", "torch")
    }
    lines.append(["geometric mean", "", *(f"{value:.2f}" for value in means.values())])
    header = [
        "operation",
        "layer",
        "operation beside ours",
        "beside torch.nn",
        "our layer",
        "torch.nn's layer",
    ]
    return table(header, lines)


INTRODUCTION = f"""# All results

This page holds every measured point, with examples of what the models write. The headlines are in
[results.md](results.md). [benchmarks/README.md](../benchmarks/README.md) says how each figure is measured.

`python benchmarks/report.py` writes this page from `benchmarks/results/*.jsonl`. Do not edit it.

A ratio is torch.nn's time divided by ours: above 1, Hitherto is faster. It is the median of {REPETITIONS} interleaved
repetitions, followed by the 95 % interval of that median. Means are geometric means of those medians.

Each point is one float32 layer whose input size equals its hidden size. Training computes gradients for x and all
weights, without an optimizer. With lengths (uniform in T/4 to T), torch.nn's packing and unpacking is part of its
time. GFLOP/s count true tokens only, no padding.
"""


EXPLAINED = {
    "points": "Each cell: ratio (interval), then our GFLOP/s. Bold: lost. n: fewer repetitions than usual.\n\n",
    "interference": "A loop alternates a torch operation with a layer. Each cell is the time in that loop divided by "
    "the time alone: 1 means no cost. torch.nn's columns show what alternation costs by itself. Median (95 % "
    "interval).\n\n",
    "options": "One training step, interleaved. The reference is the same layer in torch's operations. torch.nn has "
    "`proj_size` too, but not `recurrent_dropout`: there its layer is the plain one.\n\n",
    "memory": "Peak memory of one training step in a fresh process, minus what the process held before.\n\n",
    "startup": "Interleaved runs in fresh processes.\n\n",
}


# Targets of the tasks by the name of the result; a name without a measurement is listed as not run.
TARGETS = {
    "ptb-small-lstm": "at most 121.4 valid and 115.9 test perplexity",
    "ptb-small-gru": "compare with the LSTM",
    "ptb-small-rnn": "compare with the LSTM",
    "ptb-regularised": "",
    "lm-speed-lstm": "at most 0.75 of torch.nn's time",
    "lm-speed-gru": "compare with the LSTM",
    "lm-speed-rnn": "compare with the LSTM",
    "shakespeare": "below 1.50 nats of a character",
    "sst2": "at least 0.80, mean of 5 seeds",
    "sms": "accuracy at least 0.987, f1 0.95",
    "sms-first": "accuracy at least 0.983 in under 180 seconds",
    "natops": "at least 0.91",
    "ett-24": "mse at most 0.304",
    "ett-48": "mse at most 0.342",
    "ett-96": "mse at most 0.375",
    "ett-192": "mse at most 0.416",
    "ett-336": "mse at most 0.453",
    "ett-720": "mse at most 0.455",
    "series-airline": "compare with the seasonal naive",
    "series-sunspots": "compare with the seasonal naive",
    "series-temperatures": "compare with the seasonal naive",
    "series-car sales": "compare with the seasonal naive",
    "series-nyc_taxi": "compare with the seasonal naive",
    "series-apple": "compare with the last value",
    "tag": "accuracy at least 0.99",
    "corpus": "at most 2048 MiB for 1 GiB of text",
    "weights-float32": "cost of narrow weights",
    "weights-bfloat16": "cost of narrow weights",
    "weights-int8": "cost of narrow weights",
}


def tasks(folder: Path) -> str:
    """One row for each result of benchmarks/tasks.py, the newest of each name."""
    found = {row["name"]: row for row in read_rows(folder / "tasks.jsonl")}
    rows = []
    for name, target in TARGETS.items():
        row = found.get(name)
        if row is None:
            rows.append((name, "not run", target, "", ""))
            continue
        own = {
            k: v for k, v in row.items() if k not in ("name", "command", "commit", "cpu", "when", "published")
        }
        said = ", ".join(f"{k} {v}" for k, v in own.items())
        rows.append((name, said, target, str(row.get("published", "")), f"`{row['commit']}`"))
    return table(("result", "measured", "target", "published", "commit"), rows)


# Targets of translation by the name of the result, in the order of the page.
TRANSLATIONS = {
    "multi30k-de-en": "BLEU at least 34",
    "multi30k-de-en-fixed": "BLEU at least 20",
    "multi30k-en-de": "BLEU at least 32",
}
PUBLISHED = """Published for German to English on the same test set (`bentrevett/pytorch-seq2seq`, on tokenised and
lower-cased text, so not quite the same BLEU): two layers of LSTM without attention 13.76, a GRU without attention
20.61, a GRU with attention 28.30.
"""
CANNOT = """Limits: such a model knows no facts and looks nothing up. Names, prices and times in a reply are those that
were frequent in similar turns; they need not be true. The model does not remember turns before those it reads. To an
unfamiliar turn it gives the most frequent reply. Use it for talk that follows its training data, not for knowledge.
"""
SHORTENS = """Limits: two thousand examples do not teach a model to understand a paper. It learns the style of summaries
and copies salient phrases. Check every sentence against the paper.
"""
ANSWERED = """Right answers in per cent. One model for all tasks, trained on 1,000 questions of each in {minutes:g}
minutes (commit `{commit}`). Mean {mean:.1f}; at least 62 set out: {enough}. Better than Weston's LSTM (bold) on
{above_weston} of tasks 1 to 19; at least 17 set out: {above}. Each mean is over the tasks in its column.

"""
SUMMARISED = """SciTLDR test set, abstracts only. Each score is that of the best of several references. Training took
{minutes:g} minutes, commit `{commit}`.
"""
LETTERS = """Strings of 1 to 100 random letters, the same number of each length. "strings" is the share of strings that
are entirely right. The other columns are the share of letters in the right place, by string length.
"""
STEPS = """Time of a training step divided by that of a plain torch.nn script (packed encoder, fused Adam). Both take
the same batches from the same weights, interleaved, without dropout so that losses can be compared:
"""
DECODED = """{sentences:,} sentences from text to text, {num_beams} beams, the same weights, {threads} threads, commit
`{commit}`. Target: at least 3 times as fast as the torch script.
"""
OPTIONS = """Cost of options in a training step, commit `{commit}`. Without attention the last layer reads 512 numbers
instead of 256, and has its own weights:
"""


def not_run_yet(names: Iterable[str], found: dict[str, Row]) -> str:
    missing = [name for name in names if name not in found]
    return f"Not run: {', '.join(missing)}.\n" if missing else ""


def verdict(reached: bool) -> str:
    return "reached" if reached else "**missed**"


def figure(row: Row, name: str, digits: int) -> str:
    """So many digits of a figure; nothing where it is not known."""
    return f"{row[name]:.{digits}f}" if name in row else ""


def quoted(rows: Iterable[Sequence[str]], names: Sequence[str]) -> str:
    """Examples: a point for each, and in it a line for each of its texts."""
    points = []
    for row in rows:
        lines = []
        for name, text in zip(names, row, strict=True):
            said = " / ".join(text.strip().splitlines()).replace("`", "'")
            lines.append(f"{name}: `{said or ' '}`")
        points.append("- " + "\n  ".join(f"{line}<br>" for line in lines).removesuffix("<br>"))
    return "\n".join(points) + "\n"


def translations(found: dict[str, Row]) -> str:
    rows = [found[name] for name in TRANSLATIONS if name in found]
    lines = []
    for name, target in TRANSLATIONS.items():
        row = found.get(name)
        if row is None:
            lines.append((name, "not run", "", "", target, "", ""))
            continue
        reached = row["bleu"] >= float(target.split()[-1])
        lines.append(
            (
                name,
                figure(row, "bleu", 1),
                figure(row, "chrf", 1),
                figure(row, "perplexity", 2),
                f"{target}: {verdict(reached)}",
                f"{row['minutes']:g}",
                f"`{row['commit']}`",
            )
        )
    parts = [
        table(("model", "BLEU", "chrF", "perplexity", "target", "minutes", "commit"), lines),
        PUBLISHED,
    ]
    if rows:
        lengths = list(dict.fromkeys(length for row in rows for length in row["by_length"]))
        signatures = ", ".join(dict.fromkeys(f"`{row['signature']}`" for row in rows))
        parts += [
            f"2016 test set, {rows[0]['num_beams']} beams, {signatures}.\n",
            "BLEU by number of source words; sentences in brackets:\n",
            table(
                ("model", *lengths),
                [(row["name"], *(of_length(row, length) for length in lengths)) for row in rows],
            ),
            quoted(rows[0]["examples"], ("source", "model", "true")),
        ]
    return "\n".join(parts)


def of_length(row: Row, length: str) -> str:
    count, bleu = row["by_length"].get(length, (0, None))
    return f"{bleu:.1f} ({count})" if count else ""


def questions(found: dict[str, Row]) -> str:
    row = found.get("babi")
    if row is None:
        return not_run_yet(["babi"], found)
    columns = (row["by_task"], row["most_frequent"], writing.WESTON, writing.KERAS)

    def entry(values: Sequence[float], task: int) -> str:
        return f"{values[task]:.1f}" if task < len(values) else ""

    lines = [
        (
            str(task + 1),
            f"**{entry(columns[0], task)}**"
            if task < len(writing.WESTON) and row["by_task"][task] > writing.WESTON[task]
            else entry(columns[0], task),
            *(entry(values, task) for values in columns[1:]),
        )
        for task in range(len(row["by_task"]))
    ]
    means = ("mean", *(f"{sum(values) / len(values):.1f}" for values in columns))
    header = ("task", "ours", "most frequent answer", "LSTM, Weston et al. 2015", "Keras' example")
    verdicts = {"enough": verdict(row["mean"] >= 62), "above": verdict(row["above_weston"] >= 17)}
    return ANSWERED.format(**row, **verdicts) + table(header, [*lines, means])


def summaries(found: dict[str, Row]) -> str:
    row = found.get("scitldr")
    if row is None:
        return not_run_yet(["scitldr"], found)
    lines = [
        (name, *(figure(own, measure, 1) for measure in writing.ROUGE))
        for name, own in (("ours", row), ("first sentence", row["lead"]))
    ]
    examples = quoted(row["examples"], ("first sentence", "model", "true"))
    return "\n".join(
        [SUMMARISED.format(**row), table(("", "ROUGE-1", "ROUGE-2", "ROUGE-L"), lines), SHORTENS, examples]
    )


def dialogues(found: dict[str, Row]) -> str:
    names = ("sgd", "chatterbot")
    rows = [found[name] for name in names if name in found]
    parts = []
    if rows:
        lines = [
            (
                name,
                who,
                figure(scores, "perplexity", 2),
                figure(scores, "bleu", 1),
                figure(scores, "distinct_1", 3),
                figure(scores, "distinct_2", 3),
            )
            for row in rows
            for name, who, scores in (
                (f"{row['name']}, {row['replies']:,} replies", "model", row),
                ("", "reply to the most similar prompt", row["nearest"]),
                ("", "true replies", row["true"]),
            )
        ]
        parts = [table(("", "", "perplexity", "BLEU", "distinct-1", "distinct-2"), lines), CANNOT]
    for row in rows:
        parts.append(f"{row['name']}, {row['minutes']:g} minutes, commit `{row['commit']}`:\n")
        parts.append(quoted(row["examples"], ("so far", "model", "most similar", "true")))
    return "\n".join([*parts, not_run_yet(names, found)])


def strings(found: dict[str, Row]) -> str:
    names = [f"{kind}-{way}" for kind in writing.KINDS for way in writing.WAYS]
    rows = [found[name] for name in names if name in found]
    parts = []
    if rows:
        ends = [end for end, _, _ in rows[0]["by_length"] if end % 20 == 0]
        lines = []
        for row in rows:
            there = {end: share for end, _, share in row["by_length"]}
            target = f"; 0.99 {verdict(row['exact'] >= 0.99)}" if row["name"].endswith("attention") else ""
            lines.append((row["name"], f"{row['exact']:.3f}{target}", *(f"{there[end]:.3f}" for end in ends)))
        parts = [
            LETTERS,
            table(("", "strings", *map(str, ends)), lines),
        ]
        if writing.PICTURE.exists():
            parts.append(f"![share of right letters by string length]({writing.PICTURE.name})\n")
    return "\n".join([*parts, not_run_yet(names, found)])


def writing_speed(found: dict[str, Row]) -> str:
    names = ("translate-speed-lstm", "translate-speed-gru", "translate-decoding", "step-costs")
    parts = []
    lines = [
        (
            name,
            f"{row['time_ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})",
            f"0.6 {verdict(row['time_ratio'] <= 0.6)}",
            f"{row['largest_loss_difference']:g}",
            f"`{row['commit']}`",
        )
        for name in names[:2]
        if (row := found.get(name))
    ]
    if lines:
        parts = [
            STEPS,
            table(("", "ratio (95 %)", "at most", "largest loss difference", "commit"), lines),
        ]
    row = found.get("translate-decoding")
    if row is not None:
        rates = [
            (
                name,
                f"{rate:g}",
                f"{row['faster'][name]['median']:.2f}" if name in row["faster"] else "",
                f"{row['equal'][name]:.3f}" if name in row["equal"] else "",
            )
            for name, rate in row["per_second"].items()
        ]
        parts += [
            DECODED.format(**row),
            table(("", "sentences per second", "its time / ours", "same output as ours"), rates),
        ]
    row = found.get("step-costs")
    if row is not None:
        costs = [(n, f"{ms:g}", f"{row['times'][n]:.2f}") for n, ms in row["milliseconds"].items()]
        parts += [
            OPTIONS.format(**row),
            table(("", "milliseconds", "relative to default"), costs),
        ]
    return "\n".join([*parts, not_run_yet(names, found)])


def writers(folder: Path) -> str:
    """What benchmarks/writing.py found, the newest of each name."""
    found = {row["name"]: row for row in read_rows(folder / "writing.jsonl")}
    return "\n".join(
        f"### {title}\n\n{write(found)}"
        for title, write in (
            ("Translation", translations),
            ("Questions", questions),
            ("Summaries", summaries),
            ("Dialogues", dialogues),
            ("Copy and reverse", strings),
            ("Speed", writing_speed),
        )
    )


def share(value: float) -> str:
    return f"{100 * value:.3g} %"


def at_most(name: str, most: float) -> Said:
    return lambda row: (share(row[name]), f"at most {share(most)}", row[name] <= most)


def at_least(name: str, least: float) -> Said:
    return lambda row: (share(row[name]), f"at least {share(least)}", row[name] >= least)


def beside_baselines(row: Row) -> tuple[str, str, bool]:
    ours, others = row["accuracy"], (row["majority"], row["nearest_neighbour"])
    said = f"{share(ours)}; majority {share(others[0])}, nearest neighbour {share(others[1])}"
    return said, "above both", ours > max(others)


def speech(row: Row) -> tuple[str, str, bool]:
    most = 0.04 if row["name"].endswith("files") else 0.07
    live = f", live {share(row['wer_streamed'])}" if "wer_streamed" in row else ""
    factors = [row[n] for n in ("real_time_factor", "real_time_factor_streamed") if n in row]
    said = f"{share(row['wer'])}{live}; real-time factor {', live '.join(f'{f:g}' for f in factors)}"
    errors = [row[n] for n in ("wer", "wer_streamed") if n in row]
    return said, f"at most {share(most)}; 0.01", max(errors) <= most and max(factors) < 0.01


def fonts(row: Row) -> tuple[str, str, bool]:
    new = ", ".join(f"{font} {share(own['cer'])}" for font, own in row["by_font"].items() if font != "seen")
    return f"{share(row['cer'])}; new fonts: {new}", "at most 2 %", row["cer"] <= 0.02


def clips(least: float) -> Said:
    def said(row: Row) -> tuple[str, str, bool]:
        both = row["right"], row["right_streamed"]
        return (
            f"{share(both[0])}, as a stream {share(both[1])}",
            f"at least {share(least)}",
            min(both) >= least,
        )

    return said


def beyond_baselines(row: Row) -> tuple[str, str, bool]:
    apart = [own for way in row["beyond"].values() for own in way.values()]
    reached = all(own["above"] > 2 * own["standard_error"] for own in apart)
    return (
        f"BLEU {row['bleu']:g}, chrF {row['chrf']:g}",
        "above both baselines by two standard errors",
        reached,
    )


def pens(row: Row) -> tuple[str, str, bool]:
    own = row["baselines"]
    said = (
        f"{row['nats']:g} nats; one Gaussian {own['gaussian']:g}, order-2 prediction {own['order_2']:g}; "
        f"invalid strokes {share(row['invalid_strokes'])}"
    )
    reached = row["nats"] < min(own.values()) and row["invalid_strokes"] < 0.01
    return said, "below both; below 1 %", reached


# Of each result of benchmarks/senses.py: what it is, what stands beside it, and what is said of it.
SENSES: tuple[tuple[str, str, str, Said], ...] = (
    (
        "fsdd-digits",
        "FSDD, single digits: error",
        "BiLSTM of `eonu/fsdd` 1.59 %, on a random split",
        at_most("error", 0.02),
    ),
    ("fsdd-strings-files", "FSDD, strings of 3 to 7 digits: word error", "", speech),
    (
        "fsdd-strings-streaming",
        "the same, unidirectional, streamed in chunks of 20 ms: word error",
        "",
        speech,
    ),
    (
        "fsdd-speakers",
        "FSDD, each speaker left out in turn: error",
        "",
        lambda row: (
            f"{share(row['error'])} ({', '.join(f'{n} {share(e)}' for n, e in row['by_speaker'].items())})",
            "at most 20 %",
            row["error"] <= 0.2,
        ),
    ),
    ("lines", "printed lines, 18 fonts: character error", "", fonts),
    (
        "caroline",
        "Caroline minuscule: character error",
        "",
        lambda row: (
            (
                f"a new page {share(row['cer_page'])}, new scribes {share(row['cer_scribes'])}; trained on "
                f"{row['lines']['training']} lines, {row['characters']:,} characters"
            ),
            "",
            True,
        ),
    ),
    ("omniglot", "Omniglot, 136 characters, new writers: accuracy", "", at_least("accuracy", 0.86)),
    (
        "hand-gestures",
        "hand gestures, by recording: accuracy",
        "97 % on a random split that contains near-copies",
        beside_baselines,
    ),
    ("poses", "pose actions, by time: accuracy", "", beside_baselines),
    ("poses-in-rooms", "pose actions in rooms, by time: accuracy", "", beside_baselines),
    (
        "digits-one-to-one",
        "scikit-learn digits, image as one step, mean of 5 seeds: accuracy",
        "",
        at_least("accuracy", 0.97),
    ),
    ("digits-rows", "the same, one pixel row a step: accuracy", "", at_least("accuracy", 0.97)),
    ("activity", "clips: motions and their order: accuracy", "", clips(0.95)),
    ("telling", "clips: captions entirely right", "", clips(0.85)),
    ("twemoji", "pictograms: captions", "", beyond_baselines),
    (
        "twemoji-limits",
        "pictograms: captions that training allows",
        "",
        lambda row: (
            (
                f"{share(row['unseen'])} have a word that training has not; of all captions of training that of the "
                f"nearest image is the best for {share(row['nearest_is_best'])}; the best of each: BLEU "
                f"{row['best']['bleu']:g}, chrF {row['best']['chrf']:g}"
            ),
            "",
            True,
        ),
    ),
    ("nlvr", "scenes of boxes: captions", "", beyond_baselines),
    (
        "chorales-sigmoid",
        "JSB chorales, independent keys: nats per step",
        "LSTM 8.45, GRU 8.43, RNN 8.91, TCN 8.10 (Bai et al. 2018)",
        lambda row: (f"{row['nats']:g}", "at most 8.25", row["nats"] <= 8.25),
    ),
    (
        "chorales-chain",
        "JSB chorales, chained keys: nats per step",
        "",
        lambda row: (f"{row['nats']:g}", "at most 5.5", row["nats"] <= 5.5),
    ),
    (
        "pen-reader",
        "synthetic handwriting, read by a model: character error",
        "",
        lambda row: (share(row["cer"]), "", True),
    ),
    (
        "pen-writer",
        "output of `handwrite`, read by the same model: character error",
        "",
        at_most("cer", 0.08),
    ),
    *(
        (f"kanji-{cell}", f"kanji drawn by {cell}: nats per point", "", pens)
        for cell in ("lstm", "gru", "rnn")
    ),
)

SENSES_EXPLAINED = """- Each speaker left out: the model trains on five voices and is tested on a sixth, unheard one.
- Strings of digits: recordings of one speaker, joined without pauses.
- Real-time factor: processing time divided by the length of the audio, from samples to text, one thread.
- Clips: the test pairs shapes and motions that never occur together in training.
- Gestures and poses: overlapping windows never fall on both sides of the split.
- Nearest neighbour: the label of the closest training example.
- Pictograms: every name of the test is new. A caption with a word that training has not cannot be written word by word;
  where the caption of the nearest image is the best of training, a better one must put known words together anew.
- Invalid strokes: a single point, or a stroke that reaches twice as far as any drawing in the data.
"""


def senses_found(folder: Path) -> str:
    """What benchmarks/senses.py found, the newest of each name."""
    found = {row["name"]: row for row in read_rows(folder / "senses.jsonl")}
    lines = []
    for name, what, beside, said in SENSES:
        row = found.get(name)
        if row is None:
            lines.append((what, "not run", "", beside, "", ""))
            continue
        measured, target, reached = said(row)
        held = f"{target}: {verdict(reached)}" if target else ""
        lines.append((what, measured, held, beside, f"{row['minutes']:g}", f"`{row['commit']}`"))
    parts = [table(("", "measured", "target", "published", "minutes", "commit"), lines), SENSES_EXPLAINED]
    if any(name in found for name in ("twemoji", "nlvr")):
        parts.append(captions_beyond(found))
    for name, title in (
        ("letters", "lines written by `handwrite`"),
        ("kanji", "kanji drawn by `handwrite`"),
        ("music", "one minute of music from `compose`"),
    ):
        if (ROOT / "docs" / f"{name}.svg").exists():
            parts.append(f"![{title}]({name}.svg)\n")
    return "\n".join(parts)


def captions_beyond(found: dict[str, Row]) -> str:
    """Captions beside their baselines, each with what it lies above them and the bootstrap's error of that."""
    lines: list[Sequence[str]] = []
    examples: list[Sequence[str]] = []
    for name in ("twemoji", "nlvr"):
        row = found.get(name)
        if row is None:
            continue
        lines.append(
            (f"{name}, {row['test']} images", "model", f"{row['bleu']:g}", f"{row['chrf']:g}", "", "")
        )
        for way, own in row["baselines"].items():
            apart = [row["beyond"][way][n] for n in ("bleu", "chrf")]
            lines.append(
                (
                    "",
                    {"most_frequent": "most frequent caption", "nearest": "caption of the nearest image"}[
                        way
                    ],
                    f"{own['bleu']:g}",
                    f"{own['chrf']:g}",
                    *(f"{a['above']:+g} ({a['standard_error']:g})" for a in apart),
                )
            )
        examples += row["examples"]
    header = ("", "", "BLEU", "chrF", "model minus baseline: BLEU (standard error)", "chrF")
    return "\n".join([table(header, lines), quoted(examples, ("model", "true"))])


STREAMS = """`{command}`, {when}, commit `{commit}`, {cpu}.

Microseconds of one call from Python: batch 1, one thread, input size = hidden size.

- p50 (p99, p99.9): median, with the 99th and 99.9th percentile.
- native: the same step in a C++ loop.
- x bound: native time divided by the time to read the same number of bytes at the measured bandwidth.
- cold: the time after 64 MiB of other data were read.
- torch layer, torch cell, onnxruntime: their p50 divided by ours, on the same weights.
"""


def streams(folder: Path) -> str:
    """The newest run of benchmarks/stream.py: steps, chunks, many sessions, the first prediction."""
    rows = read_rows(folder / "stream.jsonl")
    last = max(i for i, row in enumerate(rows) if row["kind"] == "run")
    run, rows = rows[last], rows[last + 1 :]
    missed = "\n".join(f"- {line}" for line in stream.missed(rows) or ["nothing"])
    parts = [
        STREAMS.format(**run),
        one_step(of_kind(rows, "step")),
        "A chunk of 256 steps in one call. The last column is torch.nn's time divided by ours:\n",
        table(
            ("layer", "steps per second", "torch.nn / ours"),
            [
                (f"{r['cell']} {r['hidden']}", f"{r['steps_per_second']:,}", f"{r['faster']:g}")
                for r in of_kind(rows, "chunk")
            ],
        ),
        "Many sessions of a GRU of 64, one step each in random order, one core:\n",
        many_sessions(of_kind(rows, "many")),
        *(
            f"The first prediction of a model of {r['MB']:g} MB takes {r['milliseconds']:g} ms from the start of "
            f"`import hitherto` in a fresh process; importing numpy takes {r['of_which_numpy']:g} ms of them.\n"
            for r in of_kind(rows, "first")
        ),
        *(
            f"Endurance: {r['steps']:,} steps of a GRU of 64 whose state decays through the denormal numbers. The last "
            f"tenth took {r['last_over_first']:g} times as long as the first, the slowest tenth "
            f"{r['slowest_over_first']:g} times; memory grew by {r['grown_KiB']:,} KiB.\n"
            for r in of_kind(rows, "endurance")
        ),
        f"Missed targets:\n\n{missed}\n",
    ]
    return "\n".join(parts)


def one_step(rows: Sequence[Row]) -> str:
    others = ("torch layer", "torch cell", "onnxruntime")
    header = (
        "layer",
        "weights",
        "p50 (p99, p99.9)",
        "native",
        "x bound",
        "cold",
        *others,
        "largest difference",
    )
    lines = []
    for r in rows:
        own = r["hitherto"]
        lines.append(
            (
                f"{r['cell']} {r['hidden']}",
                r["weights"],
                f"{own['p50']:g} ({own['p99']:g}, {own['p99.9']:g})",
                *(f"{r[name]:g}" for name in ("native", "times_bound", "cold")),
                *(f"{r['faster'][p]:g}" if p in r["faster"] else "not installed" for p in others),
                f"{r['difference']:g}",
            )
        )
    return table(header, lines)


def many_sessions(rows: Sequence[Row]) -> str:
    found = {(r["sessions"], r["weights"]): r for r in rows}
    header = ("sessions", *(f"{w}: steps per second" for w in stream.WEIGHTS), "float32: bytes per session")
    return table(
        header,
        [
            (
                f"{n:,}",
                *(f"{found[n, w]['steps_per_second']:,}" for w in stream.WEIGHTS),
                f"{found[n, 'float32']['bytes_a_session']:,}",
            )
            for n in sorted({r["sessions"] for r in rows})
        ],
    )


def plain_command(folder: Path) -> dict[str, Row]:
    """The newest row of each set of benchmarks/defaults.py that was measured on its whole test."""
    rows = read_rows(folder / "defaults.jsonl")
    return {row["name"]: row for row in rows if not row["quick"] and not row.get("develop")}


def defaults(folder: Path) -> str:
    rows = [
        (
            row["name"],
            row["task"],
            f"{row['metric']} {row['model']:g}",
            f"{'**' if row['gain'] < 0 else ''}{row['best']} {row['best_baseline']:g}{'**' if row['gain'] < 0 else ''}",
            f"{row['gain']:g}",
            "" if row["error"] is None else f"{row['error']:g}",
            figure(row.get("metrics", {}), "coverage", 2),
            f"{row['seconds']:g}",
            f"`{row['commit']}`",
        )
        for row in plain_command(folder).values()
    ]
    header = (
        "set",
        "task",
        "model",
        "best baseline",
        "better by",
        "standard error",
        "coverage",
        "seconds",
        "commit",
    )
    return table(header, rows)


def competitions(folder: Path) -> str:
    found = {row["name"]: row for row in read_rows(folder / "competitions.jsonl")}
    rows = []
    for name, row in found.items():
        if name.endswith(("-peers", "-develop")):
            continue
        beside = found.get(f"{name}-peers", {})
        errors = [
            row["mase"],
            row["seasonal_naive"],
            row["last_value"],
            *(beside.get(p) for p in STATISTICAL),
        ]
        cells = ["" if one is None else f"{one['median']:g} ({one['mean']:g})" for one in errors]
        rows.append(
            (
                name,
                f"{row['series']:,}",
                *cells,
                f"{row['coverage']:.2f}",
                f"{row['minutes']:g}",
                f"`{row['commit']}`",
            )
        )
    header = (
        "set",
        "series",
        "model",
        "seasonal naive",
        "last value",
        *STATISTICAL,
        "coverage",
        "minutes",
        "commit",
    )
    return table(header, rows)


STATISTICAL = ("AutoETS", "AutoTheta")


def of_competition(name: str, row: Row, beside: Row) -> Headline:
    best, median = row["seasonal_naive"]["median"], row["mase"]["median"]
    peers = [(p, beside[p]["median"]) for p in STATISTICAL if p in beside]
    return Headline(
        f"Forecast, {name}, {row['series']:,} series, one model: median MASE",
        f"{median:g}",
        f"below the seasonal naive forecast's {best:g}",
        median < best,
        tuple((f"{p} {value:g}", value < median) for p, value in peers),
    )


def competition_headlines(folder: Path) -> list[Headline]:
    found = {row["name"]: row for row in read_rows(folder / "competitions.jsonl")}
    names = [name for name in found if not name.endswith(("-peers", "-develop"))]
    return [of_competition(name, found[name], found.get(f"{name}-peers", {})) for name in names]


def default_headlines(folder: Path) -> list[Headline]:
    """The series of the plain command."""
    return [
        Headline(
            f"Forecast, plain command, {name}: {row['metric'].upper()}",
            f"{row['model']:g}",
            beside=((f"{row['best']} {row['best_baseline']:g}", row["gain"] < 0),),
        )
        for name, row in plain_command(folder).items()
        if row["task"] == "forecast"
    ]


def report(folder: Path = RESULTS) -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    if (folder / "stream.jsonl").exists():
        parts.append(f"## Streams\n\n{streams(folder)}\n")
    if (folder / "tasks.jsonl").exists():
        parts.append(
            "## Tasks\n\n`python benchmarks/tasks.py NAME`, on real data. Each test split is read once.\n\n"
            f"{tasks(folder)}\n"
        )
    if plain_command(folder):
        parts.append(
            "## The plain command\n\n`python benchmarks/defaults.py NAME`: no option but those that say what is asked. "
            f"Bold: better than the model. Coverage is that of 80 % intervals.\n\n{defaults(folder)}\n"
        )
    if (folder / "competitions.jsonl").exists():
        parts.append(
            "## Competitions\n\n`python benchmarks/competitions.py NAME`: MASE, the median of all series and in "
            "brackets the mean. One model is trained on all series of a row; peers fit each series by itself.\n\n"
            f"{competitions(folder)}\n"
        )
    if (folder / "writing.jsonl").exists():
        parts.append(
            "## Text to text\n\n`python benchmarks/writing.py NAME`, on real data. Each test split is read once.\n\n"
            f"{writers(folder)}\n"
        )
    if (folder / "senses.jsonl").exists():
        parts.append(
            "## Audio, images, pens, video and music\n\n`python benchmarks/senses.py NAME`, on real and "
            f"synthetic data. Each test split is read once.\n\n{senses_found(folder)}\n"
        )
    if (folder / "bfloat16.jsonl").exists():
        parts.append(f"## Training in bfloat16\n\n{bfloat16(read_rows(folder / 'bfloat16.jsonl'))}\n")
    beside: dict[str, list[Row]] = {}
    files = {path.stem.removeprefix("layers-"): path for path in folder.glob("layers-*.jsonl")}
    for isa in [*(i for i in TITLES if i in files), *sorted(set(files) - set(TITLES))]:
        runs, rows = newest(files[isa])
        for kind in ("options", "memory", "startup", "interference"):
            beside[kind] = beside.get(kind) or of_kind(rows, kind)
        points = of_kind(rows, "point")
        if not points:
            continue
        parts.append(f"## {TITLES.get(isa, isa)}\n\n{where(runs)}\n")
        for title, text in (
            ("Means and targets", means(points)),
            ("Lost points", losses(points)),
            ("Percentage of the roofline", roofline(points, runs)),
            ("Other peers", peers(points, runs)),
            ("Every point", EXPLAINED["points"] + every_point(points)),
            ("Not run", not_run(points, runs)),
        ):
            parts.append(f"### {title}\n\n{text}\n")
    if len(parts) == 1:
        parts.append("Nothing has been measured yet.\n")
    for kind, title, write in (
        ("options", "Options of training", options),
        ("interference", "Beside torch's operations", interference),
        ("memory", "Peak memory of a training step", memory),
        ("startup", "Import time and wheels", lambda rows: startup(rows[-1])),
    ):
        found = beside.get(kind, [])
        parts.append(f"## {title}\n\n{EXPLAINED[kind]}{write(found) if found else 'Not run.'}\n")
    return "\n".join(parts)


# ---- the page of headlines

HEADLINES = """# Results

This page shows how fast Hitherto is, how good its models are on real data, and where it falls short.

- Every measured point, with examples of what the models write: [results-all.md](results-all.md).
- How each figure is measured, and how to measure it again: [benchmarks/README.md](../benchmarks/README.md).

`python benchmarks/report.py` writes both pages from `benchmarks/results/*.jsonl`. Do not edit them. **Missed** means
that a target was not reached; a baseline in bold is better than Hitherto.
"""

MISSED = """Missed targets, ratios below 1, and baselines that are better than Hitherto. The list covers every measured
layer and stream, not only those of the tables above.
"""


class Headline(NamedTuple):
    """A line of the page: what was measured, its target, whether it was reached, and who stands beside it."""

    what: str
    measured: str
    target: str = ""
    reached: bool = True
    beside: tuple[tuple[str, bool], ...] = ()  # (baseline and its figure, whether it is better)

    def cells(self) -> tuple[str, ...]:
        held = f"{self.target}: {verdict(self.reached)}" if self.target else ""
        others = "; ".join(f"**{text}**" if better else text for text, better in self.beside)
        return (self.what, self.measured, held, others)

    def miss(self) -> str:
        """What was missed and who is better; empty where nothing is."""
        better = [text for text, is_better in self.beside if is_better]
        parts = [] if self.reached else [f"target {self.target}"]
        parts += [f"better: {', '.join(better)}"] if better else []
        return f"{self.what}: {self.measured}; {'; '.join(parts)}" if parts else ""


def of_ett(hours: int, most: float) -> Callable[[Row], Headline]:
    def headline(r: Row) -> Headline:
        published = [one.rsplit(" ", 1) for one in str(r["published"]).split(", ")]
        beside = {"linear regression": r["linear"], "last day": r["last_day"]} | {
            f"{name} (published)": float(mse) for name, mse in published
        }
        return Headline(
            f"Forecast, ETTh1, {hours} hours: MSE{' (test months read before)' if hours < 96 else ''}",
            f"{r['mse']:g}",
            f"at most {most:g}",
            r["mse"] <= most,
            tuple((f"{name} {mse:g}", mse < r["mse"]) for name, mse in beside.items()),
        )

    return headline


def of_series(what: str, naive: str = "seasonal naive") -> Callable[[Row], Headline]:
    return lambda r: Headline(
        f"Forecast, {what}, {r['horizon']} steps: MASE",
        f"{r['mase']:g}",
        beside=((f"{naive} {r['seasonal_naive']:g}", r["seasonal_naive"] < r["mase"]),),
    )


def of_training(what: str, most: float) -> Callable[[Row], Headline]:
    return lambda r: Headline(
        f"{what}: time / torch.nn's",
        f"{r['time_ratio']:.2f}",
        f"at most {most:g}",
        r["time_ratio"] <= most,
    )


def of_translation(what: str, name: str) -> Callable[[Row], Headline]:
    target = TRANSLATIONS[name].removeprefix("BLEU ")
    return lambda r: Headline(
        what, f"{r['bleu']:.1f} ({r['minutes']:g} min)", target, r["bleu"] >= float(target.split()[-1])
    )


def of_dialogues(what: str) -> Callable[[Row], Headline]:
    return lambda r: Headline(
        what,
        f"{r['bleu']:.1f}",
        beside=(
            (
                f"reply to the most similar prompt {r['nearest']['bleu']:.1f}",
                r["nearest"]["bleu"] > r["bleu"],
            ),
        ),
    )


def of_strings(what: str) -> Callable[[Row], Headline]:
    return lambda r: Headline(what, share(r["exact"]), "at least 99 %", r["exact"] >= 0.99)


TASK_HEADLINES: dict[str, Callable[[Row], Headline]] = {
    "ptb-small-lstm": lambda r: Headline(
        "Language model, Penn Treebank, LSTM 2 x 200: test perplexity",
        f"{r['test']:g}",
        "at most 115.9",
        r["test"] <= 115.9,
        (("115.91 (Zaremba et al. 2014)", r["test"] > 115.91),),
    ),
    "shakespeare": lambda r: Headline(
        "Language model, Tiny Shakespeare: nats per character",
        f"{r['nats']:g}",
        "below 1.50",
        r["nats"] < 1.5,
    ),
    "sst2": lambda r: Headline(
        "Sentiment, SST-2, layers alone: accuracy, mean of 5 seeds",
        share(r["test"]),
        "at least 80 %",
        r["test"] >= 0.8,
        ((f"naive Bayes {share(r['naive_bayes'])}", r["naive_bayes"] > r["test"]),),
    ),
    "sms": lambda r: Headline(
        "Spam, SMS: accuracy, F1",
        f"{100 * r['accuracy']:.2f} %, {share(r['f1'])}",
        "at least 98.7 %, 95 %",
        r["accuracy"] >= 0.987 and r["f1"] >= 0.95,
        (("LSTM 98.5 % (published, duplicates kept)", r["accuracy"] < 0.985),),
    ),
    "natops": lambda r: Headline(
        "Gestures from sensors, NATOPS: accuracy",
        share(r["test"]),
        "at least 91 %",
        r["test"] >= 0.91,
        (
            ("MLSTM-FCN 88.9 % (published)", r["test"] < 0.889),
            ("TapNet 93.9 % (published)", r["test"] < 0.939),
        ),
    ),
    "ett-24": of_ett(24, 0.304),
    "ett-48": of_ett(48, 0.342),
    "ett-96": of_ett(96, 0.375),
    "ett-192": of_ett(192, 0.416),
    "ett-336": of_ett(336, 0.453),
    "ett-720": of_ett(720, 0.455),
    "series-airline": of_series("airline passengers"),
    "series-sunspots": of_series("sunspots"),
    "series-temperatures": of_series("daily minimum temperatures"),
    "series-car sales": of_series("car sales"),
    "series-nyc_taxi": of_series("New York taxi demand"),
    "series-apple": of_series("Apple share price", "last value"),
    "corpus": lambda r: Headline(
        "Training on 1 GiB of text: peak memory",
        f"{r['peak_MiB']:,} MiB",
        "at most 2,048 MiB",
        r["peak_MiB"] <= 2048,
    ),
    "lm-speed-lstm": of_training("Training step of a language model, LSTM", 0.75),
}

WRITING_HEADLINES: dict[str, Callable[[Row], Headline]] = {
    "multi30k-de-en": of_translation("German to English, Multi30k: BLEU (training time)", "multi30k-de-en"),
    "multi30k-de-en-fixed": of_translation("the same, without attention", "multi30k-de-en-fixed"),
    "multi30k-en-de": of_translation("English to German, Multi30k: BLEU (training time)", "multi30k-en-de"),
    "translate-decoding": lambda r: Headline(
        "German to English, 5 beams: sentences per second",
        f"{r['per_second']['hitherto']:g}",
        "3 times a torch script in batches",
        all(f["median"] >= 3 for f in r["faster"].values()),
        tuple((f"{name}: {r['per_second'][name]:g}", f["median"] < 1) for name, f in r["faster"].items()),
    ),
    "translate-speed-lstm": of_training("Training step of translation, LSTM", 0.6),
    "translate-speed-gru": of_training("Training step of translation, GRU", 0.6),
    "babi": lambda r: Headline(
        "Questions, bAbI, 1,000 examples per task: mean accuracy",
        f"{r['mean']:.1f} %",
        "at least 62 %",
        r["mean"] >= 62,
        (("LSTM 47.0 % (Weston et al. 2015, tasks 1 to 19)", r["mean"] < 47),),
    ),
    "scitldr": lambda r: Headline(
        "Summaries, SciTLDR abstracts: ROUGE-L",
        f"{r['rougeL']:.1f}",
        beside=((f"first sentence {r['lead']['rougeL']:.1f}", r["lead"]["rougeL"] > r["rougeL"]),),
    ),
    "sgd": of_dialogues("Dialogues, SGD: BLEU"),
    "chatterbot": of_dialogues("Dialogues, ChatterBot: BLEU"),
    "copy-attention": of_strings("Copying 1 to 100 letters: strings entirely right"),
    "reverse-attention": of_strings("Reversing 1 to 100 letters: strings entirely right"),
}

BETTER = {"chorales-sigmoid": "TCN 8.10"}  # published figures that are better than ours
NOT_A_HEADLINE = {
    "poses",
    "poses-in-rooms",
    "digits-one-to-one",
    "digits-rows",
    "kanji-gru",
    "kanji-rnn",
    "pen-reader",
    "twemoji-limits",
}


def sense_headlines(folder: Path) -> list[Headline]:
    found = {row["name"]: row for row in read_rows(folder / "senses.jsonl")}
    lines = []
    for name, what, beside, said in SENSES:
        row = found.get(name)
        if row is None or name in NOT_A_HEADLINE:
            continue
        others = [(beside, False)] if beside else []
        if name in BETTER:
            others = [(beside.replace(f", {BETTER[name]}", ""), False), (BETTER[name], True)]
        for way, own in row["baselines"].items() if name in ("twemoji", "nlvr") else ():
            label = {"most_frequent": "most frequent caption", "nearest": "caption of the nearest image"}[way]
            others.append((f"{label}: BLEU {own['bleu']:g}", own["bleu"] > row["bleu"]))
        measured, target, reached = said(row)
        if name == "fsdd-speakers":
            measured = share(row["error"])
        lines.append(Headline(what[0].upper() + what[1:], measured, target, reached, tuple(others)))
    return lines


def task_headlines(path: Path, shown: dict[str, Callable[[Row], Headline]]) -> list[Headline]:
    found = {row["name"]: row for row in read_rows(path)}
    return [show(found[name]) for name, show in shown.items() if name in found]


TEXTS = {
    "sst2": "Sentiment, SST-2",
    "sms": "Spam, SMS (another split than above)",
    "intents": "Intents of SGD, 500 rows",
    "topics": "Topics of ChatterBot, 1,400 rows",
}
PEERS = {
    "naive_bayes": "naive Bayes",
    "logistic_regression": "logistic regression",
    "svm": "linear SVM",
    "nb_svm": "NB-SVM",
    "fasttext": "fastText",
}
TAGGED = {"entities": ("Entities", "entity_f1", "F1"), "pos": ("Parts of speech", "accuracy", "accuracy")}


RECORDS = {
    "ptb-words": (
        "Penn Treebank, words, LSTM 2 x 600: test perplexity",
        "test",
        80,
        "Zaremba et al. 2014, large: 78.3",
    ),
    "ptb-chars": (
        "Penn Treebank, characters: test bits per character",
        "test",
        1.32,
        "Bai et al. 2018: 1.36",
    ),
    "shakespeare-record": ("Tiny Shakespeare, the last 5 %: nats per character", "valid", 1.46, ""),
}


def record_headlines(folder: Path) -> list[Headline]:
    """Language models by the recipes of lm_record.py, each in one training, beside a Kneser-Ney 5-gram."""
    found, lines = {row["name"]: row for row in read_rows(folder / "lm_record.jsonl")}, []
    for name, (what, split, most, published) in RECORDS.items():
        row = found.get(name)
        if row is None:
            continue
        own, beside = row[split], [(f"Kneser-Ney {row[f'kneser_ney_{split}']:g}", False)]
        beside += (
            [(f"{published} (published)", float(published.rsplit(" ", 1)[1]) < own)] if published else []
        )
        cached = f"; with a cache {row[f'cached_{split}']:g}" if f"cached_{split}" in row else ""
        measured = f"{own:g}{cached} ({row['minutes']:g} min)"
        lines.append(
            Headline(what, measured, f"at most {most:g} without a cache", own <= most, tuple(beside))
        )
    return lines


def text_headlines(folder: Path) -> list[Headline]:
    """`classify` of texts with its defaults beside peers that learn from the same rows."""
    found, lines = {row["name"]: row for row in read_rows(folder / "classify.jsonl")}, []
    tasks = {row["name"]: row for row in read_rows(folder / "tasks.jsonl")}
    for name, what in TEXTS.items():
        row = found.get(name)
        if row is None:
            continue
        own = row["accuracy"]
        peers = {title: row[peer] for peer, title in PEERS.items() if peer in row}
        if name == "sst2" and name in tasks:  # its naive Bayes is a better one
            peers["naive Bayes of tasks.py"] = tasks[name]["naive_bayes"]
        others = [(f"{title} {share(value)}", value > own) for title, value in peers.items()]
        seeds = f"mean of {row['seeds']} seeds" if row["seeds"] > 1 else "one seed"
        reached = own >= max(peers.values())
        lines.append(
            Headline(
                f"{what}: accuracy, {seeds}", share(own), "at least the best peer", reached, tuple(others)
            )
        )
    return lines


def tag_headlines(folder: Path) -> list[Headline]:
    """`tag` where a third of the words is new: the defaults, the reader of before and CRFsuite."""
    last: dict[str, dict[int, Row]] = {}
    for row in read_rows(folder / "tag_unseen.jsonl"):
        if "seed" in row:
            last.setdefault(row["name"], {})[row["seed"]] = row
    lines = []
    for name, (what, metric, word) in TAGGED.items():
        means = {
            kind: math.fsum(row[metric] for row in rows.values()) / len(rows)
            for kind in ("defaults", "before", "crfsuite")
            if (rows := last.get(f"{name} {kind}"))
        }
        if "defaults" not in means:
            continue
        own, before = means["defaults"], means.get("before")
        others = [
            (f"{title} {share(means[kind])}", means[kind] > own)
            for kind, title in (("before", "words alone, softmax"), ("crfsuite", "CRFsuite"))
            if kind in means
        ]
        count = len(last[f"{name} defaults"])
        seeds = f"mean of {count} seeds" if count > 1 else "one seed"
        target = "" if before is None else "10 points above words alone"
        reached = before is None or own >= before + 0.1
        lines.append(Headline(f"{what}: {word}, {seeds}", share(own), target, reached, tuple(others)))
    return lines


def layer_headlines(folder: Path) -> tuple[str, list[str]]:
    """The means of AVX-512 beside their targets, and what every instruction set missed."""
    text, misses = "", []
    for isa in ("avx512", "avx2"):
        path = folder / f"layers-{isa}.jsonl"
        runs, rows = newest(path) if path.exists() else ([], [])
        points = [p for p in of_kind(rows, "point") if p["batch"] >= 16]
        lines = []
        for name, training, ragged, hidden, targets in CRITERIA:
            line = [name]
            for cell, target in targets.items():
                here = [
                    ratio(p)
                    for p in points
                    if (p["cell"], p["training"], p["ragged"]) == (cell, training, ragged)
                    and p["hidden"] in hidden
                ]
                mean = geometric_mean(here) if here else math.nan
                line.append(
                    f"{mean:.2f}" if mean >= target else f"{mean:.2f} (target {target:g}: **missed**)"
                )
                if mean < target:
                    misses.append(
                        f"{TITLES[isa]}, {cell}, {name}: {mean:.2f} ({len(here)} points); target {target:g}"
                    )
            lines.append(line)
        slower = sorted((p for p in of_kind(rows, "point") if ratio(p) < 1), key=ratio)
        if slower:
            least = slower[0]
            which = f"{least['cell']}, hidden {least['hidden']}, batch {least['batch']}, {mode_word(least)}"
            misses.append(
                f"{TITLES[isa]}: {len(slower)} of {len(of_kind(rows, 'point'))} points have a median ratio below 1; "
                f"the lowest is {ratio(least):.2f} ({which})"
            )
        if runs and not text:
            run = runs[-1]
            text = (
                f"`{run['command']}`, {run['machine']['cpu']}, {run['machine']['cores']} cores, {TITLES[isa]},\n"
                f"torch {run['versions']['torch']}, commit `{run['commit']}`.\n\n"
                "torch.nn's time divided by ours: above 1, Hitherto is faster. Float32, geometric mean over hidden\n"
                "sizes and batches of 16 to 128. With lengths, torch.nn packs and unpacks.\n\n"
            ) + table(("", *layers.CELLS), lines)
            grid = layers.grid("headline", {1, int(run["machine"]["cores"])})
            absent = [name for name in ("jax", "keras") if run["versions"].get(name) is None]
            text += (
                f"\nMeasured: {len(of_kind(rows, 'point'))} of the {len(grid)} points of the grid. "
                f"Not installed, so not measured: {', '.join(absent) or 'nothing'}.\n"
            )
    return text, misses


def stream_headlines(folder: Path) -> tuple[str, list[str]]:
    """One step of a few layers, many sessions, the first prediction."""
    rows = read_rows(folder / "stream.jsonl")
    last = max((i for i, row in enumerate(rows) if row["kind"] == "run"), default=0)
    run, rows = rows[last], rows[last + 1 :]
    shown = {("rnn", 64, "float32"), ("gru", 64, "float32"), ("lstm", 64, "float32")}
    shown |= {("lstm", 256, "float32"), ("lstm", 256, "int8")}
    lines = [
        (
            f"{r['cell']} {r['hidden']}, {r['weights']}",
            *(f"{r['hitherto'][p]:.2g}" for p in ("p50", "p99")),
            *(f"{r['faster'][p]:.3g}" if p in r["faster"] else "" for p in ("torch layer", "onnxruntime")),
        )
        for r in of_kind(rows, "step")
        if (r["cell"], r["hidden"], r["weights"]) in shown
    ]
    text = (
        f"`{run['command']}`, {run['cpu']}, commit `{run['commit']}`.\n\nMicroseconds of one `Session.push` from "
        "Python (batch 1, one thread), and the median time of others divided by ours:\n\n"
    ) + table(("layer", "median", "99th percentile", "torch.nn / ours", "ONNX Runtime / ours"), lines)
    for r in of_kind(rows, "many"):
        if (r["sessions"], r["weights"]) == (100_000, "float32"):
            text += (
                f"\n{r['sessions']:,} sessions of a GRU of {r['hidden']} take {r['MiB']:.0f} MiB and "
                f"{r['steps_per_second'] / 1e6:.1f} million steps per second on one core."
            )
    for r in of_kind(rows, "first"):
        text += f" The first prediction takes {r['milliseconds']:g} ms from `import hitherto`.\n"
    return text, stream.missed(rows)


def headlines(folder: Path = RESULTS) -> str:
    """The page of headlines: a table for each benchmark, then everything that was missed."""
    layer_text, misses = layer_headlines(folder)
    stream_text, missed = stream_headlines(folder)
    parts = [
        HEADLINES,
        f"## Layers: training and inference\n\n{layer_text}",
        f"## Live streams: one step\n\n{stream_text}",
    ]
    misses += missed
    for title, script, lines in (
        (
            "Labels, language models and forecasts",
            "tasks",
            task_headlines(folder / "tasks.jsonl", TASK_HEADLINES),
        ),
        ("Language models by longer recipes", "lm_record", record_headlines(folder)),
        ("Texts to labels, beside peers", "classify_baselines", text_headlines(folder)),
        ("Tags where a third of the words is new", "tag_unseen", tag_headlines(folder)),
        (
            "Forecasts with the plain command",
            "{defaults,competitions}",
            [*default_headlines(folder), *competition_headlines(folder)],
        ),
        ("Text to text", "writing", task_headlines(folder / "writing.jsonl", WRITING_HEADLINES)),
        ("Audio, images, pens, video and music", "senses", sense_headlines(folder)),
    ):
        newer = ("lm_record", "classify_baselines", "tag_unseen", "{defaults,competitions}")
        if not lines and script in newer:
            continue
        cells = table(("", "measured", "target", "baseline or published"), [line.cells() for line in lines])
        parts.append(f"## {title}\n\n`HITHERTO_DATA=FOLDER python benchmarks/{script}.py`\n\n{cells}")
        misses += [miss for line in lines if (miss := line.miss())]
    listed = "\n".join(f"- {line}" for line in misses or ["nothing"])
    parts.append(f"## Missed targets and better baselines\n\n{MISSED}\n{listed}\n")
    return "\n".join(parts)


def main() -> int:
    for name, text in (("results.md", headlines()), ("results-all.md", report())):
        page = ROOT / "docs" / name
        page.write_text(text, encoding="utf-8")
        print(f"wrote {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
