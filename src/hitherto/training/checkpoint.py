"""Checkpoints: everything that a training needs to continue. A kill at any moment leaves a good one.

A checkpoint is one `.safetensors` file, `step-00000123.safetensors`, within the same limits as a bundle: its
arrays as `array.NAME`, its document as JSON in the uint8 tensor `document`, and in the metadata the step and
a SHA-256 over all of it.

`save` writes a temporary file, syncs it, reads it back and verifies it, renames it, syncs the folder, and
only then deletes the checkpoints that it replaces. `latest` gives the newest that verifies. `flatten` turns a
tree of dicts, lists, tuples, numbers, strings and arrays into what `save` takes, `unflatten` turns it back.
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from hitherto.arrays import Array
from hitherto.bundle import canonical, fingerprint, parse, plain
from hitherto.errors import BundleError, CheckpointError, UsageError
from hitherto.files import make_folder, path_of, sweep
from hitherto.tensors import Row, open_tensors, row, write_tensors

__all__ = ["FORMAT", "Checkpoint", "flatten", "latest", "load", "save", "unflatten"]

# A dict, list, tuple, array, number, text, bytes or None, of such things inside: what `flatten` takes. A recursive type
# would be refused by every caller that holds a dict of its own.
Tree: TypeAlias = Any
Json: TypeAlias = Any  # what JSON can hold, as `canonical` and `parse` have it

FORMAT = 1
NAME = re.compile(r"step-([0-9]{8,18})\.safetensors", re.ASCII)
MAX_DEPTH = 32  # of a tree; each of its levels is up to three of JSON


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A checkpoint as it was saved; `notes` has a sentence for every newer one that is damaged."""

    path: Path
    step: int
    arrays: dict[str, Array]
    document: dict[str, Json]
    notes: tuple[str, ...] = ()


def save(
    folder: str | Path, step: int, arrays: Mapping[str, Array], document: Mapping[str, Json], *, keep: int = 1
) -> Path:
    """Save a checkpoint and return its path; of the older ones keep the `keep - 1` newest.

    Nothing is deleted before the new one is on disk and verified. Checkpoints of later steps go too: they are
    damaged, or of a history that was left when training went on from an earlier step. One process at a time
    may save to a folder.
    """
    if not 0 <= step < 10**18 or keep < 1:
        raise UsageError(f"step must be 0 or more and keep 1 or more, but came as {step} and {keep}.")
    folder = path_of(folder, "the folder of checkpoints")
    path = folder / f"step-{step:08d}.safetensors"
    text = canonical(plain(document, "document"))
    tensors = {f"array.{name}": array for name, array in arrays.items()}
    tensors["document"] = np.frombuffer(text, np.uint8)
    digest = _digest(step, [row(name, array) for name, array in tensors.items()])
    metadata = {"hitherto_checkpoint": str(FORMAT), "step": str(step), "digest": digest}
    try:
        make_folder(folder)
        sweep(folder, NAME.pattern)  # of saves that were killed
        write_tensors(path, tensors, metadata, check=_verify)
        others = [(at, file) for at, file in _checkpoints(folder) if at != step]
        older = [file for at, file in others if at < step][: keep - 1]
        for _, file in others:
            if file not in older:
                file.unlink(missing_ok=True)
    except BundleError as error:
        raise CheckpointError(str(error)) from error
    except OSError as error:
        raise CheckpointError(f"{folder} cannot keep checkpoints: {error}. Check the folder.") from error
    return path


def load(path: str | Path) -> Checkpoint:
    """Read one checkpoint, or raise CheckpointError. Everything in it is as it was saved, to the bit."""
    path = path_of(path, "the path of a checkpoint")
    try:
        step, stored = _read(path, hold=True)
        document = _document(path, stored.pop("document", None))
    except BundleError as error:
        raise CheckpointError(
            f"{error} A damaged checkpoint can be deleted: training resumes from the newest that is whole."
        ) from error
    arrays = {name.removeprefix("array."): array for name, array in stored.items()}
    return Checkpoint(path, step, arrays, document)


def latest(folder: str | Path) -> Checkpoint | None:
    """The newest checkpoint in `folder` that verifies; None where there is none at all.

    Where there are some and none verifies, that is a CheckpointError: only the user may decide to start again.
    """
    notes: list[str] = []
    for _, path in _checkpoints(path_of(folder, "the folder of checkpoints")):
        try:
            saved = load(path)
        except CheckpointError as error:
            notes.append(f"Passed over: {error}")
        else:
            return Checkpoint(saved.path, saved.step, saved.arrays, saved.document, tuple(notes))
    if notes:
        raise CheckpointError(
            f"{folder} has {len(notes)} checkpoints and none is whole. Delete them to begin anew. "
            + " ".join(notes)
        )
    return None


