"""Changes to what a file holds: documents, arrays, texts, bytes. Each is a function of the random source alone."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

__all__ = ["NUMBERS", "Pool", "array", "data", "document", "number", "text"]

Array = np.ndarray[Any, Any]
Node = tuple[Any, Any]  # a dict or list, and a key or place in it

NUMBERS: list[Any] = [
    *(0, 1, -1, 2, 3, 4, 5, 7, 8, 16, 17, 31, 64, 100, 127, 128, 255, 256, 1000, 4096, 65535, 65536, 10**5, 10**6),
    *(2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**20, -(2**31), -(2**63)),
    *(0.0, -0.0, 0.5, -0.5, 1.0, 1.5, 2.5, 1e-300, 5e-324, 1e-7, 1e6, 1e38, 1e39, 1e300, -1e300),
]  # fmt: skip
_ODD: list[Any] = [
    None,
    True,
    False,
    "",
    [],
    {},
    [[]],
    [0],
    {"a": 1},
    "x",
    "0",
    "1e5",
    float("nan"),
    float("inf"),
    -float("inf"),
]
_STRINGS = [
    "",
    " ",
    "\0",
    "\n",
    "\ud800",
    "é",
    "日本",
    "🦆",
    "e\u0301",
    "\u202e",
    "²",
    "-1",
    "1e999",
    "nan",
    "true",
    "null",
]
_STRINGS += [
    "../../x",
    "/dev/zero",
    ".",
    "a" * 300,
    "a" * 70_000,
    "__class__",
    "%s%n",
    "{0}",
    "[",
    "{",
    '"',
    "\x7f",
    "\ufffe",
]


def number(random: Random, value: Any) -> Any:
    """Another number in place of one: near it, or far from every sensible one."""
    if isinstance(value, bool):
        return not value if random.random() < 0.7 else random.choice(NUMBERS)
    way = random.random()
    if way < 0.35:
        return value + random.choice((-3, -2, -1, 1, 2, 3))
    if way < 0.5:
        return random.choice((value * 2, value * 3, -value, value // 2, value * 16, value * 1000))
    if way < 0.57:
        return float(value) if isinstance(value, int) and abs(value) < 1e300 else value
    return random.choice(NUMBERS)


def text(random: Random, value: str) -> str:
    """Another text in place of one."""
    way = random.random()
    if way < 0.5 and value:
        at = random.randrange(len(value))
        return random.choice(
            (
                value[:at] + random.choice(_STRINGS) + value[at:],
                value[:at] + value[at + 1 :],
                value[at:],
                value[:at],
                value.upper(),
                value[:at] + chr(random.randrange(0x250)) + value[at + 1 :],
                value + value[at:],
            )
        )
    return random.choice(_STRINGS)


class Pool:
    """What stands in documents at each name: what a change may put in its place."""

    def __init__(self) -> None:
        self.at: dict[str, list[Any]] = {}
        self.dicts: list[dict[str, Any]] = []
        self._known: set[str] = set()

    def add(self, value: Any, key: str = "") -> None:
        """Take a document in, and all that it is made of."""
        word = json.dumps([key, value], sort_keys=True)
        if word not in self._known:
            self._known.add(word)
            self.at.setdefault(key, []).append(value)
            if isinstance(value, dict):
                self.dicts.append(value)
        for name, inner in value.items() if isinstance(value, dict) else ():
            self.add(inner, name)
        for inner in value if isinstance(value, list) else ():
            self.add(inner, key)


def _nodes(value: Any, found: list[Node]) -> list[Node]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found.append((value, key))
        _nodes(inner, found)
    return found


def copied(value: Any) -> Any:
    """A deep copy of what JSON holds."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def document(random: Random, value: Any, pool: Pool) -> None:
    """Change one thing somewhere in a document, in place."""
    nodes = _nodes(value, [])
    if not nodes:
        if isinstance(value, dict):
            value[random.choice(list(pool.at))] = random.choice(_ODD)
        return
    holder, key = random.choice(nodes)
    _CHANGES[random.choices(range(len(_CHANGES)), _WEIGHTS)[0]](random, holder, key, nodes, pool)


def _tweak(random: Random, holder: Any, key: Any, _nodes: list[Node], _pool: Pool) -> None:
    """Numbers and texts, by a little or a lot; what holds others loses or gains."""
    value = holder[key]
    if isinstance(value, int | float):
        holder[key] = number(random, value)
    elif isinstance(value, str):
        holder[key] = text(random, value)
    elif isinstance(value, list):
        way = random.randrange(5)
        if way == 0:
            random.shuffle(value)
        elif way == 1 and value:
            value.insert(random.randrange(len(value) + 1), copied(random.choice(value)))
        elif way == 2 and value:
            del value[random.randrange(len(value))]
        elif way == 3:
            value.extend(copied(value) * random.choice((1, 2, 50)))
        else:
            value.append(random.choice(_ODD))
    else:
        holder[key] = random.choice((*_ODD, *NUMBERS))


def _known(random: Random, holder: Any, key: Any, _nodes: list[Node], pool: Pool) -> None:
    """What stands at this name elsewhere."""
    there = pool.at.get(key) if isinstance(key, str) else None
    if there:
        holder[key] = copied(random.choice(there))
    else:
        _tweak(random, holder, key, _nodes, pool)


def _odd(random: Random, holder: Any, key: Any, _nodes: list[Node], _pool: Pool) -> None:
    holder[key] = copied(random.choice((*_ODD, *NUMBERS)))


def _gone(_random: Random, holder: Any, key: Any, _nodes: list[Node], _pool: Pool) -> None:
    del holder[key]


