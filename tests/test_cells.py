"""Cells: one step against torch's own cells, against the equations of the papers, and numpy against torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from hitherto.cells import CELLS
from hitherto.errors import UsageError

IN, H, B = 5, 7, 3
# Every row of CELLS with every option that changes its arithmetic.
VARIANTS = [
    ("rnn", {"nonlinearity": "tanh"}),
    ("rnn", {"nonlinearity": "relu"}),
    ("lstm", {}),
    ("lstm", {"proj_size": 4}),
    ("gru", {"reset": "after"}),
    ("gru", {"reset": "before"}),
]
each_variant = pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)


def draw(name, dtype="float64", seed=0, **options):
    """Random params, x and state for a cell, as numpy arrays."""
    cell, rng = CELLS[name], np.random.default_rng(seed)
    shapes = cell.params(IN, H, **options)
    params = {k: rng.normal(size=s).astype(dtype) for k, s in shapes.items()}
    x = rng.normal(size=(B, IN)).astype(dtype)
    sizes = cell.state_sizes(H, **{k: v for k, v in options.items() if k == "proj_size"})
    return cell, params, x, tuple(rng.normal(size=(B, n)).astype(dtype) for n in sizes)


def to_torch(params, x, state):
    return (
        {k: torch.from_numpy(v) for k, v in params.items()},
        torch.from_numpy(x),
        tuple(map(torch.from_numpy, state)),
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("name", "options", "peer"),
    [
        ("rnn", {"nonlinearity": "tanh"}, "rnn_tanh_cell"),
        ("rnn", {"nonlinearity": "relu"}, "rnn_relu_cell"),
        ("lstm", {}, "lstm_cell"),
        ("gru", {}, "gru_cell"),
    ],
)
def test_a_step_is_that_of_torch(name, options, peer, bias):
    cell, params, x, state = draw(name, bias=bias, **options)
    p, x_t, s_t = to_torch(params, x, state)
    flat = [p["weight_ih"], p["weight_hh"], p.get("bias_ih"), p.get("bias_hh")]
    expected = getattr(torch._VF, peer)(x_t, s_t if name == "lstm" else s_t[0], *flat)
    expected = expected if name == "lstm" else (expected,)
    torch.testing.assert_close(
        cell.step(torch, p, x_t, s_t, **options), tuple(expected), rtol=1e-13, atol=1e-13
    )


@each_variant
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("dtype", "tol"), [("float32", 2e-6), ("float64", 1e-14)])
def test_numpy_and_torch_agree_and_keep_the_dtype(name, options, layer_norm, bias, dtype, tol):
    options = options | {"layer_norm": layer_norm, "bias": bias}
    cell, params, x, state = draw(name, dtype, **options)
    ours = cell.step(np, params, x, state, **options)
    theirs = cell.step(torch, *to_torch(params, x, state), **options)
    assert len(ours) == len(cell.states)
    for a, b, s in zip(ours, theirs, state, strict=True):
        assert a.dtype == dtype
        assert a.shape == s.shape
        np.testing.assert_allclose(a, b.numpy(), rtol=tol, atol=tol)


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def test_gru_reset_before_is_the_original_equation():
    cell, p, x, (h,) = draw("gru")
    Wr, Wz, Wn = np.split(p["weight_ih"], 3)
    Ur, Uz, Un = np.split(p["weight_hh"], 3)
    (br, bz, bn), (cr, cz, cn) = np.split(p["bias_ih"], 3), np.split(p["bias_hh"], 3)
    r, z = sigmoid(x @ Wr.T + br + h @ Ur.T + cr), sigmoid(x @ Wz.T + bz + h @ Uz.T + cz)
    n = np.tanh(x @ Wn.T + bn + (r * h) @ Un.T + cn)
    (got,) = cell.step(np, p, x, (h,), reset="before")
    np.testing.assert_allclose(got, (1 - z) * n + z * h, rtol=1e-13)
    assert np.abs(got - cell.step(np, p, x, (h,), reset="after")[0]).max() > 1e-2


@pytest.mark.parametrize("reset", ["after", "before"])
def test_gru_texts_with_z_the_other_way_round_differ_by_its_sign(reset):
    cell, p, x, (h,) = draw("gru")
    Wr, Wz, Wn = np.split(p["weight_ih"], 3)
    Ur, Uz, Un = np.split(p["weight_hh"], 3)
    (br, bz, bn), (cr, cz, cn) = np.split(p["bias_ih"], 3), np.split(p["bias_hh"], 3)
    r, z = sigmoid(x @ Wr.T + br + h @ Ur.T + cr), sigmoid(x @ Wz.T + bz + h @ Uz.T + cz)
    inner = r * (h @ Un.T + cn) if reset == "after" else (r * h) @ Un.T + cn
    text = (1 - z) * h + z * np.tanh(x @ Wn.T + bn + inner)  # h' = (1 - z) h + z n
    ours = {k: v.copy() for k, v in p.items()}
    for v in ours.values():
        v[H : 2 * H] *= -1  # the rows of z
    np.testing.assert_allclose(cell.step(np, ours, x, (h,), reset=reset)[0], text, rtol=1e-12)
    assert np.abs(cell.step(np, p, x, (h,), reset=reset)[0] - text).max() > 1e-2


def test_proj_size_is_that_of_torch():
    cell, params, x, state = draw("lstm", proj_size=4)
    p, x_t, s_t = to_torch(params, x, state)
    peer = torch.nn.LSTM(IN, H, proj_size=4, dtype=torch.float64)
    peer.load_state_dict({f"{k}_l0": v for k, v in p.items()})
    with torch.no_grad():
        _, end = peer(x_t[None], tuple(s[None] for s in s_t))
    got = cell.step(torch, p, x_t, s_t, proj_size=4)
    torch.testing.assert_close(got, tuple(e[0] for e in end))


def test_layer_norm_is_that_of_torch_gate_by_gate():
    cell, params, x, state = draw("lstm", layer_norm=True)
    p, x_t, (h, c) = to_torch(params, x, state)

    def norm(v, scale):
        return torch.cat([F.layer_norm(gate, (H,)) for gate in v.chunk(4, -1)], -1) * scale

    gates = norm(x_t @ p["weight_ih"].T, p["scale_ih"]) + p["bias_ih"]
    gates = gates + norm(h @ p["weight_hh"].T, p["scale_hh"]) + p["bias_hh"]
    i, f, g, o = gates.chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * F.layer_norm(c, (H,), p["scale_c"], p["shift_c"]).tanh()
    torch.testing.assert_close(cell.step(torch, p, x_t, to_torch({}, x, state)[2]), (h, c))


@each_variant
@pytest.mark.parametrize("layer_norm", [False, True])
def test_the_input_may_be_projected_beforehand(name, options, layer_norm):
    options = options | {"layer_norm": layer_norm}
    cell, params, x, state = draw(name, **options)
    gates = cell.project(np, params, x, **options)
    assert gates.shape == (B, len(cell.gates) * H)
    for a, b in zip(
        cell.step(np, params, None, state, gates=gates, **options),
        cell.step(np, params, x, state, **options),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


@each_variant
def test_a_mask_reaches_only_the_recurrent_product(name, options):
    cell, params, x, state = draw(name, **options)
    mask = np.random.default_rng(1).integers(0, 2, state[0].shape) * 2.0
    got = cell.step(np, params, x, state, mask=mask, **options)
    if name == "gru":  # the carried h must stay whole: with U = 0 the mask changes nothing
        params["weight_hh"][:] = 0
        np.testing.assert_array_equal(
            cell.step(np, params, x, state, mask=mask, **options)[0],
            cell.step(np, params, x, state, **options)[0],
        )
        params = draw(name, **options)[1]
        gates = np.array(cell.project(np, params, x, **options))
        H = state[0].shape[-1]
        gates[..., H : 2 * H] = -1e4  # z = 0, so that h' is n alone, which the masked state makes
        got, expected, whole = (
            cell.step(np, params, x, (h,), gates=gates, mask=m, **options)[0]
            for h, m in ((state[0], mask), (state[0] * mask, None), (state[0], None))
        )
        np.testing.assert_array_equal(got, expected)
        assert np.abs(got - whole).max() > 1e-3
    else:
        expected = cell.step(np, params, x, (state[0] * mask, *state[1:]), **options)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(a, b)
        assert np.abs(got[0] - cell.step(np, params, x, state, **options)[0]).max() > 1e-3


@each_variant
@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_leading_axes_are_free(name, options, lead):
    cell, params, _, _ = draw(name, **options)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(*lead, IN))
    state = tuple(rng.normal(size=(*lead, n)) for n in cell.state_sizes(H, **options))
    got = cell.step(np, params, x, state, **options)
    assert [s.shape for s in got] == [s.shape for s in state]
    if lead:
        first = cell.step(np, params, x[0], tuple(s[0] for s in state), **options)
        for a, b in zip(got, first, strict=True):
            np.testing.assert_allclose(a[0], b, rtol=1e-13, atol=1e-13)


@each_variant
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_and_special_values_pass_without_overflow(name, options, dtype):
    cell, params, x, state = draw(name, dtype, **options)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        big = cell.step(np, params, x * 1e4, state, **options)
    assert all(np.isfinite(s).all() for s in big)
    x[0, 0] = np.nan
    got = cell.step(np, params, x, state, **options)
    assert all(np.isnan(s[0]).all() and np.isfinite(s[1:]).all() for s in got)  # only the row that has it


@pytest.mark.parametrize("key", CELLS)
def test_rows_agree_with_themselves(key):
    cell = CELLS[key]
    assert cell.name == key
    plain = cell.params(IN, H, **cell.options)
    assert list(plain) == ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    rows = len(cell.gates) * H
    assert plain == {"weight_ih": (rows, IN), "weight_hh": (rows, H), "bias_ih": (rows,), "bias_hh": (rows,)}
    assert list(cell.params(IN, H, bias=False)) == ["weight_ih", "weight_hh"]
    assert cell.state_sizes(H, **cell.options) == (H,) * len(cell.states)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("rnn", {"nonlinearity": "sine"}, "nonlinearity must be one of 'tanh', 'relu', but came as 'sine'"),
        ("gru", {"reset": "never"}, "reset must be one of 'after', 'before', but came as 'never'"),
        ("lstm", {"proj_size": H}, "proj_size must lie in 0..6, below hidden_size, but came as 7"),
        ("lstm", {"proj_size": -1}, "proj_size must lie in 0..6"),
    ],
)
def test_options_that_do_not_exist_are_refused(name, options, message):
    with pytest.raises(UsageError, match=message):
        CELLS[name].params(IN, H, **options)
    with pytest.raises(TypeError):
        CELLS[name].params(IN, H, unknown=1)
