"""Rows that a user adds from outside the package. docs/extending.md has each whole; here are the edges."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

import hitherto
from hitherto.bounds import Size
from hitherto.cells import CELLS, Cell
from hitherto.checks import check_cell
from hitherto.codecs import CODECS
from hitherto.codecs.base import Codec, Parts
from hitherto.model.layers import layer_of
from hitherto.model.paths import explain_path
from hitherto.model.recurrent import Recurrent
from hitherto.plan import OPS, Op
from hitherto.runtime import pure
from hitherto.runtime.chain import Chain
from hitherto.spec.tasks import TASKS
from hitherto.tasks.families import FAMILIES
from hitherto.tasks.labels.stream import LabelStream

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


# ---- a codec whose values are texts, but no words


class LetterDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is learned."""


class LetterCodec(Codec):
    """A 1 at each vowel, a 0 at any other letter."""

    kind = "letters"
    Document = LetterDocument

    @property
    def size(self) -> int:
        return 1

    @classmethod
    def fit(cls, *_values: Any, **_options: Any) -> "LetterCodec":
        return cls()

    def encode(self, value: object) -> np.ndarray:
        assert isinstance(value, str)
        return np.array([[letter in "aeiou"] for letter in value], np.float32)

    def to_json(self) -> dict[str, object]:
        return {}

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, _document: Mapping[str, object], _parts: Parts) -> "LetterCodec":
        return cls()


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(CODECS, "letters", LetterCodec)
    row = TASKS["classify"]
    monkeypatch.setitem(TASKS, "classify", replace(row, inputs=(*row.inputs, "letters")))
    return "letters"


def test_the_texts_of_a_file_are_no_names_of_files_to_a_codec_that_reads_none(
    letters: str, tmp_path: Path
) -> None:
    lines = [
        f"{word},{'many' if word.startswith('a') else 'few'}" for word in ("aei", "oua", "bcd", "abc") * 9
    ]
    path = tmp_path / "words.csv"
    path.write_text("\n".join(["word,label", *lines]) + "\n", encoding="utf-8")
    small = {"hidden_size": 4, "bidirectional": False, "epochs": 1, "threads": 1}
    model = hitherto.train("classify", path, codec=letters, input="word", **small)
    whole = model.predict(path, input="word", details=True)
    assert whole[0] == model.predict(["aei"], details=True)[0]
    stream = model.stream()  # it declares no stream: a value is pushed whole
    stream.push("aei")
    assert stream.finish()["label"] == whole[0]["label"]


# ---- a task: the defaults of its row


@pytest.mark.parametrize(("options", "tokens"), [({}, "chars"), ({"tokens": "words"}, "words")])
def test_the_defaults_of_a_row_hold_where_a_user_says_nothing(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], tokens: str
) -> None:
    row = replace(TASKS["classify"], name="language", defaults={"tokens": "chars"})
    monkeypatch.setitem(TASKS, "language", row)
    monkeypatch.setitem(FAMILIES["pairs"].tasks, "language", {"stream": LabelStream})
    rows = [{"text": "a b", "label": "x"}, {"text": "b a", "label": "y"}] * 20
    model = hitherto.train("language", rows, hidden_size=4, epochs=1, threads=1, **options)
    assert model.codecs["input"].tokens == tokens
    with pytest.raises(hitherto.errors.UsageError, match="generate is for"):
        model.generate("a")


# ---- an operation: what runs it


class Doubled(pure.Stage):
    def __call__(self, x: np.ndarray, _part: pure.Part, /) -> np.ndarray:
        return x * np.float32(self.n["options"]["factor"])


def scaled(monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A chain of an operation that the extension does not have, and of one that it has."""
    row = Op("scaled", {"factor": Size}, lambda _o: {}, lambda _o: {})
    monkeypatch.setitem(OPS, "scaled", row)
    linear = {"input_size": 3, "output_size": 2, "bias": False, "activation": ""}
    steps: list[Any] = [
        {"op": "scaled", "name": "s", "inputs": ["x"], "outputs": ["y"], "options": {"factor": 2}},
        {"op": "linear", "name": "l", "inputs": ["y"], "outputs": ["z"], "options": linear},
    ]
    return Chain(steps, {"kind": "vectors", "size": 3}, {"l.weight": np.ones((2, 3), np.float32)}, "float32")


def test_an_operation_without_a_stage_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(hitherto.errors.UsageError, match="the operation scaled has no stage: add one to"):
        scaled(monkeypatch)


def test_an_operation_that_the_extension_does_not_have_runs_in_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pure.STAGES, "scaled", Doubled)
    chain = scaled(monkeypatch)
    assert isinstance(chain.program, pure.Program)
    y, _ = chain.read(np.ones((4, 2, 3), np.float32), np.array([4, 1]))
    assert y[:, 0].tolist() == [[6.0, 6.0]] * 4
    assert y[:, 1].tolist() == [[6.0, 6.0]] + [[0.0, 0.0]] * 3
