"""What the numbers of a model's last layer mean: class probabilities, or the distribution of what comes next.

`HEADS` lists the heads. A head reads `params`, [..., size], as the last layer gives them, in float64:

    head = HEADS["gaussian"]
    head.size(horizon=24, channels=7)                                how wide the last layer is
    head.mean(params, loc=loc, scale=scale, horizon=24, channels=7)  [..., 24, 7]
    head.quantile(params, 0.9, ...)                                  [..., 24, 7]; of Q levels [..., 24, 7, Q]
    head.sample(params, numpy.random.default_rng(0), count=100, ...) [100, ..., 24, 7]
    head.log_prob(params, y, ...)                                    [..., 24, 7], in nats

`softmax` (option `classes`) and `sigmoid` (`labels`) say probabilities: their mean, [..., K]. `pointer`
(`classes`) is a softmax that also copies: with `gate`, [...], the logit of writing itself, the probability of a
class is sigmoid(gate) of what the softmax says and 1 - sigmoid(gate) of `copied`, the share of the attention that
lies on places of that class.

`ctc` (`classes`) writes a text over all steps, [T, K], as connectionist temporal
classification has it: each step says a class or nothing, and what is said several times in a row is said once. Nothing
is a class too, the last one, `BLANK`; `classes` counts it, and the others have the numbers that the text's codec gives
them. Its mean is the probabilities of every step; its log_prob and its samples are of whole texts: class numbers, [L].

`chain` (`labels`, `hidden`) says labels too, each given those before it (NADE): its params are a bias for each of K
labels and the start a, [H'], of a hidden layer; the probability of label k is sigmoid(bias[k] + V[k] sigmoid(a)),
and where it is 1 all after it see a + W[k]. `W` and `V`, [K, H'], are the head's own weights. Its mean is of each
label given those before it in `y`.

`mixture` (`components`, `ends`) says the next point of a pen: y = [dx, dy, lifted], or [dx, dy, lifted, last] where
`ends`. Its params are [6, M] numbers of M components, flat, and a logit for lifted and for last: the logits of the
weights, means of dx, means of dy, s of dx, s of dy and r, with log deviations log(exp(s) + FLOOR) and correlations
CORRELATION * tanh(r). Its log-probability is one for each point.

The others forecast `channels` series over `horizon` steps. Their params are P numbers for each, flat in the order
[horizon, channels, P], and describe a standardised value z; the value is loc + scale * z, where loc and scale
are broadcast against [..., horizon, channels]. With softplus(a) = log(1 + exp(a)):

`quantile`           P = the number of `levels`: z at each level, sorted, so that quantiles never cross.
                     Between and beyond them z is linear in the level's normal score: exact for a Gaussian.
`gaussian`           P = 2: mean, and deviation softplus(b) + FLOOR.
`student_t`          P = 3: location, scale softplus(b) + FLOOR, degrees of freedom 2 + FLOOR + softplus(c).
`negative_binomial`  P = 2: counts of mean m = (softplus(a) + SMALL) * scale and variance m + d m^2, where the
                     dispersion d is softplus(b) + SMALL. There is no loc: a count has its zero where it is.

The losses in `hitherto.model.losses` are these log-probabilities, in torch.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import NormalDist
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from hitherto.bounds import Size
from hitherto.errors import InputError, UsageError

__all__ = [
    "BLANK",
    "CORRELATION",
    "FLOOR",
    "HEADS",
    "SMALL",
    "Head",
    "chain_log_prob",
    "chain_mean",
    "chain_sample",
    "check_levels",
    "ctc_misfits",
    "ctc_needs",
]

Array = Any  # a numpy array; numpy's own types say less than the shapes beside the lines
Level = float | Sequence[float]
Shape = tuple[int, ...]

# The class of saying nothing, as an index: the last one, so that characters keep their codec's numbers.
BLANK = -1
FLOOR = 1e-3  # the least deviation of a standardised value: no forecast is certain
SMALL = 1e-6  # keeps logarithms finite
CORRELATION = 0.99  # the largest of two offsets: at 1 a component is a line, and infinitely likely on it
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Head:
    """One row of `HEADS`; the top of this module shows the calls."""

    name: str
    size: Callable[..., int]
    mean: Callable[..., Array]
    quantile: Callable[..., Array]
    sample: Callable[..., Array]
    log_prob: Callable[..., Array]
    options: Mapping[str, Any] = field(default_factory=dict)  # the type of each, with its bounds
    optional: frozenset[str] = frozenset()
    beside: str = ""  # the operation whose output it reads beside its params
    copies: bool = False  # it says classes of what attention looks at, too


# ------------------------------------------------------------------------------------------------------ parts


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """The levels, once they are known to rise strictly between 0 and 1."""
    found = tuple(float(level) for level in levels)
    if not found or not 0 < found[0] <= found[-1] < 1 or any(a >= b for a, b in pairwise(found)):
        raise UsageError(
            "levels must be one or more numbers between 0 and 1 in rising order, like (0.1, 0.5, 0.9); "
            f"they came as {levels!r}."
        )
    return found


def _count(name: str, value: int) -> int:
    if value < 1:
        raise UsageError(f"{name} must be at least 1, but came as {value!r}.")
    return value


def _not_negative(name: str, value: float) -> float:
    if not 0 <= value < math.inf:
        raise UsageError(f"{name} must be a number from 0 on, but came as {value!r}.")
    return value


def _wide(name: str, array: Array, width: int, dtype: Any = np.float64) -> Array:
    array = np.asarray(array, dtype)
    if array.ndim == 0 or array.shape[-1] != width:
        raise InputError(f"{name} must be [..., {width}], but came as {list(array.shape)}.")
    return array


def _softplus(a: Array) -> Array:
    return np.maximum(a, 0) + np.log1p(np.exp(-abs(a)))


def _at(q: Level, one: Callable[[float], Array]) -> Array:
    """What `one` says of a level, or of each of several along a new last axis."""
    levels = np.asarray(q, np.float64)
    if not (levels.size and np.all((levels > 0) & (levels < 1))):
        raise UsageError(f"the level of a quantile must lie between 0 and 1, but came as {q!r}.")
    return one(float(levels)) if levels.ndim == 0 else np.stack([one(float(v)) for v in levels], -1)


def _draws(count: int | None, shape: Shape) -> Shape:
    return shape if count is None else (count, *shape)


def _forecast(
    name: str,
    numbers: Callable[..., int],
    mean: Callable[..., Array],
    quantile: Callable[..., Array],
    sample: Callable[..., Array],
    log_prob: Callable[..., Array],
    **options: Any,
) -> Head:
    """A head from functions of `v`, [..., horizon, channels, P], of loc and of scale.

    `quantile` gets one level, `sample` the generator and the shape to draw; `own` are the head's own options.
    """

    def size(*, horizon: int = 1, channels: int = 1, **own: Any) -> int:
        return _count("horizon", horizon) * _count("channels", channels) * numbers(**own)

    def apart(params: Array, horizon: int, channels: int, own: dict[str, Any]) -> Array:
        params = np.asarray(params, np.float64)
        width = size(horizon=horizon, channels=channels, **own)
        if params.ndim == 0 or params.shape[-1] != width:
            raise InputError(
                f"the head {name} with horizon {horizon} and {channels} channels reads [..., {width}], "
                f"but params came as {list(params.shape)}."
            )
        return params.reshape(*params.shape[:-1], horizon, channels, -1)

    def head_mean(
        params: Array, *, loc: Array = 0, scale: Array = 1, horizon: int = 1, channels: int = 1, **own: Any
    ) -> Array:
        return mean(apart(params, horizon, channels, own), loc, scale, **own)

    def head_quantile(
        params: Array,
        q: Level,
        *,
        loc: Array = 0,
        scale: Array = 1,
        horizon: int = 1,
        channels: int = 1,
        **own: Any,
    ) -> Array:
        v = apart(params, horizon, channels, own)
        return _at(q, lambda level: quantile(v, level, loc, scale, **own))

    def head_sample(
        params: Array,
        rng: "np.random.Generator",
        *,
        count: int | None = None,
        loc: Array = 0,
        scale: Array = 1,
        horizon: int = 1,
        channels: int = 1,
        **own: Any,
    ) -> Array:
        v = apart(params, horizon, channels, own)
        shape = np.broadcast_shapes(v.shape[:-1], np.shape(loc), np.shape(scale))
        return sample(v, rng, _draws(count, shape), loc, scale, **own)

    def head_log_prob(
        params: Array,
        y: Array,
        *,
        loc: Array = 0,
        scale: Array = 1,
        horizon: int = 1,
        channels: int = 1,
        **own: Any,
    ) -> Array:
        v = apart(params, horizon, channels, own)
        return log_prob(v, np.asarray(y, np.float64), loc, scale, **own)

    options = {"horizon": Size, "channels": Size, **options}
    return Head(name, size, head_mean, head_quantile, head_sample, head_log_prob, options)


# ---------------------------------------------------------------------------------------------------- classes


def _softmax_size(*, classes: int) -> int:
    return _count("classes", classes)


def log_softmax(params: Array) -> Array:
    """Log-probabilities along the last axis, in float64."""
    params = np.asarray(params, np.float64)
    params = params - params.max(-1, keepdims=True)
    return params - np.log(np.exp(params).sum(-1, keepdims=True))


def _softmax_mean(params: Array, **_options: Any) -> Array:
    """The probability of each class, [..., K]."""
    return np.exp(log_softmax(params))


def _softmax_sample(
    params: Array, rng: "np.random.Generator", *, count: int | None = None, **_options: Any
) -> Array:
    """Class numbers, [...]."""
    upto = np.cumsum(_softmax_mean(params), -1)  # [..., K]
    u = rng.random(_draws(count, upto.shape[:-1]))[..., None] * upto[..., -1:]
    return (u >= upto).sum(-1)


def _softmax_log_prob(params: Array, y: Array, **_options: Any) -> Array:
    """Of class numbers y, [...]."""
    return np.take_along_axis(log_softmax(params), np.asarray(y, np.int64)[..., None], -1)[..., 0]


def _pointer_mean(params: Array, *, gate: Array, copied: Array, **_options: Any) -> Array:
    """The probability of each class, [..., K]; `copied` is [..., K] too."""
    own = np.exp(-_softplus(-np.asarray(gate, np.float64)))[..., None]
    return own * _softmax_mean(params) + (1 - own) * copied


def _pointer_sample(
    params: Array, rng: "np.random.Generator", *, count: int | None = None, **parts: Any
) -> Array:
    """Class numbers, [...]."""
    with np.errstate(divide="ignore"):
        return _softmax_sample(np.log(_pointer_mean(params, **parts)), rng, count=count)


def _pointer_log_prob(params: Array, y: Array, *, gate: Array, copied: Array, **_options: Any) -> Array:
    """Of class numbers y, [...]; `copied` is that of these classes alone, [...]."""
    gate = np.asarray(gate, np.float64)
    with np.errstate(divide="ignore"):
        return np.logaddexp(_softmax_log_prob(params, y) - _softplus(-gate), np.log(copied) - _softplus(gate))


def _sigmoid_size(*, labels: int) -> int:
    return _count("labels", labels)


def _sigmoid_mean(params: Array, **_options: Any) -> Array:
    """The probability of each label, [..., K]."""
    return np.exp(-_softplus(-np.asarray(params, np.float64)))


def _sigmoid_sample(
    params: Array,
    rng: "np.random.Generator",
    *,
    count: int | None = None,
    temperature: float = 1.0,
    allowed: Array | None = None,
    **_options: Any,
) -> Array:
    """0 or 1 for each label, [..., K]: 1 only where it is `allowed`, and what is likelier at a temperature of 0."""
    params = np.asarray(params, np.float64)
    _not_negative("temperature", temperature)
    p = _sigmoid_mean(params / temperature) if temperature else (params > 0).astype(np.float64)
    drawn = rng.random(_draws(count, p.shape)) < p
    return (drawn if allowed is None else drawn & allowed).astype(np.int64)


def _sigmoid_log_prob(params: Array, y: Array, **_options: Any) -> Array:
    """Of each label's 0 or 1, [..., K]."""
    params = np.asarray(params, np.float64)
    return np.asarray(y) * params - _softplus(params)


