"""The studio: its token, its live views, and its page in a real browser, a flow for each page."""

import base64
import gzip
import io
import itertools
import json
import shutil
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import browser
import numpy as np
import pytest

pytest.importorskip("starlette")

from safetensors.numpy import load
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import hitherto
from hitherto.studio import app
from hitherto.studio.run import token
from hitherto.studio.starters import STARTERS
from hitherto.studio.views import VIEWS
from hitherto.studio.views.base import ROWS, Asked, Memory

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
STATIC = ROOT / "src" / "hitherto" / "studio" / "static"
TOKEN = "a" * 48
KEY = {"authorization": f"Bearer {TOKEN}"}
MODELS = (
    "lm",
    "lm-chars",
    "forecast",
    "forecast-steps",
    "forecast-with-covariates",
    "forecast-two",
    "tag-two-ways",
    "translate",
    "translate-without-attention",
    "answer",
    "chat",
    "classify-chars",
    "classify-strokes",
    "classify-pictures",
    "caption",
    "transcribe",
    "transcribe-one-way",
    "compose",
    "handwrite",
    "handwrite-freely",
)


# ------------------------------------------------------------------------------------------------------ the server


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    made = app(*(str(GOLDEN / f"{name}.safetensors") for name in MODELS), token=TOKEN)
    with TestClient(made, base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


class Asking:
    """A live view, as a page talks to it."""

    def __init__(self, socket: Any) -> None:
        self.socket, self.about = socket, socket.receive_json()

    def frames(self, call: str, **asks: object) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        self.socket.send_text(json.dumps({"id": 7, "call": call, **asks}))
        frames = []
        while True:
            came = self.socket.receive()
            if came.get("text") is not None:
                said = json.loads(came["text"])
                assert said["id"] in (0, 7), said
                if "error" in said:
                    raise ValueError(said["error"])
                return frames
            tensors = load(came["bytes"])
            said = json.loads(tensors.pop("said").tobytes())
            assert said["id"] == 7
            frames.append((said, tensors))

    def whole(self, call: str, **asks: object) -> dict[str, Any]:
        """The frames as one; the rows of `p` as they stand at the end."""
        made: dict[str, Any] = {"p": np.zeros(0)}
        for said, tensors in self.frames(call, **asks):
            p = tensors.pop("p", None)
            made |= {**said, **tensors}
            if p is not None:
                made["p"] = np.concatenate([made["p"][: said["row"]], p])
        return made


@contextmanager
def looking(client: TestClient, model: str) -> Iterator[Asking]:
    with client.websocket_connect(f"ws://localhost/studio/live/{model}", headers=KEY) as socket:
        yield Asking(socket)


def test_nobody_gets_in_without_the_token(client: TestClient) -> None:
    for path in ("/", "/studio/models", "/studio/studio.js", "/v1/models", "/docs", "/?token=b", "/nothing"):
        answer = client.get(path, headers={"authorization": "Bearer b"})
        assert answer.status_code == 403
        assert "Open the link" in answer.text
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("ws://localhost/studio/live/lm"):
        pass


def test_the_link_lets_its_reader_in_and_a_cookie_keeps_the_door_open() -> None:
    with TestClient(
        app(str(GOLDEN / "lm.safetensors"), token=TOKEN), base_url="http://localhost:8010"
    ) as client:
        answer = client.get(f"/?token={TOKEN}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("hitherto-8010=")
        assert "HttpOnly" in cookie
        page = client.get("/")
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert client.get("/v1/models").status_code == 200
        assert client.get("/studio/models").json()["models"][0]["name"] == "lm"
        assert client.get("/", headers={"host": "evil.example"}).status_code == 403  # it has no such cookie


def test_another_host_and_another_origin_are_refused(client: TestClient) -> None:
    assert client.get("/", headers={**KEY, "host": "evil.example"}).status_code == 400
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(
            "ws://localhost/studio/live/lm", headers={**KEY, "origin": "http://evil.example"}
        ),
    ):
        pass


def test_the_token_stays_from_start_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = token()
    assert token() == first
    path = tmp_path / "hitherto" / "studio-token"
    assert path.stat().st_mode & 0o077 == 0
    path.chmod(0o644)  # somebody else may have read it
    second = token()
    assert second != first
    assert token(fresh=True) != second


def test_no_torch() -> None:
    program = "import sys; sys.modules['torch'] = None; import hitherto.studio, hitherto.studio.run"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_files_of_the_page_and_no_others(client: TestClient) -> None:
    script = client.get("/studio/studio.js", headers=KEY)
    assert script.headers["content-type"].startswith("text/javascript")
    assert (
        client.get("/studio/studio.js", headers={**KEY, "if-none-match": script.headers["etag"]}).status_code
        == 304
    )
    for name in ("nothing.js", "%2e%2e", "%2e%2e%2fapp.py"):
        assert client.get(f"/studio/{name}", headers=KEY).status_code == 404


def test_every_view_is_of_a_task() -> None:
    assert set(VIEWS) <= set(hitherto.spec.tasks.TASKS)


# ------------------------------------------------------------------------------------------------------ live views


@pytest.mark.parametrize("name", ["lm", "lm-chars"])
def test_a_text_that_is_changed_is_read_as_if_it_were_new(client: TestClient, name: str) -> None:
    text = "the cat sat on the mat. " * 60 + "the c"
    with looking(client, name) as view:
        view.whole("write", keep=0, text=text[:900] + "a dog ran")
        changed = view.whole("write", keep=900, text=text[900:])
    with looking(client, name) as view:
        whole = view.whole("write", keep=0, text=text)
        look = view.whole("look")
    stream = hitherto.open(GOLDEN / f"{name}.safetensors").stream()
    rows = stream.push(text)
    assert whole["taken"] == changed["taken"] == len(text)
    np.testing.assert_allclose(whole["p"], [row["probability"] for row in rows], rtol=1e-6)
    np.testing.assert_array_equal(changed["p"], whole["p"][changed["row"] and -len(changed["p"]) :])
    assert [p for _, p in whole["words"]] == pytest.approx([p for _, p in stream.peek(6)], rel=1e-6)
    np.testing.assert_allclose(changed["strip"][-20:], look["strip"][-20:], atol=1e-6)


@pytest.mark.parametrize("name", ["lm", "lm-chars"])
def test_the_strip_is_what_inspect_shows(client: TestClient, name: str) -> None:
    model = hitherto.open(GOLDEN / f"{name}.safetensors")
    with looking(client, name) as view:
        view.whole("write", keep=0, text="the cat sat ")
        strips = {
            part: view.whole("look", memory={"part": part}) for part in ("h", "o" if name == "lm" else "z")
        }
        rests = view.whole("rests")["rests"]
    seen = model.inspect("the cat sat ", measure=["gradient"])
    for part, shown in strips.items():
        layer = seen.layer(shown["memory"]["layer"])
        values = {**layer.gates, **layer.states}[part]
        count = min(len(values), len(shown["strip"]))
        np.testing.assert_allclose(shown["strip"][:count], values[:count, shown["units"]], atol=1e-5)
        assert (np.diff(shown["half_life"]) <= 0).all()
    if name == "lm-chars":  # the same last answer is explained, without the mark that the text begins
        np.testing.assert_allclose(rests, seen.rests["gradient"]["x"][-1][1:], atol=1e-5)


def test_two_futures(client: TestClient) -> None:
    with looking(client, "lm-chars") as view:
        view.whole("write", keep=0, text="the cat sat")
        layer = view.whole("look")["memory"]["layer"]
        plain = view.whole("fork")
        silent = view.whole("fork", silent=[[layer, 1]])
        held = view.whole("fork", held=[[layer, "h", 1, 5.0]])
        other = view.whole("fork", text="the hat sat")
        with pytest.raises(ValueError, match="no unit 99"):
            view.whole("fork", silent=[[layer, 99]])
        with pytest.raises(ValueError, match="no such unit"):
            view.whole("fork", held=[[layer, "c", 1, 5.0]])
    assert all(one == other for _, one, other in plain["next"])
    assert not plain["apart"].any()
    for changed in (silent, held, other):
        known = {piece: one for piece, one, _ in plain["next"]}
        assert all(one == known.get(piece, one) for piece, one, _ in changed["next"])
        assert any(one != other for _, one, other in changed["next"])
        assert changed["texts"]["one"] == plain["texts"]["one"]
        assert changed["apart"][0] > 0
    with looking(client, "lm-chars") as view:  # another past is a past like any other
        view.whole("write", keep=0, text="the hat sat")
        known = {piece: one for piece, one, _ in view.whole("fork")["next"]}
        assert all(p == pytest.approx(known.get(piece, p)) for piece, _, p in other["next"])
    model = hitherto.open(GOLDEN / "lm-chars.safetensors")
    from hitherto.inspect.trace import trace

    ids = np.concatenate([[model.source.start_id], model.codecs["input"].encode("the cat sat")])[:, None]
    for change, shown in ((None, plain), ({layer: np.array([1, 0, 1, 1], np.float32)}, silent)):
        params = trace(model.plan, model.tensors, {"x": ids}, change=change).params.value[-1, 0]
        p = np.exp(params - params.max()) / np.exp(params - params.max()).sum()
        assert max(other for _, _, other in shown["next"]) == pytest.approx(p.max(), rel=1e-4)


def test_a_trace_goes_on_from_a_state() -> None:
    from hitherto.inspect.trace import trace

    model = hitherto.open(GOLDEN / "lm-chars.safetensors")
    ids = np.array([[1], [2], [3], [4], [5]])
    whole = trace(model.plan, model.tensors, {"x": ids})
    first = trace(model.plan, model.tensors, {"x": ids[:3]})
    end = {name: value.value for name, value in first.end.items()}
    rest = trace(model.plan, model.tensors, {"x": ids[3:]}, begin=end)
    np.testing.assert_allclose(rest.params.value, whole.params.value[3:], atol=1e-6)


def test_a_model_goes_on_with_a_text(client: TestClient) -> None:
    with looking(client, "lm") as view:
        view.whole("write", keep=0, text="the cat sat on ")
        made = "".join(said["text"] for said, _ in view.frames("go", length=20, seed=3))
        assert made == "".join(said["text"] for said, _ in view.frames("go", length=20, seed=3))
        assert made.strip()
        assert made != "".join(said["text"] for said, _ in view.frames("go", length=20, seed=4))


@pytest.mark.parametrize("name", ["forecast", "forecast-steps", "forecast-with-covariates", "forecast-two"])
def test_a_point_that_is_moved_gives_the_forecast_of_the_changed_series(
    client: TestClient, name: str
) -> None:
    with looking(client, name) as view:
        view.whole("read", name="", text="")
        made = view.whole("open", series=0)
        points = np.array(made["points"])
        points[200:, 0] += 2.5
        moved = view.whole("write", keep=200, points=points[200:].tolist())
        anew = view.whole("write", keep=0, points=points.tolist())
    assert made["quantiles"].shape == (5, view.about["horizon"], view.about["channels"])
    assert (np.diff(moved["quantiles"], axis=0) >= 0).all()
    assert np.abs(moved["quantiles"] - made["quantiles"]).max() > 0.1
    np.testing.assert_allclose(moved["quantiles"], anew["quantiles"], rtol=1e-5)
    np.testing.assert_allclose(moved["strip"][-5:], anew["strip"][-5:], atol=1e-5)


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("forecast*.safetensors")))
def test_many_observations_at_once_are_those_one_by_one(name: str) -> None:
    model = hitherto.open(GOLDEN / f"{name}.safetensors")
    codec: Any = model.codecs["input"]
    random = np.random.default_rng(5)
    values = 10 + random.normal(size=(30, codec.channels)).cumsum(0)
    values[7] = np.nan
    counts = model.plan["head"]["kind"] == "negative_binomial"
    values = np.abs(values.round()) if counts else values
    known = (
        np.array([[column.example() for column in codec.known]] * codec.horizon, object)
        if codec.known
        else None
    )
    static = np.array([column.example() for column in codec.static], object) if codec.static else None
    times = np.datetime64("2024-01-01", "us") + np.arange(30) * np.timedelta64(1, "D")
    one, many = model.stream(), model.stream()
    rows: list[dict[str, Any]] = []
    for value, when in zip(values, times, strict=True):
        rows += one.observe(value, str(when), known, static)  # type: ignore[arg-type]
    parts = [
        many.run(values[a:b], times[a:b], None if known is None else np.repeat(known[None], b - a, 0), static)  # type: ignore[attr-defined]
        for a, b in ((0, 0), (0, 1), (1, 12), (12, 30))
    ]
    expected, score = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    for t, row in enumerate(rows):
        for name_, shown in (("expected", expected[t]), ("score", score[t])):
            wanted = np.array(
                [np.nan if v is None else v for v in np.ravel(np.array(row[name_], object))], float
            )
            np.testing.assert_allclose(
                np.broadcast_to(wanted, shown.shape), shown, rtol=1e-5, err_msg=f"{t} {name_}"
            )
    np.testing.assert_allclose(*([row["y"] for row in stream.peek()] for stream in (many, one)), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "fields"),
    [("translate", ["kein hund ein"]), ("translate-without-attention", ["The "]), ("answer", ["mary is", "is john"])],
)  # fmt: skip
def test_a_text_is_answered_as_predict_answers_it(client: TestClient, name: str, fields: list[str]) -> None:
    model = hitherto.open(GOLDEN / f"{name}.safetensors")
    row = dict(zip(model.columns, fields, strict=True))
    (wanted,) = model.predict([row], details=True, attention=True, n_best=4, num_beams=4)
    with looking(client, name) as view:
        made = view.whole("write", fields=fields)
        rests = view.whole("rests")["rests"]
        with pytest.raises(ValueError, match="no such text"):
            view.whole("rests", text=9)
        with pytest.raises(ValueError, match="expected"):
            view.whole("write", fields=[*fields, "more"])
    assert [one["text"] for one in made["texts"]] == [one["text"] for one in (wanted, *wanted["others"])]
    best = made["texts"][0]
    np.testing.assert_allclose(np.log(made["p.0"]).sum(), best["log_prob"], rtol=1e-4)
    seen = model.inspect([row], num_beams=4, explain=100)
    assert view.about["attends"] == ("attention.0" in made) == (seen.attention is not None)
    if seen.attention is not None:
        np.testing.assert_allclose(made["attention.0"], seen.attention[: len(best["pieces"])], atol=1e-5)
    said = [seen.classes.index(piece) for piece in best["pieces"]]
    assert rests.shape == (len(said), len(made["source"]))
    for place, of in enumerate(said[:2]):
        asked = model.inspect([row], num_beams=4, explain=100, of=of, measure=["gradient"])
        np.testing.assert_allclose(rests[place], asked.rests["gradient"]["source"][place], atol=1e-5)
    layer = seen.layer(made["memory"]["layer"])
    np.testing.assert_allclose(
        made["strip"], layer.states["h"][: len(made["strip"]), made["units"]], atol=1e-5
    )


