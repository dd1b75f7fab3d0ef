"""A plan from a stranger is walked as it will be run, and refused before anything is allocated."""

import copy
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto import bundle
from hitherto.codecs.text import TextCodec
from hitherto.errors import BundleError
from hitherto.heads import HEADS
from hitherto.plan import OPS, make, weights
from hitherto.plan.check import check
from hitherto.spec import ModelSpec

IDS = {"x": {"kind": "ids", "size": 50}}
VECTORS = {"x": {"kind": "vectors", "size": 3}}
PICTURE = {"kind": "vectors", "size": 96, "shape": [8, 6, 2], "single": True}


def plan(form: str = "many_to_one", inputs: Any = IDS, **options: Any) -> dict[str, Any]:
    model = ModelSpec(**({"hidden_size": 8, "num_layers": 2, "embedding_size": 4} | options))
    return make(model, form, inputs, "softmax", {"classes": 5})


def writer(**options: Any) -> dict[str, Any]:
    given = {"hidden_size": 8, "num_layers": 2, "embedding_size": 6, "bidirectional": True} | options
    inputs = {"source": {"kind": "ids", "size": 9}, "x": {"kind": "ids", "size": 9}}
    head = "pointer" if options.get("copy") else "softmax"
    return make(ModelSpec(**given), "seq2seq", inputs, head, {"classes": 9})


def pen() -> dict[str, Any]:
    model = ModelSpec(hidden_size=8, num_layers=2, embedding_size=6, components=3, input_feeding=True)
    inputs = {"source": {"kind": "ids", "size": 9}, "x": {"kind": "vectors", "size": 3}}
    return make(model, "seq2seq", inputs, "mixture", {"components": 2, "ends": True})


def seer(**options: Any) -> dict[str, Any]:
    model = ModelSpec(**({"hidden_size": 8, "num_layers": 1, "embedding_size": 6, "conv": (4,)} | options))
    inputs = {"source": PICTURE, "x": {"kind": "ids", "size": 9}}
    return make(model, "one_to_many", inputs, "softmax", {"classes": 9})


def piece() -> dict[str, Any]:
    model = ModelSpec(hidden_size=8, num_layers=1, chain=4)
    return make(
        model, "many_to_many", {"x": {"kind": "vectors", "size": 6}}, "chain", {"labels": 6, "hidden": 4}
    )


def tensors(made: dict[str, Any]) -> dict[str, Any]:
    return {name: np.zeros(shape, np.float32) for name, shape in weights(made).items()}


def spans() -> dict[str, Any]:
    model = ModelSpec(hidden_size=8, num_layers=1, embedding_size=8)
    return make(model, "many_to_many", IDS, "crf", {"classes": 4})