def _no_quantile(name: str, says: str = "classes") -> Callable[..., Array]:
    def quantile(*_arguments: Any, **_options: Any) -> Array:
        raise UsageError(
            f"the head {name} says {says}, which have no quantiles; ask for its mean or for samples."
        )

    return quantile


# ------------------------------------------------------------------------------------------------------- ctc


def ctc_needs(y: Array) -> int:
    """The least steps that a text takes: one for each class, and a blank between two that are alike."""
    y = np.asarray(y)
    return len(y) + int(np.count_nonzero(y[1:] == y[:-1]))


def ctc_misfits(
    texts: Sequence[Array],
    steps: Sequence[int],
    rows: Sequence[int] | None = None,
    what: str = "recording",
) -> tuple[Array, str]:
    """The places of the texts that need more steps than there are, and a sentence that says so; "" of none.

    `rows` are the numbers that a person knows these by, from 1 on where they are not given; `what` has the steps.
    """
    if len(texts) != len(steps):
        raise InputError(f"{len(texts)} texts need as many numbers of steps, but {len(steps)} came.")
    needs = [ctc_needs(y) for y in texts]
    found = np.flatnonzero(np.asarray(needs, np.int64) > np.asarray(steps, np.int64))
    said = [
        f"row {i + 1 if rows is None else rows[i]}: its text of {len(texts[i])} characters needs {needs[i]} steps, "
        f"but the {what} has {steps[i]}"
        for i in found[:3].tolist()
    ]
    if len(found) > len(said):
        said.append(f"and {len(found) - len(said):,} more of {len(texts):,} rows")
    return found, "; ".join(said)


