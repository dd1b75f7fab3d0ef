"""The one file that is a trained model: written whole or not at all, read with suspicion.

A bundle is a `.safetensors` file. Its tensors are the weights, under the names that the plan uses, and the
big lists of the codecs; its metadata are strings:

    hitherto   the version of this format, FORMAT
    plan, spec, metrics, made
               JSON objects
    codecs     {name: {"kind": ..., "document": ..., "parts": [...]}}
    tied       {name: the tensor that it shares}; the shared one is stored once
    digest     SHA-256 over the canonical JSON of {plan, codecs, tensors}, where tensors are the sorted rows
               [name, dtype, shape, SHA-256 of the bytes], tied names among them

A part of a codec is a list of strings: their UTF-8 one after the other as the uint8 tensor `codec.NAME.PART`,
and where each begins and the last ends as the int64 tensor `codec.NAME.PART.offsets`.

`write` and `read` are all that most need. Below them stand the parts that checkpoints share: `write_tensors`
and `open_tensors` for any such file, `row` and `fingerprint` for its digest, `plain` and `parse` for JSON.
Nothing in a file is ever run, and whatever is wrong with one is a BundleError.
"""

import errno
import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from hitherto.errors import BundleError, MissingExtra, UsageError, nearest, nearest_file

__all__ = ["FORMAT", "UPGRADES", "Bundle", "read", "write"]

Array = NDArray[Any]
Documents = dict[str, Any]
Tensors = dict[str, Array]
Upgrade = Callable[[Documents, Tensors], tuple[Documents, Tensors]]

FORMAT = 1

# From each older format to the next; documents and tensors as the file holds them.
UPGRADES: dict[int, Upgrade] = {}

DOCUMENTS = ("plan", "spec", "codecs", "metrics", "made", "tied")

MAX_HEADER = 16 << 20  # bytes
MAX_METADATA = 256 << 10  # bytes
MAX_TENSORS = 1 << 16
MAX_RANK = 32  # numpy 1's
MAX_DEPTH = 100  # of a JSON document

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


