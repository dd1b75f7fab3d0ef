"""Layers: torch's documented behaviour is the specification, so most tests run its namesake beside ours."""

import abc
import copy
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.ao.quantization import quantize_dynamic
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils import parametrizations, prune
from torch.nn.utils._per_sample_grad import call_for_per_sample_grads
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

import hitherto as ht
from hitherto import native
from hitherto.cells import CELLS, cell_of_kernel
from hitherto.errors import UsageError
from hitherto.model import kernels, normed, recurrent, reference
from hitherto.model.paths import cudnn_unroll

KINDS = ["RNN", "LSTM", "GRU"]
IN, H, T, B = 5, 6, 7, 4
# Every layer with every option that selects other arithmetic in torch.
VARIANTS = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
    ("LSTM", {}),
    ("LSTM", {"proj_size": 3}),
    ("GRU", {}),
]
OURS = [("GRU", {"reset": "before"}), *[(kind, {"layer_norm": True}) for kind in KINDS]]
each_kind = pytest.mark.parametrize("kind", KINDS)
each_variant = pytest.mark.parametrize(("kind", "options"), VARIANTS, ids=str)
each_of_ours = pytest.mark.parametrize(("kind", "options"), VARIANTS + OURS, ids=str)

# torch says of its own path with proj_size that it is not oneDNN's.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")


@pytest.fixture(params=["kernels", "pure"])
def path(request, monkeypatch):
    """Runs a test twice: on the native kernels, and without them."""
    if request.param == "pure":
        monkeypatch.setenv("HITHERTO_PURE", "1")
        monkeypatch.setattr(native, "warn_once", lambda why: None)
    elif not kernels.available():
        pytest.skip(f"no kernels: {kernels.unavailable_reason()}")
    return request.param


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """These sizes gain nothing from threads, and a busy machine would spend its time in barriers."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def pair(kind, dtype=torch.float32, **options):
    """Our layer and torch's with the same weights."""
    theirs = getattr(nn, kind)(IN, H, dtype=dtype, **options)
    ours = getattr(ht, kind)(IN, H, dtype=dtype, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def draw_state(layer, batch=B, **like):
    lead = layer.num_layers * (2 if layer.bidirectional else 1)
    widths = (layer.proj_size or layer.hidden_size, layer.hidden_size)[: 2 if layer.mode == "LSTM" else 1]
    state = tuple(torch.randn(lead, batch, w, **like) for w in widths)
    return state if len(state) == 2 else state[0]


def flat(result):
    """(y, h) or (y, (h, c)), y possibly packed, as a flat list of tensors."""
    y, state = result
    y = y.data if isinstance(y, PackedSequence) else y
    return [y, *(state if isinstance(state, tuple) else (state,))]


def leaf(tensor):
    return tensor.detach().clone().requires_grad_()


def values_and_gradients(layer, x, hx, **more):
    """All that comes out, and the gradients of a fixed random function of it with respect to everything."""
    data = x.data if isinstance(x, PackedSequence) else x
    data = leaf(data)
    hx = tuple(leaf(s) for s in hx) if isinstance(hx, tuple) else leaf(hx) if hx is not None else None
    out = flat(layer(x._replace(data=data) if isinstance(x, PackedSequence) else data, hx, **more))
    generator = torch.Generator().manual_seed(1)
    loss = sum((o * torch.randn(o.shape, generator=generator).to(o)).sum() for o in out)
    states = [] if hx is None else list(hx) if isinstance(hx, tuple) else [hx]
    return out, list(torch.autograd.grad(loss, [data, *states, *layer.parameters()]))


def assert_same(a, b, dtype=torch.float32):
    tol = 2e-5 if dtype == torch.float32 else 1e-11
    torch.testing.assert_close(a, b, rtol=tol, atol=tol)


# --------------------------------------------------------------------------------------- what torch documents


@each_variant
@pytest.mark.parametrize("more", [{}, {"bias": False}, {"num_layers": 2, "bidirectional": True}], ids=str)
def test_parameters_have_torchs_names_order_and_for_one_seed_its_values(kind, options, more):
    torch.manual_seed(3)
    theirs = getattr(nn, kind)(IN, H, **options, **more)
    torch.manual_seed(3)
    ours = getattr(ht, kind)(IN, H, **options, **more)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    for a, b in zip(ours.all_weights, theirs.all_weights, strict=True):
        assert [w.shape for w in a] == [w.shape for w in b]
    assert repr(ours) == repr(theirs)
    torch.manual_seed(4)
    theirs.reset_parameters()
    torch.manual_seed(4)
    ours.reset_parameters()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("RNN", (IN, H, 2, "relu", False, True, 0.5, True)),
        ("LSTM", (IN, H, 2, False, True, 0.5, True, 3)),
        ("GRU", (IN, H, 2, False, True, 0.5, True)),
    ],
)
def test_positional_arguments_stand_in_torchs_order(kind, arguments):
    ours, theirs = getattr(ht, kind)(*arguments), getattr(nn, kind)(*arguments)
    assert repr(ours) == repr(theirs)
    names = [
        "mode",
        "input_size",
        "hidden_size",
        "num_layers",
        "bias",
        "batch_first",
        "dropout",
        "bidirectional",
    ]
    for name in [*names, "proj_size", *(["nonlinearity"] if kind == "RNN" else [])]:
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.flatten_parameters() is None


@each_variant
@pytest.mark.parametrize("hx", [False, True], ids=["zeros", "hx"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"bias": False},
        {"batch_first": True},
        {"bidirectional": True},
        {"num_layers": 2},
        {"num_layers": 3, "bidirectional": True, "batch_first": True, "bias": False},
    ],
    ids=str,
)
def test_values_and_gradients_are_torchs(kind, options, hx, more, path):
    ours, theirs = pair(kind, **options, **more)
    x = torch.randn(B, T, IN) if more.get("batch_first") else torch.randn(T, B, IN)
    state = draw_state(theirs) if hx else None
    got, expected = values_and_gradients(ours, x, state), values_and_gradients(theirs, x, state)
    assert [v.shape for v in got[0]] == [v.shape for v in expected[0]]
    assert_same(got, expected)


