"""The plan: the model as data. Both executors, the torch module and the engine, interpret exactly this.

A plan is a plain dict that JSON can hold, `Plan`:

    {"form": "many_to_one",
     "inputs": {"x": {"kind": "ids", "size": 9000}},          or {"kind": "vectors", "size": 24}, or an image per step:
                                                              {"kind": "vectors", "size": 3072, "shape": [32, 32, 3]}
     "step": [{"op": "embed", "name": "embed", "inputs": ["x"], "outputs": ["e"], "options": {...}}, ...],
     "head": {"kind": "softmax", "name": "head", "options": {"classes": 2}}}

`step` is the program that reads input: a whole sequence, a chunk or one step, with the state carried from call to call.
Its last operation, `head`, makes what the head of that kind in `HEADS` reads. The weights of an operation are the
tensors `name.*`; an operation's "weights" may say that one of them is another's tensor (tied). Arrays are [T, B, ...];
states are [K, B, W], whatever they belong to.

A plan of form `seq2seq` or `one_to_many` has two more programs, and an input `source` beside `x`, the output so far.
`encode` reads the source; its output "memory" is what `attend` and `window` look at. `bridge` makes the states that
`step` begins with from those that `encode` ends with: its inputs and outputs are names of states.

`OPS` lists the operations. A row says what an operation has, what it can do and where it may stand; how it runs is each
executor's part. `hitherto.plan.check` checks a plan against these rows. The operations of a head's own weights are made
from the rows of `HEADS`.
"""

from hitherto.plan.make import form_of, make
from hitherto.plan.ops import (
    NARROWEST,
    OPS,
    PROGRAMS,
    HeadOptions,
    Input,
    Op,
    Operation,
    Options,
    Plan,
    cell_options,
    op_of,
    seen,
    segments_of,
)
from hitherto.plan.read import operations, states, states_of, stepwise, streams, tensor_name, weights

__all__ = [
    "NARROWEST",
    "OPS",
    "PROGRAMS",
    "HeadOptions",
    "Input",
    "Op",
    "Operation",
    "Options",
    "Plan",
    "cell_options",
    "form_of",
    "make",
    "op_of",
    "operations",
    "seen",
    "segments_of",
    "states",
    "states_of",
    "stepwise",
    "streams",
    "tensor_name",
    "weights",
]
