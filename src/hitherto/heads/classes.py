"""Class probabilities: softmax, pointer and sigmoid."""

import numpy as np

from hitherto.heads.parts import Array, check_count, draws, not_negative, softplus

__all__ = [
    "log_softmax",
    "pointer_log_prob",
    "pointer_mean",
    "pointer_sample",
    "sigmoid_log_prob",
    "sigmoid_mean",
    "sigmoid_sample",
    "sigmoid_size",
    "softmax_log_prob",
    "softmax_losses",
    "softmax_mean",
    "softmax_sample",
    "softmax_size",
]


def softmax_size(*, classes: int) -> int:
    return check_count("classes", classes)


def log_softmax(params: Array) -> Array:
    """Log-probabilities along the last axis, in float64."""
    logs: Array = np.subtract(params, np.maximum.reduce(params, -1, keepdims=True), dtype=np.float64)
    logs -= np.log(np.add.reduce(np.exp(logs), -1, keepdims=True))
    return logs


def softmax_mean(params: Array, **_options: object) -> Array:
    """The probability of each class, [..., K]."""
    return np.exp(log_softmax(params))


def softmax_sample(
    params: Array, rng: "np.random.Generator", *, count: int | None = None, **_options: object
) -> Array:
    """Class numbers, [...]."""
    upto = np.cumsum(softmax_mean(params), -1)  # [..., K]
    u = rng.random(draws(count, upto.shape[:-1]))[..., None] * upto[..., -1:]
    return (u >= upto).sum(-1)


def softmax_log_prob(params: Array, y: Array, **_options: object) -> Array:
    """Of class numbers y, [...]."""
    return np.take_along_axis(log_softmax(params), np.asarray(y, np.int64)[..., None], -1)[..., 0]


def softmax_losses(params: Array, y: Array) -> Array:
    """The negative log-probability of class numbers y, [N], in the precision of `params`, [N, K]."""
    top = params.max(-1, keepdims=True)
    total = np.exp(params - top).sum(-1, dtype=np.float64)
    chosen = np.take_along_axis(params, np.asarray(y, np.int64)[:, None], 1)[:, 0]
    losses: Array = np.log(total) + top[:, 0] - chosen
    return losses


def pointer_mean(params: Array, *, gate: Array, copied: Array, **_options: object) -> Array:
    """The probability of each class, [..., K]; `copied` is [..., K] too."""
    writes = np.exp(-softplus(-np.asarray(gate, np.float64)))[..., None]
    return writes * softmax_mean(params) + (1 - writes) * copied


def pointer_sample(
    params: Array, rng: "np.random.Generator", *, count: int | None = None, **parts: object
) -> Array:
    """Class numbers, [...]."""
    with np.errstate(divide="ignore"):
        return softmax_sample(np.log(pointer_mean(params, **parts)), rng, count=count)


def pointer_log_prob(params: Array, y: Array, *, gate: Array, copied: Array, **_options: object) -> Array:
    """Of class numbers y, [...]; `copied` is that of these classes alone, [...]."""
    gate = np.asarray(gate, np.float64)
    with np.errstate(divide="ignore"):
        return np.logaddexp(softmax_log_prob(params, y) - softplus(-gate), np.log(copied) - softplus(gate))


def sigmoid_size(*, labels: int) -> int:
    return check_count("labels", labels)


def sigmoid_mean(params: Array, **_options: object) -> Array:
    """The probability of each label, [..., K]."""
    return np.exp(-softplus(-np.asarray(params, np.float64)))


def sigmoid_sample(
    params: Array,
    rng: "np.random.Generator",
    *,
    count: int | None = None,
    temperature: float = 1.0,
    allowed: Array | None = None,
    **_options: object,
) -> Array:
    """0 or 1 for each label, [..., K]: 1 only where it is `allowed`, and what is likelier at a temperature of 0."""
    params = np.asarray(params, np.float64)
    not_negative("temperature", temperature)
    p = sigmoid_mean(params / temperature) if temperature else (params > 0).astype(np.float64)
    drawn = rng.random(draws(count, p.shape)) < p
    return (drawn if allowed is None else drawn & allowed).astype(np.int64)


def sigmoid_log_prob(params: Array, y: Array, **_options: object) -> Array:
    """Of each label's 0 or 1, [..., K]."""
    params = np.asarray(params, np.float64)
    return np.asarray(y) * params - softplus(params)
