"""What subwords are made of: bytes with printable names, merges, and tokenizers from outside."""

from typing import Any

__all__ = ["BYTE_NAMES", "NAME_BYTES", "merges_of"]


def _byte_names() -> list[str]:
    """A visible character for every byte, so that merges are plain text: the usual table of byte-level pairs."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names, extra = {b: chr(b) for b in visible}, 256
    for b in range(256):
        if b not in names:
            names[b] = chr(extra)
            extra += 1
    return [names[b] for b in range(256)]


BYTE_NAMES = _byte_names()
NAME_BYTES = {name: b for b, name in enumerate(BYTE_NAMES)}


def merges_of(model: Any) -> list[str]:
    """The merges that the library has learned, in order, each as `left right`."""
    import json

    merges = json.loads(model.to_str())["model"]["merges"]
    return [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]
