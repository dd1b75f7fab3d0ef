"""`lm`: a text that is written, what may follow, and what follows if something were otherwise."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, cast

import numpy as np
from msgspec import Meta

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.heads.classes import log_softmax
from hitherto.studio.frames import Frame
from hitherto.studio.trail import Trail
from hitherto.studio.views.base import COLUMNS, Asked, Call, Frames, Memory, View, silence
from hitherto.tasks.language.verbs import corpus_of
from hitherto.trained import Model

if TYPE_CHECKING:
    from hitherto.codecs.text import TextCodec
    from hitherto.tasks.language.stream import TextStream

__all__ = ["Language"]

LIKELY = 8  # tokens that are shown as the next
RESTING = 200  # steps at most, of which it is asked what the next token rests on
PROBE = 200  # tokens that a model writes so that its units can be sorted
LONGEST = 4000  # characters that a silent unit is silent in
Count = Annotated[int, Meta(ge=0)]


class Write(Call):
    """Keep so many characters of the text, and go on with this one."""

    keep: Count
    text: str
    memory: Asked = Asked()


class Look(Call):
    """The strip of another layer, state or gate."""

    memory: Asked = Asked()


class Rests(Call):
    """What the next token rests on; or what speaks for this one."""

    of: Count | None = None


class Go(Call):
    """Go on with the text: so many tokens."""

    length: Annotated[int, Meta(ge=1, le=2000)] = 40
    temperature: Annotated[float, Meta(ge=0, le=5)] = 0.7
    seed: Count = 0


class Fork(Call):
    """Two futures: of the text as it is, and with a change."""

    text: str | None = None  # another text in its place
    silent: tuple[tuple[str, int], ...] = ()  # layer and unit, in the whole text
    held: tuple[tuple[str, str, int, float], ...] = ()  # layer, state, unit and value, before the last step
    length: Annotated[int, Meta(ge=1, le=400)] = 40
    temperature: Annotated[float, Meta(ge=0, le=5)] = 0.7
    seed: Count = 0


def _take(stream: object, text: object) -> list[dict[str, object]]:
    return cast("TextStream", stream).push(cast("str", text))


class Language(View):
    """The view of a language model."""

    calls: ClassVar[object] = Write | Look | Rests | Go | Fork

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.codec: TextCodec = corpus_of(model).codec
        self.memory = Memory()
        self.trail = Trail(model, _take)
        self._sort()

    def about(self) -> dict[str, object]:
        return {**super().about(), "tokens": self.codec.tokens, "vocabulary": self.codec.size}

    def answer(self, call: Call) -> Frames:
        match call:
            case Write():
                yield from self._write(call)
            case Look():
                yield self._strip(call.memory)
            case Rests():
                yield self._rests(call.of)
            case Go():
                yield from self._go(call)
            case Fork():
                yield from self._fork(call)
            case _:
                raise UsageError("this model has no such view.")

    # ---- calls

    def _write(self, call: Write) -> Frames:
        trail, said = self.trail, 0
        for i, stayed in enumerate(trail.write(call.keep, call.text)):
            first = stayed if i == 0 else said
            rows = trail.rows[first:]
            said = len(trail.rows)
            text = {"taken": trail.taken, "row": first, "tokens": [row["token"] for row in rows]}
            yield Frame(text, {"p": np.array([row["probability"] for row in rows], np.float32)})
        yield Frame({"taken": trail.taken, **self._next()})
        yield self._strip(call.memory)

    def _strip(self, asked: Asked) -> Frame:
        steps = self.trail.steps
        first = max(0, asked.first, steps - COLUMNS)
        return Frame(*self.memory.strip(self.trail.layers(first, steps), asked, first))

    def _next(self) -> dict[str, object]:
        """The words that may follow or end the one that has begun, and the tokens after that."""
        ended = self._ended(self.trail.fork())
        words, share = cast("TextStream", self.trail.stream).peek(6), 1.0
        if _waiting(ended):  # a blank that was written is certain
            raw, fits = cast("TextStream", ended.stream).log_probs[0], self._log_probs(ended) > -np.inf
            share = float(np.exp(raw[fits]).sum())
        log_probs = self._log_probs(ended)
        likely = [(self._piece(ended, k), float(np.exp(log_probs[k]))) for k in self._likeliest(log_probs)]
        return {"words": [(word, min(1.0, p / share)) for word, p in words], "next": likely}

    def _likeliest(self, log_probs: Array) -> list[int]:
        return [k for k in np.argsort(-log_probs)[:LIKELY].tolist() if log_probs[k] > -np.inf]

    def _piece(self, trail: Trail, token: int) -> str:
        return self.codec.piece(token).removeprefix(_waiting(trail))

    def _log_probs(self, trail: Trail) -> Array:
        """Of each token to be the next; where a blank waits, the next one begins with it."""
        log_probs: Array = cast("TextStream", trail.stream).log_probs[0]
        lead = _waiting(trail)
        fits = [self.codec.piece(k).startswith(lead) for k in range(self.codec.size)] if lead else []
        if self.codec.tokens == "words" or not any(fits):
            return log_probs
        rest: Array = log_softmax(np.where(fits, log_probs, -np.inf))
        return rest

    def _ended(self, trail: Trail) -> Trail:
        """The trail with the word that has begun taken as it stands; blanks wait for the word that they belong to."""
        if _waiting(trail).strip():
            trail.rows += trail.stream.finish()
        return trail

    def _rests(self, of: int | None) -> Frame:
        first = max(0, self.trail.steps - RESTING)
        rests = self.trail.rests(first, of)
        begun = self.trail.steps - len(self.trail.rows)  # steps before the text
        return Frame(
            {"row": max(0, first - begun)}, {"rests": rests[begun - first :] if first < begun else rests}
        )

    def _go(self, call: Go) -> Frames:
        """What the model writes, in pieces; the page writes it into its text."""
        trail, decoder = self._ended(self.trail.fork()), self.codec.decoder()
        lead = _waiting(trail)
        if trail.rows:  # so that the first word stands apart from the last one
            decoder.push(int(trail.core.between(trail.steps - 1, trail.steps)[0]))
        for token, p, _ in self._drawn(trail, call.length, call.temperature, call.seed):
            text = decoder.push(token)
            yield Frame({"text": text.removeprefix(lead), "p": p})
            lead = "" if text else lead
        yield Frame({"text": decoder.finish(), "p": 1.0})

    def _fork(self, call: Fork) -> Frames:
        trails = {"one": self._ended(self.trail.fork()), "other": self._ended(self._changed(call))}
        if call.held:
            params = trails["other"].hold(call.held)
            assert params is not None  # noqa: S101 - a language model answers at every step
            trails["other"].stream.kept = {"next": log_softmax(params[-1])}
        one, other = (self._log_probs(trail) for trail in trails.values())
        tokens = sorted(
            {*self._likeliest(one), *self._likeliest(other)}, key=lambda k: -max(one[k], other[k])
        )
        likely = [
            (self._piece(trails["one"], k), float(np.exp(one[k])), float(np.exp(other[k])))
            for k in tokens[:LIKELY]
        ]
        futures = {
            name: list(self._drawn(trail, call.length, call.temperature, call.seed))
            for name, trail in trails.items()
        }
        pairs = zip(futures["one"], futures["other"], strict=True)
        apart = np.array([np.linalg.norm(a[2] - b[2]) for a, b in pairs], np.float32)
        texts = {name: [(self.codec.piece(t), p) for t, p, _ in made] for name, made in futures.items()}
        yield Frame({"next": likely, "texts": texts}, {"apart": apart})

    def _changed(self, call: Fork) -> Trail:
        """The trail with the change that a fork asks for."""
        text = cast("str", self.trail.inputs or "") if call.text is None else call.text
        change = silence(self.trail.layers(0, min(1, self.trail.steps)), call.silent)
        other = self.trail.fork()
        if change:
            text = text[-LONGEST:]
            other.begin(change)
        same = next(
            (i for i, (a, b) in enumerate(zip(other.inputs or "", text, strict=False)) if a != b), None
        )
        keep = min(len(other.inputs or ""), len(text)) if same is None else same
        for _ in other.write(keep, text[keep:]):
            pass
        return other

    # ---- writing

    def _drawn(
        self, trail: Trail, length: int, temperature: float, seed: int
    ) -> Iterator[tuple[int, float, Array]]:
        """Tokens that follow, each with its probability and the state after it; of one seed by the same draws."""
        rng, core = np.random.default_rng(seed), trail.core
        log_probs = self._log_probs(trail)
        for _ in range(length):
            u = float(rng.random())
            weights = log_probs.copy()
            if self.codec.unknown is not None:
                weights[self.codec.unknown] = -np.inf
            token = int(weights.argmax())
            if temperature > 0:
                shares = np.exp((weights - weights.max()) / temperature)
                token = int(np.searchsorted(np.cumsum(shares), u * shares.sum()))
            p = float(np.exp(log_probs[token]))
            log_probs = log_softmax(core.push(np.array([token])))[0]
            yield token, p, np.concatenate([view.ravel() for view in core.state.values()])

    def _sort(self) -> None:
        """Sort the units by what their gates do in a text that the model writes."""
        probe = self.trail.fork()
        for _ in self._drawn(probe, PROBE, 1.0, 0):
            pass
        self.memory.sort(probe.layers(0, probe.steps))


def _waiting(trail: Trail) -> str:
    """The text that is no whole token yet."""
    return trail.stream.input.state.get("rest", np.zeros(0, np.uint8)).tobytes().decode()