def _swapped(random: Random, holder: Any, key: Any, nodes: list[Node], _pool: Pool) -> None:
    other, at = random.choice(nodes)
    one, two = copied(holder[key]), copied(other[at])
    holder[key], other[at] = two, one


def _put(random: Random, holder: Any, key: Any, nodes: list[Node], _pool: Pool) -> None:
    """A copy of what stands elsewhere in the document."""
    other, at = random.choice(nodes)
    holder[key] = copied(other[at])


def _named(random: Random, holder: Any, key: Any, _nodes: list[Node], pool: Pool) -> None:
    """Another name for it, or a name more."""
    if isinstance(holder, dict):
        word = random.choice((*pool.at, text(random, str(key))))
        holder[word] = copied(holder[key])
        if random.random() < 0.5 and word != key:
            del holder[key]
    else:
        holder.insert(key, copied(holder[key]))


def _retyped(random: Random, holder: Any, key: Any, _nodes: list[Node], _pool: Pool) -> None:
    value = holder[key]
    plain = value if isinstance(value, str | int | float) else "x"
    holder[key] = random.choice(
        ([value], {"a": value}, str(plain), [plain, plain], bool(value), None, 1.0, 1, [[value]])
    )


def _deep(random: Random, holder: Any, key: Any, _nodes: list[Node], _pool: Pool) -> None:
    value = holder[key]
    for _ in range(random.choice((5, 50, 200))):
        value = [value] if random.random() < 0.5 else {"a": value}
    holder[key] = value


_Change = Callable[[Random, Any, Any, list[Node], Pool], None]
_CHANGES: tuple[_Change, ...] = (_tweak, _known, _odd, _gone, _swapped, _put, _named, _retyped, _deep)
_WEIGHTS = (40, 24, 8, 8, 4, 4, 5, 5, 1)

# ------------------------------------------------------------------------------------------------------- arrays

_TYPES = ["?", "<i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8"]
_VALUES = [0.0, -1.0, 1.0, 1e38, -1e38, 3.4e38, 1e-45, 1e-38, 1e10, 127.0, 255.0, np.nan, np.inf, -np.inf]


def array(random: Random, value: Array) -> Array:
    """Another array in place of one: its values, its shape or its type."""
    way = random.randrange(12)
    with np.errstate(all="ignore"):
        if way < 4 and value.size:
            value = np.array(value)
            flat = value.reshape(-1)
            at = (
                slice(None)
                if random.random() < 0.3
                else slice(start := random.randrange(len(flat)), start + random.choice((1, 1, 3)))
            )
            put = random.choice(_VALUES if value.dtype.kind in "fc" else NUMBERS[:37])
            flat[at] = (
                np.asarray(put).astype(value.dtype) if value.dtype.kind in "fc" else _whole(put, value.dtype)
            )
            return value
        if way == 4:
            return value.astype(random.choice(_TYPES))
        if way == 5 and value.nbytes:
            return value.reshape(-1).view(np.uint8)
        if way == 6:
            return _shaped(random, value)
        if way == 7:
            return value[: random.randrange(len(value) + 1)] if value.ndim and len(value) else value
        if way == 8 and value.ndim:
            return np.concatenate([value, value])
        if way == 9:
            return np.zeros(
                random.choice(((), (0,), (1,), (0, 0), (1, 0), (0, 4), (2,), (1, 1, 1, 1, 1))), value.dtype
            )
        if way == 10 and value.size:
            raw = bytearray(value.tobytes())
            for _ in range(random.choice((1, 1, 2, 8))):
                raw[random.randrange(len(raw))] = random.randrange(256)
            return np.frombuffer(bytes(raw), value.dtype).reshape(value.shape)
        return np.ascontiguousarray(value.T)


def _whole(put: Any, dtype: Any) -> Any:
    return np.asarray(int(put) & ((1 << 64) - 1), np.uint64).astype(dtype)


def _shaped(random: Random, value: Array) -> Array:
    size = value.size
    shapes = [(size,), (1, size), (size, 1), (*value.shape, 1), (1, *value.shape)]
    if size % 2 == 0:
        shapes += [(size // 2, 2), (2, size // 2)]
    return value.reshape(random.choice(shapes))


def data(random: Random, value: bytes) -> bytes:
    """Other bytes in place of some: flipped, cut, doubled, moved, or numbers that mean a lot."""
    raw = bytearray(value)
    for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
        at = random.randrange(len(raw) + 1)
        way = random.randrange(9)
        if way == 0:
            del raw[at:]
        elif way == 1:
            del raw[at : at + random.choice((1, 2, 4, 64))]
        elif way == 2:
            raw[at:at] = bytes(random.randrange(256) for _ in range(random.choice((1, 2, 4, 30))))
        elif way == 3:
            raw[at:at] = raw[at : at + random.choice((1, 8, 100))] * random.choice((1, 2, 20))
        elif way == 4:
            raw[at : at + 4] = random.choice((0, 1, 255, 2**31 - 1, 2**31, 2**32 - 1)).to_bytes(
                4, random.choice(("little", "big"))
            )
        elif way == 5:
            other = random.randrange(len(raw) + 1)
            raw[at : at + 4] = raw[other : other + 4]
        elif way == 6 and raw:
            raw[at % len(raw)] ^= 1 << random.randrange(8)
        elif raw:
            raw[at % len(raw)] = random.choice(
                (0, 255, 127, 128, random.randrange(256), *b"\"'{}[],:;\n\r\t-.0e<>/&")
            )
    return bytes(raw[: len(value) * 3 + 4096])
