"""What the bundles of this folder compute, as digests: JSON on the standard output.

    HITHERTO_ISA=avx2 python tests/golden/answers.py            print the digests of one instruction set
    HITHERTO_ISA=avx2 python tests/golden/answers.py --record   and keep them in digests.json

`arrays` are numbers of the engine, in every kind of weights: they depend on the instruction set alone. `answers` are
what a user sees, which numpy has a part in: they depend on the build of numpy and on what it finds in the machine too.
"""

import hashlib
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "fuzz"))

from seeds import FORMS  # noqa: E402

import hitherto  # noqa: E402
from hitherto.errors import UsageError  # noqa: E402


def digest(value: Any) -> str:
    return hashlib.sha256(value).hexdigest()[:16]


def plain(value: Any) -> Any:
    """As JSON can hold it, every bit of a number kept."""
    if isinstance(value, np.ndarray):
        return [str(value.dtype), list(value.shape), digest(np.ascontiguousarray(value).tobytes())]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | None) else repr(value)


def arrays(model: Any) -> str:
    """The bits of `batch`."""
    whole, params, after = hashlib.sha256(), *batch(model)
    whole.update(params.tobytes())
    for name in sorted(after):
        whole.update(name.encode() + np.ascontiguousarray(after[name]).tobytes())
    return whole.hexdigest()[:16]


def inputs_of(model: Any) -> dict[str, Any]:
    """A batch of three rows of seven steps."""
    draw = np.random.default_rng(7)
    inputs = {}
    for name, given in model.plan["inputs"].items():
        if given["kind"] == "ids":
            inputs[name] = draw.integers(0, given["size"], (7, 3))
        else:
            inputs[name] = draw.normal(0, 0.5, (7, 3, given["size"])).astype(np.float32)
    return inputs


def batch(model: Any) -> tuple[Any, dict[str, Any]]:
    """What the head makes of a batch of rows of several lengths, and the states afterwards."""
    inputs, lengths = inputs_of(model), np.array([7, 4, 1])
    features, after = model.engine.forward(inputs, lengths, None, lengths if "source" in inputs else None)
    return model.engine.params(features), after


def answers(model: Any, rows: list[Any], live: list[Any]) -> str:
    return digest(json.dumps(plain(said(model, rows, live))).encode())


def said(model: Any, rows: list[Any], live: list[Any]) -> list[Any]:
    """All that a user sees: predictions, a stream with a look at every step, what is generated."""
    task = model.spec.task
    how = {"max_new_tokens": 4, "num_beams": 2} if model.writes else {}
    told: list[Any] = []
    if task not in ("lm", "compose", "handwrite"):
        told.append(model.predict(rows, details=True, **how))
    try:
        stream = model.stream(**how)
    except UsageError:  # it reads from both ends
        return told
    for value in live:
        if model.spec.data.independent:  # a stream is of one series
            value = value[0]
        covariates = {"known": [[1], [0]], "static": ["a"]} if model.spec.data.known else {}
        told += [stream.push(value, **covariates), stream.peek()]
    fork = stream.fork()
    fork.load(stream.save())
    told += [stream.state, stream.finish(), fork.finish()]
    if task == "lm":
        told += [model.generate("the", max_new_tokens=6, seed=1), model.suggest("the ca", k=2)]
    elif task == "handwrite":
        told.append(model.generate("xy" if live else None, steps=4, seed=1))
    elif task == "compose":
        told.append(model.generate(None, steps=4, seed=1))
    return told


def machine() -> dict[str, str]:
    """By what the digests are kept."""
    from numpy._core._multiarray_umath import __cpu_features__ as features

    from hitherto import _native

    isa = str(_native.info()["isa"])
    wide = "AVX-512" if features.get("AVX512_SKX") else "no AVX-512"
    return {"arrays": isa, "answers": f"{isa}, numpy {np.__version__}, {wide}"}


def computed() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"arrays": {}, "answers": {}}
    for path in sorted(HERE.glob("*.safetensors")):
        rows, live, _ = FORMS[path.stem.replace("-", " ")]
        for weights in ("float32", "bfloat16", "int8"):
            model = hitherto.open(path, weights=weights)
            found["arrays"][f"{path.stem} {weights}"] = arrays(model)
        found["answers"][path.stem] = answers(hitherto.open(path), rows, live)
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    os.environ["HITHERTO_NUM_THREADS"] = "2"
    found, keys = computed(), machine()
    if "--record" in sys.argv:
        path = HERE / "digests.json"
        kept = json.loads(path.read_text()) if path.exists() else {"arrays": {}, "answers": {}}
        for kind, key in keys.items():
            kept[kind][key] = found[kind]
        path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    print(json.dumps({"machine": keys, **found}))


if __name__ == "__main__":
    main()