@each_variant
@pytest.mark.parametrize("more", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
def test_float64_is_torchs(kind, options, more):
    ours, theirs = pair(kind, torch.float64, **options, **more)
    x, state = torch.randn(T, B, IN, dtype=torch.float64), draw_state(theirs, dtype=torch.float64)
    assert_same(values_and_gradients(ours, x, state), values_and_gradients(theirs, x, state), torch.float64)


@each_variant
@pytest.mark.parametrize("batch_first", [False, True])
def test_unbatched_input_is_torchs(kind, options, batch_first, path):
    ours, theirs = pair(kind, batch_first=batch_first, bidirectional=True, **options)
    x = torch.randn(T, IN)
    state = draw_state(theirs)
    state = tuple(s[:, 0] for s in state) if isinstance(state, tuple) else state[:, 0]
    for hx in (None, state):
        got, expected = values_and_gradients(ours, x, hx), values_and_gradients(theirs, x, hx)
        assert [v.shape for v in got[0]] == [v.shape for v in expected[0]]
        assert_same(got, expected)


LENGTHS = [3, 7, 1, 4]


@each_variant
@pytest.mark.parametrize("enforce_sorted", [False, True])
@pytest.mark.parametrize("more", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
def test_packed_sequences_go_in_and_come_out_as_torchs(kind, options, enforce_sorted, more, path):
    ours, theirs = pair(kind, **options, **more)
    lengths = sorted(LENGTHS, reverse=True) if enforce_sorted else LENGTHS
    packed = pack_padded_sequence(torch.randn(T, B, IN), lengths, enforce_sorted=enforce_sorted)
    for state in (None, draw_state(theirs)):
        assert_same(values_and_gradients(ours, packed, state), values_and_gradients(theirs, packed, state))
    got, expected = ours(packed)[0], theirs(packed)[0]
    assert isinstance(got, PackedSequence)
    for name in ("batch_sizes", "sorted_indices", "unsorted_indices"):
        a, b = getattr(got, name), getattr(expected, name)
        assert a is b is None or torch.equal(a, b)


@each_kind
def test_packed_rows_of_one_length_and_packed_single_rows(kind, path):
    ours, theirs = pair(kind)
    for rows in (
        [torch.randn(4, IN) for _ in range(3)],
        [torch.randn(6, IN)],
        [torch.randn(1, IN) for _ in range(2)],
    ):
        packed = pack_sequence(rows)
        assert_same(values_and_gradients(ours, packed, None), values_and_gradients(theirs, packed, None))


@each_kind
def test_dropout_between_layers_draws_as_torch_does(kind, path):
    ours, theirs = pair(kind, num_layers=3, dropout=0.5)
    x = torch.randn(T, B, IN)
    packed = pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
    for data in (x, packed):
        torch.manual_seed(5)
        got = values_and_gradients(ours, data, None)
        torch.manual_seed(5)
        assert_same(got, values_and_gradients(theirs, data, None))
    ours.eval()
    assert torch.equal(ours(x)[0], ours(x)[0])
    assert_same(ours(x), theirs.eval()(x))
    ours.train()
    assert not torch.equal(ours(x)[0], ours(x)[0])
    ours.dropout = 0.0  # may be changed at any time
    assert_same(ours(x), theirs.eval()(x))


@each_kind
def test_dropout_with_one_layer_warns(kind):
    with pytest.warns(UserWarning, match="num_layers is 1"):
        getattr(ht, kind)(IN, H, dropout=0.5)


@each_kind
def test_gradients_flow_in_eval_mode_too(kind, path):
    ours, theirs = pair(kind)
    x = torch.randn(T, B, IN)
    assert_same(values_and_gradients(ours.eval(), x, None), values_and_gradients(theirs.eval(), x, None))
    with torch.no_grad():
        assert not ours(x)[0].requires_grad
    with torch.inference_mode():
        assert_same(ours(x)[0], theirs(x)[0])


# What torch refuses, as arguments of the layer and of the call.
def _bad_calls(kind):
    x, two = torch.randn(T, B, IN), kind == "LSTM"
    state = (lambda *s: (torch.zeros(*s), torch.zeros(*s))) if two else torch.zeros
    return [
        (x[None], None),  # 4-D
        (x[0, 0], None),  # 1-D
        (x[..., 1:], None),  # features
        (x[:, 0, 1:], None),
        (x.double(), None),  # dtype
        (x, state(1, B, H + 1)),
        (x, state(2, B, H)),
        (x, state(1, B + 1, H)),
        (x, state(B, H)),  # 2-D state for a batch
        (x[:, 0], state(1, 1, H)),  # 3-D state for a single row
    ]


@each_kind
@pytest.mark.parametrize("case", range(10))
def test_wrong_tensors_are_refused_with_torchs_kind_of_error(kind, case, path):
    ours, theirs = pair(kind)
    x, hx = _bad_calls(kind)[case]
    with pytest.raises((ValueError, RuntimeError)) as expected:
        theirs(x, hx)
    with pytest.raises(type(expected.value), match=r"expects|does not match weight dtype") as got:
        ours(x, hx)
    assert isinstance(got.value, UsageError)


@each_kind
def test_a_malformed_packed_sequence_is_refused(kind, path):
    layer, x = getattr(ht, kind)(IN, H), torch.randn(6, IN)
    with pytest.raises(UsageError, match="expects 5 features"):  # torch.nn.LSTM computes something from these
        layer(pack_sequence([torch.randn(T, IN - 1)]))
    for sizes in ([3, 2], [2, 4], [7, -1], [3, 3, 0], []):
        with pytest.raises(UsageError, match="batch_sizes that fall and sum up to N"):
            layer(PackedSequence(x, torch.tensor(sizes, dtype=torch.int64)))


@each_kind
@pytest.mark.parametrize(
    "options",
    [
        {"input_size": 0},
        {"hidden_size": 0},
        {"num_layers": 0},
        {"input_size": 1.5},
        {"hidden_size": "6"},
        {"bias": 1},
        {"batch_first": None},
        {"dropout": 1.5},
        {"dropout": True},
    ],
    ids=str,
)
def test_wrong_options_are_refused_with_torchs_kind_of_error(kind, options):
    options = {"input_size": IN, "hidden_size": H} | options
    with pytest.raises((ValueError, TypeError)) as expected:
        getattr(nn, kind)(**options)
    with pytest.raises(type(expected.value), match=re.escape(str(expected.value))):
        getattr(ht, kind)(**options)


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match=r"Unknown nonlinearity 'sine'. Select from 'tanh' or 'relu'"):
        ht.RNN(IN, H, nonlinearity="sine")
    with pytest.raises(ValueError, match="reset must be 'after' or 'before'"):
        ht.GRU(IN, H, reset="never")
    for proj_size in (H, -1):
        with pytest.raises(ValueError, match="proj_size must lie in"):
            ht.LSTM(IN, H, proj_size=proj_size)
    with pytest.raises(ValueError, match="forget_bias needs a bias"):
        ht.LSTM(IN, H, bias=False, forget_bias=1.0)
    with pytest.raises(ValueError, match="chrono needs a bias"):
        ht.GRU(IN, H, bias=False, chrono=10)
    for chrono in (1, float("nan"), float("inf"), True, "10"):
        with pytest.raises(ValueError, match="chrono is a number of steps to remember, 2 or more"):
            ht.LSTM(IN, H, chrono=chrono)
    with pytest.raises(ValueError, match="chrono and forget_bias set the same biases"):
        ht.LSTM(IN, H, chrono=10, forget_bias=1.0)
    with pytest.raises(TypeError, match=r"expects its initial state as a tuple \(h, c\), but got Tensor"):
        ht.LSTM(IN, H)(torch.randn(T, B, IN), torch.zeros(1, B, H))
    with pytest.raises(TypeError, match="expects its initial state as a tensor h, but got tuple"):
        ht.GRU(IN, H)(torch.randn(T, B, IN), (torch.zeros(1, B, H),))


# ---------------------------------------------------------------------------------------------------- lengths


@each_of_ours
@pytest.mark.parametrize("batch_first", [False, True])
def test_lengths_equal_each_row_alone(kind, options, batch_first, path):
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True, batch_first=batch_first, **options)
    x, state = torch.randn(T, B, IN), draw_state(layer)
    lengths = [4, 0, 7, 2]
    y, end = layer(x.transpose(0, 1) if batch_first else x, state, lengths=lengths)
    y = y.transpose(0, 1) if batch_first else y
    ends = end if isinstance(end, tuple) else (end,)
    states = state if isinstance(state, tuple) else (state,)
    for b, n in enumerate(lengths):
        assert (y[n:, b] == 0).all()
        if n == 0:
            assert all(torch.equal(e[:, b], s[:, b]) for e, s in zip(ends, states, strict=True))
            continue
        own = tuple(s[:, b : b + 1] for s in states)
        row = x[:n, b : b + 1]
        alone = flat(layer(row.transpose(0, 1) if batch_first else row, own if kind == "LSTM" else own[0]))
        alone[0] = alone[0].transpose(0, 1) if batch_first else alone[0]
        assert_same([y[:n, b : b + 1], *(e[:, b : b + 1] for e in ends)], alone)


@each_variant
@pytest.mark.parametrize("batch_first", [False, True])
def test_lengths_equal_packing_in_values_and_gradients(kind, options, batch_first, path):
    ours, theirs = pair(kind, num_layers=2, bidirectional=True, batch_first=batch_first, **options)
    x = torch.randn(B, T, IN) if batch_first else torch.randn(T, B, IN)

    class Packing(nn.Module):
        def forward(self, x, hx):
            packed = pack_padded_sequence(x, LENGTHS, batch_first, enforce_sorted=False)
            y, end = theirs(packed, hx)
            return pad_packed_sequence(y, batch_first)[0], end

        def parameters(self, recurse=True):
            return theirs.parameters()

    state = draw_state(theirs)
    assert_same(
        values_and_gradients(ours, x, state, lengths=LENGTHS), values_and_gradients(Packing(), x, state)
    )


@each_kind
def test_lengths_come_in_any_integer_form(kind, path):
    layer, x = getattr(ht, kind)(IN, H), torch.randn(T, B, IN)
    expected = layer(x, lengths=LENGTHS)
    frozen = np.array(LENGTHS)
    frozen.setflags(write=False)
    for lengths in (
        tuple(LENGTHS),
        torch.tensor(LENGTHS),
        torch.tensor(LENGTHS, dtype=torch.int32),
        torch.tensor(LENGTHS, dtype=torch.uint8),
        frozen,
    ):
        torch.testing.assert_close(layer(x, lengths=lengths), expected, rtol=0, atol=0)
    assert_same(layer(x, lengths=[T] * B), layer(x))
    assert_same(layer(x[:, 0], lengths=3)[0][:3], layer(x[:3, 0])[0])
    assert_same(layer(x[:, 0], lengths=[3])[1], layer(x[:3, 0])[1])


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 2, 3], r"one length for each of 4 rows, but came with shape \(3,\)"),
        ([[1, 2, 3, 4]], r"came with shape \(1, 4\)"),
        ([1, 2, 3, 8], r"must lie in 0\.\.7, the steps of the batch, but reach from 1 to 8"),
        ([1, 2, -1, 4], r"must lie in 0\.\.7"),
        ([1.0, 2.0, 3.0, 4.0], r"must be integers, one for each row, but came as torch\.float32"),
        ([True, True, False, True], r"must be integers"),
    ],
)
def test_wrong_lengths_are_refused(lengths, message):
    layer, x = ht.GRU(IN, H), torch.randn(T, B, IN)
    for given_as in (lengths, torch.tensor(lengths)):
        with pytest.raises(UsageError, match=message):
            layer(x, lengths=given_as)
    with pytest.raises(UsageError, match="A PackedSequence knows its lengths"):
        layer(pack_sequence([x[:, 0]]), lengths=[T])


@each_kind
def test_padding_is_never_read_and_gets_no_gradient(kind, path):
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True)
    x = torch.randn(T, B, IN)
    clean = values_and_gradients(layer, x, None, lengths=LENGTHS)
    for b, n in enumerate(LENGTHS):
        x[n:, b] = float("nan")
        assert (clean[1][0][n:, b] == 0).all()
    torch.testing.assert_close(values_and_gradients(layer, x, None, lengths=LENGTHS), clean, rtol=0, atol=0)


