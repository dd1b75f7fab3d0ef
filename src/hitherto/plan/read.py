"""What a plan says: its operations, their weights, their states, and whether it can stream."""

from collections.abc import Iterator, Sequence

from hitherto.plan.ops import OPS, Operation, Plan, Shapes

__all__ = ["operations", "states", "states_of", "stepwise", "streams", "tensor_name", "weights"]


def operations(plan: Plan) -> Iterator[Operation]:
    """Every operation of every program, in the order in which they run."""
    yield from plan.get("encode", ())
    yield from plan.get("bridge", ())
    yield from plan["step"]


def weights(plan: Plan) -> Shapes:
    """The tensors that the plan needs: full name -> shape, tied ones under the name of their owner."""
    return {
        tensor_name(op, name): tuple(shape)
        for op in operations(plan)
        for name, shape in OPS[op["op"]].weights(op["options"]).items()
    }


def tensor_name(op: Operation, weight: str) -> str:
    """The name of the tensor that holds a weight of an operation."""
    return op.get("weights", {}).get(weight, f"{op['name']}.{weight}")


def states_of(program: Sequence[Operation]) -> Shapes:
    """What these operations carry from step to step: `name.state` -> [K, W]; each array is [K, B, W]."""
    return {
        f"{op['name']}.{state}": shape
        for op in program
        for state, shape in OPS[op["op"]].states(op["options"]).items()
    }


def states(plan: Plan) -> Shapes:
    """What the plan carries from step to step, as in `states_of`."""
    return states_of(plan["step"])


def stepwise(plan: Plan) -> bool:
    """Whether a step needs all of the step before, so that no operation can run ahead of the others."""
    return any(OPS[op["op"]].stepwise(op["options"]) for op in plan["step"])


def streams(plan: Plan) -> str:
    """Why the plan cannot be stepped, and what to do; empty if it can."""
    for op in plan["step"]:
        if OPS[op["op"]].reads_from_the_end(op["options"]):
            return (
                "the model reads its input from both ends, so it cannot answer "
                "before the input is over. Train it with bidirectional = false (--no-bidirectional) to stream it, or "
                "predict whole inputs."
            )
    return ""
