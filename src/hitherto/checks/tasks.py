"""What every task keeps."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from hitherto.checks.results import Result, outcome_of, within

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_task"]

# ---- trained models ----------------------------------------------------------------------------------------


def check_task(model: Any, data: Any) -> list[Result]:
    """Every promise of a trained model, on labelled data as `evaluate` takes them."""
    promises: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("an answer does not depend on the batch", lambda: _alone(model, data)),
        ("steps and chunks equal the whole", lambda: _stepped(model, data)),
        ("a bundle gives the same answers", lambda: _bundled(model, data)),
    ]
    if model.writes:
        promises.append(("a stream writes what the whole input brings", lambda: _written(model, data)))
    if find_spec("torch"):
        promises.append(("the engine gives what the torch module gives", lambda: _executors(model, data)))
    return [(name, *outcome_of(test)) for name, test in promises]


def _batches(model: Any, data: Any) -> list[Any]:
    return list(model.source.evaluation(model.source.load(data)))


def _alone(model: Any, data: Any) -> tuple[bool, str]:
    rows = 0
    for batch in _batches(model, data):
        known = {"x": batch.lengths, "source": batch.source_lengths}
        whole, _ = model.engine.forward(batch.inputs, batch.lengths, None, batch.source_lengths)
        for b in range(0, batch.inputs["x"].shape[1], max(1, batch.inputs["x"].shape[1] // 8)):
            alone = {
                name: value[: len(value) if known[name] is None else known[name][b], b : b + 1]
                for name, value in batch.inputs.items()
            }
            own, _ = model.engine.forward(alone)
            beside = whole[b : b + 1] if model.engine.pools else whole[: len(alone["x"]), b : b + 1]
            if not np.array_equal(own, beside):
                return False, f"row {b} of a batch differs from the row alone"
            rows += 1
    return True, f"{rows} rows, bit for bit"


def _stepped(model: Any, data: Any) -> tuple[bool, str]:
    from hitherto.plan import streams

    if streams(model.plan):
        return True, "it does not stream, and says why"
    engine = model.engine
    for batch in _batches(model, data):
        x = batch.inputs["x"][:64, :3]
        begun = None
        if engine.encoder is not None:
            known = None if batch.source_lengths is None else batch.source_lengths[:3]
            begun = engine.encode(batch.inputs["source"][:, :3], known)
        whole, end = engine.forward({"x": x}, None, begun)
        for size in (1, 5):
            parts: list[Any] = []
            state: Any = begun
            for t in range(0, len(x), size):
                part, state = engine.forward({"x": x[t : t + size]}, None, state)
                parts.append(part)
            last = parts[-1] if engine.pools else np.concatenate(parts)
            if not np.array_equal(last, whole) or any(
                not np.array_equal(end[k], state[k]) for k in engine.places
            ):
                return False, f"chunks of {size} differ from the whole"
    return True, "steps and chunks of 5, bit for bit"


def _written(model: Any, data: Any) -> tuple[bool, str]:
    """A text does not depend on the others, and a stream of any pieces writes what the whole input brings."""
    from hitherto.tasks.writing.conversations import as_text
    from hitherto.tasks.writing.verbs import written

    examples = model.source.load(data)
    found = model.source.predictions(examples, written(model, examples))
    count = 0
    for i in range(0, len(examples), max(1, len(examples) // 4)):
        text = as_text(examples.texts[i])
        if model.spec.task in ("chat", "caption"):
            continue  # whose streams are told turns and pictures, not texts: the tests of streams have them
        stream = model.stream()
        for piece in [text[k : k + 3] for k in range(0, len(text), 3)]:
            stream.push(piece)
        if stream.finish() != found[i]:
            return False, f"a stream writes something else to {text!r:.60}"
        count += 1
    return True, f"{len(found)} texts, {count} streams"


def _bundled(model: Any, data: Any) -> tuple[bool, str]:
    import tempfile
    from pathlib import Path

    import hitherto

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        digest = model.save(path)
        again = hitherto.open(path)
        same = again.evaluate(data) == model.evaluate(data) and again.digest == digest == model.digest
        return same, "metrics and digest"


def _executors(model: Any, data: Any) -> tuple[bool, str]:
    import torch

    from hitherto.model.build import build

    module = build(model.plan).eval()
    module.load(model.tensors)
    worst = 0.0
    for batch in _batches(model, data):
        features, _ = model.engine.forward(batch.inputs, batch.lengths, None, batch.source_lengths)
        with torch.inference_mode():
            lengths, of_source = (
                None if known is None else torch.from_numpy(known)
                for known in (batch.lengths, batch.source_lengths)
            )
            inputs = {name: torch.from_numpy(value) for name, value in batch.inputs.items()}
            expected, _ = module(inputs, lengths, None, of_source)
            params = module.params(expected).numpy()
        found = model.engine.params(features)
        if "encode" in model.plan:  # what a looking module says past a row's end is never read
            found, params = (v.reshape(-1, v.shape[-1])[batch.at] for v in (found, params))
        worst = max(worst, float(np.max(np.abs(found - params) / (1 + np.abs(params)), initial=0.0)))
    return within(worst, 2e-5)
