"""Experiments on memory: what is recalled, and how far the gradient reaches."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from hitherto.arrays import Array
from hitherto.lab.cells import VARIANTS, Make, parameters, size_for
from hitherto.lab.puzzles import GUESSED, PUZZLES, Puzzle, drawn, learn
from hitherto.lab.result import Claim, Lab, Result, spread, verdict
from hitherto.model.recurrent import Recurrent

__all__ = ["adding", "copying", "gradient", "lengths", "radius", "recall"]

RATES = (0.003, 0.03)  # learning rates: each cell has the better of them
RADII = tuple(round(0.5 + 0.05 * i, 2) for i in range(23))
Scores = list[float]  # one for each seed


def recall(
    lab: Lab,
    distances: Sequence[int] = (10, 30, 100, 300, 1000, 3000),
    cells: Mapping[str, Make] = VARIANTS,
    hidden: int = 24,
    most: int = 300,
) -> Result:
    """The first symbol of a sequence, asked for so many steps later; each distance is trained from the beginning."""
    scores: dict[str, dict[int, Scores]] = {name: {} for name in cells}
    rates: dict[str, Sequence[float]] = dict.fromkeys(cells, RATES)
    for name in lab.each(list(cells)):
        for steps in distances:
            known, rates[name] = _scores(lab, name, cells[name], steps, rates[name], hidden, most)
            scores[name][steps] = known
            lab.say(f"recall: {name} after {steps:,} steps {spread(known, '.0%')}")
            if not any(map(PUZZLES["recall"].solved, known)):
                break  # what is further away is harder
    reach = {name: _reach(of) for name, of in scores.items()}
    shown = {name: f"{steps:,}" if steps else "none" for name, steps in reach.items()}
    best = max(reach, key=lambda name: reach[name])
    vanilla = reach.get("rnn tanh", 0)
    plain = max((reach.get(name, 0) for name in ("lstm", "lstm forget bias 1")), default=0)
    lstm = max((steps for name, steps in reach.items() if name.startswith("lstm")), default=0)
    claims = [
        Claim(
            "A vanilla rnn remembers about 10 steps.",
            f"rnn tanh: {shown.get('rnn tanh', 'not measured')} steps; with an orthogonal start "
            f"{shown.get('rnn orthogonal', 'not measured')}",
            verdict(0 < vanilla <= 30, reach.get("rnn orthogonal", 0) <= 30),
        ),
        Claim(
            "An lstm bridges 1,000 steps and more.",
            "; ".join(f"{name}: {shown[name]}" for name in shown if name.startswith("lstm")),
            verdict(lstm >= 1000, plain >= 1000),
        ),
        Claim(
            "How a cell begins matters as much as which cell it is.",
            f"the furthest is {best}, {shown[best]} steps; the lstm as torch begins it: "
            f"{shown.get('lstm', 'not measured')}",
            verdict(reach[best] > 3 * max(1, reach.get("lstm", 0))),
        ),
    ]
    return Result(
        claims,
        [
            {
                "kind": "curves", "title": "The first symbol, so many steps later",
                "labels": [f"{d:,}" for d in distances],
                "series": [
                    {
                        "name": name,
                        "x": [distances.index(d) for d in of],
                        "y": [float(np.median(s)) for s in of.values()],
                    }
                    for name, of in scores.items()
                ],
                "note": "The share that is right, over the steps in between: the median of the seeds. "
                f"{GUESSED['recall']:.0%} are right by luck. At most {most} batches of 16 rows, {hidden} units, Adam, "
                "the better of two learning rates.",
            },
            {
                "kind": "table", "title": "The same in numbers, with the spread of the seeds",
                "columns": ["cell", *(f"{d:,} steps" for d in distances)],
                "rows": [[name, *(_cell(of, d) for d in distances)] for name, of in scores.items()],
                "note": "Median, lowest and highest. Where no seed learns a distance, those beyond are not tried.",
            },
        ],
        {"scores": {name: {str(d): s for d, s in of.items()} for name, of in scores.items()}, "reach": reach},
    )  # fmt: skip


def _cell(of: Mapping[int, Scores], steps: int) -> str:
    return spread(of[steps], ".0%") if steps in of else "not tried"


def _reach(of: Mapping[int, Scores]) -> int:
    """The furthest distance that the median of the seeds recalls; 0 where there is none."""
    return max((d for d, s in of.items() if PUZZLES["recall"].solved(float(np.median(s)))), default=0)


def _scores(
    lab: Lab, name: str, make: Make, steps: int, rates: Sequence[float], hidden: int, most: int
) -> tuple[Scores, Sequence[float]]:
    """A score for each seed, at the better rate; and the rates, that one first, which is tried first the next time.

    A rate at which the first two seeds learn nothing is not tried with the others.
    """
    puzzle, tried = PUZZLES["recall"], dict[float, Scores]()
    for rate in rates:
        tried[rate] = []
        for seed in lab.seeds:
            tried[rate].append(_learned(lab, "recall", name, make, steps, seed, hidden, rate, most)[0])
            if len(tried[rate]) >= 2 and not any(map(puzzle.solved, tried[rate])):
                break
        if puzzle.solved(float(np.median(tried[rate]))):
            break
    best = max(tried, key=lambda rate: float(np.median(tried[rate])))
    return tried[best], sorted(rates, key=lambda rate: rate != best)


def _learned(
    lab: Lab, puzzle: str, name: str, make: Make, steps: int, seed: int, hidden: int, rate: float, most: int
) -> list[float]:
    """Score, batches and seconds of a cell that is trained on a puzzle, now or before."""

    def train() -> list[float]:
        learned = learn(PUZZLES[puzzle], make, steps, seed, hidden=hidden, rate=rate, most=most)
        return [learned.score, learned.steps, learned.seconds]

    return lab.part(f"{name}, {steps} steps, seed {seed}, {hidden} units, rate {rate}, {most} batches", train)


def adding(lab: Lab, steps: int = 30, cells: Mapping[str, Make] = VARIANTS, most: int = 600) -> Result:
    """The sum of two marked numbers among others."""
    return _puzzle(
        lab, "adding", steps, cells, most, False,
        "Gated cells learn to add two numbers far apart, a vanilla rnn learns to say their mean.",
        f"The squared error after {most} batches at most, over {steps} steps. Who remembers nothing has "
        f"{GUESSED['adding']:.3f}; solved is 0.02 or less.",
    )  # fmt: skip


def copying(lab: Lab, steps: int = 10, cells: Mapping[str, Make] = VARIANTS, most: int = 600) -> Result:
    """Five symbols, said again so many steps later."""
    return _puzzle(
        lab, "copying", steps, cells, most, True,
        "Gated cells learn to copy what they have read, a vanilla rnn does not.",
        f"The share of five symbols that are right after {most} batches at most, said {steps} steps after they were "
        f"read. {GUESSED['copying']:.0%} are right by luck; solved is 0.9 or more.",
    )  # fmt: skip


def _puzzle(
    lab: Lab,
    name: str,
    steps: int,
    cells: Mapping[str, Make],
    most: int,
    higher: bool,
    said: str,
    note: str,
) -> Result:
    """Every cell on one puzzle of one length."""
    puzzle = PUZZLES[name]
    scores: dict[str, Scores] = {}
    for cell in lab.each(list(cells)):
        scores[cell] = [
            _learned(lab, name, cell, cells[cell], steps, seed, 24, 0.02, most)[0] for seed in lab.seeds
        ]
        lab.say(f"{name}: {cell} {spread(scores[cell], '.3f')}")
    solved = {cell: puzzle.solved(float(np.median(s))) for cell, s in scores.items()}
    gated = [ok for cell, ok in solved.items() if not cell.startswith("rnn")]
    vanilla = [not ok for cell, ok in solved.items() if cell.startswith("rnn")]
    order = sorted(scores, key=lambda cell: float(np.median(scores[cell])), reverse=higher)
    won = ", ".join(cell for cell in order if solved[cell]) or "none"
    claim = Claim(said, f"solved by: {won}; the best is {order[0]}", verdict(all(gated), all(vanilla)))
    table = {
        "kind": "table", "title": f"{name.capitalize()}, {steps} steps", "note": note,
        "columns": ["cell", "median", "lowest", "highest", "solved"],
        "rows": [
            [cell, float(np.median(s)), min(s), max(s), "yes" if solved[cell] else "no"]
            for cell, s in ((cell, scores[cell]) for cell in order)
        ],
    }  # fmt: skip
    return Result([claim], [table], {"scores": scores})


# ------------------------------------------------------------------------------------------------------ gradients


def gradient(lab: Lab, steps: int = 1000, learned: int = 30, cells: Mapping[str, Make] = VARIANTS) -> Result:
    """How far back the gradient of the last output reaches: of layers as they begin, and once they recall."""
    puzzle = PUZZLES["recall"]
    begin: dict[str, Array] = {}
    after: dict[str, Array] = {}
    for name in lab.each(list(cells)):
        first, then = [], []
        for seed in lab.seeds:
            with drawn(seed):
                first.append(_by_lag(cells[name](puzzle.inputs, 24, steps), puzzle, steps))
            layer = learn(puzzle, cells[name], learned, seed, rate=0.01).layer
            with drawn(seed):
                then.append(_by_lag(layer, puzzle, 10 * learned))
        begin[name], after[name] = np.mean(first, 0), np.mean(then, 0)
        lab.say(f"gradient: {name} is a hundredth after {_fallen(begin[name]):,} steps")
    return _gradients(begin, after, learned)


def _gradients(begin: Mapping[str, Array], after: Mapping[str, Array], learned: int) -> Result:
    """What the gradients by lag of layers say, as they begin and once they have learned to recall."""
    steps, window = (len(next(iter(table.values()))) for table in (begin, after))
    before = {name: _fallen(norms[:window]) for name, norms in begin.items()}
    gone = {name: _fallen(norms) for name, norms in begin.items()}
    far = {name: float(norms[-1] / norms.max()) for name, norms in begin.items()}
    claims = [
        Claim(
            "In a vanilla rnn the gradient vanishes within about 10 steps.",
            f"of rnn tanh as it begins a hundredth is left after {gone['rnn tanh']:,} steps, of rnn orthogonal after "
            f"{gone['rnn orthogonal']:,}",
            verdict(gone["rnn tanh"] <= 30, gone["rnn orthogonal"] <= 30),
        ),
        Claim(
            "In an lstm the gradient flows over 1,000 steps.",
            f"after {steps - 1:,} steps there is left, of its largest: "
            + "; ".join(
                f"{name} {far[name]:.0e}" if far[name] else f"{name} nothing"
                for name in far
                if name.startswith("lstm")
            ),
            verdict(far["lstm"] > 1e-3, far["lstm chrono"] > 1e-3),
        ),
        Claim(
            "Training makes the memory longer.",
            f"of {window} steps a hundredth or more is left in so many, before and after a training to recall over "
            f"{learned}: " + "; ".join(f"{n} {before[n]} and {_fallen(after[n])}" for n in begin),
            verdict(*(_fallen(after[n]) > before[n] for n in begin if before[n] < window)),
        ),
    ]
    return Result(
        claims,
        [_lags("at the beginning", begin, 300), _lags(f"after learning to recall over {learned} steps", after, 300)],
        {"begin": {n: v.tolist() for n, v in begin.items()}, "after": {n: v.tolist() for n, v in after.items()}},
    )  # fmt: skip


def _by_lag(layer: Recurrent, puzzle: Puzzle, steps: int, rows: int = 8) -> Array:
    """The norm of the gradient of the last output, along a random direction, at what was read so many steps before."""
    x = puzzle.draw(steps, rows)[0].requires_grad_()
    y = layer(x)[0][-1]
    (grad,) = torch.autograd.grad((y * torch.randn_like(y)).sum(), x)
    return np.asarray(grad.norm(dim=-1).mean(1).flip(0).double().numpy())


def _fallen(norms: Array, share: float = 0.01) -> int:
    """After how many steps less than a share of the largest norm is left, for good."""
    return int(np.flatnonzero(norms >= share * norms.max())[-1]) + 1 if norms.max() > 0 else 0


def _lags(when: str, by_cell: Mapping[str, Array], most: int) -> dict[str, object]:
    series = [
        {
            "name": name,
            "x": list(range(most)),
            "y": [float(v) if v > 1e-12 else None for v in (norms / norms.max())[:most]],
        }
        for name, norms in by_cell.items()
    ]
    return {
        "kind": "curves", "title": f"The gradient by lag, {when}", "series": series, "log": True,
        "note": "How strong the gradient of the last output is at what was read so many steps before, as a share of "
        "its largest; the mean of the seeds.",
    }  # fmt: skip


def radius(
    lab: Lab,
    radii: Sequence[float] = RADII,
    steps: int = 100,
    hidden: int = 64,
) -> Result:
    """The gradient of a vanilla rnn over the spectral radius of its recurrent weights."""
    tanh: dict[float, Array] = {}
    linear: dict[float, Array] = {}
    for r in lab.each(list(radii)):
        for table, nonlinear in ((tanh, True), (linear, False)):
            table[r] = np.mean([_grown(r, steps, hidden, seed, nonlinear) for seed in lab.seeds], 0)
    rate = {r: float(np.exp((tanh[r][-1] - tanh[r][steps // 5]) / (steps - steps // 5))) for r in radii}
    low, high = min(radii, key=lambda r: abs(r - 0.8)), min(radii, key=lambda r: abs(r - 1.4))
    free = float(np.exp((linear[high][-1] - linear[high][steps // 5]) / (steps - steps // 5)))
    claims = [
        Claim(
            "With a spectral radius below 1 the gradient vanishes.",
            f"at {low} it is multiplied by {rate[low]:.2f} at each step",
            verdict(rate[low] < 0.95),
        ),
        Claim(
            "With a spectral radius above 1 the gradient explodes.",
            f"at {high} it is multiplied by {rate[high]:.2f} at each step in a tanh cell, whose units saturate, and by "
            f"{free:.2f} in one without tanh",
            verdict(rate[high] > 1.05, free > 1.05),
        ),
    ]
    items = [
        {
            "caption": f"{what}: a row for each radius, {radii[0]} at the top to {radii[-1]}; a column for each step "
            f"back, 1 to {steps}. Orange: smaller than at the last step, blue: larger; full colour is a factor of a "
            "million.",
            "columns": [], "values": [(table[r] / np.log(1e6)).tolist() for r in radii], "most": 1.0, "high": 9,
        }
        for what, table in (("tanh", tanh), ("without tanh", linear))
    ]  # fmt: skip
    some = [r for r in radii if r in (0.5, 0.8, 1.0, 1.2, 1.5)] or list(radii)[:5]
    series = [
        {"name": f"radius {r}", "x": list(range(steps)), "y": [float(np.exp(max(v, -60))) for v in tanh[r]]}
        for r in some
    ]
    return Result(
        claims,
        [
            {"kind": "strips", "title": "Vanishing and exploding, over the spectral radius", "items": items},
            {
                "kind": "curves", "title": "Some of these rows as curves (tanh)", "series": series, "log": True,
                "note": "The norm of the gradient at the state so many steps back, as a share of the last one's.",
            },
        ],
        {"rate": {str(r): v for r, v in rate.items()}},
    )  # fmt: skip


def _grown(r: float, steps: int, hidden: int, seed: int, nonlinear: bool) -> Array:
    """The logarithm of the norm of the gradient at each state, the newest first; the cell reads noise."""
    draw = np.random.default_rng(seed)
    u = draw.standard_normal((hidden, hidden))
    u *= r / abs(np.linalg.eigvals(u)).max()
    h, states = np.zeros(hidden), []
    for _ in range(steps):
        h = u @ h + 0.1 * draw.standard_normal(hidden)
        h = np.tanh(h) if nonlinear else h
        states.append(h)
    g, logs = draw.standard_normal(hidden), []
    g, total = g / np.linalg.norm(g), 0.0
    for h in reversed(states):
        logs.append(total)
        g = u.T @ (g * (1 - h * h) if nonlinear else g)
        size = float(np.linalg.norm(g))
        g, total = g / max(size, 1e-300), total + float(np.log(max(size, 1e-300)))
    return np.array(logs)


# ------------------------------------------------------------------------------------------------------ short and long


def lengths(lab: Lab, short: int = 10, long: int = 100, hidden: int = 24, most: int = 500) -> Result:
    """GRU and LSTM of equally many weights on short and long sequences: the sum of two marked numbers."""
    puzzle = PUZZLES["adding"]
    count = parameters(VARIANTS["lstm"](puzzle.inputs, hidden, 2))
    sizes = {"lstm": hidden, "gru": size_for(VARIANTS["gru"], puzzle.inputs, count)}
    errors: dict[str, dict[int, Scores]] = {name: {} for name in sizes}
    taken: dict[str, dict[int, Scores]] = {name: {} for name in sizes}
    pairs = [(name, steps) for steps in (short, long) for name in sizes]
    for name, steps in lab.each(pairs):
        runs = [
            _learned(lab, "adding", name, VARIANTS[name], steps, seed, sizes[name], 0.02, most)
            for seed in lab.seeds
        ]
        errors[name][steps] = [score for score, _, _ in runs]
        taken[name][steps] = [1000 * seconds / trained for _, trained, seconds in runs]
        lab.say(f"lengths: {name} over {steps} steps {spread(errors[name][steps], '.3f')}")
    middle = {(name, steps): float(np.median(errors[name][steps])) for name, steps in pairs}
    slower = {s: float(np.median(taken["lstm"][s]) / np.median(taken["gru"][s])) for s in (short, long)}
    better = {s: "gru" if middle["gru", s] < middle["lstm", s] else "lstm" for s in (short, long)}

    def both(steps: int) -> str:
        return ", ".join(f"{name} {spread(errors[name][steps], '.3f')}" for name in sizes)

    alike = [puzzle.solved(middle[name, short]) for name in sizes]
    claims = [
        Claim(
            "On short sequences a gru is as good as an lstm, and faster.",
            f"error over {short} steps: {both(short)}; a training step of the lstm takes {slower[short]:.2f} times as "
            "long",
            verdict(alike[0] == alike[1], slower[short] > 1.05),
        ),
        Claim(
            "On long sequences an lstm is better than a gru.",
            f"error over {long} steps: {both(long)}",
            verdict(better[long] == "lstm" and not abs(middle["gru", long] - middle["lstm", long]) < 0.01),
        ),
    ]  # fmt: skip
    rows = [
        [name, sizes[name], steps, spread(errors[name][steps], ".3f"), float(np.median(taken[name][steps]))]
        for name, steps in pairs
    ]
    table = {
        "kind": "table", "title": "GRU and LSTM with equally many weights", "rows": rows,
        "columns": ["cell", "units", "steps", "squared error", "ms of the processor for a training step"],
        "note": f"Adding, after {most} batches at most; about {count:,} weights each. Who remembers nothing has an "
        "error of 0.167.",
    }  # fmt: skip
    return Result(
        claims, [table], {"errors": {n: {str(s): e for s, e in of.items()} for n, of in errors.items()}}
    )
