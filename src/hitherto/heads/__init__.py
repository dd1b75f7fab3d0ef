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

from hitherto.heads.chain import chain_log_prob, chain_mean, chain_sample
from hitherto.heads.ctc import ctc_misfits, ctc_needs
from hitherto.heads.parts import BLANK, CORRELATION, FLOOR, SMALL, Head, check_levels
from hitherto.heads.table import HEADS

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
