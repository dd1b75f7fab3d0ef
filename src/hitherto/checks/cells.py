"""What every cell keeps."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from hitherto.cells import CELLS, Cell
from hitherto.checks.results import (
    HIDDEN,
    INPUT,
    ROWS,
    STEPS,
    Array,
    Result,
    State,
    difference_of,
    outcome_of,
    within,
)
from hitherto.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from hitherto.model.recurrent import Recurrent

    TorchState = tuple[Tensor, ...]

__all__ = ["check_cell"]

Options = Mapping[str, Any]  # of a cell, as its row has them
Outcome = tuple[bool, str]


def check_cell(cell: str | Cell, quick: bool = False, **options: object) -> list[Result]:
    """Every promise of a cell, as (promise, ok, detail); `options` are the cell's own.

    `quick` checks one size of layer instead of several. An exception of a wrong `step` is a result that is not ok.
    """
    row = CELLS.get(cell) if isinstance(cell, str) else cell
    if row is None:
        raise UsageError(
            f"there is no cell {cell!r}; expected one of {', '.join(CELLS)}, or a Cell of your own"
        )
    promises: list[tuple[str, Callable[[], Outcome]]] = [
        ("a step is a pure function", lambda: _pure(row, options)),
        ("future input does not change past output", lambda: _causal(row, options)),
        ("rows do not see each other", lambda: _separate(row, options)),
    ]
    if find_spec("torch"):
        promises.append(("numpy and torch agree", lambda: _agree(row, options)))
        if CELLS.get(row.name) is row:
            promises += _layer_promises(row, options, quick)
    return [(name, *outcome_of(test)) for name, test in promises]


# ---- the pure step, in numpy -------------------------------------------------------------------------------


def _draw(cell: Cell, options: Options) -> tuple[dict[str, Array], Array, State]:
    random = np.random.default_rng(0)

    def draw(*shape: int) -> Array:
        return random.uniform(-0.8, 0.8, shape)

    params = {name: draw(*shape) for name, shape in cell.params(INPUT, HIDDEN, **options).items()}
    x = draw(STEPS, ROWS, INPUT)  # [T, B, I]
    return params, x, tuple(draw(ROWS, size) for size in cell.state_sizes(HIDDEN, **options))


def _steps(
    cell: Cell,
    xp: ModuleType,
    params: Mapping[str, Any],
    x: Iterable[Any],
    state: tuple[Any, ...],
    options: Options,
) -> Iterator[tuple[Any, ...]]:
    for now in x:
        state = cell.step(xp, params, now, state, **options)
        yield state


def _pure(cell: Cell, options: Options) -> Outcome:
    params, x, state = _draw(cell, options)
    before = [a.copy() for a in (*params.values(), x, *state)]
    first, second = (cell.step(np, params, x[0], state, **options) for _ in range(2))
    if any(not np.array_equal(a, b) for a, b in zip(before, (*params.values(), x, *state), strict=True)):
        return False, "a step changed its arguments"
    shapes = [a.shape for a in first]
    if shapes != [a.shape for a in state] or len(first) != len(cell.states):
        return False, f"expected states of shapes {[a.shape for a in state]}, got {shapes}"
    return difference_of(first, second) == 0, "twice the same"


def _causal(cell: Cell, options: Options) -> Outcome:
    params, x, state = _draw(cell, options)
    other = x.copy()
    other[STEPS // 2 :] += 1
    ours, theirs = (list(_steps(cell, np, params, v, state, options)) for v in (x, other))
    past = zip(ours[: STEPS // 2], theirs[: STEPS // 2], strict=True)
    same = float(np.max([difference_of(a, b) for a, b in past]))
    if difference_of(ours[-1], theirs[-1]) == 0:
        return False, "the input has no influence at all"
    return within(same, 0.0)


def _separate(cell: Cell, options: Options) -> Outcome:
    params, x, state = _draw(cell, options)
    together = cell.step(np, params, x[0], state, **options)
    alone = cell.step(np, params, x[0, 1:2], tuple(s[1:2] for s in state), **options)
    return within(difference_of(tuple(s[1:2] for s in together), alone), 1e-12)


def _agree(cell: Cell, options: Options) -> Outcome:
    import torch

    params, x, state = _draw(cell, options)
    ours = list(_steps(cell, np, params, x, state, options))[-1]
    tensors = {name: torch.from_numpy(v) for name, v in params.items()}
    start = tuple(torch.from_numpy(s) for s in state)
    theirs = list(_steps(cell, torch, tensors, torch.from_numpy(x), start, options))[-1]
    return within(difference_of(ours, tuple(t.numpy() for t in theirs)), 1e-12)


# ---- the layer, in torch -----------------------------------------------------------------------------------


def _layer_promises(cell: Cell, options: Options, quick: bool) -> list[tuple[str, Callable[[], Outcome]]]:
    sizes = [(7, 33)] if quick else [(7, 33), (1, 1), (40, 130), (16, 64)]

    def over_sizes(check: "Callable[[Recurrent, int], Outcome]") -> Callable[[], Outcome]:
        def run() -> Outcome:
            outcome = (True, "")
            for input_size, hidden_size in sizes:
                layer = _layer(cell, input_size, hidden_size, options)
                outcome = check(layer, input_size)
                if not outcome[0]:
                    return False, f"input {input_size}, hidden {hidden_size}: {outcome[1]}"
            return outcome

        return run

    return [
        ("stepping equals unrolling", over_sizes(_stepping)),
        ("padding and neighbours change nothing", over_sizes(_padding)),
        ("threads change nothing", over_sizes(_threads)),
        ("state is saved and restored", over_sizes(_saving)),
        ("layer equals cell, values and gradients", over_sizes(_reference)),
    ]


def _layer(cell: Cell, input_size: int, hidden_size: int, options: Options) -> "Recurrent":
    import torch

    from hitherto.model.layers import layer_of

    fitting = dict(options)
    if fitting.get("proj_size", 0) >= hidden_size:
        fitting["proj_size"] = 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return layer_of(cell.name, input_size, hidden_size, cell_options=fitting)


def _input(steps: int, rows: int, size: int) -> "Tensor":
    import torch

    return torch.randn(steps, rows, size, generator=torch.Generator().manual_seed(2))


def _tuple(state: "Tensor | TorchState | None") -> "TorchState":
    return state if isinstance(state, tuple) else () if state is None else (state,)


def _exact(layer: "Recurrent", x: "Tensor") -> bool:
    """Whether this layer's path promises bits; torch's own products promise tolerance."""
    from hitherto.model.paths import explain_path

    return explain_path(layer, x).startswith("kernels")


def _compare(layer: "Recurrent", x: "Tensor", a: "TorchState", b: "TorchState") -> Outcome:
    exact = _exact(layer, x)
    difference = difference_of(tuple(t.detach().numpy() for t in a), tuple(t.detach().numpy() for t in b))
    return (
        (difference == 0, "the same bits")
        if exact and difference == 0
        else within(difference, 0.0 if exact else 2e-6)
    )


def _stepping(layer: "Recurrent", size: int) -> Outcome:
    import torch

    x = _input(STEPS, ROWS, size)
    whole, end = layer(x)
    outcome = (True, "")
    for chunk in (1, 4):
        pieces, after = [], None
        for part in x.split(chunk):
            y, after = layer(part, after)
            pieces.append(y)
        outcome = _compare(layer, x, (whole, *_tuple(end)), (torch.cat(pieces), *_tuple(after)))
        if not outcome[0]:
            return False, f"in chunks of {chunk}: {outcome[1]}"
    return outcome


def _padding(layer: "Recurrent", size: int) -> Outcome:
    x = _input(STEPS, ROWS + 3, size)
    lengths = [STEPS, 3, 7, 0, 1, STEPS, 5]
    poisoned = x.clone()
    for row, n in enumerate(lengths):
        poisoned[n:, row] = float("nan")
    y, end = layer(poisoned, lengths=lengths)
    outcome = (True, "")
    for row, n in enumerate(lengths):
        if bool(y[n:, row].any()):
            return False, f"row {row}: y past its length {n} is not zero"
        if n:
            alone, state = layer(x[:n, row : row + 1])
            ours = (y[:n, row : row + 1], *(s[:, row : row + 1] for s in _tuple(end)))
            outcome = _compare(layer, x, ours, (alone, *_tuple(state)))
            if not outcome[0]:
                return False, f"row {row}: {outcome[1]}"
    return outcome


def _threads(layer: "Recurrent", size: int) -> Outcome:
    import torch

    x, threads = _input(STEPS, 3 * ROWS, size), torch.get_num_threads()
    try:
        results = []
        for n in (1, 2, 3):
            torch.set_num_threads(n)
            y, end = layer(x)
            results.append((y, *_tuple(end)))
    finally:
        torch.set_num_threads(threads)
    outcomes = [_compare(layer, x, results[0], other) for other in results[1:]]
    return next((o for o in outcomes if not o[0]), outcomes[0])


def _saving(layer: "Recurrent", size: int) -> Outcome:
    from safetensors.torch import load, save

    x = _input(STEPS, ROWS, size)
    _, state = layer(x[:5])
    names = [f"s{i}" for i in range(len(_tuple(state)))]
    blob = save({name: s.detach().contiguous() for name, s in zip(names, _tuple(state), strict=True)})
    restored = tuple(load(blob)[name] for name in names)
    y, end = layer(x[5:], state)
    again, end_again = layer(x[5:], restored[0] if len(restored) == 1 else restored)
    return _compare(layer, x, (y, *_tuple(end)), (again, *_tuple(end_again)))


def _reference(layer: "Recurrent", size: int) -> Outcome:
    """Values and gradients beside the same layer in float64: the cell's step in torch's operations."""
    import copy

    import torch

    double = copy.deepcopy(layer).double()
    x = _input(STEPS, ROWS, size)
    results = []
    for one in (layer, double):
        converted = x.to(next(one.parameters()).dtype).requires_grad_()
        y, end = one(converted)
        loss = sum(((s * s).sum() for s in (y, *_tuple(end))), y.new_zeros(()))
        gradients = torch.autograd.grad(loss, [converted, *one.parameters()])
        results.append([y.detach(), *(s.detach() for s in _tuple(end)), *gradients])
    relative = [(a.double() - b).abs().max() / (1 + b.abs().max()) for a, b in zip(*results, strict=True)]
    return within(float(torch.stack(relative).max()), 5e-6)
