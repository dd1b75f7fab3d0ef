"""The loss of each head, and embeddings with row-sparse gradients.

    total, count = LOSSES["softmax"](features, weight, bias, {"y": y}, classes=10_000)

`features`, [N, F], is what the last layer reads at the N scored places; `weight`, [O, F], and `bias`, [O] or
None, are that layer. `total` is the sum of the losses in nats; `count` is what to divide it by for their mean:
how many elements were scored, or the sum of their weights where there are any. The layer's outputs, many where
O is a vocabulary, never exist all at once: they are made, scored, turned into their gradients and forgotten a
few rows at a time. So a loss can be differentiated once, but not twice.

Targets are tensors by name. `y` is [N] of class numbers for `softmax`; [N, labels] for `sigmoid` and `chain`; points
for `mixture`, [N, 3] or, where drawings end, [N, 4]; the scaled value, [N, horizon, channels], for the heads of
forecasts. NaN in it means not scored; of `chain` and `mixture`, whose losses are one for each place, it means the
place. `weight`, [N], says how much each place counts, for any head; others are named at the losses that read them.
`ctc` scores rows, not places: it reads the features of all steps of all rows, [T * B, F], and y is what the rows say,
one after the other. Options of a head are as in `hitherto.heads`, where the meaning of its params is written down.
"""

from hitherto.model.losses.chain import chain_loss
from hitherto.model.losses.classes import nll
from hitherto.model.losses.ctc import misfits
from hitherto.model.losses.mixture import mixture_loss
from hitherto.model.losses.table import LOSSES

__all__ = ["LOSSES", "chain_loss", "misfits", "mixture_loss", "nll"]
