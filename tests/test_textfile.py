"""Files of text: what is no text is refused with advice, nothing waits, nothing grows without end."""

import contextlib
import gzip
import io
import os
import socket
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitherto.data import read, textfile, texts
from hitherto.errors import DataError, UsageError


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as error:
        list(read(path, **options))
    return str(error.value)


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


def numpy_bytes() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


FOREIGN = {
    "a.mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + b" " * 90, "a MATLAB file", "scipy.io.loadmat"),
    "b.mat": (b"\x89HDF\r\n\x1a\n" + bytes(100), "a MATLAB file", "h5py"),
    "a.xlsx": (zipped("xl/workbook.xml"), "a spreadsheet", "save the sheet as CSV"),
    "a.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "a spreadsheet", "save the sheet as CSV"),
    "a.docx": (zipped("word/document.xml"), "a document", "save it as plain text"),
    "a.zip": (zipped("a.csv"), "a zip file", "unpack it"),
    "table.csv": (zipped("a.csv"), "a zip file", "unpack it"),
    "a.npz": (zipped("x.npy"), "a file of numpy arrays", "numpy.load"),
    "a.npy": (numpy_bytes(), "a file of numpy arrays", "numpy.load"),
    "a.pkl": (b"\x80\x04\x95" + bytes(30), "a pickle, which could run code", "never opened here"),
    "old.pkl": (b"\x80\x02}q\x00X\x01" + bytes(30), "a pickle, which could run code", "never opened here"),
    "b.pkl": (b"cposix\nsystem\n(S'echo'\ntR.\xff", "a pickle, which could run code", "never opened here"),
    "a.h5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file", "h5py"),
    "a.pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "a PDF", "pdftotext"),
    "a.tar": (b"a.csv" + bytes(252) + b"ustar" + bytes(300), "an archive", "unpack it"),
    "a.tar.gz": (gzip.compress(b"a.csv" + bytes(252) + b"ustar" + bytes(300)), "an archive", "unpack it"),
    "a.csv.bz2": (b"BZh91AY&SY" + bytes(range(128, 200)), "a packed file", "unpack it first"),
    "a.feather": (b"ARROW1\0\0" + bytes(50), "an Arrow file", "Parquet"),
    "a.sav": (b"$FL2@(#) IBM SPSS" + bytes(50), "a file of a statistics program", "CSV"),
    "a.rds": (gzip.compress(b"X\n\0\0\0\x03" + bytes(50)), "a file of R", "write.csv"),
    "data.csv": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS", "git lfs pull"),
    "song.csv": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(50), "sound", "a table names such files"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_other_kinds_get_advice_that_fits_them(tmp_path: Path, name: str) -> None:
    data, what, advice = FOREIGN[name]
    (tmp_path / name).write_bytes(data)
    said = refused(tmp_path / name)
    assert what in said
    assert advice in said
    assert "--encoding" not in said


@pytest.mark.parametrize(
    "begin", ["ORC the ogre", "RIFF raff", "BZhang", "ID3 trees", "Rar! said he", "GIF87", "PAR"]
)
def test_texts_that_begin_like_other_files_are_texts(tmp_path: Path, begin: str) -> None:
    (tmp_path / "a.txt").write_text(f"{begin} and more\n" * 3)
    assert len(read(tmp_path / "a.txt")) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_pipes_sockets_and_devices_are_refused_and_nothing_waits_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder" / "a").mkdir(parents=True)
    os.mkfifo(tmp_path / "folder" / "a" / "1.txt")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket.csv"))
        for path, what in (
            (tmp_path / "pipe.csv", "a pipe"), (tmp_path / "socket.csv", "a socket"), (Path("/dev/zero"), "a device"),
        ):  # fmt: skip
            for format_ in (None, "csv", "jsonl", "txt", "conll", "parquet"):
                assert f"this is {what}, which can be read once" in refused(path, format=format_)
    with pytest.raises(DataError, match="this is a pipe"):
        list(texts(tmp_path / "pipe.csv"))
    with pytest.raises(DataError, match="this is a pipe"), textfile.opened(tmp_path / "pipe.csv"):
        pass
    assert "has none" in refused(tmp_path / "folder")