def _ctc_size(*, classes: int) -> int:
    if classes < 2:
        raise UsageError(f"classes must be at least 2, the blank and another, but came as {classes!r}.")
    return classes


def _steps_of(params: Array) -> Array:
    params = np.asarray(params, np.float64)
    if params.ndim != 2:
        raise InputError(f"the head ctc reads the steps of one row, [T, K], but got {list(params.shape)}.")
    return params


def _ctc_sample(
    params: Array, rng: "np.random.Generator", *, count: int | None = None, **_options: Any
) -> Array:
    """Class numbers, [L]; of several draws a list of them, as their lengths differ."""
    params = _steps_of(params)
    blank = params.shape[1] + BLANK
    paths = _softmax_sample(params, rng, count=count or 1).reshape(-1, len(params))  # [count, T]
    starts = np.ones(paths.shape, bool)
    starts[:, 1:] = paths[:, 1:] != paths[:, :-1]
    drawn = [path[first & (path != blank)] for path, first in zip(paths, starts, strict=True)]
    return drawn[0] if count is None else drawn


def _ctc_log_prob(params: Array, y: Array, **_options: Any) -> Array:
    """Of the text y, [L], a single number: the sum over all ways to say it in these steps."""
    params, y = _steps_of(params), np.asarray(y, np.int64)
    blank = params.shape[1] + BLANK
    if y.ndim != 1 or (len(y) and not 0 <= y.min() <= y.max() < blank):
        raise InputError(f"a text is class numbers from 0 to {blank - 1}, [L], but came as {y!r:.60}.")
    if not len(params):
        return np.float64(-np.inf if len(y) else 0)
    log_probs = log_softmax(params)
    places = np.full(2 * len(y) + 1, blank)
    places[1::2] = y
    skips = np.zeros(len(places), bool)  # where the blank before may be left out
    skips[3::2] = y[1:] != y[:-1]
    ways = np.full(len(places) + 2, -np.inf)  # in front two that cannot be come from
    ways[2:4] = log_probs[0, places[:2]]
    for now in log_probs[1:]:
        skipped = np.where(skips, ways[:-2], -np.inf)
        ways[2:] = np.logaddexp(np.logaddexp(ways[2:], ways[1:-1]), skipped) + now[places]
    return np.logaddexp.reduce(ways[-2:] if len(y) else ways[-1:])


