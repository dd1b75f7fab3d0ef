"""The losses: a row for each head of `HEADS`."""

from hitherto.model.losses.chain import chain
from hitherto.model.losses.chunks import Loss
from hitherto.model.losses.classes import nll, pointer, sigmoid, softmax
from hitherto.model.losses.crf import crf
from hitherto.model.losses.ctc import ctc
from hitherto.model.losses.forecast import gaussian, negative_binomial, quantile, student_t
from hitherto.model.losses.mixture import mixture

__all__ = ["LOSSES"]

LOSSES: dict[str, Loss] = {
    "softmax": Loss(softmax, nll, frozenset({"label_smoothing", "sampled"})),
    "pointer": Loss(pointer, nll, frozenset({"label_smoothing"})),
    "ctc": Loss(ctc),
    "sigmoid": Loss(sigmoid),
    "crf": Loss(crf),
    "chain": Loss(chain),
    "mixture": Loss(mixture),
    "quantile": Loss(quantile),
    "gaussian": Loss(gaussian),
    "student_t": Loss(student_t),
    "negative_binomial": Loss(negative_binomial),
}
