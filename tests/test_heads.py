"""Heads: known quantiles, moments of samples, densities that add up to one."""

import itertools
import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.errors import InputError, UsageError
from hitherto.heads import (
    BLANK,
    CORRELATION,
    FLOOR,
    HEADS,
    SMALL,
    chain_log_prob,
    chain_mean,
    chain_sample,
    ctc_misfits,
    ctc_needs,
    special,
)
from hitherto.heads.forecast import _z_at

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
FORECASTS: dict[str, dict[str, Any]] = {
    "quantile": {"levels": LEVELS},
    "gaussian": {},
    "student_t": {},
    "negative_binomial": {},
}


def raw(softplus: float) -> float:
    """What softplus makes this number of."""
    return math.log(math.expm1(softplus))


def draw(
    name: str, rows: int = 5, horizon: int = 3, channels: int = 2, seed: int = 0
) -> tuple[Any, dict[str, Any]]:
    options = {"horizon": horizon, "channels": channels, **FORECASTS[name]}
    size = HEADS[name].size(**options)
    return np.random.default_rng(seed).normal(size=(rows, size)), options


# ---- sizes


def test_sizes() -> None:
    assert HEADS["softmax"].size(classes=7) == 7
    assert HEADS["sigmoid"].size(labels=1) == 1
    assert HEADS["chain"].size(labels=88, hidden=64) == 88 + 64
    assert HEADS["mixture"].size(components=20) == 121
    assert HEADS["mixture"].size(components=20, ends=True) == 122
    assert HEADS["quantile"].size(horizon=24, channels=7, levels=LEVELS) == 24 * 7 * 5
    assert HEADS["gaussian"].size(horizon=24, channels=7) == 24 * 7 * 2
    assert HEADS["student_t"].size(horizon=24) == 24 * 3
    assert HEADS["negative_binomial"].size(channels=7) == 7 * 2
    assert all(HEADS[name].name == name for name in HEADS)


@pytest.mark.parametrize("levels", [(), (0.5, 0.1), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0), (math.nan,)])
def test_wrong_levels_are_refused(levels: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="levels must be"):
        HEADS["quantile"].size(levels=levels)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="classes must be at least 1"):
        HEADS["softmax"].size(classes=0)
    with pytest.raises(UsageError, match="horizon"):
        HEADS["gaussian"].size(horizon=0)
    with pytest.raises(InputError, match=r"\[\.\.\., 12\].*\[4, 13\]"):
        HEADS["gaussian"].mean(np.zeros((4, 13)), horizon=3, channels=2)
    with pytest.raises(UsageError, match="no quantiles"):
        HEADS["softmax"].quantile(np.zeros((4, 3)), 0.5, classes=3)
    with pytest.raises(UsageError, match="mixture says points"):
        HEADS["mixture"].quantile(np.zeros((4, 7)), 0.5, components=1)
    for components in (1, 2):
        with pytest.raises(InputError, match=rf"\[\.\.\., {6 * components + 2}\].*\[4, 9\]"):
            HEADS["mixture"].mean(np.zeros((4, 9)), components=components, ends=True)
    with pytest.raises(InputError, match=r"y must be \[\.\.\., 4\], but came as \[4, 3\]"):
        HEADS["mixture"].log_prob(np.zeros((4, 8)), np.zeros((4, 3)), components=1, ends=True)
    for wrong in ({"temperature": -1.0}, {"temperature": math.nan}, {"bias": -0.1}, {"bias": math.inf}):
        with pytest.raises(UsageError, match="must be a number from 0 on"):
            HEADS["mixture"].sample(np.zeros(7), np.random.default_rng(0), components=1, **wrong)
    for level in (0, 1, 1.5, math.nan, []):
        with pytest.raises(UsageError, match="level of a quantile"):
            HEADS["gaussian"].quantile(np.zeros((4, 2)), level)
    with pytest.raises(TypeError):
        HEADS["gaussian"].mean(np.zeros((4, 2)), lefels=3)


# ---- classes


def test_softmax() -> None:
    head, params = HEADS["softmax"], np.array([[0.0, math.log(3)], [1000.0, 0.0]])
    p = head.mean(params, classes=2)
    assert p == pytest.approx(np.array([[0.25, 0.75], [1, 0]]))
    assert head.log_prob(params, np.array([1, 1])) == pytest.approx([math.log(0.75), -1000])
    many = head.sample(params, np.random.default_rng(0), count=20_000)
    assert many.shape == (20_000, 2)
    assert set(np.unique(many[:, 1])) == {0}
    assert many[:, 0].mean() == pytest.approx(0.75, abs=0.015)
    assert head.sample(params, np.random.default_rng(0)).shape == (2,)


