"""What every task keeps."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from hitherto.checks.results import Result, outcome_of, within
from hitherto.runtime.executor import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from hitherto.trained import Model

__all__ = ["check_task"]

Outcome = tuple[bool, str]


def check_task(model: "Model", data: object) -> list[Result]:
    """Every promise of a trained model, on labelled data as `evaluate` takes them."""
    promises: list[tuple[str, Callable[[], Outcome]]] = [
        ("an answer does not depend on the batch", lambda: _alone(model, data)),
        ("steps and chunks equal the whole", lambda: _stepped(model, data)),
        ("a bundle gives the same answers", lambda: _bundled(model, data)),
    ]
    if model.writes:
        promises.append(("a stream writes what the whole input brings", lambda: _written(model, data)))
    if find_spec("torch"):
        promises.append(("the engine gives what the torch module gives", lambda: _executors(model, data)))
    return [(name, *outcome_of(test)) for name, test in promises]


def _batches(model: "Model", data: object) -> list[Batch]:
    return list(model.source.evaluation(model.source.load(data)))


def _alone(model: "Model", data: object) -> Outcome:
    rows = 0
    for batch in _batches(model, data):
        known = {"x": batch.lengths, "source": batch.source_lengths}
        whole, _ = model.engine.forward(batch.inputs, batch.lengths, None, batch.source_lengths)
        for b in range(0, batch.inputs["x"].shape[1], max(1, batch.inputs["x"].shape[1] // 8)):
            steps = {name: None if sizes is None else int(sizes[b]) for name, sizes in known.items()}
            alone = {name: value[: steps[name], b : b + 1] for name, value in batch.inputs.items()}
            by_itself, _ = model.engine.forward(alone)
            beside = whole[b : b + 1] if model.engine.pools else whole[: len(alone["x"]), b : b + 1]
            if not np.array_equal(by_itself, beside):
                return False, f"row {b} of a batch differs from the row alone"
            rows += 1
    return True, f"{rows} rows, bit for bit"


def _stepped(model: "Model", data: object) -> Outcome:
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
            parts, state = [], begun
            for t in range(0, len(x), size):
                part, state = engine.forward({"x": x[t : t + size]}, None, state)
                parts.append(part)
            if state is None:
                continue  # no step at all
            last = parts[-1] if engine.pools else np.concatenate(parts)
            if not np.array_equal(last, whole) or any(
                not np.array_equal(end[k], state[k]) for k in engine.places
            ):
                return False, f"chunks of {size} differ from the whole"
    return True, "steps and chunks of 5, bit for bit"


def _written(model: "Model", data: object) -> Outcome:
    """A text does not depend on the others, and a stream of any pieces writes what the whole input brings."""
    from hitherto.tasks.writing.conversations import as_text
    from hitherto.tasks.writing.stream import WriteStream
    from hitherto.tasks.writing.verbs import written

    examples = model.source.load(data)
    texts = model.source.predictions(examples, written(model, examples))
    count = 0
    for i in range(0, len(examples), max(1, len(examples) // 4)):
        text, stream = as_text(examples.texts[i]), model.stream()
        if type(stream) is not WriteStream:
            continue  # it takes turns or pictures, not pieces of a text: the tests of streams have them
        for piece in [text[k : k + 3] for k in range(0, len(text), 3)]:
            stream.push(piece)
        if stream.finish() != texts[i]:
            return False, f"a stream writes something else to {text!r:.60}"
        count += 1
    return True, f"{len(texts)} texts, {count} streams"


def _bundled(model: "Model", data: object) -> Outcome:
    import tempfile
    from pathlib import Path

    import hitherto

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        digest = model.save(path)
        again = hitherto.open(path)
        same = again.evaluate(data) == model.evaluate(data) and again.digest == digest == model.digest
        return same, "metrics and digest"


def _executors(model: "Model", data: object) -> Outcome:
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
        ours = model.engine.params(features)
        if "encode" in model.plan:  # what a looking module says past a row's end is never read
            ours, params = (v.reshape(-1, v.shape[-1])[batch.at] for v in (ours, params))
        worst = max(worst, float(np.max(np.abs(ours - params) / (1 + np.abs(params)), initial=0.0)))
    return within(worst, 2e-5)