# ------------------------------------------------------------------------------------------------------ chain


def _chain_size(*, labels: int, hidden: int) -> int:
    return _count("labels", labels) + _count("hidden", hidden)


def _chain(params: Array, W: Array, V: Array) -> tuple[Array, Array, Array, Array]:
    """Biases, [..., K], where the hidden layer begins, [..., H'], and W and V."""
    W, V = np.asarray(W, np.float64), np.asarray(V, np.float64)
    if W.ndim != 2 or W.shape != V.shape:
        raise InputError(
            f"W and V must both be [labels, hidden], but came as {list(W.shape)} and {list(V.shape)}."
        )
    K = len(W)
    params = _wide("the params of chain", params, K + W.shape[1])
    return params[..., :K], params[..., K:], W, V


def _hidden(a: Array) -> Array:
    """The sigmoid, by the faster of two ways: a small one has no digits to lose where it is added to others."""
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def _chain_logits(params: Array, y: Array, W: Array, V: Array) -> tuple[Array, Array]:
    """Of each label given those before it in y, [..., K], and y."""
    bias, a, W, V = _chain(params, W, V)
    y = _wide("y", y, len(W))
    if not np.all((y == 0) | (y == 1) | np.isnan(y)):
        raise InputError("y of the head chain must be 0 or 1 for each label (NaN: not known).")
    shape = np.broadcast_shapes(a.shape[:-1], y.shape[:-1])
    y = np.broadcast_to(y, (*shape, len(W)))
    a = np.broadcast_to(a, (*shape, W.shape[1])).copy()
    h = _hidden(a)
    logits = np.empty(y.shape)
    for k in range(len(W)):
        logits[..., k] = bias[..., k] + (h * V[k]).sum(-1)
        moved = y[..., k] != 0
        a[moved] += y[..., k][moved][:, None] * W[k]  # NaN stays NaN for all that follow
        h[moved] = _hidden(a[moved])
    return logits, y


def chain_log_prob(params: Array, y: Array, W: Array, V: Array, **_options: Any) -> Array:
    """Of all labels of a step together, [...]; `y`, [..., K], is 0 or 1. NaN in y gives NaN."""
    logits, y = _chain_logits(params, y, W, V)
    return (y * logits - _softplus(logits)).sum(-1)


def chain_mean(params: Array, y: Array, W: Array, V: Array, **_options: Any) -> Array:
    """The probability of each label given those before it in y, [..., K]; of each alone there is no formula."""
    return _sigmoid_mean(_chain_logits(params, y, W, V)[0])


def chain_sample(
    params: Array,
    rng: "np.random.Generator",
    W: Array,
    V: Array,
    temperature: float = 1.0,
    allowed: Array | None = None,
    *,
    count: int | None = None,
    **_options: Any,
) -> Array:
    """0 or 1 for each label, [..., K]. Where not `allowed`, [..., K], it is 0; temperature 0 draws nothing."""
    bias, a, W, V = _chain(params, W, V)
    K, H = W.shape
    shape = _draws(count, a.shape[:-1])
    # A label is 1 where its logit and the noise are above 0.
    edge = bias + _not_negative("temperature", temperature) * rng.logistic(size=(*shape, K))
    if allowed is not None:
        allowed = _wide("allowed", allowed, K, bool)
        if np.broadcast_shapes(allowed.shape, edge.shape) != edge.shape:
            raise InputError(f"allowed must fit {list(edge.shape)}, but came as {list(allowed.shape)}.")
        edge = np.where(allowed, edge, -np.inf)
    edge = edge.reshape(-1, K)
    a = np.broadcast_to(a, (*shape, H)).reshape(-1, H).copy()
    y = np.zeros(edge.shape, np.int64)
    rows, labels, at = np.arange(len(y)), np.arange(K), np.full((len(y), 1), -1)
    # Up to a row's next 1 its hidden layer stays: one product says where that is. So it takes as many rounds as the
    # row with the most of them has ones. A product for each row, as one of all would round by how many they are.
    while len(rows):
        seen = (_hidden(a)[:, None] @ V.T)[:, 0]  # [n, K]
        ones = (edge + seen > 0) & (labels > at)
        more = ones.any(1)
        if not more.all():
            rows, edge, a, ones = rows[more], edge[more], a[more], ones[more]
        first = ones.argmax(1)
        y[rows, first] = 1
        a += W[first]
        at = first[:, None]
    return y.reshape(*shape, K)


