"""Files of text: from bytes to lines and pieces, gunzipped, in the encoding that is told or that their mark tells.

    for number, line in lines(path): ...         # without its end, from line 1
    for piece in pieces(path): ...               # the whole text, every end of line a single newline
    with opened(path) as file: ...               # a file of text

A file that holds something else is refused with what to do about that kind of file. What could fill the memory is
bounded: a line by LINE characters, a gzip file by how much larger than itself it may become.
"""

import codecs
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from hitherto import progress
from hitherto.errors import DataError, UsageError, nearest_file
from hitherto.files import why_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["bounded", "is_folder", "lines", "opened", "pieces", "whole"]

LINE = 1 << 26  # characters of one line
GROWN = 1 << 30  # bytes that any gzip file may become,
TIMES = 200  # and how many times its own size beyond that
BLOCK = 1 << 16  # bytes that are read at once

_SENSES = "a table names such files, or a folder has a folder of them for each label"
_COLUMNS = "its arrays as a dict of columns or as a list"

# Kinds of file that are not text: what each is, and what to do with it.
KINDS = {
    "zip": ("a zip file", "unpack it, and give the file that is in it"),
    "archive": ("an archive", "unpack it, and give the file that is in it"),
    "packed": ("a packed file", "unpack it first; of packed files only gzip is read as it is"),
    "sheet": ("a spreadsheet", "save the sheet as CSV; or give a frame from Python: pandas.read_excel(path)"),
    "document": ("a document", "save it as plain text (.txt)"),
    "pdf": ("a PDF", "take its text out first (pdftotext FILE.pdf FILE.txt)"),
    "matlab": (
        "a MATLAB file",
        f"read it in Python (scipy.io.loadmat, or h5py for version 7.3), and give {_COLUMNS}",
    ),
    "numpy": ("a file of numpy arrays", f"read it in Python (numpy.load), and give {_COLUMNS}"),
    "hdf5": ("an HDF5 file", f"read it in Python (h5py), and give {_COLUMNS}"),
    "pickle": (
        "a pickle, which could run code when it is read",
        "it is never opened here. Whoever made it can save the data as CSV, JSON lines or Parquet",
    ),
    "torch": ("a file of PyTorch", "whoever made it can save the data as CSV, JSON lines or Parquet"),
    "sqlite": (
        "an SQLite database",
        'export the table: sqlite3 -header -csv FILE "select * from TABLE" > FILE.csv',
    ),
    "arrow": ("an Arrow file", "save it as Parquet; or give a frame from Python: polars.read_ipc(path)"),
    "parquet": ("a Parquet file", "let its name end in .parquet, or say --format parquet"),
    "columns": ("a file of columns", "save it as Parquet or CSV; or give a frame from Python"),
    "statistics": (
        "a file of a statistics program",
        "export it as CSV; or give a frame from Python (pandas.read_...)",
    ),
    "r": ("a file of R", "export the table in R: write.csv(x, FILE, row.names = FALSE)"),
    "png": ("a PNG image", _SENSES),
    "jpeg": ("a JPEG image", _SENSES),
    "media": ("sound, a picture, a video or music", _SENSES),
    "model": ("a safetensors file, a model perhaps", "the data belong here"),
    "program": ("a program", "give the data that it reads or writes"),
    "pointer": ("a pointer of Git LFS, not the data", "fetch the data: git lfs pull"),
}

