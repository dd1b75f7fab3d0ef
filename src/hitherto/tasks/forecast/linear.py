"""The linear map that a windowed forecast begins with, and the window it reads: chosen on the later training data.

A forecast is drawn towards a naive one: the last value, that of a season before, the mean of all such values, or of
the window. What is left to explain, a ridge fit of the window explains. Its strength, the naive map, the window and
what the window is measured from are judged on the last part of the training data, which no fit has seen. The line is
the mean of the fits that err least there, each by how little, and the fewer data there are, the more of the best naive
map is in it. Where there are many data and a naive map is as good as any fit, it is the line.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.series import SeriesCodec
from hitherto.data.series import Series
from hitherto.errors import UsageError
from hitherto.heads import Head
from hitherto.heads.parts import NORMAL
from hitherto.heads.special import t_quantile
from hitherto.tasks.base import Options
from hitherto.tasks.forecast.examples import Joined, join

__all__ = [
    "ANCHORS",
    "Line",
    "around",
    "biases",
    "carried",
    "choose_line",
    "nearest_anchor",
    "seasons_of",
    "segment_of",
    "whole_window",
    "windows_to_try",
]

# Of a ridge, in units of the mean square of its inputs.
STRENGTHS = (*(10.0**k for k in range(-4, 3)), np.inf)
MOST_SEASON = 400  # steps of one that is looked for in the values
# What a difference may be by chance: so many standard errors, and so much of an error over their number.
CHANCE, DOUBT = 0.5, 0.6
MEMBERS = 16  # fits that a line is the mean of, at most
USUAL = 0.9  # of the weight of all fits: so much have those of the window that is read and of shorter ones
FEW = 100  # values, of which half of what is learned is believed
MANY = 20  # series that are enough to learn from, whatever the number of windows in one
TOLD = 16  # scores from which on a naive map may be known to be as good as any fit
SHARES = (0.6, 0.7, 0.8)  # of a series, that a fit sees before a part that it is scored on
FITTED, SCORED, STEPS = (
    8_000,
    1_000,
    64,
)  # at most: windows of a fit, windows of a score, steps of the horizon


@dataclass(slots=True)
class Line:
    """A linear map from a window to the future, in the window's own units."""

    window: int
    anchor: str
    weight: Array  # [maps, horizon, window + beside]
    bias: Array  # [maps, horizon]
    rest: Array  # [n, horizon, C]: what it left of later values, NaN where none was observed
    error: float
    notes: list[str] = field(default_factory=list)


def choose_line(
    codec: SeriesCodec,
    series: Sequence[Series],
    cuts: Sequence[int],
    windows: Sequence[int],
    anchors: Sequence[str],
    seasons: Sequence[int],
    squared: bool,
) -> Line:
    """The best line for these series. `squared` measures squared errors, otherwise absolute ones.

    What is fitted are the steps before `cuts`; those after them only help to choose.
    """
    probe = copy(codec)
    probe.window = max(windows)
    data = join(probe, series, [probe.encode(s) for s in series], cuts)
    fits: list[_Fit] = []
    for window, anchor in product(windows, anchors):
        tried = copy(codec)
        tried.window, tried.anchor = window, anchor
        fits.append(_Fit(tried, data, cuts, seasons, squared))
    observed = sum(int(np.isfinite(s.values[:cut]).sum()) for s, cut in zip(series, cuts, strict=True))
    members = _members(fits, observed)
    line = _mean(members)
    line.notes = _notes(line, max(members, key=lambda member: member.share).choice.base, fits, windows)
    return line


def _notes(line: Line, base: str, fits: "Sequence[_Fit]", windows: Sequence[int]) -> list[str]:
    """What the user is told of a line."""
    errors = {name: float(fit.naive[name].mean()) for fit in reversed(fits) for name in fit.naive}
    best = sorted(errors, key=lambda name: errors[name])[:3]
    naive = ", ".join(f"{name} {errors[name]:.3g}" for name in best)
    tried = f" (tried: {', '.join(map(str, windows))})" if len(windows) > 1 else ""
    metric = "mean squared scaled error" if fits[0].squared else "mean scaled error"
    return [
        f"the model reads the last {line.window} values{tried}; --window says otherwise",
        f"the network begins as a linear map of these values, shrunk towards the {base}",
        f"{metric} (the units of mase) on the last part of the training data: linear map {line.error:.3g}, {naive}",
    ]