class Codec(Protocol):
    """What `write` needs of a codec; a row of CODECS has it."""

    @property
    def kind(self) -> str: ...
    def to_json(self) -> dict[str, Any]: ...
    def parts(self) -> dict[str, list[str]]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A trained model as data. `codecs` has (kind, document, parts) for each; tied tensors are one array."""

    path: Path
    tensors: Tensors
    plan: dict[str, Any]
    spec: dict[str, Any]
    codecs: dict[str, tuple[str, dict[str, Any], dict[str, list[str]]]]
    metrics: dict[str, Any]
    made: dict[str, Any]
    digest: str

    def codec(self, name: str) -> Any:
        """The codec `name`, rebuilt; a new one at each call."""
        if name not in self.codecs:
            known = ", ".join(map(repr, self.codecs)) or "none"
            raise UsageError(
                f"{self.path} has no codec {name!r}; it has {known}.{nearest(name, self.codecs)}"
            )
        kind, document, parts = self.codecs[name]
        try:
            return _codec_class(self.path, name, kind).from_json(document, parts)
        except (BundleError, MissingExtra):
            raise
        except Exception as error:  # whatever a made-up document makes a codec stumble over
            why = f"{type(error).__name__}: {error}"
            raise BundleError(f"{self.path}: codec {name!r} cannot be rebuilt: {why}") from error


# ---------------------------------------------------------------------------------------------------- bundles


def write(
    path: str | Path,
    *,
    tensors: Mapping[str, Array],
    plan: Mapping[str, Any],
    spec: Mapping[str, Any],
    codecs: Mapping[str, Codec],
    metrics: Mapping[str, Any],
    made: Mapping[str, Any],
) -> str:
    """Save a bundle and return its digest. Whatever goes wrong, a file that stood at `path` is not harmed.

    One array under two names is stored once. A metric that is not finite is stored as null.
    """
    path = Path(path)
    for name, array in tensors.items():
        _check_storable(name, array)
        if name.startswith("codec."):
            raise UsageError(f"The name of tensor {name!r} begins with 'codec.', which is kept for codecs.")
        _check_finite(path, name, array)
    stored, documents, found = _contents(tensors, plan, codecs)
    documents |= {
        "spec": plain(spec, "spec"),
        "metrics": plain(metrics, "metrics", finite=False),
        "made": plain(made, "made"),
    }
    metadata = {name: json.dumps(value, ensure_ascii=False) for name, value in documents.items()}
    write_tensors(path, stored, {"hitherto": str(FORMAT), "digest": found, **metadata})
    return found


def digest(tensors: Mapping[str, Array], plan: Mapping[str, Any], codecs: Mapping[str, Codec]) -> str:
    """The digest that `write` would give."""
    return _contents(tensors, plan, codecs)[2]


def _contents(
    tensors: Mapping[str, Array], plan: Mapping[str, Any], codecs: Mapping[str, Codec]
) -> tuple[Tensors, Documents, str]:
    """What a digest covers: the tensors to store, the documents that go with them, and the digest."""
    stored, tied = _tie(tensors)
    described = {name: _describe(name, codec, stored) for name, codec in codecs.items()}
    documents = {"plan": plain(plan, "plan"), "codecs": plain(described, "codecs"), "tied": tied}
    return stored, documents, _digest(documents, {name: row(name, array) for name, array in stored.items()})


def read(path: str | Path, verify: bool = True) -> Bundle:
    """Read a bundle, or raise BundleError. `verify=False` leaves out the digest, and nothing else."""
    path = Path(path)
    metadata, arrays = open_tensors(path, mapped=True)
    version = _version(path, metadata)
    documents: Documents = {name: _document(path, name, metadata) for name in DOCUMENTS}
    stored: Tensors = {}
    rows = {}
    for name, array in arrays:
        _check_finite(path, name, array)
        stored[name] = array
        if verify:
            rows[name] = row(name, array)
    _check_tied(path, documents["tied"], stored)
    quoted = metadata.get("digest", "")
    if verify and quoted != _digest(documents, rows):
        raise BundleError(
            f"{path} is damaged or was changed: its digest does not fit its contents. Fetch it again."
        )
    for older in range(version, FORMAT):
        try:
            documents, stored = UPGRADES[older](documents, stored)
        except Exception as error:  # an upgrade may count on what a made-up file does not have
            why = f"{type(error).__name__}: {error}"
            raise BundleError(f"{path}: format {older} cannot be upgraded to {older + 1}: {why}") from error
    codecs = {
        name: _read_codec(path, name, value, stored) for name, value in documents["codecs"].items()
    }  # takes its tensors out of `stored`
    if left := [name for name in stored if name.startswith("codec.")]:
        raise BundleError(f"{path}: tensor {left[0]!r} belongs to no codec of the bundle.")
    return Bundle(
        path=path,
        tensors=stored | {alias: stored[name] for alias, name in documents["tied"].items()},
        plan=documents["plan"],
        spec=documents["spec"],
        codecs=codecs,
        metrics=documents["metrics"],
        made=documents["made"],
        digest=quoted,
    )


def _version(path: Path, metadata: dict[str, str]) -> int:
    text = metadata.get("hitherto")
    if text is None:
        raise BundleError(f"{path} holds tensors but is no bundle: write one with `hitherto train`.")
    if not re.fullmatch("[1-9][0-9]{0,8}", text, re.ASCII):
        raise BundleError(f"{path}: the format of a bundle is a number, but came as {text[:40]!r}.")
    version = int(text)
    if version > FORMAT:
        raise BundleError(
            f"{path} has format {version}, and this hitherto reads formats up to {FORMAT}: "
            "update it with pip install -U hitherto."
        )
    if any(older not in UPGRADES for older in range(version, FORMAT)):
        raise BundleError(
            f"{path} has format {version}, which is no longer read: open and save it with an older hitherto."
        )
    return version


def _document(path: Path, name: str, metadata: dict[str, str]) -> dict[str, Any]:
    if name not in metadata:
        raise BundleError(f"{path} has no {name!r} in its metadata, so it is no whole bundle.")
    try:
        value = parse(metadata[name])
    except ValueError as error:
        raise BundleError(f"{path}: {name!r} in the metadata is not sound JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BundleError(
            f"{path}: {name!r} in the metadata must be a JSON object, not {type(value).__name__}."
        )
    return value


def _digest(documents: Documents, rows: dict[str, list[Any]]) -> str:
    shared = [[alias, *rows[name][1:]] for alias, name in documents["tied"].items()]
    return fingerprint({name: documents[name] for name in ("plan", "codecs")}, [*rows.values(), *shared])


def _tie(tensors: Mapping[str, Array]) -> tuple[Tensors, dict[str, str]]:
    """What to store, and {name: the stored name} for arrays that are the same memory seen the same way."""
    stored: Tensors = {}
    tied: dict[str, str] = {}
    first: dict[object, str] = {}
    for name, array in sorted(tensors.items()):
        where = array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str
        if where in first:
            tied[name] = first[where]
        else:
            first[where] = name
            stored[name] = array
    return stored, tied


def _check_tied(path: Path, tied: dict[str, Any], stored: Tensors) -> None:
    for alias, name in tied.items():
        sound = isinstance(name, str) and name in stored and alias not in stored
        if not sound or alias.startswith("codec.") or name.startswith("codec."):
            raise BundleError(
                f"{path}: {alias!r} is tied to {name!r:.80}, but both must be names of weights, one stored."
            )


def _check_finite(path: Path, name: str, array: Array) -> None:
    if array.dtype.kind in "fc" and not np.isfinite(array).all():
        raise BundleError(
            f"{path}: the weights {name!r} hold values that are not finite (NaN or infinity): such a model "
            "cannot answer. Train it again with a lower learning rate or with gradient clipping."
        )


# ----------------------------------------------------------------------------------------------------- codecs


def _describe(name: str, codec: Codec, stored: Tensors) -> dict[str, Any]:
    """What the metadata say of a codec; its lists go into `stored`."""
    parts = codec.parts()
    for word in (name, *parts):
        if not re.fullmatch("[A-Za-z0-9_-]+", word):
            raise UsageError(
                f"A codec and its parts have names of letters, digits, '_' and '-', but one is {word!r}."
            )
    for part, strings in parts.items():
        data, offsets = _pack(f"part {part!r} of codec {name!r}", strings)
        stored[f"codec.{name}.{part}"] = data
        stored[f"codec.{name}.{part}.offsets"] = offsets
    return {"kind": codec.kind, "document": codec.to_json(), "parts": list(parts)}


def _pack(what: str, strings: list[str]) -> tuple[Array, Array]:
    try:
        encoded = [string.encode() for string in strings]
    except (AttributeError, UnicodeEncodeError) as error:
        raise UsageError(f"{what} must be a list of strings that UTF-8 can hold: {error}.") from error
    offsets = np.zeros(len(encoded) + 1, "<i8")
    np.cumsum([len(piece) for piece in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded), np.uint8), offsets


def _unpack(data: Array, offsets: Array) -> list[str]:
    """The inverse of `_pack`; ValueError where it cannot be."""
    if data.dtype != np.uint8 or offsets.dtype != np.int64 or data.ndim != 1 or offsets.ndim != 1:
        raise ValueError("its tensors must be rows of uint8 and int64")
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(data) or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(f"its offsets must rise from 0 to {len(data)}")
    whole = data.tobytes()
    return [whole[begin:end].decode() for begin, end in pairwise(offsets.tolist())]


def _read_codec(
    path: Path, name: str, value: object, stored: Tensors
) -> tuple[str, dict[str, Any], dict[str, list[str]]]:
    match value:
        case {"kind": str(kind), "document": dict(document), "parts": list(names), **rest} if not rest:
            pass
        case _:
            raise BundleError(
                f"{path}: codec {name!r} must have a kind, a document and a list of parts, no more."
            )
    _codec_class(path, name, kind)
    parts: dict[str, list[str]] = {}
    for part in names:
        tensor = f"codec.{name}.{part}"
        if (
            not isinstance(part, str)
            or part in parts
            or tensor not in stored
            or f"{tensor}.offsets" not in stored
        ):
            raise BundleError(
                f"{path}: codec {name!r} names the part {part!r:.80}, but its tensors are not there once."
            )
        try:
            parts[part] = _unpack(stored.pop(tensor), stored.pop(f"{tensor}.offsets"))
        except ValueError as error:
            raise BundleError(f"{path}: part {part!r} of codec {name!r} is damaged: {error}.") from error
    return kind, document, parts


def _codec_class(path: Path, name: str, kind: str) -> Any:
    from hitherto.codecs import CODECS

    if kind not in CODECS:
        raise BundleError(
            f"{path}: codec {name!r} is of the kind {kind!r:.80}, but the kinds are "
            f"{', '.join(map(repr, CODECS))}.{nearest(kind, CODECS)}"
        )
    return CODECS[kind]


# ---------------------------------------------------------------------------------------------- JSON, digests


def plain(value: Any, where: str, *, finite: bool = True, depth: int = 0) -> Any:
    """`value` made of dict, list, str, int, float, bool and None alone; UsageError says where it is not.

    Tuples become lists and numpy's numbers Python's. A float that is not finite is an error, or with
    `finite=False` becomes None: JSON has no word for it.
    """
    if depth > MAX_DEPTH:
        raise UsageError(f"{where[:80]}... is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        if finite:
            raise UsageError(f"{where} is {value}, for which JSON has no word.")
        return None
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{where} is a string that UTF-8 cannot hold: {error}.") from error
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [
            plain(item, f"{where}[{index}]", finite=finite, depth=depth + 1)
            for index, item in enumerate(value)
        ]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise UsageError(f"{where} has the key {key!r:.80}, but the keys of JSON are strings.")
            plain(key, where)
        return {
            key: plain(item, f"{where}.{key}", finite=finite, depth=depth + 1) for key, item in value.items()
        }
    raise UsageError(f"{where} is a {type(value).__name__}, which JSON cannot hold.")


def parse(text: str | bytes) -> Any:
    """A JSON document, or ValueError: no name twice, no NaN, not deep, and `canonical` can write it."""
    try:
        value = json.loads(text, object_pairs_hook=_object)
        canonical(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            item
            for holder in level
            if isinstance(holder, dict | list)
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
    if level:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("it has a name twice")
    return value


def canonical(value: Any) -> bytes:
    """The one way to write a JSON document; ValueError where there is none."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def row(name: str, array: Array) -> list[Any]:
    """[name, dtype, shape, SHA-256 of the bytes]: what a digest knows of a tensor."""
    _check_storable(name, array)
    array = _native(array)
    return [name, CODES[array.dtype], list(array.shape), hashlib.sha256(_bytes(array)).hexdigest()]