def test_sigmoid() -> None:
    head, params = HEADS["sigmoid"], np.array([[0.0, math.log(3), -800.0, 800.0]])
    assert head.mean(params, labels=4) == pytest.approx(np.array([[0.5, 0.75, 0, 1]]))
    expected = [[math.log(0.5), math.log(0.25), -800, 0]]
    assert head.log_prob(params, np.array([[1, 0, 1, 1]])) == pytest.approx(np.array(expected))
    many = head.sample(params, np.random.default_rng(0), count=20_000)
    assert many.mean(0) == pytest.approx(np.array([[0.5, 0.75, 0, 1]]), abs=0.015)


# ---- ctc


def said(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    """What the classes of all steps say."""
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def every_text(params: Any) -> dict[tuple[int, ...], float]:
    """The log-probability of every text, by trying all paths."""
    T, K = params.shape
    p = np.exp(params) / np.exp(params).sum(1, keepdims=True)
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(K), repeat=T):
        text = said(path, K - 1)
        found[text] = found.get(text, 0.0) + math.prod(p[t, c] for t, c in enumerate(path))
    return {text: math.log(total) for text, total in found.items()}


@pytest.mark.parametrize(("T", "K"), [(1, 2), (3, 2), (4, 4), (6, 3)])
def test_a_text_is_as_probable_as_all_ways_to_say_it(T: int, K: int) -> None:
    params = np.random.default_rng(T).normal(size=(T, K)) * 2 + 30
    expected = every_text(params)
    head = HEADS["ctc"]
    for text, total in expected.items():
        assert head.log_prob(params, np.array(text, np.int64), classes=K) == pytest.approx(total, abs=1e-9)
    assert sum(math.exp(v) for v in expected.values()) == pytest.approx(1)
    for text in itertools.product(range(K - 1), repeat=3):  # what cannot be said in these steps
        if text not in expected:
            assert head.log_prob(params, np.array(text)) == -math.inf
        assert (text in expected) == (ctc_needs(np.array(text)) <= T)


def test_ctc_of_no_steps_and_of_nothing() -> None:
    head = HEADS["ctc"]
    assert head.log_prob(np.zeros((0, 3)), np.zeros(0)) == 0
    assert head.log_prob(np.zeros((0, 3)), np.array([1])) == -math.inf
    assert head.log_prob(np.zeros((4, 3)), []) == pytest.approx(4 * math.log(1 / 3))
    far = np.array([[-1e4, 0.0, -np.inf]] * 3)  # where probabilities vanish; and a class that cannot be
    assert head.log_prob(far, [0]) == pytest.approx(-3e4)
    assert head.log_prob(far, [1, 1]) == -math.inf
    far[:, 2] = -1e4
    assert head.log_prob(far, [1, 0, 1]) == pytest.approx(-1e4)


def test_ctc_mean_and_samples() -> None:
    params, head = np.random.default_rng(3).normal(size=(4, 3)), HEADS["ctc"]
    assert head.size(classes=3) == 3
    assert BLANK == -1
    assert head.mean(params, classes=3).sum(-1) == pytest.approx(np.ones(4))
    many = head.sample(params, np.random.default_rng(0), count=20_000)
    counts: dict[tuple[int, ...], int] = {}
    for text in many:
        counts[tuple(text.tolist())] = counts.get(tuple(text.tolist()), 0) + 1
    for text, total in every_text(params).items():
        assert counts.get(text, 0) / 20_000 == pytest.approx(math.exp(total), abs=0.015)
    one = head.sample(params, np.random.default_rng(0))
    assert one.ndim == 1


def test_what_does_not_fit_into_the_steps_is_told() -> None:
    assert [ctc_needs(np.array(y)) for y in ([], [3], [3, 3], [1, 2, 1], [1, 1, 1, 2, 2])] == [0, 1, 3, 3, 8]
    texts = [np.array([1, 1]), np.array([1, 2]), np.array([], np.int64), np.arange(6)]
    found, words = ctc_misfits(texts, [3, 2, 0, 6])
    assert found.tolist() == []
    assert words == ""
    found, words = ctc_misfits(texts, [2, 2, 0, 5])
    assert found.tolist() == [0, 3]
    assert words == (
        "row 1: its text of 2 characters needs 3 steps, but the recording has 2; "
        "row 4: its text of 6 characters needs 6 steps, but the recording has 5"
    )
    found, words = ctc_misfits([texts[3]] * 2000, [1] * 2000, rows=range(7, 2007), what="line")
    assert len(found) == 2000
    assert words.startswith("row 7: its text of 6 characters needs 6 steps, but the line has 1; row 8")
    assert words.endswith("; and 1,997 more of 2,000 rows")
    with pytest.raises(InputError, match="1 texts"):
        ctc_misfits(texts[:1], [1, 2])


