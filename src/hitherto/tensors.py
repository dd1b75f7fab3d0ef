"""Tensors in `.safetensors` files, in and out.

`open_tensors`, `open_mapped` and `write_tensors` are for any `.safetensors` file, `to_bytes` and `from_bytes` for one
in memory. Nothing in a file is ever run, and whatever is wrong with one is a BundleError.
"""

import hashlib
import json
import math
import mmap
import os
import stat
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import BundleError, UsageError, nearest_file
from hitherto.files import BLANKS, replacing, why_of


class Entry(TypedDict):
    """What the header of a file says of a tensor."""

    dtype: str
    shape: list[int]
    data_offsets: list[int]


Row = tuple[str, str, list[int], str]  # of a tensor: name, dtype, shape, SHA-256 of the bytes

MAX_HEADER = 16 << 20  # bytes
MAX_METADATA = 256 << 10  # bytes
MAX_TENSORS = 1 << 16
MAX_RANK = 32  # numpy 1's

# What numpy has of the format's types, little-endian as in the file.
DTYPES = {
    "BOOL": np.dtype("?"),
    "I8": np.dtype("<i1"),
    "U8": np.dtype("<u1"),
    "I16": np.dtype("<i2"),
    "U16": np.dtype("<u2"),
    "I32": np.dtype("<i4"),
    "U32": np.dtype("<u4"),
    "I64": np.dtype("<i8"),
    "U64": np.dtype("<u8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "C64": np.dtype("<c8"),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}

# What people take for a bundle, by its first bytes.
NEVER = "it could run code, so it is not opened"
STRANGERS = {
    b"PK\x03\x04": f"is a zip file (torch.save and numpy.savez write such): {NEVER}",
    b"\x80": f"is a pickle file: {NEVER}",
    b"\x93NUMPY": f"is a .npy file, which may hold a pickle: {NEVER}",
    b"\x1f\x8b": "is a gzip file: unpack it first",
}


# ----------------------------------------------------------------------------------- writing .safetensors files


def write_tensors(
    path: Path,
    tensors: Mapping[str, Array],
    metadata: Mapping[str, str],
    check: Callable[[Path], None] | None = None,
) -> None:
    """Write a `.safetensors` file whole or not at all: what stands at `path` stays until it is on disk.

    `check` gets the path of the finished file before it takes its place, and may raise to keep it from that.
    """
    header, arrays = header_of(tensors, metadata, path)
    size = len(header) + sum(array.nbytes for array in arrays.values())
    with replacing(path, size=size, check=check, error=BundleError) as file:
        file.write(header)
        for array in arrays.values():
            file.write(_bytes(array))


def to_bytes(tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """What `write_tensors` would write."""
    header, arrays = header_of(tensors, metadata)
    return b"".join([header, *map(_bytes, arrays.values())])


def header_of(
    tensors: Mapping[str, Array], metadata: Mapping[str, str], path: Path = Path("it")
) -> tuple[bytes, dict[str, Array]]:
    """A file up to its data, and the arrays in the order in which they follow."""
    sizes = {name: len(name.encode()) + len(value.encode()) for name, value in metadata.items()}
    if sum(sizes.values()) > MAX_METADATA:
        raise BundleError(
            f"{path}: the metadata would take {sum(sizes.values()):,} bytes and may take {MAX_METADATA:,} "
            f"({', '.join(f'{name} {size:,}' for name, size in sizes.items())}). "
            "Long lists of strings belong into the parts of a codec."
        )
    if len(tensors) > MAX_TENSORS:
        raise BundleError(
            f"{path}: a file may have {MAX_TENSORS:,} tensors, and this one would have {len(tensors):,}."
        )
    for name, array in tensors.items():
        check_storable(name, array)
    # widest items first, so that everything lies at a multiple of its own size
    ordered = sorted(
        ((name, _native(array)) for name, array in tensors.items()),
        key=lambda pair: (-pair[1].itemsize, pair[0]),
    )
    entries: dict[str, object] = {"__metadata__": dict(metadata)}
    begin = 0
    for name, array in ordered:
        end = begin + array.nbytes
        entries[name] = {"dtype": CODES[array.dtype], "shape": array.shape, "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise BundleError(f"{path}: the header would take {len(text):,} bytes and may take {MAX_HEADER:,}.")
    return len(text).to_bytes(8, "little") + text, dict(ordered)


def row(name: str, array: Array) -> Row:
    """What a digest covers of a tensor."""
    check_storable(name, array)
    array = _native(array)
    return name, CODES[array.dtype], list(array.shape), hashlib.sha256(_bytes(array)).hexdigest()


def check_storable(name: str, array: Array) -> None:
    try:
        name.encode()
    except (AttributeError, UnicodeEncodeError) as error:
        raise UsageError(f"The name of a tensor must be text that UTF-8 can hold, not {name!r}.") from error
    if name == "__metadata__":
        raise UsageError("A tensor cannot be named '__metadata__': the format keeps that name for itself.")
    if not isinstance(array, np.ndarray):
        raise UsageError(f"Tensor {name!r} must be a numpy array, but came as {type(array).__name__}.")
    if array.dtype.newbyteorder("<") not in CODES or array.ndim > MAX_RANK:
        raise UsageError(
            f"Tensor {name!r} has dtype {array.dtype} and {array.ndim} axes; a file can hold "
            f"{', '.join(map(str, CODES))} of up to {MAX_RANK} axes."
        )


def _native(array: Array) -> Array:
    """`array` as the file has it, little-endian and row by row; not copied where it is so already."""
    # np.ascontiguousarray would make a 0-d array 1-d
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _bytes(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


# ----------------------------------------------------------------------------------- reading .safetensors files


def open_tensors(path: Path) -> tuple[dict[str, str], Iterator[tuple[str, Array]]]:
    """The metadata of a `.safetensors` file, and its tensors by name, each read when its turn comes.

    The file is opened once, so that all is of one file, whatever is put in its place meanwhile. Its header is checked
    whole before anything else is read: no shape in it can take memory that the file does not fill.
    """
    reading = _reading(path, mapped=False)
    metadata, _ = next(reading)
    return metadata, reading


def from_bytes(data: bytes) -> tuple[dict[str, str], dict[str, Array]]:
    """The metadata and the tensors of what `to_bytes` gave, checked as those of a file are."""
    path, file = Path("it"), BytesIO(data)
    metadata, entries, begin = _read_header(path, file, len(data))
    tensors = {name: _read_tensor(file, begin, entry) for name, entry in entries.items()}
    for name, array in tensors.items():
        _check_booleans(path, name, array)
    return metadata, tensors


def open_mapped(path: Path) -> tuple[dict[str, str], Iterator[tuple[str, Array]], Callable[[], None]]:
    """`open_tensors` with read-only views of the file in memory, and a check that the file still has its length.

    Pages come from the disk when they are used, and are shared by all processes that have the file open. The system
    ends a process that uses a page which is no longer there; the check is a BundleError in its stead.
    """
    reading = _reading(path, mapped=True)
    metadata, check = next(reading)
    return metadata, reading, check


def _reading(path: Path, mapped: bool) -> Generator[Any]:  # of two types, one after the other
    """First the metadata and the check, then each tensor. A file that is not read to its end is closed all the same."""
    try:
        _check_regular(path, path.stat())  # to open a device may be to use it
        with open(path, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            _check_regular(path, status)  # of what is open, and another's name by now perhaps
            metadata, entries, begin = _read_header(path, file, status.st_size)
            data: Array | None = None
            if mapped:
                held = mmap.mmap(file.fileno(), status.st_size, access=mmap.ACCESS_READ)
                data = np.frombuffer(held, np.uint8)[begin:]
                yield metadata, lambda: _check_length(path, held, status.st_size)
            else:
                yield metadata, None
            for name in sorted(entries):
                entry = entries[name]
                array = _read_tensor(file, begin, entry) if data is None else _view(data, entry)
                _check_booleans(path, name, array)
                yield name, array
    except OSError as error:
        hint = _absent(path) if isinstance(error, FileNotFoundError) else ""
        raise BundleError(f"{path} cannot be read: {why_of(error)}.{hint}") from error
    except BundleError:
        raise
    except (
        EOFError,
        MemoryError,
        ValueError,
    ) as error:  # mmap says the last where the file is shorter by now
        raise BundleError(
            f"{path} cannot be read: {why_of(error) or 'there is not enough memory'}."
        ) from error


def _absent(path: Path) -> str:
    """Where a model may be that is not there: in the run that was to make it, or under a name that is close."""
    run = path.with_suffix(".run")
    with suppress(OSError):
        if not (run / "spec.toml").is_file():
            return nearest_file(path)
        best = (
            f" {run / 'best.safetensors'} is its best so far." if (run / "best.safetensors").is_file() else ""
        )
        return f" Its training has not ended.{best} Go on with: hitherto train --resume {run}"
    return ""


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _check_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise BundleError(f"{path} is {what}, but a .safetensors file is expected.")


def _check_booleans(path: Path, name: str, array: Array) -> None:
    if array.dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
        raise BundleError(f"{path} is damaged: tensor {name!r} has values that are neither true nor false.")


def _check_length(path: Path, held: mmap.mmap, size: int) -> None:
    try:
        left = held.size()
    except OSError as error:
        raise BundleError(f"{path} cannot be read any more: {why_of(error)}.") from error
    if left < size:
        raise BundleError(
            f"{path} was cut short while it was open: {left:,} of its {size:,} bytes are left. Put a file in the place "
            "of another by renaming it, as save does, and open it again; or open it with mmap=False."
        )


def _read_header(path: Path, file: BinaryIO, size: int) -> tuple[dict[str, str], dict[str, Entry], int]:
    """The metadata, the tensors' descriptions, and the byte that the data begin with."""
    start = file.read(8)
    length = int.from_bytes(start, "little")
    text = file.read(length if length <= MAX_HEADER else 1)
    if length < 2 or not text.lstrip(BLANKS).startswith(b"{"):
        what = next(
            (what for magic, what in STRANGERS.items() if (start + text).startswith(magic)),
            "is not a .safetensors file" if start else "is empty: fetch or save it again",
        )
        raise BundleError(f"{path} {what}.")
    if length > MAX_HEADER:
        raise BundleError(
            f"{path} has a header of {length:,} bytes, but {MAX_HEADER:,} are the most allowed."
        )
    if len(text) < length:
        missing = max(8 + length - size, length - len(text))
        raise BundleError(
            f"{path} is cut short: its header goes on for {missing:,} bytes more. Fetch it again."
        )
    if text.count(b"{") + text.count(b"[") > MAX_METADATA + 4 * MAX_TENSORS:  # parsed, they would fill memory
        raise BundleError(f"{path} is damaged: its header holds more than {MAX_TENSORS:,} tensors can need.")
    try:
        entries = json.loads(text.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise BundleError(
            f"{path} is damaged: its header is not sound JSON: {why}. Fetch it again."
        ) from error
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise BundleError(f"{path} is damaged: its metadata are not strings.")
    if not all(_sound(text) for pair in metadata.items() for text in pair):
        raise BundleError(f"{path} is damaged: its metadata are not UTF-8.")
    total = sum(len(text.encode()) for pair in metadata.items() for text in pair)
    if total > MAX_METADATA:
        raise BundleError(
            f"{path} has {total:,} bytes of metadata, but {MAX_METADATA:,} are the most allowed."
        )
    _check_layout(path, entries, size - 8 - length)
    return metadata, entries, 8 + length


def _check_layout(path: Path, entries: dict[str, Entry], size: int) -> None:
    """Every tensor is well described, and together they fill the `size` bytes of data, none of them twice."""
    if len(entries) > MAX_TENSORS:
        raise BundleError(f"{path} has {len(entries):,} tensors, but {MAX_TENSORS:,} are the most allowed.")
    spans = []
    for name, entry in entries.items():
        if not _sound(name):
            raise BundleError(f"{path} is damaged: the name of tensor {name!r:.80} is not UTF-8.")
        match entry:
            case {
                "dtype": str(code),
                "shape": list(shape),
                "data_offsets": [int(begin), int(end)],
                **rest,
            } if (
                not rest
                and len(shape) <= MAX_RANK
                and all(type(count) is int and count >= 0 for count in shape)
                and type(begin) is type(end) is int
            ):
                pass
            case _:
                raise BundleError(
                    f"{path} is damaged: its header does not describe tensor {name!r:.80} as it must."
                )
        if code not in DTYPES:
            raise BundleError(
                f"{path}: tensor {name!r:.80} has the type {code!r:.20}, which numpy does not have. "
                f"Save it as one of {', '.join(DTYPES)}."
            )
        # the largest array of that many axes that numpy lets be, empty or not
        if math.prod(max(count, 1) for count in shape) >= 1 << 58:
            raise BundleError(f"{path} is damaged: tensor {name!r:.80} has a shape that no memory can hold.")
        if end - begin != math.prod(shape) * DTYPES[code].itemsize:
            raise BundleError(
                f"{path} is damaged: the bytes of tensor {name!r:.80} do not fit its shape and type."
            )
        spans.append((begin, end))
    reached = 0
    for begin, end in sorted(spans):
        if begin != reached:
            raise BundleError(
                f"{path} is damaged: its tensors overlap or leave a gap at byte {reached:,} of the data."
            )
        reached = end
    if reached > size:
        raise BundleError(
            f"{path} is cut short: {reached - size:,} bytes are missing at its end. Fetch it again."
        )
    if reached < size:
        raise BundleError(f"{path} is damaged: {size - reached:,} bytes at its end belong to no tensor.")


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object, of which no name stands twice: for `json.loads`, as `object_pairs_hook`."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("it has a name twice")
    return value


def _sound(text: str) -> bool:
    """Whether UTF-8 can hold it; JSON can write half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_tensor(file: BinaryIO, begin: int, entry: Entry) -> Array:
    """A tensor of one's own; the header has been checked."""
    array: Array = np.empty(entry["shape"], DTYPES[entry["dtype"]])
    file.seek(begin + entry["data_offsets"][0])
    if file.readinto(_bytes(array)) != array.nbytes:  # type: ignore[attr-defined]
        raise EOFError("it was cut short meanwhile")
    return array


def _view(data: Array, entry: Entry) -> Array:
    """A tensor where it lies in the data of its file; a copy where that is no place for its type."""
    begin, end = entry["data_offsets"]
    array = data[begin:end].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
    if not array.flags.aligned:
        array = array.copy()
        array.flags.writeable = False
    return array
