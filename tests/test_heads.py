"""Heads: known quantiles, moments of samples, densities that add up to one."""

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto import heads
from hitherto.errors import InputError, UsageError
from hitherto.heads import FLOOR, HEADS, SMALL

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
    every = heads._z_at(params, np.array([NormalDist().inv_cdf(v) for v in levels])[:, None], LEVELS)
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
    t = heads._t_quantile(1 - tail if upper else tail, np.array([freedom]))
    assert (t > 0) == upper
    x, rest = freedom / (freedom + t * t), t * t / (freedom + t * t)
    found = 0.5 * heads._beta_below(np.array([freedom / 2]), np.array([0.5]), x, rest)
    assert found == pytest.approx(tail, rel=1e-8)


def test_student_t_quantile_near_the_middle() -> None:
    freedom = np.array([2.5, 40.0])
    slope = heads._t_quantile(0.5 + 2e-8, freedom) / 2e-8
    assert heads._t_quantile(0.5 + 1e-9, freedom) / 1e-9 == pytest.approx(slope, rel=1e-3)
    assert not heads._t_quantile(0.5, freedom).any()


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
    assert heads._lgamma(x) == pytest.approx(expected, rel=1e-13, abs=1e-13)
