"""Conformance checks, public: what every row of a table promises, tested on this machine.

`check_cell` takes a row of `CELLS`, or one of your own that stands in no table yet, `check_codec` a fitted codec and
some values, `check_head` a row of `HEADS` and its options, `check_task` a trained model and some data. Where torch is
installed, a row of `CELLS` is also checked as the layer that it becomes, on its path here: kernels keep bits; and a row
of `HEADS` with its loss.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from hitherto.cells import CELLS, Cell
from hitherto.errors import UsageError
from hitherto.heads import HEADS, Head

__all__ = ["check_cell", "check_codec", "check_head", "check_task"]

Result = tuple[str, bool, str]  # promise, whether it holds, and by how much or why not
Array = Any
State = tuple[Array, ...]

INPUT, HIDDEN, STEPS, ROWS = 5, 21, 11, 4  # 21: vectors of every width end in a part


def check_cell(cell: str | Cell, quick: bool = False, **options: Any) -> list[Result]:
    """Every promise of a cell, as (promise, ok, detail); `options` are the cell's own.

    quick checks one size of layer instead of several. What a wrong `step` raises is a result that is not ok.
    """
    row = CELLS.get(cell) if isinstance(cell, str) else cell
    if row is None:
        raise UsageError(
            f"there is no cell {cell!r}; expected one of {', '.join(CELLS)}, or a Cell of your own"
        )
    promises: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("a step is a pure function", lambda: _pure(row, options)),
        ("future input does not change past output", lambda: _causal(row, options)),
        ("rows do not see each other", lambda: _separate(row, options)),
    ]
    if find_spec("torch"):
        promises.append(("numpy and torch agree", lambda: _agree(row, options)))
        if CELLS.get(row.name) is row:
            promises += _layer_promises(row, options, quick)
    return [(name, *_outcome(test)) for name, test in promises]


def _outcome(test: Callable[[], tuple[bool, str]]) -> tuple[bool, str]:
    try:
        return test()
    except Exception as error:  # a broken cell may raise anything, and that is the result
        return False, f"{type(error).__name__}: {error}"


# ---- the pure step, in numpy -------------------------------------------------------------------------------


def _draw(
    cell: Cell, options: dict[str, Any], dtype: Any = np.float64
) -> tuple[dict[str, Array], Array, State]:
    random = np.random.default_rng(0)

    def draw(*shape: int) -> Array:
        return random.uniform(-0.8, 0.8, shape).astype(dtype)

    params = {name: draw(*shape) for name, shape in cell.params(INPUT, HIDDEN, **options).items()}
    x = draw(STEPS, ROWS, INPUT)  # [T, B, I]
    return params, x, tuple(draw(ROWS, size) for size in cell.state_sizes(HIDDEN, **options))


def _steps(
    cell: Cell, xp: Any, params: dict[str, Array], x: Array, state: State, options: dict[str, Any]
) -> Iterator[State]:
    for now in x:
        state = cell.step(xp, params, now, state, **options)
        yield state


def _difference(a: State, b: State) -> float:
    """The largest; NaN where there is one, which Python's own max would pass over."""
    pairs = [(np.asarray(u, np.float64), np.asarray(v, np.float64)) for u, v in zip(a, b, strict=True)]
    return float(np.max([np.abs(u - v).max() for u, v in pairs]))


def _within(difference: float, bound: float) -> tuple[bool, str]:
    return difference <= bound, f"largest difference {difference:.1e}, at most {bound:.0e}"


def _pure(cell: Cell, options: dict[str, Any]) -> tuple[bool, str]:
    params, x, state = _draw(cell, options)
    before = [a.copy() for a in (*params.values(), x, *state)]
    first, second = (cell.step(np, params, x[0], state, **options) for _ in range(2))
    if any(not np.array_equal(a, b) for a, b in zip(before, (*params.values(), x, *state), strict=True)):
        return False, "a step changed its arguments"
    shapes = [a.shape for a in first]
    if shapes != [a.shape for a in state] or len(first) != len(cell.states):
        return False, f"expected states of shapes {[a.shape for a in state]}, got {shapes}"
    return _difference(first, second) == 0, "twice the same"


