"""How tokens are decoded: every option, its default, its bounds and its help text.

    options = DecodeOptions.chosen({"num_beams": 5}, {"max_new_tokens": 100})    # what a user asks for, and defaults
    options = DecodeOptions(max_new_tokens=100, num_beams=5, stop_ids=(2,))      # all at once

`OPTIONS` lists those that a user may set: the command line builds its flags from it.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal

from hitherto.errors import UsageError, nearest

__all__ = ["OPTIONS", "DecodeOptions", "Option"]


@dataclass(frozen=True, slots=True)
class Option:
    """An option that a user may set."""

    name: str
    type: type[int] | type[float]
    low: int | None  # the least value of a whole number, where it has one
    use: Literal["both", "search", "draw"]  # whether a search has it, a draw, or both
    default: float | None  # None where the task or the model has it
    help: str


def _row(
    type: type[int] | type[float],  # noqa: A002 - as in `Option`
    help: str,  # noqa: A002
    low: int | None = None,
    use: Literal["both", "search", "draw"] = "both",
) -> dict[str, object]:
    """The metadata of a field that is an option."""
    return {"type": type, "help": help, "low": low, "use": use}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeOptions:
    """How to decode. With a `temperature` above 0 tokens are drawn; otherwise a beam search finds the best texts."""

    max_new_tokens: int = field(metadata=_row(int, "Maximum number of tokens.", 1))
    min_new_tokens: int = field(default=0, metadata=_row(int, "Minimum number of tokens.", 0, "search"))
    num_beams: int = field(
        default=4, metadata=_row(int, "Width of the beam search; 1 is greedy decoding.", 1, "search")
    )
    n_best: int = field(
        default=1, metadata=_row(int, "Number of texts to return, the best first.", 1, "search")
    )
    length_penalty: float = field(
        default=1.0,
        metadata=_row(float, "Beam search: 0 prefers short texts, values above 1 long ones.", use="search"),
    )
    coverage_penalty: float = field(
        default=0.0,
        metadata=_row(float, "Beam search: values above 0 prefer texts that attend to all of the input.", use="search"),
    )  # fmt: skip
    no_repeat_ngram: int = field(
        default=0,
        metadata=_row(int, "Number of tokens in a row that never repeat; 0 allows all.", 0, "search"),
    )
    temperature: float = field(
        default=0.0, metadata=_row(float, "Sample tokens; higher is more random. 0 searches instead.", use="draw")
    )  # fmt: skip
    top_k: int = field(
        default=0, metadata=_row(int, "Sampling: use only the k most probable tokens; 0 uses all.", 0, "draw")
    )
    top_p: float = field(
        default=1.0,
        metadata=_row(float, "Sampling: use only the most probable tokens with this total probability.", use="draw"),
    )  # fmt: skip
    repetition_penalty: float = field(
        default=1.0, metadata=_row(float, "Sampling: values above 1 avoid tokens of the text so far.", use="draw")
    )  # fmt: skip
    seed: int | None = field(
        default=None,
        metadata=_row(int, "Sampling: the same seed gives the same text.", use="draw"),
    )
    # What a model knows of its tokens, which no user sets.
    start_id: int = 0  # read before anything is written
    stop_ids: tuple[int, ...] = ()  # the end of a text
    banned: tuple[int, ...] = ()  # never written

    def __post_init__(self) -> None:
        """A UsageError where a value is out of its bounds."""
        if self.max_new_tokens < 1 or self.num_beams < 1:
            raise UsageError(
                f"max_new_tokens and num_beams must be 1 at least, but came as {self.max_new_tokens} and "
                f"{self.num_beams}."
            )
        if not 1 <= self.n_best <= self.num_beams:
            raise UsageError(
                f"n_best must lie from 1 to num_beams, {self.num_beams}, but came as {self.n_best}; "
                "ask for fewer, or search with more beams."
            )
        if not 0 <= self.min_new_tokens <= self.max_new_tokens:
            raise UsageError(
                f"min_new_tokens must lie from 0 to max_new_tokens, {self.max_new_tokens}, but came as "
                f"{self.min_new_tokens}; lower it, or allow more tokens."
            )
        if not math.isfinite(self.length_penalty):
            raise UsageError(
                f"length_penalty must be a finite number, but came as {self.length_penalty}; 0 leaves lengths alone."
            )
        if not (self.coverage_penalty >= 0 and math.isfinite(self.coverage_penalty)):
            raise UsageError(
                f"coverage_penalty must be 0 or more and finite, but came as {self.coverage_penalty}; 0 has no effect."
            )
        if self.no_repeat_ngram < 0:
            raise UsageError(
                f"no_repeat_ngram must be 0 (any may) or more, but came as {self.no_repeat_ngram}; give 0 to allow all."
            )
        if not self.temperature >= 0:
            raise UsageError(
                f"temperature must be 0 or more, but came as {self.temperature}; 0 takes the most probable."
            )
        if self.top_k < 0:
            raise UsageError(f"top_k must be 0 (all) or more, but came as {self.top_k}.")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p must lie above 0 and up to 1, but came as {self.top_p}.")
        if not self.repetition_penalty > 0:
            raise UsageError(
                f"repetition_penalty must be above 0, but came as {self.repetition_penalty}; 1 has no effect."
            )

    @classmethod
    def chosen(cls, asked: Mapping[str, object], defaults: Mapping[str, object]) -> "DecodeOptions":
        """The options that a user asks for, by name; None, or a name that is missing, leaves the default.

        A search and a draw have options of their own: asking for one that has no use is a UsageError, and `defaults` of
        the other way are left out. More `n_best` than the default of `num_beams` widens the search.
        """
        for name in asked:
            if name not in OPTIONS:
                raise UsageError(f"there is no option {name!r} of writing.{nearest(name, OPTIONS)}")
        draws = bool(asked.get("temperature"))
        useless = "search" if draws else "draw"
        for name, value in asked.items():
            if value is not None and OPTIONS[name].use == useless and (draws or name != "temperature"):
                raise UsageError(
                    f"{name} has no use {'with' if draws else 'without'} a temperature: "
                    + ("a draw does not search." if draws else "a search draws nothing.")
                )
        # Values of many types, each of which the constructor takes under its name.
        values: dict[str, Any] = {
            name: value
            for name, value in defaults.items()
            if name not in OPTIONS or OPTIONS[name].use != useless
        }
        values |= {name: value for name, value in asked.items() if value is not None}
        if asked.get("num_beams") is None and "num_beams" in values:
            values["num_beams"] = max(values["num_beams"], values.get("n_best", 1))
        return cls(**values)


OPTIONS: dict[str, Option] = {
    f.name: Option(f.name, default=None if f.default is MISSING else f.default, **f.metadata)
    for f in fields(DecodeOptions)
    if f.metadata
}