def test_a_conversation_is_answered_as_a_stream_answers_it(client: TestClient) -> None:
    stream = hitherto.open(GOLDEN / "chat.safetensors").stream()
    turns: list[list[str]] = []
    with looking(client, "chat") as view:
        for said in ("hello there", "how are you", "bob"):
            stream.push(said)
            wanted = stream.finish()["text"]
            turns.append([">", said])
            made = view.whole("write", turns=turns)
            assert made["texts"][0]["text"] == wanted
            turns.append(["<", wanted])
        drawn = [view.whole("write", turns=turns[:1], temperature=1.0, seed=s)["texts"] for s in (1, 1, 2)]
        assert drawn[0] == drawn[1] != drawn[2]
        assert len(drawn[0]) == 1


def letters(numbers: Any) -> str:
    """Numbers as a page sends them."""
    return base64.b64encode(numbers.tobytes()).decode()


@pytest.mark.parametrize("name", ["transcribe", "transcribe-one-way"])
def test_sound_is_heard_in_parts_as_predict_hears_it_whole(client: TestClient, name: str) -> None:
    model = hitherto.open(GOLDEN / f"{name}.safetensors")
    rate = model.codecs["input"].rate  # type: ignore[attr-defined]
    sound = np.random.default_rng(2).normal(size=rate).astype(np.float32) * np.linspace(0.1, 0.9, rate)
    sound = sound.astype(np.float32)
    (wanted,) = model.predict([hitherto.Sound(sound, rate)], details=True)
    cuts = [0, rate // 3, rate // 2, rate]
    finals = []
    with looking(client, name) as view:
        for _ in range(2):  # a second recording begins anew
            for a, b in itertools.pairwise(cuts):
                made = view.whole("hear", samples=letters(sound[a:b]), fresh=a == 0, last=b == rate)
                finals.append(made.get("final", 0))
        with pytest.raises(ValueError, match="4 bytes"):
            view.whole("hear", samples=base64.b64encode(b"abc").decode())
        with pytest.raises(ValueError, match="no number"):
            view.whole("hear", samples=letters(np.full(4, np.nan, np.float32)))
        assert bool(view.about["why"]) == (name == "transcribe")
    assert wanted["text"]
    assert "".join(made["pieces"]) == wanted["text"]
    np.testing.assert_allclose(made["at"], wanted["at"], atol=1e-4)
    assert made["final"] == len(made["pieces"])
    assert finals[:3] == finals[3:] == sorted(finals[:3])
    seen = model.inspect([hitherto.Sound(sound, rate)], measure=[], steps=1000)
    layer = seen.layer(made["memory"]["layer"])
    np.testing.assert_allclose(
        made["strip"], layer.states["h"][: len(made["strip"]), made["units"]], atol=1e-4
    )


def test_music_is_played_and_answered(client: TestClient) -> None:
    model = hitherto.open(GOLDEN / "compose.safetensors")
    roll = [[60], [60, 63], [], [57]]
    with looking(client, "compose") as view:
        view.whole("read", keep=0, roll=[[60], [70], [70]])
        made = view.whole("read", keep=1, roll=roll[1:])
        steps = [said["step"] for said, _ in view.frames("go", length=9, temperature=0.7, seed=5)]
        assert made["taken"] == 4
        with pytest.raises(ValueError, match="at most"):
            view.whole("read", keep=0, roll=[[60]] * 5000)
    rows = model.stream().push(roll)
    np.testing.assert_allclose(made["nats"], [row["nats"] for row in rows], rtol=1e-5)
    assert steps == model.generate(roll, steps=9, temperature=0.7, seed=5)[len(roll) :]
    assert all(view.about["low"] <= key <= view.about["high"] for step in steps for key in step)


@pytest.mark.parametrize("name", ["handwrite", "handwrite-freely"])
def test_a_pen_writes_what_generate_writes(client: TestClient, name: str) -> None:
    model = hitherto.open(GOLDEN / f"{name}.safetensors")
    with looking(client, name) as view:
        text = view.about["example"]
        frames = view.frames("write", text=text, bias=0.5, seed=3)
        look = view.whole("look")
    moves = np.concatenate([tensors["moves"] for _, tensors in frames if "moves" in tensors])
    wanted = np.array(model.generate(text or None, bias=0.5, seed=3))
    np.testing.assert_allclose(moves[:, :2], wanted[:, :2], atol=1e-3)
    assert len(look["strip"]) == len(moves)
    (last,) = [(said, tensors) for said, tensors in frames if "pieces" in said]
    assert "".join(last[0]["pieces"]).removesuffix("<eos>") == text
    if text:
        seen = last[1]["attention"]
        assert (seen >= 0).all()
        assert (seen.sum(1) > 0.1).all()
        assert last[1]["attention"].shape == (len(moves), len(last[0]["pieces"]))


def test_a_picture_is_captioned_as_predict_does(client: TestClient) -> None:
    model = hitherto.open(GOLDEN / "caption.safetensors")
    pixels = np.random.default_rng(4).integers(0, 255, (20, 30, 3), np.uint8)
    (wanted,) = model.predict([pixels], details=True, n_best=4)
    with looking(client, "caption") as view:
        made = view.whole("write", width=30, height=20, pixels=letters(pixels))
        with pytest.raises(ValueError, match="3 bytes"):
            view.whole("write", width=30, height=20, pixels=letters(pixels[1:]))
    assert [one["text"] for one in made["texts"]] == [one["text"] for one in (wanted, *wanted["others"])]
    assert made["attention.0"].shape == (len(made["texts"][0]["pieces"]), len(made["source"]))
    assert made["grid"] == [2, 2]
    assert made["source"][1] == "row\u00a01,\u00a0column\u00a02"
    assert made["seen"].shape == (6, 8, 3)


def test_a_table_is_read_and_a_bad_one_says_why(client: TestClient) -> None:
    table = "unique_id,ds,y\n" + "".join(
        f"{s},2024-01-{d:02d},{d + len(s)}\n" for s in ("a", "bb") for d in range(1, 29)
    )
    with looking(client, "forecast-steps") as view:
        listed = view.whole("read", name="sales.csv", text=table)
        assert [row["name"] for row in listed["series"]] == ["a", "bb"]
        assert listed["sparks"].shape == (2, 64)
        made = view.whole("open", series=1)
        assert made["times"][0].startswith("2024-01-01")
        assert made["ahead"][0].startswith("2024-01-29")
        for name, text, why in (
            ("a.csv", "x,y\n1,2\n", "unique_id"),
            ("a.csv", "unique_id,ds,y\na,never,1\n", "never"),
            ("a.exe", "1", "ends in"),
        ):
            with pytest.raises(ValueError, match=why):
                view.whole("read", name=name, text=text)
        assert view.whole("write", keep=28, points=[[3.0]])["taken"] == 29  # nothing was lost
        with pytest.raises(ValueError, match="no such series"):
            view.whole("open", series=9)
        with pytest.raises(ValueError, match="1 numbers"):
            view.whole("write", keep=0, points=[[1.0, 2.0]])


def test_what_does_not_fit_is_refused_and_the_view_goes_on(client: TestClient) -> None:
    with looking(client, "lm") as view:
        for bad in (
            "{",
            "[]",
            '{"call": "nonsense"}',
            '{"call": "write", "keep": -1, "text": ""}',
            '{"id": "x"}',
            "[" * 9999,
        ):
            view.socket.send_text(bad)
            assert "does not fit" in view.socket.receive_json()["error"]
        assert view.whole("write", keep=5, text="the cat ")["taken"] == 8
    with client.websocket_connect("ws://localhost/studio/live/nothing", headers=KEY) as socket:
        assert "no model" in socket.receive_json()["error"]


def test_a_newer_call_ends_an_older_one(client: TestClient) -> None:
    text = "the cat sat on the mat. " * 4000
    with looking(client, "lm-chars") as view:
        view.socket.send_text(json.dumps({"id": 3, "call": "write", "keep": 0, "text": text}))
        view.socket.send_text('{"call":"stop"}')
        taken = 0
        while "text" not in (came := view.socket.receive()) or came.get("text") is None:
            taken = json.loads(load(came["bytes"])["said"].tobytes()).get("taken", taken)
        assert json.loads(came["text"]) == {"id": 3, "end": True}
        assert taken < len(text)
        assert view.whole("write", keep=taken, text="the end.")["taken"] == taken + 8


def test_a_wide_layer_is_shown_in_part() -> None:
    from hitherto.inspect import LayerSeen

    wide, memory = np.linspace(0.1, 0.99, 4096, dtype=np.float32), Memory()
    f = np.broadcast_to(wide, (3, 4096))
    layer = LayerSeen("step.recurrent.0", "lstm", False, {"h": f}, {"f": f}, wide, {})
    said, arrays = memory.strip([layer], Asked(), 0)
    assert arrays["strip"].shape == (3, ROWS)
    assert arrays["units"][0] == 4095
    assert arrays["units"][-1] == 0
    assert said["memory"]["layers"][0]["units"] == 4096  # type: ignore[index]


@pytest.mark.parametrize("name", ["classify-chars", "classify-strokes", "tag-two-ways"])
def test_an_answer_is_that_of_predict(client: TestClient, name: str) -> None:
    value: Any = [[[0, 0], [1, 1], [2, 3]], [[3, 3], [4, 4]]] if name == "classify-strokes" else "a good film"
    model = hitherto.open(GOLDEN / f"{name}.safetensors")
    with looking(client, name) as view:
        seen = view.whole("see", values=[value])
        assert seen["answers"].shape == (len(seen["words"]), len(seen["names"]))
        answer = model.predict([value])[0]
        assert (seen["said"] if view.about["each"] else seen["said"][-1]) == answer
        other = view.whole("see", values=[value], of=seen["names"][-1])
        inspected = model.inspect([value], measure=["gradient"], of=seen["names"][-1])
        np.testing.assert_allclose(other["rests"], inspected.rests["gradient"]["x"][-1], atol=1e-6)
        with pytest.raises(ValueError, match="a value for each"):
            view.whole("see", values=[])
        if name == "classify-strokes":  # a text would be the name of a file
            with pytest.raises(ValueError, match="send its numbers"):
                view.whole("see", values=["/etc/hosts"])


def test_a_table_beside_the_bundle_is_opened_first(tmp_path: Path) -> None:
    bundle = tmp_path / "sales.safetensors"
    shutil.copy(GOLDEN / "forecast-steps.safetensors", bundle)
    bundle.with_suffix(".csv").write_text(
        "unique_id,ds,y\n" + "".join(f"shop,2024-01-{d:02d},{d}\n" for d in range(1, 29)), encoding="utf-8"
    )
    with (
        TestClient(app(str(bundle), token=TOKEN), base_url="http://localhost") as client,
        looking(client, "sales") as view,
    ):
        listed = view.whole("read")
        assert (listed["name"], [row["name"] for row in listed["series"]]) == ("sales.csv", ["shop"])


# ------------------------------------------------------------------------------------------------------ starters


def test_the_data_of_the_starters(tmp_path: Path) -> None:
    for name, starter in STARTERS.items():
        assert starter.data(tmp_path).stat().st_size > 100_000, name
    drawings = [
        json.loads(line) for line in (tmp_path / "digits.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert {row["digit"] for row in drawings} == set("0123456789")
    assert drawings[3]["strokes"] != drawings[13]["strokes"]
    model = hitherto.open(GOLDEN / "classify-strokes.safetensors")
    assert len(model.predict([row["strokes"] for row in drawings[:10]])) == 10


TRAINS = """#!/bin/sh
echo '{"share": 0.5, "says": "half"}'
test -e "$4/fails" && { echo "there is no torch"; exit 2; }
cp "$GOLDEN" "$4/$3.safetensors"
"""


def test_a_starter_is_trained_and_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, program = tmp_path / "hitherto" / "starters", tmp_path / "python"
    place.mkdir(parents=True)
    program.write_text(TRAINS, encoding="utf-8")
    program.chmod(0o755)
    (place / "fails").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("GOLDEN", str(GOLDEN / "forecast-steps.safetensors"))
    monkeypatch.setattr("hitherto.studio.training.sys.executable", str(program))
    with TestClient(app(token=TOKEN), base_url="http://localhost", headers=KEY) as client:

        def state(ends: str) -> dict[str, Any]:
            for _ in range(600):
                every = client.get("/studio/starters").json()["starters"]
                tides = next(one for one in every if one["name"] == "tides")
                if tides["state"] == ends:
                    return tides
                time.sleep(0.05)
            raise AssertionError(tides)

        assert client.get("/studio/models").json() == {"models": [], "runs": []}
        assert client.post("/studio/starters/nothing").status_code == 404
        assert (
            client.post("/studio/starters/tides", headers={"origin": "http://evil.example"}).status_code
            == 400
        )
        assert client.post("/studio/starters/tides").json()["state"] == "training"
        assert state("failed")["says"] == "there is no torch"
        (place / "fails").unlink()
        client.post("/studio/starters/tides")
        assert state("ready")["share"] == 1
        assert [model["name"] for model in client.get("/studio/models").json()["models"]] == ["tides"]
    with TestClient(
        app(token=TOKEN), base_url="http://localhost", headers=KEY
    ) as client:  # the next time it is there
        assert [model["name"] for model in client.get("/studio/models").json()["models"]] == ["tides"]


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(STARTERS))
def test_a_starter_learns(name: str, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hitherto.studio.starters", name, tmp_path], check=True)
    metrics = hitherto.open(tmp_path / f"{name}.safetensors").metrics
    good = {
        "words": metrics.get("perplexity", 999) < 150,
        "tides": metrics.get("mase", 9) < 1,
        "digits": metrics.get("accuracy", 0) > 0.9,
    }
    assert good[name], metrics


# ------------------------------------------------------------------------------------------------------ the script


def test_the_script_is_small() -> None:
    assert len(gzip.compress((STATIC / "studio.js").read_bytes())) < 150_000


def test_the_script_is_that_of_a_fresh_build(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        browser.lacks("node is not there")
    if not (ROOT / "web" / "node_modules" / "esbuild").exists():
        browser.lacks("esbuild is not there: npm ci in web/")
    subprocess.run(["node", ROOT / "web" / "build.mjs", tmp_path], check=True)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in STATIC.iterdir()}
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (STATIC / path.name).read_bytes(), f"{path.name}: make web"


# ------------------------------------------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Running]:
    running = browser.Running(
        tmp_path_factory.mktemp("state"), *(str(GOLDEN / f"{name}.safetensors") for name in MODELS)
    )
    yield running
    running.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.opened() as opened:
        yield opened


@pytest.fixture(scope="module")
def known(chromium: Any, studio: browser.Running) -> Iterator[Any]:
    """A browser that has opened the link."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(studio.link)
    assert "token" not in page.url
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(known: Any) -> Iterator[Any]:
    page = known.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    yield page
    page.close()
    assert [line for line in wrong if "ERR_CONNECTION" not in line and "WebSocket" not in line] == []


def until(page: Any, says: str, arg: object = None) -> None:
    """Wait until the page says so; Playwright's own way evaluates text in the page, which its policy forbids."""
    end = time.monotonic() + 60
    while not page.evaluate(says, arg):
        assert time.monotonic() < end, says
        page.wait_for_timeout(50)


def show(page: Any, studio: browser.Running, model: str) -> None:
    page.goto(f"http://127.0.0.1:{studio.port}/#/{model}")
    page.wait_for_selector("[data-health=open]")


def test_writing(page: Any, studio: browser.Running) -> None:
    show(page, studio, "lm")
    page.wait_for_selector(".chip")  # the model writes the first text itself
    text = page.get_by_label("Text", exact=True)
    text.fill("the cat sat ")
    until(page, "document.querySelectorAll('.next li').length > 3")
    before = text.input_value()
    page.locator(".chip").first.click()
    until(page, "text => document.querySelector('.editor textarea').value !== text", before)
    assert text.input_value().startswith(before)
    assert page.evaluate("CSS.highlights.size") > 0
    strip = page.locator("memory-strip canvas")
    page.get_by_role("button", name="forget gate f").click()
    page.get_by_role("button", name="forget gate f", pressed=True).wait_for()
    strip.focus()
    for key in ("ArrowLeft", "ArrowDown", "Enter"):
        strip.press(key)
    page.get_by_role("button", name="Silence it").click()
    page.get_by_role("heading", name="With the change").wait_for()
    page.locator(".pill", has_text="silent").click()
    page.wait_for_selector(".futures", state="detached")
    page.get_by_label("Another past").fill("the mat sat on")
    page.get_by_role("heading", name="With the change").wait_for()
    page.get_by_role("button", name="What the next rests on").click()
    until(page, "CSS.highlights.size > 0")
    assert browser.complaints(page) == []


AT_236 = """() => {  // where that point of the plot stands on the page
    const plot = document.querySelector("series-chart").plot, box = plot.over.getBoundingClientRect();
    const value = plot.data[1][236 - plot.data[0][0]];
    return [box.left + plot.valToPos(236, "x"), box.top + plot.valToPos(value, "y")];
}"""


def test_a_forecast(page: Any, studio: browser.Running) -> None:
    show(page, studio, "forecast-steps")
    plot = page.locator(".plot")
    page.wait_for_selector(".u-over")
    label = plot.get_attribute("aria-label")
    assert "240 points" in label
    read = "document.querySelector('series-chart').shown.ahead.flat().join()"
    first = page.evaluate(read)
    plot.focus()
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowUp"):
        plot.press(key)
    until(page, f"first => {read} !== first", first)
    page.get_by_role("button", name="Undo changes").click()
    until(page, f"first => {read} === first", first)
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )  # it is drawn
    x, y = page.evaluate(AT_236)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 40, steps=3)
    page.mouse.up()
    until(page, f"first => {read} !== first", first)
    page.get_by_role("button", name="Add the median").click()
    until(page, "document.querySelector('.plot').getAttribute('aria-label').includes('241 points')")
    page.get_by_label("Points a second").select_option("1000")
    page.get_by_role("button", name="Replay").click()
    until(page, "document.querySelector('series-chart').shown.points.length < 241")
    until(page, "document.querySelector('series-chart').shown.points.length === 240")
    page.locator("input[type=file]").set_input_files(
        {"name": "bad.csv", "mimeType": "text/csv", "buffer": b"x,y\n1,2\n"}
    )
    page.get_by_role("alert").filter(has_text="unique_id").wait_for()
    assert page.evaluate("document.querySelector('series-chart').shown.points.length") == 240
    assert browser.complaints(page) == []


def test_a_translation(page: Any, studio: browser.Running) -> None:
    show(page, studio, "translate")
    best = page.locator(".nbest button")
    best.nth(3).wait_for()
    words = page.get_by_role("group", name="What it read").locator("button")
    page.get_by_label("source").fill("kein hund")
    until(page, "document.querySelector('.words').innerText.replace(/\\s+/g, ' ').trim() === 'kein hund'")
    wrote = page.get_by_role("group", name="What it wrote").locator("button")
    wrote.first.focus()
    page.get_by_text(" looked most at").wait_for()
    assert page.locator(".word.aimed").count() == 1
    words.nth(1).hover()
    page.get_by_text("was looked at most by").wait_for()
    best.nth(1).click()
    until(page, "document.querySelectorAll('.nbest button')[1].ariaPressed === 'true'")
    page.get_by_role("button", name="What it rests on").click()
    wrote.first.focus()
    wrote.first.press("ArrowRight")
    page.get_by_text("rests most on").wait_for()
    page.get_by_label("Layer").select_option(label="encoder 1, from the end")
    until(page, "document.querySelector('memory-strip canvas').ariaLabel.includes('after 2 steps')")
    page.get_by_label("How it is found").select_option("0.7")
    page.get_by_role("button", name="Other dice").click()
    until(page, "document.querySelectorAll('.nbest li').length === 1")
    assert browser.complaints(page) == []


def test_a_conversation(page: Any, studio: browser.Running) -> None:
    show(page, studio, "chat")
    line = page.get_by_label("Your turn")
    for n, said in enumerate(("hello there", "how are you"), start=1):
        line.fill(said)
        line.press("Enter")
        until(page, f"document.querySelectorAll('.talk .ours').length === {n}")
    assert page.locator(".talk .theirs p").all_inner_texts() == ["hello there", "how are you"]
    page.locator(".nbest button", has_text="hello").click()
    assert page.locator(".talk .ours p").last.inner_text() == "hello"
    assert browser.complaints(page) == []
    page.get_by_role("button", name="Begin anew").click()
    until(page, "document.querySelectorAll('.talk li').length === 0")


def test_a_recording(page: Any, studio: browser.Running, tmp_path: Path) -> None:
    path = tmp_path / "hum.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((np.random.default_rng(1).normal(size=16000) * 9000).astype("<i2").tobytes())
    for name in ("transcribe-one-way", "transcribe"):
        show(page, studio, name)
        page.locator("input[type=file]").set_input_files(path)
        until(
            page,
            "!document.querySelectorAll('button')[4].disabled || document.querySelector('.said').innerText",
        )
        page.get_by_role("button", name="Play", disabled=False).wait_for()
        assert "1.0 seconds" in page.locator(".wave").get_attribute("aria-label")
        assert " at 0." in page.locator(".wave").get_attribute("aria-label")
        assert page.locator(".said i").count() == 0
        assert browser.complaints(page) == []
    page.get_by_text("the recording is over").wait_for()


def test_a_piano(page: Any, studio: browser.Running) -> None:
    show(page, studio, "compose")
    key = page.locator(".piano button").nth(3)
    key.wait_for()
    key.hover()
    page.mouse.down()
    page.wait_for_timeout(600)
    page.mouse.up()
    until(page, "/the model's, 32/.test(document.querySelector('.card .soft[role=status]').innerText)")
    assert " are the model's" in page.locator(".roll").get_attribute("aria-label")
    assert browser.complaints(page) == []
    page.get_by_role("button", name="Begin anew").click()
    until(page, "document.querySelector('.roll').ariaLabel.startsWith('0 steps')")


def test_a_pen(page: Any, studio: browser.Running) -> None:
    show(page, studio, "handwrite")
    paper = page.locator(".paper")
    until(page, "/points of the pen/.test(document.querySelector('.paper').ariaLabel)")
    before = paper.get_attribute("aria-label")
    page.get_by_label("Text to write").fill("hat")
    page.get_by_role("button", name="Write", exact=True).click()
    until(page, "/“hat”, written/.test(document.querySelector('.paper').ariaLabel)")
    assert paper.get_attribute("aria-label") != before
    until(page, "document.querySelectorAll('.word').length === 4")  # and the end
    page.locator(".word").nth(1).focus()
    assert browser.complaints(page) == []


PIXEL = base64.b64decode(  # a picture of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def test_a_caption(page: Any, studio: browser.Running) -> None:
    show(page, studio, "caption")
    page.locator("input[type=file]").set_input_files(
        {"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL}
    )
    page.locator(".nbest button").nth(3).wait_for()
    page.get_by_role("group", name="What it wrote").locator("button").first.focus()
    until(page, "document.querySelectorAll('.veil span').length > 1")
    assert browser.complaints(page) == []
    page.locator("input[type=file]").set_input_files(
        {"name": "no.png", "mimeType": "image/png", "buffer": b"no"}
    )
    page.get_by_role("status").filter(has_text="no picture").wait_for()


def run_of(folder: Path, name: str, steps: int) -> Path:
    """The folder of a training that has come so far."""
    run = folder / f"{name}.run"
    run.mkdir()
    with (run / "log.jsonl").open("w") as log:
        for step in range(10, steps + 1, 10):
            log.write(
                json.dumps({"step": step, "epoch": 0, "loss": 5 / step, "norm": 1.0, "lr": 0.01}) + "\n"
            )
            memory = {"step.recurrent": {"lags": [0, 1, 2], "norms": [1.0, 0.1 * step, 0.0], "length": step}}
            row = {"step": step, "valid_loss": 6 / step, "accuracy": 1 - 1 / step, "memory": memory}
            log.write(json.dumps(row) + "\n")
    return run


def test_a_run_is_told_while_it_grows(tmp_path: Path) -> None:
    run = run_of(tmp_path, "films", 20)
    (tmp_path / "new.run").mkdir()
    (tmp_path / "new.run" / "spec.toml").touch()
    made = app(str(run), str(tmp_path / "new.run"), token=TOKEN)
    with TestClient(made, base_url="http://localhost", headers=KEY) as client:
        assert client.get("/studio/models").json() == {"models": [], "runs": ["films", "new"]}
        first = client.get("/studio/runs/films").json()
        assert [row["step"] for row in first["rows"]] == [10, 10, 20, 20]
        with (run / "log.jsonl").open("a") as log:
            log.write('{"step": 30, "loss": 1.0}\nnonsense\n{"step": 40')  # the last one is half written
        more = client.get(f"/studio/runs/films?at={first['at']}").json()
        assert more["rows"] == [{"step": 30, "loss": 1.0}]
        with (run / "log.jsonl").open("a") as log:
            log.write("}\n")
        assert client.get(f"/studio/runs/films?at={more['at']}").json()["rows"] == [{"step": 40}]
        (run / "log.jsonl").write_text('{"step": 1}\n')  # begun anew
        assert client.get(f"/studio/runs/films?at={more['at']}").json()["rows"] == [{"step": 1}]
        assert client.get("/studio/runs/new").json() == {"from": 0, "at": 0, "rows": []}
        assert client.get("/studio/runs/nothing").status_code == 404
        assert client.get("/studio/runs/films?at=-1").status_code == 400
        assert client.get("/studio/runs/films", headers={"authorization": "Bearer b"}).status_code == 403
    (tmp_path / "other").mkdir()
    with pytest.raises(hitherto.errors.UsageError, match="two runs"):
        app(str(run), str(run_of(tmp_path / "other", "films", 10)), token=TOKEN)


def test_trainings(chromium: Any, tmp_path: Path) -> None:
    runs = [run_of(tmp_path, name, steps) for name, steps in (("small", 50), ("large", 30))]
    studio = browser.Running(tmp_path, *map(str, runs))
    try:
        page = chromium.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(studio.link)
        page.locator(".plot canvas").nth(3).wait_for()
        assert page.locator("h2").all_inner_texts()[:2] == ["Loss, by step", "accuracy, by step"]
        assert "valid loss 0.12" in page.locator(".plot").first.get_attribute("aria-label")
        with (runs[0] / "log.jsonl").open("a") as log:
            log.write(json.dumps({"step": 60, "valid_loss": 0.01}) + "\n")
        until(page, "document.querySelector('.plot').ariaLabel.includes('valid loss 0.01')")
        page.get_by_label("large").check()
        until(
            page,
            "document.querySelectorAll('td').length > 5 && document.body.innerText.includes('large: loss')",
        )
        page.get_by_role("link", name="large").click()
        page.get_by_role("heading", name="large", exact=True).wait_for()
        page.locator(".plot canvas").nth(3).wait_for()
        assert browser.complaints(page) == []
        assert wrong == []
        page.close()
    finally:
        studio.stop()


def test_a_server_that_goes_away_and_comes_back(page: Any, studio: browser.Running) -> None:
    show(page, studio, "lm-chars")
    page.wait_for_selector(".chip")
    text = page.get_by_label("Text", exact=True)
    text.fill("the cat")
    studio.stop()
    page.get_by_role("alert").filter(has_text="The server is away").wait_for()
    text.fill("the cat sat on the ")
    studio.start()
    page.wait_for_selector("[data-health=open]")
    until(page, "document.querySelector('write-page').sent === 'the cat sat on the '")
    assert text.input_value() == "the cat sat on the "


def test_a_long_text(page: Any, studio: browser.Running) -> None:
    show(page, studio, "lm")
    page.wait_for_selector(".chip")
    page.get_by_label("Text", exact=True).fill("the cat sat on mat " * 20_000)
    until(page, "document.querySelector('write-page').sent.length === 380000")
    assert "characters are read and remembered" in page.locator(".fold").inner_text()
    page.wait_for_selector(".chip")


def test_an_answer_while_it_is_written(page: Any, studio: browser.Running) -> None:
    show(page, studio, "classify-chars")
    page.get_by_text("Nothing yet").wait_for()
    page.get_by_label("Text", exact=True).fill("a good film")
    page.wait_for_selector(".bars li")
    assert page.locator(".headline").inner_text() in ("+", "-")
    until(page, "CSS.highlights.size > 0")
    page.get_by_label("How probable each answer is after each of 11 steps").wait_for()
    asked = page.locator(".legend").inner_text()
    page.locator(".bars button").last.click()
    until(page, "asked => document.querySelector('.legend').textContent !== asked", asked)
    assert browser.complaints(page) == []
    page.get_by_label("Text", exact=True).fill("")
    page.get_by_text("Nothing yet").wait_for()


def test_labels_of_a_model_that_reads_from_both_ends(page: Any, studio: browser.Running) -> None:
    show(page, studio, "tag-two-ways")
    page.get_by_text("reads from both ends").wait_for()
    page.get_by_label("Text", exact=True).fill("the cat sat")
    page.wait_for_selector(".tagged span:nth-child(3)")
    assert page.locator(".tagged").inner_text().split()[::2] == ["the", "cat", "sat"]
    assert browser.complaints(page) == []


def test_a_drawing(page: Any, studio: browser.Running) -> None:
    show(page, studio, "classify-strokes")
    sheet = page.locator("pen-sheet canvas").bounding_box()
    page.mouse.move(sheet["x"] + 100, sheet["y"] + 100)
    page.mouse.down()
    page.mouse.move(sheet["x"] + 200, sheet["y"] + 220, steps=8)
    page.wait_for_selector(".bars li")  # it answers while the pen is down
    page.mouse.up()
    assert page.locator(".headline").inner_text().startswith("x")
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Nothing yet").wait_for()
    assert browser.complaints(page) == []


def test_a_picture_that_is_dropped(page: Any, studio: browser.Running) -> None:
    pytest.importorskip("PIL")
    from PIL import Image

    show(page, studio, "classify-pictures")
    file = io.BytesIO()
    Image.new("RGB", (32, 24), (200, 10, 10)).save(file, "png")
    choose = page.locator("input[type=file]")
    choose.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.get_by_label("The picture, shaded").wait_for()
    assert page.locator(".headline").inner_text() in ("dark", "red")
    choose.set_input_files({"name": "b.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.locator(".headline.soft").wait_for()
    assert browser.complaints(page) == []


def test_a_model_without_a_page_says_what_can_be_done(page: Any, studio: browser.Running) -> None:
    show(page, studio, "lm")
    page.evaluate(
        """() => {
        const whole = document.createElement("whole-page");
        whole.model = {name: "m", task: "translate", why_not: "it reads from both ends."};
        document.querySelector("main").append(whole);
    }"""
    )
    page.get_by_text("does not stream: it reads from both ends.").wait_for()
    assert "hitherto inspect m" in page.locator("whole-page pre").inner_text()


def test_the_page_that_trains_a_first_model(page: Any, studio: browser.Running) -> None:
    page.goto(f"http://127.0.0.1:{studio.port}/#/+start")
    page.get_by_role("heading", name="Train an example").wait_for()
    until(page, "document.querySelectorAll('.starter').length === 3")
    assert browser.complaints(page) == []


@pytest.mark.parametrize("model", ["lm", "forecast-steps", "answer", "compose", "handwrite"])
def test_a_phone_in_the_dark(page: Any, studio: browser.Running, model: str) -> None:
    page.set_viewport_size({"width": 375, "height": 720})
    page.emulate_media(color_scheme="dark")
    show(page, studio, model)
    page.wait_for_selector("memory-strip canvas[aria-label*='units']")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert browser.complaints(page) == []


def test_without_the_token_the_page_says_what_to_do(chromium: Any, studio: browser.Running) -> None:
    page = chromium.new_page()
    answer = page.goto(f"http://127.0.0.1:{studio.port}/")
    assert answer.status == 403
    assert "Open the link" in page.inner_text("body")
    page.close()
