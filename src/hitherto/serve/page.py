"""What the server says of itself: an OpenAPI document, and the page at /docs that shows it and sends its examples."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from hitherto.serve.asked import Chat, Completion, Create, Generate, Predict, Push
from hitherto.serve.openai import FIELDS
from hitherto.serve.tensors import Infer

__all__ = ["POLICY", "STATE", "html", "openapi"]


@dataclass(frozen=True, slots=True)
class Call:
    """One route."""

    method: str
    path: str
    about: str
    answer: str  # what comes back
    status: int = 200
    body: type[msgspec.Struct] | None = None  # of JSON
    form: tuple[str, ...] | None = (
        None  # what a form with files, in its place or as its body, may have beside them
    )
    state: bool = False  # whether a saved state may stand in its place, or is its body
    events: bool = False  # whether the answer may come as Server-Sent Events
    media: str = "application/json"  # of the answer
    keyed: bool = True


STATE = "application/vnd.hitherto.state"  # of a saved session: safetensors
VERSION = "/versions/{version}"  # which may stand in some routes; the page shows those without it

CALLS = (
    Call("GET", "/v1/models", "The models that are served.", "A list."),
    Call("GET", "/v1/models/{model}", "One model: its task, digest, and whether it streams.", "The model."),
    Call(
        "POST", "/v1/models/{model}/predict", "Answer whole inputs. Files come as multipart/form-data.",
        "An answer for each input.", body=Predict, form=("details",),
    ),
    Call(
        "POST", "/v1/models/{model}/generate", "Continue a prompt. With stream: Server-Sent Events.",
        "What follows.", body=Generate, events=True,
    ),
    Call(
        "POST", "/v1/models/{model}/sessions", "Begin a session; or go on from a saved state, as the body.",
        "The session, before any input.", 201, body=Create, state=True,
    ),
    Call("GET", "/v1/sessions/{session}", "A session: its model, and how many inputs it has taken.", "The session."),
    Call("DELETE", "/v1/sessions/{session}", "Forget a session.", "Nothing.", 204),
    Call(
        "POST", "/v1/sessions/{session}/push",
        "Take inputs. `at` is how many you know were taken: a push that comes again is answered again.",
        "What became final, and `at` after it.", body=Push,
    ),
    Call("GET", "/v1/sessions/{session}/peek", "The answer so far, as if the input ended here.", "The answer."),
    Call("POST", "/v1/sessions/{session}/fork", "Another session that has taken the same.", "The new session.", 201),
    Call(
        "GET", "/v1/sessions/{session}/state", "The state, as safetensors. The header hitherto-at is `at`.",
        "The state.", media=STATE,
    ),
    Call(
        "PUT", "/v1/sessions/{session}/state", "Go on from a saved state, with the query `at`.", "The session.",
        state=True,
    ),
    Call(
        "POST", "/v1/completions", "Continue a prompt, as OpenAI's API has it.", "What follows.", body=Completion,
        events=True,
    ),
    Call(
        "POST", "/v1/chat/completions", "Reply to a conversation, as OpenAI's API has it.", "The reply.", body=Chat,
        events=True,
    ),
    Call(
        "POST", "/v1/audio/transcriptions", "The text of a recording, as OpenAI's API has it.", "The text.",
        form=tuple(FIELDS),
    ),
    Call("GET", "/v2", "The server, as the Open Inference Protocol has it.", "Its name and version."),
    Call("GET", "/v2/health/live", "Whether the process runs.", "ok", media="text/plain", keyed=False),
    Call("GET", "/v2/health/ready", "Whether it takes requests.", "ok", media="text/plain", keyed=False),
    *(
        call
        for of in ("/v2/models/{model}", f"/v2/models/{{model}}{VERSION}")
        for call in (
            Call("GET", of, "One model: its inputs and outputs.", "The model."),
            Call("GET", f"{of}/ready", "Whether the model takes requests.", "ok", media="text/plain"),
            Call("POST", f"{of}/infer", "Answer a tensor, or take a step of a sequence.", "Tensors.", body=Infer),
        )
    ),
    Call("GET", "/metrics", "Figures for Prometheus.", "Text.", media="text/plain"),
    Call("GET", "/live", "Whether the process runs.", "ok", media="text/plain", keyed=False),
    Call("GET", "/ready", "Whether it takes requests.", "ok", media="text/plain", keyed=False),
)  # fmt: skip

ERRORS = {
    "400": "The request does not fit.",
    "401": "The key is missing or wrong.",
    "404": "There is no such model or session.",
    "409": "The push does not follow what was taken; `expected` is what `at` has to be.",
    "413": "The body is too large.",
    "422": "The model cannot read the input.",
    "429": "A limit is reached: try again after Retry-After seconds.",
    "503": "The store failed, or the server is about to stop.",
}


def _form(fields: Sequence[str]) -> dict[str, object]:
    properties = {
        "file": {"type": "string", "format": "binary"},
        **{name: {"type": "string"} for name in fields},
    }
    needed = [name for name in ("file", "model") if name in properties]
    return {"schema": {"type": "object", "properties": properties, "required": needed}}


def openapi(
    version: str, models: Sequence[Mapping[str, object]] = (), *, keys: bool = True
) -> dict[str, object]:
    """The routes as OpenAPI 3.1 has them, with the examples of these models; `keys`: whether the server wants them."""
    paths: dict[str, dict[str, object]] = {}
    some, components = msgspec.json.schema_components(
        [call.body for call in CALLS if call.body is not None],
        ref_template="#/components/schemas/{name}",
        schema_hook=lambda _: {"description": "any value of JSON"},  # of `object`
    )
    schemas = iter(some)
    for call in CALLS:
        names = [part[1:-1] for part in call.path.split("/") if part.startswith("{")]
        medias = (call.media, "text/event-stream") if call.events else (call.media,)
        said: dict[str, object] = {
            "summary": call.about,
            "operationId": re.sub(r"\W+", "_", f"{call.method.lower()}{call.path}").strip("_"),
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
            ],
            "responses": {
                str(call.status): {
                    "description": call.answer,
                    **({"content": {media: {} for media in medias}} if call.status != 204 else {}),
                },
                **{status: {"description": about} for status, about in ERRORS.items() if call.keyed},
            },
            "security": [{"key": []}] if call.keyed and keys else [],
        }
        content: dict[str, object] = {}
        if call.body is not None:
            content["application/json"] = {
                "schema": next(schemas),
                **_shown(call.path.replace(VERSION, ""), models),
            }
        if call.form is not None:
            content["multipart/form-data"] = _form(call.form)
        if call.state:
            content[STATE] = {"schema": {"type": "string", "format": "binary"}}
        if content:
            said["requestBody"] = {"content": content, "required": True}
        paths.setdefault(call.path, {})[call.method.lower()] = said
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hitherto",
            "version": version,
            "description": "Recurrent models, and their sessions.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _shown(path: str, models: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The example of the first model that has one of this route."""
    for model in models:
        bodies = model["examples"]
        assert isinstance(bodies, dict)  # noqa: S101 - as `examples` makes them
        if path in bodies:
            return {"example": bodies[path]}
    return {}


