"""The losses: one for each head."""

from hitherto.model.losses.chain import chain
from hitherto.model.losses.chunks import Loss
from hitherto.model.losses.classes import pointer, sigmoid, softmax
from hitherto.model.losses.ctc import ctc
from hitherto.model.losses.forecast import gaussian, negative_binomial, quantile, student_t
from hitherto.model.losses.mixture import mixture

__all__ = ["LOSSES"]

LOSSES: dict[str, Loss] = {
    "softmax": softmax,
    "pointer": pointer,
    "ctc": ctc,
    "sigmoid": sigmoid,
    "chain": chain,
    "mixture": mixture,
    "quantile": quantile,
    "gaussian": gaussian,
    "student_t": student_t,
    "negative_binomial": negative_binomial,
}
