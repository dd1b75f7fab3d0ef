"""torch.onnx.export writes our layers as ONNX's own operators, and ONNX Runtime then computes what we do."""

import io
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

import hitherto  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporter's own


class Net(torch.nn.Module):
    """A layer as part of a model; what it gives is flat, as ONNX has it."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any, lengths: Any = None) -> Any:
        y, state = self.layer(x, lengths=lengths)
        return (y, *state) if isinstance(state, tuple) else (y, state)


@pytest.mark.parametrize(
    ("layer", "operator", "lengths"),
    [
        (lambda: hitherto.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True), "LSTM", [5, 2, 3]),
        (lambda: hitherto.GRU(4, 6, bias=False), "GRU", None),
        (lambda: hitherto.GRU(4, 6, reset="before", batch_first=True), "GRU", [1, 5, 4]),
        (lambda: hitherto.RNN(4, 4, nonlinearity="relu", residual=True), "RNN", None),
    ],
    ids=["lstm", "gru", "gru before", "rnn"],
)
def test_a_layer_is_onnxs_own_operator(layer: Any, operator: str, lengths: list[int] | None) -> None:
    torch.manual_seed(0)
    net = Net(layer()).eval()
    given = (torch.randn(3, 5, 4), *([torch.tensor(lengths)] if lengths else []))
    file = io.BytesIO()
    torch.onnx.export(net, given, dynamo=True, verbose=False).save(file)
    graph = onnx.load_from_string(file.getvalue()).graph
    assert [node.op_type for node in graph.node].count(operator) == net.layer.num_layers
    session = runtime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    found = session.run(None, {name: value.numpy() for name, value in zip(names, given, strict=True)})
    with torch.no_grad():
        expected = net(*given)
    for ours, theirs in zip(expected, found, strict=True):
        torch.testing.assert_close(torch.from_numpy(theirs), ours, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [hitherto.LSTM, hitherto.GRU, hitherto.RNN])
def test_the_older_exporter_writes_a_graph_of_the_input(kind: Any) -> None:
    torch.manual_seed(0)
    layer = kind(4, 6, bidirectional=True).eval()
    file = io.BytesIO()
    torch.onnx.export(layer, (torch.randn(3, 2, 4),), file, dynamo=False)
    session = runtime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    other = torch.randn(3, 2, 4)  # than the one that was traced
    found = session.run(None, {session.get_inputs()[0].name: other.numpy()})[0]
    torch.testing.assert_close(torch.from_numpy(found), layer(other)[0].detach(), rtol=1e-5, atol=1e-5)


def test_a_packed_sequence_is_refused_with_what_to_do() -> None:
    class Packed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = hitherto.GRU(4, 6)

        def forward(self, x: Any) -> Any:
            packed = torch.nn.utils.rnn.pack_padded_sequence(x, [5, 3], enforce_sorted=True)
            return self.layer(packed)[1]

    with pytest.raises(Exception, match="give the padded batch, and lengths="):
        torch.onnx.export(Packed().eval(), (torch.randn(5, 2, 4),), dynamo=True, verbose=False)