def _checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """(step, path) of every checkpoint by its name, newest first."""
    try:
        paths = list(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read: {error.strerror}. Check the folder.") from error
    named = [(match, path) for path in paths if (match := NAME.fullmatch(path.name))]
    return sorted(((int(match[1]), path) for match, path in named), reverse=True)


def _digest(step: int, rows: list[Row]) -> str:
    return fingerprint({"checkpoint": FORMAT, "step": step}, rows)


def _verify(path: Path) -> None:
    try:
        _read(path, hold=False)
    except BundleError as error:
        raise BundleError(
            "A checkpoint does not read back as it was written, so the disk may be failing; "
            f"those before it are kept. {error}"
        ) from error


def _read(path: Path, *, hold: bool) -> tuple[int, dict[str, Array]]:
    """The step and the tensors of a file that verifies, else BundleError. `hold=False` keeps no tensor."""
    metadata, tensors = open_tensors(path)
    version = metadata.get("hitherto_checkpoint")
    if version is None:
        raise BundleError(f"{path} is no checkpoint.")
    if version != str(FORMAT):
        raise BundleError(
            f"{path} has format {version:.20}, and this hitherto reads format {FORMAT}: "
            "resume with the version that wrote it."
        )
    stored: dict[str, Array] = {}
    rows = []
    for name, array in tensors:
        rows.append(row(name, array))
        if hold:
            stored[name] = array
    step = metadata.get("step", "")
    if not re.fullmatch("[0-9]{1,18}", step, re.ASCII) or metadata.get("digest") != _digest(int(step), rows):
        raise BundleError(f"{path} is damaged: its digest does not fit its contents.")
    return int(step), stored


def _document(path: Path, data: Array | None) -> dict[str, Json]:
    try:
        value = None if data is None else parse(data.tobytes())
    except ValueError as error:
        raise BundleError(f"{path} has a document that is not sound: {error}.") from error
    if not isinstance(value, dict):
        raise BundleError(f"{path} has no document.")
    return value


# ------------------------------------------------------------------------------------------------------ trees


def flatten(tree: Tree) -> tuple[dict[str, Array], dict[str, Json]]:
    """(arrays, document) of a tree; `unflatten` gives the same tree, of the same types, values and bits.

    A tree is a dict with its order and any keys, a list, tuple, numpy array or number, int of any size,
    float, bool, str, bytes or None. A dict of a subclass comes back as a plain one, an array of another byte
    order as little-endian once saved. Arrays are not copied; their names are paths, `model/weight`.
    """
    arrays: dict[str, Array] = {}
    return arrays, {"tree": _flatten(tree, "", arrays, 0)}


def unflatten(arrays: Mapping[str, Array], document: Mapping[str, Json]) -> Tree:
    """The tree of which `flatten` made these."""
    try:
        return _unflatten(document["tree"], arrays)
    except (KeyError, TypeError, ValueError, struct.error) as error:
        raise CheckpointError(
            f"The document of a checkpoint is no tree that flatten wrote: {error}."
        ) from error


def _flatten(tree: Tree, where: str, arrays: dict[str, Array], depth: int) -> Json:
    """JSON: None, bool, str, int, float and list stand for themselves, {kind: content} for all else."""
    if depth > MAX_DEPTH:
        raise UsageError(f"The tree is nested deeper than {MAX_DEPTH} levels, at {where[:80]!r}.")

    def inner(key: object, value: Tree) -> Json:
        name = str(key)[:80].encode("utf-8", "backslashreplace").decode()
        return _flatten(value, f"{where}/{name}" if where else name, arrays, depth + 1)

    def put(array: Array) -> str:
        name = where
        while name in arrays:  # the keys 1 and "1"
            name += "'"
        arrays[name] = array
        return name

    kind = type(tree)  # exactly: a subclass has more to it than would come back
    if tree is None or kind is bool:
        return tree
    if kind is int:
        return tree if -(1 << 63) <= tree < 1 << 63 else {"int": hex(tree)}
    if kind is float:
        return tree if math.isfinite(tree) else {"float": struct.pack(">d", tree).hex()}
    if kind is str:
        lone = any("\ud800" <= letter <= "\udfff" for letter in tree)  # surrogates, as in a name of a file
        return {"str": tree.encode("utf-8", "surrogatepass").hex()} if lone else tree
    if kind is list:
        return [inner(index, item) for index, item in enumerate(tree)]
    if kind is tuple:
        return {"tuple": [inner(index, item) for index, item in enumerate(tree)]}
    if isinstance(tree, dict):
        return {"dict": [[inner("key", key), inner(key, value)] for key, value in tree.items()]}
    if kind is bytes:
        return {"bytes": put(np.frombuffer(tree, np.uint8))}
    if kind in (np.ndarray, np.memmap):
        return {"array": put(tree)}
    if isinstance(tree, np.generic):
        return {"scalar": put(np.asarray(tree))}
    raise UsageError(
        f"The tree holds a {kind.__module__}.{kind.__qualname__} at {where!r}; it may hold dicts, lists, "
        "tuples, numpy arrays, numbers, strings, bytes and None."
    )


def _unflatten(value: Json, arrays: Mapping[str, Array]) -> Tree:
    if isinstance(value, dict) and len(value) != 1:
        raise ValueError(f"{value!r:.80}")
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_unflatten(item, arrays) for item in value]
        case {"tuple": list(items)}:
            return tuple(_unflatten(item, arrays) for item in items)
        case {"dict": list(pairs)}:
            return {_unflatten(key, arrays): _unflatten(item, arrays) for key, item in pairs}
        case {"array": str(name)}:
            return arrays[name]
        case {"scalar": str(name)}:
            return arrays[name][()]
        case {"bytes": str(name)}:
            return arrays[name].tobytes()
        case {"int": str(digits)}:
            return int(digits, 16)
        case {"float": str(digits)}:
            return struct.unpack(">d", bytes.fromhex(digits))[0]
        case {"str": str(digits)}:
            return bytes.fromhex(digits).decode("utf-8", "surrogatepass")
        case _:
            raise ValueError(f"{value!r:.80}")
