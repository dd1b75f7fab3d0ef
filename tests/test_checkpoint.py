"""training/checkpoint.py: what is saved comes back to the bit; no kill and no full disk costs the last good one."""

import errno
import json
import math
import os
import random
import resource
import struct
import subprocess
import sys
import time
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from hitherto import files
from hitherto.errors import CheckpointError, UsageError
from hitherto.tensors import DTYPES, open_tensors, row, write_tensors
from hitherto.training import checkpoint
from hitherto.training.checkpoint import flatten, latest, load, save, unflatten


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def name(step):
    return f"step-{step:08d}.safetensors"


def put(folder, step, **options):
    return save(folder, step, {"w": np.full(300, step, np.float32)}, {"step": step}, **options)


def good(found, step):
    assert (found.step, found.document) == (step, {"step": step})
    np.testing.assert_array_equal(found.arrays["w"], np.full(300, step, np.float32))


def damage(path, position=-1):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def same(one, other):
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    assert one.tobytes() == other.tobytes()


# --------------------------------------------------------------------------------------------- there and back


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (5, 7)])
def test_every_array_comes_back_to_the_bit(tmp_path, dtype, shape):
    rng = np.random.default_rng(0)
    size = math.prod(shape) * dtype.itemsize
    bits = rng.integers(
        0, 2 if dtype.kind == "b" else 256, size, np.uint8
    )  # NaNs and their payloads among them
    array = bits.view(dtype).reshape(shape) if size else np.zeros(shape, dtype)
    back = load(save(tmp_path, 3, {"a": array}, {}))
    same(back.arrays["a"], array)
    assert (back.step, back.document, back.notes) == (3, {}, ())


def test_payloads_of_nan_and_the_sign_of_zero(tmp_path):
    array = np.array([0x7FC00001, 0xFFC12345, 0x7F800001, 0x80000000, 1], np.uint32).view(np.float32)
    same(load(save(tmp_path, 0, {"a": array}, {})).arrays["a"], array)


def test_arrays_that_lie_otherwise_in_memory(tmp_path):
    array = np.arange(24.0).reshape(4, 6)
    arrays = {
        "t": array.T,
        "odd": array[::-2, ::3],
        "big": array.astype(">f8"),
        "wide": np.broadcast_to(array, (2, 4, 6)),
    }
    back = load(save(tmp_path, 0, arrays, {})).arrays
    for key, value in arrays.items():
        same(back[key], np.ascontiguousarray(value, "<f8"))
    back["t"][0, 0] = 5  # one's own, and writable


def test_any_names_and_a_large_document(tmp_path):
    arrays = {"": np.zeros(1), "document": np.ones(1), "array.x": np.ones(2), "日本/🦆": np.ones(3)}
    document = {"log": ["wörd"] * 100_000, "more": {"x": [1.5, None, True, -0.0, 2**200]}}
    back = load(save(tmp_path, 10, arrays, document))
    assert back.document == document
    assert set(back.arrays) == set(arrays)
    for key, value in arrays.items():
        same(back.arrays[key], value)


@pytest.mark.parametrize(
    ("arrays", "document", "says"),
    [
        ({"a": np.zeros(1, complex)}, {}, "complex128"),
        ({"a": [1]}, {}, "numpy array"),
        ({}, {"x": math.nan}, "nan"),
        ({}, {"x": np.zeros(1)}, "ndarray"),
        ({}, {1: 2}, "key 1"),
    ],
)
def test_what_cannot_come_back_is_not_saved(tmp_path, arrays, document, says):
    with pytest.raises(UsageError, match=says):
        save(tmp_path, 1, arrays, document)
    assert names(tmp_path) == []


@pytest.mark.parametrize("options", [{"step": -1}, {"step": 10**18}, {"step": 1, "keep": 0}])
def test_bad_steps(tmp_path, options):
    with pytest.raises(UsageError, match="must be"):
        save(tmp_path, arrays={}, document={}, **options)


# ----------------------------------------------------------------------------------------------- what is kept


def test_the_newest_is_kept_and_found(tmp_path):
    folder = tmp_path / "run" / "checkpoints"
    assert latest(folder) is None
    for step in (0, 5, 123_456_789):
        path = put(folder, step)
        assert path == folder / name(step)
        assert names(folder) == [name(step)]
        good(latest(folder), step)
        good(load(str(path)), step)


def test_more_may_be_kept(tmp_path):
    for step in (1, 2, 3, 10, 100):
        put(tmp_path, step, keep=3)
    assert names(tmp_path) == [name(step) for step in (3, 10, 100)]
    put(tmp_path, 101, keep=2)
    assert names(tmp_path) == [name(step) for step in (100, 101)]


