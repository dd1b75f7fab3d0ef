"""Functions of statistics that numpy does not have: gamma, beta, quantiles of Student's t and of counts."""

import functools
import math

import numpy as np

from hitherto.heads.parts import NORMAL, Array

__all__ = ["count_quantile", "lgamma", "t_log_density", "t_quantile"]


_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def lgamma(x: Array) -> Array:
    """The logarithm of the gamma function of x > 0: Stirling's series, small x raised by seven first."""
    x = np.asarray(x, np.float64)
    small = x < 7
    low = np.where(small, x, 1.0)
    raised = low * (low + 1) * (low + 2) * (low + 3) * (low + 4) * (low + 5) * (low + 6)
    x = np.where(small, x + 7, x)
    series: Array = np.zeros(())
    for term in reversed(_STIRLING):
        series = series / (x * x) + term
    value = (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + series / x
    return value - np.where(small, np.log(raised), 0.0)


def _beta_below(a: Array, b: Array, x: Array, rest: Array) -> Array:
    """The regularised incomplete beta function I_x(a, b), 0 < x < 1, where `rest` is 1 - x in all its digits."""
    a, b, x, rest = np.broadcast_arrays(a, b, x, rest)
    swap = x > (a + 1) / (a + b + 2)  # the fraction converges fast on the other side
    a, b, x, rest = (np.where(swap, v, u) for u, v in ((a, b), (b, a), (x, rest), (rest, x)))
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * np.log(x) + b * np.log(rest)
    value = np.exp(front) / a * _fraction(a, b, x)
    return np.where(swap, 1 - value, value)


def _fraction(a: Array, b: Array, x: Array) -> Array:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c = np.ones(x.shape)
    d = 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(abs(d) < tiny, tiny, d)
    h = d.copy()
    for m in range(1, 2000):  # it takes about half the root of the smaller of a and b: at most 600
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / np.where(abs(d) < tiny, tiny, d)
            c = 1 + term / c
            c = np.where(abs(c) < tiny, tiny, c)
            change = c * d
            h *= change
        if not np.any(abs(change - 1) > 1e-13):  # also where there is NaN
            break
    return h


def t_log_density(t: Array, freedom: Array) -> Array:
    inside = lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * np.log(freedom * math.pi)
    return inside - (freedom + 1) / 2 * np.log1p(t * t / freedom)


_NODES = 40


def t_quantile(q: float, freedom: Array) -> Array:
    """The quantile of Student's t with `freedom` > 2 degrees of freedom.

    Of one level it is a smooth function of 1 / freedom. So it is found at a few points in 0 .. 1/2 and
    for the rest from the Chebyshev series through them.
    """
    if abs(q - 0.5) < 1e-8:
        return (q - 0.5) / np.exp(t_log_density(0.0, freedom))
    series = _t_series(float(f"{min(q, 1 - q):.12g}"))  # 1 - 0.95 is 0.05, too
    return math.copysign(1, q - 0.5) * np.polynomial.chebyshev.chebval(4 / freedom - 1, series)


@functools.lru_cache(256)  # a model asks for the same levels again and again
def _t_series(tail: float) -> Array:
    chebyshev = np.polynomial.chebyshev
    points = chebyshev.chebpts1(_NODES)  # in -1 .. 1
    # At these points the polynomials are orthogonal. Sums in a fixed order: a fit by least squares is LAPACK's, whose
    # last bits depend on the processor.
    sums = (chebyshev.chebvander(points, _NODES - 1) * _t_upper(tail, 4 / (points + 1))[:, None]).sum(0)
    return sums * np.where(np.arange(_NODES) == 0, 1 / _NODES, 2 / _NODES)


def _t_upper(tail: float, freedom: Array) -> Array:
    """The t > 0 with P(T > t) = `tail` < 1/2, by Newton's method.

    That probability is convex in t > 0, and t lies above the normal's quantile; from there every step comes
    closer from below. A step back is the rounding of the sums: nothing is nearer.
    """
    t = np.full(freedom.shape, -NORMAL.inv_cdf(tail))
    near = np.zeros(freedom.shape, bool)
    for _ in range(200):
        both = freedom + t * t
        above = 0.5 * _beta_below(freedom / 2, np.array(0.5), freedom / both, t * t / both)
        step = (above - tail) / np.exp(t_log_density(t, freedom))
        near |= step <= 1e-14 * t
        if near.all():
            break
        t = np.where(near, t, t + step)
    return t


def count_quantile(q: float, mean: Array, dispersion: Array) -> Array:
    """The least k with P(K <= k) >= q of a negative binomial: a search in growing strides from a guess.

    Where the mean and 1 / dispersion are large, the guess is the answer: it is at most one off near the middle, and
    a millionth of the spread in the tails. A check would take as many terms as the root of the smaller one.
    """
    m, r = mean.reshape(-1), 1 / dispersion.reshape(-1)
    score = NORMAL.inv_cdf(q)
    spread = np.sqrt(m + m * m / r)
    k = np.maximum(np.ceil(m + spread * score + (1 + 2 * m / r) * (score * score - 1) / 6), 0.0)
    low, high = np.full(m.shape, -1.0), np.full(m.shape, np.inf)  # too low for sure, high enough for sure
    # A mean beyond 1e15: a step is less than the rounding.
    left = np.flatnonzero((m < 1e15) & (np.minimum(m, r) < 1e6))
    stride = 1.0
    while len(left):
        at = k[left]
        both = r[left] + m[left]
        enough = ~(_beta_below(r[left], at + 1, r[left] / both, m[left] / both) < q)
        low[left], high[left] = np.where(enough, low[left], at), np.where(enough, at, high[left])
        lo, hi = low[left], high[left]
        middle = np.floor((lo + hi) / 2)
        next_ = np.where(enough, np.maximum(hi - stride, middle), np.minimum(lo + stride, middle))
        done = (hi - lo <= 1) | (lo >= 2.0**53)  # where a step more is none, the search would not end
        k[left] = np.where(done, np.minimum(hi, np.maximum(lo, 2.0**53)), next_)
        left, stride = left[~done], stride * 2
    return k.reshape(mean.shape)
