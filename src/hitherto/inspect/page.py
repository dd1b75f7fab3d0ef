"""An inspection as a page: the memory as strips, words shaded by what they did, and what follows from both."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hitherto.arrays import Array
from hitherto.report.curves import Section
from hitherto.report.page import document

if TYPE_CHECKING:
    from hitherto.inspect.experiments import Beside
    from hitherto.inspect.inspection import Inspection, LayerSeen

__all__ = ["beside_page", "inner", "page"]

UNITS = 256  # of a strip, at most
ROWS = 60  # of a table of steps, at most
LINES = 6  # of shaded words, at most: the last answers
PICTURES = 6  # that are shown, at most
CLASSES = 5  # curves of probabilities, at most

NAMES = {
    "gradient": "gradient times input",
    "integrated": "integrated gradients",
    "left_out": "leaving the step out",
}


def page(seen: "Inspection") -> str:
    """The page."""
    return document(f"Inside a model: {seen.task}", _summary(seen), sections(seen), _notes(seen))


def inner(seen: "Inspection") -> str:
    """The same for a notebook, in a frame: neither changes how the other looks."""
    look = "width:100%;height:640px;border:1px solid #8884;border-radius:6px"
    return f'<iframe title="Inside a model" style="{look}" srcdoc="{html.escape(page(seen))}"></iframe>'


def beside_page(both: "Beside") -> str:
    """Two inspections on one page: how far they are from each other, and each by itself."""
    made: list[Section] = []
    lines = [
        {"name": name, "x": list(range(1, len(off) + 1)), "y": off.tolist()}
        for name, off in both.states.items()
    ]
    if np.isfinite(both.answers).all() and len(both.answers):
        x = list(range(1, len(both.answers) + 1))
        lines.append({"name": "answers", "x": x, "y": both.answers.tolist()})
    if lines:
        made.append({
            "kind": "curves", "title": "How far they are from each other", "series": lines,
            "note": "The distance of the two states of each layer, and of the two answers, after so many steps.",
        })  # fmt: skip
    for number, seen in enumerate((both.one, both.other), 1):
        made += [{**section, "title": f"{number}: {section['title']}"} for section in sections(seen)]
    return document(
        "Two inspections beside each other", [*_summary(both.one), *_summary(both.other)], made, []
    )


def _summary(seen: "Inspection") -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [("task", seen.task)]
    facts += [
        (f"steps of {name}" if name != "x" else "steps", len(steps)) for name, steps in seen.steps.items()
    ]
    facts += [("layers", len(seen.layers)), ("answer at the end", seen.said[-1] or "none")]
    facts += [(f"90 % memory of {name}", length) for name, length in seen.memory.items()]
    return facts


def _notes(seen: "Inspection") -> list[str]:
    return (
        ["only the first steps are shown, as many as were asked for; --steps says how many"]
        if seen.cut
        else []
    )


def sections(seen: "Inspection") -> list[Section]:
    """All parts that this inspection has."""
    made = [*_answers(seen), *_rests(seen)]
    for layer in seen.layers:
        made += _strips(seen, layer)
    return [*made, *_step_by_step(seen), *_remembers(seen), *_reach(seen), *_attention(seen), *_path(seen)]


# ---- the parts


def _steps(seen: "Inspection", layer: "LayerSeen") -> list[str]:
    """What the steps of a layer are called; a layer may have more of them than its input."""
    names = seen.steps["source" if layer.name.startswith("encode.") else "x"]
    count = len(next(iter(layer.states.values())))
    return list(names) if len(names) == count else [str(t + 1) for t in range(count)]


def _worded(names: Sequence[str]) -> bool:
    """Whether steps are words or letters, and not numbers or times."""
    return any(not name[:1].isdigit() for name in names[1:] or names)


def _known(seen: "Inspection") -> int:
    """How many numbers of an answer have names."""
    return len(seen.classes) if len(seen.classes) <= seen.answers.shape[1] else 0


def _answers(seen: "Inspection") -> list[Section]:
    """The answer after every step, as curves."""
    known, x = _known(seen), list(range(1, len(seen.answers) + 1))
    if len(x) < 2:
        return []
    top = np.argsort(-seen.answers[:, : known or None].max(0))[:CLASSES].tolist()
    names = [seen.classes[k] if known else f"number {k + 1}" for k in top]
    lines = [
        {"name": _shown(name), "x": x, "y": seen.answers[:, k].tolist()}
        for name, k in zip(names, top, strict=True)
    ]
    what = "How probable each answer is" if known else "What the model expects, in its own scale,"
    return [{
        "kind": "curves", "title": "The answer after every step", "series": lines,
        "note": f"{what} after so many steps.",
    }]  # fmt: skip


def _step_by_step(seen: "Inspection") -> list[Section]:
    """The same in words, where steps are words."""
    known, steps = _known(seen), seen.steps["x"]
    if not known or not _worded(steps):
        return []
    rows = []
    for t in range(max(0, len(steps) - ROWS), len(steps)):
        order = np.argsort(-seen.answers[t, :known])[:3].tolist()
        rest = ", ".join(f"{_shown(seen.classes[k])} {seen.answers[t, k]:.0%}" for k in order)
        rows.append([_shown(steps[t]), _shown(seen.said[t]), rest])
    return [{
        "kind": "table", "title": "Step by step", "columns": ["it reads", "it says", "most probable"], "rows": rows,
        "note": "After each step: what the model would say if the input ended here, or what it says of this step.",
    }]  # fmt: skip


def _shown(text: str) -> str:
    return text.replace("\n", "⏎").replace(" ", "␣") or "none"


def _rests(seen: "Inspection") -> list[Section]:
    """What answers rest on: words in shades, numbers as curves; and the last answer by all methods."""
    made: list[Section] = []
    first = next((name for name in NAMES if name in seen.rests), None)
    if first is None:
        return made
    note = (
        f"By {NAMES[first]}. Blue speaks for the answer, orange against it; the strongest step of a line is the most "
        "coloured."
    )
    for name, values in seen.rests[first].items():
        steps, what = seen.steps[name], "source" if name == "source" else "input"
        if len(steps) < 2:
            continue
        if _worded(steps):
            items = []
            for i in range(max(0, len(values) - LINES), len(values)):
                k = seen.explained[i]
                items.append(
                    {
                        "caption": f"after step {k + 1} it says: {_shown(seen.said[k])}",
                        "words": steps,
                        "weights": values[i],
                    }
                )
            made.append(
                {
                    "kind": "shaded",
                    "title": f"What each answer rests on: {what}",
                    "items": items,
                    "note": note,
                }
            )
        lines = [
            {"name": NAMES[method], "x": list(range(1, len(steps) + 1)), "y": inputs[name][-1].tolist()}
            for method, inputs in seen.rests.items()
        ]
        made.append({
            "kind": "curves", "title": f"What the last answer rests on: {what}", "series": lines,
            "note": "How much each step did for the last answer, by each method. Where they disagree, trust none.",
        })  # fmt: skip
    return made + [section for name, grid in seen.within.items() for section in _within(name, grid)]


def _within(name: str, grid: Array) -> list[Section]:
    """What each number of a step did: pictures as pictures, and the numbers of a single step as a curve."""
    title = f"What the last answer rests on within a step: {name}"
    if grid.ndim == 4:  # [T, height, width, channels]
        items = []
        for t, picture in enumerate(grid[:PICTURES].sum(-1)):
            size = {"wide": max(1, 240 // picture.shape[1]), "high": max(1, 240 // picture.shape[1])}
            caption = f"step {t + 1}" if len(grid) > 1 else ""
            items.append(
                {"caption": caption, "columns": [], "values": picture, "most": _largest(grid.sum(-1)), **size}
            )
        note = "The gradient times each pixel: blue speaks for the answer, orange against it."
        return [{"kind": "strips", "title": title, "items": items, "note": note}]
    if len(grid) != 1 or grid.size < 2:
        return []
    lines = [{"name": "gradient times input", "x": list(range(1, grid.size + 1)), "y": grid[0].tolist()}]
    note = "The one step has many numbers; this is how much each of them did."
    return [{"kind": "curves", "title": title, "series": lines, "note": note}]


def _strips(seen: "Inspection", layer: "LayerSeen") -> list[Section]:
    """The states and the gates of a layer, the units that remember longest at the top."""
    count = next(iter(layer.gates.values())).shape[1] if layer.gates else 0
    order = np.arange(count) if layer.half_life is None else np.argsort(-layer.half_life, kind="stable")
    columns, cut = _steps(seen, layer), ""
    if count > UNITS:
        order, cut = order[np.linspace(0, count - 1, UNITS).astype(int)], f"; {UNITS} of {count} units"

    def strip(what: str, values: Array, most: float) -> Section:
        rows = values[:, order] if values.shape[1] == count else values[:, :UNITS]
        return {"caption": f"{what}{cut}", "columns": columns, "values": rows.T, "most": most}

    states = [
        strip(
            f"state {name}",
            values,
            max(1.0 if i == 0 and layer.half_life is not None else 0.0, _largest(values)),
        )
        for i, (name, values) in enumerate(layer.states.items())
    ]
    way = ", from the end" if layer.reverse else ""
    sorted_by = "" if layer.half_life is None else " The units that remember longest are at the top."
    made: list[Section] = [{
        "kind": "strips", "title": f"The memory of {layer.name} ({layer.cell}{way})", "items": states,
        "note": f"A row is a unit, a column a step. Blue is above 0, orange below.{sorted_by}",
    }]  # fmt: skip
    if layer.saturation:
        gates = [strip(f"gate {name}", values, 1.0) for name, values in layer.gates.items()]
        made.append({
            "kind": "strips", "title": f"The gates of {layer.name}", "items": gates,
            "note": "A gate from 0 (white, or black on a dark page: shut) to 1 (blue: open) says which share passes.",
        })  # fmt: skip
    return made


def _largest(values: Array) -> float:
    return float(np.quantile(np.abs(values), 0.99)) if values.size else 1.0


def _remembers(seen: "Inspection") -> list[Section]:
    """Half-lives, and saturated gates."""
    made: list[Section] = []
    lines = []
    for layer in seen.layers:
        if layer.half_life is not None:
            lives = np.sort(np.minimum(layer.half_life, 1e6))[::-1]
            lines.append({"name": layer.name, "x": list(range(1, len(lives) + 1)), "y": lives.tolist()})
    if lines:
        made.append({
            "kind": "curves", "title": "How long each unit remembers", "series": lines, "log": True,
            "note": "The half-life of each unit in steps: after so many, half of what it held is gone. Sorted.",
        })  # fmt: skip
    rows = [
        [
            layer.name,
            gate,
            float(shares[0].mean()),
            float(shares[1].mean()),
            int((shares.sum(0) > 0.95).sum()),
        ]
        for layer in seen.layers
        for gate, shares in layer.saturation.items()
    ]
    if rows:
        made.append({
            "kind": "table", "title": "Saturated gates", "rows": rows,
            "columns": ["layer", "gate", "share below 0.1", "share above 0.9", "units always one or the other"],
            "note": "A gate that is always shut or always open passes hardly any gradient: such a unit learns no more.",
        })  # fmt: skip
    return made


def _reach(seen: "Inspection") -> list[Section]:
    """The gradient by lag, and what less context would say."""
    made: list[Section] = []
    lines = [
        {"name": name, "x": list(range(len(norms))), "y": [float(v) if v > 0 else None for v in norms]}
        for name, norms in seen.lags.items()
        if len(norms) > 1
    ]
    if lines:
        lengths = ", ".join(f"{name}: {count}" for name, count in seen.memory.items())
        made.append({
            "kind": "curves", "title": "How far back the gradient reaches", "series": lines, "log": True,
            "note": "The norm of the gradient of the last answer at what each layer read so many steps before its end. "
            f"90 % of it lies in so many steps: {lengths}.",
        })  # fmt: skip
    if len(seen.context.get("steps", ())) > 1:
        line = {
            "name": "change of the last answer",
            "x": seen.context["steps"].tolist(),
            "y": seen.context["change"].tolist(),
        }
        made.append({
            "kind": "curves", "title": "What is lost with less context", "series": [line],
            "note": "How far the head's numbers move where the model reads the last so many steps alone; 0 is no "
            "change, 1 as far as they are large.",
        })  # fmt: skip
    return made


def _attention(seen: "Inspection") -> list[Section]:
    if seen.attention is None:
        return []
    rows = [f"{_shown(said)} " for said in seen.said]
    places, names = seen.attention.shape[1], seen.steps.get("source", [])
    columns = list(names) if len(names) == places else [str(k + 1) for k in range(places)]
    item = {"caption": "", "rows": rows, "columns": columns, "values": seen.attention.tolist()}
    note = "Where in the source the model looked as it wrote each part of its answer."
    return [{"kind": "heat", "title": "Where it looked", "items": [item], "note": note}]


def _path(seen: "Inspection") -> list[Section]:
    places = seen.path.get("places")
    if places is None or len(places) < 3 or places.shape[1] < 2:
        return []
    shares = seen.path["shares"]
    layer = seen.layers[-1]
    names = _steps(seen, layer)
    return [{
        "kind": "walk", "title": "The path of the state", "x": places[:, 0].tolist(), "y": places[:, 1].tolist(),
        "labels": names, "note": f"The state of {layer.name} on the two axes along which it moves most, which hold "
        f"{shares[:2].sum():.0%} of its movement. The first step is the small dot, the last one the large.",
    }]  # fmt: skip
