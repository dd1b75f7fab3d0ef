"""bundle.py: what is written comes back, and whatever is wrong with a file is a BundleError."""

import errno
import json
import os
import pickle
import re
import resource
import stat
import sys
import tracemalloc
import types
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from hitherto import bundle
from hitherto import tensors as tensors_module
from hitherto.bundle import parse, plain, read, write
from hitherto.errors import BundleError, MissingExtra, UsageError
from hitherto.tensors import open_tensors, row, write_tensors

WORDS = ["<unk>", "", "a", "naïve", "日本", "🦆", "line\nbreak", "nul\0"]


class Words:
    """A codec as far as a bundle sees one."""

    kind = "words"
    Document = dict

    def __init__(self, document, **parts):
        self.document, self.lists = document, parts

    def to_json(self):
        return self.document

    def parts(self):
        return self.lists

    @classmethod
    def from_json(cls, document, parts):
        if document["lower"] == "extra":
            raise MissingExtra("this codec", "nothing", "audio")
        return cls({"lower": document["lower"]}, **parts)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    module = types.ModuleType("hitherto.codecs")
    module.CODECS = {"words": Words, "labels": Words}
    monkeypatch.setitem(sys.modules, "hitherto.codecs", module)
    return module.CODECS


def model(**changes):
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(8, 4)).astype(np.float32)
    return {
        "tensors": {
            "embed.weight": embedding,
            "head.weight": embedding,
            "rnn.weight_ih_l0": rng.normal(size=(3, 4)),
            "rnn.bias": np.zeros(3, np.float16),
            "count": np.array(7),
            "mask": np.array([True, False, True]),
            "none": np.zeros((0, 5), np.float32),
        },
        "plan": {"step": [{"op": "embed", "name": "embed", "options": {"size": 8, "scale": 0.1}}]},
        "spec": {"task": "lm", "title": "Ünïcode 🦆"},
        "codecs": {"text": Words({"lower": False}, vocabulary=WORDS, merges=[])},
        "metrics": {"perplexity": 12.25},
        "made": {"hitherto": "0.1", "seed": 2**80},
    } | changes


def saved(path, **changes):
    write(path, **model(**changes))
    return path


def rewrite(path, change, raw=False):
    """Write the file of a model after `change(tensors, metadata)`; `raw` with the official writer."""
    metadata, arrays = open_tensors(path)
    tensors = dict(arrays)
    change(tensors, metadata)
    if raw:
        save_file(tensors, path, metadata)
    else:
        write_tensors(path, tensors, metadata)
    return path


def document(name, change):
    """A change of one document of the metadata."""

    def apply(tensors, metadata):
        value = json.loads(metadata[name])
        metadata[name] = json.dumps(change(value) or value)

    return apply


def raw(path, header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + data)
    return path


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def names(folder):
    return sorted(file.name for file in folder.iterdir())


# --------------------------------------------------------------------------------------------- there and back


def test_what_is_written_comes_back(tmp_path):
    given_ = model()
    digest = write(tmp_path / "m.safetensors", **given_)
    back = read(str(tmp_path / "m.safetensors"))
    assert back.digest == digest
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert set(back.tensors) == set(given_["tensors"])
    for name, array in given_["tensors"].items():
        assert back.tensors[name].dtype == array.dtype
        assert back.tensors[name].shape == array.shape
        np.testing.assert_array_equal(back.tensors[name], array)
    for name in ("plan", "spec", "metrics", "made"):
        assert getattr(back, name) == given_[name]
    assert back.codecs == {"text": ("words", {"lower": False}, {"vocabulary": WORDS, "merges": []})}
    codec = back.codec("text")
    assert (codec.to_json(), codec.parts()) == ({"lower": False}, {"vocabulary": WORDS, "merges": []})
    assert names(tmp_path) == ["m.safetensors"]


def test_reading_and_writing_again_gives_the_same_file(tmp_path):
    first = saved(tmp_path / "a.safetensors")
    back = read(first)
    codecs = {name: back.codec(name) for name in back.codecs}
    fields = {name: getattr(back, name) for name in ("tensors", "plan", "spec", "metrics", "made")}
    assert write(tmp_path / "b.safetensors", codecs=codecs, **fields) == back.digest
    assert (tmp_path / "b.safetensors").read_bytes() == first.read_bytes()


