"""What a model of `compose` or `handwrite` does: it continues, step by step."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.runtime.writer import Draw, sequel
from hitherto.tasks.given import expect, inputs
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.reading import Reading, expect_row
from hitherto.tasks.sequels.source import Sequels

__all__ = ["draw", "generate", "reading", "sequels_of", "steps"]


def sequels_of(model: OpenModel) -> Sequels:
    """The source of a model of this family."""
    if not isinstance(model.source, Sequels):
        raise UsageError(f"{model.spec.task} models write no steps; compose and handwrite do.")
    return model.source


def generate(model: OpenModel, prompt: object = None, **options: Any) -> object:  # those of `steps`
    """The music, a roll or a file, continued, as a roll; or the strokes that write a text."""
    made = [step[None] for step in steps(model, prompt, **options)]
    source = sequels_of(model)
    if source.way.music and prompt is not None:
        made.insert(0, source.steps.encode(prompt))
    return source.steps.decode(np.concatenate([np.zeros((0, source.steps.size), np.float32), *made]))


def steps(
    model: OpenModel,
    prompt: object = None,
    *,
    steps: int | None = None,
    temperature: float = 1.0,
    bias: float = 0.0,
    voices: int | None = None,
    seed: int | None = None,
) -> Iterator[Array]:
    """At most `steps` steps that continue a piece of music, or that write a text, each as it is drawn.

    A `temperature` below 1 draws likelier steps, and so does a pen's `bias` above 0. Of music at most `voices` keys
    sound at once, and only keys in the range of training.
    """
    source = sequels_of(model)
    codec, music = source.steps, source.way.music
    for name, count in (("steps", steps), ("voices", voices)):
        if count is not None and not count >= 1:
            raise UsageError(f"{name} must be 1 at least, but came as {count!r}.")
    begun, state = np.zeros((1, codec.size), np.float32), None
    if source.says:
        if not isinstance(prompt, str) or not prompt:
            raise UsageError("this model writes a text: give one.")
        state = model.engine.encode(source.ids(prompt)[:, None])
    elif prompt is not None:
        begun = np.concatenate([begun, codec.encode(prompt)])
    if music and bias:
        raise UsageError("bias is for pens; music has a temperature.")
    if not music and voices is not None:
        raise UsageError("voices are of music; a pen has one.")
    how = {"temperature": temperature} if music else {"temperature": temperature, "bias": bias}
    if steps is None:
        steps = 64 if music else 60 * max(4, len(prompt) if isinstance(prompt, str) else 0)
    made = sequel(
        model.engine, state, begun, np.random.default_rng(seed), _drawer(model, **how),
        sharpness=temperature / (1 + max(0.0, bias)), voices=voices,
    )  # fmt: skip
    return islice(made, steps)


def reading(
    model: OpenModel, value: object, row: int = 1, steps: int = 500, seed: int = 1, **options: object
) -> Reading:
    """The steps of a value; where the model writes a text, those that it writes, drawn with `seed`."""
    source = sequels_of(model)
    if not source.says:
        reader = model.reader(**options)
        examples = reader.load(inputs(reader, value), labelled=False)
        expect_row(row, len(examples))
        y = examples.y[row - 1]
        x = np.concatenate([np.zeros_like(y[:1]), y])
        names = {"x": ["start", *source.steps.called(y)][: steps + 1]}
        return Reading({"x": x[: steps + 1, None]}, names, source.answer_names, len(y) > steps)
    expect(options, (), f"an inspection of {model.spec.task}")
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else []
    if not all(isinstance(text, str) for text in texts):
        texts = []
    if not texts:
        raise UsageError("this model writes a text: give one, or a list of them.")
    expect_row(row, len(texts))
    made = [step[None] for step in islice(_written(model, texts[row - 1], seed), steps)]
    x = np.concatenate([np.zeros((1, source.steps.size), np.float32), *made])[:-1]
    ids = source.ids(texts[row - 1])
    names = {"source": source.text.called(ids), "x": ["start", *source.steps.called(x[1:])]}
    return Reading({"source": ids[:, None], "x": x[:, None]}, names, source.answer_names)


def _written(model: OpenModel, text: str, seed: int) -> Iterator[Array]:
    return steps(model, text, seed=seed, temperature=0.5)


def draw(model: OpenModel, params: Array, rng: np.random.Generator) -> Array:
    """A step that could come next, drawn from the parameters of the head."""
    return _drawer(model)(params, rng)


def _drawer(model: OpenModel, **how: float) -> Draw:
    """Draws a step from the parameters of the head; of music only keys in the range of training."""
    source, options = sequels_of(model), dict[str, Array | float](how)
    if source.way.music:
        codec = source.music
        keys = np.arange(codec.low, codec.high + 1)
        options["allowed"] = (keys >= codec.lowest) & (keys <= codec.highest)
    return lambda params, rng: model.engine.draw(params, rng, **options)