@given(
    kind=st.sampled_from(KINDS),
    batch_first=st.booleans(),
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=6),
    extra=st.integers(0, 2),
)
def test_any_lengths_equal_packing_the_rows_that_exist(kind, batch_first, lengths, extra):
    ours, theirs = pair(kind, batch_first=batch_first, bidirectional=True)
    steps = max(lengths) + extra
    x = torch.randn(len(lengths), steps, IN)
    y, end = ours(x if batch_first else x.transpose(0, 1), lengths=lengths)
    y = y if batch_first else y.transpose(0, 1)
    assert y.shape == (len(lengths), steps, 2 * H)
    real = [b for b, n in enumerate(lengths) if n]
    h = end[0] if kind == "LSTM" else end
    if real:
        packed = pack_sequence([x[b, : lengths[b]] for b in real], enforce_sorted=False)
        expected_y, expected_end = theirs(packed)
        padded = pad_packed_sequence(expected_y, batch_first=True, total_length=steps)[0]
        assert_same(y[real], padded)
        assert_same(h[:, real], expected_end[0] if kind == "LSTM" else expected_end)
    empty = [b for b, n in enumerate(lengths) if not n]
    assert (y[empty] == 0).all()
    assert (h[:, empty] == 0).all()


# --------------------------------------------------------------------------------------------- nothing at all


@each_of_ours
@pytest.mark.parametrize(
    ("shape", "lengths"),
    [
        ((0, B, IN), None),
        ((T, 0, IN), None),
        ((0, 0, IN), None),
        ((T, B, IN), [0] * B),
        ((T, 0, IN), []),
        ((0, IN), None),
    ],
    ids=str,
)
def test_no_steps_and_no_rows_are_defined(kind, options, shape, lengths, path):
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True, **options)
    x = torch.randn(*shape)
    state = draw_state(layer, shape[1]) if len(shape) == 3 else draw_state(layer, 1)
    if len(shape) == 2:
        state = tuple(s[:, 0] for s in state) if isinstance(state, tuple) else state[:, 0]
    (y, *ends), gradients = values_and_gradients(layer, x, state, lengths=lengths)
    assert y.shape == (*shape[:-1], 2 * (options.get("proj_size") or H))
    assert (y == 0).all()
    states = state if isinstance(state, tuple) else (state,)
    for end, start in zip(ends, states, strict=True):
        assert torch.equal(end, start)
    assert (gradients[0] == 0).all()
    assert all((g == 0).all() for g in gradients[1 + len(states) :])


# -------------------------------------------------------------------------------------------- our own options


@each_of_ours
def test_stepping_equals_unrolling(kind, options, path):
    layer = getattr(ht, kind)(IN, H, 2, **options)
    x = torch.randn(T, B, IN)
    whole, end = layer(x)
    for cuts in ([1] * T, [3, 4], [0, 2, 5]):
        state, parts = None, []
        for part in x.split(cuts):
            y, state = layer(part, state)
            parts.append(y)
        assert_same(torch.cat(parts), whole)
        assert_same(state, end)


@each_of_ours
def test_a_layer_is_its_cell_step_by_step(kind, options, path):
    layer = getattr(ht, kind)(IN, H, **options)
    cell = CELLS[kind.lower()]
    params = {k.removesuffix("_l0"): v.detach().double().numpy() for k, v in layer.named_parameters()}
    x, state = torch.randn(T, B, IN), draw_state(layer)
    y, end = layer(x, state)
    now = tuple(s[0].double().numpy() for s in (state if isinstance(state, tuple) else (state,)))
    for t in range(T):
        now = cell.step(np, params, x[t].double().numpy(), now, **options)
        assert_same(y[t].detach(), torch.from_numpy(now[0]).float())
    for a, b in zip(end if isinstance(end, tuple) else (end,), now, strict=True):
        assert_same(a[0].detach(), torch.from_numpy(b).float())


@each_kind
def test_residual_adds_a_layers_input_where_the_sizes_match(kind, path):
    torch.manual_seed(7)
    plain = getattr(ht, kind)(IN, H, 3)
    layer = getattr(ht, kind)(IN, H, 3, residual=True)
    layer.load_state_dict(plain.state_dict())
    x, y = torch.randn(T, B, IN), None
    inner, ends = x, []
    for n in range(3):
        single = getattr(ht, kind)(IN if n == 0 else H, H)
        single.load_state_dict(
            {k.replace(f"_l{n}", "_l0"): v for k, v in plain.state_dict().items() if f"_l{n}" in k}
        )
        y, end = single(inner)
        inner = y + inner if n else y  # the first layer changes the size
        ends.append(end)
    got, end = layer(x)
    assert_same(got, inner)
    expected = tuple(map(torch.cat, zip(*ends, strict=True))) if kind == "LSTM" else torch.cat(ends)
    assert_same(end, expected)  # the state stays the cell's own


@each_kind
def test_recurrent_dropout_is_one_mask_a_sequence_on_h(kind):
    layer = getattr(ht, kind)(IN, H, recurrent_dropout=0.5)
    plain = getattr(ht, kind)(IN, H)
    plain.load_state_dict(layer.state_dict())
    x, state = torch.randn(T, 1, IN), draw_state(layer, 1)
    torch.manual_seed(9)
    y, end = layer(x, state)
    torch.manual_seed(9)
    mask = nn.functional.dropout(torch.ones(1, H), 0.5)[0]
    assert 0 < (mask == 0).sum() < H
    with torch.no_grad():  # one row has one mask for all steps: as if the columns of U were scaled once
        plain.weight_hh_l0 *= mask
    assert_same((y, end), plain(x, state))
    layer.eval()
    plain.load_state_dict(layer.state_dict())
    assert_same(layer(x, state), plain(x, state))
    with pytest.raises(UsageError, match=r"recurrent_dropout should be a number in range \[0, 1\].*as 2"):
        getattr(ht, kind)(IN, H, recurrent_dropout=2)


@each_kind
def test_recurrent_dropout_goes_with_lengths_and_layers(kind):
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True, recurrent_dropout=1.0, bias=False)
    layer_without_u = getattr(ht, kind)(IN, H, 2, bidirectional=True, bias=False)
    weights = {k: torch.zeros_like(v) if "weight_hh" in k else v for k, v in layer.state_dict().items()}
    layer_without_u.load_state_dict(weights)
    x = torch.randn(T, B, IN)
    assert_same(layer(x, lengths=LENGTHS), layer_without_u(x, lengths=LENGTHS))


@each_of_ours
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
def test_recurrent_dropout_draws_and_computes_the_same_on_every_path(kind, options, lengths, monkeypatch):
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True, recurrent_dropout=0.5, **options)
    monkeypatch.setattr(native, "warn_once", lambda why: None)
    x, found = torch.randn(T, B, IN, requires_grad=True), []
    for pure, again in (("", False), ("", True), ("1", True)):  # natively; with a gradient of the gradient
        monkeypatch.setenv("HITHERTO_PURE", pure)
        torch.manual_seed(3)
        out = flat(layer(x, lengths=lengths))
        gradients = torch.autograd.grad(
            sum(v.square().sum() for v in out), [x, *layer.parameters()], create_graph=again
        )
        second = torch.autograd.grad(sum(g.square().sum() for g in gradients), x) if again else ()
        found.append([*out, *gradients, *second])
    # What is normalised over six units may be divided by next to nothing, twice in a gradient of the gradient.
    loose = 50 if "layer_norm" in options else 1
    torch.testing.assert_close(found[0], found[1][: len(found[0])], rtol=2e-5 * loose, atol=2e-5 * loose)
    torch.testing.assert_close(found[1], found[2], rtol=1e-4 * loose, atol=1e-4 * loose)


@each_kind
def test_recurrent_dropout_is_one_node_of_a_compiled_graph(kind):
    if not kernels.available():
        pytest.skip("no kernels")
    torch._dynamo.reset()
    layer, x = getattr(ht, kind)(IN, H, recurrent_dropout=1.0), torch.randn(T, B, IN)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    results = []
    for module in (compiled, layer):
        out = module(x)
        results.append([*flat(out), *torch.autograd.grad(out[0].square().sum(), list(layer.parameters()))])
    assert_same(*results)


@each_kind
def test_initialisation_options(kind):
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True, orthogonal=True)
    for name, w in layer.named_parameters():
        if "weight_hh" in name:
            for gate in w.detach().split(H):
                torch.testing.assert_close(gate @ gate.T, torch.eye(H), rtol=1e-5, atol=1e-5)
        else:
            assert w.abs().max() <= H**-0.5
    normed = getattr(ht, kind)(IN, H, layer_norm=True)
    assert all((w == 1).all() for name, w in normed.named_parameters() if name.startswith("scale"))
    assert all((w == 0).all() for name, w in normed.named_parameters() if name.startswith("shift"))
    assert "layer_norm=True" in repr(normed)
    assert "orthogonal=True" in repr(layer)


