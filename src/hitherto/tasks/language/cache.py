"""A neural cache (Grave et al. 2017): a word that followed a state like the present one becomes more probable.

    p(w) = (1 - lambda) p_model(w) + lambda p_cache(w)
    p_cache(w) ~ the sum of exp(theta h . h_i) over those of the last `cache` places i that w followed

h is what the head reads now, and h_i what it read at place i. Nothing is trained. The memory is a ring: its size is
constant.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.slots import Slot, Slots, counter

__all__ = ["Cache", "CacheOptions", "asked"]

LOUD = 1e15  # the largest number of a key: products of two are still finite


class CacheOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many places a cache remembers, and how it counts."""

    cache: Annotated[int, Meta(ge=1, le=1 << 20)]
    cache_theta: Annotated[float, Meta(ge=0, le=1e3)] = 0.3
    cache_lambda: Annotated[float, Meta(ge=0, le=1)] = 0.1


def asked(options: Mapping[str, object]) -> CacheOptions | None:
    """The cache that these options ask for; None where there are none."""
    chosen = {name: value for name, value in options.items() if value is not None}
    if not chosen:
        return None
    try:
        return msgspec.convert(chosen, CacheOptions)
    except msgspec.ValidationError as error:
        known = ", ".join(CacheOptions.__struct_fields__)
        raise UsageError(f"the options of a cache are {known}: {error}.") from error


@dataclass(slots=True)
class Cache:
    """The last places of one text: what the head read there, and the token that followed."""

    how: CacheOptions
    keys: Array  # [cache, F] float32: a ring
    tokens: Array  # [cache]
    count: int = 0  # of all places so far

    @classmethod
    def empty(cls, how: CacheOptions, width: int) -> "Cache":
        return cls(how, np.zeros((how.cache, width), np.float32), np.zeros(how.cache, np.int64))

    @classmethod
    def of(cls, how: CacheOptions, arrays: Mapping[str, Array]) -> "Cache":
        """A copy of what `arrays` gave."""
        return cls(how, arrays["keys"].copy(), arrays["tokens"].copy(), int(arrays["count"]))

    def arrays(self) -> dict[str, Array]:
        """All that it remembers, by name: what a stream keeps."""
        return {"keys": self.keys, "tokens": self.tokens, "count": np.array(self.count)}

    @staticmethod
    def slots(how: CacheOptions, width: int, classes: int) -> Slots:
        """What each of these arrays may be."""
        return {
            "keys": Slot(np.float32, (how.cache, width), low=-LOUD, high=LOUD),
            "tokens": Slot(np.int64, (how.cache,), low=0, high=classes - 1),
            "count": counter(),
        }

    def add(self, features: Array, token: int) -> None:
        """Remember that `token` followed where the head read `features`, [F]; the oldest place is forgotten."""
        at = self.count % len(self.keys)
        self.keys[at], self.tokens[at] = features, token
        self.count += 1

    def shares(self, features: Array) -> tuple[Array, Array]:
        """How much each place counts beside `features`, [places], 1 in all; and the token of each."""
        scores = (self.keys @ features)[: self.count] * np.float64(self.how.cache_theta)
        weights = np.exp(scores - scores.max())
        return weights / weights.sum(), self.tokens[: self.count]

    def mix(self, log_probs: Array, features: Array) -> Array:
        """The log-probabilities of the next token, [V], with the cache's part; as they are while it is empty."""
        if not self.count:
            return log_probs
        shares, tokens = self.shares(features)
        cached, part = np.bincount(tokens, shares, len(log_probs)), self.how.cache_lambda
        with np.errstate(divide="ignore"):
            return np.asarray(np.log((1 - part) * np.exp(log_probs) + part * cached))

    def nll(self, nll: float, features: Array, token: int) -> float:
        """The negative log-probability of one token, from the model's."""
        if not self.count:
            return nll
        shares, tokens = self.shares(features)
        part = self.how.cache_lambda
        p = (1 - part) * math.exp(-nll) + part * float(shares[tokens == token].sum())
        return -math.log(p) if p > 0 else math.inf
