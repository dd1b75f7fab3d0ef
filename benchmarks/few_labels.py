"""200 labelled film reviews, with a language model of the others' text to start from and without.

    python benchmarks/few_labels.py              three draws of 200 sentences, one language model
    python benchmarks/few_labels.py --draws 5

The draws share no sentence, and the language model reads none of them: it learns from the text of the other training
sentences, without labels. Each draw trains `classify` with its defaults twice: as it is, and from the language model.
Both are measured on `--part`: the published validation data, or, once, the test data.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import classify_baselines
import common
import numpy as np

import hitherto

RESULTS = common.RESULTS / "few_labels.jsonl"
LABELLED = 200
LANGUAGE: dict[str, Any] = {
    "tokens": "words",
    "layout": "lines",
    "min_count": 2,
    "hidden_size": 256,
    "embedding_size": 256,
    "dropout": 0.5,
    "locked_dropout": True,
    "embedding_dropout": 0.2,
    "weight_dropout": 0.3,
    "batch_size": 32,
    "epochs": 12,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--part", choices=["dev", "test"], default="dev")
    given = parser.parse_args()
    rows = classify_baselines.reviews("train")
    order = np.random.default_rng(7).permutation(len(rows))
    asked = classify_baselines.reviews(given.part)
    used = LABELLED * given.draws
    texts = [{"x": rows[i]["x"]} for i in order[used:]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lm.safetensors"
        language = hitherto.train("lm", texts, input="x", threads=1, out=path, **LANGUAGE)
        found: dict[str, list[float]] = {"alone": [], "from": []}
        for draw in range(given.draws):
            some = [rows[i] for i in order[LABELLED * draw : LABELLED * (draw + 1)]]
            for name, base in (("alone", None), ("from", path)):
                model = hitherto.train(
                    "classify", some, input="x", output="label", base=base, seed=draw, threads=1
                )
                found[name].append(model.evaluate(asked)["accuracy"])
                common.say(f"  draw {draw}, {name}: {found[name][-1]:.4f}")
    for name, values in found.items():
        common.keep(
            RESULTS,
            name,
            accuracy=common.rounded(float(np.mean(values)), 4),
            each=[common.rounded(v, 4) for v in values],
            part=given.part,
            labelled=LABELLED,
            texts=len(texts),
            perplexity=common.rounded(language.metrics["perplexity"], 4),
        )


if __name__ == "__main__":
    main()
