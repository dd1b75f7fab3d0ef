"""The command line: exit status, what `doctor` says, and what it says where something is missing."""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

import hitherto
from hitherto.cells import CELLS
from hitherto.cli import display as display_module
from hitherto.cli import doctor, generate, main
from hitherto.cli.display import Display
from hitherto.errors import UsageError
from hitherto.tasks.language.verbs import pieces

PARTS = {
    "hitherto",
    "python",
    "platform",
    "cpus",
    "packages",
    "native",
    "runtime",
    "threads",
    "paths",
    "promises",
    "notes",
}


def status_of(*args: str) -> int | None:
    with pytest.raises(SystemExit) as end:
        main(args)
    assert end.value.code is None or isinstance(end.value.code, int)
    return end.value.code


def doctor_json(prelude: str = "", **environment: str) -> dict[str, Any]:
    """`hitherto doctor --json` in a process of its own, after `prelude`."""
    program = f"{prelude}\nfrom hitherto.cli import main\nmain(['doctor', '--json'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert set(report) == PARTS
    return report


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for args in (["--help"], ["doctor", "-h"]):
        assert not status_of(*args)
        assert "Example: hitherto doctor" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert not status_of("--version")
    assert capsys.readouterr().out == f"hitherto {hitherto.__version__}\n"


@pytest.mark.parametrize(
    ("args", "says"),
    [(["docter"], "docter"), (["doctor", "--jsno"], "--json"), (["doctor", "spare"], "spare")],
)
def test_bad_usage_exits_2(args: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(*args) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "status"),
    [(KeyboardInterrupt(), 130), (UsageError("too few"), 2), (click.UsageError("too few"), 2)],
)
def test_status_of_what_a_verb_raises(
    raised: BaseException, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def examine() -> doctor.Report:
        raise raised

    monkeypatch.setattr(doctor, "examine", examine)
    assert status_of("doctor") == status
    assert str(raised) in capsys.readouterr().err


def test_doctor_checks_every_cell_and_prints_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert not status_of("doctor", "--json")
    report = json.loads(capsys.readouterr().out)
    assert set(report) == PARTS
    assert {promise["cell"] for promise in report["promises"]} == set(CELLS)
    assert all(promise["ok"] for promise in report["promises"])
    assert len(report["paths"]) == 5
    assert report["threads"] >= 1
    text = doctor.render(report)
    for promise in report["promises"]:
        assert promise["promise"] in text
    for path in report["paths"].values():
        assert path in text


def test_doctor_exits_1_where_a_promise_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {
        "cell": "gru",
        "promise": "padding changes nothing",
        "ok": False,
        "detail": "row 2 differs by 0.5",
    }
    monkeypatch.setattr(doctor, "check_promises", lambda: [broken])
    assert status_of("doctor") == 1
    assert "FAILS  gru   padding changes nothing: row 2 differs by 0.5" in capsys.readouterr().out


def test_doctor_without_torch_says_so() -> None:
    report = doctor_json(
        "import sys, importlib.util as util; find = util.find_spec; sys.modules['torch'] = None\n"
        "util.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)"
    )
    assert report["packages"]["torch"] is None
    assert report["promises"] == []
    assert report["threads"] is None
    assert any("pip install 'hitherto[train]'" in note for note in report["notes"])


def test_doctor_without_the_extension_says_so() -> None:
    report = doctor_json("import sys; sys.modules['hitherto._native'] = None")
    assert report["native"] is None
    assert any("hitherto._native did not load" in note for note in report["notes"])
    assert report["promises"]


def test_doctor_names_the_instruction_set_in_use() -> None:
    usable = doctor_json()["native"]["isas"]
    for isa in usable:
        assert doctor_json(HITHERTO_ISA=isa)["native"]["isa"] == isa


def test_an_instruction_set_that_is_none_is_said_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hitherto", "predict", str(tmp_path / "none.safetensors"), "--text", "so"],
        capture_output=True, text=True, check=False, env={**os.environ, "HITHERTO_ISA": "pentium"},
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "HITHERTO_ISA" in done.stderr


def test_a_long_training_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from types import SimpleNamespace

    now = [0.0]
    monkeypatch.setattr(display_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    display = Display()
    for step in range(1, 90):  # two seconds each
        now[0] += 2
        progress = SimpleNamespace(step=step, total=20_000, epoch=0)
        display.show(progress, {"loss": 0.5, "tokens_per_second": 100})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3, "the warning, and a line for each quiet minute"
    assert lines[0].startswith("the run takes 11.1 h more at this speed: fewer --epochs")
    assert " ".join(lines[1].split()) == "epoch 1 step 42 of 20,000 loss 0.5000 100 tokens/s 11.1 h left"
    short = Display()
    for step in range(1, 20):
        now[0] += 2
        short.show(SimpleNamespace(step=step, total=20, epoch=0), {"loss": 0.5, "tokens_per_second": 100})
    assert capsys.readouterr().err == ""


def help_of(*path: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The sections of a `--help` by their headings, each as one line."""
    assert not status_of(*path, "--help")
    sections = re.split(r"^(\w[\w ]*):\n", capsys.readouterr().out, flags=re.MULTILINE)
    return {title: " ".join(text.split()) for title, text in zip(sections[1::2], sections[2::2], strict=True)}


def test_help_lists_options_in_groups_with_their_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    sections = help_of("predict", capsys=capsys)
    assert list(sections) == ["Data options", "Model options", "Decoding options", "Other options"]
    assert "--input TEXT Input column" in sections["Data options"]
    assert "[default: float32]" in sections["Model options"]
    assert "--num-beams N Width of the beam search" in sections["Decoding options"]
    assert "BUNDLE" not in sections["Other options"]
    sections = help_of("train", "classify", capsys=capsys)
    assert list(sections) == ["Data options", "Model options", "Training options", "Other options"]
    assert "--valid TEXT Validation data" in sections["Data options"]
    assert "Hidden units per layer. [default: from the data]" in sections["Model options"]
    assert (
        "--layer-norm / --no-layer-norm Layer normalisation inside the cell. [default: no]"
        in sections["Model options"]
    )
    assert "[default: 0]" in sections["Training options"]


@pytest.mark.parametrize("task", hitherto.TASKS)
def test_choices_are_those_of_the_task(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    row = hitherto.TASKS[task]
    sections = help_of("train", task, capsys=capsys)
    assert f"--metric [{'|'.join(row.metrics)}]" in sections["Training options"].replace("| ", "|")
    assert ("--head" in sections["Model options"]) == ("head" in row.options)
    if "head" in row.options:
        assert f"--head [{'|'.join(row.heads)}]" in sections["Model options"]


def test_stream_says_what_a_line_is_for_each_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert not status_of("stream", "--help")
    text = capsys.readouterr().out
    for task in hitherto.TASKS.values():
        assert f"{task.name:10} {task.line}" in text


def test_defaults_of_generate_are_those_of_the_model() -> None:
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(pieces).parameters.items()
        if parameter.default is not inspect.Parameter.empty and name not in ("prompt", "stop", "seed")
    }
    shown = {name: float(text.split(";")[0]) for name, text in generate._OF_TEXT.items() if name != "seed"}
    assert shown == defaults


def test_help_imports_neither_torch_nor_numpy() -> None:
    program = (
        "import sys\nfrom hitherto.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n"
        "    assert not {'numpy', 'torch', 'msgspec'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