def test_ctc_refuses_what_is_none() -> None:
    head = HEADS["ctc"]
    with pytest.raises(UsageError, match="at least 2, the blank"):
        head.size(classes=1)
    with pytest.raises(UsageError, match="no quantiles"):
        head.quantile(np.zeros((4, 3)), 0.5)
    with pytest.raises(InputError, match="one row"):
        head.log_prob(np.zeros((2, 4, 3)), [0])
    for y in ([2], [-1], [[0]]):
        with pytest.raises(InputError, match="from 0 to 1"):
            head.log_prob(np.zeros((4, 3)), y)


# ---- chain


def chain(rows: int, labels: int, hidden: int, seed: int = 0) -> tuple[Any, Any, Any]:
    """Params, W and V."""
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, labels + hidden)), *random.normal(size=(2, labels, hidden)) * 1.5


def by_hand(params: Any, y: Any, W: Any, V: Any) -> list[float]:
    """Of one step: the probability that each label is 1, given those before it. Nothing but sums."""
    K, H = W.shape
    a, found = [float(v) for v in params[K:]], []
    for k in range(K):
        logit = float(params[k]) + sum(float(V[k, j]) / (1 + math.exp(-a[j])) for j in range(H))
        found.append(1 / (1 + math.exp(-logit)))
        for j in range(H):
            a[j] += float(W[k, j]) * int(y[k])
    return found


PATTERNS = np.array(list(itertools.product((0, 1), repeat=4)))


def test_a_chain_by_hand() -> None:
    params, W, V = chain(6, 9, 5)
    y = np.random.default_rng(1).integers(0, 2, (6, 9))
    y[2], y[3] = 0, 1
    p = np.array([by_hand(*row, W, V) for row in zip(params, y, strict=True)])
    assert chain_mean(params, y, W, V) == pytest.approx(p)
    expected = np.where(y, np.log(p), np.log1p(-p)).sum(1)
    assert chain_log_prob(params, y, W, V) == pytest.approx(expected)
    head, own = HEADS["chain"], {"W": W, "V": V, "labels": 9, "hidden": 5}
    assert head.mean(params, y=y, **own) == pytest.approx(p)
    assert head.log_prob(params, y, **own) == pytest.approx(expected)
    assert head.log_prob(params[0], y, **own) == pytest.approx(  # many answers to one step
        [chain_log_prob(params[0], row, W, V).item() for row in y]
    )


def test_all_patterns_of_a_chain_add_up_to_one() -> None:
    params, W, V = chain(5, 4, 3)
    p = np.exp(chain_log_prob(params[:, None], PATTERNS, W * 3, V * 3))  # [5, 16]
    assert p.sum(1) == pytest.approx(np.ones(5), rel=1e-12)
    assert p.min() < 1e-3 < 0.3 < p.max()


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_chains_are_drawn_as_they_are_likely(temperature: float) -> None:
    params, W, V = chain(3, 4, 3)
    many = chain_sample(params, np.random.default_rng(2), W, V, temperature, count=40_000)
    assert many.shape == (40_000, 3, 4)
    share = (many[:, :, None] == PATTERNS).all(-1).mean(0)  # [3, 16]
    # A temperature divides every logit: what is drawn is a chain of bias / t and V / t.
    expected = np.exp(
        chain_log_prob(
            np.concatenate([params[:, None, :4] / temperature, params[:, None, 4:]], -1),
            PATTERNS,
            W,
            V / temperature,
        )
    )
    assert share == pytest.approx(expected, abs=0.012)


def test_a_chain_without_noise_takes_what_is_likelier() -> None:
    params, W, V = chain(50, 6, 4)
    y = chain_sample(params, np.random.default_rng(0), W, V, 0.0)
    assert np.array_equal(y, chain_mean(params, y, W, V) > 0.5)
    assert 0.1 < y.mean() < 0.9
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="temperature must be"):
            chain_sample(params, np.random.default_rng(0), W, V, wrong)