def test_forget_bias_is_the_sum_of_both_biases():
    for module in (ht.LSTM(IN, H, 2, forget_bias=1.5), ht.LSTMCell(IN, H, forget_bias=1.5)):
        held = dict(module.named_parameters())
        for name in [n for n in held if n.startswith("bias_ih")]:
            total = held[name] + held[name.replace("ih", "hh")]
            assert (total[H : 2 * H] == 1.5).all()
            assert not (total[:H] == 1.5).any()
    projected = ht.LSTM(IN, H, proj_size=3, orthogonal=True)
    gate = projected.weight_hh_l0.detach()[:H]  # [H, P]: orthonormal columns
    torch.testing.assert_close(gate.T @ gate, torch.eye(3), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["LSTM", "LSTMCell", "GRU", "GRUCell"])
def test_chrono_opens_the_gate_that_keeps_for_so_many_steps(kind):
    torch.manual_seed(3)
    module = getattr(ht, kind)(IN, 400, chrono=50)
    held = dict(module.named_parameters())
    (name,) = (n for n in held if n.startswith("bias_ih"))
    gates = (held[name] + held[name.replace("ih", "hh")]).detach().split(400)
    keeps = gates[1]  # f of i f g o, z of r z n
    steps = keeps.exp()  # a gate of sigmoid(log s) halves in about s steps
    assert 1 <= steps.min() < 2
    assert 48 < steps.max() <= 49
    assert 23 < steps.mean() < 27
    if kind.startswith("LSTM"):
        assert torch.equal(gates[0], -keeps)
    others = gates[2:] if kind.startswith("LSTM") else (gates[0], gates[2])
    assert all(abs(gate).max() <= 2 * 400**-0.5 for gate in others)
    assert "chrono=50" in repr(module)


# ------------------------------------------------------------------------------------------------------ cells


CELL_VARIANTS = [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("LSTMCell", {}), ("GRUCell", {})]


@pytest.mark.parametrize(("kind", "options"), CELL_VARIANTS, ids=str)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cells_are_torchs(kind, options, bias, dtype, path):
    torch.manual_seed(2)
    theirs = getattr(nn, kind)(IN, H, bias, dtype=dtype, **options)
    torch.manual_seed(2)
    ours = getattr(ht, kind)(IN, H, bias, dtype=dtype, **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    for lead in ((B,), (), (0,)):
        state = tuple(torch.randn(*lead, H, dtype=dtype, requires_grad=True) for _ in range(2))
        state = state if kind == "LSTMCell" else state[0]
        x = torch.randn(*lead, IN, dtype=dtype, requires_grad=True)
        for hx in (None, state):
            got, expected = ours(x, hx), theirs(x, hx)
            assert_same(got, expected, dtype)
            one, other = (sum(s.sum() for s in v) if kind == "LSTMCell" else v.sum() for v in (got, expected))
            wanted = [x, *ours.parameters()], [x, *theirs.parameters()]
            assert_same(torch.autograd.grad(one, wanted[0]), torch.autograd.grad(other, wanted[1]), dtype)


@pytest.mark.parametrize(("kind", "options"), [*CELL_VARIANTS, ("GRUCell", {"reset": "before"})], ids=str)
@pytest.mark.parametrize("layer_norm", [False, True])
def test_cells_step_as_layers_unroll(kind, options, layer_norm, path):
    cell = getattr(ht, kind)(IN, H, layer_norm=layer_norm, **options)
    layer = getattr(ht, kind.removesuffix("Cell"))(IN, H, layer_norm=layer_norm, **options)
    layer.load_state_dict({f"{k}_l0": v for k, v in cell.state_dict().items()})
    x, state = torch.randn(T, B, IN), None
    for t in range(T):
        state = cell(x[t], state)
    end = layer(x)[1]
    assert_same(state, tuple(s[0] for s in end) if kind == "LSTMCell" else end[0])


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
def test_cells_refuse_wrong_tensors_with_torchs_kind_of_error(kind, path):
    ours, theirs = getattr(ht, kind)(IN, H), getattr(nn, kind)(IN, H)
    x = torch.randn(B, IN)
    wrap = (lambda s: (s, s)) if kind == "LSTMCell" else lambda s: s
    for bad, hx in (
        (x[None], None),
        (x[:, 1:], None),
        (x, wrap(torch.zeros(B, H + 1))),
        (x, wrap(torch.zeros(B + 1, H))),
        (x, wrap(torch.zeros(1, B, H))),
    ):
        with pytest.raises((ValueError, RuntimeError)) as expected:
            theirs(bad, hx)
        with pytest.raises(type(expected.value), match=r"expects|doesn't match"):
            ours(bad, hx)


# -------------------------------------------------------------------------------------- as a citizen of torch


@each_variant
def test_state_dicts_go_through_safetensors_both_ways(kind, options, tmp_path):
    ours, theirs = pair(kind, num_layers=2, bidirectional=True, **options)
    x = torch.randn(T, B, IN)
    for source, target in ((ours, theirs), (theirs, ours)):
        source.reset_parameters()
        safetensors.torch.save_file(source.state_dict(), tmp_path / "weights.safetensors")
        target.load_state_dict(safetensors.torch.load_file(tmp_path / "weights.safetensors"))
        assert_same(source(x), target(x))


@each_of_ours
def test_copies_are_equal_and_independent(kind, options, path):
    layer, x = getattr(ht, kind)(IN, H, **options), torch.randn(T, B, IN)
    before = layer(x)
    other = copy.deepcopy(layer)
    torch.testing.assert_close(other(x), before, rtol=0, atol=0)
    with torch.no_grad():
        for p in other.parameters():
            p.add_(1)
    torch.testing.assert_close(layer(x), before, rtol=0, atol=0)
    assert not torch.equal(other(x)[0], before[0])


@each_kind
def test_weights_are_read_anew_by_every_call(kind, path):
    ours, theirs = pair(kind)
    x = torch.randn(T, B, IN)
    ours(x)
    new = nn.Parameter(torch.randn_like(ours.weight_hh_l0))
    ours.weight_hh_l0 = new
    theirs.weight_hh_l0 = new
    assert_same(ours(x), theirs(x))
    with torch.no_grad():
        new.mul_(0.5)  # in place, as an optimiser does
    assert_same(ours(x), theirs(x))
    assert_same(ours.double()(x.double()), theirs.double()(x.double()), torch.float64)
    assert_same(ours.float()(x), theirs.float()(x))
    empty = getattr(ht, kind)(IN, H, device="meta").to_empty(device="cpu")
    empty.load_state_dict(ours.state_dict())
    assert_same(empty(x), theirs(x))


@each_kind
def test_pruning_and_parametrizations(kind, path):
    ours, theirs = pair(kind)
    x = torch.randn(T, B, IN)
    for layer in (ours, theirs):
        prune.l1_unstructured(layer, "weight_hh_l0", amount=0.5)
    assert_same(values_and_gradients(ours, x, None), values_and_gradients(theirs, x, None))
    ours, _ = pair(kind)
    plain = copy.deepcopy(ours)
    parametrizations.weight_norm(ours, "weight_ih_l0")
    with torch.no_grad():
        ours.parametrizations.weight_ih_l0.original0.mul_(2)
        plain.weight_ih_l0.mul_(2)
    assert_same(ours(x), plain(x))


@each_kind
def test_weights_of_a_wrong_shape_or_dtype_never_reach_a_kernel(kind, path):
    layer, x = getattr(ht, kind)(IN, H), torch.randn(T, B, IN)
    for wrong in (torch.zeros(2, 2), layer.weight_hh_l0.detach().double()):
        with pytest.raises(RuntimeError):
            torch.func.functional_call(layer, {"weight_hh_l0": wrong}, (x,))


@each_kind
@pytest.mark.parametrize(
    "subset", [(), ("x",), ("weight_hh_l0",), ("bias_ih_l0", "bias_hh_l0_reverse"), ("h", "weight_ih_l0")]
)
def test_any_subset_may_require_a_gradient(kind, subset, path):
    ours, theirs = pair(kind, bidirectional=True)
    x, state = torch.randn(T, B, IN), draw_state(ours)
    results = []
    for layer in (ours, theirs):
        data, h = x.clone().requires_grad_("x" in subset), state[0] if kind == "LSTM" else state
        h = h.clone().requires_grad_("h" in subset)
        for name, p in layer.named_parameters():
            p.requires_grad_(name in subset)
        y, _ = layer(data, (h, state[1]) if kind == "LSTM" else h)
        assert y.requires_grad == bool(subset)
        if subset:
            y.square().sum().backward()
        leaves = {"x": data, "h": h, **dict(layer.named_parameters())}
        assert {name for name, v in leaves.items() if v.grad is not None} == set(subset)
        results.append([leaves[name].grad for name in subset])
    assert_same(*results)


@each_of_ours
@pytest.mark.parametrize("lengths", [None, [2, 0, 3]])
def test_gradcheck(kind, options, lengths):
    layer = getattr(ht, kind)(
        2,
        3,
        bidirectional=True,
        dtype=torch.float64,
        **(options | {"proj_size": 2} if "proj_size" in options else options),
    )
    names = [name for name, _ in layer.named_parameters()]
    x = torch.randn(3, 3, 2, dtype=torch.float64)
    state = draw_state(layer, 3, dtype=torch.float64)
    states = state if isinstance(state, tuple) else (state,)

    def run(x, *rest):
        s, weights = rest[: len(states)], rest[len(states) :]
        call = (x, s if kind == "LSTM" else s[0])
        return tuple(
            flat(
                torch.func.functional_call(
                    layer, dict(zip(names, weights, strict=True)), call, {"lengths": lengths}
                )
            )
        )

    inputs = [leaf(v) for v in (x, *states, *layer.parameters())]
    assert torch.autograd.gradcheck(run, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(run, inputs, fast_mode=True)


@each_kind
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_double_backward_is_the_references(kind, lengths, path):
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True)
    exact = copy.deepcopy(layer).double()
    x = torch.randn(T, B, IN)
    found = []
    for module, data in ((layer, leaf(x)), (exact, leaf(x.double()))):
        y = module(data, lengths=lengths)[0]
        first = torch.autograd.grad(y.square().sum(), [data, *module.parameters()], create_graph=True)
        penalty = sum(g.square().sum() for g in first)
        found.append([g.double() for g in torch.autograd.grad(penalty, [data, *module.parameters()])])
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-3)


