"""What the numbers of a model's last layer mean: class probabilities, or the distribution of what comes next.

`HEADS` lists the heads. A head reads `params`, [..., size], as the last layer gives them, and answers in float64:

    head = HEADS["gaussian"]
    head.size(horizon=24, channels=7)                                     how wide the last layer is
    head.mean(params, loc=loc, scale=scale, horizon=24, channels=7)       [..., 24, 7]
    head.quantile(params, 0.9, ...)                                       the same; of several levels [..., 24, 7, Q]
    head.sample(params, numpy.random.default_rng(0), count=100, ...)      [100, ..., 24, 7]
    head.log_prob(params, y, ...)                                         [..., 24, 7], in nats

`softmax` (option `classes`) and `sigmoid` (`labels`) say probabilities, [..., K]: their mean. The others forecast
`channels` series over `horizon` steps. Their params are P numbers for each, flat in the order [horizon, channels, P],
and describe a standardised value z; the value is loc + scale * z, where loc and scale are broadcast against
[..., horizon, channels]. With softplus(a) = log(1 + exp(a)):

`quantile`           P = the number of `levels`: z at each level, sorted, so that quantiles never cross. Between and
                     beyond the levels z is linear in the normal score of the level, which is exact for a Gaussian.
`gaussian`           P = 2: mean, and deviation softplus(b) + FLOOR.
`student_t`          P = 3: location, scale softplus(b) + FLOOR, and degrees of freedom 2 + FLOOR + softplus(c).
`negative_binomial`  P = 2: counts of mean m = (softplus(a) + SMALL) * scale and variance m + d m^2, where the
                     dispersion d is softplus(b) + SMALL. There is no loc: a count has its zero where it is.

The losses in `hitherto.model.losses` are these log-probabilities, in torch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from hitherto.errors import InputError, UsageError

__all__ = ["FLOOR", "HEADS", "SMALL", "Head", "check_levels"]

Array = np.ndarray[Any, Any]
Level = float | Sequence[float] | Array

FLOOR = 1e-3  # the least deviation of a standardised value: no forecast is certain
SMALL = 1e-6  # keeps logarithms finite
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Head:
    """One row of `HEADS`; the calls are shown at the top of this module."""

    name: str
    size: Callable[..., int]
    mean: Callable[..., Array]
    quantile: Callable[..., Array]
    sample: Callable[..., Array]
    log_prob: Callable[..., Array]


# ------------------------------------------------------------------------------------------------------ parts


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """The levels, once they are known to rise strictly between 0 and 1."""
    found = tuple(float(level) for level in levels)
    rising = all(a < b for a, b in zip(found, found[1:], strict=False))
    if not found or not rising or not 0 < found[0] <= found[-1] < 1:
        raise UsageError(
            f"levels must be one or more numbers between 0 and 1 in rising order, for example (0.1, 0.5, 0.9), "
            f"but came as {levels!r}."
        )
    return found


def _count(name: str, value: int) -> int:
    if value < 1:
        raise UsageError(f"{name} must be at least 1, but came as {value!r}.")
    return value


def _numbers(params: Array, horizon: int, channels: int, numbers: int) -> Array:
    """[..., horizon, channels, P] in float64."""
    params = np.asarray(params, np.float64)
    if params.ndim == 0 or params.shape[-1] != horizon * channels * numbers:
        raise InputError(
            f"{horizon} steps of {channels} channels with {numbers} numbers each need params "
            f"[..., {horizon * channels * numbers}], but their shape is {list(params.shape)}."
        )
    return params.reshape(*params.shape[:-1], horizon, channels, numbers)


def _softplus(a: Array) -> Array:
    return np.logaddexp(0.0, a)


def _at(q: Level, one: Callable[[float], Array]) -> Array:
    """What `one` says of a level, or of each of several along a new last axis."""
    levels = np.asarray(q, np.float64)
    if not (levels.size and np.all((levels > 0) & (levels < 1))):
        raise UsageError(f"the level of a quantile must lie between 0 and 1, but came as {q!r}.")
    return one(float(levels)) if levels.ndim == 0 else np.stack([one(float(v)) for v in levels], -1)


def _draws(count: int | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape if count is None else (count, *shape)


# ---------------------------------------------------------------------------------------------------- classes


def _softmax_size(*, classes: int) -> int:
    return _count("classes", classes)


def _softmax_mean(params: Array, *, loc: Any = 0, scale: Any = 1, classes: int | None = None) -> Array:
    return np.exp(_log_softmax(params))


def _log_softmax(params: Array) -> Array:
    params = np.asarray(params, np.float64)
    params = params - params.max(-1, keepdims=True)
    return params - np.log(np.exp(params).sum(-1, keepdims=True))


def _softmax_sample(
    params: Array,
    rng: np.random.Generator,
    *,
    count: int | None = None,
    loc: Any = 0,
    scale: Any = 1,
    classes: int | None = None,
) -> Array:
    """Class numbers, [...]."""
    upto = np.cumsum(_softmax_mean(params), -1)  # [..., K]
    u = rng.random(_draws(count, upto.shape[:-1]))[..., None] * upto[..., -1:]
    return (u >= upto).sum(-1)  # type: ignore[no-any-return]


def _softmax_log_prob(
    params: Array, y: Array, *, loc: Any = 0, scale: Any = 1, classes: int | None = None
) -> Array:
    """Of class numbers y, [...]."""
    y = np.asarray(y)
    return np.take_along_axis(_log_softmax(params), y[..., None].astype(np.int64), -1)[..., 0]


def _sigmoid_size(*, labels: int) -> int:
    return _count("labels", labels)


def _sigmoid_mean(params: Array, *, loc: Any = 0, scale: Any = 1, labels: int | None = None) -> Array:
    return np.exp(-_softplus(-np.asarray(params, np.float64)))


def _sigmoid_sample(
    params: Array,
    rng: np.random.Generator,
    *,
    count: int | None = None,
    loc: Any = 0,
    scale: Any = 1,
    labels: int | None = None,
) -> Array:
    """0 or 1 for each label, [..., K]."""
    p = _sigmoid_mean(params)
    return (rng.random(_draws(count, p.shape)) < p).astype(np.int64)


def _sigmoid_log_prob(
    params: Array, y: Array, *, loc: Any = 0, scale: Any = 1, labels: int | None = None
) -> Array:
    """Of each label's 0 or 1, [..., K]."""
    params = np.asarray(params, np.float64)
    return np.asarray(y) * params - _softplus(params)  # type: ignore[no-any-return]


