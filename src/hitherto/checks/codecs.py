"""What every codec keeps."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.checks.results import Result, outcome_of
from hitherto.codecs.base import Codec
from hitherto.data.series import Series

__all__ = ["check_codec"]

Arrays = dict[str, Array]


def check_codec(codec: Codec, values: Sequence[object]) -> list[Result]:
    """Every promise of a fitted codec on these values, as (promise, ok, detail)."""
    promises: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("what is kept gives the same codec", lambda: _rebuilt(codec, values)),
    ]
    if codec.streams:
        promises += [
            ("a stream of any pieces equals the whole", lambda: _streamed(codec, values, save=False)),
            ("a stream's state can be saved and restored", lambda: _streamed(codec, values, save=True)),
        ]
    if codec.augments:
        promises.append(
            ("what training changes is the value, and a seed says how", lambda: _changed(codec, values))
        )
    if codec.restores_values:
        promises.append(("decoding gives the value back", lambda: _restored(codec, values)))
    if codec.writes_text:
        promises.append(("decoding bit by bit equals the whole", lambda: _decoded(codec, values)))
    return [(name, *outcome_of(test)) for name, test in promises]


def _arrays(encoded: Array | Arrays) -> Arrays:
    """What a codec gives, by name: one array is named x."""
    return encoded if isinstance(encoded, dict) else {"x": encoded}


def _same_arrays(a: Arrays, b: Arrays) -> bool:
    return a.keys() == b.keys() and all(
        np.array_equal(a[k], b[k], equal_nan=a[k].dtype.kind == "f") for k in a
    )


def _rebuilt(codec: Codec, values: Sequence[object]) -> tuple[bool, str]:
    document = json.loads(json.dumps(codec.to_json()))
    again = type(codec).from_json(document, {name: list(part) for name, part in codec.parts().items()})
    for value in values:
        if not _same_arrays(_arrays(codec.encode(value)), _arrays(again.encode(value))):
            return False, f"a value is encoded otherwise: {value!r:.60}"
    return again.to_json() == codec.to_json(), f"{len(values)} values encoded the same"


def _streamed(codec: Codec, values: Sequence[object], save: bool) -> tuple[bool, str]:
    random = np.random.default_rng(0)
    for value in values:
        whole = _arrays(codec.encode(value))
        # A stream takes the steps of a series, with their times, and pieces of any other value.
        stream: Any = codec.stream()
        sequence: Any = value.values if isinstance(value, Series) else value
        times = value.times if isinstance(value, Series) else None
        parts: list[Arrays] = []
        place = 0
        while place < len(sequence):
            size = int(random.integers(1, max(2, len(sequence) // 3)))
            piece = slice(place, place + size)
            more = {} if times is None else {"times": times[piece]}
            parts.append(_arrays(stream.push(sequence[piece], **more)))
            place += size
            if save:
                state = {name: array.copy() for name, array in stream.state.items()}
                stream = codec.stream()
                stream.state = state
        parts.append(_arrays(stream.finish()))
        joined = {
            name: np.concatenate([part[name] for part in parts if name in part])
            for name in whole
            if name in parts[0]
        }
        if not joined or not _same_arrays({name: whole[name] for name in joined}, joined):
            return False, f"differs for {value!r:.60}"
    return True, f"{len(values)} values in random pieces"


def _changed(codec: Codec, values: Sequence[object]) -> tuple[bool, str]:
    for value in values:
        raw = codec.raw(value)
        before = np.array(raw)
        if not np.array_equal(codec.unchanged(raw), codec.encode(value)):
            return False, f"unchanged, {value!r:.60} is encoded otherwise"
        once, again = (codec.augmented(raw, np.random.default_rng(0), 1.0) for _ in range(2))
        if not np.array_equal(once, again) or once.shape[1:] != codec.encode(value).shape[1:]:
            return False, f"the same seed changes {value!r:.60} in two ways, or its steps have another size"
        if not np.array_equal(before, raw):
            return False, f"to change {value!r:.60} spoils it"
    return True, f"{len(values)} values changed twice alike"


def _restored(codec: Codec, values: Sequence[object]) -> tuple[bool, str]:
    promised = [value for value in values if codec.restores(value)]
    for value in promised:
        back = codec.decode(codec.encode(value))
        if back != value:
            return False, f"{value!r:.60} comes back as {back!r:.60}"
    return True, f"{len(promised)} of {len(values)} values are promised to come back, and do"


def _decoded(codec: Codec, values: Sequence[object]) -> tuple[bool, str]:
    """Also with a new decoder after every token, which knows the state alone."""
    for value in values:
        ids, decoder, text = codec.encode(value), codec.decoder(), ""
        for i in ids:
            text += decoder.push(int(i))
            state = {name: array.copy() for name, array in decoder.state.items()}
            decoder = codec.decoder()
            decoder.state = state
        if text + decoder.finish() != codec.decode(ids):
            return False, f"differs for {value!r:.60}"
    return True, f"{len(values)} values token by token"
