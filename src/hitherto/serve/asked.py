"""What the bodies of requests may be, field by field. A body that does not fit is refused before anything is done."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hitherto.tasks.base import Options

__all__ = ["Asked", "Chat", "Completion", "Create", "Generate", "Predict", "Push", "Turn"]

Whole = Annotated[int, Meta(ge=0)]


class Choices(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How an answer is made, by the names that models have; which of them a model knows depends on its task."""

    max_new_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] | UnsetType = UNSET
    min_new_tokens: Whole | UnsetType = UNSET
    num_beams: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET
    n_best: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET
    length_penalty: float | UnsetType = UNSET
    coverage_penalty: float | UnsetType = UNSET
    no_repeat_ngram: Whole | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_k: Whole | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    repetition_penalty: float | UnsetType = UNSET
    seed: Whole | UnsetType | None = UNSET
    stop: str | list[str] | UnsetType | None = UNSET
    attention: bool | UnsetType = UNSET
    threshold: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    steps: Annotated[int, Meta(ge=1, le=1_000_000)] | UnsetType = UNSET
    bias: float | UnsetType = UNSET
    voices: Whole | UnsetType = UNSET

    def chosen(self) -> Options:
        """Those that are chosen."""
        values: Options = msgspec.structs.asdict(self)
        return {name: value for name, value in values.items() if value is not UNSET}


class Predict(msgspec.Struct, forbid_unknown_fields=True):
    """Inputs to answer, each as `hitherto predict` takes it."""

    inputs: Annotated[list[object], Meta(min_length=1)]
    details: bool = False
    options: Choices = msgspec.field(default_factory=Choices)


class Push(msgspec.Struct, forbid_unknown_fields=True):
    """Inputs that follow the `at` inputs that were taken; `finish` ends the input after them."""

    inputs: list[object] = []
    at: Whole | None = None
    finish: bool = False


class Create(msgspec.Struct, forbid_unknown_fields=True):
    """A new session."""


class Generate(msgspec.Struct, forbid_unknown_fields=True):
    """A prompt to continue; with `stream` the text comes piece by piece, as Server-Sent Events."""

    prompt: object = None
    stream: bool = False
    options: Choices = msgspec.field(default_factory=Choices)


# ---- as OpenAI has them


class Asked(msgspec.Struct):
    """What both kinds of completion may ask for; other fields of the API are not read."""

    model: str
    max_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    temperature: Annotated[float, Meta(ge=0)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    seed: Whole | None = None
    stop: str | list[str] | None = None
    stream: bool = False
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    tools: Annotated[list[object], Meta(max_length=0)] | None = None

    def options(self) -> Options:
        """By the names that models have."""
        values = {
            "max_new_tokens": self.max_tokens, "temperature": self.temperature, "top_p": self.top_p, "seed": self.seed,
        }  # fmt: skip
        return {name: value for name, value in values.items() if value is not None}


class Completion(Asked, kw_only=True):
    """A text to continue."""

    prompt: str = ""


class Turn(msgspec.Struct):
    """A message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


class Chat(Asked, kw_only=True):
    """A conversation to reply to."""

    messages: Annotated[list[Turn], Meta(min_length=1)]
    max_completion_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