def _no_quantile(name: str) -> Callable[..., Array]:
    def quantile(params: Array, q: Level, **options: Any) -> Array:
        raise UsageError(
            f"the head {name} says classes, which have no quantiles. Ask for its mean: probabilities."
        )

    return quantile


# -------------------------------------------------------------------------------------------------- quantiles


def _quantile_size(*, levels: Sequence[float], horizon: int = 1, channels: int = 1) -> int:
    return _count("horizon", horizon) * _count("channels", channels) * len(check_levels(levels))


def _scores(levels: Sequence[float]) -> Array:
    """Normal scores of the levels."""
    return np.array([_NORMAL.inv_cdf(level) for level in check_levels(levels)])


def _sorted(params: Array, horizon: int, channels: int, levels: Sequence[float]) -> Array:
    return np.sort(_numbers(params, horizon, channels, len(levels)), -1)  # [..., horizon, channels, Q]


def _pieces(scores: Array, values: Array) -> tuple[Array, Array]:
    """Slope and offset of each line between neighbouring levels, by normal score: value = offset + slope * score."""
    if len(scores) == 1:
        return np.zeros_like(values), values
    slopes = np.diff(values, axis=-1) / np.diff(scores)
    return slopes, values[..., :-1] - slopes * scores[:-1]


def _read_off(scores: Array, values: Array, score: Array | float) -> Array:
    """The value at normal score `score`, which has the shape of `values` without its last axis, or more in front."""
    slopes, offsets = _pieces(scores, values)
    piece = np.searchsorted(scores[1:-1], score)
    shape = np.broadcast_shapes(np.shape(piece), values.shape[:-1])
    piece = np.broadcast_to(piece, shape)[..., None]
    slope, offset = (
        np.take_along_axis(np.broadcast_to(part, (*shape, part.shape[-1])), piece, -1)[..., 0]
        for part in (slopes, offsets)
    )
    return offset + slope * score  # type: ignore[no-any-return]


def _quantile_mean(
    params: Array,
    *,
    levels: Sequence[float],
    loc: Any = 0,
    scale: Any = 1,
    horizon: int = 1,
    channels: int = 1,
) -> Array:
    values, scores = _sorted(params, horizon, channels, levels), _scores(levels)
    slopes, offsets = _pieces(scores, values)
    ends = [-math.inf, *scores[1:-1], math.inf]  # the outermost lines go on
    upto = np.array([_NORMAL.cdf(end) for end in ends])
    density = np.array([_NORMAL.pdf(end) if math.isfinite(end) else 0.0 for end in ends])
    mean = offsets @ np.diff(upto) - slopes @ np.diff(density)  # the integral of score * pdf(score) is -pdf
    return loc + scale * mean  # type: ignore[no-any-return]