# ---------------------------------------------------------------------------------------------------- mixture


def _mixture_size(*, components: int, ends: bool = False) -> int:
    return 6 * _count("components", components) + 1 + bool(ends)


def _mixture(params: Array, components: int, ends: bool) -> tuple[Array, Array]:
    """What there is of each component, [..., 6, M], and the logits of lifted and last, [..., 1 or 2]."""
    size = _mixture_size(components=components, ends=ends)
    params = _wide(f"the params of mixture with {components} components", params, size)
    parts = params[..., : 6 * components]
    return parts.reshape(*parts.shape[:-1], 6, components), params[..., 6 * components :]


# Two things are bounded, since a component that shrinks onto a point or a line would grow ever likelier: deviations,
# exp(s) + FLOOR, from below, and correlations by a tanh. Nothing is clipped: there the gradient would end at once, here
# it fades as those functions do, and a far point's pulls as hard as it is far. What is computed with is the logarithm
# of a deviation, so that no s, small or large, overflows.
def _log_deviation(s: Array) -> Array:
    return np.logaddexp(s, math.log(FLOOR))


def _mixture_mean(params: Array, *, components: int, ends: bool = False, **_options: Any) -> Array:
    """The expected offset and the probabilities of lifted and last, [..., 3 or 4]."""
    parts, pen = _mixture(params, components, ends)
    offset = (_softmax_mean(parts[..., :1, :]) * parts[..., 1:3, :]).sum(-1)
    return np.concatenate([offset, _sigmoid_mean(pen)], -1)


def _mixture_sample(
    params: Array,
    rng: "np.random.Generator",
    *,
    components: int,
    ends: bool = False,
    bias: float = 0.0,
    temperature: float = 1.0,
    count: int | None = None,
    **_options: Any,
) -> Array:
    """Points, [..., 3 or 4]: offsets, and 0 or 1 for lifted and last.

    bias: the logits of the weights count 1 + bias times, and deviations shrink by exp(bias): neater writing.
    temperature: a factor of all variances, and what all logits are divided by; 0 draws nothing.
    """
    _not_negative("bias", bias)
    _not_negative("temperature", temperature)
    parts, pen = _mixture(params, components, ends)
    shape = _draws(count, pen.shape[:-1])
    weights = (1 + bias) * parts[..., 0, :]
    which = (weights + temperature * rng.gumbel(size=(*shape, components))).argmax(-1)
    chosen = _pick(parts, which[..., None])  # [..., 6]
    deviation = np.exp(_log_deviation(chosen[..., 3:5]) - bias)
    correlation = CORRELATION * np.tanh(chosen[..., 5])
    z = math.sqrt(temperature) * rng.standard_normal((*shape, 2))
    z[..., 0] = correlation * z[..., 1] + np.sqrt(1 - correlation**2) * z[..., 0]
    does = pen + temperature * rng.logistic(size=(*shape, pen.shape[-1])) > 0
    return np.concatenate([chosen[..., 1:3] + deviation * z, does], -1)


def _mixture_log_prob(
    params: Array, y: Array, *, components: int, ends: bool = False, **_options: Any
) -> Array:
    """Of points y, [..., 3 or 4]: [...]."""
    parts, pen = _mixture(params, components, ends)
    y = _wide("y", y, 3 + bool(ends))
    wide = _log_deviation(parts[..., 3:5, :])  # [..., 2, M]
    z = (y[..., :2, None] - parts[..., 1:3, :]) * np.exp(-wide)
    correlation = CORRELATION * np.tanh(parts[..., 5, :])
    left = 1 - correlation**2
    # dy, and then dx as it goes with dy: a sum of squares, in which nothing cancels.
    squares = z[..., 1, :] ** 2 + (z[..., 0, :] - correlation * z[..., 1, :]) ** 2 / left
    each = log_softmax(parts[..., 0, :]) - wide.sum(-2) - 0.5 * (np.log(left) + squares)
    top = each.max(-1)
    offset = top + np.log(np.exp(each - top[..., None]).sum(-1)) - math.log(2 * math.pi)
    return offset + _sigmoid_log_prob(pen, y[..., 2:]).sum(-1)


