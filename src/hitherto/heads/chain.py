"""Labels, each given those before it (NADE)."""

import numpy as np

from hitherto.errors import InputError
from hitherto.heads.classes import sigmoid_mean
from hitherto.heads.parts import Array, check_count, check_width, draws, not_negative, softplus

__all__ = ["chain_log_prob", "chain_mean", "chain_sample", "chain_size"]


def chain_size(*, labels: int, hidden: int) -> int:
    return check_count("labels", labels) + check_count("hidden", hidden)


def _chain(params: Array, W: Array, V: Array) -> tuple[Array, Array, Array, Array]:
    """Biases, [..., K], where the hidden layer begins, [..., H'], and W and V."""
    W, V = np.asarray(W, np.float64), np.asarray(V, np.float64)
    if W.ndim != 2 or W.shape != V.shape:
        raise InputError(
            f"W and V must both be [labels, hidden], but came as {list(W.shape)} and {list(V.shape)}."
        )
    K = len(W)
    params = check_width("the params of chain", params, K + W.shape[1])
    return params[..., :K], params[..., K:], W, V


def _hidden(a: Array) -> Array:
    """The sigmoid, by the faster of two ways: a small one has no digits to lose where it is added to others."""
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def _chain_logits(params: Array, y: Array, W: Array, V: Array) -> tuple[Array, Array]:
    """Of each label given those before it in y, [..., K], and y."""
    bias, a, W, V = _chain(params, W, V)
    y = check_width("y", y, len(W))
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


def chain_log_prob(params: Array, y: Array, W: Array, V: Array, **_options: object) -> Array:
    """Of all labels of a step together, [...]; `y`, [..., K], is 0 or 1. NaN in y gives NaN."""
    logits, y = _chain_logits(params, y, W, V)
    return (y * logits - softplus(logits)).sum(-1)


def chain_mean(params: Array, y: Array, W: Array, V: Array, **_options: object) -> Array:
    """The probability of each label given those before it in y, [..., K]; of each alone there is no formula."""
    return sigmoid_mean(_chain_logits(params, y, W, V)[0])


def chain_sample(
    params: Array,
    rng: "np.random.Generator",
    W: Array,
    V: Array,
    temperature: float = 1.0,
    allowed: Array | None = None,
    *,
    count: int | None = None,
    **_options: object,
) -> Array:
    """0 or 1 for each label, [..., K]. Where not `allowed`, [..., K], it is 0; temperature 0 draws nothing."""
    bias, a, W, V = _chain(params, W, V)
    K, H = W.shape
    shape = draws(count, a.shape[:-1])
    # A label is 1 where its logit and the noise are above 0.
    edge = bias + not_negative("temperature", temperature) * rng.logistic(size=(*shape, K))
    if allowed is not None:
        mask = check_width("allowed", allowed, K, bool)
        if np.broadcast_shapes(mask.shape, edge.shape) != edge.shape:
            raise InputError(f"allowed must fit {list(edge.shape)}, but came as {list(mask.shape)}.")
        edge = np.where(mask, edge, -np.inf)
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
