"""Examples of requests that a model answers: made from its codecs and its task, for the page at /docs."""

import msgspec

from hitherto.plan import streams
from hitherto.serve.openai import TASKS
from hitherto.tasks.families import family_of
from hitherto.trained import Model

__all__ = ["examples"]

Bodies = dict[str, dict[str, object]]


def examples(name: str, model: Model) -> dict[str, object]:
    """The bodies of requests by the path of their route, for the routes that serve this model; and the files it reads.

    A route without a body has an empty one; a model that reads files alone has no inputs to show.
    """
    whole, piece = model.source.examples()
    verbs, endings = family_of(model.spec.task).tasks[model.spec.task], model.source.read_by.endings
    bodies: Bodies = {}
    if not model.source.continues:
        bodies["/v1/models/{model}/predict"] = {"inputs": whole, "details": True}
        texts = [one if isinstance(one, str) else msgspec.json.encode(one).decode() for one in whole]
        tensor = {"name": "input", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
        if texts:
            bodies["/v2/models/{model}/infer"] = {"inputs": [tensor]}
    if "pieces" in verbs:
        bodies["/v1/models/{model}/generate"] = {
            "prompt": "The ", "stream": False, "options": {"max_new_tokens": 40},
        }  # fmt: skip
    elif "generate" in verbs:
        bodies["/v1/models/{model}/generate"] = {
            "prompt": piece[0] if piece else None,
            "options": {"steps": 20},
        }
    if piece and not streams(model.plan):
        bodies["/v1/models/{model}/sessions"] = {}
        bodies["/v1/sessions/{session}/push"] = {"at": 0, "inputs": piece, "finish": False}
    for path, (task, body) in TASKS.items():
        if task == model.spec.task and (body or endings):  # one without a body takes a file
            bodies[path] = {"model": name, **body}
    return {"examples": bodies, "files": list(endings)}
