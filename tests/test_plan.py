"""The plan is data: made from a spec, checked before it is run, refused when it is not sound."""

import json
from dataclasses import replace
from typing import Any

import pytest

from hitherto.bounds import Size
from hitherto.cells import CELLS
from hitherto.errors import BundleError, UsageError
from hitherto.heads import HEADS, Beside
from hitherto.plan import OPS, make, op_of, states, stepwise, streams, weights
from hitherto.plan.check import check
from hitherto.spec import ModelSpec

IDS = {"x": {"kind": "ids", "size": 50}}
VECTORS = {"x": {"kind": "vectors", "size": 3}}


def spec(**options: Any) -> ModelSpec:
    return ModelSpec(**({"hidden_size": 8, "num_layers": 2, "embedding_size": 4} | options))


def plan(form: str = "many_to_one", inputs: Any = IDS, **options: Any) -> dict[str, Any]:
    return make(spec(**options), form, inputs, "softmax", {"classes": 5})


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("form", ["many_to_one", "many_to_many"])
@pytest.mark.parametrize("inputs", [IDS, VECTORS], ids=["ids", "vectors"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_is_made_is_sound_and_plain_json(cell: str, form: str, inputs: Any, bidirectional: bool) -> None:
    made = plan(form, inputs, cell=cell, bidirectional=bidirectional, dropout=0.1)
    assert check(json.loads(json.dumps(made))) == made
    assert made["step"][-1]["name"] == made["head"]["name"]


def test_weights_have_torchs_names_and_shapes() -> None:
    shapes = weights(plan(cell="gru"))
    assert shapes["embed.weight"] == (50, 4)
    assert shapes["recurrent.weight_ih_l0"] == (24, 4)
    assert shapes["recurrent.weight_ih_l1"] == (24, 8)
    assert shapes["head.weight"] == (5, 8)


def test_states_are_rows_by_width() -> None:
    assert states(plan(bidirectional=True)) == {
        "recurrent.h": (4, 8),
        "recurrent.c": (4, 8),
        "pool.value": (1, 16),
    }
    assert states(plan("many_to_many", cell="gru")) == {"recurrent.h": (2, 8)}
    assert states(plan("many_to_many", proj_size=3)) == {"recurrent.h": (2, 3), "recurrent.c": (2, 8)}


def test_a_residual_that_adds_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="reads 3 numbers and gives 8; take 2 layers or more"):
        plan(inputs=VECTORS, residual=True, num_layers=1)
    plan(inputs={"x": {"kind": "vectors", "size": 8}}, residual=True, num_layers=1)
    plan(inputs=VECTORS, residual=True)


def test_tied_weights_are_kept_once() -> None:
    made = make(spec(tied=True, embedding_size=8), "many_to_many", IDS, "softmax", {"classes": 50})
    assert "head.weight" not in weights(made)
    assert weights(made)["embed.weight"] == (50, 8)
    with pytest.raises(UsageError, match="embedding_size is 4, the output 8"):
        make(spec(tied=True), "many_to_many", IDS, "softmax", {"classes": 50})


PICTURES = {"x": {"kind": "vectors", "size": 96, "shape": [8, 6, 2]}}


def test_convolutions_halve_a_picture_and_peaks_leave_three_numbers_a_filter() -> None:
    whole, peaks = (plan(inputs=PICTURES, conv=(4, 5), peaks=p) for p in (False, True))
    assert check(peaks) == peaks
    wide = [{op["name"]: op["options"].get("input_size") for op in p["step"]} for p in (whole, peaks)]
    assert [w["recurrent"] for w in wide] == [2 * 2 * 5, 3 * 5]
    for op in peaks["step"]:
        if op["op"] == "peaks":
            op["options"]["width"] += 1
    with pytest.raises(BundleError, match="an image of another size"):
        check(peaks)


def test_convolutions_and_peaks_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="are for images"):
        plan(conv=(4,))
    with pytest.raises(UsageError, match="add --conv"):
        plan(inputs=PICTURES, peaks=True)
    given = {"source": PICTURES["x"] | {"single": True}, "x": IDS["x"]}
    with pytest.raises(UsageError, match="choose --attention none"):
        plan("one_to_many", given, conv=(4,), peaks=True)
    assert plan("one_to_many", given, conv=(4,), peaks=True, attention="none")


