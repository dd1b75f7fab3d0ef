"""What a model is worth: one row for each metric, computed from the arrays of a whole evaluation.

    METRICS["f1"].compute(labels=labels, probabilities=probabilities)

`compute` takes all that an evaluation gathered, uses what it needs (`needs`) and gives a float. Where there is
nothing to score, or a metric means nothing (an area under the curve of one class), that is NaN; arrays that do
not fit together are an InputError.

Classes: `labels`, [N] of class numbers, and `probabilities`, [N, K]. Where several labels may hold at once,
`labels` are [N, K] of 0 and 1, each predicted where its probability is at least `threshold`, 0.5. Of two
classes, `positive` is the one whose precision, recall and f1 count: the rarer one in `labels` if it is not
given. Of more, they are means over the classes that occur in labels or predictions (macro); of several labels
at once, they are over all labels together (micro).
Tags: `labels` and `predicted`, lists of sequences of strings.
Text: `nll`, the sum in nats; `tokens`; `characters`.
Written texts: `texts`, a list of strings, and `references`, a list as long whose entries are a string or several.
`bleu` and `chrf` are sacrebleu's, of the whole corpus, and `signature` is what sacrebleu says of that BLEU. `rouge1`,
`rouge2` and `rougeL` are the F1 of words, of pairs of words and of the longest common subsequence of words: of several
references the best, the mean over the rows. Their words are the runs of letters and digits of the lower-cased text, not
stemmed: those of the rouge_score package, except that letters beyond a-z count here too. These five go from 0 to 100.
`exact_match` is the share of rows that equal one of their references but for case and blanks. `distinct_1` and
`distinct_2` need no references: how many words, or pairs of words within a text, differ from each other among all
texts, as a share of their number. `wer` and `cer` are how many words, or characters, must be put in, taken out or
changed to make the references of the texts, for each word or character of the references: 0 is best, and it may
exceed 1. A text has one reference there; words stand between blanks, blanks in a row are one, those at the ends none.
Case and punctuation count.
Forecasts: `actual`, `mean`, `median`, [N, horizon, channels]; `quantiles`, [..., Q], at `levels`; and
`naive_scale`, broadcast against them. What is NaN in `actual` is not scored. `crps` is the continuous ranked
probability score as far as the levels tell: twice the pinball loss, mean over the levels. `coverage` is the
share of actual values within the central interval of `level`, to be compared with it: 0.8 or, where the levels
do not bound that one, the widest that they bound.
"""

from hitherto.metrics.classes import (
    best_threshold,
    confusion,
    entities,
    entity_report,
    mark_spans,
    report,
    report_of,
)
from hitherto.metrics.parts import Metric, error_of_mean
from hitherto.metrics.table import METRICS
from hitherto.metrics.texts import signature

__all__ = [
    "METRICS",
    "Metric",
    "best_threshold",
    "confusion",
    "entities",
    "entity_report",
    "error_of_mean",
    "mark_spans",
    "report",
    "report_of",
    "signature",
]
