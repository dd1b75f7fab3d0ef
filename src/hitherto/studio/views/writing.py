"""`translate`, `summarize`, `answer`, `chat`: a text in, the texts that may answer it, and what each word looked at."""

from typing import Annotated, ClassVar, Literal, cast

import numpy as np
from msgspec import Meta

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.inspect.inspection import answers_of, layer_seen, means_of
from hitherto.inspect.measures import Asked as Question
from hitherto.inspect.measures import gradient
from hitherto.inspect.trace import trace
from hitherto.plan import OPS
from hitherto.runtime.writer import write
from hitherto.studio.frames import Frame
from hitherto.studio.views.base import Asked, Call, Frames, Memory, View
from hitherto.tasks.reading import Reading
from hitherto.tasks.writing.conversations import OURS
from hitherto.tasks.writing.verbs import decoding, texts_of
from hitherto.trained import Model

__all__ = ["Chatting", "Found", "How", "Look", "Rests", "Writers", "Writing"]

BEST = 4  # texts that are shown
READ = 1000  # steps of an input that are read, at most
EXPLAINED = 64  # tokens of which it is asked what they rest on, at most
Count = Annotated[int, Meta(ge=0)]


class How(Call, kw_only=True):
    """How an answer is found, and the strip that is shown with it."""

    num_beams: Annotated[int, Meta(ge=1, le=32)] = 4
    temperature: Annotated[float, Meta(ge=0, le=5)] = 0.0
    seed: Count = 0
    memory: Asked = Asked()

    def options(self) -> dict[str, object]:
        """As decoding has them: a draw does not search."""
        if self.temperature:
            return {"temperature": self.temperature, "seed": self.seed}
        return {"num_beams": self.num_beams, "n_best": min(BEST, self.num_beams)}


class Write(How):
    """An answer to an input, a text for each of its fields."""

    fields: list[str]


class Reply(How, tag="write"):
    """An answer to a conversation: who spoke, `>` them and `<` the model, and what was said."""

    turns: list[tuple[Literal[">", "<"], str]]


class Look(Call):
    """The strip of another layer, state or gate."""

    memory: Asked = Asked()


class Rests(Call):
    """What each token of a text of the n-best list rests on."""

    text: Count = 0


class Found:
    """An input as the plan reads it, and the texts that were found for it."""

    def __init__(self, model: Model, source: Array, how: How) -> None:
        """`source` is the input, [S] or [S, I]."""
        self.model, self.source = model, source
        self.options = decoding(model, how.options())
        (self.texts,) = write(model.engine, source[:, None], None, self.options, numbers=[how.seed])

    def said(self, text: int) -> list[int]:
        """The tokens of a text; the last one is the end, unless the text became too long."""
        tokens, end = self.texts[text].tokens, texts_of(self.model).start_id
        return tokens if len(tokens) >= self.options.max_new_tokens else [*tokens, end]

    def reading(self, text: int) -> Reading:
        """What encoder and decoder read while this text is written."""
        x = np.array([texts_of(self.model).start_id, *self.said(text)[:-1]])
        return Reading({"source": self.source[:, None], "x": x[:, None]}, {}, [])

    def seen(self, text: int) -> dict[str, Array]:
        """How probable each token and the end were, and where the decoder looked before each."""
        reading = self.reading(text)
        params, beside = answers_of(self.model.engine, reading)
        means = means_of(self.model.engine, params, beside, reading)
        said = np.array(self.said(text))[:, None]
        seen = {f"p.{text}": np.take_along_axis(means, said, 1)[:, 0]}
        return seen | ({f"attention.{text}": beside["attention"]} if "attention" in beside else {})

    def rests(self, text: int) -> Array:
        """The gradient of each token by what was read, times that, [tokens, S]: of the first tokens."""
        reading, tokens = self.reading(text), self.said(text)[:EXPLAINED]
        columns = self.model.plan["head"]["options"]["classes"]
        weights = np.zeros((len(tokens), columns), np.float32)
        weights[np.arange(len(tokens)), tokens] = 1
        explained = list(range(len(tokens)))
        made = gradient(Question(self.model, reading.inputs, weights, explained, []))
        return cast("dict[str, Array]", made["rests"])["source"]


