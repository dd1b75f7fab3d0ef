"""What a person would write to serve a recurrent model: a Starlette app that keeps states in a dict.

    python benchmarks/serve_peers.py torch MODEL.safetensors PORT
    python benchmarks/serve_peers.py onnx MODEL.safetensors PORT

The model is the one that `hitherto serve` serves, with the same weights: torch.nn's layers, or ONNX Runtime with the
state in and out. It speaks the same messages, and answers the same rows. A state is lost with the process, and a push
that is sent again is stepped again.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.websockets import WebSocket

Ids = list[int]
# From ids and a state, None at the beginning: the log-probabilities after each, [T, V], and the state.
Step = Callable[[Ids, Any], tuple[Any, Any]]


def torch_step(model: Any) -> Step:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    weights = {name: torch.from_numpy(np.array(array)) for name, array in model.tensors.items()}
    embed = nn.Embedding.from_pretrained(weights["embed.weight"])
    hidden = weights["head.weight"].shape[1]
    layer = nn.LSTM(weights["embed.weight"].shape[1], hidden, batch_first=True)
    layer.load_state_dict(
        {n.removeprefix("recurrent."): w for n, w in weights.items() if n.startswith("recurrent.")}
    )
    head = nn.Linear(hidden, weights["head.weight"].shape[0])
    head.load_state_dict({n.removeprefix("head."): w for n, w in weights.items() if n.startswith("head.")})

    @torch.inference_mode()
    def step(ids: Ids, state: Any) -> tuple[Any, Any]:
        out, state = layer(embed(torch.tensor([ids])), state)
        return head(out[0]).log_softmax(-1).numpy(), state

    return step


def onnx_step(model: Any) -> Step:
    import onnx
    import onnxruntime  # type: ignore[import-untyped]
    from onnx import TensorProto, helper, numpy_helper

    weights = {name: np.array(array) for name, array in model.tensors.items()}
    hidden = weights["head.weight"].shape[1]

    def gates(array: Any) -> Any:
        """ONNX has them in the order i o f g."""
        i, f, g, o = np.split(array, 4)
        return np.concatenate([i, o, f, g])

    tensors = {
        "embed": weights["embed.weight"],
        "w": gates(weights["recurrent.weight_ih_l0"])[None],
        "r": gates(weights["recurrent.weight_hh_l0"])[None],
        "b": np.concatenate([gates(weights[f"recurrent.bias_{part}_l0"]) for part in ("ih", "hh")])[None],
        "head": np.ascontiguousarray(weights["head.weight"].T),
        "bias": weights["head.bias"],
        "axis": np.array([1]),
    }
    nodes = [
        helper.make_node("Gather", ["embed", "ids"], ["x"]),
        helper.make_node(
            "LSTM", ["x", "w", "r", "b", "", "h", "c"], ["y", "h_out", "c_out"], hidden_size=hidden
        ),
        helper.make_node("Squeeze", ["y", "axis"], ["steps"]),
        helper.make_node("MatMul", ["steps", "head"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["params"]),
        helper.make_node("LogSoftmax", ["params"], ["log_probs"], axis=-1),
    ]
    state = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, hidden])
        for n in ("h", "c", "h_out", "c_out")
    ]
    graph = helper.make_graph(
        nodes, "lm",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["T", 1]), *state[:2]],
        [helper.make_tensor_value_info("log_probs", TensorProto.FLOAT, ["T", 1, None]), *state[2:]],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    zero = np.zeros((1, 1, hidden), np.float32)

    def step(ids: Ids, state: Any) -> tuple[Any, Any]:
        h, c = (zero, zero) if state is None else state
        log_probs, h, c = session.run(None, {"ids": np.array(ids)[:, None], "h": h, "c": c})
        return log_probs[:, 0], (h, c)

    return step


STEPS = {"torch": torch_step, "onnx": onnx_step}


def application(model: Any, step: Step) -> Any:
    """The app, with the routes of `hitherto serve` that are measured."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route, WebSocketRoute
    from starlette.websockets import WebSocketDisconnect

    codec = model.source.codec
    letters = [codec.decode([i]) for i in range(codec.size)]
    first = step([model.source.start_id], None)
    sessions: dict[str, tuple[Any, Any]] = {}

    def push(name: str, texts: list[str]) -> dict[str, Any]:
        log_probs, state = sessions[name]
        ids = codec.encode("".join(texts)).tolist()
        after, state = step(ids, state)
        before = np.concatenate([log_probs[None], after[:-1]])
        likely = np.exp(before[np.arange(len(ids)), ids]).tolist()
        sessions[name] = (after[-1], state)
        return {"rows": [{"token": letters[i], "probability": p} for i, p in zip(ids, likely, strict=True)]}

    def begin() -> str:
        name = secrets.token_urlsafe(18)
        sessions[name] = (first[0][-1], first[1])
        return name

    async def socket(live: WebSocket) -> None:
        await live.accept()
        name = begin()
        await live.send_json({"session": name})
        try:
            while True:
                asked = await live.receive_json()
                await live.send_json(push(name, asked["inputs"]))
        except WebSocketDisconnect:
            return

    async def create(_: Request) -> JSONResponse:
        return JSONResponse({"session": begin()})

    async def pushed(request: Request) -> JSONResponse:
        asked = await request.json()
        return JSONResponse(push(request.path_params["session"], asked["inputs"]))

    return Starlette(
        routes=[
            WebSocketRoute("/v1/models/{model}/stream", socket),
            Route("/v1/models/{model}/sessions", create, methods=["POST"]),
            Route("/v1/sessions/{session}/push", pushed, methods=["POST"]),
        ]
    )


def differs(model: Any, step: Step, text: str) -> float:
    """How far its probabilities are from those of our stream."""
    ids = model.source.codec.encode(text).tolist()
    log_probs, _ = step([model.source.start_id, *ids], None)
    ours = [row["probability"] for row in model.stream().push(text)]
    return float(np.abs(np.exp(log_probs[np.arange(len(ids)), ids]) - ours).max())


def main(kind: str, path: str, port: int) -> None:
    import uvicorn

    import hitherto

    model = hitherto.open(Path(path))
    step = STEPS[kind](model)
    print(json.dumps({"differs": differs(model, step, "To be, or not")}), flush=True)
    uvicorn.run(
        application(model, step), port=port, log_level="error", access_log=False, ws="websockets-sansio",
        ws_per_message_deflate=False,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