def test_a_history_that_was_left_is_gone(tmp_path):
    for step in (1, 2, 30):
        put(tmp_path, step, keep=9)
    put(tmp_path, 20, keep=9)
    assert names(tmp_path) == [name(step) for step in (1, 2, 20)]
    good(latest(tmp_path), 20)


def test_the_same_step_again(tmp_path):
    put(tmp_path, 1)
    save(tmp_path, 1, {}, {"second": True})
    assert latest(tmp_path).document == {"second": True}


def test_leftovers_are_removed_and_other_files_are_not(tmp_path):
    for other in (
        ".step-00000001.safetensors.0123abcd.part",
        "step-1.safetensors.part",
        "step-x.safetensors",
        "log",
    ):
        (tmp_path / other).touch()
    assert latest(tmp_path) is None
    put(tmp_path, 1)
    assert names(tmp_path) == ["log", name(1), "step-1.safetensors.part", "step-x.safetensors"]


def test_damaged_ones_are_passed_over_with_a_note(tmp_path):
    for step in range(1, 6):
        put(tmp_path, step, keep=9)
    damage(tmp_path / name(5))
    (tmp_path / name(4)).write_bytes((tmp_path / name(4)).read_bytes()[:100])
    (tmp_path / name(3)).write_bytes(b"")
    found = latest(tmp_path)
    good(found, 2)
    assert [note.split(" ")[2].rpartition(os.sep)[2] for note in found.notes] == [name(5), name(4), name(3)]
    assert ["digest" in found.notes[0], "cut short" in found.notes[1], "empty" in found.notes[2]] == [
        True
    ] * 3
    put(tmp_path, 3)
    assert names(tmp_path) == [name(3)]


def test_where_none_is_whole_that_is_an_error(tmp_path):
    damage(put(tmp_path, 1))
    with pytest.raises(CheckpointError, match="has 1 checkpoints and none is whole"):
        latest(tmp_path)


# ----------------------------------------------------------------------------------------------------- damage


def test_no_byte_can_change_unseen(tmp_path):
    path = save(tmp_path, 7, {"a": np.arange(5), "b": np.array(True)}, {"x": [1, "y"]})
    data, before = path.read_bytes(), load(path)
    rng = np.random.default_rng(2)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        try:
            back = load(path)
        except CheckpointError:
            continue
        assert (back.step, back.document, back.arrays.keys()) == (7, before.document, before.arrays.keys())
        for key, value in before.arrays.items():
            same(back.arrays[key], value)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(CheckpointError):
            load(path)


def rewrite(change, sign=True):
    """A checkpoint by someone who knows how: changed, and its digest made to fit."""

    def make(path):
        metadata, arrays = open_tensors(path)
        tensors = dict(arrays)
        change(tensors, metadata)
        if sign:
            rows = [row(key, array) for key, array in tensors.items()]
            metadata["digest"] = checkpoint._digest(7, rows)
        write_tensors(path, tensors, metadata)

    return make


def says(text):
    return rewrite(lambda tensors, metadata: tensors.update(document=np.frombuffer(text, np.uint8)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file"),
        (lambda path: save_file({"w": np.zeros(2)}, path), "is no checkpoint"),
        (
            rewrite(lambda tensors, metadata: metadata.update(hitherto_checkpoint="2")),
            "has format 2.*resume with",
        ),
        (rewrite(lambda tensors, metadata: metadata.update(step="8")), "digest"),
        (rewrite(lambda tensors, metadata: metadata.update(step="x")), "digest"),
        (rewrite(lambda tensors, metadata: metadata.pop("step")), "digest"),
        (rewrite(lambda tensors, metadata: metadata.update(digest="0"), sign=False), "digest"),
        (rewrite(lambda tensors, metadata: metadata.pop("digest"), sign=False), "digest"),
        (rewrite(lambda tensors, metadata: tensors.pop("array.w"), sign=False), "digest"),
        (rewrite(lambda tensors, metadata: tensors.pop("document")), "no document"),
        (says(b"[]"), "no document"),
        (says(b"{"), "document that is not sound"),
        (says(b"\xff"), "document that is not sound"),
        (says(b'{"a":' + b"[" * 100_000), "document that is not sound: it is nested too deeply"),
        (says(b'{"a": 1, "a": 2}'), "a name twice"),
    ],
)
def test_files_that_are_no_whole_checkpoint(tmp_path, make, message):
    path = put(tmp_path, 7)
    make(path)
    with pytest.raises(CheckpointError, match=message):
        load(path)


# ------------------------------------------------------------------------------------------ kills, full disks


