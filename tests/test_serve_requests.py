"""Whatever a request holds, the server answers as its OpenAPI document says, and never with an error of its own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("starlette")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving import GOLDEN
from starlette.testclient import TestClient

from hitherto.serve import app

NAMES = (
    *(
        "lm",
        "classify",
        "tag",
        "forecast",
        "forecast-with-covariates",
        "classify-series",
        "classify-one-step",
    ),
    *(
        "classify-pictures",
        "transcribe-one-way",
        "transcribe-strokes",
        "chat",
        "answer",
        "compose",
        "handwrite",
    ),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 40) | st.just(1 << 80) | st.floats(allow_nan=False, width=32)
    | st.just(1e308) | st.text(max_size=8) | st.sampled_from(["/etc/passwd", "../x.wav", "\ud800", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    made = app(
        *(f"{n}={GOLDEN / n}.safetensors" for n in NAMES),
        store="memory",
        log="none",
        max_body=1 << 20,
        max_sessions=20,
    )
    with TestClient(made, base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def examples(client: TestClient) -> list[tuple[str, str, Any]]:
    """Model, path and body of what every model answers."""
    return [
        (name, path, body)
        for name in NAMES
        for path, body in client.get(f"/v1/models/{name}").json()["examples"].items()
    ]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a document has a value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


def expect_as_described(client: TestClient, template: str, answer: Any) -> None:
    described = client.get("/openapi.json").json()["paths"][template]["post"]["responses"]
    assert str(answer.status_code) in described, (answer.status_code, answer.text)
    assert answer.status_code != 503
    if answer.status_code >= 400:
        said = answer.json()
        assert said.keys() <= {"error", "expected"}
        assert "passwd" not in answer.text


@given(st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_body_that_is_changed_somewhere(
    client: TestClient, examples: list[tuple[str, str, Any]], data: st.DataObject
) -> None:
    name, template, body = data.draw(st.sampled_from(examples))
    for _ in range(data.draw(st.integers(1, 2))):
        where = data.draw(st.sampled_from(sorted(places(body), key=repr)))
        body = changed(body, where, data.draw(ANYTHING))
        if isinstance(body, dict) and data.draw(st.integers(0, 4)) == 0:
            body = {
                **body,
                data.draw(st.sampled_from(["options", "at", "finish", "stream", "stop", "x"])): data.draw(
                    ANYTHING
                ),
            }
    path = template.replace("{model}", name)
    if "{session}" in path:
        session = client.post(f"/v1/models/{name}/sessions", json={})
        if session.status_code != 201:
            assert session.status_code in (400, 422, 429)
            return
        path = path.replace("{session}", session.json()["session"])
    answer = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    expect_as_described(client, template, answer)
    if "{session}" in template:
        client.delete(path.removesuffix("/push"))


@given(
    st.sampled_from(["/v1/models/{model}/predict", "/v1/audio/transcriptions", "/v1/models/{model}/sessions",
                     "/v2/models/{model}/infer", "/v1/completions"]),
    st.binary(max_size=60)
    | st.sampled_from([b"RIFF\0\0\0\0WAVEfmt ", b'--a\r\nContent-Disposition: form-data; name="']),
    st.sampled_from(["", "application/json", "multipart/form-data", "multipart/form-data; boundary=a", "x",
                     "application/vnd.hitherto.state"]),
    st.sampled_from(NAMES),
)  # fmt: skip
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_body_of_any_bytes(client: TestClient, template: str, content: bytes, kind: str, name: str) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = client.post(template.replace("{model}", name), content=content, headers=headers)
    expect_as_described(client, template, answer)


@pytest.mark.parametrize("content", [b"", b"junk", b"RIFF\0\0\0\0WAVE", b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("name", ["classify-pictures", "transcribe-one-way", "lm"])
@pytest.mark.parametrize("ending", [".wav", ".png", "", ".wav/../../x"])
def test_a_file_of_any_bytes(client: TestClient, name: str, content: bytes, ending: str) -> None:
    for template in ("/v1/models/{model}/predict", "/v1/audio/transcriptions"):
        files = {"file": (f"a{ending}", content)}
        data = {} if "{model}" in template else {"model": name}
        answer = client.post(template.replace("{model}", name), files=files, data=data)
        expect_as_described(client, template, answer)
        assert answer.status_code >= 400
