"""files.py: written whole or not at all, leftovers of the dead and of nobody else, locks that say who holds them."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

from hitherto import files
from hitherto.errors import BundleError, UsageError
from hitherto.files import held, make_folder, path_of, place, replacing, sweep, write
from hitherto.tensors import from_bytes, to_bytes, write_tensors


def names(folder):
    return sorted(file.name for file in folder.iterdir())


# ------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("a\0b", "the path must be text without a null character"),
        (b"a", "the path must be text"),
        ("a\ud800b", "the path .* cannot be the name of a file here"),
        (7, "the path must be a path, but came as int 7"),
        (None, "the path must be a path, but came as NoneType"),
    ],
)
def test_what_is_no_path(given, says):
    with pytest.raises(UsageError, match=says):
        path_of(given)


def test_a_name_that_is_not_utf8_is_a_path(tmp_path):
    write(tmp_path / os.fsdecode(b"n\xe4me"), b"x")
    assert os.listdir(os.fsencode(tmp_path)) == [b"n\xe4me"]  # noqa: PTH208 - bytes


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder, "--out .* is a folder: name a file in it"),
        (lambda folder: folder / "none" / "x.csv", "there is no folder"),
        (lambda folder: folder / "file" / "x.csv", "there is no folder"),
        (lambda folder: folder / ("x" * 300), "--out .* cannot be written: File name too long"),
        (lambda folder: "x\0", "null character"),
    ],
)
def test_no_place_for_a_file(tmp_path, make, says):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=says):
        place(make(tmp_path), "--out")


def test_a_folder_that_may_not_be_written_to(tmp_path, monkeypatch):
    assert place(tmp_path / "x", "--out") == tmp_path / "x"
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may do anything
    with pytest.raises(UsageError, match=r"--out .*: the folder .* may not be written to"):
        place(tmp_path / "x", "--out")


def test_folders_are_made_and_named(tmp_path):
    assert make_folder(tmp_path / "a" / "b") == [tmp_path / "a" / "b", tmp_path / "a"]
    assert make_folder(tmp_path / "a" / "b") == []
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(NotADirectoryError):
            make_folder(folder)


# ----------------------------------------------------------------------------------------------------- writing


def test_a_file_takes_the_place_of_another_whole(tmp_path):
    path = tmp_path / "x.txt"
    write(path, "one")
    path.chmod(0o640)
    with replacing(path) as file:
        file.write(b"tw")
        assert path.read_text() == "one"
        file.write(b"o \xff")
    assert path.read_bytes() == b"two \xff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write(path, "half a \ud800 character")
    assert path.read_text() == "half a \\ud800 character"
    assert names(tmp_path) == ["x.txt"]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_what_goes_wrong_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "x.txt"
    write(path, "one")

    def fail():
        with replacing(path, error=BundleError) as file:
            file.write(b"two")
            raise error

    with pytest.raises((BundleError, KeyboardInterrupt)) as caught:
        fail()
    if isinstance(error, OSError):
        assert re.search(
            r"not written: Input/output error\. What was there before is untouched", str(caught.value)
        )
    assert path.read_text() == "one"
    assert names(tmp_path) == ["x.txt"]


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    reader = os.open(tmp_path / "pipe.csv", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(place(tmp_path / "pipe.csv", "--out"), "a,b\n")
        assert os.read(reader, 100) == b"a,b\n"
    finally:
        os.close(reader)
    assert names(tmp_path) == ["pipe.csv"]


def test_a_full_device_is_an_error():
    with pytest.raises(UsageError, match="/dev/full was not written: the disk is full"):
        write("/dev/full", "x")


def test_tensors_in_memory_are_those_of_a_file(tmp_path):
    tensors = {"b": np.arange(6.0).reshape(2, 3), "a": np.array([True]), "": np.zeros((0, 4), np.int8)}
    data = to_bytes(tensors, {"x": "y"})
    write_tensors(tmp_path / "x", tensors, {"x": "y"})
    assert data == (tmp_path / "x").read_bytes()
    assert safetensors.numpy.load(data).keys() == tensors.keys()
    for given in (data, safetensors.numpy.save(tensors, {"x": "y"})):
        metadata, back = from_bytes(given)
        assert metadata == {"x": "y"}
        assert {name: (array.dtype, array.tolist()) for name, array in back.items()} == {
            name: (array.dtype, array.tolist()) for name, array in tensors.items()
        }
    for size in range(len(data)):
        with pytest.raises(BundleError, match=r"^it "):
            from_bytes(data[:size])


# --------------------------------------------------------------------------------------------------- leftovers

SAVER = """
import sys
from hitherto.files import replacing
with replacing(sys.argv[1]) as file:
    print("writing", flush=True)
    sys.stdin.readline()
    file.write(b"from the other")