@pytest.mark.parametrize("call", [0, 1])  # the file's, and the folder's
def test_a_full_disk_costs_nothing(tmp_path, monkeypatch, call):
    put(tmp_path, 1)
    calls, real = [], os.fsync

    def fail(handle):
        calls.append(handle)
        if len(calls) == call + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(CheckpointError, match="full" if call == 0 else "may not be on the disk yet"):
            put(tmp_path, 2)
    assert names(tmp_path) == ([name(1)] if call == 0 else [name(1), name(2)])
    good(latest(tmp_path), call + 1)


def test_a_disk_that_fills_while_writing_costs_nothing(tmp_path):
    put(tmp_path, 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(CheckpointError, match="disk is full"):
            save(tmp_path, 2, {"w": np.ones(1_000_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(tmp_path) == [name(1)]
    good(latest(tmp_path), 1)


def test_a_disk_that_keeps_something_else_costs_nothing(tmp_path, monkeypatch):
    put(tmp_path, 1)
    real = os.fsync

    def flip(handle):
        real(handle)
        if os.fstat(handle).st_size > 1_000:
            [part] = tmp_path.glob(".step-*.part")
            damage(part)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", flip)
        with pytest.raises(CheckpointError, match=r"does not read back as it was written.*digest"):
            put(tmp_path, 1)  # not even the one of the same name
    assert names(tmp_path) == [name(1)]
    good(latest(tmp_path), 1)


def test_nothing_is_deleted_before_the_folder_is_synced(tmp_path, monkeypatch):
    put(tmp_path, 1)
    seen = []
    real = files.sync_folder

    def look(folder):
        seen.append(names(folder))
        real(folder)

    monkeypatch.setattr(files, "sync_folder", look)
    put(tmp_path, 2)
    assert seen == [[name(1), name(2)]]


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="cannot keep checkpoints"):
        put(tmp_path / "file" / "folder", 1)


STEPPER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from hitherto.training.checkpoint import latest, save

folder = Path(sys.argv[1])
for moment in range(1000):
    for file in folder.iterdir():
        file.unlink()
    save(folder, 1, {"w": np.full(300, 1, np.float32)}, {"step": 1})
    child = os.fork()
    if not child:
        left = moment

        def strike(event, arguments):
            global left
            if event == "open" or (event.startswith("os.") and event != "os.kill"):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(strike)
        save(folder, 2, {"w": np.full(300, 2, np.float32)}, {"step": 2})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    found = latest(folder)
    assert found.document == {"step": found.step} and not found.notes
    assert (found.arrays["w"] == found.step).all() and len(found.arrays["w"]) == 300
    print(status, found.step, len(list(folder.glob("step-*"))), len(list(folder.glob("*.part"))))
    if not status:
        break
"""


def test_a_kill_at_every_step_of_a_save_leaves_a_good_one(tmp_path):
    """Killed before the first time that a save touches the disk, before the second, ... and not at all."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    program = [sys.executable, "-c", STEPPER, str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
    rows = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    moments = list(dict.fromkeys(row[1:] for row in rows))  # (found, checkpoints, leftovers), as they follow
    assert moments == [(1, 1, 0), (1, 1, 1), (2, 2, 0), (2, 1, 0)]
    assert [row[0] for row in rows] == [9] * (len(rows) - 1) + [0]


SAVER = """
import sys
import numpy as np
from hitherto.training.checkpoint import latest, save

found = latest(sys.argv[1])
step = found.step if found else 0
while True:
    step += 1
    save(sys.argv[1], step, {"w": np.full(50_000, step, np.float32)}, {"step": step})
    print(step, flush=True)
"""


def kill(folder, delay):
    """Start to save, kill, and give the last step of which `save` had returned."""
    with subprocess.Popen(
        [sys.executable, "-c", SAVER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as saver:
        first = saver.stdout.readline()
        time.sleep(delay)
        saver.kill()
        return int([first, *saver.stdout.read().splitlines()][-1])


@pytest.mark.parametrize("count", [20, pytest.param(300, marks=pytest.mark.soak)])
def test_a_kill_at_any_time_leaves_a_good_one(tmp_path, count):
    draw = random.Random(0)
    step = 0
    for _ in range(count):
        step = max(step + 1, kill(tmp_path, draw.uniform(0, 0.03)))
        found = latest(tmp_path)
        assert found.step >= step
        assert found.notes == ()
        step = found.step
        assert found.document == {"step": step}
        np.testing.assert_array_equal(found.arrays["w"], np.full(50_000, step, np.float32))


# ------------------------------------------------------------------------------------------------------ trees


def equal(one, other):
    """The same types, order of keys, values and bits."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert len(one) == len(other)
        for pair, twin in zip(one.items(), other.items(), strict=True):
            equal(pair, twin)
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for item, twin in zip(one, other, strict=True):
            equal(item, twin)
    elif isinstance(one, np.ndarray | np.generic):
        same(one, other)
    elif isinstance(one, float):
        assert struct.pack("d", one) == struct.pack("d", other)
    else:
        assert one == other


PAYLOAD = struct.unpack("<d", b"\1\0\0\0\0\0\xf8\xff")[0]  # a NaN of its own
TREE = {
    "model": {"rnn.weight": np.arange(6.0).reshape(2, 3), "": np.zeros((0, 2))},
    "deep": [(), [], {}, ((1,),)],
    "optimizer": {"state": {0: {"step": 3}, 1: {"step": np.float32(3)}, "1": np.ones(2)}, (1, None): True},
    "generator": {"state": 2**127 + 1, "negative": -(2**100_000)},
    "edges": [2**63 - 1, 2**63, -(2**63), -(2**63) - 1],
    "floats": [0.1, -0.0, math.inf, -math.inf, math.nan, PAYLOAD, 5e-324, 1e308],
    "numbers": (np.int64(-1), np.bool_(True), np.float16("nan"), np.uint8(255), 1, 1.0, True, False),
    "text": ["", "wörd 🦆", "\udcff in the name of a file", b"", b"\0\xff", "\0"],
    "none": None,
    1.5: "a float for a key",
    np.int64(4): "and a number of numpy's",
    b"bytes": 1,
    "array": {"array": "a"},
    "tree": {"dict": [[1, 2]]},
}


def test_a_tree_comes_back_as_it_was(tmp_path):
    arrays, document = flatten(TREE)
    assert arrays["model/rnn.weight"] is TREE["model"]["rnn.weight"]
    found = load(save(tmp_path, 1, arrays, document))
    equal(unflatten(found.arrays, found.document), TREE)


@pytest.mark.parametrize("tree", [None, 1, "x", [], (), {}, np.ones(3), np.float32(2), b"x", 10**4000])
def test_a_tree_that_is_one_thing(tmp_path, tree):
    found = load(save(tmp_path, 1, *flatten(tree)))
    equal(unflatten(found.arrays, found.document), tree)


def test_a_subclass_of_dict_comes_back_as_a_dict():
    equal(unflatten(*flatten(OrderedDict(b=1, a=2))), {"b": 1, "a": 2})


def test_as_deep_as_may_be(tmp_path):
    tree = {}
    for _ in range(checkpoint.MAX_DEPTH):
        tree = {"x": tree}
    found = load(save(tmp_path, 1, *flatten(tree)))
    assert unflatten(found.arrays, found.document) == tree
    with pytest.raises(UsageError, match="nested deeper than 32 levels, at '0/x/x"):
        flatten([tree])
    tree = []
    tree.append(tree)
    with pytest.raises(UsageError, match="nested deeper"):
        flatten(tree)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.builds(np.float32, st.floats(width=32))
    | st.builds(
        lambda size, dtype: np.arange(size).astype(dtype),
        st.integers(0, 5),
        st.sampled_from(["f2", "i8", "?"]),
    )
)
KEYS = st.none() | st.integers() | st.text() | st.booleans() | st.tuples(st.integers(), st.text())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES)
def test_any_tree_comes_back_as_it_was(tmp_path, tree):
    found = load(save(tmp_path, 1, *flatten(tree)))
    equal(unflatten(found.arrays, found.document), tree)


Point = namedtuple("Point", "x y")  # noqa: PYI024


@pytest.mark.parametrize(
    "thing",
    [{1, 2}, object(), Point(1, 2), 1j, np.ma.ones(2), range(3), type("Int", (int,), {})(1)],
    ids=repr,
)
def test_what_would_not_come_back_the_same_is_refused(thing):
    with pytest.raises(UsageError, match=r"The tree holds a .* at 'a/1'; it may hold"):
        flatten({"a": [0, thing]})


@pytest.mark.parametrize(
    "tree",
    [
        {"array": "none"},
        {"array": 1},
        {"int": "xyz"},
        {"float": "00"},
        {"float": "zz"},
        {"str": "ff"},
        {"dict": [[1]]},
        {"dict": [1]},
        {"dict": [[[], 1]]},
        {"other": 1},
        {"int": "1", "float": "2"},
        {},
    ],
)
def test_a_document_that_is_no_tree(tree):
    with pytest.raises(CheckpointError, match="is no tree"):
        unflatten({}, {"tree": [tree]})
    with pytest.raises(CheckpointError, match="is no tree"):
        unflatten({}, json.loads("{}"))
