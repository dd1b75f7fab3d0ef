"""What every head keeps."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from hitherto.checks.results import ROWS, Array, Result, difference_of, outcome_of, within
from hitherto.errors import UsageError
from hitherto.heads import HEADS, Head

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, dtype

__all__ = ["check_head"]

DRAWS = 4000
Options = Mapping[str, Any]  # of a head, as its row has them
Outcome = tuple[bool, str]


def check_head(head: str | Head, **options: object) -> list[Result]:
    """Every promise of a head, as (promise, ok, detail); `options` are those of its size."""
    row = HEADS.get(head) if isinstance(head, str) else head
    if row is None:
        raise UsageError(
            f"there is no head {head!r}; expected one of {', '.join(HEADS)}, or a Head of your own"
        )
    promises: list[tuple[str, Callable[[], Outcome]]] = [
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
    return [(name, *outcome_of(test)) for name, test in promises]


def _lent(head: Head) -> tuple[str, ...]:
    """The names of the weights that the head reads, beside its params."""
    return head.beside.lends if head.beside else ()


def _inputs(head: Head, options: Options, times: int = 1) -> tuple[Array, dict[str, Array]]:
    """Params of some rows, each `times` in a row, and what the head reads beside them."""
    random = np.random.default_rng(0)
    params = random.normal(size=(ROWS, head.size(**options))) * 0.8
    if "levels" in options:  # the pinball loss leaves each parameter to its level, whatever their order
        params = np.sort(params.reshape(-1, len(options["levels"]))).reshape(params.shape)
    parts: dict[str, Array] = {}
    if head.copies:
        copied = random.dirichlet(np.ones(options["classes"]), ROWS)
        parts = {"gate": random.normal(size=ROWS).repeat(times), "copied": copied.repeat(times, 0)}
    if head.beside is not None:
        shapes = head.beside.weights(options) if _lent(head) else {}
        parts |= {name: random.normal(size=shapes[name]) * 1.5 for name in _lent(head)}
    return params.repeat(times, 0), parts


def _beside(head: Head, parts: dict[str, Array], y: Array) -> dict[str, Array]:
    """What log_prob and the loss read: of what is copied only the share of y."""
    if head.copies:
        return parts | {"copied": np.take_along_axis(parts["copied"], y[:, None], 1)[:, 0]}
    return parts


def _before(head: Head, y: Array) -> dict[str, Array]:
    """What the mean is conditional on: labels that a head gives one after the other, by weights of its own."""
    return {"y": y} if _lent(head) else {}


def _seeded(head: Head, options: Options) -> Outcome:
    params, parts = _inputs(head, options)
    before = params.copy()
    one, two = (head.sample(params, np.random.default_rng(1), **parts, **options) for _ in range(2))
    many = head.sample(params, np.random.default_rng(1), count=3, **parts, **options)
    if many.shape != (3, *one.shape) or len(one) != ROWS:
        return False, f"one draw is {list(one.shape)}, three of them {list(many.shape)}"
    return bool(np.array_equal(one, two) and np.array_equal(params, before)), "twice the same"


def _rows_apart(head: Head, options: Options) -> Outcome:
    params, parts = _inputs(head, options)
    y = head.sample(params, np.random.default_rng(1), **parts, **options)
    before = _before(head, y)
    some = slice(1, 2)

    def alone(named: dict[str, Array]) -> dict[str, Array]:
        return {name: value if name in _lent(head) else value[some] for name, value in named.items()}

    beside, means = _beside(head, parts, y), {**parts, **before}
    together = head.log_prob(params, y, **beside, **options), head.mean(params, **means, **options)
    apart = (
        head.log_prob(params[some], y[some], **alone(beside), **options),
        head.mean(params[some], **alone(means), **options),
    )
    return within(difference_of(tuple(both[some] for both in together), apart), 1e-12)


def _drawn(head: Head, options: Options) -> Outcome:
    params, parts = _inputs(head, options)
    many = head.sample(params, np.random.default_rng(1), count=DRAWS, **parts, **options)
    mean = head.mean(params, **_before(head, many), **parts, **options)
    if "classes" in options:
        many = np.eye(options["classes"])[many]
    away = many - mean
    error = away.std(0) / np.sqrt(DRAWS) + 1e-9
    return within(float(np.max(np.abs(away.mean(0)) / error)), 6.0)


def _loss(
    head: Head, options: Options, params: "Tensor", parts: "dict[str, Tensor]", y: Array
) -> "tuple[Tensor, Tensor]":
    """Of params themselves: they are the features, under a last layer that changes nothing."""
    import torch

    from hitherto.model.losses import LOSSES

    same = torch.eye(params.shape[1], dtype=params.dtype)
    true = torch.from_numpy(y) if "classes" in options else torch.from_numpy(y).to(params.dtype)
    return LOSSES[head.name](params, same, None, {"y": true, **parts}, **options)


def _tensors(kind: "dtype", params: Array, parts: dict[str, Array]) -> "tuple[Tensor, dict[str, Tensor]]":
    import torch

    made = [torch.from_numpy(v).to(kind).requires_grad_() for v in (params, *parts.values())]
    return made[0], dict(zip(parts, made[1:], strict=True))


def _drawn_with(head: Head, options: Options, times: int = 1) -> tuple[Array, dict[str, Array], Array]:
    params, parts = _inputs(head, options, times)
    y = head.sample(params, np.random.default_rng(1), **parts, **options)
    return params, _beside(head, parts, y), y


def _likely(head: Head, options: Options) -> Outcome:
    import torch

    if "levels" in options:
        return True, "it is the pinball loss"
    params, parts, y = _drawn_with(head, options)
    expected = head.log_prob(params, y, **parts, **options)
    total, count = _loss(head, options, *_tensors(torch.float64, params, parts), y)
    if int(count) != expected.size:
        return False, f"it counts {int(count)} of {expected.size}"
    return within(abs(float(total.detach()) + expected.sum()) / (1 + abs(expected.sum())), 1e-9)


def _slope(head: Head, options: Options) -> Outcome:
    import torch

    params, parts, y = _drawn_with(head, options)
    x, others = _tensors(torch.float64, params, parts)
    every = [x, *others.values()]
    gradients = torch.autograd.grad(_loss(head, options, x, others, y)[0], every)
    worst = 0.0
    for i, gradient in enumerate(gradients):
        way = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(i), dtype=torch.float64)
        sides = []
        for step in (1e-6, -1e-6):
            moved = [t.detach() + step * way if t is every[i] else t.detach() for t in every]
            sides.append(_loss(head, options, moved[0], dict(zip(others, moved[1:], strict=True)), y)[0])
        slope = float(sides[0] - sides[1]) / 2e-6
        worst = max(worst, abs(float((gradient * way).sum()) - slope) / (1 + abs(slope)))
    return within(worst, 1e-6)


def _proper(head: Head, options: Options) -> Outcome:
    """Over what the head itself draws, the gradient is zero on average: only chance is left of it."""
    import torch

    params, parts, y = _drawn_with(head, options, DRAWS)
    x, others = _tensors(torch.float64, params, parts)
    (gradient,) = torch.autograd.grad(_loss(head, options, x, others, y)[0], x)
    each = gradient.reshape(ROWS, DRAWS, -1).numpy()
    error = each.std(1) / np.sqrt(DRAWS) + 1e-9
    return within(float(np.max(np.abs(each.mean(1)) / error)), 6.0)


def _missing(head: Head, options: Options) -> Outcome:
    import torch

    params, parts, y = _drawn_with(head, options)
    if "classes" in options:
        return True, "a class is never missing"
    x, others = _tensors(torch.float64, params, parts)
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
    return within(abs(float((total - expected).detach())), 1e-9)


def _wild(head: Head, options: Options) -> Outcome:
    import torch

    params, parts, y = _drawn_with(head, options)
    for factor in (30.0, 1000.0):
        x, others = _tensors(torch.float32, params * factor, parts)
        total, _ = _loss(head, options, x, others, y)
        if not all(
            bool(t.isfinite().all()) for t in (total, *torch.autograd.grad(total, [x, *others.values()]))
        ):
            return False, f"not with params of about {factor:.0f}"
    return True, "params of about 1000"
