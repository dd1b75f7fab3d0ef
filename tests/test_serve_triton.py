"""The Open Inference Protocol: what Triton's own client asks for, sequences, and requests that do not fit."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette")

from serving import GOLDEN, WORDS, opened, plainly, started
from starlette.testclient import TestClient

from hitherto.media.sound import write_wav
from hitherto.serve import app
from hitherto.serve.keys import new_key

NAMES = ("classify", "classify-series", "forecast", "transcribe-one-way", "tag-two-ways", "classify-pictures")


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Triton's client, of a server with two workers."""
    http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
    bundles = [f"{name}={GOLDEN / name}.safetensors" for name in NAMES]
    process, address = started(tmp_path_factory.mktemp("triton"), *bundles, "--workers", "2")
    with process:
        client = http.InferenceServerClient(address.removeprefix("http://"))
        client.http = http
        yield client
        client.close()
        process.terminate()


def tensor(client: Any, values: Any, kind: str = "BYTES", *, binary: bool = True) -> Any:
    array = np.array(values, np.object_ if kind == "BYTES" else None)
    made = client.http.InferInput("input", list(array.shape), kind)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def texts(result: Any, name: str) -> list[str]:
    return [one.decode() if isinstance(one, bytes) else one for one in result.as_numpy(name)]


def test_what_tritons_client_learns_of_server_and_models(triton: Any) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready("classify", "1")
    assert not triton.is_model_ready("nothing")
    assert triton.get_server_metadata()["name"] == "hitherto"
    about = triton.get_model_metadata("classify-series")
    assert about["parameters"]["digest"] == opened("classify-series").digest
    assert [one["name"] for one in about["outputs"]] == ["answer", "rows"]
    assert about["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1]}]


@pytest.mark.parametrize("binary", [True, False])
def test_whole_answers_to_tritons_client(triton: Any, binary: bool) -> None:
    model = opened("classify")
    inputs = ["good film", "Grüße", ""]
    outputs = [triton.http.InferRequestedOutput(name, binary_data=binary) for name in ("answer", "rows")]
    result = triton.infer(
        "classify", [tensor(triton, inputs, binary=binary)], outputs=outputs, request_id="7"
    )
    assert texts(result, "answer") == model.predict(inputs)
    assert [json.loads(row) for row in texts(result, "rows")] == plainly(model.predict(inputs, details=True))
    assert result.get_response()["id"] == "7"
    series = np.array([[[0.5], [1.5]], [[2.0], [0.25]]], np.float32)
    result = triton.infer(
        "classify-series", [tensor(triton, series, "FP32", binary=binary)], model_version="1"
    )
    assert texts(result, "answer") == opened("classify-series").predict(list(series))


def test_files_and_rows_of_tritons_client(triton: Any, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.random.default_rng(0).normal(size=4000).astype(np.float32) / 10, 2000)
    content = (tmp_path / "a.wav").read_bytes()
    result = triton.infer("transcribe-one-way", [tensor(triton, [content])])
    assert texts(result, "answer") == opened("transcribe-one-way").predict([str(tmp_path / "a.wav")])
    rows = [{"unique_id": "a", "ds": t, "y": t % 4} for t in range(9)]
    result = triton.infer("forecast", [tensor(triton, [json.dumps(row) for row in rows])])
    assert [json.loads(row) for row in texts(result, "rows")] == plainly(opened("forecast").predict(rows))


def test_a_sequence_is_a_stream(triton: Any) -> None:
    """Of any worker, and of several sequences at once."""
    streams = {number: opened("lm").stream() for number in (1, 2, "three")}
    for i, word in enumerate(WORDS):
        for number, stream in streams.items():
            how = {"sequence_start": i == 0, "sequence_end": i == len(WORDS) - 1}
            result = triton.infer("lm", [tensor(triton, [word, "on "])], sequence_id=number, **how)
            rows = plainly(stream.push(word) + stream.push("on "))
            assert [json.loads(row) for row in texts(result, "rows")] == rows
            said = stream.finish() if how["sequence_end"] else stream.peek()
            (answer,) = texts(result, "answer")
            assert (answer if isinstance(said, str) else json.loads(answer)) == plainly(said)
    with pytest.raises(Exception, match="has finished"):
        triton.infer("lm", [tensor(triton, ["the "])], sequence_id=1)
    again = triton.infer("lm", [tensor(triton, ["the "])], sequence_id=1, sequence_start=True)
    assert json.loads(texts(again, "rows")[0]) == plainly(opened("lm").stream().push("the "))[0]
    with pytest.raises(Exception, match="must have `sequence_start`"):
        triton.infer("lm", [tensor(triton, ["the "])], sequence_id=99)


def test_a_request_with_an_id_is_taken_once(triton: Any) -> None:
    stream = opened("classify-series").stream()

    def push(value: float, request: str, **how: Any) -> list[str]:
        steps = np.array([[value]], np.float32)
        result = triton.infer(
            "classify-series", [tensor(triton, steps, "FP32")], sequence_id=5, request_id=request, **how
        )
        return texts(result, "answer")

    for at, value in enumerate((0.5, 1.5, 0.5)):
        stream.push([value])
        wanted = [json.dumps(plainly(stream.peek()))]
        for _ in range(2):
            said = push(value, f"r{at}", sequence_start=at == 0)
            assert [json.loads(one) for one in said] == [json.loads(one) for one in wanted]
    push(0.5, "")
    stream.push([0.5])
    push(0.5, "")  # without an id it is taken again
    stream.push([0.5])
    assert json.loads(push(0.5, "end", sequence_end=True)[0]) == plainly(
        (stream.push([0.5]), stream.finish())[1]
    )
    assert push(0.5, "end", sequence_end=True)


def test_sound_in_a_sequence(triton: Any) -> None:
    stream, rng = opened("transcribe-one-way").stream(), np.random.default_rng(0)
    rows: list[Any] = []
    for i in range(4):
        samples = rng.normal(size=900).astype(np.float32) / 10
        result = triton.infer(
            "transcribe-one-way", [tensor(triton, samples[None], "FP32")], sequence_id="mike",
            sequence_start=i == 0, sequence_end=i == 3,
        )  # fmt: skip
        rows += [json.loads(row) for row in texts(result, "rows")]
        wanted = stream.push(samples)
        assert rows[len(rows) - len(wanted) :] == plainly(wanted)
    assert json.loads(texts(result, "answer")[0]) == plainly(stream.finish())


# ------------------------------------------------------------------------------------------------- without its client


@pytest.fixture
def client() -> Iterator[TestClient]:
    made = app(*(f"{n}={GOLDEN / n}.safetensors" for n in ("lm", *NAMES)), store="memory", log="none")
    with TestClient(made, base_url="http://localhost", raise_server_exceptions=False) as opened_client:
        yield opened_client


FIRST = {"sequence_id": 1, "sequence_start": True}


def one(data: Any, shape: list[int], kind: str = "BYTES", **more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "input", "shape": shape, "datatype": kind, "data": data, **more}]}