def test_an_option_of_another_cell_is_an_error() -> None:
    with pytest.raises(UsageError, match="lstm has no reset; it is an option of gru"):
        plan(reset="before")
    with pytest.raises(UsageError, match="gru has no proj_size; it is an option of lstm"):
        plan(cell="gru", proj_size=2)
    with pytest.raises(UsageError, match="no forget_bias"):
        plan(cell="rnn", forget_bias=1.0)
    with pytest.raises(UsageError, match="so no chrono; it is an option of lstm, gru"):
        plan(cell="rnn", chrono=10)
    with pytest.raises(UsageError, match="chrono and forget_bias set the same biases"):
        plan(chrono=10, forget_bias=1.0)


def test_only_one_direction_streams() -> None:
    assert streams(plan()) == ""
    assert "bidirectional = false" in streams(plan(bidirectional=True))


def writer(**options: Any) -> dict[str, Any]:
    given = {"hidden_size": 8, "num_layers": 2, "embedding_size": 6, "bidirectional": True} | options
    inputs = {"source": {"kind": "ids", "size": 9}, "x": {"kind": "ids", "size": 9}}
    head = "pointer" if options.get("copy") else "softmax"
    return make(ModelSpec(**given), "seq2seq", inputs, head, {"classes": 9})


def test_an_encoder_and_a_decoder_have_three_programs() -> None:
    made = check(writer(cell="lstm"))
    assert [op["op"] for op in made["encode"]] == ["embed", "recurrent"]
    assert [op["op"] for op in made["step"]] == ["embed", "recurrent", "attend", "linear", "linear"]
    assert [(op["inputs"], op["outputs"]) for op in made["bridge"]] == [
        (["encoder.h"], ["decoder.h"]),
        (["encoder.c"], ["decoder.c"]),
    ]
    assert weights(made)["encoder.weight_hh_l0_reverse"] == (16, 4)  # two directions share the width
    assert weights(made)["attend.weight"] == (8, 8)
    assert states(made) == {"decoder.h": (2, 8), "decoder.c": (2, 8)}
    assert streams(made) == ""  # its encoder reads from both ends, but a source is over when it writes
    assert not stepwise(made)


@pytest.mark.parametrize(
    ("options", "ops", "goes_step_by_step"),
    [
        ({"attention": "additive"}, ["embed", "attend", "recurrent", "linear", "linear"], True),
        (
            {"input_feeding": True},
            ["embed", "recall", "recurrent", "attend", "linear", "keep", "linear"],
            True,
        ),
        ({"attention": "none"}, ["embed", "recall", "recurrent", "linear"], False),
        ({"copy": True}, ["embed", "recurrent", "attend", "linear", "copy", "linear"], False),
    ],
)
def test_each_way_of_looking_has_its_operations(
    options: dict[str, Any], ops: list[str], goes_step_by_step: bool
) -> None:
    made = check(writer(**options))
    assert [op["op"] for op in made["step"]] == ops
    assert stepwise(made) == goes_step_by_step


def test_writers_that_cannot_be_are_refused() -> None:
    for options, said in (
        ({"hidden_size": 7}, "must be even, but are 7"),
        ({"attention": "none", "input_feeding": True}, "input_feeding needs attention"),
        ({"attention": "none", "copy": True}, "copy needs attention"),
        ({"attention": "additive", "recurrent_dropout": 0.1}, "leave one of them out"),
        ({"attention": "none", "tied": True}, "as wide as"),
    ):
        with pytest.raises(UsageError, match=said):
            writer(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", OPS)
def test_rows_name_themselves(name: str) -> None:
    assert OPS[name].name == name


def test_a_head_brings_the_operation_of_its_own_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Beside(
        "bends", "bent", {"input_size": Size}, lambda o: {"A": (3, o["input_size"])}, lends=("A",)
    )
    head = replace(HEADS["softmax"], name="bent", beside=beside)
    monkeypatch.setitem(HEADS, "bent", head)
    monkeypatch.setitem(OPS, "bends", op_of(head))
    made = make(
        ModelSpec(hidden_size=8, num_layers=1, embedding_size=4), "many_to_many", IDS, "bent", {"classes": 5}
    )
    assert [op["op"] for op in made["step"]] == ["embed", "recurrent", "bends", "linear"]
    assert weights(check(made))["bends.A"] == (3, 8)
    made["step"].pop(2)
    with pytest.raises(
        BundleError, match="the head bent reads bends beside its numbers, but there is nothing"
    ):
        check(made)