ALL = {
    "classify": plan(conv=(), dropout=0.1),
    "pictures": plan(inputs={"x": {"kind": "vectors", "size": 96, "shape": [8, 6, 2]}}, conv=(4,), peaks=True),
    "tag": plan("many_to_many", bidirectional=True, cell="gru"),
    "tag spans": spans(),
    "window": bundle.read(Path(__file__).parent / "golden" / "forecast-window.safetensors").plan,
    "spelled": plan("many_to_many", {"x": {"kind": "vectors", "size": 9, "spelled": [50, 6, 2]}}),
    "subwords": plan("many_to_many", {"x": {"kind": "vectors", "size": 9, "spelled": [50, 6, 2]}}, letter_buckets=64),
    "vectors": plan("many_to_many", VECTORS, cell="rnn"),
    "multiplicative": writer(),
    "additive": writer(attention="additive"),
    "fed": writer(input_feeding=True),
    "plain": writer(attention="none"),
    "copies": writer(copy=True),
    "pen": pen(),
    "seer": seer(),
    "seer without attention": seer(attention="none", peaks=True),
    "piece": piece(),
    "bag": plan(pool="max", skip=True, ngrams=2, buckets=30),
    "summary": plan(inputs=VECTORS, skip=True),
    "tied": make(
        ModelSpec(hidden_size=8, num_layers=1, embedding_size=8, tied=True),
        "many_to_many", IDS, "softmax", {"classes": 50},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_what_is_made_is_sound(name: str) -> None:
    made = json.loads(json.dumps(ALL[name]))
    assert check(made, tensors(made)) == ALL[name]


def test_all_operations_and_heads_that_can_be_made_are_walked() -> None:
    programs = [
        op["op"] for made in ALL.values() for p in ("encode", "bridge", "step") for op in made.get(p, [])
    ]
    assert set(programs) == set(OPS)
    assert {"softmax", "pointer", "mixture", "chain", "crf"} <= {
        made["head"]["kind"] for made in ALL.values()
    }


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_says_what_its_options_are(kind: str) -> None:
    row = HEADS[kind]
    some = {"ends": True, "levels": [0.1, 0.5]}
    options = {name: some.get(name, 3) for name in row.options}
    made = plan("many_to_many", VECTORS)
    made["head"] = {"kind": kind, "name": "head", "options": options | {"more": 1}}
    with pytest.raises(BundleError, match="unknown field `more`"):
        check(made)
    assert row.size(**options) > 0


def refused(made: dict[str, Any], change: Any, said: str) -> None:
    bad = copy.deepcopy(made)
    change(bad)
    with pytest.raises(BundleError, match="not sound") as error:
        check(bad)
    assert said in str(error.value)


def _without(key: str) -> Any:
    return lambda p: p.pop(key)


def _op(at: int = 1, /, **values: Any) -> Any:
    return lambda p: p["step"][at].update(values)


def _option(name: str, value: Any, at: int = 1) -> Any:
    return lambda p: p["step"][at]["options"].update({name: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without("head"), "missing required field `head`"),
        (_without("step"), "missing required field `step`"),
        (lambda p: p.update(more=1), "unknown field `more`"),
        (lambda p: p.update(form="sideways"), "form 'sideways'"),
        (lambda p: p.update(form="many_to_many"), "its form is many_to_many"),
        (lambda p: p["head"].update(kind="magic"), "head 'magic' is not known"),
        (lambda p: p["head"].update(name="nobody"), "the head names 'nobody'"),
        (lambda p: p["head"]["options"].update(classes=6), "the head softmax reads 6 numbers"),
        (lambda p: p["inputs"].update(y=p["inputs"]["x"]), "its inputs must be x"),
        (lambda p: p["inputs"]["x"].update(shape=[2, 3, 4]), "has the shape (2, 3, 4), but 50 numbers"),
        (_op(op="eval"), "operation 'eval' is not known"),
        (_op(op="bridge"), "is a bridge, which has no place in step"),
        (_op(inputs=["nowhere"]), "reads 'nowhere'"),
        (_op(inputs=["x", "x"]), "wrong number of inputs"),
        (_op(inputs=["x"]), "recurrent reads 'x', but what comes to it is 'embedded'"),
        (_op(outputs=["x"]), "makes 'x', which is there already"),
        (_op(outputs=["a", "b"]), "length <= 1"),
        (_op(name="embed"), "two operations are named 'embed'"),
        (_op(name="a.b"), "matching regex"),
        (_op(weights={"surprise": "embed.weight"}), "shares 'surprise', which it does not have"),
        (_op(weights={"weight_hh_l0": "nobody.weight"}), "'nobody.weight', which no operation has"),
        (_op(weights={"weight_hh_l0": "embed.weight"}), "shares 'embed.weight', (50, 4)"),
        (_option("cell", "magic"), "cell 'magic' of recurrent"),
        (_option("surprise", 1), "unknown field `surprise`"),
        (_option("hidden_size", "8"), "expected `int`, got `str`"),
        (_option("hidden_size", -1), "`int` >= 1"),
        (_option("hidden_size", 2**24), "`int` <= 16777215"),
        (_option("num_layers", 2**31 - 1), "`int` <= 1024"),
        (_option("bidirectional", 1), "expected `bool`, got `int`"),
        (_option("dropout", 1.0), "`float` < 1.0"),
        (_option("nonlinearity", "tanh"), "recurrent is a lstm, which has no nonlinearity"),
        (lambda p: p["step"].insert(0, "embed"), "expected `object`, got `str`"),
        (lambda p: p.update(step={}), "expected `array`, got `object`"),
        (lambda p: p.update(step=p["step"][-1:]), "reads 'pooled'"),
        (lambda p: p["step"].insert(1, p["step"][0] | {"name": "e", "inputs": ["embedded"]}), "reads ids"),
        (lambda p: p["inputs"]["x"].update(kind="vectors"), "reads 'x', which is vectors"),
    ],
)  # fmt: skip
def test_plans_that_are_not_sound_are_refused(change: Any, said: str) -> None:
    refused(plan(), change, said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without("bridge"), "one of encode and bridge"),
        (lambda p: p["bridge"][0].update(inputs=["encoder.x"]), "reads 'encoder.x'"),
        (lambda p: p["bridge"][0].update(outputs=["decoder.x"]), "makes 'decoder.x', which is no state"),
        (lambda p: p["bridge"][1].update(outputs=["decoder.h"]), "makes decoder.h, as another does"),
        (lambda p: p["bridge"][0]["options"].update(input_size=3), "does not fit encoder.h"),
        (lambda p: p["bridge"].append(p["step"][0] | {"name": "e", "inputs": ["encoder.h"]}), "no place in bridge"),
        (_option("kind", "telepathic", 2), "invalid enum value 'telepathic'"),
        (_option("query", "nobody.h", 2), "must ask with its input"),
        (_option("activation", "exec", 3), "invalid enum value 'exec'"),
        (lambda p: (p.pop("encode"), p.pop("bridge"), p["inputs"].pop("source")), "has nothing to look at"),
        (_option("input_size", 7), "reads 7 numbers, but gets 6"),
        (_option("size", 7, 0), "reads 7 numbers, but gets 9"),
        (_option("memory_size", 7, 2), "does not fit the memory"),
        (_option("size", 7, 2), "must ask with its input"),
        (lambda p: p["step"][2]["options"].update(kind="additive", query="decoder.h", query_size=3), "decoder.h"),
        (lambda p: p["step"][2]["options"].update(kind="additive", query="nobody.h", query_size=8), "names no state"),
        (lambda p: p["step"][2]["options"].update(kind="additive", query="", query_size=8), "must name the state"),
        (lambda p: p["step"][2]["options"].update(kind="additive", query="decoder.h", query_size=0), "must name the"),
        (lambda p: p["step"][3]["options"].pop("input_size"), "missing required field `input_size`"),
        (lambda p: p["inputs"]["x"].update(size="9"), "expected `int`, got `str`"),
        (lambda p: p["step"][2].update(inputs=["y", "x"]), "looks at 'x', but there is only 'memory'"),
        (lambda p: p["step"].insert(3, p["step"][2] | {"name": "again", "inputs": ["attended", "memory"]}),
         "looks at the memory, as another does"),
    ],
)  # fmt: skip
def test_writers_that_are_not_sound_are_refused(change: Any, said: str) -> None:
    refused(writer(), change, said)