def test_the_official_reader_reads_it(tmp_path):
    with safe_open(saved(tmp_path / "m.safetensors"), framework="numpy") as file:
        assert set(file.keys()) >= {"embed.weight", "codec.text.vocabulary", "codec.text.vocabulary.offsets"}
        assert file.metadata()["hitherto"] == "1"
        np.testing.assert_array_equal(file.get_tensor("embed.weight"), model()["tensors"]["embed.weight"])


def test_a_file_saved_again_by_another_writer_is_still_the_bundle(tmp_path):
    path = saved(tmp_path / "m.safetensors")
    digest = read(path).digest
    assert read(rewrite(path, lambda tensors, metadata: None, raw=True)).digest == digest


def test_tied_tensors_are_stored_once_and_come_back_as_one(tmp_path):
    path = saved(tmp_path / "m.safetensors")
    metadata, arrays = open_tensors(path)
    assert "head.weight" not in dict(arrays)
    assert json.loads(metadata["tied"]) == {"head.weight": "embed.weight"}
    back = read(path)
    assert back.tensors["head.weight"] is back.tensors["embed.weight"]


def test_the_same_memory_seen_otherwise_is_not_tied(tmp_path):
    square = np.arange(9.0).reshape(3, 3)
    tensors = {"a": square, "b": square.T, "c": square[0], "d": square.view(np.int64)}
    back = read(saved(tmp_path / "m.safetensors", tensors=tensors)).tensors
    for name, array in tensors.items():
        np.testing.assert_array_equal(back[name], array)


def test_every_tensor_lies_at_a_multiple_of_its_item(tmp_path):
    data = saved(tmp_path / "m.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + length])
    del entries["__metadata__"]
    assert length % 8 == 0
    assert [
        e for e in entries.values() if e["data_offsets"][0] % tensors_module.DTYPES[e["dtype"]].itemsize
    ] == []


def test_a_header_may_have_any_order(tmp_path):
    header = {"b": entry(offsets=(8, 16)), "none": entry(shape=(0,), offsets=(8, 8)), "a": entry()}
    path = raw(tmp_path / "m.safetensors", header, np.arange(4, dtype=np.float32).tobytes())
    found = {name: array.tolist() for name, array in open_tensors(path)[1]}
    assert found == {"a": [0, 1], "b": [2, 3], "none": []}


def test_the_digest_is_of_the_contents_not_of_how_they_are_stored(tmp_path):
    tensors = model()["tensors"]
    apart = {name: array.copy() for name, array in tensors.items()}
    fortran = {name: np.asarray(array, order="F") for name, array in tensors.items()}
    big = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in tensors.items()}
    backwards = dict(reversed(tensors.items()))
    digests = {
        write(tmp_path / "m.safetensors", **model(tensors=one))
        for one in (tensors, apart, fortran, big, backwards)
    }
    assert len(digests) == 1
    assert digests == {write(tmp_path / "m.safetensors", **model(made={}, metrics={}, spec={}))}


@pytest.mark.parametrize(
    "change",
    [
        {"plan": {}},
        {"codecs": {}},
        {"codecs": {"text": Words({"lower": True}, vocabulary=WORDS, merges=[])}},
        {"codecs": {"text": Words({"lower": False}, vocabulary=[*WORDS, "z"], merges=[])}},
        {"codecs": {"text": Words({"lower": False}, vocabulary=[*WORDS[:2], "na", "ïve"], merges=[])}},
        {"tensors": {}},
        {"tensors": model()["tensors"] | {"rnn.bias": np.zeros((3, 1), np.float16)}},
        {"tensors": model()["tensors"] | {"rnn.bias": np.zeros(3, np.int16)}},
        {"tensors": model()["tensors"] | {"rnn.bias": np.array([0, 0, -0.0], np.float16)}},
    ],
)
def test_the_digest_knows_plan_codecs_and_tensors(tmp_path, change):
    path = tmp_path / "m.safetensors"
    assert write(path, **model(**change)) != write(path, **model())


def test_tuples_and_numpy_numbers_become_plain_and_metrics_that_are_not_finite_null(tmp_path):
    path = saved(
        tmp_path / "m.safetensors",
        spec={"sizes": (1, (2,)), "rate": np.float32(0.5), "flag": np.bool_(True)},
        metrics={"auc": float("nan"), "by_class": [np.float64("inf"), 1.0]},
    )
    back = read(path)
    assert back.spec == {"sizes": [1, [2]], "rate": 0.5, "flag": True}
    assert back.metrics == {"auc": None, "by_class": [None, 1.0]}


