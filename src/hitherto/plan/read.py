"""What a plan says: its operations, their weights, their states, and whether it can stream."""

from collections.abc import Iterator, Mapping
from typing import Any

from hitherto.plan.ops import OPS, PROGRAMS, Plan, Shapes

__all__ = ["operations", "states", "stepwise", "streams", "tensor_name", "weights"]


def operations(plan: Plan) -> Iterator[dict[str, Any]]:
    """Every operation of every program, in the order in which they run."""
    for program in PROGRAMS:
        yield from plan.get(program, [])


def weights(plan: Plan) -> Shapes:
    """The tensors that the plan needs: full name -> shape, tied ones under the name they are kept by."""
    found: Shapes = {}
    for op in operations(plan):
        for name, shape in OPS[op["op"]].weights(op["options"]).items():
            found[tensor_name(op, name)] = tuple(shape)
    return found


def tensor_name(op: Mapping[str, Any], weight: str) -> str:
    """Where a weight of an operation is kept."""
    kept: str = op.get("weights", {}).get(weight, f"{op['name']}.{weight}")
    return kept


def states(plan: Plan, program: str = "step") -> Shapes:
    """What a program carries from step to step: `name.state` -> [K, W]; each array is [K, B, W]."""
    return {
        f"{op['name']}.{state}": shape
        for op in plan[program]
        for state, shape in OPS[op["op"]].states(op["options"]).items()
    }


def stepwise(plan: Plan) -> bool:
    """Whether a step needs all that the step before gave, so that no operation can take steps ahead of the others."""
    return any(op["op"] == "keep" or op["options"].get("kind") == "additive" for op in plan["step"])


def streams(plan: Plan) -> str | None:
    """None where the plan can be stepped; else why not and what to do."""
    for op in plan["step"]:
        if op["options"].get("bidirectional"):
            return (
                f"the model reads its input from both ends ({op['name']} is bidirectional), so it cannot answer before "
                "the input is over. Train it with bidirectional = false (--no-bidirectional) to stream it, or predict "
                "whole inputs."
            )
    return None