"""


def other(path):
    """Another process that is in the middle of a save."""
    program = [sys.executable, "-c", SAVER, str(path)]
    saver = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert saver.stdout.readline() == "writing\n"
    return saver


def test_what_a_killed_save_left_is_cleaned_up_and_a_save_under_way_is_not(tmp_path):
    path = tmp_path / "m.bin"
    with other(path) as killed:
        killed.kill()
    [left] = names(tmp_path)
    for name in (".n.bin.0123abcd.part", ".m.bin.part", "m.bin.0123abcd.part", ".m.bin.0123abcd.part.part"):
        (tmp_path / name).touch()  # another's
    others = {*names(tmp_path)} - {left}
    with other(path) as alive:
        [part] = {*names(tmp_path)} - others
        write(path, "ours")
        assert {*names(tmp_path)} == others | {part, "m.bin"}
        alive.communicate("go on\n")
    assert alive.returncode == 0
    assert path.read_text() == "from the other"
    assert {*names(tmp_path)} == others | {"m.bin"}


def test_only_a_file_is_a_leftover(tmp_path):
    os.mkfifo(tmp_path / ".x.00000000.part")
    (tmp_path / ".x.00000001.part").mkdir()
    (tmp_path / ".x.00000002.part").symlink_to("y")
    (tmp_path / "y").touch()
    before = names(tmp_path)
    sweep(tmp_path, "x")
    assert names(tmp_path) == before


def test_a_new_file_that_a_sweep_took_is_made_again(tmp_path, monkeypatch):
    """A sweep may come between the making of a file and its lock."""
    real, taken = files._lock, []

    def lock(descriptor):
        if not taken:
            [part] = tmp_path.glob(".x.*.part")
            taken.append(part)
            part.unlink()
        return real(descriptor)

    monkeypatch.setattr(files, "_lock", lock)
    write(tmp_path / "x", "whole")
    assert len(taken) == 1
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_there_are_no_locks_nothing_is_deleted_and_nobody_is_held_off(tmp_path, monkeypatch, number):
    import fcntl

    def refuse(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / ".x.00000000.part").touch()
    write(tmp_path / "x", "whole")
    assert names(tmp_path) == [".x.00000000.part", "x"]
    with held(tmp_path / "lock", "it"), held(tmp_path / "lock", "it"):
        pass


# ------------------------------------------------------------------------------------------------------- locks

HOLDER = """
import sys, time
from pathlib import Path
from hitherto.files import held
with held(Path(sys.argv[1]), "the run"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_says_who_holds_it_and_ends_with_its_process(tmp_path):
    path = tmp_path / "lock"
    program = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UsageError) as caught, held(path, "the run"):
            pass
        says = rf"the run is in use by process {holder.pid} on {re.escape(os.uname().nodename)}, since 20..-..-.. "
        assert re.match(says, str(caught.value))
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    ours = pytest.raises(UsageError, match=f"in use by process {os.getpid()} on")
    with held(path, "the run"), ours, held(path, "the run"):
        pass


def test_a_lock_of_which_nothing_is_known(tmp_path):
    with held(tmp_path / "lock", "it"):
        (tmp_path / "lock").write_bytes(b"\xff[")
        with (
            pytest.raises(UsageError, match=r"it is in use by another process\."),
            held(tmp_path / "lock", "it"),
        ):
            pass
    with (
        pytest.raises(UsageError, match="cannot be written: No such file"),
        held(tmp_path / "no" / "lock", "it"),
    ):
        pass
