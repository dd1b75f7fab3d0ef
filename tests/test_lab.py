"""The lab: its puzzles ask what they say, its measures tell a cell that remembers from one that does not."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from click.testing import CliRunner  # noqa: E402

from hitherto.cli.main import cli  # noqa: E402
from hitherto.errors import UsageError  # noqa: E402
from hitherto.lab import EXPERIMENTS, memory, models, run, table  # noqa: E402
from hitherto.lab.cells import VARIANTS, parameters, size_for  # noqa: E402
from hitherto.lab.puzzles import GUESSED, PUZZLES, drawn, learn  # noqa: E402
from hitherto.lab.result import Claim, Lab, Result, spread, verdict  # noqa: E402
from hitherto.lab.run import Done, page  # noqa: E402

ONE = Lab("test", (0,))
TWO = {"rnn tanh": VARIANTS["rnn tanh"], "lstm chrono": VARIANTS["lstm chrono"]}


@pytest.mark.parametrize("name", PUZZLES)
def test_who_knows_the_puzzle_solves_it_and_who_guesses_does_not(name: str) -> None:
    puzzle = PUZZLES[name]
    with drawn(1):
        x, y = puzzle.draw(20, 400)
    assert x.shape[1:] == (400, puzzle.inputs)
    if name == "adding":
        assert (x[..., 1].sum(0) == 2).all()
        answer = (x[..., 0] * x[..., 1]).sum(0).reshape(1, 400, 1)
        guess = torch.ones_like(answer)
    else:
        first = x[: puzzle.asked, :, : puzzle.outputs]
        answer, guess = first, torch.zeros_like(first)
        assert (x[-1, :, puzzle.outputs] == 1).all()  # the question
        assert (x[puzzle.asked : -puzzle.asked] == 0).all()  # what is read in between says nothing
    assert puzzle.solved(puzzle.score(answer, y))
    assert not puzzle.solved(puzzle.score(guess, y))
    assert puzzle.score(guess, y) == pytest.approx(GUESSED[name], abs=0.04)


def test_a_layer_learns_the_same_of_a_seed_and_gives_torch_its_numbers_back() -> None:
    torch.manual_seed(5)
    threads, before = torch.get_num_threads(), torch.random.get_rng_state()
    runs = [learn(PUZZLES["recall"], VARIANTS["gru"], 4, 3, hidden=8, rate=0.03, most=40) for _ in range(2)]
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads
    assert runs[0].score == runs[1].score > 0.9
    assert runs[0].steps == runs[1].steps < 40  # it stops when it has learned


def test_the_cells_are_what_their_names_say() -> None:
    made = {name: make(5, 16, 40) for name, make in VARIANTS.items()}
    u = made["rnn orthogonal"].weight_hh_l0.detach()
    torch.testing.assert_close(u @ u.T, torch.eye(16), atol=1e-5, rtol=0)
    assert made["lstm chrono"].chrono == made["gru chrono"].chrono == 40
    assert made["lstm forget bias 1"].forget_bias == 1
    assert parameters(made["gru"]) == 3 * parameters(made["rnn tanh"])
    size = size_for(VARIANTS["gru"], 5, parameters(made["lstm"]))
    assert parameters(VARIANTS["gru"](5, size, 2)) <= parameters(made["lstm"])
    assert parameters(VARIANTS["gru"](5, size + 1, 2)) > parameters(made["lstm"])


def test_recall_tells_a_cell_that_remembers_from_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "RATES", (0.03,))
    result = memory.recall(ONE, distances=(4, 60, 90), cells=TWO, hidden=12, most=100)
    assert result.numbers["reach"] == {"rnn tanh": 4, "lstm chrono": 90}
    scores: Any = result.numbers["scores"]
    assert list(scores["rnn tanh"]) == ["4", "60"]  # what lies beyond is not tried
    assert [c.holds for c in result.claims] == ["holds", "does not hold", "holds"]
    assert result.sections[1]["rows"][0][3] == "not tried"


def test_gradients_by_lag_fall_at_once_or_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {name: VARIANTS[name] for name in ("rnn tanh", "rnn orthogonal", "lstm", "lstm chrono")}
    monkeypatch.setattr(memory, "learn", lambda *given, **_: learn(*given, most=2))
    result = memory.gradient(ONE, steps=120, learned=6, cells=cells)
    begin: Any = result.numbers["begin"]
    assert [len(norms) for norms in begin.values()] == [120] * 4
    assert memory._fallen(np.array(begin["rnn tanh"])) < 30
    assert memory._fallen(np.array(begin["lstm chrono"])) == 120
    assert memory._fallen(np.array([1, 0.5, 0.001, 0.3, 0.0])) == 4
    assert memory._fallen(np.zeros(3)) == 0


def test_gradients_grow_by_the_spectral_radius_where_nothing_saturates() -> None:
    result = memory.radius(ONE, radii=(0.8, 1.4), steps=60)
    rate: Any = result.numbers["rate"]
    assert rate["0.8"] < 0.9
    assert 0.9 < rate["1.4"] < 1.3  # tanh holds it
    logs = memory._grown(1.4, 60, 64, 0, nonlinear=False)
    assert np.exp((logs[-1] - logs[20]) / 39) == pytest.approx(1.4, rel=0.1)
    assert [c.holds for c in result.claims] == ["holds", "holds in part"]


def test_puzzles_lengths_and_cost_have_a_row_for_each_cell() -> None:
    for experiment in (memory.adding, memory.copying):
        result = experiment(ONE, steps=4, cells=TWO, most=3)
        assert [row[0] for row in result.sections[0]["rows"]] == sorted(
            TWO,
            key=lambda c: result.numbers["scores"][c],
            reverse=experiment is memory.copying,  # type: ignore[index]
        )
        assert result.claims[0].measured.startswith("solved by: none")
    result = memory.lengths(ONE, short=4, long=6, hidden=6, most=3)
    assert [row[:3] for row in result.sections[0]["rows"]] == [
        ["lstm", 6, 4], ["gru", 7, 4], ["lstm", 6, 6], ["gru", 7, 6]
    ]  # fmt: skip
    result = models.cost(ONE, inputs=4, hidden=8, steps=3, rows=2, rounds=2)
    assert [row[3] for row in result.sections[0]["rows"][:3]] == [112, 336, 448]
    assert result.claims[0].holds == "holds"


def test_a_sentence_and_a_form_are_real_models() -> None:
    result = models.sentence(ONE, epochs=1)
    (steps,) = (s for s in result.sections if s["title"] == "Step by step")
    assert [row[0] for row in steps["rows"]][1:5] == ["I", "am", "going", "to"]
    share, _, inputs, outputs = models._many_to_many(1)
    assert 0 <= share <= 1
    assert len(inputs) == len(outputs) == 5
    drawing = models._drawn("many to many, one after the other", ["a", "<"], ["x", "y", "z"])
    assert drawing.count("<rect") == 2 + 3 + 5  # the outputs begin when all is read
    assert "&lt;" in drawing


# ---- running them


def toy(lab: Lab) -> Result:
    lab.say(f"{len(lab.seeds)} seeds")
    chart = {
        "kind": "curves",
        "title": "A chart",
        "labels": ["1", "10"],
        "series": [{"name": "a", "x": [0, 1], "y": [1, 2]}],
    }
    strip = {
        "kind": "strips",
        "title": "A strip",
        "items": [{"caption": "", "columns": [], "values": np.eye(2), "most": 1}],
    }
    return Result(
        [Claim("Grass is <green>.", "it is", "does not hold")], [chart, strip], {"n": len(lab.seeds)}
    )


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(EXPERIMENTS):
        monkeypatch.delitem(EXPERIMENTS, name)
    monkeypatch.setitem(EXPERIMENTS, "one", table.Experiment("What is green", toy))
    monkeypatch.setitem(EXPERIMENTS, "two", table.Experiment("What is not", toy))


@pytest.mark.usefixtures("toys")
def test_what_is_done_is_not_done_again_and_the_page_needs_nothing_else(tmp_path: Path) -> None:
    heard: list[str] = []
    out = tmp_path / "lab.html"
    done = run(out, only=["one"], seeds=2, say=heard.append)
    assert [one.name for one in done] == ["one"]
    first = out.read_text(encoding="utf-8")
    assert "does not hold" in first
    assert "Grass is &lt;green&gt;." in first
    assert ">10</text>" in first  # a label of the chart
    assert not re.search(r'(src|href)="(?!data:)', first)
    assert "What is not" not in first
    heard.clear()
    assert len(run(out, seeds=2, say=heard.append)) == 2
    assert "one is done already" in heard[0]
    assert heard.count("2 seeds") == 1
    (tmp_path / "lab.run" / "two.json").write_text("{cut")
    heard.clear()
    run(out, seeds=2, say=heard.append)
    assert heard.count("2 seeds") == 1  # what cannot be read is done again
    heard.clear()
    run(out, seeds=1, say=heard.append)
    assert heard.count("1 seeds") == 2  # other seeds, other results
    for bad, said in (
        ({"only": ["thre"]}, "there is no experiment 'thre'"),
        ({"seeds": 0}, "seeds must be 1 or more"),
    ):
        with pytest.raises(UsageError, match=said):
            run(out, **bad)  # type: ignore[arg-type]


def test_a_part_that_is_known_is_not_measured_again(tmp_path: Path) -> None:
    lab = Lab("test", (0,), file=tmp_path / "parts.json")
    assert lab.part("a", lambda: [1.0, 2.0]) == [1.0, 2.0]
    assert lab.part("a", lambda: pytest.fail("measured again")) == [1.0, 2.0]
    assert lab.part("b", lambda: [3.0]) == [3.0]
    (tmp_path / "parts.json").write_text("{cut")
    assert lab.part("a", lambda: [4.0]) == [4.0]
    assert ONE.part("a", lambda: [5.0]) == [5.0]  # nothing is kept where there is no file


@pytest.mark.usefixtures("toys")
def test_the_command_prints_claims_or_json(tmp_path: Path) -> None:
    call = CliRunner().invoke
    out = str(tmp_path / "lab.html")
    result = call(cli, ["lab", "--out", out, "--only", "one", "--seeds", "1"])
    assert result.exit_code == 0
    assert "does not hold  Grass is <green>.  it is" in result.stdout
    rows = json.loads(call(cli, ["lab", "--out", out, "--seeds", "1", "--json"]).stdout)
    assert [row["name"] for row in rows] == ["one", "two"]
    assert rows[0]["claims"] == [{"said": "Grass is <green>.", "measured": "it is", "holds": "does not hold"}]
    assert rows[0]["numbers"] == {"n": 1}
    assert "What is green" in call(cli, ["lab", "--list"]).stdout


def test_a_page_of_nothing_is_a_page() -> None:
    assert "Said, measured" in page([])
    assert "<svg" in page([Done("radius", 1, 1.0, 1.0, "0", memory.radius(ONE, radii=(0.8, 1.4), steps=10))])


def test_words_for_numbers() -> None:
    assert spread([0.1, 0.3, 0.2]) == "0.20 (0.10 to 0.30)"
    assert spread([0.5]) == "0.50"
    assert spread([]) == "not measured"
    assert [verdict(True, True), verdict(True, False), verdict(False)] == [
        "holds", "holds in part", "does not hold"
    ]  # fmt: skip