def test_a_large_vocabulary_is_no_metadata(tmp_path):
    words = [f"wörd{i}" for i in range(50_000)]
    path = saved(tmp_path / "m.safetensors", codecs={"text": Words({"lower": False}, vocabulary=words)})
    assert sum(map(len, open_tensors(path)[0].values())) < 2_000
    assert read(path).codec("text").parts() == {"vocabulary": words}


TEXT = st.text(st.characters(exclude_categories=["Cs"]))  # no lone surrogates


@given(st.lists(TEXT))
def test_any_strings_survive(strings):
    data, offsets = bundle._pack("part", strings)
    assert bundle._unpack(data, offsets) == strings


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
        max_leaves=20,
    )
)
def test_any_document_survives(tmp_path, value):
    path = saved(tmp_path / "m.safetensors", made={"value": value})
    assert json.dumps(read(path).made["value"]) == json.dumps(value)  # so that 1, 1.0, True and -0.0 differ


# ---------------------------------------------------------------------------------------- what is not written


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"tensors": {"w": np.array([1, np.nan])}}, BundleError, "'w'.*not finite"),
        ({"tensors": {"w": np.array([np.inf], np.float16)}}, BundleError, "'w'.*not finite"),
        ({"tensors": {"w": [1.0]}}, UsageError, "numpy array.*list"),
        ({"tensors": {"w": np.array([object()])}}, UsageError, "object"),
        ({"tensors": {"w": np.zeros(1, complex)}}, UsageError, "complex128"),
        ({"tensors": {"w": np.array(["text"])}}, UsageError, "<U4"),
        ({"tensors": {"codec.w": np.zeros(1)}}, UsageError, "kept for codecs"),
        ({"tensors": {"__metadata__": np.zeros(1)}}, UsageError, "keeps that name"),
        ({"tensors": {1: np.zeros(1)}}, UsageError, "name of a tensor"),
        ({"tensors": {"\ud800": np.zeros(1)}}, UsageError, "name of a tensor"),
        ({"plan": {"ops": [{"options": {1, 2}}]}}, UsageError, r"plan\.ops\[0\]\.options is a set"),
        ({"plan": {1: "x"}}, UsageError, "key 1"),
        ({"plan": {"x": float("nan")}}, UsageError, r"plan\.x is nan"),
        ({"spec": {"x": "\ud800"}}, UsageError, "UTF-8"),
        ({"made": {"x": "y" * 300_000}}, BundleError, "metadata would take 30.,.*parts of a codec"),
        ({"codecs": {"a.b": Words({})}}, UsageError, "'a.b'"),
        ({"codecs": {"a": Words({}, **{"b.c": []})}}, UsageError, "'b.c'"),
        ({"codecs": {"a": Words({}, b=[1])}}, UsageError, "list of strings"),
        ({"codecs": {"a": Words({}, b=["\udcff"])}}, UsageError, "list of strings"),
    ],
)
def test_what_cannot_be_read_is_not_written(tmp_path, change, error, says):
    path = saved(tmp_path / "m.safetensors")
    before = path.read_bytes()
    with pytest.raises(error, match=says):
        write(path, **model(**change))
    assert path.read_bytes() == before
    assert names(tmp_path) == ["m.safetensors"]


def test_what_is_nested_without_end_is_not_written(tmp_path):
    endless = []
    endless.append(endless)
    with pytest.raises(UsageError, match="nested deeper"):
        saved(tmp_path / "m.safetensors", plan={"x": endless})


@pytest.mark.parametrize("depth", [bundle.MAX_DEPTH, bundle.MAX_DEPTH + 1])
def test_what_is_written_and_what_is_read_is_nested_as_deeply(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    if depth <= bundle.MAX_DEPTH:
        assert parse(json.dumps(plain(value, "x"))) == value
    else:
        with pytest.raises(UsageError, match="deeper"):
            plain(value, "x")
        with pytest.raises(ValueError, match="deeper"):
            parse(json.dumps(value))


# ----------------------------------------------------------------------------------------------- atomic saves


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("exists", [True, False])
def test_a_failed_save_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, number, exists):
    path = tmp_path / "m.safetensors"
    if exists:
        saved(path)
    before = path.read_bytes() if exists else None

    def fail(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BundleError) as caught:
        saved(path, plan={"new": True})
    assert ("disk is full" in str(caught.value)) == (number != errno.EIO)
    assert ("untouched" in str(caught.value)) == exists
    assert (path.read_bytes() if path.exists() else None) == before
    assert names(tmp_path) == (["m.safetensors"] if exists else [])


