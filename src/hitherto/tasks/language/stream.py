"""Live streams of `lm`."""

from collections.abc import Mapping

import numpy as np

from hitherto.arrays import Array
from hitherto.data import Table
from hitherto.errors import UsageError
from hitherto.heads.classes import log_softmax
from hitherto.slots import Slot, Slots
from hitherto.tasks.base import Options, Row
from hitherto.tasks.columns import said
from hitherto.tasks.language import verbs
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.streams import Stream

__all__ = ["TextStream"]


class TextStream(Stream):
    """`lm`: how probable each token was, and which words may come next."""

    def __init__(self, model: OpenModel) -> None:
        self.source = verbs.corpus_of(model)
        super().__init__(model)

    def begin(self) -> None:
        super().begin()
        self._next(self.core.push(np.array([self.source.start_id])))

    def own(self) -> Slots:
        return {"next": Slot(np.float64, (self.source.codec.size,), low=-np.inf, high=1e-6)}

    def sound(self, arrays: Mapping[str, Array]) -> None:
        if not abs(np.exp(arrays["stream.next"]).sum() - 1) < 1e-3:
            raise UsageError("the probabilities of the next token do not add up to 1.")

    def push(self, value: str) -> list[Row]:
        """More text, cut anywhere: a row for each token that is complete, with its probability given all before it."""
        return self._rows(self.input.push(value))

    def peek(self, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable next words, or ends of the word that has begun, each with its probability."""
        rest = self.input.state.get("rest", np.zeros(0, np.uint8)).tobytes().decode()
        return verbs.suggest_from(self.model, self.engine_state(), self.log_probs, rest, k)

    def finish(self) -> list[Row]:
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

    def _rows(self, ids: Array) -> list[Row]:
        if not len(ids):
            return []
        codec = self.source.codec
        params = self.core.push(ids)
        rows = []
        for place, token in enumerate(np.asarray(ids).tolist()):
            p = float(np.exp(self.kept["next"][token]))
            rows.append({"token": codec.decode([token]), "probability": p})
            self._next(params[place : place + 1])
        return rows

    def _next(self, params: Array) -> None:
        self.kept = {"next": log_softmax(params[-1])}