def test_only_what_is_allowed_is_drawn() -> None:
    params, W, V = chain(3, 4, 3)
    draws = {"rng": np.random.default_rng(3), "W": W, "V": V, "count": 20_000}
    many = chain_sample(params, allowed=[True, False, True, True], **draws)
    assert not many[..., 1].any()
    p = np.exp(chain_log_prob(params[:, None], PATTERNS, W, V))
    first, third = many[..., 0].mean(0), many[..., 2].mean(0)
    assert first == pytest.approx(chain_mean(params, np.zeros((3, 4)), W, V)[:, 0], abs=0.02)
    # Of the patterns without the forbidden label, each as likely as when it is known to be 0.
    weights = p * (PATTERNS[:, 1] == 0) / (1 - chain_mean(params[:, None], PATTERNS, W, V)[..., 1])
    assert third == pytest.approx((weights * PATTERNS[:, 2]).sum(1), abs=0.02)
    by_row = np.eye(4, dtype=bool)[:3]
    assert not chain_sample(params, allowed=by_row, **draws)[:, ~by_row].any()
    assert not chain_sample(params, allowed=np.zeros(4), **draws).any()


def test_a_row_is_drawn_by_itself() -> None:
    """The same noise, the same labels, whoever else is there."""
    params, W, V = chain(7, 30, 16)
    together = chain_sample(params, np.random.default_rng(5), W, V)
    noise = np.random.default_rng(5)
    for row, y in zip(params, together, strict=True):
        assert np.array_equal(chain_sample(row, noise, W, V), y)


def test_a_chain_that_hides_nothing_is_independent_labels() -> None:
    params, W, V = chain(6, 5, 3)
    y = np.random.default_rng(1).integers(0, 2, (6, 5))
    expected = HEADS["sigmoid"].log_prob(params[:, :5], y).sum(-1)
    assert chain_log_prob(params, y, W, V * 0) == pytest.approx(expected)
    assert abs(chain_log_prob(params, y, W, V) - expected).max() > 0.1


def test_chains_that_do_not_fit_are_refused() -> None:
    params, W, V = chain(6, 5, 3)
    y = np.zeros((6, 5))
    with pytest.raises(InputError, match=r"\[5, 3\] and \[4, 3\]"):
        chain_log_prob(params, y, W, V[:4])
    with pytest.raises(InputError, match=r"\[\.\.\., 8\], but came as \[6, 7\]"):
        chain_log_prob(params[:, 1:], y, W, V)
    with pytest.raises(InputError, match=r"y must be \[\.\.\., 5\]"):
        chain_mean(params, y[:, 1:], W, V)
    with pytest.raises(InputError, match="0 or 1"):
        chain_log_prob(params, y + 0.5, W, V)
    for allowed in (np.ones(4), np.ones((2, 6, 5))):
        with pytest.raises(InputError, match="allowed must"):
            chain_sample(params, np.random.default_rng(0), W, V, allowed=allowed)
    y[1, 2] = math.nan
    assert np.array_equal(np.isnan(chain_log_prob(params, y, W, V)), np.arange(6) == 1)
    p = chain_mean(params, y, W, V)
    assert np.array_equal(np.isnan(p), np.outer(np.arange(6) == 1, np.arange(5) > 2))


# ---- mixture


def mixture(rows: int, components: int, ends: bool, seed: int = 0) -> tuple[Any, dict[str, Any]]:
    options: dict[str, Any] = {"components": components, "ends": ends}
    params = np.random.default_rng(seed).normal(size=(rows, HEADS["mixture"].size(**options)))
    return params, options


def one_component(correlation: float, *pen: float) -> Any:
    """Means 1 and -2, deviations 0.5 and 2."""
    s = [math.log(0.5 - FLOOR), math.log(2 - FLOOR)]
    return np.array([0.7, 1.0, -2.0, *s, math.atanh(correlation / CORRELATION), *pen])


def test_one_component_is_a_normal_of_two() -> None:
    params = one_component(0.6, math.log(3))
    precision = np.linalg.inv([[0.25, 0.6], [0.6, 4.0]])
    y = np.array([[1.0, -2.0, 1], [1.5, 0.5, 0], [-3.0, 4.0, 1]])
    away = y[:, :2] - [1, -2]
    expected = -0.5 * ((away @ precision) * away).sum(1) + 0.5 * np.log(np.linalg.det(precision))
    expected += -math.log(2 * math.pi) + np.where(y[:, 2], math.log(0.75), math.log(0.25))
    assert HEADS["mixture"].log_prob(params, y, components=1) == pytest.approx(expected)