def test_folders_and_files_are_not_taken_for_one_another(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert "this is a folder, and format = 'csv' reads a file" in refused(tmp_path, format="csv")
    assert "this is a file, and format = 'folder'" in refused(tmp_path / "a.csv", format="folder")
    assert "no such file" in refused(tmp_path / "a.csv" / "b.csv")


def test_a_text_given_as_a_path_is_not_quoted_whole() -> None:
    for text in ("It was a dark and stormy night. " * 1000, "one line\n" * 30, "a\0b"):
        for reads in (lambda t: list(read(t)), lambda t: list(texts(t))):
            with pytest.raises(DataError, match=r"put them in a list|no such file") as error:
                reads(text)
            assert len(str(error.value)) < 400


def test_lines_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfile, "LINE", 1000)
    for name, data in (
        ("a.csv", b"text,label\n" + b"x" * 1001 + b",y\n"),
        ("a.tsv", b"text\tlabel\nfine\tx\n" + b"x" * 2000),
        ("a.jsonl", b'{"a": 1}\n{"a": "' + b"x" * 2000 + b'"}\n'),
        ("a.txt", b"fine\n" + b"x" * 5000),
        ("a.conll", b"word O\n" + b"x" * 5000 + b" O\n"),
    ):
        for packed in (False, True):
            path = tmp_path / (name + ".gz" * packed)
            path.write_bytes(gzip.compress(data) if packed else data)
            assert "line 2: the line has more than 1,000 characters" in refused(path) or "line 3" in refused(
                path
            )
    quoted = tmp_path / "quoted.csv"  # a field of many lines
    quoted.write_text('text,label\nfine,x\n"' + "line\n" * 500 + '",y\n')
    assert "field larger than field limit" in refused(quoted)
    (tmp_path / "neg").mkdir()
    (tmp_path / "neg" / "1.txt").write_text("words\n" * 500)
    (tmp_path / "folder").mkdir()
    (tmp_path / "neg").rename(tmp_path / "folder" / "neg")
    assert "more than 1,000 characters" in refused(tmp_path / "folder")


def test_a_list_of_json_is_read_element_by_element(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfile, "LINE", 200_000)
    path = tmp_path / "a.json"
    path.write_text("[" + ",".join(f'{{"n": {i}, "text": "{"x" * 40}"}}' for i in range(20_000)) + "]")
    table = read(path)  # a line of a million characters
    assert len(table) == 20_000
    assert [row["n"] for row in table] == list(range(20_000))
    path.write_text('[{"a": "' + "x" * 300_000 + '"}]')
    with pytest.raises(DataError, match="not JSON: Unterminated string"):
        list(read(path))


def test_a_gzip_file_that_grows_without_end_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfile, "GROWN", 1 << 20)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"words,label\n" * 200_000))
    assert "becomes more than 200 times as large as it is" in refused(bomb)
    with pytest.raises(DataError, match="unpack it"):
        list(texts(bomb))
    varied = "\n".join(f"{i} words of {i * 7919 % 1000},label" for i in range(100_000))
    bomb.write_bytes(gzip.compress(varied.encode()))  # large, but as a text is
    assert len(read(bomb)) == 100_000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_encodings_with_a_mark_and_without(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\ncafé,x\nthé,y\n".encode(encoding))
    if encoding in ("utf-16-le", "utf-16-be"):
        assert f"say so: --encoding {encoding}" in refused(path)
        assert [row["text"] for row in read(path, encoding=encoding)] == ["café", "thé"]
    else:
        assert [row["text"] for row in read(path)] == ["café", "thé"]


def test_the_first_wrong_byte_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text, encoding, said in (
        ("fine\n" * 30_000 + "café\n", "latin-1", "line 30001: byte 150003 (0xe9) is not utf-8"),
        ("fine\n€ 5\n", "cp1252", "--encoding cp1252"),
        ("fine\ncafé\n", "latin-1", "--encoding latin-1"),
        ("é" * 40_000 + "ÿ", "utf-8", ""),
    ):
        path.write_bytes(text.encode(encoding))
        if said:
            assert said in refused(path)
        else:
            path.write_bytes(text.encode(encoding) + b"\xc3")
            assert "line 1: the text ends inside a character" in refused(path)
    path.write_bytes("a\nb\n".encode("utf-16") + b"x")
    assert "the text ends inside a character: it is cut off, or it is not utf-16" in refused(path)
    with pytest.raises(UsageError, match="no encoding 'base64'"):
        list(read(path, encoding="base64"))
    for name in ("utf-9", "\0", "rot13"):
        path.write_bytes(b"fine\n")
        with pytest.raises(UsageError, match="no encoding"):
            list(read(path, encoding=name))
    path.write_bytes(b"xn--a\xff.b\n")
    for name in ("idna", "punycode", "unicode_escape", "undefined", "utf-7"):
        with contextlib.suppress(DataError, UsageError):
            list(read(path, encoding=name))


def test_a_damaged_gzip_file_whose_text_is_none_is_an_error_of_ours(tmp_path: Path, monkeypatch: Any) -> None:
    """The search for the first bad byte met the damage, and that was not said."""
    file = tmp_path / "x.txt.gz"
    file.write_bytes(gzip.compress(b"a" * 100))
    monkeypatch.setattr(textfile, "_undecodable", lambda *_: (_ for _ in ()).throw(gzip.BadGzipFile("CRC")))
    with (
        pytest.raises(DataError, match="cut off or damaged"),
        textfile.opened(file) as _text,
    ):
        raise UnicodeDecodeError("utf-8", b"x", 0, 1, "made")
