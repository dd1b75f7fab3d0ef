"""What the server says of itself: its page and its OpenAPI document show requests that run, for every kind of model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

from serving import GOLDEN
from starlette.testclient import TestClient

from hitherto.media.sound import write_wav
from hitherto.serve import app, page

BUNDLES = sorted(path.stem for path in GOLDEN.glob("*.safetensors"))


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    made = app(*(str(GOLDEN / f"{name}.safetensors") for name in BUNDLES), store="memory", log="none")
    with TestClient(made, base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


@pytest.mark.parametrize("name", BUNDLES)
def test_every_example_of_a_model_runs(client: TestClient, name: str, tmp_path: Path) -> None:
    about = client.get(f"/v1/models/{name}").json()
    ran, session = 0, ""
    for path, body in about["examples"].items():
        asked = path.replace("{model}", name).replace("{session}", session)
        if path.endswith("/transcriptions") or (path.endswith("/predict") and not body["inputs"]):
            write_wav(tmp_path / "a.wav", [0.1, -0.1] * 2000, 8000)
            assert ".wav" in about["files"]
            files = {"file": ("a.wav", (tmp_path / "a.wav").read_bytes())}
            data = {"model": name} if path.endswith("/transcriptions") else {"details": "true"}
            answer = client.post(asked, files=files, data=data)
        else:
            answer = client.post(asked, json=body)
        assert answer.is_success, (path, body, answer.text)
        session = answer.json().get("session", session)
        ran += 1
        if path.endswith("/push"):
            assert body["inputs"]
            assert answer.json()["at"] == len(body["inputs"])
            assert client.get(f"/v1/sessions/{session}/peek").is_success
    assert ran
    assert about["streams"] == ("/v1/sessions/{session}/push" in about["examples"])


def test_the_document_names_the_fields_of_every_body(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for call in page.CALLS:
        said = document["paths"][call.path][call.method.lower()].get("requestBody")
        assert (said is not None) == (call.body is not None or call.form is not None or call.state)
        if call.body is not None:
            content: Any = said["content"]["application/json"]
            fields = schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"]
            assert set(fields) == set(call.body.__struct_fields__)
            assert set(content["example"]) <= set(fields)
    assert "MODEL" not in json.dumps(document)


def test_a_server_with_keys_names_its_models_to_nobody(tmp_path: Path) -> None:
    from hitherto.serve.keys import new_key

    (tmp_path / "keys").write_text(new_key("ann")[1])
    made = app(
        f"mine-alone={GOLDEN / 'lm.safetensors'}", store="memory", log="none", keys=str(tmp_path / "keys")
    )
    with TestClient(made, base_url="http://localhost") as client:
        assert "mine-alone" not in client.get("/openapi.json").text
        assert client.get("/v1/models/mine-alone").status_code == 401
