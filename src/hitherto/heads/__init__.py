"""Heads: what the numbers of a model's last layer mean, as class probabilities or as a distribution of the next value.

`HEADS` lists the heads. A head reads `params`, [..., size], as the last layer gives them, in float64:

    head = HEADS["gaussian"]
    head.size(horizon=24, channels=7)                                width of the last layer
    head.mean(params, loc=loc, scale=scale, horizon=24, channels=7)  [..., 24, 7]
    head.quantile(params, 0.9, ...)                                  [..., 24, 7]; of Q levels [..., 24, 7, Q]
    head.sample(params, numpy.random.default_rng(0), count=100, ...) [100, ..., 24, 7]
    head.log_prob(params, y, ...)                                    [..., 24, 7], in nats

`softmax` (option `classes`) and `sigmoid` (`labels`) give probabilities: their mean, [..., K].

`pointer` (`classes`) is a softmax that also copies. `gate`, [...], is the logit of writing a class itself. The
probability of a class is sigmoid(gate) times that of the softmax, plus 1 - sigmoid(gate) times `copied`, the share of
the attention on places of that class.

`ctc` (`classes`) writes a text over all steps, [T, K]: connectionist temporal classification. Each step gives a class
or a blank, and repeats of a class without a blank between them count once. The blank is the last class, `BLANK`;
`classes` counts it. The others have the numbers of the text's codec. The mean is the probabilities of every step;
log_prob and samples are of whole texts: class numbers, [L].

`crf` (`classes`) labels all steps of a row together, [T, K]: a linear-chain conditional random field. A row of labels
scores start[y_1], params[t, y_t], transitions[y_t-1, y_t] and end[y_T]; `transitions`, [K, K], `start` and `end`, [K],
are the head's own weights. The mean is the marginals of every step; log_prob and samples are of whole rows, [T].

`chain` (`labels`, `hidden`) gives labels, each given those before it (NADE). Its params are a bias for each of K labels
and the start a, [H'], of a hidden layer. The probability of label k is sigmoid(bias[k] + V[k] sigmoid(a)); where the
label is 1, all later ones see a + W[k]. `W` and `V`, [K, H'], are the head's own weights. Its mean is of each label
given those before it in `y`.

`mixture` (`components`, `ends`) gives the next point of a pen: y = [dx, dy, lifted], or [dx, dy, lifted, last] with
`ends`. Its params are [6, M] numbers of M components, flat, and a logit for lifted and for last: the logits of the
weights, means of dx, means of dy, s of dx, s of dy and r, with log deviations log(exp(s) + FLOOR) and correlations
CORRELATION * tanh(r). Its log-probability is one number for each point.

The others forecast `channels` series over `horizon` steps. Their params are P numbers for each value, flat in the order
[horizon, channels, P]. They describe a standardised value z; the value is loc + scale * z, where loc and scale are
broadcast against [..., horizon, channels]. With softplus(a) = log(1 + exp(a)):

`quantile`           P = the number of `levels`: z at each level, sorted, so that quantiles never cross.
                     Between and beyond them z is linear in the level's normal score: exact for a Gaussian.
`gaussian`           P = 2: mean, and deviation softplus(b) + FLOOR.
`student_t`          P = 3: location, scale softplus(b) + FLOOR, degrees of freedom 2 + FLOOR + softplus(c).
`negative_binomial`  P = 2: counts of mean m = (softplus(a) + SMALL) * scale and variance m + d m^2, where the
                     dispersion d is softplus(b) + SMALL. There is no loc: zero counts stay zero.

A head may have weights of its own beside the last layer, `Beside`: `pointer` has the gate, `chain` has W and V,
`crf` its transitions. A head that answers rows as a whole, as `crf` does, says how in `Head.whole`.

The losses in `hitherto.model.losses` are these log-probabilities, in torch. To add a head, write its functions, a row,
and its loss.
"""

from hitherto.heads.chain import chain_log_prob, chain_mean, chain_sample
from hitherto.heads.crf import crf_best
from hitherto.heads.ctc import ctc_misfits, ctc_needs
from hitherto.heads.parts import BLANK, CORRELATION, FLOOR, SMALL, Beside, Head, Live, Whole, check_levels
from hitherto.heads.table import HEADS

__all__ = [
    "BLANK",
    "CORRELATION",
    "FLOOR",
    "HEADS",
    "SMALL",
    "Beside",
    "Head",
    "Live",
    "Whole",
    "chain_log_prob",
    "chain_mean",
    "chain_sample",
    "check_levels",
    "crf_best",
    "ctc_misfits",
    "ctc_needs",
]