@each_kind
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch's forward mode uses it
def test_vmap_and_func_transforms(kind, path):
    layer = getattr(ht, kind)(IN, H, 2)
    weights = dict(layer.named_parameters())
    x = torch.randn(3, T, B, IN)
    assert_same(torch.vmap(lambda v: layer(v)[0])(x), torch.stack([layer(v)[0] for v in x]))
    assert_same(
        torch.vmap(lambda v: layer(v, lengths=LENGTHS)[0])(x),
        torch.stack([layer(v, lengths=LENGTHS)[0] for v in x]),
    )

    def loss(weights, row):  # row: [T, I]
        return torch.func.functional_call(layer, weights, (row,))[0].square().sum()

    rows = x[0].transpose(0, 1)  # [B, T, I]
    per_row = torch.vmap(torch.func.grad(loss), (None, 0))(weights, rows)
    for name, p in weights.items():
        expected = torch.stack([torch.autograd.grad(loss(weights, row), p)[0] for row in rows])
        assert_same(per_row[name], expected)
    direction = torch.randn_like(x[0])
    _, forward_mode = torch.func.jvp(lambda v: layer(v)[0], (x[0],), (direction,))
    close = (layer(x[0] + 1e-2 * direction)[0] - layer(x[0] - 1e-2 * direction)[0]) / 2e-2
    torch.testing.assert_close(forward_mode, close, rtol=1e-2, atol=1e-3)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x[0], direction)
        tangent = torch.autograd.forward_ad.unpack_dual(layer(dual)[0]).tangent
    assert_same(tangent, forward_mode)


@each_kind
def test_functional_call_with_several_sets_of_weights(kind, path):
    several = [getattr(ht, kind)(IN, H) for _ in range(3)]
    params, buffers = torch.func.stack_module_state(several)
    x = torch.randn(T, B, IN)
    got = torch.vmap(lambda p, b: torch.func.functional_call(several[0], (p, b), (x,))[0])(params, buffers)
    assert_same(got, torch.stack([layer(x)[0] for layer in several]))
    other = dict(several[1].named_parameters())
    assert_same(torch.func.functional_call(several[0], other, (x,)), several[1](x))


@each_kind
@pytest.mark.parametrize("cell", ["", "Cell"])
def test_compile_traces_without_a_break(kind, cell, path):
    torch._dynamo.reset()
    layer = getattr(ht, kind + cell)(IN, H)
    x = torch.randn(B, IN) if cell else torch.randn(T, B, IN)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)

    def gradients(module):
        out = module(x)
        out = out if cell and kind != "LSTM" else out[0]
        return out, torch.autograd.grad(out.square().sum(), list(layer.parameters()))

    assert_same(gradients(compiled), gradients(layer))


@each_kind
def test_export_keeps_batch_and_time_free(kind):
    if not kernels.available():
        pytest.skip("the reference unrolls its steps, so an exported T is fixed")
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True, batch_first=True)
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    program = torch.export.export(layer, (torch.randn(B, T, IN),), dynamic_shapes=(free,))
    assert any("hitherto.unroll" in str(node.target) for node in program.graph.nodes)
    for shape in ((B, T), (2, 11)):
        x = torch.randn(*shape, IN)
        assert_same(program.module()(x), layer(x))


@each_of_ours
def test_export_of_the_reference(kind, options):
    layer = getattr(ht, kind)(IN, H, dtype=torch.float64, **options)
    x = torch.randn(T, B, IN, dtype=torch.float64)
    program = torch.export.export(layer, (x,))
    assert_same(program.module()(x), layer(x), torch.float64)


@each_kind
@pytest.mark.parametrize("cell", ["", "Cell"])
def test_autocast_computes_in_bfloat16(kind, cell, path):
    layer = getattr(ht, kind + cell)(IN, H)
    x = torch.randn(B, IN) if cell else torch.randn(T, B, IN)
    exact = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        said = ht.explain_path(layer, x)
        rounds = kernels.multiplies_bfloat16()
        assert cell or said.startswith("kernels: products in bfloat16" if rounds else "reference: ")
        rough = layer(x)
        state = rough if cell else rough[1]
        again = layer(x, state)  # a bfloat16 state goes back in
    a, b = (v if cell and kind != "LSTM" else v[0] for v in (rough, exact))
    assert a.dtype == torch.bfloat16
    assert (again if cell and kind != "LSTM" else again[0]).dtype == torch.bfloat16
    torch.testing.assert_close(a.float(), b, rtol=0.05, atol=0.05)
    a.float().square().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in layer.parameters())
    with torch.autocast("cpu", enabled=False):
        assert_same(layer(x), exact)


class Rows(Dataset):
    """Runs a layer where a data loader's worker runs it."""

    def __init__(self, kind):
        torch.manual_seed(0)
        self.layer = getattr(ht, kind)(IN, H)

    def __len__(self):
        return 3

    def __getitem__(self, n):
        with torch.no_grad():
            x = torch.full((T, IN), float(n))
            return self.layer(x)[0]


@pytest.mark.parametrize("context", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_data_loader_workers(context):
    torch.set_num_threads(2)
    rows = Rows("LSTM")
    x = torch.randn(64, 32, IN)
    rows.layer(x)  # threads of this process have run before
    expected = torch.stack([rows[n] for n in range(3)])
    got = torch.cat(list(DataLoader(rows, num_workers=1, multiprocessing_context=context)))
    assert_same(got, expected)
    rows.layer(x)
    torch.set_num_threads(1)


# ------------------------------------------------------------- tensors whose bytes are not their numbers


def strange(how, t):
    """A tensor with the numbers of t that lie elsewhere, or otherwise."""
    return {
        "negated": lambda: torch._neg_view(-t),
        "imaginary": lambda: torch.complex(torch.zeros_like(t), -t).conj().imag,
        "wrapped": lambda: TwoTensor(t, t.clone()),
    }[how]()


def plain(t):
    return t.a if isinstance(t, TwoTensor) else t


@each_kind
@pytest.mark.parametrize("how", ["negated", "imaginary", "wrapped"])
@pytest.mark.parametrize("which", ["x", "state", "weight_ih_l0", "weight_hh_l0", "bias_hh_l0"])
def test_tensors_that_lie_otherwise_are_read_as_torch_reads_them(kind, how, which):
    ours, _ = pair(kind)
    x, state = torch.randn(T, B, IN), draw_state(ours)
    expected = flat(ours(x, state))
    if which == "x":
        x = strange(how, x)
    elif which == "state":
        state = (strange(how, state[0]), state[1]) if kind == "LSTM" else strange(how, state)
    else:
        setattr(ours, which, nn.Parameter(strange(how, getattr(ours, which).detach())))
    assert ht.explain_path(ours, x).startswith("kernels" if which == "state" else "reference")
    with torch.no_grad():
        assert_same([plain(v) for v in flat(ours(x, state))], expected)


def test_distributed_tensors_take_the_reference(tmp_path):
    from torch import distributed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate, distribute_module, distribute_tensor

    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'group'}", rank=0, world_size=1)
    try:
        ours, _ = pair("LSTM")
        x = torch.randn(T, B, IN)
        expected = ours(x)[0].detach()
        mesh = init_device_mesh("cpu", (1,))
        distribute_module(ours, mesh)
        y = ours(distribute_tensor(x, mesh, [Replicate()]))[0]
        assert ht.explain_path(ours, x) == "reference: DTensor is a tensor subclass"
        assert_same([y.full_tensor().detach()], [expected])
        y.sum().backward()
        assert ours.weight_hh_l0.grad.to_local().abs().sum() > 0
    finally:
        distributed.destroy_process_group()


@each_kind
@pytest.mark.parametrize("how", ["negated", "imaginary", "wrapped", "zero"])
def test_gradients_that_lie_otherwise_are_read_as_torch_reads_them(kind, how):
    ours, _ = pair(kind, bidirectional=True)
    x, along = leaf(torch.randn(T, B, IN)), torch.randn(T, B, 2 * H)
    if how == "zero":
        along = torch.zeros_like(along)
        given = torch._efficientzerotensor(along.shape)
    else:
        given = strange(how, along)
    wanted = [x, *ours.parameters()]
    expected = torch.autograd.grad(ours(x)[0], wanted, along)
    got = torch.autograd.grad(ours(x)[0], wanted, given)
    assert_same([plain(g) for g in got], list(expected))