def test_a_mixtures_density_adds_up_to_one() -> None:
    params, options = mixture(1, 3, True, seed=2)
    x = np.linspace(-25, 25, 801)
    total = 0.0
    for pen in itertools.product((0.0, 1.0), repeat=2):
        y = np.stack(np.broadcast_arrays(x[:, None], x, *pen), -1)
        p = np.exp(HEADS["mixture"].log_prob(params[0] / 2, y, **options))
        total += np.trapezoid(np.trapezoid(p, x, axis=1), x).item()
    assert total == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("ends", [False, True])
def test_points_are_drawn_as_the_mixture_says(ends: bool) -> None:
    params, options = mixture(2, 4, ends, seed=1)
    head = HEADS["mixture"]
    many = head.sample(params, np.random.default_rng(0), count=60_000, **options)
    assert many.shape == (60_000, 2, 3 + ends)
    mean = head.mean(params, **options)
    assert mean.shape == (2, 3 + ends)
    assert (abs(many.mean(0) - mean) < 5 * many.std(0) / math.sqrt(60_000)).all()
    assert set(np.unique(many[..., 2:])) == {0, 1}
    # How often a cell is hit, beside the density there.
    low, high = np.array([-0.3, 0.2]), np.array([0.2, 0.7])
    hit = ((many[..., :2] > low) & (many[..., :2] < high)).all(-1).mean(0)
    middle = np.stack(np.meshgrid(*((np.arange(50) + 0.5) / 100 + v for v in low), indexing="ij"), -1)
    for row, share in zip(params, hit, strict=True):
        density = np.zeros((50, 50))
        for pen in itertools.product((0.0, 1.0), repeat=1 + ends):
            y = np.concatenate([middle, np.broadcast_to(pen, (50, 50, 1 + ends))], -1)
            density += np.exp(head.log_prob(row, y, **options))
        assert share == pytest.approx(density.mean() * 0.25, abs=0.003)


def test_bias_and_temperature_narrow_a_component() -> None:
    params, head = one_component(-0.8, 0.0), HEADS["mixture"]
    for told, factor in (({}, 1.0), ({"bias": 1.0}, math.exp(-2)), ({"temperature": 0.25}, 0.25)):
        many = head.sample(params, np.random.default_rng(0), count=50_000, components=1, **told)
        expected = factor * np.array([[0.25, -0.8], [-0.8, 4.0]])
        assert np.cov(many[:, 0], many[:, 1]) == pytest.approx(expected, abs=0.06 * factor)
        assert many[:, :2].mean(0) == pytest.approx([1, -2], abs=0.05)
        assert many[:, 2].mean() == pytest.approx(0.5, abs=0.01)


def test_bias_and_temperature_sharpen_weights_and_the_pen() -> None:
    low, head = -100.0, HEADS["mixture"]
    parts = [[math.log(3), 0], [5, -5], [5, -5], [low, low], [low, low], [0, 0]]
    params = np.array([*np.ravel(parts), math.log(3)])
    for told, first, lifted in (
        ({}, 3 / 4, 3 / 4),
        ({"bias": 1.0}, 9 / 10, 3 / 4),
        ({"temperature": 0.5}, 9 / 10, 9 / 10),
        ({"bias": 1.0, "temperature": 0.5}, 81 / 82, 9 / 10),
    ):
        many = head.sample(params, np.random.default_rng(0), count=30_000, components=2, **told)
        assert (many[:, 0] > 0).mean() == pytest.approx(first, abs=0.012)
        assert many[:, 2].mean() == pytest.approx(lifted, abs=0.012)
        assert abs(abs(many[:, :2]) - 5).max() < 6 * FLOOR
    still = head.sample(params, np.random.default_rng(0), components=2, temperature=0)
    assert np.array_equal(still, [5, 5, 1])


def test_far_points_have_a_log_probability() -> None:
    params, options = mixture(1, 3, False)
    y = np.array([[1e9, -1e9, 1], [0, 1e150, 0], [math.nan, 0, 0]])
    found = HEADS["mixture"].log_prob(params, y, **options)
    assert np.isfinite(found[:2]).all()
    assert found[1] < found[0] < -1e15
    assert np.isnan(found[2])
    wild = HEADS["mixture"].log_prob(params * 1000, y[:1], **options)
    assert np.isfinite(wild).all()
    # As likely as one point can be: all of the weight, the least deviations, the largest correlation.
    most = HEADS["mixture"].log_prob(np.array([0, 0, 0, -1e4, -1e4, 1e4, -1e4]), [0, 0, 0], components=1)
    expected = -math.log(2 * math.pi) - 2 * math.log(FLOOR) - 0.5 * math.log(1 - CORRELATION**2)
    assert most == pytest.approx(expected)


# ---- forecasts, all of them