def test_what_is_decoded_step_by_step_is_not_read_from_the_end() -> None:
    def both(p: dict[str, Any]) -> None:
        p["step"][2]["options"] |= {"bidirectional": True, "hidden_size": 4}

    refused(
        writer(attention="none"), both, "step decodes step by step, but pools, or reads from the end, too"
    )


# What an attack from outside found to be accepted. ------------------------------------------------------------------


def test_the_head_is_the_last_operation_and_has_no_states() -> None:
    """Run on no rows of states it would write past them."""
    made = plan("many_to_many", VECTORS)

    def layer_last(p: dict[str, Any]) -> None:
        p["step"][-1] = copy.deepcopy(p["step"][0]) | {"name": "head", "inputs": ["y"], "outputs": ["params"]}
        p["step"][-1]["options"] |= {"input_size": 8, "hidden_size": 5}

    refused(made, layer_last, "is a recurrent, which cannot be one")
    refused(
        made,
        lambda p: p["step"].append(p["step"][0] | {"name": "z", "inputs": ["params"], "outputs": ["z"]}),
        "",
    )
    keeps = writer(input_feeding=True)
    keeps["step"][-2:] = reversed(keeps["step"][-2:])
    refused(keeps, lambda p: p["head"].update(name="keep"), "")


def test_a_shared_tensor_fits_all_who_share_it() -> None:
    made = copy.deepcopy(ALL["tied"])
    made["step"][0]["options"]["width"] = made["step"][1]["options"]["input_size"] = 4
    small = tensors(made) | {"embed.weight": np.zeros((50, 8), np.float32)}
    with pytest.raises(BundleError, match=r"'embed\.weight' has the shape"):
        check(made, small)


def test_memory_is_what_the_encoder_gives() -> None:
    def elsewhere(p: dict[str, Any]) -> None:  # named memory, but the layer after it is what attention gets
        p["encode"][0]["outputs"] = p["encode"][1]["inputs"] = ["memory"]
        p["encode"][1]["outputs"] = ["other"]
        p["step"][2]["options"]["memory_size"] = 6

    refused(writer(), elsewhere, "looks at 'memory', but the encoder gives 'other'")

    def pooled(p: dict[str, Any]) -> None:  # places that a pool leaves nothing of
        p["encode"].append(
            {"op": "pool", "name": "pool", "inputs": ["memory"], "outputs": ["pooled"],
             "options": {"kind": "last", "size": 8, "bidirectional": False}}
        )  # fmt: skip

    refused(writer(), pooled, "looks at 'memory', but the encoder gives ''")