def _quantile_quantile(
    params: Array,
    q: Level,
    *,
    levels: Sequence[float],
    loc: Any = 0,
    scale: Any = 1,
    horizon: int = 1,
    channels: int = 1,
) -> Array:
    values, scores = _sorted(params, horizon, channels, levels), _scores(levels)

    def one(level: float) -> Array:
        known = np.flatnonzero(np.isclose(levels, level, rtol=0, atol=1e-9))
        z = values[..., known[0]] if len(known) else _read_off(scores, values, _NORMAL.inv_cdf(level))
        return loc + scale * z  # type: ignore[no-any-return]

    return _at(q, one)


def _quantile_sample(
    params: Array,
    rng: np.random.Generator,
    *,
    levels: Sequence[float],
    count: int | None = None,
    loc: Any = 0,
    scale: Any = 1,
    horizon: int = 1,
    channels: int = 1,
) -> Array:
    values, scores = _sorted(params, horizon, channels, levels), _scores(levels)
    return loc + scale * _read_off(scores, values, rng.standard_normal(_draws(count, values.shape[:-1])))  # type: ignore[no-any-return]


def _quantile_log_prob(
    params: Array,
    y: Array,
    *,
    levels: Sequence[float],
    loc: Any = 0,
    scale: Any = 1,
    horizon: int = 1,
    channels: int = 1,
) -> Array:
    """The density of the lines between the levels; where quantiles coincide, of a line of slope SMALL."""
    values, scores = _sorted(params, horizon, channels, levels), _scores(levels)
    z = (np.asarray(y, np.float64) - loc) / scale
    slopes, _ = _pieces(scores, values)
    slopes = np.maximum(slopes, SMALL)
    inner = (z[..., None] > values[..., 1:-1]).sum(-1)[..., None]  # which piece
    shape = (*inner.shape[:-1], slopes.shape[-1])
    slope = np.take_along_axis(np.broadcast_to(slopes, shape), inner, -1)[..., 0]
    # Measured from the piece's lower end, as the floor may have changed its slope.
    start = np.take_along_axis(np.broadcast_to(values, (*shape[:-1], values.shape[-1])), inner, -1)[..., 0]
    score = scores[inner[..., 0]] + (z - start) / slope
    return -0.5 * score**2 - 0.5 * math.log(2 * math.pi) - np.log(slope * scale)  # type: ignore[no-any-return]


# --------------------------------------------------------------------------------------------------- gaussian


def _size(numbers: int) -> Callable[..., int]:
    def size(*, horizon: int = 1, channels: int = 1) -> int:
        return _count("horizon", horizon) * _count("channels", channels) * numbers

    return size


def _gaussian(params: Array, horizon: int, channels: int) -> tuple[Array, Array]:
    a, b = np.moveaxis(_numbers(params, horizon, channels, 2), -1, 0)
    return a, _softplus(b) + FLOOR