@pytest.mark.parametrize("name", FORECASTS)
def test_units_shapes_and_order(name: str) -> None:
    params, options = draw(name)
    head, rng = HEADS[name], np.random.default_rng(1)
    loc, scale = rng.normal(size=(5, 3, 2)), rng.uniform(0.5, 20, (5, 1, 2))
    at = {"loc": loc, "scale": scale, **options}
    levels = [0.02, *LEVELS, 0.98]
    q = head.quantile(params, levels, **at)
    assert q.shape == (5, 3, 2, 7)
    assert (np.diff(q, axis=-1) >= 0).all()
    for k, level in enumerate(levels):
        assert np.array_equal(head.quantile(params, level, **at), q[..., k])
    if name != "negative_binomial":
        assert q == pytest.approx(
            loc[..., None] + scale[..., None] * head.quantile(params, levels, **options)
        )
        assert head.mean(params, **at) == pytest.approx(loc + scale * head.mean(params, **options))
        y = rng.normal(size=(5, 3, 2))
        plain = head.log_prob(params, y, **options) - np.log(scale)
        assert head.log_prob(params, loc + scale * y, **at) == pytest.approx(plain)
    # Step h of channel c is read where [horizon, channels, P] has it.
    other = params.reshape(5, 3, 2, -1).copy()
    other[:, 1, 1] += 1.5
    changed = head.mean(other.reshape(5, -1), **at) != head.mean(params, **at)
    expected = np.zeros((5, 3, 2), bool)
    expected[:, 1, 1] = True
    assert np.array_equal(changed, expected)


@pytest.mark.parametrize("name", FORECASTS)
def test_samples_follow_mean_and_quantiles(name: str) -> None:
    params, options = draw(name, rows=2, horizon=2, channels=1, seed=3)
    at = {"scale": 30.0, **({} if name == "negative_binomial" else {"loc": -4.0}), **options}
    head = HEADS[name]
    many = head.sample(params, np.random.default_rng(5), count=40_000, **at)
    assert many.shape == (40_000, 2, 2, 1)
    spread = many.std(0)
    assert (abs(many.mean(0) - head.mean(params, **at)) < 0.03 * spread).all()
    for level in (0.05, 0.5, 0.8):
        q = head.quantile(params, level, **at)
        below, at_most = (many < q).mean(0), (many <= q).mean(0)
        assert (below <= level + 0.01).all()
        assert (at_most >= level - 0.01).all()
    assert head.sample(params, np.random.default_rng(5), **at).shape == (2, 2, 1)


@pytest.mark.parametrize("name", ["quantile", "gaussian", "student_t"])
def test_densities_add_up_to_one_below_each_quantile(name: str) -> None:
    params, options = draw(name, rows=1, horizon=1, channels=1, seed=4)
    head = HEADS[name]
    for level in (0.1, 0.6, 0.9):
        low, high = head.quantile(params, [1e-5, level], scale=2.0, **options)[0, 0, 0]
        y = np.linspace(low, high, 400_001)
        p = np.exp(
            head.log_prob(
                np.broadcast_to(params, (len(y), params.shape[1])), y[:, None, None], scale=2.0, **options
            )
        )
        assert np.trapezoid(p[:, 0, 0], y) == pytest.approx(level, abs=2e-4)


def test_missing_values_have_no_density() -> None:
    for name in FORECASTS:
        params, options = draw(name)
        y = np.full((5, 3, 2), np.nan)
        y[0] = 2
        assert np.array_equal(np.isnan(HEADS[name].log_prob(params, y, **options)), np.isnan(y)), name


# ---- quantile


def test_quantiles_are_sorted_and_met_exactly() -> None:
    params = np.array([[3.0, 1.0, 2.0]])
    q = HEADS["quantile"].quantile(params, [0.1, 0.5, 0.9], levels=(0.1, 0.5, 0.9), loc=10, scale=2)
    assert np.array_equal(q, np.array([[[[12.0, 14.0, 16.0]]]]))


def test_quantile_head_holds_a_gaussian_exactly() -> None:
    normal = NormalDist(1.5, 0.7)
    params = np.array([[normal.inv_cdf(level) for level in LEVELS]])
    head, options = HEADS["quantile"], FORECASTS["quantile"]
    assert head.mean(params, **options).item() == pytest.approx(1.5)
    for level in (0.001, 0.2, 0.6, 0.999):
        assert head.quantile(params, level, **options).item() == pytest.approx(normal.inv_cdf(level))
    for y in (-2.0, 1.4, 1.6, 5.0):
        found = head.log_prob(params, np.array([[[y]]]), **options).item()
        assert found == pytest.approx(math.log(normal.pdf(y)))


