"""What the system may do to us: files that cannot be written, are cut short, or belong to another by now."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto import cli, files
from hitherto.errors import BundleError, CheckpointError, DataError, UsageError
from hitherto.training import run as run_module

ROWS = [
    {"text": text, "label": text.split()[1]} for text in ("a good film", "a bad film", "the good end")
] * 8
SMALL: dict[str, Any] = {
    "input": "text", "output": "label", "tokens": "words", "bidirectional": False, "hidden_size": 4, "epochs": 2,
    "threads": 1, "valid": 0.0,
}  # fmt: skip


def train(out: Any = None, data: Any = ROWS, **options: Any) -> hitherto.Model:
    return hitherto.train("classify", data, out=out, **SMALL | options)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    train().save(path)
    return path


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def status_of(*args: str) -> Any:
    with pytest.raises(SystemExit) as end:
        cli.main(args)
    return end.value.code


# -------------------------------------------------------------------------------------------- before a training


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("file/m.safetensors", "the folder .*file/m.run cannot be made: Not a directory"),
        ("/proc/no/m.safetensors", "the folder /proc/no/m.run cannot be made"),
        ("folder", "is a folder: name a file in it"),
        ("x" * 300, "cannot be made: File name too long"),
        ("a\0b", "out must be text without a null character"),
        ("a\ud800b", "out .* cannot be the name of a file here"),
        ("a\udcffb", "is a string that UTF-8 cannot hold.*Give the file a name in UTF-8"),
    ],
)
def test_an_out_that_cannot_be_written_is_found_before_the_data_are_read(
    tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    before = names(tmp_path)
    with pytest.raises(UsageError, match=says):
        train(tmp_path / name, data="no data are here")
    assert names(tmp_path) == before


def test_an_out_in_a_folder_that_may_not_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="may not be written to"):
        train(tmp_path / "deep" / "m.safetensors", data="no data are here")
    assert names(tmp_path) == []


def test_a_training_that_does_not_begin_leaves_no_folder(tmp_path: Path) -> None:
    for options in ({"data": "none.csv"}, {"input": "txet"}, {"device": "none"}):
        with pytest.raises((DataError, UsageError)):
            train(tmp_path / "a" / "b" / "m.safetensors", **options)
        assert names(tmp_path) == []
    (tmp_path / "m.run").mkdir()
    (tmp_path / "m.run" / "mine").touch()
    with pytest.raises(DataError):
        train(tmp_path / "m.safetensors", data="none.csv")
    assert (tmp_path / "m.run" / "mine").exists(), "a folder that was there stays"


# -------------------------------------------------------------------------------------------------- one at a time


def test_a_run_is_resumed_by_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "m.run"
    train(tmp_path / "m.safetensors")
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file() and file.name != "lock"}
    read: list[Path] = []
    real = run_module._newest
    monkeypatch.setattr(run_module, "_newest", lambda run: read.append(run) or real(run))
    says = f"the run .* is in use by process {os.getpid()} on .*, since .* Wait until that ends, or end it"
    with files.held(run / "lock", "it"):
        with pytest.raises(UsageError, match=says):
            hitherto.train("", ROWS, resume=run)
        with pytest.raises(UsageError, match=says):
            train(tmp_path / "m.safetensors")
    assert read == [], "a checkpoint is read when no other can write one"
    assert {file: file.read_bytes() for file in before} == before
    hitherto.train("", ROWS, resume=run)
    with pytest.raises(CheckpointError, match="is no run"):
        hitherto.train("", resume=tmp_path / "none.run")
    with pytest.raises(UsageError, match="resume must be text"):
        hitherto.train("", resume="a\0b")


# -------------------------------------------------------------------------------------------------- what is open


def test_a_model_whose_file_was_cut_short(tmp_path: Path, path: Path) -> None:
    own = tmp_path / "m.safetensors"
    own.write_bytes(path.read_bytes())
    mapped, copied = hitherto.open(own), hitherto.open(own, mmap=False)
    texts = ["a good film", "a bad end"]
    before = mapped.predict(texts, details=True)
    os.truncate(own, 5_000)
    for use in (
        lambda: mapped.predict(texts),
        lambda: mapped.evaluate(ROWS),
        mapped.stream,
        mapped.session,
        lambda: mapped.sessions(2),
        lambda: mapped.save(tmp_path / "again.safetensors"),
    ):
        with pytest.raises(BundleError, match="was cut short while it was open"):
            use()
    assert copied.predict(texts, details=True) == before
    copied.stream().push("a good film")
    assert copied.save(own) == hitherto.open(path).digest


def test_a_path_that_is_none() -> None:
    for given in ("a\0b", "\ud800", 7):
        with pytest.raises(UsageError, match="the path of a bundle"):
            hitherto.open(given)  # type: ignore[arg-type]


def test_a_name_that_is_not_utf8(tmp_path: Path, path: Path) -> None:
    own = tmp_path / os.fsdecode(b"n\xe4me.safetensors")
    own.write_bytes(path.read_bytes())
    model = hitherto.open(own)
    model.save(own)
    own.write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "hitherto", "evaluate", own, "x"], check=False, capture_output=True
    )
    assert done.returncode == 3
    assert b"is empty" in done.stderr
    assert b"Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------------- what is kept


@pytest.mark.parametrize("verb", ["stream", "predict"])
def test_what_is_written_is_written_whole(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    kept, lines = tmp_path / "kept.csv", tmp_path / "lines.txt"
    lines.write_text("a good film\n")
    kept.write_bytes(b"before")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    args = ("stream", str(path), "--save", str(kept))
    if verb == "predict":
        args = ("predict", str(path), str(lines), "--out", str(kept))
    with monkeypatch.context() as patch, lines.open() as given:
        patch.setattr(sys, "stdin", given)
        patch.setattr(os, "fsync", fail)
        assert status_of(*args) == 2
    assert "the disk is full" in capsys.readouterr().err
    assert kept.read_bytes() == b"before"
    assert names(tmp_path) == ["kept.csv", "lines.txt"]
    with monkeypatch.context() as patch, lines.open() as given:
        patch.setattr(sys, "stdin", given)
        assert not status_of(*args)
    assert kept.read_bytes() != b"before"
    assert names(tmp_path) == ["kept.csv", "lines.txt"]


@pytest.mark.parametrize("option", ["--save", "--out"])
def test_where_nothing_can_be_kept_is_said_first(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    verb = {"--save": ("stream", str(path)), "--out": ("predict", str(path), "--text", "a good film")}[option]
    for name, says in (("none/x.csv", "there is no folder"), ("folder.csv", "is a folder")):
        (tmp_path / "folder.csv").mkdir(exist_ok=True)
        assert status_of(*verb, option, str(tmp_path / name)) == 2
        said = capsys.readouterr()
        assert says in said.err
        assert said.out == ""


def test_a_full_standard_output_is_an_error(path: Path) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        program = [sys.executable, "-m", "hitherto", "predict", str(path), "--text", "a good film"]
        done = subprocess.run(program, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "Error: No space left on device\n")


def test_music_and_drawings_are_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hitherto.media.midi import Score, write_midi
    from hitherto.media.rolls import write_roll
    from hitherto.media.sound import write_wav
    from hitherto.report.drawings import draw

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    drawing = [[[0, 0], [1, 1]]]
    score = Score(np.array([[0, 1, 60, 64, 0]]))
    monkeypatch.setattr(os, "fsync", fail)
    for write in (
        lambda path: write_wav(path, np.zeros(9, np.float32), 8000),
        lambda path: write_roll(path, [[60]]),
        lambda path: draw(drawing, path),
        lambda path: write_midi(path, score),
    ):
        (tmp_path / "x").write_bytes(b"before")
        with pytest.raises(UsageError, match="was not written"):
            write(tmp_path / "x")
        assert (tmp_path / "x").read_bytes() == b"before"
        assert names(tmp_path) == ["x"]