@pytest.mark.parametrize(
    ("model", "body", "status", "why"),
    [
        ("classify", one(["a"], [2]), 400, "has 2 values, but 1 came"),
        ("classify", one([1], [1]), 400, "are texts"),
        ("classify", one(["a"], [1, 2]), 400, "shape"),
        ("classify", one(["a"], [1], "TEXT"), 400, "datatype"),
        ("classify", one(["a"], [-1]), 400, "does not fit"),
        ("classify", one(["a"], [1], parameters={"shared_memory_region": "x"}), 400, "shared memory"),
        ("classify", one(["a"], [1], parameters={"binary_data_size": 4}), 400, "either"),
        ("classify", one(None, [1]), 400, "either"),
        ("classify", {**one(["a"], [1]), "parameters": {"priority": 1}}, 400, "parameters of a request"),
        ("classify", {**one(["a"], [1]), "parameters": {"sequence_id": 1.5}}, 400, "parameters do not fit"),
        ("classify", {**one(["a"], [1]), "outputs": [{"name": "logits"}]}, 400, "does not fit"),
        ("classify-series", one([["x"]], [1, 1], "FP32"), 400, "are numbers"),
        ("classify-series", one([1], [1 << 40, 1 << 40], "FP32"), 400, "values, but 1 came"),
        ("classify-series", one([1e300], [1, 1], "INT8"), 200, ""),
        ("forecast", one(["{"], [1]), 400, "as JSON"),
        ("classify-pictures", one(['["/etc/passwd"]'], [1]), 400, "upload a file"),
        ("classify-pictures", one(["/etc/passwd"], [1]), 422, ""),
        ("tag-two-ways", {**one(["a"], [1]), "parameters": FIRST}, 400, "both ends"),
        ("nothing", one(["a"], [1]), 404, "no model"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    client: TestClient, model: str, body: Any, status: int, why: str
) -> None:
    answer = client.post(f"/v2/models/{model}/infer", json=body)
    assert answer.status_code == status, answer.text
    if why:
        assert why in answer.json()["error"]
    assert "passwd" not in answer.text


def test_bytes_that_do_not_fit_are_refused(client: TestClient) -> None:
    head = (
        json.dumps(one(None, [1], parameters={"binary_data_size": 6})).replace('"data": null, ', "").encode()
    )
    for raw, length, encoding, why in (
        (b"\2\0\0\0ab", len(head), "identity", ""),
        (b"\3\0\0\0ab", len(head), "identity", "cut short"),
        (b"\2\0\0\0abc", len(head), "identity", "as many bytes"),
        (b"\2\0\0\0\xff\xff", len(head), "identity", "UTF-8"),
        (b"\2\0\0\0ab", 10_000, "identity", "length of the JSON"),
        (b"\2\0\0\0ab", len(head), "gzip", "Content-Encoding"),
    ):
        headers = {"inference-header-content-length": str(length), "content-encoding": encoding}
        answer = client.post("/v2/models/classify/infer", content=head + raw, headers=headers)
        assert answer.status_code == (400 if why and why != "UTF-8" else 422 if why else 200), answer.text
        assert why in answer.text
    assert client.get("/v2/models/classify/versions/2").status_code == 404


def test_sequences_belong_to_their_key(tmp_path: Path) -> None:
    (ann, line), (bob, other) = new_key("ann"), new_key("bob")
    (tmp_path / "keys").write_text(f"{line}\n{other}\n")
    made = app(str(GOLDEN / "lm.safetensors"), store="memory", log="none", keys=str(tmp_path / "keys"))
    with TestClient(made, base_url="http://localhost") as server:
        mine, hers = ({"authorization": f"Bearer {key}"} for key in (bob, ann))
        assert server.get("/v2/models/lm").status_code == 401
        step = {**one(["the "], [1]), "parameters": {"sequence_id": 1}}
        begin = {**step, "parameters": FIRST}
        assert server.post("/v2/models/lm/infer", json=begin, headers=mine).status_code == 200
        assert server.post("/v2/models/lm/infer", json=step, headers=hers).status_code == 400
        first = server.post("/v2/models/lm/infer", json=begin, headers=hers).json()
        second = server.post("/v2/models/lm/infer", json=step, headers=mine).json()
        assert first != second  # each has a stream of its own