def test_mean_of_quantiles_is_their_integral() -> None:
    params = np.array([[-1.0, 0.0, 0.2, 2.0, 7.0]])
    head, options = HEADS["quantile"], FORECASTS["quantile"]
    levels = (np.arange(20_000) + 0.5) / 20_000
    every = _z_at(params, np.array([NormalDist().inv_cdf(v) for v in levels])[:, None], LEVELS)
    assert head.mean(params, **options).item() == pytest.approx(every.mean(), abs=1e-3)


def test_one_level_is_a_point() -> None:
    head = HEADS["quantile"]
    assert head.mean(np.array([[2.0]]), levels=(0.5,), loc=1, scale=3).item() == 7
    assert head.quantile(np.array([[2.0]]), 0.9, levels=(0.5,)).item() == 2


# ---- gaussian, student_t


def test_gaussian() -> None:
    params = np.array([[0.5, raw(2 - FLOOR)]])
    head, normal = HEADS["gaussian"], NormalDist(100 + 10 * 0.5, 20)
    at = {"loc": 100, "scale": 10}
    assert head.mean(params, **at).item() == pytest.approx(105)
    assert head.quantile(params, 0.975, **at).item() == pytest.approx(normal.inv_cdf(0.975))
    assert head.log_prob(params, np.array([[[90.0]]]), **at).item() == pytest.approx(math.log(normal.pdf(90)))
    assert head.quantile(np.array([[0.0, -1000.0]]), 0.975).item() == pytest.approx(1.959964 * FLOOR)


# Two-sided tables of Student's t, to the digits that they print; 2.5 and 1e6 from the series of another program.
@pytest.mark.parametrize(
    ("level", "freedom", "expected"),
    [
        *(
            (0.9, 3, 1.637744),
            (0.95, 3, 2.353363),
            (0.975, 3, 3.182446),
            (0.99, 3, 4.540703),
            (0.995, 3, 5.840909),
        ),
        *((0.9, 5, 1.475884), (0.975, 5, 2.570582), (0.995, 5, 4.032143), (0.9995, 5, 6.868827)),
        *((0.75, 10, 0.699812), (0.9, 10, 1.372184), (0.975, 10, 2.228139), (0.9995, 10, 4.586894)),
        *((0.975, 30, 2.042272), (0.975, 120, 1.979930), (0.995, 120, 2.617421), (0.975, 1e9, 1.959964)),
        *((0.05, 5, -2.015048), (0.5, 4, 0.0)),
    ],
)
def test_student_t_quantiles_are_those_of_the_tables(level: float, freedom: float, expected: float) -> None:
    params = np.array(
        [[0.25, raw(2 - FLOOR), raw(freedom - 2 - FLOOR) if freedom < 100 else freedom - 2 - FLOOR]]
    )
    found = HEADS["student_t"].quantile(params, level, loc=1, scale=10).item()
    assert found == pytest.approx(1 + 10 * (0.25 + 2 * expected), abs=2e-5)


@settings(max_examples=25)
@given(st.floats(1e-4, 0.5 - 1e-6), st.floats(2.001, 1e4), st.booleans())
def test_student_t_quantile_inverts_its_distribution(tail: float, freedom: float, upper: bool) -> None:
    t = special.t_quantile(1 - tail if upper else tail, np.array([freedom]))
    assert (t > 0) == upper
    x, rest = freedom / (freedom + t * t), t * t / (freedom + t * t)
    found = 0.5 * special._beta_below(np.array([freedom / 2]), np.array([0.5]), x, rest)
    assert found == pytest.approx(tail, rel=1e-8)


def test_student_t_quantile_is_found_in_a_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newton's method ends where the steps are the rounding of the sums, which are never exactly nothing."""
    steps, below = 0, special._beta_below

    def counted(*arrays: Any) -> Any:
        nonlocal steps
        steps += 1
        return below(*arrays)

    monkeypatch.setattr(special, "_beta_below", counted)
    freedom = np.linspace(2.001, 1e4, 40)
    for tail in (0.4, 0.05, 1e-3):
        special._t_upper(tail, freedom)
    assert steps < 60
    assert special.t_quantile(0.95, freedom).tolist() == (-special.t_quantile(0.05, freedom)).tolist()


def test_student_t_quantile_near_the_middle() -> None:
    freedom = np.array([2.5, 40.0])
    slope = special.t_quantile(0.5 + 2e-8, freedom) / 2e-8
    assert special.t_quantile(0.5 + 1e-9, freedom) / 1e-9 == pytest.approx(slope, rel=1e-3)
    assert not special.t_quantile(0.5, freedom).any()