@each_kind
def test_the_gradient_of_a_sum_stays_with_the_kernels(kind, monkeypatch):
    if not kernels.available():
        pytest.skip("no kernels")
    monkeypatch.setattr(kernels, "_differentiable_backward", None)
    layer = getattr(ht, kind)(IN, H, 2, batch_first=True)
    for x in (torch.randn(B, T, IN), torch.randn(T, B, IN).transpose(0, 1), torch.randn(1).expand(B, T, IN)):
        assert ht.explain_path(layer, x).startswith("kernels")
        layer(x)[0].sum().backward()  # a number that is expanded
        layer(x)[0].mT.square().sum().backward()
        layer(x)[1][0].sum().backward()


@each_kind
def test_many_gradients_at_once_are_each_alone(kind):
    ours, _ = pair(kind)
    x, along = leaf(torch.randn(T, B, IN)), torch.randn(3, T, B, H)
    wanted = [x, *ours.parameters()]
    y = ours(x)[0]
    got = torch.autograd.grad(y, wanted, along, is_grads_batched=True, retain_graph=True)
    for n in range(3):
        expected = torch.autograd.grad(y, wanted, along[n], retain_graph=True)
        assert_same([g[n] for g in got], list(expected))


@each_kind
@pytest.mark.parametrize("which", ["x", "state", "weight_hh_l0", "bias_ih_l0"])
def test_a_tensor_without_its_memory_is_an_error(kind, which):
    ours, _ = pair(kind)
    x, state = torch.randn(T, B, IN), draw_state(ours)
    first = state[0] if kind == "LSTM" else state
    gone = {"x": x, "state": first}.get(which)
    gone = getattr(ours, which) if gone is None else gone
    gone.untyped_storage().resize_(0)
    with torch.no_grad(), pytest.raises(RuntimeError, match="its memory was freed"):
        ours(x, state)


@each_kind
def test_other_layouts_are_refused_as_torch_refuses_them(kind):
    ours, theirs = pair(kind)
    x = torch.randn(T, B, IN)
    for other in (x.to_sparse(), x.to_mkldnn()):
        with pytest.raises((RuntimeError, ValueError)):
            theirs(other)
        with pytest.raises((RuntimeError, ValueError)):
            ours(other)


@each_kind
def test_sizes_of_a_packed_sequence_lie_as_they_like(kind, path):
    ours, _ = pair(kind)
    x = torch.randn(6, IN)
    expected = ours(PackedSequence(x, torch.tensor([3, 2, 1])))[0].data
    every_other = torch.tensor([3, 9, 2, 9, 1])[::2]
    for sizes in (every_other, torch.tensor([3, 2, 1], dtype=torch.int32)):
        assert_same(ours(PackedSequence(x, sizes))[0].data, expected)
    y = ours(PackedSequence(x[:4], torch.tensor([2]).expand(2)))[0].data
    assert_same(y, ours(x[:4].view(2, 2, IN))[0].view(4, H))


@each_kind
def test_weights_and_inputs_may_be_fake(kind):
    with FakeTensorMode() as mode:
        layer, x = getattr(ht, kind)(IN, H, 2, batch_first=True), torch.randn(B, T, IN)
        y, _ = layer(x)
        assert type(y) is FakeTensor
        assert y.shape == (B, T, H)
        y.sum().backward()
        assert type(layer.weight_hh_l0.grad) is FakeTensor
    real = getattr(ht, kind)(IN, H)
    real.weight_hh_l0 = nn.Parameter(mode.from_tensor(real.weight_hh_l0.detach()))
    with pytest.raises((RuntimeError, AssertionError)):  # never reads address 0
        real(torch.randn(T, B, IN))


# ---------------------------------------------------------------------------- who records, counts or differentiates


@each_variant
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_per_sample_gradients(kind, options, packed, batch_first):
    if "proj_size" in options:
        pytest.skip("torch has no per-sample gradients with proj_size")
    double = {"dtype": torch.float64}  # torch's own LSTM has per-sample gradients in float64 only
    layer = getattr(ht, kind)(IN, H, 2, batch_first=batch_first, bidirectional=True, **options, **double)
    x = torch.randn(B, T, IN, **double) if batch_first else torch.randn(T, B, IN, **double)
    data = pack_padded_sequence(x, sorted(LENGTHS)[::-1], batch_first) if packed else x
    y, _ = call_for_per_sample_grads(layer, batch_size=B, batch_first=batch_first)(data)
    (y.data if packed else y).sum().backward()
    for row in range(B):
        one = x[row : row + 1] if batch_first else x[:, row : row + 1]
        n = sorted(LENGTHS)[::-1][row] if packed else T
        one = one[:, :n] if batch_first else one[:n]
        alone = torch.autograd.grad(layer(one)[0].sum(), list(layer.parameters()))
        assert_same([p.grad_sample[row] for p in layer.parameters()], list(alone))


@each_of_ours
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_trace_computes_what_the_layer_computes(kind, options, packed, path):
    layer = getattr(ht, kind)(IN, H, 2, batch_first=True, bidirectional=True, **options)
    torchs = (kind, options) in VARIANTS

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x, lengths):
            if not packed:
                return self.layer(x)[0]
            y, _ = self.layer(pack_padded_sequence(x, lengths, batch_first=True))
            return pad_packed_sequence(y, batch_first=True)[0]

    x, lengths = torch.randn(B, T, IN), torch.tensor(sorted(LENGTHS)[::-1])
    if packed and not torchs:
        with pytest.raises(UsageError, match=r"would become constants in a trace. Use torch\.export"):
            torch.jit.trace(Net(), (x, lengths))
        return
    traced = torch.jit.trace(Net(), (x, lengths))
    assert not torchs or f"aten::{layer._kernel}(" in str(traced.inlined_graph)
    for rows, steps in ((B, T), (2, 9)) if torchs else ((B, T),):
        x, lengths = torch.randn(rows, steps, IN), torch.tensor([steps, 7, 4, 1][:rows])
        assert_same(traced(x, lengths), Net()(x, lengths))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_trace_refuses_lengths():
    layer = ht.GRU(IN, H)
    with pytest.raises(UsageError, match=r"would become constants in a trace. Use torch\.export"):
        torch.jit.trace(lambda x: layer(x, lengths=LENGTHS)[0], (torch.randn(T, B, IN),))


@each_of_ours
@pytest.mark.parametrize("tracing_mode", ["real", "fake"])
def test_make_fx_records_what_the_layer_computes(kind, options, tracing_mode, path):
    layer = getattr(ht, kind)(IN, H, bidirectional=True, **options)
    graph = make_fx(lambda x: layer(x)[0], tracing_mode=tracing_mode, _allow_non_fake_inputs=True)
    recorded = graph(torch.randn(T, B, IN))
    x = torch.randn(T, B, IN)
    assert_same(recorded(x), layer(x)[0])


@each_kind
def test_a_mode_that_counts_operations_finds_them(kind):
    layer, x = getattr(ht, kind)(IN, H), torch.randn(T, B, IN)
    with FlopCounterMode(display=False) as counter:
        layer(x)
    gates = layer.weight_hh_l0.shape[0]
    assert counter.get_total_flops() == 2 * T * B * gates * (IN + H)


@each_kind
@pytest.mark.parametrize("cell", ["", "Cell"])
def test_torch_fx_takes_them_for_leaves(kind, cell):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = getattr(ht, kind + cell)(IN, H)

        def forward(self, x):
            y = self.layer(x)
            return y[0] if not cell or kind == "LSTM" else y

    net = Net()
    graph = torch.fx.symbolic_trace(net)
    assert [n.target for n in graph.graph.nodes if n.op == "call_module"] == ["layer"]
    x = torch.randn(B, IN) if cell else torch.randn(T, B, IN)
    assert_same(graph(x), net(x))


# ----------------------------------------------------------------------------- programs with one import changed


@each_kind
def test_they_are_torchs_classes(kind):
    layer, cell = getattr(ht, kind)(IN, H), getattr(ht, kind + "Cell")(IN, H)
    assert isinstance(layer, getattr(nn, kind))
    assert isinstance(layer, nn.RNNBase)
    assert isinstance(cell, getattr(nn, kind + "Cell"))
    assert isinstance(cell, nn.RNNCellBase)
    for other in {"RNN", "LSTM", "GRU"} - {kind}:
        assert not isinstance(layer, getattr(nn, other))


