"""Distributions of what comes next in a series."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from hitherto.bounds import Size
from hitherto.errors import InputError
from hitherto.heads.parts import (
    FLOOR,
    NORMAL,
    SMALL,
    Array,
    Head,
    Level,
    Shape,
    at_levels,
    check_count,
    draws,
    pick,
    softplus,
)
from hitherto.heads.special import count_quantile, lgamma, t_log_density, t_quantile

__all__ = [
    "forecast",
    "gaussian_around",
    "gaussian_log_prob",
    "gaussian_mean",
    "gaussian_quantile",
    "gaussian_sample",
    "negative_binomial_log_prob",
    "negative_binomial_mean",
    "negative_binomial_quantile",
    "negative_binomial_sample",
    "quantile_around",
    "quantile_factors",
    "quantile_log_prob",
    "quantile_mean",
    "quantile_middle",
    "quantile_quantile",
    "quantile_sample",
    "student_t_around",
    "student_t_log_prob",
    "student_t_quantile",
    "student_t_sample",
]


def forecast(
    name: str,
    numbers: Callable[..., int],
    mean: Callable[..., Array],
    quantile: Callable[..., Array],
    sample: Callable[..., Array],
    log_prob: Callable[..., Array],
    **options: object,
) -> Head:
    """A head from functions of `v`, [..., horizon, channels, P], of loc and of scale.

    `quantile` gets one level, `sample` the generator and the shape to draw; `options` are the head's own options.
    """

    def size(*, horizon: int = 1, channels: int = 1, **options: object) -> int:
        return check_count("horizon", horizon) * check_count("channels", channels) * numbers(**options)

    def apart(params: Array, horizon: int, channels: int, options: dict[str, object]) -> Array:
        params = np.asarray(params, np.float64)
        width = size(horizon=horizon, channels=channels, **options)
        if params.ndim == 0 or params.shape[-1] != width:
            raise InputError(
                f"the head {name} with horizon {horizon} and {channels} channels reads [..., {width}], "
                f"but params came as {list(params.shape)}."
            )
        return params.reshape(*params.shape[:-1], horizon, channels, -1)

    def head_mean(
        params: Array,
        *,
        loc: Array = 0,
        scale: Array = 1,
        horizon: int = 1,
        channels: int = 1,
        **options: object,
    ) -> Array:
        return mean(apart(params, horizon, channels, options), loc, scale, **options)

    def head_quantile(
        params: Array,
        q: Level,
        *,
        loc: Array = 0,
        scale: Array = 1,
        horizon: int = 1,
        channels: int = 1,
        **options: object,
    ) -> Array:
        v = apart(params, horizon, channels, options)
        return at_levels(q, lambda level: quantile(v, level, loc, scale, **options))

    def head_sample(
        params: Array,
        rng: "np.random.Generator",
        *,
        count: int | None = None,
        loc: Array = 0,
        scale: Array = 1,
        horizon: int = 1,
        channels: int = 1,
        **options: object,
    ) -> Array:
        v = apart(params, horizon, channels, options)
        shape = np.broadcast_shapes(v.shape[:-1], np.shape(loc), np.shape(scale))
        return sample(v, rng, draws(count, shape), loc, scale, **options)

    def head_log_prob(
        params: Array,
        y: Array,
        *,
        loc: Array = 0,
        scale: Array = 1,
        horizon: int = 1,
        channels: int = 1,
        **options: object,
    ) -> Array:
        v = apart(params, horizon, channels, options)
        return log_prob(v, np.asarray(y, np.float64), loc, scale, **options)

    def stands(params: Array, *, horizon: int = 1, channels: int = 1, **options: Sequence[float]) -> Array:
        """The mean over steps and channels of the number that says where a value lies: the first one, or the median."""
        size = np.shape(params)[-1] // (horizon * channels)
        levels = options.get("levels", ())
        at = min(range(len(levels)), key=lambda i: abs(levels[i] - 0.5)) if len(levels) == size else 0
        weights = (np.arange(np.shape(params)[-1]) % size == at) / np.float32(horizon * channels)
        return np.broadcast_to(weights.astype(np.float32), np.shape(params))

    options = {"horizon": Size, "channels": Size, **options}
    return Head(name, size, head_mean, head_quantile, head_sample, head_log_prob, options, stands=stands)


# -------------------------------------------------------------------------------------------------- quantiles


def _lines(v: Array, levels: Sequence[float]) -> tuple[Array, Array, Array]:
    """Of the lines z = offset + slope * score between levels: slopes, offsets, the scores where they meet."""
    v = np.sort(v, -1)  # [..., Q]
    scores = np.array([NORMAL.inv_cdf(level) for level in levels])
    if len(scores) == 1:
        return np.zeros_like(v), v, scores[:0]
    slopes = np.diff(v, axis=-1) / np.diff(scores)  # [..., Q - 1]
    return slopes, v[..., :-1] - slopes * scores[:-1], scores[1:-1]


def _z_at(v: Array, score: Array, levels: Sequence[float]) -> Array:
    slopes, offsets, between = _lines(v, levels)
    which = np.asarray(np.searchsorted(between, score))
    return pick(offsets, which) + pick(slopes, which) * score


def quantile_around(z: Array, levels: Sequence[float]) -> Array:
    return np.quantile(z, levels)


def quantile_middle(levels: Sequence[float]) -> int:
    """The number whose level is nearest to a half."""
    return int(np.argmin(np.abs(np.asarray(levels, np.float64) - 0.5)))


def quantile_factors(v: Array, z: Array, levels: Sequence[float]) -> Array:
    """By these factors of its distance from the middle, each level's share of the values z, [n], is below it.

    Values and numbers are [n] and [n, P].
    """
    v, middle = np.sort(v, -1), quantile_middle(levels)
    found = np.ones(len(levels))
    for k, level in enumerate(levels):
        width = np.abs(v[:, k] - v[:, middle])
        wide = width > FLOOR
        if k == middle or not wide.any():
            continue
        side = 1 if k > middle else -1
        away = side * (z - v[:, middle])[wide] / width[wide]  # in widths of that side
        found[k] = np.quantile(away, level if side > 0 else 1 - level)
    return found


def quantile_mean(v: Array, loc: Array, scale: Array, levels: Sequence[float]) -> Array:
    slopes, offsets, between = _lines(v, levels)
    upto = np.array([0.0, *map(NORMAL.cdf, between), 1.0])  # the outermost lines go on for ever
    density = np.array([0.0, *map(NORMAL.pdf, between), 0.0])
    # The integral of score * density(score) is -density(score).
    return loc + scale * (offsets @ np.diff(upto) - slopes @ np.diff(density))


def quantile_quantile(v: Array, level: float, loc: Array, scale: Array, levels: Sequence[float]) -> Array:
    known = np.flatnonzero(np.isclose(levels, level, rtol=0, atol=1e-9))
    if len(known):
        return loc + scale * np.sort(v, -1)[..., known[0]]
    return loc + scale * _z_at(v, NORMAL.inv_cdf(level), levels)


def quantile_sample(
    v: Array, rng: "np.random.Generator", shape: Shape, loc: Array, scale: Array, levels: Sequence[float]
) -> Array:
    return loc + scale * _z_at(v, rng.standard_normal(shape), levels)


def quantile_log_prob(v: Array, y: Array, loc: Array, scale: Array, levels: Sequence[float]) -> Array:
    """The density that the lines between the levels have; none is steeper than 1 / FLOOR."""
    z = (y - loc) / scale
    slopes, _, _ = _lines(v, levels)
    slopes = np.maximum(slopes, FLOOR)
    v = np.sort(v, -1)
    scores = np.array([NORMAL.inv_cdf(level) for level in levels])
    which = (z[..., None] > v[..., 1:-1]).sum(-1)
    # From a level that the line goes through: the floor may have turned the line.
    slope = pick(slopes, which)
    score = scores[which] + (z - pick(v, which)) / slope
    return _normal_log_density(score) - np.log(slope * scale)


# --------------------------------------------------------------------------------------------------- gaussian


def _normal_log_density(score: Array) -> Array:
    return -0.5 * score**2 - 0.5 * math.log(2 * math.pi)


def _gaussian(v: Array) -> tuple[Array, Array]:
    """Mean and deviation of z."""
    return v[..., 0], softplus(v[..., 1]) + FLOOR


def _before_softplus(width: float) -> float:
    """The number whose softplus, with the floor added, is this width."""
    return float(np.log(np.expm1(max(width - FLOOR, FLOOR))))


def gaussian_around(z: Array) -> Array:
    return np.array([0.0, _before_softplus(float(np.sqrt(np.mean(z * z))))])


def gaussian_mean(v: Array, loc: Array, scale: Array) -> Array:
    return loc + scale * v[..., 0]


def gaussian_quantile(v: Array, level: float, loc: Array, scale: Array) -> Array:
    mean, deviation = _gaussian(v)
    return loc + scale * (mean + deviation * NORMAL.inv_cdf(level))


def gaussian_sample(v: Array, rng: "np.random.Generator", shape: Shape, loc: Array, scale: Array) -> Array:
    mean, deviation = _gaussian(v)
    return loc + scale * (mean + deviation * rng.standard_normal(shape))


def gaussian_log_prob(v: Array, y: Array, loc: Array, scale: Array) -> Array:
    mean, deviation = _gaussian(v)
    return _normal_log_density(((y - loc) / scale - mean) / deviation) - np.log(deviation * scale)


# -------------------------------------------------------------------------------------------------- student_t


def _student_t(v: Array) -> tuple[Array, Array, Array]:
    """Location and scale of z, and degrees of freedom."""
    return v[..., 0], softplus(v[..., 1]) + FLOOR, softplus(v[..., 2]) + 2 + FLOOR


def student_t_around(z: Array) -> Array:
    """With four degrees of freedom, of which half lies within 0.741 widths."""
    half = float(np.median(np.abs(z)))
    return np.array([0.0, _before_softplus(half / 0.741), _before_softplus(2.0)])


def student_t_quantile(v: Array, level: float, loc: Array, scale: Array) -> Array:
    centre, width, freedom = _student_t(v)
    return loc + scale * (centre + width * t_quantile(level, freedom))


def student_t_sample(v: Array, rng: "np.random.Generator", shape: Shape, loc: Array, scale: Array) -> Array:
    centre, width, freedom = _student_t(v)
    return loc + scale * (centre + width * rng.standard_t(freedom, shape))


def student_t_log_prob(v: Array, y: Array, loc: Array, scale: Array) -> Array:
    centre, width, freedom = _student_t(v)
    return t_log_density(((y - loc) / scale - centre) / width, freedom) - np.log(width * scale)


# ------------------------------------------------------------------------------------------ negative binomial


def _negative_binomial(v: Array, scale: Array) -> tuple[Array, Array]:
    """Mean and dispersion."""
    mean = (softplus(v[..., 0]) + SMALL) * scale
    return mean, np.broadcast_to(softplus(v[..., 1]) + SMALL, mean.shape)


def negative_binomial_mean(v: Array, _loc: Array, scale: Array) -> Array:
    return _negative_binomial(v, scale)[0]


def negative_binomial_quantile(v: Array, level: float, _loc: Array, scale: Array) -> Array:
    """The least count that as much as `level` of the distribution does not exceed."""
    return count_quantile(level, *_negative_binomial(v, scale))


def negative_binomial_sample(
    v: Array, rng: "np.random.Generator", shape: Shape, _loc: Array, scale: Array
) -> Array:
    mean, dispersion = _negative_binomial(v, scale)
    return rng.poisson(rng.gamma(1 / dispersion, dispersion * mean, shape)).astype(np.float64)


def negative_binomial_log_prob(v: Array, y: Array, _loc: Array, scale: Array) -> Array:
    """Of the count nearest to y."""
    mean, dispersion = _negative_binomial(v, scale)
    count, r, ratio = np.rint(y), 1 / dispersion, dispersion * mean
    ways = lgamma(count + r) - lgamma(r) - lgamma(count + 1)
    return ways + count * np.log(ratio) - (count + r) * np.log1p(ratio)