_SCRIPT = """
const $ = (name, set, ...inside) => {
  const element = Object.assign(document.createElement(name), set);
  element.append(...inside);
  return element;
};
const key = $("input", {placeholder: "key, if the server has keys", type: "password", onchange: () => list()});
const values = {model: $("select", {onchange: () => choose()}), session: $("input", {placeholder: "session"})};
document.body.append($("p", {}, "model ", values.model, " session ", values.session, " key ", key));
const rows = CALLS.map(call => {
  const body = call.body ? $("textarea", {value: "{}", rows: 3, spellcheck: false}) : null;
  const file = call.form ? $("input", {type: "file"}) : null;
  const out = $("pre", {});
  const row = {call, body, file, out};
  const title = $("h2", {textContent: `${call.method} ${call.path}`});
  const button = $("button", {textContent: "send", onclick: () => send(row)});
  const given = [body, file].filter(Boolean);
  row.section = $("section", {}, title, $("p", {textContent: call.about}), ...given, button, out);
  document.body.append(row.section);
  return row;
});
const headers = () => key.value ? {authorization: "Bearer " + key.value} : {};
const list = async () => {
  const models = await fetch("v1/models", {headers: headers()}).then(r => r.json());
  values.model.replaceChildren(...(models.data ?? []).map(one => $("option", {textContent: one.id})));
  if (values.model.value) choose();
};
const choose = async () => {
  const path = "v1/models/" + encodeURIComponent(values.model.value);
  const about = await fetch(path, {headers: headers()}).then(r => r.json());
  for (const {call, body, file, section} of rows) {
    const example = about.examples?.[call.path];
    section.hidden = (body || file) && !example;
    if (body && example) body.value = JSON.stringify(example);
    if (file) { file.accept = about.files.join(","); file.hidden = !about.files.length; file.value = ""; }
  }
};
const send = async ({call, body, file, out}) => {
  if (call.path.includes("{session}") && !values.session.value) {
    out.textContent = "begin a session first: POST /v1/models/{model}/sessions";
    return;
  }
  const path = call.path.replace(/{(\\w+)}/, (_, name) => encodeURIComponent(values[name].value)).slice(1);
  const asked = {method: call.method, headers: headers()};
  if (file?.files.length) {
    asked.body = new FormData();
    asked.body.append("file", file.files[0]);
    if (call.form.includes("model")) asked.body.append("model", values.model.value);
  } else if (body) {
    asked.headers["content-type"] = "application/json";
    asked.body = body.value;
  }
  const r = await fetch(path, asked);
  const bytes = r.headers.get("content-type")?.includes("state");
  const text = bytes ? `${(await r.arrayBuffer()).byteLength} bytes` : await r.text();
  out.textContent = `${r.status} ${text}`;
  try {
    const answer = JSON.parse(text);
    values.session.value = answer.session ?? values.session.value;
    const at = answer.at ?? answer.expected;
    for (const other of rows) {
      if (at === undefined || !other.call.path.endsWith("/push")) continue;
      other.body.value = JSON.stringify({...JSON.parse(other.body.value), at});
    }
  } catch {}
};
list();
"""
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "h2{font:600 15px ui-monospace,monospace;margin:1.5em 0 0}p{margin:.2em 0}"
    "textarea{width:100%;font:13px ui-monospace,monospace}"
    "section input[type=file]{display:block;margin:.3em 0}section[hidden],input[hidden]{display:none!important}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;margin:.3em 0}pre:not(:empty){padding:.5em}"
)


def _script() -> str:
    calls = [
        {
            "method": call.method,
            "path": call.path,
            "about": call.about,
            "body": call.body is not None,
            "form": call.form,
        }
        for call in CALLS
        if VERSION not in call.path
    ]
    return f"const CALLS = {msgspec.json.encode(calls).decode()};{_SCRIPT}"


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


POLICY = f"default-src 'none'; connect-src 'self'; script-src {_hash(_script())}; style-src {_hash(_STYLE)}"


def html() -> str:
    """A page that asks nothing of any other server."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Hitherto</title>'
        f"<style>{_STYLE}</style><body><h1>Hitherto</h1>"
        '<p>Every route of this server, with an example that runs. <a href="openapi.json">openapi.json</a></p>'
        f"<script>{_script()}</script></body></html>"
    )
