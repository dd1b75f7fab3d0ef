"""Saved sessions from a stranger: changed, their checksum made right again, loaded into their model, gone on with."""

import json
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import use
from bundles import packed
from mutate import Pool, array, data, document, text
from seeds import FORMS, Seed, model_of

from hitherto.errors import HithertoError
from hitherto.runtime.stages import WEIGHTS
from hitherto.tasks import streams as session
from hitherto.tensors import CODES
from hitherto.trained import Model

__all__ = ["Blobs"]

Array = np.ndarray[Any, Any]
Case = tuple[Model, Seed, bytes | dict[str, Array]]


class Blobs:
    """Mutated sessions, as bytes and as a state of named arrays."""

    def __init__(self, folder: Path) -> None:
        del folder  # nothing is written
        self.models: list[tuple[Model, Seed, list[dict[str, Array]]]] = []
        self.pool = Pool()
        for at, (name, (rows, live, _)) in enumerate(FORMS.items()):
            model, seed = model_of(name), Seed(name, {}, {}, rows, live)
            model.weights = WEIGHTS[at % len(WEIGHTS)]
            with suppress(HithertoError):  # of models that do not stream
                self.models.append((model, seed, _states(model, seed)))
        self.arrays = [state for _, _, states in self.models for state in states]

    def make(self, random: Random) -> Case:
        model, seed, states = random.choice(self.models)
        state = dict(random.choice(states))
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            self._changed(random, state)
        if random.random() < 0.15:
            return model, seed, state
        said: dict[str, Any] = {
            "version": 1,
            "digest": model.digest,
            "sum": "none, of a name that is no text",
        }
        with suppress(UnicodeEncodeError):
            said["sum"] = session._sum(state)
        if random.random() < 0.03:
            document(random, said, self.pool)
        blob = _assembled(said, state)
        if random.random() < 0.05:
            blob = self._header(random, blob)
        return model, seed, data(random, blob) if random.random() < 0.05 else blob

    def run(self, case: Case, random: Random) -> int:
        model, seed, given = case
        live = model.stream()
        if isinstance(given, bytes):
            live.load(given)
        else:
            live.state = given
        try:
            use.stream(live, seed, random)
        except HithertoError:
            return 1
        return 0

    def save(self, case: Case, folder: Path) -> None:
        _, seed, given = case
        if isinstance(given, bytes):
            (folder / "case.session").write_bytes(given)
        else:
            np.savez(
                folder / "case.npz", allow_pickle=False, **{n.replace("/", "_"): v for n, v in given.items()}
            )
        (folder / "how.txt").write_text(f"into a stream of the seed {seed.name!r}\n")

    def _changed(self, random: Random, state: dict[str, Array]) -> None:
        name = random.choice(list(state))
        way = random.random()
        if way < 0.68:
            state[name] = array(random, state[name])
        elif way < 0.73:
            del state[name]
        elif way < 0.78:
            state[text(random, name)] = state[name]
        elif way < 0.85:
            others = random.choice(self.arrays)
            state[name] = others.get(name, random.choice(list(others.values())))
        elif way < 0.9:
            other = random.choice(list(state))
            state[name], state[other] = state[other], state[name]
        else:
            self._text(random, state, name)

    def _text(self, random: Random, state: dict[str, Array], name: str) -> None:
        """Bytes that are a text: other words, or another document where they are JSON."""
        name = next((n for n in state if n.endswith(("history", "text", "rest"))), name)
        raw = state[name].tobytes()
        try:
            value = {"": json.loads(raw)}
            document(random, value, self.pool)
            raw = json.dumps(value.get("")).encode()
        except ValueError:
            raw = data(random, raw)
        state[name] = np.frombuffer(raw, np.uint8)

    def _header(self, random: Random, blob: bytes) -> bytes:
        length = int.from_bytes(blob[:8], "little")
        entries = json.loads(blob[8 : 8 + length])
        document(random, entries, self.pool)
        return packed(entries, blob[8 + length :])


def _states(model: Model, seed: Seed) -> list[dict[str, Array]]:
    """What its streams know before any input, and after some."""
    live = model.stream()
    found = [live.state]
    for value in seed.live:
        live.push(value)
        found.append(live.state)
    return [{name: np.array(value, order="C") for name, value in state.items()} for state in found]


def _assembled(said: Any, state: dict[str, Array]) -> bytes:
    entries: dict[str, Any] = {"__metadata__": {"hitherto_session": json.dumps(said)}}
    begin, bodies = 0, []
    for name, value in sorted(state.items(), key=lambda pair: -pair[1].itemsize):
        end = begin + value.nbytes
        entries[name] = {
            "dtype": CODES.get(value.dtype, "F32"),
            "shape": value.shape,
            "data_offsets": [begin, end],
        }
        bodies.append(value.tobytes())
        begin = end
    return packed(entries, b"".join(bodies))
