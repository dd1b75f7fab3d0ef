"""What the server says of itself: an OpenAPI document, and the page at /docs that shows it and sends its examples."""

import base64
import hashlib
import re
from dataclasses import dataclass

import msgspec

__all__ = ["POLICY", "html", "openapi"]


@dataclass(frozen=True, slots=True)
class Call:
    """One route."""

    method: str
    path: str
    about: str
    answer: str  # what comes back
    status: int = 200
    body: dict[str, object] | None = None  # an example of a JSON body
    media: str = "application/json"  # of the answer
    keyed: bool = True


CALLS = (
    Call("GET", "/v1/models", "The models that are served.", "A list."),
    Call("GET", "/v1/models/{model}", "One model: its task, digest, and whether it streams.", "The model."),
    Call(
        "POST", "/v1/models/{model}/predict", "Answer whole inputs. Files come as multipart/form-data.",
        "An answer for each input.", body={"inputs": ["a text"], "details": True},
    ),
    Call(
        "POST", "/v1/models/{model}/generate", "Continue a prompt. With stream: Server-Sent Events.",
        "The text that follows.", body={"prompt": "The ", "stream": False, "options": {"max_new_tokens": 40}},
    ),
    Call(
        "POST", "/v1/models/{model}/sessions", "Begin a session; or go on from a saved state, as the body.",
        "The session, before any input.", 201, body={},
    ),
    Call("GET", "/v1/sessions/{session}", "A session: its model, and how many inputs it has taken.", "The session."),
    Call("DELETE", "/v1/sessions/{session}", "Forget a session.", "Nothing.", 204),
    Call(
        "POST", "/v1/sessions/{session}/push",
        "Take inputs. `at` is how many you know were taken: a push that comes again is answered again.",
        "What became final, and `at` after it.", body={"at": 0, "inputs": ["a text "], "finish": False},
    ),
    Call("GET", "/v1/sessions/{session}/peek", "The answer so far, as if the input ended here.", "The answer."),
    Call("POST", "/v1/sessions/{session}/fork", "Another session that has taken the same.", "The new session.", 201),
    Call(
        "GET", "/v1/sessions/{session}/state", "The state, as safetensors. The header hitherto-at is `at`.",
        "The state.", media="application/vnd.hitherto.state",
    ),
    Call("PUT", "/v1/sessions/{session}/state", "Go on from a saved state, with the query `at`.", "The session."),
    Call(
        "POST", "/v1/completions", "Continue a prompt, as OpenAI's API has it.", "The text that follows.",
        body={"model": "MODEL", "prompt": "The ", "max_tokens": 40},
    ),
    Call(
        "POST", "/v1/chat/completions", "Reply to a conversation, as OpenAI's API has it.", "The reply.",
        body={"model": "MODEL", "messages": [{"role": "user", "content": "Hello"}]},
    ),
    Call("POST", "/v1/audio/transcriptions", "The text of a recording, as OpenAI's API has it.", "The text."),
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


def openapi(version: str) -> dict[str, object]:
    """The routes as OpenAPI 3.1 has them."""
    paths: dict[str, dict[str, object]] = {}
    for call in CALLS:
        names = [part[1:-1] for part in call.path.split("/") if part.startswith("{")]
        said: dict[str, object] = {
            "summary": call.about,
            "operationId": re.sub(r"\W+", "_", f"{call.method.lower()}{call.path}").strip("_"),
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
            ],
            "responses": {
                str(call.status): {
                    "description": call.answer,
                    **({"content": {call.media: {}}} if call.status != 204 else {}),
                },
                **{status: {"description": about} for status, about in ERRORS.items() if call.keyed},
            },
            "security": [{"key": []}] if call.keyed else [],
        }
        if call.body is not None:
            content = {"application/json": {"schema": {"type": "object"}, "example": call.body}}
            said["requestBody"] = {"content": content}
        paths.setdefault(call.path, {})[call.method.lower()] = said
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hitherto",
            "version": version,
            "description": "Recurrent models, and their sessions.",
        },
        "paths": paths,
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


_SCRIPT = """
const $ = (name, set, ...inside) => {
  const element = Object.assign(document.createElement(name), set);
  element.append(...inside);
  return element;
};
const key = $("input", {placeholder: "key, if the server has keys", type: "password"});
const values = {model: $("input", {placeholder: "model"}), session: $("input", {placeholder: "session"})};
document.body.append($("p", {}, "key ", key, " model ", values.model, " session ", values.session));
fetch("v1/models").then(r => r.json()).then(j => { if (j.data) values.model.value = j.data[0].id; });
const send = async (call, body, out) => {
  const path = call.path.replace(/{(\\w+)}/, (_, name) => encodeURIComponent(values[name].value));
  const headers = key.value ? {authorization: "Bearer " + key.value} : {};
  if (body) headers["content-type"] = "application/json";
  const r = await fetch(path.slice(1), {method: call.method, headers, body: body ? body.value : undefined});
  const bytes = r.headers.get("content-type")?.includes("state");
  const text = bytes ? `${(await r.arrayBuffer()).byteLength} bytes` : await r.text();
  out.textContent = `${r.status} ${text}`;
  try { values.session.value = JSON.parse(text).session ?? values.session.value; } catch {}
};
for (const call of CALLS) {
  const body = call.body ? $("textarea", {value: JSON.stringify(call.body), rows: 2}) : null;
  const out = $("pre", {});
  const title = $("h2", {textContent: `${call.method} ${call.path}`});
  const button = $("button", {textContent: "send", onclick: () => send(call, body, out)});
  const about = $("p", {textContent: call.about});
  document.body.append($("section", {}, title, about, ...(body ? [body] : []), button, out));
}
"""
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "h2{font:600 15px ui-monospace,monospace;margin:1.5em 0 0}p{margin:.2em 0}"
    "textarea{width:100%;font:13px ui-monospace,monospace}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;margin:.3em 0}pre:not(:empty){padding:.5em}"
)


def _script() -> str:
    calls = [
        {"method": call.method, "path": call.path, "about": call.about, "body": call.body} for call in CALLS
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
