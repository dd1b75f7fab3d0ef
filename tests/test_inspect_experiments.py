"""A silent unit, states that rest, what moves a unit, two inspections beside each other; the page and the verb."""

import html
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from test_inspect import GOLDEN, every, golden, opened

from hitherto import trained
from hitherto.cells import CELLS
from hitherto.cli.main import cli
from hitherto.errors import UsageError
from hitherto.inspect import beside, moved, resting, silenced
from hitherto.inspect.inspection import Inspection
from hitherto.plan import make, weights
from hitherto.runtime.engine import Engine
from hitherto.spec import ModelSpec
from hitherto.tasks.families import family_of

HERE = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    "name", ["classify", "classify-two-ways", "transcribe-one-way", "forecast-window", "translate-one-way"]
)
def test_a_silent_unit_is_one_without_weights_out_of_it(name: str) -> None:
    model, value = golden(name)
    seen = model.inspect(value, measure=["gradient"])
    layer = seen.layers[-1]
    lost = silenced(model, value)
    width = next(iter(layer.states.values())).shape[1]
    assert lost.shape == (width,)
    if "bridge" in model.plan or layer.name.startswith("step.segments"):
        assert np.abs(lost).max() > 0
        return
    # the same by a copy of the model in which nothing reads the unit
    op = next(op for op in model.plan["step"] if op["name"] == layer.name.split(".")[1])
    number, way = op["options"]["num_layers"] - 1, "_reverse" if layer.reverse else ""
    unit = int(np.abs(lost).argmax())
    tensors = {key: np.array(w) for key, w in model.tensors.items()}
    tensors[f"{op['name']}.weight_hh_l{number}{way}"][:, unit] = 0
    head = model.plan["step"][-1]["name"]
    place = unit + width * layer.reverse
    tensors[f"{head}.weight"][:, place] = 0
    reading = family_of(model.spec.task).reading(model, value)
    engine = Engine(model.plan, tensors)
    features, _ = engine.forward(reading.inputs)
    params = engine.params(features)
    params = params[0] if engine.pools else params[-1, 0]
    k = int(seen.params[-1].argmax())
    np.testing.assert_allclose(lost[unit], (seen.params[-1] - params)[k], atol=1e-5)


def test_options_of_experiments() -> None:
    model, value = golden("classify")
    for call in (lambda: silenced(model, value, "step.none.0"), lambda: resting(model, value, "step.none.0")):
        with pytest.raises(UsageError, match=r"there are step\.recurrent\.0"):
            call()
    with pytest.raises(UsageError, match="unit must be from 0 to 3"):
        moved(model, value, 4)
    with pytest.raises(UsageError, match="hold must be one of mean, last, zero"):
        resting(model, value, hold="first")


@pytest.mark.parametrize("name", ["classify", "lm", "tag-two-ways", "translate"])
def test_states_that_rest_stay(name: str) -> None:
    model, value = golden(name)
    found = resting(model, value)
    assert len(found.states) == len(found.shares)
    np.testing.assert_allclose(found.shares.sum() + found.moving, 1)
    assert found.moving < 1
    seen = model.inspect(value, measure=())
    layer = seen.layers[-1]
    assert found.states.shape[1] == sum(values.shape[1] for values in layer.states.values())
    if name == "classify":  # one more step of the cell, with the mean of what it read
        op = next(op for op in model.plan["step"] if op["name"] == "recurrent")
        embedded = model.tensors["embed.weight"]
        ids = family_of("classify").reading(model, value).inputs["x"][:, 0]
        cell = CELLS[op["options"]["cell"]]
        params = {n: model.tensors[f"recurrent.{n}_l0"] for n in cell.params(embedded.shape[1], 4)}
        widths = [values.shape[1] for values in layer.states.values()]
        state = np.split(found.states, np.cumsum(widths)[:-1], 1)
        x = np.broadcast_to(embedded[ids].mean(0), (len(found.states), embedded.shape[1]))
        after = np.concatenate(cell.step(np, params, x, tuple(state)), 1)
        assert np.abs(after - found.states).max() < 2e-4


def test_two_resting_states_of_a_latch() -> None:
    """A unit that holds its sign rests in two places."""
    plan = make(
        ModelSpec(cell="rnn", hidden_size=1, num_layers=1), "many_to_many",
        {"x": {"kind": "vectors", "size": 1}}, "softmax", {"classes": 2},
    )  # fmt: skip
    tensors = {name: np.zeros(shape, np.float32) for name, shape in weights(plan).items()}
    tensors["recurrent.weight_hh_l0"][:] = 2
    tensors["recurrent.weight_ih_l0"][:] = 1
    from hitherto.inspect import experiments
    from hitherto.inspect.trace import trace

    x = np.array([3.0, -6, -1], np.float32).reshape(3, 1, 1)
    (layer,) = trace(plan, tensors, {"x": x}).layers

    class Latch:
        plan: Any = None
        tensors: Any = None

    latch = Latch()
    latch.plan, latch.tensors = plan, tensors
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "_seen", lambda *_: (None, layer))
        found = resting(latch, None, hold="zero")
    assert found.moving == 0
    np.testing.assert_allclose(sorted(found.states[:, 0]), [-0.9575, 0.9575], atol=1e-3)
    np.testing.assert_allclose(sorted(found.shares), [1 / 3, 2 / 3])