# How files begin, whatever they are called. None of these begins a text.
MAGIC = {
    b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"Rar!\x1a\x07": "archive", b"7z\xbc\xaf\x27\x1c": "archive",
    **{b"BZh%d1AY&SY" % level: "packed" for level in range(1, 10)},
    b"\xfd7zXZ": "packed", b"\x28\xb5\x2f\xfd": "packed", b"\x04\x22\x4d\x18": "packed",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "sheet", b"{\\rtf1": "document", b"%PDF-": "pdf",
    b"MATLAB 5.0 MAT-file": "matlab", b"MATLAB 7.": "matlab", b"\x93NUMPY": "numpy", b"\x89HDF": "hdf5",
    **{bytes((0x80, protocol)): "pickle" for protocol in range(2, 6)},
    b"SQLite format 3\0": "sqlite", b"ARROW1\0": "arrow", b"PAR1": "parquet", b"Obj\x01": "columns",
    b"$FL2@(#)": "statistics", b"<stata_dta>": "statistics", b"RDX2\n": "r", b"RDX3\n": "r",
    b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF87a": "media", b"GIF89a": "media",
    b"OggS\0": "media", b"fLaC\0": "media", b"ID3\x02": "media", b"ID3\x03": "media", b"ID3\x04": "media",
    b"MThd\0": "media", b"\x7fELF": "program", b"version https://git-lfs": "pointer",
}  # fmt: skip

# What a name says of a file that turns out to be no text.
ENDINGS = {
    ending: kind
    for kind, endings in {
        "zip": ".zip", "archive": ".tar .tgz .rar .7z", "packed": ".bz2 .xz .zst .lz4",
        "sheet": ".xlsx .xls .xlsm .xlsb .ods .numbers", "document": ".docx .doc .odt .rtf .pptx .epub",
        "pdf": ".pdf", "matlab": ".mat", "numpy": ".npy .npz", "hdf5": ".h5 .hdf5 .hdf .nc",
        "pickle": ".pkl .pickle .p .joblib", "torch": ".pt .pth .ckpt", "sqlite": ".db .sqlite .sqlite3",
        "arrow": ".feather .arrow .ipc", "columns": ".orc .avro", "statistics": ".sav .dta .sas7bdat .xpt",
        "r": ".rds .rda .rdata", "model": ".safetensors",
    }.items()
    for ending in endings.split()
}  # fmt: skip

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",  # before utf-16, whose mark begins one of these
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; a DataError if it is neither a folder nor a file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"there is no such file.{nearest_file(path)}", path=path) from error
    except (OSError, ValueError) as error:
        text = str(path)
        if len(text) > 255 or "\n" in text or "\0" in text:
            raise DataError(
                f"expected the path of a file or folder, but a text of {len(text):,} characters came: {text!r:.60}. To "
                "give texts themselves, put them in a list"
            ) from error
        raise DataError(f"the file cannot be read: {why_of(error)}", path=path) from error
    if not stat.S_ISDIR(status.st_mode):
        _expect_regular(path, status)
    return stat.S_ISDIR(status.st_mode)


def _expect_regular(path: Path, status: os.stat_result) -> None:
    """Refuse pipes and devices: data are read several times."""
    if stat.S_ISDIR(status.st_mode):
        raise DataError("this is a folder, not a file", path=path)
    if not stat.S_ISREG(status.st_mode):
        kinds = ((stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))
        what = next((name for holds, name in kinds if holds(status.st_mode)), "device")
        raise DataError(
            f"this is a {what}, which can be read once at most, and data are read several times. Write it to a file "
            "first, and give that",
            path=path,
        )


def _refused(path: Path, kind: str) -> DataError:
    """The error for a file of this kind of KINDS."""
    what, advice = KINDS[kind]
    return DataError(f"this is {what}, not text; {advice}", path=path)


def _named(path: Path) -> str | None:
    """The kind of KINDS that a file's name states."""
    return ENDINGS.get(Path(path.name.removesuffix(".gz")).suffix.lower())