@dataclass(frozen=True, slots=True)
class _Member:
    """A fit that a line is made of, and its share of it."""

    fit: "_Fit"
    choice: "_Choice"
    share: float


def _members(fits: "Sequence[_Fit]", values: int) -> list[_Member]:
    """What the line is made of, from so many training values."""
    every = [(fit, choice) for fit in fits for choice in fit.scores]
    scores = [fit.scores[choice] for fit, choice in every]
    means = np.array([score.mean() for score in scores])
    best = scores[int(means.argmin())]
    chance = np.maximum([_chance(score, best) for score in scores], 1e-12)
    near = [pair for pair, mean, by in zip(every, means, chance, strict=True) if mean - best.mean() <= by]
    simplest = min(near, key=lambda pair: (*pair[1].order, pair[0].scores[pair[1]].mean()))
    if simplest[1].naive and len(best) >= TOLD:
        return [_Member(*simplest, 1.0)]
    weights = np.nan_to_num(np.exp((best.mean() - means) / chance))  # a huge error has none
    own = np.array([choice.own for _, choice in every])
    able = own == (weights[own].sum() > weights.sum() / 2)  # lines of their own, or one that all share
    windows = np.array([fit.codec.window for fit, _ in every])
    able &= windows <= _usual(windows, weights * able)
    weights *= able
    top = [int(k) for k in np.argsort(-weights, kind="stable")[:MEMBERS] if weights[k] > 0]
    naive = min((k for k in np.flatnonzero(able) if every[k][1].naive), key=lambda k: float(means[k]))
    learned = values / (values + FEW) if top else 0.0
    shares = learned * weights[top] / max(weights[top].sum(), 1e-300)
    members = [_Member(*every[k], float(share)) for k, share in zip(top, shares, strict=True)]
    return [*members, _Member(*every[naive], 1 - learned)]


def _chance(score: Array, best: Array) -> float:
    """What a score may be above the best by chance."""
    more, n = score - best, len(best)
    return float(np.hypot(CHANCE * more.std() / np.sqrt(max(1, n - 1)), DOUBT * best.mean() / n))


def _usual(windows: Array, weights: Array) -> int:
    """The shortest window that with all shorter ones has nearly all of the weight."""
    lengths = np.unique(windows)
    return int(next(w for w in lengths if weights[windows <= w].sum() >= USUAL * weights.sum()))


