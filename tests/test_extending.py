"""Rows that a user adds from outside the package: each is then trained, bundled, opened, streamed and checked."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import hitherto
from hitherto.cells import CELLS, Cell
from hitherto.checks import check_cell, check_task
from hitherto.model.layers import layer_of
from hitherto.model.paths import explain_path
from hitherto.model.recurrent import Recurrent

# ---- a cell: a minimal gated unit (Zhou et al. 2016), in one function and one row


def shapes(input_size: int, hidden_size: int, *, bias: bool = True) -> dict[str, tuple[int, ...]]:
    rows = 2 * hidden_size
    weights: dict[str, tuple[int, ...]] = {"weight_ih": (rows, input_size), "weight_hh": (rows, hidden_size)}
    return weights | ({"bias_ih": (rows,)} if bias else {})


def step(
    xp: ModuleType, params: dict[str, Any], x: Any, state: tuple[Any, ...], *, mask: Any = None, **_: object
) -> tuple[Any]:
    """f = sigmoid(W_f x + U_f h + b_f); n = tanh(W_n x + U_n (f h) + b_n); h' = (1 - f) h + f n."""
    (h,) = state
    H = h.shape[-1]
    U, read = params["weight_hh"], h if mask is None else h * mask
    gates = x @ params["weight_ih"].T + params.get("bias_ih", 0)
    f = 1 / (1 + xp.exp(-(gates[..., :H] + read @ U[:H].T)))
    n = xp.tanh(gates[..., H:] + (f * read) @ U[H:].T)
    return ((1 - f) * h + f * n,)


MGU = Cell("mgu", ("f", "n"), ("h",), {"bias": True}, shapes, step)


@pytest.fixture
def mgu(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(CELLS, "mgu", MGU)
    return "mgu"


def test_a_cell_of_ones_own_keeps_its_promises_as_a_step_and_as_a_layer(mgu: str) -> None:
    assert [(promise, detail) for promise, ok, detail in check_cell(mgu, quick=True) if not ok] == []
    layer = layer_of(mgu, 5, 7, num_layers=2, bidirectional=True)
    assert type(layer) is Recurrent
    assert explain_path(layer, torch.zeros(3, 2, 5)) == "reference: the cell mgu has no kernel"
    y, end = layer(torch.randn(3, 2, 5), lengths=[3, 1])
    assert y.shape == (3, 2, 14)
    assert end.shape == (4, 2, 7)


def test_a_cell_of_ones_own_is_trained_bundled_opened_and_streamed(mgu: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = [
        {
            "text": " ".join(random.choice(["good", "fine"] if label == "yes" else ["bad", "poor"], 5)),
            "label": label,
        }
        for label in random.choice(["yes", "no"], 120).tolist()
    ]
    path = tmp_path / "model.safetensors"
    trained = hitherto.train(
        "classify",
        rows,
        out=path,
        cell=mgu,
        hidden_size=8,
        num_layers=1,
        bidirectional=False,
        epochs=8,
        lr=0.03,
    )
    assert trained.metrics["accuracy"] > 0.9
    model = hitherto.open(path)
    assert [op["options"]["cell"] for op in model.plan["step"] if op["op"] == "recurrent"] == [mgu]
    texts = [row["text"] for row in rows[:5]]
    assert model.predict(texts) == trained.predict(texts)
    whole = model.predict(texts, details=True)
    stream = model.stream()
    for word in texts[0].split():
        stream.push(word + " ")
    last = stream.finish()
    assert last["label"] == whole[0]["label"]
    assert [(promise, detail) for promise, ok, detail in check_task(model, rows) if not ok] == []


def test_a_stream_of_numbers_by_a_cell_of_ones_own_goes_on_from_what_was_saved(mgu: str) -> None:
    rows = [{"value": float(np.sin(t / 3))} for t in range(300)]
    model = hitherto.train(
        "forecast", rows, cell=mgu, hidden_size=6, num_layers=1, horizon=2, steps=20, output="value"
    )
    one = model.stream()
    for row in rows[:20]:
        one.push(row["value"])
    other = model.stream(one.save())
    assert one.push(0.5) == other.push(0.5)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"cell": "mgru"}, "must be one of rnn, lstm, gru, mgu"),
        ({"cell": "mgu", "forget_bias": 1.0}, "the cell mgu has no forget gate"),
        ({"cell": "mgu", "layer_norm": True}, "the cell mgu has no layer_norm"),
        ({"cell": "mgu", "proj_size": 3}, "the cell mgu has no proj_size"),
    ],
)
def test_what_a_row_does_not_have_is_refused(mgu: str, options: dict[str, Any], error: str) -> None:
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}] * 20
    with pytest.raises(hitherto.errors.UsageError, match=error):
        hitherto.train("classify", rows, epochs=1, **options)
