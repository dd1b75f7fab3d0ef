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

Nothing in a file is ever run, and whatever is wrong with one is a BundleError.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np

from hitherto.arrays import Array
from hitherto.bounds import typed
from hitherto.codecs.base import Codec
from hitherto.errors import BundleError, MissingExtra, UsageError, nearest
from hitherto.files import path_of
from hitherto.tensors import Row, check_storable, once, open_mapped, open_tensors, row, write_tensors

__all__ = ["FORMAT", "UPGRADES", "Bundle", "read", "write"]

Document = dict[str, Any]  # a JSON object; whoever reads it checks it by its own type
Documents = dict[str, Document]
Tensors = dict[str, Array]
Upgrade = Callable[[Documents, Tensors], tuple[Documents, Tensors]]

FORMAT = 1
MAX_DEPTH = 100  # of a JSON document

# From each older format to the next; documents and tensors as the file holds them.
UPGRADES: dict[int, Upgrade] = {}

DOCUMENTS = ("plan", "spec", "codecs", "metrics", "made", "tied")


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A trained model as data. `codecs` has (kind, document, parts) for each; tied tensors are one array.

    Where the file is mapped, `check` is a BundleError once it was cut short: the tensors may then not be looked at.
    """

    path: Path
    tensors: Tensors
    plan: Document
    spec: Document
    codecs: dict[str, tuple[str, Document, dict[str, list[str]]]]
    metrics: Document
    made: Document
    digest: str
    check: Callable[[], None] | None = None

    def codec(self, name: str) -> Codec:
        """The codec `name`, rebuilt; a new one at each call."""
        if name not in self.codecs:
            known = ", ".join(map(repr, self.codecs)) or "none"
            raise UsageError(
                f"{self.path} has no codec {name!r}; it has {known}.{nearest(name, self.codecs)}"
            )
        kind, document, parts = self.codecs[name]
        made = _codec_class(self.path, name, kind)
        typed(document, made.Document, f"{self.path}: codec {name!r}")
        try:
            return made.from_json(document, parts)
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
    plan: Mapping[str, object],
    spec: Mapping[str, object],
    codecs: Mapping[str, Codec],
    metrics: Mapping[str, object],
    made: Mapping[str, object],
) -> str:
    """Save a bundle and return its digest. Whatever goes wrong, a file that stood at `path` is not harmed.

    One array under two names is stored once. A metric that is not finite is stored as null.
    """
    path = path_of(path, "the path of a bundle")
    for name, array in tensors.items():
        check_storable(name, array)
        if name.startswith("codec."):
            raise UsageError(f"The name of tensor {name!r} begins with 'codec.', which is kept for codecs.")
        _check_finite(path, name, array)
    stored, documents, sha256 = _contents(tensors, plan, codecs)
    documents |= {
        "spec": plain_object(spec, "spec"),
        "metrics": plain_object(metrics, "metrics", finite=False),
        "made": plain_object(made, "made"),
    }
    metadata = {name: json.dumps(value, ensure_ascii=False) for name, value in documents.items()}
    write_tensors(path, stored, {"hitherto": str(FORMAT), "digest": sha256, **metadata})
    return sha256


def digest(tensors: Mapping[str, Array], plan: Mapping[str, object], codecs: Mapping[str, Codec]) -> str:
    """The digest that `write` would give."""
    return _contents(tensors, plan, codecs)[2]


def _contents(
    tensors: Mapping[str, Array], plan: Mapping[str, object], codecs: Mapping[str, Codec]
) -> tuple[Tensors, Documents, str]:
    """What a digest covers: the tensors to store, the documents that go with them, and the digest."""
    stored, tied = _tie(tensors)
    described = {name: _describe(name, codec, stored) for name, codec in codecs.items()}
    documents: Documents = {
        "plan": plain_object(plan, "plan"),
        "codecs": plain_object(described, "codecs"),
        "tied": dict(tied),
    }
    return stored, documents, _digest(documents, {name: row(name, array) for name, array in stored.items()})


def read(path: str | Path, verify: bool = True, mmap: bool = True) -> Bundle:
    """Read a bundle, or raise BundleError. `verify=False` leaves out the digest, and nothing else.

    With `mmap=False` the tensors are copies: what becomes of the file afterwards does not matter.
    """
    path = path_of(path, "the path of a bundle")
    check: Callable[[], None] | None = None
    if mmap:
        metadata, arrays, check = open_mapped(path)
    else:
        metadata, arrays = open_tensors(path)
    version = _version(path, metadata)
    documents: Documents = {name: _document(path, name, metadata) for name in DOCUMENTS}
    stored: Tensors = {}
    rows = {}
    for name, array in arrays:
        _check_finite(path, name, array)
        array.flags.writeable = False
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
        check=check,
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


def _document(path: Path, name: str, metadata: dict[str, str]) -> Document:
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


def _digest(documents: Documents, rows: dict[str, Row]) -> str:
    shared = [(alias, *rows[name][1:]) for alias, name in documents["tied"].items()]
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


def _check_tied(path: Path, tied: Document, stored: Tensors) -> None:
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


def _describe(name: str, codec: Codec, stored: Tensors) -> Document:
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
) -> tuple[str, Document, dict[str, list[str]]]:
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


def _codec_class(path: Path, name: str, kind: str) -> type[Codec]:
    from hitherto.codecs import CODECS

    if kind not in CODECS:
        raise BundleError(
            f"{path}: codec {name!r} is of the kind {kind!r:.80}, but the kinds are "
            f"{', '.join(map(repr, CODECS))}.{nearest(kind, CODECS)}"
        )
    return CODECS[kind]


# ---------------------------------------------------------------------------------------------- JSON, digests


def plain(value: object, where: str, *, finite: bool = True, depth: int = 0) -> object:
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


def plain_object(value: Mapping[str, object], where: str, *, finite: bool = True) -> Document:
    """`plain` of what is a JSON object."""
    return cast("Document", plain(value, where, finite=finite))


def parse(text: str | bytes) -> object:
    """A JSON document, or ValueError: no name twice, no NaN, not deep, and `canonical` can write it."""
    try:
        value = json.loads(text, object_pairs_hook=once)
        canonical(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [value]
    for _ in range(MAX_DEPTH + 2):
        if not level:
            return value
        level = [
            item
            for holder in level
            if isinstance(holder, dict | list)
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
    raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


def canonical(value: object) -> bytes:
    """The one way to write a JSON document; ValueError where there is none."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def fingerprint(documents: Mapping[str, object], rows: Iterable[Row]) -> str:
    """The digest of a file: of its documents and of the rows of its tensors, in whatever order they come."""
    return hashlib.sha256(canonical({**documents, "tensors": sorted(rows)})).hexdigest()
