"""Everything that an open model may be asked, in small: what of it is refused is counted, what breaks is raised."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from seeds import Seed

from hitherto.errors import HithertoError
from hitherto.trained import Model

__all__ = ["model", "stream"]

Use = Callable[[Model, Seed, Random], Any]


def model(given: Model, seed: Seed, random: Random, most: int = 3) -> int:
    """Ask a model some of what its task has; how much of it was refused."""
    refused = 0
    uses = [use for tasks, use in _USES if not tasks or given.spec.task in tasks]
    for use in random.sample(uses, min(most, len(uses))):
        if (seed.name, use) in _SLOW and random.random() > 0.1:
            continue
        try:
            use(given, seed, random)
        except HithertoError:
            refused += 1
    return refused


def stream(live: Any, seed: Seed, random: Random) -> None:
    """Push what there is, with looks between, a fork, and what is saved gone on with."""
    for value in seed.live[: random.randrange(4)]:
        live.push(value)
    if seed.name != "lm bytes" or random.random() < 0.05:  # its search among bytes takes long
        live.peek()
    other = live.fork()
    live.load(live.save())
    other.finish()
    live.finish()


def _rows(given: Model, seed: Seed) -> list[Any]:
    return seed.rows if given.spec.task == "forecast" else seed.rows[:2]


def _predict(given: Model, seed: Seed, random: Random) -> None:
    how: dict[str, Any] = {"max_new_tokens": 3, "num_beams": random.choice((1, 2))} if given.writes else {}
    given.predict(_rows(given, seed), details=random.random() < 0.5, **how)


def _evaluate(given: Model, seed: Seed, random: Random) -> None:
    how: dict[str, Any] = {"max_new_tokens": 3, "num_beams": random.choice((1, 2))} if given.writes else {}
    given.evaluate(_rows(given, seed), **how)


def _stream(given: Model, seed: Seed, random: Random) -> None:
    how: dict[str, Any] = {"max_new_tokens": 3, "num_beams": 1} if given.writes else {}
    live = given.stream(**how)
    stream(live, seed, random)


def _x(given: Model, *shape: int) -> Any:
    x = given.plan["inputs"]["x"]
    return np.zeros(shape, np.int64) if x["kind"] == "ids" else np.full((*shape, x["size"]), 0.25, np.float32)


def _session(given: Model, _seed: Seed, _random: Random) -> None:
    live = given.session()
    live.push(_x(given))
    live.fork().push(_x(given, 3))
    live.peek()
    live.reset()


def _sessions(given: Model, _seed: Seed, _random: Random) -> None:
    many = given.sessions(3)
    many.push(np.array([2, 0]), _x(given, 2))
    many.push(np.array([1]), _x(given, 1))
    many.reset(np.array([0]))


def _generate(given: Model, seed: Seed, random: Random) -> None:
    if given.spec.task == "lm":
        given.generate("the", max_new_tokens=4, seed=1, temperature=random.choice((0.0, 1.0)))
    elif given.spec.task == "handwrite":
        given.generate("xy" if seed.live else None, steps=3, seed=1)
    else:
        given.generate(None, steps=3, seed=1)


def _suggest(given: Model, _seed: Seed, _random: Random) -> None:
    given.suggest("the ca", k=2)


def _anomalies(given: Model, seed: Seed, _random: Random) -> None:
    given.anomalies(seed.rows, last=3)


_USES: list[tuple[tuple[str, ...], Use]] = [
    ((), _predict),
    ((), _evaluate),
    ((), _stream),
    ((), _session),
    ((), _sessions),
    (("lm", "compose", "handwrite"), _generate),
    (("lm",), _suggest),
    (("forecast",), _anomalies),
]
_SLOW = {
    ("lm bytes", _suggest),
    ("forecast counts", _evaluate),
    ("forecast counts", _stream),
    ("forecast counts", _predict),
}