def fingerprint(documents: dict[str, Any], rows: Iterable[list[Any]]) -> str:
    """The digest of a file: of its documents and of the rows of its tensors, in whatever order they come."""
    return hashlib.sha256(canonical({**documents, "tensors": sorted(rows)})).hexdigest()


# ---------------------------------------------------------------------------------------------- writing files


def write_tensors(
    path: Path,
    tensors: Mapping[str, Array],
    metadata: Mapping[str, str],
    check: Callable[[Path], None] | None = None,
) -> None:
    """Write a `.safetensors` file whole or not at all: what stands at `path` stays until it is on disk.

    `check` gets the path of the finished file before it takes its place, and may raise to keep it from that.
    """
    header, arrays = _header(path, tensors, metadata)
    size = len(header) + sum(array.nbytes for array in arrays)
    with _replacing(path, size, check) as file:
        file.write(header)
        for array in arrays:
            file.write(_bytes(array))


def _header(
    path: Path, tensors: Mapping[str, Array], metadata: Mapping[str, str]
) -> tuple[bytes, list[Array]]:
    """The file up to its data, and the arrays in the order in which they follow."""
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
        _check_storable(name, array)
    # widest items first, so that everything lies at a multiple of its own size
    ordered = sorted(
        ((name, _native(array)) for name, array in tensors.items()),
        key=lambda pair: (-pair[1].itemsize, pair[0]),
    )
    entries: dict[str, Any] = {"__metadata__": dict(metadata)}
    begin = 0
    for name, array in ordered:
        end = begin + array.nbytes
        entries[name] = {"dtype": CODES[array.dtype], "shape": array.shape, "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise BundleError(f"{path}: the header would take {len(text):,} bytes and may take {MAX_HEADER:,}.")
    return len(text).to_bytes(8, "little") + text, [array for _, array in ordered]


def _check_storable(name: str, array: Array) -> None:
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


@contextmanager
def _replacing(path: Path, size: int, check: Callable[[Path], None] | None) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` once it is on disk, or leaves no trace."""
    path = Path(os.path.realpath(path))  # through a link, so that the link stays one
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with temporary.open("xb") as file:
            if path.exists():
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        if check is not None:
            check(temporary)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BundleError(_cannot_write(path, size, error)) from error
        raise
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise BundleError(f"{path} was written, but may not be on the disk yet: {error.strerror}.") from error


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, which syncing a file does not."""
    if os.name == "nt":  # has no such call and needs none
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks cannot, and say so
            raise
    finally:
        os.close(handle)


def _cannot_write(path: Path, size: int, error: OSError) -> str:
    kept = " What was there before is untouched." if path.is_file() else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        import shutil

        free = shutil.disk_usage(path.parent).free
        return (
            f"{path} was not written: the disk is full or the file over a limit ({size:,} bytes are needed, "
            f"{free:,} are free).{kept} Make room, or save elsewhere."
        )
    return f"{path} was not written: {error.strerror or error}.{kept} Check the folder, or save elsewhere."


# ---------------------------------------------------------------------------------------------- reading files


def open_tensors(path: Path, mapped: bool = False) -> tuple[dict[str, str], Iterator[tuple[str, Array]]]:
    """The metadata of a `.safetensors` file, and its tensors by name, each read when its turn comes.

    With `mapped` they are read-only views of the file in memory: pages come from the disk when they are used, and are
    shared by all processes that have it open.

    The header is checked whole before anything else is read: no shape in it can take memory that the file
    does not fill.
    """
    try:
        metadata, entries, begin = _read_header(path)
    except OSError as error:
        hint = _absent(path) if isinstance(error, FileNotFoundError) else ""
        raise BundleError(f"{path} cannot be read: {error.strerror or error}.{hint}") from error
    return metadata, _read_tensors(path, entries, begin if mapped else None)


def _absent(path: Path) -> str:
    """Where a model may be that is not there: in the run that was to make it, or under a name that is close."""
    run = path.with_suffix(".run")
    if not (run / "spec.toml").is_file():
        return nearest_file(path)
    best = f" {run / 'best.safetensors'} is its best so far." if (run / "best.safetensors").is_file() else ""
    return f" Its training has not ended.{best} Go on with: hitherto train --resume {run}"


def _read_header(path: Path) -> tuple[dict[str, str], dict[str, Any], int]:
    """The metadata, the tensors' descriptions, and the byte that the data begin with."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise BundleError(f"{path} is {what}, but a .safetensors file is expected.")
    with path.open("rb") as file:
        start = file.read(9)
        length = int.from_bytes(start[:8], "little")
        if length < 2 or start[8:] != b"{":
            what = next(
                (what for magic, what in STRANGERS.items() if start.startswith(magic)),
                "is not a .safetensors file" if start else "is empty: fetch or save it again",
            )
            raise BundleError(f"{path} {what}.")
        if length > MAX_HEADER:
            raise BundleError(
                f"{path} has a header of {length:,} bytes, but {MAX_HEADER:,} are the most allowed."
            )
        text = start[8:] + file.read(length - 1)
    missing = 8 + length - status.st_size
    if missing > 0 or len(text) < length:
        raise BundleError(
            f"{path} is cut short: its header goes on for {missing:,} bytes more. Fetch it again."
        )
    if text.count(b"{") + text.count(b"[") > MAX_METADATA + 4 * MAX_TENSORS:  # parsed, they would fill memory
        raise BundleError(f"{path} is damaged: its header holds more than {MAX_TENSORS:,} tensors can need.")
    try:
        entries = json.loads(text.decode(), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise BundleError(
            f"{path} is damaged: its header is not sound JSON: {why}. Fetch it again."
        ) from error
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise BundleError(f"{path} is damaged: its metadata are not strings.")
    try:
        size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    except UnicodeEncodeError as error:
        raise BundleError(f"{path} is damaged: its metadata are not UTF-8.") from error
    if size > MAX_METADATA:
        raise BundleError(
            f"{path} has {size:,} bytes of metadata, but {MAX_METADATA:,} are the most allowed."
        )
    _check_layout(path, entries, status.st_size - 8 - length)
    return metadata, entries, 8 + length


def _check_layout(path: Path, entries: dict[str, Any], size: int) -> None:
    """Every tensor is well described, and together they fill the `size` bytes of data, none of them twice."""
    if len(entries) > MAX_TENSORS:
        raise BundleError(f"{path} has {len(entries):,} tensors, but {MAX_TENSORS:,} are the most allowed.")
    spans = []
    for name, entry in entries.items():
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


def _read_tensors(path: Path, entries: dict[str, Any], data: int | None) -> Iterator[tuple[str, Array]]:
    """Each tensor: a view of the mapped file, whose data begin at byte `data`, or a copy where that is None."""
    try:
        with safe_open(path, framework="numpy") as file:
            whole = None if data is None else np.asarray(np.memmap(path, np.uint8, "r"))[data:]
            for name in sorted(entries):
                array = file.get_tensor(name) if whole is None else _view(whole, entries[name])
                if array.dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
                    raise BundleError(
                        f"{path} is damaged: tensor {name!r} has values that are neither true nor false."
                    )
                yield name, array
    except (SafetensorError, OSError, ValueError, TypeError, MemoryError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{path} cannot be read: {error}.") from error


def _view(data: Array, entry: dict[str, Any]) -> Array:
    """A tensor where it lies in the data of its file; the header has been checked."""
    begin, end = entry["data_offsets"]
    return data[begin:end].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