# -------------------------------------------------------------------------------------------------- quantiles


def _lines(v: Array, levels: Sequence[float]) -> tuple[Array, Array, Array]:
    """Of the lines z = offset + slope * score between levels: slopes, offsets, the scores where they meet."""
    v = np.sort(v, -1)  # [..., Q]
    scores = np.array([_NORMAL.inv_cdf(level) for level in levels])
    if len(scores) == 1:
        return np.zeros_like(v), v, scores[:0]
    slopes = np.diff(v, axis=-1) / np.diff(scores)  # [..., Q - 1]
    return slopes, v[..., :-1] - slopes * scores[:-1], scores[1:-1]


def _pick(parts: Array, which: Array) -> Array:
    """`parts`, [..., L], at the places `which`, [...], which may have more axes in front."""
    shape = np.broadcast_shapes(which.shape, parts.shape[:-1])
    which = np.broadcast_to(which, shape)[..., None]
    return np.take_along_axis(np.broadcast_to(parts, (*shape, parts.shape[-1])), which, -1)[..., 0]


def _z_at(v: Array, score: Array, levels: Sequence[float]) -> Array:
    slopes, offsets, between = _lines(v, levels)
    which = np.asarray(np.searchsorted(between, score))
    return _pick(offsets, which) + _pick(slopes, which) * score


def _quantile_mean(v: Array, loc: Array, scale: Array, levels: Sequence[float]) -> Array:
    slopes, offsets, between = _lines(v, levels)
    upto = np.array([0.0, *map(_NORMAL.cdf, between), 1.0])  # the outermost lines go on for ever
    density = np.array([0.0, *map(_NORMAL.pdf, between), 0.0])
    # The integral of score * density(score) is -density(score).
    return loc + scale * (offsets @ np.diff(upto) - slopes @ np.diff(density))


def _quantile_quantile(v: Array, level: float, loc: Array, scale: Array, levels: Sequence[float]) -> Array:
    known = np.flatnonzero(np.isclose(levels, level, rtol=0, atol=1e-9))
    if len(known):
        return loc + scale * np.sort(v, -1)[..., known[0]]
    return loc + scale * _z_at(v, _NORMAL.inv_cdf(level), levels)


def _quantile_sample(
    v: Array, rng: "np.random.Generator", shape: Shape, loc: Array, scale: Array, levels: Sequence[float]
) -> Array:
    return loc + scale * _z_at(v, rng.standard_normal(shape), levels)


def _quantile_log_prob(v: Array, y: Array, loc: Array, scale: Array, levels: Sequence[float]) -> Array:
    """The density that the lines between the levels have; none is steeper than 1 / FLOOR."""
    z = (y - loc) / scale
    slopes, _, _ = _lines(v, levels)
    slopes = np.maximum(slopes, FLOOR)
    v = np.sort(v, -1)
    scores = np.array([_NORMAL.inv_cdf(level) for level in levels])
    which = (z[..., None] > v[..., 1:-1]).sum(-1)
    # From a level that the line goes through: the floor may have turned the line.
    slope = _pick(slopes, which)
    score = scores[which] + (z - _pick(v, which)) / slope
    return _normal_log_density(score) - np.log(slope * scale)


# --------------------------------------------------------------------------------------------------- gaussian


def _normal_log_density(score: Array) -> Array:
    return -0.5 * score**2 - 0.5 * math.log(2 * math.pi)


def _gaussian(v: Array) -> tuple[Array, Array]:
    """Mean and deviation of z."""
    return v[..., 0], _softplus(v[..., 1]) + FLOOR


def _gaussian_mean(v: Array, loc: Array, scale: Array) -> Array:
    return loc + scale * v[..., 0]


def _gaussian_quantile(v: Array, level: float, loc: Array, scale: Array) -> Array:
    mean, deviation = _gaussian(v)
    return loc + scale * (mean + deviation * _NORMAL.inv_cdf(level))


def _gaussian_sample(v: Array, rng: "np.random.Generator", shape: Shape, loc: Array, scale: Array) -> Array:
    mean, deviation = _gaussian(v)
    return loc + scale * (mean + deviation * rng.standard_normal(shape))


def _gaussian_log_prob(v: Array, y: Array, loc: Array, scale: Array) -> Array:
    mean, deviation = _gaussian(v)
    return _normal_log_density(((y - loc) / scale - mean) / deviation) - np.log(deviation * scale)


# -------------------------------------------------------------------------------------------------- student_t


def _student_t(v: Array) -> tuple[Array, Array, Array]:
    """Location and scale of z, and degrees of freedom."""
    return v[..., 0], _softplus(v[..., 1]) + FLOOR, _softplus(v[..., 2]) + 2 + FLOOR


def _student_t_quantile(v: Array, level: float, loc: Array, scale: Array) -> Array:
    centre, width, freedom = _student_t(v)
    return loc + scale * (centre + width * _t_quantile(level, freedom))