def test_passages_that_move_a_unit() -> None:
    model, _ = golden("lm")
    rows = ["the cat", "on the mat the", "sat"]
    top = moved(model, rows, 1, count=4)
    assert [abs(p.change) for p in top] == sorted((abs(p.change) for p in top), reverse=True)
    best = top[0]
    seen = model.inspect([rows[best.row - 1]], measure=())
    h = seen.layers[-1].states["h"][:, 1]
    np.testing.assert_allclose(best.value, h[best.step])
    np.testing.assert_allclose(best.change, np.diff(h, prepend=0)[best.step], rtol=1e-6)
    every_change = [
        np.abs(np.diff(model.inspect([row], measure=()).layers[-1].states["h"][:, 1], prepend=0)).max()
        for row in rows
    ]
    np.testing.assert_allclose(abs(best.change), max(every_change))
    assert best.words == seen.steps["x"][: best.step + 1]


def test_two_inspections_beside_each_other() -> None:
    model, _ = golden("lm")
    one, other = (model.inspect(text, measure=()) for text in ("the cat sat", "the mat sat on"))
    both = beside(one, other)
    off = both.states["step.recurrent.0"]
    assert len(off) == len(one.params) == 4
    assert np.array_equal(off[:2], [0, 0])  # what both read
    assert off[2] > 0
    assert both.answers[2] > 0
    theirs = beside(one, golden("lm-chars")[0].inspect("the cat", measure=()))
    assert np.isnan(theirs.answers).all()
    assert "Two inspections" in both.page()


@every
def test_the_page_is_whole_and_asks_nobody(path: Path) -> None:
    model, value = opened(path)
    page = model.inspect(value).page()
    assert page.startswith("<!doctype html>")
    assert "The memory of" in page or not model.inspect(value, measure=()).layers
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "<script" not in page
    body = re.sub(r"<!doctype html>|<meta[^>]*>", "", page).replace("&nbsp;", " ")
    assert ET.fromstring(body).tag == "html"  # every element is closed
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower().replace("nant", "")


def run(*args: str) -> Any:
    return CliRunner().invoke(cli, ["inspect", *args], catch_exceptions=False, standalone_mode=False)


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = str(HERE / "classify.safetensors")
    text = run(bundle, "--text", "a good film")
    assert "half-life" in text.output
    assert "good" in text.output
    result = json.loads(run(bundle, "--text", "a good film", "--json").output)
    assert result["task"] == "classify"
    page, arrays = tmp_path / "in.html", tmp_path / "in.npz"
    run(bundle, "--text", "a good film", "--text", "a bad film", "--out", str(page), "--npz", str(arrays))
    assert "Two inspections" in page.read_text()
    with np.load(arrays, allow_pickle=False) as kept:
        seen = trained.open(bundle).inspect("a good film")
        assert np.array_equal(kept["step.recurrent.0.h"], seen.layers[0].states["h"])
        assert "beside.params" in kept
    data = tmp_path / "some.csv"
    data.write_text("text\na good film\na bad film and so\n")
    assert "bad" in run(bundle, str(data), "--row", "2").output
    assert "up to here" in run(bundle, str(data), "--unit", "1").output
    assert len(json.loads(run(bundle, str(data), "--silence", "--json").output)) == 4
    assert len(json.loads(run(bundle, "--text", "a", "--beside", bundle, "--json").output)) == 2
    for args, words in (
        ((), "give DATA"),
        (("--text", "a", "--out", "a.txt"), "a file .html"),
        (("--text", "a", "--layer", "x"), "--silence"),
        (("--text", "a", "--text", "b", "--text", "c"), "two inspections"),
    ):
        with pytest.raises(UsageError, match=words):
            run(bundle, *args)


def test_the_verb_takes_every_model() -> None:
    for path in GOLDEN:
        model, _ = opened(path)
        if model.source.continues and model.source.says:
            assert json.loads(run(str(path), "--text", "xy", "--json").output)["task"] == model.spec.task


def test_a_notebook_shows_it() -> None:
    model, value = golden("lm")
    seen = model.inspect(value)
    assert isinstance(seen, Inspection)
    shown = seen._repr_html_()
    assert shown.startswith("<iframe")
    assert html.unescape(shown.split('srcdoc="')[1].split('"')[0]) == seen.page()