def _gaussian_mean(
    params: Array, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    return loc + scale * _gaussian(params, horizon, channels)[0]  # type: ignore[no-any-return]


def _gaussian_quantile(
    params: Array, q: Level, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    mean, deviation = _gaussian(params, horizon, channels)
    return _at(q, lambda level: loc + scale * (mean + deviation * _NORMAL.inv_cdf(level)))


def _gaussian_sample(
    params: Array,
    rng: np.random.Generator,
    *,
    count: int | None = None,
    loc: Any = 0,
    scale: Any = 1,
    horizon: int = 1,
    channels: int = 1,
) -> Array:
    mean, deviation = _gaussian(params, horizon, channels)
    return loc + scale * (mean + deviation * rng.standard_normal(_draws(count, mean.shape)))  # type: ignore[no-any-return]


def _gaussian_log_prob(
    params: Array, y: Array, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    mean, deviation = _gaussian(params, horizon, channels)
    z = ((np.asarray(y, np.float64) - loc) / scale - mean) / deviation
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi) - np.log(deviation * scale)  # type: ignore[no-any-return]


# -------------------------------------------------------------------------------------------------- student_t


def _student_t(params: Array, horizon: int, channels: int) -> tuple[Array, Array, Array]:
    a, b, c = np.moveaxis(_numbers(params, horizon, channels, 3), -1, 0)
    return a, _softplus(b) + FLOOR, _softplus(c) + 2 + FLOOR


def _student_t_mean(
    params: Array, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    return loc + scale * _student_t(params, horizon, channels)[0]  # type: ignore[no-any-return]


def _student_t_quantile(
    params: Array, q: Level, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    centre, width, freedom = _student_t(params, horizon, channels)
    return _at(q, lambda level: loc + scale * (centre + width * _t_quantile(level, freedom)))


def _student_t_sample(
    params: Array,
    rng: np.random.Generator,
    *,
    count: int | None = None,
    loc: Any = 0,
    scale: Any = 1,
    horizon: int = 1,
    channels: int = 1,
) -> Array:
    centre, width, freedom = _student_t(params, horizon, channels)
    return loc + scale * (centre + width * rng.standard_t(freedom, _draws(count, centre.shape)))  # type: ignore[no-any-return]


def _student_t_log_prob(
    params: Array, y: Array, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    centre, width, freedom = _student_t(params, horizon, channels)
    z = ((np.asarray(y, np.float64) - loc) / scale - centre) / width
    inside = _lgamma((freedom + 1) / 2) - _lgamma(freedom / 2) - 0.5 * np.log(freedom * math.pi)
    return inside - (freedom + 1) / 2 * np.log1p(z**2 / freedom) - np.log(width * scale)  # type: ignore[no-any-return]


# ------------------------------------------------------------------------------------------ negative binomial


def _negative_binomial(params: Array, scale: Any, horizon: int, channels: int) -> tuple[Array, Array]:
    """Mean and dispersion."""
    a, b = np.moveaxis(_numbers(params, horizon, channels, 2), -1, 0)
    mean = (_softplus(a) + SMALL) * scale
    return mean, np.broadcast_to(_softplus(b) + SMALL, mean.shape)


def _negative_binomial_mean(
    params: Array, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    return _negative_binomial(params, scale, horizon, channels)[0]


def _negative_binomial_quantile(
    params: Array, q: Level, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    """The least count that as much as `q` of the distribution does not exceed."""
    mean, dispersion = _negative_binomial(params, scale, horizon, channels)
    return _at(q, lambda level: _count_quantile(level, mean, dispersion))


def _negative_binomial_sample(
    params: Array,
    rng: np.random.Generator,
    *,
    count: int | None = None,
    loc: Any = 0,
    scale: Any = 1,
    horizon: int = 1,
    channels: int = 1,
) -> Array:
    mean, dispersion = _negative_binomial(params, scale, horizon, channels)
    rate = rng.gamma(1 / dispersion, dispersion * mean, _draws(count, mean.shape))
    return rng.poisson(rate).astype(np.float64)  # type: ignore[no-any-return]


def _negative_binomial_log_prob(
    params: Array, y: Array, *, loc: Any = 0, scale: Any = 1, horizon: int = 1, channels: int = 1
) -> Array:
    """Of the count nearest to y."""
    mean, dispersion = _negative_binomial(params, scale, horizon, channels)
    count, r, ratio = np.rint(np.asarray(y, np.float64)), 1 / dispersion, dispersion * mean
    ways = _lgamma(count + r) - _lgamma(r) - _lgamma(count + 1)
    return ways + count * np.log(ratio) - (count + r) * np.log1p(ratio)


HEADS: dict[str, Head] = {
    "softmax": Head(
        "softmax", _softmax_size, _softmax_mean, _no_quantile("softmax"), _softmax_sample, _softmax_log_prob
    ),
    "sigmoid": Head(
        "sigmoid", _sigmoid_size, _sigmoid_mean, _no_quantile("sigmoid"), _sigmoid_sample, _sigmoid_log_prob
    ),
    "quantile": Head(
        "quantile", _quantile_size, _quantile_mean, _quantile_quantile, _quantile_sample, _quantile_log_prob
    ),
    "gaussian": Head(
        "gaussian", _size(2), _gaussian_mean, _gaussian_quantile, _gaussian_sample, _gaussian_log_prob
    ),
    "student_t": Head(
        "student_t", _size(3), _student_t_mean, _student_t_quantile, _student_t_sample, _student_t_log_prob
    ),
    "negative_binomial": Head(
        "negative_binomial",
        _size(2),
        _negative_binomial_mean,
        _negative_binomial_quantile,
        _negative_binomial_sample,
        _negative_binomial_log_prob,
    ),
}

# -------------------------------------------------------------------------------------------- special functions

_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def _lgamma(x: Array) -> Array:
    """log of the gamma function of x > 0: Stirling's series, after raising small x by seven."""
    x = np.asarray(x, np.float64)
    small = x < 7
    low = np.where(small, x, 1.0)
    raised = low * (low + 1) * (low + 2) * (low + 3) * (low + 4) * (low + 5) * (low + 6)
    x = np.where(small, x + 7, x)
    series: Any = 0.0
    for term in reversed(_STIRLING):
        series = series / (x * x) + term
    value = (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + series / x
    return value - np.where(small, np.log(raised), 0.0)  # type: ignore[no-any-return]


def _beta_below(a: Array, b: Array, x: Array) -> Array:
    """The regularised incomplete beta function I_x(a, b), 0 < x < 1, by its continued fraction."""
    a, b, x = np.broadcast_arrays(a, b, x)
    swap = x > (a + 1) / (a + b + 2)  # the fraction converges fast on the other side
    p, s, t = np.where(swap, b, a), np.where(swap, a, b), np.where(swap, 1 - x, x)
    front = _lgamma(a + b) - _lgamma(a) - _lgamma(b) + p * np.log(t) + s * np.log1p(-t)
    value = np.exp(front) / p * _fraction(p, s, t)
    return np.where(swap, 1 - value, value)


def _fraction(a: Array, b: Array, x: Array) -> Array:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c = np.ones(x.shape)
    d = 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(abs(d) < tiny, tiny, d)
    h = d.copy()
    for m in range(1, 100_000):  # as many as the root of the larger of a and b
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
        if not np.any(abs(change - 1) > 1e-15):  # also where there is NaN
            break
    return h


_NODES = 40


def _t_quantile(q: float, freedom: Array) -> Array:
    """The quantile of Student's t with `freedom` > 2 degrees of freedom.

    Of one level it is a smooth function of 1 / freedom. So it is found at a few points in 0 .. 1/2, and for all
    the rest from the Chebyshev series through them.
    """
    if q == 0.5:
        return np.zeros(np.shape(freedom))
    chebyshev = np.polynomial.chebyshev
    points = chebyshev.chebpts1(_NODES)  # in -1 .. 1
    found = _t_upper(min(q, 1 - q), 4 / (points + 1))
    series = chebyshev.chebfit(points, found, _NODES - 1)
    return math.copysign(1, q - 0.5) * chebyshev.chebval(4 / freedom - 1, series)  # type: ignore[no-any-return]


def _t_upper(tail: float, freedom: Array) -> Array:
    """The t > 0 with P(T > t) = `tail` < 1/2, by Newton's method.

    That probability is convex in t > 0, and t lies above the normal's quantile; so from there every step stays
    below the answer and comes closer.
    """
    t = np.full(freedom.shape, -_NORMAL.inv_cdf(tail))
    inside = _lgamma((freedom + 1) / 2) - _lgamma(freedom / 2) - 0.5 * np.log(freedom * math.pi)
    for _ in range(200):
        above = 0.5 * _beta_below(freedom / 2, np.array(0.5), freedom / (freedom + t * t))
        density = np.exp(inside - (freedom + 1) / 2 * np.log1p(t * t / freedom))
        step = (above - tail) / density
        t = t + step
        if np.all(abs(step) <= 1e-14 * t):
            break
    return t


def _count_quantile(q: float, mean: Array, dispersion: Array) -> Array:
    """The least k with P(K <= k) >= q of a negative binomial: a search in growing strides from a good guess."""
    shape = mean.shape
    m, r = mean.reshape(-1), 1 / dispersion.reshape(-1)
    variance = m + m * m / r
    score = _NORMAL.inv_cdf(q)
    guess = (
        m + np.sqrt(variance) * score + (1 + 2 * m / r) * (score * score - 1) / 6
    )  # skewness * deviation / 6
    k = np.maximum(np.floor(guess), 0.0)
    low, high = np.full(m.shape, -1.0), np.full(m.shape, np.inf)  # too low for sure, high enough for sure
    low[~np.isfinite(m * r)], high[~np.isfinite(m * r)] = np.nan, np.nan
    stride = 1.0
    left = np.flatnonzero(high - low > 1)
    while len(left):
        enough = _beta_below(r[left], k[left] + 1, r[left] / (r[left] + m[left])) >= q
        high[left[enough]] = k[left[enough]]
        low[left[~enough]] = k[left[~enough]]
        lo, hi = low[left], high[left]
        middle = np.floor(lo / 2 + hi / 2)
        k[left] = np.where(enough, np.maximum(hi - stride, middle), np.minimum(lo + stride, middle))
        stride *= 2
        left = left[hi - lo > 1]
    return high.reshape(shape)