def test_a_disk_that_fills_while_writing_leaves_the_old_file(tmp_path):
    path = saved(tmp_path / "m.safetensors")
    before = path.read_bytes()
    big = {"w": np.ones(1_000_000)}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(BundleError, match=r"full.*8,0.* bytes are needed.*untouched"):
            saved(path, tensors=big)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["m.safetensors"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(BundleError, match="No such file or directory"):
        saved(tmp_path / "none" / "m.safetensors")


def test_saving_goes_through_a_link_and_keeps_the_mode(tmp_path):
    path = saved(tmp_path / "m.safetensors")
    path.chmod(0o640)
    link = tmp_path / "link.safetensors"
    link.symlink_to("m.safetensors")
    saved(link, plan={"new": True})
    assert link.is_symlink()
    assert read(path).plan == {"new": True}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_is_as_open_as_any_other(tmp_path):
    (tmp_path / "any").touch()
    path = saved(tmp_path / "m.safetensors")
    assert path.stat().st_mode == (tmp_path / "any").stat().st_mode


def test_an_interrupt_removes_the_temporary_file(tmp_path):
    def interrupt(path):
        assert path.stat().st_size
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tensors(tmp_path / "m.safetensors", {"w": np.zeros(3)}, {}, check=interrupt)
    assert names(tmp_path) == []


@pytest.mark.parametrize("mmap", [True, False])
def test_what_is_opened_is_one_file_whatever_takes_its_place_meanwhile(tmp_path, monkeypatch, mmap):
    path = saved(tmp_path / "m.safetensors")
    real = tensors_module._read_header

    def replace(*args):
        found = real(*args)
        saved(path, plan={"new": True}, tensors={"w": np.ones(1_000)})
        return found

    with monkeypatch.context() as patch:
        patch.setattr(tensors_module, "_read_header", replace)
        assert read(path, mmap=mmap).plan == model()["plan"]
    assert read(path, mmap=mmap).plan == {"new": True}


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tmp_path, monkeypatch):
    path = saved(tmp_path / "m.safetensors")
    real = tensors_module._check_regular

    def replace(*args):
        real(*args)
        if path.is_file():
            path.unlink()
            os.mkfifo(path)

    monkeypatch.setattr(tensors_module, "_check_regular", replace)
    with pytest.raises(BundleError, match="is not a regular file"):
        read(path)


def test_a_file_cut_short_while_it_is_open(tmp_path):
    path = saved(tmp_path / "m.safetensors")
    mapped, copied = read(path), read(path, mmap=False)
    size = path.stat().st_size
    assert copied.check is None
    mapped.check()
    saved(path, plan={})
    mapped.check()  # another file: this one is as it was
    path.unlink()
    mapped.check()
    mapped = read(saved(path))
    os.truncate(path, size - 9)
    with pytest.raises(
        BundleError, match=f"was cut short while it was open: {size - 9:,} of its {size:,} bytes"
    ):
        mapped.check()
    assert same_model(copied, read(saved(path)))
    assert not any(array.flags.writeable for array in copied.tensors.values())


def test_a_file_cut_short_while_it_is_read(tmp_path, monkeypatch):
    path = saved(tmp_path / "m.safetensors", tensors={"w": np.ones(10_000)})
    real = tensors_module._read_header

    def cut(*args):
        os.truncate(path, path.stat().st_size - 8)
        return real(*args)

    monkeypatch.setattr(tensors_module, "_read_header", cut)
    with pytest.raises(BundleError, match="cannot be read: mmap length is greater"):
        read(path)
    with pytest.raises(BundleError, match="cannot be read: it was cut short meanwhile"):
        read(saved(path, tensors={"w": np.ones(10_000)}), mmap=False)


@pytest.mark.parametrize("blanks", [b" ", b"\n\t\r ", b" " * 4087])
def test_a_header_may_begin_with_white_space(tmp_path, blanks):
    path = saved(tmp_path / "m.safetensors")
    data, good = path.read_bytes(), untouched(path)
    size = int.from_bytes(data[:8], "little") + len(blanks)
    path.write_bytes(size.to_bytes(8, "little") + blanks + data[8:])
    assert same_model(read(path), good)
    for array in read(path).tensors.values():
        assert array.flags.aligned
        assert not array.flags.writeable


def test_what_is_no_path():
    for given_ in ("a\0", "\ud800", 7, b"m.safetensors"):
        with pytest.raises(UsageError, match="the path of a bundle"):
            read(given_)
        with pytest.raises(UsageError, match="the path of a bundle"):
            saved(given_)