def _without_waiting(path: str, flags: int) -> int:
    """Open a file without waiting for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"the gzip file is cut off or damaged ({error}); fetch it again", path=path)


@contextmanager
def opened(path: Path, encoding: str | None = None) -> Iterator[TextIO]:
    """The file's text, gunzipped if needed. Wrong bytes become a DataError."""
    chosen = "utf-8"
    try:
        with open(path, "rb", opener=_without_waiting) as raw:
            status = os.fstat(raw.fileno())
            _expect_regular(path, status)
            stream, begin = _unpacked(raw)
            chosen = _encoding(path, begin, encoding)
            counted = io.BufferedReader(_Counted(path, stream, raw, status.st_size), BLOCK)
            with io.TextIOWrapper(counted, encoding=chosen, newline="") as text:
                yield text
    except UnicodeDecodeError as error:
        try:
            found_at = _undecodable(path, chosen)
        except _DAMAGE as damage:  # behind the byte that was looked for
            raise _damaged(path, damage) from damage
        raise found_at from error
    except UnicodeError as error:  # of encodings that Python has for names of hosts and its like
        raise DataError(
            f"the file is not {chosen} ({error}); say its encoding (--encoding)", path=path
        ) from error
    except _DAMAGE as error:
        raise _damaged(path, error) from error
    except IsADirectoryError as error:
        raise DataError("this is a folder, not a file", path=path) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError("there is no such file", path=path) from error
    except PermissionError as error:
        raise DataError("the file may not be read", path=path) from error
    except OSError as error:
        raise DataError(f"the file cannot be read: {why_of(error)}", path=path) from error


def _unpacked(raw: BinaryIO) -> tuple[BinaryIO, bytes]:
    """The contents of the file, gunzipped if needed, and their first bytes."""
    begin = raw.read(512)
    raw.seek(0)
    if begin[:2] != b"\x1f\x8b":
        return raw, begin
    stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw))
    begin = stream.read(512)
    stream.seek(0)
    return stream, begin


class _Counted(io.RawIOBase):
    """The bytes of a file, gunzipped. Reports progress, and refuses a file that grows without end."""

    def __init__(self, path: Path, stream: BinaryIO, raw: BinaryIO, size: int) -> None:
        super().__init__()
        self.path, self.stream, self.raw, self.size = path, stream, raw, size
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        target = memoryview(buffer)
        data = self.stream.read(len(target))
        target[: len(data)] = data
        self.count += len(data)
        read = self.raw.tell()
        if self.count > GROWN and self.count > TIMES * max(1, read):
            raise DataError(
                f"the gzip file becomes more than {TIMES} times as large as it is: {self.count:,} bytes came from the "
                f"first {read:,}. No usual text does, so reading ends here. If this is meant, unpack it (gunzip) and "
                "give the file that comes of it",
                path=self.path,
            )
        progress.bytes_read(self.path.name, read, self.size)
        return len(data)


def _encoding(path: Path, begin: bytes, option: str | None) -> str:
    """The encoding of a text that begins with these bytes. Files that are not text are refused."""
    kind, by_name = _kind(begin), _named(path)
    if kind is not None:
        raise _refused(path, by_name if by_name is not None and kind in ("zip", "sheet", "hdf5") else kind)
    if option is not None:
        return _known(option)
    for mark, name in MARKS.items():
        if begin.startswith(mark):
            return name
    if b"\0" in begin[:64]:
        if by_name is not None:
            raise _refused(path, by_name)
        even, odd = begin[::2].count(0), begin[1::2].count(0)
        raise DataError(
            "this is not text: it has NUL bytes. If it is UTF-16, say so: --encoding "
            f"{'utf-16-be' if even > odd else 'utf-16-le'}",
            path=path,
        )
    return "utf-8-sig"


def _kind(begin: bytes) -> str | None:
    """The kind of KINDS that begins with these bytes."""
    by_magic = next((kind for magic, kind in MAGIC.items() if begin.startswith(magic)), None)
    if by_magic is not None:
        return by_magic
    if begin[:4] == b"RIFF" and begin[8:12] in (b"WAVE", b"AVI ", b"WEBP"):
        return "media"
    if begin[257:262] == b"ustar":
        return "archive"
    sized = len(begin) > 9 and int.from_bytes(begin[:8], "little") < 1 << 26
    return "model" if sized and begin[8:10] == b'{"' else None


