"""Layer normalisation on the kernels, beside the reference in float64."""

import copy

import pytest
import torch

import hitherto as ht
from hitherto import _native
from hitherto.cells import CELLS
from hitherto.model import kernels

if not kernels.available():
    pytest.skip(f"no kernels: {kernels.unavailable_reason()}", allow_module_level=True)

IN, T, B = 5, 9, 6
LAYERS = [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("LSTM", {}), ("GRU", {})]
each_layer = pytest.mark.parametrize(("kind", "options"), LAYERS, ids=str)


def layer_of(kind, hidden, **options):
    """A layer whose biases, scales and shifts are not what they begin with."""
    torch.manual_seed(hidden)
    layer = getattr(ht, kind)(IN, hidden, layer_norm=True, batch_first=True, **options)
    for p in layer.parameters():
        p.data += 0.1 * torch.randn_like(p)
    return layer


def state_of(layer, rows=B):
    count = layer.num_layers * layer._directions
    state = tuple(torch.randn(count, rows, layer.hidden_size) for _ in layer._state_sizes)
    return state if len(state) > 1 else state[0]


def everything(layer, x, hx, lengths, seed=0):
    """Outputs, final states, and the gradients of all that there is, of a sum that looks at each output."""
    pair = isinstance(hx, tuple)
    leaves = [x.clone().requires_grad_(), *(s.clone().requires_grad_() for s in (hx if pair else (hx,)))]
    torch.manual_seed(seed)  # of the dropout
    y, end = layer(leaves[0], tuple(leaves[1:]) if pair else leaves[1], lengths=lengths)
    ends = end if pair else (end,)
    looks = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)
    total = (y * looks).sum() + sum((s * s).sum() for s in ends)
    return [y, *ends, *torch.autograd.grad(total, [*leaves, *layer.parameters()])]


@each_layer
@pytest.mark.parametrize("hidden", [3, 16, 37])
@pytest.mark.parametrize("lengths", [None, [9, 0, 3, 1, 9, 5]], ids=["full", "lengths"])
@pytest.mark.parametrize(
    "more",
    [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False}, {"residual": True, "num_layers": 2}],
    ids=str,
)
def test_values_and_gradients(kind, options, hidden, lengths, more):
    layer = layer_of(kind, hidden, **options, **more)
    x, hx = torch.randn(B, T, IN), state_of(layer)
    lengths = None if lengths is None else torch.tensor(lengths)
    assert ht.explain_path(layer, x).startswith("kernels")
    oracle = copy.deepcopy(layer).double()
    wide = tuple(s.double() for s in hx) if isinstance(hx, tuple) else hx.double()
    ours, true = everything(layer, x, hx, lengths), everything(oracle, x.double(), wide, lengths)
    layer._no_kernel = "compared"
    theirs = everything(layer, x, hx, lengths)

    def error(values):
        return max(
            ((a - c).abs().max() / (1 + c.abs().max())).item() for a, c in zip(values, true, strict=True)
        )

    # What is normalised may be divided by next to nothing: there the reference errs too, now more and now less than we.
    assert error(ours) <= 20 * error(theirs) + 2e-5


@each_layer
def test_recurrent_dropout_draws_the_masks_of_the_reference(kind, options):
    layer = layer_of(kind, 20, recurrent_dropout=0.4, bidirectional=True, **options)
    x, hx = torch.randn(B, T, IN), state_of(layer)
    ours = everything(layer, x, hx, None, seed=3)
    layer._no_kernel = "compared"
    for a, b in zip(ours, everything(layer, x, hx, None, seed=3), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


@each_layer
def test_a_row_is_the_same_alone_and_with_any_number_of_threads(kind, options):
    layer = layer_of(kind, 64, **options)
    x, lengths = torch.randn(B, 40, IN), torch.tensor([40, 7, 40, 1, 22, 30])
    before = torch.get_num_threads()
    try:
        answers = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            answers.append(layer(x, lengths=lengths)[0])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(answers[0], y) for y in answers)
    alone, _ = layer(x[4:5, :22])
    torch.testing.assert_close(alone[0], answers[0][4, :22])
    assert not answers[0][4, 22:].any()


@each_layer
def test_a_gradient_of_the_gradient(kind, options):
    layer = layer_of(kind, 6, bidirectional=True, **options)
    x, lengths = torch.randn(2, 5, IN), torch.tensor([5, 3])

    def twice():
        leaf = x.clone().requires_grad_()
        y, _ = layer(leaf, lengths=lengths)
        (first,) = torch.autograd.grad((y**2).sum(), leaf, create_graph=True)
        return torch.autograd.grad((first**2).sum(), [leaf, *layer.parameters()], allow_unused=True)

    ours = twice()
    layer._no_kernel = "compared"
    for a, b in zip(ours, twice(), strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            assert (a - b).abs().max() <= 1e-3 * (1 + b.abs().max())


def test_rows_and_the_extension_say_the_same():
    said_by_rows = {k.name: k.layer_norm for cell in CELLS.values() for k in cell.kernels}
    assert said_by_rows == {name: bool(row["normed"]) for name, row in _native.CELLS.items()}


def test_what_has_no_such_kernel_is_refused():
    memory = torch.zeros(64)
    room = memory.data_ptr()
    shape = [1, 0, 0, 1, 1, 0, 4, 4, 1, 1, 0, 0, 0, 1, 0, 0, room, *[0] * 8]
    rest = [room, 0, 0, room, room, 0, 0, 0, 0, *[room, 0, 0, 0] * 2]
    _native.normed_forward(*shape, *rest)
    for at, value, says in (
        (1, kernels.CELLS["gru_before"], "expected rnn, lstm or gru"),
        (5, 3, "the inputs projected"),
        (7, 2, "without a projection"),
        (12, room, "or places"),
        (16, 0, "w_hh has no memory"),
    ):
        wrong = list(shape)
        wrong[at] = value
        with pytest.raises(ValueError, match=says):
            _native.normed_forward(*wrong, *rest)
    with pytest.raises(ValueError, match="scale_hh has no memory"):
        _native.normed_forward(*shape, *rest[:9], *[0] * 8)
    rest = [room, 0, 0, room, 0, 0, 0, 0, 0, room, room, 0, room, *[room] * 18]  # without what was normalised
    with pytest.raises(ValueError, match="raw has no memory"):
        _native.normed_backward(*shape, *rest)