# ----------------------------------------------------------------------------------------- files of strangers


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def the_run(path, best):
    run = path.with_suffix(".run")
    run.mkdir()
    (run / "spec.toml").touch()
    if best:
        (run / "best.safetensors").write_text(best)


def a_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil()))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"\0" * 4), "is not a .safetensors file"),
        (lambda path: path.write_text("hello, this is no model"), "is not a .safetensors file"),
        (lambda path: path.write_bytes(pickle.dumps(Evil())), "is a pickle file: it could run code, so"),
        (lambda path: path.write_bytes(pickle.dumps([0] * 9, protocol=2)), "is a pickle file"),
        (a_zip, "is a zip file .*: it could run code, so it is not opened"),
        (lambda path: np.save(path.open("wb"), np.zeros(3)), "npy"),
        (lambda path: path.write_bytes(b"\x1f\x8b" + bytes(20)), "gzip"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: os.mkfifo(path), "not a regular file"),
        (lambda path: None, "cannot be read: No such file or directory.$"),  # n is another model
        (lambda path: the_run(path, ""), r"Its training has not ended. Go on with: .* --resume m.run$"),
        (lambda path: the_run(path, "x"), r"has not ended. m.run.best.safetensors is its best so far"),
        (lambda path: save_file({"w": np.zeros(3)}, path), "holds tensors but is no bundle"),
        (
            lambda path: save_file({"w": np.zeros(3)}, path, {"format": "pt"}),
            "holds tensors but is no bundle",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_no_bundle(tmp_path, monkeypatch, make, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.safetensors").touch()
    path = tmp_path / "m.safetensors"
    make(path)
    with pytest.raises(BundleError, match=says):
        read(path.name)
    assert not (tmp_path / "ran").exists()


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = saved(tmp_path / "m.safetensors")

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(BundleError, match="cannot be read: Permission denied"):
        read(path)


@pytest.mark.parametrize(
    ("header", "data", "length", "says"),
    [
        (b"{" * 100, b"", 1 << 40, "header of 1,099,511,627,776 bytes"),
        (b"{}", b"", 1000, "cut short: its header goes on for 998 bytes more"),
        (b'{"a":', b"", None, "not sound JSON"),
        (b'{"a":"\xff"}', b"", None, "not sound JSON"),
        (b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}", b"", None, "nested too deeply"),
        (b'{"a":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001, b"", None, "nested too deeply"),
        (b'{"a":1,"a":1}', b"", None, "a name twice"),
        (b'{"__metadata__":{"a":"","a":""}}', b"", None, "a name twice"),
        (b'{"__metadata__":{},"__metadata__":{}}', b"", None, "a name twice"),
        (b'{"a":{"dtype":"F32","dtype":"F32"}}', b"", None, "a name twice"),
        ({"__metadata__": []}, b"", None, "metadata are not strings"),
        ({"__metadata__": {"a": 1}}, b"", None, "metadata are not strings"),
        ({"__metadata__": {"a": "\ud800"}}, b"", None, "not UTF-8"),
        ({"__metadata__": {"a": "b" * (256 << 10)}}, b"", None, "262,145 bytes of metadata"),
        ({f"t{i}": 0 for i in range(65_537)}, b"", None, "65,537 tensors"),
        ({"w": 1}, b"", None, "does not describe tensor 'w'"),
        ({"w": {}}, b"", None, "does not describe"),
        ({"w": entry() | {"more": 1}}, bytes(8), None, "does not describe"),
        ({"w": entry(shape=(2.0,))}, bytes(8), None, "does not describe"),
        ({"w": entry(shape=(-2, -1))}, bytes(8), None, "does not describe"),
        ({"w": entry(shape=(True, 2))}, bytes(8), None, "does not describe"),
        ({"w": entry(shape=(2, *[1] * 40))}, bytes(8), None, "does not describe"),
        ({"w": entry(offsets=(0, 8, 8))}, bytes(8), None, "does not describe"),
        ({"w": entry("BF16", (4,))}, bytes(8), None, "'BF16', which numpy does not have. Save it as .*F32"),
        ({"w": entry("F8_E4M3", (8,))}, bytes(8), None, "'F8_E4M3'"),
        ({"w": entry(shape=(1 << 62,))}, bytes(8), None, "no memory can hold"),
        ({"w": entry(shape=(0, 1 << 62), offsets=(0, 0))}, b"", None, "no memory can hold"),
        ({"w": entry(shape=(1 << 40,), offsets=(0, 1 << 42))}, bytes(8), None, "cut short: 4,398,046,511"),
        ({"w": entry(shape=(3,))}, bytes(8), None, "do not fit its shape"),
        ({"w": entry(shape=(1,))}, bytes(8), None, "do not fit its shape"),
        ({"w": entry(offsets=(8, 0))}, bytes(8), None, "do not fit its shape"),
        ({"w": entry(offsets=(8, 16))}, bytes(16), None, "overlap or leave a gap"),
        ({"w": entry(offsets=(-8, 0))}, bytes(8), None, "overlap or leave a gap"),
        ({"v": entry(), "w": entry()}, bytes(8), None, "overlap or leave a gap"),
        ({"v": entry(), "w": entry(offsets=(4, 12))}, bytes(12), None, "overlap or leave a gap"),
        ({"w": entry()}, bytes(7), None, "cut short: 1 bytes"),
        ({"w": entry()}, bytes(9), None, "1 bytes at its end belong to no tensor"),
        ({"w": entry("BOOL", (8,))}, bytes([0, 1, 2, 3, 0, 0, 0, 0]), None, "neither true nor false"),
        ({"\ud800": entry()}, bytes(8), None, r"the name of tensor '\\ud800' is not UTF-8"),
        ({"w": entry(offsets=(False, 8))}, bytes(8), None, "does not describe"),
    ],
)  # fmt: skip
def test_a_header_that_is_not_sound(tmp_path, header, data, length, says):
    with pytest.raises(BundleError, match=says):
        for _ in open_tensors(raw(tmp_path / "m.safetensors", header, data, length))[1]:
            pass


def remove(name):
    return lambda tensors, metadata: tensors.pop(name)


def put(name, array):
    return lambda tensors, metadata: tensors.update({name: array})


def say(**values):
    return lambda tensors, metadata: metadata.update(values)


VOCABULARY = "codec.text.vocabulary"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (say(hitherto="2"), "format 2, and this hitherto reads formats up to 1: update it"),
        (say(hitherto="0"), "format of a bundle is a number"),
        (say(hitherto="\u0661"), "format of a bundle is a number"),
        (say(hitherto="9" * 50_000), "format of a bundle is a number"),
        (say(hitherto="one"), "format of a bundle is a number, but came as 'one'"),
        (lambda tensors, metadata: metadata.pop("plan"), "no 'plan' in its metadata"),
        (lambda tensors, metadata: metadata.pop("tied"), "no 'tied' in its metadata"),
        (say(plan="{"), "'plan' in the metadata is not sound JSON"),
        (say(plan="[]"), "'plan' in the metadata must be a JSON object, not list"),
        (say(plan='{"a": 1, "a": 2}'), "a name twice"),
        (say(plan='{"a": NaN}'), "not sound JSON"),
        (say(plan='{"a": 1e999}'), "not sound JSON"),
        (say(plan='{"a": "\\ud800"}'), "not sound JSON"),
        (say(plan='{"a": ' + "9" * 5_000 + "}"), "not sound JSON"),
        (say(spec='{"a": ' + "[" * 200 + "]" * 200 + "}"), "nested deeper than 100 levels"),
        (say(made='{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"), "nested too deeply"),
        (say(digest="0" * 64), "digest does not fit"),
        (lambda tensors, metadata: metadata.pop("digest"), "digest does not fit"),
        (document("plan", lambda plan: plan | {"more": 1}), "digest does not fit"),
        (put("rnn.weight_ih_l0", np.zeros((3, 4))), "digest does not fit"),
        (put("more", np.zeros(1)), "digest does not fit"),
        (put("rnn.bias", np.array([0, 0, np.nan])), "'rnn.bias' hold values that are not finite"),
        (remove("rnn.bias"), "digest does not fit"),
        (document("tied", lambda tied: {"a": "b"}), "'a' is tied to 'b'"),
        (document("tied", lambda tied: {"a": ["b"]}), "'a' is tied to"),
        (document("tied", lambda tied: {"a": VOCABULARY}), "'a' is tied to"),
        (document("tied", lambda tied: {"mask": "count"}), "'mask' is tied to 'count'"),
        (document("tied", lambda tied: {"a": "head.weight"} | tied), "'a' is tied to"),
    ],
)  # fmt: skip
def test_contents_that_are_not_sound(tmp_path, change, says):
    with pytest.raises(BundleError, match=says):
        read(rewrite(saved(tmp_path / "m.safetensors"), change))


def codec(**values):
    return document("codecs", lambda codecs: {"text": codecs["text"] | values})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (codec(kind="word"), "kind 'word', but the kinds are 'words', 'labels'. Did you mean 'words'"),
        (codec(kind=None), "must have a kind"),
        (codec(document=[]), "must have a kind, a document"),
        (codec(parts={}), "a list of parts"),
        (codec(more=1), "no more"),
        (document("codecs", lambda codecs: {"text": []}), "must have a kind"),
        (codec(parts=["vocabulary", "merges", "others"]), "part 'others', but its tensors are not there"),
        (codec(parts=["vocabulary", "merges", "merges"]), "part 'merges'"),
        (codec(parts=["vocabulary", "merges", []]), "part .*tensors are not there"),
        (codec(parts=["vocabulary"]), "'codec.text.merges' belongs to no codec"),
        (document("codecs", lambda codecs: {"other": codecs["text"]}), "part 'vocabulary'"),
        (remove(f"{VOCABULARY}.offsets"), "its tensors are not there"),
        (remove(VOCABULARY), "its tensors are not there"),
        (put(f"{VOCABULARY}.offsets", np.array([0, 3])), "its offsets must rise from 0 to"),
        (put(f"{VOCABULARY}.offsets", np.array([0, 9, 3, 40])), "its offsets must rise"),
        (put(f"{VOCABULARY}.offsets", np.array([-1, 40])), "its offsets must rise"),
        (put(f"{VOCABULARY}.offsets", np.zeros(0, np.int64)), "its offsets must rise"),
        (put(f"{VOCABULARY}.offsets", np.array([0, 40], np.int32)), "rows of uint8 and int64"),
        (put(f"{VOCABULARY}.offsets", np.array(0)), "rows of uint8 and int64"),
        (put(VOCABULARY, np.full(len("".join(WORDS).encode()), 255, np.uint8)), "damaged: 'utf-8' codec"),
        (put(VOCABULARY, np.zeros((1, 40), np.uint8)), "rows of uint8 and int64"),
        (put("codec.more", np.zeros(1, np.uint8)), "'codec.more' belongs to no codec"),
    ],
)
def test_codecs_that_are_not_sound(tmp_path, change, says):
    with pytest.raises(BundleError, match=says):
        read(rewrite(saved(tmp_path / "m.safetensors"), change), verify=False)


def test_offsets_that_overlap_by_wrapping_around(tmp_path):
    offsets = np.array([0, 2**62, -(2**62), len("".join(WORDS).encode())])  # the differences all but wrap
    change = put(f"{VOCABULARY}.offsets", offsets)
    with pytest.raises(BundleError, match="offsets must rise"):
        read(rewrite(saved(tmp_path / "m.safetensors"), change), verify=False)


def test_without_verifying_only_the_digest_is_left_out(tmp_path):
    path = rewrite(saved(tmp_path / "m.safetensors"), say(digest="0"))
    assert read(path, verify=False).digest == "0"
    with pytest.raises(BundleError, match="not finite"):
        read(rewrite(path, put("w", np.array(np.inf))), verify=False)


def test_rebuilding_a_codec(tmp_path):
    back = read(saved(tmp_path / "m.safetensors"))
    with pytest.raises(UsageError, match=r"no codec 'test'; it has 'text'. Did you mean 'text'"):
        back.codec("test")
    back = read(saved(tmp_path / "m.safetensors", codecs={"text": Words({"upper": 1})}))
    with pytest.raises(BundleError, match="codec 'text' cannot be rebuilt: KeyError: 'lower'"):
        back.codec("text")
    back = read(saved(tmp_path / "m.safetensors", codecs={"text": Words({"lower": "extra"})}))
    with pytest.raises(MissingExtra, match=r"hitherto\[audio\]"):
        back.codec("text")


# --------------------------------------------------------------------------------------------------- upgrades


def test_an_older_format_is_upgraded(tmp_path, monkeypatch):
    path = saved(tmp_path / "m.safetensors")
    digest = read(path).digest

    def rename(documents, tensors):
        tensors = {name.replace("rnn.", "recurrent."): array for name, array in tensors.items()}
        return documents | {"plan": {"second": documents["plan"]}}, tensors

    def again(documents, tensors):
        return documents | {"plan": {"third": documents["plan"]}}, tensors

    monkeypatch.setattr(bundle, "FORMAT", 3)
    monkeypatch.setattr(bundle, "UPGRADES", {1: rename, 2: again})
    back = read(path)
    assert back.plan == {"third": {"second": model()["plan"]}}
    assert "recurrent.bias" in back.tensors
    assert back.digest == digest  # of the file, which is what sessions quote
    with pytest.raises(BundleError, match="digest does not fit"):
        read(rewrite(path, put("rnn.bias", np.ones(3))))


def test_an_upgrade_that_stumbles_or_is_not_there(tmp_path, monkeypatch):
    path = saved(tmp_path / "m.safetensors")
    monkeypatch.setattr(bundle, "FORMAT", 2)
    with pytest.raises(BundleError, match="format 1, which is no longer read"):
        read(path)
    monkeypatch.setattr(bundle, "UPGRADES", {1: lambda documents, tensors: documents["none"]})
    with pytest.raises(BundleError, match="format 1 cannot be upgraded to 2: KeyError: 'none'"):
        read(path)


# ---------------------------------------------------------------------------------------------------- fuzzing


def same_model(one, other):
    """Whether all that the digest covers is the same; by bits, for -0.0 is not 0.0 here."""
    tensors = [sorted(row(name, array) for name, array in m.tensors.items()) for m in (one, other)]
    return tensors[0] == tensors[1] and (one.plan, one.codecs) == (other.plan, other.codecs)


def untouched(path):
    """The model in a copy of the file: what is open shows what is written over it."""
    copy = path.with_name(f"copy-{path.name}")
    copy.write_bytes(path.read_bytes())
    return read(copy)


def opens(path, good):
    """Read it and use it as far as a bundle goes: the same model, or a BundleError and nothing else."""
    try:
        back = read(path)
    except BundleError:
        return False
    assert same_model(back, good)
    for name in back.codecs:
        back.codec(name)
    return True


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    path = saved(tmp_path / "m.safetensors")
    data, good = path.read_bytes(), untouched(path)
    for length in [*range(40), *range(40, len(data), 7), len(data) - 1]:
        path.write_bytes(data[:length])
        assert not opens(path, good), length
    path.write_bytes(data + b"\0")
    assert not opens(path, good)


def test_no_byte_changed_anywhere_gives_another_model(tmp_path):
    path = saved(tmp_path / "m.safetensors")
    data, good = path.read_bytes(), untouched(path)
    rng = np.random.default_rng(1)
    opened = 0
    for position in [*range(16), *range(16, len(data), 3)]:
        changed = bytearray(data)
        changed[position] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        opened += opens(path, good)
    assert (
        opened < len(data) / 10
    )  # a changed letter of spec, metrics or made opens, as the digest leaves them out


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mangled_files_are_refused(tmp_path, data):
    path = saved(tmp_path / "m.safetensors")
    original, good = path.read_bytes(), untouched(path)
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(changed)))
        end = data.draw(st.integers(begin, min(len(changed), begin + 40)))
        piece = data.draw(
            st.binary(max_size=12) | st.sampled_from([b'"', b"{", b"[", b"0", b"9" * 30, b"\\u"])
        )
        changed[begin:end] = piece
    if data.draw(st.booleans()):  # with a length that fits, so that more of the file is looked at
        changed[:8] = original[:8]
    path.write_bytes(changed)
    opens(path, good)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_headers_and_documents_made_up_are_refused(tmp_path, data):
    """Where a byte changed at random seldom gets: sound JSON that says something else."""
    path = saved(tmp_path / "m.safetensors")
    content, good = path.read_bytes(), untouched(path)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    name = data.draw(st.sampled_from(sorted(header)))
    key = data.draw(st.sampled_from(sorted(header[name])))
    value = data.draw(JSON)
    as_text = name == "__metadata__" and data.draw(st.booleans())
    header[name][key] = json.dumps(value) if as_text else value
    if data.draw(st.booleans()):
        header[data.draw(st.text(max_size=5))] = header.pop(name)
    raw(path, json.dumps(header).encode(), content[8 + length :])
    try:
        back = read(path, verify=False)
    except BundleError:
        return
    for name in back.codecs:
        assert back.codec(name).to_json().keys() == {"lower"}
    assert opens(path, good) in (True, False)


@pytest.mark.parametrize(("unit", "most"), [("[],", tensors_module.MAX_HEADER), ('"ab",', 1 << 20)])
def test_no_header_takes_much_memory(tmp_path, unit, most):
    """Headers made to unfold when they are parsed."""
    header = ('{"a":[' + unit * ((most - 20) // len(unit)) + "0]}").encode()
    path = raw(tmp_path / "m.safetensors", header)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError):
            open_tensors(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 25 * most