def _known(name: str) -> str:
    try:
        codec = codecs.lookup(name)
        "".encode(codec.name)  # base64 and its like are codecs too, but not of text
        b"".decode(codec.name)
    except (LookupError, ValueError) as error:
        raise UsageError(f"there is no encoding {name!r}; try utf-8, latin-1, cp1252 or utf-16.") from error
    return codec.name


def _undecodable(path: Path, encoding: str) -> DataError:
    """The place of the first byte that the encoding does not allow."""
    kind, name = _named(path), encoding.removesuffix("-sig")
    if kind is not None:
        return _refused(path, kind)
    decoder = codecs.getincrementaldecoder(name)()
    offset, line = 0, 1
    with open(path, "rb", opener=_without_waiting) as raw:
        stream, _ = _unpacked(raw)
        for block in chain(iter(partial(stream.read, BLOCK), b""), [b""]):
            held = len(decoder.getstate()[0])  # bytes of a character that is not whole yet
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                if not block:
                    return DataError(
                        f"the text ends inside a character: it is cut off, or it is not {name}",
                        path=path,
                        line=line,
                    )
                byte, at = error.object[error.start], error.start - held
                return DataError(
                    f"byte {offset + at} (0x{byte:02x}) is not {name}. If the file is in another encoding, say which: "
                    f"--encoding {'latin-1' if byte >= 0xA0 else 'cp1252'}, for example",
                    path=path, line=line + block[: max(0, at)].count(b"\n"),
                )  # fmt: skip
            offset += len(block)
    return DataError(f"the file is not {name}; say its encoding (--encoding)", path=path)


def bounded(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of an opened text, each with its end."""
    for number, line in enumerate(iter(partial(file.readline, LINE + 1), ""), 1):
        if len(line) > LINE:
            raise DataError(
                f"the line has more than {LINE:,} characters, and a line must fit into memory. If this is text, break "
                "it into lines; if it is numbers, keep them as Parquet or as columns of a table",
                path=path, line=number,
            )  # fmt: skip
        yield line


def lines(path: Path, encoding: str | None = None) -> Iterator[tuple[int, str]]:
    """Every line without its end, and its number from 1."""
    with opened(path, encoding) as file:
        for number, line in enumerate(bounded(path, file), 1):
            if "\0" in line:
                raise _with_nul(path, line=number)
            yield number, line.rstrip("\r\n")


def _with_nul(path: Path, line: int) -> DataError:
    """The error for a text with a NUL character."""
    kind = _named(path)
    if kind is not None:
        return _refused(path, kind)
    return DataError(
        "there is a NUL character here: this is not text, or it is damaged", path=path, line=line
    )


def whole(path: Path, encoding: str | None = None) -> str:
    """The text as `pieces` gives it, joined; a DataError if it is too long for memory."""
    parts, size = [], 0
    for piece in pieces(path, encoding):
        size += len(piece)
        if size > LINE:
            problem = f"the text has more than {LINE:,} characters, and here it must fit into memory"
            raise DataError(f"{problem}; break it into several files", path=path)
        parts.append(piece)
    return "".join(parts)


def pieces(path: Path, encoding: str | None = None, chunk: int = 1 << 20) -> Iterator[str]:
    """The text in pieces of at most `chunk` characters, with every end of line as a single newline."""
    held = ""  # a \r whose \n may follow in the next piece
    line = 1
    with opened(path, encoding) as file:
        while piece := file.read(chunk):
            piece, held = held + piece, ""
            if "\0" in piece:
                raise _with_nul(path, line=line + piece[: piece.index("\0")].count("\n"))
            if piece.endswith("\r"):
                piece, held = piece[:-1], "\r"
            if "\r" in piece:
                piece = piece.replace("\r\n", "\n").replace("\r", "\n")
            line += piece.count("\n")
            yield piece
    if held:
        yield "\n"