def _causal(cell: Cell, options: dict[str, Any]) -> tuple[bool, str]:
    params, x, state = _draw(cell, options)
    other = x.copy()
    other[STEPS // 2 :] += 1
    ours, theirs = (list(_steps(cell, np, params, v, state, options)) for v in (x, other))
    past = zip(ours[: STEPS // 2], theirs[: STEPS // 2], strict=True)
    same = float(np.max([_difference(a, b) for a, b in past]))
    if _difference(ours[-1], theirs[-1]) == 0:
        return False, "the input has no influence at all"
    return _within(same, 0.0)


def _separate(cell: Cell, options: dict[str, Any]) -> tuple[bool, str]:
    params, x, state = _draw(cell, options)
    together = cell.step(np, params, x[0], state, **options)
    alone = cell.step(np, params, x[0, 1:2], tuple(s[1:2] for s in state), **options)
    return _within(_difference(tuple(s[1:2] for s in together), alone), 1e-12)


def _agree(cell: Cell, options: dict[str, Any]) -> tuple[bool, str]:
    import torch

    params, x, state = _draw(cell, options)
    ours = list(_steps(cell, np, params, x, state, options))[-1]
    tensors = {name: torch.from_numpy(v) for name, v in params.items()}
    start = tuple(torch.from_numpy(s) for s in state)
    theirs = list(_steps(cell, torch, tensors, torch.from_numpy(x), start, options))[-1]
    return _within(_difference(ours, tuple(t.numpy() for t in theirs)), 1e-12)


# ---- the layer, in torch -----------------------------------------------------------------------------------

_LAYERS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


def _layer_promises(
    cell: Cell, options: dict[str, Any], quick: bool
) -> list[tuple[str, Callable[[], tuple[bool, str]]]]:
    sizes = [(7, 33)] if quick else [(7, 33), (1, 1), (40, 130), (16, 64)]

    def over_sizes(check: Callable[[Any, int], tuple[bool, str]]) -> Callable[[], tuple[bool, str]]:
        def run() -> tuple[bool, str]:
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


def _layer(cell: Cell, input_size: int, hidden_size: int, options: dict[str, Any]) -> Any:
    import torch

    from hitherto.model import layers

    given = {"proj_size": 0, **options} if "proj_size" in options else options
    if given.get("proj_size", 0) >= hidden_size:
        given = given | {"proj_size": 0}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return getattr(layers, _LAYERS[cell.name])(input_size, hidden_size, **given)


def _input(steps: int, rows: int, size: int) -> Any:
    import torch

    return torch.randn(steps, rows, size, generator=torch.Generator().manual_seed(2))


def _tuple(state: Any) -> State:
    return state if isinstance(state, tuple) else (state,)


def _exact(layer: Any, x: Any) -> bool:
    """Whether this layer's path promises bits; torch's own products promise tolerance."""
    from hitherto.model import layers

    return layers.explain_path(layer, x).startswith("kernels")


def _compare(layer: Any, x: Any, a: State, b: State) -> tuple[bool, str]:
    exact = _exact(layer, x)
    difference = _difference(tuple(t.detach() for t in a), tuple(t.detach() for t in b))
    return (
        (difference == 0, "the same bits")
        if exact and difference == 0
        else _within(difference, 0.0 if exact else 2e-6)
    )


def _stepping(layer: Any, size: int) -> tuple[bool, str]:
    import torch

    x = _input(STEPS, ROWS, size)
    whole, end = layer(x)
    outcome = (True, "")
    for chunk in (1, 4):
        pieces, state = [], None
        for part in x.split(chunk):
            y, state = layer(part, state)
            pieces.append(y)
        outcome = _compare(layer, x, (whole, *_tuple(end)), (torch.cat(pieces), *_tuple(state)))
        if not outcome[0]:
            return False, f"in chunks of {chunk}: {outcome[1]}"
    return outcome


def _padding(layer: Any, size: int) -> tuple[bool, str]:
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


def _threads(layer: Any, size: int) -> tuple[bool, str]:
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


def _saving(layer: Any, size: int) -> tuple[bool, str]:
    from safetensors.torch import load, save

    x = _input(STEPS, ROWS, size)
    _, state = layer(x[:5])
    names = ("h", "c")[: len(_tuple(state))]
    blob = save({name: s.detach().contiguous() for name, s in zip(names, _tuple(state), strict=True)})
    kept = tuple(load(blob)[name] for name in names)
    y, end = layer(x[5:], state)
    again, end_again = layer(x[5:], kept if len(kept) == 2 else kept[0])
    return _compare(layer, x, (y, *_tuple(end)), (again, *_tuple(end_again)))


def _reference(layer: Any, size: int) -> tuple[bool, str]:
    """Values and gradients beside the same layer in float64: the cell's step in torch's operations."""
    import copy

    import torch

    double = copy.deepcopy(layer).double()
    x = _input(STEPS, ROWS, size)
    results = []
    for one in (layer, double):
        given = x.to(next(one.parameters()).dtype).requires_grad_()
        y, end = one(given)
        loss = sum((s * s).sum() for s in (y, *_tuple(end)))
        gradients = torch.autograd.grad(loss, [given, *one.parameters()])
        results.append([y.detach(), *(s.detach() for s in _tuple(end)), *gradients])
    relative = [(a.double() - b).abs().max() / (1 + b.abs().max()) for a, b in zip(*results, strict=True)]
    return _within(float(torch.stack(relative).max()), 5e-6)


# ---- codecs ------------------------------------------------------------------------------------------------


def check_codec(codec: Any, values: Sequence[Any]) -> list[Result]:
    """Every promise of a fitted codec on these values, as (promise, ok, detail)."""
    promises: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("what is kept gives the same codec", lambda: _kept(codec, values)),
    ]
    if hasattr(codec, "stream"):
        promises += [
            ("a stream of any pieces equals the whole", lambda: _streamed(codec, values, save=False)),
            ("a stream's state can be saved and restored", lambda: _streamed(codec, values, save=True)),
        ]
    if hasattr(codec, "augmented"):
        promises.append(
            ("what training changes is the value, and a seed says how", lambda: _changed(codec, values))
        )
    if hasattr(codec, "restores"):
        promises.append(("decoding gives the value back", lambda: _restored(codec, values)))
    if hasattr(codec, "decoder"):
        promises.append(("decoding bit by bit equals the whole", lambda: _decoded(codec, values)))
    return [(name, *_outcome(test)) for name, test in promises]


def _arrays(encoded: Any) -> dict[str, Any]:
    """What a codec gives, by name: one array is named x."""
    return encoded if isinstance(encoded, dict) else {"x": encoded}


def _same_arrays(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(
        np.array_equal(a[k], b[k], equal_nan=a[k].dtype.kind == "f") for k in a
    )


def _kept(codec: Any, values: Sequence[Any]) -> tuple[bool, str]:
    document = json.loads(json.dumps(codec.to_json()))
    again = type(codec).from_json(document, {name: list(part) for name, part in codec.parts().items()})
    for value in values:
        if not _same_arrays(_arrays(codec.encode(value)), _arrays(again.encode(value))):
            return False, f"a value is encoded otherwise: {value!r:.60}"
    return again.to_json() == codec.to_json(), f"{len(values)} values encoded the same"


def _streamed(codec: Any, values: Sequence[Any], save: bool) -> tuple[bool, str]:
    random = np.random.default_rng(0)
    for value in values:
        whole = _arrays(codec.encode(value))
        stream, found, place = codec.stream(), [], 0
        sequence = getattr(value, "values", value)  # of a series, its steps
        times = getattr(value, "times", None)
        while place < len(sequence):
            size = int(random.integers(1, max(2, len(sequence) // 3)))
            piece = slice(place, place + size)
            more = {} if times is None else {"times": times[piece]}
            found.append(_arrays(stream.push(sequence[piece], **more)))
            place += size
            if save:
                state = {name: array.copy() for name, array in stream.state.items()}
                stream = codec.stream()
                stream.state = state
        found.append(_arrays(stream.finish()))
        joined = {
            name: np.concatenate([part[name] for part in found if name in part])
            for name in whole
            if name in found[0]
        }
        if not joined or not _same_arrays({name: whole[name] for name in joined}, joined):
            return False, f"differs for {value!r:.60}"
    return True, f"{len(values)} values in random pieces"


def _changed(codec: Any, values: Sequence[Any]) -> tuple[bool, str]:
    for value in values:
        raw = codec.raw(value)
        before = np.array(raw)
        if not np.array_equal(codec.unchanged(raw), codec.encode(value)):
            return False, f"unchanged, {value!r:.60} is encoded otherwise"
        once, again = (codec.augmented(raw, np.random.default_rng(0), 1.0) for _ in range(2))
        if not np.array_equal(once, again) or once.shape[1:] != codec.encode(value).shape[1:]:
            return False, f"changed twice alike, {value!r:.60} differs, or has steps of another size"
        if not np.array_equal(before, raw):
            return False, f"to change {value!r:.60} spoils it"
    return True, f"{len(values)} values changed twice alike"


def _restored(codec: Any, values: Sequence[Any]) -> tuple[bool, str]:
    promised = [value for value in values if codec.restores(value)]
    for value in promised:
        back = codec.decode(codec.encode(value))
        if back != value:
            return False, f"{value!r:.60} comes back as {back!r:.60}"
    return True, f"{len(promised)} of {len(values)} values are promised to come back, and do"


def _decoded(codec: Any, values: Sequence[Any]) -> tuple[bool, str]:
    """Also with a new decoder after every token, which knows the state alone."""
    for value in values:
        ids, decoder, found = codec.encode(value), codec.decoder(), ""
        for i in ids:
            found += decoder.push(int(i))
            state = {name: array.copy() for name, array in decoder.state.items()}
            decoder = codec.decoder()
            decoder.state = state
        if found + decoder.finish() != codec.decode(ids):
            return False, f"differs for {value!r:.60}"
    return True, f"{len(values)} values token by token"


# ---- heads -------------------------------------------------------------------------------------------------

DRAWS = 4000


def check_head(head: str | Head, **options: Any) -> list[Result]:
    """Every promise of a head, as (promise, ok, detail); `options` are those of its size."""
    row = HEADS.get(head) if isinstance(head, str) else head
    if row is None:
        raise UsageError(
            f"there is no head {head!r}; expected one of {', '.join(HEADS)}, or a Head of your own"
        )
    promises: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("a seed says what is drawn", lambda: _seeded(row, options)),
        ("rows do not see each other", lambda: _rows_apart(row, options)),
        ("what is drawn has the mean", lambda: _drawn(row, options)),
    ]
    if find_spec("torch"):
        from hitherto.model.losses import LOSSES

        if row.name in LOSSES:
            promises += [
                ("the loss is minus the log-probability", lambda: _likely(row, options)),
                ("the loss's gradient is its slope", lambda: _slope(row, options)),
                ("the loss is least where the head is right", lambda: _proper(row, options)),
                ("what is missing has no influence", lambda: _missing(row, options)),
                ("wild params leave float32 finite", lambda: _wild(row, options)),
            ]
    return [(name, *_outcome(test)) for name, test in promises]


def _said(head: Head, options: dict[str, Any], times: int = 1) -> tuple[Array, dict[str, Array]]:
    """Params of some rows, each `times` in a row, and what the head reads beside them."""
    random = np.random.default_rng(0)
    params = random.normal(size=(ROWS, head.size(**options))) * 0.8
    parts: dict[str, Array] = {}
    if head.name == "quantile":  # its loss leaves each parameter to its level, whatever their order
        params = np.sort(params.reshape(-1, len(options["levels"]))).reshape(params.shape)
    if head.name == "pointer":
        copied = random.dirichlet(np.ones(options["classes"]), ROWS)
        parts = {"gate": random.normal(size=ROWS).repeat(times), "copied": copied.repeat(times, 0)}
    if head.name == "chain":
        shape = (2, options["labels"], options["hidden"])
        parts = dict(zip("WV", random.normal(size=shape) * 1.5, strict=True))
    return params.repeat(times, 0), parts


def _beside(head: Head, parts: dict[str, Array], y: Array) -> dict[str, Array]:
    """What log_prob and the loss read: of what is copied only the share of y."""
    if head.name == "pointer":
        return parts | {"copied": np.take_along_axis(parts["copied"], y[:, None], 1)[:, 0]}
    return parts


def _seeded(head: Head, options: dict[str, Any]) -> tuple[bool, str]:
    params, parts = _said(head, options)
    before = params.copy()
    one, two = (head.sample(params, np.random.default_rng(1), **parts, **options) for _ in range(2))
    many = head.sample(params, np.random.default_rng(1), count=3, **parts, **options)
    if many.shape != (3, *one.shape) or len(one) != ROWS:
        return False, f"one draw is {list(one.shape)}, three of them {list(many.shape)}"
    return bool(np.array_equal(one, two) and np.array_equal(params, before)), "twice the same"


def _rows_apart(head: Head, options: dict[str, Any]) -> tuple[bool, str]:
    params, parts = _said(head, options)
    y = head.sample(params, np.random.default_rng(1), **parts, **options)
    given = {"y": y} if head.name == "chain" else {}
    some = slice(1, 2)

    def alone(named: dict[str, Array]) -> dict[str, Array]:
        return {name: value if name in ("W", "V") else value[some] for name, value in named.items()}

    beside, means = _beside(head, parts, y), {**parts, **given}
    together = head.log_prob(params, y, **beside, **options), head.mean(params, **means, **options)
    apart = (
        head.log_prob(params[some], y[some], **alone(beside), **options),
        head.mean(params[some], **alone(means), **options),
    )
    return _within(_difference(tuple(both[some] for both in together), apart), 1e-12)


def _drawn(head: Head, options: dict[str, Any]) -> tuple[bool, str]:
    params, parts = _said(head, options)
    many = head.sample(params, np.random.default_rng(1), count=DRAWS, **parts, **options)
    mean = head.mean(params, **({"y": many} if head.name == "chain" else {}), **parts, **options)
    if "classes" in options:
        many = np.eye(options["classes"])[many]
    away = many - mean
    error = away.std(0) / np.sqrt(DRAWS) + 1e-9
    return _within(float(np.max(np.abs(away.mean(0)) / error)), 6.0)


def _loss(
    head: Head, options: dict[str, Any], params: Any, parts: dict[str, Any], y: Array
) -> tuple[Any, Any]:
    """Of params themselves: they are the features, under a last layer that changes nothing."""
    import torch

    from hitherto.model.losses import LOSSES

    same = torch.eye(params.shape[1], dtype=params.dtype)
    true = torch.from_numpy(y) if "classes" in options else torch.from_numpy(y).to(params.dtype)
    return LOSSES[head.name](params, same, None, {"y": true, **parts}, **options)


def _tensors(dtype: str, params: Array, parts: dict[str, Array]) -> tuple[Any, dict[str, Any]]:
    import torch

    kind = getattr(torch, dtype)
    made = [torch.from_numpy(v).to(kind).requires_grad_() for v in (params, *parts.values())]
    return made[0], dict(zip(parts, made[1:], strict=True))


def _told(head: Head, options: dict[str, Any], times: int = 1) -> tuple[Array, dict[str, Array], Array]:
    params, parts = _said(head, options, times)
    y = head.sample(params, np.random.default_rng(1), **parts, **options)
    return params, _beside(head, parts, y), y


def _likely(head: Head, options: dict[str, Any]) -> tuple[bool, str]:
    if head.name == "quantile":
        return True, "it is the pinball loss"
    params, parts, y = _told(head, options)
    expected = head.log_prob(params, y, **parts, **options)
    total, count = _loss(head, options, *_tensors("float64", params, parts), y)
    if int(count) != expected.size:
        return False, f"it counts {int(count)} of {expected.size}"
    return _within(abs(float(total.detach()) + expected.sum()) / (1 + abs(expected.sum())), 1e-9)


def _slope(head: Head, options: dict[str, Any]) -> tuple[bool, str]:
    import torch

    params, parts, y = _told(head, options)
    x, others = _tensors("float64", params, parts)
    every = [x, *others.values()]
    found = torch.autograd.grad(_loss(head, options, x, others, y)[0], every)
    worst = 0.0
    for i, gradient in enumerate(found):
        way = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(i), dtype=torch.float64)
        sides = []
        for step in (1e-6, -1e-6):
            moved = [t.detach() + step * way if t is every[i] else t.detach() for t in every]
            sides.append(_loss(head, options, moved[0], dict(zip(others, moved[1:], strict=True)), y)[0])
        slope = float(sides[0] - sides[1]) / 2e-6
        worst = max(worst, abs(float((gradient * way).sum()) - slope) / (1 + abs(slope)))
    return _within(worst, 1e-6)


def _proper(head: Head, options: dict[str, Any]) -> tuple[bool, str]:
    """Over what the head itself draws, the gradient is zero on average: only chance is left of it."""
    import torch

    params, parts, y = _told(head, options, DRAWS)
    x, others = _tensors("float64", params, parts)
    (gradient,) = torch.autograd.grad(_loss(head, options, x, others, y)[0], x)
    each = gradient.reshape(ROWS, DRAWS, -1).numpy()
    error = each.std(1) / np.sqrt(DRAWS) + 1e-9
    return _within(float(np.max(np.abs(each.mean(1)) / error)), 6.0)


def _missing(head: Head, options: dict[str, Any]) -> tuple[bool, str]:
    import torch

    params, parts, y = _told(head, options)
    if "classes" in options:
        return True, "a class is never missing"
    x, others = _tensors("float64", params, parts)
    gone = y.astype(np.float64)
    gone[1] = np.nan
    rest = [0, *range(2, ROWS)]
    total, count = _loss(head, options, x, others, gone)
    expected, fewer = _loss(head, options, x[rest], others, y[rest])
    (gradient,) = torch.autograd.grad(total, x)
    if bool(gradient[1].any()) or not bool(gradient[rest].isfinite().all()):
        return False, "its row has a gradient"
    if int(count) != int(fewer):
        return False, f"it counts {int(count)}, not {int(fewer)}"
    return _within(abs(float((total - expected).detach())), 1e-9)


def _wild(head: Head, options: dict[str, Any]) -> tuple[bool, str]:
    import torch

    params, parts, y = _told(head, options)
    for factor in (30.0, 1000.0):
        x, others = _tensors("float32", params * factor, parts)
        total, _ = _loss(head, options, x, others, y)
        if not all(
            bool(t.isfinite().all()) for t in (total, *torch.autograd.grad(total, [x, *others.values()]))
        ):
            return False, f"not with params of about {factor:.0f}"
    return True, "params of about 1000"


# ---- trained models ----------------------------------------------------------------------------------------


def check_task(model: Any, data: Any) -> list[Result]:
    """Every promise of a trained model, on labelled data as `evaluate` takes them."""
    promises: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("an answer does not depend on the batch", lambda: _alone(model, data)),
        ("steps and chunks equal the whole", lambda: _stepped(model, data)),
        ("a bundle gives the same answers", lambda: _bundled(model, data)),
    ]
    if model.writes:
        promises.append(("a stream writes what the whole input brings", lambda: _written(model, data)))
    if find_spec("torch"):
        promises.append(("the engine gives what the torch module gives", lambda: _executors(model, data)))
    return [(name, *_outcome(test)) for name, test in promises]


def _batches(model: Any, data: Any) -> list[Any]:
    return list(model.source.evaluation(model.source.load(data)))


def _alone(model: Any, data: Any) -> tuple[bool, str]:
    rows = 0
    for batch in _batches(model, data):
        known = {"x": batch.lengths, "source": batch.source_lengths}
        whole, _ = model.engine.forward(batch.inputs, batch.lengths, None, batch.source_lengths)
        for b in range(0, batch.inputs["x"].shape[1], max(1, batch.inputs["x"].shape[1] // 8)):
            alone = {
                name: value[: len(value) if known[name] is None else known[name][b], b : b + 1]
                for name, value in batch.inputs.items()
            }
            own, _ = model.engine.forward(alone)
            beside = whole[b : b + 1] if model.engine.pools else whole[: len(alone["x"]), b : b + 1]
            if not np.array_equal(own, beside):
                return False, f"row {b} of a batch differs from the row alone"
            rows += 1
    return True, f"{rows} rows, bit for bit"


def _stepped(model: Any, data: Any) -> tuple[bool, str]:
    from hitherto.plan import streams

    why = streams(model.plan)
    if why is not None:
        return True, "it does not stream, and says why"
    engine = model.engine
    for batch in _batches(model, data):
        x = batch.inputs["x"][:64, :3]
        begun = None
        if engine.encoder is not None:
            known = None if batch.source_lengths is None else batch.source_lengths[:3]
            begun = engine.encode(batch.inputs["source"][:, :3], known)
        whole, end = engine.forward({"x": x}, None, begun)
        for size in (1, 5):
            parts: list[Any] = []
            state: Any = begun
            for t in range(0, len(x), size):
                part, state = engine.forward({"x": x[t : t + size]}, None, state)
                parts.append(part)
            last = parts[-1] if engine.pools else np.concatenate(parts)
            if not np.array_equal(last, whole) or any(
                not np.array_equal(end[k], state[k]) for k in engine.places
            ):
                return False, f"chunks of {size} differ from the whole"
    return True, "steps and chunks of 5, bit for bit"


def _written(model: Any, data: Any) -> tuple[bool, str]:
    """A text does not depend on the others, and a stream of any pieces writes what the whole input brings."""
    from hitherto.sources.texts import as_text

    examples = model.source.load(data)
    found = model.source.predictions(examples, model._written(examples))
    count = 0
    for i in range(0, len(examples), max(1, len(examples) // 4)):
        text = as_text(examples.texts[i])
        if model.spec.task in ("chat", "caption"):
            continue  # whose streams are told turns and pictures, not texts: the tests of streams have them
        stream = model.stream()
        for piece in [text[k : k + 3] for k in range(0, len(text), 3)]:
            stream.push(piece)
        if stream.finish() != found[i]:
            return False, f"a stream writes something else to {text!r:.60}"
        count += 1
    return True, f"{len(found)} texts, {count} streams"


def _bundled(model: Any, data: Any) -> tuple[bool, str]:
    import tempfile
    from pathlib import Path

    import hitherto

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        digest = model.save(path)
        again = hitherto.open(path)
        same = again.evaluate(data) == model.evaluate(data) and again.digest == digest == model.digest
        return same, "metrics and digest"


def _executors(model: Any, data: Any) -> tuple[bool, str]:
    import torch

    from hitherto.model.build import build

    module = build(model.plan).eval()
    module.load(model.tensors)
    worst = 0.0
    for batch in _batches(model, data):
        features, _ = model.engine.forward(batch.inputs, batch.lengths, None, batch.source_lengths)
        with torch.inference_mode():
            lengths, of_source = (
                None if known is None else torch.from_numpy(known)
                for known in (batch.lengths, batch.source_lengths)
            )
            inputs = {name: torch.from_numpy(value) for name, value in batch.inputs.items()}
            expected, _ = module(inputs, lengths, None, of_source)
            params = module.params(expected).numpy()
        found = model.engine.params(features)
        if "encode" in model.plan:  # what a looking module says past a row's end is never read
            found, params = (v.reshape(-1, v.shape[-1])[batch.at] for v in (found, params))
        worst = max(worst, float(np.max(np.abs(found - params) / (1 + np.abs(params)), initial=0.0)))
    return _within(worst, 2e-5)