class Writers(View):
    """What the views of all models that write share."""

    whole = True

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.texts = texts_of(model)
        self.memory = Memory()
        self.found: Found | None = None

    def about(self) -> dict[str, object]:
        plan = self.model.plan
        both = any(OPS[op["op"]].reads_from_the_end(op["options"]) for op in plan.get("encode", ()))
        return {**super().about(), "both": both, "attends": self.model.engine.attends, "rests": True}

    def found_for(self, source: Array, how: How, pieces: list[str], text: str) -> Frames:
        """The frames that tell what is written to an input; `pieces` are the names of its steps."""
        self.found = found = Found(self.model, source, how)
        best = [n for n, one in enumerate(found.texts) if np.isfinite(one.log_prob)]
        arrays = {name: array for n in best for name, array in found.seen(n).items()}
        yield Frame({"source": pieces, "texts": [self._text(found, n, text) for n in best]}, arrays)
        yield self._strip(how.memory, fresh=True)

    def read(self, text: str, how: How) -> Frames:
        """The frames that tell what is written to a text."""
        ids = np.asarray(self.texts.cut(self.texts.read_codec.encode(text)), np.int64)
        pieces = self.texts.read_pieces(text)
        if not len(ids):
            yield Frame({"source": [], "texts": []})
            return
        if len(ids) > READ:
            yield Frame({"cut": len(ids)})
        part = slice(-READ, None) if self.texts.way.reads_end else slice(READ)
        yield from self.found_for(ids[part], how, pieces[part], text)

    def look(self, call: Call) -> Frames:
        """What may be asked of the texts that were found last."""
        match call:
            case Look():
                yield self._strip(call.memory)
            case Rests():
                if self.found is None or call.text >= len(self.found.texts):
                    raise UsageError("there is no such text: ask for an answer first.")
                yield Frame({}, {"rests": self.found.rests(call.text)})
            case _:
                raise UsageError("this model has no such view.")

    def _text(self, found: Found, number: int, source: str) -> dict[str, object]:
        one = found.texts[number]
        pieces = self.texts.target.pieces(found.said(number))
        return {"text": self.texts.text(one, source), "log_prob": one.log_prob, "pieces": pieces}

    def _strip(self, asked: Asked, *, fresh: bool = False) -> Frame:
        if self.found is None:
            return Frame({})
        seen = trace(self.model.plan, self.model.tensors, self.found.reading(0).inputs)
        layers = [layer_seen(layer) for layer in seen.layers]
        if fresh:
            self.memory.sort(layers)
        return Frame(*self.memory.strip(layers, asked, 0))


class Writing(Writers):
    """The view of a model that answers texts with texts."""

    calls: ClassVar[object] = Write | Look | Rests

    def about(self) -> dict[str, object]:
        example, _ = self.texts.examples()
        first = example[0] if example else ""
        fields = [first[name] for name in self.texts.reads] if isinstance(first, dict) else [first]
        return {**super().about(), "fields": self.texts.reads, "example": fields}

    def answer(self, call: Call) -> Frames:
        if not isinstance(call, Write):
            yield from self.look(call)
            return
        if len(call.fields) != len(self.texts.reads):
            raise UsageError(f"expected {len(self.texts.reads)} texts, but got {len(call.fields)}.")
        yield from self.read("\n".join(" ".join(one.split("\n")) for one in call.fields), call)


class Chatting(Writers):
    """The view of a model that takes its turn in a conversation."""

    calls: ClassVar[object] = Reply | Look | Rests

    def about(self) -> dict[str, object]:
        return {**super().about(), "turns": self.model.spec.data.turns or 3}

    def answer(self, call: Call) -> Frames:
        if isinstance(call, Reply):
            turns = [(who, " ".join(said.split("\n"))) for who, said in call.turns]
            yield from self.read(self.texts.history(turns, OURS), call)
        else:
            yield from self.look(call)
