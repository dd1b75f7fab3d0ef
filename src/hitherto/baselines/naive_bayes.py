"""Naive Bayes: words come independently of each other, once the class is known (McCallum and Nigam 1998)."""

from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.baselines.rows import Sparse

__all__ = ["NaiveBayes", "fit"]


@dataclass(frozen=True)
class NaiveBayes:
    """Log-probabilities of the classes, [K], and of each column in a class, [F, K]."""

    prior: Array
    columns: Array

    def log_joint(self, counts: Sparse) -> Array:
        """The logarithm of the probability of a row together with each class, [N, K], but for a constant of the row."""
        return counts.times(self.columns) + self.prior

    def probabilities(self, counts: Sparse) -> Array:
        """The probability of each class, [N, K]."""
        scores = self.log_joint(counts).astype(np.float64)
        scores = np.exp(scores - scores.max(1, keepdims=True))
        shares: Array = scores / scores.sum(1, keepdims=True)
        return shares


def fit(counts: Sparse, classes: Array, alpha: float = 1.0) -> NaiveBayes:
    """From the counts of rows and their classes, [N, K] of 0 and 1; `alpha` is added to every count."""
    sums = counts.back(classes.astype(np.float32)).astype(np.float64) + alpha  # [F, K]
    prior = classes.sum(0) + 1.0
    return NaiveBayes(np.log(prior / prior.sum()), np.log(sums / sums.sum(0)))
