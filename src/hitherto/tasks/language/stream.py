"""Live streams of `lm`."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from hitherto.arrays import Array
from hitherto.data import Table
from hitherto.errors import UsageError
from hitherto.heads.classes import log_softmax
from hitherto.slots import Slot, Slots
from hitherto.tasks.base import Options, Row
from hitherto.tasks.columns import said
from hitherto.tasks.language import verbs
from hitherto.tasks.language.cache import Cache, CacheOptions, asked
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Steps, Stream

__all__ = ["TextStream"]

PART = 256  # tokens whose params are held at a time


class TextStream(Stream):
    """`lm`: how probable each token was, and which words may come next; by a cache of what was read, if told so."""

    def __init__(self, model: OpenModel) -> None:
        self.source = verbs.corpus_of(model)
        self.cache: CacheOptions | None = None
        super().__init__(model)

    def tell(self, **how: object) -> None:
        """Set the options of a cache, and begin anew."""
        self.cache, self.how = asked(how), how
        self.reset()

    def begin(self) -> None:
        super().begin()
        start = np.array([self.source.start_id])
        if self.cache is None:
            self._next(self.core.push(start))
            return
        here = self.core.read(start)
        self._next(self.model.engine.params(here))
        self.kept |= {"here": here[0], **Cache.empty(self.cache, here.shape[1]).arrays()}

    def fork(self) -> Self:
        other = super().fork()
        other.cache, other.how = self.cache, self.how
        return other

    def own(self) -> Slots:
        classes = self.source.codec.size
        slots = {"next": Slot(np.float64, (classes,), low=-np.inf, high=1e-6)}
        if self.cache is None:
            return slots
        remembered = Cache.slots(self.cache, self.kept["here"].shape[0], classes)
        keys = remembered["keys"]
        return {**slots, "here": Slot(np.float32, keys.shape[1:], low=keys.low, high=keys.high), **remembered}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        if not abs(np.exp(arrays["stream.next"]).sum() - 1) < 1e-3:
            raise UsageError("the probabilities of the next token do not add up to 1.")

    def pushing(self, value: str) -> Steps[list[Row]]:
        """More text, cut anywhere: a row for each token that is complete, with its probability given all before it."""
        return self._rows(self.input.push(value))

    def peek(self, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable next words, or ends of the word that has begun, each with its probability."""
        rest = self.input.state.get("rest", np.zeros(0, np.uint8)).tobytes().decode()
        return verbs.suggest_from(self.model, self.engine_state(), self.log_probs, rest, k)

    def finishing(self) -> Steps[list[Row]]:
        return self._rows(self.input.finish())

    def line(self, text: str) -> list[Row]:
        rows = self.push(text)
        bits = [-np.log2(max(row["probability"], 1e-300)) for row in rows]
        if self.model.spec.data.layout == "lines" and text.endswith("\n"):  # the next line is another text
            self.reset()
        return [{"tokens": len(rows), "bits": float(sum(bits)), "next": dict(self.peek())}]

    def row(self, table: Table, reading: Options) -> list[Row]:
        """A row's text is read as a line is."""
        value, column = self._value(table, reading)
        return self.line(said(table, 0, value, column).rstrip("\n") + "\n")

    @property
    def log_probs(self) -> Array:
        """The log-probability of each token to be the next: [1, V]."""
        return self.kept["next"][None]

    def engine_state(self) -> dict[str, Array]:
        """The state as the engine has it, [K, 1, W]."""
        return {name: value[:, None].copy() for name, value in self.core.state.items()}

    def _rows(self, ids: Array) -> Steps[list[Row]]:
        rows: list[Row] = []
        for begin in range(0, len(ids), PART):
            part = np.asarray(ids[begin : begin + PART])
            if self.cache is not None:
                rows += self._remembering(part, self.cache)
                continue
            following = log_softmax((yield part))
            likely = np.empty(len(part))  # log-probabilities, each by what came before it
            likely[0], likely[1:] = self.kept["next"][part[0]], following[np.arange(len(part) - 1), part[1:]]
            piece = self.source.codec.piece
            rows += [
                {"token": piece(token), "probability": p}
                for token, p in zip(part.tolist(), np.exp(likely).tolist(), strict=True)
            ]
            self.kept = {"next": following[-1].copy()}
        return rows

    def _remembering(self, ids: Array, how: CacheOptions) -> list[Row]:
        codec, engine = self.source.codec, self.model.engine
        cache, here, following = Cache.of(how, self.kept), self.kept["here"], self.kept["next"]
        features = self.core.read(ids)
        rows = []
        for token, now, params in zip(
            np.asarray(ids).tolist(), features, engine.params(features), strict=True
        ):
            rows.append({"token": codec.piece(token), "probability": float(np.exp(following[token]))})
            cache.add(here, token)
            here, following = now, cache.mix(log_softmax(params), now)
        self.kept = {"next": following, "here": here.copy(), **cache.arrays()}
        return rows

    def _next(self, params: Array) -> None:
        self.kept = {"next": log_softmax(params[-1])}