def test_student_t_density_of_known_points() -> None:
    # The density of t with 3 degrees of freedom is 2 / (pi sqrt(3) (1 + t^2 / 3)^2).
    params = np.array([[0.0, raw(1 - FLOOR), raw(1 - FLOOR)]])
    for t in (0.0, 1.0, -4.0):
        expected = math.log(2 / (math.pi * math.sqrt(3) * (1 + t * t / 3) ** 2))
        assert HEADS["student_t"].log_prob(params, np.array([[[t]]])).item() == pytest.approx(expected)


# ---- negative binomial


def counts(mean: float, dispersion: float) -> Any:
    return np.array([[raw(mean - SMALL), raw(dispersion - SMALL)]])


@pytest.mark.parametrize(("mean", "dispersion"), [(3.0, 0.5), (0.2, 2.0), (40.0, 0.01)])
def test_negative_binomial_by_its_sum(mean: float, dispersion: float) -> None:
    head, params = HEADS["negative_binomial"], counts(mean, dispersion)
    k = np.arange(400)
    p = np.exp(head.log_prob(np.repeat(params, 400, 0), k[:, None, None]))[:, 0, 0]
    r = 1 / dispersion
    assert p[0] == pytest.approx((r / (r + mean)) ** r)
    assert p[1] == pytest.approx(p[0] * r * mean / (r + mean))
    assert p.sum() == pytest.approx(1)
    assert (k * p).sum() == pytest.approx(mean)
    assert (k * k * p).sum() - mean**2 == pytest.approx(mean + dispersion * mean**2, rel=1e-4)
    for level in (0.01, 0.3, 0.5, 0.77, 0.99):
        expected = int(np.searchsorted(np.cumsum(p), level))
        assert head.quantile(params, level).item() == expected


def test_counts_scale_and_have_no_loc() -> None:
    head, params = HEADS["negative_binomial"], counts(0.5, 0.2)
    assert head.mean(params, scale=40, loc=7).item() == pytest.approx(20)
    assert head.quantile(params, 0.9, scale=40, loc=7).item() == head.quantile(counts(20, 0.2), 0.9).item()
    assert head.sample(params, np.random.default_rng(0), scale=40, loc=7, count=100).min() < 20


def test_counts_of_any_size() -> None:
    level, head = 0.9, HEADS["negative_binomial"]
    params = np.concatenate(
        [counts(0.001, 5), counts(5, 0.001), counts(500, 0.3), np.array([[3e6, raw(0.1)]])]
    )
    q = head.quantile(params, level)[:, 0, 0]
    assert q[0] == 0
    assert q[1] == 8  # Poisson of mean 5: P(K <= 7) = 0.867, P(K <= 8) = 0.932
    assert q[2] == pytest.approx(870, rel=0.03)
    # With large means it is a gamma distribution, here of shape 10: 1.4206 times its mean.
    assert q[3] == pytest.approx(1.4206 * 3e6, rel=1e-4)
    assert np.isnan(head.quantile(np.array([[np.nan, 0.0]]), level)).all()


def test_log_gamma() -> None:
    x = np.concatenate([np.logspace(-9, 9, 500), np.arange(1, 60) / 2])
    expected = np.array([math.lgamma(v) for v in x])
    assert special.lgamma(x) == pytest.approx(expected, rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("q", [0.01, 0.5, 0.99])
def test_large_counts_need_no_search(q, monkeypatch):
    """A made-up file asked for 10,000 terms of a fraction at every step of a search: minutes for one answer."""
    mean, dispersion = np.array([2e6, 1e8]), 1e-6
    searched = special.count_quantile(q, mean, np.full(2, dispersion * (1 + 1e-9)))
    monkeypatch.setattr(special, "_beta_below", None)
    found = special.count_quantile(q, mean, np.full(2, dispersion * (1 - 1e-9)))
    assert found == pytest.approx(searched, abs=2)
    huge = special.count_quantile(q, np.array([1e12]), np.array([1e-9]))
    assert huge == pytest.approx(1e12 + special.NORMAL.inv_cdf(q) * np.sqrt(1e12 + 1e15), rel=1e-8)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_counts_without_a_bound_have_quantiles_too(q):
    """A dispersion that a made-up file may ask for: the search for the count never ended."""
    dispersion = np.array([1e20, 1e30, 1e38])
    found = special.count_quantile(q, np.ones(3), dispersion)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