def _mean(members: Sequence[_Member]) -> Line:
    """The mean of some fits, as a map of the longest of their windows."""
    longest = max(member.fit.codec.window for member in members)
    fits = {id(member.fit): member.fit for member in members if member.fit.codec.window == longest}
    into = max(fits.values(), key=lambda fit: sum(member.share for member in members if member.fit is fit))
    parts: list[tuple[float, Line]] = []
    for fit in {id(member.fit): member.fit for member in members}.values():
        mine = [member for member in members if member.fit is fit]
        lines = fit.lines([member.choice for member in mine], into)
        parts += [(member.share, line) for member, line in zip(mine, lines, strict=True)]
    shares = np.array([share for share, _ in parts])

    def mean(arrays: Sequence[Array]) -> Array:
        return np.tensordot(shares, np.stack(np.broadcast_arrays(*arrays)), 1)

    return Line(
        longest,
        into.codec.anchor,
        mean([line.weight for _, line in parts]),
        mean([line.bias for _, line in parts]),
        mean([line.rest for _, line in parts]),
        float(mean([np.asarray(line.error) for _, line in parts])),
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """How a line is fitted."""

    base: str  # the naive map that it is drawn towards
    own: bool  # whether each channel has a line of its own
    beside: bool  # whether it reads the calendar, and what stays the same
    strength: float  # of the ridge

    @property
    def naive(self) -> bool:
        """Whether nothing is learned."""
        return not np.isfinite(self.strength)

    @property
    def order(self) -> tuple[bool, bool, float]:
        """From the simplest on."""
        return self.own, self.beside, -self.strength


class _Fit:
    """Ridge fits of one window from one anchor, scored on later windows than they have seen."""

    def __init__(
        self, codec: SeriesCodec, data: Joined, cuts: Sequence[int], seasons: Sequence[int], squared: bool
    ) -> None:
        self.codec, self.data, self.squared = codec, data, squared
        self.bases = dict(_bases(codec, seasons))
        H = codec.horizon
        steps = np.unique(np.linspace(0, H - 1, min(H, STEPS)).astype(int))
        self.parts = _parts(codec, data, cuts)
        scores: dict[_Choice, list[Array]] = {}
        naive: dict[str, list[Array]] = {name: [] for name in self.bases}
        for early, late in (part for part in self.parts if part[1].size):
            X, Z, W = self.rows(*_some(early, FITTED))
            V, Y, U = self.rows(*_some(late, SCORED))
            Z, Y = Z[..., steps], Y[..., steps]
            several = max(1, round(H * len(V) / (late.shape[1] * codec.channels)))
            for name, base in self.bases.items():
                naive[name].append(self.score(V @ base[steps].T, Y, U, several))
            near = sorted(naive, key=lambda name: float(_told(naive[name][:1]).mean()))[:2]
            for own, beside in product({False, codec.channels > 1}, {False, codec.beside[0] > 0}):
                for choice, made in self.made(X, Z, W, V, near, steps, own, beside):
                    scores.setdefault(choice, []).append(self.score(made, Y, U, several))
        self.naive = {name: _told(parts) for name, parts in naive.items()}
        self.scores = {choice: _told(parts) for choice, parts in scores.items()}

    def made(
        self,
        X: Array,
        Z: Array,
        W: Array,
        V: Array,
        near: Sequence[str],
        steps: Array,
        own: bool,
        beside: bool,
    ) -> Iterator[tuple[_Choice, Array]]:
        """What fits of X to Z say of V, for every naive map and strength."""
        C = self.codec.channels
        groups = [slice(c, None, C) for c in range(C)] if own else [slice(None)]
        X, V = (self.seen(rows, beside) for rows in (X, V))
        solvers = [_Ridge(X[g], W[g]) for g in groups]
        for name in near:
            base = self.bases[name][steps]
            parts = [s.against(Z[g] - X[g] @ base.T) for s, g in zip(solvers, groups, strict=True)]
            for strength in STRENGTHS:
                made = np.empty((len(V), len(steps)))
                for s, part, g in zip(solvers, parts, groups, strict=True):
                    weight, bias = s.solve(part, strength)
                    made[g] = V[g] @ (base + weight).T + bias
                yield _Choice(name, own, beside, strength), made

    def seen(self, X: Array, beside: bool) -> Array:
        """The inputs without those beside the window, where they are not read."""
        return X if beside else np.where(np.arange(X.shape[1]) < self.codec.window, X, 0.0)

    def rows(self, at: Array, of: Array, end: Array) -> tuple[Array, Array, Array]:
        """Inputs [n * C, inputs], z [n * C, horizon] and the weight of each error [n * C, 1]."""
        codec, C = self.codec, self.codec.channels
        x, z, _, weight = self.data.read(codec, at, of, end)
        n, W = len(x), codec.window
        first = C * W * (1 + codec.mask)
        own = x[:, : C * W].reshape(n, C, W)
        beside = np.repeat(x[:, None, first : first + codec.beside[0]], C, 1)
        X = np.concatenate([own, beside], 2).reshape(n * C, W + beside.shape[2]).astype(np.float64)
        Z = z.transpose(0, 2, 1).reshape(n * C, codec.horizon).astype(np.float64)
        return X, Z, weight.reshape(n * C, 1)

    def score(self, made: Array, z: Array, weight: Array, several: int) -> Array:
        """The mean error of every `several` windows, or so: of such that share few values."""
        away = np.abs(made - z) * weight
        away = (away * away if self.squared else away).reshape(-1, self.codec.channels * made.shape[1])
        known = np.isfinite(away)
        groups = max(1, round(len(away) / several))  # all of them about as large
        starts = np.arange(groups) * len(away) // groups
        total = np.add.reduceat(np.where(known, away, 0.0).sum(1), starts)
        count = np.add.reduceat(known.sum(1), starts)
        scores: Array = (total / np.maximum(count, 1))[count > 0]
        return scores

    def lines(self, choices: Sequence[_Choice], into: "_Fit") -> list[Line]:
        """These fits on all of the training data, as maps of the window of another one; and what they left of later
        values where they had not seen them.
        """
        C = self.codec.channels
        rests: list[list[Array]] = [[] for _ in choices]
        for early, late in (part for part in self.parts if part[1].size):
            V, Y, U = self.rows(*_some(late, SCORED))
            ratio = np.ones_like(U) if into is self else U / into.rows(*_some(late, SCORED))[2]
            for rest, (weight, bias) in zip(rests, self.fitted(choices, early), strict=True):
                left = [
                    (Y[c::C] - V[c::C] @ weight[c % len(weight)].T - bias[c % len(bias)]) * ratio[c::C]
                    for c in range(C)
                ]
                rest.append(np.stack(left, 2))
        whole = _some(self.parts[-1][0], FITTED)  # all that is trained on
        wider = 1.0 if into is self else float(np.median(self.rows(*whole)[2] / into.rows(*whole)[2]))
        return [
            Line(
                into.codec.window,
                into.codec.anchor,
                carried(weight, wider, self.codec, into.codec),
                wider * bias,
                np.concatenate(rest),
                float(self.scores[choice].mean()),
            )
            for choice, rest, (weight, bias) in zip(choices, rests, self.fitted(choices, whole), strict=True)
        ]

    def fitted(self, choices: Sequence[_Choice], origins: Array) -> list[tuple[Array, Array]]:
        """The weights and biases of each."""
        C = self.codec.channels
        X, Z, W = self.rows(*_some(origins, FITTED))
        made = []
        solvers: dict[tuple[bool, bool], list[_Ridge]] = {}
        for choice in choices:
            groups = [slice(c, None, C) for c in range(C)] if choice.own else [slice(None)]
            seen, base = self.seen(X, choice.beside), self.bases[choice.base]
            kind = (choice.own, choice.beside)
            if kind not in solvers:
                solvers[kind] = [_Ridge(seen[g], W[g]) for g in groups]
            parts = [
                ridge.solve(ridge.against(Z[g] - seen[g] @ base.T), choice.strength)
                for ridge, g in zip(solvers[kind], groups, strict=True)
            ]
            made.append(
                (base + np.array([weight for weight, _ in parts]), np.array([bias for _, bias in parts]))
            )
        return made


def _told(scores: Sequence[Array]) -> Array:
    """The scores of all parts; where no value was observed to score by, one, as bad as the naive forecast."""
    joined = np.concatenate(scores)
    return joined if len(joined) else np.ones(1)


def carried(weight: Array, ratio: float, of: SeriesCodec, into: SeriesCodec) -> Array:
    """A map of a window as a map of a longer one, which may be measured from elsewhere and in other units."""
    W, longer = of.window, into.window
    if (W, of.anchor) == (longer, into.anchor):
        return weight
    own, beside = weight[..., :W], weight[..., W:]
    from_ = np.zeros(longer)  # what the window is measured from, as a map of the longer one
    if of.anchor == "last":
        from_[-1] = 1.0
    elif of.anchor != "none":
        from_[longer - W :] = 1 / W
    moved = 0.0 if of.anchor in ("season", "none") else 1.0  # what a forecast is measured from
    wide = np.concatenate([np.zeros((*own.shape[:-1], longer - W)), own], -1)
    wide = wide + (moved - own.sum(-1, keepdims=True)) * from_
    return np.concatenate([wide, ratio * beside], -1)


class _Ridge:
    """Weighted ridge fits on the same inputs. What is missing is taken to be as the naive map says."""

    def __init__(self, X: Array, weight: Array) -> None:
        self.w = np.minimum(np.square(weight), 1e4)
        total = max(float(self.w.sum()), 1e-12)
        self.mean = (self.w * X).sum(0) / total
        self.X = X - self.mean
        self.sizes, self.turn = np.linalg.eigh((self.w * self.X).T @ self.X)
        self.typical = max(float(self.sizes.mean()), 1e-12)

    def against(self, rest: Array) -> tuple[Array, Array]:
        rest = np.where(np.isfinite(rest), rest, 0.0)
        mean = (self.w * rest).sum(0) / max(float(self.w.sum()), 1e-12)
        return self.turn.T @ ((self.w * self.X).T @ (rest - mean)), mean

    def solve(self, part: tuple[Array, Array], strength: float) -> tuple[Array, Array]:
        """The weight [H, inputs] and the bias [H]; nothing where the strength is infinite."""
        along, mean = part
        if not np.isfinite(strength):
            return np.zeros((len(mean), len(self.turn))), np.zeros(len(mean))
        scale = 1 / np.maximum(self.sizes + strength * self.typical, 1e-12)
        weight = (self.turn @ (along * scale[:, None])).T
        return weight, mean - weight @ self.mean


def _bases(codec: SeriesCodec, seasons: Sequence[int]) -> Iterator[tuple[str, Array]]:
    """The naive maps by name, each [horizon, inputs]: what is predicted, in the units of the window."""
    W, H, h = codec.window, codec.horizon, np.arange(codec.horizon)

    def wide(rows: Array) -> Array:
        return np.concatenate([np.broadcast_to(rows, (H, W)), np.zeros((H, codec.beside[0]))], 1)

    last = np.eye(W)[-1]
    yield "last value", wide(last)
    yield "mean of the window", wide(np.full(W, 1 / W))
    for share in (0.2, 0.5):
        sizes = (1 - share) ** np.arange(W)[::-1]
        smooth = sizes / sizes.sum()
        yield f"values smoothed by {share}", wide(smooth)
    away = np.arange(W) - (W - 1) / 2
    slope = away / max(np.square(away).sum(), 1e-12)
    yield "smoothed values and half the trend", wide(smooth + 0.5 * (h + 1)[:, None] * slope)
    drift = (np.eye(W)[-1] - np.eye(W)[0]) / max(1, W - 1)
    yield "last value and half the drift", wide(last + 0.5 * (h + 1)[:, None] * drift)
    yield "last value and the drift", wide(last + (h + 1)[:, None] * drift)
    for season in dict.fromkeys(seasons):
        if not 1 < season <= W:
            continue
        first = W - season + h % season
        before, every = np.eye(W)[first], np.zeros((H, W))
        yield f"value {season} steps before", wide(before)
        for k in h:
            places = np.arange(first[k], -1, -season)
            every[k, places] = 1 / len(places)
        if 2 * season <= W:
            yield f"mean of the values {season} steps apart", wide(every)
            change = np.zeros(W)
            change[W - season :], change[W - 2 * season : W - season] = 1 / season, -1 / season
            for share in (0.5, 1.0):
                moved = before + share * (1 + h // season)[:, None] * change
                yield f"value {season} steps before, moved by {share:g} of a season's change", wide(moved)


def _parts(codec: SeriesCodec, data: Joined, cuts: Sequence[int]) -> list[tuple[Array, Array]]:
    """Steps of fits and later ones of scores: each steps, the series of each, and the end of what is seen, [3, n].

    The last fit is of all that is trained on, and what it is scored on follows that, if anything does.
    """
    H, lengths = codec.horizon, np.diff(data.begin).tolist()
    few = data.begin[-1] < 200 * H
    parts = []
    for share in SHARES if few else SHARES[-1:]:
        borders = []
        for T in cuts:
            cut = max(1, min(int(T * share), T - min(H, T // 3), T - 1))
            borders.append((cut, T if share == SHARES[-1] else min(T, cut + max(H, T // 5))))
        parts.append(_origins(codec, data, borders))
    parts.append(_origins(codec, data, list(zip(cuts, lengths, strict=True))))
    return parts


def _origins(codec: SeriesCodec, data: Joined, borders: Sequence[tuple[int, int]]) -> tuple[Array, Array]:
    """Of the steps before a border of each series and of those from there to another, as `_parts` has them."""
    W, H = codec.window, codec.horizon
    early: list[Array] = []
    late: list[Array] = []
    for i, (a, (cut, end)) in enumerate(zip(data.begin[:-1].tolist(), borders, strict=True)):
        first = W - 1 if cut - H - W + 1 >= 8 else min(max(W // 2, 1), W - 1, max(cut - 2, 0))
        last = cut - H if cut - H - first >= 8 else cut - 1
        for some, begin, stop, seen in ((early, first, last, cut), (late, cut - 1, max(end - H, cut), end)):
            at = np.arange(begin, stop if seen > cut or some is early else begin)
            some.append(np.stack([a + at, np.full(len(at), i), np.full(len(at), a + seen)]))
    return np.concatenate(early, 1), np.concatenate(late, 1)


def _some(origins: Array, most: int) -> Array:
    """At most so many of them, evenly."""
    n = origins.shape[1]
    return origins if n <= most else origins[:, np.linspace(0, n - 1, most).astype(np.int64)]


def whole_window(window: float) -> int:
    if not float(window).is_integer():
        raise UsageError(f"window is a number of steps, so a whole one, but is {window:g}.")
    return int(window)


def windows_to_try(steps: Sequence[int], codec: SeriesCodec, seasons: Sequence[int]) -> list[int]:
    """The windows to try: some seasons and horizons, as far as series of so many steps leave enough to learn."""
    lengths = np.sort(steps)
    longest, total = int(lengths[len(lengths) // 2]), int(lengths.sum())
    short, long = max(2 * seasons[0], 8), max(seasons) + seasons[0]  # of the long season, so many may do
    most = max(short, 12, total // 6, long if longest >= 4 * max(seasons) else 0)
    room = longest - codec.horizon  # of many series, each may have a window or two
    most = max(2, min(room if len(steps) >= MANY else room // 2, most, 1024))
    wanted = {
        short,
        2 * short,
        max(short, 2 * codec.horizon),
        *(max(short, k) for k in (long, 2 * max(seasons))),
    }
    if len(seasons) == 1 or 7 * short < max(seasons):  # the longest season may be no use
        wanted |= {7 * short, 336}
    return sorted({max(2, min(w, most)) for w in wanted})


def seasons_of(series: Sequence[Series]) -> tuple[int, ...]:
    """The seasons that a series may have: those of its step by the calendar, or what its values repeat after."""
    step, longest = series[0].step, max(len(s.values) for s in series)
    known = step.seasons(longest)
    if not known and step.unit == "i":
        known = [n for n in (_repeats(series),) if n > 1]
    return tuple(known) or (1,)


def _repeats(series: Sequence[Series]) -> int:
    """After how many steps values are like each other, 1 where they are not.

    It is a peak of their autocorrelation, where that of their differences is high too: those of a walk repeat nothing,
    however it wanders.
    """
    total = np.zeros((2, MOST_SEASON + 2))  # of the values and of their differences
    weight = np.zeros(MOST_SEASON + 2)
    for values in (s.values[-20 * MOST_SEASON :, c] for s in series[:100] for c in range(s.values.shape[1])):
        known = np.isfinite(values)
        T, lags = len(values), min(len(values) // 3 + 1, MOST_SEASON + 1)
        if lags < 3 or known.sum() < 8:
            continue
        line = np.polyfit(np.flatnonzero(known), values[known], 1)
        level = np.where(known, values - np.polyval(line, np.arange(T)), 0.0)
        steps = np.diff(values, prepend=np.nan)
        both = np.stack([level, np.where(np.isfinite(steps), steps, 0.0)])
        size = np.square(both).sum(1)
        if (size <= 1e-12 * np.square(values[known]).sum()).any():
            continue
        spectrum = np.abs(np.fft.rfft(both, 2 * T)) ** 2
        along = np.fft.irfft(spectrum)[:, : lags + 1] / size[:, None]
        total[:, : lags + 1] += along * T * T / (T - np.arange(lags + 1))
        weight[: lags + 1] += T
    like, steps = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    at = np.arange(2, max(2, int((weight > 0).sum()) - 1))
    chance = 3 / np.sqrt(max(1.0, float(weight[0])))
    peaks = at[
        (like[at] >= like[at - 1]) & (like[at] > like[at + 1]) & (like[at] > 0.3) & (steps[at] > chance)
    ]
    return int(peaks[like[peaks] >= 0.9 * like[peaks].max()][0]) if len(peaks) else 1


def segment_of(window: int, season: int) -> int:
    """A season where the window has a few of them; else an eighth of the window."""
    if season > 1 and 3 * season <= window:
        return season * -(-window // (16 * season))
    return max(1, -(-window // 8))


def around(rest: Array, numbers: Callable[[Array], Array]) -> Array:
    """What `numbers` says of what was left at each step of the horizon, [horizon, P].

    There may be few values: the spread at a step is that of its neighbours too, its shape that of all steps, and it is
    as much wider as Student's t is, with as many degrees of freedom as there are windows that share no value. Its
    middle is the line, unless the middle of what was left is elsewhere for more than chance.
    """
    known = np.isfinite(rest)
    sizes = np.where(known, rest, 0.0) ** 2
    H = len(sizes[0])
    total, count = sizes.sum((0, 2)), known.sum((0, 2))
    wide = max(0, int(np.ceil(50 / max(1.0, float(count.mean())))) // 2)
    near = [slice(max(0, h - wide), h + wide + 1) for h in range(H)]
    spread = np.sqrt([max(total[n].sum() / max(1, count[n].sum()), 1e-8) for n in near])
    left = (rest / spread[:, None])[known]
    if not len(left):
        return np.zeros(1)
    middle = float(np.median(left))
    windows = max(
        1.0, len(rest) / H, min(len(rest), len(SHARES) + 1)
    )  # of which none shares most of its values
    chance = 2.5 / np.sqrt(max(1.0, len(left) / H))
    shape = left if abs(middle) > chance else left - middle
    shape = shape * float(t_quantile(0.9, np.array(windows))) / NORMAL.inv_cdf(0.9)
    return np.stack([numbers(shape * width) for width in spread])


def biases(line: Line, head: Head, numbers: int, moved: int, options: Options) -> Array:
    """What stands beside the line, [maps, horizon, numbers]: its bias, and the spread of what it left."""
    bias = np.repeat(line.bias[..., None], numbers, 2)
    bias[..., moved:] = 0
    spread = head.around
    if spread is None:
        return bias
    own = {name: value for name, value in options.items() if name not in ("horizon", "channels")}
    for k in range(len(bias)):
        channels = slice(None) if len(bias) == 1 else slice(k, k + 1)
        bias[k] += around(line.rest[..., channels], lambda z: spread(z, **own))
    return bias


ANCHORS = {"last": "last value", "season": "value a season before", "mean": "running mean"}


def nearest_anchor(series: list[Series], options: Options) -> str:
    """The anchor that the values to forecast are nearest to, over the series at hand."""
    distance = {}
    for anchor in ANCHORS:
        codec = SeriesCodec.fit(series, anchor=anchor, **options)
        targets = [codec.targets(codec.encode(s), len(s.values) // 4, len(s.values) - 1) for s in series[:50]]
        sizes = np.concatenate([np.abs(z[np.isfinite(z)]) for z in targets])
        distance[anchor] = float(sizes.mean()) if len(sizes) else np.inf
    return min(distance, key=lambda anchor: distance[anchor])