def _student_t_sample(v: Array, rng: "np.random.Generator", shape: Shape, loc: Array, scale: Array) -> Array:
    centre, width, freedom = _student_t(v)
    return loc + scale * (centre + width * rng.standard_t(freedom, shape))


def _student_t_log_prob(v: Array, y: Array, loc: Array, scale: Array) -> Array:
    centre, width, freedom = _student_t(v)
    return _t_log_density(((y - loc) / scale - centre) / width, freedom) - np.log(width * scale)


# ------------------------------------------------------------------------------------------ negative binomial


def _negative_binomial(v: Array, scale: Array) -> tuple[Array, Array]:
    """Mean and dispersion."""
    mean = (_softplus(v[..., 0]) + SMALL) * scale
    return mean, np.broadcast_to(_softplus(v[..., 1]) + SMALL, mean.shape)


def _negative_binomial_mean(v: Array, _loc: Array, scale: Array) -> Array:
    return _negative_binomial(v, scale)[0]


def _negative_binomial_quantile(v: Array, level: float, _loc: Array, scale: Array) -> Array:
    """The least count that as much as `level` of the distribution does not exceed."""
    return _count_quantile(level, *_negative_binomial(v, scale))


def _negative_binomial_sample(
    v: Array, rng: "np.random.Generator", shape: Shape, _loc: Array, scale: Array
) -> Array:
    mean, dispersion = _negative_binomial(v, scale)
    return rng.poisson(rng.gamma(1 / dispersion, dispersion * mean, shape)).astype(np.float64)


def _negative_binomial_log_prob(v: Array, y: Array, _loc: Array, scale: Array) -> Array:
    """Of the count nearest to y."""
    mean, dispersion = _negative_binomial(v, scale)
    count, r, ratio = np.rint(y), 1 / dispersion, dispersion * mean
    ways = _lgamma(count + r) - _lgamma(r) - _lgamma(count + 1)
    return ways + count * np.log(ratio) - (count + r) * np.log1p(ratio)


HEADS: dict[str, Head] = {
    "softmax": Head(
        "softmax",
        _softmax_size,
        _softmax_mean,
        _no_quantile("softmax"),
        _softmax_sample,
        _softmax_log_prob,
        {"classes": Size},
    ),
    "pointer": Head(
        "pointer",
        _softmax_size,
        _pointer_mean,
        _no_quantile("pointer"),
        _pointer_sample,
        _pointer_log_prob,
        {"classes": Size},
        beside="copy",
        copies=True,
    ),
    "sigmoid": Head(
        "sigmoid",
        _sigmoid_size,
        _sigmoid_mean,
        _no_quantile("sigmoid"),
        _sigmoid_sample,
        _sigmoid_log_prob,
        {"labels": Size},
    ),
    "ctc": Head(
        "ctc",
        _ctc_size,
        _softmax_mean,
        _no_quantile("ctc"),
        _ctc_sample,
        _ctc_log_prob,
        {"classes": Size},
    ),
    "chain": Head(
        "chain",
        _chain_size,
        chain_mean,
        _no_quantile("chain"),
        chain_sample,
        chain_log_prob,
        {"labels": Size, "hidden": Size},
        beside="chain",
    ),
    "mixture": Head(
        "mixture",
        _mixture_size,
        _mixture_mean,
        _no_quantile("mixture", "points of a plane"),
        _mixture_sample,
        _mixture_log_prob,
        {"components": Size, "ends": bool},
        frozenset({"ends"}),
    ),
    "quantile": _forecast(
        "quantile",
        lambda levels: len(check_levels(levels)),
        _quantile_mean,
        _quantile_quantile,
        _quantile_sample,
        _quantile_log_prob,
        levels=Annotated[list[float], Meta(min_length=1, max_length=1000)],
    ),
    "gaussian": _forecast(
        "gaussian", lambda: 2, _gaussian_mean, _gaussian_quantile, _gaussian_sample, _gaussian_log_prob
    ),
    "student_t": _forecast(
        "student_t", lambda: 3, _gaussian_mean, _student_t_quantile, _student_t_sample, _student_t_log_prob
    ),
    "negative_binomial": _forecast(
        "negative_binomial",
        lambda: 2,
        _negative_binomial_mean,
        _negative_binomial_quantile,
        _negative_binomial_sample,
        _negative_binomial_log_prob,
    ),
}


def nll(kind: str, params: Array, y: Array, **options: Any) -> Array:
    """Minus the log-probability of all that y says at each of N places, [N]."""
    found = -HEADS[kind].log_prob(params, y, **options)
    return found.reshape(len(found), -1).sum(1)


# ------------------------------------------------------------------------------------------ special functions