def test_a_pool_of_two_directions_has_two_halves() -> None:
    made = plan(bidirectional=False, hidden_size=7)
    refused(made, lambda p: p["step"][2]["options"].update(bidirectional=True), "which two cannot share")


def test_what_a_plan_leaves_out_is_not_taken_from_the_file() -> None:
    """A linear map without a bias reads none, whatever else the file holds."""
    from hitherto.runtime.engine import Engine

    made = plan("many_to_many", VECTORS)
    made["step"][-1]["options"]["bias"] = False
    given = tensors(made)
    given["head.weight"] += 1
    check(made, given)
    x = {"x": np.ones((2, 1, 3), np.float32)}
    outputs = []
    for more in ({}, {"head.bias": np.ones(1, np.float32), "recurrent.weight_hr_l0": np.ones(1, np.float32)}):
        engine = Engine(made, given | more)
        outputs.append(engine.params(engine.forward(x)[0]))
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("dtype", [np.complex64, np.int64, np.bool_])
def test_weights_are_floats(dtype: Any) -> None:
    made = plan()
    given = tensors(made)
    with pytest.raises(BundleError, match=r"'head\.bias' is .*, but weights are floats"):
        check(made, given | {"head.bias": given["head.bias"].astype(dtype)})
    with pytest.raises(BundleError, match="beyond float32"):
        check(made, given | {"head.bias": np.full(5, 1e300)})


def test_tensors_must_fit_the_plan() -> None:
    made = plan()
    given = tensors(made)
    check(made, given)
    with pytest.raises(BundleError, match=r"'head\.bias' has the shape \(4,\), the plan says \(5,\)"):
        check(made, given | {"head.bias": np.zeros(4, np.float32)})
    del given["embed.weight"]
    with pytest.raises(BundleError, match=r"'embed\.weight' that the plan names is missing"):
        check(made, given)


def test_a_step_is_in_proportion_to_the_file() -> None:
    size = 4000 * 4000 * 1
    inputs = {"x": {"kind": "vectors", "size": size, "shape": [4000, 4000, 1]}}
    made = plan(inputs=inputs, conv=(1,), peaks=True)
    with pytest.raises(BundleError, match=r"a step takes .* numbers, and .* are the most for"):
        check(made, tensors(made))
    for op in made["step"]:
        if op["op"] == "conv":
            op["options"] |= {"kernel": 101, "height": 1000, "width": 1000}
            op["options"]["stride"] = 1
        if op["op"] == "peaks":
            op["options"] |= {"height": 1000, "width": 1000}
    made["inputs"]["x"] = {"kind": "vectors", "size": 10**6, "shape": [1000, 1000, 1]}
    with pytest.raises(BundleError, match=r"a step takes .* products"):
        check(made, tensors(made))


def test_many_layers_that_the_file_does_not_hold_are_refused_at_once() -> None:
    made = plan()
    made["step"][1]["options"]["num_layers"] = 1024
    begun = time.process_time()
    with pytest.raises(BundleError, match="is missing"):
        check(made, tensors(plan()))
    assert time.process_time() - begun < 5  # it hung; not a timing


def test_a_file_is_verified_before_it_is_run(tmp_path: Path) -> None:
    """The digest of a stranger's file may be right: the plan is refused all the same."""
    codec = TextCodec.fit(["some text"], tokens="chars")
    made = make(
        ModelSpec(hidden_size=4, num_layers=1, embedding_size=4), "many_to_many",
        {"x": {"kind": "ids", "size": codec.size}}, "softmax", {"classes": codec.size},
    )  # fmt: skip
    kept = {"spec": {"task": "lm"}, "codecs": {"input": codec}, "metrics": {}, "made": {}}
    path = tmp_path / "m.safetensors"
    bundle.write(path, tensors=tensors(made), plan=made, **kept)
    assert hitherto.open(path).stream().push("text")
    made["step"][1]["inputs"] = ["x"]
    bundle.write(path, tensors=tensors(made), plan=made, **kept)
    with pytest.raises(BundleError, match="what comes to it is"):
        hitherto.open(path)
