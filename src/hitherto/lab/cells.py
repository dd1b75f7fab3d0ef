"""The cells that experiments compare, each as a row: to add one is to add a row."""

from collections.abc import Callable

from hitherto.model.layers import GRU, LSTM, RNN
from hitherto.model.recurrent import Recurrent

__all__ = ["VARIANTS", "parameters", "size_for"]

Make = Callable[
    [int, int, int], Recurrent
]  # input size, hidden size, and how many steps there are to remember

VARIANTS: dict[str, Make] = {
    "rnn tanh": lambda inputs, hidden, _steps: RNN(inputs, hidden),
    "rnn relu": lambda inputs, hidden, _steps: RNN(inputs, hidden, nonlinearity="relu"),
    "rnn orthogonal": lambda inputs, hidden, _steps: RNN(inputs, hidden, orthogonal=True),
    "lstm": lambda inputs, hidden, _steps: LSTM(inputs, hidden),
    "lstm forget bias 1": lambda inputs, hidden, _steps: LSTM(inputs, hidden, forget_bias=1.0),
    "lstm chrono": lambda inputs, hidden, steps: LSTM(inputs, hidden, chrono=max(2, steps)),
    "gru": lambda inputs, hidden, _steps: GRU(inputs, hidden),
    "gru chrono": lambda inputs, hidden, steps: GRU(inputs, hidden, chrono=max(2, steps)),
}


def parameters(layer: Recurrent) -> int:
    """How many weights a layer has."""
    return sum(weight.numel() for weight in layer.parameters())


def size_for(make: Make, inputs: int, count: int) -> int:
    """The hidden size with which a layer has about `count` weights, at most."""
    hidden = 1
    while parameters(make(inputs, hidden + 1, 2)) <= count:
        hidden += 1
    return hidden