_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def _lgamma(x: Array) -> Array:
    """The logarithm of the gamma function of x > 0: Stirling's series, small x raised by seven first."""
    x = np.asarray(x, np.float64)
    small = x < 7
    low = np.where(small, x, 1.0)
    raised = low * (low + 1) * (low + 2) * (low + 3) * (low + 4) * (low + 5) * (low + 6)
    x = np.where(small, x + 7, x)
    series: Any = 0.0
    for term in reversed(_STIRLING):
        series = series / (x * x) + term
    value = (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + series / x
    return value - np.where(small, np.log(raised), 0.0)


def _beta_below(a: Array, b: Array, x: Array, rest: Array) -> Array:
    """The regularised incomplete beta function I_x(a, b), 0 < x < 1, where `rest` is 1 - x in all its digits."""
    a, b, x, rest = np.broadcast_arrays(a, b, x, rest)
    swap = x > (a + 1) / (a + b + 2)  # the fraction converges fast on the other side
    a, b, x, rest = (np.where(swap, v, u) for u, v in ((a, b), (b, a), (x, rest), (rest, x)))
    front = _lgamma(a + b) - _lgamma(a) - _lgamma(b) + a * np.log(x) + b * np.log(rest)
    value = np.exp(front) / a * _fraction(a, b, x)
    return np.where(swap, 1 - value, value)


def _fraction(a: Array, b: Array, x: Array) -> Array:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c = np.ones(x.shape)
    d = 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(abs(d) < tiny, tiny, d)
    h = d.copy()
    for m in range(1, 10_000):  # it takes about as many as the root of the larger of a and b
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / np.where(abs(d) < tiny, tiny, d)
            c = 1 + term / c
            c = np.where(abs(c) < tiny, tiny, c)
            change = c * d
            h *= change
        if not np.any(abs(change - 1) > 1e-13):  # also where there is NaN
            break
    return h


def _t_log_density(t: Array, freedom: Array) -> Array:
    inside = _lgamma((freedom + 1) / 2) - _lgamma(freedom / 2) - 0.5 * np.log(freedom * math.pi)
    return inside - (freedom + 1) / 2 * np.log1p(t * t / freedom)


_NODES = 40


def _t_quantile(q: float, freedom: Array) -> Array:
    """The quantile of Student's t with `freedom` > 2 degrees of freedom.

    Of one level it is a smooth function of 1 / freedom. So it is found at a few points in 0 .. 1/2 and
    for the rest from the Chebyshev series through them.
    """
    if abs(q - 0.5) < 1e-8:
        return (q - 0.5) / np.exp(_t_log_density(0.0, freedom))
    series = _t_series(min(q, 1 - q))
    return math.copysign(1, q - 0.5) * np.polynomial.chebyshev.chebval(4 / freedom - 1, series)


@functools.lru_cache(256)  # a third of a second, and a model asks for the same levels again and again
def _t_series(tail: float) -> Array:
    chebyshev = np.polynomial.chebyshev
    points = chebyshev.chebpts1(_NODES)  # in -1 .. 1
    return chebyshev.chebfit(points, _t_upper(tail, 4 / (points + 1)), _NODES - 1)


def _t_upper(tail: float, freedom: Array) -> Array:
    """The t > 0 with P(T > t) = `tail` < 1/2, by Newton's method.

    That probability is convex in t > 0, and t lies above the normal's quantile; from there every step comes
    closer from below.
    """
    t = np.full(freedom.shape, -_NORMAL.inv_cdf(tail))
    for _ in range(200):
        both = freedom + t * t
        above = 0.5 * _beta_below(freedom / 2, np.array(0.5), freedom / both, t * t / both)
        step = (above - tail) / np.exp(_t_log_density(t, freedom))
        t = t + step
        if np.all(abs(step) <= 1e-14 * t):
            break
    return t


def _count_quantile(q: float, mean: Array, dispersion: Array) -> Array:
    """The least k with P(K <= k) >= q of a negative binomial: a search in growing strides from a guess."""
    m, r = mean.reshape(-1), 1 / dispersion.reshape(-1)
    score = _NORMAL.inv_cdf(q)
    spread = np.sqrt(m + m * m / r)
    k = np.maximum(np.floor(m + spread * score + (1 + 2 * m / r) * (score * score - 1) / 6), 0.0)
    low, high = np.full(m.shape, -1.0), np.full(m.shape, np.inf)  # too low for sure, high enough for sure
    left = np.flatnonzero(m < 1e15)  # beyond that the guess is all there is: a step is less than the rounding
    stride = 1.0
    while len(left):
        at = k[left]
        both = r[left] + m[left]
        enough = ~(_beta_below(r[left], at + 1, r[left] / both, m[left] / both) < q)
        low[left], high[left] = np.where(enough, low[left], at), np.where(enough, at, high[left])
        lo, hi = low[left], high[left]
        middle = np.floor((lo + hi) / 2)
        next_ = np.where(enough, np.maximum(hi - stride, middle), np.minimum(lo + stride, middle))
        found = (hi - lo <= 1) | (lo >= 2.0**53)  # where a step more is none, the search would not end
        k[left] = np.where(found, np.minimum(hi, np.maximum(lo, 2.0**53)), next_)
        left, stride = left[~found], stride * 2
    return k.reshape(mean.shape)
