"""The next point of a pen: a mixture of Gaussians in the plane."""

import math

import numpy as np

from hitherto.heads.classes import log_softmax, sigmoid_log_prob, sigmoid_mean, softmax_mean
from hitherto.heads.parts import (
    CORRELATION,
    FLOOR,
    Array,
    check_count,
    check_width,
    draws,
    not_negative,
    pick,
)

__all__ = ["mixture_log_prob", "mixture_mean", "mixture_sample", "mixture_size", "mixture_stands"]


def mixture_size(*, components: int, ends: bool = False) -> int:
    return 6 * check_count("components", components) + 1 + bool(ends)


def _mixture(params: Array, components: int, ends: bool) -> tuple[Array, Array]:
    """What there is of each component, [..., 6, M], and the logits of lifted and last, [..., 1 or 2]."""
    size = mixture_size(components=components, ends=ends)
    params = check_width(f"the params of mixture with {components} components", params, size)
    parts = params[..., : 6 * components]
    return parts.reshape(*parts.shape[:-1], 6, components), params[..., 6 * components :]


# Two things are bounded, since a component that shrinks onto a point or a line would grow ever likelier: deviations,
# exp(s) + FLOOR, from below, and correlations by a tanh. Nothing is clipped: there the gradient would end at once, here
# it fades as those functions do, and a far point's pulls as hard as it is far. What is computed with is the logarithm
# of a deviation, so that no s, small or large, overflows.
def _log_deviation(s: Array) -> Array:
    return np.logaddexp(s, math.log(FLOOR))


def mixture_mean(params: Array, *, components: int, ends: bool = False, **_options: object) -> Array:
    """The expected offset and the probabilities of lifted and last, [..., 3 or 4]."""
    parts, pen = _mixture(params, components, ends)
    offset = (softmax_mean(parts[..., :1, :]) * parts[..., 1:3, :]).sum(-1)
    return np.concatenate([offset, sigmoid_mean(pen)], -1)


def mixture_stands(params: Array, *, components: int, **_options: object) -> Array:
    """How far the likeliest component moves the pen: the means of dx and dy, each in its direction."""
    params = np.asarray(params)
    best = params[..., :components].argmax(-1)[..., None]
    place = np.arange(params.shape[-1])
    mine = (place % components == best) & (place >= components) & (place < 3 * components)
    return (mine * np.sign(params)).astype(np.float32)


def mixture_sample(
    params: Array,
    rng: "np.random.Generator",
    *,
    components: int,
    ends: bool = False,
    bias: float = 0.0,
    temperature: float = 1.0,
    count: int | None = None,
    **_options: object,
) -> Array:
    """Points, [..., 3 or 4]: offsets, and 0 or 1 for lifted and last.

    bias: the logits of the weights count 1 + bias times, and deviations shrink by exp(bias): neater writing.
    temperature: a factor of all variances, and what all logits are divided by; 0 draws nothing.
    """
    not_negative("bias", bias)
    not_negative("temperature", temperature)
    parts, pen = _mixture(params, components, ends)
    shape = draws(count, pen.shape[:-1])
    weights = (1 + bias) * parts[..., 0, :]
    which = (weights + temperature * rng.gumbel(size=(*shape, components))).argmax(-1)
    chosen = pick(parts, which[..., None])  # [..., 6]
    deviation = np.exp(_log_deviation(chosen[..., 3:5]) - bias)
    correlation = CORRELATION * np.tanh(chosen[..., 5])
    z = math.sqrt(temperature) * rng.standard_normal((*shape, 2))
    z[..., 0] = correlation * z[..., 1] + np.sqrt(1 - correlation**2) * z[..., 0]
    does = pen + temperature * rng.logistic(size=(*shape, pen.shape[-1])) > 0
    return np.concatenate([chosen[..., 1:3] + deviation * z, does], -1)


def mixture_log_prob(
    params: Array, y: Array, *, components: int, ends: bool = False, **_options: object
) -> Array:
    """Of points y, [..., 3 or 4]: [...]."""
    parts, pen = _mixture(params, components, ends)
    y = check_width("y", y, 3 + bool(ends))
    wide = _log_deviation(parts[..., 3:5, :])  # [..., 2, M]
    z = (y[..., :2, None] - parts[..., 1:3, :]) * np.exp(-wide)
    correlation = CORRELATION * np.tanh(parts[..., 5, :])
    left = 1 - correlation**2
    # dy, and then dx as it goes with dy: a sum of squares, in which nothing cancels.
    squares = z[..., 1, :] ** 2 + (z[..., 0, :] - correlation * z[..., 1, :]) ** 2 / left
    each = log_softmax(parts[..., 0, :]) - wide.sum(-2) - 0.5 * (np.log(left) + squares)
    top = each.max(-1)
    offset = top + np.log(np.exp(each - top[..., None]).sum(-1)) - math.log(2 * math.pi)
    return offset + sigmoid_log_prob(pen, y[..., 2:]).sum(-1)