@each_kind
def test_compile_takes_them_in_a_model_and_still_refuses_torchs(kind):
    class Net(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            y, _ = self.layer(x)
            return y + 1 if isinstance(self.layer, getattr(nn, kind)) else y

    x = torch.randn(T, B, IN)
    torch._dynamo.reset()
    ours, theirs = (Net(layer) for layer in pair(kind))
    assert_same(torch.compile(ours, backend="aot_eager", fullgraph=True)(x), ours(x))
    with pytest.raises(RuntimeError, match=r"RNN, GRU, (or|and) LSTM"):
        torch.compile(theirs, backend="aot_eager", fullgraph=True)(x)


def test_compile_takes_them_when_it_loads_later():
    program = """
import sys, torch, hitherto as ht
layer = ht.LSTM(3, 4)
assert "torch._dynamo.variables.builder" not in sys.modules
x = torch.randn(5, 2, 3)
torch.testing.assert_close(torch.compile(layer, backend="eager", fullgraph=True)(x), layer(x))
print("compiled")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "compiled\n"


def test_an_initialisation_by_class_reaches_them():
    def init(m):
        if isinstance(m, (nn.LSTM, nn.GRU, nn.LSTMCell)):
            for name, p in m.named_parameters():
                nn.init.constant_(p, 0.5 if "weight" in name else 0.25)

    net = nn.Sequential(nn.Linear(IN, IN), ht.LSTM(IN, H), ht.GRU(H, H), ht.LSTMCell(H, H)).apply(init)
    for m in net[1:]:
        assert all(((p == 0.5) | (p == 0.25)).all() for p in m.parameters())


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_class_may_derive_from_one_and_from_another_rnn_base(kind):
    """As pytorch-forecasting's do: class LSTM(RNN, nn.LSTM), where RNN(ABC, nn.RNNBase)."""

    class Flexible(abc.ABC, nn.RNNBase):
        @abc.abstractmethod
        def zeros(self, x): ...

        def forward(self, x, hx=None):
            return super().forward(x, self.zeros(x) if hx is None else hx)

    class Made(Flexible, getattr(ht, kind)):
        def zeros(self, x):
            zeros = torch.zeros(self.num_layers, x.size(1), self.hidden_size)
            return (zeros, zeros) if kind == "LSTM" else zeros

    made, x = Made(IN, H, 2), torch.randn(T, B, IN)
    theirs = getattr(nn, kind)(IN, H, 2)
    theirs.load_state_dict(made.state_dict())
    assert_same(made(x), theirs(x))
    assert ht.explain_path(made, x).startswith("kernels")


class WeightDrop(nn.Module):
    """As in awd-lstm-lm: the weight is taken out, and put back with dropout before each call."""

    def __init__(self, module, name, dropout):
        super().__init__()
        self.module, self.name, self.dropout = module, name, dropout
        if issubclass(type(module), nn.RNNBase):
            module.flatten_parameters = lambda *_: None
        w = getattr(module, name)
        del module._parameters[name]
        module.register_parameter(name + "_raw", nn.Parameter(w.data))

    def forward(self, *args):
        raw = getattr(self.module, self.name + "_raw")
        setattr(self.module, self.name, nn.functional.dropout(raw, self.dropout, training=self.training))
        return self.module.forward(*args)


@each_kind
def test_weight_drop_is_torchs_moved_before_its_first_call_too(kind):
    ours, theirs = pair(kind)
    ours, theirs = (WeightDrop(m, "weight_hh_l0", 0.5).to(torch.float64).float() for m in (ours, theirs))
    x, found = leaf(torch.randn(T, B, IN)), []
    for net in (ours, theirs):
        for _ in range(2):
            torch.manual_seed(3)
            y = net(x)[0]
        found.append([y, *torch.autograd.grad(y.square().sum(), [x, net.module.weight_hh_l0_raw])])
    assert_same(*found)


@each_kind
def test_a_layer_without_one_of_its_weights_moves_and_copies(kind):
    layer = getattr(ht, kind)(IN, H)
    del layer.weight_hh_l0
    layer.to(torch.float64)
    assert layer._flat_weights[1] is None
    assert copy.deepcopy(layer).weight_ih_l0.dtype == torch.float64
    with pytest.raises(AttributeError, match="weight_hh_l0"):
        layer(torch.randn(T, B, IN, dtype=torch.float64))


@each_variant
def test_names_that_programs_use(kind, options):
    ours, theirs = pair(kind, num_layers=2, bidirectional=True, batch_first=True, **options)
    assert ours._flat_weights_names == theirs._flat_weights_names
    assert ours._all_weights == theirs._all_weights
    assert all(torch.equal(a, b) for a, b in zip(ours._flat_weights, theirs._flat_weights, strict=True))
    x, sizes = torch.randn(B, T, IN), torch.tensor([4, 2])
    state = draw_state(ours)
    names = ["get_expected_hidden_size"] + (["get_expected_cell_size"] if kind == "LSTM" else [])
    for name in names:
        assert getattr(ours, name)(x, None) == getattr(theirs, name)(x, None)
        assert getattr(ours, name)(x[0], sizes) == getattr(theirs, name)(x[0], sizes)
    assert ours.check_input(x, None) is None
    assert ours.check_forward_args(x, state, None) is None
    with pytest.raises(RuntimeError, match="Expected hidden"):
        ours.check_forward_args(x, draw_state(ours, B + 1), None)
    with pytest.raises(RuntimeError, match="Expected hidden size"):
        ours.check_hidden_size(torch.zeros(1, 1, 1), (4, B, H))
    order = torch.tensor([3, 1, 0, 2])
    assert_same(ours.permute_hidden(state, order), theirs.permute_hidden(state, order))
    assert ours.flatten_parameters() is ours._init_flat_weights() is ours._update_flat_weights() is None
    assert_same(getattr(nn, kind).forward(ours, x), theirs(x))  # torch's own code, on our weights


@each_kind
def test_the_list_of_weights_may_be_given(kind):
    ours, theirs = pair(kind)
    for layer in (ours, theirs):
        layer._flat_weights = [nn.Parameter(w.detach() * 2) for w in layer._flat_weights]
    x = torch.randn(T, B, IN)
    assert_same(ours(x), theirs(x))


@pytest.mark.parametrize("kind", [k + cell for k in KINDS for cell in ("", "Cell")])
@pytest.mark.parametrize("bias", [True, False])
def test_to_torch_gives_torchs_classes_on_the_same_parameters(kind, bias):
    options = {} if "Cell" in kind else {"num_layers": 2, "batch_first": True, "bidirectional": True}
    options |= {"nonlinearity": "relu"} if "RNN" in kind else {"proj_size": 3} if kind == "LSTM" else {}
    ours = getattr(ht, kind)(IN, H, bias=bias, **options).eval()
    theirs = ht.to_torch(copy.deepcopy(ours))
    assert type(theirs) is getattr(nn, kind)
    assert repr(theirs) == repr(ours)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    assert not theirs.training
    x = torch.randn(B, IN) if "Cell" in kind else torch.randn(B, T, IN)
    assert_same(theirs(x), ours(x))
    net = nn.ModuleDict({"a": nn.Sequential(nn.Linear(IN, IN), ours)})
    assert ht.to_torch(net) is net
    assert type(net["a"][1]) is getattr(nn, kind)
    assert all(a is b for a, b in zip(net["a"][1].parameters(), ours.parameters(), strict=True))


def test_to_torch_refuses_what_torch_has_not():
    class Own(ht.GRU):
        pass

    pruned = ht.RNN(IN, H)
    prune.l1_unstructured(pruned, "weight_hh_l0", amount=0.5)
    for layer, words in [
        (ht.LSTM(IN, H, layer_norm=True), "torch.nn has nothing"),
        (ht.GRU(IN, H, reset="before"), "torch.nn has nothing"),
        (ht.LSTM(IN, H, 2, residual=True).eval(), "torch.nn has nothing"),
        (ht.LSTM(IN, H, recurrent_dropout=0.1).eval(), "torch.nn has nothing"),
        (ht.GRUCell(IN, H, layer_norm=True), "torch.nn has nothing"),
        (Own(IN, H), "of class Own"),
        (pruned, "weight_hh_l0 of this RNN is computed"),
    ]:
        with pytest.raises(UsageError, match=words):
            ht.to_torch(nn.Sequential(layer))


@pytest.mark.filterwarnings("ignore:.*deprecated")  # torch will move it
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_dynamic_quantization_goes_through_to_torch(kind):
    net = nn.Sequential(getattr(ht, kind)(IN, H))
    x = torch.randn(T, B, IN)
    expected = net(x)[0]
    small = quantize_dynamic(ht.to_torch(net), {getattr(nn, kind)}, torch.qint8)
    assert "DynamicQuantized" in repr(small[0])
    torch.testing.assert_close(small(x)[0], expected, rtol=0.05, atol=0.05)


@each_kind
def test_numpys_numbers_are_numbers(kind):
    layer = getattr(ht, kind)(np.int64(IN), np.int32(H), np.int64(2), dropout=np.float32(0.5))
    assert repr(layer) == repr(getattr(nn, kind)(IN, H, 2, dropout=0.5))
    assert type(layer.hidden_size) is int
    cell = getattr(ht, kind + "Cell")(np.int64(IN), np.int64(H))
    assert cell(torch.randn(B, IN))[0].shape[-1] == H


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_cells_without_units_or_inputs(kind):
    for sizes in ((IN, 0), (0, H)):
        ours, theirs = getattr(ht, kind)(*sizes), getattr(nn, kind)(*sizes)
        theirs.load_state_dict(ours.state_dict())
        x = torch.randn(B, sizes[0])
        assert_same(ours(x), theirs(x))
    getattr(ht, kind)(IN, 0, orthogonal=True)
    assert ht.GRUCell(IN, 0, reset="before")(torch.randn(B, IN)).shape == (B, 0)


def test_proj_size_of_rnn_and_gru_is_refused_in_torchs_words():
    for kind in ("RNN", "GRU"):
        with pytest.raises(ValueError, match="proj_size argument is only supported for LSTM, not RNN or GRU"):
            getattr(ht, kind)(IN, H, proj_size=2)


@each_kind
def test_errors_hold_the_words_that_torchs_tests_look_for(kind):
    layer, cell, two = getattr(ht, kind)(IN, H), getattr(ht, kind + "Cell")(IN, H), kind == "LSTM"
    state = (lambda *s, **m: (torch.zeros(*s, **m), torch.zeros(*s, **m))) if two else torch.zeros
    x, hidden = torch.randn(T, B, IN), r"hidden\[0\]" if two else "hidden"
    for call, words in [
        (lambda: layer(x[None]), f"{kind}: Expected input to be 2D or 3D, got 4D"),
        (lambda: layer(x[..., 1:]), r"input.size\(-1\) must be equal to input_size. Expected 5, got 4"),
        (lambda: layer(x.double()), "RNN input dtype .* does not match weight dtype .*Convert input:"),
        (lambda: layer(x.to("meta")), "Input and parameter tensors are not at the same device"),
        (lambda: layer(x, state(1, B, H + 1)), rf"Expected {hidden} size \(1, 4, 6\), got \[1, 4, 7\]"),
        (lambda: layer(x, state(B, H)), "For batched 3-D input, hx .*should also be 3-D but got"),
        (lambda: layer(x[:, 0], state(1, 1, H)), "For unbatched 2-D input, hx .*should also be 2-D but got"),
        (lambda: layer(x, state(1, B, H, device="meta")), "Input and hidden tensors are not at the same"),
        (lambda: cell(x), f"{kind}Cell: Expected input to be 1D or 2D, got 3D"),
        (lambda: cell(x[0, :, 1:]), "input has inconsistent input_size: got 4 expected 5"),
        (lambda: cell(x[0], state(B, H + 1)), "hidden0 has inconsistent hidden_size: got 7, expected 6"),
        (lambda: cell(x[0], state(B + 1, H)), "Input batch size 4 doesn't match hidden0 batch size 5"),
        (
            lambda: cell(x[0], state(B, 1, 1, H)),
            rf"Expected {'hx.0.' if two else 'hidden'} to be 1D or 2D, got 4D instead",
        ),
    ]:
        with pytest.raises(UsageError, match=words):
            call()


@each_kind
@pytest.mark.parametrize("bidirectional", [False, True])
def test_dropout_between_batch_first_layers_draws_torchs_masks(kind, bidirectional, path):
    ours, theirs = pair(kind, num_layers=3, dropout=0.5, batch_first=True, bidirectional=bidirectional)
    x = torch.randn(B, T, IN)
    torch.manual_seed(5)
    got = values_and_gradients(ours, x, None)
    torch.manual_seed(5)
    assert_same(got, values_and_gradients(theirs, x, None))


# ------------------------------------------------------------------------------------------------------ paths


def test_explain_path_says_which_and_why(monkeypatch):
    x = torch.randn(T, B, IN)
    layer = ht.GRU(IN, H)
    if kernels.available():
        assert ht.explain_path(layer, x) == "kernels: float32 on the CPU"
        assert ht.explain_path(layer, pack_sequence([x[:, 0]])).startswith("kernels")
        assert ht.explain_path(ht.GRU(IN, H, reset="before"), x).startswith("kernels")
        assert ht.explain_path(ht.GRUCell(IN, H, reset="before"), x[0]).startswith("kernels")
        assert ht.explain_path(ht.LSTM(IN, H, proj_size=2), x).startswith("kernels")
        dropping = ht.LSTM(IN, H, recurrent_dropout=0.1)
        assert ht.explain_path(dropping, x).startswith("kernels")
        assert ht.explain_path(dropping.eval(), x).startswith("kernels")
        assert (
            torch.vmap(lambda v: v if "vmap" in ht.explain_path(layer, v) else v * torch.nan)(x)
            .isfinite()
            .all()
        )
    assert ht.explain_path(ht.GRUCell(IN, H), x[0]).startswith("torch: one step gains nothing from a kernel")
    assert ht.explain_path(layer.double(), x.double()) == "reference: torch.float64 has no CPU kernel"
    assert ht.explain_path(ht.RNN(IN, H, layer_norm=True), x).startswith("kernels")
    for slow, why in (
        (ht.GRU(IN, H, layer_norm=True, reset="before"), "for gru_before"),
        (ht.LSTM(IN, H, layer_norm=True, proj_size=2), "with proj_size"),
    ):
        assert ht.explain_path(slow, x) == f"reference: layer_norm has no kernel {why}"
    assert ht.explain_path(ht.LSTMCell(IN, H, layer_norm=True), x[0]).endswith("no kernel for one step")
    double = ht.LSTM(IN, H, proj_size=2).double()
    assert ht.explain_path(double, x.double()) == "reference: torch.float64 has no CPU kernel"
    assert ht.explain_path(layer, x[:0]) == "reference: there is nothing to compute"
    assert ht.explain_path(layer, x.to("meta")) == "reference: device meta has no kernel"
    monkeypatch.setenv("HITHERTO_PURE", "1")
    assert ht.explain_path(layer.float(), x) == "reference: HITHERTO_PURE=1 is set"
    with pytest.raises(TypeError, match="expects a layer or cell of hitherto, but got LSTM"):
        ht.explain_path(nn.LSTM(IN, H), x)


@each_of_ours
def test_forward_takes_the_path_that_explain_path_names(kind, options, path, monkeypatch):
    layer, x = getattr(ht, kind)(IN, H, **options), torch.randn(T, B, IN)
    taken = []
    unroll, plain = kernels.unroll, recurrent.unroll
    monkeypatch.setattr(kernels, "unroll", lambda *a: taken.append("kernels") or unroll(*a))
    normalise = normed.unroll
    monkeypatch.setattr(normed, "unroll", lambda *a: taken.append("kernels") or normalise(*a))
    monkeypatch.setattr(recurrent, "unroll", lambda *a: taken.append("reference") or plain(*a))
    layer(x)
    layer(x, lengths=LENGTHS)
    assert taken == [ht.explain_path(layer, x).split(":")[0]] * 2


def test_without_kernels_one_warning_says_so(monkeypatch):
    monkeypatch.setenv("HITHERTO_PURE", "1")
    native.warn_once.cache_clear()
    layer, x = ht.GRU(IN, H), torch.randn(T, B, IN)
    for call in (lambda: layer(x), lambda: ht.GRUCell(IN, H, reset="before")(x[0])):
        with pytest.warns(UserWarning, match="without its native kernels.*HITHERTO_PURE=1") as caught:
            call()
        assert caught[0].filename == __file__
        native.warn_once.cache_clear()
    with pytest.warns(UserWarning, match="without its native kernels"):
        layer(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(x)
        ht.GRU(IN, H, dtype=torch.float64)(x.double())
    native.warn_once.cache_clear()


@each_kind
@pytest.mark.parametrize("bias", [True, False])
def test_the_call_to_cudnn_is_right_as_far_as_a_cpu_can_tell(kind, bias):
    """torch's function has one signature for CPU and CUDA, so the arguments can be checked here."""
    layer = getattr(ht, kind)(IN, H, 2, bidirectional=True, bias=bias)
    x, states = torch.randn(T, B, IN), draw_state(layer)
    states = states if isinstance(states, tuple) else (states,)
    y, end = cudnn_unroll(layer._kernel, x, None, states, layer._weights(), 2, 0.0, True)
    expected = layer(x, states if kind == "LSTM" else states[0])
    assert_same([y, *end], flat(expected))
    lengths = [7, 4, 1, 0]  # the last row has length zero
    packed = pack_padded_sequence(x[:, :3], lengths[:3])
    y, end = cudnn_unroll(
        layer._kernel, packed.data, packed.batch_sizes, states, layer._weights(), 2, 0.0, True
    )
    expected = flat(layer(x, states if kind == "LSTM" else states[0], lengths=lengths))
    assert_same(
        [pad_packed_sequence(PackedSequence(y, packed.batch_sizes))[0], *end],
        [expected[0][:, :3], *expected[1:]],
    )


KERNELS = [(cell.name, kernel) for cell in CELLS.values() for kernel in cell.kernels]


@pytest.mark.parametrize("name", [kernel.name for _, kernel in KERNELS])
def test_the_reference_keeps_the_contract_of_the_kernels(name):
    if not kernels.available():
        pytest.skip("no kernels")
    cell = cell_of_kernel(name)[0].name
    width = len(CELLS[cell].gates) * H
    weights = [
        tuple(torch.randn(*s) * 0.3 for s in ((width, IN), (width, H), (width,), (width,))) for _ in range(2)
    ]
    state = tuple(torch.randn(2, B, H) for _ in CELLS[cell].states)
    sizes = torch.tensor([3, 3, 2, 1])  # and one row of length zero
    for x, s in ((torch.randn(T, B, IN), None), (torch.randn(9, IN), sizes)):
        for training in (False, True):
            assert_same(
                reference.reference_unroll(name, x, s, None, state, weights, training),
                kernels.unroll(name, x, s, None, state, weights, training),
            )


def test_every_row_of_cells_has_a_layer_and_a_cell():
    assert {kind.lower() for kind in KINDS} == set(CELLS)
    for name, kernel in KERNELS:
        assert set(kernel.options) <= set(CELLS[name].options)
        assert CELLS[name].kernel(**kernel.options) == kernel
