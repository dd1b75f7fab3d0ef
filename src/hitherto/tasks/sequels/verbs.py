"""What a model of `compose` or `handwrite` does: steps follow."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.runtime.writer import sequel

__all__ = ["draw", "generate", "steps"]


def generate(model: Any, prompt: Any = None, **options: Any) -> Any:
    """The music, a roll or a file, gone on with, as a roll; or the strokes that write a text."""
    codec = model.codecs["steps"]
    made = [step[None] for step in steps(model, prompt, **options)]
    if model.spec.task == "compose" and prompt is not None:
        made.insert(0, codec.encode(prompt))
    return codec.decode(np.concatenate([np.zeros((0, codec.size), np.float32), *made]))


def steps(
    model: Any,
    prompt: Any = None,
    *,
    steps: int | None = None,
    temperature: float = 1.0,
    bias: float = 0.0,
    voices: int | None = None,
    seed: int | None = None,
) -> Iterator[Array]:
    """The steps that follow a piece of music, or that write a text, each as it is drawn, `steps` of them.

    Below 1 `temperature` keeps to what is likely, and so does the `bias` of a pen from 0 on. Of music no more than
    `voices` keys sound at once, and none that did not in training.
    """
    if "steps" not in model.codecs:
        raise UsageError(f"{model.spec.task} models write no steps; compose and handwrite do.")
    for name, count in (("steps", steps), ("voices", voices)):
        if count is not None and not count >= 1:
            raise UsageError(f"{name} must be 1 at least, but came as {count!r}.")
    codec, begun, state = model.codecs["steps"], [], None
    if model.source.says:
        if not isinstance(prompt, str) or not prompt:
            raise UsageError("this model writes a text: give one.")
        state = model.engine.encode(model.source.told(prompt)[:, None])
    elif prompt is not None:
        begun = [codec.encode(prompt)]
    x = np.concatenate([np.zeros((1, codec.size), np.float32), *begun])
    how: dict[str, Any] = {"temperature": temperature}
    if model.spec.task == "compose":
        how["voices"] = voices
        if bias:
            raise UsageError("bias is for pens; music has a temperature.")
    else:
        how["bias"] = bias
        if voices is not None:
            raise UsageError("voices are of music; a pen has one.")
    allowed = _allowed(model)
    if allowed is not None:
        how["allowed"] = allowed
    steps = steps or (
        64 if model.spec.task == "compose" else 60 * max(4, len(prompt) if isinstance(prompt, str) else 0)
    )
    return islice(sequel(model.engine, state, x, np.random.default_rng(seed), **how), steps)


def draw(model: Any, params: Array, rng: "np.random.Generator") -> Array:
    """A step that could come next, from what the head reads."""
    allowed = _allowed(model)
    drawn: Array = model.engine.draw(params, rng, **({} if allowed is None else {"allowed": allowed}))
    return drawn


def _allowed(model: Any) -> Array | None:
    """Which keys may sound: those between the outermost of training."""
    codec = model.codecs["steps"]
    if model.spec.task != "compose":
        return None
    keys = np.arange(codec.low, codec.high + 1)
    allowed: Array = (keys >= codec.lowest) & (keys <= codec.highest)
    return allowed
