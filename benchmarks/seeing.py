"""What looking costs: an inspected sequence beside the plain one, a watched evaluation beside one that is not.

    OPENBLAS_NUM_THREADS=1 HITHERTO_NUM_THREADS=1 python benchmarks/seeing.py sequence whole watch

Both take turns in one process; a figure is the median of the ratios of the turns, in processor time, with quartiles.
Appends rows to benchmarks/results/seeing.jsonl.
"""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from common import RESULTS, Row, keep, quantile, rounded

import hitherto
from hitherto.arrays import Array
from hitherto.inspect.inspection import answers_of
from hitherto.inspect.memory import memory
from hitherto.inspect.trace import trace
from hitherto.plan import Plan, make, weights
from hitherto.runtime.engine import Engine
from hitherto.runtime.executor import Batch
from hitherto.spec import ModelSpec
from hitherto.tasks.families import family_of

PATH = RESULTS / "seeing.jsonl"
TURNS, STEPS = 21, 500
MODELS: dict[str, tuple[dict[str, Any], str, dict[str, Any], str, dict[str, Any]]] = {
    # options of the model, form, its input, head, options of the head
    "lm, LSTM of 128, 60 letters": (
        {"hidden_size": 128, "num_layers": 1, "embedding_size": 32}, "many_to_many", {"kind": "ids", "size": 60},
        "softmax", {"classes": 60},
    ),
    "lm, 2 LSTMs of 256, 10,000 words": (
        {"hidden_size": 256, "num_layers": 2, "embedding_size": 256}, "many_to_many", {"kind": "ids", "size": 10_000},
        "softmax", {"classes": 10_000},
    ),
    "a sensor, GRU of 64": (
        {"cell": "gru", "hidden_size": 64, "num_layers": 1}, "many_to_many", {"kind": "vectors", "size": 8},
        "softmax", {"classes": 4},
    ),
    "a text, LSTM of 128 both ways": (
        {"hidden_size": 128, "num_layers": 1, "embedding_size": 64, "bidirectional": True, "pool": "mean"},
        "many_to_one", {"kind": "ids", "size": 5000}, "softmax", {"classes": 3},
    ),
    "a sensor, GRU of 64, layer_norm": (
        {"cell": "gru", "hidden_size": 64, "num_layers": 1, "layer_norm": True}, "many_to_many",
        {"kind": "vectors", "size": 8}, "softmax", {"classes": 4},
    ),
    "a step of an RNN of 32": (
        {"cell": "rnn", "hidden_size": 32, "num_layers": 1}, "many_to_many", {"kind": "vectors", "size": 4},
        "softmax", {"classes": 4},
    ),
}  # fmt: skip


def model_of(name: str) -> tuple[Plan, dict[str, Array], dict[str, Array]]:
    """The plan of a model, weights, and a sequence that it reads."""
    options, form, reads, head, of_head = MODELS[name]
    plan = make(ModelSpec(**options), form, {"x": reads}, head, of_head)
    draw = np.random.default_rng(0)
    tensors = {n: draw.normal(0, 0.1, shape).astype(np.float32) for n, shape in weights(plan).items()}
    shape = (STEPS, 1) if reads["kind"] == "ids" else (STEPS, 1, reads["size"])
    x = draw.integers(0, reads["size"], shape) if reads["kind"] == "ids" else draw.normal(size=shape)
    return plan, tensors, {"x": x.astype(np.int32 if reads["kind"] == "ids" else np.float32)}


def in_turn(plain: Callable[[], object], other: Callable[[], object], turns: int = TURNS) -> Row:
    """How many times as long the other takes, by turns."""
    taken: list[tuple[float, float]] = []
    for _ in range(turns + 2):
        begun = time.process_time()
        plain()
        middle = time.process_time()
        other()
        taken.append((middle - begun, time.process_time() - middle))
    ratios = [b / a for a, b in taken[2:]]
    low, middle, high = (rounded(quantile(ratios, q), 3) for q in (0.25, 0.5, 0.75))
    return {
        "ratio": middle, "q1": low, "q3": high,
        "plain_ms": rounded(1000 * quantile([a for a, _ in taken[2:]], 0.5), 3),
        "seen_ms": rounded(1000 * quantile([b for _, b in taken[2:]], 0.5), 3),
    }  # fmt: skip


def sequence() -> None:
    """States, gates and answers of a sequence of 500 steps, beside the answers alone."""
    for name in MODELS:
        plan, tensors, inputs = model_of(name)
        engine = Engine(plan, tensors)

        def plain(engine: Engine = engine, inputs: Mapping[str, Array] = inputs) -> Array:
            return engine.params(engine.forward(inputs)[0])

        def seen(
            plan: Plan = plan, tensors: Mapping[str, Array] = tensors, inputs: Mapping[str, Array] = inputs
        ) -> object:
            plain()
            return trace(plan, tensors, inputs).layers[-1].gates

        keep(PATH, f"sequence: {name}", **in_turn(plain, seen))


def watch() -> None:
    """What `--watch memory` adds to an evaluation, beside the forward pass of one batch of 32 rows of 128 steps."""
    for name in list(MODELS)[:4]:
        plan, tensors, inputs = model_of(name)
        engine = Engine(plan, tensors)
        x = np.repeat(inputs["x"][:128], 32, 1)

        def plain(engine: Engine = engine, x: Array = x) -> Array:
            return engine.params(engine.forward({"x": x})[0])

        def watched(plan: Plan = plan, tensors: Mapping[str, Array] = tensors, x: Array = x) -> object:
            return memory(plan, tensors, Batch({"x": x}, None))

        keep(PATH, f"watch: {name}", **in_turn(plain, watched, 9))


def whole() -> None:
    """`model.inspect(value, measure=())` beside reading the value and answering each step; weights of one step."""
    draw = np.random.default_rng(0)
    text = "".join(draw.choice(list("abcdefgh ,"), 4000))
    points = [{"x": draw.normal(size=(80, 6)).astype(np.float32), "label": "ab"[k % 2]} for k in range(40)]
    texts = [{"text": text[20 * k : 20 * k + 400], "label": "ab"[k % 2]} for k in range(40)]
    some: dict[str, Any] = {"steps": 1, "baselines": False, "budget": "0", "num_layers": 1, "threads": 1}
    models = {
        "lm, LSTM of 128, 500 letters": (hitherto.train("lm", [text], hidden_size=128, **some), text[:500]),
        "classify, LSTM of 64, a text of 400 letters": (
            hitherto.train(
                "classify", texts, input="text", output="label", tokens="chars", bidirectional=False, hidden_size=64,
                skip=False, **some,
            ),
            texts[0]["text"],
        ),
        "classify, both ways, 80 steps of a sensor": (
            hitherto.train(
                "classify", points, input="x", output="label", bidirectional=True, hidden_size=64, skip=False, **some
            ),
            points[:1],
        ),
    }  # fmt: skip
    for name, (model, value) in models.items():

        def plain(model: Any = model, value: Any = value) -> object:
            return answers_of(model.engine, family_of(model.spec.task).reading(model, value))

        def seen(model: Any = model, value: Any = value) -> object:
            return model.inspect(value, measure=())

        keep(PATH, f"whole: {name}", **in_turn(plain, seen))


JOBS = {"sequence": sequence, "watch": watch, "whole": whole}

if __name__ == "__main__":
    for job in sys.argv[1:] or JOBS:
        JOBS[job]()
