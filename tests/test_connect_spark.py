"""The recipe for Spark, as the page has it: a stream for each key, over the end of its program."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="pyspark is not installed: pip install pyspark pandas")
for needed in ("pandas", "pyarrow", "google.protobuf"):
    pytest.importorskip(needed)
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

import hitherto  # noqa: E402

BUNDLE = Path(__file__).parent / "golden" / "forecast.safetensors"
PAGE = Path(__file__).parent.parent / "docs" / "connect.md"
pytestmark = pytest.mark.filterwarnings("ignore")  # Spark's own


def recipe() -> list[str]:
    """The code of the page that is about Spark."""
    part = PAGE.read_text(encoding="utf-8").partition("## Spark")[2].partition("\n## ")[0]
    return re.findall(r"```python notest\n(.*?)```", part, re.DOTALL)


def test_a_stream_for_each_key_goes_on_after_its_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.sql import SparkSession

    steps = [
        {"sensor": key, "ds": t, "y": float((t * 7 + ord(key)) % 11)} for t in range(10) for key in "abc"
    ]
    folder, source = tmp_path / "in", str(Path(hitherto.__file__).parent.parent)
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]))
    made: Any = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "2")
    spark = made.config("spark.ui.enabled", "false").getOrCreate()
    try:
        for part in (steps[:12], steps[12:]):  # the second query begins anew, from its checkpoint
            path = folder / f"{part[0]['ds']}.json"
            path.write_text("\n".join(map(json.dumps, part)))
            readings = spark.readStream.schema("sensor string, ds long, y double").json(str(folder))
            names: dict[str, Any] = {"spark": spark, "readings": readings}
            define, run = recipe()
            exec(compile(define.replace("/models/air.safetensors", str(BUNDLE)), "connect.md", "exec"), names)
            exec(compile(run, "connect.md", "exec"), names)
            query = names["answers"].writeStream.format("json").option("path", str(tmp_path / "out"))
            query = query.option("checkpointLocation", str(tmp_path / "checkpoint")).outputMode("append")
            query.trigger(availableNow=True).start().awaitTermination(300)
        said = [row.asDict() for row in spark.read.json(str(tmp_path / "out")).collect()]
    finally:
        spark.stop()
    model: Any = hitherto.open(BUNDLE)
    for key in "abc":
        stream = model.stream()
        wanted = [row for s in steps if s["sensor"] == key for row in stream.observe(s["y"], s["ds"])]
        rows = [json.loads(one["answer"]) for one in said if one["key"] == key]
        assert sorted(rows, key=lambda row: row["ds"]) == json.loads(json.dumps(wanted))
